// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows and attachments that an earlier daemon left and that nobody wants any more. */
#include "datapath_internal.h"

#include <errno.h>

#define SWEEP_HOOKS_AT_ONCE 8

struct sweep {
	struct datapath *d;
	const struct kernel_wanted *wanted;
	unsigned int hooks; /* that nobody wants */
};

/* Many of them are not waited for. */
static bool keep_hook(void *context, enum kernel_hook hook, uint32_t ifindex)
{
	struct sweep *s = context;

	if (s->wanted->hook(s->wanted->context, hook, ifindex))
		return true;
	if (!attach_has_link(&s->d->place, hook, ifindex))
		return false;
	if (datapath_is_leaving(s->d, hook, ifindex))
		return true;
	return ++s->hooks > SWEEP_HOOKS_AT_ONCE && datapath_leave(s->d, hook, ifindex) == 0;
}

static bool is_none(const void *row, size_t size)
{
	static const uint8_t none[ROWS_ARRAY_ROW_MAX];

	return memcmp(row, none, size) == 0;
}

static int sweep_port(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;
	const uint32_t *ifindex = key;

	return is_none(value, sizeof(struct abi_port)) ||
			       s->wanted->port(s->wanted->context, *ifindex)
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

static int sweep_storm(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;
	const struct abi_storm_key *k = key;

	return s->wanted->storm(s->wanted->context, k) ? 0 : datapath_storm_write(s->d, k, NULL);
}

static int sweep_allowed(void *context, const void *key)
{
	const struct sweep *s = context;
	const struct abi_allowed_key *k = key;

	return s->wanted->allowed(s->wanted->context, k) ? 0
							 : datapath_allowed_write(s->d, k, false);
}

static int sweep_device(void *context, const void *key)
{
	const struct sweep *s = context;
	const uint32_t *ifindex = key;

	return s->wanted->device(s->wanted->context, *ifindex)
		       ? 0
		       : datapath_device_write(s->d, *ifindex, false);
}

static int sweep_resource(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;
	const uint32_t *number = key;

	if (is_none(value, sizeof(struct abi_resource)) ||
	    s->wanted->resource(s->wanted->context, *number))
		return 0;
	return datapath_resource_write(s->d, *number, NULL);
}

static int sweep_vnet(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;
	const uint32_t *number = key;

	if (is_none(value, sizeof(struct abi_vnet)) || s->wanted->vnet(s->wanted->context, *number))
		return 0;
	return datapath_vnet_write(s->d, *number, NULL);
}

/* Counts whose row is gone, of a daemon that died between the two. Near ones are always there. */
static int sweep_counters(void *context, const void *key)
{
	const struct sweep *s = context;
	const uint32_t *number = key;

	return s->wanted->resource(s->wanted->context, *number)
		       ? 0
		       : rows_delete(s->d->set.maps[LOADER_FAR_COUNTERS], number);
}

static int sweep_drops(void *context, const void *key)
{
	const struct sweep *s = context;
	const uint32_t *number = key;

	return s->wanted->vnet(s->wanted->context, *number)
		       ? 0
		       : rows_delete(s->d->set.maps[LOADER_DROPS], number);
}

/* Who wants nothing of uplinks needs not say so. */
static int sweep_member(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;
	const struct abi_member_key *k = key;
	const uint32_t *resource = value;

	if (s->wanted->member && s->wanted->member(s->wanted->context, k->uplink, *resource))
		return 0;
	/* Its uplink may be gone, and so nobody know its slots. */
	return rows_delete(s->d->set.maps[LOADER_MEMBERS], k);
}

static int sweep_address(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;

	return s->wanted->address && s->wanted->address(s->wanted->context, key, value)
		       ? 0
		       : datapath_address_write(s->d, key, NULL);
}

static int sweep_learner(void *context, const void *key)
{
	const struct sweep *s = context;
	const uint32_t *resource = key;

	return s->wanted->learner && s->wanted->learner(s->wanted->context, *resource)
		       ? 0
		       : rows_delete(s->d->set.maps[LOADER_LEARNERS], resource);
}

static int sweep_uplink(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;
	const uint32_t *number = key;

	if (is_none(value, sizeof(struct abi_uplink)) ||
	    (s->wanted->uplink && s->wanted->uplink(s->wanted->context, *number)))
		return 0;
	return datapath_uplink_write(s->d, *number, NULL);
}

static int sweep_cpu(void *context, const void *key)
{
	const struct sweep *s = context;
	const uint32_t *cpu = key;

	return s->wanted->cpu && s->wanted->cpu(s->wanted->context, *cpu)
		       ? 0
		       : datapath_cpu_write(s->d, *cpu, false);
}

/* In the order of removal: who refers to a row goes before it. */
static const struct {
	enum loader_map map;
	size_t key_size;
	size_t value_size;
	int (*visit)(void *context, const void *key, const void *value);
} sweep_maps[] = {
	{ LOADER_PORTS, sizeof(uint32_t), sizeof(struct abi_port), sweep_port },
	{ LOADER_FAR_PORTS, sizeof(uint32_t), sizeof(struct abi_port), sweep_port },
	{ LOADER_FDB, sizeof(struct abi_fdb_key), sizeof(uint32_t), sweep_fdb },
	{ LOADER_ADDRESSES, sizeof(struct abi_address_key), sizeof(struct abi_holder),
	  sweep_address },
	{ LOADER_MEMBERS, sizeof(struct abi_member_key), sizeof(uint32_t), sweep_member },
	{ LOADER_UPLINKS, sizeof(uint32_t), sizeof(struct abi_uplink), sweep_uplink },
	{ LOADER_VLANS, sizeof(struct abi_vlans_key), sizeof(struct abi_vlans), sweep_vlans },
	{ LOADER_VNETS, sizeof(uint32_t), sizeof(struct abi_vnet), sweep_vnet },
	{ LOADER_RESOURCES, sizeof(uint32_t), sizeof(struct abi_resource), sweep_resource },
	{ LOADER_STORMS, sizeof(struct abi_storm_key), sizeof(struct abi_storm), sweep_storm },
};

/* These are not read in batches: the kernel does not offer it, or the values are one for each CPU.
 */
static const struct {
	enum loader_map map;
	size_t key_size;
	int (*visit)(void *context, const void *key);
} sweep_keys[] = {
	{ LOADER_ALLOWED, sizeof(struct abi_allowed_key), sweep_allowed },
	{ LOADER_LEARNERS, sizeof(uint32_t), sweep_learner },
	{ LOADER_DEVICES, sizeof(uint32_t), sweep_device },
	{ LOADER_FAR_COUNTERS, sizeof(uint32_t), sweep_counters },
	{ LOADER_DROPS, sizeof(uint32_t), sweep_drops },
};

int datapath_sweep(void *datapath, const struct kernel_wanted *wanted)
{
	struct datapath *d = datapath;
	struct sweep s = { d, wanted, 0 };
	int first, r;

	r = datapath_open_if_there(d);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	first = attach_sweep(&d->place, keep_hook, &s);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(sweep_maps); i++) {
		r = rows_each(d->set.maps[sweep_maps[i].map], sweep_maps[i].key_size,
			      sweep_maps[i].value_size, sweep_maps[i].visit, &s);
		first = first ? first : r;
	}
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(sweep_keys); i++) {
		r = rows_each_key(d->set.maps[sweep_keys[i].map], sweep_keys[i].key_size,
				  sweep_keys[i].visit, &s);
		first = first ? first : r;
	}
	r = datapath_flows_sweep(d, wanted);
	first = first ? first : r;
	/* both maps have a key for each CPU that there may be */
	r = rows_each_key(d->set.maps[LOADER_CPUS], sizeof(uint32_t), sweep_cpu, &s);
	first = first ? first : r;
	/* What is attached now runs our programs; nothing needs the others any more. */
	datapath_forget_old(d);
	return first;
}
