// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's side of a registration's taps. */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "unit.h"
#include "vio_world.h"

int vio_world_tap(struct vio_world *w, unsigned int port, unsigned int queue)
{
	int fd;

	pthread_mutex_lock(&w->lock);
	fd = w->ports[port].tap[queue];
	pthread_mutex_unlock(&w->lock);
	must(fd >= 0);
	return fd;
}

void vio_world_write(int tap, const struct virtio_net_hdr *h, const void *frame, size_t n)
{
	const struct virtio_net_hdr none = { 0 };
	struct iovec parts[] = {
		{ .iov_base = (void *)(h ? h : &none), .iov_len = sizeof(*h) },
		{ .iov_base = (void *)frame, .iov_len = n },
	};

	must(writev(tap, parts, 2) == (ssize_t)(sizeof(*h) + n));
}

void vio_world_try_write(struct vio_world *w, unsigned int port, const void *frame, size_t n)
{
	struct virtio_net_hdr none = { 0 };
	struct iovec parts[] = {
		{ .iov_base = &none, .iov_len = sizeof(none) },
		{ .iov_base = (void *)frame, .iov_len = n },
	};
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t sent = 0;

	pthread_mutex_lock(&w->lock);
	if (w->ports[port].used && w->ports[port].tap[0] >= 0)
		sent = sendmsg(w->ports[port].tap[0], &m, MSG_DONTWAIT | MSG_NOSIGNAL);
	must(sent >= 0 || errno == EAGAIN || errno == EPIPE || errno == ECONNRESET);
	pthread_mutex_unlock(&w->lock);
}

size_t vio_world_read(int tap, struct virtio_net_hdr *ret, void *frame, size_t size)
{
	struct pollfd p = { .fd = tap, .events = POLLIN };
	struct virtio_net_hdr h;
	struct iovec parts[] = {
		{ .iov_base = &h, .iov_len = sizeof(h) },
		{ .iov_base = frame, .iov_len = size },
	};
	ssize_t n;

	must(poll(&p, 1, VIO_WORLD_DEADLINE_MS) == 1);
	n = readv(tap, parts, 2);
	must(n >= (ssize_t)sizeof(h));
	if (ret)
		*ret = h;
	return (size_t)n - sizeof(h);
}

bool vio_world_has_frame(int tap)
{
	struct pollfd p = { .fd = tap, .events = POLLIN };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

unsigned int vio_world_count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned int n = 0;

	must(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}
