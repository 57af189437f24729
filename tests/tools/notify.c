// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a service manager hears: listens at the Unix datagram socket PATH (the NOTIFY_SOCKET of a
 * daemon under test) and prints what comes, a line each, until SIGTERM.
 *
 *	notify PATH
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common.h"

volatile sig_atomic_t common_stop;

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char message[4096];
	int fd;

	if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
		fputs("usage: notify PATH\n", stderr);
		return COMMON_USAGE;
	}
	common_catch_stop();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	unlink(argv[1]);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(COMMON_FAILED, "%s", argv[1]);
	common_ready();
	while (!common_stop) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, 100) <= 0)
			continue;
		n = recv(fd, message, sizeof(message) - 1, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			err(COMMON_FAILED, "recv");
		if (n <= 0)
			continue;
		message[n] = '\0';
		puts(message);
		fflush(stdout);
	}
	unlink(argv[1]);
	return 0;
}
