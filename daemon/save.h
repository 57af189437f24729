/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `vnetctl save`: what runs becomes configuration files. */
#ifndef VNETD_SAVE_H
#define VNETD_SAVE_H

#include <json-c/json.h>

#include "manager.h"

/*
 * Writes every vnet that differs from its file, or has none, as @dirs[0]/NAME.vnet, and appends the
 * paths to @files. A vnet whose drop-ins would change what was written is refused and named in @e.
 */
int save_vnets(struct manager *m, const char *const *dirs, struct json_object *files,
	       struct error *e);

#endif
