/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs of frames.bpf.c and the tool that runs them agree on. */
#ifndef BENCH_FRAMES_H
#define BENCH_FRAMES_H

#include <linux/types.h>

#define FRAMES_ETH_HLEN 14
#define FRAMES_PORT	(FRAMES_ETH_HLEN + 20) /* where the source port is */
#define FRAMES_PORT_END (FRAMES_PORT + 2)
#define FRAMES_LEN	64

/*
 * Destination i has the MAC 02:f0 and then i, the highest byte first: computed, so that choosing
 * one does not touch any memory that would push out of the caches what is being measured.
 */
#define FRAMES_MAC_0 0x02
#define FRAMES_MAC_1 0xf0

enum frames_choice {
	FRAMES_SAME,   /* the frame goes as it is */
	FRAMES_CYCLE,  /* destination 0, step, 2 step, ... modulo count */
	FRAMES_RANDOM, /* any of count, all as likely */
};

struct frames_config {
	__u32 out; /* ifindex that the fixed redirects lead to */
	__u32 choice;
	__u32 count;
	__u32 step;
	__u32 ports; /* what is chosen is the source port and not the destination */
};

#endif
