/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A manager over a kernel in memory, for the tests of the core: made, changed by words as a user
 * writes them, and looked at as a whole.
 */
#ifndef VNET_TESTS_UNIT_WORLD_H
#define VNET_TESTS_UNIT_WORLD_H

#include "../../daemon/manager_internal.h"
#include "fake_kernel.h"
#include "unit.h"

/* Addresses that the tests use. */
#define WORLD_MAC  "02:00:00:00:00:01"
#define WORLD_PEER "02:00:00:00:00:02"

struct world {
	struct fake_kernel *k;
	struct manager *m;
	struct error e; /* of the last change that was tried */
	bool save_fails;
	bool vfs_refused; /* a VF may not have taken back what it had */
	unsigned int saves;
	char *kept;	    /* what was last saved, as JSON; NULL: nothing yet */
	char state[300];    /* for world_state() */
	char events[65536]; /* "vnet-added vnet0\n", "path-switched vnet0 unicast h1 s\n" ... */
};

struct world *world_new(void);
void world_free(struct world *w);

/* A device that the monitor has told of. */
struct link *world_device(struct world *w, const char *name);
/* Changes something on a device, and the monitor tells of it. */
void world_carrier(struct world *w, const char *name, bool carrier);
void world_up(struct world *w, const char *name, bool up);
/* Time passes, and what is due in it happens when it is due. */
void world_pass(struct world *w, uint64_t us);
void world_rename(struct world *w, const char *name, const char *to);
/* Deletes a device, and the other end of a pair with it; the monitor tells of both. */
void world_delete(struct world *w, const char *name);

/*
 * Keys and values up to a NULL, as a user writes them. world_try_*: 0 or -errno with the error in
 * w->e; the others have to succeed.
 */
int world_try_vnet(struct world *w, const char *name, ...) __attribute__((sentinel));
int world_try_set(struct world *w, const char *name, ...) __attribute__((sentinel));
int world_try_resource(struct world *w, const char *vnet, const char *name, ...)
	__attribute__((sentinel));
int world_try_resource_set(struct world *w, const char *vnet, const char *name, ...)
	__attribute__((sentinel));
#define world_vnet(w, ...)	   world_done(w, world_try_vnet(w, __VA_ARGS__, NULL))
#define world_set(w, ...)	   world_done(w, world_try_set(w, __VA_ARGS__, NULL))
#define world_resource(w, ...)	   world_done(w, world_try_resource(w, __VA_ARGS__, NULL))
#define world_resource_set(w, ...) world_done(w, world_try_resource_set(w, __VA_ARGS__, NULL))
int world_try_uplink(struct world *w, const char *name, ...) __attribute__((sentinel));
int world_try_uplink_set(struct world *w, const char *name, ...) __attribute__((sentinel));
/* A vnet on an uplink, in one change. */
int world_try_vnet_on(struct world *w, const char *uplink, const char *name, ...)
	__attribute__((sentinel));
#define world_uplink(w, ...)  world_done(w, world_try_uplink(w, __VA_ARGS__, NULL))
#define world_vnet_on(w, ...) world_done(w, world_try_vnet_on(w, __VA_ARGS__, NULL))
int world_try_flow(struct world *w, const char *owner, const char *name, ...)
	__attribute__((sentinel));
int world_try_flow_set(struct world *w, const char *owner, const char *name, ...)
	__attribute__((sentinel));
#define world_flow(w, ...)     world_done(w, world_try_flow(w, __VA_ARGS__, NULL))
#define world_flow_set(w, ...) world_done(w, world_try_flow_set(w, __VA_ARGS__, NULL))
struct flow *world_find_flow(struct world *w, const char *owner, const char *name);
void world_done(struct world *w, int err);
void world_vnet_del(struct world *w, const char *name);
void world_resource_del(struct world *w, const char *vnet, const char *name);

struct uplink *world_find_uplink(struct world *w, const char *name);
/* "up", "waiting: device n0 does not exist" */
const char *world_uplink_state(struct world *w, const char *name);
struct vnet *world_find(struct world *w, const char *vnet);
struct resource *world_find_resource(struct world *w, const char *vnet, const char *name);

/* "up", "down: device s0 has no carrier" */
const char *world_state(struct world *w, const char *vnet, const char *name);

/* vnet0, undamped, with service s (device s0), guest g (g0, WORLD_PEER), hybrids h1, h2 (h10, h20;
 * priorities 10, 20). */
void world_usual(struct world *w);

/*
 * The monitor tells of every device as it is now, as the kernel does after each change of ours.
 * Nothing may follow from it.
 */
void world_news(struct world *w);

/* Everything: kernel, manager, what was kept. The caller frees it. */
char *world_text(struct world *w);

/* Both are the same text; else @what and the first line that differs are told. */
void world_same(const char *what, const char *before, const char *after);

/* The daemon is killed and started: it finds all as it left it, and calls nothing. */
void world_restart(struct world *w);

/* The error of what was refused just now. */
void world_refused(struct world *w, int err, enum error_kind kind, int number, const char *object,
		   const char *field, const char *message);

/* Is what is in the kernel what follows from the objects, by the words of the design alone? */
void world_check(struct world *w);

/* What the oracle expects there to be of each, in sum. */
struct world_sums {
	size_t ports;
	size_t resources;
	size_t fdb;
	size_t vlans;
	size_t hooks;
	size_t devices;
	size_t filters;
};

/* That of flows that programs have opened. */
void world_check_xsks(struct world *w, struct world_sums *sums);
/* The part of it on uplinks, and on one member: its FDB entries, its filter. */
void world_check_uplinks(struct world *w, struct world_sums *sums);
void world_check_member(struct world *w, const struct resource *r, struct world_sums *sums);
enum resource_state world_member_state(const struct world *w, const struct resource *r);

/* The part of it on queues of frames under limits; is there one on the device of @r, on the port of
 * @v? */
void world_check_queues(struct world *w);
bool world_queue_of(const struct world *w, const struct resource *r);
bool world_queue_of_port(const struct world *w, const struct vnet *v);

/* The part of it on protection and storm limits; the flags that they are in the row of a vnet. */
void world_check_protect(struct world *w);
uint32_t world_protect_flags(const struct vnet *v);

/* What a virtual function's NIC has to keep of it. Returns how many filters there are for it. */
size_t world_vf_check(const struct world *w, const struct resource *r);
/* The device that is the resource's, be it bound or not; empty: there is none. */
const char *world_device_name(const struct world *w, const struct resource *r);

/* What has to be of XDP at the device @l of the resource, or of the upper side (@r NULL). Returns
 * how many programs are there. */
size_t world_xdp_check(const struct world *w, const struct vnet *v, const struct resource *r,
		       const struct link *l);
/* The same of an uplink's device, and what is redirected to it. */
size_t world_xdp_check_uplink(const struct world *w, const struct uplink *u, const struct link *l);
bool world_xdp_attached(const struct world *w, const struct vnet *v, const struct link *l);
/* May XDP redirect frames to it? */
bool world_xdp_takes(const struct world *w, const struct vnet *v, const struct link *l);
/* Is one of the flows led to what of that kind is there? Are some, of the uplink or a vnet on it,
 * led to CPUs? What has to be of their program at the device; returns how many are there. */
bool world_led(const struct flow *flows, enum settings_to to);
bool world_uplink_spreads(const struct uplink *u);
size_t world_spread_check(const struct world *w, const struct link *l, bool wanted);
/* After any single write: no flag refers to a row that is not there. */
void world_check_protect_now(struct fake_kernel *k);

/* The daemon stops and starts over the same kernel, with what was kept. */
void world_stop(struct world *w);
void world_start(struct world *w);

void world_forget_events(struct world *w);
void world_forget_journal(struct world *w);

/* Where line @a comes before line @b in @text, both are there. */
void world_in_order(const char *text, const char *a, const char *b);

#endif
