/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the sanitizers' options; what they find is fatal --- */

const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_stack_use_after_return=1:strict_string_checks=1:quarantine_size_mb=8";
}

const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

/* --- libcheck's part --- */

void _mark_point(const char *file, int line)
{
}

void _ck_assert_failed(const char *file, int line, const char *expr, const char *msg, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: ", file, line);
	va_start(args, msg);
	if (msg)
		vfprintf(stderr, msg, args);
	else
		fputs(expr, stderr);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

/* --- the input --- */

uint8_t fuzz_byte(struct fuzz *f)
{
	if (!f->size)
		return 0;
	f->size--;
	return *f->data++;
}

char *fuzz_until(struct fuzz *f, char end, size_t *ret_size)
{
	const uint8_t *stop = f->size ? memchr(f->data, end, f->size) : NULL;
	size_t size = stop ? (size_t)(stop - f->data) : f->size;
	char *copy = malloc(size ?: 1);

	ck_assert_ptr_nonnull(copy);
	if (size)
		memcpy(copy, f->data, size);
	f->data += size + !!stop;
	f->size -= size + !!stop;
	*ret_size = size;
	return copy;
}

char *fuzz_string(const void *bytes, size_t size)
{
	const void *nul = size ? memchr(bytes, '\0', size) : NULL;
	char *text;

	if (nul)
		size = (size_t)((const char *)nul - (const char *)bytes);
	text = malloc(size + 1);
	ck_assert_ptr_nonnull(text);
	memcpy(text, bytes, size);
	text[size] = '\0';
	return text;
}

char *fuzz_text(struct fuzz *f, char end)
{
	size_t size;
	char *bytes = fuzz_until(f, end, &size);
	char *text = fuzz_string(bytes, size);

	free(bytes);
	return text;
}

/* --- a folder --- */

static char folder[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return at->level ? remove(path) : 0;
}

void fuzz_folder_empty(void)
{
	ck_assert_int_eq(nftw(fuzz_folder(), remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void folder_remove(void)
{
	fuzz_folder_empty();
	rmdir(folder);
}

const char *fuzz_folder(void)
{
	if (folder[0])
		return folder;
	snprintf(folder, sizeof(folder), "%s/vnet-fuzz.XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	atexit(folder_remove);
	return folder;
}

void fuzz_file(const char *name, const void *data, size_t size)
{
	char path[256];
	int fd;

	ck_assert_int_lt(snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name),
			 (int)sizeof(path));
	for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(path, 0700) && errno != EEXIST)
			return;
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	ck_assert_int_eq(write(fd, data, size), (ssize_t)size);
	close(fd);
}

/* --- sockets --- */

#define SOCKET_BYTES (4 << 20)

int fuzz_peer(const void *data, size_t size, int *ret_other)
{
	static const int bytes = SOCKET_BYTES;
	int fds[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
			setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	if (size)
		ck_assert_int_eq(send(fds[1], data, size, MSG_DONTWAIT), (ssize_t)size);
	shutdown(fds[1], SHUT_WR);
	*ret_other = fds[1];
	return fds[0];
}

char *fuzz_read(int fd, size_t *ret_size)
{
	char *all = NULL, bytes[16384];
	size_t size = 0;
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0) {
		all = realloc(all, size + (size_t)n + 1);
		ck_assert_ptr_nonnull(all);
		memcpy(all + size, bytes, (size_t)n);
		size += (size_t)n;
		all[size] = '\0';
	}
	*ret_size = size;
	return all ?: strdup("");
}

static void check_message(struct json_tokener *t, const char *text, size_t size)
{
	struct json_object *o;

	json_tokener_reset(t);
	o = json_tokener_parse_ex(t, text, (int)size);
	ck_assert_msg(json_object_is_type(o, json_type_object) &&
			      json_tokener_get_parse_end(t) == size,
		      "not one JSON object: %s", text);
	json_object_put(o);
}

void fuzz_check_messages(const char *data, size_t size)
{
	struct json_tokener *t = json_tokener_new_ex(64);

	ck_assert_ptr_nonnull(t);
	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	while (size) {
		const char *end = memchr(data, '\0', size);

		ck_assert_msg(end, "a message without an end: %.*s", (int)size, data);
		check_message(t, data, (size_t)(end - data));
		size -= (size_t)(end - data) + 1;
		data = end + 1;
	}
	json_tokener_free(t);
}

/* Nobody wants to hear of a peer who went away, and everything is said in one time zone. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	signal(SIGPIPE, SIG_IGN);
	setenv("TZ", "UTC", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	return 0;
}
