// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of uplinks on a real kernel: written, read, swept. */
#include <errno.h>

#include <bpf/bpf.h>

#include "sandbox.h"

#define UPLINK	  3
#define MEMBERS	  40
#define ADDRESSES 3000

static const struct abi_uplink uplink_row = { .mac = { 2, 0, 0, 0, 0, 9 },
					      .flags = ABI_UPLINK_STEER_IP,
					      .ifindex = 7 };

static int open_map(const char *name)
{
	int fd = bpf_obj_get(sandbox_path("t/maps/%s", name));

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Of slot @slot; 0: it is empty. */
static uint32_t in_slot(uint32_t slot)
{
	const struct abi_member_key key = { UPLINK, slot };
	UTIL_CLOSE int fd = open_map("members");
	uint32_t resource = 0;
	int r = bpf_map_lookup_elem(fd, &key, &resource);

	ck_assert(r == 0 || r == -ENOENT);
	return r == 0 ? resource : 0;
}

static uint32_t slots(struct datapath *d)
{
	struct abi_uplink row;

	ck_assert_int_eq(datapath_uplink_read(d, UPLINK, &row), 0);
	return row.slots;
}

static struct datapath *with_uplink(void)
{
	struct datapath *d = sandbox_datapath(false);

	ck_assert_int_eq(datapath_uplink_write(d, UPLINK, &uplink_row), 0);
	return d;
}

START_TEST(uplink_rows)
{
	struct datapath *d = sandbox_datapath(false);
	struct abi_uplink row, other = uplink_row;

	ck_assert_int_eq(datapath_uplink_read(d, UPLINK, &row), -ENOENT);
	ck_assert_int_eq(datapath_uplink_write(d, UPLINK, NULL), 0);
	ck_assert(!sandbox_exists(sandbox_path("t")));
	ck_assert_int_eq(datapath_uplink_write(d, UPLINK, &uplink_row), 0);
	ck_assert_int_eq(datapath_uplink_read(d, UPLINK, &row), 0);
	ck_assert_mem_eq(&row, &uplink_row, sizeof(row));

	/* How many slots there are is the members' matter. */
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 11, true), 0);
	other.flags = 0;
	other.slots = 77;
	ck_assert_int_eq(datapath_uplink_write(d, UPLINK, &other), 0);
	ck_assert_int_eq(datapath_uplink_read(d, UPLINK, &row), 0);
	ck_assert_uint_eq(row.slots, 1);
	ck_assert_uint_eq(row.flags, 0);

	ck_assert_int_eq(datapath_uplink_write(d, UPLINK, NULL), 0);
	ck_assert_int_eq(datapath_uplink_read(d, UPLINK, &row), -ENOENT);
	ck_assert_int_eq(datapath_uplink_write(d, 0, &uplink_row), -EINVAL);
	ck_assert_int_eq(datapath_uplink_write(d, ABI_UPLINKS_MAX, &uplink_row), -EINVAL);
	datapath_free(d);
}
END_TEST

START_TEST(a_member_keeps_its_slot)
{
	struct datapath *d = with_uplink();

	for (uint32_t i = 0; i < 4; i++)
		ck_assert_int_eq(datapath_member_write(d, UPLINK, 11 + i, true), 0);
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 12, true), 0);
	ck_assert_uint_eq(slots(d), 4);
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 12, false), 0);
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 12, false), 0);
	ck_assert_uint_eq(slots(d), 4);
	ck_assert_uint_eq(in_slot(0), 11);
	ck_assert_uint_eq(in_slot(1), 0);
	ck_assert_uint_eq(in_slot(2), 13);
	ck_assert_uint_eq(in_slot(3), 14);

	/* The next one fills the hole. */
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 20, true), 0);
	ck_assert_uint_eq(slots(d), 4);
	ck_assert_uint_eq(in_slot(1), 20);

	/* At the end there are no holes. */
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 13, false), 0);
	ck_assert_uint_eq(slots(d), 4);
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 14, false), 0);
	ck_assert_uint_eq(slots(d), 2);
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 11, false), 0);
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 20, false), 0);
	ck_assert_uint_eq(slots(d), 0);
	datapath_free(d);
}
END_TEST

/* At each moment those who stay are met once, whoever comes and goes. */
START_TEST(members_at_random)
{
	bool in[MEMBERS + 1] = {}, met[MEMBERS + 1];
	struct datapath *d = with_uplink();
	uint32_t random = 12345, r, count;

	for (int turn = 0; turn < 1000; turn++) {
		random = random * 1103515245 + 12345;
		r = 1 + (random >> 16) % MEMBERS;
		in[r] = !in[r];
		ck_assert_int_eq(datapath_member_write(d, UPLINK, r, in[r]), 0);
		memset(met, 0, sizeof(met));
		count = slots(d);
		for (uint32_t i = 0; i < count; i++) {
			r = in_slot(i);
			ck_assert(!r || !met[r]);
			met[r] = r;
		}
		ck_assert_mem_eq(met + 1, in + 1, MEMBERS);
		ck_assert(count == 0 || in_slot(count - 1));
		ck_assert_uint_eq(in_slot(count), 0);
	}
	datapath_free(d);
}
END_TEST

START_TEST(no_member_without_an_uplink)
{
	struct datapath *d = sandbox_datapath(false);

	ck_assert_int_eq(datapath_member_write(d, UPLINK, 11, false), 0);
	ck_assert(!sandbox_exists(sandbox_path("t")));
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 11, true), -ENOENT);
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 0, true), -EINVAL);
	ck_assert_int_eq(datapath_member_write(d, 0, 11, true), -EINVAL);
	ck_assert_uint_eq(in_slot(0), 0);
	datapath_free(d);
}
END_TEST

/* --- addresses --- */

static struct abi_address_key address(uint16_t number)
{
	return (struct abi_address_key) {
		.uplink = UPLINK,
		.address = { [10] = 0xff, 0xff, 10, 0, (uint8_t)(number >> 8), (uint8_t)number },
	};
}

static int count_visit(void *context, const struct abi_address_key *key,
		       const struct abi_holder *holder)
{
	uint32_t *counts = context;

	counts[holder->resource]++;
	return 0;
}

START_TEST(address_rows)
{
	const struct abi_holder given = { .resource = 1 }, other = { .resource = 2 };
	const struct abi_address_key key = address(5);
	struct datapath *d = sandbox_datapath(false);
	uint32_t counts[3] = {};
	struct abi_holder row;

	ck_assert_int_eq(datapath_address_read(d, &key, &row), -ENOENT);
	ck_assert_int_eq(datapath_address_write(d, &key, NULL), 0);
	ck_assert_int_eq(datapath_addresses_each(d, count_visit, counts), 0);
	ck_assert(!sandbox_exists(sandbox_path("t")));
	ck_assert_int_eq(datapath_address_write(d, &key, &given), 0);
	ck_assert_int_eq(datapath_address_write(d, &key, &other), 0);
	ck_assert_int_eq(datapath_address_read(d, &key, &row), 0);
	ck_assert_uint_eq(row.resource, 2);
	ck_assert_int_eq(datapath_address_write(d, &key, NULL), 0);
	ck_assert_int_eq(datapath_address_read(d, &key, &row), -ENOENT);
	datapath_free(d);
}
END_TEST

/* What was learned of a vnet goes with it, and nothing else does. */
START_TEST(learned_ones_are_forgotten)
{
	struct abi_holder row = {};
	struct datapath *d = with_uplink();
	uint32_t counts[3] = {};
	struct abi_address_key key;

	ck_assert_int_eq(datapath_learner_write(d, 1, true), 0);
	ck_assert_int_eq(datapath_learner_write(d, 1, true), 0);
	for (uint16_t i = 0; i < ADDRESSES; i++) {
		key = address(i);
		row.resource = i % 3;
		row.flags = i % 2 ? ABI_HOLDER_LEARNED : 0;
		ck_assert_int_eq(datapath_address_write(d, &key, &row), 0);
	}
	ck_assert_int_eq(datapath_learner_write(d, 1, false), 0);
	ck_assert_int_eq(datapath_learner_write(d, 1, false), 0);
	ck_assert_int_eq(datapath_addresses_each(d, count_visit, counts), 0);
	ck_assert_uint_eq(counts[0], ADDRESSES / 3);
	ck_assert_uint_eq(counts[1], ADDRESSES / 6);
	ck_assert_uint_eq(counts[2], ADDRESSES / 3);
	ck_assert_int_eq(datapath_learner_write(d, 0, true), -EINVAL);
	datapath_free(d);
}
END_TEST

/* What the programs have written of it stays when the next daemon says again that it learns. */
START_TEST(a_learner_keeps_its_ring)
{
	struct datapath *d = sandbox_datapath(false);
	struct abi_learner row;
	uint32_t one = 1;
	UTIL_CLOSE int fd = -1;

	ck_assert_int_eq(datapath_learner_write(d, one, true), 0);
	fd = open_map("learners");
	ck_assert_int_eq(bpf_map_lookup_elem(fd, &one, &row), 0);
	ck_assert_uint_eq(row.next, 0);
	row.next = 5;
	ck_assert_int_eq(bpf_map_update_elem(fd, &one, &row, BPF_EXIST), 0);
	ck_assert_int_eq(datapath_learner_write(d, one, true), 0);
	ck_assert_int_eq(bpf_map_lookup_elem(fd, &one, &row), 0);
	ck_assert_uint_eq(row.next, 5);
	ck_assert_int_eq(datapath_learner_write(d, one, false), 0);
	ck_assert_int_eq(bpf_map_lookup_elem(fd, &one, &row), -ENOENT);
	datapath_free(d);
}
END_TEST

/* --- the sweep --- */

static bool wants_odd(void *context, uint32_t number)
{
	return number % 2;
}

static bool wants_odd_member(void *context, uint32_t uplink, uint32_t resource)
{
	return uplink % 2 && resource % 2;
}

static bool wants_odd_address(void *context, const struct abi_address_key *key,
			      const struct abi_holder *holder)
{
	return holder->resource % 2;
}

static bool wants_port(void *context, uint32_t ifindex)
{
	return false;
}

static void fill(struct datapath *d)
{
	const struct abi_holder holders[] = { { .resource = 1 }, { .resource = 2 } };
	struct abi_address_key key;

	for (uint32_t uplink = 1; uplink < 5; uplink++) {
		ck_assert_int_eq(datapath_uplink_write(d, uplink, &uplink_row), 0);
		for (uint32_t i = 1; i < 6; i++)
			ck_assert_int_eq(datapath_member_write(d, uplink, i, true), 0);
	}
	for (uint16_t i = 0; i < 2; i++) {
		key = address(i);
		ck_assert_int_eq(datapath_address_write(d, &key, &holders[i]), 0);
		ck_assert_int_eq(datapath_learner_write(d, i + 1u, true), 0);
	}
}

static size_t count_rows(const char *map)
{
	UTIL_CLOSE int fd = open_map(map);
	uint8_t key[32], next[32];
	size_t n = 0;

	for (void *at = NULL; bpf_map_get_next_key(fd, at, next) == 0; at = key, n++)
		memcpy(key, next, sizeof(key));
	return n;
}

static void check_uplinks(struct datapath *d, bool odd)
{
	struct abi_uplink row;

	for (uint32_t i = 1; i < 5; i++)
		ck_assert_int_eq(datapath_uplink_read(d, i, &row), odd && i % 2 ? 0 : -ENOENT);
}

START_TEST(sweep_keeps_what_is_wanted)
{
	const struct kernel_wanted nothing = { .port = wants_port }, odd = {
		.port = wants_port,
		.uplink = wants_odd,
		.member = wants_odd_member,
		.address = wants_odd_address,
		.learner = wants_odd,
	};
	struct datapath *d = sandbox_datapath(false);

	fill(d);
	ck_assert_int_eq(datapath_sweep(d, &odd), 0);
	check_uplinks(d, true);
	ck_assert_uint_eq(count_rows("members"), 2 * 3);
	ck_assert_uint_eq(count_rows("addresses"), 1);
	ck_assert_uint_eq(count_rows("learners"), 1);
	/* Holes that the sweep made are filled again. */
	ck_assert_int_eq(datapath_member_write(d, UPLINK, 8, true), 0);
	ck_assert_uint_eq(in_slot(1), 8);
	ck_assert_int_eq(datapath_sweep(d, &nothing), 0);
	check_uplinks(d, false);
	ck_assert_uint_eq(count_rows("members") + count_rows("addresses") + count_rows("learners"),
			  0);
	datapath_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("uplink_rows");
	TCase *t = sandbox_case(s, "rows");

	tcase_add_test(t, uplink_rows);
	tcase_add_test(t, a_member_keeps_its_slot);
	tcase_add_test(t, members_at_random);
	tcase_add_test(t, no_member_without_an_uplink);
	tcase_add_test(t, address_rows);
	tcase_add_test(t, learned_ones_are_forgotten);
	tcase_add_test(t, a_learner_keeps_its_ring);
	tcase_add_test(t, sweep_keeps_what_is_wanted);
	return sandbox_main(s);
}
