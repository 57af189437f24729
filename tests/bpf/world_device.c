// SPDX-License-Identifier: GPL-2.0-or-later
/* The devices of the world: taps, because their other end is a file that frames come out of. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world_internal.h"

const struct world_device *world_device_find(const struct world *w, uint32_t ifindex)
{
	for (size_t i = 0; i < w->device_count; i++)
		if (w->devices[i].ifindex == ifindex)
			return &w->devices[i];
	return NULL;
}

/* Returns the descriptor of a new tap with this index, or -errno. */
static int open_tap(uint32_t ifindex, struct ifreq *ret)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	unsigned int index = ifindex;
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "t%u", index);
	if (ioctl(fd, TUNSETIFINDEX, &index) || ioctl(fd, TUNSETIFF, &request)) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret = request;
	return fd;
}

static int set_up(struct ifreq *request)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 0;

	if (fd < 0)
		return -errno;
	request->ifr_flags = IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, request))
		err = -errno;
	close(fd);
	return err;
}

static int add_hook(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);

	return bpf_tc_hook_create(&hook);
}

int world_device(struct world *w, uint32_t ifindex)
{
	struct ifreq request;
	int fd, err;

	if (world_device_find(w, ifindex))
		return 0;
	if (w->device_count == WORLD_DEVICES_MAX)
		return -E2BIG;
	fd = open_tap(ifindex, &request);
	if (fd < 0)
		return fd;
	err = set_up(&request);
	if (!err)
		err = add_hook(ifindex);
	if (err) {
		close(fd);
		return err;
	}
	w->devices[w->device_count++] = (struct world_device) { ifindex, fd };
	return 0;
}
