/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Direct peers: two vnets of this daemon that reach each other with no device between. Each has a
 * guest resource that names the other vnet; the two are twins, and up only together.
 *
 * A frame that takes one end is received on the other in the same breath, so both rows have to name
 * each other before either is up, and neither is up any more when the first of them changes.
 */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

static struct vnet *find_vnet(const struct manager *m, const struct resource_settings *s)
{
	struct vnet *v = manager_find_vnet(m, s->peer_vnet, NULL);

	return v && !v->leaving ? v : NULL;
}

struct resource *reconcile_peer_twin(const struct resource *r)
{
	const struct vnet *v;
	struct resource *twin;

	if (!resource_is_peer(r))
		return NULL;
	v = find_vnet(r->vnet->manager, &r->settings);
	if (!v)
		return NULL;
	HASH_FIND(by_peer, v->peers, r->vnet->name, strlen(r->vnet->name), twin);
	return twin && !twin->leaving ? twin : NULL;
}

const uint8_t *reconcile_peer_address(const struct manager *m, const struct resource_settings *s)
{
	const struct vnet *v;

	if (!s->peer_vnet[0])
		return s->peer;
	v = find_vnet(m, s);
	return v ? v->settings.address : NULL;
}

bool reconcile_peer_ready(const struct resource *r)
{
	const struct resource *twin;

	if (!resource_is_peer(r))
		return true;
	twin = reconcile_peer_twin(r);
	return twin && r->row.twin == twin->number && twin->row.twin == r->number;
}

/* --- its state --- */

static enum resource_state judge(const struct resource *r, char *reason, size_t size)
{
	const struct vnet *v = find_vnet(r->vnet->manager, &r->settings);
	const struct resource *twin = reconcile_peer_twin(r);

	reason[0] = '\0';
	if (!v) {
		snprintf(reason, size, "vnet %s does not exist", r->settings.peer_vnet);
		return RESOURCE_WAITING;
	}
	if (!r->settings.admin_up)
		snprintf(reason, size, "set down by the administrator");
	else if (!twin)
		snprintf(reason, size, "vnet %s has no guest resource with peer-vnet %s", v->name,
			 r->vnet->name);
	else if (!twin->settings.admin_up)
		snprintf(reason, size, "its other end %s/%s is set down by the administrator",
			 v->name, twin->name);
	else if (!v->port_ifindex)
		snprintf(reason, size, "upper %s of vnet %s is missing",
			 vnet_owns_upper(v) ? v->name : v->settings.upper, v->name);
	return reason[0] ? RESOURCE_DOWN : RESOURCE_UP;
}

static void update_state(struct resource *r)
{
	char reason[sizeof(r->reason)];
	enum resource_state state = judge(r, reason, sizeof(reason));

	reconcile_resource_state(r, state, reason);
}

/* --- the rows --- */

/* Frames leave it before anything else changes. */
static int withdraw(struct resource *r)
{
	struct abi_resource row = r->row;
	int err;

	if (!row.up)
		return 0;
	row.up = 0;
	err = manager_datapath(r->vnet->manager, resource_write, r->number, &row);
	if (!err)
		r->row = row;
	return err;
}

/*
 * The row of an earlier daemon may name a twin that it did not come to keep, and which frames still
 * take to get here: that one goes before this one changes.
 */
static void part_from_unknown(const struct resource *r)
{
	struct manager *m = r->vnet->manager;

	if (r->row.twin && !numbers_find(&m->resource_numbers, r->row.twin))
		manager_removed(m, manager_datapath(m, resource_write, r->row.twin, NULL));
}

static int write_rows(struct resource *const ends[], size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		if (ends[i]->state != RESOURCE_UP || !reconcile_peer_ready(ends[i]))
			err = withdraw(ends[i]);
	for (size_t i = 0; i < n && !err; i++)
		part_from_unknown(ends[i]);
	/* First they get to know each other, and then they are up. */
	for (size_t i = 0; i < 2 * n && !err; i++)
		err = reconcile_resource_row(ends[i % n]);
	return err;
}

/* --- together --- */

/* Its twin may be unknown to the maps, too: of the two either may come first after a restart. */
static size_t take_ends(struct resource *r, struct resource *ends[2])
{
	size_t n = 1;

	ends[0] = r;
	ends[1] = reconcile_peer_twin(r);
	if (ends[1])
		n++;
	for (size_t i = 0; i < n; i++) {
		if (!ends[i]->row.type)
			reconcile_resource_adopt(ends[i]);
		update_state(ends[i]);
	}
	return n;
}

int reconcile_peer(struct resource *r, struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	struct resource *ends[2];
	size_t n = take_ends(r, ends);
	struct error own = { 0 };
	int err, next;

	err = write_rows(ends, n);
	if (err)
		err = error_set(&own, ERROR_FAILED, -err, resource_label(r, label), NULL,
				"%s: writing it into the maps failed: %s", label, strerror(-err));
	/* It is registered as soon as the MAC is known: until it is up, the service carries. */
	next = reconcile_fdb(r, err ? NULL : &own);
	err = err ?: next;
	for (size_t i = 0; i < n; i++) {
		next = reconcile_path(ends[i]->vnet, err ? NULL : &own);
		err = err ?: next;
	}
	if (err && e)
		*e = own;
	return err;
}

void reconcile_peer_part(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	struct resource *twin = reconcile_peer_twin(r);

	if (!twin)
		return;
	r->leaving = true;
	manager_removed(m, withdraw(twin));
	manager_removed(m, withdraw(r));
	manager_removed(m, reconcile_peer(twin, NULL));
}

/* --- the other vnet --- */

int reconcile_peers(struct vnet *v, struct error *e)
{
	static const uint8_t nobody[MAC_LEN];
	const uint8_t *address = v->leaving ? nobody : v->settings.address;
	const struct manager *m = v->manager;
	bool upper = v->port_ifindex;
	struct error own = { 0 };
	int first = 0;

	if (!v->seen_half && upper == v->seen_upper && mac_same(address, v->seen_address))
		return 0;
	for (struct resource *r = manager_next_peer(m, v->name, NULL); r;
	     r = manager_next_peer(m, v->name, r)) {
		int err = reconcile_peer(r, first ? NULL : &own);

		first = first ?: err;
	}
	v->seen_upper = upper;
	memcpy(v->seen_address, address, MAC_LEN);
	v->seen_half = first;
	if (first && e)
		*e = own;
	return first;
}
