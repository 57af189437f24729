// SPDX-License-Identifier: GPL-2.0-or-later
/* vnetctl: its answers for people. */
#include <errno.h>

#include "../../cli/print.h"
#include "../../cli/table.h"
#include "../../cli/top.h"
#include "unit.h"

/* What @print makes of @json. */
static void expect_colour(bool colour, int (*print)(struct ctl *ctl, struct json_object *json),
			  const char *json, const char *expected)
{
	struct json_object *parsed = json_tokener_parse(json);
	char *text = NULL;
	size_t size = 0;
	struct ctl ctl = { .out = open_memstream(&text, &size), .colour = colour };

	ck_assert_ptr_nonnull(parsed);
	ck_assert_int_eq(print(&ctl, parsed), 0);
	fclose(ctl.out);
	ck_assert_msg(strcmp(text, expected) == 0, "printed\n%s\nexpected\n%s", text, expected);
	free(text);
	json_object_put(parsed);
}

static void expect(int (*print)(struct ctl *ctl, struct json_object *json), const char *json,
		   const char *expected)
{
	expect_colour(false, print, json, expected);
}

#define SERVICE                                                                                    \
	"{\"vnet\":\"vnet0\",\"name\":\"up\",\"type\":\"service\",\"device\":\"eth1\","            \
	"\"ifindex\":3,\"peer\":null,\"priority\":0,\"state\":\"up\",\"reason\":\"\","             \
	"\"active\":true,\"attached\":\"tcx\"}"
#define GUEST                                                                                      \
	"{\"vnet\":\"vnet0\",\"name\":\"g1\",\"type\":\"guest\",\"device\":\"vnet0-g1\","          \
	"\"ifindex\":0,\"peer\":\"02:00:00:00:00:02\",\"priority\":0,\"state\":\"down\","          \
	"\"reason\":\"the device has no carrier\",\"active\":false,\"attached\":\"tcx\"}"
#define HYBRID                                                                                     \
	"{\"vnet\":\"vnet0\",\"name\":\"vf\",\"type\":\"hybrid\",\"device\":\"enp1s0v3\","         \
	"\"ifindex\":0,\"peer\":null,\"priority\":10,\"state\":\"waiting\","                       \
	"\"reason\":\"there is no device enp1s0v3\",\"active\":false,\"attached\":\"none\"}"
#define LIMITED                                                                                    \
	"{\"vnet\":\"vnet0\",\"name\":\"up\",\"type\":\"service\",\"device\":\"eth1\","            \
	"\"state\":\"up\",\"reason\":\"\",\"active\":true,\"peer_vnet\":null,\"storm_limit\":"     \
	"2000}"
#define DIRECT                                                                                     \
	"{\"vnet\":\"vnet0\",\"name\":\"b\",\"type\":\"guest\",\"device\":\"\",\"state\":\"up\","  \
	"\"peer\":\"02:00:00:00:00:02\",\"peer_vnet\":\"vnet1\",\"storm_limit\":7,"                \
	"\"reason\":\"\",\"active\":true}"
#define VNET(settings, resources)                                                                  \
	"{\"name\":\"vnet0\",\"address\":\"02:00:00:00:00:01\",\"mtu\":1500,\"upper\":\"vnet0\","  \
	"\"port\":\"vnet0-p\",\"mode\":\"auto\",\"guard\":true,\"pvid\":1,\"vlans\":\"none\","     \
	"\"carrier\":true," settings "\"resources\":[" resources "]}"
#define NO_SETTINGS "\"netns\":\"\",\"hybrid_needs_service\":false,\"promiscuous\":false,"

START_TEST(vnets_are_tables)
{
	expect(print_vnets,
	       "[" VNET(NO_SETTINGS, SERVICE "," GUEST "," HYBRID) "," VNET(NO_SETTINGS, "") "]",
	       "vnet0: carrier up, address 02:00:00:00:00:01, mtu 1500\n"
	       "  upper vnet0, port vnet0-p, mode auto, guard on, pvid 1, vlans none\n"
	       "  RESOURCE  TYPE     DEVICE    STATE    ACTIVE  DETAIL\n"
	       "  up        service  eth1      up       yes     -\n"
	       "  g1        guest    vnet0-g1  down     no      peer 02:00:00:00:00:02\n"
	       "  vf        hybrid   enp1s0v3  waiting  no      priority 10\n"
	       "  g1 is down: the device has no carrier\n"
	       "  vf is waiting: there is no device enp1s0v3\n"
	       "\n"
	       "vnet0: carrier up, address 02:00:00:00:00:01, mtu 1500\n"
	       "  upper vnet0, port vnet0-p, mode auto, guard on, pvid 1, vlans none\n"
	       "  no resources\n");
	expect(print_vnets, "[]", "no vnets\n");
	expect(print_vnets,
	       "[{\"name\":\"v\",\"carrier\":true,\"address\":\"m\",\"mtu\":1500,"
	       "\"xdp_reason\":\"device t0: no\",\"resources\":[{\"name\":\"g\",\"type\":\"guest\","
	       "\"device\":\"d\",\"state\":\"up\",\"active\":true,\"reason\":\"\","
	       "\"xdp_reason\":\"device d: never\"}]}]",
	       "v: carrier up, address m, mtu 1500\n"
	       "  upper , port , mode , guard off, pvid , vlans \n"
	       "  v has no XDP: device t0: no\n"
	       "  RESOURCE  TYPE   DEVICE  STATE  ACTIVE  DETAIL\n"
	       "  g         guest  d       up     yes     peer \n"
	       "  g has no XDP: device d: never\n");
}
END_TEST

#define FLOW(settings, target)                                                                     \
	"{\"owner\":\"up0\",\"name\":\"web\",\"rank\":100,\"dir\":\"in\",\"local\":\"any\","       \
	"\"remote\":\"any\",\"lport\":\"any\",\"rport\":\"any\",\"dsfield\":\"any\",\"vlan\":"     \
	"\"any\","                                                                                 \
	"\"maxbw_in\":\"none\",\"maxbw_out\":\"none\"," settings "," target                        \
	",\"ipackets\":7,\"rbytes\":700,\"idrops\":1,\"opackets\":0,\"obytes\":0,\"odrops\":0}"

START_TEST(flows_tell_where_frames_go)
{
	expect(print_flows,
	       "[" FLOW(
		       "\"proto\":\"tcp\",\"maxbw\":\"1mbit\",\"priority\":\"high\",\"to\":\"cpu "
		       "3\"",
		       "\"target\":\"cpu 3\",\"target_why\":\"\",\"steered\":\"software\","
		       "\"steered_why\":\"device n0 has no n-tuple filters\",\"xdp\":\"generic\"") "," FLOW("\"proto\":\"any\",\"maxbw\":\"none\",\"priority\":\"none\",\"to\":\"vnet web\"",
													    "\"target\":\"none\",\"target_why\":\"vnet web does not exist\",\"steered\":\"none\","
													    "\"steered_why\":\"\",\"xdp\":\"none\"") "]",
	       "up0/web: rank 100, dir in\n"
	       "  takes proto tcp, priority high, maxbw 1mbit, to cpu 3\n"
	       "  goes to cpu 3 by software, XDP generic: device n0 has no n-tuple filters\n"
	       "  received 7 packets, 700 bytes, 1 dropped; sent 0 packets, 0 bytes, 0 dropped\n"
	       "up0/web: rank 100, dir in\n"
	       "  takes all frames, to vnet web\n"
	       "  goes as without it: vnet web does not exist\n"
	       "  received 7 packets, 700 bytes, 1 dropped; sent 0 packets, 0 bytes, 0 dropped\n");
	expect(print_flows, "[]", "no flows\n");
}
END_TEST

START_TEST(long_settings_are_broken_at_80_columns)
{
	expect(print_vnets,
	       "[" VNET("\"netns\":\"a-namespace-with-a-name\",\"hybrid_needs_service\":true,"
			"\"promiscuous\":true,",
			"") "]",
	       "vnet0: carrier up, address 02:00:00:00:00:01, mtu 1500\n"
	       "  upper vnet0, netns a-namespace-with-a-name, port vnet0-p, mode auto,\n"
	       "  guard on, pvid 1, vlans none, promiscuous, hybrid-needs-service\n"
	       "  no resources\n");
}
END_TEST

START_TEST(protection_and_limits_are_told)
{
	expect(print_vnets,
	       "[" VNET(NO_SETTINGS "\"protection\":\"ip-nospoof,restricted\",\"storm_limit\":5,"
				    "\"allowed_ips\":\"10.0.0.7,10.100.0.0/16,172.16.0.0/12,"
				    "192.168.7.0/24,2001:db8:1:2::/64,fe80::1\",",
			LIMITED "," DIRECT) "]",
	       "vnet0: carrier up, address 02:00:00:00:00:01, mtu 1500\n"
	       "  upper vnet0, port vnet0-p, mode auto, guard on, pvid 1, vlans none,\n"
	       "  protection ip-nospoof,restricted, storm-limit 5\n"
	       "  allowed-ips 10.0.0.7, 10.100.0.0/16, 172.16.0.0/12, 192.168.7.0/24,\n"
	       "    2001:db8:1:2::/64, fe80::1\n"
	       "  RESOURCE  TYPE     DEVICE  STATE  ACTIVE  DETAIL\n"
	       "  up        service  eth1    up     yes     storm-limit 2000\n"
	       "  b         guest    -       up     yes     peer-vnet vnet1, storm-limit 7\n");
	expect(print_vnets,
	       "[" VNET(NO_SETTINGS "\"protection\":\"none\",\"storm_limit\":0,"
				    "\"allowed_ips\":\"none\",",
			"") "]",
	       "vnet0: carrier up, address 02:00:00:00:00:01, mtu 1500\n"
	       "  upper vnet0, port vnet0-p, mode auto, guard on, pvid 1, vlans none\n"
	       "  no resources\n");
}
END_TEST

#define PROVIDED(type, settings, provider)                                                         \
	"{\"vnet\":\"vnet0\",\"name\":\"p0\",\"type\":\"" type "\",\"device\":\"vntap0\","         \
	"\"state\":\"up\",\"active\":true," settings "\"provider\":{" provider "}}"

START_TEST(providers_are_told)
{
	expect(print_vnets,
	       "[" VNET(NO_SETTINGS "\"owner\":\"alice\",",
			PROVIDED("service", "\"storm_limit\":5,",
				 "\"kind\":\"tap\",\"uid\":1000,\"present\":true")) "]",
	       "vnet0: carrier up, address 02:00:00:00:00:01, mtu 1500\n"
	       "  upper vnet0, port vnet0-p, mode auto, guard on, pvid 1, vlans none,\n"
	       "  owner alice\n"
	       "  RESOURCE  TYPE     DEVICE  STATE  ACTIVE  DETAIL\n"
	       "  p0        service  vntap0  up     yes     "
	       "storm-limit 5, provider tap uid 1000\n");
	expect(print_resources,
	       "[" PROVIDED("service", "", "\"kind\":\"netdev\",\"uid\":0,\"present\":false") "]",
	       "VNET   RESOURCE  TYPE     DEVICE  STATE  ACTIVE  DETAIL\n"
	       "vnet0  p0        service  vntap0  up     yes     provider netdev uid 0 away\n");
	expect(print_resources,
	       "[" PROVIDED("guest", "\"peer\":\"02:00:00:00:00:02\",\"storm_limit\":7,",
			    "\"kind\":\"tap\",\"uid\":0,\"present\":true") "]",
	       "VNET   RESOURCE  TYPE   DEVICE  STATE  ACTIVE  DETAIL\n"
	       "vnet0  p0        guest  vntap0  up     yes     "
	       "peer 02:00:00:00:00:02, storm-limit 7, provider tap uid 0\n");
	expect(print_vnets, "[" VNET(NO_SETTINGS "\"owner\":\"none\",", "") "]",
	       "vnet0: carrier up, address 02:00:00:00:00:01, mtu 1500\n"
	       "  upper vnet0, port vnet0-p, mode auto, guard on, pvid 1, vlans none\n"
	       "  no resources\n");
}
END_TEST

START_TEST(colours_follow_the_state)
{
	expect_colour(true, print_vnets, "[" VNET(NO_SETTINGS, SERVICE "," HYBRID "," GUEST) "]",
		      "\033[1mvnet0\033[0m: carrier \033[32mup\033[0m, "
		      "address 02:00:00:00:00:01, mtu 1500\n"
		      "  upper vnet0, port vnet0-p, mode auto, guard on, pvid 1, vlans none\n"
		      "  \033[1mRESOURCE\033[0m  \033[1mTYPE\033[0m     \033[1mDEVICE\033[0m    "
		      "\033[1mSTATE\033[0m    \033[1mACTIVE\033[0m  \033[1mDETAIL\033[0m\n"
		      "  up        service  eth1      \033[32mup\033[0m       yes     -\n"
		      "  vf        hybrid   enp1s0v3  \033[33mwaiting\033[0m  no      priority 10\n"
		      "  g1        guest    vnet0-g1  \033[31mdown\033[0m     no      "
		      "peer 02:00:00:00:00:02\n"
		      "  vf is waiting: there is no device enp1s0v3\n"
		      "  g1 is down: the device has no carrier\n");
}
END_TEST

START_TEST(resources_are_a_table)
{
	expect(print_resources, "[" SERVICE "," GUEST "]",
	       "VNET   RESOURCE  TYPE     DEVICE    STATE  ACTIVE  DETAIL\n"
	       "vnet0  up        service  eth1      up     yes     -\n"
	       "vnet0  g1        guest    vnet0-g1  down   no      peer 02:00:00:00:00:02\n"
	       "vnet0/g1 is down: the device has no carrier\n");
	expect(print_resources, "[]", "no resources\n");
}
END_TEST

START_TEST(the_fdb_is_a_table)
{
	expect(print_fdb,
	       "[{\"vnet\":\"vnet0\",\"vlan\":1,\"mac\":\"02:00:00:00:00:02\",\"resource\":\"g1\","
	       "\"state\":\"up\"},{\"vnet\":\"v\",\"vlan\":4094,\"mac\":\"02:00:00:00:00:03\","
	       "\"resource\":\"guest2\",\"state\":\"waiting\"}]",
	       "VNET   VLAN  MAC                RESOURCE  STATE\n"
	       "vnet0     1  02:00:00:00:00:02  g1        up\n"
	       "v      4094  02:00:00:00:00:03  guest2    waiting\n");
	expect(print_fdb, "[]", "no entries\n");
}
END_TEST

START_TEST(a_path_is_a_sentence)
{
	expect(print_path,
	       "{\"vnet\":\"vnet0\",\"mac\":\"02:00:00:00:00:02\",\"vlan\":0,\"resource\":\"g1\","
	       "\"type\":\"guest\",\"reason\":\"guest\","
	       "\"why\":\"the MAC is registered and its guest resource is up\"}",
	       "vnet0: 02:00:00:00:00:02 goes over guest g1 "
	       "(guest: the MAC is registered and its guest resource is up)\n");
	expect(print_path,
	       "{\"vnet\":\"vnet0\",\"mac\":\"02:00:00:00:00:02\",\"vlan\":10,\"resource\":null,"
	       "\"type\":null,\"reason\":\"no_path\",\"why\":\"no resource is up\"}",
	       "vnet0: 02:00:00:00:00:02 on VLAN 10 is dropped (no_path: no resource is up)\n");
	expect(print_path, "{\"vnet\":\"v\",\"mac\":\"m\",\"reason\":\"no_path\"}",
	       "v: m is dropped (no_path)\n");
}
END_TEST

START_TEST(counters_are_two_tables)
{
	expect(print_stats,
	       "[{\"vnet\":\"vnet0\",\"switches\":1,\"drops\":{\"malformed\":0,\"spoofed\":2,"
	       "\"vlan\":18446744073709551615},\"resources\":[{\"name\":\"up\",\"ipackets\":1,"
	       "\"rbytes\":18446744073709551615,\"opackets\":3,\"obytes\":4,\"multircv\":5,"
	       "\"multixmt\":6,\"brdcstrcv\":7,\"brdcstxmt\":8,\"ierrors\":9,\"oerrors\":10,"
	       "\"norcvbuf\":11,\"noxmtbuf\":12},{\"name\":\"guest1\"}],\"devices\":[{\"name\":"
	       "\"vnet0\",\"noxmtbuf\":0},{\"name\":\"vnet0-p\",\"norcvbuf\":0,\"oerrors\":1,"
	       "\"noxmtbuf\":13}]},"
	       "{\"vnet\":\"v1\",\"switches\":0,\"drops\":{},\"resources\":[]}]",
	       "vnet0: 1 path switch\n"
	       "  dropped: spoofed 2, vlan 18446744073709551615\n"
	       "  device vnet0-p: errors on sending 1, dropped on sending 13\n"
	       "  RECEIVED  PACKETS                 BYTES  MULTICAST  BROADCAST  ERRORS  NO "
	       "BUFFER\n"
	       "  up              1  18446744073709551615          5          7       9         "
	       "11\n"
	       "  guest1          0                     0          0          0       0          "
	       "0\n"
	       "  SENT    PACKETS  BYTES  MULTICAST  BROADCAST  ERRORS  NO BUFFER\n"
	       "  up            3      4          6          8      10         12\n"
	       "  guest1        0      0          0          0       0          0\n"
	       "\n"
	       "v1: 0 path switches\n"
	       "  nothing dropped\n"
	       "  no resources\n");
	expect(print_stats, "[]", "no vnets\n");
}
END_TEST

START_TEST(uplinks_and_flows_are_told_line_by_line)
{
	expect(print_uplinks,
	       "[{\"name\":\"up0\",\"device\":\"eth1\",\"steer\":\"mac\",\"address\":"
	       "\"02:00:00:00:00:02\",\"mtu\":1500,\"state\":\"up\",\"reason\":\"\","
	       "\"promiscuous\":false,\"vnets\":[\"a\",\"b\"]},"
	       "{\"name\":\"up1\",\"device\":\"eth2\",\"steer\":\"ip\",\"address\":null,"
	       "\"state\":\"waiting\",\"reason\":\"device eth2 does not exist\\u0007\","
	       "\"vnets\":[]}]",
	       "up0: up, device eth1, address 02:00:00:00:00:02, mtu 1500, steer mac\n"
	       "  vnets a, b\n"
	       "up1: waiting, device eth2, steer ip\n"
	       "  is waiting: device eth2 does not exist?\n"
	       "  no vnets\n");
	expect(print_uplinks, "[]", "no uplinks\n");
	expect(print_flows,
	       "[{\"owner\":\"vnet0\",\"name\":\"web\",\"rank\":100,\"dir\":\"both\",\"local\":"
	       "\"any\",\"remote\":\"any\",\"proto\":\"tcp\",\"lport\":\"any\",\"rport\":\"80\","
	       "\"dsfield\":\"any\",\"vlan\":\"any\",\"maxbw\":\"1mbit\",\"maxbw_in\":\"none\","
	       "\"maxbw_out\":\"none\",\"to\":\"none\",\"priority\":\"low\",\"ipackets\":1,"
	       "\"rbytes\":2,"
	       "\"opackets\":3,\"obytes\":4,\"idrops\":5,\"odrops\":6}]",
	       "vnet0/web: rank 100, dir both\n"
	       "  takes proto tcp, rport 80, priority low, maxbw 1mbit\n"
	       "  received 1 packets, 2 bytes, 5 dropped; sent 3 packets, 4 bytes, 6 dropped\n");
	expect(print_flows, "[]", "no flows\n");
}
END_TEST

START_TEST(flows_are_a_table_of_their_own)
{
	expect(print_stats,
	       "[{\"vnet\":\"v1\",\"switches\":0,\"drops\":{},\"resources\":[],\"flows\":["
	       "{\"name\":\"web\",\"ipackets\":1,\"rbytes\":2,\"opackets\":3,\"obytes\":4,"
	       "\"idrops\":5,\"odrops\":6}]}]",
	       "v1: 0 path switches\n"
	       "  nothing dropped\n"
	       "  no resources\n"
	       "  FLOW  RX PACKETS  RX BYTES  RX DROPPED  TX PACKETS  TX BYTES  TX DROPPED\n"
	       "  web            1         2           5           3         4           6\n");
}
END_TEST

#define SAMPLE(time, us, n, drops)                                                                 \
	"{\"time\":\"" time "\",\"monotonic_us\":" us ",\"ipackets\":" n ",\"rbytes\":" n          \
	"000,\"opackets\":0,\"obytes\":18446744073709551615,\"drops\":" drops "}"

/* By the second, from one sample to the next; a counter that began anew has no rate. */
START_TEST(history_is_rates)
{
	setenv("TZ", "UTC-2", 1);
	expect(print_history,
	       "[{\"kind\":\"vnet\",\"owner\":\"vnet0\",\"flow\":null,\"interval\":10,"
	       "\"samples\":[" SAMPLE("2026-11-22T08:00:00.5Z", "1000000", "100", "0") "," SAMPLE(
		       "2026-11-22T08:00:10.5Z", "11000000", "600",
		       "3") "," SAMPLE("2026-11-22T23:"
				       "00:00.000000Z",
				       "21500000", "500",
				       "3") "]},"
					    "{\"kind\":\"flow\",\"owner\":\"u0\",\"flow\":\"web\","
					    "\"interval\":10,"
					    "\"samples\":[" SAMPLE(
						    "2026-11-22T08:00:00.5Z", "1000000", "100",
						    "0") "]},"
							 "{\"kind\":\"uplink\",\"owner\":\"u0\","
							 "\"flow\":null,\"interval\":0,\"samples\":"
							 "[]}]",
	       "vnet0: vnet\n"
	       "  TIME                 RX PKT/S  RX BYTE/S  TX PKT/S  TX BYTE/S  DROPS/S\n"
	       "  2026-11-22 10:00:10        50      50000         0          0      0.3\n"
	       "  2026-11-23 01:00:00         -          -         0          0        0\n"
	       "\n"
	       "u0/web: flow\n"
	       "  there are no two samples yet\n"
	       "\n"
	       "u0: uplink\n"
	       "  vnetd takes no samples: its --history-interval is 0\n");
	expect(print_history, "[]", "no vnets\n");
}
END_TEST

START_TEST(top_is_the_difference)
{
	static const char *const texts[] = {
		"[{\"vnet\":\"v\",\"drops\":{\"vlan\":1,\"storm\":2},\"resources\":[{\"name\":"
		"\"s\","
		"\"ipackets\":10,\"rbytes\":1000,\"norcvbuf\":1},{\"name\":\"g\",\"opackets\":9}],"
		"\"flows\":[{\"name\":\"s\",\"obytes\":5,\"odrops\":0}]}]",
		"[{\"vnet\":\"v\",\"drops\":{\"vlan\":1,\"storm\":6},\"resources\":[{\"name\":"
		"\"s\","
		"\"ipackets\":210,\"rbytes\":3000,\"norcvbuf\":2},{\"name\":\"g\",\"opackets\":8},"
		"{\"name\":\"new\"}],\"flows\":[{\"name\":\"s\",\"obytes\":105,\"odrops\":40}]}]",
	};
	struct json_object *before = json_tokener_parse(texts[0]);
	struct json_object *now = json_tokener_parse(texts[1]);
	struct json_object *rates = top_rates(before, now, 2);

	expect(print_top, json_object_to_json_string(rates),
	       "                RX PKT/S  RX BYTE/S  TX PKT/S  TX BYTE/S  DROPS/S\n"
	       "vnet v               100       1000         -          0      2.0\n"
	       "resource v/s         100       1000         0          0      0.5\n"
	       "resource v/g           0          0         -          0        0\n"
	       "resource v/new         -          -         -          -        -\n"
	       "flow v/s               0          0         0         50       20\n");
	expect(print_top, "[]", "no vnets\n");
	json_object_put(rates);
	json_object_put(before);
	json_object_put(now);
}
END_TEST

START_TEST(the_status_is_readable)
{
	expect(print_status,
	       "{\"version\":\"0.1.0\",\"instance\":\"default\",\"pid\":12,\"uptime_s\":93784,"
	       "\"vnets\":2,\"resources\":5,\"features\":{\"tcx\":true,\"xdp\":false,"
	       "\"carrier_check\":true}}",
	       "vnetd 0.1.0, instance default, process 12, up 1 d 2 h 3 min 4 s\n"
	       "vnets: 2, resources: 5\n"
	       "features: tcx yes, xdp no, carrier_check yes\n");
	expect(print_status,
	       "{\"version\":\"0.1.0\",\"instance\":\"x\",\"pid\":1,\"uptime_s\":59,\"vnets\":0,"
	       "\"resources\":0}",
	       "vnetd 0.1.0, instance x, process 1, up 59 s\nvnets: 0, resources: 0\n");
}
END_TEST

START_TEST(saved_files_are_named)
{
	expect(print_saved, "{\"files\":[\"/etc/vnet/a.vnet\",\"/etc/vnet/b.vnet\"]}",
	       "wrote /etc/vnet/a.vnet\nwrote /etc/vnet/b.vnet\n");
	expect(print_saved, "{\"files\":[]}", "nothing to write: every vnet is as its file says\n");
}
END_TEST

START_TEST(events_are_lines)
{
	expect(print_event,
	       "{\"time\":\"T\",\"event\":\"resource-state\",\"vnet\":\"vnet0\","
	       "\"resource\":\"g1\",\"type\":\"guest\",\"state\":\"down\",\"reason\":\"no "
	       "carrier\"}",
	       "T resource-state vnet0/g1 down: no carrier\n");
	expect(print_event,
	       "{\"time\":\"T\",\"event\":\"path-switched\",\"vnet\":\"vnet0\","
	       "\"kind\":\"hybrid\",\"resource\":\"vf2\",\"previous\":\"vf1\"}",
	       "T path-switched vnet0 hybrid vf1 -> vf2\n");
	expect(print_event,
	       "{\"time\":\"T\",\"event\":\"path-switched\",\"vnet\":\"vnet0\","
	       "\"kind\":\"service\",\"resource\":null,\"previous\":\"up\"}",
	       "T path-switched vnet0 service up -> none\n");
	expect(print_event, "{\"time\":\"T\",\"event\":\"reloaded\",\"dropped\":3}",
	       "T reloaded (3 events were lost before this one)\n");
}
END_TEST

START_TEST(control_characters_do_not_reach_the_terminal)
{
	expect(print_fdb,
	       "[{\"vnet\":\"v\\u001b[2J\",\"vlan\":1,\"mac\":\"m\\n\",\"resource\":\"\\u007f\","
	       "\"state\":\"up\\t\"}]",
	       "VNET   VLAN  MAC  RESOURCE  STATE\nv?[2J     1  m?   ?         up?\n");
	expect(print_vnets,
	       "[{\"name\":\"v\\u0001\",\"address\":\"a\\u009b1m\",\"mtu\":\"\\u0085\"}]",
	       "v?: carrier down, address a?1m, mtu ?\n"
	       "  upper , port , mode , guard off, pvid , vlans \n"
	       "  no resources\n");
	expect(print_path, "{\"vnet\":\"v\",\"mac\":\"m\",\"vlan\":\"1\\u0007\",\"reason\":\"r\"}",
	       "v: m on VLAN 1? is dropped (r)\n");
	expect(print_status,
	       "{\"pid\":\"\\u0007\",\"vnets\":\"\\u0008\",\"resources\":\"\\u000e\"}",
	       "vnetd , instance , process ?, up 0 s\nvnets: ?, resources: ?\n");
	expect(print_event, "{\"event\":\"e\",\"dropped\":\"1\\u0007\"}",
	       " e (1? events were lost before this one)\n");
}
END_TEST

START_TEST(what_is_no_text_is_empty)
{
	expect(print_saved, "{\"files\":[null,\"a\",1]}", "wrote \nwrote a\nwrote 1\n");
}
END_TEST

START_TEST(a_table_without_memory_is_an_error)
{
	ck_assert_int_eq(table_print(NULL, stdout, false, 0), -ENOMEM);
	table_add(NULL, TEXT_PLAIN, "x");
	table_free(NULL);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("cli_print", &t);

	tcase_add_test(t, vnets_are_tables);
	tcase_add_test(t, flows_tell_where_frames_go);
	tcase_add_test(t, long_settings_are_broken_at_80_columns);
	tcase_add_test(t, protection_and_limits_are_told);
	tcase_add_test(t, providers_are_told);
	tcase_add_test(t, colours_follow_the_state);
	tcase_add_test(t, resources_are_a_table);
	tcase_add_test(t, the_fdb_is_a_table);
	tcase_add_test(t, a_path_is_a_sentence);
	tcase_add_test(t, counters_are_two_tables);
	tcase_add_test(t, uplinks_and_flows_are_told_line_by_line);
	tcase_add_test(t, flows_are_a_table_of_their_own);
	tcase_add_test(t, history_is_rates);
	tcase_add_test(t, top_is_the_difference);
	tcase_add_test(t, the_status_is_readable);
	tcase_add_test(t, saved_files_are_named);
	tcase_add_test(t, events_are_lines);
	tcase_add_test(t, control_characters_do_not_reach_the_terminal);
	tcase_add_test(t, what_is_no_text_is_empty);
	tcase_add_test(t, a_table_without_memory_is_an_error);
	return unit_run(s);
}
