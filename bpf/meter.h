/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What flows and limits make of a frame that is about to leave: who counts it, how urgent it is,
 * when it is sent, or that it is not.
 *
 * Few have any, so this is a function of its own behind the test of a flag. XDP can neither delay
 * a frame nor say how urgent it is: it leaves such frames to TC.
 */
#ifndef VNET_BPF_METER_H
#define VNET_BPF_METER_H

#include "flow.h"
#include "limit.h"
#include "segments.h"
#include "xsk.h"

#define METER_VNET     (ABI_VNET_FLOWS | ABI_VNET_LIMIT)
#define METER_RESOURCE ABI_RESOURCE_LIMIT

/* Of the kernel's: the queues' default bands, TC_PRIO_INTERACTIVE and TC_PRIO_FILLER. */
#define METER_PRIORITY_HIGH   6
#define METER_PRIORITY_MEDIUM 0
#define METER_PRIORITY_LOW    1

#define METER_MONOTONIC 1 /* as skb->tstamp_type */

/* How meter_skb() is asked; above the VLAN. */
enum meter_ask {
	METER_OUT = 1 << 16,   /* the vnet sends it */
	METER_PACED = 1 << 17, /* the device that it leaves by has a queue where it can wait */
	METER_NIC = 1 << 18,   /* it goes over the NIC of the resource's uplink */
};

/* Of one frame, and on no stack, of which others need much. */
struct meter {
	__u64 packets;
	struct limit_frame limit;
	__u32 own;	 /* the flow of the vnet, 0: none */
	__u32 uplinks;	 /* the flow of the uplink */
	__u16 own_flags; /* enum abi_flow_flag */
	__u16 uplinks_flags;
	__u32 resource; /* that has a limit, 0: none */
	__u32 vnet;	/* the same */
	__u64 start_ns; /* the latest of when the limits let it go, 0: at once */
	bool has_class;
	__u32 near; /* where it goes instead of the port, 0: it does not */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct meter);
} meters SEC(".maps");

static __always_inline struct meter *meter_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&meters, &zero);
}

/* The uplink if it has flows, 0: none. */
static __always_inline __u32 meter_uplink(__u32 number)
{
	const struct abi_uplink *u = number ? bpf_map_lookup_elem(&uplinks, &number) : NULL;

	return u && (u->flags & ABI_UPLINK_FLOWS) ? number : 0;
}

static __always_inline bool meter_is_due(const struct abi_vnet *n, const struct abi_resource *r)
{
	return (n->flags & METER_VNET) | (r->flags & METER_RESOURCE);
}

/* Are the vnet's flows all that has a say? */
static __always_inline bool meter_is_flows(const struct abi_vnet *n, const struct abi_resource *r)
{
	return (n->flags & METER_VNET) == ABI_VNET_FLOWS && !(r->flags & METER_RESOURCE);
}

/* The same by number. @uplink: that whose NIC the frame goes over, 0: none. */
static __always_inline bool meter_is_due_at(__u32 number, __u32 uplink)
{
	const struct abi_resource *r = policy_resource(number);
	const struct abi_vnet *n = r ? maps_vnet(r->vnet) : NULL;

	return (n && meter_is_due(n, r)) || meter_uplink(uplink);
}

/* Who the frame is looked at for. Returns the uplink whose flows count, 0: none's. */
static __always_inline __u32 meter_begin(struct meter *m, const struct abi_vnet *n, __u32 vnet,
					 const struct abi_resource *r, __u32 number, __u32 ask)
{
	m->limit.way = ask & METER_OUT ? ABI_TX : ABI_RX;
	m->limit.class = ABI_PRIORITY_MEDIUM;
	m->limit.paced = ask & METER_PACED;
	m->own = m->uplinks = 0;
	m->own_flags = m->uplinks_flags = 0;
	m->has_class = false;
	m->near = 0;
	m->start_ns = 0;
	m->resource = r->flags & ABI_RESOURCE_LIMIT ? number : 0;
	m->vnet = n->flags & ABI_VNET_LIMIT ? vnet : 0;
	return ask & METER_NIC ? meter_uplink(r->uplink) : 0;
}

/* Takes the flow in: its flags, and how urgent the frame is. 0: no such flow. */
static __always_inline __u32 meter_flow(struct meter *m, __u32 number, __u16 *flags)
{
	const struct abi_flow *flow = flow_row(number);

	if (!flow)
		return 0;
	*flags = flow->flags;
	if (flow->flags & ABI_FLOW_PRIORITY) {
		m->limit.class = flow->priority;
		m->has_class = true;
	}
	m->near = xsk_near(flow, number) ?: m->near;
	return number;
}

/*
 * The uplink's has the last word: it is not the vnet's own. @own: the vnet, if it has flows; @vlan:
 * of the frame there, @wire: on the uplink's wire.
 */
static __always_inline void meter_flows(struct meter *m, __u32 own, __u32 uplink, __u32 vlan,
					__u32 wire)
{
	const __u32 way = m->limit.way << 16;

	if (own)
		m->own = meter_flow(m, flow_find(own, way | vlan, m->packets), &m->own_flags);
	if (uplink)
		m->uplinks =
			meter_flow(m, flow_find(ABI_OF_UPLINK | uplink, way | wire, m->packets),
				   &m->uplinks_flags);
}

static __always_inline void meter_headers(struct __sk_buff *skb, __u32 proto_at)
{
	struct flow_scratch *s = flow_scratch_get();

	if (s)
		headers_skb(skb, &s->headers, proto_at);
}

/*
 * One limit that the frame goes through: whether it lets the frame pass, and when, which uses it
 * up. Functions of their own, which the verifier looks at once.
 */
__noinline int meter_passes(__u32 kind, __u32 number)
{
	const struct meter *m = meter_get();

	return !m || limit_passes(limit_find(kind, number), &m->limit);
}

__noinline int meter_take(__u32 kind, __u32 number)
{
	struct meter *m = meter_get();
	struct abi_limit *l = limit_find(kind, number);
	__u64 start;

	if (!m || !l)
		return 0;
	start = limit_take(l, &m->limit);
	if (m->limit.paced && start > m->limit.now_ns && start > m->start_ns)
		m->start_ns = start;
	return 0;
}

static __always_inline bool meter_has_limit(const struct meter *m)
{
	return ((m->own_flags | m->uplinks_flags) & ABI_FLOW_LIMIT) || m->resource || m->vnet;
}

/* False: one of the limits does not let it pass, and none is used up. */
static __always_inline bool meter_limits(struct meter *m)
{
	const bool own = m->own_flags & ABI_FLOW_LIMIT, uplinks = m->uplinks_flags & ABI_FLOW_LIMIT;

	m->limit.now_ns = option_now_ns();
	if ((own && !meter_passes(ABI_LIMIT_FLOW, m->own)) ||
	    (uplinks && !meter_passes(ABI_LIMIT_FLOW, m->uplinks)) ||
	    (m->resource && !meter_passes(ABI_LIMIT_RESOURCE, m->resource)) ||
	    (m->vnet && !meter_passes(ABI_LIMIT_VNET, m->vnet)))
		return false;
	if (own)
		meter_take(ABI_LIMIT_FLOW, m->own);
	if (uplinks)
		meter_take(ABI_LIMIT_FLOW, m->uplinks);
	if (m->resource)
		meter_take(ABI_LIMIT_RESOURCE, m->resource);
	if (m->vnet)
		meter_take(ABI_LIMIT_VNET, m->vnet);
	return true;
}

static __always_inline void meter_count(const struct meter *m, __u64 bytes, bool dropped)
{
	const bool out = m->limit.way == ABI_TX;

	if (m->own)
		flow_count(m->own, out, m->packets, bytes, dropped);
	if (m->uplinks)
		flow_count(m->uplinks, out, m->packets, bytes, dropped);
}

/* The sender may want it later still. */
static __always_inline void meter_delay(struct __sk_buff *skb, __u64 start)
{
	if (skb->tstamp_type == METER_MONOTONIC && skb->tstamp >= start)
		return;
	bpf_skb_set_tstamp(skb, start, BPF_SKB_TSTAMP_DELIVERY_MONO);
}

static __always_inline void meter_prioritise(struct __sk_buff *skb, __u32 class)
{
	if (class == ABI_PRIORITY_HIGH)
		skb->priority = METER_PRIORITY_HIGH;
	else if (class == ABI_PRIORITY_LOW)
		skb->priority = METER_PRIORITY_LOW;
	else
		skb->priority = METER_PRIORITY_MEDIUM;
}

/*
 * What most frames are where the vnet's flows alone have a say: one that can be read at a glance,
 * whose flow is remembered and does no more than count. True: it has been counted. Else meter_skb()
 * has to look. Nothing is shared with that one: what takes a few nanoseconds here would take as
 * many again to be written down.
 */
__noinline bool meter_usual(struct __sk_buff *skb, __u32 vnet, __u32 proto_at, __u32 ask)
{
	const __u32 way = ask & METER_OUT ? ABI_TX : ABI_RX;
	__u64 word[ABI_FLOW_KEY_WORDS];
	const struct abi_flow *flow;
	struct headers h;
	__u32 number;

	if (!headers_read_usual((void *)(long)skb->data, (void *)(long)skb->data_end, proto_at, &h))
		return false;
	flow_key(&h, vnet, way << 16 | (__u16)ask, word);
	if (!flow_is_known(word, fdb_generation(), &number))
		return false;
	flow = flow_row(number);
	if (!flow)
		return true;
	if (flow->flags || flow->target_kind == ABI_TARGET_XSK)
		return false;
	flow_count(number, way == ABI_TX, segments_of(skb), skb->len, false);
	return true;
}

/*
 * A frame of vnet @vnet over resource @number. @proto_at: the ethertype, and above its 16 bits
 * where the network header begins; @ask: its VLAN, and enum meter_ask. Returns enum abi_drop. To
 * ask is to use up.
 */
__noinline int meter_skb(struct __sk_buff *skb, __u32 vnet, __u32 number, __u32 proto_at, __u32 ask)
{
	const struct abi_resource *r = policy_resource(number);
	const struct abi_vnet *n = maps_vnet(vnet);
	struct meter *m = meter_get();
	__u32 uplink, own;
	bool passes;

	if (!r || !n || !m)
		return ABI_DROP_NONE; /* they were there a moment ago */
	uplink = meter_begin(m, n, vnet, r, number, ask);
	own = n->flags & ABI_VNET_FLOWS ? vnet : 0;
	m->packets = segments_of(skb);
	m->limit.bytes = skb->len - (proto_at >> 16);
	if (own || uplink) {
		meter_headers(skb, proto_at);
		meter_flows(m, own, uplink, (__u16)ask, (__u16)ask == r->pvid ? 0 : (__u16)ask);
	}
	passes = !meter_has_limit(m) || meter_limits(m);
	meter_count(m, skb->len, !passes);
	if (!passes)
		return ABI_DROP_LIMITED;
	if (m->start_ns)
		meter_delay(skb, m->start_ns);
	if (m->has_class)
		meter_prioritise(skb, m->limit.class);
	return ABI_DROP_NONE;
}

#endif
