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
	char left[ABI_HYBRIDS_MAX][IFNAMSIZ] = { 0 };
	int err;

	for (size_t i = 0; i < v->hybrid_count; i++) {
		struct resource *r = v->hybrids[i];
		bool had = r->ifindex;

		if (had)
			util_copy(left[i], IFNAMSIZ, resource_device(r));
		v->settling = true;
		manager_reconcile_one(r);
		if (!had || r->ifindex)
			left[i][0] = '\0';
	}
	v->settling = false;
	err = reconcile_path(v, e);
	for (size_t i = 0; i < ABI_HYBRIDS_MAX; i++)
		if (left[i][0])
			manager_device_free(v->manager, left[i]);
	return err;
}

/* What was lost by this was not lost by its device. */
static void forget_losses(struct vnet *v)
{
	for (size_t i = 0; i < v->hybrid_count; i++)
		reconcile_past_forget(v->hybrids[i]);
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
	return reconcile_hybrids(v, e);
}

/* Before a change of it. */
struct before {
	uint64_t due_us;
	bool released[ABI_HYBRIDS_MAX];
};

static struct before before_of(const struct vnet *v)
{
	struct before before = { .due_us = v->migration_due_us };

	for (size_t i = 0; i < v->hybrid_count; i++)
		before.released[i] = resource_is_released(v->hybrids[i]);
	return before;
}

/* What had been let go of is so at once, and the rest when it would have been. */
static void leave_again(struct vnet *v, const struct before *before)
{
	v->settling = true;
	for (size_t i = 0; i < v->hybrid_count; i++)
		if (before->released[i])
			manager_reconcile_one(v->hybrids[i]);
	v->settling = false;
	v->migration_due_us = before->due_us;
}

/* Their paths could not be written. */
static void put_back(struct vnet *v, const struct before *before)
{
	struct error e = { 0 };

	reconcile_past_put_back(v);
	v->migrating = !v->migrating;
	v->migration_due_us = 0;
	leave_again(v, before);
	if (reconcile_hybrids(v, &e)) {
		log_err("%s; after a refused change, trying again", e.message);
		v->manager->unsettled = true;
	}
	reconcile_past_return(v);
	if (manager_save(v->manager, &e))
		v->manager->unsaved = true;
}

/* It is kept first: if that fails, no path has changed. */
static int keep_migrating(struct vnet *v, bool migrating, struct error *e)
{
	int err;

	v->migrating = migrating;
	err = manager_save(v->manager, e);
	v->migrating = !migrating;
	return err;
}

static int change(struct manager *m, const char *name, bool migrating, struct error *e)
{
	struct vnet *v = manager_find_vnet(m, name, e);
	struct before before;
	int err;

	if (!v)
		return -ENOENT;
	if (v->migrating == migrating)
		return 0;
	err = keep_migrating(v, migrating, e);
	if (err)
		return err;
	before = before_of(v);
	reconcile_past_note(v, NULL);
	if (!migrating)
		forget_losses(v);
	err = set_migrating(v, migrating, e);
	if (err)
		put_back(v, &before);
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
