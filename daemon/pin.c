// SPDX-License-Identifier: GPL-2.0-or-later
#include "pin.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>

#define PIN_FOLDER_MODE 0700
#define PIN_MODE	0600
#define PIN_NEW		"_new"

/* "/sys/fs/bpf/vnet/" gives "/sys/fs/bpf"; what has no folder above it gives "." or "/". */
static int parent_of(char *ret, const char *path)
{
	size_t len = strlen(path);

	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (len == 0)
		return util_copy(ret, PATH_MAX, ".") ? 0 : -ENAMETOOLONG;
	memcpy(ret, path, len);
	ret[len] = '\0';
	return 0;
}

int pin_check_bpffs(const char *path, struct error *e)
{
	char parent[PATH_MAX];
	struct statfs fs;
	int r;

	r = parent_of(parent, path);
	if (r < 0)
		return error_set(e, ERROR_INVALID, -r, NULL, "bpffs",
				 "the bpffs path is longer than a path may be");
	if (statfs(path, &fs) < 0) {
		if (errno == ENOENT && statfs(parent, &fs) == 0)
			path = parent;
		else
			return error_set(e, ERROR_FAILED, errno, NULL, "bpffs",
					 "%s cannot be used as a folder on a BPF file system: %s; "
					 "mount one with: mkdir -p %s && mount -t bpf bpf %s",
					 path, strerror(errno), parent, parent);
	}
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	return error_set(e, ERROR_FAILED, EINVAL, NULL, "bpffs",
			 "%s is not a BPF file system; mount one with: mount -t bpf bpf %s", path,
			 path);
}

/* The umask may have taken more than we asked for, and others may have given more since. */
static int fix_mode(const char *path, mode_t mode)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return -errno;
	if ((st.st_mode & 07777) != mode && chmod(path, mode) < 0)
		return -errno;
	return 0;
}

int pin_folder(const char *path)
{
	struct stat st;

	if (mkdir(path, PIN_FOLDER_MODE) < 0 && errno != EEXIST)
		return -errno;
	if (lstat(path, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	/* On a bpffs that all may write to, somebody could have been here before us. */
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return -EPERM;
	return fix_mode(path, PIN_FOLDER_MODE);
}

int pin_path(char *ret, const char *folder, const char *name)
{
	int n = snprintf(ret, PATH_MAX, "%s/%s", folder, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int pin_get(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int fd, r;

	r = pin_path(path, folder, name);
	if (r < 0)
		return r;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return fd;
	r = fix_mode(path, PIN_MODE);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int pin_put(int fd, const char *folder, const char *name)
{
	char path[PATH_MAX];
	int r;

	r = pin_path(path, folder, name);
	if (r < 0)
		return r;
	r = bpf_obj_pin(fd, path);
	if (r < 0)
		return r;
	r = fix_mode(path, PIN_MODE);
	if (r < 0)
		unlink(path);
	return r;
}

bool pin_is_new(const char *name)
{
	size_t len = strlen(name), end = strlen(PIN_NEW);

	return len > end && util_same(name + len - end, PIN_NEW);
}

int pin_replace(int fd, const char *folder, const char *name)
{
	char path[PATH_MAX], new_path[PATH_MAX], new_name[NAME_MAX];
	int r;

	if (snprintf(new_name, sizeof(new_name), "%s" PIN_NEW, name) >= (int)sizeof(new_name))
		return -ENAMETOOLONG;
	r = pin_path(path, folder, name);
	if (r == 0)
		r = pin_path(new_path, folder, new_name);
	if (r == 0)
		r = pin_remove(folder, new_name); /* of one who died half-way */
	if (r == 0)
		r = pin_put(fd, folder, new_name);
	if (r < 0)
		return r;
	if (rename(new_path, path) < 0) {
		r = -errno;
		unlink(new_path);
	}
	return r;
}

int pin_remove(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int r;

	r = pin_path(path, folder, name);
	if (r < 0)
		return r;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

int pin_mark(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int r;

	r = pin_path(path, folder, name);
	if (r < 0)
		return r;
	return mkdir(path, PIN_FOLDER_MODE) < 0 ? -errno : 0;
}

int pin_unmark(const char *folder, const char *name)
{
	char path[PATH_MAX];
	int r;

	r = pin_path(path, folder, name);
	if (r < 0)
		return r;
	return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

int pin_note(const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX], new_path[PATH_MAX], new_name[NAME_MAX];
	int r;

	if (snprintf(new_name, sizeof(new_name), "%s" PIN_NEW, name) >= (int)sizeof(new_name))
		return -ENAMETOOLONG;
	r = pin_path(path, folder, name);
	if (r == 0)
		r = pin_path(new_path, folder, new_name);
	if (r < 0)
		return r;
	if (symlink(text, path) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	r = pin_remove(folder, new_name); /* of one who died half-way */
	if (r < 0)
		return r;
	if (symlink(text, new_path) < 0)
		return -errno;
	if (rename(new_path, path) < 0) {
		r = -errno;
		unlink(new_path);
	}
	return r;
}

int pin_note_read(const char *folder, const char *name, char *ret)
{
	char path[PATH_MAX];
	ssize_t len;
	int r;

	r = pin_path(path, folder, name);
	if (r < 0)
		return r;
	len = readlink(path, ret, PATH_MAX - 1);
	if (len < 0)
		return -errno;
	ret[len] = '\0';
	return 0;
}

bool pin_is_there(const char *folder, const char *name)
{
	char path[PATH_MAX];

	return pin_path(path, folder, name) == 0 && access(path, F_OK) == 0;
}

static void closedirp(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int pin_each(const char *folder, int (*visit)(void *context, const char *name), void *context)
{
	UTIL_CLEANUP(closedirp) DIR *dir = opendir(folder);
	const struct dirent *entry;
	int first = 0, r;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	for (errno = 0; (entry = readdir(dir)); errno = 0) {
		if (entry->d_name[0] == '.')
			continue;
		r = visit(context, entry->d_name);
		if (r < 0 && first == 0)
			first = r;
	}
	return first ? first : -errno;
}

int pin_exchange(const char *one, const char *other)
{
	return renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) < 0 ? -errno : 0;
}

static int remove_one(void *context, const char *name)
{
	return pin_remove(context, name);
}

int pin_remove_folder(const char *folder)
{
	int r = pin_each(folder, remove_one, (void *)folder);

	if (r < 0)
		return r;
	return rmdir(folder) < 0 && errno != ENOENT ? -errno : 0;
}
