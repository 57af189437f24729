/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * AF_XDP sockets that are made here and used by others: bound, without a ring to send by, and with
 * memory that both sides can map. So whoever gets one can receive what comes to it, and do nothing
 * else. The functions of struct kernel_ops.
 */
#ifndef VNETD_XSK_H
#define VNETD_XSK_H

#include "kernel.h"

int xsk_open(void *rtnl, uint32_t ifindex, uint32_t frames, struct kernel_xsk *ret);
int xsk_missed(void *rtnl, int socket, uint64_t *ret);

#endif
