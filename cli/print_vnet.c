// SPDX-License-Identifier: GPL-2.0-or-later
/* Vnets and their resources. */
#include <string.h>

#include "field.h"
#include "print.h"
#include "state.h"
#include "table.h"

static void print_settings(struct ctl *ctl, struct json_object *vnet)
{
	struct text_line line = { ctl->out, 2, 0 };
	const char *netns = field_text(vnet, "netns");

	text_phrase(&line, "  upper %s", field_text(vnet, "upper"));
	if (netns[0])
		text_phrase(&line, "netns %s", netns);
	text_phrase(&line, "port %s", field_text(vnet, "port"));
	text_phrase(&line, "mode %s", field_text(vnet, "mode"));
	text_phrase(&line, "guard %s", field_bool(vnet, "guard") ? "on" : "off");
	text_phrase(&line, "pvid %s", field_text(vnet, "pvid"));
	text_phrase(&line, "vlans %s", field_text(vnet, "vlans"));
	if (field_bool(vnet, "promiscuous"))
		text_phrase(&line, "promiscuous");
	if (field_bool(vnet, "hybrid_needs_service"))
		text_phrase(&line, "hybrid-needs-service");
	text_end(&line);
}

/* What matters for one type of resource alone. */
static void print_detail(struct table *t, struct json_object *resource)
{
	const char *type = field_text(resource, "type"), *peer = field_text(resource, "peer");

	if (strcmp(type, "guest") == 0)
		table_add(t, TEXT_PLAIN, "peer %s", peer);
	else if (strcmp(type, "hybrid") == 0)
		table_add(t, TEXT_PLAIN, "priority %s", field_text(resource, "priority"));
	else
		table_add(t, TEXT_PLAIN, "-");
}

static void print_resource_cells(struct table *t, struct json_object *resource)
{
	const char *state = field_text(resource, "state");

	table_add(t, TEXT_PLAIN, "%s", field_text(resource, "name"));
	table_add(t, TEXT_PLAIN, "%s", field_text(resource, "type"));
	table_add(t, TEXT_PLAIN, "%s", field_text(resource, "device"));
	table_add(t, state_colour(state), "%s", state);
	table_add(t, TEXT_PLAIN, "%s", field_bool(resource, "active") ? "yes" : "no");
	print_detail(t, resource);
}

/* Why a resource is not up can be long, so it gets a line of its own beneath the table. */
static void print_reasons(struct ctl *ctl, struct json_object *resources, size_t indent)
{
	struct json_object *resource;
	const char *vnet, *reason;
	size_t i;

	for (i = 0; i < field_count(resources); i++) {
		resource = json_object_array_get_idx(resources, i);
		reason = field_text(resource, "reason");
		if (!reason[0])
			continue;
		vnet = indent ? "" : field_text(resource, "vnet");
		fprintf(ctl->out, "%*s", (int)indent, "");
		text_print(ctl->out, vnet);
		fputs(vnet[0] ? "/" : "", ctl->out);
		text_print(ctl->out, field_text(resource, "name"));
		fprintf(ctl->out, " is ");
		text_print(ctl->out, field_text(resource, "state"));
		fputs(": ", ctl->out);
		text_print(ctl->out, reason);
		fputc('\n', ctl->out);
	}
}

static int print_vnet(struct ctl *ctl, struct json_object *vnet)
{
	static const struct table_column columns[] = {
		{ "RESOURCE" }, { "TYPE" },   { "DEVICE" }, { "STATE" },
		{ "ACTIVE" },	{ "DETAIL" }, {},
	};
	struct json_object *resources = field_find(vnet, "resources");
	bool carrier = field_bool(vnet, "carrier");
	struct table *t;
	size_t i;
	int r = 0;

	text_print_colour(ctl->out, ctl->colour, TEXT_BOLD, field_text(vnet, "name"));
	fputs(": carrier ", ctl->out);
	text_print_colour(ctl->out, ctl->colour, carrier ? TEXT_GREEN : TEXT_RED,
			  carrier ? "up" : "down");
	fprintf(ctl->out, ", address %s, mtu %s\n", field_text(vnet, "address"),
		field_text(vnet, "mtu"));
	print_settings(ctl, vnet);
	if (field_count(resources) == 0) {
		fputs("  no resources\n", ctl->out);
		return 0;
	}
	t = table_new(columns);
	for (i = 0; i < field_count(resources); i++)
		print_resource_cells(t, json_object_array_get_idx(resources, i));
	r = table_print(t, ctl->out, ctl->colour, 2);
	print_reasons(ctl, resources, 2);
	return r;
}

int print_vnets(struct ctl *ctl, struct json_object *vnets)
{
	size_t i;
	int r = 0;

	if (field_count(vnets) == 0)
		fputs("no vnets\n", ctl->out);
	for (i = 0; r == 0 && i < field_count(vnets); i++) {
		if (i > 0)
			fputc('\n', ctl->out);
		r = print_vnet(ctl, json_object_array_get_idx(vnets, i));
	}
	return r;
}

int print_resources(struct ctl *ctl, struct json_object *resources)
{
	static const struct table_column columns[] = {
		{ "VNET" },  { "RESOURCE" }, { "TYPE" },   { "DEVICE" },
		{ "STATE" }, { "ACTIVE" },   { "DETAIL" }, {},
	};
	struct json_object *resource;
	struct table *t;
	size_t i;
	int r;

	if (field_count(resources) == 0) {
		fputs("no resources\n", ctl->out);
		return 0;
	}
	t = table_new(columns);
	for (i = 0; i < field_count(resources); i++) {
		resource = json_object_array_get_idx(resources, i);
		table_add(t, TEXT_PLAIN, "%s", field_text(resource, "vnet"));
		print_resource_cells(t, resource);
	}
	r = table_print(t, ctl->out, ctl->colour, 0);
	print_reasons(ctl, resources, 0);
	return r;
}
