// SPDX-License-Identifier: GPL-2.0-or-later
#include "common.h"

#include <err.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <vnet/vnet.h>

#define COMMON_DISPATCHES 64 /* between two looks at a program's own descriptors */

int common_options(struct common *c, const char *usage, const struct option_row *rows, size_t count,
		   int argc, char **argv)
{
	const struct option_row ours[] = {
		{ "vnet", "NAME", OPTION_TEXT, &c->vnet, "the vnet to register with" },
		{ "vnet-address", "MAC", OPTION_MAC, c->address, "or the MAC that the vnet has" },
		{ "peer", "MAC", OPTION_MAC, c->peer, "the MAC of the peer of a guest" },
		{ "name", "NAME", OPTION_TEXT, &c->name,
		  "of the resource; if not given p0, or the next that is free" },
		{ "socket", "PATH", OPTION_TEXT, &c->socket,
		  "where vnetd listens, if not at " VNET_SOCKET_PATH },
	};
	struct options o = { .usage = usage };

	options_add(&o, ours, sizeof(ours) / sizeof(*ours));
	options_add(&o, rows, count);
	return options_read(&o, argc, argv);
}

/* --- the vnet --- */

/* Its MAC, out of [{"name":"vnet0","address":"02:00:00:00:00:01",...}]. */
static bool common_read_address(const char *text, ether_addr_t ret)
{
	struct json_object *vnets = json_tokener_parse(text), *address = NULL;
	bool found;

	if (json_object_is_type(vnets, json_type_array))
		json_object_object_get_ex(json_object_array_get_idx(vnets, 0), "address", &address);
	found = address && options_mac(json_object_get_string(address), ret);
	json_object_put(vnets);
	return found;
}

static void common_find_vnet(struct common *c)
{
	struct vnet_client *client;
	char *text;
	int r;

	r = vnet_client_open(c->socket, VNET_TIMEOUT_DEFAULT, &client);
	if (r < 0)
		errx(OPTIONS_FAILED, "cannot speak with vnetd%s%s: %s", c->socket ? " at " : "",
		     c->socket ? c->socket : "", strerror(-r));
	r = vnet_list(client, c->vnet, &text);
	if (r < 0)
		errx(OPTIONS_FAILED, "%s", vnet_client_error(client)->message);
	if (!common_read_address(text, c->address))
		errx(OPTIONS_FAILED, "%s: vnetd does not tell its address", c->vnet);
	vnet_free(text);
	vnet_client_close(client);
}

void common_open(struct common *c)
{
	static const ether_addr_t none;
	sigset_t set;
	int r;

	if (!c->vnet == !memcmp(c->address, none, sizeof(none)))
		errx(OPTIONS_USAGE, "expected either --vnet or --vnet-address, see --help");
	if (c->vnet)
		common_find_vnet(c);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	c->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (c->signals < 0)
		err(OPTIONS_FAILED, "cannot wait for signals");
	r = vnet_loop_new(c->socket, &c->loop);
	if (r < 0)
		errx(OPTIONS_FAILED, "cannot make a loop: %s", strerror(-r));
}

void common_register(struct common *c, mac_register_t *mac, vio_net_res_type_t type,
		     vio_net_callbacks_t *ret)
{
	static const ether_addr_t none;
	struct vio_net_status status;

	if (type == VIO_NET_RES_LDC_GUEST && !memcmp(c->peer, none, sizeof(none)))
		errx(OPTIONS_USAGE, "expected --peer, for the resource is a guest, see --help");
	mac->m_name = c->name;
	mac->m_loop = c->loop;
	if (vio_net_resource_reg(mac, type, c->address, c->peer, &c->handle, ret))
		errx(OPTIONS_FAILED, "%s", mac->m_error);
	if (vio_net_resource_status(c->handle, &status) == 0)
		warnx("%s/%s is registered", status.vnet, status.name);
}

/* --- waiting --- */

int64_t common_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * COMMON_SECOND_NS + t.tv_nsec;
}

bool common_wait(struct common *c, struct pollfd *fds, nfds_t count, int64_t timeout_ns)
{
	const struct timespec timeout = { .tv_sec = timeout_ns / COMMON_SECOND_NS,
					  .tv_nsec = timeout_ns % COMMON_SECOND_NS };
	struct vio_net_status status;

	fds[0] = (struct pollfd) { .fd = vnet_loop_fd(c->loop), .events = POLLIN };
	fds[1] = (struct pollfd) { .fd = c->signals, .events = POLLIN };
	if (ppoll(fds, count, timeout_ns < 0 ? NULL : &timeout, NULL) < 0)
		err(OPTIONS_FAILED, "cannot wait");
	if (fds[1].revents)
		return false;
	for (int i = 0; fds[0].revents && i < COMMON_DISPATCHES; i++) {
		if (vnet_dispatch(c->loop, 0) <= 0)
			break;
	}
	if (vio_net_resource_status(c->handle, &status) == 0 &&
	    status.state == VIO_NET_STATE_REMOVED)
		errx(OPTIONS_FAILED, "%s/%s was removed", status.vnet, status.name);
	return true;
}

void common_close(struct common *c)
{
	struct vio_net_status status;

	if (vio_net_resource_status(c->handle, &status) == 0 && status.malformed + status.norcvbuf)
		printf("refused %" PRIu64 " frames too long or too short, and %" PRIu64
		       " for no room\n",
		       status.malformed, status.norcvbuf);
	vio_net_resource_unreg(c->handle);
	vnet_loop_free(c->loop);
	close(c->signals);
}

/* --- frames --- */

void common_count(struct common_totals *t, size_t bytes)
{
	t->end_ns = common_now_ns();
	if (!t->frames++)
		t->begin_ns = t->end_ns;
	t->bytes += bytes;
}

void common_print(const char *what, const struct common_totals *t)
{
	double seconds = (double)(t->end_ns - t->begin_ns) / COMMON_SECOND_NS;

	printf("%s %" PRIu64 " frames, %" PRIu64 " bytes", what, t->frames, t->bytes);
	if (t->frames > 1 && seconds > 0)
		printf(" in %.3f s: %.0f frames/s, %.3f Mbit/s", seconds,
		       (double)t->frames / seconds, (double)t->bytes * 8 / seconds / 1e6);
	putchar('\n');
}

mblk_t *common_take(mblk_t **chain)
{
	mblk_t *mp = *chain;

	*chain = mp->b_next;
	mp->b_next = NULL;
	return mp;
}

mblk_t *common_alloc(size_t size)
{
	mblk_t *mp = allocb(size, BPRI_MED);

	if (!mp)
		errx(OPTIONS_FAILED, "no memory for a frame");
	return mp;
}
