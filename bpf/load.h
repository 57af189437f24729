/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes of a frame, wherever they lie in it: headers are loaded and not pointed at, so they may be
 * in any of its buffers.
 */
#ifndef VNET_BPF_LOAD_H
#define VNET_BPF_LOAD_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include <stdbool.h>

/* The frame that is read; @xdp is known when the program is compiled. */
struct load {
	void *ctx;
	bool xdp;
};

/* False: the frame is not that long. @size is known when the program is compiled. */
static __always_inline bool load_bytes(const struct load *from, __u32 at, void *to, __u32 size)
{
	if (from->xdp)
		return bpf_xdp_load_bytes(from->ctx, at, to, size) == 0;
	return bpf_skb_load_bytes(from->ctx, at, to, size) == 0;
}

#endif
