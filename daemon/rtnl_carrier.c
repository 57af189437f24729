/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request for a device waits until the kernel has finished what it does to any other one, which
 * is long where one is deleted: just then its carrier counts. What sysfs has to say of it waits for
 * nothing, up to Linux 6.7. Who has a later one has programs that look for themselves.
 */
#include <errno.h>
#include <fcntl.h>

#include "rtnl.h"

#define PATH_SIZE (sizeof("/sys/class/net//carrier") + IFNAMSIZ)

/* -EINVAL: the device is down, or about to be. */
static int read_number(const char *device, const char *file, unsigned long *ret)
{
	char path[PATH_SIZE], text[24], *end;
	UTIL_CLOSE int fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", device, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	*ret = strtoul(text, &end, 10);
	return end == text ? -ENODATA : 0;
}

/* That sysfs is of our network namespace is not said. */
int rtnl_carries(void *rtnl, const struct link *l, bool *ret)
{
	unsigned long number = 0, carrier = 0;
	int err = read_number(l->name, "ifindex", &number);

	if (err)
		return err;
	if (number != l->ifindex)
		return -ENODEV;
	err = read_number(l->name, "carrier", &carrier);
	if (err && err != -EINVAL)
		return err;
	*ret = carrier;
	return 0;
}
