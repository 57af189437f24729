/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon_poll.h"

/* Where the programs see devices themselves, a request may wait; and sysfs then waits as well. */
static void poll_one(void *context, uint32_t ifindex)
{
	struct daemon_poll *p = context;

	if (p->looks && manager_look(p->manager, ifindex))
		return;
	monitor_poll(p->monitor, ifindex);
}

/* Who looks for himself has to have noticed within the interval. */
static uint64_t run(struct daemon_poll *p, void (*each)(void *context, uint32_t ifindex))
{
	return (uint64_t)manager_polls(p->manager, each, p) * (p->looks ? 500 : 1000);
}

static int arm(struct daemon_poll *p)
{
	uint64_t turn_us;

	if (!p->interval_us)
		return sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	sd_event_now(sd_event_source_get_event(p->timer), CLOCK_MONOTONIC, &turn_us);
	sd_event_source_set_time(p->timer, turn_us + p->interval_us);
	return sd_event_source_set_enabled(p->timer, SD_EVENT_ONESHOT);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon_poll *p = context;

	/* What is lost with the first one found may be lost with the others as well. */
	manager_on_batch_begin(p->manager);
	p->interval_us = run(p, poll_one);
	manager_on_batch_end(p->manager);
	return arm(p);
}

int daemon_poll_settle(struct daemon_poll *p)
{
	uint64_t wanted_us = run(p, NULL);

	if (wanted_us == p->interval_us)
		return 0;
	p->interval_us = wanted_us;
	return arm(p);
}

int daemon_poll_open(struct daemon_poll *p, sd_event *loop)
{
	int err = sd_event_add_time(loop, &p->timer, CLOCK_MONOTONIC, 0, 1, on_timer, p);

	if (err >= 0)
		err = sd_event_source_set_enabled(p->timer, SD_EVENT_OFF);
	return err;
}

void daemon_poll_close(struct daemon_poll *p)
{
	p->timer = sd_event_source_unref(p->timer);
}
