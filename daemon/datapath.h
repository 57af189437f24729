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
int datapath_vnet_read(void *datapath, uint32_t vnet, struct abi_vnet *ret);
int datapath_resource_read(void *datapath, uint32_t resource, struct abi_resource *ret);
int datapath_fdb_read(void *datapath, const struct abi_fdb_key *key, uint32_t *ret);
int datapath_vlans_read(void *datapath, const struct abi_vlans_key *key, struct abi_vlans *ret);
int datapath_counters(void *datapath, uint32_t resource, struct abi_counters *ret);
int datapath_drops(void *datapath, uint32_t vnet, struct abi_drops *ret);
int datapath_sweep(void *datapath, const struct kernel_wanted *wanted);
int datapath_flush(void *datapath);

#endif
