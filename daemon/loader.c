// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>

#include <bpf/bpf.h>

#include "../bpf/abi.h"
#include "loader_internal.h"
#include "log.h"

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
	[LOADER_UPLINKS] = "uplinks",
	[LOADER_MEMBERS] = "members",
	[LOADER_ADDRESSES] = "addresses",
	[LOADER_LEARNERS] = "learners",
	[LOADER_FLOW_TABLE] = "flow_table",
	[LOADER_FLOW_SHAPES] = "flow_shapes",
	[LOADER_FLOW_LISTS] = "flow_lists",
	[LOADER_FLOWS] = "flows",
	[LOADER_FLOW_COUNTERS] = "flow_counters",
	[LOADER_FAR_FLOW_COUNTERS] = "far_flow_counters",
	[LOADER_LIMITS] = "limits",
	[LOADER_CPUS] = "cpus",
	[LOADER_XSKS] = "xsks",
	[LOADER_CPUS_GENERIC] = "cpus_generic",
};

static const char *const program_names[LOADER_PROGRAM_END] = {
	[LOADER_TX] = "vnet_tx",
	[LOADER_RX] = "vnet_rx",
	[LOADER_UPLINK] = "vnet_uplink",
	[LOADER_UPLINK_TX] = "vnet_uplink_tx",
	[LOADER_XDP_TX] = "vnet_xdp_tx",
	[LOADER_XDP_RX] = "vnet_xdp_rx",
	[LOADER_XDP_UPLINK] = "vnet_xdp_uplink",
	[LOADER_XDP_CPU] = "vnet_xdp_cpu",
	[LOADER_XDP_XSK] = "vnet_xdp_xsk",
	[LOADER_XDP_CPU_GENERIC] = "vnet_xdp_cpu_generic",
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

/* The kernel adds a flag to maps of devices: programs may not write to their rows. */
static __u32 map_flags(const struct bpf_map_info *info)
{
	return info->type == BPF_MAP_TYPE_DEVMAP_HASH ? info->map_flags & ~BPF_F_RDONLY_PROG
						      : info->map_flags;
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
	    map_flags(&info) == bpf_map__map_flags(map))
		return 0;
	return error_set(e, ERROR_FAILED, EINVAL, NULL, NULL,
			 "%s/%s is a map of type %u, key %u, value %u, %u entries, flags %#x, "
			 "expected type %u, key %u, value %u, %u entries, flags %#x; nothing was "
			 "changed, and what forwards there goes on; remove the folder above it to "
			 "start anew",
			 folder, name, info.type, info.key_size, info.value_size, info.max_entries,
			 map_flags(&info), bpf_map__type(map), bpf_map__key_size(map),
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
		if (bpf_program__autoload(program))
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

/* --- loading --- */

static void skeleton_freep(struct vnet_bpf **skel)
{
	vnet_bpf__destroy(*skel);
	/* libbpf's copies of ELF and BTF are most of the heap, and are never needed again. */
	malloc_trim(0);
}

/* What the programs are to be, before they are loaded. */
static int options_set(struct vnet_bpf *skel, const struct loader_options *o)
{
	const int cpus = libbpf_num_possible_cpus();
	struct bpf_program *program;
	int r = cpus < 0 ? cpus : bpf_map__set_max_entries(skel->maps.cpus, (uint32_t)cpus);

	if (r == 0)
		r = bpf_map__set_max_entries(skel->maps.cpus_generic, (uint32_t)cpus);

	skel->rodata->option_device_state = o->device_state;
	skel->rodata->option_xdp_features = o->xdp_features;
	for (int i = 0; i < LOADER_PROGRAM_END && r == 0; i++) {
		program = bpf_object__find_program_by_name(skel->obj, program_names[i]);
		if (bpf_program__type(program) == BPF_PROG_TYPE_XDP)
			r = bpf_program__set_autoload(program, o->xdp);
	}
	return r;
}

/* @refusal is filled when the kernel took the maps in @set, but refused to load what we have. */
static int load_once(struct loader_set *set, const struct loader_options *options,
		     const char *folder, struct loader_refusal *refusal, struct error *e)
{
	UTIL_CLEANUP(skeleton_freep) struct vnet_bpf *skel = NULL;
	const struct loader_set old = *set;
	int r;

	skel = vnet_bpf__open();
	r = skel ? options_set(skel, options) : -errno;
	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, NULL, NULL,
				 "the built-in data path cannot be read: %s", strerror(-r));
	for (int i = 0; i < LOADER_MAP_END; i++) {
		if (set->maps[i] < 0)
			continue;
		r = map_reuse(skel, (enum loader_map)i, set->maps[i], folder, e);
		if (r < 0)
			return r;
	}
	r = loader_load_programs(skel, refusal);
	if (r < 0)
		return r;
	r = keep_all(skel, set);
	if (r < 0) {
		close_new(set, &old);
		return error_set(e, ERROR_FAILED, -r, NULL, NULL,
				 "the data path's descriptors cannot be kept: %s", strerror(-r));
	}
	set->with = *options;
	return 0;
}

/* From the most to the least: what the kernel refuses is tried again with less. */
static const struct {
	bool device_state;
	bool xdp;
} steps[] = {
	{ true, true },
	{ false, true },
	{ true, false },
	{ false, false },
};

/* Why the kernel refused it: the last that was said, of the step that asked for the least else. */
static const char *refused_with(const struct loader_refusal *refusals, bool device_state, bool xdp)
{
	const char *text = "the kernel has refused nothing";

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(steps); i++)
		if (refusals[i].error &&
		    ((device_state && steps[i].device_state) || (xdp && steps[i].xdp)))
			text = refusals[i].text;
	return text;
}

/* It works with less than was hoped for: say so. */
static void tell_less(const struct loader_options *asked, const struct loader_options *got,
		      const struct loader_refusal *refusals)
{
	if (asked->device_state && !got->device_state)
		log_warning("the programs do not look at the state of the devices, vnetd alone "
			    "watches them: %s",
			    refused_with(refusals, true, false));
	if (asked->xdp && !got->xdp)
		log_warning("there is no XDP, all frames are carried by TC: %s",
			    refused_with(refusals, false, true));
}

int loader_load(struct loader_set *set, const struct loader_options *options, const char *folder,
		struct error *e)
{
	struct loader_refusal refusals[UTIL_ARRAY_SIZE(steps)] = {};
	const struct loader_refusal *last = NULL;
	int r;

	loader_route_log();
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(steps); i++) {
		const struct loader_options with = {
			.device_state = steps[i].device_state,
			.xdp_features = steps[i].device_state && options->xdp_features,
			.xdp = steps[i].xdp,
		};

		if ((with.device_state && !options->device_state) || (with.xdp && !options->xdp))
			continue;
		r = load_once(set, &with, folder, &refusals[i], e);
		if (r == 0) {
			tell_less(options, &with, refusals);
			return 0;
		}
		if (!refusals[i].error)
			return r;
		last = &refusals[i];
	}
	loader_log_tail(last->tail);
	return error_set(e, last->kind, last->error, NULL, NULL, "%s", last->text);
}
