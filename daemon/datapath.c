// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BPFFS/INSTANCE/maps      the maps, by name; `meta` is pinned last, and so marks a whole set
 *                programs  the programs, so that the next daemon can name what it replaces
 *                links     the tcx links      \ attach.h
 *                filters   the clsact marks   /
 *                pairs     the names of the pairs of devices that we make: datapath_pairs.c
 *                state     a copy of the state file: datapath_memory.c
 *
 * Of what the kernel knows nothing is kept in memory but descriptors of maps and programs.
 */
#include "datapath_internal.h"

#include <errno.h>
#include <sys/stat.h>

#include "log.h"
#include "pin.h"
#include "tcx.h"

static const char *const folder_names[FOLDER_END] = {
	[FOLDER_MAPS] = "maps",	      [FOLDER_PROGRAMS] = "programs", [FOLDER_LINKS] = "links",
	[FOLDER_FILTERS] = "filters", [FOLDER_PAIRS] = "pairs",	      [FOLDER_DEVICES] = "devices",
};

static const enum loader_program hook_programs[KERNEL_HOOK_END] = {
	[KERNEL_HOOK_TX_EGRESS] = LOADER_TX,
	[KERNEL_HOOK_TX_INGRESS] = LOADER_TX,
	[KERNEL_HOOK_RX] = LOADER_RX,
	[KERNEL_HOOK_XDP_TX] = LOADER_XDP_TX,
	[KERNEL_HOOK_XDP_RX] = LOADER_XDP_RX,
	[KERNEL_HOOK_UPLINK] = LOADER_UPLINK,
	[KERNEL_HOOK_UPLINK_TX] = LOADER_UPLINK_TX,
	[KERNEL_HOOK_XDP_UPLINK] = LOADER_XDP_UPLINK,
	[KERNEL_HOOK_XDP_CPU] = LOADER_XDP_CPU,
	[KERNEL_HOOK_XDP_CPU_GENERIC] = LOADER_XDP_CPU_GENERIC,
	[KERNEL_HOOK_XDP_XSK] = LOADER_XDP_XSK,
};

/* --- a life --- */

static bool instance_is_valid(const char *name)
{
	return *name && !strpbrk(name, "/.");
}

int datapath_new(const struct datapath_options *options, struct datapath **ret)
{
	struct datapath *d;

	if (!*options->bpffs || !instance_is_valid(options->instance))
		return -EINVAL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->no_tcx = options->no_tcx;
	d->no_device_state = options->no_device_state;
	d->no_xdp = options->no_xdp;
	loader_set_init(&d->set);
	for (int i = 0; i < LOADER_PROGRAM_END; i++)
		d->old_programs[i] = -1;
	d->bpffs = strdup(options->bpffs);
	if (!d->bpffs || asprintf(&d->root, "%s/%s", options->bpffs, options->instance) < 0) {
		d->root = NULL;
		goto no_memory;
	}
	for (int i = 0; i < FOLDER_END; i++)
		if (asprintf(&d->folders[i], "%s/%s", d->root, folder_names[i]) < 0) {
			d->folders[i] = NULL;
			goto no_memory;
		}
	if (asprintf(&d->staging, "%s_new", d->folders[FOLDER_MAPS]) < 0) {
		d->staging = NULL;
		goto no_memory;
	}
	d->place.links = d->folders[FOLDER_LINKS];
	d->place.filters = d->folders[FOLDER_FILTERS];
	loader_route_log();
	*ret = d;
	return 0;
no_memory:
	datapath_free(d);
	return -ENOMEM;
}

void datapath_forget_old(struct datapath *d)
{
	for (int i = 0; i < LOADER_PROGRAM_END; i++) {
		util_closep(&d->old_programs[i]);
		d->old_programs[i] = -1;
	}
}

static void datapath_close(struct datapath *d)
{
	d->open = false;
	datapath_forget_leaving(d);
	datapath_forget_old(d);
	loader_set_close(&d->set);
	datapath_flows_close(d);
	rows_cpus_free(UTIL_TAKE_PTR(d->cpus));
}

void datapath_free(struct datapath *d)
{
	if (!d)
		return;
	datapath_close(d);
	for (int i = 0; i < FOLDER_END; i++)
		free(d->folders[i]);
	free(d->staging);
	free(d->root);
	free(d->bpffs);
	free(d);
}

bool datapath_is_open(const struct datapath *d)
{
	return d->open;
}

void datapath_probe(struct datapath *d, struct datapath_features *ret)
{
	*ret = (struct datapath_features) {
		.tcx = d->open ? d->place.tcx : !d->no_tcx && tcx_is_supported(),
		.xdp = d->open && d->set.with.xdp,
		.carrier_check = d->open && d->set.with.device_state,
	};
}

bool datapath_sees_devices(void *datapath)
{
	struct datapath *d = datapath;

	return datapath_open_if_there(d) == 0 && d->set.with.xdp_features;
}

/* --- opening --- */

int datapath_make_folders(struct datapath *d, struct error *e)
{
	const char *paths[FOLDER_END + 1] = { d->root };
	int r = pin_check_bpffs(d->bpffs, e);

	if (r < 0)
		return r;
	if (mkdir(d->bpffs, 0700) < 0 && errno != EEXIST)
		return error_set(e, ERROR_FAILED, errno, NULL, "bpffs",
				 "the folder %s cannot be made: %s", d->bpffs, strerror(errno));
	memcpy(paths + 1, d->folders, sizeof(d->folders));
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(paths); i++) {
		r = pin_folder(paths[i]);
		if (r < 0)
			return error_set(e, ERROR_FAILED, -r, NULL, "bpffs",
					 "%s cannot be made a folder of ours: %s", paths[i],
					 r == -EPERM ? "it belongs to another user" : strerror(-r));
	}
	return 0;
}

/* What is not empty stays. Returns the first failure. */
static int folders_remove(struct datapath *d)
{
	int r = 0;

	for (int i = 0; i < FOLDER_END; i++)
		if (rmdir(d->folders[i]) < 0 && errno != ENOENT && r == 0)
			r = -errno;
	if (rmdir(d->root) < 0 && errno != ENOENT && r == 0)
		r = -errno;
	return r;
}

int datapath_open(struct datapath *d, struct error *e)
{
	struct loader_set set;
	int r;

	if (d->open)
		return 0;
	loader_set_init(&set);
	r = rows_cpus_new(&d->cpus);
	if (r < 0)
		return error_set(e, ERROR_FAILED, -r, NULL, NULL,
				 "the number of CPUs cannot be found out: %s", strerror(-r));
	r = datapath_make_folders(d, e);
	if (r == 0) {
		r = datapath_load(d, &set, e);
		if (r < 0)
			folders_remove(d);
	}
	if (r < 0) {
		loader_set_close(&set);
		datapath_close(d);
		return r;
	}
	d->set = set;
	r = datapath_flows_open(d);
	if (r < 0) {
		datapath_close(d);
		return error_set(e, ERROR_FAILED, -r, NULL, NULL,
				 "the flows that are there cannot be read: %s", strerror(-r));
	}
	d->place.tcx = !d->no_tcx && tcx_is_supported();
	d->open = true;
	datapath_way_init(d);
	d->generation++;
	return 0;
}

int datapath_open_if_there(struct datapath *d)
{
	if (!d->open && access(d->folders[FOLDER_MAPS], F_OK) < 0)
		return -errno;
	return datapath_open(d, NULL);
}

/* --- attachments --- */

int datapath_attach(void *datapath, enum kernel_hook hook, uint32_t ifindex,
		    enum kernel_attach *ret)
{
	struct datapath *d = datapath;
	enum loader_program program = hook_programs[hook];
	enum kernel_attach way;
	uint64_t began_us;
	int r;

	r = datapath_open(d, NULL);
	if (r < 0)
		return r;
	if (d->set.programs[program] < 0)
		return -ENOSYS; /* the kernel refused it, and the log has said so */
	datapath_stay(d, hook, ifindex);
	way = datapath_way_choose(d, hook, ifindex);
	began_us = datapath_way_now_us();
	r = attach_add(&d->place, hook, ifindex, way == KERNEL_ATTACH_TCX, d->set.programs[program],
		       d->old_programs[program]);
	if (way == KERNEL_ATTACH_TCX)
		datapath_way_waited(d, began_us);
	if (r == 0)
		*ret = way;
	return r;
}

bool datapath_attached(void *datapath, enum kernel_hook hook, uint32_t ifindex)
{
	struct datapath *d = datapath;

	return attach_is_there(&d->place, hook, ifindex);
}

int datapath_detach(void *datapath, enum kernel_hook hook, uint32_t ifindex)
{
	struct datapath *d = datapath;

	datapath_stay(d, hook, ifindex);
	return attach_remove(&d->place, hook, ifindex);
}

/* Unless it is a mount point or holds other instances too: then it is not ours. */
static int bpffs_remove(struct datapath *d)
{
	if (rmdir(d->bpffs) == 0)
		return 0;
	return errno == ENOENT || errno == EBUSY || errno == ENOTEMPTY ? 0 : -errno;
}

static int unpin(void *context, const char *name)
{
	return pin_remove(context, name);
}

int datapath_flush(void *datapath)
{
	struct datapath *d = datapath;
	int first, r;

	/* Without a bpffs nothing of ours can be there, and what is there instead is not ours. */
	if (pin_check_bpffs(d->bpffs, NULL) < 0) {
		datapath_close(d);
		return 0;
	}
	first = attach_sweep(&d->place, NULL, NULL);
	r = pin_each(d->folders[FOLDER_PROGRAMS], unpin, d->folders[FOLDER_PROGRAMS]);
	first = first ? first : r;
	r = pin_each(d->folders[FOLDER_MAPS], unpin, d->folders[FOLDER_MAPS]);
	first = first ? first : r;
	r = datapath_pairs_forget(d);
	first = first ? first : r;
	r = datapath_devices_forget(d);
	first = first ? first : r;
	r = pin_remove_folder(d->staging);
	first = first ? first : r;
	r = datapath_memory_remove(d);
	first = first ? first : r;
	datapath_close(d);
	r = folders_remove(d);
	first = first ? first : r;
	r = bpffs_remove(d);
	return first ? first : r;
}
