/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which resource carries what, at each moment of a change. */
#include <errno.h>

#include "../../daemon/path.h"
#include "world_case.h"

/* --- hybrids --- */

static void chain_is(const char *names)
{
	char text[64] = "";

	for (size_t i = 0; i < vnet0()->hybrid_count; i++)
		strcat(strcat(text, text[0] ? " " : ""), vnet0()->hybrids[i]->name);
	ck_assert_str_eq(text, names);
	world_check(w);
}

static void unicast_is(const char *name)
{
	static const uint8_t unknown[] = { 0x02, 0x77, 0, 0, 0, 0x77 };
	struct path_answer a;

	ck_assert_int_eq(path_find(vnet0(), unknown, 0, &a), 0);
	ck_assert_str_eq(a.resource ? a.resource->name : a.reason, name);
	ck_assert_str_eq(vnet0()->unicast ? vnet0()->unicast->name : "no_path", name);
}

START_TEST(test_hybrids)
{
	world_usual(w);
	chain_is("h1 h2");
	unicast_is("h1");
	world_forget_events(w);
	world_carrier(w, "h10", false);
	unicast_is("h2");
	world_carrier(w, "h20", false);
	unicast_is("s");
	world_carrier(w, "s0", false);
	unicast_is("no_path");
	world_carrier(w, "h20", true);
	unicast_is("h2");
	world_carrier(w, "h10", true);
	unicast_is("h1");
	ck_assert_str_eq(w->events, "resource-state vnet0 h1 down\n"
				    "path-switched vnet0 unicast h2 h1\n"
				    "resource-state vnet0 h2 down\n"
				    "path-switched vnet0 unicast s h2\n"
				    "resource-state vnet0 s down\n"
				    "path-switched vnet0 unicast - s\n"
				    "resource-state vnet0 h2 up\n"
				    "path-switched vnet0 unicast h2 -\n"
				    "resource-state vnet0 h1 up\n"
				    "path-switched vnet0 unicast h1 h2\n");
	world_forget_events(w);
	world_carrier(w, "s0", true);
	ck_assert_str_eq(w->events,
			 "resource-state vnet0 s up\npath-switched vnet0 multicast s -\n");
	/* in the chain they are, active is the one that carries */
	ck_assert(world_find_resource(w, "vnet0", "h1")->active);
	ck_assert(!world_find_resource(w, "vnet0", "h2")->active);
	ck_assert(world_find_resource(w, "vnet0", "s")->active);
}
END_TEST

START_TEST(test_priority)
{
	world_usual(w);
	world_resource(w, "vnet0", "h3", "type", "hybrid", "device", "h30", "priority", "20");
	world_resource(w, "vnet0", "h4", "type", "hybrid", "device", "h40", "priority", "15");
	world_device(w, "h30");
	world_device(w, "h40");
	chain_is("h1 h4 h2 h3");
	world_resource_set(w, "vnet0", "h2", "priority", "0");
	chain_is("h2 h1 h4 h3");
	unicast_is("h2");
	world_resource_set(w, "vnet0", "h2", "priority", "17");
	chain_is("h1 h4 h2 h3");
	/* equal ones are in the order of their making, whatever else is set on them */
	world_resource_set(w, "vnet0", "h2", "priority", "20");
	chain_is("h1 h4 h2 h3");
	world_resource_set(w, "vnet0", "h2", "admin", "down");
	world_resource_set(w, "vnet0", "h2", "admin", "up");
	chain_is("h1 h4 h2 h3");
	world_stop(w);
	world_start(w);
	chain_is("h1 h4 h2 h3");
	world_resource_del(w, "vnet0", "h1");
	chain_is("h4 h2 h3");
	unicast_is("h4");
}
END_TEST

/* At each moment of each change unknown unicast goes over what carried before, or will after. */
static void on_change(void *context)
{
	static const uint8_t unknown[] = { 0x02, 0x77, 0, 0, 0, 0x77 };
	const char *const *allowed = context;
	struct path_answer a;

	ck_assert_int_eq(path_find(vnet0(), unknown, 0, &a), 0);
	for (size_t i = 0; i < 2; i++)
		if (a.resource && util_same(a.resource->name, allowed[i]))
			return;
	ck_abort_msg("for a moment it goes over %s, not over %s or %s",
		     a.resource ? a.resource->name : a.reason, allowed[0], allowed[1]);
}

static void watch(const char *before, const char *after)
{
	static const char *allowed[2];

	allowed[0] = before;
	allowed[1] = after;
	w->k->on_change = on_change;
	w->k->context = allowed;
	unicast_is(before);
}

static void watched(const char *after)
{
	w->k->on_change = NULL;
	unicast_is(after);
	world_check(w);
}

/* Four hybrids, of which some are down: priorities and members change, every which way. */
START_TEST(test_chain_in_motion)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	char device_name[8];

	world_vnet(w, "vnet0", "address", WORLD_MAC);
	for (int i = 0; i < 4; i++) {
		char priority[8];

		snprintf(device_name, sizeof(device_name), "%s0", names[i]);
		snprintf(priority, sizeof(priority), "%d", (i + 1) * 10);
		world_device(w, device_name);
		world_resource(w, "vnet0", names[i], "type", "hybrid", "device", device_name,
			       "priority", priority);
	}
	/* one of them alone is up; wherever the others go, it is reached */
	for (int up = 0; up < 4; up++) {
		for (int i = 0; i < 4; i++) {
			snprintf(device_name, sizeof(device_name), "%s0", names[i]);
			if (i == up)
				world_carrier(w, device_name, true);
		}
		for (int i = 0; i < 4; i++) {
			snprintf(device_name, sizeof(device_name), "%s0", names[i]);
			if (i != up)
				world_carrier(w, device_name, false);
		}
		for (int moved = 0; moved < 4; moved++)
			for (int to = 5; to <= 45; to += 10) {
				char priority[8], back[8];

				snprintf(priority, sizeof(priority), "%d", to);
				snprintf(back, sizeof(back), "%d", (moved + 1) * 10);
				watch(names[up], names[up]);
				world_resource_set(w, "vnet0", names[moved], "priority", priority);
				watched(names[up]);
				watch(names[up], names[up]);
				world_resource_set(w, "vnet0", names[moved], "priority", back);
				watched(names[up]);
			}
	}
}
END_TEST

START_TEST(test_planned_changes_lose_nothing)
{
	world_usual(w);
	world_device(w, "n0");
	watch("h1", "h1");
	world_resource(w, "vnet0", "n", "type", "hybrid", "device", "n0", "priority", "15");
	watched("h1");
	watch("h1", "n");
	world_resource_set(w, "vnet0", "n", "priority", "5");
	watched("n");
	watch("n", "h1");
	world_resource_set(w, "vnet0", "n", "admin", "down");
	watched("h1");
	watch("h1", "h1");
	world_resource_del(w, "vnet0", "n");
	watched("h1");
	watch("h1", "h2");
	world_resource_del(w, "vnet0", "h1");
	watched("h2");
	watch("h2", "s");
	world_resource_del(w, "vnet0", "h2");
	watched("s");
	world_device(w, "h30");
	watch("s", "h");
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h30");
	watched("h");
	watch("h", "h");
	world_resource_del(w, "vnet0", "s");
	world_set(w, "vnet0", "mtu", "2000", "address", "02:00:00:00:00:cc", "vlans", "10", "guard",
		  "off");
	watched("h");
}
END_TEST

START_TEST(test_order)
{
	const char *journal = w->k->journal;

	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "h0");
	world_device(w, "k0");
	world_forget_journal(w);
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h0", "vlans", "7");
	world_in_order(journal, "resource 1 up 0 fallback 0", "port 3 ");
	world_in_order(journal, "port 3 ", "attach rx 3");
	world_in_order(journal, "attach rx 3", "resource 1 up 1 fallback 0");
	world_in_order(journal, "resource 1 up 1 fallback 0", "vnet 1 service 0 hybrid 1");
	world_in_order(journal, "vlans 1 resource 1 ", "resource 1 up 0 fallback 0");
	world_resource(w, "vnet0", "k", "type", "hybrid", "device", "k0", "priority", "200");
	world_forget_journal(w);
	world_resource_del(w, "vnet0", "h");
	world_in_order(journal, "resource 1 up 0 fallback 2", "vnet 1 service 0 hybrid 2");
	world_in_order(journal, "vnet 1 service 0 hybrid 2", "detach rx 3");
	world_in_order(journal, "detach rx 3", "port 3 gone");
	world_in_order(journal, "port 3 gone", "resource 1 gone");
	world_in_order(journal, "resource 1 gone", "vlans 1 resource 1 gone");
	world_forget_journal(w);
	world_resource_set(w, "vnet0", "k", "vlans", "9");
	world_in_order(journal, "vlans 1 resource 2 ", "resource 2 up 1 fallback 0");
	world_forget_journal(w);
	world_resource_set(w, "vnet0", "k", "vlans", "inherit");
	world_in_order(journal, "resource 2 up 1 fallback 0", "vlans 1 resource 2 gone");
}
END_TEST

START_TEST(test_hybrid_needs_service)
{
	world_usual(w);
	world_set(w, "vnet0", "hybrid_needs_service", "on");
	unicast_is("h1");
	world_carrier(w, "s0", false);
	unicast_is("no_path");
	world_check(w);
	world_carrier(w, "s0", true);
	unicast_is("h1");
	world_resource_del(w, "vnet0", "s");
	unicast_is("no_path");
	world_set(w, "vnet0", "hybrid_needs_service", "off");
	unicast_is("h1");
}
END_TEST

/* --- guests --- */

static void entries_are(const char *mac, const char *vlans)
{
	struct vlan_set set;
	size_t n = 0;

	ck_assert_int_eq(vlan_parse(vlans, &set), 0);
	for (uint16_t id = VLAN_FIRST; id <= VLAN_LAST; id++) {
		n += vlan_has(&set, id);
		ck_assert_msg(!fake_kernel_fdb(w->k, 1, id, mac) == !vlan_has(&set, id), "VLAN %u",
			      id);
	}
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), n);
	world_check(w);
}

START_TEST(test_fdb)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_resource(w, "vnet0", "g", "type", "guest", "device", "g0", "peer", WORLD_PEER);
	entries_are(WORLD_PEER, "1");
	world_set(w, "vnet0", "vlans", "10,20-29");
	entries_are(WORLD_PEER, "1,10,20-29");
	world_set(w, "vnet0", "pvid", "10");
	entries_are(WORLD_PEER, "10,20-29");
	world_set(w, "vnet0", "pvid", "25", "vlans", "20-29");
	entries_are(WORLD_PEER, "20-29");
	world_resource_set(w, "vnet0", "g", "pvid", "50");
	entries_are(WORLD_PEER, "20-29,50");
	world_resource_set(w, "vnet0", "g", "vlans", "none");
	entries_are(WORLD_PEER, "50");
	world_resource_set(w, "vnet0", "g", "vlans", "40-60");
	entries_are(WORLD_PEER, "40-60");
	world_set(w, "vnet0", "vlans", "1-5");
	entries_are(WORLD_PEER, "40-60");
	world_device(w, "g0");
	world_resource_set(w, "vnet0", "g", "vlans", "41");
	entries_are(WORLD_PEER, "41,50");
	world_resource_set(w, "vnet0", "g", "peer", "02:00:00:00:00:0c");
	entries_are("02:00:00:00:00:0c", "41,50");
	world_resource_set(w, "vnet0", "g", "vlans", "inherit", "pvid", "inherit");
	entries_are("02:00:00:00:00:0c", "1-5,25");
	world_set(w, "vnet0", "vlans", "none");
	world_resource_del(w, "vnet0", "g");
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), 0);
}
END_TEST

/* One peer by two guests, in VLANs that are not the same. */
START_TEST(test_fdb_shared_peer)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "vlans", "10-12");
	world_device(w, "a0");
	world_resource(w, "vnet0", "a", "type", "guest", "device", "a0", "peer", WORLD_PEER);
	world_resource(w, "vnet0", "b", "type", "guest", "device", "b0", "peer", WORLD_PEER, "pvid",
		       "20", "vlans", "21");
	ck_assert_uint_eq(fake_kernel_fdb(w->k, 1, 11, WORLD_PEER), 1);
	ck_assert_uint_eq(fake_kernel_fdb(w->k, 1, 21, WORLD_PEER), 2);
	world_check(w);
	world_resource_del(w, "vnet0", "a");
	ck_assert_uint_eq(fake_kernel_fdb(w->k, 1, 11, WORLD_PEER), 0);
	ck_assert_uint_eq(fake_kernel_fdb(w->k, 1, 20, WORLD_PEER), 2);
	world_set(w, "vnet0", "vlans", "20-21"); /* nothing in the way any more */
	world_resource_set(w, "vnet0", "b", "vlans", "inherit", "pvid", "inherit");
}
END_TEST

START_TEST(test_fdb_full)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_refused(w,
		      world_try_resource(w, "vnet0", "g", "type", "guest", "device", "g0", "peer",
					 WORLD_PEER, "vlans", "all", NULL),
		      ERROR_FAILED, E2BIG, "vnet0/g", "peer",
		      "vnet0/g: writing its FDB entry in VLAN 513 failed: the FDB is full");
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), 0);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("reconcile", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_hybrids);
	tcase_add_test(t, test_priority);
	tcase_add_test(t, test_chain_in_motion);
	tcase_add_test(t, test_planned_changes_lose_nothing);
	tcase_add_test(t, test_order);
	tcase_add_test(t, test_hybrid_needs_service);
	tcase_add_test(t, test_fdb);
	tcase_add_test(t, test_fdb_shared_peer);
	tcase_add_test(t, test_fdb_full);
	return unit_run(s);
}
