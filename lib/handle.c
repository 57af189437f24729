// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A handle is its slot's number, in the low bits, and above them the generation of the slot, which
 * is never 0: so no handle is NULL. Slots are used again in the order in which they became free.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "handle.h"

#define HANDLE_SLOT_BITS      16
#define HANDLE_CHUNK_SLOTS    256
#define HANDLE_CHUNKS	      (HANDLE_MAX / HANDLE_CHUNK_SLOTS)
#define HANDLE_GENERATION_MAX (UINTPTR_MAX >> HANDLE_SLOT_BITS)

_Static_assert(HANDLE_MAX == 1 << HANDLE_SLOT_BITS, "every slot's number fits");

struct handle_slot {
	void *object; /* NULL: the slot is free */
	uintptr_t number;
	uintptr_t generation; /* of its handle now, or of the next one */
	struct handle_slot *next_free;
};

struct handle_table {
	pthread_rwlock_t lock;
	/* Never freed, so that a slot stays where it is. */
	struct handle_slot *chunks[HANDLE_CHUNKS];
	size_t chunk_count;
	struct handle_slot *first_free, *last_free;
};

/*
 * The one thing in the library that can change and belongs to no object: the prototypes of the API
 * give nothing but the handle to find the object by, and a pointer could not be told from a wild
 * one. Readers come with every chain of frames; one who ends a handle must not wait for a pause.
 */
static struct handle_table table = { .lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP };

static void add_free(struct handle_table *t, struct handle_slot *slot)
{
	slot->next_free = NULL;
	if (t->last_free)
		t->last_free->next_free = slot;
	else
		t->first_free = slot;
	t->last_free = slot;
}

static int add_chunk(struct handle_table *t)
{
	struct handle_slot *chunk;
	size_t i;

	if (t->chunk_count == HANDLE_CHUNKS)
		return -ENOSPC;
	chunk = calloc(HANDLE_CHUNK_SLOTS, sizeof(*chunk));
	if (!chunk)
		return -ENOMEM;
	t->chunks[t->chunk_count++] = chunk;
	for (i = 0; i < HANDLE_CHUNK_SLOTS; i++) {
		chunk[i].number = (t->chunk_count - 1) * HANDLE_CHUNK_SLOTS + i;
		chunk[i].generation = 1;
		add_free(t, &chunk[i]);
	}
	return 0;
}

static struct handle_slot *slot_find(const struct handle_table *t, vio_net_handle_t handle)
{
	uintptr_t value = (uintptr_t)handle, number = value % HANDLE_MAX;
	struct handle_slot *slot;

	if (number / HANDLE_CHUNK_SLOTS >= t->chunk_count)
		return NULL;
	slot = &t->chunks[number / HANDLE_CHUNK_SLOTS][number % HANDLE_CHUNK_SLOTS];
	return slot->object && slot->generation == value >> HANDLE_SLOT_BITS ? slot : NULL;
}

static int slot_take_free(struct handle_table *t, struct handle_slot **ret)
{
	struct handle_slot *slot;
	int r;

	if (!t->first_free) {
		r = add_chunk(t);
		if (r < 0)
			return r;
	}
	slot = t->first_free;
	t->first_free = slot->next_free;
	if (!t->first_free)
		t->last_free = NULL;
	*ret = slot;
	return 0;
}

int handle_new(void *object, vio_net_handle_t *ret)
{
	struct handle_slot *slot;
	int r;

	pthread_rwlock_wrlock(&table.lock);
	r = slot_take_free(&table, &slot);
	if (r == 0) {
		slot->object = object;
		*ret = (vio_net_handle_t)(slot->generation << HANDLE_SLOT_BITS | slot->number);
	}
	pthread_rwlock_unlock(&table.lock);
	return r;
}

void *handle_get(vio_net_handle_t handle, void (*hold)(void *object))
{
	struct handle_slot *slot;
	void *object = NULL;

	pthread_rwlock_rdlock(&table.lock);
	slot = slot_find(&table, handle);
	if (slot) {
		object = slot->object;
		hold(object);
	}
	pthread_rwlock_unlock(&table.lock);
	return object;
}

void *handle_take(vio_net_handle_t handle)
{
	struct handle_slot *slot;
	void *object = NULL;

	pthread_rwlock_wrlock(&table.lock);
	slot = slot_find(&table, handle);
	if (slot) {
		object = slot->object;
		slot->object = NULL;
		slot->generation = slot->generation % HANDLE_GENERATION_MAX + 1;
		add_free(&table, slot);
	}
	pthread_rwlock_unlock(&table.lock);
	return object;
}
