/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects as JSON: the names and types of the contract, over a manager with a kernel in memory. */
#include <errno.h>

#include "../../daemon/show.h"
#include "daemon/interface.h"
#include "fake_kernel.h"
#include "idl.h"
#include "unit.h"

static struct fake_kernel *fake;
static struct manager *manager;
static struct error error;
static struct idl idl;

static const struct manager_callbacks no_callbacks;
static struct kernel_ops ops; /* the fake's, for tests to replace some */

static void setup(void)
{
	idl_parse(&idl, interface_description);
	fake = fake_kernel_new();
	ops = *fake->kernel.ops;
	fake->kernel.ops = &ops;
	ck_assert_int_eq(manager_new(&fake->kernel, &no_callbacks, NULL, &manager), 0);
}

static void teardown(void)
{
	manager_free(manager);
	fake_kernel_free(fake);
}

static struct vnet *add_vnet(const char *name, const char *key, const char *value)
{
	struct vnet_settings s;

	settings_vnet_default(&s);
	mac_parse("02:00:00:00:00:01", s.address);
	if (key)
		ck_assert_int_eq(settings_set(settings_vnet, &s, name, key, value, &error), 0);
	ck_assert_msg(!manager_vnet_add(manager, name, &s, &error), "%s", error.message);
	return manager_find_vnet(manager, name, &error);
}

static struct resource *add_resource(struct vnet *v, const char *name, const char *type,
				     const char *device, const char *peer)
{
	struct resource_settings s;

	settings_resource_default(&s);
	settings_set(settings_resource, &s, name, "type", type, &error);
	settings_set(settings_resource, &s, name, "device", device, &error);
	if (peer)
		settings_set(settings_resource, &s, name, "peer", peer, &error);
	ck_assert_msg(!manager_resource_add(manager, v->name, name, &s, &error), "%s",
		      error.message);
	return manager_find_resource(v, name, &error);
}

static void add_device(const char *name)
{
	fake_kernel_add(fake, name);
	fake_kernel_tell(fake, manager, name);
}

static const char *text(struct json_object *o, const char *key)
{
	struct json_object *value = json_object_object_get(o, key);

	ck_assert_msg(json_object_is_type(value, json_type_string), "%s: %s", key,
		      json_object_to_json_string(o));
	return json_object_get_string(value);
}

static int64_t number(struct json_object *o, const char *key)
{
	struct json_object *value = json_object_object_get(o, key);

	ck_assert_msg(json_object_is_type(value, json_type_int), "%s: %s", key,
		      json_object_to_json_string(o));
	return json_object_get_int64(value);
}

static bool truth(struct json_object *o, const char *key)
{
	struct json_object *value = json_object_object_get(o, key);

	ck_assert_msg(json_object_is_type(value, json_type_boolean), "%s: %s", key,
		      json_object_to_json_string(o));
	return json_object_get_boolean(value);
}

static bool is_null(struct json_object *o, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(o, key, &value) && !value;
}

START_TEST(test_vnet)
{
	struct vnet *v = add_vnet("vnet0", NULL, NULL);
	struct json_object *o;

	add_resource(v, "s", "service", "dev-s", NULL);
	add_resource(v, "g", "guest", "dev-g", "02:00:00:00:00:02");
	o = show_vnet(v);
	idl_check(&idl, "Vnet", false, o);
	ck_assert_str_eq(text(o, "name"), "vnet0");
	ck_assert_str_eq(text(o, "address"), "02:00:00:00:00:01");
	ck_assert_int_eq(number(o, "mtu"), 1500);
	ck_assert_str_eq(text(o, "upper"), "vnet0");
	ck_assert_str_eq(text(o, "port"), "vnet0-p");
	ck_assert_str_eq(text(o, "netns"), "");
	ck_assert_str_eq(text(o, "mode"), "auto");
	ck_assert(truth(o, "guard"));
	ck_assert(!truth(o, "hybrid_needs_service"));
	ck_assert_str_eq(text(o, "on_delete"), "recreate");
	ck_assert(!truth(o, "carrier"));
	ck_assert(!truth(o, "promiscuous"));
	ck_assert(truth(o, "shortcut"));
	ck_assert_int_eq(number(o, "pvid"), 1);
	ck_assert_str_eq(text(o, "vlans"), "none");
	ck_assert_int_eq(number(o, "monitor_interval"), 10);
	ck_assert_int_eq(number(o, "hold_down"), 1000);
	ck_assert_int_eq(number(o, "tx_timeout"), 2000);
	ck_assert_int_eq(number(o, "announce_count"), 3);
	ck_assert_int_eq(number(o, "announce_interval"), 1000);
	ck_assert_str_eq(text(o, "announce_addresses"), "none");
	ck_assert_str_eq(text(o, "protection"), "none");
	ck_assert_str_eq(text(o, "allowed_ips"), "none");
	ck_assert_int_eq(number(o, "storm_limit"), 0);
	ck_assert_str_eq(text(o, "origin"), "runtime");
	ck_assert_uint_eq(json_object_array_length(json_object_object_get(o, "resources")), 2);
	json_object_put(o);
	v->carrier = v->promiscuous = v->from_config = true;
	v->shortcut = false;
	o = show_vnet(v);
	ck_assert(truth(o, "carrier"));
	ck_assert(truth(o, "promiscuous"));
	ck_assert(!truth(o, "shortcut"));
	ck_assert_str_eq(text(o, "origin"), "config");
	json_object_put(o);
}
END_TEST

START_TEST(test_vnet_on_existing_device)
{
	struct json_object *o;

	add_device("tap0");
	o = show_vnet(add_vnet("vnet0", "upper", "tap0"));
	idl_check(&idl, "Vnet", false, o);
	ck_assert_str_eq(text(o, "upper"), "tap0");
	json_object_put(o);
}
END_TEST

START_TEST(test_resource_waiting)
{
	struct vnet *v = add_vnet("vnet0", NULL, NULL);
	struct json_object *o = show_resource(add_resource(v, "s", "service", "late", NULL));

	idl_check(&idl, "Resource", false, o);
	ck_assert_str_eq(text(o, "vnet"), "vnet0");
	ck_assert_str_eq(text(o, "name"), "s");
	ck_assert_str_eq(text(o, "type"), "service");
	ck_assert_str_eq(text(o, "device"), "late");
	ck_assert_int_eq(number(o, "ifindex"), 0);
	ck_assert(is_null(o, "peer"));
	ck_assert_str_eq(text(o, "admin"), "up");
	ck_assert_str_eq(text(o, "state"), "waiting");
	ck_assert_str_ne(text(o, "reason"), "");
	ck_assert(!truth(o, "active"));
	ck_assert_str_eq(text(o, "attached"), "none");
	ck_assert_str_eq(text(o, "origin"), "runtime");
	json_object_put(o);
}
END_TEST

START_TEST(test_resource_up)
{
	struct vnet *v = add_vnet("vnet0", NULL, NULL);
	struct resource *r;
	struct json_object *o;

	add_device("dev-g");
	r = add_resource(v, "g", "guest", "dev-g", "02:00:00:00:00:02");
	o = show_resource(r);
	idl_check(&idl, "Resource", false, o);
	ck_assert_str_eq(text(o, "peer"), "02:00:00:00:00:02");
	ck_assert_str_eq(text(o, "state"), "up");
	ck_assert_str_eq(text(o, "reason"), "");
	ck_assert(truth(o, "active"));
	ck_assert_int_eq(number(o, "ifindex"), r->ifindex);
	ck_assert_int_gt(r->ifindex, 0);
	ck_assert_str_ne(text(o, "attached"), "none");
	json_object_put(o);
}
END_TEST

/* What is in force: its own, or what it has from its vnet; a hybrid's untagged VLAN is 1. */
START_TEST(test_resource_vlans)
{
	struct vnet *v = add_vnet("vnet0", "vlans", "10,20-29");
	struct resource *g = add_resource(v, "g", "guest", "a", "02:00:00:00:00:02");
	struct resource *h = add_resource(v, "h", "hybrid", "b", NULL);
	struct json_object *o;

	v->settings.pvid = 7;
	o = show_resource(g);
	ck_assert_int_eq(number(o, "pvid"), 7);
	ck_assert_str_eq(text(o, "vlans"), "10,20-29");
	json_object_put(o);
	o = show_resource(h);
	ck_assert_int_eq(number(o, "pvid"), 1);
	json_object_put(o);
	g->settings.pvid = 9;
	g->settings.has_vlans = true;
	o = show_resource(g);
	ck_assert_int_eq(number(o, "pvid"), 9);
	ck_assert_str_eq(text(o, "vlans"), "none");
	json_object_put(o);
}
END_TEST

START_TEST(test_fdb)
{
	struct vnet *v = add_vnet("vnet0", "vlans", "10");
	struct json_object *rows, *row;

	rows = show_fdb(v);
	ck_assert_uint_eq(json_object_array_length(rows), 0);
	json_object_put(rows);
	add_device("dev-g");
	add_resource(v, "g", "guest", "dev-g", "02:00:00:00:00:02");
	rows = show_fdb(v);
	/* One for each VLAN: the untagged one and 10. */
	ck_assert_uint_eq(json_object_array_length(rows), 2);
	for (size_t i = 0; i < 2; i++) {
		row = json_object_array_get_idx(rows, i);
		idl_check(&idl, "FdbEntry", false, row);
		ck_assert_str_eq(text(row, "vnet"), "vnet0");
		ck_assert_str_eq(text(row, "mac"), "02:00:00:00:00:02");
		ck_assert_str_eq(text(row, "resource"), "g");
		ck_assert_str_eq(text(row, "state"), "up");
		ck_assert_int_eq(number(row, "vlan"), i ? 10 : 1);
	}
	json_object_put(rows);
}
END_TEST

static void check_counters(struct json_object *r, bool has_device)
{
	static const struct {
		const char *key;
		int64_t value;
	} counted[] = {
		{ "ipackets", 1 }, { "rbytes", 2 },   { "opackets", 3 },  { "obytes", INT64_MAX },
		{ "multircv", 5 }, { "brdcstrcv", 6 }, { "multixmt", 7 }, { "brdcstxmt", 8 },
	}, device[] = {
		{ "ierrors", 11 }, { "oerrors", 12 }, { "norcvbuf", 13 }, { "noxmtbuf", 14 },
	};

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(counted); i++)
		ck_assert_int_eq(number(r, counted[i].key), counted[i].value);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(device); i++)
		ck_assert_int_eq(number(r, device[i].key), has_device ? device[i].value : 0);
}

/* The upper and its port. */
static void check_devices(struct json_object *devices, const struct vnet *v)
{
	const char *const names[] = { v->upper, v->port };

	ck_assert_uint_eq(json_object_array_length(devices), UTIL_ARRAY_SIZE(names));
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(names); i++) {
		struct json_object *d = json_object_array_get_idx(devices, i);

		ck_assert_str_eq(text(d, "name"), names[i]);
		ck_assert_int_eq(number(d, "ierrors"), 11);
		ck_assert_int_eq(number(d, "oerrors"), 12);
		ck_assert_int_eq(number(d, "norcvbuf"), 13);
		ck_assert_int_eq(number(d, "noxmtbuf"), 14);
	}
}

START_TEST(test_stats)
{
	static const char *const reasons[] = { "malformed", "spoofed",	 "vlan",      "no_service",
					       "no_path",   "reflected", "duplicate", "not_ours",
					       "storm",	    "limited",	 "restricted" };
	struct vnet *v = add_vnet("vnet0", NULL, NULL);
	struct json_object *o, *drops, *resources;
	struct resource *late;

	add_device("dev-g");
	add_resource(v, "g", "guest", "dev-g", "02:00:00:00:00:02");
	late = add_resource(v, "late", "service", "dev-s", NULL);
	v->switches = 3;
	fake->counters = (struct abi_counters) { 1, 2, 3, INT64_MAX, 5, 6, 7, 8 };
	fake->stats = (struct kernel_link_stats) { 11, 12, 13, 14 };
	for (int i = 1; i < ABI_DROP_END; i++)
		fake->drops.count[i] = 100 + i;
	o = show_stats(v, NULL);
	idl_check(&idl, "VnetStats", false, o);
	ck_assert_str_eq(text(o, "vnet"), "vnet0");
	ck_assert_int_eq(number(o, "switches"), 3);
	drops = json_object_object_get(o, "drops");
	ck_assert_int_eq(json_object_object_length(drops), UTIL_ARRAY_SIZE(reasons));
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(reasons); i++)
		ck_assert_int_eq(number(drops, reasons[i]), 101 + i);
	resources = json_object_object_get(o, "resources");
	ck_assert_uint_eq(json_object_array_length(resources), 2);
	check_counters(json_object_array_get_idx(resources, 0), true);
	check_counters(json_object_array_get_idx(resources, 1), false);
	check_devices(json_object_object_get(o, "devices"), v);
	json_object_put(o);
	o = show_stats(v, late);
	ck_assert(!json_object_object_get_ex(o, "devices", NULL));
	resources = json_object_object_get(o, "resources");
	ck_assert_uint_eq(json_object_array_length(resources), 1);
	ck_assert_str_eq(text(json_object_array_get_idx(resources, 0), "name"), "late");
	json_object_put(o);
}
END_TEST

static int no_counters(void *datapath, uint32_t resource, struct abi_counters *ret)
{
	return -ENOENT;
}

static int no_drops(void *datapath, uint32_t vnet, struct abi_drops *ret)
{
	return -ENOENT;
}

static int no_link_stats(void *rtnl, uint32_t ifindex, struct kernel_link_stats *ret)
{
	return -ENODEV;
}

static void check_partial_stats(struct vnet *v, bool counters, bool drops, bool device)
{
	struct json_object *o = show_stats(v, NULL);
	struct json_object *r =
		json_object_array_get_idx(json_object_object_get(o, "resources"), 0);

	idl_check(&idl, "VnetStats", false, o);
	ck_assert_int_eq(number(r, "ipackets"), counters);
	ck_assert_int_eq(number(json_object_object_get(o, "drops"), "vlan"), drops);
	ck_assert_int_eq(number(r, "ierrors"), device);
	json_object_put(o);
}

static int busy_link_stats(void *rtnl, uint32_t ifindex, struct kernel_link_stats *ret)
{
	return -EAGAIN;
}

/* What cannot be read counts as zero: there is nothing in the kernel that could have counted. */
START_TEST(test_stats_without_kernel)
{
	struct vnet *v = add_vnet("vnet0", NULL, NULL);

	add_device("dev-s");
	add_resource(v, "s", "service", "dev-s", NULL);
	fake->counters.rx_packets = 1;
	fake->stats.rx_errors = 1;
	fake->drops.count[ABI_DROP_VLAN] = 1;
	check_partial_stats(v, true, true, true);
	ops.counters = no_counters;
	check_partial_stats(v, false, true, true);
	ops.drops = no_drops;
	check_partial_stats(v, false, false, true);
	ops.link_stats = busy_link_stats;
	check_partial_stats(v, false, false, true);
	ops.link_stats = no_link_stats;
	check_partial_stats(v, false, false, false);
	ops.link_stats = busy_link_stats;
	check_partial_stats(v, false, false, false);
}
END_TEST

static struct json_object *show(struct manager_event event)
{
	struct json_object *o = show_event(&event);

	idl_check(&idl, "Event", false, o);
	return o;
}

START_TEST(test_events)
{
	struct vnet *v = add_vnet("vnet0", NULL, NULL);
	struct resource *h = add_resource(v, "h", "hybrid", "dev-h", NULL);
	struct json_object *o;

	o = show((struct manager_event) { .type = MANAGER_OVERRUN, .time_us = 1700000000000042 });
	ck_assert_str_eq(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
			 "{\"time\":\"2023-11-14T22:13:20.000042Z\",\"event\":\"overrun\"}");
	json_object_put(o);
	o = show((struct manager_event) { .type = MANAGER_VNET_ADDED, .vnet = v });
	ck_assert_str_eq(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
			 "{\"time\":\"1970-01-01T00:00:00.000000Z\",\"event\":\"vnet-added\","
			 "\"vnet\":\"vnet0\"}");
	json_object_put(o);
	o = show((struct manager_event) {
		.type = MANAGER_RESOURCE_STATE, .vnet = v, .resource = h });
	ck_assert_str_eq(text(o, "event"), "resource-state");
	ck_assert_str_eq(text(o, "resource"), "h");
	ck_assert_str_eq(text(o, "type"), "hybrid");
	ck_assert_str_eq(text(o, "state"), "waiting");
	ck_assert_str_ne(text(o, "reason"), "");
	ck_assert(!json_object_object_get_ex(o, "kind", NULL));
	json_object_put(o);
	o = show((struct manager_event) {
		.type = MANAGER_PATH_SWITCHED, .vnet = v, .previous = h, .kind = "hybrid" });
	ck_assert_str_eq(text(o, "event"), "path-switched");
	ck_assert(is_null(o, "resource"));
	ck_assert_str_eq(text(o, "previous"), "h");
	ck_assert_str_eq(text(o, "kind"), "hybrid");
	json_object_put(o);
}
END_TEST

START_TEST(test_settings)
{
	struct vnet_settings s, plain;
	struct resource_settings r;
	struct json_object *o;

	settings_vnet_default(&plain);
	s = plain;
	o = show_settings(settings_vnet, &s, &plain);
	ck_assert_int_eq(json_object_object_length(o), 0);
	json_object_put(o);
	s.mtu = 9000;
	s.guard = false;
	mac_parse("02:00:00:00:00:01", s.address);
	o = show_settings(settings_vnet, &s, &plain);
	idl_check(&idl, "VnetSettings", false, o);
	ck_assert_str_eq(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN),
			 "{\"address\":\"02:00:00:00:00:01\",\"mtu\":9000,\"guard\":false}");
	json_object_put(o);
	o = show_settings(settings_vnet, &s, NULL);
	idl_check(&idl, "VnetSettings", false, o);
	/* Not set at all is not shown either. */
	ck_assert(!json_object_object_get_ex(o, "upper", NULL));
	ck_assert_int_eq(number(o, "pvid"), 1);
	json_object_put(o);
	settings_resource_default(&r);
	o = show_settings(settings_resource, &r, NULL);
	idl_check(&idl, "ResourceSettings", false, o);
	json_object_put(o);
}
END_TEST

START_TEST(test_protection)
{
	struct vnet *v = add_vnet("vnet0", NULL, NULL);
	struct resource *s = add_resource(v, "s", "service", "dev-s", NULL);
	struct json_object *o;

	settings_set(settings_vnet, &v->settings, "", "protection", "ip-nospoof,restricted", NULL);
	settings_set(settings_vnet, &v->settings, "", "allowed_ips", "fe80::/10,10.0.0.7", NULL);
	settings_set(settings_vnet, &v->settings, "", "storm_limit", "10000000", NULL);
	settings_set(settings_vnet, &v->settings, "", "mode", "xdp", NULL);
	s->settings.storm_limit = 2000;
	o = show_vnet(v);
	idl_check(&idl, "Vnet", false, o);
	ck_assert_str_eq(text(o, "protection"), "ip-nospoof,restricted");
	ck_assert_str_eq(text(o, "allowed_ips"), "10.0.0.7,fe80::/10");
	ck_assert_int_eq(number(o, "storm_limit"), 10000000);
	ck_assert_str_eq(text(o, "mode"), "xdp");
	json_object_put(o);
	o = show_resource(s);
	ck_assert_int_eq(number(o, "storm_limit"), 2000);
	ck_assert(is_null(o, "peer_vnet"));
	json_object_put(o);
	s->settings.storm_limit = 0;
	o = show_resource(s);
	ck_assert_int_eq(number(o, "storm_limit"), 0);
	json_object_put(o);
}
END_TEST

/* What can be set and what is described are the same. */
START_TEST(test_settings_described)
{
	static const char *const types[] = { "string", "int", "bool" };
	static const struct {
		const struct setting *table;
		const char *member;
	} tables[] = { { settings_vnet, "VnetSettings" },
		       { settings_resource, "ResourceSettings" },
		       { settings_uplink, "UplinkSettings" },
		       { settings_flow, "FlowSettings" } };
	size_t described = 0, settable = 0;

	for (size_t t = 0; t < UTIL_ARRAY_SIZE(tables); t++) {
		for (const struct setting *s = tables[t].table; s->key; s++, settable++) {
			const struct idl_field *f =
				idl_field(&idl, tables[t].member, false, s->key);

			ck_assert_msg(f, "%s has no %s", tables[t].member, s->key);
			ck_assert(f->optional);
			ck_assert_str_eq(f->type, types[s->json]);
		}
		for (size_t i = 0; i < idl.field_count; i++)
			described +=
				!strcmp(idl.members[idl.fields[i].member].name, tables[t].member);
	}
	ck_assert_uint_eq(described, settable);
}
END_TEST

int main(void)
{
	TCase *tc;
	Suite *s = unit_suite("show", &tc);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_vnet);
	tcase_add_test(tc, test_vnet_on_existing_device);
	tcase_add_test(tc, test_resource_waiting);
	tcase_add_test(tc, test_resource_up);
	tcase_add_test(tc, test_resource_vlans);
	tcase_add_test(tc, test_fdb);
	tcase_add_test(tc, test_stats);
	tcase_add_test(tc, test_stats_without_kernel);
	tcase_add_test(tc, test_events);
	tcase_add_test(tc, test_settings);
	tcase_add_test(tc, test_protection);
	tcase_add_test(tc, test_settings_described);
	return unit_run(s);
}
