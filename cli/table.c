// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define TABLE_COLUMNS_MAX 16
#define TABLE_GAP	  2

struct table_cell {
	char *text;
	enum text_colour colour;
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	size_t width[TABLE_COLUMNS_MAX];
	size_t cell_count, cell_room;
	struct table_cell *cells;
	bool failed; /* no memory for a cell */
};

struct table *table_new(const struct table_column *columns)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->columns = columns;
	while (t->column_count < TABLE_COLUMNS_MAX && columns[t->column_count].heading) {
		t->width[t->column_count] = strlen(columns[t->column_count].heading);
		t->column_count++;
	}
	return t;
}

void table_free(struct table *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->cell_count; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}

static bool table_make_room(struct table *t)
{
	size_t room = t->cell_room ? 2 * t->cell_room : 64;
	struct table_cell *cells;

	if (t->cell_count < t->cell_room)
		return true;
	cells = reallocarray(t->cells, room, sizeof(*cells));
	if (!cells)
		return false;
	t->cells = cells;
	t->cell_room = room;
	return true;
}

void table_add(struct table *t, enum text_colour colour, const char *format, ...)
{
	char *text = NULL;
	size_t *width;
	va_list args;
	int length;

	if (!t || t->failed)
		return;
	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0 || !table_make_room(t)) {
		t->failed = true;
		free(length < 0 ? NULL : text);
		return;
	}
	width = &t->width[t->cell_count % t->column_count];
	if ((size_t)length > *width)
		*width = length;
	t->cells[t->cell_count++] = (struct table_cell) { text, colour };
}

/* The last column is not filled up: no line ends with blanks. */
static void table_print_cell(const struct table *t, FILE *out, bool colour, size_t column,
			     const struct table_cell *cell)
{
	size_t gap = column > 0 ? TABLE_GAP : 0, padding = t->width[column] - strlen(cell->text);
	bool right = t->columns[column].right;

	fprintf(out, "%*s", (int)(gap + (right ? padding : 0)), "");
	text_print_colour(out, colour, cell->colour, cell->text);
	if (!right && column + 1 < t->column_count)
		fprintf(out, "%*s", (int)padding, "");
}

int table_print(struct table *t, FILE *out, bool colour, size_t indent)
{
	size_t i, column;

	if (!t || t->failed) {
		table_free(t);
		return -ENOMEM;
	}
	for (i = 0; i < t->cell_count + t->column_count; i++) {
		struct table_cell heading = { (char *)t->columns[i % t->column_count].heading,
					      TEXT_BOLD };

		column = i % t->column_count;
		if (column == 0)
			fprintf(out, "%*s", (int)indent, "");
		table_print_cell(t, out, colour, column,
				 i < t->column_count ? &heading : &t->cells[i - t->column_count]);
		if (column + 1 == t->column_count)
			fputc('\n', out);
	}
	table_free(t);
	return 0;
}
