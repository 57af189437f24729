/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vnetctl complete WORD...: what the shells' completions ask. It prints the words that the last one
 * can become, one a line, each with a tab and a few words about it. It never complains.
 */
#ifndef VNETCTL_COMPLETE_H
#define VNETCTL_COMPLETE_H

#include "commands.h"

enum ctl_status complete_run(struct ctl *ctl, const struct command *command);

#endif
