/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows beside those of vnets and resources that what they may send is checked by: storm limits,
 * source addresses. They are there before a flag refers to them, and go after it.
 */
#include "manager_internal.h"
#include "reconcile.h"

#define SECOND_NS    1000000000ULL
#define BURST_MIN_NS 100000000ULL /* a tenth of a second's frames may come at once */
#define VNET_BITS    32		  /* of struct abi_allowed_key */

/* --- storm limits --- */

int reconcile_storm(struct manager *m, const struct abi_storm_key *key, uint32_t limit,
		    uint32_t *written)
{
	struct abi_storm row = { 0 };
	int err;

	if (!limit || limit == *written)
		return 0;
	row.interval_ns = SECOND_NS / limit;
	row.burst_ns = row.interval_ns > BURST_MIN_NS ? row.interval_ns : BURST_MIN_NS;
	err = manager_datapath(m, storm_write, key, &row);
	if (!err)
		*written = limit;
	return err;
}

int reconcile_storm_remove(struct manager *m, const struct abi_storm_key *key, uint32_t *written)
{
	int err = *written ? manager_datapath(m, storm_write, key, NULL) : 0;

	if (!err)
		*written = 0;
	return err;
}

/* --- source addresses --- */

static const struct settings_prefixes *wanted_prefixes(const struct vnet *v)
{
	static const struct settings_prefixes none;

	return v->settings.protection & SETTINGS_IP_NOSPOOF ? &v->settings.allowed : &none;
}

static struct abi_allowed_key key_of(const struct vnet *v, const struct settings_prefix *p)
{
	struct abi_allowed_key key = { .prefixlen = VNET_BITS + p->length, .vnet = v->number };

	memcpy(key.address, p->address, sizeof(key.address));
	return key;
}

static int write_prefix(struct vnet *v, const struct settings_prefix *p, bool there)
{
	struct abi_allowed_key key = key_of(v, p);

	return manager_datapath(v->manager, allowed_write, &key, there);
}

/* All of @list that @but has not. */
static int write_prefixes(struct vnet *v, const struct settings_prefixes *list,
			  const struct settings_prefixes *but, bool there)
{
	int first = 0, err;

	for (size_t i = 0; i < list->count; i++) {
		if (settings_prefixes_have(but, &list->prefix[i]))
			continue;
		err = write_prefix(v, &list->prefix[i], there);
		first = first ? first : err;
	}
	return first;
}

bool reconcile_protect_allows(const struct vnet *v, const struct abi_allowed_key *key)
{
	const struct settings_prefixes *list = wanted_prefixes(v);

	for (size_t i = 0; i < list->count; i++) {
		struct abi_allowed_key own = key_of(v, &list->prefix[i]);

		if (!memcmp(&own, key, sizeof(own)))
			return true;
	}
	return false;
}

/* --- a vnet's --- */

uint32_t reconcile_protect_flags(const struct vnet *v)
{
	static const struct {
		enum settings_protection protection;
		enum abi_vnet_flag flag;
	} rows[] = {
		{ SETTINGS_MAC_NOSPOOF, ABI_VNET_MAC_NOSPOOF },
		{ SETTINGS_IP_NOSPOOF, ABI_VNET_IP_NOSPOOF },
		{ SETTINGS_DHCP_NOSPOOF, ABI_VNET_DHCP_NOSPOOF },
		{ SETTINGS_RESTRICTED, ABI_VNET_RESTRICTED },
	};
	uint32_t flags = v->settings.storm_limit ? ABI_VNET_STORM : 0;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(rows); i++)
		if (v->settings.protection & rows[i].protection)
			flags |= rows[i].flag;
	return flags;
}

int reconcile_protect(struct vnet *v)
{
	const struct abi_storm_key key = { .vnet = v->number };
	int err = reconcile_storm(v->manager, &key, v->settings.storm_limit, &v->storm_written);

	if (!err)
		err = write_prefixes(v, wanted_prefixes(v), &v->allowed_written, true);
	return err;
}

int reconcile_protect_end(struct vnet *v, int err)
{
	const struct abi_storm_key key = { .vnet = v->number };
	const struct settings_prefixes *wanted = wanted_prefixes(v);

	/* A change that is refused: what was added for it would allow what nobody wanted. At a
	 * start it is what an earlier daemon has written, and in use. */
	if (err) {
		if (!v->manager->starting)
			manager_removed(v->manager,
					write_prefixes(v, wanted, &v->allowed_written, false));
		return err;
	}
	manager_removed(v->manager, write_prefixes(v, &v->allowed_written, wanted, false));
	v->allowed_written = *wanted;
	return v->settings.storm_limit
		       ? 0
		       : reconcile_storm_remove(v->manager, &key, &v->storm_written);
}

void reconcile_protect_remove(struct vnet *v)
{
	static const struct settings_prefixes none;
	const struct abi_storm_key key = { .vnet = v->number };
	struct manager *m = v->manager;

	manager_removed(m, write_prefixes(v, &v->allowed_written, &none, false));
	v->allowed_written = none;
	manager_removed(m, reconcile_storm_remove(m, &key, &v->storm_written));
}
