/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a connection is made of, and calls with parsed JSON. */
#ifndef LIBVNET_CLIENT_H
#define LIBVNET_CLIENT_H

#include <json-c/json.h>
#include <stdbool.h>

#include "vnet/vnet.h"
#include "wire.h"

#define CLIENT_INTERFACE "io.vnetd.Control"

struct client_error {
	struct vnet_error view; /* points to the texts below */
	char message[1024];
	char object[128];
	char field[64];
};

struct vnet_client {
	struct wire wire;
	int timeout_ms; /* negative: none */
	bool spent;	/* requests and replies are out of step: it can only be closed */
	bool monitoring;
	bool keep_later; /* changes are asked for with "later" */
	bool unkept;	 /* there were some since the last Keep */
	char path[108];	 /* of the socket; empty: nobody asked to keep it */
	struct client_error error;
};

/* Sets the error; @object and @field may be NULL. Returns -@number. */
int client_fail(struct vnet_client *c, enum vnet_error_kind kind, int number, const char *object,
		const char *field, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* To begin a public function with: forgets the last error, and refuses a handle that is spent. */
int client_begin(struct vnet_client *c);

/* Sets up a handle without a connection. @timeout_ms as of vnet_client_open() */
void client_init(struct vnet_client *c, int timeout_ms);

/*
 * {"method": "...", "parameters": {...}, "MODE": true}. Takes over @parameters; NULL counts as no
 * memory. @mode: "more", "oneway", or NULL for neither. NULL: no memory; else the caller puts it.
 */
struct json_object *client_request(const char *method, struct json_object *parameters,
				   const char *mode);

/* Sends a call. Takes over @parameters; NULL counts as no memory. @mode as of client_request() */
int client_send(struct vnet_client *c, const char *method, struct json_object *parameters,
		const char *mode, int64_t deadline_ns);

/*
 * Takes the next reply. @ret_parameters is an object that the caller puts. A refusal and a failure
 * are in the error; a timeout does not spend the handle when @may_wait_again.
 */
int client_receive(struct vnet_client *c, int64_t deadline_ns, bool may_wait_again,
		   struct json_object **ret_parameters, bool *ret_continues);

/* client_begin(), one call and its only reply. Takes over @parameters; @ret may be NULL. */
int client_call(struct vnet_client *c, const char *method, struct json_object *parameters,
		struct json_object **ret);

/* Gives @json out as text. */
int client_text(struct vnet_client *c, struct json_object *json, char **ret);

#endif
