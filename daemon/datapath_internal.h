/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data path's inside, for the datapath*.c files alone. */
#ifndef VNETD_DATAPATH_INTERNAL_H
#define VNETD_DATAPATH_INTERNAL_H

#include "attach.h"
#include "datapath.h"
#include "loader.h"
#include "rows.h"

enum folder {
	FOLDER_MAPS,
	FOLDER_PROGRAMS,
	FOLDER_LINKS,
	FOLDER_FILTERS,
	FOLDER_PAIRS,
	FOLDER_DEVICES,
	FOLDER_END
};

struct datapath {
	char *bpffs;
	char *root; /* BPFFS/INSTANCE */
	char *folders[FOLDER_END];
	char *staging; /* BPFFS/INSTANCE/maps_new: maps on their way to being FOLDER_MAPS */
	bool no_tcx;
	bool no_device_state;
	bool no_xdp;
	bool open;
	unsigned int generation; /* how often it was opened */
	struct attach_place place;
	struct loader_set set;
	int old_programs[LOADER_PROGRAM_END]; /* of the daemon before us, until the sweep; or -1 */
	struct rows_cpus *cpus;
	int64_t patience_us; /* how long may be waited for tcx: datapath_way.c */
	uint64_t patience_at_us;
	struct datapath_leaving *leaving; /* hash: datapath_leave.c */
	struct flow_table *flows;	  /* while it is open: datapath_flows.c */
};

/* How a device is to be attached, and that it took from @began_us until now: datapath_way.c. */
void datapath_way_init(struct datapath *d);
enum kernel_attach datapath_way_choose(struct datapath *d, enum kernel_hook hook, uint32_t ifindex);
uint64_t datapath_way_now_us(void);
void datapath_way_waited(struct datapath *d, uint64_t began_us);

/* It is to be detached by datapath_detach_one(); or not any more. 0 or -ENOMEM. */
int datapath_leave(struct datapath *d, enum kernel_hook hook, uint32_t ifindex);
void datapath_stay(struct datapath *d, enum kernel_hook hook, uint32_t ifindex);
bool datapath_is_leaving(const struct datapath *d, enum kernel_hook hook, uint32_t ifindex);
void datapath_forget_leaving(struct datapath *d);

/* For who does not add: after a flush there is nothing (-ENOENT), and nothing is made for it. */
int datapath_open_if_there(struct datapath *d);

/* Lets go of the programs of the daemon before us. */
void datapath_forget_old(struct datapath *d);

/* Makes what is missing of BPFFS/INSTANCE and its folders. */
int datapath_make_folders(struct datapath *d, struct error *e);

/* Loads the programs over the pinned maps, or over new ones that become pinned; all or nothing. */
int datapath_load(struct datapath *d, struct loader_set *set, struct error *e);
/* After a change of what the programs remember: the maps that struct abi_meta names. */
int datapath_next_generation(struct datapath *d);

/* With the maps open: what flows an earlier daemon has left is known, and stays until the sweep. */
int datapath_flows_open(struct datapath *d);
void datapath_flows_close(struct datapath *d);
int datapath_flows_sweep(struct datapath *d, const struct kernel_wanted *wanted);
/* Of the array alone, and the counters; NULL: none. */
int datapath_flow_row_write(struct datapath *d, uint32_t flow, const struct abi_flow *row);
int datapath_pairs_forget(struct datapath *d);
int datapath_devices_forget(struct datapath *d);
int datapath_memory_remove(struct datapath *d);

#endif
