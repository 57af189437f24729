// SPDX-License-Identifier: GPL-2.0-or-later
#include "tcx.h"

#include <errno.h>

#include <bpf/bpf.h>

#include "pin.h"

/*
 * What the kernel has since 6.6 and the headers of Debian 12 (6.1) do not name. Kernel ABI, so
 * these never change.
 */
enum {
	TCX_INGRESS = 46,  /* BPF_TCX_INGRESS */
	TCX_EGRESS = 47,   /* BPF_TCX_EGRESS */
	TCX_LINK = 11,	   /* BPF_LINK_TYPE_TCX */
	TCX_PROGRAMS = 64, /* BPF_MPROG_MAX: so many can be at one hook */
	TCX_LO = 1,	   /* every namespace's loopback device */
};

/* The start of struct bpf_link_info, with its union's member `tcx`. */
struct tcx_info {
	__u32 type;
	__u32 id;
	__u32 prog_id;
	__u32 pad;
	__u32 ifindex; /* 0: the device was deleted, and the link is dead */
	__u32 attach_type;
} __attribute__((aligned(8)));

_Static_assert(offsetof(struct tcx_info, ifindex) == offsetof(struct bpf_link_info, xdp.ifindex),
	       "the union of struct bpf_link_info");

static enum bpf_attach_type attach_type(const struct tcx_place *place)
{
	return (enum bpf_attach_type)(place->egress ? TCX_EGRESS : TCX_INGRESS);
}

bool tcx_is_supported(void)
{
	LIBBPF_OPTS(bpf_prog_query_opts, opts);
	int r = bpf_prog_query_opts(TCX_LO, (enum bpf_attach_type)TCX_INGRESS, &opts);

	return r == 0 || r == -ENODEV;
}

static int program_id(int program, __u32 *ret)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int r = bpf_obj_get_info_by_fd(program, &info, &len);

	if (r < 0)
		return r;
	*ret = info.id;
	return 0;
}

/*
 * Does @program run at @place? A link's ifindex tells neither: the device may have taken its link
 * into another namespace, and its number be another device's here.
 */
static bool runs_here(const struct tcx_place *place, __u32 program)
{
	__u32 ids[TCX_PROGRAMS];
	LIBBPF_OPTS(bpf_prog_query_opts, opts, .prog_ids = ids, .prog_cnt = TCX_PROGRAMS);

	if (bpf_prog_query_opts((int)place->ifindex, attach_type(place), &opts) < 0)
		return false;
	for (__u32 i = 0; i < opts.prog_cnt; i++)
		if (ids[i] == program)
			return true;
	return false;
}

/* 0, or -ENOLINK: @link is dead, or somewhere else. */
static int look(int link, const struct tcx_place *place, struct tcx_info *ret)
{
	struct tcx_info info = {};
	__u32 len = sizeof(info);
	int r;

	r = bpf_obj_get_info_by_fd(link, &info, &len);
	if (r < 0)
		return r;
	if (info.type != TCX_LINK || info.ifindex != place->ifindex ||
	    info.attach_type != (__u32)attach_type(place) || !runs_here(place, info.prog_id))
		return -ENOLINK;
	*ret = info;
	return 0;
}

/* 0: @link runs @program at @place. -ENOLINK as of look(). */
static int adopt(int link, const struct tcx_place *place, int program, int old_program)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts);
	struct tcx_info info;
	__u32 id, old_id;
	int r;

	r = look(link, place, &info);
	if (r < 0)
		return r;
	r = program_id(program, &id);
	if (r < 0)
		return r;
	if (id == info.prog_id)
		return 0;
	if (old_program >= 0 && program_id(old_program, &old_id) == 0 && old_id == info.prog_id) {
		opts.flags = BPF_F_REPLACE;
		opts.old_prog_fd = (__u32)old_program;
	}
	return bpf_link_update(link, program, &opts);
}

/* Ends what @link does, if it is a link at all, and takes its pin away. */
static int drop(int link, const struct tcx_place *place)
{
	struct tcx_info info = {};
	__u32 len = sizeof(info);
	int r;

	r = bpf_obj_get_info_by_fd(link, &info, &len);
	if (r == 0 && info.type == TCX_LINK && info.ifindex != 0)
		r = bpf_link_detach(link);
	if (r < 0 && r != -ENOLINK && r != -ENODEV)
		return r;
	return pin_remove(place->folder, place->name);
}

static int make(const struct tcx_place *place, int program)
{
	UTIL_CLOSE int link = -1;
	int r;

	link = bpf_link_create(program, (int)place->ifindex, attach_type(place), NULL);
	if (link < 0)
		return link;
	r = pin_put(link, place->folder, place->name);
	if (r < 0)
		bpf_link_detach(link);
	return r;
}

int tcx_attach(const struct tcx_place *place, int program, int old_program)
{
	UTIL_CLOSE int link = -1;
	int r;

	link = pin_get(place->folder, place->name);
	if (link < 0 && link != -ENOENT)
		return link;
	if (link >= 0) {
		r = adopt(link, place, program, old_program);
		if (r != -ENOLINK)
			return r;
		r = drop(link, place);
		if (r < 0)
			return r;
	}
	return make(place, program);
}

bool tcx_is_there(const struct tcx_place *place)
{
	UTIL_CLOSE int link = pin_get(place->folder, place->name);
	struct tcx_info info;

	return link >= 0 && look(link, place, &info) == 0;
}

int tcx_detach(const struct tcx_place *place)
{
	UTIL_CLOSE int link = pin_get(place->folder, place->name);

	if (link < 0)
		return link == -ENOENT ? 0 : link;
	return drop(link, place);
}
