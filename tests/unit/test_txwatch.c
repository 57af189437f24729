/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When is a device stuck that is given frames, and when does it only look so? */
#include "../../daemon/txwatch.h"
#include "unit.h"

#define LOOK_US	   500000 /* a quarter of the time-out */
#define TIMEOUT_US (TXWATCH_LOOKS * LOOK_US)

static struct txwatch w;
static struct txwatch_counts c;
static uint64_t now_us;

static void setup(void)
{
	w = (struct txwatch) { 0 };
	c = (struct txwatch_counts) { 1000, 2000, 3, false };
	now_us = 7000000;
}

/* The device is given @given frames until the next look, sends @sent and drops @dropped of any. */
static bool pass(uint64_t given, uint64_t sent, uint64_t dropped)
{
	now_us += LOOK_US;
	c.given += given;
	c.sent += sent;
	c.dropped += dropped;
	return txwatch_look(&w, &c, now_us, TIMEOUT_US);
}

static void trusted(void)
{
	for (unsigned int i = 0; i < 4; i++)
		ck_assert(!pass(10, 10, 0));
}

/* Returns after how many looks it is found stuck, 0: never. */
static unsigned int found_after(uint64_t given, uint64_t dropped)
{
	for (unsigned int i = 1; i <= 100; i++)
		if (pass(given, 0, dropped))
			return i;
	return 0;
}

START_TEST(test_stuck)
{
	trusted();
	/* the first of them finds it out, and the time begins */
	ck_assert_uint_eq(found_after(10, 0), TXWATCH_LOOKS + 1);
	ck_assert(pass(10, 0, 0));
	ck_assert(!pass(10, 1, 0));
}
END_TEST

START_TEST(test_idle_is_not_stuck)
{
	trusted();
	ck_assert_uint_eq(found_after(0, 0), 0);
	ck_assert_uint_eq(found_after(0, 5), 0);
}
END_TEST

START_TEST(test_any_progress_counts)
{
	trusted();
	for (unsigned int i = 0; i < 100; i++)
		ck_assert(!pass(100000, i % 4 == 0, 50));
}
END_TEST

/* It may be an oversized one, or one that a queue has thrown away. */
START_TEST(test_single_frames_are_not_missed)
{
	trusted();
	ck_assert(!pass(1, 0, 0));
	ck_assert_uint_eq(found_after(0, 0), 0);
	ck_assert(!pass(1, 0, 0));
	ck_assert_uint_eq(found_after(0, 0), 0);
	ck_assert(pass(1, 0, 0)); /* the third time is too often */
}
END_TEST

START_TEST(test_who_never_counts_is_not_stuck)
{
	ck_assert_uint_eq(found_after(10, 0), 0);
	ck_assert_uint_eq(found_after(10, 1), 1); /* for long already */
}
END_TEST

START_TEST(test_who_never_counts_and_drops)
{
	pass(0, 0, 0);
	ck_assert_uint_eq(found_after(10, 10), TXWATCH_LOOKS + 1);
}
END_TEST

/* XDP redirects to it, which its driver may not count. */
START_TEST(test_by_xdp)
{
	trusted();
	c.by_xdp = true;
	ck_assert_uint_eq(found_after(10, 0), 0);
	c.by_xdp = false;
	ck_assert(pass(10, 0, 0));
}
END_TEST

/* The driver reads its hardware every @_i looks; a slower one than twice the time-out is not known.
 */
START_TEST(test_slow_counters)
{
	for (unsigned int i = 1; i <= 200; i++)
		ck_assert(!pass(10, i % (unsigned int)_i ? 0 : 10 * (unsigned int)_i, 0));
	ck_assert_uint_le(found_after(10, 0), 2 * TXWATCH_LOOKS + 1);
}
END_TEST

START_TEST(test_pause)
{
	trusted();
	ck_assert(!pass(10, 0, 0));
	ck_assert(!pass(10, 0, 0));
	ck_assert(!pass(10, 0, 0));
	txwatch_pause(&w);
	now_us += 100 * LOOK_US;
	ck_assert_uint_eq(found_after(10, 0), TXWATCH_LOOKS + 2);
}
END_TEST

/* What counts may begin anew, and so may the device. */
START_TEST(test_counters_begin_anew)
{
	trusted();
	c = (struct txwatch_counts) { 5, 6, 7, false };
	ck_assert(!pass(0, 0, 0));
	ck_assert_uint_eq(found_after(10, 0), TXWATCH_LOOKS + 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("txwatch");
	TCase *t = tcase_create("txwatch");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, test_stuck);
	tcase_add_test(t, test_idle_is_not_stuck);
	tcase_add_test(t, test_any_progress_counts);
	tcase_add_test(t, test_single_frames_are_not_missed);
	tcase_add_test(t, test_who_never_counts_is_not_stuck);
	tcase_add_test(t, test_who_never_counts_and_drops);
	tcase_add_test(t, test_by_xdp);
	tcase_add_loop_test(t, test_slow_counters, 1, TXWATCH_LOOKS + 1);
	tcase_add_test(t, test_pause);
	tcase_add_test(t, test_counters_begin_anew);
	suite_add_tcase(s, t);
	return unit_run(s);
}
