// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data path. Thin entries over shared code: parse.h finds out what a frame is, protect.h what
 * an upper may send, policy.h chooses, decide.h finds the way out, count.h counts, and tc.h and
 * xdp.h carry it out. The entries of TC and of XDP read alike: keep them so.
 *
 * tx: at the egress of vnet0 (the shortcut), and at the ingress of its port end or of an existing
 * upper.
 *
 * rx: at the ingress of every resource.
 *
 * uplink: at the ingress and the egress of a NIC that many vnets have a resource on.
 *
 * cpu: before rx and uplink, where flows are for other CPUs.
 *
 * xsk: at the far end of the veth of a flow that is for an AF_XDP socket.
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tc.h"
#include "tc_uplink.h"
#include "xdp.h"
#include "xdp_cpu.h"
#include "xdp_uplink.h"

char _license[] SEC("license") = "GPL";

SEC("tc")
int vnet_tx(struct __sk_buff *skb)
{
	const struct abi_port *port = maps_port(skb->ifindex);
	const struct abi_vnet *n = port ? maps_vnet(port->vnet) : NULL;
	struct policy_verdict v = {};
	struct policy_frame f = {};
	struct count_frame counted;
	__u32 vnet, drop;
	struct decide d;
	bool at_ingress, fq;

	if (!n)
		return TC_PASS;
	vnet = port->vnet;
	at_ingress = !(port->flags & ABI_PORT_EGRESS);
	if (!tc_parse(skb, n->pvid, &f))
		return tc_drop(skb, vnet, ABI_DROP_MALFORMED);
	if (policy_tx_spoofed(n, &f))
		return tc_drop(skb, vnet, ABI_DROP_SPOOFED);
	if (n->flags & PROTECT_FLAGS) {
		drop = tc_protect(skb, n, vnet, &f);
		if (drop)
			return tc_drop(skb, vnet, drop);
	}
	drop = policy_tx(n, vnet, &f, &v);
	if (drop)
		return tc_drop(skb, vnet, drop);

	if (v.resource->twin)
		return tc_cross(skb, v.number, at_ingress);
	if (v.resource->uplink)
		return tc_uplink_send(skb, &v, at_ingress);
	counted = count_look(f.dst, segments_of(skb), skb->len);
	if (!storm_tx_passes(n, vnet, v.resource, v.number, &counted))
		return tc_drop(skb, vnet, ABI_DROP_STORM);
	fq = v.resource->flags & ABI_RESOURCE_FQ;
	drop = tc_meter_tx(skb, &f, n, v.resource, v.number, fq, false);
	if (drop)
		return tc_drop(skb, vnet, drop);
	d = decide_send(&v, &f);
	d.peer &= !(fq && meter_is_due(n, v.resource)); /* it goes through the queue */
	return tc_carry(skb, &f, &counted, &d, at_ingress);
}

SEC("tc")
int vnet_rx(struct __sk_buff *skb)
{
	const struct abi_port *port = maps_port(skb->ifindex);
	const struct abi_vnet *n = port ? maps_vnet(port->vnet) : NULL;
	const struct abi_resource *r = n ? policy_resource(port->resource) : NULL;
	struct policy_frame f = {};
	struct count_frame counted;
	struct decide d;
	__u32 vnet, drop;

	if (!r || r->vnet != port->vnet)
		return TC_PASS;
	vnet = port->vnet;
	if (!tc_parse(skb, r->pvid, &f))
		return tc_drop(skb, vnet, ABI_DROP_MALFORMED);
	drop = policy_rx(n, r, port->resource, &f);
	if (drop)
		return tc_drop(skb, vnet, drop);

	counted = count_look(f.dst, segments_of(skb), skb->len);
	if (!storm_rx_passes(n, vnet, r, port->resource, &counted))
		return tc_drop(skb, vnet, ABI_DROP_STORM);
	d = decide_deliver(n, &f, 0, port->resource);
	drop = tc_meter_rx(skb, &f, n, r, port->resource, false, &d);
	if (drop)
		return tc_drop(skb, vnet, drop);
	return tc_carry(skb, &f, &counted, &d, true);
}

SEC("xdp.frags")
int vnet_xdp_tx(struct xdp_md *xdp)
{
	const struct abi_port *port = maps_port(xdp->ingress_ifindex);
	const struct abi_vnet *n = port ? maps_vnet(port->vnet) : NULL;
	struct policy_verdict v = {};
	struct policy_frame f = {};
	struct count_frame counted;
	struct decide d;
	__u32 vnet, drop;
	bool frags;

	if (!n || !xdp_is_whole(xdp, port))
		return XDP_PASS;
	vnet = port->vnet;
	if (!xdp_parse(xdp, n->pvid, &f))
		return xdp_malformed(xdp, vnet);
	if (policy_tx_spoofed(n, &f))
		return xdp_drop(vnet, ABI_DROP_SPOOFED);
	if (n->flags & PROTECT_FLAGS) {
		drop = xdp_protect(xdp, n, vnet, &f);
		if (drop)
			return xdp_drop(vnet, drop);
	}
	drop = policy_tx(n, vnet, &f, &v);
	if (drop)
		return xdp_drop(vnet, drop);

	if (v.resource->twin)
		return xdp_cross(xdp, v.number);
	if (v.resource->uplink)
		return xdp_uplink(xdp, v.number, xdp_uplink_where(xdp, v.number), v.reason);
	if (meter_is_due(n, v.resource))
		return XDP_PASS;
	frags = xdp_has_frags(xdp);
	counted = count_look(f.dst, 1, xdp_bytes(xdp, frags));
	d = decide_send(&v, &f);
	if (!xdp_can_send(&d, frags) || xdp_retag(xdp, &f, d.pvid))
		return XDP_PASS;
	/* From here on the frame counts: it goes, or it is a drop. */
	if (!storm_tx_passes(n, vnet, v.resource, v.number, &counted))
		return xdp_drop(vnet, ABI_DROP_STORM);
	return xdp_carry(&counted, &d);
}

SEC("xdp.frags")
int vnet_xdp_rx(struct xdp_md *xdp)
{
	const struct abi_port *port = maps_port(xdp->ingress_ifindex);
	const struct abi_vnet *n = port ? maps_vnet(port->vnet) : NULL;
	const struct abi_resource *r = n ? policy_resource(port->resource) : NULL;
	struct policy_frame f = {};
	struct count_frame counted;
	struct decide d;
	__u32 vnet, drop;
	bool frags;

	if (!r || r->vnet != port->vnet || !xdp_is_whole(xdp, port))
		return XDP_PASS;
	vnet = port->vnet;
	if (!xdp_parse(xdp, r->pvid, &f))
		return xdp_malformed(xdp, vnet);
	drop = policy_rx(n, r, port->resource, &f);
	if (drop)
		return xdp_drop(vnet, drop);

	if (meter_is_due(n, r))
		return xdp_cpu_hand(&cpus, xdp_cpu_at_resource(xdp, n, r, &f));
	frags = xdp_has_frags(xdp);
	counted = count_look(f.dst, 1, xdp_bytes(xdp, frags));
	d = decide_deliver(n, &f, 0, port->resource);
	if (!xdp_can_send(&d, frags) || xdp_retag(xdp, &f, d.pvid))
		return XDP_PASS;
	if (!storm_rx_passes(n, vnet, r, port->resource, &counted))
		return xdp_drop(vnet, ABI_DROP_STORM);
	return xdp_carry(&counted, &d);
}

/* What is not for a vnet, or not for a vnet alone, is the stack's, as if we were not there. */
SEC("tc")
int vnet_uplink(struct __sk_buff *skb)
{
	const struct abi_port *port;
	const struct abi_uplink *u;
	struct policy_frame f = {};
	__u32 number;

	if (tc_uplink_is_passing(skb))
		return TC_PASS;
	port = maps_any_port(skb->ifindex);
	u = uplink_of_port(port);
	if (!u || !tc_parse(skb, 0, &f) || f.bad_tag || f.src == policy_mac(u->mac))
		return TC_PASS;
	number = port->resource;
	if (!policy_is_multicast(f.dst))
		return tc_uplink_from_wire(skb, u, number, &f);
	if (tc_uplink_is_reflected(number, &f))
		return TC_PASS;
	return tc_uplink_flood(skb, number, 0, skb->len) ? TC_ACT_SHOT : TC_PASS;
}

/* The stack that the NIC belongs to talks to the vnets. What they send themselves passes here. */
SEC("tc")
int vnet_uplink_tx(struct __sk_buff *skb)
{
	const struct abi_port *port;
	const struct abi_uplink *u;
	struct policy_frame f = {};
	__u32 number;

	if (tc_uplink_is_passing(skb))
		return TC_PASS;
	port = maps_any_port(skb->ifindex);
	u = uplink_of_port(port);
	if (!u || !tc_parse(skb, 0, &f) || f.bad_tag || f.src != policy_mac(u->mac))
		return TC_PASS;
	number = port->resource;
	if (!policy_is_multicast(f.dst))
		return tc_uplink_in(skb, u, number, &f, false);
	return tc_uplink_flood(skb, number, 0, skb->len) ? TC_ACT_SHOT : TC_PASS;
}

SEC("xdp.frags")
int vnet_xdp_uplink(struct xdp_md *xdp)
{
	const struct abi_port *port = maps_any_port(xdp->ingress_ifindex);
	const struct abi_uplink *u = uplink_of_port(port);
	struct policy_frame f = {};
	struct count_frame counted;
	__u32 where, vnet = 0, drop;
	struct decide d;
	bool frags;

	if (!u || !xdp_is_whole(xdp, port) || !xdp_parse(xdp, 0, &f) || f.bad_tag ||
	    f.src == policy_mac(u->mac) || policy_is_multicast(f.dst))
		return XDP_PASS;
	if (u->flags & (ABI_UPLINK_TARGETS | ABI_UPLINK_CPU))
		return xdp_cpu_hand(&cpus, xdp_cpu_at_uplink(xdp, port->resource));
	where = xdp_uplink_where_in(xdp, u, port->resource, &f);
	if (!where || where >= UPLINK_STACK)
		return XDP_PASS;
	frags = xdp_has_frags(xdp);
	counted = count_look(f.dst, 1, xdp_bytes(xdp, frags));
	drop = uplink_deliver(where, f.vlan, 0, &f, &d, &vnet);
	if (drop)
		return xdp_drop(vnet, drop);
	if (meter_is_due_at(where, port->resource))
		return xdp_cpu_hand(&cpus, xdp_cpu_at_uplink(xdp, port->resource));
	if (!xdp_can_send(&d, frags) || xdp_retag(xdp, &f, d.pvid))
		return XDP_PASS;
	return xdp_carry(&counted, &d);
}

/* On devices that have no other program for XDP. */
SEC("xdp.frags")
int vnet_xdp_cpu(struct xdp_md *xdp)
{
	const struct abi_port *port = maps_any_port(xdp->ingress_ifindex);

	if (!port || !xdp_is_whole(xdp, port))
		return XDP_PASS;
	return xdp_cpu_hand(&cpus, xdp_cpu_at(xdp, port));
}

/*
 * The same where the stack runs it: a frame keeps all that is beside its bytes. It is none for
 * fragments: for such ones Linux 6.9 and later make a copy that has lost where the network header
 * is (skb_pp_cow_data()), and TC would see frames without their MACs.
 */
SEC("xdp")
int vnet_xdp_cpu_generic(struct xdp_md *xdp)
{
	const struct abi_port *port = maps_any_port(xdp->ingress_ifindex);

	return port ? xdp_cpu_hand(&cpus_generic, xdp_cpu_at(xdp, port)) : XDP_PASS;
}

SEC("xdp.frags")
int vnet_xdp_xsk(struct xdp_md *xdp)
{
	return xsk_deliver(maps_any_port(xdp->ingress_ifindex));
}
