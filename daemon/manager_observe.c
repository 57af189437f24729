/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Observed state: what the monitor tells, and which objects have to follow. */
#include <errno.h>
#include <utlist.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"
#include "reconcile_mark.h"
#include "reconcile_vf_mark.h"

static void complain(int err, const struct error *e)
{
	if (err)
		log_warning("%s; trying again when something changes", e->message);
}

/*
 * Somebody gave the upper another MAC or MTU (`ip link set vnet0 ...`): to the stack it is its NIC,
 * so the vnet follows if it can, and otherwise puts it back. News may be older than our own last
 * change, so what counts is what the kernel says now.
 */
static void follow_upper(struct vnet *v, const struct link *news)
{
	struct manager *m = v->manager;
	struct vnet_settings wanted = v->settings;
	struct error e = { 0 };
	struct link now;

	if (!vnet_owns_upper(v) || news->ifindex != v->upper_ifindex ||
	    (mac_same(news->address, wanted.address) && news->mtu == wanted.mtu))
		return;
	if (manager_rtnl(m, link_get, news->name, &now) || now.ifindex != v->upper_ifindex)
		return; /* more news is under way */
	link_put(m->links, &now);
	memcpy(wanted.address, now.address, MAC_LEN);
	wanted.mtu = now.mtu;
	if (mac_same(wanted.address, v->settings.address) && wanted.mtu == v->settings.mtu)
		return;
	if (manager_vnet_set(m, v->name, &wanted, &e))
		log_warning("%s; device %s gets back what it had", e.message, now.name);
}

/* A failure to bring the device in is the resource's state; anything else is only said here. */
void manager_reconcile_one(struct resource *r)
{
	struct error e = { 0 };
	int err = reconcile_resource(r, &e);

	complain(resource_has_failed(r) ? 0 : err, &e);
}

static void on_owned(const struct manager_owner *o, const struct link *now)
{
	struct vnet *v = o->vnet;
	struct error e = { 0 };

	if (o->uplink) {
		reconcile_uplink_follow_name(o->uplink);
		complain(reconcile_uplink(o->uplink, &e), &e);
		return;
	}
	if (o->resource) {
		reconcile_resource_follow_name(o->resource);
		manager_reconcile_one(o->resource);
		return;
	}
	reconcile_upper_follow_name(v);
	follow_upper(v, now);
	complain(reconcile_upper(v, &e), &e);
	complain(reconcile_path(v, &e), &e);
	complain(reconcile_peers(v, &e), &e);
	reconcile_vfs_of(v);
}

/*
 * Has something changed that could have been in the way? Our own attempts make news as well, and
 * must not lead to the next attempt.
 */
static bool is_worth_trying(const struct resource *r, const struct link *before,
			    const struct link *now)
{
	return r->state != RESOURCE_FAILED || !before || before->master != now->master ||
	       before->max_mtu != now->max_mtu || !util_same(before->name, now->name);
}

/* Uppers that wait for @name to appear, or for it to be free. */
static void retry_uppers(struct manager *m, const char *name, bool appeared)
{
	struct error e = { 0 };

	if (!m->uppers_missing)
		return;
	for (struct vnet *v = m->vnets; v; v = v->hh.next) {
		bool waits = appeared ? util_same(v->settings.upper, name)
				      : v->name_taken && (util_same(v->name, name) ||
							  util_same(v->port, name));

		if (!v->port_ifindex && !v->leaving && waits)
			complain(reconcile_vnet(v, &e), &e);
	}
}

/*
 * Renames can make several resources wait for one name, so the hash may hold a key more than once.
 * @r NULL: the first.
 */
static struct resource *next_waiting(const struct manager *m, const struct resource *r,
				     const char *name)
{
	struct resource *next = NULL;
	const UT_hash_handle *h;

	if (!r) {
		HASH_FIND(by_device, m->waiting, name, strlen(name), next);
		return next;
	}
	for (h = r->by_device.hh_next; h && !next; h = h->hh_next) {
		struct resource *other = ELMT_FROM_HH(m->waiting->by_device.tbl, h);

		if (util_same(other->settings.device, name))
			next = other;
	}
	return next;
}

/* Uplinks that wait for a device of this name. */
static void retry_uplinks(struct manager *m, const char *name)
{
	struct error e = { 0 };

	for (struct uplink *u = m->uplinks; u; u = u->hh.next)
		if (!u->ifindex && !u->leaving && util_same(u->settings.device, name))
			complain(reconcile_uplink(u, &e), &e);
}

void manager_device_free(struct manager *m, const char *name)
{
	struct resource *r = next_waiting(m, NULL, name), *next;

	for (; r; r = next) {
		next = next_waiting(m, r, name);
		if (!r->vnet->leaving)
			manager_reconcile_one(r);
	}
	retry_uppers(m, name, true);
	retry_uplinks(m, name);
}

/* Nothing has this name any more. */
static void on_name_free(struct manager *m, const char *name)
{
	if (link_find_name(m->links, name))
		return;
	manager_device_free(m, name);
	retry_uppers(m, name, false);
}

/* Is this device what a resource or a vnet waits for? */
static void offer(struct manager *m, const struct link *before, const struct link *now)
{
	struct resource *r = next_waiting(m, NULL, now->name), *next;

	for (; r; r = next) {
		next = next_waiting(m, r, now->name);
		if (is_worth_trying(r, before, now))
			manager_reconcile_one(r);
	}
	retry_uppers(m, now->name, true);
	if (!before || !util_same(before->name, now->name) || before->master != now->master)
		retry_uplinks(m, now->name);
}

/* What a NIC keeps of its virtual functions is not in the link itself. */
static bool is_pf(const struct manager *m, const struct link *l)
{
	const struct resource *r;

	DL_FOREACH2 (m->vfs, r, vf_next)
		if (reconcile_vf_is_of(r, l->ifindex, l->name))
			return true;
	return false;
}

/* The device of a virtual function can be any; sysfs knows. */
static void offer_vfs(struct manager *m, const struct link *before, const struct link *now)
{
	struct resource *r, *next;
	bool tried;

	DL_FOREACH_SAFE2 (m->vfs, r, next, vf_next) {
		if (r->leaving || r->vnet->leaving)
			continue;
		tried = r->state == RESOURCE_FAILED && !(util_same(r->vf.place.netdev, now->name) &&
							 is_worth_trying(r, before, now));
		if (reconcile_vf_is_of(r, now->ifindex, now->name) || (!r->ifindex && !tried))
			manager_reconcile_one(r);
	}
}

static void lose_pf(struct manager *m, uint32_t ifindex, const char *name)
{
	struct resource *r, *next;

	DL_FOREACH_SAFE2 (m->vfs, r, next, vf_next)
		if (!r->leaving && !r->vnet->leaving && reconcile_vf_is_of(r, ifindex, name))
			manager_reconcile_one(r);
}

/* A provider's report of a lost link holds until the device has one again. */
static void note_carrier(const struct manager *m, const struct link *before, const struct link *now)
{
	const struct manager_owner *o = owner_find(m, now->ifindex);
	struct resource *r = o ? o->resource : NULL;

	if (r && r->provider.kind == DESIRED_PROVIDER_NETDEV &&
	    r->provider.report == DESIRED_REPORT_DOWN && !before->carrier && now->carrier)
		reconcile_resource_report(r, DESIRED_REPORT_UP, "");
}

static bool same(const struct link *a, const struct link *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/*
 * A tap is made and set up in one go, so the news of its making comes when it is up already. As
 * with follow_upper(), what counts is what the kernel says now: else each tap would be up, down and
 * up.
 */
static const struct link *newest(struct manager *m, const struct link *l, struct link *ret)
{
	const struct manager_owner *o = owner_find(m, l->ifindex);
	const struct link *known = link_find(m->links, l->ifindex);

	if (!o || !o->resource || !resource_is_tap(o->resource) || !known ||
	    !(known->flags & IFF_UP) || (l->flags & IFF_UP))
		return l;
	if (manager_rtnl(m, link_get, l->name, ret) || ret->ifindex != l->ifindex)
		return l; /* more news is under way */
	return ret;
}

void manager_act_link(struct manager *m, uint32_t ifindex, const struct link *before)
{
	const struct link *l = link_find(m->links, ifindex);
	const struct manager_owner *o = owner_find(m, ifindex);
	struct link now;

	if (!l)
		return;
	now = *l;
	if (before && same(before, l)) {
		if (is_pf(m, &now))
			offer_vfs(m, before, &now);
		return;
	}
	if (o)
		on_owned(o, &now);
	offer(m, before, &now);
	offer_vfs(m, before, &now);
	if (before && !util_same(before->name, now.name))
		on_name_free(m, before->name);
}

static void follow_link(struct manager *m, const struct link *l)
{
	const struct link *known = link_find(m->links, l->ifindex);
	struct link before = known ? *known : *l;
	const struct link *was = known ? &before : NULL;
	bool fresh = !was || !same(&before, l) || is_pf(m, l);

	if (link_put(m->links, l)) {
		log_err("device %s: no memory to keep what is known of it", l->name);
		return;
	}
	if (!mac_same(before.address, l->address))
		reconcile_mark_follow(m, l);
	note_carrier(m, &before, l);
	if (m->resyncing || !fresh)
		return; /* all of it is looked at when the dump is complete */
	if (!manager_news_link(m, l->ifindex, was))
		manager_act_link(m, l->ifindex, was);
}

void manager_on_link(struct manager *m, const struct link *l)
{
	struct link now;

	manager_news_reused(m, l->ifindex);
	reconcile_xsk_news(m, l->ifindex);
	follow_link(m, newest(m, l, &now));
}

static void gone(struct manager *m, uint32_t ifindex)
{
	const struct manager_owner *o = owner_find(m, ifindex);
	struct vnet *v = o ? o->vnet : NULL;

	reconcile_mark_gone(m, ifindex);
	reconcile_vf_mark_gone(m, ifindex);
	reconcile_xsk_gone(m, ifindex);
	if (!o)
		return;
	if (o->uplink)
		reconcile_uplink_gone(o->uplink);
	else if (o->resource)
		reconcile_resource_gone(o->resource);
	else if (reconcile_upper_gone(v, ifindex))
		manager_upper_deleted(v);
}

void manager_on_gone(struct manager *m, uint32_t ifindex)
{
	const struct link *known = link_find(m->links, ifindex);
	struct link before;

	if (!known)
		return;
	before = *known;
	link_remove(m->links, ifindex);
	address_remove_device(m->addresses, ifindex);
	if (!manager_news_gone(m, ifindex, &before))
		manager_act_gone(m, ifindex, before.name);
}

void manager_act_gone(struct manager *m, uint32_t ifindex, const char *name)
{
	gone(m, ifindex);
	if (!m->resyncing && name) {
		on_name_free(m, name);
		lose_pf(m, ifindex, name);
	}
}

void manager_on_address(struct manager *m, const struct address *a, bool there)
{
	if (!there)
		address_remove(m->addresses, a);
	else if (address_put(m->addresses, a))
		log_err("no memory to keep what is known of addresses; those are not announced");
	if (!m->resyncing)
		reconcile_address_news(m, a->ifindex);
}

void manager_on_dump_begin(struct manager *m)
{
	manager_news_act(m, false);
	m->resyncing = true;
	link_mark(m->links);
	address_mark(m->addresses);
}

struct gone_list {
	uint32_t *ifindex;
	size_t count;
};

static void note_gone(void *context, const struct link *l)
{
	struct gone_list *list = context;

	list->ifindex[list->count++] = l->ifindex;
}

static void follow_names(struct vnet *v)
{
	reconcile_upper_follow_name(v);
	for (struct resource *r = v->resources; r; r = r->hh.next)
		reconcile_resource_follow_name(r);
}

/* Devices may have gone, come, and come again under an old ifindex: everything is looked at. */
void manager_on_dump_end(struct manager *m)
{
	struct gone_list list = { 0 };
	struct error e = { 0 };

	address_sweep(m->addresses);
	list.ifindex = calloc(link_count(m->links) + 1, sizeof(*list.ifindex));
	if (!list.ifindex) {
		log_err("no memory for the devices that are gone; the next dump finds them");
		m->resyncing = false;
		return;
	}
	link_sweep(m->links, note_gone, &list);
	for (size_t i = 0; i < list.count; i++)
		gone(m, list.ifindex[i]);
	free(list.ifindex);
	m->resyncing = false;
	for (struct uplink *u = m->uplinks; u; u = u->hh.next) {
		reconcile_uplink_follow_name(u);
		complain(reconcile_uplink(u, &e), &e);
	}
	for (struct vnet *v = m->vnets; v; v = v->hh.next) {
		follow_names(v);
		complain(reconcile_vnet(v, &e), &e);
	}
}

/* By then nothing else may be in the kernel than what the objects say. */
static void settle_kernel(struct manager *m)
{
	struct error e = { 0 };
	int err;

	m->unsettled = false;
	for (struct uplink *u = m->uplinks; u; u = u->hh.next) {
		complain(reconcile_uplink(u, &e), &e);
		complain(manager_reconcile_flows(u->flows, &e), &e);
	}
	for (struct vnet *v = m->vnets; v; v = v->hh.next) {
		complain(reconcile_vnet(v, &e), &e);
		complain(manager_reconcile_flows(v->flows, &e), &e);
	}
	err = manager_sweep(m);
	if (err)
		log_warning("removing what is left over failed: %s; trying again later",
			    strerror(-err));
	m->unsettled |= err != 0;
}

void manager_settle(struct manager *m)
{
	struct error e = { 0 };

	if (m->resyncing)
		return;
	if (m->unhooked)
		manager_check_unhooked(m);
	if (m->xsks_unsure)
		reconcile_xsk_check(m, false);
	if (m->unsettled && m->swept)
		settle_kernel(m);
	/* Among many changes it goes with them. */
	if (m->unsaved && !m->keep_due_us)
		complain(manager_save(m, &e), &e);
}

void manager_on_overrun(struct manager *m)
{
	log_event(LOG_WARNING, LOG_ID_RESYNC, NULL, NULL,
		  "the kernel had more news of devices than the socket holds; reading everything "
		  "again");
	manager_emit(m, (struct manager_event) { .type = MANAGER_OVERRUN });
}
