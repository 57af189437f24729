/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Set once, when the programs are loaded: the verifier sees constants, and what they switch off is
 * not in the program. Off is right on every kernel.
 */
#ifndef VNET_BPF_OPTIONS_H
#define VNET_BPF_OPTIONS_H

#include "trace.h"

/* The kernel lets programs read its devices (bpf_rdonly_cast, Linux 6.2, CAP_PERFMON). */
const volatile bool option_device_state = false;
/* ... and a device says what it can do in XDP, and a veth who sent the frame (Linux 6.3). */
const volatile bool option_xdp_features = false;
/* For tests: `trace` is written, and its clock is the clock. */
const volatile bool option_trace = false;

struct trace trace;

static __always_inline __u64 option_now_ns(void)
{
	return option_trace ? trace.now_ns : bpf_ktime_get_ns();
}

#endif
