/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps of the version before ours, brought over. The old maps are read and never written, so until
 * the new ones have taken their names and the programs their places, all goes on as it was.
 */
#ifndef VNETD_MIGRATE_H
#define VNETD_MIGRATE_H

#include "loader.h"

/* Are these the maps of the version before ours? @meta: -1 is none. */
bool migrate_is_due(int meta);

/*
 * Gives @ret those maps of @old that are the same in both versions; it shares them with @old's
 * programs. -EINVAL, and why in @e: a map is not what the old version had. @folder: for the
 * sentences.
 */
int migrate_share(const struct loader_set *old, struct loader_set *ret, const char *folder,
		  struct error *e);

/* After loader_load() has made the others: their rows, out of those of @old. 0 or -errno. */
int migrate_rows(const struct loader_set *old, const struct loader_set *new);

#endif
