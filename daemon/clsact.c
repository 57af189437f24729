// SPDX-License-Identifier: GPL-2.0-or-later
#include "clsact.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define CLSACT_PRIORITY 0x7674 /* "vt" */

/* No filter, no qdisc, no device. */
static bool is_gone(int r)
{
	return r == -ENOENT || r == -EINVAL || r == -ENODEV;
}

int clsact_make(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	return bpf_tc_hook_create(&hook);
}

static bool runs(const struct bpf_tc_hook *hook, uint32_t handle, int program)
{
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = CLSACT_PRIORITY);
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);

	return bpf_tc_query(hook, &opts) == 0 &&
	       bpf_obj_get_info_by_fd(program, &info, &len) == 0 && info.id == opts.prog_id;
}

int clsact_attach(const struct clsact_place *place, int program)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)place->ifindex,
		    .attach_point = place->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = place->handle, .priority = CLSACT_PRIORITY,
		    .prog_fd = program, .flags = BPF_TC_F_REPLACE);

	if (runs(&hook, place->handle, program))
		return 0;
	return bpf_tc_attach(&hook, &opts);
}

uint32_t clsact_program(const struct clsact_place *place)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)place->ifindex,
		    .attach_point = place->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = place->handle, .priority = CLSACT_PRIORITY);

	return bpf_tc_query(&hook, &opts) == 0 ? opts.prog_id : 0;
}

bool clsact_is_there(const struct clsact_place *place)
{
	return clsact_program(place) != 0;
}

int clsact_detach(const struct clsact_place *place)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)place->ifindex,
		    .attach_point = place->egress ? BPF_TC_EGRESS : BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = place->handle, .priority = CLSACT_PRIORITY);
	int r = bpf_tc_detach(&hook, &opts);

	return is_gone(r) ? 0 : r;
}

/* Reads one part of the answer: 1: a filter, or reason to be careful; 0: none; -EAGAIN: go on. */
static int read_filters(const void *buffer, size_t len)
{
	const struct nlmsghdr *h = buffer;
	const struct nlmsgerr *error;

	for (; NLMSG_OK(h, len); h = NLMSG_NEXT(h, len)) {
		if (h->nlmsg_type == RTM_NEWTFILTER || (h->nlmsg_flags & NLM_F_DUMP_INTR))
			return 1;
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR) {
			error = NLMSG_DATA(h);
			return error->error ? error->error : -EPROTO;
		}
	}
	return -EAGAIN;
}

/* libbpf asks for one filter by its number and cannot list them. 1: there is one, 0: none. */
static int has_filter(int sock, uint32_t ifindex, uint32_t side)
{
	struct {
		struct nlmsghdr h;
		struct tcmsg tc;
	} request = {
		.h = { .nlmsg_len = sizeof(request),
		       .nlmsg_type = RTM_GETTFILTER,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.tc = { .tcm_family = AF_UNSPEC,
			.tcm_ifindex = (int)ifindex,
			.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN(side)) },
	};
	UTIL_FREE char *buffer = malloc(32768);
	ssize_t n;
	int r;

	if (!buffer)
		return -ENOMEM;
	if (send(sock, &request, sizeof(request), 0) < 0)
		return -errno;
	do {
		n = recv(sock, buffer, 32768, 0);
		if (n < 0)
			return -errno;
		r = read_filters(buffer, (size_t)n);
	} while (r == -EAGAIN);
	return r;
}

/* Each side gets a socket of its own, so that the rest of one answer is not taken for the other. */
static int is_used(uint32_t ifindex)
{
	static const uint32_t sides[] = { TC_H_MIN_INGRESS, TC_H_MIN_EGRESS };
	int r = 0;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(sides) && r == 0; i++) {
		UTIL_CLOSE int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

		if (sock < 0)
			return -errno;
		r = has_filter(sock, ifindex, sides[i]);
	}
	return r;
}

int clsact_remove_unused(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int r = is_used(ifindex);

	if (r != 0)
		return r < 0 ? r : 0;
	r = bpf_tc_hook_destroy(&hook);
	return r == 0 || is_gone(r) ? 1 : r;
}
