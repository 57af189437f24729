/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What manager_config.c does with resources, done with flows. */
#include <errno.h>

#include "manager_config.h"
#include "manager_internal.h"

void manager_restore_flows(struct manager *m, const char *owner, const struct desired_flows *flows,
			   struct error *e, int *first)
{
	struct manager_flow_owner o;
	struct error own = { 0 };
	int err = manager_find_flow_owner(m, owner, &o, &own);

	if (!err)
		err = manager_config_restore_removed(o.removed, &flows->removed, &own);
	manager_config_complain(e, first, err, &own);
	for (size_t i = 0; i < flows->count; i++)
		manager_config_complain(
			e, first, manager_restore_flow(m, owner, &flows->flow[i], &own), &own);
}

static bool flow_stays_away(const struct manager *m, const struct manager_flow_owner *o,
			    const char *name)
{
	const struct flow *f = manager_find_flow(o, name, NULL);

	return manager_config_stays_away(m, o->removed, name, f && f->from_config);
}

/* What leaves makes room first: for a rank. */
static void remove_unlisted(struct manager *m, const struct manager_flow_owner *o,
			    const struct desired_flows *flows, struct error *e, int *first)
{
	struct error own = { 0 };
	struct flow *f, *next;

	HASH_ITER (hh, *o->flows, f, next)
		if (f->from_config && !desired_find_flow(flows, f->name))
			manager_config_complain(e, first,
						manager_flow_del(m, o->name, f->name, &own), &own);
}

static int configure_flow(struct manager *m, const struct manager_flow_owner *o,
			  const struct desired_flow *d, struct error *e)
{
	struct flow *f = manager_find_flow(o, d->name, NULL);
	int err;

	if (f && f->from_config && desired_same(settings_flow, &f->base, &d->base))
		return 0;
	if (flow_stays_away(m, o, d->name))
		return 0;
	err = f ? manager_flow_set(m, o->name, d->name, &d->settings, e)
		: manager_flow_add(m, o->name, d->name, &d->settings, e);
	if (err)
		return err;
	f = manager_find_flow(o, d->name, NULL);
	f->from_config = true;
	f->base = d->base;
	return 0;
}

void manager_configure_flows(struct manager *m, const char *owner,
			     const struct desired_flows *flows, struct error *e, int *first)
{
	struct manager_flow_owner o;
	struct error own = { 0 };

	if (manager_find_flow_owner(m, owner, &o, NULL))
		return; /* it was refused, and that was said */
	remove_unlisted(m, &o, flows, e, first);
	for (size_t i = 0; i < flows->count; i++)
		manager_config_complain(e, first, configure_flow(m, &o, &flows->flow[i], &own),
					&own);
	for (size_t i = o.removed->count; i-- > 0;)
		if (!m->starting || !desired_find_flow(flows, o.removed->name[i]))
			desired_names_drop(o.removed, o.removed->name[i]);
}

void manager_mark_saved_flows(struct flow *flows, struct desired_names *removed)
{
	desired_names_clear(removed);
	for (struct flow *f = flows; f; f = f->hh.next) {
		f->from_config = true;
		f->base = f->settings;
	}
}
