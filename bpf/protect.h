/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Protection: what an upper that is not trusted may send. Its own MAC, its own addresses, its own
 * identity as a DHCP client, and no protocol that nobody asked for.
 *
 * Headers are loaded, not pointed at, so they may lie in any part of a frame. What cannot be read
 * to its end is refused: who wants to hide something behind it shall not.
 */
#ifndef VNET_BPF_PROTECT_H
#define VNET_BPF_PROTECT_H

#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "load.h"
#include "maps.h"

#define PROTECT_FLAGS                                                                              \
	(ABI_VNET_MAC_NOSPOOF | ABI_VNET_IP_NOSPOOF | ABI_VNET_DHCP_NOSPOOF | ABI_VNET_RESTRICTED)

#define PROTECT_ETHERNET	 1 /* as the hardware type of ARP and DHCP */
#define PROTECT_EXTENSIONS_MAX	 6 /* IPv6 extension headers */
#define PROTECT_ND_OPTIONS_MAX	 16
#define PROTECT_DHCP_OPTIONS_MAX 64

#define PROTECT_FRAGMENT_OFFSET 0x1fff /* of IPv4 */
#define PROTECT_FRAGMENT_MORE	0x2000

/* Of one frame that is looked at; @xdp is known when the program is compiled. */
struct protect {
	void *ctx;
	bool xdp;
	__u16 proto; /* the ethertype */
	__u32 vnet;
	__u32 flags; /* enum abi_vnet_flag */
	__u64 mac;   /* the vnet's */
	__u32 at;    /* where the network header begins */
};

struct protect_addr {
	__u8 byte[16];
};

static __always_inline bool protect_load(const struct protect *p, __u32 at, void *to, __u32 size)
{
	const struct load from = { p->ctx, p->xdp };

	return load_bytes(&from, at, to, size);
}

/* --- addresses --- */

static __always_inline bool protect_is_allowed(const struct protect *p,
					       const struct protect_addr *address)
{
	struct abi_allowed_key key = { .prefixlen = 32 + 128, .vnet = p->vnet };

	__builtin_memcpy(key.address, address, sizeof(key.address));
	return bpf_map_lookup_elem(&allowed, &key);
}

static __always_inline bool protect_is_allowed4(const struct protect *p, __be32 address)
{
	struct protect_addr mapped = { .byte = { [10] = 0xff, [11] = 0xff } };

	__builtin_memcpy(mapped.byte + 12, &address, sizeof(address));
	return protect_is_allowed(p, &mapped);
}

static __always_inline bool protect_is_unspecified(const struct protect_addr *a)
{
	__u64 half[2];

	__builtin_memcpy(half, a, sizeof(half));
	return !(half[0] | half[1]);
}

/* fe80::/64 and the interface identifier that is made of the vnet's MAC */
static __always_inline bool protect_is_link_local(const struct protect *p,
						  const struct protect_addr *a)
{
	struct protect_addr own = { .byte = { 0xfe, 0x80, [11] = 0xff, [12] = 0xfe } };
	__u64 want[2], have[2];
	__u8 mac[6];

	policy_mac_put(mac, p->mac);
	own.byte[8] = mac[0] ^ 2;
	own.byte[9] = mac[1];
	own.byte[10] = mac[2];
	own.byte[13] = mac[3];
	own.byte[14] = mac[4];
	own.byte[15] = mac[5];
	__builtin_memcpy(want, &own, sizeof(want));
	__builtin_memcpy(have, a, sizeof(have));
	return want[0] == have[0] && want[1] == have[1];
}

/* In `allowed` these stand for IPv4; in a frame of IPv6 nobody may call himself so. */
static __always_inline bool protect_is_mapped(const struct protect_addr *a)
{
	__u32 word[4];

	__builtin_memcpy(word, a, sizeof(word));
	return !(word[0] | word[1]) && word[2] == bpf_htonl(0xffff);
}

static __always_inline bool protect_is_own(const struct protect *p, const struct protect_addr *a)
{
	return protect_is_link_local(p, a) || (!protect_is_mapped(a) && protect_is_allowed(p, a));
}

/* --- ARP, RARP --- */

struct protect_arp {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation;
	__u8 sender_mac[6];
	__u8 sender[4];
	__u8 target_mac[6];
	__u8 target[4];
};

static __always_inline bool protect_arp(const struct protect *p)
{
	struct protect_arp arp;
	__be32 sender;

	if (!(p->flags & (ABI_VNET_MAC_NOSPOOF | ABI_VNET_IP_NOSPOOF)))
		return true;
	if (!protect_load(p, p->at, &arp, sizeof(arp)))
		return false;
	if (arp.hardware != bpf_htons(PROTECT_ETHERNET) || arp.protocol != bpf_htons(ETH_P_IP) ||
	    arp.hardware_length != 6 || arp.protocol_length != 4)
		return false;
	if ((p->flags & ABI_VNET_MAC_NOSPOOF) && policy_mac(arp.sender_mac) != p->mac)
		return false;
	if (!(p->flags & ABI_VNET_IP_NOSPOOF))
		return true;
	__builtin_memcpy(&sender, arp.sender, sizeof(sender));
	/* a probe for a duplicate has no sender's address yet */
	return p->proto == ETH_P_ARP && (!sender || protect_is_allowed4(p, sender));
}

/* --- DHCP --- */

#define PROTECT_DHCP4_SERVER  67
#define PROTECT_DHCP4_CLIENT  68
#define PROTECT_DHCP6_CLIENT  546
#define PROTECT_DHCP6_SERVER  547
#define PROTECT_DHCP4_OPTIONS 240 /* where they begin, behind the cookie */

struct protect_bootp {
	__u8 op, htype, hlen, hops;
	__u8 between[24];
	__u8 chaddr[6];
};

enum protect_dhcp4_option {
	DHCP4_PAD = 0,
	DHCP4_OVERLOAD = 52, /* options go on in fields where nobody looks for them */
	DHCP4_CLIENT_ID = 61,
	DHCP4_END = 255,
};

/* For the walks: the verifier looks at their steps once, and not at each turn. */
struct protect_walk {
	struct protect p;
	__u32 at;
	__u32 end;
	__u8 type; /* of ND: the option that names a MAC */
	bool good; /* came to the end, and found nothing wrong */
};

static __always_inline bool protect_is_mac(const struct protect *p, __u32 at)
{
	__u8 mac[6] __attribute__((aligned(2)));

	return protect_load(p, at, mac, sizeof(mac)) && policy_mac(mac) == p->mac;
}

/* A hardware type, and the MAC. */
static __always_inline bool protect_is_client_id(const struct protect *p, __u32 at, __u8 length)
{
	__u8 type;

	return length == 7 && protect_load(p, at, &type, sizeof(type)) &&
	       type == PROTECT_ETHERNET && protect_is_mac(p, at + sizeof(type));
}

/* Returns 1 to stop, as bpf_loop() has it. */
static long protect_dhcp4_step(__u32 turn __attribute__((unused)), struct protect_walk *w)
{
	__u8 option[2];

	if (!protect_load(&w->p, w->at, option, 1))
		return 1;
	if (option[0] == DHCP4_END) {
		w->good = true;
		return 1;
	}
	if (option[0] == DHCP4_PAD) {
		w->at++;
		return 0;
	}
	if (option[0] == DHCP4_OVERLOAD || !protect_load(&w->p, w->at, option, sizeof(option)))
		return 1;
	if (option[0] == DHCP4_CLIENT_ID &&
	    !protect_is_client_id(&w->p, w->at + sizeof(option), option[1]))
		return 1;
	w->at += sizeof(option) + option[1];
	return 0;
}

/* @at: of the message, behind the UDP header. */
static __always_inline bool protect_dhcp4(const struct protect *p, __u32 at)
{
	struct protect_walk walk = { .p = *p, .at = at + PROTECT_DHCP4_OPTIONS };
	struct protect_bootp bootp;

	if (!protect_load(p, at, &bootp, sizeof(bootp)))
		return false;
	if (bootp.htype != PROTECT_ETHERNET || bootp.hlen != 6 ||
	    policy_mac(bootp.chaddr) != p->mac)
		return false;
	bpf_loop(PROTECT_DHCP_OPTIONS_MAX, protect_dhcp4_step, &walk, 0);
	return walk.good;
}

enum protect_dhcp6_message { DHCP6_RELAY_FORWARD = 12, DHCP6_RELAY_REPLY = 13 };

#define PROTECT_DHCP6_OPTIONS	4 /* where they begin */
#define PROTECT_DHCP6_CLIENT_ID 1
#define PROTECT_DUID_LLT	1 /* hardware type, time, MAC */
#define PROTECT_DUID_LL		3 /* hardware type, MAC */

struct protect_duid {
	__be16 type;
	__be16 hardware;
};

static __always_inline bool protect_is_duid(const struct protect *p, __u32 at, __u16 length)
{
	struct protect_duid duid;
	__u32 mac_at = at + sizeof(duid);

	if (!protect_load(p, at, &duid, sizeof(duid)) ||
	    duid.hardware != bpf_htons(PROTECT_ETHERNET))
		return false;
	if (duid.type == bpf_htons(PROTECT_DUID_LLT))
		mac_at += 4;
	else if (duid.type != bpf_htons(PROTECT_DUID_LL))
		return false;
	return mac_at + 6 == at + length && protect_is_mac(p, mac_at);
}

static long protect_dhcp6_step(__u32 turn __attribute__((unused)), struct protect_walk *w)
{
	__be16 option[2];
	__u16 length;

	if (w->at == w->end) {
		w->good = true;
		return 1;
	}
	if (w->at + sizeof(option) > w->end || !protect_load(&w->p, w->at, option, sizeof(option)))
		return 1;
	length = bpf_ntohs(option[1]);
	if (option[0] == bpf_htons(PROTECT_DHCP6_CLIENT_ID) &&
	    !protect_is_duid(&w->p, w->at + sizeof(option), length))
		return 1;
	w->at += sizeof(option) + length;
	return 0;
}

static __always_inline bool protect_dhcp6(const struct protect *p, __u32 at, __u32 end)
{
	struct protect_walk walk = { .p = *p, .at = at + PROTECT_DHCP6_OPTIONS, .end = end };
	__u8 message;

	if (!protect_load(p, at, &message, sizeof(message)) || message == DHCP6_RELAY_FORWARD ||
	    message == DHCP6_RELAY_REPLY)
		return false;
	bpf_loop(PROTECT_DHCP_OPTIONS_MAX + 1, protect_dhcp6_step, &walk, 0);
	return walk.good;
}

/* A UDP header at @at; @whole: the datagram is not in fragments. */
static __always_inline bool protect_udp(const struct protect *p, __u32 at, bool ipv6, bool whole)
{
	__u16 server = ipv6 ? PROTECT_DHCP6_SERVER : PROTECT_DHCP4_SERVER;
	__u16 client = ipv6 ? PROTECT_DHCP6_CLIENT : PROTECT_DHCP4_CLIENT;
	__u32 message = at + sizeof(struct udphdr);
	struct udphdr udp;

	if (!protect_load(p, at, &udp, sizeof(udp)))
		return false;
	if (udp.source == bpf_htons(server) && udp.dest == bpf_htons(client))
		return false; /* it answers as a server would */
	if (udp.dest != bpf_htons(server))
		return true;
	if (!whole)
		return false;
	return ipv6 ? protect_dhcp6(p, message, at + bpf_ntohs(udp.len))
		    : protect_dhcp4(p, message);
}

/* --- IPv4 --- */

/* Who has no address yet asks for one. */
static __always_inline bool protect_is_dhcp4_request(const struct protect *p,
						     const struct iphdr *ip, __u32 at)
{
	__be16 port[2];

	return ip->protocol == IPPROTO_UDP &&
	       !(ip->frag_off & bpf_htons(PROTECT_FRAGMENT_OFFSET)) &&
	       protect_load(p, at, port, sizeof(port)) &&
	       port[0] == bpf_htons(PROTECT_DHCP4_CLIENT) &&
	       port[1] == bpf_htons(PROTECT_DHCP4_SERVER);
}

static __always_inline bool protect_ipv4(const struct protect *p)
{
	struct iphdr ip;
	__u16 fragment;
	__u32 at;

	if (!(p->flags & (ABI_VNET_IP_NOSPOOF | ABI_VNET_DHCP_NOSPOOF)))
		return true;
	if (!protect_load(p, p->at, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return false;
	at = p->at + ip.ihl * 4;
	fragment = bpf_ntohs(ip.frag_off);
	if ((p->flags & ABI_VNET_IP_NOSPOOF) &&
	    !(ip.saddr ? protect_is_allowed4(p, ip.saddr) : protect_is_dhcp4_request(p, &ip, at)))
		return false;
	if (!(p->flags & ABI_VNET_DHCP_NOSPOOF) || ip.protocol != IPPROTO_UDP ||
	    (fragment & PROTECT_FRAGMENT_OFFSET))
		return true;
	return protect_udp(p, at, false, !(fragment & PROTECT_FRAGMENT_MORE));
}

/* --- IPv6 --- */

enum protect_nd {
	ND_ROUTER_SOLICITATION = 133,
	ND_NEIGHBOUR_SOLICITATION = 135,
	ND_NEIGHBOUR_ADVERTISEMENT = 136,
	MLD2_REPORT = 143,
};

#define PROTECT_ND_TARGET     8 /* where it is in a solicitation or advertisement */
#define PROTECT_ND_SOURCE_MAC 1 /* options */
#define PROTECT_ND_TARGET_MAC 2

/* What stands behind the IPv6 header and its extensions. */
struct protect_upper {
	__u32 at;
	__u8 proto;
	bool fragment; /* of several: first or later */
	bool later;    /* not the first: no header of the upper protocol here */
};

struct protect_extension {
	__u8 next;
	__u8 length;
	__be16 fragment; /* of a fragment header */
};

static __always_inline bool protect_is_extension(__u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_FRAGMENT ||
	       proto == IPPROTO_DSTOPTS || proto == IPPROTO_AH;
}

/* False: there are more than we look at, or they end before their end. */
static __always_inline bool protect_walk_extensions(const struct protect *p, __u8 proto,
						    struct protect_upper *u)
{
	struct protect_extension e;

	u->at = p->at + sizeof(struct ipv6hdr);
	u->proto = proto;
	for (int i = 0; i < PROTECT_EXTENSIONS_MAX && protect_is_extension(u->proto); i++) {
		if (!protect_load(p, u->at, &e, sizeof(e)))
			return false;
		if (u->proto == IPPROTO_FRAGMENT) {
			u->fragment = true;
			u->later = e.fragment & bpf_htons(0xfff8);
			u->at += 8;
		} else if (u->proto == IPPROTO_AH) {
			u->at += (e.length + 2) * 4;
		} else {
			u->at += (e.length + 1) * 8;
		}
		u->proto = e.next;
		if (u->later)
			return true;
	}
	return !protect_is_extension(u->proto);
}

struct protect_nd_option {
	__u8 type;
	__u8 length; /* in eights of bytes */
	__u8 mac[6];
};

static long protect_nd_step(__u32 turn __attribute__((unused)), struct protect_walk *w)
{
	struct protect_nd_option o;

	if (w->at == w->end) {
		w->good = true;
		return 1;
	}
	if (w->at + sizeof(o) > w->end || !protect_load(&w->p, w->at, &o, sizeof(o)) || !o.length)
		return 1;
	if (o.type == w->type && (o.length != 1 || policy_mac(o.mac) != w->p.mac))
		return 1;
	w->at += o.length * 8;
	return 0;
}

/* Does a message of neighbour discovery name no MAC but the vnet's? */
static __always_inline bool protect_nd_macs(const struct protect *p, __u8 type, __u32 at, __u32 end)
{
	struct protect_walk walk = { .p = *p, .end = end };

	walk.type =
		type == ND_NEIGHBOUR_ADVERTISEMENT ? PROTECT_ND_TARGET_MAC : PROTECT_ND_SOURCE_MAC;
	walk.at = at + (type == ND_ROUTER_SOLICITATION ? 8 : 24);
	bpf_loop(PROTECT_ND_OPTIONS_MAX + 1, protect_nd_step, &walk, 0);
	return walk.good;
}

static __always_inline bool protect_is_nd(__u8 type)
{
	return type == ND_ROUTER_SOLICITATION || type == ND_NEIGHBOUR_SOLICITATION ||
	       type == ND_NEIGHBOUR_ADVERTISEMENT;
}

/* The addresses of an ICMPv6 message of @type; @from is its source. */
static __always_inline bool protect_icmp6_addresses(const struct protect *p, __u8 type, __u32 at,
						    const struct protect_addr *from)
{
	bool nobody = protect_is_unspecified(from);
	struct protect_addr target;

	if (nobody && type != ND_NEIGHBOUR_SOLICITATION && type != ND_ROUTER_SOLICITATION &&
	    type != MLD2_REPORT)
		return false;
	/* Advertised, or about to be taken: it has to be one of its own. */
	if (type != ND_NEIGHBOUR_ADVERTISEMENT && !(nobody && type == ND_NEIGHBOUR_SOLICITATION))
		return true;
	return protect_load(p, at + PROTECT_ND_TARGET, &target, sizeof(target)) &&
	       protect_is_own(p, &target);
}

static __always_inline bool protect_icmp6(const struct protect *p, const struct protect_upper *u,
					  const struct protect_addr *from, __u32 end)
{
	__u8 type;

	if (!protect_load(p, u->at, &type, sizeof(type)))
		return false;
	if (protect_is_nd(type) && u->fragment)
		return false; /* RFC 6980 */
	if ((p->flags & ABI_VNET_MAC_NOSPOOF) && protect_is_nd(type) &&
	    !protect_nd_macs(p, type, u->at, end))
		return false;
	return !(p->flags & ABI_VNET_IP_NOSPOOF) || protect_icmp6_addresses(p, type, u->at, from);
}

static __always_inline bool protect_ipv6(const struct protect *p)
{
	struct protect_upper u = {};
	struct protect_addr from;
	struct ipv6hdr ip;
	__u32 end;

	if (!(p->flags & (ABI_VNET_MAC_NOSPOOF | ABI_VNET_IP_NOSPOOF | ABI_VNET_DHCP_NOSPOOF)))
		return true;
	if (!protect_load(p, p->at, &ip, sizeof(ip)) || ip.version != 6 ||
	    !protect_walk_extensions(p, ip.nexthdr, &u))
		return false;
	__builtin_memcpy(&from, &ip.saddr, sizeof(from));
	end = p->at + sizeof(ip) + bpf_ntohs(ip.payload_len);
	if ((p->flags & ABI_VNET_IP_NOSPOOF) && !protect_is_own(p, &from) &&
	    !(protect_is_unspecified(&from) && u.proto == IPPROTO_ICMPV6 && !u.later))
		return false;
	if (u.later)
		return true;
	if (u.proto == IPPROTO_ICMPV6)
		return protect_icmp6(p, &u, &from, end);
	if (u.proto == IPPROTO_UDP && (p->flags & ABI_VNET_DHCP_NOSPOOF))
		return protect_udp(p, u.at, true, !u.fragment);
	return true;
}

/* --- all of it --- */

/* Returns enum abi_drop. */
static __always_inline int protect_check(const struct protect *p)
{
	bool good = true;

	switch (p->proto) {
	case ETH_P_ARP:
		good = protect_arp(p);
		break;
	case ETH_P_IP:
		good = protect_ipv4(p);
		break;
	case ETH_P_IPV6:
		good = protect_ipv6(p);
		break;
	default:
		if (p->flags & ABI_VNET_RESTRICTED)
			return ABI_DROP_RESTRICTED;
		if (p->proto == ETH_P_RARP)
			good = protect_arp(p);
	}
	return good ? ABI_DROP_NONE : ABI_DROP_SPOOFED;
}

/*
 * Functions of their own, which the verifier looks at once, and which cost nothing where nobody is
 * protected. @proto_at: the ethertype, and above its 16 bits where the network header begins.
 */
__noinline int protect_skb(struct __sk_buff *skb, __u32 vnet, __u32 flags, __u64 mac,
			   __u32 proto_at)
{
	struct protect p = {
		.ctx = skb,
		.proto = (__u16)proto_at,
		.at = proto_at >> 16,
		.vnet = vnet,
		.flags = flags,
		.mac = mac,
	};

	return protect_check(&p);
}

__noinline int protect_xdp(struct xdp_md *xdp, __u32 vnet, __u32 flags, __u64 mac, __u32 proto_at)
{
	struct protect p = {
		.ctx = xdp,
		.xdp = true,
		.proto = (__u16)proto_at,
		.at = proto_at >> 16,
		.vnet = vnet,
		.flags = flags,
		.mac = mac,
	};

	return protect_check(&p);
}

#endif
