/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of cells, printed in aligned columns under a heading. */
#ifndef VNETCTL_TABLE_H
#define VNETCTL_TABLE_H

#include "text.h"

struct table_column {
	const char *heading; /* NULL: no more columns */
	bool right;	     /* aligned to the right: numbers */
};

struct table;

/* @columns is borrowed. NULL: no memory. */
struct table *table_new(const struct table_column *columns);
void table_free(struct table *t);

/* The next cell, from left to right and row by row. A lack of memory is told by table_print(). */
void table_add(struct table *t, enum text_colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Prints and frees. 0, or -ENOMEM with nothing printed; @t may be NULL, which counts as that. */
int table_print(struct table *t, FILE *out, bool colour, size_t indent);

#endif
