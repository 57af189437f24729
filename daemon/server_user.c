/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all connections of one uid may take together. A limit is never an error: what is over it
 * waits, and with it nobody but the same uid.
 *
 * Requests are counted by the time at which the next one is due (GCRA): each moves it on by a
 * fixed step, and it may be ahead of the clock by the burst.
 */
#include <errno.h>

#include "server_internal.h"

#define USER_USEC_PER_SEC UINT64_C(1000000)
#define USER_STEP_US	  (USER_USEC_PER_SEC / SERVER_REQUESTS_USER_PER_S)
#define USER_BURST_US	  (USER_STEP_US * SERVER_REQUESTS_USER_BURST)
#define USER_TIMER_US	  1000 /* accuracy */

/* Administrators could only be kept from repairing what others break. */
static bool server_user_is_free(const struct server_connection *c)
{
	return c->may_change;
}

/* When memory is short for all, each still gets one reply after the other. */
static size_t server_user_queue_limit(const struct server_user *u)
{
	return u->server->queued_bytes < SERVER_QUEUE_BYTES_USERS_MAX ? SERVER_QUEUE_BYTES_USER_MAX
								      : 1;
}

bool server_user_may_ask(const struct server_connection *c)
{
	const struct server_user *u = c->user;

	if (server_user_is_free(c))
		return true;
	return !u->late && u->queued_bytes < server_user_queue_limit(u);
}

bool server_user_may_queue(const struct server_connection *c)
{
	/* Half of it is left for replies: who forgets to read events can still ask. */
	return server_user_is_free(c) || !server_connection_queued_bytes(c) ||
	       c->user->queued_bytes < server_user_queue_limit(c->user) / 2;
}

/* Those that may have waited look again. */
static void server_user_wake(struct server_user *u)
{
	struct server_connection *c;

	DL_FOREACH(u->server->connections, c)
	{
		if (c->user == u)
			server_connection_update(c);
	}
}

void server_user_queued(struct server_connection *c)
{
	struct server_user *u = c->user;
	size_t now = server_connection_queued_bytes(c), before = c->counted_bytes;

	if (server_user_is_free(c))
		return;
	c->counted_bytes = now;
	u->queued_bytes = u->queued_bytes - before + now;
	u->server->queued_bytes = u->server->queued_bytes - before + now;
	/* The limit itself may have been lower when they began to wait. */
	if (now < before && u->queued_bytes < server_user_queue_limit(u))
		server_user_wake(u);
}

static void server_user_wait(struct server_user *u, uint64_t until_us)
{
	sd_event_source_set_time(u->timer, until_us);
	sd_event_source_set_enabled(u->timer, SD_EVENT_ONESHOT);
}

void server_user_asked(struct server_connection *c)
{
	struct server_user *u = c->user;
	uint64_t now_us;

	if (server_user_is_free(c) || sd_event_now(u->server->loop, CLOCK_MONOTONIC, &now_us) < 0)
		return;
	u->due_us = (u->due_us > now_us ? u->due_us : now_us) + USER_STEP_US;
	if (u->late || u->due_us <= now_us + USER_BURST_US)
		return;
	u->late = true;
	/* Half the burst at a time, so that we are not woken for every single request. */
	server_user_wait(u, u->due_us - USER_BURST_US / 2);
}

static void server_user_free(struct server_user *u)
{
	HASH_DEL(u->server->users, u);
	sd_event_source_disable_unref(u->timer);
	free(u);
}

static int server_user_on_time(sd_event_source *source, uint64_t now_us, void *context)
{
	struct server_user *u = context;

	u->late = false;
	if (u->connections)
		server_user_wake(u);
	else
		server_user_free(u);
	return 0;
}

struct server_user *server_user_find(const struct server *s, uid_t uid)
{
	struct server_user *u;

	HASH_FIND(hh, s->users, &uid, sizeof(uid), u);
	return u;
}

static struct server_user *server_user_new(struct server *s, uid_t uid)
{
	struct server_user *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->server = s;
	u->uid = uid;
	if (sd_event_add_time(s->loop, &u->timer, CLOCK_MONOTONIC, 0, USER_TIMER_US,
			      server_user_on_time, u) < 0) {
		free(u);
		return NULL;
	}
	sd_event_source_set_enabled(u->timer, SD_EVENT_OFF);
	sd_event_source_set_priority(u->timer, SERVER_PRIORITY);
	HASH_ADD(hh, s->users, uid, sizeof(u->uid), u);
	if (!HASH_ADDED(hh, u)) {
		sd_event_source_disable_unref(u->timer);
		free(u);
		return NULL;
	}
	return u;
}

int server_user_join(struct server_connection *c)
{
	struct server *s = c->server;

	c->user = server_user_find(s, c->peer.uid) ?: server_user_new(s, c->peer.uid);
	if (!c->user)
		return -ENOMEM;
	c->user->connections++;
	return 0;
}

void server_user_leave(struct server_connection *c)
{
	struct server_user *u = c->user;
	uint64_t now_us;

	u->queued_bytes -= c->counted_bytes;
	u->server->queued_bytes -= c->counted_bytes;
	c->counted_bytes = 0;
	if (--u->connections) {
		server_user_wake(u);
		return;
	}
	/* To come back with a new connection is no way to be forgotten. */
	if (sd_event_now(u->server->loop, CLOCK_MONOTONIC, &now_us) >= 0 && u->due_us > now_us)
		server_user_wait(u, u->due_us);
	else
		server_user_free(u);
}

void server_users_free(struct server *s)
{
	struct server_user *u, *next;

	HASH_ITER (hh, s->users, u, next)
		server_user_free(u);
}
