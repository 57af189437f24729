// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of the maps on a real kernel: written, read, summed up, swept. */
#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "sandbox.h"

static const struct abi_vnet vnet_row = {
	.mac = { 2, 0, 0, 0, 0, 1 }, .pvid = 1, .port = 7, .flags = ABI_VNET_GUARD, .service = 3
};
static const struct abi_resource resource_row = {
	.ifindex = 9, .pvid = 1, .type = ABI_GUEST, .up = 1, .peer = { 2, 0, 0, 0, 0, 2 }, .vnet = 1
};

/* Sets a value on each CPU, as if the programs had counted. */
static void count_on_cpus(const char *map, uint32_t key, size_t words, uint64_t value)
{
	const size_t cpus = (size_t)libbpf_num_possible_cpus();
	UTIL_FREE uint64_t *values = calloc(cpus * words, sizeof(*values));
	UTIL_CLOSE int fd = bpf_obj_get(sandbox_path("t/maps/%s", map));

	ck_assert_int_ge(fd, 0);
	for (size_t i = 0; i < cpus * words; i++)
		values[i] = value + i / words;
	ck_assert_int_eq(bpf_map_update_elem(fd, &key, values, BPF_EXIST), 0);
}

/* Every counter on every CPU is @value. */
static void check_on_cpus(const char *map, uint32_t key, size_t words, uint64_t value)
{
	const size_t cpus = (size_t)libbpf_num_possible_cpus();
	UTIL_FREE uint64_t *values = calloc(cpus * words, sizeof(*values));
	UTIL_CLOSE int fd = bpf_obj_get(sandbox_path("t/maps/%s", map));

	ck_assert_int_eq(bpf_map_lookup_elem(fd, &key, values), 0);
	for (size_t i = 0; i < cpus * words; i++)
		ck_assert_uint_eq(values[i], value);
}

/* Of `value`, `value + 1`, ... on all CPUs. */
static uint64_t sum_of_cpus(uint64_t value)
{
	const uint64_t cpus = (uint64_t)libbpf_num_possible_cpus();

	return value * cpus + cpus * (cpus - 1) / 2;
}

START_TEST(vnet_rows)
{
	struct datapath *d = sandbox_datapath(false);
	struct abi_vnet row;
	struct abi_drops drops;

	ck_assert_int_eq(datapath_vnet_read(d, 1, &row), -ENOENT);
	ck_assert_int_eq(datapath_drops(d, 1, &drops), -ENOENT);
	ck_assert_int_eq(datapath_vnet_write(d, 1, NULL), 0);
	ck_assert_int_eq(datapath_vnet_write(d, 1, &vnet_row), 0);
	ck_assert_int_eq(datapath_vnet_read(d, 1, &row), 0);
	ck_assert_mem_eq(&row, &vnet_row, sizeof(row));

	count_on_cpus("drops", 1, sizeof(drops) / 8, 1000);
	ck_assert_int_eq(datapath_vnet_write(d, 1, &vnet_row), 0);
	ck_assert_int_eq(datapath_drops(d, 1, &drops), 0);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(drops.count); i++)
		ck_assert_uint_eq(drops.count[i], sum_of_cpus(1000));

	/* The next vnet of that number begins at zero. */
	ck_assert_int_eq(datapath_vnet_write(d, 1, NULL), 0);
	ck_assert_int_eq(datapath_vnet_read(d, 1, &row), -ENOENT);
	ck_assert_int_eq(datapath_drops(d, 1, &drops), -ENOENT);
	ck_assert_int_eq(datapath_vnet_write(d, 1, &vnet_row), 0);
	ck_assert_int_eq(datapath_drops(d, 1, &drops), 0);
	ck_assert_uint_eq(drops.count[ABI_DROP_SPOOFED], 0);

	ck_assert_int_eq(datapath_vnet_write(d, 0, &vnet_row), -EINVAL);
	ck_assert_int_lt(datapath_vnet_write(d, ABI_VNETS_MAX, &vnet_row), 0);
	ck_assert_int_eq(datapath_drops(d, ABI_VNETS_MAX, &drops), -ENOENT);
	datapath_free(d);
}
END_TEST

/* Near ones are counted in an array, far ones in a hash. */
static const uint32_t resource_numbers[] = { 1, ABI_COUNTERS_NEAR - 1, ABI_COUNTERS_NEAR, 65535 };

static const char *counters_of(uint32_t number)
{
	return number < ABI_COUNTERS_NEAR ? "counters" : "far_counters";
}

START_TEST(resource_rows)
{
	const uint32_t number = resource_numbers[_i];
	struct abi_resource row, down = resource_row;
	struct datapath *d = sandbox_datapath(false);
	struct abi_counters counters;

	ck_assert_int_eq(datapath_resource_read(d, number, &row), -ENOENT);
	ck_assert_int_eq(datapath_counters(d, number, &counters), -ENOENT);
	ck_assert_int_eq(datapath_resource_write(d, number, &resource_row), 0);
	ck_assert_int_eq(datapath_resource_read(d, number, &row), 0);
	ck_assert_mem_eq(&row, &resource_row, sizeof(row));

	count_on_cpus(counters_of(number), number, sizeof(counters) / 8, 50);
	down.up = 0;
	ck_assert_int_eq(datapath_resource_write(d, number, &down), 0);
	ck_assert_int_eq(datapath_resource_read(d, number, &row), 0);
	ck_assert_uint_eq(row.up, 0);
	ck_assert_int_eq(datapath_counters(d, number, &counters), 0);
	ck_assert_uint_eq(counters.rx_packets, sum_of_cpus(50));
	ck_assert_uint_eq(counters.tx_broadcast, sum_of_cpus(50));

	ck_assert_int_eq(datapath_resource_write(d, number, NULL), 0);
	ck_assert_int_eq(datapath_resource_read(d, number, &row), -ENOENT);
	ck_assert_int_eq(datapath_counters(d, number, &counters), -ENOENT);
	ck_assert_int_eq(datapath_resource_write(d, number, NULL), 0);
	ck_assert_int_eq(datapath_resource_write(d, 0, &resource_row), -EINVAL);
	datapath_free(d);
}
END_TEST

/* A program that had found the row before it went may count once more. */
START_TEST(the_next_resource_begins_at_zero)
{
	const uint32_t number = ABI_COUNTERS_NEAR - 1;
	struct datapath *d = sandbox_datapath(false);
	struct abi_counters counters;

	ck_assert_int_eq(datapath_resource_write(d, number, &resource_row), 0);
	count_on_cpus("counters", number, sizeof(counters) / 8, 50);
	ck_assert_int_eq(datapath_resource_write(d, number, NULL), 0);
	check_on_cpus("counters", number, sizeof(counters) / 8, 0);
	count_on_cpus("counters", number, sizeof(counters) / 8, 1);
	ck_assert_int_eq(datapath_resource_write(d, number, &resource_row), 0);
	ck_assert_int_eq(datapath_counters(d, number, &counters), 0);
	ck_assert_uint_eq(counters.rx_packets, 0);
	ck_assert_uint_eq(counters.tx_broadcast, 0);
	datapath_free(d);
}
END_TEST

START_TEST(hash_rows)
{
	const struct abi_fdb_key key = { .vnet = 1, .vlan = 10, .mac = { 2, 0, 0, 0, 0, 3 } };
	const struct abi_vlans_key owner = { .vnet = 1, .resource = 2 };
	const struct abi_vlans tagged = { .bits = { 0x400, [63] = 1 } };
	struct datapath *d = sandbox_datapath(false);
	struct abi_vlans vlans;
	uint32_t resource;

	ck_assert_int_eq(datapath_fdb_read(d, &key, &resource), -ENOENT);
	ck_assert_int_eq(datapath_vlans_read(d, &owner, &vlans), -ENOENT);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_int_eq(datapath_fdb_write(d, &key, 2 + i), 0);
		ck_assert_int_eq(datapath_fdb_read(d, &key, &resource), 0);
		ck_assert_uint_eq(resource, 2 + i);
		ck_assert_int_eq(datapath_vlans_write(d, &owner, &tagged), 0);
		ck_assert_int_eq(datapath_vlans_read(d, &owner, &vlans), 0);
		ck_assert_mem_eq(&vlans, &tagged, sizeof(vlans));
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(datapath_fdb_write(d, &key, 0), 0);
		ck_assert_int_eq(datapath_vlans_write(d, &owner, NULL), 0);
	}
	ck_assert_int_eq(datapath_fdb_read(d, &key, &resource), -ENOENT);
	ck_assert_int_eq(datapath_vlans_read(d, &owner, &vlans), -ENOENT);
	datapath_free(d);
}
END_TEST

/* What the map @name says of @key. */
static int lookup(const char *name, const void *key, void *ret)
{
	UTIL_CLOSE int fd = bpf_obj_get(sandbox_path("t/maps/%s", name));

	ck_assert_int_ge(fd, 0);
	return bpf_map_lookup_elem(fd, key, ret);
}

START_TEST(port_rows)
{
	static const uint32_t numbers[] = { 1, ABI_PORTS_NEAR - 1, ABI_PORTS_NEAR, INT32_MAX };
	const uint32_t ifindex = numbers[_i];
	const bool near = ifindex < ABI_PORTS_NEAR;
	const char *map = near ? "ports" : "far_ports";
	struct abi_port port = { .vnet = 65535, .resource = 2, .flags = ABI_PORT_VETH }, row,
			none = {};
	struct datapath *d = sandbox_datapath(false);

	ck_assert_int_eq(datapath_port_write(d, ifindex, NULL), 0);
	for (uint32_t i = 0; i < 2; i++) {
		port.resource += i;
		ck_assert_int_eq(datapath_port_write(d, ifindex, &port), 0);
		ck_assert_int_eq(lookup(map, &ifindex, &row), 0);
		ck_assert_mem_eq(&row, &port, sizeof(row));
		if (near)
			ck_assert_int_eq(lookup("far_ports", &ifindex, &row), -ENOENT);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(datapath_port_write(d, ifindex, NULL), 0);
		ck_assert_int_eq(lookup(map, &ifindex, &row), near ? 0 : -ENOENT);
		if (near)
			ck_assert_mem_eq(&row, &none, sizeof(row));
	}
	ck_assert_int_eq(datapath_port_write(d, 0, &port), -EINVAL);
	datapath_free(d);
}
END_TEST

START_TEST(device_rows)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1"), no_such = 4242;
	struct datapath *d = sandbox_datapath(false);
	struct abi_device row;

	ck_assert_int_eq(datapath_device_write(d, ifindex, false), 0);
	ck_assert_int_eq(datapath_device_write(d, no_such, true), -ENODEV);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(datapath_device_write(d, ifindex, true), 0);
		ck_assert_int_eq(lookup("devices", &ifindex, &row), 0);
		ck_assert_uint_eq(row.ifindex, ifindex);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(datapath_device_write(d, ifindex, false), 0);
		ck_assert_int_eq(lookup("devices", &ifindex, &row), -ENOENT);
	}

	/* With its device a row goes by itself. */
	ck_assert_int_eq(datapath_device_write(d, ifindex, true), 0);
	sandbox_run("ip link del v0");
	ck_assert_int_eq(lookup("devices", &ifindex, &row), -ENOENT);
	ck_assert_int_eq(datapath_device_write(d, ifindex, false), 0);
	sandbox_run("ip link add v0 index %u type veth peer name v1", ifindex);
	ck_assert_int_eq(datapath_device_write(d, ifindex, true), 0);
	ck_assert_int_eq(lookup("devices", &ifindex, &row), 0);
	/* One that moves to another namespace is gone as well. */
	sandbox_run("unshare -n sh -c 'nsenter -t $PPID -n ip link set v0 netns $$'");
	ck_assert_int_eq(lookup("devices", &ifindex, &row), -ENOENT);
	datapath_free(d);
}
END_TEST

START_TEST(device_rows_are_adopted)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(false);
	struct abi_device row;

	ck_assert_int_eq(datapath_device_write(d, ifindex, true), 0);
	datapath_free(d);
	d = sandbox_datapath(false);
	ck_assert_int_eq(datapath_open(d, NULL), 0);
	ck_assert_int_eq(lookup("devices", &ifindex, &row), 0);
	datapath_free(d);
}
END_TEST

START_TEST(storm_rows)
{
	const struct abi_storm_key key = { .vnet = 1, .resource = 2 };
	struct abi_storm storm = { .interval_ns = 1000, .burst_ns = 100000000 }, row;
	struct datapath *d = sandbox_datapath(false);
	UTIL_CLOSE int fd = -1;

	ck_assert_int_eq(datapath_storm_write(d, &key, NULL), 0);
	ck_assert_int_eq(datapath_storm_write(d, &key, &storm), 0);
	ck_assert_int_eq(lookup("storms", &key, &row), 0);
	ck_assert_mem_eq(&row, &storm, sizeof(row));

	/* What a program has counted stays while the limit does. */
	fd = bpf_obj_get(sandbox_path("t/maps/storms"));
	row.due_ns[ABI_RX] = 77;
	ck_assert_int_eq(bpf_map_update_elem(fd, &key, &row, BPF_EXIST), 0);
	ck_assert_int_eq(datapath_storm_write(d, &key, &storm), 0);
	ck_assert_int_eq(lookup("storms", &key, &row), 0);
	ck_assert_uint_eq(row.due_ns[ABI_RX], 77);
	for (int i = 0; i < 2; i++) {
		*(i ? &storm.interval_ns : &storm.burst_ns) += 1;
		ck_assert_int_eq(datapath_storm_write(d, &key, &storm), 0);
		ck_assert_int_eq(lookup("storms", &key, &row), 0);
		ck_assert_mem_eq(&row, &storm, sizeof(row));
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(datapath_storm_write(d, &key, NULL), 0);
		ck_assert_int_eq(lookup("storms", &key, &row), -ENOENT);
	}
	datapath_free(d);
}
END_TEST

/* An address of vnet @vnet: its own bits are @prefixlen long. */
static struct abi_allowed_key allowed_key(uint32_t vnet, uint32_t prefixlen, uint8_t last)
{
	return (struct abi_allowed_key) {
		.prefixlen = 32 + prefixlen,
		.vnet = vnet,
		.address = { [10] = 0xff, [11] = 0xff, 192, 0, 2, last },
	};
}

START_TEST(allowed_rows)
{
	const struct abi_allowed_key one = allowed_key(1, 128, 7), net = allowed_key(1, 120, 0),
				     other = allowed_key(1, 128, 8),
				     of_two = allowed_key(2, 128, 7);
	struct datapath *d = sandbox_datapath(false);
	uint32_t row;

	ck_assert_int_eq(datapath_allowed_write(d, &one, false), 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(datapath_allowed_write(d, &one, true), 0);
	ck_assert_int_eq(lookup("allowed", &one, &row), 0);
	ck_assert_int_eq(lookup("allowed", &other, &row), -ENOENT);
	ck_assert_int_eq(lookup("allowed", &of_two, &row), -ENOENT);

	ck_assert_int_eq(datapath_allowed_write(d, &net, true), 0);
	ck_assert_int_eq(lookup("allowed", &other, &row), 0);
	ck_assert_int_eq(lookup("allowed", &of_two, &row), -ENOENT);
	/* Within a prefix that stays, one address goes without harm. */
	ck_assert_int_eq(datapath_allowed_write(d, &one, false), 0);
	ck_assert_int_eq(lookup("allowed", &one, &row), 0);
	ck_assert_int_eq(datapath_allowed_write(d, &net, false), 0);
	ck_assert_int_eq(lookup("allowed", &one, &row), -ENOENT);
	datapath_free(d);
}
END_TEST

/* --- the sweep --- */

/* What is wanted: the devices, vnets and resources below a number. */
struct wanted {
	uint32_t below;
	uint32_t asked;
};

static bool below(struct wanted *w, uint32_t number)
{
	w->asked++;
	return number < w->below;
}

static bool want_hook(void *context, enum kernel_hook hook, uint32_t ifindex)
{
	return below(context, ifindex);
}

static bool want_number(void *context, uint32_t number)
{
	return below(context, number);
}

static bool want_fdb(void *context, const struct abi_fdb_key *key, uint32_t resource)
{
	if (key->mac[5] != (uint8_t)resource)
		ck_abort_msg("key and value are not of one row");
	return below(context, resource);
}

static bool want_vlans(void *context, const struct abi_vlans_key *key)
{
	return below(context, key->resource);
}

static bool want_storm(void *context, const struct abi_storm_key *key)
{
	return below(context, key->resource);
}

static bool want_allowed(void *context, const struct abi_allowed_key *key)
{
	return below(context, key->vnet);
}

static int sweep(struct datapath *d, struct wanted *w)
{
	const struct kernel_wanted wanted = {
		.hook = want_hook,
		.port = want_number,
		.vnet = want_number,
		.resource = want_number,
		.fdb = want_fdb,
		.vlans = want_vlans,
		.device = want_number,
		.storm = want_storm,
		.allowed = want_allowed,
		.context = w,
	};

	return datapath_sweep(d, &wanted);
}

static struct abi_fdb_key fdb_key(uint32_t i)
{
	return (struct abi_fdb_key) {
		.vnet = 1, .mac = { 2, 0, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i }
	};
}

/* Ports of the first half are near, the others far. */
static uint32_t port_ifindex(uint32_t i)
{
	return i % 2 ? i : ABI_PORTS_NEAR + i;
}

static void fill(struct datapath *d, uint32_t from, uint32_t end)
{
	static const struct abi_storm storm = { .interval_ns = 1, .burst_ns = 1 };
	static const struct abi_vlans vlans = { .bits = { 2 } };

	for (uint32_t i = from; i < end; i++) {
		const struct abi_allowed_key address = allowed_key(i, 128, 1);
		const struct abi_port port = { .vnet = 1, .resource = i };
		const struct abi_storm_key limit = { 1, i };
		const struct abi_vlans_key set = { 1, i };
		const struct abi_fdb_key key = fdb_key(i);

		ck_assert_int_eq(datapath_vnet_write(d, i, &vnet_row), 0);
		ck_assert_int_eq(datapath_resource_write(d, i, &resource_row), 0);
		ck_assert_int_eq(datapath_fdb_write(d, &key, i), 0);
		ck_assert_int_eq(datapath_vlans_write(d, &set, &vlans), 0);
		ck_assert_int_eq(datapath_port_write(d, port_ifindex(i), &port), 0);
		ck_assert_int_eq(datapath_storm_write(d, &limit, &storm), 0);
		ck_assert_int_eq(datapath_allowed_write(d, &address, true), 0);
	}
}

static bool port_is_there(uint32_t i)
{
	const uint32_t ifindex = port_ifindex(i);
	struct abi_port row, none = {};

	if (ifindex >= ABI_PORTS_NEAR)
		return lookup("far_ports", &ifindex, &row) == 0;
	ck_assert_int_eq(lookup("ports", &ifindex, &row), 0);
	return memcmp(&row, &none, sizeof(row)) != 0;
}

static void check_there(struct datapath *d, uint32_t i, int expected)
{
	const struct abi_allowed_key address = allowed_key(i, 128, 1);
	const struct abi_storm_key limit = { 1, i };
	const struct abi_vlans_key set = { 1, i };
	const struct abi_fdb_key key = fdb_key(i);
	struct abi_resource resource;
	struct abi_counters counters;
	struct abi_storm storm;
	struct abi_drops drops;
	struct abi_vlans vlans;
	struct abi_vnet vnet;
	uint32_t number;

	ck_assert_int_eq(datapath_vnet_read(d, i, &vnet), expected);
	ck_assert_int_eq(datapath_drops(d, i, &drops), expected);
	ck_assert_int_eq(datapath_resource_read(d, i, &resource), expected);
	ck_assert_int_eq(datapath_counters(d, i, &counters), expected);
	ck_assert_int_eq(datapath_fdb_read(d, &key, &number), expected);
	ck_assert_int_eq(datapath_vlans_read(d, &set, &vlans), expected);
	ck_assert_int_eq(lookup("storms", &limit, &storm), expected);
	ck_assert_int_eq(lookup("allowed", &address, &number), expected);
	ck_assert_int_eq(port_is_there(i), expected == 0);
}

/* Rows at both sides of the border between near and far. */
#define SWEEP_FIRST (ABI_COUNTERS_NEAR - 500)
#define SWEEP_END   (ABI_COUNTERS_NEAR + 500)

START_TEST(sweep_removes_what_is_not_wanted)
{
	/* What is wanted ends below the border, above it, and beyond the last. */
	static const uint32_t ends[] = { ABI_COUNTERS_NEAR - 300, ABI_COUNTERS_NEAR + 300,
					 UINT32_MAX };
	const uint32_t end = ends[_i] < SWEEP_END ? ends[_i] : SWEEP_END;
	const uint32_t all = SWEEP_END - SWEEP_FIRST,
		       far = end > ABI_COUNTERS_NEAR ? end - ABI_COUNTERS_NEAR : 0;
	struct wanted w = { .below = ends[_i] };
	struct datapath *d = sandbox_datapath(false);
	uint32_t program;
	int old;

	fill(d, SWEEP_FIRST, SWEEP_END);
	datapath_free(d);
	program = sandbox_program_id(sandbox_path("t/programs/vnet_tx"));
	d = sandbox_datapath(false);
	ck_assert_int_eq(datapath_open(d, NULL), 0);
	old = bpf_prog_get_fd_by_id(program);
	ck_assert_int_ge(old, 0);
	ck_assert_int_eq(close(old), 0);

	ck_assert_int_eq(sweep(d, &w), 0);
	sandbox_wait_gone(SANDBOX_PROGRAM, program);
	for (uint32_t i = SWEEP_FIRST; i < SWEEP_END; i++)
		if (i % 2 || i >= end) /* far ports have numbers of their own */
			check_there(d, i, i < end ? 0 : -ENOENT);
	/* Rows that are not there are not asked about: seven kinds, and two of counts. */
	ck_assert_uint_eq(w.asked, 7 * all + end - SWEEP_FIRST + far);
	datapath_free(d);
}
END_TEST

START_TEST(sweep_of_devices)
{
	const uint32_t one = sandbox_veth("v0", "v1"), two = sandbox_veth("w0", "w1");
	struct wanted w = { .below = two };
	struct datapath *d = sandbox_datapath(false);
	struct abi_device row;

	ck_assert_int_eq(datapath_device_write(d, one, true), 0);
	ck_assert_int_eq(datapath_device_write(d, two, true), 0);
	ck_assert_int_eq(sweep(d, &w), 0);
	ck_assert_int_eq(lookup("devices", &one, &row), 0);
	ck_assert_int_eq(lookup("devices", &two, &row), -ENOENT);
	ck_assert_uint_eq(w.asked, 2);
	datapath_free(d);
}
END_TEST

START_TEST(sweep_removes_counts_without_a_row)
{
	struct wanted w = { .below = 5 };
	struct datapath *d = sandbox_datapath(false);
	const struct abi_resource none = {};
	struct abi_counters counters;
	const uint32_t number = ABI_COUNTERS_NEAR + 7;
	UTIL_CLOSE int fd = -1;

	ck_assert_int_eq(datapath_resource_write(d, number, &resource_row), 0);
	fd = bpf_obj_get(sandbox_path("t/maps/resources"));
	ck_assert_int_eq(bpf_map_update_elem(fd, &number, &none, BPF_ANY), 0);
	ck_assert_int_eq(sweep(d, &w), 0);
	ck_assert_int_lt(lookup("far_counters", &number, &counters), 0);
	datapath_free(d);
}
END_TEST

START_TEST(sweep_detaches)
{
	const uint32_t one = sandbox_veth("v0", "v1"), two = sandbox_veth("w0", "w1");
	const char *kind = _i ? "filters" : "links";
	struct datapath *d = sandbox_datapath(_i);
	struct wanted w = { .below = two };
	enum kernel_attach attach;

	ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, one, &attach), 0);
	ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, two, &attach), 0);
	ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_TX_EGRESS, two, &attach), 0);
	datapath_free(d);
	d = sandbox_datapath(_i);
	if (attach == KERNEL_ATTACH_CLSACT)
		kind = "filters";
	ck_assert_int_eq(sweep(d, &w), 0);
	ck_assert(sandbox_exists(sandbox_path("t/%s/rx-%u", kind, one)));
	ck_assert(!sandbox_exists(sandbox_path("t/%s/rx-%u", kind, two)));
	ck_assert(!sandbox_exists(sandbox_path("t/%s/tx-egress-%u", kind, two)));
	sandbox_run("test -z \"$(tc qdisc show dev w0 | grep clsact)\"");
	sandbox_run("test -%c \"$(tc qdisc show dev v0 | grep clsact)\"",
		    attach == KERNEL_ATTACH_CLSACT ? 'n' : 'z');
	datapath_free(d);
}
END_TEST

START_TEST(sweep_of_much_takes_little)
{
	struct wanted w = { .below = 20000 };
	struct datapath *d = sandbox_datapath(false);
	uint64_t start, took;

	ck_assert_int_eq(datapath_open(d, NULL), 0);
	start = sandbox_now_us();
	ck_assert_int_eq(sweep(d, &w), 0);
	took = sandbox_now_us() - start;
	printf("# sweep of nothing: %u us\n", (unsigned int)took);
	ck_assert_uint_lt(took, sandbox_limit_us(500000));

	fill(d, 1, 20000);
	start = sandbox_now_us();
	ck_assert_int_eq(sweep(d, &w), 0);
	took = sandbox_now_us() - start;
	printf("# sweep of 20,000 of everything: %u us\n", (unsigned int)took);
	ck_assert_uint_lt(took, sandbox_limit_us(2000000));
	datapath_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rows");
	TCase *t = sandbox_case(s, "rows");

	tcase_add_test(t, vnet_rows);
	tcase_add_loop_test(t, resource_rows, 0, 4);
	tcase_add_test(t, the_next_resource_begins_at_zero);
	tcase_add_loop_test(t, port_rows, 0, 4);
	tcase_add_test(t, device_rows);
	tcase_add_test(t, device_rows_are_adopted);
	tcase_add_test(t, storm_rows);
	tcase_add_test(t, allowed_rows);
	tcase_add_test(t, hash_rows);
	tcase_add_loop_test(t, sweep_removes_what_is_not_wanted, 0, 3);
	tcase_add_test(t, sweep_of_devices);
	tcase_add_test(t, sweep_removes_counts_without_a_row);
	tcase_add_loop_test(t, sweep_detaches, 0, 2);
	tcase_add_test(t, sweep_of_much_takes_little);
	return sandbox_main(s);
}
