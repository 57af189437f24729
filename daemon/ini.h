/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * INI text as in systemd's files: [SECTION], KEY=VALUE, lines of comment that begin with '#' or
 * ';'. UTF-8, at most INI_LINE_BYTES_MAX bytes a line, no continuation lines, no quoting. Ours,
 * because inih as Debian builds it tells its handlers no line numbers and silently makes two lines
 * of one that is longer than 200 bytes.
 */
#ifndef VNETD_INI_H
#define VNETD_INI_H

#include "util.h"

#define INI_LINE_BYTES_MAX 4096

/* Strings are borrowed for the time of the call, without white space at their ends. */
struct ini_callbacks {
	/* @name NULL: a header that cannot be read; on_error has told why. */
	void (*on_section)(void *context, unsigned int line, const char *name);
	void (*on_value)(void *context, unsigned int line, const char *key, const char *value);
	/* The line is passed over, and what follows is read on. */
	void (*on_error)(void *context, unsigned int line, const char *message);
};

void ini_parse(const char *text, size_t len_bytes, const struct ini_callbacks *callbacks,
	       void *context);

#endif
