// SPDX-License-Identifier: GPL-2.0-or-later
#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "varlink_fake.h"

#define FAKE_FLOOD_BYTES (65UL << 20)

/* In the server's process nothing can be asserted: it just ends, and the test sees that. */
static void fake_send(int fd, const char *data, size_t length)
{
	ssize_t n;

	while (length > 0) {
		n = send(fd, data, length, MSG_NOSIGNAL);
		if (n < 0)
			return; /* the client has seen enough */
		data += n;
		length -= n;
	}
}

static void fake_flood(int fd)
{
	static char blanks[65536];
	size_t sent;

	memset(blanks, ' ', sizeof(blanks));
	for (sent = 0; sent < FAKE_FLOOD_BYTES; sent += sizeof(blanks))
		fake_send(fd, blanks, sizeof(blanks));
}

/* Returns 0 if the connection is over. */
static int fake_answer(int fd, const struct varlink_fake_step *step)
{
	char *messages = strdup(step->reply ? step->reply : "");
	size_t length = strlen(messages) + 1, i;

	for (i = 0; i < length; i++)
		if (messages[i] == '\n')
			messages[i] = '\0';
	switch (step->manner) {
	case FAKE_ANSWER:
		fake_send(fd, messages, length);
		break;
	case FAKE_PIECES:
		for (i = 0; i < length; i++)
			fake_send(fd, messages + i, 1);
		break;
	case FAKE_SILENT:
	case FAKE_END:
		break;
	case FAKE_HANG_UP:
		fake_send(fd, messages, length - 1);
		break;
	case FAKE_FLOOD:
		fake_flood(fd);
		break;
	}
	free(messages);
	return step->manner != FAKE_HANG_UP;
}

static void fake_connection(int fd, int log, const struct varlink_fake_step **step)
{
	char request[8192];
	size_t length = 0;
	ssize_t n;
	char c;

	while ((n = recv(fd, &c, 1, 0)) == 1) {
		if (c != '\0' && length < sizeof(request) - 1) {
			request[length++] = c;
			continue;
		}
		request[length++] = '\n';
		if (write(log, request, length) != (ssize_t)length)
			_exit(1);
		length = 0;
		if (!fake_answer(fd, *step))
			++*step, n = 0;
		else if ((*step)->manner != FAKE_END)
			++*step;
		if (n == 0)
			break;
	}
	close(fd);
}

static void fake_serve(int listener, int log, const struct varlink_fake_step *step)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0)
		fake_connection(fd, log, &step);
	_exit(1);
}

void varlink_fake_start(struct varlink_fake *f, const struct varlink_fake_step *steps)
{
	const char *tmp = getenv("TMPDIR");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener, log[2];
	pid_t test = getpid();

	/* A socket's path is short; that of the test's folder may be long. */
	if (!tmp || strlen(tmp) > 32)
		tmp = "/tmp";
	snprintf(f->folder, sizeof(f->folder), "%.32s/vnet-fake.XXXXXX", tmp);
	ck_assert_ptr_nonnull(mkdtemp(f->folder));
	snprintf(f->path, sizeof(f->path), "%s/socket", f->folder);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);

	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	ck_assert_int_eq(pipe(log), 0);
	fflush(NULL);
	f->pid = fork();
	ck_assert_int_ge(f->pid, 0);
	if (f->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != test)
			_exit(1);
		close(log[0]);
		fake_serve(listener, log[1], steps);
	}
	close(listener);
	close(log[1]);
	f->requests = fdopen(log[0], "r");
	ck_assert_ptr_nonnull(f->requests);
}

void varlink_fake_stop(struct varlink_fake *f)
{
	kill(f->pid, SIGKILL);
	waitpid(f->pid, NULL, 0);
	fclose(f->requests);
	unlink(f->path);
	rmdir(f->folder);
}

const char *varlink_fake_request(struct varlink_fake *f)
{
	ck_assert_ptr_nonnull(fgets(f->request, sizeof(f->request), f->requests));
	f->request[strcspn(f->request, "\n")] = '\0';
	return f->request;
}
