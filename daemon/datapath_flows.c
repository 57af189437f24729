// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flows into the programs' maps. Which rows they take is remembered in a table for as long as the
 * data path is open; what an earlier daemon has left there stays until the sweep.
 */
#include "datapath_internal.h"

#include <errno.h>

#include <bpf/bpf.h>

/* --- how the table is written --- */

static int write_shape(void *context, uint16_t number, const struct abi_flow_shape *shape)
{
	static const struct abi_flow_shape none;
	const struct datapath *d = context;

	return rows_write(d->set.maps[LOADER_FLOW_SHAPES], number, shape ? shape : &none,
			  sizeof(none));
}

static int write_hash(int map, const void *key, const void *row, size_t size)
{
	uint8_t old[sizeof(struct abi_flow_list)];

	if (!row)
		return rows_delete(map, key);
	if (bpf_map_lookup_elem(map, key, old) == 0 && memcmp(old, row, size) == 0)
		return 0;
	return rows_put(map, key, row, BPF_ANY);
}

static int write_row(void *context, const struct abi_flow_key *key, const struct abi_flow_hit *hit)
{
	const struct datapath *d = context;

	return write_hash(d->set.maps[LOADER_FLOW_TABLE], key, hit, sizeof(*hit));
}

static int write_list(void *context, const struct abi_flow_list_key *key,
		      const struct abi_flow_list *list)
{
	const struct datapath *d = context;

	return write_hash(d->set.maps[LOADER_FLOW_LISTS], key, list, sizeof(*list));
}

static const struct flow_table_ops table_ops = { write_shape, write_row, write_list };

/* --- a life --- */

static int adopt_shape(void *context, const void *key, const void *value)
{
	static const struct abi_flow_shape none;
	const uint32_t *number = key;
	struct datapath *d = context;

	if (memcmp(value, &none, sizeof(none)) == 0)
		return 0;
	flow_table_hold(d->flows);
	return flow_table_adopt(d->flows, (uint16_t)*number, value);
}

int datapath_flows_open(struct datapath *d)
{
	int r = flow_table_new(&table_ops, d, &d->flows);

	return r < 0 ? r
		     : rows_each(d->set.maps[LOADER_FLOW_SHAPES], sizeof(uint32_t),
				 sizeof(struct abi_flow_shape), adopt_shape, d);
}

void datapath_flows_close(struct datapath *d)
{
	flow_table_free(UTIL_TAKE_PTR(d->flows));
}

/* --- flows --- */

/* A new flow's row goes again if the flow cannot be found by the programs. */
static int add(struct datapath *d, uint32_t number, const struct flow_rule *rule,
	       const struct abi_flow *row)
{
	const bool is_new = !flow_table_find(d->flows, number);
	int r;

	if (rule->number != number)
		return -EINVAL;
	r = flow_table_check(d->flows, rule);
	if (r < 0)
		return r;
	r = datapath_flow_row_write(d, number, row);
	if (r < 0)
		return r;
	r = flow_table_set(d->flows, rule);
	if (r < 0 && is_new)
		datapath_flow_row_write(d, number, NULL);
	return r;
}

int datapath_flow_write(void *datapath, uint32_t number, const struct flow_rule *rule,
			const struct abi_flow *row)
{
	struct datapath *d = datapath;
	int r, next;

	if (!number || number >= ABI_FLOWS_MAX || !rule != !row)
		return -EINVAL;
	r = rule ? datapath_open(d, NULL) : datapath_open_if_there(d);
	if (r < 0)
		return !rule && r == -ENOENT ? 0 : r;
	if (rule) {
		r = add(d, number, rule, row);
	} else {
		r = flow_table_remove(d->flows, number);
		next = datapath_flow_row_write(d, number, NULL);
		r = r < 0 ? r : next;
	}
	next = datapath_next_generation(d);
	return r < 0 ? r : next;
}

/* --- what an earlier daemon left --- */

struct sweep {
	struct datapath *d;
	const struct kernel_wanted *wanted;
};

static int sweep_row(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;

	return flow_table_has_row(s->d->flows, key) ? 0 : write_row(s->d, key, NULL);
}

static int sweep_list(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;

	return flow_table_has_list(s->d->flows, key) ? 0 : write_list(s->d, key, NULL);
}

static int sweep_shape(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;
	const uint32_t *number = key;

	return flow_table_has_shape(s->d->flows, (uint16_t)*number)
		       ? 0
		       : write_shape(s->d, (uint16_t)*number, NULL);
}

static bool is_wanted(const struct sweep *s, uint32_t number)
{
	return s->wanted->flow && s->wanted->flow(s->wanted->context, number);
}

static int sweep_flow(void *context, const void *key, const void *value)
{
	static const struct abi_flow none;
	const struct sweep *s = context;
	const uint32_t *number = key;

	return memcmp(value, &none, sizeof(none)) == 0 || is_wanted(s, *number)
		       ? 0
		       : datapath_flow_row_write(s->d, *number, NULL);
}

static int sweep_counters(void *context, const void *key)
{
	const struct sweep *s = context;
	const uint32_t *number = key;

	return is_wanted(s, *number)
		       ? 0
		       : rows_delete(s->d->set.maps[LOADER_FAR_FLOW_COUNTERS], number);
}

static int sweep_limit(void *context, const void *key, const void *value)
{
	const struct sweep *s = context;

	return s->wanted->limit && s->wanted->limit(s->wanted->context, key)
		       ? 0
		       : datapath_limit_write(s->d, key, NULL);
}

/* Who refers to a row goes before it. */
static const struct {
	enum loader_map map;
	size_t key_size;
	size_t value_size;
	int (*visit)(void *context, const void *key, const void *value);
} sweep_maps[] = {
	{ LOADER_FLOW_LISTS, sizeof(struct abi_flow_list_key), sizeof(struct abi_flow_list),
	  sweep_list },
	{ LOADER_FLOW_TABLE, sizeof(struct abi_flow_key), sizeof(struct abi_flow_hit), sweep_row },
	{ LOADER_FLOW_SHAPES, sizeof(uint32_t), sizeof(struct abi_flow_shape), sweep_shape },
	{ LOADER_FLOWS, sizeof(uint32_t), sizeof(struct abi_flow), sweep_flow },
	{ LOADER_LIMITS, sizeof(struct abi_limit_key), sizeof(struct abi_limit), sweep_limit },
};

int datapath_flows_sweep(struct datapath *d, const struct kernel_wanted *wanted)
{
	struct sweep s = { d, wanted };
	int first = flow_table_release(d->flows), r;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(sweep_maps); i++) {
		r = rows_each(d->set.maps[sweep_maps[i].map], sweep_maps[i].key_size,
			      sweep_maps[i].value_size, sweep_maps[i].visit, &s);
		first = first ? first : r;
	}
	r = rows_each_key(d->set.maps[LOADER_FAR_FLOW_COUNTERS], sizeof(uint32_t), sweep_counters,
			  &s);
	first = first ? first : r;
	r = datapath_next_generation(d);
	return first ? first : r;
}
