// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Random payloads: the protocols that a protected upper is judged by, mostly as they should be,
 * with one thing here and there that should not. Checksums are nobody's business here.
 */
#include <string.h>

#include "differ.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Where the payload is put. */
struct writer {
	struct differ_random *random;
	const struct model_config *config;
	const struct model_vnet *vnet;
	struct model_frame *frame;
	size_t at;
};

static const uint8_t ipv4_pool[][4] = { { 10, 0, 0, 5 },      { 10, 0, 0, 77 },
					{ 10, 0, 1, 1 },      { 10, 0, 1, 200 },
					{ 0, 0, 0, 0 },	      { 192, 168, 127, 1 },
					{ 192, 168, 128, 1 }, { 8, 8, 8, 8 },
					{ 0, 0, 0, 1 } };

static const uint8_t ipv6_pool[][16] = {
	{ 0xfd, [15] = 5 },
	{ 0xfd, [15] = 6 },
	{ 0xfd, [7] = 1, [15] = 5 },
	{ 0xfe, 0x80, [15] = 9 },
	{ 0 },
	{ [15] = 1 },
	{ 0x20, 1, 0xd, 0xb8, [15] = 1 },
	{ [10] = 0xff, 0xff, 10, 0, 0, 5 },
};

/* --- writing --- */

static void put(struct writer *w, const void *bytes, size_t count)
{
	memcpy(w->frame->bytes + w->at, bytes, count);
	w->at += count;
}

static void put_byte(struct writer *w, uint32_t byte)
{
	w->frame->bytes[w->at++] = (uint8_t)byte;
}

static void put_word(struct writer *w, uint32_t word)
{
	put_byte(w, word >> 8);
	put_byte(w, word);
}

static void put_fill(struct writer *w, size_t count)
{
	while (count--)
		put_byte(w, (uint32_t)w->at * 7 + 3);
}

static void put_zero(struct writer *w, size_t count)
{
	memset(w->frame->bytes + w->at, 0, count);
	w->at += count;
}

/* The vnet's own, or not. */
static void put_mac(struct writer *w)
{
	uint8_t mac[MODEL_MAC_LEN];

	if (differ_chance(w->random, 75))
		put(w, w->vnet->mac, MODEL_MAC_LEN);
	else
		put(w, differ_mac(w->random, w->config, mac), MODEL_MAC_LEN);
}

static uint32_t below(struct writer *w, uint32_t end)
{
	return differ_below(w->random, end);
}

static bool chance(struct writer *w, uint32_t percent)
{
	return differ_chance(w->random, percent);
}

/* A length of all since @start, mostly, into the two bytes at @at. */
static void set_length(struct writer *w, size_t at, size_t start)
{
	size_t length = w->at - start;

	if (differ_chance(w->random, 3))
		length += differ_below(w->random, 20) - 10;
	w->frame->bytes[at] = (uint8_t)(length >> 8);
	w->frame->bytes[at + 1] = (uint8_t)length;
}

/* --- addresses --- */

static void put_ipv4_address(struct writer *w)
{
	const struct model_protection *p = &w->vnet->protection;

	if (p->allowed_count && chance(w, 60))
		put(w, p->allowed[below(w, (uint32_t)p->allowed_count)].address + 12, 4);
	else
		put(w, ipv4_pool[below(w, ARRAY_SIZE(ipv4_pool))], 4);
	if (chance(w, 10))
		w->frame->bytes[w->at - 1] ^= (uint8_t)(1u << below(w, 8));
}

static void put_link_local(struct writer *w)
{
	const uint8_t *mac = w->vnet->mac;
	const uint8_t own[] = { 0xfe,	    0x80,   0,	    0,	  0,	0,	0,	0,
				mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5] };

	put(w, own, sizeof(own));
	if (chance(w, 15))
		w->frame->bytes[w->at - 1 - below(w, 16)] ^= (uint8_t)(1u << below(w, 8));
}

static void put_ipv6_address(struct writer *w)
{
	const struct model_protection *p = &w->vnet->protection;

	if (chance(w, 25))
		return put_link_local(w);
	if (p->allowed_count && chance(w, 50))
		put(w, p->allowed[below(w, (uint32_t)p->allowed_count)].address, 16);
	else
		put(w, ipv6_pool[below(w, ARRAY_SIZE(ipv6_pool))], 16);
	if (chance(w, 10))
		w->frame->bytes[w->at - 1 - below(w, 16)] ^= (uint8_t)(1u << below(w, 8));
}

/* Whom it is for: mostly nobody looks. */
static void put_ipv4_destination(struct writer *w)
{
	if (chance(w, 60))
		put(w, ipv4_pool[below(w, ARRAY_SIZE(ipv4_pool))], 4);
	else
		put_fill(w, 4);
}

static void put_ipv6_destination(struct writer *w)
{
	if (chance(w, 60))
		put(w, ipv6_pool[below(w, ARRAY_SIZE(ipv6_pool))], 16);
	else
		put_fill(w, 16);
}

void differ_address(struct differ_random *r, uint8_t ret[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };

	if (differ_chance(r, 50)) {
		memcpy(ret, ipv6_pool[differ_below(r, ARRAY_SIZE(ipv6_pool))], 16);
		return;
	}
	memcpy(ret, mapped, sizeof(mapped));
	memcpy(ret + sizeof(mapped), ipv4_pool[differ_below(r, ARRAY_SIZE(ipv4_pool))], 4);
}

/* --- ARP --- */

static void put_arp(struct writer *w)
{
	static const uint8_t start[] = { 0, 1, 8, 0, 6, 4 };

	put(w, start, sizeof(start));
	if (chance(w, 4))
		w->frame->bytes[w->at - 1 - below(w, 6)] ^= (uint8_t)(1u << below(w, 8));
	put_word(w, 1 + below(w, 4));
	put_mac(w);
	put_ipv4_address(w);
	put_fill(w, 6);
	put_ipv4_destination(w);
	if (chance(w, 50))
		put_fill(w, 18); /* as long as an Ethernet frame has to be */
}

/* --- DHCP --- */

static void put_identifier(struct writer *w)
{
	put_byte(w, 61);
	put_byte(w, chance(w, 90) ? 7 : 4 + below(w, 8));
	put_byte(w, chance(w, 90) ? 1 : below(w, 256));
	put_mac(w);
	if (chance(w, 5))
		put_fill(w, 4);
}

static void put_bootp_options(struct writer *w)
{
	uint32_t count = below(w, 6), len;

	put(w, "\x63\x82\x53\x63", 4);
	if (chance(w, 5)) /* as many as are looked at, about */
		put_zero(w, 55 + below(w, 12));
	for (uint32_t i = 0; i < count; i++) {
		switch (below(w, 4)) {
		case 0:
			put_zero(w, 1);
			break;
		case 1:
			put_identifier(w);
			break;
		default:
			len = below(w, 12);
			put_byte(w, 1 + below(w, 60));
			put_byte(w, len);
			put_fill(w, len);
		}
	}
	if (chance(w, 95))
		put_byte(w, 255);
	if (chance(w, 30))
		put_zero(w, below(w, 60));
}

static void put_bootp(struct writer *w)
{
	put_byte(w, 1);
	put_byte(w, chance(w, 96) ? 1 : below(w, 256));
	put_byte(w, chance(w, 96) ? 6 : below(w, 17));
	put_fill(w, 25);
	put_mac(w);
	put_zero(w, 236 - 34);
	if (chance(w, 95))
		put_bootp_options(w);
}

static void put_duid(struct writer *w)
{
	static const uint8_t types[] = { 1, 3, 1, 3, 1, 3, 1, 3, 2, 4 };
	uint8_t type = types[below(w, ARRAY_SIZE(types))];
	size_t start = w->at;

	put_word(w, 1);
	put_word(w, 0);
	put_word(w, type);
	put_word(w, chance(w, 92) ? 1 : below(w, 9));
	if (type == 1)
		put_fill(w, 4);
	put_mac(w);
	if (chance(w, 6))
		put_fill(w, 2);
	w->frame->bytes[start + 3] = (uint8_t)(w->at - start - 4);
}

static void put_dhcpv6(struct writer *w)
{
	uint32_t count = chance(w, 95) ? below(w, 5) : 58 + below(w, 12), len;

	put_byte(w, 1 + below(w, 13));
	put_fill(w, 3);
	for (uint32_t i = 0; i < count; i++) {
		if (chance(w, 40)) {
			put_duid(w);
			continue;
		}
		len = below(w, 10);
		put_word(w, 2 + below(w, 30));
		put_word(w, len);
		put_fill(w, len);
	}
}

/* --- what IP carries --- */

static void put_udp(struct writer *w)
{
	static const struct {
		uint16_t from, to;
	} ports[] = { { 68, 67 }, { 68, 67 },	{ 546, 547 }, { 546, 547 },
		      { 67, 68 }, { 547, 546 }, { 67, 67 },   { 68, 68 },
		      { 53, 67 }, { 68, 1067 }, { 546, 546 }, { 1234, 53 } };
	uint32_t i = below(w, ARRAY_SIZE(ports));
	size_t start = w->at;

	put_word(w, ports[i].from);
	put_word(w, ports[i].to);
	put_word(w, 0);
	put_fill(w, 2);
	if (ports[i].to == 67)
		put_bootp(w);
	else if (ports[i].to == 547)
		put_dhcpv6(w);
	else
		put_fill(w, below(w, 60));
	set_length(w, start + 4, start);
}

static void put_nd_options(struct writer *w)
{
	uint32_t count = chance(w, 95) ? below(w, 4) : 13 + below(w, 8);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t type = 1 + below(w, 3), words = chance(w, 93) ? 1 : below(w, 4);

		put_byte(w, type);
		put_byte(w, words);
		put_mac(w);
		if (words > 1)
			put_fill(w, (words - 1) * 8);
	}
}

static void put_icmpv6(struct writer *w)
{
	static const uint8_t types[] = { 133, 134, 135, 135, 136, 136, 137, 143, 128, 131 };
	uint8_t type = types[below(w, ARRAY_SIZE(types))];

	put_byte(w, type);
	put_fill(w, 7);
	if (type == 135 || type == 136)
		put_ipv6_address(w);
	if (type >= 133 && type <= 136)
		put_nd_options(w);
	else
		put_fill(w, below(w, 40));
}

/* Of a protocol that begins with ports, and of which nothing else is looked at. */
static void put_ports(struct writer *w)
{
	static const uint16_t ports[] = { 0, 53, 67, 80, 1234, 65535 };

	put_word(w, ports[below(w, ARRAY_SIZE(ports))]);
	put_word(w, ports[below(w, ARRAY_SIZE(ports))]);
	put_fill(w, 4 + below(w, 60));
}

static void put_proto(struct writer *w, uint8_t proto)
{
	if (proto == 17)
		put_udp(w);
	else if (proto == 58)
		put_icmpv6(w);
	else if (proto == 6 || proto == 132)
		put_ports(w);
	else
		put_fill(w, 8 + below(w, 60));
}

/* --- IP --- */

static uint16_t some_fragment(struct writer *w)
{
	static const uint16_t words[] = { 0x2000, 0x2001, 0x0001, 0x1fff, 0x3fff, 0x8000, 0x0100 };

	if (chance(w, 85))
		return chance(w, 50) ? 0x4000 : 0;
	return words[below(w, ARRAY_SIZE(words))];
}

static void put_ipv4(struct writer *w)
{
	static const uint8_t protos[] = { 17, 17, 17, 6, 6, 132, 1, 58 };
	uint8_t proto = protos[below(w, ARRAY_SIZE(protos))];
	uint32_t words = chance(w, 80) ? 5 : 3 + below(w, 13);
	size_t start = w->at;

	put_byte(w, (chance(w, 98) ? 0x40 : below(w, 16) << 4) | words);
	put_byte(w, below(w, 256));
	put_word(w, 0);
	put_word(w, below(w, 3)); /* so few that fragments meet */
	put_word(w, some_fragment(w));
	put_byte(w, 64);
	put_byte(w, proto);
	put_fill(w, 2);
	put_ipv4_address(w);
	put_ipv4_destination(w);
	if (words > 5)
		put_fill(w, (words - 5) * 4);
	put_proto(w, proto);
	if (chance(w, 95)) /* else as long as it cannot say */
		set_length(w, start + 2, start);
}

/* Puts an extension header; the next one's number goes where *next says. */
static void put_extension(struct writer *w, size_t *next)
{
	static const uint8_t kinds[] = { 0, 43, 60, 51, 44, 60, 0, 43 };
	static const uint16_t fragments[] = { 0, 1, 8, 9, 0xfff8, 6 };
	uint8_t kind = kinds[below(w, ARRAY_SIZE(kinds))];
	uint32_t words = below(w, 3);

	w->frame->bytes[*next] = kind;
	*next = w->at;
	put_byte(w, 59);
	if (kind == 44) {
		put_byte(w, chance(w, 90) ? 0 : below(w, 256));
		put_word(w, fragments[below(w, ARRAY_SIZE(fragments))]);
		put_word(w, 0);
		put_word(w, below(w, 3));
		return;
	}
	put_byte(w, words);
	put_fill(w, kind == 51 ? (words + 2) * 4 - 2 : (words + 1) * 8 - 2);
}

static void put_ipv6(struct writer *w)
{
	static const uint8_t protos[] = { 58, 58, 58, 17, 17, 6, 59, 50 };
	uint8_t proto = protos[below(w, ARRAY_SIZE(protos))];
	uint32_t extensions = chance(w, 60) ? 0 : below(w, 9);
	size_t start = w->at, next = start + 6;

	put_byte(w, chance(w, 98) ? 0x60 | below(w, 16) : below(w, 256));
	put_byte(w, below(w, 256));
	put_fill(w, 6);
	put_ipv6_address(w);
	put_ipv6_destination(w);
	for (uint32_t i = 0; i < extensions; i++)
		put_extension(w, &next);
	w->frame->bytes[next] = proto;
	put_proto(w, proto);
	set_length(w, start + 4, start + 40);
	if (chance(w, 10)) /* bytes that do not belong to it */
		put_fill(w, below(w, 20));
}

static void put_experiment(struct writer *w)
{
	put_fill(w, below(w, 100));
}

void differ_payload(struct differ_random *r, const struct model_config *c,
		    const struct model_vnet *n, size_t at, struct model_frame *f)
{
	static const struct {
		uint32_t below; /* of a hundred */
		uint16_t type;
		void (*put)(struct writer *w);
	} rows[] = {
		{ 30, 0x0800, put_ipv4 },	 { 62, 0x86dd, put_ipv6 },
		{ 78, 0x0806, put_arp },	 { 80, 0x8035, put_arp },
		{ 96, 0x88b5, put_experiment },	 { 98, 46, put_experiment },
		{ 100, 0x0842, put_experiment },
	};
	struct writer w = { r, c, n, f, at };
	uint32_t what = differ_below(r, 100);
	size_t i = 0;

	while (what >= rows[i].below)
		i++;
	put_word(&w, rows[i].type);
	rows[i].put(&w);
	f->len = w.at;
}
