/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the kernel in memory alone. */
#ifndef TESTS_UNIT_FAKE_KERNEL_INTERNAL_H
#define TESTS_UNIT_FAKE_KERNEL_INTERNAL_H

#include "fake_kernel.h"

/* Is it the turn of @call to fail, with k->fail_error? */
bool fake_fails(struct fake_kernel *k, const char *call);

/* A row of `members`: their slots are the data path's own business. */
struct fake_member {
	uint32_t uplink, resource;
};

/* To the journal. */
void fake_note(struct fake_kernel *k, const char *format, ...) UTIL_PRINTF(2, 3);

/* Borrowed; NULL: no such device. */
struct link *fake_link(struct fake_kernel *k, uint32_t ifindex);

/* What ends with a device: its attachments, and its row in `devices`. */
void fake_datapath_gone(struct fake_kernel *k, uint32_t ifindex);

void fake_datapath_ops(struct kernel_ops *ops);

/* fake_listen.c */
int fake_listen(void *rtnl, uint32_t ifindex, const struct kernel_filter *filter, int *ret);
int fake_hear(void *rtnl, int listener, struct kernel_frame *ret);
void fake_listen_end(void *rtnl, int listener);

/* fake_tap.c */
int fake_tap_add(void *rtnl, const struct kernel_tap *tap, struct link *ret, int *fds);
void fake_tap_gone(struct fake_kernel *k, uint32_t ifindex);

/* fake_xsk.c */
void fake_xsk_ops(struct kernel_ops *ops);

/* fake_vf.c */
void fake_vf_ops(struct kernel_ops *ops);
void fake_vf_text(const struct fake_kernel *k, FILE *out);
void fake_ntuple_ops(struct kernel_ops *ops);
void fake_ntuple_gone(struct fake_kernel *k, uint32_t ifindex);
void fake_ntuple_text(const struct fake_kernel *k, FILE *out);

#endif
