// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A stream of numbered frames, and who counts what arrives of it.
 *
 *	stream send --to ADDRESS:PORT | --dev DEVICE --dst MAC [--src MAC] [--vlan N]
 *		--rate FRAMES-PER-SECOND --seconds S | --count N [--size BYTES] [--id N] [--ends N]
 *		[--status FILE] [--progress FILE --window N]
 *	stream recv --port PORT | --dev DEVICE [--promisc] [--id N] [--count N] [--timeout S]
 *		[--status FILE]
 *
 * Numbers begin with 0, so the receiver has to be there first ("ready" on stderr). The sender ends
 * with marks that tell how many there were; the receiver then waits until nothing has come for a
 * while, and reports. It reports as well on SIGTERM. Frames of --dev have EtherType 0x88b5.
 * --size is the frame's, without FCS. Both write JSON, to stdout and every 100 ms to FILE.
 * With --window the sender is never more than N frames ahead of the number in FILE, where
 * a receiver counts: provider --progress.
 *
 * "lost" is out of all that were sent if an end mark arrived, else out of those up to the highest
 * number. "receiver_overflow" are frames that the receiver's own socket had no room for; they are
 *in "lost" as well. "other_host" were addressed to another MAC.
 */
#include <getopt.h>

#include "stream_recv.h"
#include "stream_send.h"

volatile sig_atomic_t common_stop;

enum stream_option {
	OPTION_TO,
	OPTION_DEV,
	OPTION_DST,
	OPTION_SRC,
	OPTION_VLAN,
	OPTION_RATE,
	OPTION_SECONDS,
	OPTION_COUNT,
	OPTION_SIZE,
	OPTION_ID,
	OPTION_ENDS,
	OPTION_STATUS,
	OPTION_PORT,
	OPTION_PROMISC,
	OPTION_TIMEOUT,
	OPTION_WINDOW,
	OPTION_PROGRESS,
};

static const struct option stream_options[] = {
	{ "to", required_argument, NULL, OPTION_TO },
	{ "dev", required_argument, NULL, OPTION_DEV },
	{ "dst", required_argument, NULL, OPTION_DST },
	{ "src", required_argument, NULL, OPTION_SRC },
	{ "vlan", required_argument, NULL, OPTION_VLAN },
	{ "rate", required_argument, NULL, OPTION_RATE },
	{ "seconds", required_argument, NULL, OPTION_SECONDS },
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "size", required_argument, NULL, OPTION_SIZE },
	{ "id", required_argument, NULL, OPTION_ID },
	{ "ends", required_argument, NULL, OPTION_ENDS },
	{ "status", required_argument, NULL, OPTION_STATUS },
	{ "port", required_argument, NULL, OPTION_PORT },
	{ "promisc", no_argument, NULL, OPTION_PROMISC },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "window", required_argument, NULL, OPTION_WINDOW },
	{ "progress", required_argument, NULL, OPTION_PROGRESS },
	{},
};

static void option_take(struct stream_options *o, enum stream_option option, const char *value)
{
	switch (option) {
	case OPTION_TO:
		o->to = value;
		break;
	case OPTION_DEV:
		o->dev = value;
		break;
	case OPTION_DST:
		common_mac("--dst", value, o->dst);
		o->has_dst = true;
		break;
	case OPTION_SRC:
		common_mac("--src", value, o->src);
		o->has_src = true;
		break;
	case OPTION_VLAN:
		o->vlan = (uint16_t)common_number("--vlan", value, 1, 4094);
		break;
	case OPTION_RATE:
		o->rate = common_number("--rate", value, 1, 10000000);
		break;
	case OPTION_SECONDS:
	case OPTION_TIMEOUT:
		o->duration_ns = common_number("seconds", value, 1, 86400) * 1000000000;
		break;
	case OPTION_COUNT:
		o->count = common_number("--count", value, 1, STREAM_NUMBERS_MAX);
		break;
	case OPTION_SIZE:
		o->size = common_number("--size", value, STREAM_SIZE_MIN, STREAM_SIZE_MAX);
		break;
	case OPTION_ID:
		o->id = (uint16_t)common_number("--id", value, 0, 65535);
		break;
	case OPTION_ENDS:
		o->ends = (unsigned int)common_number("--ends", value, 0, 100);
		break;
	case OPTION_STATUS:
		o->status = value;
		break;
	case OPTION_PORT:
		o->port = (uint16_t)common_number("--port", value, 1, 65535);
		break;
	case OPTION_WINDOW:
		o->window = common_number("--window", value, 1, 1000000);
		break;
	case OPTION_PROGRESS:
		o->progress = value;
		break;
	case OPTION_PROMISC:
		o->promisc = true;
		break;
	}
}

static int usage(void)
{
	fputs("usage: stream send --to ADDRESS:PORT | --dev DEVICE --dst MAC [--src MAC] [--vlan "
	      "N]\n"
	      "\t\t--rate N --seconds S | --count N [--size BYTES] [--id N] [--ends N]\n"
	      "\t\t[--status FILE] [--progress FILE --window N]\n"
	      "       stream recv --port PORT | --dev DEVICE [--promisc] [--id N] [--count N]\n"
	      "\t\t[--timeout S] [--status FILE]\n",
	      stderr);
	return COMMON_USAGE;
}

int main(int argc, char **argv)
{
	struct stream_options o = { .size = STREAM_SIZE_MIN, .ends = 3 };
	int option;

	if (argc < 2)
		return usage();
	while ((option = getopt_long(argc - 1, argv + 1, "", stream_options, NULL)) >= 0) {
		if (option == '?')
			return usage();
		option_take(&o, (enum stream_option)option, optarg);
	}
	if (optind != argc - 1)
		return usage();
	common_catch_stop();
	if (!strcmp(argv[1], "send")) {
		if (!o.to == !o.dev || (o.dev && !o.has_dst) || !o.rate ||
		    (!o.duration_ns && !o.count) || !o.progress != !o.window)
			return usage();
		return send_run(&o);
	}
	if (!strcmp(argv[1], "recv") && !o.port != !o.dev)
		return recv_run(&o);
	return usage();
}
