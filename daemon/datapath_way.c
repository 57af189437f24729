// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * By tcx or by clsact? A tcx link is pinned, so it is ours whatever others do at the device, and
 * nobody else's frame waits for it. But the kernel waits for a grace period of RCU, 10 ms and more,
 * when one is made, and holds the lock of all devices meanwhile. A clsact filter is there at once.
 *
 * So devices are attached by tcx as long as we have patience, and those of a crowd by clsact. What
 * patience is used up by is the time that it took: where the kernel's grace periods are short,
 * all take tcx. A device keeps its way until it is detached, across restarts as well: to change it
 * would stop the device for a moment.
 */
#include "datapath_internal.h"

#include <time.h>

#define PATIENCE_MOST_US 500000
#define PATIENCE_SHARE	 32 /* of the time that passes, one in so many comes back */

uint64_t datapath_way_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void datapath_way_init(struct datapath *d)
{
	d->patience_us = PATIENCE_MOST_US;
	d->patience_at_us = datapath_way_now_us();
}

static bool is_patient(struct datapath *d)
{
	const uint64_t now_us = datapath_way_now_us();
	const uint64_t back_us = (now_us - d->patience_at_us) / PATIENCE_SHARE;

	/* What is too little to come back now is not lost by asking often. */
	if (back_us > 2 * PATIENCE_MOST_US)
		datapath_way_init(d);
	else if (back_us) {
		d->patience_us += (int64_t)back_us;
		d->patience_at_us = now_us;
	}
	if (d->patience_us > PATIENCE_MOST_US)
		d->patience_us = PATIENCE_MOST_US;
	return d->patience_us > 0;
}

/* Who holds that lock for long makes us wait as well, and has not to spoil it for minutes. */
void datapath_way_waited(struct datapath *d, uint64_t began_us)
{
	const uint64_t took_us = datapath_way_now_us() - began_us;

	d->patience_us -= took_us < PATIENCE_MOST_US ? (int64_t)took_us : PATIENCE_MOST_US;
}

enum kernel_attach datapath_way_choose(struct datapath *d, enum kernel_hook hook, uint32_t ifindex)
{
	if (hook == KERNEL_HOOK_XDP_TX || hook == KERNEL_HOOK_XDP_RX ||
	    hook == KERNEL_HOOK_XDP_UPLINK || hook == KERNEL_HOOK_XDP_CPU ||
	    hook == KERNEL_HOOK_XDP_XSK)
		return KERNEL_ATTACH_XDP;
	if (hook == KERNEL_HOOK_XDP_CPU_GENERIC)
		return KERNEL_ATTACH_XDP_GENERIC;
	if (!d->place.tcx)
		return KERNEL_ATTACH_CLSACT;
	if (attach_has_link(&d->place, hook, ifindex))
		return KERNEL_ATTACH_TCX;
	if (attach_has_filter(&d->place, hook, ifindex) || !is_patient(d))
		return KERNEL_ATTACH_CLSACT;
	return KERNEL_ATTACH_TCX;
}
