/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The carrier poll: link watch may hold back the news of a lost carrier for up to a second. */
#ifndef VNETD_DAEMON_POLL_H
#define VNETD_DAEMON_POLL_H

#include <systemd/sd-event.h>

#include "manager.h"
#include "monitor.h"

/* What is borrowed has to be set, and to outlive the polls. */
struct daemon_poll {
	struct manager *manager;
	struct monitor *monitor;
	bool looks; /* the programs do not see devices */
	sd_event_source *timer;
	uint64_t interval_us; /* 0: the timer is off */
};

int daemon_poll_open(struct daemon_poll *p, sd_event *loop);
void daemon_poll_close(struct daemon_poll *p);

/* After whatever happened: is there a device to be polled now, or none any more? 0 or -errno. */
int daemon_poll_settle(struct daemon_poll *p);

#endif
