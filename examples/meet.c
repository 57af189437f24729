// SPDX-License-Identifier: GPL-2.0-or-later
#include "meet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEET_MAGIC 0x766e6574736d3031 /* "vnetsm01" */
#define MEET_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

/* The one message; a descriptor comes with it. */
struct meet_hello {
	uint64_t magic, bytes;
};

struct meet_message {
	struct meet_hello hello;
	char control[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	struct iovec iov;
	struct msghdr header;
};

static int meet_one(const struct sockaddr_un *address, int *ret_peer, int *ret_listener)
{
	const struct sockaddr *to = (const struct sockaddr *)address;
	int r, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (connect(fd, to, sizeof(*address)) == 0) {
		*ret_peer = fd;
		return 0;
	}
	r = -errno;
	if (r == -ENOENT || r == -ECONNREFUSED) { /* there is nobody, or who was there is dead */
		unlink(address->sun_path);
		r = bind(fd, to, sizeof(*address)) || listen(fd, 1) ? -errno : 0;
	}
	if (r < 0)
		close(fd);
	else
		*ret_listener = fd;
	return r;
}

int meet_at(const struct sockaddr_un *address, int *ret_peer, int *ret_listener)
{
	char path[sizeof(address->sun_path) + sizeof(".lock")];
	int lock, r;

	snprintf(path, sizeof(path), "%s.lock", address->sun_path);
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return -errno;
	/* Two who both find a dead one's socket must not both replace it. */
	r = flock(lock, LOCK_EX | LOCK_NB) ? -errno : meet_one(address, ret_peer, ret_listener);
	close(lock);
	return r;
}

static int meet_map(int fd, size_t bytes, void **ret)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*ret = memory;
	return 0;
}

static void meet_prepare(struct meet_message *m)
{
	memset(m, 0, sizeof(*m));
	m->iov = (struct iovec) { .iov_base = &m->hello, .iov_len = sizeof(m->hello) };
	m->header.msg_iov = &m->iov;
	m->header.msg_iovlen = 1;
	m->header.msg_control = m->control;
	m->header.msg_controllen = sizeof(m->control);
}

static int meet_send(int peer, int fd, size_t bytes, void **ret)
{
	struct meet_message m;
	struct cmsghdr *c;

	if (ftruncate(fd, (off_t)bytes) || fcntl(fd, F_ADD_SEALS, MEET_SEALS))
		return -errno;
	meet_prepare(&m);
	m.hello = (struct meet_hello) { .magic = MEET_MAGIC, .bytes = bytes };
	c = CMSG_FIRSTHDR(&m.header);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(peer, &m.header, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(m.hello))
		return -errno;
	return meet_map(fd, bytes, ret);
}

int meet_give(int peer, size_t bytes, void **ret)
{
	int r, fd = memfd_create("vnet-shm", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	r = meet_send(peer, fd, bytes, ret);
	close(fd);
	return r;
}

static bool meet_is_good(const struct meet_hello *hello, int fd)
{
	struct stat st;

	return hello->magic == MEET_MAGIC && fstat(fd, &st) == 0 &&
	       (uint64_t)st.st_size == hello->bytes &&
	       (fcntl(fd, F_GET_SEALS) & MEET_SEALS) == MEET_SEALS;
}

int meet_take(int peer, size_t *ret_bytes, void **ret)
{
	struct meet_message m;
	struct cmsghdr *c;
	int fd, r = -EPROTO;
	ssize_t n;

	meet_prepare(&m);
	n = recvmsg(peer, &m.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	c = n > 0 ? CMSG_FIRSTHDR(&m.header) : NULL;
	if (!c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (n == sizeof(m.hello) && meet_is_good(&m.hello, fd))
		r = meet_map(fd, m.hello.bytes, ret);
	close(fd);
	if (r == 0)
		*ret_bytes = m.hello.bytes;
	return r;
}
