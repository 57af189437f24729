/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "fake_kernel_internal.h"

int fake_listen(void *rtnl, uint32_t ifindex, const struct kernel_filter *filter, int *ret)
{
	struct fake_kernel *k = rtnl;

	if (fake_fails(k, "listen"))
		return -k->fail_error;
	if (!fake_link(k, ifindex))
		return -ENODEV;
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(k->listeners); i++) {
		if (k->listeners[i].open)
			continue;
		k->listeners[i] = (struct fake_listener) { true, ifindex, *filter, {}, 0 };
		*ret = (int)i;
		return 0;
	}
	return -EMFILE;
}

int fake_hear(void *rtnl, int listener, struct kernel_frame *ret)
{
	struct fake_kernel *k = rtnl;
	struct fake_listener *l = &k->listeners[listener];

	if (!l->open)
		return -EBADF;
	if (!l->count)
		return -EAGAIN;
	*ret = l->frames[0];
	l->count--;
	memmove(l->frames, l->frames + 1, l->count * sizeof(l->frames[0]));
	return 0;
}

void fake_listen_end(void *rtnl, int listener)
{
	struct fake_kernel *k = rtnl;

	if (!k->listeners[listener].open)
		abort(); /* somebody else's by now */
	k->listeners[listener].open = false;
}

static bool matches(const struct kernel_filter *filter, const struct kernel_frame *f)
{
	for (size_t i = 0; i < filter->count; i++) {
		const struct kernel_match *m = &filter->match[i];

		if ((size_t)m->offset + m->length > f->length ||
		    memcmp(f->bytes + m->offset, m->bytes, m->length) != 0)
			return false;
	}
	return true;
}

unsigned int fake_kernel_receive(struct fake_kernel *k, const char *device,
				 const struct kernel_frame *f)
{
	uint32_t ifindex = fake_kernel_find(k, device)->ifindex;
	unsigned int kept = 0;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(k->listeners); i++) {
		struct fake_listener *l = &k->listeners[i];

		if (!l->open || l->ifindex != ifindex || !matches(&l->filter, f) ||
		    l->count == UTIL_ARRAY_SIZE(l->frames))
			continue;
		l->frames[l->count++] = *f;
		kept++;
	}
	return kept;
}

size_t fake_kernel_listeners(const struct fake_kernel *k)
{
	size_t n = 0;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(k->listeners); i++)
		n += k->listeners[i].open;
	return n;
}
