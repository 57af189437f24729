/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager owns the vnets, which own their resources. It holds the desired state, hears the
 * observed state from the monitor, and after every change of either lets reconcile make the kernel
 * follow.
 *
 * A change is validated whole before anything is touched; if the kernel refuses half-way, the
 * desired state is put back and reconciled again, so that a refused change has changed nothing.
 */
#ifndef VNETD_MANAGER_H
#define VNETD_MANAGER_H

#include "address.h"
#include "desired.h"
#include "error.h"
#include "kernel.h"
#include "link.h"
#include "uplink.h"
#include "vnet.h"

enum manager_event_type {
	MANAGER_VNET_ADDED,
	MANAGER_VNET_REMOVED,
	MANAGER_RESOURCE_ADDED,
	MANAGER_RESOURCE_REMOVED,
	MANAGER_RESOURCE_STATE,
	MANAGER_UPLINK_ADDED,
	MANAGER_UPLINK_REMOVED,
	MANAGER_UPLINK_STATE,
	MANAGER_PATH_SWITCHED,
	MANAGER_OVERRUN,
	MANAGER_RELOADED,
};

/* "vnet-added", ... as in interface.md. */
const char *manager_event_name(enum manager_event_type type);

struct manager_event {
	enum manager_event_type type;
	uint64_t time_us;	 /* CLOCK_REALTIME */
	const struct vnet *vnet; /* NULL where it does not apply */
	const struct resource
		*resource; /* of PATH_SWITCHED: the one that carries now, NULL: none */
	const struct resource *previous; /* of PATH_SWITCHED */
	const struct uplink *uplink;	 /* NULL where it does not apply */
	const char *kind;		 /* of PATH_SWITCHED: "unicast" or "multicast" */
};

struct manager_callbacks {
	void (*on_event)(void *context, const struct manager_event *event);
	/*
	 * Keeps the desired state; called at the end of every change. A failure undoes the change.
	 */
	int (*on_save)(void *context, const struct manager *m, struct error *e);
	/* A provided resource is about to be removed: its provider hears it before it loses its
	 * tap. May be NULL. */
	void (*on_removing)(void *context, const struct resource *r);
};

struct manager; /* see manager_internal.h for its fields */

int manager_new(const struct kernel *kernel, const struct manager_callbacks *callbacks,
		void *context, struct manager **ret);
/* Frees the objects; the kernel is left as it is. */
void manager_free(struct manager *m);

/* Borrowed; NULL with ERROR_NOT_FOUND in @e. */
struct vnet *manager_find_vnet(const struct manager *m, const char *name, struct error *e);
struct resource *manager_find_resource(const struct vnet *v, const char *name, struct error *e);
/* For loops: `for (v = manager_vnets(m); v; v = v->hh.next)`. */
struct vnet *manager_vnets(const struct manager *m);
size_t manager_vnet_count(const struct manager *m);
size_t manager_resource_count(const struct manager *m);
const struct kernel *manager_kernel(const struct manager *m);
const struct link_table *manager_links(const struct manager *m);

/* The changes. 0, or -errno with a sentence in @e and nothing changed. */
int manager_vnet_add(struct manager *m, const char *name, const struct vnet_settings *s,
		     struct error *e);
/* The same with a service resource on @uplink, which goes by that name: both or none. */
int manager_vnet_add_on(struct manager *m, const char *name, const struct vnet_settings *s,
			const char *uplink, struct error *e);
int manager_vnet_set(struct manager *m, const char *name, const struct vnet_settings *s,
		     struct error *e);
int manager_vnet_del(struct manager *m, const char *name, struct error *e);
int manager_resource_add(struct manager *m, const char *vnet, const char *name,
			 const struct resource_settings *s, struct error *e);
int manager_resource_set(struct manager *m, const char *vnet, const char *name,
			 const struct resource_settings *s, struct error *e);
int manager_resource_del(struct manager *m, const char *vnet, const char *name, struct error *e);

/* Uplinks; manager_uplink.c. One with members stays: -EBUSY. */
int manager_uplink_add(struct manager *m, const char *name, const struct uplink_settings *s,
		       struct error *e);
int manager_uplink_set(struct manager *m, const char *name, const struct uplink_settings *s,
		       struct error *e);
int manager_uplink_del(struct manager *m, const char *name, struct error *e);
/* NULL with a sentence in @e: there is none. */
struct uplink *manager_find_uplink(const struct manager *m, const char *name, struct error *e);
struct uplink *manager_uplinks(const struct manager *m); /* the first, by hh.next */

/*
 * A live migration of who is above the vnet; manager_migration.c. Its hybrids are taken out, and
 * stay out until the end, whatever happens to their devices. Frames take the service at once, which
 * is announced; what still comes over a hybrid is received for a moment, until
 * manager_migration_is_ready(): then the devices are let go. Both may be called again.
 */
int manager_migration_prepare(struct manager *m, const char *vnet, struct error *e);
int manager_migration_finish(struct manager *m, const char *vnet, struct error *e);
bool manager_migration_is_ready(const struct vnet *v);

/* Flows; manager_flow.c. Their owners, vnets and uplinks, share their names. */
struct manager_flow_owner {
	const char *name;
	struct vnet *vnet;     /* or NULL: */
	struct uplink *uplink; /* this one */
	struct flow **flows;
	struct desired_names *removed;
};

int manager_find_flow_owner(const struct manager *m, const char *name,
			    struct manager_flow_owner *ret, struct error *e);
struct flow *manager_find_flow(const struct manager_flow_owner *owner, const char *name,
			       struct error *e);
/* -EALREADY: another flow takes the same frames at the same rank. */
int manager_flow_add(struct manager *m, const char *owner, const char *name,
		     const struct flow_settings *s, struct error *e);
int manager_flow_set(struct manager *m, const char *owner, const char *name,
		     const struct flow_settings *s, struct error *e);
int manager_flow_del(struct manager *m, const char *owner, const char *name, struct error *e);

/*
 * What vnets, uplinks and flows have counted is written down each @interval_s seconds (0, as at
 * first: never), and @samples of each object are kept, or fewer where there are many objects.
 */
void manager_history_set(struct manager *m, uint32_t interval_s, uint32_t samples);
uint32_t manager_history_interval_s(const struct manager *m);

/*
 * A flow that is for an AF_XDP socket is opened by a program, and stays so for as long as that is
 * connected, or after a restart until manager_providers_expire(); manager_xsk.c.
 */
#define MANAGER_XSK_FRAMES_MIN 64
#define MANAGER_XSK_FRAMES_MAX 8192

struct manager_opening {
	const char *owner, *name; /* of the flow */
	int64_t frames;		  /* that there is room for; a power of two */
	uint32_t uid;		  /* who asks */
	bool privileged;	  /* may open any flow, else only those of vnets with this owner */
};

/* 0 with the flow, whose socket is its own, and the socket's memory, which the caller closes. */
int manager_flow_open(struct manager *m, const struct manager_opening *o, struct flow **ret,
		      int *ret_memory, struct error *e);
/* The flow that was opened so and is open still; NULL: it is not. */
struct flow *manager_flow_opened(const struct manager *m, const char *owner, const char *name,
				 uint64_t opening);
void manager_flow_close(struct flow *f);

/*
 * Providers; manager_provider.c. A provided resource lives as long as its provider's connection, or
 * after a restart until manager_providers_expire(). It is kept in the state file, never in a
 * configuration file.
 */
struct manager_provision {
	enum settings_type type;
	uint8_t local[MAC_LEN]; /* of the vnet */
	uint8_t peer[MAC_LEN];	/* of a guest */
	const char *name;	/* of the resource, NULL: "p0", "p1", ... the first that is free */
	const char *device;	/* a netdev provider's; NULL: a tap is made */
	struct kernel_tap tap;
	uint32_t max_sdu;  /* 0: any */
	uint32_t uid;	   /* who asks */
	bool privileged;   /* may do so for any vnet, else only for those with this owner */
	const char *token; /* of the same registration before vnetd was restarted, NULL: none */
	enum desired_report report;
	const char *reason; /* of a report that is not UP, else NULL */
};

/*
 * 0 with the resource in @ret, and its tap's descriptors, which the caller closes, in @fds; their
 * number is in @ret_fds, 0 if the provider has them already or it is a netdev. Refused with ENXIO,
 * EEXIST, EINVAL, ENODEV, EBUSY, EPERM, ENOSPC as vio_net_resource_reg() says, and nothing changed.
 */
int manager_provide(struct manager *m, const struct manager_provision *p, struct resource **ret,
		    int fds[KERNEL_TAP_QUEUES_MAX], unsigned int *ret_fds, struct error *e);
/* The provider has gone, or has taken its resource back. */
void manager_provider_leave(struct manager *m, struct resource *r);
/* What it says of its device: one map write if it carries frames now. */
void manager_provider_report(struct manager *m, struct resource *r, enum desired_report report,
			     const char *reason);
void manager_provider_count(struct resource *r, const struct provider_counts *now);
/* The providers that have not come back since the start do not come any more. */
void manager_providers_expire(struct manager *m);
bool manager_providers_missing(const struct manager *m);
/* Is the vnet up, so that its providers' resources are to be started? */
bool manager_vnet_started(const struct vnet *v);
/* `failed` by report, by its frames or by its probe no longer counts: it is tried again. */
int manager_resource_clear(struct manager *m, const char *vnet, const char *name, struct error *e);

/*
 * Writing down what there is takes as long as there is much, so a change that is one of many may be
 * kept later: from manager_keep_later(m, true) on, changes are done and not yet kept when they
 * return. manager_keep() keeps them, and so does whatever else is kept before, or a second that has
 * passed. A vnetd that dies before has made none of them.
 */
void manager_keep_later(struct manager *m, bool later);
int manager_keep(struct manager *m, struct error *e);

/* Removes every vnet, then everything of ours from the kernel. */
int manager_flush(struct manager *m, struct error *e);

/*
 * Start: takes up what the state file kept, with its numbers, and adopts what is in the kernel of
 * it. The monitor has to have told of every device before. What fails is logged, the first of it
 * returned.
 */
int manager_restore(struct manager *m, const struct desired *state, struct error *e);

/*
 * Makes the objects that come from configuration what @config says, touching those alone whose
 * files changed; vnets named in @refused are left alone. The last step of a start and the whole of
 * a reload. Complaints about single objects are logged; the first one is returned in @e, the rest
 * goes on.
 */
struct config_refused;
int manager_configure(struct manager *m, const struct desired *config,
		      const struct config_refused *refused, struct error *e);

/* After the start's manager_configure(): everything in the kernel that no object owns goes away. */
int manager_sweep(struct manager *m);

/*
 * Somebody may have taken programs from devices: manager_settle() attaches again what is missing.
 * @all: also what could not be attached when that was tried last. How many devices lack one.
 */
size_t manager_check_hooks(struct manager *m, bool all);

/* Somebody, perhaps we ourselves, has taken a filter from that device: manager_settle() looks. */
void manager_on_unhooked(struct manager *m, uint32_t ifindex);

/* The desired state as plain data; the caller clears it. 0 or -ENOMEM. */
int manager_snapshot(const struct manager *m, struct desired *ret);

/* After `save`: this vnet and its resources now are what its file says. */
void manager_mark_saved(struct manager *m, const char *name);
void manager_mark_saved_uplink(struct manager *m, const char *name);

/* Observed state, from the monitor. */
void manager_on_link(struct manager *m, const struct link *l);
void manager_on_gone(struct manager *m, uint32_t ifindex);
void manager_on_dump_begin(struct manager *m);
void manager_on_dump_end(struct manager *m);
void manager_on_overrun(struct manager *m);
/* News between the two comes together: it is acted upon at the end, once. */
void manager_on_batch_begin(struct manager *m);
void manager_on_batch_end(struct manager *m);
/* An address is there now, or is not any more. */
void manager_on_address(struct manager *m, const struct address *a, bool there);
/* After a batch of news or a change: keeps what the news changed, in one write, and tries again to
 * remove what could not be removed. */
void manager_settle(struct manager *m);

/* Why the resource is not up, as of now: the time for which it is still held down runs. */
void manager_reason(const struct resource *r, char *buffer, size_t size);

/*
 * What has to happen at a time (manager_time.c): when the next of it is due by CLOCK_MONOTONIC,
 * UINT64_MAX: never; and doing all that is due by @now_us.
 */
uint64_t manager_due_us(const struct manager *m);
void manager_on_time(struct manager *m, uint64_t now_us);

/*
 * The devices whose carrier has to be polled now, and how often: calls @each for every active
 * hybrid, and every service that carries in place of one that is held down, and returns the
 * shortest interval in milliseconds, 0 if there is nothing to poll.
 */
uint32_t manager_polls(const struct manager *m, void (*each)(void *context, uint32_t ifindex),
		       void *context);

/*
 * Looks at the carrier of such a device and acts on its loss, without waiting for the kernel.
 * False: the monitor has to ask for it.
 */
bool manager_look(struct manager *m, uint32_t ifindex);

#endif
