// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT_SIZE     512

struct resource_row {
	const char *name;
	enum scene_vnet vnet;
	enum abi_type type;
	uint8_t mac; /* the last byte of a guest's */
	bool present;
};

static const struct resource_row resource_rows[SCENE_RESOURCE_END] = {
	[SCENE_SERVICE] = { "service", SCENE_A, ABI_SERVICE, 0, true },
	[SCENE_G1] = { "g1", SCENE_A, ABI_GUEST, 0x11, true },
	[SCENE_G2] = { "g2", SCENE_A, ABI_GUEST, 0x12, true },
	[SCENE_H1] = { "h1", SCENE_A, ABI_HYBRID, 0, true },
	[SCENE_H2] = { "h2", SCENE_A, ABI_HYBRID, 0, false },
	[SCENE_H3] = { "h3", SCENE_A, ABI_HYBRID, 0, false },
	[SCENE_H4] = { "h4", SCENE_A, ABI_HYBRID, 0, false },
	[SCENE_H5] = { "h5", SCENE_A, ABI_HYBRID, 0, false },
	[SCENE_H6] = { "h6", SCENE_A, ABI_HYBRID, 0, false },
	[SCENE_H7] = { "h7", SCENE_A, ABI_HYBRID, 0, false },
	[SCENE_H8] = { "h8", SCENE_A, ABI_HYBRID, 0, false },
	[SCENE_B_SERVICE] = { "b.service", SCENE_B, ABI_SERVICE, 0, true },
	[SCENE_B_G1] = { "b.g1", SCENE_B, ABI_GUEST, 0x11, true },
	[SCENE_B_H1] = { "b.h1", SCENE_B, ABI_HYBRID, 0, true },
};

/* A scene in the making: the resources by number, so that they can still come and go. */
struct draft {
	struct model_config *config;
	struct model_resource resources[SCENE_RESOURCE_END];
	bool present[SCENE_RESOURCE_END];
	struct model_device devices[SCENE_RESOURCE_END];
	bool absent_b;
	bool direct;
};

static struct model_device good_device(uint32_t ifindex)
{
	return (struct model_device) {
		.ifindex = ifindex, .present = true, .up = true, .carrier = true, .takes_xdp = true
	};
}

static void base_scene(struct draft *d)
{
	struct model_config *c = d->config;

	c->vnet_count = 2;
	c->vnets[0] = (struct model_vnet) {
		.number = SCENE_A, .pvid = 1, .port = SCENE_PORT, .guard = true, .xdp = true
	};
	memcpy(c->vnets[0].mac, SCENE_MAC_VNET, MODEL_MAC_LEN);
	c->vnets[1] = (struct model_vnet) {
		.number = SCENE_B, .pvid = 1, .port = SCENE_B_PORT, .guard = true, .xdp = true
	};
	memcpy(c->vnets[1].mac, SCENE_MAC_B, MODEL_MAC_LEN);
	for (uint32_t i = 1; i < SCENE_RESOURCE_END; i++) {
		const struct resource_row *row = &resource_rows[i];

		d->present[i] = row->present;
		d->resources[i] = (struct model_resource) {
			.number = i,
			.vnet = row->vnet,
			.type = row->type,
			.up = true,
			.xdp = true,
			.ifindex = SCENE_DEVICE(i),
		};
		d->devices[i] = good_device(SCENE_DEVICE(i));
		if (row->type == ABI_GUEST)
			memcpy(d->resources[i].peer, FRAME_MAC(2, 0, 0, 0, 0, row->mac),
			       MODEL_MAC_LEN);
		if (row->type == ABI_HYBRID)
			d->resources[i].priority = 10 * i;
	}
}

/* --- values --- */

static int parse_number(const char *text, uint32_t *ret)
{
	char *end;
	unsigned long value = strtoul(text, &end, 0);

	if (end == text || *end || value > UINT32_MAX)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

static int parse_vlan(const char *text, uint16_t *ret)
{
	uint32_t value;

	if (parse_number(text, &value) || value < 1 || value > 4095)
		return -EINVAL;
	*ret = (uint16_t)value;
	return 0;
}

static int parse_switch(const char *text, bool *ret)
{
	*ret = strcmp(text, "on") == 0;
	return *ret || strcmp(text, "off") == 0 ? 0 : -EINVAL;
}

static int parse_vlans(char *text, struct model_vlans *ret)
{
	char *rest = NULL, *word;
	size_t count = 0;

	memset(ret, 0, sizeof(*ret));
	if (strcmp(text, "none") == 0)
		return 0;
	for (word = strtok_r(text, "+", &rest); word; word = strtok_r(NULL, "+", &rest))
		if (count == MODEL_VLANS_MAX || parse_vlan(word, &ret->vlan[count++]))
			return -EINVAL;
	return 0;
}

/* @text is frames a second. */
static int parse_storm(const char *text, struct model_storm *ret)
{
	uint32_t pps;

	if (parse_number(text, &pps) || !pps)
		return -EINVAL;
	ret->on = true;
	ret->interval_ns = 1000000000u / pps;
	ret->burst_ns = ret->interval_ns > 100000000u ? ret->interval_ns : 100000000u;
	return 0;
}

static int parse_protection(char *text, struct model_protection *ret)
{
	const struct {
		const char *word;
		bool *on;
	} kinds[] = { { "mac", &ret->mac_nospoof },
		      { "ip", &ret->ip_nospoof },
		      { "dhcp", &ret->dhcp_nospoof },
		      { "restricted", &ret->restricted } };
	char *rest = NULL, *word;

	for (word = strtok_r(text, "+", &rest); word; word = strtok_r(NULL, "+", &rest)) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			if (strcmp(word, kinds[i].word) == 0)
				known = *kinds[i].on = true;
		if (!known)
			return -EINVAL;
	}
	return 0;
}

static int parse_prefix(char *text, struct model_prefix *ret)
{
	char *slash = strchr(text, '/');
	uint32_t length;

	memset(ret, 0, sizeof(*ret));
	if (!slash || parse_number(slash + 1, &length))
		return -EINVAL;
	*slash = '\0';
	if (inet_pton(AF_INET6, text, ret->address) != 1) {
		ret->address[10] = ret->address[11] = 0xff;
		if (inet_pton(AF_INET, text, ret->address + 12) != 1)
			return -EINVAL;
		length += 96;
	}
	ret->length = (uint8_t)length;
	return length <= 128 ? 0 : -EINVAL;
}

static int parse_allowed(char *text, struct model_protection *ret)
{
	char *rest = NULL, *word;

	for (word = strtok_r(text, "+", &rest); word; word = strtok_r(NULL, "+", &rest))
		if (ret->allowed_count == MODEL_ALLOWED_MAX ||
		    parse_prefix(word, &ret->allowed[ret->allowed_count++]))
			return -EINVAL;
	return 0;
}

/* --- keys --- */

static int set_vnet(struct model_vnet *n, const char *key, char *value)
{
	const struct {
		const char *key;
		bool *on;
	} switches[] = {
		{ "guard", &n->guard }, { "promisc", &n->promiscuous },
		{ "peer", &n->peer },	{ "needs-service", &n->hybrid_needs_service },
		{ "xdp", &n->xdp },
	};

	for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
		if (strcmp(key, switches[i].key) == 0)
			return parse_switch(value, switches[i].on);
	if (strcmp(key, "pvid") == 0)
		return parse_vlan(value, &n->pvid);
	if (strcmp(key, "vlans") == 0)
		return parse_vlans(value, &n->vlans);
	if (strcmp(key, "storm") == 0)
		return parse_storm(value, &n->storm);
	if (strcmp(key, "protect") == 0)
		return parse_protection(value, &n->protection);
	if (strcmp(key, "allowed") == 0)
		return parse_allowed(value, &n->protection);
	return -EINVAL;
}

/* Another kind of device has another index: the world keeps what it has made. */
static int set_device(struct draft *d, uint32_t number, const char *value)
{
	struct model_device *device = &d->devices[number];

	if (strcmp(value, "gone") == 0)
		device->present = false;
	else if (strcmp(value, "down") == 0)
		device->up = false;
	else if (strcmp(value, "carrierless") == 0)
		device->carrier = false;
	else if (strcmp(value, "plain") == 0)
		device->takes_xdp = false;
	else if (strcmp(value, "veth") == 0)
		device->takes_fragments = true;
	else
		return -EINVAL;
	if (!device->takes_xdp)
		device->ifindex = SCENE_PLAIN(number);
	if (device->takes_fragments)
		device->ifindex = SCENE_VETH(number);
	d->resources[number].ifindex = device->ifindex;
	return 0;
}

static int set_state(struct draft *d, uint32_t number, const char *value)
{
	d->present[number] = strcmp(value, "absent") != 0;
	d->resources[number].held = strcmp(value, "held") == 0;
	d->resources[number].up = strcmp(value, "up") == 0 || d->resources[number].held;
	return !d->present[number] || d->resources[number].up || strcmp(value, "down") == 0
		       ? 0
		       : -EINVAL;
}

/* @key is what stands behind the resource's name. */
static int set_resource(struct draft *d, uint32_t number, const char *key, char *value)
{
	struct model_resource *r = &d->resources[number];
	uint32_t last;

	if (!*key)
		return set_state(d, number, value);
	if (strcmp(key, ".pvid") == 0)
		return parse_vlan(value, &r->pvid);
	if (strcmp(key, ".priority") == 0)
		return parse_number(value, &r->priority);
	if (strcmp(key, ".vlans") == 0) {
		r->own_vlans = true;
		return parse_vlans(value, &r->vlans);
	}
	if (strcmp(key, ".storm") == 0)
		return parse_storm(value, &r->storm);
	if (strcmp(key, ".xdp") == 0)
		return parse_switch(value, &r->xdp);
	if (strcmp(key, ".device") == 0)
		return set_device(d, number, value);
	if (strcmp(key, ".mac") == 0 && parse_number(value, &last) == 0) {
		r->peer[MODEL_MAC_LEN - 1] = (uint8_t)last;
		return 0;
	}
	return -EINVAL;
}

static int add_port(struct model_config *c, uint32_t ifindex, uint32_t vnet, uint32_t resource)
{
	bool egress = ifindex == SCENE_UPPER || ifindex == SCENE_B_UPPER;

	if (c->port_count == MODEL_PORTS_MAX)
		return -E2BIG;
	c->ports[c->port_count++] = (struct model_port) { ifindex, vnet, resource, egress };
	return 0;
}

static int add_device(struct model_config *c, const struct model_device *device)
{
	if (c->device_count == MODEL_DEVICES_MAX)
		return -E2BIG;
	c->devices[c->device_count++] = *device;
	return 0;
}

static int set_port(struct model_config *c, const char *value)
{
	unsigned int ifindex, vnet, resource;
	char rest;

	if (sscanf(value, "%u:%u:%u%c", &ifindex, &vnet, &resource, &rest) != 3)
		return -EINVAL;
	return add_port(c, ifindex, vnet, resource);
}

static int set_one(struct draft *d, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return -EINVAL;
	*value++ = '\0';
	for (uint32_t i = 1; i < SCENE_RESOURCE_END; i++) {
		size_t len = strlen(resource_rows[i].name);

		if (strncmp(word, resource_rows[i].name, len) == 0 &&
		    (!word[len] || word[len] == '.'))
			return set_resource(d, i, word + len, value);
	}
	if (strcmp(word, "port") == 0)
		return set_port(d->config, value);
	if (strcmp(word, "direct") == 0)
		return parse_switch(value, &d->direct);
	if (strcmp(word, "b") == 0) {
		d->absent_b = true;
		return strcmp(value, "absent") ? -EINVAL : 0;
	}
	if (strncmp(word, "b.", 2) == 0)
		return set_vnet(&d->config->vnets[1], word + 2, value);
	return set_vnet(&d->config->vnets[0], word, value);
}

/* --- from the draft to rows --- */

static int add_fdb(struct model_config *c, const struct model_resource *r, uint16_t vlan)
{
	struct model_fdb *entry = &c->fdb[c->fdb_count];

	if (c->fdb_count == MODEL_FDB_MAX)
		return -E2BIG;
	*entry = (struct model_fdb) { .vnet = r->vnet, .vlan = vlan, .resource = r->number };
	memcpy(entry->mac, r->peer, MODEL_MAC_LEN);
	c->fdb_count++;
	return 0;
}

/* A guest is reached in its pvid and in all VLANs that it is a member of. */
static int register_guest(struct model_config *c, const struct model_resource *r,
			  const struct model_vnet *n)
{
	const struct model_vlans *set = r->own_vlans ? &r->vlans : &n->vlans;
	int err = add_fdb(c, r, r->pvid);

	for (size_t i = 0; !err && i < MODEL_VLANS_MAX && set->vlan[i]; i++)
		if (set->vlan[i] != r->pvid)
			err = add_fdb(c, r, set->vlan[i]);
	return err;
}

/* Each has the other's MAC, and no device. */
static void make_direct(struct draft *d)
{
	struct model_resource *a = &d->resources[SCENE_G2], *b = &d->resources[SCENE_B_G1];

	a->ifindex = b->ifindex = 0;
	a->twin = b->number;
	b->twin = a->number;
	memcpy(a->peer, SCENE_MAC_B, MODEL_MAC_LEN);
	memcpy(b->peer, SCENE_MAC_VNET, MODEL_MAC_LEN);
}

static int add_resource(struct model_config *c, struct model_resource r,
			const struct model_device *device)
{
	int err;

	const struct model_vnet *n = model_vnet_find(c, r.vnet);

	if (!n || c->resource_count == MODEL_RESOURCES_MAX)
		return -EINVAL;
	if (!r.pvid)
		r.pvid = n->pvid;
	c->resources[c->resource_count++] = r;
	if (r.type == ABI_GUEST && register_guest(c, &r, n))
		return -E2BIG;
	if (r.twin)
		return 0;
	err = add_device(c, device);
	return err ? err : add_port(c, r.ifindex, r.vnet, r.number);
}

static int add_upper(struct model_config *c, uint32_t vnet, uint32_t upper, uint32_t port)
{
	const struct model_device device = good_device(port);
	int err = add_port(c, upper, vnet, 0);

	if (!err)
		err = add_port(c, port, vnet, 0);
	return err ? err : add_device(c, &device);
}

static int finish(struct draft *d)
{
	struct model_config *c = d->config;
	int err = add_upper(c, SCENE_A, SCENE_UPPER, SCENE_PORT);

	if (d->direct)
		make_direct(d);
	if (d->absent_b)
		c->vnet_count = 1;
	else if (!err)
		err = add_upper(c, SCENE_B, SCENE_B_UPPER, SCENE_B_PORT);
	for (uint32_t i = 1; !err && i < SCENE_RESOURCE_END; i++)
		if (d->present[i] && !(d->absent_b && resource_rows[i].vnet == SCENE_B))
			err = add_resource(c, d->resources[i], &d->devices[i]);
	return err;
}

int scene_parse(const char *text, struct model_config *ret)
{
	struct draft d = { .config = ret };
	char copy[TEXT_SIZE], *rest = NULL, *word;

	memset(ret, 0, sizeof(*ret));
	base_scene(&d);
	if (snprintf(copy, sizeof(copy), "%s", text ? text : "") >= (int)sizeof(copy))
		return -EINVAL;
	for (word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		if (set_one(&d, word) == 0)
			continue;
		fprintf(stderr, "scene \"%s\": \"%s\" is not a key and its value\n", text, word);
		return -EINVAL;
	}
	return finish(&d);
}

int scene_everything(bool kinds, struct model_config *ret)
{
	const struct model_device plain = { SCENE_PLAIN(SCENE_H1), true, true, true, false, false };
	const struct model_device veth = { SCENE_VETH(SCENE_H1), true, true, true, true, true };
	int err = scene_parse("h2=up h3=up h4=up h5=up h6=up h7=up h8=up port=70:9:40", ret);

	if (!err && kinds)
		err = add_device(ret, &plain);
	return err || !kinds ? err : add_device(ret, &veth);
}
