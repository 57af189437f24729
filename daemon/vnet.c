/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vnet.h"

#define NATIVE_VLAN 1

const char *resource_state_name(enum resource_state state)
{
	static const char *const names[] = {
		[RESOURCE_WAITING] = "waiting",
		[RESOURCE_DOWN] = "down",
		[RESOURCE_UP] = "up",
		[RESOURCE_FAILED] = "failed",
	};

	return names[state];
}

uint16_t resource_pvid(const struct resource *r)
{
	if (r->settings.pvid)
		return r->settings.pvid;
	/* A hybrid and an uplink lead into the physical network, whose untagged frames are not this
	 * vnet's business. */
	if (r->settings.type == SETTINGS_HYBRID || r->uplink)
		return NATIVE_VLAN;
	return r->vnet->settings.pvid;
}

bool resource_has_vlan(const struct resource *r, uint16_t vlan)
{
	return !r->settings.has_vlans || vlan == resource_pvid(r) ||
	       vlan_has(&r->settings.vlans, vlan);
}

const char *resource_label(const struct resource *r, char buffer[RESOURCE_LABEL_SIZE])
{
	snprintf(buffer, RESOURCE_LABEL_SIZE, "%s/%s", r->vnet->name, r->name);
	return buffer;
}

/* Equal priorities keep the order of their registration. */
static bool is_before(const struct resource *a, const struct resource *b)
{
	if (a->settings.priority != b->settings.priority)
		return a->settings.priority < b->settings.priority;
	return a->order < b->order;
}

static void enlist_hybrid(struct vnet *v, struct resource *r)
{
	size_t at = 0;

	while (at < v->hybrid_count && is_before(v->hybrids[at], r))
		at++;
	memmove(&v->hybrids[at + 1], &v->hybrids[at],
		(v->hybrid_count - at) * sizeof(v->hybrids[0]));
	v->hybrids[at] = r;
	v->hybrid_count++;
}

void vnet_enlist(struct resource *r)
{
	struct vnet *v = r->vnet;

	vnet_delist(r);
	if (r->settings.type == SETTINGS_SERVICE)
		v->service = r;
	else if (r->settings.type == SETTINGS_HYBRID)
		enlist_hybrid(v, r);
}

void vnet_delist(struct resource *r)
{
	struct vnet *v = r->vnet;

	if (v->service == r)
		v->service = NULL;
	for (size_t i = 0; i < v->hybrid_count; i++) {
		if (v->hybrids[i] != r)
			continue;
		v->hybrid_count--;
		memmove(&v->hybrids[i], &v->hybrids[i + 1],
			(v->hybrid_count - i) * sizeof(v->hybrids[0]));
		return;
	}
}
