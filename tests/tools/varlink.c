// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client of a Varlink socket that does whatever it is told, right or wrong, and prints each
 *reply, a line each. Its arguments are steps:
 *
 *	varlink PATH STEP...
 *
 *	send TEXT	the text and a NUL
 *	raw TEXT	the text alone
 *	fill N		N blanks
 *	slow MS TEXT	the text and a NUL, one byte every MS milliseconds, until the other end
 *closes fd		a byte with a descriptor beside it get		waits for a reply and prints
 *it end		no more is sent closed		waits until the other end closes, prints
 *"closed" or the replies before it
 *	more N		opens N connections beside this one, which stay idle; prints how many stay
 *open hold		says "ready" on stderr and waits for SIGTERM
 *
 * Exit status 1 when something did not happen within 10 s.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common.h"

#define VARLINK_WAIT_NS	  UINT64_C(10000000000)
#define VARLINK_REPLY_MAX (8 * 1024 * 1024)
#define VARLINK_MORE_MAX  2000

volatile sig_atomic_t common_stop;

struct varlink {
	const char *path;
	int fd;
	bool closed; /* by the other end */
	char *reply;
	size_t bytes;
	int more[VARLINK_MORE_MAX];
	size_t more_count;
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		errx(COMMON_USAGE, "%s: too long", path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		err(COMMON_FAILED, "%s", path);
	return fd;
}

/* What cannot be sent because the other end has closed is no failure: the steps that follow tell.
 */
static void send_bytes(struct varlink *v, const char *bytes, size_t n)
{
	while (n && !v->closed) {
		ssize_t sent = send(v->fd, bytes, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR && !common_stop)
			continue;
		if (sent < 0)
			return;
		bytes += sent;
		n -= (size_t)sent;
	}
}

/* Reads what there is, for at most so long; false: nothing came. */
static bool receive(struct varlink *v, uint64_t wait_ns)
{
	struct pollfd p = { .fd = v->fd, .events = POLLIN };
	ssize_t n;

	if (v->closed || poll(&p, 1, (int)(wait_ns / 1000000)) <= 0)
		return false;
	if (v->bytes == VARLINK_REPLY_MAX)
		errx(COMMON_FAILED, "a reply is longer than %d bytes", VARLINK_REPLY_MAX);
	n = recv(v->fd, v->reply + v->bytes, VARLINK_REPLY_MAX - v->bytes, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0)
		v->closed = true;
	else
		v->bytes += (size_t)n;
	return true;
}

/* Prints the first reply of those that have come; false: none is whole. */
static bool print_reply(struct varlink *v)
{
	char *end = memchr(v->reply, '\0', v->bytes);
	size_t length;

	if (!end)
		return false;
	length = (size_t)(end - v->reply) + 1;
	puts(v->reply);
	fflush(stdout);
	v->bytes -= length;
	memmove(v->reply, end + 1, v->bytes);
	return true;
}

static void step_get(struct varlink *v)
{
	uint64_t deadline_ns = common_now_ns() + VARLINK_WAIT_NS;

	while (!print_reply(v)) {
		uint64_t now_ns = common_now_ns();

		if (v->closed)
			errx(COMMON_FAILED, "closed before a reply came");
		if (now_ns >= deadline_ns || common_stop)
			errx(COMMON_FAILED, "no reply came");
		receive(v, deadline_ns - now_ns);
	}
}

static void step_closed(struct varlink *v)
{
	uint64_t deadline_ns = common_now_ns() + VARLINK_WAIT_NS;

	while (!v->closed) {
		uint64_t now_ns = common_now_ns();

		if (now_ns >= deadline_ns || common_stop)
			errx(COMMON_FAILED, "not closed");
		receive(v, deadline_ns - now_ns);
	}
	while (print_reply(v))
		;
	puts("closed");
}

static void step_slow(struct varlink *v, uint64_t ms, const char *text)
{
	size_t n = strlen(text) + 1;

	for (size_t i = 0; i < n && !v->closed && !common_stop; i++) {
		uint64_t due_ns = common_now_ns() + ms * 1000000, now_ns;

		send_bytes(v, text + i, 1);
		while (!v->closed && (now_ns = common_now_ns()) < due_ns)
			receive(v, due_ns - now_ns);
	}
}

static void step_fd(struct varlink *v)
{
	char byte = '{', control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &v->fd, sizeof(int));
	if (sendmsg(v->fd, &message, MSG_NOSIGNAL) != 1)
		err(COMMON_FAILED, "sendmsg");
}

/* One that is refused is closed before it gets an answer. */
static bool is_served(int fd)
{
	static const char request[] = "{\"method\":\"org.varlink.service.GetInfo\"}";
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char reply[4096];

	if (send(fd, request, sizeof(request), MSG_NOSIGNAL) < 0)
		return false;
	if (poll(&p, 1, (int)(VARLINK_WAIT_NS / 1000000)) <= 0)
		errx(COMMON_FAILED, "neither answered nor closed");
	return recv(fd, reply, sizeof(reply), MSG_DONTWAIT) > 0;
}

static void step_more(struct varlink *v, uint64_t count)
{
	size_t served = 0;

	for (uint64_t i = 0; i < count; i++) {
		v->more[v->more_count] = connect_to(v->path);
		served += is_served(v->more[v->more_count++]);
	}
	printf("%zu\n", served);
	fflush(stdout);
}

static void step_hold(struct varlink *v)
{
	common_ready();
	while (!common_stop)
		poll(NULL, 0, 100);
}

static void step_fill(struct varlink *v, uint64_t count)
{
	char blanks[4096];

	memset(blanks, ' ', sizeof(blanks));
	for (size_t n; count; count -= n) {
		n = count < sizeof(blanks) ? count : sizeof(blanks);
		send_bytes(v, blanks, n);
	}
}

static const struct {
	const char *word;
	int arguments;
} steps[] = {
	{ "send", 1 }, { "raw", 1 }, { "fill", 1 },   { "slow", 2 }, { "fd", 0 },
	{ "get", 0 },  { "end", 0 }, { "closed", 0 }, { "more", 1 }, { "hold", 0 },
};

static int arguments_of(const char *word)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(steps[i].word, word))
			return steps[i].arguments;
	errx(COMMON_USAGE, "%s is not a step", word);
}

static void run_step(struct varlink *v, char *const *words)
{
	const char *word = words[0];

	if (!strcmp(word, "send"))
		send_bytes(v, words[1], strlen(words[1]) + 1);
	else if (!strcmp(word, "raw"))
		send_bytes(v, words[1], strlen(words[1]));
	else if (!strcmp(word, "fill"))
		step_fill(v, common_number("fill", words[1], 0, UINT32_MAX));
	else if (!strcmp(word, "slow"))
		step_slow(v, common_number("slow", words[1], 1, 60000), words[2]);
	else if (!strcmp(word, "fd"))
		step_fd(v);
	else if (!strcmp(word, "get"))
		step_get(v);
	else if (!strcmp(word, "end"))
		shutdown(v->fd, SHUT_WR);
	else if (!strcmp(word, "closed"))
		step_closed(v);
	else if (!strcmp(word, "more"))
		step_more(v, common_number("more", words[1], 1, VARLINK_MORE_MAX - v->more_count));
	else
		step_hold(v);
}

int main(int argc, char **argv)
{
	struct varlink *v = calloc(1, sizeof(*v));

	if (argc < 2) {
		fputs("usage: varlink PATH STEP...\n", stderr);
		return COMMON_USAGE;
	}
	if (v)
		v->reply = malloc(VARLINK_REPLY_MAX);
	if (!v || !v->reply)
		errx(COMMON_FAILED, "no memory");
	common_catch_stop();
	v->path = argv[1];
	v->fd = connect_to(v->path);
	for (int i = 2, n; i < argc; i += n) {
		n = 1 + arguments_of(argv[i]);
		if (i + n > argc)
			errx(COMMON_USAGE, "%s needs %d arguments", argv[i], n - 1);
		run_step(v, argv + i);
	}
	free(v->reply);
	free(v);
	return 0;
}
