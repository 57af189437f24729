/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes right and wrong, devices that come, go, change and are renamed, calls of the kernel that
 * fail, restarts and kills, each chosen by numbers that somebody draws. After each step the kernel
 * holds what follows from the objects, and after each refusal what it held before.
 */
#ifndef VNET_TESTS_UNIT_WALK_H
#define VNET_TESTS_UNIT_WALK_H

#include "world.h"

#define WALK_VFS 2 /* NICs with a virtual function */

enum walk_kills { WALK_KILLS_NONE, WALK_KILLS_AFTER, WALK_KILLS_WITHIN }; /* a change */

struct walk {
	/* Set by the caller: a number below @below, from `source` and `state` as they like. */
	uint32_t (*draw)(struct walk *k, uint32_t below);
	void *source;
	uint64_t state;
	enum walk_kills kills; /* how vnetd is killed in some of the steps */

	struct world *w;
	unsigned int step;
	char what[256];			   /* the step that is being taken, for messages */
	bool refused_to[FAKE_IFINDEX_MAX]; /* a device that may not have taken back what it had */
	bool loose; /* what is refused may have changed something all the same */

	unsigned int kill_in;	    /* so many writes from now, 0: not */
	struct fake_kernel *killed; /* as it was then */
	char *killed_kept;
};

void walk_begin(struct walk *k);
/* One step, and the look at what it has led to. With WALK in the environment it is told. */
void walk_step(struct walk *k);
/* Everything is taken away, and nothing may be left. */
void walk_end(struct walk *k);

#endif
