/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "save.h"

#include <errno.h>

#include "config.h"

static bool flows_are_saved(const struct desired_flows *flows)
{
	for (size_t i = 0; i < flows->count; i++)
		if (!flows->flow[i].from_config ||
		    !desired_same(settings_flow, &flows->flow[i].settings, &flows->flow[i].base))
			return false;
	return !flows->removed.count;
}

static bool same_flows(const struct desired_flows *a, const struct desired_flows *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct desired_flow *f = desired_find_flow(b, a->flow[i].name);

		if (!f || !desired_same(settings_flow, &a->flow[i].settings, &f->settings))
			return false;
	}
	return a->count == b->count;
}

static bool is_saved(const struct manager *m, const struct desired_vnet *d)
{
	const struct vnet *v = manager_find_vnet(m, d->name, NULL);

	if (!d->from_config || v->removed.count || !flows_are_saved(&d->flows) ||
	    !desired_same(settings_vnet, &d->settings, &d->base))
		return false;
	for (size_t i = 0; i < d->resource_count; i++) {
		const struct desired_resource *r = &d->resources[i];

		if (!r->from_config || !desired_same(settings_resource, &r->settings, &r->base))
			return false;
	}
	return true;
}

/* The files as they are now, with the complaints left to `vnetd --check`. */
static void ignore(void *context, const char *file, unsigned int line, const char *message)
{
}

static bool same_as_read(const struct desired_vnet *d, const struct desired_vnet *read)
{
	if (!read || read->resource_count != d->resource_count ||
	    !desired_same(settings_vnet, &d->settings, &read->settings) ||
	    !same_flows(&d->flows, &read->flows))
		return false;
	for (size_t i = 0; i < d->resource_count; i++) {
		const struct desired_resource *r =
			desired_find_resource(read, d->resources[i].name);

		if (!r || !desired_same(settings_resource, &r->settings, &d->resources[i].settings))
			return false;
	}
	return true;
}

/* A drop-in that is not ours to change may say something else than the file that was written. */
static int check_read_back(const char *const *dirs, const struct desired_vnet *d, struct error *e)
{
	UTIL_CLEANUP(desired_clear) struct desired config = { 0 };
	UTIL_CLEANUP(config_refused_clear) struct config_refused refused = { 0 };
	int n = config_load(dirs, &config, &refused, ignore, NULL);

	if (n < 0)
		return error_set(e, ERROR_FAILED, -n, d->name, NULL,
				 "%s: reading back what was saved failed: %s", d->name,
				 strerror(-n));
	if (same_as_read(d, desired_find(&config, d->name)))
		return 0;
	return error_set(e, ERROR_BUSY, EBUSY, d->name, NULL,
			 "%s: %s/%s.vnet was written, but a drop-in in %s.vnet.d or another file "
			 "of the same "
			 "vnet says something else; change that by hand",
			 d->name, dirs[0], d->name, d->name);
}

static int save_one(struct manager *m, const char *const *dirs, const struct desired_vnet *d,
		    struct json_object *files, struct error *e)
{
	char path[4096];
	int err = config_save(dirs[0], d, e);

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/%s.vnet", dirs[0], d->name);
	json_object_array_add(files, json_object_new_string(path));
	err = check_read_back(dirs, d, e);
	if (!err)
		manager_mark_saved(m, d->name);
	return err;
}

static int check_uplink_back(const char *const *dirs, const struct desired_uplink *d,
			     struct error *e)
{
	UTIL_CLEANUP(desired_clear) struct desired config = { 0 };
	UTIL_CLEANUP(config_refused_clear) struct config_refused refused = { 0 };
	int n = config_load(dirs, &config, &refused, ignore, NULL);
	const struct desired_uplink *read = n < 0 ? NULL : desired_find_uplink(&config, d->name);

	if (read && desired_same(settings_uplink, &d->settings, &read->settings) &&
	    same_flows(&d->flows, &read->flows))
		return 0;
	return error_set(e, ERROR_BUSY, EBUSY, d->name, NULL,
			 "%s: %s/%s.uplink was written, but a drop-in or another file of the same "
			 "name says something else; change that by hand",
			 d->name, dirs[0], d->name);
}

static int save_uplink(struct manager *m, const char *const *dirs, const struct desired_uplink *d,
		       struct json_object *files, struct error *e)
{
	char path[4096];
	int err;

	if (d->from_config && desired_same(settings_uplink, &d->settings, &d->base) &&
	    flows_are_saved(&d->flows))
		return 0;
	err = config_save_uplink(dirs[0], d, e);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/%s.uplink", dirs[0], d->name);
	json_object_array_add(files, json_object_new_string(path));
	err = check_uplink_back(dirs, d, e);
	if (!err)
		manager_mark_saved_uplink(m, d->name);
	return err;
}

int save_vnets(struct manager *m, const char *const *dirs, struct json_object *files,
	       struct error *e)
{
	UTIL_CLEANUP(desired_clear) struct desired all = { 0 };
	int err = manager_snapshot(m, &all);

	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL, "no memory to save the vnets");
	for (size_t i = 0; i < all.uplink_count && !err; i++)
		err = save_uplink(m, dirs, &all.uplinks[i], files, e);
	for (size_t i = 0; i < all.vnet_count && !err; i++) {
		desired_drop_provided(&all.vnets[i]);
		if (!is_saved(m, &all.vnets[i]))
			err = save_one(m, dirs, &all.vnets[i], files, e);
	}
	return err;
}
