/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds.h"

/* Multicast reaches a vnet over its service alone, and which groups it wants is the stack's to
 * know. */
static void service_wants(const struct resource *r, struct kernel_link_change *want)
{
	want->set |= KERNEL_LINK_ALLMULTI;
	want->allmulti = true;
}

/* The physical network has to find one MAC, whichever way it comes. */
static void hybrid_wants(const struct resource *r, struct kernel_link_change *want)
{
	want->set |= KERNEL_LINK_ADDRESS;
	memcpy(want->address, r->vnet->settings.address, MAC_LEN);
}

static const struct kind kinds[] = {
	[SETTINGS_SERVICE] = {
		.type = SETTINGS_SERVICE,
		.abi = ABI_SERVICE,
		.max = 1,
		.filter = true,
		.wants = service_wants,
	},
	[SETTINGS_GUEST] = {
		.type = SETTINGS_GUEST,
		.abi = ABI_GUEST,
		.fdb = true,
		.filter = true,
	},
	[SETTINGS_HYBRID] = {
		.type = SETTINGS_HYBRID,
		.abi = ABI_HYBRID,
		.max = ABI_HYBRIDS_MAX,
		.wants = hybrid_wants,
	},
};

const struct kind *kind_find(enum settings_type type)
{
	return &kinds[type];
}

const struct kind *kind_of(const struct resource *r)
{
	return kind_find(r->settings.type);
}
