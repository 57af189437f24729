/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tap lives as long as a descriptor of it is open, so it needs no undoing: what fails half-way is
 * gone when its descriptors are closed.
 */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <sys/ioctl.h>

#include "rtnl.h"

#define TAP_CLONE "/dev/net/tun"
#define TAP_NAME  "vntap%d" /* the kernel puts the number in */

static int open_queue(void)
{
	int fd = open(TAP_CLONE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	return errno == ENOENT || errno == ENXIO ? -ENODEV : -errno;
}

static int set_interface(int fd, const struct kernel_tap *tap, char name[IFNAMSIZ])
{
	struct ifreq request = { 0 };

	request.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	if (tap->queues > 1)
		request.ifr_flags |= IFF_MULTI_QUEUE;
	util_copy(request.ifr_name, sizeof(request.ifr_name), name);
	if (ioctl(fd, TUNSETIFF, &request))
		return -errno;
	util_copy(name, IFNAMSIZ, request.ifr_name);
	return 0;
}

/*
 * Until it has an owner, any user may open a further queue of it, to whom a part of the frames
 * would go.
 */
static int set_features(int fd, const struct kernel_tap *tap)
{
	int header_bytes = sizeof(struct virtio_net_hdr);
	unsigned long offloads = 0;

	if (tap->checksums) {
		offloads |= TUN_F_CSUM;
		offloads |= tap->segments4 ? TUN_F_TSO4 : 0;
		offloads |= tap->segments6 ? TUN_F_TSO6 : 0;
	}
	if (ioctl(fd, TUNSETOWNER, (unsigned long)geteuid()) ||
	    ioctl(fd, TUNSETVNETHDRSZ, &header_bytes) || ioctl(fd, TUNSETOFFLOAD, offloads))
		return -errno;
	return 0;
}

/* Were the tap renamed in between, its old name would make another one: that one's index is taken.
 */
static int add_queue(const struct kernel_tap *tap, uint32_t ifindex, const char *name, int *ret)
{
	char copy[IFNAMSIZ];
	int fd = open_queue(), err = 0;

	if (fd < 0)
		return fd;
	util_copy(copy, sizeof(copy), name);
	if (ioctl(fd, TUNSETIFINDEX, &ifindex))
		err = -errno;
	if (!err)
		err = set_interface(fd, tap, copy);
	if (err) {
		close(fd);
		return err;
	}
	*ret = fd;
	return 0;
}

static void close_all(const int *fds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
}

int tap_add(void *rtnl, const struct kernel_tap *tap, struct link *ret, int *fds)
{
	int queue[KERNEL_TAP_QUEUES_MAX], err;
	char name[IFNAMSIZ] = TAP_NAME;
	unsigned int opened = 1;
	struct link l = { 0 };

	if (!tap->queues || tap->queues > KERNEL_TAP_QUEUES_MAX)
		return -EINVAL;
	queue[0] = open_queue();
	if (queue[0] < 0)
		return queue[0];
	err = set_interface(queue[0], tap, name);
	if (!err)
		err = set_features(queue[0], tap);
	if (!err)
		err = rtnl_link_get(rtnl, name, &l);
	/* Its frames are the vnet's alone; a kernel without IPv6 adds none of its own anyway. */
	if (!err)
		rtnl_link_no_ipv6_address(rtnl, l.ifindex);
	for (; !err && opened < tap->queues; opened += !err)
		err = add_queue(tap, l.ifindex, l.name, &queue[opened]);
	if (err) {
		close_all(queue, opened);
		return err;
	}
	memcpy(fds, queue, tap->queues * sizeof(queue[0]));
	*ret = l;
	return 0;
}
