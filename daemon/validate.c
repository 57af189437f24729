/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a wanted change right, before anything is touched? */
#include <errno.h>
#include <net/if_arp.h>
#include <utlist.h>

#include "kinds.h"
#include "manager_internal.h"
#include "reconcile.h"

/* --- vnets --- */

/*
 * On uplinks several vnets may have one MAC: those that share it, and those in different VLANs, for
 * which reconcile_fdb_check() answers.
 */
static bool may_have_same(const struct vnet *v, const struct vnet_settings *s, bool on_uplink)
{
	return on_uplink && v->service && v->service->uplink && v->settings.share == s->share;
}

static int check_address(const struct manager *m, const struct vnet *self,
			 const struct vnet_settings *s, bool on_uplink, const char *name,
			 struct error *e)
{
	char mac[MAC_TEXT_SIZE];

	for (const struct vnet *v = m->vnets; v; v = v->hh.next)
		if (v != self && mac_same(v->settings.address, s->address) &&
		    !may_have_same(v, s, on_uplink))
			return error_set(e, ERROR_EXISTS, EEXIST, name, "address",
					 "%s: address %s is vnet %s's already", name,
					 mac_format(s->address, mac), v->name);
	return 0;
}

static int check_upper_device(const struct manager *m, const struct vnet *self,
			      const struct link *l, const char *name, struct error *e)
{
	const struct manager_owner *o = owner_find(m, l->ifindex);
	const struct resource *tap = o ? NULL : object_tap_find(m, l->ifindex);

	if (l->type != ARPHRD_ETHER)
		return error_set(e, ERROR_INVALID, EINVAL, name, "upper",
				 "%s: upper %s is not an Ethernet device", name, l->name);
	if (o && o->uplink)
		return error_set(e, ERROR_BUSY, EBUSY, name, "upper",
				 "%s: upper %s is the device of uplink %s", name, l->name,
				 o->uplink->name);
	if (o && o->vnet != self)
		return error_set(e, ERROR_BUSY, EBUSY, name, "upper",
				 "%s: upper %s is in use by vnet %s already", name, l->name,
				 o->vnet->name);
	if (o && o->resource)
		return error_set(e, ERROR_BUSY, EBUSY, name, "upper",
				 "%s: upper %s is in use by its own resource %s", name, l->name,
				 o->resource->name);
	if (tap)
		return error_set(e, ERROR_BUSY, EBUSY, name, "upper",
				 "%s: upper %s is the tap of resource %s of vnet %s", name, l->name,
				 tap->name, tap->vnet->name);
	return validate_not_of_flow(m, l, name, "upper", e);
}

int validate_upper(const struct vnet *v, const struct link *l, struct error *e)
{
	return check_upper_device(v->manager, v, l, v->name, e);
}

/* Whether it exists or not, no device is promised twice. */
static int check_upper(const struct manager *m, const struct vnet_settings *s, const char *name,
		       struct error *e)
{
	const struct link *l = link_find_name(m->links, s->upper);
	const struct resource *waiting;

	if (!s->upper[0])
		return 0;
	for (const struct vnet *v = m->vnets; v; v = v->hh.next)
		if (util_same(v->settings.upper, s->upper))
			return error_set(e, ERROR_BUSY, EBUSY, name, "upper",
					 "%s: upper %s is in use by vnet %s already", name,
					 s->upper, v->name);
	for (const struct uplink *u = m->uplinks; u; u = u->hh.next)
		if (util_same(u->settings.device, s->upper))
			return error_set(e, ERROR_BUSY, EBUSY, name, "upper",
					 "%s: upper %s is the device of uplink %s", name, s->upper,
					 u->name);
	HASH_FIND(by_device, m->waiting, s->upper, strlen(s->upper), waiting);
	if (waiting)
		return error_set(e, ERROR_BUSY, EBUSY, name, "upper",
				 "%s: upper %s is what resource %s of vnet %s waits for", name,
				 s->upper, waiting->name, waiting->vnet->name);
	return l ? check_upper_device(m, NULL, l, name, e) : 0;
}

static int check_provider_mtu(const struct resource *r, const struct vnet_settings *s,
			      struct error *e)
{
	uint32_t max = r->provider.max_sdu;

	if (!max || max >= s->mtu)
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, r->vnet->name, "mtu",
			 "%s: mtu %u is more than resource %s can carry: its provider takes at "
			 "most %u",
			 r->vnet->name, s->mtu, r->name, max);
}

/* The devices are asked before the first of them is touched. */
static int check_mtu(const struct vnet *v, const struct vnet_settings *s, struct error *e)
{
	const struct link *l;

	for (const struct resource *r = v->resources; r; r = r->hh.next) {
		int err = check_provider_mtu(r, s, e);

		if (err)
			return err;
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

/* Where a direct peer leads here, the address is registered, and no other guest may have it. */
static int check_leads_here(const struct manager *m, const struct vnet_settings *s,
			    const char *name, struct error *e)
{
	char mac[MAC_TEXT_SIZE];
	int err = 0;

	for (const struct resource *r = manager_next_peer(m, name, NULL); r && !err;
	     r = manager_next_peer(m, name, r)) {
		err = reconcile_fdb_check_peer(r, s->address, e);
		if (err == -EEXIST)
			error_set(e, ERROR_EXISTS, -err, name, "address",
				  "%s: address %s is another guest's already in vnet %s, whose "
				  "resource %s leads here",
				  name, mac_format(s->address, mac), r->vnet->name, r->name);
	}
	return err;
}

/* VLANs that guests inherit may make two of them the same. */
static int check_vlans(const struct vnet *v, const struct vnet_settings *s, struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	int err = 0;

	bool same = s->pvid == v->settings.pvid && vlan_same(&s->vlans, &v->settings.vlans);

	for (const struct resource *r = v->resources; r && !err; r = r->hh.next)
		if (!same || resource_is_member(r))
			err = reconcile_fdb_check(v, s, r, &r->settings, resource_label(r, label),
						  e);
	return err;
}

/* What is in another namespace is out of reach once it is there. */
static int check_reach(const struct vnet *v, const struct vnet_settings *s, struct error *e)
{
	bool other_mac = !mac_same(s->address, v->settings.address);

	if (!vnet_owns_upper(v) || !v->port_ifindex || v->upper_ifindex ||
	    (!other_mac && s->mtu == v->settings.mtu))
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, v->name, other_mac ? "address" : "mtu",
			 "%s: address and mtu can only be given when the vnet is made, for its "
			 "device is in another network namespace",
			 v->name);
}

static int check_new(const struct manager *m, const char *name, const struct vnet_settings *s,
		     bool on_uplink, struct error *e)
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
	if (manager_find_uplink(m, name, NULL))
		return error_set(e, ERROR_EXISTS, EEXIST, name, "name",
				 "%s: there is an uplink of that name already, and uplinks and "
				 "vnets share their names",
				 name);
	return check_address(m, NULL, s, on_uplink, name, e);
}

/* What it is on is restored after it. */
int validate_vnet_restore(const struct manager *m, const char *name, const struct vnet_settings *s,
			  struct error *e)
{
	return check_new(m, name, s, true, e);
}

int validate_vnet_add(const struct manager *m, const char *name, const struct vnet_settings *s,
		      const struct uplink *u, struct error *e)
{
	int err = check_new(m, name, s, u, e);

	if (!err)
		err = check_leads_here(m, s, name, e);
	return err ? err : check_upper(m, s, name, e);
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
		err = check_address(v->manager, v, s, v->service && v->service->uplink, v->name, e);
	if (!err && v->service && v->service->uplink)
		err = validate_member(v->service->uplink, v->name, s, e);
	if (!err)
		err = check_peers(v, s, e);
	if (!err)
		err = check_leads_here(v->manager, s, v->name, e);
	if (!err)
		err = check_vlans(v, s, e);
	if (!err)
		err = check_reach(v, s, e);
	return err ? err : check_mtu(v, s, e);
}

/* --- resources --- */

static int check_room(const struct vnet *v, const struct resource_settings *s, const char *label,
		      struct error *e)
{
	const struct kind *kind = kind_find(s->type);

	if (s->type == SETTINGS_SERVICE && v->service)
		return error_set(e, ERROR_EXISTS, EEXIST, label, "type",
				 "%s: vnet %s has a service already, resource %s; a vnet takes one",
				 label, v->name, v->service->name);
	if (s->type == SETTINGS_HYBRID && v->hybrid_count >= kind->max)
		return error_set(e, ERROR_EXISTS, ENOSPC, label, "type",
				 "%s: vnet %s has %zu hybrids already, the most it takes", label,
				 v->name, v->hybrid_count);
	return 0;
}

static int check_peer(const struct vnet *v, const struct resource_settings *s, const char *label,
		      struct error *e)
{
	char mac[MAC_TEXT_SIZE];

	if (!kind_find(s->type)->fdb || !mac_same(s->peer, v->settings.address))
		return 0;
	return error_set(
		e, ERROR_INVALID, EINVAL, label, "peer",
		"%s: peer %s is the address of vnet %s itself; the peer's own MAC was expected",
		label, mac_format(s->peer, mac), v->name);
}

/* One way between two vnets is all that there can be: it is found by their names. */
static int check_peer_vnet(const struct vnet *v, const struct resource_settings *s,
			   const char *label, struct error *e)
{
	const struct resource *other;

	if (!s->peer_vnet[0])
		return 0;
	if (util_same(s->peer_vnet, v->name))
		return error_set(e, ERROR_INVALID, EINVAL, label, "peer_vnet",
				 "%s: peer_vnet %s is the vnet itself; another vnet was expected",
				 label, s->peer_vnet);
	HASH_FIND(by_peer, v->peers, s->peer_vnet, strlen(s->peer_vnet), other);
	if (other)
		return error_set(e, ERROR_EXISTS, EEXIST, label, "peer_vnet",
				 "%s: peer_vnet %s is where resource %s leads already", label,
				 s->peer_vnet, other->name);
	return 0;
}

static int device_of_uplink(const char *label, const char *device, const struct uplink *u,
			    struct error *e)
{
	return error_set(e, ERROR_BUSY, EBUSY, label, "device",
			 "%s: device %s is in use by uplink %s already", label, device, u->name);
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

int validate_device_free(const struct manager *m, const char *device, const char *label,
			 struct error *e)
{
	const struct link *l = link_find_name(m->links, device);
	const struct manager_owner *o = l ? owner_find(m, l->ifindex) : NULL;
	const struct resource *tap = l ? object_tap_find(m, l->ifindex) : NULL;
	struct resource *waiting;

	if (o && o->uplink)
		return device_of_uplink(label, device, o->uplink, e);
	if (o)
		return device_busy(label, device, o->vnet, o->resource, e);
	if (tap)
		return device_busy(label, device, tap->vnet, tap, e);
	for (const struct uplink *u = m->uplinks; u; u = u->hh.next)
		if (util_same(u->settings.device, device))
			return device_of_uplink(label, device, u, e);
	HASH_FIND(by_device, m->waiting, device, strlen(device), waiting);
	if (waiting)
		return device_busy(label, device, waiting->vnet, waiting, e);
	for (const struct vnet *v = m->vnets; v; v = v->hh.next)
		if (util_same(v->settings.upper, device))
			return device_busy(label, device, v, NULL, e);
	return l ? validate_not_of_flow(m, l, label, "device", e) : 0;
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
	const struct resource *tap;

	resource_label(r, label);
	if (o && o->uplink)
		return device_of_uplink(label, l->name, o->uplink, e);
	if (o && o->resource != r)
		return device_busy(label, l->name, o->vnet, o->resource, e);
	tap = object_tap_find(r->vnet->manager, l->ifindex);
	if (tap && tap != r)
		return device_busy(label, l->name, tap->vnet, tap, e);
	return validate_not_of_flow(r->vnet->manager, l, label, "device", e)
		       ?: check_device(r->vnet, l, label, e);
}

int validate_resource_restore(const struct vnet *v, const char *name,
			      const struct resource_settings *s, struct error *e)
{
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
	if (s->uplink[0] && !manager_find_uplink(v->manager, s->uplink, NULL))
		return error_set(e, ERROR_NOT_FOUND, ENOENT, label, "uplink",
				 "%s: uplink %s does not exist, expected the name of one", label,
				 s->uplink);
	err = check_room(v, s, label, e);
	if (!err)
		err = check_peer_vnet(v, s, label, e);
	return err ? err : check_peer(v, s, label, e);
}

static int check_new_device(const struct vnet *v, const char *device, const char *label,
			    struct error *e)
{
	const struct link *l = link_find_name(v->manager->links, device);
	int err = validate_device_free(v->manager, device, label, e);

	return err || !l ? err : check_device(v, l, label, e);
}

/* A NIC that will come may have it; of one that is here we know better. */
static int check_pf(const struct vnet *v, const struct resource_settings *s, const char *label,
		    struct error *e)
{
	const struct link *pf = link_find_name(v->manager->links, s->pf);
	struct kernel_vf_place place;
	struct kernel_vf vf;
	int err = manager_rtnl(v->manager, vf_look, s->pf, s->vf, &place);

	if (err)
		return error_set(e, ERROR_FAILED, -err, label, "vf",
				 "%s: looking for VF %u of %s in sysfs failed: %s", label, s->vf,
				 s->pf, strerror(-err));
	if (!pf)
		return 0;
	if (place.total && s->vf >= place.total)
		return error_set(e, ERROR_INVALID, EINVAL, label, "vf",
				 "%s: vf %u is not a number from 0 to %u: %s can have %u virtual "
				 "functions",
				 label, s->vf, place.total - 1, s->pf, place.total);
	if (!place.capable && manager_rtnl(v->manager, vf_get, pf->ifindex, s->vf, &vf) == -ENOENT)
		return error_set(e, ERROR_INVALID, EINVAL, label, "pf",
				 "%s: device %s has no virtual functions; a NIC with SR-IOV was "
				 "expected, by its physical function",
				 label, s->pf);
	return 0;
}

static int check_new_vf(const struct vnet *v, const struct resource_settings *s, const char *label,
			struct error *e)
{
	const struct resource *r;

	DL_FOREACH2 (v->manager->vfs, r, vf_next)
		if (r->settings.vf == s->vf && util_same(r->settings.pf, s->pf))
			return error_set(e, ERROR_BUSY, EBUSY, label, "vf",
					 "%s: vf %u of %s is in use by resource %s of vnet %s "
					 "already",
					 label, s->vf, s->pf, r->name, r->vnet->name);
	return check_pf(v, s, label, e);
}

int validate_resource_add(const struct vnet *v, const char *name, const struct resource_settings *s,
			  struct error *e)
{
	char label[RESOURCE_LABEL_SIZE];
	int err = validate_resource_restore(v, name, s, e);

	if (err)
		return err;
	snprintf(label, sizeof(label), "%s/%s", v->name, name);
	if (s->uplink[0])
		err = validate_member(manager_find_uplink(v->manager, s->uplink, NULL), v->name,
				      &v->settings, e);
	else if (s->pf[0])
		err = check_new_vf(v, s, label, e);
	else if (!s->peer_vnet[0])
		err = check_new_device(v, s->device, label, e);
	return err ? err : reconcile_fdb_check(v, &v->settings, NULL, s, label, e);
}

int validate_max_sdu(const struct vnet *v, uint32_t max_sdu, const char *label, struct error *e)
{
	if (!max_sdu || max_sdu >= v->settings.mtu)
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, label, "max_sdu",
			 "%s: max_sdu %u is less than the MTU of vnet %s, at least %u was expected",
			 label, max_sdu, v->name, v->settings.mtu);
}

int validate_provide(const struct vnet *v, const char *name, const struct resource_settings *s,
		     const struct desired_provider *provider, struct error *e)
{
	bool is_netdev = provider->kind == DESIRED_PROVIDER_NETDEV;
	char label[RESOURCE_LABEL_SIZE];
	int err;

	/* First what no other resource is to blame for. */
	snprintf(label, sizeof(label), "%s/%s", v->name, name);
	if (is_netdev && !link_find_name(v->manager->links, s->device))
		return error_set(e, ERROR_NOT_FOUND, ENODEV, label, "device",
				 "%s: device %s does not exist", label, s->device);
	err = validate_max_sdu(v, provider->max_sdu, label, e);
	if (!err)
		err = validate_resource_restore(v, name, s, e);
	if (!err && is_netdev)
		err = check_new_device(v, s->device, label, e);
	return err ? err : reconcile_fdb_check(v, &v->settings, NULL, s, label, e);
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
	if (!err && (!util_same(s->pf, r->settings.pf) || s->vf != r->settings.vf))
		err = error_set(e, ERROR_INVALID, EINVAL, label, "vf",
				"%s: pf and vf can only be given when the resource is added",
				label);
	if (!err && !util_same(s->peer_vnet, r->settings.peer_vnet))
		err = error_set(e, ERROR_INVALID, EINVAL, label, "peer_vnet",
				"%s: peer_vnet can only be given when the resource is added",
				label);
	if (!err && !util_same(s->uplink, r->settings.uplink))
		err = error_set(e, ERROR_INVALID, EINVAL, label, "uplink",
				"%s: uplink can only be given when the resource is added", label);
	if (!err)
		err = check_peer(r->vnet, s, label, e);
	return err ? err : reconcile_fdb_check(r->vnet, &r->vnet->settings, r, s, label, e);
}
