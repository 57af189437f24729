// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions that are not waited for; the kernel is the other end of a pair of sockets. */
#include <errno.h>
#include <sys/socket.h>

#include "../../daemon/asker.h"
#include "unit.h"

#define LONG_US	 10000000
#define SHORT_US 20000

static int ours, kernel;
static struct asker *asker;
static char answer[64];

static void setup(void)
{
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	ours = pair[0];
	kernel = pair[1];
	ck_assert_int_eq(asker_new(&asker), 0);
}

/* The thread may still wait for an answer: that of one who is gone is the end of it. */
static void teardown(void)
{
	close(kernel);
	asker_free(asker);
	if (ours >= 0)
		close(ours);
}

static ssize_t ask(const char *question, size_t size, uint64_t wait_us)
{
	return asker_ask(asker, ours, question, strlen(question), answer, size, wait_us);
}

static void check_asked(const char *expected)
{
	char got[64] = { 0 };

	ck_assert_int_eq(recv(kernel, got, sizeof(got) - 1, 0), (ssize_t)strlen(expected));
	ck_assert_str_eq(got, expected);
}

static void say(const char *text)
{
	ck_assert_int_eq(send(kernel, text, strlen(text), 0), (ssize_t)strlen(text));
}

START_TEST(gives_the_answer)
{
	for (int i = 0; i < 100; i++) {
		say("late"); /* it is there already, as the kernel's is when send() returns */
		ck_assert_int_eq(ask("how?", sizeof(answer), LONG_US), 4);
		ck_assert(memcmp(answer, "late", 4) == 0);
		check_asked("how?");
	}
}
END_TEST

START_TEST(tells_without_an_answer)
{
	ck_assert_int_eq(asker_ask(asker, ours, "go", 2, NULL, 0, LONG_US), 0);
	check_asked("go");
}
END_TEST

/* The next one does not get the answer to the one before. */
START_TEST(does_not_wait_for_long)
{
	ck_assert_int_eq(ask("one", sizeof(answer), SHORT_US), -EAGAIN);
	check_asked("one");
	/* Under way: at once, whatever one would wait. */
	ck_assert_int_eq(ask("two", sizeof(answer), LONG_US), -EAGAIN);
	ck_assert_int_eq(asker_ask(asker, ours, "two", 3, NULL, 0, LONG_US), -EAGAIN);
	say("first");
	say("second");
	while (ask("three", sizeof(answer), LONG_US) == -EAGAIN)
		;
	ck_assert(memcmp(answer, "second", 6) == 0);
	check_asked("three");
}
END_TEST

/* The question goes to whom it was meant for, though the number is another's by now. */
START_TEST(descriptor_may_be_closed)
{
	int other[2], old = ours;

	ck_assert_int_eq(ask("one", sizeof(answer), SHORT_US), -EAGAIN);
	close(ours);
	ours = -1;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, other), 0);
	ck_assert_int_eq(other[0], old);
	check_asked("one");
	say("first");
	/* Whoever reads next finds the end: its duplicate is closed when the thread is back. */
	ck_assert_int_eq(recv(kernel, answer, sizeof(answer), 0), 0);
	close(other[0]);
	close(other[1]);
}
END_TEST

START_TEST(tells_errors)
{
	char much[ASKER_QUESTION_BYTES + 1] = { 0 };
	int there = ours;

	ck_assert_int_eq(asker_ask(asker, ours, much, sizeof(much), NULL, 0, LONG_US), -EMSGSIZE);
	ours = -1;
	ck_assert_int_eq(ask("no", sizeof(answer), LONG_US), -EBADF);
	ours = there;
	say("too long");
	ck_assert_int_eq(ask("how?", 3, LONG_US), -EMSGSIZE);
	say("right");
	ck_assert_int_eq(ask("how?", 5, LONG_US), 5);
}
END_TEST

START_TEST(ends_while_it_waits)
{
	ck_assert_int_eq(ask("one", sizeof(answer), SHORT_US), -EAGAIN);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("asker", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, gives_the_answer);
	tcase_add_test(t, tells_without_an_answer);
	tcase_add_test(t, does_not_wait_for_long);
	tcase_add_test(t, descriptor_may_be_closed);
	tcase_add_test(t, tells_errors);
	tcase_add_test(t, ends_while_it_waits);
	return unit_run(s);
}
