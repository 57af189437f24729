// SPDX-License-Identifier: GPL-2.0-or-later
#include "ring.h"

#include <errno.h>
#include <string.h>

#define RING_FRAME_MIN 14 /* an Ethernet header */
#define RING_HCK       HCK_PARTIALCKSUM

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a lock would be one process's own");

/* Before each frame, both in units of 8 bytes. */
struct ring_record {
	uint32_t length, flags; /* HCK_PARTIALCKSUM, HW_LSO */
	uint16_t start, stuff, end, mss;
};

static uint32_t ring_space(uint32_t length)
{
	return ((uint32_t)sizeof(struct ring_record) + length + 7) & ~7u;
}

static uint32_t ring_first(const struct ring *r, uint32_t at, uint32_t n)
{
	uint32_t rest = r->size - (at & (r->size - 1));

	return n < rest ? n : rest;
}

static void ring_write(struct ring *r, uint32_t at, const void *from, uint32_t n)
{
	uint32_t first = ring_first(r, at, n);

	memcpy(r->shared->bytes + (at & (r->size - 1)), from, first);
	memcpy(r->shared->bytes, (const char *)from + first, n - first);
}

static void ring_read(const struct ring *r, uint32_t at, void *to, uint32_t n)
{
	uint32_t first = ring_first(r, at, n);

	memcpy(to, r->shared->bytes + (at & (r->size - 1)), first);
	memcpy((char *)to + first, r->shared->bytes, n - first);
	/* What was copied is looked at in the copy alone: the other end may be changing the rest.
	 */
	atomic_signal_fence(memory_order_seq_cst);
}

/* --- the writer --- */

/* 1: there is room. */
static int ring_has_room(const struct ring *r, uint32_t space)
{
	uint32_t used = r->own - atomic_load(&r->shared->tail);

	if (used > r->size)
		return -EPROTO;
	return r->size - used >= space;
}

static struct ring_record ring_describe(const mblk_t *frame)
{
	uint32_t start, stuff, end, hck, mss, lso;

	mac_hcksum_get(frame, &start, &stuff, &end, NULL, &hck);
	mac_lso_get(frame, &mss, &lso);
	return (struct ring_record) {
		.length = (uint32_t)msgdsize(frame),
		.flags = (hck & RING_HCK) | (lso & HW_LSO),
		.start = (uint16_t)start,
		.stuff = (uint16_t)stuff,
		.end = (uint16_t)end,
		.mss = (uint16_t)mss,
	};
}

int ring_put(struct ring *r, const mblk_t *frame)
{
	const struct ring_record record = ring_describe(frame);
	uint32_t at = r->own, space = ring_space(record.length);
	int room = ring_has_room(r, space);

	if (room == 0) {
		/* Before looking again: either we see the room, or the reader sees this. */
		atomic_store(&r->shared->full, 1);
		room = ring_has_room(r, space);
	}
	if (room <= 0)
		return room;
	ring_write(r, at, &record, sizeof(record));
	at += (uint32_t)sizeof(record);
	for (; frame; frame = frame->b_cont) {
		ring_write(r, at, frame->b_rptr, (uint32_t)MBLKL(frame));
		at += (uint32_t)MBLKL(frame);
	}
	r->own += space;
	atomic_store(&r->shared->head, r->own);
	return 1;
}

bool ring_wakes_reader(struct ring *r)
{
	return atomic_load(&r->shared->idle) && atomic_exchange(&r->shared->idle, 0);
}

/* --- the reader --- */

int ring_get(struct ring *r, mblk_t **ret)
{
	uint32_t there = atomic_load(&r->shared->head) - r->own;
	struct ring_record record;
	mblk_t *mp;

	if (!there) {
		atomic_store(&r->shared->idle, 1);
		there = atomic_load(&r->shared->head) - r->own;
	}
	if (!there)
		return 0;
	if (there > r->size || there < sizeof(record))
		return -EPROTO;
	ring_read(r, r->own, &record, sizeof(record));
	if (record.length < RING_FRAME_MIN || record.length > RING_FRAME_MAX ||
	    ring_space(record.length) > there)
		return -EPROTO;
	mp = allocb(record.length, BPRI_MED);
	if (!mp)
		return -ENOMEM;
	ring_read(r, r->own + (uint32_t)sizeof(record), mp->b_wptr, record.length);
	mp->b_wptr += record.length;
	if (record.flags & RING_HCK)
		mac_hcksum_set(mp, record.start, record.stuff, record.end, 0, RING_HCK);
	if (record.flags & HW_LSO)
		lso_info_set(mp, record.mss, HW_LSO);
	r->own += ring_space(record.length);
	atomic_store(&r->shared->tail, r->own);
	*ret = mp;
	return 1;
}

bool ring_wakes_writer(struct ring *r)
{
	return atomic_load(&r->shared->full) && atomic_exchange(&r->shared->full, 0);
}
