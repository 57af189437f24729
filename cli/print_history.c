// SPDX-License-Identifier: GPL-2.0-or-later
/* What was counted between one sample and the next, by the second. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "field.h"
#include "print.h"
#include "table.h"

#define PRINT_HISTORY_USEC 1e6

static const struct table_column print_history_columns[] = {
	{ "TIME" },
	{ "RX PKT/S", true },
	{ "RX BYTE/S", true },
	{ "TX PKT/S", true },
	{ "TX BYTE/S", true },
	{ "DROPS/S", true },
	{ NULL },
};

static const char *const print_history_keys[] = {
	"ipackets", "rbytes", "opackets", "obytes", "drops",
};

/* The wall's clock here, where vnetd tells UTC. */
static const char *print_history_time(struct json_object *sample, char *buffer, size_t size)
{
	const char *text = field_text(sample, "time");
	struct tm tm = { 0 };
	time_t seconds;

	if (!strptime(text, "%Y-%m-%dT%H:%M:%S", &tm))
		return text;
	seconds = timegm(&tm);
	if (!localtime_r(&seconds, &tm) || !strftime(buffer, size, "%Y-%m-%d %H:%M:%S", &tm))
		return text;
	return buffer;
}

/* A counter that is less than it was has begun anew: there is no rate to tell. */
static void print_history_rate(struct table *t, uint64_t before, uint64_t now, double seconds)
{
	double rate = seconds > 0 ? (double)(now - before) / seconds : 0;

	if (now < before || seconds <= 0)
		table_add(t, TEXT_PLAIN, "-");
	else if (rate > 0 && rate < 10)
		table_add(t, TEXT_PLAIN, "%.1f", rate);
	else
		table_add(t, TEXT_PLAIN, "%.0f", rate);
}

static void print_history_row(struct table *t, struct json_object *before, struct json_object *now)
{
	uint64_t from_us = field_number(before, "monotonic_us");
	uint64_t to_us = field_number(now, "monotonic_us");
	double seconds = to_us > from_us ? (double)(to_us - from_us) / PRINT_HISTORY_USEC : 0;
	char time[32];
	size_t i;

	table_add(t, TEXT_PLAIN, "%s", print_history_time(now, time, sizeof(time)));
	for (i = 0; i < sizeof(print_history_keys) / sizeof(print_history_keys[0]); i++)
		print_history_rate(t, field_number(before, print_history_keys[i]),
				   field_number(now, print_history_keys[i]), seconds);
}

static void print_history_heading(struct ctl *ctl, struct json_object *one)
{
	text_print_colour(ctl->out, ctl->colour, TEXT_BOLD, field_text(one, "owner"));
	if (field_text(one, "flow")[0]) {
		fputc('/', ctl->out);
		text_print_colour(ctl->out, ctl->colour, TEXT_BOLD, field_text(one, "flow"));
	}
	text_printf(ctl->out, ": %s\n", field_text(one, "kind"));
}

static int print_history_one(struct ctl *ctl, struct json_object *one)
{
	struct json_object *samples = field_find(one, "samples");
	size_t i, n = field_count(samples);
	struct table *t;

	print_history_heading(ctl, one);
	if (field_number(one, "interval") == 0) {
		fputs("  vnetd takes no samples: its --history-interval is 0\n", ctl->out);
		return 0;
	}
	if (n < 2) {
		fputs("  there are no two samples yet\n", ctl->out);
		return 0;
	}
	t = table_new(print_history_columns);
	for (i = 1; i < n; i++)
		print_history_row(t, json_object_array_get_idx(samples, i - 1),
				  json_object_array_get_idx(samples, i));
	return table_print(t, ctl->out, ctl->colour, 2);
}

int print_history(struct ctl *ctl, struct json_object *history)
{
	size_t i;

	if (field_count(history) == 0)
		fputs("no vnets\n", ctl->out);
	for (i = 0; i < field_count(history); i++) {
		if (i > 0)
			fputc('\n', ctl->out);
		if (print_history_one(ctl, json_object_array_get_idx(history, i)) < 0)
			return -ENOMEM;
	}
	return 0;
}
