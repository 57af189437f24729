// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "reply.h"

#define CLIENT_TIMEOUT_MS_DEFAULT 5000

static void client_clear_error(struct vnet_client *c)
{
	struct client_error *e = &c->error;

	e->message[0] = e->object[0] = e->field[0] = '\0';
	e->view = (struct vnet_error) {
		.kind = VNET_ERROR_NONE,
		.message = e->message,
		.object = e->object,
		.field = e->field,
	};
}

int client_fail(struct vnet_client *c, enum vnet_error_kind kind, int number, const char *object,
		const char *field, const char *format, ...)
{
	struct client_error *e = &c->error;
	va_list args;

	e->view.kind = kind;
	e->view.number = number;
	snprintf(e->object, sizeof(e->object), "%s", object ? object : "");
	snprintf(e->field, sizeof(e->field), "%s", field ? field : "");
	va_start(args, format);
	vsnprintf(e->message, sizeof(e->message), format, args);
	va_end(args);
	return -number;
}

static int client_no_memory(struct vnet_client *c)
{
	return client_fail(c, VNET_ERROR_LOCAL, ENOMEM, NULL, NULL, "there is no memory left");
}

/* A failure of the wire, after which nobody knows which reply comes next. */
static int client_fail_wire(struct vnet_client *c, int number)
{
	c->spent = true;
	switch (number) {
	case ETIMEDOUT:
		return client_fail(c, VNET_ERROR_TIMEOUT, number, NULL, NULL,
				   "vnetd did not answer within %g seconds", c->timeout_ms / 1e3);
	case ENOTCONN:
		return client_fail(c, VNET_ERROR_CONNECTION, number, NULL, NULL,
				   "vnetd has closed the connection");
	case EMSGSIZE:
		return client_fail(c, VNET_ERROR_PROTOCOL, number, NULL, NULL,
				   "the answer of vnetd is longer than %lu bytes",
				   WIRE_MESSAGE_BYTES_MAX);
	case ENOMEM:
		return client_no_memory(c);
	default:
		return client_fail(c, VNET_ERROR_CONNECTION, number, NULL, NULL,
				   "the connection to vnetd failed: %s", strerrordesc_np(number));
	}
}

int client_begin(struct vnet_client *c)
{
	client_clear_error(c);
	if (c->monitoring)
		return client_fail(c, VNET_ERROR_LOCAL, EBUSY, NULL, NULL,
				   "this connection is in use for events");
	if (c->spent)
		return client_fail(c, VNET_ERROR_CONNECTION, ENOTCONN, NULL, NULL,
				   "this connection is of no more use after an earlier failure");
	return 0;
}

void client_init(struct vnet_client *c, int timeout_ms)
{
	*c = (struct vnet_client) {
		.wire.fd = -1,
		.timeout_ms =
			timeout_ms == VNET_TIMEOUT_DEFAULT ? CLIENT_TIMEOUT_MS_DEFAULT : timeout_ms,
	};
	client_clear_error(c);
}

int vnet_client_open(const char *path, int timeout_ms, struct vnet_client **ret)
{
	struct vnet_client *c;
	int r;

	if (!ret)
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	client_init(c, timeout_ms);
	snprintf(c->path, sizeof(c->path), "%s", wire_path(path));
	r = wire_open(&c->wire, wire_path(path), wire_deadline_ns(c->timeout_ms));
	if (r < 0) {
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void vnet_client_close(struct vnet_client *client)
{
	if (!client)
		return;
	wire_close(&client->wire);
	free(client);
}

const struct vnet_error *vnet_client_error(const struct vnet_client *client)
{
	return &client->error.view;
}

int vnet_client_fd(const struct vnet_client *client)
{
	return client->wire.fd;
}

void vnet_free(char *text)
{
	free(text);
}

struct json_object *client_request(const char *method, struct json_object *parameters,
				   const char *mode)
{
	struct json_object *request = json_object_new_object();
	char *name = NULL;

	if (!request || !parameters ||
	    asprintf(&name, "%s%s", strchr(method, '.') ? "" : CLIENT_INTERFACE ".", method) < 0)
		goto fail;
	if (json_object_object_add(request, "method", json_object_new_string(name)) < 0)
		goto fail;
	if (mode && json_object_object_add(request, mode, json_object_new_boolean(true)) < 0)
		goto fail;
	if (json_object_object_add(request, "parameters", parameters) < 0)
		goto fail;
	free(name);
	return request;
fail:
	free(name);
	json_object_put(request);
	json_object_put(parameters);
	return NULL;
}

int client_send(struct vnet_client *c, const char *method, struct json_object *parameters,
		const char *mode, int64_t deadline_ns)
{
	struct json_object *request = client_request(method, parameters, mode);
	const char *text = NULL;
	int r;

	if (request)
		text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);
	r = text ? wire_send(&c->wire, text, deadline_ns) : client_no_memory(c);
	if (text && r < 0)
		r = client_fail_wire(c, -r);
	json_object_put(request);
	return r;
}

int client_receive(struct vnet_client *c, int64_t deadline_ns, bool may_wait_again,
		   struct json_object **ret_parameters, bool *ret_continues)
{
	const char *text;
	size_t length;
	int r;

	r = wire_receive(&c->wire, deadline_ns, &text, &length);
	if (r == -ETIMEDOUT && may_wait_again)
		return r;
	if (r < 0)
		return client_fail_wire(c, -r);
	r = reply_read(c, text, length, ret_parameters, ret_continues);
	if (r < 0 && c->error.view.kind == VNET_ERROR_PROTOCOL)
		c->spent = true;
	return r;
}

int client_call(struct vnet_client *c, const char *method, struct json_object *parameters,
		struct json_object **ret)
{
	int64_t deadline_ns = wire_deadline_ns(c->timeout_ms);
	struct json_object *reply;
	bool continues;
	int r;

	r = client_begin(c);
	if (r < 0) {
		json_object_put(parameters);
		return r;
	}
	r = client_send(c, method, parameters, NULL, deadline_ns);
	if (r < 0)
		return r;
	r = client_receive(c, deadline_ns, false, &reply, &continues);
	if (r < 0)
		return r;
	if (continues) {
		json_object_put(reply);
		c->spent = true;
		return client_fail(c, VNET_ERROR_PROTOCOL, EPROTO, NULL, NULL,
				   "vnetd announced more answers to %s than were asked for",
				   method);
	}
	if (ret)
		*ret = reply;
	else
		json_object_put(reply);
	return 0;
}

int client_text(struct vnet_client *c, struct json_object *json, char **ret)
{
	const char *text = json_object_to_json_string_ext(
		json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *copy = text ? strdup(text) : NULL;

	if (!copy)
		return client_no_memory(c);
	*ret = copy;
	return 0;
}

int vnet_client_call(struct vnet_client *client, const char *method, const char *parameters,
		     char **ret)
{
	struct json_object *json, *reply;
	int r;

	r = client_begin(client);
	if (r < 0)
		return r;
	if (!method)
		return client_fail(client, VNET_ERROR_LOCAL, EINVAL, NULL, NULL,
				   "there is no method to call");
	json = reply_parse(parameters ? parameters : "{}", strlen(parameters ? parameters : "{}"));
	if (!json_object_is_type(json, json_type_object)) {
		json_object_put(json);
		return client_fail(client, VNET_ERROR_LOCAL, EINVAL, NULL, NULL,
				   "the parameters of %s are not a JSON object", method);
	}
	r = client_call(client, method, json, ret ? &reply : NULL);
	if (r < 0 || !ret)
		return r;
	r = client_text(client, reply, ret);
	json_object_put(reply);
	return r;
}
