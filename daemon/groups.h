/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The multicast groups that the stack takes part in on a device, as the kernel lists them. */
#ifndef VNETD_GROUPS_H
#define VNETD_GROUPS_H

#include "mac.h"

#define GROUPS_PATH "/proc/self/net/dev_mcast"

/*
 * Reads @path for the MACs of one device: sorted, none twice; the caller frees them. @ret is NULL
 * if there is none. 0 or -errno.
 */
int groups_read(const char *path, uint32_t ifindex, uint8_t (**ret)[MAC_LEN], size_t *ret_count);

#endif
