/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Can the frames of a flow go where they are wanted, before anything is touched? */
#include <errno.h>

#include "cpus.h"
#include "manager_internal.h"
#include "reconcile.h"

struct resource *uplink_member(const struct uplink *u, const char *vnet)
{
	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i] && !u->slots[i]->leaving && !u->slots[i]->vnet->leaving &&
		    util_same(u->slots[i]->vnet->name, vnet))
			return u->slots[i];
	return NULL;
}

static int check_vnet(const struct manager *m, const struct manager_flow_owner *owner,
		      const char *vnet, const char *label, struct error *e)
{
	if (!owner->uplink)
		return error_set(e, ERROR_INVALID, EINVAL, label, "to",
				 "%s: to vnet %s is for flows of an uplink, and %s is a vnet, "
				 "expected another target",
				 label, vnet, owner->name);
	if (!manager_find_vnet(m, vnet, NULL))
		return error_set(e, ERROR_NOT_FOUND, ENOENT, label, "to",
				 "%s: to vnet %s does not exist, expected a vnet on uplink %s",
				 label, vnet, owner->name);
	if (!uplink_member(owner->uplink, vnet))
		return error_set(e, ERROR_INVALID, EINVAL, label, "to",
				 "%s: to vnet %s is not on uplink %s, expected one that is", label,
				 vnet, owner->name);
	return 0;
}

static int check_cpu(const struct manager *m, uint32_t cpu, const char *label, struct error *e)
{
	char online[KERNEL_CPUS_SIZE];
	int err = manager_rtnl(m, cpus_online, online);

	if (err)
		return error_set(e, ERROR_FAILED, -err, label, "to",
				 "%s: to cpu %u cannot be checked: the kernel does not tell which "
				 "CPUs there are: %s",
				 label, cpu, strerror(-err));
	if (!cpus_have(online, cpu))
		return error_set(e, ERROR_INVALID, EINVAL, label, "to",
				 "%s: to cpu %u is not online, expected one of %s", label, cpu,
				 online);
	return 0;
}

int validate_target(const struct manager *m, const struct manager_flow_owner *owner,
		    const struct settings_target *t, const char *label, struct error *e)
{
	if (t->to == SETTINGS_TO_VNET)
		return check_vnet(m, owner, t->vnet, label, e);
	if (t->to == SETTINGS_TO_CPU)
		return check_cpu(m, t->cpu, label, e);
	return 0;
}

int validate_not_of_flow(const struct manager *m, const struct link *l, const char *label,
			 const char *field, struct error *e)
{
	const struct flow *f = reconcile_xsk_of(m, l->ifindex);
	char flow[FLOW_LABEL_SIZE];

	if (!f)
		return 0;
	return error_set(e, ERROR_BUSY, EBUSY, label, field,
			 "%s: %s %s is what frames of flow %s go over to a program, expected "
			 "another device",
			 label, field, l->name, flow_label(f, flow));
}
