/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One resource: its device is prepared and attached, its state follows, its rows are written. */
#include <errno.h>

#include "kinds.h"
#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

#define OUT_REASON "taken out for a migration"

/* After a restart the device may go by another name, which we were not there to hear. */
static const struct link *find_device(const struct resource *r)
{
	const struct link_table *links = r->vnet->manager->links;

	if (r->ifindex)
		return link_find(links, r->ifindex);
	if (resource_is_tap(r))
		return link_find(links, r->tap_ifindex);
	if (resource_is_vf(r))
		return link_find_name(links, r->vf.place.netdev);
	return link_find(links, r->saved.ifindex) ?: link_find_name(links, r->settings.device);
}

/* --- the rows --- */

/* Before the row that refers to it, so that no frame meets a set that is not there. */
static int write_vlans(struct resource *r)
{
	struct abi_vlans_key key = { .vnet = r->vnet->number, .resource = r->number };

	if (!r->settings.has_vlans)
		return 0;
	r->vlans_written = true;
	return reconcile_vlans(r->vnet->manager, &key, &r->settings.vlans);
}

/* After the row that referred to it. */
static int remove_vlans(struct resource *r)
{
	struct abi_vlans_key key = { .vnet = r->vnet->number, .resource = r->number };
	int err;

	if (!r->vlans_written)
		return 0;
	err = manager_datapath(r->vnet->manager, vlans_write, &key, NULL);
	r->vlans_written = err;
	return err;
}

static int write_storm(struct resource *r)
{
	struct abi_storm_key key = { .vnet = r->vnet->number, .resource = r->number };

	return reconcile_storm(r->vnet->manager, &key, r->settings.storm_limit, &r->storm_written);
}

static int remove_storm(struct resource *r)
{
	struct abi_storm_key key = { .vnet = r->vnet->number, .resource = r->number };

	return reconcile_storm_remove(r->vnet->manager, &key, &r->storm_written);
}

static int remove_unused(struct resource *r)
{
	int err = r->settings.has_vlans ? 0 : remove_vlans(r);

	return err || r->settings.storm_limit ? err : remove_storm(r);
}

static uint8_t row_up(const struct resource *r)
{
	if (r->leaving || !reconcile_peer_ready(r))
		return ABI_DOWN;
	if (r->hold.listed)
		return ABI_UP_LAST;
	return r->state == RESOURCE_UP ? ABI_UP : ABI_DOWN;
}

static uint16_t row_flags(const struct resource *r)
{
	uint16_t flags = (reconcile_limit_is_set(&r->settings.limits) ? ABI_RESOURCE_LIMIT : 0) |
			 (r->settings.has_vlans ? ABI_RESOURCE_VLANS : 0) |
			 (r->settings.storm_limit ? ABI_RESOURCE_STORM : 0) |
			 (reconcile_queue_is_on(r) ? ABI_RESOURCE_FQ : 0);

	if (resource_is_member(r))
		return flags | (r->vnet->settings.share ? ABI_RESOURCE_SHARED : 0) |
		       (r->uplink->xdp.takes ? ABI_RESOURCE_XDP : 0);
	return flags | (reconcile_xdp_may_skip(r) ? ABI_RESOURCE_PEER : 0) |
	       (r->xdp.takes ? ABI_RESOURCE_XDP : 0);
}

/* @ret: what it is to be now. */
static void fill_row(const struct resource *r, struct abi_resource *ret)
{
	const uint8_t *peer = reconcile_peer_address(r->vnet->manager, &r->settings);
	const struct resource *twin = reconcile_peer_twin(r);

	*ret = (struct abi_resource) {
		.ifindex = r->ifindex,
		.pvid = resource_pvid(r),
		.type = kind_of(r)->abi,
		.up = row_up(r),
		.flags = row_flags(r),
		.vnet = r->vnet->number,
		.fallback = r->row.fallback,
		.twin = twin ? twin->number : 0,
		.uplink = r->uplink ? r->uplink->number : 0,
	};
	if (peer)
		memcpy(ret->peer, peer, MAC_LEN);
}

int reconcile_resource_row(struct resource *r)
{
	int err = write_vlans(r) ?: write_storm(r);
	struct abi_resource row;

	if (!err)
		err = reconcile_limit(r->vnet->manager, ABI_LIMIT_RESOURCE, r->number,
				      &r->settings.limits, &r->limited);
	if (err)
		return err;
	reconcile_queue(r);
	fill_row(r, &row);
	if (memcmp(&row, &r->row, sizeof(row)) != 0) {
		err = manager_datapath(r->vnet->manager, resource_write, r->number, &row);
		if (err)
			return err;
		r->row = row;
	}
	reconcile_queue_end(r);
	return remove_unused(r)
		       ?: reconcile_limit_end(r->vnet->manager, ABI_LIMIT_RESOURCE, r->number,
					      &r->settings.limits, &r->limited);
}

void reconcile_resource_remove_rows(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	manager_removed(m, manager_datapath(m, resource_write, r->number, NULL));
	r->row = (struct abi_resource) { 0 };
	reconcile_queue_leave(r);
	manager_removed(m, remove_vlans(r));
	manager_removed(m, remove_storm(r));
	manager_removed(m,
			reconcile_limit_end(m, ABI_LIMIT_RESOURCE, r->number, NULL, &r->limited));
	r->vlans_written = false;
	r->storm_written = 0;
}

/* --- binding --- */

/* What is kept across restarts has to have the name that the device goes by now. */
void reconcile_resource_follow_name(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	const struct link *l = link_find(m->links, r->ifindex);

	if (!l || resource_is_vf(r) || util_same(r->settings.device, l->name))
		return;
	log_info("%s/%s: device %s is called %s now", r->vnet->name, r->name, r->settings.device,
		 l->name);
	util_copy(r->settings.device, sizeof(r->settings.device), l->name);
	m->unsaved = true;
}

static void become_bound(struct resource *r, uint32_t ifindex)
{
	object_resource_wait_end(r);
	r->ifindex = ifindex;
	reconcile_resource_follow_name(r);
}

static void become_waiting(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	owner_clear(m, r->ifindex);
	r->ifindex = 0;
	r->attached = KERNEL_ATTACH_NONE;
	object_resource_wait(r);
}

/* What is lost now is in use no more, and what a filter says waits for the kernel, which is busy
 * with that device. */
static bool may_wait(const struct resource *r)
{
	const struct link *l = link_find(r->vnet->manager->links, r->ifindex);

	return r->attached == KERNEL_ATTACH_CLSACT && l && !link_is_up(l) && !r->vnet->settling;
}

/* Finds out by itself when somebody has made the attachment vanish. */
static int attach(struct resource *r, struct error *e)
{
	struct manager *m = r->vnet->manager;
	struct abi_port port = {
		.vnet = r->vnet->number,
		.resource = r->number,
		.flags = reconcile_xdp_veth(r->vnet, r->ifindex) ? ABI_PORT_VETH : 0,
	};
	char label[RESOURCE_LABEL_SIZE];
	int err;

	/* The kernel takes this row away with the device, and never gives it back. */
	err = manager_datapath(m, device_write, r->ifindex, true);
	if (!err)
		err = manager_datapath(m, port_write, r->ifindex, &port);
	if (!err && !may_wait(r))
		err = manager_datapath(m, attach, KERNEL_HOOK_RX, r->ifindex, &r->attached);
	if (!err) {
		reconcile_xdp_resource(r);
		return 0;
	}
	return error_set(e, ERROR_FAILED, -err, resource_label(r, label), "device",
			 "%s: attaching the data path to device %s failed: %s", label,
			 resource_device(r), reconcile_attach_error(err));
}

static void detach(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	if (m->many || m->keep_later)
		manager_removed(m, manager_datapath(m, detach_later, KERNEL_HOOK_RX, r->ifindex));
	else
		manager_removed(m, manager_datapath(m, detach, KERNEL_HOOK_RX, r->ifindex));
	manager_removed(m, manager_datapath(m, port_write, r->ifindex, NULL));
}

static void let_go(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	reconcile_health_end(r);
	reconcile_xdp_resource_release(r);
	detach(r);
	reconcile_device_give_back(r);
	reconcile_resource_remove_rows(r);
	manager_removed(m, manager_datapath(m, device_write, r->ifindex, false));
	become_waiting(r);
}

/*
 * After a restart the row is there already and frames are passing by it: it is taken as it is, so
 * that it changes only where something has changed.
 */
bool reconcile_resource_adopt(struct resource *r)
{
	struct abi_resource row;

	if (manager_datapath(r->vnet->manager, resource_read, r->number, &row) ||
	    row.vnet != r->vnet->number || row.ifindex != r->ifindex)
		return false;
	r->row = row;
	r->was_up = row.up == ABI_UP;
	r->vlans_written = row.flags & ABI_RESOURCE_VLANS;
	reconcile_probe_adopt(r);
	return true;
}

/* A device that is not what it was before a restart. */
static void disown(struct resource *r, const struct link *l)
{
	struct manager *m = r->vnet->manager;
	const struct manager_owner *o = owner_find(m, l->ifindex);

	if (o && o->resource == r)
		owner_clear(m, l->ifindex);
}

static int take_in(struct resource *r, const struct link *l, struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	int err = validate_device(r, l, e);

	if (err) {
		disown(r, l);
		return err;
	}
	err = owner_set(r->vnet->manager, l->ifindex, r->vnet, r);
	if (err)
		return error_set(e, ERROR_FAILED, ENOMEM, resource_label(r, label), NULL,
				 "%s: no memory", label);
	become_bound(r, l->ifindex);
	err = reconcile_device(r, l, e);
	if (!err) {
		err = reconcile_resource_adopt(r) ? 0 : reconcile_resource_row(r);
		if (err)
			error_set(e, ERROR_FAILED, -err, resource_label(r, label), NULL,
				  "%s: writing it into the maps failed: %s", label, strerror(-err));
	}
	if (!err)
		err = attach(r, e);
	if (!err)
		return 0;
	let_go(r);
	return err;
}

/* --- its state --- */

void reconcile_resource_report(struct resource *r, enum desired_report report, const char *reason)
{
	r->provider.report = report;
	util_copy(r->provider.reason, sizeof(r->provider.reason), reason);
	r->vnet->manager->unsaved = true;
}

/* False: it has nothing to say against the device. */
static bool judge_report(const struct resource *r, enum resource_state *ret, char *reason,
			 size_t size)
{
	if (r->provider.report == DESIRED_REPORT_UP)
		return false;
	*ret = r->provider.report == DESIRED_REPORT_DOWN ? RESOURCE_DOWN : RESOURCE_FAILED;
	snprintf(reason, size, "its provider reported: %s", r->provider.reason);
	return true;
}

static enum resource_state judge_well(struct resource *r, const struct link *l, char *reason,
				      size_t size)
{
	enum resource_state reported;

	if (resource_is_out(r)) {
		util_copy(reason, size, OUT_REASON);
		return RESOURCE_DOWN;
	}
	if (!r->settings.admin_up) {
		util_copy(reason, size, "set down by the administrator");
		return RESOURCE_DOWN;
	}
	if (judge_report(r, &reported, reason, size))
		return reported;
	if (reconcile_health(r, l, reason, size))
		return RESOURCE_FAILED;
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

static enum resource_state judge(struct resource *r, const struct link *l, char *reason,
				 size_t size)
{
	return reconcile_hold(r, l, judge_well(r, l, reason, size), reason, size);
}

void reconcile_resource_state(struct resource *r, enum resource_state state, const char *reason)
{
	struct vnet *v = r->vnet;
	enum resource_state before = r->state;

	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	if (state == RESOURCE_UP)
		reconcile_hold_returned(r);
	else if (state != RESOURCE_DOWN)
		reconcile_hold_pause(r);
	if (state == before)
		return;
	if (before == RESOURCE_UP)
		reconcile_hold_lost(r);
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

static void no_device(const struct resource *r, char *reason, size_t size)
{
	if (resource_is_vf(r))
		reconcile_vf_reason(r, reason, size);
	else
		snprintf(reason, size, "device %s does not exist", r->settings.device);
}

static void update_state(struct resource *r, const struct error *failure)
{
	const struct link *l = find_device(r);
	enum resource_state state;
	char reason[sizeof(r->reason)];

	r->broken = failure;
	if (failure) {
		reconcile_resource_state(r, RESOURCE_FAILED, failure->message);
	} else if (!l && resource_is_out(r)) {
		reconcile_resource_state(r, RESOURCE_DOWN, OUT_REASON);
	} else if (!l) {
		no_device(r, reason, sizeof(reason));
		reconcile_resource_state(r, RESOURCE_WAITING, reason);
	} else {
		state = judge(r, l, reason, sizeof(reason));
		reconcile_resource_state(r, state, reason);
	}
}

static bool is_lost(struct resource *r, const struct link *l)
{
	char reason[sizeof(r->reason)];

	return judge(r, l, reason, sizeof(reason)) == RESOURCE_DOWN ||
	       r->provider.report == DESIRED_REPORT_FAILED || resource_is_unwell(r);
}

/* True: no path leads over it any more. */
static bool withdraw(struct resource *r, uint8_t up)
{
	struct abi_resource row = r->row;

	row.up = up;
	if (r->row.up <= ABI_DOWN || r->row.up == up)
		return false;
	if (manager_datapath(r->vnet->manager, resource_write, r->number, &row) == 0)
		r->row = row;
	reconcile_hold_release(r->vnet);
	return true;
}

void reconcile_resource_withdraw(struct resource *r)
{
	const struct link *l = link_find(r->vnet->manager->links, r->ifindex);

	if (!r->ifindex)
		return;
	if (!l) {
		withdraw(r, ABI_DOWN);
		return;
	}
	if (!is_lost(r, l) || !withdraw(r, r->hold.listed ? ABI_UP_LAST : ABI_DOWN))
		return;
	/* Not only in the end: the network outside has to learn of it as well. */
	update_state(r, NULL);
	manager_removed(r->vnet->manager, reconcile_path(r->vnet, NULL));
}

static int keep(struct resource *r, const struct link *l, struct error *e)
{
	int err;

	reconcile_resource_withdraw(r);
	err = reconcile_device(r, l, e);
	/* Taken in for a smaller MTU, which was then refused. */
	if (err && l->max_mtu && l->max_mtu < r->vnet->settings.mtu) {
		err = validate_device(r, l, e);
		let_go(r);
		return err;
	}
	return err ? err : attach(r, e);
}

/* The kernel has deleted the device, and the news of that is on its way. */
static bool has_vanished(const struct resource *r, int err)
{
	struct link l;

	return err == -ENODEV &&
	       manager_rtnl(r->vnet->manager, link_get, resource_device(r), &l) == -ENODEV;
}

static void note_vanished(struct resource *r)
{
	char reason[sizeof(r->reason)];

	snprintf(reason, sizeof(reason), "device %s is being deleted", resource_device(r));
	reconcile_resource_state(r, r->ifindex ? RESOURCE_DOWN : RESOURCE_WAITING, reason);
}

/* Whoever migrates it may do with its device what has to be done. */
static int stay_out(struct resource *r, struct error *e)
{
	r->broken = false;
	reconcile_resource_state(r, RESOURCE_DOWN, OUT_REASON);
	reconcile_vf_give_back(r);
	if (r->ifindex)
		let_go(r);
	return reconcile_path(r->vnet, e);
}

int reconcile_resource(struct resource *r, struct error *e)
{
	const struct link *l;
	char label[RESOURCE_LABEL_SIZE];
	struct error own = { 0 };
	int err, next;

	if (resource_is_peer(r))
		return reconcile_peer(r, e);
	if (resource_is_member(r))
		return reconcile_member(r, e);
	if (resource_is_released(r))
		return stay_out(r, e);
	err = reconcile_vf(r, &own);
	l = find_device(r);
	if (!r->ifindex)
		object_resource_wait(r); /* as a rule it is listed already */
	if (l && !err)
		err = r->ifindex ? keep(r, l, &own) : take_in(r, l, &own);
	if (has_vanished(r, err)) {
		err = 0;
		note_vanished(r);
	} else {
		update_state(r, err ? &own : NULL);
	}
	reconcile_vf_bridge(r, l);
	next = r->ifindex ? reconcile_resource_row(r) : 0;
	if (next && !err)
		err = error_set(&own, ERROR_FAILED, -next, resource_label(r, label), NULL,
				"%s: writing it into the maps failed: %s", label, strerror(-next));
	/* A guest without a device is registered all the same: it is reached over the service. */
	next = reconcile_fdb(r, err ? NULL : &own);
	err = err ?: next;
	next = reconcile_path(r->vnet, err ? NULL : &own);
	err = err ?: next;
	if (err && e)
		*e = own;
	return err;
}

void reconcile_resource_leave_paths(struct resource *r)
{
	r->leaving = true;
	reconcile_hold_release(r->vnet);
	if (r->ifindex || resource_is_peer(r))
		manager_removed(r->vnet->manager, reconcile_resource_row(r));
	manager_removed(r->vnet->manager, reconcile_path(r->vnet, NULL));
}

void reconcile_resource_remove(struct resource *r)
{
	vnet_delist(r);
	reconcile_peer_part(r);
	reconcile_resource_leave_paths(r);
	reconcile_fdb_remove(r);
	/* A VF takes back its MAC only when its PF lets it. */
	reconcile_vf_give_back(r);
	if (resource_is_member(r))
		reconcile_member_remove(r);
	else if (r->ifindex)
		let_go(r);
	else if (resource_is_peer(r))
		reconcile_resource_remove_rows(r);
	reconcile_device_delete(r);
	reconcile_resource_state(r, RESOURCE_WAITING, "is being removed");
	manager_removed(r->vnet->manager, reconcile_path(r->vnet, NULL));
}

void reconcile_resource_gone(struct resource *r)
{
	char reason[sizeof(r->reason)];

	/* What the provider said of the old one says nothing about the next. */
	if (r->provider.report == DESIRED_REPORT_DOWN)
		reconcile_resource_report(r, DESIRED_REPORT_UP, "");
	snprintf(reason, sizeof(reason), "device %s does not exist", resource_device(r));
	reconcile_resource_state(r, RESOURCE_WAITING, reason);
	reconcile_resource_leave_paths(r);
	let_go(r);
	r->leaving = false;
	/* Another device may have the name already. */
	reconcile_resource(r, NULL);
}
