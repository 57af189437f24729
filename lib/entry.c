// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The provider's entry points that follow the vnet: start, stop, unicst, setpromisc, multicst. What
 * the provider was told is kept, so that each change is told once, and all of it at a start.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vio.h"

/* After an entry point: it may have unregistered, and then none other is called. */
static bool entry_alive(struct vio *v)
{
	bool alive;

	pthread_mutex_lock(&v->lock);
	alive = !v->dead;
	pthread_mutex_unlock(&v->lock);
	return alive;
}

/* True if it was told, or nobody wants to know. */
static bool entry_told(struct vio *v, int refused)
{
	if (!refused)
		return true;
	pthread_mutex_lock(&v->lock);
	v->counts.ierrors++;
	pthread_mutex_unlock(&v->lock);
	return false;
}

static void entry_set_started(struct vio *v, bool started)
{
	pthread_mutex_lock(&v->lock);
	v->told.started = started;
	pthread_mutex_unlock(&v->lock);
}

/* Nothing of what was told holds any longer. */
static void entry_forget(struct vio *v)
{
	struct vio_vnet *told = &v->told;

	memset(told->address, 0, sizeof(told->address));
	told->promiscuous = false;
	told->group_count = 0;
}

void entry_stop(struct vio *v)
{
	bool mine;

	if (!v->told.started)
		return;
	pthread_mutex_lock(&v->lock);
	v->told.started = false; /* no mc_tx() begins from here on */
	mine = queue_await_turns(v);
	/* One of them unregisters, which waits for us: then it is that one that stops. */
	v->told.started = !mine;
	pthread_mutex_unlock(&v->lock);
	if (!mine)
		return;
	entry_forget(v);
	if (v->callbacks.mc_stop)
		v->callbacks.mc_stop(v->driver);
	/* What it had not taken is freed; it does not wait for an update after its next start. */
	queue_update(v);
}

static void entry_start(struct vio *v)
{
	char reason[VIO_REASON_SIZE];
	int refused = v->callbacks.mc_start ? v->callbacks.mc_start(v->driver) : 0;

	if (!refused) {
		/* Also for who unregisters meanwhile, and waits for us: it has to stop it. */
		entry_set_started(v, true);
		return;
	}
	if (!entry_alive(v))
		return;
	snprintf(reason, sizeof(reason), "it cannot be started: %s",
		 strerrordesc_np(refused) ?: "?");
	pthread_mutex_lock(&v->lock);
	vio_report(v, VIO_FAILED, reason);
	pthread_mutex_unlock(&v->lock);
}

static void entry_unicst(struct vio *v)
{
	if (!memcmp(v->told.address, v->says.address, ETHERADDRL))
		return;
	if (entry_told(v, v->callbacks.mc_unicst
				  ? v->callbacks.mc_unicst(v->driver, v->says.address)
				  : 0))
		memcpy(v->told.address, v->says.address, ETHERADDRL);
}

static void entry_setpromisc(struct vio *v)
{
	boolean_t on = v->says.promiscuous ? B_TRUE : B_FALSE;

	if (v->told.promiscuous == v->says.promiscuous)
		return;
	if (entry_told(v,
		       v->callbacks.mc_setpromisc ? v->callbacks.mc_setpromisc(v->driver, on) : 0))
		v->told.promiscuous = v->says.promiscuous;
}

/* --- groups --- */

static bool entry_multicst(struct vio *v, boolean_t add, const uint8_t *group)
{
	return entry_told(
		v, v->callbacks.mc_multicst ? v->callbacks.mc_multicst(v->driver, add, group) : 0);
}

static bool entry_has(const struct vio_vnet *n, const uint8_t *group)
{
	for (size_t i = 0; i < n->group_count; i++)
		if (!memcmp(n->groups[i], group, ETHERADDRL))
			return true;
	return false;
}

/* A group that the provider will not let go of is no longer spoken of. */
static void entry_leave_groups(struct vio *v)
{
	struct vio_vnet *told = &v->told;
	size_t kept = 0;

	for (size_t i = 0; i < told->group_count && entry_alive(v); i++) {
		uint8_t group[ETHERADDRL];

		memcpy(group, told->groups[i], ETHERADDRL);
		if (entry_has(&v->says, group))
			memcpy(told->groups[kept++], group, ETHERADDRL);
		else
			entry_multicst(v, B_FALSE, group);
	}
	/* A stop meanwhile has forgotten them all. */
	told->group_count = told->group_count ? kept : 0;
}

static void entry_join_groups(struct vio *v)
{
	struct vio_vnet *told = &v->told;
	size_t size = told->group_count + v->says.group_count;
	void *groups = realloc(told->groups, (size ? size : 1) * sizeof(*told->groups));

	if (!groups)
		return;
	told->groups = groups;
	for (size_t i = 0; i < v->says.group_count && entry_alive(v); i++) {
		const uint8_t *group = v->says.groups[i];

		if (!entry_has(told, group) && entry_multicst(v, B_TRUE, group))
			memcpy(told->groups[told->group_count++], group, ETHERADDRL);
	}
}

/* --- all of it --- */

static const struct entry_step {
	void (*tell)(struct vio *v);
} entry_steps[] = {
	{ entry_unicst },
	{ entry_setpromisc },
	{ entry_leave_groups },
	{ entry_join_groups },
};

/* vnetd may speak of a start before it has heard of the failure that is against it. */
static bool entry_may_start(struct vio *v)
{
	bool may;

	pthread_mutex_lock(&v->lock);
	may = !v->dead && v->report != VIO_FAILED;
	pthread_mutex_unlock(&v->lock);
	return may;
}

void entry_follow(struct vio *v)
{
	if (!v->says.started)
		entry_stop(v);
	else if (!v->told.started && entry_may_start(v))
		entry_start(v);
	for (size_t i = 0; i < sizeof(entry_steps) / sizeof(entry_steps[0]); i++)
		if (v->told.started && entry_alive(v))
			entry_steps[i].tell(v);
}

/* --- statistics --- */

/* 0 for a statistic that the provider does not have. */
static uint64_t entry_getstat(struct vio *v, mac_stat_t stat)
{
	uint64_t value = 0;

	if (!v->callbacks.mc_getstat || !entry_alive(v) ||
	    v->callbacks.mc_getstat(v->driver, stat, &value))
		return 0;
	return value;
}

void entry_count(struct vio *v, struct entry_counts *ret)
{
	struct vio_counts own;

	*ret = (struct entry_counts) {
		.ierrors = entry_getstat(v, MAC_STAT_IERRORS),
		.oerrors = entry_getstat(v, MAC_STAT_OERRORS),
		.norcvbuf = entry_getstat(v, MAC_STAT_NORCVBUF),
		.noxmtbuf = entry_getstat(v, MAC_STAT_NOXMTBUF),
	};
	pthread_mutex_lock(&v->lock);
	own = v->counts;
	pthread_mutex_unlock(&v->lock);
	ret->ierrors += own.ierrors + own.malformed;
	ret->norcvbuf += own.norcvbuf;
	ret->malformed = own.malformed;
}
