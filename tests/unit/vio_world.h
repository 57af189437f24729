/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vnetd for the provider's side of libvnet: a thread of the test that answers Provide, and says
 * beside it whatever the test asks for. Its taps are socket pairs, whose messages are what a tap
 * reads and writes: a virtio_net_hdr and a frame.
 *
 * Each registration is a port; the lowest free number is the next one's, so a test with one
 * registration speaks of port 0.
 */
#ifndef VNET_TESTS_VIO_WORLD_H
#define VNET_TESTS_VIO_WORLD_H

#include <linux/virtio_net.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vnet/vio_net.h"

#define VIO_WORLD_PORTS	      80
#define VIO_WORLD_DEADLINE_MS 20000
#define VIO_WORLD_LOCAL	      "02:00:00:00:00:01"
#define VIO_WORLD_FDS_ASKED   (-1)

/* For loops and threads: libcheck's own assertions write a line for each that holds. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			ck_abort_msg("not so: %s", #condition);                                    \
	} while (0)

/* What has come to it. */
enum vio_seen {
	SEEN_CONNECT,
	SEEN_PROVIDE,
	SEEN_REPORT,
	SEEN_COUNT,
	SEEN_WITHDRAW,
	SEEN_CLOSE, /* by the library */
	SEEN_KINDS,
};

/* How Provide is answered. */
struct vio_answer {
	const char *raw; /* a message in place of the usual one; NULL: the usual one */
	bool half;	 /* without its NUL byte */
	bool silent;	 /* not at all */
	bool hang_up;	 /* and the connection is closed */
	bool few_fds;	 /* no descriptor can be opened from then on */
	bool new_taps;	 /* even to who has some already */
	int fds;	 /* that go along, VIO_WORLD_FDS_ASKED: one for each queue */
	unsigned int mtu;
	bool start; /* the vnet is up: says so at once */
};

struct vio_port {
	bool used, registered;
	int fd; /* -1: vnetd is away */
	char token[32];
	unsigned int queues;
	int tap[MAC_QUEUES_MAX];   /* the kernel's side */
	int given[MAC_QUEUES_MAX]; /* the provider's */
	char *buffer;
	size_t length;
};

struct vio_world {
	char folder[64], path[96];
	pthread_t thread;
	int wake;

	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t changed;
	int listening; /* -1: it is away */
	bool ending;
	bool deaf; /* it does not read */
	bool mute; /* it does not end a registration that is withdrawn */
	struct vio_answer answer;
	struct vio_port ports[VIO_WORLD_PORTS];
	unsigned int tokens;
	unsigned int seen[SEEN_KINDS];
	char *last[SEEN_KINDS]; /* the parameters that came last */
};

struct vio_world *vio_world_new(void);
void vio_world_free(struct vio_world *w);

/* It dies: every connection is closed, and nobody listens. Taps and tokens are kept. */
void vio_world_leave(struct vio_world *w);
/* It has forgotten all registrations, their taps are gone. */
void vio_world_forget(struct vio_world *w);
void vio_world_return(struct vio_world *w);

void vio_world_answer(struct vio_world *w, struct vio_answer answer);
extern const struct vio_answer vio_world_usual;
void vio_world_set_deaf(struct vio_world *w, bool deaf);
void vio_world_set_mute(struct vio_world *w, bool mute);

/* Waits until that many of a kind have come. */
void vio_world_await(struct vio_world *w, enum vio_seen kind, unsigned int count);
unsigned int vio_world_seen(struct vio_world *w, enum vio_seen kind);
/* The parameters of the last one, to be freed; "" if there was none. */
char *vio_world_last(struct vio_world *w, enum vio_seen kind);
/* Waits until those of the last one contain @text. */
void vio_world_await_text(struct vio_world *w, enum vio_seen kind, const char *text);

/* Sends bytes on a connection, whatever has become of it. */
void vio_world_send_bytes(struct vio_world *w, unsigned int port, const void *bytes, size_t n);
/* A message to a registration, with this member: {"parameters": {MEMBER}, "continues": true}. */
void vio_world_send(struct vio_world *w, unsigned int port, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The vnet's state. */
struct vio_state {
	bool stopped;
	const char *address; /* NULL: VIO_WORLD_LOCAL */
	unsigned int mtu;    /* 0: 1500 */
	bool promiscuous;
	const char *groups; /* as JSON; NULL: none */
	const char *report; /* NULL: left out, with @reports */
	unsigned int reports;
};
void vio_world_state(struct vio_world *w, unsigned int port, struct vio_state state);

/* The connection of one registration is closed. */
void vio_world_hang_up(struct vio_world *w, unsigned int port);
/* The tap is deleted. */
void vio_world_delete_tap(struct vio_world *w, unsigned int port);

/* --- frames, as the kernel sees them --- */

int vio_world_tap(struct vio_world *w, unsigned int port, unsigned int queue);
void vio_world_write(int tap, const struct virtio_net_hdr *h, const void *frame, size_t n);
/* The same, if there is such a registration, and room: for a test that ends registrations. */
void vio_world_try_write(struct vio_world *w, unsigned int port, const void *frame, size_t n);
/* The bytes of the next one; waits for it. */
size_t vio_world_read(int tap, struct virtio_net_hdr *ret, void *frame, size_t size);
bool vio_world_has_frame(int tap);

/* How many descriptors this process has open. */
unsigned int vio_world_count_fds(void);

#endif
