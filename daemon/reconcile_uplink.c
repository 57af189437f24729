/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An uplink: its device is prepared and attached, its row written, and its members follow. What is
 * each member's own is in reconcile_member.c.
 */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

/* After a restart the device may go by another name, which we were not there to hear. */
static const struct link *find_device(const struct uplink *u)
{
	const struct link_table *links = u->manager->links;

	if (u->ifindex)
		return link_find(links, u->ifindex);
	return link_find(links, u->saved.ifindex) ?: link_find_name(links, u->settings.device);
}

void reconcile_uplink_follow_name(struct uplink *u)
{
	const struct link *l = link_find(u->manager->links, u->ifindex);

	if (!l || util_same(u->settings.device, l->name))
		return;
	log_info("%s: device %s is called %s now", u->name, u->settings.device, l->name);
	util_copy(u->settings.device, sizeof(u->settings.device), l->name);
	u->manager->unsaved = true;
}

/* --- the row --- */

static uint16_t row_flags(const struct uplink *u)
{
	uint16_t flags = (u->xdp.takes ? ABI_UPLINK_XDP : 0) |
			 (reconcile_flows_any(u->flows) ? ABI_UPLINK_FLOWS : 0) |
			 (u->flow_targets[ABI_TARGET_VNET] ? ABI_UPLINK_TARGETS : 0) |
			 (u->flow_targets[ABI_TARGET_CPU] ? ABI_UPLINK_CPU : 0);

	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i] && u->slots[i]->vnet->settings.share && !u->slots[i]->leaving)
			flags |= ABI_UPLINK_STEER_IP;
	return flags;
}

int reconcile_uplink_row(struct uplink *u)
{
	const struct link *l = link_find(u->manager->links, u->ifindex);
	struct abi_uplink row = {
		.flags = row_flags(u),
		.ifindex = u->ifindex,
	};
	int err;

	if (!l)
		return 0;
	memcpy(row.mac, l->address, MAC_LEN);
	if (memcmp(&row, &u->row, sizeof(row)) == 0)
		return 0;
	err = manager_datapath(u->manager, uplink_write, u->number, &row);
	if (!err)
		u->row = row;
	return err;
}

/* --- the device --- */

/* It is shared with the host, so it keeps its MTU and its MAC. */
static int prepare(struct uplink *u, const struct link *l)
{
	struct kernel_link_change want = {
		.set = KERNEL_LINK_ALLMULTI | KERNEL_LINK_PROMISC,
		.allmulti = true,
	};

	for (uint32_t i = 0; i < u->slot_count; i++)
		want.promisc |= u->slots[i] && u->slots[i]->unfiltered;
	/* Brought up when it is taken in; what the administrator does afterwards is respected. */
	if (u->saved.ifindex != l->ifindex) {
		want.set |= KERNEL_LINK_UP;
		want.up = true;
	}
	/* What was promiscuous before stays so. */
	if (!want.promisc && !(u->saved.before.set & KERNEL_LINK_PROMISC))
		want.set &= ~(unsigned int)KERNEL_LINK_PROMISC;
	return reconcile_device_change(u->manager, &u->saved, l, l->address, want);
}

static const enum kernel_hook hooks[] = { KERNEL_HOOK_UPLINK, KERNEL_HOOK_UPLINK_TX };

static int attach(struct uplink *u)
{
	struct manager *m = u->manager;
	struct abi_port port = { .resource = u->number, .flags = ABI_PORT_UPLINK };
	/* The kernel takes this row away with the device, and never gives it back. */
	int err = manager_datapath(m, device_write, u->ifindex, true);

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(hooks) && !err; i++)
		err = manager_datapath(m, attach, hooks[i], u->ifindex, &u->attached);
	return err ?: manager_datapath(m, port_write, u->ifindex, &port);
}

static void let_go(struct uplink *u)
{
	struct manager *m = u->manager;

	reconcile_xdp_uplink_release(u);
	manager_removed(m, manager_datapath(m, port_write, u->ifindex, NULL));
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(hooks); i++)
		manager_removed(m, manager_datapath(m, detach, hooks[i], u->ifindex));
	u->queue = (struct queue_use) { 0 };
	reconcile_device_return(m, &u->saved, u->ifindex, u->name);
	reconcile_addresses_remove(u);
	manager_removed(m, manager_datapath(m, uplink_write, u->number, NULL));
	u->row = (struct abi_uplink) { 0 };
	manager_removed(m, manager_datapath(m, device_write, u->ifindex, false));
	owner_clear(m, u->ifindex);
	u->ifindex = 0;
	u->attached = KERNEL_ATTACH_NONE;
}

static int take_in(struct uplink *u, const struct link *l, struct error *e)
{
	int err = validate_uplink_device(u, l, e);

	if (err)
		return err;
	if (owner_set_uplink(u->manager, l->ifindex, u))
		return error_set(e, ERROR_FAILED, ENOMEM, u->name, NULL, "%s: no memory", u->name);
	u->ifindex = l->ifindex;
	reconcile_uplink_follow_name(u);
	return 0;
}

static int set_up(struct uplink *u, const struct link *l, struct error *e)
{
	int err = prepare(u, l);

	if (err)
		return error_set(e, ERROR_FAILED, -err, u->name, "device",
				 "%s: device %s cannot be set up for its vnets: %s", u->name,
				 u->settings.device, strerror(-err));
	reconcile_queue_uplink(u);
	err = reconcile_uplink_row(u) ?: attach(u);
	if (err)
		return error_set(e, ERROR_FAILED, -err, u->name, "device",
				 "%s: attaching the data path to device %s failed: %s", u->name,
				 u->settings.device, reconcile_attach_error(err));
	reconcile_xdp_uplink(u);
	return 0;
}

/* --- its state --- */

static enum resource_state judge(const struct uplink *u, char *reason, size_t size)
{
	const struct link *l = link_find(u->manager->links, u->ifindex);

	reason[0] = '\0';
	if (!l) {
		snprintf(reason, size, "device %s does not exist", u->settings.device);
		return RESOURCE_WAITING;
	}
	if (!(l->flags & IFF_UP))
		snprintf(reason, size, "device %s is down", l->name);
	else if (!l->carrier)
		snprintf(reason, size, "device %s has no carrier", l->name);
	return reason[0] ? RESOURCE_DOWN : RESOURCE_UP;
}

static void update_state(struct uplink *u, const struct error *failure)
{
	enum resource_state before = u->state;

	u->broken = failure;
	u->state = failure ? RESOURCE_FAILED : judge(u, u->reason, sizeof(u->reason));
	if (failure)
		util_copy(u->reason, sizeof(u->reason), "");
	if (failure)
		snprintf(u->reason, sizeof(u->reason), "%.255s", failure->message);
	if (u->state == before || u->leaving)
		return;
	log_info("%s: is %s, was %s%s%s", u->name, resource_state_name(u->state),
		 resource_state_name(before), u->reason[0] ? ": " : "", u->reason);
	manager_emit(u->manager,
		     (struct manager_event) { .type = MANAGER_UPLINK_STATE, .uplink = u });
}

/* --- together --- */

static int members(struct uplink *u, struct error *e)
{
	int first = 0;

	for (uint32_t i = 0; i < u->slot_count; i++) {
		int err = u->slots[i] ? reconcile_resource(u->slots[i], first ? NULL : e) : 0;

		first = first ?: err;
	}
	return first;
}

int reconcile_uplink_device(struct uplink *u, struct error *e)
{
	const struct link *l = find_device(u);
	bool fresh = !u->ifindex;
	struct error own = { 0 };
	int err = 0;

	if (l && fresh)
		err = take_in(u, l, &own);
	if (l && !err)
		err = set_up(u, l, &own);
	if (err && fresh && u->ifindex)
		let_go(u);
	update_state(u, err ? &own : NULL);
	if (err && e)
		*e = own;
	return err;
}

int reconcile_uplink(struct uplink *u, struct error *e)
{
	int err = reconcile_uplink_device(u, e), next = members(u, err ? NULL : e);

	next = next ?: reconcile_addresses(u);
	return err ?: next;
}

/* Each member's frames leave it before its device is let go of. */
void reconcile_uplink_gone(struct uplink *u)
{
	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i])
			reconcile_member_gone(u->slots[i]);
	let_go(u);
	/* Another device may have the name already. */
	reconcile_uplink(u, NULL);
}

void reconcile_uplink_remove(struct uplink *u)
{
	if (u->ifindex)
		let_go(u);
}
