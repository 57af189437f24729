/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of VLANs, kept as the ranges an operator writes: "10,20-29". */
#ifndef VNETD_VLAN_H
#define VNETD_VLAN_H

#include "util.h"

#define VLAN_FIRST	1
#define VLAN_LAST	4094
#define VLAN_RANGES_MAX 32
#define VLAN_TEXT_SIZE	(VLAN_RANGES_MAX * 10 + 1)

struct vlan_range {
	uint16_t first;
	uint16_t last;
};

/* Sorted, neither overlapping nor touching; all zero: the empty set. */
struct vlan_set {
	uint16_t count;
	struct vlan_range range[VLAN_RANGES_MAX];
};

/* "none", "all", or numbers and ranges with commas; -EINVAL, or -E2BIG for over VLAN_RANGES_MAX
 * ranges. */
int vlan_parse(const char *text, struct vlan_set *ret);

/* "none" for the empty set, "all" for the whole one. Returns @buffer. */
const char *vlan_format(const struct vlan_set *set, char buffer[VLAN_TEXT_SIZE]);

bool vlan_has(const struct vlan_set *set, uint16_t vlan);

/* The next member above @vlan (0: the first one), or 0 if there is none. For loops over a set. */
uint16_t vlan_next(const struct vlan_set *set, uint16_t vlan);

bool vlan_same(const struct vlan_set *a, const struct vlan_set *b);

#endif
