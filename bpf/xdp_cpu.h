/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames of flows that are for a CPU are handed to it as early as can be, and meet TC there, which
 * knows nothing of it: so nothing is decided, counted or changed here, and a frame that is handed
 * to another CPU, or to none, is no worse off.
 */
#ifndef VNET_BPF_XDP_CPU_H
#define VNET_BPF_XDP_CPU_H

#include "xdp.h"
#include "xdp_uplink.h"

/* CPUs here are one more than their numbers. */
#define XDP_CPU_NONE 0

static __always_inline __u32 xdp_cpu_of(struct flow_target target)
{
	return target.kind == ABI_TARGET_CPU ? target.number + 1 : XDP_CPU_NONE;
}

/* @map: of CPUs. XDP_PASS: it stays here. */
static __always_inline int xdp_cpu_hand(void *map, __u32 cpu)
{
	int verdict;

	if (cpu == XDP_CPU_NONE)
		return XDP_PASS;
	verdict = bpf_redirect_map(map, cpu - 1, XDP_PASS);
	if (option_trace && verdict == XDP_REDIRECT) {
		trace.how = TRACE_CPU;
		trace.egress = cpu - 1;
	}
	return verdict;
}

/*
 * Where the flows of vnet @vnet want a frame. @proto_at: as of headers_xdp(); @vlan: the frame's
 * there. Few vnets have such flows, so this and what follows are functions of their own.
 */
__noinline __u32 xdp_cpu_of_vnet(struct xdp_md *xdp, __u32 vnet, __u32 proto_at, __u32 vlan)
{
	struct flow_scratch *s = flow_scratch_get();

	if (!s)
		return XDP_CPU_NONE;
	headers_xdp(xdp, &s->headers, proto_at);
	return xdp_cpu_of(flow_target_in(vnet, vlan));
}

/* At the device of resource @r of vnet @n. */
static __always_inline __u32 xdp_cpu_at_resource(struct xdp_md *xdp, const struct abi_vnet *n,
						 const struct abi_resource *r,
						 const struct policy_frame *f)
{
	if (!(n->flags & ABI_VNET_CPU))
		return XDP_CPU_NONE;
	return xdp_cpu_of_vnet(xdp, r->vnet, uplink_proto_at(f, false), f->vlan);
}

/* The same of uplink @number, which has the first word. A function returns but one word: the
 * target's kind is above its number. */
__noinline __u64 xdp_cpu_of_uplink(struct xdp_md *xdp, __u32 number, __u32 proto_at, __u32 vlan)
{
	struct flow_scratch *s = flow_scratch_get();
	struct flow_target target;

	if (!s)
		return 0;
	headers_xdp(xdp, &s->headers, proto_at);
	target = flow_target_in(ABI_OF_UPLINK | number, vlan);
	return (__u64)target.kind << 32 | target.number;
}

/* What is for one MAC, at the NIC. */
__noinline __u32 xdp_cpu_at_uplink(struct xdp_md *xdp, __u32 number)
{
	const struct abi_uplink *u = maps_uplink(number);
	struct flow_target target = {};
	struct policy_frame f = {};
	const struct abi_resource *r;
	const struct abi_vnet *n;
	__u32 proto_at, where;
	__u64 word;

	if (!u || !xdp_parse(xdp, 0, &f) || f.bad_tag || policy_is_multicast(f.dst))
		return XDP_CPU_NONE;
	proto_at = uplink_proto_at(&f, false);
	if (u->flags & (ABI_UPLINK_TARGETS | ABI_UPLINK_CPU)) {
		word = xdp_cpu_of_uplink(xdp, number, proto_at, f.vlan);
		target = (struct flow_target) { (__u32)word, word >> 32 };
	}
	if (target.kind == ABI_TARGET_CPU)
		return xdp_cpu_of(target);
	where = uplink_led_to(target, number) ?: xdp_uplink_where_in(xdp, u, number, &f);
	r = where && where < UPLINK_STACK ? policy_resource(where) : NULL;
	n = r ? maps_vnet(r->vnet) : NULL;
	if (!n || !(n->flags & ABI_VNET_CPU))
		return XDP_CPU_NONE;
	return xdp_cpu_of_vnet(xdp, r->vnet, proto_at, f.vlan ?: r->pvid);
}

/* At any device. */
static __always_inline __u32 xdp_cpu_at(struct xdp_md *xdp, const struct abi_port *port)
{
	struct policy_frame f = {};
	const struct abi_resource *r;
	const struct abi_vnet *n;

	if (port->flags & ABI_PORT_UPLINK)
		return xdp_cpu_at_uplink(xdp, port->resource);
	n = maps_vnet(port->vnet);
	r = n ? policy_resource(port->resource) : NULL;
	if (!r || r->vnet != port->vnet || !xdp_parse(xdp, r->pvid, &f) || f.bad_tag)
		return XDP_CPU_NONE;
	return xdp_cpu_at_resource(xdp, n, r, &f);
}

#endif
