// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What BPF_PROG_TEST_RUN cannot do: it puts a tag beside the frame, as devices do that take tags
 * out, and goes on into the program under test.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

/* By enum model_program. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32);
} programs SEC(".maps");

/* Set by the test, host order. */
__u32 program;
__u16 tag_proto;
__u16 tag_tci;

SEC("tc")
int put_tag(struct __sk_buff *skb)
{
	if (bpf_skb_vlan_push(skb, bpf_htons(tag_proto), tag_tci))
		return TC_ACT_STOLEN; /* an answer that no program of ours gives */
	bpf_tail_call(skb, &programs, program);
	return TC_ACT_STOLEN;
}
