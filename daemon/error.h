/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said when something is refused or fails: one full sentence, the kind of the failure, an
 * errno, and the object and field it is about. It becomes the Varlink error as it is.
 */
#ifndef VNETD_ERROR_H
#define VNETD_ERROR_H

#include "util.h"

enum error_kind {
	ERROR_NONE,
	ERROR_NOT_FOUND,
	ERROR_EXISTS,
	ERROR_INVALID,
	ERROR_BUSY,
	ERROR_PERMISSION,
	ERROR_FAILED,
};

struct error {
	enum error_kind kind;
	int number;	 /* errno, positive */
	char object[64]; /* "vnet0", "vnet0/g1"; empty: none */
	char field[32];	 /* "mtu"; empty: none */
	char message[512];
};

/*
 * Fills @e (which may be NULL) and returns -@number. @object and @field may be NULL. The message is
 * a sentence without a full stop that names object, field, value and what was expected.
 */
int error_set(struct error *e, enum error_kind kind, int number, const char *object,
	      const char *field, const char *format, ...) UTIL_PRINTF(6, 7);

/* The last part of the Varlink error's name: "NotFound". */
const char *error_kind_name(enum error_kind kind);

#endif
