// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The programs that the data path is measured with: who makes frames, who counts them, and what is
 * the least that a program can do with one.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "frames.h"

/* The kernel's helpers that are used here are for programs under the GPL. */
char _license[] SEC("license") = "GPL";

const volatile struct frames_config config = {};

/* Where CYCLE is. The generator and what it measures run on one CPU. */
__u32 position;

/* Pinned: it counts as long as its device lives, and each measurement looks at the difference. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} arrived SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} out SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next_tc SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next_xdp SEC(".maps");

static __always_inline void vary(__u8 *frame)
{
	__u8 *mac = frame, *port = frame + FRAMES_PORT;
	__u32 i;

	if (config.choice == FRAMES_SAME)
		return;
	if (config.choice == FRAMES_RANDOM) {
		i = ((__u64)bpf_get_prandom_u32() * config.count) >> 32;
	} else {
		i = position;
		position = i + config.step < config.count ? i + config.step : 0;
	}
	if (config.ports) {
		port[0] = i >> 8;
		port[1] = i;
		return;
	}
	mac[0] = FRAMES_MAC_0;
	mac[1] = FRAMES_MAC_1;
	mac[2] = i >> 24;
	mac[3] = i >> 16;
	mac[4] = i >> 8;
	mac[5] = i;
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (data + FRAMES_PORT_END > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	vary(data);
	return bpf_redirect_map(&out, 0, 0);
}

SEC("xdp")
int sink(struct xdp_md *ctx __attribute__((unused)))
{
	__u64 *count;
	__u32 key = 0;

	count = bpf_map_lookup_elem(&arrived, &key);
	if (count)
		(*count)++;
	return XDP_DROP;
}

SEC("xdp")
int fixed_xdp(struct xdp_md *ctx __attribute__((unused)))
{
	return bpf_redirect_map(&out, 0, 0);
}

SEC("tc")
int fixed_tc(struct __sk_buff *skb __attribute__((unused)))
{
	return bpf_redirect(config.out, 0);
}

SEC("xdp")
int nothing_xdp(struct xdp_md *ctx __attribute__((unused)))
{
	return XDP_DROP;
}

SEC("tc")
int nothing_tc(struct __sk_buff *skb __attribute__((unused)))
{
	return TC_ACT_SHOT;
}

/* Give the frame a destination or source port, then go on as the program that is measured. */

SEC("xdp")
int vary_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (data + FRAMES_PORT_END > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	vary(data);
	bpf_tail_call_static(ctx, &next_xdp, 0);
	return XDP_ABORTED;
}

SEC("tc")
int vary_tc(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;

	if (data + FRAMES_PORT_END > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	vary(data);
	bpf_tail_call_static(skb, &next_tc, 0);
	return TC_ACT_UNSPEC;
}
