/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A resource that is on an uplink: a member. Its device is the uplink's, so what a member has of
 * its own is a place among those that get broadcasts, its MAC in the uplink's part of the FDB, and
 * where it shares the MAC, its addresses.
 */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

/* --- its state --- */

static bool judge_address(const struct resource *r, const struct link *l, char *reason, size_t size)
{
	const struct vnet_settings *s = &r->vnet->settings;
	bool own = mac_same(l->address, s->address);
	char mac[MAC_TEXT_SIZE];

	if (own == s->share)
		return true;
	snprintf(reason, size,
		 own ? "address %s is device %s's own, and share is off"
		     : "address %s is not device %s's, and share is on",
		 mac_format(s->address, mac), l->name);
	return false;
}

static enum resource_state judge(const struct resource *r, char *reason, size_t size)
{
	const struct uplink *u = r->uplink;
	const struct link *l = link_find(r->vnet->manager->links, u->ifindex);

	reason[0] = '\0';
	if (!l) {
		snprintf(reason, size, "device %s of uplink %s does not exist", u->settings.device,
			 u->name);
		return RESOURCE_WAITING;
	}
	if (u->broken) {
		snprintf(reason, size, "%s", u->reason);
		return RESOURCE_FAILED;
	}
	if (!r->settings.admin_up) {
		snprintf(reason, size, "set down by the administrator");
		return RESOURCE_DOWN;
	}
	if (u->state == RESOURCE_DOWN) {
		snprintf(reason, size, "%s", u->reason);
		return RESOURCE_DOWN;
	}
	if (l->mtu < r->vnet->settings.mtu) {
		snprintf(reason, size, "device %s has MTU %u, the vnet needs %u", l->name, l->mtu,
			 r->vnet->settings.mtu);
		return RESOURCE_FAILED;
	}
	return judge_address(r, l, reason, size) ? RESOURCE_UP : RESOURCE_FAILED;
}

/* --- its place --- */

static int write_learner(struct resource *r, bool wanted)
{
	int err;

	if (r->learns == wanted)
		return 0;
	err = manager_datapath(r->vnet->manager, learner_write, r->number, wanted);
	if (!err)
		r->learns = wanted;
	return err;
}

static int enrol(struct resource *r)
{
	const struct vnet_settings *s = &r->vnet->settings;
	int err;

	/* What tells that its address is looked at is there before it is. */
	err = reconcile_uplink_row(r->uplink);
	if (!err && !r->enrolled)
		err = manager_datapath(r->vnet->manager, member_write, r->uplink->number, r->number,
				       true);
	if (err)
		return err;
	r->enrolled = true;
	return write_learner(r, s->share && s->learn);
}

/* --- its MAC in the filter of the device, where those in other VLANs may have the same --- */

static const uint8_t *wanted_filter(const struct resource *r)
{
	return r->vnet->settings.share || r->leaving ? NULL : r->vnet->settings.address;
}

/* Another one that needs @mac; @has: and has put it there. NULL: none. */
static struct resource *find_same(const struct resource *r, const uint8_t *mac, bool has)
{
	const struct uplink *u = r->uplink;

	for (uint32_t i = 0; i < u->slot_count; i++) {
		struct resource *other = u->slots[i];
		const uint8_t *wanted = other && other != r ? wanted_filter(other) : NULL;

		if (wanted && other->enrolled && mac_same(wanted, mac) &&
		    (!has || other->saved.filtered))
			return other;
	}
	return NULL;
}

/* It is no more ours, and another one's to take away. */
static void hand_over(struct resource *r)
{
	struct resource *other = r->saved.filtered ? find_same(r, r->saved.filter, false) : NULL;

	if (!other)
		return;
	other->saved.filtered = true;
	memcpy(other->saved.filter, r->saved.filter, MAC_LEN);
	r->saved.filtered = false;
}

/* A device that cannot filter one more address has to take all frames. */
static int set_filter(struct resource *r)
{
	const uint8_t *wanted = wanted_filter(r);
	bool before = r->unfiltered, other;

	if (r->saved.ifindex != r->ifindex)
		r->saved = (struct desired_saved) { .ifindex = r->ifindex };
	if (!wanted || !mac_same(wanted, r->saved.filter))
		hand_over(r);
	other = wanted && !r->saved.filtered && find_same(r, wanted, true);
	reconcile_device_filter(r, other ? NULL : wanted);
	r->unfiltered = wanted && !other && !r->saved.filtered;
	return r->unfiltered == before ? 0 : reconcile_uplink_device(r->uplink, NULL);
}

static void leave(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	if (r->enrolled)
		manager_removed(
			m, manager_datapath(m, member_write, r->uplink->number, r->number, false));
	r->enrolled = false;
	manager_removed(m, reconcile_uplink_row(r->uplink));
	manager_removed(m, write_learner(r, false));
	hand_over(r);
	reconcile_device_filter(r, NULL);
	r->saved = (struct desired_saved) { 0 };
	r->attached = KERNEL_ATTACH_NONE;
	reconcile_xdp_member_release(r);
	if (UTIL_TAKE(r->unfiltered, false))
		manager_removed(m, reconcile_uplink_device(r->uplink, NULL));
}

static int set_up(struct resource *r, struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	int err = reconcile_resource_row(r);

	if (!err)
		err = set_filter(r);
	if (!err)
		err = enrol(r);
	if (err)
		return error_set(e, ERROR_FAILED, -err, resource_label(r, label), NULL,
				 "%s: writing it into the maps failed: %s", label, strerror(-err));
	r->attached = r->uplink->attached;
	reconcile_xdp_member(r);
	return reconcile_fdb(r, e);
}

/* --- together --- */

static void update_state(struct resource *r, const struct error *failure)
{
	char reason[sizeof(r->reason)];
	enum resource_state state = judge(r, reason, sizeof(reason));

	r->broken = failure;
	if (failure)
		reconcile_resource_state(r, RESOURCE_FAILED, failure->message);
	else
		reconcile_resource_state(r, state, reason);
}

static void become_bound(struct resource *r)
{
	r->ifindex = r->uplink->ifindex;
	if (r->ifindex && !r->row.vnet)
		reconcile_resource_adopt(r);
}

int reconcile_member(struct resource *r, struct error *e)
{
	bool fresh = r->ifindex != r->uplink->ifindex;
	struct error own = { 0 };
	int err = 0, next;

	if (fresh)
		become_bound(r);
	update_state(r, NULL);
	if (r->ifindex)
		err = set_up(r, &own);
	if (err)
		update_state(r, &own);
	next = err && r->ifindex ? reconcile_resource_row(r) : 0;
	if (!err && !next)
		next = reconcile_addresses(r->uplink);
	if (next && !err)
		err = error_set(&own, ERROR_FAILED, -next, r->vnet->name, NULL,
				"%s: writing its addresses into the maps failed: %s", r->vnet->name,
				strerror(-next));
	next = reconcile_targets(r->uplink, r->vnet, err ? NULL : &own);
	err = err ?: next;
	next = reconcile_path(r->vnet, err ? NULL : &own);
	err = err ?: next;
	reconcile_cpu_resource(r);
	if (fresh)
		reconcile_steer_device(r->vnet, NULL);
	if (err && e)
		*e = own;
	return err;
}

void reconcile_member_remove(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	manager_removed(m, reconcile_targets(r->uplink, r->vnet, NULL));
	if (!r->ifindex)
		return;
	reconcile_cpu_resource(r);
	manager_removed(m, reconcile_addresses(r->uplink));
	leave(r);
	reconcile_resource_remove_rows(r);
	r->ifindex = 0;
}

void reconcile_member_gone(struct resource *r)
{
	char reason[sizeof(r->reason)];

	snprintf(reason, sizeof(reason), "device %s of uplink %s does not exist",
		 r->uplink->settings.device, r->uplink->name);
	reconcile_resource_state(r, RESOURCE_WAITING, reason);
	reconcile_resource_leave_paths(r);
	reconcile_fdb_remove(r);
	reconcile_member_remove(r);
	r->leaving = false;
	manager_removed(r->vnet->manager, reconcile_path(r->vnet, NULL));
}
