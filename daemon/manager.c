/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager itself: making, freeing, finding, telling. */
#include "manager.h"

#include <errno.h>
#include <time.h>

#include "manager_internal.h"
#include "reconcile.h"
#include "reconcile_mark.h"
#include "reconcile_vf_mark.h"

int manager_new(const struct kernel *kernel, const struct manager_callbacks *callbacks,
		void *context, struct manager **ret)
{
	struct manager *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->links = link_table_new();
	m->addresses = address_table_new();
	if (!m->links || !m->addresses) {
		address_table_free(m->addresses);
		link_table_free(m->links);
		free(m);
		return -ENOMEM;
	}
	m->kernel = *kernel;
	m->callbacks = *callbacks;
	m->context = context;
	m->vnet_numbers.max = ABI_VNETS_MAX;
	m->resource_numbers.max = ABI_RESOURCES_MAX;
	m->uplink_numbers.max = ABI_UPLINKS_MAX;
	m->flow_numbers.max = ABI_FLOWS_MAX;
	*ret = m;
	return 0;
}

void manager_free(struct manager *m)
{
	struct manager_owner *o, *next_owner;
	struct resource *r, *next_resource;
	struct uplink *u, *next_uplink;
	struct vnet *v, *next_vnet;

	if (!m)
		return;
	HASH_ITER (hh, m->vnets, v, next_vnet) {
		HASH_ITER (hh, v->resources, r, next_resource)
			object_resource_free(r);
		manager_free_flows(m, &v->flows);
		object_vnet_free(v);
	}
	HASH_ITER (hh, m->uplinks, u, next_uplink) {
		manager_free_flows(m, &u->flows);
		object_uplink_free(u);
	}
	HASH_ITER (hh, m->owners, o, next_owner) {
		HASH_DEL(m->owners, o);
		free(o);
	}
	reconcile_mark_free(m);
	reconcile_vf_mark_free(m);
	reconcile_targets_free(m);
	reconcile_steer_free(m);
	desired_names_clear(&m->removed);
	desired_names_clear(&m->removed_uplinks);
	numbers_clear(&m->uplink_numbers);
	numbers_clear(&m->flow_numbers);
	numbers_clear(&m->vnet_numbers);
	numbers_clear(&m->resource_numbers);
	address_table_free(m->addresses);
	link_table_free(m->links);
	free(m);
}

struct vnet *manager_find_vnet(const struct manager *m, const char *name, struct error *e)
{
	struct vnet *v;

	HASH_FIND_STR(m->vnets, name, v);
	if (!v)
		error_set(e, ERROR_NOT_FOUND, ENOENT, name, NULL, "there is no vnet \"%s\"", name);
	return v;
}

struct uplink *manager_find_uplink(const struct manager *m, const char *name, struct error *e)
{
	struct uplink *u;

	HASH_FIND_STR(m->uplinks, name, u);
	if (!u)
		error_set(e, ERROR_NOT_FOUND, ENOENT, name, NULL, "there is no uplink \"%s\"",
			  name);
	return u;
}

struct uplink *manager_uplinks(const struct manager *m)
{
	return m->uplinks;
}

struct resource *manager_find_resource(const struct vnet *v, const char *name, struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	struct resource *r;

	HASH_FIND_STR(v->resources, name, r);
	if (!r) {
		snprintf(label, sizeof(label), "%s/%s", v->name, name);
		error_set(e, ERROR_NOT_FOUND, ENOENT, label, NULL, "vnet %s has no resource \"%s\"",
			  v->name, name);
	}
	return r;
}

struct vnet *manager_vnets(const struct manager *m)
{
	return m->vnets;
}

size_t manager_vnet_count(const struct manager *m)
{
	return HASH_COUNT(m->vnets);
}

size_t manager_resource_count(const struct manager *m)
{
	return m->resource_count;
}

const struct kernel *manager_kernel(const struct manager *m)
{
	return &m->kernel;
}

const struct link_table *manager_links(const struct manager *m)
{
	return m->links;
}

const char *manager_event_name(enum manager_event_type type)
{
	static const char *const names[] = {
		[MANAGER_VNET_ADDED] = "vnet-added",
		[MANAGER_VNET_REMOVED] = "vnet-removed",
		[MANAGER_RESOURCE_ADDED] = "resource-added",
		[MANAGER_RESOURCE_REMOVED] = "resource-removed",
		[MANAGER_RESOURCE_STATE] = "resource-state",
		[MANAGER_UPLINK_ADDED] = "uplink-added",
		[MANAGER_UPLINK_REMOVED] = "uplink-removed",
		[MANAGER_UPLINK_STATE] = "uplink-state",
		[MANAGER_PATH_SWITCHED] = "path-switched",
		[MANAGER_OVERRUN] = "overrun",
		[MANAGER_RELOADED] = "reloaded",
	};

	return names[type];
}

void manager_emit(struct manager *m, struct manager_event event)
{
	struct timespec now;

	if (!m->callbacks.on_event)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	event.time_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	m->callbacks.on_event(m->context, &event);
}

/*
 * What carries unicast, where something else could take over if it were known in time: link watch
 * may delay the news of a lost carrier. NULL: nothing.
 */
static const struct resource *polled(const struct vnet *v)
{
	if (!v->unicast || v->unicast->settings.type == SETTINGS_HYBRID)
		return v->unicast;
	for (size_t i = 0; i < v->hybrid_count; i++)
		if (v->hybrids[i]->hold.listed)
			return v->unicast;
	return NULL;
}

uint32_t manager_polls(const struct manager *m, void (*each)(void *context, uint32_t ifindex),
		       void *context)
{
	uint32_t interval_ms = 0;

	for (const struct vnet *v = m->vnets; v; v = v->hh.next) {
		uint32_t wanted_ms = v->settings.monitor_interval_ms;
		const struct resource *r = polled(v);

		if (!r || !wanted_ms)
			continue;
		if (!interval_ms || wanted_ms < interval_ms)
			interval_ms = wanted_ms;
		if (each)
			each(context, r->ifindex);
	}
	return interval_ms;
}
