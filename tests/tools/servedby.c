// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * servedby ADDRESS PORT NAME: a TCP server that answers each line with "NAME CPU", its own name and
 * the CPU whose stack has handled the connection's last segment. Tells "ready" when it listens.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "servedby: %s: %s\n", what, strerror(errno));
	return 1;
}

static int listen_at(const char *address, const char *port)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	int sock, on = 1;

	if (getaddrinfo(address, port, &hints, &found))
		return -1;
	sock = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock >= 0 && (setsockopt(sock, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
			  bind(sock, found->ai_addr, found->ai_addrlen) || listen(sock, 16))) {
		close(sock);
		sock = -1;
	}
	freeaddrinfo(found);
	return sock;
}

static void serve(int connection, const char *name)
{
	char buffer[256], answer[64];
	socklen_t length;
	int cpu, n;

	while (read(connection, buffer, sizeof(buffer)) > 0) {
		length = sizeof(cpu);
		if (getsockopt(connection, SOL_SOCKET, SO_INCOMING_CPU, &cpu, &length))
			break;
		n = snprintf(answer, sizeof(answer), "%s %d\n", name, cpu);
		if (write(connection, answer, (size_t)n) != n)
			break;
	}
	close(connection);
}

int main(int argc, char **argv)
{
	int sock, connection;

	if (argc != 4) {
		fputs("usage: servedby ADDRESS PORT NAME\n", stderr);
		return 2;
	}
	sock = listen_at(argv[1], argv[2]);
	if (sock < 0)
		return fail(argv[1]);
	fputs("ready\n", stderr);
	for (;;) {
		connection = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
		if (connection < 0)
			return fail("accept");
		serve(connection, argv[3]);
	}
}
