// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "verbs.h"

/* A change says nothing when it is done. */

enum ctl_status verbs_vnet_add(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_add(ctl->client, c->name[0], c->settings, c->setting_count));
}

enum ctl_status verbs_vnet_set(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_set(ctl->client, c->name[0], c->settings, c->setting_count));
}

enum ctl_status verbs_vnet_del(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_delete(ctl->client, c->name[0]));
}

enum ctl_status verbs_vnet_prepare_migration(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_prepare_migration(ctl->client, c->name[0]));
}

enum ctl_status verbs_vnet_finish_migration(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_finish_migration(ctl->client, c->name[0]));
}

enum ctl_status verbs_resource_add(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_resource_add(ctl->client, c->name[0], c->name[1], c->settings,
						 c->setting_count));
}

enum ctl_status verbs_resource_set(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_resource_set(ctl->client, c->name[0], c->name[1], c->settings,
						 c->setting_count));
}

enum ctl_status verbs_resource_del(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_resource_delete(ctl->client, c->name[0], c->name[1]));
}

enum ctl_status verbs_uplink_add(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl,
			  vnet_uplink_add(ctl->client, c->name[0], c->settings, c->setting_count));
}

enum ctl_status verbs_uplink_set(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl,
			  vnet_uplink_set(ctl->client, c->name[0], c->settings, c->setting_count));
}

enum ctl_status verbs_uplink_del(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_uplink_delete(ctl->client, c->name[0]));
}

enum ctl_status verbs_uplink_show(struct ctl *ctl, const struct command *c)
{
	char *text = NULL;
	int r = vnet_uplink_list(ctl->client, c->name[0], &text);

	return ctl_answer(ctl, r, text, print_uplinks);
}

enum ctl_status verbs_flow_add(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_flow_add(ctl->client, c->name[0], c->name[1], c->settings,
					     c->setting_count));
}

enum ctl_status verbs_flow_set(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_flow_set(ctl->client, c->name[0], c->name[1], c->settings,
					     c->setting_count));
}

enum ctl_status verbs_flow_del(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_flow_delete(ctl->client, c->name[0], c->name[1]));
}

enum ctl_status verbs_flow_show(struct ctl *ctl, const struct command *c)
{
	char *text = NULL;
	int r = vnet_flow_list(ctl->client, c->name[0], c->name[1], &text);

	return ctl_answer(ctl, r, text, print_flows);
}

enum ctl_status verbs_resource_clear(struct ctl *ctl, const struct command *c)
{
	struct json_object *parameters = json_object_new_object();
	enum ctl_status status;

	json_object_object_add(parameters, "vnet", json_object_new_string(c->name[0]));
	json_object_object_add(parameters, "name", json_object_new_string(c->name[1]));
	status = ctl_result(ctl, vnet_client_call(ctl->client, "ClearResource",
						  json_object_to_json_string(parameters), NULL));
	json_object_put(parameters);
	return status;
}

enum ctl_status verbs_reload(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_reload(ctl->client));
}

enum ctl_status verbs_flush(struct ctl *ctl, const struct command *c)
{
	return ctl_result(ctl, vnet_flush(ctl->client));
}

/* A question's answer is printed, as JSON or for people. */

enum ctl_status verbs_vnet_show(struct ctl *ctl, const struct command *c)
{
	char *text = NULL;
	int r = vnet_list(ctl->client, c->name[0], &text);

	return ctl_answer(ctl, r, text, print_vnets);
}

enum ctl_status verbs_resource_show(struct ctl *ctl, const struct command *c)
{
	char *text = NULL;
	int r = vnet_resource_list(ctl->client, c->name[0], c->name[1], &text);

	return ctl_answer(ctl, r, text, print_resources);
}

enum ctl_status verbs_fdb_show(struct ctl *ctl, const struct command *c)
{
	char *text = NULL;
	int r = vnet_fdb_list(ctl->client, c->name[0], &text);

	return ctl_answer(ctl, r, text, print_fdb);
}

enum ctl_status verbs_number(struct ctl *ctl, const struct command *c, const char *key,
			     unsigned int *ret)
{
	for (size_t i = 0; i < c->setting_count; i++) {
		if (strcmp(c->settings[i].key, key) != 0)
			continue;
		*ret = (unsigned int)atoi(c->settings[i].value);
		if (*ret == 0)
			return ctl_usage(ctl, c->verb->object,
					 "%s '%s' is not a number from 1: expected %s N", key,
					 c->settings[i].value, key);
	}
	return CTL_DONE;
}

enum ctl_status verbs_path(struct ctl *ctl, const struct command *c)
{
	int vlan = c->setting_count ? atoi(c->settings[0].value) : -1;
	char *text = NULL;
	int r = vnet_path(ctl->client, c->name[0], c->name[1], vlan, &text);

	return ctl_answer(ctl, r, text, print_path);
}

enum ctl_status verbs_stats(struct ctl *ctl, const struct command *c)
{
	char *text = NULL;
	int r = vnet_stats(ctl->client, c->name[0], c->name[1], &text);

	return ctl_answer(ctl, r, text, print_stats);
}

/* Each line is about the time between two samples. */
enum ctl_status verbs_history(struct ctl *ctl, const struct command *c)
{
	struct vnet_history_query query = { 0 };
	char *text = NULL;
	int r;

	if (verbs_number(ctl, c, "since", &query.since_s) != CTL_DONE ||
	    verbs_number(ctl, c, "interval", &query.interval_s) != CTL_DONE ||
	    verbs_number(ctl, c, "samples", &query.samples) != CTL_DONE)
		return CTL_USAGE;
	if (query.samples && !ctl->json)
		query.samples++;
	r = vnet_history(ctl->client, c->name[0], c->name[1], &query, &text);
	return ctl_answer(ctl, r, text, print_history);
}

enum ctl_status verbs_save(struct ctl *ctl, const struct command *c)
{
	char *text = NULL;
	int r = vnet_save(ctl->client, &text);

	return ctl_answer(ctl, r, text, print_saved);
}

enum ctl_status verbs_status(struct ctl *ctl, const struct command *c)
{
	char *text = NULL;
	int r = vnet_status(ctl->client, &text);

	return ctl_answer(ctl, r, text, print_status);
}

enum ctl_status verbs_version(struct ctl *ctl, const struct command *c)
{
	if (ctl->json)
		return ctl_print_json(ctl, "{\"version\":\"" VNET_VERSION "\"}");
	fputs("vnetctl " VNET_VERSION "\n", ctl->out);
	return CTL_DONE;
}
