/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods of uplinks. */
#include "api_internal.h"
#include "show.h"

int api_add_uplink(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e)
{
	struct uplink_settings settings;
	int err = settings_check_name("uplink", args->name, SETTINGS_NAME_SIZE, e);

	if (err)
		return err;
	settings_uplink_default(&settings);
	err = api_settings_apply(settings_uplink, &settings, NULL, args->name, args->settings, e);
	return err ?: manager_uplink_add(a->manager, args->name, &settings, e);
}

int api_set_uplink(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e)
{
	const struct uplink *u = manager_find_uplink(a->manager, args->name, e);
	struct uplink_settings settings;
	int err;

	if (!u)
		return -e->number;
	settings = u->settings;
	err = api_settings_apply(settings_uplink, &settings, &u->settings, u->name, args->settings,
				 e);
	return err ?: manager_uplink_set(a->manager, args->name, &settings, e);
}

int api_delete_uplink(struct api *a, const struct api_arguments *args, struct json_object *reply,
		      struct error *e)
{
	return manager_uplink_del(a->manager, args->name, e);
}

int api_list_uplinks(struct api *a, const struct api_arguments *args, struct json_object *reply,
		     struct error *e)
{
	struct json_object *uplinks = json_object_new_array();
	const struct uplink *u = manager_uplinks(a->manager);

	json_object_object_add(reply, "uplinks", uplinks);
	if (args->name) {
		u = manager_find_uplink(a->manager, args->name, e);
		if (!u)
			return -e->number;
		json_object_array_add(uplinks, show_uplink(u));
		return 0;
	}
	for (; u; u = u->hh.next)
		json_object_array_add(uplinks, show_uplink(u));
	return 0;
}
