/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of io.vnetd.Control. */
#ifndef VNETD_API_H
#define VNETD_API_H

#include "datapath.h"
#include "manager.h"
#include "server.h"

/* What the methods need beside the manager; main provides it. */
struct api_host {
	int (*reload)(void *context, struct error *e);
	/* Writes files; @files is an array of strings to append their paths to. */
	int (*save)(void *context, struct json_object *files, struct error *e);
	void (*features)(void *context, struct datapath_features *ret);
	const char *instance;
	const char *groups_path; /* NULL: GROUPS_PATH; for tests */
	void *context;
};

struct api;

int api_new(sd_event *loop, const char *socket_path, struct manager *m, const struct api_host *host,
	    struct api **ret, struct error *e);
void api_free(struct api *a);

/* Sends @event to everybody who called Monitor. */
void api_publish(struct api *a, const struct manager_event *event);

/* Tells its provider that @r is about to be removed. */
void api_provider_removing(struct api *a, const struct resource *r);

/*
 * Tells the providers what has become of their resources, and of what they last were told. To be
 * called when the loop has done something: who was slow may read again.
 */
/* The same: who waits for a migration to be prepared is answered when it is. */
void api_migrations_settle(struct api *a);
void api_providers_settle(struct api *a);
/* The same: whose flow is not open any more hears so. */
void api_openings_settle(struct api *a);
/* Somebody has joined or left a multicast group. */
void api_groups_changed(struct api *a);

#endif
