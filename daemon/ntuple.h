/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A flow as a NIC's n-tuple filters have it: which frames go to a receive queue. Pure; who asks the
 * NIC is rtnl_ntuple.c.
 */
#ifndef VNETD_NTUPLE_H
#define VNETD_NTUPLE_H

#include <linux/ethtool.h>

#include "flow_match.h"
#include "mac.h"

#define NTUPLE_SPECS_MAX 2 /* for one flow: IPv4 and IPv6 */

struct ntuple {
	size_t count;
	struct ethtool_rx_flow_spec spec[NTUPLE_SPECS_MAX]; /* without a place */
};

/*
 * The filters for frames of @m that come in, to receive queue @queue; @mac: to that MAC alone,
 * NULL: to any. 0; or -EOPNOTSUPP: filters cannot say it, and @ret_why, a constant, tells what.
 */
int ntuple_make(const struct flow_match *m, const uint8_t *mac, uint32_t queue, struct ntuple *ret,
		const char **ret_why);

/* Tells filters apart by what they say, wherever they are. */
uint32_t ntuple_hash(const struct ethtool_rx_flow_spec *spec);

#endif
