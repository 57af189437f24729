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
	flags |= vnet_owns_upper(v) && v->settings.netns[0] ? ABI_VNET_PEER : 0;
	flags |= v->settings.hybrid_needs_service ? ABI_VNET_HYBRID_NEEDS_SERVICE : 0;
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

static int write_vlans(struct vnet *v)
{
	struct abi_vlans_key key = { .vnet = v->number };
	struct abi_vlans row = { 0 };
	bool wanted = v->settings.vlans.count;
	int err;

	if (!wanted && !v->vlans_written)
		return 0;
	for (uint16_t id = vlan_next(&v->settings.vlans, 0); id;
	     id = vlan_next(&v->settings.vlans, id))
		row.bits[id / 64] |= 1ULL << (id % 64);
	err = manager_datapath(v->manager, vlans_write, &key, wanted ? &row : NULL);
	if (!err)
		v->vlans_written = wanted;
	return err;
}

/*
 * The chain is rewritten so that at no moment a hybrid that is up is left out: first the links
 * towards the tail, then the head, then the tail's end. What is left of an older chain makes a loop
 * at most, and the program's walk is bounded.
 */
static int write_rows(struct vnet *v)
{
	struct resource *chain[ABI_HYBRIDS_MAX];
	size_t n = hybrid_chain(v, chain);
	struct abi_vnet row;
	int err;

	for (size_t i = 0; i + 1 < n; i++) {
		err = write_fallback(chain[i], chain[i + 1]->number);
		if (err)
			return err;
	}
	fill_row(v, n ? chain[0] : NULL, &row);
	if (memcmp(&row, &v->row, sizeof(row)) != 0) {
		err = manager_datapath(v->manager, vnet_write, v->number, &row);
		if (err)
			return err;
		v->row = row;
	}
	return n ? write_fallback(chain[n - 1], 0) : 0;
}

/*
 * The link state of the vnet is its service's; without one, any resource's. While something else
 * still carries, the upper turns dormant: the stack sees NO-CARRIER, and frames pass all the same.
 * Only when nothing carries does the port go down.
 */
static void write_carrier(struct vnet *v)
{
	struct manager *m = v->manager;
	struct kernel_link_change port = { .set = KERNEL_LINK_UP, .up = v->up_count > 0 };
	struct kernel_link_change upper = { .set = KERNEL_LINK_DORMANT };
	const struct link *l = link_find(m->links, v->port_ifindex);

	v->carrier = v->port_ifindex && (v->service ? is_carrying(v->service) : v->up_count > 0);
	if (!vnet_owns_upper(v) || !l)
		return;
	if (!!(l->flags & IFF_UP) != port.up) {
		struct link now = *l;

		if (manager_rtnl(m, link_set, v->port_ifindex, &port) == 0) {
			now.flags =
				port.up ? now.flags | IFF_UP : now.flags & ~(unsigned int)IFF_UP;
			link_put(m->links, &now);
		}
	}
	upper.dormant = !v->carrier && v->up_count > 0;
	if (v->upper_ifindex && upper.dormant != v->dormant &&
	    manager_rtnl(m, link_set, v->upper_ifindex, &upper) == 0)
		v->dormant = upper.dormant;
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
		v->hybrids[i]->active = v->hybrids[i] == hybrid;
	v->unicast = unicast;
	v->multicast = service;
	if (unicast != was_unicast)
		tell_switch(v, "unicast", unicast, was_unicast);
	else if (service != was_multicast)
		tell_switch(v, "multicast", service, was_multicast);
}

int reconcile_path(struct vnet *v)
{
	int err;

	if (v->settling)
		return 0;
	err = write_vlans(v);
	if (!err)
		err = write_rows(v);
	note_active(v);
	write_carrier(v);
	return err;
}
