/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings go through their tables, so a new setting is shown without a line here; what is observed
 * is added to them, and wins where both have a name.
 */
#include <errno.h>
#include <time.h>

#include "reconcile.h"
#include "settings_value.h"
#include "show.h"

#define SHOW_USEC_PER_SEC 1000000

static void show_add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void show_add_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static void show_add_number(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

/* --- settings --- */

static void show_add_setting(struct json_object *o, const struct setting *s, const char *text)
{
	bool on;

	switch (s->json) {
	case SETTINGS_JSON_STRING:
		show_add_text(o, s->key, text);
		return;
	case SETTINGS_JSON_INT:
		show_add_number(o, s->key, strtoull(text, NULL, 10));
		return;
	case SETTINGS_JSON_BOOL:
		show_add_bool(o, s->key, !settings_value_bool(text, &on) && on);
		return;
	}
}

/* @unset: also those without a value, as "" or 0. */
static void show_add_settings(struct json_object *o, const struct setting *table,
			      const void *settings, const void *defaults, bool unset)
{
	char text[SETTINGS_TEXT_SIZE], plain[SETTINGS_TEXT_SIZE];

	for (const struct setting *s = table; s->key; s++) {
		s->format(settings, text);
		if (!text[0] && !unset)
			continue;
		if (defaults) {
			s->format(defaults, plain);
			if (util_same(text, plain))
				continue;
		}
		show_add_setting(o, s, text);
	}
}

struct json_object *show_settings(const struct setting *table, const void *settings,
				  const void *defaults)
{
	struct json_object *o = json_object_new_object();

	if (o)
		show_add_settings(o, table, settings, defaults, false);
	return o;
}

/* --- resources and vnets --- */

static void show_add_origin(struct json_object *o, bool from_config, bool provided)
{
	show_add_text(o, "origin", provided ? "provider" : from_config ? "config" : "runtime");
}

/* The token is its secret. */
static void show_add_provider(struct json_object *o, const struct resource *r)
{
	const struct desired_provider *p = &r->provider;
	struct json_object *provider = NULL;

	if (resource_is_provided(r))
		provider = json_object_new_object();
	json_object_object_add(o, "provider", provider);
	if (!provider)
		return;
	show_add_text(provider, "kind", desired_provider_kind_name(p->kind));
	show_add_number(provider, "uid", p->uid);
	show_add_bool(provider, "present", r->present);
	show_add_text(provider, "report", desired_report_name(p->report));
}

/* Those that it has by itself, else those of its vnet. */
static void show_add_vlans(struct json_object *o, const struct resource *r)
{
	const struct resource_settings *s = &r->settings;
	char text[VLAN_TEXT_SIZE];

	show_add_number(o, "pvid", resource_pvid(r));
	show_add_text(o, "vlans",
		      vlan_format(s->has_vlans ? &s->vlans : &r->vnet->settings.vlans, text));
}

/* A direct peer's is the other vnet's address, once that is there. */
static void show_add_peer(struct json_object *o, const struct resource *r)
{
	char mac[MAC_TEXT_SIZE];
	const uint8_t *peer = r->settings.peer;

	if (resource_is_peer(r)) {
		const struct vnet *other =
			manager_find_vnet(r->vnet->manager, r->settings.peer_vnet, NULL);

		peer = other ? other->settings.address : NULL;
	}
	if (r->settings.type == SETTINGS_GUEST && peer)
		show_add_text(o, "peer", mac_format(peer, mac));
	else
		json_object_object_add(o, "peer", NULL);
}

static void show_add_known(struct json_object *o, const char *key, const struct kernel_vf *vf,
			   enum kernel_vf_field field, struct json_object *value)
{
	if (vf->set & field) {
		json_object_object_add(o, key, value);
		return;
	}
	json_object_put(value);
	json_object_object_add(o, key, NULL);
}

/* What the NIC itself says of a virtual function; null: nothing, or not that. */
static void show_add_function(struct json_object *o, const struct resource *r)
{
	static const char *const link_states[] = { "auto", "up", "down" };
	const struct kernel_vf *vf = &r->vf.now;
	uint32_t link_state = vf->link_state < UTIL_ARRAY_SIZE(link_states) ? vf->link_state : 0;
	struct json_object *f = resource_is_vf(r) && r->vf.there ? json_object_new_object() : NULL;
	char mac[MAC_TEXT_SIZE];

	json_object_object_add(o, "function", f);
	if (!f)
		return;
	show_add_text(f, "bus", r->vf.place.function);
	show_add_text(f, "driver", r->vf.place.driver);
	show_add_text(f, "address", mac_format(vf->address, mac));
	show_add_known(f, "vlan", vf, KERNEL_VF_VLAN, json_object_new_int(vf->vlan));
	show_add_known(f, "spoof_check", vf, KERNEL_VF_SPOOF_CHECK,
		       json_object_new_boolean(vf->spoof_check));
	show_add_known(f, "trust", vf, KERNEL_VF_TRUST, json_object_new_boolean(vf->trust));
	show_add_known(f, "link_state", vf, KERNEL_VF_LINK_STATE,
		       json_object_new_string(link_states[link_state]));
	show_add_bool(f, "bridge_entry", r->vf_saved.entry);
}

static void show_add_attached(struct json_object *o, enum kernel_attach attached,
			      const struct xdp_use *xdp)
{
	show_add_text(o, "attached",
		      kernel_attach_name(xdp->attached ? KERNEL_ATTACH_XDP : attached));
	show_add_text(o, "xdp_reason", xdp->reason);
}

/* How limits are kept: what is too early waits in a queue, or is dropped. */
static void show_add_pacing(struct json_object *o, bool limited, bool fq, const char *reason)
{
	show_add_text(o, "pacing", !limited ? "none" : fq ? "fq" : "token bucket");
	show_add_text(o, "pacing_reason", limited && !fq ? reason : "");
}

static void show_add_resource_pacing(struct json_object *o, const struct resource *r)
{
	const struct queue_use *q = r->uplink ? &r->uplink->queue : &r->queue;

	show_add_pacing(o, q->wanted && r->queue.wanted, q->on, q->reason);
}

static void show_add_reason(struct json_object *o, const struct resource *r)
{
	char reason[sizeof(r->reason)];

	manager_reason(r, reason, sizeof(reason));
	show_add_text(o, "reason", reason);
}

struct json_object *show_resource(const struct resource *r)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	show_add_text(o, "vnet", r->vnet->name);
	show_add_text(o, "name", r->name);
	show_add_settings(o, settings_resource, &r->settings, NULL, true);
	show_add_peer(o, r);
	if (!r->settings.peer_vnet[0])
		json_object_object_add(o, "peer_vnet", NULL);
	if (!r->settings.uplink[0])
		json_object_object_add(o, "uplink", NULL);
	show_add_text(o, "device", r->uplink ? r->uplink->settings.device : resource_device(r));
	if (!resource_is_vf(r)) {
		json_object_object_add(o, "pf", NULL);
		json_object_object_add(o, "vf", NULL);
		json_object_object_add(o, "vf_vlan", NULL);
	}
	show_add_function(o, r);
	show_add_vlans(o, r);
	show_add_number(o, "ifindex", r->ifindex);
	show_add_text(o, "state", resource_state_name(r->state));
	show_add_reason(o, r);
	show_add_bool(o, "active", r->active);
	show_add_attached(o, r->attached, r->uplink ? &r->uplink->xdp : &r->xdp);
	show_add_resource_pacing(o, r);
	show_add_origin(o, r->from_config, resource_is_provided(r));
	show_add_provider(o, r);
	return o;
}

static const char *show_spread(const struct reconcile_cpu_ways *ways)
{
	if (ways->native && ways->generic)
		return "mixed";
	return ways->native ? "native" : ways->generic ? "generic" : "none";
}

static const char *show_target(const struct flow *f, char text[SETTINGS_TEXT_SIZE])
{
	util_copy(text, SETTINGS_TEXT_SIZE, "none");
	if (f->target.kind != ABI_TARGET_NONE)
		settings_find(settings_flow, "to")->format(&f->settings, text);
	return text;
}

/* Where its frames go now, and who sees to it. */
static void show_add_target(struct json_object *o, const struct flow *f)
{
	char text[SETTINGS_TEXT_SIZE], reason[RECONCILE_TARGET_REASON_SIZE];
	struct reconcile_cpu_ways ways = { 0 };
	const char *why = "";

	reconcile_target(f, reason, sizeof(reason));
	if (f->target.kind == ABI_TARGET_CPU && !f->steered)
		ways = reconcile_cpu_ways(f);
	if (f->target.kind == ABI_TARGET_CPU)
		why = ways.reason ?: f->steered_why;
	show_add_text(o, "target", show_target(f, text));
	show_add_text(o, "target_why", reason);
	show_add_text(o, "steered",
		      f->steered			  ? "hardware"
		      : f->target.kind == ABI_TARGET_NONE ? "none"
							  : "software");
	show_add_text(o, "steered_why", why);
	show_add_text(o, "xdp", show_spread(&ways));
}

static const char *show_delivery(const struct flow *f)
{
	if (!f->xsk.present)
		return f->xsk.now.name[0] ? "copy" : "none";
	return f->xsk.zerocopy ? "zerocopy" : "copy";
}

/* How its frames come to a program. */
static void show_add_delivery(struct json_object *o, struct flow *f)
{
	const char *delivery = show_delivery(f);
	uint64_t missed = 0;

	if (reconcile_xsk_missed(f, &missed))
		missed = 0;
	show_add_text(o, "delivery", delivery);
	show_add_text(o, "delivery_why",
		      util_same(delivery, "copy")
			      ? "its frames come over a veth device, whose driver copies them"
			      : "");
	show_add_number(o, "missed", missed);
}

static void show_add_flow_counters(struct json_object *o, const struct kernel *k,
				   const struct flow *f)
{
	struct abi_flow_counters counted = { 0 };

	if (k->ops->flow_counters(k->datapath, f->number, &counted))
		counted = (struct abi_flow_counters) { 0 };
	show_add_number(o, "ipackets", counted.rx_packets);
	show_add_number(o, "rbytes", counted.rx_bytes);
	show_add_number(o, "opackets", counted.tx_packets);
	show_add_number(o, "obytes", counted.tx_bytes);
	show_add_number(o, "idrops", counted.rx_dropped);
	show_add_number(o, "odrops", counted.tx_dropped);
}

struct json_object *show_flow(const struct kernel *k, struct flow *f)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	show_add_text(o, "owner", f->vnet ? f->vnet->name : f->uplink->name);
	show_add_text(o, "name", f->name);
	show_add_settings(o, settings_flow, &f->settings, NULL, true);
	show_add_target(o, f);
	show_add_delivery(o, f);
	show_add_flow_counters(o, k, f);
	show_add_origin(o, f->from_config, false);
	return o;
}

static struct json_object *show_members(const struct uplink *u)
{
	struct json_object *members = json_object_new_array();

	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i])
			json_object_array_add(members,
					      json_object_new_string(u->slots[i]->vnet->name));
	return members;
}

struct json_object *show_uplink(const struct uplink *u)
{
	const struct link *l = link_find(manager_links(u->manager), u->ifindex);
	struct json_object *o = json_object_new_object();
	char mac[MAC_TEXT_SIZE];

	if (!o)
		return NULL;
	show_add_text(o, "name", u->name);
	show_add_settings(o, settings_uplink, &u->settings, NULL, true);
	json_object_object_add(o, "address",
			       l ? json_object_new_string(mac_format(l->address, mac)) : NULL);
	show_add_number(o, "mtu", l ? l->mtu : 0);
	show_add_number(o, "ifindex", u->ifindex);
	show_add_text(o, "state", resource_state_name(u->state));
	show_add_text(o, "reason", u->reason);
	show_add_bool(o, "promiscuous", l && (l->flags & IFF_PROMISC));
	show_add_attached(o, u->attached, &u->xdp);
	show_add_pacing(o, u->queue.wanted, u->queue.on, u->queue.reason);
	show_add_origin(o, u->from_config, false);
	json_object_object_add(o, "vnets", show_members(u));
	return o;
}

struct json_object *show_vnet(const struct vnet *v)
{
	struct json_object *o = json_object_new_object();
	struct json_object *resources;

	if (!o)
		return NULL;
	resources = json_object_new_array();
	for (const struct resource *r = v->resources; r; r = r->hh.next)
		json_object_array_add(resources, show_resource(r));
	show_add_text(o, "name", v->name);
	show_add_settings(o, settings_vnet, &v->settings, NULL, true);
	show_add_text(o, "upper", vnet_owns_upper(v) ? v->name : v->settings.upper);
	show_add_text(o, "port", v->port);
	show_add_bool(o, "carrier", v->carrier);
	show_add_bool(o, "promiscuous", v->promiscuous);
	show_add_bool(o, "shortcut", v->shortcut);
	show_add_bool(o, "migrating", v->migrating);
	show_add_attached(o, v->attached, &v->xdp);
	show_add_pacing(o, v->queue.wanted, v->queue.on, v->queue.reason);
	show_add_origin(o, v->from_config, false);
	json_object_object_add(o, "resources", resources);
	return o;
}

static struct json_object *show_fdb_entry(const struct resource *r, const struct abi_fdb_key *key)
{
	struct json_object *o = json_object_new_object();
	char mac[MAC_TEXT_SIZE];

	show_add_text(o, "vnet", r->vnet->name);
	show_add_number(o, "vlan", key->vlan);
	show_add_text(o, "mac", mac_format(key->mac, mac));
	show_add_text(o, "resource", r->name);
	show_add_text(o, "state", resource_state_name(r->state));
	return o;
}

struct json_object *show_fdb(const struct vnet *v)
{
	struct json_object *rows = json_object_new_array();

	if (!rows)
		return NULL;
	for (const struct resource *r = v->resources; r; r = r->hh.next) {
		for (size_t i = 0; i < r->fdb_count; i++)
			json_object_array_add(rows, show_fdb_entry(r, &r->fdb[i]));
	}
	return rows;
}

/* --- statistics --- */

static struct json_object *show_drops(const struct vnet *v)
{
	const struct kernel *k = manager_kernel(v->manager);
	struct json_object *o = json_object_new_object();
	struct abi_drops drops = { 0 };

	/* Nothing is counted before the programs are there. */
	if (k->ops->drops(k->datapath, v->number, &drops))
		drops = (struct abi_drops) { 0 };
	drops.count[ABI_DROP_MALFORMED] += v->malformed;
#define X(name, text, why) show_add_number(o, text, drops.count[ABI_DROP_##name]);
	ABI_DROPS(X)
#undef X
	return o;
}

/* What cannot be had at once is as it was. */
static const struct kernel_link_stats *show_device_counts(const struct kernel *k, uint32_t ifindex,
							  struct device_counts *counts)
{
	bool same = counts->ifindex == ifindex;
	int err = ifindex ? k->ops->link_stats(k->rtnl, ifindex, &counts->last) : -ENODEV;

	if (err && (err != -EAGAIN || !same))
		counts->last = (struct kernel_link_stats) { 0 };
	counts->ifindex = ifindex;
	return &counts->last;
}

static struct json_object *show_resource_stats(struct resource *r)
{
	const struct kernel *k = manager_kernel(r->vnet->manager);
	struct json_object *o = json_object_new_object();
	struct abi_counters counted = { 0 };
	/* What an uplink's device counts is not this vnet's alone. */
	const struct kernel_link_stats *device =
		show_device_counts(k, resource_is_member(r) ? 0 : r->ifindex, &r->device_counts);

	if (k->ops->counters(k->datapath, r->number, &counted))
		counted = (struct abi_counters) { 0 };
	show_add_text(o, "name", r->name);
	show_add_number(o, "ipackets", counted.rx_packets);
	show_add_number(o, "rbytes", counted.rx_bytes);
	show_add_number(o, "opackets", counted.tx_packets);
	show_add_number(o, "obytes", counted.tx_bytes);
	show_add_number(o, "multircv", counted.rx_multicast);
	show_add_number(o, "multixmt", counted.tx_multicast);
	show_add_number(o, "brdcstrcv", counted.rx_broadcast);
	show_add_number(o, "brdcstxmt", counted.tx_broadcast);
	show_add_number(o, "ierrors", device->rx_errors + r->counts.ierrors);
	show_add_number(o, "oerrors", device->tx_errors + r->counts.oerrors);
	show_add_number(o, "norcvbuf", device->rx_dropped + r->counts.norcvbuf);
	show_add_number(o, "noxmtbuf", device->tx_dropped + r->counts.noxmtbuf);
	return o;
}

static void show_add_device(struct json_object *devices, const struct vnet *v, const char *name,
			    uint32_t ifindex, struct device_counts *counts)
{
	const struct kernel *k = manager_kernel(v->manager);
	struct json_object *o = json_object_new_object();
	const struct kernel_link_stats *s = show_device_counts(k, ifindex, counts);

	show_add_text(o, "name", name);
	show_add_number(o, "ierrors", s->rx_errors);
	show_add_number(o, "oerrors", s->tx_errors);
	show_add_number(o, "norcvbuf", s->rx_dropped);
	show_add_number(o, "noxmtbuf", s->tx_dropped);
	json_object_array_add(devices, o);
}

/* Of the upper side: what is lost there, no program has dropped. It is kept for when it cannot be
 * had at once. */
static struct json_object *show_device_stats(const struct vnet *shown)
{
	struct vnet *v = manager_find_vnet(shown->manager, shown->name, NULL);
	struct json_object *devices = json_object_new_array();

	if (v->upper_ifindex)
		show_add_device(devices, v, v->upper, v->upper_ifindex, &v->upper_counts);
	if (v->port_ifindex && v->port_ifindex != v->upper_ifindex)
		show_add_device(devices, v, v->port, v->port_ifindex, &v->port_counts);
	return devices;
}

static struct json_object *show_flow_stats(const struct vnet *v)
{
	struct json_object *flows = json_object_new_array();

	for (const struct flow *f = v->flows; f; f = f->hh.next) {
		struct json_object *o = json_object_new_object();

		show_add_text(o, "name", f->name);
		show_add_flow_counters(o, manager_kernel(v->manager), f);
		json_object_array_add(flows, o);
	}
	return flows;
}

struct json_object *show_stats(const struct vnet *v, const struct resource *only)
{
	struct json_object *o = json_object_new_object();
	struct json_object *resources;

	if (!o)
		return NULL;
	resources = json_object_new_array();
	for (struct resource *r = v->resources; r; r = r->hh.next) {
		if (!only || r == only)
			json_object_array_add(resources, show_resource_stats(r));
	}
	show_add_text(o, "vnet", v->name);
	show_add_number(o, "switches", v->switches);
	json_object_object_add(o, "drops", show_drops(v));
	json_object_object_add(o, "resources", resources);
	if (only)
		return o;
	json_object_object_add(o, "devices", show_device_stats(v));
	json_object_object_add(o, "flows", show_flow_stats(v));
	return o;
}

/* --- events --- */

void show_add_time(struct json_object *o, uint64_t time_us)
{
	time_t seconds = (time_t)(time_us / SHOW_USEC_PER_SEC);
	char date[32], text[64];
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm))
		date[0] = '\0';
	snprintf(text, sizeof(text), "%s.%06uZ", date, (unsigned int)(time_us % SHOW_USEC_PER_SEC));
	show_add_text(o, "time", text);
}

static void show_add_name(struct json_object *o, const char *key, const struct resource *r)
{
	json_object_object_add(o, key, r ? json_object_new_string(r->name) : NULL);
}

/* Null is an answer there: nothing carries, or carried. */
static void show_add_switch(struct json_object *o, const struct manager_event *event)
{
	if (event->kind)
		show_add_text(o, "kind", event->kind);
	show_add_name(o, "resource", event->resource);
	show_add_name(o, "previous", event->previous);
}

static void show_add_subject(struct json_object *o, const struct resource *r)
{
	show_add_name(o, "resource", r);
	show_add_text(o, "type", settings_type_name(r->settings.type));
	show_add_text(o, "state", resource_state_name(r->state));
	if (r->reason[0])
		show_add_text(o, "reason", r->reason);
}

static void show_add_uplink(struct json_object *o, const struct uplink *u)
{
	show_add_text(o, "uplink", u->name);
	show_add_text(o, "state", resource_state_name(u->state));
	if (u->reason[0])
		show_add_text(o, "reason", u->reason);
}

struct json_object *show_event(const struct manager_event *event)
{
	struct json_object *o = json_object_new_object();

	if (!o)
		return NULL;
	show_add_time(o, event->time_us);
	show_add_text(o, "event", manager_event_name(event->type));
	if (event->vnet)
		show_add_text(o, "vnet", event->vnet->name);
	if (event->uplink)
		show_add_uplink(o, event->uplink);
	if (event->type == MANAGER_PATH_SWITCHED)
		show_add_switch(o, event);
	else if (event->resource)
		show_add_subject(o, event->resource);
	return o;
}
