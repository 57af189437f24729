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
	const uint8_t *peer;	     /* NULL: not known */
	uint32_t number;	     /* 0: not given yet */
	const struct uplink *uplink; /* it is a member: @peer is the vnet's own MAC, on the wire */
	const char *label;
};

static bool has_entries(const struct resource_settings *s)
{
	return kind_find(s->type)->fdb || s->uplink[0];
}

/* Whose MAC it is that is registered. NULL: nobody's, or not known. */
static const uint8_t *registered(const struct manager *m, const struct vnet_settings *of_vnet,
				 const struct resource_settings *s)
{
	if (s->uplink[0])
		return of_vnet->share ? NULL : of_vnet->address;
	return reconcile_peer_address(m, s);
}

static struct subject subject_of(const struct resource *r, const uint8_t *peer,
				 char label[RESOURCE_LABEL_SIZE])
{
	return (struct subject) {
		.v = r->vnet,
		.of_vnet = &r->vnet->settings,
		.s = &r->settings,
		.peer = peer,
		.number = r->number,
		.uplink = r->uplink,
		.label = resource_label(r, label),
	};
}

/* The VLANs of the vnet that are the resource's as well, as they are on the wire, ascending. */
static int wire_keys(const struct subject *s, struct abi_fdb_key **ret, size_t *ret_count)
{
	uint16_t native = s->s->pvid ?: VLAN_FIRST, last = 0;
	bool seen[ABI_VLANS] = { false };
	struct abi_fdb_key *keys;
	size_t n = 0;

	for (uint16_t vlan = s->of_vnet->pvid; s->peer && vlan;
	     vlan = last = vlan_next(&s->of_vnet->vlans, last))
		if (!s->s->has_vlans || vlan == native || vlan_has(&s->s->vlans, vlan))
			seen[vlan == native ? 0 : vlan] = true;
	for (size_t i = 0; i < ABI_VLANS; i++)
		n += seen[i];
	keys = calloc(n + 1, sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	n = 0;
	for (uint16_t i = 0; i < ABI_VLANS; i++) {
		if (!seen[i])
			continue;
		keys[n].vnet = ABI_OF_UPLINK | s->uplink->number;
		keys[n].vlan = i;
		memcpy(keys[n++].mac, s->peer, MAC_LEN);
	}
	*ret = keys;
	*ret_count = n;
	return 0;
}

/* The keys in ascending VLAN order. The caller frees @ret. */
static int guest_keys(const struct subject *s, struct abi_fdb_key **ret, size_t *ret_count)
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

static int wanted_keys(const struct subject *s, struct abi_fdb_key **ret, size_t *ret_count)
{
	return s->uplink ? wire_keys(s, ret, ret_count) : guest_keys(s, ret, ret_count);
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
	if (!other)
		return NULL;
	for (size_t i = 0; i < other->fdb_count; i++)
		if (memcmp(&other->fdb[i], key, sizeof(*key)) == 0)
			return other;
	return NULL;
}

static int key_is_taken(const struct subject *s, const struct abi_fdb_key *key,
			const struct resource *other, struct error *e)
{
	char mac[MAC_TEXT_SIZE], vlan[16] = "untagged";

	mac_format(key->mac, mac);
	if (!s->uplink)
		return error_set(e, ERROR_EXISTS, EEXIST, s->label, "peer",
				 "%s: peer %s in VLAN %u is already reached over resource %s",
				 s->label, mac, key->vlan, other->name);
	if (key->vlan)
		snprintf(vlan, sizeof(vlan), "in VLAN %u", key->vlan);
	return error_set(e, ERROR_EXISTS, EEXIST, s->v->name, "address",
			 "%s: address %s %s is vnet %s's already on uplink %s", s->v->name, mac,
			 vlan, other->vnet->name, s->uplink->name);
}

static int check_free(const struct subject *s, const struct abi_fdb_key *keys, size_t n,
		      struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct resource *other = key_owner(s, &keys[i]);

		if (other)
			return key_is_taken(s, &keys[i], other, e);
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

	if (!has_entries(s->s))
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
		.peer = registered(v->manager, of_vnet, s),
		.number = self ? self->number : 0,
		.uplink = s->uplink[0] ? manager_find_uplink(v->manager, s->uplink, NULL) : NULL,
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
	const uint8_t *peer = registered(r->vnet->manager, &r->vnet->settings, &r->settings);
	struct subject subject = subject_of(r, peer, label);
	UTIL_FREE struct abi_fdb_key *keys = NULL;
	size_t n = 0;
	int err;

	if (!has_entries(&r->settings))
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
