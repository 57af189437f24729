/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many frames a long one will be. What the local stack sends says it; what comes from a tap
 * says only how much each takes, because the kernel trusts nobody's headers before it cuts.
 */
#ifndef VNET_BPF_SEGMENTS_H
#define VNET_BPF_SEGMENTS_H

#include "parse.h"

#define SEGMENTS_IPV6_LEN 40
#define SEGMENTS_UDP_LEN  8
#define SEGMENTS_TCP	  6  /* protocol */
#define SEGMENTS_TCP_OFF  12 /* where its header's length is */

/* The length of the headers, as far as they can be read: each segment has them all. */
static __always_inline __u32 segments_headers(struct __sk_buff *skb)
{
	__u32 at = PARSE_ETH_LEN;
	__be16 proto = 0;
	__u8 first = 0, next = 0, offset = 0;

	bpf_skb_load_bytes(skb, at - sizeof(proto), &proto, sizeof(proto));
	if (proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD))
		at = PARSE_VLAN_LEN;
	if (bpf_skb_load_bytes(skb, at, &first, sizeof(first)))
		return at;
	if (first >> 4 == 6) {
		bpf_skb_load_bytes(skb, at + 6, &next, sizeof(next));
		at += SEGMENTS_IPV6_LEN;
	} else {
		bpf_skb_load_bytes(skb, at + 9, &next, sizeof(next));
		at += (first & 0xf) * 4;
	}
	if (next != SEGMENTS_TCP)
		return at + SEGMENTS_UDP_LEN;
	bpf_skb_load_bytes(skb, at + SEGMENTS_TCP_OFF, &offset, sizeof(offset));
	return at + (offset >> 4) * 4;
}

/* Not inlined: few frames come this way. */
__noinline __u32 segments_of_tap(struct __sk_buff *skb)
{
	__u32 headers = segments_headers(skb), size = skb->gso_size, len = skb->len;

	if (!size || len <= headers)
		return 1;
	return (len - headers + size - 1) / size;
}

static __always_inline __u64 segments_of(struct __sk_buff *skb)
{
	if (skb->gso_segs)
		return skb->gso_segs;
	return skb->gso_size ? segments_of_tap(skb) : 1;
}

#endif
