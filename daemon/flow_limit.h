/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a rate to what the programs count with. */
#ifndef VNETD_FLOW_LIMIT_H
#define VNETD_FLOW_LIMIT_H

#include "../bpf/abi.h"
#include "util.h"

#define FLOW_LIMIT_MIN_BITS 64000ULL /* bits a second */
#define FLOW_LIMIT_MAX_BITS 40000000000ULL

/*
 * The row of a limit. @in_bits and @out_bits are bits a second, from FLOW_LIMIT_MIN_BITS to
 * FLOW_LIMIT_MAX_BITS, 0: no limit in that direction.
 */
void flow_limit_row(uint64_t in_bits, uint64_t out_bits, struct abi_limit *ret);

#endif
