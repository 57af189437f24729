/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract between the programs in the kernel and the daemon: what is in the maps.
 *
 * Everything here has fixed width, explicit padding and an asserted size. The maps are pinned and
 * outlive the daemon, so a change of any layout or meaning raises ABI_VERSION.
 *
 * Maps are written by the daemon while frames are being forwarded. The kernel copies array values
 * in words of eight bytes, so fields that must be seen together share one such word; the comments
 * "word N" below are part of the contract.
 *
 * What belongs to uplinks is in abi_uplink.h, and what belongs to flows and limits in abi_flow.h.
 */
#ifndef VNET_BPF_ABI_H
#define VNET_BPF_ABI_H

#include <linux/types.h>

#define ABI_VERSION 3

#define ABI_VNETS_MAX	  65536 /* number 0 is "none" */
#define ABI_RESOURCES_MAX 65536 /* number 0 is "none" */
#define ABI_FDB_MAX	  1048576
#define ABI_HYBRIDS_MAX	  8 /* hybrids of one vnet: bounds the walk over the fallbacks */
#define ABI_VLANS	  4096

/*
 * Nearly all of a host's devices and objects have small numbers: those are found in arrays, which
 * the kernel looks up in a few instructions; the others in hashes that are named `far_` like the
 * array.
 */
#define ABI_PORTS_NEAR	  65536 /* ifindexes below are in `ports`, others in `far_ports` */
#define ABI_COUNTERS_NEAR 4096	/* resource numbers, in `counters` and `far_counters` */
#define ABI_DEVICES_MAX	  65536
#define ABI_CACHE_BITS	  11
#define ABI_CACHE_MAX	  (1 << ABI_CACHE_BITS)
#define ABI_ALLOWED_MAX	  (ABI_VNETS_MAX * 32)

/*
 * Why a frame took no path. One row yields the enumerator, the counter, its name in JSON and its
 * explanation: X(enumerator, name, explanation).
 */
#define ABI_DROPS(X)                                                                               \
	X(MALFORMED, "malformed", "the frame is shorter than its headers")                         \
	X(SPOOFED, "spoofed", "a source address is not one that the sender may use")               \
	X(VLAN, "vlan", "the VLAN is not admitted")                                                \
	X(NO_SERVICE, "no_service", "broadcast or multicast, and no service resource is up")       \
	X(NO_PATH, "no_path", "no resource that could carry the frame is up")                      \
	X(REFLECTED, "reflected", "the vnet's own frame came back")                                \
	X(DUPLICATE, "duplicate", "broadcast or multicast that arrives over the service as well")  \
	X(NOT_OURS, "not_ours", "the destination MAC is not the vnet's")                           \
	X(STORM, "storm", "more broadcast or multicast than the storm limit")                      \
	X(LIMITED, "limited", "over the bandwidth limit")                                          \
	X(RESTRICTED, "restricted", "a protocol that a protected upper may not send")

enum abi_drop {
	ABI_DROP_NONE,
#define X(name, text, why) ABI_DROP_##name,
	ABI_DROPS(X)
#undef X
		ABI_DROP_END
};

/* Why a frame took the path it took: X(enumerator, name, explanation). */
#define ABI_REASONS(X)                                                                             \
	X(GUEST, "guest", "the MAC is registered and its guest resource is up")                    \
	X(GUEST_OVER_SERVICE, "guest-over-service",                                                \
	  "the guest resource of the MAC is not up, so the service carries")                       \
	X(HYBRID, "hybrid", "the best hybrid resource that is up carries unicast")                 \
	X(SERVICE, "service", "the MAC is not registered and no hybrid resource is up")            \
	X(MULTICAST, "multicast", "broadcast and multicast go over the service")

enum abi_reason {
	ABI_REASON_NONE,
#define X(name, text, why) ABI_REASON_##name,
	ABI_REASONS(X)
#undef X
		ABI_REASON_END
};

enum abi_type {
	ABI_SERVICE, /* the values of the original's vio_net_res_type_t */
	ABI_GUEST,
	ABI_HYBRID,
};

enum abi_vnet_flag {
	ABI_VNET_GUARD = 1 << 0,		/* source MACs are checked, both ways */
	ABI_VNET_PROMISC = 1 << 1,		/* frames for other MACs are delivered */
	ABI_VNET_PEER = 1 << 2,			/* the port's peer is in another namespace */
	ABI_VNET_HYBRID_NEEDS_SERVICE = 1 << 3, /* hybrids carry while the service is up only */
	ABI_VNET_STORM = 1 << 4,		/* it has a row of its own in `storms` */
	ABI_VNET_XDP = 1 << 5,			/* the port takes frames that XDP redirects */
	/* what a protected upper may send */
	ABI_VNET_MAC_NOSPOOF = 1 << 6,	/* its own MAC alone: Ethernet, ARP and ND */
	ABI_VNET_IP_NOSPOOF = 1 << 7,	/* the addresses in `allowed`: IP, ARP and ND */
	ABI_VNET_DHCP_NOSPOOF = 1 << 8, /* DHCP as the client that it is */
	ABI_VNET_RESTRICTED = 1 << 9,	/* IPv4, IPv6 and ARP alone */
	ABI_VNET_FLOWS = 1 << 10,	/* it has flows: abi_flow.h */
	ABI_VNET_LIMIT = 1 << 11,	/* it has a row of its own in `limits` */
	ABI_VNET_FQ = 1 << 12,		/* the port's queue sends frames at their times */
	ABI_VNET_CPU = 1 << 13,		/* some of its flows are for a CPU */
};

/* Map `vnets`, array by vnet number. All zero: no such vnet. */
struct abi_vnet {
	__u8 mac[6]; /* word 0 */
	__u16 pvid;
	__u32 port;    /* word 1: ifindex that leads to the upper */
	__u32 flags;   /* enum abi_vnet_flag */
	__u32 service; /* word 2: the registered service, 0: none */
	__u32 hybrid;  /* the registered hybrid of the best priority, 0: none */
	__u64 pad;
};

enum abi_resource_flag {
	ABI_RESOURCE_VLANS = 1 << 0,  /* it has a row of its own in `vlans` */
	ABI_RESOURCE_STORM = 1 << 1,  /* it has a row of its own in `storms` */
	ABI_RESOURCE_PEER = 1 << 2,   /* a veth without a queue, its peer in another namespace */
	ABI_RESOURCE_XDP = 1 << 3,    /* the device takes frames that XDP redirects */
	ABI_RESOURCE_SHARED = 1 << 4, /* on an uplink: other vnets there have the same MAC */
	ABI_RESOURCE_LIMIT = 1 << 5,  /* it has a row of its own in `limits` */
	ABI_RESOURCE_FQ = 1 << 6,     /* the device's queue sends frames at their times */
};

/*
 * Whether a resource carries. The last one is for one that was lost and is held down for a while:
 * it carries what nothing else can, so that nobody has to be there to let it.
 */
enum abi_up { ABI_DOWN, ABI_UP, ABI_UP_LAST };

/* Map `resources`, array by resource number. All zero: no such resource. */
struct abi_resource {
	__u32 ifindex;	/* word 0 */
	__u16 pvid;	/* the VLAN that is untagged on this device */
	__u8 type;	/* enum abi_type */
	__u8 up;	/* enum abi_up */
	__u8 peer[6];	/* word 1: a guest's MAC */
	__u16 flags;	/* enum abi_resource_flag */
	__u32 vnet;	/* word 2 */
	__u32 fallback; /* of a hybrid: the next best one, 0: none */
	__u32 twin; /* word 3: of a direct peer: the other vnet's resource for this one, 0: none */
	__u32 uplink; /* which it is on, 0: none; @ifindex is that one's device then */
};

enum abi_port_flag {
	ABI_PORT_EGRESS = 1 << 0, /* the program is at the egress: the shortcut */
	ABI_PORT_VETH = 1 << 1,
	ABI_PORT_UPLINK = 1 << 2, /* many resources' device: @vnet 0, @resource the uplink */
	ABI_PORT_XSK = 1 << 3,	  /* the far end of a flow's veth: @vnet 0, @resource its place */
};

/*
 * Map `ports`, array by ifindex, and `far_ports`, hash: which vnet and resource a device belongs
 * to. All zero: nobody's.
 */
struct abi_port {
	__u32 resource; /* 0: the upper side */
	__u16 vnet;
	__u16 flags; /* enum abi_port_flag */
};

/*
 * Map `fdb`, hash: the guest that is reached at (vnet, VLAN, MAC), or with ABI_OF_UPLINK the member
 * of an uplink at (uplink, VLAN on the wire, MAC). The value is a resource number.
 */
struct abi_fdb_key {
	__u32 vnet;
	__u16 vlan;
	__u8 mac[6];
};

/* Map `cache`, per-CPU array: the programs' own memory of the FDB; fdb.h. */
struct abi_cache {
	__u64 key;
	__u64 value;
};

/* Map `vlans`, hash by owner: the VLANs that are admitted tagged, one bit each. The pvid always is.
 */
struct abi_vlans_key {
	__u32 vnet;
	__u32 resource; /* 0: the vnet itself */
};

struct abi_vlans {
	__u64 bits[ABI_VLANS / 64];
};

/* Maps `counters`, per-CPU array by resource number, and `far_counters`, per-CPU hash. Frames that
 * the network stack keeps as one (GSO) count by their segments. */
struct abi_counters {
	__u64 rx_packets;
	__u64 rx_bytes;
	__u64 tx_packets;
	__u64 tx_bytes;
	__u64 rx_multicast;
	__u64 rx_broadcast;
	__u64 tx_multicast;
	__u64 tx_broadcast;
};

/* Map `drops`, per-CPU hash by vnet number; indexed by enum abi_drop, [0] unused. */
#define ABI_DROPS_SLOTS	   16 /* a power of two */
#define ABI_DROPS_UNPARSED 15 /* no drops: frames that no flow with ports could look at */

struct abi_drops {
	__u64 count[ABI_DROPS_SLOTS];
};

/*
 * Map `devices`, DEVMAP_HASH by ifindex, of every device that a frame may leave by. The kernel
 * takes a row away together with its device.
 */
struct abi_device {
	__u32 ifindex; /* as the key */
};

/*
 * Map `storms`, hash by owner: how much broadcast and multicast may pass in each direction. A frame
 * passes if `due` is less than `burst` ahead of the clock, and moves it ahead by `interval`.
 */
struct abi_storm_key {
	__u32 vnet;
	__u32 resource; /* 0: the vnet itself */
};

enum abi_direction { ABI_RX, ABI_TX, ABI_DIRECTION_END };

struct abi_storm {
	__u64 interval_ns; /* between two frames at the limit */
	__u64 burst_ns;
	__u64 due_ns[ABI_DIRECTION_END]; /* by enum abi_direction; the program's own */
};

/* Map `allowed`, LPM trie: the source addresses of a vnet with ABI_VNET_IP_NOSPOOF. */
struct abi_allowed_key {
	__u32 prefixlen; /* in bits, of what follows */
	__u32 vnet;
	__u8 address[16]; /* IPv4: as ::ffff:a.b.c.d */
};

/* Map `meta`, array of one: what made the maps. */
struct abi_meta {
	__u32 version;	  /* ABI_VERSION */
	__u32 generation; /* raised after each change of what the programs remember: the maps `fdb`,
			     `flow_table`, `flow_lists` and `flow_shapes` */
};

_Static_assert(sizeof(struct abi_vnet) == 32, "abi_vnet");
_Static_assert(sizeof(struct abi_resource) == 32, "abi_resource");
_Static_assert(sizeof(struct abi_port) == 8, "abi_port");
_Static_assert(sizeof(struct abi_fdb_key) == 12, "abi_fdb_key");
_Static_assert(sizeof(struct abi_cache) == 16, "abi_cache");
_Static_assert(sizeof(struct abi_vlans_key) == 8, "abi_vlans_key");
_Static_assert(sizeof(struct abi_vlans) == 512, "abi_vlans");
_Static_assert(sizeof(struct abi_counters) == 64, "abi_counters");
_Static_assert(sizeof(struct abi_drops) == 128, "abi_drops");
_Static_assert(sizeof(struct abi_device) == 4, "abi_device");
_Static_assert(sizeof(struct abi_storm_key) == 8, "abi_storm_key");
_Static_assert(sizeof(struct abi_storm) == 32, "abi_storm");
_Static_assert(sizeof(struct abi_allowed_key) == 24, "abi_allowed_key");
_Static_assert(sizeof(struct abi_meta) == 8, "abi_meta");
_Static_assert(ABI_DROP_END <= ABI_DROPS_UNPARSED, "abi_drops holds every reason");

#include "abi_flow.h"
#include "abi_uplink.h"

#endif
