/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The programs and maps in the kernel, by libbpf. Opened on first need; pinned under
 * BPFFS/INSTANCE/ (0700, pins 0600), so that they outlive the daemon and are adopted by the next
 * one. The functions of struct kernel_ops.
 */
#ifndef VNETD_DATAPATH_H
#define VNETD_DATAPATH_H

#include "error.h"
#include "kernel.h"

struct datapath;

struct datapath_options {
	const char *bpffs;    /* a folder on a mounted bpffs; made if its parent is there */
	const char *instance; /* name of the folder below it */
	/* Act as on a kernel without it. */
	bool no_tcx;
	bool no_device_state; /* that programs could look at */
	bool no_xdp;
};

struct datapath_features {
	bool tcx;
	bool xdp;	    /* the programs for it are loaded; a device may still not take them */
	bool carrier_check; /* programs notice by themselves that a device is of no use */
};

/* Remembers the options and touches nothing. */
int datapath_new(const struct datapath_options *options, struct datapath **ret);

/* Lets go of everything and leaves it pinned and forwarding. */
void datapath_free(struct datapath *d);

/*
 * Loads the programs over the pinned maps, or makes the maps. Called by the first function that
 * needs it as well; calling it first gives the sentence in @e: no bpffs there and how to mount one,
 * maps of another version, the end of the verifier's log.
 */
int datapath_open(struct datapath *d, struct error *e);

bool datapath_is_open(const struct datapath *d);

/* After datapath_open(); what needs loaded programs is false before. */
void datapath_probe(struct datapath *d, struct datapath_features *ret);

bool datapath_sees_devices(void *datapath);
int datapath_attach(void *datapath, enum kernel_hook hook, uint32_t ifindex,
		    enum kernel_attach *ret);
bool datapath_attached(void *datapath, enum kernel_hook hook, uint32_t ifindex);
int datapath_detach(void *datapath, enum kernel_hook hook, uint32_t ifindex);
/* For one of many: at once where that is quick, else by datapath_detach_one(). */
int datapath_detach_later(void *datapath, enum kernel_hook hook, uint32_t ifindex);
/* How many are still to be detached, and detaching the next of them, which takes some 10 ms. */
size_t datapath_leaving_count(const struct datapath *d);
void datapath_detach_one(struct datapath *d);
int datapath_port_write(void *datapath, uint32_t ifindex, const struct abi_port *port);
int datapath_vnet_write(void *datapath, uint32_t vnet, const struct abi_vnet *row);
int datapath_resource_write(void *datapath, uint32_t resource, const struct abi_resource *row);
int datapath_fdb_write(void *datapath, const struct abi_fdb_key *key, uint32_t resource);
int datapath_vlans_write(void *datapath, const struct abi_vlans_key *key,
			 const struct abi_vlans *row);
int datapath_device_write(void *datapath, uint32_t ifindex, bool there);
int datapath_storm_write(void *datapath, const struct abi_storm_key *key,
			 const struct abi_storm *row);
int datapath_allowed_write(void *datapath, const struct abi_allowed_key *key, bool there);
int datapath_uplink_write(void *datapath, uint32_t uplink, const struct abi_uplink *row);
int datapath_uplink_read(void *datapath, uint32_t uplink, struct abi_uplink *ret);
int datapath_member_write(void *datapath, uint32_t uplink, uint32_t resource, bool there);
int datapath_address_write(void *datapath, const struct abi_address_key *key,
			   const struct abi_holder *holder);
int datapath_address_read(void *datapath, const struct abi_address_key *key,
			  struct abi_holder *ret);
int datapath_addresses_each(void *datapath,
			    int (*visit)(void *context, const struct abi_address_key *key,
					 const struct abi_holder *holder),
			    void *context);
int datapath_learner_write(void *datapath, uint32_t resource, bool there);

/*
 * Flow @number, whose @rule says which frames it takes, and @row what is done with them; both NULL:
 * none. Idempotent, and a change is felt by the next frame: each meets the old flow or the new one.
 * The owner's row has its flag (ABI_VNET_FLOWS, ABI_UPLINK_FLOWS) after its first flow, and loses
 * it before its last one goes; the flow's row in `limits` is there before ABI_FLOW_LIMIT says so.
 * -EINVAL: rule->match is not valid (flow_match_is_valid()); -EALREADY: another flow of the owner
 * has the same match and rank in the same direction; -ENOSPC: more shapes than ABI_FLOW_LIST_MAX
 * in a direction of the owner (each different combination of prefix lengths, of what is looked at
 * and, for a range of ports, of its blocks), or more rows than ABI_FLOW_TABLE_MAX. On failure all
 * is as it was. At a start, over maps that are there, rows are written by the sweep.
 *
 * A target is in the row. ABI_TARGET_VNET, of an uplink's flow, has the number of the vnet's member
 * there; ABI_TARGET_CPU a CPU for which datapath_cpu_write() was called before. Their owners' flags
 * (ABI_UPLINK_TARGETS; ABI_VNET_CPU, ABI_UPLINK_CPU) come and go like the others. For a CPU there
 * has to be a program of KERNEL_HOOK_XDP_CPU or ..._CPU_GENERIC, or of the vnet's XDP mode, at the
 * devices that the frames come in by. Kind and target change in one: no frame meets half of it.
 */
int datapath_flow_write(void *datapath, uint32_t number, const struct flow_rule *rule,
			const struct abi_flow *row);
int datapath_flow_read(void *datapath, uint32_t number, struct abi_flow *ret);
int datapath_xsk_write(void *datapath, uint32_t place, int socket);
int datapath_flow_counters(void *datapath, uint32_t flow, struct abi_flow_counters *ret);
/* @row: by flow_limit_row(); NULL: none. What has passed is forgotten if the limit is another one.
 */
int datapath_limit_write(void *datapath, const struct abi_limit_key *key,
			 const struct abi_limit *row);
/*
 * Frames may be handed to CPU @cpu, which then has a thread for them. Idempotent. -ENODEV: the host
 * can have no such CPU; that it is online is the caller's to know: on one that is not they would
 * wait. @there false: after the last flow for it is gone.
 */
int datapath_cpu_write(void *datapath, uint32_t cpu, bool there);
int datapath_vnet_read(void *datapath, uint32_t vnet, struct abi_vnet *ret);
int datapath_resource_read(void *datapath, uint32_t resource, struct abi_resource *ret);
int datapath_fdb_read(void *datapath, const struct abi_fdb_key *key, uint32_t *ret);
int datapath_vlans_read(void *datapath, const struct abi_vlans_key *key, struct abi_vlans *ret);
int datapath_counters(void *datapath, uint32_t resource, struct abi_counters *ret);
int datapath_drops(void *datapath, uint32_t vnet, struct abi_drops *ret);
int datapath_pair_mark(void *datapath, const char *name, bool ours);
int datapath_device_mark(void *datapath, uint32_t ifindex, const char *text);
int datapath_device_marks_each(void *datapath,
			       int (*each)(void *context, uint32_t ifindex, const char *text),
			       void *context);
int datapath_filter_mark(void *datapath, uint32_t ifindex, uint32_t place, const char *text);
int datapath_filter_marks_each(void *datapath,
			       int (*each)(void *context, uint32_t ifindex, uint32_t place,
					   const char *text),
			       void *context);
int datapath_vf_mark(void *datapath, uint32_t pf, uint32_t index, const char *text);
int datapath_vf_marks_each(void *datapath,
			   int (*each)(void *context, uint32_t pf, uint32_t index,
				       const char *text),
			   void *context);
int datapath_pairs_each(void *datapath, int (*each)(void *context, const char *name),
			void *context);
int datapath_sweep(void *datapath, const struct kernel_wanted *wanted);
int datapath_flush(void *datapath);

/*
 * A text that lies beside the pins and goes with them: the copy of the state file. Replaced whole
 * or not at all. Without an open data path nothing is written; reading gives -ENOENT if there is
 * none.
 */
int datapath_memory_write(struct datapath *d, const char *text, size_t len_bytes);

/* @ret: the caller frees it; a NUL is behind the last byte. */
int datapath_memory_read(struct datapath *d, char **ret, size_t *ret_len_bytes);

/* Where it is, for sentences, in @ret of PATH_MAX bytes. */
const char *datapath_memory_path(const struct datapath *d, char *ret);

/* Which of its lives the open data path is in; 0: it is not open. */
unsigned int datapath_generation(const struct datapath *d);

/* The kernel's numbers of the loaded programs; how many. */
size_t datapath_programs(const struct datapath *d, uint32_t *ret, size_t max);

/*
 * Before datapath_open(). @ids: of programs that an earlier daemon loaded. If they are attached to
 * devices while nothing is pinned here, then their pins are out of sight, and what we attach would
 * come on top: -EBUSY, and what to do in @e.
 */
int datapath_check_strays(struct datapath *d, const uint32_t *ids, size_t count, struct error *e);

/* The folders that hold pins; borrowed. How many. */
#define DATAPATH_FOLDERS 7
size_t datapath_folders(const struct datapath *d, const char *ret[DATAPATH_FOLDERS]);

/* Pins again, and says so, what somebody has unpinned. Links are not looked at. */
int datapath_repin(struct datapath *d, struct error *e);

#endif
