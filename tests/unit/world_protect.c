/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle's part on what vnets may send: flags, storm limits, source addresses. */
#include "world.h"

uint32_t world_protect_flags(const struct vnet *v)
{
	unsigned int p = v->settings.protection;

	return (v->settings.storm_limit ? ABI_VNET_STORM : 0) |
	       (p & SETTINGS_MAC_NOSPOOF ? ABI_VNET_MAC_NOSPOOF : 0) |
	       (p & SETTINGS_IP_NOSPOOF ? ABI_VNET_IP_NOSPOOF : 0) |
	       (p & SETTINGS_DHCP_NOSPOOF ? ABI_VNET_DHCP_NOSPOOF : 0) |
	       (p & SETTINGS_RESTRICTED ? ABI_VNET_RESTRICTED : 0);
}

/* Returns how many rows that makes. */
static size_t check_storm(struct world *w, uint32_t vnet, uint32_t resource, uint32_t limit)
{
	const struct abi_storm *row = fake_kernel_storm(w->k, vnet, resource);

	ck_assert_msg(!row == !limit, "storm limit %u of %u/%u: %s", limit, vnet, resource,
		      row ? "a row" : "no row");
	if (!row)
		return 0;
	ck_assert_uint_eq(row->interval_ns, 1000000000 / limit);
	ck_assert_uint_eq(row->burst_ns, limit < 10 ? 1000000000 / limit : 100000000);
	return 1;
}

static size_t check_allowed(struct world *w, const struct vnet *v)
{
	const struct settings_prefixes *list = &v->settings.allowed;

	if (!(v->settings.protection & SETTINGS_IP_NOSPOOF))
		return 0;
	for (size_t i = 0; i < list->count; i++) {
		struct abi_allowed_key key = { .prefixlen = 32U + list->prefix[i].length,
					       .vnet = v->number };

		memcpy(key.address, list->prefix[i].address, sizeof(key.address));
		ck_assert_msg(fake_kernel_allowed(w->k, &key), "%s: address %zu is not allowed",
			      v->name, i);
	}
	return list->count;
}

void world_check_protect(struct world *w)
{
	size_t storms = 0, allowed = 0;

	for (const struct vnet *v = manager_vnets(w->m); v; v = v->hh.next) {
		storms += check_storm(w, v->number, 0, v->settings.storm_limit);
		allowed += check_allowed(w, v);
		for (const struct resource *r = v->resources; r; r = r->hh.next) {
			bool there = fake_kernel_resource(w->k, r->number);

			storms += check_storm(w, v->number, r->number,
					      there ? r->settings.storm_limit : 0);
		}
	}
	ck_assert_uint_eq(fake_kernel_count(&w->k->storms), storms);
	ck_assert_uint_eq(fake_kernel_count(&w->k->allowed), allowed);
}

static bool allows_any(struct fake_kernel *k, uint32_t vnet)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		const struct fake_row *row = &k->allowed.rows[i];
		struct abi_allowed_key key;

		memcpy(&key, row->key, sizeof(key));
		if (row->used && key.vnet == vnet)
			return true;
	}
	return false;
}

void world_check_protect_now(struct fake_kernel *k)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		const struct abi_vnet *v = (const void *)k->vnets.rows[i].value;
		const struct abi_resource *r = (const void *)k->resources.rows[i].value;
		uint32_t number;

		memcpy(&number, k->vnets.rows[i].key, sizeof(number));
		if (k->vnets.rows[i].used && (v->flags & ABI_VNET_STORM))
			ck_assert_ptr_nonnull(fake_kernel_storm(k, number, 0));
		if (k->vnets.rows[i].used && (v->flags & ABI_VNET_IP_NOSPOOF))
			ck_assert(allows_any(k, number));
		memcpy(&number, k->resources.rows[i].key, sizeof(number));
		if (k->resources.rows[i].used && (r->flags & ABI_RESOURCE_STORM))
			ck_assert_ptr_nonnull(fake_kernel_storm(k, r->vnet, number));
	}
}
