// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel that refuses some of the programs: the data path works with less, and says so. Such a
 * kernel is hard to find, so this one is made: the system call goes through here.
 * Faults 19 and 22.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../../bpf/trace.h"
#include "bpf/vnet.skel.h"
#include "sandbox.h"

#define SAID "a wish of the test"

/* What the kernel refuses to load. */
enum refusal {
	REFUSE_CHECK = 1 << 0,	/* whatever looks at the state of devices */
	REFUSE_XDP = 1 << 1,	/* XDP programs */
	REFUSE_TC = 1 << 2,	/* the others */
	REFUSE_SILENT = 1 << 3, /* ... and it says nothing of its reasons */
};

static unsigned int refused;
static int constants_map = -1;
static bool checks; /* the programs that are now being loaded look at devices */

static bool is_ours(const union bpf_attr *attr)
{
	return strncmp(attr->prog_name, "vnet_", 5) == 0;
}

static bool is_refused(int command, const union bpf_attr *attr)
{
	if (command != BPF_PROG_LOAD || !is_ours(attr))
		return false;
	return ((refused & REFUSE_CHECK) && checks) ||
	       (refused & (attr->prog_type == BPF_PROG_TYPE_XDP ? REFUSE_XDP : REFUSE_TC));
}

static void say_why(const union bpf_attr *attr)
{
	if (attr->log_level && attr->log_size && !(refused & REFUSE_SILENT))
		snprintf((char *)(uintptr_t)attr->log_buf, attr->log_size,
			 "0: (b7) r0 = 0\n%s\nprocessed 1 insns\n", SAID);
}

/* The constants of the programs are written to their map before the programs are loaded. */
static void look_at(int command, const union bpf_attr *attr, long result)
{
	const __typeof__(*((struct vnet_bpf *)NULL)->rodata) *constants;

	if (command == BPF_MAP_CREATE && strcmp(attr->map_name, "vnet_bpf.rodata") == 0)
		constants_map = (int)result;
	if (command != BPF_MAP_UPDATE_ELEM || (int)attr->map_fd != constants_map)
		return;
	constants = (const void *)(uintptr_t)attr->value;
	checks = constants->option_device_state;
}

/* In the place of the C library's, for libbpf as well. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
__attribute__((visibility("default"))) long syscall(long number, ...)
{
	static long (*real)(long, ...);
	const union bpf_attr *attr;
	long a[6], result;
	va_list arguments;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	va_start(arguments, number);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(a); i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	attr = (const union bpf_attr *)a[1];
	if (number == SYS_bpf && is_refused((int)a[0], attr)) {
		say_why(attr);
		errno = EACCES;
		return -1;
	}
	result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_bpf && result >= 0)
		look_at((int)a[0], attr, result);
	return result;
}

/* --- what is logged --- */

static int log_begin(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	return fd;
}

static void log_read(int fd, char *ret, size_t size)
{
	ssize_t n;

	fflush(stderr);
	n = pread(fd, ret, size - 1, 0);
	ck_assert_int_ge(n, 0);
	ret[n] = '\0';
}

static unsigned int count_of(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

#define NO_CHECK "warning: the programs do not look at the state of the devices"
#define NO_XDP	 "there is no XDP"

static const struct {
	unsigned int refused;
	bool check; /* is left, if the kernel has it */
	bool xdp;
} lesser[] = {
	{ 0, true, true },
	{ REFUSE_CHECK, false, true },
	{ REFUSE_XDP, true, false },
	{ REFUSE_CHECK | REFUSE_XDP, false, false },
	{ REFUSE_CHECK | REFUSE_SILENT, false, true },
	{ REFUSE_XDP | REFUSE_SILENT, true, false },
};

START_TEST(works_with_less)
{
	const bool has_check = sandbox_kernel_has("bpf_rdonly_cast");
	const bool silent = lesser[_i].refused & REFUSE_SILENT;
	const bool no_check = has_check && !lesser[_i].check, no_xdp = !lesser[_i].xdp;
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath *d = sandbox_datapath(false);
	struct datapath_features has;
	enum kernel_attach attach;
	struct error e = {};
	char log[16384];
	int fd = log_begin();

	refused = lesser[_i].refused;
	ck_assert_msg(datapath_open(d, &e) == 0, "%s", e.message);
	log_read(fd, log, sizeof(log));
	datapath_probe(d, &has);
	ck_assert_int_eq(has.carrier_check, has_check && lesser[_i].check);
	ck_assert_int_eq(has.xdp, lesser[_i].xdp);
	ck_assert_uint_eq(count_of(log, NO_CHECK), no_check);
	ck_assert_uint_eq(count_of(log, NO_XDP), no_xdp);
	ck_assert_uint_eq(count_of(log, silent ? strerror(EACCES) : SAID), no_check + no_xdp);
	/* A refusal that is got over is no error. */
	ck_assert_uint_eq(count_of(log, "error"), 0);
	ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, ifindex, &attach), 0);
	datapath_free(d);
	close(fd);
}
END_TEST

START_TEST(without_tc_there_is_nothing)
{
	const bool silent = _i;
	struct datapath *d = sandbox_datapath(false);
	struct datapath_features has;
	struct error e = {};
	char log[16384];
	int fd = log_begin();

	refused = REFUSE_TC | (silent ? REFUSE_SILENT : 0);
	ck_assert_int_eq(datapath_open(d, &e), -EACCES);
	log_read(fd, log, sizeof(log));
	ck_assert_int_eq(e.number, EACCES);
	if (!silent) {
		ck_assert_msg(strstr(e.message, "the kernel refused the program vnet_tx") &&
				      strstr(e.message, SAID),
			      "%s", e.message);
		ck_assert_uint_eq(count_of(log, "verifier: " SAID), 1);
	}
	ck_assert_uint_eq(count_of(log, NO_CHECK) + count_of(log, NO_XDP), 0);
	datapath_probe(d, &has);
	ck_assert(!has.xdp && !has.carrier_check);
	ck_assert(!datapath_is_open(d));
	ck_assert(!sandbox_exists(sandbox_path("t")));
	datapath_free(d);
	close(fd);
}
END_TEST

/* The maps of the daemon before are kept in all the tries, and no descriptor is left behind. */
START_TEST(tries_leave_nothing_behind)
{
	static const struct abi_resource row = { .ifindex = 9, .pvid = 1, .vnet = 1 };
	struct datapath *d = sandbox_datapath(false);
	struct abi_resource got;
	int before = 0;

	ck_assert_int_eq(datapath_resource_write(d, 5, &row), 0);
	datapath_free(d);
	refused = REFUSE_CHECK | REFUSE_XDP;
	for (int round = 0; round < 3; round++) {
		d = sandbox_datapath(false);
		ck_assert_int_eq(datapath_open(d, NULL), 0);
		ck_assert_int_eq(datapath_resource_read(d, 5, &got), 0);
		ck_assert_mem_eq(&got, &row, sizeof(row));
		datapath_free(d);
		if (round == 0)
			before = sandbox_fd_count();
		ck_assert_int_eq(sandbox_fd_count(), before);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("refusal");
	TCase *t = sandbox_case(s, "refusal");

	tcase_add_loop_test(t, works_with_less, 0, (int)UTIL_ARRAY_SIZE(lesser));
	tcase_add_loop_test(t, without_tc_there_is_nothing, 0, 2);
	tcase_add_test(t, tries_leave_nothing_behind);
	return sandbox_main(s);
}
