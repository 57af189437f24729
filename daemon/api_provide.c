/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of providers. A registration is an open call of Provide. */
#include <errno.h>
#include <utlist.h>

#include "api_internal.h"
#include "settings_value.h"

struct api_provision {
	const char *type, *local, *peer, *name, *device, *token, *report, *reason;
	int64_t queues, max_sdu;
	bool checksums, segments4, segments6;
};

enum api_provision_bit {
	PROVISION_TYPE = 1 << 0,
	PROVISION_LOCAL = 1 << 1,
	PROVISION_PEER = 1 << 2,
	PROVISION_NAME = 1 << 3,
	PROVISION_DEVICE = 1 << 4,
	PROVISION_QUEUES = 1 << 5,
	PROVISION_OTHERS = 1 << 6,
	PROVISION_REQUIRED = PROVISION_TYPE | PROVISION_LOCAL,
	PROVISION_OPTIONAL = PROVISION_PEER | PROVISION_NAME | PROVISION_DEVICE | PROVISION_QUEUES |
			     PROVISION_OTHERS,
};

#define PROVISION(bit, member, type)                                                               \
	{                                                                                          \
		PROVISION_##bit, #member, json_type_##type, offsetof(struct api_provision, member) \
	}

static const struct api_field api_provision_fields[] = {
	PROVISION(TYPE, type, string),	       PROVISION(LOCAL, local, string),
	PROVISION(PEER, peer, string),	       PROVISION(NAME, name, string),
	PROVISION(DEVICE, device, string),     PROVISION(QUEUES, queues, int),
	PROVISION(OTHERS, max_sdu, int),       PROVISION(OTHERS, checksums, boolean),
	PROVISION(OTHERS, segments4, boolean), PROVISION(OTHERS, segments6, boolean),
	PROVISION(OTHERS, token, string),      PROVISION(OTHERS, report, string),
	PROVISION(OTHERS, reason, string),     { 0 },
};

/* --- what is said --- */

static const char *const api_report_names[] = {
	[DESIRED_REPORT_UP] = "up",
	[DESIRED_REPORT_DOWN] = "down",
	[DESIRED_REPORT_FAILED] = "failed",
};

static const char *const api_type_names[] = {
	[SETTINGS_SERVICE] = "service",
	[SETTINGS_GUEST] = "guest",
	[SETTINGS_HYBRID] = "hybrid",
};

/* "peer 02 is not a unicast MAC like 02:00:00:00:00:01" */
static int api_fail_value(const char *key, const char *value, const char *expected, struct error *e)
{
	char shown[SETTINGS_VALUE_TEXT_SIZE];

	return error_set(e, ERROR_INVALID, EINVAL, NULL, key, "%s %s is not %s", key,
			 settings_value_show(value, shown), expected);
}

static int api_fail_number(const char *key, int64_t value, const char *expected, struct error *e)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return api_fail_value(key, text, expected, e);
}

static int api_report_read(const char *key, const char *text, enum desired_report *ret,
			   struct error *e)
{
	unsigned int i;

	if (settings_value_choice(text, api_report_names, UTIL_ARRAY_SIZE(api_report_names), &i))
		return api_fail_value(key, text, "up, down or failed", e);
	*ret = (enum desired_report)i;
	return 0;
}

static int api_provision_macs(const struct api_provision *p, struct manager_provision *ret,
			      struct error *e)
{
	if (settings_value_mac(p->local, ret->local))
		return api_fail_value("local", p->local, SETTINGS_VALUE_MAC, e);
	if (ret->type != SETTINGS_GUEST)
		return 0;
	if (!p->peer)
		return error_set(e, ERROR_INVALID, EINVAL, NULL, "peer",
				 "peer is required for type guest: it is " SETTINGS_VALUE_MAC);
	if (settings_value_mac(p->peer, ret->peer))
		return api_fail_value("peer", p->peer, SETTINGS_VALUE_MAC, e);
	return 0;
}

static int api_provision_names(const struct api_provision *p, struct manager_provision *ret,
			       struct error *e)
{
	char device[IFNAMSIZ];
	int err;

	if (p->name) {
		err = settings_check_name("resource", p->name, DESIRED_RESOURCE_NAME_SIZE, e);
		if (err)
			return err;
	}
	if (p->device && settings_value_device(p->device, device))
		return api_fail_value("device", p->device, SETTINGS_VALUE_DEVICE, e);
	ret->name = p->name;
	ret->device = p->device;
	ret->token = p->token;
	return 0;
}

static int api_provision_numbers(const struct api_provision *p, unsigned int given,
				 struct manager_provision *ret, struct error *e)
{
	int64_t queues = given & PROVISION_QUEUES ? p->queues : 1;

	if (queues < 1 || queues > KERNEL_TAP_QUEUES_MAX)
		return api_fail_number("queues", queues, "a number from 1 to 64", e);
	if (p->max_sdu && (p->max_sdu < SETTINGS_MTU_MIN || p->max_sdu > SETTINGS_MTU_MAX))
		return api_fail_number("max_sdu", p->max_sdu, "a number from 68 to 65521, or 0", e);
	if ((p->segments4 || p->segments6) && !p->checksums)
		return error_set(
			e, ERROR_INVALID, EINVAL, NULL, "checksums",
			"checksums false does not go with segments4 or segments6: who cuts "
			"segments fills checksums in, too");
	ret->max_sdu = (uint32_t)p->max_sdu;
	ret->tap = (struct kernel_tap) {
		.queues = (unsigned int)queues,
		.checksums = p->checksums,
		.segments4 = p->segments4,
		.segments6 = p->segments6,
	};
	return 0;
}

/* What @ret points to is borrowed from @object. */
static int api_provision_read(struct json_object *object, struct manager_provision *ret,
			      struct error *e)
{
	struct api_provision p = { .report = "up" };
	unsigned int given, type;
	int err = api_fields_read(object, "the provision", api_provision_fields, PROVISION_REQUIRED,
				  PROVISION_OPTIONAL, &p, &given, e);

	if (err)
		return err;
	if (settings_value_choice(p.type, api_type_names, UTIL_ARRAY_SIZE(api_type_names), &type))
		return api_fail_value("type", p.type, "service, guest or hybrid", e);
	ret->type = (enum settings_type)type;
	err = api_provision_macs(&p, ret, e);
	if (!err)
		err = api_provision_names(&p, ret, e);
	if (!err)
		err = api_provision_numbers(&p, given, ret, e);
	if (!err)
		err = api_report_read("report", p.report, &ret->report, e);
	if (!err && ret->report != DESIRED_REPORT_UP)
		ret->reason = p.reason;
	return err;
}

/* --- registration --- */

static struct json_object *api_registered(const struct resource *r, unsigned int queues)
{
	struct json_object *parameters = json_object_new_object(), *o = json_object_new_object();

	json_object_object_add(o, "vnet", json_object_new_string(r->vnet->name));
	json_object_object_add(o, "name", json_object_new_string(r->name));
	json_object_object_add(o, "device", json_object_new_string(r->settings.device));
	json_object_object_add(o, "token", json_object_new_string(r->provider.token));
	json_object_object_add(o, "queues", json_object_new_int((int)queues));
	json_object_object_add(o, "mtu", json_object_new_int64(r->vnet->settings.mtu));
	json_object_object_add(parameters, "registered", o);
	return parameters;
}

static void api_close_all(const int *fds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
}

static int api_register(struct api *a, struct server_call *call, const struct manager_provision *m,
			struct error *e)
{
	int fds[KERNEL_TAP_QUEUES_MAX];
	struct api_provider *p;
	struct resource *r;
	unsigned int count = 0;
	int err = manager_provide(a->manager, m, &r, fds, &count, e);

	if (err)
		return err;
	p = api_provider_new(a, call, r);
	if (!p) {
		api_close_all(fds, count);
		manager_provider_leave(a->manager, r);
		return error_set(e, ERROR_FAILED, ENOMEM, NULL, NULL, "no memory");
	}
	api_audit("Provide", p->vnet, p->name, server_call_peer(call));
	server_reply_more_fds(call, api_registered(r, m->device ? 0 : m->tap.queues), fds, count);
	api_close_all(fds, count);
	api_provider_tell(p, r);
	return 0;
}

int api_provide(struct api *a, struct server_call *call, const struct api_arguments *args,
		struct error *e)
{
	struct manager_provision m = {
		.uid = server_call_peer(call)->uid,
		.privileged = server_call_may_change(call),
	};
	int err;

	if (!server_call_wants_more(call))
		return error_set(e, ERROR_INVALID, EINVAL, NULL, "more",
				 "%s.Provide answers with a stream and has to be called with "
				 "\"more\"",
				 API_INTERFACE);
	err = api_provision_read(args->provision, &m, e);
	if (err)
		return err;
	err = server_call_lifeline(call);
	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL,
				 "the connection cannot be watched: %s", strerror(-err));
	return api_register(a, call, &m, e);
}

/* --- from within a registration --- */

static struct api_provider *api_provider_find(struct api *a, struct server_call *call,
					      const char *method, struct error *e)
{
	const struct server_call *stream = server_call_stream(call);
	struct api_provider *p = NULL;

	if (stream)
		DL_SEARCH_SCALAR(a->providers, p, call, stream);
	if (!p)
		error_set(e, ERROR_INVALID, EINVAL, NULL, "oneway",
			  "%s.%s has to be called with \"oneway\" on the connection of a Provide "
			  "that is open",
			  API_INTERFACE, method);
	return p;
}

int api_report(struct api *a, struct server_call *call, const struct api_arguments *args,
	       struct error *e)
{
	struct api_provider *p = api_provider_find(a, call, "Report", e);
	struct resource *r = p ? api_provider_resource(p) : NULL;
	enum desired_report report = DESIRED_REPORT_UP;
	int err;

	if (!p)
		return -e->number;
	err = api_report_read("state", args->state, &report, e);
	if (err)
		return err;
	p->reports++;
	if (r)
		manager_provider_report(a->manager, r, report, args->reason);
	server_reply(call, NULL);
	return 0;
}

static int api_counts_check(const struct api_arguments *args, struct error *e)
{
	const struct {
		const char *key;
		int64_t value;
	} counts[] = {
		{ "ierrors", args->ierrors },	  { "oerrors", args->oerrors },
		{ "norcvbuf", args->norcvbuf },	  { "noxmtbuf", args->noxmtbuf },
		{ "malformed", args->malformed },
	};

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(counts); i++) {
		if (counts[i].value < 0)
			return api_fail_number(counts[i].key, counts[i].value, "a number of frames",
					       e);
	}
	return 0;
}

int api_count(struct api *a, struct server_call *call, const struct api_arguments *args,
	      struct error *e)
{
	struct api_provider *p = api_provider_find(a, call, "Count", e);
	struct resource *r = p ? api_provider_resource(p) : NULL;
	const struct provider_counts now = {
		.ierrors = (uint64_t)args->ierrors,
		.oerrors = (uint64_t)args->oerrors,
		.norcvbuf = (uint64_t)args->norcvbuf,
		.noxmtbuf = (uint64_t)args->noxmtbuf,
		.malformed = (uint64_t)args->malformed,
	};
	int err;

	if (!p)
		return -e->number;
	err = api_counts_check(args, e);
	if (err)
		return err;
	if (r)
		manager_provider_count(r, &now);
	p->asked = false;
	api_questions_settle(a, p);
	server_reply(call, NULL);
	return 0;
}

int api_withdraw(struct api *a, struct server_call *call, const struct api_arguments *args,
		 struct error *e)
{
	struct api_provider *p = api_provider_find(a, call, "Withdraw", e);
	struct resource *r = p ? api_provider_resource(p) : NULL;

	if (!p)
		return -e->number;
	if (r) {
		api_audit("Withdraw", p->vnet, p->name, server_call_peer(call));
		p->leaving = true;
		manager_provider_leave(a->manager, r);
	}
	api_provider_end(p, "withdrawn");
	server_reply(call, NULL);
	return 0;
}
