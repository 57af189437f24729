/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After a start: whatever an earlier daemon left in the kernel that no object answers for goes
 * away. */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"
#include "reconcile_mark.h"
#include "reconcile_vf_mark.h"

static bool wants_cpu_hook(const struct manager_owner *o, enum kernel_hook hook)
{
	const struct cpu_use *use = o->uplink	  ? &o->uplink->cpu
				    : o->resource ? &o->resource->cpu
						  : NULL;

	return use && use->attached == (hook == KERNEL_HOOK_XDP_CPU ? KERNEL_ATTACH_XDP
								    : KERNEL_ATTACH_XDP_GENERIC);
}

static bool wants_hook(void *context, enum kernel_hook hook, uint32_t ifindex)
{
	const struct manager_owner *o = owner_find(context, ifindex);

	if (hook == KERNEL_HOOK_XDP_XSK)
		return reconcile_xsk_has_far(context, ifindex);
	if (!o)
		return false;
	if (hook == KERNEL_HOOK_XDP_CPU || hook == KERNEL_HOOK_XDP_CPU_GENERIC)
		return wants_cpu_hook(o, hook);
	if (o->uplink)
		return hook == KERNEL_HOOK_UPLINK || hook == KERNEL_HOOK_UPLINK_TX ||
		       (hook == KERNEL_HOOK_XDP_UPLINK && o->uplink->xdp.attached);
	switch (hook) {
	case KERNEL_HOOK_TX_EGRESS:
		return !o->resource && vnet_owns_upper(o->vnet) &&
		       o->vnet->upper_ifindex == ifindex;
	case KERNEL_HOOK_TX_INGRESS:
		return !o->resource && o->vnet->port_ifindex == ifindex;
	case KERNEL_HOOK_RX:
		return o->resource;
	case KERNEL_HOOK_XDP_TX:
		return !o->resource && o->vnet->port_ifindex == ifindex && o->vnet->xdp.attached;
	case KERNEL_HOOK_XDP_RX:
		return o->resource && o->resource->xdp.attached;
	case KERNEL_HOOK_UPLINK:
	case KERNEL_HOOK_UPLINK_TX:
	case KERNEL_HOOK_XDP_UPLINK:
	case KERNEL_HOOK_XDP_CPU:
	case KERNEL_HOOK_XDP_CPU_GENERIC:
	case KERNEL_HOOK_XDP_XSK:
	case KERNEL_HOOK_END:
		break;
	}
	return false;
}

static bool wants_port(void *context, uint32_t ifindex)
{
	return owner_find(context, ifindex) || reconcile_xsk_has_far(context, ifindex);
}

/* Frames leave by resources and by ports. */
static bool wants_device(void *context, uint32_t ifindex)
{
	const struct manager_owner *o = owner_find(context, ifindex);

	return o && (o->uplink || o->resource || o->vnet->port_ifindex == ifindex);
}

static bool wants_vnet(void *context, uint32_t number)
{
	const struct manager *m = context;

	return numbers_find(&m->vnet_numbers, number);
}

static bool wants_resource(void *context, uint32_t number)
{
	const struct manager *m = context;
	const struct resource *r = numbers_find(&m->resource_numbers, number);

	return r && (r->ifindex || resource_is_peer(r));
}

static bool wants_fdb(void *context, const struct abi_fdb_key *key, uint32_t number)
{
	const struct manager *m = context;
	const struct resource *r = numbers_find(&m->resource_numbers, number);

	for (size_t i = 0; r && i < r->fdb_count; i++)
		if (memcmp(&r->fdb[i], key, sizeof(*key)) == 0)
			return true;
	return false;
}

static bool wants_vlans(void *context, const struct abi_vlans_key *key)
{
	const struct manager *m = context;
	const struct resource *r = numbers_find(&m->resource_numbers, key->resource);
	const struct vnet *v = numbers_find(&m->vnet_numbers, key->vnet);

	if (!key->resource)
		return v && v->vlans_written;
	return r && r->vnet == v && (r->row.flags & ABI_RESOURCE_VLANS);
}

static bool wants_uplink(void *context, uint32_t number)
{
	const struct manager *m = context;
	const struct uplink *u = numbers_find(&m->uplink_numbers, number);

	return u && u->ifindex;
}

static bool wants_member(void *context, uint32_t uplink, uint32_t number)
{
	const struct manager *m = context;
	const struct resource *r = numbers_find(&m->resource_numbers, number);

	return r && r->uplink && r->uplink->number == uplink && r->enrolled;
}

/* Those that were learned are the programs' as long as the member is there that they lead to. */
static bool wants_address(void *context, const struct abi_address_key *key,
			  const struct abi_holder *holder)
{
	const struct manager *m = context;
	const struct uplink *u = numbers_find(&m->uplink_numbers, key->uplink);
	const struct resource *r = numbers_find(&m->resource_numbers, holder->resource);

	if (holder->flags & ABI_HOLDER_LEARNED)
		return r && r->uplink && r->uplink == u && r->learns;
	return u && reconcile_address_holds(u, key, holder->resource);
}

static bool wants_learner(void *context, uint32_t number)
{
	const struct manager *m = context;
	const struct resource *r = numbers_find(&m->resource_numbers, number);

	return r && r->learns;
}

static bool wants_flow(void *context, uint32_t number)
{
	const struct manager *m = context;

	return numbers_find(&m->flow_numbers, number);
}

static bool wants_limit(void *context, const struct abi_limit_key *key)
{
	const struct manager *m = context;
	const struct vnet *v = numbers_find(&m->vnet_numbers, key->number);
	const struct resource *r = numbers_find(&m->resource_numbers, key->number);
	const struct flow *f = numbers_find(&m->flow_numbers, key->number);

	switch ((enum abi_limit_kind)key->kind) {
	case ABI_LIMIT_VNET:
		return v && reconcile_limit_is_set(&v->limited);
	case ABI_LIMIT_RESOURCE:
		return r && reconcile_limit_is_set(&r->limited);
	case ABI_LIMIT_FLOW:
		return f && reconcile_limit_is_set(&f->limited);
	}
	return false;
}

static bool wants_cpu(void *context, uint32_t cpu)
{
	return reconcile_target_has_cpu(context, cpu);
}

static bool wants_storm(void *context, const struct abi_storm_key *key)
{
	const struct manager *m = context;
	const struct resource *r = numbers_find(&m->resource_numbers, key->resource);
	const struct vnet *v = numbers_find(&m->vnet_numbers, key->vnet);

	if (!key->resource)
		return v && v->settings.storm_limit;
	return r && r->vnet == v && r->settings.storm_limit && wants_resource(context, r->number);
}

static bool wants_allowed(void *context, const struct abi_allowed_key *key)
{
	const struct manager *m = context;
	const struct vnet *v = numbers_find(&m->vnet_numbers, key->vnet);

	return v && reconcile_protect_allows(v, key);
}

/* A pair that was being made for a vnet that never came to be, or removed with one that is gone. */
static int sweep_pair(void *context, const char *name)
{
	struct manager *m = context;
	const struct vnet *v = manager_find_vnet(m, name, NULL);
	const struct link *port;
	char port_name[IFNAMSIZ + 2];
	int err = 0;

	if ((v && vnet_owns_upper(v)) || reconcile_xsk_has_pair(m, name))
		return 0;
	snprintf(port_name, sizeof(port_name), "%s-p", name);
	port = link_find_name(m->links, port_name);
	if (port && util_same(port->kind, "veth") && !owner_find(m, port->ifindex))
		err = m->kernel.ops->link_del(m->kernel.rtnl, port->ifindex);
	if (err && err != -ENODEV)
		return err;
	return m->kernel.ops->pair_mark(m->kernel.datapath, name, false);
}

int manager_sweep(struct manager *m)
{
	int err, pairs;
	struct kernel_wanted wanted = {
		.hook = wants_hook,
		.port = wants_port,
		.vnet = wants_vnet,
		.resource = wants_resource,
		.fdb = wants_fdb,
		.vlans = wants_vlans,
		.storm = wants_storm,
		.allowed = wants_allowed,
		.uplink = wants_uplink,
		.member = wants_member,
		.address = wants_address,
		.learner = wants_learner,
		.flow = wants_flow,
		.limit = wants_limit,
		.cpu = wants_cpu,
		.device = wants_device,
		.context = m,
	};

	m->swept = true;
	reconcile_mark_sweep(m);
	reconcile_vf_mark_sweep(m);
	reconcile_steer_sweep(m);
	err = m->kernel.ops->sweep(m->kernel.datapath, &wanted);
	pairs = m->kernel.ops->pairs_each(m->kernel.datapath, sweep_pair, m);
	return err ? err : pairs;
}

static bool is_attached(const struct manager_owner *o)
{
	if (o->uplink)
		return o->uplink->attached != KERNEL_ATTACH_NONE;
	return (o->resource ? o->resource->attached : o->vnet->attached) != KERNEL_ATTACH_NONE;
}

/* Hooks of that device that should have a program, and have none. */
static bool has_lost(struct manager *m, const struct manager_owner *o)
{
	for (int hook = 0; hook < KERNEL_HOOK_END; hook++)
		if (wants_hook(m, (enum kernel_hook)hook, o->ifindex) &&
		    !m->kernel.ops->attached(m->kernel.datapath, (enum kernel_hook)hook,
					     o->ifindex))
			return true;
	return false;
}

/* Deleted or moved, with its programs, and the news of that is on its way. */
static bool has_vanished(struct manager *m, const struct link *l)
{
	struct link now;
	int err = manager_rtnl(m, link_get, l->name, &now);

	return err == -ENODEV || (!err && now.ifindex != l->ifindex);
}

/* True: it is attached again by manager_settle(). */
static bool check_hooks(struct manager *m, const struct manager_owner *o)
{
	const struct link *l = has_lost(m, o) ? link_find(m->links, o->ifindex) : NULL;

	if (!l || has_vanished(m, l))
		return false;
	log_warning("device %s: the data path is not attached any more; attaching it again",
		    l->name);
	m->unsettled = true;
	return true;
}

size_t manager_check_hooks(struct manager *m, bool all)
{
	size_t lost = reconcile_xsk_check(m, true);

	for (const struct manager_owner *o = m->owners; o; o = o->hh.next)
		if (all || is_attached(o))
			lost += check_hooks(m, o);
	return lost;
}

/* What the kernel has refused is not tried over and over: taking back a filter is such news, too.
 */
static bool is_broken(const struct manager_owner *o)
{
	if (o->uplink)
		return o->uplink->state == RESOURCE_FAILED;
	return o->resource ? o->resource->broken : o->vnet->upper_failed;
}

void manager_on_unhooked(struct manager *m, uint32_t ifindex)
{
	struct manager_owner *o;

	HASH_FIND(hh, m->owners, &ifindex, sizeof(ifindex), o);
	if (o && is_attached(o) && !is_broken(o))
		o->unhooked = m->unhooked = true;
}

void manager_check_unhooked(struct manager *m)
{
	m->unhooked = false;
	for (struct manager_owner *o = m->owners; o; o = o->hh.next) {
		bool unhooked = o->unhooked;

		o->unhooked = false;
		if (unhooked && is_attached(o) && !is_broken(o))
			check_hooks(m, o);
	}
}
