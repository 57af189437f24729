/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One resource: its device is prepared and attached, its state follows, its rows are written. */
#include <errno.h>

#include "kinds.h"
#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

static const struct link *find_device(const struct resource *r)
{
	const struct manager *m = r->vnet->manager;

	return r->ifindex ? link_find(m->links, r->ifindex)
			  : link_find_name(m->links, r->settings.device);
}

/* --- preparing the device, and giving back what it had --- */

static struct kernel_link_change wanted_of(const struct resource *r, const struct link *l)
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
	if (r->saved.ifindex != l->ifindex) {
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
	link_put(m->links, &now);
}

/* A device that was brought up may have carrier at once, and the news of it takes its time. */
static void look_again(struct manager *m, const char *name)
{
	struct link now;

	if (manager_rtnl(m, link_get, name, &now) == 0)
		link_put(m->links, &now);
}

/* Some drivers change their MAC only while the device is down. */
static int set_link(struct manager *m, const struct link *l,
		    const struct kernel_link_change *change)
{
	struct kernel_link_change down = { .set = KERNEL_LINK_UP }, again = *change;
	int err = manager_rtnl(m, link_set, l->ifindex, change);

	if (err != -EBUSY || !(change->set & KERNEL_LINK_ADDRESS) || !(l->flags & IFF_UP))
		return err;
	err = manager_rtnl(m, link_set, l->ifindex, &down);
	if (err)
		return err;
	again.set |= KERNEL_LINK_UP;
	again.up = true;
	err = manager_rtnl(m, link_set, l->ifindex, &again);
	if (err) {
		down.up = true;
		manager_rtnl(m, link_set, l->ifindex, &down);
	}
	return err;
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
	s->set |= fresh;
}

/* The device receives frames for the vnet's MAC. A device that cannot filter receives them anyway.
 */
static void set_filter(struct resource *r, const uint8_t *address)
{
	struct manager *m = r->vnet->manager;
	struct desired_saved *s = &r->saved;

	if (s->filtered && address && mac_same(s->filter, address))
		return;
	if (address && manager_rtnl(m, link_filter, r->ifindex, address, true) == 0) {
		if (s->filtered)
			manager_rtnl(m, link_filter, r->ifindex, s->filter, false);
		memcpy(s->filter, address, MAC_LEN);
		s->filtered = true;
	} else if (!address && s->filtered) {
		manager_rtnl(m, link_filter, r->ifindex, s->filter, false);
		s->filtered = false;
	}
}

static int prepare(struct resource *r, const struct link *l, struct error *e)
{
	struct manager *m = r->vnet->manager;
	struct kernel_link_change want = wanted_of(r, l), before;
	char label[RESOURCE_LABEL_SIZE];
	int err;

	differences(l, &want, &before);
	if (r->saved.ifindex != l->ifindex)
		r->saved = (struct desired_saved) { .ifindex = l->ifindex };
	if (want.set) {
		err = set_link(m, l, &want);
		if (err) /* some of it may have been done before the kernel refused the rest */
			manager_rtnl(m, link_set, l->ifindex, &before);
		if (err)
			return error_set(e, ERROR_FAILED, -err, resource_label(r, label), "device",
					 "%s: device %s cannot be set up for the vnet (%s%s%s): %s",
					 label, l->name,
					 want.set & KERNEL_LINK_MTU ? "its MTU, " : "",
					 want.set & KERNEL_LINK_ADDRESS ? "its MAC, " : "",
					 "its flags", strerror(-err));
		remember(&r->saved, &before);
		note_link(m, l, &want);
	}
	if (want.set & KERNEL_LINK_UP)
		look_again(m, r->settings.device);
	set_filter(r, kind_of(r)->filter ? r->vnet->settings.address : NULL);
	return 0;
}

static void give_back(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	const struct link *l = link_find(m->links, r->ifindex);

	if (l && r->saved.ifindex == r->ifindex) {
		set_filter(r, NULL);
		if (r->saved.before.set && set_link(m, l, &r->saved.before) == 0)
			note_link(m, l, &r->saved.before);
	}
	r->saved = (struct desired_saved) { 0 };
}

/* --- the rows --- */

static int write_vlans(struct resource *r)
{
	struct abi_vlans_key key = { .vnet = r->vnet->number, .resource = r->number };
	struct abi_vlans row = { 0 };
	bool wanted = r->settings.has_vlans;

	if (!wanted && !r->row.vlans)
		return 0;
	for (uint16_t id = vlan_next(&r->settings.vlans, 0); id;
	     id = vlan_next(&r->settings.vlans, id))
		row.bits[id / 64] |= 1ULL << (id % 64);
	return manager_datapath(r->vnet->manager, vlans_write, &key, wanted ? &row : NULL);
}

static int write_row(struct resource *r)
{
	struct abi_resource row = {
		.ifindex = r->ifindex,
		.pvid = resource_pvid(r),
		.type = kind_of(r)->abi,
		.up = r->state == RESOURCE_UP && !r->leaving,
		.vlans = r->settings.has_vlans,
		.vnet = r->vnet->number,
		.fallback = r->row.fallback,
	};
	int err;

	memcpy(row.peer, r->settings.peer, MAC_LEN);
	if (memcmp(&row, &r->row, sizeof(row)) == 0)
		return 0;
	err = write_vlans(r);
	if (!err)
		err = manager_datapath(r->vnet->manager, resource_write, r->number, &row);
	if (!err)
		r->row = row;
	return err;
}

static void remove_rows(struct resource *r)
{
	struct abi_vlans_key key = { .vnet = r->vnet->number, .resource = r->number };
	struct manager *m = r->vnet->manager;

	if (r->row.vlans)
		manager_datapath(m, vlans_write, &key, NULL);
	manager_datapath(m, resource_write, r->number, NULL);
	r->row = (struct abi_resource) { 0 };
}

/* --- binding --- */

static void become_bound(struct resource *r, uint32_t ifindex)
{
	HASH_DELETE(by_device, r->vnet->manager->waiting, r);
	r->ifindex = ifindex;
}

static void become_waiting(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	owner_clear(m, r->ifindex);
	r->ifindex = 0;
	r->attached = KERNEL_ATTACH_NONE;
	HASH_ADD_KEYPTR(by_device, m->waiting, r->settings.device, strlen(r->settings.device), r);
}

static int attach(struct resource *r, struct error *e)
{
	struct manager *m = r->vnet->manager;
	struct abi_port port = { .vnet = r->vnet->number, .resource = r->number };
	char label[RESOURCE_LABEL_SIZE];
	int err;

	err = manager_datapath(m, port_write, r->ifindex, &port);
	if (!err)
		err = manager_datapath(m, attach, KERNEL_HOOK_RX, r->ifindex, &r->attached);
	if (!err)
		return 0;
	manager_datapath(m, port_write, r->ifindex, NULL);
	return error_set(e, ERROR_FAILED, -err, resource_label(r, label), "device",
			 "%s: attaching the data path to device %s failed: %s", label,
			 r->settings.device, strerror(-err));
}

static void detach(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	manager_datapath(m, detach, KERNEL_HOOK_RX, r->ifindex);
	manager_datapath(m, port_write, r->ifindex, NULL);
}

/*
 * After a restart the row is there already and frames are passing by it: it is taken as it is, so
 * that it changes only where something has changed.
 */
static int adopt_row(struct resource *r)
{
	struct abi_resource row;

	if (manager_datapath(r->vnet->manager, resource_read, r->number, &row) == 0 &&
	    row.vnet == r->vnet->number && row.ifindex == r->ifindex) {
		r->row = row;
		return 0;
	}
	return write_row(r);
}

static int take_in(struct resource *r, const struct link *l, struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	int err = validate_device(r, l, e);

	if (err)
		return err;
	err = owner_set(r->vnet->manager, l->ifindex, r->vnet, r);
	if (err)
		return error_set(e, ERROR_FAILED, ENOMEM, resource_label(r, label), NULL,
				 "%s: no memory", label);
	become_bound(r, l->ifindex);
	err = prepare(r, l, e);
	if (!err) {
		err = adopt_row(r);
		if (err)
			error_set(e, ERROR_FAILED, -err, resource_label(r, label), NULL,
				  "%s: writing it into the maps failed: %s", label, strerror(-err));
	}
	if (!err)
		err = attach(r, e);
	if (!err)
		return 0;
	remove_rows(r);
	give_back(r);
	become_waiting(r);
	return err;
}

/* --- its state --- */

static enum resource_state judge(const struct resource *r, const struct link *l, char *reason,
				 size_t size)
{
	if (!r->settings.admin_up) {
		util_copy(reason, size, "set down by the administrator");
		return RESOURCE_DOWN;
	}
	if (!(l->flags & IFF_UP)) {
		snprintf(reason, size, "device %s is down", l->name);
		return RESOURCE_DOWN;
	}
	if (!l->carrier) {
		snprintf(reason, size, "device %s has no carrier", l->name);
		return RESOURCE_DOWN;
	}
	if (l->mtu < r->vnet->settings.mtu) {
		snprintf(reason, size, "device %s has MTU %u, the vnet needs %u", l->name, l->mtu,
			 r->vnet->settings.mtu);
		return RESOURCE_FAILED;
	}
	reason[0] = '\0';
	return RESOURCE_UP;
}

static void set_state(struct resource *r, enum resource_state state, const char *reason)
{
	struct vnet *v = r->vnet;
	enum resource_state before = r->state;

	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	if (state == before)
		return;
	r->state = state;
	v->up_count += state == RESOURCE_UP;
	v->up_count -= before == RESOURCE_UP;
	r->active = state == RESOURCE_UP && r->settings.type == SETTINGS_GUEST;
	if (r->leaving)
		return;
	log_event(state == RESOURCE_FAILED ? LOG_WARNING : LOG_INFO, LOG_ID_RESOURCE_STATE, v->name,
		  r->name, "%s/%s: is %s, was %s%s%s", v->name, r->name, resource_state_name(state),
		  resource_state_name(before), reason[0] ? ": " : "", reason);
	manager_emit(v->manager, (struct manager_event) { .type = MANAGER_RESOURCE_STATE,
							  .vnet = v,
							  .resource = r });
}

static void update_state(struct resource *r, const struct error *failure)
{
	const struct link *l = find_device(r);
	enum resource_state state;
	char reason[sizeof(r->reason)];

	if (failure) {
		set_state(r, RESOURCE_FAILED, failure->message);
	} else if (!l) {
		snprintf(reason, sizeof(reason), "device %s does not exist", r->settings.device);
		set_state(r, RESOURCE_WAITING, reason);
	} else {
		state = judge(r, l, reason, sizeof(reason));
		set_state(r, state, reason);
	}
}

/* Idempotent, and finds out by itself when somebody has made the attachment vanish. */
static int keep(struct resource *r, const struct link *l, struct error *e)
{
	int err = prepare(r, l, e);

	return err ? err : attach(r, e);
}

int reconcile_resource(struct resource *r, struct error *e)
{
	const struct link *l = find_device(r);
	struct error own = { 0 };
	int err = 0, next;

	if (l)
		err = r->ifindex ? keep(r, l, &own) : take_in(r, l, &own);
	update_state(r, err ? &own : NULL);
	next = r->ifindex ? write_row(r) : 0;
	if (next && !err)
		err = error_set(&own, ERROR_FAILED, -next, r->name, NULL,
				"%s/%s: writing it into the maps failed: %s", r->vnet->name,
				r->name, strerror(-next));
	/* A guest without a device is registered all the same: it is reached over the service. */
	next = reconcile_fdb(r, err ? NULL : &own);
	err = err ?: next;
	next = reconcile_path(r->vnet);
	if (next && !err)
		err = error_set(&own, ERROR_FAILED, -next, r->vnet->name, NULL,
				"%s: writing its paths into the maps failed: %s", r->vnet->name,
				strerror(-next));
	if (err && e)
		*e = own;
	return err;
}

static void leave_paths(struct resource *r)
{
	r->leaving = true;
	if (r->ifindex)
		write_row(r);
	reconcile_fdb_remove(r);
	reconcile_path(r->vnet);
}

void reconcile_resource_remove(struct resource *r)
{
	leave_paths(r);
	if (r->ifindex) {
		detach(r);
		give_back(r);
		remove_rows(r);
		become_waiting(r);
	}
	set_state(r, RESOURCE_WAITING, "is being removed");
	reconcile_path(r->vnet);
}

void reconcile_resource_gone(struct resource *r)
{
	detach(r);
	r->saved = (struct desired_saved) { 0 };
	remove_rows(r);
	become_waiting(r);
	/* Another device may have the name already. */
	reconcile_resource(r, NULL);
}
