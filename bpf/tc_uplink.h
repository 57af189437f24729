/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Uplinks in TC: copies of broadcast and multicast for the members, and the ways between members,
 * the wire, and the stack that the NIC belongs to.
 */
#ifndef VNET_BPF_TC_UPLINK_H
#define VNET_BPF_TC_UPLINK_H

#include "tc.h"
#include "uplink.h"

/*
 * A frame on its way from us out of the NIC, or into its stack, meets our program there, which has
 * to know that nothing is left to do. The field is nobody's between the two.
 */
#define TC_UPLINK_DONE 0x766e

static __always_inline bool tc_uplink_is_passing(struct __sk_buff *skb)
{
	if (skb->tc_index != TC_UPLINK_DONE)
		return false;
	skb->tc_index = 0;
	return true;
}

/* --- copies --- */

/* Of a frame for many: broadcast and multicast, or for all that share its MAC. */
struct tc_uplink_copies {
	__u32 number;	       /* of the uplink */
	__u32 from;	       /* the member that sent it, 0: none */
	__u32 wire;	       /* VLAN on the wire */
	__u32 failed;	       /* there was no memory to change the tag: nobody knows what it is */
	struct policy_frame f; /* `tagged` and `tci`: as the frame is now */
	struct count_frame counted;
};

/* Is that frame for the member at all? If not, nobody counts it. */
static __always_inline bool tc_uplink_is_for(const struct tc_uplink_copies *c,
					     const struct abi_vnet *n,
					     const struct abi_resource *to, __u32 member,
					     const struct policy_frame *f)
{
	if (!policy_is_multicast(f->dst) &&
	    (!(to->flags & ABI_RESOURCE_SHARED) || policy_mac(n->mac) != f->dst))
		return false;
	if (c->wire && c->wire == to->pvid)
		return false; /* it is never tagged on this member's wire */
	return policy_admits(to->vnet, 0, n->pvid, f) && policy_resource_admits(to, member, f);
}

/* Returns the port that leads to the vnet of @member, 0: it gets no copy. */
__noinline __u32 tc_uplink_port(struct tc_uplink_copies *c, __u32 member)
{
	const struct abi_resource *to = policy_resource(member);
	const struct abi_vnet *n = to ? maps_vnet(to->vnet) : NULL;
	struct policy_frame f;
	__u32 drop;

	if (!n || !c || to->uplink != c->number)
		return 0;
	f = c->f;
	f.vlan = c->wire ?: to->pvid;
	if (!tc_uplink_is_for(c, n, to, member, &f))
		return 0;
	drop = policy_rx(n, to, member, &f);
	if (!drop && !storm_rx_passes(n, to->vnet, to, member, &c->counted))
		drop = ABI_DROP_STORM;
	if (!drop)
		return n->port;
	count_drop(to->vnet, drop, c->counted.packets);
	return 0;
}

/* A copy for @member, out of @port. */
__noinline int tc_uplink_copy(struct __sk_buff *skb, struct tc_uplink_copies *c, __u32 member,
			      __u32 port)
{
	const struct abi_resource *to = policy_resource(member);
	const struct abi_vnet *n = to ? maps_vnet(to->vnet) : NULL;
	struct policy_frame f;

	if (!n || !c)
		return 0;
	f = c->f;
	f.vlan = c->wire ?: to->pvid;
	if (tc_retag(skb, &f, n->pvid)) {
		c->failed = 1;
		return 0;
	}
	c->f.tagged = f.vlan != n->pvid;
	c->f.tci = c->f.tagged ? f.prio | f.vlan : 0;
	count_rx(member, &c->counted);
	bpf_clone_redirect(skb, port, 0);
	if (option_trace)
		trace.copies++;
	return 0;
}

struct tc_uplink_walk {
	struct __sk_buff *skb;
	struct tc_uplink_copies c;
};

/* Returns 1 to stop, as bpf_loop() has it. */
static long tc_uplink_step(__u32 slot, struct tc_uplink_walk *w)
{
	const struct abi_member_key key = { w->c.number, slot };
	const __u32 *row = bpf_map_lookup_elem(&members, &key);
	__u32 member = row ? *row : 0, port;

	if (!member || member == w->c.from)
		return 0;
	port = tc_uplink_port(&w->c, member);
	if (port)
		tc_uplink_copy(w->skb, &w->c, member, port);
	return w->c.failed != 0;
}

/*
 * Copies of the frame, which is as on the wire, for the members; afterwards it is what it was.
 * @from: the member that sent it, 0: none. @bytes: how many count. Returns 0, or -1: it cannot be
 * used any more.
 */
__noinline int tc_uplink_flood(struct __sk_buff *skb, __u32 number, __u32 from, __u32 bytes)
{
	struct tc_uplink_walk w = { .skb = skb, .c = { .number = number, .from = from } };
	const struct abi_uplink *u = maps_uplink(number);
	struct policy_frame f = {};

	if (!u || !tc_parse(skb, 0, &f) || f.bad_tag) /* which nobody admits */
		return 0;
	w.c.wire = f.vlan;
	w.c.f = f;
	w.c.counted = count_look(f.dst, segments_of(skb), bytes);
	bpf_loop(u->slots, tc_uplink_step, &w, 0);
	if (w.c.failed)
		return -1;
	if (w.c.f.tagged == f.tagged && w.c.f.tci == f.tci)
		return 0;
	if (w.c.f.tagged && bpf_skb_vlan_pop(skb))
		return -1;
	return f.tagged ? bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), f.tci) : 0;
}

/* --- from a vnet --- */

/* No verdict yet: */
#define TC_UPLINK_SPREAD 0x7675 /* it is for many */
#define TC_UPLINK_ACROSS 0x7676 /* it is another member's */

/* Into the stack that the NIC belongs to; the frame is as on the wire. */
static __always_inline int tc_uplink_to_stack(struct __sk_buff *skb,
					      const struct abi_resource *from, __u32 number,
					      __u32 reason)
{
	const struct decide d = { .egress = from->ifindex, .tx = number, .reason = reason };

	skb->tc_index = TC_UPLINK_DONE;
	decide_trace(&d, TRACE_STACK);
	return bpf_redirect(from->ifindex, BPF_F_INGRESS);
}

static __always_inline int tc_uplink_out(struct __sk_buff *skb, const struct abi_resource *from,
					 __u32 number, __u32 reason)
{
	const struct decide d = { .egress = from->ifindex, .tx = number, .reason = reason };

	skb->tc_index = TC_UPLINK_DONE;
	return tc_redirect(&d);
}

/*
 * What was for many, after they have their copies. What is for the NIC's own MAC goes no further
 * than its stack; the rest leaves by the NIC as well. The frame is as on the wire.
 */
__noinline int tc_uplink_rest(struct __sk_buff *skb, __u32 number, __u32 reason)
{
	const struct abi_resource *from = policy_resource(number);
	const struct abi_uplink *u = from ? maps_uplink(from->uplink) : NULL;
	struct policy_frame f = {};

	if (!u || !tc_parse(skb, 0, &f))
		return TC_ACT_SHOT; /* it was there a moment ago */
	if (f.dst == policy_mac(u->mac))
		return tc_uplink_to_stack(skb, from, number, reason);
	if (policy_is_multicast(f.dst)) {
		skb->tc_index = TC_UPLINK_DONE;
		bpf_clone_redirect(skb, from->ifindex, BPF_F_INGRESS);
		if (option_trace)
			trace.copies++;
	}
	return tc_uplink_out(skb, from, number, reason);
}

/*
 * Where a frame of member @number belongs; and its claim to an address is learned. This and what
 * follows are called one after the other and not one in the other: the stack is small.
 */
__noinline __u32 tc_uplink_where(struct __sk_buff *skb, __u32 number)
{
	const struct abi_resource *from = policy_resource(number);
	const struct abi_vnet *n = from ? maps_vnet(from->vnet) : NULL;
	const struct abi_uplink *u = from ? maps_uplink(from->uplink) : NULL;
	struct policy_frame f = {};
	__u32 proto_at, wire, where;

	if (!n || !u || !tc_parse(skb, n->pvid, &f))
		return UPLINK_NOBODY; /* it was there a moment ago */
	proto_at = uplink_proto_at(&f, skb->vlan_present);
	wire = uplink_wire_vlan(from, &f);
	if (from->flags & ABI_RESOURCE_SHARED)
		uplink_learn_skb(skb, number, from->uplink, wire, proto_at);
	if (policy_is_multicast(f.dst))
		return UPLINK_SHARERS;
	where = uplink_steer(u, from->uplink, wire, f.dst);
	if (where != UPLINK_BY_ADDRESS)
		return where;
	return uplink_by_address_skb(skb, from->uplink, wire, f.dst == policy_mac(u->mac),
				     proto_at);
}

/* What the vnet of member @to gets; @nic: over the uplink's NIC. */
static __always_inline __u32 tc_uplink_meter_rx(struct __sk_buff *skb, const struct policy_frame *f,
						__u32 to, bool nic, struct decide *d)
{
	const struct abi_resource *r = policy_resource(to);
	const struct abi_vnet *n = r ? maps_vnet(r->vnet) : NULL;

	if (!n)
		return ABI_DROP_NO_PATH; /* it was there a moment ago */
	return tc_meter_rx(skb, f, n, r, to, nic && meter_uplink(r->uplink), d);
}

/*
 * What member @number sends, and belongs @where. Only what is for the wire alone can wait for its
 * time there, and what is for another vnet in the queue of its port.
 */
static __always_inline __u32 tc_uplink_meter_tx(struct __sk_buff *skb, const struct policy_frame *f,
						const struct abi_vnet *n,
						const struct abi_resource *from, __u32 number,
						__u32 where)
{
	bool nic = where == UPLINK_SHARERS || !where || where == number, fq;
	const struct abi_resource *to;
	const struct abi_vnet *other;

	if (where == UPLINK_SHARERS || where == UPLINK_STACK) {
		fq = false;
	} else if (nic) {
		fq = from->flags & ABI_RESOURCE_FQ;
	} else {
		to = policy_resource(where);
		other = to ? maps_vnet(to->vnet) : NULL;
		fq = other && (other->flags & ABI_VNET_FQ);
	}
	return tc_meter_tx(skb, f, n, from, number, fq, nic && meter_uplink(from->uplink));
}

/* From member @number into the vnet of member @to. @how: as of tc_uplink(). */
__noinline int tc_uplink_across(struct __sk_buff *skb, __u32 number, __u32 to, __u32 how)
{
	const struct abi_resource *from = policy_resource(number);
	const struct abi_vnet *n = from ? maps_vnet(from->vnet) : NULL;
	struct policy_frame f = {};
	__u32 vnet, drop;
	struct decide d;

	if (!n || !tc_parse(skb, n->pvid, &f))
		return TC_ACT_SHOT; /* it was there a moment ago */
	vnet = from->vnet;
	drop = uplink_deliver(to, uplink_wire_vlan(from, &f), number, &f, &d, &vnet);
	if (!drop)
		drop = tc_uplink_meter_rx(skb, &f, to, false, &d);
	if (drop)
		return tc_drop_sent(skb, f.dst, number, vnet, drop);
	d.reason = how >> 1;
	return tc_carry_on(skb, &f, &d, how & 1);
}

/*
 * A frame that member @number sends, and that belongs @where. @how: enum abi_reason, twice, and
 * whether this is an ingress hook.
 */
__noinline int tc_uplink(struct __sk_buff *skb, __u32 number, __u32 where, __u32 how)
{
	const struct abi_resource *from = policy_resource(number);
	const struct abi_vnet *n = from ? maps_vnet(from->vnet) : NULL;
	struct policy_frame f = {};
	struct count_frame counted;
	__u32 drop;

	if (!n || !tc_parse(skb, n->pvid, &f))
		return TC_ACT_SHOT; /* it was there a moment ago */
	counted = count_look(f.dst, segments_of(skb), skb->len);
	if (!storm_tx_passes(n, from->vnet, from, number, &counted))
		return tc_drop(skb, from->vnet, ABI_DROP_STORM);
	drop = tc_uplink_meter_tx(skb, &f, n, from, number, where);
	if (drop)
		return tc_drop(skb, from->vnet, drop);
	if (where && where < UPLINK_STACK && where != number)
		return TC_UPLINK_ACROSS;
	count_tx(number, &counted);
	if (tc_retag(skb, &f, from->pvid))
		return TC_ACT_SHOT; /* no memory */
	if (where == UPLINK_SHARERS)
		return TC_UPLINK_SPREAD;
	if (where == UPLINK_STACK)
		return tc_uplink_to_stack(skb, from, number, how >> 1);
	return tc_uplink_out(skb, from, number, how >> 1);
}

static __always_inline int tc_uplink_send(struct __sk_buff *skb, const struct policy_verdict *v,
					  bool at_ingress)
{
	__u32 number = v->number, reason = v->reason, bytes = skb->len;
	__u32 uplink = v->resource->uplink, where = tc_uplink_where(skb, number);
	__u32 how = reason << 1 | at_ingress;
	int verdict = tc_uplink(skb, number, where, how);

	if (verdict == TC_UPLINK_ACROSS)
		return tc_uplink_across(skb, number, where, how);
	if (verdict != TC_UPLINK_SPREAD)
		return verdict;
	if (tc_uplink_flood(skb, uplink, number, bytes))
		return TC_ACT_SHOT;
	return tc_uplink_rest(skb, number, reason);
}

/* --- at the NIC --- */

/* From the wire, or from the stack, into a vnet if it is for one. @at_ingress: of the hook. */
static __always_inline int tc_uplink_in(struct __sk_buff *skb, const struct abi_uplink *u,
					__u32 number, struct policy_frame *f, bool at_ingress)
{
	__u32 where = uplink_steer(u, number, f->vlan, f->dst), vnet = 0, drop;
	__u16 wire = f->vlan;
	struct count_frame counted;
	struct decide d;

	if (where == UPLINK_BY_ADDRESS)
		where = uplink_by_address_skb(skb, number, wire, f->dst == policy_mac(u->mac),
					      uplink_proto_at(f, skb->vlan_present));
	if (where == UPLINK_SHARERS)
		return tc_uplink_flood(skb, number, 0, skb->len) ? TC_ACT_SHOT : TC_PASS;
	if (!where || where >= UPLINK_STACK)
		return TC_PASS;
	counted = count_look(f->dst, segments_of(skb), skb->len);
	drop = uplink_deliver(where, wire, 0, f, &d, &vnet);
	if (!drop)
		drop = tc_uplink_meter_rx(skb, f, where, at_ingress, &d);
	if (drop)
		return tc_drop(skb, vnet, drop);
	return tc_carry(skb, f, &counted, &d, at_ingress);
}

/*
 * Where a flow of the uplink leads a frame from the wire, whoever it is for: a member's number, or
 * 0. Functions of their own, one after the other: few uplinks have such flows.
 */
__noinline __u32 tc_uplink_led(struct __sk_buff *skb, __u32 number, __u32 proto_at, __u32 vlan)
{
	struct flow_scratch *s = flow_scratch_get();

	if (!s)
		return 0;
	headers_skb(skb, &s->headers, proto_at);
	return uplink_led_to(flow_target_in(ABI_OF_UPLINK | number, vlan), number);
}

static __always_inline int tc_uplink_readdress(struct __sk_buff *skb, const struct abi_vnet *n)
{
	__u8 mac[ETH_ALEN];

	policy_mac_put(mac, policy_mac(n->mac));
	return bpf_skb_store_bytes(skb, 0, mac, sizeof(mac), 0);
}

/* Into the vnet of member @to, to which it is then addressed. */
__noinline int tc_uplink_lead(struct __sk_buff *skb, __u32 to)
{
	const struct abi_resource *r = policy_resource(to);
	const struct abi_vnet *n = r ? maps_vnet(r->vnet) : NULL;
	struct policy_frame f = {};
	struct count_frame counted;
	__u32 vnet = 0, drop;
	struct decide d;
	__u64 dst;

	if (!n || !tc_parse(skb, 0, &f))
		return TC_ACT_SHOT; /* it was there a moment ago */
	counted = count_look(f.dst, segments_of(skb), skb->len);
	dst = f.dst;
	f.dst = policy_mac(n->mac);
	drop = uplink_deliver(to, f.vlan, 0, &f, &d, &vnet);
	if (!drop)
		drop = tc_uplink_meter_rx(skb, &f, to, true, &d);
	if (drop)
		return tc_drop(skb, vnet, drop);
	if (dst != policy_mac(n->mac) && tc_uplink_readdress(skb, n))
		return TC_ACT_SHOT; /* no memory */
	return tc_carry(skb, &f, &counted, &d, true);
}

/* From the wire, for one MAC. */
static __always_inline int tc_uplink_from_wire(struct __sk_buff *skb, const struct abi_uplink *u,
					       __u32 number, struct policy_frame *f)
{
	__u32 to = 0;

	if (u->flags & ABI_UPLINK_TARGETS)
		to = tc_uplink_led(skb, number, uplink_proto_at(f, skb->vlan_present), f->vlan);
	return to ? tc_uplink_lead(skb, to) : tc_uplink_in(skb, u, number, f, true);
}

/* Our own, that was sent back: those whom it was for have it. */
static __always_inline bool tc_uplink_is_reflected(__u32 number, const struct policy_frame *f)
{
	return policy_fdb(ABI_OF_UPLINK | number, f->vlan, f->src);
}

#endif
