// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the programs see of devices for themselves: those that are gone, down or without a carrier,
 * and those that take what XDP redirects. The rows of the maps say "up" all the time.
 */
#include <errno.h>
#include <stdlib.h>

#include "fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TX	      FIXTURE_TX(SCENE_PORT)
#define RX(from)      FIXTURE_RX(SCENE_##from)
#define SENT(by, ...) FIXTURE_SENT(SCENE_##by, __VA_ARGS__)
#define TO(mac)	      FIXTURE_FRAME(SCENE_MAC_##mac, SCENE_MAC_VNET)
#define FROM(mac)     FIXTURE_FRAME(SCENE_MAC_VNET, SCENE_MAC_##mac)
#define SEEN	      .needs_state = true
#define LEFT_TO_TC    .xdp_passes = true

#define OVER(device, by, because)                                                                  \
	.expect = { .verdict = MODEL_REDIRECT,                                                     \
		    .vnet = SCENE_A,                                                               \
		    .resource = SCENE_##by,                                                        \
		    .egress = SCENE_##device(SCENE_##by),                                          \
		    .reason = ABI_REASON_##because }

static const struct fixture cases[] = {
	/* a device that is of no use is as good as a resource that is down */
	{ "guest's device is gone", "g1.device=gone", TX, TO(G1), SENT(SERVICE, GUEST_OVER_SERVICE),
	  SEEN },
	{ "guest's device is down", "g1.device=down", TX, TO(G1), SENT(SERVICE, GUEST_OVER_SERVICE),
	  SEEN },
	{ "guest's device has no carrier", "g1.device=carrierless", TX, TO(G1),
	  SENT(SERVICE, GUEST_OVER_SERVICE), SEEN },
	{ "another guest's device is down", "g2.device=down", TX, TO(G1), SENT(G1, GUEST), SEEN },
	{ "guest's and service's have no carrier", "g1.device=carrierless service.device=down", TX,
	  TO(G1), SENT(H1, HYBRID), SEEN },
	{ "hybrid's device has no carrier", "h1.device=carrierless", TX, TO(OUTSIDE),
	  SENT(SERVICE, SERVICE), SEEN },
	{ "the second hybrid's device works", "h1.device=carrierless h2=up", TX, TO(OUTSIDE),
	  SENT(H2, HYBRID), SEEN },
	{ "the third hybrid's device works", "h1.device=gone h2=up h2.device=down h3=up", TX,
	  TO(OUTSIDE), SENT(H3, HYBRID), SEEN },
	{ "the eighth hybrid's device works",
	  "h1.device=gone h2=up h2.device=down h3=up h3.device=carrierless h4=up h4.device=gone "
	  "h5=up h5.device=gone h6=up h6.device=down h7=down h8=up",
	  TX, TO(OUTSIDE), SENT(H8, HYBRID), SEEN },
	{ "no device works", "service.device=gone h1.device=carrierless", TX, TO(OUTSIDE),
	  FIXTURE_DROPS(NO_PATH), SEEN },
	{ "broadcast and the service's device is gone", "service.device=gone", TX, TO(BROADCAST),
	  FIXTURE_DROPS(NO_SERVICE), SEEN },
	{ "broadcast and the service has no carrier", "service.device=carrierless", TX,
	  TO(MULTICAST), FIXTURE_DROPS(NO_SERVICE), SEEN },
	{ "a device that works does not make a resource up", "h1=down", TX, TO(OUTSIDE),
	  SENT(SERVICE, SERVICE), SEEN },
	{ "the hybrid needs a service whose device is down", "needs-service=on service.device=down",
	  TX, TO(OUTSIDE), FIXTURE_DROPS(NO_PATH), SEEN },

	/* a service that does not work makes no duplicates */
	{ "broadcast from the hybrid, the service's device is down", "service.device=down", RX(H1),
	  FIXTURE_FRAME(SCENE_MAC_BROADCAST, SCENE_MAC_OUTSIDE), FIXTURE_DELIVERED(SCENE_H1),
	  SEEN },
	{ "broadcast from the hybrid, the service has no carrier", "service.device=carrierless",
	  RX(H1), FIXTURE_FRAME(SCENE_MAC_MULTICAST, SCENE_MAC_OUTSIDE),
	  FIXTURE_DELIVERED(SCENE_H1), SEEN },
	{ "broadcast from the hybrid, the service works", NULL, RX(H1),
	  FIXTURE_FRAME(SCENE_MAC_BROADCAST, SCENE_MAC_OUTSIDE), FIXTURE_DROPS(DUPLICATE) },

	/* where XDP has to leave it to TC */
	{ "the daemon knows of no XDP there", "h1.xdp=off", TX, TO(OUTSIDE), SENT(H1, HYBRID),
	  LEFT_TO_TC },
	{ "it does not matter elsewhere", "service.xdp=off g1.xdp=off", TX, TO(OUTSIDE),
	  SENT(H1, HYBRID) },
	{ "the port takes no XDP", "xdp=off", RX(H1), FROM(OUTSIDE), FIXTURE_DELIVERED(SCENE_H1),
	  LEFT_TO_TC },
	{ "that the port takes none does not matter to what is sent", "xdp=off", TX, TO(OUTSIDE),
	  SENT(H1, HYBRID) },
	{ "a drop needs no device", "xdp=off", RX(H1), FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_G2),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "the device takes no XDP", "h1.device=plain", TX, TO(OUTSIDE), OVER(PLAIN, H1, HYBRID),
	  LEFT_TO_TC, SEEN },
	{ "the device takes all of XDP", "h1.device=veth", TX, TO(OUTSIDE), OVER(VETH, H1, HYBRID),
	  SEEN },
};

START_TEST(run)
{
	fixture_check(&cases[_i]);
}
END_TEST

/* --- frames in several buffers --- */

struct pieces {
	const char *scene;
	size_t linear;
	bool passes;
};

static const struct pieces pieces[] = {
	{ "h1.device=veth", 40, false },
	{ "h1.device=veth h1.pvid=5", 14, false }, /* it gets a tag */
	{ "h1.device=veth", 59, false },
	{ "", 40, true }, /* a tap takes them in one buffer alone */
	{ "h1.device=plain", 40, true },
	{ "h1.device=veth h1.xdp=off", 40, true },
};

START_TEST(run_pieces)
{
	const struct frame_spec spec = { SCENE_MAC_OUTSIDE, SCENE_MAC_VNET };
	struct world_features features = world_features(fixture_world());
	struct model_state state = { .now_ns = 1 };
	struct world_seen *want, *got;
	struct model_output *out;
	struct model_frame *in;
	char why[FIXTURE_WHY_SIZE] = "";
	struct model_config c;
	int err;

	if (!features.xdp_features)
		return;
	want = calloc(1, sizeof(*want));
	got = calloc(1, sizeof(*got));
	out = calloc(1, sizeof(*out));
	in = calloc(1, sizeof(*in));
	ck_assert(want && got && out && in);
	ck_assert_int_eq(scene_parse(pieces[_i].scene, &c), 0);
	c.sees_state = features.device_state;
	c.sees_xdp = features.xdp_features;
	ck_assert_int_eq(world_apply(fixture_world(), &c), 0);
	frame_build(&spec, in);
	in->linear = pieces[_i].linear;
	err = world_test_run(fixture_world(), MODEL_XDP_TX, SCENE_PORT, in, got);
	if (err != -EINVAL) { /* kernels before 6.18 take no pieces */
		ck_assert_int_eq(err, 0);
		ck_assert_int_eq(got->verdict, pieces[_i].passes ? MODEL_PASS : MODEL_REDIRECT);
		model_run(&c, &state, MODEL_XDP_TX, SCENE_PORT, in, out);
		fixture_seen_by_model(&c, out, want);
		ck_assert_msg(fixture_compare(&c, "XDP", want, got, why) == 0, "%s", why);
	}
	free(want);
	free(got);
	free(out);
	free(in);
}
END_TEST

/* --- a device that really goes --- */

START_TEST(a_device_is_deleted)
{
	const struct frame_spec spec = { SCENE_MAC_OUTSIDE, SCENE_MAC_VNET };
	const struct model_device doomed = { 150, true, true, true, true, false };
	struct world *w = fixture_world();
	struct world_seen *seen = calloc(1, sizeof(*seen));
	struct model_frame *in = calloc(1, sizeof(*in));
	struct model_config c;

	ck_assert(seen && in);
	frame_build(&spec, in);
	ck_assert_int_eq(scene_parse("", &c), 0);
	for (size_t i = 0; i < c.resource_count; i++)
		if (c.resources[i].number == SCENE_H1)
			c.resources[i].ifindex = doomed.ifindex;
	c.devices[c.device_count++] = doomed;
	ck_assert_int_eq(world_apply(w, &c), 0);
	ck_assert_int_eq(world_run(w, MODEL_TX, SCENE_PORT, in, 1, seen), 0);
	ck_assert_uint_eq(seen->egress, doomed.ifindex);

	ck_assert_int_eq(world_device_delete(w, doomed.ifindex), 0);
	ck_assert_int_eq(world_run(w, MODEL_TX, SCENE_PORT, in, 1, seen), 0);
	if (world_features(w).device_state)
		ck_assert_uint_eq(seen->egress, SCENE_DEVICE(SCENE_SERVICE));
	free(seen);
	free(in);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device");
	TCase *tc = tcase_create("fixtures");

	tcase_add_loop_test(tc, run, 0, ARRAY_SIZE(cases));
	tcase_add_loop_test(tc, run_pieces, 0, ARRAY_SIZE(pieces));
	tcase_add_test(tc, a_device_is_deleted);
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
