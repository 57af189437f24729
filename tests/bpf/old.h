/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was in the maps in version 1 of the ABI. */
#ifndef VNET_TESTS_OLD_H
#define VNET_TESTS_OLD_H

#include <linux/types.h>

#define OLD_VERSION 1

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
	__u16 vlans;
	__u32 vnet;
	__u32 fallback;
	__u64 pad;
};

struct old_port {
	__u32 vnet;
	__u32 resource;
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

struct old_meta {
	__u32 version;
	__u32 pad;
};

#endif
