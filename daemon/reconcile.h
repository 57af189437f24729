/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the kernel follow: desired and observed state in, requests and map writes out. Every
 * function here is idempotent: called again with nothing new, it changes nothing.
 *
 * The order inside is what keeps frames from being lost: a device is attached before any path leads
 * over it, and every path has left it before it is let go.
 */
#ifndef VNETD_RECONCILE_H
#define VNETD_RECONCILE_H

#include "manager.h"

/* The vnet whole: upper, resources, paths. The first failure is returned, the rest is done all the
 * same. */
int reconcile_vnet(struct vnet *v, struct error *e);

/* The upper alone: made or found, its MAC and MTU, where vnet_tx is attached; reconcile_upper.c. */
int reconcile_upper(struct vnet *v, struct error *e);
void reconcile_upper_remove(struct vnet *v);
/* The upper's or the port's device is gone. */
void reconcile_upper_gone(struct vnet *v, uint32_t ifindex);

/* One resource and what follows from it; reconcile_resource.c. A failure is its state, too. */
int reconcile_resource(struct resource *r, struct error *e);
/* Paths leave it, then its device gets back what it had. */
void reconcile_resource_remove(struct resource *r);
/* Its device is gone: there is nothing to give back. */
void reconcile_resource_gone(struct resource *r);

/* Which resource carries what: the chain of hybrids, the vnet's row, its carrier; reconcile_path.c.
 */
int reconcile_path(struct vnet *v);
/* The registered service or hybrid that carries now, NULL: none. */
struct resource *reconcile_path_hybrid(const struct vnet *v);

/* FDB entries of a guest; fdb.c. */
int reconcile_fdb(struct resource *r, struct error *e);
void reconcile_fdb_remove(struct resource *r);

#endif
