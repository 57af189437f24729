// SPDX-License-Identifier: GPL-2.0-or-later
/* vnetctl -b: many commands over one connection. */
#include <signal.h>
#include <unistd.h>

#include "cli_run.h"

static struct varlink_fake fake;
static char file[64];

static void start(const struct varlink_fake_step *steps, const char *text, size_t length)
{
	FILE *f;
	int fd;

	varlink_fake_start(&fake, steps);
	strcpy(file, "/tmp/vnet-batch.XXXXXX");
	fd = mkstemp(file);
	ck_assert_int_ge(fd, 0);
	f = fdopen(fd, "w");
	ck_assert_uint_eq(fwrite(text, 1, length, f), length);
	ck_assert_int_eq(fclose(f), 0);
}

static void stop(void)
{
	unlink(file);
	varlink_fake_stop(&fake);
}

/* "FILE" in @err stands for the file's name. */
static void expect(const char *options, enum ctl_status status, const char *out, const char *err)
{
	const char *mark = strstr(err, "FILE");
	char line[128], complaint[512];

	snprintf(line, sizeof(line), "%s-b %s", options, file);
	if (mark)
		snprintf(complaint, sizeof(complaint), "%.*s%s%s", (int)(mark - err), err, file,
			 mark + 4);
	cli_expect(fake.path, line, status, out, mark ? complaint : err);
}

#define START(steps, text) start(steps, text, strlen(text))

START_TEST(lines_are_commands)
{
	/* One connection: the server ends it after the last answer. */
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{}" }, { FAKE_ANSWER, "{\"parameters\":{\"vnets\":[]}}" },
		{ FAKE_ANSWER, "{}" }, { FAKE_ANSWER, "{}" },
		{ FAKE_END },
	};

	START(steps, "# a comment\n"
		     "\n"
		     "vnet add vnet0   mtu\t9000 # and another\r\n"
		     "  vnet show\n"
		     "   # the last line has no line feed\n"
		     "vnet del vnet0");
	expect("-j ", CTL_DONE, "[]\n", "");
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "\"mtu\":9000"));
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "ListVnets"));
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake),
				     "DeleteVnet\",\"parameters\":{"
				     "\"name\":\"vnet0\",\"later\":true}"));
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "Keep"));
	stop();
}
END_TEST

START_TEST(nothing_to_do_needs_no_daemon)
{
	static const struct varlink_fake_step steps[] = { { FAKE_END } };

	START(steps, "# nothing\n\nversion\n");
	kill(fake.pid, SIGKILL);
	expect("", CTL_DONE, "vnetctl " VNET_VERSION "\n", "");
	stop();
}
END_TEST

START_TEST(the_first_failure_ends_it)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{\"error\":\"io.vnetd.Control.Exists\",\"parameters\":{"
			       "\"message\":\"vnet0: there is one already\",\"errno\":17}}" },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_END },
	};

	START(steps, "vnet add vnet0\n\nvnet add vnet0\nvnet add vnet1\n");
	expect("", CTL_REFUSED, "", "vnetctl: FILE:3: vnet0: there is one already\n");
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "AddVnet"));
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "AddVnet"));
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "Keep"));
	/* No third command: the next one that comes is that of another run. */
	cli_expect(fake.path, "flush", CTL_DONE, "", "");
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "Flush"));
	stop();
}
END_TEST

START_TEST(what_cannot_be_kept_is_told)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{\"error\":\"io.vnetd.Control.Failed\",\"parameters\":{"
			       "\"message\":\"writing the state file failed\",\"errno\":28}}" },
		{ FAKE_END },
	};

	START(steps, "vnet add vnet0\n");
	expect("", CTL_REFUSED, "", "vnetctl: writing the state file failed\n");
	stop();
}
END_TEST

START_TEST(wrong_lines_are_told_with_their_number)
{
	static const struct {
		const char *text, *complaint;
		size_t length;
	} wrong[] = {
		{ "vnet frob\n",
		  "vnetctl: FILE:1: 'frob' is not a verb of vnet: expected add, set, "
		  "del, prepare-migration, finish-migration or show; see 'vnetctl help vnet'\n" },
		{ "\n\nmonitor", "vnetctl: FILE:3: 'monitor' never ends: expected a command that "
				 "can be in a batch; see 'vnetctl help monitor'\n" },
		{ "-j vnet show\n",
		  "vnetctl: FILE:1: '-j' is not an object: expected vnet, "
		  "resource, uplink, flow, fdb, path, "
		  "stats, history, top, monitor, reload, save, flush, status, version or help; "
		  "see 'vnetctl help'\n" },
		{ "vnet\0show\n",
		  "vnetctl: FILE:1: there is a NUL byte in the line: expected text; "
		  "see 'vnetctl help'\n",
		  10 },
	};
	static const struct varlink_fake_step steps[] = { { FAKE_END } };

	start(steps, wrong[_i].text, wrong[_i].length ? wrong[_i].length : strlen(wrong[_i].text));
	expect("", CTL_USAGE, "", wrong[_i].complaint);
	stop();
}
END_TEST

START_TEST(a_line_can_have_too_many_words)
{
	static const struct varlink_fake_step steps[] = { { FAKE_END } };
	char text[400] = "vnet";
	int i;

	for (i = 0; i < 100; i++)
		strcat(text, " x");
	START(steps, text);
	expect("", CTL_USAGE, "",
	       "vnetctl: FILE:1: 'x' is a word too many: expected at most 72; "
	       "see 'vnetctl help'\n");
	stop();
}
END_TEST

START_TEST(commands_can_come_from_standard_input)
{
	static const struct varlink_fake_step steps[] = { { FAKE_ANSWER, "{}" }, { FAKE_END } };

	START(steps, "flush\nnothing\n");
	ck_assert_ptr_nonnull(freopen(file, "r", stdin));
	cli_expect(fake.path, "--batch -", CTL_USAGE, "",
		   "vnetctl: standard input:2: 'nothing' is not an object: expected vnet, "
		   "resource, uplink, flow, fdb, path, stats, history, top, monitor, reload, save, "
		   "flush, status, "
		   "version or "
		   "help; see 'vnetctl help'\n");
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "Flush"));
	stop();
}
END_TEST

START_TEST(a_folder_cannot_be_read)
{
	cli_expect(NULL, "-b /", CTL_FAILED, "", "vnetctl: cannot read /: Is a directory\n");
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("cli_batch", &t);

	tcase_add_test(t, lines_are_commands);
	tcase_add_test(t, nothing_to_do_needs_no_daemon);
	tcase_add_test(t, the_first_failure_ends_it);
	tcase_add_test(t, what_cannot_be_kept_is_told);
	tcase_add_loop_test(t, wrong_lines_are_told_with_their_number, 0, 4);
	tcase_add_test(t, a_line_can_have_too_many_words);
	tcase_add_test(t, commands_can_come_from_standard_input);
	tcase_add_test(t, a_folder_cannot_be_read);
	return unit_run(s);
}
