/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bandwidth limits: when a frame may be sent, or that it may not.
 *
 * A limit has one clock for each priority: the time at which the next byte is due. A frame goes by
 * the clock of its own priority, and moves it ahead and those of all that stand behind: so what
 * takes precedence never waits for the others, they give way to it, and together they stay within
 * the limit.
 */
#ifndef VNET_BPF_LIMIT_H
#define VNET_BPF_LIMIT_H

#include "maps.h"

/* What goes through the limits. */
struct limit_frame {
	__u64 now_ns;
	__u64 bytes; /* from the network header on */
	__u32 way;   /* enum abi_direction */
	__u32 class; /* enum abi_flow_priority */
	bool paced;  /* it can wait: in the queue of the device that it leaves by */
};

static __always_inline struct abi_limit *limit_find(__u32 kind, __u32 number)
{
	const struct abi_limit_key key = { kind, number };

	return bpf_map_lookup_elem(&limits, &key);
}

/* Nothing is used up by asking: another limit may say no. NULL: no limit. */
static __always_inline bool limit_passes(const struct abi_limit *l, const struct limit_frame *f)
{
	__u32 way = f->way & 1, class = f->class;

	if (!l || !l->byte_ns[way] || class >= ABI_PRIORITY_END)
		return true;
	return l->due_ns[way][class] <
	       f->now_ns + (f->paced ? l->horizon_ns[way] : l->burst_ns[way]);
}

/* Moves a clock that stands still, because nothing was sent, to now, and then on. */
static __always_inline __u64 limit_move(__u64 *clock, __u64 now, __u64 cost)
{
	__u64 due = *(volatile __u64 *)clock;

	if (due < now)
		__sync_val_compare_and_swap(clock, due, now);
	due = __sync_fetch_and_add(clock, cost);
	return due < now ? now : due;
}

/* When the frame is due. */
static __always_inline __u64 limit_take(struct abi_limit *l, const struct limit_frame *f)
{
	__u64 start = f->now_ns, due, cost;
	__u32 way = f->way & 1;

	if (!l || !l->byte_ns[way])
		return start;
	cost = l->byte_ns[way] * f->bytes >> ABI_LIMIT_SHIFT;
	for (__u32 class = 0; class < ABI_PRIORITY_END; class ++) {
		if (class < f->class)
			continue;
		due = limit_move(&l->due_ns[way][class], f->now_ns, cost);
		if (class == f->class)
			start = due;
	}
	return start;
}

#endif
