/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state_json_internal.h"

static struct json_object *settings_new(const struct setting *table, const void *settings)
{
	UTIL_CLEANUP(put_json) struct json_object *o = json_object_new_object();
	char value[SETTINGS_TEXT_SIZE];

	if (!o)
		return NULL;
	for (const struct setting *s = table; s->key; s++) {
		s->format(settings, value);
		if (value[0] && !put(o, s->key, text(value)))
			return NULL;
	}
	return UTIL_TAKE_PTR(o);
}

/* A key that is there is a field that was changed. */
static struct json_object *saved_new(const struct desired_saved *s)
{
	UTIL_CLEANUP(put_json) struct json_object *o = json_object_new_object();
	const struct kernel_link_change *b = &s->before;

	if (!o || !put(o, "ifindex", number(s->ifindex)))
		return NULL;
	if ((b->set & KERNEL_LINK_MTU) && !put(o, "mtu", number(b->mtu)))
		return NULL;
	if ((b->set & KERNEL_LINK_ADDRESS) && !put(o, "address", mac_text(b->address)))
		return NULL;
	if ((b->set & KERNEL_LINK_UP) && !put(o, "up", boolean(b->up)))
		return NULL;
	if ((b->set & KERNEL_LINK_ALLMULTI) && !put(o, "allmulti", boolean(b->allmulti)))
		return NULL;
	if ((b->set & KERNEL_LINK_DORMANT) && !put(o, "dormant", boolean(b->dormant)))
		return NULL;
	if ((b->set & KERNEL_LINK_PROMISC) && !put(o, "promisc", boolean(b->promisc)))
		return NULL;
	if ((b->set & KERNEL_LINK_FQ) && !put(o, "fq", boolean(b->fq)))
		return NULL;
	if (s->filtered && !put(o, "filter", mac_text(s->filter)))
		return NULL;
	return UTIL_TAKE_PTR(o);
}

static const char *const end_names[DESIRED_ENDS] = {
	[DESIRED_DEVICE] = "device",
	[DESIRED_PEER] = "peer",
};

/* As with saved_new(): a name that is there was switched. */
static struct json_object *switched_new(const struct desired_offloads *switched)
{
	UTIL_CLEANUP(put_json) struct json_object *o = json_object_new_object();

	if (!o || !put(o, "ifindex", number(switched->ifindex)))
		return NULL;
	for (int i = 0; i < KERNEL_OFFLOAD_END; i++)
		if ((switched->set >> i & 1) && !put(o, kernel_offload_name((enum kernel_offload)i),
						     boolean(switched->on >> i & 1)))
			return NULL;
	return UTIL_TAKE_PTR(o);
}

static bool put_offloads(struct json_object *o, const struct desired_offloads ends[DESIRED_ENDS])
{
	UTIL_CLEANUP(put_json) struct json_object *offloads = json_object_new_object();

	if (!offloads)
		return false;
	for (int end = 0; end < DESIRED_ENDS; end++)
		if (ends[end].ifindex && !put(offloads, end_names[end], switched_new(&ends[end])))
			return false;
	return !json_object_object_length(offloads) || put(o, "offloads", UTIL_TAKE_PTR(offloads));
}

static bool put_common(struct json_object *o, const char *name, uint32_t map_number,
		       bool from_config)
{
	return put(o, "name", text(name)) && put(o, "number", number(map_number)) &&
	       put(o, "from_config", boolean(from_config));
}

static struct json_object *provider_new(const struct desired_provider *p)
{
	UTIL_CLEANUP(put_json) struct json_object *o = json_object_new_object();

	if (!o || !put(o, "kind", text(desired_provider_kind_name(p->kind))) ||
	    !put(o, "uid", number(p->uid)) || !put(o, "token", text(p->token)) ||
	    !put(o, "max_sdu", number(p->max_sdu)) ||
	    !put(o, "report", text(desired_report_name(p->report))) ||
	    !put(o, "reason", text(p->reason)))
		return NULL;
	return UTIL_TAKE_PTR(o);
}

static struct json_object *resource_new(const struct desired_resource *r)
{
	UTIL_CLEANUP(put_json) struct json_object *o = json_object_new_object();

	if (!o || !put_common(o, r->name, r->number, r->from_config) ||
	    !put(o, "settings", settings_new(settings_resource, &r->settings)))
		return NULL;
	if (r->from_config && !put(o, "base", settings_new(settings_resource, &r->base)))
		return NULL;
	if (r->saved.ifindex && !put(o, "saved", saved_new(&r->saved)))
		return NULL;
	if ((r->vf.pf || r->vf.entry) && !put(o, "vf", state_vf_new(&r->vf)))
		return NULL;
	if (!put_offloads(o, r->offloads))
		return NULL;
	if (r->provider.kind != DESIRED_PROVIDER_NONE &&
	    !put(o, "provider", provider_new(&r->provider)))
		return NULL;
	return UTIL_TAKE_PTR(o);
}

/* Takes over @child. */
static bool append(struct json_object *array, struct json_object *child)
{
	if (child && json_object_array_add(array, child) == 0)
		return true;
	json_object_put(child);
	return false;
}

static struct json_object *resources_new(const struct desired_vnet *v)
{
	UTIL_CLEANUP(put_json) struct json_object *array = json_object_new_array();

	if (!array)
		return NULL;
	for (size_t i = 0; i < v->resource_count; i++)
		if (!append(array, resource_new(&v->resources[i])))
			return NULL;
	return UTIL_TAKE_PTR(array);
}

/* Nothing to say is nothing said. */
static bool put_names(struct json_object *o, const char *key, const struct desired_names *n)
{
	UTIL_CLEANUP(put_json)
	struct json_object *array = n->count ? json_object_new_array() : NULL;

	for (size_t i = 0; array && i < n->count; i++)
		if (!append(array, text(n->name[i])))
			return false;
	return !n->count || put(o, key, UTIL_TAKE_PTR(array));
}

static struct json_object *flow_new(const struct desired_flow *f)
{
	UTIL_CLEANUP(put_json) struct json_object *o = json_object_new_object();

	if (!o || !put_common(o, f->name, f->number, f->from_config) ||
	    !put(o, "settings", settings_new(settings_flow, &f->settings)))
		return NULL;
	if (f->from_config && !put(o, "base", settings_new(settings_flow, &f->base)))
		return NULL;
	return UTIL_TAKE_PTR(o);
}

/* Nothing to say is nothing said. */
static bool put_flows(struct json_object *o, const struct desired_flows *flows)
{
	UTIL_CLEANUP(put_json)
	struct json_object *array = flows->count ? json_object_new_array() : NULL;

	for (size_t i = 0; array && i < flows->count; i++)
		if (!append(array, flow_new(&flows->flow[i])))
			return false;
	if (flows->count && !put(o, "flows", UTIL_TAKE_PTR(array)))
		return false;
	return put_names(o, "removed_flows", &flows->removed);
}

static struct json_object *vnet_new(const struct desired_vnet *v)
{
	UTIL_CLEANUP(put_json) struct json_object *o = json_object_new_object();

	if (!o || !put_common(o, v->name, v->number, v->from_config) ||
	    !put(o, "settings", settings_new(settings_vnet, &v->settings)))
		return NULL;
	if (v->from_config && !put(o, "base", settings_new(settings_vnet, &v->base)))
		return NULL;
	if (v->migrating && !put(o, "migrating", boolean(true)))
		return NULL;
	if (!put_offloads(o, v->offloads) || !put(o, "resources", resources_new(v)) ||
	    !put_names(o, "removed", &v->removed) || !put_flows(o, &v->flows))
		return NULL;
	return UTIL_TAKE_PTR(o);
}

static struct json_object *uplink_new(const struct desired_uplink *u)
{
	UTIL_CLEANUP(put_json) struct json_object *o = json_object_new_object();

	if (!o || !put_common(o, u->name, u->number, u->from_config) ||
	    !put(o, "settings", settings_new(settings_uplink, &u->settings)))
		return NULL;
	if (u->from_config && !put(o, "base", settings_new(settings_uplink, &u->base)))
		return NULL;
	if (u->saved.ifindex && !put(o, "saved", saved_new(&u->saved)))
		return NULL;
	if (!put_flows(o, &u->flows))
		return NULL;
	return UTIL_TAKE_PTR(o);
}

static bool put_uplinks(struct json_object *o, const struct desired *d)
{
	UTIL_CLEANUP(put_json) struct json_object *array = json_object_new_array();

	for (size_t i = 0; array && i < d->uplink_count; i++)
		if (!append(array, uplink_new(&d->uplinks[i])))
			return false;
	return put(o, "uplinks", UTIL_TAKE_PTR(array)) &&
	       put_names(o, "removed_uplinks", &d->removed_uplinks);
}

struct json_object *state_json_new(const struct desired *d)
{
	UTIL_CLEANUP(put_json) struct json_object *o = json_object_new_object();
	UTIL_CLEANUP(put_json) struct json_object *array = json_object_new_array();

	if (!o || !array)
		return NULL;
	for (size_t i = 0; i < d->vnet_count; i++)
		if (!append(array, vnet_new(&d->vnets[i])))
			return NULL;
	if (!put(o, "vnets", UTIL_TAKE_PTR(array)) || !put_names(o, "removed", &d->removed) ||
	    ((d->uplink_count || d->removed_uplinks.count) && !put_uplinks(o, d)))
		return NULL;
	return UTIL_TAKE_PTR(o);
}

static int read_name(struct json_object *o, char *ret, size_t size, struct error *e)
{
	struct json_object *child = member(o, "name", json_type_string);

	if (!child)
		return wrong(e, "name", "a text");
	if (settings_check_name("the", json_object_get_string(child), size, e) < 0)
		return -EBADMSG;
	util_copy(ret, size, json_object_get_string(child));
	return 0;
}

/* @settings holds the defaults. */
static int read_settings(struct json_object *o, const char *key, const struct setting *table,
			 void *settings, struct error *e)
{
	struct json_object *object = member(o, key, json_type_object);

	if (!object)
		return wrong(e, key, "an object");
	json_object_object_foreach(object, name, value)
	{
		if (!json_object_is_type(value, json_type_string))
			return wrong(e, name, "a text");
		if (settings_set(table, settings, key, name, json_object_get_string(value), e) < 0)
			return -EBADMSG;
	}
	return 0;
}

/* Reads one field that may have been changed, and notes that it was. */
static int read_changed(struct json_object *o, const char *key, enum kernel_link_field field,
			struct kernel_link_change *b, struct error *e)
{
	if (!has(o, key))
		return 0;
	b->set |= field;
	switch (field) {
	case KERNEL_LINK_MTU:
		return read_number(o, key, &b->mtu, e);
	case KERNEL_LINK_ADDRESS:
		return read_mac(o, key, b->address, e);
	case KERNEL_LINK_UP:
		return read_bool(o, key, &b->up, e);
	case KERNEL_LINK_ALLMULTI:
		return read_bool(o, key, &b->allmulti, e);
	case KERNEL_LINK_DORMANT:
		return read_bool(o, key, &b->dormant, e);
	case KERNEL_LINK_PROMISC:
		return read_bool(o, key, &b->promisc, e);
	case KERNEL_LINK_FQ:
		return read_bool(o, key, &b->fq, e);
	}
	return -EBADMSG;
}

static const struct {
	const char *key;
	enum kernel_link_field field;
} changed_fields[] = {
	{ "mtu", KERNEL_LINK_MTU },	    { "address", KERNEL_LINK_ADDRESS },
	{ "up", KERNEL_LINK_UP },	    { "allmulti", KERNEL_LINK_ALLMULTI },
	{ "dormant", KERNEL_LINK_DORMANT }, { "promisc", KERNEL_LINK_PROMISC },
	{ "fq", KERNEL_LINK_FQ },
};

static int read_saved(struct json_object *resource, struct desired_saved *ret, struct error *e)
{
	struct json_object *o = member(resource, "saved", json_type_object);
	int r;

	if (!has(resource, "saved"))
		return 0;
	if (!o)
		return wrong(e, "saved", "an object");
	r = read_number(o, "ifindex", &ret->ifindex, e);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(changed_fields) && r == 0; i++)
		r = read_changed(o, changed_fields[i].key, changed_fields[i].field, &ret->before,
				 e);
	if (r < 0 || !has(o, "filter"))
		return r;
	ret->filtered = true;
	return read_mac(o, "filter", ret->filter, e);
}

static int read_switched(struct json_object *o, struct desired_offloads *ret, struct error *e)
{
	int r = read_number(o, "ifindex", &ret->ifindex, e);

	for (int i = 0; i < KERNEL_OFFLOAD_END && r == 0; i++) {
		const char *name = kernel_offload_name((enum kernel_offload)i);
		bool on = false;

		if (!has(o, name))
			continue;
		r = read_bool(o, name, &on, e);
		ret->set |= 1u << i;
		ret->on |= (unsigned int)on << i;
	}
	return r;
}

static int read_offloads(struct json_object *object, struct desired_offloads ret[DESIRED_ENDS],
			 struct error *e)
{
	struct json_object *o = member(object, "offloads", json_type_object);
	int r = 0;

	if (!has(object, "offloads"))
		return 0;
	if (!o)
		return wrong(e, "offloads", "an object");
	for (int end = 0; end < DESIRED_ENDS && r == 0; end++)
		if (has(o, end_names[end]))
			r = read_switched(member(o, end_names[end], json_type_object), &ret[end],
					  e);
	return r;
}

static int read_text(struct json_object *o, const char *key, char *ret, size_t size,
		     struct error *e)
{
	struct json_object *child = member(o, key, json_type_string);

	if (!child || !util_copy(ret, size, json_object_get_string(child)))
		return wrong(e, key, "a text that is short enough");
	return 0;
}

static int read_kind(struct json_object *o, enum desired_provider_kind *ret, struct error *e)
{
	char kind[16];
	int r = read_text(o, "kind", kind, sizeof(kind), e);

	*ret = DESIRED_PROVIDER_NETDEV;
	while (r == 0 && !util_same(kind, desired_provider_kind_name(*ret)))
		if ((*ret)++ == DESIRED_PROVIDER_TAP)
			r = wrong(e, "kind", "netdev or tap");
	return r;
}

static int read_report(struct json_object *o, enum desired_report *ret, struct error *e)
{
	char report[16];
	int r = read_text(o, "report", report, sizeof(report), e);

	*ret = DESIRED_REPORT_UP;
	while (r == 0 && !util_same(report, desired_report_name(*ret)))
		if ((*ret)++ == DESIRED_REPORT_FAILED)
			r = wrong(e, "report", "up, down or failed");
	return r;
}

static int read_token(struct json_object *o, char ret[DESIRED_TOKEN_SIZE], struct error *e)
{
	int r = read_text(o, "token", ret, DESIRED_TOKEN_SIZE, e);

	if (r == 0 && strspn(ret, "0123456789abcdef") != DESIRED_TOKEN_SIZE - 1)
		r = wrong(e, "token", "32 hexadecimal digits");
	return r;
}

/* Files of before there were providers do not have it. */
static int read_provider(struct json_object *resource, struct desired_provider *ret,
			 struct error *e)
{
	struct json_object *o = member(resource, "provider", json_type_object);
	int r;

	if (!has(resource, "provider"))
		return 0;
	if (!o)
		return wrong(e, "provider", "an object");
	r = read_kind(o, &ret->kind, e);
	if (r == 0)
		r = read_number(o, "uid", &ret->uid, e);
	if (r == 0)
		r = read_token(o, ret->token, e);
	if (r == 0)
		r = read_number(o, "max_sdu", &ret->max_sdu, e);
	if (r == 0)
		r = read_report(o, &ret->report, e);
	return r < 0 ? r : read_text(o, "reason", ret->reason, sizeof(ret->reason), e);
}

static int read_resource(struct json_object *o, struct desired_vnet *v, struct error *e)
{
	struct desired_resource *d = desired_add_resource(v);
	int r;

	if (!d)
		return -ENOMEM;
	settings_resource_default(&d->settings);
	r = read_name(o, d->name, sizeof(d->name), e);
	if (r == 0)
		r = read_number(o, "number", &d->number, e);
	if (r == 0)
		r = read_bool(o, "from_config", &d->from_config, e);
	if (r == 0)
		r = read_settings(o, "settings", settings_resource, &d->settings, e);
	if (r == 0 && d->from_config) {
		settings_resource_default(&d->base);
		r = read_settings(o, "base", settings_resource, &d->base, e);
	}
	if (r == 0)
		r = read_saved(o, &d->saved, e);
	if (r == 0)
		r = state_vf_read(o, &d->vf, e);
	if (r == 0)
		r = read_provider(o, &d->provider, e);
	return r < 0 ? r : read_offloads(o, d->offloads, e);
}

static int read_resources(struct json_object *o, struct desired_vnet *v, struct error *e)
{
	struct json_object *array = member(o, "resources", json_type_array);
	int r = 0;

	if (!array)
		return wrong(e, "resources", "an array");
	for (size_t i = 0; i < json_object_array_length(array) && r == 0; i++)
		r = read_resource(json_object_array_get_idx(array, i), v, e);
	return r;
}

static int read_names(struct json_object *o, const char *key, struct desired_names *n,
		      struct error *e)
{
	struct json_object *array = member(o, key, json_type_array);
	int r = 0;

	if (!has(o, key))
		return 0;
	if (!array)
		return wrong(e, key, "an array");
	for (size_t i = 0; i < json_object_array_length(array) && r == 0; i++) {
		struct json_object *name = json_object_array_get_idx(array, i);

		if (!json_object_is_type(name, json_type_string))
			return wrong(e, key, "an array of names");
		if (settings_check_name("the", json_object_get_string(name), sizeof(*n->name), e) <
		    0)
			return -EBADMSG;
		r = desired_names_add(n, json_object_get_string(name));
	}
	return r;
}

static int read_flow(struct json_object *o, struct desired_flows *flows, struct error *e)
{
	struct desired_flow *f = desired_add_flow(flows);
	int r;

	if (!f)
		return -ENOMEM;
	settings_flow_default(&f->settings);
	r = read_name(o, f->name, sizeof(f->name), e);
	if (r == 0)
		r = read_number(o, "number", &f->number, e);
	if (r == 0)
		r = read_bool(o, "from_config", &f->from_config, e);
	if (r == 0)
		r = read_settings(o, "settings", settings_flow, &f->settings, e);
	if (r == 0 && f->from_config) {
		settings_flow_default(&f->base);
		r = read_settings(o, "base", settings_flow, &f->base, e);
	}
	return r;
}

/* Files of before there were flows do not have it. */
static int read_flows(struct json_object *owner, struct desired_flows *flows, struct error *e)
{
	struct json_object *array = member(owner, "flows", json_type_array);
	int r = 0;

	if (has(owner, "flows") && !array)
		return wrong(e, "flows", "an array");
	for (size_t i = 0; array && i < json_object_array_length(array) && r == 0; i++)
		r = read_flow(json_object_array_get_idx(array, i), flows, e);
	return r < 0 ? r : read_names(owner, "removed_flows", &flows->removed, e);
}

static int read_vnet(struct json_object *o, struct desired *d, struct error *e)
{
	struct desired_vnet *v = desired_add_vnet(d);
	int r;

	if (!v)
		return -ENOMEM;
	settings_vnet_default(&v->settings);
	r = read_name(o, v->name, sizeof(v->name), e);
	if (r == 0)
		r = read_number(o, "number", &v->number, e);
	if (r == 0)
		r = read_bool(o, "from_config", &v->from_config, e);
	if (r == 0)
		r = read_settings(o, "settings", settings_vnet, &v->settings, e);
	if (r == 0 && v->from_config) {
		settings_vnet_default(&v->base);
		r = read_settings(o, "base", settings_vnet, &v->base, e);
	}
	if (r == 0 && has(o, "migrating"))
		r = read_bool(o, "migrating", &v->migrating, e);
	if (r == 0)
		r = read_offloads(o, v->offloads, e);
	if (r == 0)
		r = read_resources(o, v, e);
	if (r == 0)
		r = read_flows(o, &v->flows, e);
	return r < 0 ? r : read_names(o, "removed", &v->removed, e);
}

static int read_uplink(struct json_object *o, struct desired *d, struct error *e)
{
	struct desired_uplink *u = desired_add_uplink(d);
	int r;

	if (!u)
		return -ENOMEM;
	settings_uplink_default(&u->settings);
	r = read_name(o, u->name, sizeof(u->name), e);
	if (r == 0)
		r = read_number(o, "number", &u->number, e);
	if (r == 0)
		r = read_bool(o, "from_config", &u->from_config, e);
	if (r == 0)
		r = read_settings(o, "settings", settings_uplink, &u->settings, e);
	if (r == 0 && u->from_config) {
		settings_uplink_default(&u->base);
		r = read_settings(o, "base", settings_uplink, &u->base, e);
	}
	if (r == 0)
		r = read_flows(o, &u->flows, e);
	return r < 0 ? r : read_saved(o, &u->saved, e);
}

/* Files of before there were uplinks do not have it. */
static int read_uplinks(struct json_object *state, struct desired *d, struct error *e)
{
	struct json_object *array = member(state, "uplinks", json_type_array);
	int r = 0;

	if (has(state, "uplinks") && !array)
		return wrong(e, "uplinks", "an array");
	for (size_t i = 0; array && i < json_object_array_length(array) && r == 0; i++)
		r = read_uplink(json_object_array_get_idx(array, i), d, e);
	return r < 0 ? r : read_names(state, "removed_uplinks", &d->removed_uplinks, e);
}

int state_json_read(struct json_object *state, struct desired *ret, struct error *e)
{
	struct json_object *array = member(state, "vnets", json_type_array);
	int r = 0;

	if (!array)
		return wrong(e, "vnets", "an array");
	for (size_t i = 0; i < json_object_array_length(array) && r == 0; i++)
		r = read_vnet(json_object_array_get_idx(array, i), ret, e);
	if (r == 0)
		r = read_uplinks(state, ret, e);
	return r < 0 ? r : read_names(state, "removed", &ret->removed, e);
}
