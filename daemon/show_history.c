/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples of the past. They are kept by a clock that nobody sets, and shown by that of the wall. */
#include <time.h>

#include "show.h"

static uint64_t wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void add_number(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static struct json_object *show_sample(const struct history_sample *s, uint64_t age_us)
{
	struct json_object *o = json_object_new_object();

	show_add_time(o, wall_us() - age_us);
	add_number(o, "monotonic_us", s->time_us);
	add_number(o, "ipackets", s->counts.rx_packets);
	add_number(o, "rbytes", s->counts.rx_bytes);
	add_number(o, "opackets", s->counts.tx_packets);
	add_number(o, "obytes", s->counts.tx_bytes);
	add_number(o, "drops", s->counts.drops);
	return o;
}

/*
 * The one before sample @i (their number: from the newest on) that is shown, 0: none. Timers are
 * late by a little, so half of the interval at which samples are taken is no difference.
 */
static uint32_t step_back(const struct show_history *how, const struct history *h, uint32_t i)
{
	uint64_t from_us = h->sample[i].time_us + how->interval_kept_us / 2;

	while (i > 0) {
		const struct history_sample *s = &h->sample[--i];

		if (from_us - s->time_us >= how->interval_us)
			return i + 1;
	}
	return 0;
}

struct json_object *show_history(const struct show_history *how, const struct history *h)
{
	struct json_object *array = json_object_new_array(), *newest_first;
	size_t n = 0;

	if (!h->count)
		return array;
	newest_first = json_object_new_array();
	for (uint32_t i = h->count; i > 0; i = step_back(how, h, i - 1)) {
		const struct history_sample *s = &h->sample[i - 1];
		uint64_t age_us = how->now_us - s->time_us;

		if ((how->samples && n == how->samples) ||
		    (how->since_us && age_us > how->since_us))
			break;
		json_object_array_add(newest_first, show_sample(s, age_us));
		n++;
	}
	while (n > 0)
		json_object_array_add(
			array, json_object_get(json_object_array_get_idx(newest_first, --n)));
	json_object_put(newest_first);
	return array;
}
