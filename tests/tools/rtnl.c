// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Holds RTNL, the lock of all devices of the machine, from "ready" on standard error until standard
 * input ends or so many milliseconds are over, whichever is first:
 *
 *	rtnl hold DEVICE MS
 *
 * Takes a device down, and the lock once for that, where ip(8) takes it again and again:
 *
 *	rtnl down DEVICE
 *
 * The holder asks the device for a feature's state by ethtool, with a question whose second half
 *lies in a page that is not there: the kernel takes the lock and then waits for that page, which we
 *give it by userfaultfd(2) when the time is over. With MS 0 it only finds out whether that can be
 *done.
 */
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "common.h"

#define RTNL_MS_MAX  60000
#define RTNL_WAIT_MS 10000 /* for the lock, while others have it */

volatile sig_atomic_t common_stop;

struct holder {
	const char *device;
	int socket;
	struct ethtool_value *question;
	size_t page_bytes;
	uint8_t *missing; /* the page */
	int faults;
};

static void prepare(struct holder *h)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register registered = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	uint8_t *pages;

	h->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 2 * h->page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (pages == MAP_FAILED)
		err(COMMON_FAILED, "mmap");
	h->missing = pages + h->page_bytes;
	/* The command is in the page before, which is there. */
	h->question = (struct ethtool_value *)(h->missing - sizeof(h->question->cmd));
	h->question->cmd = ETHTOOL_SGSO;

	h->faults = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
	registered.range.start = (uintptr_t)h->missing;
	registered.range.len = h->page_bytes;
	if (h->faults < 0 || ioctl(h->faults, UFFDIO_API, &api) ||
	    ioctl(h->faults, UFFDIO_REGISTER, &registered))
		err(COMMON_FAILED, "userfaultfd");
	h->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (h->socket < 0)
		err(COMMON_FAILED, "socket");
}

/* Returns when the kernel has been given the page. */
static void *ask(void *context)
{
	struct holder *h = context;
	struct ifreq request = { .ifr_data = (void *)h->question };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", h->device);
	if (ioctl(h->socket, SIOCETHTOOL, &request))
		warn("%s: generic segmentation", h->device);
	return NULL;
}

/* What the kernel reads there: generic segmentation stays as it is by default, on. */
static void give_page(const struct holder *h)
{
	uint8_t *page = calloc(1, h->page_bytes);
	struct uffdio_copy copy = {
		.dst = (uintptr_t)h->missing,
		.src = (uintptr_t)page,
		.len = h->page_bytes,
	};

	if (!page)
		err(COMMON_FAILED, "memory");
	page[0] = 1;
	if (ioctl(h->faults, UFFDIO_COPY, &copy))
		err(COMMON_FAILED, "userfaultfd: copy");
	free(page);
}

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) > 0;
}

static int hold(const char *device, int ms)
{
	struct holder h = { .device = device };
	pthread_t asking;

	prepare(&h);
	errno = pthread_create(&asking, NULL, ask, &h);
	if (errno)
		err(COMMON_FAILED, "thread");
	if (!readable(h.faults, RTNL_WAIT_MS))
		errx(COMMON_FAILED, "the kernel did not come for the page");
	common_ready();
	readable(STDIN_FILENO, ms);
	give_page(&h);
	pthread_join(asking, NULL);
	return 0;
}

static int down(const char *device)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request))
		err(COMMON_FAILED, "%s", device);
	request.ifr_flags &= ~IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		err(COMMON_FAILED, "%s: down", device);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "hold") == 0)
		return hold(argv[2], (int)common_number("time", argv[3], 0, RTNL_MS_MAX));
	if (argc == 3 && strcmp(argv[1], "down") == 0)
		return down(argv[2]);
	errx(COMMON_USAGE, "usage: rtnl hold DEVICE MS | rtnl down DEVICE");
}
