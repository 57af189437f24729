/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The storm limit: broadcast and multicast frames a second, in each direction by itself.
 *
 * One word is the whole state of a limit: the time at which the next frame would be due if all kept
 * the distance of the limit. It may run ahead of the clock by the burst.
 */
#ifndef VNET_BPF_STORM_H
#define VNET_BPF_STORM_H

#include "count.h"
#include "maps.h"
#include "options.h"

#define STORM_TRIES 8 /* against other CPUs that count in the same limit */

/*
 * May @packets more frames of this owner pass now? @direction: enum abi_direction. Few have a
 * limit, so it is a function of its own.
 */
__noinline int storm_passes(__u32 vnet, __u32 resource, __u32 direction, __u32 packets)
{
	struct abi_storm_key key = { .vnet = vnet, .resource = resource };
	struct abi_storm *s = bpf_map_lookup_elem(&storms, &key);
	__u64 now, due, next;

	if (!s || direction >= ABI_DIRECTION_END)
		return true;
	now = option_now_ns();
	for (int i = 0; i < STORM_TRIES; i++) {
		due = s->due_ns[direction];
		if (due >= now + s->burst_ns)
			return false;
		next = (due > now ? due : now) + s->interval_ns * packets;
		if (__sync_val_compare_and_swap(&s->due_ns[direction], due, next) == due)
			return true;
	}
	return false;
}

/* A frame from the upper of @n, over @r. To ask is to use up. */
static __always_inline bool storm_tx_passes(const struct abi_vnet *n, __u32 vnet,
					    const struct abi_resource *r, __u32 number,
					    const struct count_frame *f)
{
	if (!f->broadcast && !f->multicast)
		return true;
	if ((n->flags & ABI_VNET_STORM) && !storm_passes(vnet, 0, ABI_TX, f->packets))
		return false;
	return !(r->flags & ABI_RESOURCE_STORM) || storm_passes(vnet, number, ABI_TX, f->packets);
}

/* A frame from @r, for the upper of @n. To ask is to use up. */
static __always_inline bool storm_rx_passes(const struct abi_vnet *n, __u32 vnet,
					    const struct abi_resource *r, __u32 number,
					    const struct count_frame *f)
{
	if (!f->broadcast && !f->multicast)
		return true;
	if ((r->flags & ABI_RESOURCE_STORM) && !storm_passes(vnet, number, ABI_RX, f->packets))
		return false;
	return !(n->flags & ABI_VNET_STORM) || storm_passes(vnet, 0, ABI_RX, f->packets);
}

#endif
