// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "frame.h"

#define TAG_LEN	 4
#define MACS_LEN (2 * MODEL_MAC_LEN)

static size_t put_word(uint8_t *bytes, size_t at, uint16_t word)
{
	bytes[at] = (uint8_t)(word >> 8);
	bytes[at + 1] = (uint8_t)word;
	return at + 2;
}

int frame_tags(const struct frame_spec *spec)
{
	int count = 0;

	while (count < FRAME_TAGS_MAX && spec->tags[count].proto)
		count++;
	return count;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Puts what @hex says at @at. Returns where it ends; anything but digits is passed over. */
static size_t put_hex(uint8_t *bytes, size_t at, const char *hex)
{
	bool half = false;

	for (; hex && *hex; hex++) {
		int digit = digit_of(*hex);

		if (digit < 0)
			continue;
		bytes[at] = (uint8_t)(half ? bytes[at] << 4 | digit : digit);
		at += half;
		half = !half;
	}
	return at;
}

/* @end: of what has been put. */
static size_t length_of(const struct frame_spec *spec, size_t end)
{
	size_t usual = FRAME_LEN + TAG_LEN * (size_t)frame_tags(spec);

	if (spec->len == FRAME_EMPTY)
		return 0;
	if (spec->len)
		return (size_t)spec->len;
	return spec->payload || end > usual ? end : usual;
}

void frame_build(const struct frame_spec *spec, struct model_frame *ret)
{
	uint8_t *bytes = ret->bytes;
	size_t at = MACS_LEN, len, payload;

	memcpy(bytes, spec->dst, MODEL_MAC_LEN);
	memcpy(bytes + MODEL_MAC_LEN, spec->src, MODEL_MAC_LEN);
	for (int i = 0; i < frame_tags(spec); i++) {
		at = put_word(bytes, at, spec->tags[i].proto);
		at = put_word(bytes, at, spec->tags[i].tci);
	}
	payload = put_word(bytes, at, spec->type ? spec->type : FRAME_TYPE);
	at = put_hex(bytes, payload, spec->payload);
	len = length_of(spec, at);
	/* Every byte differs from its neighbours: one that is lost or moved shows. */
	for (; at < len; at++)
		bytes[at] = (uint8_t)((at - payload) * 7 + (at - payload) / 256 + 3);
	ret->len = len;
	ret->tag = (struct model_tag) { 0 };
	ret->segments = spec->segments;
	ret->segment = spec->segment;
}

struct frame_spec frame_without_tags(const struct frame_spec *spec)
{
	struct frame_spec plain = *spec;

	if (plain.len > 0)
		plain.len -= TAG_LEN * frame_tags(spec);
	memset(plain.tags, 0, sizeof(plain.tags));
	return plain;
}

bool frame_untag(struct model_frame *f)
{
	const uint8_t *tag = f->bytes + MACS_LEN;
	uint16_t proto = (uint16_t)(tag[0] << 8 | tag[1]);

	/* The kernel wants a whole header behind the tag as well. */
	if (f->len < MACS_LEN + 2 * TAG_LEN || (proto != FRAME_8021Q && proto != FRAME_8021AD))
		return false;
	f->tag = (struct model_tag) { true, proto, (uint16_t)(tag[2] << 8 | tag[3]) };
	f->len -= TAG_LEN;
	memmove(f->bytes + MACS_LEN, f->bytes + MACS_LEN + TAG_LEN, f->len - MACS_LEN);
	return true;
}
