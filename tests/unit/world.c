/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "world.h"

#include <errno.h>

#include "../../daemon/log.h"
#include "../../daemon/state_json.h"

/* --- made and ended --- */

static void note_event(struct world *w, const char *text)
{
	size_t used = strlen(w->events);

	ck_assert_uint_lt(used + strlen(text), sizeof(w->events));
	memcpy(w->events + used, text, strlen(text) + 1);
}

static const char *name_of(const struct resource *r)
{
	return r ? r->name : "-";
}

static void on_event(void *context, const struct manager_event *event)
{
	struct world *w = context;
	char text[160];

	ck_assert_uint_gt(event->time_us, 1600000000000000);
	if (event->type == MANAGER_PATH_SWITCHED)
		snprintf(text, sizeof(text), "path-switched %s %s %s %s\n", event->vnet->name,
			 event->kind, name_of(event->resource), name_of(event->previous));
	else if (event->type == MANAGER_RESOURCE_STATE)
		snprintf(text, sizeof(text), "resource-state %s %s %s\n", event->vnet->name,
			 event->resource->name, resource_state_name(event->resource->state));
	else if (event->uplink)
		snprintf(text, sizeof(text), "%s %s %s\n", manager_event_name(event->type),
			 event->uplink->name, resource_state_name(event->uplink->state));
	else if (event->resource)
		snprintf(text, sizeof(text), "%s %s %s\n", manager_event_name(event->type),
			 event->vnet->name, event->resource->name);
	else
		snprintf(text, sizeof(text), "%s %s\n", manager_event_name(event->type),
			 event->vnet ? event->vnet->name : "-");
	note_event(w, text);
}

static char *snapshot_text(const struct manager *m)
{
	struct desired all = { 0 };
	struct json_object *o;
	char *text;

	ck_assert_int_eq(manager_snapshot(m, &all), 0);
	o = state_json_new(&all);
	text = strdup(json_object_to_json_string(o));
	json_object_put(o);
	desired_clear(&all);
	return text;
}

static int on_save(void *context, const struct manager *m, struct error *e)
{
	struct world *w = context;

	if (w->save_fails)
		return error_set(e, ERROR_FAILED, ENOSPC, NULL, NULL,
				 "the state file cannot be written");
	w->saves++;
	free(w->kept);
	w->kept = snapshot_text(m);
	return 0;
}

static const struct manager_callbacks callbacks = { .on_event = on_event, .on_save = on_save };

struct world *world_new(void)
{
	struct world *w = calloc(1, sizeof(*w));

	ck_assert_ptr_nonnull(w);
	log_open(-1);
	w->k = fake_kernel_new();
	ck_assert_int_eq(manager_new(&w->k->kernel, &callbacks, w, &w->m), 0);
	ck_assert_int_eq(manager_sweep(w->m), 0);
	return w;
}

void world_free(struct world *w)
{
	manager_free(w->m);
	fake_kernel_free(w->k);
	free(w->kept);
	free(w);
}

void world_stop(struct world *w)
{
	manager_settle(w->m);
	manager_free(w->m);
	w->m = NULL;
}

static void tell_all(struct world *w)
{
	for (size_t i = 0; i < w->k->link_count; i++)
		manager_on_link(w->m, &w->k->links[i]);
}

/* With the vnetd before this one its sockets have left the map, but for what programs have and are
 * still led to. */
static void forget_sockets(struct world *w)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		struct fake_row *socket = &w->k->xsks.rows[i];
		const struct abi_flow *row;
		uint32_t place;

		if (!socket->used)
			continue;
		memcpy(&place, socket->key, sizeof(place));
		row = fake_kernel_flow(w->k, place / 2);
		socket->used = row && row->target_kind == ABI_TARGET_XSK &&
			       ABI_XSK_PLACE(place / 2, row->turn) == place;
	}
}

void world_start(struct world *w)
{
	struct json_object *o = w->kept ? json_tokener_parse(w->kept) : NULL;
	struct desired all = { 0 };
	struct error e = { 0 };

	forget_sockets(w);
	ck_assert_int_eq(manager_new(&w->k->kernel, &callbacks, w, &w->m), 0);
	manager_on_dump_begin(w->m);
	tell_all(w);
	manager_on_dump_end(w->m);
	if (o)
		ck_assert_msg(!state_json_read(o, &all, &e), "%s", e.message);
	manager_restore(w->m, &all, &w->e);
	ck_assert_int_eq(manager_sweep(w->m), 0);
	desired_clear(&all);
	json_object_put(o);
}

/* --- devices --- */

struct link *world_device(struct world *w, const char *name)
{
	fake_kernel_add(w->k, name);
	fake_kernel_tell(w->k, w->m, name);
	return fake_kernel_find(w->k, name);
}

void world_carrier(struct world *w, const char *name, bool carrier)
{
	struct link *l = fake_kernel_find(w->k, name);

	l->carrier_downs += l->carrier && !carrier;
	l->carrier = carrier;
	fake_kernel_tell(w->k, w->m, name);
}

void world_up(struct world *w, const char *name, bool up)
{
	struct link *l = fake_kernel_find(w->k, name);

	l->flags = up ? l->flags | IFF_UP : l->flags & ~(unsigned int)IFF_UP;
	fake_kernel_tell(w->k, w->m, name);
}

void world_pass(struct world *w, uint64_t us)
{
	uint64_t end_us = w->k->now_us + us, due_us;

	while ((due_us = manager_due_us(w->m)) <= end_us) {
		if (due_us > w->k->now_us)
			w->k->now_us = due_us;
		manager_on_time(w->m, w->k->now_us);
		ck_assert_uint_gt(manager_due_us(w->m), due_us);
	}
	w->k->now_us = end_us;
}

void world_rename(struct world *w, const char *name, const char *to)
{
	struct link *l = fake_kernel_find(w->k, name);

	memset(l->name, 0, sizeof(l->name));
	util_copy(l->name, sizeof(l->name), to);
	fake_kernel_tell(w->k, w->m, to);
}

void world_delete(struct world *w, const char *name)
{
	uint32_t ifindex = fake_kernel_find(w->k, name)->ifindex;
	uint32_t peer = fake_kernel_find(w->k, name)->peer;
	const char *other = NULL;

	for (size_t i = 0; i < w->k->link_count; i++)
		if (peer && w->k->links[i].ifindex == peer)
			other = w->k->links[i].name;
	if (other)
		fake_kernel_remove(w->k, other);
	fake_kernel_remove(w->k, name);
	manager_on_gone(w->m, ifindex);
	if (other)
		manager_on_gone(w->m, peer);
}

/* --- changes --- */

static int set_all(const struct setting *table, void *settings, const char *object, va_list args,
		   struct error *e)
{
	const char *key;
	int err = 0;

	while (!err && (key = va_arg(args, const char *)))
		err = settings_set(table, settings, object, key, va_arg(args, const char *), e);
	return err;
}

int world_try_vnet(struct world *w, const char *name, ...)
{
	struct vnet_settings s;
	va_list args;
	int err;

	w->e = (struct error) { 0 };
	settings_vnet_default(&s);
	va_start(args, name);
	err = set_all(settings_vnet, &s, name, args, &w->e);
	va_end(args);
	return err ? err : manager_vnet_add(w->m, name, &s, &w->e);
}

int world_try_set(struct world *w, const char *name, ...)
{
	struct vnet_settings s = world_find(w, name)->settings;
	va_list args;
	int err;

	w->e = (struct error) { 0 };
	va_start(args, name);
	err = set_all(settings_vnet, &s, name, args, &w->e);
	va_end(args);
	return err ? err : manager_vnet_set(w->m, name, &s, &w->e);
}

int world_try_resource(struct world *w, const char *vnet, const char *name, ...)
{
	struct resource_settings s;
	va_list args;
	int err;

	w->e = (struct error) { 0 };
	settings_resource_default(&s);
	va_start(args, name);
	err = set_all(settings_resource, &s, name, args, &w->e);
	va_end(args);
	return err ? err : manager_resource_add(w->m, vnet, name, &s, &w->e);
}

int world_try_resource_set(struct world *w, const char *vnet, const char *name, ...)
{
	struct resource_settings s = world_find_resource(w, vnet, name)->settings;
	va_list args;
	int err;

	w->e = (struct error) { 0 };
	va_start(args, name);
	err = set_all(settings_resource, &s, name, args, &w->e);
	va_end(args);
	return err ? err : manager_resource_set(w->m, vnet, name, &s, &w->e);
}

int world_try_uplink(struct world *w, const char *name, ...)
{
	struct uplink_settings s;
	va_list args;
	int err;

	w->e = (struct error) { 0 };
	settings_uplink_default(&s);
	va_start(args, name);
	err = set_all(settings_uplink, &s, name, args, &w->e);
	va_end(args);
	return err ? err : manager_uplink_add(w->m, name, &s, &w->e);
}

int world_try_uplink_set(struct world *w, const char *name, ...)
{
	struct uplink_settings s = world_find_uplink(w, name)->settings;
	va_list args;
	int err;

	w->e = (struct error) { 0 };
	va_start(args, name);
	err = set_all(settings_uplink, &s, name, args, &w->e);
	va_end(args);
	return err ? err : manager_uplink_set(w->m, name, &s, &w->e);
}

struct flow *world_find_flow(struct world *w, const char *owner, const char *name)
{
	struct manager_flow_owner o;

	ck_assert_int_eq(manager_find_flow_owner(w->m, owner, &o, NULL), 0);
	return manager_find_flow(&o, name, NULL);
}

int world_try_flow(struct world *w, const char *owner, const char *name, ...)
{
	struct flow_settings s;
	va_list args;
	int err;

	w->e = (struct error) { 0 };
	settings_flow_default(&s);
	va_start(args, name);
	err = set_all(settings_flow, &s, name, args, &w->e);
	va_end(args);
	return err ? err : manager_flow_add(w->m, owner, name, &s, &w->e);
}

int world_try_flow_set(struct world *w, const char *owner, const char *name, ...)
{
	struct flow_settings s = world_find_flow(w, owner, name)->settings;
	va_list args;
	int err;

	w->e = (struct error) { 0 };
	va_start(args, name);
	err = set_all(settings_flow, &s, name, args, &w->e);
	va_end(args);
	return err ? err : manager_flow_set(w->m, owner, name, &s, &w->e);
}

int world_try_vnet_on(struct world *w, const char *uplink, const char *name, ...)
{
	struct vnet_settings s;
	va_list args;
	int err;

	w->e = (struct error) { 0 };
	settings_vnet_default(&s);
	va_start(args, name);
	err = set_all(settings_vnet, &s, name, args, &w->e);
	va_end(args);
	return err ? err : manager_vnet_add_on(w->m, name, &s, uplink, &w->e);
}

void world_done(struct world *w, int err)
{
	ck_assert_msg(!err, "%d: %s", err, w->e.message);
}

void world_vnet_del(struct world *w, const char *name)
{
	world_done(w, manager_vnet_del(w->m, name, &w->e));
}

void world_resource_del(struct world *w, const char *vnet, const char *name)
{
	world_done(w, manager_resource_del(w->m, vnet, name, &w->e));
}

void world_usual(struct world *w)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "hold_down", "0");
	world_device(w, "s0");
	world_device(w, "g0");
	world_device(w, "h10");
	world_device(w, "h20");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	world_resource(w, "vnet0", "g", "type", "guest", "device", "g0", "peer", WORLD_PEER);
	world_resource(w, "vnet0", "h1", "type", "hybrid", "device", "h10", "priority", "10");
	world_resource(w, "vnet0", "h2", "type", "hybrid", "device", "h20", "priority", "20");
	world_news(w);
}

/* --- looked at --- */

struct uplink *world_find_uplink(struct world *w, const char *name)
{
	struct uplink *u = manager_find_uplink(w->m, name, NULL);

	ck_assert_msg(u, "no uplink %s", name);
	return u;
}

const char *world_uplink_state(struct world *w, const char *name)
{
	const struct uplink *u = world_find_uplink(w, name);

	snprintf(w->state, sizeof(w->state), "%s%s%s", resource_state_name(u->state),
		 u->reason[0] ? ": " : "", u->reason);
	return w->state;
}

struct vnet *world_find(struct world *w, const char *vnet)
{
	struct vnet *v = manager_find_vnet(w->m, vnet, NULL);

	ck_assert_msg(v, "no vnet %s", vnet);
	return v;
}

struct resource *world_find_resource(struct world *w, const char *vnet, const char *name)
{
	struct resource *r = manager_find_resource(world_find(w, vnet), name, NULL);

	ck_assert_msg(r, "no resource %s/%s", vnet, name);
	return r;
}

const char *world_state(struct world *w, const char *vnet, const char *name)
{
	const struct resource *r = world_find_resource(w, vnet, name);

	snprintf(w->state, sizeof(w->state), "%s%s%s", resource_state_name(r->state),
		 r->reason[0] ? ": " : "", r->reason);
	return w->state;
}

void world_news(struct world *w)
{
	char *before = fake_kernel_text(w->k), *after;

	world_forget_journal(w);
	tell_all(w);
	after = fake_kernel_text(w->k);
	ck_assert_str_eq(w->k->journal, "");
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}

static void text_resource(const struct resource *r, FILE *out)
{
	fprintf(out,
		"  %s number %u config %d %s (%s) active %d ifindex %u attached %d fdb %zu vlans "
		"%d\n",
		r->name, r->number, r->from_config, resource_state_name(r->state), r->reason,
		r->active, r->ifindex, r->attached, r->fdb_count, r->vlans_written);
	if (r->provider.kind != DESIRED_PROVIDER_NONE)
		fprintf(out, "  provider %d uid %u max %u report %d (%s) present %d tap %u\n",
			r->provider.kind, r->provider.uid, r->provider.max_sdu, r->provider.report,
			r->provider.reason, r->present, r->tap_ifindex);
	ck_assert(!r->leaving);
}

static void text_vnet(const struct vnet *v, FILE *out)
{
	fprintf(out, "%s number %u config %d upper %s %u port %s %u carrier %d promiscuous %d",
		v->name, v->number, v->from_config, v->upper, v->upper_ifindex, v->port,
		v->port_ifindex, v->carrier, v->promiscuous);
	fprintf(out, " attached %d shortcut %d dormant %d up %zu unicast %s multicast %s\n",
		v->attached, v->shortcut, v->dormant, v->up_count, name_of(v->unicast),
		name_of(v->multicast));
	fprintf(out, "  service %s hybrids", name_of(v->service));
	for (size_t i = 0; i < v->hybrid_count; i++)
		fprintf(out, " %s", v->hybrids[i]->name);
	fputc('\n', out);
	for (const struct resource *r = v->resources; r; r = r->hh.next)
		text_resource(r, out);
	for (const struct flow *f = v->flows; f; f = f->hh.next)
		fprintf(out, "  flow %s number %u config %d\n", f->name, f->number, f->from_config);
	ck_assert(!v->settling && !v->leaving);
}

char *world_text(struct world *w)
{
	char *kernel = fake_kernel_text(w->k), *snapshot = snapshot_text(w->m), *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fputs(kernel, out);
	for (const struct vnet *v = manager_vnets(w->m); v; v = v->hh.next)
		text_vnet(v, out);
	for (const struct uplink *u = manager_uplinks(w->m); u; u = u->hh.next)
		fprintf(out,
			"uplink %s number %u config %d %s (%s) ifindex %u attached %d vnets %zu "
			"addresses %zu\n",
			u->name, u->number, u->from_config, resource_state_name(u->state),
			u->reason, u->ifindex, u->attached, u->member_count, u->address_count);
	fprintf(out, "%zu owners, %zu vnets, %zu resources, %zu wait, %zu uppers missing\n",
		(size_t)HASH_COUNT(w->m->owners), manager_vnet_count(w->m),
		manager_resource_count(w->m), (size_t)HASH_CNT(by_device, w->m->waiting),
		w->m->uppers_missing);
	fprintf(out, "%s\nkept %s\n", snapshot, w->kept ?: "nothing");
	fclose(out);
	free(kernel);
	free(snapshot);
	return text;
}

void world_same(const char *what, const char *before, const char *after)
{
	size_t same = 0, line = 0;

	/* From the start of the line, or what is in front of the difference of a long one. */
	for (; before[same] && before[same] == after[same]; same++)
		if (before[same] == '\n')
			line = same + 1;
	if (same > line + 300)
		line = same - 300;
	if (before[same] != after[same])
		ck_abort_msg("%s:\n  was %.700s\n  is %.700s", what, before + line, after + line);
}

void world_restart(struct world *w)
{
	char *before, *after;

	manager_settle(w->m);
	before = fake_kernel_text(w->k);
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	after = fake_kernel_text(w->k);
	ck_assert_str_eq(w->k->journal, "");
	world_same("restart", before, after);
	free(before);
	free(after);
	world_check(w);
}

void world_refused(struct world *w, int err, enum error_kind kind, int number, const char *object,
		   const char *field, const char *message)
{
	ck_assert_str_eq(w->e.message, message);
	ck_assert_int_eq(err, -number);
	ck_assert_int_eq(w->e.kind, kind);
	ck_assert_int_eq(w->e.number, number);
	ck_assert_str_eq(w->e.object, object);
	ck_assert_str_eq(w->e.field, field);
}

void world_forget_events(struct world *w)
{
	w->events[0] = '\0';
}

void world_forget_journal(struct world *w)
{
	w->k->journal[0] = '\0';
}

static const char *find_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return at;
	return NULL;
}

void world_in_order(const char *text, const char *a, const char *b)
{
	const char *at_a = find_line(text, a), *at_b = find_line(text, b);

	ck_assert_msg(at_a && at_b && at_a < at_b, "\"%s\" is not before \"%s\" in:\n%s", a, b,
		      text);
}
