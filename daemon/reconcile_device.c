/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device of a resource: prepared for the vnet, and given back as it was. */
#include <errno.h>

#include "kinds.h"
#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"
#include "reconcile_mark.h"

static struct kernel_link_change wanted_of(const struct resource *r, const struct link *l,
					   bool fresh)
{
	const struct kind *kind = kind_of(r);
	uint32_t before = r->saved.before.set & KERNEL_LINK_MTU ? r->saved.before.mtu : l->mtu;
	struct kernel_link_change want = {
		.set = KERNEL_LINK_MTU,
		/* raised to the vnet's, never below what the device came with */
		.mtu = before > r->vnet->settings.mtu ? before : r->vnet->settings.mtu,
	};

	if (kind->wants)
		kind->wants(r, &want);
	/* Brought up when it is taken in; what the administrator does afterwards is respected. */
	if (fresh) {
		want.set |= KERNEL_LINK_UP;
		want.up = true;
	}
	return want;
}

/* Leaves in @change only what differs from @l, and says in @before what it was. */
static void differences(const struct link *l, struct kernel_link_change *change,
			struct kernel_link_change *before)
{
	*before = (struct kernel_link_change) {
		.mtu = l->mtu,
		.up = l->flags & IFF_UP,
		.allmulti = l->flags & IFF_ALLMULTI,
		.promisc = l->flags & IFF_PROMISC,
		/* What is known of queues may be old: the kernel is asked for what is wanted,
		 * whatever it has. */
		.fq = !change->fq,
	};
	memcpy(before->address, l->address, MAC_LEN);
	if (change->mtu == l->mtu)
		change->set &= ~(unsigned int)KERNEL_LINK_MTU;
	if (mac_same(change->address, l->address))
		change->set &= ~(unsigned int)KERNEL_LINK_ADDRESS;
	if (change->up == before->up)
		change->set &= ~(unsigned int)KERNEL_LINK_UP;
	if (change->allmulti == before->allmulti)
		change->set &= ~(unsigned int)KERNEL_LINK_ALLMULTI;
	if (change->promisc == before->promisc)
		change->set &= ~(unsigned int)KERNEL_LINK_PROMISC;
	before->set = change->set;
}

/* The link table learns at once what the kernel has just accepted. */
static void note_link(struct manager *m, const struct link *l,
		      const struct kernel_link_change *change)
{
	struct link now = *l;

	if (change->set & KERNEL_LINK_MTU)
		now.mtu = change->mtu;
	if (change->set & KERNEL_LINK_ADDRESS)
		memcpy(now.address, change->address, MAC_LEN);
	if (change->set & KERNEL_LINK_UP)
		now.flags = change->up ? now.flags | IFF_UP : now.flags & ~(unsigned int)IFF_UP;
	if (change->set & KERNEL_LINK_ALLMULTI)
		now.flags = change->allmulti ? now.flags | IFF_ALLMULTI
					     : now.flags & ~(unsigned int)IFF_ALLMULTI;
	if (change->set & KERNEL_LINK_PROMISC)
		now.flags = change->promisc ? now.flags | IFF_PROMISC
					    : now.flags & ~(unsigned int)IFF_PROMISC;
	link_put(m->links, &now);
}

/* A device that was brought up may have carrier at once, and the news of it takes its time. */
static void look_again(struct manager *m, const struct link *l)
{
	struct link now;

	if (manager_rtnl(m, link_get, l->name, &now) == 0)
		link_put(m->links, &now);
}

/* Some drivers change their MAC only while the device is down. */
static int set_while_down(struct manager *m, const struct link *l,
			  const struct kernel_link_change *change,
			  const struct kernel_link_change *before)
{
	struct kernel_link_change down = { .set = KERNEL_LINK_UP }, again = *change, undo = *before;
	int err = manager_rtnl(m, link_set, l->ifindex, &down);

	if (err)
		return err;
	if (!(again.set & KERNEL_LINK_UP))
		again.up = true;
	again.set |= KERNEL_LINK_UP;
	err = manager_rtnl(m, link_set, l->ifindex, &again);
	if (err) {
		undo.set |= KERNEL_LINK_UP;
		undo.up = true;
		manager_rtnl(m, link_set, l->ifindex, &undo);
	}
	return err;
}

/*
 * The kernel takes a request field by field and stops at the first that it refuses, so what went
 * before is put back: @before has the same fields.
 */
static int set_link(struct manager *m, const struct link *l,
		    const struct kernel_link_change *change,
		    const struct kernel_link_change *before)
{
	int err = manager_rtnl(m, link_set, l->ifindex, change);

	if (err == -EBUSY && (change->set & KERNEL_LINK_ADDRESS) && (l->flags & IFF_UP))
		return set_while_down(m, l, change, before);
	if (err)
		manager_rtnl(m, link_set, l->ifindex, before);
	return err;
}

/* Fields of @now that are again what they were when the device came. */
static unsigned int restored(const struct kernel_link_change *came,
			     const struct kernel_link_change *now)
{
	unsigned int both = came->set & now->set, same = 0;

	if ((both & KERNEL_LINK_MTU) && came->mtu == now->mtu)
		same |= KERNEL_LINK_MTU;
	if ((both & KERNEL_LINK_ADDRESS) && mac_same(came->address, now->address))
		same |= KERNEL_LINK_ADDRESS;
	if ((both & KERNEL_LINK_UP) && came->up == now->up)
		same |= KERNEL_LINK_UP;
	if ((both & KERNEL_LINK_ALLMULTI) && came->allmulti == now->allmulti)
		same |= KERNEL_LINK_ALLMULTI;
	if ((both & KERNEL_LINK_PROMISC) && came->promisc == now->promisc)
		same |= KERNEL_LINK_PROMISC;
	if ((both & KERNEL_LINK_FQ) && came->fq == now->fq)
		same |= KERNEL_LINK_FQ;
	return same;
}

/* What was saved first stays: it is what the device came with. */
static void remember(struct desired_saved *saved, const struct kernel_link_change *before)
{
	struct kernel_link_change *s = &saved->before;
	unsigned int fresh = before->set & ~s->set;

	if (fresh & KERNEL_LINK_MTU)
		s->mtu = before->mtu;
	if (fresh & KERNEL_LINK_ADDRESS)
		memcpy(s->address, before->address, MAC_LEN);
	if (fresh & KERNEL_LINK_UP)
		s->up = before->up;
	if (fresh & KERNEL_LINK_ALLMULTI)
		s->allmulti = before->allmulti;
	if (fresh & KERNEL_LINK_PROMISC)
		s->promisc = before->promisc;
	if (fresh & KERNEL_LINK_FQ)
		s->fq = before->fq;
	s->set |= fresh;
}

static bool has_filter(const struct resource *r, const uint8_t *address)
{
	return r->saved.filtered && mac_same(r->saved.filter, address);
}

/* The device receives frames for the vnet's MAC. A device that cannot filter receives them anyway.
 */
void reconcile_device_filter(struct resource *r, const uint8_t *address)
{
	struct manager *m = r->vnet->manager;
	struct desired_saved *s = &r->saved;

	if (address && has_filter(r, address))
		return;
	if (address && manager_rtnl(m, link_filter, r->ifindex, address, true) == 0) {
		if (s->filtered)
			manager_rtnl(m, link_filter, r->ifindex, s->filter, false);
		memcpy(s->filter, address, MAC_LEN);
		s->filtered = m->unsaved = true;
	} else if (!address && s->filtered) {
		manager_rtnl(m, link_filter, r->ifindex, s->filter, false);
		s->filtered = false;
	}
}

#define CHANGE_TEXT_SIZE 64

/* "MTU 9000, MAC 02:00:00:00:00:01" */
static const char *change_text(const struct kernel_link_change *c, char buffer[CHANGE_TEXT_SIZE])
{
	bool has_mtu = c->set & KERNEL_LINK_MTU, has_mac = c->set & KERNEL_LINK_ADDRESS;
	char mtu[24] = "", mac[MAC_TEXT_SIZE] = "";

	if (has_mtu)
		snprintf(mtu, sizeof(mtu), "MTU %u", c->mtu);
	if (has_mac)
		mac_format(c->address, mac);
	snprintf(buffer, CHANGE_TEXT_SIZE, "%s%s%s%s", has_mtu || has_mac ? mtu : "flags",
		 has_mtu && has_mac ? ", " : "", has_mac ? "MAC " : "", mac);
	return buffer;
}

/* Before anything is changed, so that whoever comes after us finds it, however we end. */
static int mark_before(struct resource *r, const struct link *l,
		       const struct kernel_link_change *before, bool filter)
{
	const uint8_t *address = r->vnet->settings.address;
	struct desired_saved saved = r->saved;
	bool is_new = before->set || (filter && !has_filter(r, address));
	int err;

	remember(&saved, before);
	saved.filtered |= filter;
	err = reconcile_mark_saved(r->vnet->manager, l, &saved, address);
	return is_new ? err : 0;
}

int reconcile_device(struct resource *r, const struct link *l, struct error *e)
{
	struct manager *m = r->vnet->manager;
	bool fresh = r->saved.ifindex != l->ifindex, filter = kind_of(r)->filter;
	char label[RESOURCE_LABEL_SIZE], change[CHANGE_TEXT_SIZE];
	struct kernel_link_change want, before;
	int err;

	if (fresh) {
		r->saved = (struct desired_saved) { .ifindex = l->ifindex };
		reconcile_mark_claim_saved(m, l->ifindex, &r->saved);
		m->unsaved = true;
	}
	want = wanted_of(r, l, fresh);
	differences(l, &want, &before);
	err = mark_before(r, l, &before, filter);
	if (err)
		return error_set(e, ERROR_FAILED, -err, resource_label(r, label), "device",
				 "%s: what device %s was before cannot be noted: %s", label,
				 l->name, strerror(-err));
	if (want.set) {
		err = set_link(m, l, &want, &before);
		/* Some drivers take in XDP no MTU beyond what fits into a page. */
		if (err && (r->xdp.attached || r->cpu.attached == KERNEL_ATTACH_XDP) &&
		    (want.set & KERNEL_LINK_MTU)) {
			reconcile_xdp_resource_release(r);
			err = set_link(m, l, &want, &before);
		}
		if (err)
			return error_set(e, ERROR_FAILED, -err, resource_label(r, label), "device",
					 "%s: device %s cannot be set up for the vnet (%s): %s",
					 label, l->name, change_text(&want, change),
					 strerror(-err));
		remember(&r->saved, &before);
		r->saved.before.set &= ~restored(&r->saved.before, &want);
		m->unsaved = true;
		note_link(m, l, &want);
	}
	if (want.set & (KERNEL_LINK_UP | KERNEL_LINK_ADDRESS)) {
		look_again(m, l);
		reconcile_hold_look(r, link_find(m->links, l->ifindex));
	}
	reconcile_device_filter(r, filter ? r->vnet->settings.address : NULL);
	reconcile_mark_done(m, l, &r->saved);
	return 0;
}

int reconcile_device_restore(struct manager *m, const struct link *l,
			     const struct kernel_link_change *before)
{
	struct kernel_link_change want = *before, now;
	int err;

	differences(l, &want, &now);
	err = want.set ? set_link(m, l, &want, &now) : 0;
	if (err)
		return err;
	note_link(m, l, &want);
	if (want.set & KERNEL_LINK_FQ)
		look_again(m, l);
	return 0;
}

void reconcile_device_give_back(struct resource *r)
{
	const struct desired_saved nothing = { 0 };
	struct manager *m = r->vnet->manager;
	const struct link *l = link_find(m->links, r->ifindex);
	bool goes = resource_is_tap(r) && r->leaving; /* as it is, and its mark after it */
	int err;

	if (l && !goes && r->saved.ifindex == r->ifindex) {
		reconcile_device_filter(r, NULL);
		err = reconcile_device_restore(m, l, &r->saved.before);
		if (err)
			log_warning("%s/%s: device %s does not take back what it had before: %s; "
				    "it stays as the vnet needed it",
				    r->vnet->name, r->name, l->name, strerror(-err));
		manager_removed(m, reconcile_mark_done(m, l, &nothing));
	} else if (!l || !goes) {
		reconcile_mark_gone(m, r->ifindex);
	}
	r->saved = (struct desired_saved) { 0 };
	m->unsaved = true;
}

int reconcile_device_change(struct manager *m, struct desired_saved *saved, const struct link *l,
			    const uint8_t *address, struct kernel_link_change want)
{
	struct desired_saved marked;
	struct kernel_link_change before;
	int err;

	if (saved->ifindex != l->ifindex) {
		*saved = (struct desired_saved) { .ifindex = l->ifindex };
		reconcile_mark_claim_saved(m, l->ifindex, saved);
		m->unsaved = true;
	}
	differences(l, &want, &before);
	if (!want.set)
		return 0;
	marked = *saved;
	remember(&marked, &before);
	err = reconcile_mark_saved(m, l, &marked, address);
	if (!err)
		err = set_link(m, l, &want, &before);
	if (err) {
		manager_removed(m, reconcile_mark_done(m, l, saved));
		return err;
	}
	remember(saved, &before);
	saved->before.set &= ~restored(&saved->before, &want);
	m->unsaved = true;
	note_link(m, l, &want);
	if (want.set & (KERNEL_LINK_UP | KERNEL_LINK_FQ))
		look_again(m, l);
	reconcile_mark_done(m, l, saved);
	return 0;
}

void reconcile_device_return(struct manager *m, struct desired_saved *saved, uint32_t ifindex,
			     const char *label)
{
	const struct desired_saved nothing = { 0 };
	const struct link *l = link_find(m->links, ifindex);
	int err;

	if (l && saved->ifindex == ifindex) {
		err = reconcile_device_restore(m, l, &saved->before);
		if (err)
			log_warning("%s: device %s does not take back what it had before: %s; it "
				    "stays as the vnets needed it",
				    label, l->name, strerror(-err));
		manager_removed(m, reconcile_mark_done(m, l, &nothing));
	} else {
		reconcile_mark_gone(m, ifindex);
	}
	*saved = (struct desired_saved) { 0 };
	m->unsaved = true;
}

void reconcile_device_delete(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	int err;

	if (!resource_is_tap(r) || !link_find(m->links, r->tap_ifindex))
		return;
	err = manager_rtnl(m, link_del, r->tap_ifindex);
	if (err && err != -ENODEV) {
		log_warning("%s/%s: device %s cannot be deleted: %s; it goes when the provider "
			    "closes it",
			    r->vnet->name, r->name, r->settings.device, strerror(-err));
		return;
	}
	/* The news takes its time, and the next tap may get the name at once. */
	link_remove(m->links, r->tap_ifindex);
	reconcile_mark_gone(m, r->tap_ifindex);
}
