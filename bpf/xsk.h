/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flows that are for an AF_XDP socket. Where a frame has been metered it goes into the near end of
 * the flow's own veth instead of the vnet's port, and at the far end, whose program is XDP's, into
 * the socket. So who reads too slowly loses frames of that flow alone, and all of TC's work on a
 * frame, cutting and checksums among it, is done before.
 *
 * A flow has two places in the map, and takes the other one each time it is opened: what is still
 * on its way to the old socket arrives there.
 */
#ifndef VNET_BPF_XSK_H
#define VNET_BPF_XSK_H

#include "maps.h"

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, ABI_XSKS_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xsks SEC(".maps");

/*
 * The ifindex of the near end, 0: the frame goes where it would without the flow. The socket leaves
 * the map by itself when its last owner is gone, be vnetd there or not.
 */
static __always_inline __u32 xsk_near(const struct abi_flow *flow, __u32 number)
{
	__u32 place = ABI_XSK_PLACE(number, flow->turn), near = flow->target;

	if (flow->target_kind != ABI_TARGET_XSK || !near)
		return 0;
	return bpf_map_lookup_elem(&xsks, &place) ? near : 0;
}

/* At the far end. */
static __always_inline int xsk_deliver(const struct abi_port *port)
{
	if (!port || !(port->flags & ABI_PORT_XSK))
		return XDP_PASS;
	return bpf_redirect_map(&xsks, port->resource, XDP_DROP);
}

#endif
