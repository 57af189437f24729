/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches over what a dead daemon needs to be followed by the next: the pins, and, in the lock's
 * file, which programs were ours.
 */
#ifndef VNETD_GUARD_H
#define VNETD_GUARD_H

#include <systemd/sd-event.h>

#include "error.h"

struct datapath;
struct manager;
struct keep;
struct pinwatch;

struct guard {
	int lock;	/* -1: none yet */
	sd_event *loop; /* borrowed, as all that follow */
	struct datapath *datapath;
	struct manager *manager;
	struct keep *keep;
	bool failed;		 /* to pin again, and that was said */
	unsigned int tries;	 /* left, for hooks that have lost their programs */
	struct pinwatch *watch;	 /* owned */
	unsigned int generation; /* of the data path, when it was looked at last */
};

/* Before the data path is opened: -EBUSY with a sentence if we would come on top of another. */
int guard_check(struct guard *g, struct error *e);

/* After each turn of the loop: has the data path been opened, or closed? */
void guard_settle(struct guard *g);

/* The lock goes with it. */
void guard_clear(struct guard *g);

#endif
