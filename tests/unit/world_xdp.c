/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the oracle that tells where XDP is, and where frames may be sent by it. */
#include "world.h"

static const struct link *by_index(const struct fake_kernel *k, uint32_t ifindex)
{
	for (size_t i = 0; ifindex && i < k->link_count; i++)
		if (k->links[i].ifindex == ifindex)
			return &k->links[i];
	return NULL;
}

static bool is_kind(const struct link *l, const char *kind)
{
	return util_same(l->kind, kind);
}

static bool is_plain_tap(const struct link *l)
{
	return is_kind(l, "tun") && !l->vnet_hdr;
}

static bool is_wanted(const struct world *w, const struct vnet *v, const struct link *l)
{
	const struct link *port = by_index(w->k, v->port_ifindex);

	if (v->settings.mode != SETTINGS_MODE_AUTO)
		return v->settings.mode == SETTINGS_MODE_XDP;
	return v->settings.upper[0] && port && is_plain_tap(port) &&
	       (is_plain_tap(l) || is_kind(l, ""));
}

/* Who waits for answers to a probe has to see them. */
static bool is_probed(const struct vnet *v, const struct link *l)
{
	for (const struct resource *r = v->resources; r; r = r->hh.next)
		if (r->ifindex == l->ifindex && r->settings.probe.kind != SETTINGS_PROBE_NONE)
			return true;
	return false;
}

bool world_xdp_attached(const struct world *w, const struct vnet *v, const struct link *l)
{
	if (is_probed(v, l))
		return false;
	if ((is_kind(l, "tun") && l->vnet_hdr) || (is_kind(l, "veth") && w->k->blind))
		return false;
	return is_wanted(w, v, l) && !w->k->xdp_refusal[l->ifindex];
}

bool world_xdp_takes(const struct world *w, const struct vnet *v, const struct link *l)
{
	bool attached = world_xdp_attached(w, v, l);

	if (!w->k->blind)
		return is_kind(l, "veth") || attached;
	if (is_kind(l, "veth"))
		return is_wanted(w, v, l) && !l->peer_elsewhere && by_index(w->k, l->peer);
	return is_kind(l, "tun") && attached;
}

/* The other end of a veth looks for frames from XDP, and the stack above a pair of ours makes its
 * frames whole. */
static void check_peer(const struct world *w, const struct vnet *v, const struct resource *r,
		       const struct link *l)
{
	const struct link *peer = is_kind(l, "veth") ? by_index(w->k, l->peer) : NULL;
	unsigned int on;

	if (!peer || l->peer_elsewhere || !is_wanted(w, v, l))
		return;
	on = w->k->offloads[peer->ifindex].on;
	ck_assert(on & KERNEL_OFFLOAD_BIT(GRO));
	if (!r && !v->settings.upper[0])
		ck_assert_int_eq(
			!(on & (KERNEL_OFFLOAD_BIT(TX_CSUM) | KERNEL_OFFLOAD_BIT(TX_VLAN))),
			world_xdp_attached(w, v, l));
}

size_t world_xdp_check(const struct world *w, const struct vnet *v, const struct resource *r,
		       const struct link *l)
{
	const struct xdp_use *use = r ? &r->xdp : &v->xdp;
	enum kernel_hook hook = r ? KERNEL_HOOK_XDP_RX : KERNEL_HOOK_XDP_TX;
	bool attached = world_xdp_attached(w, v, l);

	ck_assert_msg(w->k->attached[hook][l->ifindex] == attached, "XDP at %s", l->name);
	ck_assert_int_eq(use->attached, attached);
	ck_assert_int_eq(!use->reason[0], attached || !is_wanted(w, v, l));
	ck_assert(fake_kernel_device(w->k, l->ifindex));
	if (attached && is_kind(l, ""))
		ck_assert(!(w->k->offloads[l->ifindex].on &
			    (KERNEL_OFFLOAD_BIT(RX_VLAN) | KERNEL_OFFLOAD_BIT(LRO))));
	check_peer(w, v, r, l);
	return attached;
}

size_t world_xdp_check_uplink(const struct world *w, const struct uplink *u, const struct link *l)
{
	const struct vnet *v = NULL;
	bool attached, takes;

	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i] && is_wanted(w, u->slots[i]->vnet, l))
			v = u->slots[i]->vnet;
	attached = v && world_xdp_attached(w, v, l);
	takes = v && world_xdp_takes(w, v, l);
	ck_assert_msg(w->k->attached[KERNEL_HOOK_XDP_UPLINK][l->ifindex] == attached, "XDP at %s",
		      l->name);
	ck_assert_int_eq(!!u->xdp.reason[0], v && !attached);
	ck_assert_int_eq(!!(fake_kernel_uplink(w->k, u->number)->flags & ABI_UPLINK_XDP), takes);
	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i])
			ck_assert_int_eq(!!(fake_kernel_resource(w->k, u->slots[i]->number)->flags &
					    ABI_RESOURCE_XDP),
					 takes);
	return attached;
}
