/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects: a vnet, and the resources it owns. The manager owns the vnets. */
#ifndef VNETD_VNET_H
#define VNETD_VNET_H

#include "desired.h"
#include "error.h"
#include "flow.h"
#include "hash.h"
#include "health.h"
#include "history.h"
#include "kernel.h"

enum resource_state { RESOURCE_WAITING, RESOURCE_DOWN, RESOURCE_UP, RESOURCE_FAILED };

struct manager;
struct uplink;
struct vnet;

/* XDP at the device of a resource, or where the frames of an upper come in. */
struct xdp_use {
	bool wanted;
	bool known; /* `attached` says what is there, not what we have not looked for yet */
	bool attached;
	bool takes;	  /* XDP may redirect frames to the device, as far as we know */
	bool peer_ready;  /* the other end of a veth looks for such frames */
	bool refused;	  /* by its driver */
	bool told;	  /* offloads could not be switched, and the log says so */
	char reason[128]; /* why it is not attached, though it is wanted; else empty */
	struct desired_offloads offloads[DESIRED_ENDS];
};

/* The queue of a device, or of a port, in which frames under a limit wait; reconcile_queue.c. */
struct queue_use {
	bool wanted; /* there are limits that it would serve */
	bool tried;  /* it has been asked for, and the device had then: */
	char found[16];
	bool on;	 /* it is there, and the rows may say so */
	char reason[96]; /* why it is not, though it is wanted; else empty */
};

/* The program that hands frames to CPUs, where XDP does not serve the device; reconcile_cpu.c. */
struct cpu_use {
	enum kernel_attach attached;
	bool known;	  /* `attached` says what is there, not what we have not looked for yet */
	bool refused;	  /* by the driver: the stack runs it */
	bool seen;	  /* since the device was taken in */
	bool no_filters;  /* the device has no n-tuple filters */
	char reason[128]; /* why it is not attached, though it is wanted; else empty */
	struct desired_offloads offloads;
};

/* What a provider counts by itself; each since its registration. */
struct provider_counts {
	uint64_t ierrors, oerrors, norcvbuf, noxmtbuf;
	uint64_t malformed; /* in ierrors as well, and in the vnet's drops */
};

/* What damping knows of a resource; reconcile_hold.c. */
struct hold {
	bool lost;		/* it was up, and its device failed it */
	bool listed;		/* it is well again and held down: in the manager's list */
	bool turn;		/* of those in the list, its time has come */
	uint64_t well_us;	/* since when it has been well again, 0: it is not */
	uint64_t due_us;	/* when it returns, if it stays well */
	uint64_t returned_us;	/* its last return, 0: none */
	uint32_t ifindex;	/* of the device last looked at, */
	uint32_t carrier_downs; /* and how often it had lost its carrier by then */
};

/*
 * What a resource is kept out for beside what its device says now, as it was before a change: to
 * be put back if that is refused.
 */
struct past {
	uint64_t change; /* the manager's number of it */
	struct hold hold;
	struct health_verdict verdict;
	unsigned int tries;
};

/* What a device counts, as the kernel told when it was last asked. */
struct device_counts {
	uint32_t ifindex; /* whose they are */
	struct kernel_link_stats last;
};

/* A virtual function as last looked at; reconcile_vf.c. */
struct vf_use {
	bool there;		/* the PF has it: `now` is what it says of it */
	bool no_pf;		/* there is no such device */
	struct kernel_vf now;	/* `set`: what the NIC tells */
	struct kernel_vf asked; /* `set`: what it was last asked for */
	struct kernel_vf_place place;
	bool bridge_known, veb; /* how the NIC switches between its functions */
};

struct resource {
	struct vnet *vnet; /* the owner */
	char name[DESIRED_RESOURCE_NAME_SIZE];
	uint32_t number; /* in the maps */
	uint64_t order;	 /* later ones have higher numbers */
	bool from_config;
	struct resource_settings settings;
	struct resource_settings base; /* from_config: as the file has it */
	struct desired_provider provider;
	bool present;		       /* its provider's connection is open */
	struct uplink *uplink;	       /* it is on, NULL: it has a device of its own; borrowed */
	uint32_t slot;		       /* its place there */
	uint32_t tap_ifindex;	       /* of the provider's tap, which is known by this alone */
	struct provider_counts counts; /* as last told by the provider */
	struct device_counts device_counts;

	/* observed and derived */
	enum resource_state state;
	char reason[256]; /* why it is not up; empty when it is */
	bool broken;	  /* the kernel has refused what it needs */
	bool active;	  /* carries now: the service or hybrid in use, a guest that is up */
	bool leaving;	  /* is being removed: not kept, and no path leads over it any more */
	struct hold hold;
	struct resource *held_prev, *held_next; /* in the manager's held ones */
	struct vf_use vf;
	struct resource *vf_prev, *vf_next;   /* in the manager's virtual functions */
	struct resource *tap_prev, *tap_next; /* in the manager's taps */
	struct health health;
	struct past past;
	struct resource *watched_prev, *watched_next; /* in the manager's watched ones */

	/* in the kernel */
	uint32_t ifindex;	     /* of the device that is bound, 0: none */
	enum kernel_attach attached; /* vnet_rx at the ingress */
	struct xdp_use xdp;
	struct queue_use queue; /* of what is sent; of a member `wanted` alone is meant */
	bool limits_in;		/* it is among the vnet's `limited_in` */
	struct cpu_use cpu;
	struct desired_saved saved;
	struct desired_vf vf_saved;
	struct abi_resource row; /* as last written */
	bool was_up;		 /* in the row of an earlier daemon; until the paths are known */
	bool vlans_written;
	uint32_t storm_written;		/* limit of the row, 0: none */
	struct settings_limits limited; /* its row of `limits` as last written */
	size_t fdb_count;		/* FDB entries as last written: ... */
	struct abi_fdb_key *fdb;	/* ... owned */
	bool enrolled;			/* its place on the uplink is in the maps */
	bool learns;			/* so is its row of `learners` */
	bool unfiltered;		/* the uplink's device does not filter its MAC */

	UT_hash_handle hh;	  /* in vnet->resources, by name */
	UT_hash_handle by_device; /* in the manager's waiting ones, by settings.device */
	UT_hash_handle by_peer;	  /* of a direct peer: in vnet->peers, by settings.peer_vnet */
	UT_hash_handle by_target; /* the same in the manager's peers */
};

/* What a vnet has still to say of a switch; reconcile_announce.c. */
struct announcing {
	unsigned int left; /* rounds, 0: it is not in the manager's list */
	uint64_t due_us;   /* the next one */
	bool multicast;	   /* the way of multicast has changed */
};

struct vnet {
	struct manager *manager; /* the owner */
	char name[SETTINGS_NAME_SIZE];
	uint32_t number;
	bool from_config;
	struct vnet_settings settings;
	struct vnet_settings base;    /* from_config: as the file has it */
	struct desired_names removed; /* resources of its file that were removed at run time */
	uint32_t provided_hint;	      /* no name "p0", "p1", ... with a lower number is free */
	bool leaving;		      /* is being removed: not kept */
	struct device_counts upper_counts, port_counts;
	bool has_pair;		    /* the devices of its names were made for it */
	struct resource *resources; /* hash by name, in the order of their making */

	/* kept beside the hash, so that one change does not walk over thousands of guests */
	struct resource *service;		   /* the registered one, NULL: none */
	struct resource *hybrids[ABI_HYBRIDS_MAX]; /* best priority first */
	size_t hybrid_count;
	size_t up_count;		    /* resources that are up */
	struct resource *peers;		    /* hash by peer_vnet: the direct peers */
	struct flow *flows;		    /* hash by name, owned */
	size_t limited_in;		    /* resources with a limit on what comes in */
	bool flows_limit_in;		    /* a flow has one, */
	bool flows_limit_out;		    /* or one on what goes out */
	size_t flow_targets[FLOW_TARGETS];  /* how many of them go where, by enum abi_flow_target */
	struct desired_names removed_flows; /* of its file, that were removed at run time */

	/* observed and derived */
	uint32_t upper_ifindex; /* 0: in another namespace, or missing */
	uint32_t port_ifindex;	/* leads to the upper: the port end, or the existing device; 0:
				   missing */
	char upper[IFNAMSIZ];	/* names of the two */
	char port[IFNAMSIZ];
	bool carrier;
	bool promiscuous;
	uint64_t malformed;	    /* frames that providers have refused to hand in */
	uint64_t switches;	    /* how often the carrying resource changed */
	struct history history;	    /* of what its resources carried and it dropped */
	struct history_counts gone; /* of it: what resources had carried that are no more */
	struct resource *unicast;   /* carries unknown unicast now, NULL: none */
	struct resource *multicast; /* carries broadcast and multicast now, NULL: none */

	/* Its hybrids are out for a live migration; manager_migration.c. */
	bool migrating;
	uint64_t migration_due_us; /* their devices are let go then, 0: they have been */

	struct announcing announcing;
	struct vnet *announcing_prev, *announcing_next; /* in the manager's announcing ones */

	/* in the kernel */
	struct abi_vnet row; /* as last written */
	bool vlans_written;
	uint32_t storm_written;			  /* limit of the row, 0: none */
	struct settings_limits limited;		  /* its row of `limits` as last written */
	struct settings_prefixes allowed_written; /* rows that are there */
	enum kernel_attach attached;		  /* vnet_tx at the ingress of the port */
	struct xdp_use xdp;			  /* at the port */
	struct queue_use queue;			  /* of the port: of what the upper gets */
	struct desired_saved saved;		  /* of the port */
	bool shortcut;				  /* vnet_tx at the egress of the upper */
	bool dormant;
	bool upper_failed; /* it could not be made, found or attached */
	bool name_taken;   /* a device that is not ours has the name of the upper or the port */
	bool upper_lost;   /* deleted while no vnetd was there to see it */
	bool adopted;	   /* `row` was read from the maps: an earlier daemon wrote it */
	bool settling;	   /* resources are still being taken in: paths wait until all are */
	/* as the direct peers that lead to it last saw it */
	bool seen_upper;
	uint8_t seen_address[MAC_LEN]; /* all zero: not at all */
	bool seen_half;		       /* to tell one of them has failed: all are told again */
	UT_hash_handle hh;	       /* in the manager's vnets, by name */
};

/* The vnet made the veth pair itself. */
static inline bool vnet_owns_upper(const struct vnet *v)
{
	return !v->settings.upper[0];
}

/* A guest that is another vnet of this daemon: it has no device. */
static inline bool resource_is_peer(const struct resource *r)
{
	return r->settings.peer_vnet[0];
}

/* A virtual function of a NIC: its device is found, not named. */
static inline bool resource_is_vf(const struct resource *r)
{
	return r->settings.pf[0];
}

/* The name of its device; empty: it has none now. */
static inline const char *resource_device(const struct resource *r)
{
	return resource_is_vf(r) ? r->vf.place.netdev : r->settings.device;
}

/* A program supplies it, and it goes with the program. */
static inline bool resource_is_provided(const struct resource *r)
{
	return r->provider.kind != DESIRED_PROVIDER_NONE;
}

/*
 * Its device is a tap: that one and no other, whatever the name. The kernel gives the name of a tap
 * that is gone to the next one.
 */
static inline bool resource_is_tap(const struct resource *r)
{
	return r->provider.kind == DESIRED_PROVIDER_TAP;
}

/* It is out for a live migration, ... */
static inline bool resource_is_out(const struct resource *r)
{
	return r->vnet->migrating && r->settings.type == SETTINGS_HYBRID;
}

/* ... and its device is not ours any more: what still comes over it for a moment is received. */
static inline bool resource_is_released(const struct resource *r)
{
	bool held = r->ifindex || r->saved.ifindex || r->vf_saved.pf;

	return resource_is_out(r) && !(r->vnet->migration_due_us && held);
}

/* It carries nothing, though its device has nothing to complain of. */
static inline bool resource_is_unwell(const struct resource *r)
{
	return r->health.verdict.stuck || r->health.verdict.silent;
}

/* Something is wrong with it, and not by its provider's word or by its health alone. */
static inline bool resource_has_failed(const struct resource *r)
{
	return r->state == RESOURCE_FAILED &&
	       (r->broken ||
		(r->provider.report != DESIRED_REPORT_FAILED && !resource_is_unwell(r)));
}

/* "waiting", "down", "up", "failed" */
const char *resource_state_name(enum resource_state state);

/* The VLAN that is untagged on the resource's device. */
uint16_t resource_pvid(const struct resource *r);

/* Is it a member of the VLAN? */
bool resource_has_vlan(const struct resource *r, uint16_t vlan);

/* "vnet0/g1", for messages. Returns @buffer. */
#define RESOURCE_LABEL_SIZE 32
const char *resource_label(const struct resource *r, char buffer[RESOURCE_LABEL_SIZE]);

/* Registered by its type in the vnet: service, hybrids in order. Both are idempotent. */
void vnet_enlist(struct resource *r);
void vnet_delist(struct resource *r);

#endif
