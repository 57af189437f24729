/* SPDX-License-Identifier: GPL-2.0-only */
/* The maps, by the names under which they are pinned, and the policy's look-ups in them. */
#ifndef VNET_BPF_MAPS_H
#define VNET_BPF_MAPS_H

#include "policy.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct abi_meta);
} meta SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ABI_PORTS_NEAR);
	__type(key, __u32);
	__type(value, struct abi_port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_VNETS_MAX * 2 + ABI_RESOURCES_MAX);
	__type(key, __u32);
	__type(value, struct abi_port);
} far_ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ABI_VNETS_MAX);
	__type(key, __u32);
	__type(value, struct abi_vnet);
} vnets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ABI_RESOURCES_MAX);
	__type(key, __u32);
	__type(value, struct abi_resource);
} resources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_FDB_MAX);
	__type(key, struct abi_fdb_key);
	__type(value, __u32);
} fdb SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ABI_CACHE_MAX);
	__type(key, __u32);
	__type(value, struct abi_cache);
} cache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_VNETS_MAX + ABI_RESOURCES_MAX);
	__type(key, struct abi_vlans_key);
	__type(value, struct abi_vlans);
} vlans SEC(".maps");

/*
 * The far ones are allocated with each resource and not for all that could be: an array of 65,536
 * lines would cost a host of 64 CPUs 256 MiB before it has a single vnet.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ABI_COUNTERS_NEAR);
	__type(key, __u32);
	__type(value, struct abi_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_RESOURCES_MAX);
	__type(key, __u32);
	__type(value, struct abi_counters);
} far_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_VNETS_MAX);
	__type(key, __u32);
	__type(value, struct abi_drops);
} drops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, ABI_DEVICES_MAX);
	__type(key, __u32);
	__type(value, struct abi_device);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_VNETS_MAX + ABI_RESOURCES_MAX);
	__type(key, struct abi_storm_key);
	__type(value, struct abi_storm);
} storms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_ALLOWED_MAX);
	__type(key, struct abi_allowed_key);
	__type(value, __u32);
} allowed SEC(".maps");

/* --- uplinks --- */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ABI_UPLINKS_MAX);
	__type(key, __u32);
	__type(value, struct abi_uplink);
} uplinks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_MEMBERS_MAX);
	__type(key, struct abi_member_key);
	__type(value, __u32);
} members SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_ADDRESSES_MAX);
	__type(key, struct abi_address_key);
	__type(value, struct abi_holder);
} addresses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_RESOURCES_MAX);
	__type(key, __u32);
	__type(value, struct abi_learner);
} learners SEC(".maps");

/* --- flows and limits --- */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_FLOW_TABLE_MAX);
	__type(key, struct abi_flow_key);
	__type(value, struct abi_flow_hit);
} flow_table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ABI_FLOW_SHAPES_MAX);
	__type(key, __u32);
	__type(value, struct abi_flow_shape);
} flow_shapes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_FLOW_LISTS_MAX);
	__type(key, struct abi_flow_list_key);
	__type(value, struct abi_flow_list);
} flow_lists SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ABI_FLOWS_MAX);
	__type(key, __u32);
	__type(value, struct abi_flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ABI_FLOW_COUNTERS_NEAR);
	__type(key, __u32);
	__type(value, struct abi_flow_counters);
} flow_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_FLOWS_MAX);
	__type(key, __u32);
	__type(value, struct abi_flow_counters);
} far_flow_counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, ABI_LIMITS_MAX);
	__type(key, struct abi_limit_key);
	__type(value, struct abi_limit);
} limits SEC(".maps");

/* The loader makes room for all CPUs that there may be. */
struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct abi_cpu);
} cpus SEC(".maps");

/* The same for the program that the stack runs: the kernel does not let programs for fragments and
 * others share one. */
struct {
	__uint(type, BPF_MAP_TYPE_CPUMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct abi_cpu);
} cpus_generic SEC(".maps");

/* --- looking into them --- */

/*
 * Of a row that was found near: two look-ups that differ in the map alone would become one of a map
 * that is only known at run time, and that is a call where an array takes a few instructions.
 */
#define MAPS_NEAR(row) asm volatile("" : "+r"(row))

static __always_inline const struct abi_port *maps_any_port(__u32 ifindex)
{
	const struct abi_port *port;

	if (ifindex >= ABI_PORTS_NEAR)
		return bpf_map_lookup_elem(&far_ports, &ifindex);
	port = bpf_map_lookup_elem(&ports, &ifindex);
	MAPS_NEAR(port);
	return port;
}

/* NULL: nobody's, or an uplink's. */
static __always_inline const struct abi_port *maps_port(__u32 ifindex)
{
	const struct abi_port *port = maps_any_port(ifindex);

	return port && port->vnet ? port : NULL;
}

/* NULL: none has that number. */
static __always_inline const struct abi_uplink *maps_uplink(__u32 number)
{
	const struct abi_uplink *u = bpf_map_lookup_elem(&uplinks, &number);

	return u && u->ifindex ? u : NULL;
}

/* NULL: an array has all rows, and one that is all zero is no vnet. */
static __always_inline const struct abi_vnet *maps_vnet(__u32 number)
{
	const struct abi_vnet *n = bpf_map_lookup_elem(&vnets, &number);

	return n && n->pvid ? n : NULL;
}

POLICY_INLINE const struct abi_resource *policy_resource(__u32 number)
{
	return bpf_map_lookup_elem(&resources, &number);
}

POLICY_INLINE bool policy_vlan_bit(__u32 vnet, __u32 resource, __u16 vlan)
{
	struct abi_vlans_key key = { .vnet = vnet, .resource = resource };
	const struct abi_vlans *set = bpf_map_lookup_elem(&vlans, &key);

	return set && (set->bits[(vlan & (ABI_VLANS - 1)) / 64] >> (vlan % 64) & 1);
}

#endif
