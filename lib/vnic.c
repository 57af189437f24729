// SPDX-License-Identifier: LGPL-2.1-or-later
/* VNICs: a vnet on an uplink, and what leads frames to it. Made of the calls that there are. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

#define VNIC_TEXT_SIZE 256

static int vnic_fail(struct vnet_client *c, const char *name, const char *field, int number,
		     const char *what)
{
	return client_fail(c, VNET_ERROR_LOCAL, number, name, field, "%s%s%s", name ? name : "",
			   name ? ": " : "", what);
}

static int vnic_need(struct vnet_client *c, const char *what, const void *value)
{
	int r = client_begin(c);

	return r < 0 || value ? r : vnic_fail(c, NULL, NULL, EINVAL, what);
}

int vnet_create(struct vnet_client *client, const char *uplink, const char *name, const char *mac)
{
	const struct vnet_setting settings[] = {
		{ "uplink", uplink },
		{ "address", mac },
	};
	int r = vnic_need(client, "the uplink is missing", uplink);

	return r < 0 ? r : vnet_add(client, name, settings, mac ? 2 : 1);
}

/* --- flows that lead to it --- */

/* An array of objects, from the text of an answer, which is freed. */
static int vnic_parse(struct vnet_client *c, char *text, struct json_object **ret)
{
	struct json_object *array = json_tokener_parse(text);

	vnet_free(text);
	if (!json_object_is_type(array, json_type_array)) {
		json_object_put(array);
		return client_fail(c, VNET_ERROR_PROTOCOL, EPROTO, NULL, NULL,
				   "the answer of vnetd is no list");
	}
	*ret = array;
	return 0;
}

/* Borrowed; NULL: it is none. */
static const char *vnic_text(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static int vnic_remove_flow(struct vnet_client *c, struct json_object *flow, const char *to)
{
	const char *target = vnic_text(flow, "to"), *owner = vnic_text(flow, "owner");
	const char *name = vnic_text(flow, "name");
	int r;

	if (!target || !owner || !name || strcmp(target, to) != 0)
		return 0;
	r = vnet_flow_delete(c, owner, name);
	return r == -ENOENT ? 0 : r; /* somebody else was faster */
}

static int vnic_remove_flows(struct vnet_client *c, const char *vnet)
{
	struct json_object *flows;
	char to[VNIC_TEXT_SIZE], *text;
	size_t i;
	int r = vnet_flow_list(c, NULL, NULL, &text);

	if (r == 0)
		r = vnic_parse(c, text, &flows);
	if (r < 0)
		return r;
	snprintf(to, sizeof(to), "vnet %s", vnet);
	for (i = 0; r == 0 && i < json_object_array_length(flows); i++)
		r = vnic_remove_flow(c, json_object_array_get_idx(flows, i), to);
	json_object_put(flows);
	return r;
}

int vnet_destroy(struct vnet_client *client, const char *name)
{
	char *text;
	int r = vnic_need(client, "the name is missing", name);

	/* Nothing is touched for a name that there is not. */
	if (r == 0)
		r = vnet_list(client, name, &text);
	if (r < 0)
		return r;
	vnet_free(text);
	r = vnic_remove_flows(client, name);
	return r < 0 ? r : vnet_delete(client, name);
}

/* --- steering --- */

/* The one uplink that a resource of the vnet is on; the caller frees @ret. */
static int vnic_uplink(struct vnet_client *c, const char *vnet, char **ret)
{
	const char *found = NULL, *one;
	struct json_object *resources;
	size_t i, n = 0;
	char *text;
	int r = vnet_resource_list(c, vnet, NULL, &text);

	if (r == 0)
		r = vnic_parse(c, text, &resources);
	if (r < 0)
		return r;
	for (i = 0; i < json_object_array_length(resources); i++) {
		one = vnic_text(json_object_array_get_idx(resources, i), "uplink");
		found = one ? one : found;
		n += one != NULL;
	}
	*ret = n == 1 ? strdup(found) : NULL;
	if (n != 1)
		r = vnic_fail(c, vnet, "uplink", ENODEV,
			      n ? "it is on more than one uplink: expected one"
				: "it is on no uplink: expected one");
	else if (!*ret)
		r = vnic_fail(c, vnet, NULL, ENOMEM, "there is no memory left");
	json_object_put(resources);
	return r;
}

static int vnic_check(struct vnet_client *c, const char *name, const struct vnet_setting *settings,
		      size_t count)
{
	size_t i;

	if (count > 0 && !settings)
		return vnic_fail(c, name, NULL, EINVAL, "the settings are missing");
	for (i = 0; i < count; i++)
		if (settings[i].key &&
		    (strcmp(settings[i].key, "dir") == 0 || strcmp(settings[i].key, "to") == 0))
			return vnic_fail(c, name, settings[i].key, EINVAL,
					 "dir and to are given by where the frames are to go");
	return 0;
}

static int vnic_steer_flow(struct vnet_client *c, const char *vnet, const char *flow,
			   const struct vnet_setting *settings, size_t count)
{
	char to[VNIC_TEXT_SIZE], *uplink;
	struct vnet_setting *all;
	int r = vnic_uplink(c, vnet, &uplink);

	if (r < 0)
		return r;
	all = calloc(count + 2, sizeof(*all));
	if (all) {
		snprintf(to, sizeof(to), "vnet %s", vnet);
		if (count > 0)
			memcpy(all, settings, count * sizeof(*all));
		all[count] = (struct vnet_setting) { "dir", "in" };
		all[count + 1] = (struct vnet_setting) { "to", to };
		r = vnet_flow_add(c, uplink, flow, all, count + 2);
	} else {
		r = vnic_fail(c, vnet, NULL, ENOMEM, "there is no memory left");
	}
	free(all);
	free(uplink);
	return r;
}

int vnet_steer(struct vnet_client *client, const char *name, const char *flow,
	       const struct vnet_setting *settings, size_t count)
{
	int r = vnic_need(client, "the name is missing", name);

	if (r == 0)
		r = vnic_check(client, name, settings, count);
	if (r < 0)
		return r;
	if (flow)
		return vnic_steer_flow(client, name, flow, settings, count);
	if (count != 1 || !settings[0].key || strcmp(settings[0].key, "address") != 0)
		return vnic_fail(
			client, name, "address", EINVAL,
			"without a flow frames are led by the MAC: expected address alone");
	return vnet_set(client, name, settings, count);
}
