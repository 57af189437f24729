// SPDX-License-Identifier: LGPL-2.1-or-later
#include "session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "reply.h"
#include "session_json.h"
#include "vio.h"

#define SESSION_TIMEOUT_MS 5000
/* To connect takes no time, unless vnetd's queue of connections is full. */
#define SESSION_CONNECT_MS 10
#define SESSION_RETRY_MS   10
#define SESSION_DOUBLINGS  6 /* of that time, to 640 ms */
#define SESSION_NS_PER_MS  1000000L

static struct vio *session_vio(struct session *s)
{
	return s->source.owner;
}

/* --- breaking off and trying again; under the lock --- */

static void session_disconnect(struct session *s)
{
	struct wire *w = &s->client.wire;

	if (!s->connected)
		return;
	loop_remove(session_vio(s)->loop, &s->source);
	for (unsigned int i = 0; i < w->fd_count; i++)
		close(w->fds[i]);
	wire_close(w);
	s->connected = false;
	s->stage = SESSION_CLOSED;
}

static void session_retry(struct session *s)
{
	unsigned int doublings = s->tries < SESSION_DOUBLINGS ? s->tries : SESSION_DOUBLINGS;
	struct itimerspec t = { .it_value.tv_nsec =
					(SESSION_RETRY_MS << doublings) * SESSION_NS_PER_MS };

	session_disconnect(s);
	s->tries++;
	timerfd_settime(s->timer_fd, 0, &t, NULL);
	loop_arm(session_vio(s)->loop, &s->timer, EPOLLIN);
}

/*
 * After all that has come from vnetd is read: a resource that is removed loses its tap as well, and
 * vnetd says so before it takes the tap away. To ask again would undo what the administrator did.
 */
void session_renew(struct vio *v)
{
	struct session *s = &v->session;

	if (s->stage == SESSION_CLOSED)
		return;
	s->renew = true;
	loop_arm(v->loop, &s->source, EPOLLIN | EPOLLOUT); /* comes at once */
}

/* --- asking --- */

/* Asks over the connection @w, which it takes over. 0 or -errno. */
static int session_ask(struct session *s, const struct wire *w, int64_t deadline_ns)
{
	struct json_object *provision = session_json_provision(session_vio(s));

	client_init(&s->client, SESSION_TIMEOUT_MS);
	s->client.wire = *w;
	s->connected = true;
	session_vio(s)->reports = 0;
	wire_take_fds(&s->client.wire, s->fds, MAC_QUEUES_MAX);
	s->stage = SESSION_ASKED;
	return client_send(&s->client, "Provide", provision, "more", deadline_ns);
}

static int session_take_registered(struct vio *v, struct json_object *reply)
{
	struct session *s = &v->session;
	struct wire *w = &s->client.wire;
	int r = session_json_registered(v, reply);

	if (r == 0 && w->fds_lost)
		r = -EMFILE;
	if (r == 0 && w->fd_count) {
		unsigned int count = w->fd_count;

		w->fd_count = 0;
		r = vio_take_taps(v, s->fds, count);
	}
	/* vnetd gives no descriptors to who has them; who has not cannot go on. */
	if (r == 0 && v->queue_count && !v->taps)
		r = -EPROTO;
	if (r < 0)
		return r;
	s->stage = SESSION_OPEN;
	s->tries = 0;
	v->error[0] = '\0';
	return 0;
}

/* As vio_net_resource_reg() has it. */
static int session_connect_error(int r)
{
	switch (r) {
	case -ENOENT:
	case -ECONNREFUSED:
		return -ENOTCONN;
	case -EACCES:
		return -EPERM;
	default:
		return r;
	}
}

int session_begin(struct vio *v, char *error, size_t size)
{
	int64_t deadline_ns = wire_deadline_ns(SESSION_TIMEOUT_MS);
	struct session *s = &v->session;
	struct json_object *reply, *registered;
	struct wire w;
	bool continues;
	int r;

	client_init(&s->client, SESSION_TIMEOUT_MS);
	r = wire_open(&w, v->loop->socket_path, deadline_ns);
	if (r == 0)
		r = session_ask(s, &w, deadline_ns);
	if (r == 0)
		r = client_receive(&s->client, deadline_ns, false, &reply, &continues);
	if (r < 0) {
		bool told = s->client.error.view.kind != VNET_ERROR_NONE;

		snprintf(error, size, "%s%s",
			 told ? s->client.error.message : "vnetd cannot be reached: ",
			 told ? "" : strerrordesc_np(-r));
		session_disconnect(s);
		return told ? r : session_connect_error(r);
	}
	r = json_object_object_get_ex(reply, "registered", &registered)
		    ? session_take_registered(v, registered)
		    : -EPROTO;
	json_object_put(reply);
	if (r < 0) {
		snprintf(error, size, "the answer of vnetd to a registration is of no use: %s",
			 strerrordesc_np(-r));
		session_disconnect(s);
	}
	return r;
}

/* --- what comes from vnetd --- */

static void session_refused(struct session *s)
{
	struct vio *v = session_vio(s);

	snprintf(v->error, sizeof(v->error), "%.255s", s->client.error.message);
	session_retry(s);
}

/* The next message; NULL: none now. Under the lock. */
static struct json_object *session_next(struct session *s)
{
	struct json_object *reply;
	const char *text;
	bool continues;
	size_t length;
	int r;

	if (session_vio(s)->dead || s->stage == SESSION_CLOSED)
		return NULL;
	r = wire_receive(&s->client.wire, 0, &text, &length);
	if (r == -ETIMEDOUT)
		return NULL;
	if (r == 0)
		r = reply_read(&s->client, text, length, &reply, &continues);
	if (r == 0)
		return reply;
	if (s->client.error.view.kind != VNET_ERROR_NONE)
		session_refused(s);
	else
		session_retry(s);
	return NULL;
}

static void session_on_registered(struct vio *v, struct json_object *registered)
{
	struct session *s = &v->session;
	int r;

	pthread_mutex_lock(&v->lock);
	r = session_take_registered(v, registered);
	if (r == 0 && s->report_waits)
		session_report(v);
	if (r < 0)
		session_retry(s);
	pthread_mutex_unlock(&v->lock);
}

static void session_on_state(struct vio *v, struct json_object *state)
{
	int r;

	pthread_mutex_lock(&v->lock);
	r = session_json_state(v, state);
	if (r < 0)
		session_retry(&v->session);
	pthread_mutex_unlock(&v->lock);
	if (r == 0)
		entry_follow(v);
}

static void session_send(struct session *s, const char *method, struct json_object *parameters,
			 bool *ret_waits)
{
	struct json_object *request = client_request(method, parameters, "oneway");
	const char *text =
		request ? json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN) : NULL;
	int r = text ? wire_send_now(&s->client.wire, text) : -EAGAIN;

	json_object_put(request);
	*ret_waits = r == -EAGAIN;
	if (r == -ENOTCONN)
		session_retry(s);
}

static void session_on_count(struct vio *v, struct json_object *none)
{
	struct entry_counts counts;
	bool waits;

	entry_count(v, &counts);
	pthread_mutex_lock(&v->lock);
	/* An answer that there is no room for is left out: vnetd goes by what it knows. */
	if (!v->dead && v->session.stage == SESSION_OPEN)
		session_send(&v->session, "Count", session_json_counts(&counts), &waits);
	pthread_mutex_unlock(&v->lock);
}

static void session_on_removed(struct vio *v, struct json_object *why)
{
	pthread_mutex_lock(&v->lock);
	v->removed = true;
	v->says.started = false;
	session_disconnect(&v->session);
	pthread_mutex_unlock(&v->lock);
	entry_follow(v);
}

static const struct session_message {
	const char *member;
	void (*on)(struct vio *v, struct json_object *value);
} session_messages[] = {
	{ "registered", session_on_registered },
	{ "state", session_on_state },
	{ "count", session_on_count },
	{ "removed", session_on_removed },
};

/* Members that a newer vnetd may send are left alone. */
static void session_handle(struct vio *v, struct json_object *reply)
{
	struct json_object *value;

	for (size_t i = 0; i < sizeof(session_messages) / sizeof(session_messages[0]); i++)
		if (json_object_object_get_ex(reply, session_messages[i].member, &value) && value)
			session_messages[i].on(v, value);
	json_object_put(reply);
}

static struct json_object *session_take(struct vio *v)
{
	struct session *s = &v->session;
	struct json_object *reply;

	pthread_mutex_lock(&v->lock);
	if (s->report_waits && s->stage == SESSION_OPEN)
		session_report(v);
	reply = session_next(s);
	pthread_mutex_unlock(&v->lock);
	return reply;
}

/* Nothing is left to be read. Under the lock. */
static void session_renew_now(struct vio *v)
{
	struct session *s = &v->session;
	bool lost = s->renew && !v->taps;

	/* What was only asked for brings another tap. */
	if (lost && s->stage == SESSION_ASKED)
		return;
	s->renew = false;
	if (lost && !v->dead && !v->removed && s->stage == SESSION_OPEN)
		session_retry(s);
}

static uint32_t session_run(struct loop_source *source, uint32_t events)
{
	struct vio *v = source->owner;
	struct json_object *reply;
	struct vio_call call;
	bool waits;

	if (!vio_call_begin(v, &call))
		return 0;
	while ((reply = session_take(v)))
		session_handle(v, reply);
	pthread_mutex_lock(&v->lock);
	session_renew_now(v);
	/* One that waits for the registration waits for a message, not for room. */
	waits = v->session.report_waits && v->session.stage == SESSION_OPEN;
	pthread_mutex_unlock(&v->lock);
	vio_call_end(v, &call);
	return EPOLLIN | (waits ? EPOLLOUT : 0);
}

/* --- finding vnetd again --- */

/* Connected before the lock is taken: frames do not wait for vnetd. */
static void session_again(struct vio *v)
{
	int64_t deadline_ns = wire_deadline_ns(SESSION_CONNECT_MS);
	struct session *s = &v->session;
	struct wire w = { .fd = -1 };
	int r = wire_open(&w, v->loop->socket_path, deadline_ns);

	pthread_mutex_lock(&v->lock);
	if (!v->dead && !v->removed && s->stage == SESSION_CLOSED) {
		s->report_waits = false; /* it is part of what is asked */
		if (r == 0)
			r = session_ask(s, &w, deadline_ns);
		if (s->connected)
			w.fd = -1;
		if (r == 0)
			r = loop_add(v->loop, &s->source, s->client.wire.fd, EPOLLIN);
		if (r < 0)
			session_retry(s);
	}
	pthread_mutex_unlock(&v->lock);
	if (w.fd >= 0)
		wire_close(&w);
}

static uint32_t session_run_timer(struct loop_source *source, uint32_t events)
{
	struct vio *v = source->owner;
	struct vio_call call;
	uint64_t expired;
	ssize_t n;

	if (!vio_call_begin(v, &call))
		return 0;
	n = read(v->session.timer_fd, &expired, sizeof(expired));
	if (n == sizeof(expired))
		session_again(v);
	vio_call_end(v, &call);
	return 0; /* armed by the next failure */
}

/* --- life --- */

int session_attach(struct vio *v)
{
	struct session *s = &v->session;
	int r;

	s->source.run = session_run;
	s->timer.run = session_run_timer;
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (s->timer_fd < 0)
		return -errno;
	r = loop_add(v->loop, &s->timer, s->timer_fd, 0);
	/* Messages may have come with the first one, and are in the buffer: begin at once. */
	return r < 0 ? r : loop_add(v->loop, &s->source, s->client.wire.fd, EPOLLIN | EPOLLOUT);
}

void session_report(struct vio *v)
{
	struct session *s = &v->session;

	s->report_waits = s->stage != SESSION_OPEN;
	if (s->report_waits)
		return;
	session_send(s, "Report", session_json_report(v), &s->report_waits);
	if (s->report_waits)
		loop_arm(v->loop, &s->source, EPOLLIN | EPOLLOUT);
	else
		v->reports++;
}

/* The connection is closed by vnetd when the resource is gone. */
static void session_await_end(struct session *s)
{
	int64_t deadline_ns = wire_deadline_ns(SESSION_TIMEOUT_MS);
	const char *text;
	size_t length;
	bool waits;

	session_send(s, "Withdraw", json_object_new_object(), &waits);
	if (!s->connected)
		return;
	shutdown(s->client.wire.fd, SHUT_WR);
	while (wire_receive(&s->client.wire, deadline_ns, &text, &length) == 0)
		;
}

void session_end(struct vio *v)
{
	struct session *s = &v->session;

	loop_remove(v->loop, &s->source);
	loop_remove(v->loop, &s->timer);
	if (s->stage != SESSION_CLOSED)
		session_await_end(s);
	session_disconnect(s);
}
