/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue that sends frames at their times, fq, as a device's root. Its handle is what tells ours
 * from an administrator's: those that the kernel gives by itself have none, and only they are
 * replaced.
 */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include "rtnl.h"
#include "rtnl_internal.h"

#define QUEUE_KIND     "fq"
#define QUEUE_LOOPBACK 1	   /* the ifindex of "lo", in every namespace */
#define QUEUE_HANDLE   0x766e0000u /* "vn" */

/*
 * What waits is bounded by the limits themselves. What the queue dropped would have used them up
 * for nothing, so it has room for all that may wait.
 */
#define QUEUE_PACKETS 65536

static struct nl_msg *queue_message(int type, int flags, uint32_t ifindex)
{
	struct tcmsg tc = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = (int)ifindex,
		.tcm_handle = QUEUE_HANDLE,
		.tcm_parent = TC_H_ROOT,
	};

	return rtnl_message_new(type, flags, &tc, sizeof(tc));
}

/* Without NLM_F_REPLACE: what somebody has put there stays. */
static int put_on(struct rtnl *r, uint32_t ifindex)
{
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = queue_message(RTM_NEWQDISC, NLM_F_CREATE, ifindex);
	struct nlattr *options;

	if (!message || nla_put_string(message, TCA_KIND, QUEUE_KIND) < 0)
		return -ENOMEM;
	options = nla_nest_start(message, TCA_OPTIONS);
	if (!options || nla_put_u32(message, TCA_FQ_PLIMIT, QUEUE_PACKETS) < 0 ||
	    nla_put_u32(message, TCA_FQ_FLOW_PLIMIT, QUEUE_PACKETS) < 0)
		return -ENOMEM;
	nla_nest_end(message, options);
	return rtnl_exchange_plain(r, message);
}

/* Something that no fq can be like is refused in one way if there is one, and in another if there
 * is none. */
bool rtnl_has_fq(void *rtnl)
{
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = queue_message(RTM_NEWQDISC, NLM_F_CREATE, QUEUE_LOOPBACK);
	struct nlattr *options;

	if (!message || nla_put_string(message, TCA_KIND, QUEUE_KIND) < 0)
		return false;
	options = nla_nest_start(message, TCA_OPTIONS);
	if (!options || nla_put_u8(message, TCA_FQ_PLIMIT, 1) < 0)
		return false;
	nla_nest_end(message, options);
	switch (rtnl_exchange_plain(rtnl, message)) {
	case -EINVAL:
	case -ERANGE:
	case -EEXIST: /* the loopback device has another queue: it is tried where it is needed */
		return true;
	}
	return false;
}

/* The kernel gives the device what it would have had without us. */
static int take_off(struct rtnl *r, uint32_t ifindex)
{
	UTIL_CLEANUP(rtnl_message_freep)
	struct nl_msg *message = queue_message(RTM_DELQDISC, 0, ifindex);
	int err;

	if (!message || nla_put_string(message, TCA_KIND, QUEUE_KIND) < 0)
		return -ENOMEM;
	err = rtnl_exchange_plain(r, message);
	/* There is none, or another one by now, which is not ours to take. */
	return err == -ENOENT || err == -EINVAL ? 0 : err;
}

int rtnl_queue_set(struct rtnl *r, uint32_t ifindex, bool fq)
{
	return fq ? put_on(r, ifindex) : take_off(r, ifindex);
}
