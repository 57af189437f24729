/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs' maps of flows, in memory: what is found there by way of masks, and what a look at
 * all rules, one by one, finds. Of flow_table.c's tests.
 */
#ifndef VNET_TESTS_UNIT_FLOW_MAPS_H
#define VNET_TESTS_UNIT_FLOW_MAPS_H

#include <check.h>
#include <uthash.h>

#include "../../daemon/flow_table.h"

struct flow_maps_row {
	struct abi_flow_key key;
	struct abi_flow_hit hit;
	UT_hash_handle hh;
};

struct flow_maps_list {
	struct abi_flow_list_key key;
	struct abi_flow_list list;
	UT_hash_handle hh;
};

struct flow_maps {
	struct abi_flow_shape shapes[ABI_FLOW_SHAPES_MAX];
	struct flow_maps_row *rows;
	struct flow_maps_list *lists;
	size_t writes;	/* that changed something */
	uint32_t added; /* the flow whose rows may fail to be written */
	int fail_after; /* writes; -1: none fails */
};

/* They write into a struct flow_maps. */
extern const struct flow_table_ops flow_maps_ops;

/* None fails. */
struct flow_maps *flow_maps_new(void);
void flow_maps_free(struct flow_maps *m); /* they are empty */
bool flow_maps_are_empty(const struct flow_maps *m);

/* As the programs look. 0: no flow. */
uint32_t flow_maps_look(const struct flow_maps *m, const struct abi_flow_key *frame);

/* By one look at each of the rules, whose numbers are up to @numbers. 0: none fits. */
uint32_t flow_maps_search(const struct flow_table *t, uint32_t numbers,
			  const struct abi_flow_key *frame);
bool flow_maps_fits(const struct flow_rule *r, const struct abi_flow_key *f);

#endif
