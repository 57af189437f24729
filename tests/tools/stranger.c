// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tells every other process of this network namespace, by netlink and as the kernel would, what is
 * not true:
 *
 *	stranger IFINDEX		that the device is gone, has lost its carrier and its name,
 *and that a dump has failed and is over
 *
 * Each socket is told, and the groups of devices and addresses. Prints how many sockets there were,
 * and how many messages the kernel has delivered to sockets and to groups: "SOCKETS DELIVERED
 * GROUPS". It lets a privileged process alone do this.
 */
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "common.h"

#define STRANGER_NAME "lie0"

volatile sig_atomic_t common_stop;

/* Each fills what stands behind the header and returns its length. */
static size_t fill_link(void *body, int ifindex)
{
	const struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct rtattr *name = (struct rtattr *)((uint8_t *)body + NLMSG_ALIGN(sizeof(info)));

	memcpy(body, &info, sizeof(info));
	name->rta_type = IFLA_IFNAME;
	name->rta_len = RTA_LENGTH(sizeof(STRANGER_NAME));
	memcpy(RTA_DATA(name), STRANGER_NAME, sizeof(STRANGER_NAME));
	return NLMSG_ALIGN(sizeof(info)) + RTA_SPACE(sizeof(STRANGER_NAME));
}

/* The answer to a question for a device. */
static size_t fill_error(void *body, int ifindex)
{
	const struct ifinfomsg asked = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	const struct nlmsgerr error = {
		.error = -ENODEV,
		.msg = { .nlmsg_len = NLMSG_LENGTH(sizeof(asked)), .nlmsg_type = RTM_GETLINK },
	};

	memcpy(body, &error, sizeof(error));
	memcpy((uint8_t *)body + sizeof(error), &asked, sizeof(asked));
	return sizeof(error) + sizeof(asked);
}

static size_t fill_result(void *body, int ifindex)
{
	const int result = -EIO;

	memcpy(body, &result, sizeof(result));
	return sizeof(result);
}

static const struct lie {
	uint16_t type, flags;
	size_t (*fill)(void *body, int ifindex);
} lies[] = {
	{ RTM_DELLINK, 0, fill_link },
	{ RTM_NEWLINK, 0, fill_link },
	{ RTM_NEWLINK, NLM_F_MULTI, fill_link },
	{ NLMSG_ERROR, 0, fill_error },
	{ NLMSG_DONE, NLM_F_MULTI, fill_result },
	{ NLMSG_OVERRUN, 0, fill_result },
};

static bool tell(int fd, const struct lie *lie, uint32_t port, uint32_t groups, int ifindex)
{
	const struct sockaddr_nl to = {
		.nl_family = AF_NETLINK,
		.nl_pid = port,
		.nl_groups = groups,
	};
	uint8_t room[256] __attribute__((aligned(8))) = {};
	struct nlmsghdr *head = (struct nlmsghdr *)room;

	head->nlmsg_type = lie->type;
	head->nlmsg_flags = lie->flags;
	head->nlmsg_seq = 1;
	head->nlmsg_pid = port;
	head->nlmsg_len = (uint32_t)NLMSG_LENGTH(lie->fill(NLMSG_DATA(head), ifindex));
	return sendto(fd, head, head->nlmsg_len, MSG_DONTWAIT, (const struct sockaddr *)&to,
		      sizeof(to)) == (ssize_t)head->nlmsg_len;
}

/* Returns how many of the lies were delivered. */
static unsigned int tell_all(int fd, uint32_t port, uint32_t groups, int ifindex)
{
	unsigned int delivered = 0;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		delivered += tell(fd, &lies[i], port, groups, ifindex);
	return delivered;
}

int main(int argc, char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	unsigned int sockets = 0, delivered = 0, protocol;
	FILE *f;
	char line[256];
	uint32_t port;
	int ifindex;

	if (argc != 2) {
		fputs("usage: stranger IFINDEX\n", stderr);
		return COMMON_USAGE;
	}
	ifindex = (int)common_number("IFINDEX", argv[1], 1, INT32_MAX);
	f = fopen("/proc/self/net/netlink", "re");
	if (fd < 0 || !f)
		err(COMMON_FAILED, "netlink");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %u %" SCNu32, &protocol, &port) != 2 ||
		    protocol != NETLINK_ROUTE || !port)
			continue;
		sockets++;
		delivered += tell_all(fd, port, 0, ifindex);
	}
	fclose(f);
	printf("%u %u %u\n", sockets, delivered,
	       tell_all(fd, 0, RTMGRP_LINK, ifindex) +
		       tell_all(fd, 0, RTMGRP_IPV4_IFADDR, ifindex));
	close(fd);
	return 0;
}
