// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters: what came in and what went out have a table each, so that both fit 80 columns. */
#include <errno.h>
#include <inttypes.h>

#include "field.h"
#include "print.h"
#include "table.h"

#define PRINT_COUNTERS 6

struct print_direction {
	struct table_column columns[PRINT_COUNTERS + 2];
	const char *keys[PRINT_COUNTERS];
};

static const struct print_direction print_directions[] = {
	{
		{ { "RECEIVED" },
		  { "PACKETS", true },
		  { "BYTES", true },
		  { "MULTICAST", true },
		  { "BROADCAST", true },
		  { "ERRORS", true },
		  { "NO BUFFER", true } },
		{ "ipackets", "rbytes", "multircv", "brdcstrcv", "ierrors", "norcvbuf" },
	},
	{
		{ { "SENT" },
		  { "PACKETS", true },
		  { "BYTES", true },
		  { "MULTICAST", true },
		  { "BROADCAST", true },
		  { "ERRORS", true },
		  { "NO BUFFER", true } },
		{ "opackets", "obytes", "multixmt", "brdcstxmt", "oerrors", "noxmtbuf" },
	},
};

static int print_direction(struct ctl *ctl, const struct print_direction *d,
			   struct json_object *resources)
{
	struct table *t = table_new(d->columns);
	struct json_object *resource;
	size_t i, k;

	for (i = 0; i < field_count(resources); i++) {
		resource = json_object_array_get_idx(resources, i);
		table_add(t, TEXT_PLAIN, "%s", field_text(resource, "name"));
		for (k = 0; k < PRINT_COUNTERS; k++)
			table_add(t, TEXT_PLAIN, "%" PRIu64, field_number(resource, d->keys[k]));
	}
	return table_print(t, ctl->out, ctl->colour, 2);
}

static int print_flow_counts(struct ctl *ctl, struct json_object *flows)
{
	static const struct table_column columns[] = {
		{ "FLOW" },
		{ "RX PACKETS", true },
		{ "RX BYTES", true },
		{ "RX DROPPED", true },
		{ "TX PACKETS", true },
		{ "TX BYTES", true },
		{ "TX DROPPED", true },
		{ NULL },
	};
	static const char *const keys[] = {
		"ipackets", "rbytes", "idrops", "opackets", "obytes", "odrops",
	};
	struct table *t = table_new(columns);
	struct json_object *flow;
	size_t i, k;

	for (i = 0; i < field_count(flows); i++) {
		flow = json_object_array_get_idx(flows, i);
		table_add(t, TEXT_PLAIN, "%s", field_text(flow, "name"));
		for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			table_add(t, TEXT_PLAIN, "%" PRIu64, field_number(flow, keys[k]));
	}
	return table_print(t, ctl->out, ctl->colour, 2);
}

static void print_drops(struct ctl *ctl, struct json_object *drops)
{
	struct text_line line = { ctl->out, 4, 0 };
	struct json_object_iterator i, end;
	bool any = false;
	uint64_t n;

	if (json_object_is_type(drops, json_type_object)) {
		i = json_object_iter_begin(drops);
		end = json_object_iter_end(drops);
		for (; !json_object_iter_equal(&i, &end); json_object_iter_next(&i)) {
			n = json_object_get_uint64(json_object_iter_peek_value(&i));
			if (n == 0)
				continue;
			text_phrase(&line, "%s%s %" PRIu64,
				    any ? "" : "  dropped: ", json_object_iter_peek_name(&i), n);
			any = true;
		}
	}
	if (!any)
		text_phrase(&line, "  nothing dropped");
	text_end(&line);
}

/* Only what has lost something. */
static void print_device(struct ctl *ctl, struct json_object *device)
{
	static const struct {
		const char *key, *text;
	} counts[] = {
		{ "ierrors", "errors on receiving" },
		{ "norcvbuf", "dropped on receiving" },
		{ "oerrors", "errors on sending" },
		{ "noxmtbuf", "dropped on sending" },
	};
	struct text_line line = { ctl->out, 4, 0 };
	bool any = false;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		uint64_t n = field_number(device, counts[i].key);

		if (n == 0)
			continue;
		if (!any)
			text_phrase(&line, "  device %s: %s %" PRIu64, field_text(device, "name"),
				    counts[i].text, n);
		else
			text_phrase(&line, "%s %" PRIu64, counts[i].text, n);
		any = true;
	}
	if (any)
		text_end(&line);
}

static void print_devices(struct ctl *ctl, struct json_object *devices)
{
	for (size_t i = 0; i < field_count(devices); i++)
		print_device(ctl, json_object_array_get_idx(devices, i));
}

int print_stats(struct ctl *ctl, struct json_object *stats)
{
	struct json_object *vnet, *resources, *flows;
	uint64_t switches;
	size_t i, d;

	if (field_count(stats) == 0)
		fputs("no vnets\n", ctl->out);
	for (i = 0; i < field_count(stats); i++) {
		vnet = json_object_array_get_idx(stats, i);
		resources = field_find(vnet, "resources");
		switches = field_number(vnet, "switches");
		if (i > 0)
			fputc('\n', ctl->out);
		text_print_colour(ctl->out, ctl->colour, TEXT_BOLD, field_text(vnet, "vnet"));
		fprintf(ctl->out, ": %" PRIu64 " path switch%s\n", switches,
			switches == 1 ? "" : "es");
		print_drops(ctl, field_find(vnet, "drops"));
		print_devices(ctl, field_find(vnet, "devices"));
		if (field_count(resources) == 0)
			fputs("  no resources\n", ctl->out);
		for (d = 0; field_count(resources) > 0 && d < 2; d++)
			if (print_direction(ctl, &print_directions[d], resources) < 0)
				return -ENOMEM;
		flows = field_find(vnet, "flows");
		if (field_count(flows) > 0 && print_flow_counts(ctl, flows) < 0)
			return -ENOMEM;
	}
	return 0;
}
