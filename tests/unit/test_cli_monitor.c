// SPDX-License-Identifier: GPL-2.0-or-later
/* vnetctl monitor: it runs in a process of its own here, as it ends by signals. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli_run.h"

#define STARTED "{\"parameters\":{\"event\":null},\"continues\":true}"
#define EVENT                                                                                      \
	"{\"parameters\":{\"event\":{\"time\":\"T\",\"event\":\"vnet-added\",\"vnet\":\"v\"}},"    \
	"\"continues\":true}"
#define HUMAN "T vnet-added v\n"
#define JSON  "{\"time\":\"T\",\"event\":\"vnet-added\",\"vnet\":\"v\"}\n"

static struct varlink_fake fake;
static pid_t monitor;
static int output; /* of the monitor */

static void start(const struct varlink_fake_step *steps, const char *option)
{
	char *words[] = { (char *)"vnetctl", (char *)"-s", fake.path, (char *)option,
			  (char *)"monitor" };
	int pipes[2];
	FILE *out;

	varlink_fake_start(&fake, steps);
	ck_assert_int_eq(pipe(pipes), 0);
	fflush(NULL);
	monitor = fork();
	ck_assert_int_ge(monitor, 0);
	if (monitor == 0) {
		signal(SIGPIPE, SIG_IGN); /* as some callers have it: then writing fails instead */
		close(pipes[0]);
		out = fdopen(pipes[1], "w");
		_exit(run_main(5, words, out, stderr));
	}
	close(pipes[1]);
	output = pipes[0];
}

static void expect_output(const char *expected)
{
	char text[512] = "";
	size_t used = 0;
	ssize_t n;

	while (used < strlen(expected)) {
		n = read(output, text + used, sizeof(text) - 1 - used);
		ck_assert_int_gt(n, 0);
		used += n;
	}
	ck_assert_str_eq(text, expected);
}

/* The status that it ends with. */
static int finish(void)
{
	int status;

	ck_assert_int_eq(waitpid(monitor, &status, 0), monitor);
	ck_assert(WIFEXITED(status));
	if (output >= 0)
		close(output);
	varlink_fake_stop(&fake);
	return WEXITSTATUS(status);
}

static const struct varlink_fake_step two_events[] = {
	{ FAKE_ANSWER, STARTED "\n" EVENT "\n" EVENT },
	{ FAKE_END },
};

/* The lines arrive although the monitor goes on; a signal is its orderly end. */
START_TEST(events_are_printed_at_once_until_a_signal)
{
	start(two_events, _i % 2 ? "-j" : "-t3");
	expect_output(_i % 2 ? JSON JSON : HUMAN HUMAN);
	ck_assert_int_eq(kill(monitor, _i < 2 ? SIGTERM : SIGINT), 0);
	ck_assert_int_eq(finish(), CTL_DONE);
}
END_TEST

/* -t is for the first answer alone: it passes while nothing happens. */
START_TEST(quiet_is_no_timeout)
{
	static const struct varlink_fake_step steps[] = { { FAKE_ANSWER, STARTED }, { FAKE_END } };
	struct pollfd p;

	start(steps, "-t.1");
	p = (struct pollfd) { .fd = output, .events = POLLIN };
	ck_assert_int_eq(poll(&p, 1, 300), 0); /* neither output nor its end */
	ck_assert_int_eq(kill(monitor, SIGTERM), 0);
	ck_assert_int_eq(finish(), CTL_DONE);
}
END_TEST

START_TEST(the_end_of_vnetd_is_3)
{
	start(two_events, "-t3");
	expect_output(HUMAN HUMAN);
	ck_assert_int_eq(kill(fake.pid, SIGKILL), 0);
	ck_assert_int_eq(finish(), CTL_UNREACHABLE);
}
END_TEST

START_TEST(the_end_of_the_reader_is_a_failure)
{
	start(two_events, "-t3");
	expect_output(HUMAN HUMAN);
	close(output);
	output = -1;
	ck_assert_int_eq(finish(), CTL_FAILED);
}
END_TEST

START_TEST(a_refusal_is_2)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"error\":\"io.vnetd.Control.Permission\",\"parameters\":{"
			       "\"message\":\"reading needs group vnet\",\"errno\":1}}" },
		{ FAKE_END },
	};

	start(steps, "-t3");
	ck_assert_int_eq(finish(), CTL_REFUSED);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("cli_monitor", &t);

	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, events_are_printed_at_once_until_a_signal, 0, 4);
	tcase_add_test(t, quiet_is_no_timeout);
	tcase_add_test(t, the_end_of_vnetd_is_3);
	tcase_add_test(t, the_end_of_the_reader_is_a_failure);
	tcase_add_test(t, a_refusal_is_2);
	return unit_run(s);
}
