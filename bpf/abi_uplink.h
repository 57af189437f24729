/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Uplinks: one NIC that many vnets have a resource on. Such a resource, a member of the uplink, is
 * like any other one, but for its device, which is not its own.
 *
 * Included by abi.h alone.
 */
#ifndef VNET_BPF_ABI_UPLINK_H
#define VNET_BPF_ABI_UPLINK_H

#include <linux/bpf.h>

#define ABI_UPLINKS_MAX	  4096	      /* number 0 is "none" */
#define ABI_OF_UPLINK	  0x80000000u /* with an uplink's number, where a key names a vnet */
#define ABI_MEMBERS_MAX	  ABI_RESOURCES_MAX
#define ABI_ADDRESSES_MAX 131072
#define ABI_LEARNED_MAX	  64 /* addresses of one member; a power of two */

enum abi_uplink_flag {
	ABI_UPLINK_STEER_IP = 1 << 0, /* members have the NIC's MAC, and are found by address */
	ABI_UPLINK_XDP = 1 << 1,      /* the device takes frames that XDP redirects */
	ABI_UPLINK_FLOWS = 1 << 2,    /* it has flows: abi_flow.h */
	ABI_UPLINK_TARGETS = 1 << 3,  /* some of them are for a vnet */
	ABI_UPLINK_CPU = 1 << 4,      /* some of them are for a CPU */
};

/* Map `uplinks`, array by uplink number. All zero: no such uplink. */
struct abi_uplink {
	__u8 mac[6];   /* word 0: the NIC's own */
	__u16 flags;   /* enum abi_uplink_flag */
	__u32 ifindex; /* word 1 */
	__u32 slots;   /* members are in the slots below */
};

/*
 * Map `members`, hash: who gets broadcast and multicast. The value is a resource number. A slot may
 * be empty, so a member keeps its slot while others come and go, and a walk over the slots at any
 * moment meets each that stays, and none twice. The row is there before `slots` is raised; `slots`
 * is lowered after the last rows are gone.
 */
struct abi_member_key {
	__u32 uplink;
	__u32 slot;
};

/* VLANs here are those on the wire: 0 is untagged, or tagged with a priority alone. */

/* Map `addresses`, hash: who of those that share a MAC has the address. */
struct abi_address_key {
	__u32 uplink;
	__u16 vlan;
	__u16 pad;
	__u8 address[16]; /* IPv4: as ::ffff:a.b.c.d */
};

enum abi_holder_flag {
	ABI_HOLDER_LEARNED = 1 << 0, /* by the programs, which change and remove these alone */
};

struct abi_holder {
	__u32 resource; /* 0: the NIC's own stack, and nobody can learn it away */
	__u32 flags;	/* enum abi_holder_flag */
};

/*
 * Map `learners`, hash by resource number: whose addresses are learned from what it sends. The
 * daemon makes it all zero and the programs write it: a ring, where the newest replaces the oldest,
 * which is forgotten then.
 */
struct abi_learned {
	__u16 vlan;
	__u16 pad[3];
	__u8 address[16];
};

struct abi_learner {
	struct bpf_spin_lock lock;
	__u32 next;
	struct abi_learned ring[ABI_LEARNED_MAX];
};

_Static_assert(sizeof(struct abi_uplink) == 16, "abi_uplink");
_Static_assert(sizeof(struct abi_member_key) == 8, "abi_member_key");
_Static_assert(sizeof(struct abi_address_key) == 24, "abi_address_key");
_Static_assert(sizeof(struct abi_holder) == 8, "abi_holder");
_Static_assert(sizeof(struct abi_learned) == 24, "abi_learned");
_Static_assert(sizeof(struct abi_learner) == 8 + 24 * ABI_LEARNED_MAX, "abi_learner");

#endif
