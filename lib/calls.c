// SPDX-License-Identifier: LGPL-2.1-or-later
/* The methods of io.vnetd.Control, one function each. */
#include <errno.h>
#include <stdio.h>

#include "typed.h"

/*
 * Parameters under construction. Adding to NULL is a no-op and a failed addition leaves NULL, which
 * the call itself then reports as no memory.
 */
static void calls_add(struct json_object **parameters, const char *key, struct json_object *value)
{
	if (!*parameters || !value || json_object_object_add(*parameters, key, value) < 0) {
		json_object_put(value);
		json_object_put(*parameters);
		*parameters = NULL;
	}
}

/* NULL: the parameter is left out. */
static void calls_add_text(struct json_object **parameters, const char *key, const char *text)
{
	if (text)
		calls_add(parameters, key, json_object_new_string(text));
}

/* What users call a setting may be a parameter of the method. */
static void calls_lift(struct json_object **parameters, struct json_object *settings,
		       const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(settings, key, &value))
		return;
	calls_add(parameters, key, json_object_get(value));
	json_object_object_del(settings, key);
}

/* @of: what @owner is called among the parameters. */
static struct json_object *calls_names(const char *of, const char *owner, const char *name)
{
	struct json_object *parameters = json_object_new_object();

	calls_add_text(&parameters, of, owner);
	calls_add_text(&parameters, "name", name);
	return parameters;
}

/* A change; @parameters as of client_call(). */
static int calls_do(struct vnet_client *c, const char *method, struct json_object *parameters)
{
	int r;

	if (c->keep_later)
		calls_add(&parameters, "later", json_object_new_boolean(true));
	r = client_call(c, method, parameters, NULL);
	c->unkept |= c->keep_later && r == 0;
	return r;
}

static int calls_need(struct vnet_client *c, const char *what, const void *value)
{
	int r = client_begin(c);

	if (r == 0 && !value)
		r = client_fail(c, VNET_ERROR_LOCAL, EINVAL, NULL, NULL, "%s is missing", what);
	return r;
}

/* A method that takes names and settings. @owner is NULL for methods on a vnet itself. */
static int calls_change(struct vnet_client *c, const char *method, const char *of,
			const char *owner, const char *name, const struct vnet_setting *settings,
			size_t count)
{
	struct json_object *parameters, *json;
	char object[128];
	int r;

	r = calls_need(c, "the name", name);
	if (r < 0)
		return r;
	if (count > 0 && !settings)
		return client_fail(c, VNET_ERROR_LOCAL, EINVAL, name, NULL,
				   "%s: the settings are missing", name);
	snprintf(object, sizeof(object), "%s%s%s", owner ? owner : "", owner ? "/" : "", name);
	r = typed_settings(c, object, settings, count, &json);
	if (r < 0)
		return r;
	parameters = calls_names(of, owner, name);
	if (!owner)
		calls_lift(&parameters, json, "uplink");
	calls_add(&parameters, "settings", json);
	return calls_do(c, method, parameters);
}

/* A question whose answer is the reply's field @key, or the whole reply if that is NULL. */
static int calls_ask(struct vnet_client *c, const char *method, struct json_object *parameters,
		     const char *key, char **ret)
{
	struct json_object *reply, *value;
	int r;

	r = client_call(c, method, parameters, &reply);
	if (r < 0)
		return r;
	value = reply;
	if (key && !json_object_object_get_ex(reply, key, &value)) {
		c->spent = true;
		r = client_fail(c, VNET_ERROR_PROTOCOL, EPROTO, NULL, NULL,
				"the answer of vnetd to %s has no %s", method, key);
	} else if (ret) {
		r = client_text(c, value, ret);
	}
	json_object_put(reply);
	return r;
}

int vnet_add(struct vnet_client *client, const char *name, const struct vnet_setting *settings,
	     size_t count)
{
	return calls_change(client, "AddVnet", "vnet", NULL, name, settings, count);
}

int vnet_set(struct vnet_client *client, const char *name, const struct vnet_setting *settings,
	     size_t count)
{
	return calls_change(client, "SetVnet", "vnet", NULL, name, settings, count);
}

int vnet_delete(struct vnet_client *client, const char *name)
{
	int r = calls_need(client, "the name", name);

	return r < 0 ? r : calls_do(client, "DeleteVnet", calls_names("vnet", NULL, name));
}

static int calls_migration(struct vnet_client *c, const char *method, const char *name)
{
	int r = calls_need(c, "the name", name);

	return r < 0 ? r : client_call(c, method, calls_names("vnet", NULL, name), NULL);
}

int vnet_prepare_migration(struct vnet_client *client, const char *name)
{
	return calls_migration(client, "PrepareMigration", name);
}

int vnet_finish_migration(struct vnet_client *client, const char *name)
{
	return calls_migration(client, "FinishMigration", name);
}

int vnet_resource_add(struct vnet_client *client, const char *vnet, const char *name,
		      const struct vnet_setting *settings, size_t count)
{
	int r = calls_need(client, "the vnet", vnet);

	return r < 0 ? r : calls_change(client, "AddResource", "vnet", vnet, name, settings, count);
}

int vnet_resource_set(struct vnet_client *client, const char *vnet, const char *name,
		      const struct vnet_setting *settings, size_t count)
{
	int r = calls_need(client, "the vnet", vnet);

	return r < 0 ? r : calls_change(client, "SetResource", "vnet", vnet, name, settings, count);
}

int vnet_resource_delete(struct vnet_client *client, const char *vnet, const char *name)
{
	int r = calls_need(client, "the vnet", vnet);

	if (r == 0)
		r = calls_need(client, "the name", name);
	return r < 0 ? r : calls_do(client, "DeleteResource", calls_names("vnet", vnet, name));
}

int vnet_uplink_add(struct vnet_client *client, const char *name,
		    const struct vnet_setting *settings, size_t count)
{
	return calls_change(client, "AddUplink", "vnet", NULL, name, settings, count);
}

int vnet_uplink_set(struct vnet_client *client, const char *name,
		    const struct vnet_setting *settings, size_t count)
{
	return calls_change(client, "SetUplink", "vnet", NULL, name, settings, count);
}

int vnet_uplink_delete(struct vnet_client *client, const char *name)
{
	int r = calls_need(client, "the name", name);

	return r < 0 ? r : calls_do(client, "DeleteUplink", calls_names("vnet", NULL, name));
}

int vnet_uplink_list(struct vnet_client *client, const char *name, char **ret)
{
	return calls_ask(client, "ListUplinks", calls_names("vnet", NULL, name), "uplinks", ret);
}

static int calls_flow(struct vnet_client *c, const char *method, const char *owner,
		      const char *name, const struct vnet_setting *settings, size_t count)
{
	int r = calls_need(c, "the owner", owner);

	return r < 0 ? r : calls_change(c, method, "owner", owner, name, settings, count);
}

int vnet_flow_add(struct vnet_client *client, const char *owner, const char *name,
		  const struct vnet_setting *settings, size_t count)
{
	return calls_flow(client, "AddFlow", owner, name, settings, count);
}

int vnet_flow_set(struct vnet_client *client, const char *owner, const char *name,
		  const struct vnet_setting *settings, size_t count)
{
	return calls_flow(client, "SetFlow", owner, name, settings, count);
}

int vnet_flow_delete(struct vnet_client *client, const char *owner, const char *name)
{
	int r = calls_need(client, "the owner", owner);

	if (r == 0)
		r = calls_need(client, "the name", name);
	return r < 0 ? r : calls_do(client, "DeleteFlow", calls_names("owner", owner, name));
}

int vnet_flow_list(struct vnet_client *client, const char *owner, const char *name, char **ret)
{
	return calls_ask(client, "ListFlows", calls_names("owner", owner, name), "flows", ret);
}

int vnet_keep_later(struct vnet_client *client)
{
	int r = client_begin(client);

	if (r == 0)
		client->keep_later = true;
	return r;
}

int vnet_keep(struct vnet_client *client)
{
	int r = client_begin(client);

	if (r < 0 || !client->unkept)
		return r;
	r = client_call(client, "Keep", json_object_new_object(), NULL);
	if (r == 0)
		client->unkept = false;
	return r;
}

int vnet_reload(struct vnet_client *client)
{
	return client_call(client, "Reload", json_object_new_object(), NULL);
}

int vnet_save(struct vnet_client *client, char **ret)
{
	return calls_ask(client, "Save", json_object_new_object(), NULL, ret);
}

int vnet_flush(struct vnet_client *client)
{
	return client_call(client, "Flush", json_object_new_object(), NULL);
}

int vnet_list(struct vnet_client *client, const char *name, char **ret)
{
	return calls_ask(client, "ListVnets", calls_names("vnet", NULL, name), "vnets", ret);
}

int vnet_resource_list(struct vnet_client *client, const char *vnet, const char *name, char **ret)
{
	return calls_ask(client, "ListResources", calls_names("vnet", vnet, name), "resources",
			 ret);
}

int vnet_fdb_list(struct vnet_client *client, const char *vnet, char **ret)
{
	return calls_ask(client, "ListFdb", calls_names("vnet", vnet, NULL), "entries", ret);
}

int vnet_path(struct vnet_client *client, const char *vnet, const char *mac, int vlan, char **ret)
{
	struct json_object *parameters;
	int r;

	r = calls_need(client, "the vnet", vnet);
	if (r == 0)
		r = calls_need(client, "the MAC", mac);
	if (r < 0)
		return r;
	parameters = calls_names("vnet", vnet, NULL);
	calls_add_text(&parameters, "mac", mac);
	if (vlan >= 0)
		calls_add(&parameters, "vlan", json_object_new_int(vlan));
	return calls_ask(client, "GetPath", parameters, NULL, ret);
}

int vnet_stats(struct vnet_client *client, const char *vnet, const char *name, char **ret)
{
	return calls_ask(client, "GetStats", calls_names("vnet", vnet, name), "stats", ret);
}

/* 0: it is left out. */
static void calls_add_wish(struct json_object **parameters, const char *key, unsigned int value)
{
	if (value)
		calls_add(parameters, key, json_object_new_int64(value));
}

int vnet_history(struct vnet_client *client, const char *owner, const char *flow,
		 const struct vnet_history_query *query, char **ret)
{
	struct json_object *parameters = calls_names("owner", owner, flow);

	if (query) {
		calls_add_wish(&parameters, "since", query->since_s);
		calls_add_wish(&parameters, "interval", query->interval_s);
		calls_add_wish(&parameters, "samples", query->samples);
	}
	return calls_ask(client, "GetHistory", parameters, "history", ret);
}

int vnet_status(struct vnet_client *client, char **ret)
{
	return calls_ask(client, "GetStatus", json_object_new_object(), NULL, ret);
}
