// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random configurations. Devices are slow to make and to change, so there is one fixed pool of them
 * in all states, and a configuration chooses.
 */
#include <string.h>

#include "differ.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define POOL_MAX      40

/* Devices: first index, how many, and their state. */
static const struct pool_row {
	uint32_t first, count;
	bool up, carrier, takes_xdp, takes_fragments;
} pool_rows[] = {
	{ 100, 18, true, true, true, false },  { 120, 2, false, true, true, false },
	{ 122, 2, true, false, true, false },  { 124, 1, false, false, true, false },
	{ 130, 2, true, true, false, false },  { 140, 2, true, true, true, true },
	{ 65535, 2, true, true, true, false }, { 65536 + 100, 1, true, true, true, false },
};

/* Of the vnets, by position: where vnet0 is, and the port, ... */
static const uint32_t uppers[MODEL_VNETS_MAX] = { 50, 52, 54, 65534 };
static const uint32_t ports[MODEL_VNETS_MAX] = { 51, 53, 65537, 57 };

/* ... or one of these, which the vnet at that position alone may have. */
static const struct {
	size_t position;
	struct model_device device;
} other_ports[] = {
	{ 0, { 62, true, false, true, true, false } },
	{ 1, { 63, true, true, false, true, false } },
	{ 2, { 60, true, true, true, false, false } },
	{ 3, { 61, true, true, true, true, true } },
};

static const uint16_t vlan_pool[] = { 1, 2, 5, 10, 20, 63, 64, 100, 127, 2058, 4094 };

static const struct model_prefix prefix_pool[] = {
	{ { [10] = 0xff, 0xff, 10, 0, 0, 5 }, 128 },
	{ { [10] = 0xff, 0xff, 10, 0, 0, 0 }, 120 },
	{ { [10] = 0xff, 0xff, 10, 0, 1, 128 }, 121 },
	{ { [10] = 0xff, 0xff, 0, 0, 0, 0 }, 96 },
	{ { [10] = 0xff, 0xff, 192, 168, 0, 0 }, 113 },
	{ { 0xfd, [15] = 5 }, 128 },
	{ { 0xfd }, 64 },
	{ { 0xfe, 0x80 }, 10 },
	{ { 0 }, 0 },
	{ { 0 }, 1 },
};

/* A configuration in the making. */
struct draft {
	struct differ_random *random;
	struct model_config *config;
	uint32_t free[POOL_MAX]; /* devices that are nobody's */
	size_t free_count;
	uint32_t next_number;
};

/* --- devices --- */

static void add_device(struct model_config *c, struct model_device device)
{
	c->devices[c->device_count++] = device;
}

static bool some_presence(struct draft *d)
{
	return !differ_chance(d->random, 4);
}

static void add_pool(struct draft *d)
{
	for (size_t i = 0; i < ARRAY_SIZE(pool_rows); i++) {
		const struct pool_row *row = &pool_rows[i];

		for (uint32_t k = 0; k < row->count; k++) {
			d->free[d->free_count++] = row->first + k;
			add_device(d->config, (struct model_device) {
						      .ifindex = row->first + k,
						      .present = some_presence(d),
						      .up = row->up,
						      .carrier = row->carrier,
						      .takes_xdp = row->takes_xdp,
						      .takes_fragments = row->takes_fragments });
		}
	}
}

static void add_ports(struct draft *d)
{
	struct model_device device = { 0, true, true, true, true, false };

	for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
		device.ifindex = ports[i];
		device.present = some_presence(d);
		add_device(d->config, device);
	}
	for (size_t i = 0; i < ARRAY_SIZE(other_ports); i++)
		add_device(d->config, other_ports[i].device);
}

static uint32_t take_device(struct draft *d)
{
	uint32_t i = differ_below(d->random, (uint32_t)d->free_count), ifindex = d->free[i];

	d->free[i] = d->free[--d->free_count];
	return ifindex;
}

/* --- pieces --- */

static void make_mac(struct differ_random *r, uint8_t last, uint8_t ret[MODEL_MAC_LEN])
{
	const uint8_t mac[MODEL_MAC_LEN] = { 2, 0, 0, 0, 0, last };

	memcpy(ret, mac, sizeof(mac));
	if (differ_chance(r, 20)) /* one that differs from the others elsewhere */
		ret[1 + differ_below(r, 4)] = (uint8_t)(1 + differ_below(r, 255));
}

static uint16_t some_vlan(struct differ_random *r)
{
	return vlan_pool[differ_below(r, ARRAY_SIZE(vlan_pool))];
}

static bool has_vlan(const struct model_vlans *set, uint16_t vlan)
{
	for (size_t i = 0; i < MODEL_VLANS_MAX; i++)
		if (set->vlan[i] == vlan)
			return true;
	return false;
}

static void some_vlans(struct differ_random *r, struct model_vlans *ret)
{
	uint32_t count = differ_below(r, 6), at = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint16_t vlan = some_vlan(r);

		if (!has_vlan(ret, vlan))
			ret->vlan[at++] = vlan;
	}
}

static void some_storm(struct differ_random *r, struct model_storm *ret)
{
	static const uint64_t intervals[] = { 1, 1000, 1000000, 20000000, 1000000000 };

	ret->on = differ_chance(r, 25);
	ret->interval_ns = intervals[differ_below(r, ARRAY_SIZE(intervals))];
	ret->burst_ns = ret->interval_ns > 100000000 ? ret->interval_ns : 100000000;
}

static void some_protection(struct differ_random *r, struct model_protection *ret)
{
	ret->mac_nospoof = differ_chance(r, 30);
	ret->ip_nospoof = differ_chance(r, 35);
	ret->dhcp_nospoof = differ_chance(r, 30);
	ret->restricted = differ_chance(r, 20);
	ret->allowed_count = differ_below(r, 5);
	for (size_t i = 0; i < ret->allowed_count; i++)
		ret->allowed[i] = prefix_pool[differ_below(r, ARRAY_SIZE(prefix_pool))];
}

/* --- the FDB --- */

static bool is_registered(const struct model_config *c, uint32_t vnet, uint16_t vlan,
			  const uint8_t *mac)
{
	for (size_t i = 0; i < c->fdb_count; i++)
		if (c->fdb[i].vnet == vnet && c->fdb[i].vlan == vlan &&
		    memcmp(c->fdb[i].mac, mac, MODEL_MAC_LEN) == 0)
			return true;
	return false;
}

static void register_in(struct model_config *c, const struct model_resource *r, uint16_t vlan)
{
	struct model_fdb *entry = &c->fdb[c->fdb_count];

	if (c->fdb_count == MODEL_FDB_MAX || is_registered(c, r->vnet, vlan, r->peer))
		return;
	*entry = (struct model_fdb) { .vnet = r->vnet, .vlan = vlan, .resource = r->number };
	memcpy(entry->mac, r->peer, MODEL_MAC_LEN);
	c->fdb_count++;
}

static void register_guest(struct model_config *c, const struct model_resource *r)
{
	const struct model_vnet *n = model_vnet_find(c, r->vnet);
	const struct model_vlans *set = r->own_vlans ? &r->vlans : &n->vlans;

	register_in(c, r, r->pvid);
	for (size_t i = 0; i < MODEL_VLANS_MAX && set->vlan[i]; i++)
		register_in(c, r, set->vlan[i]);
}

/* --- objects --- */

static void add_port(struct model_config *c, uint32_t ifindex, uint32_t vnet, uint32_t resource,
		     bool egress)
{
	c->ports[c->port_count++] = (struct model_port) { ifindex, vnet, resource, egress };
}

/* NULL: no room. */
static struct model_resource *add_resource(struct draft *d, const struct model_vnet *n,
					   enum abi_type type)
{
	struct model_resource *r = &d->config->resources[d->config->resource_count];

	if (d->config->resource_count == MODEL_RESOURCES_MAX || !d->free_count)
		return NULL;
	d->config->resource_count++;
	*r = (struct model_resource) {
		.number = d->next_number++,
		.vnet = n->number,
		.type = type,
		.up = !differ_chance(d->random, 15),
		.held = differ_chance(d->random, 15),
		.xdp = !differ_chance(d->random, 10),
		.peer_else = differ_chance(d->random, 15),
		.pvid = differ_chance(d->random, 70) ? n->pvid : some_vlan(d->random),
		.own_vlans = differ_chance(d->random, 25),
		.priority = differ_below(d->random, 4),
	};
	if (r->own_vlans)
		some_vlans(d->random, &r->vlans);
	some_storm(d->random, &r->storm);
	return r;
}

static void add_with_device(struct draft *d, const struct model_vnet *n, enum abi_type type)
{
	struct model_resource *r = add_resource(d, n, type);

	if (!r)
		return;
	r->ifindex = take_device(d);
	add_port(d->config, r->ifindex, n->number, r->number, false);
	if (type != ABI_GUEST)
		return;
	make_mac(d->random, (uint8_t)(0x10 + differ_below(d->random, 6)), r->peer);
	register_guest(d->config, r);
}

/* Two vnets that reach each other with no device between. */
static void add_direct(struct draft *d, const struct model_vnet *a, const struct model_vnet *b)
{
	struct model_resource *one = add_resource(d, a, ABI_GUEST), *two;

	if (!one)
		return;
	two = add_resource(d, b, ABI_GUEST);
	if (!two) {
		d->config->resource_count--;
		return;
	}
	one->twin = two->number;
	two->twin = one->number;
	memcpy(one->peer, b->mac, MODEL_MAC_LEN);
	memcpy(two->peer, a->mac, MODEL_MAC_LEN);
	register_guest(d->config, one);
	register_guest(d->config, two);
}

static void add_resources(struct draft *d, const struct model_vnet *n)
{
	uint32_t guests = differ_below(d->random, 4);
	uint32_t hybrids = differ_chance(d->random, 8) ? 8 : differ_below(d->random, 3);

	if (differ_chance(d->random, 75))
		add_with_device(d, n, ABI_SERVICE);
	for (uint32_t i = 0; i < guests; i++)
		add_with_device(d, n, ABI_GUEST);
	for (uint32_t i = 0; i < hybrids; i++)
		add_with_device(d, n, ABI_HYBRID);
}

static void add_vnet(struct draft *d, size_t position, uint32_t number)
{
	struct model_vnet *n = &d->config->vnets[d->config->vnet_count++];
	struct differ_random *r = d->random;

	*n = (struct model_vnet) {
		.number = number,
		.pvid = differ_chance(r, 60) ? 1 : some_vlan(r),
		.port = ports[position],
		.guard = differ_chance(r, 60),
		.promiscuous = differ_chance(r, 20),
		.peer = differ_chance(r, 30),
		.hybrid_needs_service = differ_chance(r, 20),
		.xdp = !differ_chance(r, 10),
	};
	make_mac(r, (uint8_t)(1 + position), n->mac);
	some_vlans(r, &n->vlans);
	some_storm(r, &n->storm);
	some_protection(r, &n->protection);
	for (size_t i = 0; i < ARRAY_SIZE(other_ports); i++)
		if (other_ports[i].position == position && differ_chance(r, 20))
			n->port = other_ports[i].device.ifindex;
	add_port(d->config, uppers[position], number, 0, true);
	add_port(d->config, n->port, number, 0, false);
}

/* Rows that lead nowhere: of a vnet, or of a resource, that is not there, or is another's. */
static void add_strange_port(struct draft *d)
{
	const struct model_config *c = d->config;
	const struct model_resource *r = &c->resources[0];

	switch (differ_below(d->random, 4)) {
	case 0:
		return add_port(d->config, DIFFER_STRANGER, 33, 0, false);
	case 1:
		return add_port(d->config, DIFFER_STRANGER, c->vnets[0].number, 63, false);
	case 2:
		if (c->resource_count)
			add_port(d->config, DIFFER_STRANGER, r->vnet == 1 ? 2 : 1, r->number,
				 false);
		return;
	default:
		return;
	}
}

void differ_config(struct differ_random *r, const struct world_features *features,
		   struct model_config *ret)
{
	struct draft d = { .random = r, .config = ret };
	uint32_t vnets = 1 + differ_below(r, MODEL_VNETS_MAX);
	uint32_t first = differ_chance(r, 80) ? 1 : ABI_COUNTERS_NEAR - 2;

	memset(ret, 0, sizeof(*ret));
	ret->sees_state = features->device_state;
	ret->sees_xdp = features->xdp_features;
	d.next_number = differ_chance(r, 70) ? 1 : ABI_COUNTERS_NEAR - 8;
	add_pool(&d);
	add_ports(&d);
	for (uint32_t i = 0; i < vnets; i++)
		add_vnet(&d, i, first + i);
	for (uint32_t i = 0; i < vnets; i++)
		add_resources(&d, &ret->vnets[i]);
	differ_uplinks(r, ret);
	for (uint32_t i = 0; i + 1 < vnets; i++)
		if (differ_chance(r, 50))
			add_direct(&d, &ret->vnets[i], &ret->vnets[i + 1]);
	add_strange_port(&d);
	if (differ_chance(r, 60))
		differ_flows(r, ret);
}
