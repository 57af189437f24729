/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs at devices: by tcx or by clsact, never by both; those for XDP by XDP links. What is
 * attached stands on the bpffs and not in the daemon's memory: LINKS/rx-14 is the pinned tcx link,
 * LINKS/xdp-rx-14 the XDP link, FILTERS/rx-14 a mark for the clsact filter, and FILTERS/qdisc-14
 * one for the clsact qdisc that was made by us. A mark is there before the thing and goes after it,
 * so what a dead daemon left is always found.
 *
 * A clsact qdisc is removed when we made it and nobody has a filter in it any more.
 */
#ifndef VNETD_ATTACH_H
#define VNETD_ATTACH_H

#include "kernel.h"

struct attach_place {
	const char *links;
	const char *filters;
	bool tcx; /* the kernel has it, and may be asked for it; XDP has its own way */
};

/*
 * The other way's attachment, of a time when that was chosen, goes when this one is in place. @tcx:
 * not by clsact. Of a hook for XDP: what xdp_attach() says.
 */
int attach_add(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex, bool tcx,
	       int program, int old_program);

/* Is there a pin, a mark? The kernel is not asked. */
bool attach_has_link(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex);
bool attach_has_filter(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex);

/* Has this very device an attachment of ours? One that had its ifindex before does not count. */
bool attach_is_there(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex);

/* The kernel's numbers of the programs in filters of ours at a device, marked or not; how many. */
size_t attach_filter_programs(uint32_t ifindex, uint32_t ret[KERNEL_HOOK_END]);

/* Nothing there and no device are fine. */
int attach_remove(const struct attach_place *place, enum kernel_hook hook, uint32_t ifindex);

/*
 * Removes all that @keep (NULL: nothing is kept) says no to. Goes on after a failure and returns
 * the first.
 */
int attach_sweep(const struct attach_place *place,
		 bool (*keep)(void *context, enum kernel_hook hook, uint32_t ifindex),
		 void *context);

#endif
