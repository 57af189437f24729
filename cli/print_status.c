// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon itself: its status, its files, its events. */
#include <inttypes.h>
#include <string.h>

#include "field.h"
#include "print.h"
#include "state.h"

int print_saved(struct ctl *ctl, struct json_object *saved)
{
	struct json_object *files = field_find(saved, "files");
	const char *file;
	size_t i;

	if (field_count(files) == 0)
		fputs("nothing to write: every vnet is as its file says\n", ctl->out);
	for (i = 0; i < field_count(files); i++) {
		fputs("wrote ", ctl->out);
		file = json_object_get_string(json_object_array_get_idx(files, i));
		text_print(ctl->out, file ? file : "");
		fputc('\n', ctl->out);
	}
	return 0;
}

/* Each feature and whether the kernel has it. */
static void print_features(struct ctl *ctl, struct json_object *features)
{
	struct text_line line = { ctl->out, 2, 0 };
	struct json_object_iterator i, end;
	bool has, first = true;

	if (!json_object_is_type(features, json_type_object))
		return;
	i = json_object_iter_begin(features);
	end = json_object_iter_end(features);
	for (; !json_object_iter_equal(&i, &end); json_object_iter_next(&i)) {
		has = json_object_get_boolean(json_object_iter_peek_value(&i));
		text_phrase(&line, "%s%s %s", first ? "features: " : "",
			    json_object_iter_peek_name(&i), has ? "yes" : "no");
		first = false;
	}
	text_end(&line);
}

int print_status(struct ctl *ctl, struct json_object *status)
{
	uint64_t up_s = field_number(status, "uptime_s");

	fputs("vnetd ", ctl->out);
	text_print(ctl->out, field_text(status, "version"));
	fputs(", instance ", ctl->out);
	text_print(ctl->out, field_text(status, "instance"));
	text_printf(ctl->out, ", process %s, up ", field_text(status, "pid"));
	if (up_s >= 86400)
		fprintf(ctl->out, "%" PRIu64 " d ", up_s / 86400);
	if (up_s >= 3600)
		fprintf(ctl->out, "%" PRIu64 " h ", up_s / 3600 % 24);
	if (up_s >= 60)
		fprintf(ctl->out, "%" PRIu64 " min ", up_s / 60 % 60);
	fprintf(ctl->out, "%" PRIu64 " s\n", up_s % 60);
	text_printf(ctl->out, "vnets: %s, resources: %s", field_text(status, "vnets"),
		    field_text(status, "resources"));
	fputc('\n', ctl->out);
	print_features(ctl, field_find(status, "features"));
	return 0;
}

static void print_switch(struct ctl *ctl, struct json_object *event)
{
	const char *now = field_text(event, "resource"), *before = field_text(event, "previous");

	fputc(' ', ctl->out);
	text_print(ctl->out, field_text(event, "kind"));
	fputc(' ', ctl->out);
	text_print(ctl->out, before[0] ? before : "none");
	fputs(" -> ", ctl->out);
	text_print(ctl->out, now[0] ? now : "none");
}

int print_event(struct ctl *ctl, struct json_object *event)
{
	const char *name = field_text(event, "event"), *state = field_text(event, "state");
	const char *resource = field_text(event, "resource"), *reason = field_text(event, "reason");
	bool switched = strcmp(name, "path-switched") == 0;

	text_print(ctl->out, field_text(event, "time"));
	fputc(' ', ctl->out);
	text_print_colour(ctl->out, ctl->colour, TEXT_BOLD, name);
	if (field_text(event, "vnet")[0]) {
		fputc(' ', ctl->out);
		text_print(ctl->out, field_text(event, "vnet"));
	}
	if (field_text(event, "uplink")[0]) {
		fputc(' ', ctl->out);
		text_print(ctl->out, field_text(event, "uplink"));
	}
	if (resource[0] && !switched) {
		fputc('/', ctl->out);
		text_print(ctl->out, resource);
	}
	if (switched)
		print_switch(ctl, event);
	if (state[0]) {
		fputc(' ', ctl->out);
		text_print_colour(ctl->out, ctl->colour, state_colour(state), state);
	}
	if (reason[0]) {
		fputs(": ", ctl->out);
		text_print(ctl->out, reason);
	}
	if (field_number(event, "dropped"))
		text_printf(ctl->out, " (%s events were lost before this one)",
			    field_text(event, "dropped"));
	fputc('\n', ctl->out);
	return 0;
}
