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

#define POLICY_INLINE static inline __attribute__((always_inline))

/* Functions of their own: the verifier looks at them once. */
#ifdef __bpf__
#define POLICY_OUTLINE __attribute__((noinline))
#else
#define POLICY_OUTLINE static inline
#endif

#define POLICY_VID_MASK 0x0fff

/* What the policy looks at, however it was parsed. MACs are policy_mac()s. */
struct policy_frame {
	__u64 dst;
	__u64 src;
	__u16 proto;  /* the ethertype, behind a tag */
	__u16 vlan;   /* of the tag, or the pvid of where the frame came from */
	__u16 tci;    /* the whole tag, 0 without one; VLAN 0 in it: a priority alone */
	__u16 prio;   /* the priority bits that the frame leaves with if it leaves tagged */
	bool tagged;  /* it has a tag, be it a priority alone */
	bool bad_tag; /* more than one tag, or one that is not 802.1Q: never admitted */
};

/* The state of a device, looked at for this very frame. */
enum policy_device {
	POLICY_DEVICE_USABLE = 1 << 0,	  /* there, up, with carrier */
	POLICY_DEVICE_XDP = 1 << 1,	  /* takes frames that XDP redirects */
	POLICY_DEVICE_XDP_FRAGS = 1 << 2, /* and those in several buffers */
};

/* The resource that carries, and why that one. */
struct policy_verdict {
	const struct abi_resource *resource;
	__u32 number;
	__u32 device; /* enum policy_device of the resource's */
	__u32 reason; /* enum abi_reason */
};

/* The look-ups: whoever includes this file defines them. */
POLICY_INLINE const struct abi_resource *policy_resource(__u32 number); /* NULL: none */
POLICY_INLINE __u32 policy_fdb(__u32 vnet, __u16 vlan, __u64 mac);	/* 0: not registered */
POLICY_INLINE bool policy_vlan_bit(__u32 vnet, __u32 resource, __u16 vlan);
POLICY_INLINE __u32 policy_device(__u32 ifindex); /* enum policy_device */
POLICY_OUTLINE __u32 policy_twin(__u32 number);	  /* the same, of the port behind a direct peer */

/* --- MACs: all of one in a word, as the bytes lie in memory --- */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define POLICY_MAC_GROUP 0x0001ULL /* the bit of broadcast and multicast */
#else
#define POLICY_MAC_GROUP 0x0100ULL
#endif
#define POLICY_MAC_BROADCAST 0xffffffffffffULL

POLICY_INLINE __u64 policy_mac(const __u8 *mac)
{
	__u16 word[3];

#ifdef __bpf__ /* here they stand at even addresses; the compiler does not know and would go by    \
		  bytes */
	mac = __builtin_assume_aligned(mac, sizeof(*word));
#endif
	__builtin_memcpy(word, mac, sizeof(word));
	return word[0] | (__u32)word[1] << 16 | (__u64)word[2] << 32;
}

POLICY_INLINE void policy_mac_put(__u8 *to, __u64 mac)
{
	const __u16 word[3] = { (__u16)mac, (__u16)(mac >> 16), (__u16)(mac >> 32) };

	__builtin_memcpy(to, word, sizeof(word));
}

POLICY_INLINE bool policy_is_broadcast(__u64 mac)
{
	return mac == POLICY_MAC_BROADCAST;
}

/* Broadcast included. */
POLICY_INLINE bool policy_is_multicast(__u64 mac)
{
	return mac & POLICY_MAC_GROUP;
}

/* --- resources --- */

POLICY_INLINE bool policy_admits(__u32 vnet, __u32 resource, __u16 pvid,
				 const struct policy_frame *f)
{
	if (f->bad_tag)
		return false;
	return f->vlan == pvid || policy_vlan_bit(vnet, resource, f->vlan);
}

POLICY_INLINE bool policy_resource_admits(const struct abi_resource *r, __u32 number,
					  const struct policy_frame *f)
{
	if (!(r->flags & ABI_RESOURCE_VLANS))
		return true;
	return policy_admits(r->vnet, number, r->pvid, f);
}

/* @up: of enum abi_up, as which it is wanted. */
POLICY_INLINE __u32 policy_usable_as(const struct abi_resource *r, __u32 up)
{
	__u32 device;

	if (r->up != up)
		return 0;
	device = r->twin ? policy_twin(r->twin) : policy_device(r->ifindex);
	return device & POLICY_DEVICE_USABLE ? device : 0;
}

POLICY_INLINE __u32 policy_usable(const struct abi_resource *r)
{
	return policy_usable_as(r, ABI_UP);
}

POLICY_INLINE bool policy_take_as(__u32 number, __u32 up, __u32 reason, struct policy_verdict *v)
{
	const struct abi_resource *r;

	if (!number)
		return false;
	r = policy_resource(number);
	if (!r)
		return false;
	v->device = policy_usable_as(r, up);
	if (!v->device)
		return false;
	v->resource = r;
	v->number = number;
	v->reason = reason;
	return true;
}

/* Chooses resource @number if it is up. */
POLICY_INLINE bool policy_take(__u32 number, __u32 reason, struct policy_verdict *v)
{
	return policy_take_as(number, ABI_UP, reason, v);
}

POLICY_INLINE bool policy_service_up(const struct abi_vnet *n)
{
	const struct abi_resource *r;

	if (!n->service)
		return false;
	r = policy_resource(n->service);
	return r && policy_usable(r);
}

/*
 * The first usable hybrid behind @number: they are chained by `fallback`, best priority first. Off
 * the usual way, so a function of its own.
 */
POLICY_OUTLINE __u32 policy_next_hybrid(__u32 number)
{
	const struct abi_resource *r = policy_resource(number);

	for (int i = 1; i < ABI_HYBRIDS_MAX && r && r->fallback; i++) {
		number = r->fallback;
		r = policy_resource(number);
		if (r && policy_usable(r))
			return number;
	}
	return 0;
}

/* The usable one of those held down: the guest, or the first hybrid from @hybrid on. 0: none. */
POLICY_OUTLINE __u32 policy_last_resort(__u32 guest, __u32 hybrid)
{
	const struct abi_resource *r = guest ? policy_resource(guest) : NULL;

	if (r && policy_usable_as(r, ABI_UP_LAST))
		return guest;
	for (int i = 0; i < ABI_HYBRIDS_MAX && hybrid; i++) {
		r = policy_resource(hybrid);
		if (!r)
			return 0;
		if (policy_usable_as(r, ABI_UP_LAST))
			return hybrid;
		hybrid = r->fallback;
	}
	return 0;
}

/* The up hybrid of the best priority. */
POLICY_INLINE bool policy_take_hybrid(const struct abi_vnet *n, struct policy_verdict *v)
{
	if (!n->hybrid)
		return false;
	if ((n->flags & ABI_VNET_HYBRID_NEEDS_SERVICE) && !policy_service_up(n))
		return false;
	return policy_take(n->hybrid, ABI_REASON_HYBRID, v) ||
	       policy_take(policy_next_hybrid(n->hybrid), ABI_REASON_HYBRID, v);
}

/* --- TX --- */

/*
 * The first check of a frame from the upper. The frame is at least as long as its headers. A group
 * is nobody's own address, guard or not: a switch would learn it.
 */
POLICY_INLINE bool policy_tx_spoofed(const struct abi_vnet *n, const struct policy_frame *f)
{
	if (policy_is_multicast(f->src))
		return true;
	return (n->flags & (ABI_VNET_GUARD | ABI_VNET_MAC_NOSPOOF)) && f->src != policy_mac(n->mac);
}

POLICY_INLINE bool policy_take_any(const struct abi_vnet *n, __u32 guest, struct policy_verdict *v)
{
	if (guest)
		return policy_take(guest, ABI_REASON_GUEST, v) ||
		       policy_take(n->service, ABI_REASON_GUEST_OVER_SERVICE, v) ||
		       policy_take_hybrid(n, v);
	return policy_take_hybrid(n, v) || policy_take(n->service, ABI_REASON_SERVICE, v);
}

/* Nothing that is up carries it. A hybrid that needs the service has none here. */
POLICY_INLINE bool policy_take_last(const struct abi_vnet *n, __u32 guest, struct policy_verdict *v)
{
	__u32 hybrid = n->flags & ABI_VNET_HYBRID_NEEDS_SERVICE ? 0 : n->hybrid;
	__u32 number = policy_last_resort(guest, hybrid);

	return policy_take_as(number, ABI_UP_LAST,
			      number == guest ? ABI_REASON_GUEST : ABI_REASON_HYBRID, v);
}

/*
 * A frame from the upper of vnet @n, whose number is @vnet. Returns ABI_DROP_NONE and the resource
 * in @v, or the reason for the drop.
 */
POLICY_INLINE __u32 policy_tx(const struct abi_vnet *n, __u32 vnet, const struct policy_frame *f,
			      struct policy_verdict *v)
{
	__u32 guest;

	if (!policy_admits(vnet, 0, n->pvid, f))
		return ABI_DROP_VLAN;
	if (policy_is_multicast(f->dst)) {
		if (!policy_take(n->service, ABI_REASON_MULTICAST, v))
			return ABI_DROP_NO_SERVICE;
	} else {
		guest = policy_fdb(vnet, f->vlan, f->dst);
		if (!policy_take_any(n, guest, v) && !policy_take_last(n, guest, v))
			return ABI_DROP_NO_PATH;
	}
	return policy_resource_admits(v->resource, v->number, f) ? ABI_DROP_NONE : ABI_DROP_VLAN;
}

/* --- between two direct peers --- */

/*
 * What a wire between the two ends, @from and @to, would do to a frame: it has no tag there if it
 * is in the pvid of the end that sends, and then it is in the pvid of the end that receives.
 */
POLICY_INLINE void policy_cross(const struct abi_resource *from, const struct abi_resource *to,
				struct policy_frame *f)
{
	if (f->vlan != from->pvid)
		return;
	f->vlan = to->pvid;
	f->prio = 0;
}

/* --- RX --- */

/*
 * A frame that arrived on resource @r, number @number, of vnet @n. Returns ABI_DROP_NONE if it is
 * for the upper.
 */
POLICY_INLINE __u32 policy_rx(const struct abi_vnet *n, const struct abi_resource *r, __u32 number,
			      const struct policy_frame *f)
{
	__u64 own = policy_mac(n->mac);

	if (f->src == own && !(r->flags & ABI_RESOURCE_SHARED))
		return ABI_DROP_REFLECTED;
	if (policy_is_multicast(f->src))
		return ABI_DROP_SPOOFED;
	if (r->type == ABI_GUEST && (n->flags & ABI_VNET_GUARD) && f->src != policy_mac(r->peer))
		return ABI_DROP_SPOOFED;

	if (policy_is_multicast(f->dst)) {
		if (r->type == ABI_HYBRID && policy_service_up(n))
			return ABI_DROP_DUPLICATE;
	} else if (!(n->flags & ABI_VNET_PROMISC) && f->dst != own) {
		return ABI_DROP_NOT_OURS;
	}

	if (!policy_admits(r->vnet, 0, n->pvid, f) || !policy_resource_admits(r, number, f))
		return ABI_DROP_VLAN;
	return ABI_DROP_NONE;
}

#endif
