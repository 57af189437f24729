// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames: their addresses and tags. */
#include <string.h>

#include "model_internal.h"

#define ETHERNET_HEADER 14
#define TAGGED_HEADER	18
#define TAG_LEN		4
#define TYPE_AT		12 /* of the first ethertype, or tag */
#define TYPE_8021Q	0x8100
#define TYPE_8021AD	0x88a8

bool model_same_mac(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, MODEL_MAC_LEN) == 0;
}

bool model_is_multicast(const uint8_t *mac)
{
	return mac[0] & 1;
}

bool model_is_broadcast(const uint8_t *mac)
{
	static const uint8_t broadcast[MODEL_MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

	return model_same_mac(mac, broadcast);
}

uint16_t model_word(const struct model_frame *f, size_t offset)
{
	return (uint16_t)(f->bytes[offset] << 8 | f->bytes[offset + 1]);
}

uint32_t model_long(const struct model_frame *f, size_t offset)
{
	return (uint32_t)model_word(f, offset) << 16 | model_word(f, offset + 2);
}

static bool is_tag(uint16_t type)
{
	return type == TYPE_8021Q || type == TYPE_8021AD;
}

static uint8_t byte_or_zero(const struct model_frame *f, size_t offset)
{
	return offset < f->len ? f->bytes[offset] : 0;
}

/*
 * Each segment repeats them. What is not IPv6 counts as IPv4, what is not TCP as UDP, and what ends
 * early as far as it goes.
 */
static size_t headers_of_segments(const struct model_frame *f)
{
	size_t at = ETHERNET_HEADER;
	uint8_t version, proto;

	if (f->len >= at && is_tag(model_word(f, TYPE_AT)))
		at += TAG_LEN;
	if (f->len <= at)
		return at;
	version = f->bytes[at] >> 4;
	proto = byte_or_zero(f, at + (version == 6 ? 6 : 9));
	at += version == 6 ? 40 : (f->bytes[at] & 15) * 4;
	return at + (proto == 6 ? (byte_or_zero(f, at + 12) >> 4) * 4 : 8);
}

uint64_t model_frames_in(const struct model_frame *f)
{
	size_t headers;

	if (f->segments || !f->segment)
		return f->segments ? f->segments : 1;
	headers = headers_of_segments(f);
	if (f->len <= headers)
		return 1;
	return (f->len - headers + f->segment - 1) / f->segment;
}

bool model_headers_read(const struct model_frame *f, uint16_t pvid, struct model_headers *ret)
{
	uint16_t proto = 0;

	*ret = (struct model_headers) { .destination = f->bytes,
					.source = f->bytes + MODEL_MAC_LEN,
					.payload = ETHERNET_HEADER };
	if (f->len < ETHERNET_HEADER)
		return false;
	ret->type = model_word(f, TYPE_AT);
	if (f->tag.present) {
		ret->tagged = true;
		ret->tci = f->tag.tci;
		proto = f->tag.proto;
	} else if (is_tag(ret->type)) {
		if (f->len < TAGGED_HEADER)
			return false;
		ret->tagged = true;
		ret->tci = model_word(f, TYPE_AT + 2);
		proto = ret->type;
		ret->type = model_word(f, TYPE_AT + TAG_LEN);
		ret->payload = TAGGED_HEADER;
	}
	ret->strange_tag = ret->tagged && (proto != TYPE_8021Q || is_tag(ret->type));
	ret->vlan = ret->tci & MODEL_VLAN_OF_TCI;
	if (ret->vlan == 0)
		ret->vlan = pvid;
	return true;
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

void model_retag(const struct model_headers *h, uint16_t pvid, struct model_frame *f)
{
	bool has_vlan = h->tagged && (h->tci & MODEL_VLAN_OF_TCI);

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
	f->tag.tci = (uint16_t)((h->tci & ~MODEL_VLAN_OF_TCI) | h->vlan);
}

void model_frame_copy(struct model_frame *to, const struct model_frame *from)
{
	to->len = from->len;
	to->tag = from->tag;
	to->segments = from->segments;
	to->segment = from->segment;
	to->linear = from->linear;
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
