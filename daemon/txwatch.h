/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a device send what it is given? A judgement from two counters alone: of what the programs
 * have given to it, and of what it says that it has sent.
 *
 * The second one is not to be trusted blindly. Some devices never count, others read their hardware
 * only every second or two. So it has to have risen a few times before its standing still means
 * anything, and it may stand still for twice as long as it ever did between two rises. Until then,
 * and where frames go by XDP, which some drivers do not count, frames that the device drops while
 * it sends none are what tells.
 */
#ifndef VNETD_TXWATCH_H
#define VNETD_TXWATCH_H

#include <stdbool.h>
#include <stdint.h>

#define TXWATCH_LOOKS 4 /* in the time-out */

/* Each may start anew at any time. */
struct txwatch_counts {
	uint64_t given;	  /* by the programs */
	uint64_t sent;	  /* by the device */
	uint64_t dropped; /* by the device */
	bool by_xdp;	  /* some of it */
};

struct txwatch {
	bool known; /* the last look is that of a moment ago */
	struct txwatch_counts last;
	uint64_t since_us;     /* frames have been given since then and none sent; 0: not so */
	uint64_t dropped_then; /* by then */
	unsigned int looks;    /* that found so */
	unsigned int rises;    /* of `sent`; as many as are needed for trust */
	uint64_t pause_us;     /* the longest between two rises while frames were given */
};

/* The next look will not be the one after this: what was seen of the device stays. */
void txwatch_pause(struct txwatch *w);

/* To be called TXWATCH_LOOKS times in @timeout_us. True: it has sent nothing for too long. */
bool txwatch_look(struct txwatch *w, const struct txwatch_counts *now, uint64_t now_us,
		  uint64_t timeout_us);

#endif
