/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an object has counted so far, as it was at some times: the last few samples. */
#ifndef VNETD_HISTORY_H
#define VNETD_HISTORY_H

#include "util.h"

struct history_counts {
	uint64_t rx_packets;
	uint64_t rx_bytes;
	uint64_t tx_packets;
	uint64_t tx_bytes;
	uint64_t drops;
};

struct history_sample {
	uint64_t time_us; /* CLOCK_MONOTONIC */
	struct history_counts counts;
};

struct history {
	struct history_sample *sample; /* owned; the oldest is the first */
	uint32_t count;
	uint32_t room;
	uint64_t round; /* in which the last was taken */
};

/* No rate comes from fewer. */
#define HISTORY_SAMPLES_LEAST 2

/*
 * Adds a sample, and forgets the oldest ones beyond @keep, which is HISTORY_SAMPLES_LEAST at least.
 * 0, or -ENOMEM: the sample is not there, the others are.
 */
int history_add(struct history *h, const struct history_sample *s, uint32_t keep);
void history_clear(struct history *h);

/* How many samples of each of @objects are kept, if @wanted are and all of it has a bound. */
uint32_t history_keep(size_t objects, uint32_t wanted);

#endif
