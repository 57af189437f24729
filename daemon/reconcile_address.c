/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which address of an uplink's own MAC is whose: those of the device itself, those that vnets were
 * given, and those that are seen on their uppers. The first who has one keeps it. What the programs
 * learn by themselves is beside these, and never in their place.
 */
#include <errno.h>
#include <sys/socket.h>

#include "manager_internal.h"
#include "reconcile.h"

struct list {
	size_t count, room;
	struct uplink_address *rows; /* owned */
};

static int compare(const void *a, const void *b)
{
	const struct uplink_address *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

/* The same, and of one key the first that was added first. */
static int compare_all(const void *a, const void *b)
{
	const struct uplink_address *x = a, *y = b;
	int order = compare(a, b);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static void sort(struct list *l)
{
	size_t kept = 0;

	if (l->count)
		qsort(l->rows, l->count, sizeof(*l->rows), compare_all);
	for (size_t i = 0; i < l->count; i++)
		if (!kept || compare(&l->rows[kept - 1], &l->rows[i]))
			l->rows[kept++] = l->rows[i];
	l->count = kept;
}

static int add(struct list *l, const struct uplink_address *row)
{
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 16;
		void *grown = reallocarray(l->rows, room, sizeof(*l->rows));

		if (!grown)
			return -ENOMEM;
		l->rows = grown;
		l->room = room;
	}
	l->rows[l->count] = *row;
	l->rows[l->count].order = (uint32_t)l->count;
	l->count++;
	return 0;
}

/* Each VLAN of the vnet, as it is on the wire. */
static int add_in_vlans(struct list *l, const struct resource *r, const uint8_t address[16])
{
	const struct vnet_settings *s = &r->vnet->settings;
	struct uplink_address row = { .key.uplink = r->uplink->number, .resource = r->number };
	uint16_t vlan = s->pvid;
	int err = 0;

	memcpy(row.key.address, address, sizeof(row.key.address));
	for (uint16_t next = 0; vlan && !err; vlan = next = vlan_next(&s->vlans, next)) {
		row.key.vlan = vlan == resource_pvid(r) ? 0 : vlan;
		if (resource_has_vlan(r, vlan))
			err = add(l, &row);
	}
	return err;
}

static void put_address(const struct address *a, uint8_t ret[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (a->family == AF_INET) {
		memcpy(ret, mapped, sizeof(mapped));
		memcpy(ret + sizeof(mapped), a->bytes, 4);
	} else {
		memcpy(ret, a->bytes, sizeof(a->bytes));
	}
}

static int add_own(struct list *l, const struct uplink *u)
{
	struct uplink_address row = { .key.uplink = u->number };
	size_t count;
	const struct address *a = address_of(u->manager->addresses, u->ifindex, &count);
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		put_address(&a[i], row.key.address);
		err = add(l, &row);
	}
	return err;
}

static int add_given(struct list *l, const struct resource *r)
{
	const struct settings_prefixes *local = &r->vnet->settings.local;
	int err = 0;

	for (size_t i = 0; i < local->count && !err; i++)
		err = add_in_vlans(l, r, local->prefix[i].address);
	return err;
}

static int add_seen(struct list *l, const struct resource *r)
{
	const struct vnet *v = r->vnet;
	uint8_t address[16];
	size_t count = 0;
	const struct address *a = NULL;
	int err = 0;

	if (v->settings.learn && v->upper_ifindex)
		a = address_of(v->manager->addresses, v->upper_ifindex, &count);
	for (size_t i = 0; i < count && !err; i++) {
		put_address(&a[i], address);
		err = add_in_vlans(l, r, address);
	}
	return err;
}

static int add_all(struct list *l, const struct uplink *u,
		   int (*of)(struct list *l, const struct resource *r))
{
	int err = 0;

	for (uint32_t i = 0; i < u->slot_count && !err; i++) {
		const struct resource *r = u->slots[i];

		if (r && r->vnet->settings.share && !r->leaving && r->enrolled)
			err = of(l, r);
	}
	return err;
}

static int write_row(struct uplink *u, const struct uplink_address *row)
{
	struct abi_holder holder = { .resource = row->resource };

	return manager_datapath(u->manager, address_write, &row->key, &holder);
}

/* Both are sorted. What is new is there before what is old goes. */
static int write_changes(struct uplink *u, const struct list *now, const struct list *before)
{
	int err = 0;

	for (size_t i = 0, k = 0; i < now->count && !err; i++) {
		while (k < before->count && compare(&before->rows[k], &now->rows[i]) < 0)
			k++;
		if (k < before->count && !compare(&before->rows[k], &now->rows[i]) &&
		    before->rows[k].resource == now->rows[i].resource)
			continue;
		err = write_row(u, &now->rows[i]);
	}
	for (size_t i = 0, k = 0; i < before->count && !err; i++) {
		while (k < now->count && compare(&now->rows[k], &before->rows[i]) < 0)
			k++;
		if (k < now->count && !compare(&now->rows[k], &before->rows[i]))
			continue;
		err = manager_datapath(u->manager, address_write, &before->rows[i].key, NULL);
	}
	return err;
}

static bool shares(const struct uplink *u)
{
	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i] && u->slots[i]->vnet->settings.share && !u->slots[i]->leaving)
			return true;
	return false;
}

static int wanted(struct list *l, const struct uplink *u)
{
	int err;

	if (!u->ifindex || !shares(u))
		return 0;
	err = add_own(l, u);
	if (!err)
		err = add_all(l, u, add_given);
	if (!err)
		err = add_all(l, u, add_seen);
	sort(l);
	return err;
}

int reconcile_addresses(struct uplink *u)
{
	struct list before = { .count = u->address_count, .rows = u->addresses }, now = { 0 };
	int err = wanted(&now, u);

	if (!err)
		err = write_changes(u, &now, &before);
	if (err) {
		free(now.rows);
		return err;
	}
	free(u->addresses);
	u->addresses = now.rows;
	u->address_count = now.count;
	return 0;
}

void reconcile_addresses_remove(struct uplink *u)
{
	for (size_t i = 0; i < u->address_count; i++)
		manager_removed(u->manager, manager_datapath(u->manager, address_write,
							     &u->addresses[i].key, NULL));
	free(UTIL_TAKE_PTR(u->addresses));
	u->address_count = 0;
}

bool reconcile_address_holds(const struct uplink *u, const struct abi_address_key *key,
			     uint32_t resource)
{
	for (size_t i = 0; i < u->address_count; i++)
		if (!memcmp(&u->addresses[i].key, key, sizeof(*key)))
			return u->addresses[i].resource == resource;
	return false;
}

/* An address has come to a device, or has left it. */
void reconcile_address_news(struct manager *m, uint32_t ifindex)
{
	const struct manager_owner *o = owner_find(m, ifindex);
	struct uplink *u = o ? o->uplink : NULL;

	if (o && o->vnet && o->vnet->service)
		u = o->vnet->service->uplink;
	if (u)
		manager_removed(m, reconcile_addresses(u));
}
