/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle's part on the queues in which frames under limits wait. */
#include "world.h"

static bool out(const struct settings_limits *l)
{
	return l->bits || l->out_bits;
}

static bool in(const struct settings_limits *l)
{
	return l->bits || l->in_bits;
}

static bool flows_out(const struct flow *flows)
{
	bool any = false;

	for (const struct flow *f = flows; f; f = f->hh.next)
		any |= f->settings.out && out(&f->settings.limits);
	return any;
}

static bool flows_in(const struct flow *flows)
{
	bool any = false;

	for (const struct flow *f = flows; f; f = f->hh.next)
		any |= f->settings.in && in(&f->settings.limits);
	return any;
}

static bool limited_out(const struct resource *r)
{
	return out(&r->settings.limits) || out(&r->vnet->settings.limits) ||
	       flows_out(r->vnet->flows);
}

static bool limited_on(const struct uplink *u)
{
	bool any = flows_out(u->flows);

	for (uint32_t i = 0; i < u->slot_count; i++)
		any |= u->slots[i] && limited_out(u->slots[i]);
	return any;
}

/* Somebody's own fq does as well. */
static bool can(const struct world *w, uint32_t ifindex)
{
	const struct link *l = NULL;

	for (size_t i = 0; i < w->k->link_count; i++)
		if (w->k->links[i].ifindex == ifindex)
			l = &w->k->links[i];
	return w->k->has_fq && l && (!w->k->queued[ifindex] || util_same(l->qdisc, "fq"));
}

bool world_queue_of(const struct world *w, const struct resource *r)
{
	return (r->uplink ? limited_on(r->uplink) : limited_out(r)) && can(w, r->ifindex);
}

bool world_queue_of_port(const struct world *w, const struct vnet *v)
{
	bool any = in(&v->settings.limits) || flows_in(v->flows);

	for (const struct resource *r = v->resources; r; r = r->hh.next)
		any |= in(&r->settings.limits) && fake_kernel_resource(w->k, r->number);
	return any && can(w, v->port_ifindex);
}

/* Ours is where it is needed and nobody else has one, and nowhere else. */
void world_check_queues(struct world *w)
{
	for (uint32_t i = 0; i < FAKE_IFINDEX_MAX; i++) {
		bool wanted = false;

		for (const struct vnet *v = manager_vnets(w->m); v; v = v->hh.next) {
			wanted |= i && v->port_ifindex == i && world_queue_of_port(w, v);
			for (const struct resource *r = v->resources; r; r = r->hh.next)
				wanted |= i && r->ifindex == i && world_queue_of(w, r);
		}
		for (const struct uplink *u = manager_uplinks(w->m); u; u = u->hh.next)
			wanted |= i && u->ifindex == i && limited_on(u) && can(w, i);
		ck_assert_msg(w->k->fq[i] == (wanted && !w->k->queued[i]),
			      "device %u: %s queue of ours", i, w->k->fq[i] ? "a" : "no");
	}
}
