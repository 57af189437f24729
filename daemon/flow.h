/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A flow: some of the frames of a vnet or an uplink, its owner, and what is done with them. */
#ifndef VNETD_FLOW_H
#define VNETD_FLOW_H

#include "desired.h"
#include "flow_xsk.h"
#include "hash.h"
#include "history.h"
#include "kernel.h"

struct uplink;
struct vnet;

/* Where frames of a flow go that come, as its row says it. */
struct flow_target {
	enum abi_flow_target kind;
	uint32_t number;
};

#define FLOW_TARGETS (ABI_TARGET_XSK + 1)

struct flow {
	struct vnet *vnet;     /* the owner, or NULL: */
	struct uplink *uplink; /* the owner */
	char name[DESIRED_RESOURCE_NAME_SIZE];
	uint32_t number; /* in the maps */
	bool from_config;
	bool leaving; /* is being removed: not kept */
	struct flow_settings settings;
	struct flow_settings base;	/* from_config: as the file has it */
	bool written;			/* it is in the maps */
	struct settings_limits limited; /* its row of `limits` as last written */
	struct history history;		/* of what it counts */
	struct flow_target target;	/* as last written */
	bool steered;			/* to a CPU, by the NICs themselves */
	char steered_why[128];		/* why not, else empty */
	enum abi_flow_target counted;	/* among its owner's `flow_targets` */
	struct flow_xsk xsk;
	UT_hash_handle hh; /* in the owner's flows, by name */
};

struct manager;
struct manager *flow_manager(const struct flow *f);

/* "vnet0/web", for messages. Returns @buffer. */
#define FLOW_LABEL_SIZE 32
const char *flow_label(const struct flow *f, char buffer[FLOW_LABEL_SIZE]);

#endif
