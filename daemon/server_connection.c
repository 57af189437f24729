/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client: bytes in and out, cut into messages at each NUL.
 *
 * A handler of the event loop reads, runs and writes; at its end server_connection_settle() either
 * frees the connection or sets the event sources to what the state asks for. Nothing else frees, so
 * a method may reply to a client that has just gone without looking.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "peer.h"
#include "server_internal.h"

#define CONNECTION_IN_BYTES_FIRST 1024
/* One byte more than the longest message with its NUL: what fills it is too long. */
#define CONNECTION_IN_BYTES_MAX	 (SERVER_MESSAGE_BYTES_MAX + 1)
#define CONNECTION_OUT_BYTES_MIN 4096
#define CONNECTION_USEC_PER_SEC	 UINT64_C(1000000)
#define CONNECTION_TIMER_US	 10000 /* accuracy: deadlines of seconds need no more */
/* Requests of one client in one turn of the loop, so that nobody waits for a long pipeline. */
#define CONNECTION_BATCH 8

size_t server_connection_queued_bytes(const struct server_connection *c)
{
	return c->out_end - c->out_start;
}

/* May the next request be taken, or at least looked at? */
static bool server_connection_ready(const struct server_connection *c)
{
	bool streams = c->call.open && server_call_wants_more(&c->call);

	return !c->broken && !c->closing && !c->aside.open && !c->held &&
	       (!c->call.open || streams) &&
	       server_connection_queued_bytes(c) < SERVER_QUEUE_BYTES_MAX && server_user_may_ask(c);
}

static bool server_connection_finished(const struct server_connection *c)
{
	if (c->broken)
		return true;
	if (c->call.open || c->aside.open || server_connection_queued_bytes(c))
		return false;
	return c->closing || (c->eof && !c->message_bytes);
}

/* --- deadlines --- */

static void server_deadline_set(struct server_connection *c, struct server_deadline *d, bool wanted)
{
	if (wanted == d->armed)
		return;
	d->armed = wanted;
	if (wanted)
		sd_event_source_set_time_relative(d->source, d->limit_us);
	sd_event_source_set_enabled(d->source, wanted ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

/* It starts anew with the next update. */
static void server_deadline_restart(struct server_connection *c, struct server_deadline *d)
{
	server_deadline_set(c, d, false);
}

void server_connection_update(struct server_connection *c)
{
	size_t queued = server_connection_queued_bytes(c);
	bool ready = server_connection_ready(c);
	bool reading = ready && !c->eof && !c->message_bytes;
	bool again = (ready && c->message_bytes) || server_connection_finished(c);

	if (c->handling)
		return;
	sd_event_source_set_io_events(c->io, (reading ? EPOLLIN : 0) | (queued ? EPOLLOUT : 0));
	sd_event_source_set_enabled(c->again, again ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
	/* While a stream is open, the next request may have to wait anyway. A client that is kept
	 * waiting has its whole time again. */
	server_deadline_set(c, &c->request, reading && c->in_bytes && !c->call.open);
	/* Who listens to a stream may stop for as long as they like: they lose events. */
	server_deadline_set(c, &c->progress, queued && !(c->call.open && c->call.more));
}

/* --- out --- */

static void server_connection_write(struct server_connection *c)
{
	while (!c->broken && server_connection_queued_bytes(c)) {
		ssize_t n = send(c->fd, c->out + c->out_start, server_connection_queued_bytes(c),
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			c->broken = true;
			return;
		}
		c->out_start += n;
		server_deadline_restart(c, &c->progress);
	}
	/* An idle client costs no buffer. */
	free(UTIL_TAKE_PTR(c->out));
	c->out_start = c->out_end = c->out_size = 0;
}

static void server_connection_flush(struct server_connection *c)
{
	server_connection_write(c);
	server_user_queued(c);
}

/* 0 or -ENOMEM. */
static int server_connection_append(struct server_connection *c, const char *bytes, size_t count)
{
	size_t queued = server_connection_queued_bytes(c);
	size_t size = CONNECTION_OUT_BYTES_MIN;
	char *out;

	if (c->out_end + count <= c->out_size) {
		memcpy(c->out + c->out_end, bytes, count);
		c->out_end += count;
		return 0;
	}
	/* With room to spare, so that a slow reader does not cost a copy for each message. */
	while (size < (queued + count) / 2 * 3)
		size *= 2;
	out = malloc(size);
	if (!out)
		return -ENOMEM;
	if (queued)
		memcpy(out, c->out + c->out_start, queued);
	memcpy(out + queued, bytes, count);
	free(c->out);
	c->out = out;
	c->out_start = 0;
	c->out_end = queued + count;
	c->out_size = size;
	return 0;
}

/* 0 or -ENOMEM. */
static int server_connection_queue(struct server_connection *c, const char *bytes, size_t count)
{
	int err = server_connection_append(c, bytes, count);

	server_user_queued(c);
	return err;
}

void server_connection_send(struct server_connection *c, const char *message, size_t bytes)
{
	size_t queued = server_connection_queued_bytes(c);
	ssize_t sent = 0;

	if (c->broken)
		return;
	if (!queued) {
		sent = send(c->fd, message, bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR) {
			c->broken = true;
			return;
		}
		if (sent < 0)
			sent = 0;
	}
	if ((size_t)sent < bytes && server_connection_queue(c, message + sent, bytes - sent))
		c->broken = true;
}

static ssize_t server_connection_send_first(struct server_connection *c, const char *message,
					    size_t bytes, const int *fds, unsigned int count)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(SERVER_FDS_MAX * sizeof(int))];
	} control = { 0 };
	struct iovec part = { (char *)message, bytes };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *h;

	if (count) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(count * sizeof(int));
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(h), fds, count * sizeof(int));
	}
	return sendmsg(c->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Descriptors cannot wait in a queue of bytes, and to keep them would keep the devices. */
void server_connection_send_fds(struct server_connection *c, const char *message, size_t bytes,
				const int *fds, unsigned int count)
{
	ssize_t sent = -1;

	if (c->broken)
		return;
	if (count <= SERVER_FDS_MAX && !server_connection_queued_bytes(c))
		sent = server_connection_send_first(c, message, bytes, fds, count);
	if (sent < 0 ||
	    ((size_t)sent < bytes && server_connection_queue(c, message + sent, bytes - sent)))
		c->broken = true;
}

/* --- in --- */

/* 0 or -ENOMEM. Called when there is no complete message, so a full buffer can grow. */
static int server_connection_make_room(struct server_connection *c)
{
	size_t size = c->in_size ? c->in_size * 2 : CONNECTION_IN_BYTES_FIRST;
	char *in;

	if (c->in_bytes < c->in_size)
		return 0;
	if (size > CONNECTION_IN_BYTES_MAX)
		size = CONNECTION_IN_BYTES_MAX;
	in = realloc(c->in, size);
	if (!in)
		return -ENOMEM;
	c->in = in;
	c->in_size = size;
	return 0;
}

static void server_connection_find_message(struct server_connection *c)
{
	const char *end;

	c->message_bytes = 0;
	end = c->in_bytes ? memchr(c->in + c->scanned_bytes, '\0', c->in_bytes - c->scanned_bytes)
			  : NULL;
	if (end)
		c->message_bytes = end - c->in + 1;
	c->scanned_bytes = end ? c->message_bytes - 1 : c->in_bytes;
}

static void server_connection_receive(struct server_connection *c)
{
	ssize_t n;

	if (server_connection_make_room(c)) {
		c->broken = true;
		return;
	}
	/*
	 * Without room for control messages the kernel itself drops the descriptors that a client
	 * sends along; they never become ours.
	 */
	n = recv(c->fd, c->in + c->in_bytes, c->in_size - c->in_bytes, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		c->broken = true;
		return;
	}
	if (!n)
		c->eof = true;
	c->in_bytes += n;
	server_connection_find_message(c);
	if (!c->message_bytes && c->in_bytes == CONNECTION_IN_BYTES_MAX)
		server_call_refuse(c, EMSGSIZE, "a request is longer than %d bytes",
				   SERVER_MESSAGE_BYTES_MAX);
}

static void server_connection_take_message(struct server_connection *c)
{
	size_t bytes = c->message_bytes;

	c->held = !server_call_start(c, c->in, bytes - 1);
	if (c->held)
		return;
	server_user_asked(c);
	c->in_bytes -= bytes;
	memmove(c->in, c->in + bytes, c->in_bytes);
	c->scanned_bytes = 0;
	/* What follows is another request, with a time of its own. */
	server_deadline_restart(c, &c->request);
	server_connection_find_message(c);
	if (!c->in_bytes) {
		free(UTIL_TAKE_PTR(c->in));
		c->in_size = 0;
	}
}

static void server_connection_run(struct server_connection *c)
{
	for (int i = 0; i < CONNECTION_BATCH && c->message_bytes; i++) {
		if (!server_connection_ready(c))
			return;
		server_connection_take_message(c);
	}
}

/* --- handlers --- */

static void server_connection_settle(struct server_connection *c)
{
	c->handling = false;
	if (server_connection_finished(c))
		server_connection_free(c);
	else
		server_connection_update(c);
}

static int server_connection_on_io(sd_event_source *source, int fd, uint32_t events, void *context)
{
	struct server_connection *c = context;
	bool gone = events & (EPOLLHUP | EPOLLERR);

	c->handling = true;
	if (events & EPOLLOUT)
		server_connection_flush(c);
	/* Nobody is there to take a reply. What they sent before they left is still carried out. */
	if (gone && (c->call.open || c->closing || server_connection_queued_bytes(c)))
		c->broken = true;
	if (events & (EPOLLIN | EPOLLHUP) && server_connection_ready(c) && !c->message_bytes)
		server_connection_receive(c);
	server_connection_run(c);
	server_connection_settle(c);
	return 0;
}

static int server_connection_on_again(sd_event_source *source, void *context)
{
	struct server_connection *c = context;

	c->handling = true;
	server_connection_run(c);
	server_connection_settle(c);
	return 0;
}

static int server_connection_on_request_limit(sd_event_source *source, uint64_t now_us,
					      void *context)
{
	struct server_connection *c = context;

	c->request.armed = false;
	c->handling = true;
	server_call_refuse(c, ETIMEDOUT, "a request was not complete within %.3g seconds",
			   (double)c->request.limit_us / CONNECTION_USEC_PER_SEC);
	server_connection_settle(c);
	return 0;
}

static int server_connection_on_progress_limit(sd_event_source *source, uint64_t now_us,
					       void *context)
{
	struct server_connection *c = context;

	c->broken = true;
	server_connection_settle(c);
	return 0;
}

/* The client is gone, or has nothing more to say; what it said last is overtaken by that. */
static int server_connection_on_lifeline(sd_event_source *source, int fd, uint32_t events,
					 void *context)
{
	struct server_connection *c = context;

	c->broken = true;
	server_connection_settle(c);
	return 0;
}

/*
 * A source and a descriptor of its own: the bytes of a client that sends without end are to be
 * handled last as ever, only its end first.
 */
int server_connection_add_lifeline(struct server_connection *c)
{
	UTIL_CLOSE int fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = sd_event_add_io(c->server->loop, &c->lifeline, fd, EPOLLRDHUP,
			      server_connection_on_lifeline, c);
	if (err < 0)
		return err;
	err = sd_event_source_set_io_fd_own(c->lifeline, true);
	if (err >= 0) {
		UTIL_TAKE_FD(fd);
		err = sd_event_source_set_priority(c->lifeline, SERVER_PRIORITY_LIFELINE);
	}
	if (err < 0)
		c->lifeline = sd_event_source_disable_unref(c->lifeline);
	return err < 0 ? err : 0;
}

/* --- life --- */

static int server_deadline_new(struct server_connection *c, struct server_deadline *d,
			       uint64_t limit_us, sd_event_time_handler_t handler)
{
	int err;

	d->limit_us = limit_us;
	err = sd_event_add_time_relative(c->server->loop, &d->source, CLOCK_MONOTONIC, limit_us,
					 CONNECTION_TIMER_US, handler, c);
	if (err < 0)
		return err;
	sd_event_source_set_priority(d->source, SERVER_PRIORITY);
	return sd_event_source_set_enabled(d->source, SD_EVENT_OFF);
}

static int server_connection_add_sources(struct server_connection *c, int fd)
{
	const struct server_options *o = &c->server->options;
	int priority = c->may_change ? SERVER_PRIORITY_ADMIN : SERVER_PRIORITY;
	int err;

	err = sd_event_add_io(c->server->loop, &c->io, fd, EPOLLIN, server_connection_on_io, c);
	if (err < 0)
		return err;
	sd_event_source_set_priority(c->io, priority);
	err = sd_event_add_defer(c->server->loop, &c->again, server_connection_on_again, c);
	if (err < 0)
		return err;
	sd_event_source_set_priority(c->again, priority);
	sd_event_source_set_enabled(c->again, SD_EVENT_OFF);
	err = server_deadline_new(c, &c->request,
				  o->request_limit_us
					  ?: SERVER_REQUEST_SECONDS_MAX * CONNECTION_USEC_PER_SEC,
				  server_connection_on_request_limit);
	if (err < 0)
		return err;
	return server_deadline_new(c, &c->progress,
				   o->stall_limit_us
					   ?: SERVER_STALL_SECONDS_MAX * CONNECTION_USEC_PER_SEC,
				   server_connection_on_progress_limit);
}

static void server_connection_release(struct server_connection *c)
{
	sd_event_source_disable_unref(c->lifeline);
	sd_event_source_disable_unref(c->io);
	sd_event_source_disable_unref(c->again);
	sd_event_source_disable_unref(c->request.source);
	sd_event_source_disable_unref(c->progress.source);
	free(c->in);
	free(c->out);
	free(c);
}

int server_connection_identify(const struct server *s, int fd, struct server_connection *ret)
{
	struct server_connection who = { 0 };
	int err = peer_read(fd, &who.peer);

	if (err)
		return err;
	who.may_change = who.peer.uid == 0 || who.peer.uid == s->uid ||
			 (s->has_change_group && peer_in_group(fd, &who.peer, s->change_group));
	who.may_read = who.may_change ||
		       (s->has_read_group && peer_in_group(fd, &who.peer, s->read_group));
	*ret = who;
	return 0;
}

int server_connection_new(struct server *s, int fd, const struct server_connection *who)
{
	struct server_connection *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	*c = *who;
	c->server = s;
	c->call.connection = c->aside.connection = c;
	err = server_connection_add_sources(c, fd);
	if (err >= 0)
		err = server_user_join(c);
	if (err < 0) {
		server_connection_release(c);
		return err;
	}
	c->fd = fd;
	DL_APPEND(s->connections, c);
	s->count++;
	return 0;
}

void server_connection_free(struct server_connection *c)
{
	struct server *s = c->server;

	/* Their owners may still look at the calls. */
	server_call_abandon(&c->aside);
	server_call_abandon(&c->call);
	DL_DELETE(s->connections, c);
	s->count--;
	server_user_leave(c);
	close(c->fd);
	server_connection_release(c);
	server_on_released(s);
}
