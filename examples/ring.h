/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames in memory that two processes share: one writes, the other one reads, neither waits for the
 * other one with a lock, and neither trusts it: what is read from the memory is checked before it
 * is used, and an end's own index is never read back.
 */
#ifndef EXAMPLES_RING_H
#define EXAMPLES_RING_H

#include <stdatomic.h>
#include <stdbool.h>

#include <vnet/mac.h>

#define RING_FRAME_MAX 65600 /* bytes: 64 KiB to be cut into segments, and its headers */
#define RING_SIZE_MIN  (1u << 17)
#define RING_SIZE_MAX  (1u << 30)

/* Each in a cache line of its own: the ends do not write into each other's. */
struct ring_shared {
	_Alignas(64) _Atomic uint32_t head; /* bytes written so far */
	_Alignas(64) _Atomic uint32_t tail; /* bytes read so far */
	_Alignas(64) _Atomic uint32_t idle; /* the reader waits for a frame */
	_Alignas(64) _Atomic uint32_t full; /* the writer waits for room */
	_Alignas(64) unsigned char bytes[];
};

/* One end. */
struct ring {
	struct ring_shared *shared;
	uint32_t size; /* bytes, a power of two */
	uint32_t own;  /* the writer's head, the reader's tail */
};

/* Bytes of memory that a ring with @size bytes for frames takes. */
static inline size_t ring_memory(uint32_t size)
{
	return sizeof(struct ring_shared) + size;
}

/*
 * The writer's: copies a frame, with what is to be done to it. Returns 1, 0: no room, from now on
 * ring_wakes_writer() of the other end tells when there is; or -EPROTO: the memory is corrupt.
 */
int ring_put(struct ring *r, const mblk_t *frame);
/* Must the reader be woken for what has been put? Says so once. */
bool ring_wakes_reader(struct ring *r);

/*
 * The reader's: takes a frame. Returns 1, 0: there is none, from now on ring_wakes_reader() of the
 * other end tells when there is; or -EPROTO, -ENOMEM.
 */
int ring_get(struct ring *r, mblk_t **ret);
/* Must the writer be woken for the room that there is? Says so once. */
bool ring_wakes_writer(struct ring *r);

#endif
