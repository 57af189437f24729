/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XDP in front of TC: where vnet_tx or vnet_rx is at the ingress of a device, its XDP program may
 * come before it and take the frames that it can carry; the others go on to TC. So nothing here may
 * fail: what a device refuses is said, and TC serves the device as before.
 *
 * A frame in XDP is no more than its bytes. So offloads that would leave a part of a frame
 * somewhere else are switched off on devices of ours and on NICs; and a veth that is to take frames
 * from XDP needs GRO on at its other end, for only then somebody there looks for them.
 */
#include <errno.h>

#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"
#include "xdp.h"

#define XDP_TX_CHECKSUMS                                                                           \
	(KERNEL_OFFLOAD_BIT(TX_CSUM) | KERNEL_OFFLOAD_BIT(TX_CSUM_IPV4) |                          \
	 KERNEL_OFFLOAD_BIT(TX_CSUM_IPV6) | KERNEL_OFFLOAD_BIT(TX_CSUM_SCTP))
#define XDP_TX_TAGS (KERNEL_OFFLOAD_BIT(TX_VLAN) | KERNEL_OFFLOAD_BIT(TX_STAG))

/* One device that XDP may serve: of a resource, or (@r NULL) the one where the upper's frames come
 * in; or (@v NULL) of an uplink. */
struct place {
	struct manager *m;
	struct vnet *v;
	struct resource *r;
	struct uplink *u;
	struct xdp_use *use;
	const struct link *l; /* borrowed; NULL: the device is gone */
	uint32_t ifindex;
	enum kernel_hook hook;
};

static struct place place_of(struct vnet *v, struct resource *r)
{
	uint32_t ifindex = r ? r->ifindex : v->port_ifindex;

	return (struct place) {
		.m = v->manager,
		.v = v,
		.r = r,
		.use = r ? &r->xdp : &v->xdp,
		.l = link_find(v->manager->links, ifindex),
		.ifindex = ifindex,
		.hook = r ? KERNEL_HOOK_XDP_RX : KERNEL_HOOK_XDP_TX,
	};
}

static struct place place_of_uplink(struct uplink *u)
{
	return (struct place) {
		.m = u->manager,
		.u = u,
		.use = &u->xdp,
		.l = link_find(u->manager->links, u->ifindex),
		.ifindex = u->ifindex,
		.hook = KERNEL_HOOK_XDP_UPLINK,
	};
}

/* "vnet0", "vnet0/g1", "up0" */
static const char *label_of(const struct place *p, char buffer[RESOURCE_LABEL_SIZE])
{
	if (p->r)
		return resource_label(p->r, buffer);
	return p->v ? p->v->name : p->u->name;
}

/* --- which devices --- */

static bool is_veth(const struct link *l)
{
	return util_same(l->kind, "veth");
}

static bool is_tap(const struct link *l)
{
	return util_same(l->kind, "tun");
}

static bool is_nic(const struct link *l)
{
	return !l->kind[0];
}

/* Nobody behind it leaves work for later: a VM's or a program's frames come whole. */
static bool is_plain_tap(const struct link *l)
{
	return is_tap(l) && !l->vnet_hdr;
}

/*
 * "auto" gives to XDP what loses nothing by it: from one tap to others and to NICs. What a stack of
 * this host sends would lose its segmentation and checksum offloads.
 */
static bool is_wanted(const struct vnet *v, const struct link *l)
{
	const struct link *port = link_find(v->manager->links, v->port_ifindex);

	switch (v->settings.mode) {
	case SETTINGS_MODE_TC:
		return false;
	case SETTINGS_MODE_XDP:
		return true;
	case SETTINGS_MODE_AUTO:
		break;
	}
	return !vnet_owns_upper(v) && port && is_plain_tap(port) && (is_plain_tap(l) || is_nic(l));
}

/* After a start members that have not been looked at yet may tell by their mode. */
static bool member_wants(const struct resource *r)
{
	return r->xdp.wanted || (r->vnet->settings.mode == SETTINGS_MODE_XDP && !r->leaving);
}

/* An uplink's is wanted by any of its members. */
static bool is_wanted_at(const struct place *p)
{
	if (p->v)
		return is_wanted(p->v, p->l);
	for (uint32_t i = 0; i < p->u->slot_count; i++)
		if (p->u->slots[i] && member_wants(p->u->slots[i]))
			return true;
	return false;
}

static bool sees_devices(const struct manager *m)
{
	return m->kernel.ops->sees_devices(m->kernel.datapath);
}

/* Why XDP must not have this device, though its driver might let it. NULL: it may. */
static const char *find_obstacle(const struct place *p)
{
	if (p->r && p->r->settings.probe.kind != SETTINGS_PROBE_NONE)
		return "the answers to its probe would not be seen";
	if (is_tap(p->l) && p->l->vnet_hdr)
		return "its frames may wait for checksums and segmentation (vnet_hdr)";
	if (is_veth(p->l) && !sees_devices(p->m))
		return "this kernel does not show what frames of a veth still wait for";
	return NULL;
}

/*
 * Programs that see the device find out for themselves, frame by frame. Others have to be told, and
 * only of devices that are certain to take what is redirected to them.
 */
static bool takes_frames(const struct place *p)
{
	if (sees_devices(p->m))
		return is_veth(p->l) || p->use->attached;
	return is_veth(p->l) ? p->use->peer_ready : is_tap(p->l) && p->use->attached;
}

/* --- offloads --- */

static void complain(const struct place *p, const char *what, int err)
{
	char label[RESOURCE_LABEL_SIZE];

	if (err && err != -ENODEV && !p->use->told)
		log_warning("%s: %s: %s; frames may have to take the slower way",
			    label_of(p, label), what, strerror(-err));
	p->use->told = err;
}

/* Those in @set become as in @on, the others as they were. */
static int arrange(const struct place *p, const struct link *l, enum desired_end end,
		   unsigned int set, unsigned int on)
{
	int err = reconcile_offloads(p->m, l, &p->use->offloads[end], set, on);

	complain(p, "the offloads of a device cannot be switched for XDP", err);
	return err;
}

static void give_back(const struct place *p, enum desired_end end)
{
	struct desired_offloads *o = &p->use->offloads[end];

	if (!o->ifindex)
		return;
	complain(p, "a device does not take back the offloads it had before",
		 reconcile_offloads_return(p->m, o));
}

/* The other end of a veth, if it is here. */
static void arrange_peer(const struct place *p)
{
	const struct link *peer = NULL;
	unsigned int off = 0;

	p->use->peer_ready = false;
	if (is_veth(p->l) && !p->l->peer_elsewhere)
		peer = link_find(p->m->links, p->l->peer);
	if (!peer)
		return;
	/* The stack above makes its frames whole, once they come by XDP. */
	if (p->v && !p->r && vnet_owns_upper(p->v) && p->use->attached)
		off = XDP_TX_CHECKSUMS | XDP_TX_TAGS;
	p->use->peer_ready = !arrange(p, peer, DESIRED_PEER, KERNEL_OFFLOAD_BIT(GRO) | off,
				      KERNEL_OFFLOAD_BIT(GRO));
}

static void leave_peer(const struct place *p)
{
	p->use->peer_ready = false;
	give_back(p, DESIRED_PEER);
}

/* --- attached and not --- */

/* Whether XDP may redirect to it is said in the rows of all who do. */
static void tell_members(struct uplink *u)
{
	manager_removed(u->manager, reconcile_uplink_row(u));
	for (uint32_t i = 0; i < u->slot_count; i++)
		if (u->slots[i] && u->slots[i]->row.vnet)
			manager_removed(u->manager, reconcile_resource_row(u->slots[i]));
}

/* No frame is redirected any more to a device that is about to refuse it. */
static void withdraw_flag(const struct place *p)
{
	struct manager *m = p->m;
	struct abi_resource resource;
	struct abi_vnet vnet;

	if (p->u) {
		if (UTIL_TAKE(p->use->takes, false))
			tell_members(p->u);
	} else if (p->r && (p->r->row.flags & ABI_RESOURCE_XDP)) {
		resource = p->r->row;
		resource.flags &= (uint16_t)~ABI_RESOURCE_XDP;
		if (manager_datapath(m, resource_write, p->r->number, &resource) == 0)
			p->r->row = resource;
	} else if (!p->r && (p->v->row.flags & ABI_VNET_XDP)) {
		vnet = p->v->row;
		vnet.flags &= ~(uint32_t)ABI_VNET_XDP;
		if (manager_datapath(m, vnet_write, p->v->number, &vnet) == 0)
			p->v->row = vnet;
	}
}

static void detach(const struct place *p)
{
	struct manager *m = p->m;

	if (p->use->attached || !p->use->known)
		manager_removed(m, manager_datapath(m, detach, p->hook, p->ifindex));
	p->use->attached = false;
	p->use->known = true;
	give_back(p, DESIRED_DEVICE);
}

/* NULL, or why not. */
static const char *attach(const struct place *p)
{
	enum kernel_attach attached;
	int err;

	/* A device has one program. */
	if (p->r)
		reconcile_cpu_resource_yield(p->r);
	else if (p->u)
		reconcile_cpu_uplink_yield(p->u);
	/* Before the first frame: a tag that the NIC took off would be missing. */
	if (is_nic(p->l))
		arrange(p, p->l, DESIRED_DEVICE, RECONCILE_XDP_RX, 0);
	err = manager_datapath(p->m, attach, p->hook, p->ifindex, &attached);
	p->use->refused = err && err != -ENODEV;
	if (err)
		return err == -ENODEV ? "" : xdp_refusal(err);
	p->use->attached = p->use->known = true;
	return NULL;
}

/* @why NULL: it is attached, or not wanted. */
static void note_reason(const struct place *p, const char *why)
{
	char label[RESOURCE_LABEL_SIZE], reason[sizeof(p->use->reason)] = "";

	if (why && *why)
		snprintf(reason, sizeof(reason), "device %s: %s", p->l->name, why);
	if (util_same(reason, p->use->reason))
		return;
	util_copy(p->use->reason, sizeof(p->use->reason), reason);
	if (reason[0])
		log_info("%s: no XDP at %s; served by TC", label_of(p, label), reason);
}

/* The device has refused, and has got a program of the kind that it takes. */
static bool is_settled(const struct place *p)
{
	const struct cpu_use *cpu = p->r ? &p->r->cpu : p->u ? &p->u->cpu : NULL;

	return cpu && p->use->wanted && p->use->refused && cpu->attached != KERNEL_ATTACH_NONE;
}

static void reconcile_place(const struct place *p)
{
	const char *why = NULL;
	bool stays;

	if (!p->l)
		return;
	p->use->wanted = is_wanted_at(p);
	why = p->use->wanted ? find_obstacle(p) : NULL;
	if (!why && is_settled(p))
		return;
	if (p->use->wanted && !why)
		why = attach(p);
	stays = p->use->wanted && !why;
	/* Of a veth it is the other end that matters. */
	if (!stays && (!is_veth(p->l) || (!p->use->wanted && !sees_devices(p->m))))
		withdraw_flag(p);
	if (!stays)
		detach(p);
	if (p->use->wanted)
		arrange_peer(p);
	else
		leave_peer(p);
	p->use->takes = (p->v || p->use->wanted) && takes_frames(p);
	note_reason(p, why);
}

static void release_place(const struct place *p)
{
	detach(p);
	leave_peer(p);
	*p->use = (struct xdp_use) { 0 };
}

/* --- the outside --- */

void reconcile_xdp_resource(struct resource *r)
{
	const struct place p = place_of(r->vnet, r);

	reconcile_place(&p);
	reconcile_cpu_resource(r);
}

void reconcile_xdp_resource_release(struct resource *r)
{
	const struct place p = place_of(r->vnet, r);

	reconcile_cpu_resource_release(r);
	release_place(&p);
}

void reconcile_xdp_upper(struct vnet *v)
{
	const struct place p = place_of(v, NULL);

	reconcile_place(&p);
}

void reconcile_xdp_upper_release(struct vnet *v)
{
	const struct place p = place_of(v, NULL);

	if (p.ifindex)
		release_place(&p);
}

void reconcile_xdp_uplink(struct uplink *u)
{
	const struct place p = place_of_uplink(u);
	bool before = u->xdp.takes;

	/* What an earlier daemon attached stays until all members are known, and goes with the
	 * sweep. */
	if (p.l && (u->xdp.known || is_wanted_at(&p)))
		reconcile_place(&p);
	if (u->xdp.takes != before)
		tell_members(u);
	reconcile_cpu_uplink(u);
}

void reconcile_xdp_uplink_release(struct uplink *u)
{
	const struct place p = place_of_uplink(u);

	reconcile_cpu_uplink_release(u);
	release_place(&p);
}

void reconcile_xdp_member(struct resource *r)
{
	const struct link *l = link_find(r->vnet->manager->links, r->uplink->ifindex);
	bool wanted = l && is_wanted(r->vnet, l);

	if (wanted == r->xdp.wanted)
		return;
	r->xdp.wanted = wanted;
	reconcile_xdp_uplink(r->uplink);
}

void reconcile_xdp_member_release(struct resource *r)
{
	if (UTIL_TAKE(r->xdp.wanted, false))
		reconcile_xdp_uplink(r->uplink);
}

bool reconcile_xdp_veth(const struct vnet *v, uint32_t ifindex)
{
	const struct link *l = link_find(v->manager->links, ifindex);

	return l && is_veth(l);
}

/*
 * Somebody's queue, or somebody who captures there, would see nothing of what passes it by. Our own
 * address in its filter makes a veth promiscuous as well.
 */
bool reconcile_xdp_may_skip(const struct resource *r)
{
	const struct link *l = link_find(r->vnet->manager->links, r->ifindex);

	return l && is_veth(l) && l->peer_elsewhere && util_same(l->qdisc, "noqueue") &&
	       l->promiscuity <= (r->saved.filtered ? 1 : 0);
}
