// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Makes out of what a vnetd has left on the BPF file system what one of the version before would
 * have left: maps and programs of version 2 of the ABI, in the same links.
 *
 *	oldmaps FOLDER		BPFFS/INSTANCE of a vnetd that was stopped
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "../bpf/old.h"
#include "tests/bpf/old.skel.h"

#define PATH_SIZE 4096

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("oldmaps: ", stderr);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(arguments);
	exit(1);
}

static const char *path_of(const char *root, const char *folder, const char *name)
{
	static char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s/%s", root, folder, name);
	return path;
}

static int open_pin(const char *root, const char *folder, const char *name)
{
	int fd = bpf_obj_get(path_of(root, folder, name));

	if (fd < 0)
		die("%s/%s", folder, name);
	return fd;
}

static void put(int map, const void *key, const void *value)
{
	if (bpf_map_update_elem(map, key, value, BPF_ANY) < 0)
		die("a row cannot be written");
}

/*
 * All rows are what they were then, but for `meta`. Those that are all zero are left out: of arrays
 * that is no row, and of counters none that counted. @size: of all CPUs' values.
 */
static void copy_rows(int from, int to, size_t size)
{
	unsigned char key[32], next[32], *value = malloc(size), *none = calloc(1, size);

	if (!value || !none)
		die("no memory");
	for (void *at = NULL; bpf_map_get_next_key(from, at, next) == 0; at = key) {
		memcpy(key, next, sizeof(key));
		if (bpf_map_lookup_elem(from, key, value) == 0 && memcmp(value, none, size) != 0)
			put(to, key, value);
	}
	free(value);
	free(none);
}

static size_t size_of_values(const struct bpf_map *map)
{
	const size_t size = bpf_map__value_size(map);

	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PERCPU_HASH:
		return size * (size_t)libbpf_num_possible_cpus();
	default:
		return size;
	}
}

static void make_all(const char *root, struct old_bpf *skel)
{
	const struct old_meta meta = { .version = OLD_VERSION };
	const __u32 zero = 0;
	struct bpf_map *map;
	int from;

	bpf_object__for_each_map(map, skel->obj)
	{
		if (bpf_map__is_internal(map) || map == skel->maps.meta)
			continue;
		from = open_pin(root, "maps", bpf_map__name(map));
		copy_rows(from, bpf_map__fd(map), size_of_values(map));
		close(from);
	}
	put(bpf_map__fd(skel->maps.meta), &zero, &meta);
}

static void each(const char *root, const char *folder,
		 void (*visit)(const char *root, const char *folder, const char *name,
			       void *context),
		 void *context)
{
	char path[PATH_SIZE];
	const struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", root, folder);
	dir = opendir(path);
	if (!dir)
		die("%s", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			visit(root, folder, entry->d_name, context);
	closedir(dir);
}

static void unpin(const char *root, const char *folder, const char *name, void *context)
{
	if (unlink(path_of(root, folder, name)) < 0)
		die("%s/%s", folder, name);
}

static void pin(const char *root, const char *folder, const char *name, int fd)
{
	if (bpf_obj_pin(fd, path_of(root, folder, name)) < 0)
		die("%s/%s", folder, name);
}

static void update_link(const char *root, const char *folder, const char *name, void *context)
{
	const struct old_bpf *skel = context;
	const struct bpf_program *program =
		strncmp(name, "rx-", 3) == 0 ? skel->progs.vnet_rx : skel->progs.vnet_tx;
	int fd = open_pin(root, folder, name);

	if (bpf_link_update(fd, bpf_program__fd(program), NULL) < 0)
		die("%s/%s", folder, name);
	close(fd);
}

int main(int argc, char *argv[])
{
	struct old_bpf *skel;
	struct bpf_map *map;

	if (argc != 2) {
		fputs("usage: oldmaps FOLDER\n", stderr);
		return 2;
	}
	skel = old_bpf__open_and_load();
	if (!skel)
		die("the programs cannot be loaded");
	make_all(argv[1], skel);
	each(argv[1], "links", update_link, skel);
	each(argv[1], "maps", unpin, NULL);
	bpf_object__for_each_map(map, skel->obj) if (!bpf_map__is_internal(map))
		pin(argv[1], "maps", bpf_map__name(map), bpf_map__fd(map));
	each(argv[1], "programs", unpin, NULL);
	pin(argv[1], "programs", "vnet_tx", bpf_program__fd(skel->progs.vnet_tx));
	pin(argv[1], "programs", "vnet_rx", bpf_program__fd(skel->progs.vnet_rx));
	old_bpf__destroy(skel);
	return 0;
}
