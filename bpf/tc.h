/* SPDX-License-Identifier: GPL-2.0-only */
/* A frame as the network stack keeps it: how it is read, tagged, counted, dropped and sent on. */
#ifndef VNET_BPF_TC_H
#define VNET_BPF_TC_H

#include <linux/if_packet.h>
#include <linux/pkt_cls.h>

#include "count.h"
#include "decide.h"
#include "meter.h"
#include "parse.h"
#include "protect.h"
#include "segments.h"

/* Not one of ours: what the kernel would have done without us. */
#define TC_PASS TC_ACT_UNSPEC

#define TC_NO_DEVICE 0x7fffffff

/*
 * @known, and the verifier has forgotten what it knows of it: else it looks at all that follows
 * once for each way in which a frame has a tag or none. @unknown: of which it knows nothing.
 */
static __always_inline bool tc_forget(bool known, __u64 unknown)
{
	__u64 forgotten = known;

	asm volatile("%0 ^= %1; %0 ^= %1" : "+r"(forgotten) : "r"(unknown));
	return forgotten & 1;
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
	if (!parse_frame((void *)(long)skb->data, (void *)(long)skb->data_end, &tag, pvid, f))
		return false;
	f->tagged = tc_forget(f->tagged, skb->len);
	return true;
}

/*
 * How a frame ends that is dropped. At the egress of vnet0 the stack hears of TC_ACT_SHOT as of a
 * full queue of its own, and TCP waits half a second before it sends again. A frame over a limit
 * has to look like one that was lost on the way: so it goes to a device that no host has.
 */
static __always_inline int tc_dropped(__u32 why)
{
	return why == ABI_DROP_LIMITED ? bpf_redirect(TC_NO_DEVICE, 0) : TC_ACT_SHOT;
}

static __always_inline int tc_drop(struct __sk_buff *skb, __u32 vnet, __u32 why)
{
	decide_drop(vnet, why, segments_of(skb));
	return tc_dropped(why);
}

/* The ethertype, and above its 16 bits where the network header begins. */
static __always_inline __u32 tc_proto_at(const struct __sk_buff *skb, const struct policy_frame *f)
{
	__u32 at = f->tagged && !skb->vlan_present ? PARSE_VLAN_LEN : PARSE_ETH_LEN;

	return at << 16 | f->proto;
}

/* May the protected upper of @n send this? Returns enum abi_drop. */
static __always_inline __u32 tc_protect(struct __sk_buff *skb, const struct abi_vnet *n, __u32 vnet,
					const struct policy_frame *f)
{
	if (f->bad_tag)
		return ABI_DROP_VLAN;
	return protect_skb(skb, vnet, n->flags, policy_mac(n->mac), tc_proto_at(skb, f));
}

/* True: the vnet's flows alone have a say, and none of them does more than count; all is done. */
static __always_inline bool tc_meter_usual(struct __sk_buff *skb, const struct policy_frame *f,
					   const struct abi_vnet *n, const struct abi_resource *r,
					   __u32 ask)
{
	if ((ask & METER_NIC) || !meter_is_flows(n, r))
		return false;
	return meter_usual(skb, r->vnet, tc_proto_at(skb, f), ask);
}

/*
 * Flows and limits of what @n sends over @r, which is resource @number; @fq: the device that it
 * leaves by sends frames at their times; @nic: that is the NIC of the resource's uplink. Returns
 * enum abi_drop.
 */
static __always_inline __u32 tc_meter_tx(struct __sk_buff *skb, const struct policy_frame *f,
					 const struct abi_vnet *n, const struct abi_resource *r,
					 __u32 number, bool fq, bool nic)
{
	__u32 ask = METER_OUT | (fq ? METER_PACED : 0) | (nic ? METER_NIC : 0) | f->vlan;

	if (!meter_is_due(n, r) && !nic)
		return ABI_DROP_NONE;
	if (tc_meter_usual(skb, f, n, r, ask))
		return ABI_DROP_NONE;
	return meter_skb(skb, r->vnet, number, tc_proto_at(skb, f), ask);
}

/* What has passed goes to a socket that is there for its flow. Returns enum abi_drop. */
static __always_inline __u32 tc_divert(__u32 drop, struct decide *d)
{
	const struct meter *m = meter_get();

	if (drop || !m || !m->near)
		return drop;
	d->egress = m->near;
	d->peer = false;
	return ABI_DROP_NONE;
}

/* The same of what @n gets; what may have to wait goes through the port's queue. */
static __always_inline __u32 tc_meter_rx(struct __sk_buff *skb, const struct policy_frame *f,
					 const struct abi_vnet *n, const struct abi_resource *r,
					 __u32 number, bool nic, struct decide *d)
{
	bool fq = n->flags & ABI_VNET_FQ;
	__u32 ask = (fq ? METER_PACED : 0) | (nic ? METER_NIC : 0) | f->vlan;

	if (!meter_is_due(n, r) && !nic)
		return ABI_DROP_NONE;
	d->peer &= !fq;
	if (tc_meter_usual(skb, f, n, r, ask))
		return ABI_DROP_NONE;
	return tc_divert(meter_skb(skb, r->vnet, number, tc_proto_at(skb, f), ask), d);
}

/*
 * Makes the tag what the next device expects: none if the frame's VLAN is @pvid there, else one
 * with its VLAN and priority.
 */
static __always_inline int tc_retag(struct __sk_buff *skb, const struct policy_frame *f, __u16 pvid)
{
	bool tag = f->vlan != pvid;
	__u16 tci = f->prio | f->vlan;

	if (f->tagged) {
		if (tag && f->tci == tci)
			return 0;
		if (bpf_skb_vlan_pop(skb))
			return -1;
	}
	return tag ? bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), tci) : 0;
}

static __always_inline int tc_redirect(const struct decide *d)
{
	decide_trace(d, TRACE_REDIRECT);
	return bpf_redirect(d->egress, 0);
}

/* Into the peer of the device, without another turn of the softirq; from an ingress hook alone. */
static __always_inline int tc_redirect_peer(struct __sk_buff *skb, const struct decide *d)
{
	/* The stack judged the frame by the MAC of where it came in. */
	if (d->addressed)
		bpf_skb_change_type(skb, PACKET_HOST);
	decide_trace(d, TRACE_REDIRECT_PEER);
	return bpf_redirect_peer(d->egress, 0);
}

/* Counts what @d says, makes the tag right, and sends the frame on. @at_ingress: of the hook. */
static __always_inline int tc_carry(struct __sk_buff *skb, const struct policy_frame *f,
				    const struct count_frame *counted, const struct decide *d,
				    bool at_ingress)
{
	if (d->tx)
		count_tx(d->tx, counted);
	if (d->rx)
		count_rx(d->rx, counted);
	if (tc_retag(skb, f, d->pvid))
		return TC_ACT_SHOT; /* no memory */
	return d->peer && at_ingress ? tc_redirect_peer(skb, d) : tc_redirect(d);
}

/* The same, off the usual way: verified once and not once for each way that leads here. */
__noinline int tc_carry_on(struct __sk_buff *skb, const struct policy_frame *f,
			   const struct decide *d, __u32 at_ingress)
{
	struct count_frame counted;

	if (!f || !d)
		return TC_ACT_SHOT;
	counted = count_look(f->dst, segments_of(skb), skb->len);
	return tc_carry(skb, f, &counted, d, at_ingress);
}

/* A frame for @dst that resource @tx has sent over a wire, and the other end drops. */
__noinline int tc_drop_sent(struct __sk_buff *skb, __u64 dst, __u32 tx, __u32 vnet, __u32 why)
{
	const struct count_frame counted = count_look(dst, segments_of(skb), skb->len);

	decide_drop_sent(tx, vnet, why, &counted);
	return tc_dropped(why);
}

/* What has come over the wire that @from is one end of. */
static __always_inline __u32 tc_meter_crossed(struct __sk_buff *skb, const struct policy_frame *f,
					      const struct abi_resource *from, struct decide *d)
{
	const struct abi_resource *to = policy_resource(from->twin);
	const struct abi_vnet *n = to ? maps_vnet(to->vnet) : NULL;

	return n ? tc_meter_rx(skb, f, n, to, from->twin, false, d) : ABI_DROP_NONE;
}

/*
 * To the direct peer that resource @number stands for. Off the usual way, so a function of its own,
 * and so it has to look at the frame again.
 */
__noinline int tc_cross(struct __sk_buff *skb, __u32 number, __u32 at_ingress)
{
	const struct abi_resource *from = policy_resource(number);
	const struct abi_vnet *n = from ? maps_vnet(from->vnet) : NULL;
	struct policy_frame f = {};
	__u32 vnet, drop;
	struct decide d;

	if (!n || !tc_parse(skb, n->pvid, &f))
		return TC_ACT_SHOT; /* it was there a moment ago */
	drop = tc_meter_tx(skb, &f, n, from, number, decide_twin_flags(from) & ABI_VNET_FQ, false);
	if (drop)
		return tc_drop(skb, from->vnet, drop);
	drop = decide_cross(from, number, &f, &d, &vnet);
	if (!drop)
		drop = tc_meter_crossed(skb, &f, from, &d);
	if (!drop)
		return tc_carry_on(skb, &f, &d, at_ingress);
	return tc_drop_sent(skb, f.dst, number, vnet, drop);
}

#endif
