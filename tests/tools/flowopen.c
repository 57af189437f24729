// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A program that opens a flow which is for an AF_XDP socket, and counts what comes over it.
 *
 *	flowopen [--socket PATH] [--frames N] [--delay-us N] [--hold] [--self] [--close]
 *		[--hostile] OWNER FLOW
 *
 * The frames are those of `stream send`; others are counted as strange. It ends with SIGTERM, once
 * all that is on its way has come, or when the flow is closed, and reports as `stream recv` does.
 * With --frames there is room for so many; with --delay-us each callback takes so long, with --hold
 * the first one until SIGUSR1;
 * --self: no thread, this program drives it; --close: the first callback closes it; --hostile: it
 * spoils the ring that the kernel takes its memory from, and counts as strange what it can do with
 * the socket beside receiving.
 */
#include <getopt.h>
#include <linux/if_xdp.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include <vnet/vnet.h>

#include "stream_count.h"

#define HOSTILE_FRAMES 2048
#define TURN_MS	       2
#define QUIET_MS       500 /* after so much nothing is on its way any more */

volatile sig_atomic_t common_stop;

struct program {
	const char *socket, *owner, *name;
	uint64_t room, delay_us;
	bool hold, self, close, hostile;
	struct vnet_flow *flow;
	struct stream_count counted;
	uint64_t strange, tagged, longest, calls;
	atomic_uint_fast64_t taken;
	atomic_bool closed;
	char why[256];
};

static void take_frame(struct program *p, const struct vnet_flow_frame *frame)
{
	const bool tagged = frame->length > 14 && frame->data[12] == 0x81 && !frame->data[13];
	const size_t at = STREAM_UDP_HEADERS + (tagged ? 4 : 0);
	struct stream_head head;

	p->tagged += tagged;
	if (frame->length > p->longest)
		p->longest = frame->length;
	if (frame->length < at + sizeof(head)) {
		p->strange++;
		return;
	}
	memcpy(&head, frame->data + at, sizeof(head));
	if (ntohl(head.magic) != STREAM_MAGIC || be64toh(head.number) >= STREAM_NUMBERS_MAX)
		p->strange++;
	else if (!(ntohs(head.flags) & STREAM_END))
		stream_count_take(&p->counted, be64toh(head.number), common_now_ns());
}

static void wait_for_usr1(void)
{
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigwait(&set, &signal);
}

static void on_frames(void *context, const struct vnet_flow_frame *frames, size_t count)
{
	struct program *p = context;
	struct timespec delay = { 0, (long)p->delay_us * 1000 };

	for (size_t i = 0; i < count; i++)
		take_frame(p, &frames[i]);
	atomic_fetch_add(&p->taken, count);
	if (p->hold && !p->calls++)
		wait_for_usr1();
	if (p->delay_us)
		nanosleep(&delay, NULL);
	if (p->close) {
		vnet_flow_close(p->flow);
		p->close = false;
		atomic_store(&p->closed, true);
	}
}

static void on_closed(void *context, const char *why)
{
	struct program *p = context;

	snprintf(p->why, sizeof(p->why), "%s", why);
	atomic_store(&p->closed, true);
}

/* --- what a program could try with what it was given --- */

static int find_socket(void)
{
	int domain;
	socklen_t length = sizeof(domain);

	for (int fd = 3; fd < 64; fd++)
		if (!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) && domain == AF_XDP)
			return fd;
	errx(COMMON_FAILED, "there is no AF_XDP socket");
}

/* Returns how much of it was let through. */
static unsigned int misuse_socket(int fd)
{
	const struct sockaddr_xdp elsewhere = { .sxdp_family = AF_XDP, .sxdp_ifindex = 1 };
	const uint32_t entries = 64;
	unsigned int done = 0;

	done += !bind(fd, (const struct sockaddr *)&elsewhere, sizeof(elsewhere));
	done += !setsockopt(fd, SOL_XDP, XDP_TX_RING, &entries, sizeof(entries));
	done += !setsockopt(fd, SOL_XDP, XDP_RX_RING, &entries, sizeof(entries));
	done += send(fd, "", 1, MSG_DONTWAIT) >= 0;
	return done;
}

/* Addresses that are not in the memory, more of them than the ring has, the same twice. */
static void spoil_ring(int fd)
{
	struct xdp_mmap_offsets at;
	socklen_t length = sizeof(at);
	uint32_t *producer, number = 1;
	size_t bytes;
	uint64_t *ring;
	char *map;

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &at, &length))
		err(COMMON_FAILED, "offsets");
	bytes = at.fr.desc + HOSTILE_FRAMES * sizeof(*ring);
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   (off_t)XDP_UMEM_PGOFF_FILL_RING);
	if (map == MAP_FAILED)
		err(COMMON_FAILED, "ring");
	ring = (void *)(map + at.fr.desc);
	producer = (void *)(map + at.fr.producer);
	for (uint32_t i = 0; i < HOSTILE_FRAMES; i++) {
		number = number * 1664525 + 1013904223;
		ring[i] = i % 3 ? (uint64_t)number << (i % 40) : 0;
	}
	__atomic_store_n(producer, *producer + 100000, __ATOMIC_RELEASE);
	munmap(map, bytes);
}

/* --- the program --- */

static void parse(struct program *p, int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "frames", required_argument, NULL, 'f' },
		{ "delay-us", required_argument, NULL, 'd' },
		{ "hold", no_argument, NULL, 'h' },
		{ "self", no_argument, NULL, 'S' },
		{ "close", no_argument, NULL, 'c' },
		{ "hostile", no_argument, NULL, 'H' },
		{ NULL },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 's':
			p->socket = optarg;
			break;
		case 'f':
			p->room = common_number("frames", optarg, 1, 1 << 20);
			break;
		case 'd':
			p->delay_us = common_number("delay-us", optarg, 1, 999999);
			break;
		case 'h':
			p->hold = true;
			break;
		case 'S':
			p->self = true;
			break;
		case 'c':
			p->close = true;
			break;
		case 'H':
			p->hostile = true;
			break;
		default:
			exit(COMMON_USAGE);
		}
	}
	if (argc - optind != 2)
		errx(COMMON_USAGE, "expected OWNER FLOW");
	p->owner = argv[optind];
	p->name = argv[optind + 1];
}

static void open_flow(struct program *p)
{
	const struct vnet_flow_options options = {
		.size = sizeof(options),
		.frames = (unsigned int)p->room,
		.no_thread = p->self,
		.on_closed = on_closed,
	};
	struct vnet_client *client;
	int r = vnet_client_open(p->socket, VNET_TIMEOUT_DEFAULT, &client);

	if (r < 0)
		errx(COMMON_FAILED, "vnetd: %s", strerror(-r));
	r = vnet_flow_open(client, p->owner, p->name, &options, on_frames, p, &p->flow);
	if (r < 0)
		errx(COMMON_FAILED, "%s (%s)", vnet_client_error(client)->message, strerror(-r));
	vnet_client_close(client);
}

/* One turn, in which frames may come. */
static void turn(struct program *p)
{
	const struct timespec rest = { 0, TURN_MS * 1000000L };
	int r = 0;

	if (p->self)
		r = vnet_flow_dispatch(p->flow, TURN_MS);
	else
		nanosleep(&rest, NULL);
	if (r < 0 && r != -EINTR && r != -ESHUTDOWN)
		errx(COMMON_FAILED, "dispatch: %s", strerror(-r));
	if (r == -ESHUTDOWN)
		atomic_store(&p->closed, true);
}

static void run(struct program *p)
{
	uint64_t taken, before = 0;

	while (!common_stop && !atomic_load(&p->closed))
		turn(p);
	for (int quiet_ms = 0; quiet_ms < QUIET_MS && !atomic_load(&p->closed);
	     quiet_ms += TURN_MS) {
		turn(p);
		taken = atomic_load(&p->taken);
		if (taken != before)
			quiet_ms = 0;
		before = taken;
	}
}

int main(int argc, char **argv)
{
	struct program p = { .room = 0 };
	sigset_t set;

	parse(&p, argc, argv);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	common_catch_stop();
	stream_count_open(&p.counted);
	open_flow(&p);
	if (p.hostile) {
		p.strange = misuse_socket(find_socket());
		spoil_ring(find_socket());
	}
	common_ready();
	run(&p);
	if (!atomic_load(&p.closed) || p.why[0])
		vnet_flow_close(p.flow);
	printf("{");
	stream_count_print(&p.counted, stream_count_expected(&p.counted), stdout);
	printf(",\"strange\":%" PRIu64 ",\"tagged\":%" PRIu64 ",\"longest\":%" PRIu64
	       ",\"closed\":\"%s\"}\n",
	       p.strange, p.tagged, p.longest, p.why);
	return 0;
}
