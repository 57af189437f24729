/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Targets of flows: what is led where, with what it needs, while that comes and goes. */
#include <errno.h>

#include "../../daemon/reconcile.h"
#include "../../daemon/show.h"
#include "world_case.h"

static const struct abi_flow *row(const char *owner, const char *name)
{
	return fake_kernel_flow(w->k, world_find_flow(w, owner, name)->number);
}

static void leads(const char *owner, const char *name, enum abi_flow_target kind, uint32_t number)
{
	ck_assert_uint_eq(row(owner, name)->target_kind, kind);
	ck_assert_uint_eq(row(owner, name)->target, number);
}

static uint32_t member(const char *vnet)
{
	return world_find_resource(w, vnet, "u0")->number;
}

static uint32_t uplink_flags(void)
{
	return world_find_uplink(w, "u0")->row.flags;
}

static bool runs(enum kernel_hook hook, const char *name)
{
	return w->k->attached[hook][device(name)->ifindex];
}

static struct json_object *shown(const char *owner, const char *name)
{
	return show_flow(manager_kernel(w->m), world_find_flow(w, owner, name));
}

static void shows(const char *owner, const char *name, const char *key, const char *value)
{
	struct json_object *o = shown(owner, name);

	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, key)), value);
	json_object_put(o);
}

/* u0 with n0, and vnets a and b on it. */
static void uplink(void)
{
	world_device(w, "n0");
	world_uplink(w, "u0", "device", "n0");
	world_vnet_on(w, "u0", "a");
	world_vnet_on(w, "u0", "b");
}

START_TEST(test_vnet)
{
	uplink();
	world_forget_journal(w);
	world_flow(w, "u0", "web", "dir", "in", "proto", "tcp", "to", "vnet a");
	leads("u0", "web", ABI_TARGET_VNET, member("a"));
	ck_assert(uplink_flags() & ABI_UPLINK_TARGETS);
	shows("u0", "web", "target", "vnet a");
	shows("u0", "web", "steered", "software");
	world_flow_set(w, "u0", "web", "to", "vnet b");
	leads("u0", "web", ABI_TARGET_VNET, member("b"));
	world_flow_set(w, "u0", "web", "to", "none");
	leads("u0", "web", ABI_TARGET_NONE, 0);
	ck_assert(!(uplink_flags() & ABI_UPLINK_TARGETS));
	shows("u0", "web", "target", "none");
	shows("u0", "web", "steered", "none");
}
END_TEST

START_TEST(test_vnet_goes)
{
	uplink();
	world_flow(w, "u0", "web", "dir", "in", "to", "vnet a");
	world_forget_journal(w);
	world_vnet_del(w, "a");
	leads("u0", "web", ABI_TARGET_NONE, 0);
	world_in_order(w->k->journal, "flow 1 ", "resource 1 gone");
	ck_assert(!(uplink_flags() & ABI_UPLINK_TARGETS));
	shows("u0", "web", "target", "none");
	shows("u0", "web", "target_why", "vnet a does not exist");
	shows("u0", "web", "to", "vnet a");
	/* What has lost its target may be changed otherwise. */
	world_flow_set(w, "u0", "web", "rank", "7");
	world_vnet(w, "a");
	shows("u0", "web", "target_why", "vnet a is not on uplink u0");
	world_vnet_del(w, "a");
	world_vnet_on(w, "u0", "a");
	leads("u0", "web", ABI_TARGET_VNET, member("a"));
	ck_assert(uplink_flags() & ABI_UPLINK_TARGETS);
}
END_TEST

START_TEST(test_device_goes)
{
	uplink();
	world_flow(w, "u0", "web", "dir", "in", "to", "vnet a");
	world_flow(w, "u0", "spread", "dir", "in", "proto", "udp", "to", "cpu 2");
	ck_assert(runs(KERNEL_HOOK_XDP_CPU, "n0"));
	world_delete(w, "n0");
	world_check(w);
	world_device(w, "n0");
	leads("u0", "web", ABI_TARGET_VNET, member("a"));
	leads("u0", "spread", ABI_TARGET_CPU, 2);
	ck_assert(runs(KERNEL_HOOK_XDP_CPU, "n0"));
	world_rename(w, "n0", "n9");
	ck_assert(runs(KERNEL_HOOK_XDP_CPU, "n9"));
}
END_TEST

START_TEST(test_cpu)
{
	uint32_t off = KERNEL_OFFLOAD_BIT(RX_VLAN);
	uint32_t before;

	world_usual(w);
	before = w->k->offloads[device("s0")->ifindex].on;
	ck_assert_uint_eq(before & off, off);
	world_forget_journal(w);
	world_flow(w, "vnet0", "x", "dir", "in", "to", "cpu 3");
	leads("vnet0", "x", ABI_TARGET_CPU, 3);
	world_in_order(w->k->journal, "cpu 3 ", "flow 1 ");
	ck_assert_uint_eq(vnet0()->row.flags & ABI_VNET_CPU, ABI_VNET_CPU);
	ck_assert(runs(KERNEL_HOOK_XDP_CPU, "s0") && runs(KERNEL_HOOK_XDP_CPU, "h10"));
	ck_assert_uint_eq(w->k->offloads[device("s0")->ifindex].on & off, 0);
	shows("vnet0", "x", "xdp", "native");
	shows("vnet0", "x", "steered", "software");
	world_forget_journal(w);
	world_flow_set(w, "vnet0", "x", "to", "cpu 0");
	world_in_order(w->k->journal, "flow 1 ", "cpu 3 gone");
	world_flow(w, "vnet0", "y", "dir", "in", "proto", "udp", "to", "cpu 0");
	world_done(w, manager_flow_del(w->m, "vnet0", "x", &w->e));
	ck_assert_uint_eq(fake_kernel_count(&w->k->cpus), 1);
	ck_assert(runs(KERNEL_HOOK_XDP_CPU, "s0"));
	world_done(w, manager_flow_del(w->m, "vnet0", "y", &w->e));
	ck_assert_uint_eq(fake_kernel_count(&w->k->cpus), 0);
	ck_assert(!runs(KERNEL_HOOK_XDP_CPU, "s0") && !runs(KERNEL_HOOK_XDP_CPU, "h10"));
	ck_assert_uint_eq(w->k->offloads[device("s0")->ifindex].on, before);
	ck_assert_uint_eq(vnet0()->row.flags & ABI_VNET_CPU, 0);
}
END_TEST

START_TEST(test_cpu_goes)
{
	world_usual(w);
	world_flow(w, "vnet0", "x", "dir", "in", "to", "cpu 3");
	world_flow(w, "vnet0", "y", "dir", "in", "proto", "udp", "to", "cpu 2");
	w->k->online = "0-2";
	world_pass(w, 1100000);
	leads("vnet0", "x", ABI_TARGET_NONE, 0);
	shows("vnet0", "x", "target", "none");
	shows("vnet0", "x", "target_why", "CPU 3 is not online");
	leads("vnet0", "y", ABI_TARGET_CPU, 2);
	ck_assert_uint_eq(fake_kernel_count(&w->k->cpus), 1);
	fake_kernel_fail_once(w->k, "cpus_online", EIO, 0);
	world_forget_journal(w);
	world_pass(w, 1100000);
	fake_kernel_heal(w->k);
	ck_assert_str_eq(w->k->journal, "");
	w->k->online = NULL;
	world_pass(w, 1100000);
	leads("vnet0", "x", ABI_TARGET_CPU, 3);
	world_in_order(w->k->journal, "cpu 3 ", "flow 1 ");
	/* Nobody is for a CPU any more: nobody looks. */
	world_flow_set(w, "vnet0", "x", "to", "none");
	world_done(w, manager_flow_del(w->m, "vnet0", "y", &w->e));
	world_pass(w, 1100000);
	ck_assert_uint_eq(reconcile_targets_due_us(w->m), UINT64_MAX);
}
END_TEST

/* After a restart as well, and of an uplink. */
START_TEST(test_cpu_comes)
{
	uplink();
	world_flow(w, "u0", "x", "dir", "in", "to", "cpu 3");
	w->k->online = "0-2";
	world_stop(w);
	world_start(w);
	leads("u0", "x", ABI_TARGET_NONE, 0);
	ck_assert(!runs(KERNEL_HOOK_XDP_CPU, "n0"));
	w->k->online = NULL;
	world_pass(w, 1100000);
	leads("u0", "x", ABI_TARGET_CPU, 3);
	ck_assert(runs(KERNEL_HOOK_XDP_CPU, "n0"));
}
END_TEST

START_TEST(test_generic)
{
	world_usual(w);
	w->k->xdp_refusal[device("s0")->ifindex] = EOPNOTSUPP;
	world_flow(w, "vnet0", "x", "dir", "in", "to", "cpu 3");
	ck_assert(runs(KERNEL_HOOK_XDP_CPU_GENERIC, "s0") && !runs(KERNEL_HOOK_XDP_CPU, "s0"));
	ck_assert_uint_eq(w->k->offloads[device("s0")->ifindex].on & KERNEL_OFFLOAD_BIT(RX_VLAN),
			  KERNEL_OFFLOAD_BIT(RX_VLAN));
	shows("vnet0", "x", "xdp", "mixed");
	world_forget_journal(w);
	world_news(w);
	world_flow_set(w, "vnet0", "x", "to", "none");
	ck_assert(!runs(KERNEL_HOOK_XDP_CPU_GENERIC, "s0"));
}
END_TEST

/* A device has one program: that of the vnet's mode sees to flows as well. */
START_TEST(test_mode_xdp)
{
	world_usual(w);
	world_flow(w, "vnet0", "x", "dir", "in", "to", "cpu 3");
	world_set(w, "vnet0", "mode", "xdp");
	ck_assert(runs(KERNEL_HOOK_XDP_RX, "s0") && !runs(KERNEL_HOOK_XDP_CPU, "s0"));
	shows("vnet0", "x", "xdp", "native");
	world_set(w, "vnet0", "mode", "tc");
	ck_assert(!runs(KERNEL_HOOK_XDP_RX, "s0") && runs(KERNEL_HOOK_XDP_CPU, "s0"));
	w->k->xdp_refusal[device("s0")->ifindex] = EOPNOTSUPP;
	world_set(w, "vnet0", "mode", "xdp");
	ck_assert(runs(KERNEL_HOOK_XDP_CPU_GENERIC, "s0") || runs(KERNEL_HOOK_XDP_CPU, "s0"));
	world_forget_journal(w);
	world_news(w);
	ck_assert_str_eq(w->k->journal, "");
}
END_TEST

/* Frames of a member's flows come in by the uplink's device. */
START_TEST(test_member)
{
	uplink();
	world_flow(w, "a", "x", "dir", "in", "to", "cpu 1");
	ck_assert(runs(KERNEL_HOOK_XDP_CPU, "n0"));
	shows("a", "x", "xdp", "native");
	world_vnet_del(w, "a");
	ck_assert(!runs(KERNEL_HOOK_XDP_CPU, "n0"));
	ck_assert_uint_eq(fake_kernel_count(&w->k->cpus), 0);
}
END_TEST

START_TEST(test_member_mode_xdp)
{
	uplink();
	world_flow(w, "a", "x", "dir", "in", "to", "cpu 1");
	world_set(w, "b", "mode", "xdp");
	ck_assert(runs(KERNEL_HOOK_XDP_UPLINK, "n0") && !runs(KERNEL_HOOK_XDP_CPU, "n0"));
	shows("a", "x", "xdp", "native");
	world_set(w, "b", "mode", "tc");
	ck_assert(!runs(KERNEL_HOOK_XDP_UPLINK, "n0") && runs(KERNEL_HOOK_XDP_CPU, "n0"));
}
END_TEST

START_TEST(test_restart)
{
	char *before, *after;

	uplink();
	world_flow(w, "u0", "web", "dir", "in", "to", "vnet a");
	world_flow(w, "u0", "spread", "dir", "in", "proto", "udp", "to", "cpu 2");
	world_flow(w, "b", "own", "dir", "in", "to", "cpu 6");
	before = world_text(w);
	world_forget_journal(w);
	world_stop(w);
	world_start(w);
	ck_assert_str_eq(w->k->journal, "");
	after = world_text(w);
	world_same("after a restart", before, after);
	free(before);
	free(after);
	world_vnet_del(w, "b");
	world_vnet_del(w, "a");
	world_done(w, manager_uplink_del(w->m, "u0", &w->e));
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

static const struct {
	const char *value;
	int number;
	const char *message;
} refusals[] = {
	{ "vnet c", ENOENT, "u0/x: to vnet c does not exist, expected a vnet on uplink u0" },
	{ "vnet vnet0", EINVAL, "u0/x: to vnet vnet0 is not on uplink u0, expected one that is" },
	{ "cpu 4", EINVAL, "u0/x: to cpu 4 is not online, expected one of 0-3,6" },
};

START_TEST(test_refused)
{
	char *before, *after;
	int err;

	world_usual(w);
	uplink();
	before = world_text(w);
	err = world_try_flow(w, "u0", "x", "dir", "in", "to", refusals[_i].value, NULL);
	world_refused(w, err, refusals[_i].number == ENOENT ? ERROR_NOT_FOUND : ERROR_INVALID,
		      refusals[_i].number, "u0/x", "to", refusals[_i].message);
	after = world_text(w);
	world_same("after a refusal", before, after);
	free(before);
	free(after);
}
END_TEST

static const char *const fault_calls[] = { "cpu_write", "flow_write", "uplink_write" };

START_TEST(test_fails)
{
	char *before, *after;

	uplink();
	world_flow(w, "u0", "x", "dir", "in", "to", "vnet a");
	before = world_text(w);
	fake_kernel_fail_once(w->k, fault_calls[_i], EIO, 0);
	ck_assert_int_eq(world_try_flow_set(w, "u0", "x", "to", "cpu 2", NULL), -EIO);
	fake_kernel_heal(w->k);
	manager_settle(w->m);
	after = world_text(w);
	world_same(fault_calls[_i], before, after);
	free(before);
	free(after);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("flow_target", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_vnet);
	tcase_add_test(t, test_vnet_goes);
	tcase_add_test(t, test_device_goes);
	tcase_add_test(t, test_cpu);
	tcase_add_test(t, test_cpu_goes);
	tcase_add_test(t, test_cpu_comes);
	tcase_add_test(t, test_generic);
	tcase_add_test(t, test_mode_xdp);
	tcase_add_test(t, test_member);
	tcase_add_test(t, test_member_mode_xdp);
	tcase_add_test(t, test_restart);
	tcase_add_loop_test(t, test_refused, 0, UTIL_ARRAY_SIZE(refusals));
	tcase_add_loop_test(t, test_fails, 0, UTIL_ARRAY_SIZE(fault_calls));
	return unit_run(s);
}
