// SPDX-License-Identifier: GPL-2.0-or-later
/* Vnets and their resources. */
#include <stdarg.h>
#include <string.h>

#include "field.h"
#include "print.h"
#include "state.h"
#include "table.h"

static bool print_is_set(struct json_object *json, const char *key)
{
	const char *text = field_text(json, key);

	return text[0] && strcmp(text, "none") != 0;
}

/* There may be many, so they get lines of their own. */
static void print_list(struct ctl *ctl, const char *what, const char *list)
{
	struct text_line line = { ctl->out, 4, 0 };
	bool first = true;
	size_t length;

	for (;; list += length + 1, first = false) {
		length = strcspn(list, ",");
		text_phrase(&line, "%s%s%s%.*s", first ? "  " : "", first ? what : "",
			    first ? " " : "", (int)length, list);
		if (!list[length])
			break;
	}
	text_end(&line);
}

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
	if (field_bool(vnet, "migrating"))
		text_phrase(&line, "migrating");
	if (field_bool(vnet, "hybrid_needs_service"))
		text_phrase(&line, "hybrid-needs-service");
	if (print_is_set(vnet, "protection"))
		text_phrase(&line, "protection %s", field_text(vnet, "protection"));
	if (field_number(vnet, "storm_limit"))
		text_phrase(&line, "storm-limit %s", field_text(vnet, "storm_limit"));
	if (print_is_set(vnet, "owner"))
		text_phrase(&line, "owner %s", field_text(vnet, "owner"));
	if (print_is_set(vnet, "pacing"))
		text_phrase(&line, "pacing %s", field_text(vnet, "pacing"));
	if (field_bool(vnet, "share"))
		text_phrase(&line, "share, learn %s", field_bool(vnet, "learn") ? "on" : "off");
	text_end(&line);
	if (print_is_set(vnet, "allowed_ips"))
		print_list(ctl, "allowed-ips", field_text(vnet, "allowed_ips"));
	if (print_is_set(vnet, "addresses"))
		print_list(ctl, "addresses", field_text(vnet, "addresses"));
}

#define PRINT_DETAIL_SIZE 192

static void print_detail_add(char detail[PRINT_DETAIL_SIZE], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void print_detail_add(char detail[PRINT_DETAIL_SIZE], const char *format, ...)
{
	size_t length = strlen(detail);
	va_list args;

	if (length && length + 2 < PRINT_DETAIL_SIZE) {
		memcpy(detail + length, ", ", 3);
		length += 2;
	}
	va_start(args, format);
	vsnprintf(detail + length, PRINT_DETAIL_SIZE - length, format, args);
	va_end(args);
}

/* What matters for one type of resource alone, and what is not as usual. */
static void print_detail(struct table *t, struct json_object *resource)
{
	const char *type = field_text(resource, "type");
	struct json_object *provider = field_find(resource, "provider");
	char detail[PRINT_DETAIL_SIZE] = "";

	if (field_text(resource, "uplink")[0])
		print_detail_add(detail, "uplink %s", field_text(resource, "uplink"));
	else if (field_text(resource, "peer_vnet")[0])
		print_detail_add(detail, "peer-vnet %s", field_text(resource, "peer_vnet"));
	else if (strcmp(type, "guest") == 0)
		print_detail_add(detail, "peer %s", field_text(resource, "peer"));
	else if (strcmp(type, "hybrid") == 0)
		print_detail_add(detail, "priority %s", field_text(resource, "priority"));
	if (field_text(resource, "pf")[0])
		print_detail_add(detail, "vf %s of %s", field_text(resource, "vf"),
				 field_text(resource, "pf"));
	if (field_number(resource, "vf_vlan"))
		print_detail_add(detail, "vlan %s", field_text(resource, "vf_vlan"));
	if (field_bool(field_find(resource, "function"), "bridge_entry"))
		print_detail_add(detail, "bridge-entry");
	if (field_number(resource, "storm_limit"))
		print_detail_add(detail, "storm-limit %s", field_text(resource, "storm_limit"));
	if (print_is_set(resource, "pacing"))
		print_detail_add(detail, "pacing %s", field_text(resource, "pacing"));
	if (provider)
		print_detail_add(detail, "provider %s uid %s%s", field_text(provider, "kind"),
				 field_text(provider, "uid"),
				 field_bool(provider, "present") ? "" : " away");
	table_add(t, TEXT_PLAIN, "%s", detail[0] ? detail : "-");
}

static void print_resource_cells(struct table *t, struct json_object *resource)
{
	const char *state = field_text(resource, "state"), *device = field_text(resource, "device");

	table_add(t, TEXT_PLAIN, "%s", field_text(resource, "name"));
	table_add(t, TEXT_PLAIN, "%s", field_text(resource, "type"));
	table_add(t, TEXT_PLAIN, "%s", device[0] ? device : "-");
	table_add(t, state_colour(state), "%s", state);
	table_add(t, TEXT_PLAIN, "%s", field_bool(resource, "active") ? "yes" : "no");
	print_detail(t, resource);
}

/* "vnet0/g1 is down: no carrier" */
static void print_reason(struct ctl *ctl, struct json_object *resource, const char *what,
			 const char *reason, size_t indent)
{
	const char *vnet = indent ? "" : field_text(resource, "vnet");

	if (!reason[0])
		return;
	fprintf(ctl->out, "%*s", (int)indent, "");
	text_print(ctl->out, vnet);
	fputs(vnet[0] ? "/" : "", ctl->out);
	text_print(ctl->out, field_text(resource, "name"));
	fputc(' ', ctl->out);
	text_print(ctl->out, what);
	fputs(": ", ctl->out);
	text_print(ctl->out, reason);
	fputc('\n', ctl->out);
}

/* Why a resource is not up can be long, so it gets a line of its own beneath the table. */
static void print_reasons(struct ctl *ctl, struct json_object *resources, size_t indent)
{
	struct json_object *resource;
	char is[32];
	size_t i;

	for (i = 0; i < field_count(resources); i++) {
		resource = json_object_array_get_idx(resources, i);
		snprintf(is, sizeof(is), "is %s", field_text(resource, "state"));
		print_reason(ctl, resource, is, field_text(resource, "reason"), indent);
		print_reason(ctl, resource, "has no XDP", field_text(resource, "xdp_reason"),
			     indent);
		print_reason(ctl, resource, "has no fq", field_text(resource, "pacing_reason"),
			     indent);
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
	text_printf(ctl->out, ", address %s, mtu %s", field_text(vnet, "address"),
		    field_text(vnet, "mtu"));
	fputc('\n', ctl->out);
	print_settings(ctl, vnet);
	print_reason(ctl, vnet, "has no XDP", field_text(vnet, "xdp_reason"), 2);
	print_reason(ctl, vnet, "has no fq", field_text(vnet, "pacing_reason"), 2);
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
