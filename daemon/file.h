/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole files: read one, or replace one so that a crash at any moment leaves either the old or the
 * new. The functions say nothing; whoever calls knows what the file is and makes the sentence.
 */
#ifndef VNETD_FILE_H
#define VNETD_FILE_H

#include <sys/types.h>

#include "util.h"

/*
 * Reads a regular file, or /dev/null as an empty one, of at most @max_bytes. @ret gets a buffer
 * that the caller frees, with a NUL behind the last byte. -EFBIG: it is longer; -EISDIR: it is a
 * folder; -ENXIO: it is neither of these; else the errno of open() or read().
 */
int file_read(const char *path, size_t max_bytes, char **ret, size_t *ret_len_bytes);

/*
 * Writes PATH.tmp beside the file, syncs it, and renames it over @path. 0, or -errno with the old
 * file untouched and PATH.tmp removed. (Only if syncing the folder, the very last step, fails, the
 * new file stands already, and a loss of power might still bring the old one back.)
 */
int file_replace(const char *path, const void *data, size_t len_bytes, mode_t mode);

#endif
