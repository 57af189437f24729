// SPDX-License-Identifier: GPL-2.0-or-later
/* Random frames: addresses, tags, and where they come from. */
#include <string.h>

#include "differ.h"

#define TYPE_AT	   12
#define LEN_MIN	   14 /* no test run takes less */
#define LEN_MAX	   3000
#define FLIP_BYTES 400 /* where bits are turned over: headers are there */

static const uint8_t floods[][MODEL_MAC_LEN] = {
	{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	{ 0x33, 0x33, 0, 0, 0, 1 },
	{ 1, 0, 0x5e, 0, 0, 251 },
	{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe },
};

const uint8_t *differ_mac(struct differ_random *r, const struct model_config *c, uint8_t ret[6])
{
	uint32_t what = differ_below(r, 10);

	if (what < 4 && c->resource_count) {
		uint32_t i = differ_below(r, (uint32_t)c->resource_count);

		memcpy(ret, c->resources[i].peer, MODEL_MAC_LEN);
	} else if (what < 7) {
		memcpy(ret, c->vnets[differ_below(r, (uint32_t)c->vnet_count)].mac, MODEL_MAC_LEN);
	} else {
		const uint8_t other[] = { 2, 0, 0, 0, 0, (uint8_t)(0x40 + differ_below(r, 4)) };

		memcpy(ret, other, sizeof(other));
	}
	if (differ_chance(r, 4))
		ret[differ_below(r, 6)] ^= (uint8_t)(1u << differ_below(r, 8));
	return ret;
}

static void put_word(struct model_frame *f, size_t at, uint16_t word)
{
	f->bytes[at] = (uint8_t)(word >> 8);
	f->bytes[at + 1] = (uint8_t)word;
}

/* A VLAN that means something here, mostly. */
static uint16_t some_tci(struct differ_random *r, const struct model_config *c,
			 const struct model_vnet *n)
{
	uint16_t high = differ_chance(r, 40) ? (uint16_t)(differ_below(r, 16) << 12) : 0;
	uint32_t what = differ_below(r, 10);

	if (what < 2)
		return high | n->pvid;
	if (what < 3)
		return high;
	if (what < 5 && c->resource_count)
		return high | c->resources[differ_below(r, (uint32_t)c->resource_count)].pvid;
	if (what < 9 && n->vlans.vlan[0])
		return high | n->vlans.vlan[differ_below(r, 4)];
	return high | (uint16_t)differ_below(r, 4096);
}

static size_t put_tags(struct differ_random *r, const struct model_config *c,
		       const struct model_vnet *n, struct model_frame *f)
{
	uint32_t what = differ_below(r, 100);
	int tags = what < 50 ? 0 : what < 92 ? 1 : what < 98 ? 2 : 3;
	size_t at = TYPE_AT;

	for (int i = 0; i < tags; i++, at += 4) {
		put_word(f, at, differ_chance(r, 92) ? 0x8100 : 0x88a8);
		put_word(f, at + 2, some_tci(r, c, n));
	}
	return at;
}

static void put_addresses(struct differ_random *r, const struct model_config *c,
			  const struct model_vnet *n, bool rx, struct model_frame *f)
{
	const uint8_t *flood = floods[differ_below(r, sizeof(floods) / sizeof(floods[0]))];

	if (differ_chance(r, 30))
		memcpy(f->bytes, flood, MODEL_MAC_LEN);
	else if (rx && differ_chance(r, 60))
		memcpy(f->bytes, n->mac, MODEL_MAC_LEN);
	else
		differ_mac(r, c, f->bytes);
	if (!rx && differ_chance(r, 90))
		memcpy(f->bytes + MODEL_MAC_LEN, n->mac, MODEL_MAC_LEN);
	else
		differ_mac(r, c, f->bytes + MODEL_MAC_LEN);
}

/* A guest's frames come from its own MAC, mostly. */
static void put_peer(struct differ_random *r, const struct model_config *c, uint32_t resource,
		     struct model_frame *f)
{
	const struct model_resource *from = model_resource_find(c, resource);

	if (from && from->type == ABI_GUEST && differ_chance(r, 70))
		memcpy(f->bytes + MODEL_MAC_LEN, from->peer, MODEL_MAC_LEN);
}

static void damage(struct differ_random *r, struct model_frame *f)
{
	if (differ_chance(r, 8))
		f->len = LEN_MIN + differ_below(r, (uint32_t)(f->len - LEN_MIN + 1));
	if (differ_chance(r, 8)) {
		uint32_t flips = 1 + differ_below(r, 3);
		uint32_t range = f->len < FLIP_BYTES ? (uint32_t)f->len : FLIP_BYTES;

		for (uint32_t i = 0; i < flips; i++)
			f->bytes[differ_below(r, range)] ^= (uint8_t)(1u << differ_below(r, 8));
	}
	if (differ_chance(r, 1) && f->len < LEN_MAX) {
		size_t len = f->len + differ_below(r, (uint32_t)(LEN_MAX - f->len));

		memset(f->bytes + f->len, 0x5a, len - f->len);
		f->len = len;
	}
}

/* The programs for the upper are on devices of the upper alone; the others may be anywhere. */
static const struct model_port *choose_port(struct differ_random *r, const struct model_config *c,
					    enum model_program *ret)
{
	const struct model_port *p = &c->ports[differ_below(r, (uint32_t)c->port_count)];

	if (p->uplink)
		*ret = differ_chance(r, 35) ? MODEL_UPLINK_TX : MODEL_UPLINK;
	else
		*ret = p->resource || differ_chance(r, 3) ? MODEL_RX : MODEL_TX;
	return p;
}

void differ_frame(struct differ_random *r, const struct model_config *c, struct differ_case *ret)
{
	const struct model_port *p = choose_port(r, c, &ret->program);
	const struct model_vnet *n = model_vnet_find(c, p->vnet);
	struct model_frame *f = &ret->frame;

	if (p->resource && differ_chance(r, 50)) /* as many are sent as are received */
		for (size_t i = 0; i < c->port_count; i++)
			if (!c->ports[i].resource && c->ports[i].vnet == p->vnet &&
			    differ_chance(r, 50)) {
				p = &c->ports[i];
				ret->program = MODEL_TX;
			}
	if (!n)
		n = differ_uplink_vnet(r, c, p->uplink);
	ret->ifindex = differ_chance(r, 1) ? 71 : p->ifindex;
	f->tag = (struct model_tag) { 0 };
	f->linear = 0;
	f->segments = f->segment = 0;
	put_addresses(r, c, n, ret->program != MODEL_TX, f);
	if (p->uplink)
		differ_uplink_addresses(r, c, n, ret, f);
	if (ret->program == MODEL_RX)
		put_peer(r, c, p->resource, f);
	differ_payload(r, c, n, put_tags(r, c, n, f), f);
	damage(r, f);
	/* Copies really leave, and the kernel would cut them. */
	if (c->uplink_count)
		ret->xdp = !p->egress && ret->program != MODEL_UPLINK_TX;
	if (c->uplink_count)
		return;
	if (f->len > 100 && differ_chance(r, 3))
		f->segments = 1 + differ_below(r, 45);
	else if (f->len > 100 && differ_chance(r, 3))
		f->segment = (uint16_t)(1 + differ_below(r, 1460));
	ret->xdp = !p->egress && !f->segments && !f->segment;
}
