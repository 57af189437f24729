/* SPDX-License-Identifier: GPL-2.0-only */
/* Uplinks in XDP: frames for one MAC that a device takes. All else is TC's. */
#ifndef VNET_BPF_XDP_UPLINK_H
#define VNET_BPF_XDP_UPLINK_H

#include "uplink.h"
#include "xdp.h"

/* At the NIC. @number: of the uplink. */
static __always_inline __u32 xdp_uplink_where_in(struct xdp_md *xdp, const struct abi_uplink *u,
						 __u32 number, const struct policy_frame *f)
{
	__u32 where = uplink_steer(u, number, f->vlan, f->dst);

	if (where != UPLINK_BY_ADDRESS)
		return where;
	return uplink_by_address_xdp(xdp, number, f->vlan, f->dst == policy_mac(u->mac),
				     uplink_proto_at(f, false));
}

/* TC learns from these. */
static __always_inline bool xdp_uplink_may_teach(const struct abi_resource *from,
						 const struct policy_frame *f)
{
	return (from->flags & ABI_RESOURCE_SHARED) &&
	       (f->proto == ETH_P_ARP || f->proto == ETH_P_IPV6);
}

/* As tc_uplink_where(); what is TC's matter is UPLINK_SHARERS. */
__noinline __u32 xdp_uplink_where(struct xdp_md *xdp, __u32 number)
{
	const struct abi_resource *from = policy_resource(number);
	const struct abi_vnet *n = from ? maps_vnet(from->vnet) : NULL;
	const struct abi_uplink *u = from ? maps_uplink(from->uplink) : NULL;
	struct policy_frame f = {};
	__u32 wire, where;

	if (!n || !u || !xdp_parse(xdp, n->pvid, &f) || policy_is_multicast(f.dst) ||
	    xdp_uplink_may_teach(from, &f))
		return UPLINK_SHARERS;
	wire = uplink_wire_vlan(from, &f);
	where = uplink_steer(u, from->uplink, wire, f.dst);
	if (where != UPLINK_BY_ADDRESS)
		return where;
	return uplink_by_address_xdp(xdp, from->uplink, wire, f.dst == policy_mac(u->mac),
				     uplink_proto_at(&f, false));
}

static __always_inline struct decide xdp_uplink_out(const struct abi_resource *from, __u32 number)
{
	return (struct decide) {
		.egress = from->ifindex,
		.tx = number,
		.pvid = from->pvid,
		.xdp = from->flags & ABI_RESOURCE_XDP,
	};
}

static __always_inline bool xdp_uplink_is_metered(__u32 number, __u32 where)
{
	const struct abi_resource *from = policy_resource(number);

	if (!where || where == number)
		return from && meter_is_due_at(number, from->uplink);
	return meter_is_due_at(number, 0) || meter_is_due_at(where, 0);
}

/* As tc_uplink(): to another member, or out of the NIC. */
__noinline int xdp_uplink(struct xdp_md *xdp, __u32 number, __u32 where, __u32 reason)
{
	const struct abi_resource *from = policy_resource(number);
	const struct abi_vnet *n = from ? maps_vnet(from->vnet) : NULL;
	__u32 vnet, drop = ABI_DROP_NONE;
	struct policy_frame f = {};
	struct decide d;

	if (where >= UPLINK_STACK || xdp_uplink_is_metered(number, where))
		return XDP_PASS;
	if (!n || !xdp_parse(xdp, n->pvid, &f))
		return XDP_DROP; /* it was there a moment ago */
	vnet = from->vnet;
	if (where && where != number)
		drop = uplink_deliver(where, uplink_wire_vlan(from, &f), number, &f, &d, &vnet);
	else
		d = xdp_uplink_out(from, number);
	if (drop)
		return xdp_drop_sent(xdp, f.dst, number, vnet, drop);
	d.reason = reason;
	return xdp_carry_on(xdp, &f, &d);
}

#endif
