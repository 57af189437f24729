/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's fields, for the files that are the manager: manager*.c and reconcile*.c. */
#ifndef VNETD_MANAGER_INTERNAL_H
#define VNETD_MANAGER_INTERNAL_H

#include "address.h"
#include "manager.h"

/* Whose device is this? */
struct manager_owner {
	uint32_t ifindex;
	struct vnet *vnet;	   /* NULL: the device is an uplink's */
	struct resource *resource; /* NULL: the upper side of the vnet */
	struct uplink *uplink;	   /* NULL: the device is a vnet's */
	bool unhooked;		   /* a filter was taken from it, whose is to be seen */
	UT_hash_handle hh;
};

/* Numbers in the maps, given out and taken back; 0 is never given. */
struct manager_numbers {
	void **object; /* by number; owned array of borrowed objects */
	uint32_t size;
	uint32_t max;
	uint32_t hint; /* nothing below it is free */
};

struct manager_news;	/* manager_news.c */
struct manager_mark;	/* reconcile_mark.c */
struct manager_vf_mark; /* reconcile_vf_mark.c */
struct manager_cpu;	/* reconcile_target.c */
struct manager_filter;	/* reconcile_steer.c */

/* When and how much of what is counted is written down; manager_history.c. */
struct manager_history {
	uint64_t interval_us; /* 0: never */
	uint32_t samples;     /* of each object, at most */
	uint32_t slice;	      /* questions in one go */
	uint32_t keep;	      /* so many now, for all of them have a bound */
	uint64_t due_us;      /* the next round, or the next part of this one: */
	bool begun;	      /* it is not over */
	uint64_t begun_us;
	uint64_t round;
};

struct manager {
	struct kernel kernel;
	struct manager_callbacks callbacks;
	void *context;
	struct link_table *links;
	struct address_table *addresses;
	struct vnet *vnets;		      /* hash by name */
	struct desired_names removed;	      /* vnets of the files that were removed at run time */
	struct uplink *uplinks;		      /* hash by name */
	struct desired_names removed_uplinks; /* the same of uplinks */
	struct manager_owner *owners;	      /* hash by ifindex */
	struct resource *waiting;	      /* hash by device name: resources without a device */
	struct resource *peers;	    /* hash by peer_vnet, many of a name: the direct peers */
	struct manager_news *news;  /* hash by ifindex: what has happened since the batch began */
	struct manager_mark *marks; /* hash by ifindex: what is noted of devices */
	struct manager_vf_mark *vf_marks; /* hash by PF and index: ... of virtual functions */
	struct manager_filter *filters;	  /* hash by device and place: n-tuple filters of flows */
	struct manager_cpu *cpus;	  /* hash by number: those that flows are for */
	uint64_t cpus_due_us;		  /* when those are looked at, 0: no flow is for one */
	bool changing;			  /* a vnet is being changed: what fails is not lost */
	uint64_t changes;		  /* so far: which past of a resource is the last one's */
	bool gathering;			  /* a batch of news is being read */
	struct resource *held;		  /* list: well again after a loss, and waiting to return */
	struct resource *vfs;		  /* list: virtual functions */
	struct resource *taps;		  /* list: those whose device is a provider's tap */
	uint64_t vfs_due_us;	   /* when those without a device are looked for, 0: none is */
	uint64_t migration_due_us; /* when devices are let go for a migration, 0: none are */
	struct resource *watched;  /* list: hybrids whose health is looked at */
	struct flow *xsks;	   /* list: flows that have the veth of an AF_XDP socket */
	uint64_t xsk_openings;	   /* so far */
	bool xsks_unsure;	   /* one of them is */
	struct vnet *announcing;   /* list: those with announcements to come */
	bool mute_told;		   /* frames cannot be sent, and the log says so */
	struct manager_numbers vnet_numbers;
	struct manager_numbers resource_numbers;
	struct manager_numbers uplink_numbers;
	struct manager_numbers flow_numbers;
	size_t resource_count;
	bool fq_known;	       /* it has been asked: */
	bool has_fq;	       /* this kernel has a queue that sends frames at their times */
	size_t uppers_missing; /* vnets whose upper is not there */
	bool starting;	       /* until the files were read for the first time */
	bool saves_held;       /* many changes are under way, kept together at their end */
	bool many;	       /* resources are being removed */
	bool keep_later;       /* the change under way is kept with others, by manager_keep() */
	uint64_t keep_due_us;  /* when what was put off is kept at the latest, 0: nothing was */
	bool swept;	       /* nothing in the kernel is unknown to us */
	bool unsettled;	       /* a removal failed half-way: something may be left over */
	bool unsaved;	       /* news of devices changed what is kept across restarts */
	bool unhooked;	       /* there are devices from which a filter was taken */
	bool resyncing;	       /* between the begin and the end of a dump */
	uint64_t made;	       /* resources so far: their order */
	struct manager_history history;
};

/* The one-line calls into the kernel's table. */
#define manager_rtnl(m, call, ...)     ((m)->kernel.ops->call((m)->kernel.rtnl, __VA_ARGS__))
#define manager_datapath(m, call, ...) ((m)->kernel.ops->call((m)->kernel.datapath, __VA_ARGS__))

/* 0, or -ENOSPC. A wanted number (not 0) that is free is given. */
int numbers_take(struct manager_numbers *n, uint32_t wanted, void *object, uint32_t *ret);
void numbers_release(struct manager_numbers *n, uint32_t number);
void *numbers_find(const struct manager_numbers *n, uint32_t number);
void numbers_clear(struct manager_numbers *n);

/* Of what was told of by manager_on_unhooked(), what should not have gone comes back. */
void manager_check_unhooked(struct manager *m);

/* Replaces what was known of the ifindex; 0 or -ENOMEM. */
int owner_set(struct manager *m, uint32_t ifindex, struct vnet *v, struct resource *r);
int owner_set_uplink(struct manager *m, uint32_t ifindex, struct uplink *u);
void owner_clear(struct manager *m, uint32_t ifindex);
const struct manager_owner *owner_find(const struct manager *m, uint32_t ifindex);

/* Keeps the desired state, unless that is put off to the end of a larger change. */
int manager_save(struct manager *m, struct error *e);

/* What was put off is kept in time, whoever asked for it has forgotten or died. */
uint64_t manager_keep_due_us(const struct manager *m);
void manager_keep_run(struct manager *m, uint64_t now_us);

/* What is let go of is let go of in any case; if the kernel fails there (@err), what is left over
 * goes in manager_settle(). */
static inline void manager_removed(struct manager *m, int err)
{
	m->unsettled |= err != 0;
}

/*
 * What is to go is first no longer kept: if that fails, nothing has been touched. @leaving is its,
 * @removed where its name is remembered if the files still have it.
 */
int manager_keep_without(struct manager *m, bool *leaving, struct desired_names *removed,
			 const char *name, bool from_config, struct error *e);
void manager_remove_uplink(struct uplink *u); /* has no members any more */

/* History has its clock; what a resource that goes has carried, its vnet and uplink have carried.
 */
uint64_t manager_history_due_us(const struct manager *m);
void manager_history_run(struct manager *m, uint64_t now_us);
void manager_history_resource_gone(const struct resource *r);

/* All flows of an owner; manager_flow.c. */
void manager_remove_flows(struct manager *m, struct flow **flows);
void manager_free_flows(struct manager *m, struct flow **flows); /* the kernel is left as it is */
int manager_snapshot_flows(const struct flow *flows, const struct desired_names *removed,
			   struct desired_flows *ret); /* 0 or -ENOMEM */
int manager_restore_flow(struct manager *m, const char *owner, const struct desired_flow *d,
			 struct error *e);
int manager_reconcile_flows(struct flow *flows, struct error *e);

/* Paths leave it, its device is let go of, it is told of and freed. */
void manager_remove_resource(struct resource *r);
/* Somebody has deleted its upper, and it goes, too, as by manager_vnet_del(). */
void manager_upper_deleted(struct vnet *v);
void manager_emit_resource(struct resource *r, enum manager_event_type type);

/* The device @name is free: who waits for it? */
void manager_device_free(struct manager *m, const char *name);

/* The direct peers that lead to the vnet @name, be it there or not. @r NULL: the first. */
struct resource *manager_next_peer(const struct manager *m, const char *name,
				   const struct resource *r);

uint64_t manager_now_us(const struct manager *m);

/*
 * Puts off what follows from news to the end of the batch; false: there is none, act now. @before:
 * the device as it was known, NULL: it was not. manager_news.c.
 */
bool manager_news_link(struct manager *m, uint32_t ifindex, const struct link *before);
bool manager_news_gone(struct manager *m, uint32_t ifindex, const struct link *before);
/* A device of this number comes: is the end of another one still to be acted upon? */
void manager_news_reused(struct manager *m, uint32_t ifindex);
void manager_news_act(struct manager *m, bool links);
/* What follows from news. @name: by which it was known, or NULL. */
void manager_act_link(struct manager *m, uint32_t ifindex, const struct link *before);
void manager_act_gone(struct manager *m, uint32_t ifindex, const char *name);

/*
 * A migration goes on after a restart; its clock. What of a hybrid is held until then is held; the
 * rest stays out. manager_migration.c
 */
void manager_migration_restore(struct vnet *v);
uint64_t manager_migration_due_us(const struct manager *m);
void manager_migration_run(struct manager *m, uint64_t now_us);

/* After news of its device: a failure is its state, and said. */
void manager_reconcile_one(struct resource *r);

/* Tells the listeners. */
void manager_emit(struct manager *m, struct manager_event event);

/* Objects without any kernel side; manager_objects.c. */
int object_vnet_new(struct manager *m, const char *name, uint32_t number,
		    const struct vnet_settings *s, struct vnet **ret, struct error *e);
void object_vnet_free(struct vnet *v); /* has no resources any more */
/* @provider NULL: it has none. */
int object_resource_new(struct vnet *v, const char *name, uint32_t number,
			const struct resource_settings *s, const struct desired_provider *provider,
			struct resource **ret, struct error *e);
void object_resource_free(struct resource *r);
/* It has no device (any more), and waits for one of this name; of a tap there is no other. */
void object_resource_wait(struct resource *r);
void object_resource_wait_end(struct resource *r);
/* Whose tap is it, bound or not? NULL: none is. */
struct resource *object_tap_find(const struct manager *m, uint32_t ifindex);
/* @number 0: the first that is free. */
int object_uplink_new(struct manager *m, const char *name, uint32_t number,
		      const struct uplink_settings *s, struct uplink **ret, struct error *e);
void object_uplink_free(struct uplink *u); /* has no members any more */

/* The first of "p0", "p1", ... that is free. */
void object_resource_name(struct vnet *v, char ret[DESIRED_RESOURCE_NAME_SIZE]);

/* Would this be right? Against all other objects and the observed devices; validate.c. */
/* @u: that it is going to be on, NULL: none. */
int validate_vnet_add(const struct manager *m, const char *name, const struct vnet_settings *s,
		      const struct uplink *u, struct error *e);
int validate_vnet_set(const struct vnet *v, const struct vnet_settings *s, struct error *e);
int validate_resource_add(const struct vnet *v, const char *name, const struct resource_settings *s,
			  struct error *e);
/* The same for one that a provider brings; the device of a tap is not there yet. */
int validate_provide(const struct vnet *v, const char *name, const struct resource_settings *s,
		     const struct desired_provider *provider, struct error *e);
int validate_resource_set(const struct resource *r, const struct resource_settings *s,
			  struct error *e);
/* The same for what was right when it was made: what became of the devices since is its state. */
int validate_vnet_restore(const struct manager *m, const char *name, const struct vnet_settings *s,
			  struct error *e);
int validate_resource_restore(const struct vnet *v, const char *name,
			      const struct resource_settings *s, struct error *e);
/* Does a provider that takes no more than @max_sdu bytes (0: any) fit the vnet? */
int validate_max_sdu(const struct vnet *v, uint32_t max_sdu, const char *label, struct error *e);
/* May this device be the upper of the vnet? Also used when it appears later. */
int validate_upper(const struct vnet *v, const struct link *l, struct error *e);
/* May this device be bound to the resource? Also used when it appears later. */
int validate_device(const struct resource *r, const struct link *l, struct error *e);
/* Whether it exists or not, no device is promised twice: 0, or -EBUSY. */
int validate_device_free(const struct manager *m, const char *device, const char *label,
			 struct error *e);

/* No device of a flow's own: they come and go with it. @field: of the setting that names it. */
int validate_not_of_flow(const struct manager *m, const struct link *l, const char *label,
			 const char *field, struct error *e);

/* The same for uplinks and their members; validate_uplink.c. */
int validate_uplink_restore(const struct manager *m, const char *name,
			    const struct uplink_settings *s, struct error *e);
int validate_uplink_add(const struct manager *m, const char *name, const struct uplink_settings *s,
			struct error *e);
int validate_uplink_set(const struct uplink *u, const struct uplink_settings *s, struct error *e);
int validate_uplink_device(const struct uplink *u, const struct link *l, struct error *e);
/* Does a vnet of these settings fit the uplink that it is, or will be, on? */
int validate_member(const struct uplink *u, const char *vnet, const struct vnet_settings *s,
		    struct error *e);

/*
 * Can frames of @owner's flow @label go there? Not asked of what is kept: what a target needs may
 * come later. validate_flow.c.
 */
int validate_target(const struct manager *m, const struct manager_flow_owner *owner,
		    const struct settings_target *t, const char *label, struct error *e);
/* What the vnet of that name has on the uplink; NULL: nothing, or it is about to go. */
struct resource *uplink_member(const struct uplink *u, const char *vnet);

#endif
