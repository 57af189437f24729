// SPDX-License-Identifier: GPL-2.0-or-later
/* Uplinks at random: some of the vnets' resources are moved to one NIC. */
#include <string.h>

#include "differ.h"

static const uint32_t nics[MODEL_UPLINKS_MAX] = { 150, 151 };

/* --- the FDB of an uplink --- */

static bool is_registered(const struct model_config *c, uint32_t uplink, uint16_t vlan,
			  const uint8_t *mac)
{
	for (size_t i = 0; i < c->fdb_count; i++)
		if (c->fdb[i].vnet == (ABI_OF_UPLINK | uplink) && c->fdb[i].vlan == vlan &&
		    memcmp(c->fdb[i].mac, mac, MODEL_MAC_LEN) == 0)
			return true;
	return false;
}

static void register_in(struct model_config *c, const struct model_resource *r, uint16_t vlan,
			const uint8_t *mac)
{
	struct model_fdb *entry = &c->fdb[c->fdb_count];

	if (c->fdb_count == MODEL_FDB_MAX || is_registered(c, r->uplink, vlan, mac))
		return;
	*entry = (struct model_fdb) { .vnet = ABI_OF_UPLINK | r->uplink,
				      .vlan = vlan,
				      .resource = r->number };
	memcpy(entry->mac, mac, MODEL_MAC_LEN);
	c->fdb_count++;
}

/* Untagged, and with each VLAN that it has tagged on the wire. */
static void register_member(struct model_config *c, const struct model_vnet *n,
			    const struct model_resource *r)
{
	const struct model_vlans *set = r->own_vlans ? &r->vlans : &n->vlans;

	register_in(c, r, 0, n->mac);
	if (!r->own_vlans && n->pvid != r->pvid)
		register_in(c, r, n->pvid, n->mac);
	for (size_t i = 0; i < MODEL_VLANS_MAX && set->vlan[i]; i++)
		if (set->vlan[i] != r->pvid)
			register_in(c, r, set->vlan[i], n->mac);
}

/* --- members --- */

static void forget_port(struct model_config *c, uint32_t ifindex)
{
	for (size_t i = 0; i < c->port_count; i++)
		if (c->ports[i].ifindex == ifindex) {
			c->ports[i] = c->ports[--c->port_count];
			return;
		}
}

static void move_to(struct differ_random *random, struct model_config *c, struct model_resource *r,
		    struct model_vnet *n, const struct model_uplink *u)
{
	static const uint8_t common[MODEL_MAC_LEN] = { 2, 0, 0, 0, 0, 0x77 };

	forget_port(c, r->ifindex);
	r->ifindex = u->ifindex;
	r->uplink = u->number;
	r->member = !differ_chance(random, 8);
	r->shared = differ_chance(random, u->steer_ip ? 60 : 25);
	r->learns = !differ_chance(random, 25);
	if (r->shared)
		memcpy(n->mac, u->steer_ip && differ_chance(random, 80) ? u->mac : common,
		       MODEL_MAC_LEN);
}

/* Of one vnet the service, or a hybrid, or both. */
static void move_some(struct differ_random *random, struct model_config *c,
		      const struct model_uplink *u, struct model_vnet *n)
{
	for (size_t i = 0; i < c->resource_count; i++) {
		struct model_resource *r = &c->resources[i];

		if (r->vnet == n->number && !r->uplink && !r->twin &&
		    ((r->type == ABI_SERVICE && differ_chance(random, 85)) ||
		     (r->type == ABI_HYBRID && differ_chance(random, 15))))
			move_to(random, c, r, n, u);
	}
}

/* --- addresses --- */

static const struct model_resource *some_sharer(struct differ_random *random,
						const struct model_config *c,
						const struct model_uplink *u)
{
	const struct model_resource *found = NULL;

	for (size_t i = 0; i < c->resource_count; i++)
		if (c->resources[i].uplink == u->number && c->resources[i].shared &&
		    (!found || differ_chance(random, 50)))
			found = &c->resources[i];
	return found;
}

static bool is_held(const struct model_config *c, const struct model_holder *h)
{
	for (size_t i = 0; i < c->holder_count; i++)
		if (c->holders[i].uplink == h->uplink && c->holders[i].vlan == h->vlan &&
		    memcmp(c->holders[i].address, h->address, MODEL_IP_LEN) == 0)
			return true;
	return false;
}

static void add_holders(struct differ_random *random, struct model_config *c,
			const struct model_uplink *u)
{
	uint32_t count = differ_below(random, 8);

	for (uint32_t i = 0; i < count; i++) {
		const struct model_resource *r = some_sharer(random, c, u);
		struct model_holder h = { .uplink = u->number };

		differ_address(random, h.address);
		if (differ_chance(random, 20))
			h.vlan = 10;
		if (r && differ_chance(random, 85))
			h.resource = r->number;
		if (!is_held(c, &h))
			c->holders[c->holder_count++] = h;
	}
}

/* --- all of it --- */

static void add_uplink(struct differ_random *random, struct model_config *c, size_t position)
{
	struct model_uplink *u = &c->uplinks[c->uplink_count++];

	*u = (struct model_uplink) {
		.number = 1 + differ_below(random, 7),
		.ifindex = nics[position],
		.mac = { 2, 0, 0, 0, 0, (uint8_t)(0x70 + position) },
		.steer_ip = differ_chance(random, 50),
	};
	if (position && u->number == c->uplinks[0].number)
		u->number = 1 + u->number % 7;
	c->ports[c->port_count++] =
		(struct model_port) { .ifindex = u->ifindex, .uplink = u->number };
}

void differ_uplinks(struct differ_random *r, struct model_config *c)
{
	uint32_t count = differ_chance(r, 50) ? 0 : 1 + differ_below(r, MODEL_UPLINKS_MAX);

	for (uint32_t i = 0; i < MODEL_UPLINKS_MAX; i++)
		c->devices[c->device_count++] =
			(struct model_device) { nics[i], !differ_chance(r, 5), true, true, true,
						false };
	for (uint32_t i = 0; i < count; i++)
		add_uplink(r, c, i);
	for (size_t i = 0; count && i < c->vnet_count; i++)
		move_some(r, c, &c->uplinks[differ_below(r, count)], &c->vnets[i]);
	for (size_t i = 0; i < c->resource_count; i++)
		if (c->resources[i].uplink && !differ_chance(r, 3))
			register_member(c, model_vnet_find(c, c->resources[i].vnet),
					&c->resources[i]);
	for (uint32_t i = 0; i < count; i++)
		add_holders(r, c, &c->uplinks[i]);
}

/* --- frames at the NIC --- */

static const struct model_uplink *uplink_of(const struct model_config *c, uint32_t number)
{
	for (size_t i = 0; i < c->uplink_count; i++)
		if (c->uplinks[i].number == number)
			return &c->uplinks[i];
	return NULL;
}

const struct model_vnet *differ_uplink_vnet(struct differ_random *r, const struct model_config *c,
					    uint32_t uplink)
{
	const struct model_vnet *found = &c->vnets[0];

	for (size_t i = 0; i < c->resource_count; i++)
		if (c->resources[i].uplink == uplink && differ_chance(r, 50))
			found = model_vnet_find(c, c->resources[i].vnet);
	return found;
}

/* From outside to a vnet, or to the NIC; from its stack to a vnet. Groups stay what they are. */
void differ_uplink_addresses(struct differ_random *r, const struct model_config *c,
			     const struct model_vnet *n, const struct differ_case *in,
			     struct model_frame *f)
{
	const struct model_port *p = NULL;
	const struct model_uplink *u;

	for (size_t i = 0; i < c->port_count; i++)
		if (c->ports[i].ifindex == in->ifindex)
			p = &c->ports[i];
	u = p ? uplink_of(c, p->uplink) : NULL;
	if (!u)
		return;
	if (!(f->bytes[0] & 1))
		memcpy(f->bytes, differ_chance(r, 30) ? u->mac : n->mac, MODEL_MAC_LEN);
	if (differ_chance(r, in->program == MODEL_UPLINK_TX ? 90 : 5))
		memcpy(f->bytes + MODEL_MAC_LEN, u->mac, MODEL_MAC_LEN);
}
