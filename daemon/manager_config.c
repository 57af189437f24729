/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Desired state as a whole: taken up at a start, compared with the files, handed out to be kept. */
#include <errno.h>

#include "config.h"
#include "log.h"
#include "manager_config.h"
#include "manager_internal.h"
#include "reconcile.h"
#include "reconcile_mark.h"
#include "reconcile_vf_mark.h"

/* Logs a complaint and keeps the first one for the caller. */
void manager_config_complain(struct error *first, int *ret_err, int err, const struct error *e)
{
	if (!err)
		return;
	log_err("%s", e->message);
	if (*ret_err)
		return;
	*ret_err = err;
	if (first)
		*first = *e;
}

/* --- taking up what was kept --- */

static void forget_device(struct resource *r)
{
	r->saved = (struct desired_saved) { 0 };
	memset(r->xdp.offloads, 0, sizeof(r->xdp.offloads));
}

/* What was noted before a change is more recent than what was kept after it. */
static void claim_marks(struct manager *m, struct desired_offloads offloads[DESIRED_ENDS])
{
	for (int end = 0; end < DESIRED_ENDS; end++)
		reconcile_mark_claim_offloads(m, offloads[end].ifindex, &offloads[end]);
}

static int restore_resource(struct vnet *v, const struct desired_resource *d, struct error *e)
{
	struct manager *m = v->manager;
	struct resource *r;
	int err = validate_resource_restore(v, d->name, &d->settings, e);

	if (!err)
		err = object_resource_new(v, d->name, d->number, &d->settings, &d->provider, &r, e);
	if (err)
		return err;
	r->from_config = d->from_config;
	r->base = d->base;
	r->saved = d->saved;
	r->vf_saved = d->vf;
	reconcile_vf_claim(r);
	if (resource_is_member(r)) {
		if (r->saved.ifindex != r->uplink->saved.ifindex)
			forget_device(r);
		return 0;
	}
	memcpy(r->xdp.offloads, d->offloads, sizeof(d->offloads));
	claim_marks(m, r->xdp.offloads);
	/* Its number may be another device's by now, which is to be taken in as any other. */
	if (!reconcile_mark_claim_saved(m, d->saved.ifindex, &r->saved) &&
	    !manager_datapath(m, attached, KERNEL_HOOK_RX, r->saved.ifindex))
		forget_device(r);
	r->tap_ifindex = r->saved.ifindex;
	/* It has its device, whoever else may wait for one of that name. */
	if (link_find(m->links, r->saved.ifindex) && !owner_find(m, r->saved.ifindex))
		owner_set(m, r->saved.ifindex, v, r);
	return 0;
}

int manager_config_restore_removed(struct desired_names *removed, const struct desired_names *from,
				   struct error *e)
{
	if (!desired_names_copy(removed, from))
		return 0;
	return error_set(e, ERROR_FAILED, ENOMEM, NULL, NULL,
			 "no memory for the names of what was removed at run time");
}

static void restore_vnet(struct manager *m, const struct desired_vnet *d, struct error *e,
			 int *first)
{
	struct error own = { 0 };
	struct vnet *v;
	int err = validate_vnet_restore(m, d->name, &d->settings, &own);

	if (!err)
		err = object_vnet_new(m, d->name, d->number, &d->settings, &v, &own);
	manager_config_complain(e, first, err, &own);
	if (err)
		return;
	v->has_pair = true;
	if (d->migrating)
		manager_migration_restore(v);
	v->from_config = d->from_config;
	v->base = d->base;
	memcpy(v->xdp.offloads, d->offloads, sizeof(d->offloads));
	claim_marks(m, v->xdp.offloads);
	manager_config_complain(
		e, first, manager_config_restore_removed(&v->removed, &d->removed, &own), &own);
	for (size_t i = 0; i < d->resource_count; i++) {
		err = restore_resource(v, &d->resources[i], &own);
		manager_config_complain(e, first, err, &own);
	}
	manager_restore_flows(m, v->name, &d->flows, e, first);
}

/* Their uppers were deleted while no vnetd was there to see it. */
static void remove_lost(struct manager *m)
{
	struct vnet *v, *next;

	HASH_ITER (hh, m->vnets, v, next) {
		if (!v->upper_lost || v->settings.on_delete != SETTINGS_ON_DELETE_REMOVE)
			continue;
		log_warning("%s: its device was deleted by somebody else while vnetd was not "
			    "running; removing the vnet, as its on_delete says",
			    v->name);
		manager_upper_deleted(v);
	}
}

int manager_restore(struct manager *m, const struct desired *state, struct error *e)
{
	struct error own = { 0 };
	int first = 0, err;

	m->starting = true;
	m->saves_held = true; /* half of it must not take the place of the whole */
	err = reconcile_mark_load(m);
	if (!err)
		err = reconcile_vf_mark_load(m);
	if (!err)
		err = reconcile_steer_load(m);
	if (err)
		log_warning("what an earlier vnetd has noted of devices cannot be read: %s",
			    strerror(-err));
	manager_config_complain(e, &first,
				manager_config_restore_removed(&m->removed, &state->removed, &own),
				&own);
	manager_restore_uplinks(m, state, e, &first);
	for (size_t i = 0; i < state->vnet_count; i++)
		restore_vnet(m, &state->vnets[i], e, &first);
	/* A direct peer is looked at from both sides: its other vnet has to be known by then, and
	 * must not change its paths before its own turn. */
	for (struct vnet *v = m->vnets; v; v = v->hh.next) {
		v->settling = true;
		err = reconcile_upper(v, &own);
		manager_config_complain(e, &first, err, &own);
	}
	for (struct uplink *u = m->uplinks; u; u = u->hh.next) {
		err = reconcile_uplink_device(u, &own) ?: manager_reconcile_flows(u->flows, &own);
		manager_config_complain(e, &first, err, &own);
	}
	for (struct vnet *v = m->vnets; v; v = v->hh.next) {
		err = reconcile_vnet(v, &own) ?: manager_reconcile_flows(v->flows, &own);
		manager_config_complain(e, &first, err, &own);
	}
	m->saves_held = false;
	remove_lost(m);
	return first;
}

/* --- what the files say --- */

bool manager_config_is_refused(const struct config_refused *refused, const char *name)
{
	for (size_t i = 0; refused && i < refused->count; i++)
		if (util_same(refused->names[i], name))
			return true;
	return refused && refused->nameless;
}

/* Settings that can only be given at the making: another value means another object. */
static bool is_other_vnet(const struct vnet_settings *a, const struct vnet_settings *b)
{
	return !util_same(a->upper, b->upper) || !util_same(a->netns, b->netns);
}

static bool is_other_resource(const struct resource_settings *a, const struct resource_settings *b)
{
	return a->type != b->type || !util_same(a->device, b->device) ||
	       !util_same(a->peer_vnet, b->peer_vnet) || !util_same(a->pf, b->pf) ||
	       a->vf != b->vf || !util_same(a->uplink, b->uplink);
}

/* The file's word for the device, which may go by another name by now. */
static const struct resource_settings *said_of(const struct resource *r)
{
	return r->from_config ? &r->base : &r->settings;
}

/*
 * What was removed at run time comes back with a reload, but not because vnetd was restarted; nor
 * does what was made by hand in its place give way then.
 */
bool manager_config_stays_away(const struct manager *m, const struct desired_names *removed,
			       const char *name, bool from_config)
{
	return m->starting && !from_config && desired_names_has(removed, name);
}

static bool resource_stays_away(const struct vnet *v, const char *name)
{
	const struct resource *r = manager_find_resource(v, name, NULL);

	return manager_config_stays_away(v->manager, &v->removed, name, r && r->from_config);
}

static bool vnet_stays_away(const struct manager *m, const char *name)
{
	const struct vnet *v = manager_find_vnet(m, name, NULL);

	return manager_config_stays_away(m, &m->removed, name, v && v->from_config);
}

/* A provider's resources are none of the files' business. */
static bool is_to_leave(const struct resource *r, const struct desired_resource *wanted,
			const struct desired *config)
{
	if (resource_is_provided(r))
		return false;
	if (!wanted)
		return r->from_config;
	return is_other_resource(said_of(r), &wanted->settings) ||
	       (r->uplink && manager_config_moves_uplink(r->uplink, config));
}

/* What leaves makes room first: for the one service, for a device, for a MAC. */
static void remove_resources(struct vnet *v, const struct desired_vnet *d,
			     const struct desired *config, struct error *e, int *first)
{
	struct error own = { 0 };
	struct resource *r, *next;

	HASH_ITER (hh, v->resources, r, next) {
		const struct desired_resource *wanted = desired_find_resource(d, r->name);

		if (is_to_leave(r, wanted, config) && !resource_stays_away(v, r->name))
			manager_config_complain(
				e, first, manager_resource_del(v->manager, v->name, r->name, &own),
				&own);
	}
}

static int configure_resource(struct vnet *v, const struct desired_resource *d, struct error *e)
{
	struct manager *m = v->manager;
	struct resource *r = manager_find_resource(v, d->name, NULL);
	struct resource_settings settings = d->settings;
	char label[RESOURCE_LABEL_SIZE];
	int err;

	if (r && resource_is_provided(r))
		return error_set(
			e, ERROR_EXISTS, EEXIST, resource_label(r, label), "name",
			"%s: a provider has registered a resource of this name; the one of "
			"the file can be added by a reload when that is gone",
			label);
	if (r && r->from_config && desired_same(settings_resource, &r->base, &d->base))
		return 0;
	if (resource_stays_away(v, d->name))
		return 0;
	if (r) {
		memcpy(settings.device, r->settings.device, sizeof(settings.device));
		memcpy(settings.pf, r->settings.pf, sizeof(settings.pf));
		err = manager_resource_set(m, v->name, d->name, &settings, e);
	} else {
		err = manager_resource_add(m, v->name, d->name, &settings, e);
	}
	if (err)
		return err;
	r = manager_find_resource(v, d->name, NULL);
	r->from_config = true;
	r->base = d->base;
	return 0;
}

/* Returns how many were refused. */
static size_t configure_resources(struct vnet *v, const struct desired_vnet *d, bool last,
				  struct error *e, int *first)
{
	struct error own = { 0 };
	size_t refused = 0;

	for (size_t i = 0; i < d->resource_count; i++) {
		int err = configure_resource(v, &d->resources[i], &own);

		refused += err != 0;
		if (last)
			manager_config_complain(e, first, err, &own);
	}
	if (!refused && !v->manager->starting)
		desired_names_clear(&v->removed);
	return refused;
}

static int configure_settings(struct manager *m, const struct desired_vnet *d, struct error *e)
{
	struct vnet *v = manager_find_vnet(m, d->name, NULL);
	struct vnet_settings settings = d->settings;
	int err = 0;

	if (v && v->from_config && desired_same(settings_vnet, &v->base, &d->base))
		return 0;
	if (vnet_stays_away(m, d->name))
		return 0;
	/* A file without an address leaves the choice to us, and it was made already. */
	if (v && !mac_is_unicast(settings.address))
		memcpy(settings.address, v->settings.address, MAC_LEN);
	if (v && is_other_vnet(v->from_config ? &v->base : &v->settings, &d->settings)) {
		err = manager_vnet_del(m, d->name, e);
		v = NULL;
	}
	if (err)
		return err;
	if (v) {
		memcpy(settings.upper, v->settings.upper, sizeof(settings.upper));
		err = manager_vnet_set(m, d->name, &settings, e);
	} else {
		err = manager_vnet_add(m, d->name, &settings, e);
	}
	if (err)
		return err;
	v = manager_find_vnet(m, d->name, NULL);
	v->from_config = true;
	v->base = d->base;
	return 0;
}

static void remove_unlisted(struct manager *m, const struct desired *config,
			    const struct config_refused *refused, struct error *e, int *first)
{
	struct error own = { 0 };
	struct vnet *v, *next;
	int err;

	HASH_ITER (hh, m->vnets, v, next) {
		if (!v->from_config || desired_find(config, v->name) ||
		    manager_config_is_refused(refused, v->name))
			continue;
		err = manager_vnet_del(m, v->name, &own);
		manager_config_complain(e, first, err, &own);
	}
}

/* Returns how many were refused; those are told of in the @last try alone. */
static size_t configure_all_resources(struct manager *m, const struct desired *config, bool last,
				      struct error *e, int *first)
{
	size_t refused = 0;

	for (size_t i = 0; i < config->vnet_count; i++) {
		struct vnet *v = manager_find_vnet(m, config->vnets[i].name, NULL);

		if (v && !vnet_stays_away(m, v->name))
			refused += configure_resources(v, &config->vnets[i], last, e, first);
	}
	return refused;
}

/*
 * Everything leaves before anything comes, so that a device or a MAC can move from one object to
 * another; and as those that come may still wait for each other, who was refused gets a second try.
 */
static int configure(struct manager *m, const struct desired *config,
		     const struct config_refused *refused, struct error *e)
{
	struct error own = { 0 };
	struct vnet *v;
	int first = 0;

	remove_unlisted(m, config, refused, e, &first);
	for (size_t i = 0; i < config->vnet_count; i++) {
		v = manager_find_vnet(m, config->vnets[i].name, NULL);
		if (v && !vnet_stays_away(m, v->name))
			remove_resources(v, &config->vnets[i], config, e, &first);
	}
	manager_configure_uplinks(m, config, refused, e, &first);
	for (size_t i = 0; i < config->vnet_count; i++) {
		int err = configure_settings(m, &config->vnets[i], &own);

		manager_config_complain(e, &first, err, &own);
	}
	if (configure_all_resources(m, config, false, e, &first))
		configure_all_resources(m, config, true, e, &first);
	for (size_t i = 0; i < config->uplink_count; i++)
		manager_configure_flows(m, config->uplinks[i].name, &config->uplinks[i].flows, e,
					&first);
	for (size_t i = 0; i < config->vnet_count; i++)
		if (!vnet_stays_away(m, config->vnets[i].name))
			manager_configure_flows(m, config->vnets[i].name, &config->vnets[i].flows,
						e, &first);
	return first;
}

/* All is back; or, after a start, some is in no file any more and so cannot come back. */
static void forget_removed(struct manager *m, const struct desired *config)
{
	for (size_t i = m->removed.count; i-- > 0;)
		if (!m->starting || !desired_find(config, m->removed.name[i]))
			desired_names_drop(&m->removed, m->removed.name[i]);
	manager_forget_removed_uplinks(m, config);
	for (size_t i = 0; i < config->vnet_count; i++) {
		struct vnet *v = manager_find_vnet(m, config->vnets[i].name, NULL);

		for (size_t n = v ? v->removed.count : 0; n-- > 0;)
			if (!desired_find_resource(&config->vnets[i], v->removed.name[n]))
				desired_names_drop(&v->removed, v->removed.name[n]);
	}
	m->starting = false;
}

int manager_configure(struct manager *m, const struct desired *config,
		      const struct config_refused *refused, struct error *e)
{
	struct error own = { 0 };
	int first, err;

	m->saves_held = true; /* one file for all of it, at the end */
	first = configure(m, config, refused, e);
	forget_removed(m, config);
	m->saves_held = false;
	err = manager_save(m, &own);
	manager_config_complain(e, &first, err, &own);
	manager_emit(m, (struct manager_event) { .type = MANAGER_RELOADED });
	return first;
}

/* --- handing it out --- */

static int snapshot_resources(const struct vnet *v, struct desired_vnet *ret)
{
	for (const struct resource *r = v->resources; r; r = r->hh.next) {
		struct desired_resource *d;

		if (r->leaving)
			continue;
		d = desired_add_resource(ret);
		if (!d)
			return -ENOMEM;
		util_copy(d->name, sizeof(d->name), r->name);
		d->number = r->number;
		d->from_config = r->from_config;
		d->settings = r->settings;
		d->base = r->base;
		d->saved = r->saved;
		d->vf = r->vf_saved;
		d->provider = r->provider;
		memcpy(d->offloads, r->xdp.offloads, sizeof(d->offloads));
	}
	return 0;
}

int manager_snapshot(const struct manager *m, struct desired *ret)
{
	struct desired all = { 0 };

	for (const struct vnet *v = m->vnets; v; v = v->hh.next) {
		struct desired_vnet *d;

		if (v->leaving)
			continue;
		d = desired_add_vnet(&all);
		if (!d)
			goto no_memory;
		util_copy(d->name, sizeof(d->name), v->name);
		d->number = v->number;
		d->from_config = v->from_config;
		d->migrating = v->migrating;
		d->settings = v->settings;
		d->base = v->base;
		memcpy(d->offloads, v->xdp.offloads, sizeof(d->offloads));
		if (manager_snapshot_flows(v->flows, &v->removed_flows, &d->flows) ||
		    snapshot_resources(v, d) || desired_names_copy(&d->removed, &v->removed))
			goto no_memory;
	}
	if (desired_names_copy(&all.removed, &m->removed) || manager_snapshot_uplinks(m, &all))
		goto no_memory;
	*ret = all;
	return 0;
no_memory:
	desired_clear(&all);
	return -ENOMEM;
}

void manager_mark_saved(struct manager *m, const char *name)
{
	struct vnet *v = manager_find_vnet(m, name, NULL);

	if (!v)
		return;
	m->unsaved = true;
	v->from_config = true;
	desired_names_clear(&v->removed);
	manager_mark_saved_flows(v->flows, &v->removed_flows);
	v->base = v->settings;
	for (struct resource *r = v->resources; r; r = r->hh.next) {
		if (resource_is_provided(r))
			continue;
		r->from_config = true;
		r->base = r->settings;
	}
}
