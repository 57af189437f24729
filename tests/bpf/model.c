// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Read this beside section "Forwarding policy" of the design: "TX 2" in a comment is line 2 there.
 * Nothing is shared with bpf/policy.h on purpose; what is the same in both was thought twice.
 */
#include <string.h>

#include "model.h"

#define ETHERNET_HEADER 14
#define TAGGED_HEADER	18
#define TAG_LEN		4
#define TYPE_AT		12 /* of the first ethertype, or tag */
#define TYPE_8021Q	0x8100
#define TYPE_8021AD	0x88a8
#define VLAN_OF_TCI	0x0fff

/* What the policy's text speaks of. */
struct headers {
	const uint8_t *destination;
	const uint8_t *source;
	bool tagged;
	bool strange_tag; /* two tags, or one of a provider (802.1ad) */
	uint16_t tci;
	uint16_t vlan;
};

/* --- the configuration --- */

const struct model_vnet *model_vnet_find(const struct model_config *c, uint32_t number)
{
	for (size_t i = 0; i < c->vnet_count; i++)
		if (c->vnets[i].number == number)
			return &c->vnets[i];
	return NULL;
}

const struct model_resource *model_resource_find(const struct model_config *c, uint32_t number)
{
	for (size_t i = 0; i < c->resource_count; i++)
		if (c->resources[i].number == number)
			return &c->resources[i];
	return NULL;
}

static const struct model_port *port_find(const struct model_config *c, uint32_t ifindex)
{
	for (size_t i = 0; i < c->port_count; i++)
		if (c->ports[i].ifindex == ifindex)
			return &c->ports[i];
	return NULL;
}

static bool same_mac(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, MODEL_MAC_LEN) == 0;
}

static const struct model_fdb *fdb_find(const struct model_config *c, const struct model_vnet *n,
					uint16_t vlan, const uint8_t *mac)
{
	for (size_t i = 0; i < c->fdb_count; i++) {
		const struct model_fdb *entry = &c->fdb[i];

		if (entry->vnet == n->number && entry->vlan == vlan && same_mac(entry->mac, mac))
			return entry;
	}
	return NULL;
}

/* The service of @n if it is up. */
static const struct model_resource *service_up(const struct model_config *c,
					       const struct model_vnet *n)
{
	for (size_t i = 0; i < c->resource_count; i++) {
		const struct model_resource *r = &c->resources[i];

		if (r->vnet == n->number && r->type == ABI_SERVICE && r->up)
			return r;
	}
	return NULL;
}

/* "The up one with the best priority carries." */
static const struct model_resource *hybrid_up(const struct model_config *c,
					      const struct model_vnet *n)
{
	const struct model_resource *best = NULL;

	/* The original's way, by option: the service's domain owns the hybrids. */
	if (n->hybrid_needs_service && !service_up(c, n))
		return NULL;
	for (size_t i = 0; i < c->resource_count; i++) {
		const struct model_resource *r = &c->resources[i];

		if (r->vnet != n->number || r->type != ABI_HYBRID || !r->up)
			continue;
		if (!best || r->priority < best->priority ||
		    (r->priority == best->priority && r->number < best->number))
			best = r;
	}
	return best;
}

/* --- the frame --- */

static uint16_t word_at(const struct model_frame *f, size_t offset)
{
	return (uint16_t)(f->bytes[offset] << 8 | f->bytes[offset + 1]);
}

static bool is_tag(uint16_t type)
{
	return type == TYPE_8021Q || type == TYPE_8021AD;
}

/* Broadcast is a multicast, too. */
static bool is_multicast(const uint8_t *mac)
{
	return mac[0] & 1;
}

static bool is_broadcast(const uint8_t *mac)
{
	static const uint8_t broadcast[MODEL_MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	return same_mac(mac, broadcast);
}

/*
 * Returns false if the frame is malformed: shorter than its headers. A frame without a tag, or with
 * one that has a priority and no VLAN, belongs to the pvid of where it comes from.
 */
static bool read_headers(const struct model_frame *f, uint16_t pvid, struct headers *ret)
{
	uint16_t type, next;

	*ret = (struct headers) { .destination = f->bytes, .source = f->bytes + MODEL_MAC_LEN };
	if (f->len < ETHERNET_HEADER)
		return false;
	type = word_at(f, TYPE_AT);
	if (f->tag.present) {
		ret->tagged = true;
		ret->tci = f->tag.tci;
		ret->strange_tag = f->tag.proto != TYPE_8021Q || is_tag(type);
	} else if (is_tag(type)) {
		if (f->len < TAGGED_HEADER)
			return false;
		next = word_at(f, TYPE_AT + TAG_LEN);
		ret->tagged = true;
		ret->tci = word_at(f, TYPE_AT + 2);
		ret->strange_tag = type != TYPE_8021Q || is_tag(next);
	}
	ret->vlan = ret->tci & VLAN_OF_TCI;
	if (ret->vlan == 0)
		ret->vlan = pvid;
	return true;
}

static bool set_has(const struct model_vlans *set, uint16_t vlan)
{
	for (size_t i = 0; i < MODEL_VLANS_MAX && set->vlan[i]; i++)
		if (set->vlan[i] == vlan)
			return true;
	return false;
}

static bool vnet_admits(const struct model_vnet *n, const struct headers *h)
{
	return !h->strange_tag && (h->vlan == n->pvid || set_has(&n->vlans, h->vlan));
}

static bool resource_admits(const struct model_resource *r, const struct headers *h)
{
	if (!r->own_vlans)
		return true; /* it takes what its vnet takes */
	return !h->strange_tag && (h->vlan == r->pvid || set_has(&r->vlans, h->vlan));
}

/* --- what becomes of it --- */

static uint64_t frames_in(const struct model_frame *f)
{
	return f->segments ? f->segments : 1;
}

/* "Every drop counts under its reason." */
static void drop(enum abi_drop why, struct model_output *out)
{
	out->verdict = MODEL_DROP;
	out->drop = why;
	out->dropped = frames_in(&out->frame);
}

/* "... every carried frame under its resource and direction." */
static void count(enum model_program program, const uint8_t *destination, struct model_output *out)
{
	uint64_t frames = frames_in(&out->frame);
	uint64_t broadcasts = is_broadcast(destination) ? frames : 0;
	uint64_t multicasts = is_multicast(destination) && !broadcasts ? frames : 0;

	switch (program) {
	case MODEL_TX:
		out->counters.tx_packets = frames;
		out->counters.tx_bytes = out->frame.len;
		out->counters.tx_broadcast = broadcasts;
		out->counters.tx_multicast = multicasts;
		return;
	case MODEL_RX:
		out->counters.rx_packets = frames;
		out->counters.rx_bytes = out->frame.len;
		out->counters.rx_broadcast = broadcasts;
		out->counters.rx_multicast = multicasts;
		return;
	}
}

static void remove_tag(struct model_frame *f)
{
	if (f->tag.present) {
		f->tag = (struct model_tag) { 0 };
		return;
	}
	f->len -= TAG_LEN;
	memmove(f->bytes + TYPE_AT, f->bytes + TYPE_AT + TAG_LEN, f->len - TYPE_AT);
}

/*
 * VLANs at the way out: untagged if the frame's VLAN is the pvid there, else with exactly one tag.
 * The priority of a frame goes with its tag.
 */
static void retag(const struct headers *h, uint16_t pvid, struct model_frame *f)
{
	bool has_vlan = h->tagged && (h->tci & VLAN_OF_TCI);

	if (h->vlan == pvid) {
		if (h->tagged)
			remove_tag(f);
		return;
	}
	if (has_vlan)
		return;
	if (h->tagged)
		remove_tag(f);
	f->tag.present = true;
	f->tag.proto = TYPE_8021Q;
	f->tag.tci = (uint16_t)((h->tci & ~VLAN_OF_TCI) | h->vlan);
}

static void carry(enum model_program program, const struct headers *h,
		  const struct model_resource *r, uint32_t egress, uint16_t pvid,
		  struct model_output *out)
{
	out->verdict = MODEL_REDIRECT;
	out->resource = r->number;
	out->egress = egress;
	count(program, h->destination, out);
	retag(h, pvid, &out->frame);
}

/* --- the policy --- */

/* Which resource takes the frame, with the reason; or NULL, with the reason for the drop. */
static const struct model_resource *choose(const struct model_config *c, const struct model_vnet *n,
					   const struct headers *h, struct model_output *out)
{
	const struct model_resource *service = service_up(c, n), *hybrid = hybrid_up(c, n);
	const struct model_fdb *entry = fdb_find(c, n, h->vlan, h->destination);
	const struct model_resource *guest = entry ? model_resource_find(c, entry->resource) : NULL;

	/* TX 2: D broadcast or multicast: the service if up. Never hybrid, never guest. */
	if (is_multicast(h->destination)) {
		out->reason = service ? ABI_REASON_MULTICAST : ABI_REASON_NONE;
		out->drop = ABI_DROP_NO_SERVICE;
		return service;
	}
	out->drop = ABI_DROP_NO_PATH;
	/* TX 3: D in the FDB: that guest if up; */
	if (guest && guest->up) {
		out->reason = ABI_REASON_GUEST;
		return guest;
	}
	/* TX 3: a guest that is not up is reached over the service; */
	if (entry && service) {
		out->reason = ABI_REASON_GUEST_OVER_SERVICE;
		return service;
	}
	/* TX 3: no service up: hybrid. TX 4: D unknown unicast: hybrid if up, */
	if (hybrid) {
		out->reason = ABI_REASON_HYBRID;
		return hybrid;
	}
	/* TX 4: else service if up, */
	if (service) {
		out->reason = ABI_REASON_SERVICE;
		return service;
	}
	/* TX 3, TX 4: none: drop `no_path`. */
	return NULL;
}

static void transmit(const struct model_config *c, const struct model_vnet *n,
		     const struct model_frame *in, struct model_output *out)
{
	const struct model_resource *r;
	struct headers h;

	/* TX 1: shorter than an Ethernet header (or its tag): `malformed` */
	if (!read_headers(in, n->pvid, &h))
		return drop(ABI_DROP_MALFORMED, out);
	/* TX 1: source MAC not this vnet's, with the guard on: `spoofed` */
	if (n->guard && !same_mac(h.source, n->mac))
		return drop(ABI_DROP_SPOOFED, out);
	/* TX 1: VLAN not admitted: `vlan` */
	if (!vnet_admits(n, &h))
		return drop(ABI_DROP_VLAN, out);
	/* TX 2 to TX 4 */
	r = choose(c, n, &h, out);
	if (!r)
		return drop(out->drop, out);
	out->drop = ABI_DROP_NONE;
	/* VLANs are checked on both sides. */
	if (!resource_admits(r, &h)) {
		out->reason = ABI_REASON_NONE;
		return drop(ABI_DROP_VLAN, out);
	}
	carry(MODEL_TX, &h, r, r->ifindex, r->pvid, out);
}

static void receive(const struct model_config *c, const struct model_vnet *n,
		    const struct model_resource *r, const struct model_frame *in,
		    struct model_output *out)
{
	struct headers h;

	/* RX 1: malformed: drop. */
	if (!read_headers(in, r->pvid, &h))
		return drop(ABI_DROP_MALFORMED, out);
	/* RX 1: S is the vnet's own MAC: `reflected`. */
	if (same_mac(h.source, n->mac))
		return drop(ABI_DROP_REFLECTED, out);
	/* RX 1: a guest's S is not its registered MAC, guard on: `spoofed`. */
	if (r->type == ABI_GUEST && n->guard && !same_mac(h.source, r->peer))
		return drop(ABI_DROP_SPOOFED, out);
	/* RX 2: broadcast or multicast from the hybrid while a service is up: `duplicate`. */
	if (is_multicast(h.destination) && r->type == ABI_HYBRID && service_up(c, n))
		return drop(ABI_DROP_DUPLICATE, out);
	/* RX 3: unicast D that is not the vnet's, vnet not promiscuous: `not_ours`. */
	if (!is_multicast(h.destination) && !same_mac(h.destination, n->mac) && !n->promiscuous)
		return drop(ABI_DROP_NOT_OURS, out);
	/* RX 3: VLAN not admitted, by the vnet or by where it came from: `vlan`. */
	if (!vnet_admits(n, &h) || !resource_admits(r, &h))
		return drop(ABI_DROP_VLAN, out);
	/* RX 4: deliver to the upper: a frame never goes from one resource to another. */
	carry(MODEL_RX, &h, r, n->port, n->pvid, out);
}

void model_run(const struct model_config *c, enum model_program program, uint32_t ifindex,
	       const struct model_frame *in, struct model_output *ret)
{
	const struct model_port *port = port_find(c, ifindex);
	const struct model_vnet *n = port ? model_vnet_find(c, port->vnet) : NULL;
	const struct model_resource *r = port ? model_resource_find(c, port->resource) : NULL;

	*ret = (struct model_output) { .verdict = MODEL_PASS };
	model_frame_copy(&ret->frame, in);
	/* A device that is nobody's. */
	if (!n || (program == MODEL_RX && (!r || r->vnet != n->number)))
		return;
	ret->vnet = n->number;
	switch (program) {
	case MODEL_TX:
		return transmit(c, n, in, ret);
	case MODEL_RX:
		return receive(c, n, r, in, ret);
	}
}

/* --- frames --- */

void model_frame_copy(struct model_frame *to, const struct model_frame *from)
{
	to->len = from->len;
	to->tag = from->tag;
	to->segments = from->segments;
	memcpy(to->bytes, from->bytes, from->len);
}

void model_frame_flatten(struct model_frame *f)
{
	const uint8_t tag[TAG_LEN] = { (uint8_t)(f->tag.proto >> 8), (uint8_t)f->tag.proto,
				       (uint8_t)(f->tag.tci >> 8), (uint8_t)f->tag.tci };

	if (!f->tag.present)
		return;
	memmove(f->bytes + TYPE_AT + TAG_LEN, f->bytes + TYPE_AT, f->len - TYPE_AT);
	memcpy(f->bytes + TYPE_AT, tag, TAG_LEN);
	f->len += TAG_LEN;
	f->tag = (struct model_tag) { 0 };
}
