/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the owner of a vnet may do beside providing for it: look at that vnet, and choose among the
 * ways that it already has. Whatever reaches further - devices of the host, VLANs, addresses,
 * guards and limits, which keep this vnet apart from others - is not the owner's.
 */
#include <errno.h>

#include "api_internal.h"
#include "settings_value.h"

/* NULL: it names none, or none that is there. */
static const struct vnet *api_owner_vnet(struct api *a, struct json_object *parameters,
					 const char *key)
{
	struct json_object *name = json_object_object_get(parameters, key);

	if (!json_object_is_type(name, json_type_string))
		return NULL;
	return manager_find_vnet(a->manager, json_object_get_string(name), NULL);
}

static bool api_owner_owns_any(const struct api *a, uid_t uid)
{
	for (const struct vnet *v = manager_vnets(a->manager); v; v = v->hh.next)
		if (settings_owner_is(&v->settings, uid))
			return true;
	return false;
}

bool api_owner_may_call(void *context, const struct server_call *call,
			struct json_object *parameters)
{
	const struct api_method *method = api_method_find(server_call_method(call)->name);
	bool of_vnet = !((method->required | method->optional) & API_VNET);
	const struct vnet *v = api_owner_vnet(context, parameters, of_vnet ? "name" : "vnet");

	/* They may have changed something that is to be kept. */
	if (method->run == api_keep)
		return api_owner_owns_any(context, server_call_peer(call)->uid);
	return v && settings_owner_is(&v->settings, server_call_peer(call)->uid);
}

static bool api_owner_has_key(const struct api_method *method, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = method->owner_keys; *at; at += strspn(at, " ")) {
		size_t word = strcspn(at, " ");

		if (word == len && !strncmp(at, key, len))
			return true;
		at += word;
	}
	return false;
}

static int api_owner_deny(const char *vnet, const char *field, uid_t uid, const char *what,
			  struct error *e)
{
	return error_set(e, ERROR_PERMISSION, EACCES, vnet, field,
			 "%s: uid %u owns it and may not %s: that needs root or group %s", vnet,
			 uid, what, API_CHANGE_GROUP);
}

static int api_owner_check_keys(const struct api_method *method, const struct api_arguments *args,
				const char *vnet, uid_t uid, struct error *e)
{
	char what[128], shown[SETTINGS_VALUE_TEXT_SIZE];

	json_object_object_foreach(args->settings, key, value)
	{
		if (!value || api_owner_has_key(method, key))
			continue;
		snprintf(what, sizeof(what), "set %s", settings_value_show(key, shown));
		return api_owner_deny(vnet, shown, uid, what, e);
	}
	return 0;
}

/* A way to another vnet is a question of both, so both have to be theirs. */
static int api_owner_check_peer(struct api *a, const struct api_arguments *args, uid_t uid,
				struct error *e)
{
	const struct vnet *peer = api_owner_vnet(a, args->settings, "peer_vnet");

	if (peer && settings_owner_is(&peer->settings, uid))
		return 0;
	return api_owner_deny(args->vnet, "peer_vnet", uid,
			      "add a resource but one whose peer_vnet is another vnet of theirs",
			      e);
}

/* What they cannot make again they cannot delete either; admin down takes it out of use. */
static int api_owner_check_delete(struct api *a, const struct api_arguments *args, uid_t uid,
				  struct error *e)
{
	const struct vnet *v = manager_find_vnet(a->manager, args->vnet, e);
	const struct resource *r = v ? manager_find_resource(v, args->name, e) : NULL;

	if (!r)
		return -e->number;
	if (resource_is_peer(r) || resource_is_provided(r))
		return 0;
	return api_owner_deny(args->vnet, NULL, uid, "delete a resource that has a device", e);
}

int api_owner_check(struct api *a, const struct api_method *method,
		    const struct api_arguments *args, uid_t uid, struct error *e)
{
	int err = 0;

	if (args->settings)
		err = api_owner_check_keys(method, args, args->vnet ?: args->name, uid, e);
	if (!err && method->run == api_add_resource)
		err = api_owner_check_peer(a, args, uid, e);
	if (!err && method->run == api_delete_resource)
		err = api_owner_check_delete(a, args, uid, e);
	return err;
}
