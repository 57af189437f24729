/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle's part on uplinks, worked out from settings and devices as in world_check.c. */
#include <sys/socket.h>

#include "../../daemon/reconcile.h"
#include "world.h"

static const struct link *device_of(const struct world *w, const struct uplink *u)
{
	return fake_kernel_find(w->k, u->settings.device);
}

static bool is_working(const struct world *w, const struct uplink *u)
{
	const struct link *l = device_of(w, u);

	return u->ifindex && l && (l->flags & IFF_UP) && l->carrier;
}

enum resource_state world_member_state(const struct world *w, const struct resource *r)
{
	const struct link *l = device_of(w, r->uplink);
	const struct vnet_settings *s = &r->vnet->settings;

	if (r->uplink->state == RESOURCE_FAILED && !r->uplink->ifindex)
		return RESOURCE_WAITING;
	if (!l || !r->uplink->ifindex)
		return RESOURCE_WAITING;
	if (!r->settings.admin_up || !is_working(w, r->uplink))
		return RESOURCE_DOWN;
	if (l->mtu < s->mtu || mac_same(l->address, s->address) != s->share)
		return RESOURCE_FAILED;
	return RESOURCE_UP;
}

static bool is_in(const struct resource *r, uint16_t vlan)
{
	const struct vnet_settings *s = &r->vnet->settings;
	uint16_t native = r->settings.pvid ?: 1;

	if (vlan != s->pvid && !vlan_has(&s->vlans, vlan))
		return false;
	return !r->settings.has_vlans || vlan == native || vlan_has(&r->settings.vlans, vlan);
}

/* Members in different VLANs may have one MAC: the first of them counts. */
static bool filters_for(const struct world *w, const struct resource *r)
{
	const struct uplink *u = r->uplink;

	if (r->vnet->settings.share || w->k->unfilterable[u->ifindex])
		return false;
	for (uint32_t i = 0; i < u->slot_count && u->slots[i] != r; i++)
		if (u->slots[i] &&
		    mac_same(u->slots[i]->vnet->settings.address, r->vnet->settings.address))
			return false;
	return true;
}

void world_check_member(struct world *w, const struct resource *r, struct world_sums *sums)
{
	const struct vnet_settings *s = &r->vnet->settings;
	uint16_t native = r->settings.pvid ?: 1, missing = 0;
	char mac[MAC_TEXT_SIZE];

	mac_format(s->address, mac);
	for (uint16_t vlan = VLAN_FIRST; vlan <= VLAN_LAST && !s->share; vlan++) {
		if (!is_in(r, vlan))
			continue;
		sums->fdb++;
		if (fake_kernel_fdb(w->k, ABI_OF_UPLINK | r->uplink->number,
				    vlan == native ? 0 : vlan, mac) != r->number)
			missing = vlan;
	}
	ck_assert_msg(!missing, "%s is not in the FDB in VLAN %u", r->vnet->name, missing);
	ck_assert(fake_kernel_member(w->k, r->uplink->number, r->number));
	ck_assert_int_eq(fake_kernel_learner(w->k, r->number), s->share && s->learn);
	sums->filters += filters_for(w, r);
}

static size_t learners(const struct world *w)
{
	size_t n = 0;

	for (const struct vnet *v = manager_vnets(w->m); v; v = v->hh.next)
		for (const struct resource *r = v->resources; r; r = r->hh.next)
			n += r->uplink && r->ifindex && v->settings.share && v->settings.learn;
	return n;
}

/* Those that were given: in each VLAN of their vnet. */
static void check_given(struct world *w, const struct uplink *u, const struct resource *r)
{
	const struct vnet_settings *s = &r->vnet->settings;

	for (size_t i = 0; s->share && i < s->local.count; i++)
		for (uint16_t vlan = VLAN_FIRST; vlan <= VLAN_LAST; vlan++) {
			struct abi_address_key key = { .uplink = u->number };

			if (!is_in(r, vlan))
				continue;
			key.vlan = vlan == (r->settings.pvid ?: 1) ? 0 : vlan;
			memcpy(key.address, s->local.prefix[i].address, 16);
			ck_assert(reconcile_address_holds(u, &key, r->number) ||
				  reconcile_address_holds(u, &key, 0));
		}
}

static void check_uplink(struct world *w, const struct uplink *u, struct world_sums *sums)
{
	const struct abi_uplink *row = fake_kernel_uplink(w->k, u->number);
	const struct link *l = device_of(w, u);
	const struct abi_port *port;
	bool shares = false, unfiltered = false;

	ck_assert_int_eq(!u->ifindex, !row);
	if (!row) {
		ck_assert(!l || u->state == RESOURCE_FAILED);
		return;
	}
	port = fake_kernel_port(w->k, u->ifindex);
	ck_assert(l && l->ifindex == u->ifindex);
	ck_assert(port && !port->vnet && port->resource == u->number);
	ck_assert_uint_eq(port->flags, ABI_PORT_UPLINK);
	ck_assert(w->k->attached[KERNEL_HOOK_UPLINK][u->ifindex]);
	ck_assert(w->k->attached[KERNEL_HOOK_UPLINK_TX][u->ifindex]);
	ck_assert(l->flags & IFF_ALLMULTI);
	for (uint32_t i = 0; i < u->slot_count; i++) {
		if (!u->slots[i])
			continue;
		ck_assert_ptr_eq(u->slots[i]->uplink, u);
		shares |= u->slots[i]->vnet->settings.share;
		unfiltered |= !u->slots[i]->vnet->settings.share && w->k->unfilterable[u->ifindex];
		check_given(w, u, u->slots[i]);
	}
	ck_assert(mac_same(row->mac, l->address));
	ck_assert_uint_eq(row->ifindex, l->ifindex);
	ck_assert_uint_eq(row->flags & ~(unsigned int)ABI_UPLINK_XDP,
			  (shares ? ABI_UPLINK_STEER_IP : 0) | (u->flows ? ABI_UPLINK_FLOWS : 0) |
				  (world_led(u->flows, SETTINGS_TO_VNET) ? ABI_UPLINK_TARGETS : 0) |
				  (world_led(u->flows, SETTINGS_TO_CPU) ? ABI_UPLINK_CPU : 0));
	ck_assert_int_eq(!!(l->flags & IFF_PROMISC), unfiltered);
	ck_assert_int_eq(u->state == RESOURCE_UP, is_working(w, u));
	sums->ports++;
	sums->hooks += 2 + world_xdp_check_uplink(w, u, l);
	sums->hooks += world_spread_check(w, l, !u->xdp.attached && world_uplink_spreads(u));
	sums->devices++;
}

void world_check_uplinks(struct world *w, struct world_sums *sums)
{
	size_t members = 0, addresses = 0, there = 0;

	for (const struct uplink *u = manager_uplinks(w->m); u; u = u->hh.next) {
		check_uplink(w, u, sums);
		there += u->ifindex != 0;
		members += u->ifindex ? u->member_count : 0;
		addresses += u->address_count;
	}
	ck_assert_uint_eq(fake_kernel_count(&w->k->uplinks), there);
	ck_assert_uint_eq(fake_kernel_count(&w->k->members), members);
	ck_assert_uint_eq(fake_kernel_count(&w->k->addresses), addresses);
	ck_assert_uint_eq(fake_kernel_count(&w->k->learners), learners(w));
}
