/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the tool `frames`; its verbs are described in frames.c. */
#ifndef BENCH_FRAMES_TOOL_H
#define BENCH_FRAMES_TOOL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../tools/common.h"
#include "frames.h"
#include "tests/bench/frames.skel.h"

struct frames_options {
	const char *dev, *to, *pin, *program, *against, *map, *targets;
	uint8_t dst[COMMON_MAC_LEN], src[COMMON_MAC_LEN];
	struct frames_config config;
	uint64_t duration_ns;
	uint32_t repeat, batch;
};

/*
 * The programs, with only @name loaded; ends the process if the kernel refuses. With @frags it is
 * loaded as one that takes frames of several buffers: tail calls go among those only.
 */
struct frames_bpf *frames_load(const struct frames_options *o, const char *name, bool frags);
struct bpf_program *frames_program(const struct frames_bpf *b, const char *name);
/* Where `generate` and `fixed_xdp` redirect to. */
void frames_set_out(const struct frames_bpf *b, const char *dev);
/* A UDP packet of FRAMES_LEN bytes with its Ethernet header. */
void frames_build(const uint8_t *dst, const uint8_t *src, uint8_t ret[FRAMES_LEN]);
/* How many have come to all sinks that are pinned in the same folder. */
uint64_t frames_arrived(const struct frames_bpf *b);

/* The verbs: exit status of the process. */
int frames_attach(const struct frames_options *o);
int frames_forward(const struct frames_options *o);
int frames_time(const struct frames_options *o);
int frames_fill(const struct frames_options *o);

#endif
