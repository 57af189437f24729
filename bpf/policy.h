/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The forwarding policy: which resource carries a frame, and why. Nothing here knows where the
 * frame is kept or how the maps are read, so the same lines are compiled into the programs and into
 * the daemon, whose `path` answer is therefore what the program would do.
 */
#ifndef VNET_BPF_POLICY_H
#define VNET_BPF_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "abi.h"

/* What the policy looks at, however it was parsed. */
struct policy_frame {
	const __u8 *dst; /* 6 bytes each */
	const __u8 *src;
	__u16 vlan;   /* of the tag, or the pvid of where the frame came from */
	__u16 tci;    /* the whole tag, 0 without one; VLAN 0 in it: a priority alone */
	bool tagged;  /* it has a tag, be it a priority alone */
	bool bad_tag; /* more than one tag, or one that is not 802.1Q: never admitted */
};

/* Either a resource (number not 0) with the reason it was chosen, or the reason for the drop. */
struct policy_verdict {
	const struct abi_resource *resource;
	__u32 number;
	__u8 reason; /* enum abi_reason */
	__u8 drop;   /* enum abi_drop */
};

#define POLICY_INLINE static inline __attribute__((always_inline))

/* The look-ups: whoever includes this file defines them. */
POLICY_INLINE const struct abi_resource *policy_resource(__u32 number); /* NULL: none */
POLICY_INLINE __u32 policy_fdb(const struct abi_fdb_key *key);		/* 0: not registered */
POLICY_INLINE bool policy_vlan_bit(__u32 vnet, __u32 resource, __u16 vlan);

POLICY_INLINE bool policy_same_mac(const __u8 *a, const __u8 *b)
{
	__u8 differ = 0;

	for (int i = 0; i < 6; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

POLICY_INLINE bool policy_is_broadcast(const __u8 *mac)
{
	return (mac[0] & mac[1] & mac[2] & mac[3] & mac[4] & mac[5]) == 0xff;
}

/* Broadcast included. */
POLICY_INLINE bool policy_is_multicast(const __u8 *mac)
{
	return mac[0] & 1;
}

POLICY_INLINE bool policy_admits(__u32 vnet, __u32 resource, __u16 pvid,
				 const struct policy_frame *f)
{
	if (f->bad_tag)
		return false;
	return f->vlan == pvid || policy_vlan_bit(vnet, resource, f->vlan);
}

/* Chooses resource @number if it is up. */
POLICY_INLINE bool policy_take(__u32 number, __u8 reason, struct policy_verdict *v)
{
	const struct abi_resource *r;

	if (!number)
		return false;
	r = policy_resource(number);
	if (!r || !r->up)
		return false;
	v->resource = r;
	v->number = number;
	v->reason = reason;
	return true;
}

POLICY_INLINE bool policy_service_up(const struct abi_vnet *n)
{
	const struct abi_resource *r;

	if (!n->service)
		return false;
	r = policy_resource(n->service);
	return r && r->up;
}

/* The up hybrid of the best priority: they are chained by `fallback` in that order. */
POLICY_INLINE bool policy_take_hybrid(const struct abi_vnet *n, struct policy_verdict *v)
{
	const struct abi_resource *r;
	__u32 number = n->hybrid;

	if (!number)
		return false;
	if ((n->flags & ABI_VNET_HYBRID_NEEDS_SERVICE) && !policy_service_up(n))
		return false;
	for (int i = 0; i < ABI_HYBRIDS_MAX && number; i++) {
		if (policy_take(number, ABI_REASON_HYBRID, v))
			return true;
		r = policy_resource(number);
		if (!r)
			return false;
		number = r->fallback;
	}
	return false;
}

POLICY_INLINE void policy_drop(__u8 why, struct policy_verdict *v)
{
	v->resource = NULL;
	v->number = 0;
	v->drop = why;
}

/*
 * A frame from the upper of vnet @n, whose number is @vnet. Fills @v, which starts out all zero.
 * The frame has been found to be at least as long as its headers.
 */
POLICY_INLINE void policy_tx_choose(const struct abi_vnet *n, __u32 vnet,
				    const struct policy_frame *f, struct policy_verdict *v)
{
	struct abi_fdb_key key = { .vnet = vnet, .vlan = f->vlan };
	__u32 guest;

	if ((n->flags & ABI_VNET_GUARD) && !policy_same_mac(f->src, n->mac))
		return policy_drop(ABI_DROP_SPOOFED, v);
	if (!policy_admits(vnet, 0, n->pvid, f))
		return policy_drop(ABI_DROP_VLAN, v);

	if (policy_is_multicast(f->dst)) {
		if (!policy_take(n->service, ABI_REASON_MULTICAST, v))
			policy_drop(ABI_DROP_NO_SERVICE, v);
		return;
	}

	__builtin_memcpy(key.mac, f->dst, 6);
	guest = policy_fdb(&key);
	if (guest) {
		if (policy_take(guest, ABI_REASON_GUEST, v) ||
		    policy_take(n->service, ABI_REASON_GUEST_OVER_SERVICE, v) ||
		    policy_take_hybrid(n, v))
			return;
	} else if (policy_take_hybrid(n, v) || policy_take(n->service, ABI_REASON_SERVICE, v)) {
		return;
	}
	policy_drop(ABI_DROP_NO_PATH, v);
}

/* policy_tx_choose(), and the chosen resource has to admit the VLAN as well. */
POLICY_INLINE void policy_tx(const struct abi_vnet *n, __u32 vnet, const struct policy_frame *f,
			     struct policy_verdict *v)
{
	policy_tx_choose(n, vnet, f, v);
	if (v->resource && v->resource->vlans &&
	    !policy_admits(vnet, v->number, v->resource->pvid, f))
		policy_drop(ABI_DROP_VLAN, v);
}

/*
 * A frame that arrived on resource @r, number @number, of vnet @n. Returns ABI_DROP_NONE if it is
 * for the upper.
 */
POLICY_INLINE __u8 policy_rx(const struct abi_vnet *n, const struct abi_resource *r, __u32 number,
			     const struct policy_frame *f)
{
	if (policy_same_mac(f->src, n->mac))
		return ABI_DROP_REFLECTED;
	if (r->type == ABI_GUEST && (n->flags & ABI_VNET_GUARD) &&
	    !policy_same_mac(f->src, r->peer))
		return ABI_DROP_SPOOFED;

	if (policy_is_multicast(f->dst)) {
		if (r->type == ABI_HYBRID && policy_service_up(n))
			return ABI_DROP_DUPLICATE;
	} else if (!(n->flags & ABI_VNET_PROMISC) && !policy_same_mac(f->dst, n->mac)) {
		return ABI_DROP_NOT_OURS;
	}

	if (!policy_admits(r->vnet, 0, n->pvid, f))
		return ABI_DROP_VLAN;
	if (r->vlans && !policy_admits(r->vnet, number, r->pvid, f))
		return ABI_DROP_VLAN;
	return ABI_DROP_NONE;
}

#endif
