/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>

/* Out of memory is an error to be returned and not the end of the daemon. */
#define HASH_NONFATAL_OOM 1
#include "config_files.h"

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Hidden files are left out: editors keep their locks and copies in them. */
static bool is_wanted(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	return name[0] != '.' && len > tail && util_same(name + len - tail, suffix);
}

static void file_free(struct config_file *f)
{
	free(f->name);
	free(f->path);
	free(f);
}

static int add_file(struct config_file **files, const char *folder, const char *name)
{
	struct config_file *f;

	HASH_FIND_STR(*files, name, f);
	if (f)
		return 0; /* hidden by an earlier folder */
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->name = strdup(name);
	if (asprintf(&f->path, "%s/%s", folder, name) < 0)
		f->path = NULL;
	if (f->name && f->path)
		HASH_ADD_KEYPTR(hh, *files, f->name, strlen(f->name), f);
	if (!f->name || !f->path || !f->hh.tbl) {
		file_free(f);
		return -ENOMEM;
	}
	return 0;
}

int config_files_add(struct config_file **files, const char *dir, const char *sub,
		     const char *suffix)
{
	UTIL_FREE char *folder = NULL;
	UTIL_CLEANUP(closedirp) DIR *d = NULL;

	if (asprintf(&folder, "%s%s%s", dir, sub ? "/" : "", sub ? sub : "") < 0) {
		folder = NULL;
		return -ENOMEM;
	}
	d = opendir(folder);
	if (!d)
		return errno == ENOENT ? 0 : -errno;
	for (;;) {
		const struct dirent *entry;
		int r;

		errno = 0;
		entry = readdir(d);
		if (!entry)
			return -errno;
		if (!is_wanted(entry->d_name, suffix))
			continue;
		r = add_file(files, folder, entry->d_name);
		if (r < 0)
			return r;
	}
}

static int by_name(const struct config_file *a, const struct config_file *b)
{
	return strcmp(a->name, b->name);
}

void config_files_sort(struct config_file **files)
{
	HASH_SORT(*files, by_name);
}

void config_files_clear(struct config_file **files)
{
	struct config_file *f, *next;

	HASH_ITER (hh, *files, f, next) {
		HASH_DEL(*files, f);
		file_free(f);
	}
}
