/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * News that comes together is taken in whole before anything follows from it. Who has slept for a
 * while has a long story to read, and acting on each piece of it in turn would send frames to
 * devices that have long been lost again. What counts is where the story ends.
 */
#include "manager_internal.h"
#include "reconcile.h"

struct manager_news {
	uint32_t ifindex;
	bool known;	    /* the device was known before, as: */
	bool gone;	    /* it has gone, whatever came after */
	struct link before; /* if known */
	UT_hash_handle hh;
};

static struct manager_news *find(const struct manager *m, uint32_t ifindex)
{
	struct manager_news *n;

	HASH_FIND(hh, m->news, &ifindex, sizeof(ifindex), n);
	return n;
}

static struct manager_news *get(struct manager *m, uint32_t ifindex, const struct link *before)
{
	struct manager_news *n = find(m, ifindex);

	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	n->ifindex = ifindex;
	n->known = before;
	if (before)
		n->before = *before;
	HASH_ADD(hh, m->news, ifindex, sizeof(n->ifindex), n);
	if (!HASH_ADDED(hh, n)) {
		free(n);
		return NULL;
	}
	return n;
}

bool manager_news_link(struct manager *m, uint32_t ifindex, const struct link *before)
{
	return m->gathering && get(m, ifindex, before);
}

bool manager_news_gone(struct manager *m, uint32_t ifindex, const struct link *before)
{
	struct manager_news *n = m->gathering ? get(m, ifindex, before) : NULL;

	if (n)
		n->gone = true;
	return n;
}

/* Its number was given to another one: first things first. */
void manager_news_reused(struct manager *m, uint32_t ifindex)
{
	const struct manager_news *n = find(m, ifindex);

	if (n && n->gone)
		manager_news_act(m, true);
}

/* For all of them before anything else is done for one. */
static void withdraw(const struct manager *m, uint32_t ifindex)
{
	const struct manager_owner *o = owner_find(m, ifindex);

	if (o && o->resource)
		reconcile_resource_withdraw(o->resource);
}

/*
 * What is gone is gone first, so that nothing leads there any more. Without @links the rest is
 * dropped: a dump looks at everything.
 */
void manager_news_act(struct manager *m, bool links)
{
	struct manager_news *all = UTIL_TAKE_PTR(m->news), *n, *next;
	bool gathering = UTIL_TAKE(m->gathering, false);

	for (n = all; n; n = n->hh.next)
		if (links || n->gone)
			withdraw(m, n->ifindex);
	for (n = all; n; n = n->hh.next)
		if (n->gone)
			manager_act_gone(m, n->ifindex, n->known ? n->before.name : NULL);
	for (n = all; n && links; n = n->hh.next)
		if (!n->gone)
			manager_act_link(m, n->ifindex, n->known ? &n->before : NULL);
	HASH_ITER (hh, all, n, next) {
		HASH_DEL(all, n);
		free(n);
	}
	m->gathering = gathering;
}

void manager_on_batch_begin(struct manager *m)
{
	m->gathering = true;
}

void manager_on_batch_end(struct manager *m)
{
	m->gathering = false;
	manager_news_act(m, !m->resyncing);
}
