// SPDX-License-Identifier: GPL-2.0-or-later
/* XDP programs at devices on a real kernel: always native, beside the ones of TC, never on others'.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../../daemon/xdp.h"
#include "sandbox.h"

/* The id of the program that the driver runs there; 0: none. */
static uint32_t native(uint32_t ifindex)
{
	uint32_t id = 0;

	ck_assert_int_eq(bpf_xdp_query_id((int)ifindex, XDP_FLAGS_DRV_MODE, &id), 0);
	return id;
}

static uint32_t generic(uint32_t ifindex)
{
	uint32_t id = 0;

	ck_assert_int_eq(bpf_xdp_query_id((int)ifindex, XDP_FLAGS_SKB_MODE, &id), 0);
	return id;
}

static int try_attach(struct datapath *d, enum kernel_hook hook, uint32_t ifindex)
{
	enum kernel_attach got = KERNEL_ATTACH_NONE;
	int r = datapath_attach(d, hook, ifindex, &got);

	ck_assert_int_eq(got, r == 0 ? KERNEL_ATTACH_XDP : KERNEL_ATTACH_NONE);
	return r;
}

static void attach(struct datapath *d, enum kernel_hook hook, uint32_t ifindex)
{
	ck_assert_int_eq(try_attach(d, hook, ifindex), 0);
}

static const char *pin_of(uint32_t ifindex)
{
	return sandbox_path("t/links/xdp-rx-%u", ifindex);
}

static uint32_t rx_program(void)
{
	return sandbox_program_id(sandbox_path("t/programs/vnet_xdp_rx"));
}

static void check_no_links(void)
{
	sandbox_run("test -z \"$(ls %s/t/links)\"", sandbox_folder());
}

/* A program of somebody else's, that lets every frame pass. */
static int foreign_program(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "foreign", "GPL", insns, UTIL_ARRAY_SIZE(insns),
			       NULL);

	ck_assert_msg(fd >= 0, "%s", strerror(-fd));
	return fd;
}

/* --- attached once, and detached --- */

START_TEST(attaches_once)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(_i);
	enum kernel_attach tc = KERNEL_ATTACH_NONE;
	uint32_t link;

	ck_assert(!datapath_attached(d, KERNEL_HOOK_XDP_RX, ifindex));
	ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, ifindex, &tc), 0);
	ck_assert_int_eq(tc, _i ? KERNEL_ATTACH_CLSACT : KERNEL_ATTACH_TCX);
	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	link = sandbox_link_id(pin_of(ifindex));
	ck_assert_uint_eq(native(ifindex), rx_program());
	ck_assert_uint_eq(generic(ifindex), 0);
	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	ck_assert_uint_eq(sandbox_link_id(pin_of(ifindex)), link);
	ck_assert(datapath_attached(d, KERNEL_HOOK_XDP_RX, ifindex));
	ck_assert(!datapath_attached(d, KERNEL_HOOK_XDP_TX, ifindex));
	sandbox_run("test \"$(stat -c %%a %s)\" = 600", pin_of(ifindex));

	/* Each of the two goes by itself. */
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_XDP_RX, ifindex), 0);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_XDP_RX, ifindex), 0);
	ck_assert_uint_eq(native(ifindex), 0);
	ck_assert(datapath_attached(d, KERNEL_HOOK_RX, ifindex));
	sandbox_wait_gone(SANDBOX_LINK, link);
	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, ifindex), 0);
	ck_assert_uint_eq(native(ifindex), rx_program());
	datapath_free(d);
}
END_TEST

START_TEST(each_hook_has_its_program)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1"), other = if_nametoindex("v1");
	struct datapath *d = sandbox_datapath(false);

	attach(d, KERNEL_HOOK_XDP_TX, ifindex);
	attach(d, KERNEL_HOOK_XDP_RX, other);
	ck_assert_uint_eq(native(ifindex),
			  sandbox_program_id(sandbox_path("t/programs/vnet_xdp_tx")));
	ck_assert_uint_eq(native(other), rx_program());
	/* A device has one of them: the second is refused, and the first stays. */
	ck_assert_int_eq(try_attach(d, KERNEL_HOOK_XDP_RX, ifindex), -EBUSY);
	ck_assert(datapath_attached(d, KERNEL_HOOK_XDP_TX, ifindex));
	ck_assert(!sandbox_exists(pin_of(ifindex)));
	datapath_free(d);
}
END_TEST

/* --- the daemon comes and goes --- */

START_TEST(program_is_replaced_in_its_link)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(false);
	uint32_t link, program;

	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	link = sandbox_link_id(pin_of(ifindex));
	program = native(ifindex);
	datapath_free(d);
	ck_assert_uint_eq(native(ifindex), program);

	/* Twice, and the first one dies before it comes to the link: what that runs is no longer
	 * pinned. */
	for (int round = 0; round < 2; round++) {
		d = sandbox_datapath(false);
		ck_assert_int_eq(datapath_open(d, NULL), 0);
		ck_assert_uint_eq(native(ifindex), program);
		if (_i == 0)
			break;
		if (round == 0)
			datapath_free(d);
	}
	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	ck_assert_uint_eq(sandbox_link_id(pin_of(ifindex)), link);
	ck_assert_uint_eq(native(ifindex), rx_program());
	ck_assert_uint_ne(native(ifindex), program);
	datapath_free(d);
}
END_TEST

START_TEST(link_taken_away_by_somebody)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(false);
	UTIL_CLOSE int fd = -1;

	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	fd = bpf_obj_get(pin_of(ifindex));
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bpf_link_detach(fd), 0);
	ck_assert(!datapath_attached(d, KERNEL_HOOK_XDP_RX, ifindex));
	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	ck_assert(datapath_attached(d, KERNEL_HOOK_XDP_RX, ifindex));
	ck_assert_uint_eq(native(ifindex), rx_program());
	datapath_free(d);
}
END_TEST

/* --- others' programs --- */

START_TEST(program_of_others_is_left_alone)
{
	const __u32 flags = _i == 1 ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(false);
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);
	UTIL_CLOSE int program = foreign_program(), link = -1;
	uint32_t theirs;
	int r;

	if (_i == 2) {
		link = bpf_link_create(program, (int)ifindex, BPF_XDP, &opts);
		ck_assert_int_ge(link, 0);
	} else {
		ck_assert_int_eq(bpf_xdp_attach((int)ifindex, program, flags, NULL), 0);
	}
	theirs = native(ifindex) + generic(ifindex);
	ck_assert_uint_ne(theirs, 0);
	r = try_attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	ck_assert(r == -EBUSY || r == -EEXIST);
	ck_assert_ptr_nonnull(strstr(xdp_refusal(r), "another program"));
	check_no_links();
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_XDP_RX, ifindex), 0);
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert_uint_eq(native(ifindex) + generic(ifindex), theirs);
	datapath_free(d);
}
END_TEST

START_TEST(ours_is_not_taken_over)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(false);
	UTIL_CLOSE int program = foreign_program();

	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	ck_assert_int_lt(bpf_xdp_attach((int)ifindex, program, XDP_FLAGS_DRV_MODE, NULL), 0);
	ck_assert_uint_eq(native(ifindex), rx_program());
	datapath_free(d);
}
END_TEST

START_TEST(never_generic)
{
	struct datapath *d = sandbox_datapath(false);
	uint32_t ifindex;

	sandbox_run("ip link add b0 type bridge && ip link set b0 up");
	ifindex = if_nametoindex("b0");
	ck_assert_int_eq(try_attach(d, KERNEL_HOOK_XDP_RX, ifindex), -EOPNOTSUPP);
	ck_assert_uint_eq(generic(ifindex), 0);
	ck_assert_str_eq(xdp_refusal(-EOPNOTSUPP), "its driver has no native XDP");
	check_no_links();
	datapath_free(d);
}
END_TEST

START_TEST(tap_takes_it)
{
	struct datapath *d = sandbox_datapath(false);
	uint32_t ifindex;

	sandbox_run("ip tuntap add t0 mode tap && ip link set t0 up");
	ifindex = if_nametoindex("t0");
	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	ck_assert_uint_eq(native(ifindex), rx_program());
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
	const uint32_t ifindex = indexed_veth(500, "v1");
	struct datapath *d = sandbox_datapath(false);

	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	sandbox_run("ip link del v0");
	ck_assert(!datapath_attached(d, KERNEL_HOOK_XDP_RX, ifindex));
	indexed_veth(ifindex, "v1");
	ck_assert(!datapath_attached(d, KERNEL_HOOK_XDP_RX, ifindex));
	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	ck_assert(datapath_attached(d, KERNEL_HOOK_XDP_RX, ifindex));
	ck_assert_uint_eq(native(ifindex), rx_program());
	sandbox_run("ip link del v0");
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_XDP_RX, ifindex), 0);
	check_no_links();
	ck_assert_int_eq(try_attach(d, KERNEL_HOOK_XDP_RX, ifindex), -ENODEV);
	check_no_links();
	datapath_free(d);
}
END_TEST

START_TEST(device_left_with_its_link)
{
	const uint32_t ifindex = indexed_veth(500, "v1");
	struct datapath *d = sandbox_datapath(false);
	UTIL_CLOSE int there = sandbox_other_netns();
	uint32_t link;

	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	link = sandbox_link_id(pin_of(ifindex));
	/* It keeps its number there, and the one that is made after it here has the same. */
	sandbox_run("ip link set v0 netns /proc/self/fd/%d", there);
	indexed_veth(ifindex, "v2");
	ck_assert(!datapath_attached(d, KERNEL_HOOK_XDP_RX, ifindex));
	attach(d, KERNEL_HOOK_XDP_RX, ifindex);
	ck_assert(datapath_attached(d, KERNEL_HOOK_XDP_RX, ifindex));
	ck_assert_uint_ne(sandbox_link_id(pin_of(ifindex)), link);
	datapath_free(d);
}
END_TEST

/* --- all of it goes --- */

static bool keep_v1(void *context, enum kernel_hook hook, uint32_t ifindex)
{
	return hook == KERNEL_HOOK_XDP_RX && ifindex == *(uint32_t *)context;
}

static bool keep_number(void *context, uint32_t number)
{
	return true;
}

static bool keep_fdb(void *context, const struct abi_fdb_key *key, uint32_t resource)
{
	return true;
}

static bool keep_vlans(void *context, const struct abi_vlans_key *key)
{
	return true;
}

static bool keep_storm(void *context, const struct abi_storm_key *key)
{
	return true;
}

static bool keep_allowed(void *context, const struct abi_allowed_key *key)
{
	return true;
}

START_TEST(sweep_and_flush)
{
	const uint32_t v0 = sandbox_veth("v0", "v1");
	uint32_t v1 = if_nametoindex("v1");
	struct datapath *d = sandbox_datapath(false);
	const struct kernel_wanted wanted = {
		.hook = keep_v1,
		.port = keep_number,
		.vnet = keep_number,
		.resource = keep_number,
		.fdb = keep_fdb,
		.vlans = keep_vlans,
		.device = keep_number,
		.storm = keep_storm,
		.allowed = keep_allowed,
		.context = &v1,
	};

	attach(d, KERNEL_HOOK_XDP_TX, v0);
	attach(d, KERNEL_HOOK_XDP_RX, v1);
	ck_assert_int_eq(datapath_sweep(d, &wanted), 0);
	ck_assert_uint_eq(native(v0), 0);
	ck_assert_uint_eq(native(v1), rx_program());
	attach(d, KERNEL_HOOK_XDP_TX, v0);
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert_uint_eq(native(v0) + native(v1), 0);
	ck_assert(!sandbox_exists(sandbox_path("t")));
	datapath_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("xdp");
	TCase *t = sandbox_case(s, "xdp");

	tcase_add_loop_test(t, attaches_once, 0, 2);
	tcase_add_test(t, each_hook_has_its_program);
	tcase_add_loop_test(t, program_is_replaced_in_its_link, 0, 2);
	tcase_add_test(t, link_taken_away_by_somebody);
	tcase_add_loop_test(t, program_of_others_is_left_alone, 0, 3);
	tcase_add_test(t, ours_is_not_taken_over);
	tcase_add_test(t, never_generic);
	tcase_add_test(t, tap_takes_it);
	tcase_add_test(t, device_deleted_and_made_again);
	tcase_add_test(t, device_left_with_its_link);
	tcase_add_test(t, sweep_and_flush);
	return sandbox_main(s);
}
