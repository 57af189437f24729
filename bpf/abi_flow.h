/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows: what is done with some of a vnet's or an uplink's frames; and limits: how much may pass.
 *
 * A frame is a key, and all flows of one shape look at the same bits of it: with these bits alone
 * left, one look into a hash finds the best of them. An owner's list says which shapes it has. Who
 * changes flows writes what is referred to first: the flow, its shape, its rows in the table, the
 * list, the generation in `meta`, and the owner's flag last; and takes them away in the opposite
 * order.
 *
 * Included by abi.h alone.
 */
#ifndef VNET_BPF_ABI_FLOW_H
#define VNET_BPF_ABI_FLOW_H

#define ABI_FLOWS_MAX		  65536	 /* number 0 is "none" */
#define ABI_FLOW_TABLE_MAX	  262144 /* a flow with a range of ports takes several rows */
#define ABI_FLOW_SHAPES_MAX	  4096	 /* number 0 is "none" */
#define ABI_FLOW_LISTS_MAX	  (2 * (ABI_VNETS_MAX + ABI_UPLINKS_MAX))
#define ABI_FLOW_LIST_MAX	  255  /* shapes of one owner in one direction */
#define ABI_FLOW_COUNTERS_NEAR	  4096 /* flow numbers, in `flow_counters`; others: far_... */
#define ABI_XSKS_MAX		  (2 * ABI_FLOWS_MAX)
#define ABI_XSK_PLACE(flow, turn) (2 * (flow) + ((turn)&1)) /* in the map `xsks` */
#define ABI_LIMITS_MAX		  (ABI_VNETS_MAX + ABI_RESOURCES_MAX + ABI_FLOWS_MAX)

/* What is known of a frame. A shape looks at those that its flows need. */
enum abi_flow_known {
	ABI_FLOW_IP = 1 << 0, /* it is IPv4 or IPv6, with a header that can be read */
	ABI_FLOW_V4 = 1 << 1,
	ABI_FLOW_V6 = 1 << 2,
	ABI_FLOW_PROTO = 1 << 3, /* what it carries */
	ABI_FLOW_PORTS = 1 << 4,
};

/*
 * Map `flow_table`, hash: the best flow with exactly this. What the shape does not look at is zero.
 * Local is the owner's end: the source of what it sends, the destination of what it gets.
 */
struct abi_flow_key {
	__u32 owner;	/* word 0: a vnet's number, or ABI_OF_UPLINK and an uplink's */
	__u16 shape;	/* 0 in the key of a frame */
	__u8 direction; /* enum abi_direction: ABI_TX is sent by the owner */
	__u8 proto;
	__u8 local[16]; /* words 1 and 2; IPv4: as ::ffff:a.b.c.d */
	__u8 remote[16];
	__u16 lport; /* word 5, host order */
	__u16 rport;
	__u16 vlan;
	__u8 dsfield; /* all of TOS, or of the traffic class */
	__u8 known;   /* enum abi_flow_known */
};

#define ABI_FLOW_KEY_WORDS 6

/* Map `flow_shapes`, array by shape number, for all owners: the bits of a key that are looked at,
 * the owner and the direction among them. */
struct abi_flow_shape {
	__u64 mask[ABI_FLOW_KEY_WORDS];
};

struct abi_flow_hit {
	__u64 order; /* of two flows that fit the smaller one wins: flow_match.h */
	__u32 flow;
	__u32 pad;
};

/* Map `flow_lists`, hash: which shapes an owner has, in no order. */
struct abi_flow_list_key {
	__u32 owner;
	__u32 direction; /* enum abi_direction */
};

struct abi_flow_list {
	__u16 count;
	__u16 shapes[ABI_FLOW_LIST_MAX];
};

enum abi_flow_flag {
	ABI_FLOW_LIMIT = 1 << 0,    /* it has a row of its own in `limits` */
	ABI_FLOW_PRIORITY = 1 << 1, /* @priority is meant */
};

/* Enumerated from what is sent first. */
enum abi_flow_priority {
	ABI_PRIORITY_HIGH,
	ABI_PRIORITY_MEDIUM,
	ABI_PRIORITY_LOW,
	ABI_PRIORITY_END
};

/* Where frames go that come in; what a target cannot be found for goes as if there were none. */
enum abi_flow_target {
	ABI_TARGET_NONE,
	ABI_TARGET_VNET, /* @target: the member of the owner, an uplink, that stands for the vnet */
	ABI_TARGET_CPU,	 /* its number; a row of `cpus` */
	ABI_TARGET_XSK,	 /* ifindex of the near end of its veth, 0: nobody has opened it */
};

/* Map `flows`, array by flow number. All zero: no such flow. */
struct abi_flow {
	__u32 owner;	   /* word 0 */
	__u16 flags;	   /* enum abi_flow_flag */
	__u8 priority;	   /* enum abi_flow_priority */
	__u8 turn;	   /* ABI_TARGET_XSK: which of its two places has the socket */
	__u32 target;	   /* word 1: by kind */
	__u32 target_kind; /* enum abi_flow_target */
};

/*
 * Maps `cpus` and `cpus_generic`, CPUMAPs by CPU, with as many rows as the host may have CPUs:
 * those that some flow is for.
 */
struct abi_cpu {
	__u32 queue; /* frames that may wait there */
};

#define ABI_CPU_QUEUE 2048

/* Maps `flow_counters`, per-CPU array by flow number, and `far_flow_counters`, per-CPU hash. */
struct abi_flow_counters {
	__u64 rx_packets;
	__u64 rx_bytes;
	__u64 tx_packets;
	__u64 tx_bytes;
	__u64 rx_dropped; /* frames over a limit, its own or one of what it goes through */
	__u64 tx_dropped;
	__u64 pad[2];
};

/*
 * Map `limits`, hash by owner: how much may pass in each direction. What counts is the packet, from
 * its network header on. `due` is when the next byte may be sent: each frame moves it ahead by what
 * it takes.
 *
 * Where the device's queue sends frames at their times, a frame waits there until it is due, if
 * that is within the horizon. Where nothing waits, a frame passes if it is due within the burst.
 * Others are dropped.
 *
 * A frame that takes precedence moves the clocks of those behind it ahead, and not they its own.
 */
enum abi_limit_kind { ABI_LIMIT_VNET, ABI_LIMIT_RESOURCE, ABI_LIMIT_FLOW };

struct abi_limit_key {
	__u32 kind; /* enum abi_limit_kind */
	__u32 number;
};

#define ABI_LIMIT_SHIFT 20

struct abi_limit {
	__u64 byte_ns[2]; /* by enum abi_direction: for a byte, times 1 << ABI_LIMIT_SHIFT;
			     0: no limit */
	__u64 burst_ns[2];
	__u64 horizon_ns[2];
	__u64 due_ns[2][ABI_PRIORITY_END]; /* the programs' own */
};

/* Map `flow_cache`, per-CPU array: the programs' own memory of the table; flow.h. */
#define ABI_FLOW_CACHE_BITS 10
#define ABI_FLOW_CACHE_MAX  (1 << ABI_FLOW_CACHE_BITS)

struct abi_flow_cache {
	__u64 key[ABI_FLOW_KEY_WORDS];
	__u64 value;
};

/*
 * Map `fragments`, LRU hash, the programs' own: what the first fragment of a packet has told about
 * the others.
 */
#define ABI_FRAGMENTS_MAX    8192
#define ABI_FRAGMENT_KEPT_NS 30000000000ULL

struct abi_fragment_key {
	__u32 owner;
	__u32 id;
	__u8 src[16];
	__u8 dst[16];
	__u16 vlan;
	__u8 direction;
	__u8 proto; /* of IPv4; its packets may have the same id otherwise */
	__u32 pad;
};

struct abi_fragment {
	__u64 seen_ns;
	__u16 sport;
	__u16 dport;
	__u8 proto;
	__u8 known; /* enum abi_flow_known: of ABI_FLOW_PROTO and ABI_FLOW_PORTS */
	__u16 pad;
};

_Static_assert(sizeof(struct abi_flow_shape) == 48, "abi_flow_shape");
_Static_assert(sizeof(struct abi_flow_key) == 8 * ABI_FLOW_KEY_WORDS, "abi_flow_key");
_Static_assert(sizeof(struct abi_flow_hit) == 16, "abi_flow_hit");
_Static_assert(sizeof(struct abi_flow_list_key) == 8, "abi_flow_list_key");
_Static_assert(sizeof(struct abi_flow_list) == 512, "abi_flow_list");
_Static_assert(sizeof(struct abi_flow) == 16, "abi_flow");
_Static_assert(__builtin_offsetof(struct abi_flow, target) == 8, "abi_flow: one word");
_Static_assert(sizeof(struct abi_cpu) == 4, "abi_cpu");
_Static_assert(sizeof(struct abi_flow_counters) == 64, "abi_flow_counters");
_Static_assert(sizeof(struct abi_limit_key) == 8, "abi_limit_key");
_Static_assert(sizeof(struct abi_limit) == 96, "abi_limit");
_Static_assert(sizeof(struct abi_flow_cache) == 56, "abi_flow_cache");
_Static_assert(sizeof(struct abi_fragment_key) == 48, "abi_fragment_key");
_Static_assert(sizeof(struct abi_fragment) == 16, "abi_fragment");

#endif
