/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device's own word on its state, for this very frame: the daemon may be dead, or not have heard
 * yet.
 *
 * The way there is the map `devices`: the kernel keeps it in step with the devices that exist, and
 * looking one up costs the same with one device on the host and with thousands. Everything is read
 * through untrusted pointers: at worst a read gives zero, which is a device that is not there.
 */
#ifndef VNET_BPF_DEVICE_H
#define VNET_BPF_DEVICE_H

#include <bpf/bpf_core_read.h>

#include "maps.h"
#include "options.h"

#define DEVICE_CHAIN_MAX 8 /* devices in one bucket that are looked at */

/* Of the kernel's enumerations: __LINK_STATE_*, NETDEV_XDP_ACT_*. */
#define DEVICE_STATE_START     (1UL << 0)
#define DEVICE_STATE_NOCARRIER (1UL << 2)
#define DEVICE_ACT_XMIT	       (1U << 2)
#define DEVICE_ACT_XMIT_SG     (1U << 6)

#define DEVICE_KERNEL __attribute__((preserve_access_index))

/* The kernel's, as far as they are read here; where the rest is the loader finds out. */
struct hlist_node___vnet {
	struct hlist_node___vnet *next;
} DEVICE_KERNEL;

struct hlist_head___vnet {
	struct hlist_node___vnet *first;
} DEVICE_KERNEL;

struct netdev_queue___vnet {
	const void *qdisc;
	const void *qdisc_sleeping;
} DEVICE_KERNEL;

struct net_device___vnet {
	struct netdev_queue___vnet *_tx;
	unsigned long state;
	__u32 xdp_features;
} DEVICE_KERNEL;

struct bpf_dtab_netdev___vnet {
	struct hlist_node___vnet index_hlist;
	struct net_device___vnet *dev;
	unsigned int idx;
} DEVICE_KERNEL;

struct bpf_dtab___vnet {
	struct hlist_head___vnet *dev_index_head;
} DEVICE_KERNEL;

void *bpf_rdonly_cast(const void *object, __u32 type) __ksym __weak;

#define device_cast(object, type)                                                                  \
	((struct type *)bpf_rdonly_cast((object), bpf_core_type_id_kernel(struct type)))

static __always_inline const struct hlist_node___vnet *device_bucket(__u32 ifindex)
{
	const struct bpf_dtab___vnet *table = device_cast(&devices, bpf_dtab___vnet);
	/* the kernel has as many buckets as the map has entries, and they are a power of two */
	const struct hlist_head___vnet *head = device_cast(
		(const void *)table->dev_index_head +
			(ifindex & (ABI_DEVICES_MAX - 1)) * sizeof(struct hlist_head___vnet),
		hlist_head___vnet);

	return head->first;
}

static __always_inline const struct bpf_dtab_netdev___vnet *
device_entry(const struct hlist_node___vnet *node)
{
	return device_cast((const void *)node - bpf_core_field_offset(struct bpf_dtab_netdev___vnet,
								      index_hlist),
			   bpf_dtab_netdev___vnet);
}

/*
 * A device has carrier again, or is up, some time before the kernel gives its queue back, and until
 * then all that is sent is lost. The first queue stands for all of them.
 */
static __always_inline bool device_has_queue(const struct net_device___vnet *dev)
{
	const struct netdev_queue___vnet *queue = dev->_tx;

	return queue->qdisc == queue->qdisc_sleeping;
}

/* Returns enum policy_device. */
static __always_inline __u32 device_state(const struct net_device___vnet *dev)
{
	unsigned long state = dev->state;
	__u32 found = 0;

	if ((state & DEVICE_STATE_START) && !(state & DEVICE_STATE_NOCARRIER) &&
	    device_has_queue(dev))
		found |= POLICY_DEVICE_USABLE;
	if (!option_xdp_features)
		return found | POLICY_DEVICE_XDP;
	if (dev->xdp_features & DEVICE_ACT_XMIT)
		found |= POLICY_DEVICE_XDP;
	if (dev->xdp_features & DEVICE_ACT_XMIT_SG)
		found |= POLICY_DEVICE_XDP_FRAGS;
	return found;
}

/* It is not the first of its bucket: another one there has an ifindex that is 65,536 away. */
__noinline __u32 device_state_behind(__u32 ifindex)
{
	const struct bpf_dtab_netdev___vnet *entry;
	const struct hlist_node___vnet *node;

	if (!option_device_state) /* the verifier looks at this function by itself */
		return 0;
	node = device_bucket(ifindex);
	for (int i = 0; i < DEVICE_CHAIN_MAX && node; i++) {
		entry = device_entry(node);
		if (entry->idx == ifindex)
			return device_state(entry->dev);
		node = node->next;
	}
	return 0;
}

POLICY_INLINE __u32 policy_device(__u32 ifindex)
{
	const struct bpf_dtab_netdev___vnet *entry;
	const struct hlist_node___vnet *node;

	if (!option_device_state)
		return POLICY_DEVICE_USABLE | POLICY_DEVICE_XDP;
	node = device_bucket(ifindex);
	if (!node)
		return 0;
	entry = device_entry(node);
	if (entry->idx == ifindex)
		return device_state(entry->dev);
	return device_state_behind(ifindex);
}

POLICY_OUTLINE __u32 policy_twin(__u32 number)
{
	const struct abi_resource *r = policy_resource(number);
	const struct abi_vnet *n = r ? maps_vnet(r->vnet) : NULL;

	return n ? policy_device(n->port) : 0;
}

#endif
