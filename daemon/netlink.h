/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What our netlink sockets have in common. */
#ifndef VNETD_NETLINK_H
#define VNETD_NETLINK_H

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>

/*
 * Whoever is privileged in a network namespace can send to any netlink socket there: what it says
 * would pass for the kernel's, and what nobody reads would fill the socket until an answer of the
 * kernel finds no room. To a connected socket the kernel alone can send; to its groups others still
 * can.
 */
static inline int netlink_connect_kernel(int fd)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	return connect(fd, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0 ? -errno : 0;
}

#endif
