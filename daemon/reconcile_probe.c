/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The neighbour of a hybrid is asked whether it is there. Answers are looked for when the next
 * question is due and not when they come, so whoever floods us with them wakes nobody.
 *
 * Asked is over the hybrid in use, and over one that has failed or is held down. Not over those
 * that wait for their turn: the switches outside would learn from each probe that the vnet is
 * there, and send what is for it to the wrong port. Where a failed one has to be asked all the
 * same, the way in use has the last word.
 */
#include <errno.h>
#include <sys/random.h>

#include "announce.h"
#include "log.h"
#include "manager_internal.h"
#include "probe.h"
#include "reconcile.h"

#define ANSWERS_MAX	256 /* that are read at a time */
#define INTERVAL_MS_MAX 60000

static struct probe_ask ask_of(const struct resource *r)
{
	const struct health_probe *p = &r->health.probe;
	uint16_t pvid = r->vnet->settings.pvid;

	return (struct probe_ask) {
		.target = &r->settings.probe,
		.mac = r->vnet->settings.address,
		.vlan = pvid == resource_pvid(r) ? 0 : pvid,
		.session = p->session,
		.number = p->number,
		.interval_ms = r->settings.probe_interval_ms,
		.heard_session = p->heard_session,
		.heard_number = p->heard_number,
	};
}

/* A side that asks more seldom answers more seldom. */
static uint32_t misses_allowed(const struct resource *r)
{
	uint32_t own_ms = r->settings.probe_interval_ms,
		 theirs_ms = r->health.probe.heard_interval_ms;
	uint32_t slower = (theirs_ms + own_ms - 1) / own_ms;

	return r->settings.probe_count * (slower > 1 ? slower : 1);
}

/* --- answers --- */

/* Are these the numbers of one of the questions that may still be answered? */
static bool is_current(const struct resource *r, const struct probe_answer *a)
{
	const struct health_probe *p = &r->health.probe;

	return a->echo_session == p->session && a->echo_number <= p->number &&
	       a->echo_number + misses_allowed(r) >= p->number;
}

static bool take(struct resource *r, const struct probe_answer *a)
{
	struct health_probe *p = &r->health.probe;

	if (r->settings.probe.kind != SETTINGS_PROBE_MAC)
		return true;
	p->heard_session = a->session;
	p->heard_number = a->number;
	p->heard_interval_ms = a->interval_ms < INTERVAL_MS_MAX ? a->interval_ms : INTERVAL_MS_MAX;
	return is_current(r, a);
}

/* Takes in all that has come. Was an answer among it? */
static bool hear(struct resource *r)
{
	const struct probe_ask ask = ask_of(r);
	struct probe_answer answer;
	struct kernel_frame f;
	bool answered = false;

	for (unsigned int i = 0; i < ANSWERS_MAX; i++) {
		if (manager_rtnl(r->vnet->manager, hear, r->health.probe.listener, &f))
			break;
		if (probe_read(&ask, &f, &answer))
			answered |= take(r, &answer);
	}
	return answered;
}

/* --- questions --- */

static void cannot(struct resource *r, int err)
{
	if (!r->health.probe.told)
		log_warning("%s/%s: its neighbour cannot be probed: %s; it is taken to be there",
			    r->vnet->name, r->name, strerror(-err));
	r->health.probe.told = true;
}

static void close_listener(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	if (r->health.probe.listening)
		m->kernel.ops->listen_end(m->kernel.rtnl, r->health.probe.listener);
	r->health.probe.listening = false;
}

static bool open_listener(struct resource *r)
{
	struct health_probe *p = &r->health.probe;
	const struct probe_ask ask = ask_of(r);
	struct kernel_filter filter;
	int err = 0;

	if (p->listening)
		return true;
	if (!p->session && getrandom(&p->session, sizeof(p->session), 0) != sizeof(p->session))
		err = -EIO;
	probe_filter(&ask, &filter);
	if (!err)
		err = manager_rtnl(r->vnet->manager, listen, r->ifindex, &filter, &p->listener);
	if (err) {
		cannot(r, err);
		return false;
	}
	p->listening = true;
	p->told = false;
	p->number = 0;
	return true;
}

static void give_last_word(const struct resource *r)
{
	const struct resource *way = r->vnet->unicast;
	uint16_t pvid = r->vnet->settings.pvid;
	struct announce_frame f;

	if (!way || way == r)
		return;
	announce_rarp(r->vnet->settings.address, pvid == resource_pvid(way) ? 0 : pvid, &f);
	/* If it does not come through, the vnet's next frame tells the same. */
	manager_rtnl(r->vnet->manager, send_frame, way->ifindex, f.bytes, f.length);
}

/* A frame that the device does not take is a question without an answer, like one that is lost. */
static void ask(struct resource *r)
{
	struct probe_frame f;
	struct probe_ask a;
	int err;

	r->health.probe.number++;
	a = ask_of(r);
	probe_make(&a, &f);
	err = manager_rtnl(r->vnet->manager, send_frame, r->ifindex, f.bytes, f.length);
	if (err == -EPERM || err == -EACCES) {
		cannot(r, err);
		r->health.probe.number = 0;
		return;
	}
	give_last_word(r);
}

bool reconcile_probe_run(struct resource *r, uint64_t now_us)
{
	struct health_probe *p = &r->health.probe;
	struct health_verdict *verdict = &r->health.verdict;
	bool before = verdict->silent;

	p->due_us = now_us + (uint64_t)r->settings.probe_interval_ms * 1000;
	if (!open_listener(r))
		return false;
	if (hear(r)) {
		p->missed = 0;
		verdict->silent = false;
	} else if (p->number && p->missed < UINT32_MAX) {
		p->missed++;
	}
	if (p->missed >= misses_allowed(r))
		verdict->silent = true;
	ask(r);
	return verdict->silent != before;
}

/* --- its life --- */

static bool is_wanted(const struct resource *r)
{
	const struct link *l = link_find(r->vnet->manager->links, r->ifindex);

	if (r->settings.probe.kind == SETTINGS_PROBE_NONE || !r->settings.admin_up || r->leaving)
		return false;
	if (!l || !(l->flags & IFF_UP) || !l->carrier)
		return false;
	return r->vnet->unicast == r || r->health.verdict.silent || r->hold.listed;
}

void reconcile_probe_end(struct resource *r)
{
	struct health_probe *p = &r->health.probe;

	close_listener(r);
	*p = (struct health_probe) { .told = p->told };
}

void reconcile_probe_follow(struct resource *r)
{
	struct health_probe *p = &r->health.probe;
	const struct settings_probe *target = &r->settings.probe;

	if (!is_wanted(r)) {
		reconcile_probe_end(r);
		return;
	}
	if (memcmp(&p->target, target, sizeof(*target)) != 0) {
		reconcile_probe_end(r);
		p->target = *target;
	}
	if (!p->due_us)
		p->due_us = manager_now_us(r->vnet->manager);
}

void reconcile_probe_forget(struct resource *r)
{
	r->health.probe.missed = 0;
}

/*
 * It was out when vnetd stopped, perhaps for this reason: then it stays so until its neighbour has
 * answered.
 */
void reconcile_probe_adopt(struct resource *r)
{
	if (r->settings.probe.kind != SETTINGS_PROBE_NONE && !r->row.up)
		r->health.verdict.silent = true;
}

bool reconcile_probe_tell(const struct resource *r, char *reason, size_t size)
{
	char text[SETTINGS_PROBE_TEXT_SIZE];
	uint32_t missed = r->health.probe.missed;

	settings_probe_format(&r->settings.probe, text);
	if (missed < misses_allowed(r))
		snprintf(reason, size, "probe: %s has not answered yet", text);
	else
		snprintf(reason, size, "probe: %s has not answered %u times", text,
			 misses_allowed(r));
	return true;
}
