// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Thousands of clients of vnetd's socket that wish it ill, and an administrator beside them.
 *
 *	hostile PATH clients COUNT USERS FIRST-UID	until SIGTERM
 *	hostile PATH measure COUNT			prints how long requests take, as JSON
 *
 * Each user is a process. A fifth of its clients each: is idle; sends a byte now and then; asks as
 * fast as it can; asks and never reads; connects and leaves. Who is closed comes back. "ready" is
 * said when all have tried to connect. The measuring one connects for each of its requests, half
 * of which change something of vnet0.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "common.h"

#define HOSTILE_TICK_MS	    20
#define HOSTILE_CLIENTS_MAX 20000
#define HOSTILE_EVENTS	    256
#define HOSTILE_PIPELINE    16
#define HOSTILE_MEASURE_MAX 100000
#define HOSTILE_REPLY_BYTES 65536

volatile sig_atomic_t common_stop;

enum hostile_kind { HOSTILE_IDLE, HOSTILE_SLOW, HOSTILE_FLOOD, HOSTILE_DEAF, HOSTILE_LEAVER };
#define HOSTILE_KINDS (HOSTILE_LEAVER + 1)

struct hostile_client {
	int fd; /* -1: not connected */
	enum hostile_kind kind;
	size_t sent; /* HOSTILE_SLOW: of the request */
};

struct hostile {
	struct sockaddr_un address;
	int epoll;
	size_t count;
	struct hostile_client *clients;
};

static const char hostile_request[] = "{\"method\":\"org.varlink.service.GetInterfaceDescription\","
				      "\"parameters\":{\"interface\":\"io.vnetd.Control\"}}";

static void hostile_leave(struct hostile_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	c->sent = 0;
}

static void hostile_ask(struct hostile_client *c)
{
	for (int i = 0; i < HOSTILE_PIPELINE; i++) {
		if (send(c->fd, hostile_request, sizeof(hostile_request),
			 MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			return;
	}
}

static void hostile_connect(struct hostile *h, struct hostile_client *c)
{
	struct epoll_event event = { .events = EPOLLRDHUP, .data.ptr = c };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		err(COMMON_FAILED, "socket");
	/* EAGAIN: the queue is full; the next turn tries again. */
	if (connect(fd, (struct sockaddr *)&h->address, sizeof(h->address))) {
		close(fd);
		return;
	}
	c->fd = fd;
	if (c->kind == HOSTILE_LEAVER) {
		hostile_leave(c);
		return;
	}
	if (c->kind == HOSTILE_FLOOD)
		event.events |= EPOLLIN;
	if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &event))
		err(COMMON_FAILED, "epoll");
	if (c->kind == HOSTILE_FLOOD || c->kind == HOSTILE_DEAF)
		hostile_ask(c);
}

static void hostile_tick(struct hostile *h)
{
	for (size_t i = 0; i < h->count; i++) {
		struct hostile_client *c = &h->clients[i];

		if (c->fd < 0)
			hostile_connect(h, c);
		else if (c->kind == HOSTILE_SLOW &&
			 send(c->fd, hostile_request + c->sent % sizeof(hostile_request), 1,
			      MSG_NOSIGNAL | MSG_DONTWAIT) == 1)
			c->sent++;
		else if (c->kind == HOSTILE_DEAF)
			hostile_ask(c);
	}
}

static void hostile_event(struct hostile_client *c, uint32_t events)
{
	static char bytes[HOSTILE_REPLY_BYTES];
	ssize_t n = 0;

	if (c->fd < 0)
		return;
	if (events & EPOLLIN) {
		n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n > 0)
			hostile_ask(c);
	}
	if (n <= 0 && events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP))
		hostile_leave(c);
}

static void hostile_user(struct hostile *h, uid_t uid, int ready)
{
	struct epoll_event events[HOSTILE_EVENTS];
	uint64_t tick_ns = 0;
	bool told = false;

	/* In this order: another uid is another life. */
	if (setgid(uid) || setuid(uid) || prctl(PR_SET_PDEATHSIG, SIGKILL))
		err(COMMON_FAILED, "uid %u", uid);
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	h->clients = calloc(h->count, sizeof(*h->clients));
	if (h->epoll < 0 || !h->clients)
		err(COMMON_FAILED, "memory");
	for (size_t i = 0; i < h->count; i++)
		h->clients[i] = (struct hostile_client) { -1, i % HOSTILE_KINDS, 0 };
	while (!common_stop) {
		int n = epoll_wait(h->epoll, events, HOSTILE_EVENTS, HOSTILE_TICK_MS);

		for (int i = 0; i < n; i++)
			hostile_event(events[i].data.ptr, events[i].events);
		if (common_now_ns() < tick_ns)
			continue;
		hostile_tick(h);
		tick_ns = common_now_ns() + HOSTILE_TICK_MS * UINT64_C(1000000);
		if (!told && write(ready, "", 1) != 1)
			err(COMMON_FAILED, "pipe");
		told = true;
	}
	exit(0);
}

static int hostile_clients(struct hostile *h, size_t count, unsigned int users, uid_t first)
{
	struct rlimit files = { HOSTILE_CLIENTS_MAX, HOSTILE_CLIENTS_MAX };
	int ready[2];
	char byte;

	if (setrlimit(RLIMIT_NOFILE, &files) || pipe(ready))
		err(COMMON_FAILED, "descriptors");
	h->count = count / users;
	for (unsigned int i = 0; i < users; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(COMMON_FAILED, "fork");
		if (!pid)
			hostile_user(h, first + i, ready[1]);
	}
	for (unsigned int i = 0; i < users; i++) {
		if (read(ready[0], &byte, 1) != 1)
			err(COMMON_FAILED, "a user has not begun");
	}
	common_ready();
	while (!common_stop)
		poll(NULL, 0, -1);
	/* They die with us. */
	return 0;
}

/* --- the administrator --- */

static int hostile_compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static uint64_t hostile_request_us(struct hostile *h, size_t number)
{
	static char reply[HOSTILE_REPLY_BYTES];
	uint64_t begin_ns = common_now_ns();
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t have = 0;
	char request[160];
	int len;

	if (number % 2)
		len = snprintf(request, sizeof(request),
			       "{\"method\":\"io.vnetd.Control.SetVnet\",\"parameters\":{\"name\":"
			       "\"vnet0\",\"settings\":{\"hold_down\":%zu}}}",
			       number % 1000);
	else
		len = snprintf(request, sizeof(request),
			       "{\"method\":\"io.vnetd.Control.GetStatus\"}");
	if (fd < 0 || connect(fd, (struct sockaddr *)&h->address, sizeof(h->address)) ||
	    send(fd, request, (size_t)len + 1, MSG_NOSIGNAL) != len + 1)
		err(COMMON_FAILED, "the administrator's request");
	while (!have || reply[have - 1]) {
		ssize_t n = recv(fd, reply + have, sizeof(reply) - have, 0);

		if (n <= 0)
			err(COMMON_FAILED, "the administrator's reply");
		have += (size_t)n;
	}
	if (strstr(reply, "\"error\""))
		errx(COMMON_FAILED, "the administrator is refused: %s", reply);
	close(fd);
	return (common_now_ns() - begin_ns) / 1000;
}

static int hostile_measure(struct hostile *h, size_t count)
{
	uint64_t *took_us = calloc(count, sizeof(*took_us));

	if (!took_us)
		err(COMMON_FAILED, "memory");
	for (size_t i = 0; i < count; i++)
		took_us[i] = hostile_request_us(h, i);
	qsort(took_us, count, sizeof(*took_us), hostile_compare);
	printf("{\"requests\":%zu,\"p50_us\":%" PRIu64 ",\"p99_us\":%" PRIu64 ",\"max_us\":%" PRIu64
	       "}\n",
	       count, took_us[count / 2], took_us[(count * 99 - 1) / 100], took_us[count - 1]);
	free(took_us);
	return 0;
}

int main(int argc, char **argv)
{
	struct hostile h = { .address.sun_family = AF_UNIX };

	if (argc < 4 || strlen(argv[1]) >= sizeof(h.address.sun_path))
		errx(COMMON_USAGE,
		     "usage: hostile PATH clients COUNT USERS FIRST-UID | measure COUNT");
	memcpy(h.address.sun_path, argv[1], strlen(argv[1]) + 1);
	common_catch_stop();
	if (!strcmp(argv[2], "clients") && argc == 6)
		return hostile_clients(&h, common_number("COUNT", argv[3], 1, HOSTILE_CLIENTS_MAX),
				       (unsigned int)common_number("USERS", argv[4], 1, 1000),
				       (uid_t)common_number("FIRST-UID", argv[5], 1, 4000000000));
	if (!strcmp(argv[2], "measure") && argc == 4)
		return hostile_measure(&h, common_number("COUNT", argv[3], 1, HOSTILE_MEASURE_MAX));
	errx(COMMON_USAGE, "%s: no such words", argv[2]);
}
