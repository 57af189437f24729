/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands do. */
#ifndef VNETCTL_VERBS_H
#define VNETCTL_VERBS_H

#include "commands.h"

enum ctl_status verbs_vnet_add(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_vnet_set(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_vnet_del(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_vnet_prepare_migration(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_vnet_finish_migration(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_vnet_show(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_resource_add(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_resource_set(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_resource_del(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_resource_clear(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_uplink_add(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_uplink_set(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_uplink_del(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_uplink_show(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_flow_add(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_flow_set(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_flow_del(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_flow_show(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_resource_show(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_fdb_show(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_path(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_stats(struct ctl *ctl, const struct command *command);
/* A key whose value is a number from 1; @ret stays as it was if it is not given. */
enum ctl_status verbs_number(struct ctl *ctl, const struct command *c, const char *key,
			     unsigned int *ret);

enum ctl_status verbs_history(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_reload(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_save(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_flush(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_status(struct ctl *ctl, const struct command *command);
enum ctl_status verbs_version(struct ctl *ctl, const struct command *command);

#endif
