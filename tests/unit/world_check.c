/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle: what has to be in the kernel, worked out anew from the objects' settings and the
 * devices there are, by the words of the design and with none of the daemon's code.
 */
#include "../../daemon/path.h"
#include "world.h"

static const struct link *by_index(const struct fake_kernel *k, uint32_t ifindex)
{
	for (size_t i = 0; ifindex && i < k->link_count; i++)
		if (k->links[i].ifindex == ifindex)
			return &k->links[i];
	return NULL;
}

/* --- one resource --- */

static bool is_type(const struct resource *r, enum settings_type type)
{
	return r->settings.type == type;
}

static bool is_peer(const struct resource *r)
{
	return r->settings.peer_vnet[0];
}

static const struct vnet *other_vnet(const struct world *w, const struct resource *r)
{
	for (const struct vnet *v = manager_vnets(w->m); v; v = v->hh.next)
		if (util_same(v->name, r->settings.peer_vnet))
			return v;
	return NULL;
}

static const struct resource *twin_of(const struct world *w, const struct resource *r)
{
	const struct vnet *other = other_vnet(w, r);
	const struct resource *twin = NULL;

	for (const struct resource *t = other ? other->resources : NULL; t; t = t->hh.next) {
		if (!util_same(t->settings.peer_vnet, r->vnet->name))
			continue;
		ck_assert_msg(!twin, "%s: two ways to %s", other->name, r->vnet->name);
		twin = t;
	}
	return twin;
}

/* The MAC of a guest, all zero: it is not known. */
static const uint8_t *mac_of(const struct world *w, const struct resource *r)
{
	const struct vnet *other = other_vnet(w, r);

	return other ? other->settings.address : r->settings.peer;
}

static bool has_mac_of(const struct world *w, const struct resource *r)
{
	return is_type(r, SETTINGS_GUEST) && (!is_peer(r) || other_vnet(w, r));
}

static enum resource_state peer_state(const struct world *w, const struct resource *r)
{
	const struct vnet *other = other_vnet(w, r);
	const struct resource *twin = twin_of(w, r);

	if (!other)
		return RESOURCE_WAITING;
	if (!twin || !twin->settings.admin_up || !r->settings.admin_up || !other->port_ifindex)
		return RESOURCE_DOWN;
	return RESOURCE_UP;
}

/* A provider's tap is its resource's, be it bound or not. */
static bool is_tap_of_another(const struct world *w, const struct resource *r, const struct link *l)
{
	for (const struct vnet *v = manager_vnets(w->m); v; v = v->hh.next)
		for (const struct resource *t = v->resources; t; t = t->hh.next)
			if (t != r && t->provider.kind == DESIRED_PROVIDER_TAP &&
			    t->tap_ifindex == l->ifindex)
				return true;
	return false;
}

/* The device is there, and there is a reason not to take it. */
static bool is_unfit(const struct world *w, const struct resource *r)
{
	const struct link *l = fake_kernel_find(w->k, world_device_name(w, r));

	if (r->provider.kind == DESIRED_PROVIDER_TAP)
		l = by_index(w->k, r->tap_ifindex);
	return l && (owner_find(w->m, l->ifindex) || is_tap_of_another(w, r, l) || l->master ||
		     (l->max_mtu && l->max_mtu < r->vnet->settings.mtu));
}

static enum resource_state state_of(const struct world *w, const struct resource *r)
{
	const struct link *l = by_index(w->k, r->ifindex);

	if (is_peer(r))
		return peer_state(w, r);
	if (r->uplink)
		return world_member_state(w, r);
	if (r->vnet->migrating && is_type(r, SETTINGS_HYBRID))
		return RESOURCE_DOWN;
	if (!l)
		return is_unfit(w, r) ? RESOURCE_FAILED : RESOURCE_WAITING;
	if (!r->settings.admin_up)
		return RESOURCE_DOWN;
	if (r->provider.report == DESIRED_REPORT_FAILED)
		return RESOURCE_FAILED;
	if (r->provider.report == DESIRED_REPORT_DOWN)
		return RESOURCE_DOWN;
	if (resource_is_unwell(r))
		return RESOURCE_FAILED;
	if (!(l->flags & IFF_UP) || !l->carrier)
		return RESOURCE_DOWN;
	if (r->hold.listed)
		return RESOURCE_DOWN;
	return RESOURCE_UP;
}

static bool is_up(const struct world *w, const struct resource *r)
{
	return r && (r->ifindex || is_peer(r)) && state_of(w, r) == RESOURCE_UP;
}

static size_t up_count(const struct world *w, const struct vnet *v)
{
	size_t n = 0;

	for (const struct resource *r = v->resources; r; r = r->hh.next)
		n += is_up(w, r);
	return n;
}

static const struct resource *service_of(const struct vnet *v)
{
	for (const struct resource *r = v->resources; r; r = r->hh.next)
		if (is_type(r, SETTINGS_SERVICE))
			return r;
	return NULL;
}

/* The next bound hybrid behind @after (NULL: the first), by priority and then by age. */
static const struct resource *next_hybrid(const struct vnet *v, const struct resource *after)
{
	const struct resource *best = NULL;
	bool seen = false;

	for (const struct resource *r = v->resources; r; r = r->hh.next) {
		bool behind;

		if (r == after)
			seen = true;
		if (r == after || !is_type(r, SETTINGS_HYBRID) || !r->ifindex)
			continue;
		behind = !after || r->settings.priority > after->settings.priority ||
			 (r->settings.priority == after->settings.priority && seen);
		if (behind && (!best || r->settings.priority < best->settings.priority))
			best = r;
	}
	return best;
}

static uint16_t pvid_of(const struct resource *r)
{
	if (r->settings.pvid)
		return r->settings.pvid;
	return is_type(r, SETTINGS_HYBRID) || r->uplink ? 1 : r->vnet->settings.pvid;
}

static bool is_member(const struct resource *r, uint16_t vlan)
{
	const struct vlan_set *set =
		r->settings.has_vlans ? &r->settings.vlans : &r->vnet->settings.vlans;

	return vlan == pvid_of(r) || vlan_has(set, vlan);
}

static void check_fdb(struct world *w, const struct resource *r, struct world_sums *sums)
{
	char mac[MAC_TEXT_SIZE];
	uint16_t missing = 0;

	mac_format(mac_of(w, r), mac);
	for (uint16_t vlan = VLAN_FIRST; vlan <= VLAN_LAST; vlan++) {
		if (!is_member(r, vlan))
			continue;
		sums->fdb++;
		if (fake_kernel_fdb(w->k, r->vnet->number, vlan, mac) != r->number)
			missing = vlan;
	}
	ck_assert_msg(!missing, "%s is not in the FDB in VLAN %u", r->name, missing);
}

static void check_set(const struct abi_vlans *row, const struct vlan_set *set)
{
	uint16_t wrong = 0;

	ck_assert_ptr_nonnull(row);
	for (uint16_t vlan = 0; vlan < ABI_VLANS; vlan++)
		if ((row->bits[vlan / 64] >> (vlan % 64) & 1) != vlan_has(set, vlan))
			wrong = vlan;
	ck_assert_uint_eq(wrong, 0);
}

static void check_device(struct world *w, const struct resource *r, struct world_sums *sums)
{
	const struct link *l = by_index(w->k, r->ifindex);
	const uint8_t *mac = r->vnet->settings.address, *filter = w->k->filter[r->ifindex];

	ck_assert_str_eq(l->name, world_device_name(w, r));
	if (r->provider.kind == DESIRED_PROVIDER_TAP)
		ck_assert_ptr_nonnull(fake_kernel_tap(w->k, l->name));
	ck_assert_uint_ge(l->mtu, r->vnet->settings.mtu);
	if (is_type(r, SETTINGS_HYBRID)) {
		ck_assert(mac_same(l->address, mac));
	} else {
		ck_assert(mac_same(filter, mac));
		sums->filters++;
	}
	if (is_type(r, SETTINGS_SERVICE))
		ck_assert(l->flags & IFF_ALLMULTI);
}

static void check_hold(struct world *w, const struct resource *r, struct world_sums *sums)
{
	const struct abi_port *port = fake_kernel_port(w->k, r->ifindex);

	ck_assert_msg(port && port->vnet == r->vnet->number && port->resource == r->number,
		      "%s: its port", r->name);
	ck_assert_uint_eq(port->flags,
			  util_same(by_index(w->k, r->ifindex)->kind, "veth") ? ABI_PORT_VETH : 0);
	ck_assert(w->k->attached[KERNEL_HOOK_RX][r->ifindex]);
	sums->ports++;
	sums->devices++;
	sums->hooks += 1 + world_xdp_check(w, r->vnet, r, by_index(w->k, r->ifindex));
	sums->hooks +=
		world_spread_check(w, by_index(w->k, r->ifindex),
				   !r->xdp.attached && world_led(r->vnet->flows, SETTINGS_TO_CPU));
}

static void check_rows(struct world *w, const struct resource *r, struct world_sums *sums)
{
	const struct abi_resource *row = fake_kernel_resource(w->k, r->number);
	const struct resource *next = is_type(r, SETTINGS_HYBRID) ? next_hybrid(r->vnet, r) : NULL;
	const struct resource *twin = is_peer(r) ? twin_of(w, r) : NULL;
	const struct link *l = by_index(w->k, r->ifindex);

	ck_assert_msg(row, "%s has no row", r->name);
	ck_assert_uint_eq(row->ifindex, r->ifindex);
	ck_assert_uint_eq(row->pvid, pvid_of(r));
	ck_assert_uint_eq(row->type, is_type(r, SETTINGS_SERVICE) ? ABI_SERVICE
				     : is_type(r, SETTINGS_GUEST) ? ABI_GUEST
								  : ABI_HYBRID);
	ck_assert_msg(row->up == (r->hold.listed ? ABI_UP_LAST
				  : is_up(w, r)	 ? ABI_UP
						 : ABI_DOWN),
		      "%s: up is %u", r->name, row->up);
	ck_assert(mac_same(row->peer, mac_of(w, r)));
	ck_assert_msg(row->twin == (twin ? twin->number : 0), "%s: twin is %u", r->name, row->twin);
	ck_assert_int_eq(!!(row->flags & ABI_RESOURCE_VLANS), r->settings.has_vlans);
	ck_assert_int_eq(!!(row->flags & ABI_RESOURCE_STORM), !!r->settings.storm_limit);
	ck_assert_uint_eq(row->uplink, r->uplink ? r->uplink->number : 0);
	ck_assert_int_eq(!!(row->flags & ABI_RESOURCE_LIMIT), r->settings.limits.bits ||
								      r->settings.limits.in_bits ||
								      r->settings.limits.out_bits);
	ck_assert_int_eq(!!(row->flags & ABI_RESOURCE_FQ), world_queue_of(w, r));
	ck_assert_int_eq(!!(row->flags & ABI_RESOURCE_SHARED),
			 r->uplink && r->vnet->settings.share);
	ck_assert_int_eq(!!(row->flags & ABI_RESOURCE_XDP),
			 r->uplink ? r->uplink->xdp.takes : l && world_xdp_takes(w, r->vnet, l));
	ck_assert_int_eq(!!(row->flags & ABI_RESOURCE_PEER),
			 l && !r->uplink && util_same(l->kind, "veth") && l->peer_elsewhere &&
				 util_same(l->qdisc, "noqueue") &&
				 l->promiscuity <= !is_type(r, SETTINGS_HYBRID));
	ck_assert_uint_eq(row->vnet, r->vnet->number);
	ck_assert_msg(row->fallback == (next ? next->number : 0), "%s: fallback is %u", r->name,
		      row->fallback);
	sums->resources++;
	if (!r->settings.has_vlans)
		return;
	check_set(fake_kernel_vlans(w->k, r->vnet->number, r->number), &r->settings.vlans);
	sums->vlans++;
}

/* Only what was lost is held down, not for longer than it should, and never the last resort. */
static void check_damping(struct world *w, const struct resource *r)
{
	size_t others = 0;

	if (!r->hold.listed)
		return;
	for (const struct resource *o = r->vnet->resources; o; o = o->hh.next)
		others += o != r && !is_type(o, SETTINGS_GUEST) && is_up(w, o);
	ck_assert_msg(others, "%s is held down, and nothing else carries", r->name);
	ck_assert_msg(!is_type(r, SETTINGS_SERVICE), "%s is held down", r->name);
	ck_assert(r->hold.lost);
	ck_assert_uint_gt(r->hold.due_us, w->k->now_us);
	ck_assert_uint_le(r->hold.due_us, w->k->now_us + 1000000);
}

/* Only hybrids are looked at, and only those for which there is a reason, at some time to come. */
static void check_health(struct world *w, const struct resource *r)
{
	const struct health *h = &r->health;
	bool stuck = h->verdict.stuck, silent = h->verdict.silent;

	if (!is_type(r, SETTINGS_HYBRID)) {
		ck_assert(!stuck && !silent && !h->listed);
		return;
	}
	ck_assert_int_eq(!!h->look_us, r->vnet->unicast == r && r->vnet->settings.tx_timeout_ms);
	ck_assert(!h->look_us || h->look_us > w->k->now_us);
	ck_assert(!stuck || h->retry_us > w->k->now_us);
	ck_assert(!silent || r->settings.probe.kind != SETTINGS_PROBE_NONE);
	ck_assert_int_eq(h->listed, stuck || h->look_us || h->probe.due_us);
	ck_assert(!h->probe.listening || h->probe.due_us);
}

static void check_resource(struct world *w, const struct resource *r, struct world_sums *sums)
{
	check_damping(w, r);
	check_health(w, r);
	ck_assert_msg(r->state == state_of(w, r), "%s/%s: is %s (%s), and should be %s",
		      r->vnet->name, r->name, resource_state_name(r->state), r->reason,
		      resource_state_name(state_of(w, r)));
	ck_assert_int_eq(r->state == RESOURCE_UP, !r->reason[0]);
	if (is_type(r, SETTINGS_GUEST)) {
		if (has_mac_of(w, r))
			check_fdb(w, r, sums);
		ck_assert_int_eq(r->active, is_up(w, r));
	}
	sums->filters += world_vf_check(w, r);
	if (!r->ifindex && !is_peer(r))
		return;
	check_rows(w, r, sums);
	if (is_peer(r))
		return;
	ck_assert_ptr_nonnull(by_index(w->k, r->ifindex));
	if (r->uplink) {
		world_check_member(w, r, sums);
		return;
	}
	check_device(w, r, sums);
	check_hold(w, r, sums);
}

/* --- one vnet --- */

static const struct resource *active_hybrid(const struct world *w, const struct vnet *v)
{
	const struct resource *h = next_hybrid(v, NULL);

	if (v->settings.hybrid_needs_service && !is_up(w, service_of(v)))
		return NULL;
	while (h && !is_up(w, h))
		h = next_hybrid(v, h);
	return h;
}

static void check_carrier(const struct world *w, const struct vnet *v, const struct link *port,
			  const struct link *upper)
{
	const struct resource *service = service_of(v);
	bool any = up_count(w, v) > 0;
	bool carrier = port && (service ? is_up(w, service) : any);

	ck_assert_int_eq(v->carrier, carrier);
	if (v->settings.upper[0])
		return;
	if (port)
		ck_assert_int_eq(!!(port->flags & IFF_UP), any);
	/* The stack sees no carrier, and what can still pass passes. */
	if (upper)
		ck_assert_int_eq(!(upper->flags & IFF_RUNNING), any && !carrier);
}

static bool has_limit(const struct settings_limits *l)
{
	return l->bits || l->in_bits || l->out_bits;
}

static void check_vnet_row(struct world *w, const struct vnet *v, const struct link *port,
			   const struct link *upper)
{
	const struct abi_vnet *row = fake_kernel_vnet(w->k, v->number);
	const struct resource *service = service_of(v), *hybrid = next_hybrid(v, NULL);
	bool promiscuous =
		v->settings.promiscuous == SETTINGS_PROMISC_ON ||
		(v->settings.promiscuous == SETTINGS_PROMISC_AUTO && upper && upper->promiscuity);
	uint32_t flags =
		(v->settings.guard ? ABI_VNET_GUARD : 0) | (promiscuous ? ABI_VNET_PROMISC : 0) |
		(!v->settings.upper[0] && port && !upper ? ABI_VNET_PEER : 0) |
		(v->settings.hybrid_needs_service ? ABI_VNET_HYBRID_NEEDS_SERVICE : 0) |
		(v->flows ? ABI_VNET_FLOWS : 0) |
		(world_led(v->flows, SETTINGS_TO_CPU) ? ABI_VNET_CPU : 0) |
		(has_limit(&v->settings.limits) ? ABI_VNET_LIMIT : 0) |
		(world_queue_of_port(w, v) ? ABI_VNET_FQ : 0) |
		(port && world_xdp_takes(w, v, port) ? ABI_VNET_XDP : 0) | world_protect_flags(v);

	ck_assert_ptr_nonnull(row);
	ck_assert(mac_same(row->mac, v->settings.address));
	ck_assert_uint_eq(row->pvid, v->settings.pvid);
	ck_assert_uint_eq(row->port, port ? port->ifindex : 0);
	ck_assert_uint_eq(row->flags, flags);
	ck_assert_uint_eq(row->service, service && service->ifindex ? service->number : 0);
	ck_assert_uint_eq(row->hybrid, hybrid ? hybrid->number : 0);
}

/* Without a row of its device the shortcut lets frames pass, for who captures there, and for XDP.
 */
static void check_end(struct world *w, const struct vnet *v, const struct link *l,
		      enum kernel_hook hook, struct world_sums *sums)
{
	const struct abi_port *port = fake_kernel_port(w->k, l->ifindex);
	bool shortcut = hook == KERNEL_HOOK_TX_EGRESS;

	if (shortcut &&
	    (l->promiscuity || world_xdp_attached(w, v, by_index(w->k, v->port_ifindex)))) {
		ck_assert_ptr_null(port);
	} else {
		ck_assert(port && port->vnet == v->number && !port->resource);
		ck_assert_uint_eq(port->flags,
				  (shortcut ? ABI_PORT_EGRESS : 0) |
					  (util_same(l->kind, "veth") ? ABI_PORT_VETH : 0));
		sums->ports++;
	}
	ck_assert(w->k->attached[hook][l->ifindex]);
	sums->hooks++;
}

static void check_upper(struct world *w, const struct vnet *v, const struct link *port,
			const struct link *upper, struct world_sums *sums)
{
	if (port) {
		check_end(w, v, port, KERNEL_HOOK_TX_INGRESS, sums);
		sums->devices++;
		sums->hooks += world_xdp_check(w, v, NULL, port);
	}
	if (v->settings.upper[0]) {
		const struct link *there = fake_kernel_find(w->k, v->settings.upper);
		const struct manager_owner *o = there ? owner_find(w->m, there->ifindex) : NULL;
		bool busy = o ? o->vnet != v || o->resource
			      : there && is_tap_of_another(w, NULL, there);

		ck_assert_msg(port == (busy ? NULL : there), "upper %s is not taken in",
			      v->settings.upper);
		return;
	}
	if (!port)
		return;
	ck_assert_uint_eq(port->mtu, v->settings.mtu);
	if (!upper)
		return;
	check_end(w, v, upper, KERNEL_HOOK_TX_EGRESS, sums);
	ck_assert(mac_same(upper->address, v->settings.address));
	ck_assert_uint_eq(upper->mtu, v->settings.mtu);
}

/* --- the way of a frame --- */

static const struct resource *guest_of(const struct world *w, const struct vnet *v,
				       const uint8_t *mac, uint16_t vlan)
{
	for (const struct resource *r = v->resources; r; r = r->hh.next)
		if (has_mac_of(w, r) && mac_same(mac_of(w, r), mac) && is_member(r, vlan))
			return r;
	return NULL;
}

/* A device that is up has been looked at; of a direct peer it is the port of the other vnet. */
static bool is_reached(const struct world *w, const struct resource *guest)
{
	const struct vnet *other = is_peer(guest) ? other_vnet(w, guest) : NULL;
	const struct link *port = other ? by_index(w->k, other->port_ifindex) : NULL;

	if (!is_up(w, guest))
		return false;
	return !is_peer(guest) || (port && (port->flags & IFF_UP) && port->carrier);
}

/* DESIGN 3, TX, in its own words. */
static const struct resource *way_of(const struct world *w, const struct vnet *v,
				     const uint8_t *mac, uint16_t vlan, const char **why)
{
	const struct resource *service = is_up(w, service_of(v)) ? service_of(v) : NULL;
	const struct resource *hybrid = active_hybrid(w, v), *guest = guest_of(w, v, mac, vlan);
	const struct resource *r;

	if (vlan != v->settings.pvid && !vlan_has(&v->settings.vlans, vlan)) {
		*why = "vlan";
		return NULL;
	}
	if (mac[0] & 1) {
		*why = service ? "multicast" : "no_service";
		r = service;
	} else if (guest) {
		r = is_reached(w, guest) ? guest : service ?: hybrid;
		*why = r == guest ? "guest" : r == service && r ? "guest-over-service" : "hybrid";
	} else {
		r = hybrid ?: service;
		*why = hybrid ? "hybrid" : "service";
	}
	if (!r)
		*why = mac[0] & 1 ? "no_service" : "no_path";
	else if (r->settings.has_vlans && vlan != pvid_of(r) &&
		 !vlan_has(&r->settings.vlans, vlan)) {
		*why = "vlan";
		r = NULL;
	}
	return r;
}

static void check_way(const struct world *w, const struct vnet *v, const uint8_t *mac,
		      uint16_t vlan)
{
	uint16_t id = vlan ?: v->settings.pvid;
	const char *why = NULL;
	const struct resource *r = way_of(w, v, mac, id, &why);
	struct path_answer answer;

	ck_assert_int_eq(path_find(v, mac, vlan, &answer), 0);
	ck_assert_msg(answer.resource == r, "VLAN %u: goes over %s, not over %s", vlan,
		      answer.resource ? answer.resource->name : "none", r ? r->name : "none");
	ck_assert_str_eq(answer.reason, why);
	ck_assert_str_ne(answer.why, "");
}

static void check_ways(const struct world *w, const struct vnet *v)
{
	static const uint8_t broadcast[] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t multicast[] = { 0x01, 0x00, 0x5e, 0, 0, 1 };
	static const uint8_t unknown[] = { 0x02, 0x77, 0, 0, 0, 0x77 };
	static const uint16_t vlans[] = { 0, 1, 10, 20, 30, VLAN_LAST };

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(vlans); i++) {
		check_way(w, v, broadcast, vlans[i]);
		check_way(w, v, multicast, vlans[i]);
		check_way(w, v, unknown, vlans[i]);
		for (const struct resource *r = v->resources; r; r = r->hh.next)
			if (has_mac_of(w, r))
				check_way(w, v, mac_of(w, r), vlans[i]);
	}
}

/* --- all of it --- */

static void check_vnet(struct world *w, const struct vnet *v, struct world_sums *sums)
{
	const struct link *port = by_index(w->k, v->port_ifindex);
	const struct link *upper = by_index(w->k, v->upper_ifindex);
	const struct resource *service = service_of(v), *hybrid = active_hybrid(w, v);

	ck_assert_int_eq(!port, !v->port_ifindex);
	check_upper(w, v, port, upper, sums);
	check_vnet_row(w, v, port, upper);
	check_carrier(w, v, port, upper);
	for (const struct resource *r = v->resources; r; r = r->hh.next)
		check_resource(w, r, sums);
	if (v->settings.vlans.count) {
		check_set(fake_kernel_vlans(w->k, v->number, 0), &v->settings.vlans);
		sums->vlans++;
	}
	ck_assert_uint_eq(v->up_count, up_count(w, v));
	ck_assert_ptr_eq(v->multicast, is_up(w, service) ? service : NULL);
	ck_assert_ptr_eq(v->unicast, hybrid ?: (is_up(w, service) ? service : NULL));
	check_ways(w, v);
}

static void check_sums(const struct world *w, const struct world_sums *sums)
{
	static const uint8_t none[MAC_LEN];
	size_t hooks = 0, filters = 0;

	for (uint32_t i = 0; i < FAKE_IFINDEX_MAX; i++) {
		filters += !mac_same(w->k->filter[i], none);
		for (size_t hook = 0; hook < KERNEL_HOOK_END; hook++)
			hooks += w->k->attached[hook][i];
	}
	ck_assert_uint_eq(fake_kernel_count(&w->k->vnets), manager_vnet_count(w->m));
	ck_assert_uint_eq(fake_kernel_count(&w->k->ports), sums->ports);
	ck_assert_uint_eq(fake_kernel_count(&w->k->resources), sums->resources);
	ck_assert_uint_eq(fake_kernel_count(&w->k->fdb), sums->fdb);
	ck_assert_uint_eq(fake_kernel_count(&w->k->vlans), sums->vlans);
	ck_assert_uint_eq(fake_kernel_count(&w->k->devices), sums->devices);
	ck_assert_uint_eq(hooks, sums->hooks);
	ck_assert_uint_eq(filters + fake_kernel_count(&w->k->filters), sums->filters);
}

void world_check(struct world *w)
{
	struct world_sums sums = { 0 };

	for (const struct vnet *v = manager_vnets(w->m); v; v = v->hh.next)
		check_vnet(w, v, &sums);
	world_check_uplinks(w, &sums);
	world_check_xsks(w, &sums);
	check_sums(w, &sums);
	world_check_protect(w);
	world_check_queues(w);
}
