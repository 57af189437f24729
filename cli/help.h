/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help, made of the commands' tables. */
#ifndef VNETCTL_HELP_H
#define VNETCTL_HELP_H

#include "commands.h"

/* All commands and the options. */
void help_print(FILE *out);

/* Syntax, keys and examples of one object. */
enum ctl_status help_object(struct ctl *ctl, const char *object);

enum ctl_status help_run(struct ctl *ctl, const struct command *command);

#endif
