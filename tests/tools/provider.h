/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The scripted provider of the selftests.
 *
 *	provider.c		options, and the loop that hears commands and tells of changes
 *	provider_command.c	what a line on stdin does
 *	provider_entry.c	the entry points: what the library says, told on stdout
 *	provider_tx.c		mc_tx(): refuses at random, counts, passes on
 *	provider_far.c		a tap in another namespace, where the frames come out
 *	provider_send.c		frames into the vnet
 */
#ifndef TOOLS_PROVIDER_H
#define TOOLS_PROVIDER_H

#include <pthread.h>
#include <stdatomic.h>

#include "stream_count.h"
#include "vnet/vio_net.h"

#define PROVIDER_IDS	     8 /* streams that are counted: 0 to 7 */
#define PROVIDER_THREADS_MAX 16
#define PROVIDER_STATS	     4 /* MAC_STAT_* */

struct provider_options {
	const char *socket, *name, *device, *far, *status, *progress;
	uint8_t local[COMMON_MAC_LEN], peer[COMMON_MAC_LEN];
	bool has_peer, offload, own_thread, own_loop, wait;
	unsigned int queues, threads, max_sdu;
	vio_net_res_type_t type;
};

/* What mc_tx() has seen. */
struct provider_seen {
	atomic_uint_fast64_t frames, bytes, refusals, echoed;
	atomic_uint_fast64_t lso, partial; /* still to be cut, to be summed */
	atomic_uint_fast64_t longest;
	atomic_uint_fast64_t unasked;  /* while not started, or not registered */
	atomic_uint_fast64_t overlaps; /* two at once, though there is one queue */
};

struct provider_stream {
	pthread_mutex_t lock;
	struct stream_count count;
};

struct provider {
	struct provider_options options;
	mac_register_t *mac;
	mac_callbacks_t callbacks;
	struct vnet_loop *loop; /* NULL: the library's own thread */
	pthread_t threads[PROVIDER_THREADS_MAX];

	vio_net_handle_t handle;
	vio_net_callbacks_t vnet;
	atomic_bool registered;
	int told_state;		/* enum vio_net_state, -1: none */
	atomic_bool may_run;	/* registering or registered: entry points may be called */
	atomic_bool started;	/* between mc_start() and mc_stop() */
	atomic_int start_error; /* what mc_start() returns */
	atomic_int entry_error; /* what unicst, setpromisc and multicst return */
	atomic_uint_fast64_t stats[PROVIDER_STATS];

	/* mc_tx() */
	atomic_uint refuse_permille, refuse_us;
	atomic_bool hold, echo;
	atomic_uint in_tx;
	atomic_uint_fast64_t random;
	struct provider_seen seen;
	struct provider_stream streams[PROVIDER_IDS];
	uint64_t *progress; /* shared with the sender, NULL: none */
	pthread_t updater;
	pthread_mutex_t update_lock;
	pthread_cond_t refused;
	bool update_due;

	int far_fd; /* -1: none */
	pthread_t far_thread;
	atomic_bool ending;
	uint64_t sent; /* numbered frames given to the vnet */
};

/* --- provider.c --- */

void provider_register(struct provider *p);
void provider_unregister(struct provider *p);

/* --- provider_command.c --- */

/* Carries out a line, and says "done" and the line when that has happened. */
void command_run(struct provider *p, char *line);

/* --- provider_entry.c --- */

extern const mac_callbacks_t entry_callbacks;

/* --- provider_tx.c --- */

void tx_open(struct provider *p);
mblk_t *tx_frames(void *driver, mblk_t *chain);
void tx_print(void *context, FILE *f);

/* --- provider_far.c --- */

void far_open(struct provider *p, const char *where);
void far_start(struct provider *p);
void far_stop(struct provider *p);
void far_write(struct provider *p, mblk_t *mp);

/* --- provider_send.c --- */

/* @rate in frames a second, 0: as fast as it goes. */
void send_numbered(struct provider *p, uint64_t count, size_t size, uint64_t rate);
void send_raw(struct provider *p, const uint8_t *bytes, size_t length);

#endif
