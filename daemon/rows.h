/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of BPF maps: idempotent writes, walks in batches, sums over CPUs. 0 or -errno. */
#ifndef VNETD_ROWS_H
#define VNETD_ROWS_H

#include "util.h"

#define ROWS_ARRAY_ROW_MAX 64 /* bytes */

/* An array's row, which is always there; written only if it differs. */
int rows_write(int map, uint32_t number, const void *row, size_t size);

/* A row of any other map. -ENOMEM only after a while: for many rows the kernel needs a moment. */
int rows_put(int map, const void *key, const void *row, uint64_t flags);

/* A row that is not there is fine. */
int rows_delete(int map, const void *key);

/*
 * Calls @visit for every row; it may delete that row. All are visited; the first failure of a visit
 * is returned.
 */
int rows_each(int map, size_t key_size, size_t value_size,
	      int (*visit)(void *context, const void *key, const void *value), void *context);

/* The same by keys alone: slower, and right where values are large or one for each CPU. */
int rows_each_key(int map, size_t key_size, int (*visit)(void *context, const void *key),
		  void *context);

/* Per-CPU rows of @words times 64 bits, at most ROWS_WORDS_MAX. */
#define ROWS_WORDS_MAX 16
struct rows_cpus;

int rows_cpus_new(struct rows_cpus **ret);
void rows_cpus_free(struct rows_cpus *c);

/* All zeroes, if there is no such row yet. Returns 1 if it was made, 0 if it was there. */
int rows_cpus_make(struct rows_cpus *c, int map, uint32_t key);

/* A row of an array. */
int rows_cpus_zero(struct rows_cpus *c, int map, uint32_t key);

int rows_cpus_sum(struct rows_cpus *c, int map, uint32_t key, size_t words, uint64_t *ret);

#endif
