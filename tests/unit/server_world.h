/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A server with a few methods in a temporary folder, for the tests of the server. */
#ifndef VNET_TESTS_SERVER_WORLD_H
#define VNET_TESTS_SERVER_WORLD_H

#include "talk.h"
#include "../../daemon/server.h"

#define WORLD_STREAMS 8

struct world {
	sd_event *loop;
	struct server *server;
	char folder[64];
	char path[96];
	unsigned int calls;	 /* methods that ran */
	size_t queued_bytes_max; /* that a method has seen */
	struct server_call *streams[WORLD_STREAMS];
	unsigned int stream_count;
	char read_group[64];
	char change_group[64];
	unsigned int closed;	   /* streams whose client went away */
	struct server_call *noted; /* the stream that the last Note came in the midst of */
	unsigned int notes;
	struct server_call *kept; /* the call that Keep has not answered */
	bool may_change;	  /* the caller of the last Note */
};

extern struct world world; /* of the test that runs: each has a process of its own */

void world_folder_make(void); /* unchecked fixture */
void world_folder_remove(void);
void world_setup(void); /* checked fixture */
void world_teardown(void);

/* Another server there, with limits of one's own; 0 uses the defaults. */
int world_serve(const char *path, uint64_t request_limit_us, uint64_t stall_limit_us,
		struct server **ret, struct error *e);

/* Number of open descriptors of this process. */
unsigned int world_descriptors(void);

/* Until the server has that many connections. */
void world_wait_connections(size_t count);

#endif
