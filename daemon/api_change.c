/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods that change something. The manager validates; here names and settings become its calls.
 */
#include "api_internal.h"

#define API_LABEL_SIZE 64

int api_add_vnet(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e)
{
	struct vnet_settings settings;
	int err;

	/* The name begins every sentence about the settings, so it has to be a name. */
	err = settings_check_name("vnet", args->name, SETTINGS_NAME_SIZE, e);
	if (err)
		return err;
	settings_vnet_default(&settings);
	err = api_settings_apply(settings_vnet, &settings, NULL, args->name, args->settings, e);
	if (err)
		return err;
	return args->uplink
		       ? manager_vnet_add_on(a->manager, args->name, &settings, args->uplink, e)
		       : manager_vnet_add(a->manager, args->name, &settings, e);
}

int api_set_vnet(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e)
{
	const struct vnet *v = manager_find_vnet(a->manager, args->name, e);
	struct vnet_settings settings;
	int err;

	if (!v)
		return -e->number;
	settings = v->settings;
	err = api_settings_apply(settings_vnet, &settings, &v->settings, v->name, args->settings,
				 e);
	return err ?: manager_vnet_set(a->manager, args->name, &settings, e);
}

int api_delete_vnet(struct api *a, const struct api_arguments *args, struct json_object *reply,
		    struct error *e)
{
	return manager_vnet_del(a->manager, args->name, e);
}

int api_add_resource(struct api *a, const struct api_arguments *args, struct json_object *reply,
		     struct error *e)
{
	const struct vnet *v = manager_find_vnet(a->manager, args->vnet, e);
	struct resource_settings settings;
	char label[API_LABEL_SIZE];
	int err;

	if (!v)
		return -e->number;
	err = settings_check_name("resource", args->name, DESIRED_RESOURCE_NAME_SIZE, e);
	if (err)
		return err;
	snprintf(label, sizeof(label), "%s/%s", v->name, args->name);
	settings_resource_default(&settings);
	err = api_settings_apply(settings_resource, &settings, NULL, label, args->settings, e);
	return err ?: manager_resource_add(a->manager, args->vnet, args->name, &settings, e);
}

int api_set_resource(struct api *a, const struct api_arguments *args, struct json_object *reply,
		     struct error *e)
{
	const struct vnet *v = manager_find_vnet(a->manager, args->vnet, e);
	const struct resource *r = v ? manager_find_resource(v, args->name, e) : NULL;
	struct resource_settings settings;
	char label[RESOURCE_LABEL_SIZE];
	int err;

	if (!r)
		return -e->number;
	settings = r->settings;
	err = api_settings_apply(settings_resource, &settings, &r->settings,
				 resource_label(r, label), args->settings, e);
	return err ?: manager_resource_set(a->manager, args->vnet, args->name, &settings, e);
}

int api_delete_resource(struct api *a, const struct api_arguments *args, struct json_object *reply,
			struct error *e)
{
	return manager_resource_del(a->manager, args->vnet, args->name, e);
}

int api_clear_resource(struct api *a, const struct api_arguments *args, struct json_object *reply,
		       struct error *e)
{
	return manager_resource_clear(a->manager, args->vnet, args->name, e);
}

int api_keep(struct api *a, const struct api_arguments *args, struct json_object *reply,
	     struct error *e)
{
	return manager_keep(a->manager, e);
}

int api_reload(struct api *a, const struct api_arguments *args, struct json_object *reply,
	       struct error *e)
{
	return a->host.reload(a->host.context, e);
}

int api_save(struct api *a, const struct api_arguments *args, struct json_object *reply,
	     struct error *e)
{
	struct json_object *files = json_object_new_array();

	json_object_object_add(reply, "files", files);
	return a->host.save(a->host.context, files, e);
}

int api_flush(struct api *a, const struct api_arguments *args, struct json_object *reply,
	      struct error *e)
{
	return manager_flush(a->manager, e);
}
