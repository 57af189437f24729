/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Observed state: what the monitor tells, and which objects have to follow. */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

static void complain(int err, const struct error *e)
{
	if (err)
		log_warning("%s; trying again when something changes", e->message);
}

/* A state that was kept across restarts should have the name the device goes by now. */
static void follow_name(struct resource *r, const struct link *l)
{
	if (util_same(r->settings.device, l->name))
		return;
	log_info("%s/%s: device %s is called %s now", r->vnet->name, r->name, r->settings.device,
		 l->name);
	util_copy(r->settings.device, sizeof(r->settings.device), l->name);
	if (r->vnet->manager->callbacks.on_save) {
		struct error e = { 0 };

		complain(r->vnet->manager->callbacks.on_save(r->vnet->manager->context,
							     r->vnet->manager, &e),
			 &e);
	}
}

/*
 * Somebody gave the upper another MAC or MTU (`ip link set vnet0 ...`): to the stack it is its NIC,
 * so the vnet follows if it can, and otherwise puts it back.
 */
static void follow_upper(struct vnet *v, const struct link *before, const struct link *now)
{
	struct vnet_settings wanted = v->settings;
	struct error e = { 0 };

	if (!vnet_owns_upper(v) || now->ifindex != v->upper_ifindex)
		return;
	if (!mac_same(before->address, now->address))
		memcpy(wanted.address, now->address, MAC_LEN);
	if (before->mtu != now->mtu)
		wanted.mtu = now->mtu;
	if (mac_same(wanted.address, v->settings.address) && wanted.mtu == v->settings.mtu)
		return;
	if (manager_vnet_set(v->manager, v->name, &wanted, &e))
		log_warning("%s; device %s gets back what it had", e.message, now->name);
}

static void on_owned(struct manager *m, const struct manager_owner *o, const struct link *before,
		     const struct link *now)
{
	struct error e = { 0 };

	if (o->resource) {
		follow_name(o->resource, now);
		reconcile_resource(o->resource, &e); /* a failure is its state */
		return;
	}
	follow_upper(o->vnet, before, now);
	complain(reconcile_upper(o->vnet, &e), &e);
	reconcile_path(o->vnet);
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

/* A device that nobody owns: is it what a resource or a vnet waits for? */
static void on_free(struct manager *m, const struct link *before, const struct link *now)
{
	const char *name = now->name;
	struct error e = { 0 };
	struct resource *r;

	HASH_FIND(by_device, m->waiting, name, strlen(name), r);
	if (r && is_worth_trying(r, before, now))
		reconcile_resource(r, &e);
	if (r)
		return;
	if (!m->uppers_missing)
		return;
	for (struct vnet *v = m->vnets; v; v = v->hh.next)
		if (!v->port_ifindex && util_same(v->settings.upper, name))
			complain(reconcile_vnet(v, &e), &e);
}

static bool same(const struct link *a, const struct link *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

void manager_on_link(struct manager *m, const struct link *l)
{
	const struct link *known = link_find(m->links, l->ifindex);
	const bool is_new = !known;
	struct link before = known ? *known : *l, now = *l;
	bool fresh = is_new || !same(known, l);
	const struct manager_owner *o;

	if (link_put(m->links, l)) {
		log_err("device %s: no memory to keep what is known of it", l->name);
		return;
	}
	if (m->resyncing || !fresh)
		return; /* all of it is looked at when the dump is complete */
	o = owner_find(m, now.ifindex);
	if (o)
		on_owned(m, o, &before, &now);
	else
		on_free(m, is_new ? NULL : &before, &now);
}

static void gone(struct manager *m, uint32_t ifindex)
{
	const struct manager_owner *o = owner_find(m, ifindex);

	if (!o)
		return;
	if (o->resource)
		reconcile_resource_gone(o->resource);
	else
		reconcile_upper_gone(o->vnet, ifindex);
}

void manager_on_gone(struct manager *m, uint32_t ifindex)
{
	if (link_remove(m->links, ifindex))
		gone(m, ifindex);
}

void manager_on_dump_begin(struct manager *m)
{
	m->resyncing = true;
	link_mark(m->links);
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

/* Devices may have gone, come, and come again under an old ifindex: everything is looked at. */
void manager_on_dump_end(struct manager *m)
{
	struct gone_list list = { 0 };
	struct error e = { 0 };

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
	for (struct vnet *v = m->vnets; v; v = v->hh.next)
		complain(reconcile_vnet(v, &e), &e);
}

void manager_on_overrun(struct manager *m)
{
	log_event(LOG_WARNING, LOG_ID_RESYNC, NULL, NULL,
		  "the kernel had more news of devices than the socket holds; reading everything "
		  "again");
	manager_emit(m, (struct manager_event) { .type = MANAGER_OVERRUN });
}
