/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What manager_config.c does with vnets, done with uplinks. */
#include <errno.h>

#include "config.h"
#include "manager_config.h"
#include "manager_internal.h"
#include "reconcile.h"
#include "reconcile_mark.h"

static void restore_uplink(struct manager *m, const struct desired_uplink *d, struct error *e,
			   int *first)
{
	struct error own = { 0 };
	struct uplink *u;
	int err = validate_uplink_restore(m, d->name, &d->settings, &own);

	if (!err)
		err = object_uplink_new(m, d->name, d->number, &d->settings, &u, &own);
	manager_config_complain(e, first, err, &own);
	if (err)
		return;
	u->from_config = d->from_config;
	u->base = d->base;
	u->saved = d->saved;
	/* Its number may be another device's by now, which is to be taken in as any other. */
	if (!reconcile_mark_claim_saved(m, d->saved.ifindex, &u->saved) &&
	    !manager_datapath(m, attached, KERNEL_HOOK_UPLINK, u->saved.ifindex))
		u->saved = (struct desired_saved) { 0 };
	if (link_find(m->links, u->saved.ifindex) && !owner_find(m, u->saved.ifindex))
		owner_set_uplink(m, u->saved.ifindex, u);
	manager_restore_flows(m, u->name, &d->flows, e, first);
}

void manager_restore_uplinks(struct manager *m, const struct desired *state, struct error *e,
			     int *first)
{
	struct error own = { 0 };

	manager_config_complain(
		e, first,
		manager_config_restore_removed(&m->removed_uplinks, &state->removed_uplinks, &own),
		&own);
	for (size_t i = 0; i < state->uplink_count; i++)
		restore_uplink(m, &state->uplinks[i], e, first);
}

static bool uplink_stays_away(const struct manager *m, const char *name)
{
	const struct uplink *u = manager_find_uplink(m, name, NULL);

	return manager_config_stays_away(m, &m->removed_uplinks, name, u && u->from_config);
}

/* The file's word for the device, which may go by another name by now. */
static bool is_other_uplink(const struct uplink *u, const struct desired_uplink *d)
{
	return !util_same(u->from_config ? u->base.device : u->settings.device, d->settings.device);
}

bool manager_config_moves_uplink(const struct uplink *u, const struct desired *config)
{
	const struct desired_uplink *d = desired_find_uplink(config, u->name);

	return d && is_other_uplink(u, d) && !uplink_stays_away(u->manager, u->name);
}

static int configure_uplink(struct manager *m, const struct desired_uplink *d, struct error *e)
{
	struct uplink *u = manager_find_uplink(m, d->name, NULL);
	struct uplink_settings settings = d->settings;
	int err = 0;

	if (u && u->from_config && desired_same(settings_uplink, &u->base, &d->base))
		return 0;
	if (uplink_stays_away(m, d->name))
		return 0;
	if (u && is_other_uplink(u, d)) {
		err = manager_uplink_del(m, d->name, e);
		u = NULL;
	}
	if (err)
		return err;
	if (u)
		util_copy(settings.device, sizeof(settings.device), u->settings.device);
	err = u ? manager_uplink_set(m, d->name, &settings, e)
		: manager_uplink_add(m, d->name, &settings, e);
	if (err)
		return err;
	u = manager_find_uplink(m, d->name, NULL);
	u->from_config = true;
	u->base = d->base;
	return 0;
}

static void configure_uplinks(struct manager *m, const struct desired *config, struct error *e,
			      int *first)
{
	struct error own = { 0 };

	for (size_t i = 0; i < config->uplink_count; i++) {
		int err = configure_uplink(m, &config->uplinks[i], &own);

		manager_config_complain(e, first, err, &own);
	}
}

/* After the vnets, for they may be on them. */
static void remove_unlisted_uplinks(struct manager *m, const struct desired *config,
				    const struct config_refused *refused, struct error *e,
				    int *first)
{
	struct error own = { 0 };
	struct uplink *u, *next;

	HASH_ITER (hh, m->uplinks, u, next) {
		if (!u->from_config || desired_find_uplink(config, u->name) ||
		    manager_config_is_refused(refused, u->name))
			continue;
		manager_config_complain(e, first, manager_uplink_del(m, u->name, &own), &own);
	}
}

void manager_configure_uplinks(struct manager *m, const struct desired *config,
			       const struct config_refused *refused, struct error *e, int *first)
{
	remove_unlisted_uplinks(m, config, refused, e, first);
	configure_uplinks(m, config, e, first);
}

/* As forget_removed(). */
void manager_forget_removed_uplinks(struct manager *m, const struct desired *config)
{
	for (size_t i = m->removed_uplinks.count; i-- > 0;)
		if (!m->starting || !desired_find_uplink(config, m->removed_uplinks.name[i]))
			desired_names_drop(&m->removed_uplinks, m->removed_uplinks.name[i]);
}

int manager_snapshot_uplinks(const struct manager *m, struct desired *ret)
{
	for (const struct uplink *u = m->uplinks; u; u = u->hh.next) {
		struct desired_uplink *d;

		if (u->leaving)
			continue;
		d = desired_add_uplink(ret);
		if (!d)
			return -ENOMEM;
		util_copy(d->name, sizeof(d->name), u->name);
		d->number = u->number;
		d->from_config = u->from_config;
		d->settings = u->settings;
		d->base = u->base;
		d->saved = u->saved;
		if (manager_snapshot_flows(u->flows, &u->removed_flows, &d->flows))
			return -ENOMEM;
	}
	return desired_names_copy(&ret->removed_uplinks, &m->removed_uplinks);
}

void manager_mark_saved_uplink(struct manager *m, const char *name)
{
	struct uplink *u = manager_find_uplink(m, name, NULL);

	if (!u)
		return;
	m->unsaved = true;
	u->from_config = true;
	manager_mark_saved_flows(u->flows, &u->removed_flows);
	u->base = u->settings;
}
