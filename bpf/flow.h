/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which flow a frame belongs to.
 *
 * The headers become a key of six words. Each shape that the owner's list names is a mask of six
 * words: what it leaves of the key is looked for in the table, and the best of what is found wins.
 * So the cost is by shapes and not by flows; and as with the FDB each CPU remembers what it found,
 * by the whole key, so that the frames of one connection pay for one look.
 *
 * Of a packet in fragments the first one has the ports. They are remembered for those that follow;
 * one whose first was not seen has no ports, and is counted.
 */
#ifndef VNET_BPF_FLOW_H
#define VNET_BPF_FLOW_H

#include "count.h"
#include "fdb.h"
#include "headers.h"
#include "options.h"

/* Too large for the stack. Programs of TC and XDP do not interrupt each other on one CPU. */
struct flow_scratch {
	struct headers headers;
	union {
		struct abi_flow_key key; /* of the frame */
		__u64 word[ABI_FLOW_KEY_WORDS];
	};
	union {
		struct abi_flow_key masked; /* what a shape leaves of it */
		__u64 masked_word[ABI_FLOW_KEY_WORDS];
	};
	struct abi_fragment_key fragment;
	struct abi_flow_list_key list;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_scratch);
} flow_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ABI_FLOW_CACHE_MAX);
	__type(key, __u32);
	__type(value, struct abi_flow_cache);
} flow_cache SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ABI_FRAGMENTS_MAX);
	__type(key, struct abi_fragment_key);
	__type(value, struct abi_fragment);
} fragments SEC(".maps");

/* NULL: there always is one, but the verifier does not know. */
static __always_inline struct flow_scratch *flow_scratch_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&flow_scratch, &zero);
}

/* --- the key --- */

/* Of IPv6 extension headers that were not walked through, nobody knows what is behind. */
static __always_inline __u8 flow_known(const struct headers *h)
{
	__u8 known;

	if (h->kind != HEADERS_IPV4 && h->kind != HEADERS_IPV6)
		return 0;
	known = ABI_FLOW_IP | (h->kind == HEADERS_IPV4 ? ABI_FLOW_V4 : ABI_FLOW_V6);
	if (h->kind == HEADERS_IPV4 || !headers_is_extension(h->proto))
		known |= ABI_FLOW_PROTO;
	if (h->flags & HEADERS_PORTS)
		known |= ABI_FLOW_PORTS;
	return known;
}

/* The first word of a key, and the last one; a shape of 0. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FLOW_WORD(half, a, b, c) ((half) | (__u64)(a) << 32 | (__u64)(b) << 48 | (__u64)(c) << 56)
#define FLOW_HALF(a, b)		 ((a) | (__u32)(b) << 16)
#else
#define FLOW_WORD(half, a, b, c) ((__u64)(half) << 32 | (__u64)(a) << 16 | (__u64)(b) << 8 | (c))
#define FLOW_HALF(a, b)		 ((__u32)(a) << 16 | (b))
#endif

/*
 * Local is the owner's end. All of the key is written, and by words: they are read as words at
 * once, and what was written in smaller pieces would have to reach the cache first.
 */
static __always_inline void flow_key(const struct headers *h, __u32 owner, __u32 vlan_way,
				     __u64 *word)
{
	const __u8 direction = vlan_way >> 16;
	const bool out = direction == ABI_TX;
	const __u32 ports = out ? FLOW_HALF(h->sport, h->dport) : FLOW_HALF(h->dport, h->sport);

	word[0] = FLOW_WORD(owner, 0, direction, h->proto);
	word[1] = out ? h->src.half[0] : h->dst.half[0];
	word[2] = out ? h->src.half[1] : h->dst.half[1];
	word[3] = out ? h->dst.half[0] : h->src.half[0];
	word[4] = out ? h->dst.half[1] : h->src.half[1];
	word[5] = FLOW_WORD(ports, (__u16)vlan_way, h->ds, flow_known(h));
}

/* --- fragments --- */

static __always_inline void flow_fragment_key(struct flow_scratch *s)
{
	struct abi_fragment_key *key = &s->fragment;
	const struct headers *h = &s->headers;

	key->owner = s->key.owner;
	key->id = h->id;
	__builtin_memcpy(key->src, &h->src, sizeof(key->src));
	__builtin_memcpy(key->dst, &h->dst, sizeof(key->dst));
	key->vlan = s->key.vlan;
	key->direction = s->key.direction;
	/* in IPv6 each fragment may say something else there, and the first one is right */
	key->proto = h->kind == HEADERS_IPV4 ? h->proto : 0;
	key->pad = 0;
}

/* The first fragment of a packet, whose headers are known. */
static __always_inline void flow_remember(struct flow_scratch *s)
{
	const struct abi_fragment first = {
		.seen_ns = option_now_ns(),
		.sport = s->headers.sport,
		.dport = s->headers.dport,
		.proto = s->headers.proto,
		.known = s->key.known & (ABI_FLOW_PROTO | ABI_FLOW_PORTS),
	};

	flow_fragment_key(s);
	bpf_map_update_elem(&fragments, &s->fragment, &first, BPF_ANY);
}

/* A later fragment. True: its key is now as if it had the headers of the first. */
static __always_inline bool flow_recall(struct flow_scratch *s)
{
	struct abi_flow_key *key = &s->key;
	const struct abi_fragment *first;
	const bool out = key->direction == ABI_TX;

	flow_fragment_key(s);
	first = bpf_map_lookup_elem(&fragments, &s->fragment);
	if (!first || option_now_ns() - first->seen_ns > ABI_FRAGMENT_KEPT_NS)
		return false;
	key->proto = first->proto;
	key->lport = out ? first->sport : first->dport;
	key->rport = out ? first->dport : first->sport;
	key->known |= first->known;
	return true;
}

/*
 * A fragment, or what could not be read to its end; the key has been made. Off the usual way, so a
 * function of its own.
 */
__noinline int flow_fragment(__u32 packets)
{
	struct flow_scratch *s = flow_scratch_get();

	if (!s)
		return 0;
	if (s->headers.flags & HEADERS_BAD)
		count_drop(s->key.owner, ABI_DROPS_UNPARSED, packets);
	else if (!(s->headers.flags & HEADERS_LATER))
		flow_remember(s);
	else if (!flow_recall(s))
		count_drop(s->key.owner, ABI_DROPS_UNPARSED, packets);
	return 0;
}

/* --- the table --- */

struct flow_walk {
	const struct abi_flow_list *list;
	__u64 order;
	__u32 flow;
};

static long flow_step(__u32 i, struct flow_walk *w)
{
	struct flow_scratch *s = flow_scratch_get();
	const struct abi_flow_shape *shape;
	const struct abi_flow_hit *hit;
	const __u64 *from;
	__u32 number;
	__u64 *to;

	if (!s || i >= ABI_FLOW_LIST_MAX)
		return 1;
	number = w->list->shapes[i];
	shape = bpf_map_lookup_elem(&flow_shapes, &number);
	if (!shape)
		return 0;
	from = s->word;
	to = s->masked_word;
	for (int k = 0; k < ABI_FLOW_KEY_WORDS; k++)
		to[k] = from[k] & shape->mask[k];
	s->masked.shape = number;
	hit = bpf_map_lookup_elem(&flow_table, &s->masked);
	if (hit && hit->order < w->order) {
		w->order = hit->order;
		w->flow = hit->flow;
	}
	return 0;
}

/* Of the key that has been made. A function of its own: what is remembered is the usual way. */
__noinline int flow_search(void)
{
	struct flow_scratch *s = flow_scratch_get();
	struct flow_walk w = { .order = ~0ULL };

	if (!s)
		return 0;
	s->list.owner = s->key.owner;
	s->list.direction = s->key.direction;
	w.list = bpf_map_lookup_elem(&flow_lists, &s->list);
	if (w.list)
		bpf_loop(w.list->count, flow_step, &w, 0);
	return w.flow;
}

/* Odd numbers, one for each word, so that none has to wait for another one to be mixed. */
static const __u64 flow_mixers[ABI_FLOW_KEY_WORDS] = {
	FDB_MIX,
	0xbf58476d1ce4e5b9ULL,
	0x94d049bb133111ebULL,
	0xd6e8feb86659fd93ULL,
	0xff51afd7ed558ccdULL,
	0xc4ceb9fe1a85ec53ULL,
};

static __always_inline __u64 flow_mix(const __u64 *word)
{
	__u64 mixed = 0;

	for (int i = 0; i < ABI_FLOW_KEY_WORDS; i++)
		mixed += word[i] * flow_mixers[i];
	return mixed;
}

static __always_inline bool flow_is_key(const struct abi_flow_cache *c, const __u64 *word)
{
	__u64 differs = 0;

	for (int i = 0; i < ABI_FLOW_KEY_WORDS; i++)
		differs |= c->key[i] ^ word[i];
	return !differs;
}

static __always_inline struct abi_flow_cache *flow_slot(__u64 mixed)
{
	__u32 slot = mixed >> (64 - ABI_FLOW_CACHE_BITS); /* only they depend on all bits */

	return bpf_map_lookup_elem(&flow_cache, &slot);
}

/*
 * Remembers what was found for the key. As with the FDB the value is mixed with it, because no lock
 * keeps a slot together.
 */
__noinline int flow_learn(__u32 flow, __u32 generation)
{
	struct flow_scratch *s = flow_scratch_get();
	struct abi_flow_cache *c;
	const __u64 *word;
	__u64 mixed;

	if (!s)
		return 0;
	word = s->word;
	mixed = flow_mix(word);
	c = flow_slot(mixed);
	if (!c)
		return 0;
	for (int i = 0; i < ABI_FLOW_KEY_WORDS; i++)
		c->key[i] = word[i];
	c->value = ((__u64)generation << 32 | flow) ^ mixed;
	return 0;
}

/* Is the flow of the key remembered? */
static __always_inline bool flow_is_known(const __u64 *word, __u32 generation, __u32 *ret)
{
	const __u64 mixed = flow_mix(word);
	const struct abi_flow_cache *c = flow_slot(mixed);
	__u64 value;

	if (!c || !flow_is_key(c, word))
		return false;
	value = c->value ^ mixed;
	*ret = value;
	return value >> 32 == generation;
}

/*
 * The flow of a frame whose headers have been read; 0: none. @vlan_way: its VLAN, and above the 16
 * bits enum abi_direction.
 */
__noinline int flow_find(__u32 owner, __u32 vlan_way, __u32 packets)
{
	struct flow_scratch *s = flow_scratch_get();
	__u32 generation, flow;

	if (!s)
		return 0;
	flow_key(&s->headers, owner, vlan_way, s->word);
	if (s->headers.flags & (HEADERS_FRAGMENT | HEADERS_BAD))
		flow_fragment(packets);
	generation = fdb_generation();
	if (flow_is_known(s->word, generation, &flow))
		return flow;
	flow = flow_search();
	flow_learn(flow, generation);
	return flow;
}

/* --- the flow --- */

/* NULL: no such flow. */
static __always_inline const struct abi_flow *flow_row(__u32 number)
{
	const struct abi_flow *flow;

	if (!number)
		return NULL;
	flow = bpf_map_lookup_elem(&flows, &number);
	return flow && flow->owner ? flow : NULL;
}

/* Where its frames go. */
struct flow_target {
	__u32 number;
	__u32 kind; /* enum abi_flow_target */
};

/* Both in one look: the flow may just be led elsewhere. */
static __always_inline struct flow_target flow_target(const struct abi_flow *flow)
{
	union {
		__u64 word;
		struct flow_target target;
	} u = { .word = *(const volatile __u64 *)&flow->target };

	return u.target;
}

/* Of a frame that comes in, whose headers have been read; @vlan: as of flow_find(). */
static __always_inline struct flow_target flow_target_in(__u32 owner, __u32 vlan)
{
	/* whoever meters the frame counts what cannot be read */
	const struct abi_flow *flow = flow_row(flow_find(owner, ABI_RX << 16 | vlan, 0));

	return flow ? flow_target(flow) : (struct flow_target) { 0, ABI_TARGET_NONE };
}

static __always_inline struct abi_flow_counters *flow_counters_find(__u32 number)
{
	struct abi_flow_counters *c;

	if (number >= ABI_FLOW_COUNTERS_NEAR)
		return bpf_map_lookup_elem(&far_flow_counters, &number);
	c = bpf_map_lookup_elem(&flow_counters, &number);
	MAPS_NEAR(c);
	return c;
}

static __always_inline void flow_count(__u32 number, bool out, __u64 packets, __u64 bytes,
				       bool dropped)
{
	struct abi_flow_counters *c = flow_counters_find(number);

	if (!c)
		return;
	if (dropped) {
		*(out ? &c->tx_dropped : &c->rx_dropped) += packets;
	} else if (out) {
		c->tx_packets += packets;
		c->tx_bytes += bytes;
	} else {
		c->rx_packets += packets;
		c->rx_bytes += bytes;
	}
}

#endif
