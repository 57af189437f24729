/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame as a driver hands it over. XDP comes first and TC behind it on the same device: a frame
 * that XDP cannot carry as it should be carried is passed on, uncounted, and TC decides.
 */
#ifndef VNET_BPF_XDP_H
#define VNET_BPF_XDP_H

#include "count.h"
#include "decide.h"
#include "meter.h"
#include "parse.h"
#include "protect.h"

/* Of the kernel's: CHECKSUM_PARTIAL, XDP_FLAGS_HAS_FRAGS. */
#define XDP_CHECKSUM_PARTIAL 3
#define XDP_HAS_FRAGS	     1

struct xdp_buff___vnet {
	__u32 flags;
} DEVICE_KERNEL;

struct sk_buff___vnet {
	__u32 vlan_all;
	__u8 ip_summed : 2;
} DEVICE_KERNEL;

/* Stands for any structure that begins with a pointer to a sk_buff. */
struct sk_buff_head___vnet {
	struct sk_buff___vnet *next;
} DEVICE_KERNEL;

void *bpf_cast_to_kern_ctx(void *ctx) __ksym __weak;

/*
 * Is all of the frame in its bytes? A veth may have taken it from a socket: then there may be a tag
 * beside it, or a checksum that nobody has filled in. The driver keeps the sk_buff behind its
 * xdp_buff; NULL: there is none.
 */
static __always_inline bool xdp_is_whole(struct xdp_md *xdp, const struct abi_port *port)
{
	const struct sk_buff_head___vnet *behind;
	const struct sk_buff___vnet *skb;

	if (!option_xdp_features || !(port->flags & ABI_PORT_VETH))
		return true;
	behind = device_cast(bpf_cast_to_kern_ctx(xdp) + bpf_core_type_size(struct xdp_buff___vnet),
			     sk_buff_head___vnet);
	skb = behind->next;
	if (!skb)
		return true;
	return !skb->vlan_all && BPF_CORE_READ_BITFIELD(skb, ip_summed) != XDP_CHECKSUM_PARTIAL;
}

static __always_inline bool xdp_parse(struct xdp_md *xdp, __u16 pvid, struct policy_frame *f)
{
	const struct parse_tag none = {};

	return parse_frame((void *)(long)xdp->data, (void *)(long)xdp->data_end, &none, pvid, f);
}

static __always_inline int xdp_drop(__u32 vnet, __u32 why)
{
	decide_drop(vnet, why, 1);
	return XDP_DROP;
}

/* May the protected upper of @n send this? Returns enum abi_drop. */
static __always_inline __u32 xdp_protect(struct xdp_md *xdp, const struct abi_vnet *n, __u32 vnet,
					 const struct policy_frame *f)
{
	__u32 at = f->tagged ? PARSE_VLAN_LEN : PARSE_ETH_LEN;

	if (f->bad_tag)
		return ABI_DROP_VLAN;
	return protect_xdp(xdp, vnet, n->flags, policy_mac(n->mac), at << 16 | f->proto);
}

static __always_inline bool xdp_has_frags(struct xdp_md *xdp)
{
	const struct xdp_buff___vnet *kernel;

	if (!option_xdp_features)
		return bpf_xdp_get_buff_len(xdp) > xdp->data_end - xdp->data;
	kernel = bpf_cast_to_kern_ctx(xdp);
	return kernel->flags & XDP_HAS_FRAGS;
}

static __always_inline __u64 xdp_bytes(struct xdp_md *xdp, bool frags)
{
	return frags ? bpf_xdp_get_buff_len(xdp) : xdp->data_end - xdp->data;
}

/* Too short for its headers, or they go on in the next buffer, where TC has to look. */
static __always_inline int xdp_malformed(struct xdp_md *xdp, __u32 vnet)
{
	return xdp_has_frags(xdp) ? XDP_PASS : xdp_drop(vnet, ABI_DROP_MALFORMED);
}

/* Is the device one that takes this frame from XDP? */
static __always_inline bool xdp_can_send(const struct decide *d, bool frags)
{
	const __u32 egress = d->egress; /* Linux 6.1 takes no key from where @d may be */
	__u32 device;

	if (!d->xdp)
		return false;
	if (!option_device_state && !bpf_map_lookup_elem(&devices, &egress))
		return false; /* the redirect would fail, and the frame has been changed by then */
	device = d->device ?: policy_device(egress);
	return device & (frags ? POLICY_DEVICE_XDP_FRAGS : POLICY_DEVICE_XDP);
}

static __always_inline int xdp_remove_tag(struct xdp_md *xdp)
{
	__u8 macs[PARSE_MACS_LEN];
	void *data = (void *)(long)xdp->data;

	if (data + PARSE_VLAN_LEN > (void *)(long)xdp->data_end)
		return -1;
	__builtin_memcpy(macs, data, sizeof(macs));
	if (bpf_xdp_adjust_head(xdp, PARSE_TAG_LEN))
		return -1;
	data = (void *)(long)xdp->data;
	if (data + PARSE_MACS_LEN > (void *)(long)xdp->data_end)
		return -1;
	__builtin_memcpy(data, macs, sizeof(macs));
	return 0;
}

static __always_inline int xdp_make_room_for_tag(struct xdp_md *xdp)
{
	__u8 macs[PARSE_MACS_LEN];
	void *data;

	if (bpf_xdp_adjust_head(xdp, -PARSE_TAG_LEN))
		return -1;
	data = (void *)(long)xdp->data;
	if (data + PARSE_VLAN_LEN > (void *)(long)xdp->data_end)
		return -1;
	__builtin_memcpy(macs, data + PARSE_TAG_LEN, sizeof(macs));
	__builtin_memcpy(data, macs, sizeof(macs));
	return 0;
}

static __always_inline int xdp_write_tag(struct xdp_md *xdp, __u16 tci)
{
	void *data = (void *)(long)xdp->data;
	__be16 *tag = data + PARSE_MACS_LEN;

	if (data + PARSE_VLAN_LEN > (void *)(long)xdp->data_end)
		return -1;
	tag[0] = bpf_htons(ETH_P_8021Q);
	tag[1] = bpf_htons(tci);
	return 0;
}

/* @tagged: it has a tag; @tag: it is to have one, with @tci. A function of its own: most need none.
 */
__noinline int xdp_change_tag(struct xdp_md *xdp, __u32 tagged, __u32 tag, __u32 tci)
{
	if (!tag)
		return xdp_remove_tag(xdp);
	if (!tagged && xdp_make_room_for_tag(xdp))
		return -1;
	return xdp_write_tag(xdp, (__u16)tci);
}

/* As tc_retag(). On failure nothing is changed. */
static __always_inline int xdp_retag(struct xdp_md *xdp, const struct policy_frame *f, __u16 pvid)
{
	bool tag = f->vlan != pvid;
	__u16 tci = f->prio | f->vlan;

	if (tag ? f->tagged && f->tci == tci : !f->tagged)
		return 0;
	return xdp_change_tag(xdp, f->tagged, tag, tci);
}

static __always_inline int xdp_redirect(const struct decide *d)
{
	decide_trace(d, TRACE_REDIRECT);
	return bpf_redirect_map(&devices, d->egress, XDP_PASS);
}

/* Counts what @d says and sends the frame on. The device takes it, and the tag is right. */
static __always_inline int xdp_carry(const struct count_frame *counted, const struct decide *d)
{
	if (d->tx)
		count_tx(d->tx, counted);
	if (d->rx)
		count_rx(d->rx, counted);
	return xdp_redirect(d);
}

/*
 * The rest of a frame's way, once it is known. Off the usual way, so a function of its own: it is
 * verified once and not once for each way that leads here.
 */
__noinline int xdp_carry_on(struct xdp_md *xdp, const struct policy_frame *f,
			    const struct decide *d)
{
	bool frags = xdp_has_frags(xdp);
	struct count_frame counted;

	if (!f || !d)
		return XDP_DROP;
	counted = count_look(f->dst, 1, xdp_bytes(xdp, frags));
	if (!xdp_can_send(d, frags) || xdp_retag(xdp, f, d->pvid))
		return XDP_PASS;
	return xdp_carry(&counted, d);
}

/* A frame for @dst that resource @tx has sent over a wire, and the other end drops. */
__noinline int xdp_drop_sent(struct xdp_md *xdp, __u64 dst, __u32 tx, __u32 vnet, __u32 why)
{
	const struct count_frame counted = count_look(dst, 1, xdp_bytes(xdp, xdp_has_frags(xdp)));

	decide_drop_sent(tx, vnet, why, &counted);
	return XDP_DROP;
}

static __always_inline bool xdp_twin_is_metered(const struct abi_resource *from)
{
	const struct abi_resource *to = policy_resource(from->twin);

	return to && ((decide_twin_flags(from) & METER_VNET) | (to->flags & METER_RESOURCE));
}

/* As tc_cross(). */
__noinline int xdp_cross(struct xdp_md *xdp, __u32 number)
{
	const struct abi_resource *from = policy_resource(number);
	const struct abi_vnet *n = from ? maps_vnet(from->vnet) : NULL;
	struct policy_frame f = {};
	__u32 vnet, drop;
	struct decide d;

	if (!n || !xdp_parse(xdp, n->pvid, &f))
		return XDP_DROP; /* it was there a moment ago */
	if (meter_is_due(n, from) || xdp_twin_is_metered(from))
		return XDP_PASS;
	drop = decide_cross(from, number, &f, &d, &vnet);
	if (drop)
		return xdp_drop_sent(xdp, f.dst, number, vnet, drop);
	return xdp_carry_on(xdp, &f, &d);
}

#endif
