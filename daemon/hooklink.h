/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program at a device by a BPF link, which is pinned and so outlives the daemon: what tcx.c and
 * xdp.c have in common.
 */
#ifndef VNETD_HOOKLINK_H
#define VNETD_HOOKLINK_H

#include "util.h"

struct hooklink {
	const char *folder; /* of the pins */
	const char *name;   /* of the pin */
	uint32_t ifindex;
	uint32_t type;	 /* BPF_LINK_TYPE_* */
	uint32_t attach; /* BPF_*, where at the device */
	uint32_t side;	 /* as the link's information tells `attach`; 0: not at all */
	uint32_t flags;	 /* for a new link */
	/* Does the program with that id run there? A link's ifindex alone does not tell. */
	bool (*runs)(const struct hooklink *h, uint32_t program);
};

/*
 * The link runs @program from now on. A link that is there is kept: if it runs another program,
 * that is replaced between two frames; @old_program is what it is expected to run (-1: not known).
 * A link that is dead, because its device was deleted or left, makes way for a new one.
 */
int hooklink_attach(const struct hooklink *h, int program, int old_program);

/* A link of ours lives at just that device, whatever else had its ifindex. */
bool hooklink_is_there(const struct hooklink *h);

/* No link and no device are fine. */
int hooklink_detach(const struct hooklink *h);

#endif
