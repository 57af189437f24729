/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a NIC keeps of a virtual function, field by field. */
#ifndef VNETD_KERNEL_VF_H
#define VNETD_KERNEL_VF_H

#include "kernel.h"

/* The @i-th of them, below KERNEL_VF_FIELDS. */
static inline enum kernel_vf_field kernel_vf_field(unsigned int i)
{
	return (enum kernel_vf_field)(1u << i);
}

bool kernel_vf_same(const struct kernel_vf *a, const struct kernel_vf *b,
		    enum kernel_vf_field field);
/* And `set` of @to names it. */
void kernel_vf_copy(struct kernel_vf *to, const struct kernel_vf *from, enum kernel_vf_field field);
/* "MAC", for sentences; borrowed. */
const char *kernel_vf_text(enum kernel_vf_field field);

#endif
