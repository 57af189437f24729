// SPDX-License-Identifier: GPL-2.0-or-later
#include "loader.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../bpf/abi.h"
#include "bpf/vnet.skel.h"
#include "log.h"

/* What the kernel may write at most. Pages of it that are not written to cost nothing. */
#define LOADER_LOG_SIZE	 (UINT32_MAX >> 8)
#define LOADER_TAIL_SIZE 4096

static const char *const map_names[LOADER_MAP_END] = {
	[LOADER_META] = "meta",
	[LOADER_PORTS] = "ports",
	[LOADER_FAR_PORTS] = "far_ports",
	[LOADER_VNETS] = "vnets",
	[LOADER_RESOURCES] = "resources",
	[LOADER_FDB] = "fdb",
	[LOADER_VLANS] = "vlans",
	[LOADER_COUNTERS] = "counters",
	[LOADER_FAR_COUNTERS] = "far_counters",
	[LOADER_DROPS] = "drops",
	[LOADER_DEVICES] = "devices",
	[LOADER_STORMS] = "storms",
	[LOADER_ALLOWED] = "allowed",
};

static const char *const program_names[LOADER_PROGRAM_END] = {
	[LOADER_TX] = "vnet_tx",
	[LOADER_RX] = "vnet_rx",
	[LOADER_XDP_TX] = "vnet_xdp_tx",
	[LOADER_XDP_RX] = "vnet_xdp_rx",
};

const char *loader_map_name(enum loader_map map)
{
	return map_names[map];
}

const char *loader_program_name(enum loader_program program)
{
	return program_names[program];
}

void loader_set_init(struct loader_set *set)
{
	for (int i = 0; i < LOADER_MAP_END; i++)
		set->maps[i] = -1;
	for (int i = 0; i < LOADER_PROGRAM_END; i++)
		set->programs[i] = -1;
}

void loader_set_close(struct loader_set *set)
{
	for (int i = 0; i < LOADER_MAP_END; i++)
		util_closep(&set->maps[i]);
	for (int i = 0; i < LOADER_PROGRAM_END; i++)
		util_closep(&set->programs[i]);
	loader_set_init(set);
}

static int UTIL_PRINTF(2, 0)
	print_to_log(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[1024];
	int n = vsnprintf(text, sizeof(text), format, arguments);

	if (n < 0 || level == LIBBPF_DEBUG)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	log_debug("%s", text);
	return 0;
}

void loader_route_log(void)
{
	libbpf_set_print(print_to_log);
}

/* --- the maps that are there --- */

static int map_info(int fd, struct bpf_map_info *ret)
{
	__u32 len = sizeof(*ret);

	memset(ret, 0, sizeof(*ret));
	return bpf_obj_get_info_by_fd(fd, ret, &len);
}

static int check_shape(const struct bpf_map *map, int fd, const char *folder, struct error *e)
{
	const char *name = bpf_map__name(map);
	struct bpf_map_info info;
	int r = map_info(fd, &info);

	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, NULL, NULL,
				 "%s/%s: its shape cannot be read: %s", folder, name, strerror(-r));
	if (info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	    info.value_size == bpf_map__value_size(map) &&
	    info.max_entries == bpf_map__max_entries(map) &&
	    info.map_flags == bpf_map__map_flags(map))
		return 0;
	return error_set(e, ERROR_FAILED, EINVAL, NULL, NULL,
			 "%s/%s is a map of type %u, key %u, value %u, %u entries, flags %#x, "
			 "expected type %u, key %u, value %u, %u entries, flags %#x; nothing was "
			 "changed, and what forwards there goes on; remove the folder above it to "
			 "start anew",
			 folder, name, info.type, info.key_size, info.value_size, info.max_entries,
			 info.map_flags, bpf_map__type(map), bpf_map__key_size(map),
			 bpf_map__value_size(map), bpf_map__max_entries(map),
			 bpf_map__map_flags(map));
}

static int check_version(int meta, const char *folder, struct error *e)
{
	struct abi_meta row = {};
	const __u32 zero = 0;
	int r = bpf_map_lookup_elem(meta, &zero, &row);

	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, NULL, NULL,
				 "%s/meta: the version cannot be read: %s", folder, strerror(-r));
	if (row.version == ABI_VERSION)
		return 0;
	return error_set(e, ERROR_FAILED, EPROTO, NULL, "version",
			 "%s/meta: the maps there are of version %u, expected version %u; nothing "
			 "was changed, and the data path there goes on forwarding; use the vnetd "
			 "that made it, or remove the folder above it to start anew",
			 folder, row.version, ABI_VERSION);
}

static int map_reuse(struct vnet_bpf *skel, enum loader_map i, int fd, const char *folder,
		     struct error *e)
{
	struct bpf_map *map = bpf_object__find_map_by_name(skel->obj, map_names[i]);
	int r;

	r = check_shape(map, fd, folder, e);
	if (r == 0 && i == LOADER_META)
		r = check_version(fd, folder, e);
	if (r < 0)
		return r;
	r = bpf_map__reuse_fd(map, fd);
	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, NULL, NULL, "%s/%s cannot be used: %s",
				 folder, map_names[i], strerror(-r));
	return 0;
}

/* --- the programs --- */

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

/* The end of the log, a line at a time: journald cuts long ones. */
static void log_tail(const char *log)
{
	size_t len = strlen(log), n;

	if (len > LOADER_TAIL_SIZE) {
		log += len - LOADER_TAIL_SIZE;
		log += strcspn(log, "\n");
	}
	for (; *log; log += n + (log[n] != '\0')) {
		n = strcspn(log, "\n");
		if (n > 0)
			log_err("verifier: %.*s", (int)n, log);
	}
}

static int refused(char *const logs[LOADER_PROGRAM_END], int r, struct error *e)
{
	const char *reason;

	for (int i = 0; i < LOADER_PROGRAM_END; i++) {
		if (!logs[i] || !logs[i][0])
			continue;
		log_tail(logs[i]);
		reason = loader_reason(logs[i]);
		return error_set(e, ERROR_FAILED, -r, NULL, NULL,
				 "the kernel refused the program %s: %s: %s", program_names[i],
				 strerror(-r), reason ? reason : "the verifier's log says no more");
	}
	if (r == -EPERM)
		return error_set(e, ERROR_PERMISSION, -r, NULL, NULL,
				 "loading the data path is not permitted; vnetd needs root, or the "
				 "capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON");
	return error_set(e, ERROR_FAILED, -r, NULL, NULL, "the data path cannot be loaded: %s",
			 strerror(-r));
}

static void logs_free(char *(*logs)[LOADER_PROGRAM_END])
{
	for (int i = 0; i < LOADER_PROGRAM_END; i++)
		free((*logs)[i]);
}

static int load(struct vnet_bpf *skel, struct error *e)
{
	UTIL_CLEANUP(logs_free) char *logs[LOADER_PROGRAM_END] = {};
	struct bpf_program *program;
	int r;

	for (int i = 0; i < LOADER_PROGRAM_END; i++) {
		program = bpf_object__find_program_by_name(skel->obj, program_names[i]);
		logs[i] = malloc(LOADER_LOG_SIZE);
		if (!logs[i])
			return refused(logs, -ENOMEM, e);
		logs[i][0] = '\0';
		r = bpf_program__set_log_buf(program, logs[i], LOADER_LOG_SIZE);
		if (r < 0)
			return refused(logs, r, e);
	}
	r = vnet_bpf__load(skel);
	return r < 0 ? refused(logs, r, e) : 0;
}

/* --- what stays of it: descriptors --- */

static int keep(int *fd, int of_skeleton)
{
	if (*fd >= 0)
		return 0;
	*fd = fcntl(of_skeleton, F_DUPFD_CLOEXEC, 0);
	return *fd < 0 ? -errno : 0;
}

static int keep_all(struct vnet_bpf *skel, struct loader_set *set)
{
	const struct abi_meta row = { .version = ABI_VERSION };
	const __u32 zero = 0;
	struct bpf_map *map;
	struct bpf_program *program;
	bool new_meta = set->maps[LOADER_META] < 0;
	int r = 0;

	for (int i = 0; i < LOADER_MAP_END && r == 0; i++) {
		map = bpf_object__find_map_by_name(skel->obj, map_names[i]);
		r = keep(&set->maps[i], bpf_map__fd(map));
	}
	for (int i = 0; i < LOADER_PROGRAM_END && r == 0; i++) {
		program = bpf_object__find_program_by_name(skel->obj, program_names[i]);
		r = keep(&set->programs[i], bpf_program__fd(program));
	}
	if (r == 0 && new_meta)
		r = bpf_map_update_elem(set->maps[LOADER_META], &zero, &row, BPF_ANY);
	return r;
}

static void close_new(struct loader_set *set, const struct loader_set *old)
{
	for (int i = 0; i < LOADER_MAP_END; i++)
		if (old->maps[i] < 0)
			util_closep(&set->maps[i]);
	for (int i = 0; i < LOADER_PROGRAM_END; i++)
		if (old->programs[i] < 0)
			util_closep(&set->programs[i]);
	*set = *old;
}

static void skeleton_freep(struct vnet_bpf **skel)
{
	vnet_bpf__destroy(*skel);
	/* libbpf's copies of ELF and BTF are most of the heap, and are never needed again. */
	malloc_trim(0);
}

int loader_load(struct loader_set *set, const char *folder, struct error *e)
{
	UTIL_CLEANUP(skeleton_freep) struct vnet_bpf *skel = NULL;
	const struct loader_set old = *set;
	int r;

	loader_route_log();
	skel = vnet_bpf__open();
	if (!skel)
		return error_set(e, ERROR_FAILED, errno, NULL, NULL,
				 "the built-in data path cannot be read: %s", strerror(errno));
	for (int i = 0; i < LOADER_MAP_END; i++) {
		if (set->maps[i] < 0)
			continue;
		r = map_reuse(skel, (enum loader_map)i, set->maps[i], folder, e);
		if (r < 0)
			return r;
	}
	r = load(skel, e);
	if (r < 0)
		return r;
	r = keep_all(skel, set);
	if (r < 0) {
		close_new(set, &old);
		return error_set(e, ERROR_FAILED, -r, NULL, NULL,
				 "the data path's descriptors cannot be kept: %s", strerror(-r));
	}
	return 0;
}
