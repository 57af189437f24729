/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accepts clients, as many as the limits allow. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "log.h"
#include "peer.h"
#include "server_internal.h"

/* How long to wait for descriptors when none of ours is going to be closed. */
#define SERVER_RESUME_US UINT64_C(1000000)

/* Clients that are taken from the queue at a time, */
#define SERVER_ACCEPT_BATCH 8
/*
 * and how often: the queue is before everything that is no administrator's, for an administrator
 * may stand in it, and those who come and go for ever must not keep all others from being served.
 */
#define SERVER_ACCEPT_INTERVAL_US 2000
#define SERVER_ACCEPT_BURST	  16

static bool server_has_room(const struct server *s, const struct server_connection *who)
{
	const struct server_user *u = server_user_find(s, who->peer.uid);
	size_t kept = who->may_change ? 0 : SERVER_CONNECTIONS_ADMIN;

	if (s->count >= SERVER_CONNECTIONS_MAX - kept)
		return false;
	return who->peer.uid == 0 || !u || u->connections < SERVER_CONNECTIONS_USER_MAX;
}

/*
 * No descriptor is left. The client in the queue would wake us for ever, so stop listening until
 * one may be free.
 */
static void server_pause(struct server *s, int err)
{
	log_warning("%s: no connection can be accepted for a moment: %s", s->options.path,
		    strerror(err));
	s->paused = true;
	sd_event_source_set_enabled(s->listening, SD_EVENT_OFF);
	sd_event_source_set_time_relative(s->resume, SERVER_RESUME_US);
	sd_event_source_set_enabled(s->resume, SD_EVENT_ONESHOT);
}

static void server_resume(struct server *s)
{
	s->paused = false;
	sd_event_source_set_enabled(s->listening, SD_EVENT_ON);
	sd_event_source_set_enabled(s->resume, SD_EVENT_OFF);
}

void server_on_released(struct server *s)
{
	if (s->paused)
		server_resume(s);
}

static int server_on_resume(sd_event_source *source, uint64_t now_us, void *context)
{
	server_resume(context);
	return 0;
}

/* False: there is nobody any more, or nobody can be accepted. */
static bool server_accept(struct server *s)
{
	UTIL_CLOSE int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct server_connection who;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			server_pause(s, errno);
		/* Anything but EAGAIN is about this client alone, who is gone again. */
		return !s->paused && errno != EAGAIN;
	}
	if (server_connection_identify(s, fd, &who))
		return true;
	if (!server_has_room(s, &who)) {
		log_debug("a connection of uid %u is refused: there are too many", who.peer.uid);
		return true;
	}
	if (!server_connection_new(s, fd, &who))
		UTIL_TAKE_FD(fd);
	return true;
}

static int server_on_client(sd_event_source *source, int listening, uint32_t events, void *context)
{
	for (int i = 0; i < SERVER_ACCEPT_BATCH && server_accept(context); i++)
		;
	return 0;
}

static bool server_find_group(const char *name, gid_t *ret)
{
	int err = name ? peer_find_group(name, ret) : -ENOENT;

	if (err && name)
		log_info("group %s: %s; root alone stands in for it", name,
			 err == -ENOENT ? "there is none" : strerror(-err));
	return !err;
}

static int server_listen(struct server *s, struct error *e)
{
	int err = server_socket_open(s->options.path, &s->bound, e);

	if (err < 0)
		return err;
	s->fd = err;
	err = sd_event_add_io(s->loop, &s->listening, s->fd, EPOLLIN, server_on_client, s);
	if (err >= 0)
		err = sd_event_add_time_relative(s->loop, &s->resume, CLOCK_MONOTONIC, 0, 0,
						 server_on_resume, s);
	if (err >= 0)
		err = sd_event_source_set_enabled(s->resume, SD_EVENT_OFF);
	if (err < 0)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL, "cannot listen on %s: %s",
				 s->options.path, strerror(-err));
	sd_event_source_set_priority(s->listening, SERVER_PRIORITY_ADMIN);
	sd_event_source_set_ratelimit(s->listening, SERVER_ACCEPT_INTERVAL_US, SERVER_ACCEPT_BURST);
	return 0;
}

int server_new(sd_event *loop, const struct server_options *options, struct server **ret,
	       struct error *e)
{
	struct server *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return error_set(e, ERROR_FAILED, ENOMEM, NULL, NULL,
				 "cannot listen on %s: no memory", options->path);
	s->options = *options;
	s->loop = sd_event_ref(loop);
	s->fd = -1;
	s->uid = geteuid();
	s->has_read_group = server_find_group(options->read_group, &s->read_group);
	s->has_change_group = server_find_group(options->change_group, &s->change_group);
	err = server_listen(s, e);
	if (err) {
		server_free(s);
		return err;
	}
	*ret = s;
	return 0;
}

void server_free(struct server *s)
{
	struct server_connection *c, *next;

	if (!s)
		return;
	DL_FOREACH_SAFE(s->connections, c, next)
	server_connection_free(c);
	server_users_free(s);
	sd_event_source_disable_unref(s->listening);
	sd_event_source_disable_unref(s->resume);
	if (s->fd >= 0) {
		close(s->fd);
		server_socket_remove(s->options.path, &s->bound);
	}
	sd_event_unref(s->loop);
	free(s);
}

size_t server_connections(const struct server *s)
{
	return s->count;
}
