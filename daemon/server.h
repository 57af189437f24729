/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Varlink server: NUL-terminated JSON on a Unix socket, in an sd-event loop. It knows framing,
 * limits, peers and errors; what the methods do is in api.c.
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

struct server;
struct server_call; /* one request, until its last reply */

enum server_access { SERVER_ANYONE, SERVER_READ, SERVER_CHANGE };

struct server_method {
	const char *name;	   /* "io.vnetd.Control.AddVnet" */
	enum server_access access; /* what the caller has to be allowed */
	/* @parameters is an object, borrowed. Has to reply or fail, now or later. */
	void (*run)(void *context, struct server_call *call, struct json_object *parameters);
};

struct server_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
};

struct server_options {
	const char *path;			      /* of the socket; a stale one is replaced */
	const char *vendor, *product, *version, *url; /* for org.varlink.service.GetInfo */
	const char *interface;			      /* "io.vnetd.Control" */
	const char *description;		      /* of the interface, in Varlink's language */
	const struct server_method *methods;	      /* ends with a NULL name */
	void *context;				      /* for the methods */
};

int server_new(sd_event *loop, const struct server_options *options, struct server **ret,
	       struct error *e);
void server_free(struct server *s); /* closes all connections and removes the socket */

/* The last reply. Takes over @parameters (NULL: {}). */
void server_reply(struct server_call *call, struct json_object *parameters);

/* One more of several; only after server_call_wants_more(). */
void server_reply_more(struct server_call *call, struct json_object *parameters);
bool server_call_wants_more(const struct server_call *call);

/* @on_closed runs when the client of a call that is still open goes away. */
void server_call_on_closed(struct server_call *call, void (*on_closed)(void *context),
			   void *context);

/* The last reply: a Varlink error. */
void server_fail(struct server_call *call, const struct error *e);
/* The last reply: org.varlink.service.InvalidParameter. */
void server_fail_parameter(struct server_call *call, const char *parameter);

const struct server_peer *server_call_peer(const struct server_call *call);
size_t server_connections(const struct server *s);

#endif
