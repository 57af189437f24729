/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "txwatch.h"

/* Between three rises there are two whole pauses. */
#define RISES_FOR_TRUST 3
/* One frame that was lost on its way to the device is no reason. */
#define LOOKS_FOR_DOUBT 3

void txwatch_pause(struct txwatch *w)
{
	w->known = false;
	w->since_us = 0;
}

static bool is_trusted(const struct txwatch *w, const struct txwatch_counts *now)
{
	return w->rises >= RISES_FOR_TRUST && !now->by_xdp;
}

static void note_rise(struct txwatch *w, uint64_t now_us, uint64_t timeout_us)
{
	uint64_t pause_us = w->since_us ? now_us - w->since_us : 0;

	/* What took longer was a failure, and no habit. */
	if (pause_us > timeout_us)
		pause_us = timeout_us;
	if (pause_us > w->pause_us)
		w->pause_us = pause_us;
	if (w->rises < RISES_FOR_TRUST)
		w->rises++;
	w->since_us = 0;
}

static void note_given(struct txwatch *w, uint64_t now_us)
{
	if (!w->since_us) {
		w->since_us = now_us;
		w->dropped_then = w->last.dropped;
		w->looks = 0;
	}
	w->looks++;
}

static bool is_stuck(const struct txwatch *w, const struct txwatch_counts *now, uint64_t now_us,
		     uint64_t timeout_us)
{
	bool trusted = is_trusted(w, now);
	uint64_t patience_us = timeout_us;

	if (!w->since_us || w->looks < LOOKS_FOR_DOUBT)
		return false;
	if (!trusted && now->dropped == w->dropped_then)
		return false;
	if (trusted && 2 * w->pause_us > patience_us)
		patience_us = 2 * w->pause_us;
	return now_us - w->since_us >= patience_us;
}

bool txwatch_look(struct txwatch *w, const struct txwatch_counts *now, uint64_t now_us,
		  uint64_t timeout_us)
{
	if (!w->known)
		w->since_us = 0;
	else if (now->sent != w->last.sent)
		note_rise(w, now_us, timeout_us);
	else if (now->given != w->last.given)
		note_given(w, now_us);
	w->known = true;
	w->last = *now;
	return is_stuck(w, now, now_us, timeout_us);
}
