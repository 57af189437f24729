// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * BPFFS/INSTANCE/maps      the maps, by name; `meta` is pinned last, and so marks a whole set
 *                programs  the programs, so that the next daemon can name what it replaces
 *                links     the tcx links      \ attach.h
 *                filters   the clsact marks   /
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
	[FOLDER_MAPS] = "maps",
	[FOLDER_PROGRAMS] = "programs",
	[FOLDER_LINKS] = "links",
	[FOLDER_FILTERS] = "filters",
};

static const enum loader_program hook_programs[KERNEL_HOOK_END] = {
	[KERNEL_HOOK_TX_EGRESS] = LOADER_TX,  [KERNEL_HOOK_TX_INGRESS] = LOADER_TX,
	[KERNEL_HOOK_RX] = LOADER_RX,	      [KERNEL_HOOK_XDP_TX] = LOADER_XDP_TX,
	[KERNEL_HOOK_XDP_RX] = LOADER_XDP_RX,
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
	d->place.links = d->folders[FOLDER_LINKS];
	d->place.filters = d->folders[FOLDER_FILTERS];
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
	datapath_forget_old(d);
	loader_set_close(&d->set);
	rows_cpus_free(UTIL_TAKE_PTR(d->cpus));
}

void datapath_free(struct datapath *d)
{
	if (!d)
		return;
	datapath_close(d);
	for (int i = 0; i < FOLDER_END; i++)
		free(d->folders[i]);
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
		.tcx = !d->no_tcx && tcx_is_supported(),
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

static int folders_make(struct datapath *d, struct error *e)
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

static int pins_get(struct datapath *d, struct loader_set *set, struct error *e)
{
	const char *folder = d->folders[FOLDER_MAPS], *name = NULL;
	int *fd;

	for (int i = 0; i < LOADER_MAP_END + LOADER_PROGRAM_END; i++) {
		if (i < LOADER_MAP_END) {
			name = loader_map_name((enum loader_map)i);
			fd = &set->maps[i];
		} else {
			folder = d->folders[FOLDER_PROGRAMS];
			name = loader_program_name((enum loader_program)(i - LOADER_MAP_END));
			fd = &d->old_programs[i - LOADER_MAP_END];
		}
		*fd = pin_get(folder, name);
		if (*fd < 0 && *fd != -ENOENT)
			return error_set(e, ERROR_FAILED, -*fd, NULL, NULL,
					 "%s/%s cannot be opened: %s", folder, name,
					 strerror(-*fd));
	}
	return 0;
}

/* Of a set that is there, some maps may have lost their pins. */
static void tell_missing(const struct datapath *d, const bool made[LOADER_MAP_END])
{
	bool all = true;

	for (int i = 0; i < LOADER_MAP_END; i++)
		all = all && made[i];
	for (int i = 0; i < LOADER_MAP_END && !all; i++)
		if (made[i])
			log_warning("%s/%s was missing; made an empty one, which is filled again",
				    d->folders[FOLDER_MAPS], loader_map_name((enum loader_map)i));
}

static int pin_failed(const char *folder, const char *name, int r, struct error *e)
{
	return error_set(e, ERROR_FAILED, -r, NULL, NULL, "%s/%s cannot be pinned: %s", folder,
			 name, strerror(-r));
}

static void maps_unpin(struct datapath *d, const bool which[LOADER_MAP_END])
{
	for (int i = 0; i < LOADER_MAP_END; i++)
		if (which[i])
			pin_remove(d->folders[FOLDER_MAPS], loader_map_name((enum loader_map)i));
}

/* Pins the maps that were made, the mark of a whole set last; all or none. */
static int maps_pin(struct datapath *d, const struct loader_set *set,
		    const bool made[LOADER_MAP_END], struct error *e)
{
	const char *folder = d->folders[FOLDER_MAPS], *name;
	bool pinned[LOADER_MAP_END] = {};
	int r;

	_Static_assert(LOADER_META == 0, "pinned last");
	for (int i = LOADER_MAP_END - 1; i >= 0; i--) {
		if (!made[i])
			continue;
		name = loader_map_name((enum loader_map)i);
		r = pin_put(set->maps[i], folder, name);
		if (r < 0) {
			maps_unpin(d, pinned);
			return pin_failed(folder, name, r, e);
		}
		pinned[i] = true;
	}
	return 0;
}

/* Puts back what was pinned before, or nothing. */
static void programs_restore(struct datapath *d, int count)
{
	const char *folder = d->folders[FOLDER_PROGRAMS], *name;

	for (int i = 0; i < count; i++) {
		name = loader_program_name((enum loader_program)i);
		if (d->old_programs[i] >= 0)
			pin_replace(d->old_programs[i], folder, name);
		else
			pin_remove(folder, name);
	}
}

static int programs_pin(struct datapath *d, const struct loader_set *set, struct error *e)
{
	const char *folder = d->folders[FOLDER_PROGRAMS], *name;
	int r;

	for (int i = 0; i < LOADER_PROGRAM_END; i++) {
		name = loader_program_name((enum loader_program)i);
		r = set->programs[i] >= 0 ? pin_replace(set->programs[i], folder, name)
					  : pin_remove(folder, name);
		if (r < 0) {
			programs_restore(d, i);
			return pin_failed(folder, name, r, e);
		}
	}
	return 0;
}

static void choose_options(const struct datapath *d, struct loader_options *ret)
{
	loader_probe(ret);
	ret->device_state = ret->device_state && !d->no_device_state;
	ret->xdp = ret->xdp && !d->no_xdp;
}

static int load_and_pin(struct datapath *d, struct loader_set *set, struct error *e)
{
	struct loader_options options;
	bool made[LOADER_MAP_END];
	int r = pins_get(d, set, e);

	if (r < 0)
		return r;
	for (int i = 0; i < LOADER_MAP_END; i++)
		made[i] = set->maps[i] < 0;
	choose_options(d, &options);
	r = loader_load(set, &options, d->folders[FOLDER_MAPS], e);
	if (r == 0)
		r = maps_pin(d, set, made, e);
	if (r < 0)
		return r;
	r = programs_pin(d, set, e);
	if (r < 0)
		maps_unpin(d, made);
	else
		tell_missing(d, made);
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
	r = folders_make(d, e);
	if (r == 0) {
		r = load_and_pin(d, &set, e);
		if (r < 0)
			folders_remove(d);
	}
	if (r < 0) {
		loader_set_close(&set);
		datapath_close(d);
		return r;
	}
	d->set = set;
	d->place.tcx = !d->no_tcx && tcx_is_supported();
	d->open = true;
	return 0;
}

int datapath_open_if_there(struct datapath *d)
{
	if (!d->open && access(d->folders[FOLDER_MAPS], F_OK) < 0)
		return -errno;
	return datapath_open(d, NULL);
}

/* --- attachments --- */

static enum kernel_attach attached_by(const struct datapath *d, enum kernel_hook hook)
{
	if (hook == KERNEL_HOOK_XDP_TX || hook == KERNEL_HOOK_XDP_RX)
		return KERNEL_ATTACH_XDP;
	return d->place.tcx ? KERNEL_ATTACH_TCX : KERNEL_ATTACH_CLSACT;
}

int datapath_attach(void *datapath, enum kernel_hook hook, uint32_t ifindex,
		    enum kernel_attach *ret)
{
	struct datapath *d = datapath;
	enum loader_program program = hook_programs[hook];
	int r;

	r = datapath_open(d, NULL);
	if (r < 0)
		return r;
	if (d->set.programs[program] < 0)
		return -ENOSYS; /* the kernel refused it, and the log has said so */
	r = attach_add(&d->place, hook, ifindex, d->set.programs[program],
		       d->old_programs[program]);
	if (r == 0)
		*ret = attached_by(d, hook);
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

	loader_route_log();
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
	datapath_close(d);
	r = folders_remove(d);
	first = first ? first : r;
	r = bpffs_remove(d);
	return first ? first : r;
}
