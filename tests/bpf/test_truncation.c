// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames cut short at every byte of their headers. A frame shorter than an Ethernet header gets
 * into no test run (the harness checks that the kernel refuses it); the model drops it.
 */
#include <stdio.h>

#include "fixture.h"

#define LENGTHS 23 /* 0 to 22: past the end of a second tag */

static const struct fixture_expect malformed = { .verdict = MODEL_DROP,
						 .vnet = SCENE_A,
						 .drop = ABI_DROP_MALFORMED };
static const struct fixture_expect vlan = { .verdict = MODEL_DROP,
					    .vnet = SCENE_A,
					    .drop = ABI_DROP_VLAN };
static const struct fixture_expect sent = { .verdict = MODEL_REDIRECT,
					    .resource = SCENE_H1,
					    .egress = SCENE_DEVICE(SCENE_H1),
					    .reason = ABI_REASON_HYBRID };
static const struct fixture_expect delivered = { .verdict = MODEL_REDIRECT,
						 .resource = SCENE_H1,
						 .egress = SCENE_PORT };

/* From which length on a frame is what. */
struct shape {
	const char *name;
	struct frame_tag tags[FRAME_TAGS_MAX];
	int whole;		 /* bytes; what is shorter is malformed */
	bool admitted;		 /* else it is dropped for its VLAN from there on */
	enum fixture_tag leaves; /* from there on */
};

static const struct shape untagged = { "untagged", { { 0 } }, 14, true, FIXTURE_AS_IT_CAME };
static const struct shape tagged = {
	"tagged", { { FRAME_8021Q, 10 } }, 18, true, FIXTURE_AS_IT_CAME
};
static const struct shape with_pvid = {
	"tagged with the pvid", { { FRAME_8021Q, 1 } }, 18, true, FIXTURE_UNTAGGED
};
static const struct shape priority = {
	"with a priority", { { FRAME_8021Q, 0xa000 } }, 18, true, FIXTURE_UNTAGGED
};
static const struct shape provider = {
	"802.1ad", { { FRAME_8021AD, 10 } }, 18, false, FIXTURE_AS_IT_CAME
};
static const struct shape twice = {
	"tagged twice", { { FRAME_8021Q, 10 }, { FRAME_8021Q, 10 } }, 18, false, FIXTURE_AS_IT_CAME
};

static struct fixture_expect expected(const struct shape *s, int len,
				      const struct fixture_expect *carried)
{
	struct fixture_expect e = *carried;

	if (len < s->whole)
		return malformed;
	if (!s->admitted)
		return vlan;
	e.tag = s->leaves;
	return e;
}

/*
 * The tag's bytes are cut like the rest: a frame of 13 bytes has half an ethertype, whatever it
 * would have been.
 */
static void check(const struct shape *s, int len)
{
	char name[64];
	struct fixture tx = {
		.name = name,
		.scene = "vlans=10",
		FIXTURE_TX(SCENE_PORT),
		FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_VNET, .len = len ? len : FRAME_EMPTY),
		.expect = expected(s, len, &sent),
	};
	struct fixture rx = {
		.name = name,
		.scene = "vlans=10",
		FIXTURE_RX(SCENE_H1),
		FIXTURE_FRAME(SCENE_MAC_VNET, SCENE_MAC_OUTSIDE, .len = len ? len : FRAME_EMPTY),
		.expect = expected(s, len, &delivered),
	};

	for (int i = 0; i < FRAME_TAGS_MAX; i++)
		tx.frame.tags[i] = rx.frame.tags[i] = s->tags[i];
	snprintf(name, sizeof(name), "%s, sent, %d bytes", s->name, len);
	fixture_check(&tx);
	snprintf(name, sizeof(name), "%s, received, %d bytes", s->name, len);
	fixture_check(&rx);
}

START_TEST(cut_untagged)
{
	check(&untagged, _i);
}
END_TEST

START_TEST(cut_tagged)
{
	check(&tagged, _i);
}
END_TEST

START_TEST(cut_with_pvid)
{
	check(&with_pvid, _i);
}
END_TEST

START_TEST(cut_priority)
{
	check(&priority, _i);
}
END_TEST

START_TEST(cut_provider)
{
	check(&provider, _i);
}
END_TEST

START_TEST(cut_twice)
{
	check(&twice, _i);
}
END_TEST

/* Malformed comes first, whatever else is wrong with the frame. */
START_TEST(malformed_first)
{
	struct fixture spoofed = {
		.name = "a cut tag and a strange source",
		FIXTURE_TX(SCENE_PORT),
		FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_G1, .len = _i,
			      .tags = { { FRAME_8021Q, 1 } }),
		.expect = malformed,
	};
	struct fixture reflected = {
		.name = "a cut tag and our own source",
		FIXTURE_RX(SCENE_SERVICE),
		FIXTURE_FRAME(SCENE_MAC_VNET, SCENE_MAC_VNET, .len = _i,
			      .tags = { { FRAME_8021Q, 1 } }),
		.expect = malformed,
	};
	struct fixture nobody = {
		.name = "a cut tag on a device that is nobody's",
		FIXTURE_TX(SCENE_STRANGER),
		FIXTURE_FRAME(SCENE_MAC_VNET, SCENE_MAC_VNET, .len = _i,
			      .tags = { { FRAME_8021Q, 1 } }),
		FIXTURE_PASSES,
	};

	fixture_check(&spoofed);
	fixture_check(&reflected);
	fixture_check(&nobody);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("truncation");
	TCase *tc = tcase_create("lengths");

	tcase_add_loop_test(tc, cut_untagged, 0, LENGTHS);
	tcase_add_loop_test(tc, cut_tagged, 0, LENGTHS);
	tcase_add_loop_test(tc, cut_with_pvid, 0, LENGTHS);
	tcase_add_loop_test(tc, cut_priority, 0, LENGTHS);
	tcase_add_loop_test(tc, cut_provider, 0, LENGTHS);
	tcase_add_loop_test(tc, cut_twice, 0, LENGTHS);
	tcase_add_loop_test(tc, malformed_first, 14, 18);
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
