/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files come and change: the difference is made, and nothing else is touched. */
#include <errno.h>

#include "../../daemon/config.h"
#include "world.h"
#include "world_files.h"

static struct world *w;
static struct desired files;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_check(w);
	world_news(w);
	world_free(w);
	desired_clear(&files);
}

/* --- files --- */

#define file(...)	       world_file(&files, __VA_ARGS__)
#define section(...)	       world_file_resource(&files, __VA_ARGS__)
#define no_section(...)	       world_no_file_resource(&files, __VA_ARGS__)
#define configure_but(refused) world_files_try(w, &files, refused)
#define configure()	       world_files_configure(w, &files)
#define untouched()	       world_files_untouched(w, &files)

/* vnet0 with its four, as world_usual() */
static void usual_file(void)
{
	world_device(w, "s0");
	world_device(w, "g0");
	world_device(w, "h10");
	world_device(w, "h20");
	file("vnet0", "address", WORLD_MAC, NULL);
	section("vnet0", "s", "type", "service", "device", "s0", NULL);
	section("vnet0", "g", "type", "guest", "device", "g0", "peer", WORLD_PEER, NULL);
	section("vnet0", "h1", "type", "hybrid", "device", "h10", "priority", "10", NULL);
	section("vnet0", "h2", "type", "hybrid", "device", "h20", "priority", "20", NULL);
}

/* --- tests --- */

START_TEST(test_start_and_reload)
{
	usual_file();
	file("vnet1", NULL);
	configure();
	ck_assert_uint_eq(manager_vnet_count(w->m), 2);
	ck_assert_uint_eq(manager_resource_count(w->m), 4);
	ck_assert(world_find(w, "vnet0")->from_config);
	ck_assert(world_find_resource(w, "vnet0", "g")->from_config);
	ck_assert_uint_eq(w->saves, 1);
	untouched();
}
END_TEST

START_TEST(test_differences)
{
	usual_file();
	configure();
	world_forget_journal(w);
	world_forget_events(w);
	section("vnet0", "h2", "type", "hybrid", "device", "h20", "priority", "5", NULL);
	configure();
	ck_assert_str_eq(w->events, "path-switched vnet0 unicast h2 h1\nreloaded -\n");
	ck_assert_ptr_null(strstr(w->k->journal, "tach"));
	ck_assert_ptr_null(strstr(w->k->journal, "fdb"));
	world_forget_events(w);
	no_section("vnet0", "h1");
	world_device(w, "n0");
	section("vnet0", "n", "type", "guest", "device", "n0", "peer", "02:00:00:00:00:0e", NULL);
	file("vnet0", "address", WORLD_MAC, "mtu", "2000", NULL);
	configure();
	ck_assert_str_eq(w->events, "resource-removed vnet0 h1\nresource-added vnet0 n\n"
				    "resource-state vnet0 n up\nreloaded -\n");
	ck_assert_uint_eq(world_find(w, "vnet0")->settings.mtu, 2000);
	untouched();
}
END_TEST

/* What was set at run time holds until the file says something new. */
START_TEST(test_override)
{
	usual_file();
	configure();
	world_set(w, "vnet0", "guard", "off");
	world_resource_set(w, "vnet0", "h1", "priority", "77");
	world_resource(w, "vnet0", "x", "type", "guest", "device", "x0", "peer",
		       "02:00:00:00:00:0f");
	untouched();
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "h1")->settings.priority, 77);
	/* another word about another resource */
	section("vnet0", "h2", "type", "hybrid", "device", "h20", "priority", "30", NULL);
	configure();
	ck_assert(!world_find(w, "vnet0")->settings.guard);
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "h1")->settings.priority, 77);
	/* one about these */
	section("vnet0", "h1", "type", "hybrid", "device", "h10", "priority", "11", NULL);
	file("vnet0", "address", WORLD_MAC, "pvid", "4", NULL);
	configure();
	ck_assert(world_find(w, "vnet0")->settings.guard);
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "h1")->settings.priority, 11);
	/* what was made by hand is nobody's to remove */
	world_find_resource(w, "vnet0", "x");
	untouched();
}
END_TEST

START_TEST(test_removal)
{
	struct desired none = { 0 };

	usual_file();
	configure();
	world_vnet(w, "mine", "address", "02:00:00:00:00:55");
	world_done(w, manager_configure(w->m, &none, NULL, &w->e));
	ck_assert_uint_eq(manager_vnet_count(w->m), 1);
	world_find(w, "mine");
	ck_assert_ptr_null(fake_kernel_find(w->k, "vnet0"));
}
END_TEST

START_TEST(test_refused_files)
{
	char names[1][SETTINGS_NAME_SIZE] = { "vnet0" };
	struct config_refused refused = { .count = 1, .names = names };
	struct desired none = { 0 };

	usual_file();
	file("vnet1", NULL);
	configure();
	world_done(w, manager_configure(w->m, &none, &refused, &w->e));
	ck_assert_uint_eq(manager_vnet_count(w->m), 1);
	world_find_resource(w, "vnet0", "h1");
	/* nobody knows whose the file is */
	refused = (struct config_refused) { .nameless = true };
	world_done(w, manager_configure(w->m, &none, &refused, &w->e));
	ck_assert_uint_eq(manager_vnet_count(w->m), 1);
	world_done(w, manager_configure(w->m, &none, NULL, &w->e));
	ck_assert_uint_eq(manager_vnet_count(w->m), 0);
}
END_TEST

/* Without an address in the file it is chosen once. */
START_TEST(test_random_address)
{
	uint8_t chosen[MAC_LEN];

	file("vnet0", NULL);
	configure();
	memcpy(chosen, world_find(w, "vnet0")->settings.address, MAC_LEN);
	untouched();
	file("vnet0", "mtu", "1600", NULL);
	configure();
	ck_assert(mac_same(world_find(w, "vnet0")->settings.address, chosen));
	/* made anew, for it moves into a namespace */
	file("vnet0", "netns", "/proc/self/ns/net", NULL);
	configure();
	ck_assert(mac_same(world_find(w, "vnet0")->settings.address, chosen));
	ck_assert_ptr_null(fake_kernel_find(w->k, "vnet0"));
	untouched();
	file("vnet0", "netns", "/proc/self/ns/net", "address", "02:00:00:00:00:77", NULL);
	world_refused(w, configure_but(NULL), ERROR_INVALID, EINVAL, "vnet0", "address",
		      "vnet0: address and mtu can only be given when the vnet is made, for its "
		      "device is in another network namespace");
}
END_TEST

/* Type and device are for life: with another one it is another resource. */
START_TEST(test_fixed)
{
	usual_file();
	configure();
	world_device(w, "f0");
	world_forget_events(w);
	section("vnet0", "g", "type", "guest", "device", "f0", "peer", WORLD_PEER, NULL);
	configure();
	ck_assert_str_eq(w->events, "resource-removed vnet0 g\nresource-added vnet0 g\n"
				    "resource-state vnet0 g up\nreloaded -\n");
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "g")->ifindex,
			  fake_kernel_find(w->k, "f0")->ifindex);
	section("vnet0", "g", "type", "hybrid", "device", "f0", "priority", "1", NULL);
	configure();
	ck_assert_ptr_eq(world_find(w, "vnet0")->unicast, world_find_resource(w, "vnet0", "g"));
	untouched();
	/* the upper of a vnet: all of it is made anew */
	world_device(w, "tap0");
	file("vnet0", "address", WORLD_MAC, "upper", "tap0", NULL);
	configure();
	ck_assert_uint_eq(manager_resource_count(w->m), 4);
	ck_assert_ptr_null(fake_kernel_find(w->k, "vnet0"));
	untouched();
}
END_TEST

/* A device got another name: the file's name for it is still that device. */
START_TEST(test_renamed)
{
	usual_file();
	configure();
	world_rename(w, "h10", "uplink0");
	untouched();
	section("vnet0", "h1", "type", "hybrid", "device", "h10", "priority", "33", NULL);
	configure();
	ck_assert_str_eq(world_find_resource(w, "vnet0", "h1")->settings.device, "uplink0");
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "h1")->settings.priority, 33);
	section("vnet0", "h1", "type", "hybrid", "device", "uplink0", "priority", "33", NULL);
	configure();
	world_device(w, "tap0");
	file("v2", "address", "02:00:00:00:00:66", "upper", "tap0", NULL);
	configure();
	world_rename(w, "tap0", "tap1");
	file("v2", "address", "02:00:00:00:00:66", "upper", "tap0", "guard", "off", NULL);
	world_forget_events(w);
	configure();
	ck_assert_str_eq(w->events, "reloaded -\n");
	ck_assert(!world_find(w, "v2")->settings.guard);
}
END_TEST

/* Devices, roles and MACs that change hands in one reload, whatever the order in the files. */
START_TEST(test_hand_over)
{
	usual_file();
	configure();
	/* the service becomes a hybrid, a hybrid the service; two devices are swapped */
	section("vnet0", "s", "type", "hybrid", "device", "s0", "priority", "5", NULL);
	section("vnet0", "h1", "type", "service", "device", "h20", NULL);
	section("vnet0", "h2", "type", "hybrid", "device", "h10", NULL);
	configure();
	ck_assert_str_eq(world_find(w, "vnet0")->service->name, "h1");
	/* a peer goes from g to n, whose section comes first in nothing */
	section("vnet0", "n", "type", "guest", "device", "n0", "peer", "02:00:00:00:00:0e", NULL);
	configure();
	section("vnet0", "g", "type", "guest", "device", "g0", "peer", "02:00:00:00:00:0e", NULL);
	section("vnet0", "n", "type", "guest", "device", "n0", "peer", "02:00:00:00:00:0f", NULL);
	configure();
	untouched();
	/* a device goes from one vnet to another */
	file("vnet1", NULL);
	section("vnet1", "g", "type", "guest", "device", "g0", "peer", WORLD_PEER, NULL);
	no_section("vnet0", "g");
	configure();
	section("vnet0", "g", "type", "guest", "device", "g0", "peer", WORLD_PEER, NULL);
	no_section("vnet1", "g");
	configure();
	untouched();
}
END_TEST

/* One object is refused: it is said, and the rest goes on. */
START_TEST(test_complaint)
{
	usual_file();
	configure();
	fake_kernel_find(w->k, "g0")->max_mtu = 2000;
	fake_kernel_tell(w->k, w->m, "g0");
	file("vnet0", "address", WORLD_MAC, "mtu", "9000", NULL);
	section("vnet0", "x", "type", "hybrid", "device", "vnet0", NULL);
	section("vnet0", "y", "type", "guest", "device", "y0", "peer", "02:00:00:00:00:0e", NULL);
	file("vnet1", NULL);
	world_refused(w, configure_but(NULL), ERROR_INVALID, EINVAL, "vnet0", "mtu",
		      "vnet0: mtu 9000 is more than resource g can carry: its device g0 takes at "
		      "most 2000");
	ck_assert_uint_eq(world_find(w, "vnet0")->settings.mtu, 1500);
	ck_assert_ptr_null(manager_find_resource(world_find(w, "vnet0"), "x", NULL));
	world_find_resource(w, "vnet0", "y");
	world_find(w, "vnet1");
	world_check(w);
	/* it is tried again at each reload, and done when it can be */
	fake_kernel_find(w->k, "g0")->max_mtu = 9000;
	fake_kernel_tell(w->k, w->m, "g0");
	no_section("vnet0", "x");
	configure();
	ck_assert_uint_eq(world_find(w, "vnet0")->settings.mtu, 9000);
}
END_TEST

START_TEST(test_save_fails)
{
	usual_file();
	w->save_fails = true;
	world_refused(w, configure_but(NULL), ERROR_FAILED, ENOSPC, "", "",
		      "the state file cannot be written");
	ck_assert_uint_eq(manager_resource_count(w->m), 4);
	w->save_fails = false;
	untouched();
}
END_TEST

/* What runs by hand under a name that a file takes becomes the file's. */
START_TEST(test_adopted)
{
	usual_file();
	world_vnet(w, "vnet0", "guard", "off");
	world_resource(w, "vnet0", "g", "type", "guest", "device", "g0", "peer",
		       "02:00:00:00:00:0e");
	world_resource(w, "vnet0", "s", "type", "hybrid", "device", "g1");
	configure();
	ck_assert(world_find(w, "vnet0")->settings.guard);
	ck_assert_int_eq(world_find(w, "vnet0")->settings.address[5], 1);
	ck_assert_int_eq(world_find_resource(w, "vnet0", "g")->settings.peer[5], 2);
	ck_assert_int_eq(world_find_resource(w, "vnet0", "s")->settings.type, SETTINGS_SERVICE);
	untouched();
}
END_TEST

/* Over a restart: what was removed stays away, what was set stays set, until a reload. */
START_TEST(test_restart)
{
	usual_file();
	file("vnet1", NULL);
	configure();
	world_resource_del(w, "vnet0", "h1");
	world_vnet_del(w, "vnet1");
	world_set(w, "vnet0", "guard", "off");
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	configure();
	ck_assert_str_eq(w->k->journal, "");
	ck_assert_uint_eq(manager_vnet_count(w->m), 1);
	ck_assert_ptr_null(manager_find_resource(world_find(w, "vnet0"), "h1", NULL));
	ck_assert(!world_find(w, "vnet0")->settings.guard);
	configure();
	world_find_resource(w, "vnet0", "h1");
	world_find(w, "vnet1");
	ck_assert(!world_find(w, "vnet0")->settings.guard);
}
END_TEST

START_TEST(test_mark_saved)
{
	usual_file();
	configure();
	world_set(w, "vnet0", "guard", "off");
	world_resource(w, "vnet0", "x", "type", "guest", "device", "x0", "peer",
		       "02:00:00:00:00:0f");
	manager_mark_saved(w->m, "nope");
	manager_mark_saved(w->m, "vnet0");
	ck_assert(world_find_resource(w, "vnet0", "x")->from_config);
	/* the file that says the same now changes nothing */
	file("vnet0", "address", WORLD_MAC, "guard", "off", NULL);
	section("vnet0", "x", "type", "guest", "device", "x0", "peer", "02:00:00:00:00:0f", NULL);
	untouched();
	no_section("vnet0", "x");
	configure();
	ck_assert_uint_eq(manager_resource_count(w->m), 4);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("configure", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_start_and_reload);
	tcase_add_test(t, test_differences);
	tcase_add_test(t, test_override);
	tcase_add_test(t, test_removal);
	tcase_add_test(t, test_refused_files);
	tcase_add_test(t, test_random_address);
	tcase_add_test(t, test_fixed);
	tcase_add_test(t, test_renamed);
	tcase_add_test(t, test_hand_over);
	tcase_add_test(t, test_complaint);
	tcase_add_test(t, test_save_fails);
	tcase_add_test(t, test_adopted);
	tcase_add_test(t, test_restart);
	tcase_add_test(t, test_mark_saved);
	return unit_run(s);
}
