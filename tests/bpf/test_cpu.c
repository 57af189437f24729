// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of flows that are for a CPU, on a real kernel: the rows, the hooks, and who gets them. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "sandbox.h"

static uint32_t program_at(uint32_t ifindex, __u32 mode)
{
	uint32_t id = 0;

	ck_assert_int_eq(bpf_xdp_query_id((int)ifindex, (int)mode, &id), 0);
	return id;
}

static uint32_t our_program(bool generic)
{
	return sandbox_program_id(
		sandbox_path("t/programs/vnet_xdp_cpu%s", generic ? "_generic" : ""));
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

/* Are there threads of that CPU? Both, or none. */
static bool is_there(uint32_t cpu)
{
	UTIL_CLOSE int fd = bpf_obj_get(sandbox_path("t/maps/cpus"));
	UTIL_CLOSE int other = bpf_obj_get(sandbox_path("t/maps/cpus_generic"));
	struct abi_cpu row = { 0 }, same = { 0 };

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(other, 0);
	bpf_map_lookup_elem(fd, &cpu, &row);
	bpf_map_lookup_elem(other, &cpu, &same);
	ck_assert_uint_eq(row.queue, same.queue);
	ck_assert(!row.queue || row.queue == ABI_CPU_QUEUE);
	return row.queue;
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
	ck_assert_uint_eq(program_at(ifindex, modes[_i]), our_program(_i));
	ck_assert_uint_eq(program_at(ifindex, modes[!_i]), 0);
	link = sandbox_link_id(pin);
	datapath_free(d);

	/* The next daemon has another program in the same link. */
	d = sandbox_datapath(false);
	ck_assert_int_eq(attach(d, hooks[_i], ifindex), 0);
	ck_assert_uint_eq(sandbox_link_id(pin), link);
	ck_assert_uint_eq(program_at(ifindex, modes[_i]), our_program(_i));
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
	ck_assert_uint_eq(program_at(ifindex, modes[_i]), our_program(_i));
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
	ck_assert_uint_eq(program_at(ifindex, XDP_FLAGS_SKB_MODE), our_program(true));
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

/* --- who gets them --- */

#define VNET   1
#define FLOW   1
#define FRAMES 100
#define VLAN   10

static const struct flow_rule rule = {
	.owner = VNET,
	.number = FLOW,
	.in = true,
	.match = { .has_proto = true, .proto = 17, .lport = { true, 53, 53 } },
};

/* The first two that we may run on; false: there are none. */
static bool two_cpus(uint32_t ret[2])
{
	uint32_t count = 0;
	cpu_set_t set;

	ck_assert_int_eq(sched_getaffinity(0, sizeof(set), &set), 0);
	for (uint32_t cpu = 0; cpu < CPU_SETSIZE && count < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			ret[count++] = cpu;
	return count == 2;
}

static void stay_on(uint32_t cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* A vnet whose service is at @ifindex, and that is behind @port. */
static void vnet_rows(struct datapath *d, uint32_t ifindex, uint32_t port)
{
	const struct abi_port upper = { .vnet = VNET }, lower = { .vnet = VNET, .resource = 1 };
	const struct abi_vlans_key key = { .vnet = VNET };
	const struct abi_vlans admitted = { .bits = { 1ULL << VLAN } };
	const struct abi_resource resource = {
		.ifindex = ifindex, .pvid = 1, .up = ABI_UP, .vnet = VNET
	};
	const struct abi_vnet vnet = { .mac = { 2, 0, 0, 0, 0, 1 },
				       .pvid = 1,
				       .port = port,
				       .flags = ABI_VNET_FLOWS | ABI_VNET_CPU,
				       .service = 1 };
	enum kernel_attach got;

	ck_assert_int_eq(datapath_device_write(d, port, true), 0);
	ck_assert_int_eq(datapath_resource_write(d, 1, &resource), 0);
	ck_assert_int_eq(datapath_vlans_write(d, &key, &admitted), 0);
	ck_assert_int_eq(datapath_vnet_write(d, VNET, &vnet), 0);
	ck_assert_int_eq(datapath_port_write(d, port, &upper), 0);
	ck_assert_int_eq(datapath_port_write(d, ifindex, &lower), 0);
	ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, ifindex, &got), 0);
}

static void flow_row(struct datapath *d, enum abi_flow_target kind, uint32_t cpu, bool tagged)
{
	const struct abi_flow row = { .owner = VNET, .target_kind = kind, .target = cpu };
	struct flow_rule in_vlan = rule;

	in_vlan.match.vlan = tagged ? VLAN : 0;
	ck_assert_int_eq(datapath_flow_write(d, FLOW, &in_vlan, &row), 0);
}

static void send_frames(uint32_t ifindex, bool tagged)
{
	static const uint8_t macs[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0x50 };
	static const uint8_t tag[] = { 0x81, 0, 0, VLAN };
	static const uint8_t packet[46] = { 8,	0, 0x45, 0,    0,  28, 0, 0, 0, 0, 64, 17, 0, 0,
					    10, 0, 0,	 0x50, 10, 0,  0, 1, 4, 0, 0,  53, 0, 8 };
	const struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)ifindex };
	UTIL_CLOSE int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	uint8_t frame[sizeof(macs) + sizeof(tag) + sizeof(packet)];
	size_t len = sizeof(macs);

	memcpy(frame, macs, sizeof(macs));
	if (tagged)
		memcpy(frame + len, tag, sizeof(tag));
	len += tagged ? sizeof(tag) : 0;
	memcpy(frame + len, packet, sizeof(packet));
	len += sizeof(packet);
	for (int i = 0; i < FRAMES; i++)
		ck_assert_int_eq(sendto(fd, frame, len, 0, (const void *)&to, sizeof(to)),
				 (ssize_t)len);
}

/* How many frames of the flow have been looked at on @cpu. */
static uint64_t count_on(uint32_t cpu)
{
	const uint32_t flow = FLOW, cpus = (uint32_t)libbpf_num_possible_cpus();
	UTIL_FREE struct abi_flow_counters *values = calloc(cpus, sizeof(*values));
	UTIL_CLOSE int fd = bpf_obj_get(sandbox_path("t/maps/flow_counters"));

	ck_assert_ptr_nonnull(values);
	ck_assert_int_eq(bpf_map_lookup_elem(fd, &flow, values), 0);
	return values[cpu].rx_packets;
}

static void wait_for(uint32_t cpu, uint64_t count)
{
	const uint64_t end_us = sandbox_now_us() + sandbox_limit_us(5000000);

	while (count_on(cpu) < count && sandbox_now_us() < end_us)
		sched_yield();
	ck_assert_uint_eq(count_on(cpu), count);
}

/* Those of the flow are looked at where it wants them, by either way and with a tag or without. */
START_TEST(frames_go_to_their_cpu)
{
	const bool native = _i & 1, tagged = _i & 2;
	const uint32_t port = sandbox_veth("p0", "p1"), ifindex = sandbox_veth("v0", "v1");
	const uint32_t outside = if_nametoindex("v1");
	struct datapath *d = sandbox_datapath(false);
	uint32_t cpus[2], here, there;

	if (!two_cpus(cpus))
		return;
	here = cpus[0];
	there = cpus[1];
	sandbox_run("ip link set v1 up && ip link set p1 up");
	ck_assert_int_eq(datapath_open(d, NULL), 0);
	vnet_rows(d, ifindex, port);
	ck_assert_int_eq(datapath_cpu_write(d, there, true), 0);
	flow_row(d, ABI_TARGET_CPU, there, tagged);
	ck_assert_int_eq(attach(d, hooks[!native], ifindex), 0);
	stay_on(here);
	send_frames(outside, tagged);
	wait_for(there, FRAMES);
	ck_assert_uint_eq(count_on(here), 0);

	/* Led no more; and then again. */
	flow_row(d, ABI_TARGET_NONE, 0, tagged);
	send_frames(outside, tagged);
	wait_for(here, FRAMES);
	flow_row(d, ABI_TARGET_CPU, there, tagged);
	send_frames(outside, tagged);
	wait_for(there, 2 * FRAMES);
	/* A CPU that takes none. */
	ck_assert_int_eq(datapath_cpu_write(d, there, false), 0);
	send_frames(outside, tagged);
	wait_for(here, 2 * FRAMES);
	ck_assert_uint_eq(count_on(there), 2 * FRAMES);
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
	tcase_add_loop_test(t, frames_go_to_their_cpu, 0, 4);
	return sandbox_main(s);
}
