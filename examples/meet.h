/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How two processes meet at a Unix socket, and come to have memory in common. Who comes first
 * listens; who comes second connects, and gets the memory. Neither can take it away from under the
 * other one.
 */
#ifndef EXAMPLES_MEET_H
#define EXAMPLES_MEET_H

#include <stddef.h>
#include <sys/un.h>

/*
 * Connects, or if nobody listens (any more), listens. One of @ret_peer and @ret_listener receives a
 * descriptor. Returns 0 or -errno; -EAGAIN: another one is about to meet there.
 */
int meet_at(const struct sockaddr_un *address, int *ret_peer, int *ret_listener);
/*
 * Makes @bytes of memory and sends it to the other side. @ret receives its address, to be unmapped.
 * Returns 0 or -errno.
 */
int meet_give(int peer, size_t bytes, void **ret);
/* The other side of meet_give(). -EPROTO: it is not what that sends. */
int meet_take(int peer, size_t *ret_bytes, void **ret);

#endif
