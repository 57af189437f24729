/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual functions of NICs (SR-IOV) as sysfs shows them. */
#ifndef VNETD_VF_H
#define VNETD_VF_H

#include "kernel.h"

/*
 * Where is VF @index of device @pf? @sysfs: where it is mounted. What is missing on the way is told
 * in @ret and is no error. 0 or -errno: sysfs cannot be read.
 */
int vf_look(const char *sysfs, const char *pf, uint32_t index, struct kernel_vf_place *ret);

#endif
