/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to the network devices (rtnetlink, by libmnl). Every lost or interrupted piece of
 * news ends in one recovery path: dump everything again.
 */
#ifndef VNETD_MONITOR_H
#define VNETD_MONITOR_H

#include <systemd/sd-event.h>

#include "address.h"
#include "link.h"

struct monitor;

/*
 * All but those that may be NULL have to be there. A dump that turns out not to be whole has no
 * end: another one begins instead. They may call every function here but monitor_free().
 */
struct monitor_callbacks {
	void (*on_link)(void *context, const struct link *l); /* new or changed */
	void (*on_gone)(void *context, uint32_t ifindex);     /* deleted, or left the namespace */
	void (*on_dump_begin)(void *context);		      /* a full dump starts ... */
	void (*on_dump_end)(void *context);		      /* ... and is complete */
	void (*on_overrun)(void *context);		      /* news was lost; a dump follows */
	/* Some multicast group was joined or left, from Linux 6.14 on. May be NULL. */
	void (*on_groups)(void *context);
	/* A clsact, or a filter, was taken from a device. May be NULL. */
	void (*on_unhooked)(void *context, uint32_t ifindex);
	/* An address is there and in use, or is not any more. NULL: addresses are not asked for. */
	void (*on_address)(void *context, const struct address *a, bool there);
	/* Around all that is read in one go; may be NULL. */
	void (*on_batch_begin)(void *context);
	void (*on_batch_end)(void *context);
};

/*
 * Opens the socket in the current network namespace, reads the first full dump synchronously (so
 * that the callbacks have seen every device when it returns) and from then on listens in @loop,
 * before any other source there. 0 or -errno.
 */
int monitor_new(sd_event *loop, const struct monitor_callbacks *callbacks, void *context,
		struct monitor **ret);
void monitor_free(struct monitor *m);

/*
 * Asks the kernel for the present state of one device. The answer comes as on_link, as a rule
 * before the loop's next turn, but while somebody holds the lock of all devices not before he lets
 * go; it is newer than what link watch may still be holding back.
 */
int monitor_poll(struct monitor *m, uint32_t ifindex);

/* Reads and handles everything that is waiting in the socket now, without blocking. */
int monitor_drain(struct monitor *m);

/* The descriptor's receive buffer in bytes, and how often news was lost. For `status` and tests. */
int monitor_buffer_bytes(const struct monitor *m);
uint64_t monitor_overruns(const struct monitor *m);

/*
 * Asks for another receive buffer, now and after each overrun. The kernel counts twice the size and
 * has limits of its own. 0 or -errno.
 */
int monitor_set_buffer_bytes(struct monitor *m, int bytes);

#endif
