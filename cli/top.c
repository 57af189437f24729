// SPDX-License-Identifier: GPL-2.0-or-later
/* What is carried now: the difference of two answers, again and again. */
#include "top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "field.h"
#include "print.h"
#include "verbs.h"

#define TOP_INTERVAL_S	   1
#define TOP_INTERVAL_S_MAX 86400

static const char *const top_keys[] = { "ipackets", "rbytes", "opackets", "obytes", "drops" };

#define TOP_KEYS (sizeof(top_keys) / sizeof(top_keys[0]))

/* --- what was counted, by a name for each --- */

static void top_add(struct json_object *counts, const char *kind, const char *vnet,
		    const char *name, const uint64_t values[TOP_KEYS])
{
	struct json_object *o = json_object_new_object();
	char key[256];
	size_t i;

	snprintf(key, sizeof(key), "%s %s%s%s", kind, vnet, name ? "/" : "", name ? name : "");
	for (i = 0; i < TOP_KEYS; i++)
		json_object_object_add(o, top_keys[i], json_object_new_uint64(values[i]));
	json_object_object_add(counts, key, o);
}

static uint64_t top_drops(struct json_object *drops)
{
	uint64_t sum = 0;

	if (!drops)
		return 0;
	json_object_object_foreach(drops, reason, n)
	{
		sum += reason[0] ? json_object_get_uint64(n) : 0;
	}
	return sum;
}

/* Those of an array of resources or flows, whose drops are in two fields. */
static void top_add_parts(struct json_object *counts, const char *kind, const char *vnet,
			  struct json_object *parts, const char *const drops[2],
			  uint64_t sum[TOP_KEYS])
{
	uint64_t values[TOP_KEYS];
	struct json_object *part;
	size_t i, k;

	for (i = 0; i < field_count(parts); i++) {
		part = json_object_array_get_idx(parts, i);
		for (k = 0; k < TOP_KEYS - 1; k++) {
			values[k] = field_number(part, top_keys[k]);
			sum[k] += values[k];
		}
		values[k] = field_number(part, drops[0]) + field_number(part, drops[1]);
		top_add(counts, kind, vnet, field_text(part, "name"), values);
	}
}

static void top_add_vnet(struct json_object *counts, struct json_object *one)
{
	static const char *const resource_drops[] = { "norcvbuf", "noxmtbuf" };
	static const char *const flow_drops[] = { "idrops", "odrops" };
	uint64_t sum[TOP_KEYS] = { 0 }, of_flows[TOP_KEYS] = { 0 };
	struct json_object *parts = json_object_new_object();
	const char *vnet = field_text(one, "vnet");

	top_add_parts(parts, "resource", vnet, field_find(one, "resources"), resource_drops, sum);
	top_add_parts(parts, "flow", vnet, field_find(one, "flows"), flow_drops, of_flows);
	sum[TOP_KEYS - 1] = top_drops(field_find(one, "drops"));
	top_add(counts, "vnet", vnet, NULL, sum);
	json_object_object_foreach(parts, key, value)
	{
		json_object_object_add(counts, key, json_object_get(value));
	}
	json_object_put(parts);
}

static struct json_object *top_counts(struct json_object *stats)
{
	struct json_object *counts = json_object_new_object();
	size_t i;

	for (i = 0; i < field_count(stats); i++)
		top_add_vnet(counts, json_object_array_get_idx(stats, i));
	return counts;
}

static struct json_object *top_rate(struct json_object *before, struct json_object *now,
				    double seconds)
{
	struct json_object *o = json_object_new_object();
	uint64_t from, to;
	size_t i;

	for (i = 0; i < TOP_KEYS; i++) {
		from = field_number(before, top_keys[i]);
		to = field_number(now, top_keys[i]);
		json_object_object_add(
			o, top_keys[i],
			before && to >= from && seconds > 0
				? json_object_new_double((double)(to - from) / seconds)
				: NULL);
	}
	return o;
}

struct json_object *top_rates(struct json_object *before, struct json_object *now, double seconds)
{
	struct json_object *counts_before = top_counts(before), *counts_now = top_counts(now);
	struct json_object *rates = json_object_new_array(), *row;

	json_object_object_foreach(counts_now, key, value)
	{
		row = top_rate(field_find(counts_before, key), value, seconds);
		json_object_object_add(row, "name", json_object_new_string(key));
		json_object_array_add(rates, row);
	}
	json_object_put(counts_before);
	json_object_put(counts_now);
	return rates;
}

/* --- again and again --- */

static double top_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static enum ctl_status top_ask(struct ctl *ctl, const char *vnet, struct json_object **ret)
{
	char *text = NULL;
	enum ctl_status status = ctl_result(ctl, vnet_stats(ctl->client, vnet, NULL, &text));

	if (status != CTL_DONE)
		return status;
	*ret = json_tokener_parse(text);
	vnet_free(text);
	return *ret ? CTL_DONE : ctl_no_memory(ctl);
}

static enum ctl_status top_print(struct ctl *ctl, struct json_object *rates)
{
	enum ctl_status status = CTL_DONE;

	if (ctl->json) {
		status =
			ctl_print_json(ctl, json_object_to_json_string_ext(
						    rates, JSON_C_TO_STRING_PLAIN |
								   JSON_C_TO_STRING_NOSLASHESCAPE));
	} else {
		if (ctl->colour)
			fputs("\033[H\033[J", ctl->out);
		if (print_top(ctl, rates) < 0)
			status = ctl_no_memory(ctl);
	}
	if (status == CTL_DONE && (fflush(ctl->out) == EOF || ferror(ctl->out)))
		return CTL_FAILED;
	return status;
}

/* True: a signal has come. */
static bool top_wait(int signals, unsigned int seconds)
{
	struct pollfd polled = { .fd = signals, .events = POLLIN };

	return poll(&polled, 1, (int)(seconds * 1000)) > 0;
}

static enum ctl_status top_loop(struct ctl *ctl, const char *vnet, int signals,
				unsigned int interval_s, unsigned int samples)
{
	struct json_object *before, *now, *rates;
	enum ctl_status status = top_ask(ctl, vnet, &before);
	double from = top_seconds(), to;
	unsigned int n = 0;

	if (status != CTL_DONE)
		return status;
	while (status == CTL_DONE && (!samples || n++ < samples) &&
	       !top_wait(signals, interval_s)) {
		status = top_ask(ctl, vnet, &now);
		if (status != CTL_DONE)
			break;
		to = top_seconds();
		rates = top_rates(before, now, to - from);
		status = top_print(ctl, rates);
		json_object_put(rates);
		json_object_put(before);
		before = now;
		from = to;
	}
	json_object_put(before);
	return status;
}

enum ctl_status top_run(struct ctl *ctl, const struct command *command)
{
	unsigned int interval_s = 0, samples = 0;
	enum ctl_status status;
	sigset_t set;
	int signals;

	if (verbs_number(ctl, command, "interval", &interval_s) != CTL_DONE ||
	    verbs_number(ctl, command, "samples", &samples) != CTL_DONE)
		return CTL_USAGE;
	if (interval_s > TOP_INTERVAL_S_MAX)
		return ctl_usage(ctl, "top", "interval '%u' is too long: expected at most %d",
				 interval_s, TOP_INTERVAL_S_MAX);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return ctl_fail(ctl, CTL_FAILED, "cannot wait for signals: %s", strerror(errno));
	status = top_loop(ctl, command->name[0], signals, interval_s ? interval_s : TOP_INTERVAL_S,
			  samples);
	close(signals);
	return status;
}
