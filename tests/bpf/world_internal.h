/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the world alone. */
#ifndef VNET_TESTS_WORLD_INTERNAL_H
#define VNET_TESTS_WORLD_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* What the skeleton speaks of comes before it. */
#include "../../bpf/trace.h"

#include "bpf/vnet.skel.h"

#include "world.h"

#define WORLD_DEVICES_MAX 96

enum world_kind {
	WORLD_TAP,  /* takes what XDP redirects, in one buffer */
	WORLD_VETH, /* ... in several as well */
	WORLD_IFB,  /* takes nothing of XDP */
};

struct world_device {
	uint32_t ifindex;
	enum world_kind kind;
	int fd; /* of the tap: its other end; else -1 */
	bool up;
	bool carrier;
};

/* Tests fork: what one of them does to a device, the next one has to know. */
struct world_shared {
	size_t device_count;
	struct world_device devices[WORLD_DEVICES_MAX];
};

struct tag_bpf;

struct world {
	struct vnet_bpf *skel;
	void *object; /* the file that the programs are from, NULL: built in */
	struct tag_bpf *tag;
	struct world_features features;
	const struct model_config *config; /* borrowed: as last applied */
	struct world_shared *shared;
	struct model_frame scratch;
};

/* NULL: no such device. */
struct world_device *world_device_find(const struct world *w, uint32_t ifindex);

/* Makes the device if need be, and sees that it is in this state. */
int world_device_set(struct world *w, const struct model_device *wanted);

void world_devices_free(struct world *w);

int world_tag_load(struct world *w);
void world_tag_unload(struct world *w);
/* Returns the program to run for @program on a frame with @tag beside it. */
int world_tag_put(struct world *w, enum model_program program, const struct model_tag *tag);

/* Per-CPU maps take one value for each CPU: all of them zero; and their sum of @words counters. */
int world_zero(int fd, uint32_t key, size_t value_size);
int world_sum(int fd, uint32_t key, size_t words, uint64_t *ret);

/* Flows and limits: rows, and counters. */
int world_flows_apply(struct world *w, const struct model_config *c);
int world_flows_count(const struct world *w, struct world_counts *ret);
bool world_has_flows(const struct model_config *c, uint32_t vnet);
/* One of its flows leads there. */
bool world_leads(const struct model_config *c, uint32_t owner, enum abi_flow_target kind);
bool world_is_limited(const struct model_limit *limit);

/* All counters of the configuration, and by how much they grew since @start. */
int world_counted_since(const struct world *w, const struct world_counts *start,
			struct world_counts *ret);

#endif
