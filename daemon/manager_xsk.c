/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows that programs open, to have their frames. */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

/* A vnet's frames are its owner's to see; those of an uplink are others' as well. */
static int check_caller(const struct manager_flow_owner *owner, const struct manager_opening *o,
			struct error *e)
{
	if (o->privileged || (owner->vnet && settings_owner_is(&owner->vnet->settings, o->uid)))
		return 0;
	return error_set(
		e, ERROR_PERMISSION, EPERM, owner->name, NULL,
		"%s: user %u may not open flows of it, only root, group vnet-admin and the "
		"owner of a vnet may",
		owner->name, o->uid);
}

static int check_frames(int64_t frames, const char *label, struct error *e)
{
	if (frames >= MANAGER_XSK_FRAMES_MIN && frames <= MANAGER_XSK_FRAMES_MAX &&
	    !(frames & (frames - 1)))
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, label, "frames",
			 "%s: frames %lld is not a power of two from %d to %d", label,
			 (long long)frames, MANAGER_XSK_FRAMES_MIN, MANAGER_XSK_FRAMES_MAX);
}

static int check_flow(const struct flow *f, const struct manager_opening *o, const char *label,
		      struct error *e)
{
	if (f->settings.target.to != SETTINGS_TO_XSK)
		return error_set(e, ERROR_INVALID, EINVAL, label, "to",
				 "%s: it is not for an AF_XDP socket, expected a flow with to xsk",
				 label);
	if (f->xsk.present)
		return error_set(e, ERROR_BUSY, EBUSY, label, NULL,
				 "%s: a program has opened it already", label);
	return check_frames(o->frames, label, e);
}

int manager_flow_open(struct manager *m, const struct manager_opening *o, struct flow **ret,
		      int *ret_memory, struct error *e)
{
	struct manager_flow_owner owner;
	char label[FLOW_LABEL_SIZE];
	struct flow *f;
	int err = manager_find_flow_owner(m, o->owner, &owner, e);

	if (!err)
		err = check_caller(&owner, o, e);
	if (err)
		return err;
	f = manager_find_flow(&owner, o->name, e);
	if (!f)
		return -ENOENT;
	err = check_flow(f, o, flow_label(f, label), e);
	if (!err)
		err = reconcile_xsk_open(f, (uint32_t)o->frames, ret_memory, e);
	if (!err)
		*ret = f;
	return err;
}

struct flow *manager_flow_opened(const struct manager *m, const char *owner_name, const char *name,
				 uint64_t opening)
{
	struct manager_flow_owner owner;
	struct flow *f = NULL;

	if (manager_find_flow_owner(m, owner_name, &owner, NULL) == 0)
		f = manager_find_flow(&owner, name, NULL);
	return f && f->xsk.present && f->xsk.opening == opening ? f : NULL;
}

void manager_flow_close(struct flow *f)
{
	char label[FLOW_LABEL_SIZE];

	log_info("%s: the program that had opened it has left", flow_label(f, label));
	reconcile_xsk_close(f);
}
