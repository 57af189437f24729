// SPDX-License-Identifier: LGPL-2.1-or-later
#include "flow_ring.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

void flow_ring_init(struct flow_ring *ring)
{
	*ring = (struct flow_ring) { .socket = -1 };
}

static void unmap(void *at, size_t bytes)
{
	if (at)
		munmap(at, bytes);
}

void flow_ring_close(struct flow_ring *ring)
{
	unmap(ring->memory, ring->memory_bytes);
	unmap(ring->rx_map, ring->rx_bytes);
	unmap(ring->fill_map, ring->fill_bytes);
	if (ring->socket >= 0)
		close(ring->socket);
	flow_ring_init(ring);
}

static int map(int fd, size_t bytes, off_t offset, void *ret)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (at == MAP_FAILED)
		return -errno;
	*(void **)ret = at;
	return 0;
}

static int map_rings(struct flow_ring *ring)
{
	struct xdp_mmap_offsets at;
	socklen_t length = sizeof(at);
	int r;

	if (getsockopt(ring->socket, SOL_XDP, XDP_MMAP_OFFSETS, &at, &length) < 0)
		return -errno;
	if (length != sizeof(at))
		return -EPROTO; /* a kernel from before 5.4 */
	ring->rx_bytes = at.rx.desc + ring->frames * sizeof(*ring->rx);
	ring->fill_bytes = at.fr.desc + ring->frames * sizeof(*ring->fill);
	r = map(ring->socket, ring->rx_bytes, XDP_PGOFF_RX_RING, &ring->rx_map);
	if (r == 0)
		r = map(ring->socket, ring->fill_bytes, (off_t)XDP_UMEM_PGOFF_FILL_RING,
			&ring->fill_map);
	if (r < 0)
		return r;
	ring->rx_producer = (void *)((char *)ring->rx_map + at.rx.producer);
	ring->rx_consumer = (void *)((char *)ring->rx_map + at.rx.consumer);
	ring->rx = (void *)((char *)ring->rx_map + at.rx.desc);
	ring->fill_producer = (void *)((char *)ring->fill_map + at.fr.producer);
	ring->fill = (void *)((char *)ring->fill_map + at.fr.desc);
	return 0;
}

int flow_ring_open(struct flow_ring *ring, int socket, int memory, uint32_t frames,
		   uint32_t frame_bytes)
{
	int r;

	*ring = (struct flow_ring) {
		.socket = socket,
		.frames = frames,
		.frame_bytes = frame_bytes,
		.memory_bytes = (size_t)frames * frame_bytes,
	};
	r = frames && !(frames & (frames - 1)) && frame_bytes && !(frame_bytes & (frame_bytes - 1))
		    ? map(memory, ring->memory_bytes, 0, &ring->memory)
		    : -EPROTO;
	if (r == 0)
		r = map_rings(ring);
	if (r < 0) {
		flow_ring_close(ring);
		return r;
	}
	return 0;
}

size_t flow_ring_take(const struct flow_ring *ring, struct vnet_flow_frame ret[FLOW_RING_BATCH])
{
	uint32_t first, count;

	if (ring->socket < 0)
		return 0;
	first = *ring->rx_consumer;
	count = __atomic_load_n(ring->rx_producer, __ATOMIC_ACQUIRE) - first;
	if (count > FLOW_RING_BATCH)
		count = FLOW_RING_BATCH;
	for (uint32_t i = 0; i < count; i++) {
		const struct xdp_desc *d = &ring->rx[(first + i) & (ring->frames - 1)];

		ret[i] = (struct vnet_flow_frame) { ring->memory + d->addr, d->len };
	}
	return count;
}

/* Room in the ring to be filled is there: it holds all frames. */
void flow_ring_return(struct flow_ring *ring, size_t count)
{
	uint32_t first = *ring->rx_consumer, fill = *ring->fill_producer;
	uint64_t base = ~(uint64_t)(ring->frame_bytes - 1);

	for (size_t i = 0; i < count; i++)
		ring->fill[(fill + i) & (ring->frames - 1)] =
			ring->rx[(first + i) & (ring->frames - 1)].addr & base;
	__atomic_store_n(ring->fill_producer, fill + (uint32_t)count, __ATOMIC_RELEASE);
	__atomic_store_n(ring->rx_consumer, first + (uint32_t)count, __ATOMIC_RELEASE);
}
