/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests to rtnetlink, by libnl-route. Synchronous; the functions of struct kernel_ops. */
#ifndef VNETD_RTNL_H
#define VNETD_RTNL_H

#include "kernel.h"

struct rtnl;

int rtnl_new(struct rtnl **ret); /* 0 or -errno; in the current network namespace */
void rtnl_free(struct rtnl *r);

int rtnl_veth_add(void *rtnl, const struct kernel_veth *veth);
int rtnl_veth_del(void *rtnl, const char *port);
int rtnl_link_get(void *rtnl, const char *name, struct link *ret); /* -ENODEV: there is none */
int rtnl_link_set(void *rtnl, uint32_t ifindex, const struct kernel_link_change *change);
bool rtnl_has_fq(void *rtnl);
int rtnl_link_del(void *rtnl, uint32_t ifindex);
int rtnl_send_frame(void *rtnl, uint32_t ifindex, const void *frame, size_t length);
int rtnl_listen(void *rtnl, uint32_t ifindex, const struct kernel_filter *filter, int *ret);
int rtnl_hear(void *rtnl, int listener, struct kernel_frame *ret);
void rtnl_listen_end(void *rtnl, int listener);
/* Where sysfs is mounted, borrowed; "/sys" until this is called. */
void rtnl_set_sysfs(struct rtnl *r, const char *path);
int rtnl_vf_look(void *rtnl, const char *pf, uint32_t index, struct kernel_vf_place *ret);
int rtnl_vf_get(void *rtnl, uint32_t pf, uint32_t index, struct kernel_vf *ret);
int rtnl_vf_set(void *rtnl, uint32_t pf, uint32_t index, const struct kernel_vf *change);
int rtnl_vf_bridge(void *rtnl, uint32_t pf, bool *ret_veb);
/* Without waiting for anyone; < 0: it has to be asked for by a request. */
int rtnl_carries(void *rtnl, const struct link *l, bool *ret);
int rtnl_link_stats(void *rtnl, uint32_t ifindex, struct kernel_link_stats *ret);
int rtnl_link_filter(void *rtnl, uint32_t ifindex, const uint8_t address[MAC_LEN], bool add);
/* The kernel gives the device no link-local address, and so solicits no routers over it. */
int rtnl_link_no_ipv6_address(void *rtnl, uint32_t ifindex);

#endif
