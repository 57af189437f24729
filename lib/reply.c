// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "reply.h"

#define REPLY_DEPTH_MAX 32
#define REPLY_ERRNO_MAX 4095 /* as the kernel's */

/* A Varlink error, without its interface, and what it is when it brings no errno. */
struct reply_kind {
	const char *name;
	enum vnet_error_kind kind;
	int number;
};

static const struct reply_kind reply_refusals[] = {
	{ "NotFound", VNET_ERROR_NOT_FOUND, ENOENT },
	{ "Exists", VNET_ERROR_EXISTS, EEXIST },
	{ "Invalid", VNET_ERROR_INVALID, EINVAL },
	{ "Busy", VNET_ERROR_BUSY, EBUSY },
	{ "Permission", VNET_ERROR_PERMISSION, EPERM },
	{ "Failed", VNET_ERROR_FAILED, EIO },
	{ NULL, VNET_ERROR_FAILED, EIO },
};

/* Errors of any Varlink service; @says is about the parameter named @about. */
struct reply_service_error {
	struct reply_kind kind;
	const char *about;
	const char *says;
};

#define REPLY_SERVICE "org.varlink.service."

static const struct reply_service_error reply_service_errors[] = {
	{ { "InterfaceNotFound", VNET_ERROR_FAILED, EOPNOTSUPP },
	  "interface",
	  "vnetd has no interface of this name" },
	{ { "MethodNotFound", VNET_ERROR_FAILED, EOPNOTSUPP },
	  "method",
	  "vnetd has no method of this name" },
	{ { "MethodNotImplemented", VNET_ERROR_FAILED, EOPNOTSUPP },
	  "method",
	  "vnetd has no method of this name" },
	{ { "InvalidParameter", VNET_ERROR_INVALID, EINVAL },
	  "parameter",
	  "vnetd does not know this parameter, or not with such a value" },
	{ { "PermissionDenied", VNET_ERROR_PERMISSION, EPERM },
	  NULL,
	  "vnetd does not permit this" },
	{ { NULL }, NULL, NULL },
};

struct json_object *reply_parse(const char *text, size_t length)
{
	struct json_tokener *tokener;
	struct json_object *json = NULL;

	if (length > INT_MAX)
		return NULL;
	tokener = json_tokener_new_ex(REPLY_DEPTH_MAX);
	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_VALIDATE_UTF8);
	json = json_tokener_parse_ex(tokener, text, (int)length);
	if (json && json_tokener_get_parse_end(tokener) != length) {
		json_object_put(json);
		json = NULL;
	}
	json_tokener_free(tokener);
	return json;
}

/* NULL if @json has no such text. */
static const char *reply_string(struct json_object *json, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(json, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static int reply_fail_service(struct vnet_client *c, const char *name,
			      struct json_object *parameters)
{
	const struct reply_service_error *e;
	const char *about;

	for (e = reply_service_errors; e->kind.name; e++) {
		if (strcmp(e->kind.name, name) != 0)
			continue;
		about = e->about ? reply_string(parameters, e->about) : NULL;
		return client_fail(c, e->kind.kind, e->kind.number, NULL, about, "%s%s%s",
				   about ? about : "", about ? ": " : "", e->says);
	}
	return client_fail(c, VNET_ERROR_FAILED, EIO, NULL, NULL,
			   "vnetd answered with the error " REPLY_SERVICE "%s", name);
}

static int reply_fail(struct vnet_client *c, const char *name, struct json_object *parameters)
{
	const struct reply_kind *k = reply_refusals;
	struct json_object *value;
	const char *message = reply_string(parameters, "message");
	int number;

	if (strncmp(name, REPLY_SERVICE, strlen(REPLY_SERVICE)) == 0)
		return reply_fail_service(c, name + strlen(REPLY_SERVICE), parameters);
	if (strncmp(name, CLIENT_INTERFACE ".", strlen(CLIENT_INTERFACE ".")) == 0)
		while (k->name && strcmp(k->name, name + strlen(CLIENT_INTERFACE ".")) != 0)
			k++;
	else
		k = &reply_refusals[sizeof(reply_refusals) / sizeof(reply_refusals[0]) - 1];

	number = k->number;
	if (json_object_object_get_ex(parameters, "errno", &value) &&
	    json_object_get_int(value) > 0 && json_object_get_int(value) <= REPLY_ERRNO_MAX)
		number = json_object_get_int(value);
	if (!message)
		return client_fail(c, k->kind, number, NULL, NULL,
				   "vnetd answered with the error %s", name);
	return client_fail(c, k->kind, number, reply_string(parameters, "object"),
			   reply_string(parameters, "field"), "%s", message);
}

int reply_read(struct vnet_client *c, const char *text, size_t length,
	       struct json_object **ret_parameters, bool *ret_continues)
{
	struct json_object *reply = reply_parse(text, length);
	struct json_object *parameters = NULL, *error = NULL, *continues = NULL;
	int r = 0;

	if (json_object_is_type(reply, json_type_object)) {
		json_object_object_get_ex(reply, "parameters", &parameters);
		json_object_object_get_ex(reply, "error", &error);
		json_object_object_get_ex(reply, "continues", &continues);
	}
	/* A reply without results may leave its parameters out. */
	parameters = parameters ? json_object_get(parameters) : json_object_new_object();
	if (!json_object_is_type(reply, json_type_object) ||
	    !json_object_is_type(parameters, json_type_object) ||
	    (error && !json_object_is_type(error, json_type_string)))
		r = client_fail(c, VNET_ERROR_PROTOCOL, EPROTO, NULL, NULL,
				"the answer of vnetd is not a Varlink reply");
	else if (error)
		r = reply_fail(c, json_object_get_string(error), parameters);

	if (r == 0) {
		*ret_parameters = json_object_get(parameters);
		*ret_continues = json_object_get_boolean(continues);
	}
	json_object_put(parameters);
	json_object_put(reply);
	return r;
}
