// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rows of flows and limits. Which rows a flow has is what the daemon says: so its table is
 * tested against the model as well.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/flow_table.h"
#include "../../daemon/rows.h"
#include "world_internal.h"

#define MAP_FD(w, name) bpf_map__fd((w)->skel->maps.name)
#define SHAPES_MAX	512 /* that a configuration has at most */

static int write_shape(void *context, uint16_t number, const struct abi_flow_shape *shape)
{
	const struct world *w = context;
	const uint32_t key = number;

	if (number >= SHAPES_MAX)
		return -E2BIG;
	return shape ? rows_put(MAP_FD(w, flow_shapes), &key, shape, BPF_ANY) : 0;
}

static int write_row(void *context, const struct abi_flow_key *key, const struct abi_flow_hit *hit)
{
	const struct world *w = context;

	return hit ? rows_put(MAP_FD(w, flow_table), key, hit, BPF_ANY) : 0;
}

static int write_list(void *context, const struct abi_flow_list_key *key,
		      const struct abi_flow_list *list)
{
	const struct world *w = context;

	return list ? rows_put(MAP_FD(w, flow_lists), key, list, BPF_ANY) : 0;
}

static const struct flow_table_ops table_ops = { write_shape, write_row, write_list };

/* --- flows --- */

static struct flow_prefix prefix_of(const struct model_prefix *p, bool ipv4)
{
	struct flow_prefix prefix = { .length = p->length, .ipv4 = ipv4 && p->length };

	if (p->length)
		memcpy(prefix.address, p->address, sizeof(prefix.address));
	return prefix;
}

static struct flow_ports ports_of(const struct model_ports *p)
{
	return (struct flow_ports) { p->set, p->first, p->last };
}

static struct flow_rule rule_of(const struct model_flow *flow)
{
	const struct model_match *m = &flow->match;

	return (struct flow_rule) {
		.owner = flow->owner,
		.number = flow->number,
		.in = flow->in,
		.out = flow->out,
		.rank = flow->rank,
		.match = { .local = prefix_of(&m->local, m->ipv4),
			   .remote = prefix_of(&m->remote, m->ipv4),
			   .lport = ports_of(&m->lport),
			   .rport = ports_of(&m->rport),
			   .has_proto = m->has_proto,
			   .proto = m->proto,
			   .dsfield = m->dsfield,
			   .dsfield_mask = m->dsfield_mask,
			   .vlan = m->vlan },
	};
}

static bool is_limited(const struct model_limit *limit)
{
	return limit->byte_ns[ABI_RX] || limit->byte_ns[ABI_TX];
}

static int write_limit(const struct world *w, enum abi_limit_kind kind, uint32_t number,
		       const struct model_limit *limit)
{
	const struct abi_limit_key key = { kind, number };
	struct abi_limit row = { 0 };

	if (!is_limited(limit))
		return 0;
	for (int way = 0; way < ABI_DIRECTION_END; way++) {
		row.byte_ns[way] = limit->byte_ns[way];
		row.burst_ns[way] = limit->burst_ns[way];
		row.horizon_ns[way] = limit->horizon_ns[way];
	}
	return rows_put(MAP_FD(w, limits), &key, &row, BPF_ANY);
}

static int counters_of(const struct world *w, uint32_t flow)
{
	return flow < ABI_FLOW_COUNTERS_NEAR ? MAP_FD(w, flow_counters)
					     : MAP_FD(w, far_flow_counters);
}

static int write_flow(struct world *w, struct flow_table *t, const struct model_flow *flow)
{
	const struct flow_rule rule = rule_of(flow);
	const struct abi_flow row = {
		.owner = flow->owner,
		.flags = (is_limited(&flow->limit) ? ABI_FLOW_LIMIT : 0) |
			 (flow->has_priority ? ABI_FLOW_PRIORITY : 0),
		.priority = (uint8_t)flow->priority,
		.target = flow->target,
		.target_kind = flow->target_kind,
	};
	int err = rows_put(MAP_FD(w, flows), &flow->number, &row, BPF_ANY);

	if (!err)
		err = write_limit(w, ABI_LIMIT_FLOW, flow->number, &flow->limit);
	if (!err)
		err = world_zero(counters_of(w, flow->number), flow->number,
				 sizeof(struct abi_flow_counters));
	return err ? err : flow_table_set(t, &rule);
}

int world_flows_apply(struct world *w, const struct model_config *c)
{
	struct flow_table *t;
	int err = flow_table_new(&table_ops, w, &t);

	for (size_t i = 0; !err && i < c->flow_count; i++)
		err = write_flow(w, t, &c->flows[i]);
	for (size_t i = 0; !err && i < c->vnet_count; i++)
		err = write_limit(w, ABI_LIMIT_VNET, c->vnets[i].number, &c->vnets[i].limit);
	for (size_t i = 0; !err && i < c->resource_count; i++)
		err = write_limit(w, ABI_LIMIT_RESOURCE, c->resources[i].number,
				  &c->resources[i].limit);
	flow_table_free(t);
	return err;
}

bool world_has_flows(const struct model_config *c, uint32_t vnet)
{
	for (size_t i = 0; i < c->flow_count; i++)
		if (c->flows[i].owner == vnet)
			return true;
	return false;
}

bool world_leads(const struct model_config *c, uint32_t owner, enum abi_flow_target kind)
{
	for (size_t i = 0; i < c->flow_count; i++)
		if (c->flows[i].owner == owner && c->flows[i].target_kind == kind)
			return true;
	return false;
}

bool world_is_limited(const struct model_limit *limit)
{
	return is_limited(limit);
}

int world_flows_count(const struct world *w, struct world_counts *ret)
{
	const struct model_config *c = w->config;
	int err = 0;

	for (size_t i = 0; !err && i < c->flow_count; i++)
		err = world_sum(counters_of(w, c->flows[i].number), c->flows[i].number,
				sizeof(ret->flows[i]) / sizeof(uint64_t),
				(uint64_t *)&ret->flows[i]);
	return err;
}
