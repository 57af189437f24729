// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opens a tap as a virtual machine monitor does, and does with its frames as asked until SIGTERM.
 *
 *	tap NAME hold			reads the frames and throws them away
 *	tap NAME dump			prints each as a line of hexadecimal
 *	tap NAME echo			sends each back with its addresses swapped
 *	tap NAME wire OTHER NETNS	the machine behind it: a second tap OTHER, in the namespace
 *file NETNS, gets the frames of the first one and the other way round
 *
 * Says "ready" on stderr when the device is there (down; the caller sets it up), and at the end how
 * many frames there were, as JSON.
 */
#include <fcntl.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "common.h"

volatile sig_atomic_t common_stop;

struct tap {
	int fd;	   /* of the tap */
	int other; /* wire: of the second one, else -1 */
	uint64_t frames, bytes, returned;
};

struct tap_verb {
	const char *name;
	int arguments;
	/* A frame that came out of the first tap. */
	void (*frame)(struct tap *t, uint8_t *bytes, size_t n);
};

/* A tap without offloads, in the current network namespace. */
static int tap_open(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		err(COMMON_FAILED, "/dev/net/tun");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &request))
		err(COMMON_FAILED, "%s", name);
	return fd;
}

static int tap_open_in(const char *netns, const char *name)
{
	int here = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	int there = open(netns, O_RDONLY | O_CLOEXEC);
	int fd;

	if (here < 0 || there < 0 || setns(there, CLONE_NEWNET))
		err(COMMON_FAILED, "%s", netns);
	fd = tap_open(name);
	if (setns(here, CLONE_NEWNET))
		err(COMMON_FAILED, "back from %s", netns);
	close(here);
	close(there);
	return fd;
}

/* A device that is down refuses frames with EIO; a full one with EAGAIN. Both lose them, as wires
 * do. */
static void tap_write(struct tap *t, int fd, const uint8_t *bytes, size_t n)
{
	if (write(fd, bytes, n) == (ssize_t)n)
		t->returned++;
	else if (errno != EIO && errno != EAGAIN)
		err(COMMON_FAILED, "write");
}

static void frame_hold(struct tap *t, uint8_t *bytes, size_t n)
{
}

static void frame_dump(struct tap *t, uint8_t *bytes, size_t n)
{
	common_print_hex(bytes, n);
}

static void frame_echo(struct tap *t, uint8_t *bytes, size_t n)
{
	uint8_t mac[COMMON_MAC_LEN];

	if (n < 2 * COMMON_MAC_LEN)
		return;
	memcpy(mac, bytes, sizeof(mac));
	memcpy(bytes, bytes + COMMON_MAC_LEN, sizeof(mac));
	memcpy(bytes + COMMON_MAC_LEN, mac, sizeof(mac));
	tap_write(t, t->fd, bytes, n);
}

/* All lengths below that of a header, of the frame turned round; "returned" are those that were
 * taken. */
static void frame_short(struct tap *t, uint8_t *bytes, size_t n)
{
	uint8_t part[ETH_HLEN];

	if (n < sizeof(part))
		return;
	memcpy(part, bytes + COMMON_MAC_LEN, COMMON_MAC_LEN);
	memcpy(part + COMMON_MAC_LEN, bytes, COMMON_MAC_LEN);
	memcpy(part + 2 * COMMON_MAC_LEN, bytes + 2 * COMMON_MAC_LEN, 2);
	for (size_t length = 0; length < sizeof(part); length++) {
		if (write(t->fd, part, length) >= 0)
			t->returned++;
		else if (errno != EINVAL)
			err(COMMON_FAILED, "write");
	}
}

static void frame_wire(struct tap *t, uint8_t *bytes, size_t n)
{
	tap_write(t, t->other, bytes, n);
}

static const struct tap_verb tap_verbs[] = {
	{ "hold", 0, frame_hold },   { "dump", 0, frame_dump }, { "echo", 0, frame_echo },
	{ "short", 0, frame_short }, { "wire", 2, frame_wire }, {},
};

/* Reads all frames that wait at @fd. Returns the length of one, 0 when there is none. */
static size_t tap_read(int fd, uint8_t *bytes, size_t max)
{
	ssize_t n = read(fd, bytes, max);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		err(COMMON_FAILED, "read");
	return n > 0 ? (size_t)n : 0;
}

static void tap_run(struct tap *t, const struct tap_verb *verb)
{
	static uint8_t bytes[COMMON_FRAME_MAX];
	struct pollfd p[] = { { .fd = t->fd, .events = POLLIN },
			      { .fd = t->other, .events = POLLIN } };
	size_t n;

	while (!common_stop) {
		if (poll(p, 2, 100) <= 0)
			continue;
		while (!common_stop && (n = tap_read(t->fd, bytes, sizeof(bytes))) > 0) {
			t->frames++;
			t->bytes += n;
			verb->frame(t, bytes, n);
		}
		while (!common_stop && t->other >= 0 &&
		       (n = tap_read(t->other, bytes, sizeof(bytes))) > 0)
			tap_write(t, t->fd, bytes, n);
	}
}

int main(int argc, char **argv)
{
	const struct tap_verb *verb = tap_verbs;
	struct tap t = { .other = -1 };

	while (argc > 2 && verb->name && strcmp(verb->name, argv[2]) != 0)
		verb++;
	if (argc < 3 || !verb->name || argc != 3 + verb->arguments) {
		fputs("usage: tap NAME hold | dump | echo | wire OTHER NETNS\n", stderr);
		return COMMON_USAGE;
	}
	common_catch_stop();
	t.fd = tap_open(argv[1]);
	if (verb->arguments)
		t.other = tap_open_in(argv[4], argv[3]);
	common_ready();
	tap_run(&t, verb);
	printf("{\"frames\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"returned\":%" PRIu64 "}\n",
	       t.frames, t.bytes, t.returned);
	return 0;
}
