/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle's part on targets of flows, worked out from settings and devices alone. */
#include "world.h"

static bool is_member(const struct uplink *u, const char *vnet)
{
	for (uint32_t i = 0; u && i < u->slot_count; i++)
		if (u->slots[i] && util_same(u->slots[i]->vnet->name, vnet))
			return true;
	return false;
}

static bool is_led(const struct flow *f, enum settings_to to)
{
	const struct settings_target *t = &f->settings.target;

	if (t->to != to || f->steered)
		return false;
	return to == SETTINGS_TO_CPU ? t->cpu <= 3 || t->cpu == 6 : is_member(f->uplink, t->vnet);
}

bool world_led(const struct flow *flows, enum settings_to to)
{
	for (const struct flow *f = flows; f; f = f->hh.next)
		if (is_led(f, to))
			return true;
	return false;
}

bool world_uplink_spreads(const struct uplink *u)
{
	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i] && world_led(u->slots[i]->vnet->flows, SETTINGS_TO_CPU))
			return true;
	return world_led(u->flows, SETTINGS_TO_CPU);
}

size_t world_spread_check(const struct world *w, const struct link *l, bool wanted)
{
	bool native = wanted && !l->kind[0] && !w->k->xdp_refusal[l->ifindex];
	bool generic = wanted && !native;

	ck_assert_msg(w->k->attached[KERNEL_HOOK_XDP_CPU][l->ifindex] == native,
		      "the program for CPUs at %s, by the driver", l->name);
	ck_assert_msg(w->k->attached[KERNEL_HOOK_XDP_CPU_GENERIC][l->ifindex] == generic,
		      "the program for CPUs at %s, by the stack", l->name);
	if (native)
		ck_assert(!(w->k->offloads[l->ifindex].on &
			    (KERNEL_OFFLOAD_BIT(RX_VLAN) | KERNEL_OFFLOAD_BIT(LRO))));
	return wanted;
}
