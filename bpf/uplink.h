/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Uplinks: whose frame it is, the same for every kind of program.
 *
 * A member is found by (VLAN on the wire, MAC), as in the FDB. Where several share a MAC, the
 * address that the frame is for tells them apart; who has which address is given, or learned from
 * the ARP and ND that they send.
 */
#ifndef VNET_BPF_UPLINK_H
#define VNET_BPF_UPLINK_H

#include "decide.h"
#include "flow.h"
#include "headers.h"
#include "parse.h"

/* Where a frame for one MAC belongs: a member's number, or one of these. */
#define UPLINK_NOBODY	  0U	   /* not on this host, as far as is known */
#define UPLINK_STACK	  0x10000U /* the stack that the NIC belongs to */
#define UPLINK_SHARERS	  0x20000U /* each that shares the MAC, and the stack if it is the NIC's */
#define UPLINK_BY_ADDRESS 0x40000U /* what uplink_steer() cannot tell */

#define UPLINK_DHCP4_SERVER 67
#define UPLINK_DHCP4_CLIENT 68
#define UPLINK_DHCP6_CLIENT 546
#define UPLINK_DHCP6_SERVER 547

/* NULL: the device is no uplink's. */
static __always_inline const struct abi_uplink *uplink_of_port(const struct abi_port *port)
{
	if (!port || !(port->flags & ABI_PORT_UPLINK))
		return NULL;
	return maps_uplink(port->resource);
}

/* The VLAN that a frame of member @r has on the wire; 0: it has no tag there. */
static __always_inline __u16 uplink_wire_vlan(const struct abi_resource *r,
					      const struct policy_frame *f)
{
	return f->vlan == r->pvid ? 0 : f->vlan;
}

/* For headers_*(): the ethertype and where the network header begins. */
static __always_inline __u32 uplink_proto_at(const struct policy_frame *f, bool tag_beside)
{
	__u32 at = f->tagged && !tag_beside ? PARSE_VLAN_LEN : PARSE_ETH_LEN;

	return at << 16 | f->proto;
}

/* --- for one MAC --- */

/* @vlan: on the wire. */
static __always_inline __u32 uplink_steer(const struct abi_uplink *u, __u32 number, __u16 vlan,
					  __u64 dst)
{
	const struct abi_resource *r;
	__u32 member;

	if (dst == policy_mac(u->mac))
		return u->flags & ABI_UPLINK_STEER_IP ? UPLINK_BY_ADDRESS : UPLINK_STACK;
	member = policy_fdb(ABI_OF_UPLINK | number, vlan, dst);
	r = member ? policy_resource(member) : NULL;
	if (!r || r->uplink != number)
		return UPLINK_NOBODY;
	return r->flags & ABI_RESOURCE_SHARED ? UPLINK_BY_ADDRESS : member;
}

/* The member that a flow of the uplink leads to, 0: none. */
static __always_inline __u32 uplink_led_to(struct flow_target target, __u32 number)
{
	const struct abi_resource *r;

	if (target.kind != ABI_TARGET_VNET)
		return 0;
	r = policy_resource(target.number);
	return r && r->uplink == number ? target.number : 0;
}

/* Who asks for an address has none yet. */
static __always_inline bool uplink_is_dhcp_answer(const struct headers *h)
{
	if (!(h->flags & HEADERS_PORTS) || h->proto != IPPROTO_UDP)
		return false;
	return (h->kind == HEADERS_IPV4 && h->sport == UPLINK_DHCP4_SERVER &&
		h->dport == UPLINK_DHCP4_CLIENT) ||
	       (h->kind == HEADERS_IPV6 && h->sport == UPLINK_DHCP6_SERVER &&
		h->dport == UPLINK_DHCP6_CLIENT);
}

static __always_inline __u32 uplink_by_address(const struct headers *h, __u32 number, __u32 vlan,
					       bool nic)
{
	struct abi_address_key key = { .uplink = number, .vlan = (__u16)vlan };
	const struct abi_holder *holder;

	if (h->kind == HEADERS_OTHER)
		return nic ? UPLINK_STACK : UPLINK_NOBODY;
	__builtin_memcpy(key.address, &h->dst, sizeof(key.address));
	holder = bpf_map_lookup_elem(&addresses, &key);
	if (holder)
		return holder->resource ?: UPLINK_STACK;
	if (uplink_is_dhcp_answer(h))
		return UPLINK_SHARERS;
	return nic ? UPLINK_STACK : UPLINK_NOBODY;
}

/*
 * Functions of their own: few frames come this way. @nic: the MAC is the NIC's own. @proto_at: as
 * of headers_skb().
 */
__noinline __u32 uplink_by_address_skb(struct __sk_buff *skb, __u32 number, __u32 vlan, __u32 nic,
				       __u32 proto_at)
{
	struct headers h = {};

	headers_skb(skb, &h, proto_at);
	return uplink_by_address(&h, number, vlan, nic);
}

__noinline __u32 uplink_by_address_xdp(struct xdp_md *xdp, __u32 number, __u32 vlan, __u32 nic,
				       __u32 proto_at)
{
	struct headers h = {};

	headers_xdp(xdp, &h, proto_at);
	return uplink_by_address(&h, number, vlan, nic);
}

/*
 * Into the vnet of member @number, a frame that has @vlan on the wire, be there one or not. @tx:
 * the member that sent it, 0: it comes from outside. Returns ABI_DROP_NONE and the way out in @d,
 * or the reason for the drop, which is *@vnet's; that stays as it is if the member has just gone.
 */
static __always_inline __u32 uplink_deliver(__u32 number, __u16 vlan, __u32 tx,
					    struct policy_frame *f, struct decide *d, __u32 *vnet)
{
	const struct abi_resource *to = policy_resource(number);
	const struct abi_vnet *n = to ? maps_vnet(to->vnet) : NULL;
	__u32 drop;

	if (!n)
		return ABI_DROP_NO_PATH;
	*vnet = to->vnet;
	if (!vlan)
		f->vlan = to->pvid;
	if (!vlan && tx) /* there is no tag between the two */
		f->prio = 0;
	drop = policy_rx(n, to, number, f);
	if (!drop)
		*d = decide_deliver(n, f, tx, number);
	return drop;
}

/* --- learning --- */

/* What nobody can have for himself is not learned. */
static __always_inline bool uplink_is_learnable(const struct headers_address *a, bool ipv4)
{
	const __u8 *byte = (const __u8 *)a;

	if (ipv4)
		return byte[12] != 0 && byte[12] != 127 && byte[12] < 224;
	return a->half[0] && byte[0] != 0xff; /* what begins with zeroes is special */
}

/* The address that the sender says is its own. */
static __always_inline bool uplink_claim(const struct headers *h, struct headers_address *ret)
{
	bool ipv4 = h->kind == HEADERS_ARP;

	*ret = h->src;
	if (!ipv4) {
		if (!(h->flags & HEADERS_TARGET))
			return false;
		/* It advertises the address, or asks whether somebody has what it wants. */
		if (h->nd == HEADERS_ADVERTISEMENT || headers_is_unspecified(&h->src))
			*ret = h->target;
	}
	return uplink_is_learnable(ret, ipv4);
}

/* Puts @key into the ring of @l; @old is what stood there, as a key. */
static __always_inline void uplink_remember(struct abi_learner *l,
					    const struct abi_address_key *key,
					    struct abi_address_key *old)
{
	struct abi_learned *slot;

	bpf_spin_lock(&l->lock);
	slot = &l->ring[l->next++ & (ABI_LEARNED_MAX - 1)];
	old->vlan = slot->vlan;
	__builtin_memcpy(old->address, slot->address, sizeof(old->address));
	slot->vlan = key->vlan;
	__builtin_memcpy(slot->address, key->address, sizeof(slot->address));
	bpf_spin_unlock(&l->lock);
}

/* What is given is nobody's to learn; what was learned goes to who claimed it last. */
static __always_inline void uplink_learn(const struct headers_address *claim, __u32 member,
					 __u32 number, __u32 vlan)
{
	struct abi_address_key key = { .uplink = number, .vlan = (__u16)vlan }, old = key;
	const struct abi_holder learned = { member, ABI_HOLDER_LEARNED };
	struct abi_holder *holder, *forgotten;
	struct abi_learner *l;

	l = bpf_map_lookup_elem(&learners, &member);
	if (!l)
		return;
	__builtin_memcpy(key.address, claim, sizeof(key.address));
	holder = bpf_map_lookup_elem(&addresses, &key);
	if (holder && (!(holder->flags & ABI_HOLDER_LEARNED) || holder->resource == member))
		return;
	uplink_remember(l, &key, &old);
	forgotten = bpf_map_lookup_elem(&addresses, &old);
	if (forgotten && forgotten->resource == member && (forgotten->flags & ABI_HOLDER_LEARNED))
		bpf_map_delete_elem(&addresses, &old);
	if (holder)
		holder->resource = member;
	else
		bpf_map_update_elem(&addresses, &key, &learned, BPF_NOEXIST);
}

/* A frame that @member of uplink @number sends; only ARP and ND are looked at further. */
__noinline int uplink_learn_skb(struct __sk_buff *skb, __u32 member, __u32 number, __u32 vlan,
				__u32 proto_at)
{
	struct headers_address claim;

	/* What was read is not needed any more when it is learned: Linux 6.1 counts each byte of
	 * stack. */
	{
		struct headers h = {};

		headers_skb(skb, &h, proto_at);
		if (!uplink_claim(&h, &claim))
			return 0;
	}
	uplink_learn(&claim, member, number, vlan);
	return 0;
}

#endif
