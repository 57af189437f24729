/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damping: what was lost comes back when it has been well for long enough. */
#include <errno.h>

#include "../../daemon/reconcile.h"
#include "world_case.h"

#define HELD "down: device h10 was lost and is back; returns in "
#define MS   1000

static void damped(void)
{
	world_usual(w);
	world_set(w, "vnet0", "hold_down", "1000");
	world_forget_events(w);
}

static const char *unicast(void)
{
	return vnet0()->unicast ? vnet0()->unicast->name : "-";
}

static bool row_up(const char *name)
{
	return fake_kernel_resource(w->k, world_find_resource(w, "vnet0", name)->number)->up ==
	       ABI_UP;
}

static void lose_and_find(const char *device_name)
{
	world_carrier(w, device_name, false);
	world_carrier(w, device_name, true);
}

START_TEST(test_returns_when_well_for_long_enough)
{
	char reason[100];

	damped();
	lose_and_find("h10");
	state_is("h1", HELD "1000 ms");
	ck_assert_str_eq(unicast(), "h2");
	ck_assert(!row_up("h1"));
	world_pass(w, 400 * MS);
	world_news(w);
	world_pass(w, 599 * MS);
	manager_reason(world_find_resource(w, "vnet0", "h1"), reason, sizeof(reason));
	ck_assert_str_eq(reason, "device h10 was lost and is back; returns in 1 ms");
	world_pass(w, 1 * MS);
	state_is("h1", "up");
	ck_assert(row_up("h1"));
	ck_assert_str_eq(unicast(), "h1");
	ck_assert_uint_eq(reconcile_hold_due_us(w->m), UINT64_MAX);
	ck_assert_str_eq(w->events, "resource-state vnet0 h1 down\n"
				    "path-switched vnet0 unicast h2 h1\n"
				    "resource-state vnet0 h1 up\n"
				    "path-switched vnet0 unicast h1 h2\n");
}
END_TEST

START_TEST(test_every_loss_begins_anew)
{
	damped();
	lose_and_find("h10");
	world_pass(w, 900 * MS);
	lose_and_find("h10");
	world_pass(w, 900 * MS);
	ck_assert(!row_up("h1"));
	world_carrier(w, "h10", false);
	state_is("h1", "down: device h10 has no carrier");
	ck_assert_uint_eq(reconcile_hold_due_us(w->m), UINT64_MAX);
	world_pass(w, 5000 * MS);
	world_carrier(w, "h10", true);
	state_is("h1", HELD "1000 ms");
	world_pass(w, 999 * MS);
	ck_assert(!row_up("h1"));
	world_pass(w, 1 * MS);
	ck_assert(row_up("h1"));
}
END_TEST

/* Neither its own, nor another's because nothing else could carry for a moment. */
START_TEST(test_refused_change_ends_nothing)
{
	static const struct {
		const char *resource, *key, *value, *call;
	} changes[] = {
		{ "h1", "storm_limit", "5", NULL },
		{ "h1", "admin", "down", NULL },
		{ "h2", "admin", "down", NULL },
		{ "h2", "storm_limit", "5", "port_write" },
		{ "h2", "storm_limit", "5", "storm_write" },
		{ "h2", "priority", "5", "vnet_write" },
	};

	damped();
	world_resource_del(w, "vnet0", "s");
	lose_and_find("h10");
	world_pass(w, 300 * MS);
	world_forget_events(w);
	w->save_fails = !changes[_i].call;
	if (changes[_i].call)
		fake_kernel_fail_once(w->k, changes[_i].call, EIO, 0);
	ck_assert_int_lt(world_try_resource_set(w, "vnet0", changes[_i].resource, changes[_i].key,
						changes[_i].value, NULL),
			 0);
	w->save_fails = false;
	ck_assert_int_eq(strncmp(world_state(w, "vnet0", "h1"), HELD, strlen(HELD)), 0);
	ck_assert_str_eq(unicast(), "h2");
	world_check(w);
	world_news(w);
	world_pass(w, 699 * MS);
	ck_assert(!row_up("h1"));
	world_pass(w, 1 * MS);
	state_is("h1", "up");
}
END_TEST

/* A change that is not refused does. */
START_TEST(test_change_ends_it)
{
	damped();
	lose_and_find("h10");
	world_resource_set(w, "vnet0", "h1", "storm_limit", "5");
	state_is("h1", "up");
	ck_assert_str_eq(unicast(), "h1");
}
END_TEST

/* fault 33: at 100 Hz, for a minute, in each of the ways in which it may be told. */
START_TEST(test_flapping)
{
	struct link *l;
	uint64_t before;

	damped();
	for (unsigned int i = 0; i < 6000; i++) {
		l = fake_kernel_find(w->k, "h10");
		if (_i == 0) {
			lose_and_find("h10");
		} else { /* lost and found between two looks: the kernel's count alone tells */
			l->carrier_downs++;
			if (i % 7 == 0)
				fake_kernel_tell(w->k, w->m, "h10");
		}
		world_pass(w, 10 * MS);
	}
	before = vnet0()->switches;
	ck_assert_uint_le(before, 2 + 2 * 61);
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "h1")->state, RESOURCE_DOWN);
	world_pass(w, 1000 * MS);
	state_is("h1", "up");
	ck_assert_uint_eq(vnet0()->switches, before + 1);
}
END_TEST

/* However short the time is set: one return a second. */
START_TEST(test_once_a_second)
{
	damped();
	world_set(w, "vnet0", "hold_down", "100");
	lose_and_find("h10");
	world_pass(w, 100 * MS);
	state_is("h1", "up");
	lose_and_find("h10");
	state_is("h1", HELD "1000 ms");
	world_pass(w, 999 * MS);
	ck_assert(!row_up("h1"));
	world_pass(w, 1 * MS);
	ck_assert(row_up("h1"));
}
END_TEST

static void set_down_and_up(void)
{
	world_up(w, "h10", false);
	world_up(w, "h10", true);
}

static void flap_unseen(void)
{
	fake_kernel_find(w->k, "h10")->carrier_downs++;
	fake_kernel_tell(w->k, w->m, "h10");
}

static void delete_and_make(void)
{
	world_delete(w, "h10");
	world_device(w, "h10");
}

static void fail_and_heal(void)
{
	fake_kernel_fail(w->k, "attach", ENOMEM, 0);
	fake_kernel_find(w->k, "h10")->promiscuity++;
	fake_kernel_tell(w->k, w->m, "h10");
	fake_kernel_heal(w->k);
	fake_kernel_find(w->k, "h10")->promiscuity--;
	fake_kernel_tell(w->k, w->m, "h10");
}

static void (*const losses[])(void) = { set_down_and_up, flap_unseen, delete_and_make,
					fail_and_heal };

START_TEST(test_each_loss)
{
	damped();
	losses[_i]();
	state_is("h1", HELD "1000 ms");
	world_pass(w, 1000 * MS);
	state_is("h1", "up");
}
END_TEST

static void admin_down_and_up(void)
{
	world_resource_set(w, "vnet0", "h1", "admin", "down");
	world_resource_set(w, "vnet0", "h1", "admin", "up");
}

static void other_address(void)
{
	w->k->busy[device("h10")->ifindex] = true;
	world_set(w, "vnet0", "address", "02:00:00:00:00:77");
	world_news(w);
}

static void lost_and_set_up(void)
{
	lose_and_find("h10");
	state_is("h1", HELD "1000 ms");
	world_resource_set(w, "vnet0", "h1", "admin", "up");
}

static void restart(void)
{
	lose_and_find("h10");
	world_stop(w);
	world_start(w);
}

static void removed_and_added(void)
{
	lose_and_find("h10");
	world_resource_del(w, "vnet0", "h1");
	world_resource(w, "vnet0", "h1", "type", "hybrid", "device", "h10", "priority", "10");
}

static void refused_change(void)
{
	fake_kernel_fail_once(w->k, "link_set", EINVAL, 1);
	ck_assert_int_ne(world_try_set(w, "vnet0", "mtu", "2000", NULL), 0);
	fake_kernel_heal(w->k);
	world_news(w);
}

static void switched_off(void)
{
	lose_and_find("h10");
	world_set(w, "vnet0", "hold_down", "0");
}

static void switched_off_before(void)
{
	world_set(w, "vnet0", "hold_down", "0");
	lose_and_find("h10");
}

static void (*const planned[])(void) = { admin_down_and_up,   other_address,
					 lost_and_set_up,     restart,
					 removed_and_added,   switched_off,
					 switched_off_before, refused_change };

START_TEST(test_what_is_planned_returns_at_once)
{
	damped();
	planned[_i]();
	state_is("h1", "up");
	ck_assert(row_up("h1"));
	ck_assert_uint_eq(reconcile_hold_due_us(w->m), UINT64_MAX);
}
END_TEST

START_TEST(test_first_time_is_not_a_return)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "s0");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h0");
	world_device(w, "h0");
	state_is("h", "up");
	world_resource_set(w, "vnet0", "h", "admin", "down");
	lose_and_find("h0");
	world_resource_set(w, "vnet0", "h", "admin", "up");
	state_is("h", "up");
}
END_TEST

START_TEST(test_service_is_never_held)
{
	damped();
	lose_and_find("s0");
	state_is("s", "up");
	ck_assert_ptr_eq(vnet0()->multicast, world_find_resource(w, "vnet0", "s"));
}
END_TEST

START_TEST(test_guest)
{
	damped();
	lose_and_find("g0");
	state_is("g", "down: device g0 was lost and is back; returns in 1000 ms");
	ck_assert_uint_eq(fake_kernel_fdb(w->k, vnet0()->number, 1, WORLD_PEER),
			  world_find_resource(w, "vnet0", "g")->number);
	world_pass(w, 1000 * MS);
	state_is("g", "up");
}
END_TEST

/* A hybrid that may not carry without a service is no other way. */
START_TEST(test_hybrid_that_needs_the_service)
{
	damped();
	world_set(w, "vnet0", "hybrid_needs_service", "on");
	lose_and_find("g0");
	ck_assert(!row_up("g"));
	world_carrier(w, "s0", false);
	state_is("g", "up");
	ck_assert(row_up("g"));
}
END_TEST

/* What carried in its place is lost as well, in either of the ways. */
START_TEST(test_last_resort)
{
	damped();
	lose_and_find("g0");
	lose_and_find("h10");
	lose_and_find("h20");
	ck_assert_str_eq(unicast(), "s");
	world_forget_journal(w);
	if (_i == 0)
		world_carrier(w, "s0", false);
	else if (_i == 1)
		world_resource_del(w, "vnet0", "s");
	else if (_i == 2)
		world_delete(w, "s0");
	else
		world_resource_set(w, "vnet0", "s", "admin", "down");
	ck_assert_str_eq(unicast(), "h1");
	state_is("h1", "up");
	ck_assert(row_up("h1"));
	state_is("h2", "down: device h20 was lost and is back; returns in 1000 ms");
	ck_assert(!row_up("h2"));
	ck_assert(!row_up("g"));
	world_pass(w, 1000 * MS);
	state_is("h2", "up");
	state_is("g", "up");
}
END_TEST

/* Alone it is up again as soon as it is well, and comes no later than that. */
START_TEST(test_alone)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "h0");
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h0");
	for (unsigned int i = 0; i < 5; i++) {
		world_carrier(w, "h0", false);
		state_is("h", "down: device h0 has no carrier");
		world_carrier(w, "h0", true);
		state_is("h", "up");
	}
}
END_TEST

/* The kernel may hold news back: it is asked before a device is relied upon. */
START_TEST(test_asks_before_it_relies)
{
	damped();
	lose_and_find("h10");
	world_pass(w, 999 * MS);
	if (_i == 0) {
		fake_kernel_find(w->k, "h10")->carrier = false;
		world_pass(w, 1 * MS);
		state_is("h1", "down: device h10 has no carrier");
		return;
	}
	fake_kernel_find(w->k, "h10")->carrier_downs++;
	world_pass(w, 1 * MS);
	state_is("h1", HELD "1000 ms");
	world_pass(w, 1000 * MS);
	state_is("h1", "up");
}
END_TEST

/* Many at once: each has its time. */
START_TEST(test_each_has_its_time)
{
	damped();
	lose_and_find("h10");
	world_pass(w, 300 * MS);
	lose_and_find("g0");
	world_pass(w, 300 * MS);
	lose_and_find("h20");
	ck_assert_uint_eq(reconcile_hold_due_us(w->m), w->k->now_us + 400 * MS);
	world_pass(w, 400 * MS);
	state_is("h1", "up");
	ck_assert(!row_up("g"));
	world_pass(w, 300 * MS);
	state_is("g", "up");
	ck_assert(!row_up("h2"));
	world_pass(w, 300 * MS);
	state_is("h2", "up");
}
END_TEST

START_TEST(test_removed_while_held)
{
	damped();
	lose_and_find("h10");
	lose_and_find("g0");
	world_resource_del(w, "vnet0", "h1");
	ck_assert_ptr_eq(w->m->held, world_find_resource(w, "vnet0", "g"));
	world_vnet_del(w, "vnet0");
	ck_assert_ptr_null(w->m->held);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("hold", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_returns_when_well_for_long_enough);
	tcase_add_test(t, test_every_loss_begins_anew);
	tcase_add_loop_test(t, test_refused_change_ends_nothing, 0, 6);
	tcase_add_test(t, test_change_ends_it);
	tcase_add_loop_test(t, test_flapping, 0, 2);
	tcase_add_test(t, test_once_a_second);
	tcase_add_loop_test(t, test_each_loss, 0, UTIL_ARRAY_SIZE(losses));
	tcase_add_loop_test(t, test_what_is_planned_returns_at_once, 0, UTIL_ARRAY_SIZE(planned));
	tcase_add_test(t, test_first_time_is_not_a_return);
	tcase_add_test(t, test_service_is_never_held);
	tcase_add_test(t, test_guest);
	tcase_add_test(t, test_hybrid_that_needs_the_service);
	tcase_add_loop_test(t, test_last_resort, 0, 4);
	tcase_add_test(t, test_alone);
	tcase_add_loop_test(t, test_asks_before_it_relies, 0, 2);
	tcase_add_test(t, test_each_has_its_time);
	tcase_add_test(t, test_removed_while_held);
	return unit_run(s);
}
