/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Methods that tell something. */
#include <errno.h>

#include "api_internal.h"
#include "path.h"
#include "settings_value.h"
#include "show.h"

#define API_USEC_PER_SEC 1000000

int api_each_vnet(struct api *a, const char *name, struct json_object *array,
		  void (*each)(const struct vnet *v, struct json_object *array), struct error *e)
{
	const struct vnet *v;

	if (name) {
		v = manager_find_vnet(a->manager, name, e);
		if (!v)
			return -e->number;
		each(v, array);
		return 0;
	}
	for (v = manager_vnets(a->manager); v; v = v->hh.next)
		each(v, array);
	return 0;
}

int api_one_resource(struct api *a, const char *vnet, const char *name, const struct resource **ret,
		     struct error *e)
{
	const struct resource *r = NULL;
	const struct vnet *v;

	if (name && !vnet)
		return error_set(e, ERROR_INVALID, EINVAL, NULL, "vnet",
				 "the name of a resource was given without its vnet");
	if (name) {
		v = manager_find_vnet(a->manager, vnet, e);
		r = v ? manager_find_resource(v, name, e) : NULL;
		if (!r)
			return -e->number;
	}
	*ret = r;
	return 0;
}

static void api_add_vnet_row(const struct vnet *v, struct json_object *array)
{
	json_object_array_add(array, show_vnet(v));
}

int api_list_vnets(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e)
{
	struct json_object *vnets = json_object_new_array();

	json_object_object_add(reply, "vnets", vnets);
	return api_each_vnet(a, args->name, vnets, api_add_vnet_row, e);
}

static void api_add_resource_rows(const struct vnet *v, struct json_object *array)
{
	for (const struct resource *r = v->resources; r; r = r->hh.next)
		json_object_array_add(array, show_resource(r));
}

int api_list_resources(struct api *a, const struct api_arguments *args, struct json_object *reply,
		       struct error *e)
{
	struct json_object *resources = json_object_new_array();
	const struct resource *only;
	int err = api_one_resource(a, args->vnet, args->name, &only, e);

	json_object_object_add(reply, "resources", resources);
	if (err)
		return err;
	if (!only)
		return api_each_vnet(a, args->vnet, resources, api_add_resource_rows, e);
	json_object_array_add(resources, show_resource(only));
	return 0;
}

static void api_add_fdb_rows(const struct vnet *v, struct json_object *array)
{
	struct json_object *rows = show_fdb(v);

	for (size_t i = 0; i < json_object_array_length(rows); i++)
		json_object_array_add(array, json_object_get(json_object_array_get_idx(rows, i)));
	json_object_put(rows);
}

int api_list_fdb(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e)
{
	struct json_object *entries = json_object_new_array();

	json_object_object_add(reply, "entries", entries);
	return api_each_vnet(a, args->vnet, entries, api_add_fdb_rows, e);
}

static int api_check_path(const struct api_arguments *args, const struct vnet *v,
			  uint8_t mac[MAC_LEN], struct error *e)
{
	char shown[SETTINGS_VALUE_TEXT_SIZE];

	if (mac_parse(args->mac, mac))
		return error_set(e, ERROR_INVALID, EINVAL, v->name, "mac",
				 "%s: mac %s is not a MAC address like 02:00:00:00:00:01", v->name,
				 settings_value_show(args->mac, shown));
	if (args->given & API_VLAN && (args->vlan < VLAN_FIRST || args->vlan > VLAN_LAST))
		return error_set(e, ERROR_INVALID, EINVAL, v->name, "vlan",
				 "%s: vlan %lld is not a number from %d to %d", v->name,
				 (long long)args->vlan, VLAN_FIRST, VLAN_LAST);
	return 0;
}

int api_get_path(struct api *a, const struct api_arguments *args, struct json_object *reply,
		 struct error *e)
{
	const struct vnet *v = manager_find_vnet(a->manager, args->vnet, e);
	char text[MAC_TEXT_SIZE];
	struct path_answer answer;
	uint8_t mac[MAC_LEN];
	const char *type;
	int err;

	if (!v)
		return -e->number;
	err = api_check_path(args, v, mac, e);
	if (err)
		return err;
	err = path_find(v, mac, (uint16_t)args->vlan, &answer);
	if (err)
		return error_set(e, ERROR_FAILED, -err, v->name, NULL,
				 "%s: the data path could not be asked: %s", v->name,
				 strerror(-err));
	type = answer.resource ? settings_type_name(answer.resource->settings.type) : NULL;
	json_object_object_add(reply, "vnet", json_object_new_string(v->name));
	json_object_object_add(reply, "mac", json_object_new_string(mac_format(mac, text)));
	json_object_object_add(reply, "vlan", json_object_new_int64(args->vlan));
	json_object_object_add(reply, "resource",
			       answer.resource ? json_object_new_string(answer.resource->name)
					       : NULL);
	json_object_object_add(reply, "type", type ? json_object_new_string(type) : NULL);
	json_object_object_add(reply, "reason", json_object_new_string(answer.reason));
	json_object_object_add(reply, "why", json_object_new_string(answer.why));
	return 0;
}

int api_get_status(struct api *a, const struct api_arguments *args, struct json_object *reply,
		   struct error *e)
{
	struct json_object *features = json_object_new_object();
	struct datapath_features has = { 0 };

	a->host.features(a->host.context, &has);
	json_object_object_add(features, "tcx", json_object_new_boolean(has.tcx));
	json_object_object_add(features, "xdp", json_object_new_boolean(has.xdp));
	json_object_object_add(features, "carrier_check",
			       json_object_new_boolean(has.carrier_check));
	json_object_object_add(reply, "version", json_object_new_string(VNET_VERSION));
	json_object_object_add(reply, "instance", json_object_new_string(a->host.instance));
	json_object_object_add(reply, "pid", json_object_new_int(getpid()));
	json_object_object_add(
		reply, "uptime_s",
		json_object_new_uint64((api_now_us() - a->started_us) / API_USEC_PER_SEC));
	json_object_object_add(reply, "vnets",
			       json_object_new_uint64(manager_vnet_count(a->manager)));
	json_object_object_add(reply, "resources",
			       json_object_new_uint64(manager_resource_count(a->manager)));
	json_object_object_add(reply, "features", features);
	return 0;
}
