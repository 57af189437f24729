/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the oracle that tells what NICs keep of their virtual functions. */
#include "world.h"

static const struct fake_vf *vf_of(const struct world *w, const struct resource *r)
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(w->k->vfs); i++)
		if (util_same(w->k->vfs[i].pf, r->settings.pf) &&
		    w->k->vfs[i].index == r->settings.vf)
			return &w->k->vfs[i];
	return NULL;
}

const char *world_device_name(const struct world *w, const struct resource *r)
{
	const struct fake_vf *vf = r->settings.pf[0] ? vf_of(w, r) : NULL;

	if (!r->settings.pf[0])
		return r->settings.device;
	return vf && vf->there && vf->place.missing == KERNEL_VF_COMPLETE ? vf->place.netdev : "";
}

size_t world_vf_check(const struct world *w, const struct resource *r)
{
	const struct link *pf = fake_kernel_find(w->k, r->settings.pf), *l;
	const struct fake_vf *vf = r->settings.pf[0] && pf ? vf_of(w, r) : NULL;
	const uint8_t *mac = r->vnet->settings.address;
	bool receives;

	if (!vf || !vf->there)
		return 0;
	/* Out for a migration: the NIC has it back, and hands nothing of ours to it. */
	if (resource_is_released(r)) {
		ck_assert(!mac_same(vf->vf.address, mac) || w->vfs_refused);
		if (w->k->bridge == FAKE_BRIDGE_VEB)
			ck_assert(mac_same(w->k->filter[pf->ifindex], mac));
		return w->k->bridge == FAKE_BRIDGE_VEB;
	}
	ck_assert(mac_same(vf->vf.address, mac));
	ck_assert_uint_eq(vf->vf.vlan, r->settings.vf_vlan);
	ck_assert(vf->vf.spoof_check || !(vf->vf.set & KERNEL_VF_SPOOF_CHECK));
	ck_assert(!vf->vf.link_state || !(vf->vf.set & KERNEL_VF_LINK_STATE));
	ck_assert(vf->vf.trust || !r->vnet->promiscuous || !(vf->vf.set & KERNEL_VF_TRUST));
	l = fake_kernel_find(w->k, world_device_name(w, r));
	receives = r->ifindex && l && (l->flags & IFF_UP) && l->carrier;
	if (receives || w->k->bridge != FAKE_BRIDGE_VEB)
		return 0;
	ck_assert(mac_same(w->k->filter[pf->ifindex], mac));
	return 1;
}
