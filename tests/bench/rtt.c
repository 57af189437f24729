// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Request and response, one outstanding: how long until the answer is there.
 *
 *	rtt serve --proto udp|tcp --port PORT
 *	rtt ask --proto udp|tcp --to ADDRESS:PORT --seconds S|--ms MS
 *
 * A request and its answer are one byte each. The server says "ready", serves one client, and ends
 * with it (TCP), or on SIGTERM. Who asks writes JSON: microseconds of the median and of the 99th
 * percentile, out of all that were asked.
 */
#include <getopt.h>
#include <netinet/tcp.h>

#include "bench.h"

#define RTT_SAMPLES_MAX (4U << 20)
#define RTT_LOST_S	1
#define RTT_WARM_UP	100

volatile sig_atomic_t common_stop;

static void rtt_prepare(int fd, int type)
{
	const struct timeval wait = { .tv_sec = RTT_LOST_S };
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)))
		err(COMMON_FAILED, "time limit");
	if (type == SOCK_STREAM && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
		err(COMMON_FAILED, "TCP_NODELAY");
}

/* Answers until the client is gone or a signal says so. Silence is no end. */
static int serve_client(int fd, int type)
{
	struct sockaddr_in from;
	char byte;

	rtt_prepare(fd, type);
	while (!common_stop) {
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &len);

		if (n == 0 && type == SOCK_STREAM)
			return 0;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			err(COMMON_FAILED, "recv");
		if (n < 0)
			continue;
		if (type == SOCK_STREAM)
			n = send(fd, &byte, 1, MSG_NOSIGNAL);
		else
			n = sendto(fd, &byte, 1, 0, (struct sockaddr *)&from, len);
		if (n != 1)
			err(COMMON_FAILED, "send");
	}
	return 0;
}

static int serve(uint16_t port, int type)
{
	int fd = bench_bind(port, type), client = fd;

	if (type == SOCK_STREAM && listen(fd, 1))
		err(COMMON_FAILED, "port %u", port);
	common_ready();
	if (type == SOCK_STREAM) {
		client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0 && common_stop)
			return 0;
		if (client < 0)
			err(COMMON_FAILED, "accept");
	}
	return serve_client(client, type);
}

static int by_time(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double at(const uint32_t *sorted, size_t count, unsigned int percent)
{
	size_t i = (count - 1) * percent / 100;

	return sorted[i] / 1e3;
}

/* Returns false if no answer came. */
static bool ask_one(int fd, uint32_t *ret_ns)
{
	uint64_t begin = common_now_ns();
	char byte = 'a';

	if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
		err(COMMON_FAILED, "send");
	if (recv(fd, &byte, 1, 0) != 1)
		return false;
	*ret_ns = (uint32_t)(common_now_ns() - begin);
	return true;
}

static int ask(const char *to, int type, uint64_t duration_ns)
{
	uint32_t *samples = malloc(RTT_SAMPLES_MAX * sizeof(*samples));
	int fd = bench_connect(to, type);
	size_t count = 0, lost = 0;
	uint64_t begin;

	if (!samples)
		err(COMMON_FAILED, "memory");
	rtt_prepare(fd, type);
	for (int i = 0; i < RTT_WARM_UP && !common_stop; i++)
		lost += !ask_one(fd, samples);
	begin = common_now_ns();
	while (!common_stop && count < RTT_SAMPLES_MAX && common_now_ns() - begin < duration_ns &&
	       lost < 10) {
		if (ask_one(fd, &samples[count]))
			count++;
		else
			lost++;
	}
	if (count) {
		qsort(samples, count, sizeof(*samples), by_time);
		printf("{\"count\":%zu,\"lost\":%zu,\"median_us\":%.3f,\"p99_us\":%.3f}\n", count,
		       lost, at(samples, count, 50), at(samples, count, 99));
	}
	free(samples);
	close(fd);
	return count ? 0 : COMMON_FAILED;
}

static int usage(void)
{
	fputs("usage: rtt serve --proto udp|tcp --port PORT\n"
	      "       rtt ask --proto udp|tcp --to ADDRESS:PORT --seconds S|--ms MS\n",
	      stderr);
	return COMMON_USAGE;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, 't' },
		{ "port", required_argument, NULL, 'p' },
		{ "proto", required_argument, NULL, 'k' },
		{ "seconds", required_argument, NULL, 's' },
		{ "ms", required_argument, NULL, 'm' },
		{},
	};
	uint64_t duration_ns = 0;
	const char *to = NULL;
	uint16_t port = 0;
	int type = 0, option;

	if (argc < 2)
		return usage();
	while ((option = getopt_long(argc - 1, argv + 1, "", options, NULL)) >= 0) {
		if (option == 't')
			to = optarg;
		else if (option == 'p')
			port = (uint16_t)common_number("--port", optarg, 1, 65535);
		else if (option == 's')
			duration_ns = common_number("--seconds", optarg, 1, 3600) * 1000000000;
		else if (option == 'm')
			duration_ns = common_number("--ms", optarg, 1, 3600000) * 1000000;
		else if (option == 'k' && !strcmp(optarg, "udp"))
			type = SOCK_DGRAM;
		else if (option == 'k' && !strcmp(optarg, "tcp"))
			type = SOCK_STREAM;
		else
			return usage();
	}
	common_catch_stop();
	if (optind == argc - 1 && !strcmp(argv[1], "serve") && type && port)
		return serve(port, type);
	if (optind == argc - 1 && !strcmp(argv[1], "ask") && type && to && duration_ns)
		return ask(to, type, duration_ns);
	return usage();
}
