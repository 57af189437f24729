/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which configuration files there are: several folders, one name space, the first folder wins. */
#ifndef VNETD_CONFIG_FILES_H
#define VNETD_CONFIG_FILES_H

#include <uthash.h>

#include "util.h"

struct config_file {
	char *name; /* "vnet0.vnet"; owned */
	char *path; /* owned */
	UT_hash_handle hh;
};

/*
 * Adds to @files, a hash by name, the files in DIR or (with @sub) DIR/SUB whose names end in
 * @suffix and that no earlier folder has. A folder that does not exist is empty. 0 or -errno.
 */
int config_files_add(struct config_file **files, const char *dir, const char *sub,
		     const char *suffix);

/* In the order of their names, byte by byte. */
void config_files_sort(struct config_file **files);

/* Usable with UTIL_CLEANUP. */
void config_files_clear(struct config_file **files);

#endif
