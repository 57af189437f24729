/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a parsed frame to its way out, the same for every kind of program: the policy of one vnet,
 * and between direct peers that of the other vnet as well.
 */
#ifndef VNET_BPF_DECIDE_H
#define VNET_BPF_DECIDE_H

#include "count.h"
#include "device.h"
#include "fdb.h"
#include "maps.h"
#include "storm.h"

/* The way out of a frame that is carried. */
struct decide {
	__u32 egress;	/* ifindex */
	__u32 device;	/* enum policy_device of it, 0: not looked at yet */
	__u32 tx;	/* the resource that counts the frame as sent, 0: none */
	__u32 rx;	/* the resource that counts the frame as received, 0: none */
	__u32 reason;	/* enum abi_reason */
	__u16 pvid;	/* the VLAN that is untagged there */
	bool xdp;	/* the device may be reached by XDP, as far as the daemon knows */
	bool peer;	/* its peer may be reached straight away, from an ingress hook */
	bool addressed; /* the frame is for the MAC that is behind the device */
	__u8 pad[3];	/* all of it is written: functions are given it by address */
};

/* Out of the port of @n, what came in on resource @rx; from direct peers @tx has sent it. */
static __always_inline struct decide
decide_deliver(const struct abi_vnet *n, const struct policy_frame *f, __u32 tx, __u32 rx)
{
	return (struct decide) {
		.egress = n->port,
		.tx = tx,
		.rx = rx,
		.reason = tx ? ABI_REASON_GUEST : ABI_REASON_NONE,
		.pvid = n->pvid,
		.xdp = n->flags & ABI_VNET_XDP,
		.peer = n->flags & ABI_VNET_PEER,
		.addressed = f->dst == policy_mac(n->mac),
	};
}

/* Over @v's resource. */
static __always_inline struct decide decide_send(const struct policy_verdict *v,
						 const struct policy_frame *f)
{
	const struct abi_resource *r = v->resource;
	bool addressed = r->type == ABI_GUEST && f->dst == policy_mac(r->peer);

	return (struct decide) {
		.egress = r->ifindex,
		.device = v->device,
		.tx = v->number,
		.reason = v->reason,
		.pvid = r->pvid,
		.xdp = r->flags & ABI_RESOURCE_XDP,
		.addressed = addressed,
		.peer = addressed && (r->flags & ABI_RESOURCE_PEER),
	};
}

/*
 * Over a wire that is not there, from resource @number into the vnet of its twin. Returns
 * ABI_DROP_NONE and the way out in @d, or the reason for the drop; *@vnet is the one that counts
 * it.
 */
static __always_inline __u32 decide_cross(const struct abi_resource *from, __u32 number,
					  struct policy_frame *f, struct decide *d, __u32 *vnet)
{
	const struct abi_resource *to = policy_resource(from->twin);
	const struct abi_vnet *n = to ? maps_vnet(to->vnet) : NULL;
	__u32 drop;

	*vnet = from->vnet;
	if (!n)
		return ABI_DROP_NO_PATH;
	policy_cross(from, to, f);
	*vnet = to->vnet;
	drop = policy_rx(n, to, from->twin, f);
	if (!drop)
		*d = decide_deliver(n, f, number, from->twin);
	return drop;
}

/* Flags of the vnet at the other end. */
static __always_inline __u32 decide_twin_flags(const struct abi_resource *from)
{
	const struct abi_resource *to = policy_resource(from->twin);
	const struct abi_vnet *n = to ? maps_vnet(to->vnet) : NULL;

	return n ? n->flags : 0;
}

/* Fills all of @trace: where the frame goes, or whose drop it is. */
static __always_inline void decide_trace(const struct decide *d, __u32 how)
{
	if (!option_trace)
		return;
	trace.how = how;
	trace.egress = d->egress;
	trace.tx = d->tx;
	trace.rx = d->rx;
	trace.drop = trace.vnet = 0;
	trace.reason = d->reason;
}

/* A drop is off the usual way, so a function of its own. */
__noinline int decide_drop(__u32 vnet, __u32 why, __u32 packets)
{
	count_drop(vnet, why, packets);
	if (option_trace) {
		trace.how = TRACE_NOWHERE;
		trace.egress = trace.tx = trace.rx = trace.reason = 0;
		trace.drop = why;
		trace.vnet = vnet;
	}
	return 0;
}

/* A frame that resource @tx has sent over a wire, and the other end drops. */
static __always_inline void decide_drop_sent(__u32 tx, __u32 vnet, __u32 why,
					     const struct count_frame *counted)
{
	count_tx(tx, counted);
	decide_drop(vnet, why, counted->packets);
	if (option_trace)
		trace.tx = tx;
}

#endif
