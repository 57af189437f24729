/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is above a vnet is moved to another host while it runs. A function of a NIC cannot be moved
 * with it, so all hybrids go out before and come back after. The vnet announces itself over the
 * service in the same turn in which the paths leave the hybrids; what was under way to a hybrid by
 * then, and what comes until the switches have learned, is received there for a moment yet.
 */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

#define LINGER_US 200000

static void set_due(struct vnet *v)
{
	struct manager *m = v->manager;

	v->migration_due_us = manager_now_us(m) + LINGER_US;
	if (!m->migration_due_us || v->migration_due_us < m->migration_due_us)
		m->migration_due_us = v->migration_due_us;
}

/* All at once, so that the paths change once. */
static int reconcile_hybrids(struct vnet *v, struct error *e)
{
	for (size_t i = 0; i < v->hybrid_count; i++) {
		struct resource *r = v->hybrids[i];

		v->settling = true;
		manager_reconcile_one(r);
	}
	v->settling = false;
	return reconcile_path(v, e);
}

/* What was lost by this was not lost by its device. */
static void forget_losses(struct vnet *v)
{
	for (size_t i = 0; i < v->hybrid_count; i++) {
		reconcile_hold_forget(v->hybrids[i]);
		reconcile_health_forget(v->hybrids[i]);
	}
}

static bool receives(const struct vnet *v)
{
	for (size_t i = 0; i < v->hybrid_count; i++)
		if (v->hybrids[i]->ifindex)
			return true;
	return false;
}

static int set_migrating(struct vnet *v, bool migrating, struct error *e)
{
	v->migrating = migrating;
	v->migration_due_us = 0;
	if (migrating && receives(v))
		set_due(v);
	if (!migrating)
		forget_losses(v);
	return reconcile_hybrids(v, e);
}

static int change(struct manager *m, const char *name, bool migrating, struct error *e)
{
	struct vnet *v = manager_find_vnet(m, name, e);
	struct error again = { 0 };
	int err;

	if (!v)
		return -ENOENT;
	if (v->migrating == migrating)
		return 0;
	err = set_migrating(v, migrating, e);
	if (!err)
		err = manager_save(m, e);
	if (err && set_migrating(v, !migrating, &again)) {
		log_err("%s; after a refused change, trying again", again.message);
		m->unsettled = true;
	}
	return err;
}

int manager_migration_prepare(struct manager *m, const char *vnet, struct error *e)
{
	int err = change(m, vnet, true, e);
	const struct vnet *v = err ? NULL : manager_find_vnet(m, vnet, NULL);

	if (v && !v->multicast)
		log_warning("%s: nothing carries what its hybrids did, for it has no service that "
			    "is up",
			    v->name);
	return err;
}

int manager_migration_finish(struct manager *m, const char *vnet, struct error *e)
{
	return change(m, vnet, false, e);
}

bool manager_migration_is_ready(const struct vnet *v)
{
	return v->migrating && !v->migration_due_us;
}

void manager_migration_restore(struct vnet *v)
{
	v->migrating = true;
	set_due(v);
}

uint64_t manager_migration_due_us(const struct manager *m)
{
	return m->migration_due_us ?: UINT64_MAX;
}

void manager_migration_run(struct manager *m, uint64_t now_us)
{
	struct error e = { 0 };

	m->migration_due_us = 0;
	for (struct vnet *v = m->vnets; v; v = v->hh.next) {
		if (!v->migration_due_us)
			continue;
		if (v->migration_due_us > now_us) {
			if (!m->migration_due_us || v->migration_due_us < m->migration_due_us)
				m->migration_due_us = v->migration_due_us;
			continue;
		}
		v->migration_due_us = 0;
		if (reconcile_hybrids(v, &e))
			log_warning("%s; trying again when something changes", e.message);
	}
}
