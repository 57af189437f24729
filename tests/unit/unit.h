/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every unit test's main() needs: one suite in, an exit status out. */
#ifndef VNET_TESTS_UNIT_H
#define VNET_TESTS_UNIT_H

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define UNIT_SKIPPED 77 /* exit status of a test that cannot run here */

/* A suite with one test case in it, borrowed by @ret for tcase_add_test(). */
static inline Suite *unit_suite(const char *name, TCase **ret)
{
	Suite *s = suite_create(name);

	*ret = tcase_create(name);
	suite_add_tcase(s, *ret);
	return s;
}

/* Runs and frees @s. Two lines of output when all is well, else one more for each failure. */
static inline int unit_run(Suite *s)
{
	SRunner *runner = srunner_create(s);
	int run, failed;

	srunner_run_all(runner, CK_NORMAL);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	/* A suite without tests has proved nothing. */
	return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Says why this test cannot run here. Returns the exit status for main(). */
static inline int __attribute__((format(printf, 1, 2))) unit_skip(const char *why, ...)
{
	va_list args;

	va_start(args, why);
	fputs("skipped: ", stdout);
	vprintf(why, args);
	putchar('\n');
	va_end(args);
	return UNIT_SKIPPED;
}

#endif
