/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xsk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define COMPLETIONS 2 /* the kernel wants that ring of who never sends, too */

/* Whoever maps it may write, and not make it shorter than what the kernel has got of it. */
static int make_memory(size_t bytes, int *ret)
{
	int fd = memfd_create("vnet-flow", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)bytes) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	*ret = fd;
	return 0;
}

/* The kernel keeps the pages; that they were mapped here is of no more interest. */
static int register_memory(int socket, int memory, size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	struct xdp_umem_reg reg = {
		.addr = (uintptr_t)at,
		.len = bytes,
		.chunk_size = KERNEL_XSK_FRAME_BYTES,
	};
	int r;

	if (at == MAP_FAILED)
		return -errno;
	r = setsockopt(socket, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) < 0 ? -errno : 0;
	munmap(at, bytes);
	return r;
}

static int make_rings(int socket, uint32_t frames)
{
	const struct {
		int name;
		uint32_t entries;
	} rings[] = {
		{ XDP_UMEM_FILL_RING, frames },
		{ XDP_UMEM_COMPLETION_RING, COMPLETIONS },
		{ XDP_RX_RING, frames },
	};

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(rings); i++)
		if (setsockopt(socket, SOL_XDP, rings[i].name, &rings[i].entries,
			       sizeof(rings[i].entries)) < 0)
			return -errno;
	return 0;
}

/* All frames are the kernel's to fill before the first one comes, whenever their reader is ready.
 */
static int fill_ring(int socket, uint32_t frames)
{
	struct xdp_mmap_offsets at = { 0 };
	socklen_t length = sizeof(at);
	uint64_t *ring;
	size_t bytes;
	char *map;

	if (getsockopt(socket, SOL_XDP, XDP_MMAP_OFFSETS, &at, &length) < 0)
		return -errno;
	if (length != sizeof(at))
		return -EOPNOTSUPP; /* a kernel from before 5.4 */
	bytes = at.fr.desc + frames * sizeof(*ring);
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, socket,
		   (off_t)XDP_UMEM_PGOFF_FILL_RING);
	if (map == MAP_FAILED)
		return -errno;
	ring = (uint64_t *)(void *)(map + at.fr.desc);
	for (uint32_t i = 0; i < frames; i++)
		ring[i] = (uint64_t)i * KERNEL_XSK_FRAME_BYTES;
	__atomic_store_n((uint32_t *)(void *)(map + at.fr.producer), frames, __ATOMIC_RELEASE);
	munmap(map, bytes);
	return 0;
}

static int bind_to(int socket, uint32_t ifindex, uint16_t how)
{
	const struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = how,
		.sxdp_ifindex = ifindex,
	};

	return bind(socket, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

/* Where the driver takes the socket's memory for its own, nothing is copied. */
static int bind_best(int socket, uint32_t ifindex, bool *ret_zerocopy)
{
	*ret_zerocopy = bind_to(socket, ifindex, XDP_ZEROCOPY) == 0;
	return *ret_zerocopy ? 0 : bind_to(socket, ifindex, XDP_COPY);
}

int xsk_open(void *rtnl, uint32_t ifindex, uint32_t frames, struct kernel_xsk *ret)
{
	UTIL_CLOSE int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	const size_t bytes = (size_t)frames * KERNEL_XSK_FRAME_BYTES;
	UTIL_CLOSE int memory = -1;
	bool zerocopy = false;
	int r = fd < 0 ? -errno : make_memory(bytes, &memory);

	if (r == 0)
		r = register_memory(fd, memory, bytes);
	if (r == 0)
		r = make_rings(fd, frames);
	if (r == 0)
		r = fill_ring(fd, frames);
	if (r == 0)
		r = bind_best(fd, ifindex, &zerocopy);
	if (r < 0)
		return r;
	*ret = (struct kernel_xsk) {
		.socket = UTIL_TAKE_FD(fd),
		.memory = UTIL_TAKE_FD(memory),
		.zerocopy = zerocopy,
	};
	return 0;
}

int xsk_missed(void *rtnl, int socket, uint64_t *ret)
{
	struct xdp_statistics s = { 0 };
	socklen_t length = sizeof(s);

	if (getsockopt(socket, SOL_XDP, XDP_STATISTICS, &s, &length) < 0)
		return -errno;
	*ret = s.rx_dropped + s.rx_ring_full;
	return 0;
}
