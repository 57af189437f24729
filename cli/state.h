/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The states of a resource, in colour. */
#ifndef VNETCTL_STATE_H
#define VNETCTL_STATE_H

#include <string.h>

#include "text.h"

static inline enum text_colour state_colour(const char *state)
{
	if (strcmp(state, "up") == 0)
		return TEXT_GREEN;
	return strcmp(state, "waiting") == 0 ? TEXT_YELLOW : TEXT_RED;
}

#endif
