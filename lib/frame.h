/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Message blocks from and to what a tap's descriptor reads and writes: a virtio_net_hdr and a
 * frame. */
#ifndef LIBVNET_FRAME_H
#define LIBVNET_FRAME_H

#include <linux/virtio_net.h>
#include <stdbool.h>

#include "vnet/vio_net.h"

#define FRAME_HEADER_BYTES 14 /* Ethernet's */
#define FRAME_TAG_BYTES	   4  /* a VLAN tag */
#define FRAME_BYTES_MAX	   (FRAME_HEADER_BYTES + FRAME_TAG_BYTES + 65535)

/* Notes in @mp, a whole frame that was read, what @h says is still to be done to it. */
void frame_mark(mblk_t *mp, const struct virtio_net_hdr *h);

/* What the kernel has to be told about @mp; false: it cannot be so. */
bool frame_header(const mblk_t *mp, struct virtio_net_hdr *ret);

#endif
