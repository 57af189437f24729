/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The compiled data path into the kernel: the programs, over maps that are there or that it makes.
 */
#ifndef VNETD_LOADER_H
#define VNETD_LOADER_H

#include "error.h"

enum loader_map {
	LOADER_META, /* first: it tells whether the others may be read */
	LOADER_PORTS,
	LOADER_FAR_PORTS,
	LOADER_VNETS,
	LOADER_RESOURCES,
	LOADER_FDB,
	LOADER_VLANS,
	LOADER_COUNTERS,
	LOADER_FAR_COUNTERS,
	LOADER_DROPS,
	LOADER_DEVICES,
	LOADER_STORMS,
	LOADER_ALLOWED,
	LOADER_UPLINKS,
	LOADER_MEMBERS,
	LOADER_ADDRESSES,
	LOADER_LEARNERS,
	LOADER_FLOW_TABLE,
	LOADER_FLOW_SHAPES,
	LOADER_FLOW_LISTS,
	LOADER_FLOWS,
	LOADER_FLOW_COUNTERS,
	LOADER_FAR_FLOW_COUNTERS,
	LOADER_LIMITS,
	LOADER_CPUS,
	LOADER_XSKS,
	LOADER_CPUS_GENERIC,
	LOADER_MAP_END
};

enum loader_program {
	LOADER_TX,
	LOADER_RX,
	LOADER_UPLINK,
	LOADER_UPLINK_TX,
	LOADER_XDP_TX,
	LOADER_XDP_RX,
	LOADER_XDP_UPLINK,
	LOADER_XDP_CPU,
	LOADER_XDP_XSK,
	LOADER_XDP_CPU_GENERIC,
	LOADER_PROGRAM_END
};

/* What the programs are made to do; it depends on the kernel, and on what we are permitted. */
struct loader_options {
	bool device_state; /* they look at the state of the device that they choose */
	bool xdp_features; /* and at what it can do in XDP */
	bool xdp;	   /* there are XDP programs */
};

/* Descriptors, -1: none. */
struct loader_set {
	int maps[LOADER_MAP_END];
	int programs[LOADER_PROGRAM_END];
	struct loader_options with; /* what the programs are loaded with */
};

const char *loader_map_name(enum loader_map map);
const char *loader_program_name(enum loader_program program);

void loader_set_init(struct loader_set *set);
void loader_set_close(struct loader_set *set);

/* libbpf's own messages go to the log at level debug. */
void loader_route_log(void);

/* What this kernel has, be it permitted to us or not. What it has not is said in the log. */
void loader_probe(struct loader_options *ret);

/*
 * Loads the programs over the maps in @set, which are checked first, and makes those that @set does
 * not have; they have their contents, the version, but no pins. Of @options, what the kernel
 * refuses is left out, and the log says why. @folder is for the sentences: where the maps of @set
 * are pinned. On failure @set is as it was, and so is every map in it; -EPROTO: they are of another
 * version.
 */
int loader_load(struct loader_set *set, const struct loader_options *options, const char *folder,
		struct error *e);

/*
 * Out of a verifier's log the line that says what was wrong, without the statistics that follow it.
 * Changes @log; NULL if it says nothing.
 */
const char *loader_reason(char *log);

#endif
