/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hybrid may have its carrier and carry nothing. What is found out about that, by its counters
 * (txwatch.c) and by its neighbour (reconcile_probe.c), makes it `failed`, and is forgotten with
 * the device.
 */
#include <utlist.h>

#include "manager_internal.h"
#include "reconcile.h"

#define RETRY_US_MIN 1000000  /* however short hold_down is */
#define RETRY_US_MAX 60000000 /* however often it has failed */
#define RETRY_DOUBLE 6	      /* so often: a second becomes more than a minute */
#define NOT_DUE	     UINT64_MAX

/* --- whose time has come --- */

static uint64_t earlier(uint64_t a_us, uint64_t b_us)
{
	return b_us && b_us < a_us ? b_us : a_us;
}

static uint64_t due_us(const struct resource *r)
{
	const struct health *h = &r->health;
	uint64_t first_us = earlier(NOT_DUE, h->look_us);

	if (h->verdict.stuck)
		first_us = earlier(first_us, h->retry_us);
	return earlier(first_us, h->probe.due_us);
}

static void list_update(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	bool wanted = due_us(r) != NOT_DUE;

	if (wanted == r->health.listed)
		return;
	r->health.listed = wanted;
	if (wanted)
		DL_APPEND2(m->watched, r, watched_prev, watched_next);
	else
		DL_DELETE2(m->watched, r, watched_prev, watched_next);
}

uint64_t reconcile_health_due_us(const struct manager *m)
{
	uint64_t first_us = NOT_DUE;
	const struct resource *r;

	DL_FOREACH2 (m->watched, r, watched_next)
		first_us = earlier(first_us, due_us(r));
	return first_us;
}

/* --- the transmit watch --- */

static uint64_t timeout_us(const struct resource *r)
{
	return (uint64_t)r->vnet->settings.tx_timeout_ms * 1000;
}

static bool read_counts(const struct resource *r, struct txwatch_counts *ret)
{
	struct manager *m = r->vnet->manager;
	struct kernel_link_stats device;
	struct abi_counters given;

	/* In this order: what was given by then may be sent by now. */
	if (manager_datapath(m, counters, r->number, &given) ||
	    manager_rtnl(m, link_stats, r->ifindex, &device))
		return false;
	*ret = (struct txwatch_counts) {
		.given = given.tx_packets,
		.sent = device.tx_packets,
		.dropped = device.tx_dropped + device.tx_errors,
		.by_xdp = r->xdp.takes && r->vnet->xdp.attached,
	};
	return true;
}

/* Twice as long each time, until it has been seen to send again for as long as it is given. */
static uint64_t retry_after_us(const struct resource *r)
{
	uint64_t first_us = (uint64_t)r->vnet->settings.hold_down_ms * 1000, after_us;

	if (first_us < RETRY_US_MIN)
		first_us = RETRY_US_MIN;
	after_us = first_us << r->health.tries;
	if (after_us > RETRY_US_MAX)
		after_us = RETRY_US_MAX;
	return after_us > first_us ? after_us : first_us;
}

static void become_stuck(struct resource *r, uint64_t now_us)
{
	struct health *h = &r->health;

	h->retry_us = now_us + retry_after_us(r);
	h->verdict.stuck = true;
	h->sending_us = 0;
	if (h->tries < RETRY_DOUBLE)
		h->tries++;
	txwatch_pause(&h->tx);
}

static void note_sending(struct health *h, bool sends, uint64_t now_us, uint64_t enough_us)
{
	if (!sends)
		return;
	if (!h->sending_us)
		h->sending_us = now_us;
	if (now_us - h->sending_us >= enough_us)
		h->tries = 0;
}

/* True: it is found stuck. */
static bool look(struct resource *r, uint64_t now_us)
{
	struct health *h = &r->health;
	uint64_t before = h->tx.last.sent;
	bool known = h->tx.known, stuck;
	struct txwatch_counts now;

	h->look_us = now_us + timeout_us(r) / TXWATCH_LOOKS + 1;
	if (!read_counts(r, &now)) {
		txwatch_pause(&h->tx);
		return false;
	}
	stuck = txwatch_look(&h->tx, &now, now_us, timeout_us(r));
	note_sending(h, known && now.sent != before, now_us, timeout_us(r));
	if (stuck)
		become_stuck(r, now_us);
	return stuck;
}

/* Frames are sent to one hybrid of a vnet, and it alone is looked at. */
static void follow_tx(struct resource *r)
{
	struct health *h = &r->health;
	bool wanted = r->vnet->unicast == r && r->ifindex && timeout_us(r);

	if (wanted && !h->look_us)
		h->look_us = manager_now_us(r->vnet->manager) + timeout_us(r) / TXWATCH_LOOKS + 1;
	if (wanted)
		return;
	h->look_us = 0;
	txwatch_pause(&h->tx);
}

static bool run(struct resource *r, uint64_t now_us)
{
	struct health *h = &r->health;
	bool changed = false;

	if (h->verdict.stuck && h->retry_us <= now_us) {
		h->verdict.stuck = false;
		changed = true;
	}
	if (h->look_us && h->look_us <= now_us)
		changed |= look(r, now_us);
	if (h->probe.due_us && h->probe.due_us <= now_us)
		changed |= reconcile_probe_run(r, now_us);
	return changed;
}

void reconcile_health_run(struct manager *m, uint64_t now_us)
{
	struct resource *r, *next;

	DL_FOREACH_SAFE2 (m->watched, r, next, watched_next)
		r->health.turn = due_us(r) <= now_us;
	for (;;) {
		DL_FOREACH2 (m->watched, r, watched_next)
			if (r->health.turn)
				break;
		if (!r)
			return;
		r->health.turn = false;
		if (run(r, now_us))
			manager_reconcile_one(r);
		list_update(r);
	}
}

/* --- what follows from it --- */

/* What was found out was about another device, or about this one before it was reset. */
static void look_at_device(struct resource *r, const struct link *l)
{
	struct health *h = &r->health;

	if (h->ifindex != l->ifindex) {
		h->tx = (struct txwatch) { 0 };
		h->tries = 0;
	}
	if (h->ifindex != l->ifindex || h->carrier_downs != l->carrier_downs) {
		h->verdict.stuck = false;
		txwatch_pause(&h->tx);
	}
	h->ifindex = l->ifindex;
	h->carrier_downs = l->carrier_downs;
}

static bool tell_stuck(const struct resource *r, const struct link *l, char *reason, size_t size)
{
	uint64_t now_us = manager_now_us(r->vnet->manager), left_us = 0;

	if (r->health.retry_us > now_us)
		left_us = r->health.retry_us - now_us;
	snprintf(reason, size,
		 "device %s sends nothing of what it is given for %u ms; tried again in %llu ms",
		 l->name, r->vnet->settings.tx_timeout_ms,
		 (unsigned long long)((left_us + 999) / 1000));
	return true;
}

bool reconcile_health(struct resource *r, const struct link *l, char *reason, size_t size)
{
	struct health *h = &r->health;

	if (r->settings.type != SETTINGS_HYBRID)
		return false;
	look_at_device(r, l);
	if (!r->vnet->settings.tx_timeout_ms)
		h->verdict.stuck = false;
	if (r->settings.probe.kind == SETTINGS_PROBE_NONE)
		h->verdict.silent = false;
	if (h->verdict.stuck)
		return tell_stuck(r, l, reason, size);
	return h->verdict.silent && reconcile_probe_tell(r, reason, size);
}

void reconcile_health_follow(struct vnet *v)
{
	for (size_t i = 0; i < v->hybrid_count; i++) {
		follow_tx(v->hybrids[i]);
		reconcile_probe_follow(v->hybrids[i]);
		list_update(v->hybrids[i]);
	}
}

void reconcile_health_forget(struct resource *r)
{
	struct health *h = &r->health;

	h->verdict = (struct health_verdict) { 0 };
	h->tries = 0;
	txwatch_pause(&h->tx);
	reconcile_probe_forget(r);
}

void reconcile_health_end(struct resource *r)
{
	struct health *h = &r->health;

	h->look_us = 0;
	h->verdict = (struct health_verdict) { 0 };
	reconcile_probe_end(r);
	list_update(r);
}
