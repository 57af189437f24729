// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of the maps: written, read, summed up. */
#include "datapath_internal.h"

#include <errno.h>

#include <bpf/bpf.h>

/* The map's descriptor, or -errno. */
static int map_of(struct datapath *d, enum loader_map map)
{
	int r = datapath_open(d, NULL);

	return r < 0 ? r : d->set.maps[map];
}

/* For who does not add. */
static int map_if_there(struct datapath *d, enum loader_map map)
{
	int r = datapath_open_if_there(d);

	return r < 0 ? r : d->set.maps[map];
}

/* The near maps are arrays, for the numbers that nearly all have; the far ones are hashes. */
static enum loader_map ports_of(uint32_t ifindex)
{
	return ifindex < ABI_PORTS_NEAR ? LOADER_PORTS : LOADER_FAR_PORTS;
}

static enum loader_map counters_of(uint32_t resource)
{
	return resource < ABI_COUNTERS_NEAR ? LOADER_COUNTERS : LOADER_FAR_COUNTERS;
}

/* For who adds, the map; for who removes, the map or none: then @ret is -1. */
static int map_for(struct datapath *d, enum loader_map map, const void *row, int *ret)
{
	int fd = row ? map_of(d, map) : map_if_there(d, map);

	if (fd < 0 && (row || fd != -ENOENT))
		return fd;
	*ret = fd < 0 ? -1 : fd;
	return 0;
}

/* @row NULL: none, which is all zeroes. */
static int array_write(struct datapath *d, enum loader_map map, uint32_t number, const void *row,
		       size_t size)
{
	static const uint8_t none[ROWS_ARRAY_ROW_MAX];
	int fd, r;

	if (!number)
		return -EINVAL;
	r = map_for(d, map, row, &fd);
	if (r < 0 || fd < 0)
		return r;
	return rows_write(fd, number, row ? row : none, size);
}

/* An array's row of zeroes says that there is none. */
static int array_read(struct datapath *d, enum loader_map map, uint32_t number, void *ret,
		      size_t size)
{
	static const uint8_t none[ROWS_ARRAY_ROW_MAX];
	uint8_t row[ROWS_ARRAY_ROW_MAX];
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
	int fd, r = map_for(d, map, row, &fd);

	if (r < 0 || fd < 0)
		return r;
	return row ? rows_put(fd, key, row, BPF_ANY) : rows_delete(fd, key);
}

static int hash_read(struct datapath *d, enum loader_map map, const void *key, void *ret)
{
	int fd = map_if_there(d, map);

	return fd < 0 ? fd : bpf_map_lookup_elem(fd, key, ret);
}

/* --- rows with counts: there, and zero, before the row is, and gone after it --- */

struct counted {
	enum loader_map rows; /* an array */
	size_t size;
	enum loader_map counts;
	bool near; /* the counts are an array too: they are always there */
};

/* 1 if this made them, 0 if they were there: who has a row keeps its counts. */
static int counts_begin(struct datapath *d, const struct counted *c, uint32_t number)
{
	uint8_t row[ROWS_ARRAY_ROW_MAX];
	int fd = map_of(d, c->counts), r;

	if (fd < 0)
		return fd;
	if (!c->near)
		return rows_cpus_make(d->cpus, fd, number);
	r = array_read(d, c->rows, number, row, c->size);
	if (r != -ENOENT)
		return r;
	/* A program may have counted after the row before this one was gone. */
	r = rows_cpus_zero(d->cpus, fd, number);
	return r < 0 ? r : 1;
}

static int counts_end(struct datapath *d, const struct counted *c, uint32_t number)
{
	int fd = map_if_there(d, c->counts);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	return c->near ? rows_cpus_zero(d->cpus, fd, number) : rows_delete(fd, &number);
}

static int counted_write(struct datapath *d, const struct counted *c, uint32_t number,
			 const void *row)
{
	int made = 0, r;

	if (!number)
		return -EINVAL;
	if (row)
		made = counts_begin(d, c, number);
	if (made < 0)
		return made;
	r = array_write(d, c->rows, number, row, c->size);
	if (!row && r == 0)
		return counts_end(d, c, number);
	if (r < 0 && made)
		counts_end(d, c, number);
	return r;
}

int datapath_vnet_write(void *datapath, uint32_t vnet, const struct abi_vnet *row)
{
	static const struct counted c = { LOADER_VNETS, sizeof(*row), LOADER_DROPS, false };

	return counted_write(datapath, &c, vnet, row);
}

int datapath_resource_write(void *datapath, uint32_t resource, const struct abi_resource *row)
{
	const enum loader_map counts = counters_of(resource);
	const struct counted c = { LOADER_RESOURCES, sizeof(*row), counts,
				   counts == LOADER_COUNTERS };

	return counted_write(datapath, &c, resource, row);
}

int datapath_flow_row_write(struct datapath *d, uint32_t flow, const struct abi_flow *row)
{
	const bool near = flow < ABI_FLOW_COUNTERS_NEAR;
	const struct counted c = { LOADER_FLOWS, sizeof(*row),
				   near ? LOADER_FLOW_COUNTERS : LOADER_FAR_FLOW_COUNTERS, near };

	return counted_write(d, &c, flow, row);
}

/* --- the other rows --- */

int datapath_port_write(void *datapath, uint32_t ifindex, const struct abi_port *port)
{
	const enum loader_map map = ports_of(ifindex);

	return map == LOADER_PORTS ? array_write(datapath, map, ifindex, port, sizeof(*port))
				   : hash_write(datapath, map, &ifindex, port);
}

/* What the programs remember ends with its generation. */
int datapath_next_generation(struct datapath *d)
{
	int fd = map_if_there(d, LOADER_META), r;
	const uint32_t zero = 0;
	struct abi_meta row;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = bpf_map_lookup_elem(fd, &zero, &row);
	row.generation++;
	return r < 0 ? r : bpf_map_update_elem(fd, &zero, &row, BPF_ANY);
}

int datapath_fdb_write(void *datapath, const struct abi_fdb_key *key, uint32_t resource)
{
	int r = hash_write(datapath, LOADER_FDB, key, resource ? &resource : NULL);

	return r < 0 ? r : datapath_next_generation(datapath);
}

int datapath_vlans_write(void *datapath, const struct abi_vlans_key *key,
			 const struct abi_vlans *row)
{
	return hash_write(datapath, LOADER_VLANS, key, row);
}

/*
 * A row that is there already stays: while one is replaced, a program on another CPU may find
 * neither the old nor the new one.
 */
int datapath_device_write(void *datapath, uint32_t ifindex, bool there)
{
	const struct abi_device row = { ifindex };
	struct abi_device old;
	int fd, r = map_for(datapath, LOADER_DEVICES, there ? &row : NULL, &fd);

	if (r < 0 || fd < 0)
		return r;
	if (!there)
		return rows_delete(fd, &ifindex);
	if (bpf_map_lookup_elem(fd, &ifindex, &old) == 0)
		return 0;
	r = rows_put(fd, &ifindex, &row, BPF_ANY);
	/* The kernel's words for "full" and for "no such device". */
	return r == -E2BIG ? -ENOSPC : r == -EINVAL ? -ENODEV : r;
}

/* Who is there stays: a new row is a new thread, and what waits for the old one comes late. */
static int cpu_write(struct datapath *d, enum loader_map map, uint32_t cpu, bool there)
{
	const struct abi_cpu row = { ABI_CPU_QUEUE };
	struct abi_cpu old;
	int fd, r = map_for(d, map, there ? &row : NULL, &fd);

	if (r < 0 || fd < 0)
		return r;
	if (bpf_map_lookup_elem(fd, &cpu, &old) < 0)
		r = there ? rows_put(fd, &cpu, &row, BPF_ANY) : 0;
	else
		r = there ? 0 : rows_delete(fd, &cpu);
	return r == -E2BIG ? -ENODEV : r; /* the kernel's word for one behind the last */
}

int datapath_cpu_write(void *datapath, uint32_t cpu, bool there)
{
	int r = cpu_write(datapath, LOADER_CPUS, cpu, there);
	int other = r == 0 || !there ? cpu_write(datapath, LOADER_CPUS_GENERIC, cpu, there) : 0;

	if (there && other < 0)
		cpu_write(datapath, LOADER_CPUS, cpu, false);
	return r < 0 ? r : other;
}

int datapath_storm_write(void *datapath, const struct abi_storm_key *key,
			 const struct abi_storm *row)
{
	struct abi_storm old;

	if (row && hash_read(datapath, LOADER_STORMS, key, &old) == 0 &&
	    old.interval_ns == row->interval_ns && old.burst_ns == row->burst_ns)
		return 0;
	return hash_write(datapath, LOADER_STORMS, key, row);
}

/* The same limit again leaves its clocks alone; another one begins anew, and nobody waits for it.
 */
int datapath_limit_write(void *datapath, const struct abi_limit_key *key,
			 const struct abi_limit *row)
{
	struct abi_limit old;

	if (row && hash_read(datapath, LOADER_LIMITS, key, &old) == 0 &&
	    memcmp(&old, row, offsetof(struct abi_limit, due_ns)) == 0)
		return 0;
	return hash_write(datapath, LOADER_LIMITS, key, row);
}

/* One whose last owner has gone has left by itself. */
int datapath_xsk_write(void *datapath, uint32_t place, int socket)
{
	int fd, r = map_for(datapath, LOADER_XSKS, socket < 0 ? NULL : &socket, &fd);

	if (r < 0 || fd < 0)
		return r;
	return socket < 0 ? rows_delete(fd, &place) : rows_put(fd, &place, &socket, BPF_ANY);
}

int datapath_allowed_write(void *datapath, const struct abi_allowed_key *key, bool there)
{
	static const uint32_t row = 1;

	return hash_write(datapath, LOADER_ALLOWED, key, there ? &row : NULL);
}

/* --- reading --- */

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
	struct abi_resource row;
	int fd = map_if_there(d, counters_of(resource)), r;

	if (fd < 0)
		return fd;
	/* Near counters are always there, of a resource or of none. */
	r = datapath_resource_read(d, resource, &row);
	return r < 0 ? r
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

int datapath_flow_read(void *datapath, uint32_t number, struct abi_flow *ret)
{
	return array_read(datapath, LOADER_FLOWS, number, ret, sizeof(*ret));
}

int datapath_flow_counters(void *datapath, uint32_t flow, struct abi_flow_counters *ret)
{
	struct datapath *d = datapath;
	struct abi_flow row;
	int fd = map_if_there(d, flow < ABI_FLOW_COUNTERS_NEAR ? LOADER_FLOW_COUNTERS
							       : LOADER_FAR_FLOW_COUNTERS);
	int r;

	if (fd < 0)
		return fd;
	r = array_read(d, LOADER_FLOWS, flow, &row, sizeof(row));
	return r < 0 ? r
		     : rows_cpus_sum(d->cpus, fd, flow, sizeof(*ret) / sizeof(uint64_t),
				     (uint64_t *)ret);
}
