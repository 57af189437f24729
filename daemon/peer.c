/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <grp.h>
#include <sys/socket.h>

#include "peer.h"

#define PEER_GROUPS_FIRST    64
#define PEER_GROUP_BYTES     1024
#define PEER_GROUP_BYTES_MAX 1048576

int peer_read(int fd, struct server_peer *ret)
{
	struct ucred credentials;
	socklen_t len = sizeof(credentials);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len))
		return -errno;
	*ret = (struct server_peer) {
		.uid = credentials.uid,
		.gid = credentials.gid,
		.pid = credentials.pid,
	};
	return 0;
}

/* Supplementary groups; -errno, or their number with the list in @ret, which the caller frees. */
static ssize_t peer_groups(int fd, gid_t **ret)
{
	socklen_t len = PEER_GROUPS_FIRST * sizeof(gid_t);
	UTIL_FREE gid_t *groups = malloc(len);

	if (!groups)
		return -ENOMEM;
	/* The list is fixed since the peer connected, so the size that is told once is right. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len)) {
		gid_t *larger;

		if (errno != ERANGE)
			return -errno;
		larger = realloc(groups, len);
		if (!larger)
			return -ENOMEM;
		groups = larger;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
			return -errno;
	}
	*ret = UTIL_TAKE_PTR(groups);
	return len / sizeof(gid_t);
}

bool peer_in_group(int fd, const struct server_peer *peer, gid_t gid)
{
	UTIL_FREE gid_t *groups = NULL;
	ssize_t count;

	if (peer->gid == gid)
		return true;
	count = peer_groups(fd, &groups);
	for (ssize_t i = 0; groups && i < count; i++) {
		if (groups[i] == gid)
			return true;
	}
	return false;
}

int peer_find_group(const char *name, gid_t *ret)
{
	struct group entry, *found;

	for (size_t size = PEER_GROUP_BYTES; size <= PEER_GROUP_BYTES_MAX; size *= 2) {
		UTIL_FREE char *buffer = malloc(size);
		int err;

		if (!buffer)
			return -ENOMEM;
		err = getgrnam_r(name, &entry, buffer, size, &found);
		if (err == ERANGE)
			continue;
		if (err)
			return -err;
		if (!found)
			return -ENOENT;
		*ret = entry.gr_gid;
		return 0;
	}
	return -ERANGE;
}
