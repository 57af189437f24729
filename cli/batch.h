/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands from a file: one a line, over one connection, until the first that fails. */
#ifndef VNETCTL_BATCH_H
#define VNETCTL_BATCH_H

#include "ctl.h"

/* @path "-": standard input. */
enum ctl_status batch_run(struct ctl *ctl, const char *path);

#endif
