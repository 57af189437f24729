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
#include "flow_table.h"
#include "link.h"

/* What to change on a device; only the fields named in `set`. */
enum kernel_link_field {
	KERNEL_LINK_MTU = 1 << 0,
	KERNEL_LINK_ADDRESS = 1 << 1,
	KERNEL_LINK_UP = 1 << 2,
	KERNEL_LINK_ALLMULTI = 1 << 3,
	KERNEL_LINK_DORMANT = 1 << 4, /* operational state only: frames still pass */
	KERNEL_LINK_PROMISC = 1 << 5,
	KERNEL_LINK_FQ = 1 << 6,
};

struct kernel_link_change {
	unsigned int set; /* enum kernel_link_field */
	uint32_t mtu;
	uint8_t address[MAC_LEN];
	bool up;
	bool allmulti;
	bool dormant;
	bool promisc;
	/*
	 * A queue of ours that sends frames at their times, or what the kernel gives a device.
	 * -ENOENT: this kernel has no such queue; -EEXIST: somebody has given the device another
	 * one.
	 */
	bool fq;
};

/*
 * What a device does for the stack beside carrying frames, and XDP programs cannot live with; by
 * the kernel's names for ethtool: X(enumerator, name).
 */
#define KERNEL_OFFLOADS(X)                                                                         \
	X(TX_CSUM, "tx-checksum-ip-generic")                                                       \
	X(TX_CSUM_IPV4, "tx-checksum-ipv4")                                                        \
	X(TX_CSUM_IPV6, "tx-checksum-ipv6")                                                        \
	X(TX_CSUM_SCTP, "tx-checksum-sctp")                                                        \
	X(TX_VLAN, "tx-vlan-hw-insert")                                                            \
	X(TX_STAG, "tx-vlan-stag-hw-insert")                                                       \
	X(RX_VLAN, "rx-vlan-hw-parse")                                                             \
	X(RX_STAG, "rx-vlan-stag-hw-parse")                                                        \
	X(LRO, "rx-lro")                                                                           \
	X(GRO, "rx-gro")

enum kernel_offload {
#define X(enumerator, name) KERNEL_OFFLOAD_##enumerator,
	KERNEL_OFFLOADS(X)
#undef X
		KERNEL_OFFLOAD_END
};

#define KERNEL_OFFLOAD_BIT(enumerator) (1u << KERNEL_OFFLOAD_##enumerator)

struct kernel_offloads {
	unsigned int can; /* KERNEL_OFFLOAD_BIT()s: those that may be switched */
	unsigned int on;  /* those that are asked for, whether or not they can be had now */
};

struct kernel_link_stats {
	uint64_t rx_errors;
	uint64_t tx_errors;
	uint64_t rx_dropped;
	uint64_t tx_dropped;
	uint64_t tx_packets;
};

/* A veth pair: @name with @address in namespace @netns_fd (-1: here), @port here. Both get @mtu,
 * both up. */
struct kernel_veth {
	const char *name;
	const char *port;
	const uint8_t *address;
	uint32_t mtu;
	int netns_fd;
	/* For frames that we ourselves put into it: both ends have one queue, stay down, and get no
	 * IPv6 addresses. */
	bool idle;
};

/* An AF_XDP socket, bound, with its memory; its reader has frames and nothing to send by. */
#define KERNEL_XSK_FRAME_BYTES 4096
#define KERNEL_XSK_MTU	       3498 /* what XDP takes of a veth with pages of 4 KiB */

struct kernel_xsk {
	int socket;
	int memory; /* memfd of frames * KERNEL_XSK_FRAME_BYTES */
	bool zerocopy;
};

#define KERNEL_TAP_QUEUES_MAX 64

/* A tap for a provider; it is gone when the last descriptor of it is closed. */
struct kernel_tap {
	unsigned int queues; /* 1 to KERNEL_TAP_QUEUES_MAX */
	bool checksums;	     /* its reader takes frames with checksums still to be filled in, */
	bool segments4;	     /* and TCP frames still to be cut into segments, of IPv4 */
	bool segments6;	     /* and of IPv6 */
};

/*
 * What an SR-IOV NIC keeps of one of its virtual functions (VF), and its physical function (PF)
 * sets. The order is that in which they are set.
 */
enum kernel_vf_field {
	KERNEL_VF_ADDRESS = 1 << 0,
	KERNEL_VF_VLAN = 1 << 1,
	KERNEL_VF_SPOOF_CHECK = 1 << 2,
	KERNEL_VF_TRUST = 1 << 3,
	KERNEL_VF_LINK_STATE = 1 << 4,
};

#define KERNEL_VF_FIELDS 5

struct kernel_vf {
	unsigned int set; /* enum kernel_vf_field: to be changed; or, of what was read, known */
	uint8_t address[MAC_LEN];
	uint16_t vlan;	   /* 0: none */
	uint16_t protocol; /* of its tag, ETH_P_* */
	uint8_t qos;
	bool spoof_check;
	bool trust;
	uint32_t link_state; /* IFLA_VF_LINK_STATE_* */
};

/* What there is of a VF in sysfs, and what is missing first on the way to its network device. */
enum kernel_vf_missing {
	KERNEL_VF_COMPLETE,
	KERNEL_VF_NO_PF,
	KERNEL_VF_NO_FUNCTION,
	KERNEL_VF_NO_DRIVER,
	KERNEL_VF_NO_NETDEV,
};

struct kernel_vf_place {
	enum kernel_vf_missing missing;
	bool capable;	   /* the PF's driver can make VFs */
	uint32_t total;	   /* it can make so many, 0: not told */
	char function[32]; /* "0000:01:10.6", as far as there is one; the same of: */
	char driver[32];
	char netdev[IFNAMSIZ];
};

/* Which frames that a device receives are wanted: those with these bytes. */
#define KERNEL_MATCHES_MAX	4
#define KERNEL_MATCH_LENGTH_MAX 16

struct kernel_match {
	uint16_t offset; /* in the frame without its tag */
	uint16_t length;
	uint8_t bytes[KERNEL_MATCH_LENGTH_MAX];
};

struct kernel_filter {
	size_t count;
	struct kernel_match match[KERNEL_MATCHES_MAX];
};

#define KERNEL_FRAME_SIZE 256

struct kernel_frame {
	size_t length; /* of what is kept of it */
	uint16_t vlan; /* of its tag, which is not among the bytes; 0: it had none */
	uint8_t bytes[KERNEL_FRAME_SIZE];
};

/* Where one more n-tuple filter of a NIC can be. */
struct kernel_ntuple_room {
	uint32_t queues; /* receive queues that it can lead to, from 0 */
	uint32_t place;	 /* one that is free, the last */
};

#define KERNEL_CPUS_SIZE 256 /* a list of CPUs */

/* Programs, and where each is attached. */
enum kernel_hook {
	KERNEL_HOOK_TX_EGRESS,	/* vnet_tx at the egress of vnet0: the shortcut */
	KERNEL_HOOK_TX_INGRESS, /* vnet_tx at the ingress of the port, or of an existing upper */
	KERNEL_HOOK_RX,		/* vnet_rx at the ingress of a resource */
	KERNEL_HOOK_XDP_TX,	/* vnet_xdp_tx where vnet_tx is at the ingress, before it */
	KERNEL_HOOK_XDP_RX,	/* vnet_xdp_rx where vnet_rx is, before it */
	KERNEL_HOOK_UPLINK,	/* vnet_uplink at the ingress of an uplink's device */
	KERNEL_HOOK_UPLINK_TX,	/* vnet_uplink_tx at its egress: its own stack reaches the vnets */
	KERNEL_HOOK_XDP_UPLINK, /* vnet_xdp_uplink where vnet_uplink is, before it */
	/*
	 * vnet_xdp_cpu where vnet_rx or vnet_uplink is, before it, and no other XDP program: frames
	 * of flows for a CPU go there first. By the driver for a real NIC alone (a link without
	 * `kind`), with RX_VLAN, RX_STAG and LRO off: a frame keeps nothing that is beside its
	 * bytes. Generic (vnet_xdp_cpu_generic) for all others, and where the driver cannot: there
	 * a frame stays what it is.
	 */
	KERNEL_HOOK_XDP_CPU,
	KERNEL_HOOK_XDP_CPU_GENERIC,
	KERNEL_HOOK_XDP_XSK, /* vnet_xdp_xsk at the far end of a flow's veth */
	KERNEL_HOOK_END
};

enum kernel_attach {
	KERNEL_ATTACH_NONE,
	KERNEL_ATTACH_TCX,
	KERNEL_ATTACH_CLSACT,
	KERNEL_ATTACH_XDP, /* native; what it passes on meets tcx or clsact next */
	KERNEL_ATTACH_XDP_GENERIC,
};

/* Is this still wanted? For datapath_sweep(). */
struct kernel_wanted {
	bool (*hook)(void *context, enum kernel_hook hook, uint32_t ifindex);
	bool (*port)(void *context, uint32_t ifindex);
	bool (*vnet)(void *context, uint32_t vnet);
	bool (*resource)(void *context, uint32_t resource);
	bool (*fdb)(void *context, const struct abi_fdb_key *key, uint32_t resource);
	bool (*vlans)(void *context, const struct abi_vlans_key *key);
	bool (*device)(void *context, uint32_t ifindex);
	bool (*storm)(void *context, const struct abi_storm_key *key);
	bool (*allowed)(void *context, const struct abi_allowed_key *key);
	bool (*uplink)(void *context, uint32_t uplink);
	bool (*member)(void *context, uint32_t uplink, uint32_t resource);
	bool (*address)(void *context, const struct abi_address_key *key,
			const struct abi_holder *holder);
	bool (*learner)(void *context, uint32_t resource);
	bool (*flow)(void *context, uint32_t number); /* NULL: none is */
	bool (*limit)(void *context, const struct abi_limit_key *key);
	bool (*cpu)(void *context, uint32_t cpu); /* NULL: none is */
	void *context;
};

struct ethtool_rx_flow_spec;

struct kernel_ops {
	uint64_t (*now_us)(void *rtnl);				    /* CLOCK_MONOTONIC */
	int (*cpus_online)(void *rtnl, char ret[KERNEL_CPUS_SIZE]); /* as a list: cpus.h */

	/* rtnetlink */
	int (*veth_add)(void *rtnl, const struct kernel_veth *veth);
	int (*veth_del)(void *rtnl, const char *port); /* undoes veth_add */
	int (*link_get)(void *rtnl, const char *name, struct link *ret);
	int (*link_set)(void *rtnl, uint32_t ifindex, const struct kernel_link_change *change);
	int (*link_del)(void *rtnl, uint32_t ifindex);
	/* Does this kernel have the queue of KERNEL_LINK_FQ? */
	bool (*has_fq)(void *rtnl);
	/*
	 * Makes a tap with a virtio_net_hdr (10 bytes) before each frame, down, with a name that
	 * the kernel chooses ("vntap0"). @fds receives tap->queues non-blocking descriptors.
	 */
	int (*tap_add)(void *rtnl, const struct kernel_tap *tap, struct link *ret, int *fds);
	/* At the first queue of the device, which is up. @frames: a power of two. */
	int (*xsk_open)(void *rtnl, uint32_t ifindex, uint32_t frames, struct kernel_xsk *ret);
	/* Frames that there was no room for. */
	int (*xsk_missed)(void *rtnl, int socket, uint64_t *ret);
	/* Sends a frame out of the device. -EPERM: vnetd may not. */
	int (*send_frame)(void *rtnl, uint32_t ifindex, const void *frame, size_t length);
	/*
	 * Keeps the frames that @filter lets pass of those that the device receives, before any
	 * program of TC sees them, as far as there is room. hear() returns the next one, -EAGAIN:
	 * there is none.
	 */
	int (*listen)(void *rtnl, uint32_t ifindex, const struct kernel_filter *filter, int *ret);
	int (*hear)(void *rtnl, int listener, struct kernel_frame *ret);
	void (*listen_end)(void *rtnl, int listener);
	/*
	 * Is it up, with carrier? Told at once, even while the kernel is busy with a device; or an
	 * error: only a request would tell.
	 */
	int (*carries)(void *rtnl, const struct link *l, bool *ret);
	/* -EAGAIN: it would take longer than who only looks is to wait. */
	int (*link_stats)(void *rtnl, uint32_t ifindex, struct kernel_link_stats *ret);
	/* Adds @address to, or takes it from, the addresses that the device receives. */
	int (*link_filter)(void *rtnl, uint32_t ifindex, const uint8_t address[MAC_LEN], bool add);
	int (*offloads_get)(void *rtnl, const char *device, struct kernel_offloads *ret);
	/* Those in @set become as in @on. */
	int (*offloads_set)(void *rtnl, const char *device, unsigned int set, unsigned int on);

	/*
	 * n-tuple filters of a NIC (linux/ethtool.h), by their places. -EOPNOTSUPP: it has none, or
	 * chooses the places itself; -ENOSPC: all are in use; _get(): -ENOENT: there is none.
	 */
	int (*ntuple_room)(void *rtnl, const char *device, struct kernel_ntuple_room *ret);
	int (*ntuple_get)(void *rtnl, const char *device, uint32_t place,
			  struct ethtool_rx_flow_spec *ret);
	int (*ntuple_add)(void *rtnl, const char *device, const struct ethtool_rx_flow_spec *spec);
	int (*ntuple_del)(void *rtnl, const char *device, uint32_t place);

	/* Where the VF's network device is; what is not there is no error. 0 or -errno. */
	int (*vf_look)(void *rtnl, const char *pf, uint32_t index, struct kernel_vf_place *ret);
	/* -ENODEV: there is no PF; -ENOENT: it has no VF of that index. */
	int (*vf_get)(void *rtnl, uint32_t pf, uint32_t index, struct kernel_vf *ret);
	/* Ends with the first field that is refused. -EOPNOTSUPP: the NIC does not know it. */
	int (*vf_set)(void *rtnl, uint32_t pf, uint32_t index, const struct kernel_vf *change);
	/* Does the PF hand frames from one of its functions to another by itself (VEB)? -ENOENT: it
	 * does not say. */
	int (*vf_bridge)(void *rtnl, uint32_t pf, bool *ret_veb);

	/* the data path; every write is idempotent */
	/*
	 * On this kernel the programs see which devices take XDP redirects, and which offloads a
	 * veth's frame still waits for.
	 */
	bool (*sees_devices)(void *datapath);
	/* A hook for XDP: -ENOSYS: this kernel does not load the programs; else as xdp_attach(). */
	int (*attach)(void *datapath, enum kernel_hook hook, uint32_t ifindex,
		      enum kernel_attach *ret);
	int (*detach)(void *datapath, enum kernel_hook hook, uint32_t ifindex);
	/* The same for one of many: without its port's row it does nothing, and it goes later. */
	int (*detach_later)(void *datapath, enum kernel_hook hook, uint32_t ifindex);
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
	/* The row of the device that frames may leave by; @there false: none. -ENOSPC: no room. */
	int (*device_write)(void *datapath, uint32_t ifindex, bool there);
	/* A row that says the same already is left alone, with what it counts. NULL: none */
	int (*storm_write)(void *datapath, const struct abi_storm_key *key,
			   const struct abi_storm *row);
	int (*allowed_write)(void *datapath, const struct abi_allowed_key *key, bool there);
	/*
	 * An uplink: its row, then the programs at its device, then that device's `ports` row with
	 * ABI_PORT_UPLINK, which is when they begin; away in the opposite order. `slots` of @row
	 * does not count, it is what the members make it. NULL: none
	 */
	int (*uplink_write)(void *datapath, uint32_t uplink, const struct abi_uplink *row);
	int (*uplink_read)(void *datapath, uint32_t uplink, struct abi_uplink *ret);
	/*
	 * @resource, whose row is there, gets the uplink's broadcast and multicast. Unicast is the
	 * FDB's, under ABI_OF_UPLINK. -ENOENT: there is no such uplink.
	 */
	int (*member_write)(void *datapath, uint32_t uplink, uint32_t resource, bool there);
	/* Who of those that share a MAC has the address; what is given replaces what was learned.
	 * NULL: none */
	int (*address_write)(void *datapath, const struct abi_address_key *key,
			     const struct abi_holder *holder);
	int (*address_read)(void *datapath, const struct abi_address_key *key,
			    struct abi_holder *ret);
	/* All that are given and learned; @visit may remove the one that it is shown. */
	int (*addresses_each)(void *datapath,
			      int (*visit)(void *context, const struct abi_address_key *key,
					   const struct abi_holder *holder),
			      void *context);
	/*
	 * The programs learn the addresses of @resource, which has ABI_RESOURCE_SHARED, from the
	 * ARP and ND that it sends. @there false: no more, and what was learned is forgotten.
	 */
	int (*learner_write)(void *datapath, uint32_t resource, bool there);
	/* See datapath.h. */
	int (*flow_write)(void *datapath, uint32_t number, const struct flow_rule *rule,
			  const struct abi_flow *row);
	int (*flow_counters)(void *datapath, uint32_t flow, struct abi_flow_counters *ret);
	int (*flow_read)(void *datapath, uint32_t number, struct abi_flow *ret);
	/* The socket at a place of the map `xsks`; -1: none. */
	int (*xsk_write)(void *datapath, uint32_t place, int socket);
	int (*limit_write)(void *datapath, const struct abi_limit_key *key,
			   const struct abi_limit *row);
	/* CPU @cpu takes frames of flows: before the first of these is written, and after the last
	 * is gone. -ENODEV: the host has no such CPU. */
	int (*cpu_write)(void *datapath, uint32_t cpu, bool there);
	int (*resource_read)(void *datapath, uint32_t resource, struct abi_resource *ret);
	int (*fdb_read)(void *datapath, const struct abi_fdb_key *key, uint32_t *ret);
	int (*vlans_read)(void *datapath, const struct abi_vlans_key *key, struct abi_vlans *ret);
	int (*vnet_read)(void *datapath, uint32_t vnet, struct abi_vnet *ret);
	int (*counters)(void *datapath, uint32_t resource,
			struct abi_counters *ret);			    /* sum over CPUs */
	int (*drops)(void *datapath, uint32_t vnet, struct abi_drops *ret); /* sum over CPUs */
	/* A note that outlives us: the pair of devices of that name is ours, be it there or not. */
	int (*pair_mark)(void *datapath, const char *name, bool ours);
	int (*pairs_each)(void *datapath, int (*visit)(void *context, const char *name),
			  void *context);
	/* A note that outlives us: what the device was before it was changed. NULL: none. */
	int (*device_mark)(void *datapath, uint32_t ifindex, const char *text);
	int (*device_marks_each)(void *datapath,
				 int (*visit)(void *context, uint32_t ifindex, const char *text),
				 void *context);
	/* The same of VF @index of device @pf. */
	int (*vf_mark)(void *datapath, uint32_t pf, uint32_t index, const char *text);
	int (*vf_marks_each)(void *datapath,
			     int (*visit)(void *context, uint32_t pf, uint32_t index,
					  const char *text),
			     void *context);
	/* The same of the n-tuple filter at a place. */
	int (*filter_mark)(void *datapath, uint32_t ifindex, uint32_t place, const char *text);
	int (*filter_marks_each)(void *datapath,
				 int (*visit)(void *context, uint32_t ifindex, uint32_t place,
					      const char *text),
				 void *context);
	int (*sweep)(void *datapath, const struct kernel_wanted *wanted);
	int (*flush)(void *datapath); /* detach, unpin and unload everything */
};

struct kernel {
	const struct kernel_ops *ops;
	void *rtnl;
	void *datapath;
};

const char *kernel_attach_name(enum kernel_attach attach);    /* "tcx", "clsact", "xdp", "none" */
const char *kernel_offload_name(enum kernel_offload offload); /* as ethtool(8) has it */

#endif
