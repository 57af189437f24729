/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vnetctl top */
#ifndef VNETCTL_TOP_H
#define VNETCTL_TOP_H

#include "commands.h"

enum ctl_status top_run(struct ctl *ctl, const struct command *command);

/*
 * What was counted between two answers of vnet_stats(), @seconds apart, by the second: an array
 * with an object for each vnet, resource and flow of the later one. What has been there only then
 * has no rates yet. NULL: no memory; else the caller puts it.
 */
struct json_object *top_rates(struct json_object *before, struct json_object *now, double seconds);

#endif
