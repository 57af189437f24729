// SPDX-License-Identifier: GPL-2.0-or-later
/* What is carried a second now. */
#include "field.h"
#include "print.h"
#include "table.h"

static void print_top_rate(struct table *t, struct json_object *row, const char *key)
{
	struct json_object *value = field_find(row, key);
	double rate = json_object_get_double(value);

	if (!value)
		table_add(t, TEXT_PLAIN, "-");
	else
		table_add(t, TEXT_PLAIN, rate > 0 && rate < 10 ? "%.1f" : "%.0f", rate);
}

int print_top(struct ctl *ctl, struct json_object *rates)
{
	static const struct table_column columns[] = {
		{ "" },
		{ "RX PKT/S", true },
		{ "RX BYTE/S", true },
		{ "TX PKT/S", true },
		{ "TX BYTE/S", true },
		{ "DROPS/S", true },
		{ NULL },
	};
	static const char *const keys[] = { "ipackets", "rbytes", "opackets", "obytes", "drops" };
	struct table *t;
	struct json_object *row;
	size_t i, k;

	if (field_count(rates) == 0) {
		fputs("no vnets\n", ctl->out);
		return 0;
	}
	t = table_new(columns);
	for (i = 0; i < field_count(rates); i++) {
		row = json_object_array_get_idx(rates, i);
		table_add(t, TEXT_PLAIN, "%s", field_text(row, "name"));
		for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			print_top_rate(t, row, keys[k]);
	}
	return table_print(t, ctl->out, ctl->colour, 0);
}
