/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answers of vnetd for people. All return 0 or -ENOMEM. */
#ifndef VNETCTL_PRINT_H
#define VNETCTL_PRINT_H

#include "ctl.h"

int print_vnets(struct ctl *ctl, struct json_object *vnets);
int print_resources(struct ctl *ctl, struct json_object *resources);
int print_uplinks(struct ctl *ctl, struct json_object *uplinks);
int print_flows(struct ctl *ctl, struct json_object *flows);
int print_fdb(struct ctl *ctl, struct json_object *entries);
int print_path(struct ctl *ctl, struct json_object *path);
int print_stats(struct ctl *ctl, struct json_object *stats);
int print_history(struct ctl *ctl, struct json_object *history);
int print_top(struct ctl *ctl, struct json_object *rates);
int print_saved(struct ctl *ctl, struct json_object *saved);
int print_status(struct ctl *ctl, struct json_object *status);
int print_event(struct ctl *ctl, struct json_object *event);

#endif
