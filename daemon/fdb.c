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

/* What decides on the entries of a guest. */
struct subject {
	const struct vnet *v;
	const struct vnet_settings *of_vnet;
	const struct resource_settings *s;
	const uint8_t *peer; /* NULL: not known */
	uint32_t number;     /* 0: not given yet */
	const char *label;
};

static struct subject subject_of(const struct resource *r, const uint8_t *peer,
				 char label[RESOURCE_LABEL_SIZE])
{
	return (struct subject) {
		.v = r->vnet,
		.of_vnet = &r->vnet->settings,
		.s = &r->settings,
		.peer = peer,
		.number = r->number,
		.label = resource_label(r, label),
	};
}

/* The keys in ascending VLAN order. The caller frees @ret. */
static int wanted_keys(const struct subject *s, struct abi_fdb_key **ret, size_t *ret_count)
{
	const struct vlan_set *set = s->s->has_vlans ? &s->s->vlans : &s->of_vnet->vlans;
	uint16_t pvid = s->s->pvid ?: s->of_vnet->pvid, id = 0;
	struct abi_fdb_key *keys = calloc(set_size(set) + 1, sizeof(*keys));
	bool pvid_done = !s->peer;
	size_t n = 0;

	if (!keys)
		return -ENOMEM;
	do {
		id = s->peer ? vlan_next(set, id) : 0;
		if (!pvid_done && (!id || id >= pvid)) {
			keys[n++].vlan = pvid;
			pvid_done = true;
		}
		if (id && id != pvid)
			keys[n++].vlan = id;
	} while (id);
	for (size_t i = 0; i < n; i++) {
		keys[i].vnet = s->v->number;
		memcpy(keys[i].mac, s->peer, MAC_LEN);
	}
	*ret = keys;
	*ret_count = n;
	return 0;
}

/* Whose key is it already? A row that no object answers for is left over, and may be overwritten.
 */
static const struct resource *key_owner(const struct subject *s, const struct abi_fdb_key *key)
{
	const struct manager *m = s->v->manager;
	const struct resource *other;
	uint32_t number;

	if (manager_datapath(m, fdb_read, key, &number) || number == s->number)
		return NULL;
	other = numbers_find(&m->resource_numbers, number);
	if (!other || other->vnet != s->v)
		return NULL;
	for (size_t i = 0; i < other->fdb_count; i++)
		if (memcmp(&other->fdb[i], key, sizeof(*key)) == 0)
			return other;
	return NULL;
}

static int check_free(const struct subject *s, const struct abi_fdb_key *keys, size_t n,
		      struct error *e)
{
	char mac[MAC_TEXT_SIZE];

	for (size_t i = 0; i < n; i++) {
		const struct resource *other = key_owner(s, &keys[i]);

		if (other)
			return error_set(
				e, ERROR_EXISTS, EEXIST, s->label, "peer",
				"%s: peer %s in VLAN %u is already reached over resource %s",
				s->label, mac_format(keys[i].mac, mac), keys[i].vlan, other->name);
	}
	return 0;
}

static int no_memory(const struct subject *s, struct error *e)
{
	return error_set(e, ERROR_FAILED, ENOMEM, s->label, NULL, "%s: no memory", s->label);
}

static int check(const struct subject *s, struct error *e)
{
	UTIL_FREE struct abi_fdb_key *keys = NULL;
	size_t n = 0;

	if (!kind_find(s->s->type)->fdb)
		return 0;
	if (wanted_keys(s, &keys, &n))
		return no_memory(s, e);
	return check_free(s, keys, n, e);
}

int reconcile_fdb_check(const struct vnet *v, const struct vnet_settings *of_vnet,
			const struct resource *self, const struct resource_settings *s,
			const char *label, struct error *e)
{
	struct subject subject = {
		.v = v,
		.of_vnet = of_vnet,
		.s = s,
		.peer = reconcile_peer_address(v->manager, s),
		.number = self ? self->number : 0,
		.label = label,
	};

	return check(&subject, e);
}

int reconcile_fdb_check_peer(const struct resource *r, const uint8_t *peer, struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	struct subject subject = subject_of(r, peer, label);

	return check(&subject, e);
}

/* Both are in ascending VLAN order. */
static void remove_keys(struct resource *r, const struct abi_fdb_key *keys, size_t n,
			const struct abi_fdb_key *keep, size_t keep_count)
{
	struct manager *m = r->vnet->manager;

	for (size_t i = 0, k = 0; i < n; i++) {
		while (k < keep_count && keep[k].vlan < keys[i].vlan)
			k++;
		if (k < keep_count && memcmp(&keys[i], &keep[k], sizeof(*keep)) == 0)
			continue;
		manager_removed(m, manager_datapath(m, fdb_write, &keys[i], 0));
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
	char label[RESOURCE_LABEL_SIZE];
	const uint8_t *peer = reconcile_peer_address(r->vnet->manager, &r->settings);
	struct subject subject = subject_of(r, peer, label);
	UTIL_FREE struct abi_fdb_key *keys = NULL;
	size_t n = 0;
	int err;

	if (!kind_of(r)->fdb)
		return 0;
	if (wanted_keys(&subject, &keys, &n))
		return no_memory(&subject, e);
	if (n == r->fdb_count && (!n || memcmp(keys, r->fdb, n * sizeof(*keys)) == 0))
		return 0;
	err = check_free(&subject, keys, n, e);
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
