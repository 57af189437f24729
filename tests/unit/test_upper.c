/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of resources, the carrier of the vnet, and its upper. */
#include <errno.h>

#include "world_case.h"

#include <fcntl.h>
#include <syslog.h>

#include "../../daemon/log.h"

/* --- up and down --- */

START_TEST(test_states)
{
	world_usual(w);
	world_forget_events(w);
	world_carrier(w, "g0", false);
	state_is("g", "down: device g0 has no carrier");
	world_carrier(w, "g0", true);
	state_is("g", "up");
	world_up(w, "g0", false);
	state_is("g", "down: device g0 is down");
	world_up(w, "g0", true);
	world_resource_set(w, "vnet0", "g", "admin", "down");
	state_is("g", "down: set down by the administrator");
	ck_assert(device("g0")->flags & IFF_UP); /* that is not asked for */
	world_carrier(w, "g0", false);
	state_is("g", "down: set down by the administrator");
	world_carrier(w, "g0", true);
	world_resource_set(w, "vnet0", "g", "admin", "up");
	state_is("g", "up");
	ck_assert_str_eq(w->events, "resource-state vnet0 g down\nresource-state vnet0 g up\n"
				    "resource-state vnet0 g down\nresource-state vnet0 g up\n"
				    "resource-state vnet0 g down\nresource-state vnet0 g up\n");
}
END_TEST

/* The vnet's carrier, its port and the dormancy of its upper: every row of the table. */
START_TEST(test_carrier)
{
	static const struct {
		bool service, guest, hybrid; /* registered */
		bool service_up, guest_up, hybrid_up;
		bool carrier, port, dormant;
	} rows[] = {
		{ 0, 0, 0, 0, 0, 0, 0, 0, 0 }, { 1, 0, 0, 1, 0, 0, 1, 1, 0 },
		{ 1, 0, 0, 0, 0, 0, 0, 0, 0 }, { 0, 1, 0, 0, 1, 0, 1, 1, 0 },
		{ 0, 1, 0, 0, 0, 0, 0, 0, 0 }, { 0, 0, 1, 0, 0, 1, 1, 1, 0 },
		{ 0, 0, 1, 0, 0, 0, 0, 0, 0 }, { 1, 0, 1, 1, 0, 0, 1, 1, 0 },
		{ 1, 0, 1, 0, 0, 1, 0, 1, 1 }, { 1, 1, 0, 0, 1, 0, 0, 1, 1 },
		{ 1, 1, 1, 0, 1, 1, 0, 1, 1 }, { 1, 1, 1, 1, 0, 0, 1, 1, 0 },
		{ 0, 1, 1, 0, 1, 0, 1, 1, 0 }, { 0, 1, 1, 0, 0, 1, 1, 1, 0 },
		{ 1, 1, 1, 0, 0, 0, 0, 0, 0 },
	};

	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "s0");
	world_device(w, "g0");
	world_device(w, "h0");
	if (rows[_i].service)
		world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	if (rows[_i].guest)
		world_resource(w, "vnet0", "g", "type", "guest", "device", "g0", "peer",
			       WORLD_PEER);
	if (rows[_i].hybrid)
		world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h0");
	world_carrier(w, "s0", rows[_i].service_up);
	world_carrier(w, "g0", rows[_i].guest_up);
	world_carrier(w, "h0", rows[_i].hybrid_up);
	ck_assert_int_eq(vnet0()->carrier, rows[_i].carrier);
	ck_assert_int_eq(!!(device("vnet0-p")->flags & IFF_UP), rows[_i].port);
	ck_assert_int_eq(!(device("vnet0")->flags & IFF_RUNNING), rows[_i].dormant);
	ck_assert_int_eq(vnet0()->dormant, rows[_i].dormant);
	/* somebody meddles with the port: put right */
	world_up(w, "vnet0-p", !rows[_i].port);
	ck_assert_int_eq(!!(device("vnet0-p")->flags & IFF_UP), rows[_i].port);
	/* the service goes for good: then it is any resource's, and nothing stays dormant */
	if (rows[_i].service)
		world_resource_del(w, "vnet0", "s");
	ck_assert(device("vnet0")->flags & IFF_RUNNING);
	ck_assert_int_eq(vnet0()->carrier, rows[_i].guest_up || rows[_i].hybrid_up);
}
END_TEST

/* --- the upper --- */

START_TEST(test_promiscuous)
{
	uint32_t upper, port;

	world_usual(w);
	upper = device("vnet0")->ifindex;
	port = device("vnet0-p")->ifindex;
	ck_assert_ptr_nonnull(fake_kernel_port(w->k, upper));
	fake_kernel_find(w->k, "vnet0")->promiscuity = 2;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert_ptr_null(fake_kernel_port(w->k, upper));
	ck_assert(w->k->attached[KERNEL_HOOK_TX_INGRESS][port]);
	ck_assert(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PROMISC);
	world_check(w);
	/* off: frames for others are not delivered, and what is captured is all the same complete
	 */
	world_set(w, "vnet0", "promiscuous", "off");
	ck_assert(!(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PROMISC));
	ck_assert_ptr_null(fake_kernel_port(w->k, upper));
	fake_kernel_find(w->k, "vnet0")->promiscuity = 0;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert_ptr_nonnull(fake_kernel_port(w->k, upper));
	world_set(w, "vnet0", "promiscuous", "on");
	ck_assert(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PROMISC);
	ck_assert_ptr_nonnull(fake_kernel_port(w->k, upper));
	world_set(w, "vnet0", "promiscuous", "auto");
	ck_assert(!(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PROMISC));
}
END_TEST

START_TEST(test_netns)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "netns", "/proc/self/ns/net");
	ck_assert_ptr_null(fake_kernel_find(w->k, "vnet0"));
	ck_assert(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PEER);
	ck_assert_uint_eq(vnet0()->upper_ifindex, 0);
	ck_assert(w->k->attached[KERNEL_HOOK_TX_INGRESS][device("vnet0-p")->ifindex]);
	world_device(w, "s0");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	world_check(w);
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	ck_assert_str_eq(w->k->journal, "");
	world_check(w);
	/* its namespace ends, and another is at the same place */
	world_delete(w, "vnet0-p");
	ck_assert_ptr_nonnull(fake_kernel_find(w->k, "vnet0-p"));
	world_check(w);
	world_vnet_del(w, "vnet0");
	ck_assert_ptr_null(fake_kernel_find(w->k, "vnet0-p"));
}
END_TEST

/* Not deleted, but taken into another namespace by hand: the other end goes on. */
START_TEST(test_upper_moved)
{
	uint32_t ifindex;

	world_usual(w);
	ifindex = device("vnet0")->ifindex;
	fake_kernel_remove(w->k, "vnet0");
	manager_on_gone(w->m, ifindex);
	fake_kernel_find(w->k, "vnet0-p")->peer_elsewhere = true;
	fake_kernel_tell(w->k, w->m, "vnet0-p");
	ck_assert(w->k->attached[KERNEL_HOOK_TX_INGRESS][device("vnet0-p")->ifindex]);
	ck_assert(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PEER);
	world_check(w);
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	ck_assert_str_eq(w->k->journal, "");
}
END_TEST

START_TEST(test_upper_deleted)
{
	uint32_t port;

	world_usual(w);
	port = device("vnet0-p")->ifindex;
	for (int i = 0; i < 2; i++) { /* either end is heard of first */
		world_delete(w, i ? "vnet0-p" : "vnet0");
		ck_assert_uint_ne(device("vnet0-p")->ifindex, port);
		ck_assert(has_mac("vnet0", WORLD_MAC));
		ck_assert_uint_eq(fake_kernel_vnet(w->k, 1)->port, device("vnet0-p")->ifindex);
		world_check(w);
		world_news(w);
	}
	ck_assert_uint_eq(w->m->uppers_missing, 0);
}
END_TEST

/* Its name is taken at that moment; it is made when the name is free. */
/* Somebody has deleted devices, and the news of it is on its way. */
START_TEST(test_gone_before_the_news)
{
	static const char *const gone[] = { "vnet0", "vnet0-p", "h10" };
	uint32_t ifindex[UTIL_ARRAY_SIZE(gone)];
	char text[400] = "";
	int log[2];

	world_usual(w);
	ck_assert_int_eq(pipe2(log, O_NONBLOCK), 0);
	ck_assert_int_eq(dup2(log[1], STDERR_FILENO), STDERR_FILENO);
	log_open(LOG_WARNING);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(gone); i++) {
		ifindex[i] = device(gone[i])->ifindex;
		fake_kernel_remove(w->k, gone[i]);
	}
	ck_assert_uint_eq(manager_check_hooks(w->m, true), 0);
	for (const char *const *d = (const char *const[]) { "s0", "g0", "h20", NULL }; *d; d++)
		world_carrier(w, *d, false);
	ck_assert_int_eq(read(log[0], text, sizeof(text) - 1), -1);
	ck_assert_str_eq(text, "");
	/* A program that was taken off a device that is there is something else. */
	w->k->attached[KERNEL_HOOK_RX][device("s0")->ifindex] = false;
	ck_assert_uint_eq(manager_check_hooks(w->m, true), 1);
	ck_assert_int_gt(read(log[0], text, sizeof(text) - 1), 0);
	ck_assert_ptr_nonnull(strstr(text, "device s0: the data path is not attached any more"));
	log_open(-1);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(gone); i++)
		manager_on_gone(w->m, ifindex[i]);
	w->k->attached[KERNEL_HOOK_RX][device("s0")->ifindex] = true;
}
END_TEST

/* A filter that was taken from a device comes back; what the kernel refuses is not tried over and
 * over, for taking back our own is such news as well. */
START_TEST(test_unhooked)
{
	uint32_t s0, g0;

	world_usual(w);
	s0 = device("s0")->ifindex;
	g0 = device("g0")->ifindex;
	w->k->attached[KERNEL_HOOK_RX][s0] = w->k->attached[KERNEL_HOOK_RX][g0] = false;
	manager_on_unhooked(w->m, s0);
	manager_on_unhooked(w->m, 12345); /* nobody's */
	manager_settle(w->m);
	ck_assert(w->k->attached[KERNEL_HOOK_RX][s0]);
	world_check(w);
	world_forget_journal(w);
	manager_on_unhooked(w->m, s0); /* it was another's filter, or has come back */
	manager_settle(w->m);
	ck_assert_str_eq(w->k->journal, "");
	w->k->attached[KERNEL_HOOK_RX][s0] = false;
	fake_kernel_fail(w->k, "attach", EIO, 0);
	manager_on_unhooked(w->m, s0);
	manager_settle(w->m);
	ck_assert_int_eq(world_find_resource(w, "vnet0", "s")->state, RESOURCE_FAILED);
	world_forget_journal(w);
	manager_on_unhooked(w->m, s0);
	manager_settle(w->m);
	ck_assert_str_eq(w->k->journal, "");
	fake_kernel_heal(w->k);
	ck_assert_uint_eq(manager_check_hooks(w->m, true), 1);
	manager_settle(w->m);
	state_is("s", "up");
}
END_TEST

START_TEST(test_upper_deleted_and_name_taken)
{
	uint32_t ifindexes[2];

	world_usual(w);
	ifindexes[0] = device("vnet0")->ifindex;
	ifindexes[1] = device("vnet0-p")->ifindex;
	fake_kernel_remove(w->k, "vnet0");
	fake_kernel_remove(w->k, "vnet0-p");
	world_device(w, "vnet0");
	manager_on_gone(w->m, ifindexes[0]);
	manager_on_gone(w->m, ifindexes[1]);
	ck_assert_uint_eq(vnet0()->port_ifindex, 0);
	ck_assert(!vnet0()->carrier);
	/* that is no reason to refuse other changes */
	world_set(w, "vnet0", "guard", "off");
	ck_assert_uint_eq(fake_kernel_vnet(w->k, 1)->port, 0);
	world_rename(w, "vnet0", "elsewhere0");
	ck_assert_uint_ne(vnet0()->port_ifindex, 0);
	world_check(w);
}
END_TEST

START_TEST(test_upper_changed)
{
	world_usual(w);
	mac_parse("02:00:00:00:00:bb", fake_kernel_find(w->k, "vnet0")->address);
	fake_kernel_find(w->k, "vnet0")->mtu = 3000;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert_uint_eq(vnet0()->settings.mtu, 3000);
	ck_assert(has_mac("h10", "02:00:00:00:00:bb"));
	ck_assert_uint_eq(device("s0")->mtu, 3000);
	ck_assert_uint_eq(device("vnet0-p")->mtu, 3000);
	ck_assert_ptr_nonnull(strstr(w->kept, "02:00:00:00:00:bb"));
	world_check(w);
	/* what cannot be: put back */
	fake_kernel_find(w->k, "h10")->max_mtu = 4000;
	fake_kernel_tell(w->k, w->m, "h10");
	fake_kernel_find(w->k, "vnet0")->mtu = 5000;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert_uint_eq(device("vnet0")->mtu, 3000);
	mac_parse(WORLD_PEER, fake_kernel_find(w->k, "vnet0")->address);
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert(has_mac("vnet0", "02:00:00:00:00:bb"));
}
END_TEST

/* News of the upper that is older than our own change of it must not undo that. */
START_TEST(test_old_news)
{
	struct link old, between;

	world_usual(w);
	old = *device("vnet0");
	world_set(w, "vnet0", "mtu", "9000", "address", "02:00:00:00:00:aa");
	between = *device("vnet0");
	between.mtu = old.mtu; /* the kernel tells of each field by itself */
	world_forget_journal(w);
	manager_on_link(w->m, &old);
	manager_on_link(w->m, &between);
	manager_on_link(w->m, device("vnet0"));
	ck_assert_str_eq(w->k->journal, "");
	ck_assert_uint_eq(vnet0()->settings.mtu, 9000);
	ck_assert(has_mac("vnet0", "02:00:00:00:00:aa"));
}
END_TEST

START_TEST(test_existing_upper)
{
	world_device(w, "tap0");
	world_vnet(w, "vnet0", "address", WORLD_MAC, "upper", "tap0", "mtu", "3000");
	ck_assert_ptr_null(fake_kernel_find(w->k, "vnet0"));
	ck_assert_uint_eq(device("tap0")->mtu, 1500); /* it is somebody else's */
	ck_assert(w->k->attached[KERNEL_HOOK_TX_INGRESS][device("tap0")->ifindex]);
	ck_assert_uint_eq(fake_kernel_vnet(w->k, 1)->port, device("tap0")->ifindex);
	ck_assert(!(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PEER));
	world_device(w, "s0");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	world_check(w);
	world_rename(w, "tap0", "tap1");
	ck_assert_str_eq(vnet0()->settings.upper, "tap1");
	world_stop(w);
	world_start(w);
	world_check(w);
	world_delete(w, "tap1");
	ck_assert_uint_eq(fake_kernel_vnet(w->k, 1)->port, 0);
	ck_assert(!vnet0()->carrier);
	world_check(w);
	world_device(w, "tap1");
	ck_assert(vnet0()->carrier);
	world_vnet_del(w, "vnet0");
	ck_assert_ptr_nonnull(fake_kernel_find(w->k, "tap1"));
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

START_TEST(test_existing_upper_later)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "upper", "tap0");
	world_check(w);
	fake_kernel_add(w->k, "tap0")->type = 0xfffe; /* without Ethernet headers */
	fake_kernel_tell(w->k, w->m, "tap0");
	ck_assert_uint_eq(vnet0()->port_ifindex, 0);
	fake_kernel_tell_gone(w->k, w->m, "tap0");
	world_device(w, "tap0");
	ck_assert_uint_eq(vnet0()->port_ifindex, device("tap0")->ifindex);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("upper", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_states);
	tcase_add_loop_test(t, test_carrier, 0, 15);
	tcase_add_test(t, test_promiscuous);
	tcase_add_test(t, test_netns);
	tcase_add_test(t, test_upper_moved);
	tcase_add_test(t, test_upper_deleted);
	tcase_add_test(t, test_gone_before_the_news);
	tcase_add_test(t, test_unhooked);
	tcase_add_test(t, test_upper_deleted_and_name_taken);
	tcase_add_test(t, test_upper_changed);
	tcase_add_test(t, test_old_news);
	tcase_add_test(t, test_existing_upper);
	tcase_add_test(t, test_existing_upper_later);
	return unit_run(s);
}
