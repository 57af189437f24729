// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data path. Thin entries over shared code: parse.h finds out what a frame is, protect.h what
 * an upper may send, policy.h decides, decide.h says what is to be done, count.h counts, and tc.h
 * and xdp.h carry it out.
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
	struct policy_frame f = {};
	const struct abi_vnet *n;
	struct decide d = {};
	bool ingress;

	n = port ? maps_vnet(port->vnet) : NULL;
	if (!n)
		return TC_PASS;
	d.vnet = port->vnet;
	ingress = !(port->flags & ABI_PORT_EGRESS);

	if (!tc_parse(skb, n->pvid, &f))
		d.drop = ABI_DROP_MALFORMED;
	else
		d.drop = tc_protect(skb, n, d.vnet, &f);
	if (!d.drop)
		decide_tx(n, d.vnet, &f, &d);
	if (!d.drop)
		decide_tx_storm(n, port->vnet, &f, tc_packets(skb), &d);
	return tc_finish(skb, &f, &d, ingress);
}

SEC("tc")
int vnet_rx(struct __sk_buff *skb)
{
	const struct abi_port *port = maps_port(skb->ifindex);
	const struct abi_resource *r;
	struct policy_frame f = {};
	const struct abi_vnet *n;
	struct decide d = {};

	n = port ? maps_vnet(port->vnet) : NULL;
	r = n ? policy_resource(port->resource) : NULL;
	if (!r || r->vnet != port->vnet)
		return TC_PASS;
	d.vnet = port->vnet;

	if (!tc_parse(skb, r->pvid, &f))
		d.drop = ABI_DROP_MALFORMED;
	else
		decide_rx(n, r, port->resource, &f, &d);
	if (!d.drop)
		decide_rx_storm(n, r, port->resource, &f, tc_packets(skb), &d);
	return tc_finish(skb, &f, &d, true);
}

SEC("xdp.frags")
int vnet_xdp_tx(struct xdp_md *xdp)
{
	const struct abi_port *port = maps_port(xdp->ingress_ifindex);
	struct count_frame counted;
	struct policy_frame f = {};
	const struct abi_vnet *n;
	struct decide d = {};

	n = port ? maps_vnet(port->vnet) : NULL;
	if (!n || !xdp_is_whole(xdp, port))
		return XDP_PASS;
	d.vnet = port->vnet;

	if (!xdp_parse(xdp, n->pvid, &f))
		d.drop = ABI_DROP_MALFORMED;
	else
		d.drop = xdp_protect(xdp, n, d.vnet, &f);
	if (!d.drop)
		decide_tx(n, d.vnet, &f, &d);
	counted = count_look(f.dst, 1, bpf_xdp_get_buff_len(xdp));
	if (!d.drop) {
		if (!xdp_can_send(xdp, counted.bytes, &d) || xdp_retag(xdp, &f, d.pvid))
			return XDP_PASS;
		decide_tx_storm(n, port->vnet, &f, counted.packets, &d);
	}
	return xdp_finish(&counted, &d);
}

SEC("xdp.frags")
int vnet_xdp_rx(struct xdp_md *xdp)
{
	const struct abi_port *port = maps_port(xdp->ingress_ifindex);
	const struct abi_resource *r;
	struct count_frame counted;
	struct policy_frame f = {};
	const struct abi_vnet *n;
	struct decide d = {};

	n = port ? maps_vnet(port->vnet) : NULL;
	r = n ? policy_resource(port->resource) : NULL;
	if (!r || r->vnet != port->vnet || !xdp_is_whole(xdp, port))
		return XDP_PASS;
	d.vnet = port->vnet;

	if (!xdp_parse(xdp, r->pvid, &f))
		d.drop = ABI_DROP_MALFORMED;
	else
		decide_rx(n, r, port->resource, &f, &d);
	counted = count_look(f.dst, 1, bpf_xdp_get_buff_len(xdp));
	if (!d.drop) {
		if (!xdp_can_send(xdp, counted.bytes, &d) || xdp_retag(xdp, &f, d.pvid))
			return XDP_PASS;
		decide_rx_storm(n, r, port->resource, &f, counted.packets, &d);
	}
	return xdp_finish(&counted, &d);
}
