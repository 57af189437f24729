/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "reconcile.h"

static int fail(int err, const struct error *from, struct error *e)
{
	if (e)
		*e = *from;
	return err;
}

const char *reconcile_attach_error(int err)
{
	return err == -ENOSPC ? "the maps have room for 65536 devices, and all of it is taken"
			      : strerror(-err);
}

/* What has failed before fails no worse: it does not stand in the way of another change. */
int reconcile_vnet(struct vnet *v, struct error *e)
{
	bool upper_failed = v->upper_failed;
	struct error next = { 0 };
	int err, first = 0;
	bool found;

	/* No path changes before all is known: halfway through, a resource that is up would look
	 * missing. */
	v->settling = true;
	reconcile_queue_flows(v);
	err = reconcile_upper(v, &next);
	if (err && !upper_failed)
		first = fail(err, &next, e);
	for (struct resource *r = v->resources; r; r = r->hh.next) {
		bool was_failed = resource_has_failed(r);

		err = reconcile_resource(r, &next);
		if (err && !was_failed && !first)
			first = fail(err, &next, e);
	}
	v->settling = false;
	found = reconcile_path_found(v);
	err = reconcile_path(v, first ? NULL : e);
	/* An earlier daemon may have been killed before it could say so; and no switch learns
	 * anything new from the way that it knows. */
	if (found && !v->announcing.left)
		reconcile_announce(v, false);
	first = first ?: err;
	err = reconcile_peers(v, first ? NULL : e);
	return first ?: err;
}
