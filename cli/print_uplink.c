// SPDX-License-Identifier: GPL-2.0-or-later
/* Uplinks, and the vnets on them. */
#include <string.h>

#include "field.h"
#include "print.h"
#include "state.h"
#include "text.h"

static void print_members(struct ctl *ctl, struct json_object *vnets)
{
	struct text_line line = { ctl->out, 4, 0 };
	size_t i;

	if (field_count(vnets) == 0)
		text_phrase(&line, "  no vnets");
	for (i = 0; i < field_count(vnets); i++)
		text_phrase(&line, "%s%s", i ? "" : "  vnets ",
			    json_object_get_string(json_object_array_get_idx(vnets, i)));
	text_end(&line);
}

static void print_uplink(struct ctl *ctl, struct json_object *uplink)
{
	const char *state = field_text(uplink, "state"), *reason = field_text(uplink, "reason");
	const char *address = field_text(uplink, "address");

	text_print_colour(ctl->out, ctl->colour, TEXT_BOLD, field_text(uplink, "name"));
	fputs(": ", ctl->out);
	text_print_colour(ctl->out, ctl->colour, state_colour(state), state);
	text_printf(ctl->out, ", device %s", field_text(uplink, "device"));
	if (address[0])
		text_printf(ctl->out, ", address %s, mtu %s", address, field_text(uplink, "mtu"));
	text_printf(ctl->out, ", steer %s%s\n", field_text(uplink, "steer"),
		    field_bool(uplink, "promiscuous") ? ", promiscuous" : "");
	if (reason[0])
		text_printf(ctl->out, "  is %s: %s\n", state, reason);
	if (field_text(uplink, "xdp_reason")[0])
		text_printf(ctl->out, "  has no XDP: %s\n", field_text(uplink, "xdp_reason"));
	if (strcmp(field_text(uplink, "pacing"), "token bucket") == 0)
		text_printf(ctl->out, "  has no fq: %s\n", field_text(uplink, "pacing_reason"));
	print_members(ctl, field_find(uplink, "vnets"));
}

int print_uplinks(struct ctl *ctl, struct json_object *uplinks)
{
	size_t i;

	if (field_count(uplinks) == 0)
		fputs("no uplinks\n", ctl->out);
	for (i = 0; i < field_count(uplinks); i++)
		print_uplink(ctl, json_object_array_get_idx(uplinks, i));
	return 0;
}
