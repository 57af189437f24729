// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Marks of the pairs of devices that are made for vnets. A mark is there before the pair is and
 * goes after it, so what a dead daemon left is always found, whether or not the state file knows
 * it.
 */
#include "datapath_internal.h"

#include <errno.h>
#include <net/if.h>

#include "pin.h"

/* A pin has no dots, and a device no colons. */
static void exchange(char ret[IF_NAMESIZE], const char *name, char from, char to)
{
	util_copy(ret, IF_NAMESIZE, name);
	for (char *c = ret; *c; c++)
		if (*c == from)
			*c = to;
}

int datapath_pair_mark(void *datapath, const char *name, bool ours)
{
	struct datapath *d = datapath;
	char mark[IF_NAMESIZE];
	int r;

	exchange(mark, name, '.', ':');
	if (!ours)
		return pin_unmark(d->folders[FOLDER_PAIRS], mark);
	r = datapath_open(d, NULL);
	if (r == 0)
		r = pin_mark(d->folders[FOLDER_PAIRS], mark);
	return r == -EEXIST ? 0 : r;
}

struct walk {
	int (*visit)(void *context, const char *name);
	void *context;
};

static int visit(void *context, const char *mark)
{
	const struct walk *w = context;
	char name[IF_NAMESIZE];

	exchange(name, mark, ':', '.');
	return w->visit(w->context, name);
}

int datapath_pairs_each(void *datapath, int (*each)(void *context, const char *name), void *context)
{
	struct datapath *d = datapath;
	struct walk w = { each, context };

	return pin_each(d->folders[FOLDER_PAIRS], visit, &w);
}

static int forget(void *context, const char *mark)
{
	return pin_unmark(context, mark);
}

int datapath_pairs_forget(struct datapath *d)
{
	return pin_each(d->folders[FOLDER_PAIRS], forget, d->folders[FOLDER_PAIRS]);
}
