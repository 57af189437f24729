// SPDX-License-Identifier: GPL-2.0-or-later
/* The data path is loaded: over the maps that are pinned, over new ones, or over those that are
 * brought over from an older version. On a failure all pins are what they were. */
#include "datapath_internal.h"

#include <errno.h>

#include "log.h"
#include "migrate.h"
#include "pin.h"

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

/* --- maps of the version before ours --- */

/* The new maps are pinned beside the old ones, whole, before anything else is touched. */
static int stage(struct datapath *d, const struct loader_set *new, struct error *e)
{
	int r = pin_folder(d->staging);

	for (int i = 0; i < LOADER_MAP_END && r == 0; i++)
		r = pin_put(new->maps[i], d->staging, loader_map_name((enum loader_map)i));
	return r < 0 ? pin_failed(d->staging, "", r, e) : 0;
}

/*
 * Programs first, then all maps in one rename: who dies between the two leaves the old maps, and
 * programs that are attached nowhere. Links still run the old programs over the old maps; each is
 * updated when its device is looked at.
 */
static int take_over(struct datapath *d, const struct loader_set *new, struct error *e)
{
	int r = programs_pin(d, new, e);

	if (r < 0)
		return r;
	r = pin_exchange(d->staging, d->folders[FOLDER_MAPS]);
	if (r < 0) {
		programs_restore(d, LOADER_PROGRAM_END);
		return pin_failed(d->folders[FOLDER_MAPS], "", r, e);
	}
	return 0;
}

static int bring_over(struct datapath *d, const struct loader_set *old, struct loader_set *new,
		      struct error *e)
{
	const char *folder = d->folders[FOLDER_MAPS];
	struct loader_options options;
	int r = migrate_share(old, new, folder, e);

	choose_options(d, &options);
	if (r == 0)
		r = loader_load(new, &options, folder, e);
	if (r == 0)
		r = stage(d, new, e);
	if (r == 0)
		r = take_over(d, new, e);
	pin_remove_folder(d->staging); /* what is there now is of no use any more */
	if (r == 0)
		log_info("%s: the maps of the version before are brought over", folder);
	return r;
}

static int migrate(struct datapath *d, struct loader_set *set, struct error *e)
{
	struct loader_set new;
	int r;

	loader_set_init(&new);
	r = bring_over(d, set, &new, e);
	if (r < 0) {
		loader_set_close(&new);
		return r;
	}
	loader_set_close(set);
	*set = new;
	return 0;
}

/* --- either way --- */

int datapath_load(struct datapath *d, struct loader_set *set, struct error *e)
{
	struct loader_options options;
	bool made[LOADER_MAP_END];
	int r = pin_remove_folder(d->staging); /* of one who died half-way */

	if (r < 0)
		return pin_failed(d->staging, "", r, e);
	r = pins_get(d, set, e);
	if (r < 0)
		return r;
	if (migrate_is_due(set->maps[LOADER_META]))
		return migrate(d, set, e);
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
