/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The changes of flows, in the manner of manager_change.c. */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

/* --- finding --- */

int manager_find_flow_owner(const struct manager *m, const char *name,
			    struct manager_flow_owner *ret, struct error *e)
{
	struct vnet *v = manager_find_vnet(m, name, NULL);
	struct uplink *u = v ? NULL : manager_find_uplink(m, name, NULL);

	if (!v && !u)
		return error_set(e, ERROR_NOT_FOUND, ENOENT, name, NULL,
				 "there is no vnet or uplink \"%s\"", name);
	*ret = (struct manager_flow_owner) {
		.name = v ? v->name : u->name,
		.vnet = v,
		.uplink = u,
		.flows = v ? &v->flows : &u->flows,
		.removed = v ? &v->removed_flows : &u->removed_flows,
	};
	return 0;
}

struct flow *manager_find_flow(const struct manager_flow_owner *owner, const char *name,
			       struct error *e)
{
	char label[FLOW_LABEL_SIZE];
	struct flow *f;

	HASH_FIND_STR(*owner->flows, name, f);
	if (f)
		return f;
	snprintf(label, sizeof(label), "%s/%s", owner->name, name);
	error_set(e, ERROR_NOT_FOUND, ENOENT, label, NULL, "%s %s has no flow \"%s\"",
		  owner->vnet ? "vnet" : "uplink", owner->name, name);
	return NULL;
}

/* --- checking --- */

static bool are_alike(const struct flow_settings *a, const struct flow_settings *b)
{
	return a->rank == b->rank && ((a->in && b->in) || (a->out && b->out)) &&
	       flow_match_is_same(&a->match, &b->match);
}

static int check_alike(const struct manager_flow_owner *owner, const struct flow *self,
		       const struct flow_settings *s, const char *label, struct error *e)
{
	for (const struct flow *f = *owner->flows; f; f = f->hh.next)
		if (f != self && are_alike(&f->settings, s))
			return error_set(e, ERROR_EXISTS, EALREADY, label, "rank",
					 "%s: flow %s takes the same frames at the same rank %u "
					 "already, expected another rank or other frames",
					 label, f->name, s->rank);
	return 0;
}

static int check_new(const struct manager_flow_owner *owner, const char *name,
		     const struct flow_settings *s, struct error *e)
{
	char label[FLOW_LABEL_SIZE];
	int err = settings_check_name("flow", name, DESIRED_RESOURCE_NAME_SIZE, e);

	if (err)
		return err;
	snprintf(label, sizeof(label), "%s/%s", owner->name, name);
	err = settings_flow_check(s, label, e);
	if (err)
		return err;
	if (manager_find_flow(owner, name, NULL))
		return error_set(e, ERROR_EXISTS, EEXIST, label, "name",
				 "%s: %s has a flow of that name already", label, owner->name);
	return check_alike(owner, NULL, s, label, e);
}

/* One that it has already, by @before, may have lost what it needs and waits for it. */
static int check_target(const struct manager *m, const struct manager_flow_owner *owner,
			const char *name, const struct flow_settings *s,
			const struct flow_settings *before, struct error *e)
{
	char label[FLOW_LABEL_SIZE];

	if (before && settings_target_same(&before->target, &s->target))
		return 0;
	snprintf(label, sizeof(label), "%s/%s", owner->name, name);
	return validate_target(m, owner, &s->target, label, e);
}

/* --- making and freeing --- */

static int flow_new(struct manager *m, const struct manager_flow_owner *owner, const char *name,
		    uint32_t number, const struct flow_settings *s, struct flow **ret,
		    struct error *e)
{
	struct flow *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return error_set(e, ERROR_FAILED, ENOMEM, name, NULL, "%s: no memory", name);
	f->vnet = owner->vnet;
	f->uplink = owner->uplink;
	util_copy(f->name, sizeof(f->name), name);
	f->settings = *s;
	err = numbers_take(&m->flow_numbers, number, f, &f->number);
	if (err) {
		free(f);
		return error_set(e, ERROR_FAILED, -err, name, NULL,
				 "%s/%s: there are %u flows already, no more are possible",
				 owner->name, name, m->flow_numbers.max - 1);
	}
	HASH_ADD_STR(*owner->flows, name, f);
	if (!HASH_ADDED(hh, f)) {
		numbers_release(&m->flow_numbers, f->number);
		free(f);
		return error_set(e, ERROR_FAILED, ENOMEM, name, NULL, "%s: no memory", name);
	}
	*ret = f;
	return 0;
}

static void flow_free(struct manager *m, struct flow **flows, struct flow *f)
{
	reconcile_xsk_free(f);
	/* NOLINTNEXTLINE(clang-analyzer-*): it does not see that every flow is in its hash */
	HASH_DEL(*flows, f);
	numbers_release(&m->flow_numbers, f->number);
	history_clear(&f->history);
	free(f);
}

static void remove_flow(struct manager *m, struct flow **flows, struct flow *f)
{
	reconcile_flow_remove(f);
	flow_free(m, flows, f);
}

void manager_remove_flows(struct manager *m, struct flow **flows)
{
	struct flow *f, *next;

	HASH_ITER (hh, *flows, f, next)
		remove_flow(m, flows, f);
}

void manager_free_flows(struct manager *m, struct flow **flows)
{
	struct flow *f, *next;

	HASH_ITER (hh, *flows, f, next)
		flow_free(m, flows, f);
}

/* --- changes --- */

int manager_flow_add(struct manager *m, const char *owner_name, const char *name,
		     const struct flow_settings *s, struct error *e)
{
	struct manager_flow_owner owner;
	struct flow *f;
	int err = manager_find_flow_owner(m, owner_name, &owner, e);

	if (!err)
		err = check_new(&owner, name, s, e);
	if (!err)
		err = check_target(m, &owner, name, s, NULL, e);
	if (!err)
		err = flow_new(m, &owner, name, 0, s, &f, e);
	if (err)
		return err;
	err = reconcile_flow(f, e);
	if (!err)
		err = manager_save(m, e);
	if (err)
		remove_flow(m, owner.flows, f);
	return err;
}

static int find(const struct manager *m, const char *owner_name, const char *name,
		struct manager_flow_owner *owner, struct flow **ret, struct error *e)
{
	int err = manager_find_flow_owner(m, owner_name, owner, e);

	*ret = err ? NULL : manager_find_flow(owner, name, e);
	return *ret ? 0 : -ENOENT;
}

int manager_flow_set(struct manager *m, const char *owner_name, const char *name,
		     const struct flow_settings *s, struct error *e)
{
	struct manager_flow_owner owner;
	struct flow_settings before;
	struct error again = { 0 };
	char label[FLOW_LABEL_SIZE];
	struct flow *f;
	int err = find(m, owner_name, name, &owner, &f, e);

	if (!err)
		err = settings_flow_check(s, flow_label(f, label), e);
	if (!err)
		err = check_alike(&owner, f, s, label, e);
	if (!err)
		err = check_target(m, &owner, name, s, &f->settings, e);
	if (err)
		return err;
	before = f->settings;
	f->settings = *s;
	err = reconcile_flow(f, e);
	if (!err)
		err = manager_save(m, e);
	if (!err)
		return 0;
	f->settings = before;
	if (reconcile_flow(f, &again)) {
		log_err("%s; after a refused change, trying again", again.message);
		m->unsettled = true;
	}
	return err;
}

int manager_flow_del(struct manager *m, const char *owner_name, const char *name, struct error *e)
{
	struct manager_flow_owner owner;
	struct flow *f;
	int err = find(m, owner_name, name, &owner, &f, e);

	if (!err)
		err = manager_keep_without(m, &f->leaving, owner.removed, f->name, f->from_config,
					   e);
	if (!err)
		remove_flow(m, owner.flows, f);
	return err;
}

/* --- kept and taken up again --- */

int manager_snapshot_flows(const struct flow *flows, const struct desired_names *removed,
			   struct desired_flows *ret)
{
	for (const struct flow *f = flows; f; f = f->hh.next) {
		struct desired_flow *d;

		if (f->leaving)
			continue;
		d = desired_add_flow(ret);
		if (!d)
			return -ENOMEM;
		util_copy(d->name, sizeof(d->name), f->name);
		d->number = f->number;
		d->from_config = f->from_config;
		d->settings = f->settings;
		d->base = f->base;
	}
	return desired_names_copy(&ret->removed, removed);
}

int manager_restore_flow(struct manager *m, const char *owner_name, const struct desired_flow *d,
			 struct error *e)
{
	struct manager_flow_owner owner;
	struct flow *f;
	int err = manager_find_flow_owner(m, owner_name, &owner, e);

	if (!err)
		err = check_new(&owner, d->name, &d->settings, e);
	if (!err)
		err = flow_new(m, &owner, d->name, d->number, &d->settings, &f, e);
	if (err)
		return err;
	f->from_config = d->from_config;
	f->base = d->base;
	reconcile_target_begin(f);
	/* The owner's row is written with the owner, and says so from the first. */
	f->written = true;
	reconcile_xsk_restore(f);
	return 0;
}

/* After their owner's row. */
int manager_reconcile_flows(struct flow *flows, struct error *e)
{
	int first = 0;

	for (struct flow *f = flows; f; f = f->hh.next) {
		int err = reconcile_flow(f, first ? NULL : e);

		first = first ?: err;
	}
	return first;
}
