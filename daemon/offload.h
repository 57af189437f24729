/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The offloads of a device in our network namespace, as ethtool(8) shows and switches them. The
 * functions of struct kernel_ops; they need no open socket, so their first argument is not used.
 */
#ifndef VNETD_OFFLOAD_H
#define VNETD_OFFLOAD_H

#include "kernel.h"

/* 0 or -errno; -ENODEV: there is no such device. */
int offload_get(void *rtnl, const char *device, struct kernel_offloads *ret);

/* Those that the device cannot switch are passed over. 0 or -errno. */
int offload_set(void *rtnl, const char *device, unsigned int set, unsigned int on);

#endif
