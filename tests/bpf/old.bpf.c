// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The maps as version 2 of the ABI had them, and programs that forward by them: what a vnetd of
 * that time has left for the next one. VLANs, guards and XDP are left out.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>

#include "old.h"

char _license[] SEC("license") = "GPL";

#define OLD_MAP(name, map_type, entries, flags, key_type, value_type)                              \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(max_entries, entries);                                                      \
		__uint(map_flags, flags);                                                          \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

OLD_MAP(meta, BPF_MAP_TYPE_ARRAY, 1, 0, __u32, struct old_meta);
OLD_MAP(ports, BPF_MAP_TYPE_ARRAY, 65536, 0, __u32, struct old_port);
OLD_MAP(far_ports, BPF_MAP_TYPE_HASH, 196608, BPF_F_NO_PREALLOC, __u32, struct old_port);
OLD_MAP(vnets, BPF_MAP_TYPE_ARRAY, 65536, 0, __u32, struct old_vnet);
OLD_MAP(resources, BPF_MAP_TYPE_ARRAY, 65536, 0, __u32, struct old_resource);
OLD_MAP(fdb, BPF_MAP_TYPE_HASH, 1048576, BPF_F_NO_PREALLOC, struct old_fdb_key, __u32);
OLD_MAP(vlans, BPF_MAP_TYPE_HASH, 131072, BPF_F_NO_PREALLOC, struct old_vlans_key,
	struct old_vlans);
OLD_MAP(counters, BPF_MAP_TYPE_PERCPU_ARRAY, 4096, 0, __u32, struct old_counters);
OLD_MAP(far_counters, BPF_MAP_TYPE_PERCPU_HASH, 65536, BPF_F_NO_PREALLOC, __u32,
	struct old_counters);
OLD_MAP(drops, BPF_MAP_TYPE_PERCPU_HASH, 65536, BPF_F_NO_PREALLOC, __u32, struct old_drops);
OLD_MAP(devices, BPF_MAP_TYPE_DEVMAP_HASH, 65536, 0, __u32, struct old_device);
OLD_MAP(storms, BPF_MAP_TYPE_HASH, 131072, BPF_F_NO_PREALLOC, struct old_storm_key,
	struct old_storm);
OLD_MAP(allowed, BPF_MAP_TYPE_LPM_TRIE, 2097152, BPF_F_NO_PREALLOC, struct old_allowed_key, __u32);

static __always_inline bool same_mac(const __u8 *a, const __u8 *b)
{
	__u8 differ = 0;

	for (int i = 0; i < ETH_ALEN; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

static __always_inline const struct old_resource *if_up(__u32 number)
{
	const struct old_resource *r = bpf_map_lookup_elem(&resources, &number);

	return number && r && r->up ? r : NULL;
}

static __always_inline const struct old_resource *choose(const struct old_vnet *n, __u32 vnet,
							 const __u8 *dst, __u32 *ret)
{
	struct old_fdb_key key = { .vnet = vnet, .vlan = n->pvid };
	const struct old_resource *r;
	const __u32 *guest;

	if (dst[0] & 1) {
		*ret = n->service;
		return if_up(n->service);
	}
	__builtin_memcpy(key.mac, dst, ETH_ALEN);
	guest = bpf_map_lookup_elem(&fdb, &key);
	*ret = guest ? *guest : n->hybrid;
	r = if_up(*ret);
	if (r)
		return r;
	*ret = n->service;
	return if_up(n->service);
}

SEC("tc")
int vnet_tx(struct __sk_buff *skb)
{
	const __u8 *data = (void *)(long)skb->data;
	const struct old_resource *r;
	const struct old_port *port;
	const struct old_vnet *n;
	struct old_counters *c;
	__u32 ifindex = skb->ifindex, vnet, number;

	port = bpf_map_lookup_elem(&ports, &ifindex);
	if (!port || !port->vnet || data + ETH_HLEN > (const __u8 *)(long)skb->data_end)
		return TC_ACT_UNSPEC;
	vnet = port->vnet;
	n = bpf_map_lookup_elem(&vnets, &vnet);
	if (!n || !n->pvid)
		return TC_ACT_UNSPEC;
	r = choose(n, vnet, data, &number);
	if (!r)
		return TC_ACT_SHOT;
	c = bpf_map_lookup_elem(&counters, &number);
	if (c)
		c->tx_packets++;
	return bpf_redirect(r->ifindex, 0);
}

SEC("tc")
int vnet_rx(struct __sk_buff *skb)
{
	const __u8 *data = (void *)(long)skb->data;
	const struct old_port *port;
	const struct old_vnet *n;
	struct old_counters *c;
	__u32 ifindex = skb->ifindex, vnet, number;

	port = bpf_map_lookup_elem(&ports, &ifindex);
	if (!port || !port->vnet || data + ETH_HLEN > (const __u8 *)(long)skb->data_end)
		return TC_ACT_UNSPEC;
	vnet = port->vnet;
	number = port->resource;
	n = bpf_map_lookup_elem(&vnets, &vnet);
	if (!n || !n->pvid)
		return TC_ACT_UNSPEC;
	if (!(data[0] & 1) && !same_mac(data, n->mac))
		return TC_ACT_SHOT;
	c = bpf_map_lookup_elem(&counters, &number);
	if (c)
		c->rx_packets++;
	ifindex = n->port;
	if (same_mac(data, n->mac))
		bpf_skb_change_type(skb, PACKET_HOST);
	return bpf_redirect(ifindex, 0);
}
