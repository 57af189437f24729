// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "vnet/vnet.h"
#include "wire.h"

#define WIRE_BUFFER_BYTES_MIN 4096
#define WIRE_NS_PER_MS	      1000000
#define WIRE_NS_PER_S	      1000000000

static int64_t wire_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * WIRE_NS_PER_S + t.tv_nsec;
}

int64_t wire_deadline_ns(int timeout_ms)
{
	if (timeout_ms < 0)
		return WIRE_NO_DEADLINE;
	return wire_now_ns() + (int64_t)timeout_ms * WIRE_NS_PER_MS;
}

/* What is left until the deadline; negative when it has passed. */
static int64_t wire_left_ns(int64_t deadline_ns)
{
	if (deadline_ns == WIRE_NO_DEADLINE)
		return WIRE_NO_DEADLINE;
	return deadline_ns - wire_now_ns();
}

static int wire_wait(const struct wire *w, short events, int64_t deadline_ns)
{
	struct pollfd p = { .fd = w->fd, .events = events };
	struct timespec timeout, *t = NULL;
	int64_t left_ns = wire_left_ns(deadline_ns);
	int n;

	if (left_ns <= 0)
		return -ETIMEDOUT;
	if (left_ns != WIRE_NO_DEADLINE) {
		timeout.tv_sec = left_ns / WIRE_NS_PER_S;
		timeout.tv_nsec = left_ns % WIRE_NS_PER_S;
		t = &timeout;
	}
	n = ppoll(&p, 1, t, NULL);
	if (n < 0 && errno != EINTR)
		return -errno;
	return n == 0 ? -ETIMEDOUT : 0;
}

/*
 * A full backlog makes a non-blocking connect() to a Unix socket fail at once with nothing to poll
 * for, so connecting is done blocking, with the time limit that connect() honours: SO_SNDTIMEO.
 */
static int wire_connect_once(int fd, const struct sockaddr_un *address, int64_t deadline_ns)
{
	struct timeval timeout = { 0 }; /* means: no limit */
	int64_t left_ns = wire_left_ns(deadline_ns);

	if (left_ns <= 0)
		return -ETIMEDOUT;
	if (left_ns != WIRE_NO_DEADLINE) {
		timeout.tv_sec = left_ns / WIRE_NS_PER_S;
		timeout.tv_usec = left_ns % WIRE_NS_PER_S / 1000 + 1;
		if (timeout.tv_usec >= 1000000) {
			timeout.tv_sec++;
			timeout.tv_usec = 0;
		}
	}
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	return 0;
}

const char *wire_path(const char *path)
{
	const char *told = path ? path : secure_getenv("VNET_SOCKET");

	return told ? told : VNET_SOCKET_PATH;
}

int wire_open(struct wire *w, const char *path, int64_t deadline_ns)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, r;

	if (path[0] == '\0')
		return -ENOENT;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	do {
		r = wire_connect_once(fd, &address, deadline_ns);
	} while (r == -EINTR);
	if (r < 0) {
		close(fd);
		return r;
	}
	*w = (struct wire) { .fd = fd };
	return 0;
}

void wire_close(struct wire *w)
{
	close(w->fd);
	free(w->buffer);
	*w = (struct wire) { .fd = -1 };
}

/* 0: try again now. */
static int wire_after_error(const struct wire *w, short events, int64_t deadline_ns)
{
	switch (errno) {
	case EINTR:
		return 0;
	case EAGAIN:
		return wire_wait(w, events, deadline_ns);
	case EPIPE:
	case ECONNRESET:
		return -ENOTCONN;
	default:
		return -errno;
	}
}

int wire_send(struct wire *w, const char *text, int64_t deadline_ns)
{
	size_t length = strlen(text) + 1, done = 0;
	ssize_t n;
	int r;

	while (done < length) {
		n = send(w->fd, text + done, length - done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			done += n;
			continue;
		}
		r = wire_after_error(w, POLLOUT, deadline_ns);
		if (r < 0)
			return r;
	}
	return 0;
}

/*
 * The kernel puts what fits into one of its buffers into the queue as a whole, and that is much
 * more than these messages are.
 */
int wire_send_now(struct wire *w, const char *text)
{
	size_t length = strlen(text) + 1;
	ssize_t n;

	do {
		n = send(w->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? -EAGAIN : -ENOTCONN;
	return (size_t)n == length ? 0 : -ENOTCONN;
}

/* Makes room for at least one more byte after what was received. */
static int wire_make_room(struct wire *w)
{
	size_t size;
	char *buffer;

	if (w->begin > 0) {
		memmove(w->buffer, w->buffer + w->begin, w->end - w->begin);
		w->end -= w->begin;
		w->scanned -= w->begin;
		w->begin = 0;
	}
	if (w->end < w->size)
		return 0;
	if (w->end > WIRE_MESSAGE_BYTES_MAX)
		return -EMSGSIZE;
	size = w->size ? 2 * w->size : WIRE_BUFFER_BYTES_MIN;
	if (size > WIRE_MESSAGE_BYTES_MAX)
		size = WIRE_MESSAGE_BYTES_MAX + 1; /* the longest message and its NUL byte */
	buffer = realloc(w->buffer, size);
	if (!buffer)
		return -ENOMEM;
	w->buffer = buffer;
	w->size = size;
	return 0;
}

void wire_take_fds(struct wire *w, int *fds, unsigned int room)
{
	w->fds = fds;
	w->fd_room = room;
	w->fd_count = 0;
}

/* The kernel passes on at most SCM_MAX_FD descriptors with one message. */
#define WIRE_FDS_MAX 253

static void wire_keep_fds(struct wire *w, const struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR((struct msghdr *)m, c)) {
		size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (w->fd_count < w->fd_room)
				w->fds[w->fd_count++] = fd;
			else
				close(fd);
		}
	}
}

static ssize_t wire_read(struct wire *w, void *buffer, size_t size)
{
	union {
		char bytes[CMSG_SPACE(WIRE_FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = { .iov_base = buffer, .iov_len = size };
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	ssize_t n;

	if (!w->fds) /* without room for them the kernel closes them */
		return recv(w->fd, buffer, size, MSG_DONTWAIT);
	n = recvmsg(w->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n >= 0)
		wire_keep_fds(w, &m);
	if (n >= 0 && (m.msg_flags & MSG_CTRUNC))
		w->fds_lost = true;
	return n;
}

static int wire_fill(struct wire *w, int64_t deadline_ns)
{
	ssize_t n;
	int r;

	r = wire_make_room(w);
	if (r < 0)
		return r;
	for (;;) {
		n = wire_read(w, w->buffer + w->end, w->size - w->end);
		if (n == 0)
			return -ENOTCONN;
		if (n > 0) {
			w->end += n;
			return 0;
		}
		r = wire_after_error(w, POLLIN, deadline_ns);
		if (r < 0)
			return r;
	}
}

int wire_receive(struct wire *w, int64_t deadline_ns, const char **ret, size_t *ret_length)
{
	const char *nul;
	int r;

	for (;;) {
		nul = w->end > w->scanned
			      ? memchr(w->buffer + w->scanned, '\0', w->end - w->scanned)
			      : NULL;
		if (nul)
			break;
		w->scanned = w->end;
		r = wire_fill(w, deadline_ns);
		if (r < 0)
			return r;
	}
	*ret = w->buffer + w->begin;
	*ret_length = nul - *ret;
	w->begin = w->scanned = nul + 1 - w->buffer;
	return 0;
}
