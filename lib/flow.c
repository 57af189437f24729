// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A flow that is open: its frames come over an AF_XDP socket of vnetd's making, which goes on
 * without vnetd. When the connection breaks off, the flow is opened again until that succeeds; the
 * new socket replaces the old one, which is read for a while yet, for frames may still be on their
 * way there.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "client.h"
#include "flow_ring.h"
#include "reply.h"

#define FLOW_FRAMES	  2048
#define FLOW_TIMEOUT_MS	  5000
#define FLOW_CONNECT_MS	  10
#define FLOW_RETRY_MS	  10
#define FLOW_DOUBLINGS	  6 /* of that time, to 640 ms */
#define FLOW_OLD_LOOK_MS  20
#define FLOW_OLD_LOOKS	  50 /* then nothing comes over the old socket any more */
#define FLOW_NS_PER_MS	  1000000L
#define FLOW_TURN_BATCHES 16 /* before what else there is is looked at */
#define FLOW_FDS	  2

enum flow_event { FLOW_STOP, FLOW_TIMER, FLOW_CONNECTION, FLOW_FRAMES_CAME };

struct vnet_flow {
	char *owner, *name, *path;
	uint32_t frames;
	void (*on_frames)(void *context, const struct vnet_flow_frame *frames, size_t count);
	void (*on_closed)(void *context, const char *why);
	void *context;

	int epoll, timer, stop;
	struct vnet_client client;
	bool connected;
	bool ended; /* closed by vnetd */
	unsigned int tries;
	int fds[FLOW_FDS];
	struct flow_ring ring, old;
	unsigned int looks; /* at the old one, that are left */

	bool threaded;
	pthread_t thread;
	atomic_bool stopping;
	bool busy;     /* without a thread: somebody is in vnet_flow_dispatch() */
	bool orphaned; /* closed from within a callback: it frees itself */
};

/* --- the loop's parts --- */

static int flow_watch(struct vnet_flow *f, int fd, enum flow_event event)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = event };

	return epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

static void flow_wake_in(struct vnet_flow *f, long ms)
{
	struct itimerspec t = {
		.it_value = { ms / 1000, ms % 1000 * FLOW_NS_PER_MS },
	};

	timerfd_settime(f->timer, 0, &t, NULL);
}

/* --- the connection --- */

static void flow_close_fds(struct vnet_flow *f)
{
	struct wire *w = &f->client.wire;

	for (unsigned int i = 0; i < w->fd_count; i++)
		close(f->fds[i]);
	w->fd_count = 0;
}

static void flow_disconnect(struct vnet_flow *f)
{
	if (!f->connected)
		return;
	epoll_ctl(f->epoll, EPOLL_CTL_DEL, f->client.wire.fd, NULL);
	flow_close_fds(f);
	wire_close(&f->client.wire);
	f->connected = false;
}

static struct json_object *flow_request(const struct vnet_flow *f)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "owner", json_object_new_string(f->owner));
	json_object_object_add(o, "name", json_object_new_string(f->name));
	json_object_object_add(o, "frames", json_object_new_int64(f->frames));
	return o;
}

static uint32_t flow_number(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) &&
			       json_object_is_type(value, json_type_int)
		       ? (uint32_t)json_object_get_int64(value)
		       : 0;
}

/* Takes over the descriptors that have come. */
static int flow_take_socket(struct vnet_flow *f, struct json_object *opened, struct flow_ring *ret)
{
	struct wire *w = &f->client.wire;
	int r;

	if (w->fds_lost)
		return -EMFILE;
	if (w->fd_count != FLOW_FDS)
		return -EPROTO;
	w->fd_count = 0;
	r = flow_ring_open(ret, f->fds[0], f->fds[1], flow_number(opened, "frames"),
			   flow_number(opened, "frame_bytes"));
	close(f->fds[1]);
	return r;
}

/* What is on its way to the old one is read before the new one, and looked for a while yet. */
static int flow_replace(struct vnet_flow *f, struct flow_ring *ring)
{
	int r = flow_watch(f, ring->socket, FLOW_FRAMES_CAME);

	if (r < 0) {
		flow_ring_close(ring);
		return r;
	}
	flow_ring_close(&f->old);
	f->old = f->ring;
	f->ring = *ring;
	f->looks = f->old.socket < 0 ? 0 : FLOW_OLD_LOOKS;
	if (f->looks)
		flow_wake_in(f, FLOW_OLD_LOOK_MS);
	return 0;
}

/* Asks; the answer comes over the connection. 0 or -errno. */
static int flow_ask(struct vnet_flow *f, int connect_ms)
{
	int r;

	client_init(&f->client, FLOW_TIMEOUT_MS);
	r = wire_open(&f->client.wire, f->path, wire_deadline_ns(connect_ms));
	if (r < 0)
		return r;
	f->connected = true;
	wire_take_fds(&f->client.wire, f->fds, FLOW_FDS);
	r = client_send(&f->client, "OpenFlow", flow_request(f), "more",
			wire_deadline_ns(FLOW_TIMEOUT_MS));
	return r < 0 ? r : flow_watch(f, f->client.wire.fd, FLOW_CONNECTION);
}

/* vnetd has opened the flow. */
static int flow_take(struct vnet_flow *f, struct json_object *opened)
{
	struct flow_ring ring;
	int r = flow_take_socket(f, opened, &ring);

	if (r == 0)
		r = flow_replace(f, &ring);
	if (r == 0)
		f->tries = 0;
	return r;
}

/* The first time there is somebody who waits. A refusal is in the client's error. */
static int flow_await(struct vnet_flow *f)
{
	struct json_object *reply, *opened;
	bool continues;
	int r = client_receive(&f->client, wire_deadline_ns(FLOW_TIMEOUT_MS), false, &reply,
			       &continues);

	if (r < 0)
		return r;
	r = continues && json_object_object_get_ex(reply, "opened", &opened) ? flow_take(f, opened)
									     : -EPROTO;
	json_object_put(reply);
	return r;
}

static void flow_retry(struct vnet_flow *f)
{
	unsigned int doublings = f->tries < FLOW_DOUBLINGS ? f->tries : FLOW_DOUBLINGS;

	flow_disconnect(f);
	f->tries++;
	flow_wake_in(f, FLOW_RETRY_MS << doublings);
}

static void flow_end(struct vnet_flow *f, const char *why)
{
	flow_disconnect(f);
	f->ended = true;
	if (f->on_closed)
		f->on_closed(f->context, why);
}

static void flow_on_reply(struct vnet_flow *f, struct json_object *reply, bool continues)
{
	struct json_object *value;

	if (json_object_object_get_ex(reply, "closed", &value))
		flow_end(f, json_object_get_string(value));
	else if (!json_object_object_get_ex(reply, "opened", &value) || flow_take(f, value) < 0 ||
		 !continues)
		flow_retry(f);
}

/* Frames do not wait for vnetd: what has come is read, and no more. */
static void flow_on_connection(struct vnet_flow *f)
{
	struct json_object *reply;
	bool continues;
	int r;

	while (f->connected && !atomic_load(&f->stopping)) {
		r = client_receive(&f->client, 0, true, &reply, &continues);
		if (r == -ETIMEDOUT)
			return;
		if (r < 0) {
			flow_retry(f);
			return;
		}
		flow_on_reply(f, reply, continues);
		json_object_put(reply);
	}
}

/* --- frames --- */

/* Returns whether there may be more. */
static bool flow_hand_out(struct vnet_flow *f, struct flow_ring *ring)
{
	struct vnet_flow_frame frames[FLOW_RING_BATCH];
	size_t count = flow_ring_take(ring, frames);

	if (!count)
		return false;
	f->on_frames(f->context, frames, count);
	flow_ring_return(ring, count);
	return count == FLOW_RING_BATCH;
}

static void flow_on_frames(struct vnet_flow *f)
{
	for (int i = 0; i < FLOW_TURN_BATCHES && !atomic_load(&f->stopping); i++)
		if (!flow_hand_out(f, &f->ring))
			return;
}

static void flow_read_old(struct vnet_flow *f)
{
	while (!atomic_load(&f->stopping) && flow_hand_out(f, &f->old))
		;
}

static void flow_on_timer(struct vnet_flow *f)
{
	uint64_t expired;
	ssize_t n = read(f->timer, &expired, sizeof(expired));

	(void)n; /* who was woken for nothing looks once more */
	if (f->ended)
		return;
	if (f->connected)
		flow_on_connection(f);
	if (f->looks && !--f->looks)
		flow_ring_close(&f->old);
	if (!f->connected && flow_ask(f, FLOW_CONNECT_MS) < 0)
		flow_retry(f);
	else if (f->looks)
		flow_wake_in(f, FLOW_OLD_LOOK_MS);
}

static void flow_handle(struct vnet_flow *f, uint32_t event)
{
	flow_read_old(f);
	switch ((enum flow_event)event) {
	case FLOW_STOP:
		return;
	case FLOW_TIMER:
		flow_on_timer(f);
		return;
	case FLOW_CONNECTION:
		flow_on_connection(f);
		return;
	case FLOW_FRAMES_CAME:
		flow_on_frames(f);
		return;
	}
}

/* One turn: each event that there is. 1, 0: nothing came in time, or -errno. */
static int flow_turn(struct vnet_flow *f, int timeout_ms)
{
	struct epoll_event events[FLOW_FRAMES_CAME + 2];
	int n = epoll_wait(f->epoll, events, sizeof(events) / sizeof(events[0]), timeout_ms);

	if (n < 0)
		return -errno;
	for (int i = 0; i < n && !atomic_load(&f->stopping); i++)
		flow_handle(f, events[i].data.u32);
	return n > 0;
}

/* --- life --- */

static void flow_free(struct vnet_flow *f)
{
	if (f->epoll >= 0)
		flow_disconnect(f);
	flow_ring_close(&f->ring);
	flow_ring_close(&f->old);
	for (int i = 0; i < 3; i++) {
		int fd = (const int[]) { f->epoll, f->timer, f->stop }[i];

		if (fd >= 0)
			close(fd);
	}
	free(f->owner);
	free(f->name);
	free(f->path);
	free(f);
}

static void *flow_run(void *context)
{
	struct vnet_flow *f = context;
	int r = 0;

	while (!atomic_load(&f->stopping) && (r >= 0 || r == -EINTR))
		r = flow_turn(f, -1);
	if (f->orphaned)
		flow_free(f);
	return NULL;
}

static int flow_make_loop(struct vnet_flow *f)
{
	int r;

	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	f->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	f->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->epoll < 0 || f->timer < 0 || f->stop < 0)
		return -errno;
	r = flow_watch(f, f->timer, FLOW_TIMER);
	return r < 0 ? r : flow_watch(f, f->stop, FLOW_STOP);
}

static struct vnet_flow *flow_new(const char *owner, const char *name, const char *path)
{
	struct vnet_flow *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->epoll = f->timer = f->stop = -1;
	flow_ring_init(&f->ring);
	flow_ring_init(&f->old);
	f->owner = strdup(owner);
	f->name = strdup(name);
	f->path = strdup(path);
	if (f->owner && f->name && f->path)
		return f;
	flow_free(f);
	return NULL;
}

/* What the first asking failed of, for vnet_client_error(). */
static int flow_fail(struct vnet_client *client, const struct vnet_flow *f, int r)
{
	const struct client_error *e = &f->client.error;

	if (e->view.kind != VNET_ERROR_NONE)
		return client_fail(client, e->view.kind, e->view.number, e->object, e->field, "%s",
				   e->message);
	return client_fail(client, VNET_ERROR_LOCAL, -r, NULL, NULL,
			   "the socket for the frames of %s/%s cannot be used: %s", f->owner,
			   f->name, strerrordesc_np(-r));
}

static void flow_choose(struct vnet_flow *f, const struct vnet_flow_options *o)
{
	f->frames = o && o->frames ? o->frames : FLOW_FRAMES;
	f->threaded = !o || !o->no_thread;
	f->on_closed = o ? o->on_closed : NULL;
}

static int flow_begin(struct vnet_flow *f)
{
	int r = flow_make_loop(f);

	if (r == 0)
		r = flow_ask(f, FLOW_TIMEOUT_MS);
	if (r == 0)
		r = flow_await(f);
	if (r == 0)
		flow_wake_in(f, FLOW_RETRY_MS); /* something may have come with the answer */
	if (r == 0 && f->threaded)
		r = -pthread_create(&f->thread, NULL, flow_run, f);
	return r;
}

int vnet_flow_open(struct vnet_client *client, const char *owner, const char *name,
		   const struct vnet_flow_options *options,
		   void (*on_frames)(void *context, const struct vnet_flow_frame *frames,
				     size_t count),
		   void *context, struct vnet_flow **ret)
{
	struct vnet_flow *f;
	int r = client_begin(client);

	if (r < 0)
		return r;
	if (!owner || !name || !on_frames || !ret || (options && options->size != sizeof(*options)))
		return client_fail(
			client, VNET_ERROR_LOCAL, EINVAL, NULL, NULL,
			"the flow's owner, its name, a callback and where the handle goes "
			"are needed, and options of the right size");
	f = flow_new(owner, name, client->path);
	if (!f)
		return client_fail(client, VNET_ERROR_LOCAL, ENOMEM, NULL, NULL,
				   "there is no memory left");
	f->on_frames = on_frames;
	f->context = context;
	flow_choose(f, options);
	r = flow_begin(f);
	if (r < 0) {
		r = flow_fail(client, f, r);
		flow_free(f);
		return r;
	}
	*ret = f;
	return 0;
}

int vnet_flow_fd(const struct vnet_flow *flow)
{
	return flow->epoll;
}

int vnet_flow_dispatch(struct vnet_flow *flow, int timeout_ms)
{
	int r;

	if (!flow || flow->threaded)
		return -EINVAL;
	if (flow->busy)
		return -EBUSY;
	flow->busy = true;
	r = flow_turn(flow, timeout_ms);
	flow->busy = false;
	if (flow->orphaned) {
		flow_free(flow);
		return -ESHUTDOWN;
	}
	return r;
}

void vnet_flow_close(struct vnet_flow *flow)
{
	uint64_t one = 1;
	ssize_t n;

	if (!flow)
		return;
	if (flow->threaded ? pthread_equal(pthread_self(), flow->thread) : flow->busy) {
		flow->orphaned = true;
		atomic_store(&flow->stopping, true);
		if (flow->threaded)
			pthread_detach(flow->thread);
		return;
	}
	atomic_store(&flow->stopping, true);
	n = write(flow->stop, &one, sizeof(one)); /* can only fail when it is ready already */
	(void)n;
	if (flow->threaded)
		pthread_join(flow->thread, NULL);
	flow_free(flow);
}
