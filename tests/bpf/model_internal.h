/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the model alone. */
#ifndef VNET_TESTS_MODEL_INTERNAL_H
#define VNET_TESTS_MODEL_INTERNAL_H

#include "model.h"

#define MODEL_VLAN_OF_TCI 0x0fff

/* One frame on its way through one vnet, or two. */
struct run {
	const struct model_config *config;
	struct model_state *state;
	bool xdp;
	bool at_egress; /* of the device that the frame comes from */
	size_t bytes;	/* that count: as many as the frame came with */
	bool fragments;
	uint32_t nic; /* the uplink whose NIC it came in by, 0: none */
	const struct model_frame *in;
	struct model_output *out;
};

/* What the policy's text speaks of. */
struct model_headers {
	const uint8_t *destination;
	const uint8_t *source;
	bool tagged;
	bool strange_tag; /* two tags, or one of a provider (802.1ad) */
	uint16_t tci;
	uint16_t vlan;
	uint16_t type;	/* what is behind the tag, if it is not strange */
	size_t payload; /* where that starts */
};

bool model_same_mac(const uint8_t *a, const uint8_t *b);

/* Broadcast is a multicast, too. */
bool model_is_multicast(const uint8_t *mac);
bool model_is_broadcast(const uint8_t *mac);

/* Two bytes, or four, in network order; the caller knows that they are there. */
uint16_t model_word(const struct model_frame *f, size_t offset);
uint32_t model_long(const struct model_frame *f, size_t offset);

/*
 * Returns false if the frame is malformed: shorter than its headers. A frame without a tag, or with
 * one that has a priority and no VLAN, belongs to the pvid of where it comes from.
 */
bool model_headers_read(const struct model_frame *f, uint16_t pvid, struct model_headers *ret);

/*
 * VLANs at the way out: untagged if the frame's VLAN is the pvid there, else with exactly one tag.
 * The priority of a frame goes with its tag.
 */
void model_retag(const struct model_headers *h, uint16_t pvid, struct model_frame *f);

/* Whether the upper of @n may send it; the source MAC has been looked at. */
enum abi_drop model_protect(const struct model_vnet *n, const struct model_frame *f,
			    const struct model_headers *h);

/* Whether anybody looks at what leaves @n over @r, or comes that way, and over the NIC of uplink
 * @nic (0: of none). */
bool model_is_metered(const struct model_config *c, const struct model_vnet *n,
		      const struct model_resource *r, uint32_t nic);

/* A frame on its way out of a vnet, or into it. */
struct model_way {
	const struct model_vnet *vnet;
	const struct model_resource *resource;
	uint32_t nic; /* the uplink whose NIC it goes over, 0: none */
	bool out;
	bool fq;   /* it can wait where it goes next */
	bool late; /* the kernel notes when it is to be sent: it does so of IP alone */
};

/* Flows and limits of the frame in @out. False: it is over a limit. */
bool model_meter(const struct model_config *c, struct model_state *s, const struct model_way *way,
		 const struct model_headers *h, struct model_output *out);

/* Does a flow of the owner lead what comes in there? */
bool model_leads(const struct model_config *c, uint32_t owner, enum abi_flow_target kind);

/* The owner's flow of a frame that comes in, which is in @vlan there; NULL: none. */
const struct model_flow *model_flow_in(const struct model_config *c, struct model_state *s,
				       uint32_t owner, uint16_t vlan, const struct model_frame *f,
				       const struct model_headers *h);

/* Whether the limit lets @frames more pass at @now_ns; if so they are counted in @due_ns. */
bool model_storm_passes(const struct model_storm *limit, uint64_t now_ns, uint64_t frames,
			uint64_t *due_ns);

/* --- what becomes of a frame: model.c --- */

void drop(struct run *run, const struct model_vnet *n, enum abi_drop why);

/* As if the frame had never been seen. */
void pass(struct run *run);

void leave(struct run *run, uint32_t egress, bool into_peer);

/* Of XDP: passes the frame on as it came, at the CPU that @flow wants, if it wants one. */
void hand_to(struct run *run, const struct model_flow *flow);

/* Of XDP: can the device take the frame as it is? */
bool takes(const struct run *run, uint32_t ifindex, bool known);

/* Of XDP: where the tag is not in the first buffer, TC has to look. */
bool is_split(const struct run *run);

void count_sent(struct run *run, const uint8_t *destination);
bool send_storm_passes(struct run *run, const struct model_vnet *n, const struct model_resource *r);
bool deliver_storm_passes(struct run *run, const struct model_vnet *n,
			  const struct model_resource *r);
bool vnet_admits(const struct model_vnet *n, const struct model_headers *h);
bool resource_admits(const struct model_resource *r, const struct model_headers *h);

/* RX 1 to RX 3. */
enum abi_drop deliver_refused(const struct model_config *c, const struct model_vnet *n,
			      const struct model_resource *r, const struct model_headers *h);

/* The frame in run->out comes in on @r. */
void receive(struct run *run, const struct model_vnet *n, const struct model_resource *r);

/* Flows and limits of the frame in run->out, which leaves @n over @r (@out) or comes that way. @fq:
 * it can wait where it goes next. False: it is over a limit. */
bool meter(struct run *run, const struct model_vnet *n, const struct model_resource *r,
	   uint32_t nic, bool out, bool fq, const struct model_headers *h);

/* --- uplinks: model_uplink.c --- */

/* The frame in run->out leaves @n over @r, which is on an uplink. */
void model_uplink_send(struct run *run, const struct model_vnet *n, const struct model_resource *r,
		       const struct model_headers *h);

/* Of XDP: what TC decides at the NIC of uplink @number, at the CPU that a flow wants. */
void model_uplink_hand(struct run *run, uint32_t number);

/* The frame is at the NIC of uplink @number. */
void model_uplink_run(struct run *run, enum model_program program, uint32_t number);

#endif
