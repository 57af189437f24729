/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs of an earlier daemon that are attached, but whose pins are out of our sight. */
#ifndef VNETD_STRAYS_H
#define VNETD_STRAYS_H

#include <net/if.h>

#include "util.h"

/* True, and the name of the first such device: one of the programs @ids is attached there. */
bool strays_find(const uint32_t *ids, size_t count, char ret_device[IF_NAMESIZE]);

#endif
