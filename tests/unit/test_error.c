/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "../../daemon/error.h"
#include "../../daemon/kernel.h"
#include "unit.h"

START_TEST(fills_every_field)
{
	struct error e = { 0 };
	int r = error_set(&e, ERROR_BUSY, EBUSY, "vnet0/g1", "device", "device %s is taken by %d",
			  "eth0", 7);

	ck_assert_int_eq(r, -EBUSY);
	ck_assert_int_eq(e.kind, ERROR_BUSY);
	ck_assert_int_eq(e.number, EBUSY);
	ck_assert_str_eq(e.object, "vnet0/g1");
	ck_assert_str_eq(e.field, "device");
	ck_assert_str_eq(e.message, "device eth0 is taken by 7");
}
END_TEST

START_TEST(forgets_what_was_there)
{
	struct error e;

	memset(&e, 'x', sizeof(e));
	ck_assert_int_eq(error_set(&e, ERROR_FAILED, ENOMEM, NULL, NULL, "no memory"), -ENOMEM);
	ck_assert_str_eq(e.object, "");
	ck_assert_str_eq(e.field, "");
	ck_assert_str_eq(e.message, "no memory");
}
END_TEST

START_TEST(needs_no_error)
{
	ck_assert_int_eq(error_set(NULL, ERROR_INVALID, EINVAL, "a", "b", "%d", 1), -EINVAL);
}
END_TEST

START_TEST(wraps_an_earlier_one)
{
	struct error e = { 0 };

	error_set(&e, ERROR_INVALID, EINVAL, "vnet0", "mtu", "mtu is odd");
	error_set(&e, ERROR_INVALID, EINVAL, e.object, e.field, "file:3: %s", e.message);
	ck_assert_str_eq(e.object, "vnet0");
	ck_assert_str_eq(e.field, "mtu");
	ck_assert_str_eq(e.message, "file:3: mtu is odd");
}
END_TEST

START_TEST(cuts_what_is_too_long)
{
	struct error e = { 0 };
	char text[2000];

	memset(text, 'y', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&e, ERROR_INVALID, EINVAL, text, text, "%s", text);
	ck_assert_uint_eq(strlen(e.object), sizeof(e.object) - 1);
	ck_assert_uint_eq(strlen(e.field), sizeof(e.field) - 1);
	ck_assert_uint_eq(strlen(e.message), sizeof(e.message) - 1);
}
END_TEST

static const struct {
	enum error_kind kind;
	const char *name;
} kinds[] = {
	{ ERROR_NOT_FOUND, "NotFound" },    { ERROR_EXISTS, "Exists" },
	{ ERROR_INVALID, "Invalid" },	    { ERROR_BUSY, "Busy" },
	{ ERROR_PERMISSION, "Permission" }, { ERROR_FAILED, "Failed" },
	{ ERROR_NONE, "Failed" },
};

START_TEST(names_every_kind)
{
	ck_assert_str_eq(error_kind_name(kinds[_i].kind), kinds[_i].name);
}
END_TEST

START_TEST(names_every_attachment)
{
	ck_assert_str_eq(kernel_attach_name(KERNEL_ATTACH_NONE), "none");
	ck_assert_str_eq(kernel_attach_name(KERNEL_ATTACH_TCX), "tcx");
	ck_assert_str_eq(kernel_attach_name(KERNEL_ATTACH_CLSACT), "clsact");
}
END_TEST

int main(void)
{
	TCase *c;
	Suite *s = unit_suite("error", &c);

	tcase_add_test(c, fills_every_field);
	tcase_add_test(c, forgets_what_was_there);
	tcase_add_test(c, needs_no_error);
	tcase_add_test(c, wraps_an_earlier_one);
	tcase_add_test(c, cuts_what_is_too_long);
	tcase_add_loop_test(c, names_every_kind, 0, UTIL_ARRAY_SIZE(kinds));
	tcase_add_test(c, names_every_attachment);
	return unit_run(s);
}
