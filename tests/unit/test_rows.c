// SPDX-License-Identifier: GPL-2.0-or-later
/* What is made of the kernel's answers to a new row. The kernel is this file's. */
#include <errno.h>

#include <bpf/bpf.h>

#include "../../daemon/rows.h"
#include "unit.h"

#define OFTEN 1000

static int answer, answers_left, calls;

/* In place of libbpf's. */
int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	calls++;
	return answers_left-- > 0 ? answer : 0;
}

static int put(int with, int times)
{
	const uint32_t key = 1, row = 2;

	answer = with;
	answers_left = times;
	calls = 0;
	return rows_put(-1, &key, &row, BPF_ANY);
}

START_TEST(a_row_is_put_once)
{
	ck_assert_int_eq(put(0, OFTEN), 0);
	ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(an_empty_stock_is_waited_for)
{
	ck_assert_int_eq(put(-ENOMEM, 3), 0);
	ck_assert_int_eq(calls, 4);
}
END_TEST

START_TEST(no_memory_is_believed_in_the_end)
{
	ck_assert_int_eq(put(-ENOMEM, OFTEN), -ENOMEM);
	ck_assert_int_lt(calls, OFTEN);
}
END_TEST

START_TEST(what_is_no_matter_of_memory_is_told_at_once)
{
	ck_assert_int_eq(put(-E2BIG, OFTEN), -E2BIG);
	ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(a_worker_is_waited_for_once)
{
	struct rows_cpus *c = NULL;

	ck_assert_int_eq(rows_cpus_new(&c), 0);
	answer = -ENOMEM;
	answers_left = OFTEN;
	calls = 0;
	ck_assert_int_eq(rows_cpus_make(c, -1, 1), 1); /* it came, late */
	ck_assert_int_eq(calls, OFTEN + 1);
	answers_left = 10 * OFTEN;
	ck_assert_int_eq(rows_cpus_make(c, -1, 1), -ENOMEM);
	calls = 0;
	ck_assert_int_eq(rows_cpus_make(c, -1, 2), -ENOMEM);
	ck_assert_int_eq(calls, 1);
	rows_cpus_free(c);
}
END_TEST

int main(void)
{
	TCase *tc;
	Suite *s = unit_suite("rows", &tc);

	tcase_add_test(tc, a_row_is_put_once);
	tcase_add_test(tc, an_empty_stock_is_waited_for);
	tcase_add_test(tc, no_memory_is_believed_in_the_end);
	tcase_add_test(tc, what_is_no_matter_of_memory_is_told_at_once);
	tcase_add_test(tc, a_worker_is_waited_for_once);
	tcase_set_timeout(tc, 60);
	return unit_run(s);
}
