/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which resource carries what: the chain of hybrids, the vnet's row, the carrier of its upper. */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

static bool is_carrying(const struct resource *r)
{
	return r && r->state == RESOURCE_UP && !r->leaving;
}

static struct resource *active_service(const struct vnet *v)
{
	return is_carrying(v->service) ? v->service : NULL;
}

struct resource *reconcile_path_hybrid(const struct vnet *v)
{
	if (v->settings.hybrid_needs_service && !active_service(v))
		return NULL;
	for (size_t i = 0; i < v->hybrid_count; i++)
		if (is_carrying(v->hybrids[i]))
			return v->hybrids[i];
	return NULL;
}

static int write_fallback(struct resource *r, uint32_t fallback)
{
	struct abi_resource row = r->row;
	int err;

	if (r->row.fallback == fallback || !r->row.type)
		return 0;
	row.fallback = fallback;
	err = manager_datapath(r->vnet->manager, resource_write, r->number, &row);
	if (!err)
		r->row = row;
	return err;
}

/* The hybrids that a path may lead over, best first. Returns how many. */
static size_t hybrid_chain(const struct vnet *v, struct resource *chain[ABI_HYBRIDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < v->hybrid_count; i++)
		if (!v->hybrids[i]->leaving && v->hybrids[i]->ifindex)
			chain[n++] = v->hybrids[i];
	return n;
}

static void fill_row(const struct vnet *v, const struct resource *best, struct abi_vnet *row)
{
	uint32_t flags = 0;

	flags |= v->settings.guard ? ABI_VNET_GUARD : 0;
	flags |= v->promiscuous ? ABI_VNET_PROMISC : 0;
	flags |= vnet_owns_upper(v) && v->port_ifindex && !v->upper_ifindex ? ABI_VNET_PEER : 0;
	flags |= v->settings.hybrid_needs_service ? ABI_VNET_HYBRID_NEEDS_SERVICE : 0;
	flags |= v->xdp.takes ? ABI_VNET_XDP : 0;
	flags |= reconcile_protect_flags(v);
	flags |= reconcile_flows_any(v->flows) ? ABI_VNET_FLOWS : 0;
	flags |= v->flow_targets[ABI_TARGET_CPU] ? ABI_VNET_CPU : 0;
	flags |= reconcile_limit_is_set(&v->settings.limits) ? ABI_VNET_LIMIT : 0;
	flags |= v->queue.on ? ABI_VNET_FQ : 0;
	*row = (struct abi_vnet) {
		.pvid = v->settings.pvid,
		.port = v->port_ifindex,
		.flags = flags,
		.service = v->service && v->service->ifindex && !v->service->leaving
				   ? v->service->number
				   : 0,
		.hybrid = best ? best->number : 0,
	};
	memcpy(row->mac, v->settings.address, MAC_LEN);
}

int reconcile_vlans(struct manager *m, const struct abi_vlans_key *key, const struct vlan_set *set)
{
	struct abi_vlans row = { 0 }, now;

	for (uint16_t id = vlan_next(set, 0); id; id = vlan_next(set, id))
		row.bits[id / 64] |= 1ULL << (id % 64);
	if (manager_datapath(m, vlans_read, key, &now) == 0 && memcmp(&row, &now, sizeof(row)) == 0)
		return 0;
	return manager_datapath(m, vlans_write, key, &row);
}

static int write_vlans(struct vnet *v)
{
	struct abi_vlans_key key = { .vnet = v->number };
	int err;

	if (v->settings.vlans.count) {
		v->vlans_written = true;
		return reconcile_vlans(v->manager, &key, &v->settings.vlans);
	}
	if (!v->vlans_written)
		return 0;
	err = manager_datapath(v->manager, vlans_write, &key, NULL);
	v->vlans_written = err;
	return err;
}

static int write_row(struct vnet *v, const struct resource *best)
{
	struct abi_vnet row;
	int err;

	fill_row(v, best, &row);
	if (memcmp(&row, &v->row, sizeof(row)) == 0)
		return 0;
	err = manager_datapath(v->manager, vnet_write, v->number, &row);
	if (!err)
		v->row = row;
	return err;
}

static struct resource *first_up(struct resource *const chain[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_carrying(chain[i]))
			return chain[i];
	return NULL;
}

static bool is_in_order(struct resource *const chain[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (chain[i]->row.fallback != (i + 1 < n ? chain[i + 1]->number : 0))
			return false;
	return true;
}

/*
 * No order of writes keeps every hybrid reachable while a chain is turned over. So the one that is
 * to carry becomes the head first: the program's walk ends there at once, and behind it the links
 * can change one by one. What is left of an older chain makes a loop at most, and the walk is
 * bounded.
 */
static int write_rows(struct vnet *v)
{
	struct resource *chain[ABI_HYBRIDS_MAX];
	size_t n = hybrid_chain(v, chain);
	struct resource *up = first_up(chain, n);
	int err = 0;

	if (up && !is_in_order(chain, n))
		err = write_row(v, up);
	for (size_t i = 0; i < n && !err; i++)
		err = write_fallback(chain[i], i + 1 < n ? chain[i + 1]->number : 0);
	return err ? err : write_row(v, n ? chain[0] : NULL);
}

static int write_port(struct vnet *v)
{
	struct manager *m = v->manager;
	struct kernel_link_change change = { .set = KERNEL_LINK_UP, .up = v->up_count > 0 };
	const struct link *l = link_find(m->links, v->port_ifindex);
	struct link now;
	int err;

	if (!l || !!(l->flags & IFF_UP) == change.up)
		return 0;
	now = *l;
	err = manager_rtnl(m, link_set, v->port_ifindex, &change);
	if (err)
		return err;
	now.flags = change.up ? now.flags | IFF_UP : now.flags & ~(unsigned int)IFF_UP;
	return link_put(m->links, &now);
}

static int write_dormant(struct vnet *v)
{
	struct kernel_link_change change = {
		.set = KERNEL_LINK_DORMANT,
		.dormant = !v->carrier && v->up_count > 0,
	};
	int err;

	if (!v->upper_ifindex || change.dormant == v->dormant)
		return 0;
	err = manager_rtnl(v->manager, link_set, v->upper_ifindex, &change);
	if (!err)
		v->dormant = change.dormant;
	return err;
}

/*
 * The link state of the vnet is its service's; without one, any resource's. While something else
 * still carries, the upper turns dormant: the stack sees NO-CARRIER, and frames pass all the same.
 * Only when nothing carries does the port go down.
 */
static int write_carrier(struct vnet *v)
{
	int err;

	v->carrier = v->port_ifindex && (v->service ? is_carrying(v->service) : v->up_count > 0);
	if (!vnet_owns_upper(v))
		return 0;
	err = write_port(v) ?: write_dormant(v);
	return err == -ENODEV ? 0 : err; /* it has been deleted, and the news is on its way */
}

static const char *name_or_none(const struct resource *r)
{
	return r ? r->name : "none";
}

static void tell_switch(struct vnet *v, const char *kind, struct resource *now,
			struct resource *before)
{
	v->switches++;
	log_event(LOG_NOTICE, LOG_ID_PATH_SWITCHED, v->name, now ? now->name : NULL,
		  "%s: %s now goes over %s, before over %s", v->name, kind, name_or_none(now),
		  name_or_none(before));
	manager_emit(v->manager, (struct manager_event) { .type = MANAGER_PATH_SWITCHED,
							  .vnet = v,
							  .resource = now,
							  .previous = before,
							  .kind = kind });
}

/* Unknown unicast first; a switch of multicast that happens with it is the same piece of news. */
static void note_active(struct vnet *v)
{
	struct resource *service = active_service(v), *hybrid = reconcile_path_hybrid(v);
	struct resource *unicast = hybrid ?: service;
	struct resource *was_unicast = v->unicast, *was_multicast = v->multicast;

	if (v->service)
		v->service->active = service != NULL;
	for (size_t i = 0; i < v->hybrid_count; i++)
		v->hybrids[i]->active = false;
	if (hybrid)
		hybrid->active = true;
	v->unicast = unicast;
	v->multicast = service;
	if (unicast != was_unicast)
		tell_switch(v, "unicast", unicast, was_unicast);
	else if (service != was_multicast)
		tell_switch(v, "multicast", service, was_multicast);
	if (unicast != was_unicast || service != was_multicast)
		reconcile_announce(v, service != was_multicast);
}

static bool take_was_up(struct resource *r)
{
	bool was_up = r->was_up;

	r->was_up = false;
	return was_up;
}

bool reconcile_path_found(struct vnet *v)
{
	struct resource *service = v->service && take_was_up(v->service) ? v->service : NULL;
	struct resource *hybrid = NULL;

	for (size_t i = 0; i < v->hybrid_count; i++)
		if (take_was_up(v->hybrids[i]) && !hybrid)
			hybrid = v->hybrids[i];
	if (v->settings.hybrid_needs_service && !service)
		hybrid = NULL;
	if (!service && !hybrid)
		return false;
	v->multicast = service;
	v->unicast = hybrid ?: service;
	return true;
}

int reconcile_path(struct vnet *v, struct error *e)
{
	int err, next;

	if (v->settling)
		return 0;
	reconcile_hold_release(v);
	err = write_vlans(v);
	if (!err)
		err = reconcile_protect(v);
	if (!err)
		err = reconcile_limit(v->manager, ABI_LIMIT_VNET, v->number, &v->settings.limits,
				      &v->limited);
	reconcile_queue_port(v);
	if (!err)
		err = write_rows(v);
	if (!err)
		reconcile_queue_port_end(v);
	if (!err)
		err = reconcile_limit_end(v->manager, ABI_LIMIT_VNET, v->number,
					  &v->settings.limits, &v->limited);
	err = reconcile_protect_end(v, err);
	note_active(v);
	next = write_carrier(v);
	reconcile_health_follow(v);
	if (err)
		return error_set(e, ERROR_FAILED, -err, v->name, NULL,
				 "%s: writing its paths into the maps failed: %s", v->name,
				 strerror(-err));
	if (next)
		return error_set(e, ERROR_FAILED, -next, v->name, NULL,
				 "%s: setting the carrier of device %s failed: %s", v->name,
				 v->upper, strerror(-next));
	return 0;
}
