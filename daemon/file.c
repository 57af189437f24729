/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define READ_BYTES_FIRST 4096

/* A FIFO or a device could hang or feed us for ever. */
static int check_kind(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3)))
		return 0;
	return S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
}

/* Fills @buffer from @fd up to @size bytes or the end of the file; the number of bytes, or -errno.
 */
static ssize_t read_full(int fd, char *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, buffer + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int file_read(const char *path, size_t max_bytes, char **ret, size_t *ret_len_bytes)
{
	UTIL_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	UTIL_FREE char *buffer = NULL;
	size_t size = READ_BYTES_FIRST, len = 0;
	int r;

	if (fd < 0)
		return -errno;
	r = check_kind(fd);
	if (r < 0)
		return r;
	for (;;) {
		char *grown = realloc(buffer, size + 1);
		ssize_t n;

		if (!grown)
			return -ENOMEM;
		buffer = grown;
		n = read_full(fd, buffer + len, size - len);
		if (n < 0)
			return (int)n;
		len += (size_t)n;
		if (len > max_bytes)
			return -EFBIG;
		if (len < size)
			break;
		size *= 2;
	}
	buffer[len] = '\0';
	*ret = UTIL_TAKE_PTR(buffer);
	*ret_len_bytes = len;
	return 0;
}

static int write_full(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * What is there from a crashed write goes first, and O_EXCL makes the file anew: neither a link nor
 * looser permissions of somebody else are written through.
 */
static int write_new(const char *path, const void *data, size_t len, mode_t mode)
{
	UTIL_CLOSE int fd = -1;
	int r;

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = write_full(fd, data, len);
	if (r < 0)
		return r;
	/* Not by open(): the umask is not to decide who can read it. */
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return -errno;
	/* Some file systems tell of a full disk at close() only. */
	return close(UTIL_TAKE_FD(fd)) < 0 ? -errno : 0;
}

/* Opens the folder that @path is in. */
static int open_folder(const char *path)
{
	UTIL_FREE char *folder = NULL;
	const char *slash = strrchr(path, '/');
	int fd;

	if (!slash)
		folder = strdup(".");
	else if (slash == path)
		folder = strdup("/");
	else
		folder = strndup(path, (size_t)(slash - path));
	if (!folder)
		return -ENOMEM;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int file_replace(const char *path, const void *data, size_t len_bytes, mode_t mode)
{
	UTIL_CLOSE int folder = open_folder(path);
	UTIL_FREE char *temporary = NULL;
	int r;

	if (folder < 0)
		return folder;
	if (asprintf(&temporary, "%s.tmp", path) < 0) {
		temporary = NULL;
		return -ENOMEM;
	}
	r = write_new(temporary, data, len_bytes, mode);
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temporary);
		return r;
	}
	/* EINVAL: this file system has nothing to sync a folder with. */
	return fsync(folder) < 0 && errno != EINVAL ? -errno : 0;
}
