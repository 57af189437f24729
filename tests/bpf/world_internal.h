/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the world alone. */
#ifndef VNET_TESTS_WORLD_INTERNAL_H
#define VNET_TESTS_WORLD_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/vnet.skel.h"
#include "world.h"

#define WORLD_DEVICES_MAX 64

struct world_device {
	uint32_t ifindex;
	int fd; /* of the tap: its other end */
};

struct world {
	struct vnet_bpf *skel;
	const struct model_config *config; /* borrowed: as last applied */
	size_t device_count;
	struct world_device devices[WORLD_DEVICES_MAX];
	struct model_frame scratch;
};

/* NULL: no such device. */
const struct world_device *world_device_find(const struct world *w, uint32_t ifindex);

/* All counters of the configuration, and by how much they grew since @start. */
int world_count(const struct world *w, struct world_counts *ret);
int world_counted_since(const struct world *w, const struct world_counts *start,
			struct world_counts *ret);

#endif
