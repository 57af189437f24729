/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request: what it says, whether its sender may ask for it, who does it, and the reply. */
#include <errno.h>

#include "server_internal.h"

#define SERVER_JSON_DEPTH 32

/* --- replies --- */

static void server_call_end(struct server_call *call)
{
	struct server_connection *c = call->connection;

	call->open = false;
	call->on_closed = NULL;
	if (call == &c->call) {
		c->held = false;
		c->lifeline = sd_event_source_disable_unref(c->lifeline);
	}
	server_connection_update(c);
}

static const char *server_call_encode(struct json_object *reply, size_t *ret_len)
{
	return json_object_to_json_string_length(
		reply, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, ret_len);
}

/* Takes over @reply. */
static void server_call_send(struct server_call *call, struct json_object *reply)
{
	size_t len = 0;
	const char *text;

	if (!call->oneway) {
		text = server_call_encode(reply, &len);
		if (text)
			server_connection_send(call->connection, text, len + 1);
		else
			call->connection->broken = true;
	}
	json_object_put(reply);
	util_give_back(len);
}

void server_reply(struct server_call *call, struct json_object *parameters)
{
	struct json_object *reply = json_object_new_object();

	json_object_object_add(reply, "parameters", parameters ?: json_object_new_object());
	server_call_send(call, reply);
	server_call_end(call);
}

/* Takes over @parameters. */
static struct json_object *server_call_continuing(struct json_object *parameters)
{
	struct json_object *reply = json_object_new_object();

	json_object_object_add(reply, "parameters", parameters ?: json_object_new_object());
	json_object_object_add(reply, "continues", json_object_new_boolean(true));
	return reply;
}

void server_reply_more(struct server_call *call, struct json_object *parameters)
{
	/*
	 * Only a stream can run ahead of its reader: before any other reply, the queue was below
	 * the limit when the request was taken, and one long answer is no abuse.
	 */
	if (server_call_queued_bytes(call) > SERVER_QUEUE_BYTES_MAX)
		call->connection->broken = true;
	server_call_send(call, server_call_continuing(parameters));
	server_connection_update(call->connection);
}

void server_reply_more_fds(struct server_call *call, struct json_object *parameters, const int *fds,
			   unsigned int count)
{
	struct json_object *reply = server_call_continuing(parameters);
	size_t len;
	const char *text = server_call_encode(reply, &len);

	if (text)
		server_connection_send_fds(call->connection, text, len + 1, fds, count);
	else
		call->connection->broken = true;
	json_object_put(reply);
	server_connection_update(call->connection);
}

/* Takes over @parameters. */
static void server_call_fail(struct server_call *call, const char *interface, const char *error,
			     struct json_object *parameters)
{
	struct json_object *reply = json_object_new_object();
	char name[256];

	snprintf(name, sizeof(name), "%s.%s", interface, error);
	json_object_object_add(reply, "error", json_object_new_string(name));
	json_object_object_add(reply, "parameters", parameters);
	server_call_send(call, reply);
	server_call_end(call);
}

/* A text that was cut to fit its buffer may end within a character, and that is not JSON. */
static struct json_object *server_call_text(const char *text)
{
	size_t len = strlen(text), lead = len, need;

	while (lead && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead) {
		unsigned char first = text[lead - 1];

		need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
		if (len - lead + 1 < need)
			len = lead - 1;
	}
	return json_object_new_string_len(text, (int)len);
}

void server_fail(struct server_call *call, const struct error *e)
{
	struct json_object *parameters = json_object_new_object();

	json_object_object_add(parameters, "message", server_call_text(e->message));
	json_object_object_add(parameters, "errno", json_object_new_int(e->number));
	if (e->object[0])
		json_object_object_add(parameters, "object", server_call_text(e->object));
	if (e->field[0])
		json_object_object_add(parameters, "field", server_call_text(e->field));
	server_call_fail(call, call->connection->server->options.interface,
			 error_kind_name(e->kind), parameters);
}

void server_call_fail_service(struct server_call *call, const char *error, const char *key,
			      const char *value)
{
	struct json_object *parameters = json_object_new_object();

	json_object_object_add(parameters, key, json_object_new_string(value));
	server_call_fail(call, SERVER_SERVICE_INTERFACE, error, parameters);
}

void server_fail_parameter(struct server_call *call, const char *parameter)
{
	server_call_fail_service(call, "InvalidParameter", "parameter", parameter);
}

void server_call_refuse(struct server_connection *c, int number, const char *format, ...)
{
	struct server_call *call = &c->call;
	char message[256];
	struct error e = { 0 };
	va_list args;

	if (call->open) {
		c->broken = true;
		return;
	}
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	error_set(&e, ERROR_INVALID, number, NULL, NULL, "%s", message);
	*call = (struct server_call) { .connection = c, .open = true };
	/* The stream cannot be trusted any more: where would the next request begin? */
	c->closing = true;
	server_fail(call, &e);
}

/* --- what a call tells --- */

bool server_call_wants_more(const struct server_call *call)
{
	return call->more && !call->oneway;
}

void server_call_on_closed(struct server_call *call, void (*on_closed)(void *context),
			   void *context)
{
	call->on_closed = on_closed;
	call->on_closed_context = context;
}

int server_call_lifeline(struct server_call *call)
{
	return server_connection_add_lifeline(call->connection);
}

struct server_call *server_call_stream(struct server_call *call)
{
	struct server_connection *c = call->connection;

	return call == &c->aside && c->call.open ? &c->call : NULL;
}

const struct server_method *server_call_method(const struct server_call *call)
{
	return call->method;
}

const struct server_peer *server_call_peer(const struct server_call *call)
{
	return &call->connection->peer;
}

size_t server_call_queued_bytes(const struct server_call *call)
{
	return server_connection_queued_bytes(call->connection);
}

bool server_call_has_room(const struct server_call *call)
{
	return server_user_may_queue(call->connection);
}

void server_call_abandon(struct server_call *call)
{
	if (!call->open)
		return;
	call->open = false;
	if (call->on_closed)
		call->on_closed(call->on_closed_context);
}

/* --- access --- */

static bool server_call_allowed(const struct server_call *call, enum server_access access)
{
	const struct server_connection *c = call->connection;

	switch (access) {
	case SERVER_ANYONE:
		return true;
	case SERVER_READ:
		return c->may_read;
	case SERVER_CHANGE:
		break;
	}
	return c->may_change;
}

bool server_call_may_change(const struct server_call *call)
{
	return server_call_allowed(call, SERVER_CHANGE);
}

static void server_call_deny(struct server_call *call)
{
	const struct server_options *o = &call->connection->server->options;
	const struct server_method *method = call->method;
	bool change = method->access == SERVER_CHANGE;
	const char *group = change ? o->change_group : o->read_group;
	struct error e = { 0 };

	if (group)
		error_set(&e, ERROR_PERMISSION, EACCES, NULL, NULL,
			  "uid %u is not allowed to call %s: that needs root or group %s",
			  call->connection->peer.uid, method->name, group);
	else
		error_set(&e, ERROR_PERMISSION, EACCES, NULL, NULL,
			  "uid %u is not allowed to call %s: that needs root",
			  call->connection->peer.uid, method->name);
	server_fail(call, &e);
}

/* --- dispatch --- */

static const struct server_method *server_call_find(const struct server_method *methods,
						    const char *name)
{
	for (const struct server_method *m = methods; m->name; m++) {
		if (util_same(m->name, name))
			return m;
	}
	return NULL;
}

static bool server_call_is_in(const char *name, const char *interface)
{
	size_t len = strlen(interface);

	return !strncmp(name, interface, len) && name[len] == '.' && !strchr(name + len + 1, '.');
}

static void server_call_fail_interface(struct server_call *call, const char *name)
{
	const char *dot = strrchr(name, '.');
	UTIL_FREE char *interface = dot ? strndup(name, dot - name) : NULL;

	if (interface)
		server_call_fail_service(call, "InterfaceNotFound", "interface", interface);
	else
		server_fail_parameter(call, "method");
}

static void server_call_dispatch(struct server_call *call, const char *name,
				 struct json_object *parameters)
{
	struct server *s = call->connection->server;
	bool service = server_call_is_in(name, SERVER_SERVICE_INTERFACE);

	if (!service && !server_call_is_in(name, s->options.interface)) {
		server_call_fail_interface(call, name);
		return;
	}
	call->method =
		server_call_find(service ? server_service_methods : s->options.methods, name);
	if (!call->method) {
		server_call_fail_service(call, "MethodNotFound", "method", name);
		return;
	}
	if (!server_call_allowed(call, call->method->access) &&
	    !(call->method->excepts &&
	      call->method->excepts(s->options.context, call, parameters))) {
		server_call_deny(call);
		return;
	}
	call->method->run(service ? s : s->options.context, call, parameters);
}

/* --- requests --- */

/* A string without a NUL in it, which the rest of the string would hide behind. */
static const char *server_call_string(struct json_object *value)
{
	const char *text;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

struct server_request {
	const char *method;
	struct json_object *parameters; /* NULL: none given */
	bool more, oneway, upgrade;
};

/* NULL, or the key that is not right. */
static const char *server_request_read(struct json_object *object, struct server_request *ret)
{
	const struct {
		const char *key;
		bool *flag;
	} flags[] = {
		{ "more", &ret->more },
		{ "oneway", &ret->oneway },
		{ "upgrade", &ret->upgrade },
	};

	json_object_object_foreach(object, key, value)
	{
		bool right = false;

		if (util_same(key, "method")) {
			ret->method = server_call_string(value);
			right = ret->method;
		} else if (util_same(key, "parameters")) {
			ret->parameters = value;
			right = !value || json_object_is_type(value, json_type_object);
		}
		for (size_t i = 0; i < UTIL_ARRAY_SIZE(flags); i++) {
			if (!util_same(key, flags[i].key))
				continue;
			right = json_object_is_type(value, json_type_boolean);
			/* Who says it wrongly is told so, and "oneway" would keep that away. */
			*flags[i].flag = right && json_object_get_boolean(value);
		}
		if (!right)
			return key;
	}
	return ret->method ? NULL : "method";
}

static void server_call_run(struct server_call *call, struct json_object *object)
{
	struct server_request request = { 0 };
	struct json_object *none = NULL;
	const char *wrong = "method";

	if (json_object_is_type(object, json_type_object))
		wrong = server_request_read(object, &request);
	call->more = request.more;
	call->oneway = request.oneway;
	if (!wrong && request.upgrade)
		wrong = "upgrade";
	if (wrong) {
		server_fail_parameter(call, wrong);
		return;
	}
	if (!request.parameters)
		none = json_object_new_object();
	server_call_dispatch(call, request.method, request.parameters ?: none);
	json_object_put(none);
}

static size_t server_call_trim(const char *text, size_t len)
{
	while (len && strchr(" \t\r\n", text[len - 1]))
		len--;
	return len;
}

/* Of a request that comes while a stream is open, at which time no other can be answered. */
static bool server_call_is_oneway(struct json_object *object)
{
	struct json_object *oneway = NULL;

	return json_object_is_type(object, json_type_object) &&
	       json_object_object_get_ex(object, "oneway", &oneway) &&
	       json_object_is_type(oneway, json_type_boolean) && json_object_get_boolean(oneway);
}

/* False: not now. */
static bool server_call_take(struct server_connection *c, struct json_object *object)
{
	struct server_call *call = c->call.open ? &c->aside : &c->call;

	if (c->call.open && !server_call_is_oneway(object))
		return false;
	*call = (struct server_call) { .connection = c, .open = true };
	server_call_run(call, object);
	return true;
}

bool server_call_start(struct server_connection *c, const char *text, size_t len)
{
	bool taken = true;
	struct json_tokener *tokener = json_tokener_new_ex(SERVER_JSON_DEPTH);
	struct json_object *object;
	enum json_tokener_error err;
	size_t trimmed = server_call_trim(text, len), end;

	if (!tokener) {
		c->broken = true;
		return true;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)trimmed);
	end = json_tokener_get_parse_end(tokener);
	/* A number or nothing ends only with what follows it. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		object = json_tokener_parse_ex(tokener, "", 1);
	err = json_tokener_get_error(tokener);
	if (err == json_tokener_success) {
		taken = server_call_take(c, object);
		json_object_put(object);
	} else {
		server_call_refuse(c, EBADMSG, "a request is not JSON: %s at byte %zu",
				   json_tokener_error_desc(err), end);
	}
	json_tokener_free(tokener);
	return taken;
}
