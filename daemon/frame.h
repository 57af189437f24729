/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames that vnetd itself sends, and those that answer them, by AF_PACKET. */
#ifndef VNETD_FRAME_H
#define VNETD_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "kernel.h"

/* A socket to send by, which receives nothing, or -errno: -EPERM without CAP_NET_RAW. In the
 * current network namespace. */
int frame_open(void);

/* Out of the device, whole as it is given; does not wait. 0 or -errno. */
int frame_send(int fd, uint32_t ifindex, const void *frame, size_t length);

/* A socket that keeps what the device receives and @filter lets pass; or -errno. */
int frame_listen(uint32_t ifindex, const struct kernel_filter *filter);

/* The next one; does not wait. 0 or -errno, -EAGAIN: there is none. */
int frame_hear(int fd, struct kernel_frame *ret);

#endif
