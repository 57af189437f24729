/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Varlink server: NUL-terminated JSON on a Unix socket, in an sd-event loop. It knows framing,
 * limits, peers and errors; what the methods do is in api.c.
 *
 * The requests of one connection are answered in the order they came in, one after the other: while
 * a call is open (a method that streams replies), the next request of that connection waits. Only
 * oneway requests run at once while a stream is open, for there is no reply to be put in order, up
 * to the first one that has to wait.
 */
#ifndef VNETD_SERVER_H
#define VNETD_SERVER_H

#include <json-c/json.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "error.h"

#define SERVER_MESSAGE_BYTES_MAX   65536   /* of one request */
#define SERVER_QUEUE_BYTES_MAX	   4194304 /* of replies that a client has not read yet */
#define SERVER_REQUEST_SECONDS_MAX 5	   /* from a request's first byte to its last */
#define SERVER_STALL_SECONDS_MAX   30	   /* without taking a byte of a reply that waits */

#define SERVER_FDS_MAX 64 /* that go with one reply */

#define SERVER_CONNECTIONS_MAX	    1024 /* in all */
#define SERVER_CONNECTIONS_ADMIN    32	 /* of them are kept free for those who may change */
#define SERVER_CONNECTIONS_USER_MAX 64	 /* of one uid that is not root */

/* Of all connections of one uid together, unless they may change; more has to wait. */
#define SERVER_REQUESTS_USER_PER_S  1000
#define SERVER_REQUESTS_USER_BURST  256
#define SERVER_QUEUE_BYTES_USER_MAX 1048576 /* of replies not read yet */
/* With that much for all such users each has to read a reply before the next. */
#define SERVER_QUEUE_BYTES_USERS_MAX 8388608

struct server;
struct server_call; /* one request, until its last reply */

enum server_access { SERVER_ANYONE, SERVER_READ, SERVER_CHANGE };

struct server_method {
	const char *name;	   /* "io.vnetd.Control.AddVnet" */
	enum server_access access; /* what the caller has to be allowed */
	/* @parameters is an object, borrowed. Has to reply or fail, now or later. */
	void (*run)(void *context, struct server_call *call, struct json_object *parameters);
	/* May this caller call it without that access? NULL: nobody may. */
	bool (*excepts)(void *context, const struct server_call *call,
			struct json_object *parameters);
};

struct server_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
};

/* Everything that is pointed to is borrowed until server_free(). */
struct server_options {
	const char *path;			      /* of the socket; a stale one is replaced */
	const char *vendor, *product, *version, *url; /* for org.varlink.service.GetInfo */
	const char *interface;			      /* "io.vnetd.Control" */
	const char *description;		      /* of the interface, in Varlink's language */
	const struct server_method *methods;	      /* ends with a NULL name */
	void *context;				      /* for the methods */
	const char *read_group;	   /* may read; looked up once, NULL: nobody but root */
	const char *change_group;  /* may read and change; the same */
	uint64_t request_limit_us; /* 0: SERVER_REQUEST_SECONDS_MAX */
	uint64_t stall_limit_us;   /* 0: SERVER_STALL_SECONDS_MAX */
};

int server_new(sd_event *loop, const struct server_options *options, struct server **ret,
	       struct error *e);
void server_free(struct server *s); /* closes all connections and removes the socket */

/* The last reply. Takes over @parameters (NULL: {}). */
void server_reply(struct server_call *call, struct json_object *parameters);

/* One more of several; only after server_call_wants_more(). */
void server_reply_more(struct server_call *call, struct json_object *parameters);
/*
 * The same with descriptors, which stay the caller's; they come with the first byte of the message.
 * A client that cannot take it at once is cut: replies that it has not read fill its socket.
 */
void server_reply_more_fds(struct server_call *call, struct json_object *parameters, const int *fds,
			   unsigned int count);
bool server_call_wants_more(const struct server_call *call);

/*
 * From now on this call's connection is its client's sign of life: whether it is closed or will
 * only send no more, on_closed runs before anything else that clients wait for. 0 or -errno.
 */
int server_call_lifeline(struct server_call *call);

/*
 * @on_closed runs when the client of a call that is still open goes away, from the loop and never
 * from within a reply. The call is gone when it returns.
 */
void server_call_on_closed(struct server_call *call, void (*on_closed)(void *context),
			   void *context);

/* The last reply: a Varlink error. */
void server_fail(struct server_call *call, const struct error *e);
/* The last reply: org.varlink.service.InvalidParameter. */
void server_fail_parameter(struct server_call *call, const char *parameter);

const struct server_method *server_call_method(const struct server_call *call);
const struct server_peer *server_call_peer(const struct server_call *call);
/* May the client call the methods of SERVER_CHANGE? */
bool server_call_may_change(const struct server_call *call);
/* The open stream that a oneway request came in the midst of, NULL: none. */
struct server_call *server_call_stream(struct server_call *call);

/* What waits for this client to be read. A stream that goes on over SERVER_QUEUE_BYTES_MAX is cut.
 */
size_t server_call_queued_bytes(const struct server_call *call);
/* Is there room for one more reply of a stream? If not, the client's uid has too many unread ones.
 */
bool server_call_has_room(const struct server_call *call);

size_t server_connections(const struct server *s);

#endif
