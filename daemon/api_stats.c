/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statistics. What providers count by themselves they are asked for first, for a moment and no
 * longer: who does not answer is shown as last known.
 */
#include <errno.h>
#include <utlist.h>

#include "api_internal.h"
#include "show.h"

#define API_STATS_WAIT_US UINT64_C(100000)

static void api_add_stats_row(const struct vnet *v, struct json_object *array)
{
	json_object_array_add(array, show_stats(v, NULL));
}

/* Replies, or fails with -errno and a sentence. */
static int api_stats_answer(struct api *a, struct server_call *call, const char *vnet,
			    const char *name, struct error *e)
{
	struct json_object *reply, *stats;
	const struct resource *only;
	int err = api_one_resource(a, vnet, name, &only, e);

	if (err)
		return err;
	reply = json_object_new_object();
	stats = json_object_new_array();
	json_object_object_add(reply, "stats", stats);
	if (only)
		json_object_array_add(stats, show_stats(only->vnet, only));
	else
		err = api_each_vnet(a, vnet, stats, api_add_stats_row, e);
	if (err)
		json_object_put(reply);
	else
		server_reply(call, reply);
	return err;
}

/* --- questions --- */

static void api_question_free(struct api_question *q)
{
	DL_DELETE(q->api->questions, q);
	sd_event_source_disable_unref(q->deadline);
	free(q->asked);
	free(q->vnet);
	free(q->name);
	free(q);
}

/* With what is known now; the vnet may have gone meanwhile. */
static void api_question_end(struct api_question *q)
{
	struct error e = { 0 };

	if (api_stats_answer(q->api, q->call, q->vnet, q->name, &e))
		server_fail(q->call, &e);
	api_question_free(q);
}

static void api_on_question_closed(void *context)
{
	api_question_free(context);
}

static int api_on_question_deadline(sd_event_source *source, uint64_t now_us, void *context)
{
	api_question_end(context);
	return 0;
}

static void api_question_drop(struct api_question *q, const struct api_provider *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < q->count; i++) {
		if (q->asked[i] != p)
			q->asked[kept++] = q->asked[i];
	}
	q->count = kept;
}

void api_questions_settle(struct api *a, const struct api_provider *p)
{
	struct api_question *q, *next;

	DL_FOREACH_SAFE(a->questions, q, next)
	{
		api_question_drop(q, p);
		if (!q->count && !a->stopping)
			api_question_end(q);
	}
}

/* --- asking --- */

static bool api_is_concerned(const struct api_provider *p, const struct api_arguments *args)
{
	return !p->parted && (!args->vnet || util_same(p->vnet, args->vnet)) &&
	       (!args->name || util_same(p->name, args->name));
}

/* False: it has not even read what it was sent before. */
static bool api_ask(struct api_provider *p)
{
	struct json_object *parameters;

	if (p->asked)
		return true;
	if (server_call_queued_bytes(p->call))
		return false;
	parameters = json_object_new_object();
	json_object_object_add(parameters, "count", json_object_new_boolean(true));
	p->asked = true;
	server_reply_more(p->call, parameters);
	return true;
}

static int api_question_fill(struct api_question *q, const struct api_arguments *args)
{
	struct api_provider *p;
	size_t most;

	DL_COUNT(q->api->providers, p, most);
	q->vnet = args->vnet ? strdup(args->vnet) : NULL;
	q->name = args->name ? strdup(args->name) : NULL;
	q->asked = calloc(most + 1, sizeof(struct api_provider *));
	if ((args->vnet && !q->vnet) || (args->name && !q->name) || !q->asked)
		return -ENOMEM;
	DL_FOREACH(q->api->providers, p)
	{
		if (api_is_concerned(p, args) && api_ask(p))
			q->asked[q->count++] = p;
	}
	return 0;
}

static int api_question_new(struct api *a, struct server_call *call,
			    const struct api_arguments *args, struct api_question **ret)
{
	struct api_question *q = calloc(1, sizeof(*q));
	int err;

	if (!q)
		return -ENOMEM;
	q->api = a;
	q->call = call;
	DL_APPEND(a->questions, q);
	err = api_question_fill(q, args);
	if (!err)
		err = sd_event_add_time_relative(a->loop, &q->deadline, CLOCK_MONOTONIC,
						 API_STATS_WAIT_US, 0, api_on_question_deadline, q);
	if (err < 0) {
		api_question_free(q);
		return err;
	}
	*ret = q;
	return 0;
}

int api_get_stats(struct api *a, struct server_call *call, const struct api_arguments *args,
		  struct error *e)
{
	const struct resource *only;
	struct api_question *q;
	int err = api_one_resource(a, args->vnet, args->name, &only, e);

	/* Whoever asks for what there is not does not trouble anybody. */
	if (!err && args->vnet && !manager_find_vnet(a->manager, args->vnet, e))
		err = -e->number;
	if (err)
		return err;
	if (!a->providers)
		return api_stats_answer(a, call, args->vnet, args->name, e);
	err = api_question_new(a, call, args, &q);
	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL,
				 "the providers cannot be asked: %s", strerror(-err));
	server_call_on_closed(call, api_on_question_closed, q);
	if (!q->count)
		api_question_end(q);
	return 0;
}
