/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the example providers share: the vnet they belong to, how they wait, and what they report.
 */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <poll.h>

#include <vnet/vio_net.h>

#include "options.h"

#define COMMON_SECOND_NS 1000000000LL
#define COMMON_FDS	 2 /* how many of the descriptors that are waited for are ours */
#define COMMON_BATCH	 64

struct common {
	const char *socket, *vnet, *name;
	ether_addr_t address, peer; /* of the vnet, and of a guest's peer */
	struct vnet_loop *loop;
	int signals;		 /* readable: SIGINT or SIGTERM */
	vio_net_handle_t handle; /* the program's registration, once there is one */
};

struct common_totals {
	uint64_t frames, bytes;
	int64_t begin_ns, end_ns; /* of the first and of the last frame */
};

/* The options that all have, and @rows; --socket, --vnet, --vnet-address, --name, --peer. */
int common_options(struct common *c, const char *usage, const struct option_row *rows, size_t count,
		   int argc, char **argv);
/*
 * Finds the vnet's MAC by its name, makes the loop, and has SIGINT and SIGTERM wait until
 * common_wait() sees them. Exits if it cannot.
 */
void common_open(struct common *c);
/*
 * Registers what @mac says, for c->loop and with the name that the user wants, and frees @mac.
 * Exits if it cannot.
 */
void common_register(struct common *c, mac_register_t *mac, vio_net_res_type_t type,
		     vio_net_callbacks_t *ret);
/*
 * Waits until something has happened at one of @fds, the first COMMON_FDS of which it fills in, but
 * for at most so long (negative: as long as it takes); then does what the library has to do.
 * Returns false when a signal asks the program to end. Exits if the resource was removed.
 */
bool common_wait(struct common *c, struct pollfd *fds, nfds_t count, int64_t timeout_ns);
/* Unregisters, and says what was refused of the frames that were handed in. */
void common_close(struct common *c);

/* CLOCK_MONOTONIC. */
int64_t common_now_ns(void);
void common_count(struct common_totals *t, size_t bytes);
/* "played 10 frames, 600 bytes in 0.100 s: 100 frames/s, 0.048 Mbit/s" */
void common_print(const char *what, const struct common_totals *t);
/* Takes the first frame off a chain. */
mblk_t *common_take(mblk_t **chain);
/* Or exits: an example has nothing better to do without memory. */
mblk_t *common_alloc(size_t size);

#endif
