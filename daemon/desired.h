/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Desired state as plain data: what configuration files say, what the state file keeps, and what
 * the manager can be asked for. It knows neither the kernel nor the manager.
 */
#ifndef VNETD_DESIRED_H
#define VNETD_DESIRED_H

#include "kernel.h"
#include "settings.h"

#define DESIRED_RESOURCE_NAME_SIZE 16

/* What vnetd changed on a device and has to put back when it lets go of it. */
struct desired_saved {
	uint32_t ifindex; /* 0: nothing was changed */
	struct kernel_link_change
		before;		 /* `set` names what was changed; the values are the old ones */
	bool filtered;		 /* an address was added to the device's filter: ... */
	uint8_t filter[MAC_LEN]; /* ... this one */
};

/* What vnetd changed at a NIC for one of its virtual functions, and has to put back. */
struct desired_vf {
	uint32_t pf;		 /* ifindex of the physical one, 0: nothing was changed */
	struct kernel_vf before; /* `set` names what was changed; the values are the old ones */
	uint8_t given[MAC_LEN];	 /* the MAC that it got */
	uint32_t entry;		 /* ifindex of a PF whose switch got an entry for ... */
	uint8_t entry_address[MAC_LEN]; /* ... this MAC; 0: none has */
};

/* Offloads that vnetd switched on a device, and has to put back. */
struct desired_offloads {
	uint32_t ifindex; /* 0: none were */
	unsigned int set; /* KERNEL_OFFLOAD_BIT()s: those that were switched ... */
	unsigned int on;  /* ... and which of them had been on */
};

/* Whose: those of the device itself, and of a veth's other end. */
enum desired_end { DESIRED_DEVICE, DESIRED_PEER, DESIRED_ENDS };

/* A program that supplies a resource, and what it has said of it. */
enum desired_provider_kind {
	DESIRED_PROVIDER_NONE,	 /* nobody: the administrator named a device */
	DESIRED_PROVIDER_NETDEV, /* names a device, and tells how it fares */
	DESIRED_PROVIDER_TAP,	 /* holds the other end of a tap that vnetd has made */
};

enum desired_report { DESIRED_REPORT_UP, DESIRED_REPORT_DOWN, DESIRED_REPORT_FAILED };

#define DESIRED_TOKEN_SIZE  33 /* 32 hexadecimal digits */
#define DESIRED_REASON_SIZE 128

struct desired_provider {
	enum desired_provider_kind kind;
	uint32_t uid;			/* who registered it */
	char token[DESIRED_TOKEN_SIZE]; /* known to the program alone: with it, it is found again */
	uint32_t max_sdu;		/* bytes of payload that it takes, 0: any */
	enum desired_report report;	/* the last one */
	char reason[DESIRED_REASON_SIZE]; /* for a report that is not UP, else empty */
};

/* "netdev", "tap"; "up", "down", "failed" */
const char *desired_provider_kind_name(enum desired_provider_kind kind);
const char *desired_report_name(enum desired_report report);

struct desired_resource {
	char name[DESIRED_RESOURCE_NAME_SIZE];
	uint32_t number; /* in the maps; 0: not given yet */
	bool from_config;
	struct resource_settings settings;
	struct resource_settings base; /* from_config: as the file had it */
	struct desired_saved saved;
	struct desired_vf vf;
	struct desired_offloads offloads[DESIRED_ENDS];
	struct desired_provider provider;
};

/* What is in the files and was removed at run time: a restart does not bring it back. */
struct desired_names {
	size_t count;
	char (*name)[DESIRED_RESOURCE_NAME_SIZE]; /* owned; a vnet's is shorter */
};

struct desired_flow {
	char name[DESIRED_RESOURCE_NAME_SIZE];
	uint32_t number; /* in the maps; 0: not given yet */
	bool from_config;
	struct flow_settings settings;
	struct flow_settings base;
};

/* Those of one owner. */
struct desired_flows {
	size_t count;
	struct desired_flow *flow; /* owned */
	struct desired_names removed;
};

struct desired_vnet {
	char name[SETTINGS_NAME_SIZE];
	uint32_t number; /* in the maps; 0: not given yet */
	bool from_config;
	bool migrating; /* its hybrids are out */
	struct vnet_settings settings;
	struct vnet_settings base;
	size_t resource_count;
	struct desired_resource *resources; /* owned */
	struct desired_names removed;	    /* resources */
	struct desired_flows flows;
	struct desired_offloads offloads[DESIRED_ENDS]; /* of its port, or existing upper */
};

struct desired_uplink {
	char name[SETTINGS_NAME_SIZE];
	uint32_t number; /* in the maps; 0: not given yet */
	bool from_config;
	struct uplink_settings settings;
	struct uplink_settings base;
	struct desired_flows flows;
	struct desired_saved saved;
};

struct desired {
	size_t vnet_count;
	struct desired_vnet *vnets;   /* owned */
	struct desired_names removed; /* vnets */
	size_t uplink_count;
	struct desired_uplink *uplinks;	      /* owned */
	struct desired_names removed_uplinks; /* the same of uplinks */
};

/* Append a zeroed element and return it (borrowed until the next append); NULL: no memory. */
struct desired_vnet *desired_add_vnet(struct desired *d);
struct desired_resource *desired_add_resource(struct desired_vnet *v);
struct desired_uplink *desired_add_uplink(struct desired *d);
struct desired_flow *desired_add_flow(struct desired_flows *flows);

/* What providers brought, they bring again: it is in no file. */
void desired_drop_provided(struct desired_vnet *v);

const struct desired_vnet *desired_find(const struct desired *d, const char *name);
const struct desired_flow *desired_find_flow(const struct desired_flows *flows, const char *name);
void desired_flows_clear(struct desired_flows *flows);
const struct desired_uplink *desired_find_uplink(const struct desired *d, const char *name);
const struct desired_resource *desired_find_resource(const struct desired_vnet *v,
						     const char *name);

/* 0, if it is there already as well, or -ENOMEM. */
int desired_names_add(struct desired_names *n, const char *name);
bool desired_names_has(const struct desired_names *n, const char *name);
void desired_names_drop(struct desired_names *n, const char *name);
/* Adds all of @from. 0 or -ENOMEM. */
int desired_names_copy(struct desired_names *n, const struct desired_names *from);
void desired_names_clear(struct desired_names *n);

/* Do two settings of @table say the same? */
bool desired_same(const struct setting *table, const void *a, const void *b);

/* Frees what @d owns and leaves it empty. Usable with UTIL_CLEANUP. */
void desired_clear(struct desired *d);

#endif
