/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The log as text, and as what the journal gets: in a mount namespace with a /run of our own, where
 * the test itself is the journal.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "../../daemon/log.h"
#include "unit.h"

#define JOURNAL "/run/systemd/journal/socket"

static int caught = -1; /* the file that stderr is */

static void setup(void)
{
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	caught = memfd_create("stderr", 0);
	ck_assert_int_ge(caught, 0);
	ck_assert_int_eq(dup2(caught, STDERR_FILENO), STDERR_FILENO);
}

static void teardown(void)
{
	close(caught);
}

static void assert_text(const char *expected)
{
	char text[4096] = "";
	ssize_t n;

	fflush(stderr);
	n = pread(caught, text, sizeof(text) - 1, 0);
	ck_assert_int_ge(n, 0);
	ck_assert_str_eq(text, expected);
}

static const struct {
	const char *text;
	int level;
} levels[] = {
	{ "err", LOG_ERR },   { "warning", LOG_WARNING },
	{ "info", LOG_INFO }, { "notice", LOG_NOTICE },
	{ "0", 0 },	      { "debug", LOG_DEBUG },
	{ "3", LOG_ERR },     { "7", LOG_DEBUG },
	{ "8", -EINVAL },     { "-1", -EINVAL },
	{ "", -EINVAL },      { "07", -EINVAL },
	{ "Err", -EINVAL },   { "error", -EINVAL },
	{ "err ", -EINVAL },  { "debugging", -EINVAL },
	{ "/", -EINVAL },     { ":", -EINVAL },
};

START_TEST(reads_levels)
{
	ck_assert_int_eq(log_level_parse(levels[_i].text), levels[_i].level);
}
END_TEST

static void one_of_each(void)
{
	log_line(LOG_CRIT, "crit");
	log_err("err %d", 1);
	log_warning("warning");
	log_notice("notice");
	log_info("info");
	log_debug("debug");
	log_event(LOG_NOTICE, LOG_ID_CHANGE, "vnet0", "g1", "event %s", "x");
	log_event(LOG_DEBUG, LOG_ID_CHANGE, NULL, NULL, "small event");
}

static const struct {
	int level;
	const char *text;
} by_level[] = {
	{ LOG_ERR, "vnetd: error: crit\nvnetd: error: err 1\n" },
	{ LOG_WARNING, "vnetd: error: crit\nvnetd: error: err 1\nvnetd: warning: warning\n" },
	{ LOG_NOTICE, "vnetd: error: crit\nvnetd: error: err 1\nvnetd: warning: warning\n"
		      "vnetd: notice\nvnetd: event x\n" },
	{ LOG_INFO, "vnetd: error: crit\nvnetd: error: err 1\nvnetd: warning: warning\n"
		    "vnetd: notice\nvnetd: info\nvnetd: event x\n" },
	{ LOG_DEBUG, "vnetd: error: crit\nvnetd: error: err 1\nvnetd: warning: warning\n"
		     "vnetd: notice\nvnetd: info\nvnetd: debug\nvnetd: event x\n"
		     "vnetd: small event\n" },
};

START_TEST(writes_text)
{
	log_open(by_level[_i].level);
	one_of_each();
	assert_text(by_level[_i].text);
}
END_TEST

START_TEST(info_before_it_is_opened)
{
	log_debug("debug");
	log_info("info");
	assert_text("vnetd: info\n");
}
END_TEST

START_TEST(stays_on_one_line)
{
	log_open(LOG_INFO);
	log_info("a\nvnetd: error: b\r\x1b[1mc\td\x7f%s", "\xc3\xa4");
	assert_text("vnetd: a vnetd: error: b  [1mc d \xc3\xa4\n");
}
END_TEST

START_TEST(cuts_a_long_line)
{
	char text[3000], expected[1100] = "vnetd: ";

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_open(LOG_INFO);
	log_info("%s", text);
	memset(expected + 7, 'x', 1023);
	expected[7 + 1023] = '\n';
	assert_text(expected);
}
END_TEST

/* Tells, as systemd does, that @fd is the stream of the journal; @device and @inode make it wrong.
 */
static void set_stream(int fd, unsigned int device, unsigned int inode, const char *rest)
{
	char text[64];
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	snprintf(text, sizeof(text), "%ju:%ju%s", (uintmax_t)st.st_dev + device,
		 (uintmax_t)st.st_ino + inode, rest);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", text, 1), 0);
}

START_TEST(another_stream_is_no_journal)
{
	static const struct {
		unsigned int device, inode;
		const char *rest;
	} others[] = { { 1, 0, "" }, { 0, 1, "" }, { 0, 0, "x" }, { 0, 0, ":1" } };
	static const char *const garbage[] = { "", ":", "1", "1:", ":1", "a:b" };

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(others); i++) {
		set_stream(caught, others[i].device, others[i].inode, others[i].rest);
		log_open(LOG_INFO);
		log_info("a");
	}
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(garbage); i++) {
		ck_assert_int_eq(setenv("JOURNAL_STREAM", garbage[i], 1), 0);
		log_open(LOG_INFO);
		log_info("b");
	}
	assert_text("vnetd: a\nvnetd: a\nvnetd: a\nvnetd: a\n"
		    "vnetd: b\nvnetd: b\nvnetd: b\nvnetd: b\nvnetd: b\nvnetd: b\n");
}
END_TEST

static bool write_file(const char *path, const char *text)
{
	UTIL_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* A mount namespace with an empty /run, as root or as anybody. */
static bool make_run(void)
{
	bool root = geteuid() == 0;
	char uids[64], gids[64];

	snprintf(uids, sizeof(uids), "0 %u 1", geteuid());
	snprintf(gids, sizeof(gids), "0 %u 1", getegid());
	if (unshare(CLONE_NEWNS | (root ? 0 : CLONE_NEWUSER)) < 0)
		return false;
	if (!root && (!write_file("/proc/self/uid_map", uids) ||
		      !write_file("/proc/self/setgroups", "deny") ||
		      !write_file("/proc/self/gid_map", gids)))
		return false;
	return mount("none", "/", "none", MS_REC | MS_PRIVATE, "") == 0 &&
	       mount("tmpfs", "/run", "tmpfs", 0, "") == 0 && mkdir("/run/systemd", 0755) == 0 &&
	       mkdir("/run/systemd/journal", 0755) == 0;
}

static int open_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = JOURNAL };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* The entry that the journal got has just the @count fields of @expected. */
static void assert_entry(int journal, const char *const *expected, size_t count)
{
	char text[4096] = "\n", field[256];
	ssize_t n = recv(journal, text + 1, sizeof(text) - 2, 0);
	size_t fields = 0;

	ck_assert_msg(n > 0, "the journal got nothing: %s", strerror(errno));
	for (const char *c = text + 1; *c; c++)
		fields += *c == '\n';
	for (size_t i = 0; i < count; i++) {
		snprintf(field, sizeof(field), "\n%s\n", expected[i]);
		ck_assert_msg(strstr(text, field) != NULL, "no %s in:%s", expected[i], text);
	}
	ck_assert_msg(fields == count, "%zu fields and not %zu in:%s", fields, count, text);
}

START_TEST(sends_to_the_journal)
{
	static const char *const event[] = {
		"MESSAGE=vnet0: g1 is up",
		"PRIORITY=5",
		"SYSLOG_IDENTIFIER=vnetd",
		("MESSAGE_ID=" LOG_ID_RESOURCE_STATE),
		"VNET=vnet0",
		"RESOURCE=g1",
	};
	static const char *const vnet_event[] = {
		"MESSAGE=vnet0: changed",      "PRIORITY=6", "SYSLOG_IDENTIFIER=vnetd",
		("MESSAGE_ID=" LOG_ID_CHANGE), "VNET=vnet0",
	};
	static const char *const line[] = {
		"MESSAGE=no memory PRIORITY=0",
		"PRIORITY=3",
		"SYSLOG_IDENTIFIER=vnetd",
	};
	char rest[16];
	int journal;

	ck_assert(make_run());
	journal = open_journal();
	set_stream(caught, 0, 0, "");
	log_open(LOG_INFO);

	log_event(LOG_NOTICE, LOG_ID_RESOURCE_STATE, "vnet0", "g1", "vnet0: g1 is %s", "up");
	assert_entry(journal, event, UTIL_ARRAY_SIZE(event));
	log_event(LOG_INFO, LOG_ID_CHANGE, "vnet0", NULL, "vnet0: changed");
	assert_entry(journal, vnet_event, UTIL_ARRAY_SIZE(vnet_event));
	log_err("no memory\nPRIORITY=0");
	assert_entry(journal, line, UTIL_ARRAY_SIZE(line));

	log_debug("too small");
	ck_assert_int_lt(recv(journal, rest, sizeof(rest), 0), 0);
	ck_assert_int_eq(errno, EAGAIN);
	assert_text("");
	close(journal);
}
END_TEST

START_TEST(text_when_the_journal_is_dead)
{
	ck_assert(make_run());
	close(open_journal());
	set_stream(caught, 0, 0, "");
	log_open(LOG_INFO);
	log_warning("still here");
	assert_text("vnetd: warning: still here\n");
}
END_TEST

static bool may_make_run(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(make_run() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int main(void)
{
	bool journal = may_make_run();
	TCase *c;
	Suite *s = unit_suite("log", &c);
	int status;

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, reads_levels, 0, UTIL_ARRAY_SIZE(levels));
	tcase_add_loop_test(c, writes_text, 0, UTIL_ARRAY_SIZE(by_level));
	tcase_add_test(c, info_before_it_is_opened);
	tcase_add_test(c, stays_on_one_line);
	tcase_add_test(c, cuts_a_long_line);
	tcase_add_test(c, another_stream_is_no_journal);
	if (journal) {
		tcase_add_test(c, sends_to_the_journal);
		tcase_add_test(c, text_when_the_journal_is_dead);
	}
	status = unit_run(s);
	if (status != EXIT_SUCCESS || journal)
		return status;
	return unit_skip("no mount namespace to be had, so the journal was not tried");
}
