/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The changes: validate, change the desired state, reconcile, keep. Whichever step fails, the
 * desired state is put back and reconciled once more, so that a refused change has changed nothing.
 */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

#define MANY_RESOURCES 8 /* more of them take their programs' leave later */

/* What went back to how it was should do so without complaint; if not, say what is left. */
static void reconcile_again(struct vnet *v)
{
	struct error e = { 0 };

	if (!reconcile_vnet(v, &e))
		return;
	log_err("%s; after a refused change, trying again", e.message);
	v->manager->unsettled = true;
}

/* --- telling, and removing --- */

static void emit_vnet(struct vnet *v, enum manager_event_type type)
{
	manager_emit(v->manager, (struct manager_event) { .type = type, .vnet = v });
}

void manager_emit_resource(struct resource *r, enum manager_event_type type)
{
	manager_emit(r->vnet->manager,
		     (struct manager_event) { .type = type, .vnet = r->vnet, .resource = r });
}

void manager_remove_resource(struct resource *r)
{
	struct manager *m = r->vnet->manager;
	char device[IFNAMSIZ];

	util_copy(device, sizeof(device), resource_device(r));
	if (r->present && m->callbacks.on_removing)
		m->callbacks.on_removing(m->context, r);
	manager_history_resource_gone(r);
	reconcile_resource_remove(r);
	manager_emit_resource(r, MANAGER_RESOURCE_REMOVED);
	object_resource_free(r);
	if (device[0])
		manager_device_free(m, device);
}

/* What happens on the way is told as well, so that who listens sees a life from end to end. */
static void remove_vnet(struct vnet *v)
{
	struct manager *m = v->manager;
	struct resource *r, *next;
	char upper[IFNAMSIZ];

	manager_remove_flows(m, &v->flows);
	v->leaving = true;
	m->many = HASH_COUNT(v->resources) > MANY_RESOURCES;
	HASH_ITER (hh, v->resources, r, next)
		manager_remove_resource(r);
	m->many = false;
	manager_removed(m, reconcile_peers(v, NULL));
	util_copy(upper, sizeof(upper), v->settings.upper);
	reconcile_upper_remove(v);
	emit_vnet(v, MANAGER_VNET_REMOVED);
	object_vnet_free(v);
	if (upper[0])
		manager_device_free(m, upper);
}

/* --- vnets --- */

static bool is_taken(const struct manager *m, const uint8_t address[MAC_LEN])
{
	for (const struct vnet *v = m->vnets; v; v = v->hh.next)
		if (mac_same(v->settings.address, address))
			return true;
	return false;
}

#define ADDRESS_TRIES 256 /* a prefix of five bytes leaves no more to choose from */

static int choose_address(const struct manager *m, struct vnet_settings *s, const char *name,
			  struct error *e)
{
	int err;

	if (mac_is_unicast(s->address))
		return 0;
	err = mac_random(s->address);
	if (err)
		return error_set(e, ERROR_FAILED, -err, name, "address",
				 "%s: no random address can be made: %s", name, strerror(-err));
	memcpy(s->address, s->prefix, s->prefix_length);
	for (int i = 0; i < ADDRESS_TRIES; i++, s->address[MAC_LEN - 1]++)
		if (mac_is_unicast(s->address) && !is_taken(m, s->address))
			return 0;
	return error_set(e, ERROR_EXISTS, ENOSPC, name, "address_prefix",
			 "%s: all addresses with its address_prefix are in use, expected a shorter "
			 "one",
			 name);
}

/* Where addresses are what tells vnets apart, they have the device's MAC. */
static int share_address(const struct uplink *u, struct vnet_settings *s, const char *name,
			 struct error *e)
{
	const struct link *l = link_find(u->manager->links, u->ifindex);

	if (mac_is_unicast(s->address) || s->prefix_length ||
	    (!s->share && u->settings.steer != SETTINGS_STEER_IP))
		return 0;
	if (!l)
		return error_set(e, ERROR_NOT_FOUND, ENODEV, name, "address",
				 "%s: address is required while device %s of uplink %s does not "
				 "exist, expected the one that it will have",
				 name, u->settings.device, u->name);
	s->share = true;
	memcpy(s->address, l->address, MAC_LEN);
	return 0;
}

static int prepare_vnet(const struct manager *m, const char *name, const struct uplink *u,
			struct vnet_settings *s, struct error *e)
{
	int err = settings_check_name("vnet", name, SETTINGS_NAME_SIZE, e);

	if (!err && u)
		err = share_address(u, s, name, e);
	if (!err)
		err = settings_vnet_check(s, name, e);
	if (!err)
		err = choose_address(m, s, name, e);
	if (!err && u)
		err = validate_member(u, name, s, e);
	return err ?: validate_vnet_add(m, name, s, u, e);
}

static int add_service(struct vnet *v, const struct uplink *u, struct error *e)
{
	struct resource_settings s;
	struct resource *r;
	int err;

	settings_resource_default(&s);
	s.type = SETTINGS_SERVICE;
	util_copy(s.uplink, sizeof(s.uplink), u->name);
	err = validate_resource_add(v, u->name, &s, e);
	if (!err)
		err = object_resource_new(v, u->name, 0, &s, NULL, &r, e);
	if (!err)
		manager_emit_resource(r, MANAGER_RESOURCE_ADDED);
	return err;
}

static int add_vnet(struct manager *m, const char *name, const struct vnet_settings *s,
		    const struct uplink *u, struct error *e)
{
	struct vnet_settings settings = *s;
	struct vnet *v;
	int err = prepare_vnet(m, name, u, &settings, e);

	if (!err)
		err = object_vnet_new(m, name, 0, &settings, &v, e);
	if (err)
		return err;
	emit_vnet(v, MANAGER_VNET_ADDED);
	/* A name that is taken or a namespace that is not there: then nothing else is begun. */
	err = reconcile_upper(v, e);
	if (!err && u)
		err = add_service(v, u, e);
	if (!err)
		err = reconcile_vnet(v, e);
	if (!err)
		err = manager_save(m, e);
	if (err)
		remove_vnet(v);
	return err;
}

int manager_vnet_add(struct manager *m, const char *name, const struct vnet_settings *s,
		     struct error *e)
{
	return add_vnet(m, name, s, NULL, e);
}

int manager_vnet_add_on(struct manager *m, const char *name, const struct vnet_settings *s,
			const char *uplink, struct error *e)
{
	const struct uplink *u = manager_find_uplink(m, uplink, e);

	if (!u)
		return error_set(e, ERROR_NOT_FOUND, ENOENT, name, "uplink",
				 "%s: uplink %s does not exist, expected the name of one", name,
				 uplink);
	return add_vnet(m, name, s, u, e);
}

int manager_vnet_set(struct manager *m, const char *name, const struct vnet_settings *s,
		     struct error *e)
{
	struct vnet *v = manager_find_vnet(m, name, e);
	struct vnet_settings before, settings = *s;
	int err;

	if (!v)
		return -ENOENT;
	err = settings_vnet_check(s, name, e);
	if (!err)
		err = choose_address(m, &settings, name, e);
	if (!err)
		err = validate_vnet_set(v, &settings, e);
	if (err)
		return err;
	before = v->settings;
	v->settings = settings;
	reconcile_past_note(v, NULL);
	m->changing = true;
	err = reconcile_vnet(v, e);
	m->changing = false;
	if (!err)
		err = manager_save(m, e);
	if (err) {
		v->settings = before;
		reconcile_past_put_back(v);
		reconcile_again(v);
		reconcile_past_return(v);
	}
	return err;
}

/*
 * What is to go is first no longer kept: if that fails, nothing has been touched. Unless it is the
 * files that let it go, they still have it, and the next start has to know better.
 */
int manager_keep_without(struct manager *m, bool *leaving, struct desired_names *removed,
			 const char *name, bool from_config, struct error *e)
{
	bool in_files = from_config && !m->saves_held;
	int err = in_files ? desired_names_add(removed, name) : 0;

	if (err)
		return error_set(e, ERROR_FAILED, -err, name, NULL, "%s: no memory", name);
	*leaving = true;
	err = manager_save(m, e);
	*leaving = false;
	if (err && in_files)
		desired_names_drop(removed, name);
	return err;
}

int manager_vnet_del(struct manager *m, const char *name, struct error *e)
{
	struct vnet *v = manager_find_vnet(m, name, e);
	int err;

	if (!v)
		return -ENOENT;
	err = manager_keep_without(m, &v->leaving, &m->removed, v->name, v->from_config, e);
	if (!err)
		remove_vnet(v);
	return err;
}

void manager_upper_deleted(struct vnet *v)
{
	struct error e = { 0 };

	if (!manager_vnet_del(v->manager, v->name, &e))
		return;
	log_err("%s; vnet %s stays, and its device is made again", e.message, v->name);
	reconcile_again(v);
}

/* --- resources --- */

int manager_resource_add(struct manager *m, const char *vnet, const char *name,
			 const struct resource_settings *s, struct error *e)
{
	struct vnet *v = manager_find_vnet(m, vnet, e);
	struct resource *r;
	int err;

	if (!v)
		return -ENOENT;
	err = validate_resource_add(v, name, s, e);
	if (!err)
		err = object_resource_new(v, name, 0, s, NULL, &r, e);
	if (err)
		return err;
	manager_emit_resource(r, MANAGER_RESOURCE_ADDED);
	err = reconcile_resource(r, e);
	if (!err)
		err = manager_save(m, e);
	if (err)
		manager_remove_resource(r);
	return err;
}

static int find_both(const struct manager *m, const char *vnet, const char *name,
		     struct resource **ret, struct error *e)
{
	struct vnet *v = manager_find_vnet(m, vnet, e);

	*ret = v ? manager_find_resource(v, name, e) : NULL;
	return *ret ? 0 : -ENOENT;
}

/* No path changes before all is known, as in reconcile_vnet(). */
static int apply_settings(struct resource *r, const struct resource_settings *s, struct error *e)
{
	struct vnet *v = r->vnet;
	int err;

	r->settings = *s;
	vnet_enlist(r); /* its priority may be another one */
	v->settling = v->manager->changing = true;
	err = reconcile_resource(r, e);
	v->settling = v->manager->changing = false;
	return err;
}

/* Whoever sets something has decided, as soon as it is kept: what is refused changes no path. */
static void decide(struct resource *r)
{
	bool kept_back = r->hold.listed || resource_is_unwell(r);

	reconcile_past_forget(r);
	if (kept_back)
		manager_reconcile_one(r);
}

static void put_back_settings(struct resource *r, const struct resource_settings *before)
{
	struct error e = { 0 };
	int err, next;

	reconcile_past_put_back(r->vnet);
	err = apply_settings(r, before, &e);
	next = reconcile_path(r->vnet, err ? NULL : &e);
	reconcile_past_return(r->vnet);
	if (!err && !next)
		return;
	log_err("%s; after a refused change, trying again", e.message);
	r->vnet->manager->unsettled = true;
}

int manager_resource_set(struct manager *m, const char *vnet, const char *name,
			 const struct resource_settings *s, struct error *e)
{
	struct resource_settings before;
	struct resource *r;
	bool was_failed;
	int err = find_both(m, vnet, name, &r, e);

	if (!err)
		err = validate_resource_set(r, s, e);
	if (err)
		return err;
	before = r->settings;
	was_failed = resource_has_failed(r);
	reconcile_past_note(r->vnet, r);
	err = apply_settings(r, s, e);
	if (err && was_failed)
		err = 0; /* it is no worse than it was */
	if (!err)
		err = reconcile_path(r->vnet, e);
	if (!err)
		err = manager_save(m, e);
	if (err)
		put_back_settings(r, &before);
	else
		decide(r);
	return err;
}

int manager_resource_del(struct manager *m, const char *vnet, const char *name, struct error *e)
{
	struct resource *r;
	int err = find_both(m, vnet, name, &r, e);

	if (!err)
		err = manager_keep_without(m, &r->leaving, &r->vnet->removed, r->name,
					   r->from_config, e);
	if (!err)
		manager_remove_resource(r);
	return err;
}

static void set_leaving(struct manager *m, bool leaving)
{
	for (struct vnet *v = m->vnets; v; v = v->hh.next)
		v->leaving = leaving;
	for (struct uplink *u = m->uplinks; u; u = u->hh.next)
		u->leaving = leaving;
}

/* What the files have comes back with the next start: nothing of before is remembered. */
int manager_flush(struct manager *m, struct error *e)
{
	struct desired_names removed = UTIL_TAKE(m->removed, (struct desired_names) { 0 });
	struct desired_names uplinks = UTIL_TAKE(m->removed_uplinks, (struct desired_names) { 0 });
	struct uplink *u, *next_uplink;
	struct vnet *v, *next;
	int err;

	set_leaving(m, true);
	err = manager_save(m, e);
	set_leaving(m, false);
	if (err) {
		m->removed = removed;
		m->removed_uplinks = uplinks;
		return err;
	}
	desired_names_clear(&removed);
	desired_names_clear(&uplinks);
	HASH_ITER (hh, m->vnets, v, next)
		remove_vnet(v);
	HASH_ITER (hh, m->uplinks, u, next_uplink)
		manager_remove_uplink(u);
	/* What an earlier vnetd left is still there if its state was lost. */
	manager_removed(m, manager_sweep(m));
	err = m->kernel.ops->flush(m->kernel.datapath);
	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL,
				 "taking the data path away failed: %s", strerror(-err));
	return 0;
}
