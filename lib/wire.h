/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Varlink's framing: messages that end with a NUL byte, over a Unix socket. Every wait has a
 * deadline, interrupted and short reads and writes go on, and no SIGPIPE is raised.
 */
#ifndef LIBVNET_WIRE_H
#define LIBVNET_WIRE_H

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
};

/* CLOCK_MONOTONIC in nanoseconds, @timeout_ms from now; negative: WIRE_NO_DEADLINE. */
int64_t wire_deadline_ns(int timeout_ms);

/* 0, -ETIMEDOUT, -ENAMETOOLONG, or what socket(2) and connect(2) say. */
int wire_open(struct wire *w, const char *path, int64_t deadline_ns);
void wire_close(struct wire *w);

/* Sends @text and its NUL byte. 0, -ETIMEDOUT or -ENOTCONN. */
int wire_send(struct wire *w, const char *text, int64_t deadline_ns);

/*
 * @ret is borrowed until the next call, with its length in @ret_length.
 * 0, -ETIMEDOUT, -ENOTCONN, -EMSGSIZE or -ENOMEM.
 */
int wire_receive(struct wire *w, int64_t deadline_ns, const char **ret, size_t *ret_length);

#endif
