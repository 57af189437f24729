/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows that programs open: what is made in which order, taken away in the opposite one, and undone
 * when any call of the kernel fails.
 */
#include <errno.h>

#include "../../daemon/reconcile.h"
#include "world_case.h"

#define UID 1000

static struct flow *flow(void)
{
	return world_find_flow(w, "vnet0", "x");
}

static const struct abi_flow *row(void)
{
	return fake_kernel_flow(w->k, flow()->number);
}

static int open_as(uint32_t uid, bool privileged, int64_t frames)
{
	const struct manager_opening o = {
		.owner = "vnet0",
		.name = "x",
		.frames = frames,
		.uid = uid,
		.privileged = privileged,
	};
	struct flow *f;
	int memory, err;

	w->e = (struct error) { 0 };
	err = manager_flow_open(w->m, &o, &f, &memory, &w->e);
	if (!err) {
		ck_assert_ptr_eq(f, flow());
		close(memory);
	}
	return err;
}

static int open_it(void)
{
	return open_as(0, true, 64);
}

static void begin(void)
{
	world_usual(w);
	world_flow(w, "vnet0", "x", "dir", "in", "to", "xsk");
}

START_TEST(test_order)
{
	begin();
	ck_assert_uint_eq(row()->target_kind, ABI_TARGET_NONE);
	world_forget_journal(w);
	ck_assert_int_eq(open_it(), 0);
	world_in_order(w->k->journal, "veth_add vx1b", "attach xdp-xsk 8");
	world_in_order(w->k->journal, "attach xdp-xsk 8", "xsk_open 8 64");
	world_in_order(w->k->journal, "xsk_open 8 64", "xsk 3 ");
	world_in_order(w->k->journal, "xsk 3 ", "flow 1 ");
	ck_assert_uint_eq(row()->target_kind, ABI_TARGET_XSK);
	ck_assert_uint_eq(row()->target, fake_kernel_find(w->k, "vx1b-p")->ifindex);
	ck_assert_uint_eq(row()->turn, 1);
	world_forget_journal(w);
	manager_flow_close(flow());
	world_in_order(w->k->journal, "flow 1 ", "xsk 3 gone");
	world_in_order(w->k->journal, "xsk 3 gone", "veth_del vx1b-p");
	ck_assert_uint_eq(row()->target_kind, ABI_TARGET_NONE);
	ck_assert_uint_eq(fake_kernel_count(&w->k->xsks), 0);
	world_check(w);
}
END_TEST

START_TEST(test_refused)
{
	begin();
	world_flow(w, "vnet0", "y", "dir", "in", "proto", "udp");
	ck_assert_int_eq(open_as(UID, false, 64), -EPERM);
	ck_assert_int_eq(open_as(0, true, 100), -EINVAL);
	ck_assert_int_eq(open_as(0, true, 32), -EINVAL);
	ck_assert_int_eq(open_as(0, true, 16384), -EINVAL);
	ck_assert_int_eq(open_as(0, true, -64), -EINVAL);
	world_set(w, "vnet0", "owner", "1000");
	ck_assert_int_eq(open_as(UID, false, 64), 0);
	ck_assert_int_eq(open_it(), -EBUSY);
	manager_flow_close(flow());
	world_flow_set(w, "vnet0", "x", "to", "none");
	ck_assert_int_eq(open_it(), -EINVAL);
	ck_assert_uint_eq(fake_kernel_count(&w->k->xsks), 0);
}
END_TEST

static const char *const calls[] = { "veth_add", "offloads_set", "attach",    "port_write",
				     "link_set", "xsk_open",	 "xsk_write", "flow_write" };

START_TEST(test_undone)
{
	begin();
	w->k->fail_call = calls[_i];
	w->k->fail_error = ENOMEM;
	w->k->fail_times = 1;
	ck_assert_int_lt(open_it(), 0);
	ck_assert_msg(w->k->failed, "%s is not called", calls[_i]);
	w->k->fail_call = NULL;
	ck_assert_uint_eq(row()->target_kind, ABI_TARGET_NONE);
	ck_assert_uint_eq(fake_kernel_count(&w->k->xsks), 0);
	ck_assert_ptr_null(fake_kernel_find(w->k, "vx1b"));
	ck_assert_ptr_null(fake_kernel_find(w->k, "vx1b-p"));
	world_check(w);
	ck_assert_int_eq(open_it(), 0);
}
END_TEST

START_TEST(test_removed)
{
	begin();
	ck_assert_int_eq(open_it(), 0);
	if (_i)
		world_flow_set(w, "vnet0", "x", "to", "none");
	else
		world_done(w, manager_flow_del(w->m, "vnet0", "x", &w->e));
	ck_assert_uint_eq(fake_kernel_count(&w->k->xsks), 0);
	ck_assert_ptr_null(fake_kernel_find(w->k, "vx1b"));
	world_check(w);
}
END_TEST

/* Its program comes again, or does not. */
START_TEST(test_restart)
{
	uint32_t near;

	begin();
	ck_assert_int_eq(open_it(), 0);
	near = row()->target;
	world_restart(w);
	ck_assert_uint_eq(row()->target, near);
	ck_assert(manager_providers_missing(w->m));
	if (_i) {
		manager_providers_expire(w->m);
		ck_assert_uint_eq(row()->target_kind, ABI_TARGET_NONE);
		ck_assert_ptr_null(fake_kernel_find(w->k, "vx1b"));
		world_check(w);
		return;
	}
	ck_assert_int_eq(open_it(), 0);
	ck_assert_uint_eq(row()->target, fake_kernel_find(w->k, "vx1a-p")->ifindex);
	ck_assert_uint_eq(row()->turn, 0);
	ck_assert_uint_eq(fake_kernel_count(&w->k->xsks), 2);
	ck_assert(!manager_providers_missing(w->m));
	world_pass(w, 300000);
	ck_assert_ptr_null(fake_kernel_find(w->k, "vx1b"));
	ck_assert_uint_eq(fake_kernel_count(&w->k->xsks), 1);
}
END_TEST

START_TEST(test_device_deleted)
{
	begin();
	ck_assert_int_eq(open_it(), 0);
	world_news(w);
	world_delete(w, "vx1b");
	ck_assert(!flow()->xsk.present);
	ck_assert_uint_eq(row()->target_kind, ABI_TARGET_NONE);
	ck_assert_int_eq(open_it(), 0);
}
END_TEST

/* What is made for a flow is nobody else's. */
START_TEST(test_device_refused)
{
	begin();
	world_resource(w, "vnet0", "late", "type", "guest", "device", "vx1b", "peer",
		       "02:00:00:00:00:77");
	ck_assert_int_eq(open_it(), 0);
	fake_kernel_tell(w->k, w->m, "vx1b");
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "late")->ifindex, 0);
	ck_assert_str_eq(world_find_resource(w, "vnet0", "late")->reason,
			 "vnet0/late: device vx1b is what frames of flow vnet0/x go over to a "
			 "program, expected another device");
	world_resource_del(w, "vnet0", "late");
	world_check(w);
}
END_TEST

/* By whoever may: it comes back, or if there is another one the flow is nobody's any more. */
START_TEST(test_program_taken_away)
{
	uint32_t far;

	begin();
	ck_assert_int_eq(open_it(), 0);
	far = flow()->xsk.now.far;
	w->k->attached[KERNEL_HOOK_XDP_XSK][far] = KERNEL_ATTACH_NONE;
	if (_i == 0) {
		ck_assert_uint_eq(manager_check_hooks(w->m, false), 1);
	} else {
		if (_i == 2)
			fake_kernel_fail_once(w->k, "attach", EBUSY, 0);
		manager_on_link(w->m, fake_kernel_find(w->k, "vx1b-p"));
		manager_settle(w->m);
		fake_kernel_heal(w->k);
	}
	ck_assert_uint_eq(row()->target_kind, _i == 2 ? ABI_TARGET_NONE : ABI_TARGET_XSK);
	ck_assert(flow()->xsk.present == (_i != 2));
	ck_assert_uint_eq(manager_check_hooks(w->m, false), 0);
	world_check(w);
}
END_TEST

/* By the socket, for which the fake kernel always tells 7, and before it. */
START_TEST(test_missed)
{
	uint64_t missed = 1;

	begin();
	ck_assert_int_eq(reconcile_xsk_missed(flow(), &missed), -ENOTCONN);
	ck_assert_uint_eq(missed, 1);
	ck_assert_int_eq(open_it(), 0);
	w->k->stats.tx_dropped = 5;
	ck_assert_int_eq(reconcile_xsk_missed(flow(), &missed), 0);
	ck_assert_uint_eq(missed, 12);
	w->k->fail_call = "link_stats";
	w->k->fail_error = EAGAIN;
	w->k->fail_times = 2;
	w->k->stats.tx_dropped = 6;
	ck_assert_int_eq(reconcile_xsk_missed(flow(), &missed), 0);
	ck_assert_uint_eq(missed, 12);
	manager_flow_close(flow());
	ck_assert_int_eq(open_it(), 0);
	ck_assert_int_eq(reconcile_xsk_missed(flow(), &missed), 0);
	ck_assert_uint_eq(missed, 7);
	w->k->fail_call = NULL;
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("xsk", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_order);
	tcase_add_test(t, test_refused);
	tcase_add_loop_test(t, test_undone, 0, sizeof(calls) / sizeof(calls[0]));
	tcase_add_loop_test(t, test_removed, 0, 2);
	tcase_add_loop_test(t, test_restart, 0, 2);
	tcase_add_test(t, test_device_deleted);
	tcase_add_loop_test(t, test_program_taken_away, 0, 3);
	tcase_add_test(t, test_device_refused);
	tcase_add_test(t, test_missed);
	return unit_run(s);
}
