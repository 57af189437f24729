// SPDX-License-Identifier: GPL-2.0-or-later
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#define SKIPPED		  77 /* exit status of a test that cannot run here */
#define TCX_INGRESS	  46
#define TCX_EGRESS	  47
#define GONE_DEADLINE_US  10000000
#define SANDBOX_PATHS	  8
#define SANDBOX_LINE_SIZE 512

static char folder[128];

const char *sandbox_folder(void)
{
	return folder;
}

static bool folder_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%s/vnet-bpf.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(folder) != NULL;
}

static void enter(void)
{
	ck_assert_msg(unshare(CLONE_NEWNS | CLONE_NEWNET) == 0, "unshare: %s", strerror(errno));
	/* In a chroot "/" is no mount point: its propagation cannot be changed and need not be. */
	ck_assert_msg(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 || errno == EINVAL,
		      "mount: %s", strerror(errno));
	ck_assert_msg(mount("bpf", folder, "bpf", 0, "mode=0700") == 0, "mount: %s",
		      strerror(errno));
	sandbox_run("ip link set lo up");
}

TCase *sandbox_case(Suite *suite, const char *name)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, enter, NULL);
	tcase_set_timeout(t, 60);
	suite_add_tcase(suite, t);
	return t;
}

int sandbox_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int run, failed;

	if (geteuid() != 0 || !folder_make()) {
		puts("skipped: needs root and a folder for temporary files");
		srunner_free(runner);
		return SKIPPED;
	}
	srunner_run_all(runner, CK_NORMAL);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	rmdir(folder);
	return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

const char *sandbox_path(const char *format, ...)
{
	static char paths[SANDBOX_PATHS][PATH_MAX];
	static unsigned int next;
	char *path = paths[next++ % SANDBOX_PATHS];
	int n = snprintf(path, PATH_MAX, "%s/", folder);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path + n, PATH_MAX - (size_t)n, format, arguments);
	va_end(arguments);
	return path;
}

void sandbox_run(const char *format, ...)
{
	char line[SANDBOX_LINE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	ck_assert_msg(system(line) == 0, "failed: %s", line);
}

uint32_t sandbox_veth(const char *name, const char *peer)
{
	uint32_t ifindex;

	sandbox_run("ip link add %s type veth peer name %s && ip link set %s up", name, peer, name);
	ifindex = if_nametoindex(name);
	ck_assert_uint_ne(ifindex, 0);
	return ifindex;
}

int sandbox_other_netns(void)
{
	UTIL_CLOSE int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int there;

	ck_assert_int_ge(here, 0);
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	there = open("/proc/self/ns/net", O_RDONLY);
	ck_assert_int_ge(there, 0);
	ck_assert_int_eq(setns(here, CLONE_NEWNET), 0);
	return there;
}

struct datapath *sandbox_datapath(bool no_tcx)
{
	const struct datapath_options options = { folder, "t", no_tcx };
	struct datapath *d = NULL;

	ck_assert_int_eq(datapath_new(&options, &d), 0);
	return d;
}

bool sandbox_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static int open_pin(const char *path)
{
	int fd = bpf_obj_get(path);

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(-fd));
	return fd;
}

static void pin_info(const char *path, void *info, __u32 size)
{
	UTIL_CLOSE int fd = open_pin(path);

	memset(info, 0, size);
	ck_assert_int_eq(bpf_obj_get_info_by_fd(fd, info, &size), 0);
}

uint32_t sandbox_map_id(const char *path)
{
	struct bpf_map_info info;

	pin_info(path, &info, sizeof(info));
	return info.id;
}

uint32_t sandbox_program_id(const char *path)
{
	struct bpf_prog_info info;

	pin_info(path, &info, sizeof(info));
	return info.id;
}

uint32_t sandbox_link_id(const char *path)
{
	struct bpf_link_info info;

	pin_info(path, &info, sizeof(info));
	return info.id;
}

uint32_t sandbox_link_program_id(const char *path)
{
	struct bpf_link_info info;

	pin_info(path, &info, sizeof(info));
	return info.prog_id;
}

uint32_t sandbox_tcx_count(uint32_t ifindex, bool egress)
{
	LIBBPF_OPTS(bpf_prog_query_opts, opts);

	ck_assert_int_eq(bpf_prog_query_opts(
				 (int)ifindex,
				 (enum bpf_attach_type)(egress ? TCX_EGRESS : TCX_INGRESS), &opts),
			 0);
	return opts.prog_cnt;
}

int sandbox_foreign_program(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "foreign", "GPL", insns,
			       UTIL_ARRAY_SIZE(insns), NULL);

	ck_assert_msg(fd >= 0, "%s", strerror(-fd));
	return fd;
}

bool sandbox_kernel_has(const char *name)
{
	char line[SANDBOX_LINE_SIZE];

	snprintf(line, sizeof(line), "grep -qw %s /proc/kallsyms", name);
	return system(line) == 0;
}

int sandbox_fd_count(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

uint64_t sandbox_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t sandbox_limit_us(uint64_t ordinary_us)
{
	const char *slow = getenv("VNET_SLOW");

	return slow ? ordinary_us * strtoull(slow, NULL, 10) : ordinary_us;
}

void sandbox_wait_gone(enum sandbox_kind kind, uint32_t id)
{
	static int (*const open_id[])(__u32) = {
		[SANDBOX_MAP] = bpf_map_get_fd_by_id,
		[SANDBOX_PROGRAM] = bpf_prog_get_fd_by_id,
		[SANDBOX_LINK] = bpf_link_get_fd_by_id,
	};
	const uint64_t deadline = sandbox_now_us() + GONE_DEADLINE_US;
	int fd;

	for (;;) {
		fd = open_id[kind](id);
		if (fd < 0)
			break;
		close(fd);
		ck_assert_msg(sandbox_now_us() < deadline, "object %u of kind %d is still there",
			      id, kind);
		poll(NULL, 0, 1);
	}
	ck_assert_int_eq(fd, -ENOENT);
}

void sandbox_wait_tcx(uint32_t ifindex, bool egress, uint32_t count)
{
	const uint64_t deadline = sandbox_now_us() + GONE_DEADLINE_US;

	while (sandbox_tcx_count(ifindex, egress) != count) {
		ck_assert_msg(sandbox_now_us() < deadline, "device %u still has %u programs",
			      ifindex, sandbox_tcx_count(ifindex, egress));
		poll(NULL, 0, 1);
	}
}
