// SPDX-License-Identifier: GPL-2.0-or-later
/* Statistics are read by who only looks, so nobody else is to wait for them. */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "asker.h"
#include "rtnl_internal.h"

#define RTNL_LOOK_US 250000

static int parse_stats(struct nlmsghdr *answer, void *ret)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	struct rtnl_link_stats64 stats;
	struct kernel_link_stats *s = ret;

	if (answer->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(answer, sizeof(struct ifinfomsg), attrs, IFLA_MAX, NULL) < 0 ||
	    !attrs[IFLA_STATS64])
		return -EBADMSG;
	/* Older kernels send a shorter struct; what we want has been in it from the beginning. */
	memset(&stats, 0, sizeof(stats));
	nla_memcpy(&stats, attrs[IFLA_STATS64], sizeof(stats));
	s->tx_packets = stats.tx_packets;
	s->rx_errors = stats.rx_errors;
	s->tx_errors = stats.tx_errors;
	s->rx_dropped = stats.rx_dropped;
	s->tx_dropped = stats.tx_dropped;
	return 0;
}

static int parse_stats_answer(struct nlmsghdr *answer, size_t length, struct kernel_link_stats *ret)
{
	const struct nlmsgerr *error;

	if (!nlmsg_ok(answer, (int)length))
		return -EBADMSG;
	if (answer->nlmsg_type != NLMSG_ERROR)
		return parse_stats(answer, ret);
	error = nlmsg_data(answer);
	return error->error ? error->error : -EBADMSG;
}

int rtnl_link_stats(void *rtnl, uint32_t ifindex, struct kernel_link_stats *ret)
{
	struct rtnl *r = rtnl;
	const struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
	} question = {
		.h = { .nlmsg_len = sizeof(question),
		       .nlmsg_type = RTM_GETLINK,
		       .nlmsg_flags = NLM_F_REQUEST },
		.info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex },
	};
	_Alignas(struct nlmsghdr) char answer[ASKER_ANSWER_BYTES];
	struct kernel_link_stats stats = { 0 };
	int err = r->asker ? 0 : asker_new(&r->asker);
	ssize_t n;

	if (err)
		return err;
	n = asker_ask(r->asker, r->questions, &question, sizeof(question), answer, sizeof(answer),
		      RTNL_LOOK_US);
	err = n < 0 ? (int)n : parse_stats_answer((struct nlmsghdr *)answer, (size_t)n, &stats);
	if (err == 0)
		*ret = stats;
	return err;
}
