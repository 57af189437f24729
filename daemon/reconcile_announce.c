/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * After a switch the vnet announces itself where its frames leave now, so that the switches outside
 * learn it and send there what is for it. The way of unicast always has the last word.
 */
#include <errno.h>
#include <sys/socket.h>
#include <utlist.h>

#include "announce.h"
#include "log.h"
#include "manager_internal.h"
#include "reconcile.h"

/* In each VLAN there is a frame. Other vnets wait meanwhile, and who has a trunk has many. */
#define ANNOUNCE_VLANS_MAX 64

struct way {
	const struct resource *r;
	uint16_t tag; /* of frames in the vnet's pvid, 0: none */
};

/* Where the device is going, or has no room, there is another round. */
static void send_frame(const struct way *w, const struct announce_frame *f)
{
	struct manager *m = w->r->vnet->manager;
	int err = manager_rtnl(m, send_frame, w->r->ifindex, f->bytes, f->length);

	if ((err != -EPERM && err != -EACCES) || m->mute_told)
		return;
	m->mute_told = true;
	log_warning("vnets cannot announce themselves after a switch: %s; vnetd needs CAP_NET_RAW "
		    "for it; switches outside learn from what the vnets send",
		    strerror(-err));
}

static void send_address(const struct way *w, uint32_t family, const uint8_t *address, bool router)
{
	const uint8_t *mac = w->r->vnet->settings.address;
	struct announce_frame f;

	if (family == AF_INET)
		announce_arp(mac, w->tag, address, &f);
	else
		announce_na(mac, w->tag, address, router, &f);
	send_frame(w, &f);
}

/* Those of an existing upper are not the vnet's, but of whoever handed it to us. */
static void send_seen(const struct way *w)
{
	const struct vnet *v = w->r->vnet;
	const struct link *upper = link_find(v->manager->links, v->upper_ifindex);
	const struct address *list;
	size_t count;

	if (!vnet_owns_upper(v) || !upper)
		return;
	list = address_of(v->manager->addresses, v->upper_ifindex, &count);
	for (size_t i = 0; i < count; i++)
		send_address(w, list[i].family, list[i].bytes, upper->ipv6_router);
}

static void send_configured(const struct way *w)
{
	const struct vnet *v = w->r->vnet;
	const struct link *upper = link_find(v->manager->links, v->upper_ifindex);
	bool router = vnet_owns_upper(v) && upper && upper->ipv6_router;
	const struct settings_prefixes *list = &v->settings.announced;

	for (size_t i = 0; i < list->count; i++) {
		const uint8_t *ipv4 = settings_prefix_ipv4(&list->prefix[i]);

		send_address(w, ipv4 ? AF_INET : AF_INET6, ipv4 ?: list->prefix[i].address, router);
	}
}

static void send_mac(const struct way *w, uint16_t tag)
{
	struct announce_frame f;

	announce_rarp(w->r->vnet->settings.address, tag, &f);
	send_frame(w, &f);
}

static bool admits(const struct resource *r, uint16_t vlan)
{
	return !r->settings.has_vlans || vlan == resource_pvid(r) ||
	       vlan_has(&r->settings.vlans, vlan);
}

/* The VLAN that has no tag on the device has none here either. */
static uint16_t tag_of(const struct resource *r, uint16_t vlan)
{
	return vlan == resource_pvid(r) ? 0 : vlan;
}

static void send_over(const struct resource *r)
{
	const struct vnet_settings *s = &r->vnet->settings;
	const struct way w = { r, tag_of(r, s->pvid) };
	unsigned int left = ANNOUNCE_VLANS_MAX;

	if (admits(r, s->pvid)) {
		send_mac(&w, w.tag);
		send_seen(&w);
		send_configured(&w);
	}
	for (uint16_t id = vlan_next(&s->vlans, 0); id && left; id = vlan_next(&s->vlans, id)) {
		if (id == s->pvid || !admits(r, id))
			continue;
		send_mac(&w, tag_of(r, id));
		left--;
	}
}

static void list_drop(struct vnet *v)
{
	if (!v->announcing.left)
		return;
	v->announcing.left = 0;
	v->announcing.multicast = false;
	DL_DELETE2(v->manager->announcing, v, announcing_prev, announcing_next);
}

static void announce(struct vnet *v, uint64_t now_us)
{
	struct announcing *a = &v->announcing;

	if (a->multicast && v->multicast && v->multicast != v->unicast)
		send_over(v->multicast);
	if (v->unicast)
		send_over(v->unicast);
	a->due_us = now_us + (uint64_t)v->settings.announce_interval_ms * 1000;
	if (a->left == 1)
		list_drop(v);
	else
		a->left--;
}

void reconcile_announce(struct vnet *v, bool multicast)
{
	if (!v->settings.announce_count || (!v->unicast && !v->multicast)) {
		list_drop(v);
		return;
	}
	if (!v->announcing.left)
		DL_APPEND2(v->manager->announcing, v, announcing_prev, announcing_next);
	v->announcing.left = v->settings.announce_count;
	v->announcing.multicast |= multicast;
	announce(v, manager_now_us(v->manager));
}

void reconcile_announce_end(struct vnet *v)
{
	list_drop(v);
}

uint64_t reconcile_announce_due_us(const struct manager *m)
{
	uint64_t first_us = UINT64_MAX;
	const struct vnet *v;

	DL_FOREACH2 (m->announcing, v, announcing_next)
		if (v->announcing.due_us < first_us)
			first_us = v->announcing.due_us;
	return first_us;
}

void reconcile_announce_run(struct manager *m, uint64_t now_us)
{
	struct vnet *v, *next;

	DL_FOREACH_SAFE2 (m->announcing, v, next, announcing_next)
		if (v->announcing.due_us <= now_us)
			announce(v, now_us);
}
