// SPDX-License-Identifier: GPL-2.0-or-later
/* The data path's life on a real kernel: opened, adopted, refused, flushed. */
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../../daemon/loader.h"
#include "sandbox.h"

static const char *const maps[] = {
	"meta",		"ports",	 "far_ports",	      "vnets",	      "resources",
	"fdb",		"vlans",	 "counters",	      "far_counters", "drops",
	"devices",	"storms",	 "allowed",	      "uplinks",      "members",
	"addresses",	"learners",	 "flow_table",	      "flow_shapes",  "flow_lists",
	"flows",	"flow_counters", "far_flow_counters", "limits",	      "cpus",
	"cpus_generic", "xsks",
};
static const char *const programs[] = { "vnet_tx",	   "vnet_rx",	   "vnet_uplink",
					"vnet_uplink_tx",  "vnet_xdp_tx",  "vnet_xdp_rx",
					"vnet_xdp_uplink", "vnet_xdp_cpu", "vnet_xdp_cpu_generic",
					"vnet_xdp_xsk" };
static const char *const folders[] = { "",	   "/maps",  "/programs", "/links",
				       "/filters", "/pairs", "/devices" };

static const struct abi_vnet vnet_row = { .mac = { 2, 0, 0, 0, 0, 1 }, .pvid = 1, .port = 7 };
static const struct abi_resource resource_row = { .ifindex = 9, .pvid = 1, .up = 1, .vnet = 1 };

static struct datapath *opened(bool no_tcx)
{
	struct datapath *d = sandbox_datapath(no_tcx);
	struct error e = {};

	ck_assert_msg(datapath_open(d, &e) == 0, "%s", e.message);
	ck_assert(datapath_is_open(d));
	return d;
}

static int open_map(const char *name)
{
	int fd = bpf_obj_get(sandbox_path("t/maps/%s", name));

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* --- opening --- */

START_TEST(new_touches_nothing)
{
	struct datapath *d = sandbox_datapath(false);

	ck_assert(!datapath_is_open(d));
	ck_assert(!sandbox_exists(sandbox_path("t")));
	datapath_free(d);
	datapath_free(NULL);
}
END_TEST

START_TEST(new_refuses_names)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "a.b" };
	struct datapath_options options = { .bpffs = sandbox_folder() };
	struct datapath *d = NULL;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(bad); i++) {
		options.instance = bad[i];
		ck_assert_int_eq(datapath_new(&options, &d), -EINVAL);
		ck_assert_ptr_null(d);
	}
}
END_TEST

static void check_mode(const char *path, mode_t expected)
{
	struct stat st;

	ck_assert_msg(lstat(path, &st) == 0, "%s: %s", path, strerror(errno));
	ck_assert_msg((st.st_mode & 07777) == expected, "%s has mode %o", path, st.st_mode & 07777);
}

/* Nothing else is pinned: no constants, no map that is for tests. */
static size_t names_in(const char *folder)
{
	DIR *dir = opendir(sandbox_path("t/%s", folder));
	size_t n = 0;

	ck_assert_ptr_nonnull(dir);
	for (const struct dirent *entry; (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void check_modes(void)
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(folders); i++)
		check_mode(sandbox_path("t%s", folders[i]), 0700);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(maps); i++)
		check_mode(sandbox_path("t/maps/%s", maps[i]), 0600);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(programs); i++)
		check_mode(sandbox_path("t/programs/%s", programs[i]), 0600);
	ck_assert_uint_eq(names_in("maps"), UTIL_ARRAY_SIZE(maps));
	ck_assert_uint_eq(names_in("programs"), UTIL_ARRAY_SIZE(programs));
}

START_TEST(open_makes_all_with_fixed_modes)
{
	static const mode_t masks[] = { 0, 022, 0277 };
	const uint32_t zero = 0;
	struct abi_meta meta;
	int fd;

	umask(masks[_i]);
	datapath_free(opened(false));
	check_modes();

	fd = open_map("meta");
	ck_assert_int_eq(bpf_map_lookup_elem(fd, &zero, &meta), 0);
	ck_assert_uint_eq(meta.version, ABI_VERSION);
	close(fd);
}
END_TEST

START_TEST(open_repairs_modes)
{
	datapath_free(opened(false));
	ck_assert_int_eq(chmod(sandbox_path("t"), 0755), 0);
	ck_assert_int_eq(chmod(sandbox_path("t/maps"), 0777), 0);
	ck_assert_int_eq(chmod(sandbox_path("t/maps/fdb"), 0666), 0);
	datapath_free(opened(false));
	check_modes();
}
END_TEST

START_TEST(open_makes_its_folder)
{
	const struct datapath_options options = { sandbox_path("sub/"), "t", false };
	struct datapath *d;

	ck_assert_int_eq(datapath_new(&options, &d), 0);
	ck_assert_int_eq(datapath_open(d, NULL), 0);
	check_mode(sandbox_path("sub"), 0700);
	check_mode(sandbox_path("sub/t/maps/fdb"), 0600);
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert(!sandbox_exists(sandbox_path("sub")));
	datapath_free(d);
}
END_TEST

START_TEST(open_is_done_once)
{
	struct datapath *d = opened(false);
	uint32_t id = sandbox_program_id(sandbox_path("t/programs/vnet_tx"));

	ck_assert_int_eq(datapath_open(d, NULL), 0);
	ck_assert_uint_eq(sandbox_program_id(sandbox_path("t/programs/vnet_tx")), id);
	datapath_free(d);
}
END_TEST

/* --- refusals: a sentence, and nothing changed --- */

static void map_ids(uint32_t ret[UTIL_ARRAY_SIZE(maps)])
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(maps); i++)
		ret[i] = sandbox_map_id(sandbox_path("t/maps/%s", maps[i]));
}

static void check_refused(int expected, const char *one, const char *two)
{
	struct datapath *d = sandbox_datapath(false);
	struct error e = {};

	ck_assert_int_eq(datapath_open(d, &e), expected);
	ck_assert_int_eq(e.number, -expected);
	ck_assert_msg(strstr(e.message, one) != NULL, "%s", e.message);
	ck_assert_msg(strstr(e.message, two) != NULL, "%s", e.message);
	ck_assert(!datapath_is_open(d));
	/* What needs the maps says the same, without a sentence. */
	ck_assert_int_eq(datapath_vnet_write(d, 1, &vnet_row), expected);
	datapath_free(d);
}

START_TEST(refuses_another_version)
{
	const struct abi_meta other = { .version = 99 };
	uint32_t before[UTIL_ARRAY_SIZE(maps)], after[UTIL_ARRAY_SIZE(maps)], program;
	const uint32_t zero = 0;
	int fd;

	datapath_free(opened(false));
	fd = open_map("meta");
	ck_assert_int_eq(bpf_map_update_elem(fd, &zero, &other, BPF_ANY), 0);
	close(fd);
	map_ids(before);
	program = sandbox_program_id(sandbox_path("t/programs/vnet_rx"));

	check_refused(-EPROTO, "version 99", "expected version 3");
	map_ids(after);
	ck_assert_mem_eq(before, after, sizeof(before));
	ck_assert_uint_eq(sandbox_program_id(sandbox_path("t/programs/vnet_rx")), program);
}
END_TEST

static void replace_map(const char *name, uint32_t value_size)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_HASH, "other", 12, value_size, 16, NULL);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(sandbox_path("t/maps/%s", name)), 0);
	ck_assert_int_eq(bpf_obj_pin(fd, sandbox_path("t/maps/%s", name)), 0);
	close(fd);
}

/* A value on every CPU, as the programs would have left it. */
static void count_on_cpus(const char *map, uint32_t key, size_t words, uint64_t base)
{
	const size_t cpus = (size_t)libbpf_num_possible_cpus();
	UTIL_FREE uint64_t *values = calloc(cpus * words, sizeof(*values));
	int fd = open_map(map);

	for (size_t i = 0; i < cpus * words; i++)
		values[i] = base + i % words;
	ck_assert_int_eq(bpf_map_update_elem(fd, &key, values, BPF_EXIST), 0);
	close(fd);
}

/* They say that they are of the version before, but are not what it had. */
START_TEST(refuses_a_false_version_before)
{
	const struct abi_meta before_us = { .version = ABI_VERSION - 1 };
	uint32_t before[UTIL_ARRAY_SIZE(maps)], after[UTIL_ARRAY_SIZE(maps)];
	const uint32_t zero = 0;
	int fd;

	datapath_free(opened(false));
	replace_map("ports", 8);
	fd = open_map("meta");
	ck_assert_int_eq(bpf_map_update_elem(fd, &zero, &before_us, BPF_ANY), 0);
	close(fd);
	map_ids(before);
	check_refused(-EINVAL, "maps/ports is a map of type 1, key 12", "nothing was changed");
	map_ids(after);
	ck_assert_mem_eq(before, after, sizeof(before));
	ck_assert(!sandbox_exists(sandbox_path("t/maps_new")));
}
END_TEST

/* What version 2 had is shared and what it counted stays; what is new is made, and so is `meta`. */
START_TEST(brings_over_the_version_before)
{
	static const size_t old_count = 13; /* of `maps`, the first ones */
	const struct abi_meta two = { .version = 2, .generation = 7 };
	uint32_t before[UTIL_ARRAY_SIZE(maps)], after[UTIL_ARRAY_SIZE(maps)], program;
	const uint64_t cpus = (uint64_t)libbpf_num_possible_cpus();
	struct abi_counters counters;
	struct abi_resource row;
	const uint32_t zero = 0;
	struct abi_meta meta;
	struct datapath *d = opened(false);
	int fd = open_map("meta");

	ck_assert_int_eq(datapath_resource_write(d, 5, &resource_row), 0);
	count_on_cpus("counters", 5, sizeof(counters) / 8, 100);
	datapath_free(d);
	for (size_t i = old_count; i < UTIL_ARRAY_SIZE(maps); i++)
		ck_assert_int_eq(unlink(sandbox_path("t/maps/%s", maps[i])), 0);
	ck_assert_int_eq(bpf_map_update_elem(fd, &zero, &two, BPF_ANY), 0);
	for (size_t i = 0; i < old_count; i++)
		before[i] = sandbox_map_id(sandbox_path("t/maps/%s", maps[i]));
	program = sandbox_program_id(sandbox_path("t/programs/vnet_tx"));

	d = opened(false);
	map_ids(after);
	for (size_t i = 0; i < old_count; i++)
		ck_assert_int_eq(before[i] == after[i], strcmp(maps[i], "meta") != 0);
	ck_assert_uint_ne(sandbox_program_id(sandbox_path("t/programs/vnet_tx")), program);
	ck_assert_int_eq(datapath_resource_read(d, 5, &row), 0);
	ck_assert_mem_eq(&row, &resource_row, sizeof(row));
	ck_assert_int_eq(datapath_counters(d, 5, &counters), 0);
	ck_assert_uint_eq(counters.rx_packets, 100 * cpus);
	check_modes();
	ck_assert(!sandbox_exists(sandbox_path("t/maps_new")));
	/* The old one, which nobody but us has any more, still says what it said. */
	ck_assert_int_eq(bpf_map_lookup_elem(fd, &zero, &meta), 0);
	ck_assert_mem_eq(&meta, &two, sizeof(meta));
	close(fd);
	datapath_free(d);
	datapath_free(opened(false));
}
END_TEST

START_TEST(refuses_another_shape)
{
	static const char *const names[] = { "fdb", "meta" };
	uint32_t before[UTIL_ARRAY_SIZE(maps)], after[UTIL_ARRAY_SIZE(maps)];

	datapath_free(opened(false));
	replace_map(names[_i], 4096);
	map_ids(before);
	check_refused(-EINVAL, sandbox_path("t/maps/%s", names[_i]), "value 4096, 16 entries");
	map_ids(after);
	ck_assert_mem_eq(before, after, sizeof(before));
}
END_TEST

START_TEST(refuses_without_bpffs)
{
	char expected[512];

	ck_assert_int_eq(umount(sandbox_folder()), 0);
	snprintf(expected, sizeof(expected),
		 "%s is not a BPF file system; mount one with: mount -t bpf bpf %s",
		 sandbox_folder(), sandbox_folder());
	check_refused(-EINVAL, expected, "mount");
	ck_assert(!sandbox_exists(sandbox_path("t")));
}
END_TEST

static void check_bpffs_refused(const char *bpffs, const char *one, const char *two)
{
	const struct datapath_options options = { bpffs, "t", false };
	struct datapath *d;
	struct error e = {};

	ck_assert_int_eq(datapath_new(&options, &d), 0);
	ck_assert_int_lt(datapath_open(d, &e), 0);
	ck_assert_msg(strstr(e.message, one) != NULL, "%s", e.message);
	ck_assert_msg(strstr(e.message, two) != NULL, "%s", e.message);
	datapath_free(d);
}

START_TEST(refuses_a_folder_that_cannot_be)
{
	check_bpffs_refused(sandbox_path("no/such"), sandbox_path("no/such"), "mount -t bpf bpf");
	check_bpffs_refused("/proc/vnet", "/proc is not a BPF file system",
			    "mount -t bpf bpf /proc");
	check_bpffs_refused("/dev/null", "/dev/null is not a BPF file system", "mount");
}
END_TEST

START_TEST(refuses_a_stranger_s_folder)
{
	ck_assert_int_eq(mkdir(sandbox_path("t"), 0777), 0);
	ck_assert_int_eq(chown(sandbox_path("t"), 12345, 12345), 0);
	check_refused(-EPERM, sandbox_path("t"), "belongs to another user");
}
END_TEST

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {};

	data[0].permitted = data[0].effective = 1u << CAP_NET_ADMIN | 1u << CAP_DAC_OVERRIDE;
	ck_assert_int_eq(syscall(SYS_capset, &header, data), 0);
}

START_TEST(refuses_without_capability)
{
	ck_assert_int_eq(mkdir(sandbox_path("t"), 0700), 0);
	drop_capabilities();
	check_refused(-EPERM, "not permitted", "CAP_BPF");
	ck_assert(!sandbox_exists(sandbox_path("t")));
}
END_TEST

START_TEST(takes_back_what_it_pinned)
{
	uint32_t id, program;

	/* Programs are pinned after the maps, and to this name it cannot be. */
	ck_assert_int_eq(mkdir(sandbox_path("t"), 0700), 0);
	ck_assert_int_eq(mkdir(sandbox_path("t/programs"), 0700), 0);
	ck_assert_int_eq(mkdir(sandbox_path("t/programs/vnet_rx_new"), 0700), 0);
	check_refused(-EISDIR, "programs/vnet_rx", "cannot be pinned");
	ck_assert(!sandbox_exists(sandbox_path("t/maps")));
	ck_assert(!sandbox_exists(sandbox_path("t/programs/vnet_tx")));

	/* What was there before stays; the map that was made again goes. */
	ck_assert_int_eq(rmdir(sandbox_path("t/programs/vnet_rx_new")), 0);
	datapath_free(opened(false));
	id = sandbox_map_id(sandbox_path("t/maps/fdb"));
	program = sandbox_program_id(sandbox_path("t/programs/vnet_tx"));
	ck_assert_int_eq(unlink(sandbox_path("t/maps/vlans")), 0);
	ck_assert_int_eq(mkdir(sandbox_path("t/programs/vnet_rx_new"), 0700), 0);
	check_refused(-EISDIR, "programs/vnet_rx", "cannot be pinned");
	ck_assert(!sandbox_exists(sandbox_path("t/maps/vlans")));
	ck_assert_uint_eq(sandbox_map_id(sandbox_path("t/maps/fdb")), id);
	ck_assert_uint_eq(sandbox_program_id(sandbox_path("t/programs/vnet_tx")), program);
}
END_TEST

START_TEST(tells_the_verifier_s_reason)
{
	static char log[65536];
	char silent[] = "processed 3 insns (limit 1000000) max_states_per_insn 0\n\n";
	char empty[] = "", one[] = "invalid bpf_context access off=0 size=99";
	const struct bpf_insn insns[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_DW,
		  .dst_reg = BPF_REG_0,
		  .src_reg = BPF_REG_10,
		  .off = 8 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log),
		    .log_level = 1);
	const char *reason;

	ck_assert_int_lt(bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "bad", "GPL", insns,
				       UTIL_ARRAY_SIZE(insns), &opts),
			 0);
	reason = loader_reason(log);
	ck_assert_ptr_nonnull(reason);
	ck_assert_msg(strstr(reason, "invalid") && strstr(reason, "stack"), "%s", reason);
	ck_assert_ptr_null(loader_reason(silent));
	ck_assert_ptr_null(loader_reason(empty));
	ck_assert_str_eq(loader_reason(one), "invalid bpf_context access off=0 size=99");
}
END_TEST

/* --- what the kernel offers --- */

static struct datapath *opened_without(bool device_state, bool xdp)
{
	const struct datapath_options options = { .bpffs = sandbox_folder(),
						  .instance = "t",
						  .no_device_state = device_state,
						  .no_xdp = xdp };
	struct error e = {};
	struct datapath *d;

	ck_assert_int_eq(datapath_new(&options, &d), 0);
	ck_assert_msg(datapath_open(d, &e) == 0, "%s", e.message);
	return d;
}

START_TEST(tells_what_it_does)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	struct datapath_features has;
	enum kernel_attach attach;
	struct datapath *d = sandbox_datapath(false);

	datapath_probe(d, &has);
	ck_assert(!has.xdp && !has.carrier_check);
	datapath_free(d);
	for (int without = 0; without < 4; without++) {
		d = opened_without(without & 1, without & 2);
		datapath_probe(d, &has);
		ck_assert_int_eq(has.carrier_check,
				 !(without & 1) && sandbox_kernel_has("bpf_rdonly_cast"));
		ck_assert_int_eq(has.xdp, !(without & 2));
		if (!has.carrier_check)
			ck_assert(!datapath_sees_devices(d));
		/* The programs of the daemon before that are not there now have no name either. */
		ck_assert_int_eq(sandbox_exists(sandbox_path("t/programs/vnet_xdp_rx")), has.xdp);
		ck_assert(sandbox_exists(sandbox_path("t/programs/vnet_rx")));
		ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, ifindex, &attach), 0);
		ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_XDP_RX, ifindex, &attach),
				 has.xdp ? 0 : -ENOSYS);
		if (has.xdp)
			ck_assert_int_eq(attach, KERNEL_ATTACH_XDP);
		ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_XDP_RX, ifindex), 0);
		datapath_free(d);
	}
}
END_TEST

START_TEST(opens_in_little_time)
{
	const uint64_t start = sandbox_now_us();
	struct datapath *d = opened(false);
	const uint64_t took = sandbox_now_us() - start;

	printf("# opening the data path: %u us\n", (unsigned int)took);
	ck_assert_uint_lt(took, sandbox_limit_us(2000000));
	datapath_free(d);
}
END_TEST

/* --- adopting --- */

START_TEST(adopts_what_it_finds)
{
	const uint64_t cpus = (uint64_t)libbpf_num_possible_cpus();
	uint32_t before[UTIL_ARRAY_SIZE(maps)], after[UTIL_ARRAY_SIZE(maps)], program;
	struct abi_resource row;
	struct abi_counters counters;
	struct datapath *d = opened(false);

	ck_assert_int_eq(datapath_resource_write(d, 5, &resource_row), 0);
	count_on_cpus("counters", 5, sizeof(counters) / 8, 100);
	datapath_free(d);
	map_ids(before);
	program = sandbox_program_id(sandbox_path("t/programs/vnet_tx"));

	d = opened(false);
	map_ids(after);
	ck_assert_mem_eq(before, after, sizeof(before));
	ck_assert_uint_ne(sandbox_program_id(sandbox_path("t/programs/vnet_tx")), program);
	ck_assert_int_eq(datapath_resource_read(d, 5, &row), 0);
	ck_assert_mem_eq(&row, &resource_row, sizeof(row));
	/* Written again at each start: the counts go on. */
	ck_assert_int_eq(datapath_resource_write(d, 5, &resource_row), 0);
	ck_assert_int_eq(datapath_counters(d, 5, &counters), 0);
	ck_assert_uint_eq(counters.rx_packets, 100 * cpus);
	ck_assert_uint_eq(counters.tx_broadcast, 107 * cpus);
	datapath_free(d);
}
END_TEST

START_TEST(makes_missing_maps_again)
{
	uint32_t before[UTIL_ARRAY_SIZE(maps)], after[UTIL_ARRAY_SIZE(maps)];

	datapath_free(opened(false));
	map_ids(before);
	ck_assert_int_eq(unlink(sandbox_path("t/maps/%s", maps[_i])), 0);
	datapath_free(opened(false));
	map_ids(after);
	for (int i = 0; i < (int)UTIL_ARRAY_SIZE(maps); i++)
		ck_assert_int_eq(before[i] == after[i], i != _i);
	datapath_free(opened(false));
}
END_TEST

START_TEST(instances_are_apart)
{
	const struct datapath_options options = { sandbox_folder(), "u", false };
	struct datapath *d = opened(false), *u;
	struct abi_vnet row;

	ck_assert_int_eq(datapath_new(&options, &u), 0);
	ck_assert_int_eq(datapath_vnet_write(d, 1, &vnet_row), 0);
	ck_assert_int_eq(datapath_vnet_write(u, 2, &vnet_row), 0);
	ck_assert_int_eq(datapath_vnet_read(u, 1, &row), -ENOENT);
	ck_assert_int_eq(datapath_flush(u), 0);
	ck_assert(!sandbox_exists(sandbox_path("u")));
	ck_assert_int_eq(datapath_vnet_read(d, 1, &row), 0);
	datapath_free(u);
	datapath_free(d);
}
END_TEST

START_TEST(descriptors_do_not_leak)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	enum kernel_attach attach;
	struct datapath *d;
	int before = 0;

	for (int round = 0; round < 50; round++) {
		d = opened(round % 2);
		ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, ifindex, &attach), 0);
		ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, ifindex, &attach), 0);
		ck_assert_int_eq(datapath_resource_write(d, 1, &resource_row), 0);
		if (round % 3 == 0)
			ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, ifindex), 0);
		if (round % 10 == 0)
			ck_assert_int_eq(datapath_flush(d), 0);
		datapath_free(d);
		if (round == 0)
			before = sandbox_fd_count();
		ck_assert_int_eq(sandbox_fd_count(), before);
	}
}
END_TEST

/* --- flush --- */

static int collect(void *context, uint32_t ifindex, const char *text)
{
	char *all = context;
	size_t used = strlen(all);

	snprintf(all + used, 200 - used, "%u %s|", ifindex, text);
	return 0;
}

static const char *notes(struct datapath *d)
{
	static char all[200];

	all[0] = '\0';
	ck_assert_int_eq(datapath_device_marks_each(d, collect, all), 0);
	return all;
}

START_TEST(notes_of_devices_outlive_it)
{
	struct datapath *d = opened(false);

	ck_assert_str_eq(notes(d), "");
	ck_assert_int_eq(datapath_device_mark(d, 7, "was up"), 0);
	ck_assert_str_eq(notes(d), "7 was up|");
	ck_assert_int_eq(datapath_device_mark(d, 7, "was down"), 0);
	datapath_free(d);
	/* Of one who was killed between the making and the renaming; and something else. */
	ck_assert_int_eq(symlink("half", sandbox_path("t/devices/7_new")), 0);
	ck_assert_int_eq(symlink("x", sandbox_path("t/devices/7x")), 0);
	d = opened(false);
	ck_assert_str_eq(notes(d), "7 was down|");
	ck_assert_int_eq(readlink(sandbox_path("t/devices/7_new"), (char[9]) { "" }, 8), -1);
	ck_assert_int_eq(symlink("half", sandbox_path("t/devices/7_new")), 0);
	ck_assert_int_eq(datapath_device_mark(d, 7, "again"), 0);
	ck_assert_str_eq(notes(d), "7 again|");
	ck_assert_int_eq(datapath_device_mark(d, 7, NULL), 0);
	ck_assert_int_eq(datapath_device_mark(d, 7, NULL), 0);
	ck_assert_str_eq(notes(d), "");
	ck_assert_int_eq(datapath_device_mark(d, 8, "goes with the rest"), 0);
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert(!sandbox_exists(sandbox_path("t")));
	datapath_free(d);
}
END_TEST

static int collect_vf(void *context, uint32_t pf, uint32_t index, const char *text)
{
	char *all = context;
	size_t used = strlen(all);

	snprintf(all + used, 200 - used, "%u-%u %s|", pf, index, text);
	return 0;
}

static const char *vf_notes(struct datapath *d)
{
	static char all[200];

	all[0] = '\0';
	ck_assert_int_eq(datapath_vf_marks_each(d, collect_vf, all), 0);
	return all;
}

/* Beside those of devices, and neither is taken for the other. */
START_TEST(notes_of_virtual_functions_outlive_it)
{
	struct datapath *d = opened(false);

	ck_assert_int_eq(datapath_device_mark(d, 7, "a device"), 0);
	ck_assert_int_eq(datapath_vf_mark(d, 7, 0, "of nobody"), 0);
	ck_assert_int_eq(datapath_vf_mark(d, 7, 0, "first"), 0);
	datapath_free(d);
	ck_assert_int_eq(symlink("half", sandbox_path("t/devices/7-0_new")), 0);
	ck_assert_int_eq(symlink("x", sandbox_path("t/devices/7-")), 0);
	ck_assert_int_eq(symlink("x", sandbox_path("t/devices/7-1-2")), 0);
	ck_assert_int_eq(symlink("x", sandbox_path("t/devices/7--1")), 0);
	ck_assert_int_eq(symlink("x", sandbox_path("t/devices/-7")), 0);
	d = opened(false);
	ck_assert_str_eq(vf_notes(d), "7-0 first|");
	ck_assert_str_eq(notes(d), "7 a device|");
	ck_assert_int_eq(datapath_vf_mark(d, 7, 0, NULL), 0);
	ck_assert_int_eq(datapath_vf_mark(d, 7, 0, NULL), 0);
	ck_assert_str_eq(vf_notes(d), "");
	ck_assert_str_eq(notes(d), "7 a device|");
	ck_assert_int_eq(datapath_vf_mark(d, 8, 255, "goes with the rest"), 0);
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert(!sandbox_exists(sandbox_path("t")));
	datapath_free(d);
}
END_TEST

static const char *filter_notes(struct datapath *d)
{
	static char all[200];

	all[0] = '\0';
	ck_assert_int_eq(datapath_filter_marks_each(d, collect_vf, all), 0);
	return all;
}

START_TEST(notes_of_filters_outlive_it)
{
	struct datapath *d = opened(false);

	ck_assert_int_eq(datapath_device_mark(d, 7, "a device"), 0);
	ck_assert_int_eq(datapath_vf_mark(d, 7, 9, "a function"), 0);
	ck_assert_int_eq(datapath_filter_mark(d, 7, 9, "of nobody"), 0);
	ck_assert_int_eq(datapath_filter_mark(d, 7, 9, "a filter"), 0);
	datapath_free(d);
	d = opened(false);
	ck_assert_str_eq(filter_notes(d), "7-9 a filter|");
	ck_assert_str_eq(vf_notes(d), "7-9 a function|");
	ck_assert_str_eq(notes(d), "7 a device|");
	ck_assert_int_eq(datapath_filter_mark(d, 7, 9, NULL), 0);
	ck_assert_int_eq(datapath_filter_mark(d, 7, 9, NULL), 0);
	ck_assert_str_eq(filter_notes(d), "");
	ck_assert_str_eq(vf_notes(d), "7-9 a function|");
	ck_assert_int_eq(datapath_filter_mark(d, 8, 0, "goes with the rest"), 0);
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert(!sandbox_exists(sandbox_path("t")));
	datapath_free(d);
}
END_TEST

START_TEST(flush_leaves_nothing)
{
	const uint32_t ifindex = sandbox_veth("v0", "v1");
	uint32_t ids[UTIL_ARRAY_SIZE(maps)], tx, rx, link = 0;
	enum kernel_attach attach;
	const struct kernel_wanted nothing = {};
	struct datapath *d = opened(_i);
	struct abi_drops drops;
	struct abi_vnet row;

	ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_RX, ifindex, &attach), 0);
	ck_assert_int_eq(datapath_attach(d, KERNEL_HOOK_TX_EGRESS, ifindex, &attach), 0);
	map_ids(ids);
	tx = sandbox_program_id(sandbox_path("t/programs/vnet_tx"));
	rx = sandbox_program_id(sandbox_path("t/programs/vnet_rx"));
	if (attach == KERNEL_ATTACH_TCX)
		link = sandbox_link_id(sandbox_path("t/links/rx-%u", ifindex));

	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert(!datapath_is_open(d));
	ck_assert(!sandbox_exists(sandbox_path("t")));
	if (link)
		sandbox_wait_gone(SANDBOX_LINK, link);
	sandbox_wait_gone(SANDBOX_PROGRAM, tx);
	sandbox_wait_gone(SANDBOX_PROGRAM, rx);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(maps); i++)
		sandbox_wait_gone(SANDBOX_MAP, ids[i]);
	sandbox_run("test -z \"$(tc qdisc show dev v0 | grep clsact)\"");

	/* What only removes or looks makes nothing. */
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert_int_eq(datapath_vnet_write(d, 1, NULL), 0);
	ck_assert_int_eq(datapath_port_write(d, 1, NULL), 0);
	ck_assert_int_eq(datapath_detach(d, KERNEL_HOOK_RX, ifindex), 0);
	ck_assert_int_eq(datapath_vnet_read(d, 1, &row), -ENOENT);
	ck_assert_int_eq(datapath_drops(d, 1, &drops), -ENOENT);
	ck_assert_int_eq(datapath_sweep(d, &nothing), 0);
	ck_assert(!sandbox_exists(sandbox_path("t")));

	/* And again, from nothing. */
	ck_assert_int_eq(datapath_vnet_write(d, 1, &vnet_row), 0);
	ck_assert(datapath_is_open(d));
	datapath_free(d);
}
END_TEST

START_TEST(flush_removes_nothing_without_bpffs)
{
	struct datapath *d = sandbox_datapath(false);

	ck_assert_int_eq(umount(sandbox_folder()), 0);
	ck_assert_int_eq(mkdir(sandbox_path("t"), 0700), 0);
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert_int_eq(rmdir(sandbox_path("t")), 0);
	datapath_free(d);
}
END_TEST

START_TEST(flush_takes_away_another_version)
{
	const struct abi_meta other = { .version = 99 };
	const uint32_t zero = 0;
	struct datapath *d;
	int fd;

	datapath_free(opened(false));
	fd = open_map("meta");
	ck_assert_int_eq(bpf_map_update_elem(fd, &zero, &other, BPF_ANY), 0);
	close(fd);
	d = sandbox_datapath(false);
	ck_assert_int_eq(datapath_flush(d), 0);
	ck_assert(!sandbox_exists(sandbox_path("t")));
	datapath_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("datapath");
	TCase *t = sandbox_case(s, "life");

	tcase_add_test(t, new_touches_nothing);
	tcase_add_test(t, new_refuses_names);
	tcase_add_loop_test(t, open_makes_all_with_fixed_modes, 0, 3);
	tcase_add_test(t, open_repairs_modes);
	tcase_add_test(t, open_makes_its_folder);
	tcase_add_test(t, open_is_done_once);
	tcase_add_test(t, refuses_another_version);
	tcase_add_test(t, refuses_a_false_version_before);
	tcase_add_test(t, brings_over_the_version_before);
	tcase_add_loop_test(t, refuses_another_shape, 0, 2);
	tcase_add_test(t, refuses_without_bpffs);
	tcase_add_test(t, refuses_a_folder_that_cannot_be);
	tcase_add_test(t, refuses_a_stranger_s_folder);
	tcase_add_test(t, refuses_without_capability);
	tcase_add_test(t, takes_back_what_it_pinned);
	tcase_add_test(t, tells_the_verifier_s_reason);
	tcase_add_test(t, tells_what_it_does);
	tcase_add_test(t, opens_in_little_time);
	tcase_add_test(t, adopts_what_it_finds);
	tcase_add_loop_test(t, makes_missing_maps_again, 0, (int)UTIL_ARRAY_SIZE(maps));
	tcase_add_test(t, instances_are_apart);
	tcase_add_test(t, notes_of_devices_outlive_it);
	tcase_add_test(t, notes_of_virtual_functions_outlive_it);
	tcase_add_test(t, notes_of_filters_outlive_it);
	tcase_add_test(t, descriptors_do_not_leak);
	tcase_add_loop_test(t, flush_leaves_nothing, 0, 2);
	tcase_add_test(t, flush_removes_nothing_without_bpffs);
	tcase_add_test(t, flush_takes_away_another_version);
	return sandbox_main(s);
}
