/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A registration's conversation with vnetd: an open call of Provide, whose replies tell how the
 * vnet stands, and one-way calls beside it. When it breaks off, it is begun again until it
 * succeeds.
 */
#ifndef LIBVNET_SESSION_H
#define LIBVNET_SESSION_H

#include "client.h"
#include "loop.h"

enum session_stage {
	SESSION_CLOSED, /* waits for the timer to try again, or has ended */
	SESSION_ASKED,	/* Provide was sent */
	SESSION_OPEN,	/* registered */
};

struct session {
	struct vnet_client client; /* connection and error */
	enum session_stage stage;
	struct loop_source source; /* the connection */
	struct loop_source timer;
	int timer_fd;
	unsigned int tries;	 /* since it was lost */
	bool report_waits;	 /* for room in the socket */
	bool renew;		 /* the tap is gone: to be asked for again, once all is read */
	bool connected;		 /* client.wire is open */
	int fds[MAC_QUEUES_MAX]; /* that have come along and were not taken yet */
};

/* Registers, waiting for the answer. 0, or -errno with a sentence in @error. */
int session_begin(struct vio *v, char *error, size_t size);
/* After session_begin(): the loop looks after it from now on. 0 or -errno. */
int session_attach(struct vio *v);
/* Tells vnetd what the provider reports, now or as soon as there is room. Under the lock. */
void session_report(struct vio *v);
/* The connection is given up soon, and another one made: the tap is gone. Under the lock. */
void session_renew(struct vio *v);
/* Takes the resource back, and waits until vnetd has let go of it. No call is under way but the
 * caller's own. */
void session_end(struct vio *v);

#endif
