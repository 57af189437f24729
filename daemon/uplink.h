/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An uplink: one device that many vnets have a resource on, its members. The manager owns the
 * uplinks; an uplink that has members cannot go.
 */
#ifndef VNETD_UPLINK_H
#define VNETD_UPLINK_H

#include "vnet.h"

/* Who has an address of those that an uplink's MAC stands for. */
struct uplink_address {
	struct abi_address_key key;
	uint32_t resource; /* 0: the device itself */
	uint32_t order;	   /* of two with one address the first has it */
};

struct uplink {
	struct manager *manager; /* the owner */
	char name[SETTINGS_NAME_SIZE];
	uint32_t number; /* in the maps */
	bool from_config;
	struct uplink_settings settings;
	struct uplink_settings base;	    /* from_config: as the file has it */
	bool leaving;			    /* is being removed: not kept */
	struct flow *flows;		    /* hash by name, owned */
	size_t flow_targets[FLOW_TARGETS];  /* as of a vnet */
	struct desired_names removed_flows; /* of its file, that were removed at run time */
	size_t member_count;
	struct resource **slots; /* owned array of borrowed members; NULL: the slot is empty */
	uint32_t slot_count;

	/* observed and derived */
	enum resource_state state;
	char reason[256];	    /* why it is not up; empty when it is */
	bool broken;		    /* the kernel has refused what it needs */
	struct history history;	    /* of what its members carried */
	struct history_counts gone; /* of it: what members had carried that are no more */

	/* in the kernel */
	uint32_t ifindex; /* of the device that is bound, 0: none */
	enum kernel_attach attached;
	struct xdp_use xdp;
	struct cpu_use cpu;
	struct desired_saved saved;
	struct queue_use queue;		  /* of what the members send */
	struct abi_uplink row;		  /* as last written */
	size_t address_count;		  /* rows of `addresses` as last written, sorted: ... */
	struct uplink_address *addresses; /* ... owned */

	UT_hash_handle hh; /* in the manager's uplinks, by name */
};

/* The resource has no device of its own, but a place on an uplink. */
static inline bool resource_is_member(const struct resource *r)
{
	return r->uplink;
}

#endif
