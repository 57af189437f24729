/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests that need the kernel: network namespaces without root, and ip(8) inside of them. */
#ifndef VNET_TESTS_UNIT_NET_H
#define VNET_TESTS_UNIT_NET_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int unit_net_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* Moves the process into a network namespace of its own, where it is root: with a user namespace
 * unless it is root already, which in a chroot could not make one. */
static inline int unit_net_enter(void)
{
	unsigned int uid = geteuid(), gid = getegid();
	char map[32];

	if (uid == 0 && unshare(CLONE_NEWNET) == 0)
		return 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return -errno;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	if (unit_net_write("/proc/self/uid_map", map) < 0)
		return -EPERM;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	if (unit_net_write("/proc/self/setgroups", "deny") < 0 ||
	    unit_net_write("/proc/self/gid_map", map) < 0)
		return -EPERM;
	return 0;
}

/* For main(): 0, or why unit_net_enter() would fail here. */
static inline int unit_net_refused(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(-unit_net_enter());
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

/* A descriptor of the network namespace that the process is in. */
static inline int unit_net_fd(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static inline void unit_net_switch(int fd)
{
	ck_assert_int_eq(setns(fd, CLONE_NEWNET), 0);
}

/* One more network namespace, by its descriptor; the process stays where it is. */
static inline int unit_net_other(void)
{
	int here = unit_net_fd(), other;

	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	other = unit_net_fd();
	unit_net_switch(here);
	close(here);
	return other;
}

/* Runs a command in the namespace; it has to succeed. */
static inline void __attribute__((format(printf, 1, 2))) unit_net_run(const char *format, ...)
{
	char command[256];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	ck_assert_msg(system(command) == 0, "failed: %s", command);
}

/* Does a command, which has to succeed, say @text? */
static inline bool unit_net_says(const char *command, const char *text)
{
	char output[16384];
	FILE *f = popen(command, "r");
	size_t n;

	ck_assert_ptr_nonnull(f);
	n = fread(output, 1, sizeof(output) - 1, f);
	output[n] = '\0';
	ck_assert_msg(pclose(f) == 0, "failed: %s", command);
	return strstr(output, text) != NULL;
}

#endif
