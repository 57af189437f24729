/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taps for providers, by the ioctls of /dev/net/tun. A function of struct kernel_ops. */
#ifndef VNETD_TAP_H
#define VNETD_TAP_H

#include "kernel.h"

/* @rtnl: a struct rtnl. 0, or -errno with nothing made; -ENODEV: this kernel has no taps. */
int tap_add(void *rtnl, const struct kernel_tap *tap, struct link *ret, int *fds);

#endif
