/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a parsed frame to what is to be done with it, the same for every kind of program: the policy
 * of one vnet, and between direct peers that of the other vnet as well.
 */
#ifndef VNET_BPF_DECIDE_H
#define VNET_BPF_DECIDE_H

#include "device.h"
#include "maps.h"
#include "storm.h"

/* Starts out all zero. */
struct decide {
	__u32 egress;	/* ifindex */
	__u32 device;	/* enum policy_device of it */
	__u32 vnet;	/* that counts the drop */
	__u32 tx;	/* the resource that counts the frame as sent, 0: none */
	__u32 rx;	/* the resource that counts the frame as received, 0: none */
	__u32 pvid;	/* the VLAN that is untagged at the way out */
	__u32 drop;	/* enum abi_drop */
	__u32 reason;	/* enum abi_reason */
	bool xdp;	/* the device may be reached by XDP, as far as the daemon knows */
	bool peer;	/* its peer may be reached straight away, from an ingress hook */
	bool addressed; /* the frame is for the MAC that is behind the device */
};

/* Out of the port of @n. */
static __always_inline void decide_deliver(const struct abi_vnet *n, const struct policy_frame *f,
					   struct decide *d)
{
	d->egress = n->port;
	d->pvid = n->pvid;
	d->xdp = n->flags & ABI_VNET_XDP;
	d->peer = n->flags & ABI_VNET_PEER;
	d->addressed = f->dst == policy_mac(n->mac);
}

static __always_inline void decide_drop(__u32 vnet, __u8 why, struct decide *d)
{
	d->vnet = vnet;
	d->drop = why;
}

/* Over a wire that is not there, into the vnet of the twin. */
static __always_inline void decide_cross(const struct abi_resource *from, struct policy_frame *f,
					 struct decide *d)
{
	const struct abi_resource *to = policy_resource(from->twin);
	const struct abi_vnet *n = to ? maps_vnet(to->vnet) : NULL;
	__u8 drop;

	if (!n)
		return decide_drop(from->vnet, ABI_DROP_NO_PATH, d);
	policy_cross(from, to, f);
	drop = policy_rx(n, to, from->twin, f);
	if (drop)
		return decide_drop(to->vnet, drop, d);
	d->rx = from->twin;
	decide_deliver(n, f, d);
}

/* A frame from the upper of @n; everything but its source has still to be checked. */
static __always_inline void decide_tx(const struct abi_vnet *n, __u32 vnet, struct policy_frame *f,
				      struct decide *d)
{
	struct policy_verdict v = {};
	const struct abi_resource *r;

	policy_tx(n, vnet, f, &v);
	r = v.resource;
	if (!r)
		return decide_drop(vnet, v.drop, d);
	d->tx = v.number;
	d->reason = v.reason;
	if (r->twin)
		return decide_cross(r, f, d);
	d->egress = r->ifindex;
	d->device = v.device;
	d->pvid = r->pvid;
	d->xdp = r->flags & ABI_RESOURCE_XDP;
	d->addressed = r->type == ABI_GUEST && f->dst == policy_mac(r->peer);
	d->peer = d->addressed && (r->flags & ABI_RESOURCE_PEER);
}

/* A frame that came in on @r, number @number, of vnet @n. */
static __always_inline void decide_rx(const struct abi_vnet *n, const struct abi_resource *r,
				      __u32 number, const struct policy_frame *f, struct decide *d)
{
	__u8 drop = policy_rx(n, r, number, f);

	if (drop)
		return decide_drop(r->vnet, drop, d);
	d->rx = number;
	decide_deliver(n, f, d);
}

/*
 * The storm limits, asked when it is certain that the frame would go, because to ask is to use up.
 * Fills in the drop.
 */
static __always_inline void decide_tx_storm(const struct abi_vnet *n, __u32 vnet,
					    const struct policy_frame *f, __u64 packets,
					    struct decide *d)
{
	const struct abi_resource *r;

	if (!policy_is_multicast(f->dst))
		return;
	r = policy_resource(d->tx);
	if (r && !storm_tx_passes(n, vnet, r, d->tx, packets))
		decide_drop(vnet, ABI_DROP_STORM, d);
}

static __always_inline void decide_rx_storm(const struct abi_vnet *n, const struct abi_resource *r,
					    __u32 number, const struct policy_frame *f,
					    __u64 packets, struct decide *d)
{
	if (policy_is_multicast(f->dst) && !storm_rx_passes(n, r->vnet, r, number, packets))
		decide_drop(r->vnet, ABI_DROP_STORM, d);
}

static __always_inline void decide_trace(const struct decide *d, __u32 how)
{
	if (!option_trace)
		return;
	trace.how = how;
	trace.egress = how == TRACE_NOWHERE ? 0 : d->egress;
	trace.tx = d->tx;
	trace.rx = d->drop ? 0 : d->rx;
	trace.drop = d->drop;
	trace.vnet = d->drop ? d->vnet : 0;
	trace.reason = d->drop ? 0 : d->reason;
}

#endif
