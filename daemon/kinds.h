/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The types of resource: what each asks of its device and how many a vnet takes. A new type is one
 * row in kinds.c, its functions there, and its line in the policy.
 */
#ifndef VNETD_KINDS_H
#define VNETD_KINDS_H

#include "vnet.h"

struct kind {
	enum settings_type type;
	enum abi_type abi;
	size_t max;  /* of a vnet; 0: no limit */
	bool fdb;    /* its peer's MAC is registered */
	bool filter; /* its device has to receive frames for the vnet's MAC beside its own */
	/* What the device has to be like, beside MTU and up: adds to @want. NULL: nothing. */
	void (*wants)(const struct resource *r, struct kernel_link_change *want);
};

const struct kind *kind_of(const struct resource *r);
const struct kind *kind_find(enum settings_type type);

#endif
