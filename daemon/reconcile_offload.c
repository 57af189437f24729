/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offloads of a device that XDP cannot live with, and that it gets back. */
#include <errno.h>

#include "manager_internal.h"
#include "reconcile.h"
#include "reconcile_mark.h"

static int switch_offloads(struct manager *m, const struct link *l, struct desired_offloads *o,
			   unsigned int set, unsigned int on)
{
	struct desired_offloads after;
	struct kernel_offloads now;
	unsigned int change, fresh;
	int err = manager_rtnl(m, offloads_get, l->name, &now);

	if (err)
		return err;
	if (o->ifindex != l->ifindex)
		*o = (struct desired_offloads) { 0 };
	change = set & now.can & (now.on ^ on);
	if (!change)
		return 0;
	/* What was saved first stays: it is what the device came with. */
	fresh = change & ~o->set;
	after = (struct desired_offloads) { l->ifindex, o->set | fresh, o->on | (now.on & fresh) };
	err = reconcile_mark_offloads(m, l, &after);
	if (!err)
		err = manager_rtnl(m, offloads_set, l->name, change, on);
	if (err)
		return err;
	*o = after;
	m->unsaved = true;
	return 0;
}

static int restore_offloads(struct manager *m, struct desired_offloads *o, unsigned int which)
{
	const struct link *l = link_find(m->links, o->ifindex);
	unsigned int change = o->set & which;
	int err;

	if (!change)
		return 0;
	err = l ? manager_rtnl(m, offloads_set, l->name, change, o->on) : 0;
	o->set &= ~change;
	o->on &= ~change;
	m->unsaved = true;
	if (l)
		manager_removed(m, reconcile_mark_offloads(m, l, o));
	return err;
}

int reconcile_offloads(struct manager *m, const struct link *l, struct desired_offloads *o,
		       unsigned int set, unsigned int on)
{
	int not_restored;

	if (o->ifindex != l->ifindex)
		reconcile_mark_claim_offloads(m, l->ifindex, o);
	not_restored = restore_offloads(m, o, ~set);
	return switch_offloads(m, l, o, set, on) ?: not_restored;
}

int reconcile_offloads_return(struct manager *m, struct desired_offloads *o)
{
	int err = o->ifindex ? restore_offloads(m, o, ~0u) : 0;

	*o = (struct desired_offloads) { 0 };
	return err;
}
