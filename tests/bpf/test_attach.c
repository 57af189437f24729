// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs at devices on a real kernel, by tcx and by clsact, beside what others have there.
 * Faults 18 and 20. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../../daemon/datapath_internal.h"
#include "../../daemon/tcx.h"
#include "sandbox.h"

#define TCX_INGRESS 46

static void attach(struct datapath *d, enum kernel_hook hook, uint32_t ifindex,
		   enum kernel_attach expected)
{
	enum kernel_attach got = KERNEL_ATTACH_NONE;

	ck_assert_int_eq(datapath_attach(d, hook, ifindex, &got), 0);
	ck_assert_int_eq(got, expected);
}

/* Filters of all owners on one side of a device, as tc lists them. */
static int filters(const char *device, const char *side, const char *pattern)
{
	char line[256];
	FILE *out;
	int n = -1;

	snprintf(line, sizeof(line), "tc filter show dev %s %s | grep -c '%s'", device, side,
		 pattern);
	out = popen(line, "r");
	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(fscanf(out, "%d", &n), 1);
	pclose(out);
	return n;
}

static void check_clsact(const char *device, bool expected)
{
	sandbox_run("test -%c \"$(tc qdisc show dev %s | grep clsact)\"", expected ? 'n' : 'z',
		    device);
}

/* The folders of links and of marks are empty. */
static void check_no_marks(void)
{
	sandbox_run("test -z \"$(ls %s/t/links %s/t/filters | grep -v :)\"", sandbox_folder(),
		    sandbox_folder());
}

/* --- tcx --- */

START_TEST(probe_says_what_is_used)
{
	struct datapath *d = sandbox_datapath(false), *no = sandbox_datapath(true);
	struct datapath_features features;

	datapath_probe(d, &features);
	ck_assert_int_eq(features.tcx, tcx_is_supported());
	datapath_probe(no, &features);
	ck_assert(!features.tcx);
	datapath_free(no);
	datapath_free(d);
}
END_TEST

START_TEST(tcx_attaches_once)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(false);
	const char *pin = sandbox_path("t/links/tx-egress-%u", ifindex);
	uint32_t id;

	attach(d, KERNEL_HOOK_TX_EGRESS, ifindex, KERNEL_ATTACH_TCX);
	id = sandbox_link_id(pin);
	ck_assert_uint_eq(sandbox_link_program_id(pin),
			  sandbox_program_id(sandbox_path("t/programs/vnet_tx")));
	attach(d, KERNEL_HOOK_TX_EGRESS, ifindex, KERNEL_ATTACH_TCX);
	ck_assert_uint_eq(sandbox_link_id(pin), id);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, true), 1);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 0);

	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	ck_assert_uint_eq(sandbox_link_program_id(sandbox_path("t/links/rx-%u", ifindex)),
			  sandbox_program_id(sandbox_path("t/programs/vnet_rx")));
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	sandbox_run("test \"$(stat -c %%a %s)\" = 600", pin);

	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_TX_EGRESS, ifindex), 0);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_TX_EGRESS, ifindex), 0);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, true), 0);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	sandbox_wait_gone(SANDBOX_LINK, id);
	datapath_free(d);
}
END_TEST

START_TEST(tcx_program_is_replaced_in_its_link)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	const char *pin = sandbox_path("t/links/rx-%u", ifindex);
	struct datapath *d = sandbox_datapath(false);
	uint32_t link, program;

	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	link = sandbox_link_id(pin);
	program = sandbox_link_program_id(pin);
	datapath_free(d);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);

	/* The one that died before it came to the link; what the link runs is no longer pinned. */
	for (int round = 0; round < 2; round++) {
		d = sandbox_datapath(false);
		ck_assert_int_eq(datapath_open(d, NULL), 0);
		ck_assert_uint_eq(sandbox_link_program_id(pin), program);
		if (_i == 0)
			break;
		if (round == 0)
			datapath_free(d);
	}
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	ck_assert_uint_eq(sandbox_link_id(pin), link);
	ck_assert_uint_eq(sandbox_link_program_id(pin),
			  sandbox_program_id(sandbox_path("t/programs/vnet_rx")));
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	datapath_free(d);
}
END_TEST

static int foreign_link(uint32_t ifindex)
{
	UTIL_CLOSE int program = sandbox_foreign_program();
	int link = bpf_link_create(program, (int)ifindex, (enum bpf_attach_type)TCX_INGRESS, NULL);

	ck_assert_int_ge(link, 0);
	return link;
}

START_TEST(tcx_of_others_survives)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(false);
	UTIL_CLOSE int link = foreign_link(ifindex);

	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 2);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, ifindex), 0);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	datapath_free(d);
}
END_TEST

START_TEST(tcx_pin_removed_by_somebody)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	const char *pin = sandbox_path("t/links/rx-%u", ifindex);
	struct datapath *d = sandbox_datapath(false);
	UTIL_CLOSE int fdb = -1;

	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	ck_assert_int_eq(unlink(pin), 0);
	sandbox_wait_tcx(ifindex, false, 0);
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);

	/* Something else has the name: no link of ours, and in the way. */
	fdb = bpf_obj_get(sandbox_path("t/maps/fdb"));
	ck_assert_int_eq(unlink(pin), 0);
	sandbox_wait_tcx(ifindex, false, 0);
	ck_assert_int_eq(bpf_obj_pin(fdb, pin), 0);
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	datapath_free(d);
}
END_TEST

/* --- clsact --- */

START_TEST(clsact_attaches_once)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(true);

	for (int i = 0; i < 2; i++) {
		attach(d, KERNEL_HOOK_TX_EGRESS, ifindex, KERNEL_ATTACH_CLSACT);
		attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_CLSACT);
	}
	ck_assert_int_eq(filters("v0", "egress", "vnet_tx"), 1);
	ck_assert_int_eq(filters("v0", "ingress", "vnet_rx"), 1);

	/* Two hooks on one side of one device do not mix. */
	attach(d, KERNEL_HOOK_TX_INGRESS, ifindex, KERNEL_ATTACH_CLSACT);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, ifindex), 0);
	ck_assert_int_eq(filters("v0", "ingress", "vnet_tx"), 1);
	ck_assert_int_eq(filters("v0", "ingress", "vnet_rx"), 0);

	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_TX_INGRESS, ifindex), 0);
	check_clsact("v0", true);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_TX_EGRESS, ifindex), 0);
	check_clsact("v0", false);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_TX_EGRESS, ifindex), 0);
	check_no_marks();
	datapath_free(d);
}
END_TEST

START_TEST(clsact_program_is_replaced)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(true);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 3, .priority = 0x7674);

	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_CLSACT);
	datapath_free(d);
	d = sandbox_datapath(true);
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_CLSACT);
	ck_assert_int_eq(filters("v0", "ingress", "vnet_rx"), 1);
	ck_assert_int_eq(bpf_tc_query(&hook, &opts), 0);
	ck_assert_uint_eq(opts.prog_id, sandbox_program_id(sandbox_path("t/programs/vnet_rx")));
	ck_assert_int_eq(datapath_flush(d), 0);
	check_clsact("v0", false);
	datapath_free(d);
}
END_TEST

static void foreign_filter(uint32_t ifindex)
{
	UTIL_CLOSE int program = sandbox_foreign_program();
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 3, .priority = 9, .prog_fd = program);

	ck_assert_int_eq(bpf_tc_attach(&hook, &opts), 0);
}

/* A qdisc goes if we made it and nobody uses it: each of the two alone is not enough. */
START_TEST(clsact_of_others_survives)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(true);

	sandbox_run("tc qdisc add dev v0 clsact");
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_CLSACT);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, ifindex), 0);
	check_clsact("v0", true);
	check_no_marks();
	sandbox_run("tc qdisc del dev v0 clsact");

	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_CLSACT);
	foreign_filter(ifindex);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, ifindex), 0);
	check_clsact("v0", true);
	ck_assert_int_eq(filters("v0", "egress", "foreign"), 1);
	ck_assert_int_eq(filters("v0", "ingress", "vnet_rx"), 0);

	/* Theirs has gone: at the next occasion ours goes too. */
	sandbox_run("tc filter del dev v0 egress prio 9");
	ck_assert_int_eq(datapath_flush(d), 0);
	check_clsact("v0", false);
	datapath_free(d);
}
END_TEST

/* Made and marked, and no filter yet; or the filter removed, and not yet the qdisc. */
START_TEST(clsact_of_a_dead_daemon_goes)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(true);

	ck_assert_int_eq(datapath_open(d, NULL), 0);
	sandbox_run("mkdir %s", sandbox_path("t/filters/qdisc-%u", ifindex));
	sandbox_run("tc qdisc add dev v0 clsact");
	ck_assert_int_eq(datapath_flush(d), 0);
	check_clsact("v0", false);
	ck_assert(!sandbox_exists(sandbox_path("t")));
	datapath_free(d);
}
END_TEST

/* --- what it needs --- */

static void keep_three_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};
	const unsigned int kept[] = { CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF };

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(kept); i++)
		data[kept[i] / 32].permitted |= 1u << kept[i] % 32;
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(data); i++)
		data[i].effective = data[i].permitted;
	ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
}

/* A daemon without CAP_SYS_ADMIN: from nothing, adopting, to nothing. */
START_TEST(three_capabilities_are_enough)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	const struct abi_resource row = { .ifindex = ifindex, .vnet = 1 };
	enum kernel_attach got = KERNEL_ATTACH_NONE;
	struct abi_counters counters;
	struct datapath *d;

	keep_three_capabilities();
	for (int round = 0; round < 2; round++) {
		d = sandbox_datapath(_i);
		ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, ifindex, &got), 0);
		ck_assert_int_eq(datapath_resource_write(d, 1, &row), 0);
		ck_assert_int_eq(datapath_counters(d, 1, &counters), 0);
		if (round == 1)
			ck_assert_int_eq(datapath_flush(d), 0);
		datapath_free(d);
	}
	ck_assert(!sandbox_exists(sandbox_path("t")));
}
END_TEST

/* --- from one way to the other: never two --- */

START_TEST(a_device_keeps_its_way)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(true);

	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_CLSACT);
	datapath_free(d);

	d = sandbox_datapath(false);
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_CLSACT);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 0);
	ck_assert_int_eq(filters("v0", "ingress", "vnet_rx"), 1);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, ifindex), 0);
	check_clsact("v0", false);
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	check_clsact("v0", false);
	datapath_free(d);

	/* That it may not have. */
	d = sandbox_datapath(true);
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_CLSACT);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 0);
	ck_assert_int_eq(filters("v0", "ingress", "vnet_rx"), 1);
	datapath_free(d);

	/* Detached by one who would have attached the other way. */
	d = sandbox_datapath(false);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, ifindex), 0);
	check_clsact("v0", false);
	check_no_marks();
	datapath_free(d);
}
END_TEST

/* One that died between the two had made the link before it would have removed the filter. */
START_TEST(a_link_and_a_filter_become_one)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(true);

	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_CLSACT);
	sandbox_run("mkdir %s/t/aside && mv %s/t/filters/* %s/t/aside", sandbox_folder(),
		    sandbox_folder(), sandbox_folder());
	d->place.tcx = true;
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	sandbox_run("mv %s/t/aside/* %s/t/filters && rmdir %s/t/aside", sandbox_folder(),
		    sandbox_folder(), sandbox_folder());
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	ck_assert_int_eq(filters("v0", "ingress", "vnet_rx"), 1);
	datapath_free(d);

	d = sandbox_datapath(false);
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	check_clsact("v0", false);
	datapath_free(d);
}
END_TEST

/* Who has waited for the kernel for long enough takes the way that does not wait. */
START_TEST(patience_ends_and_comes_back)
{
	const uint32_t first = sandbox_veth("v0", "v1"), second = sandbox_veth("w0", "w1");
	struct datapath *d = sandbox_datapath(false);

	attach(d, KERNEL_HOOK_RX, first, KERNEL_ATTACH_TCX);
	datapath_way_waited(d, 0);
	datapath_way_waited(d, 0);
	attach(d, KERNEL_HOOK_RX, second, KERNEL_ATTACH_CLSACT);
	attach(d, KERNEL_HOOK_RX, first, KERNEL_ATTACH_TCX);
	ck_assert_int_eq(datapath_detach_later(d, KERNEL_HOOK_RX, first), 0);
	ck_assert_int_eq(datapath_detach_later(d, KERNEL_HOOK_RX, second), 0);
	/* What does not wait has not to wait. */
	ck_assert_uint_eq(datapath_leaving_count(d), 1);
	check_clsact("w0", false);
	datapath_detach_one(d);
	check_no_marks();

	/* As if a minute had passed. */
	d->patience_at_us -= 60000000;
	attach(d, KERNEL_HOOK_RX, second, KERNEL_ATTACH_TCX);
	datapath_free(d);
}
END_TEST

/* --- devices that go --- */

static uint32_t indexed_veth(uint32_t ifindex, const char *peer)
{
	sandbox_run("ip link add name v0 index %u type veth peer name %s", ifindex, peer);
	return ifindex;
}

START_TEST(device_deleted_and_made_again)
{
	const enum kernel_attach way = _i ? KERNEL_ATTACH_CLSACT : KERNEL_ATTACH_TCX;
	const uint32_t ifindex = indexed_veth(500, "v1");
	struct datapath *d = sandbox_datapath(_i);

	ck_assert(!datapath_attached(d, KERNEL_HOOK_RX, ifindex));
	attach(d, KERNEL_HOOK_RX, ifindex, way);
	ck_assert(datapath_attached(d, KERNEL_HOOK_RX, ifindex));
	ck_assert(!datapath_attached(d, KERNEL_HOOK_TX_INGRESS, ifindex));
	sandbox_run("ip link del v0");
	indexed_veth(ifindex, "v1");
	ck_assert(!datapath_attached(d, KERNEL_HOOK_RX, ifindex));
	attach(d, KERNEL_HOOK_RX, ifindex, way);
	if (way == KERNEL_ATTACH_TCX)
		ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	else
		ck_assert_int_eq(filters("v0", "ingress", "vnet_rx"), 1);

	sandbox_run("ip link del v0");
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, ifindex), 0);
	check_no_marks();
	datapath_free(d);
}
END_TEST

START_TEST(device_left_with_its_link)
{
	const uint32_t ifindex = indexed_veth(500, "v1");
	struct datapath *d = sandbox_datapath(false);
	const char *pin = sandbox_path("t/links/rx-%u", ifindex);
	UTIL_CLOSE int there = sandbox_other_netns();
	uint32_t link;

	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	link = sandbox_link_id(pin);
	/* It keeps its number there, and the one that is made after it here has the same. */
	sandbox_run("ip link set v0 netns /proc/self/fd/%d", there);
	sandbox_run("nsenter --net=/proc/self/fd/%d ip link show v0 | grep -q '^500:'", there);
	indexed_veth(ifindex, "v2");
	ck_assert(!datapath_attached(d, KERNEL_HOOK_RX, ifindex));
	attach(d, KERNEL_HOOK_RX, ifindex, KERNEL_ATTACH_TCX);
	ck_assert(datapath_attached(d, KERNEL_HOOK_RX, ifindex));
	ck_assert_uint_ne(sandbox_link_id(pin), link);
	ck_assert_uint_eq(sandbox_tcx_count(ifindex, false), 1);
	datapath_free(d);
}
END_TEST

START_TEST(no_device_leaves_nothing)
{
	struct datapath *d = sandbox_datapath(_i);
	enum kernel_attach got = KERNEL_ATTACH_NONE;

	ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, 4711, &got), -ENODEV);
	ck_assert_int_eq(got, KERNEL_ATTACH_NONE);
	check_no_marks();
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, 4711), 0);
	datapath_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attach");
	TCase *both = sandbox_case(s, "both"), *tcx;

	tcase_add_test(both, probe_says_what_is_used);
	tcase_add_test(both, clsact_attaches_once);
	tcase_add_test(both, clsact_program_is_replaced);
	tcase_add_test(both, clsact_of_others_survives);
	tcase_add_test(both, clsact_of_a_dead_daemon_goes);
	tcase_add_loop_test(both, three_capabilities_are_enough, 0, 2);
	if (geteuid() != 0 || tcx_is_supported()) {
		tcx = sandbox_case(s, "tcx");
		tcase_add_test(tcx, tcx_attaches_once);
		tcase_add_loop_test(tcx, tcx_program_is_replaced_in_its_link, 0, 2);
		tcase_add_test(tcx, tcx_of_others_survives);
		tcase_add_test(tcx, tcx_pin_removed_by_somebody);
		tcase_add_test(tcx, a_device_keeps_its_way);
		tcase_add_test(tcx, a_link_and_a_filter_become_one);
		tcase_add_test(tcx, patience_ends_and_comes_back);
		tcase_add_loop_test(tcx, device_deleted_and_made_again, 0, 2);
		tcase_add_test(tcx, device_left_with_its_link);
		tcase_add_loop_test(tcx, no_device_leaves_nothing, 0, 2);
	} else {
		puts("this kernel has no tcx: its cases are left out");
		tcase_add_loop_test(both, device_deleted_and_made_again, 1, 2);
		tcase_add_loop_test(both, no_device_leaves_nothing, 1, 2);
	}
	return sandbox_main(s);
}
