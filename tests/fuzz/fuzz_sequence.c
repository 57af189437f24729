/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes become steps of the unit tests' walks: changes, news of devices, calls that fail, restarts,
 * kills. After each step the kernel has to hold what follows.
 */
#include "../unit/walk.h"
#include "fuzz.h"

#define STEPS_MAX 200

static uint32_t draw(struct walk *k, uint32_t below)
{
	return fuzz_byte(k->source) % below;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	struct walk k = { .draw = draw, .kills = WALK_KILLS_WITHIN, .source = &f };

	walk_begin(&k);
	k.w->k->blind = fuzz_byte(&f) & 1;
	k.w->k->bridge = FAKE_BRIDGE_VEB;
	while (f.size && k.step < STEPS_MAX)
		walk_step(&k);
	walk_end(&k);
	return 0;
}
