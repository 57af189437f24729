/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

/* Without memory uthash would end the process; like this an entry is found not to be added. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "link.h"

struct entry {
	struct link link;
	bool marked;
	UT_hash_handle by_index; /* in table->by_index, always */
	UT_hash_handle by_name;	 /* in table->by_name, while link.name is not empty */
};

struct link_table {
	struct entry *by_index; /* owns the entries */
	struct entry *by_name;
};

struct link_table *link_table_new(void)
{
	return calloc(1, sizeof(struct link_table));
}

static struct entry *find_entry(const struct link_table *t, uint32_t ifindex)
{
	struct entry *e;

	HASH_FIND(by_index, t->by_index, &ifindex, sizeof(ifindex), e);
	return e;
}

static struct entry *find_entry_name(const struct link_table *t, const char *name)
{
	struct entry *e;

	HASH_FIND(by_name, t->by_name, name, strlen(name), e);
	return e;
}

/* The entry stays, without a name. */
static void take_name(struct link_table *t, struct entry *e)
{
	if (!e->link.name[0])
		return;
	/* NOLINTNEXTLINE(clang-analyzer-*): it does not see that a named entry is in the hash */
	HASH_DELETE(by_name, t->by_name, e);
	e->link.name[0] = '\0';
}

static void remove_entry(struct link_table *t, struct entry *e)
{
	take_name(t, e);
	/* NOLINTNEXTLINE(clang-analyzer-*): it does not see that every entry is in the hash */
	HASH_DELETE(by_index, t->by_index, e);
	free(e);
}

static bool insert_entry(struct link_table *t, struct entry *e)
{
	size_t len = strlen(e->link.name);

	HASH_ADD(by_index, t->by_index, link.ifindex, sizeof(e->link.ifindex), e);
	if (!e->by_index.tbl)
		return false;
	if (!len)
		return true;
	HASH_ADD_KEYPTR(by_name, t->by_name, e->link.name, len, e);
	if (e->by_name.tbl)
		return true;
	HASH_DELETE(by_index, t->by_index, e);
	return false;
}

void link_table_free(struct link_table *t)
{
	struct entry *e, *next;

	if (!t)
		return;
	HASH_ITER (by_index, t->by_index, e, next)
		remove_entry(t, e);
	free(t);
}

const struct link *link_find(const struct link_table *t, uint32_t ifindex)
{
	const struct entry *e = find_entry(t, ifindex);

	return e ? &e->link : NULL;
}

const struct link *link_find_name(const struct link_table *t, const char *name)
{
	const struct entry *e = find_entry_name(t, name);

	return e ? &e->link : NULL;
}

int link_put(struct link_table *t, const struct link *l)
{
	struct entry *old = find_entry(t, l->ifindex);
	struct entry *loser, *e;

	if (old && util_same(old->link.name, l->name)) {
		old->link = *l;
		old->marked = false;
		return 0;
	}

	/*
	 * No two devices have one name, so another one that we know by it has a new name that we
	 * have not been told yet. Until then it has none.
	 */
	loser = find_entry_name(t, l->name);

	/* The new entry goes in before the old ones go: without memory nothing has changed. */
	e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	e->link = *l;
	if (!insert_entry(t, e)) {
		free(e);
		return -ENOMEM;
	}
	if (loser)
		take_name(t, loser);
	if (old)
		remove_entry(t, old);
	return 0;
}

bool link_remove(struct link_table *t, uint32_t ifindex)
{
	struct entry *e = find_entry(t, ifindex);

	if (!e)
		return false;
	remove_entry(t, e);
	return true;
}

size_t link_count(const struct link_table *t)
{
	return HASH_CNT(by_index, t->by_index);
}

void link_mark(struct link_table *t)
{
	struct entry *e, *next;

	HASH_ITER (by_index, t->by_index, e, next)
		e->marked = true;
}

void link_sweep(struct link_table *t, void (*gone)(void *context, const struct link *l),
		void *context)
{
	struct entry *e, *next;

	HASH_ITER (by_index, t->by_index, e, next) {
		if (!e->marked)
			continue;
		gone(context, &e->link);
		remove_entry(t, e);
	}
}
