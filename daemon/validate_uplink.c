/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is a wanted change of an uplink, or of a vnet on one, right, before anything is touched? */
#include <errno.h>
#include <net/if_arp.h>

#include "manager_internal.h"
#include "reconcile.h"
#include "settings_value.h"

#define ADDRESS_ROWS_MAX 4096 /* of one vnet: an address takes one in each VLAN */

/* --- uplinks --- */

int validate_uplink_device(const struct uplink *u, const struct link *l, struct error *e)
{
	const struct manager_owner *o = owner_find(u->manager, l->ifindex);
	const struct link *master = l->master ? link_find(u->manager->links, l->master) : NULL;

	if (o ? o->uplink != u : object_tap_find(u->manager, l->ifindex) != NULL)
		return validate_device_free(u->manager, l->name, u->name, e);
	if (reconcile_xsk_of(u->manager, l->ifindex))
		return validate_not_of_flow(u->manager, l, u->name, "device", e);
	if (l->type != ARPHRD_ETHER)
		return error_set(e, ERROR_INVALID, EINVAL, u->name, "device",
				 "%s: device %s is not an Ethernet device", u->name, l->name);
	if (l->master)
		return error_set(e, ERROR_BUSY, EBUSY, u->name, "device",
				 "%s: device %s is a port of %s; take it out of there first",
				 u->name, l->name, master ? master->name : "a bridge or bond");
	return 0;
}

/* Flows are told whose they are by one name. */
static int check_name(const struct manager *m, const char *name, struct error *e)
{
	if (manager_find_uplink(m, name, NULL))
		return error_set(e, ERROR_EXISTS, EEXIST, name, "name",
				 "%s: there is an uplink of that name already", name);
	if (manager_find_vnet(m, name, NULL))
		return error_set(e, ERROR_EXISTS, EEXIST, name, "name",
				 "%s: there is a vnet of that name already, and uplinks and vnets "
				 "share their names",
				 name);
	return 0;
}

int validate_uplink_restore(const struct manager *m, const char *name,
			    const struct uplink_settings *s, struct error *e)
{
	int err = settings_check_name("uplink", name, SETTINGS_NAME_SIZE, e);

	if (!err)
		err = settings_uplink_check(s, name, e);
	return err ?: check_name(m, name, e);
}

int validate_uplink_add(const struct manager *m, const char *name, const struct uplink_settings *s,
			struct error *e)
{
	const struct link *l = link_find_name(m->links, s->device);
	struct uplink self = { .manager = (struct manager *)m };
	int err = validate_uplink_restore(m, name, s, e);

	if (!err)
		err = validate_device_free(m, s->device, name, e);
	if (err || !l)
		return err;
	util_copy(self.name, sizeof(self.name), name);
	return validate_uplink_device(&self, l, e);
}

int validate_uplink_set(const struct uplink *u, const struct uplink_settings *s, struct error *e)
{
	int err = settings_uplink_check(s, u->name, e);

	if (!err && !util_same(s->device, u->settings.device))
		err = error_set(e, ERROR_INVALID, EINVAL, u->name, "device",
				"%s: device can only be given when the uplink is made", u->name);
	return err;
}

/* --- the vnets on them --- */

static int check_own_address(const struct link *l, const char *vnet, const struct vnet_settings *s,
			     struct error *e)
{
	bool own = mac_same(l->address, s->address);
	char mac[MAC_TEXT_SIZE];

	mac_format(s->address, mac);
	if (own && !s->share)
		return error_set(e, ERROR_INVALID, EINVAL, vnet, "address",
				 "%s: address %s is device %s's own, expected another one, or "
				 "share on",
				 vnet, mac, l->name);
	if (!own && s->share)
		return error_set(e, ERROR_INVALID, EINVAL, vnet, "share",
				 "%s: share on needs the address of device %s and not %s", vnet,
				 l->name, mac);
	return 0;
}

/* Two vnets cannot have the same address: frames for it would have two places to go. */
static int check_local(const struct uplink *u, const char *vnet, const struct vnet_settings *s,
		       struct error *e)
{
	char text[SETTINGS_PREFIX_TEXT_SIZE];

	for (uint32_t i = 0; i < u->slot_count; i++) {
		const struct vnet *other = u->slots[i] ? u->slots[i]->vnet : NULL;

		if (!other || util_same(other->name, vnet) || !other->settings.share ||
		    other->settings.pvid != s->pvid)
			continue;
		for (size_t n = 0; n < s->local.count; n++)
			if (settings_prefixes_have(&other->settings.local, &s->local.prefix[n]))
				return error_set(
					e, ERROR_EXISTS, EEXIST, vnet, "addresses",
					"%s: addresses %s is vnet %s's already on uplink %s", vnet,
					settings_prefix_format(&s->local.prefix[n], text),
					other->name, u->name);
	}
	return 0;
}

static int check_rows(const char *vnet, const struct vnet_settings *s, struct error *e)
{
	size_t vlans = 1;

	for (size_t i = 0; i < s->vlans.count; i++)
		vlans += s->vlans.range[i].last - s->vlans.range[i].first + 1u;
	if (!s->share || s->local.count * vlans <= ADDRESS_ROWS_MAX)
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, vnet, "addresses",
			 "%s: %zu addresses in %zu VLANs are too many, expected at most %d of both "
			 "multiplied",
			 vnet, s->local.count, vlans, ADDRESS_ROWS_MAX);
}

int validate_member(const struct uplink *u, const char *vnet, const struct vnet_settings *s,
		    struct error *e)
{
	const struct link *l = link_find(u->manager->links, u->ifindex);
	int err = l ? check_own_address(l, vnet, s, e) : 0;

	if (!err && l && l->mtu < s->mtu)
		err = error_set(e, ERROR_INVALID, EINVAL, vnet, "mtu",
				"%s: mtu %u is more than uplink %s can carry: its device %s has %u",
				vnet, s->mtu, u->name, l->name, l->mtu);
	if (!err && s->share)
		err = check_local(u, vnet, s, e);
	return err ?: check_rows(vnet, s, e);
}
