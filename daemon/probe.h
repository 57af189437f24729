/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames by which a neighbour is asked whether it is there, and what is an answer. Nothing here
 * but bytes. How a frame for a MAC looks is told in vnet(5).
 */
#ifndef VNETD_PROBE_H
#define VNETD_PROBE_H

#include "kernel.h"
#include "settings.h"

#define PROBE_FRAME_SIZE 96
#define PROBE_ETHERTYPE	 0x88b6 /* IEEE 802: for local experiments */

struct probe_frame {
	size_t length;
	uint8_t bytes[PROBE_FRAME_SIZE];
};

/* Everything that one probe depends on. */
struct probe_ask {
	const struct settings_probe *target; /* some kind of it */
	const uint8_t *mac;		     /* the vnet's */
	uint16_t vlan;			     /* of the frames' tag, 0: they have none */
	/* Of a probe for a MAC alone: */
	uint64_t session; /* not 0 */
	uint64_t number;
	uint32_t interval_ms;
	uint64_t heard_session; /* of the other side's last one, 0: none has come */
	uint64_t heard_number;
};

/* What the other side's frame says; all zero for an IP address. */
struct probe_answer {
	uint64_t session, number; /* of its own */
	uint32_t interval_ms;
	uint64_t echo_session, echo_number; /* of ours that it has received last */
};

void probe_make(const struct probe_ask *ask, struct probe_frame *ret);

/* Which frames may be answers to it, for the kernel to choose by. */
void probe_filter(const struct probe_ask *ask, struct kernel_filter *ret);

/* Is this frame one? @vlan: of its tag, which is no longer in it; 0: it had none. */
bool probe_read(const struct probe_ask *ask, const struct kernel_frame *f,
		struct probe_answer *ret);

#endif
