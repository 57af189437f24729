/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real kernel behind the manager's table. */
#ifndef VNETD_DAEMON_KERNEL_H
#define VNETD_DAEMON_KERNEL_H

#include "kernel.h"

extern const struct kernel_ops daemon_kernel_ops; /* of a struct rtnl and a struct datapath */

#endif
