/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel in memory behind struct kernel_ops: devices, maps, attachments, each as plain arrays
 * that a test may read and write. Any call can be made to fail, and every call that changes
 * something is noted in `journal`, so that a test can check the order of things.
 */
#ifndef TESTS_UNIT_FAKE_KERNEL_H
#define TESTS_UNIT_FAKE_KERNEL_H

#include <linux/ethtool.h>

#include "../../daemon/manager.h"

#define FAKE_MAX	 512 /* rows of a map, devices */
#define FAKE_IFINDEX_MAX 4096

struct fake_row {
	bool used;
	uint8_t key[32];
	_Alignas(8) uint8_t value[512];
};

struct fake_map {
	struct fake_row rows[FAKE_MAX];
};

/* A tap's ends that are the kernel's: a frame is one datagram, with its virtio_net_hdr before it.
 */
struct fake_tap {
	uint32_t ifindex; /* 0: there is none */
	struct kernel_tap asked;
	int fds[KERNEL_TAP_QUEUES_MAX];
};

/* Who wants frames of a device, and those that were told of and not read yet. */
struct fake_listener {
	bool open;
	uint32_t ifindex;
	struct kernel_filter filter;
	struct kernel_frame frames[16];
	size_t count;
};

/* A virtual function: what its PF keeps of it, and what is in sysfs. */
struct fake_vf {
	char pf[IFNAMSIZ]; /* empty: there is none */
	uint32_t index;
	bool there;	/* the PF has it now */
	bool obstinate; /* nothing that it is asked for changes it */
	struct kernel_vf vf;
	struct kernel_vf_place place;
};

/* What is noted of a virtual function. */
struct fake_vf_mark {
	uint32_t pf, index;
	char text[256]; /* empty: nothing is */
};

struct fake_frame {
	uint32_t ifindex;
	size_t length;
	uint8_t bytes[128];
	uint64_t sent_us;
};

#define FAKE_NTUPLES 16

/* An n-tuple filter. */
struct fake_ntuple {
	uint32_t ifindex; /* 0: none */
	struct ethtool_rx_flow_spec spec;
};

struct fake_kernel {
	struct kernel kernel; /* to be given to the manager */
	struct kernel_ops ops;
	struct link links[FAKE_MAX];
	size_t link_count;
	uint32_t next_ifindex;
	bool attached[KERNEL_HOOK_END][FAKE_IFINDEX_MAX];  /* by hook and ifindex */
	uint8_t filter[FAKE_IFINDEX_MAX][MAC_LEN];	   /* by ifindex, all zero: none */
	struct kernel_offloads offloads[FAKE_IFINDEX_MAX]; /* by ifindex */
	int xdp_refusal[FAKE_IFINDEX_MAX];   /* by ifindex: positive errno of a driver, 0: none */
	bool blind;			     /* programs do not see devices */
	bool unfilterable[FAKE_IFINDEX_MAX]; /* by ifindex: takes no more addresses */
	bool has_fq;			     /* it knows that queue */
	bool fq[FAKE_IFINDEX_MAX];	     /* by ifindex: ours is there */
	bool queued[FAKE_IFINDEX_MAX];	     /* by ifindex: an administrator's queue is */
	bool busy[FAKE_IFINDEX_MAX];	     /* by ifindex: no other MAC while it is up */
	struct fake_map ports, vnets, resources, fdb, vlans, devices, storms, allowed;
	struct fake_map filters; /* by ifindex and MAC: those beside the one in `filter` */
	struct fake_map flows, flow_rules, limits, cpus, xsks;
	struct fake_map uplinks, members, addresses, learners;
	struct abi_counters counters;
	struct abi_drops drops;
	struct kernel_link_stats stats;
	struct fake_listener listeners[16];
	struct fake_tap taps[FAKE_MAX];
	char pairs[FAKE_MAX][IFNAMSIZ];	   /* marked, empty: none */
	char marks[FAKE_IFINDEX_MAX][256]; /* of devices, by ifindex, empty: none */
	struct fake_vf vfs[8];
	struct fake_vf_mark vf_marks[8];
	uint32_t ntuple_size[FAKE_IFINDEX_MAX]; /* places for filters, by ifindex; 0: no filters */
	const char *online;			/* CPUs; NULL: "0-3,6" */
	uint32_t queues;			/* that each device has */
	struct fake_ntuple ntuples[FAKE_NTUPLES];
	struct fake_vf_mark filter_marks[FAKE_NTUPLES];
	enum fake_bridge {
		FAKE_BRIDGE_NONE,
		FAKE_BRIDGE_VEB,
		FAKE_BRIDGE_VEPA
	} bridge; /* of PFs */
	bool flushed;
	struct fake_frame frames[FAKE_MAX]; /* sent, the first ones */
	size_t frame_count;
	uint64_t now_us; /* moved by the test, with world_pass() */

	const char *fail_call;	 /* name of the call that fails, NULL: none */
	int fail_error;		 /* positive errno */
	unsigned int fail_after; /* so many of these calls still succeed */
	unsigned int fail_times; /* so many fail then */
	bool failed;		 /* one has failed */
	bool fail_halfway;	 /* a link_set that fails has done its first part */

	/* Called after everything that changes something. */
	void (*on_change)(void *context);
	void *context;

	char journal[65536]; /* "call argument\n" ..., of calls that changed something */
};

/* Of a veth as vnetd makes it, and of any other device as it comes. */
extern const struct kernel_offloads fake_kernel_veth_offloads, fake_kernel_nic_offloads;

struct fake_kernel *fake_kernel_new(void);
void fake_kernel_free(struct fake_kernel *k);
/* Becomes what it was when @then was a copy of it. Its taps have other ends, which nobody holds. */
void fake_kernel_back(struct fake_kernel *k, const struct fake_kernel *then);

/* An Ethernet device that is up and has carrier, MTU 1500; returns it (borrowed) for changes. */
struct link *fake_kernel_add(struct fake_kernel *k, const char *name);
struct link *fake_kernel_find(struct fake_kernel *k, const char *name);
void fake_kernel_remove(struct fake_kernel *k, const char *name);

/* VF @index of @pf, with a MAC of its own and nothing in sysfs; borrowed. */
struct fake_vf *fake_kernel_vf(struct fake_kernel *k, const char *pf, uint32_t index);
/* Its driver makes device @name, which is there already; NULL: it takes it away. */
void fake_vf_netdev(struct fake_vf *vf, const char *name);

/* The device receives a frame. Returns how many listeners have kept it. */
unsigned int fake_kernel_receive(struct fake_kernel *k, const char *device,
				 const struct kernel_frame *f);
size_t fake_kernel_listeners(const struct fake_kernel *k);

/* NULL: no such tap. Its descriptors stay the fake's. */
const struct fake_tap *fake_kernel_tap(const struct fake_kernel *k, const char *name);

/* Tells @m of the device as it is now, or that it is gone. */
void fake_kernel_tell(struct fake_kernel *k, struct manager *m, const char *name);
void fake_kernel_tell_gone(struct fake_kernel *k, struct manager *m, const char *name);

/* The next @after calls of @call succeed, then it fails with @error. fake_kernel_heal() ends that.
 * fake_kernel_fail_once(): just one of them fails. */
void fake_kernel_fail_once(struct fake_kernel *k, const char *call, int error, unsigned int after);
void fake_kernel_fail(struct fake_kernel *k, const char *call, int error, unsigned int after);
void fake_kernel_heal(struct fake_kernel *k);

/* Rows as last written; NULL: none. */
const struct abi_vnet *fake_kernel_vnet(struct fake_kernel *k, uint32_t number);
const struct abi_resource *fake_kernel_resource(struct fake_kernel *k, uint32_t number);
const struct abi_vlans *fake_kernel_vlans(struct fake_kernel *k, uint32_t vnet, uint32_t resource);
const struct abi_port *fake_kernel_port(struct fake_kernel *k, uint32_t ifindex);
const struct abi_storm *fake_kernel_storm(struct fake_kernel *k, uint32_t vnet, uint32_t resource);
/* NULL: none. */
const struct abi_flow *fake_kernel_flow(struct fake_kernel *k, uint32_t number);
bool fake_kernel_has_xsk(struct fake_kernel *k, uint32_t place);
const struct flow_rule *fake_kernel_flow_rule(struct fake_kernel *k, uint32_t number);
const struct abi_limit *fake_kernel_limit(struct fake_kernel *k, enum abi_limit_kind kind,
					  uint32_t number);
const struct abi_uplink *fake_kernel_uplink(struct fake_kernel *k, uint32_t number);
bool fake_kernel_member(struct fake_kernel *k, uint32_t uplink, uint32_t resource);
bool fake_kernel_learner(struct fake_kernel *k, uint32_t resource);
/* The holder's number, -1: nobody was given the address. @address as ::ffff:a.b.c.d or IPv6. */
int64_t fake_kernel_address(struct fake_kernel *k, uint32_t uplink, uint16_t vlan,
			    const char *address);
bool fake_kernel_device(struct fake_kernel *k, uint32_t ifindex);
bool fake_kernel_allowed(struct fake_kernel *k, const struct abi_allowed_key *key);
uint32_t fake_kernel_fdb(struct fake_kernel *k, uint32_t vnet, uint16_t vlan, const char *mac);
size_t fake_kernel_fdb_count(struct fake_kernel *k);
size_t fake_kernel_count(const struct fake_map *map);

/* Everything in the kernel as lines of text, sorted; the caller frees it. */
char *fake_kernel_text(const struct fake_kernel *k);

/* Is nothing of ours left: no row, no attachment, no filter? */
bool fake_kernel_is_clean(struct fake_kernel *k);

#endif
