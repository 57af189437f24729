/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that supply resources: how they register, report, leave, and are refused. */
#include <errno.h>
#include <sys/socket.h>

#include "../../daemon/show.h"
#include "world_case.h"
#include "world_provide.h"

#define OTHER_PEER "02:00:00:00:00:03"

static struct provider service(void)
{
	return world_provider(SETTINGS_SERVICE, NULL);
}

static struct provider guest(void)
{
	return world_provider(SETTINGS_GUEST, WORLD_PEER);
}

static struct provider hybrid(void)
{
	return world_provider(SETTINGS_HYBRID, NULL);
}

static void make_vnet(void)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
}

/* --- a life --- */

START_TEST(test_tap)
{
	static const struct {
		enum settings_type type;
		const char *peer;
		unsigned int queues;
	} rows[] = {
		{ SETTINGS_SERVICE, NULL, 1 },
		{ SETTINGS_GUEST, WORLD_PEER, 4 },
		{ SETTINGS_HYBRID, NULL, KERNEL_TAP_QUEUES_MAX },
	};
	struct provider p = world_provider(rows[_i].type, rows[_i].peer);
	char *before, *after;

	make_vnet();
	before = fake_kernel_text(w->k);
	p.ask.tap = (struct kernel_tap) { rows[_i].queues, true, true, false };
	world_forget_events(w);
	world_provide(w, &p);
	ck_assert_uint_eq(p.count, rows[_i].queues);
	ck_assert_str_eq(p.r->name, "p0");
	ck_assert_str_eq(p.r->settings.device, "vntap0");
	ck_assert_int_eq(p.r->settings.type, rows[_i].type);
	ck_assert_mem_eq(&fake_kernel_tap(w->k, "vntap0")->asked, &p.ask.tap, sizeof(p.ask.tap));
	/* It is up when the registration returns: nobody waits for the monitor's news. */
	state_is("p0", "up");
	world_in_order(w->events, "resource-added vnet0 p0", "resource-state vnet0 p0 up");
	ck_assert_ptr_nonnull(strstr(w->kept, p.token));
	world_check(w);
	world_news(w);
	world_provider_exit(w, &p);
	ck_assert_ptr_nonnull(strstr(w->events, "resource-removed vnet0 p0\n"));
	ck_assert_ptr_null(world_find(w, "vnet0")->resources);
	manager_settle(w->m);
	ck_assert_ptr_null(strstr(w->kept, "p0"));
	after = fake_kernel_text(w->k);
	world_same("a life", before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(test_netdev)
{
	struct provider p = guest();
	char *before, *after;

	make_vnet();
	world_device(w, "eth7")->mtu = 1400;
	world_up(w, "eth7", false);
	before = fake_kernel_text(w->k);
	p.ask.device = "eth7";
	p.ask.name = "peer-7";
	p.ask.tap.queues = 0; /* of no interest */
	world_provide(w, &p);
	ck_assert_uint_eq(p.count, 0);
	state_is("peer-7", "up");
	world_check(w);
	/* The device goes and comes as any other's does. */
	world_delete(w, "eth7");
	state_is("peer-7", "waiting: device eth7 does not exist");
	world_device(w, "eth7");
	state_is("peer-7", "up");
	world_delete(w, "eth7");
	world_device(w, "eth7")->mtu = 1400;
	world_up(w, "eth7", false);
	manager_provider_leave(w->m, p.r);
	after = fake_kernel_text(w->k);
	ck_assert_ptr_nonnull(strstr(after, "eth7 02:ee:00:00:00:05 mtu 1400 flags 40 "));
	ck_assert_ptr_nonnull(strstr(before, "eth7 02:ee:00:00:00:03 mtu 1400 flags 40 "));
	free(before);
	free(after);
}
END_TEST

/* Paths first, then the programs, then the tap: also when somebody keeps a descriptor of it. */
START_TEST(test_leave_order)
{
	struct provider p = hybrid();

	make_vnet();
	world_provide(w, &p);
	world_forget_journal(w);
	manager_provider_leave(w->m, p.r);
	ck_assert_msg(strncmp(w->k->journal, "resource 1 up 0 ", 16) == 0, "%s", w->k->journal);
	ck_assert_ptr_nonnull(strstr(w->k->journal, "detach"));
	ck_assert_ptr_nonnull(strstr(strstr(w->k->journal, "detach"), "link_del vntap0\n"));
	ck_assert_ptr_null(strstr(w->k->journal, "link_set vntap0"));
	ck_assert_ptr_null(fake_kernel_find(w->k, "vntap0"));
	/* Its end is closed. */
	ck_assert_int_eq(send(p.fds[0], "x", 1, 0), -1);
	world_provider_close(&p);
}
END_TEST

/* A tap that the kernel does not delete goes when its provider closes it. */
START_TEST(test_stays)
{
	struct provider p = service();

	make_vnet();
	world_provide(w, &p);
	fake_kernel_fail_once(w->k, "link_del", EBUSY, 0);
	manager_provider_leave(w->m, p.r);
	ck_assert(w->k->failed);
	ck_assert_ptr_nonnull(fake_kernel_find(w->k, "vntap0"));
	ck_assert_ptr_null(world_find(w, "vnet0")->resources);
	world_provider_close(&p);
	fake_kernel_tell_gone(w->k, w->m, "vntap0");
}
END_TEST

START_TEST(test_names)
{
	struct provider p[6];

	make_vnet();
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(p); i++)
		p[i] = hybrid();
	p[1].ask.name = "p2";
	for (size_t i = 0; i < 4; i++)
		world_provide(w, &p[i]);
	ck_assert_str_eq(p[0].r->name, "p0");
	ck_assert_str_eq(p[1].r->name, "p2");
	ck_assert_str_eq(p[2].r->name, "p1");
	ck_assert_str_eq(p[3].r->name, "p3");
	/* The first that is free, whoever had it. */
	world_provider_exit(w, &p[3]);
	world_provider_exit(w, &p[0]);
	world_provide(w, &p[4]);
	ck_assert_str_eq(p[4].r->name, "p0");
	ck_assert_str_eq(p[4].r->settings.device, "vntap0");
	world_provide(w, &p[5]);
	ck_assert_str_eq(p[5].r->name, "p3");
	ck_assert_str_ne(p[4].token, p[5].token);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(p); i++)
		if (p[i].r)
			world_provider_exit(w, &p[i]);
}
END_TEST

/* --- refused --- */

static void refused(struct provider *p, enum error_kind kind, int number, const char *object,
		    const char *field, const char *message)
{
	char *before = world_text(w), *after;

	world_refused(w, world_try_provide(w, p), kind, number, object, field, message);
	after = world_text(w);
	world_same(message, before, after);
	free(before);
	free(after);
}

START_TEST(test_refused_form)
{
	struct provider p = guest();

	world_usual(w);
	world_resource_del(w, "vnet0", "g");
	p.ask.local[5] = 9;
	refused(&p, ERROR_NOT_FOUND, ENXIO, "", "local",
		"no vnet has the address 02:00:00:00:00:09");
	p = world_provider(SETTINGS_TYPE_NONE, NULL);
	refused(&p, ERROR_INVALID, EINVAL, "vnet0/p0", "type",
		"vnet0/p0: type is not service, guest or hybrid");
	p = world_provider(SETTINGS_GUEST, NULL);
	refused(&p, ERROR_INVALID, EINVAL, "vnet0/p0", "peer",
		"vnet0/p0: peer is not the unicast MAC of a guest");
	p = world_provider(SETTINGS_GUEST, "01:00:5e:00:00:01");
	refused(&p, ERROR_INVALID, EINVAL, "vnet0/p0", "peer",
		"vnet0/p0: peer is not the unicast MAC of a guest");
	p = world_provider(SETTINGS_GUEST, WORLD_MAC);
	refused(&p, ERROR_INVALID, EINVAL, "vnet0/p0", "peer",
		"vnet0/p0: peer " WORLD_MAC " is the address of vnet vnet0 itself; the peer's own "
		"MAC was expected");
	p = guest();
	p.ask.tap.queues = 0;
	refused(&p, ERROR_INVALID, EINVAL, "vnet0/p0", "queues",
		"vnet0/p0: queues is not a number from 1 to 64");
	p.ask.tap.queues = KERNEL_TAP_QUEUES_MAX + 1;
	refused(&p, ERROR_INVALID, EINVAL, "vnet0/p0", "queues",
		"vnet0/p0: queues is not a number from 1 to 64");
	p = guest();
	p.ask.name = "a b";
	refused(&p, ERROR_INVALID, EINVAL, "a b", "name",
		"resource name a b has ' ' in it, expected letters, digits, '_', '-' and '.'");
	p.ask.name = "a234567890123456";
	ck_assert_int_eq(world_try_provide(w, &p), -EINVAL);
	p = guest();
	p.ask.device = "a/b";
	refused(&p, ERROR_INVALID, EINVAL, "vnet0/p0", "device",
		"vnet0/p0: device a/b is not a device name of 1 to 15 printable characters without "
		"'/' and ':'");
	p.ask.device = "";
	ck_assert_int_eq(world_try_provide(w, &p), -EINVAL);
}
END_TEST

START_TEST(test_refused_taken)
{
	struct provider p = service();

	world_usual(w);
	refused(&p, ERROR_EXISTS, EEXIST, "vnet0/p0", "type",
		"vnet0/p0: vnet vnet0 has a service already, resource s; a vnet takes one");
	p = guest();
	refused(&p, ERROR_EXISTS, EEXIST, "vnet0/p0", "peer",
		"vnet0/p0: peer " WORLD_PEER " in VLAN 1 is already reached over resource g");
	p = hybrid();
	p.ask.name = "h1";
	refused(&p, ERROR_EXISTS, EEXIST, "vnet0/h1", "name",
		"vnet0/h1: vnet vnet0 has a resource of that name already");
	p = hybrid();
	p.ask.device = "eth9";
	refused(&p, ERROR_NOT_FOUND, ENODEV, "vnet0/p0", "device",
		"vnet0/p0: device eth9 does not exist");
	p.ask.device = "s0";
	refused(&p, ERROR_BUSY, EBUSY, "vnet0/p0", "device",
		"vnet0/p0: device s0 is in use by resource s of vnet vnet0 already");
	p.ask.device = "vnet0";
	ck_assert_int_eq(world_try_provide(w, &p), -EBUSY);
	world_device(w, "eth9")->master = 3;
	fake_kernel_tell(w->k, w->m, "eth9");
	p.ask.device = "eth9";
	ck_assert_int_eq(world_try_provide(w, &p), -EBUSY);
	fake_kernel_find(w->k, "eth9")->master = 0;
	fake_kernel_tell(w->k, w->m, "eth9");
	/* Another program is attached to it. */
	fake_kernel_fail_once(w->k, "attach", EBUSY, 0);
	ck_assert_int_eq(world_try_provide(w, &p), -EBUSY);
	fake_kernel_heal(w->k);
	w->m->resource_numbers.max = 5;
	refused(&p, ERROR_FAILED, ENOSPC, "p0", "",
		"vnet0/p0: there are 4 resources already, no more are possible");
	p.ask.device = NULL;
	refused(&p, ERROR_FAILED, ENOSPC, "p0", "",
		"vnet0/p0: there are 4 resources already, no more are possible");
	w->m->resource_numbers.max = ABI_RESOURCES_MAX;
	fake_kernel_fail_once(w->k, "tap_add", ENFILE, 0);
	refused(&p, ERROR_FAILED, ENFILE, "vnet0/p0", "",
		"vnet0/p0: a tap for its provider cannot be made: Too many open files in system");
	fake_kernel_heal(w->k);
	w->save_fails = true;
	refused(&p, ERROR_FAILED, ENOSPC, "", "", "the state file cannot be written");
	w->save_fails = false;
}
END_TEST

START_TEST(test_owner)
{
	struct provider p = service();

	make_vnet();
	world_device(w, "eth7");
	p.ask.uid = 12345;
	p.ask.privileged = false;
	refused(&p, ERROR_PERMISSION, EPERM, "vnet0", "",
		"vnet0: user 12345 may not register resources of it, only root, group vnet-admin "
		"and its owner may");
	world_set(w, "vnet0", "owner", "12346");
	ck_assert_int_eq(world_try_provide(w, &p), -EPERM);
	world_set(w, "vnet0", "owner", "12345");
	world_provide(w, &p);
	ck_assert_uint_eq(p.r->provider.uid, 12345);
	world_provider_exit(w, &p);
	/* What others have is not the owner's to give. */
	p.ask.device = "eth7";
	refused(&p, ERROR_PERMISSION, EPERM, "vnet0", "device",
		"vnet0: user 12345 may not register device eth7, only root and group vnet-admin "
		"may name devices");
	p.ask.device = NULL;
	/* A user's name is looked up when it matters. */
	world_set(w, "vnet0", "owner", "root");
	ck_assert_int_eq(world_try_provide(w, &p), -EPERM);
	p.ask.uid = 0;
	world_provide(w, &p);
	world_provider_exit(w, &p);
	world_set(w, "vnet0", "owner", "no-such-user-here");
	ck_assert_int_eq(world_try_provide(w, &p), -EPERM);
	world_set(w, "vnet0", "owner", "none");
	ck_assert_int_eq(world_try_provide(w, &p), -EPERM);
}
END_TEST

/* --- reports --- */

START_TEST(test_report)
{
	struct provider p = guest();
	char *before, *after;

	world_usual(w);
	world_resource_del(w, "vnet0", "g");
	p.ask.name = "g";
	world_provide(w, &p);
	before = fake_kernel_text(w->k);
	world_forget_journal(w);
	manager_provider_report(w->m, p.r, DESIRED_REPORT_DOWN, NULL);
	/* The one write that moves the traffic, and nothing before it. */
	ck_assert_msg(strncmp(w->k->journal, "resource ", 9) == 0, "%s", w->k->journal);
	ck_assert(!fake_kernel_resource(w->k, p.r->number)->up);
	state_is("g", "down: its provider reported: the link is lost");
	world_check(w);
	manager_settle(w->m);
	ck_assert_ptr_nonnull(strstr(w->kept, "the link is lost"));
	manager_provider_report(w->m, p.r, DESIRED_REPORT_DOWN, "cable\n\x1b[31m cut");
	state_is("g", "down: its provider reported: cable??[31m cut");
	manager_provider_report(w->m, p.r, DESIRED_REPORT_UP, "ignored");
	state_is("g", "up");
	after = fake_kernel_text(w->k);
	world_same("down and up", before, after);
	world_forget_journal(w);
	world_forget_events(w);
	manager_provider_report(w->m, p.r, DESIRED_REPORT_UP, NULL);
	ck_assert_str_eq(w->k->journal, "");
	ck_assert_str_eq(w->events, "");
	free(before);
	free(after);
	world_provider_exit(w, &p);
}
END_TEST

START_TEST(test_failed)
{
	struct provider p = service();

	make_vnet();
	world_provide(w, &p);
	world_forget_journal(w);
	manager_provider_report(w->m, p.r, DESIRED_REPORT_FAILED, "no more buffers");
	ck_assert_msg(strncmp(w->k->journal, "resource ", 9) == 0, "%s", w->k->journal);
	state_is("p0", "failed: its provider reported: no more buffers");
	world_check(w);
	/* It is not mended by saying so, nor by news of its device, nor by what is set. */
	manager_provider_report(w->m, p.r, DESIRED_REPORT_UP, NULL);
	manager_provider_report(w->m, p.r, DESIRED_REPORT_DOWN, "no cable");
	world_carrier(w, "vntap0", false);
	world_carrier(w, "vntap0", true);
	world_set(w, "vnet0", "mtu", "1400");
	state_is("p0", "failed: its provider reported: no more buffers");
	world_resource_set(w, "vnet0", "p0", "admin", "down");
	state_is("p0", "down: set down by the administrator");
	world_resource_set(w, "vnet0", "p0", "admin", "up");
	world_done(w, manager_resource_clear(w->m, "vnet0", "p0", &w->e));
	state_is("p0", "up");
	ck_assert_ptr_null(strstr(w->kept, "no more buffers"));
	/* A registration can begin with a report, and ends with it. */
	world_provider_exit(w, &p);
	p.ask.report = DESIRED_REPORT_FAILED;
	p.ask.reason = "start: 5";
	world_provide(w, &p);
	state_is("p0", "failed: its provider reported: start: 5");
	world_provider_exit(w, &p);
	p.ask.report = DESIRED_REPORT_UP;
	world_provide(w, &p);
	state_is("p0", "up");
	world_provider_exit(w, &p);
}
END_TEST

START_TEST(test_clear_refused)
{
	struct provider p = guest();

	world_usual(w);
	world_resource_del(w, "vnet0", "g");
	world_provide(w, &p);
	w->e = (struct error) { 0 };
	world_refused(w, manager_resource_clear(w->m, "vnet0", "p0", &w->e), ERROR_INVALID, EINVAL,
		      "vnet0/p0", "", "vnet0/p0: is up, there is nothing to clear");
	manager_provider_report(w->m, p.r, DESIRED_REPORT_DOWN, NULL);
	world_refused(w, manager_resource_clear(w->m, "vnet0", "p0", &w->e), ERROR_INVALID, EINVAL,
		      "vnet0/p0", "", "vnet0/p0: is down, there is nothing to clear");
	world_refused(w, manager_resource_clear(w->m, "vnet0", "h1", &w->e), ERROR_INVALID, EINVAL,
		      "vnet0/h1", "", "vnet0/h1: is up, there is nothing to clear");
	world_resource(w, "vnet0", "l", "type", "guest", "device", "late1", "peer", OTHER_PEER);
	fake_kernel_add(w->k, "late1")->master = 1;
	fake_kernel_tell(w->k, w->m, "late1");
	world_refused(w, manager_resource_clear(w->m, "vnet0", "l", &w->e), ERROR_INVALID, EINVAL,
		      "vnet0/l", "",
		      "vnet0/l: is failed, but not by a provider's report, its frames or its "
		      "probe, there is nothing to clear");
	ck_assert_int_eq(manager_resource_clear(w->m, "vnet0", "none", &w->e), -ENOENT);
	ck_assert_int_eq(manager_resource_clear(w->m, "none", "p0", &w->e), -ENOENT);
	manager_provider_report(w->m, p.r, DESIRED_REPORT_FAILED, "x");
	w->save_fails = true;
	ck_assert_int_eq(manager_resource_clear(w->m, "vnet0", "p0", &w->e), -ENOSPC);
	state_is("p0", "failed: its provider reported: x");
	w->save_fails = false;
	world_provider_exit(w, &p);
}
END_TEST

/* A link that is there again is there, whatever was said of it; a tap's is not the provider's. */
START_TEST(test_carrier)
{
	struct provider p = hybrid(), t = service();

	make_vnet();
	world_device(w, "eth7");
	p.ask.device = "eth7";
	world_provide(w, &p);
	world_provide(w, &t);
	manager_provider_report(w->m, p.r, DESIRED_REPORT_DOWN, NULL);
	manager_provider_report(w->m, t.r, DESIRED_REPORT_DOWN, NULL);
	world_news(w);
	state_is("p0", "down: its provider reported: the link is lost");
	world_carrier(w, "eth7", false);
	state_is("p0", "down: its provider reported: the link is lost");
	world_carrier(w, "eth7", true);
	state_is("p0", "up");
	world_carrier(w, "vntap0", false);
	world_carrier(w, "vntap0", true);
	state_is("p1", "down: its provider reported: the link is lost");
	/* The same when it is heard in a dump alone. */
	manager_provider_report(w->m, p.r, DESIRED_REPORT_DOWN, NULL);
	world_carrier(w, "eth7", false);
	fake_kernel_find(w->k, "eth7")->carrier = true;
	manager_on_dump_begin(w->m);
	for (size_t i = 0; i < w->k->link_count; i++)
		manager_on_link(w->m, &w->k->links[i]);
	manager_on_dump_end(w->m);
	state_is("p0", "up");
	/* A new device under the old name has a link of its own. */
	manager_provider_report(w->m, p.r, DESIRED_REPORT_DOWN, NULL);
	world_delete(w, "eth7");
	world_device(w, "eth7");
	state_is("p0", "up");
	manager_provider_report(w->m, p.r, DESIRED_REPORT_FAILED, "hot");
	world_carrier(w, "eth7", false);
	world_carrier(w, "eth7", true);
	world_delete(w, "eth7");
	world_device(w, "eth7");
	state_is("p0", "failed: its provider reported: hot");
	world_provider_exit(w, &p);
	world_provider_exit(w, &t);
}
END_TEST

/* --- what is set --- */

START_TEST(test_max_sdu)
{
	struct provider p = hybrid();

	make_vnet();
	p.ask.max_sdu = 1499;
	refused(&p, ERROR_INVALID, EINVAL, "vnet0/p0", "max_sdu",
		"vnet0/p0: max_sdu 1499 is less than the MTU of vnet vnet0, at least 1500 was "
		"expected");
	p.ask.max_sdu = 1600;
	world_provide(w, &p);
	world_set(w, "vnet0", "mtu", "1600");
	w->e = (struct error) { 0 };
	world_refused(w, world_try_set(w, "vnet0", "mtu", "1601", NULL), ERROR_INVALID, EINVAL,
		      "vnet0", "mtu",
		      "vnet0: mtu 1601 is more than resource p0 can carry: its provider takes at "
		      "most 1600");
	/* Nor by ip link: it is put back. */
	fake_kernel_find(w->k, "vnet0")->mtu = 9000;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert_uint_eq(device("vnet0")->mtu, 1600);
	world_set(w, "vnet0", "mtu", "1000");
	state_is("p0", "up");
	world_provider_exit(w, &p);
	world_set(w, "vnet0", "mtu", "9000");
}
END_TEST

START_TEST(test_set)
{
	struct provider p = hybrid(), g = guest();

	make_vnet();
	world_provide(w, &p);
	world_provide(w, &g);
	world_set(w, "vnet0", "address", "02:00:00:00:00:aa", "mtu", "9000", "vlans", "10");
	ck_assert(has_mac("vntap0", "02:00:00:00:00:aa"));
	ck_assert_uint_eq(device("vntap1")->mtu, 9000);
	world_resource_set(w, "vnet0", "p0", "priority", "5", "vlans", "10,20", "admin", "down");
	state_is("p0", "down: set down by the administrator");
	world_resource_set(w, "vnet0", "p0", "admin", "up");
	world_resource_set(w, "vnet0", "p1", "peer", OTHER_PEER, "storm_limit", "7");
	world_check(w);
	ck_assert_int_eq(world_try_resource_set(w, "vnet0", "p0", "device", "eth7", NULL), -EINVAL);
	/* The tap may be called otherwise. */
	world_rename(w, "vntap0", "ring0");
	ck_assert_str_eq(p.r->settings.device, "ring0");
	/* An administrator may take them away; the programs are told by others. */
	world_resource_del(w, "vnet0", "p0");
	ck_assert_ptr_null(fake_kernel_find(w->k, "ring0"));
	world_vnet_del(w, "vnet0");
	ck_assert_ptr_null(fake_kernel_find(w->k, "vntap1"));
	ck_assert(fake_kernel_is_clean(w->k));
	world_provider_close(&p);
	world_provider_close(&g);
}
END_TEST

/* Somebody deletes the tap: it does not come back, and the next of its name is another one. */
START_TEST(test_tap_deleted)
{
	struct provider p = service(), q = guest();

	make_vnet();
	world_provide(w, &p);
	world_delete(w, "vntap0");
	state_is("p0", "waiting: device vntap0 does not exist");
	world_provide(w, &q);
	ck_assert_str_eq(q.r->settings.device, "vntap0");
	state_is("p0", "waiting: device vntap0 does not exist");
	state_is("p1", "up");
	world_check(w);
	manager_provider_leave(w->m, p.r);
	state_is("p1", "up");
	world_device(w, "tap");
	p.r = NULL;
	world_provide(w, &p);
	state_is("p0", "up");
	world_provider_exit(w, &p);
	world_provider_exit(w, &q);
}
END_TEST

START_TEST(test_started)
{
	struct vnet *v;
	struct link *l;

	make_vnet();
	v = vnet0();
	ck_assert(manager_vnet_started(v));
	world_up(w, "vnet0", false);
	ck_assert(!manager_vnet_started(v));
	world_up(w, "vnet0", true);
	ck_assert(manager_vnet_started(v));
	world_vnet_del(w, "vnet0");
	/* What is in another namespace is seen by its other end. */
	world_vnet(w, "vnet0", "address", WORLD_MAC, "netns", "/proc/self/ns/net");
	v = vnet0();
	ck_assert(!manager_vnet_started(v)); /* nothing carries: the port is down */
	world_device(w, "s0");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	ck_assert(manager_vnet_started(v));
	world_carrier(w, "vnet0-p", false);
	ck_assert(!manager_vnet_started(v));
	world_carrier(w, "vnet0-p", true);
	world_vnet_del(w, "vnet0");
	world_vnet(w, "vnet0", "address", WORLD_MAC, "upper", "tap0");
	v = vnet0();
	ck_assert(!manager_vnet_started(v));
	l = world_device(w, "tap0");
	ck_assert(manager_vnet_started(v));
	l->flags = 0;
	fake_kernel_tell(w->k, w->m, "tap0");
	ck_assert(!manager_vnet_started(v));
}
END_TEST

/* --- shown --- */

static int64_t number(struct json_object *o, const char *key)
{
	struct json_object *value;

	ck_assert_msg(json_object_object_get_ex(o, key, &value), "no %s", key);
	return json_object_get_int64(value);
}

START_TEST(test_show)
{
	struct provider p = hybrid();
	struct json_object *o;
	const char *text;

	make_vnet();
	p.ask.uid = 77;
	world_provide(w, &p);
	manager_provider_report(w->m, p.r, DESIRED_REPORT_DOWN, NULL);
	o = show_vnet(vnet0());
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	ck_assert_ptr_nonnull(strstr(text, "\"origin\":\"provider\",\"provider\":{\"kind\":\"tap\","
					   "\"uid\":77,\"present\":true,\"report\":\"down\"}"));
	ck_assert_ptr_nonnull(strstr(text, "\"owner\":\"none\""));
	ck_assert_ptr_null(strstr(text, p.token));
	json_object_put(o);
	world_device(w, "s0");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	o = show_resource(world_find_resource(w, "vnet0", "s"));
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
	ck_assert_ptr_nonnull(strstr(text, "\"origin\":\"runtime\",\"provider\":null"));
	json_object_put(o);
	world_provider_exit(w, &p);
}
END_TEST

START_TEST(test_counts)
{
	struct provider p = hybrid();
	struct json_object *o, *resource;

	make_vnet();
	world_provide(w, &p);
	w->k->stats = (struct kernel_link_stats) { 100, 200, 300, 400 };
	w->k->drops.count[ABI_DROP_MALFORMED] = 1000;
	manager_provider_count(p.r, &(struct provider_counts) { 1, 2, 3, 4, 5 });
	manager_provider_count(p.r, &(struct provider_counts) { 11, 12, 13, 14, 15 });
	o = show_stats(vnet0(), NULL);
	resource = json_object_array_get_idx(json_object_object_get(o, "resources"), 0);
	ck_assert_int_eq(number(resource, "ierrors"), 111);
	ck_assert_int_eq(number(resource, "oerrors"), 212);
	ck_assert_int_eq(number(resource, "norcvbuf"), 313);
	ck_assert_int_eq(number(resource, "noxmtbuf"), 414);
	ck_assert_int_eq(number(json_object_object_get(o, "drops"), "malformed"), 1015);
	json_object_put(o);
	/* The vnet's drops stay when the provider goes. */
	world_provider_exit(w, &p);
	world_provide(w, &p);
	manager_provider_count(p.r, &(struct provider_counts) { .malformed = 2 });
	o = show_stats(vnet0(), NULL);
	ck_assert_int_eq(number(json_object_object_get(o, "drops"), "malformed"), 1017);
	json_object_put(o);
	world_provider_exit(w, &p);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("provider", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_tap, 0, 3);
	tcase_add_test(t, test_netdev);
	tcase_add_test(t, test_leave_order);
	tcase_add_test(t, test_stays);
	tcase_add_test(t, test_names);
	tcase_add_test(t, test_refused_form);
	tcase_add_test(t, test_refused_taken);
	tcase_add_test(t, test_owner);
	tcase_add_test(t, test_report);
	tcase_add_test(t, test_failed);
	tcase_add_test(t, test_clear_refused);
	tcase_add_test(t, test_carrier);
	tcase_add_test(t, test_max_sdu);
	tcase_add_test(t, test_set);
	tcase_add_test(t, test_tap_deleted);
	tcase_add_test(t, test_started);
	tcase_add_test(t, test_show);
	tcase_add_test(t, test_counts);
	return unit_run(s);
}
