/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does the vnet that the files describe hold as a whole? */
#include <errno.h>

/* Out of memory is an error to be returned and not the end of the daemon. */
#define HASH_NONFATAL_OOM 1
#include "config_unit.h"

/* A section in the hashes that find what must not be there twice. */
struct entry {
	const struct config_section *section;
	const struct desired_resource *resource;
	struct entry *same_mac; /* the next guest with this MAC */
	UT_hash_handle by_mac;	/* guests, by peer */
	/* all, by device, or in hashes of their own by peer_vnet or by this: */
	UT_hash_handle by_device;
	char vf[IFNAMSIZ + 16]; /* "3 of enp1s0" */
};

struct check {
	struct config_unit *unit;
	struct entry *entries; /* owned, in the order of the sections */
	struct entry *macs;
	struct entry *devices;
	struct entry *peer_vnets;
	struct entry *vfs;
	const struct config_section *service; /* the first one */
	size_t hybrids;
};

static void check_name(struct config_unit *u)
{
	struct error e = { 0 };

	/* A Name= that was wrong has been complained about. */
	if (u->named || u->name_place.line)
		return;
	if (settings_check_name(config_kind_name(u->kind), u->stem, SETTINGS_NAME_SIZE, &e) < 0)
		config_unit_complain(u, &u->name_place,
				     "%s; there is no %s, so the file's name counts", e.message,
				     u->kind == CONFIG_VNET ? "Name=" : "name in [Uplink NAME]");
	else
		util_copy(u->vnet.name, sizeof(u->vnet.name), u->stem);
}

static void check_uplink(struct config_unit *u)
{
	struct error e = { 0 };
	const char *name = u->vnet.name[0] ? u->vnet.name : u->stem;

	util_copy(u->uplink.name, sizeof(u->uplink.name), u->vnet.name);
	if (!u->bad && settings_uplink_check(&u->uplink.settings, name, &e) < 0)
		config_unit_complain(u, &u->place, "%s", e.message);
}

static void check_vnet(struct config_unit *u)
{
	struct error e = { 0 };
	const char *name = u->vnet.name[0] ? u->vnet.name : u->stem;

	if (!u->bad && settings_vnet_check(&u->vnet.settings, name, &e) < 0)
		config_unit_complain(u, &u->place, "%s", e.message);
}

/* Is the resource whole by itself? */
static bool check_resource(struct config_unit *u, const struct config_section *s)
{
	const struct desired_resource *r = &u->vnet.resources[s->index];
	char object[sizeof(u->stem) + DESIRED_RESOURCE_NAME_SIZE + 1];
	struct error e = { 0 };

	if (!s->has_type)
		config_unit_complain(u, &s->place,
				     "the section [Resource %s] has no Type=, expected service, "
				     "guest or hybrid",
				     s->name);
	if (!s->has_device)
		config_unit_complain(u, &s->place,
				     "the section [Resource %s] has no Device=, expected the name "
				     "of a network device, for a guest PeerVNet=, for a hybrid PF= "
				     "and VF=, or for a service Uplink=",
				     s->name);
	if (s->bad || !s->has_type || !s->has_device)
		return false;
	snprintf(object, sizeof(object), "%s/%s", u->vnet.name[0] ? u->vnet.name : u->stem,
		 s->name);
	if (settings_resource_check(&r->settings, object, &e) == 0)
		return true;
	config_unit_complain(u, &s->place, "%s", e.message);
	return false;
}

/* The VLANs of a guest, as the FDB will have them: its pvid and its set, or the vnet's. */
static uint16_t guest_pvid(const struct check *c, const struct desired_resource *r)
{
	return r->settings.pvid ? r->settings.pvid : c->unit->vnet.settings.pvid;
}

static const struct vlan_set *guest_vlans(const struct check *c, const struct desired_resource *r)
{
	return r->settings.has_vlans ? &r->settings.vlans : &c->unit->vnet.settings.vlans;
}

/* A VLAN in both sets, or 0. */
static uint16_t common_vlan(const struct vlan_set *a, const struct vlan_set *b)
{
	for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
		uint16_t first = a->range[i].first, last = a->range[i].last;

		if (first < b->range[j].first)
			first = b->range[j].first;
		if (last > b->range[j].last)
			last = b->range[j].last;
		if (first <= last)
			return first;
		if (a->range[i].last < b->range[j].last)
			i++;
		else
			j++;
	}
	return 0;
}

/* A VLAN in which both guests would be reached, or 0. */
static uint16_t shared_vlan(const struct check *c, const struct desired_resource *a,
			    const struct desired_resource *b)
{
	uint16_t pvid_a = guest_pvid(c, a), pvid_b = guest_pvid(c, b);

	if (pvid_a == pvid_b || vlan_has(guest_vlans(c, b), pvid_a))
		return pvid_a;
	if (vlan_has(guest_vlans(c, a), pvid_b))
		return pvid_b;
	return common_vlan(guest_vlans(c, a), guest_vlans(c, b));
}

/* "g1 (vnet0.vnet:7)", as far as the reader needs it. */
static void complain_twice(const struct check *c, const struct entry *e, const struct entry *first,
			   const char *what)
{
	config_unit_complain(c->unit, &e->section->place,
			     "the resource %s has %s as %s has (%s:%u), expected another one",
			     e->section->name, what, first->section->name,
			     first->section->place.file, first->section->place.line);
}

/* The other vnet may be in a file that is not there yet. */
static int check_peer_vnet(struct check *c, struct entry *e)
{
	const char *name = e->resource->settings.peer_vnet;
	struct entry *first;
	char what[64];

	if (util_same(name, c->unit->vnet.name)) {
		config_unit_complain(c->unit, &e->section->place,
				     "the resource %s has its own vnet %s as PeerVNet, expected "
				     "another one",
				     e->section->name, name);
		return 0;
	}
	HASH_FIND(by_device, c->peer_vnets, name, strlen(name), first);
	if (first) {
		snprintf(what, sizeof(what), "the same PeerVNet %s", name);
		complain_twice(c, e, first, what);
		return 0;
	}
	HASH_ADD_KEYPTR(by_device, c->peer_vnets, name, strlen(name), e);
	return e->by_device.tbl ? 0 : -ENOMEM;
}

static int check_vf(struct check *c, struct entry *e)
{
	const struct resource_settings *s = &e->resource->settings;
	struct entry *first;
	char what[64];

	snprintf(e->vf, sizeof(e->vf), "%u of %s", s->vf, s->pf);
	HASH_FIND(by_device, c->vfs, e->vf, strlen(e->vf), first);
	if (first) {
		snprintf(what, sizeof(what), "the same VF %s", e->vf);
		complain_twice(c, e, first, what);
		return 0;
	}
	HASH_ADD_KEYPTR(by_device, c->vfs, e->vf, strlen(e->vf), e);
	return e->by_device.tbl ? 0 : -ENOMEM;
}

static int check_device(struct check *c, struct entry *e)
{
	const char *device = e->resource->settings.device;
	struct entry *first;
	char what[64];

	HASH_FIND(by_device, c->devices, device, strlen(device), first);
	if (first) {
		snprintf(what, sizeof(what), "the same Device %s", device);
		complain_twice(c, e, first, what);
		return 0;
	}
	HASH_ADD_KEYPTR(by_device, c->devices, device, strlen(device), e);
	return e->by_device.tbl ? 0 : -ENOMEM;
}

static int check_guest(struct check *c, struct entry *e)
{
	const uint8_t *peer = e->resource->settings.peer;
	char mac[MAC_TEXT_SIZE], what[64];
	struct entry *first;

	HASH_FIND(by_mac, c->macs, peer, MAC_LEN, first);
	if (!first) {
		HASH_ADD_KEYPTR(by_mac, c->macs, peer, MAC_LEN, e);
		return e->by_mac.tbl ? 0 : -ENOMEM;
	}
	for (const struct entry *other = first; other; other = other->same_mac) {
		uint16_t vlan = shared_vlan(c, e->resource, other->resource);

		if (!vlan)
			continue;
		snprintf(what, sizeof(what), "the same Peer %s in VLAN %u", mac_format(peer, mac),
			 vlan);
		complain_twice(c, e, other, what);
		break;
	}
	e->same_mac = first->same_mac;
	first->same_mac = e;
	return 0;
}

static int check_type(struct check *c, struct entry *e)
{
	const struct config_section *s = e->section;

	switch (e->resource->settings.type) {
	case SETTINGS_SERVICE:
		if (c->service)
			config_unit_complain(c->unit, &s->place,
					     "the resource %s is a second service beside %s "
					     "(%s:%u), expected one in a vnet",
					     s->name, c->service->name, c->service->place.file,
					     c->service->place.line);
		else
			c->service = s;
		return 0;
	case SETTINGS_GUEST:
		return e->resource->settings.peer_vnet[0] ? 0 : check_guest(c, e);
	case SETTINGS_HYBRID:
		if (++c->hybrids == ABI_HYBRIDS_MAX + 1)
			config_unit_complain(c->unit, &s->place,
					     "the resource %s is one hybrid too many, expected at "
					     "most %d in a vnet",
					     s->name, ABI_HYBRIDS_MAX);
		return 0;
	case SETTINGS_TYPE_NONE:
		return 0;
	}
	return 0;
}

static int check_way(struct check *c, struct entry *e)
{
	if (e->resource->settings.peer_vnet[0])
		return check_peer_vnet(c, e);
	if (e->resource->settings.uplink[0])
		return 0;
	return e->resource->settings.pf[0] ? check_vf(c, e) : check_device(c, e);
}

static int check_resources(struct check *c)
{
	const struct config_section *s;
	struct entry *e = c->entries;
	int r = 0;

	for (s = c->unit->sections; s && r == 0; s = s->hh.next) {
		if (!check_resource(c->unit, s))
			continue;
		e->section = s;
		e->resource = &c->unit->vnet.resources[s->index];
		r = check_way(c, e);
		if (r == 0)
			r = check_type(c, e);
		e++;
	}
	return r;
}

static void check_flows(struct config_unit *u)
{
	const struct config_section *s;
	char object[sizeof(u->stem) + DESIRED_RESOURCE_NAME_SIZE + 1];
	struct error e = { 0 };

	for (s = u->flows; s; s = s->hh.next) {
		const struct desired_flow *f = &config_unit_flows(u)->flow[s->index];

		snprintf(object, sizeof(object), "%s/%s", u->vnet.name[0] ? u->vnet.name : u->stem,
			 s->name);
		if (s->bad)
			continue;
		if (settings_flow_check(&f->settings, object, &e) < 0)
			config_unit_complain(u, &s->place, "%s", e.message);
		else if (u->kind == CONFIG_VNET && f->settings.target.to == SETTINGS_TO_VNET)
			config_unit_complain(u, &s->place,
					     "%s: To=vnet %s is for flows of an uplink, expected "
					     "another target",
					     object, f->settings.target.vnet);
	}
}

int config_unit_check(struct config_unit *u)
{
	struct check c = { .unit = u };
	int r;

	check_name(u);
	check_flows(u);
	if (u->kind == CONFIG_UPLINK) {
		check_uplink(u);
		return 0;
	}
	check_vnet(u);
	c.entries = calloc(u->vnet.resource_count + 1, sizeof(*c.entries));
	if (!c.entries)
		return -ENOMEM;
	r = check_resources(&c);
	HASH_CLEAR(by_mac, c.macs);
	HASH_CLEAR(by_device, c.devices);
	HASH_CLEAR(by_device, c.peer_vnets);
	HASH_CLEAR(by_device, c.vfs);
	free(c.entries);
	return r;
}
