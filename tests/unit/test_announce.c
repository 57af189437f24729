/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Announcements: the frames byte by byte, and when they are sent over what. */
#include <errno.h>
#include <sys/socket.h>

#include "../../daemon/announce.h"
#include "../../daemon/reconcile.h"
#include "world_case.h"

#define MS 1000

static const uint8_t mac[MAC_LEN] = { 2, 0, 0, 0, 0, 1 };

/* --- the frames --- */

static void frame_is(const struct announce_frame *f, const char *hex)
{
	char text[2 * ANNOUNCE_FRAME_SIZE + 1];

	for (size_t i = 0; i < f->length; i++)
		snprintf(text + 2 * i, 3, "%02x", f->bytes[i]);
	ck_assert_str_eq(text, hex);
}

#define ZEROS18 "000000000000000000000000000000000000"

START_TEST(test_rarp)
{
	struct announce_frame f;

	announce_rarp(mac, 0, &f);
	frame_is(&f, "ffffffffffff"
		     "020000000001"
		     "8035"
		     "0001"
		     "0800"
		     "06"
		     "04"
		     "0003"
		     "020000000001"
		     "00000000"
		     "020000000001"
		     "00000000" ZEROS18);
	ck_assert_uint_eq(f.length, 60);
	announce_rarp(mac, 10, &f);
	frame_is(&f, "ffffffffffff"
		     "020000000001"
		     "8100"
		     "000a"
		     "8035"
		     "0001"
		     "0800"
		     "06"
		     "04"
		     "0003"
		     "020000000001"
		     "00000000"
		     "020000000001"
		     "00000000" ZEROS18);
	ck_assert_uint_eq(f.length, 64);
}
END_TEST

START_TEST(test_arp)
{
	static const uint8_t address[] = { 192, 0, 2, 7 };
	struct announce_frame f;

	announce_arp(mac, 0, address, &f);
	frame_is(&f, "ffffffffffff"
		     "020000000001"
		     "0806"
		     "0001"
		     "0800"
		     "06"
		     "04"
		     "0001"
		     "020000000001"
		     "c0000207"
		     "000000000000"
		     "c0000207" ZEROS18);
	announce_arp(mac, 4094, address, &f);
	frame_is(&f, "ffffffffffff"
		     "020000000001"
		     "8100"
		     "0ffe"
		     "0806"
		     "0001"
		     "0800"
		     "06"
		     "04"
		     "0001"
		     "020000000001"
		     "c0000207"
		     "000000000000"
		     "c0000207" ZEROS18);
}
END_TEST

START_TEST(test_na)
{
	static const uint8_t address[] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 };
	struct announce_frame f;

	announce_na(mac, 0, address, false, &f);
	frame_is(&f, "333300000001"
		     "020000000001"
		     "86dd"
		     "60000000"
		     "0020"
		     "3a"
		     "ff"
		     "20010db8000000000000000000000007"
		     "ff020000000000000000000000000001"
		     "88"
		     "00"
		     "f91e"
		     "20000000"
		     "20010db8000000000000000000000007"
		     "02"
		     "01"
		     "020000000001");
	ck_assert_uint_eq(f.length, 86);
	announce_na(mac, 5, address, true, &f);
	frame_is(&f, "333300000001"
		     "020000000001"
		     "8100"
		     "0005"
		     "86dd"
		     "60000000"
		     "0020"
		     "3a"
		     "ff"
		     "20010db8000000000000000000000007"
		     "ff020000000000000000000000000001"
		     "88"
		     "00"
		     "791e"
		     "a0000000"
		     "20010db8000000000000000000000007"
		     "02"
		     "01"
		     "020000000001");
	ck_assert_uint_eq(f.length, ANNOUNCE_FRAME_SIZE);
}
END_TEST

/* --- when, and over what --- */

/* "h10 rarp 5; h10 arp 192.0.2.7; s0 na fe80::1": those sent since the last time, and forgets them.
 */
static const char *sent(void)
{
	static char text[8192];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < w->k->frame_count; i++) {
		const struct fake_frame *f = &w->k->frames[i];
		bool tagged = f->bytes[12] == 0x81;
		const uint8_t *type = f->bytes + (tagged ? 16 : 12);
		char vlan[8] = "";

		ck_assert_mem_eq(f->bytes + 6, vnet0()->settings.address, MAC_LEN);
		if (tagged)
			snprintf(vlan, sizeof(vlan), " %d", f->bytes[14] << 8 | f->bytes[15]);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s %s%s",
					 used ? "; " : "", link_find(w->m->links, f->ifindex)->name,
					 type[0] == 0x80   ? "rarp"
					 : type[0] == 0x86 ? "na"
							   : "arp",
					 vlan);
		if (type[0] != 0x80)
			used += (size_t)snprintf(text + used, sizeof(text) - used, " .%d",
						 type[0] == 0x86 ? type[2 + 8 + 15]
								 : type[2 + 14 + 3]);
	}
	w->k->frame_count = 0;
	return text;
}

static void quiet(void)
{
	world_pass(w, 100000 * MS);
	w->k->frame_count = 0;
	ck_assert_uint_eq(reconcile_announce_due_us(w->m), UINT64_MAX);
}

static void usual(void)
{
	world_usual(w);
	quiet();
}

static void put_address(uint32_t ifindex, uint32_t family, uint8_t last, bool there)
{
	struct address a = { .ifindex = ifindex, .family = family };

	a.bytes[family == AF_INET ? 3 : 15] = last;
	manager_on_address(w->m, &a, there);
}

START_TEST(test_first_and_rounds)
{
	usual();
	world_carrier(w, "h10", false);
	ck_assert_str_eq(sent(), "h20 rarp");
	world_pass(w, 999 * MS);
	ck_assert_str_eq(sent(), "");
	world_pass(w, 1 * MS);
	ck_assert_str_eq(sent(), "h20 rarp");
	world_pass(w, 1000 * MS);
	ck_assert_str_eq(sent(), "h20 rarp");
	ck_assert_uint_eq(reconcile_announce_due_us(w->m), UINT64_MAX);
	world_pass(w, 10000 * MS);
	ck_assert_str_eq(sent(), "");
}
END_TEST

START_TEST(test_count_and_interval)
{
	usual();
	world_set(w, "vnet0", "announce_count", "2", "announce_interval", "50");
	world_carrier(w, "h10", false);
	world_pass(w, 50 * MS);
	ck_assert_str_eq(sent(), "h20 rarp; h20 rarp");
	world_pass(w, 500 * MS);
	ck_assert_str_eq(sent(), "");
	world_set(w, "vnet0", "announce_count", "0");
	world_carrier(w, "h10", true);
	ck_assert_str_eq(sent(), "");
	ck_assert_uint_eq(reconcile_announce_due_us(w->m), UINT64_MAX);
}
END_TEST

START_TEST(test_addresses)
{
	usual();
	put_address(vnet0()->upper_ifindex, AF_INET, 7, true);
	put_address(vnet0()->upper_ifindex, AF_INET6, 8, true);
	put_address(vnet0()->upper_ifindex, AF_INET6, 9, true);
	put_address(vnet0()->port_ifindex, AF_INET, 66, true);
	world_set(w, "vnet0", "announce_addresses", "10.0.0.5,2001:db8::6");
	world_carrier(w, "h10", false);
	ck_assert_str_eq(sent(),
			 "h20 rarp; h20 arp .7; h20 na .8; h20 na .9; h20 arp .5; h20 na .6");
	put_address(vnet0()->upper_ifindex, AF_INET6, 8, false);
	put_address(vnet0()->upper_ifindex, AF_INET, 7, false);
	world_pass(w, 1000 * MS);
	ck_assert_str_eq(sent(), "h20 rarp; h20 na .9; h20 arp .5; h20 na .6");
}
END_TEST

START_TEST(test_addresses_of_a_dump)
{
	usual();
	put_address(vnet0()->upper_ifindex, AF_INET, 7, true);
	put_address(vnet0()->upper_ifindex, AF_INET, 8, true);
	put_address(vnet0()->upper_ifindex, AF_INET, 9, true);
	manager_on_dump_begin(w->m);
	for (size_t i = 0; i < w->k->link_count; i++)
		manager_on_link(w->m, &w->k->links[i]);
	put_address(vnet0()->upper_ifindex, AF_INET, 8, true);
	manager_on_dump_end(w->m);
	world_carrier(w, "h10", false);
	ck_assert_str_eq(sent(), "h20 rarp; h20 arp .8");
}
END_TEST

/* Whoever handed us the device keeps its addresses; the vnet's are known from the settings alone.
 */
START_TEST(test_existing_upper)
{
	world_device(w, "tap0");
	world_device(w, "s0");
	put_address(device("tap0")->ifindex, AF_INET, 66, true);
	world_vnet(w, "vnet0", "address", WORLD_MAC, "upper", "tap0", "announce_addresses",
		   "10.0.0.5");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	ck_assert_str_eq(sent(), "s0 rarp; s0 arp .5");
}
END_TEST

START_TEST(test_way_of_unicast_has_the_last_word)
{
	usual();
	world_carrier(w, "s0", false);
	ck_assert_str_eq(sent(), "h10 rarp");
	world_carrier(w, "s0", true);
	ck_assert_str_eq(sent(), "s0 rarp; h10 rarp");
	world_pass(w, 1000 * MS);
	ck_assert_str_eq(sent(), "s0 rarp; h10 rarp");
	world_resource_set(w, "vnet0", "h1", "admin", "down");
	ck_assert_str_eq(sent(), "s0 rarp; h20 rarp");
	quiet();
	world_resource_set(w, "vnet0", "h2", "admin", "down");
	ck_assert_str_eq(sent(), "s0 rarp");
}
END_TEST

START_TEST(test_guests_are_no_way)
{
	usual();
	world_carrier(w, "g0", false);
	world_carrier(w, "g0", true);
	ck_assert_str_eq(sent(), "");
}
END_TEST

/* What is planned: others know of the new way before the old one is let go. */
static void sent_at_detach(void *context)
{
	if (strstr(w->k->journal, "detach"))
		ck_assert_uint_gt(w->k->frame_count, 0);
}

START_TEST(test_planned)
{
	usual();
	world_forget_journal(w);
	w->k->on_change = sent_at_detach;
	world_resource_del(w, "vnet0", "h1");
	w->k->on_change = NULL;
	ck_assert_ptr_nonnull(strstr(w->k->journal, "detach"));
	ck_assert_str_eq(sent(), "h20 rarp");
}
END_TEST

START_TEST(test_nothing_left)
{
	usual();
	world_resource_del(w, "vnet0", "s");
	world_resource_del(w, "vnet0", "h1");
	sent();
	world_resource_del(w, "vnet0", "h2");
	ck_assert_str_eq(sent(), "");
	ck_assert_uint_eq(reconcile_announce_due_us(w->m), UINT64_MAX);
}
END_TEST

START_TEST(test_vnet_removed_between)
{
	usual();
	world_carrier(w, "h10", false);
	world_vnet_del(w, "vnet0");
	ck_assert_ptr_null(w->m->announcing);
	ck_assert_uint_eq(reconcile_announce_due_us(w->m), UINT64_MAX);
}
END_TEST

struct vlans {
	const char *pvid, *vlans;	  /* of the vnet */
	const char *own_pvid, *own_vlans; /* of the hybrid */
	const char *sent;
};

static const struct vlans vlan_cases[] = {
	{ "1", "none", "1", "inherit", "h0 rarp; h0 arp .5" },
	{ "7", "none", "1", "inherit", "h0 rarp 7; h0 arp 7 .5" },
	{ "7", "none", "7", "inherit", "h0 rarp; h0 arp .5" },
	{ "7", "none", "1", "none", "" },
	{ "7", "none", "1", "7", "h0 rarp 7; h0 arp 7 .5" },
	{ "1", "10-12", "1", "inherit", "h0 rarp; h0 arp .5; h0 rarp 10; h0 rarp 11; h0 rarp 12" },
	{ "1", "1,10-12", "1", "11", "h0 rarp; h0 arp .5; h0 rarp 11" },
	{ "1", "10-12", "11", "inherit",
	  "h0 rarp 1; h0 arp 1 .5; h0 rarp 10; h0 rarp; h0 rarp 12" },
};

START_TEST(test_vlans)
{
	const struct vlans *c = &vlan_cases[_i];

	world_vnet(w, "vnet0", "address", WORLD_MAC, "pvid", c->pvid, "vlans", c->vlans,
		   "announce_addresses", "10.0.0.5");
	world_device(w, "h0");
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h0", "pvid", c->own_pvid,
		       "vlans", c->own_vlans);
	ck_assert_str_eq(sent(), c->sent);
}
END_TEST

START_TEST(test_trunk_is_bounded)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "vlans", "all");
	world_device(w, "h0");
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h0");
	ck_assert_uint_eq(w->k->frame_count, 1 + 64);
}
END_TEST

/* A router that no longer says so would be given up by its neighbours. */
START_TEST(test_router)
{
	usual();
	put_address(vnet0()->upper_ifindex, AF_INET6, 8, true);
	world_carrier(w, "h10", false);
	ck_assert_uint_eq(w->k->frames[1].bytes[14 + 40 + 4], 0x20);
	fake_kernel_find(w->k, "vnet0")->ipv6_router = true;
	fake_kernel_tell(w->k, w->m, "vnet0");
	world_carrier(w, "h10", true);
	ck_assert_uint_eq(w->k->frames[3].bytes[14 + 40 + 4], 0xa0);
}
END_TEST

START_TEST(test_not_allowed)
{
	usual();
	fake_kernel_fail(w->k, "send_frame", EPERM, 0);
	world_carrier(w, "h10", false);
	ck_assert_str_eq(world_find(w, "vnet0")->unicast->name, "h2");
	ck_assert(w->m->mute_told);
	fake_kernel_heal(w->k);
	world_pass(w, 1000 * MS);
	ck_assert_str_eq(sent(), "h20 rarp");
}
END_TEST

/* Nothing has switched, so nothing is led elsewhere for a moment: it is only said again. */
START_TEST(test_restart)
{
	usual();
	world_stop(w);
	world_start(w);
	ck_assert_str_eq(sent(), "h10 rarp");
	ck_assert_uint_eq(vnet0()->switches, 0);
	world_pass(w, 10000 * MS);
	ck_assert_str_eq(sent(), "h10 rarp; h10 rarp");
	ck_assert_str_eq(vnet0()->unicast->name, "h1");
	ck_assert_str_eq(vnet0()->multicast->name, "s");
}
END_TEST

/* What was lost while no vnetd was there is a switch, and what returned then is one as well. */
START_TEST(test_restart_with_a_switch)
{
	usual();
	world_stop(w);
	fake_kernel_find(w->k, "h10")->carrier = false;
	world_start(w);
	ck_assert_str_eq(sent(), "h20 rarp");
	ck_assert_uint_eq(vnet0()->switches, 1);
	quiet();
	world_carrier(w, "s0", false);
	quiet();
	world_stop(w);
	fake_kernel_find(w->k, "s0")->carrier = true;
	world_start(w);
	ck_assert_str_eq(sent(), "s0 rarp; h20 rarp");
	ck_assert_uint_eq(vnet0()->switches, 1);
}
END_TEST

START_TEST(test_restart_with_what_needs_the_service)
{
	usual();
	world_set(w, "vnet0", "hybrid_needs_service", "yes");
	world_carrier(w, "s0", false);
	quiet();
	world_stop(w);
	world_start(w);
	ck_assert_str_eq(sent(), "");
	world_carrier(w, "s0", true);
	ck_assert_str_eq(sent(), "s0 rarp; h10 rarp");
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("announce", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_rarp);
	tcase_add_test(t, test_arp);
	tcase_add_test(t, test_na);
	tcase_add_test(t, test_first_and_rounds);
	tcase_add_test(t, test_count_and_interval);
	tcase_add_test(t, test_addresses);
	tcase_add_test(t, test_addresses_of_a_dump);
	tcase_add_test(t, test_existing_upper);
	tcase_add_test(t, test_way_of_unicast_has_the_last_word);
	tcase_add_test(t, test_guests_are_no_way);
	tcase_add_test(t, test_planned);
	tcase_add_test(t, test_nothing_left);
	tcase_add_test(t, test_vnet_removed_between);
	tcase_add_loop_test(t, test_vlans, 0, UTIL_ARRAY_SIZE(vlan_cases));
	tcase_add_test(t, test_trunk_is_bounded);
	tcase_add_test(t, test_router);
	tcase_add_test(t, test_not_allowed);
	tcase_add_test(t, test_restart);
	tcase_add_test(t, test_restart_with_a_switch);
	tcase_add_test(t, test_restart_with_what_needs_the_service);
	return unit_run(s);
}
