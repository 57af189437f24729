/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps of the version before ours, brought over. No row is written before the new maps have taken
 * their names and the programs their places, so until then all goes on as it was.
 */
#ifndef VNETD_MIGRATE_H
#define VNETD_MIGRATE_H

#include "loader.h"

/* Are these the maps of the version before ours? @meta: -1 is none. */
bool migrate_is_due(int meta);

/*
 * Gives @ret those maps of @old that are the same in both versions; it shares them with @old's
 * programs. loader_load() looks whether they are what they should be, and makes the others.
 * @folder: for the sentences.
 */
int migrate_share(const struct loader_set *old, struct loader_set *ret, const char *folder,
		  struct error *e);

#endif
