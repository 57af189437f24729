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
#define UNTAG_LEN	20   /* bytes: the kernel drops shorter tagged frames before any hook */

static const char *const drop_names[] = {
#define X(name, text, why) [ABI_DROP_##name] = text,
	ABI_DROPS(X)
#undef X
};

static const char *const reason_names[] = { [ABI_REASON_NONE] = "none",
#define X(name, text, why) [ABI_REASON_##name] = text,
					    ABI_REASONS(X)
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
	err = compare_counts(c, who, &want->counted, &got->counted, why);
	return err ? err : compare_frames(who, &want->frame, &got->frame, why);
}

/* --- what must become of it --- */

static void expect_counters(const struct fixture *f, size_t bytes, struct abi_counters *ret)
{
	static const uint8_t broadcast[MODEL_MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint64_t packets = f->frame.segments ? f->frame.segments : 1;
	bool all = memcmp(f->frame.dst, broadcast, sizeof(broadcast)) == 0;
	bool some = !all && f->frame.dst[0] & 1;

	if (f->program == MODEL_TX)
		*ret = (struct abi_counters) { .tx_packets = packets,
					       .tx_bytes = bytes,
					       .tx_broadcast = all ? packets : 0,
					       .tx_multicast = some ? packets : 0 };
	else
		*ret = (struct abi_counters) { .rx_packets = packets,
					       .rx_bytes = bytes,
					       .rx_broadcast = all ? packets : 0,
					       .rx_multicast = some ? packets : 0 };
}

/* All counters but the one that is named stay as they are. @bytes: how long the program saw it. */
static void expect_counts(const struct model_config *c, const struct fixture *f, size_t bytes,
			  struct world_counts *ret)
{
	const struct fixture_expect *e = &f->expect;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; e->verdict == MODEL_REDIRECT && i < c->resource_count; i++)
		if (c->resources[i].number == e->resource)
			expect_counters(f, bytes, &ret->resources[i]);
	for (size_t i = 0; e->verdict == MODEL_DROP && i < c->vnet_count; i++)
		if (c->vnets[i].number == e->vnet)
			ret->vnets[i].count[e->drop] = f->frame.segments ? f->frame.segments : 1;
}

/* A tag that the program adds stands beside the frame. */
static void expect_frame(const struct fixture *f, struct model_frame *ret)
{
	struct frame_spec plain = frame_without_tags(&f->frame);

	frame_build(f->expect.tag == FIXTURE_AS_IT_CAME ? &f->frame : &plain, ret);
	if (f->expect.tag == FIXTURE_TAGGED)
		ret->tag = (struct model_tag) { true, FRAME_8021Q, f->expect.tci };
}

static void expect(const struct model_config *c, const struct fixture *f, size_t bytes,
		   struct world_seen *ret)
{
	ret->verdict = f->expect.verdict;
	ret->egress = f->expect.egress;
	expect_frame(f, &ret->frame);
	expect_counts(c, f, bytes, &ret->counted);
}

/* --- the model --- */

void fixture_ask_model(const struct model_config *c, enum model_program program, uint32_t ifindex,
		       const struct model_frame *in, struct model_output *out,
		       struct world_seen *ret)
{
	model_run(c, program, ifindex, in, out);
	ret->verdict = out->verdict;
	ret->egress = out->egress;
	model_frame_copy(&ret->frame, &out->frame);
	memset(&ret->counted, 0, sizeof(ret->counted));
	for (size_t i = 0; out->verdict == MODEL_REDIRECT && i < c->resource_count; i++)
		if (c->resources[i].number == out->resource)
			ret->counted.resources[i] = out->counters;
	for (size_t i = 0; out->verdict == MODEL_DROP && i < c->vnet_count; i++)
		if (c->vnets[i].number == out->vnet)
			ret->counted.vnets[i].count[out->drop] = out->dropped;
}

static int compare_reasons(const struct fixture_expect *e, const struct model_output *out,
			   char *why)
{
	if (e->drop != out->drop)
		return differ(why, "the model: drops for \"%s\"",
			      out->drop ? drop_names[out->drop] : "none");
	if (e->reason != out->reason)
		return differ(why, "the model: reason is \"%s\", not \"%s\"",
			      reason_names[out->reason], reason_names[e->reason]);
	if (e->resource != out->resource)
		return differ(why, "the model: resource %u carries, not %u", out->resource,
			      e->resource);
	return 0;
}

/* --- the three ways --- */

/* What one run needs; frames are too large for the stack of a recursion, not for the heap. */
struct run {
	struct world *world;
	const struct fixture *fixture;
	struct model_config config;
	struct model_frame in;
	struct model_output output;
	struct world_seen want;
	struct world_seen model;
	struct world_seen seen;
	char *why;
};

static int run_model(struct run *r)
{
	const struct fixture *f = r->fixture;
	int err;

	expect(&r->config, f, r->in.len, &r->want);
	fixture_ask_model(&r->config, f->program, f->device, &r->in, &r->output, &r->model);
	err = compare_reasons(&f->expect, &r->output, r->why);
	return err ? err : fixture_compare(&r->config, "the model", &r->want, &r->model, r->why);
}

static int run_test_run(struct run *r)
{
	const struct fixture *f = r->fixture;
	int err = world_test_run(r->world, f->program, f->device, &r->in, &r->seen);

	if (r->in.len < ETHERNET_HEADER)
		return err == -EINVAL ? 0 : differ(r->why, "the kernel took %zu bytes", r->in.len);
	if (err == -EINVAL && r->in.len > LONG_FRAME)
		return 0; /* the wire has to show it */
	if (err)
		return differ(r->why, "the test run failed: %s", strerror(-err));
	/* A tag beside the frame is not among what a test run gives back. */
	r->seen.frame.tag = r->want.frame.tag;
	return fixture_compare(&r->config, "the program", &r->want, &r->seen, r->why);
}

/* The wire has no segments, no frame without a header, and a tap is not a peer. */
static bool fits_wire(const struct run *r)
{
	const struct fixture *f = r->fixture;
	const struct model_vnet *n = model_vnet_find(&r->config, r->output.vnet);

	if (r->in.segments || r->in.len < ETHERNET_HEADER)
		return false;
	if (frame_tags(&f->frame) && r->in.len < UNTAG_LEN)
		return false;
	return !(n && n->peer && f->program == MODEL_RX);
}

/* On the wire all tags are in the frame; the program sees the outer one beside it. */
static int run_wire(struct run *r)
{
	const struct fixture *f = r->fixture;
	struct model_frame *inside = &r->model.frame;
	int err = world_wire_run(r->world, f->program, f->device, &r->in, &r->seen);

	if (err)
		return differ(r->why, "the wire failed: %s", strerror(-err));
	frame_untag(&r->in);
	expect(&r->config, f, r->in.len, &r->want);
	model_frame_flatten(&r->want.frame);
	fixture_ask_model(&r->config, f->program, f->device, &r->in, &r->output, &r->model);
	model_frame_flatten(inside);
	err = fixture_compare(&r->config, "the model on the wire", &r->want, &r->model, r->why);
	if (err)
		return err;
	if (r->want.verdict != MODEL_REDIRECT) /* it came out nowhere */
		model_frame_copy(&r->seen.frame, &r->want.frame);
	return fixture_compare(&r->config, "the wire", &r->want, &r->seen, r->why);
}

int fixture_run(struct world *w, const struct fixture *f, char why[FIXTURE_WHY_SIZE])
{
	struct run *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return differ(why, "out of memory");
	r->world = w;
	r->fixture = f;
	r->why = why;
	frame_build(&f->frame, &r->in);
	err = scene_parse(f->scene, &r->config);
	if (!err)
		err = world_apply(w, &r->config);
	if (!err)
		err = world_device(w, f->device);
	if (err)
		err = differ(why, "the scene cannot be made: %s", strerror(-err));
	if (!err)
		err = run_model(r);
	if (!err)
		err = run_test_run(r);
	if (!err && fits_wire(r))
		err = run_wire(r);
	free(r);
	return err;
}
