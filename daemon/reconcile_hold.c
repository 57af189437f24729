/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damping. A device that comes and goes would take the path with it each time, and every switch
 * costs the network outside something. So a resource that was lost is `down` until it has been well
 * for the vnet's hold_down, unless nothing else could carry what it carries.
 *
 * The programs know such a resource as ABI_UP_LAST and take it in need without being told; here it
 * becomes `up` when that happens.
 *
 * A carrier may be lost and found between two looks; the kernel counts the losses.
 */
#include <inttypes.h>
#include <utlist.h>

#include "manager_internal.h"
#include "reconcile.h"

#define HOLD_RETURN_US 1000000 /* at most one return in this time, however short hold_down is */

static bool carries(const struct resource *r)
{
	return r && r->state == RESOURCE_UP && r->row.up == ABI_UP && !r->leaving;
}

static bool has_hybrid_beside(const struct vnet *v, const struct resource *r)
{
	for (size_t i = 0; i < v->hybrid_count; i++)
		if (v->hybrids[i] != r && carries(v->hybrids[i]))
			return true;
	return false;
}

/* Nothing else could carry what it carries; broadcast has no other way than the service. */
static bool is_last_resort(const struct resource *r)
{
	const struct vnet *v = r->vnet;

	if (r->settings.type == SETTINGS_SERVICE)
		return true;
	if (carries(v->service))
		return false;
	return v->settings.hybrid_needs_service || !has_hybrid_beside(v, r);
}

static void list_add(struct resource *r)
{
	if (r->hold.listed)
		return;
	r->hold.listed = true;
	DL_APPEND2(r->vnet->manager->held, r, held_prev, held_next);
}

static void list_drop(struct resource *r)
{
	if (!r->hold.listed)
		return;
	r->hold.listed = false;
	DL_DELETE2(r->vnet->manager->held, r, held_prev, held_next);
}

/* Has it lost its carrier since it was last looked at? */
static bool has_flapped(const struct hold *h, const struct link *l)
{
	return h->ifindex == l->ifindex && h->carrier_downs != l->carrier_downs;
}

static uint64_t return_us(const struct resource *r)
{
	const struct hold *h = &r->hold;
	uint64_t well_us = h->well_us + (uint64_t)r->vnet->settings.hold_down_ms * 1000;
	uint64_t next_us = h->returned_us ? h->returned_us + HOLD_RETURN_US : 0;

	return well_us > next_us ? well_us : next_us;
}

void reconcile_hold_look(struct resource *r, const struct link *l)
{
	r->hold.ifindex = l->ifindex;
	r->hold.carrier_downs = l->carrier_downs;
}

void reconcile_hold_reason(const struct resource *r, char *buffer, size_t size)
{
	uint64_t now_us = manager_now_us(r->vnet->manager);
	uint64_t left_us = r->hold.due_us > now_us ? r->hold.due_us - now_us : 0;

	snprintf(buffer, size, "device %s was lost and is back; returns in %" PRIu64 " ms",
		 resource_device(r), (left_us + 999) / 1000);
}

enum resource_state reconcile_hold(struct resource *r, const struct link *l,
				   enum resource_state state, char *reason, size_t size)
{
	struct hold *h = &r->hold;
	bool flapped = has_flapped(h, l);
	uint64_t now_us = manager_now_us(r->vnet->manager);

	reconcile_hold_look(r, l);
	if (state != RESOURCE_UP) {
		reconcile_hold_pause(r);
		return state;
	}
	h->lost |= flapped && r->state == RESOURCE_UP;
	if (!h->lost || !r->vnet->settings.hold_down_ms || is_last_resort(r))
		return state;
	if (!h->well_us || flapped)
		h->well_us = now_us;
	h->due_us = return_us(r);
	if (h->due_us <= now_us)
		return state;
	list_add(r);
	reconcile_hold_reason(r, reason, size);
	return RESOURCE_DOWN;
}

void reconcile_hold_lost(struct resource *r)
{
	/* What somebody has said he knows, and what he takes back counts at once; so does a change
	 * that a device refuses. */
	if (!r->vnet->manager->changing && r->settings.admin_up &&
	    r->provider.report == DESIRED_REPORT_UP)
		r->hold.lost = true;
}

void reconcile_hold_pause(struct resource *r)
{
	r->hold.well_us = 0;
	list_drop(r);
}

void reconcile_hold_forget(struct resource *r)
{
	reconcile_hold_pause(r);
	r->hold.lost = false;
	r->hold.returned_us = 0;
}

void reconcile_hold_returned(struct resource *r)
{
	if (r->hold.lost)
		r->hold.returned_us = manager_now_us(r->vnet->manager);
	r->hold.lost = false;
	reconcile_hold_pause(r);
}

static void release(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	reconcile_resource_state(r, RESOURCE_UP, "");
	manager_removed(m, reconcile_resource_row(r));
}

void reconcile_hold_release(struct vnet *v)
{
	struct resource *r, *next;

	if (!v->manager->held || v->settling)
		return;
	for (size_t i = 0; i < v->hybrid_count; i++)
		if (v->hybrids[i]->hold.listed && is_last_resort(v->hybrids[i]))
			release(v->hybrids[i]);
	DL_FOREACH_SAFE2 (v->manager->held, r, next, held_next)
		if (r->vnet == v && is_last_resort(r))
			release(r);
}

uint64_t reconcile_hold_due_us(const struct manager *m)
{
	uint64_t first_us = UINT64_MAX;
	const struct resource *r;

	DL_FOREACH2 (m->held, r, held_next)
		if (r->hold.due_us < first_us)
			first_us = r->hold.due_us;
	return first_us;
}

/* News may be held back by the kernel for up to a second: it is asked before anybody relies on it.
 */
static void look_again(struct manager *m, const struct resource *r)
{
	const struct link *l = link_find(m->links, r->ifindex);
	struct link now;

	if (l && manager_rtnl(m, link_get, l->name, &now) == 0 && now.ifindex == r->ifindex)
		manager_on_link(m, &now);
}

void reconcile_hold_run(struct manager *m, uint64_t now_us)
{
	struct resource *r, *next;

	DL_FOREACH_SAFE2 (m->held, r, next, held_next)
		r->hold.turn = r->hold.due_us <= now_us;
	for (;;) {
		DL_FOREACH2 (m->held, r, held_next)
			if (r->hold.turn)
				break;
		if (!r)
			return;
		r->hold.turn = false;
		look_again(m, r);
		manager_reconcile_one(r);
	}
}

/* --- what a change may have to give back --- */

static void note(struct resource *r)
{
	r->past = (struct past) {
		.change = r->vnet->manager->changes,
		.hold = r->hold,
		.verdict = r->health.verdict,
		.tries = r->health.tries,
	};
}

void reconcile_past_note(struct vnet *v, struct resource *r)
{
	struct resource *held;

	v->manager->changes++;
	if (r)
		note(r);
	for (size_t i = 0; i < v->hybrid_count; i++)
		note(v->hybrids[i]);
	DL_FOREACH2 (v->manager->held, held, held_next)
		if (held->vnet == v)
			note(held);
}

void reconcile_past_forget(struct resource *r)
{
	reconcile_hold_forget(r);
	reconcile_health_forget(r);
}

void reconcile_past_put_back(struct vnet *v)
{
	for (struct resource *r = v->resources; r; r = r->hh.next) {
		const struct past *past = &r->past;

		if (past->change != v->manager->changes)
			continue;
		r->hold.lost = past->hold.lost;
		r->hold.well_us = past->hold.well_us;
		r->hold.returned_us = past->hold.returned_us;
		r->health.verdict = past->verdict;
		r->health.tries = past->tries;
	}
}

void reconcile_past_return(struct vnet *v)
{
	for (struct resource *r = v->resources; r; r = r->hh.next)
		if (r->past.change == v->manager->changes && r->past.hold.listed && !r->hold.listed)
			manager_reconcile_one(r);
}
