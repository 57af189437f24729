// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "differ.h"
#include "frame.h"

#define TAG_AT	     12
#define TAG_LEN	     4
#define FIRST_BUFFER 14		    /* bytes of a frame in pieces: no driver gives less */
#define FORGOTTEN_NS 30000000000ULL /* by then nobody waits for the rest of a packet */

/* --- comparing --- */

static uint32_t copies_of(const struct model_output *out)
{
	uint32_t count = out->stack_copy;

	for (size_t i = 0; i < out->copy_count; i++)
		count += !out->copies[i].drop;
	return count;
}

static struct world_told told_by_model(const struct model_output *out)
{
	return (struct world_told) {
		.into_peer = out->into_peer,
		.into_stack = out->into_stack,
		.into_cpu = out->into_cpu,
		.copies = copies_of(out),
		.sent = out->sent,
		.received = out->received,
		.reason = out->reason,
		.drop = out->drop,
		.vnet = out->verdict == MODEL_DROP ? out->vnet : 0,
		.priority = out->priority,
		.start_ns = out->start_ns,
	};
}

static bool same_told(const struct world_told *a, const struct world_told *b)
{
	return a->into_peer == b->into_peer && a->into_stack == b->into_stack &&
	       a->into_cpu == b->into_cpu && a->copies == b->copies && a->sent == b->sent &&
	       a->received == b->received && a->reason == b->reason && a->drop == b->drop &&
	       a->vnet == b->vnet && a->priority == b->priority && a->start_ns == b->start_ns;
}

/* Of a copy: is where it has to come out a tap that takes it? (Who is not "present" is, but has no
 * row.) */
static bool can_read(const struct model_config *c, uint32_t ifindex)
{
	const struct model_device *d = model_device_find(c, ifindex);

	return d && d->up && d->carrier && d->takes_xdp && !d->takes_fragments;
}

static bool same_bytes(const struct model_frame *a, const struct model_frame *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* @a has a tag, and @b is the same without it. */
static bool same_but_tag(const struct model_frame *a, const struct model_frame *b)
{
	return a->len == b->len + TAG_LEN && memcmp(a->bytes, b->bytes, TAG_AT) == 0 &&
	       memcmp(a->bytes + TAG_AT + TAG_LEN, b->bytes + TAG_AT, b->len - TAG_AT) == 0;
}

/*
 * Of a TC program's frame the tag beside it is not seen. If there was one before and it is right it
 * stays there; one that was in the frame and is right may stay where it was.
 */
static bool same_frame(const struct model_output *out, const struct world_seen *got)
{
	static struct model_frame flat; /* too large for the stack */

	if (same_bytes(&out->frame, &got->frame))
		return true;
	model_frame_copy(&flat, &out->frame);
	model_frame_flatten(&flat);
	if (same_bytes(&flat, &got->frame))
		return true;
	/* One that was changed for its copies, and back, has its tag beside. */
	return out->copy_count && same_but_tag(&flat, &got->frame);
}

/* Each copy has come out where it should, as it should. */
static bool same_copies(struct differ *d)
{
	const struct model_output *out = &d->wanted;

	for (size_t i = 0; i < out->copy_count; i++) {
		if (out->copies[i].drop || !can_read(&d->config, out->copies[i].egress))
			continue;
		model_copy_frame(&d->config, out, i, &d->copy);
		model_frame_flatten(&d->copy);
		if (world_take(d->world, out->copies[i].egress, &d->seen.frame) ||
		    !same_bytes(&d->copy, &d->seen.frame))
			return false;
	}
	return true;
}

/* What differs, NULL: nothing. */
static const char *compare(const struct model_output *out, const struct world_seen *got)
{
	struct world_told told = told_by_model(out);

	if (out->verdict != got->verdict)
		return "the verdict";
	if (out->egress != got->egress)
		return "the device that it leaves by";
	if (!same_told(&told, &got->told))
		return "the resource, or the reason";
	if (out->verdict != MODEL_DROP && !same_frame(out, got))
		return "the frame";
	return NULL;
}

/* --- one frame --- */

static void expect_copy(struct differ *d, const struct model_copy *copy)
{
	const uint64_t *from = (const uint64_t *)&copy->received;
	const struct model_config *c = &d->config;

	for (size_t i = 0; i < c->resource_count && !copy->drop; i++)
		for (size_t k = 0; c->resources[i].number == copy->resource &&
				   k < sizeof(copy->received) / sizeof(*from);
		     k++)
			((uint64_t *)&d->expected.resources[i])[k] += from[k];
	for (size_t i = 0; i < c->vnet_count && copy->drop; i++)
		if (c->vnets[i].number == copy->vnet)
			d->expected.vnets[i].count[copy->drop] += copy->dropped;
}

static void expect_flow(struct differ *d, const struct model_metered *m)
{
	const struct model_config *c = &d->config;
	uint64_t frames = model_frames_in(&d->input.frame);
	struct abi_flow_counters *to;

	for (size_t i = 0; i < c->flow_count; i++) {
		if (c->flows[i].number != m->flow)
			continue;
		to = &d->expected.flows[i];
		if (m->dropped) {
			*(m->out ? &to->tx_dropped : &to->rx_dropped) += frames;
			continue;
		}
		*(m->out ? &to->tx_packets : &to->rx_packets) += frames;
		*(m->out ? &to->tx_bytes : &to->rx_bytes) += d->input.frame.len;
	}
	for (size_t i = 0; i < c->vnet_count; i++)
		if (c->vnets[i].number == m->vnet)
			d->expected.vnets[i].count[ABI_DROPS_UNPARSED] += frames;
}

static void expect(struct differ *d, const struct model_output *out)
{
	const struct model_config *c = &d->config;
	const uint64_t *from;
	uint64_t *to;

	for (size_t i = 0; i < c->resource_count; i++) {
		bool sent = c->resources[i].number == out->sent;

		if (!sent && c->resources[i].number != out->received)
			continue;
		from = (const uint64_t *)(sent ? &out->sent_counters : &out->received_counters);
		to = (uint64_t *)&d->expected.resources[i];
		for (size_t k = 0; k < sizeof(struct abi_counters) / sizeof(*to); k++)
			to[k] += from[k];
	}
	for (size_t i = 0; i < out->metered_count; i++)
		expect_flow(d, &out->metered[i]);
	for (size_t i = 0; out->verdict == MODEL_DROP && i < c->vnet_count; i++)
		if (c->vnets[i].number == out->vnet)
			d->expected.vnets[i].count[out->drop] += out->dropped;
	for (size_t i = 0; i < out->copy_count; i++)
		expect_copy(d, &out->copies[i]);
}

static int report(const struct differ *d, enum model_program program,
		  const struct model_state *before, const char *what, FILE *log)
{
	const struct model_output *out = &d->wanted;
	struct world_told told = told_by_model(out);

	fprintf(log, "--- %s differs\n", what);
	differ_print_config(log, &d->config);
	differ_print_case(log, &d->input, program, before);
	differ_print_answer(log, "the model", out->verdict, out->egress, &told, &out->frame);
	differ_print_answer(log, "the program", d->seen.verdict, d->seen.egress, &d->seen.told,
			    &d->seen.frame);
	return -EBADMSG;
}

/* The kernel makes no skb of an IP frame that is shorter than its header; the wire has to. */
static bool is_short_ip(const struct model_frame *f)
{
	uint16_t type = (uint16_t)(f->bytes[12] << 8 | f->bytes[13]);

	return (type == 0x0800 && f->len < 14 + 20) || (type == 0x86dd && f->len < 14 + 40);
}

static int run_one(struct differ *d, enum model_program program, FILE *log)
{
	const struct model_state before = d->state;
	struct world_seen *seen = &d->seen;
	const char *what;
	int err;

	model_run(&d->config, &d->state, program, d->input.ifindex, &d->input.frame, &d->wanted);
	err = world_run(d->world, program, d->input.ifindex, &d->input.frame, before.now_ns, seen);
	if (err == -EINVAL && is_short_ip(&d->input.frame) && !model_is_xdp(program)) {
		d->state = before;
		return 0;
	}
	if (err) {
		fprintf(log, "--- the kernel takes no %zu bytes (%zu linear): %s\n",
			d->input.frame.len, d->input.frame.linear, strerror(-err));
		return err;
	}
	d->runs++;
	what = compare(&d->wanted, seen);
	if (!what && !same_copies(d))
		what = "a copy";
	if (what)
		return report(d, program, &before, what, log);
	expect(d, &d->wanted);
	return 0;
}

static enum model_program xdp_of(enum model_program program)
{
	if (program == MODEL_UPLINK)
		return MODEL_XDP_UPLINK;
	return program == MODEL_TX ? MODEL_XDP_TX : MODEL_XDP_RX;
}

static int try_frame(struct differ *d, struct differ_random *r, FILE *log)
{
	struct model_frame *f = &d->input.frame;
	int err;

	differ_frame(r, &d->config, &d->input);
	d->frames++;
	d->state.now_ns +=
		differ_chance(r, 95) ? differ_below(r, 1000000) : differ_below(r, 2000000000);
	if (differ_chance(r, 1))
		d->state.now_ns += FORGOTTEN_NS;
	/* As devices do that take the tag out. */
	if (differ_chance(r, 50))
		frame_untag(f);
	err = run_one(d, d->input.program, log);
	/* Again: what is remembered of the first one has to do the same. */
	if (!err && differ_chance(r, 20))
		err = run_one(d, d->input.program, log);
	if (err || !d->input.xdp)
		return err;
	model_frame_flatten(f);
	if (d->pieces && f->len > FIRST_BUFFER && differ_chance(r, 6))
		f->linear = FIRST_BUFFER + differ_below(r, (uint32_t)f->len - FIRST_BUFFER);
	err = run_one(d, xdp_of(d->input.program), log);
	if (err || d->input.program == MODEL_TX || differ_chance(r, 60))
		return err;
	return run_one(d, MODEL_XDP_CPU, log);
}

/* --- a round --- */

static int compare_counters(struct differ *d, FILE *log)
{
	const uint64_t *want = (const uint64_t *)&d->expected;
	struct world_counts counted;
	const uint64_t *got = (const uint64_t *)&counted;
	const size_t resources = sizeof(counted.resources) / (sizeof(*got));
	const size_t vnets = resources + sizeof(counted.vnets) / (sizeof(*got));
	const size_t per_flow = sizeof(counted.flows[0]) / (sizeof(*got));
	const size_t per_resource = sizeof(counted.resources[0]) / (sizeof(*got));
	int err = world_count(d->world, &counted);

	for (size_t i = 0; !err && i < sizeof(counted) / sizeof(*got); i++) {
		if (want[i] == got[i])
			continue;
		if (i < resources)
			fprintf(log, "--- counter %zu of resource %u", i % per_resource,
				d->config.resources[i / per_resource].number);
		else if (i < vnets)
			fprintf(log, "--- drops %zu of vnet %u", (i - resources) % ABI_DROPS_SLOTS,
				d->config.vnets[(i - resources) / ABI_DROPS_SLOTS].number);
		else
			fprintf(log, "--- counter %zu of flow %u", (i - vnets) % per_flow,
				d->config.flows[(i - vnets) / per_flow].number);
		fprintf(log, " is %" PRIu64 ", not %" PRIu64 "\n", got[i], want[i]);
		differ_print_config(log, &d->config);
		err = -EBADMSG;
	}
	return err;
}

/* Copies of a round that ended early. */
static void drain(struct differ *d)
{
	for (size_t i = 0; i < d->config.device_count; i++)
		while (world_take(d->world, d->config.devices[i].ifindex, &d->copy) == 0)
			;
}

int differ_round(struct differ *d, uint64_t seed, uint32_t frames, FILE *log)
{
	struct world_features features = world_features(d->world);
	struct differ_random random = { seed };
	int err;

	differ_config(&random, &features, &d->config);
	memset(&d->state, 0, sizeof(d->state));
	memset(&d->expected, 0, sizeof(d->expected));
	d->state.now_ns = 1000000000;
	d->state.fragments = d->fragments;
	d->state.fragment_max = DIFFER_FRAGMENTS_MAX;
	err = world_apply(d->world, &d->config);
	if (err)
		fprintf(log, "--- the configuration cannot be made: %s\n", strerror(-err));
	drain(d);
	for (uint32_t i = 0; !err && i < frames; i++) {
		err = try_frame(d, &random, log);
		if (err)
			fprintf(log, "at frame %u of the round\n", i);
	}
	return err ? err : compare_counters(d, log);
}
