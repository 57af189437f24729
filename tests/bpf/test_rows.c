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

START_TEST(resource_rows)
{
	struct abi_resource row, down = resource_row;
	struct datapath *d = sandbox_datapath(false);
	struct abi_counters counters;

	ck_assert_int_eq(datapath_resource_read(d, 65535, &row), -ENOENT);
	ck_assert_int_eq(datapath_counters(d, 65535, &counters), -ENOENT);
	ck_assert_int_eq(datapath_resource_write(d, 65535, &resource_row), 0);
	ck_assert_int_eq(datapath_resource_read(d, 65535, &row), 0);
	ck_assert_mem_eq(&row, &resource_row, sizeof(row));

	count_on_cpus("counters", 65535, sizeof(counters) / 8, 50);
	down.up = 0;
	ck_assert_int_eq(datapath_resource_write(d, 65535, &down), 0);
	ck_assert_int_eq(datapath_resource_read(d, 65535, &row), 0);
	ck_assert_uint_eq(row.up, 0);
	ck_assert_int_eq(datapath_counters(d, 65535, &counters), 0);
	ck_assert_uint_eq(counters.rx_packets, sum_of_cpus(50));
	ck_assert_uint_eq(counters.tx_broadcast, sum_of_cpus(50));

	ck_assert_int_eq(datapath_resource_write(d, 65535, NULL), 0);
	ck_assert_int_eq(datapath_resource_read(d, 65535, &row), -ENOENT);
	ck_assert_int_eq(datapath_counters(d, 65535, &counters), -ENOENT);
	ck_assert_int_eq(datapath_resource_write(d, 65535, NULL), 0);
	ck_assert_int_eq(datapath_resource_write(d, 0, &resource_row), -EINVAL);
	datapath_free(d);
}
END_TEST

START_TEST(hash_rows)
{
	const struct abi_fdb_key key = { .vnet = 1, .vlan = 10, .mac = { 2, 0, 0, 0, 0, 3 } };
	const struct abi_vlans_key owner = { .vnet = 1, .resource = 2 };
	const struct abi_vlans tagged = { .bits = { 0x400, [63] = 1 } };
	const struct abi_port port = { .vnet = 1, .resource = 2 };
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
		ck_assert_int_eq(datapath_port_write(d, 12, &port), 0);
	}
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(datapath_fdb_write(d, &key, 0), 0);
		ck_assert_int_eq(datapath_vlans_write(d, &owner, NULL), 0);
		ck_assert_int_eq(datapath_port_write(d, 12, NULL), 0);
	}
	ck_assert_int_eq(datapath_fdb_read(d, &key, &resource), -ENOENT);
	ck_assert_int_eq(datapath_vlans_read(d, &owner, &vlans), -ENOENT);
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

static int sweep(struct datapath *d, struct wanted *w)
{
	const struct kernel_wanted wanted = {
		want_hook, want_number, want_number, want_number, want_fdb, want_vlans, w
	};

	return datapath_sweep(d, &wanted);
}

static struct abi_fdb_key fdb_key(uint32_t i)
{
	return (struct abi_fdb_key) {
		.vnet = 1, .mac = { 2, 0, 0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i }
	};
}

static void fill(struct datapath *d, uint32_t from, uint32_t end)
{
	static const struct abi_vlans vlans = { .bits = { 2 } };

	for (uint32_t i = from; i < end; i++) {
		struct abi_fdb_key key = fdb_key(i);

		ck_assert_int_eq(datapath_vnet_write(d, i, &vnet_row), 0);
		ck_assert_int_eq(datapath_resource_write(d, i, &resource_row), 0);
		ck_assert_int_eq(datapath_fdb_write(d, &key, i), 0);
		ck_assert_int_eq(datapath_vlans_write(d, &(struct abi_vlans_key) { 1, i }, &vlans),
				 0);
		ck_assert_int_eq(datapath_port_write(d, i, &(struct abi_port) { 1, i }), 0);
	}
}

static void check_there(struct datapath *d, uint32_t i, int expected)
{
	const struct abi_fdb_key key = fdb_key(i);
	UTIL_CLOSE int ports = bpf_obj_get(sandbox_path("t/maps/ports"));
	struct abi_resource resource;
	struct abi_counters counters;
	struct abi_drops drops;
	struct abi_vlans vlans;
	struct abi_vnet vnet;
	struct abi_port port;
	uint32_t number;

	ck_assert_int_eq(datapath_vnet_read(d, i, &vnet), expected);
	ck_assert_int_eq(datapath_drops(d, i, &drops), expected);
	ck_assert_int_eq(datapath_resource_read(d, i, &resource), expected);
	ck_assert_int_eq(datapath_counters(d, i, &counters), expected);
	ck_assert_int_eq(datapath_fdb_read(d, &key, &number), expected);
	ck_assert_int_eq(datapath_vlans_read(d, &(struct abi_vlans_key) { 1, i }, &vlans),
			 expected);
	ck_assert_int_eq(bpf_map_lookup_elem(ports, &i, &port), expected);
}

START_TEST(sweep_removes_what_is_not_wanted)
{
	struct wanted w = { .below = 300 };
	struct datapath *d = sandbox_datapath(false);
	uint32_t program;
	int old;

	fill(d, 1, 1000);
	datapath_free(d);
	program = sandbox_program_id(sandbox_path("t/programs/vnet_tx"));
	d = sandbox_datapath(false);
	ck_assert_int_eq(datapath_open(d, NULL), 0);
	old = bpf_prog_get_fd_by_id(program);
	ck_assert_int_ge(old, 0);
	ck_assert_int_eq(close(old), 0);

	ck_assert_int_eq(sweep(d, &w), 0);
	sandbox_wait_gone(SANDBOX_PROGRAM, program);
	for (uint32_t i = 1; i < 1000; i++)
		check_there(d, i, i < 300 ? 0 : -ENOENT);
	/* Rows that are not there are not asked about: five maps, and two of counts. */
	ck_assert_uint_eq(w.asked, 5 * 999 + 2 * 299);
	datapath_free(d);
}
END_TEST

START_TEST(sweep_removes_counts_without_a_row)
{
	struct wanted w = { .below = 5 };
	struct datapath *d = sandbox_datapath(false);
	const struct abi_resource none = {};
	struct abi_counters counters;
	const uint32_t number = 7;
	UTIL_CLOSE int fd = -1;

	ck_assert_int_eq(datapath_resource_write(d, number, &resource_row), 0);
	fd = bpf_obj_get(sandbox_path("t/maps/resources"));
	ck_assert_int_eq(bpf_map_update_elem(fd, &number, &none, BPF_ANY), 0);
	ck_assert_int_eq(sweep(d, &w), 0);
	ck_assert_int_eq(datapath_counters(d, number, &counters), -ENOENT);
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

/* What may take so long on an ordinary machine; the environment says how much slower this one is.
 */
static uint64_t limit_us(uint64_t ordinary_us)
{
	const char *slow = getenv("VNET_SLOW");

	return slow ? ordinary_us * strtoull(slow, NULL, 10) : ordinary_us;
}

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
	ck_assert_uint_lt(took, limit_us(500000));

	fill(d, 1, 20000);
	start = sandbox_now_us();
	ck_assert_int_eq(sweep(d, &w), 0);
	took = sandbox_now_us() - start;
	printf("# sweep of 20,000 of everything: %u us\n", (unsigned int)took);
	ck_assert_uint_lt(took, limit_us(2000000));
	datapath_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rows");
	TCase *t = sandbox_case(s, "rows");

	tcase_add_test(t, vnet_rows);
	tcase_add_test(t, resource_rows);
	tcase_add_test(t, hash_rows);
	tcase_add_test(t, sweep_removes_what_is_not_wanted);
	tcase_add_test(t, sweep_removes_counts_without_a_row);
	tcase_add_loop_test(t, sweep_detaches, 0, 2);
	tcase_add_test(t, sweep_of_much_takes_little);
	return sandbox_main(s);
}
