/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Long random walks. */
#include "walk.h"

#define STEPS 400
#define WALKS 12

/* xorshift: the same walk from the same seed everywhere. */
static uint32_t draw(struct walk *k, uint32_t below)
{
	k->state ^= k->state << 13;
	k->state ^= k->state >> 7;
	k->state ^= k->state << 17;
	return (uint32_t)(k->state >> 32) % below;
}

START_TEST(test_walk)
{
	const char *kills = getenv("WALK_KILLS");
	struct walk k = { .draw = draw, .state = 0x9e3779b97f4a7c15u + (uint64_t)_i * 7919 };

	k.kills = (enum walk_kills)(kills ? atoi(kills) : _i / 2 % (WALK_KILLS_WITHIN + 1));
	walk_begin(&k);
	k.w->k->blind = _i % 2;
	k.w->k->has_fq = _i % 4 < 2;
	k.w->k->bridge = _i % 3 ? FAKE_BRIDGE_VEB : FAKE_BRIDGE_NONE;
	while (k.step < STEPS)
		walk_step(&k);
	walk_end(&k);
}
END_TEST

/* WALK=3 takes the fourth walk alone and tells each step; WALKS=500 takes so many. WALK_KILLS=1
 * kills vnetd after changes, 2 within them. */
int main(void)
{
	const char *only = getenv("WALK"), *count = getenv("WALKS");
	TCase *t;
	Suite *s = unit_suite("walk", &t);

	tcase_set_timeout(t, 120);
	if (only)
		tcase_add_loop_test(t, test_walk, atoi(only), atoi(only) + 1);
	else
		tcase_add_loop_test(t, test_walk, 0, count ? atoi(count) : WALKS);
	return unit_run(s);
}
