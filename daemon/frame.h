/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames that vnetd itself sends, by one AF_PACKET socket that receives nothing. */
#ifndef VNETD_FRAME_H
#define VNETD_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* A socket, or -errno: -EPERM without CAP_NET_RAW. In the current network namespace. */
int frame_open(void);

/* Out of the device, whole as it is given; does not wait. 0 or -errno. */
int frame_send(int fd, uint32_t ifindex, const void *frame, size_t length);

#endif
