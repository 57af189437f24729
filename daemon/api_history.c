/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has been counted, over time. */
#include <errno.h>
#include <limits.h>

#include "api_internal.h"
#include "show.h"

#define API_USEC_PER_SEC UINT64_C(1000000)

static int check_number(unsigned int given, unsigned int bit, const char *field, int64_t value,
			struct error *e)
{
	if (!(given & bit) || (value >= 1 && value <= INT_MAX))
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, NULL, field,
			 "%s %lld is not a number from 1 to %d", field, (long long)value, INT_MAX);
}

static int check(const struct api_arguments *args, struct error *e)
{
	int err = check_number(args->given, API_SINCE, "since", args->since, e);

	if (!err)
		err = check_number(args->given, API_INTERVAL, "interval", args->interval, e);
	if (!err)
		err = check_number(args->given, API_SAMPLES, "samples", args->samples, e);
	if (!err && args->name && !args->owner)
		err = error_set(e, ERROR_INVALID, EINVAL, NULL, "owner",
				"the name of a flow was given without its owner");
	return err;
}

static void add_row(const struct show_history *how, struct json_object *array, const char *kind,
		    const char *owner, const char *flow, const struct history *h)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "kind", json_object_new_string(kind));
	json_object_object_add(o, "owner", json_object_new_string(owner));
	json_object_object_add(o, "flow", flow ? json_object_new_string(flow) : NULL);
	json_object_object_add(o, "interval",
			       json_object_new_uint64(how->interval_kept_us / API_USEC_PER_SEC));
	json_object_object_add(o, "samples", show_history(how, h));
	json_object_array_add(array, o);
}

static int add_owner(struct api *a, const struct api_arguments *args,
		     const struct show_history *how, struct json_object *array, struct error *e)
{
	struct manager_flow_owner owner;
	const struct flow *f;
	int err = manager_find_flow_owner(a->manager, args->owner, &owner, e);

	if (err)
		return err;
	f = args->name ? manager_find_flow(&owner, args->name, e) : NULL;
	if (args->name && !f)
		return -ENOENT;
	if (f)
		add_row(how, array, "flow", owner.name, f->name, &f->history);
	else if (owner.vnet)
		add_row(how, array, "vnet", owner.name, NULL, &owner.vnet->history);
	else
		add_row(how, array, "uplink", owner.name, NULL, &owner.uplink->history);
	return 0;
}

int api_get_history(struct api *a, const struct api_arguments *args, struct json_object *reply,
		    struct error *e)
{
	const struct kernel *k = manager_kernel(a->manager);
	struct show_history how = {
		.now_us = k->ops->now_us(k->rtnl),
		.interval_kept_us = manager_history_interval_s(a->manager) * API_USEC_PER_SEC,
		.since_us = (uint64_t)args->since * API_USEC_PER_SEC,
		.interval_us = (uint64_t)args->interval * API_USEC_PER_SEC,
		.samples = (size_t)args->samples,
	};
	struct json_object *rows = json_object_new_array();
	int err = check(args, e);

	json_object_object_add(reply, "history", rows);
	if (err)
		return err;
	if (args->owner)
		return add_owner(a, args, &how, rows, e);
	for (const struct uplink *u = manager_uplinks(a->manager); u; u = u->hh.next)
		add_row(&how, rows, "uplink", u->name, NULL, &u->history);
	for (const struct vnet *v = manager_vnets(a->manager); v; v = v->hh.next)
		add_row(&how, rows, "vnet", v->name, NULL, &v->history);
	return 0;
}
