/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the table, for flow_table.c and flow_list.c alone.
 *
 * A rule claims rows. A row belongs to a list, of the owner and the direction, and to a shape,
 * which the list has in it as long as one of its rows has. Rows, lists and shapes live as long as
 * something is in them.
 */
#ifndef VNETD_FLOW_TABLE_INTERNAL_H
#define VNETD_FLOW_TABLE_INTERNAL_H

/* Without memory uthash would end the process; like this an entry is found not to be added. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "flow_table.h"

struct flow_shape {
	struct abi_flow_shape mask;
	uint16_t number;
	size_t entries; /* that use it */
	UT_hash_handle hh;
};

struct flow_list {
	struct abi_flow_list_key key;
	struct abi_flow_list list;
	size_t rows[ABI_FLOW_LIST_MAX]; /* in each shape of the list */
	UT_hash_handle hh;
};

/* By which a flow is found in one row. */
struct flow_claim {
	uint64_t order;
	struct flow *flow;
	struct flow_entry *row;
	struct flow_claim *prev, *next; /* of the row, the best first */
	struct flow_claim *more;	/* of the flow */
};

struct flow_entry {
	struct abi_flow_key key;
	struct flow_claim *claims;
	struct flow_list *list;
	struct flow_shape *shape;
	struct abi_flow_hit written; /* flow 0: nothing */
	UT_hash_handle hh;
};

struct flow {
	uint32_t number;
	struct flow_rule rule;
	struct flow_claim *claims;
	UT_hash_handle hh;
};

struct flow_table {
	const struct flow_table_ops *ops;
	void *context;
	bool held;
	struct flow *flows;
	struct flow_entry *rows;
	struct flow_list *lists;
	struct flow_shape *shapes;
	struct flow_shape *numbers[ABI_FLOW_SHAPES_MAX];
	uint16_t last_number;
};

/* The shape for one more use, made if need be; flow_shape_put() where it comes to none. */
int flow_shape_get(struct flow_table *t, const struct abi_flow_shape *mask,
		   struct flow_shape **ret);
struct flow_shape *flow_shape_find(const struct flow_table *t, const struct abi_flow_shape *mask);

/* It goes, unless a list has it. */
int flow_shape_put(struct flow_table *t, struct flow_shape *s);
void flow_shape_forget(struct flow_table *t, struct flow_shape *s);
int flow_shape_write(struct flow_table *t, const struct flow_shape *s, bool there);

struct flow_list *flow_list_find(const struct flow_table *t, const struct abi_flow_list_key *key);
int flow_list_get(struct flow_table *t, const struct abi_flow_list_key *key,
		  struct flow_list **ret);

/* It goes, unless something is in it. */
void flow_list_put(struct flow_table *t, struct flow_list *l);
int flow_list_write(struct flow_table *t, const struct flow_list *l);

/* One row more, or less, in this shape of the list. -ENOSPC: it has too many shapes. */
int flow_list_use(struct flow_table *t, struct flow_list *l, struct flow_shape *s);
int flow_list_leave(struct flow_table *t, struct flow_list *l, struct flow_shape *s);

#endif
