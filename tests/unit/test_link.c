/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of links. Its source is taken in whole, with allocators that can be told to fail:
 * without memory the table has to stay as it was.
 */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

static int allocations_left = -1; /* -1: any number */

static void *test_calloc(size_t count, size_t size)
{
	if (allocations_left == 0)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	return calloc(count, size);
}

#define uthash_malloc(size) test_calloc(1, size)
#define calloc(count, size) test_calloc(count, size)
#include "../../daemon/link.c"
#undef calloc

#include "unit.h"

static struct link_table *table;

static void setup(void)
{
	table = link_table_new();
	ck_assert_ptr_nonnull(table);
}

static void teardown(void)
{
	link_table_free(table);
}

static int put(uint32_t ifindex, const char *name)
{
	struct link l = { .ifindex = ifindex, .mtu = 1500 };

	ck_assert(util_copy(l.name, sizeof(l.name), name));
	return link_put(table, &l);
}

/* What the table says about @ifindex ("" for no name, NULL for not there) agrees both ways. */
static void assert_link(uint32_t ifindex, const char *name)
{
	const struct link *l = link_find(table, ifindex);

	if (!name) {
		ck_assert_ptr_null(l);
		return;
	}
	ck_assert_ptr_nonnull(l);
	ck_assert_uint_eq(l->ifindex, ifindex);
	ck_assert_str_eq(l->name, name);
	if (name[0])
		ck_assert_ptr_eq(link_find_name(table, name), l);
}

START_TEST(empty_table)
{
	ck_assert_uint_eq(link_count(table), 0);
	ck_assert_ptr_null(link_find(table, 1));
	ck_assert_ptr_null(link_find_name(table, "eth0"));
	ck_assert_ptr_null(link_find_name(table, ""));
	ck_assert(!link_remove(table, 1));
	link_mark(table);
	link_table_free(NULL);
}
END_TEST

START_TEST(puts_and_removes)
{
	ck_assert_int_eq(put(1, "lo"), 0);
	ck_assert_int_eq(put(7, "eth0"), 0);
	ck_assert_uint_eq(link_count(table), 2);
	assert_link(1, "lo");
	assert_link(7, "eth0");

	ck_assert(link_remove(table, 7));
	ck_assert(!link_remove(table, 7));
	assert_link(7, NULL);
	ck_assert_ptr_null(link_find_name(table, "eth0"));
	assert_link(1, "lo");
	ck_assert_uint_eq(link_count(table), 1);
}
END_TEST

START_TEST(keeps_every_field)
{
	/* static, so that it can be compared with its padding */
	static const struct link full = {
		.ifindex = 3,
		.name = "eth0",
		.type = 1,
		.address = { 2, 0, 0, 0, 0, 1 },
		.mtu = 9000,
		.min_mtu = 68,
		.max_mtu = 65535,
		.flags = IFF_UP,
		.carrier = true,
		.master = 4,
		.peer = 5,
		.peer_elsewhere = true,
		.promiscuity = 2,
		.kind = "veth",
	};
	struct link l;

	memcpy(&l, &full, sizeof(l));
	ck_assert_int_eq(link_put(table, &l), 0);
	ck_assert_mem_eq(link_find(table, 3), &l, sizeof(l));
	ck_assert(link_is_up(link_find(table, 3)));

	l.carrier = false;
	l.mtu = 1400;
	ck_assert_int_eq(link_put(table, &l), 0);
	ck_assert_mem_eq(link_find(table, 3), &l, sizeof(l));
	ck_assert(!link_is_up(link_find(table, 3)));
	ck_assert_uint_eq(link_count(table), 1);

	l.carrier = true;
	l.flags = 0;
	ck_assert_int_eq(link_put(table, &l), 0);
	ck_assert(!link_is_up(link_find(table, 3)));
}
END_TEST

START_TEST(renames)
{
	ck_assert_int_eq(put(1, "a"), 0);
	ck_assert_int_eq(put(1, "b"), 0);
	assert_link(1, "b");
	ck_assert_ptr_null(link_find_name(table, "a"));
	ck_assert_uint_eq(link_count(table), 1);
}
END_TEST

START_TEST(a_name_moves)
{
	ck_assert_int_eq(put(1, "a"), 0);
	ck_assert_int_eq(put(2, "b"), 0);

	/* 2 was renamed away from "b", 1 has become "b", and we hear of 1 first. */
	ck_assert_int_eq(put(1, "b"), 0);
	assert_link(1, "b");
	assert_link(2, "");
	ck_assert_ptr_null(link_find_name(table, "a"));
	ck_assert_ptr_null(link_find_name(table, ""));
	ck_assert_uint_eq(link_count(table), 2);

	ck_assert_int_eq(put(2, "a"), 0);
	assert_link(1, "b");
	assert_link(2, "a");
}
END_TEST

START_TEST(a_nameless_link_goes)
{
	ck_assert_int_eq(put(3, ""), 0);
	ck_assert_int_eq(put(4, ""), 0);
	assert_link(3, "");
	ck_assert_ptr_null(link_find_name(table, ""));
	ck_assert(link_remove(table, 3));
	ck_assert(link_remove(table, 4));

	ck_assert_int_eq(put(1, "a"), 0);
	ck_assert_int_eq(put(2, "a"), 0);
	assert_link(1, "");
	ck_assert(link_remove(table, 1));
	assert_link(1, NULL);
	assert_link(2, "a");
	ck_assert_uint_eq(link_count(table), 1);
}
END_TEST

START_TEST(a_name_is_used_again)
{
	/* The device was deleted and made again, and the deletion is heard of too late. */
	ck_assert_int_eq(put(5, "vf0"), 0);
	ck_assert_int_eq(put(6, "vf0"), 0);
	ck_assert(link_remove(table, 5));
	assert_link(6, "vf0");
}
END_TEST

START_TEST(holds_many)
{
	char name[IFNAMSIZ];

	for (uint32_t i = 1; i <= 5000; i++) {
		snprintf(name, sizeof(name), "dev%u", i);
		ck_assert_int_eq(put(i, name), 0);
	}
	/* each takes its neighbour's name */
	for (uint32_t i = 1; i < 5000; i++) {
		snprintf(name, sizeof(name), "dev%u", i + 1);
		ck_assert_int_eq(put(i, name), 0);
	}
	ck_assert_uint_eq(link_count(table), 5000);
	for (uint32_t i = 1; i < 5000; i++) {
		snprintf(name, sizeof(name), "dev%u", i + 1);
		assert_link(i, name);
	}
	assert_link(5000, "");
}
END_TEST

struct heard {
	uint32_t gone[8];
	size_t count;
};

static void on_gone(void *context, const struct link *l)
{
	struct heard *h = context;

	/* It is still there while it is told of. */
	ck_assert_ptr_eq(link_find(table, l->ifindex), l);
	ck_assert_uint_lt(h->count, UTIL_ARRAY_SIZE(h->gone));
	h->gone[h->count++] = l->ifindex;
}

START_TEST(sweeps_what_a_dump_lacks)
{
	struct heard h = { .count = 0 };

	ck_assert_int_eq(put(1, "lo"), 0);
	ck_assert_int_eq(put(2, "a"), 0);
	ck_assert_int_eq(put(3, "b"), 0);
	ck_assert_int_eq(put(4, "c"), 0);

	link_sweep(table, on_gone, &h);
	ck_assert_uint_eq(h.count, 0);

	link_mark(table);
	ck_assert_int_eq(put(1, "lo"), 0); /* as it was */
	ck_assert_int_eq(put(3, "a"), 0);  /* renamed */
	ck_assert_int_eq(put(5, "d"), 0);  /* new */
	link_sweep(table, on_gone, &h);
	ck_assert_uint_eq(h.count, 2);
	ck_assert_uint_eq(h.gone[0] + h.gone[1], 2 + 4);
	ck_assert_uint_eq(link_count(table), 3);
	assert_link(1, "lo");
	assert_link(2, NULL);
	assert_link(3, "a");
	assert_link(4, NULL);
	assert_link(5, "d");

	h.count = 0;
	link_sweep(table, on_gone, &h);
	ck_assert_uint_eq(h.count, 0);
}
END_TEST

START_TEST(sweeps_everything)
{
	struct heard h = { .count = 0 };

	ck_assert_int_eq(put(1, "lo"), 0);
	ck_assert_int_eq(put(2, "a"), 0);
	link_mark(table);
	link_sweep(table, on_gone, &h);
	ck_assert_uint_eq(h.count, 2);
	ck_assert_uint_eq(link_count(table), 0);
	ck_assert_int_eq(put(1, "lo"), 0);
	assert_link(1, "lo");
}
END_TEST

START_TEST(first_link_without_memory)
{
	int needed = 0;

	for (;; needed++) {
		allocations_left = needed;
		if (put(1, "a") == 0)
			break;
		ck_assert_uint_eq(link_count(table), 0);
		assert_link(1, NULL);
		ck_assert_ptr_null(link_find_name(table, "a"));
	}
	/* the entry, and two hashes of a table and its buckets each */
	ck_assert_int_eq(needed, 5);
	assert_link(1, "a");
	allocations_left = 0;
	ck_assert_ptr_null(link_table_new());
	allocations_left = -1;
}
END_TEST

START_TEST(rename_without_memory)
{
	ck_assert_int_eq(put(1, "a"), 0);
	ck_assert_int_eq(put(2, "b"), 0);

	allocations_left = 0;
	ck_assert_int_eq(put(1, "b"), -ENOMEM);
	ck_assert_int_eq(put(3, "c"), -ENOMEM);
	assert_link(1, "a");
	assert_link(2, "b");
	assert_link(3, NULL);
	/* News without a new name or device needs none. */
	ck_assert_int_eq(put(2, "b"), 0);
	allocations_left = -1;
}
END_TEST

START_TEST(growth_without_memory)
{
	char name[IFNAMSIZ];
	unsigned int failures = 0;

	/* At some of these the hashes have to grow; each then fails once and is done again. */
	for (uint32_t i = 1; i <= 2000; i++) {
		snprintf(name, sizeof(name), "dev%u", i);
		allocations_left = 1;
		if (put(i, name) < 0) {
			failures++;
			ck_assert_uint_eq(link_count(table), i - 1);
			assert_link(i, NULL);
			ck_assert_ptr_null(link_find_name(table, name));
			allocations_left = -1;
			ck_assert_int_eq(put(i, name), 0);
		}
		assert_link(i, name);
	}
	allocations_left = -1;
	ck_assert_uint_gt(failures, 0);
	for (uint32_t i = 1; i <= 2000; i++) {
		snprintf(name, sizeof(name), "dev%u", i);
		assert_link(i, name);
	}
}
END_TEST

int main(void)
{
	TCase *c;
	Suite *s = unit_suite("link", &c);

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, empty_table);
	tcase_add_test(c, puts_and_removes);
	tcase_add_test(c, keeps_every_field);
	tcase_add_test(c, renames);
	tcase_add_test(c, a_name_moves);
	tcase_add_test(c, a_nameless_link_goes);
	tcase_add_test(c, a_name_is_used_again);
	tcase_add_test(c, holds_many);
	tcase_add_test(c, sweeps_what_a_dump_lacks);
	tcase_add_test(c, sweeps_everything);
	tcase_add_test(c, first_link_without_memory);
	tcase_add_test(c, rename_without_memory);
	tcase_add_test(c, growth_without_memory);
	return unit_run(s);
}
