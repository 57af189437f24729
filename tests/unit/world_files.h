/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration files as they are once they have been read: written by words, as users write them.
 */
#ifndef VNET_TESTS_UNIT_WORLD_FILES_H
#define VNET_TESTS_UNIT_WORLD_FILES_H

#include "../../daemon/config.h"
#include "world.h"

/*
 * A file, or a section of one, with keys and values up to a NULL; one that is there is replaced,
 * and keeps what is below it. A flow's @owner is a vnet or an uplink that has a file.
 */
void world_file(struct desired *files, const char *name, ...) __attribute__((sentinel));
void world_file_resource(struct desired *files, const char *vnet, const char *name, ...)
	__attribute__((sentinel));
void world_file_uplink(struct desired *files, const char *name, ...) __attribute__((sentinel));
void world_file_flow(struct desired *files, const char *owner, const char *name, ...)
	__attribute__((sentinel));

/* They are there, and are not any more. */
void world_no_file(struct desired *files, const char *name);
void world_no_file_resource(struct desired *files, const char *vnet, const char *name);
void world_no_file_flow(struct desired *files, const char *owner, const char *name);

/* They are taken up; 0 or -errno with the error in w->e. @refused may be NULL. */
int world_files_try(struct world *w, const struct desired *files,
		    const struct config_refused *refused);
void world_files_configure(struct world *w, const struct desired *files);
/* The same files again: nothing is called, nothing is told, and it is saved once. */
void world_files_untouched(struct world *w, const struct desired *files);

#endif
