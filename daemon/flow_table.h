/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From flows to what the programs look up: rows of the table, shapes, and each owner's list of
 * shapes. It remembers who wants which row, because of flows that want the same one only the best
 * is in it, and the next best takes its place. Pure: writing is done by functions that it is given.
 */
#ifndef VNETD_FLOW_TABLE_H
#define VNETD_FLOW_TABLE_H

#include "flow_match.h"

/* A flow, as far as finding it is concerned. */
struct flow_rule {
	uint32_t owner;	 /* a vnet's number, or ABI_OF_UPLINK and an uplink's */
	uint32_t number; /* 1 to ABI_FLOWS_MAX - 1, the flow's own */
	bool in;	 /* of what the owner gets */
	bool out;	 /* of what it sends; one of both is set */
	uint16_t rank;	 /* the smaller, the sooner */
	struct flow_match match;
};

/* How rows are written. NULL: the row goes. 0 or -errno; all are idempotent. */
struct flow_table_ops {
	int (*shape)(void *context, uint16_t number, const struct abi_flow_shape *shape);
	int (*row)(void *context, const struct abi_flow_key *key, const struct abi_flow_hit *hit);
	int (*list)(void *context, const struct abi_flow_list_key *key,
		    const struct abi_flow_list *list);
};

struct flow_table;

/* @ops is borrowed, and so is @context. -ENOMEM. */
int flow_table_new(const struct flow_table_ops *ops, void *context, struct flow_table **ret);
void flow_table_free(struct flow_table *t); /* writes nothing */

/* A shape that is already known to the programs under @number, and stays so. Before all rules. */
int flow_table_adopt(struct flow_table *t, uint16_t number, const struct abi_flow_shape *shape);

/*
 * While it is held, rules are taken in and nothing is written. At its end all is written, so that
 * nothing that was there is missing for a moment. Returns the first failure.
 */
void flow_table_hold(struct flow_table *t);
int flow_table_release(struct flow_table *t);

/* Whether flow_table_set() would take it, but for -ENOSPC and -ENOMEM. */
int flow_table_check(const struct flow_table *t, const struct flow_rule *rule);

/*
 * The flow that is to have this rule's number is changed to it, or added. Frames meet the old rule
 * or the new one at every moment. -EINVAL: the match is not valid, or a number. -EALREADY: another
 * flow of the owner has the same match and rank in the same direction. -ENOSPC: more shapes than a
 * list, or all lists together, can hold. On failure all is as it was, but for what kept old rows
 * from going: then the new rule is there, and frames may meet the old one until the next change.
 */
int flow_table_set(struct flow_table *t, const struct flow_rule *rule);

/* 0 too if there is none. */
int flow_table_remove(struct flow_table *t, uint32_t number);

/* The rule of flow @number, borrowed until the next change; NULL: none. */
const struct flow_rule *flow_table_find(const struct flow_table *t, uint32_t number);

/* Is it wanted? For rows that somebody else has left. */
bool flow_table_has_row(const struct flow_table *t, const struct abi_flow_key *key);
bool flow_table_has_list(const struct flow_table *t, const struct abi_flow_list_key *key);
bool flow_table_has_shape(const struct flow_table *t, uint16_t number);

#endif
