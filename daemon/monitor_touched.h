/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices and addresses that had an event while a dump was under way: a set of numbers. */
#ifndef VNETD_MONITOR_TOUCHED_H
#define VNETD_MONITOR_TOUCHED_H

#include "address.h"

/* A device's number is its ifindex. Those of two addresses may be the same, which costs one piece
 * of the dump. */
uintptr_t touched_address(const struct address *a);

/* @set: NULL is the empty one. */
bool touched_has(void *const *set, uintptr_t number);
int touched_add(void **set, uintptr_t number); /* 0 or -ENOMEM */
void touched_clear(void **set);

#endif
