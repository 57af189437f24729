// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The storm limit: a clock runs ahead by one interval for each frame and may be a burst ahead of
 * the real one.
 */
#include "model_internal.h"

bool model_storm_passes(const struct model_storm *limit, uint64_t now_ns, uint64_t frames,
			uint64_t *due_ns)
{
	uint64_t start = *due_ns > now_ns ? *due_ns : now_ns;

	if (!limit->on)
		return true;
	if (*due_ns >= now_ns + limit->burst_ns)
		return false;
	*due_ns = start + limit->interval_ns * frames;
	return true;
}
