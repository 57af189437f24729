/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server's fields, for the files that are the server:
 *
 *	server.c		accepts, within limits
 *	server_socket.c		the socket in the file system
 *	server_connection.c	one client: bytes in and out, messages, deadlines
 *	server_user.c		what all clients of one uid may take together
 *	server_call.c		one request: parse, access, dispatch, reply
 *	server_service.c	the methods of org.varlink.service
 */
#ifndef VNETD_SERVER_INTERNAL_H
#define VNETD_SERVER_INTERNAL_H

#include <sys/stat.h>
#include <utlist.h>

#include "hash.h"
#include "server.h"

/* After everything that moves frames: the monitor and its polls are never kept waiting by clients.
 */
#define SERVER_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 100)
/* Administrators first, and who may become one: nobody else can keep them waiting. */
#define SERVER_PRIORITY_ADMIN (SERVER_PRIORITY - 1)
/* The end of a client that carries frames moves frames itself: with the monitor's news. */
#define SERVER_PRIORITY_LIFELINE SD_EVENT_PRIORITY_IMPORTANT

struct server_connection;

/* All connections of one uid; kept until what it has asked for has become due. */
struct server_user {
	struct server *server; /* the owner */
	uid_t uid;
	unsigned int connections;
	/* of those that may not change: */
	size_t queued_bytes; /* replies not read yet */
	uint64_t due_us;     /* CLOCK_MONOTONIC: when the next request is due */
	bool late;	     /* too many requests: nothing is read until the timer's time */
	sd_event_source *timer;
	UT_hash_handle hh;
};

struct server_call {
	struct server_connection *connection; /* the owner */
	const struct server_method *method;
	bool open; /* has to be answered */
	bool more;
	bool oneway;
	void (*on_closed)(void *context);
	void *on_closed_context;
};

/* A timer that runs only while there is something to wait for. */
struct server_deadline {
	sd_event_source *source;
	uint64_t limit_us;
	bool armed;
};

struct server_connection {
	struct server *server; /* the owner */
	struct server_connection *prev, *next;
	int fd;
	struct server_peer peer;
	bool may_read, may_change; /* their groups are what they were when they connected */
	struct server_user *user;  /* borrowed */
	size_t counted_bytes;	   /* of `out`, as in user->queued_bytes */
	struct server_call call;   /* the one that is being answered */
	struct server_call aside;  /* a oneway one that runs while `call` is a stream */

	char *in; /* owned; bytes received and not yet handled */
	size_t in_bytes;
	size_t in_size;
	size_t scanned_bytes; /* no end of a message before here */
	size_t message_bytes; /* of the first message with its NUL, 0: not complete */

	char *out; /* owned; what the client has not taken yet is from out_start to out_end */
	size_t out_start;
	size_t out_end;
	size_t out_size;

	sd_event_source *io;
	sd_event_source *lifeline; /* of the stream that is open; with a descriptor of its own */
	sd_event_source *again;	   /* runs at the loop's next turn, when there is something left */
	struct server_deadline request;	 /* for the rest of a message */
	struct server_deadline progress; /* for the client to take something */

	bool held;     /* the first message waits for the end of the stream */
	bool handling; /* inside a handler, which looks after the sources at its end */
	bool eof;      /* the client will send no more */
	bool closing;  /* nothing is read any more; closed when the client has taken the rest */
	bool broken;   /* closed as soon as no one needs it any more */
};

struct server {
	struct server_options options;
	sd_event *loop; /* a reference */
	int fd;
	struct stat bound; /* the socket in the file system, as we made it */
	sd_event_source *listening;
	sd_event_source *resume; /* accepts again after descriptors ran out */
	bool paused;
	struct server_connection *connections; /* owned list */
	size_t count;
	uid_t uid;		   /* our own */
	struct server_user *users; /* owned hash, by uid */
	size_t queued_bytes;	   /* of them all */
	bool has_read_group;
	bool has_change_group;
	gid_t read_group;
	gid_t change_group;
};

/* Makes the listening socket. A descriptor, or -errno with a sentence; @ret_bound tells which it
 * is. */
int server_socket_open(const char *path, struct stat *ret_bound, struct error *e);
/* Removes it from the file system, unless something else is there by now. */
void server_socket_remove(const char *path, const struct stat *bound);

/* Who is there, and what they may do. 0 or -errno. */
int server_connection_identify(const struct server *s, int fd, struct server_connection *ret);
/* Takes over @fd on success; @who has been identified. */
int server_connection_new(struct server *s, int fd, const struct server_connection *who);
void server_connection_free(struct server_connection *c);
/* Sends or queues @bytes bytes, a NUL among them at the end. */
void server_connection_send(struct server_connection *c, const char *message, size_t bytes);
/* The same with descriptors. All of it that the socket does not take at once breaks the connection.
 */
void server_connection_send_fds(struct server_connection *c, const char *message, size_t bytes,
				const int *fds, unsigned int count);
size_t server_connection_queued_bytes(const struct server_connection *c);
/* 0 or -errno */
int server_connection_add_lifeline(struct server_connection *c);
/* Call after anything changed that the event sources depend on. */
void server_connection_update(struct server_connection *c);

/*
 * A complete message came in; @text ends with a NUL at text[@len]. False: it has to wait for the
 * end of the stream that is open.
 */
bool server_call_start(struct server_connection *c, const char *text, size_t len);
/*
 * What came in cannot be understood or went on for too long: says so, then closes. In the midst of
 * a stream there is no place to say it.
 */
void server_call_refuse(struct server_connection *c, int number, const char *format, ...)
	UTIL_PRINTF(3, 4);
/* The connection goes away: tells the owner of an open call. */
void server_call_abandon(struct server_call *call);
/* The last reply: an error of org.varlink.service with one parameter. */
void server_call_fail_service(struct server_call *call, const char *error, const char *key,
			      const char *value);

extern const struct server_method server_service_methods[]; /* their context is the server */
#define SERVER_SERVICE_INTERFACE "org.varlink.service"

/* Counts @c under its uid. 0 or -ENOMEM. */
int server_user_join(struct server_connection *c);
void server_user_leave(struct server_connection *c);
/* NULL: it has no connection, and had none lately. */
struct server_user *server_user_find(const struct server *s, uid_t uid);
void server_users_free(struct server *s);
/* May the next request be read? If not, server_connection_update() is called when it may. */
bool server_user_may_ask(const struct server_connection *c);
/* A request has been taken. */
void server_user_asked(struct server_connection *c);
/* Is there room for what the client has not asked for at this moment? */
bool server_user_may_queue(const struct server_connection *c);
/* What @c has queued is another number of bytes now. */
void server_user_queued(struct server_connection *c);

/* A connection is gone: accept again if that had stopped. */
void server_on_released(struct server *s);

#endif
