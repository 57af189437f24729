// SPDX-License-Identifier: GPL-2.0-only
/*
 * The data path. Thin entries over shared code: parse.h finds out what a frame is, policy.h
 * decides, count.h counts, and the entries here carry the verdict out.
 *
 * tx: at the egress of vnet0 (the shortcut), and at the ingress of its port end or of an existing
 * upper.
 *
 * rx: at the ingress of every resource.
 */
#include <linux/bpf.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"
#include "count.h"
#include "parse.h"

char _license[] SEC("license") = "GPL";

/* Not one of ours: what the kernel would have done without us. */
#define VERDICT_PASS TC_ACT_UNSPEC

static __always_inline __u64 tc_segments(const struct __sk_buff *skb)
{
	return skb->gso_segs ?: 1;
}

static __always_inline int tc_drop(const struct __sk_buff *skb, __u32 vnet, __u8 why)
{
	count_drop(vnet, why, tc_segments(skb));
	return TC_ACT_SHOT;
}

/* Parses @skb; its headers may have to be made linear first. */
static __always_inline bool tc_parse(struct __sk_buff *skb, __u16 pvid, struct policy_frame *f)
{
	struct parse_tag tag = {};
	__u32 need = skb->len < PARSE_VLAN_LEN ? skb->len : PARSE_VLAN_LEN;

	if (skb->vlan_present) {
		tag.present = true;
		tag.proto = bpf_ntohs(skb->vlan_proto);
		tag.tci = skb->vlan_tci;
	}
	if ((void *)(long)skb->data + need > (void *)(long)skb->data_end)
		bpf_skb_pull_data(skb, need);
	return parse_frame((void *)(long)skb->data, (void *)(long)skb->data_end, &tag, pvid, f);
}

/*
 * Makes the tag what the next device expects: none if the frame's VLAN is @pvid there, else one
 * with its VLAN and the priority it came with. The addresses (f->dst, f->src) are not valid after
 * it.
 */
static __always_inline int tc_retag(struct __sk_buff *skb, const struct policy_frame *f, __u16 pvid)
{
	bool tag = f->vlan != pvid;

	if (f->tagged) {
		if (tag && (f->tci & PARSE_VID_MASK))
			return 0;
		if (bpf_skb_vlan_pop(skb))
			return -1;
	}
	if (!tag)
		return 0;
	return bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), (f->tci & ~PARSE_VID_MASK) | f->vlan);
}

SEC("tc")
int vnet_tx(struct __sk_buff *skb)
{
	struct policy_verdict verdict = {};
	struct policy_frame f = {};
	const struct abi_port *port;
	const struct abi_vnet *n;
	struct count_frame counted;
	__u32 ifindex = skb->ifindex, vnet;

	port = bpf_map_lookup_elem(&ports, &ifindex);
	if (!port)
		return VERDICT_PASS;
	vnet = port->vnet;
	n = bpf_map_lookup_elem(&vnets, &vnet);
	if (!n || !n->pvid) /* an array has all rows; one that is all zero is no vnet */
		return VERDICT_PASS;

	if (!tc_parse(skb, n->pvid, &f))
		return tc_drop(skb, vnet, ABI_DROP_MALFORMED);
	policy_tx(n, vnet, &f, &verdict);
	if (!verdict.resource)
		return tc_drop(skb, vnet, verdict.drop);

	ifindex = verdict.resource->ifindex;
	counted = count_look(f.dst, tc_segments(skb), skb->len);
	if (tc_retag(skb, &f, verdict.resource->pvid))
		return tc_drop(skb, vnet, ABI_DROP_VLAN);
	count_tx(verdict.number, &counted);
	skb->cb[0] = ifindex; /* for the tests: bpf_redirect() keeps its target to itself */
	return bpf_redirect(ifindex, 0);
}

SEC("tc")
int vnet_rx(struct __sk_buff *skb)
{
	struct policy_frame f = {};
	const struct abi_resource *r;
	const struct abi_port *port;
	const struct abi_vnet *n;
	struct count_frame counted;
	__u32 ifindex = skb->ifindex, number, vnet;
	__u8 drop;

	port = bpf_map_lookup_elem(&ports, &ifindex);
	if (!port)
		return VERDICT_PASS;
	vnet = port->vnet;
	number = port->resource;
	n = bpf_map_lookup_elem(&vnets, &vnet);
	r = bpf_map_lookup_elem(&resources, &number);
	if (!n || !n->pvid || !r || r->vnet != vnet)
		return VERDICT_PASS;

	if (!tc_parse(skb, r->pvid, &f))
		return tc_drop(skb, vnet, ABI_DROP_MALFORMED);
	drop = policy_rx(n, r, number, &f);
	if (drop)
		return tc_drop(skb, vnet, drop);

	ifindex = n->port;
	counted = count_look(f.dst, tc_segments(skb), skb->len);
	/* The stack judged the frame by the resource's MAC; beyond the port the vnet's counts. */
	if ((n->flags & ABI_VNET_PEER) && policy_same_mac(f.dst, n->mac))
		bpf_skb_change_type(skb, PACKET_HOST);
	if (tc_retag(skb, &f, n->pvid))
		return tc_drop(skb, vnet, ABI_DROP_VLAN);
	count_rx(number, &counted);
	skb->cb[0] = ifindex;
	if (n->flags & ABI_VNET_PEER)
		return bpf_redirect_peer(ifindex, 0);
	return bpf_redirect(ifindex, 0);
}
