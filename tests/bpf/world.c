// SPDX-License-Identifier: GPL-2.0-or-later
/* The namespace, the programs, and BPF_PROG_TEST_RUN. Rows are written in world_maps.c. */
#include <errno.h>
#include <fcntl.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "world_internal.h"

#define HASH_SIZE	1024
#define FLOW_TABLE_SIZE 8192

static int no_ipv6(const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno; /* a kernel without IPv6 */
	if (write(fd, "1", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

int world_enter(void)
{
	int err;

	if (unshare(CLONE_NEWNET))
		return -errno;
	err = no_ipv6("/proc/sys/net/ipv6/conf/default/disable_ipv6");
	return err ? err : no_ipv6("/proc/sys/net/ipv6/conf/all/disable_ipv6");
}

/* --- what the kernel can do --- */

static bool has_member(const struct btf *btf, const char *type, const char *member)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), member) == 0)
			return true;
	return false;
}

struct world_features world_features_probe(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct world_features f = { 0 };

	if (!btf)
		return f;
	f.device_state = btf__find_by_name_kind(btf, "bpf_rdonly_cast", BTF_KIND_FUNC) > 0;
	f.xdp_features = f.device_state && has_member(btf, "net_device", "xdp_features");
	btf__free(btf);
	return f;
}

struct world_features world_features(const struct world *w)
{
	return w->features;
}

/* --- the world --- */

/* A walk over a hash costs as much as there is room in it, and each configuration begins with some.
 */
static int shrink(const struct vnet_bpf *skel)
{
	struct bpf_map *const maps[] = {
		skel->maps.far_ports,	     skel->maps.fdb,	    skel->maps.vlans,
		skel->maps.far_counters,     skel->maps.drops,	    skel->maps.storms,
		skel->maps.allowed,	     skel->maps.members,    skel->maps.addresses,
		skel->maps.learners,	     skel->maps.flow_lists, skel->maps.limits,
		skel->maps.far_flow_counters
	};
	int err = bpf_map__set_max_entries(skel->maps.flow_table, FLOW_TABLE_SIZE);

	for (size_t i = 0; !err && i < sizeof(maps) / sizeof(maps[0]); i++)
		err = bpf_map__set_max_entries(maps[i], HASH_SIZE);
	return err;
}

/* All of the file, and its size; the caller frees it. NULL: errno says why. */
static void *read_file(const char *path, size_t *ret_size)
{
	FILE *f = fopen(path, "re");
	long size = f && fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
	void *bytes = size > 0 ? malloc((size_t)size) : NULL;

	if (bytes) {
		rewind(f);
		*ret_size = fread(bytes, 1, (size_t)size, f);
	}
	if (f)
		fclose(f);
	return bytes;
}

/*
 * Opens the programs that were built in, or others with the same names: VNET_BPF_OBJECT is the file
 * where they are. That is how planted faults are tried.
 */
static int open_programs(struct world *w)
{
	const char *path = getenv("VNET_BPF_OBJECT");
	size_t size;
	int err;

	if (!path) {
		w->skel = vnet_bpf__open();
		return w->skel ? 0 : -errno;
	}
	w->object = read_file(path, &size);
	if (!w->object)
		return -errno;
	w->skel = calloc(1, sizeof(*w->skel));
	err = w->skel ? vnet_bpf__create_skeleton(w->skel) : -ENOMEM;
	if (err)
		return err;
	w->skel->skeleton->data = w->object;
	w->skel->skeleton->data_sz = size;
	return bpf_object__open_skeleton(w->skel->skeleton, NULL);
}

static int load(struct world *w)
{
	const struct abi_cpu row = { ABI_CPU_QUEUE };
	int err = open_programs(w);

	if (err)
		return err;
	err = shrink(w->skel);
	if (err)
		return err;
	w->skel->rodata->option_trace = true;
	w->skel->rodata->option_device_state = w->features.device_state;
	w->skel->rodata->option_xdp_features = w->features.xdp_features;
	err = bpf_map__set_max_entries(w->skel->maps.cpus, MODEL_CPUS);
	if (!err)
		err = vnet_bpf__load(w->skel);
	for (uint32_t cpu = 0; !err && cpu < MODEL_CPUS; cpu++)
		err = bpf_map_update_elem(bpf_map__fd(w->skel->maps.cpus), &cpu, &row, BPF_ANY);
	return err;
}

int world_new(const struct world_features *features, struct world **ret)
{
	struct world *w = calloc(1, sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->features = *features;
	w->shared = mmap(NULL, sizeof(*w->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->shared == MAP_FAILED) {
		err = -errno;
		free(w);
		return err;
	}
	err = load(w);
	if (!err)
		err = world_tag_load(w);
	if (err) {
		world_free(w);
		return err;
	}
	*ret = w;
	return 0;
}

void world_free(struct world *w)
{
	if (!w)
		return;
	world_tag_unload(w);
	world_devices_free(w);
	munmap(w->shared, sizeof(*w->shared));
	vnet_bpf__destroy(w->skel);
	free(w->object);
	free(w);
}

int world_program(const struct world *w, enum model_program program)
{
	switch (program) {
	case MODEL_TX:
		return bpf_program__fd(w->skel->progs.vnet_tx);
	case MODEL_RX:
		return bpf_program__fd(w->skel->progs.vnet_rx);
	case MODEL_UPLINK:
		return bpf_program__fd(w->skel->progs.vnet_uplink);
	case MODEL_UPLINK_TX:
		return bpf_program__fd(w->skel->progs.vnet_uplink_tx);
	case MODEL_XDP_UPLINK:
		return bpf_program__fd(w->skel->progs.vnet_xdp_uplink);
	case MODEL_XDP_CPU:
		return bpf_program__fd(w->skel->progs.vnet_xdp_cpu);
	case MODEL_XDP_TX:
		return bpf_program__fd(w->skel->progs.vnet_xdp_tx);
	case MODEL_XDP_RX:
		return bpf_program__fd(w->skel->progs.vnet_xdp_rx);
	case MODEL_PROGRAM_END:
		break;
	}
	return -EINVAL;
}

/* --- BPF_PROG_TEST_RUN --- */

static int tc_verdict(uint32_t retval, enum model_verdict *ret)
{
	switch ((int)retval) {
	case TC_ACT_UNSPEC:
		*ret = MODEL_PASS;
		return 0;
	case TC_ACT_SHOT:
		*ret = MODEL_DROP;
		return 0;
	case TC_ACT_REDIRECT:
		*ret = MODEL_REDIRECT;
		return 0;
	}
	return -EPROTO;
}

static int xdp_verdict(uint32_t retval, enum model_verdict *ret)
{
	switch (retval) {
	case XDP_PASS:
		*ret = MODEL_PASS;
		return 0;
	case XDP_DROP:
		*ret = MODEL_DROP;
		return 0;
	case XDP_REDIRECT:
		*ret = MODEL_REDIRECT;
		return 0;
	}
	return -EPROTO;
}

static int run_tc(struct world *w, enum model_program program, uint32_t ifindex,
		  const struct model_frame *in, struct world_seen *ret)
{
	struct __sk_buff before = { .ifindex = ifindex,
				    .priority = MODEL_PRIORITY,
				    .gso_segs = in->segments,
				    .gso_size = in->segments ? 1448 : in->segment };
	struct __sk_buff after = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in->bytes, .data_size_in = (uint32_t)in->len,
		    .data_out = ret->frame.bytes, .data_size_out = sizeof(ret->frame.bytes),
		    .ctx_in = &before, .ctx_size_in = sizeof(before), .ctx_out = &after,
		    .ctx_size_out = sizeof(after));
	int fd = world_program(w, program), err;

	if (in->tag.present)
		fd = world_tag_put(w, program, &in->tag);
	err = bpf_prog_test_run_opts(fd, &run);
	if (err)
		return err;
	ret->frame.len = run.data_size_out;
	ret->frame.segments = after.gso_segs;
	ret->told.priority = after.priority;
	ret->told.start_ns = after.tstamp;
	return tc_verdict(run.retval, &ret->verdict);
}

static int run_xdp(const struct world *w, enum model_program program, uint32_t ifindex,
		   const struct model_frame *in, struct world_seen *ret)
{
	uint32_t linear = (uint32_t)(in->linear ? in->linear : in->len);
	struct xdp_md context = { .data_end = linear, .ingress_ifindex = ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = in->bytes, .data_size_in = (uint32_t)in->len,
		    .data_out = ret->frame.bytes, .data_size_out = sizeof(ret->frame.bytes),
		    .ctx_in = &context, .ctx_size_in = sizeof(context));
	int err = bpf_prog_test_run_opts(world_program(w, program), &run);

	if (err)
		return err;
	ret->frame.len = run.data_size_out;
	ret->frame.segments = 0;
	ret->told.priority = MODEL_PRIORITY;
	ret->told.start_ns = 0;
	return xdp_verdict(run.retval, &ret->verdict);
}

static void listen_to(const struct trace *t, struct world_seen *ret)
{
	const bool lost = ret->verdict == MODEL_REDIRECT && t->how == TRACE_NOWHERE;
	const bool dropped = lost || ret->verdict == MODEL_DROP;

	if (lost) /* over a limit: tc_dropped() */
		ret->verdict = MODEL_DROP;
	ret->egress = t->how == TRACE_NOWHERE ? 0 : t->egress;
	ret->told = (struct world_told) {
		.priority = dropped ? 0 : ret->told.priority,
		.start_ns = dropped ? 0 : ret->told.start_ns,
		.into_peer = t->how == TRACE_REDIRECT_PEER,
		.into_stack = t->how == TRACE_STACK,
		.into_cpu = t->how == TRACE_CPU,
		.copies = t->copies,
		.sent = t->tx,
		.received = t->rx,
		.reason = (enum abi_reason)t->reason,
		.drop = (enum abi_drop)t->drop,
		.vnet = t->vnet,
	};
}

int world_run(struct world *w, enum model_program program, uint32_t ifindex,
	      const struct model_frame *in, uint64_t now_ns, struct world_seen *ret)
{
	struct trace *t = &w->skel->bss->trace;
	int err;

	*t = (struct trace) { .now_ns = now_ns };
	err = model_is_xdp(program) ? run_xdp(w, program, ifindex, in, ret)
				    : run_tc(w, program, ifindex, in, ret);
	if (err)
		return err;
	ret->frame.tag = (struct model_tag) { 0 };
	ret->frame.linear = 0;
	listen_to(t, ret);
	return 0;
}

int world_test_run(struct world *w, enum model_program program, uint32_t ifindex,
		   const struct model_frame *in, struct world_seen *ret)
{
	struct world_counts start;
	int err = world_count(w, &start);

	if (!err)
		err = world_run(w, program, ifindex, in, 1, ret);
	return err ? err : world_counted_since(w, &start, &ret->counted);
}
