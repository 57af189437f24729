/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program that hands frames of flows to other CPUs, at the devices over which they come in, as
 * long as there are such flows: an uplink's device for its flows and those of its members, and the
 * devices of a vnet's resources. The driver of a NIC runs it where it can, then the offloads that
 * would leave a part of a frame elsewhere are off; else the stack does. Nothing here fails: without
 * it the frames are handled where they are.
 */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"
#include "xdp.h"

/* One device, of a resource of @v or of @u. */
struct place {
	struct manager *m;
	struct vnet *v;
	struct uplink *u;
	struct cpu_use *use;
	uint32_t ifindex;
	const char *label;
};

static void detach(const struct place *p)
{
	if (p->use->attached == KERNEL_ATTACH_XDP || !p->use->known)
		manager_removed(p->m,
				manager_datapath(p->m, detach, KERNEL_HOOK_XDP_CPU, p->ifindex));
	if (p->use->attached == KERNEL_ATTACH_XDP_GENERIC || !p->use->known)
		manager_removed(p->m, manager_datapath(p->m, detach, KERNEL_HOOK_XDP_CPU_GENERIC,
						       p->ifindex));
	p->use->attached = KERNEL_ATTACH_NONE;
	p->use->refused = false;
	p->use->known = true;
	p->use->reason[0] = '\0';
	if (reconcile_offloads_return(p->m, &p->use->offloads))
		log_warning("%s: a device does not take back the offloads it had before", p->label);
}

static bool has_nic(const struct place *p)
{
	const struct link *l = link_find(p->m->links, p->ifindex);

	return l && !l->kind[0];
}

/* A driver that has refused once is not asked again and again: the offloads would come and go. */
static int attach_native(const struct place *p)
{
	const struct link *l = link_find(p->m->links, p->ifindex);
	int err;

	if (p->use->refused || !has_nic(p))
		return -EOPNOTSUPP;
	/* Before the first frame: a tag that the NIC took off would be missing. */
	err = reconcile_offloads(p->m, l, &p->use->offloads, RECONCILE_XDP_RX, 0);
	if (!err)
		err = manager_datapath(p->m, attach, KERNEL_HOOK_XDP_CPU, p->ifindex,
				       &p->use->attached);
	if (!err)
		return 0;
	p->use->refused = true;
	if (reconcile_offloads_return(p->m, &p->use->offloads))
		log_warning("%s: device %s does not take back the offloads it had before", p->label,
			    l->name);
	return err;
}

static void attach(const struct place *p)
{
	const struct link *l = link_find(p->m->links, p->ifindex);
	char reason[sizeof(p->use->reason)] = "";
	int err;

	if (!l)
		return;
	err = attach_native(p);
	if (err)
		err = manager_datapath(p->m, attach, KERNEL_HOOK_XDP_CPU_GENERIC, p->ifindex,
				       &p->use->attached);
	p->use->known = true;
	if (err)
		p->use->attached = KERNEL_ATTACH_NONE;
	if (err && err != -ENODEV)
		snprintf(reason, sizeof(reason), "device %s: %s", l->name, xdp_refusal(err));
	if (reason[0] && !util_same(reason, p->use->reason))
		log_info("%s: frames of its flows cannot be handed to CPUs: %s", p->label, reason);
	util_copy(p->use->reason, sizeof(p->use->reason), reason);
}

static void reconcile(const struct place *p, bool wanted)
{
	if (!p->ifindex)
		return;
	if (wanted)
		attach(p);
	else if (p->use->attached != KERNEL_ATTACH_NONE || !p->use->known ||
		 p->use->offloads.ifindex)
		detach(p);
	if (!p->use->seen) {
		p->use->seen = true;
		reconcile_steer_device(p->v, p->u);
	}
}

static void release(const struct place *p)
{
	if (p->ifindex)
		reconcile_steer_release(p->m, p->ifindex);
	if (p->ifindex && (p->use->attached != KERNEL_ATTACH_NONE || !p->use->known))
		detach(p);
	*p->use = (struct cpu_use) { 0 };
}

/* --- resources --- */

static struct place place_of(struct resource *r, char label[RESOURCE_LABEL_SIZE])
{
	return (struct place) {
		r->vnet->manager, r->vnet, NULL, &r->cpu, r->ifindex, resource_label(r, label),
	};
}

void reconcile_cpu_resource(struct resource *r)
{
	char label[RESOURCE_LABEL_SIZE];
	const struct place p = place_of(r, label);

	if (r->uplink)
		reconcile_cpu_uplink(r->uplink);
	else
		reconcile(&p, r->vnet->flow_targets[ABI_TARGET_CPU] && !r->xdp.attached);
}

void reconcile_cpu_resource_yield(struct resource *r)
{
	char label[RESOURCE_LABEL_SIZE];
	const struct place p = place_of(r, label);

	if (r->cpu.attached != KERNEL_ATTACH_NONE || !r->cpu.known)
		detach(&p);
}

void reconcile_cpu_resource_release(struct resource *r)
{
	char label[RESOURCE_LABEL_SIZE];
	const struct place p = place_of(r, label);

	release(&p);
}

/* --- uplinks --- */

static bool has_flows(const struct uplink *u)
{
	if (u->flow_targets[ABI_TARGET_CPU])
		return true;
	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i] && !u->slots[i]->leaving &&
		    u->slots[i]->vnet->flow_targets[ABI_TARGET_CPU])
			return true;
	return false;
}

void reconcile_cpu_uplink(struct uplink *u)
{
	const struct place p = { u->manager, NULL, u, &u->cpu, u->ifindex, u->name };

	/* An earlier daemon's XDP may be there until the members are known. */
	if (!u->xdp.known && u->ifindex &&
	    u->manager->kernel.ops->attached(u->manager->kernel.datapath, KERNEL_HOOK_XDP_UPLINK,
					     u->ifindex))
		return;
	reconcile(&p, has_flows(u) && !u->xdp.attached);
}

void reconcile_cpu_uplink_yield(struct uplink *u)
{
	const struct place p = { u->manager, NULL, u, &u->cpu, u->ifindex, u->name };

	if (u->cpu.attached != KERNEL_ATTACH_NONE || !u->cpu.known)
		detach(&p);
}

void reconcile_cpu_uplink_release(struct uplink *u)
{
	const struct place p = { u->manager, NULL, u, &u->cpu, u->ifindex, u->name };

	release(&p);
}

void reconcile_cpu_owner(struct vnet *v, struct uplink *u)
{
	if (u) {
		reconcile_cpu_uplink(u);
		return;
	}
	for (struct resource *r = v->resources; r; r = r->hh.next)
		if (r->ifindex)
			reconcile_cpu_resource(r);
}

/* --- how --- */

static void note(struct reconcile_cpu_ways *ways, const struct cpu_use *use)
{
	ways->native += use->attached == KERNEL_ATTACH_XDP;
	ways->generic += use->attached == KERNEL_ATTACH_XDP_GENERIC;
	if (use->reason[0])
		ways->reason = use->reason;
}

struct reconcile_cpu_ways reconcile_cpu_ways(const struct flow *f)
{
	struct reconcile_cpu_ways ways = { 0 };

	if (f->uplink && f->uplink->xdp.attached)
		ways.native++;
	else if (f->uplink)
		note(&ways, &f->uplink->cpu);
	for (struct resource *r = f->vnet ? f->vnet->resources : NULL; r; r = r->hh.next) {
		const struct xdp_use *xdp = r->uplink ? &r->uplink->xdp : &r->xdp;

		if (r->ifindex && xdp->attached)
			ways.native++;
		else if (r->ifindex)
			note(&ways, r->uplink ? &r->uplink->cpu : &r->cpu);
	}
	return ways;
}
