/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real programs, loaded into the kernel of this machine, with real devices to run on: a tap for
 * each interface index that a configuration names. A frame goes through a program in two ways:
 * - by BPF_PROG_TEST_RUN, which shows the verdict and the bytes, and knows no tags beside a frame;
 * - by the wire: into one tap, through its ingress hook, and out of another one.
 *
 * All of it is in a network namespace that ends with the process; nothing is pinned.
 */
#ifndef VNET_TESTS_WORLD_H
#define VNET_TESTS_WORLD_H

#include "model.h"

struct world;

/* By position in the configuration's own lists. */
struct world_counts {
	struct abi_counters resources[MODEL_RESOURCES_MAX];
	struct abi_drops vnets[MODEL_VNETS_MAX];
};

/* What was seen of one frame's way. */
struct world_seen {
	enum model_verdict verdict;
	uint32_t egress;	     /* ifindex, 0: none */
	struct model_frame frame;    /* afterwards; of the wire only if it came out somewhere */
	struct world_counts counted; /* by how much all counters have grown */
};

/* Moves the process into a network namespace of its own, without IPv6's own frames. */
int world_enter(void);

/* Needs root and world_enter(). -EPERM, -ENOENT (no /dev/net/tun) or another error of the kernel's.
 */
int world_new(struct world **ret);
void world_free(struct world *w);

/*
 * Makes the maps say what @c says, whatever they said before, and makes devices that @c names and
 * that are not there yet. @c has to stay as long as frames are run.
 */
int world_apply(struct world *w, const struct model_config *c);

/* Makes device @ifindex if it is not there. */
int world_device(struct world *w, uint32_t ifindex);

/* -EINVAL: the kernel takes no frame of this length. A tag beside the frame is not possible. */
int world_test_run(struct world *w, enum model_program program, uint32_t ifindex,
		   const struct model_frame *in, struct world_seen *ret);

/* @in is as on the wire: tags in it, none beside. What comes out is, too. */
int world_wire_run(struct world *w, enum model_program program, uint32_t ifindex,
		   const struct model_frame *in, struct world_seen *ret);

/* File descriptor of a program, borrowed. */
int world_program(const struct world *w, enum model_program program);

#endif
