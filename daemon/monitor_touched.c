/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor_touched.h"

#include <errno.h>
#include <search.h>

static int compare(const void *a, const void *b)
{
	return (uintptr_t)a < (uintptr_t)b ? -1 : a != b;
}

static void keep(void *number)
{
	/* The number is in the pointer; there is nothing to free. */
}

/* A hash (FNV-1a), apart from all ifindexes. */
uintptr_t touched_address(const struct address *a)
{
	const uint8_t *bytes = (const uint8_t *)a;
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(*a); i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return (uintptr_t)hash | (uintptr_t)1 << (8 * sizeof(uintptr_t) - 1);
}

bool touched_has(void *const *set, uintptr_t number)
{
	return tfind((void *)number, set, compare);
}

int touched_add(void **set, uintptr_t number)
{
	return tsearch((void *)number, set, compare) ? 0 : -ENOMEM;
}

void touched_clear(void **set)
{
	tdestroy(*set, keep);
	*set = NULL;
}
