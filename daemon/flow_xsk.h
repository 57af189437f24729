/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of a flow that is for an AF_XDP socket: the veth that leads there, and the socket. */
#ifndef VNETD_FLOW_XSK_H
#define VNETD_FLOW_XSK_H

#include "kernel.h"

struct flow;

/* One opening. */
struct flow_xsk_pair {
	char name[IFNAMSIZ]; /* of the far end; empty: there is none */
	uint32_t near, far;
	uint8_t turn; /* which of the flow's places */
};

struct flow_xsk {
	struct flow_xsk_pair now;
	struct flow_xsk_pair old; /* of the opening before: what is on its way there arrives */
	uint64_t old_due_us;	  /* when it goes */
	bool listed;		  /* among the manager's `xsks` */
	bool present;		  /* its program is connected, and `socket` is open */
	int socket;		  /* ours, beside the program's */
	bool zerocopy;
	uint64_t opening; /* which one it is, of all */
	uint64_t lost;	  /* at the near end, as the kernel told when it was last asked */
	bool unsure;	  /* there is news of the veth: is the program still there? */
	struct flow *prev, *next;
};

#endif
