/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink questions that are not waited for any longer than one wants to. The kernel answers within
 * send(), under the lock of all devices (RTNL), and whoever else has that lock keeps us in there,
 * where nothing wakes us. So a thread is sent, which is of no use but to wait.
 */
#ifndef VNETD_ASKER_H
#define VNETD_ASKER_H

#include "util.h"

#define ASKER_QUESTION_BYTES 128
#define ASKER_ANSWER_BYTES   16384

struct asker;

int asker_new(struct asker **ret);

/* Waits until the thread is back. */
void asker_free(struct asker *a);

/*
 * Sends @question by the netlink socket @fd, which may be closed as soon as this returns, and
 * receives one datagram by it; nobody else reads there. @answer NULL: whoever reads there receives
 * it. Returns the length of the answer; -EAGAIN: it takes longer than @wait_us, or an earlier
 * question is still under way; -errno. @size: at most ASKER_ANSWER_BYTES.
 */
ssize_t asker_ask(struct asker *a, int fd, const void *question, size_t length, void *answer,
		  size_t size, uint64_t wait_us);

#endif
