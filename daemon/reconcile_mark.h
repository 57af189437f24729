/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a device was before vnetd changed it, noted where it outlives vnetd, before the change: the
 * state file has it only when the change is done. A daemon that dies in between leaves a note that
 * the next one finds, whether it knows the object for which the device was changed or not.
 */
#ifndef VNETD_RECONCILE_MARK_H
#define VNETD_RECONCILE_MARK_H

#include "manager.h"

/*
 * Before a change of @l: @saved is what will have to be given back then, @address the vnet's, which
 * the device or its filter gets. 0 or -errno; where nothing changes nothing is done.
 */
int reconcile_mark_saved(struct manager *m, const struct link *l, const struct desired_saved *saved,
			 const uint8_t *address);
/* After it: @saved is what has to be given back; nothing: it has been. */
int reconcile_mark_done(struct manager *m, const struct link *l, const struct desired_saved *saved);
int reconcile_mark_offloads(struct manager *m, const struct link *l,
			    const struct desired_offloads *offloads);

/* An earlier daemon's notes are read; of devices that are not there any more they go. */
int reconcile_mark_load(struct manager *m);
/*
 * The device with that index is an object's: what the earlier daemon has noted of it is the
 * object's, and more recent than what the state file says. False: nothing was, or not for us.
 */
bool reconcile_mark_claim_saved(struct manager *m, uint32_t ifindex, struct desired_saved *ret);
bool reconcile_mark_claim_offloads(struct manager *m, uint32_t ifindex,
				   struct desired_offloads *ret);
/* What nobody has claimed is given back. */
void reconcile_mark_sweep(struct manager *m);

/* Somebody has changed its MAC, by which it is known again. */
void reconcile_mark_follow(struct manager *m, const struct link *l);
/* The device does not exist any more, or goes as it is. */
void reconcile_mark_gone(struct manager *m, uint32_t ifindex);

void reconcile_mark_free(struct manager *m);

#endif
