// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs as such, the names that they share with users, and the harness itself. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "world_internal.h"

#define ARRAY_SIZE(a)	 (sizeof(a) / sizeof((a)[0]))
#define INSTRUCTIONS_MAX 50000 /* of the verifier's million: room for what is to come */

/* Of all that there are: nobody's new one is forgotten. */
START_TEST(verified_instructions)
{
	const struct bpf_object *object = fixture_world()->skel->obj;
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);

		ck_assert_int_eq(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
		if (info.verified_insns == 0) /* kernels before 5.16 do not tell */
			return;
		printf("%s: %u verified instructions\n", bpf_program__name(program),
		       info.verified_insns);
		ck_assert_uint_lt(info.verified_insns, INSTRUCTIONS_MAX);
	}
}
END_TEST

static const char *const names[] = {
#define X(name, text, why) text,
	ABI_DROPS(X) ABI_REASONS(X)
#undef X
};

static const char *const explanations[] = {
#define X(name, text, why) why,
	ABI_DROPS(X) ABI_REASONS(X)
#undef X
};

/* Drops and reasons are answers to the same question in `path`, so no name is in both. */
START_TEST(names_are_unique)
{
	ck_assert_uint_eq(ARRAY_SIZE(names), ABI_DROP_END - 1 + ABI_REASON_END - 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		ck_assert(names[i][0] != '\0' && explanations[i][0] != '\0');
		for (size_t k = 0; k < i; k++) {
			ck_assert_str_ne(names[i], names[k]);
			ck_assert_str_ne(explanations[i], explanations[k]);
		}
	}
}
END_TEST

static const struct fixture good = {
	.name = "broadcast",
	FIXTURE_TX(SCENE_PORT),
	FIXTURE_FRAME(SCENE_MAC_BROADCAST, SCENE_MAC_VNET),
	FIXTURE_SENT(SCENE_SERVICE, MULTICAST),
};

static void check_refused(struct fixture f)
{
	char why[FIXTURE_WHY_SIZE] = "";

	ck_assert_int_eq(fixture_run(fixture_world(), &f, why), -EBADMSG);
	ck_assert_uint_gt(strlen(why), 0);
}

/* A harness that accepts anything would pass all fixtures. */
START_TEST(wrong_fixtures_fail)
{
	struct fixture f = good;

	fixture_check(&f);
	f.expect.egress = SCENE_DEVICE(SCENE_H1);
	check_refused(f);
	f = good;
	f.expect.resource = SCENE_H1;
	check_refused(f);
	f = good;
	f.expect.reason = ABI_REASON_SERVICE;
	check_refused(f);
	f = good;
	f.expect.tag = FIXTURE_TAGGED;
	check_refused(f);
	f = good;
	f.expect = (struct fixture_expect) { .verdict = MODEL_PASS };
	check_refused(f);
	f = good;
	f.scene = "service=down";
	check_refused(f);
	f.expect = (struct fixture_expect) { .verdict = MODEL_DROP,
					     .vnet = SCENE_A,
					     .drop = ABI_DROP_NO_PATH };
	check_refused(f);
	f.expect.drop = ABI_DROP_NO_SERVICE;
	fixture_check(&f);
	f.expect.vnet = SCENE_B;
	check_refused(f);
}
END_TEST

/* A comparison sees each difference by itself. */
START_TEST(comparison_is_strict)
{
	struct world_seen *want = calloc(1, sizeof(*want)), *got = calloc(1, sizeof(*got));
	struct model_config config;
	char why[FIXTURE_WHY_SIZE] = "";

	ck_assert(want && got);
	ck_assert_int_eq(scene_parse(NULL, &config), 0);
	frame_build(&good.frame, &want->frame);
	*got = *want;
	ck_assert_int_eq(fixture_compare(&config, "it", want, got, why), 0);
	got->frame.bytes[59] ^= 1;
	ck_assert_int_eq(fixture_compare(&config, "it", want, got, why), -EBADMSG);
	*got = *want;
	got->frame.len--;
	ck_assert_int_eq(fixture_compare(&config, "it", want, got, why), -EBADMSG);
	*got = *want;
	got->frame.tag = (struct model_tag) { true, FRAME_8021Q, 1 };
	ck_assert_int_eq(fixture_compare(&config, "it", want, got, why), -EBADMSG);
	*got = *want;
	got->counted.resources[config.resource_count - 1].tx_broadcast++;
	ck_assert_int_eq(fixture_compare(&config, "it", want, got, why), -EBADMSG);
	*got = *want;
	got->counted.vnets[1].count[ABI_DROP_END - 1]++;
	ck_assert_int_eq(fixture_compare(&config, "it", want, got, why), -EBADMSG);
	free(want);
	free(got);
}
END_TEST

START_TEST(scenes_with_mistakes)
{
	static const char *const lines[] = { "service",	  "service=sideways", "nothing=up",
					     "pvid=0",	  "pvid=4096",	      "vlans=10+x",
					     "h1.size=3", "guard=perhaps",    "port=1:2",
					     "b=up",	  "c.pvid=1" };
	struct model_config config;

	ck_assert_int_eq(scene_parse(lines[_i], &config), -EINVAL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("programs");
	TCase *tc = tcase_create("programs");

	tcase_add_test(tc, verified_instructions);
	tcase_add_test(tc, names_are_unique);
	tcase_add_test(tc, wrong_fixtures_fail);
	tcase_add_test(tc, comparison_is_strict);
	tcase_add_loop_test(tc, scenes_with_mistakes, 0, 11);
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
