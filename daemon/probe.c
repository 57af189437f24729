/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>

#define FRAME_MIN   60 /* without its checksum */
#define HOP_LIMIT   255
#define MAC_VERSION 1
#define ARP_SIZE    28

static const uint8_t mac_magic[4] = { 'v', 'n', 'e', 't' };

/* Of an ARP for IPv4 over Ethernet. */
struct arp_body {
	uint16_t hardware, protocol;
	uint8_t hardware_length, protocol_length;
	uint16_t operation;
	uint8_t sender_mac[MAC_LEN], sender[4], target_mac[MAC_LEN], target[4];
} __attribute__((packed));

_Static_assert(sizeof(struct arp_body) == ARP_SIZE, "as on the wire");

struct nd_body {
	struct ip6_hdr ip;
	struct nd_neighbor_solicit solicit; /* an advertisement is as long */
	uint8_t option_type, option_length; /* in eights of bytes */
	uint8_t option_mac[MAC_LEN];
};

_Static_assert(sizeof(struct nd_body) == 72, "as on the wire");

/* Without the option: an answer need not have it. */
#define ND_ANSWER_SIZE (sizeof(struct ip6_hdr) + sizeof(struct nd_neighbor_advert))

struct mac_body {
	uint8_t magic[4];
	uint8_t version;
	uint8_t zero[3];
	uint32_t interval_ms;
	uint64_t session, number, heard_session, heard_number;
} __attribute__((packed));

/* --- in order --- */

static uint64_t swap64(uint64_t value)
{
	return ((uint64_t)htonl((uint32_t)value) << 32) | htonl((uint32_t)(value >> 32));
}

static uint32_t sum(const uint8_t *bytes, size_t n, uint32_t start)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		start += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	if (n % 2)
		start += (uint32_t)bytes[n - 1] << 8;
	return start;
}

/* Of ICMPv6, over all of @n bytes behind the IPv6 header. 0xffff where the checksum is right. */
static uint16_t icmp6_sum(const struct ip6_hdr *ip, const void *message, size_t n)
{
	uint32_t total = sum((const uint8_t *)&ip->ip6_src, 32, IPPROTO_ICMPV6 + (uint32_t)n);

	total = sum(message, n, total);
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)total;
}

/* --- asked --- */

static void put(struct probe_frame *f, const void *bytes, size_t n)
{
	memcpy(f->bytes + f->length, bytes, n);
	f->length += n;
}

static void put16(struct probe_frame *f, uint16_t value)
{
	value = htons(value);
	put(f, &value, sizeof(value));
}

static void put_header(struct probe_frame *f, const struct probe_ask *ask,
		       const uint8_t to[MAC_LEN], uint16_t type)
{
	put(f, to, MAC_LEN);
	put(f, ask->mac, MAC_LEN);
	if (ask->vlan) {
		put16(f, ETHERTYPE_VLAN);
		put16(f, ask->vlan);
	}
	put16(f, type);
}

/* As RFC 5227 has it: from nobody, so that nobody learns anything. */
static void make_arp(const struct probe_ask *ask, struct probe_frame *f)
{
	static const uint8_t all[MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct arp_body body = {
		.hardware = htons(ARPHRD_ETHER),
		.protocol = htons(ETHERTYPE_IP),
		.hardware_length = MAC_LEN,
		.protocol_length = 4,
		.operation = htons(ARPOP_REQUEST),
	};

	memcpy(body.sender_mac, ask->mac, MAC_LEN);
	memcpy(body.target, ask->target->address, 4);
	put_header(f, ask, all, ETHERTYPE_ARP);
	put(f, &body, sizeof(body));
}

/* fe80::/64 and the MAC as an EUI-64. */
static void link_local(const uint8_t mac[MAC_LEN], struct in6_addr *ret)
{
	const uint8_t bytes[16] = {
		0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2], 0xff, 0xfe, mac[3], mac[4], mac[5],
	};

	memcpy(ret, bytes, sizeof(bytes));
}

/*
 * Not from ::, as duplicate address detection would: who starts with the very address that is asked
 * for would take that for a duplicate.
 */
static void make_nd(const struct probe_ask *ask, struct probe_frame *f)
{
	const uint8_t *target = ask->target->address;
	const uint8_t to[MAC_LEN] = { 0x33, 0x33, 0xff, target[13], target[14], target[15] };
	const uint8_t group[16] = {
		0xff, 0x02, [11] = 1, 0xff, target[13], target[14], target[15]
	};
	struct nd_body body = {
		.ip = { .ip6_flow = htonl(6u << 28),
			.ip6_nxt = IPPROTO_ICMPV6,
			.ip6_hlim = HOP_LIMIT },
		.option_type = ND_OPT_SOURCE_LINKADDR,
		.option_length = 1,
	};
	const size_t length = sizeof(body) - sizeof(body.ip);

	body.ip.ip6_plen = htons((uint16_t)length);
	link_local(ask->mac, &body.ip.ip6_src);
	memcpy(&body.ip.ip6_dst, group, sizeof(group));
	body.solicit.nd_ns_type = ND_NEIGHBOR_SOLICIT;
	memcpy(&body.solicit.nd_ns_target, target, 16);
	memcpy(body.option_mac, ask->mac, MAC_LEN);
	body.solicit.nd_ns_cksum = htons((uint16_t)~icmp6_sum(&body.ip, &body.solicit, length));
	put_header(f, ask, to, ETHERTYPE_IPV6);
	put(f, &body, sizeof(body));
}

static void make_mac(const struct probe_ask *ask, struct probe_frame *f)
{
	struct mac_body body = {
		.version = MAC_VERSION,
		.interval_ms = htonl(ask->interval_ms),
		.session = swap64(ask->session),
		.number = swap64(ask->number),
		.heard_session = swap64(ask->heard_session),
		.heard_number = swap64(ask->heard_number),
	};

	memcpy(body.magic, mac_magic, sizeof(mac_magic));
	put_header(f, ask, ask->target->address, PROBE_ETHERTYPE);
	put(f, &body, sizeof(body));
}

void probe_make(const struct probe_ask *ask, struct probe_frame *ret)
{
	struct probe_frame f = { .length = 0 };

	switch (ask->target->kind) {
	case SETTINGS_PROBE_NONE:
		break;
	case SETTINGS_PROBE_IPV4:
		make_arp(ask, &f);
		break;
	case SETTINGS_PROBE_IPV6:
		make_nd(ask, &f);
		break;
	case SETTINGS_PROBE_MAC:
		make_mac(ask, &f);
		break;
	}
	if (f.length && f.length < FRAME_MIN)
		f.length = FRAME_MIN;
	*ret = f;
}

/* --- answered --- */

static void want(struct kernel_filter *filter, uint16_t offset, const void *bytes, uint16_t n)
{
	struct kernel_match *m = &filter->match[filter->count++];

	m->offset = offset;
	m->length = n;
	memcpy(m->bytes, bytes, n);
}

static void want16(struct kernel_filter *filter, uint16_t offset, uint16_t value)
{
	value = htons(value);
	want(filter, offset, &value, sizeof(value));
}

void probe_filter(const struct probe_ask *ask, struct kernel_filter *ret)
{
	const uint16_t body = ETHER_HDR_LEN, icmp = body + sizeof(struct ip6_hdr);
	const uint8_t *target = ask->target->address;
	struct kernel_filter filter = { .count = 0 };
	const uint8_t next = IPPROTO_ICMPV6, advert = ND_NEIGHBOR_ADVERT;

	switch (ask->target->kind) {
	case SETTINGS_PROBE_NONE:
		break;
	case SETTINGS_PROBE_IPV4:
		want16(&filter, 2 * MAC_LEN, ETHERTYPE_ARP);
		want16(&filter, body + offsetof(struct arp_body, operation), ARPOP_REPLY);
		want(&filter, body + offsetof(struct arp_body, sender), target, 4);
		break;
	case SETTINGS_PROBE_IPV6:
		want16(&filter, 2 * MAC_LEN, ETHERTYPE_IPV6);
		want(&filter, body + offsetof(struct ip6_hdr, ip6_nxt), &next, 1);
		want(&filter, icmp, &advert, 1);
		want(&filter, icmp + offsetof(struct nd_neighbor_advert, nd_na_target), target, 16);
		break;
	case SETTINGS_PROBE_MAC:
		want16(&filter, 2 * MAC_LEN, PROBE_ETHERTYPE);
		want(&filter, MAC_LEN, target, MAC_LEN);
		break;
	}
	*ret = filter;
}

static bool read_arp(const struct probe_ask *ask, const uint8_t *bytes, size_t n)
{
	struct arp_body body;

	if (n < sizeof(body))
		return false;
	memcpy(&body, bytes, sizeof(body));
	return body.hardware == htons(ARPHRD_ETHER) && body.protocol == htons(ETHERTYPE_IP) &&
	       body.hardware_length == MAC_LEN && body.protocol_length == 4 &&
	       body.operation == htons(ARPOP_REPLY) && mac_same(body.target_mac, ask->mac) &&
	       mac_is_unicast(body.sender_mac) &&
	       memcmp(body.sender, ask->target->address, sizeof(body.sender)) == 0;
}

static bool read_nd(const struct probe_ask *ask, const uint8_t *bytes, size_t n)
{
	struct nd_neighbor_advert advert;
	struct ip6_hdr ip;
	size_t length;

	if (n < ND_ANSWER_SIZE)
		return false;
	memcpy(&ip, bytes, sizeof(ip));
	memcpy(&advert, bytes + sizeof(ip), sizeof(advert));
	length = ntohs(ip.ip6_plen);
	if (length < sizeof(advert) || length > n - sizeof(ip))
		return false;
	/* A router lowers the limit: what has it in full was sent on this link. */
	return ip.ip6_nxt == IPPROTO_ICMPV6 && ip.ip6_hlim == HOP_LIMIT &&
	       advert.nd_na_type == ND_NEIGHBOR_ADVERT && !advert.nd_na_code &&
	       (advert.nd_na_flags_reserved & ND_NA_FLAG_SOLICITED) &&
	       memcmp(&advert.nd_na_target, ask->target->address, 16) == 0 &&
	       icmp6_sum(&ip, bytes + sizeof(ip), length) == 0xffff;
}

static bool read_mac(const uint8_t *bytes, size_t n, struct probe_answer *ret)
{
	struct mac_body body;

	if (n < sizeof(body))
		return false;
	memcpy(&body, bytes, sizeof(body));
	if (memcmp(body.magic, mac_magic, sizeof(mac_magic)) != 0 || body.version != MAC_VERSION)
		return false;
	*ret = (struct probe_answer) {
		.session = swap64(body.session),
		.number = swap64(body.number),
		.interval_ms = ntohl(body.interval_ms),
		.echo_session = swap64(body.heard_session),
		.echo_number = swap64(body.heard_number),
	};
	return true;
}

bool probe_read(const struct probe_ask *ask, const struct kernel_frame *f, struct probe_answer *ret)
{
	static const uint16_t types[] = {
		[SETTINGS_PROBE_IPV4] = ETHERTYPE_ARP,
		[SETTINGS_PROBE_IPV6] = ETHERTYPE_IPV6,
		[SETTINGS_PROBE_MAC] = PROBE_ETHERTYPE,
	};
	const uint8_t *body = f->bytes + ETHER_HDR_LEN;
	struct probe_answer answer = { 0 };
	bool good = false;
	uint16_t type;

	if (f->length < ETHER_HDR_LEN || f->vlan != ask->vlan || !mac_same(f->bytes, ask->mac))
		return false;
	memcpy(&type, f->bytes + 2 * MAC_LEN, sizeof(type));
	if (ntohs(type) != types[ask->target->kind])
		return false;
	switch (ask->target->kind) {
	case SETTINGS_PROBE_NONE:
		break;
	case SETTINGS_PROBE_IPV4:
		good = read_arp(ask, body, f->length - ETHER_HDR_LEN);
		break;
	case SETTINGS_PROBE_IPV6:
		good = read_nd(ask, body, f->length - ETHER_HDR_LEN);
		break;
	case SETTINGS_PROBE_MAC:
		good = mac_same(f->bytes + MAC_LEN, ask->target->address) &&
		       read_mac(body, f->length - ETHER_HDR_LEN, &answer);
		break;
	}
	if (good)
		*ret = answer;
	return good;
}
