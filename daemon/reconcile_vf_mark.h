/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a NIC kept of a virtual function before vnetd changed it, noted where it outlives vnetd and
 * before the change, as reconcile_mark.h does it for devices. By the number of the PF and that of
 * the VF.
 */
#ifndef VNETD_RECONCILE_VF_MARK_H
#define VNETD_RECONCILE_VF_MARK_H

#include "manager.h"

/*
 * Before a change at @pf, or after it: @saved is what will have to be given back then, as far as it
 * is that PF's; nothing: the note goes. @asked: what the VF is asked for; its `set` names it, NULL:
 * nothing. 0 or -errno.
 */
int reconcile_vf_mark(struct manager *m, uint32_t pf, uint32_t index,
		      const struct desired_vf *saved, const struct kernel_vf *asked);

/* Has it been asked to have that MAC, as far as is noted? */
bool reconcile_vf_mark_gave(const struct manager *m, uint32_t pf, uint32_t index,
			    const uint8_t *address);

/* An earlier daemon's notes are read; of PFs that are not there any more they go. */
int reconcile_vf_mark_load(struct manager *m);
/*
 * That VF is a resource's: what the earlier daemon has noted of it is more recent than @vf, what
 * the state file says, and takes its place. False: nothing was noted, or somebody has it already.
 */
bool reconcile_vf_mark_claim(struct manager *m, uint32_t pf, uint32_t index, struct desired_vf *vf);
/* What nobody has claimed is given back. */
void reconcile_vf_mark_sweep(struct manager *m);

/* The PF does not exist any more. */
void reconcile_vf_mark_gone(struct manager *m, uint32_t pf);

void reconcile_vf_mark_free(struct manager *m);

#endif
