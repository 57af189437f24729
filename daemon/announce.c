/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "announce.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>

#define ANNOUNCE_FRAME_MIN 60 /* of Ethernet, without the checksum */
#define ANNOUNCE_TAG_SIZE  4
#define HOP_LIMIT	   255

static const uint8_t broadcast[MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t all_nodes_mac[MAC_LEN] = { 0x33, 0x33, 0, 0, 0, 1 };
static const struct in6_addr all_nodes = { { { 0xff, 0x02, [15] = 1 } } };

/* RFC 826, with the addresses of Ethernet and IPv4. */
struct arp {
	uint16_t hardware;
	uint16_t protocol;
	uint8_t hardware_size;
	uint8_t protocol_size;
	uint16_t operation;
	uint8_t sender_mac[MAC_LEN];
	uint8_t sender_address[ANNOUNCE_IPV4_SIZE];
	uint8_t target_mac[MAC_LEN];
	uint8_t target_address[ANNOUNCE_IPV4_SIZE];
} __attribute__((packed));

/* RFC 4861, 4.4, with the one option that says whose it is. */
struct advertisement {
	struct nd_neighbor_advert head;
	struct nd_opt_hdr option;
	uint8_t mac[MAC_LEN];
} __attribute__((packed));

static void add(struct announce_frame *f, const void *bytes, size_t size)
{
	memcpy(f->bytes + f->length, bytes, size);
	f->length += size;
}

static void add_number(struct announce_frame *f, uint16_t number)
{
	uint16_t bytes = htons(number);

	add(f, &bytes, sizeof(bytes));
}

static void begin(struct announce_frame *f, const uint8_t *to, const uint8_t *from, uint16_t vlan,
		  uint16_t type)
{
	*f = (struct announce_frame) { 0 };
	add(f, to, MAC_LEN);
	add(f, from, MAC_LEN);
	if (vlan) {
		add_number(f, ETHERTYPE_VLAN);
		add_number(f, vlan);
	}
	add_number(f, type);
}

/* Not every virtual device does it by itself, and behind it there may be real ones. A tag is on top
 * of it: who takes it off does not pad. */
static void pad(struct announce_frame *f, uint16_t vlan)
{
	size_t least = ANNOUNCE_FRAME_MIN + (vlan ? ANNOUNCE_TAG_SIZE : 0);

	if (f->length < least)
		f->length = least;
}

static struct arp arp_of(const uint8_t *mac, uint16_t operation)
{
	struct arp a = {
		.hardware = htons(ARPHRD_ETHER),
		.protocol = htons(ETHERTYPE_IP),
		.hardware_size = MAC_LEN,
		.protocol_size = ANNOUNCE_IPV4_SIZE,
		.operation = htons(operation),
	};

	memcpy(a.sender_mac, mac, MAC_LEN);
	return a;
}

void announce_rarp(const uint8_t mac[MAC_LEN], uint16_t vlan, struct announce_frame *ret)
{
	struct arp a = arp_of(mac, ARPOP_RREQUEST);

	memcpy(a.target_mac, mac, MAC_LEN);
	begin(ret, broadcast, mac, vlan, ETHERTYPE_REVARP);
	add(ret, &a, sizeof(a));
	pad(ret, vlan);
}

void announce_arp(const uint8_t mac[MAC_LEN], uint16_t vlan,
		  const uint8_t address[ANNOUNCE_IPV4_SIZE], struct announce_frame *ret)
{
	struct arp a = arp_of(mac, ARPOP_REQUEST);

	memcpy(a.sender_address, address, ANNOUNCE_IPV4_SIZE);
	memcpy(a.target_address, address, ANNOUNCE_IPV4_SIZE);
	begin(ret, broadcast, mac, vlan, ETHERTYPE_ARP);
	add(ret, &a, sizeof(a));
	pad(ret, vlan);
}

static uint32_t sum(const void *bytes, size_t size, uint32_t before)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i + 1 < size; i += 2)
		before += (uint32_t)(b[i] << 8 | b[i + 1]);
	return before;
}

/* Of the pseudo header, RFC 8200, 8.1, and what follows it. */
static uint16_t checksum(const struct ip6_hdr *ip, const struct advertisement *a)
{
	uint32_t s = sum(&ip->ip6_src, 2 * sizeof(ip->ip6_src), sizeof(*a) + IPPROTO_ICMPV6);

	s = sum(a, sizeof(*a), s);
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return htons((uint16_t)~s);
}

void announce_na(const uint8_t mac[MAC_LEN], uint16_t vlan,
		 const uint8_t address[ANNOUNCE_IPV6_SIZE], bool router, struct announce_frame *ret)
{
	struct ip6_hdr ip = { .ip6_dst = all_nodes };
	struct advertisement a = {
		.option = { .nd_opt_type = ND_OPT_TARGET_LINKADDR, .nd_opt_len = 1 },
	};

	ip.ip6_flow = htonl(6u << 28);
	ip.ip6_plen = htons(sizeof(a));
	ip.ip6_nxt = IPPROTO_ICMPV6;
	ip.ip6_hlim = HOP_LIMIT;
	memcpy(&ip.ip6_src, address, ANNOUNCE_IPV6_SIZE);
	a.head.nd_na_type = ND_NEIGHBOR_ADVERT;
	a.head.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE | (router ? ND_NA_FLAG_ROUTER : 0);
	memcpy(&a.head.nd_na_target, address, ANNOUNCE_IPV6_SIZE);
	memcpy(a.mac, mac, MAC_LEN);
	a.head.nd_na_cksum = checksum(&ip, &a);
	begin(ret, all_nodes_mac, mac, vlan, ETHERTYPE_IPV6);
	add(ret, &ip, sizeof(ip));
	add(ret, &a, sizeof(a));
}
