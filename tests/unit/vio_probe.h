/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A provider that notes what it is told, answers as the test wants, and can do something inside
 * each of its entry points; and the threads that drive its loop.
 */
#ifndef VNET_TESTS_VIO_PROBE_H
#define VNET_TESTS_VIO_PROBE_H

#include <stdatomic.h>
#include <unistd.h>

#include "vio_world.h"

#define PROBE_LOG_BYTES	  16384
#define PROBE_THREADS_MAX 4

enum probe_entry {
	PROBE_START,
	PROBE_STOP,
	PROBE_SETPROMISC,
	PROBE_MULTICST,
	PROBE_UNICST,
	PROBE_TX,
	PROBE_GETSTAT,
	PROBE_ENTRIES,
};

struct probe {
	/* what is registered; mac.m_driver is the probe */
	mac_register_t mac;
	mac_callbacks_t callbacks;
	vio_net_handle_t handle;
	vio_net_callbacks_t vnet;

	/* Runs inside every entry point; NULL: nothing does. */
	void (*inside)(struct probe *p, enum probe_entry entry);
	/* In place of taking and noting every frame. */
	mblk_t *(*tx)(struct probe *p, mblk_t *chain);
	void *context;	/* the test's */
	uint64_t stats; /* what getstat answers: this, and the number of the statistic */
	uint32_t checksums;
	mac_capab_lso_t lso;

	atomic_int answers[PROBE_ENTRIES]; /* an errno, 0 for most */
	atomic_uint calls[PROBE_ENTRIES];
	atomic_bool over;   /* unregistered: no entry point may be called */
	atomic_uint within; /* how many entry points run just now */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	char log[PROBE_LOG_BYTES]; /* "start unicst:02... promisc:1 +01... " */
};

void probe_init(struct probe *p, struct vnet_loop *loop);
void probe_done(struct probe *p);
int probe_register(struct probe *p, vio_net_res_type_t type);

/* Waits until the log is @text. */
void probe_await(struct probe *p, const char *text);
void probe_await_calls(struct probe *p, enum probe_entry entry, unsigned int count);
void probe_clear(struct probe *p);
struct vio_net_status probe_status(const struct probe *p);
/* Waits until vio_net_resource_status() tells that. */
void probe_await_state(const struct probe *p, enum vio_net_state state);

/* A frame of @n bytes from the peer to the vnet, in one block; byte i is i, behind the header. */
mblk_t *probe_frame(size_t n);

/* --- who drives a loop --- */

struct probe_threads {
	struct vnet_loop *loop;
	unsigned int count;
	pthread_t thread[PROBE_THREADS_MAX];
};

void probe_drive(struct probe_threads *t, struct vnet_loop *loop, unsigned int count);
/* vnet_stop(); all have returned 0. */
void probe_halt(struct probe_threads *t);

/* --- what most tests stand on --- */

struct probe_bed {
	struct vio_world *world;
	struct vnet_loop *loop;
	struct probe probe;
	struct probe_threads threads;
	unsigned int fds; /* open before it was made */
};

/* A world, a probe that is not registered, and its loop with @count threads. */
void probe_bed_make(struct probe_bed *bed, unsigned int count);
/* Unregisters what is left. Whatever a test has done, no descriptor stays open. */
void probe_bed_clear(struct probe_bed *bed);

/* Looks again and again until @condition holds. */
#define probe_until(condition)                                                                     \
	do {                                                                                       \
		int64_t probe_left_us = VIO_WORLD_DEADLINE_MS * 1000L;                             \
		while (!(condition)) {                                                             \
			if ((probe_left_us -= 200) < 0)                                            \
				ck_abort_msg("waited in vain until %s", #condition);               \
			usleep(200);                                                               \
		}                                                                                  \
	} while (0)

#endif
