// SPDX-License-Identifier: GPL-2.0-or-later
/* What bpf/headers.h finds in a frame, told to the test. */
#include <linux/bpf.h>

#include "../../bpf/headers.h"

char _license[] SEC("license") = "GPL";

/* Set by the test: the ethertype, and above its 16 bits where the network header begins. */
__u32 proto_at;

/* Bytes, because the test has no such structure. */
__u8 found[sizeof(struct headers)];

SEC("tc")
int read_tc(struct __sk_buff *skb)
{
	struct headers h = {};

	headers_skb(skb, &h, proto_at);
	__builtin_memcpy(found, &h, sizeof(h));
	return 0;
}

SEC("xdp.frags")
int read_xdp(struct xdp_md *xdp)
{
	struct headers h = {};

	headers_xdp(xdp, &h, proto_at);
	__builtin_memcpy(found, &h, sizeof(h));
	return XDP_PASS;
}
