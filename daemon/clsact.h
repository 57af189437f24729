/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs at a device by filters of its clsact qdisc: the way of kernels without tcx. A filter is
 * ours by its priority, which is ours alone ("vt"), and its handle.
 */
#ifndef VNETD_CLSACT_H
#define VNETD_CLSACT_H

#include "util.h"

struct clsact_place {
	uint32_t ifindex;
	bool egress;
	uint32_t handle;
};

/* Makes the qdisc; -EEXIST if the device has one. */
int clsact_make(uint32_t ifindex);

/* The filter runs @program from now on; another program of ours is replaced between two frames. */
int clsact_attach(const struct clsact_place *place, int program);

bool clsact_is_there(const struct clsact_place *place);

/* The kernel's number of the program that the filter runs; 0: there is none. */
uint32_t clsact_program(const struct clsact_place *place);

/* No filter, no qdisc and no device are fine. */
int clsact_detach(const struct clsact_place *place);

/*
 * Removes the qdisc if nobody, not only we, has a filter in it. Returns 1 if it is gone, 0 if it is
 * still used, -errno.
 */
int clsact_remove_unused(uint32_t ifindex);

#endif
