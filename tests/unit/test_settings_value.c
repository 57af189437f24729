/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that become values and values that become texts, row by row. */
#include <errno.h>

#include "settings_subject.h"

#define ALL_VLANS_EXPECTED "none, all, or VLANs from 1 to 4094 like 10,20-29 in at most 32 ranges"
#define CHARS_63	   "123456789012345678901234567890123456789012345678901234567890123"
#define RANGES_33                                                                                  \
	"1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,47,49,51,53,55,57,59,61," \
	"63,65"

#define PREFIX_EXPECTED	   "none, or the first 1 to 5 bytes of a unicast MAC like 02:aa:bb"
#define LOCAL_EXPECTED	   "none, or at most 32 IP addresses like 10.0.0.7,2001:db8::7"
#define PEER_VNET_EXPECTED "the name of a vnet, of 1 to 13 letters, digits, '_', '-' and '.'"
#define STORM_EXPECTED	   "a number of frames a second from 1 to 10000000, or none"
#define OWNER_EXPECTED	   "none, a user name of 1 to 32 characters, or a uid"
#define ADDRESSES_EXPECTED "none, or at most 32 IP addresses like 10.0.0.7,2001:db8::7"
#define PROBE_EXPECTED	   "none, a unicast IP address or a unicast MAC like 02:00:00:00:00:01"
#define PROTECTION_EXPECTED                                                                        \
	"none, or mac-nospoof, ip-nospoof, dhcp-nospoof and restricted as a list with commas"
#define ALLOWED_EXPECTED                                                                           \
	"none, or at most 32 IP addresses and prefixes like 10.0.0.7,10.1.0.0/16,2001:db8::/64 "   \
	"with zeros behind the prefix"
#define PREFIXES_32                                                                                \
	"10.0.0.0,10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,10.0.0.7,10.0.0.8,"        \
	"10.0.0.9,10.0.0.10,10.0.0.11,10.0.0.12,10.0.0.13,10.0.0.14,10.0.0.15,10.0.0.16,"          \
	"10.0.0.17,10.0.0.18,10.0.0.19,10.0.0.20,10.0.0.21,10.0.0.22,10.0.0.23,10.0.0.24,"         \
	"10.0.0.25,10.0.0.26,10.0.0.27,10.0.0.28,10.0.0.29,10.0.0.30,10.0.0.31"

/* Values: parse, format, parse again */

struct good_value {
	const char *key;
	const char *text;
	const char *formatted; /* NULL: as the text */
};

static const struct good_value vnet_good[] = {
	{ "address", "02:00:00:00:00:01", NULL },
	{ "address", "02:AB:CD:EF:00:01", "02:ab:cd:ef:00:01" },
	{ "address", "random", "" },
	{ "mtu", "68", NULL },
	{ "mtu", "65521", NULL },
	{ "mtu", "09000", "9000" },
	{ "upper", "tap0", NULL },
	{ "upper", "a23456789012345", NULL },
	{ "upper", "eth0.10@%", NULL },
	{ "netns", "guest 1", NULL },
	{ "netns", "/proc/1/ns/net", NULL },
	{ "netns", CHARS_63, NULL },
	{ "mode", "auto", NULL },
	{ "mode", "tc", NULL },
	{ "mode", "xdp", NULL },
	{ "guard", "off", NULL },
	{ "guard", "on", NULL },
	{ "guard", "no", "off" },
	{ "guard", "yes", "on" },
	{ "guard", "false", "off" },
	{ "guard", "true", "on" },
	{ "guard", "0", "off" },
	{ "guard", "1", "on" },
	{ "guard", "Off", "off" },
	{ "pvid", "1", NULL },
	{ "pvid", "4094", NULL },
	{ "vlans", "none", NULL },
	{ "vlans", "all", NULL },
	{ "vlans", "20-29,10", "10,20-29" },
	{ "promiscuous", "on", NULL },
	{ "promiscuous", "off", NULL },
	{ "promiscuous", "auto", NULL },
	{ "on_delete", "remove", NULL },
	{ "on-delete", "recreate", NULL },
	{ "hybrid_needs_service", "on", NULL },
	{ "hybrid-needs-service", "NO", "off" },
	{ "monitor_interval", "0", NULL },
	{ "monitor-interval", "10000", NULL },
	{ "hold_down", "0", NULL },
	{ "hold-down", "600000", NULL },
	{ "tx_timeout", "0", NULL },
	{ "tx-timeout", "60000", NULL },
	{ "announce_count", "0", NULL },
	{ "announce-count", "100", NULL },
	{ "announce_interval", "10", NULL },
	{ "announce-interval", "60000", NULL },
	{ "announce_addresses", "none", NULL },
	{ "announce_addresses", "10.0.0.7,2001:db8::7,10.0.0.6/32",
	  "10.0.0.6,10.0.0.7,2001:db8::7" },
	{ "protection", "none", NULL },
	{ "protection", "restricted", NULL },
	{ "protection", "restricted,mac-nospoof", "mac-nospoof,restricted" },
	{ "protection", "dhcp-nospoof,ip-nospoof,dhcp-nospoof", "ip-nospoof,dhcp-nospoof" },
	{ "protection", "mac-nospoof,ip-nospoof,dhcp-nospoof,restricted", NULL },
	{ "allowed_ips", "none", NULL },
	{ "allowed-ips", "10.0.0.7", NULL },
	{ "allowed_ips", "10.0.0.7/32", "10.0.0.7" },
	{ "allowed_ips", "0.0.0.0/0", NULL },
	{ "allowed_ips", "10.1.0.0/16,10.0.0.7,10.0.0.0/24", "10.0.0.0/24,10.0.0.7,10.1.0.0/16" },
	{ "allowed_ips", "10.0.0.7,10.0.0.7,10.0.0.7/32", "10.0.0.7" },
	{ "allowed_ips", "10.0.0.0/24,10.0.0.0/25", "10.0.0.0/24,10.0.0.0/25" },
	{ "allowed_ips", "2001:DB8::/64,fe80::1/128,10.0.0.7", "10.0.0.7,2001:db8::/64,fe80::1" },
	{ "allowed_ips", "2001:0db8:0000:0000:0000:0000:255.255.255.255/128",
	  "2001:db8::ffff:ffff" },
	{ "allowed_ips", "::/0", NULL },
	{ "allowed_ips", "8000::/1", NULL },
	{ "allowed_ips", "::1", NULL },
	{ "allowed_ips", PREFIXES_32, NULL },
	{ "allowed_ips", PREFIXES_32 ",10.0.0.31", PREFIXES_32 },
	{ "storm_limit", "none", NULL },
	{ "storm-limit", "1", NULL },
	{ "storm_limit", "10000000", NULL },
	{ "owner", "none", NULL },
	{ "owner", "ann", NULL },
	{ "owner", "Ann.B_c-d@example.org", NULL },
	{ "owner", "machine$", NULL },
	{ "owner", "a2345678901234567890123456789012", NULL },
	{ "owner", "0", NULL },
	{ "owner", "4294967294", NULL },
	{ "address_prefix", "none", NULL },
	{ "address-prefix", "02", NULL },
	{ "address_prefix", "02:AA:bb", "02:aa:bb" },
	{ "address_prefix", "02:aa:bb:cc:dd", NULL },
	{ "share", "yes", "on" },
	{ "addresses", "none", NULL },
	{ "addresses", "2001:db8::7,10.0.0.7", "10.0.0.7,2001:db8::7" },
	{ "learn", "off", NULL },
	{ "maxbw", "1.5mbit", "1500kbit" },
	{ "maxbw_in", "none", NULL },
	{ "maxbw-out", "40gbit", NULL },
};

static const struct good_value resource_good[] = {
	{ "type", "service", NULL },
	{ "type", "guest", NULL },
	{ "type", "hybrid", NULL },
	{ "device", "eth0", NULL },
	{ "peer", "02:00:00:00:00:02", NULL },
	{ "priority", "0", NULL },
	{ "priority", "65535", NULL },
	{ "pvid", "4094", NULL },
	{ "pvid", "inherit", "" },
	{ "vlans", "none", NULL },
	{ "vlans", "all", NULL },
	{ "vlans", "10,20-29", NULL },
	{ "vlans", "inherit", "" },
	{ "admin", "down", NULL },
	{ "admin", "up", NULL },
	{ "peer_vnet", "vnet1", NULL },
	{ "peer-vnet", "a.b-c_d456789", NULL },
	{ "uplink", "up0", NULL },
	{ "maxbw", "64kbit", NULL },
	{ "maxbw_in", "1gbit", NULL },
	{ "maxbw_out", "none", NULL },
	{ "pf", "enp1s0", NULL },
	{ "vf", "0", NULL },
	{ "vf", "65534", NULL },
	{ "vf_vlan", "1", NULL },
	{ "vf-vlan", "4094", NULL },
	{ "vf_vlan", "none", "" },
	{ "storm_limit", "2000", NULL },
	{ "storm-limit", "none", NULL },
	{ "probe", "none", NULL },
	{ "probe", "10.0.0.1", NULL },
	{ "probe", "2001:DB8::0:1", "2001:db8::1" },
	{ "probe", "fe80::1", NULL },
	{ "probe", "02:00:00:00:00:0A", "02:00:00:00:00:0a" },
	{ "probe_interval", "10", NULL },
	{ "probe-interval", "60000", NULL },
	{ "probe_count", "1", NULL },
	{ "probe-count", "100", NULL },
};

/* Every row but that of @key says what @defaults says. */
static void assert_others(const struct subject *subject, const struct subject *defaults,
			  const struct setting *but)
{
	char text[SETTINGS_TEXT_SIZE];

	for (const struct setting *s = subject->table; s->key; s++) {
		if (s == but)
			continue;
		s->format(&defaults->s, text);
		subject_assert(subject, s->key, text);
	}
}

static void assert_round_trip(const struct subject *defaults, const struct good_value *good)
{
	const char *formatted = good->formatted ? good->formatted : good->text;
	struct subject first = *defaults, second = *defaults;

	subject_set(&first, good->key, good->text);
	subject_assert(&first, good->key, formatted);
	assert_others(&first, defaults, settings_find(first.table, good->key));
	if (!formatted[0])
		return;
	subject_set(&second, good->key, formatted);
	subject_assert(&second, good->key, formatted);
}

START_TEST(vnet_round_trip)
{
	struct subject defaults = subject_vnet();

	assert_round_trip(&defaults, &vnet_good[_i]);
}
END_TEST

START_TEST(resource_round_trip)
{
	struct subject defaults = subject_resource();

	assert_round_trip(&defaults, &resource_good[_i]);
}
END_TEST

/* No row is left out of the round trips. */
static void assert_all_seen(const struct setting *table, const struct good_value *good,
			    size_t count)
{
	for (const struct setting *s = table; s->key; s++) {
		bool seen = false;

		for (size_t i = 0; i < count; i++)
			seen = seen || settings_find(table, good[i].key) == s;
		ck_assert_msg(seen, "%s has no round trip", s->key);
	}
}

START_TEST(all_rows_go_round)
{
	assert_all_seen(settings_vnet, vnet_good, UTIL_ARRAY_SIZE(vnet_good));
	assert_all_seen(settings_resource, resource_good, UTIL_ARRAY_SIZE(resource_good));
}
END_TEST

START_TEST(resets)
{
	struct subject v = subject_vnet(), r = subject_resource();
	static const uint8_t zero[MAC_LEN];

	subject_set(&v, "address", "02:00:00:00:00:01");
	subject_set(&v, "address", "random");
	ck_assert(mac_same(v.s.vnet.address, zero));

	subject_set(&r, "pvid", "7");
	ck_assert_uint_eq(r.s.resource.pvid, 7);
	subject_set(&r, "pvid", "inherit");
	ck_assert_uint_eq(r.s.resource.pvid, 0);

	subject_set(&r, "vlans", "none");
	ck_assert(r.s.resource.has_vlans);
	subject_set(&r, "vlans", "1-5");
	subject_set(&r, "vlans", "inherit");
	ck_assert(!r.s.resource.has_vlans);
	ck_assert_uint_eq(r.s.resource.vlans.count, 0);
}
END_TEST

START_TEST(longest_vlans_fit)
{
	char text[SETTINGS_TEXT_SIZE] = "";
	struct subject v = subject_vnet(), r = subject_resource();

	for (int i = 0; i < VLAN_RANGES_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%d-%d", i ? "," : "",
			 1000 + 3 * i, 1001 + 3 * i);
	ck_assert_uint_eq(strlen(text), VLAN_TEXT_SIZE - 2);
	subject_set(&v, "vlans", text);
	subject_assert(&v, "vlans", text);
	subject_set(&r, "vlans", text);
	subject_assert(&r, "vlans", text);
}
END_TEST

START_TEST(longest_prefixes_fit)
{
	char text[SETTINGS_TEXT_SIZE] = "";
	struct subject v = subject_vnet();

	for (int i = 0; i < SETTINGS_ALLOWED_MAX; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
			 "%sffff:ffff:ffff:ffff:ffff:ffff:ffff:%x/127", i ? "," : "",
			 0xff00 + 2 * i);
	ck_assert_uint_eq(strlen(text), SETTINGS_ALLOWED_MAX * 44 - 1);
	subject_set(&v, "allowed_ips", text);
	subject_assert(&v, "allowed_ips", text);
	ck_assert_uint_eq(v.s.vnet.allowed.count, SETTINGS_ALLOWED_MAX);
}
END_TEST

/* What the rows of the maps are made of. */
START_TEST(prefixes_are_mapped)
{
	static const uint8_t ipv4[16] = { [10] = 0xff, [11] = 0xff, [12] = 10, [13] = 1 };
	static const uint8_t ipv6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	struct settings_prefix other = { .length = 111 };
	struct subject v = subject_vnet();
	const struct settings_prefixes *list = &v.s.vnet.allowed;

	subject_set(&v, "allowed_ips", "2001:db8::/32,10.1.0.0/16");
	ck_assert_uint_eq(list->count, 2);
	ck_assert_mem_eq(list->prefix[0].address, ipv4, sizeof(ipv4));
	ck_assert_uint_eq(list->prefix[0].length, 112);
	ck_assert_mem_eq(list->prefix[1].address, ipv6, sizeof(ipv6));
	ck_assert_uint_eq(list->prefix[1].length, 32);
	ck_assert(settings_prefixes_have(list, &list->prefix[1]));
	memcpy(other.address, ipv4, sizeof(ipv4));
	ck_assert(!settings_prefixes_have(list, &other));
}
END_TEST

/* Values that are refused */

struct bad_value {
	const char *key;
	const char *text;
	const char *message;
};

static const struct bad_value vnet_bad[] = {
	{ "mtu", "20", "vnet0: mtu 20 is not a number from 68 to 65521" },
	{ "mtu", "67", "vnet0: mtu 67 is not a number from 68 to 65521" },
	{ "mtu", "65522", "vnet0: mtu 65522 is not a number from 68 to 65521" },
	{ "mtu", "", "vnet0: mtu '' is not a number from 68 to 65521" },
	{ "mtu", "-1500", "vnet0: mtu -1500 is not a number from 68 to 65521" },
	{ "mtu", "+1500", "vnet0: mtu +1500 is not a number from 68 to 65521" },
	{ "mtu", " 1500", "vnet0: mtu  1500 is not a number from 68 to 65521" },
	{ "mtu", "1500.0", "vnet0: mtu 1500.0 is not a number from 68 to 65521" },
	{ "mtu", "0x5dc", "vnet0: mtu 0x5dc is not a number from 68 to 65521" },
	{ "mtu", "4294968796", "vnet0: mtu 4294968796 is not a number from 68 to 65521" },
	{ "mtu", "18446744073709553116",
	  "vnet0: mtu 18446744073709553116 is not a number from 68 to 65521" },
	{ "mtu", "a\nb\x1b[1m\xff", "vnet0: mtu a?b?[1m? is not a number from 68 to 65521" },
	{ "mtu", CHARS_63 "4", "vnet0: mtu " CHARS_63 "4 is not a number from 68 to 65521" },
	{ "mtu", CHARS_63 "45", "vnet0: mtu " CHARS_63 "4... is not a number from 68 to 65521" },
	{ "address", "",
	  "vnet0: address '' is not a unicast MAC like 02:00:00:00:00:01 or random" },
	{ "address", "00:00:00:00:00:00",
	  "vnet0: address 00:00:00:00:00:00 is not a unicast MAC like 02:00:00:00:00:01 or "
	  "random" },
	{ "address", "01:00:5e:00:00:01",
	  "vnet0: address 01:00:5e:00:00:01 is not a unicast MAC like 02:00:00:00:00:01 or "
	  "random" },
	{ "address", "Random",
	  "vnet0: address Random is not a unicast MAC like 02:00:00:00:00:01 or random" },
	{ "upper", "", "vnet0: upper '' is not " SUBJECT_DEVICE_EXPECTED },
	{ "upper", ".", "vnet0: upper . is not " SUBJECT_DEVICE_EXPECTED },
	{ "upper", "..", "vnet0: upper .. is not " SUBJECT_DEVICE_EXPECTED },
	{ "upper", "a/b", "vnet0: upper a/b is not " SUBJECT_DEVICE_EXPECTED },
	{ "upper", "a:b", "vnet0: upper a:b is not " SUBJECT_DEVICE_EXPECTED },
	{ "upper", "a b", "vnet0: upper a b is not " SUBJECT_DEVICE_EXPECTED },
	{ "upper", "a\tb", "vnet0: upper a?b is not " SUBJECT_DEVICE_EXPECTED },
	{ "upper", "a\x80", "vnet0: upper a? is not " SUBJECT_DEVICE_EXPECTED },
	{ "upper", "a234567890123456",
	  "vnet0: upper a234567890123456 is not " SUBJECT_DEVICE_EXPECTED },
	{ "netns", "",
	  "vnet0: netns '' is not a name under /run/netns or an absolute path, of at most 63 "
	  "printable characters" },
	{ "netns", "..",
	  "vnet0: netns .. is not a name under /run/netns or an absolute path, of at most 63 "
	  "printable characters" },
	{ "netns", ".",
	  "vnet0: netns . is not a name under /run/netns or an absolute path, of at most 63 "
	  "printable characters" },
	{ "netns", "../x",
	  "vnet0: netns ../x is not a name under /run/netns or an absolute path, of at most 63 "
	  "printable characters" },
	{ "netns", "a\nb",
	  "vnet0: netns a?b is not a name under /run/netns or an absolute path, of at most 63 "
	  "printable characters" },
	{ "netns", CHARS_63 "4",
	  "vnet0: netns " CHARS_63 "4 is not a name under /run/netns or an absolute path, of at "
	  "most 63 printable characters" },
	{ "mode", "TC", "vnet0: mode TC is not auto, tc or xdp" },
	{ "mode", "", "vnet0: mode '' is not auto, tc or xdp" },
	{ "mode", "xdpgeneric", "vnet0: mode xdpgeneric is not auto, tc or xdp" },
	{ "guard", "maybe", "vnet0: guard maybe is not on or off" },
	{ "guard", "", "vnet0: guard '' is not on or off" },
	{ "guard", "2", "vnet0: guard 2 is not on or off" },
	{ "pvid", "0", "vnet0: pvid 0 is not a number from 1 to 4094" },
	{ "pvid", "4095", "vnet0: pvid 4095 is not a number from 1 to 4094" },
	{ "pvid", "65537", "vnet0: pvid 65537 is not a number from 1 to 4094" },
	{ "pvid", "inherit", "vnet0: pvid inherit is not a number from 1 to 4094" },
	{ "vlans", "", "vnet0: vlans '' is not " ALL_VLANS_EXPECTED },
	{ "vlans", "5-3", "vnet0: vlans 5-3 is not " ALL_VLANS_EXPECTED },
	{ "vlans", "inherit", "vnet0: vlans inherit is not " ALL_VLANS_EXPECTED },
	{ "vlans", RANGES_33,
	  "vnet0: vlans 1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,... is "
	  "not " ALL_VLANS_EXPECTED },
	{ "promiscuous", "yes", "vnet0: promiscuous yes is not auto, on or off" },
	{ "promiscuous", "", "vnet0: promiscuous '' is not auto, on or off" },
	{ "hybrid-needs-service", "x", "vnet0: hybrid_needs_service x is not on or off" },
	{ "monitor-interval", "10001",
	  "vnet0: monitor_interval 10001 is not a number of milliseconds from 0 to 10000" },
	{ "monitor_interval", "-1",
	  "vnet0: monitor_interval -1 is not a number of milliseconds from 0 to 10000" },
	{ "on-delete", "keep", "vnet0: on_delete keep is not recreate or remove" },
	{ "hold-down", "600001",
	  "vnet0: hold_down 600001 is not a number of milliseconds from 0 to 600000" },
	{ "tx-timeout", "60001",
	  "vnet0: tx_timeout 60001 is not a number of milliseconds from 0 to 60000" },
	{ "announce_count", "101", "vnet0: announce_count 101 is not a number from 0 to 100" },
	{ "announce-interval", "9",
	  "vnet0: announce_interval 9 is not a number of milliseconds from 10 to 60000" },
	{ "announce_addresses", "10.0.0.0/24",
	  "vnet0: announce_addresses 10.0.0.0/24 is not " ADDRESSES_EXPECTED },
	{ "announce_addresses", "", "vnet0: announce_addresses '' is not " ADDRESSES_EXPECTED },
	{ "announce_addresses", "10.0.0.7,",
	  "vnet0: announce_addresses 10.0.0.7, is not " ADDRESSES_EXPECTED },
	{ "protection", "", "vnet0: protection '' is not " PROTECTION_EXPECTED },
	{ "protection", "spoof", "vnet0: protection spoof is not " PROTECTION_EXPECTED },
	{ "protection", "mac-nospoof,",
	  "vnet0: protection mac-nospoof, is not " PROTECTION_EXPECTED },
	{ "protection", ",restricted",
	  "vnet0: protection ,restricted is not " PROTECTION_EXPECTED },
	{ "protection", "mac-nospoof,none",
	  "vnet0: protection mac-nospoof,none is not " PROTECTION_EXPECTED },
	{ "protection", "mac-nospoof, restricted",
	  "vnet0: protection mac-nospoof, restricted is not " PROTECTION_EXPECTED },
	{ "protection", "Restricted", "vnet0: protection Restricted is not " PROTECTION_EXPECTED },
	{ "protection", "mac", "vnet0: protection mac is not " PROTECTION_EXPECTED },
	{ "protection", CHARS_63, "vnet0: protection " CHARS_63 " is not " PROTECTION_EXPECTED },
	{ "allowed_ips", "", "vnet0: allowed_ips '' is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "10.0.0", "vnet0: allowed_ips 10.0.0 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "10.0.0.256", "vnet0: allowed_ips 10.0.0.256 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "10.0.0.7/33", "vnet0: allowed_ips 10.0.0.7/33 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "10.0.0.7/", "vnet0: allowed_ips 10.0.0.7/ is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "/8", "vnet0: allowed_ips /8 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "10.0.0.7/-1", "vnet0: allowed_ips 10.0.0.7/-1 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "10.0.0.7/24", "vnet0: allowed_ips 10.0.0.7/24 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "10.0.0.7/0", "vnet0: allowed_ips 10.0.0.7/0 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "2001:db8::1/64",
	  "vnet0: allowed_ips 2001:db8::1/64 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "2001:db8::/129",
	  "vnet0: allowed_ips 2001:db8::/129 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "::ffff:10.0.0.7",
	  "vnet0: allowed_ips ::ffff:10.0.0.7 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "::ffff:0:0/96",
	  "vnet0: allowed_ips ::ffff:0:0/96 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "fe80::1%eth0",
	  "vnet0: allowed_ips fe80::1%eth0 is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "10.0.0.7,", "vnet0: allowed_ips 10.0.0.7, is not " ALLOWED_EXPECTED },
	{ "allowed_ips", "10.0.0.7,none",
	  "vnet0: allowed_ips 10.0.0.7,none is not " ALLOWED_EXPECTED },
	{ "allowed_ips", PREFIXES_32 ",10.0.0.32",
	  "vnet0: allowed_ips 10.0.0.0,10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,1... "
	  "is not " ALLOWED_EXPECTED },
	{ "storm_limit", "0", "vnet0: storm_limit 0 is not " STORM_EXPECTED },
	{ "storm-limit", "", "vnet0: storm_limit '' is not " STORM_EXPECTED },
	{ "storm_limit", "10000001", "vnet0: storm_limit 10000001 is not " STORM_EXPECTED },
	{ "storm_limit", "-1", "vnet0: storm_limit -1 is not " STORM_EXPECTED },
	{ "storm_limit", "1k", "vnet0: storm_limit 1k is not " STORM_EXPECTED },
	{ "storm_limit", "unlimited", "vnet0: storm_limit unlimited is not " STORM_EXPECTED },
	{ "owner", "", "vnet0: owner '' is not " OWNER_EXPECTED },
	{ "owner", "-ann", "vnet0: owner -ann is not " OWNER_EXPECTED },
	{ "owner", "ann bob", "vnet0: owner ann bob is not " OWNER_EXPECTED },
	{ "owner", "ann:x", "vnet0: owner ann:x is not " OWNER_EXPECTED },
	{ "owner", "4294967295", "vnet0: owner 4294967295 is not " OWNER_EXPECTED },
	{ "owner", "99999999999", "vnet0: owner 99999999999 is not " OWNER_EXPECTED },
	{ "owner", "a23456789012345678901234567890123",
	  "vnet0: owner a23456789012345678901234567890123 is not " OWNER_EXPECTED },
	{ "address_prefix", "", "vnet0: address_prefix '' is not " PREFIX_EXPECTED },
	{ "address_prefix", "2", "vnet0: address_prefix 2 is not " PREFIX_EXPECTED },
	{ "address_prefix", "02:", "vnet0: address_prefix 02: is not " PREFIX_EXPECTED },
	{ "address_prefix", "01:00", "vnet0: address_prefix 01:00 is not " PREFIX_EXPECTED },
	{ "address_prefix", "02-00", "vnet0: address_prefix 02-00 is not " PREFIX_EXPECTED },
	{ "address_prefix", "02:00:00:00:00:01",
	  "vnet0: address_prefix 02:00:00:00:00:01 is not " PREFIX_EXPECTED },
	{ "share", "1x", "vnet0: share 1x is not on or off" },
	{ "addresses", "10.0.0.0/24", "vnet0: addresses 10.0.0.0/24 is not " LOCAL_EXPECTED },
	{ "addresses", "10.0.0.7,", "vnet0: addresses 10.0.0.7, is not " LOCAL_EXPECTED },
	{ "learn", "", "vnet0: learn '' is not on or off" },
	{ "colour", "red",
	  "vnet0: colour is not a setting, expected one of address, mtu, upper, netns, mode, "
	  "guard, pvid, vlans, promiscuous, on_delete, hybrid_needs_service, monitor_interval, "
	  "hold_down, "
	  "tx_timeout, announce_count, announce_interval, announce_addresses, protection, "
	  "allowed_ips, storm_limit, owner, address_prefix, share, addresses, learn, "
	  "maxbw, maxbw_in, maxbw_out" },
	{ "a\nb", "x",
	  "vnet0: a?b is not a setting, expected one of address, mtu, upper, netns, mode, guard, "
	  "pvid, vlans, promiscuous, on_delete, hybrid_needs_service, monitor_interval, "
	  "hold_down, "
	  "tx_timeout, announce_count, announce_interval, announce_addresses, protection, "
	  "allowed_ips, storm_limit, owner, address_prefix, share, addresses, learn, "
	  "maxbw, maxbw_in, maxbw_out" },
	{ "", "x",
	  "vnet0: '' is not a setting, expected one of address, mtu, upper, netns, mode, guard, "
	  "pvid, vlans, promiscuous, on_delete, hybrid_needs_service, monitor_interval, "
	  "hold_down, "
	  "tx_timeout, announce_count, announce_interval, announce_addresses, protection, "
	  "allowed_ips, storm_limit, owner, address_prefix, share, addresses, learn, "
	  "maxbw, maxbw_in, maxbw_out" },
};

static const struct bad_value resource_bad[] = {
	{ "type", "", "vnet0: type '' is not service, guest or hybrid" },
	{ "type", "none", "vnet0: type none is not service, guest or hybrid" },
	{ "type", "Guest", "vnet0: type Guest is not service, guest or hybrid" },
	{ "device", "a/b", "vnet0: device a/b is not " SUBJECT_DEVICE_EXPECTED },
	{ "device", "", "vnet0: device '' is not " SUBJECT_DEVICE_EXPECTED },
	{ "peer", "", "vnet0: peer '' is not a unicast MAC like 02:00:00:00:00:01" },
	{ "peer", "random", "vnet0: peer random is not a unicast MAC like 02:00:00:00:00:01" },
	{ "peer", "ff:ff:ff:ff:ff:ff",
	  "vnet0: peer ff:ff:ff:ff:ff:ff is not a unicast MAC like 02:00:00:00:00:01" },
	{ "peer", "00:00:00:00:00:00",
	  "vnet0: peer 00:00:00:00:00:00 is not a unicast MAC like 02:00:00:00:00:01" },
	{ "priority", "65536", "vnet0: priority 65536 is not a number from 0 to 65535" },
	{ "priority", "-1", "vnet0: priority -1 is not a number from 0 to 65535" },
	{ "pvid", "0", "vnet0: pvid 0 is not a number from 1 to 4094 or inherit" },
	{ "pvid", "", "vnet0: pvid '' is not a number from 1 to 4094 or inherit" },
	{ "vlans", "x", "vnet0: vlans x is not inherit, " ALL_VLANS_EXPECTED },
	{ "vlans", "", "vnet0: vlans '' is not inherit, " ALL_VLANS_EXPECTED },
	{ "vlans", "4095", "vnet0: vlans 4095 is not inherit, " ALL_VLANS_EXPECTED },
	{ "pf", "", "vnet0: pf '' is not " SUBJECT_DEVICE_EXPECTED },
	{ "vf", "65535", "vnet0: vf 65535 is not a number from 0 to 65534" },
	{ "vf", "-1", "vnet0: vf -1 is not a number from 0 to 65534" },
	{ "vf", "", "vnet0: vf '' is not a number from 0 to 65534" },
	{ "vf_vlan", "0", "vnet0: vf_vlan 0 is not a number from 1 to 4094 or none" },
	{ "vf_vlan", "4095", "vnet0: vf_vlan 4095 is not a number from 1 to 4094 or none" },
	{ "peer_vnet", "", "vnet0: peer_vnet '' is not " PEER_VNET_EXPECTED },
	{ "peer-vnet", "a/b", "vnet0: peer_vnet a/b is not " PEER_VNET_EXPECTED },
	{ "uplink", "a/b",
	  "vnet0: uplink a/b is not the name of an uplink, of 1 to 13 letters, digits, '_', "
	  "'-' and '.'" },
	{ "peer_vnet", "-a", "vnet0: peer_vnet -a is not " PEER_VNET_EXPECTED },
	{ "peer_vnet", "abcdefghijklmn",
	  "vnet0: peer_vnet abcdefghijklmn is not " PEER_VNET_EXPECTED },
	{ "storm_limit", "0", "vnet0: storm_limit 0 is not " STORM_EXPECTED },
	{ "storm_limit", "10000001", "vnet0: storm_limit 10000001 is not " STORM_EXPECTED },
	{ "probe", "", "vnet0: probe '' is not " PROBE_EXPECTED },
	{ "probe", "no", "vnet0: probe no is not " PROBE_EXPECTED },
	{ "probe", "0.0.0.0", "vnet0: probe 0.0.0.0 is not " PROBE_EXPECTED },
	{ "probe", "127.0.0.1", "vnet0: probe 127.0.0.1 is not " PROBE_EXPECTED },
	{ "probe", "224.0.0.1", "vnet0: probe 224.0.0.1 is not " PROBE_EXPECTED },
	{ "probe", "255.255.255.255", "vnet0: probe 255.255.255.255 is not " PROBE_EXPECTED },
	{ "probe", "10.0.0.1/32", "vnet0: probe 10.0.0.1/32 is not " PROBE_EXPECTED },
	{ "probe", "10.0.0.1,10.0.0.2", "vnet0: probe 10.0.0.1,10.0.0.2 is not " PROBE_EXPECTED },
	{ "probe", "::", "vnet0: probe :: is not " PROBE_EXPECTED },
	{ "probe", "::1", "vnet0: probe ::1 is not " PROBE_EXPECTED },
	{ "probe", "ff02::1", "vnet0: probe ff02::1 is not " PROBE_EXPECTED },
	{ "probe", "::ffff:10.0.0.1", "vnet0: probe ::ffff:10.0.0.1 is not " PROBE_EXPECTED },
	{ "probe", "fe80::1%eth0", "vnet0: probe fe80::1%eth0 is not " PROBE_EXPECTED },
	{ "probe", "01:00:5e:00:00:01", "vnet0: probe 01:00:5e:00:00:01 is not " PROBE_EXPECTED },
	{ "probe", "00:00:00:00:00:00", "vnet0: probe 00:00:00:00:00:00 is not " PROBE_EXPECTED },
	{ "probe_interval", "9",
	  "vnet0: probe_interval 9 is not a number of milliseconds from 10 to 60000" },
	{ "probe-interval", "60001",
	  "vnet0: probe_interval 60001 is not a number of milliseconds from 10 to 60000" },
	{ "probe_count", "0", "vnet0: probe_count 0 is not a number from 1 to 100" },
	{ "probe-count", "101", "vnet0: probe_count 101 is not a number from 1 to 100" },
	{ "admin", "on", "vnet0: admin on is not up or down" },
	{ "admin", "", "vnet0: admin '' is not up or down" },
	{ "mtu", "1500",
	  "vnet0: mtu is not a setting, expected one of type, device, peer, peer_vnet, pf, "
	  "vf, vf_vlan, uplink, priority, "
	  "pvid, vlans, admin, storm_limit, probe, probe_interval, probe_count, "
	  "maxbw, maxbw_in, maxbw_out" },
};

/* Refused, whatever was there before, with the sentence, and nothing else has changed. */
static void assert_refused(struct subject *subject, const struct bad_value *bad)
{
	const struct setting *row = settings_find(subject->table, bad->key);
	struct subject before;
	struct error e = { 0 };

	memcpy(&before, subject, sizeof(before));
	ck_assert_int_eq(
		settings_set(subject->table, &subject->s, "vnet0", bad->key, bad->text, &e),
		-EINVAL);
	ck_assert_mem_eq(subject, &before, sizeof(before));
	ck_assert_int_eq(e.kind, ERROR_INVALID);
	ck_assert_int_eq(e.number, EINVAL);
	ck_assert_str_eq(e.object, "vnet0");
	ck_assert_str_eq(e.message, bad->message);
	if (row)
		ck_assert_str_eq(e.field, row->key);
	ck_assert_int_eq(
		settings_set(subject->table, &subject->s, "vnet0", bad->key, bad->text, NULL),
		-EINVAL);
	if (row)
		ck_assert_int_eq(row->parse(&subject->s, bad->text), -EINVAL);
	ck_assert_mem_eq(subject, &before, sizeof(before));
}

START_TEST(vnet_refuses)
{
	struct subject subject = subject_vnet();

	assert_refused(&subject, &vnet_bad[_i]);
	subject_set(&subject, "address", "02:00:00:00:00:01");
	subject_set(&subject, "upper", "tap0");
	subject_set(&subject, "netns", "/x");
	subject_set(&subject, "mode", "tc");
	subject_set(&subject, "promiscuous", "on");
	subject_set(&subject, "vlans", "5-9");
	subject_set(&subject, "protection", "ip-nospoof");
	subject_set(&subject, "allowed_ips", "10.0.0.7,2001:db8::/64");
	subject_set(&subject, "storm_limit", "7");
	subject_set(&subject, "owner", "ann");
	assert_refused(&subject, &vnet_bad[_i]);
}
END_TEST

START_TEST(resource_refuses)
{
	struct subject subject = subject_resource();

	assert_refused(&subject, &resource_bad[_i]);
	subject_set(&subject, "type", "guest");
	subject_set(&subject, "device", "eth0");
	subject_set(&subject, "peer", "02:00:00:00:00:02");
	subject_set(&subject, "pvid", "7");
	subject_set(&subject, "vlans", "5-9");
	subject_set(&subject, "admin", "down");
	subject_set(&subject, "peer_vnet", "vnet1");
	subject_set(&subject, "storm_limit", "7");
	assert_refused(&subject, &resource_bad[_i]);
}
END_TEST

START_TEST(needs_no_object)
{
	struct subject subject = subject_vnet();
	struct error e = { 0 };

	settings_set(subject.table, &subject.s, NULL, "mtu", "x", &e);
	ck_assert_str_eq(e.object, "");
	ck_assert_str_eq(e.message, "mtu x is not a number from 68 to 65521");
	settings_set(subject.table, &subject.s, "", "mtu", "x", &e);
	ck_assert_str_eq(e.message, "mtu x is not a number from 68 to 65521");
	settings_set(settings_resource, &subject.s, NULL, "x", "x", &e);
	ck_assert_str_eq(e.field, "x");
	ck_assert_str_eq(
		e.message,
		"x is not a setting, expected one of type, device, peer, "
		"peer_vnet, pf, vf, vf_vlan, uplink, priority, pvid, vlans, admin, storm_limit, "
		"probe, probe_interval, probe_count, maxbw, maxbw_in, maxbw_out");
}
END_TEST

int main(void)
{
	TCase *c;
	Suite *s = unit_suite("settings values", &c);

	tcase_add_loop_test(c, vnet_round_trip, 0, UTIL_ARRAY_SIZE(vnet_good));
	tcase_add_loop_test(c, resource_round_trip, 0, UTIL_ARRAY_SIZE(resource_good));
	tcase_add_test(c, all_rows_go_round);
	tcase_add_test(c, resets);
	tcase_add_test(c, longest_vlans_fit);
	tcase_add_test(c, longest_prefixes_fit);
	tcase_add_test(c, prefixes_are_mapped);
	tcase_add_loop_test(c, vnet_refuses, 0, UTIL_ARRAY_SIZE(vnet_bad));
	tcase_add_loop_test(c, resource_refuses, 0, UTIL_ARRAY_SIZE(resource_bad));
	tcase_add_test(c, needs_no_object);
	return unit_run(s);
}
