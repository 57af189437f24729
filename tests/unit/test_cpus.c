/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of CPUs. */
#include <errno.h>

#include "../../daemon/cpus.h"
#include "unit.h"

static const struct {
	const char *list;
	uint32_t cpu;
	bool has;
} lists[] = {
	{ "0", 0, true },	  { "0", 1, false },	  { "0-3", 3, true },
	{ "0-3", 4, false },	  { "0-3,6", 5, false },  { "0-3,6", 6, true },
	{ "1,3,5-6", 0, false },  { "1,3,5-6", 3, true }, { "", 0, false },
	{ "nonsense", 0, false }, { "0,", 7, false },	  { "4294967295", 4294967295u, true },
};

START_TEST(test_have)
{
	ck_assert_int_eq(cpus_have(lists[_i].list, lists[_i].cpu), lists[_i].has);
}
END_TEST

START_TEST(test_read)
{
	char path[] = "/tmp/vnet-cpus-XXXXXX", list[8];
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "0-3,6\n", 6), 6);
	ck_assert_int_eq(cpus_read(path, list, sizeof(list)), 0);
	ck_assert_str_eq(list, "0-3,6");
	ck_assert_int_eq(write(fd, "8-15\n", 5), 5);
	ck_assert_int_eq(cpus_read(path, list, sizeof(list)), -EFBIG);
	close(fd);
	unlink(path);
	ck_assert_int_eq(cpus_read(path, list, sizeof(list)), -ENOENT);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("cpus", &t);

	tcase_add_loop_test(t, test_have, 0, UTIL_ARRAY_SIZE(lists));
	tcase_add_test(t, test_read);
	return unit_run(s);
}
