// SPDX-License-Identifier: GPL-2.0-or-later
/* Flows: which frames are theirs, what is done with them and what they have counted. */
#include <inttypes.h>
#include <string.h>

#include "field.h"
#include "print.h"
#include "text.h"

static const char *const print_match_keys[] = {
	"local", "remote", "proto", "lport", "rport", "dsfield", "vlan",
};

static void print_bandwidth(struct text_line *line, struct json_object *flow)
{
	static const char *const keys[][2] = {
		{ "maxbw", "maxbw" },
		{ "maxbw_in", "maxbw-in" },
		{ "maxbw_out", "maxbw-out" },
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(field_text(flow, keys[i][0]), "none") != 0)
			text_phrase(line, "%s %s", keys[i][1], field_text(flow, keys[i][0]));
}

static bool print_is_led(struct json_object *flow)
{
	const char *to = field_text(flow, "to");

	return to[0] && strcmp(to, "none") != 0;
}

/* Where its frames go, which may not be where they should. */
static void print_target(struct ctl *ctl, struct json_object *flow)
{
	struct text_line line = { ctl->out, 4, 0 };
	const char *why = field_text(flow, "steered_why");
	bool spread = strcmp(field_text(flow, "xdp"), "none") != 0;

	if (!print_is_led(flow))
		return;
	if (strcmp(field_text(flow, "target"), "none") == 0)
		text_phrase(&line, "  goes as without it: %s", field_text(flow, "target_why"));
	else
		text_phrase(&line, "  goes to %s by %s%s%s%s%s", field_text(flow, "target"),
			    field_text(flow, "steered"), spread ? ", XDP " : "",
			    spread ? field_text(flow, "xdp") : "", why[0] ? ": " : "", why);
	text_end(&line);
}

static void print_delivery(struct ctl *ctl, struct json_object *flow)
{
	struct text_line line = { ctl->out, 4, 0 };
	const char *delivery = field_text(flow, "delivery");

	if (!delivery[0] || strcmp(delivery, "none") == 0)
		return;
	text_phrase(&line, "  delivered by %s, %" PRIu64 " missed", delivery,
		    field_number(flow, "missed"));
	text_end(&line);
}

static void print_flow(struct ctl *ctl, struct json_object *flow)
{
	struct text_line line = { ctl->out, 2, 0 };
	size_t i;

	text_print_colour(ctl->out, ctl->colour, TEXT_BOLD, field_text(flow, "owner"));
	fputc('/', ctl->out);
	text_print_colour(ctl->out, ctl->colour, TEXT_BOLD, field_text(flow, "name"));
	text_printf(ctl->out, ": rank %s, dir %s\n", field_text(flow, "rank"),
		    field_text(flow, "dir"));
	text_lead(&line, "  takes ");
	for (i = 0; i < sizeof(print_match_keys) / sizeof(print_match_keys[0]); i++)
		if (strcmp(field_text(flow, print_match_keys[i]), "any") != 0)
			text_phrase(&line, "%s %s", print_match_keys[i],
				    field_text(flow, print_match_keys[i]));
	if (line.column == line.lead)
		text_phrase(&line, "all frames");
	if (strcmp(field_text(flow, "priority"), "none") != 0)
		text_phrase(&line, "priority %s", field_text(flow, "priority"));
	print_bandwidth(&line, flow);
	if (print_is_led(flow))
		text_phrase(&line, "to %s", field_text(flow, "to"));
	text_end(&line);
	print_target(ctl, flow);
	print_delivery(ctl, flow);
	fprintf(ctl->out,
		"  received %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64
		" dropped; sent %" PRIu64 " packets, %" PRIu64 " bytes, %" PRIu64 " dropped\n",
		field_number(flow, "ipackets"), field_number(flow, "rbytes"),
		field_number(flow, "idrops"), field_number(flow, "opackets"),
		field_number(flow, "obytes"), field_number(flow, "odrops"));
}

int print_flows(struct ctl *ctl, struct json_object *flows)
{
	size_t i;

	if (field_count(flows) == 0)
		fputs("no flows\n", ctl->out);
	for (i = 0; i < field_count(flows); i++)
		print_flow(ctl, json_object_array_get_idx(flows, i));
	return 0;
}
