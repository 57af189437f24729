/* SPDX-License-Identifier: GPL-2.0-or-later */
/* org.varlink.service: with it a generic client can list and call everything. */
#include "server_internal.h"

static const char server_service_description[] =
	"# What every Varlink service can be asked.\n"
	"interface org.varlink.service\n"
	"\n"
	"# Who answers here, and the interfaces that it has.\n"
	"method GetInfo() -> (\n"
	"  vendor: string,\n"
	"  product: string,\n"
	"  version: string,\n"
	"  url: string,\n"
	"  interfaces: []string\n"
	")\n"
	"\n"
	"# The description of an interface, in Varlink's language.\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

/* The first parameter that is not @known (NULL: none is), or NULL. */
static const char *server_service_unknown(struct json_object *parameters, const char *known)
{
	json_object_object_foreach(parameters, key, value)
	{
		(void)value;
		if (!known || !util_same(key, known))
			return key;
	}
	return NULL;
}

static void server_service_get_info(void *context, struct server_call *call,
				    struct json_object *parameters)
{
	const struct server *s = context;
	const char *unknown = server_service_unknown(parameters, NULL);
	struct json_object *info, *interfaces;

	if (unknown) {
		server_fail_parameter(call, unknown);
		return;
	}
	info = json_object_new_object();
	interfaces = json_object_new_array();
	json_object_array_add(interfaces, json_object_new_string(SERVER_SERVICE_INTERFACE));
	json_object_array_add(interfaces, json_object_new_string(s->options.interface));
	json_object_object_add(info, "vendor", json_object_new_string(s->options.vendor));
	json_object_object_add(info, "product", json_object_new_string(s->options.product));
	json_object_object_add(info, "version", json_object_new_string(s->options.version));
	json_object_object_add(info, "url", json_object_new_string(s->options.url));
	json_object_object_add(info, "interfaces", interfaces);
	server_reply(call, info);
}

static const char *server_service_describe(const struct server *s, const char *interface)
{
	if (util_same(interface, s->options.interface))
		return s->options.description;
	if (util_same(interface, SERVER_SERVICE_INTERFACE))
		return server_service_description;
	return NULL;
}

static void server_service_get_description(void *context, struct server_call *call,
					   struct json_object *parameters)
{
	const struct server *s = context;
	const char *unknown = server_service_unknown(parameters, "interface");
	struct json_object *interface = json_object_object_get(parameters, "interface");
	const char *description;
	struct json_object *reply;

	if (unknown || !json_object_is_type(interface, json_type_string)) {
		server_fail_parameter(call, unknown ?: "interface");
		return;
	}
	description = server_service_describe(s, json_object_get_string(interface));
	if (!description) {
		server_call_fail_service(call, "InterfaceNotFound", "interface",
					 json_object_get_string(interface));
		return;
	}
	reply = json_object_new_object();
	json_object_object_add(reply, "description", json_object_new_string(description));
	server_reply(call, reply);
}

const struct server_method server_service_methods[] = {
	{ "org.varlink.service.GetInfo", SERVER_ANYONE, server_service_get_info },
	{ "org.varlink.service.GetInterfaceDescription", SERVER_ANYONE,
	  server_service_get_description },
	{ NULL },
};
