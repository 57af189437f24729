/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where frames under a limit wait for their time: a queue (fq) on the device that they leave by,
 * for what a vnet sends, and on the vnet's port, for what it gets. It is there while there is such
 * a limit and no longer, for what goes through a queue cannot take the shortest way. Where it
 * cannot be had the programs let pass what is due and drop the rest (token bucket), so nothing here
 * fails.
 */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

/* One device that may have the queue. */
struct place {
	struct manager *m;
	struct queue_use *use;
	struct desired_saved *saved;
	const struct link *l;	/* borrowed; NULL: it is gone */
	const uint8_t *address; /* as of reconcile_device_change() */
	const char *label;
};

static bool limits_out(const struct settings_limits *l)
{
	return l->bits || l->out_bits;
}

static bool limits_in(const struct settings_limits *l)
{
	return l->bits || l->in_bits;
}

/* --- on and off --- */

static void note_reason(const struct place *p, int err)
{
	char reason[sizeof(p->use->reason)];
	size_t size = sizeof(reason);

	if (!err)
		util_copy(reason, size, "");
	else if (err == -ENOENT)
		util_copy(reason, size, "this kernel has no fq");
	else if (err == -EEXIST)
		snprintf(reason, size, "device %s has a queue that somebody gave it", p->l->name);
	else
		snprintf(reason, size, "device %s does not take fq: %s", p->l->name,
			 strerror(-err));
	if (reason[0] && !util_same(reason, p->use->reason))
		log_info("%s: limits drop what is too early, and nothing waits: %s", p->label,
			 reason);
	util_copy(p->use->reason, size, reason);
}

/* An administrator's own fq sends frames at their times as well. */
static bool has_fq(const struct link *l)
{
	return util_same(l->qdisc, "fq");
}

static bool kernel_has_fq(struct manager *m)
{
	if (!m->fq_known)
		m->has_fq = m->kernel.ops->has_fq(m->kernel.rtnl);
	m->fq_known = true;
	return m->has_fq;
}

/* Who takes ours away, or gives the device another one, has to be followed. */
static bool is_settled(const struct place *p)
{
	return p->use->tried && util_same(p->use->found, p->l->qdisc);
}

static void note_found(const struct place *p)
{
	const struct link *now = link_find(p->m->links, p->l->ifindex);

	util_copy(p->use->found, sizeof(p->use->found), now ? now->qdisc : "");
}

static void put_on(const struct place *p)
{
	const struct kernel_link_change want = { .set = KERNEL_LINK_FQ, .fq = true };
	int err;

	if (!p->l || is_settled(p))
		return;
	err = kernel_has_fq(p->m) ? reconcile_device_change(p->m, p->saved, p->l, p->address, want)
				  : -ENOENT;
	p->use->tried = !err || err == -ENOENT || err == -EEXIST;
	if (err == -EEXIST && has_fq(p->l))
		err = 0;
	p->use->on = !err;
	note_found(p);
	note_reason(p, err);
}

static void take_off(const struct place *p)
{
	const struct kernel_link_change want = { .set = KERNEL_LINK_FQ };
	bool ours = p->l && p->saved->ifindex == p->l->ifindex &&
		    (p->saved->before.set & KERNEL_LINK_FQ);

	if (ours)
		manager_removed(p->m,
				reconcile_device_change(p->m, p->saved, p->l, p->address, want));
}

/* Before the row. */
static void begin(const struct place *p, bool wanted)
{
	if (wanted)
		put_on(p);
	else
		*p->use = (struct queue_use) { 0 };
	p->use->wanted = wanted;
}

/* After it. */
static void end(const struct place *p)
{
	if (!p->use->wanted)
		take_off(p);
}

/* --- what goes out --- */

static struct place place_of(struct resource *r, const char *label)
{
	struct manager *m = r->vnet->manager;

	return (struct place) { m,
				&r->queue,
				&r->saved,
				link_find(m->links, r->ifindex),
				r->vnet->settings.address,
				label };
}

static bool wants(const struct resource *r)
{
	const struct vnet *v = r->vnet;

	return r->ifindex && !r->leaving &&
	       (limits_out(&r->settings.limits) || limits_out(&v->settings.limits) ||
		v->flows_limit_out);
}

static void count_in(struct resource *r, bool limited)
{
	if (r->limits_in == limited)
		return;
	r->limits_in = limited;
	r->vnet->limited_in += limited ? 1 : (size_t)-1;
}

void reconcile_queue(struct resource *r)
{
	char label[RESOURCE_LABEL_SIZE];
	const struct place p = place_of(r, resource_label(r, label));

	count_in(r, !r->leaving && limits_in(&r->settings.limits));
	if (!resource_is_member(r)) {
		begin(&p, wants(r));
	} else if (r->queue.wanted != wants(r)) {
		r->queue.wanted = wants(r);
		reconcile_queue_uplink(r->uplink);
	}
}

void reconcile_queue_end(struct resource *r)
{
	char label[RESOURCE_LABEL_SIZE];
	const struct place p = place_of(r, resource_label(r, label));

	if (!resource_is_member(r) && r->ifindex)
		end(&p);
}

void reconcile_queue_leave(struct resource *r)
{
	bool wanted = r->queue.wanted;

	count_in(r, false);
	r->queue = (struct queue_use) { 0 };
	if (wanted && resource_is_member(r))
		reconcile_queue_uplink(r->uplink);
}

bool reconcile_queue_is_on(const struct resource *r)
{
	return resource_is_member(r) ? r->uplink->queue.on : r->queue.on;
}

/* --- an uplink's device, of whose members some have limits --- */

static void flows_limit(const struct flow *flows, bool *ret_in, bool *ret_out)
{
	bool in = false, out = false;

	for (const struct flow *f = flows; f && !(in && out); f = f->hh.next) {
		const struct flow_settings *s = &f->settings;

		if (f->leaving)
			continue;
		in |= s->in && limits_in(&s->limits);
		out |= s->out && limits_out(&s->limits);
	}
	*ret_in = in;
	*ret_out = out;
}

static bool uplink_wants(const struct uplink *u)
{
	bool in, out;

	flows_limit(u->flows, &in, &out);
	for (uint32_t i = 0; i < u->slot_count && !out; i++)
		out = u->slots[i] && u->slots[i]->queue.wanted;
	return out;
}

void reconcile_queue_uplink(struct uplink *u)
{
	struct manager *m = u->manager;
	const struct link *l = link_find(m->links, u->ifindex);
	const struct place p = { m, &u->queue, &u->saved, l, l ? l->address : NULL, u->name };
	bool before = u->queue.on;

	if (!l)
		return;
	begin(&p, uplink_wants(u));
	for (uint32_t i = 0; i < u->slot_count && u->queue.on != before; i++)
		if (u->slots[i] && u->slots[i]->row.vnet)
			manager_removed(m, reconcile_resource_row(u->slots[i]));
	end(&p);
}

/* --- what comes in --- */

static struct place port_of(struct vnet *v)
{
	struct manager *m = v->manager;
	const struct link *l = link_find(m->links, v->port_ifindex);

	return (struct place) { m, &v->queue, &v->saved, l, l ? l->address : NULL, v->name };
}

static bool port_wants(const struct vnet *v)
{
	return v->port_ifindex && !v->leaving &&
	       (limits_in(&v->settings.limits) || v->flows_limit_in || v->limited_in);
}

void reconcile_queue_port(struct vnet *v)
{
	const struct place p = port_of(v);

	begin(&p, port_wants(v));
}

void reconcile_queue_port_end(struct vnet *v)
{
	const struct place p = port_of(v);

	end(&p);
}

/* --- flows --- */

void reconcile_queue_flows(struct vnet *v)
{
	bool before = v->flows_limit_out;

	flows_limit(v->flows, &v->flows_limit_in, &v->flows_limit_out);
	if (v->flows_limit_out == before || v->settling)
		return;
	for (struct resource *r = v->resources; r; r = r->hh.next)
		if (r->row.vnet)
			manager_removed(v->manager, reconcile_resource_row(r));
}
