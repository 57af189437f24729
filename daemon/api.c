/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of methods, and the way that all of them go from parameters to reply. */
#include <errno.h>
#include <time.h>

#include "api_internal.h"
#include "daemon/interface.h"
#include "log.h"

#define API_VENDOR     "vnet"
#define API_PRODUCT    "vnetd"
#define API_URL	       "man:vnetd(8)"
#define API_READ_GROUP "vnet"

#define ANYONE SERVER_ANYONE
#define READ   SERVER_READ
#define CHANGE SERVER_CHANGE

/* clang-format off */
const struct api_method api_methods[] = {
	/* name, access, required, optional, run, start, owner_keys */
	{ "io.vnetd.Control.AddVnet", CHANGE, API_NAME,
	  API_SETTINGS | API_UPLINK | API_LATER, api_add_vnet },
	{ "io.vnetd.Control.SetVnet", CHANGE, API_NAME | API_SETTINGS, API_LATER, api_set_vnet,
	  .owner_keys = "hold_down hybrid_needs_service" },
	{ "io.vnetd.Control.DeleteVnet", CHANGE, API_NAME, API_LATER, api_delete_vnet },
	{ "io.vnetd.Control.PrepareMigration", CHANGE, API_NAME, 0, NULL, api_prepare_migration,
	  .owner_keys = "" },
	{ "io.vnetd.Control.FinishMigration", CHANGE, API_NAME, 0, api_finish_migration,
	  .owner_keys = "" },
	{ "io.vnetd.Control.ListVnets", READ, 0, API_NAME, api_list_vnets, .owner_keys = "" },
	{ "io.vnetd.Control.AddResource", CHANGE,
	  API_VNET | API_NAME | API_SETTINGS, API_LATER, api_add_resource,
	  .owner_keys = "type peer_vnet admin" },
	{ "io.vnetd.Control.SetResource", CHANGE,
	  API_VNET | API_NAME | API_SETTINGS, API_LATER, api_set_resource,
	  .owner_keys = "admin priority" },
	{ "io.vnetd.Control.DeleteResource", CHANGE, API_VNET | API_NAME, API_LATER,
	  api_delete_resource, .owner_keys = "" },
	{ "io.vnetd.Control.ClearResource", CHANGE, API_VNET | API_NAME, 0, api_clear_resource,
	  .owner_keys = "" },
	{ "io.vnetd.Control.ListResources", READ, 0, API_VNET | API_NAME, api_list_resources,
	  .owner_keys = "" },
	{ "io.vnetd.Control.AddUplink", CHANGE, API_NAME | API_SETTINGS, API_LATER, api_add_uplink },
	{ "io.vnetd.Control.SetUplink", CHANGE, API_NAME | API_SETTINGS, API_LATER, api_set_uplink },
	{ "io.vnetd.Control.DeleteUplink", CHANGE, API_NAME, API_LATER, api_delete_uplink },
	{ "io.vnetd.Control.ListUplinks", READ, 0, API_NAME, api_list_uplinks },
	{ "io.vnetd.Control.AddFlow", CHANGE,
	  API_OWNER | API_NAME, API_SETTINGS | API_LATER, api_add_flow },
	{ "io.vnetd.Control.SetFlow", CHANGE,
	  API_OWNER | API_NAME | API_SETTINGS, API_LATER, api_set_flow },
	{ "io.vnetd.Control.DeleteFlow", CHANGE, API_OWNER | API_NAME, API_LATER, api_delete_flow },
	/* Who owns a vnet may have its frames, as the manager knows. */
	{ "io.vnetd.Control.OpenFlow", ANYONE, API_OWNER | API_NAME, API_FRAMES, NULL, api_open_flow },
	{ "io.vnetd.Control.ListFlows", READ, 0, API_OWNER | API_NAME, api_list_flows },
	{ "io.vnetd.Control.ListFdb", READ, 0, API_VNET, api_list_fdb, .owner_keys = "" },
	{ "io.vnetd.Control.GetPath", READ, API_VNET | API_MAC, API_VLAN, api_get_path,
	  .owner_keys = "" },
	{ "io.vnetd.Control.GetStats", READ, 0, API_VNET | API_NAME, NULL, api_get_stats,
	  .owner_keys = "" },
	{ "io.vnetd.Control.GetHistory", READ, 0,
	  API_OWNER | API_NAME | API_SINCE | API_INTERVAL | API_SAMPLES, api_get_history },
	{ "io.vnetd.Control.Monitor", READ, 0, 0, NULL, api_monitor },
	/* Who owns a vnet may provide for it, as the manager knows; the rest is about what they provide. */
	{ "io.vnetd.Control.Provide", ANYONE, API_PROVISION, 0, NULL, api_provide },
	{ "io.vnetd.Control.Report", ANYONE, API_STATE, API_REASON, NULL, api_report },
	{ "io.vnetd.Control.Count", ANYONE, API_COUNTS, 0, NULL, api_count },
	{ "io.vnetd.Control.Withdraw", ANYONE, 0, 0, NULL, api_withdraw },
	{ "io.vnetd.Control.Keep", CHANGE, 0, 0, api_keep, .owner_keys = "" },
	{ "io.vnetd.Control.Reload", CHANGE, 0, 0, api_reload },
	{ "io.vnetd.Control.Save", CHANGE, 0, 0, api_save },
	{ "io.vnetd.Control.Flush", CHANGE, 0, 0, api_flush },
	{ "io.vnetd.Control.GetStatus", READ, 0, 0, api_get_status },
	{ NULL },
};
/* clang-format on */

uint64_t api_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

const struct api_method *api_method_find(const char *name)
{
	const struct api_method *m = api_methods;

	/* The server finds its methods in a copy of this very table. */
	while (!util_same(m->name, name))
		m++;
	return m;
}

void api_audit(const char *method, const char *vnet, const char *resource,
	       const struct server_peer *peer)
{
	log_event(LOG_NOTICE, LOG_ID_CHANGE, vnet, resource,
		  "%s%s%s%s%s done for uid %u, gid %u, pid %d", method, vnet ? " " : "", vnet ?: "",
		  resource ? "/" : "", resource ?: "", peer->uid, peer->gid, (int)peer->pid);
}

static int api_run(struct api *a, const struct api_method *method, struct server_call *call,
		   struct json_object *parameters, struct error *e)
{
	struct server_peer peer = *server_call_peer(call);
	struct json_object *reply;
	struct api_arguments args;
	int err;

	err = api_arguments_read(parameters, method, &args, e);
	if (err)
		return err;
	if (method->access == SERVER_CHANGE && !server_call_may_change(call))
		err = api_owner_check(a, method, &args, peer.uid, e);
	if (err)
		return err;
	if (method->start)
		return method->start(a, call, &args, e);
	reply = json_object_new_object();
	manager_keep_later(a->manager, args.later);
	err = method->run(a, &args, reply, e);
	manager_keep_later(a->manager, false);
	if (err) {
		json_object_put(reply);
		return err;
	}
	if (method->access == SERVER_CHANGE)
		api_audit(method->name + strlen(API_INTERFACE "."),
			  args.vnet ?: args.owner ?: args.name,
			  args.vnet || args.owner ? args.name : NULL, &peer);
	server_reply(call, reply);
	return 0;
}

static void api_on_call(void *context, struct server_call *call, struct json_object *parameters)
{
	const struct api_method *method = api_method_find(server_call_method(call)->name);
	struct error e = { 0 };

	if (api_run(context, method, call, parameters, &e))
		server_fail(call, &e);
}

static int api_make_methods(struct api *a)
{
	a->methods = calloc(UTIL_ARRAY_SIZE(api_methods), sizeof(*a->methods));
	if (!a->methods)
		return -ENOMEM;
	for (size_t i = 0; api_methods[i].name; i++) {
		a->methods[i] = (struct server_method) {
			.name = api_methods[i].name,
			.access = api_methods[i].access,
			.run = api_on_call,
			.excepts = api_methods[i].owner_keys ? api_owner_may_call : NULL,
		};
	}
	return 0;
}

static int api_serve(struct api *a, sd_event *loop, struct error *e)
{
	const struct server_options options = {
		.path = a->path,
		.vendor = API_VENDOR,
		.product = API_PRODUCT,
		.version = VNET_VERSION,
		.url = API_URL,
		.interface = API_INTERFACE,
		.description = interface_description,
		.methods = a->methods,
		.context = a,
		.read_group = API_READ_GROUP,
		.change_group = API_CHANGE_GROUP,
	};

	return server_new(loop, &options, &a->server, e);
}

int api_new(sd_event *loop, const char *socket_path, struct manager *m, const struct api_host *host,
	    struct api **ret, struct error *e)
{
	struct api *a = calloc(1, sizeof(*a));
	int err = -ENOMEM;

	if (a) {
		a->loop = loop;
		a->manager = m;
		a->host = *host;
		a->started_us = api_now_us();
		a->path = strdup(socket_path);
	}
	if (a && a->path)
		err = api_make_methods(a);
	if (err)
		error_set(e, ERROR_FAILED, -err, NULL, NULL, "cannot listen on %s: no memory",
			  socket_path);
	else
		err = api_serve(a, loop, e);
	if (err) {
		api_free(a);
		return err;
	}
	*ret = a;
	return 0;
}

void api_free(struct api *a)
{
	if (!a)
		return;
	/* Closes the connections, with which subscribers, providers and questions go. */
	a->stopping = true;
	server_free(a->server);
	sd_event_source_disable_unref(a->look);
	free(a->methods);
	free(a->path);
	free(a);
}
