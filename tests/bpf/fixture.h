/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fixture is one frame in one configuration and what must become of it, written by hand. Each is
 * asked of the model, the TC program by BPF_PROG_TEST_RUN and on the wire, and the XDP program in
 * both ways, too.
 */
#ifndef VNET_TESTS_FIXTURE_H
#define VNET_TESTS_FIXTURE_H

#include <check.h>

#include "scene.h"
#include "world.h"

#define FIXTURE_WHY_SIZE  512
#define FIXTURE_TIMEOUT_S 30 /* of one test: a busy machine keeps a device's lock for seconds */

enum fixture_tag {
	FIXTURE_AS_IT_CAME,
	FIXTURE_UNTAGGED,
	FIXTURE_TAGGED, /* with a tag that it did not have */
};

struct fixture_expect {
	enum model_verdict verdict;
	enum abi_drop drop;
	enum abi_reason reason;
	uint32_t vnet;	   /* of a drop: whose */
	uint32_t resource; /* counts it, by the program's direction */
	uint32_t received; /* between direct peers: counts it at the other end */
	uint32_t egress;
	enum fixture_tag tag;
	uint16_t tci;
};

struct fixture {
	const char *name;
	const char *scene; /* see scene.h; NULL: the base scene */
	enum model_program program;
	uint32_t device;
	struct frame_spec frame;
	struct fixture_expect expect;
	bool xdp_passes;  /* XDP leaves it to TC; else it does the same */
	bool needs_state; /* of devices, seen by the program; else it is not run */
};

/* For tables. The device that a frame comes from: */
#define FIXTURE_TX(ifindex)  .program = MODEL_TX, .device = (ifindex)
#define FIXTURE_RX(resource) .program = MODEL_RX, .device = SCENE_DEVICE(resource)
/* ... the frame: */
#define FIXTURE_FRAME(to, from, ...) .frame = { .dst = (to), .src = (from), __VA_ARGS__ }
/* ... and what becomes of it, with tag and TCI behind: */
#define FIXTURE_PASSES .expect = { .verdict = MODEL_PASS }
#define FIXTURE_DROPS(why)                                                                         \
	.expect = { .verdict = MODEL_DROP, .vnet = SCENE_A, .drop = ABI_DROP_##why }
#define FIXTURE_SENT(by, because, ...)                                                             \
	.expect = { .verdict = MODEL_REDIRECT,                                                     \
		    .vnet = SCENE_A,                                                               \
		    .resource = (by),                                                              \
		    .egress = SCENE_DEVICE(by),                                                    \
		    .reason = ABI_REASON_##because,                                                \
		    __VA_ARGS__ }
#define FIXTURE_DELIVERED(by, ...)                                                                 \
	.expect = { .verdict = MODEL_REDIRECT,                                                     \
		    .vnet = SCENE_A,                                                               \
		    .resource = (by),                                                              \
		    .egress = SCENE_PORT,                                                          \
		    __VA_ARGS__ }

/*
 * Applies the scene and runs the frame all ways. 0, or -EBADMSG with a sentence in @why that
 * says which of them did what; -errno with one if the world failed.
 */
int fixture_run(struct world *w, const struct fixture *f, char why[FIXTURE_WHY_SIZE]);

/* What two have done with the same frame must be the same: for tests that have no table. */
int fixture_compare(const struct model_config *c, const char *who, const struct world_seen *want,
		    const struct world_seen *got, char why[FIXTURE_WHY_SIZE]);

/* What the model says, in the form of what is seen in the world. */
void fixture_seen_by_model(const struct model_config *c, const struct model_output *out,
			   struct world_seen *ret);

/* --- the test programs --- */

/* The world that the running program's tests share; made by fixture_main() before they fork. */
struct world *fixture_world(void);

/* Fails the running test unless @f comes out as expected. */
void fixture_check(const struct fixture *f);

/*
 * The whole main() of a test program: enters a namespace, makes the world with all devices, runs
 * @suite. Returns the exit status, 77 where there is no root.
 */
int fixture_main(Suite *suite);

#endif
