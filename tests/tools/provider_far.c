// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The far end: a tap in another namespace, with a virtio_net_hdr as well, so that what the library
 * says of checksums and segments is believed and proved by the kernel there.
 */
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "provider.h"

#define FAR_PARTS_MAX 64
#define FAR_WAIT_MS   50

static int far_open_tap(const char *name, bool offload)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	unsigned long features = offload ? TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 : 0;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		err(COMMON_FAILED, "/dev/net/tun");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request) || ioctl(fd, TUNSETOFFLOAD, features))
		err(COMMON_FAILED, "%s", name);
	return fd;
}

/* @where is NETNS:DEVICE. */
void far_open(struct provider *p, const char *where)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), there;
	const char *colon = strchr(where, ':');
	char path[128];

	if (!colon)
		errx(COMMON_USAGE, "--far %s is not NETNS:DEVICE", where);
	snprintf(path, sizeof(path), "/run/netns/%.*s", (int)(colon - where), where);
	there = open(path, O_RDONLY | O_CLOEXEC);
	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET))
		err(COMMON_FAILED, "%s", path);
	p->far_fd = far_open_tap(colon + 1, p->options.offload);
	if (setns(here, CLONE_NEWNET))
		err(COMMON_FAILED, "back from %s", path);
	close(here);
	close(there);
}

/* Bytes before the network header. */
static size_t far_network_offset(const uint8_t *frame, uint16_t *ret_type)
{
	size_t offset = ETH_HLEN;

	memcpy(ret_type, frame + 2 * ETH_ALEN, sizeof(*ret_type));
	if (ntohs(*ret_type) == ETH_P_8021Q) {
		memcpy(ret_type, frame + ETH_HLEN + 2, sizeof(*ret_type));
		offset += 4;
	}
	*ret_type = ntohs(*ret_type);
	return offset;
}

/* The message is one block of at least a header: see tx_count(). */
static struct virtio_net_hdr far_header(const mblk_t *mp)
{
	uint32_t start, stuff, flags, mss, lso;
	struct virtio_net_hdr h = { 0 };
	uint16_t type;
	size_t offset;

	mac_hcksum_get(mp, &start, &stuff, NULL, NULL, &flags);
	mac_lso_get(mp, &mss, &lso);
	if (!(flags & HCK_PARTIALCKSUM))
		return h;
	offset = far_network_offset(mp->b_rptr, &type);
	h.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	h.csum_start = (uint16_t)(offset + start);
	h.csum_offset = (uint16_t)(stuff - start);
	if (lso & HW_LSO) {
		h.gso_type =
			type == ETH_P_IPV6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
		h.gso_size = (uint16_t)mss;
		h.hdr_len = (uint16_t)(h.csum_start + 20);
	}
	return h;
}

/* A tap that is down refuses frames with EIO, a full one with EAGAIN: they are lost, as on a wire.
 */
void far_write(struct provider *p, mblk_t *mp)
{
	struct virtio_net_hdr h = far_header(mp);
	struct iovec parts[] = {
		{ .iov_base = &h, .iov_len = sizeof(h) },
		{ .iov_base = mp->b_rptr, .iov_len = (size_t)MBLKL(mp) },
	};

	if (writev(p->far_fd, parts, 2) < 0 && errno != EIO && errno != EAGAIN)
		warn("the far tap refuses %zu bytes", parts[1].iov_len);
}

static void far_mark(mblk_t *mp, const struct virtio_net_hdr *h)
{
	size_t offset;
	uint16_t type;

	if (!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
		return;
	offset = far_network_offset(mp->b_rptr, &type);
	mac_hcksum_set(mp, (uint32_t)(h->csum_start - offset),
		       (uint32_t)(h->csum_start - offset + h->csum_offset),
		       (uint32_t)(msgdsize(mp) - offset), 0, HCK_PARTIALCKSUM);
	if (h->gso_type != VIRTIO_NET_HDR_GSO_NONE)
		lso_info_set(mp, h->gso_size, HW_LSO);
}

/* NULL: there is none just now. */
static mblk_t *far_read(int fd)
{
	static _Thread_local uint8_t bytes[COMMON_FRAME_MAX];
	struct virtio_net_hdr h;
	struct iovec parts[] = {
		{ .iov_base = &h, .iov_len = sizeof(h) },
		{ .iov_base = bytes, .iov_len = sizeof(bytes) },
	};
	ssize_t n = readv(fd, parts, 2) - (ssize_t)sizeof(h);
	mblk_t *mp;

	if (n < ETH_HLEN)
		return NULL;
	mp = allocb((size_t)n, BPRI_MED);
	if (!mp)
		err(COMMON_FAILED, "memory");
	memcpy(mp->b_wptr, bytes, (size_t)n);
	mp->b_wptr += n;
	far_mark(mp, &h);
	return mp;
}

static void *far_run(void *context)
{
	struct provider *p = context;
	struct pollfd wait = { .fd = p->far_fd, .events = POLLIN };

	while (!atomic_load(&p->ending)) {
		mblk_t *chain = NULL, **end = &chain;

		if (poll(&wait, 1, FAR_WAIT_MS) <= 0)
			continue;
		for (int i = 0; i < FAR_PARTS_MAX && (*end = far_read(p->far_fd)); i++)
			end = &(*end)->b_next;
		if (chain && atomic_load(&p->registered))
			p->vnet.vio_net_rx_cb(p->handle, chain);
		else
			freemsgchain(chain);
	}
	return NULL;
}

void far_start(struct provider *p)
{
	if (p->far_fd >= 0 && pthread_create(&p->far_thread, NULL, far_run, p))
		errx(COMMON_FAILED, "no thread");
}

void far_stop(struct provider *p)
{
	if (p->far_fd < 0)
		return;
	pthread_join(p->far_thread, NULL);
	close(p->far_fd);
}
