// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The storm limit, frame by frame with a clock that is set. At 100 frames a second a frame is worth
 * 10 ms, and a tenth of a second may be had ahead: ten frames at once.
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MS	      1000000ULL
#define START	      (5000 * MS)
#define STEPS_MAX     8

enum what { BROADCAST, MULTICAST, UNICAST, SPOOFED };

/* @count frames at @at_ms, of which the first @pass pass. */
struct step {
	uint32_t at_ms;
	bool rx;
	enum what what;
	uint32_t count;
	uint32_t pass;
	uint32_t segments;
};

struct story {
	const char *name;
	const char *scene;
	struct step steps[STEPS_MAX];
};

static const struct story stories[] = {
	{ "no limit", "", { { 0, false, BROADCAST, 200, 200, 0 } } },
	{ "ten at once", "storm=100", { { 0, false, BROADCAST, 15, 10, 0 } } },
	{ "one more after its time",
	  "storm=100",
	  { { 0, false, BROADCAST, 10, 10, 0 },
	    { 1, false, BROADCAST, 2, 1, 0 },
	    { 10, false, BROADCAST, 1, 0, 0 },
	    { 11, false, BROADCAST, 2, 1, 0 } } },
	{ "what is not used is not saved",
	  "storm=100",
	  { { 0, false, BROADCAST, 10, 10, 0 }, { 10000, false, BROADCAST, 15, 10, 0 } } },
	{ "multicast is the same", "storm=100", { { 0, false, MULTICAST, 15, 10, 0 } } },
	{ "both together",
	  "storm=100",
	  { { 0, false, MULTICAST, 5, 5, 0 }, { 0, false, BROADCAST, 10, 5, 0 } } },
	{ "unicast is none of it",
	  "storm=1",
	  { { 0, false, BROADCAST, 3, 1, 0 }, { 0, false, UNICAST, 50, 50, 0 } } },
	{ "unicast uses nothing up",
	  "storm=100",
	  { { 0, false, UNICAST, 50, 50, 0 }, { 0, false, BROADCAST, 15, 10, 0 } } },
	{ "what is dropped before uses nothing up",
	  "storm=100",
	  { { 0, false, SPOOFED, 50, 0, 0 }, { 0, false, BROADCAST, 15, 10, 0 } } },
	{ "each direction by itself",
	  "storm=100 h1=down service.storm=1000",
	  { { 0, false, BROADCAST, 15, 10, 0 }, { 0, true, BROADCAST, 15, 10, 0 } } },
	{ "received", "storm=100", { { 0, true, MULTICAST, 15, 10, 0 } } },
	{ "the resource's own limit, sent",
	  "service.storm=100",
	  { { 0, false, BROADCAST, 15, 10, 0 } } },
	{ "the resource's own limit, received",
	  "service.storm=100",
	  { { 0, true, BROADCAST, 15, 10, 0 } } },
	{ "another resource's limit",
	  "g1.storm=1 h1.storm=1",
	  { { 0, false, BROADCAST, 50, 50, 0 } } },
	{ "another vnet's limit",
	  "b.storm=1 b.service.storm=1",
	  { { 0, false, BROADCAST, 50, 50, 0 }, { 0, true, BROADCAST, 50, 50, 0 } } },
	{ "the lower of two, the vnet's",
	  "storm=100 service.storm=1000",
	  { { 0, false, BROADCAST, 15, 10, 0 } } },
	{ "the lower of two, the resource's",
	  "storm=1000 service.storm=100",
	  { { 0, false, BROADCAST, 15, 10, 0 } } },
	{ "a frame for many counts as many",
	  "storm=100",
	  { { 0, false, BROADCAST, 1, 1, 9 }, { 0, false, BROADCAST, 5, 1, 0 } } },
	{ "one a second",
	  "storm=1",
	  { { 0, false, BROADCAST, 2, 1, 0 },
	    { 1, false, BROADCAST, 2, 1, 0 }, /* a second may be had ahead */
	    { 1000, false, BROADCAST, 1, 0, 0 },
	    { 1001, false, BROADCAST, 2, 1, 0 } } },
};

static void build(const struct step *s, struct model_frame *ret)
{
	const uint8_t *const own = SCENE_MAC_VNET, *const outside = SCENE_MAC_OUTSIDE;
	const uint8_t *const to[] = {
		[BROADCAST] = SCENE_MAC_BROADCAST,
		[MULTICAST] = SCENE_MAC_MULTICAST,
		[UNICAST] = s->rx ? own : SCENE_MAC_G1,
		[SPOOFED] = SCENE_MAC_BROADCAST,
	};
	const struct frame_spec spec = {
		.dst = to[s->what],
		.src = s->rx || s->what == SPOOFED ? outside : own,
		.segments = s->segments,
	};

	frame_build(&spec, ret);
}

static enum model_program program_of(const struct step *s, bool xdp)
{
	if (xdp)
		return s->rx ? MODEL_XDP_RX : MODEL_XDP_TX;
	return s->rx ? MODEL_RX : MODEL_TX;
}

static void take_step(const struct story *story, const struct step *s, bool xdp,
		      struct model_state *state, const struct model_config *c)
{
	struct model_output *out = calloc(1, sizeof(*out));
	struct world_seen *seen = calloc(1, sizeof(*seen));
	struct model_frame *in = calloc(1, sizeof(*in));
	uint32_t device = s->rx ? SCENE_DEVICE(SCENE_SERVICE) : SCENE_PORT;
	enum abi_drop why = s->what == SPOOFED ? ABI_DROP_SPOOFED : ABI_DROP_STORM;

	ck_assert(out && seen && in);
	build(s, in);
	state->now_ns = START + s->at_ms * MS;
	for (uint32_t i = 0; i < s->count; i++) {
		enum abi_drop want = i < s->pass ? ABI_DROP_NONE : why;

		model_run(c, state, program_of(s, xdp), device, in, out);
		ck_assert_msg(out->drop == want, "%s: the model, frame %u at %u ms: drop %d",
			      story->name, i, s->at_ms, (int)out->drop);
		ck_assert_int_eq(world_run(fixture_world(), program_of(s, xdp), device, in,
					   state->now_ns, seen),
				 0);
		ck_assert_msg(seen->told.drop == want, "%s: frame %u at %u ms: drop %d",
			      story->name, i, s->at_ms, (int)seen->told.drop);
	}
	free(out);
	free(seen);
	free(in);
}

static void tell(const struct story *story, bool xdp)
{
	struct world_features features = world_features(fixture_world());
	struct model_state state = { 0 };
	struct model_config c;

	ck_assert_int_eq(scene_parse(story->scene, &c), 0);
	c.sees_state = features.device_state;
	c.sees_xdp = features.xdp_features;
	ck_assert_int_eq(world_apply(fixture_world(), &c), 0);
	for (size_t i = 0; i < STEPS_MAX && story->steps[i].count; i++)
		if (!xdp || !story->steps[i].segments)
			take_step(story, &story->steps[i], xdp, &state, &c);
}

START_TEST(by_tc)
{
	tell(&stories[_i], false);
}
END_TEST

/* There are no segments in XDP. */
START_TEST(by_xdp)
{
	if (!stories[_i].steps[0].segments)
		tell(&stories[_i], true);
}
END_TEST

/* What XDP leaves to TC is counted once, by TC. */
START_TEST(passed_on)
{
	const struct frame_spec spec = { SCENE_MAC_BROADCAST, SCENE_MAC_VNET };
	struct world_seen *seen = calloc(1, sizeof(*seen));
	struct model_frame *in = calloc(1, sizeof(*in));
	struct model_config c;

	ck_assert(seen && in);
	frame_build(&spec, in);
	ck_assert_int_eq(scene_parse("storm=100 service.xdp=off", &c), 0);
	ck_assert_int_eq(world_apply(fixture_world(), &c), 0);
	for (int i = 0; i < 12; i++) {
		ck_assert_int_eq(
			world_run(fixture_world(), MODEL_XDP_TX, SCENE_PORT, in, START, seen), 0);
		ck_assert_int_eq(seen->verdict, MODEL_PASS);
		ck_assert_int_eq(world_run(fixture_world(), MODEL_TX, SCENE_PORT, in, START, seen),
				 0);
		ck_assert_int_eq(seen->told.drop, i < 10 ? ABI_DROP_NONE : ABI_DROP_STORM);
	}
	free(seen);
	free(in);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("storm");
	TCase *tc = tcase_create("stories");

	tcase_add_loop_test(tc, by_tc, 0, ARRAY_SIZE(stories));
	tcase_add_loop_test(tc, by_xdp, 0, ARRAY_SIZE(stories));
	tcase_add_test(tc, passed_on);
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
