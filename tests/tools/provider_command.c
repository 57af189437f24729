// SPDX-License-Identifier: GPL-2.0-or-later
/* The lines on stdin. */
#include "provider.h"

struct command {
	const char *name;
	int arguments; /* at least */
	void (*run)(struct provider *p, int argc, char **argv);
};

#define COMMAND_WORDS_MAX 8

static void command_reg(struct provider *p, int argc, char **argv)
{
	provider_register(p);
}

static void command_unreg(struct provider *p, int argc, char **argv)
{
	provider_unregister(p);
}

/* When a report was made, to be compared with when vnetd acted on it: microseconds since 1970. */
static void command_say_when(const char *what)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	printf("at %lld %s\n", (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000, what);
}

/* A number as VIO_NET_RES_DOWN (0) and VIO_NET_RES_ERR (1) are. */
static void command_report(struct provider *p, int argc, char **argv)
{
	p->vnet.vio_net_report_err(p->handle, common_number("report", argv[1], 0, UINT64_MAX));
}

static void command_down(struct provider *p, int argc, char **argv)
{
	command_say_when("down");
	p->vnet.vio_net_report_err(p->handle, VIO_NET_RES_DOWN);
}

static void command_err(struct provider *p, int argc, char **argv)
{
	command_say_when("err");
	p->vnet.vio_net_report_err(p->handle, VIO_NET_RES_ERR);
}

static void command_update(struct provider *p, int argc, char **argv)
{
	command_say_when("update");
	p->vnet.vio_net_tx_update(p->handle);
}

static void command_hold(struct provider *p, int argc, char **argv)
{
	atomic_store(&p->hold, true);
}

static void command_release(struct provider *p, int argc, char **argv)
{
	atomic_store(&p->hold, false);
	p->vnet.vio_net_tx_update(p->handle);
}

/* refuse PERMILLE MAX-MICROSECONDS */
static void command_refuse(struct provider *p, int argc, char **argv)
{
	atomic_store(&p->refuse_us, (unsigned int)common_number("us", argv[2], 0, 900000));
	atomic_store(&p->refuse_permille,
		     (unsigned int)common_number("permille", argv[1], 0, 1000));
	/* The updater may be waiting for the first refusal; the last one must not go unheard. */
	p->vnet.vio_net_tx_update(p->handle);
}

static void command_echo(struct provider *p, int argc, char **argv)
{
	atomic_store(&p->echo, !strcmp(argv[1], "on"));
}

/* stat NUMBER-OF-MAC_STAT VALUE */
static void command_stat(struct provider *p, int argc, char **argv)
{
	atomic_store(&p->stats[common_number("stat", argv[1], 0, PROVIDER_STATS - 1)],
		     common_number("value", argv[2], 0, UINT64_MAX));
}

static void command_start_error(struct provider *p, int argc, char **argv)
{
	atomic_store(&p->start_error, (int)common_number("errno", argv[1], 0, 200));
}

static void command_entry_error(struct provider *p, int argc, char **argv)
{
	atomic_store(&p->entry_error, (int)common_number("errno", argv[1], 0, 200));
}

/* send COUNT SIZE [RATE] */
static void command_send(struct provider *p, int argc, char **argv)
{
	send_numbered(p, common_number("count", argv[1], 1, STREAM_NUMBERS_MAX),
		      common_number("size", argv[2], ETH_HLEN + sizeof(struct stream_head), 65535),
		      argc > 3 ? common_number("rate", argv[3], 1, 10000000) : 0);
}

/* raw HEX [SIZE]: bytes, and zeros up to the size */
static void command_raw(struct provider *p, int argc, char **argv)
{
	static _Thread_local uint8_t bytes[COMMON_FRAME_MAX];
	size_t length, size;

	memset(bytes, 0, sizeof(bytes));
	length = common_hex(argv[1], bytes, NULL, sizeof(bytes));
	size = argc > 2 ? common_number("size", argv[2], length, sizeof(bytes)) : length;
	send_raw(p, bytes, size);
}

static void command_status(struct provider *p, int argc, char **argv)
{
	static const char *const states[] = {
		[VIO_NET_STATE_REGISTERED] = "registered",
		[VIO_NET_STATE_STARTED] = "started",
		[VIO_NET_STATE_AWAY] = "away",
		[VIO_NET_STATE_REMOVED] = "removed",
	};
	struct vio_net_status s;
	int r = vio_net_resource_status(p->handle, &s);

	if (r) {
		printf("status %s\n", strerrorname_np(r));
		return;
	}
	printf("status %s %s %s %s %02x:%02x:%02x:%02x:%02x:%02x mtu %u rx %" PRIu64 " tx %" PRIu64
	       " malformed %" PRIu64 " norcvbuf %" PRIu64 " stops %" PRIu64 " error %s\n",
	       states[s.state], s.vnet, s.name, s.device, s.address[0], s.address[1], s.address[2],
	       s.address[3], s.address[4], s.address[5], s.mtu, s.rx_frames, s.tx_frames,
	       s.malformed, s.norcvbuf, s.tx_stops, s.error);
}

static void command_count(struct provider *p, int argc, char **argv)
{
	tx_print(p, stdout);
}

/* At once, with nothing unregistered. */
static void command_exit(struct provider *p, int argc, char **argv)
{
	_exit(0);
}

static void command_quit(struct provider *p, int argc, char **argv)
{
	common_stop = 1;
}

static const struct command commands[] = {
	{ "reg", 0, command_reg },
	{ "unreg", 0, command_unreg },
	{ "report", 1, command_report },
	{ "down", 0, command_down },
	{ "err", 0, command_err },
	{ "update", 0, command_update },
	{ "hold", 0, command_hold },
	{ "release", 0, command_release },
	{ "refuse", 2, command_refuse },
	{ "echo", 1, command_echo },
	{ "stat", 2, command_stat },
	{ "start-error", 1, command_start_error },
	{ "entry-error", 1, command_entry_error },
	{ "send", 2, command_send },
	{ "raw", 1, command_raw },
	{ "status", 0, command_status },
	{ "count", 0, command_count },
	{ "exit", 0, command_exit },
	{ "quit", 0, command_quit },
};

void command_run(struct provider *p, char *line)
{
	char *argv[COMMAND_WORDS_MAX], *rest = NULL;
	int argc = 0;

	for (char *word = strtok_r(line, " ", &rest); word && argc < COMMAND_WORDS_MAX;
	     word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	if (!argc)
		return;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[0], commands[i].name) != 0)
			continue;
		if (argc - 1 < commands[i].arguments)
			errx(COMMON_USAGE, "%s needs %d arguments", argv[0], commands[i].arguments);
		/* Only a registration or its end makes sense without one. */
		if (!p->vnet.vio_net_rx_cb && commands[i].run != command_reg &&
		    commands[i].run != command_start_error && commands[i].run != command_quit)
			errx(COMMON_USAGE, "%s before the first registration", argv[0]);
		commands[i].run(p, argc, argv);
		printf("done %s\n", argv[0]);
		return;
	}
	errx(COMMON_USAGE, "unknown command %s", argv[0]);
}
