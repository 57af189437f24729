// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Records the frames of a flow that is to xsk in a pcap file: they go there instead of to the vnet.
 *
 * It drives the flow itself, so frames are written by the thread that waits for signals, too.
 */
#include <err.h>
#include <errno.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <vnet/vnet.h>

#include "common.h"

#define SNAPLEN_MAX 65540

struct program {
	const char *socket, *owner, *name, *path;
	uint64_t frames, snaplen, count;
	pcap_dumper_t *file;
	struct vnet_flow *flow;
	struct common_totals totals;
	int signals; /* readable: SIGINT or SIGTERM */
	bool closed;
};

static bool is_done(const struct program *p)
{
	return p->closed || (p->count && p->totals.frames >= p->count);
}

static void record_frame(struct program *p, const struct vnet_flow_frame *frame)
{
	struct pcap_pkthdr head = { .len = (bpf_u_int32)frame->length };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	head.ts = (struct timeval) { .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec };
	head.caplen = head.len < p->snaplen ? head.len : (bpf_u_int32)p->snaplen;
	pcap_dump((unsigned char *)p->file, &head, frame->data);
	common_count(&p->totals, frame->length);
}

static void on_frames(void *context, const struct vnet_flow_frame *frames, size_t count)
{
	struct program *p = context;

	for (size_t i = 0; i < count && !is_done(p); i++)
		record_frame(p, &frames[i]);
	if (pcap_dump_flush(p->file) < 0)
		err(OPTIONS_FAILED, "%s", p->path);
}

static void on_closed(void *context, const char *why)
{
	struct program *p = context;

	warnx("%s", why);
	p->closed = true;
}

static void open_file(struct program *p)
{
	pcap_t *format = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, (int)p->snaplen,
							      PCAP_TSTAMP_PRECISION_NANO);

	p->file = format ? pcap_dump_open(format, p->path) : NULL;
	if (!p->file)
		errx(OPTIONS_FAILED, "%s", format ? pcap_geterr(format) : "no memory");
	pcap_close(format);
}

static void open_signals(struct program *p)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (p->signals < 0)
		err(OPTIONS_FAILED, "signals");
}

static void open_flow(struct program *p)
{
	const struct vnet_flow_options options = {
		.size = sizeof(options),
		.frames = (unsigned int)p->frames,
		.no_thread = 1,
		.on_closed = on_closed,
	};
	struct vnet_client *client;
	int r = vnet_client_open(p->socket, VNET_TIMEOUT_DEFAULT, &client);

	if (r < 0)
		errx(OPTIONS_FAILED, "vnetd cannot be reached: %s", strerror(-r));
	r = vnet_flow_open(client, p->owner, p->name, &options, on_frames, p, &p->flow);
	if (r < 0)
		errx(OPTIONS_FAILED, "%s", vnet_client_error(client)->message);
	vnet_client_close(client);
}

/* False: a signal asks the program to end. */
static bool wait_and_dispatch(struct program *p)
{
	struct pollfd fds[] = {
		{ .fd = vnet_flow_fd(p->flow), .events = POLLIN },
		{ .fd = p->signals, .events = POLLIN },
	};
	int r;

	if (poll(fds, 2, -1) < 0 && errno != EINTR)
		err(OPTIONS_FAILED, "poll");
	if (fds[1].revents)
		return false;
	r = vnet_flow_dispatch(p->flow, 0);
	if (r < 0 && r != -EINTR)
		errx(OPTIONS_FAILED, "the flow cannot be served: %s", strerror(-r));
	return true;
}

static void read_options(struct program *p, int argc, char **argv)
{
	struct options options = {
		.usage = "vnet-flow-record OPTION... OWNER FLOW FILE\n"
			 "Records the frames of a flow that is to xsk in a pcap file.",
	};
	const struct option_row rows[] = {
		{ "socket", "PATH", OPTION_TEXT, &p->socket, "where vnetd listens" },
		{ "frames", "N", OPTION_NUMBER, &p->frames,
		  "has room for so many, a power of two; default 2048", 64, 8192 },
		{ "snaplen", "N", OPTION_NUMBER, &p->snaplen, "records no more bytes of a frame", 1,
		  SNAPLEN_MAX },
		{ "count", "N", OPTION_NUMBER, &p->count, "ends with so many recorded" },
	};
	int i;

	options_add(&options, rows, sizeof(rows) / sizeof(*rows));
	i = options_read(&options, argc, argv);
	if (argc - i != 3)
		errx(OPTIONS_USAGE, "expected OWNER FLOW FILE, see --help");
	p->owner = argv[i];
	p->name = argv[i + 1];
	p->path = argv[i + 2];
}

int main(int argc, char **argv)
{
	struct program p = { .snaplen = SNAPLEN_MAX };

	read_options(&p, argc, argv);
	open_signals(&p);
	open_file(&p);
	open_flow(&p);
	while (!is_done(&p) && wait_and_dispatch(&p))
		;
	vnet_flow_close(p.flow);
	common_print("recorded", &p.totals);
	pcap_dump_close(p.file);
	return fflush(stdout) || p.closed ? OPTIONS_FAILED : 0;
}
