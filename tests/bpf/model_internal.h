/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the model alone. */
#ifndef VNET_TESTS_MODEL_INTERNAL_H
#define VNET_TESTS_MODEL_INTERNAL_H

#include "model.h"

#define MODEL_VLAN_OF_TCI 0x0fff

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

/* How many frames @f is on the wire. */
uint64_t model_frames_in(const struct model_frame *f);

/* Whether the limit lets @frames more pass at @now_ns; if so they are counted in @due_ns. */
bool model_storm_passes(const struct model_storm *limit, uint64_t now_ns, uint64_t frames,
			uint64_t *due_ns);

#endif
