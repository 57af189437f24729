/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world_files.h"

#include <stdarg.h>

#include "../../daemon/settings.h"

static void set_words(const struct setting *table, void *settings, va_list args)
{
	const char *key;
	struct error e;

	while ((key = va_arg(args, const char *))) {
		int err =
			settings_set(table, settings, "file", key, va_arg(args, const char *), &e);

		ck_assert_msg(!err, "%s", e.message);
	}
}

static struct desired_vnet *vnet_of(const struct desired *files, const char *name)
{
	return (struct desired_vnet *)desired_find(files, name);
}

static struct desired_uplink *uplink_of(const struct desired *files, const char *name)
{
	return (struct desired_uplink *)desired_find_uplink(files, name);
}

static struct desired_flows *flows_of(const struct desired *files, const char *owner)
{
	struct desired_vnet *v = vnet_of(files, owner);

	return v ? &v->flows : &uplink_of(files, owner)->flows;
}

void world_file(struct desired *files, const char *name, ...)
{
	struct desired_vnet *d = vnet_of(files, name) ?: desired_add_vnet(files);
	va_list args;

	util_copy(d->name, sizeof(d->name), name);
	d->from_config = true;
	settings_vnet_default(&d->settings);
	va_start(args, name);
	set_words(settings_vnet, &d->settings, args);
	va_end(args);
	d->base = d->settings;
}

void world_file_resource(struct desired *files, const char *vnet, const char *name, ...)
{
	struct desired_vnet *v = vnet_of(files, vnet);
	struct desired_resource *d = (struct desired_resource *)desired_find_resource(v, name)
					     ?: desired_add_resource(v);
	va_list args;

	util_copy(d->name, sizeof(d->name), name);
	d->from_config = true;
	settings_resource_default(&d->settings);
	va_start(args, name);
	set_words(settings_resource, &d->settings, args);
	va_end(args);
	d->base = d->settings;
}

void world_file_uplink(struct desired *files, const char *name, ...)
{
	struct desired_uplink *d = uplink_of(files, name) ?: desired_add_uplink(files);
	va_list args;

	util_copy(d->name, sizeof(d->name), name);
	d->from_config = true;
	settings_uplink_default(&d->settings);
	va_start(args, name);
	set_words(settings_uplink, &d->settings, args);
	va_end(args);
	d->base = d->settings;
}

void world_file_flow(struct desired *files, const char *owner, const char *name, ...)
{
	struct desired_flows *flows = flows_of(files, owner);
	struct desired_flow *d =
		(struct desired_flow *)desired_find_flow(flows, name) ?: desired_add_flow(flows);
	va_list args;

	util_copy(d->name, sizeof(d->name), name);
	d->from_config = true;
	settings_flow_default(&d->settings);
	va_start(args, name);
	set_words(settings_flow, &d->settings, args);
	va_end(args);
	d->base = d->settings;
}

/* Takes element @i out of @count elements of @size bytes. */
static void take_out(void *elements, size_t *count, size_t size, size_t i)
{
	char *at = (char *)elements + i * size;

	memmove(at, at + size, (*count - i - 1) * size);
	--*count;
}

void world_no_file(struct desired *files, const char *name)
{
	struct desired_uplink *u = uplink_of(files, name);
	struct desired_vnet *v = vnet_of(files, name);

	if (u) {
		desired_flows_clear(&u->flows);
		take_out(files->uplinks, &files->uplink_count, sizeof(*u),
			 (size_t)(u - files->uplinks));
		return;
	}
	free(v->resources);
	desired_flows_clear(&v->flows);
	take_out(files->vnets, &files->vnet_count, sizeof(*v), (size_t)(v - files->vnets));
}

void world_no_file_resource(struct desired *files, const char *vnet, const char *name)
{
	struct desired_vnet *v = vnet_of(files, vnet);
	const struct desired_resource *d = desired_find_resource(v, name);

	take_out(v->resources, &v->resource_count, sizeof(*d), (size_t)(d - v->resources));
}

void world_no_file_flow(struct desired *files, const char *owner, const char *name)
{
	struct desired_flows *flows = flows_of(files, owner);
	const struct desired_flow *d = desired_find_flow(flows, name);

	take_out(flows->flow, &flows->count, sizeof(*d), (size_t)(d - flows->flow));
}

int world_files_try(struct world *w, const struct desired *files,
		    const struct config_refused *refused)
{
	w->e = (struct error) { 0 };
	return manager_configure(w->m, files, refused, &w->e);
}

void world_files_configure(struct world *w, const struct desired *files)
{
	world_done(w, world_files_try(w, files, NULL));
	world_check(w);
}

void world_files_untouched(struct world *w, const struct desired *files)
{
	char *before, *after;

	world_done(w, manager_save(w->m, &w->e));
	before = world_text(w);
	world_forget_journal(w);
	world_forget_events(w);
	w->saves = 0;
	world_files_configure(w, files);
	after = world_text(w);
	world_same("the same files", before, after);
	ck_assert_str_eq(w->k->journal, "");
	ck_assert_str_eq(w->events, "reloaded -\n");
	ck_assert_uint_eq(w->saves, 1); /* one, whatever there is */
	free(before);
	free(after);
}
