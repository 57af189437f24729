/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon was away, or news was lost: what it finds, and what it leaves alone. */
#include "world_case.h"

/* --- a restart --- */

START_TEST(test_restart)
{
	world_usual(w);
	world_restart(w);
	world_set(w, "vnet0", "vlans", "10-12", "guard", "off", "mtu", "4000");
	world_resource_set(w, "vnet0", "g", "vlans", "11", "pvid", "9");
	world_resource_set(w, "vnet0", "h1", "admin", "down");
	world_device(w, "late0");
	world_resource(w, "vnet0", "l", "type", "guest", "device", "late1", "peer",
		       "02:00:00:00:00:0d");
	world_vnet(w, "vnet1", "address", "02:00:00:00:00:11");
	world_resource(w, "vnet1", "s", "type", "service", "device", "late0");
	world_restart(w);
	/* an upper that is dormant, one with its port down */
	world_carrier(w, "s0", false);
	world_carrier(w, "late0", false);
	world_restart(w);
	ck_assert(world_find(w, "vnet0")->dormant);
	/* renamed, all of them */
	world_rename(w, "g0", "g1");
	world_rename(w, "vnet0", "lan0");
	world_rename(w, "vnet1-p", "port1");
	world_restart(w);
	fake_kernel_find(w->k, "lan0")->promiscuity = 1;
	fake_kernel_tell(w->k, w->m, "lan0");
	world_restart(w);
	/* what was taken is given back, after all of that */
	world_vnet_del(w, "vnet0");
	world_vnet_del(w, "vnet1");
	ck_assert_uint_eq(device("g1")->mtu, 1500);
	ck_assert(has_mac("h10", "02:ee:00:00:00:05"));
	ck_assert(fake_kernel_is_clean(w->k));
	ck_assert_ptr_null(fake_kernel_find(w->k, "port1"));
}
END_TEST

/* A late device came: what was changed on it was kept, although nobody changed anything. */
START_TEST(test_restart_after_late_device)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "mtu", "4000");
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "late0");
	world_device(w, "late0");
	world_restart(w);
	world_resource_del(w, "vnet0", "h");
	ck_assert_uint_eq(device("late0")->mtu, 1500);
	ck_assert(has_mac("late0", "02:ee:00:00:00:03"));
}
END_TEST

START_TEST(test_restart_and_much_has_happened)
{
	world_usual(w);
	world_vnet(w, "vnet1", "address", "02:00:00:00:00:11", "upper", "h20x");
	world_device(w, "br0");
	world_stop(w);
	/* gone; made again; renamed; enslaved; down; another MTU; a new one in its name */
	fake_kernel_remove(w->k, "s0");
	fake_kernel_remove(w->k, "h10");
	fake_kernel_add(w->k, "h10");
	fake_kernel_find(w->k, "g0")->mtu = 1000;
	util_copy(fake_kernel_find(w->k, "g0")->name, IFNAMSIZ, "g9");
	fake_kernel_find(w->k, "h20")->master = device("br0")->ifindex;
	fake_kernel_find(w->k, "vnet0")->mtu = 1600;
	world_start(w);
	state_is("s", "waiting: device s0 does not exist");
	state_is("h1", "up");
	state_is("g", "up");
	ck_assert_str_eq(world_find_resource(w, "vnet0", "g")->settings.device, "g9");
	state_is("h2", "failed: vnet0/h2: device h20 is a port of br0; take it out of there first");
	ck_assert_uint_eq(device("vnet0")->mtu, 1500);
	ck_assert_uint_eq(device("g9")->mtu, 1500);
	world_check(w);
	fake_kernel_find(w->k, "h20")->master = 0;
	fake_kernel_tell(w->k, w->m, "h20");
	state_is("h2", "up");
	world_device(w, "s0");
	state_is("s", "up");
}
END_TEST

/* What nobody answers for goes, whoever left it. */
START_TEST(test_sweep)
{
	struct abi_port port = { .vnet = 77, .resource = 78 };
	struct abi_resource resource = { .ifindex = 99, .type = ABI_GUEST, .vnet = 77 };
	struct abi_vnet vnet = { .pvid = 1 };
	struct abi_fdb_key fdb = { .vnet = 77, .vlan = 1 }, ours = { .vnet = 1, .vlan = 999 };
	struct abi_vlans_key vlans = { .vnet = 77 }, of_ours = { .vnet = 1, .resource = 1 };
	struct abi_vlans bits = { 0 };
	const struct kernel_ops *ops = w->k->kernel.ops;
	enum kernel_attach attached;
	char *before, *after;

	world_usual(w);
	before = fake_kernel_text(w->k);
	ops->port_write(w->k, 99, &port);
	ops->resource_write(w->k, 78, &resource);
	ops->vnet_write(w->k, 77, &vnet);
	ops->fdb_write(w->k, &fdb, 78);
	ops->fdb_write(w->k, &ours, 1);
	ops->vlans_write(w->k, &vlans, &bits);
	ops->vlans_write(w->k, &of_ours, &bits);
	fake_kernel_add(w->k, "left0");
	ops->attach(w->k, KERNEL_HOOK_RX, device("left0")->ifindex, &attached);
	ops->attach(w->k, KERNEL_HOOK_RX, device("vnet0")->ifindex, &attached);
	ops->attach(w->k, KERNEL_HOOK_TX_INGRESS, device("s0")->ifindex, &attached);
	ck_assert_int_eq(manager_sweep(w->m), 0);
	fake_kernel_remove(w->k, "left0");
	after = fake_kernel_text(w->k);
	world_same("sweep", before, after);
	free(before);
	free(after);
}
END_TEST

/* --- news was lost --- */

static void dump(void)
{
	manager_on_overrun(w->m);
	manager_on_dump_begin(w->m);
	for (size_t i = 0; i < w->k->link_count; i++)
		manager_on_link(w->m, &w->k->links[i]);
	manager_on_dump_end(w->m);
}

START_TEST(test_resync)
{
	uint32_t old;

	world_usual(w);
	world_resource(w, "vnet0", "l", "type", "guest", "device", "late0", "peer",
		       "02:00:00:00:00:0d");
	world_forget_events(w);
	dump();
	ck_assert_str_eq(w->events, "overrun -\n");
	old = device("s0")->ifindex;
	fake_kernel_remove(w->k, "s0");
	fake_kernel_add(w->k, "s0");
	fake_kernel_remove(w->k, "h10");
	fake_kernel_add(w->k, "late0");
	fake_kernel_find(w->k, "h20")->carrier = false;
	util_copy(fake_kernel_find(w->k, "g0")->name, IFNAMSIZ, "g9");
	/* half a dump, and another one begins */
	manager_on_dump_begin(w->m);
	manager_on_link(w->m, device("late0"));
	state_is("l", "waiting: device late0 does not exist");
	dump();
	ck_assert_uint_ne(device("s0")->ifindex, old);
	state_is("s", "up");
	state_is("h1", "waiting: device h10 does not exist");
	state_is("h2", "down: device h20 has no carrier");
	state_is("g", "up");
	state_is("l", "up");
	ck_assert_str_eq(world_find_resource(w, "vnet0", "g")->settings.device, "g9");
	manager_settle(w->m);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"g9\""));
	world_check(w);
	/* the upper is gone, and nobody told */
	fake_kernel_remove(w->k, "vnet0");
	fake_kernel_remove(w->k, "vnet0-p");
	dump();
	ck_assert_ptr_nonnull(fake_kernel_find(w->k, "vnet0"));
}
END_TEST

/* Deleted and made again with the number it had: the news of that tells nothing but what it is
 * like. */
START_TEST(test_resync_same_ifindex)
{
	uint32_t ifindex;

	world_usual(w);
	ifindex = device("h10")->ifindex;
	fake_kernel_remove(w->k, "h10");
	w->k->next_ifindex = ifindex - 1;
	fake_kernel_add(w->k, "h10");
	w->k->next_ifindex = 50;
	dump();
	ck_assert_uint_eq(device("h10")->ifindex, ifindex);
	ck_assert(w->k->attached[KERNEL_HOOK_RX][ifindex]);
	ck_assert(has_mac("h10", WORLD_MAC));
	state_is("h1", "up");
}
END_TEST

/* Somebody took our program away: news of the device puts it back. */
START_TEST(test_attachment_vanished)
{
	uint32_t ifindex;

	world_usual(w);
	ifindex = device("g0")->ifindex;
	w->k->attached[KERNEL_HOOK_RX][ifindex] = false;
	world_carrier(w, "g0", false);
	ck_assert(w->k->attached[KERNEL_HOOK_RX][ifindex]);
	w->k->attached[KERNEL_HOOK_TX_INGRESS][device("vnet0-p")->ifindex] = false;
	dump();
	ck_assert(w->k->attached[KERNEL_HOOK_TX_INGRESS][device("vnet0-p")->ifindex]);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("restart", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_restart);
	tcase_add_test(t, test_restart_after_late_device);
	tcase_add_test(t, test_restart_and_much_has_happened);
	tcase_add_test(t, test_sweep);
	tcase_add_test(t, test_resync);
	tcase_add_test(t, test_resync_same_ifindex);
	tcase_add_test(t, test_attachment_vanished);
	return unit_run(s);
}
