// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From version 1 to version 2. Then, `ports` became an array beside a hash, with 16 bits for the
 * vnet; so did `counters`; `devices`, `storms` and `allowed` are new, and a resource's word that it
 * has VLANs of its own became one of its flags, the first.
 */
#include "migrate.h"

#include <errno.h>
#include <fcntl.h>

#include <bpf/bpf.h>

#include "../bpf/abi.h"
#include "rows.h"

#define OLD_VERSION 1

_Static_assert(OLD_VERSION == ABI_VERSION - 1, "a new version needs a new way from the last one");

struct old_port {
	uint32_t vnet;
	uint32_t resource; /* 0: the upper side */
};

struct migrate {
	const struct loader_set *old;
	const struct loader_set *new;
	struct rows_cpus *cpus;
};

static const enum loader_map shared[] = { LOADER_FDB, LOADER_VLANS, LOADER_DROPS };

/* The shapes that version 1 had of what is read here. */
static const struct {
	enum loader_map map;
	uint32_t type, key_size, value_size;
} shapes[] = {
	{ LOADER_PORTS, BPF_MAP_TYPE_HASH, sizeof(uint32_t), sizeof(struct old_port) },
	{ LOADER_VNETS, BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct abi_vnet) },
	{ LOADER_RESOURCES, BPF_MAP_TYPE_ARRAY, sizeof(uint32_t), sizeof(struct abi_resource) },
	{ LOADER_COUNTERS, BPF_MAP_TYPE_PERCPU_HASH, sizeof(uint32_t),
	  sizeof(struct abi_counters) },
};

static int map_info(int fd, struct bpf_map_info *ret)
{
	__u32 len = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	return bpf_obj_get_info_by_fd(fd, ret, &len);
}

bool migrate_is_due(int meta)
{
	struct bpf_map_info info;
	struct abi_meta row = {};
	const uint32_t zero = 0;

	return meta >= 0 && map_info(meta, &info) == 0 && info.value_size == sizeof(row) &&
	       bpf_map_lookup_elem(meta, &zero, &row) == 0 && row.version == OLD_VERSION;
}

static int check_shape(int fd, size_t i, const char *folder, struct error *e)
{
	struct bpf_map_info info;
	int r = map_info(fd, &info);

	if (r == 0 && info.type == shapes[i].type && info.key_size == shapes[i].key_size &&
	    info.value_size == shapes[i].value_size)
		return 0;
	return error_set(e, ERROR_FAILED, EINVAL, NULL, NULL,
			 "%s/%s is a map of type %u, key %u, value %u, expected type %u, key %u, "
			 "value %u as version %u had it; nothing was changed, and what forwards "
			 "there goes on; remove the folder above it to start anew",
			 folder, loader_map_name(shapes[i].map), info.type, info.key_size,
			 info.value_size, shapes[i].type, shapes[i].key_size, shapes[i].value_size,
			 OLD_VERSION);
}

int migrate_share(const struct loader_set *old, struct loader_set *ret, const char *folder,
		  struct error *e)
{
	int r = 0;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(shapes) && r == 0; i++)
		if (old->maps[shapes[i].map] >= 0)
			r = check_shape(old->maps[shapes[i].map], i, folder, e);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(shared) && r == 0; i++) {
		if (old->maps[shared[i]] < 0)
			continue;
		ret->maps[shared[i]] = fcntl(old->maps[shared[i]], F_DUPFD_CLOEXEC, 0);
		if (ret->maps[shared[i]] < 0)
			r = error_set(e, ERROR_FAILED, errno, NULL, NULL,
				      "%s/%s cannot be used: %s", folder,
				      loader_map_name(shared[i]), strerror(errno));
	}
	return r;
}

static bool is_none(const void *row, size_t size)
{
	static const uint8_t none[ROWS_ARRAY_ROW_MAX];

	return memcmp(row, none, size) == 0;
}

/* The programs find out by it whether the device is there; one that is gone needs no row. */
static int add_device(const struct migrate *m, uint32_t ifindex)
{
	const struct abi_device row = { ifindex };
	int r;

	if (!ifindex)
		return 0;
	r = bpf_map_update_elem(m->new->maps[LOADER_DEVICES], &ifindex, &row, BPF_ANY);
	return r == -EINVAL ? 0 : r;
}

static int bring_vnet(void *context, const void *key, const void *value)
{
	const struct migrate *m = context;
	const struct abi_vnet *row = value;
	int r;

	if (is_none(row, sizeof(*row)))
		return 0;
	r = bpf_map_update_elem(m->new->maps[LOADER_VNETS], key, row, BPF_ANY);
	return r < 0 ? r : add_device(m, row->port);
}

static int bring_resource(void *context, const void *key, const void *value)
{
	const struct migrate *m = context;
	const struct abi_resource *row = value;
	int r;

	if (is_none(row, sizeof(*row)))
		return 0;
	r = bpf_map_update_elem(m->new->maps[LOADER_RESOURCES], key, row, BPF_ANY);
	return r < 0 ? r : add_device(m, row->ifindex);
}

/* A device of the upper side that is not the port is vnet0 itself, with the shortcut. */
static uint16_t port_flags(const struct migrate *m, uint32_t ifindex, const struct old_port *old)
{
	struct abi_vnet n = {};

	if (old->resource || bpf_map_lookup_elem(m->old->maps[LOADER_VNETS], &old->vnet, &n) < 0 ||
	    n.port == ifindex)
		return 0;
	return ABI_PORT_EGRESS | ABI_PORT_VETH;
}

static int bring_port(void *context, const void *key)
{
	const struct migrate *m = context;
	const uint32_t *ifindex = key;
	const enum loader_map map = *ifindex < ABI_PORTS_NEAR ? LOADER_PORTS : LOADER_FAR_PORTS;
	struct old_port old;
	struct abi_port row;

	if (bpf_map_lookup_elem(m->old->maps[LOADER_PORTS], key, &old) < 0)
		return 0; /* it went meanwhile */
	row = (struct abi_port) {
		.resource = old.resource,
		.vnet = (uint16_t)old.vnet,
		.flags = port_flags(m, *ifindex, &old),
	};
	return bpf_map_update_elem(m->new->maps[map], key, &row, BPF_ANY);
}

static int bring_counters(void *context, const void *key)
{
	const struct migrate *m = context;
	const uint32_t *number = key;
	const enum loader_map map =
		*number < ABI_COUNTERS_NEAR ? LOADER_COUNTERS : LOADER_FAR_COUNTERS;

	return rows_cpus_copy(m->cpus, m->old->maps[LOADER_COUNTERS], m->new->maps[map], *number);
}

static int bring_all(struct migrate *m)
{
	static const size_t key = sizeof(uint32_t);
	const int *old = m->old->maps;
	int r = 0;

	if (old[LOADER_VNETS] >= 0)
		r = rows_each(old[LOADER_VNETS], key, sizeof(struct abi_vnet), bring_vnet, m);
	if (r == 0 && old[LOADER_RESOURCES] >= 0)
		r = rows_each(old[LOADER_RESOURCES], key, sizeof(struct abi_resource),
			      bring_resource, m);
	if (r == 0 && old[LOADER_PORTS] >= 0)
		r = rows_each_key(old[LOADER_PORTS], key, bring_port, m);
	if (r == 0 && old[LOADER_COUNTERS] >= 0)
		r = rows_each_key(old[LOADER_COUNTERS], key, bring_counters, m);
	return r;
}

int migrate_rows(const struct loader_set *old, const struct loader_set *new)
{
	struct migrate m = { .old = old, .new = new };
	int r = rows_cpus_new(&m.cpus);

	if (r == 0)
		r = bring_all(&m);
	rows_cpus_free(m.cpus);
	return r;
}
