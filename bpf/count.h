/* SPDX-License-Identifier: GPL-2.0-only */
/* Counting: each carried frame under its resource and direction, each drop under its vnet and
 * reason. */
#ifndef VNET_BPF_COUNT_H
#define VNET_BPF_COUNT_H

#include "maps.h"

static __always_inline void count_tx(__u32 resource, const __u8 *dst, __u64 packets, __u64 bytes)
{
	struct abi_counters *c = bpf_map_lookup_elem(&counters, &resource);

	if (!c)
		return;
	c->tx_packets += packets;
	c->tx_bytes += bytes;
	if (policy_is_broadcast(dst))
		c->tx_broadcast += packets;
	else if (policy_is_multicast(dst))
		c->tx_multicast += packets;
}

static __always_inline void count_rx(__u32 resource, const __u8 *dst, __u64 packets, __u64 bytes)
{
	struct abi_counters *c = bpf_map_lookup_elem(&counters, &resource);

	if (!c)
		return;
	c->rx_packets += packets;
	c->rx_bytes += bytes;
	if (policy_is_broadcast(dst))
		c->rx_broadcast += packets;
	else if (policy_is_multicast(dst))
		c->rx_multicast += packets;
}

static __always_inline void count_drop(__u32 vnet, __u8 why, __u64 packets)
{
	struct abi_drops *d = bpf_map_lookup_elem(&drops, &vnet);

	if (d && why < ABI_DROP_END)
		d->count[why] += packets;
}

#endif
