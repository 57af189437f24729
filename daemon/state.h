/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file: what was added at run time and what has to be put back, so that a restart goes on
 * where the daemon stopped. JSON, replaced atomically (write, fsync, rename), with a checksum.
 */
#ifndef VNETD_STATE_H
#define VNETD_STATE_H

#include "desired.h"

/*
 * -ENOENT: there is none; -EBADMSG: it is damaged; -EPROTONOSUPPORT: a newer version wrote it; else
 * the errno of reading it. The reason is in @e, and @ret is empty then.
 */
int state_load(const char *path, struct desired *ret, struct error *e);

/* The same of a text that is at hand; @path is for the sentences. */
int state_open(const char *path, const char *text, size_t len_bytes, struct desired *ret,
	       struct error *e);

/* What is written for @d: a text without NULs, which the caller frees. 0 or -ENOMEM. */
int state_seal(const struct desired *d, char **ret, size_t *ret_len_bytes);

/* 0, or -errno with the old file untouched and a sentence in @e. */
int state_put(const char *path, const char *text, size_t len_bytes, struct error *e);

/* Both in one. */
int state_save(const char *path, const struct desired *d, struct error *e);

#endif
