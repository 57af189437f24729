/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What clients send, to the real server, API and manager over the kernel in memory. The bytes are
 * those of the present connection, but 0xff, which is never in UTF-8, and the byte behind it: they
 * say what happens next. Every reply has to be whole; at the end the kernel holds what follows from
 * the objects, and nothing when they are gone.
 */
#include <fcntl.h>
#include <sys/socket.h>

#include "../../daemon/api_internal.h"
#include "../../daemon/log.h"
#include "../../daemon/server_internal.h"
#include "../unit/world.h"
#include "fuzz.h"

#define CLIENTS	  4
#define DEVICES	  6
#define TURNS_MAX 5000
#define TURN_US	  UINT64_C(2000000)

struct place {
	struct world *w; /* for its oracle; the manager has other callbacks */
	struct api *api;
	sd_event *loop;
	int fds[CLIENTS]; /* the clients' ends, -1: none */
	char *replies[CLIENTS];
	size_t replied[CLIENTS];
};

static void on_event(void *context, const struct manager_event *event)
{
	struct place *p = context;

	if (p->api)
		api_publish(p->api, event);
}

static const struct manager_callbacks callbacks = { .on_event = on_event };

static int on_host(void *context, struct error *e)
{
	return 0;
}

static int on_save(void *context, struct json_object *files, struct error *e)
{
	return json_object_array_add(files, json_object_new_string("a"));
}

static void on_features(void *context, struct datapath_features *ret)
{
	*ret = (struct datapath_features) { .tcx = true };
}

/* As the daemon does after each turn. */
static int on_post(sd_event_source *source, void *context)
{
	struct place *p = context;

	manager_settle(p->w->m);
	api_providers_settle(p->api);
	api_openings_settle(p->api);
	world_forget_journal(p->w);
	return 0;
}

static struct place *place_new(void)
{
	static const struct api_host host = { on_host, on_save, on_features, "fuzz", "/dev/null" };
	struct place *p = calloc(1, sizeof(*p));
	struct error e = { 0 };
	char path[128];

	ck_assert_ptr_nonnull(p);
	log_open(-1);
	p->w = calloc(1, sizeof(*p->w));
	ck_assert_ptr_nonnull(p->w);
	p->w->k = fake_kernel_new();
	ck_assert_int_eq(manager_new(&p->w->k->kernel, &callbacks, p, &p->w->m), 0);
	for (char name[] = "d0"; name[1] < '0' + DEVICES; name[1]++)
		world_device(p->w, name);
	snprintf(path, sizeof(path), "%s/socket", fuzz_folder());
	ck_assert_int_ge(sd_event_new(&p->loop), 0);
	ck_assert_int_ge(sd_event_add_post(p->loop, NULL, on_post, p), 0);
	ck_assert_msg(!api_new(p->loop, path, p->w->m, &host, &p->api, &e), "%s", e.message);
	memset(p->fds, 0xff, sizeof(p->fds));
	return p;
}

static void run(struct place *p)
{
	int turns = 0;

	while (sd_event_run(p->loop, 0) > 0)
		ck_assert_msg(turns++ < TURNS_MAX, "the loop does not come to rest");
}

/* Clients 0 and 1 are root, 2 may read, 3 may do nothing. */
static void client_open(struct place *p, unsigned int i)
{
	uid_t uid = i < 2 ? 0 : 65532 + i;
	struct server_connection who = {
		.peer = { .uid = uid, .gid = uid, .pid = 1 },
		.may_read = i < 3,
		.may_change = i < 2,
	};
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds),
			 0);
	ck_assert_int_eq(server_connection_new(p->api->server, fds[0], &who), 0);
	p->fds[i] = fds[1];
}

static void client_read(struct place *p, unsigned int i)
{
	size_t size;
	char *bytes = fuzz_read(p->fds[i], &size);

	p->replies[i] = realloc(p->replies[i], p->replied[i] + size + 1);
	ck_assert_ptr_nonnull(p->replies[i]);
	memcpy(p->replies[i] + p->replied[i], bytes, size + 1);
	p->replied[i] += size;
	free(bytes);
}

/* A server that closes a connection in the midst of its own words has been left by the client. */
static void client_close(struct place *p, unsigned int i)
{
	const char *last;

	if (p->fds[i] < 0)
		return;
	client_read(p, i);
	last = p->replied[i] ? memrchr(p->replies[i], '\0', p->replied[i]) : NULL;
	if (last)
		fuzz_check_messages(p->replies[i], (size_t)(last - p->replies[i]) + 1);
	free(UTIL_TAKE_PTR(p->replies[i]));
	p->replied[i] = 0;
	close(p->fds[i]);
	p->fds[i] = -1;
}

static void device_news(struct place *p, unsigned int what)
{
	char name[] = { 'd', (char)('0' + what % DEVICES), '\0' };
	const struct link *l = fake_kernel_find(p->w->k, name);

	if (!l)
		world_device(p->w, name);
	else if (what & 16)
		world_delete(p->w, name);
	else
		world_carrier(p->w, name, !l->carrier);
}

static void happen(struct place *p, uint8_t what, unsigned int *at)
{
	unsigned int more = what >> 3;

	switch (what & 7) {
	case 0:
		*at = more % CLIENTS;
		break;
	case 1:
		client_close(p, *at);
		break;
	case 2:
		if (p->fds[*at] >= 0)
			shutdown(p->fds[*at], SHUT_WR);
		break;
	case 3:
		if (p->fds[*at] >= 0)
			client_read(p, *at);
		break;
	case 4:
		device_news(p, more);
		break;
	case 5:
		api_groups_changed(p->api);
		break;
	default:
		run(p);
		break;
	}
}

static void place_free(struct place *p)
{
	for (unsigned int i = 0; i < CLIENTS; i++) {
		run(p);
		client_close(p, i);
	}
	/* Who has asked too much has to wait for the answers, though not to hear them. */
	for (int i = 0; server_connections(p->api->server) && i < TURNS_MAX; i++)
		ck_assert_int_gt(sd_event_run(p->loop, TURN_US), 0);
	ck_assert_uint_eq(server_connections(p->api->server), 0);
	run(p);
	world_check(p->w);
	manager_providers_expire(p->w->m);
	world_done(p->w, manager_flush(p->w->m, &p->w->e));
	ck_assert(fake_kernel_is_clean(p->w->k));
	api_free(UTIL_TAKE_PTR(p->api));
	sd_event_unref(p->loop);
	world_free(p->w);
	free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct place *p = place_new();
	struct fuzz f = { data, size };
	unsigned int at = 0;

	while (f.size) {
		size_t count;
		char *bytes = fuzz_until(&f, '\xff', &count);

		if (count && p->fds[at] < 0)
			client_open(p, at);
		if (count)
			send(p->fds[at], bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
		free(bytes);
		happen(p, fuzz_byte(&f), &at);
	}
	place_free(p);
	return 0;
}
