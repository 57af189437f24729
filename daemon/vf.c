/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A PF is a network device, class/net/PF. What it is made of is behind `device`; from there, one
 * link `virtfnN` leads to each VF, and the VF's own network device is in its folder `net`. Drivers
 * differ in all else, but this the PCI and network cores make.
 */
#include "vf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

static int open_folder(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* What is not there (yet, or any more) is an answer, all else is none. */
static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENOTDIR || err == -ENODEV;
}

/* False: there is no such file, or no number in it. */
static bool read_number(int at, const char *name, uint32_t *ret)
{
	UTIL_CLOSE int fd = openat(at, name, O_RDONLY | O_CLOEXEC);
	char text[16];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	unsigned long number;
	char *end;

	if (n <= 0)
		return false;
	text[n] = '\0';
	errno = 0;
	number = strtoul(text, &end, 10);
	if (end == text || errno || number > UINT32_MAX)
		return false;
	*ret = (uint32_t)number;
	return true;
}

/* The last part of where a symbolic link leads. False: there is none. */
static bool read_target(int at, const char *name, char *ret, size_t size)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(at, name, target, sizeof(target) - 1);
	const char *slash;

	if (n <= 0)
		return false;
	target[n] = '\0';
	slash = strrchr(target, '/');
	return util_copy(ret, size, slash ? slash + 1 : target);
}

/* A function with several ports has several devices: the first by name. */
static int read_netdev(int function, char ret[IFNAMSIZ])
{
	int fd = open_folder(function, "net");
	UTIL_CLEANUP(closedirp) DIR *dir = NULL;
	const struct dirent *entry;

	if (fd < 0)
		return is_absent(fd) ? 0 : fd;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -ENOMEM;
	}
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' && (!ret[0] || strcmp(entry->d_name, ret) < 0))
			util_copy(ret, IFNAMSIZ, entry->d_name);
	return 0;
}

static int look_at_function(int device, uint32_t index, struct kernel_vf_place *p)
{
	UTIL_CLOSE int function = -1;
	char name[32];
	int err;

	p->missing = KERNEL_VF_NO_FUNCTION;
	snprintf(name, sizeof(name), "virtfn%u", index);
	function = open_folder(device, name);
	if (function < 0)
		return is_absent(function) ? 0 : function;
	read_target(device, name, p->function, sizeof(p->function));
	p->missing = KERNEL_VF_NO_DRIVER;
	if (!read_target(function, "driver", p->driver, sizeof(p->driver)))
		return 0;
	err = read_netdev(function, p->netdev);
	p->missing = p->netdev[0] ? KERNEL_VF_COMPLETE : KERNEL_VF_NO_NETDEV;
	return err;
}

int vf_look(const char *sysfs, const char *pf, uint32_t index, struct kernel_vf_place *ret)
{
	struct kernel_vf_place p = { .missing = KERNEL_VF_NO_PF };
	UTIL_CLOSE int device = -1;
	char path[PATH_MAX];
	uint32_t count;
	int err;

	if (snprintf(path, sizeof(path), "%s/class/net/%s/device", sysfs, pf) >= PATH_MAX)
		return -ENAMETOOLONG;
	device = open_folder(AT_FDCWD, path);
	if (device < 0 && !is_absent(device))
		return device;
	if (device >= 0) {
		p.capable = read_number(device, "sriov_totalvfs", &p.total) ||
			    read_number(device, "sriov_numvfs", &count);
		err = look_at_function(device, index, &p);
		if (err)
			return err;
	}
	*ret = p;
	return 0;
}
