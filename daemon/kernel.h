/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Everything that reconcile asks of the kernel, as one table of functions, so that the tests can
 * put a fake in its place. rtnl.c and datapath.c are the real ones; main joins them.
 *
 * Functions return 0 or -errno and say nothing; whoever calls knows the object and makes the
 * sentence.
 */
#ifndef VNETD_KERNEL_H
#define VNETD_KERNEL_H

#include "../bpf/abi.h"
#include "link.h"

/* What to change on a device; only the fields named in `set`. */
enum kernel_link_field {
	KERNEL_LINK_MTU = 1 << 0,
	KERNEL_LINK_ADDRESS = 1 << 1,
	KERNEL_LINK_UP = 1 << 2,
	KERNEL_LINK_ALLMULTI = 1 << 3,
	KERNEL_LINK_DORMANT = 1 << 4, /* operational state only: frames still pass */
};

struct kernel_link_change {
	unsigned int set; /* enum kernel_link_field */
	uint32_t mtu;
	uint8_t address[MAC_LEN];
	bool up;
	bool allmulti;
	bool dormant;
};

struct kernel_link_stats {
	uint64_t rx_errors;
	uint64_t tx_errors;
	uint64_t rx_dropped;
	uint64_t tx_dropped;
};

/* A veth pair: @name with @address in namespace @netns_fd (-1: here), @port here. Both get @mtu,
 * both up. */
struct kernel_veth {
	const char *name;
	const char *port;
	const uint8_t *address;
	uint32_t mtu;
	int netns_fd;
};

/* Programs, and where each is attached. */
enum kernel_hook {
	KERNEL_HOOK_TX_EGRESS,	/* vnet_tx at the egress of vnet0: the shortcut */
	KERNEL_HOOK_TX_INGRESS, /* vnet_tx at the ingress of the port, or of an existing upper */
	KERNEL_HOOK_RX,		/* vnet_rx at the ingress of a resource */
	KERNEL_HOOK_END
};

enum kernel_attach { KERNEL_ATTACH_NONE, KERNEL_ATTACH_TCX, KERNEL_ATTACH_CLSACT };

/* Is this still wanted? For datapath_sweep(). */
struct kernel_wanted {
	bool (*hook)(void *context, enum kernel_hook hook, uint32_t ifindex);
	bool (*port)(void *context, uint32_t ifindex);
	bool (*vnet)(void *context, uint32_t vnet);
	bool (*resource)(void *context, uint32_t resource);
	bool (*fdb)(void *context, const struct abi_fdb_key *key, uint32_t resource);
	bool (*vlans)(void *context, const struct abi_vlans_key *key);
	void *context;
};

struct kernel_ops {
	/* rtnetlink */
	int (*veth_add)(void *rtnl, const struct kernel_veth *veth);
	int (*veth_del)(void *rtnl, const char *port); /* undoes veth_add */
	int (*link_get)(void *rtnl, const char *name, struct link *ret);
	int (*link_set)(void *rtnl, uint32_t ifindex, const struct kernel_link_change *change);
	int (*link_del)(void *rtnl, uint32_t ifindex);
	int (*link_stats)(void *rtnl, uint32_t ifindex, struct kernel_link_stats *ret);
	/* Adds @address to, or takes it from, the addresses that the device receives. */
	int (*link_filter)(void *rtnl, uint32_t ifindex, const uint8_t address[MAC_LEN], bool add);

	/* the data path; every write is idempotent */
	int (*attach)(void *datapath, enum kernel_hook hook, uint32_t ifindex,
		      enum kernel_attach *ret);
	int (*detach)(void *datapath, enum kernel_hook hook, uint32_t ifindex);
	/* This very device, not one that had its ifindex before. */
	bool (*attached)(void *datapath, enum kernel_hook hook, uint32_t ifindex);
	int (*port_write)(void *datapath, uint32_t ifindex,
			  const struct abi_port *port); /* NULL: none */
	int (*vnet_write)(void *datapath, uint32_t vnet,
			  const struct abi_vnet *row); /* NULL: none */
	int (*resource_write)(void *datapath, uint32_t resource, const struct abi_resource *row);
	int (*fdb_write)(void *datapath, const struct abi_fdb_key *key,
			 uint32_t resource); /* 0: none */
	int (*vlans_write)(void *datapath, const struct abi_vlans_key *key,
			   const struct abi_vlans *row); /* NULL: none */
	int (*resource_read)(void *datapath, uint32_t resource, struct abi_resource *ret);
	int (*fdb_read)(void *datapath, const struct abi_fdb_key *key, uint32_t *ret);
	int (*vlans_read)(void *datapath, const struct abi_vlans_key *key, struct abi_vlans *ret);
	int (*vnet_read)(void *datapath, uint32_t vnet, struct abi_vnet *ret);
	int (*counters)(void *datapath, uint32_t resource,
			struct abi_counters *ret);			    /* sum over CPUs */
	int (*drops)(void *datapath, uint32_t vnet, struct abi_drops *ret); /* sum over CPUs */
	int (*sweep)(void *datapath, const struct kernel_wanted *wanted);
	int (*flush)(void *datapath); /* detach, unpin and unload everything */
};

struct kernel {
	const struct kernel_ops *ops;
	void *rtnl;
	void *datapath;
};

const char *kernel_attach_name(enum kernel_attach attach); /* "tcx", "clsact", "none" */

#endif
