// SPDX-License-Identifier: GPL-2.0-or-later
/* From a model's configuration to rows of the maps, and from the maps to counters. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "world_internal.h"

#define NUMBERS_MAX 64 /* vnets and resources of configurations have smaller numbers */
#define KEY_MAX	    16 /* bytes */

#define MAP_FD(w, name) bpf_map__fd((w)->skel->maps.name)

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
	return bpf_map_update_elem(MAP_FD(w, vlans), &key, &row, BPF_ANY);
}

/* Per-CPU maps take one value for each CPU: all of them zero. */
static int write_zero(int fd, uint32_t key, size_t value_size)
{
	int cpus = libbpf_num_possible_cpus(), err;
	void *zero;

	if (cpus < 0)
		return cpus;
	zero = calloc((size_t)cpus, value_size);
	if (!zero)
		return -ENOMEM;
	err = bpf_map_update_elem(fd, &key, zero, BPF_ANY);
	free(zero);
	return err;
}

static int write_vnet(const struct world *w, const struct model_vnet *n)
{
	struct abi_vnet row = { .pvid = n->pvid, .port = n->port };
	int err;

	memcpy(row.mac, n->mac, sizeof(row.mac));
	row.flags = (n->guard ? ABI_VNET_GUARD : 0) | (n->promiscuous ? ABI_VNET_PROMISC : 0) |
		    (n->peer ? ABI_VNET_PEER : 0) |
		    (n->hybrid_needs_service ? ABI_VNET_HYBRID_NEEDS_SERVICE : 0);
	row.service = service_of(w->config, n->number);
	row.hybrid = next_hybrid(w->config, n->number, NULL);
	err = bpf_map_update_elem(MAP_FD(w, vnets), &n->number, &row, BPF_ANY);
	if (!err && n->vlans.vlan[0])
		err = write_vlans(w, n->number, 0, &n->vlans);
	return err ? err : write_zero(MAP_FD(w, drops), n->number, sizeof(struct abi_drops));
}

static int write_resource(const struct world *w, const struct model_resource *r)
{
	struct abi_resource row = {
		.ifindex = r->ifindex,
		.pvid = r->pvid,
		.type = (uint8_t)r->type,
		.up = r->up,
		.vlans = r->own_vlans,
		.vnet = r->vnet,
	};
	int err;

	if (r->type == ABI_GUEST)
		memcpy(row.peer, r->peer, sizeof(row.peer));
	if (r->type == ABI_HYBRID)
		row.fallback = next_hybrid(w->config, r->vnet, r);
	err = bpf_map_update_elem(MAP_FD(w, resources), &r->number, &row, BPF_ANY);
	if (!err && r->own_vlans)
		err = write_vlans(w, r->vnet, r->number, &r->vlans);
	return err ? err : write_zero(MAP_FD(w, counters), r->number, sizeof(struct abi_counters));
}

static int write_fdb(const struct world *w, const struct model_fdb *entry)
{
	struct abi_fdb_key key = { .vnet = entry->vnet, .vlan = entry->vlan };

	memcpy(key.mac, entry->mac, sizeof(key.mac));
	return bpf_map_update_elem(MAP_FD(w, fdb), &key, &entry->resource, BPF_NOEXIST);
}

static int write_port(struct world *w, const struct model_port *port)
{
	struct abi_port row = { port->vnet, port->resource };
	int err = bpf_map_update_elem(MAP_FD(w, ports), &port->ifindex, &row, BPF_NOEXIST);

	return err ? err : world_device(w, port->ifindex);
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

static int clear_maps(const struct world *w)
{
	const int hashes[] = { MAP_FD(w, ports), MAP_FD(w, fdb), MAP_FD(w, vlans),
			       MAP_FD(w, counters), MAP_FD(w, drops) };
	const struct abi_resource no_resource = { 0 };
	const struct abi_vnet no_vnet = { 0 };
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(hashes) / sizeof(hashes[0]); i++)
		err = clear_hash(hashes[i]);
	for (uint32_t i = 0; !err && i < NUMBERS_MAX; i++) {
		err = bpf_map_update_elem(MAP_FD(w, vnets), &i, &no_vnet, BPF_ANY);
		if (!err)
			err = bpf_map_update_elem(MAP_FD(w, resources), &i, &no_resource, BPF_ANY);
	}
	return err;
}

int world_apply(struct world *w, const struct model_config *c)
{
	int err = clear_maps(w);

	w->config = c;
	for (size_t i = 0; !err && i < c->vnet_count; i++)
		err = c->vnets[i].number < NUMBERS_MAX ? write_vnet(w, &c->vnets[i]) : -E2BIG;
	for (size_t i = 0; !err && i < c->resource_count; i++)
		err = c->resources[i].number < NUMBERS_MAX ? write_resource(w, &c->resources[i])
							   : -E2BIG;
	for (size_t i = 0; !err && i < c->fdb_count; i++)
		err = write_fdb(w, &c->fdb[i]);
	for (size_t i = 0; !err && i < c->port_count; i++)
		err = write_port(w, &c->ports[i]);
	return err;
}

/* --- counters --- */

/* Adds up @words counters over the CPUs. */
static int read_sum(int fd, uint32_t key, size_t words, uint64_t *ret)
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

int world_count(const struct world *w, struct world_counts *ret)
{
	const struct model_config *c = w->config;
	const size_t of_resource = sizeof(struct abi_counters) / sizeof(uint64_t);
	const size_t of_vnet = sizeof(struct abi_drops) / sizeof(uint64_t);
	int err = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; !err && i < c->resource_count; i++)
		err = read_sum(MAP_FD(w, counters), c->resources[i].number, of_resource,
			       (uint64_t *)&ret->resources[i]);
	for (size_t i = 0; !err && i < c->vnet_count; i++)
		err = read_sum(MAP_FD(w, drops), c->vnets[i].number, of_vnet,
			       (uint64_t *)&ret->vnets[i]);
	return err;
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
