// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "text.h"

void ctl_close(struct ctl *ctl)
{
	vnet_client_close(ctl->client);
	ctl->client = NULL;
}

static void ctl_complain(struct ctl *ctl, const char *topic, const char *format, va_list args)
{
	char *message = NULL;

	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	fputs("vnetctl: ", ctl->err);
	text_print(ctl->err, ctl->where);
	text_print(ctl->err, message ? message : "there is no memory left");
	if (topic)
		fprintf(ctl->err, "; see 'vnetctl help%s%s'", *topic ? " " : "", topic);
	fputc('\n', ctl->err);
	free(message);
}

enum ctl_status ctl_fail(struct ctl *ctl, enum ctl_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ctl_complain(ctl, NULL, format, args);
	va_end(args);
	return status;
}

enum ctl_status ctl_usage(struct ctl *ctl, const char *topic, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	ctl_complain(ctl, topic ? topic : "", format, args);
	va_end(args);
	return CTL_USAGE;
}

enum ctl_status ctl_no_memory(struct ctl *ctl)
{
	return ctl_fail(ctl, CTL_FAILED, "there is no memory left");
}

static enum ctl_status ctl_fail_connect(struct ctl *ctl, int number)
{
	switch (number) {
	case ENOMEM:
		return ctl_no_memory(ctl);
	case ETIMEDOUT:
		return ctl_fail(ctl, CTL_TIMED_OUT,
				"vnetd at %s did not take the connection within %g seconds",
				ctl->socket, ctl->timeout_ms / 1e3);
	case EACCES:
	case EPERM:
		return ctl_fail(ctl, CTL_UNREACHABLE,
				"cannot reach vnetd at %s: permission denied (reading needs the "
				"group vnet, changing needs root or the group vnet-admin)",
				ctl->socket);
	case ENOENT:
	case ECONNREFUSED:
		return ctl_fail(ctl, CTL_UNREACHABLE,
				"cannot reach vnetd at %s: %s (is vnetd running? see 'systemctl "
				"status vnetd')",
				ctl->socket, strerror(number));
	default:
		return ctl_fail(ctl, CTL_UNREACHABLE, "cannot reach vnetd at %s: %s", ctl->socket,
				strerror(number));
	}
}

enum ctl_status ctl_result(struct ctl *ctl, int r)
{
	const struct vnet_error *e = vnet_client_error(ctl->client);

	if (r >= 0)
		return CTL_DONE;
	switch (e->kind) {
	case VNET_ERROR_NONE:
		break;
	case VNET_ERROR_NOT_FOUND:
	case VNET_ERROR_EXISTS:
	case VNET_ERROR_INVALID:
	case VNET_ERROR_BUSY:
	case VNET_ERROR_PERMISSION:
	case VNET_ERROR_FAILED:
		return ctl_fail(ctl, CTL_REFUSED, "%s", e->message);
	case VNET_ERROR_CONNECTION:
		return ctl_fail(ctl, CTL_UNREACHABLE,
				"%s: %s (is vnetd running? see 'systemctl status vnetd')",
				ctl->socket, e->message);
	case VNET_ERROR_TIMEOUT:
		return ctl_fail(ctl, CTL_TIMED_OUT, "%s: %s", ctl->socket, e->message);
	case VNET_ERROR_PROTOCOL:
		return ctl_fail(ctl, CTL_FAILED, "%s: %s", ctl->socket, e->message);
	case VNET_ERROR_LOCAL:
		return ctl_fail(ctl, CTL_FAILED, "%s", e->message);
	}
	return ctl_fail(ctl, CTL_FAILED, "%s", strerror(-r));
}

enum ctl_status ctl_connect(struct ctl *ctl)
{
	int r;

	if (ctl->client)
		return CTL_DONE;
	r = vnet_client_open(ctl->socket, ctl->timeout_ms, &ctl->client);
	if (r < 0)
		return ctl_fail_connect(ctl, -r);
	return ctl->batch ? ctl_result(ctl, vnet_keep_later(ctl->client)) : CTL_DONE;
}

enum ctl_status ctl_print_json(struct ctl *ctl, const char *text)
{
	struct json_object *json;
	const char *pretty;

	if (!ctl->pretty) {
		fprintf(ctl->out, "%s\n", text);
		return CTL_DONE;
	}
	json = json_tokener_parse(text);
	pretty = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_SPACED |
							      JSON_C_TO_STRING_NOSLASHESCAPE);
	if (json && pretty)
		fprintf(ctl->out, "%s\n", pretty);
	json_object_put(json);
	return json && pretty ? CTL_DONE : ctl_no_memory(ctl);
}

enum ctl_status ctl_answer(struct ctl *ctl, int r, char *text,
			   int (*print)(struct ctl *ctl, struct json_object *json))
{
	enum ctl_status status = ctl_result(ctl, r);
	struct json_object *json;

	if (status != CTL_DONE)
		return status;
	if (ctl->json) {
		status = ctl_print_json(ctl, text);
	} else {
		json = json_tokener_parse(text);
		if (!json || print(ctl, json) < 0)
			status = ctl_no_memory(ctl);
		json_object_put(json);
	}
	vnet_free(text);
	return status;
}
