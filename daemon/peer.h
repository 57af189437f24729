/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other end of a Unix socket: as the kernel noted it when they connected. */
#ifndef VNETD_PEER_H
#define VNETD_PEER_H

#include "server.h"

/* 0 or -errno. */
int peer_read(int fd, struct server_peer *ret);

/* Is @gid among the peer's groups, the first or a supplementary one? False if that is not known. */
bool peer_in_group(int fd, const struct server_peer *peer, gid_t gid);

/* 0, -ENOENT if there is no such group, or another -errno. */
int peer_find_group(const char *name, gid_t *ret);

#endif
