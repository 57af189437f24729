/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's book-keeping: numbers, owners of devices, making and freeing of objects. */
#include <errno.h>
#include <utlist.h>

#include "manager_internal.h"
#include "reconcile.h"

#define NUMBERS_GROWTH 256

static int numbers_grow(struct manager_numbers *n, uint32_t number)
{
	uint32_t size = number + NUMBERS_GROWTH;
	void **object;

	if (number < n->size)
		return 0;
	if (size > n->max)
		size = n->max;
	object = reallocarray(n->object, size, sizeof(*object));
	if (!object)
		return -ENOMEM;
	memset(object + n->size, 0, (size - n->size) * sizeof(*object));
	n->object = object;
	n->size = size;
	return 0;
}

int numbers_take(struct manager_numbers *n, uint32_t wanted, void *object, uint32_t *ret)
{
	uint32_t number = wanted;
	int err;

	if (!number || number >= n->max || numbers_find(n, number)) {
		for (number = n->hint ?: 1; number < n->size && n->object[number]; number++)
			;
		n->hint = number;
	}
	if (number >= n->max)
		return -ENOSPC;
	err = numbers_grow(n, number);
	if (err)
		return err;
	n->object[number] = object;
	*ret = number;
	return 0;
}

void numbers_release(struct manager_numbers *n, uint32_t number)
{
	if (number >= n->size)
		return;
	n->object[number] = NULL;
	if (number < n->hint)
		n->hint = number;
}

void *numbers_find(const struct manager_numbers *n, uint32_t number)
{
	return number < n->size ? n->object[number] : NULL;
}

void numbers_clear(struct manager_numbers *n)
{
	free(n->object);
	n->object = NULL;
	n->size = 0;
}

const struct manager_owner *owner_find(const struct manager *m, uint32_t ifindex)
{
	struct manager_owner *o;

	HASH_FIND(hh, m->owners, &ifindex, sizeof(ifindex), o);
	return o;
}

static int owner_put(struct manager *m, uint32_t ifindex, struct manager_owner who)
{
	struct manager_owner *o;

	HASH_FIND(hh, m->owners, &ifindex, sizeof(ifindex), o);
	if (!o) {
		o = calloc(1, sizeof(*o));
		if (!o)
			return -ENOMEM;
		o->ifindex = ifindex;
		HASH_ADD(hh, m->owners, ifindex, sizeof(o->ifindex), o);
		if (!HASH_ADDED(hh, o)) {
			free(o);
			return -ENOMEM;
		}
	}
	o->vnet = who.vnet;
	o->resource = who.resource;
	o->uplink = who.uplink;
	return 0;
}

int owner_set(struct manager *m, uint32_t ifindex, struct vnet *v, struct resource *r)
{
	return owner_put(m, ifindex, (struct manager_owner) { .vnet = v, .resource = r });
}

int owner_set_uplink(struct manager *m, uint32_t ifindex, struct uplink *u)
{
	return owner_put(m, ifindex, (struct manager_owner) { .uplink = u });
}

void owner_clear(struct manager *m, uint32_t ifindex)
{
	struct manager_owner *o;

	HASH_FIND(hh, m->owners, &ifindex, sizeof(ifindex), o);
	if (!o)
		return;
	HASH_DEL(m->owners, o);
	free(o);
}

int object_vnet_new(struct manager *m, const char *name, uint32_t number,
		    const struct vnet_settings *s, struct vnet **ret, struct error *e)
{
	struct vnet *v = calloc(1, sizeof(*v));
	int err;

	if (!v)
		return error_set(e, ERROR_FAILED, ENOMEM, name, NULL, "%s: no memory", name);
	v->manager = m;
	util_copy(v->name, sizeof(v->name), name);
	v->settings = *s;
	err = numbers_take(&m->vnet_numbers, number, v, &v->number);
	if (err) {
		free(v);
		return error_set(e, ERROR_FAILED, -err, name, NULL,
				 "%s: there are %u vnets already, no more are possible", name,
				 m->vnet_numbers.max - 1);
	}
	HASH_ADD_STR(m->vnets, name, v);
	if (!HASH_ADDED(hh, v)) {
		numbers_release(&m->vnet_numbers, v->number);
		free(v);
		return error_set(e, ERROR_FAILED, ENOMEM, name, NULL, "%s: no memory", name);
	}
	m->uppers_missing++; /* until reconcile finds or makes it */
	*ret = v;
	return 0;
}

void object_vnet_free(struct vnet *v)
{
	reconcile_announce_end(v);
	struct manager *m = v->manager;

	if (!v->port_ifindex)
		m->uppers_missing--;
	HASH_DEL(m->vnets, v);
	numbers_release(&m->vnet_numbers, v->number);
	desired_names_clear(&v->removed);
	desired_names_clear(&v->removed_flows);
	history_clear(&v->history);
	free(v);
}

int object_uplink_new(struct manager *m, const char *name, uint32_t number,
		      const struct uplink_settings *s, struct uplink **ret, struct error *e)
{
	struct uplink *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return error_set(e, ERROR_FAILED, ENOMEM, name, NULL, "%s: no memory", name);
	u->manager = m;
	util_copy(u->name, sizeof(u->name), name);
	u->settings = *s;
	err = numbers_take(&m->uplink_numbers, number, u, &u->number);
	if (err) {
		free(u);
		return error_set(e, ERROR_FAILED, -err, name, NULL,
				 "%s: there are %u uplinks already, no more are possible", name,
				 m->uplink_numbers.max - 1);
	}
	HASH_ADD_STR(m->uplinks, name, u);
	if (!HASH_ADDED(hh, u)) {
		numbers_release(&m->uplink_numbers, u->number);
		free(u);
		return error_set(e, ERROR_FAILED, ENOMEM, name, NULL, "%s: no memory", name);
	}
	*ret = u;
	return 0;
}

void object_uplink_free(struct uplink *u)
{
	struct manager *m = u->manager;

	HASH_DEL(m->uplinks, u);
	numbers_release(&m->uplink_numbers, u->number);
	desired_names_clear(&u->removed_flows);
	history_clear(&u->history);
	free(u->addresses);
	free(u->slots);
	free(u);
}

static int take_slot(struct resource *r, struct uplink *u)
{
	struct resource **grown;
	uint32_t slot = 0;

	while (slot < u->slot_count && u->slots[slot])
		slot++;
	if (slot == u->slot_count) {
		grown = reallocarray(u->slots, slot + 1, sizeof(struct resource *));
		if (!grown)
			return -ENOMEM;
		u->slots = grown;
		u->slot_count++;
	}
	u->slots[slot] = r;
	u->member_count++;
	r->uplink = u;
	r->slot = slot;
	return 0;
}

static void leave_slot(struct resource *r)
{
	struct uplink *u = r->uplink;

	if (!u)
		return;
	u->slots[r->slot] = NULL;
	u->member_count--;
	while (u->slot_count && !u->slots[u->slot_count - 1])
		u->slot_count--;
	r->uplink = NULL;
}

/* False: no memory. One that is listed already is. */
static bool wait_listed(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	const char *device = r->settings.device;

	if (resource_is_tap(r) || resource_is_vf(r) || r->uplink || HASH_ADDED(by_device, r))
		return true;
	HASH_ADD_KEYPTR(by_device, m->waiting, device, strlen(device), r);
	return HASH_ADDED(by_device, r);
}

/* What it leads to: a device that it waits for, or another vnet. False: no memory. */
static bool list_target(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	const char *vnet = r->settings.peer_vnet;

	if (r->uplink)
		return true;
	if (!resource_is_peer(r))
		return wait_listed(r);
	HASH_ADD_KEYPTR(by_peer, r->vnet->peers, vnet, strlen(vnet), r);
	if (!HASH_ADDED(by_peer, r))
		return false;
	HASH_ADD_KEYPTR(by_target, m->peers, vnet, strlen(vnet), r);
	return HASH_ADDED(by_target, r);
}

/* Without memory it cannot be told when its device comes, so it is looked for again. */
void object_resource_wait(struct resource *r)
{
	if (!wait_listed(r))
		r->vnet->manager->unsettled = true;
}

void object_resource_wait_end(struct resource *r)
{
	if (!HASH_ADDED(by_device, r))
		return;
	HASH_DELETE(by_device, r->vnet->manager->waiting, r);
	r->by_device.tbl = NULL;
}

static void unlist_target(struct resource *r)
{
	struct manager *m = r->vnet->manager;

	if (r->uplink) {
		leave_slot(r);
	} else if (resource_is_peer(r)) {
		if (HASH_ADDED(by_peer, r))
			HASH_DELETE(by_peer, r->vnet->peers, r);
		if (HASH_ADDED(by_target, r))
			HASH_DELETE(by_target, m->peers, r);
	} else if (!r->ifindex) {
		object_resource_wait_end(r);
	}
}

/* The hash holds many of a name. */
struct resource *manager_next_peer(const struct manager *m, const char *name,
				   const struct resource *r)
{
	struct resource *next = NULL;
	const struct UT_hash_handle *h;

	if (!r) {
		HASH_FIND(by_target, m->peers, name, strlen(name), next);
		return next;
	}
	for (h = r->by_target.hh_next; h && !next; h = h->hh_next) {
		struct resource *other = ELMT_FROM_HH(m->peers->by_target.tbl, h);

		if (util_same(other->settings.peer_vnet, name))
			next = other;
	}
	return next;
}

#define PROVIDED_NAME "p%u"

void object_resource_name(struct vnet *v, char ret[DESIRED_RESOURCE_NAME_SIZE])
{
	const struct resource *other;

	for (;; v->provided_hint++) {
		snprintf(ret, DESIRED_RESOURCE_NAME_SIZE, PROVIDED_NAME, v->provided_hint);
		HASH_FIND_STR(v->resources, ret, other);
		if (!other)
			return;
	}
}

static void release_name(struct vnet *v, const char *name)
{
	char text[DESIRED_RESOURCE_NAME_SIZE];
	unsigned int number;

	if (sscanf(name, PROVIDED_NAME, &number) != 1 || number >= v->provided_hint)
		return;
	snprintf(text, sizeof(text), PROVIDED_NAME, number);
	if (util_same(text, name))
		v->provided_hint = number;
}

int object_resource_new(struct vnet *v, const char *name, uint32_t number,
			const struct resource_settings *s, const struct desired_provider *provider,
			struct resource **ret, struct error *e)
{
	struct manager *m = v->manager;
	struct resource *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return error_set(e, ERROR_FAILED, ENOMEM, name, NULL, "%s: no memory", name);
	r->vnet = v;
	r->order = ++m->made;
	util_copy(r->name, sizeof(r->name), name);
	r->settings = *s;
	if (provider)
		r->provider = *provider;
	if (s->uplink[0] && take_slot(r, manager_find_uplink(m, s->uplink, NULL))) {
		free(r);
		return error_set(e, ERROR_FAILED, ENOMEM, name, NULL, "%s: no memory", name);
	}
	err = numbers_take(&m->resource_numbers, number, r, &r->number);
	if (err) {
		leave_slot(r);
		free(r);
		return error_set(e, ERROR_FAILED, -err, name, NULL,
				 "%s/%s: there are %u resources already, no more are possible",
				 v->name, name, m->resource_numbers.max - 1);
	}
	HASH_ADD_STR(v->resources, name, r);
	if (!HASH_ADDED(hh, r) || !list_target(r)) {
		unlist_target(r);
		if (HASH_ADDED(hh, r))
			HASH_DEL(v->resources, r);
		numbers_release(&m->resource_numbers, r->number);
		free(r);
		return error_set(e, ERROR_FAILED, ENOMEM, name, NULL, "%s/%s: no memory", v->name,
				 name);
	}
	reconcile_vf_begin(r);
	if (resource_is_tap(r))
		DL_APPEND2(m->taps, r, tap_prev, tap_next);
	m->resource_count++;
	vnet_enlist(r);
	*ret = r;
	return 0;
}

struct resource *object_tap_find(const struct manager *m, uint32_t ifindex)
{
	struct resource *r;

	DL_FOREACH2 (m->taps, r, tap_next)
		if (r->tap_ifindex == ifindex)
			return r;
	return NULL;
}

void object_resource_free(struct resource *r)
{
	struct vnet *v = r->vnet;
	struct manager *m = v->manager;

	reconcile_hold_pause(r);
	reconcile_health_end(r);
	reconcile_vf_end(r);
	if (resource_is_tap(r))
		DL_DELETE2(m->taps, r, tap_prev, tap_next);
	vnet_delist(r);
	unlist_target(r);
	HASH_DEL(v->resources, r);
	release_name(v, r->name);
	numbers_release(&m->resource_numbers, r->number);
	m->resource_count--;
	free(r->fdb);
	free(r);
}
