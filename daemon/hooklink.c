// SPDX-License-Identifier: GPL-2.0-or-later
#include "hooklink.h"

#include <errno.h>

#include <bpf/bpf.h>

#include "pin.h"

/* The start of struct bpf_link_info, with what its unions `tcx` and `xdp` share. */
struct hooklink_info {
	__u32 type;
	__u32 id;
	__u32 prog_id;
	__u32 pad;
	__u32 ifindex; /* 0: the device was deleted, and the link is dead */
	__u32 side;    /* of tcx */
} __attribute__((aligned(8)));

_Static_assert(offsetof(struct hooklink_info, ifindex) ==
		       offsetof(struct bpf_link_info, xdp.ifindex),
	       "the union of struct bpf_link_info");

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

/* 0, or -ENOLINK: @link is dead, or somewhere else. */
static int look(int link, const struct hooklink *h, struct hooklink_info *ret)
{
	struct hooklink_info info = {};
	__u32 len = sizeof(info);
	int r;

	r = bpf_obj_get_info_by_fd(link, &info, &len);
	if (r < 0)
		return r;
	/*
	 * The device may have taken its link into another namespace, and its number be another
	 * device's here.
	 */
	if (info.type != h->type || info.ifindex != h->ifindex || info.side != h->side ||
	    !h->runs(h, info.prog_id))
		return -ENOLINK;
	*ret = info;
	return 0;
}

/* 0: @link runs @program. -ENOLINK as of look(). */
static int adopt(int link, const struct hooklink *h, int program, int old_program)
{
	LIBBPF_OPTS(bpf_link_update_opts, opts);
	struct hooklink_info info;
	__u32 id, old_id;
	int r;

	r = look(link, h, &info);
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
static int drop(int link, const struct hooklink *h)
{
	struct hooklink_info info = {};
	__u32 len = sizeof(info);
	int r;

	r = bpf_obj_get_info_by_fd(link, &info, &len);
	if (r == 0 && info.type == h->type && info.ifindex != 0)
		r = bpf_link_detach(link);
	if (r < 0 && r != -ENOLINK && r != -ENODEV)
		return r;
	return pin_remove(h->folder, h->name);
}

static int make(const struct hooklink *h, int program)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = h->flags);
	UTIL_CLOSE int link = -1;
	int r;

	link = bpf_link_create(program, (int)h->ifindex, (enum bpf_attach_type)h->attach, &opts);
	if (link < 0)
		return link;
	r = pin_put(link, h->folder, h->name);
	if (r < 0)
		bpf_link_detach(link);
	return r;
}

int hooklink_attach(const struct hooklink *h, int program, int old_program)
{
	UTIL_CLOSE int link = -1;
	int r;

	link = pin_get(h->folder, h->name);
	if (link < 0 && link != -ENOENT)
		return link;
	if (link >= 0) {
		r = adopt(link, h, program, old_program);
		if (r != -ENOLINK)
			return r;
		r = drop(link, h);
		if (r < 0)
			return r;
	}
	return make(h, program);
}

bool hooklink_is_there(const struct hooklink *h)
{
	UTIL_CLOSE int link = pin_get(h->folder, h->name);
	struct hooklink_info info;

	return link >= 0 && look(link, h, &info) == 0;
}

int hooklink_detach(const struct hooklink *h)
{
	UTIL_CLOSE int link = pin_get(h->folder, h->name);

	if (link < 0)
		return link == -ENOENT ? 0 : link;
	return drop(link, h);
}
