/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The changes: validate, change the desired state, reconcile, keep. Whichever step fails, the
 * desired state is put back and reconciled once more, so that a refused change has changed nothing.
 */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

static int save(struct manager *m, struct error *e)
{
	if (m->saves_held)
		return 0;
	return m->callbacks.on_save ? m->callbacks.on_save(m->context, m, e) : 0;
}

/* What went back to how it was should do so without complaint; if not, say what is left. */
static void reconcile_again(struct vnet *v)
{
	struct error e = { 0 };

	if (reconcile_vnet(v, &e))
		log_err("%s; after a refused change, trying again at the next one", e.message);
}

/* --- vnets --- */

static void emit_vnet(struct vnet *v, enum manager_event_type type)
{
	manager_emit(v->manager, (struct manager_event) { .type = type, .vnet = v });
}

static void remove_vnet(struct vnet *v)
{
	struct resource *r, *next;

	HASH_ITER (hh, v->resources, r, next) {
		reconcile_resource_remove(r);
		object_resource_free(r);
	}
	reconcile_upper_remove(v);
	object_vnet_free(v);
}

static int choose_address(struct vnet_settings *s, const char *name, struct error *e)
{
	int err = mac_is_unicast(s->address) ? 0 : mac_random(s->address);

	if (err)
		return error_set(e, ERROR_FAILED, -err, name, "address",
				 "%s: no random address can be made: %s", name, strerror(-err));
	return 0;
}

int manager_vnet_add(struct manager *m, const char *name, const struct vnet_settings *s,
		     struct error *e)
{
	struct vnet_settings settings = *s;
	struct vnet *v;
	int err = settings_vnet_check(s, name, e);

	if (!err)
		err = choose_address(&settings, name, e);
	if (!err)
		err = validate_vnet_add(m, name, &settings, e);
	if (!err)
		err = object_vnet_new(m, name, 0, &settings, &v, e);
	if (err)
		return err;
	err = reconcile_vnet(v, e);
	if (!err)
		err = save(m, e);
	if (err) {
		remove_vnet(v);
		return err;
	}
	emit_vnet(v, MANAGER_VNET_ADDED);
	return 0;
}

int manager_vnet_set(struct manager *m, const char *name, const struct vnet_settings *s,
		     struct error *e)
{
	struct vnet *v = manager_find_vnet(m, name, e);
	struct vnet_settings before, settings = *s;
	int err;

	if (!v)
		return -ENOENT;
	err = choose_address(&settings, name, e);
	if (!err)
		err = validate_vnet_set(v, &settings, e);
	if (err)
		return err;
	before = v->settings;
	v->settings = settings;
	err = reconcile_vnet(v, e);
	if (!err)
		err = save(m, e);
	if (err) {
		v->settings = before;
		reconcile_again(v);
	}
	return err;
}

int manager_vnet_del(struct manager *m, const char *name, struct error *e)
{
	struct vnet *v = manager_find_vnet(m, name, e);

	if (!v)
		return -ENOENT;
	emit_vnet(v, MANAGER_VNET_REMOVED);
	remove_vnet(v);
	return save(m, e);
}

/* --- resources --- */

static void emit_resource(struct resource *r, enum manager_event_type type)
{
	manager_emit(r->vnet->manager,
		     (struct manager_event) { .type = type, .vnet = r->vnet, .resource = r });
}

static void remove_resource(struct resource *r)
{
	reconcile_resource_remove(r);
	object_resource_free(r);
}

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
		err = object_resource_new(v, name, 0, s, &r, e);
	if (err)
		return err;
	err = reconcile_resource(r, e);
	if (!err)
		err = save(m, e);
	if (err) {
		remove_resource(r);
		return err;
	}
	emit_resource(r, MANAGER_RESOURCE_ADDED);
	return 0;
}

static int find_both(const struct manager *m, const char *vnet, const char *name,
		     struct resource **ret, struct error *e)
{
	struct vnet *v = manager_find_vnet(m, vnet, e);

	*ret = v ? manager_find_resource(v, name, e) : NULL;
	return *ret ? 0 : -ENOENT;
}

static int apply_settings(struct resource *r, const struct resource_settings *s, struct error *e)
{
	r->settings = *s;
	vnet_enlist(r); /* its priority may be another one */
	return reconcile_resource(r, e);
}

int manager_resource_set(struct manager *m, const char *vnet, const char *name,
			 const struct resource_settings *s, struct error *e)
{
	struct resource_settings before;
	struct error again = { 0 };
	struct resource *r;
	bool was_failed;
	int err = find_both(m, vnet, name, &r, e);

	if (!err)
		err = validate_resource_set(r, s, e);
	if (err)
		return err;
	before = r->settings;
	was_failed = r->state == RESOURCE_FAILED;
	err = apply_settings(r, s, e);
	if (err && was_failed)
		err = 0; /* it is no worse than it was */
	if (!err)
		err = save(m, e);
	if (err && apply_settings(r, &before, &again))
		log_err("%s; after a refused change, trying again at the next one", again.message);
	return err;
}

int manager_resource_del(struct manager *m, const char *vnet, const char *name, struct error *e)
{
	struct resource *r;
	int err = find_both(m, vnet, name, &r, e);

	if (err)
		return err;
	emit_resource(r, MANAGER_RESOURCE_REMOVED);
	remove_resource(r);
	return save(m, e);
}

int manager_flush(struct manager *m, struct error *e)
{
	struct vnet *v, *next;
	int err;

	HASH_ITER (hh, m->vnets, v, next) {
		emit_vnet(v, MANAGER_VNET_REMOVED);
		remove_vnet(v);
	}
	err = m->kernel.ops->flush(m->kernel.datapath);
	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL,
				 "taking the data path away failed: %s", strerror(-err));
	return save(m, e);
}
