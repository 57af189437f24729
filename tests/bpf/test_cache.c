// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The programs' own memory of the FDB (bpf/fdb.h): what it must not mix up, and what it must
 * forget. Each processor has its own, so all of a test runs on one.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define MIX 0x9e3779b97f4a7c15ULL /* as there */

/* What is looked up, as the programs keep it in a word: the MAC's bytes as in memory, the VLAN. */
static uint64_t word_of(const uint8_t *mac, uint16_t vlan)
{
	uint64_t word = (uint64_t)vlan << 48;

	memcpy(&word, mac, MODEL_MAC_LEN);
	return word;
}

/* The number that times MIX is one, in 64 bits: each step doubles the bits that are right. */
static uint64_t inverse_of_mix(void)
{
	uint64_t inverse = MIX;

	for (int i = 0; i < 6; i++)
		inverse *= 2 - MIX * inverse;
	return inverse;
}

/* Another MAC and VLAN of the vnet that differ from @word in the last bits of what is mixed alone.
 */
static bool find_double(uint64_t word, uint32_t vnet, uint8_t mac[MODEL_MAC_LEN], uint16_t *vlan)
{
	const uint64_t mixed = (word ^ (uint64_t)vnet << 32) * MIX, inverse = inverse_of_mix();

	for (uint64_t differ = 1; differ <= 0xffff; differ++) {
		uint64_t other = (mixed ^ differ) * inverse ^ (uint64_t)vnet << 32;

		memcpy(mac, &other, MODEL_MAC_LEN);
		*vlan = (uint16_t)(other >> 48);
		if (*vlan >= 2 && *vlan <= 4094 && !(mac[0] & 1))
			return true;
	}
	return false;
}

static void stay_on_one_processor(void)
{
	int now = sched_getcpu();
	cpu_set_t one;

	ck_assert_int_ge(now, 0);
	CPU_ZERO(&one);
	CPU_SET((unsigned int)now, &one);
	ck_assert_int_eq(sched_setaffinity(0, sizeof(one), &one), 0);
}

static void apply(const char *scene, struct model_config *c)
{
	struct world_features features = world_features(fixture_world());

	ck_assert_int_eq(scene_parse(scene, c), 0);
	c->sees_state = features.device_state;
	c->sees_xdp = features.xdp_features;
	ck_assert_int_eq(world_apply(fixture_world(), c), 0);
}

/* The resource that a frame to @mac leaves over. */
static uint32_t sent_over(const uint8_t *mac, uint16_t vlan)
{
	const uint8_t *const own = SCENE_MAC_VNET;
	struct frame_spec spec = { .dst = mac, .src = own };
	struct world_seen *seen = calloc(1, sizeof(*seen));
	struct model_frame *in = calloc(1, sizeof(*in));
	uint32_t sent;

	ck_assert(seen && in);
	if (vlan)
		spec.tags[0] = (struct frame_tag) { FRAME_8021Q, vlan };
	frame_build(&spec, in);
	ck_assert_int_eq(world_run(fixture_world(), MODEL_TX, SCENE_PORT, in, 1, seen), 0);
	sent = seen->told.sent;
	free(seen);
	free(in);
	return sent;
}

/* Two that fall on the same place in it, and look alike but for the key itself. */
START_TEST(doubles)
{
	const uint8_t *const guest = SCENE_MAC_G1;
	uint8_t mac[MODEL_MAC_LEN];
	struct model_config c;
	uint16_t vlan;
	char scene[32];

	stay_on_one_processor();
	ck_assert(find_double(word_of(guest, 1), SCENE_A, mac, &vlan));
	snprintf(scene, sizeof(scene), "vlans=%u", vlan);
	apply(scene, &c);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(sent_over(guest, 0), SCENE_G1);
		ck_assert_uint_eq(sent_over(mac, vlan), SCENE_H1);
	}
}
END_TEST

/* The other vnet's guest of the same MAC, and the other VLAN's. */
START_TEST(neighbours)
{
	const uint8_t *const guest = SCENE_MAC_G1;
	struct model_config c;

	stay_on_one_processor();
	apply("vlans=10 g1.vlans=none", &c);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(sent_over(guest, 0), SCENE_G1);
		ck_assert_uint_eq(sent_over(guest, 10), SCENE_H1);
	}
}
END_TEST

/* A change of the FDB is seen by the next frame, whether it was known before or not. */
START_TEST(changes)
{
	const uint8_t *const guest = SCENE_MAC_G1;
	struct model_config c;

	stay_on_one_processor();
	for (int i = 0; i < 3; i++) {
		apply("", &c);
		ck_assert_uint_eq(sent_over(guest, 0), SCENE_G1);
		ck_assert_uint_eq(sent_over(guest, 0), SCENE_G1);
		apply("g1=absent", &c);
		ck_assert_uint_eq(sent_over(guest, 0), SCENE_H1);
		ck_assert_uint_eq(sent_over(guest, 0), SCENE_H1);
		apply("g1=absent g2.mac=0x11", &c);
		ck_assert_uint_eq(sent_over(guest, 0), SCENE_G2);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cache");
	TCase *tc = tcase_create("cache");

	tcase_add_test(tc, doubles);
	tcase_add_test(tc, neighbours);
	tcase_add_test(tc, changes);
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
