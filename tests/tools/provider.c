// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A provider that does what a script says.
 *
 *	provider --local MAC --type service|guest|hybrid [--peer MAC] [--name NAME]
 *		[--device DEVICE] [--socket PATH] [--queues N] [--max-sdu N] [--offload]
 *		[--far NETNS:DEVICE] [--threads N | --own-loop | --own-thread] [--wait]
 *		[--status FILE] [--progress FILE]
 *
 * It registers, unless --wait, and then obeys commands on stdin, one a line, each answered by
 * "done COMMAND": see provider_command.c. Every entry point that is called is a line on stdout as
 * well, and so is each change of where the registration stands: "registered VNET NAME DEVICE",
 * "refused ERRNO: WHY", "state away". Frames with numbers (stream.h, ids 0 to 7) are counted; the
 * report, JSON, goes to FILE every 100 ms. --progress: see stream send --window. --far: what comes
 * to mc_tx() comes out of a tap there, and the other way round. At the end of stdin it unregisters,
 * as at "quit".
 *
 * Who drives it: N threads in vnet_run(), by default one; or the main loop below; or a thread of
 * the library's.
 */
#include <getopt.h>
#include <poll.h>

#include "provider.h"

#define PROVIDER_TICK_MS 10

volatile sig_atomic_t common_stop;

enum provider_option {
	OPTION_LOCAL,
	OPTION_TYPE,
	OPTION_PEER,
	OPTION_NAME,
	OPTION_DEVICE,
	OPTION_SOCKET,
	OPTION_QUEUES,
	OPTION_MAX_SDU,
	OPTION_OFFLOAD,
	OPTION_FAR,
	OPTION_THREADS,
	OPTION_OWN_LOOP,
	OPTION_OWN_THREAD,
	OPTION_WAIT,
	OPTION_STATUS,
	OPTION_PROGRESS,
};

static const struct option provider_options[] = {
	{ "local", required_argument, NULL, OPTION_LOCAL },
	{ "type", required_argument, NULL, OPTION_TYPE },
	{ "peer", required_argument, NULL, OPTION_PEER },
	{ "name", required_argument, NULL, OPTION_NAME },
	{ "device", required_argument, NULL, OPTION_DEVICE },
	{ "socket", required_argument, NULL, OPTION_SOCKET },
	{ "queues", required_argument, NULL, OPTION_QUEUES },
	{ "max-sdu", required_argument, NULL, OPTION_MAX_SDU },
	{ "offload", no_argument, NULL, OPTION_OFFLOAD },
	{ "far", required_argument, NULL, OPTION_FAR },
	{ "threads", required_argument, NULL, OPTION_THREADS },
	{ "own-loop", no_argument, NULL, OPTION_OWN_LOOP },
	{ "own-thread", no_argument, NULL, OPTION_OWN_THREAD },
	{ "wait", no_argument, NULL, OPTION_WAIT },
	{ "status", required_argument, NULL, OPTION_STATUS },
	{ "progress", required_argument, NULL, OPTION_PROGRESS },
	{},
};

/* --- registering --- */

void provider_register(struct provider *p)
{
	struct provider_options *o = &p->options;
	struct vio_net_status s;
	int r;

	atomic_store(&p->may_run, true);
	r = vio_net_resource_reg(p->mac, o->type, o->local, o->has_peer ? o->peer : NULL,
				 &p->handle, &p->vnet);
	if (r) {
		atomic_store(&p->may_run, false);
		printf("refused %s: %s\n", strerrorname_np(r), p->mac->m_error);
		return;
	}
	p->registered = true;
	p->told_state = -1;
	r = vio_net_resource_status(p->handle, &s);
	if (r)
		errx(COMMON_FAILED, "the status of a new registration: %s", strerrorname_np(r));
	printf("registered %s %s %s\n", s.vnet, s.name, s.device);
}

/* After it returns no entry point may be called any more: entry_judge() watches that. */
void provider_unregister(struct provider *p)
{
	vio_net_resource_unreg(p->handle);
	atomic_store(&p->may_run, false);
	p->registered = false;
	printf("unregistered\n");
}

/* Nobody calls when the registration is lost or found again: it is looked at. */
static void provider_watch(struct provider *p)
{
	static const char *const states[] = {
		[VIO_NET_STATE_REGISTERED] = "registered",
		[VIO_NET_STATE_STARTED] = "started",
		[VIO_NET_STATE_AWAY] = "away",
		[VIO_NET_STATE_REMOVED] = "removed",
	};
	struct vio_net_status s;

	if (!p->registered || vio_net_resource_status(p->handle, &s) ||
	    p->told_state == (int)s.state)
		return;
	p->told_state = (int)s.state;
	printf("state %s\n", states[s.state]);
}

/* --- the main loop --- */

struct lines {
	char text[4096];
	size_t length;
};

/* False at the end of stdin. */
static bool lines_read(struct provider *p, struct lines *l)
{
	ssize_t n = read(STDIN_FILENO, l->text + l->length, sizeof(l->text) - 1 - l->length);
	char *end;

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	l->length += (size_t)n;
	l->text[l->length] = '\0';
	while ((end = strchr(l->text, '\n')) && !common_stop) {
		*end = '\0';
		command_run(p, l->text);
		l->length -= (size_t)(end + 1 - l->text);
		memmove(l->text, end + 1, l->length + 1);
	}
	return true;
}

static void provider_obey(struct provider *p)
{
	struct common_status status = { .path = p->options.status,
					.print = tx_print,
					.context = p };
	struct pollfd wait[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				 { .fd = -1, .events = POLLIN } };
	struct lines lines = { .length = 0 };

	if (p->options.own_loop)
		wait[1].fd = vnet_loop_fd(p->loop);
	while (!common_stop) {
		if (poll(wait, 2, PROVIDER_TICK_MS) < 0 && errno != EINTR)
			err(COMMON_FAILED, "poll");
		if (wait[1].revents && vnet_dispatch(p->loop, 0) < 0)
			errx(COMMON_FAILED, "vnet_dispatch");
		if (wait[0].revents && !lines_read(p, &lines))
			break;
		provider_watch(p);
		common_status_tick(&status, common_now_ns());
	}
	common_status_write(&status);
}

/* --- the beginning and the end --- */

static void *provider_thread(void *context)
{
	struct provider *p = context;
	int r = vnet_run(p->loop);

	if (r)
		errx(COMMON_FAILED, "vnet_run: %s", strerrorname_np(-r));
	return NULL;
}

static void provider_open(struct provider *p)
{
	struct provider_options *o = &p->options;
	int r;

	p->callbacks = entry_callbacks;
	p->mac = mac_alloc(MAC_VERSION);
	if (!p->mac)
		err(COMMON_FAILED, "mac_alloc");
	p->mac->m_driver = p;
	p->mac->m_callbacks = &p->callbacks;
	p->mac->m_name = o->name;
	p->mac->m_device = o->device;
	p->mac->m_queues = o->queues;
	p->mac->m_max_sdu = o->max_sdu;
	if (o->own_thread)
		return;
	r = vnet_loop_new(o->socket, &p->loop);
	if (r)
		errx(COMMON_FAILED, "vnet_loop_new: %s", strerrorname_np(-r));
	p->mac->m_loop = p->loop;
	for (unsigned int i = 0; i < o->threads; i++)
		if (pthread_create(&p->threads[i], NULL, provider_thread, p))
			errx(COMMON_FAILED, "no thread");
}

/* The updater may sleep for ever; it has nothing to undo. */
static void provider_close(struct provider *p)
{
	if (p->registered)
		provider_unregister(p);
	atomic_store(&p->ending, true);
	if (p->loop)
		vnet_stop(p->loop);
	for (unsigned int i = 0; p->loop && i < p->options.threads; i++)
		pthread_join(p->threads[i], NULL);
	far_stop(p);
	vnet_loop_free(p->loop);
	mac_free(p->mac);
}

static vio_net_res_type_t provider_type(const char *text)
{
	static const char *const names[] = { "service", "guest", "hybrid" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(text, names[i]))
			return (vio_net_res_type_t)i;
	return (vio_net_res_type_t)common_number("--type", text, 0, 255);
}

static void option_take_number(struct provider_options *o, enum provider_option option,
			       const char *value)
{
	unsigned int number = (unsigned int)common_number("option", value, 0, 1000000);

	if (option == OPTION_QUEUES)
		o->queues = number;
	else if (option == OPTION_MAX_SDU)
		o->max_sdu = number;
	else
		o->threads = number < PROVIDER_THREADS_MAX ? number : PROVIDER_THREADS_MAX;
}

static void option_take(struct provider_options *o, enum provider_option option, const char *value)
{
	switch (option) {
	case OPTION_LOCAL:
		common_mac("--local", value, o->local);
		break;
	case OPTION_TYPE:
		o->type = provider_type(value);
		break;
	case OPTION_PEER:
		common_mac("--peer", value, o->peer);
		o->has_peer = true;
		break;
	case OPTION_NAME:
		o->name = value;
		break;
	case OPTION_DEVICE:
		o->device = value;
		break;
	case OPTION_SOCKET:
		o->socket = value;
		break;
	case OPTION_FAR:
		o->far = value;
		break;
	case OPTION_STATUS:
		o->status = value;
		break;
	case OPTION_PROGRESS:
		o->progress = value;
		break;
	case OPTION_OFFLOAD:
		o->offload = true;
		break;
	case OPTION_OWN_LOOP:
		o->own_loop = true;
		o->threads = 0;
		break;
	case OPTION_OWN_THREAD:
		o->own_thread = true;
		o->threads = 0;
		break;
	case OPTION_WAIT:
		o->wait = true;
		break;
	case OPTION_QUEUES:
	case OPTION_MAX_SDU:
	case OPTION_THREADS:
		option_take_number(o, option, value);
		break;
	}
}

int main(int argc, char **argv)
{
	/* Of the peer, where there is no --peer: see send. */
	static struct provider p = { .options = { .threads = 1, .peer = { 2, 0, 0, 0, 0, 0xf0 } },
				     .far_fd = -1,
				     .told_state = -1 };
	int option;

	while ((option = getopt_long(argc, argv, "", provider_options, NULL)) >= 0) {
		if (option == '?')
			return COMMON_USAGE;
		option_take(&p.options, (enum provider_option)option, optarg);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (p.options.far)
		far_open(&p, p.options.far);
	tx_open(&p);
	provider_open(&p);
	if (!p.options.wait)
		provider_register(&p);
	if (!p.options.wait && !p.registered)
		return COMMON_FAILED;
	far_start(&p);
	provider_obey(&p);
	provider_close(&p);
	return 0;
}
