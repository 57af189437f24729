/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program at a device by a tcx link, which is pinned and so outlives the daemon. */
#ifndef VNETD_TCX_H
#define VNETD_TCX_H

#include "util.h"

struct tcx_place {
	const char *folder; /* of the pins */
	const char *name;   /* of the pin */
	uint32_t ifindex;
	bool egress;
};

/* Asks the kernel for the feature; its version tells nothing. */
bool tcx_is_supported(void);

/*
 * The link runs @program from now on. A link that is there is kept: if it runs another program,
 * that is replaced between two frames; @old_program is what it is expected to run (-1: not known).
 * A link that is dead, because its device was deleted or left, makes way for a new one. New ones
 * run after whatever others have attached.
 */
int tcx_attach(const struct tcx_place *place, int program, int old_program);

/* A link of ours lives at just that device, whatever else had its ifindex. */
bool tcx_is_there(const struct tcx_place *place);

/* No link and no device are fine. */
int tcx_detach(const struct tcx_place *place);

/* The kernel's numbers of the programs at a hook, whose ever they are; how many. */
#define TCX_PROGRAMS 64 /* BPF_MPROG_MAX: so many can be at one hook */
size_t tcx_programs(uint32_t ifindex, bool egress, uint32_t ret[TCX_PROGRAMS]);

#endif
