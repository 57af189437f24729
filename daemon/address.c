/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address.h"

#include <errno.h>

/* Without memory uthash would end the process; like this an entry is found not to be added. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct device {
	uint32_t ifindex;
	size_t count;
	struct address *list; /* owned; the marked ones are the first */
	size_t marked;
	UT_hash_handle hh;
};

struct address_table {
	struct device *devices; /* owned */
};

struct address_table *address_table_new(void)
{
	return calloc(1, sizeof(struct address_table));
}

static struct device *find_device(const struct address_table *t, uint32_t ifindex)
{
	struct device *d;

	HASH_FIND(hh, t->devices, &ifindex, sizeof(ifindex), d);
	return d;
}

static struct device *get_device(struct address_table *t, uint32_t ifindex)
{
	struct device *d = find_device(t, ifindex);

	if (d)
		return d;
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	d->ifindex = ifindex;
	HASH_ADD(hh, t->devices, ifindex, sizeof(d->ifindex), d);
	if (find_device(t, ifindex))
		return d;
	free(d);
	return NULL;
}

static void free_device(struct address_table *t, struct device *d)
{
	HASH_DEL(t->devices, d);
	free(d->list);
	free(d);
}

void address_table_free(struct address_table *t)
{
	struct device *d, *next;

	if (!t)
		return;
	HASH_ITER (hh, t->devices, d, next)
		free_device(t, d);
	free(t);
}

static bool same(const struct address *a, const struct address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, ADDRESS_SIZE) == 0;
}

/* Its count: it is not there. */
static size_t place_of(const struct device *d, const struct address *a)
{
	size_t i = 0;

	while (i < d->count && !same(&d->list[i], a))
		i++;
	return i;
}

static void swap(struct device *d, size_t a, size_t b)
{
	struct address was = d->list[a];

	d->list[a] = d->list[b];
	d->list[b] = was;
}

static void unmark(struct device *d, size_t at)
{
	if (at < d->marked)
		swap(d, at, --d->marked);
}

int address_put(struct address_table *t, const struct address *a)
{
	struct device *d = get_device(t, a->ifindex);
	struct address *list;
	size_t at;

	if (!d)
		return -ENOMEM;
	at = place_of(d, a);
	if (at < d->count) {
		unmark(d, at);
		return 0;
	}
	list = reallocarray(d->list, d->count + 1, sizeof(*list));
	if (!list) {
		if (!d->count)
			free_device(t, d);
		return -ENOMEM;
	}
	d->list = list;
	d->list[d->count++] = *a;
	return 0;
}

void address_remove(struct address_table *t, const struct address *a)
{
	struct device *d = find_device(t, a->ifindex);
	size_t at = d ? place_of(d, a) : 0;

	if (!d || at == d->count)
		return;
	if (at < d->marked) {
		swap(d, at, --d->marked);
		at = d->marked;
	}
	swap(d, at, --d->count);
	if (!d->count)
		free_device(t, d);
}

void address_remove_device(struct address_table *t, uint32_t ifindex)
{
	struct device *d = find_device(t, ifindex);

	if (d)
		free_device(t, d);
}

const struct address *address_of(const struct address_table *t, uint32_t ifindex, size_t *ret)
{
	const struct device *d = find_device(t, ifindex);

	*ret = d ? d->count : 0;
	return d ? d->list : NULL;
}

void address_mark(struct address_table *t)
{
	for (struct device *d = t->devices; d; d = d->hh.next)
		d->marked = d->count;
}

void address_sweep(struct address_table *t)
{
	struct device *d, *next;

	HASH_ITER (hh, t->devices, d, next) {
		d->count -= d->marked;
		memmove(d->list, d->list + d->marked, d->count * sizeof(*d->list));
		d->marked = 0;
		if (!d->count)
			free_device(t, d);
	}
}
