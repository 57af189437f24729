// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor_ask.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

static struct nlmsghdr *begin(void *buffer, uint32_t sequence, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	message->nlmsg_seq = sequence;
	return message;
}

const struct nlmsghdr *monitor_ask_link(void *buffer, uint32_t sequence, uint32_t ifindex)
{
	struct nlmsghdr *message = begin(buffer, sequence, RTM_GETLINK, ifindex ? 0 : NLM_F_DUMP);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = (int)ifindex;
	mnl_attr_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return message;
}

const struct nlmsghdr *monitor_ask_addresses(void *buffer, uint32_t sequence)
{
	struct nlmsghdr *message = begin(buffer, sequence, RTM_GETADDR, NLM_F_DUMP);

	mnl_nlmsg_put_extra_header(message, sizeof(struct ifaddrmsg));
	return message;
}
