/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request to rtnetlink and its answer, for the files that are rtnl: rtnl*.c. */
#ifndef VNETD_RTNL_INTERNAL_H
#define VNETD_RTNL_INTERNAL_H

#include <netlink/msg.h>
#include <netlink/socket.h>

#include "rtnl.h"

struct rtnl {
	struct nl_sock *socket;
	struct asker *asker; /* for questions that may stay without an answer; NULL: not yet */
	int questions;	     /* its socket */
	int frames;	     /* for rtnl_send_frame(), opened when it is needed; -1: not yet */
	const char *sysfs;   /* borrowed */
};

struct rtnl_exchange {
	uint32_t sequence;
	bool done;
	int error; /* 0 or -errno, from the kernel */
	/* What the answer carries, if anybody wants it; of a dump once for each. 0 or -errno. */
	int (*parse)(struct nlmsghdr *answer, void *ret);
	void *ret;
};

/* Usable with UTIL_CLEANUP. */
void rtnl_message_freep(struct nl_msg **message);
/* A message whose header is followed by @body; NULL: no memory. */
struct nl_msg *rtnl_message_new(int type, int flags, void *body, size_t size);
struct nl_msg *rtnl_message_link(int type, int flags, uint32_t ifindex, uint32_t set,
				 uint32_t change);

/* 0 or -errno. */
int rtnl_exchange(struct rtnl *r, struct nl_msg *request, struct rtnl_exchange *x);
int rtnl_exchange_plain(struct rtnl *r, struct nl_msg *request);

/* rtnl_queue.c: see KERNEL_LINK_FQ. */
int rtnl_queue_set(struct rtnl *r, uint32_t ifindex, bool fq);

#endif
