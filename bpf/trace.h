/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests are told of one frame's way, because redirection keeps its target to itself. Only
 * programs that were loaded with option_trace look at it; for all others it is not there.
 */
#ifndef VNET_BPF_TRACE_H
#define VNET_BPF_TRACE_H

#include <linux/types.h>

enum trace_how {
	TRACE_NOWHERE,	     /* passed on, or dropped */
	TRACE_REDIRECT,	     /* out of the device `egress` */
	TRACE_REDIRECT_PEER, /* into the peer of the device `egress` */
	TRACE_STACK,	     /* into the stack that the uplink's device `egress` belongs to */
	TRACE_CPU,	     /* to the CPU `egress`, where it goes on as it is */
};

struct trace {
	__u64 now_ns; /* set by the test: the clock of the storm limits */
	__u32 how;    /* enum trace_how */
	__u32 egress; /* ifindex */
	__u32 tx;     /* the resource that counted the frame as sent, 0: none */
	__u32 rx;     /* the resource that counted the frame as received, 0: none */
	__u32 drop;   /* enum abi_drop */
	__u32 vnet;   /* that counted the drop */
	__u32 reason; /* enum abi_reason of TX */
	__u32 copies; /* of one for many: how many went elsewhere */
};

_Static_assert(sizeof(struct trace) == 40, "trace");

#endif
