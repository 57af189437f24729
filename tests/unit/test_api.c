/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every method, over a real socket, a real manager and a kernel in memory. */
#include <errno.h>
#include <ftw.h>
#include <net/if_arp.h>

#include "../../daemon/api_internal.h"
#include "daemon/interface.h"
#include "fake_kernel.h"
#include "idl.h"
#include "talk.h"
#include "unit.h"

#define CONTROL "io.vnetd.Control."

static char root[] = "/tmp/vnet-api-XXXXXX";

/* Of the test that runs: each has a process of its own. */
static struct {
	sd_event *loop;
	struct fake_kernel *fake;
	struct manager *manager;
	struct api *api;
	struct talk client;
	struct idl idl;
	char path[64];
	int host_error; /* positive errno of reload and save, 0: they work */
	unsigned int reloads;
} t;

/* --- the world --- */

static int host_answer(struct error *e)
{
	if (!t.host_error)
		return 0;
	return error_set(e, ERROR_FAILED, t.host_error, "vnet0", "mtu", "a sentence of the host");
}

static int on_reload(void *context, struct error *e)
{
	t.reloads++;
	return host_answer(e);
}

static int on_save(void *context, struct json_object *files, struct error *e)
{
	json_object_array_add(files, json_object_new_string("/etc/vnet/vnet0.vnet"));
	return host_answer(e);
}

static void on_features(void *context, struct datapath_features *ret)
{
	*ret = (struct datapath_features) { .tcx = true, .carrier_check = true };
}

static void on_event(void *context, const struct manager_event *event)
{
	if (t.api)
		api_publish(t.api, event);
}

static void folder_make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(root));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void folder_remove(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void setup(void)
{
	static const struct manager_callbacks callbacks = { .on_event = on_event };
	static const struct api_host host = {
		.reload = on_reload, .save = on_save, .features = on_features, .instance = "test"
	};
	struct error e = { 0 };

	idl_parse(&t.idl, interface_description);
	ck_assert_int_ge(sd_event_new(&t.loop), 0);
	t.fake = fake_kernel_new();
	ck_assert_int_eq(manager_new(&t.fake->kernel, &callbacks, NULL, &t.manager), 0);
	snprintf(t.path, sizeof(t.path), "%s/%d", root, (int)getpid());
	ck_assert_msg(!api_new(t.loop, t.path, t.manager, &host, &t.api, &e), "%s", e.message);
	talk_open(&t.client, t.loop, t.path);
}

static void teardown(void)
{
	talk_close(&t.client);
	api_free(t.api);
	manager_free(t.manager);
	fake_kernel_free(t.fake);
	sd_event_unref(t.loop);
}

/* --- calls --- */

/* The reply, which has to be as described; @method without the interface. */
static struct json_object *done(const char *method, const char *parameters)
{
	char name[64];
	struct json_object *reply;

	snprintf(name, sizeof(name), CONTROL "%s", method);
	reply = talk_call(&t.client, name, parameters);
	ck_assert_msg(!talk_error(reply)[0], "%s", json_object_to_json_string(reply));
	idl_check(&t.idl, method, true, json_object_object_get(reply, "parameters"));
	return reply;
}

static void do_it(const char *method, const char *parameters)
{
	json_object_put(done(method, parameters));
}

static char *world_text(void)
{
	struct json_object *all = done("ListVnets", NULL);
	char *text = strdup(json_object_to_json_string(all));

	json_object_put(all);
	return text;
}

/* How many elements the list of a reply has. */
static size_t listed(const char *method, const char *parameters, const char *list)
{
	struct json_object *reply = done(method, parameters);
	size_t count = json_object_array_length(talk_member(reply, list));

	json_object_put(reply);
	return count;
}

/* Refused with this error, and nothing has changed. */
static void refused(const char *method, const char *parameters, const char *error,
		    const char *field, const char *message)
{
	UTIL_FREE char *before = world_text();
	UTIL_FREE char *after = NULL;
	char name[64], expected[64];
	struct json_object *reply;

	snprintf(name, sizeof(name), CONTROL "%s", method);
	snprintf(expected, sizeof(expected), CONTROL "%s", error);
	reply = talk_call(&t.client, name, parameters);
	ck_assert_str_eq(talk_error(reply), expected);
	idl_check(&t.idl, error, false, json_object_object_get(reply, "parameters"));
	ck_assert_msg(strstr(talk_text(reply, "message"), message), "%s",
		      talk_text(reply, "message"));
	ck_assert_str_eq(talk_text(reply, "field"), field);
	json_object_put(reply);
	after = world_text();
	ck_assert_str_eq(before, after);
}

static void add_device(const char *name)
{
	fake_kernel_add(t.fake, name);
	fake_kernel_tell(t.fake, t.manager, name);
}

/* vnet0 with a service s that is up and a guest g that waits. */
static void small_world(void)
{
	add_device("dev-s");
	do_it("AddVnet", "{\"name\":\"vnet0\",\"settings\":{\"address\":\"02:00:00:00:00:01\"}}");
	do_it("AddResource",
	      "{\"vnet\":\"vnet0\",\"name\":\"s\",\"settings\":{\"type\":\"service\","
	      "\"device\":\"dev-s\"}}");
	do_it("AddResource", "{\"vnet\":\"vnet0\",\"name\":\"g\",\"settings\":{\"type\":\"guest\","
			     "\"device\":\"dev-g\",\"peer\":\"02:00:00:00:00:02\"}}");
}

static const struct vnet *vnet0(void)
{
	struct error e;

	return manager_find_vnet(t.manager, "vnet0", &e);
}

static const struct resource *resource_of(const char *name)
{
	struct error e;

	return manager_find_resource(vnet0(), name, &e);
}

/* --- the description --- */

static void check_parameter(const char *method, const struct api_method *m, enum api_argument bit,
			    const char *key)
{
	const struct idl_field *f = idl_field(&t.idl, method, false, key);

	if (!((m->required | m->optional) & bit)) {
		ck_assert_msg(!f, "%s does not take %s", method, key);
		return;
	}
	ck_assert_msg(f, "%s takes %s", method, key);
	ck_assert_msg(f->optional == !(m->required & bit), "%s %s", method, key);
}

START_TEST(test_described)
{
	size_t described = 0, methods = 0;

	ck_assert_str_eq(t.idl.interface, API_INTERFACE);
	for (const struct api_method *m = api_methods; m->name; m++, methods++) {
		const char *name = m->name + strlen(CONTROL);

		ck_assert_msg(idl_member(&t.idl, IDL_METHOD, name), "%s", name);
		check_parameter(name, m, API_NAME, "name");
		check_parameter(name, m, API_VNET, "vnet");
		check_parameter(name, m, API_MAC, "mac");
		check_parameter(name, m, API_VLAN, "vlan");
		check_parameter(name, m, API_SETTINGS, "settings");
		check_parameter(name, m, API_PROVISION, "provision");
		check_parameter(name, m, API_STATE, "state");
		check_parameter(name, m, API_REASON, "reason");
		check_parameter(name, m, API_IERRORS, "ierrors");
		check_parameter(name, m, API_OERRORS, "oerrors");
		check_parameter(name, m, API_NORCVBUF, "norcvbuf");
		check_parameter(name, m, API_NOXMTBUF, "noxmtbuf");
		check_parameter(name, m, API_MALFORMED, "malformed");
		ck_assert_msg((m->run != NULL) != (m->start != NULL), "%s", name);
	}
	for (size_t i = 0; i < t.idl.member_count; i++)
		described += t.idl.members[i].kind == IDL_METHOD;
	ck_assert_uint_eq(described, methods);
}
END_TEST

START_TEST(test_errors_described)
{
	for (enum error_kind kind = ERROR_NOT_FOUND; kind <= ERROR_FAILED; kind++)
		ck_assert_ptr_nonnull(idl_member(&t.idl, IDL_ERROR, error_kind_name(kind)));
}
END_TEST

static bool is_provider_method(const char *name)
{
	return util_same(name, "Provide") || util_same(name, "Report") ||
	       util_same(name, "Count") || util_same(name, "Withdraw") ||
	       util_same(name, "OpenFlow");
}

/*
 * Whoever may only read changes nothing, whatever is added to the table. Providers, and who opens a
 * flow, are judged by the vnet they are for.
 */
START_TEST(test_access)
{
	for (const struct api_method *m = api_methods; m->name; m++) {
		const char *name = m->name + strlen(CONTROL);
		bool reads = !strncmp(name, "List", 4) || !strncmp(name, "Get", 3) ||
			     util_same(name, "Monitor");
		enum server_access expected = reads ? SERVER_READ : SERVER_CHANGE;

		if (is_provider_method(name))
			expected = SERVER_ANYONE;
		ck_assert_msg(m->access == expected, "%s", name);
	}
}
END_TEST

START_TEST(test_description_served)
{
	struct json_object *reply =
		talk_call(&t.client, "org.varlink.service.GetInterfaceDescription",
			  "{\"interface\":\"io.vnetd.Control\"}");

	ck_assert_str_eq(talk_text(reply, "description"), interface_description);
	json_object_put(reply);
	reply = talk_call(&t.client, "org.varlink.service.GetInfo", NULL);
	ck_assert_str_eq(talk_text(reply, "version"), VNET_VERSION);
	ck_assert_str_eq(talk_text(reply, "product"), "vnetd");
	json_object_put(reply);
}
END_TEST

/* --- vnets --- */

START_TEST(test_vnet)
{
	struct json_object *reply, *vnets;

	do_it("AddVnet", "{\"name\":\"vnet0\"}");
	ck_assert(mac_is_unicast(vnet0()->settings.address));
	ck_assert_uint_eq(vnet0()->settings.mtu, 1500);
	do_it("AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"mtu\":9000,\"guard\":false,"
			 "\"vlans\":\"10\",\"pvid\":5,\"netns\":null,\"monitor_interval\":0,"
			 "\"hybrid_needs_service\":true,\"promiscuous\":\"on\",\"mode\":\"tc\"}}");
	do_it("SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"mtu\":1400}}");
	ck_assert_uint_eq(vnet0()->settings.mtu, 1400);
	ck_assert(vnet0()->settings.guard);
	do_it("SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"protection\":\"ip-nospoof\","
			 "\"allowed_ips\":\"10.0.0.7\",\"storm_limit\":2000}}");
	ck_assert_uint_eq(vnet0()->settings.protection, SETTINGS_IP_NOSPOOF);
	ck_assert_uint_eq(vnet0()->settings.allowed.count, 1);
	ck_assert_uint_eq(vnet0()->settings.storm_limit, 2000);
	do_it("SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"storm_limit\":0}}");
	ck_assert_uint_eq(vnet0()->settings.storm_limit, 0);
	reply = done("ListVnets", NULL);
	ck_assert_uint_eq(json_object_array_length(talk_member(reply, "vnets")), 2);
	json_object_put(reply);
	reply = done("ListVnets", "{\"name\":\"vnet1\"}");
	vnets = talk_member(reply, "vnets");
	ck_assert_uint_eq(json_object_array_length(vnets), 1);
	ck_assert_int_eq(json_object_get_int(json_object_object_get(
				 json_object_array_get_idx(vnets, 0), "mtu")),
			 9000);
	json_object_put(reply);
	do_it("DeleteVnet", "{\"name\":\"vnet1\"}");
	ck_assert_uint_eq(manager_vnet_count(t.manager), 1);
}
END_TEST

/* The present values may be given again, what was fixed at creation among them. */
START_TEST(test_set_fixed)
{
	small_world();
	do_it("SetResource", "{\"vnet\":\"vnet0\",\"name\":\"s\",\"settings\":{"
			     "\"type\":\"service\",\"device\":\"dev-s\"}}");
	refused("SetResource",
		"{\"vnet\":\"vnet0\",\"name\":\"s\",\"settings\":{\"device\":\"other\"}}",
		"Invalid", "device",
		"vnet0/s: device is dev-s and cannot become other, it can only be given when "
		"vnet0/s is made");
	refused("SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"mtu\":1400,\"upper\":\"tap0\"}}",
		"Invalid", "upper", "vnet0: upper is not set and cannot become tap0");
}
END_TEST

static const struct {
	const char *method;
	const char *parameters;
	const char *error;
	const char *field;
	const char *message;
} refusals[] = {
	/* parameters */
	{ "AddVnet", "{}", "Invalid", "name",
	  "io.vnetd.Control.AddVnet needs the parameter name, which is a string" },
	{ "AddVnet", "{\"name\":null}", "Invalid", "name", "needs the parameter name" },
	{ "AddVnet", "{\"name\":5}", "Invalid", "name", "name expects a string, not 5" },
	{ "AddVnet", "{\"name\":[\"vnet1\"]}", "Invalid", "name",
	  "name expects a string, not [\"vnet1\"]" },
	{ "AddVnet", "{\"name\":\"vnet1\\u0000x\"}", "Invalid", "name", "expects a string, not" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"extra\":1}", "Invalid", "extra",
	  "io.vnetd.Control.AddVnet has no parameter extra" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"extra\":null}", "Invalid", "extra",
	  "has no parameter extra" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":\"x\"}", "Invalid", "settings",
	  "settings expects an object, not \"x\"" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":[]}", "Invalid", "settings",
	  "settings expects an object, not []" },
	{ "SetVnet", "{\"name\":\"vnet0\"}", "Invalid", "settings",
	  "needs the parameter settings" },
	{ "GetStatus", "{\"name\":\"vnet0\"}", "Invalid", "name", "has no parameter name" },
	{ "Flush", "{\"x\":1}", "Invalid", "x", "has no parameter x" },
	{ "Monitor", "{\"x\":1}", "Invalid", "x", "has no parameter x" },
	{ "Monitor", "{}", "Invalid", "more", "has to be called with \"more\"" },
	/* names */
	{ "AddVnet", "{\"name\":\"\"}", "Invalid", "name", "vnet name" },
	{ "AddVnet", "{\"name\":\"a b\"}", "Invalid", "name", "vnet name a b" },
	{ "AddVnet", "{\"name\":\"a-name-that-is-too-long\"}", "Invalid", "name", "at most 13" },
	{ "AddVnet", "{\"name\":\"vnet0\"}", "Exists", "name", "vnet0" },
	{ "AddResource", "{\"vnet\":\"vnet0\",\"name\":\"a/b\",\"settings\":{\"type\":\"guest\"}}",
	  "Invalid", "name", "resource name a/b" },
	{ "AddResource",
	  "{\"vnet\":\"vnet0\",\"name\":\"s\",\"settings\":{\"type\":\"hybrid\","
	  "\"device\":\"x\"}}",
	  "Exists", "name", "vnet0/s" },
	/* settings */
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"mtu\":\"abc\"}}", "Invalid", "mtu",
	  "vnet1: mtu expects an integer, not \"abc\"" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"mtu\":\"1500\"}}", "Invalid", "mtu",
	  "vnet1: mtu expects an integer, not \"1500\"" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"mtu\":1500.5}}", "Invalid", "mtu",
	  "vnet1: mtu expects an integer, not 1500.5" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"mtu\":true}}", "Invalid", "mtu",
	  "vnet1: mtu expects an integer, not true" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"mtu\":20}}", "Invalid", "mtu",
	  "vnet1: mtu 20 is not a number from 68 to 65521" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"mtu\":-1500}}", "Invalid", "mtu",
	  "vnet1: mtu -1500 is not" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"mtu\":4294968796}}", "Invalid", "mtu",
	  "vnet1: mtu 4294968796 is not" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"mtu\":99999999999999999999}}", "Invalid",
	  "mtu", "vnet1: mtu " },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"guard\":\"yes\"}}", "Invalid", "guard",
	  "vnet1: guard expects true or false, not \"yes\"" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"guard\":1}}", "Invalid", "guard",
	  "vnet1: guard expects true or false, not 1" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"vlans\":10}}", "Invalid", "vlans",
	  "vnet1: vlans expects a string, not 10" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"address\":\"02:00\"}}", "Invalid",
	  "address", "vnet1: address 02:00 is not" },
	{ "SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"storm_limit\":\"none\"}}", "Invalid",
	  "storm_limit", "vnet0: storm_limit expects an integer, not \"none\"" },
	{ "SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"storm_limit\":10000001}}", "Invalid",
	  "storm_limit", "vnet0: storm_limit 10000001 is not a number of frames a second from 1" },
	{ "SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"protection\":[\"restricted\"]}}",
	  "Invalid", "protection", "vnet0: protection expects a string, not [\"restricted\"]" },
	{ "SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"protection\":\"ip-nospoof\"}}", "Invalid",
	  "allowed_ips", "vnet0: allowed_ips is required with protection ip-nospoof" },
	{ "SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"allowed_ips\":\"::/0\"}}", "Invalid",
	  "allowed_ips", "vnet0: allowed_ips ::/0 would take in every IPv4 address" },
	{ "SetResource",
	  "{\"vnet\":\"vnet0\",\"name\":\"g\",\"settings\":{\"peer_vnet\":\"vnet1\"}}", "Invalid",
	  "peer_vnet", "vnet0/g: peer_vnet is not set and cannot become vnet1" },
	{ "AddResource",
	  "{\"vnet\":\"vnet0\",\"name\":\"h\",\"settings\":{\"type\":\"hybrid\","
	  "\"peer_vnet\":\"vnet1\"}}",
	  "Invalid", "peer_vnet", "vnet0/h: peer_vnet vnet1 cannot be given for type hybrid" },
	{ "AddVnet", "{\"name\":\"vnet1\",\"settings\":{\"mtuu\":1500}}", "Invalid", "mtuu",
	  "vnet1: mtuu is not a setting" },
	{ "SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"mtu\":1400,\"mtuu\":1}}", "Invalid",
	  "mtuu", "vnet0: mtuu is not a setting" },
	{ "SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"mtu\":1400,\"pvid\":5000}}", "Invalid",
	  "pvid", "vnet0: pvid 5000 is not a number from 1 to 4094" },
	{ "AddResource", "{\"vnet\":\"vnet0\",\"name\":\"h\",\"settings\":{}}", "Invalid", "type",
	  "vnet0/h: type is required" },
	{ "AddResource",
	  "{\"vnet\":\"vnet0\",\"name\":\"h\",\"settings\":{\"type\":\"hybrid\","
	  "\"device\":\"x\",\"priority\":\"best\"}}",
	  "Invalid", "priority", "vnet0/h: priority expects an integer, not \"best\"" },
	{ "SetResource",
	  "{\"vnet\":\"vnet0\",\"name\":\"g\",\"settings\":{\"admin\":\"sideways\"}}", "Invalid",
	  "admin", "vnet0/g: admin sideways is not up or down" },
	/* not there */
	{ "SetVnet", "{\"name\":\"none\",\"settings\":{}}", "NotFound", "", "none" },
	{ "DeleteVnet", "{\"name\":\"none\"}", "NotFound", "", "none" },
	{ "ListVnets", "{\"name\":\"none\"}", "NotFound", "", "none" },
	{ "AddResource", "{\"vnet\":\"none\",\"name\":\"s\",\"settings\":{}}", "NotFound", "",
	  "none" },
	{ "SetResource", "{\"vnet\":\"none\",\"name\":\"s\",\"settings\":{}}", "NotFound", "",
	  "none" },
	{ "SetResource", "{\"vnet\":\"vnet0\",\"name\":\"none\",\"settings\":{}}", "NotFound", "",
	  "none" },
	{ "DeleteResource", "{\"vnet\":\"vnet0\",\"name\":\"none\"}", "NotFound", "", "none" },
	{ "DeleteResource", "{\"vnet\":\"none\",\"name\":\"s\"}", "NotFound", "", "none" },
	{ "ListResources", "{\"vnet\":\"none\"}", "NotFound", "", "none" },
	{ "ListResources", "{\"vnet\":\"vnet0\",\"name\":\"none\"}", "NotFound", "", "none" },
	{ "ListResources", "{\"name\":\"s\"}", "Invalid", "vnet", "without its vnet" },
	{ "ListFdb", "{\"vnet\":\"none\"}", "NotFound", "", "none" },
	{ "GetStats", "{\"vnet\":\"none\"}", "NotFound", "", "none" },
	{ "GetStats", "{\"vnet\":\"vnet0\",\"name\":\"none\"}", "NotFound", "", "none" },
	{ "GetHistory", "{\"owner\":\"none\"}", "NotFound", "", "no vnet or uplink \"none\"" },
	{ "GetHistory", "{\"owner\":\"vnet0\",\"name\":\"f\"}", "NotFound", "",
	  "vnet vnet0 has no flow \"f\"" },
	{ "GetHistory", "{\"name\":\"f\"}", "Invalid", "owner", "without its owner" },
	{ "GetHistory", "{\"since\":0}", "Invalid", "since",
	  "since 0 is not a number from 1 to 2147483647" },
	{ "GetHistory", "{\"interval\":-1}", "Invalid", "interval",
	  "interval -1 is not a number from 1 to 2147483647" },
	{ "GetHistory", "{\"samples\":2147483648}", "Invalid", "samples",
	  "samples 2147483648 is not a number from 1 to 2147483647" },
	{ "AddUplink", "{\"name\":\"a b\",\"settings\":{}}", "Invalid", "name", "a b" },
	{ "AddUplink", "{\"name\":\"up0\",\"settings\":{}}", "Invalid", "device", "up0" },
	{ "AddUplink", "{\"name\":\"up0\",\"settings\":{\"steer\":\"x\"}}", "Invalid", "steer",
	  "x" },
	{ "SetUplink", "{\"name\":\"none\",\"settings\":{}}", "NotFound", "", "none" },
	{ "DeleteUplink", "{\"name\":\"none\"}", "NotFound", "", "none" },
	{ "ListUplinks", "{\"name\":\"none\"}", "NotFound", "", "none" },
	{ "AddFlow", "{\"owner\":\"none\",\"name\":\"f\"}", "NotFound", "", "none" },
	{ "AddFlow", "{\"owner\":\"vnet0\",\"name\":\"f\",\"settings\":{\"lport\":\"5\"}}",
	  "Invalid", "lport", "vnet0/f" },
	{ "SetFlow", "{\"owner\":\"vnet0\",\"name\":\"f\",\"settings\":{}}", "NotFound", "", "f" },
	{ "DeleteFlow", "{\"owner\":\"vnet0\",\"name\":\"f\"}", "NotFound", "", "f" },
	{ "ListFlows", "{\"owner\":\"none\"}", "NotFound", "", "none" },
	{ "ListFlows", "{\"owner\":\"vnet0\",\"name\":\"f\"}", "NotFound", "", "f" },
	{ "ListFlows", "{\"name\":\"f\"}", "Invalid", "owner", "without its owner" },
	{ "OpenFlow", "{\"owner\":\"vnet0\",\"name\":\"f\"}", "Invalid", "more",
	  "has to be called with \"more\"" },
	{ "PrepareMigration", "{\"name\":\"none\"}", "NotFound", "", "none" },
	{ "FinishMigration", "{\"name\":\"none\"}", "NotFound", "", "none" },
	{ "PrepareMigration", "{}", "Invalid", "name", "needs the parameter name" },
	{ "GetStats", "{\"name\":\"s\"}", "Invalid", "vnet", "without its vnet" },
	/* providers */
	{ "ClearResource", "{\"vnet\":\"vnet0\",\"name\":\"none\"}", "NotFound", "", "none" },
	{ "ClearResource", "{\"vnet\":\"vnet0\",\"name\":\"s\"}", "Invalid", "",
	  "vnet0/s: is up, there is nothing to clear" },
	{ "Provide", "{\"provision\":{}}", "Invalid", "more", "has to be called with \"more\"" },
	{ "Report", "{\"state\":\"up\"}", "Invalid", "oneway", "has to be called with \"oneway\"" },
	{ "Report", "{\"state\":7}", "Invalid", "state", "state expects a string, not 7" },
	{ "Count", "{\"ierrors\":0,\"oerrors\":0,\"norcvbuf\":0,\"noxmtbuf\":0,\"malformed\":0}",
	  "Invalid", "oneway", "io.vnetd.Control.Count has to be called with" },
	{ "Count", "{\"ierrors\":0}", "Invalid", "oerrors", "needs the parameter oerrors" },
	{ "Withdraw", "{}", "Invalid", "oneway", "on the connection of a Provide that is open" },
	/* paths */
	{ "GetPath", "{\"vnet\":\"none\",\"mac\":\"02:00:00:00:00:02\"}", "NotFound", "", "none" },
	{ "GetPath", "{\"vnet\":\"vnet0\"}", "Invalid", "mac", "needs the parameter mac" },
	{ "GetPath", "{\"vnet\":\"vnet0\",\"mac\":\"02:00\"}", "Invalid", "mac",
	  "vnet0: mac 02:00 is not a MAC address like 02:00:00:00:00:01" },
	{ "GetPath", "{\"vnet\":\"vnet0\",\"mac\":\"02:00:00:00:00:02\",\"vlan\":0}", "Invalid",
	  "vlan", "vnet0: vlan 0 is not a number from 1 to 4094" },
	{ "GetPath", "{\"vnet\":\"vnet0\",\"mac\":\"02:00:00:00:00:02\",\"vlan\":4095}", "Invalid",
	  "vlan", "vnet0: vlan 4095 is not" },
	{ "GetPath", "{\"vnet\":\"vnet0\",\"mac\":\"02:00:00:00:00:02\",\"vlan\":65537}", "Invalid",
	  "vlan", "vnet0: vlan 65537 is not" },
	{ "GetPath", "{\"vnet\":\"vnet0\",\"mac\":\"02:00:00:00:00:02\",\"vlan\":\"1\"}", "Invalid",
	  "vlan", "vlan expects an integer, not \"1\"" },
};

START_TEST(test_refused)
{
	small_world();
	refused(refusals[_i].method, refusals[_i].parameters, refusals[_i].error,
		refusals[_i].field, refusals[_i].message);
}
END_TEST

/* --- resources --- */

START_TEST(test_resource)
{
	struct json_object *reply, *resources;

	small_world();
	ck_assert_int_eq(resource_of("s")->state, RESOURCE_UP);
	ck_assert_int_eq(resource_of("g")->state, RESOURCE_WAITING);
	do_it("SetResource",
	      "{\"vnet\":\"vnet0\",\"name\":\"s\",\"settings\":{\"admin\":\"down\"}}");
	ck_assert_int_eq(resource_of("s")->state, RESOURCE_DOWN);
	do_it("AddVnet", "{\"name\":\"vnet1\"}");
	do_it("AddResource",
	      "{\"vnet\":\"vnet1\",\"name\":\"s\",\"settings\":{\"type\":\"service\","
	      "\"device\":\"dev-s1\"}}");
	reply = done("ListResources", NULL);
	ck_assert_uint_eq(json_object_array_length(talk_member(reply, "resources")), 3);
	json_object_put(reply);
	reply = done("ListResources", "{\"vnet\":\"vnet0\"}");
	ck_assert_uint_eq(json_object_array_length(talk_member(reply, "resources")), 2);
	json_object_put(reply);
	reply = done("ListResources", "{\"vnet\":\"vnet0\",\"name\":\"g\"}");
	resources = talk_member(reply, "resources");
	ck_assert_uint_eq(json_object_array_length(resources), 1);
	ck_assert_str_eq(json_object_get_string(json_object_object_get(
				 json_object_array_get_idx(resources, 0), "peer")),
			 "02:00:00:00:00:02");
	json_object_put(reply);
	do_it("DeleteResource", "{\"vnet\":\"vnet0\",\"name\":\"g\"}");
	ck_assert_uint_eq(manager_resource_count(t.manager), 2);
}
END_TEST

/* A number in place of a word, as the others have it. */
START_TEST(test_uplink)
{
	add_device("n0");
	ck_assert_uint_eq(listed("ListUplinks", NULL, "uplinks"), 0);
	do_it("AddUplink", "{\"name\":\"up0\",\"settings\":{\"device\":\"n0\"}}");
	do_it("AddUplink", "{\"name\":\"up1\",\"settings\":{\"device\":\"n1\",\"steer\":\"ip\"}}");
	do_it("SetUplink", "{\"name\":\"up0\",\"settings\":{\"device\":\"n0\",\"steer\":\"ip\"}}");
	do_it("AddVnet", "{\"name\":\"vnet0\"}");
	do_it("AddResource", "{\"vnet\":\"vnet0\",\"name\":\"up0\",\"settings\":{"
			     "\"type\":\"service\",\"uplink\":\"up0\"}}");
	ck_assert_uint_eq(listed("ListUplinks", NULL, "uplinks"), 2);
	ck_assert_uint_eq(listed("ListUplinks", "{\"name\":\"up1\"}", "uplinks"), 1);
	refused("SetUplink", "{\"name\":\"up0\",\"settings\":{\"device\":\"n9\"}}", "Invalid",
		"device", "up0: device is n0 and cannot become n9");
	refused("DeleteUplink", "{\"name\":\"up0\"}", "Busy", "", "up0: vnet vnet0 is on it");
	do_it("DeleteUplink", "{\"name\":\"up1\"}");
	ck_assert_uint_eq(listed("ListUplinks", NULL, "uplinks"), 1);
}
END_TEST

START_TEST(test_flow)
{
	small_world();
	do_it("AddFlow", "{\"owner\":\"vnet0\",\"name\":\"all\"}");
	do_it("AddFlow", "{\"owner\":\"vnet0\",\"name\":\"web\",\"settings\":{\"proto\":\"tcp\","
			 "\"lport\":\"80-89\",\"maxbw\":\"1mbit\",\"dir\":\"in\","
			 "\"local\":\"10.0.0.0/8\",\"priority\":\"low\",\"to\":\"xsk\"}}");
	do_it("SetFlow", "{\"owner\":\"vnet0\",\"name\":\"web\",\"settings\":{\"to\":\"none\","
			 "\"local\":\"any\",\"maxbw\":\"none\"}}");
	ck_assert_uint_eq(listed("ListFlows", NULL, "flows"), 2);
	ck_assert_uint_eq(listed("ListFlows", "{\"owner\":\"vnet0\"}", "flows"), 2);
	ck_assert_uint_eq(listed("ListFlows", "{\"owner\":\"vnet0\",\"name\":\"web\"}", "flows"),
			  1);
	refused("AddFlow", "{\"owner\":\"vnet0\",\"name\":\"web\"}", "Exists", "name", "vnet0/web");
	do_it("DeleteFlow", "{\"owner\":\"vnet0\",\"name\":\"web\"}");
	ck_assert_uint_eq(listed("ListFlows", NULL, "flows"), 1);
}
END_TEST

START_TEST(test_inherit)
{
	small_world();
	do_it("SetResource", "{\"vnet\":\"vnet0\",\"name\":\"g\",\"settings\":{\"pvid\":9}}");
	ck_assert_uint_eq(resource_of("g")->settings.pvid, 9);
	do_it("SetResource", "{\"vnet\":\"vnet0\",\"name\":\"g\",\"settings\":{\"pvid\":0}}");
	ck_assert_uint_eq(resource_of("g")->settings.pvid, 0);
}
END_TEST

START_TEST(test_fdb)
{
	struct json_object *reply;

	small_world();
	add_device("dev-g");
	reply = done("ListFdb", NULL);
	ck_assert_uint_eq(json_object_array_length(talk_member(reply, "entries")), 1);
	json_object_put(reply);
	do_it("AddVnet", "{\"name\":\"vnet1\"}");
	reply = done("ListFdb", "{\"vnet\":\"vnet1\"}");
	ck_assert_uint_eq(json_object_array_length(talk_member(reply, "entries")), 0);
	json_object_put(reply);
}
END_TEST

static void expect_path(const char *mac, const char *vlan, const char *resource, const char *reason)
{
	char parameters[128];
	struct json_object *reply;

	snprintf(parameters, sizeof(parameters), "{\"vnet\":\"vnet0\",\"mac\":\"%s\"%s}", mac,
		 vlan);
	reply = done("GetPath", parameters);
	ck_assert_str_eq(talk_text(reply, "resource"), resource);
	ck_assert_str_eq(talk_text(reply, "reason"), reason);
	ck_assert_str_eq(talk_text(reply, "mac"), mac);
	ck_assert_str_ne(talk_text(reply, "why"), "");
	ck_assert(json_object_object_get_ex(json_object_object_get(reply, "parameters"), "type",
					    NULL));
	if (!resource[0])
		ck_assert_ptr_null(talk_member(reply, "resource"));
	ck_assert_int_eq(talk_number(reply, "vlan"), vlan[0] ? 7 : 0);
	json_object_put(reply);
}

START_TEST(test_path)
{
	small_world();
	expect_path("02:00:00:00:00:02", "", "s", "guest-over-service");
	add_device("dev-g");
	expect_path("02:00:00:00:00:02", "", "g", "guest");
	expect_path("02:00:00:00:00:09", "", "s", "service");
	expect_path("ff:ff:ff:ff:ff:ff", "", "s", "multicast");
	expect_path("02:00:00:00:00:02", ",\"vlan\":7", "", "vlan");
	fake_kernel_tell_gone(t.fake, t.manager, "dev-s");
	expect_path("02:00:00:00:00:09", "", "", "no_path");
}
END_TEST

START_TEST(test_stats)
{
	struct json_object *reply, *stats;

	small_world();
	t.fake->counters.tx_packets = 5;
	reply = done("GetStats", NULL);
	ck_assert_uint_eq(json_object_array_length(talk_member(reply, "stats")), 1);
	json_object_put(reply);
	reply = done("GetStats", "{\"vnet\":\"vnet0\",\"name\":\"s\"}");
	stats = json_object_object_get(json_object_array_get_idx(talk_member(reply, "stats"), 0),
				       "resources");
	ck_assert_uint_eq(json_object_array_length(stats), 1);
	ck_assert_int_eq(json_object_get_int(json_object_object_get(
				 json_object_array_get_idx(stats, 0), "opackets")),
			 5);
	json_object_put(reply);
}
END_TEST

/* --- history --- */

static struct json_object *samples_of(struct json_object *reply, size_t row)
{
	return json_object_object_get(json_object_array_get_idx(talk_member(reply, "history"), row),
				      "samples");
}

/* The packets received at each sample of the answer, "1 2 3". */
static void expect_samples(const char *parameters, size_t rows, const char *expected)
{
	struct json_object *reply = done("GetHistory", parameters), *samples, *sample;
	char text[256] = "", *end = text;

	ck_assert_uint_eq(json_object_array_length(talk_member(reply, "history")), rows);
	samples = samples_of(reply, 0);
	for (size_t i = 0; i < json_object_array_length(samples); i++) {
		sample = json_object_array_get_idx(samples, i);
		end += sprintf(end, "%s%d", i ? " " : "",
			       json_object_get_int(json_object_object_get(sample, "ipackets")));
	}
	ck_assert_str_eq(text, expected);
	json_object_put(reply);
}

/* Resources of the small world: their packets are in sum what is told. */
static void pass_seconds(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		t.fake->counters.rx_packets++;
		t.fake->now_us += 1000000;
		if (manager_due_us(t.manager) <= t.fake->now_us)
			manager_on_time(t.manager, t.fake->now_us);
	}
}

START_TEST(test_history)
{
	small_world();
	expect_samples(NULL, 1, "");
	manager_history_set(t.manager, 10, 4);
	pass_seconds(1);
	expect_samples(NULL, 1, "2"); /* there are two resources */
	pass_seconds(35);
	expect_samples("{\"owner\":\"vnet0\"}", 1, "2 22 42 62");
	pass_seconds(10);
	expect_samples("{\"owner\":\"vnet0\"}", 1, "22 42 62 82");
	expect_samples("{\"samples\":2}", 1, "62 82");
	expect_samples("{\"interval\":20}", 1, "42 82");
	expect_samples("{\"interval\":20,\"samples\":1}", 1, "82");
	expect_samples("{\"since\":20}", 1, "62 82");
	do_it("AddFlow", "{\"owner\":\"vnet0\",\"name\":\"f\"}");
	expect_samples("{\"owner\":\"vnet0\",\"name\":\"f\"}", 1, "");
	pass_seconds(10);
	expect_samples("{\"owner\":\"vnet0\",\"name\":\"f\"}", 1, "1");
	t.fake->counters.rx_packets = 0;
	expect_samples("{\"samples\":1}", 1, "102");
}
END_TEST

/* --- the rest --- */

START_TEST(test_status)
{
	struct json_object *reply, *features;

	small_world();
	reply = done("GetStatus", NULL);
	ck_assert_str_eq(talk_text(reply, "version"), VNET_VERSION);
	ck_assert_str_eq(talk_text(reply, "instance"), "test");
	ck_assert_int_eq(talk_number(reply, "pid"), getpid());
	ck_assert_int_le(talk_number(reply, "uptime_s"), 60);
	ck_assert_int_eq(talk_number(reply, "vnets"), 1);
	ck_assert_int_eq(talk_number(reply, "resources"), 2);
	features = talk_member(reply, "features");
	ck_assert(json_object_get_boolean(json_object_object_get(features, "tcx")));
	ck_assert(!json_object_get_boolean(json_object_object_get(features, "xdp")));
	ck_assert(json_object_get_boolean(json_object_object_get(features, "carrier_check")));
	json_object_put(reply);
}
END_TEST

START_TEST(test_reload_and_save)
{
	struct json_object *reply;

	do_it("Keep", NULL);
	do_it("Reload", NULL);
	ck_assert_uint_eq(t.reloads, 1);
	reply = done("Save", NULL);
	ck_assert_str_eq(json_object_to_json_string_ext(talk_member(reply, "files"),
							JSON_C_TO_STRING_PLAIN |
								JSON_C_TO_STRING_NOSLASHESCAPE),
			 "[\"/etc/vnet/vnet0.vnet\"]");
	json_object_put(reply);
	t.host_error = EIO;
	refused("Reload", "{}", "Failed", "mtu", "a sentence of the host");
	refused("Save", "{}", "Failed", "mtu", "a sentence of the host");
}
END_TEST

START_TEST(test_flush)
{
	small_world();
	do_it("Flush", NULL);
	ck_assert_uint_eq(manager_vnet_count(t.manager), 0);
	ck_assert(t.fake->flushed);
}
END_TEST

/* The kernel's no is the client's, and nothing has changed. */
START_TEST(test_kernel_refuses)
{
	small_world();
	fake_kernel_fail(t.fake, "veth_add", EPERM, 0);
	refused("AddVnet", "{\"name\":\"vnet1\"}", "Failed", "", "vnet1");
}
END_TEST

/* --- events --- */

static void monitor_open(struct talk *c)
{
	struct json_object *reply;

	talk_open(c, t.loop, t.path);
	ck_assert(talk_request(c, "{\"method\":\"" CONTROL "Monitor\",\"more\":true}"));
	reply = talk_receive(c);
	ck_assert_str_eq(json_object_to_json_string_ext(reply, JSON_C_TO_STRING_PLAIN),
			 "{\"parameters\":{},\"continues\":true}");
	json_object_put(reply);
}

static struct json_object *monitor_next(struct talk *c)
{
	struct json_object *reply = talk_receive(c);

	ck_assert(json_object_get_boolean(json_object_object_get(reply, "continues")));
	idl_check(&t.idl, "Monitor", true, json_object_object_get(reply, "parameters"));
	return reply;
}

static void expect_event(struct talk *c, const char *event, const char *resource)
{
	struct json_object *reply = monitor_next(c), *o = talk_member(reply, "event"), *value;

	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "event")), event);
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "vnet")), "vnet0");
	value = json_object_object_get(o, "resource");
	ck_assert_str_eq(value ? json_object_get_string(value) : "", resource);
	ck_assert(!json_object_object_get_ex(o, "dropped", NULL));
	json_object_put(reply);
}

START_TEST(test_monitor)
{
	struct talk first, second;

	monitor_open(&first);
	do_it("AddVnet", "{\"name\":\"vnet0\"}");
	monitor_open(&second);
	do_it("AddResource",
	      "{\"vnet\":\"vnet0\",\"name\":\"s\",\"settings\":{\"type\":\"service\","
	      "\"device\":\"dev-s\"}}");
	expect_event(&first, "vnet-added", "");
	expect_event(&first, "resource-added", "s");
	expect_event(&second, "resource-added", "s");
	talk_close(&first);
	do_it("DeleteResource", "{\"vnet\":\"vnet0\",\"name\":\"s\"}");
	expect_event(&second, "resource-removed", "s");
	/* Both have gone before the API has. */
	talk_close(&second);
	talk_settle(t.loop);
	ck_assert_ptr_null(t.api->subscribers);
	do_it("DeleteVnet", "{\"name\":\"vnet0\"}");
}
END_TEST

static void publish(uint64_t number)
{
	const struct manager_event event = { .type = MANAGER_RELOADED, .time_us = number };

	api_publish(t.api, &event);
}

/*
 * Nobody reads: what waits is bounded, and who reads again learns how many events are missing and
 * gets all others in order.
 */
START_TEST(test_monitor_unread)
{
	enum { COUNT = 30000 };
	struct json_object *reply, *dropped = NULL;
	uint64_t seen = 0;
	struct talk c;

	monitor_open(&c);
	for (unsigned int i = 0; i < COUNT; i++) {
		publish(i);
		ck_assert_uint_lt(server_call_queued_bytes(t.api->subscribers->call), 2097152);
		talk_settle(t.loop);
	}
	ck_assert_uint_gt(t.api->subscribers->dropped, 0);
	for (seen = 0; seen < COUNT - t.api->subscribers->dropped; seen++) {
		reply = monitor_next(&c);
		ck_assert(!json_object_object_get_ex(talk_member(reply, "event"), "dropped", NULL));
		json_object_put(reply);
	}
	publish(COUNT);
	reply = monitor_next(&c);
	ck_assert(json_object_object_get_ex(talk_member(reply, "event"), "dropped", &dropped));
	ck_assert_uint_eq(json_object_get_uint64(dropped) + seen, COUNT);
	json_object_put(reply);
	publish(COUNT + 1);
	reply = monitor_next(&c);
	ck_assert(!json_object_object_get_ex(talk_member(reply, "event"), "dropped", NULL));
	json_object_put(reply);
	talk_close(&c);
}
END_TEST

START_TEST(test_monitor_until_the_end)
{
	struct talk c;

	monitor_open(&c);
	api_free(t.api);
	t.api = NULL;
	talk_expect_eof(&c);
	talk_close(&c);
}
END_TEST

/* --- migrations --- */

static void ask_migration(struct talk *c)
{
	talk_open(c, t.loop, t.path);
	ck_assert(talk_request(c, "{\"method\":\"" CONTROL "PrepareMigration\",\"parameters\":{"
				  "\"name\":\"vnet0\"}}"));
	talk_settle(t.loop);
}

/* As after each turn of the loop. */
static void pass(uint64_t us)
{
	t.fake->now_us += us;
	manager_on_time(t.manager, t.fake->now_us);
	api_migrations_settle(t.api);
	talk_settle(t.loop);
}

static void migration_is(struct talk *c, const char *expected)
{
	struct json_object *reply = talk_receive(c);

	ck_assert_str_eq(json_object_to_json_string_ext(
				 reply, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			 expected);
	json_object_put(reply);
	talk_close(c);
}

/* Who prepares one is answered when the devices are free, and not before. */
START_TEST(test_migration)
{
	struct talk first, second, third;

	small_world();
	do_it("PrepareMigration", "{\"name\":\"vnet0\"}"); /* nothing to wait for */
	do_it("FinishMigration", "{\"name\":\"vnet0\"}");
	add_device("dev-h");
	do_it("AddResource", "{\"vnet\":\"vnet0\",\"name\":\"h\",\"settings\":{"
			     "\"type\":\"hybrid\",\"device\":\"dev-h\"}}");
	ask_migration(&first);
	ask_migration(&second);
	ask_migration(&third);
	ck_assert_uint_gt(resource_of("h")->ifindex, 0);
	pass(100000);
	ck_assert_ptr_nonnull(t.api->migrations);
	talk_close(&second); /* has no patience */
	talk_settle(t.loop);
	pass(100000);
	ck_assert_ptr_null(t.api->migrations);
	ck_assert_uint_eq(resource_of("h")->ifindex, 0);
	migration_is(&first, "{\"parameters\":{}}");
	migration_is(&third, "{\"parameters\":{}}");
	do_it("PrepareMigration", "{\"name\":\"vnet0\"}"); /* it is prepared */
	do_it("FinishMigration", "{\"name\":\"vnet0\"}");
	ck_assert_int_eq(resource_of("h")->state, RESOURCE_UP);
	/* somebody finishes it, or removes the vnet, before it is prepared */
	ask_migration(&first);
	do_it("FinishMigration", "{\"name\":\"vnet0\"}");
	pass(0);
	migration_is(&first,
		     "{\"error\":\"" CONTROL "Failed\",\"parameters\":{\"message\":\"vnet0: the "
		     "migration was finished before it was prepared\",\"errno\":125,"
		     "\"object\":\"vnet0\"}}");
	ask_migration(&first);
	do_it("DeleteVnet", "{\"name\":\"vnet0\"}");
	pass(0);
	migration_is(&first,
		     "{\"error\":\"" CONTROL "NotFound\",\"parameters\":{\"message\":\"there is no "
		     "vnet \\\"vnet0\\\"\",\"errno\":2,\"object\":\"vnet0\"}}");
	/* and the API goes while somebody waits */
	do_it("AddVnet", "{\"name\":\"vnet0\"}");
	do_it("AddResource", "{\"vnet\":\"vnet0\",\"name\":\"h\",\"settings\":{"
			     "\"type\":\"hybrid\",\"device\":\"dev-h\"}}");
	ask_migration(&first);
	ck_assert_ptr_nonnull(t.api->migrations);
	api_free(t.api);
	t.api = NULL;
	talk_expect_eof(&first);
	talk_close(&first);
}
END_TEST

/* --- making --- */

START_TEST(test_socket_taken)
{
	static const struct api_host host = { 0 };
	struct error e = { 0 };
	struct api *other = NULL;

	ck_assert_int_eq(api_new(t.loop, t.path, t.manager, &host, &other, &e), -EADDRINUSE);
	ck_assert_int_eq(e.kind, ERROR_BUSY);
	ck_assert_ptr_null(other);
}
END_TEST

int main(void)
{
	TCase *tc;
	Suite *s = unit_suite("api", &tc);

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, folder_make, folder_remove);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_described);
	tcase_add_test(tc, test_errors_described);
	tcase_add_test(tc, test_access);
	tcase_add_test(tc, test_description_served);
	tcase_add_test(tc, test_vnet);
	tcase_add_test(tc, test_set_fixed);
	tcase_add_loop_test(tc, test_refused, 0, UTIL_ARRAY_SIZE(refusals));
	tcase_add_test(tc, test_resource);
	tcase_add_test(tc, test_uplink);
	tcase_add_test(tc, test_flow);
	tcase_add_test(tc, test_inherit);
	tcase_add_test(tc, test_fdb);
	tcase_add_test(tc, test_path);
	tcase_add_test(tc, test_stats);
	tcase_add_test(tc, test_history);
	tcase_add_test(tc, test_status);
	tcase_add_test(tc, test_reload_and_save);
	tcase_add_test(tc, test_flush);
	tcase_add_test(tc, test_kernel_refuses);
	tcase_add_test(tc, test_monitor);
	tcase_add_test(tc, test_monitor_unread);
	tcase_add_test(tc, test_monitor_until_the_end);
	tcase_add_test(tc, test_migration);
	tcase_add_test(tc, test_socket_taken);
	return unit_run(s);
}
