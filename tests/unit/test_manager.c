/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's own: finding, telling, numbers and their limits, what is to be polled. */
#include <errno.h>

#include "world.h"

static struct world *w;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_check(w);
	world_news(w);
	world_free(w);
}

START_TEST(test_find)
{
	struct error e = { 0 };

	ck_assert_ptr_null(manager_vnets(w->m));
	ck_assert_ptr_null(manager_find_vnet(w->m, "vnet0", &e));
	ck_assert_str_eq(e.message, "there is no vnet \"vnet0\"");
	ck_assert_int_eq(e.kind, ERROR_NOT_FOUND);
	ck_assert_ptr_null(manager_find_vnet(w->m, "", NULL));
	world_usual(w);
	ck_assert_ptr_eq(manager_find_vnet(w->m, "vnet0", &e), manager_vnets(w->m));
	ck_assert_ptr_null(manager_find_resource(manager_vnets(w->m), "zz", &e));
	ck_assert_str_eq(e.message, "vnet vnet0 has no resource \"zz\"");
	ck_assert_str_eq(e.object, "vnet0/zz");
	ck_assert_uint_eq(manager_vnet_count(w->m), 1);
	ck_assert_uint_eq(manager_resource_count(w->m), 4);
	ck_assert_ptr_eq(manager_kernel(w->m)->ops, w->k->kernel.ops);
	ck_assert_uint_eq(link_count(manager_links(w->m)), 6);
}
END_TEST

START_TEST(test_event_names)
{
	static const char *const names[] = {
		"vnet-added",	  "vnet-removed", "resource-added", "resource-removed",
		"resource-state", "uplink-added", "uplink-removed", "uplink-state",
		"path-switched",  "overrun",	  "reloaded",
	};

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(names); i++)
		ck_assert_str_eq(manager_event_name(i), names[i]);
}
END_TEST

/* A life from end to end, in the order in which it happens. */
START_TEST(test_events)
{
	world_usual(w);
	ck_assert_str_eq(w->events, "vnet-added vnet0\n"
				    "resource-added vnet0 s\nresource-state vnet0 s up\n"
				    "path-switched vnet0 unicast s -\n"
				    "resource-added vnet0 g\nresource-state vnet0 g up\n"
				    "resource-added vnet0 h1\nresource-state vnet0 h1 up\n"
				    "path-switched vnet0 unicast h1 s\n"
				    "resource-added vnet0 h2\nresource-state vnet0 h2 up\n");
	ck_assert_uint_eq(world_find(w, "vnet0")->switches, 2);
	world_forget_events(w);
	world_resource_del(w, "vnet0", "h1");
	ck_assert_str_eq(w->events,
			 "path-switched vnet0 unicast h2 h1\nresource-removed vnet0 h1\n");
	world_forget_events(w);
	world_vnet_del(w, "vnet0");
	ck_assert_str_eq(w->events, "path-switched vnet0 multicast - s\nresource-removed vnet0 s\n"
				    "resource-removed vnet0 g\n"
				    "path-switched vnet0 unicast - h2\nresource-removed vnet0 h2\n"
				    "vnet-removed vnet0\n");
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

START_TEST(test_no_callbacks)
{
	static const struct manager_callbacks none;
	struct vnet_settings s;
	struct manager *m;

	ck_assert_int_eq(manager_new(&w->k->kernel, &none, NULL, &m), 0);
	settings_vnet_default(&s);
	ck_assert_int_eq(manager_vnet_add(m, "quiet", &s, NULL), 0);
	ck_assert_int_eq(manager_vnet_add(m, "quiet", &s, NULL), -EEXIST);
	ck_assert_int_eq(manager_vnet_del(m, "quiet", NULL), 0);
	manager_free(m);
	manager_free(NULL);
}
END_TEST

/* Freeing the manager leaves the kernel as it is: frames go on. */
START_TEST(test_free)
{
	char *before, *after;

	world_usual(w);
	before = fake_kernel_text(w->k);
	world_stop(w);
	after = fake_kernel_text(w->k);
	world_same("free", before, after);
	world_start(w);
	free(before);
	free(after);
}
END_TEST

static void take(struct manager_numbers *n, uint32_t wanted, uint32_t expected)
{
	uint32_t number = 0;

	ck_assert_int_eq(numbers_take(n, wanted, n, &number), 0);
	ck_assert_uint_eq(number, expected);
	ck_assert_ptr_eq(numbers_find(n, number), n);
}

START_TEST(test_numbers)
{
	struct manager_numbers n = { .max = 65536 };
	uint32_t number = 7;

	ck_assert_ptr_null(numbers_find(&n, 1));
	numbers_release(&n, 9);
	take(&n, 0, 1);
	take(&n, 0, 2);
	take(&n, 5, 5);
	take(&n, 5, 3); /* taken already: any other */
	take(&n, 70000, 4);
	take(&n, 0, 6);
	numbers_release(&n, 2);
	numbers_release(&n, 4);
	take(&n, 0, 2);
	take(&n, 0, 4);
	take(&n, 65535, 65535);
	for (uint32_t i = 7; i < 65535; i++)
		if (numbers_take(&n, 0, &n, &number) || number != i)
			ck_abort_msg("%u instead of %u", number, i);
	number = 7;
	ck_assert_int_eq(numbers_take(&n, 0, &n, &number), -ENOSPC);
	ck_assert_int_eq(numbers_take(&n, 3, &n, &number), -ENOSPC);
	ck_assert_uint_eq(number, 7);
	numbers_release(&n, 65535);
	take(&n, 0, 65535);
	numbers_clear(&n);
	ck_assert_ptr_null(numbers_find(&n, 5));
}
END_TEST

START_TEST(test_limits)
{
	char *before, *after;

	ck_assert_uint_eq(w->m->vnet_numbers.max, 65536);
	ck_assert_uint_eq(w->m->resource_numbers.max, 65536);
	w->m->vnet_numbers.max = 3;
	w->m->resource_numbers.max = 3;
	world_vnet(w, "a", "address", "02:00:00:00:00:01");
	world_vnet(w, "b", "address", "02:00:00:00:00:02");
	world_resource(w, "a", "x", "type", "service", "device", "x0");
	world_resource(w, "b", "x", "type", "service", "device", "y0");
	before = world_text(w);
	world_refused(w, world_try_vnet(w, "c", NULL), ERROR_FAILED, ENOSPC, "c", "",
		      "c: there are 2 vnets already, no more are possible");
	world_refused(w, world_try_resource(w, "a", "z", "type", "hybrid", "device", "z0", NULL),
		      ERROR_FAILED, ENOSPC, "z", "",
		      "a/z: there are 2 resources already, no more are possible");
	after = world_text(w);
	world_same("limits", before, after);
	/* a number that is free again is given again, and nothing of its past is left */
	world_vnet_del(w, "a");
	world_vnet(w, "c", "address", "02:00:00:00:00:03");
	ck_assert_uint_eq(world_find(w, "c")->number, 1);
	world_resource(w, "c", "z", "type", "hybrid", "device", "z0");
	ck_assert_uint_eq(world_find_resource(w, "c", "z")->number, 1);
	free(before);
	free(after);
}
END_TEST

static void note_poll(void *context, uint32_t ifindex)
{
	char *text = context;

	sprintf(text + strlen(text), "%u ", ifindex);
}

static void polls_are(uint32_t interval_ms, const char *expected)
{
	char text[64] = "";

	ck_assert_uint_eq(manager_polls(w->m, NULL, NULL), interval_ms);
	ck_assert_uint_eq(manager_polls(w->m, note_poll, text), interval_ms);
	ck_assert_str_eq(text, expected);
}

/* An active hybrid's carrier, and nobody else's. */
START_TEST(test_polls)
{
	polls_are(0, "");
	world_vnet(w, "a", "address", "02:00:00:00:00:01", "hold_down", "0");
	world_device(w, "s0");
	world_device(w, "h0");
	world_device(w, "i0");
	world_resource(w, "a", "s", "type", "service", "device", "s0");
	polls_are(0, "");
	world_resource(w, "a", "h", "type", "hybrid", "device", "h0");
	polls_are(10, "4 ");
	world_resource(w, "a", "i", "type", "hybrid", "device", "i0");
	polls_are(10, "4 ");
	world_carrier(w, "h0", false);
	polls_are(10, "5 ");
	world_carrier(w, "i0", false);
	polls_are(0, "");
	world_carrier(w, "h0", true);
	world_set(w, "a", "monitor_interval", "0");
	polls_are(0, "");
	world_set(w, "a", "monitor_interval", "200");
	polls_are(200, "4 ");
	world_vnet(w, "b", "address", "02:00:00:00:00:02", "monitor_interval", "50");
	world_resource(w, "b", "h", "type", "hybrid", "device", "k0");
	polls_are(200, "4 ");
	world_device(w, "k0");
	polls_are(50, "4 8 ");
	world_set(w, "b", "monitor_interval", "300");
	polls_are(200, "4 8 ");
}
END_TEST

/* Its loss is seen before the kernel tells of it, and its return is left to the monitor. */
START_TEST(test_look)
{
	world_vnet(w, "a", "address", "02:00:00:00:00:01");
	world_device(w, "s0");
	world_device(w, "h0");
	world_resource(w, "a", "s", "type", "service", "device", "s0");
	world_resource(w, "a", "h", "type", "hybrid", "device", "h0");
	ck_assert(manager_look(w->m, 4));
	ck_assert_str_eq(manager_find_vnet(w->m, "a", NULL)->unicast->name, "h");
	fake_kernel_find(w->k, "h0")->carrier = false;
	ck_assert(manager_look(w->m, 4));
	ck_assert_str_eq(manager_find_vnet(w->m, "a", NULL)->unicast->name, "s");
	ck_assert(manager_look(w->m, 4));
	fake_kernel_find(w->k, "h0")->carrier = true;
	ck_assert(!manager_look(w->m, 4));
	fake_kernel_fail(w->k, "carries", EIO, 0);
	ck_assert(!manager_look(w->m, 4));
	ck_assert(!manager_look(w->m, 99));
	fake_kernel_heal(w->k);
	fake_kernel_tell(w->k, w->m, "h0");
}
END_TEST

/* A service as well, while a hybrid that is held down could take over from it. */
START_TEST(test_polls_service)
{
	world_vnet(w, "a", "address", "02:00:00:00:00:01");
	world_device(w, "s0");
	world_device(w, "h0");
	world_resource(w, "a", "s", "type", "service", "device", "s0");
	world_resource(w, "a", "h", "type", "hybrid", "device", "h0");
	polls_are(10, "4 ");
	world_carrier(w, "h0", false);
	polls_are(0, "");
	world_carrier(w, "h0", true);
	polls_are(10, "3 ");
	world_pass(w, 1000000);
	polls_are(10, "4 ");
}
END_TEST

/* What goes on at its removal is the same for a vnet with everything beneath it. */
START_TEST(test_remove_all)
{
	char *before, *after;

	world_device(w, "s0");
	world_device(w, "g0");
	world_device(w, "h10");
	world_device(w, "h20");
	before = fake_kernel_text(w->k);
	world_vnet(w, "vnet0", "address", WORLD_MAC, "mtu", "5000", "vlans", "10-20");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0", "vlans", "11");
	world_resource(w, "vnet0", "g", "type", "guest", "device", "g0", "peer", WORLD_PEER);
	world_resource(w, "vnet0", "h1", "type", "hybrid", "device", "h10");
	world_resource(w, "vnet0", "h2", "type", "hybrid", "device", "h20");
	world_check(w);
	world_vnet_del(w, "vnet0");
	after = fake_kernel_text(w->k);
	world_same("removal", before, after);
	ck_assert_str_eq(w->kept, "{ \"vnets\": [ ] }");
	free(before);
	free(after);
}
END_TEST

/* The names are free again at once, before any news of the old devices. */
START_TEST(test_again_at_once)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	for (int i = 0; i < 3; i++) {
		world_vnet_del(w, "vnet0");
		world_vnet(w, "vnet0", "address", WORLD_MAC, "netns", "/proc/self/ns/net");
		world_vnet_del(w, "vnet0");
		world_vnet(w, "vnet0", "address", WORLD_MAC);
		world_check(w);
	}
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("manager", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_find);
	tcase_add_test(t, test_event_names);
	tcase_add_test(t, test_events);
	tcase_add_test(t, test_no_callbacks);
	tcase_add_test(t, test_free);
	tcase_add_test(t, test_numbers);
	tcase_add_test(t, test_limits);
	tcase_add_test(t, test_polls);
	tcase_add_test(t, test_look);
	tcase_add_test(t, test_polls_service);
	tcase_add_test(t, test_remove_all);
	tcase_add_test(t, test_again_at_once);
	return unit_run(s);
}
