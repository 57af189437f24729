/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What frames a flow takes, and what that is in the programs' table: rows, of which each is looked
 * for under a mask of its own. Pure; who knows names and makes sentences is elsewhere.
 */
#ifndef VNETD_FLOW_MATCH_H
#define VNETD_FLOW_MATCH_H

#include "../bpf/abi.h"
#include "util.h"

#define FLOW_ADDRESS_LEN  16
#define FLOW_ADDRESS_BITS 128
#define FLOW_MAPPED_BITS  96 /* of an IPv4 prefix: ::ffff:0:0/96 comes before it */

struct flow_prefix {
	uint8_t address[FLOW_ADDRESS_LEN]; /* IPv4: as ::ffff:a.b.c.d; no bits beyond @length */
	uint8_t length;			   /* of all 128; IPv4: 97 to 128; 0: any address */
	bool ipv4;
};

struct flow_ports {
	bool set; /* else any, or none at all */
	uint16_t first;
	uint16_t last;
};

/*
 * All that is set has to fit. Local is the owner's end: the source of what it sends, the
 * destination of what it gets.
 */
struct flow_match {
	struct flow_prefix local;
	struct flow_prefix remote;
	struct flow_ports lport;
	struct flow_ports rport;
	bool has_proto;
	uint8_t proto;
	uint8_t dsfield; /* no bits but those of the mask */
	uint8_t dsfield_mask;
	uint16_t vlan; /* 0: any */
};

/* One row, without owner, direction and shape; the mask has the first two. */
struct flow_row {
	struct abi_flow_shape shape;
	struct abi_flow_key key;
};

/*
 * False: nothing could ever fit, or the rules above are broken: prefixes of two families, ports
 * without a protocol that has some, a range that is reversed.
 */
bool flow_match_is_valid(const struct flow_match *m);

/* The same frames, whatever else is the same. */
bool flow_match_is_same(const struct flow_match *a, const struct flow_match *b);

/*
 * How exactly frames are described: the number of bits that are fixed, in 1/65536 of a bit, where
 * ranges of ports fix what remains of 16 each; that times four, and the number of ports that are
 * named, because frames without ports fit none, not even all of them. If all frames of one match
 * are among those of another, then it is the more specific one.
 */
uint32_t flow_match_bits(const struct flow_match *m);

/*
 * By which of two flows that fit the frame goes: the smaller one. Rank decides, then the more
 * specific, then the smaller number.
 */
uint64_t flow_match_order(const struct flow_match *m, uint16_t rank, uint32_t number);

/* The rows of a valid match, which no frame fits more than one of; the caller frees @ret. -ENOMEM.
 */
int flow_match_rows(const struct flow_match *m, struct flow_row **ret, size_t *ret_count);

#endif
