/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was in the maps in version 2 of the ABI. */
#ifndef VNET_TESTS_OLD_H
#define VNET_TESTS_OLD_H

#include <linux/types.h>

#define OLD_VERSION 2

struct old_vnet {
	__u8 mac[6];
	__u16 pvid;
	__u32 port;
	__u32 flags;
	__u32 service;
	__u32 hybrid;
	__u64 pad;
};

struct old_resource {
	__u32 ifindex;
	__u16 pvid;
	__u8 type;
	__u8 up;
	__u8 peer[6];
	__u16 flags;
	__u32 vnet;
	__u32 fallback;
	__u32 twin;
	__u32 pad;
};

struct old_port {
	__u32 resource;
	__u16 vnet;
	__u16 flags;
};

struct old_fdb_key {
	__u32 vnet;
	__u16 vlan;
	__u8 mac[6];
};

struct old_vlans_key {
	__u32 vnet;
	__u32 resource;
};

struct old_vlans {
	__u64 bits[64];
};

struct old_counters {
	__u64 rx_packets, rx_bytes, tx_packets, tx_bytes;
	__u64 rx_multicast, rx_broadcast, tx_multicast, tx_broadcast;
};

struct old_drops {
	__u64 count[16];
};

struct old_device {
	__u32 ifindex;
};

struct old_storm_key {
	__u32 vnet;
	__u32 resource;
};

struct old_storm {
	__u64 interval_ns;
	__u64 burst_ns;
	__u64 due_ns[2];
};

struct old_allowed_key {
	__u32 prefixlen;
	__u32 vnet;
	__u8 address[16];
};

struct old_meta {
	__u32 version;
	__u32 fdb_generation;
};

#endif
