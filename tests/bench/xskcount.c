// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts the frames of a flow that is to xsk where `frames forward` looks for what has arrived.
 *
 *	xskcount --socket PATH --pin FOLDER OWNER FLOW
 *
 * Looks at the first bytes of each frame, as whoever has a use for it would. Ends with SIGTERM.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <getopt.h>

#include <vnet/vnet.h>

#include "../tools/common.h"

#define ROOM 8192

volatile sig_atomic_t common_stop;

struct program {
	const char *socket, *pin;
	int arrived;
	int cpus;
	uint64_t *counts; /* of each CPU; the first one is ours */
	uint64_t types;
};

static void on_frames(void *context, const struct vnet_flow_frame *frames, size_t count)
{
	struct program *p = context;
	uint32_t key = 0;

	for (size_t i = 0; i < count; i++)
		p->types += frames[i].data[12];
	p->counts[0] += count;
	if (bpf_map_update_elem(p->arrived, &key, p->counts, BPF_ANY))
		err(COMMON_FAILED, "counter");
}

static void open_counter(struct program *p)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/arrived", p->pin) >= (int)sizeof(path))
		errx(COMMON_USAGE, "%s: too long", p->pin);
	p->arrived = bpf_obj_get(path);
	p->cpus = libbpf_num_possible_cpus();
	p->counts = p->cpus > 0 ? calloc((size_t)p->cpus, sizeof(*p->counts)) : NULL;
	if (p->arrived < 0 || !p->counts)
		err(COMMON_FAILED, "%s", path);
}

static void open_flow(struct program *p, const char *owner, const char *name,
		      struct vnet_flow **ret)
{
	const struct vnet_flow_options options = { .size = sizeof(options), .frames = ROOM };
	struct vnet_client *client;
	int r = vnet_client_open(p->socket, VNET_TIMEOUT_DEFAULT, &client);

	if (r < 0)
		errx(COMMON_FAILED, "vnetd: %s", strerror(-r));
	if (vnet_flow_open(client, owner, name, &options, on_frames, p, ret) < 0)
		errx(COMMON_FAILED, "%s", vnet_client_error(client)->message);
	vnet_client_close(client);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "pin", required_argument, NULL, 'p' },
		{ NULL },
	};
	const struct timespec turn = { 0, 10000000 };
	struct program p = { .pin = "" };
	struct vnet_flow *flow;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option == 's')
			p.socket = optarg;
		else if (option == 'p')
			p.pin = optarg;
		else
			return COMMON_USAGE;
	}
	if (argc - optind != 2)
		errx(COMMON_USAGE, "expected OWNER FLOW");
	common_catch_stop();
	open_counter(&p);
	open_flow(&p, argv[optind], argv[optind + 1], &flow);
	common_ready();
	while (!common_stop)
		nanosleep(&turn, NULL);
	vnet_flow_close(flow);
	return 0;
}
