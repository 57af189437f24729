/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reconcile.h"

int reconcile_vnet(struct vnet *v, struct error *e)
{
	struct error next = { 0 };
	int err, first;

	/* No path changes before all is known: halfway through, a resource that is up would look
	 * missing. */
	v->settling = true;
	first = reconcile_upper(v, e);
	for (struct resource *r = v->resources; r; r = r->hh.next) {
		bool was_failed = r->state == RESOURCE_FAILED;

		err = reconcile_resource(r, &next);
		if (err && !was_failed && !first) {
			first = err;
			if (e)
				*e = next;
		}
	}
	v->settling = false;
	err = reconcile_path(v);
	if (err && !first)
		first = error_set(e, ERROR_FAILED, -err, v->name, NULL,
				  "%s: writing its paths into the maps failed: %s", v->name,
				  strerror(-err));
	return first;
}
