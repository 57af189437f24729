/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Observed state: the IP addresses of the devices in our namespace, as the kernel last told. */
#ifndef VNETD_ADDRESS_H
#define VNETD_ADDRESS_H

#include <stdint.h>

#include "util.h"

#define ADDRESS_SIZE 16

struct address {
	uint32_t ifindex;
	uint32_t family;	     /* AF_INET, AF_INET6 */
	uint8_t bytes[ADDRESS_SIZE]; /* IPv4: the first four, the others are zero */
};

/* The table of all addresses. It owns what is in it. */
struct address_table;

struct address_table *address_table_new(void); /* NULL: no memory */
void address_table_free(struct address_table *t);

/* Adds it, if it is not there. 0 or -ENOMEM. */
int address_put(struct address_table *t, const struct address *a);
void address_remove(struct address_table *t, const struct address *a);
/* All of a device that is gone. */
void address_remove_device(struct address_table *t, uint32_t ifindex);

/* Those of the device, borrowed until the next change; their number is in @ret. */
const struct address *address_of(const struct address_table *t, uint32_t ifindex, size_t *ret);

/* For a full dump: address_mark() before it, address_put() clears a mark, address_sweep() removes
 * what is still marked. */
void address_mark(struct address_table *t);
void address_sweep(struct address_table *t);

#endif
