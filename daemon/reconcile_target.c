/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where frames of flows go that come: what a setting means now. What it needs may be missing, or
 * come and go; then the frames go as if there were no target.
 */
#include <errno.h>

#include "cpus.h"
#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

#define CPUS_LOOK_US UINT64_C(1000000)

/* --- the CPUs that some flow is for --- */

struct manager_cpu {
	uint32_t cpu;
	size_t flows;
	UT_hash_handle hh;
};

static struct manager_cpu *find_cpu(const struct manager *m, uint32_t cpu)
{
	struct manager_cpu *c;

	HASH_FIND(hh, m->cpus, &cpu, sizeof(cpu), c);
	return c;
}

static struct manager_cpu *add_cpu(struct manager *m, uint32_t cpu)
{
	struct manager_cpu *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->cpu = cpu;
	HASH_ADD(hh, m->cpus, cpu, sizeof(c->cpu), c);
	if (HASH_ADDED(hh, c))
		return c;
	free(c);
	return NULL;
}

static void drop_cpu(struct manager *m, struct manager_cpu *c)
{
	HASH_DEL(m->cpus, c);
	free(c);
}

static int hold_cpu(struct manager *m, uint32_t cpu)
{
	struct manager_cpu *c = find_cpu(m, cpu) ?: add_cpu(m, cpu);
	int err;

	if (!c)
		return -ENOMEM;
	err = c->flows ? 0 : manager_datapath(m, cpu_write, cpu, true);
	if (!err)
		c->flows++;
	else
		drop_cpu(m, c);
	return err;
}

static int leave_cpu(struct manager *m, uint32_t cpu)
{
	struct manager_cpu *c = find_cpu(m, cpu);

	if (!c || --c->flows)
		return 0;
	drop_cpu(m, c);
	return manager_datapath(m, cpu_write, cpu, false);
}

bool reconcile_target_has_cpu(const struct manager *m, uint32_t cpu)
{
	return find_cpu(m, cpu);
}

void reconcile_targets_free(struct manager *m)
{
	struct manager_cpu *c, *next;

	HASH_ITER (hh, m->cpus, c, next)
		drop_cpu(m, c);
}

/* --- what a setting means --- */

static const struct flow_target nowhere = { ABI_TARGET_NONE, 0 };

static struct flow_target to_vnet(const struct flow *f, char *reason, size_t size)
{
	const struct settings_target *t = &f->settings.target;
	const struct resource *r = f->uplink ? uplink_member(f->uplink, t->vnet) : NULL;

	if (r)
		return (struct flow_target) { ABI_TARGET_VNET, r->number };
	if (!f->uplink)
		snprintf(reason, size, "%s is no uplink", f->vnet->name);
	else if (manager_find_vnet(f->uplink->manager, t->vnet, NULL))
		snprintf(reason, size, "vnet %s is not on uplink %s", t->vnet, f->uplink->name);
	else
		snprintf(reason, size, "vnet %s does not exist", t->vnet);
	return nowhere;
}

static struct flow_target to_cpu(const struct flow *f, char *reason, size_t size)
{
	struct manager *m = flow_manager(f);
	const struct settings_target *t = &f->settings.target;
	char online[KERNEL_CPUS_SIZE];

	if (!m->cpus_due_us)
		m->cpus_due_us = manager_now_us(m) + CPUS_LOOK_US;
	if (manager_rtnl(m, cpus_online, online) == 0 && cpus_have(online, t->cpu))
		return (struct flow_target) { ABI_TARGET_CPU, t->cpu };
	snprintf(reason, size, "CPU %u is not online", t->cpu);
	return nowhere;
}

static struct flow_target to_xsk(const struct flow *f, char *reason, size_t size)
{
	if (f->xsk.now.near)
		return (struct flow_target) { ABI_TARGET_XSK, f->xsk.now.near };
	snprintf(reason, size, "no program has opened it");
	return nowhere;
}

struct flow_target reconcile_target(const struct flow *f, char *reason, size_t size)
{
	reason[0] = '\0';
	switch (f->settings.target.to) {
	case SETTINGS_TO_NONE:
		return nowhere;
	case SETTINGS_TO_VNET:
		return to_vnet(f, reason, size);
	case SETTINGS_TO_CPU:
		return to_cpu(f, reason, size);
	case SETTINGS_TO_XSK:
		return to_xsk(f, reason, size);
	}
	return nowhere;
}

/* --- counted, for the owner's flags --- */

static size_t *counts_of(const struct flow *f)
{
	return f->vnet ? f->vnet->flow_targets : f->uplink->flow_targets;
}

static void count(struct flow *f, enum abi_flow_target kind)
{
	size_t *counts = counts_of(f);

	if (f->counted != ABI_TARGET_NONE)
		counts[f->counted]--;
	if (kind != ABI_TARGET_NONE)
		counts[kind]++;
	f->counted = kind;
}

void reconcile_target_begin(struct flow *f)
{
	static const enum abi_flow_target kinds[] = {
		[SETTINGS_TO_NONE] = ABI_TARGET_NONE,
		[SETTINGS_TO_VNET] = ABI_TARGET_VNET,
		[SETTINGS_TO_CPU] = ABI_TARGET_CPU,
		[SETTINGS_TO_XSK] = ABI_TARGET_NONE,
	};

	if (!reconcile_steer_had(f))
		count(f, kinds[f->settings.target.to]);
}

/* --- the row's part --- */

int reconcile_target_hold(struct flow *f, struct flow_target *ret)
{
	char reason[RECONCILE_TARGET_REASON_SIZE];
	struct manager *m = flow_manager(f);
	struct flow_target t = reconcile_target(f, reason, sizeof(reason));
	bool same = f->target.kind == t.kind && f->target.number == t.number;
	int err = t.kind == ABI_TARGET_CPU && !same ? hold_cpu(m, t.number) : 0;

	if (!err)
		*ret = t;
	return err;
}

static int leave(struct flow *f, struct flow_target left)
{
	return left.kind == ABI_TARGET_CPU ? leave_cpu(flow_manager(f), left.number) : 0;
}

int reconcile_target_end(struct flow *f, struct flow_target now, bool written)
{
	bool same = f->target.kind == now.kind && f->target.number == now.number;
	struct flow_target left = written ? f->target : now;

	if (written)
		f->target = now;
	return same ? 0 : leave(f, left);
}

void reconcile_target_count(struct flow *f)
{
	count(f, f->steered ? ABI_TARGET_NONE : f->target.kind);
}

void reconcile_target_leave(struct flow *f)
{
	bool spread = f->counted == ABI_TARGET_CPU;

	count(f, ABI_TARGET_NONE);
	if (spread)
		reconcile_cpu_owner(f->vnet, f->uplink);
}

int reconcile_target_forget(struct flow *f)
{
	struct flow_target left = f->target;

	f->target = nowhere;
	return leave(f, left);
}

/* --- what it needs comes and goes --- */

int reconcile_targets(struct uplink *u, const struct vnet *v, struct error *e)
{
	char reason[RECONCILE_TARGET_REASON_SIZE];
	int first = 0;

	for (struct flow *f = u->flows; f; f = f->hh.next) {
		struct flow_target now;
		int err;

		if (f->leaving || f->settings.target.to != SETTINGS_TO_VNET ||
		    !util_same(f->settings.target.vnet, v->name))
			continue;
		now = reconcile_target(f, reason, sizeof(reason));
		if (now.kind == f->target.kind && now.number == f->target.number)
			continue;
		err = reconcile_flow(f, first ? NULL : e);
		first = first ?: err;
	}
	return first;
}

/* --- CPUs come and go --- */

uint64_t reconcile_targets_due_us(const struct manager *m)
{
	return m->cpus_due_us ?: UINT64_MAX;
}

static void follow_cpu(struct flow *f, bool online)
{
	char label[FLOW_LABEL_SIZE];
	struct error e = { 0 };

	if (online == (f->target.kind == ABI_TARGET_CPU))
		return;
	if (reconcile_flow(f, &e)) {
		log_err("%s", e.message);
		flow_manager(f)->unsettled = true;
		return;
	}
	log_info("%s: CPU %u is %s, frames are handled %s", flow_label(f, label),
		 f->settings.target.cpu, online ? "online again" : "not online any more",
		 online ? "there" : "where they come in");
}

/* @online: as a list, NULL: it cannot be had now. Is any of these for a CPU? */
static bool follow_cpus(struct flow *flows, const char *online)
{
	bool any = false;

	for (struct flow *f = flows; f; f = f->hh.next) {
		if (f->leaving || f->settings.target.to != SETTINGS_TO_CPU)
			continue;
		any = true;
		if (online)
			follow_cpu(f, cpus_have(online, f->settings.target.cpu));
	}
	return any;
}

/* What was handed to a CPU that goes, its thread handles on another one: nothing is lost. */
void reconcile_targets_run(struct manager *m, uint64_t now_us)
{
	char online[KERNEL_CPUS_SIZE];
	const char *list = manager_rtnl(m, cpus_online, online) ? NULL : online;
	bool any = false;

	for (struct vnet *v = m->vnets; v; v = v->hh.next)
		any |= follow_cpus(v->flows, list);
	for (struct uplink *u = m->uplinks; u; u = u->hh.next)
		any |= follow_cpus(u->flows, list);
	m->cpus_due_us = any ? now_us + CPUS_LOOK_US : 0;
}
