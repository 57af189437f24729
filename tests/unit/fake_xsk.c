/* SPDX-License-Identifier: GPL-2.0-or-later */
/* AF_XDP sockets in memory: files that nothing comes over. */
#include <errno.h>
#include <sys/mman.h>

#include "fake_kernel_internal.h"

static int fake_xsk_open(void *rtnl, uint32_t ifindex, uint32_t frames, struct kernel_xsk *ret)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_link(k, ifindex);

	if (fake_fails(k, "xsk_open"))
		return -k->fail_error;
	if (!l || !(l->flags & IFF_UP))
		return -ENETDOWN;
	*ret = (struct kernel_xsk) {
		.socket = memfd_create("socket", MFD_CLOEXEC),
		.memory = memfd_create("memory", MFD_CLOEXEC),
	};
	fake_note(k, "xsk_open %u %u\n", ifindex, frames);
	return 0;
}

static int fake_xsk_missed(void *rtnl, int socket, uint64_t *ret)
{
	*ret = 7;
	return 0;
}

void fake_xsk_ops(struct kernel_ops *ops)
{
	ops->xsk_open = fake_xsk_open;
	ops->xsk_missed = fake_xsk_missed;
}
