/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ntuple.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#define IPV4_BYTES	4
#define IPV6_BYTES	16
#define IPV4_AT		12 /* in an IPv4 address as flow_match.h has it */
#define VLAN_ID_MASK	0x0fff
#define FNV_OFFSET	2166136261u
#define FNV_PRIME	16777619u
#define EVERY_BIT_SHIFT 8

/* The kinds of filters by family and protocol. */
static const struct {
	uint8_t proto; /* 0: any */
	uint32_t v4, v6;
} kinds[] = {
	{ IPPROTO_TCP, TCP_V4_FLOW, TCP_V6_FLOW },
	{ IPPROTO_UDP, UDP_V4_FLOW, UDP_V6_FLOW },
	{ IPPROTO_SCTP, SCTP_V4_FLOW, SCTP_V6_FLOW },
	{ 0, IPV4_USER_FLOW, IPV6_USER_FLOW },
};

static uint32_t kind_of(const struct flow_match *m, bool ipv4)
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(kinds); i++)
		if (m->has_proto ? kinds[i].proto && kinds[i].proto == m->proto : !kinds[i].proto)
			return ipv4 ? kinds[i].v4 : kinds[i].v6;
	return 0;
}

/* False: it takes more than one mask. */
static bool ports(const struct flow_ports *p, uint16_t *value, uint16_t *mask)
{
	uint32_t size = p->last - p->first + 1u;

	if (!p->set)
		return true;
	if ((size & (size - 1)) || (p->first & (size - 1)))
		return false;
	*value = htons(p->first);
	*mask = htons((uint16_t) ~(size - 1));
	return true;
}

static void prefix(const struct flow_prefix *p, size_t at, size_t bytes, void *value, void *mask)
{
	uint8_t *bits = mask;

	if (!p->length)
		return;
	memcpy(value, p->address + at, bytes);
	for (size_t i = 0; i < bytes; i++) {
		size_t first = EVERY_BIT_SHIFT * (at + i);
		size_t set = p->length > first ? p->length - first : 0;

		bits[i] = set >= EVERY_BIT_SHIFT ? 0xff : (uint8_t)(0xff00 >> set);
	}
}

/* What comes in has the owner's end as its destination. */
static bool fill_v4(const struct flow_match *m, struct ethtool_rx_flow_spec *s)
{
	struct ethtool_tcpip4_spec *value = &s->h_u.tcp_ip4_spec, *mask = &s->m_u.tcp_ip4_spec;

	prefix(&m->local, IPV4_AT, IPV4_BYTES, &value->ip4dst, &mask->ip4dst);
	prefix(&m->remote, IPV4_AT, IPV4_BYTES, &value->ip4src, &mask->ip4src);
	if (!m->has_proto) {
		s->h_u.usr_ip4_spec.ip_ver = ETH_RX_NFC_IP4;
		s->h_u.usr_ip4_spec.tos = m->dsfield;
		s->m_u.usr_ip4_spec.tos = m->dsfield_mask;
		return true;
	}
	value->tos = m->dsfield;
	mask->tos = m->dsfield_mask;
	return ports(&m->lport, &value->pdst, &mask->pdst) &&
	       ports(&m->rport, &value->psrc, &mask->psrc);
}

static bool fill_v6(const struct flow_match *m, struct ethtool_rx_flow_spec *s)
{
	struct ethtool_tcpip6_spec *value = &s->h_u.tcp_ip6_spec, *mask = &s->m_u.tcp_ip6_spec;

	prefix(&m->local, 0, IPV6_BYTES, value->ip6dst, mask->ip6dst);
	prefix(&m->remote, 0, IPV6_BYTES, value->ip6src, mask->ip6src);
	if (!m->has_proto) {
		s->h_u.usr_ip6_spec.tclass = m->dsfield;
		s->m_u.usr_ip6_spec.tclass = m->dsfield_mask;
		return true;
	}
	value->tclass = m->dsfield;
	mask->tclass = m->dsfield_mask;
	return ports(&m->lport, &value->pdst, &mask->pdst) &&
	       ports(&m->rport, &value->psrc, &mask->psrc);
}

static bool fill(const struct flow_match *m, bool ipv4, const uint8_t *mac,
		 struct ethtool_rx_flow_spec *s)
{
	s->flow_type = kind_of(m, ipv4);
	if (m->vlan) {
		s->flow_type |= FLOW_EXT;
		s->h_ext.vlan_tci = htons(m->vlan);
		s->m_ext.vlan_tci = htons(VLAN_ID_MASK);
	}
	if (mac) {
		s->flow_type |= FLOW_MAC_EXT;
		memcpy(s->h_ext.h_dest, mac, MAC_LEN);
		memset(s->m_ext.h_dest, 0xff, MAC_LEN);
	}
	return ipv4 ? fill_v4(m, s) : fill_v6(m, s);
}

static bool says_something(const struct flow_match *m)
{
	return m->has_proto || m->local.length || m->remote.length || m->dsfield_mask;
}

int ntuple_make(const struct flow_match *m, const uint8_t *mac, uint32_t queue, struct ntuple *ret,
		const char **ret_why)
{
	const struct flow_prefix *p = m->local.length ? &m->local : &m->remote;
	struct ntuple made = { 0 };

	*ret_why = "n-tuple filters are for frames of IP";
	if (!says_something(m))
		return -EOPNOTSUPP;
	*ret_why = "n-tuple filters are for tcp, udp and sctp alone, or for any protocol";
	if (!kind_of(m, true))
		return -EOPNOTSUPP;
	*ret_why = "its range of ports is more than one n-tuple filter can say";
	for (int family = 0; family < NTUPLE_SPECS_MAX; family++) {
		bool ipv4 = family == 0;
		struct ethtool_rx_flow_spec *s = &made.spec[made.count];

		if (p->length && p->ipv4 != ipv4)
			continue;
		if (!fill(m, ipv4, mac, s))
			return -EOPNOTSUPP;
		s->ring_cookie = queue;
		made.count++;
	}
	*ret = made;
	return 0;
}

uint32_t ntuple_hash(const struct ethtool_rx_flow_spec *spec)
{
	struct ethtool_rx_flow_spec s = *spec;
	const uint8_t *bytes = (const uint8_t *)&s;
	uint32_t hash = FNV_OFFSET;

	s.location = 0;
	for (size_t i = 0; i < offsetof(struct ethtool_rx_flow_spec, location); i++)
		hash = (hash ^ bytes[i]) * FNV_PRIME;
	return hash;
}
