/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FDB entries of a guest: one for each VLAN it is a member of. */
#include <errno.h>

#include "kinds.h"
#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

static size_t set_size(const struct vlan_set *set)
{
	size_t n = 0;

	for (size_t i = 0; i < set->count; i++)
		n += set->range[i].last - set->range[i].first + 1u;
	return n;
}

/* The keys in ascending VLAN order. The caller frees @ret. */
static int wanted_keys(const struct resource *r, struct abi_fdb_key **ret, size_t *ret_count)
{
	const struct vlan_set *set =
		r->settings.has_vlans ? &r->settings.vlans : &r->vnet->settings.vlans;
	uint16_t pvid = resource_pvid(r), id = 0;
	struct abi_fdb_key *keys = calloc(set_size(set) + 1, sizeof(*keys));
	bool pvid_done = false;
	size_t n = 0;

	if (!keys)
		return -ENOMEM;
	do {
		id = vlan_next(set, id);
		if (!pvid_done && (!id || id >= pvid)) {
			keys[n++].vlan = pvid;
			pvid_done = true;
		}
		if (id && id != pvid)
			keys[n++].vlan = id;
	} while (id);
	for (size_t i = 0; i < n; i++) {
		keys[i].vnet = r->vnet->number;
		memcpy(keys[i].mac, r->settings.peer, MAC_LEN);
	}
	*ret = keys;
	*ret_count = n;
	return 0;
}

/* Whose key is it already? A row that no object answers for is left over, and may be overwritten.
 */
static const struct resource *key_owner(const struct resource *r, const struct abi_fdb_key *key)
{
	const struct manager *m = r->vnet->manager;
	const struct resource *other;
	uint32_t number;

	if (manager_datapath(m, fdb_read, key, &number) || number == r->number)
		return NULL;
	other = numbers_find(&m->resource_numbers, number);
	if (!other || other->vnet != r->vnet || !mac_same(other->settings.peer, key->mac))
		return NULL;
	for (size_t i = 0; i < other->fdb_count; i++)
		if (memcmp(&other->fdb[i], key, sizeof(*key)) == 0)
			return other;
	return NULL;
}

static int check_free(const struct resource *r, const struct abi_fdb_key *keys, size_t n,
		      struct error *e)
{
	char label[RESOURCE_LABEL_SIZE], mac[MAC_TEXT_SIZE];

	for (size_t i = 0; i < n; i++) {
		const struct resource *other = key_owner(r, &keys[i]);

		if (other)
			return error_set(
				e, ERROR_EXISTS, EEXIST, resource_label(r, label), "peer",
				"%s: peer %s in VLAN %u is already reached over resource %s", label,
				mac_format(keys[i].mac, mac), keys[i].vlan, other->name);
	}
	return 0;
}

/* Both are in ascending VLAN order. */
static void remove_keys(struct resource *r, const struct abi_fdb_key *keys, size_t n,
			const struct abi_fdb_key *keep, size_t keep_count)
{
	for (size_t i = 0, k = 0; i < n; i++) {
		while (k < keep_count && keep[k].vlan < keys[i].vlan)
			k++;
		if (k < keep_count && memcmp(&keys[i], &keep[k], sizeof(*keep)) == 0)
			continue;
		manager_datapath(r->vnet->manager, fdb_write, &keys[i], 0);
	}
}

static int write_keys(struct resource *r, const struct abi_fdb_key *keys, size_t n, struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	int err;

	for (size_t i = 0; i < n; i++) {
		err = manager_datapath(r->vnet->manager, fdb_write, &keys[i], r->number);
		if (!err)
			continue;
		remove_keys(r, keys, i, r->fdb, r->fdb_count);
		return error_set(e, ERROR_FAILED, -err, resource_label(r, label), "peer",
				 "%s: writing its FDB entry in VLAN %u failed: %s", label,
				 keys[i].vlan, err == -E2BIG ? "the FDB is full" : strerror(-err));
	}
	return 0;
}

int reconcile_fdb(struct resource *r, struct error *e)
{
	UTIL_FREE struct abi_fdb_key *keys = NULL;
	size_t n = 0;
	int err;

	if (!kind_of(r)->fdb)
		return 0;
	err = wanted_keys(r, &keys, &n);
	if (err)
		return error_set(e, ERROR_FAILED, -err, r->name, NULL, "%s: no memory", r->name);
	if (n == r->fdb_count && memcmp(keys, r->fdb, n * sizeof(*keys)) == 0)
		return 0;
	err = check_free(r, keys, n, e);
	if (!err)
		err = write_keys(r, keys, n, e);
	if (err)
		return err;
	remove_keys(r, r->fdb, r->fdb_count, keys, n);
	free(r->fdb);
	r->fdb = UTIL_TAKE_PTR(keys);
	r->fdb_count = n;
	return 0;
}

void reconcile_fdb_remove(struct resource *r)
{
	remove_keys(r, r->fdb, r->fdb_count, NULL, 0);
	free(r->fdb);
	r->fdb = NULL;
	r->fdb_count = 0;
}
