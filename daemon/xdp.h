/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program at a device by an XDP link, which is pinned and so outlives the daemon. The driver runs
 * it (native XDP), or it is not attached: the kernel's generic XDP is slower than no XDP at all.
 * But for what hands frames to other CPUs: that may be generic, where nothing of a frame is lost.
 */
#ifndef VNETD_XDP_H
#define VNETD_XDP_H

#include "util.h"

struct xdp_place {
	const char *folder; /* of the pins */
	const char *name;   /* of the pin */
	uint32_t ifindex;
	bool generic;
};

/*
 * As tcx_attach(), but a device has one XDP program: -EBUSY or -EEXIST: somebody else's is there,
 * and stays; -EOPNOTSUPP: the driver has no native XDP; what else a driver may say of a device as
 * it is set up now: xdp_refusal().
 */
int xdp_attach(const struct xdp_place *place, int program, int old_program);

bool xdp_is_there(const struct xdp_place *place);

/* No link and no device are fine. */
int xdp_detach(const struct xdp_place *place);

/* Why xdp_attach() failed with @err (negative), in words that follow "device eth0: ". */
const char *xdp_refusal(int err);

/* The kernel's number of the device's native XDP program, whose ever it is; 0: none. */
uint32_t xdp_program(uint32_t ifindex);

#endif
