/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real programs, loaded into the kernel of this machine, with real devices to run on: a tap for
 * each interface index that a configuration names (or a veth, or an ifb, where it wants a device
 * that can do more in XDP, or less). A frame goes through a program in two ways:
 * - by BPF_PROG_TEST_RUN, which shows the verdict, the bytes, and what the program tells tests;
 * - by the wire: into one tap, through its ingress hooks, and out of another one.
 *
 * All of it is in a network namespace that ends with the process; nothing is pinned.
 */
#ifndef VNET_TESTS_WORLD_H
#define VNET_TESTS_WORLD_H

#include "model.h"

struct world;

/* What the programs are allowed to look at; off is right on every kernel. */
struct world_features {
	bool device_state; /* the state of devices */
	bool xdp_features; /* what devices take of XDP */
};

/* By position in the configuration's own lists. */
struct world_counts {
	struct abi_counters resources[MODEL_RESOURCES_MAX];
	struct abi_drops vnets[MODEL_VNETS_MAX];
	struct abi_flow_counters flows[MODEL_FLOWS_MAX];
};

/* What the program tells the tests of one frame; the wire tells nothing. */
struct world_told {
	bool into_peer;
	bool into_stack;
	bool into_cpu;	 /* the CPU `egress` */
	uint32_t copies; /* of one for many */
	uint32_t sent;	 /* resources that counted it, 0: none */
	uint32_t received;
	enum abi_reason reason;
	enum abi_drop drop;
	uint32_t vnet;	   /* that counted the drop */
	uint32_t priority; /* of TC: as in the model */
	uint64_t start_ns;
};

/* What was seen of one frame's way. */
struct world_seen {
	enum model_verdict verdict;
	uint32_t egress;	     /* ifindex, 0: none */
	struct world_told told;	     /* of a test run alone */
	struct model_frame frame;    /* afterwards; of the wire only if it came out somewhere */
	struct world_counts counted; /* by how much all counters have grown */
};

/* Moves the process into a network namespace of its own, without IPv6's own frames. */
int world_enter(void);

/* What this kernel can do. */
struct world_features world_features_probe(void);

/* Needs root and world_enter(). -EPERM, -ENOENT (no /dev/net/tun) or another error of the kernel's.
 */
int world_new(const struct world_features *features, struct world **ret);
void world_free(struct world *w);

struct world_features world_features(const struct world *w);

/*
 * Makes the maps say what @c says, whatever they said before, and makes devices that @c names and
 * that are not there yet. @c has to stay as long as frames are run.
 */
int world_apply(struct world *w, const struct model_config *c);

/* Makes device @ifindex if it is not there: a tap that is up. */
int world_device(struct world *w, uint32_t ifindex);

/* Takes a tap away. -ENODEV: there is none. */
int world_device_delete(struct world *w, uint32_t ifindex);

/*
 * -EINVAL: the kernel takes no frame of this length, or not in these pieces. A tag beside the frame
 * that goes in is possible in TC; one that comes out is not seen. world_run() leaves the counters
 * alone (@ret->counted is not set), which is much faster.
 */
int world_run(struct world *w, enum model_program program, uint32_t ifindex,
	      const struct model_frame *in, uint64_t now_ns, struct world_seen *ret);
int world_test_run(struct world *w, enum model_program program, uint32_t ifindex,
		   const struct model_frame *in, struct world_seen *ret);

/*
 * The next frame that has come out of tap @ifindex since, of a test run: a copy, for what is
 * redirected goes nowhere. -EAGAIN: none has; -ENODEV: it is no tap.
 */
int world_take(struct world *w, uint32_t ifindex, struct model_frame *ret);

/*
 * @in is as on the wire: tags in it, none beside. What comes out is, too. An XDP program has the TC
 * program behind it, which decides on what it passes on.
 */
int world_wire_run(struct world *w, enum model_program program, uint32_t ifindex,
		   const struct model_frame *in, struct world_seen *ret);

/* All counters of the configuration since it was applied. */
int world_count(const struct world *w, struct world_counts *ret);

/* File descriptor of a program, borrowed. */
int world_program(const struct world *w, enum model_program program);

#endif
