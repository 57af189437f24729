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
 */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "tc.h"
#include "xdp.h"

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
	bool at_ingress;

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
	counted = count_look(f.dst, segments_of(skb), skb->len);
	if (!storm_tx_passes(n, vnet, v.resource, v.number, &counted))
		return tc_drop(skb, vnet, ABI_DROP_STORM);
	d = decide_send(&v, &f);
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

	frags = xdp_has_frags(xdp);
	counted = count_look(f.dst, 1, xdp_bytes(xdp, frags));
	d = decide_deliver(n, &f, 0, port->resource);
	if (!xdp_can_send(&d, frags) || xdp_retag(xdp, &f, d.pvid))
		return XDP_PASS;
	if (!storm_rx_passes(n, vnet, r, port->resource, &counted))
		return xdp_drop(vnet, ABI_DROP_STORM);
	return xdp_carry(&counted, &d);
}
