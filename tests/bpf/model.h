/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The truth about the forwarding policy: one frame and one configuration in, the verdict out, in
 * plain C that reads like the policy's own text. It shares nothing with the programs but the names
 * of reasons and counters (bpf/abi.h) and needs no library, so that whatever carries the policy
 * out - TC, XDP, something later - can be measured against it. What it remembers from frame to
 * frame is in the caller's hands (struct model_state).
 */
#ifndef VNET_TESTS_MODEL_H
#define VNET_TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"

#define MODEL_MAC_LEN	    6
#define MODEL_IP_LEN	    16
#define MODEL_FRAME_MAX	    65600 /* bytes: the longest that GSO makes, and its headers */
#define MODEL_VNETS_MAX	    4
#define MODEL_RESOURCES_MAX 32
#define MODEL_PORTS_MAX	    48
#define MODEL_DEVICES_MAX   48
#define MODEL_FDB_MAX	    256
#define MODEL_VLANS_MAX	    16
#define MODEL_ALLOWED_MAX   8
#define MODEL_UPLINKS_MAX   2
#define MODEL_HOLDERS_MAX   64
#define MODEL_LEARNED_MAX   128
#define MODEL_FLOWS_MAX	    40

/* A set of VLANs in no order; 0 ends it before its full length. */
struct model_vlans {
	uint16_t vlan[MODEL_VLANS_MAX];
};

/* How much broadcast and multicast may pass, in each direction by itself. */
struct model_storm {
	bool on;
	uint64_t interval_ns; /* between two frames at the limit */
	uint64_t burst_ns;
};

struct model_prefix {
	uint8_t address[MODEL_IP_LEN]; /* IPv4: as ::ffff:a.b.c.d */
	uint8_t length;		       /* in bits, of all 128 */
};

/* What the upper may send. */
struct model_protection {
	bool mac_nospoof;
	bool ip_nospoof;
	bool dhcp_nospoof;
	bool restricted;
	size_t allowed_count;
	struct model_prefix allowed[MODEL_ALLOWED_MAX];
};

/* By enum abi_direction: what a byte takes, times 1 << ABI_LIMIT_SHIFT; 0: no limit. */
struct model_limit {
	uint64_t byte_ns[ABI_DIRECTION_END];
	uint64_t burst_ns[ABI_DIRECTION_END];	/* how far ahead where nothing waits */
	uint64_t horizon_ns[ABI_DIRECTION_END]; /* and where frames are sent at their times */
};

struct model_vnet {
	uint32_t number; /* not 0 */
	uint8_t mac[MODEL_MAC_LEN];
	uint16_t pvid;
	struct model_vlans vlans; /* admitted besides the pvid */
	uint32_t port;		  /* ifindex that leads to the upper */
	bool guard;
	bool promiscuous;
	bool peer; /* the port's peer is in another namespace */
	bool hybrid_needs_service;
	bool xdp; /* the port takes frames that XDP redirects, as far as is known beforehand */
	bool fq;  /* the port's queue sends frames at their times */
	struct model_protection protection;
	struct model_storm storm;
	struct model_limit limit;
};

struct model_resource {
	uint32_t number; /* not 0 */
	uint32_t vnet;	 /* number of the one it belongs to */
	enum abi_type type;
	uint32_t ifindex; /* 0: a direct peer */
	uint32_t twin;	  /* of a direct peer: the other end's number */
	bool up;
	bool held;	/* up, but for what nothing else carries alone */
	bool xdp;	/* as of the port */
	bool peer_else; /* a veth whose other end is in another namespace */
	uint16_t pvid;
	bool own_vlans;		     /* it has a set of its own: ... */
	struct model_vlans vlans;    /* ... this one, besides its pvid */
	uint8_t peer[MODEL_MAC_LEN]; /* guest only */
	uint32_t priority; /* hybrid only: the lowest is the best, among equals the lowest number */
	struct model_storm storm;
	uint32_t uplink; /* that it is on, 0: none; @ifindex is that one's device */
	bool member;	 /* it gets the uplink's broadcast and multicast */
	bool shared;	 /* other vnets on the uplink have the same MAC */
	bool learns;	 /* its addresses are learned from what it sends */
	struct model_limit limit;
	bool fq; /* as of the port */
};

/* One NIC of many vnets. */
struct model_uplink {
	uint32_t number; /* not 0 */
	uint32_t ifindex;
	uint8_t mac[MODEL_MAC_LEN]; /* the NIC's own */
	bool steer_ip;		    /* vnets have the NIC's MAC, too */
};

/* Who has the address, of those that share a MAC. VLAN 0: untagged on the wire. */
struct model_holder {
	uint32_t uplink;
	uint16_t vlan;
	uint8_t address[MODEL_IP_LEN]; /* IPv4: as ::ffff:a.b.c.d */
	uint32_t resource;	       /* 0: the NIC's own stack */
};

struct model_ports {
	bool set;
	uint16_t first, last;
};

/* Which frames: all that is set has to fit. Local is the vnet's own end. */
struct model_match {
	struct model_prefix local, remote; /* length 0: any */
	bool ipv4;			   /* the prefixes are */
	bool has_proto;
	uint8_t proto;
	struct model_ports lport, rport;
	uint8_t dsfield, dsfield_mask;
	uint16_t vlan; /* 0: any */
};

struct model_flow {
	uint32_t number; /* not 0 */
	uint32_t owner;	 /* a vnet's number, or ABI_OF_UPLINK and an uplink's */
	bool in, out;
	uint16_t rank; /* the lowest first, then the one that fixes most, then the lowest number */
	struct model_match match;
	bool has_priority;
	enum abi_flow_priority priority;
	struct model_limit limit;
	enum abi_flow_target target_kind; /* where those go that come in */
	uint32_t target;		  /* the member of the uplink, or the CPU */
};

#define MODEL_CPUS 1 /* the CPUs below take frames */

/* Whose device is it? */
struct model_port {
	uint32_t ifindex;
	uint32_t vnet;
	uint32_t resource; /* 0: the upper side */
	bool egress;	   /* frames are seen as they leave it: the shortcut */
	uint32_t uplink;   /* it is that one's NIC, and @vnet and @resource are 0 */
};

/* The state that a device is in, at this moment. */
struct model_device {
	uint32_t ifindex;
	bool present;
	bool up;
	bool carrier;
	bool takes_xdp;	      /* frames that XDP redirects ... */
	bool takes_fragments; /* ... in several buffers, too */
};

struct model_fdb {
	uint32_t vnet;
	uint16_t vlan;
	uint8_t mac[MODEL_MAC_LEN];
	uint32_t resource;
};

/* Plain data: copy it, change it. */
struct model_config {
	bool sees_state; /* the programs can look at devices; else they rely on what is in the maps
			  */
	bool sees_xdp;	 /* ... and at what they take */
	size_t vnet_count;
	struct model_vnet vnets[MODEL_VNETS_MAX];
	size_t resource_count;
	struct model_resource resources[MODEL_RESOURCES_MAX];
	size_t port_count;
	struct model_port ports[MODEL_PORTS_MAX];
	size_t device_count;
	struct model_device devices[MODEL_DEVICES_MAX];
	size_t fdb_count;
	struct model_fdb fdb[MODEL_FDB_MAX];
	size_t uplink_count;
	struct model_uplink uplinks[MODEL_UPLINKS_MAX];
	size_t holder_count;
	struct model_holder holders[MODEL_HOLDERS_MAX];
	size_t flow_count;
	struct model_flow flows[MODEL_FLOWS_MAX];
};

/* An address that somebody has claimed. */
struct model_learned {
	struct model_holder holder;
	uint64_t claim; /* which of its holder's it was */
};

/* What a first fragment has said. */
struct model_fragment {
	uint32_t owner;
	uint32_t id;
	uint16_t vlan;
	bool out;
	bool has_proto, has_ports;
	uint8_t ipv4_proto; /* as the packet says it, of IPv4 */
	uint8_t proto;
	uint16_t source_port, destination_port;
	uint8_t source[MODEL_IP_LEN], destination[MODEL_IP_LEN];
	uint64_t seen_ns;
};

/* The clocks of a limit. */
struct model_clocks {
	uint64_t due_ns[ABI_DIRECTION_END][ABI_PRIORITY_END];
};

/*
 * What outlives a frame: by position in the configuration's own lists. All zero: as after the
 * configuration has been made.
 */
struct model_state {
	uint64_t now_ns; /* the clock, set by the caller */
	uint64_t vnet_due_ns[MODEL_VNETS_MAX][ABI_DIRECTION_END];
	uint64_t resource_due_ns[MODEL_RESOURCES_MAX][ABI_DIRECTION_END];
	size_t learned_count;
	struct model_learned learned[MODEL_LEARNED_MAX];
	uint64_t claims[MODEL_RESOURCES_MAX]; /* how many each has made */
	struct model_clocks vnets[MODEL_VNETS_MAX];
	struct model_clocks resources[MODEL_RESOURCES_MAX];
	struct model_clocks flows[MODEL_FLOWS_MAX];
	struct model_fragment *fragments; /* the caller's; NULL: there is no room for any */
	size_t fragment_count, fragment_max;
};

/* A VLAN tag that the kernel keeps beside the frame, host order. */
struct model_tag {
	bool present;
	uint16_t proto;
	uint16_t tci;
};

struct model_frame {
	size_t len;
	struct model_tag tag;
	uint32_t segments; /* that the stack keeps as this one; 0: it is just a frame */
	uint16_t segment;  /* or, of a tap's, only the payload of each in bytes; 0: the same */
	size_t linear;	   /* XDP: bytes in the first buffer; 0: it has but one */
	uint8_t bytes[MODEL_FRAME_MAX];
};

enum model_program {
	MODEL_TX,	 /* a frame from the upper */
	MODEL_RX,	 /* a frame from a resource */
	MODEL_UPLINK,	 /* a frame from the wire at an uplink's NIC */
	MODEL_UPLINK_TX, /* a frame from the NIC's own stack, or from us */
	MODEL_XDP_TX,
	MODEL_XDP_RX,
	MODEL_XDP_UPLINK,
	MODEL_XDP_CPU, /* in place of the two before: hands frames to CPUs, no more */
	MODEL_PROGRAM_END
};

enum model_verdict {
	MODEL_PASS, /* not ours; of XDP also: TC decides */
	MODEL_DROP,
	MODEL_REDIRECT,
};

/* One of the copies of a frame for many. */
struct model_copy {
	uint32_t resource;
	uint32_t vnet;
	enum abi_drop drop;	      /* it was not to be */
	uint64_t dropped;	      /* as of the frame */
	struct abi_counters received; /* else by how much its counters grew, */
	uint32_t egress;	      /* and where it left */
};

struct model_output {
	enum model_verdict verdict;
	uint32_t vnet; /* whose frame it was last, 0: nobody's */

	enum abi_drop drop; /* of a drop */
	uint64_t dropped;   /* frames that count under it */

	enum abi_reason reason;		   /* of what left over a resource */
	uint32_t sent;			   /* the resource that it left over, 0: none */
	uint32_t received;		   /* the resource that it came in by, 0: none */
	struct abi_counters sent_counters; /* by how much those of `sent` grew, ... */
	struct abi_counters received_counters;
	uint32_t egress; /* ifindex that it leaves by */
	bool into_peer;	 /* ... right into the other end of that veth */
	bool into_stack; /* ... into the stack that this NIC belongs to */
	bool into_cpu;	 /* ... nowhere yet: it goes on at the CPU `egress` */
	bool stack_copy; /* that stack has a copy */
	size_t copy_count;
	struct model_copy copies[MODEL_RESOURCES_MAX];

	/* What flows had to say, of the vnet that it left, the one that got it, and their uplink.
	 */
	struct model_metered {
		uint32_t flow; /* that counts it, 0: none */
		uint32_t vnet; /* that met what it could not read, 0: none */
		bool out, dropped;
	} metered[4];
	size_t metered_count;
	uint32_t priority; /* of a frame that was not dropped */
	uint64_t start_ns; /* when it is to be sent, 0: at once */

	struct model_frame frame; /* as it leaves; as it came unless redirected */
	struct model_frame wire;  /* of a frame for many: as on the wire */
};

#define MODEL_PRIORITY 3 /* that a frame comes with */

/* What becomes of @in, which @program sees on device @ifindex. Fills the whole of @ret. */
void model_run(const struct model_config *c, struct model_state *s, enum model_program program,
	       uint32_t ifindex, const struct model_frame *in, struct model_output *ret);

/* Number @number, or index @ifindex; NULL: none. Borrowed from @c. */
const struct model_vnet *model_vnet_find(const struct model_config *c, uint32_t number);
const struct model_resource *model_resource_find(const struct model_config *c, uint32_t number);
const struct model_device *model_device_find(const struct model_config *c, uint32_t ifindex);

/* How many frames @f is on the wire. */
uint64_t model_frames_in(const struct model_frame *f);

bool model_is_xdp(enum model_program program);

/* The bytes of copy @i, as they leave. */
void model_copy_frame(const struct model_config *c, const struct model_output *out, size_t i,
		      struct model_frame *ret);

/* Copies the used part alone: frames are far smaller than their buffers. */
void model_frame_copy(struct model_frame *to, const struct model_frame *from);

/* Moves a tag from beside @frame into it, where it is on the wire. The buffer has room for it. */
void model_frame_flatten(struct model_frame *frame);

#endif
