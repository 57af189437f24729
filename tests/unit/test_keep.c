// SPDX-License-Identifier: GPL-2.0-or-later
/* Many changes in a row are kept once, and none of them is forgotten. */
#include <errno.h>

#include "world.h"

static struct world *w;

static void setup(void)
{
	w = world_new();
	world_usual(w);
	manager_settle(w->m);
	w->saves = 0;
}

static void teardown(void)
{
	world_free(w);
}

static void later(const char *name)
{
	manager_keep_later(w->m, true);
	world_vnet(w, name);
	manager_keep_later(w->m, false);
	manager_settle(w->m);
}

START_TEST(test_kept_when_asked_for)
{
	later("vnet1");
	later("vnet2");
	ck_assert_uint_eq(w->saves, 0);
	ck_assert_int_eq(manager_keep(w->m, &w->e), 0);
	ck_assert_uint_eq(w->saves, 1);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"vnet2\""));
	ck_assert_int_eq(manager_keep(w->m, &w->e), 0);
	ck_assert_uint_eq(w->saves, 1);
	world_pass(w, 2000000);
	ck_assert_uint_eq(w->saves, 1);
}
END_TEST

START_TEST(test_kept_with_another_change)
{
	later("vnet1");
	world_vnet(w, "vnet2");
	ck_assert_uint_eq(w->saves, 1);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"vnet1\""));
	ck_assert_int_eq(manager_keep(w->m, &w->e), 0);
	ck_assert_uint_eq(w->saves, 1);
}
END_TEST

START_TEST(test_kept_after_a_second)
{
	later("vnet1");
	world_pass(w, 600000);
	later("vnet2"); /* does not begin the second anew */
	ck_assert_uint_eq(w->saves, 0);
	world_pass(w, 500000);
	ck_assert_uint_eq(w->saves, 1);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"vnet2\""));
}
END_TEST

START_TEST(test_removal_is_kept_later)
{
	manager_keep_later(w->m, true);
	world_resource_del(w, "vnet0", "g");
	manager_keep_later(w->m, false);
	ck_assert_uint_eq(w->saves, 0);
	ck_assert_int_eq(manager_keep(w->m, &w->e), 0);
	ck_assert_ptr_null(strstr(w->kept, WORLD_PEER));
}
END_TEST

START_TEST(test_failure_is_told_and_tried_again)
{
	later("vnet1");
	w->save_fails = true;
	ck_assert_int_eq(manager_keep(w->m, &w->e), -w->e.number);
	ck_assert_str_ne(w->e.message, "");
	ck_assert_int_lt(world_try_vnet(w, "vnet2", NULL), 0);
	world_pass(w, 3500000);
	ck_assert_uint_eq(w->saves, 0);
	w->save_fails = false;
	world_pass(w, 1000000);
	ck_assert_uint_eq(w->saves, 1);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"vnet1\""));
	ck_assert_ptr_null(strstr(w->kept, "\"vnet2\""));
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("keep", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_kept_when_asked_for);
	tcase_add_test(t, test_kept_with_another_change);
	tcase_add_test(t, test_kept_after_a_second);
	tcase_add_test(t, test_removal_is_kept_later);
	tcase_add_test(t, test_failure_is_told_and_tried_again);
	return unit_run(s);
}
