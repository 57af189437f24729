// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs through the verifier, and what it says when it refuses one. */
#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include "loader_internal.h"
#include "log.h"

/* What the kernel may write at most. Pages of it that are not written to cost nothing. */
#define LOADER_LOG_SIZE (UINT32_MAX >> 8)

static bool is_statistics(const char *line)
{
	static const char *const starts[] = {
		"processed ",	"verification time ",	"stack depth ",
		"mark_precise", "max_states_per_insn ",
	};

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(starts); i++)
		if (strncmp(line, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

const char *loader_reason(char *log)
{
	size_t len = strlen(log);
	char *line;

	while (len > 0) {
		while (len > 0 && log[len - 1] == '\n')
			log[--len] = '\0';
		line = strrchr(log, '\n');
		line = line ? line + 1 : log;
		if (*line && !is_statistics(line))
			return line;
		len = (size_t)(line - log);
		log[len] = '\0';
	}
	return NULL;
}

/* A line at a time: journald cuts long ones. */
void loader_log_tail(const char *tail)
{
	size_t n;

	for (; *tail; tail += n + (tail[n] != '\0')) {
		n = strcspn(tail, "\n");
		if (n > 0)
			log_err("verifier: %.*s", (int)n, tail);
	}
}

/* The last lines of @log that there is room for, whole ones. */
static void tail_copy(char ret[LOADER_TAIL_SIZE], const char *log)
{
	size_t len = strlen(log);

	if (len >= LOADER_TAIL_SIZE) {
		log += len - LOADER_TAIL_SIZE + 1;
		log += strcspn(log, "\n");
	}
	util_copy(ret, LOADER_TAIL_SIZE, log);
}

static void UTIL_PRINTF(4, 5)
	refuse(struct loader_refusal *ret, enum error_kind kind, int r, const char *format, ...)
{
	va_list arguments;

	ret->kind = kind;
	ret->error = -r;
	va_start(arguments, format);
	vsnprintf(ret->text, sizeof(ret->text), format, arguments);
	va_end(arguments);
}

/* The verifier itself says of what it allows to few alone only that it is not for all. */
static bool may_look_at_kernel(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	const uint32_t sys_admin = CAP_TO_MASK(CAP_SYS_ADMIN);

	if (syscall(SYS_capget, &header, data) < 0)
		return true;
	return (data[CAP_TO_INDEX(CAP_PERFMON)].effective & CAP_TO_MASK(CAP_PERFMON)) ||
	       (data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & sys_admin);
}

/* The program that the kernel refused is the one whose log says something. */
static int refused(char *const logs[LOADER_PROGRAM_END], int r, struct loader_refusal *ret)
{
	const char *reason;

	if (r == -EACCES && !may_look_at_kernel())
		r = -EPERM;
	for (int i = 0; i < LOADER_PROGRAM_END && r != -EPERM; i++) {
		if (!logs[i] || !logs[i][0])
			continue;
		tail_copy(ret->tail, logs[i]);
		reason = loader_reason(logs[i]);
		refuse(ret, ERROR_FAILED, r, "the kernel refused the program %s: %s: %s",
		       loader_program_name((enum loader_program)i), strerror(-r),
		       reason ? reason : "the verifier's log says no more");
		return r;
	}
	if (r == -EPERM)
		refuse(ret, ERROR_PERMISSION, r,
		       "loading the data path is not permitted; vnetd needs root, or the "
		       "capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON");
	else
		refuse(ret, ERROR_FAILED, r, "the data path cannot be loaded: %s", strerror(-r));
	return r;
}

static void logs_free(char *(*logs)[LOADER_PROGRAM_END])
{
	for (int i = 0; i < LOADER_PROGRAM_END; i++)
		free((*logs)[i]);
}

/*
 * A kernel function that the kernel proper lacks is looked for in its modules, whose BTF
 * CAP_SYS_ADMIN alone may list, and libbpf before 1.3 takes that refusal for an error. But it tries
 * only once for an object: let it be for something that nobody needs.
 */
static void modules_leave_out(const struct vnet_bpf *skel)
{
	bpf_program__set_attach_target(skel->progs.vnet_tx, 0, "vnet_no_such_function");
}

int loader_load_programs(struct vnet_bpf *skel, struct loader_refusal *ret)
{
	UTIL_CLEANUP(logs_free) char *logs[LOADER_PROGRAM_END] = {};
	struct bpf_program *program;
	int r;

	for (int i = 0; i < LOADER_PROGRAM_END; i++) {
		program = bpf_object__find_program_by_name(
			skel->obj, loader_program_name((enum loader_program)i));
		logs[i] = malloc(LOADER_LOG_SIZE);
		if (!logs[i])
			return refused(logs, -ENOMEM, ret);
		logs[i][0] = '\0';
		r = bpf_program__set_log_buf(program, logs[i], LOADER_LOG_SIZE);
		if (r < 0)
			return refused(logs, r, ret);
	}
	modules_leave_out(skel);
	r = vnet_bpf__load(skel);
	return r < 0 ? refused(logs, r, ret) : 0;
}
