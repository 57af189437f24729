// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the upper of a protected vnet may send. Two rules go through all of it: what a check has to
 * look at and cannot, because the frame ends before it or because there is too much before it, is
 * refused; and what no check looks at may be what it likes.
 */
#include <string.h>

#include "model_internal.h"

#define TYPE_IPV4 0x0800
#define TYPE_ARP  0x0806
#define TYPE_RARP 0x8035
#define TYPE_IPV6 0x86dd

#define IPV4_HEADER	 20
#define IPV6_HEADER	 40
#define UDP_HEADER	 8
#define EXTENSIONS_MAX	 6 /* headers between IPv6 and what it carries */
#define ND_OPTIONS_MAX	 16
#define DHCP_OPTIONS_MAX 64 /* of IPv4 with those that are empty and the end */

#define PROTO_HOP_BY_HOP  0
#define PROTO_UDP	  17
#define PROTO_ROUTING	  43
#define PROTO_FRAGMENT	  44
#define PROTO_AH	  51
#define PROTO_ICMPV6	  58
#define PROTO_DESTINATION 60

#define ND_ROUTER_SOLICITATION	  133
#define ND_NEIGHBOR_SOLICITATION  135
#define ND_NEIGHBOR_ADVERTISEMENT 136
#define MLDV2_REPORT		  143
#define ND_SOURCE_ADDRESS	  1
#define ND_TARGET_ADDRESS	  2

/* A frame of the upper of one vnet. */
struct sent {
	const struct model_vnet *vnet;
	const struct model_protection *may;
	const struct model_frame *frame;
};

/* What is in an IP packet. */
struct packet {
	uint8_t proto;
	size_t at;	 /* where that starts ... */
	size_t end;	 /* ... and should end (IPv6) */
	bool fragmented; /* there is more of it in other frames, ... */
	bool later;	 /* ... and this is not the first */
};

static bool has(const struct sent *s, size_t at, size_t bytes)
{
	return at + bytes <= s->frame->len;
}

static const uint8_t *bytes_at(const struct sent *s, size_t at)
{
	return s->frame->bytes + at;
}

static bool is_own_mac(const struct sent *s, size_t at)
{
	return has(s, at, MODEL_MAC_LEN) && model_same_mac(bytes_at(s, at), s->vnet->mac);
}

/* --- addresses --- */

static bool in_prefix(const uint8_t *address, const struct model_prefix *prefix)
{
	for (unsigned int bit = 0; bit < prefix->length; bit++)
		if ((address[bit / 8] ^ prefix->address[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static bool is_allowed(const struct sent *s, const uint8_t *address)
{
	for (size_t i = 0; i < s->may->allowed_count; i++)
		if (in_prefix(address, &s->may->allowed[i]))
			return true;
	return false;
}

static bool is_allowed_ipv4(const struct sent *s, const uint8_t *address)
{
	uint8_t mapped[MODEL_IP_LEN] = { [10] = 0xff, [11] = 0xff };

	memcpy(mapped + 12, address, 4);
	return is_allowed(s, mapped);
}

/* ::ffff:a.b.c.d is how the list writes IPv4; no frame of IPv6 may come from there. */
static bool is_mapped(const uint8_t *address)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address, prefix, sizeof(prefix)) == 0;
}

/* Or the link-local address that follows from the vnet's MAC (EUI-64). */
static bool is_allowed_ipv6(const struct sent *s, const uint8_t *address)
{
	const uint8_t *mac = s->vnet->mac;
	const uint8_t own[MODEL_IP_LEN] = { 0xfe, 0x80,	  0,	      0,      0,      0,
					    0,	  0,	  mac[0] ^ 2, mac[1], mac[2], 0xff,
					    0xfe, mac[3], mac[4],     mac[5] };

	return memcmp(address, own, sizeof(own)) == 0 ||
	       (!is_mapped(address) && is_allowed(s, address));
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes[i])
			return false;
	return true;
}

/* --- ARP --- */

/* Ethernet and IPv4; no other ARP can be checked. */
static bool is_plain_arp(const struct sent *s, size_t at)
{
	static const uint8_t start[] = { 0, 1, 8, 0, MODEL_MAC_LEN, 4 };

	return has(s, at, 28) && memcmp(bytes_at(s, at), start, sizeof(start)) == 0;
}

/* RARP asks with the same fields; nobody needs it who has addresses that can be checked. */
static bool arp_is_fine(const struct sent *s, size_t at, bool reverse)
{
	const uint8_t *address = bytes_at(s, at + 14);

	if (!s->may->mac_nospoof && !s->may->ip_nospoof)
		return true;
	if (!is_plain_arp(s, at))
		return false;
	if (s->may->mac_nospoof && !is_own_mac(s, at + 8))
		return false;
	if (!s->may->ip_nospoof)
		return true;
	/* Zero: it probes whether an address is free. */
	return !reverse && (is_zero(address, 4) || is_allowed_ipv4(s, address));
}

/* --- DHCP --- */

/* The ports of UDP, in the first fragment alone. */
static bool is_udp_to(const struct sent *s, const struct packet *p, uint16_t to)
{
	return p->proto == PROTO_UDP && !p->later && has(s, p->at, 4) &&
	       model_word(s->frame, p->at + 2) == to;
}

static bool is_udp(const struct sent *s, const struct packet *p, uint16_t from, uint16_t to)
{
	return is_udp_to(s, p, to) && model_word(s->frame, p->at) == from;
}

static bool udp_is_cut(const struct sent *s, const struct packet *p)
{
	return p->proto == PROTO_UDP && !p->later && !has(s, p->at, UDP_HEADER);
}

/* The client's name for itself: its MAC, or none. */
static bool dhcpv4_identifier_is_fine(const struct sent *s, size_t at, uint8_t len)
{
	return len == 1 + MODEL_MAC_LEN && has(s, at, len) && *bytes_at(s, at) == 1 &&
	       is_own_mac(s, at + 1);
}

/* They end with an option of their own, and go on nowhere else (52: overload). */
static bool dhcpv4_options_are_fine(const struct sent *s, size_t at)
{
	for (int i = 0; i < DHCP_OPTIONS_MAX && has(s, at, 1); i++) {
		uint8_t code = *bytes_at(s, at++), len;

		if (code == 255)
			return true;
		if (code == 0)
			continue;
		if (code == 52 || !has(s, at, 1))
			return false;
		len = *bytes_at(s, at++);
		if (code == 61 && !dhcpv4_identifier_is_fine(s, at, len))
			return false;
		at += len;
	}
	return false;
}

/* BOOTP: what is there since before DHCP, then a cookie, then options. */
static bool dhcpv4_request_is_fine(const struct sent *s, size_t at)
{
	return has(s, at, 240) && *bytes_at(s, at + 1) == 1 &&
	       *bytes_at(s, at + 2) == MODEL_MAC_LEN && is_own_mac(s, at + 28) &&
	       dhcpv4_options_are_fine(s, at + 240);
}

/* Whatever is sent to a server, from whichever port, is a request. */
static bool dhcpv4_is_fine(const struct sent *s, const struct packet *p)
{
	if (udp_is_cut(s, p) || is_udp(s, p, 67, 68))
		return false;
	if (!is_udp_to(s, p, 67))
		return true;
	return !p->fragmented && dhcpv4_request_is_fine(s, p->at + UDP_HEADER);
}

/* Of the identifiers, two are made of a MAC: LLT (1, with a time) and LL (3). */
static bool dhcpv6_identifier_is_fine(const struct sent *s, size_t at, uint16_t len)
{
	size_t mac = 4;

	if (!has(s, at, 4) || model_word(s->frame, at + 2) != 1)
		return false;
	if (model_word(s->frame, at) == 1)
		mac = 8;
	else if (model_word(s->frame, at) != 3)
		return false;
	return len == mac + MODEL_MAC_LEN && is_own_mac(s, at + mac);
}

/* They end where the datagram does. */
static bool dhcpv6_options_are_fine(const struct sent *s, size_t at, size_t end)
{
	for (int i = 0; i < DHCP_OPTIONS_MAX && at != end; i++) {
		uint16_t code, len;

		if (at + 4 > end || !has(s, at, 4))
			return false;
		code = model_word(s->frame, at);
		len = model_word(s->frame, at + 2);
		at += 4;
		if (code == 1 && !dhcpv6_identifier_is_fine(s, at, len))
			return false;
		at += len;
	}
	return at == end;
}

/* What a relay says would hide a request in an option (12, 13). */
static bool dhcpv6_request_is_fine(const struct sent *s, size_t at, size_t end)
{
	return has(s, at, 1) && *bytes_at(s, at) != 12 && *bytes_at(s, at) != 13 &&
	       dhcpv6_options_are_fine(s, at + 4, end);
}

static bool dhcpv6_is_fine(const struct sent *s, const struct packet *p)
{
	if (udp_is_cut(s, p) || is_udp(s, p, 547, 546))
		return false;
	if (!is_udp_to(s, p, 547))
		return true;
	return !p->fragmented && dhcpv6_request_is_fine(s, p->at + UDP_HEADER,
							p->at + model_word(s->frame, p->at + 4));
}

/* --- IPv4 --- */

static bool ipv4_read(const struct sent *s, size_t at, struct packet *ret)
{
	size_t header;
	uint16_t fragment;

	if (!has(s, at, IPV4_HEADER) || *bytes_at(s, at) >> 4 != 4)
		return false;
	header = (*bytes_at(s, at) & 15) * 4u;
	if (header < IPV4_HEADER)
		return false;
	fragment = model_word(s->frame, at + 6);
	*ret = (struct packet) { .proto = *bytes_at(s, at + 9),
				 .at = at + header,
				 .fragmented = fragment & 0x3fff,
				 .later = fragment & 0x1fff };
	return true;
}

static bool ipv4_is_fine(const struct sent *s, size_t at)
{
	const uint8_t *source = bytes_at(s, at + 12);
	struct packet p;

	if (!s->may->ip_nospoof && !s->may->dhcp_nospoof)
		return true;
	if (!ipv4_read(s, at, &p))
		return false;
	/* Without an address a host may ask for one, and nothing else. */
	if (s->may->ip_nospoof &&
	    !(is_zero(source, 4) ? is_udp(s, &p, 68, 67) : is_allowed_ipv4(s, source)))
		return false;
	return !s->may->dhcp_nospoof || dhcpv4_is_fine(s, &p);
}

/* --- IPv6 --- */

static bool is_extension(uint8_t proto)
{
	return proto == PROTO_HOP_BY_HOP || proto == PROTO_ROUTING || proto == PROTO_FRAGMENT ||
	       proto == PROTO_AH || proto == PROTO_DESTINATION;
}

static size_t extension_len(const struct sent *s, uint8_t proto, size_t at)
{
	uint8_t len = *bytes_at(s, at + 1);

	if (proto == PROTO_FRAGMENT)
		return 8;
	return proto == PROTO_AH ? (len + 2u) * 4u : (len + 1u) * 8u;
}

/* False: what it carries cannot be reached. */
static bool ipv6_read(const struct sent *s, size_t at, struct packet *ret)
{
	struct packet p = { 0 };

	if (!has(s, at, IPV6_HEADER) || *bytes_at(s, at) >> 4 != 6)
		return false;
	p.proto = *bytes_at(s, at + 6);
	p.at = at + IPV6_HEADER;
	p.end = p.at + model_word(s->frame, at + 4);
	for (int i = 0; is_extension(p.proto) && !p.later; i++) {
		size_t start = p.at;

		if (i == EXTENSIONS_MAX || !has(s, start, 4))
			return false;
		if (p.proto == PROTO_FRAGMENT) {
			p.fragmented = true;
			p.later = model_word(s->frame, start + 2) & 0xfff8;
		}
		p.at += extension_len(s, p.proto, start);
		p.proto = *bytes_at(s, start);
	}
	*ret = p;
	return true;
}

static bool is_icmpv6(const struct packet *p)
{
	return p->proto == PROTO_ICMPV6 && !p->later;
}

/* Those that say who has which address. */
static bool is_nd(uint8_t type)
{
	return type == ND_ROUTER_SOLICITATION || type == ND_NEIGHBOR_SOLICITATION ||
	       type == ND_NEIGHBOR_ADVERTISEMENT;
}

/* Options of @type carry our MAC; they end where the packet does. */
static bool nd_options_are_fine(const struct sent *s, size_t at, size_t end, uint8_t type)
{
	for (int i = 0; i < ND_OPTIONS_MAX && at != end; i++) {
		size_t len;

		if (at + 8 > end || !has(s, at, 8))
			return false;
		len = *bytes_at(s, at + 1) * 8u;
		if (!len)
			return false;
		if (*bytes_at(s, at) == type && (len != 8 || !is_own_mac(s, at + 2)))
			return false;
		at += len;
	}
	return at == end;
}

/* Who asks tells its own MAC, who answers the one that was asked for: its own, too. */
static bool nd_macs_are_fine(const struct sent *s, const struct packet *p, uint8_t type)
{
	size_t header = type == ND_ROUTER_SOLICITATION ? 8 : 24;
	uint8_t option = type == ND_NEIGHBOR_ADVERTISEMENT ? ND_TARGET_ADDRESS : ND_SOURCE_ADDRESS;

	return nd_options_are_fine(s, p->at + header, p->end, option);
}

static bool target_is_allowed(const struct sent *s, const struct packet *p)
{
	return has(s, p->at + 8, MODEL_IP_LEN) && is_allowed_ipv6(s, bytes_at(s, p->at + 8));
}

/* A host that has no address yet asks whether one is free, for routers, and for groups. */
static bool nobody_may_say(uint8_t type)
{
	return type == ND_NEIGHBOR_SOLICITATION || type == ND_ROUTER_SOLICITATION ||
	       type == MLDV2_REPORT;
}

static bool ipv6_addresses_are_fine(const struct sent *s, size_t at, const struct packet *p)
{
	const uint8_t *source = bytes_at(s, at + 8);
	bool nobody = is_zero(source, MODEL_IP_LEN);
	uint8_t type = is_icmpv6(p) ? *bytes_at(s, p->at) : 0;

	if (!is_allowed_ipv6(s, source) && !(nobody && is_icmpv6(p)))
		return false;
	if (!is_icmpv6(p))
		return true;
	if (nobody && !nobody_may_say(type))
		return false;
	/* What is advertised, or about to be taken, has to be one's own. */
	if (type == ND_NEIGHBOR_ADVERTISEMENT || (nobody && type == ND_NEIGHBOR_SOLICITATION))
		return target_is_allowed(s, p);
	return true;
}

static bool icmpv6_is_fine(const struct sent *s, const struct packet *p)
{
	uint8_t type;

	if (!has(s, p->at, 1))
		return false;
	type = *bytes_at(s, p->at);
	if (!is_nd(type))
		return true;
	/* RFC 6980: never in fragments */
	return !p->fragmented && (!s->may->mac_nospoof || nd_macs_are_fine(s, p, type));
}

static bool ipv6_is_fine(const struct sent *s, size_t at)
{
	struct packet p;

	if (!s->may->mac_nospoof && !s->may->ip_nospoof && !s->may->dhcp_nospoof)
		return true;
	if (!ipv6_read(s, at, &p) || (is_icmpv6(&p) && !icmpv6_is_fine(s, &p)))
		return false;
	if (s->may->ip_nospoof && !ipv6_addresses_are_fine(s, at, &p))
		return false;
	return !s->may->dhcp_nospoof || dhcpv6_is_fine(s, &p);
}

/* --- all of it --- */

static bool is_fine(const struct sent *s, const struct model_headers *h)
{
	switch (h->type) {
	case TYPE_ARP:
	case TYPE_RARP:
		return arp_is_fine(s, h->payload, h->type == TYPE_RARP);
	case TYPE_IPV4:
		return ipv4_is_fine(s, h->payload);
	case TYPE_IPV6:
		return ipv6_is_fine(s, h->payload);
	}
	return true;
}

enum abi_drop model_protect(const struct model_vnet *n, const struct model_frame *f,
			    const struct model_headers *h)
{
	const struct sent s = { n, &n->protection, f };

	if (s.may->restricted && h->type != TYPE_ARP && h->type != TYPE_IPV4 &&
	    h->type != TYPE_IPV6)
		return ABI_DROP_RESTRICTED;
	return is_fine(&s, h) ? ABI_DROP_NONE : ABI_DROP_SPOOFED;
}
