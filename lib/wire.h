/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Varlink's framing: messages that end with a NUL byte, over a Unix socket. Every wait has a
 * deadline, interrupted and short reads and writes go on, and no SIGPIPE is raised.
 */
#ifndef LIBVNET_WIRE_H
#define LIBVNET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_MESSAGE_BYTES_MAX (64UL << 20)
#define WIRE_NO_DEADLINE       INT64_MAX

struct wire {
	int fd;
	char *buffer;
	size_t size;
	size_t begin;	/* of what was received and not yet handed out */
	size_t end;	/* of what was received */
	size_t scanned; /* no NUL byte from begin to here */
	/* Descriptors that came along; the owner's array of @fd_room. NULL: none are taken. */
	int *fds;
	unsigned int fd_room;
	unsigned int fd_count;
	bool fds_lost; /* some could not be opened: there are too many */
};

/* CLOCK_MONOTONIC in nanoseconds, @timeout_ms from now; negative: WIRE_NO_DEADLINE. */
int64_t wire_deadline_ns(int timeout_ms);

/* Where vnetd listens: @path, if NULL what the environment says, or VNET_SOCKET_PATH. Borrowed. */
const char *wire_path(const char *path);

/* 0, -ETIMEDOUT, -ENAMETOOLONG, or what socket(2) and connect(2) say. */
int wire_open(struct wire *w, const char *path, int64_t deadline_ns);
void wire_close(struct wire *w);

/* Descriptors that come along are put into @fds from now on; they are the caller's to close. */
void wire_take_fds(struct wire *w, int *fds, unsigned int room);

/*
 * Sends @text, of at most a few KiB, and its NUL byte, as a whole and now or not at all.
 * 0, -EAGAIN: there is no room, or -ENOTCONN.
 */
int wire_send_now(struct wire *w, const char *text);

/* Sends @text and its NUL byte. 0, -ETIMEDOUT or -ENOTCONN. */
int wire_send(struct wire *w, const char *text, int64_t deadline_ns);

/*
 * @ret is borrowed until the next call, with its length in @ret_length.
 * 0, -ETIMEDOUT, -ENOTCONN, -EMSGSIZE or -ENOMEM.
 */
int wire_receive(struct wire *w, int64_t deadline_ns, const char **ret, size_t *ret_length);

#endif
