/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LOCK_TEXT_SIZE (LOCK_PROGRAMS_MAX * 11 + 1) /* a number takes eleven bytes at most */

int lock_take(const char *state, const char *instance, struct error *e)
{
	UTIL_CLOSE int lock = -1;
	char path[PATH_MAX];

	if (mkdir(state, 0755) && errno != EEXIST)
		return error_set(e, ERROR_FAILED, errno, NULL, "state",
				 "the state folder %s cannot be made: %s", state, strerror(errno));
	snprintf(path, sizeof(path), "%s/%s.lock", state, instance);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		return error_set(e, ERROR_FAILED, errno, NULL, "state",
				 "the lock file %s cannot be opened: %s", path, strerror(errno));
	if (flock(lock, LOCK_EX | LOCK_NB))
		return error_set(
			e, ERROR_BUSY, EBUSY, NULL, "instance",
			"another vnetd is running as instance %s with state %s; stop it, or give "
			"another --instance, --state and --socket",
			instance, state);
	return UTIL_TAKE_FD(lock);
}

void lock_read(int lock, struct lock_programs *ret)
{
	char text[LOCK_TEXT_SIZE] = "", *at = text, *end;
	ssize_t n = pread(lock, text, sizeof(text) - 1, 0);

	*ret = (struct lock_programs) { 0 };
	if (n <= 0)
		return;
	text[n] = '\0';
	while (ret->count < LOCK_PROGRAMS_MAX) {
		unsigned long id = strtoul(at, &end, 10);

		if (end == at || id > UINT32_MAX)
			return;
		ret->id[ret->count++] = (uint32_t)id;
		at = end;
	}
}

int lock_write(int lock, const struct lock_programs *programs)
{
	char text[LOCK_TEXT_SIZE];
	size_t len = 0;
	ssize_t n;

	for (size_t i = 0; i < programs->count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%u\n", programs->id[i]);
	if (ftruncate(lock, 0) < 0)
		return -errno;
	n = pwrite(lock, text, len, 0);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}
