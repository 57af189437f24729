// SPDX-License-Identifier: GPL-2.0-or-later
#include "xdp.h"

#include <errno.h>
#include <net/if.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include "hooklink.h"

uint32_t xdp_program(uint32_t ifindex)
{
	__u32 id = 0;

	return bpf_xdp_query_id((int)ifindex, XDP_FLAGS_DRV_MODE, &id) == 0 ? id : 0;
}

static bool runs(const struct hooklink *h, uint32_t program)
{
	__u32 id = 0;

	return bpf_xdp_query_id((int)h->ifindex, (int)h->flags, &id) == 0 && id == program;
}

static struct hooklink link_of(const struct xdp_place *place)
{
	return (struct hooklink) {
		.folder = place->folder,
		.name = place->name,
		.ifindex = place->ifindex,
		.type = BPF_LINK_TYPE_XDP,
		.attach = BPF_XDP,
		.flags = place->generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE,
		.runs = runs,
	};
}

int xdp_attach(const struct xdp_place *place, int program, int old_program)
{
	const struct hooklink h = link_of(place);
	int r = hooklink_attach(&h, program, old_program);
	char name[IF_NAMESIZE];

	/* The kernel says the same of a device that is not there and of one that is unfit. */
	if (r == -EINVAL && !if_indextoname(place->ifindex, name))
		return -ENODEV;
	return r;
}

bool xdp_is_there(const struct xdp_place *place)
{
	const struct hooklink h = link_of(place);

	return hooklink_is_there(&h);
}

int xdp_detach(const struct xdp_place *place)
{
	const struct hooklink h = link_of(place);

	return hooklink_detach(&h);
}

/* The kernel's own sentence goes to who asks by netlink, where a program has no link. */
const char *xdp_refusal(int err)
{
	static const struct {
		int number;
		const char *text;
	} rows[] = {
		{ EOPNOTSUPP, "its driver has no native XDP" },
		{ EBUSY, "another program has its XDP hook, and is left alone" },
		{ EEXIST, "another program has its XDP hook, or that of a device above it, and is "
			  "left alone" },
		{ ENOSYS, "this kernel does not take the XDP programs" },
		{ EINVAL, "its driver refuses XDP as the device is set up now (MTU, LRO, queues)" },
		{ ERANGE, "its driver refuses XDP with an MTU that large" },
		{ ENOSPC, "it has fewer receive queues than its other end has transmit queues" },
		{ ENOTCONN, "it has no other end" },
	};

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(rows); i++)
		if (rows[i].number == -err)
			return rows[i].text;
	return strerror(-err);
}
