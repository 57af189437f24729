/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the kernel follow: desired and observed state in, requests and map writes out. Every
 * function here is idempotent: called again with nothing new, it changes nothing.
 *
 * The order inside is what keeps frames from being lost: a device is attached before any path leads
 * over it, and every path has left it before it is let go.
 */
#ifndef VNETD_RECONCILE_H
#define VNETD_RECONCILE_H

#include "manager.h"

/* The vnet whole: upper, resources, paths. The first failure is returned, the rest is done all the
 * same. */
int reconcile_vnet(struct vnet *v, struct error *e);

/* The upper alone: made or found, its MAC and MTU, where vnet_tx is attached; reconcile_upper.c. */
int reconcile_upper(struct vnet *v, struct error *e);
void reconcile_upper_remove(struct vnet *v);
/*
 * The upper's or the port's device is gone. True: the vnet is to be removed with it, and has
 * nothing to do with the device any more.
 */
bool reconcile_upper_gone(struct vnet *v, uint32_t ifindex);
/* Takes over the name that an existing upper goes by now. */
void reconcile_upper_follow_name(struct vnet *v);

/* What an error of attaching a device means; reconcile.c. */
const char *reconcile_attach_error(int err);

/* One resource and what follows from it; reconcile_resource.c. A failure is its state, too. */
int reconcile_resource(struct resource *r, struct error *e);
/* Paths leave it, then its device gets back what it had. */
void reconcile_resource_remove(struct resource *r);
/*
 * If its device is lost, the paths leave it at once. All else may have to wait for the kernel,
 * which is busy while a device or a namespace is deleted.
 */
void reconcile_resource_withdraw(struct resource *r);
/* Its device is gone: there is nothing to give back. */
void reconcile_resource_gone(struct resource *r);
/* Takes over the name that its device goes by now. */
void reconcile_resource_follow_name(struct resource *r);

/* What its provider says of it now, to be looked at by reconcile_resource(); it is kept. */
void reconcile_resource_report(struct resource *r, enum desired_report report, const char *reason);

/* The device @l is made what @r needs; what it was before is remembered in @r, and given back at
 * the end; reconcile_device.c. */
int reconcile_device(struct resource *r, const struct link *l, struct error *e);
void reconcile_device_give_back(struct resource *r);
/* Its fields that are in @before->set become what they were. 0 or -errno */
int reconcile_device_restore(struct manager *m, const struct link *l,
			     const struct kernel_link_change *before);
/* A tap goes with its resource, whoever may have kept a descriptor of it. */
void reconcile_device_delete(struct resource *r);

/* What differs from @l of @want is changed, and what it was remembered in @saved; given back by
 * reconcile_device_return(), of which @label is told if it fails. @address: of a vnet that the
 * device may have in its filter, else its own. */
int reconcile_device_change(struct manager *m, struct desired_saved *saved, const struct link *l,
			    const uint8_t *address, struct kernel_link_change want);
void reconcile_device_return(struct manager *m, struct desired_saved *saved, uint32_t ifindex,
			     const char *label);
/* The device of @r receives frames for @address, NULL: for none beside its own. */
void reconcile_device_filter(struct resource *r, const uint8_t *address);

/*
 * Uplinks; reconcile_uplink.c. The device with its row and programs alone, and with all members.
 */
int reconcile_uplink_device(struct uplink *u, struct error *e);
int reconcile_uplink(struct uplink *u, struct error *e);
int reconcile_uplink_row(struct uplink *u); /* 0 or -errno */
/* Its device is gone: there is nothing to give back. */
void reconcile_uplink_gone(struct uplink *u);
/* It has no members any more. */
void reconcile_uplink_remove(struct uplink *u);
void reconcile_uplink_follow_name(struct uplink *u);

/* A member of an uplink; reconcile_member.c. */
int reconcile_member(struct resource *r, struct error *e);
void reconcile_member_remove(struct resource *r); /* after all paths have left it */
void reconcile_member_gone(struct resource *r);	  /* with the uplink's device */

/* The rows of `addresses` of an uplink; reconcile_address.c. 0 or -errno. */
int reconcile_addresses(struct uplink *u);
void reconcile_addresses_remove(struct uplink *u);
/* An address has come to, or left, the device. */
void reconcile_address_news(struct manager *m, uint32_t ifindex);
/* Is this a row that it should have? */
bool reconcile_address_holds(const struct uplink *u, const struct abi_address_key *key,
			     uint32_t resource);

/*
 * Flows and limits; reconcile_flow.c. A limit's row is there before reconcile_limit() returns, and
 * goes in reconcile_limit_end() if there is none any more (@limits NULL or empty), which is to be
 * called when nothing refers to it. @written: as last written, kept by the owner. 0 or -errno.
 */
int reconcile_limit(struct manager *m, enum abi_limit_kind kind, uint32_t number,
		    const struct settings_limits *limits, struct settings_limits *written);
int reconcile_limit_end(struct manager *m, enum abi_limit_kind kind, uint32_t number,
			const struct settings_limits *limits, struct settings_limits *written);
bool reconcile_limit_is_set(const struct settings_limits *limits);
int reconcile_flow(struct flow *f, struct error *e);
void reconcile_flow_remove(struct flow *f);
/* Is one of them in the maps, and stays there? */
bool reconcile_flows_any(const struct flow *flows);

/*
 * Queues in which frames under a limit wait for their time (fq), where the device can have one;
 * reconcile_queue.c. What a resource, the port of a vnet or an uplink's device needs is there
 * before the row that says so is written, and is taken away in .._end(), after the row says so no
 * more.
 */
void reconcile_queue(struct resource *r);
void reconcile_queue_end(struct resource *r);
void reconcile_queue_port(struct vnet *v);
void reconcile_queue_port_end(struct vnet *v);
void reconcile_queue_uplink(struct uplink *u);
/* It has no rows any more, or the uplink's device is gone. */
void reconcile_queue_leave(struct resource *r);
/* The limits of a vnet's or an uplink's flows have changed. */
void reconcile_queue_flows(struct vnet *v);
bool reconcile_queue_is_on(const struct resource *r);

/*
 * Targets of flows; reconcile_target.c. reconcile_target(): where its frames are to go now, and in
 * @reason why not where the setting says. Around the writing of the row: ..._hold() gets what it
 * refers to, 0 or -errno, and ..._end() lets go of what the old one referred to, or if it was not
 * written of the new. Around its removal: ..._leave() before the owner's flags, ..._forget() after
 * the row. ..._begin(): it is taken up from the state, as it was.
 */
#define RECONCILE_TARGET_REASON_SIZE 128
struct flow_target reconcile_target(const struct flow *f, char *reason, size_t size);
void reconcile_target_begin(struct flow *f);
int reconcile_target_hold(struct flow *f, struct flow_target *ret);
int reconcile_target_end(struct flow *f, struct flow_target now, bool written);
/* Among its owner's flows for CPUs are those that the programs have to see to. */
void reconcile_target_count(struct flow *f);
void reconcile_target_leave(struct flow *f);
int reconcile_target_forget(struct flow *f);
/* The flows that lead to @v, after it has come to the uplink, and before it leaves it. */
int reconcile_targets(struct uplink *u, const struct vnet *v, struct error *e);
bool reconcile_target_has_cpu(const struct manager *m, uint32_t cpu); /* is some flow for it? */
/* CPUs come and go, and nobody tells; while some flow is for one. */
uint64_t reconcile_targets_due_us(const struct manager *m);
void reconcile_targets_run(struct manager *m, uint64_t now_us);
void reconcile_targets_free(struct manager *m);

/*
 * The program that hands frames to CPUs; reconcile_cpu.c. At the device of a resource or an uplink,
 * or at all of a flow's owner. ..._yield(): another program is to be there; ..._release(): the
 * device is let go of.
 */
void reconcile_cpu_resource(struct resource *r);
void reconcile_cpu_resource_yield(struct resource *r);
void reconcile_cpu_resource_release(struct resource *r);
void reconcile_cpu_uplink(struct uplink *u);
void reconcile_cpu_uplink_yield(struct uplink *u);
void reconcile_cpu_uplink_release(struct uplink *u);
void reconcile_cpu_owner(struct vnet *v, struct uplink *u);
/* By whom a flow's frames are handed over: how many devices' drivers, and how many times the stack.
 * @reason: why not at a device, borrowed; NULL: at all. */
struct reconcile_cpu_ways {
	size_t native, generic;
	const char *reason;
};
struct reconcile_cpu_ways reconcile_cpu_ways(const struct flow *f);

/*
 * Flows to CPUs by the NICs themselves; reconcile_steer.c. reconcile_steer(): as its target says,
 * after its row is written, and when it is leaving. ..._had(): an earlier daemon had left it to
 * them. ..._device(): there is another device for the flows of @v, or of @u; ..._release(): it is
 * let go of. ..._load(), ..._sweep(): as of marks.
 */
void reconcile_steer(struct flow *f);
bool reconcile_steer_had(const struct flow *f);
void reconcile_steer_device(struct vnet *v, struct uplink *u);
void reconcile_steer_release(struct manager *m, uint32_t ifindex);
int reconcile_steer_load(struct manager *m);
void reconcile_steer_sweep(struct manager *m);
void reconcile_steer_free(struct manager *m);

/*
 * Offloads, KERNEL_OFFLOAD_BIT()s; reconcile_offload.c. Those in @set become as in @on, the others
 * as they were. @o, kept by the caller: what will be given back. 0 or -errno.
 */
#define RECONCILE_XDP_RX                                                                           \
	(KERNEL_OFFLOAD_BIT(RX_VLAN) | KERNEL_OFFLOAD_BIT(RX_STAG) | KERNEL_OFFLOAD_BIT(LRO))
int reconcile_offloads(struct manager *m, const struct link *l, struct desired_offloads *o,
		       unsigned int set, unsigned int on);
int reconcile_offloads_return(struct manager *m, struct desired_offloads *o);

/*
 * Flows for AF_XDP sockets; reconcile_xsk.c. ..._open(): @frames is a power of two; the socket is
 * the flow's, its memory the caller's to close; what was open before is replaced. ..._close():
 * frames pass as if nobody had opened it. ..._end(): the same, when the flow's row does not lead
 * there any more. ..._free(): the kernel is left as it is. ..._gone(): a device is. ..._restore():
 * of before a restart, if it is there still; ..._missing() is one whose program has not come again.
 */
int reconcile_xsk_open(struct flow *f, uint32_t frames, int *ret_memory, struct error *e);
void reconcile_xsk_close(struct flow *f);
void reconcile_xsk_end(struct flow *f);
void reconcile_xsk_free(struct flow *f);
void reconcile_xsk_gone(struct manager *m, uint32_t ifindex);
/* News of a device: who takes its program away makes such news of the other end. */
void reconcile_xsk_news(struct manager *m, uint32_t ifindex);
/* Attaches again what is not there; @all: of every flow, else of those of which there was news.
 * Returns how many were not there. */
size_t reconcile_xsk_check(struct manager *m, bool all);
void reconcile_xsk_restore(struct flow *f);
bool reconcile_xsks_missing(const struct manager *m);
void reconcile_xsks_expire(struct manager *m);
/* Whose veth is it, of either end and of either opening? NULL: no flow's. */
const struct flow *reconcile_xsk_of(const struct manager *m, uint32_t ifindex);
/* Is the device, or the pair of that name, that of an opened flow? */
bool reconcile_xsk_has_far(const struct manager *m, uint32_t ifindex);
bool reconcile_xsk_has_pair(const struct manager *m, const char *name);
/*
 * Frames that its socket had no room for, and those that its veth did not take, longer ones among
 * them. 0 or -errno: it is not open, or does not tell.
 */
int reconcile_xsk_missed(struct flow *f, uint64_t *ret);
uint64_t reconcile_xsk_due_us(const struct manager *m);
void reconcile_xsk_run(struct manager *m, uint64_t now_us);

/*
 * Damping; reconcile_hold.c. What is well (@state up) but was lost by its device's fault is down
 * for a while yet, with the reason. reconcile_hold_lost(): it was up and is not any more;
 * reconcile_hold_returned(): it is up; reconcile_hold_pause(): it is not well;
 * reconcile_hold_forget(): it is another device; reconcile_hold_look(): what has happened to the
 * device so far was our own doing.
 */
enum resource_state reconcile_hold(struct resource *r, const struct link *l,
				   enum resource_state state, char *reason, size_t size);
void reconcile_hold_lost(struct resource *r);
void reconcile_hold_returned(struct resource *r);
void reconcile_hold_pause(struct resource *r);
void reconcile_hold_forget(struct resource *r);
void reconcile_hold_look(struct resource *r, const struct link *l);
void reconcile_hold_reason(const struct resource *r, char *buffer, size_t size);
/* Something that carried does not: what is held down and now the last resort returns at once. */
void reconcile_hold_release(struct vnet *v);
uint64_t reconcile_hold_due_us(const struct manager *m);
void reconcile_hold_run(struct manager *m, uint64_t now_us);

/*
 * What the resources of a vnet are kept out for beside what their devices say now: losses, and
 * health. It is noted before a change of the vnet or of @r (NULL: of none), forgotten when an
 * administrator has decided, and put back when his change is refused: then it has ended nothing.
 * reconcile_past_return(): after all else is as it was; what was held down is so again.
 */
void reconcile_past_note(struct vnet *v, struct resource *r);
void reconcile_past_forget(struct resource *r);
void reconcile_past_put_back(struct vnet *v);
void reconcile_past_return(struct vnet *v);

/* What carries the vnet's frames has changed; @multicast: that of multicast, too. The first round
 * is sent here and now; reconcile_announce.c. */
void reconcile_announce(struct vnet *v, bool multicast);
void reconcile_announce_end(struct vnet *v); /* the vnet is going */
uint64_t reconcile_announce_due_us(const struct manager *m);
void reconcile_announce_run(struct manager *m, uint64_t now_us);

/*
 * Health: a hybrid whose device has its carrier and carries nothing; reconcile_health.c.
 * reconcile_health() is true if it has failed, with the reason. reconcile_health_follow(): who of
 * the vnet's is to be looked at now; reconcile_health_forget(): an administrator has decided;
 * reconcile_health_end(): it has no device any more.
 */
bool reconcile_health(struct resource *r, const struct link *l, char *reason, size_t size);
void reconcile_health_follow(struct vnet *v);
void reconcile_health_forget(struct resource *r);
void reconcile_health_end(struct resource *r);
uint64_t reconcile_health_due_us(const struct manager *m);
void reconcile_health_run(struct manager *m, uint64_t now_us);

/* The part of it that asks the neighbour; reconcile_probe.c. reconcile_probe_run(): the next
 * question is due; true: there is another verdict. reconcile_probe_adopt(): its row is an earlier
 * daemon's. */
bool reconcile_probe_run(struct resource *r, uint64_t now_us);
void reconcile_probe_follow(struct resource *r);
void reconcile_probe_forget(struct resource *r);
void reconcile_probe_end(struct resource *r);
void reconcile_probe_adopt(struct resource *r);
bool reconcile_probe_tell(const struct resource *r, char *reason, size_t size);

/*
 * Virtual functions; reconcile_vf.c. None of it does anything for other resources.
 * reconcile_vf(): what the NIC keeps of it is made what the vnet needs, and remembered; its device
 * is looked for. reconcile_vf_bridge(): does the NIC know where the vnet's MAC is, with @l for a
 * device? reconcile_vf_reason(): why there is no device. reconcile_vfs_of(): all of a vnet.
 * reconcile_vf_claim(): what an earlier daemon noted of it and could not keep any more.
 */
void reconcile_vf_begin(struct resource *r);
void reconcile_vf_end(struct resource *r);
void reconcile_vf_claim(struct resource *r);
int reconcile_vf(struct resource *r, struct error *e);
void reconcile_vf_bridge(struct resource *r, const struct link *l);
void reconcile_vf_give_back(struct resource *r);
void reconcile_vf_reason(const struct resource *r, char *buffer, size_t size);
void reconcile_vfs_of(struct vnet *v);
/* Is this device its PF? */
bool reconcile_vf_is_of(const struct resource *r, uint32_t pf, const char *name);
uint64_t reconcile_vf_due_us(const struct manager *m);
void reconcile_vf_run(struct manager *m, uint64_t now_us);

/* What direct peers need of reconcile_resource.c: their state, and the row that follows from it. */
void reconcile_resource_state(struct resource *r, enum resource_state state, const char *reason);
int reconcile_resource_row(struct resource *r);
void reconcile_resource_remove_rows(struct resource *r);
/* No path leads over it any more: it is being removed. */
void reconcile_resource_leave_paths(struct resource *r);
/* Takes over the row of an earlier daemon; false: there is none. */
bool reconcile_resource_adopt(struct resource *r);

/* A direct peer together with its twin; reconcile_peer.c. */
int reconcile_peer(struct resource *r, struct error *e);
/* It is being removed: its twin goes on without it. */
void reconcile_peer_part(struct resource *r);
/* The direct peers that lead to @v, if what they need of it has changed. */
int reconcile_peers(struct vnet *v, struct error *e);
/* The other vnet's resource for this one. NULL: none, or not a direct peer. */
struct resource *reconcile_peer_twin(const struct resource *r);
/* Both ends know each other: frames may take it. True of what is not a direct peer, too. */
bool reconcile_peer_ready(const struct resource *r);
/* A guest's MAC, which of a direct peer is the other vnet's address. NULL: there is no such vnet.
 */
const uint8_t *reconcile_peer_address(const struct manager *m, const struct resource_settings *s);

/*
 * What a vnet may send: its rows of storms and allowed, and the flags that refer to them;
 * reconcile_protect.c. The rows come before the vnet's own, and what is to go goes after it, in
 * reconcile_protect_end(), which is told whether that was written (@err) and returns it.
 */
int reconcile_protect(struct vnet *v);
int reconcile_protect_end(struct vnet *v, int err);
void reconcile_protect_remove(struct vnet *v);
uint32_t reconcile_protect_flags(const struct vnet *v); /* enum abi_vnet_flag */
/* Is this one of the rows that it should have? */
bool reconcile_protect_allows(const struct vnet *v, const struct abi_allowed_key *key);
/* The row of a storm limit, if there is one; and that it is there no longer. @written: the limit as
 * last written, kept by the owner. 0 or -errno. */
int reconcile_storm(struct manager *m, const struct abi_storm_key *key, uint32_t limit,
		    uint32_t *written);
int reconcile_storm_remove(struct manager *m, const struct abi_storm_key *key, uint32_t *written);

/*
 * XDP before TC, where the vnet's mode wants it and the device can; reconcile_xdp.c. None of it
 * fails: what a device refuses is said, and TC serves it. Where vnet_tx or vnet_rx is attached:
 */
void reconcile_xdp_upper(struct vnet *v);
void reconcile_xdp_resource(struct resource *r);
/* Detached, and the offloads are what they were. */
void reconcile_xdp_upper_release(struct vnet *v);
void reconcile_xdp_resource_release(struct resource *r);
/* At an uplink's device, if one of its members wants it. .._member(): this one may want it or not
 * any more; .._member_release(): it is no member any more. */
void reconcile_xdp_uplink(struct uplink *u);
void reconcile_xdp_uplink_release(struct uplink *u);
void reconcile_xdp_member(struct resource *r);
void reconcile_xdp_member_release(struct resource *r);
bool reconcile_xdp_veth(const struct vnet *v, uint32_t ifindex);
/* May frames pass over the device of the resource, straight to its other end? */
bool reconcile_xdp_may_skip(const struct resource *r);

/* Which resource carries what: the chain of hybrids, the vnet's row, its carrier; reconcile_path.c.
 */
int reconcile_path(struct vnet *v, struct error *e);
/* After a restart, once all resources are taken in: what carries by the rows that were there. Only
 * what differs from that is a switch. False: there were none. */
bool reconcile_path_found(struct vnet *v);
/* The registered hybrid that carries now, NULL: none. */
struct resource *reconcile_path_hybrid(const struct vnet *v);
/* The row of VLANs at @key becomes @set; 0 or -errno. */
int reconcile_vlans(struct manager *m, const struct abi_vlans_key *key, const struct vlan_set *set);

/* FDB entries of a guest; fdb.c. */
int reconcile_fdb(struct resource *r, struct error *e);
/*
 * Would the entries of a guest with settings @s, under a vnet with settings @of_vnet, be those of
 * another guest? @self: the guest itself, NULL: it is new. 0 or -EEXIST.
 */
int reconcile_fdb_check(const struct vnet *v, const struct vnet_settings *of_vnet,
			const struct resource *self, const struct resource_settings *s,
			const char *label, struct error *e);
/* The same for a guest that is there, if its MAC were @peer. */
int reconcile_fdb_check_peer(const struct resource *r, const uint8_t *peer, struct error *e);
void reconcile_fdb_remove(struct resource *r);

#endif
