/* SPDX-License-Identifier: GPL-2.0-only */
/* Counting: each carried frame under its resource and direction, each drop under its vnet and
 * reason. */
#ifndef VNET_BPF_COUNT_H
#define VNET_BPF_COUNT_H

#include "maps.h"

/* What is counted of a frame, looked at while its bytes can still be: retagging may move them. */
struct count_frame {
	__u64 packets;
	__u64 bytes;
	bool broadcast;
	bool multicast; /* and not broadcast */
};

static __always_inline struct count_frame count_look(__u64 dst, __u64 packets, __u64 bytes)
{
	bool broadcast = policy_is_broadcast(dst);

	return (struct count_frame) {
		.packets = packets,
		.bytes = bytes,
		.broadcast = broadcast,
		.multicast = policy_is_multicast(dst) && !broadcast,
	};
}

static __always_inline struct abi_counters *count_find(__u32 resource)
{
	struct abi_counters *c;

	if (resource >= ABI_COUNTERS_NEAR)
		return bpf_map_lookup_elem(&far_counters, &resource);
	c = bpf_map_lookup_elem(&counters, &resource);
	MAPS_NEAR(c);
	return c;
}

static __always_inline void count_tx(__u32 resource, const struct count_frame *f)
{
	struct abi_counters *c = count_find(resource);

	if (!c)
		return;
	c->tx_packets += f->packets;
	c->tx_bytes += f->bytes;
	if (f->broadcast)
		c->tx_broadcast += f->packets;
	if (f->multicast)
		c->tx_multicast += f->packets;
}

static __always_inline void count_rx(__u32 resource, const struct count_frame *f)
{
	struct abi_counters *c = count_find(resource);

	if (!c)
		return;
	c->rx_packets += f->packets;
	c->rx_bytes += f->bytes;
	if (f->broadcast)
		c->rx_broadcast += f->packets;
	if (f->multicast)
		c->rx_multicast += f->packets;
}

static __always_inline void count_drop(__u32 vnet, __u8 why, __u64 packets)
{
	struct abi_drops *d = bpf_map_lookup_elem(&drops, &vnet);

	if (d)
		d->count[why & (ABI_DROPS_SLOTS - 1)] += packets;
}

#endif
