/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "error.h"

int error_set(struct error *e, enum error_kind kind, int number, const char *object,
	      const char *field, const char *format, ...)
{
	struct error made = { .kind = kind, .number = number };
	va_list args;

	if (!e)
		return -number;

	/* Made aside: the arguments may point into @e, when a sentence wraps an earlier one. */
	snprintf(made.object, sizeof(made.object), "%s", object ? object : "");
	snprintf(made.field, sizeof(made.field), "%s", field ? field : "");
	va_start(args, format);
	vsnprintf(made.message, sizeof(made.message), format, args);
	va_end(args);
	*e = made;
	return -number;
}

const char *error_kind_name(enum error_kind kind)
{
	switch (kind) {
	case ERROR_NOT_FOUND:
		return "NotFound";
	case ERROR_EXISTS:
		return "Exists";
	case ERROR_INVALID:
		return "Invalid";
	case ERROR_BUSY:
		return "Busy";
	case ERROR_PERMISSION:
		return "Permission";
	case ERROR_NONE:
	case ERROR_FAILED:
		break;
	}
	/* Whoever reports an error without a kind still has a failure to report. */
	return "Failed";
}
