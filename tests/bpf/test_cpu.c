// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of flows that are for a CPU, on a real kernel: the rows, the hooks, and who gets them. */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "sandbox.h"

static uint32_t program_at(uint32_t ifindex, __u32 mode)
{
	uint32_t id = 0;

	ck_assert_int_eq(bpf_xdp_query_id((int)ifindex, (int)mode, &id), 0);
	return id;
}

static uint32_t our_program(void)
{
	return sandbox_program_id(sandbox_path("t/programs/vnet_xdp_cpu"));
}

static int attach(struct datapath *d, enum kernel_hook hook, uint32_t ifindex)
{
	const bool native = hook == KERNEL_HOOK_XDP_CPU;
	enum kernel_attach got = KERNEL_ATTACH_NONE;
	int r = datapath_attach(d, hook, ifindex, &got);

	ck_assert_int_eq(got, r < 0    ? KERNEL_ATTACH_NONE
			      : native ? KERNEL_ATTACH_XDP
				       : KERNEL_ATTACH_XDP_GENERIC);
	return r;
}

/* Is there a thread of that CPU? */
static bool is_there(uint32_t cpu)
{
	UTIL_CLOSE int fd = bpf_obj_get(sandbox_path("t/maps/cpus"));
	struct abi_cpu row;

	ck_assert_int_ge(fd, 0);
	if (bpf_map_lookup_elem(fd, &cpu, &row) < 0)
		return false;
	ck_assert_uint_eq(row.queue, ABI_CPU_QUEUE);
	return true;
}

START_TEST(rows)
{
	const uint32_t last = (uint32_t)libbpf_num_possible_cpus() - 1;
	struct datapath *d = sandbox_datapath(false);

	ck_assert_int_eq(datapath_cpu_write(d, 0, false), 0);
	ck_assert(!sandbox_exists(sandbox_path("t")));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(datapath_cpu_write(d, last, true), 0);
		ck_assert(is_there(last));
	}
	ck_assert_int_eq(datapath_cpu_write(d, last + 1, true), -ENODEV);
	ck_assert_int_eq(datapath_cpu_write(d, UINT32_MAX, true), -ENODEV);
	ck_assert_int_eq(datapath_cpu_write(d, last + 1, false), 0);
	datapath_free(d);

	/* The next daemon finds it. */
	d = sandbox_datapath(false);
	ck_assert_int_eq(datapath_open(d, NULL), 0);
	ck_assert(is_there(last));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(datapath_cpu_write(d, last, false), 0);
		ck_assert(!is_there(last));
	}
	datapath_free(d);
}
END_TEST

/* --- the hooks --- */

static const enum kernel_hook hooks[] = { KERNEL_HOOK_XDP_CPU, KERNEL_HOOK_XDP_CPU_GENERIC };
static const __u32 modes[] = { XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE };

START_TEST(attaches_once)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(false);
	const char *pin = sandbox_path("t/links/xdp-cpu%s-%u", _i ? "-generic" : "", ifindex);
	uint32_t link;

	ck_assert_int_eq(attach(d, hooks[_i], ifindex), 0);
	ck_assert_uint_eq(program_at(ifindex, modes[_i]), our_program());
	ck_assert_uint_eq(program_at(ifindex, modes[!_i]), 0);
	link = sandbox_link_id(pin);
	datapath_free(d);

	/* The next daemon has another program in the same link. */
	d = sandbox_datapath(false);
	ck_assert_int_eq(attach(d, hooks[_i], ifindex), 0);
	ck_assert_uint_eq(sandbox_link_id(pin), link);
	ck_assert_uint_eq(program_at(ifindex, modes[_i]), our_program());
	ck_assert(datapath_attached(d, hooks[_i], ifindex));
	ck_assert(!datapath_attached(d, hooks[!_i], ifindex));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(datapath_detach(d, hooks[_i], ifindex), 0);
		ck_assert_uint_eq(program_at(ifindex, modes[_i]), 0);
	}
	ck_assert(!datapath_attached(d, hooks[_i], ifindex));
	datapath_free(d);
}
END_TEST

/* One of ours is enough, and of others' there may be one before. */
START_TEST(one_at_a_device)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(false);
	int r;

	ck_assert_int_eq(attach(d, hooks[_i], ifindex), 0);
	r = attach(d, hooks[!_i], ifindex);
	ck_assert(r == -EEXIST || r == -EBUSY);
	ck_assert_uint_eq(program_at(ifindex, modes[_i]), our_program());
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert_uint_eq(program_at(ifindex, modes[_i]), 0);
	datapath_free(d);
}
END_TEST

/* What no driver can, the stack does. */
START_TEST(generic_where_native_is_refused)
{
	struct datapath *d = sandbox_datapath(false);
	uint32_t ifindex;

	sandbox_run("ip link add b0 type bridge && ip link set b0 up");
	ifindex = if_nametoindex("b0");
	ck_assert_int_eq(attach(d, KERNEL_HOOK_XDP_CPU, ifindex), -EOPNOTSUPP);
	ck_assert_int_eq(attach(d, KERNEL_HOOK_XDP_CPU_GENERIC, ifindex), 0);
	ck_assert_uint_eq(program_at(ifindex, XDP_FLAGS_SKB_MODE), our_program());
	datapath_free(d);
}
END_TEST

/* --- the sweep --- */

static bool none(void *context, enum kernel_hook hook, uint32_t ifindex)
{
	return false;
}

static bool no_number(void *context, uint32_t number)
{
	return false;
}

static bool is_zero(void *context, uint32_t number)
{
	return number == 0;
}

START_TEST(sweep)
{
	const uint32_t last = (uint32_t)libbpf_num_possible_cpus() - 1;
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	const struct kernel_wanted wanted = { .hook = none,
					      .port = no_number,
					      .vnet = no_number,
					      .resource = no_number,
					      .device = no_number,
					      .cpu = _i ? is_zero : NULL };
	struct datapath *d = sandbox_datapath(false);

	ck_assert_int_eq(datapath_cpu_write(d, 0, true), 0);
	ck_assert_int_eq(datapath_cpu_write(d, last, true), 0);
	ck_assert_int_eq(attach(d, KERNEL_HOOK_XDP_CPU_GENERIC, ifindex), 0);
	ck_assert_int_eq(datapath_sweep(d, &wanted), 0);
	ck_assert_int_eq(is_there(0), _i);
	ck_assert(!last || !is_there(last));
	ck_assert_uint_eq(program_at(ifindex, XDP_FLAGS_SKB_MODE), 0);
	datapath_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cpu");
	TCase *t = sandbox_case(s, "cpu");

	tcase_add_test(t, rows);
	tcase_add_loop_test(t, attaches_once, 0, 2);
	tcase_add_loop_test(t, one_at_a_device, 0, 2);
	tcase_add_test(t, generic_where_native_is_refused);
	tcase_add_loop_test(t, sweep, 0, 2);
	return sandbox_main(s);
}
