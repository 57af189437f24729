/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of the settings, names, and what has to hold for whole objects. */
#include <errno.h>

#include "settings_subject.h"

/* The tables themselves */

struct expected_row {
	const char *key;
	const char *config;
	enum settings_json json;
	bool fixed;
	const char *value; /* by default */
};

static const struct expected_row vnet_rows[] = {
	{ "address", "Address", SETTINGS_JSON_STRING, false, "" },
	{ "mtu", "MTU", SETTINGS_JSON_INT, false, "1500" },
	{ "upper", "Upper", SETTINGS_JSON_STRING, true, "" },
	{ "netns", "NetNS", SETTINGS_JSON_STRING, true, "" },
	{ "mode", "Mode", SETTINGS_JSON_STRING, false, "auto" },
	{ "guard", "Guard", SETTINGS_JSON_BOOL, false, "on" },
	{ "pvid", "PVID", SETTINGS_JSON_INT, false, "1" },
	{ "vlans", "VLANs", SETTINGS_JSON_STRING, false, "none" },
	{ "promiscuous", "Promiscuous", SETTINGS_JSON_STRING, false, "auto" },
	{ "on_delete", "OnDelete", SETTINGS_JSON_STRING, false, "recreate" },
	{ "hybrid_needs_service", "HybridNeedsService", SETTINGS_JSON_BOOL, false, "off" },
	{ "monitor_interval", "MonitorInterval", SETTINGS_JSON_INT, false, "10" },
	{ "hold_down", "HoldDown", SETTINGS_JSON_INT, false, "1000" },
	{ "tx_timeout", "TxTimeout", SETTINGS_JSON_INT, false, "2000" },
	{ "announce_count", "AnnounceCount", SETTINGS_JSON_INT, false, "3" },
	{ "announce_interval", "AnnounceInterval", SETTINGS_JSON_INT, false, "1000" },
	{ "announce_addresses", "AnnounceAddresses", SETTINGS_JSON_STRING, false, "none" },
	{ "protection", "Protection", SETTINGS_JSON_STRING, false, "none" },
	{ "allowed_ips", "AllowedIPs", SETTINGS_JSON_STRING, false, "none" },
	{ "storm_limit", "StormLimit", SETTINGS_JSON_INT, false, "none" },
	{ "owner", "Owner", SETTINGS_JSON_STRING, false, "none" },
	{ "address_prefix", "AddressPrefix", SETTINGS_JSON_STRING, false, "none" },
	{ "share", "Share", SETTINGS_JSON_BOOL, false, "off" },
	{ "addresses", "Addresses", SETTINGS_JSON_STRING, false, "none" },
	{ "learn", "Learn", SETTINGS_JSON_BOOL, false, "on" },
	{ "maxbw", "MaxBandwidth", SETTINGS_JSON_STRING, false, "none" },
	{ "maxbw_in", "MaxBandwidthIn", SETTINGS_JSON_STRING, false, "none" },
	{ "maxbw_out", "MaxBandwidthOut", SETTINGS_JSON_STRING, false, "none" },
};

static const struct expected_row resource_rows[] = {
	{ "type", "Type", SETTINGS_JSON_STRING, true, "" },
	{ "device", "Device", SETTINGS_JSON_STRING, true, "" },
	{ "peer", "Peer", SETTINGS_JSON_STRING, false, "" },
	{ "peer_vnet", "PeerVNet", SETTINGS_JSON_STRING, true, "" },
	{ "pf", "PF", SETTINGS_JSON_STRING, true, "" },
	{ "vf", "VF", SETTINGS_JSON_INT, true, "" },
	{ "vf_vlan", "VFVLAN", SETTINGS_JSON_INT, false, "" },
	{ "uplink", "Uplink", SETTINGS_JSON_STRING, true, "" },
	{ "priority", "Priority", SETTINGS_JSON_INT, false, "100" },
	{ "pvid", "PVID", SETTINGS_JSON_INT, false, "" },
	{ "vlans", "VLANs", SETTINGS_JSON_STRING, false, "" },
	{ "admin", "Admin", SETTINGS_JSON_STRING, false, "up" },
	{ "storm_limit", "StormLimit", SETTINGS_JSON_INT, false, "none" },
	{ "probe", "Probe", SETTINGS_JSON_STRING, false, "none" },
	{ "probe_interval", "ProbeInterval", SETTINGS_JSON_INT, false, "1000" },
	{ "probe_count", "ProbeCount", SETTINGS_JSON_INT, false, "3" },
	{ "maxbw", "MaxBandwidth", SETTINGS_JSON_STRING, false, "none" },
	{ "maxbw_in", "MaxBandwidthIn", SETTINGS_JSON_STRING, false, "none" },
	{ "maxbw_out", "MaxBandwidthOut", SETTINGS_JSON_STRING, false, "none" },
};

static void assert_rows(struct subject subject, const struct expected_row *rows, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		const struct setting *s = &subject.table[i];

		ck_assert_ptr_nonnull(s->key);
		ck_assert_str_eq(s->key, rows[i].key);
		ck_assert_str_eq(s->config, rows[i].config);
		ck_assert_int_eq(s->json, rows[i].json);
		ck_assert_int_eq(s->fixed, rows[i].fixed);
		ck_assert_ptr_eq(settings_find(subject.table, rows[i].key), s);
		ck_assert_ptr_eq(settings_find_config(subject.table, rows[i].config), s);
		subject_assert(&subject, rows[i].key, rows[i].value);
	}
	ck_assert_ptr_null(subject.table[i].key);
}

START_TEST(has_its_rows)
{
	assert_rows(subject_vnet(), vnet_rows, UTIL_ARRAY_SIZE(vnet_rows));
	assert_rows(subject_resource(), resource_rows, UTIL_ARRAY_SIZE(resource_rows));
}
END_TEST

START_TEST(finds_either_spelling)
{
	const struct setting *s = settings_find(settings_vnet, "monitor_interval");

	ck_assert_ptr_nonnull(s);
	ck_assert_ptr_eq(settings_find(settings_vnet, "monitor-interval"), s);
	ck_assert_ptr_eq(settings_find(settings_vnet, "hybrid-needs_service"),
			 settings_find(settings_vnet, "hybrid_needs_service"));
	ck_assert_ptr_null(settings_find(settings_vnet, "monitor interval"));
	ck_assert_ptr_null(settings_find(settings_vnet, "monitor"));
	ck_assert_ptr_null(settings_find(settings_vnet, "monitor_interval_"));
	ck_assert_ptr_null(settings_find(settings_vnet, "MTU"));
	ck_assert_ptr_null(settings_find(settings_vnet, ""));
	ck_assert_ptr_null(settings_find(settings_vnet, "peer"));
	ck_assert_ptr_null(settings_find_config(settings_vnet, "mtu"));
	ck_assert_ptr_null(settings_find_config(settings_vnet, "Mtu"));
	ck_assert_ptr_null(settings_find_config(settings_vnet, "NetNs"));
	ck_assert_ptr_null(settings_find_config(settings_vnet, ""));
	ck_assert_ptr_null(settings_find_config(settings_resource, "Mode"));
}
END_TEST

/* Names */

static const char *const good_names[] = {
	"a", "vnet0", "Z", "0", "_", "a.b-c_d", "a..", "a-", "abcdefghijklm",
};

START_TEST(takes_names)
{
	struct error e = { 0 };

	ck_assert_int_eq(settings_check_name("vnet", good_names[_i], SETTINGS_NAME_SIZE, &e), 0);
	ck_assert_int_eq(e.kind, ERROR_NONE);
}
END_TEST

static const struct {
	const char *name;
	const char *message;
} bad_names[] = {
	{ "", "vnet name '' is empty, expected 1 to 13 characters" },
	{ "abcdefghijklmn", "vnet name abcdefghijklmn has 14 characters, expected at most 13" },
	{ ".", "vnet name . starts with '.', expected a letter, a digit or '_'" },
	{ "..", "vnet name .. starts with '.', expected a letter, a digit or '_'" },
	{ ".a", "vnet name .a starts with '.', expected a letter, a digit or '_'" },
	{ "-a", "vnet name -a starts with '-', expected a letter, a digit or '_'" },
	{ "a/b", "vnet name a/b has '/' in it, expected letters, digits, '_', '-' and '.'" },
	{ "a b", "vnet name a b has ' ' in it, expected letters, digits, '_', '-' and '.'" },
	{ "a:b", "vnet name a:b has ':' in it, expected letters, digits, '_', '-' and '.'" },
	{ "a\n", "vnet name a? has '?' in it, expected letters, digits, '_', '-' and '.'" },
	{ "\xc3\xa4", "vnet name ?? has '?' in it, expected letters, digits, '_', '-' and '.'" },
	{ "%s%n", "vnet name %s%n has '%' in it, expected letters, digits, '_', '-' and '.'" },
};

START_TEST(refuses_names)
{
	struct error e = { 0 };

	ck_assert_int_eq(settings_check_name("vnet", bad_names[_i].name, SETTINGS_NAME_SIZE, &e),
			 -EINVAL);
	ck_assert_int_eq(e.kind, ERROR_INVALID);
	ck_assert_int_eq(e.number, EINVAL);
	ck_assert_str_eq(e.field, "name");
	ck_assert_str_eq(e.message, bad_names[_i].message);
	ck_assert_int_eq(settings_check_name("vnet", bad_names[_i].name, SETTINGS_NAME_SIZE, NULL),
			 -EINVAL);
}
END_TEST

/* Whole objects */

struct check_case {
	const char *texts[5][2]; /* keys and values to set, until a NULL key */
	const char *field;	 /* that is refused; NULL: none is */
	const char *message;
};

static void apply(struct subject *subject, const struct check_case *c)
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(c->texts) && c->texts[i][0]; i++)
		subject_set(subject, c->texts[i][0], c->texts[i][1]);
}

static void assert_checked(int r, const struct error *e, const char *object,
			   const struct check_case *c)
{
	if (!c->field) {
		ck_assert_msg(r == 0, "%s", e->message);
		ck_assert_int_eq(e->kind, ERROR_NONE);
		return;
	}
	ck_assert_int_eq(r, -EINVAL);
	ck_assert_int_eq(e->kind, ERROR_INVALID);
	ck_assert_int_eq(e->number, EINVAL);
	ck_assert_str_eq(e->object, object);
	ck_assert_str_eq(e->field, c->field);
	ck_assert_str_eq(e->message, c->message);
}

static const struct check_case vnet_checks[] = {
	{ { { NULL } }, NULL, NULL },
	{ { { "netns", "guest1" } }, NULL, NULL },
	{ { { "pvid", "5" }, { "vlans", "5-6" } }, NULL, NULL },
	{ { { "upper", "tap0" }, { "address", "02:00:00:00:00:01" } }, NULL, NULL },
	{ { { "upper", "tap0" } },
	  "address",
	  "vnet0: address is required with upper tap0, expected the MAC that is used behind it" },
	{ { { "upper", "tap0" }, { "address", "02:00:00:00:00:01" }, { "netns", "guest1" } },
	  "netns",
	  "vnet0: netns guest1 cannot be given together with upper tap0, expected one of them" },
	{ { { "protection", "mac-nospoof,dhcp-nospoof,restricted" } }, NULL, NULL },
	{ { { "allowed_ips", "10.0.0.7" } }, NULL, NULL },
	{ { { "protection", "ip-nospoof" }, { "allowed_ips", "10.0.0.7" } }, NULL, NULL },
	{ { { "allowed_ips", "0.0.0.0/0,2000::/3" } }, NULL, NULL },
	{ { { "protection", "ip-nospoof" } },
	  "allowed_ips",
	  "vnet0: allowed_ips is required with protection ip-nospoof, expected the addresses that "
	  "the upper may use" },
	{ { { "protection", "ip-nospoof" },
	    { "allowed_ips", "10.0.0.7" },
	    { "allowed_ips", "none" },
	    { "upper", "tap0" },
	    { "address", "02:00:00:00:00:01" } },
	  "allowed_ips",
	  "vnet0: allowed_ips is required with protection ip-nospoof, expected the addresses that "
	  "the upper may use" },
	{ { { "allowed_ips", "2001:db8::1,::/0" } },
	  "allowed_ips",
	  "vnet0: allowed_ips ::/0 would take in every IPv4 address as well, expected longer IPv6 "
	  "prefixes like 2000::/3" },
	{ { { "allowed_ips", "::/80" } },
	  "allowed_ips",
	  "vnet0: allowed_ips ::/80 would take in every IPv4 address as well, expected longer IPv6 "
	  "prefixes like 2000::/3" },
	{ { { "allowed_ips", "::/81,::1,::fffe:0:0/96" } }, NULL, NULL },
};

START_TEST(checks_vnet)
{
	struct subject subject = subject_vnet();
	struct error e = { 0 };
	int r;

	apply(&subject, &vnet_checks[_i]);
	r = settings_vnet_check(&subject.s.vnet, "vnet0", &e);
	assert_checked(r, &e, "vnet0", &vnet_checks[_i]);
	ck_assert_int_eq(settings_vnet_check(&subject.s.vnet, "vnet0", NULL), r);
}
END_TEST

START_TEST(checks_reserved_names)
{
	static const char *const names[] = { "all", "default" };
	struct subject subject = subject_vnet();
	struct error e = { 0 };

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(names); i++) {
		ck_assert_int_eq(settings_vnet_check(&subject.s.vnet, names[i], &e), -EINVAL);
		ck_assert_str_eq(e.field, "name");
	}
	ck_assert_str_eq(e.message, "default: name default is reserved by the kernel, expected one "
				    "that a device can have");

	/* Nothing has to be made with that name then. */
	subject_set(&subject, "upper", "tap0");
	subject_set(&subject, "address", "02:00:00:00:00:01");
	ck_assert_int_eq(settings_vnet_check(&subject.s.vnet, "all", &e), 0);
}
END_TEST

static const struct check_case resource_checks[] = {
	{ { { "type", "service" }, { "device", "eth0" } }, NULL, NULL },
	{ { { "type", "service" }, { "device", "eth0" }, { "priority", "100" } }, NULL, NULL },
	{ { { "type", "hybrid" }, { "device", "eth0" }, { "priority", "7" } }, NULL, NULL },
	{ { { "type", "guest" }, { "device", "eth0" }, { "peer", "02:00:00:00:00:02" } },
	  NULL,
	  NULL },
	{ { { "type", "guest" }, { "peer_vnet", "vnet1" } }, NULL, NULL },
	{ { { "type", "guest" }, { "peer_vnet", "vnet1" }, { "device", "eth0" } },
	  "peer_vnet",
	  "vnet0/g1: peer_vnet vnet1 cannot be given together with device eth0, expected one of "
	  "them" },
	{ { { "type", "guest" }, { "peer_vnet", "vnet1" }, { "peer", "02:00:00:00:00:02" } },
	  "peer_vnet",
	  "vnet0/g1: peer_vnet vnet1 cannot be given together with peer 02:00:00:00:00:02, "
	  "expected "
	  "one of them: the vnet's address is the peer" },
	{ { { "type", "service" }, { "peer_vnet", "vnet1" } },
	  "peer_vnet",
	  "vnet0/g1: peer_vnet vnet1 cannot be given for type service, expected it for type guest "
	  "alone" },
	{ { { "type", "hybrid" }, { "device", "eth0" }, { "peer_vnet", "vnet1" } },
	  "peer_vnet",
	  "vnet0/g1: peer_vnet vnet1 cannot be given for type hybrid, expected it for type guest "
	  "alone" },
	{ { { "device", "eth0" } },
	  "type",
	  "vnet0/g1: type is required, expected service, guest or hybrid" },
	{ { { "type", "service" } },
	  "device",
	  "vnet0/g1: device is required, expected " SUBJECT_DEVICE_EXPECTED },
	{ { { "type", "guest" }, { "device", "eth0" } },
	  "peer",
	  "vnet0/g1: peer is required for type guest, expected a unicast MAC like "
	  "02:00:00:00:00:01" },
	{ { { "type", "service" }, { "device", "eth0" }, { "peer", "02:00:00:00:00:02" } },
	  "peer",
	  "vnet0/g1: peer 02:00:00:00:00:02 cannot be given for type service, expected it for type "
	  "guest alone" },
	{ { { "type", "hybrid" }, { "device", "eth0" }, { "peer", "02:00:00:00:00:02" } },
	  "peer",
	  "vnet0/g1: peer 02:00:00:00:00:02 cannot be given for type hybrid, expected it for type "
	  "guest alone" },
	{ { { "type", "service" }, { "device", "eth0" }, { "priority", "7" } },
	  "priority",
	  "vnet0/g1: priority 7 cannot be given for type service, expected it for type hybrid "
	  "alone" },
	{ { { "type", "guest" },
	    { "device", "eth0" },
	    { "peer", "02:00:00:00:00:02" },
	    { "priority", "0" } },
	  "priority",
	  "vnet0/g1: priority 0 cannot be given for type guest, expected it for type hybrid "
	  "alone" },
};

START_TEST(checks_resource)
{
	struct subject subject = subject_resource();
	struct error e = { 0 };
	int r;

	apply(&subject, &resource_checks[_i]);
	r = settings_resource_check(&subject.s.resource, "vnet0/g1", &e);
	assert_checked(r, &e, "vnet0/g1", &resource_checks[_i]);
	ck_assert_int_eq(settings_resource_check(&subject.s.resource, "vnet0/g1", NULL), r);
}
END_TEST

/* No text leads there, but a struct may. */
START_TEST(checks_multicast_peer)
{
	struct subject subject = subject_resource();
	struct error e = { 0 };

	subject_set(&subject, "type", "guest");
	subject_set(&subject, "device", "eth0");
	memset(subject.s.resource.peer, 0xff, MAC_LEN);
	ck_assert_int_eq(settings_resource_check(&subject.s.resource, "vnet0/g1", &e), -EINVAL);
	ck_assert_str_eq(e.field, "peer");
	ck_assert_str_eq(e.message, "vnet0/g1: peer ff:ff:ff:ff:ff:ff is not a unicast MAC like "
				    "02:00:00:00:00:01");
}
END_TEST

START_TEST(names_types_and_modes)
{
	ck_assert_str_eq(settings_type_name(SETTINGS_SERVICE), "service");
	ck_assert_str_eq(settings_type_name(SETTINGS_GUEST), "guest");
	ck_assert_str_eq(settings_type_name(SETTINGS_HYBRID), "hybrid");
	ck_assert_str_eq(settings_type_name(SETTINGS_TYPE_NONE), "none");
	ck_assert_str_eq(settings_mode_name(SETTINGS_MODE_AUTO), "auto");
	ck_assert_str_eq(settings_mode_name(SETTINGS_MODE_TC), "tc");
	ck_assert_str_eq(settings_mode_name(SETTINGS_MODE_XDP), "xdp");
}
END_TEST

START_TEST(knows_its_owner)
{
	struct subject subject = subject_vnet();
	const struct vnet_settings *s = &subject.s.vnet;

	ck_assert(!settings_owner_is(s, 0));
	subject_set(&subject, "owner", "root");
	ck_assert(settings_owner_is(s, 0) && !settings_owner_is(s, 1));
	subject_set(&subject, "owner", "1");
	ck_assert(settings_owner_is(s, 1) && !settings_owner_is(s, 0));
	subject_set(&subject, "owner", "4294967294");
	ck_assert(settings_owner_is(s, 4294967294));
	subject_set(&subject, "owner", "no-such-user-here");
	for (uint32_t uid = 0; uid < 10; uid++)
		ck_assert(!settings_owner_is(s, uid));
	subject_set(&subject, "owner", "none");
	ck_assert(!settings_owner_is(s, 0));
	ck_assert_str_eq(s->owner, "");
}
END_TEST

int main(void)
{
	TCase *c;
	Suite *s = unit_suite("settings", &c);

	tcase_add_test(c, has_its_rows);
	tcase_add_test(c, finds_either_spelling);
	tcase_add_loop_test(c, takes_names, 0, UTIL_ARRAY_SIZE(good_names));
	tcase_add_loop_test(c, refuses_names, 0, UTIL_ARRAY_SIZE(bad_names));
	tcase_add_loop_test(c, checks_vnet, 0, UTIL_ARRAY_SIZE(vnet_checks));
	tcase_add_test(c, checks_reserved_names);
	tcase_add_loop_test(c, checks_resource, 0, UTIL_ARRAY_SIZE(resource_checks));
	tcase_add_test(c, checks_multicast_peer);
	tcase_add_test(c, names_types_and_modes);
	tcase_add_test(c, knows_its_owner);
	return unit_run(s);
}
