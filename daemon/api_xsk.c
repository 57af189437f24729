/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flow's frames for a program, as long as its call of OpenFlow is open. */
#include <errno.h>
#include <utlist.h>

#include "api_internal.h"

#define API_XSK_FRAMES 2048

static struct flow *api_opening_flow(const struct api_opening *o)
{
	return manager_flow_opened(o->api->manager, o->owner, o->name, o->opening);
}

static void api_opening_free(struct api_opening *o)
{
	DL_DELETE(o->api->openings, o);
	free(o);
}

/* When it is vnetd that goes, the flow stays open for the next one. */
static void api_on_opening_closed(void *context)
{
	struct api_opening *o = context;
	struct flow *f = o->api->stopping ? NULL : api_opening_flow(o);

	if (f)
		manager_flow_close(f);
	api_opening_free(o);
}

static void api_opening_end(struct api_opening *o)
{
	struct json_object *parameters = json_object_new_object();
	struct server_call *call = o->call;
	char why[128];

	snprintf(why, sizeof(why),
		 "%s/%s is not for an AF_XDP socket any more, or its device is gone", o->owner,
		 o->name);
	api_opening_free(o);
	json_object_object_add(parameters, "closed", json_object_new_string(why));
	server_reply(call, parameters);
}

void api_openings_settle(struct api *a)
{
	struct api_opening *o, *next;

	DL_FOREACH_SAFE(a->openings, o, next)
	if (!a->stopping && !api_opening_flow(o))
		api_opening_end(o);
}

static struct json_object *api_opened(const struct flow *f, int64_t frames)
{
	struct json_object *parameters = json_object_new_object(), *o = json_object_new_object();

	json_object_object_add(o, "owner",
			       json_object_new_string(f->vnet ? f->vnet->name : f->uplink->name));
	json_object_object_add(o, "name", json_object_new_string(f->name));
	json_object_object_add(o, "frames", json_object_new_int64(frames));
	json_object_object_add(o, "frame_bytes", json_object_new_int(KERNEL_XSK_FRAME_BYTES));
	json_object_object_add(o, "delivery",
			       json_object_new_string(f->xsk.zerocopy ? "zerocopy" : "copy"));
	json_object_object_add(parameters, "opened", o);
	return parameters;
}

static struct api_opening *api_opening_new(struct api *a, struct server_call *call,
					   const struct flow *f)
{
	struct api_opening *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->api = a;
	o->call = call;
	o->opening = f->xsk.opening;
	util_copy(o->owner, sizeof(o->owner), f->vnet ? f->vnet->name : f->uplink->name);
	util_copy(o->name, sizeof(o->name), f->name);
	DL_APPEND(a->openings, o);
	server_call_on_closed(call, api_on_opening_closed, o);
	return o;
}

static int api_open(struct api *a, struct server_call *call, const struct manager_opening *m,
		    struct error *e)
{
	struct flow *f;
	int memory, err = manager_flow_open(a->manager, m, &f, &memory, e);

	if (err)
		return err;
	if (!api_opening_new(a, call, f)) {
		close(memory);
		manager_flow_close(f);
		return error_set(e, ERROR_FAILED, ENOMEM, NULL, NULL, "no memory");
	}
	api_audit("OpenFlow", m->owner, m->name, server_call_peer(call));
	server_reply_more_fds(call, api_opened(f, m->frames),
			      (const int[]) { f->xsk.socket, memory }, 2);
	close(memory);
	return 0;
}

int api_open_flow(struct api *a, struct server_call *call, const struct api_arguments *args,
		  struct error *e)
{
	const struct manager_opening m = {
		.owner = args->owner,
		.name = args->name,
		.frames = args->given & API_FRAMES ? args->frames : API_XSK_FRAMES,
		.uid = server_call_peer(call)->uid,
		.privileged = server_call_may_change(call),
	};
	int err;

	if (!server_call_wants_more(call))
		return error_set(e, ERROR_INVALID, EINVAL, NULL, "more",
				 "%s.OpenFlow answers with a stream and has to be called with "
				 "\"more\"",
				 API_INTERFACE);
	err = server_call_lifeline(call);
	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL,
				 "the connection cannot be watched: %s", strerror(-err));
	return api_open(a, call, &m, e);
}
