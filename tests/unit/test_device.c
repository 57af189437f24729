/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that come and go, what is done to them, and what is undone. */
#include <errno.h>

#include "world_case.h"

/* --- devices come and go --- */

START_TEST(test_late_device)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_resource(w, "vnet0", "g", "type", "guest", "device", "late0", "peer", WORLD_PEER);
	state_is("g", "waiting: device late0 does not exist");
	ck_assert_uint_eq(fake_kernel_fdb(w->k, 1, 1, WORLD_PEER), 1);
	world_check(w);
	world_forget_events(w);
	world_device(w, "other0");
	ck_assert_str_eq(w->events, "");
	world_device(w, "late0");
	state_is("g", "up");
	ck_assert_str_eq(w->events, "resource-state vnet0 g up\n");
	ck_assert(filters("late0", WORLD_MAC));
	/* what was changed on it is kept for the day of its return */
	manager_settle(w->m);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"filter\": \"" WORLD_MAC "\""));
}
END_TEST

/* It comes as what cannot be taken: the state says why, and a change of that is noticed. */
START_TEST(test_late_and_unfit)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "late0");
	world_device(w, "br0");
	fake_kernel_add(w->k, "late0")->master = device("br0")->ifindex;
	fake_kernel_tell(w->k, w->m, "late0");
	state_is("h", "failed: vnet0/h: device late0 is a port of br0; take it out of there first");
	world_check(w);
	/* other news of it is no reason to try again */
	world_forget_journal(w);
	world_carrier(w, "late0", false);
	world_carrier(w, "late0", true);
	ck_assert_str_eq(w->k->journal, "");
	fake_kernel_find(w->k, "late0")->master = 0;
	fake_kernel_tell(w->k, w->m, "late0");
	state_is("h", "up");
	world_delete(w, "late0");
	fake_kernel_add(w->k, "late0")->max_mtu = 1000;
	fake_kernel_tell(w->k, w->m, "late0");
	state_is("h",
		 "failed: vnet0/h: device late0 takes an MTU of at most 1000, and vnet vnet0 has "
		 "1500");
	/* gone again, or renamed away: then it waits */
	world_rename(w, "late0", "away0");
	state_is("h", "waiting: device late0 does not exist");
	world_rename(w, "away0", "late0");
	ck_assert_int_eq(world_find_resource(w, "vnet0", "h")->state, RESOURCE_FAILED);
	world_delete(w, "late0");
	state_is("h", "waiting: device late0 does not exist");
}
END_TEST

static void made_again(const char *name, const char *resource, uint32_t ifindex)
{
	world_forget_events(w);
	world_delete(w, name);
	ck_assert_int_eq(world_find_resource(w, "vnet0", resource)->state, RESOURCE_WAITING);
	ck_assert_ptr_nonnull(strstr(w->events, " waiting\n"));
	world_check(w);
	if (ifindex)
		w->k->next_ifindex = ifindex - 1;
	world_device(w, name);
	state_is(resource, "up");
	world_check(w);
}

START_TEST(test_made_again)
{
	static const char *const rows[][2] = {
		{ "s0", "s" }, { "g0", "g" }, { "h10", "h1" }, { "h20", "h2" }
	};

	world_usual(w);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(rows); i++) {
		uint32_t ifindex = device(rows[i][0])->ifindex, next = w->k->next_ifindex;

		made_again(rows[i][0], rows[i][1], ifindex);
		ck_assert_uint_eq(device(rows[i][0])->ifindex, ifindex);
		w->k->next_ifindex = next;
		made_again(rows[i][0], rows[i][1], 0);
		ck_assert_uint_ne(device(rows[i][0])->ifindex, ifindex);
	}
}
END_TEST

/* The device that is made again is a new one: down is how it came, and what it goes back to. */
START_TEST(test_made_again_is_another)
{
	world_usual(w);
	world_delete(w, "h10");
	fake_kernel_add(w->k, "h10")->mtu = 1300;
	fake_kernel_find(w->k, "h10")->flags = 0;
	fake_kernel_tell(w->k, w->m, "h10");
	state_is("h1", "up");
	world_resource_del(w, "vnet0", "h1");
	ck_assert_uint_eq(device("h10")->mtu, 1300);
	ck_assert_uint_eq(device("h10")->flags, 0);
	ck_assert(!has_mac("h10", WORLD_MAC));
}
END_TEST

START_TEST(test_rename)
{
	world_usual(w);
	world_rename(w, "g0", "tap7");
	ck_assert_str_eq(world_find_resource(w, "vnet0", "g")->settings.device, "tap7");
	state_is("g", "up");
	manager_settle(w->m);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"device\": \"tap7\""));
	ck_assert_ptr_null(strstr(w->kept, "\"device\": \"g0\""));
	/* the old name is nobody's any more */
	world_device(w, "g0");
	ck_assert_uint_ne(world_find_resource(w, "vnet0", "g")->ifindex, device("g0")->ifindex);
	world_check(w);
	world_delete(w, "tap7");
	state_is("g", "waiting: device tap7 does not exist");
}
END_TEST

/* A name that two resources end up with is the one's who has the device; then the other's. */
START_TEST(test_rename_to_a_name_waited_for)
{
	world_usual(w);
	world_resource(w, "vnet0", "w", "type", "hybrid", "device", "wanted0", "priority", "30");
	world_rename(w, "g0", "wanted0");
	state_is("g", "up");
	state_is("w",
		 "failed: vnet0/w: device wanted0 is in use by resource g of vnet vnet0 already");
	world_check(w);
	world_stop(w);
	world_start(w);
	state_is("g", "up");
	ck_assert_int_eq(world_find_resource(w, "vnet0", "w")->state, RESOURCE_FAILED);
	world_check(w);
	world_resource_del(w, "vnet0", "g");
	state_is("w", "up");
}
END_TEST

/* --- what is done to a device, and undone --- */

START_TEST(test_mtu)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "mtu", "4000");
	world_device(w, "a0");
	world_device(w, "b0")->mtu = 9000;
	fake_kernel_tell(w->k, w->m, "b0");
	world_resource(w, "vnet0", "a", "type", "service", "device", "a0");
	world_resource(w, "vnet0", "b", "type", "hybrid", "device", "b0");
	ck_assert_uint_eq(device("a0")->mtu, 4000);
	ck_assert_uint_eq(device("b0")->mtu, 9000); /* never below what it came with */
	world_set(w, "vnet0", "mtu", "9500");
	ck_assert_uint_eq(device("vnet0")->mtu, 9500);
	ck_assert_uint_eq(device("vnet0-p")->mtu, 9500);
	ck_assert_uint_eq(device("a0")->mtu, 9500);
	ck_assert_uint_eq(device("b0")->mtu, 9500);
	world_check(w);
	world_set(w, "vnet0", "mtu", "2000");
	ck_assert_uint_eq(device("a0")->mtu, 2000);
	ck_assert_uint_eq(device("b0")->mtu, 9000);
	world_check(w);
	/* by somebody else: back to what the vnet needs */
	fake_kernel_find(w->k, "a0")->mtu = 1280;
	fake_kernel_tell(w->k, w->m, "a0");
	ck_assert_uint_eq(device("a0")->mtu, 2000);
	state_is("a", "up");
	world_resource_del(w, "vnet0", "a");
	world_resource_del(w, "vnet0", "b");
	ck_assert_uint_eq(device("a0")->mtu, 1500);
	ck_assert_uint_eq(device("b0")->mtu, 9000);
}
END_TEST

/* A planned MTU moves no path: nothing leaves it on the way. */
START_TEST(test_mtu_moves_nothing)
{
	world_usual(w);
	world_forget_journal(w);
	world_forget_events(w);
	world_set(w, "vnet0", "mtu", "9000");
	ck_assert_ptr_null(strstr(w->k->journal, "resource"));
	ck_assert_ptr_null(strstr(w->k->journal, "vnet 1"));
	ck_assert_ptr_null(strstr(w->k->journal, "tach"));
	ck_assert_str_eq(w->events, "");
}
END_TEST

START_TEST(test_address)
{
	world_usual(w);
	ck_assert(has_mac("h10", WORLD_MAC) && has_mac("h20", WORLD_MAC));
	ck_assert(filters("s0", WORLD_MAC) && filters("g0", WORLD_MAC));
	world_set(w, "vnet0", "address", "02:00:00:00:00:aa");
	ck_assert(has_mac("vnet0", "02:00:00:00:00:aa"));
	ck_assert(has_mac("h10", "02:00:00:00:00:aa") && has_mac("h20", "02:00:00:00:00:aa"));
	ck_assert(filters("s0", "02:00:00:00:00:aa") && filters("g0", "02:00:00:00:00:aa"));
	ck_assert_int_eq(fake_kernel_vnet(w->k, 1)->mac[5], 0xaa);
	world_check(w);
	/* by somebody else: back */
	mac_parse("02:99:00:00:00:99", fake_kernel_find(w->k, "h10")->address);
	fake_kernel_tell(w->k, w->m, "h10");
	ck_assert(has_mac("h10", "02:00:00:00:00:aa"));
	world_check(w);
	world_resource_del(w, "vnet0", "h1");
	ck_assert(has_mac("h10", "02:ee:00:00:00:05"));
	world_resource_del(w, "vnet0", "s");
	ck_assert(filters("s0", "00:00:00:00:00:00"));
	world_set(w, "vnet0", "address", "random");
	ck_assert_int_eq(vnet0()->settings.address[0] & 3, 2);
	ck_assert(!has_mac("vnet0", "02:00:00:00:00:aa"));
}
END_TEST

/* A driver that takes another MAC only while the device is down. */
START_TEST(test_busy_address)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "a0");
	world_device(w, "b0");
	w->k->busy[device("a0")->ifindex] = w->k->busy[device("b0")->ifindex] = true;
	world_up(w, "b0", false);
	world_resource(w, "vnet0", "a", "type", "hybrid", "device", "a0");
	world_resource(w, "vnet0", "b", "type", "hybrid", "device", "b0");
	state_is("a", "up");
	state_is("b", "up");
	world_set(w, "vnet0", "address", "02:00:00:00:00:aa");
	ck_assert(has_mac("a0", "02:00:00:00:00:aa") && has_mac("b0", "02:00:00:00:00:aa"));
	world_check(w);
	world_resource_del(w, "vnet0", "a");
	world_resource_del(w, "vnet0", "b");
	ck_assert(has_mac("a0", "02:ee:00:00:00:03") && has_mac("b0", "02:ee:00:00:00:04"));
	ck_assert(device("a0")->flags & IFF_UP);
	ck_assert(!(device("b0")->flags & IFF_UP)); /* as it came */
}
END_TEST

START_TEST(test_allmulti)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "a0");
	world_device(w, "b0")->flags |= IFF_ALLMULTI;
	fake_kernel_tell(w->k, w->m, "b0");
	world_resource(w, "vnet0", "a", "type", "service", "device", "a0");
	ck_assert(device("a0")->flags & IFF_ALLMULTI);
	world_resource_del(w, "vnet0", "a");
	ck_assert(!(device("a0")->flags & IFF_ALLMULTI));
	world_resource(w, "vnet0", "b", "type", "service", "device", "b0");
	world_check(w);
	world_resource_del(w, "vnet0", "b");
	ck_assert(device("b0")->flags & IFF_ALLMULTI); /* it was somebody else's wish */
}
END_TEST

/* Brought up when it is taken in; the administrator's own down stays. */
START_TEST(test_up)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "a0");
	world_up(w, "a0", false);
	world_resource(w, "vnet0", "a", "type", "hybrid", "device", "a0");
	state_is("a", "up");
	ck_assert(device("a0")->flags & IFF_UP);
	world_up(w, "a0", false);
	state_is("a", "down: device a0 is down");
	world_news(w);
	ck_assert(!(device("a0")->flags & IFF_UP));
	world_set(w, "vnet0", "mtu", "2000", "address", "02:00:00:00:00:aa");
	ck_assert(!(device("a0")->flags & IFF_UP));
	world_stop(w);
	world_start(w);
	ck_assert(!(device("a0")->flags & IFF_UP));
	state_is("a", "down: device a0 is down");
	world_up(w, "a0", true);
	state_is("a", "up");
	world_resource_del(w, "vnet0", "a");
	ck_assert(!(device("a0")->flags & IFF_UP));
}
END_TEST

/* A device that does not take back what it had stays so; that is no reason to keep the resource. */
START_TEST(test_not_given_back)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "a0");
	world_resource(w, "vnet0", "a", "type", "hybrid", "device", "a0");
	world_device(w, "b0"); /* the port stays up, so that the next request is the device's */
	world_resource(w, "vnet0", "b", "type", "guest", "device", "b0", "peer", WORLD_PEER);
	fake_kernel_fail_once(w->k, "link_set", EPERM, 0);
	world_resource_del(w, "vnet0", "a");
	ck_assert(w->k->failed);
	ck_assert(has_mac("a0", WORLD_MAC));
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("device", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_late_device);
	tcase_add_test(t, test_late_and_unfit);
	tcase_add_test(t, test_made_again);
	tcase_add_test(t, test_made_again_is_another);
	tcase_add_test(t, test_rename);
	tcase_add_test(t, test_rename_to_a_name_waited_for);
	tcase_add_test(t, test_mtu);
	tcase_add_test(t, test_mtu_moves_nothing);
	tcase_add_test(t, test_address);
	tcase_add_test(t, test_busy_address);
	tcase_add_test(t, test_allmulti);
	tcase_add_test(t, test_up);
	tcase_add_test(t, test_not_given_back);
	return unit_run(s);
}
