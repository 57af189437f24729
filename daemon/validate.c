/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a wanted change right, before anything is touched? */
#include <errno.h>
#include <net/if_arp.h>

#include "kinds.h"
#include "manager_internal.h"

/* --- vnets --- */

static int check_address(const struct manager *m, const struct vnet *self,
			 const struct vnet_settings *s, const char *name, struct error *e)
{
	char mac[MAC_TEXT_SIZE];

	for (const struct vnet *v = m->vnets; v; v = v->hh.next)
		if (v != self && mac_same(v->settings.address, s->address))
			return error_set(e, ERROR_EXISTS, EEXIST, name, "address",
					 "%s: address %s is vnet %s's already", name,
					 mac_format(s->address, mac), v->name);
	return 0;
}

static int check_upper(const struct manager *m, const struct vnet *self,
		       const struct vnet_settings *s, const char *name, struct error *e)
{
	const struct link *l = link_find_name(m->links, s->upper);
	const struct manager_owner *o = l ? owner_find(m, l->ifindex) : NULL;

	if (!s->upper[0])
		return 0;
	if (l && l->type != ARPHRD_ETHER)
		return error_set(e, ERROR_INVALID, EINVAL, name, "upper",
				 "%s: upper %s is not an Ethernet device", name, s->upper);
	if (o && o->vnet != self)
		return error_set(e, ERROR_BUSY, EBUSY, name, "upper",
				 "%s: upper %s is in use by vnet %s already", name, s->upper,
				 o->vnet->name);
	for (const struct vnet *v = m->vnets; v; v = v->hh.next)
		if (v != self && util_same(v->settings.upper, s->upper))
			return error_set(e, ERROR_BUSY, EBUSY, name, "upper",
					 "%s: upper %s is in use by vnet %s already", name,
					 s->upper, v->name);
	return 0;
}

/* The devices are asked before the first of them is touched. */
static int check_mtu(const struct vnet *v, const struct vnet_settings *s, struct error *e)
{
	const struct link *l;

	for (const struct resource *r = v->resources; r; r = r->hh.next) {
		l = link_find(v->manager->links, r->ifindex);
		if (l && l->max_mtu && l->max_mtu < s->mtu)
			return error_set(e, ERROR_INVALID, EINVAL, v->name, "mtu",
					 "%s: mtu %u is more than resource %s can carry: its "
					 "device %s takes at "
					 "most %u",
					 v->name, s->mtu, r->name, l->name, l->max_mtu);
	}
	return 0;
}

/* A guest behind the vnet's own MAC could never be told from the vnet. */
static int check_peers(const struct vnet *v, const struct vnet_settings *s, struct error *e)
{
	char mac[MAC_TEXT_SIZE];

	for (const struct resource *r = v->resources; r; r = r->hh.next)
		if (kind_of(r)->fdb && mac_same(r->settings.peer, s->address))
			return error_set(e, ERROR_INVALID, EINVAL, v->name, "address",
					 "%s: address %s is the peer of its resource %s", v->name,
					 mac_format(s->address, mac), r->name);
	return 0;
}

int validate_vnet_add(const struct manager *m, const char *name, const struct vnet_settings *s,
		      struct error *e)
{
	const struct vnet *other;
	int err = settings_check_name("vnet", name, SETTINGS_NAME_SIZE, e);

	if (!err)
		err = settings_vnet_check(s, name, e);
	if (err)
		return err;
	HASH_FIND_STR(m->vnets, name, other);
	if (other)
		return error_set(e, ERROR_EXISTS, EEXIST, name, "name",
				 "%s: there is a vnet of that name already", name);
	err = check_address(m, NULL, s, name, e);
	return err ? err : check_upper(m, NULL, s, name, e);
}

int validate_vnet_set(const struct vnet *v, const struct vnet_settings *s, struct error *e)
{
	int err = settings_vnet_check(s, v->name, e);

	if (!err &&
	    (!util_same(s->upper, v->settings.upper) || !util_same(s->netns, v->settings.netns)))
		err = error_set(e, ERROR_INVALID, EINVAL, v->name, "upper",
				"%s: upper and netns can only be given when the vnet is made",
				v->name);
	if (!err)
		err = check_address(v->manager, v, s, v->name, e);
	if (!err)
		err = check_peers(v, s, e);
	return err ? err : check_mtu(v, s, e);
}

/* --- resources --- */

static int check_room(const struct resource *self, const struct vnet *v,
		      const struct resource_settings *s, const char *label, struct error *e)
{
	const struct kind *kind = kind_find(s->type);

	if (s->type == SETTINGS_SERVICE && v->service && v->service != self)
		return error_set(e, ERROR_EXISTS, EEXIST, label, "type",
				 "%s: vnet %s has a service already, resource %s; a vnet takes one",
				 label, v->name, v->service->name);
	if (s->type == SETTINGS_HYBRID && !self && v->hybrid_count >= kind->max)
		return error_set(e, ERROR_EXISTS, ENOSPC, label, "type",
				 "%s: vnet %s has %zu hybrids already, the most it takes", label,
				 v->name, v->hybrid_count);
	return 0;
}

static int check_peer(const struct resource *self, const struct vnet *v,
		      const struct resource_settings *s, const char *label, struct error *e)
{
	char mac[MAC_TEXT_SIZE];

	if (!kind_find(s->type)->fdb || !mac_same(s->peer, v->settings.address))
		return 0;
	return error_set(
		e, ERROR_INVALID, EINVAL, label, "peer",
		"%s: peer %s is the address of vnet %s itself; the peer's own MAC was expected",
		label, mac_format(s->peer, mac), v->name);
}

static int device_busy(const char *label, const char *device, const struct vnet *v,
		       const struct resource *r, struct error *e)
{
	if (r)
		return error_set(e, ERROR_BUSY, EBUSY, label, "device",
				 "%s: device %s is in use by resource %s of vnet %s already", label,
				 device, r->name, r->vnet->name);
	return error_set(e, ERROR_BUSY, EBUSY, label, "device",
			 "%s: device %s is the upper or the port of vnet %s", label, device,
			 v->name);
}

/* Whether it exists or not, no device is promised twice. */
static int check_device_free(const struct manager *m, const struct resource *self,
			     const char *device, const char *label, struct error *e)
{
	const struct link *l = link_find_name(m->links, device);
	const struct manager_owner *o = l ? owner_find(m, l->ifindex) : NULL;
	struct resource *waiting;

	if (o && o->resource != self)
		return device_busy(label, device, o->vnet, o->resource, e);
	HASH_FIND(by_device, m->waiting, device, strlen(device), waiting);
	if (waiting && waiting != self)
		return device_busy(label, device, waiting->vnet, waiting, e);
	for (const struct vnet *v = m->vnets; v; v = v->hh.next)
		if (util_same(v->settings.upper, device))
			return device_busy(label, device, v, NULL, e);
	return 0;
}

static int check_device(const struct vnet *v, const struct link *l, const char *label,
			struct error *e)
{
	const struct link *master = l->master ? link_find(v->manager->links, l->master) : NULL;

	if (l->type != ARPHRD_ETHER)
		return error_set(e, ERROR_INVALID, EINVAL, label, "device",
				 "%s: device %s is not an Ethernet device", label, l->name);
	if (l->master)
		return error_set(e, ERROR_BUSY, EBUSY, label, "device",
				 "%s: device %s is a port of %s; take it out of there first", label,
				 l->name, master ? master->name : "a bridge or bond");
	if (l->max_mtu && l->max_mtu < v->settings.mtu)
		return error_set(e, ERROR_INVALID, EINVAL, label, "device",
				 "%s: device %s takes an MTU of at most %u, and vnet %s has %u",
				 label, l->name, l->max_mtu, v->name, v->settings.mtu);
	return 0;
}

int validate_device(const struct resource *r, const struct link *l, struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	const struct manager_owner *o = owner_find(r->vnet->manager, l->ifindex);

	resource_label(r, label);
	if (o && o->resource != r)
		return device_busy(label, l->name, o->vnet, o->resource, e);
	return check_device(r->vnet, l, label, e);
}

int validate_resource_add(const struct vnet *v, const char *name, const struct resource_settings *s,
			  struct error *e)
{
	const struct link *l = link_find_name(v->manager->links, s->device);
	char label[RESOURCE_LABEL_SIZE];
	const struct resource *other;
	int err = settings_check_name("resource", name, DESIRED_RESOURCE_NAME_SIZE, e);

	if (err)
		return err;
	snprintf(label, sizeof(label), "%s/%s", v->name, name);
	err = settings_resource_check(s, label, e);
	if (err)
		return err;
	HASH_FIND_STR(v->resources, name, other);
	if (other)
		return error_set(e, ERROR_EXISTS, EEXIST, label, "name",
				 "%s: vnet %s has a resource of that name already", label, v->name);
	err = check_room(NULL, v, s, label, e);
	if (!err)
		err = check_peer(NULL, v, s, label, e);
	if (!err)
		err = check_device_free(v->manager, NULL, s->device, label, e);
	if (!err && l)
		err = check_device(v, l, label, e);
	return err;
}

int validate_resource_set(const struct resource *r, const struct resource_settings *s,
			  struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	int err = settings_resource_check(s, resource_label(r, label), e);

	if (!err && (s->type != r->settings.type || !util_same(s->device, r->settings.device)))
		err = error_set(e, ERROR_INVALID, EINVAL, label, "device",
				"%s: type and device can only be given when the resource is added",
				label);
	return err ? err : check_peer(r, r->vnet, s, label, e);
}
