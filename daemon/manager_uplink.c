/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changes of uplinks, in the manner of manager_change.c. */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

static void emit(struct uplink *u, enum manager_event_type type)
{
	manager_emit(u->manager, (struct manager_event) { .type = type, .uplink = u });
}

void manager_remove_uplink(struct uplink *u)
{
	struct manager *m = u->manager;
	char device[IFNAMSIZ];

	util_copy(device, sizeof(device), u->settings.device);
	manager_remove_flows(m, &u->flows);
	u->leaving = true;
	reconcile_uplink_remove(u);
	emit(u, MANAGER_UPLINK_REMOVED);
	object_uplink_free(u);
	manager_device_free(m, device);
}

int manager_uplink_add(struct manager *m, const char *name, const struct uplink_settings *s,
		       struct error *e)
{
	struct uplink *u;
	int err = validate_uplink_add(m, name, s, e);

	if (!err)
		err = object_uplink_new(m, name, 0, s, &u, e);
	if (err)
		return err;
	emit(u, MANAGER_UPLINK_ADDED);
	err = reconcile_uplink(u, e);
	if (!err)
		err = manager_save(m, e);
	if (err)
		manager_remove_uplink(u);
	return err;
}

int manager_uplink_set(struct manager *m, const char *name, const struct uplink_settings *s,
		       struct error *e)
{
	struct uplink *u = manager_find_uplink(m, name, e);
	struct uplink_settings before;
	int err;

	if (!u)
		return -ENOENT;
	err = validate_uplink_set(u, s, e);
	if (err)
		return err;
	before = u->settings;
	u->settings = *s;
	err = manager_save(m, e);
	if (err)
		u->settings = before;
	return err;
}

static int check_unused(const struct uplink *u, struct error *e)
{
	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i])
			return error_set(e, ERROR_BUSY, EBUSY, u->name, NULL,
					 "%s: vnet %s is on it%s; remove that first", u->name,
					 u->slots[i]->vnet->name,
					 u->member_count > 1 ? ", and more are" : "");
	return 0;
}

int manager_uplink_del(struct manager *m, const char *name, struct error *e)
{
	struct uplink *u = manager_find_uplink(m, name, e);
	int err = u ? check_unused(u, e) : -ENOENT;

	if (!err)
		err = manager_keep_without(m, &u->leaving, &m->removed_uplinks, u->name,
					   u->from_config, e);
	if (!err)
		manager_remove_uplink(u);
	return err;
}
