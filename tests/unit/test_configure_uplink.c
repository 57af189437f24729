/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of uplinks and sections of flows come and change: as test_configure.c, for these. */
#include <errno.h>

#include "../../daemon/config.h"
#include "world_case.h"
#include "world_files.h"

#define MAC_A "02:00:00:00:00:0a"
#define MAC_B "02:00:00:00:00:0b"

#define uplink(...)	       world_file_uplink(&files, __VA_ARGS__)
#define file(...)	       world_file(&files, __VA_ARGS__)
#define section(...)	       world_file_resource(&files, __VA_ARGS__)
#define flow(...)	       world_file_flow(&files, __VA_ARGS__)
#define configure_but(refused) world_files_try(w, &files, refused)
#define configure()	       world_files_configure(w, &files)
#define untouched()	       world_files_untouched(w, &files)

static struct desired files;

static void teardown_files(void)
{
	teardown();
	desired_clear(&files);
}

static bool has_flow(const char *owner, const char *name)
{
	struct manager_flow_owner o;

	return manager_find_flow_owner(w->m, owner, &o, NULL) == 0 &&
	       manager_find_flow(&o, name, NULL);
}

/* u0 on n0, with a and b on it, and a flow of each kind of owner. */
static void usual_files(void)
{
	world_device(w, "n0");
	uplink("u0", "device", "n0", NULL);
	file("a", "address", MAC_A, NULL);
	section("a", "u0", "type", "service", "uplink", "u0", NULL);
	file("b", "address", MAC_B, NULL);
	section("b", "u0", "type", "service", "uplink", "u0", NULL);
	flow("a", "web", "proto", "tcp", "lport", "80", "maxbw", "10mbit", NULL);
	flow("u0", "dns", "dir", "in", "proto", "udp", "lport", "53", "to", "vnet b", NULL);
}

START_TEST(test_start_and_reload)
{
	usual_files();
	configure();
	ck_assert_str_eq(world_uplink_state(w, "u0"), "up");
	ck_assert_str_eq(world_state(w, "a", "u0"), "up");
	ck_assert(world_find_uplink(w, "u0")->from_config);
	ck_assert(world_find_flow(w, "u0", "dns")->from_config);
	ck_assert_str_eq(world_find_flow(w, "u0", "dns")->settings.target.vnet, "b");
	untouched();
}
END_TEST

START_TEST(test_flows_differ)
{
	usual_files();
	configure();
	flow("a", "web", "proto", "tcp", "lport", "80", "maxbw", "20mbit", NULL);
	flow("a", "ssh", "proto", "tcp", "lport", "22", "priority", "high", NULL);
	configure();
	ck_assert_uint_eq(world_find_flow(w, "a", "web")->settings.limits.bits, 20000000);
	ck_assert(world_find_flow(w, "a", "ssh")->from_config);
	/* one takes the frames of another that leaves, in one reload */
	world_no_file_flow(&files, "a", "web");
	flow("a", "http", "proto", "tcp", "lport", "80", NULL);
	configure();
	ck_assert(!has_flow("a", "web"));
	untouched();
}
END_TEST

/* What was set, made and removed at run time, until the file has another word for it. */
START_TEST(test_flows_override)
{
	usual_files();
	configure();
	world_flow_set(w, "a", "web", "maxbw", "none");
	world_flow(w, "a", "mine", "proto", "icmp");
	untouched();
	ck_assert_uint_eq(world_find_flow(w, "a", "web")->settings.limits.bits, 0);
	flow("a", "web", "proto", "tcp", "lport", "80", "maxbw", "30mbit", NULL);
	configure();
	ck_assert_uint_eq(world_find_flow(w, "a", "web")->settings.limits.bits, 30000000);
	world_find_flow(w, "a", "mine");
	flow("a", "mine", "proto", "icmp", "priority", "low", NULL);
	configure();
	ck_assert(world_find_flow(w, "a", "mine")->from_config);
}
END_TEST

START_TEST(test_restart)
{
	usual_files();
	configure();
	world_done(w, manager_flow_del(w->m, "a", "web", &w->e));
	world_done(w, manager_flow_del(w->m, "u0", "dns", &w->e));
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	configure();
	ck_assert_str_eq(w->k->journal, "");
	ck_assert(!has_flow("a", "web"));
	ck_assert(!has_flow("u0", "dns"));
	configure();
	world_find_flow(w, "a", "web");
	world_find_flow(w, "u0", "dns");
}
END_TEST

START_TEST(test_removed_uplink_stays_away)
{
	world_device(w, "n0");
	uplink("u0", "device", "n0", NULL);
	configure();
	world_done(w, manager_uplink_del(w->m, "u0", &w->e));
	world_stop(w);
	world_start(w);
	configure();
	ck_assert_ptr_null(manager_find_uplink(w->m, "u0", NULL));
	configure();
	world_find_uplink(w, "u0");
	untouched();
}
END_TEST

/* All of it leaves in one reload: flows before the vnets that they name, vnets before the uplink.
 */
START_TEST(test_removal)
{
	struct desired none = { 0 };

	usual_files();
	configure();
	world_no_file_flow(&files, "u0", "dns");
	world_no_file(&files, "b");
	configure();
	ck_assert_uint_eq(manager_vnet_count(w->m), 1);
	untouched();
	flow("u0", "dns", "dir", "in", "proto", "udp", "lport", "53", "to", "vnet a", NULL);
	configure();
	world_done(w, manager_configure(w->m, &none, NULL, &w->e));
	ck_assert_uint_eq(manager_vnet_count(w->m), 0);
	ck_assert_ptr_null(manager_find_uplink(w->m, "u0", NULL));
}
END_TEST

START_TEST(test_refused_files)
{
	char names[1][SETTINGS_NAME_SIZE] = { "u0" };
	const struct config_refused refused = { .count = 1, .names = names };

	world_device(w, "n0");
	uplink("u0", "device", "n0", NULL);
	configure();
	world_no_file(&files, "u0");
	world_done(w, configure_but(&refused));
	world_find_uplink(w, "u0");
	configure();
	ck_assert_ptr_null(manager_find_uplink(w->m, "u0", NULL));
}
END_TEST

/* With another device it is another uplink, to which its vnets go over. */
START_TEST(test_other_device)
{
	usual_files();
	configure();
	world_device(w, "n1");
	uplink("u0", "device", "n1", NULL);
	configure();
	ck_assert_str_eq(world_find_uplink(w, "u0")->settings.device, "n1");
	ck_assert_str_eq(world_state(w, "a", "u0"), "up");
	ck_assert_str_eq(world_find_flow(w, "u0", "dns")->settings.target.vnet, "b");
	untouched();
	/* the device has another name by now, and is the same */
	world_rename(w, "n1", "wan");
	uplink("u0", "device", "n1", "steer", "ip", NULL);
	configure();
	ck_assert_str_eq(world_find_uplink(w, "u0")->settings.device, "wan");
	ck_assert(world_find_uplink(w, "u0")->settings.steer == SETTINGS_STEER_IP);
}
END_TEST

/* What runs by hand under a name that a file takes becomes the file's. */
START_TEST(test_adopted)
{
	usual_files();
	world_uplink(w, "u0", "device", "n0", "steer", "ip");
	configure();
	ck_assert(world_find_uplink(w, "u0")->from_config);
	ck_assert(world_find_uplink(w, "u0")->settings.steer == SETTINGS_STEER_MAC);
	untouched();
}
END_TEST

/* One object is refused: it is said, and the rest goes on. */
START_TEST(test_complaint)
{
	usual_files();
	uplink("u1", "device", "n0", NULL);
	flow("a", "same", "proto", "tcp", "lport", "80", NULL);
	flow("b", "web", "proto", "tcp", "lport", "80", NULL);
	world_refused(w, configure_but(NULL), ERROR_BUSY, EBUSY, "u1", "device",
		      "u1: device n0 is in use by uplink u0 already");
	ck_assert_str_eq(world_state(w, "a", "u0"), "up");
	ck_assert(!has_flow("a", "same"));
	world_find_flow(w, "b", "web");
	world_check(w);
}
END_TEST

START_TEST(test_mark_saved)
{
	world_device(w, "n0");
	world_uplink(w, "u0", "device", "n0");
	world_flow(w, "u0", "dns", "proto", "udp", "lport", "53");
	manager_mark_saved_uplink(w->m, "u0");
	ck_assert(world_find_uplink(w, "u0")->from_config);
	ck_assert(world_find_flow(w, "u0", "dns")->from_config);
	uplink("u0", "device", "n0", NULL);
	flow("u0", "dns", "proto", "udp", "lport", "53", NULL);
	untouched();
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("configure_uplink", &t);

	tcase_add_checked_fixture(t, setup, teardown_files);
	tcase_add_test(t, test_start_and_reload);
	tcase_add_test(t, test_flows_differ);
	tcase_add_test(t, test_flows_override);
	tcase_add_test(t, test_restart);
	tcase_add_test(t, test_removed_uplink_stays_away);
	tcase_add_test(t, test_removal);
	tcase_add_test(t, test_refused_files);
	tcase_add_test(t, test_other_device);
	tcase_add_test(t, test_adopted);
	tcase_add_test(t, test_complaint);
	tcase_add_test(t, test_mark_saved);
	return unit_run(s);
}
