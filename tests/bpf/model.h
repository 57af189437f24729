/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The truth about the forwarding policy: one frame and one configuration in, the verdict out, in
 * plain C that reads like the policy's own text. It shares nothing with the programs but the names
 * of reasons and counters (bpf/abi.h), has no state and needs no library, so that whatever carries
 * the policy out - TC, XDP, something later - can be measured against it.
 */
#ifndef VNET_TESTS_MODEL_H
#define VNET_TESTS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../bpf/abi.h"

#define MODEL_MAC_LEN	    6
#define MODEL_FRAME_MAX	    65600 /* bytes: the longest that GSO makes, and its headers */
#define MODEL_VNETS_MAX	    4
#define MODEL_RESOURCES_MAX 32
#define MODEL_PORTS_MAX	    48
#define MODEL_FDB_MAX	    64
#define MODEL_VLANS_MAX	    16

/* A set of VLANs in no order; 0 ends it before its full length. */
struct model_vlans {
	uint16_t vlan[MODEL_VLANS_MAX];
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
};

struct model_resource {
	uint32_t number; /* not 0 */
	uint32_t vnet;	 /* number of the one it belongs to */
	enum abi_type type;
	uint32_t ifindex;
	bool up;
	uint16_t pvid;
	bool own_vlans;		     /* it has a set of its own: ... */
	struct model_vlans vlans;    /* ... this one, besides its pvid */
	uint8_t peer[MODEL_MAC_LEN]; /* guest only */
	uint32_t priority; /* hybrid only: the lowest is the best, among equals the lowest number */
};

/* Whose device is it? */
struct model_port {
	uint32_t ifindex;
	uint32_t vnet;
	uint32_t resource; /* 0: the upper side */
};

struct model_fdb {
	uint32_t vnet;
	uint16_t vlan;
	uint8_t mac[MODEL_MAC_LEN];
	uint32_t resource;
};

/* Plain data: copy it, change it. */
struct model_config {
	size_t vnet_count;
	struct model_vnet vnets[MODEL_VNETS_MAX];
	size_t resource_count;
	struct model_resource resources[MODEL_RESOURCES_MAX];
	size_t port_count;
	struct model_port ports[MODEL_PORTS_MAX];
	size_t fdb_count;
	struct model_fdb fdb[MODEL_FDB_MAX];
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
	uint8_t bytes[MODEL_FRAME_MAX];
};

enum model_program {
	MODEL_TX, /* a frame from the upper */
	MODEL_RX, /* a frame from a resource */
};

enum model_verdict {
	MODEL_PASS, /* not ours */
	MODEL_DROP,
	MODEL_REDIRECT,
};

struct model_output {
	enum model_verdict verdict;
	uint32_t vnet; /* whose frame it was, 0: nobody's */

	enum abi_drop drop; /* of a drop */
	uint64_t dropped;   /* frames that count under it */

	enum abi_reason reason;	      /* of a redirect in MODEL_TX */
	uint32_t resource;	      /* that carried the frame, either way */
	uint32_t egress;	      /* ifindex that it leaves by */
	struct abi_counters counters; /* by how much those of the resource grew */

	struct model_frame frame; /* as it leaves; as it came unless redirected */
};

/* What becomes of @in, which @program sees on device @ifindex. Fills the whole of @ret. */
void model_run(const struct model_config *c, enum model_program program, uint32_t ifindex,
	       const struct model_frame *in, struct model_output *ret);

/* Number @number, NULL: none. Borrowed from @c. */
const struct model_vnet *model_vnet_find(const struct model_config *c, uint32_t number);
const struct model_resource *model_resource_find(const struct model_config *c, uint32_t number);

/* Copies the used part alone: frames are far smaller than their buffers. */
void model_frame_copy(struct model_frame *to, const struct model_frame *from);

/* Moves a tag from beside @frame into it, where it is on the wire. The buffer has room for it. */
void model_frame_flatten(struct model_frame *frame);

#endif
