/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What providers are told: how their vnet stands, and that their resource is gone. Always the whole
 * state and never more than the newest one, so who reads slowly misses nothing that still matters.
 */
#include <utlist.h>

#include "api_internal.h"
#include "groups.h"

/* Memberships without an IP address (packet sockets, bridges above) have no event. */
#define API_LOOK_US	     UINT64_C(1000000)
#define API_LOOK_ACCURACY_US UINT64_C(100000)

/* --- life --- */

static void api_on_provider_closed(void *context)
{
	struct api_provider *p = context;
	struct api *a = p->api;
	/* When it is vnetd that goes, the resource stays for the next one. */
	struct resource *r = a->stopping ? NULL : api_provider_resource(p);

	p->leaving = true;
	if (r)
		manager_provider_leave(a->manager, r);
	api_provider_free(p);
}

struct api_provider *api_provider_new(struct api *a, struct server_call *call,
				      const struct resource *r)
{
	struct api_provider *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->api = a;
	p->call = call;
	util_copy(p->vnet, sizeof(p->vnet), r->vnet->name);
	util_copy(p->name, sizeof(p->name), r->name);
	util_copy(p->token, sizeof(p->token), r->provider.token);
	DL_APPEND(a->providers, p);
	server_call_on_closed(call, api_on_provider_closed, p);
	return p;
}

void api_provider_free(struct api_provider *p)
{
	struct api *a = p->api;

	DL_DELETE(a->providers, p);
	api_questions_settle(a, p);
	free(p->groups);
	free(p);
}

struct resource *api_provider_resource(const struct api_provider *p)
{
	const struct vnet *v = manager_find_vnet(p->api->manager, p->vnet, NULL);
	struct resource *r = v ? manager_find_resource(v, p->name, NULL) : NULL;

	return r && util_same(r->provider.token, p->token) ? r : NULL;
}

void api_provider_end(struct api_provider *p, const char *why)
{
	struct json_object *parameters = json_object_new_object();
	struct server_call *call = p->call;

	api_provider_free(p);
	json_object_object_add(parameters, "removed", json_object_new_string(why));
	server_reply(call, parameters);
}

/* --- multicast groups --- */

/* Where the stack's groups can be seen: a service's vnet device, if it is here. 0: nowhere. */
static uint32_t api_groups_of(const struct resource *r)
{
	const struct vnet *v = r->vnet;

	if (r->settings.type != SETTINGS_SERVICE || !vnet_owns_upper(v))
		return 0;
	return v->upper_ifindex;
}

static void api_groups_set(struct api_provider *p, uint8_t (*groups)[MAC_LEN], size_t count)
{
	if (count != p->group_count || (count && memcmp(groups, p->groups, count * MAC_LEN) != 0))
		p->groups_changed = true;
	free(p->groups);
	p->groups = groups;
	p->group_count = count;
}

static void api_groups_refresh(struct api_provider *p, const struct resource *r)
{
	uint32_t ifindex = api_groups_of(r);
	uint8_t(*groups)[MAC_LEN] = NULL;
	const char *path = p->api->host.groups_path ?: GROUPS_PATH;
	size_t count = 0;

	if (ifindex == p->groups_ifindex && !p->api->groups_stale && !p->groups_unread)
		return;
	p->groups_ifindex = ifindex;
	p->groups_unread = ifindex && groups_read(path, ifindex, &groups, &count) < 0;
	api_groups_set(p, groups, count);
}

/* Other than by a list: of a device that takes all groups, or of one that is out of sight. */
static bool api_groups_known(const struct api_provider *p, const struct resource *r)
{
	const struct link *upper;

	if (r->settings.type != SETTINGS_SERVICE)
		return true;
	if (!p->groups_ifindex || p->groups_unread)
		return false;
	upper = link_find(manager_links(p->api->manager), p->groups_ifindex);
	return !upper || !(upper->flags & IFF_ALLMULTI);
}

void api_groups_changed(struct api *a)
{
	a->groups_stale = true;
}

/* --- state --- */

static void api_state_of(const struct api_provider *p, const struct resource *r,
			 struct api_provider_state *ret)
{
	const struct vnet *v = r->vnet;

	*ret = (struct api_provider_state) {
		/* What its provider calls failed has to be started anew once it is cleared. */
		.started = manager_vnet_started(v) && r->ifindex && r->settings.admin_up &&
			   r->provider.report != DESIRED_REPORT_FAILED,
		.report = r->provider.report,
		.knows_groups = api_groups_known(p, r),
		.mtu = v->settings.mtu,
	};
	ret->promiscuous = v->promiscuous || !ret->knows_groups;
	memcpy(ret->address, v->settings.address, MAC_LEN);
}

static bool api_state_same(const struct api_provider_state *a, const struct api_provider_state *b)
{
	return a->started == b->started && a->promiscuous == b->promiscuous &&
	       a->knows_groups == b->knows_groups && a->mtu == b->mtu && a->report == b->report &&
	       mac_same(a->address, b->address);
}

static struct json_object *api_groups_show(const struct api_provider *p)
{
	struct json_object *list = json_object_new_array();
	char mac[MAC_TEXT_SIZE];

	for (size_t i = 0; i < p->group_count; i++)
		json_object_array_add(list, json_object_new_string(mac_format(p->groups[i], mac)));
	return list;
}

static struct json_object *api_state_show(const struct api_provider *p,
					  const struct api_provider_state *s)
{
	struct json_object *parameters = json_object_new_object(), *o = json_object_new_object();
	char mac[MAC_TEXT_SIZE];

	json_object_object_add(o, "started", json_object_new_boolean(s->started));
	json_object_object_add(o, "address", json_object_new_string(mac_format(s->address, mac)));
	json_object_object_add(o, "mtu", json_object_new_uint64(s->mtu));
	json_object_object_add(o, "promiscuous", json_object_new_boolean(s->promiscuous));
	json_object_object_add(o, "multicast", s->knows_groups ? api_groups_show(p) : NULL);
	json_object_object_add(o, "report", json_object_new_string(desired_report_name(s->report)));
	json_object_object_add(o, "reports", json_object_new_uint64(p->reports));
	json_object_object_add(parameters, "state", o);
	return parameters;
}

void api_provider_tell(struct api_provider *p, const struct resource *r)
{
	struct api_provider_state now;

	api_groups_refresh(p, r);
	api_state_of(p, r, &now);
	if (p->told && !p->groups_changed && api_state_same(&p->sent, &now))
		return;
	/* When it has read what it has, we come here again. */
	if (server_call_queued_bytes(p->call))
		return;
	p->sent = now;
	p->told = true;
	p->groups_changed = false;
	server_reply_more(p->call, api_state_show(p, &now));
}

/* --- all of them --- */

static int api_on_look(sd_event_source *source, uint64_t now_us, void *context)
{
	struct api *a = context;

	a->looks = false;
	a->groups_stale = true;
	return 0;
}

static void api_look_later(struct api *a, bool wanted)
{
	if (wanted == a->looks)
		return;
	if (!a->look && sd_event_add_time_relative(a->loop, &a->look, CLOCK_MONOTONIC, API_LOOK_US,
						   API_LOOK_ACCURACY_US, api_on_look, a) < 0)
		return;
	a->looks = wanted;
	sd_event_source_set_time_relative(a->look, API_LOOK_US);
	sd_event_source_set_enabled(a->look, wanted ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static void api_provider_part(struct api_provider *p)
{
	struct json_object *parameters = json_object_new_object();
	char why[128];

	snprintf(why, sizeof(why), "%s/%s was removed", p->vnet, p->name);
	json_object_object_add(parameters, "removed", json_object_new_string(why));
	server_reply(p->call, parameters);
	p->call = NULL;
	p->parted = true;
}

/*
 * Before anything is undone: a provider that sees its tap die has had the news already, and does
 * not ask for another one.
 */
void api_provider_removing(struct api *a, const struct resource *r)
{
	struct api_provider *p, *next;

	DL_FOREACH_SAFE(a->providers, p, next)
	if (!p->leaving && !p->parted && api_provider_resource(p) == r)
		api_provider_part(p);
}

/* Whether its groups have to be looked at now and then. */
static bool api_provider_settle(struct api_provider *p)
{
	const struct resource *r = api_provider_resource(p);

	if (!r && !p->parted)
		api_provider_part(p);
	if (p->parted) {
		api_provider_free(p);
		return false;
	}
	api_provider_tell(p, r);
	return r->provider.kind == DESIRED_PROVIDER_TAP && p->groups_ifindex;
}

void api_providers_settle(struct api *a)
{
	struct api_provider *p, *next;
	bool looks = false;

	DL_FOREACH_SAFE(a->providers, p, next)
	looks |= api_provider_settle(p);
	a->groups_stale = false;
	api_look_later(a, looks);
}
