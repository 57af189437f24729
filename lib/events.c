// SPDX-License-Identifier: LGPL-2.1-or-later
/* Monitor: one call with many replies. */
#include <errno.h>

#include "client.h"

int vnet_monitor_start(struct vnet_client *client)
{
	int64_t deadline_ns = wire_deadline_ns(client->timeout_ms);
	struct json_object *reply;
	bool continues;
	int r;

	r = client_begin(client);
	if (r < 0)
		return r;
	r = client_send(client, "Monitor", json_object_new_object(), "more", deadline_ns);
	if (r < 0)
		return r;
	/* The first reply has no event, it only says that the subscription stands. */
	r = client_receive(client, deadline_ns, false, &reply, &continues);
	if (r < 0)
		return r;
	json_object_put(reply);
	client->monitoring = true;
	if (!continues) {
		client->spent = true;
		return client_fail(client, VNET_ERROR_PROTOCOL, EPROTO, NULL, NULL,
				   "vnetd announced no events after the answer to Monitor");
	}
	return 0;
}

/* The event in @reply, borrowed; NULL if there is none. */
static struct json_object *events_find(struct json_object *reply)
{
	struct json_object *event;

	if (!json_object_object_get_ex(reply, "event", &event) ||
	    !json_object_is_type(event, json_type_object))
		return NULL;
	return event;
}

int vnet_monitor_next(struct vnet_client *client, int timeout_ms, char **ret)
{
	int64_t deadline_ns = wire_deadline_ns(timeout_ms);
	struct json_object *reply, *event = NULL;
	bool continues = true;
	int r = 0;

	if (!client->monitoring)
		return client_fail(client, VNET_ERROR_LOCAL, EINVAL, NULL, NULL,
				   "no events were asked for on this connection");
	while (r == 0 && !event) {
		if (client->spent || !continues)
			return client_fail(client, VNET_ERROR_CONNECTION, ENOTCONN, NULL, NULL,
					   "vnetd sends no more events");
		r = client_receive(client, deadline_ns, true, &reply, &continues);
		if (r < 0)
			return r == -ETIMEDOUT && !client->spent ? 0 : r;
		client->spent = !continues;
		event = events_find(reply);
		if (event)
			r = client_text(client, event, ret);
		json_object_put(reply);
	}
	return r < 0 ? r : 1;
}

int vnet_monitor(struct vnet_client *client, int (*on_event)(void *context, const char *event),
		 void *context)
{
	char *event;
	int r;

	r = vnet_monitor_start(client);
	if (r < 0)
		return r;
	r = on_event(context, NULL);
	while (r == 0) {
		r = vnet_monitor_next(client, VNET_TIMEOUT_NONE, &event);
		if (r < 0)
			return r;
		r = on_event(context, event);
		vnet_free(event);
	}
	client->spent = true;
	return r;
}
