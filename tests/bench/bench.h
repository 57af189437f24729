/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tools of the benchmark share with each other, beside what all test tools share. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <arpa/inet.h>
#include <sys/socket.h>

#include "../tools/common.h"

#define BENCH_PAYLOAD_MAX 1400

/* @to is ADDRESS:PORT; TCP tries until its listener is there, for 10 s. */
static inline int bench_connect(const char *to, int type)
{
	uint64_t deadline = common_now_ns() + 10000000000;
	struct sockaddr_in address = { .sin_family = AF_INET };
	const struct timespec pause = { .tv_nsec = 10000000 };
	const char *colon = strrchr(to, ':');
	char host[INET_ADDRSTRLEN] = "";
	int fd;

	if (colon && (size_t)(colon - to) < sizeof(host))
		memcpy(host, to, (size_t)(colon - to));
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		errx(COMMON_USAGE, "--to %s is not ADDRESS:PORT", to);
	address.sin_port = htons((uint16_t)common_number("--to's port", colon + 1, 1, 65535));
	while (true) {
		fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
		if (fd < 0)
			err(COMMON_FAILED, "socket");
		if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
			return fd;
		if (common_stop || common_now_ns() > deadline)
			err(COMMON_FAILED, "%s", to);
		close(fd);
		nanosleep(&pause, NULL);
	}
}

static inline int bench_bind(uint16_t port, int type)
{
	const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)))
		err(COMMON_FAILED, "port %u", port);
	return fd;
}

#endif
