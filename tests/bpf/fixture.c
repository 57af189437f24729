// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define ETHERNET_HEADER 14
#define TAG_LEN		4
#define LONG_FRAME	3000 /* bytes: beyond it BPF_PROG_TEST_RUN may refuse, by the page size */
#define MTU_FRAME	1518 /* bytes: XDP redirects no more than fits a device's MTU */
#define UNTAG_LEN	20   /* bytes: the kernel drops shorter tagged frames before any hook */

static const char *const drop_names[] = {
#define X(name, text, why) [ABI_DROP_##name] = text,
	ABI_DROPS(X)
#undef X
};

static const char *const counter_names[] = { "rx_packets",   "rx_bytes",     "tx_packets",
					     "tx_bytes",     "rx_multicast", "rx_broadcast",
					     "tx_multicast", "tx_broadcast" };

_Static_assert(sizeof(counter_names) / sizeof(counter_names[0]) * 8 == sizeof(struct abi_counters),
	       "each counter has a name");

static const char *const verdict_names[] = {
	[MODEL_PASS] = "pass",
	[MODEL_DROP] = "drop",
	[MODEL_REDIRECT] = "redirect",
};

static int __attribute__((format(printf, 2, 3))) differ(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, FIXTURE_WHY_SIZE, format, args);
	va_end(args);
	return -EBADMSG;
}

/* --- comparing --- */

static int compare_counts(const struct model_config *c, const char *who,
			  const struct world_counts *want, const struct world_counts *got,
			  char *why)
{
	for (size_t i = 0; i < c->resource_count; i++) {
		const __u64 *w = (const __u64 *)&want->resources[i];
		const __u64 *g = (const __u64 *)&got->resources[i];

		for (size_t k = 0; k < sizeof(counter_names) / sizeof(counter_names[0]); k++)
			if (w[k] != g[k])
				return differ(why, "%s: %s of resource %u grew by %llu, not %llu",
					      who, counter_names[k], c->resources[i].number, g[k],
					      w[k]);
	}
	for (size_t i = 0; i < c->vnet_count; i++) {
		const __u64 *w = want->vnets[i].count, *g = got->vnets[i].count;

		for (size_t k = 0; k < ABI_DROP_END; k++)
			if (w[k] != g[k])
				return differ(why,
					      "%s: drops \"%s\" of vnet %u grew by %llu, not %llu",
					      who, k ? drop_names[k] : "none", c->vnets[i].number,
					      g[k], w[k]);
	}
	return 0;
}

/* The wire tells nothing, so there is nothing to compare. */
static int compare_told(const char *who, const struct world_told *want,
			const struct world_told *got, char *why)
{
	const struct {
		const char *what;
		uint32_t want, got;
	} rows[] = {
		{ "the resource that it left over", want->sent, got->sent },
		{ "the resource that it came in by", want->received, got->received },
		{ "that it goes right into the peer", want->into_peer, got->into_peer },
		{ "the reason", want->reason, got->reason },
		{ "the reason of the drop", want->drop, got->drop },
		{ "the vnet of the drop", want->vnet, got->vnet },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].want != rows[i].got)
			return differ(why, "%s: %s is %u, not %u", who, rows[i].what, rows[i].got,
				      rows[i].want);
	return 0;
}

static int compare_frames(const char *who, const struct model_frame *want,
			  const struct model_frame *got, char *why)
{
	if (want->len != got->len)
		return differ(why, "%s: the frame has %zu bytes, not %zu", who, got->len,
			      want->len);
	for (size_t i = 0; i < want->len; i++)
		if (want->bytes[i] != got->bytes[i])
			return differ(why, "%s: byte %zu is %02x, not %02x", who, i, got->bytes[i],
				      want->bytes[i]);
	if (want->tag.present != got->tag.present)
		return differ(why, "%s: the frame has %s tag beside it", who,
			      got->tag.present ? "a" : "no");
	if (want->tag.present &&
	    (want->tag.proto != got->tag.proto || want->tag.tci != got->tag.tci))
		return differ(why, "%s: the tag is %04x %04x, not %04x %04x", who, got->tag.proto,
			      got->tag.tci, want->tag.proto, want->tag.tci);
	return 0;
}

int fixture_compare(const struct model_config *c, const char *who, const struct world_seen *want,
		    const struct world_seen *got, char why[FIXTURE_WHY_SIZE])
{
	int err;

	if (want->verdict != got->verdict)
		return differ(why, "%s: verdict is %s, not %s", who, verdict_names[got->verdict],
			      verdict_names[want->verdict]);
	if (want->egress != got->egress)
		return differ(why, "%s: leaves by interface %u, not %u", who, got->egress,
			      want->egress);
	err = compare_told(who, &want->told, &got->told, why);
	if (!err)
		err = compare_counts(c, who, &want->counted, &got->counted, why);
	if (err || want->verdict == MODEL_DROP) /* nobody gets its bytes */
		return err;
	return compare_frames(who, &want->frame, &got->frame, why);
}

/* --- what must become of it --- */

static bool is_rx(enum model_program program)
{
	return program == MODEL_RX || program == MODEL_XDP_RX;
}

static uint64_t frames_in(const struct fixture *f)
{
	if (f->frame.segment)
		return f->frame.counts_as;
	return f->frame.segments ? f->frame.segments : 1;
}

static void add_counters(const struct fixture *f, bool received, size_t bytes,
			 struct abi_counters *ret)
{
	static const uint8_t broadcast[MODEL_MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint64_t packets = frames_in(f);
	bool all = memcmp(f->frame.dst, broadcast, sizeof(broadcast)) == 0;
	bool some = !all && f->frame.dst[0] & 1;

	if (received)
		*ret = (struct abi_counters) { .rx_packets = packets,
					       .rx_bytes = bytes,
					       .rx_broadcast = all ? packets : 0,
					       .rx_multicast = some ? packets : 0 };
	else
		*ret = (struct abi_counters) { .tx_packets = packets,
					       .tx_bytes = bytes,
					       .tx_broadcast = all ? packets : 0,
					       .tx_multicast = some ? packets : 0 };
}

/*
 * All counters but those that are named stay as they are. @bytes: how long the program saw it. A
 * frame that one direct peer sends and the other drops counts for both.
 */
static void expect_counts(const struct model_config *c, const struct fixture *f, size_t bytes,
			  struct world_counts *ret)
{
	const struct fixture_expect *e = &f->expect;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; e->verdict != MODEL_PASS && i < c->resource_count; i++) {
		if (c->resources[i].number == e->resource)
			add_counters(f, is_rx(f->program), bytes, &ret->resources[i]);
		if (c->resources[i].number == e->received)
			add_counters(f, true, bytes, &ret->resources[i]);
	}
	for (size_t i = 0; e->verdict == MODEL_DROP && i < c->vnet_count; i++)
		if (c->vnets[i].number == e->vnet)
			ret->vnets[i].count[e->drop] = frames_in(f);
}

static void expect_told(const struct fixture *f, struct world_told *ret)
{
	const struct fixture_expect *e = &f->expect;

	memset(ret, 0, sizeof(*ret));
	ret->drop = e->drop;
	ret->vnet = e->verdict == MODEL_DROP ? e->vnet : 0;
	if (is_rx(f->program)) {
		ret->received = e->resource;
		return;
	}
	ret->reason = e->reason;
	ret->sent = e->resource;
	ret->received = e->received;
}

/* A tag that a TC program adds stands beside the frame. */
static void expect_frame(const struct fixture *f, struct model_frame *ret)
{
	struct frame_spec plain = frame_without_tags(&f->frame);

	frame_build(f->expect.tag == FIXTURE_AS_IT_CAME ? &f->frame : &plain, ret);
	if (f->expect.tag == FIXTURE_TAGGED)
		ret->tag = (struct model_tag) { true, FRAME_8021Q, f->expect.tci };
	if (model_is_xdp(f->program))
		model_frame_flatten(ret);
}

static void expect(const struct model_config *c, const struct fixture *f, size_t bytes,
		   struct world_seen *ret)
{
	ret->verdict = f->expect.verdict;
	ret->egress = f->expect.egress;
	expect_told(f, &ret->told);
	expect_frame(f, &ret->frame);
	expect_counts(c, f, bytes, &ret->counted);
}

/* --- the model --- */

void fixture_seen_by_model(const struct model_config *c, const struct model_output *out,
			   struct world_seen *ret)
{
	ret->verdict = out->verdict;
	ret->egress = out->egress;
	ret->told = (struct world_told) {
		.into_peer = out->into_peer,
		.sent = out->sent,
		.received = out->received,
		.reason = out->reason,
		.drop = out->drop,
		.vnet = out->verdict == MODEL_DROP ? out->vnet : 0,
	};
	model_frame_copy(&ret->frame, &out->frame);
	memset(&ret->counted, 0, sizeof(ret->counted));
	for (size_t i = 0; i < c->resource_count; i++) {
		if (c->resources[i].number == out->sent)
			ret->counted.resources[i] = out->sent_counters;
		if (c->resources[i].number == out->received)
			ret->counted.resources[i] = out->received_counters;
	}
	for (size_t i = 0; out->verdict == MODEL_DROP && i < c->vnet_count; i++)
		if (c->vnets[i].number == out->vnet)
			ret->counted.vnets[i].count[out->drop] = out->dropped;
}

/* --- the ways --- */

/* What one run needs; frames are too large for the stack of a recursion, not for the heap. */
struct run {
	struct world *world;
	struct fixture fixture; /* a copy, for one program */
	struct model_config config;
	struct model_frame in;
	struct model_output output;
	struct world_seen want;
	struct world_seen model;
	struct world_seen seen;
	char *why;
};

/* Each fixture starts with its clock at one and no storm behind it. */
static void ask_model(struct run *r)
{
	struct model_state state = { .now_ns = 1 };

	model_run(&r->config, &state, r->fixture.program, r->fixture.device, &r->in, &r->output);
	fixture_seen_by_model(&r->config, &r->output, &r->model);
}

static int run_model(struct run *r)
{
	expect(&r->config, &r->fixture, r->in.len, &r->want);
	ask_model(r);
	/* Where a peer is in another namespace is no question of the policy. */
	r->want.told.into_peer = r->model.told.into_peer;
	return fixture_compare(&r->config, "the model", &r->want, &r->model, r->why);
}

static int run_test_run(struct run *r)
{
	const struct fixture *f = &r->fixture;
	int err = world_test_run(r->world, f->program, f->device, &r->in, &r->seen);

	if (r->in.len < ETHERNET_HEADER)
		return err == -EINVAL ? 0 : differ(r->why, "the kernel took %zu bytes", r->in.len);
	if (err == -EINVAL && r->in.len > LONG_FRAME)
		return 0; /* the wire has to show it */
	if (err)
		return differ(r->why, "the test run failed: %s", strerror(-err));
	/* A tag beside the frame is not among what a test run gives back. */
	r->seen.frame.tag = r->want.frame.tag;
	return fixture_compare(&r->config, model_is_xdp(f->program) ? "XDP" : "TC", &r->want,
			       &r->seen, r->why);
}

/* The wire has no segments, no frame without a header, and a tap is not a peer. */
static bool fits_wire(const struct run *r, const struct fixture *tc)
{
	const struct fixture *f = &r->fixture;

	if (r->in.segments || r->in.segment || r->in.len < ETHERNET_HEADER ||
	    r->model.told.into_peer)
		return false;
	if (frame_tags(&f->frame) && r->in.len < UNTAG_LEN)
		return false;
	if (model_is_xdp(f->program) && r->in.len > MTU_FRAME)
		return false;
	for (size_t i = 0; i < r->config.device_count; i++)
		if (r->config.devices[i].ifindex == tc->expect.egress &&
		    (!r->config.devices[i].takes_xdp || r->config.devices[i].takes_fragments))
			return false; /* nothing can be read out of it */
	return true;
}

/*
 * On the wire all tags are in the frame; a TC program sees the outer one beside it. What an XDP
 * program passes on, TC decides.
 */
static int run_wire(struct run *r, const struct fixture *tc)
{
	struct fixture *f = &r->fixture;
	int err = world_wire_run(r->world, f->program, f->device, &r->in, &r->seen);

	if (err)
		return differ(r->why, "the wire failed: %s", strerror(-err));
	if (r->model.verdict == MODEL_PASS)
		*f = *tc;
	if (!model_is_xdp(f->program))
		frame_untag(&r->in);
	expect(&r->config, f, r->in.len, &r->want);
	model_frame_flatten(&r->want.frame);
	ask_model(r);
	model_frame_flatten(&r->model.frame);
	r->model.told = r->want.told;
	err = fixture_compare(&r->config, "the model on the wire", &r->want, &r->model, r->why);
	if (err)
		return err;
	r->seen.told = r->want.told;
	if (r->want.verdict != MODEL_REDIRECT) /* it came out nowhere */
		model_frame_copy(&r->seen.frame, &r->want.frame);
	return fixture_compare(&r->config, "the wire", &r->want, &r->seen, r->why);
}

static int run_program(struct run *r, const struct fixture *tc)
{
	int err;

	frame_build(&r->fixture.frame, &r->in);
	err = world_apply(r->world, &r->config); /* no storm is behind it */
	if (!err)
		err = world_device(r->world, r->fixture.device);
	if (err)
		return differ(r->why, "the scene cannot be made: %s", strerror(-err));
	err = run_model(r);
	if (!err)
		err = run_test_run(r);
	if (!err)
		err = world_apply(r->world, &r->config);
	return !err && fits_wire(r, tc) ? run_wire(r, tc) : err;
}

/* There is no XDP at an egress, and no segments in it; a frame of several buffers is another test.
 */
static bool fits_xdp(const struct run *r, const struct fixture *f)
{
	for (size_t i = 0; i < r->config.port_count; i++)
		if (r->config.ports[i].ifindex == f->device && r->config.ports[i].egress)
			return false;
	return !f->frame.segments && !f->frame.segment && r->in.len <= LONG_FRAME;
}

/* The same fixture of XDP. */
static void to_xdp(const struct fixture *f, struct fixture *ret)
{
	*ret = *f;
	ret->program = f->program == MODEL_TX ? MODEL_XDP_TX : MODEL_XDP_RX;
	if (f->xdp_passes)
		ret->expect = (struct fixture_expect) { .verdict = MODEL_PASS };
}

int fixture_run(struct world *w, const struct fixture *f, char why[FIXTURE_WHY_SIZE])
{
	struct world_features features = world_features(w);
	struct run *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return differ(why, "out of memory");
	r->world = w;
	r->fixture = *f;
	r->why = why;
	err = scene_parse(f->scene, &r->config);
	r->config.sees_state = features.device_state;
	r->config.sees_xdp = features.xdp_features;
	if (err)
		err = differ(why, "the scene cannot be read");
	if (!err && (!f->needs_state || features.device_state))
		err = run_program(r, f);
	if (!err && fits_xdp(r, f) && (!f->needs_state || features.device_state)) {
		to_xdp(f, &r->fixture);
		err = run_program(r, f);
	}
	free(r);
	return err;
}
