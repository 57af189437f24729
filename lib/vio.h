/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One registration.
 *
 *	vio.c		its life: registered, in use, unregistered
 *	session.c	its conversation with vnetd, and what becomes of it when vnetd goes
 *	entry.c		tells the provider, by its entry points, how its vnet stands
 *	queue.c		frames between the tap's queues and the provider
 *	frame.c		message blocks from and to what a tap reads and writes
 *
 * Locks, from the outer one to the inner: vio->lock, loop->lock. No entry point is called under
 * either.
 */
#ifndef LIBVNET_VIO_H
#define LIBVNET_VIO_H

#include "loop.h"
#include "session.h"

#define VIO_REASON_SIZE 128

/* What a thread does with a registration at the moment; lives on its stack. */
struct vio_call {
	pthread_t thread;
	struct vio_call *next;
};

enum vio_report { VIO_UP, VIO_DOWN, VIO_FAILED };

/* What vnetd says of the vnet. */
struct vio_vnet {
	bool started;
	uint8_t address[ETHERADDRL];
	uint32_t mtu;
	bool promiscuous;
	uint8_t (*groups)[ETHERADDRL]; /* owned; sorted */
	size_t group_count;
};

/* The tap's descriptors; shared by those who use them just now. */
struct vio_taps {
	atomic_uint refs;
	unsigned int count;
	int fd[MAC_QUEUES_MAX];
};

struct vio_queue {
	struct loop_source source; /* its descriptor is readable; first, so that it leads back */
	/* of the thread whose turn it is */
	mblk_t *spare;	      /* for the next read */
	unsigned char *spill; /* owned; for what is longer */
	/* under the registration's lock */
	bool busy; /* some thread reads and offers: its turn */
	pthread_t turn;
	mblk_t *kept;	  /* a chain that the provider did not take, NULL: none */
	bool stopped;	  /* it waits for vio_net_tx_update() */
	uint64_t updates; /* how often that was called */
};

/* Counted by the library itself; under the lock. */
struct vio_counts {
	uint64_t rx_frames, tx_frames, malformed, norcvbuf, ierrors, tx_stops;
};

struct vio {
	atomic_uint refs;
	vio_net_handle_t handle;
	struct vnet_loop *loop;
	struct vio *next_in_loop; /* under the loop's lock */
	bool own_loop;
	bool threaded;
	pthread_t thread; /* drives the loop that is its own */

	/* what was registered */
	mac_callbacks_t callbacks;
	void *driver;
	vio_net_res_type_t type;
	ether_addr_t local, peer;
	char wanted_name[MAC_NAME_SIZE]; /* empty: vnetd chooses one */
	char netdev[MAC_NAME_SIZE];	 /* empty: a user-space provider */
	uint32_t min_sdu, max_sdu;
	unsigned int queue_count; /* 0: a netdev */
	bool checksums, segments4, segments6;

	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t quiet; /* a call or a turn has ended, or `dead` has begun */
	bool dead;	      /* unregistered: no call begins any more */
	bool attached;	      /* the loop looks after it */
	bool orphaned;	      /* unregistered by `thread` itself, which nobody waits for then */
	struct vio_call *calls;

	struct session session;
	bool removed; /* by an administrator */
	char vnet[MAC_NAME_SIZE], name[MAC_NAME_SIZE], device[MAC_NAME_SIZE];
	char token[64];
	char error[256]; /* why vnetd refuses it since it came back */

	/* what the provider said */
	enum vio_report report;
	uint64_t reports; /* made on this connection */
	char reason[VIO_REASON_SIZE];
	bool carrier_off; /* of the tap: vnetd was away when the link was lost */

	struct vio_vnet says; /* vnetd */
	struct vio_vnet told; /* the provider; `started`: mc_start() returned 0, mc_stop() is due */
	uint64_t entry_errors;

	struct vio_taps *taps; /* NULL: none */
	struct vio_queue *queues;
	struct loop_source kick; /* a stopped queue may go on: ... */
	int kick_fd;		 /* ... an eventfd */
	struct vio_counts counts;
};

void vio_hold(struct vio *v);
void vio_release(struct vio *v);

/*
 * Every use of a registration by a thread, entry points above all, is inside a call. False: it has
 * been unregistered, and nothing may be done.
 */
bool vio_call_begin(struct vio *v, struct vio_call *call);
void vio_call_end(struct vio *v, struct vio_call *call);

/* Takes over the descriptors, @count of them, as the tap's queues. 0 or -errno (they are closed).
 */
int vio_take_taps(struct vio *v, const int *fds, unsigned int count);
void vio_drop_taps(struct vio *v);	       /* under the lock */
struct vio_taps *vio_taps_hold(struct vio *v); /* under the lock; NULL: none */
void vio_taps_release(struct vio_taps *taps);

/* The provider's word is passed on to vnetd; under the lock. */
void vio_report(struct vio *v, enum vio_report report, const char *reason);
/* vnetd goes by another one, having heard all of ours: it was cleared. Under the lock. */
void vio_adopt_report(struct vio *v, enum vio_report report);

/* --- entry.c --- */

/* Brings the provider from what it was told to what vnetd says. Inside a call, not under the lock,
 * by one thread at a time. */
void entry_follow(struct vio *v);
/* mc_stop(), if that is due. The same. */
void entry_stop(struct vio *v);
/* What vnetd counts of it: the provider's and the library's own. */
struct entry_counts {
	uint64_t ierrors, oerrors, norcvbuf, noxmtbuf, malformed;
};
void entry_count(struct vio *v, struct entry_counts *ret);

/* --- queue.c --- */

int queue_new(struct vio *v);
void queue_free(struct vio *v);
/* A tap was taken: its descriptors are read from now on. */
int queue_open(struct vio *v);
void queue_close(struct vio *v);
/* Inside a call: gives @chain to the vnet. */
void queue_receive(struct vio *v, mblk_t *chain);
void queue_update(struct vio *v);
/* Waits until no thread but the caller's is in mc_tx(). False: unregistered meanwhile. Under the
 * lock. */
bool queue_await_turns(struct vio *v);

#endif
