/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows: what is done with some of a vnet's or an uplink's frames; and limits: how much may pass.
 *
 * Flows are found by shape: all flows of one shape look at the same bits of a frame, so with these
 * bits alone left one look into a hash finds the flow. An owner's list says which shapes it has,
 * best first. Who changes flows writes what is referred to first: the flow, its shape, its row in
 * the table, the list, and the owner's flag last; and takes them away in the opposite order.
 *
 * Included by abi.h alone.
 */
#ifndef VNET_BPF_ABI_FLOW_H
#define VNET_BPF_ABI_FLOW_H

#define ABI_FLOWS_MAX	       65536  /* number 0 is "none" */
#define ABI_FLOW_TABLE_MAX     262144 /* a flow with a range of ports takes several rows */
#define ABI_FLOW_SHAPES_MAX    4096   /* number 0 is "none" */
#define ABI_FLOW_LISTS_MAX     (2 * (ABI_VNETS_MAX + ABI_UPLINKS_MAX))
#define ABI_FLOW_LIST_MAX      128  /* shapes of one owner in one direction */
#define ABI_FLOW_COUNTERS_NEAR 4096 /* flow numbers, in `flow_counters`; others: far_... */
#define ABI_LIMITS_MAX	       (ABI_VNETS_MAX + ABI_RESOURCES_MAX + ABI_FLOWS_MAX)

/* What a shape looks at besides addresses and ports, whose masks say it themselves. */
enum abi_flow_look {
	ABI_FLOW_V4 = 1 << 0, /* IPv4 alone */
	ABI_FLOW_V6 = 1 << 1, /* IPv6 alone */
	ABI_FLOW_PROTO = 1 << 2,
	ABI_FLOW_VLAN = 1 << 3,
};

/* Map `flow_shapes`, array by shape number, for all owners. All zero: a flow of all frames. */
struct abi_flow_shape {
	__u8 local_bits; /* of the address, that are looked at: 0 to 128; IPv4 begins at 96 */
	__u8 remote_bits;
	__u8 look; /* enum abi_flow_look */
	__u8 dsfield_mask;
	__u16 lport_mask;
	__u16 rport_mask;
};

/*
 * Map `flow_table`, hash: the best flow with exactly this. What the shape does not look at is zero.
 * Local is the owner's end: the source of what it sends, the destination of what it gets.
 */
struct abi_flow_key {
	__u32 owner; /* a vnet's number, or ABI_OF_UPLINK and an uplink's */
	__u16 shape;
	__u8 direction; /* enum abi_direction: ABI_TX is sent by the owner */
	__u8 proto;
	__u8 local[16]; /* IPv4: as ::ffff:a.b.c.d */
	__u8 remote[16];
	__u16 lport; /* host order */
	__u16 rport;
	__u16 vlan;
	__u8 dsfield;
	__u8 pad;
};

struct abi_flow_hit {
	__u64 order; /* of two that fit, the smaller one wins: rank, then how specific, then number
		      */
	__u32 flow;
	__u32 pad;
};

/* Map `flow_lists`, hash: which shapes an owner has, by the smallest order in each. */
struct abi_flow_list_key {
	__u32 owner;
	__u32 direction; /* enum abi_direction */
};

struct abi_flow_list {
	__u32 count;
	__u32 pad;
	struct {
		__u64 order; /* the smallest of its flows */
		__u32 shape;
		__u32 pad;
	} shapes[ABI_FLOW_LIST_MAX];
};

enum abi_flow_flag {
	ABI_FLOW_LIMIT = 1 << 0,    /* it has a row of its own in `limits` */
	ABI_FLOW_PRIORITY = 1 << 1, /* @priority is meant */
};

enum abi_flow_priority { ABI_PRIORITY_LOW, ABI_PRIORITY_MEDIUM, ABI_PRIORITY_HIGH };

enum abi_flow_target {
	ABI_TARGET_NONE,
	ABI_TARGET_VNET, /* @target: its number */
	ABI_TARGET_CPU,	 /* its number */
	ABI_TARGET_XSK,	 /* a socket's place in its map */
};

/* Map `flows`, array by flow number. All zero: no such flow. */
struct abi_flow {
	__u32 owner;	  /* word 0 */
	__u16 flags;	  /* enum abi_flow_flag */
	__u8 priority;	  /* enum abi_flow_priority */
	__u8 target_kind; /* enum abi_flow_target */
	__u32 target;	  /* word 1 */
	__u32 pad;
};

/* Maps `flow_counters`, per-CPU array by flow number, and `far_flow_counters`, per-CPU hash. */
struct abi_flow_counters {
	__u64 rx_packets;
	__u64 rx_bytes;
	__u64 tx_packets;
	__u64 tx_bytes;
	__u64 rx_dropped; /* frames over the limit, or that the target did not take */
	__u64 tx_dropped;
	__u64 pad[2];
};

/*
 * Map `limits`, hash by owner: bytes a second in each direction by itself. As with storms, `due` is
 * when the next byte may pass, and is moved ahead by what each frame takes. A frame that would have
 * to wait for longer than `horizon` is dropped.
 */
enum abi_limit_kind { ABI_LIMIT_VNET, ABI_LIMIT_RESOURCE, ABI_LIMIT_FLOW };

struct abi_limit_key {
	__u32 kind; /* enum abi_limit_kind */
	__u32 number;
};

struct abi_limit {
	__u64 rate_bytes_s[2]; /* by enum abi_direction; 0: no limit */
	__u64 burst_ns[2];     /* how far `due` may be ahead where nothing waits */
	__u64 horizon_ns;      /* and where the device's queue sends frames at their times */
	__u64 pad;
	__u64 due_ns[2]; /* the programs' own */
};

_Static_assert(sizeof(struct abi_flow_shape) == 8, "abi_flow_shape");
_Static_assert(sizeof(struct abi_flow_key) == 48, "abi_flow_key");
_Static_assert(sizeof(struct abi_flow_hit) == 16, "abi_flow_hit");
_Static_assert(sizeof(struct abi_flow_list_key) == 8, "abi_flow_list_key");
_Static_assert(sizeof(struct abi_flow_list) == 8 + 16 * ABI_FLOW_LIST_MAX, "abi_flow_list");
_Static_assert(sizeof(struct abi_flow) == 16, "abi_flow");
_Static_assert(sizeof(struct abi_flow_counters) == 64, "abi_flow_counters");
_Static_assert(sizeof(struct abi_limit_key) == 8, "abi_limit_key");
_Static_assert(sizeof(struct abi_limit) == 64, "abi_limit");

#endif
