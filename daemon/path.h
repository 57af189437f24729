/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which way would a frame go, and why: the data path's own policy over the data path's own maps. */
#ifndef VNETD_PATH_H
#define VNETD_PATH_H

#include "manager.h"

struct path_answer {
	const struct resource *resource; /* borrowed; NULL: the frame is dropped */
	const char *reason;		 /* "guest", or a drop reason: "no_path" */
	const char *why;		 /* the reason as a sentence */
};

/* A frame from the upper of @v to @mac, in @vlan (0: untagged). 0 or -errno. */
int path_find(const struct vnet *v, const uint8_t mac[MAC_LEN], uint16_t vlan,
	      struct path_answer *ret);

#endif
