/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens at a time and not at an event: one table, served by one timer of the loop. */
#include "manager_internal.h"
#include "reconcile.h"

static const struct manager_clock {
	uint64_t (*due_us)(const struct manager *m); /* UINT64_MAX: nothing */
	void (*run)(struct manager *m, uint64_t now_us);
} clocks[] = {
	{ reconcile_hold_due_us, reconcile_hold_run },
	{ reconcile_health_due_us, reconcile_health_run },
	{ reconcile_announce_due_us, reconcile_announce_run },
	{ reconcile_vf_due_us, reconcile_vf_run },
	{ manager_migration_due_us, manager_migration_run },
	{ reconcile_xsk_due_us, reconcile_xsk_run },
	{ reconcile_targets_due_us, reconcile_targets_run },
	{ manager_keep_due_us, manager_keep_run },
	{ manager_history_due_us, manager_history_run },
};

uint64_t manager_now_us(const struct manager *m)
{
	return m->kernel.ops->now_us(m->kernel.rtnl);
}

void manager_reason(const struct resource *r, char *buffer, size_t size)
{
	if (r->hold.listed)
		reconcile_hold_reason(r, buffer, size);
	else
		snprintf(buffer, size, "%s", r->reason);
}

uint64_t manager_due_us(const struct manager *m)
{
	uint64_t first_us = UINT64_MAX;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(clocks); i++) {
		uint64_t due_us = clocks[i].due_us(m);

		if (due_us < first_us)
			first_us = due_us;
	}
	return first_us;
}

void manager_on_time(struct manager *m, uint64_t now_us)
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(clocks); i++)
		if (clocks[i].due_us(m) <= now_us)
			clocks[i].run(m, now_us);
}
