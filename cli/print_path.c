// SPDX-License-Identifier: GPL-2.0-or-later
/* Where frames go: the forwarding database, and the path of one frame. */
#include "field.h"
#include "print.h"
#include "state.h"
#include "table.h"

int print_fdb(struct ctl *ctl, struct json_object *entries)
{
	static const struct table_column columns[] = {
		{ "VNET" }, { "VLAN", true }, { "MAC" }, { "RESOURCE" }, { "STATE" }, {},
	};
	struct json_object *entry;
	const char *state;
	struct table *t;
	size_t i;

	if (field_count(entries) == 0) {
		fputs("no entries\n", ctl->out);
		return 0;
	}
	t = table_new(columns);
	for (i = 0; i < field_count(entries); i++) {
		entry = json_object_array_get_idx(entries, i);
		state = field_text(entry, "state");
		table_add(t, TEXT_PLAIN, "%s", field_text(entry, "vnet"));
		table_add(t, TEXT_PLAIN, "%s", field_text(entry, "vlan"));
		table_add(t, TEXT_PLAIN, "%s", field_text(entry, "mac"));
		table_add(t, TEXT_PLAIN, "%s", field_text(entry, "resource"));
		table_add(t, state_colour(state), "%s", state);
	}
	return table_print(t, ctl->out, ctl->colour, 0);
}

int print_path(struct ctl *ctl, struct json_object *path)
{
	const char *resource = field_text(path, "resource"), *why = field_text(path, "why");

	text_print(ctl->out, field_text(path, "vnet"));
	fputs(": ", ctl->out);
	text_print(ctl->out, field_text(path, "mac"));
	if (field_number(path, "vlan"))
		text_printf(ctl->out, " on VLAN %s", field_text(path, "vlan"));
	if (resource[0]) {
		fputs(" goes over ", ctl->out);
		text_print(ctl->out, field_text(path, "type"));
		fputc(' ', ctl->out);
		text_print_colour(ctl->out, ctl->colour, TEXT_GREEN, resource);
	} else {
		fputs(" is ", ctl->out);
		text_print_colour(ctl->out, ctl->colour, TEXT_RED, "dropped");
	}
	fputs(" (", ctl->out);
	text_print(ctl->out, field_text(path, "reason"));
	if (why[0]) {
		fputs(": ", ctl->out);
		text_print(ctl->out, why);
	}
	fputs(")\n", ctl->out);
	return 0;
}
