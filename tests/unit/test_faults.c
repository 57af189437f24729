/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every call of the kernel fails at every place of every kind of change. Then the change is refused
 * and has changed nothing, and goes through when it is tried again. Fault 9.
 */
#include <errno.h>

#include "world_provide.h"

struct scenario {
	const char *name;
	void (*prepare)(struct world *w);
	int (*change)(struct world *w);
};

static void nothing(struct world *w)
{
	world_vnet(w, "other", "address", "02:00:00:00:00:99");
	world_device(w, "tap0");
}

static int add_vnet(struct world *w)
{
	return world_try_vnet(w, "vnet0", "address", WORLD_MAC, "mtu", "1400", NULL);
}

static int add_vnet_vlans(struct world *w)
{
	return world_try_vnet(w, "vnet0", "address", WORLD_MAC, "pvid", "5", "vlans", "10,20-29",
			      NULL);
}

static int add_vnet_upper(struct world *w)
{
	return world_try_vnet(w, "vnet0", "address", WORLD_MAC, "upper", "tap0", NULL);
}

static int add_vnet_netns(struct world *w)
{
	return world_try_vnet(w, "vnet0", "address", WORLD_MAC, "netns", "/proc/self/ns/net", NULL);
}

static void empty(struct world *w)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "vlans", "10");
	world_device(w, "f0")->mtu = 1300;
	fake_kernel_tell(w->k, w->m, "f0");
	world_up(w, "f0", false);
}

static int add_service(struct world *w)
{
	return world_try_resource(w, "vnet0", "n", "type", "service", "device", "f0", NULL);
}

static int add_guest(struct world *w)
{
	return world_try_resource(w, "vnet0", "n", "type", "guest", "device", "f0", "peer",
				  "02:00:00:00:00:0a", "vlans", "10,30", NULL);
}

static int add_hybrid(struct world *w)
{
	return world_try_resource(w, "vnet0", "n", "type", "hybrid", "device", "f0", "priority",
				  "15", NULL);
}

static int add_late(struct world *w)
{
	return world_try_resource(w, "vnet0", "n", "type", "guest", "device", "late0", "peer",
				  "02:00:00:00:00:0a", NULL);
}

static void usual(struct world *w)
{
	world_usual(w);
	world_resource(w, "vnet0", "late", "type", "guest", "device", "late0", "peer",
		       "02:00:00:00:00:0b");
	world_device(w, "f0");
	w->k->busy[fake_kernel_find(w->k, "h20")->ifindex] = true;
}

static int set_address(struct world *w)
{
	return world_try_set(w, "vnet0", "address", "02:00:00:00:00:aa", NULL);
}

static int set_mtu(struct world *w)
{
	return world_try_set(w, "vnet0", "mtu", "9000", NULL);
}

static int set_both(struct world *w)
{
	return world_try_set(w, "vnet0", "mtu", "9000", "address", "02:00:00:00:00:aa", NULL);
}

static int set_vlans(struct world *w)
{
	return world_try_set(w, "vnet0", "pvid", "7", "vlans", "20-22", NULL);
}

static int set_flags(struct world *w)
{
	return world_try_set(w, "vnet0", "guard", "off", "hybrid_needs_service", "on",
			     "promiscuous", "on", NULL);
}

static int set_down(struct world *w)
{
	return world_try_resource_set(w, "vnet0", "s", "admin", "down", NULL);
}

static int set_priority(struct world *w)
{
	return world_try_resource_set(w, "vnet0", "h2", "priority", "1", NULL);
}

static int set_own_vlans(struct world *w)
{
	return world_try_resource_set(w, "vnet0", "g", "pvid", "3", "vlans", "40-42", NULL);
}

static int set_peer(struct world *w)
{
	return world_try_resource_set(w, "vnet0", "g", "peer", "02:00:00:00:00:cc", NULL);
}

static void own_vlans(struct world *w)
{
	usual(w);
	world_resource_set(w, "vnet0", "g", "pvid", "3", "vlans", "40-42");
	world_resource_set(w, "vnet0", "h1", "vlans", "40");
}

static int set_inherit(struct world *w)
{
	return world_try_resource_set(w, "vnet0", "g", "pvid", "inherit", "vlans", "inherit", NULL);
}

static int set_other_vlans(struct world *w)
{
	return world_try_resource_set(w, "vnet0", "h1", "vlans", "41", NULL);
}

static int add_vnet_protected(struct world *w)
{
	return world_try_vnet(w, "vnet0", "address", WORLD_MAC, "protection", "ip-nospoof",
			      "allowed_ips", "10.0.0.7,fe80::/10", "storm_limit", "2000", NULL);
}

static int add_limited(struct world *w)
{
	return world_try_resource(w, "vnet0", "n", "type", "service", "device", "f0", "storm_limit",
				  "7", NULL);
}

static int set_protection(struct world *w)
{
	return world_try_set(w, "vnet0", "protection", "ip-nospoof,restricted", "allowed_ips",
			     "10.0.0.7,2001:db8::/64", "storm_limit", "2000", NULL);
}

static int set_limit(struct world *w)
{
	return world_try_resource_set(w, "vnet0", "g", "storm_limit", "7", NULL);
}

static void protected(struct world *w)
{
	usual(w);
	world_done(w, set_protection(w));
	world_done(w, set_limit(w));
}

static int set_addresses(struct world *w)
{
	return world_try_set(w, "vnet0", "allowed_ips", "10.0.0.7,10.0.0.8,10.0.0.9", "storm_limit",
			     "5", NULL);
}

static int set_unprotected(struct world *w)
{
	return world_try_set(w, "vnet0", "protection", "none", "storm_limit", "none", NULL);
}

static int set_unlimited(struct world *w)
{
	return world_try_resource_set(w, "vnet0", "g", "storm_limit", "none", NULL);
}

/* A direct peer that waits for vnet0, one that waits for its other end, and two that are up. */
static void awaited(struct world *w)
{
	nothing(w);
	world_vnet(w, "vnet0b", "address", "02:00:00:00:00:0b", "vlans", "10,11");
	world_resource(w, "vnet0b", "p", "type", "guest", "peer_vnet", "vnet0", "vlans", "10");
}

static int add_end(struct world *w)
{
	return world_try_resource(w, "vnet0", "p", "type", "guest", "peer_vnet", "vnet0b", "vlans",
				  "10-12", "storm_limit", "9", NULL);
}

static void half(struct world *w)
{
	usual(w);
	world_vnet(w, "vnet0b", "address", "02:00:00:00:00:bb", "vlans", "10,11");
	world_resource(w, "vnet0b", "p", "type", "guest", "peer_vnet", "vnet0", "vlans", "10");
}

static void joined(struct world *w)
{
	half(w);
	world_done(w, add_end(w));
}

static int set_end_down(struct world *w)
{
	return world_try_resource_set(w, "vnet0", "p", "admin", "down", NULL);
}

static int set_end_vlans(struct world *w)
{
	return world_try_resource_set(w, "vnet0", "p", "vlans", "11", "pvid", "12", NULL);
}

static int del_end(struct world *w)
{
	return manager_resource_del(w->m, "vnet0", "p", &w->e);
}

static int del_service(struct world *w)
{
	return manager_resource_del(w->m, "vnet0", "s", &w->e);
}

static int del_guest(struct world *w)
{
	return manager_resource_del(w->m, "vnet0", "g", &w->e);
}

static int del_hybrid(struct world *w)
{
	return manager_resource_del(w->m, "vnet0", "h1", &w->e);
}

static int del_vnet(struct world *w)
{
	return manager_vnet_del(w->m, "vnet0", &w->e);
}

/* The program ends before its tap is missed: what is looked at is the kernel. */
static int provide(struct world *w, struct provider p)
{
	int err = world_try_provide(w, &p);

	world_provider_close(&p);
	return err;
}

static int provide_service(struct world *w)
{
	return provide(w, world_provider(SETTINGS_SERVICE, NULL));
}

static int provide_guest(struct world *w)
{
	struct provider p = world_provider(SETTINGS_GUEST, "02:00:00:00:00:0a");

	p.ask.tap.queues = 2;
	return provide(w, p);
}

static int provide_hybrid(struct world *w)
{
	struct provider p = world_provider(SETTINGS_HYBRID, NULL);

	p.ask.report = DESIRED_REPORT_DOWN;
	return provide(w, p);
}

static int provide_device(struct world *w)
{
	struct provider p = world_provider(SETTINGS_HYBRID, NULL);

	p.ask.device = "f0";
	return provide(w, p);
}

/* It is known from before a restart, and its tap is gone. */
static void ghost(struct world *w)
{
	usual(w);
	world_done(w, provide_guest(w));
	manager_settle(w->m);
	world_stop(w);
	fake_kernel_remove(w->k, "vntap0");
	world_start(w);
}

static int provide_again(struct world *w)
{
	struct provider p = world_provider(SETTINGS_GUEST, "02:00:00:00:00:0a");

	p.ask.token = world_find_resource(w, "vnet0", "p0")->provider.token;
	return provide(w, p);
}

static void failed_guest(struct world *w)
{
	usual(w);
	world_done(w, provide_guest(w));
	manager_provider_report(w->m, world_find_resource(w, "vnet0", "p0"), DESIRED_REPORT_FAILED,
				"hot");
}

static int clear_failed(struct world *w)
{
	return manager_resource_clear(w->m, "vnet0", "p0", &w->e);
}

static int del_provided(struct world *w)
{
	return manager_resource_del(w->m, "vnet0", "p0", &w->e);
}

static const struct scenario scenarios[] = {
	{ "add a vnet", nothing, add_vnet },
	{ "add a vnet with VLANs", nothing, add_vnet_vlans },
	{ "add a vnet over a tap", nothing, add_vnet_upper },
	{ "add a vnet in a netns", nothing, add_vnet_netns },
	{ "add the service", empty, add_service },
	{ "add a first guest", empty, add_guest },
	{ "add a first hybrid", empty, add_hybrid },
	{ "add a guest that waits", empty, add_late },
	{ "add another guest", usual, add_guest },
	{ "add a hybrid between others", usual, add_hybrid },
	{ "set the address", usual, set_address },
	{ "set the mtu", usual, set_mtu },
	{ "set mtu and address", usual, set_both },
	{ "set VLANs that guests inherit", usual, set_vlans },
	{ "set flags", usual, set_flags },
	{ "set the service down", usual, set_down },
	{ "set a priority", usual, set_priority },
	{ "set a guest's own VLANs", usual, set_own_vlans },
	{ "set other VLANs", own_vlans, set_other_vlans },
	{ "set VLANs to be inherited", own_vlans, set_inherit },
	{ "set a peer", usual, set_peer },
	{ "add a vnet with protection", nothing, add_vnet_protected },
	{ "add a service with a limit", empty, add_limited },
	{ "set protection", usual, set_protection },
	{ "set a guest's limit", usual, set_limit },
	{ "set other addresses", protected, set_addresses },
	{ "take protection away", protected, set_unprotected },
	{ "take a guest's limit away", protected, set_unlimited },
	{ "remove a guest with a limit", protected, del_guest },
	{ "remove a vnet with protection", protected, del_vnet },
	{ "add a vnet that a peer waits for", awaited, add_vnet },
	{ "add a peer's other end", half, add_end },
	{ "set the address of a peer's vnet", joined, set_address },
	{ "set a peer down", joined, set_end_down },
	{ "set a peer's VLANs", joined, set_end_vlans },
	{ "remove a peer's other end", joined, del_end },
	{ "remove a peer's vnet", joined, del_vnet },
	{ "remove the service", own_vlans, del_service },
	{ "remove a guest", own_vlans, del_guest },
	{ "remove a hybrid", own_vlans, del_hybrid },
	{ "remove a vnet", own_vlans, del_vnet },
	{ "provide a service", empty, provide_service },
	{ "provide a guest", usual, provide_guest },
	{ "provide a hybrid", usual, provide_hybrid },
	{ "provide a device", usual, provide_device },
	{ "provide a lost tap anew", ghost, provide_again },
	{ "clear what has failed", failed_guest, clear_failed },
	{ "remove what is provided", failed_guest, del_provided },
	{ "set mtu and address of what is provided", failed_guest, set_both },
};

static const char *const calls[] = {
	"veth_add",	 "link_get",	   "link_set",	"attach",      "detach",      "port_write",
	"vnet_write",	 "resource_write", "fdb_write", "vlans_write", "link_filter", "storm_write",
	"allowed_write", "tap_add",	   "pair_mark", "device_mark", "vf_mark"
};

static struct world *prepared(const struct scenario *s)
{
	struct world *w = world_new();

	s->prepare(w);
	manager_settle(w->m);
	world_check(w);
	return w;
}

static void refused(struct world *w, const struct scenario *s, const char *before, int err,
		    const char *what)
{
	char *after = world_text(w);

	ck_assert_msg(err == -EIO, "%s: %d %s", what, err, w->e.message);
	ck_assert_int_eq(w->e.kind, ERROR_FAILED);
	ck_assert_int_eq(w->e.number, EIO);
	ck_assert_msg(strncmp(w->e.message, "vnet0", 5) == 0 && w->e.message[5], "%s: says \"%s\"",
		      what, w->e.message);
	ck_assert_ptr_nonnull(strstr(w->e.message, strerror(EIO)));
	world_same(what, before, after);
	free(after);
	fake_kernel_heal(w->k);
	world_news(w);
	err = s->change(w);
	ck_assert_msg(!err, "%s, tried again: %s", what, w->e.message);
}

/* The @after-th call fails, the kernel having done half of it. Returns false if there are less. */
static bool fail_one(const struct scenario *s, const char *call, unsigned int after, bool halfway)
{
	struct world *w = prepared(s);
	char *before = world_text(w), what[128];
	bool failed;
	int err;

	snprintf(what, sizeof(what), "%s, %s fails after %u%s", s->name, call, after,
		 halfway ? " halfway" : "");
	fake_kernel_fail_once(w->k, call, EIO, after);
	w->k->fail_halfway = halfway;
	err = s->change(w);
	failed = w->k->failed;
	if (err)
		refused(w, s, before, err, what);
	/* What was not noticed was of no consequence, or has been made up for. A device that cannot
	 * filter receives frames for the vnet anyway. */
	fake_kernel_heal(w->k);
	manager_settle(w->m);
	if (!util_same(call, "link_filter"))
		world_check(w);
	free(before);
	world_free(w);
	return failed;
}

START_TEST(test_once)
{
	const struct scenario *s = &scenarios[_i];
	unsigned int all = 0;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(calls); i++)
		for (int halfway = 0; halfway < (util_same(calls[i], "link_set") ? 2 : 1);
		     halfway++) {
			unsigned int after = 0;

			while (fail_one(s, calls[i], after, halfway))
				after++;
			ck_assert_uint_lt(after, 100);
			all += after;
		}
	ck_assert_uint_gt(all, 0);
}
END_TEST

/*
 * It goes on failing, so not even the way back succeeds. When the kernel works again and something
 * happens, it holds what follows from the objects.
 */
static bool fail_all(const struct scenario *s, const char *call, unsigned int after)
{
	struct world *w = prepared(s);
	bool failed;

	fake_kernel_fail(w->k, call, EIO, after);
	s->change(w);
	failed = w->k->failed;
	manager_settle(w->m);
	fake_kernel_heal(w->k);
	manager_on_dump_begin(w->m);
	for (size_t i = 0; i < w->k->link_count; i++)
		manager_on_link(w->m, &w->k->links[i]);
	manager_on_dump_end(w->m);
	manager_settle(w->m);
	world_check(w);
	world_news(w);
	world_free(w);
	return failed;
}

START_TEST(test_for_good)
{
	static const char *const maps[] = { "attach",	   "detach",	     "port_write",
					    "vnet_write",  "resource_write", "fdb_write",
					    "vlans_write", "storm_write",    "allowed_write" };
	const struct scenario *s = &scenarios[_i];

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(maps); i++) {
		unsigned int after = 0;

		while (fail_all(s, maps[i], after))
			after++;
	}
}
END_TEST

/* What cannot be kept across a restart is not done. */
START_TEST(test_save)
{
	const struct scenario *s = &scenarios[_i];
	struct world *w = prepared(s);
	char *before = world_text(w), *after;

	w->save_fails = true;
	world_refused(w, s->change(w), ERROR_FAILED, ENOSPC, "", "",
		      "the state file cannot be written");
	after = world_text(w);
	world_same(s->name, before, after);
	world_news(w);
	w->save_fails = false;
	ck_assert_int_eq(s->change(w), 0);
	world_check(w);
	free(before);
	free(after);
	world_free(w);
}
END_TEST

START_TEST(test_flush)
{
	struct world *w = prepared(&scenarios[8]);
	char *before = world_text(w), *after;

	w->save_fails = true;
	ck_assert_int_eq(manager_flush(w->m, &w->e), -ENOSPC);
	after = world_text(w);
	world_same("flush", before, after);
	w->save_fails = false;
	fake_kernel_fail_once(w->k, "flush", EPERM, 0);
	world_refused(w, manager_flush(w->m, &w->e), ERROR_FAILED, EPERM, "", "",
		      "taking the data path away failed: Operation not permitted");
	ck_assert_uint_eq(manager_vnet_count(w->m), 0);
	ck_assert(fake_kernel_is_clean(w->k));
	world_done(w, manager_flush(w->m, &w->e));
	ck_assert(w->k->flushed);
	ck_assert_str_eq(w->kept, "{ \"vnets\": [ ] }");
	free(before);
	free(after);
	world_free(w);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("faults", &t);

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_once, 0, UTIL_ARRAY_SIZE(scenarios));
	tcase_add_loop_test(t, test_for_good, 0, UTIL_ARRAY_SIZE(scenarios));
	tcase_add_loop_test(t, test_save, 0, UTIL_ARRAY_SIZE(scenarios));
	tcase_add_test(t, test_flush);
	return unit_run(s);
}
