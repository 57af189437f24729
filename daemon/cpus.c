/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cpus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

int cpus_read(const char *path, char *ret, size_t size)
{
	UTIL_FREE char *text = NULL;
	size_t length;
	int err = file_read(path, size, &text, &length);

	if (err)
		return err;
	length = strcspn(text, "\n");
	if (length >= size)
		return -EFBIG;
	memcpy(ret, text, length);
	ret[length] = '\0';
	return 0;
}

bool cpus_have(const char *list, uint32_t cpu)
{
	while (*list) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (end == list)
			return false;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (cpu >= first && cpu <= last)
			return true;
		list = *end == ',' ? end + 1 : end;
	}
	return false;
}
