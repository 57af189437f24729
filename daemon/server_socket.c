/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket in the file system: nothing but our own stale socket is ever removed or replaced. */
#include <errno.h>
#include <libgen.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "server_internal.h"

/*
 * Short, for it is first come, first served: a full queue is what an administrator waits for behind
 * those who come and go for ever. Whoever finds it full waits in connect().
 */
#define SERVER_BACKLOG 32

static int server_socket_address(const char *path, struct sockaddr_un *ret, struct error *e)
{
	*ret = (struct sockaddr_un) { .sun_family = AF_UNIX };
	if (path[0] && util_copy(ret->sun_path, sizeof(ret->sun_path), path))
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, NULL, NULL,
			 "cannot listen on \"%s\": the path of a socket has from 1 to %zu bytes",
			 path, sizeof(ret->sun_path) - 1);
}

/* The parent folder alone: a path that is further off than that is more likely a mistake. */
static int server_socket_make_folder(const char *path, struct error *e)
{
	UTIL_FREE char *copy = strdup(path);
	const char *folder;

	if (!copy)
		return error_set(e, ERROR_FAILED, ENOMEM, NULL, NULL,
				 "cannot listen on %s: no memory", path);
	folder = dirname(copy);
	if (mkdir(folder, 0755)) {
		if (errno == EEXIST)
			return 0;
		return error_set(e, ERROR_FAILED, errno, NULL, NULL,
				 "cannot listen on %s: cannot make the folder %s: %s", path, folder,
				 strerror(errno));
	}
	/* The umask may have taken away what clients need. */
	if (chmod(folder, 0755))
		return error_set(e, ERROR_FAILED, errno, NULL, NULL,
				 "cannot listen on %s: cannot open the folder %s to clients: %s",
				 path, folder, strerror(errno));
	return 0;
}

/* Does somebody listen? 1: yes, 0: no, or -errno. */
static int server_socket_probe(const struct sockaddr_un *address)
{
	UTIL_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	/* EAGAIN: there is a listener, and its queue is full. */
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN)
		return 1;
	return errno == ECONNREFUSED ? 0 : -errno;
}

static int server_socket_clear(const struct sockaddr_un *address, struct error *e)
{
	const char *path = address->sun_path;
	struct stat st;
	int live;

	if (lstat(path, &st)) {
		if (errno == ENOENT)
			return 0;
		return error_set(e, ERROR_FAILED, errno, NULL, NULL, "cannot listen on %s: %s",
				 path, strerror(errno));
	}
	if (!S_ISSOCK(st.st_mode))
		return error_set(e, ERROR_EXISTS, EEXIST, NULL, NULL,
				 "cannot listen on %s: a %s is there, which vnetd leaves alone",
				 path,
				 S_ISLNK(st.st_mode) ? "symbolic link" : "file of another kind");
	live = server_socket_probe(address);
	if (live > 0)
		return error_set(e, ERROR_BUSY, EADDRINUSE, NULL, NULL,
				 "another vnetd listens on %s", path);
	if (live < 0)
		return error_set(e, ERROR_FAILED, -live, NULL, NULL,
				 "cannot listen on %s: the socket there cannot be examined: %s",
				 path, strerror(-live));
	if (unlink(path) && errno != ENOENT)
		return error_set(e, ERROR_FAILED, errno, NULL, NULL,
				 "cannot listen on %s: cannot remove the stale socket: %s", path,
				 strerror(errno));
	return 0;
}

static int server_socket_bind(int fd, const struct sockaddr_un *address)
{
	/* Whoever may connect is asked for their credentials at each method. */
	mode_t before = umask(0111);
	int err = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	umask(before);
	return err;
}

int server_socket_open(const char *path, struct stat *ret_bound, struct error *e)
{
	UTIL_CLOSE int fd = -1;
	struct sockaddr_un address;
	struct stat bound = { 0 };
	int err;

	err = server_socket_address(path, &address, e);
	if (!err)
		err = server_socket_make_folder(path, e);
	if (!err)
		err = server_socket_clear(&address, e);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	err = fd < 0 ? -errno : server_socket_bind(fd, &address);
	if (!err && (lstat(path, &bound) || listen(fd, SERVER_BACKLOG)))
		err = -errno;
	if (err) {
		server_socket_remove(path, &bound);
		return error_set(e, ERROR_FAILED, -err, NULL, NULL, "cannot listen on %s: %s", path,
				 strerror(-err));
	}
	*ret_bound = bound;
	return UTIL_TAKE_FD(fd);
}

void server_socket_remove(const char *path, const struct stat *bound)
{
	struct stat st;

	if (!bound->st_ino || lstat(path, &st))
		return;
	if (st.st_dev == bound->st_dev && st.st_ino == bound->st_ino)
		unlink(path);
}
