// SPDX-License-Identifier: LGPL-2.1-or-later
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "vio.h"
#include "wire.h"

/* --- sources --- */

static int loop_control(struct vnet_loop *loop, int operation, struct loop_source *s,
			uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLONESHOT, .data.ptr = s };

	return epoll_ctl(loop->epoll, operation, s->fd, &event) ? -errno : 0;
}

int loop_add(struct vnet_loop *loop, struct loop_source *s, int fd, uint32_t events)
{
	int r;

	pthread_mutex_lock(&loop->lock);
	s->fd = fd;
	s->wanted = events;
	/* A source that is still running, after it was removed, is armed when it ends. */
	r = loop_control(loop, EPOLL_CTL_ADD, s, s->running ? 0 : events);
	if (r < 0)
		s->fd = -1;
	pthread_mutex_unlock(&loop->lock);
	return r;
}

void loop_remove(struct vnet_loop *loop, struct loop_source *s)
{
	pthread_mutex_lock(&loop->lock);
	if (s->fd >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	s->fd = -1;
	pthread_mutex_unlock(&loop->lock);
}

void loop_arm(struct vnet_loop *loop, struct loop_source *s, uint32_t events)
{
	pthread_mutex_lock(&loop->lock);
	s->wanted |= events;
	if (s->fd >= 0 && !s->running)
		loop_control(loop, EPOLL_CTL_MOD, s, s->wanted);
	pthread_mutex_unlock(&loop->lock);
}

void loop_enter(struct vnet_loop *loop, struct vio *v)
{
	pthread_mutex_lock(&loop->lock);
	v->next_in_loop = loop->vios;
	loop->vios = v;
	pthread_mutex_unlock(&loop->lock);
}

void loop_leave(struct vnet_loop *loop, struct vio *v)
{
	struct vio **p;

	pthread_mutex_lock(&loop->lock);
	for (p = &loop->vios; *p && *p != v; p = &(*p)->next_in_loop)
		;
	if (*p)
		*p = v->next_in_loop;
	pthread_cond_broadcast(&loop->left);
	pthread_mutex_unlock(&loop->lock);
}

/* --- driving --- */

/* The next source with something to do, which its owner is held for; NULL: none. */
static struct loop_source *loop_fetch(struct vnet_loop *loop, uint32_t *ret_events)
{
	struct loop_source *s = NULL;
	struct epoll_event event;

	pthread_mutex_lock(&loop->lock);
	if (epoll_wait(loop->epoll, &event, 1, 0) == 1)
		s = event.data.ptr;
	if (s && s->running) {
		/* Put in anew while it runs, and its descriptor has hung up: later. */
		s->wanted |= EPOLLIN;
		s = NULL;
	}
	if (s) {
		s->running = true;
		s->wanted = 0;
		vio_hold(s->owner);
		*ret_events = event.events;
	}
	pthread_mutex_unlock(&loop->lock);
	return s;
}

static void loop_handle(struct vnet_loop *loop, struct loop_source *s, uint32_t events)
{
	struct vio *owner = s->owner;
	uint32_t next = s->run(s, events);

	pthread_mutex_lock(&loop->lock);
	s->running = false;
	s->wanted |= next;
	if (s->fd >= 0 && s->wanted)
		loop_control(loop, EPOLL_CTL_MOD, s, s->wanted);
	pthread_mutex_unlock(&loop->lock);
	vio_release(owner);
}

/* Waits until there may be something to do; 0, or -errno. @stop: -1, or a descriptor that counts.
 */
static int loop_wait(const struct vnet_loop *loop, int stop, int timeout_ms)
{
	struct pollfd p[] = {
		{ .fd = loop->epoll, .events = POLLIN },
		{ .fd = stop, .events = POLLIN }, /* negative: poll() leaves it out */
	};

	return poll(p, 2, timeout_ms) < 0 ? -errno : 0;
}

static int loop_step(struct vnet_loop *loop)
{
	struct loop_source *s;
	uint32_t events;

	s = loop_fetch(loop, &events);
	if (!s)
		return 0;
	loop_handle(loop, s, events);
	return 1;
}

int vnet_dispatch(struct vnet_loop *loop, int timeout_ms)
{
	int r;

	if (!loop)
		return -EINVAL;
	r = loop_step(loop);
	if (r || !timeout_ms)
		return r;
	r = loop_wait(loop, -1, timeout_ms);
	return r < 0 ? r : loop_step(loop);
}

int vnet_run(struct vnet_loop *loop)
{
	int r = 0;

	if (!loop)
		return -EINVAL;
	while (!atomic_load(&loop->stopped) && (r >= 0 || r == -EINTR)) {
		r = loop_step(loop);
		if (!r)
			r = loop_wait(loop, loop->stop, -1);
	}
	return r < 0 && r != -EINTR ? r : 0;
}

void vnet_stop(struct vnet_loop *loop)
{
	int saved = errno; /* a signal handler leaves it alone */
	uint64_t one = 1;
	ssize_t n;

	if (!loop)
		return;
	atomic_store(&loop->stopped, true);
	n = write(loop->stop, &one, sizeof(one)); /* can only fail when it is ready already */
	(void)n;
	errno = saved;
}

int vnet_loop_fd(const struct vnet_loop *loop)
{
	return loop->epoll;
}

/* --- life --- */

static int loop_open(struct vnet_loop *loop)
{
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return -errno;
	loop->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return loop->stop < 0 ? -errno : 0;
}

static void loop_close(struct vnet_loop *loop)
{
	if (loop->epoll >= 0)
		close(loop->epoll);
	if (loop->stop >= 0)
		close(loop->stop);
	pthread_cond_destroy(&loop->left);
	pthread_mutex_destroy(&loop->lock);
	free(loop->socket_path);
	free(loop);
}

int vnet_loop_new(const char *socket_path, struct vnet_loop **ret)
{
	const char *path = wire_path(socket_path);
	struct vnet_loop *loop;
	int r;

	if (!ret)
		return -EINVAL;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return -ENAMETOOLONG;
	loop = calloc(1, sizeof(*loop));
	if (!loop)
		return -ENOMEM;
	loop->epoll = loop->stop = -1;
	pthread_mutex_init(&loop->lock, NULL);
	pthread_cond_init(&loop->left, NULL);
	loop->socket_path = strdup(path);
	r = loop->socket_path ? loop_open(loop) : -ENOMEM;
	if (r < 0) {
		loop_close(loop);
		return r;
	}
	*ret = loop;
	return 0;
}

void vnet_loop_free(struct vnet_loop *loop)
{
	if (!loop)
		return;
	pthread_mutex_lock(&loop->lock);
	while (loop->vios) {
		struct vio *v = loop->vios;
		vio_net_handle_t handle = v->handle;

		/* Each takes itself out; one that another thread unregisters just now as well. */
		pthread_mutex_unlock(&loop->lock);
		vio_net_resource_unreg(handle);
		pthread_mutex_lock(&loop->lock);
		if (loop->vios == v && v->handle == handle)
			pthread_cond_wait(&loop->left, &loop->lock);
	}
	pthread_mutex_unlock(&loop->lock);
	loop_close(loop);
}
