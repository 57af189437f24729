/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the loader*.c files alone. */
#ifndef VNETD_LOADER_INTERNAL_H
#define VNETD_LOADER_INTERNAL_H

#include <bpf/libbpf.h>

#include "../bpf/trace.h"
#include "bpf/vnet.skel.h" /* needs trace.h */
#include "loader.h"

#define LOADER_TAIL_SIZE 4096

/* The kernel did not load the programs. */
struct loader_refusal {
	enum error_kind kind;
	int error; /* positive errno, 0: it was not refused */
	char text[512];
	char tail[LOADER_TAIL_SIZE]; /* of the verifier's log, for loader_log_tail() */
};

/* -errno, and then @ret is filled. The programs are @skel's. */
int loader_load_programs(struct vnet_bpf *skel, struct loader_refusal *ret);

void loader_log_tail(const char *tail);

#endif
