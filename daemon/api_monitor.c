/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stream of events. Who reads too slowly loses events and is told how many, nothing else. */
#include <errno.h>
#include <utlist.h>

#include "api_internal.h"
#include "show.h"

#define API_MONITOR_BYTES_MAX 1048576 /* of events that wait for one reader */

static void api_on_subscriber_closed(void *context)
{
	struct api_subscriber *s = context;

	DL_DELETE(s->api->subscribers, s);
	free(s);
}

int api_monitor(struct api *a, struct server_call *call, const struct api_arguments *args,
		struct error *e)
{
	struct api_subscriber *s;

	if (!server_call_wants_more(call))
		return error_set(e, ERROR_INVALID, EINVAL, NULL, "more",
				 "%s.Monitor answers with a stream and has to be called with "
				 "\"more\"",
				 API_INTERFACE);
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_set(e, ERROR_FAILED, ENOMEM, NULL, NULL, "no memory");
	s->api = a;
	s->call = call;
	DL_APPEND(a->subscribers, s);
	server_call_on_closed(call, api_on_subscriber_closed, s);
	server_reply_more(call, NULL);
	return 0;
}

/* The event with how many are missing before it, in an object of its own. */
static struct json_object *api_event_after_gap(const struct manager_event *event, uint64_t dropped)
{
	struct json_object *o = show_event(event);

	if (o)
		json_object_object_add(o, "dropped", json_object_new_uint64(dropped));
	return o;
}

static void api_tell(struct api_subscriber *s, const struct manager_event *event,
		     struct json_object *shown)
{
	struct json_object *parameters, *o;

	if (server_call_queued_bytes(s->call) > API_MONITOR_BYTES_MAX ||
	    !server_call_has_room(s->call)) {
		s->dropped++;
		return;
	}
	parameters = json_object_new_object();
	o = s->dropped ? api_event_after_gap(event, s->dropped) : json_object_get(shown);
	json_object_object_add(parameters, "event", o);
	s->dropped = 0;
	server_reply_more(s->call, parameters);
}

void api_publish(struct api *a, const struct manager_event *event)
{
	struct json_object *shown;
	struct api_subscriber *s;

	if (!a->subscribers)
		return;
	shown = show_event(event);
	/* Replies never close a connection themselves, so the list stays as it is meanwhile. */
	DL_FOREACH(a->subscribers, s)
	api_tell(s, event, shown);
	json_object_put(shown);
}
