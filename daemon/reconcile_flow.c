/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows and bandwidth limits: what is referred to is written before what refers to it, and goes
 * after it. The flow's limit, the flow, its owner's flag.
 */
#include <errno.h>

#include "flow_limit.h"
#include "manager_internal.h"
#include "reconcile.h"

/* --- limits --- */

static bool is_none(const struct settings_limits *l)
{
	return !l->bits && !l->in_bits && !l->out_bits;
}

static bool same(const struct settings_limits *a, const struct settings_limits *b)
{
	return a->bits == b->bits && a->in_bits == b->in_bits && a->out_bits == b->out_bits;
}

int reconcile_limit(struct manager *m, enum abi_limit_kind kind, uint32_t number,
		    const struct settings_limits *limits, struct settings_limits *written)
{
	const struct abi_limit_key key = { .kind = kind, .number = number };
	struct abi_limit row;
	int err;

	if (is_none(limits) || same(limits, written))
		return 0;
	flow_limit_row(limits->in_bits ?: limits->bits, limits->out_bits ?: limits->bits, &row);
	err = manager_datapath(m, limit_write, &key, &row);
	if (!err)
		*written = *limits;
	return err;
}

int reconcile_limit_end(struct manager *m, enum abi_limit_kind kind, uint32_t number,
			const struct settings_limits *limits, struct settings_limits *written)
{
	const struct abi_limit_key key = { .kind = kind, .number = number };
	int err;

	if ((limits && !is_none(limits)) || is_none(written))
		return 0;
	err = manager_datapath(m, limit_write, &key, NULL);
	if (!err)
		*written = (struct settings_limits) { 0 };
	return err;
}

bool reconcile_limit_is_set(const struct settings_limits *limits)
{
	return !is_none(limits);
}

/* --- flows --- */

static uint32_t owner_of(const struct flow *f)
{
	return f->vnet ? f->vnet->number : ABI_OF_UPLINK | f->uplink->number;
}

bool reconcile_flows_any(const struct flow *flows)
{
	for (const struct flow *f = flows; f; f = f->hh.next)
		if (f->written && !f->leaving)
			return true;
	return false;
}

static bool has_limit(const struct flow *f)
{
	return !is_none(&f->settings.limits) || !is_none(&f->limited);
}

/* The owner's row says whether it has flows; and what they limit may have to wait: @limited. */
static int tell_owner(struct flow *f, bool limited)
{
	if (limited && f->vnet)
		reconcile_queue_flows(f->vnet);
	else if (limited)
		reconcile_queue_uplink(f->uplink);
	return f->vnet ? reconcile_path(f->vnet, NULL) : reconcile_uplink_row(f->uplink);
}

static uint8_t priority_of(const struct flow *f)
{
	static const uint8_t priorities[] = {
		[SETTINGS_PRIORITY_NONE] = 0,
		[SETTINGS_PRIORITY_LOW] = ABI_PRIORITY_LOW,
		[SETTINGS_PRIORITY_MEDIUM] = ABI_PRIORITY_MEDIUM,
		[SETTINGS_PRIORITY_HIGH] = ABI_PRIORITY_HIGH,
	};

	return priorities[f->settings.priority];
}

static int write_row(struct flow *f, struct flow_target target)
{
	const struct flow_settings *s = &f->settings;
	const struct flow_rule rule = {
		.owner = owner_of(f),
		.number = f->number,
		.in = s->in,
		.out = s->out,
		.rank = s->rank,
		.match = s->match,
	};
	const struct abi_flow row = {
		.owner = rule.owner,
		.flags = (is_none(&s->limits) ? 0 : ABI_FLOW_LIMIT) |
			 (s->priority == SETTINGS_PRIORITY_NONE ? 0 : ABI_FLOW_PRIORITY),
		.priority = priority_of(f),
		.turn = f->xsk.now.turn,
		.target_kind = target.kind,
		.target = target.number,
	};

	return manager_datapath(flow_manager(f), flow_write, f->number, &rule, &row);
}

static int write_flow(struct flow *f)
{
	bool spread = f->counted == ABI_TARGET_CPU;
	struct flow_target target;
	int err = reconcile_target_hold(f, &target), next;

	if (err)
		return err;
	err = write_row(f, target);
	next = reconcile_target_end(f, target, !err);
	reconcile_steer(f);
	reconcile_target_count(f);
	if (spread || f->counted == ABI_TARGET_CPU)
		reconcile_cpu_owner(f->vnet, f->uplink);
	return err ?: next;
}

static const char *flow_error(int err)
{
	return err == -ENOSPC
		       ? "it has more different kinds of flows than the programs can look for"
		       : strerror(-err);
}

int reconcile_flow(struct flow *f, struct error *e)
{
	struct manager *m = flow_manager(f);
	char label[FLOW_LABEL_SIZE];
	bool limited = has_limit(f);
	int err = reconcile_limit(m, ABI_LIMIT_FLOW, f->number, &f->settings.limits, &f->limited);

	if (!err)
		err = write_flow(f);
	if (!err) {
		f->written = true;
		err = reconcile_limit_end(m, ABI_LIMIT_FLOW, f->number, &f->settings.limits,
					  &f->limited);
	}
	if (!err)
		err = tell_owner(f, limited);
	if (!err && f->settings.target.to != SETTINGS_TO_XSK)
		reconcile_xsk_end(f);
	if (!err)
		return 0;
	return error_set(e, ERROR_FAILED, -err, flow_label(f, label), NULL,
			 "%s: writing it into the maps failed: %s", label, flow_error(err));
}

void reconcile_flow_remove(struct flow *f)
{
	struct manager *m = flow_manager(f);

	f->leaving = true;
	reconcile_target_leave(f);
	manager_removed(m, tell_owner(f, has_limit(f)));
	manager_removed(m, manager_datapath(m, flow_write, f->number, NULL, NULL));
	reconcile_steer(f);
	manager_removed(m, reconcile_target_forget(f));
	manager_removed(m, reconcile_limit_end(m, ABI_LIMIT_FLOW, f->number, NULL, &f->limited));
	f->written = false;
	reconcile_xsk_end(f);
}
