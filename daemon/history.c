/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history.h"

#include <errno.h>

#define HISTORY_BYTES_MAX  ((size_t)4 << 20) /* of all objects together */
#define HISTORY_ROOM_FIRST 8

uint32_t history_keep(size_t objects, uint32_t wanted)
{
	size_t most = HISTORY_BYTES_MAX / sizeof(struct history_sample) / (objects ? objects : 1);

	if (most > wanted)
		most = wanted;
	return most > HISTORY_SAMPLES_LEAST ? (uint32_t)most : HISTORY_SAMPLES_LEAST;
}

static void history_forget(struct history *h, uint32_t n)
{
	h->count -= n;
	memmove(h->sample, h->sample + n, h->count * sizeof(*h->sample));
}

/* Room for one more, and not for more than are kept. */
static int history_make_room(struct history *h, uint32_t keep)
{
	uint32_t room = h->room;
	struct history_sample *sample;

	if (h->count == room)
		room = room ? 2 * room : HISTORY_ROOM_FIRST;
	if (room > keep)
		room = keep;
	if (room == h->room)
		return 0;
	sample = reallocarray(h->sample, room, sizeof(*sample));
	if (!sample)
		return -ENOMEM;
	h->sample = sample;
	h->room = room;
	return 0;
}

int history_add(struct history *h, const struct history_sample *s, uint32_t keep)
{
	int err;

	if (h->count >= keep)
		history_forget(h, h->count - keep + 1);
	err = history_make_room(h, keep);
	if (err)
		return err;
	h->sample[h->count++] = *s;
	return 0;
}

void history_clear(struct history *h)
{
	free(h->sample);
	*h = (struct history) { 0 };
}
