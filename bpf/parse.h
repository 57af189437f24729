/* SPDX-License-Identifier: GPL-2.0-only */
/* From bytes to what the policy looks at. */
#ifndef VNET_BPF_PARSE_H
#define VNET_BPF_PARSE_H

#include <linux/if_ether.h>

#include "policy.h"

#define PARSE_ETH_LEN  14
#define PARSE_TAG_LEN  4
#define PARSE_VLAN_LEN (PARSE_ETH_LEN + PARSE_TAG_LEN)
#define PARSE_MACS_LEN 12 /* both: a tag stands behind them */

struct parse_vlan {
	__be16 tci;
	__be16 inner;
};

/* A tag that the kernel has taken out of the frame and keeps beside it; XDP has none. */
struct parse_tag {
	bool present;
	__u16 proto; /* host order */
	__u16 tci;
};

static __always_inline bool parse_is_vlan(__u16 proto)
{
	return proto == ETH_P_8021Q || proto == ETH_P_8021AD;
}

/*
 * Fills @f from the frame between @data and @end and from @tag. @pvid is the VLAN of an untagged
 * frame here. Returns false if the frame is shorter than its headers.
 */
static __always_inline bool parse_frame(const void *data, const void *end,
					const struct parse_tag *tag, __u16 pvid,
					struct policy_frame *f)
{
	const struct ethhdr *eth = data;
	const struct parse_vlan *vlan = data + PARSE_ETH_LEN;
	__u16 proto, inner, outer = 0, tci = 0;

	if (data + PARSE_ETH_LEN > end)
		return false;
	proto = bpf_ntohs(eth->h_proto);
	inner = proto;
	if (tag->present) {
		outer = tag->proto;
		tci = tag->tci;
	} else if (parse_is_vlan(proto)) {
		if (data + PARSE_VLAN_LEN > end)
			return false;
		outer = proto;
		tci = bpf_ntohs(vlan->tci);
		inner = bpf_ntohs(vlan->inner);
	}

	f->dst = policy_mac(eth->h_dest);
	f->src = policy_mac(eth->h_source);
	f->proto = inner;
	f->tci = tci;
	f->prio = tci & ~POLICY_VID_MASK;
	f->tagged = outer;
	f->vlan = tci & POLICY_VID_MASK ?: pvid;
	f->bad_tag = outer == ETH_P_8021AD || (outer && parse_is_vlan(inner));
	return true;
}

#endif
