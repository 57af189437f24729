/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before and after a live migration. Whoever prepares one is answered when the devices are free. */
#include <errno.h>
#include <utlist.h>

#include "api_internal.h"

static void api_migration_free(struct api_migration *g)
{
	DL_DELETE(g->api->migrations, g);
	free(g->vnet);
	free(g);
}

static void api_on_migration_closed(void *context)
{
	api_migration_free(context);
}

/* Replies, or fails; false: not yet. */
static bool api_migration_answer(struct api *a, struct server_call *call, const char *vnet)
{
	struct error e = { 0 };
	const struct vnet *v = manager_find_vnet(a->manager, vnet, &e);

	if (v && v->migrating && !manager_migration_is_ready(v))
		return false;
	if (v && !v->migrating)
		error_set(&e, ERROR_FAILED, ECANCELED, vnet, NULL,
			  "%s: the migration was finished before it was prepared", vnet);
	if (e.kind == ERROR_NONE)
		server_reply(call, NULL);
	else
		server_fail(call, &e);
	return true;
}

void api_migrations_settle(struct api *a)
{
	struct api_migration *g, *next;

	DL_FOREACH_SAFE(a->migrations, g, next)
	{
		if (!a->stopping && api_migration_answer(a, g->call, g->vnet))
			api_migration_free(g);
	}
}

int api_prepare_migration(struct api *a, struct server_call *call, const struct api_arguments *args,
			  struct error *e)
{
	struct api_migration *g = calloc(1, sizeof(*g));
	char *vnet = strdup(args->name);
	int err;

	if (!g || !vnet) {
		free(g);
		free(vnet);
		return error_set(e, ERROR_FAILED, ENOMEM, args->name, NULL, "%s: no memory",
				 args->name);
	}
	err = manager_migration_prepare(a->manager, vnet, e);
	if (err) {
		free(g);
		free(vnet);
		return err;
	}
	api_audit("PrepareMigration", vnet, NULL, server_call_peer(call));
	if (api_migration_answer(a, call, vnet)) {
		free(g);
		free(vnet);
		return 0;
	}
	g->api = a;
	g->call = call;
	g->vnet = vnet;
	DL_APPEND(a->migrations, g);
	server_call_on_closed(call, api_on_migration_closed, g);
	return 0;
}

int api_finish_migration(struct api *a, const struct api_arguments *args, struct json_object *reply,
			 struct error *e)
{
	return manager_migration_finish(a->manager, args->name, e);
}
