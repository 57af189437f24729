// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A TCP transfer of which every byte is checked.
 *
 *	tcpstream send --to ADDRESS:PORT [--seconds S|--ms MS] [--bytes N] [--status FILE]
 *	tcpstream recv --port PORT [--no-check] [--status FILE]
 *
 * The sender connects (it tries for 10 s), sends until its time is over or SIGTERM comes, closes
 *its half, and waits until the receiver has told how many bytes arrived right; its exit status is 0
 *only if that is all. The receiver takes one connection and ends with it. Both write JSON, to
 *stdout and every 100 ms to FILE: "max_gap_us" is the longest time without progress, "bad_at" the
 *place of the first wrong byte or -1.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "common.h"

/* The data repeats after a prime number of bytes, so that no lost or doubled segment fits in. */
#define TCPSTREAM_PERIOD    1048573
#define TCPSTREAM_CHUNK	    262144
#define TCPSTREAM_WAIT_MS   50
#define TCPSTREAM_CONNECT_S 10
#define TCPSTREAM_STALL_S   30

volatile sig_atomic_t common_stop;

struct tcpstream {
	int fd;
	uint64_t bytes, delivered;
	uint64_t begin_ns, end_ns, progress_ns, max_gap_ns;
	int64_t bad_at;
	bool finished;	/* the transfer was closed in an orderly way */
	uint8_t *data;	/* of TCPSTREAM_PERIOD + TCPSTREAM_CHUNK: any chunk is in one piece */
	uint8_t *chunk; /* of TCPSTREAM_CHUNK */
	struct common_status status;
};

static void tcpstream_print(void *context, FILE *f)
{
	const struct tcpstream *s = context;
	uint64_t now = s->end_ns ?: common_now_ns(), gap = s->max_gap_ns;

	if (s->progress_ns && !s->end_ns && now - s->progress_ns > gap)
		gap = now - s->progress_ns;
	fprintf(f,
		"{\"bytes\":%" PRIu64 ",\"delivered\":%" PRIu64
		",\"seconds\":%.6f,\"max_gap_us\":%" PRIu64 ",\"bad_at\":%" PRId64
		",\"finished\":%s}\n",
		s->bytes, s->delivered, s->begin_ns ? (double)(now - s->begin_ns) / 1e9 : 0.0,
		gap / 1000, s->bad_at, s->finished ? "true" : "false");
}

static void tcpstream_init(struct tcpstream *s, const char *status)
{
	uint64_t x = 0x9e3779b97f4a7c15;

	s->fd = -1;
	s->bad_at = -1;
	s->status =
		(struct common_status) { .path = status, .print = tcpstream_print, .context = s };
	s->data = malloc(TCPSTREAM_PERIOD + TCPSTREAM_CHUNK);
	s->chunk = malloc(TCPSTREAM_CHUNK);
	if (!s->data || !s->chunk)
		err(COMMON_FAILED, "memory");
	for (size_t i = 0; i < TCPSTREAM_PERIOD; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		s->data[i] = (uint8_t)(x >> 32);
	}
	memcpy(s->data + TCPSTREAM_PERIOD, s->data, TCPSTREAM_CHUNK);
}

static int tcpstream_end(struct tcpstream *s, bool good)
{
	s->end_ns = s->end_ns ?: common_now_ns();
	s->finished = good;
	common_status_end(&s->status);
	if (s->fd >= 0)
		close(s->fd);
	free(s->data);
	free(s->chunk);
	return good ? 0 : COMMON_FAILED;
}

static void tcpstream_progress(struct tcpstream *s, uint64_t now_ns, size_t n)
{
	if (s->progress_ns && now_ns - s->progress_ns > s->max_gap_ns)
		s->max_gap_ns = now_ns - s->progress_ns;
	s->progress_ns = now_ns;
	s->bytes += n;
}

/* Waits a little for @events, so that signals and the clock are seen as well. */
static bool tcpstream_wait(struct tcpstream *s, int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	bool ready = poll(&p, 1, TCPSTREAM_WAIT_MS) > 0;

	common_status_tick(&s->status, common_now_ns());
	return ready;
}

/* --- sending --- */

/* A connection that nothing answers on ends as a failure, and not with the test's time. */
static void send_limit(int fd)
{
	const struct timeval wait = { .tv_sec = TCPSTREAM_CONNECT_S };
	const unsigned int stall_ms = TCPSTREAM_STALL_S * 1000;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &stall_ms, sizeof(stall_ms)))
		err(COMMON_FAILED, "socket's time limits");
}

static void send_connect(struct tcpstream *s, const char *to)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	const struct timespec pause = { .tv_nsec = 10000000 };
	const char *colon = strrchr(to, ':');
	char host[INET_ADDRSTRLEN] = "";
	uint64_t deadline = common_now_ns() + TCPSTREAM_CONNECT_S * 1000000000ULL;

	if (colon && (size_t)(colon - to) < sizeof(host))
		memcpy(host, to, (size_t)(colon - to));
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		errx(COMMON_USAGE, "--to %s is not ADDRESS:PORT", to);
	address.sin_port = htons((uint16_t)common_number("--to's port", colon + 1, 1, 65535));
	while (true) {
		s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (s->fd < 0)
			err(COMMON_FAILED, "socket");
		send_limit(s->fd);
		if (!connect(s->fd, (struct sockaddr *)&address, sizeof(address)))
			return;
		if (common_stop || common_now_ns() > deadline)
			err(COMMON_FAILED, "%s", to);
		close(s->fd);
		nanosleep(&pause, NULL);
	}
}

/* Returns false when the connection is broken. */
static bool send_some(struct tcpstream *s, uint64_t limit)
{
	size_t n = TCPSTREAM_CHUNK;
	ssize_t sent;

	if (limit && limit - s->bytes < n)
		n = (size_t)(limit - s->bytes);
	sent = send(s->fd, s->data + s->bytes % TCPSTREAM_PERIOD, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent >= 0) {
		tcpstream_progress(s, common_now_ns(), (size_t)sent);
		common_status_tick(&s->status, s->progress_ns);
		return true;
	}
	if (errno == EAGAIN)
		tcpstream_wait(s, s->fd, POLLOUT);
	else if (errno != EINTR)
		return false;
	return true;
}

/* After our half is closed the receiver says how many bytes it found right. */
static bool send_confirmed(struct tcpstream *s)
{
	uint64_t deadline = common_now_ns() + 30000000000, count = 0;
	size_t have = 0;

	shutdown(s->fd, SHUT_WR);
	while (have < sizeof(count) && common_now_ns() < deadline) {
		ssize_t n;

		if (!tcpstream_wait(s, s->fd, POLLIN))
			continue;
		n = recv(s->fd, (uint8_t *)&count + have, sizeof(count) - have, MSG_DONTWAIT);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (n > 0)
			have += (size_t)n;
	}
	s->delivered = be64toh(count);
	return s->delivered == s->bytes;
}

static int send_run(const char *to, uint64_t duration_ns, uint64_t limit, const char *status)
{
	struct tcpstream s = {};
	bool good = true;

	tcpstream_init(&s, status);
	send_connect(&s, to);
	s.begin_ns = common_now_ns();
	while (good && !common_stop && (!limit || s.bytes < limit) &&
	       (!duration_ns || common_now_ns() - s.begin_ns < duration_ns))
		good = send_some(&s, limit);
	s.end_ns = common_now_ns();
	good = good && send_confirmed(&s);
	return tcpstream_end(&s, good);
}

/* --- receiving --- */

static int recv_listen(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) || listen(fd, 1))
		err(COMMON_FAILED, "port %u", port);
	return fd;
}

static void recv_check(struct tcpstream *s, size_t n)
{
	const uint8_t *want = s->data + s->bytes % TCPSTREAM_PERIOD;

	if (s->bad_at >= 0 || !memcmp(s->chunk, want, n))
		return;
	for (size_t i = 0; i < n; i++) {
		if (s->chunk[i] != want[i]) {
			s->bad_at = (int64_t)(s->bytes + i);
			return;
		}
	}
}

/* Returns 1 while it goes on, 0 at the sender's end, -1 when the connection is broken. */
static int recv_some(struct tcpstream *s, bool check)
{
	ssize_t n = recv(s->fd, s->chunk, TCPSTREAM_CHUNK, MSG_DONTWAIT);

	if (n == 0)
		return 0;
	if (n < 0 && errno == EAGAIN)
		tcpstream_wait(s, s->fd, POLLIN);
	else if (n < 0 && errno != EINTR)
		return -1;
	if (n <= 0)
		return 1;
	if (!s->begin_ns)
		s->begin_ns = common_now_ns();
	if (check)
		recv_check(s, (size_t)n);
	tcpstream_progress(s, common_now_ns(), (size_t)n);
	s->delivered = s->bad_at < 0 ? s->bytes : (uint64_t)s->bad_at;
	common_status_tick(&s->status, s->progress_ns);
	return 1;
}

static int recv_run(uint16_t port, bool check, const char *status)
{
	struct tcpstream s = {};
	int listener = recv_listen(port), more = 1;
	uint64_t answer;

	tcpstream_init(&s, status);
	common_ready();
	while (!common_stop && !tcpstream_wait(&s, listener, POLLIN))
		;
	if (!common_stop)
		s.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	if (s.fd < 0)
		return tcpstream_end(&s, false);
	while (!common_stop && more > 0)
		more = recv_some(&s, check);
	s.end_ns = common_now_ns();
	answer = htobe64(s.delivered);
	if (more == 0 && send(s.fd, &answer, sizeof(answer), MSG_NOSIGNAL) != sizeof(answer))
		more = -1;
	return tcpstream_end(&s, more == 0 && s.bad_at < 0);
}

/* --- options --- */

static int usage(void)
{
	fputs("usage: tcpstream send --to ADDRESS:PORT [--seconds S|--ms MS] [--bytes N] [--status "
	      "FILE]\n"
	      "       tcpstream recv --port PORT [--no-check] [--status FILE]\n",
	      stderr);
	return COMMON_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, 't' },
		{ "port", required_argument, NULL, 'p' },
		{ "seconds", required_argument, NULL, 's' },
		{ "ms", required_argument, NULL, 'm' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "status", required_argument, NULL, 'f' },
		{ "no-check", no_argument, NULL, 'n' },
		{},
	};
	const char *to = NULL, *status = NULL;
	uint64_t duration_ns = 0, bytes = 0;
	uint16_t port = 0;
	bool check = true;
	int option;

	if (argc < 2)
		return usage();
	while ((option = getopt_long(argc - 1, argv + 1, "", options, NULL)) >= 0) {
		if (option == 't')
			to = optarg;
		else if (option == 'p')
			port = (uint16_t)common_number("--port", optarg, 1, 65535);
		else if (option == 's')
			duration_ns = common_number("--seconds", optarg, 1, 86400) * 1000000000;
		else if (option == 'm')
			duration_ns = common_number("--ms", optarg, 1, 86400000) * 1000000;
		else if (option == 'b')
			bytes = common_number("--bytes", optarg, 1, UINT64_MAX);
		else if (option == 'f')
			status = optarg;
		else if (option == 'n')
			check = false;
		else
			return usage();
	}
	common_catch_stop();
	if (optind == argc - 1 && !strcmp(argv[1], "send") && to)
		return send_run(to, duration_ns, bytes, status);
	if (optind == argc - 1 && !strcmp(argv[1], "recv") && port)
		return recv_run(port, check, status);
	return usage();
}
