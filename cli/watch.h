/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vnetctl monitor */
#ifndef VNETCTL_WATCH_H
#define VNETCTL_WATCH_H

#include "commands.h"

enum ctl_status watch_run(struct ctl *ctl, const struct command *command);

#endif
