/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The frames of an AF_XDP socket that vnetd has made and bound: its memory and its rings. */
#ifndef LIBVNET_FLOW_RING_H
#define LIBVNET_FLOW_RING_H

#include <linux/if_xdp.h>
#include <stddef.h>
#include <stdint.h>

#include "vnet/vnet.h"

#define FLOW_RING_BATCH 64

struct flow_ring {
	int socket; /* -1: there is none */
	uint32_t frames, frame_bytes;
	unsigned char *memory;
	size_t memory_bytes;
	void *rx_map, *fill_map;
	size_t rx_bytes, fill_bytes;
	uint32_t *rx_producer, *rx_consumer, *fill_producer;
	struct xdp_desc *rx;
	uint64_t *fill;
};

void flow_ring_init(struct flow_ring *ring);

/* Takes over @socket in any case. The kernel has all frames to fill from vnetd. 0 or -errno. */
int flow_ring_open(struct flow_ring *ring, int socket, int memory, uint32_t frames,
		   uint32_t frame_bytes);
void flow_ring_close(struct flow_ring *ring);

/* The next frames, borrowed until flow_ring_return() of as many. Returns how many. */
size_t flow_ring_take(const struct flow_ring *ring, struct vnet_flow_frame ret[FLOW_RING_BATCH]);
void flow_ring_return(struct flow_ring *ring, size_t count);

#endif
