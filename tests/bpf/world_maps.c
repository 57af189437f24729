// SPDX-License-Identifier: GPL-2.0-or-later
/* From a model's configuration to rows of the maps, and from the maps to counters. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/rows.h"
#include "world_internal.h"

#define KEY_MAX 64 /* bytes */

#define MAP_FD(w, name) bpf_map__fd((w)->skel->maps.name)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/*
 * The numbers that configurations use: small ones, and those around the end of what is near. Tests
 * fork, so nobody remembers which rows there are; all of these are cleared.
 */
struct range {
	uint32_t first, end;
};

static const struct range numbers[] = { { 0, 64 },
					{ ABI_COUNTERS_NEAR - 32, ABI_COUNTERS_NEAR + 32 } };
static const struct range near_ports[] = { { 0, 512 }, { ABI_PORTS_NEAR - 32, ABI_PORTS_NEAR } };

#define UPLINKS_USED 8 /* numbers below */

static bool in_ranges(const struct range *ranges, size_t count, uint32_t number)
{
	for (size_t i = 0; i < count; i++)
		if (number >= ranges[i].first && number < ranges[i].end)
			return true;
	return false;
}

/* --- the hybrids of a vnet, the best one first --- */

static bool is_hybrid_of(const struct model_resource *r, uint32_t vnet)
{
	return r->type == ABI_HYBRID && r->vnet == vnet;
}

static bool ranks_before(const struct model_resource *a, const struct model_resource *b)
{
	return a->priority != b->priority ? a->priority < b->priority : a->number < b->number;
}

/* The best of those that rank behind @after (NULL: of all). */
static uint32_t next_hybrid(const struct model_config *c, uint32_t vnet,
			    const struct model_resource *after)
{
	const struct model_resource *best = NULL;

	for (size_t i = 0; i < c->resource_count; i++) {
		const struct model_resource *r = &c->resources[i];

		if (is_hybrid_of(r, vnet) && (!after || ranks_before(after, r)) &&
		    (!best || ranks_before(r, best)))
			best = r;
	}
	return best ? best->number : 0;
}

static uint32_t service_of(const struct model_config *c, uint32_t vnet)
{
	for (size_t i = 0; i < c->resource_count; i++)
		if (c->resources[i].type == ABI_SERVICE && c->resources[i].vnet == vnet)
			return c->resources[i].number;
	return 0;
}

/* --- rows --- */

static int write_vlans(const struct world *w, uint32_t vnet, uint32_t resource,
		       const struct model_vlans *set)
{
	struct abi_vlans_key key = { vnet, resource };
	struct abi_vlans row = { 0 };

	for (size_t i = 0; i < MODEL_VLANS_MAX && set->vlan[i]; i++)
		row.bits[set->vlan[i] / 64] |= 1ULL << (set->vlan[i] % 64);
	return rows_put(MAP_FD(w, vlans), &key, &row, BPF_ANY);
}

static int write_storm(const struct world *w, uint32_t vnet, uint32_t resource,
		       const struct model_storm *storm)
{
	struct abi_storm_key key = { vnet, resource };
	struct abi_storm row = { .interval_ns = storm->interval_ns, .burst_ns = storm->burst_ns };

	return storm->on ? rows_put(MAP_FD(w, storms), &key, &row, BPF_ANY) : 0;
}

static int write_allowed(const struct world *w, const struct model_vnet *n)
{
	const struct model_protection *p = &n->protection;
	const __u32 there = 1;
	int err = 0;

	for (size_t i = 0; !err && i < p->allowed_count; i++) {
		struct abi_allowed_key key = { .prefixlen = 32u + p->allowed[i].length,
					       .vnet = n->number };

		memcpy(key.address, p->allowed[i].address, sizeof(key.address));
		err = rows_put(MAP_FD(w, allowed), &key, &there, BPF_ANY);
	}
	return err;
}

int world_zero(int fd, uint32_t key, size_t value_size)
{
	int cpus = libbpf_num_possible_cpus(), err;
	void *zero;

	if (cpus < 0)
		return cpus;
	zero = calloc((size_t)cpus, value_size);
	if (!zero)
		return -ENOMEM;
	err = rows_put(fd, &key, zero, BPF_ANY);
	free(zero);
	return err;
}

static uint32_t vnet_flags(const struct model_config *c, const struct model_vnet *n)
{
	const struct {
		bool on;
		enum abi_vnet_flag flag;
	} flags[] = {
		{ n->guard, ABI_VNET_GUARD },
		{ n->promiscuous, ABI_VNET_PROMISC },
		{ n->peer, ABI_VNET_PEER },
		{ n->hybrid_needs_service, ABI_VNET_HYBRID_NEEDS_SERVICE },
		{ n->storm.on, ABI_VNET_STORM },
		{ n->xdp, ABI_VNET_XDP },
		{ n->protection.mac_nospoof, ABI_VNET_MAC_NOSPOOF },
		{ n->protection.ip_nospoof, ABI_VNET_IP_NOSPOOF },
		{ n->protection.dhcp_nospoof, ABI_VNET_DHCP_NOSPOOF },
		{ n->protection.restricted, ABI_VNET_RESTRICTED },
		{ world_has_flows(c, n->number), ABI_VNET_FLOWS },
		{ world_leads(c, n->number, ABI_TARGET_CPU), ABI_VNET_CPU },
		{ world_is_limited(&n->limit), ABI_VNET_LIMIT },
		{ n->fq, ABI_VNET_FQ },
	};
	uint32_t all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		all |= flags[i].on ? flags[i].flag : 0;
	return all;
}

static int write_vnet(const struct world *w, const struct model_vnet *n)
{
	struct abi_vnet row = { .pvid = n->pvid,
				.port = n->port,
				.flags = vnet_flags(w->config, n) };
	int err;

	memcpy(row.mac, n->mac, sizeof(row.mac));
	row.service = service_of(w->config, n->number);
	row.hybrid = next_hybrid(w->config, n->number, NULL);
	err = rows_put(MAP_FD(w, vnets), &n->number, &row, BPF_ANY);
	if (!err && n->vlans.vlan[0])
		err = write_vlans(w, n->number, 0, &n->vlans);
	if (!err)
		err = write_storm(w, n->number, 0, &n->storm);
	if (!err)
		err = write_allowed(w, n);
	return err ? err : world_zero(MAP_FD(w, drops), n->number, sizeof(struct abi_drops));
}

static int zero_counters(const struct world *w, uint32_t resource)
{
	int fd = resource < ABI_COUNTERS_NEAR ? MAP_FD(w, counters) : MAP_FD(w, far_counters);

	return world_zero(fd, resource, sizeof(struct abi_counters));
}

static int write_resource(const struct world *w, const struct model_resource *r)
{
	struct abi_resource row = {
		.ifindex = r->ifindex,
		.pvid = r->pvid,
		.type = (uint8_t)r->type,
		.up = !r->up	? ABI_DOWN
		      : r->held ? ABI_UP_LAST
				: ABI_UP,
		.flags = (r->own_vlans ? ABI_RESOURCE_VLANS : 0) |
			 (r->storm.on ? ABI_RESOURCE_STORM : 0) |
			 (r->peer_else ? ABI_RESOURCE_PEER : 0) | (r->xdp ? ABI_RESOURCE_XDP : 0) |
			 (r->shared ? ABI_RESOURCE_SHARED : 0) |
			 (world_is_limited(&r->limit) ? ABI_RESOURCE_LIMIT : 0) |
			 (r->fq ? ABI_RESOURCE_FQ : 0),
		.vnet = r->vnet,
		.twin = r->twin,
		.uplink = r->uplink,
	};
	int err;

	if (r->type == ABI_GUEST)
		memcpy(row.peer, r->peer, sizeof(row.peer));
	if (r->type == ABI_HYBRID)
		row.fallback = next_hybrid(w->config, r->vnet, r);
	err = rows_put(MAP_FD(w, resources), &r->number, &row, BPF_ANY);
	if (!err && r->own_vlans)
		err = write_vlans(w, r->vnet, r->number, &r->vlans);
	if (!err)
		err = write_storm(w, r->vnet, r->number, &r->storm);
	return err ? err : zero_counters(w, r->number);
}

static int write_fdb(const struct world *w, const struct model_fdb *entry)
{
	struct abi_fdb_key key = { .vnet = entry->vnet, .vlan = entry->vlan };

	memcpy(key.mac, entry->mac, sizeof(key.mac));
	return rows_put(MAP_FD(w, fdb), &key, &entry->resource, BPF_NOEXIST);
}

static int write_port(struct world *w, const struct model_port *port)
{
	struct abi_port row = { .vnet = (uint16_t)port->vnet,
				.resource = port->uplink ? port->uplink : port->resource,
				.flags = port->uplink	? ABI_PORT_UPLINK
					 : port->egress ? ABI_PORT_EGRESS
							: 0 };
	int fd = port->ifindex < ABI_PORTS_NEAR ? MAP_FD(w, ports) : MAP_FD(w, far_ports);
	int err;

	if (port->ifindex < ABI_PORTS_NEAR &&
	    !in_ranges(near_ports, ARRAY_SIZE(near_ports), port->ifindex))
		return -E2BIG;
	err = rows_put(fd, &port->ifindex, &row, BPF_ANY);
	return err ? err : world_device(w, port->ifindex);
}

/* The members, each in a slot; every other slot is empty. */
static int write_uplink(const struct world *w, const struct model_config *c,
			const struct model_uplink *u)
{
	const uint32_t owner = ABI_OF_UPLINK | u->number;
	struct abi_uplink row = {
		.ifindex = u->ifindex,
		.flags = (u->steer_ip ? ABI_UPLINK_STEER_IP : 0) |
			 (world_has_flows(c, owner) ? ABI_UPLINK_FLOWS : 0) |
			 (world_leads(c, owner, ABI_TARGET_VNET) ? ABI_UPLINK_TARGETS : 0) |
			 (world_leads(c, owner, ABI_TARGET_CPU) ? ABI_UPLINK_CPU : 0)
	};
	struct abi_member_key key = { .uplink = u->number };
	int err = u->number < UPLINKS_USED ? 0 : -E2BIG;

	for (size_t i = 0; !err && i < c->resource_count; i++) {
		if (c->resources[i].uplink != u->number || !c->resources[i].member)
			continue;
		err = rows_put(MAP_FD(w, members), &key, &c->resources[i].number, BPF_NOEXIST);
		row.slots = key.slot + 1;
		key.slot += 2;
	}
	memcpy(row.mac, u->mac, sizeof(row.mac));
	return err ? err : rows_put(MAP_FD(w, uplinks), &u->number, &row, BPF_ANY);
}

static int write_holder(const struct world *w, const struct model_holder *h)
{
	struct abi_address_key key = { .uplink = h->uplink, .vlan = h->vlan };
	const struct abi_holder row = { .resource = h->resource };

	memcpy(key.address, h->address, sizeof(key.address));
	return rows_put(MAP_FD(w, addresses), &key, &row, BPF_NOEXIST);
}

static int write_learner(const struct world *w, const struct model_resource *r)
{
	struct abi_learner *row = calloc(1, sizeof(*row));
	int err = row ? 0 : -ENOMEM;

	if (!err && r->learns)
		err = rows_put(MAP_FD(w, learners), &r->number, row, BPF_NOEXIST);
	free(row);
	return err;
}

/* The kernel takes the row of a device away with it, so one that is not present has none. */
static int write_device(struct world *w, const struct model_device *d)
{
	const struct abi_device row = { .ifindex = d->ifindex };
	int err = world_device_set(w, d);

	if (err || !d->present)
		return err;
	return rows_put(MAP_FD(w, devices), &d->ifindex, &row, BPF_ANY);
}

/* --- all of it --- */

static int clear_hash(int fd)
{
	uint8_t key[KEY_MAX];
	int err;

	while (bpf_map_get_next_key(fd, NULL, key) == 0) {
		err = bpf_map_delete_elem(fd, key);
		if (err)
			return err;
	}
	return errno == ENOENT ? 0 : -errno;
}

static int clear_range(int fd, struct range r, size_t value_size)
{
	uint32_t count = r.end - r.first, *keys = calloc(count, sizeof(*keys));
	void *zero = calloc(count, value_size);
	int err = keys && zero ? 0 : -ENOMEM;

	for (uint32_t i = 0; !err && i < count; i++)
		keys[i] = r.first + i;
	if (!err)
		err = bpf_map_update_batch(fd, keys, zero, &count, NULL);
	free(keys);
	free(zero);
	return err;
}

static int clear_maps(const struct world *w)
{
	const int hashes[] = { MAP_FD(w, far_ports),  MAP_FD(w, fdb),
			       MAP_FD(w, vlans),      MAP_FD(w, far_counters),
			       MAP_FD(w, drops),      MAP_FD(w, devices),
			       MAP_FD(w, storms),     MAP_FD(w, allowed),
			       MAP_FD(w, members),    MAP_FD(w, addresses),
			       MAP_FD(w, learners),   MAP_FD(w, flow_table),
			       MAP_FD(w, flow_lists), MAP_FD(w, limits),
			       MAP_FD(w, fragments),  MAP_FD(w, far_flow_counters) };
	const struct range uplinks = { 0, UPLINKS_USED };
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(hashes); i++)
		err = clear_hash(hashes[i]);
	for (size_t i = 0; !err && i < ARRAY_SIZE(near_ports); i++)
		err = clear_range(MAP_FD(w, ports), near_ports[i], sizeof(struct abi_port));
	if (!err)
		err = clear_range(MAP_FD(w, uplinks), uplinks, sizeof(struct abi_uplink));
	for (size_t i = 0; !err && i < ARRAY_SIZE(numbers); i++) {
		err = clear_range(MAP_FD(w, vnets), numbers[i], sizeof(struct abi_vnet));
		if (!err)
			err = clear_range(MAP_FD(w, resources), numbers[i],
					  sizeof(struct abi_resource));
		if (!err)
			err = clear_range(MAP_FD(w, flows), numbers[i], sizeof(struct abi_flow));
	}
	return err;
}

static int write_rows(struct world *w, const struct model_config *c)
{
	int err = 0;

	for (size_t i = 0; !err && i < c->device_count; i++)
		err = write_device(w, &c->devices[i]);
	for (size_t i = 0; !err && i < c->vnet_count; i++)
		err = in_ranges(numbers, ARRAY_SIZE(numbers), c->vnets[i].number)
			      ? write_vnet(w, &c->vnets[i])
			      : -E2BIG;
	for (size_t i = 0; !err && i < c->resource_count; i++)
		err = in_ranges(numbers, ARRAY_SIZE(numbers), c->resources[i].number)
			      ? write_resource(w, &c->resources[i])
			      : -E2BIG;
	for (size_t i = 0; !err && i < c->fdb_count; i++)
		err = write_fdb(w, &c->fdb[i]);
	for (size_t i = 0; !err && i < c->uplink_count; i++)
		err = write_uplink(w, c, &c->uplinks[i]);
	for (size_t i = 0; !err && i < c->holder_count; i++)
		err = write_holder(w, &c->holders[i]);
	for (size_t i = 0; !err && i < c->resource_count; i++)
		err = write_learner(w, &c->resources[i]);
	for (size_t i = 0; !err && i < c->port_count; i++)
		err = write_port(w, &c->ports[i]);
	return err ? err : world_flows_apply(w, c);
}

/* What the programs remember of the FDB ends here. */
static int next_generation(const struct world *w)
{
	const uint32_t zero = 0;
	struct abi_meta row;
	int err = bpf_map_lookup_elem(MAP_FD(w, meta), &zero, &row);

	row.generation++;
	return err ? err : rows_put(MAP_FD(w, meta), &zero, &row, BPF_ANY);
}

int world_apply(struct world *w, const struct model_config *c)
{
	int err = clear_maps(w);

	w->config = c;
	if (!err)
		err = write_rows(w, c);
	return err ? err : next_generation(w);
}

/* --- counters --- */

int world_sum(int fd, uint32_t key, size_t words, uint64_t *ret)
{
	int cpus = libbpf_num_possible_cpus(), err;
	uint64_t *values;

	memset(ret, 0, words * sizeof(*ret));
	if (cpus < 0)
		return cpus;
	values = calloc((size_t)cpus * words, sizeof(*values));
	if (!values)
		return -ENOMEM;
	err = bpf_map_lookup_elem(fd, &key, values);
	for (size_t i = 0; !err && i < (size_t)cpus * words; i++)
		ret[i % words] += values[i];
	free(values);
	return err;
}

static int read_counters(const struct world *w, uint32_t resource, struct abi_counters *ret)
{
	int fd = resource < ABI_COUNTERS_NEAR ? MAP_FD(w, counters) : MAP_FD(w, far_counters);

	return world_sum(fd, resource, sizeof(*ret) / sizeof(uint64_t), (uint64_t *)ret);
}

int world_count(const struct world *w, struct world_counts *ret)
{
	const struct model_config *c = w->config;
	const size_t of_vnet = sizeof(struct abi_drops) / sizeof(uint64_t);
	int err = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; !err && i < c->resource_count; i++)
		err = read_counters(w, c->resources[i].number, &ret->resources[i]);
	for (size_t i = 0; !err && i < c->vnet_count; i++)
		err = world_sum(MAP_FD(w, drops), c->vnets[i].number, of_vnet,
				(uint64_t *)&ret->vnets[i]);
	return err ? err : world_flows_count(w, ret);
}

int world_counted_since(const struct world *w, const struct world_counts *start,
			struct world_counts *ret)
{
	const uint64_t *before = (const uint64_t *)start;
	uint64_t *after = (uint64_t *)ret;
	int err = world_count(w, ret);

	for (size_t i = 0; !err && i < sizeof(*ret) / sizeof(*after); i++)
		after[i] -= before[i];
	return err;
}
