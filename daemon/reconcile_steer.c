/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows for a CPU by the NICs themselves: n-tuple filters put their frames into the receive queue
 * of that number. A flow is the NICs' if all its devices have all its filters, else the programs'.
 * A filter is noted before it is there and until it is gone, by device and place, with what it
 * says: so a daemon that is killed leaves none that the next one does not know, and one that is
 * another's by now stays.
 */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "ntuple.h"
#include "reconcile.h"

struct key {
	uint32_t ifindex, place;
};

struct manager_filter {
	struct key key;
	uint32_t flow; /* its number */
	uint32_t says; /* ntuple_hash() of what we have asked for */
	uint32_t type; /* of the filter, and */
	uint32_t queue;
	bool left;   /* an earlier daemon's, and nobody's yet */
	bool wanted; /* while a device is looked at */
	UT_hash_handle hh;
};

/* --- noted --- */

#define NOTE_SIZE 96
#define NOTE_TEXT "1 flow %u says %x type %x queue %u"

static int note(struct manager *m, const struct manager_filter *f)
{
	char text[NOTE_SIZE];

	snprintf(text, sizeof(text), NOTE_TEXT, f->flow, f->says, f->type, f->queue);
	return manager_datapath(m, filter_mark, f->key.ifindex, f->key.place, text);
}

static struct manager_filter *add(struct manager *m, uint32_t ifindex, uint32_t place)
{
	struct manager_filter *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->key = (struct key) { ifindex, place };
	HASH_ADD(hh, m->filters, key, sizeof(f->key), f);
	if (HASH_ADDED(hh, f))
		return f;
	free(f);
	return NULL;
}

static void drop(struct manager *m, struct manager_filter *f)
{
	HASH_DEL(m->filters, f);
	free(f);
}

static int load_one(void *context, uint32_t ifindex, uint32_t place, const char *text)
{
	struct manager *m = context;
	struct manager_filter n = { 0 }, *f;

	if (sscanf(text, NOTE_TEXT, &n.flow, &n.says, &n.type, &n.queue) != 4)
		return 0; /* a later version's, who knows better */
	if (!link_find(m->links, ifindex))
		return manager_datapath(m, filter_mark, ifindex, place, NULL);
	f = add(m, ifindex, place);
	if (!f)
		return -ENOMEM;
	f->flow = n.flow;
	f->says = n.says;
	f->type = n.type;
	f->queue = n.queue;
	f->left = true;
	return 0;
}

int reconcile_steer_load(struct manager *m)
{
	return manager_datapath(m, filter_marks_each, load_one, m);
}

void reconcile_steer_free(struct manager *m)
{
	struct manager_filter *f, *next;

	HASH_ITER (hh, m->filters, f, next)
		drop(m, f);
}

/* --- one filter --- */

/* It is there, and nobody else's: drivers may tell it in other words, but not of another kind. */
static bool is_there(struct manager *m, const struct manager_filter *f, const struct link *l)
{
	struct ethtool_rx_flow_spec now;

	return manager_rtnl(m, ntuple_get, l->name, f->key.place, &now) == 0 &&
	       (now.flow_type & ~(FLOW_EXT | FLOW_MAC_EXT)) ==
		       (f->type & ~(FLOW_EXT | FLOW_MAC_EXT)) &&
	       now.ring_cookie == f->queue;
}

static void take_away(struct manager *m, struct manager_filter *f)
{
	const struct link *l = link_find(m->links, f->key.ifindex);
	int err = 0;

	if (l && is_there(m, f, l))
		err = manager_rtnl(m, ntuple_del, l->name, f->key.place);
	if (err && err != -ENOENT && err != -ENODEV)
		log_warning("device %s does not give back n-tuple filter %u: %s", l->name,
			    f->key.place, strerror(-err));
	manager_removed(m, manager_datapath(m, filter_mark, f->key.ifindex, f->key.place, NULL));
	drop(m, f);
}

static int put(struct manager *m, const struct link *l, const struct flow *flow,
	       const struct ethtool_rx_flow_spec *spec, uint32_t place)
{
	struct ethtool_rx_flow_spec placed = *spec;
	struct manager_filter *f = add(m, l->ifindex, place);
	int err;

	if (!f)
		return -ENOMEM;
	f->flow = flow->number;
	f->says = ntuple_hash(spec);
	f->type = spec->flow_type;
	f->queue = (uint32_t)spec->ring_cookie;
	f->wanted = true;
	placed.location = place;
	err = note(m, f);
	if (!err)
		err = manager_rtnl(m, ntuple_add, l->name, &placed);
	if (!err)
		return 0;
	manager_removed(m, manager_datapath(m, filter_mark, l->ifindex, place, NULL));
	drop(m, f);
	return err;
}

static struct manager_filter *find(struct manager *m, uint32_t ifindex, uint32_t flow,
				   uint32_t says)
{
	for (struct manager_filter *f = m->filters; f; f = f->hh.next)
		if (f->key.ifindex == ifindex && f->flow == flow && f->says == says)
			return f;
	return NULL;
}

/* --- one flow at one device --- */

struct place {
	struct flow *flow;
	struct cpu_use *use;
	const struct link *l;
	const uint8_t *mac; /* of the vnet, where its device is others' as well */
};

static void complain(const struct place *p, const char *what)
{
	snprintf(p->flow->steered_why, sizeof(p->flow->steered_why), "device %s%s%s", p->l->name,
		 what[0] == ' ' ? "" : ": ", what);
}

static int add_one(struct manager *m, const struct place *p,
		   const struct ethtool_rx_flow_spec *spec)
{
	struct kernel_ntuple_room room;
	int err = manager_rtnl(m, ntuple_room, p->l->name, &room);

	p->use->no_filters = err == -EOPNOTSUPP;
	if (err == -EOPNOTSUPP) {
		complain(p, " has no n-tuple filters");
		return err;
	}
	if (!err && room.queues <= spec->ring_cookie) {
		complain(p, " has fewer receive queues than that");
		return -ERANGE;
	}
	err = err ?: put(m, p->l, p->flow, spec, room.place);
	if (err)
		complain(p, err == -ENOSPC ? " has no free place in its table of n-tuple filters"
					   : strerror(-err));
	return err;
}

/* All of the filters, or none. */
static bool fill(struct manager *m, const struct place *p, const struct ntuple *n)
{
	for (size_t i = 0; i < n->count; i++) {
		struct manager_filter *f =
			find(m, p->l->ifindex, p->flow->number, ntuple_hash(&n->spec[i]));

		if (f && f->left && !is_there(m, f, p->l)) {
			take_away(m, f);
			f = NULL;
		}
		if (f) {
			f->left = false;
			f->wanted = true;
		} else if (add_one(m, p, &n->spec[i])) {
			return false;
		}
	}
	return true;
}

static void clear(struct manager *m, const struct flow *flow, uint32_t ifindex, bool all)
{
	struct manager_filter *f, *next;

	HASH_ITER (hh, m->filters, f, next)
		if (f->flow == flow->number && (!ifindex || f->key.ifindex == ifindex) &&
		    (all || !f->wanted))
			take_away(m, f);
}

static bool steer(struct manager *m, const struct place *p)
{
	const struct flow_match *match = &p->flow->settings.match;
	const char *why = NULL;
	struct ntuple n;
	bool done = false;

	for (struct manager_filter *f = m->filters; f; f = f->hh.next)
		f->wanted = false;
	if (p->use->no_filters)
		complain(p, " has no n-tuple filters");
	else if (p->flow->vnet && match->vlan)
		complain(p, "the VLAN of a vnet may not be that on the wire");
	else if (p->flow->vnet && p->flow->vnet->settings.share)
		complain(p, "the MAC is others' as well");
	else if (ntuple_make(match, p->mac, p->flow->target.number, &n, &why))
		complain(p, why);
	else
		done = fill(m, p, &n);
	clear(m, p->flow, p->l->ifindex, !done);
	return done;
}

/* --- a flow --- */

static bool at_uplink(struct flow *f, struct uplink *u, const uint8_t *mac)
{
	struct manager *m = u->manager;
	const struct place p = { f, &u->cpu, link_find(m->links, u->ifindex), mac };

	return p.l && steer(m, &p);
}

static bool at_resource(struct flow *f, struct resource *r)
{
	struct manager *m = r->vnet->manager;
	const struct place p = { f, &r->cpu, link_find(m->links, r->ifindex), NULL };

	if (r->uplink)
		return at_uplink(f, r->uplink, r->vnet->settings.address);
	return p.l && steer(m, &p);
}

bool reconcile_steer_had(const struct flow *f)
{
	for (const struct manager_filter *n = flow_manager(f)->filters; n; n = n->hh.next)
		if (n->left && n->flow == f->number)
			return true;
	return false;
}

void reconcile_steer(struct flow *f)
{
	struct manager *m = flow_manager(f);
	size_t devices = 0, done = 0;

	f->steered_why[0] = '\0';
	f->steered = false;
	if (f->target.kind != ABI_TARGET_CPU || f->leaving) {
		clear(m, f, 0, true);
		return;
	}
	if (f->uplink && f->uplink->ifindex) {
		devices++;
		done += at_uplink(f, f->uplink, NULL);
	}
	for (struct resource *r = f->vnet ? f->vnet->resources : NULL; r; r = r->hh.next) {
		if (!r->ifindex || r->leaving)
			continue;
		devices++;
		done += at_resource(f, r);
	}
	f->steered = devices && done == devices;
	if (f->steered)
		f->steered_why[0] = '\0';
}

/* --- devices --- */

static void again(struct flow *flows)
{
	for (struct flow *f = flows; f; f = f->hh.next)
		if (f->target.kind == ABI_TARGET_CPU && !f->leaving)
			reconcile_flow(f, NULL);
}

void reconcile_steer_device(struct vnet *v, struct uplink *u)
{
	again(v ? v->flows : u->flows);
}

void reconcile_steer_release(struct manager *m, uint32_t ifindex)
{
	struct manager_filter *f, *next;

	HASH_ITER (hh, m->filters, f, next)
		if (f->key.ifindex == ifindex)
			take_away(m, f);
}

/* After a start, what nobody has claimed. */
void reconcile_steer_sweep(struct manager *m)
{
	struct manager_filter *f, *next;

	HASH_ITER (hh, m->filters, f, next)
		if (f->left)
			take_away(m, f);
}
