/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs that leave their devices when there is time. The kernel waits for a grace period of RCU,
 * 10 ms and more, whenever it takes one off by tcx, and holds the lock of all devices meanwhile.
 * Many in a row would stop everything else, here and in whoever else changes devices. So when
 * there are many they only lose their rows, without which they pass every frame on to the stack,
 * and go one by one while nothing else is to be done. A daemon that dies before leaves them to the
 * next one's sweep.
 */
/* Without memory uthash would end the process; like this an entry is found not to be added. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "datapath_internal.h"

#include <errno.h>

#include "log.h"

struct datapath_leaving {
	uint64_t key; /* key_of() */
	enum kernel_hook hook;
	uint32_t ifindex;
	UT_hash_handle hh;
};

static uint64_t key_of(enum kernel_hook hook, uint32_t ifindex)
{
	return (uint64_t)hook << 32 | ifindex;
}

static struct datapath_leaving *find(const struct datapath *d, enum kernel_hook hook,
				     uint32_t ifindex)
{
	const uint64_t key = key_of(hook, ifindex);
	struct datapath_leaving *found;

	HASH_FIND(hh, d->leaving, &key, sizeof(key), found);
	return found;
}

static void forget(struct datapath *d, struct datapath_leaving *l)
{
	if (!l)
		return;
	HASH_DEL(d->leaving, l);
	free(l);
}

bool datapath_is_leaving(const struct datapath *d, enum kernel_hook hook, uint32_t ifindex)
{
	return find(d, hook, ifindex);
}

int datapath_leave(struct datapath *d, enum kernel_hook hook, uint32_t ifindex)
{
	struct datapath_leaving *l;

	if (find(d, hook, ifindex))
		return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->key = key_of(hook, ifindex);
	l->hook = hook;
	l->ifindex = ifindex;
	HASH_ADD(hh, d->leaving, key, sizeof(l->key), l);
	if (!l->hh.tbl) {
		free(l);
		return -ENOMEM;
	}
	return 0;
}

void datapath_stay(struct datapath *d, enum kernel_hook hook, uint32_t ifindex)
{
	forget(d, find(d, hook, ifindex));
}

void datapath_forget_leaving(struct datapath *d)
{
	struct datapath_leaving *l, *next;

	HASH_ITER (hh, d->leaving, l, next)
		forget(d, l);
}

int datapath_detach_later(void *datapath, enum kernel_hook hook, uint32_t ifindex)
{
	struct datapath *d = datapath;

	if (!attach_has_link(&d->place, hook, ifindex) || datapath_leave(d, hook, ifindex))
		return datapath_detach(d, hook, ifindex);
	return 0;
}

size_t datapath_leaving_count(const struct datapath *d)
{
	return HASH_COUNT(d->leaving);
}

void datapath_detach_one(struct datapath *d)
{
	struct datapath_leaving *l = d->leaving;
	int r;

	if (!l)
		return;
	r = attach_remove(&d->place, l->hook, l->ifindex);
	if (r < 0)
		log_warning(
			"taking the data path off the device with index %u failed: %s; the next "
			"start tries again",
			l->ifindex, strerror(-r));
	forget(d, l);
}
