/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vnetd's command line: every option, every wrong value with what is said, and --check. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <sys/stat.h>
#include <syslog.h>

#include "../../daemon/daemon.h"
#include "unit.h"

static char folder[] = "/tmp/vnet-options-XXXXXX";

static void folder_make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void folder_remove(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What stderr gets until said_end(), which returns it; the caller frees it. */
static int said_begin(void)
{
	int old = dup(STDERR_FILENO);
	FILE *file = tmpfile();

	fflush(stderr);
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
	fclose(file);
	return old;
}

static char *said_end(int old)
{
	char *text;
	off_t size;

	fflush(stderr);
	size = lseek(STDERR_FILENO, 0, SEEK_END);
	ck_assert_int_ge(size, 0);
	text = calloc(1, (size_t)size + 1);
	ck_assert_int_eq(pread(STDERR_FILENO, text, (size_t)size, 0), size);
	dup2(old, STDERR_FILENO);
	close(old);
	return text;
}

static int parse(const char *const *words, struct options *ret)
{
	char *argv[40] = { (char *)"vnetd" };
	int argc = 1;

	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	optind = 0;
	return options_parse(argc, argv, ret);
}

#define WORDS(...) ((const char *const[]) { __VA_ARGS__, NULL })

START_TEST(test_defaults)
{
	struct options o;

	ck_assert_int_eq(parse((const char *const[]) { NULL }, &o), 0);
	ck_assert_str_eq(o.config[0], VNET_SYSCONFDIR "/vnet");
	ck_assert_str_eq(o.config[1], "/run/vnet");
	ck_assert_str_eq(o.config[2], "/usr/lib/vnet");
	ck_assert_ptr_null(o.config[3]);
	ck_assert_str_eq(o.socket, "/run/vnetd/vnetd.sock");
	ck_assert_str_eq(o.state, "/run/vnetd");
	ck_assert_str_eq(o.bpffs, "/sys/fs/bpf/vnet");
	ck_assert_str_eq(o.instance, "default");
	ck_assert_int_eq(o.log_level, LOG_INFO);
	ck_assert(!o.no_tcx);
	ck_assert(!o.no_carrier_check);
	ck_assert(!o.no_xdp);
	ck_assert_str_eq(o.sysfs, "/sys");
	ck_assert_uint_eq(o.history_interval_s, 10);
	ck_assert_uint_eq(o.history_samples, 60);
	ck_assert_int_eq(o.action, OPTIONS_RUN);
}
END_TEST

START_TEST(test_each)
{
	struct options o;

	ck_assert_int_eq(parse(WORDS("--config", "/a", "--config=/b", "--socket", "/s", "--state",
				     "/t", "--bpffs", "/f", "--instance", "two", "--log-level",
				     "debug", "--no-tcx", "--sysfs", "/y"),
			       &o),
			 0);
	ck_assert_str_eq(o.config[0], "/a");
	ck_assert_str_eq(o.config[1], "/b");
	ck_assert_ptr_null(o.config[2]);
	ck_assert_str_eq(o.socket, "/s");
	ck_assert_str_eq(o.state, "/t");
	ck_assert_str_eq(o.bpffs, "/f");
	ck_assert_str_eq(o.instance, "two");
	ck_assert_int_eq(o.log_level, LOG_DEBUG);
	ck_assert_str_eq(o.sysfs, "/y");
	ck_assert(o.no_tcx);
	ck_assert(!o.no_carrier_check);
	ck_assert(!o.no_xdp);
	ck_assert_int_eq(parse(WORDS("--no-carrier-check"), &o), 0);
	ck_assert(o.no_carrier_check && !o.no_tcx && !o.no_xdp);
	ck_assert_int_eq(parse(WORDS("--no-xdp"), &o), 0);
	ck_assert(o.no_xdp && !o.no_tcx && !o.no_carrier_check);
	ck_assert_int_eq(parse(WORDS("--history-interval", "0", "--history-samples", "2"), &o), 0);
	ck_assert_uint_eq(o.history_interval_s, 0);
	ck_assert_uint_eq(o.history_samples, 2);
	ck_assert_int_eq(parse(WORDS("--check"), &o), 0);
	ck_assert_int_eq(o.action, OPTIONS_CHECK);
	ck_assert_int_eq(parse(WORDS("-h"), &o), 0);
	ck_assert_int_eq(o.action, OPTIONS_HELP);
	ck_assert_int_eq(parse(WORDS("--help"), &o), 0);
	ck_assert_int_eq(o.action, OPTIONS_HELP);
	ck_assert_int_eq(parse(WORDS("-V"), &o), 0);
	ck_assert_int_eq(o.action, OPTIONS_VERSION);
	ck_assert_int_eq(parse(WORDS("--version"), &o), 0);
	ck_assert_int_eq(o.action, OPTIONS_VERSION);
}
END_TEST

START_TEST(test_levels)
{
	static const struct {
		const char *text;
		int level;
	} rows[] = { { "err", LOG_ERR },
		     { "warning", LOG_WARNING },
		     { "notice", LOG_NOTICE },
		     { "info", LOG_INFO },
		     { "debug", LOG_DEBUG } };
	struct options o;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(rows); i++) {
		ck_assert_int_eq(parse(WORDS("--log-level", rows[i].text), &o), 0);
		ck_assert_int_eq(o.log_level, rows[i].level);
	}
}
END_TEST

static const struct {
	const char *words[4];
	const char *said;
} wrong[] = {
	{ { "--log-level", "loud" },
	  "vnetd: --log-level: \"loud\" is not err, warning, notice, info or debug; see vnetd "
	  "--help\n" },
	{ { "--instance", "a/b" },
	  "vnetd: --instance: instance name a/b has '/' in it, expected letters, digits, '_', '-' "
	  "and '.'; see vnetd --help\n" },
	{ { "--instance", "" },
	  "vnetd: --instance: instance name '' is empty, expected 1 to 31 characters; see vnetd "
	  "--help\n" },
	{ { "--socket", "" }, "vnetd: --socket: \"\" is not a path; see vnetd --help\n" },
	{ { "--state", "" }, "vnetd: --state: \"\" is not a path; see vnetd --help\n" },
	{ { "--bpffs=" }, "vnetd: --bpffs: \"\" is not a path; see vnetd --help\n" },
	{ { "--config", "" }, "vnetd: --config: \"\" is not a path; see vnetd --help\n" },
	{ { "--history-interval", "86401" },
	  "vnetd: --history-interval: \"86401\" is not a number from 0 to 86400; see vnetd "
	  "--help\n" },
	{ { "--history-interval", "10s" },
	  "vnetd: --history-interval: \"10s\" is not a number from 0 to 86400; see vnetd "
	  "--help\n" },
	{ { "--history-interval", "-1" },
	  "vnetd: --history-interval: \"-1\" is not a number from 0 to 86400; see vnetd --help\n" },
	{ { "--history-samples", "1" },
	  "vnetd: --history-samples: \"1\" is not a number from 2 to 100000; see vnetd --help\n" },
	{ { "--history-samples", "99999999999999999999" },
	  "vnetd: --history-samples: \"99999999999999999999\" is not a number from 2 to 100000; "
	  "see vnetd --help\n" },
	{ { "start" }, "vnetd: argument: \"start\" is not an option; see vnetd --help\n" },
	{ { "--check", "file" }, "vnetd: argument: \"file\" is not an option; see vnetd --help\n" },
	{ { "--nope" }, "vnetd: unrecognized option '--nope'\nvnetd: see vnetd --help\n" },
	{ { "-x" }, "vnetd: invalid option -- 'x'\nvnetd: see vnetd --help\n" },
	{ { "--state" },
	  "vnetd: option '--state' requires an argument\nvnetd: see vnetd --help\n" },
	{ { "--check=yes" },
	  "vnetd: option '--check' doesn't allow an argument\nvnetd: see vnetd --help\n" },
};

START_TEST(test_wrong)
{
	struct options o = { .instance = "untouched" };
	int old = said_begin(), err = parse(wrong[_i].words, &o);
	char *said = said_end(old);

	ck_assert_int_eq(err, -EINVAL);
	ck_assert_str_eq(said, wrong[_i].said);
	ck_assert_str_eq(o.instance, "untouched");
	free(said);
}
END_TEST

START_TEST(test_many_folders)
{
	const char *words[2 * OPTIONS_CONFIG_MAX + 3] = { NULL };
	struct options o;
	char *said;
	int old;

	for (size_t i = 0; i < OPTIONS_CONFIG_MAX; i++) {
		words[2 * i] = "--config";
		words[2 * i + 1] = "/c";
	}
	ck_assert_int_eq(parse(words, &o), 0);
	ck_assert_str_eq(o.config[OPTIONS_CONFIG_MAX - 1], "/c");
	ck_assert_ptr_null(o.config[OPTIONS_CONFIG_MAX]);
	words[2 * OPTIONS_CONFIG_MAX] = "--config";
	words[2 * OPTIONS_CONFIG_MAX + 1] = "/one-more";
	old = said_begin();
	ck_assert_int_eq(parse(words, &o), -EINVAL);
	said = said_end(old);
	ck_assert_str_eq(said,
			 "vnetd: --config: \"/one-more\" is not one of at most 16 folders; see "
			 "vnetd --help\n");
	free(said);
}
END_TEST

/* Every option is in the help, within 80 columns. */
START_TEST(test_help)
{
	static const char *const names[] = {
		"--config DIR",
		"--socket PATH",
		"--state DIR",
		"--bpffs DIR",
		"--instance NAME",
		"--check",
		"--log-level L",
		"--no-tcx",
		"--no-carrier-check",
		"--no-xdp",
		"--sysfs DIR",
		"--version",
		"--help",
		"--history-interval S",
		"--history-samples N",
	};
	char *text = NULL;
	size_t size, column = 0;
	FILE *out = open_memstream(&text, &size);

	options_help(out);
	fclose(out);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(names); i++)
		ck_assert_msg(strstr(text, names[i]), "%s is not in the help", names[i]);
	for (const char *c = text; *c; c++) {
		column = *c == '\n' ? 0 : column + 1;
		ck_assert_uint_le(column, 80);
	}
	free(text);
}
END_TEST

/* --- --check --- */

static void write_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	ck_assert_int_eq(fclose(file), 0);
}

static int check(char **ret_said)
{
	struct options o = { .config = { folder } };
	int old = said_begin(), n = daemon_check(&o);

	*ret_said = said_end(old);
	return n;
}

START_TEST(test_check)
{
	char *said, expected[256];

	ck_assert_int_eq(check(&said), 0);
	ck_assert_str_eq(said, "");
	free(said);
	write_file("a.vnet", "[VNet]\nName=a\nMTU=1500\n\n[Resource s]\nType=service\nDevice=s0\n");
	ck_assert_int_eq(check(&said), 0);
	ck_assert_str_eq(said, "");
	free(said);
	write_file("b.vnet", "[VNet]\nName=b\nMTU=20\n");
	ck_assert_int_gt(check(&said), 0);
	snprintf(expected, sizeof(expected), "%s/b.vnet:3: ", folder);
	ck_assert_msg(strncmp(said, expected, strlen(expected)) == 0, "%s", said);
	ck_assert_ptr_nonnull(strstr(said, "a number from 68 to 65521"));
	free(said);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("options", &t);

	tcase_add_unchecked_fixture(t, folder_make, folder_remove);
	tcase_add_test(t, test_defaults);
	tcase_add_test(t, test_each);
	tcase_add_test(t, test_levels);
	tcase_add_loop_test(t, test_wrong, 0, UTIL_ARRAY_SIZE(wrong));
	tcase_add_test(t, test_many_folders);
	tcase_add_test(t, test_help);
	tcase_add_test(t, test_check);
	return unit_run(s);
}
