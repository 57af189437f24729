/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock of an instance: one daemon at a time. In the file stand the numbers of the programs that
 * its last holder loaded, so that the next one knows them again where their pins are out of sight.
 */
#ifndef VNETD_LOCK_H
#define VNETD_LOCK_H

#include "error.h"

#define LOCK_PROGRAMS_MAX 16

/* Kernel's numbers of programs, which are not given twice. */
struct lock_programs {
	uint32_t id[LOCK_PROGRAMS_MAX];
	size_t count;
};

/* Makes the folder @state and takes its lock for @instance. A descriptor, or -errno and a sentence.
 */
int lock_take(const char *state, const char *instance, struct error *e);

/* What it says; none if it says nothing that can be read. */
void lock_read(int lock, struct lock_programs *ret);

/* 0 or -errno. */
int lock_write(int lock, const struct lock_programs *programs);

#endif
