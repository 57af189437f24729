/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The FDB is a hash of up to a million entries, and looking into it would be the dearest step of a
 * frame's way. So each CPU remembers in a small table what it found, or that it found nothing.
 *
 * What is remembered holds for one generation of the FDB: the daemon raises the number after each
 * change, and the program reads it before it looks.
 *
 * A slot is two words, and no lock keeps them together. So the second one is mixed with the first:
 * words that do not belong together give a generation and a vnet that do not fit.
 */
#ifndef VNET_BPF_FDB_H
#define VNET_BPF_FDB_H

#include "maps.h"

#define FDB_MIX 0x9e3779b97f4a7c15ULL /* 2^64 by the golden ratio */

static __always_inline __u32 fdb_generation(void)
{
	const struct abi_meta *row;
	__u32 zero = 0;

	row = bpf_map_lookup_elem(&meta, &zero);
	return row ? *(const volatile __u32 *)&row->generation : 0;
}

static __always_inline __u32 fdb_look(const struct abi_fdb_key *key)
{
	const __u32 *number = bpf_map_lookup_elem(&fdb, key);

	return number ? *number : 0;
}

POLICY_INLINE __u32 policy_fdb(__u32 vnet, __u16 vlan, __u64 mac)
{
	const __u64 word = mac | (__u64)vlan << 48;
	const __u64 mixed = (word ^ (__u64)vnet << 32) * FDB_MIX;
	const __u64 tag = (__u64)fdb_generation() << 32 | vnet << 16;
	struct abi_fdb_key key = { .vnet = vnet, .vlan = vlan };
	__u32 slot = mixed >> (64 - ABI_CACHE_BITS);
	struct abi_cache *c = bpf_map_lookup_elem(&cache, &slot);
	__u64 value;

	if (c && c->key == word) {
		value = c->value ^ mixed;
		if ((value & ~0xffffULL) == tag)
			return value & 0xffff;
	}
	policy_mac_put(key.mac, mac);
	value = fdb_look(&key);
	if (c) {
		c->key = word;
		c->value = (tag | value) ^ mixed;
	}
	return value;
}

#endif
