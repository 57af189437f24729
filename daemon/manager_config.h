/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files in which the manager takes up desired state, of vnets and of uplinks. */
#ifndef VNETD_MANAGER_CONFIG_H
#define VNETD_MANAGER_CONFIG_H

#include "config.h"
#include "manager.h"

/* Logs a complaint and keeps the first one for the caller. */
void manager_config_complain(struct error *first, int *ret_err, int err, const struct error *e);

/* Has a refused file that name, or may it have it? */
bool manager_config_is_refused(const struct config_refused *refused, const char *name);

/*
 * What was removed at run time comes back with a reload, but not because vnetd was restarted; nor
 * does what was made by hand in its place give way then.
 */
bool manager_config_stays_away(const struct manager *m, const struct desired_names *removed,
			       const char *name, bool from_config);
int manager_config_restore_removed(struct desired_names *removed, const struct desired_names *from,
				   struct error *e);

/* manager_config_flow.c; of the owner of that name. */
void manager_restore_flows(struct manager *m, const char *owner, const struct desired_flows *flows,
			   struct error *e, int *first);
void manager_configure_flows(struct manager *m, const char *owner,
			     const struct desired_flows *flows, struct error *e, int *first);
void manager_mark_saved_flows(struct flow *flows, struct desired_names *removed);

/* manager_config_uplink.c */
void manager_restore_uplinks(struct manager *m, const struct desired *state, struct error *e,
			     int *first);
void manager_configure_uplinks(struct manager *m, const struct desired *config,
			       const struct config_refused *refused, struct error *e, int *first);
/* Will it be on another device, so that nothing can stay on it? */
bool manager_config_moves_uplink(const struct uplink *u, const struct desired *config);
void manager_forget_removed_uplinks(struct manager *m, const struct desired *config);
int manager_snapshot_uplinks(const struct manager *m, struct desired *ret); /* 0 or -ENOMEM */

#endif
