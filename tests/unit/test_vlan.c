/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "../../daemon/vlan.h"
#include "unit.h"

static const struct {
	const char *text;
	const char *formatted;
	size_t ranges;
	size_t members;
} good[] = {
	{ "none", "none", 0, 0 },
	{ "all", "all", 1, 4094 },
	{ "1-4094", "all", 1, 4094 },
	{ "1", "1", 1, 1 },
	{ "4094", "4094", 1, 1 },
	{ "0010", "10", 1, 1 },
	{ "10,20-29", "10,20-29", 2, 11 },
	{ "20-29,10", "10,20-29", 2, 11 },
	{ "10-10", "10", 1, 1 },
	{ "10,10,10", "10", 1, 1 },
	{ "10,11", "10-11", 1, 2 },
	{ "11,10", "10-11", 1, 2 },
	{ "10,12,11", "10-12", 1, 3 },
	{ "10-20,15-30", "10-30", 1, 21 },
	{ "10-20,21-30", "10-30", 1, 21 },
	{ "10-20,22-30", "10-20,22-30", 2, 20 },
	{ "10-30,15-20", "10-30", 1, 21 },
	{ "1,3,4094", "1,3,4094", 3, 3 },
	{ "2-4094,1", "all", 1, 4094 },
	{ "2-4093", "2-4093", 1, 4092 },
	/* over 32 ranges on the way, one in the end */
	{ "1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,47,49,51,53,55,57,59,61,"
	  "63,65,67,69,1-100",
	  "1-100", 1, 100 },
};

static void assert_sound(const struct vlan_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		ck_assert_uint_ge(set->range[i].first, VLAN_FIRST);
		ck_assert_uint_le(set->range[i].first, set->range[i].last);
		ck_assert_uint_le(set->range[i].last, VLAN_LAST);
		if (i)
			ck_assert_uint_gt(set->range[i].first, set->range[i - 1].last + 1);
	}
}

START_TEST(reads_and_writes)
{
	struct vlan_set set, again;
	char text[VLAN_TEXT_SIZE];

	memset(&set, 0xff, sizeof(set));
	ck_assert_int_eq(vlan_parse(good[_i].text, &set), 0);
	ck_assert_uint_eq(set.count, good[_i].ranges);
	assert_sound(&set);
	ck_assert_ptr_eq(vlan_format(&set, text), text);
	ck_assert_str_eq(text, good[_i].formatted);

	ck_assert_int_eq(vlan_parse(text, &again), 0);
	ck_assert(vlan_same(&set, &again));
}
END_TEST

START_TEST(walks_its_members)
{
	struct vlan_set set;
	size_t count = 0;

	ck_assert_int_eq(vlan_parse(good[_i].text, &set), 0);
	for (uint16_t vlan = 0, next; (next = vlan_next(&set, vlan)); vlan = next) {
		ck_assert_uint_gt(next, vlan);
		for (uint16_t between = (uint16_t)(vlan + 1); between < next; between++)
			ck_assert(!vlan_has(&set, between));
		ck_assert(vlan_has(&set, next));
		count++;
	}
	ck_assert_uint_eq(count, good[_i].members);
	ck_assert(!vlan_has(&set, 0));
	ck_assert(!vlan_has(&set, 4095));
	ck_assert_uint_eq(vlan_next(&set, VLAN_LAST), 0);
}
END_TEST

static const char *const bad[] = {
	"",	 "0",	"4095",	  "65537",  "4294967297", "99999999999999999999",
	"-",	 "-1",	"10-",	  "20-10",  "0-10",	  "10-4095",
	"1-2-3", "10,", ",10",	  "10,,20", "10 20",	  "10, 20",
	" 10",	 "10 ", "x",	  "10x",    "0x10",	  "+10",
	"None",	 "ALL", "none,1", "all,1",  "1,all",	  "10;20",
};

START_TEST(refuses)
{
	struct vlan_set set, before;

	memset(&set, 7, sizeof(set));
	before = set;
	ck_assert_int_eq(vlan_parse(bad[_i], &set), -EINVAL);
	ck_assert_mem_eq(&set, &before, sizeof(set));
}
END_TEST

/* "FIRST-FIRST+1,...": the longest text that @count ranges can have. */
static void make_ranges(char *text, size_t size, size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%zu-%zu", i ? "," : "",
					 1000 + 3 * i, 1001 + 3 * i);
}

START_TEST(holds_32_ranges)
{
	char text[VLAN_TEXT_SIZE + 32], again[VLAN_TEXT_SIZE];
	struct vlan_set set = { 0 }, before;

	make_ranges(text, sizeof(text), VLAN_RANGES_MAX);
	ck_assert_int_eq(vlan_parse(text, &set), 0);
	ck_assert_uint_eq(set.count, VLAN_RANGES_MAX);
	ck_assert_str_eq(vlan_format(&set, again), text);

	before = set;
	make_ranges(text, sizeof(text), VLAN_RANGES_MAX + 1);
	ck_assert_int_eq(vlan_parse(text, &set), -E2BIG);
	ck_assert_mem_eq(&set, &before, sizeof(set));
}
END_TEST

static const struct {
	const char *a;
	const char *b;
	bool same;
} pairs[] = {
	{ "none", "none", true },  { "all", "1-4094", true }, { "1,2,3", "1-3", true },
	{ "none", "1", false },	   { "1", "2", false },	      { "1-3", "1-4", false },
	{ "1,5", "1,5,7", false }, { "all", "none", false },
};

START_TEST(compares)
{
	struct vlan_set a, b;

	/* What is behind the ranges in use has no say. */
	memset(&a, 1, sizeof(a));
	memset(&b, 2, sizeof(b));
	ck_assert_int_eq(vlan_parse(pairs[_i].a, &a), 0);
	ck_assert_int_eq(vlan_parse(pairs[_i].b, &b), 0);
	ck_assert_int_eq(vlan_same(&a, &b), pairs[_i].same);
	ck_assert_int_eq(vlan_same(&b, &a), pairs[_i].same);
}
END_TEST

int main(void)
{
	TCase *c;
	Suite *s = unit_suite("vlan", &c);

	tcase_add_loop_test(c, reads_and_writes, 0, UTIL_ARRAY_SIZE(good));
	tcase_add_loop_test(c, walks_its_members, 0, UTIL_ARRAY_SIZE(good));
	tcase_add_loop_test(c, refuses, 0, UTIL_ARRAY_SIZE(bad));
	tcase_add_test(c, holds_32_ranges);
	tcase_add_loop_test(c, compares, 0, UTIL_ARRAY_SIZE(pairs));
	return unit_run(s);
}
