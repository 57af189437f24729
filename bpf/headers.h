/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the headers of layers 3 and 4 say: addresses, protocol, ports. Read for flows, and for
 * uplinks whose vnets are told apart by their addresses.
 *
 * What cannot be read is not guessed: it is HEADERS_BAD, and nothing is known of it beyond what
 * came before.
 */
#ifndef VNET_BPF_HEADERS_H
#define VNET_BPF_HEADERS_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include <bpf/bpf_endian.h>

#include "load.h"

#define HEADERS_EXTENSIONS_MAX 8 /* IPv6 extension headers */

/* IPv6 extension headers that <linux/in.h> does not name. */
#define HEADERS_HIP   139
#define HEADERS_SHIM6 140

#define HEADERS_ARP_ETHERNET 1
#define HEADERS_ND_TARGET    8 /* where it is in a message */

#define HEADERS_V4_OFFSET 0x1fff
#define HEADERS_V4_MORE	  0x2000
#define HEADERS_V6_OFFSET 0xfff8
#define HEADERS_V6_MORE	  0x0001

enum headers_kind { HEADERS_OTHER, HEADERS_IPV4, HEADERS_IPV6, HEADERS_ARP };

enum headers_flag {
	HEADERS_PORTS = 1 << 0,	   /* `sport` and `dport` are known */
	HEADERS_FRAGMENT = 1 << 1, /* it is one of several fragments */
	HEADERS_LATER = 1 << 2,	   /* and not the first: there are no ports in it */
	HEADERS_BAD = 1 << 3,	   /* it does not reach as far as it should */
	HEADERS_TARGET = 1 << 4,   /* `target` is known: it solicits or advertises a neighbour */
};

enum headers_nd { HEADERS_SOLICITATION = 135, HEADERS_ADVERTISEMENT = 136 };

/* As in struct in6_addr; IPv4: ::ffff:a.b.c.d. */
struct headers_address {
	__u64 half[2];
};

struct headers {
	struct headers_address src; /* ARP: the sender's */
	struct headers_address dst; /* ARP: the target's */
	struct headers_address target;
	__u32 id;    /* of a fragment: what it is part of */
	__u16 sport; /* host order */
	__u16 dport;
	__u8 kind;  /* enum headers_kind */
	__u8 flags; /* enum headers_flag */
	__u8 proto; /* of IP: what it carries, behind extension headers */
	__u8 ds;    /* of IP: all of TOS, or of the traffic class */
	__u8 nd;    /* enum headers_nd, with HEADERS_TARGET */
	__u8 pad[3];
};

/* --- as they are in a frame --- */

struct headers_extension {
	__u8 next;
	__u8 length;
	__be16 fragment; /* of a fragment header, which is eight bytes long */
	__be32 id;
};

struct headers_arp {
	__be16 hardware;
	__be16 protocol;
	__u8 hlen;
	__u8 plen;
	__be16 operation;
	__u8 sender[ETH_ALEN];
	__be32 sender_ip;
	__u8 target[ETH_ALEN];
	__be32 target_ip;
} __attribute__((packed));

struct headers_nd_message {
	__u8 type;
	__u8 rest[HEADERS_ND_TARGET - 1];
	struct headers_address target;
};

/* One at a time is looked at, and not on the stack, of which others need much. */
union headers_raw {
	struct iphdr ipv4;
	struct ipv6hdr ipv6;
	struct {
		__u64 before;
		struct headers_address src, dst;
	} ipv6_addresses; /* the same, by words */
	struct headers_extension extension;
	struct headers_arp arp;
	struct headers_nd_message nd;
	__be16 ports[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, union headers_raw);
} headers_raw SEC(".maps");

/* A frame that is being read. */
struct headers_walk {
	struct load from;
	struct headers *headers;
	union headers_raw *raw;
	__u32 at;  /* of what is next */
	__u32 end; /* of the packet as it says itself, 0: it does not */
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define HEADERS_MAPPED(address) (0xffff0000ULL | (__u64)(address) << 32)
#else
#define HEADERS_MAPPED(address) (0x0000ffff00000000ULL | (__u32)(address))
#endif

static __always_inline struct headers_address headers_mapped(__be32 address)
{
	return (struct headers_address) { .half = { 0, HEADERS_MAPPED(address) } };
}

static __always_inline bool headers_is_unspecified(const struct headers_address *a)
{
	return !(a->half[0] | a->half[1]);
}

/* --- what IP carries --- */

static __always_inline bool headers_has_ports(__u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_DCCP || proto == IPPROTO_UDPLITE;
}

/* Are @size bytes more within the packet? Behind it there may be padding. */
static __always_inline bool headers_reach(const struct headers_walk *w, __u32 size)
{
	return !w->end || w->at + size <= w->end;
}

static __always_inline void headers_read_ports(const struct headers_walk *w, struct headers *h)
{
	__be16 *ports = w->raw->ports;

	if (!headers_reach(w, sizeof(w->raw->ports)) ||
	    !load_bytes(&w->from, w->at, ports, sizeof(w->raw->ports))) {
		h->flags |= HEADERS_BAD;
		return;
	}
	h->sport = bpf_ntohs(ports[0]);
	h->dport = bpf_ntohs(ports[1]);
	h->flags |= HEADERS_PORTS;
}

/* RFC 6980: none of it comes in fragments. */
static __always_inline void headers_read_nd(const struct headers_walk *w, struct headers *h)
{
	struct headers_nd_message *m = &w->raw->nd;

	if (h->kind != HEADERS_IPV6 || (h->flags & HEADERS_FRAGMENT) ||
	    !load_bytes(&w->from, w->at, m, sizeof(*m)))
		return;
	if (m->type != HEADERS_SOLICITATION && m->type != HEADERS_ADVERTISEMENT)
		return;
	h->nd = m->type;
	h->target = m->target;
	h->flags |= HEADERS_TARGET;
}

static __always_inline void headers_read_upper(const struct headers_walk *w, struct headers *h)
{
	if (h->flags & (HEADERS_LATER | HEADERS_BAD))
		return;
	if (headers_has_ports(h->proto))
		headers_read_ports(w, h);
	else if (h->proto == IPPROTO_ICMPV6)
		headers_read_nd(w, h);
}

/* --- IPv4 --- */

static __always_inline void headers_read_ipv4(struct headers_walk *w, struct headers *h)
{
	struct iphdr *ip = &w->raw->ipv4;
	__u16 fragment, length;

	if (!load_bytes(&w->from, w->at, ip, sizeof(*ip)) || ip->version != 4 || ip->ihl < 5) {
		h->flags |= HEADERS_BAD;
		return;
	}
	h->kind = HEADERS_IPV4;
	h->src = headers_mapped(ip->saddr);
	h->dst = headers_mapped(ip->daddr);
	h->proto = ip->protocol;
	h->ds = ip->tos;
	length = bpf_ntohs(ip->tot_len);
	w->end = length ? w->at + length : 0; /* longer than it can say: of segments */
	w->at += ip->ihl * 4;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & (HEADERS_V4_OFFSET | HEADERS_V4_MORE)) {
		h->flags |= HEADERS_FRAGMENT;
		h->id = bpf_ntohs(ip->id);
	}
	if (fragment & HEADERS_V4_OFFSET)
		h->flags |= HEADERS_LATER;
	headers_read_upper(w, h);
}

/* --- IPv6 --- */

static __always_inline bool headers_is_extension(__u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_FRAGMENT ||
	       proto == IPPROTO_DSTOPTS || proto == IPPROTO_AH || proto == IPPROTO_MH ||
	       proto == HEADERS_HIP || proto == HEADERS_SHIM6;
}

/* A second one, or a fragment within a fragment, is nothing that anyone sends. */
static __always_inline void headers_read_fragment(const struct headers_extension *e,
						  struct headers *h)
{
	__u16 fragment = bpf_ntohs(e->fragment);

	if (h->flags & HEADERS_FRAGMENT)
		h->flags |= HEADERS_BAD;
	else if (fragment & (HEADERS_V6_OFFSET | HEADERS_V6_MORE))
		h->flags |= HEADERS_FRAGMENT;
	else
		return; /* the only one of its packet */
	h->id = bpf_ntohl(e->id);
	if (fragment & HEADERS_V6_OFFSET)
		h->flags |= HEADERS_LATER;
}

/* Behind a fragment that is not the first one stands payload, whatever it says. */
static long headers_step(__u32 turn __attribute__((unused)), struct headers_walk *w)
{
	const struct headers_extension *e = &w->raw->extension;
	struct headers *h = w->headers;

	if (!headers_is_extension(h->proto) || (h->flags & (HEADERS_LATER | HEADERS_BAD)))
		return 1;
	if (!headers_reach(w, sizeof(*e)) ||
	    !load_bytes(&w->from, w->at, &w->raw->extension, sizeof(*e))) {
		h->flags |= HEADERS_BAD;
		return 1;
	}
	if (h->proto == IPPROTO_FRAGMENT) {
		headers_read_fragment(e, h);
		w->at += sizeof(*e);
	} else if (h->proto == IPPROTO_AH) {
		w->at += (e->length + 2) * 4;
	} else {
		w->at += (e->length + 1) * 8;
	}
	h->proto = e->next;
	return 0;
}

static __always_inline void headers_walk_extensions(struct headers_walk *w, struct headers *h)
{
	if (!headers_is_extension(h->proto))
		return;
	bpf_loop(HEADERS_EXTENSIONS_MAX, headers_step, w, 0);
	if (!(h->flags & HEADERS_LATER) && headers_is_extension(h->proto))
		h->flags |= HEADERS_BAD;
}

static __always_inline void headers_read_ipv6(struct headers_walk *w, struct headers *h)
{
	struct ipv6hdr *ip = &w->raw->ipv6;
	__u16 length;

	if (!load_bytes(&w->from, w->at, ip, sizeof(*ip)) || ip->version != 6) {
		h->flags |= HEADERS_BAD;
		return;
	}
	h->kind = HEADERS_IPV6;
	h->src = w->raw->ipv6_addresses.src;
	h->dst = w->raw->ipv6_addresses.dst;
	h->proto = ip->nexthdr;
	h->ds = ip->priority << 4 | ip->flow_lbl[0] >> 4;
	length = bpf_ntohs(ip->payload_len);
	w->at += sizeof(*ip);
	w->end = length ? w->at + length : 0;
	headers_walk_extensions(w, h);
	headers_read_upper(w, h);
}

/* --- ARP --- */

static __always_inline void headers_read_arp(const struct headers_walk *w, struct headers *h)
{
	struct headers_arp *a = &w->raw->arp;

	if (!load_bytes(&w->from, w->at, a, sizeof(*a)) ||
	    a->hardware != bpf_htons(HEADERS_ARP_ETHERNET) || a->protocol != bpf_htons(ETH_P_IP) ||
	    a->hlen != ETH_ALEN || a->plen != sizeof(a->sender_ip))
		return;
	h->kind = HEADERS_ARP;
	h->src = headers_mapped(a->sender_ip);
	h->dst = headers_mapped(a->target_ip);
}

/* --- all of it --- */

static __always_inline void headers_read(struct headers_walk *w, __u16 proto, struct headers *h)
{
	*h = (struct headers) { .kind = HEADERS_OTHER };
	switch (proto) {
	case ETH_P_IP:
		headers_read_ipv4(w, h);
		break;
	case ETH_P_IPV6:
		headers_read_ipv6(w, h);
		break;
	case ETH_P_ARP:
		headers_read_arp(w, h);
		break;
	}
}

/* The usual packets at the start of what can be pointed at. */
struct headers_usual_ipv4 {
	struct iphdr ip;
	__be16 ports[2];
};

struct headers_usual_ipv6 {
	struct ipv6hdr ip;
	__be16 ports[2];
};

#define HEADERS_AT_MAX 62 /* where a network header begins, at most: for the verifier */

/*
 * Behind Ethernet and tags it begins two bytes behind a multiple of four, and drivers put frames so
 * that words in it are aligned. NULL: not here, or not @size bytes of it.
 */
static __always_inline const void *headers_point(const __u8 *data, const __u8 *end, __u32 at,
						 __u32 size)
{
	if (at > HEADERS_AT_MAX || (at & 3) != 2)
		return NULL;
	/* the compiler knows that it changes nothing, the verifier does not */
	asm volatile("%0 &= 60; %0 |= 2" : "+r"(at));
	return data + at + size > end ? NULL : data + at;
}

static __always_inline void headers_usual_ports(struct headers *h, const __be16 *ports)
{
	h->sport = bpf_ntohs(ports[0]);
	h->dport = bpf_ntohs(ports[1]);
	h->flags = HEADERS_PORTS;
}

static __always_inline bool headers_usual_ipv4(const struct headers_usual_ipv4 *u,
					       struct headers *h)
{
	__u16 length;

	if (!u)
		return false;
	length = bpf_ntohs(u->ip.tot_len);
	if (*(const __u8 *)u != 0x45 || !headers_has_ports(u->ip.protocol) ||
	    (u->ip.frag_off & bpf_htons(HEADERS_V4_OFFSET | HEADERS_V4_MORE)) ||
	    (length && length < sizeof(*u)))
		return false;
	h->src = headers_mapped(u->ip.saddr);
	h->dst = headers_mapped(u->ip.daddr);
	h->kind = HEADERS_IPV4;
	h->proto = u->ip.protocol;
	h->ds = u->ip.tos;
	headers_usual_ports(h, u->ports);
	return true;
}

static __always_inline bool headers_usual_ipv6(const struct headers_usual_ipv6 *u,
					       struct headers *h)
{
	__u16 length;

	if (!u)
		return false;
	length = bpf_ntohs(u->ip.payload_len);
	if (*(const __u8 *)u >> 4 != 6 || !headers_has_ports(u->ip.nexthdr) ||
	    (length && length < sizeof(u->ports)))
		return false;
	__builtin_memcpy(&h->src, &u->ip.saddr, sizeof(h->src));
	__builtin_memcpy(&h->dst, &u->ip.daddr, sizeof(h->dst));
	h->kind = HEADERS_IPV6;
	h->proto = u->ip.nexthdr;
	h->ds = u->ip.priority << 4 | u->ip.flow_lbl[0] >> 4;
	headers_usual_ports(h, u->ports);
	return true;
}

/*
 * What most are: IPv4 without options or IPv6 without extension headers, whole, with ports. False:
 * it is something else, or it lies elsewhere, and has to be loaded. @proto_at: as of headers_skb().
 */
static __always_inline bool headers_read_usual(const void *data, const void *end, __u32 proto_at,
					       struct headers *h)
{
	const __u32 at = proto_at >> 16;

	if ((__u16)proto_at == ETH_P_IP)
		return headers_usual_ipv4(
			headers_point(data, end, at, sizeof(struct headers_usual_ipv4)), h);
	if ((__u16)proto_at == ETH_P_IPV6)
		return headers_usual_ipv6(
			headers_point(data, end, at, sizeof(struct headers_usual_ipv6)), h);
	return false;
}

/*
 * Fill all of @h that its kind and flags speak of. Functions of their own, which the verifier looks
 * at once. @proto_at: the ethertype, and above its 16 bits where the network header begins.
 */
__noinline int headers_skb(struct __sk_buff *skb, struct headers *h, __u32 proto_at)
{
	struct headers_walk w = { .from = { skb, false }, .headers = h, .at = proto_at >> 16 };
	const __u32 zero = 0;

	if (!h)
		return 0;
	if (headers_read_usual((void *)(long)skb->data, (void *)(long)skb->data_end, proto_at, h))
		return 0;
	w.raw = bpf_map_lookup_elem(&headers_raw, &zero);
	if (w.raw)
		headers_read(&w, (__u16)proto_at, h);
	return 0;
}

__noinline int headers_xdp(struct xdp_md *xdp, struct headers *h, __u32 proto_at)
{
	struct headers_walk w = { .from = { xdp, true }, .headers = h, .at = proto_at >> 16 };
	const __u32 zero = 0;

	if (!h)
		return 0;
	if (headers_read_usual((void *)(long)xdp->data, (void *)(long)xdp->data_end, proto_at, h))
		return 0;
	w.raw = bpf_map_lookup_elem(&headers_raw, &zero);
	if (w.raw)
		headers_read(&w, (__u16)proto_at, h);
	return 0;
}

#endif
