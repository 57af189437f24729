// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow_match.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>

#define BIT_SHIFT	 16 /* bits are counted in 1 << BIT_SHIFT parts */
#define NAMED_MAX	 4  /* and the ports that are named, up to two, below that */
#define PORT_BITS	 16
#define PORTS_END	 65536u
#define VLAN_BITS	 12
#define PREFIXES_MAX	 30 /* that a range of ports is cut into, at most */
#define ORDER_BITS_SHIFT 16 /* below it: the number */
#define ORDER_RANK_SHIFT 48

/* A range of ports that one mask describes. */
struct block {
	uint16_t value;
	uint16_t mask;
};

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP ||
	       proto == IPPROTO_DCCP || proto == IPPROTO_UDPLITE;
}

/* --- what is valid, and the same --- */

/* Byte @i of a mask of @length bits. */
static uint8_t mask_byte(unsigned int length, size_t i)
{
	if (length >= 8 * (i + 1))
		return 0xff;
	return length <= 8 * i ? 0 : (uint8_t)(0xff00 >> (length - 8 * i));
}

static bool prefix_is_valid(const struct flow_prefix *p)
{
	if (p->length > FLOW_ADDRESS_BITS ||
	    (p->ipv4 && p->length && p->length <= FLOW_MAPPED_BITS))
		return false;
	for (size_t i = 0; i < FLOW_ADDRESS_LEN; i++)
		if (p->address[i] & ~mask_byte(p->length, i))
			return false;
	return true;
}

bool flow_match_is_valid(const struct flow_match *m)
{
	if (!prefix_is_valid(&m->local) || !prefix_is_valid(&m->remote))
		return false;
	if (m->local.length && m->remote.length && m->local.ipv4 != m->remote.ipv4)
		return false;
	if ((m->lport.set || m->rport.set) && !(m->has_proto && has_ports(m->proto)))
		return false;
	if ((m->lport.set && m->lport.first > m->lport.last) ||
	    (m->rport.set && m->rport.first > m->rport.last))
		return false;
	return !(m->dsfield & ~m->dsfield_mask) && m->vlan < ABI_VLANS;
}

static bool prefix_is_same(const struct flow_prefix *a, const struct flow_prefix *b)
{
	return a->length == b->length &&
	       (!a->length ||
		(a->ipv4 == b->ipv4 && memcmp(a->address, b->address, FLOW_ADDRESS_LEN) == 0));
}

static bool ports_are_same(const struct flow_ports *a, const struct flow_ports *b)
{
	return a->set == b->set && (!a->set || (a->first == b->first && a->last == b->last));
}

bool flow_match_is_same(const struct flow_match *a, const struct flow_match *b)
{
	return prefix_is_same(&a->local, &b->local) && prefix_is_same(&a->remote, &b->remote) &&
	       ports_are_same(&a->lport, &b->lport) && ports_are_same(&a->rport, &b->rport) &&
	       a->has_proto == b->has_proto && (!a->has_proto || a->proto == b->proto) &&
	       a->dsfield == b->dsfield && a->dsfield_mask == b->dsfield_mask && a->vlan == b->vlan;
}

/* --- order --- */

static uint32_t prefix_bits(const struct flow_prefix *p)
{
	return p->ipv4 && p->length ? p->length - FLOW_MAPPED_BITS : p->length;
}

static uint64_t ports_count(const struct flow_ports *p)
{
	return p->set ? (uint64_t)p->last - p->first + 1 : PORTS_END;
}

/*
 * Both ranges as one number, and one rounding: matches that leave equally many ports have to come
 * out the same, however these are split.
 */
static uint32_t ports_bits(const struct flow_ports *a, const struct flow_ports *b)
{
	const double open = log2((double)(ports_count(a) * ports_count(b)));

	return (2 * PORT_BITS << BIT_SHIFT) - (uint32_t)(open * (1 << BIT_SHIFT));
}

uint32_t flow_match_bits(const struct flow_match *m)
{
	uint32_t whole = prefix_bits(&m->local) + prefix_bits(&m->remote) + (m->has_proto ? 8 : 0) +
			 (uint32_t)__builtin_popcount(m->dsfield_mask) + (m->vlan ? VLAN_BITS : 0);
	uint32_t named = (uint32_t)m->lport.set + m->rport.set;

	return ((whole << BIT_SHIFT) + ports_bits(&m->lport, &m->rport)) * NAMED_MAX + named;
}

uint64_t flow_match_order(const struct flow_match *m, uint16_t rank, uint32_t number)
{
	return (uint64_t)rank << ORDER_RANK_SHIFT |
	       (uint64_t)(UINT32_MAX - flow_match_bits(m)) << ORDER_BITS_SHIFT | number;
}

/* --- rows --- */

/* Cuts a range into blocks that one mask describes each. Returns how many. */
static size_t cut(const struct flow_ports *p, struct block blocks[PREFIXES_MAX])
{
	uint32_t at = p->set ? p->first : 0, end = p->set ? p->last + 1u : PORTS_END, size;
	size_t count = 0;

	while (at < end) {
		size = at ? at & -at : PORTS_END;
		while (size > end - at)
			size /= 2;
		blocks[count++] = (struct block) { (uint16_t)at, (uint16_t)(PORTS_END - size) };
		at += size;
	}
	return count;
}

static void put_prefix(const struct flow_prefix *p, uint8_t address[FLOW_ADDRESS_LEN],
		       uint8_t mask[FLOW_ADDRESS_LEN])
{
	memcpy(address, p->address, FLOW_ADDRESS_LEN);
	for (size_t i = 0; i < FLOW_ADDRESS_LEN; i++)
		mask[i] = mask_byte(p->length, i);
}

static uint8_t needs(const struct flow_match *m)
{
	const struct flow_prefix *p = m->local.length ? &m->local : &m->remote;
	uint8_t known = 0;

	if (m->has_proto || m->dsfield_mask || p->length)
		known |= ABI_FLOW_IP;
	if (p->length)
		known |= p->ipv4 ? ABI_FLOW_V4 : ABI_FLOW_V6;
	if (m->has_proto)
		known |= ABI_FLOW_PROTO;
	if (m->lport.set || m->rport.set)
		known |= ABI_FLOW_PORTS;
	return known;
}

/* All but the ports. */
static void put_match(const struct flow_match *m, struct abi_flow_key *mask,
		      struct abi_flow_key *key)
{
	memset(mask, 0, sizeof(*mask));
	memset(key, 0, sizeof(*key));
	mask->owner = UINT32_MAX;
	mask->direction = UINT8_MAX;
	put_prefix(&m->local, key->local, mask->local);
	put_prefix(&m->remote, key->remote, mask->remote);
	if (m->has_proto) {
		mask->proto = UINT8_MAX;
		key->proto = m->proto;
	}
	mask->dsfield = m->dsfield_mask;
	key->dsfield = m->dsfield;
	if (m->vlan) {
		mask->vlan = UINT16_MAX;
		key->vlan = m->vlan;
	}
	mask->known = key->known = needs(m);
}

static void put_row(const struct flow_match *m, const struct block *local,
		    const struct block *remote, struct flow_row *ret)
{
	struct abi_flow_key mask;

	put_match(m, &mask, &ret->key);
	mask.lport = local->mask;
	mask.rport = remote->mask;
	ret->key.lport = local->value;
	ret->key.rport = remote->value;
	memcpy(&ret->shape, &mask, sizeof(ret->shape));
}

int flow_match_rows(const struct flow_match *m, struct flow_row **ret, size_t *ret_count)
{
	struct block local[PREFIXES_MAX], remote[PREFIXES_MAX];
	size_t locals = cut(&m->lport, local), remotes = cut(&m->rport, remote);
	struct flow_row *rows;

	if (!locals || !remotes)
		return -EINVAL; /* a range that ends before it begins */
	rows = calloc(locals * remotes, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < locals * remotes; i++)
		put_row(m, &local[i / remotes], &remote[i % remotes], &rows[i]);
	*ret = rows;
	*ret_count = locals * remotes;
	return 0;
}
