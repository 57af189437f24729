// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of the maps: written, read, summed up, and removed when nobody wants them any more. */
#include "datapath_internal.h"

#include <errno.h>

#include <bpf/bpf.h>

/* The map's descriptor, or -errno. */
static int map_of(struct datapath *d, enum loader_map map)
{
	int r = datapath_open(d, NULL);

	return r < 0 ? r : d->set.maps[map];
}

/* For who does not add: after a flush there is nothing, and that needs no data path to be made. */
static int map_if_there(struct datapath *d, enum loader_map map)
{
	if (!d->open && access(d->folders[FOLDER_MAPS], F_OK) < 0)
		return -errno;
	return map_of(d, map);
}

/* A row of an array together with its row of counters, which is there whenever the first is. */
static int counted_write(struct datapath *d, enum loader_map map, enum loader_map counts,
			 uint32_t number, const void *row, size_t size)
{
	static const uint8_t none[64];
	int fd, made, r;

	if (!number)
		return -EINVAL;
	fd = row ? map_of(d, map) : map_if_there(d, map);
	if (fd < 0)
		return !row && fd == -ENOENT ? 0 : fd;
	if (!row) {
		r = rows_write(fd, number, none, size);
		return r < 0 ? r : rows_delete(d->set.maps[counts], &number);
	}
	made = rows_cpus_make(d->cpus, d->set.maps[counts], number);
	if (made < 0)
		return made;
	r = rows_write(fd, number, row, size);
	if (r < 0 && made)
		rows_delete(d->set.maps[counts], &number);
	return r;
}

/* An array's row of zeroes says that there is none. */
static int array_read(struct datapath *d, enum loader_map map, uint32_t number, void *ret,
		      size_t size)
{
	static const uint8_t none[64];
	uint8_t row[64];
	int fd, r;

	fd = map_if_there(d, map);
	if (fd < 0)
		return fd;
	r = bpf_map_lookup_elem(fd, &number, row);
	if (r < 0)
		return r;
	if (memcmp(row, none, size) == 0)
		return -ENOENT;
	memcpy(ret, row, size);
	return 0;
}

/* @row NULL: none. */
static int hash_write(struct datapath *d, enum loader_map map, const void *key, const void *row)
{
	int fd = row ? map_of(d, map) : map_if_there(d, map);

	if (fd < 0)
		return !row && fd == -ENOENT ? 0 : fd;
	return row ? bpf_map_update_elem(fd, key, row, BPF_ANY) : rows_delete(fd, key);
}

static int hash_read(struct datapath *d, enum loader_map map, const void *key, void *ret)
{
	int fd = map_if_there(d, map);

	return fd < 0 ? fd : bpf_map_lookup_elem(fd, key, ret);
}

int datapath_port_write(void *datapath, uint32_t ifindex, const struct abi_port *port)
{
	return hash_write(datapath, LOADER_PORTS, &ifindex, port);
}

int datapath_vnet_write(void *datapath, uint32_t vnet, const struct abi_vnet *row)
{
	return counted_write(datapath, LOADER_VNETS, LOADER_DROPS, vnet, row, sizeof(*row));
}

int datapath_resource_write(void *datapath, uint32_t resource, const struct abi_resource *row)
{
	return counted_write(datapath, LOADER_RESOURCES, LOADER_COUNTERS, resource, row,
			     sizeof(*row));
}

int datapath_fdb_write(void *datapath, const struct abi_fdb_key *key, uint32_t resource)
{
	return hash_write(datapath, LOADER_FDB, key, resource ? &resource : NULL);
}

int datapath_vlans_write(void *datapath, const struct abi_vlans_key *key,
			 const struct abi_vlans *row)
{
	return hash_write(datapath, LOADER_VLANS, key, row);
}

int datapath_vnet_read(void *datapath, uint32_t vnet, struct abi_vnet *ret)
{
	return array_read(datapath, LOADER_VNETS, vnet, ret, sizeof(*ret));
}

int datapath_resource_read(void *datapath, uint32_t resource, struct abi_resource *ret)
{
	return array_read(datapath, LOADER_RESOURCES, resource, ret, sizeof(*ret));
}

int datapath_fdb_read(void *datapath, const struct abi_fdb_key *key, uint32_t *ret)
{
	return hash_read(datapath, LOADER_FDB, key, ret);
}

int datapath_vlans_read(void *datapath, const struct abi_vlans_key *key, struct abi_vlans *ret)
{
	return hash_read(datapath, LOADER_VLANS, key, ret);
}

int datapath_counters(void *datapath, uint32_t resource, struct abi_counters *ret)
{
	struct datapath *d = datapath;
	int fd = map_if_there(d, LOADER_COUNTERS);

	return fd < 0 ? fd
		      : rows_cpus_sum(d->cpus, fd, resource, sizeof(*ret) / sizeof(uint64_t),
				      (uint64_t *)ret);
}

int datapath_drops(void *datapath, uint32_t vnet, struct abi_drops *ret)
{
	struct datapath *d = datapath;
	int fd = map_if_there(d, LOADER_DROPS);

	return fd < 0 ? fd
		      : rows_cpus_sum(d->cpus, fd, vnet, sizeof(*ret) / sizeof(uint64_t),
				      (uint64_t *)ret);
}

/* --- what is no longer wanted --- */

struct sweep {
	struct datapath *d;
	const struct kernel_wanted *wanted;
};

static int sweep_port(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;
	const uint32_t *ifindex = key;

	return s->wanted->port(s->wanted->context, *ifindex)
		       ? 0
		       : datapath_port_write(s->d, *ifindex, NULL);
}

static int sweep_fdb(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;
	const struct abi_fdb_key *k = key;
	const uint32_t *resource = value;

	return s->wanted->fdb(s->wanted->context, k, *resource) ? 0
								: datapath_fdb_write(s->d, k, 0);
}

static int sweep_vlans(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;
	const struct abi_vlans_key *k = key;

	return s->wanted->vlans(s->wanted->context, k) ? 0 : datapath_vlans_write(s->d, k, NULL);
}

static int sweep_resource(void *context, const void *key, const void *value)
{
	static const struct abi_resource none;
	const struct sweep *s = context;
	const uint32_t *number = key;

	if (memcmp(value, &none, sizeof(none)) == 0 ||
	    s->wanted->resource(s->wanted->context, *number))
		return 0;
	return datapath_resource_write(s->d, *number, NULL);
}

static int sweep_vnet(void *context, const void *key, const void *value)
{
	static const struct abi_vnet none;
	const struct sweep *s = context;
	const uint32_t *number = key;

	if (memcmp(value, &none, sizeof(none)) == 0 || s->wanted->vnet(s->wanted->context, *number))
		return 0;
	return datapath_vnet_write(s->d, *number, NULL);
}

/* Counters whose row is gone, of a daemon that died between the two. */
static int sweep_counters(void *context, const void *key)
{
	const struct sweep *s = context;
	const uint32_t *number = key;

	return s->wanted->resource(s->wanted->context, *number)
		       ? 0
		       : rows_delete(s->d->set.maps[LOADER_COUNTERS], number);
}

static int sweep_drops(void *context, const void *key)
{
	const struct sweep *s = context;
	const uint32_t *number = key;

	return s->wanted->vnet(s->wanted->context, *number)
		       ? 0
		       : rows_delete(s->d->set.maps[LOADER_DROPS], number);
}

/* In the order of removal: who refers to a row goes before it. */
static const struct {
	enum loader_map map;
	size_t key_size;
	size_t value_size;
	int (*visit)(void *context, const void *key, const void *value);
} sweep_maps[] = {
	{ LOADER_PORTS, sizeof(uint32_t), sizeof(struct abi_port), sweep_port },
	{ LOADER_FDB, sizeof(struct abi_fdb_key), sizeof(uint32_t), sweep_fdb },
	{ LOADER_VLANS, sizeof(struct abi_vlans_key), sizeof(struct abi_vlans), sweep_vlans },
	{ LOADER_VNETS, sizeof(uint32_t), sizeof(struct abi_vnet), sweep_vnet },
	{ LOADER_RESOURCES, sizeof(uint32_t), sizeof(struct abi_resource), sweep_resource },
};

int datapath_sweep(void *datapath, const struct kernel_wanted *wanted)
{
	struct datapath *d = datapath;
	struct sweep s = { d, wanted };
	int first, r;

	r = map_if_there(d, LOADER_META);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	first = attach_sweep(&d->place, wanted->hook, wanted->context);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(sweep_maps); i++) {
		r = rows_each(d->set.maps[sweep_maps[i].map], sweep_maps[i].key_size,
			      sweep_maps[i].value_size, sweep_maps[i].visit, &s);
		first = first ? first : r;
	}
	r = rows_each_key(d->set.maps[LOADER_COUNTERS], sizeof(uint32_t), sweep_counters, &s);
	first = first ? first : r;
	r = rows_each_key(d->set.maps[LOADER_DROPS], sizeof(uint32_t), sweep_drops, &s);
	first = first ? first : r;
	/* What is attached now runs our programs; nothing needs the others any more. */
	datapath_forget_old(d);
	return first;
}
