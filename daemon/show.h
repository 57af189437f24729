/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects as JSON, with the names of the interface contract. Every function returns a new object
 * that the caller puts (json_object_put), or NULL when there is no memory.
 */
#ifndef VNETD_SHOW_H
#define VNETD_SHOW_H

#include <json-c/json.h>

#include "manager.h"

struct json_object *show_vnet(const struct vnet *v);
struct json_object *show_resource(const struct resource *r); /* with "vnet" */
/* With what it has counted, which is asked of @k. */
struct json_object *show_flow(const struct kernel *k, struct flow *f);
struct json_object *show_uplink(const struct uplink *u);
struct json_object *show_fdb(const struct vnet *v); /* an array of rows */
struct json_object *show_stats(const struct vnet *v, const struct resource *only); /* NULL: all */
/* Which of the samples are wanted: of those not older than @since_us the last @samples,
 * @interval_us apart; 0: no such wish. */
struct show_history {
	uint64_t now_us; /* CLOCK_MONOTONIC */
	uint64_t interval_kept_us;
	uint64_t since_us;
	uint64_t interval_us;
	size_t samples;
};

/* An array; the oldest comes first. */
struct json_object *show_history(const struct show_history *how, const struct history *h);

/* As RFC 3339 with microseconds, UTC. */
void show_add_time(struct json_object *o, uint64_t time_us);

struct json_object *show_event(const struct manager_event *event);

/* Settings that differ from @defaults (NULL: all), typed as their table says. */
struct json_object *show_settings(const struct setting *table, const void *settings,
				  const void *defaults);

#endif
