/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taps in memory: a pair of sockets for each queue. */
#include <errno.h>
#include <sys/socket.h>

#include "fake_kernel_internal.h"

#define MTU_MAX 65521 /* as tun.c has it */

static struct fake_tap *find(const struct fake_kernel *k, uint32_t ifindex)
{
	for (size_t i = 0; i < FAKE_MAX; i++)
		if (k->taps[i].ifindex == ifindex)
			return (struct fake_tap *)&k->taps[i];
	return NULL;
}

const struct fake_tap *fake_kernel_tap(const struct fake_kernel *k, const char *name)
{
	for (size_t i = 0; i < k->link_count; i++)
		if (util_same(k->links[i].name, name))
			return find(k, k->links[i].ifindex);
	return NULL;
}

void fake_tap_gone(struct fake_kernel *k, uint32_t ifindex)
{
	struct fake_tap *t = ifindex ? find(k, ifindex) : NULL;

	if (!t)
		return;
	for (unsigned int i = 0; i < t->asked.queues; i++)
		close(t->fds[i]);
	*t = (struct fake_tap) { .ifindex = 0 };
}

/* The first that is free, as the kernel does it. */
static struct link *add_link(struct fake_kernel *k)
{
	char name[IFNAMSIZ];
	unsigned int n = 0;
	struct link *l;

	do {
		snprintf(name, sizeof(name), "vntap%u", n++);
	} while (fake_kernel_find(k, name));
	l = fake_kernel_add(k, name);
	l->flags = 0;
	l->max_mtu = MTU_MAX;
	l->vnet_hdr = true;
	util_copy(l->kind, sizeof(l->kind), "tun");
	return l;
}

static int open_queues(struct fake_tap *t, int *fds)
{
	unsigned int i;
	int pair[2];

	for (i = 0; i < t->asked.queues; i++) {
		if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
			break;
		fds[i] = pair[0];
		t->fds[i] = pair[1];
	}
	if (i == t->asked.queues)
		return 0;
	while (i-- > 0) {
		close(fds[i]);
		close(t->fds[i]);
	}
	return -EMFILE;
}

int fake_tap_add(void *rtnl, const struct kernel_tap *tap, struct link *ret, int *fds)
{
	struct fake_kernel *k = rtnl;
	struct fake_tap *t = find(k, 0);
	const struct link *l;
	int err;

	if (fake_fails(k, "tap_add"))
		return -k->fail_error;
	if (!tap->queues || tap->queues > KERNEL_TAP_QUEUES_MAX)
		return -EINVAL;
	if (!t)
		return -ENOSPC;
	t->asked = *tap;
	err = open_queues(t, fds);
	if (err)
		return err;
	l = add_link(k);
	t->ifindex = l->ifindex;
	*ret = *l;
	fake_note(k, "tap_add %s\n", l->name);
	return 0;
}

void fake_kernel_back(struct fake_kernel *k, const struct fake_kernel *then)
{
	int fds[KERNEL_TAP_QUEUES_MAX];

	for (size_t i = 0; i < FAKE_MAX; i++)
		fake_tap_gone(k, k->taps[i].ifindex);
	*k = *then;
	for (size_t i = 0; i < FAKE_MAX; i++) {
		if (!k->taps[i].ifindex)
			continue;
		if (open_queues(&k->taps[i], fds))
			abort();
		for (unsigned int j = 0; j < k->taps[i].asked.queues; j++)
			close(fds[j]);
	}
}
