// SPDX-License-Identifier: GPL-2.0-or-later
/* Pins that somebody removed while we are alive, and programs whose pins we cannot see. */
#include "datapath_internal.h"

#include <errno.h>
#include <limits.h>

#include <bpf/bpf.h>

#include "log.h"
#include "pin.h"
#include "strays.h"

size_t datapath_folders(const struct datapath *d, const char *ret[DATAPATH_FOLDERS])
{
	_Static_assert(FOLDER_END + 1 == DATAPATH_FOLDERS, "all of them");
	ret[0] = d->root;
	memcpy(ret + 1, d->folders, sizeof(d->folders));
	return DATAPATH_FOLDERS;
}

unsigned int datapath_generation(const struct datapath *d)
{
	return d->open ? d->generation : 0;
}

static int program_id(int fd, uint32_t *ret)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int r = bpf_obj_get_info_by_fd(fd, &info, &len);

	if (r == 0)
		*ret = info.id;
	return r;
}

size_t datapath_programs(const struct datapath *d, uint32_t *ret, size_t max)
{
	size_t count = 0;

	for (int i = 0; i < LOADER_PROGRAM_END && count < max; i++)
		if (d->set.programs[i] >= 0 && program_id(d->set.programs[i], &ret[count]) == 0)
			count++;
	return count;
}

static bool is_pinned(const char *folder, const char *name)
{
	char path[PATH_MAX];

	return pin_path(path, folder, name) < 0 || access(path, F_OK) == 0 || errno != ENOENT;
}

int datapath_check_strays(struct datapath *d, const uint32_t *ids, size_t count, struct error *e)
{
	char device[IF_NAMESIZE];

	if (pin_check_bpffs(d->bpffs, NULL) < 0 ||
	    is_pinned(d->folders[FOLDER_MAPS], loader_map_name(LOADER_META)) ||
	    !strays_find(ids, count, device))
		return 0;
	return error_set(
		e, ERROR_BUSY, EBUSY, NULL, "bpffs",
		"the programs of an earlier vnetd are attached to device %s, but its pins "
		"are not in %s: another BPF file system has been mounted over them; unmount "
		"it and start again; nothing was changed, and what forwards goes on",
		device, d->root);
}

static int pin_again(int fd, const char *folder, const char *name, struct error *e)
{
	int r;

	if (fd < 0 || is_pinned(folder, name))
		return 0;
	r = pin_put(fd, folder, name);
	if (r < 0 && r != -EEXIST)
		return error_set(e, ERROR_FAILED, -r, NULL, NULL, "%s/%s cannot be pinned: %s",
				 folder, name, strerror(-r));
	log_warning("%s/%s was removed; pinned again", folder, name);
	return 0;
}

/* The mark of a whole set is first in the enumeration and has to be pinned last. */
int datapath_repin(struct datapath *d, struct error *e)
{
	int r;

	if (!d->open)
		return 0;
	r = datapath_make_folders(d, e);
	for (int i = LOADER_MAP_END - 1; i >= 0 && r == 0; i--)
		r = pin_again(d->set.maps[i], d->folders[FOLDER_MAPS],
			      loader_map_name((enum loader_map)i), e);
	for (int i = 0; i < LOADER_PROGRAM_END && r == 0; i++)
		r = pin_again(d->set.programs[i], d->folders[FOLDER_PROGRAMS],
			      loader_program_name((enum loader_program)i), e);
	return r;
}
