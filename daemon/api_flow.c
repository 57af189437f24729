/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods of flows. */
#include <errno.h>

#include "api_internal.h"
#include "show.h"

int api_add_flow(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e)
{
	struct manager_flow_owner owner;
	struct flow_settings settings;
	char label[FLOW_LABEL_SIZE];
	int err = manager_find_flow_owner(a->manager, args->owner, &owner, e);

	if (!err)
		err = settings_check_name("flow", args->name, DESIRED_RESOURCE_NAME_SIZE, e);
	if (err)
		return err;
	snprintf(label, sizeof(label), "%s/%s", owner.name, args->name);
	settings_flow_default(&settings);
	err = api_settings_apply(settings_flow, &settings, NULL, label, args->settings, e);
	return err ?: manager_flow_add(a->manager, args->owner, args->name, &settings, e);
}

int api_set_flow(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e)
{
	struct manager_flow_owner owner;
	struct flow_settings settings;
	char label[FLOW_LABEL_SIZE];
	struct flow *f;
	int err = manager_find_flow_owner(a->manager, args->owner, &owner, e);

	if (err)
		return err;
	f = manager_find_flow(&owner, args->name, e);
	if (!f)
		return -ENOENT;
	settings = f->settings;
	err = api_settings_apply(settings_flow, &settings, &f->settings, flow_label(f, label),
				 args->settings, e);
	return err ?: manager_flow_set(a->manager, args->owner, args->name, &settings, e);
}

int api_delete_flow(struct api *a, const struct api_arguments *args, struct json_object *reply,
		    struct error *e)
{
	return manager_flow_del(a->manager, args->owner, args->name, e);
}

static void add_rows(struct api *a, struct flow *flows, struct json_object *array)
{
	for (struct flow *f = flows; f; f = f->hh.next)
		json_object_array_add(array, show_flow(manager_kernel(a->manager), f));
}

static int list_owner(struct api *a, const struct api_arguments *args, struct json_object *array,
		      struct error *e)
{
	struct manager_flow_owner owner;
	struct flow *f;
	int err = manager_find_flow_owner(a->manager, args->owner, &owner, e);

	if (err)
		return err;
	if (!args->name) {
		add_rows(a, *owner.flows, array);
		return 0;
	}
	f = manager_find_flow(&owner, args->name, e);
	if (!f)
		return -ENOENT;
	json_object_array_add(array, show_flow(manager_kernel(a->manager), f));
	return 0;
}

int api_list_flows(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e)
{
	struct json_object *flows = json_object_new_array();

	json_object_object_add(reply, "flows", flows);
	if (args->name && !args->owner)
		return error_set(e, ERROR_INVALID, EINVAL, NULL, "owner",
				 "the name of a flow was given without its owner");
	if (args->owner)
		return list_owner(a, args, flows, e);
	for (const struct uplink *u = manager_uplinks(a->manager); u; u = u->hh.next)
		add_rows(a, u->flows, flows);
	for (const struct vnet *v = manager_vnets(a->manager); v; v = v->hh.next)
		add_rows(a, v->flows, flows);
	return 0;
}
