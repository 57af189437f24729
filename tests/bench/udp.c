// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Small UDP packets, one system call for each, as most programs send them.
 *
 *	udp send --to ADDRESS:PORT --seconds S|--ms MS [--size PAYLOAD]
 *	udp recv --port PORT
 *
 * The receiver's socket has room for all that a sender can be ahead of it, so on one processor
 * nothing has to be lost and the rate is what a packet costs on its whole way. It says "ready", and
 * ends with the sender's last packet; its clock runs from the first packet to the last one that it
 * took. Both write JSON.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <sys/socket.h>

#include "bench.h"

#define UDP_ROOM_BYTES (128 << 20)
#define UDP_END_SIZE   1 /* a packet of this size is the end; several are sent */
#define UDP_ENDS       5
#define UDP_SILENCE_S  3  /* the end itself can be lost */
#define UDP_BATCH      64 /* packets between two looks at the clock */

volatile sig_atomic_t common_stop;

static int udp_send(const char *to, uint64_t duration_ns, size_t size)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	uint64_t begin, now, sent = 0, errors = 0;
	char payload[BENCH_PAYLOAD_MAX] = {};
	int fd = bench_connect(to, SOCK_DGRAM);

	begin = now = common_now_ns();
	while (!common_stop && now - begin < duration_ns) {
		for (int i = 0; i < UDP_BATCH; i++) {
			if (send(fd, payload, size, MSG_NOSIGNAL) == (ssize_t)size)
				sent++;
			else
				errors++;
		}
		now = common_now_ns();
	}
	printf("{\"sent\":%" PRIu64 ",\"errors\":%" PRIu64 ",\"seconds\":%.6f}\n", sent, errors,
	       (double)(now - begin) / 1e9);
	for (int i = 0; i < UDP_ENDS; i++) {
		if (send(fd, payload, UDP_END_SIZE, MSG_NOSIGNAL) < 0)
			errors++;
		nanosleep(&pause, NULL);
	}
	close(fd);
	return sent ? 0 : COMMON_FAILED;
}

static int udp_recv(uint16_t port)
{
	const struct timeval silence = { .tv_sec = UDP_SILENCE_S };
	int fd = bench_bind(port, SOCK_DGRAM), room = UDP_ROOM_BYTES;
	uint64_t begin = 0, end = 0, received = 0;
	char payload[BENCH_PAYLOAD_MAX];
	ssize_t n;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		err(COMMON_FAILED, "room of %d bytes", room);
	common_ready();
	while (!common_stop) {
		n = recv(fd, payload, sizeof(payload), 0);
		if (n < 0 && errno == EAGAIN)
			break;
		if (n == UDP_END_SIZE)
			break;
		if (n < 0)
			continue;
		if (!received++) {
			begin = common_now_ns();
			if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence)))
				err(COMMON_FAILED, "time limit");
		}
		if (received % UDP_BATCH == 0)
			end = common_now_ns();
	}
	received -= received % UDP_BATCH; /* those that `end` was read after */
	printf("{\"received\":%" PRIu64 ",\"seconds\":%.6f}\n", received,
	       (double)(end - begin) / 1e9);
	close(fd);
	return received ? 0 : COMMON_FAILED;
}

static int usage(void)
{
	fputs("usage: udp send --to ADDRESS:PORT --seconds S|--ms MS [--size PAYLOAD]\n"
	      "       udp recv --port PORT\n",
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
		{ "size", required_argument, NULL, 'b' },
		{},
	};
	size_t size = 22; /* with Ethernet's, IP's and UDP's header a frame of 64 bytes */
	const char *to = NULL;
	uint64_t duration_ns = 0;
	uint16_t port = 0;
	int option;

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
		else if (option == 'b')
			size = common_number("--size", optarg, UDP_END_SIZE + 1, BENCH_PAYLOAD_MAX);
		else
			return usage();
	}
	common_catch_stop();
	if (optind == argc - 1 && !strcmp(argv[1], "send") && to && duration_ns)
		return udp_send(to, duration_ns, size);
	if (optind == argc - 1 && !strcmp(argv[1], "recv") && port)
		return udp_recv(port);
	return usage();
}
