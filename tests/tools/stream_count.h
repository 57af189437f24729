/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What became of the frames of one stream: stream.c and provider.c count with it. */
#ifndef TOOLS_STREAM_COUNT_H
#define TOOLS_STREAM_COUNT_H

#include "stream.h"

struct stream_count {
	uint64_t received, duplicated, reordered;
	uint64_t first, last; /* numbers */
	uint64_t max_gap_ns, last_ns;
	uint64_t *seen; /* one bit a number */
};

static inline void stream_count_open(struct stream_count *c)
{
	c->seen = calloc(STREAM_NUMBERS_MAX / 64 + 1, sizeof(*c->seen));
	if (!c->seen)
		err(COMMON_FAILED, "memory");
}

/* A frame with a number less than STREAM_NUMBERS_MAX came at @time_ns. */
static inline void stream_count_take(struct stream_count *c, uint64_t number, uint64_t time_ns)
{
	uint64_t *word = &c->seen[number / 64], bit = 1ULL << number % 64;

	if (*word & bit) {
		c->duplicated++;
		return;
	}
	*word |= bit;
	if (!c->received || number < c->first)
		c->first = number;
	if (c->received && number < c->last)
		c->reordered++;
	else
		c->last = number;
	c->received++;
	if (time_ns > c->last_ns) {
		if (c->last_ns && time_ns - c->last_ns > c->max_gap_ns)
			c->max_gap_ns = time_ns - c->last_ns;
		c->last_ns = time_ns;
	}
}

/* How many there were up to the highest number. */
static inline uint64_t stream_count_expected(const struct stream_count *c)
{
	return c->received ? c->last + 1 : 0;
}

/* The fields that both reports begin with. */
static inline void stream_count_print(const struct stream_count *c, uint64_t expected, FILE *f)
{
	fprintf(f,
		"\"received\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"duplicated\":%" PRIu64
		",\"reordered\":%" PRIu64 ",\"max_gap_us\":%" PRIu64 ",\"first\":%" PRId64
		",\"last\":%" PRId64,
		c->received, expected - c->received, c->duplicated, c->reordered,
		c->max_gap_ns / 1000, c->received ? (int64_t)c->first : -1,
		c->received ? (int64_t)c->last : -1);
}

#endif
