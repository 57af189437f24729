/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The n-tuple filters of a NIC, by ethtool's ioctl; see kernel.h. */
#ifndef VNETD_RTNL_NTUPLE_H
#define VNETD_RTNL_NTUPLE_H

#include "kernel.h"

int rtnl_ntuple_room(void *rtnl, const char *device, struct kernel_ntuple_room *ret);
int rtnl_ntuple_get(void *rtnl, const char *device, uint32_t place,
		    struct ethtool_rx_flow_spec *ret);
int rtnl_ntuple_add(void *rtnl, const char *device, const struct ethtool_rx_flow_spec *spec);
int rtnl_ntuple_del(void *rtnl, const char *device, uint32_t place);

#endif
