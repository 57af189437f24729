/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The loop that drives registrations: descriptors, and what to do when they are ready, by as many
 * threads as there are.
 *
 * Each source is one-shot: it runs in one thread at a time, and is armed again after that. An event
 * is fetched, and a reference to the source's owner taken, under the lock under which sources are
 * removed; so no event of a removed source is ever handled.
 */
#ifndef LIBVNET_LOOP_H
#define LIBVNET_LOOP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "vnet/vio_net.h"

struct vio;

struct loop_source {
	struct vio *owner;
	/* Does what there is to do. Returns the events to wait for next, 0: none until loop_arm().
	 */
	uint32_t (*run)(struct loop_source *s, uint32_t events);
	int fd;		 /* borrowed from the owner; -1: not in the loop */
	int index;	 /* the owner's to use */
	bool running;	 /* in some thread */
	uint32_t wanted; /* asked for while it was running */
};

struct vnet_loop {
	int epoll;
	atomic_bool stopped;
	int stop; /* eventfd, readable from then on: wakes who waits */
	char *socket_path;
	pthread_mutex_t lock;
	struct vio *vios;    /* those that it drives, by next_in_loop */
	pthread_cond_t left; /* one of them has taken itself out */
};

/* Puts @s with its descriptor into the loop. 0 or -errno. */
int loop_add(struct vnet_loop *loop, struct loop_source *s, int fd, uint32_t events);
/* Takes it out, if it is in. It may still be running in some thread. */
void loop_remove(struct vnet_loop *loop, struct loop_source *s);
/* Waits for @events as well. */
void loop_arm(struct vnet_loop *loop, struct loop_source *s, uint32_t events);

void loop_enter(struct vnet_loop *loop, struct vio *v);
void loop_leave(struct vnet_loop *loop, struct vio *v);

#endif
