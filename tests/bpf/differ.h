/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The differential tester: random frames through random configurations, by the programs and by the
 * model, and whatever is not the same is a mistake in one of them. A round is one configuration and
 * some frames, made of one number (the seed), so each round can be had again.
 */
#ifndef VNET_TESTS_DIFFER_H
#define VNET_TESTS_DIFFER_H

#include <stdio.h>

#include "world.h"

/* --- random numbers --- */

struct differ_random {
	uint64_t state;
};

uint64_t differ_next(struct differ_random *r);
/* 0 to @end - 1. */
uint32_t differ_below(struct differ_random *r, uint32_t end);
/* True in @percent of a hundred. */
bool differ_chance(struct differ_random *r, uint32_t percent);

/* --- what is tried --- */

/* A device that is nobody's. */
#define DIFFER_STRANGER 70

void differ_config(struct differ_random *r, const struct world_features *features,
		   struct model_config *ret);

/* Moves some resources to uplinks, before anybody refers to their devices or their vnets' MACs. */
void differ_uplinks(struct differ_random *r, struct model_config *c);
/* Adds flows and limits to what there is. */
void differ_flows(struct differ_random *r, struct model_config *c);

/* A frame, and where it comes from. */
struct differ_case {
	enum model_program program; /* of TC */
	uint32_t ifindex;
	bool xdp; /* it can come through XDP as well */
	struct model_frame frame;
};

void differ_frame(struct differ_random *r, const struct model_config *c, struct differ_case *ret);

/* What a frame carries, from byte @at of @f on: sets its type and its length. */
void differ_payload(struct differ_random *r, const struct model_config *c,
		    const struct model_vnet *n, size_t at, struct model_frame *f);

/* One that the payloads have, IPv4 as ::ffff:a.b.c.d. */
void differ_address(struct differ_random *r, uint8_t ret[16]);

/* One that is on the uplink, mostly. */
const struct model_vnet *differ_uplink_vnet(struct differ_random *r, const struct model_config *c,
					    uint32_t uplink);

/* What is at an uplink's NIC is for one of its vnets, or for the NIC, or from it. */
void differ_uplink_addresses(struct differ_random *r, const struct model_config *c,
			     const struct model_vnet *n, const struct differ_case *in,
			     struct model_frame *f);

/* Addresses of this configuration, mostly. */
const uint8_t *differ_mac(struct differ_random *r, const struct model_config *c, uint8_t ret[6]);

/* --- trying it --- */

#define DIFFER_FRAGMENTS_MAX 8192 /* of a round */

struct differ {
	struct world *world;
	bool pieces; /* the kernel takes short frames in several buffers */
	uint64_t frames;
	uint64_t runs; /* of programs */
	struct model_config config;
	struct model_state state;
	struct model_fragment fragments[DIFFER_FRAGMENTS_MAX];
	struct world_counts expected;
	struct differ_case input;
	struct model_output wanted;
	struct model_frame copy; /* one that was wanted, or seen */
	struct world_seen seen;
};

/*
 * One round. 0; -EBADMSG if something differs: what and how is told to @log; another error if the
 * kernel refused.
 */
int differ_round(struct differ *d, uint64_t seed, uint32_t frames, FILE *log);

/* Everything that is needed to understand it. */
void differ_print_config(FILE *to, const struct model_config *c);
void differ_print_flow(FILE *to, const struct model_flow *flow);
void differ_print_limit(FILE *to, const struct model_limit *limit);
void differ_print_case(FILE *to, const struct differ_case *in, enum model_program program,
		       const struct model_state *state);
void differ_print_answer(FILE *to, const char *who, enum model_verdict verdict, uint32_t egress,
			 const struct world_told *told, const struct model_frame *frame);

#endif
