/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "walk.h"

#include <errno.h>
#include <linux/if_ether.h>

#include "../../daemon/kernel_vf.h"
#include "world_provide.h"

#define PICK(k, list) ((list)[(k)->draw(k, UTIL_ARRAY_SIZE(list))])

static const char *const vnets[] = { "v0", "v1", "v2" };
static const char *const devices[] = { "d0", "d1", "d2", "d3",	   "d4",
				       "d5", "d6", "d7", "vntap0", "vntap1" };
static const char *const names[] = { "r0", "r1", "r2", "r3", "r4", "r5", "r6" };
static const char *const types[] = { "service", "guest", "guest", "hybrid",
				     "hybrid",	"peer",	 "peer",  "peer" };
static const char *const macs[] = { "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03",
				    "02:00:00:00:00:04" };
static const char *const sets[] = { "none", "10", "10,20", "20-22,30", "1-12" };
static const char *const own_sets[] = { "inherit", "inherit", "none", "10", "20,30" };
static const char *const pvids[] = { "1", "10", "20", "5" };
static const char *const priorities[] = { "5", "10", "10", "20" };
static const char *const mtus[] = { "1500", "1400", "9000", "2000" };
static const char *const promiscs[] = { "auto", "auto", "on", "off" };
static const char *const modes[] = { "auto", "tc", "xdp", "xdp" };
static const char *const switches[] = { "on", "off" };

static int add_vnet(struct walk *k)
{
	const char *name = PICK(k, vnets), *mac = PICK(k, macs), *mtu = PICK(k, mtus);

	snprintf(k->what, sizeof(k->what), "vnet add %s address %s mtu %s", name, mac, mtu);
	switch (k->draw(k, 4)) {
	case 0:
		return world_try_vnet(k->w, name, "address", mac, "mtu", mtu, "upper",
				      PICK(k, devices), NULL);
	case 1:
		return world_try_vnet(k->w, name, "mtu", mtu, "netns", "/proc/self/ns/net", NULL);
	default:
		return world_try_vnet(k->w, name, "address", mac, "mtu", mtu, "pvid",
				      PICK(k, pvids), "vlans", PICK(k, sets), NULL);
	}
}

static const char *const protections[] = { "none", "ip-nospoof", "mac-nospoof,ip-nospoof",
					   "restricted" };
static const char *const addresses[] = { "10.0.0.7", "10.0.0.7,10.0.0.8", "10.0.0.8,fe80::/10",
					 "2001:db8::/64" };
static const char *const limits[] = { "none", "5", "2000" };
static const char *const rates[] = { "none", "none", "64kbit", "1gbit" };

static int set_vnet(struct walk *k)
{
	static const struct {
		const char *key;
		const char *const *values;
		uint32_t count;
	} rows[] = {
		{ "address", macs, UTIL_ARRAY_SIZE(macs) },
		{ "mtu", mtus, UTIL_ARRAY_SIZE(mtus) },
		{ "pvid", pvids, UTIL_ARRAY_SIZE(pvids) },
		{ "vlans", sets, UTIL_ARRAY_SIZE(sets) },
		{ "promiscuous", promiscs, UTIL_ARRAY_SIZE(promiscs) },
		{ "guard", switches, UTIL_ARRAY_SIZE(switches) },
		{ "mode", modes, UTIL_ARRAY_SIZE(modes) },
		{ "hybrid_needs_service", switches, UTIL_ARRAY_SIZE(switches) },
		{ "protection", protections, UTIL_ARRAY_SIZE(protections) },
		{ "allowed_ips", addresses, UTIL_ARRAY_SIZE(addresses) },
		{ "storm_limit", limits, UTIL_ARRAY_SIZE(limits) },
		{ "maxbw", rates, UTIL_ARRAY_SIZE(rates) },
		{ "maxbw_in", rates, UTIL_ARRAY_SIZE(rates) },
	};
	const char *name = PICK(k, vnets);
	uint32_t i = k->draw(k, UTIL_ARRAY_SIZE(rows)), j = k->draw(k, UTIL_ARRAY_SIZE(rows));
	const char *a = rows[i].values[k->draw(k, rows[i].count)];
	const char *b = rows[j].values[k->draw(k, rows[j].count)];

	snprintf(k->what, sizeof(k->what), "vnet set %s %s %s %s %s", name, rows[i].key, a,
		 rows[j].key, b);
	if (!manager_find_vnet(k->w->m, name, NULL))
		return 0;
	return world_try_set(k->w, name, rows[i].key, a, rows[j].key, b, NULL);
}

/* The VF that is taken of each has another number. An entry in its switch is for one vnet. */
static const char *const walk_pfs[WALK_VFS] = { "pf0", "pf1" };

/* A hybrid that is a VF of one of the walk's NICs. */
static int add_vf(struct walk *k)
{
	static const char *const indices[WALK_VFS] = { "0", "1" };
	static const char *const vlans[] = { "none", "100", "7", "200" };
	const char *vnet = PICK(k, vnets), *name = PICK(k, names), *vlan = PICK(k, vlans);
	uint32_t i = k->draw(k, WALK_VFS);

	snprintf(k->what, sizeof(k->what), "resource add %s %s hybrid vf %u vf_vlan %s", vnet, name,
		 i, vlan);
	return world_try_resource(k->w, vnet, name, "type", "hybrid", "pf", walk_pfs[i], "vf",
				  indices[i], "vf_vlan", vlan, "priority", PICK(k, priorities),
				  NULL);
}

static int add_resource(struct walk *k)
{
	const char *vnet = PICK(k, vnets), *name = PICK(k, names), *type = PICK(k, types);
	const char *device = PICK(k, devices), *peer = PICK(k, macs), *set = PICK(k, own_sets);
	const char *other = PICK(k, vnets);

	snprintf(k->what, sizeof(k->what), "resource add %s %s %s %s peer %s vlans %s", vnet, name,
		 type, device, peer, set);
	if (util_same(type, "peer")) {
		snprintf(k->what, sizeof(k->what), "resource add %s %s peer_vnet %s vlans %s", vnet,
			 name, other, set);
		return world_try_resource(k->w, vnet, name, "type", "guest", "peer_vnet", other,
					  "vlans", set, NULL);
	}
	if (util_same(type, "guest"))
		return world_try_resource(k->w, vnet, name, "type", type, "device", device, "peer",
					  peer, "vlans", set, NULL);
	if (util_same(type, "hybrid"))
		return world_try_resource(k->w, vnet, name, "type", type, "device", device,
					  "priority", PICK(k, priorities), "vlans", set, NULL);
	return world_try_resource(k->w, vnet, name, "type", type, "device", device, "vlans", set,
				  NULL);
}

static int set_resource(struct walk *k)
{
	const char *vnet = PICK(k, vnets), *name = PICK(k, names);
	const struct vnet *v = manager_find_vnet(k->w->m, vnet, NULL);
	const struct resource *r = v ? manager_find_resource(v, name, NULL) : NULL;
	const char *key = "admin", *value = k->draw(k, 3) ? "up" : "down";

	switch (k->draw(k, 8)) {
	case 6:
		key = k->draw(k, 2) ? "maxbw_in" : "maxbw_out";
		value = PICK(k, rates);
		break;
	case 5:
		key = "vf_vlan";
		value = k->draw(k, 2) ? "none" : "300";
		break;
	case 0:
		key = "priority";
		value = PICK(k, priorities);
		break;
	case 1:
		key = "vlans";
		value = PICK(k, own_sets);
		break;
	case 2:
		key = "pvid";
		value = k->draw(k, 2) ? "inherit" : PICK(k, pvids);
		break;
	case 3:
		key = "peer";
		value = PICK(k, macs);
		break;
	case 4:
		key = "storm_limit";
		value = PICK(k, limits);
		break;
	}
	snprintf(k->what, sizeof(k->what), "resource set %s %s %s %s", vnet, name, key, value);
	return r ? world_try_resource_set(k->w, vnet, name, key, value, NULL) : 0;
}

static int del_vnet(struct walk *k)
{
	const char *name = PICK(k, vnets);

	snprintf(k->what, sizeof(k->what), "vnet del %s", name);
	return k->draw(k, 4) ? 0 : manager_vnet_del(k->w->m, name, &k->w->e);
}

static int del_resource(struct walk *k)
{
	const char *vnet = PICK(k, vnets), *name = PICK(k, names);

	snprintf(k->what, sizeof(k->what), "resource del %s %s", vnet, name);
	return manager_resource_del(k->w->m, vnet, name, &k->w->e);
}

/* Any that has a provider, NULL: none was met. */
static struct resource *some_provided(struct walk *k)
{
	uint32_t skip = k->draw(k, 6);

	for (struct vnet *v = manager_vnets(k->w->m); v; v = v->hh.next)
		for (struct resource *r = v->resources; r; r = r->hh.next)
			if (r->provider.kind != DESIRED_PROVIDER_NONE && !skip--)
				return r;
	return NULL;
}

static int provide(struct walk *k)
{
	static const enum settings_type wanted[] = { SETTINGS_SERVICE, SETTINGS_GUEST,
						     SETTINGS_GUEST, SETTINGS_HYBRID };
	struct provider p = world_provider(PICK(k, wanted), PICK(k, macs));
	const struct resource *known = k->draw(k, 2) ? some_provided(k) : NULL;
	int err;

	mac_parse(PICK(k, macs), p.ask.local);
	p.ask.name = k->draw(k, 3) ? NULL : PICK(k, names);
	p.ask.device = k->draw(k, 3) ? NULL : PICK(k, devices);
	p.ask.uid = k->draw(k, 3);
	p.ask.max_sdu = k->draw(k, 2) ? 2000 : 0;
	p.ask.report = k->draw(k, 4) ? DESIRED_REPORT_UP : k->draw(k, 3);
	p.ask.tap.queues = 1 + k->draw(k, 2);
	if (known) {
		p.ask.type = known->settings.type;
		p.ask.token = known->provider.token;
		p.ask.device = known->provider.kind == DESIRED_PROVIDER_TAP
				       ? NULL
				       : known->settings.device;
	}
	snprintf(k->what, sizeof(k->what), "provide %d as %s dev %s%s", p.ask.type,
		 p.ask.name ?: "-", p.ask.device ?: "-", known ? " again" : "");
	k->loose = manager_providers_missing(k->w->m);
	err = world_try_provide(k->w, &p);
	world_provider_close(&p);
	return err;
}

static int clear_report(struct walk *k)
{
	const struct resource *r = some_provided(k);

	snprintf(k->what, sizeof(k->what), "clear %s", r ? r->name : "-");
	return r ? manager_resource_clear(k->w->m, r->vnet->name, r->name, &k->w->e) : 0;
}

/* --- flows --- */

static const char *const flows[] = { "f0", "f1" };
static const char *const ports[] = { "53", "80-83" };
static const char *const targets[] = { "none", "cpu 3", "cpu 0", "xsk", "xsk", "vnet v1", "cpu 9" };

static struct flow *some_flow(struct walk *k, const char **owner, const char **name)
{
	const struct vnet *v;
	struct flow *f = NULL;

	*owner = PICK(k, vnets);
	*name = PICK(k, flows);
	v = manager_find_vnet(k->w->m, *owner, NULL);
	if (v)
		HASH_FIND_STR(v->flows, *name, f);
	return f;
}

static int add_flow(struct walk *k)
{
	const char *owner, *name, *to = PICK(k, targets);

	some_flow(k, &owner, &name);
	snprintf(k->what, sizeof(k->what), "flow add %s %s to %s", owner, name, to);
	return world_try_flow(k->w, owner, name, "dir", "in", "proto", "udp", "lport",
			      PICK(k, ports), "to", to, NULL);
}

static int set_flow(struct walk *k)
{
	const char *owner, *name, *to = PICK(k, targets), *rate = PICK(k, rates);
	const struct flow *f = some_flow(k, &owner, &name);

	snprintf(k->what, sizeof(k->what), "flow set %s %s to %s maxbw %s", owner, name, to, rate);
	return f ? world_try_flow_set(k->w, owner, name, "to", to, "maxbw", rate, NULL) : 0;
}

static int del_flow(struct walk *k)
{
	const char *owner, *name;

	some_flow(k, &owner, &name);
	snprintf(k->what, sizeof(k->what), "flow del %s %s", owner, name);
	return manager_flow_del(k->w->m, owner, name, &k->w->e);
}

static int open_flow(struct walk *k)
{
	const char *owner, *name;
	int memory, err;
	struct flow *f;
	struct manager_opening o = { .frames = 64, .privileged = true };

	some_flow(k, &owner, &name);
	o.owner = owner;
	o.name = name;
	snprintf(k->what, sizeof(k->what), "flow open %s %s", owner, name);
	err = manager_flow_open(k->w->m, &o, &f, &memory, &k->w->e);
	if (!err)
		close(memory);
	return err;
}

static int close_flow(struct walk *k)
{
	const char *owner, *name;
	struct flow *f = some_flow(k, &owner, &name);

	snprintf(k->what, sizeof(k->what), "flow close %s %s", owner, name);
	if (f && f->xsk.present)
		manager_flow_close(f);
	return 0;
}

static int prepare(struct walk *k)
{
	const char *name = PICK(k, vnets);

	snprintf(k->what, sizeof(k->what), "prepare-migration %s", name);
	return manager_migration_prepare(k->w->m, name, &k->w->e);
}

static int finish(struct walk *k)
{
	const char *name = PICK(k, vnets);

	snprintf(k->what, sizeof(k->what), "finish-migration %s", name);
	return manager_migration_finish(k->w->m, name, &k->w->e);
}

static int (*const changes[])(struct walk *k) = {
	add_vnet,     add_vnet,	    set_vnet,	  add_resource, add_resource,
	add_resource, set_resource, set_resource, del_vnet,	del_resource,
	provide,      provide,	    clear_report, add_vf,	add_vf,
	prepare,      finish,	    finish,	  add_flow,	add_flow,
	set_flow,     del_flow,	    open_flow,	  open_flow,	close_flow
};

static void dump(struct world *w)
{
	manager_on_dump_begin(w->m);
	for (size_t i = 0; i < w->k->link_count; i++)
		manager_on_link(w->m, &w->k->links[i]);
	manager_on_dump_end(w->m);
}

/* What is refused has changed nothing, whyever it was refused. */
static void change(struct walk *k, bool broken)
{
	static const char *const calls[] = { "link_set",   "attach",	     "detach",
					     "port_write", "resource_write", "vnet_write",
					     "fdb_write",  "vlans_write",    "veth_add",
					     "link_get",   "device_write",   "offloads_get",
					     "tap_add",	   "vf_set",	     "vf_mark" };
	char *before = world_text(k->w), *after, what[1024];
	const char *call = broken ? PICK(k, calls) : "none";
	int err;

	if (broken)
		fake_kernel_fail_once(k->w->k, call, EIO, k->draw(k, 6));
	k->w->k->fail_halfway = k->draw(k, 2);
	k->w->save_fails = broken && !k->draw(k, 6);
	if (k->w->save_fails)
		fake_kernel_heal(k->w->k);
	k->w->k->failed = k->loose = false;
	err = PICK(k, changes)(k);
	fake_kernel_heal(k->w->k);
	k->w->save_fails = false;
	k->w->vfs_refused |= k->w->k->failed && util_same(call, "vf_set");
	if (k->w->k->failed && util_same(call, "link_set"))
		memset(k->refused_to, true, sizeof(k->refused_to[0]) * (k->w->k->next_ifindex + 1));
	/* Another refusal, and then a failure on the way back: that needs manager_settle(). */
	if (err && !k->loose && (!k->w->k->failed || err == -EIO)) {
		after = world_text(k->w);
		snprintf(what, sizeof(what), "step %u, %s, %s fails: %s", k->step, k->what, call,
			 k->w->e.message);
		world_same(what, before, after);
		free(after);
	}
	free(before);
	/* What was failing already, and would have come right but for this, is tried again then. */
	if (k->w->k->failed)
		dump(k->w);
}

/* A change, and then news from before it, as it may wait in the socket. */
static void change_and_old_news(struct walk *k)
{
	struct fake_kernel *f = k->w->k;
	size_t n = f->link_count;
	struct link *old = calloc(n + 1, sizeof(*old));

	memcpy(old, f->links, n * sizeof(*old));
	change(k, false);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < f->link_count; j++)
			if (old[i].ifindex == f->links[j].ifindex)
				manager_on_link(k->w->m, &old[i]);
	for (size_t i = 0; i < f->link_count; i++)
		fake_kernel_tell(f, k->w->m, f->links[i].name);
	free(old);
}

static const char *free_name(struct walk *k)
{
	const char *name = PICK(k, devices);

	return fake_kernel_find(k->w->k, name) ? NULL : name;
}

/* A NIC, a tap, or a veth that somebody else has the other end of; its driver may know no XDP. */
static void become_kind(struct walk *k, struct link *l)
{
	static const char *const kinds[] = { "", "tun", "veth" };

	util_copy(l->kind, sizeof(l->kind), PICK(k, kinds));
	util_copy(l->qdisc, sizeof(l->qdisc), k->draw(k, 4) ? "noqueue" : "tbf");
	l->vnet_hdr = util_same(l->kind, "tun") && !k->draw(k, 3);
	l->peer_elsewhere = util_same(l->kind, "veth");
	if (!k->draw(k, 4))
		k->w->k->xdp_refusal[l->ifindex] = EOPNOTSUPP;
}

static void come(struct walk *k)
{
	const char *name = free_name(k);

	snprintf(k->what, sizeof(k->what), "device %s comes", name ?: "-");
	if (!name)
		return;
	fake_kernel_add(k->w->k, name);
	if (!k->draw(k, 6))
		fake_kernel_find(k->w->k, name)->max_mtu = 2000;
	if (!k->draw(k, 3))
		fake_kernel_find(k->w->k, name)->flags &= ~(unsigned int)IFF_UP;
	if (!k->draw(k, 3))
		fake_kernel_find(k->w->k, name)->carrier = false;
	k->w->k->busy[fake_kernel_find(k->w->k, name)->ifindex] = !k->draw(k, 3);
	become_kind(k, fake_kernel_find(k->w->k, name));
	fake_kernel_tell(k->w->k, k->w->m, name);
}

static void affect(struct walk *k, const char *name)
{
	struct link *l = fake_kernel_find(k->w->k, name);
	const char *to = free_name(k);

	switch (k->draw(k, 9)) {
	case 0:
		world_delete(k->w, name);
		break;
	case 1:
		if (to)
			world_rename(k->w, name, to);
		break;
	case 2:
		world_up(k->w, name, !(l->flags & IFF_UP));
		break;
	case 3:
		l->mtu = k->draw(k, 2) ? 1300 : 1500;
		fake_kernel_tell(k->w->k, k->w->m, name);
		break;
	case 4:
		l->vnet_hdr = util_same(l->kind, "tun") && !l->vnet_hdr;
		fake_kernel_tell(k->w->k, k->w->m, name);
		break;
	case 5:
		l->promiscuity = k->draw(k, 3);
		fake_kernel_tell(k->w->k, k->w->m, name);
		break;
	case 6: /* another one's program comes or goes; not while ours, a link, is there */
		if (k->w->k->attached[KERNEL_HOOK_XDP_CPU][l->ifindex] ||
		    k->w->k->attached[KERNEL_HOOK_XDP_CPU_GENERIC][l->ifindex])
			break;
		l->xdp = 17 - l->xdp;
		k->w->k->xdp_refusal[l->ifindex] = l->xdp ? EBUSY : 0;
		k->w->k->attached[KERNEL_HOOK_XDP_RX][l->ifindex] = false;
		k->w->k->attached[KERNEL_HOOK_XDP_TX][l->ifindex] = false;
		fake_kernel_tell(k->w->k, k->w->m, name);
		break;
	default:
		world_carrier(k->w, name, !l->carrier);
		break;
	}
}

static void news(struct walk *k)
{
	const char *name = PICK(k, devices);

	snprintf(k->what, sizeof(k->what), "something happens to %s", name);
	if (fake_kernel_find(k->w->k, name) && !fake_kernel_find(k->w->k, name)->peer)
		affect(k, name);
	else
		come(k);
}

static void upper_news(struct walk *k)
{
	const char *name = PICK(k, vnets);
	struct link *l = fake_kernel_find(k->w->k, name);

	snprintf(k->what, sizeof(k->what), "something happens to upper %s", name);
	if (!l)
		return;
	switch (k->draw(k, 4)) {
	case 0:
		world_delete(k->w, name);
		return;
	case 1:
		l->mtu = k->draw(k, 2) ? 1500 : 3000;
		break;
	case 2:
		mac_parse(PICK(k, macs), l->address);
		break;
	default:
		l->promiscuity = k->draw(k, 2);
		break;
	}
	fake_kernel_tell(k->w->k, k->w->m, name);
}

/* What VF @index is when the NIC makes it. */
static struct kernel_vf fresh_vf(uint32_t index)
{
	return (struct kernel_vf) {
		.set = (1u << KERNEL_VF_FIELDS) - 1,
		.address = { 0x02, 0xaf, 0, 0, 0, (uint8_t)index },
		.vlan = index ? 7 : 0,
		.qos = index ? 3 : 0,
		.protocol = ETH_P_8021Q,
		.link_state = 1,
	};
}

static const char *const vf_devices[WALK_VFS] = { "vfd0", "vfd1" };

static void vf_device_goes(struct walk *k, uint32_t index)
{
	fake_vf_netdev(fake_kernel_vf(k->w->k, walk_pfs[index], index), NULL);
	if (fake_kernel_find(k->w->k, vf_devices[index]))
		world_delete(k->w, vf_devices[index]);
}

static void vf_device_comes(struct walk *k, uint32_t index)
{
	struct fake_vf *vf = fake_kernel_vf(k->w->k, walk_pfs[index], index);

	if (!vf->there || fake_kernel_find(k->w->k, vf_devices[index]))
		return;
	fake_kernel_add(k->w->k, vf_devices[index]);
	fake_vf_netdev(vf, vf_devices[index]);
	fake_kernel_tell(k->w->k, k->w->m, vf_devices[index]);
}

/* Another number of VFs is asked for: the NIC makes all of them anew. */
static void toggle_vf(struct walk *k, uint32_t index)
{
	struct fake_vf *vf = fake_kernel_vf(k->w->k, walk_pfs[index], index);

	vf->there = !vf->there;
	if (vf->there)
		vf->vf = fresh_vf(index);
	else
		vf_device_goes(k, index);
	fake_kernel_tell(k->w->k, k->w->m, walk_pfs[index]);
}

static void vf_news(struct walk *k)
{
	uint32_t index = k->draw(k, WALK_VFS);
	struct link *l = fake_kernel_find(k->w->k, vf_devices[index]);

	snprintf(k->what, sizeof(k->what), "something happens to VF %u", index);
	switch (k->draw(k, 5)) {
	case 0:
		toggle_vf(k, index);
		break;
	case 1:
		vf_device_goes(k, index);
		break;
	case 2:
		if (l)
			world_carrier(k->w, l->name, !l->carrier);
		break;
	default:
		vf_device_comes(k, index);
		break;
	}
}

/* A program says something, or ends; a tap goes before its connection or after it. */
static void provider_news(struct walk *k)
{
	struct resource *r = some_provided(k);
	enum desired_report report = k->draw(k, 3);

	snprintf(k->what, sizeof(k->what), "something happens to the provider of %s",
		 r ? r->name : "-");
	if (!r)
		return;
	switch (k->draw(k, 5)) {
	case 0:
		manager_providers_expire(k->w->m);
		break;
	case 1:
		if (r->tap_ifindex && r->ifindex == r->tap_ifindex)
			world_delete(k->w, r->settings.device);
		if (r->present && k->draw(k, 2))
			manager_provider_leave(k->w->m, r);
		break;
	case 2:
		if (r->present)
			manager_provider_leave(k->w->m, r);
		break;
	default:
		manager_provider_report(k->w->m, r, report, k->draw(k, 2) ? "of the walk" : NULL);
		break;
	}
}

/* News was lost: all of it is read again. */
static void resync(struct walk *k)
{
	struct fake_kernel *f = k->w->k;
	const char *name = PICK(k, devices), *to = free_name(k);
	struct link *l = fake_kernel_find(f, name);

	snprintf(k->what, sizeof(k->what), "resync, with %s changed", name);
	if (l && k->draw(k, 2))
		fake_kernel_remove(f, name);
	else if (l && to)
		util_copy(l->name, sizeof(l->name), to);
	else if (!l)
		fake_kernel_add(f, name);
	manager_on_overrun(k->w->m);
	dump(k->w);
}

/* What there would be if vnetd had been killed just now. */
static void remember(struct walk *k)
{
	k->killed = malloc(sizeof(*k->killed));
	ck_assert_ptr_nonnull(k->killed);
	*k->killed = *k->w->k;
	k->killed_kept = k->w->kept ? strdup(k->w->kept) : NULL;
}

/* After some change, or within it, after any of the calls that it makes; and started again. */
static void kill_and_start(struct walk *k)
{
	unsigned int after = k->kills == WALK_KILLS_WITHIN ? 1 + k->draw(k, 24) : 0;
	struct world *w = k->w;

	k->kill_in = after;
	PICK(k, changes)(k);
	if (!k->killed)
		remember(k);
	k->kill_in = 0;
	fake_kernel_back(w->k, k->killed);
	free(w->kept);
	w->kept = UTIL_TAKE_PTR(k->killed_kept);
	free(UTIL_TAKE_PTR(k->killed));
	manager_free(w->m);
	world_start(w);
	snprintf(k->what + strlen(k->what), sizeof(k->what) - strlen(k->what),
		 after ? ", killed after call %u" : ", killed", after);
}

static void step(struct walk *k)
{
	switch (k->draw(k, 13)) {
	case 12:
		vf_news(k);
		break;
	case 11:
		snprintf(k->what, sizeof(k->what), "time passes");
		world_pass(k->w, k->draw(k, 1500) * 1000);
		break;
	case 0:
	case 1:
		news(k);
		break;
	case 10:
		provider_news(k);
		break;
	case 2:
		upper_news(k);
		break;
	case 3:
		switch (k->draw(k, 6)) {
		case 0:
			snprintf(k->what, sizeof(k->what), "restart");
			world_stop(k->w);
			world_start(k->w);
			k->w->m->starting = false; /* there are no files to be read */
			break;
		case 1:
			if (k->kills != WALK_KILLS_NONE)
				kill_and_start(k);
			break;
		default:
			resync(k);
			break;
		}
		break;
	case 4:
	case 5:
		change(k, true);
		break;
	case 6:
		change_and_old_news(k);
		break;
	default:
		change(k, false);
		break;
	}
}

/* Whatever was switched for XDP is as it was. */
static void check_offloads(const struct fake_kernel *f)
{
	for (size_t i = 0; i < f->link_count; i++)
		ck_assert_msg(f->offloads[f->links[i].ifindex].on == fake_kernel_nic_offloads.on,
			      "offloads of %s", f->links[i].name);
}

/* What is nobody's has its own MAC and flags. */
static void check_given_back(const struct walk *k)
{
	const struct fake_kernel *f = k->w->k;

	for (size_t i = 0; i < f->link_count; i++) {
		const struct link *l = &f->links[i];
		const uint8_t own[MAC_LEN] = { 0x02, 0xee, 0, 0, 0, (uint8_t)l->ifindex };

		if (owner_find(k->w->m, l->ifindex) || l->peer || k->refused_to[l->ifindex])
			continue;
		ck_assert_msg(mac_same(l->address, own) && !(l->flags & IFF_ALLMULTI),
			      "step %u, %s: %s is nobody's, and not as it was", k->step, k->what,
			      l->name);
	}
}

static bool is_as_it_came(const struct kernel_vf *vf, uint32_t index)
{
	const struct kernel_vf came = fresh_vf(index);
	bool same = vf->set == came.set;

	for (unsigned int i = 0; i < KERNEL_VF_FIELDS; i++)
		same &= kernel_vf_same(vf, &came, kernel_vf_field(i));
	return same;
}

/* A VF that is no resource's, or not now, is as the NIC made it. */
static void check_vfs(const struct walk *k, uint32_t index)
{
	const struct fake_vf *vf = fake_kernel_vf(k->w->k, walk_pfs[index], index);

	for (const struct resource *r = k->w->m->vfs; r; r = r->vf_next)
		if (r->settings.vf == index)
			return;
	ck_assert_msg(!vf->there || k->w->vfs_refused || is_as_it_came(&vf->vf, index),
		      "step %u, %s: VF %u is nobody's, and not as it was", k->step, k->what, index);
}

/* After each single write: who is up and leads to a twin is known to it. */
static void check_now(void *context)
{
	struct walk *k = context;
	struct fake_kernel *f = k->w->k;

	if (k->kill_in && !--k->kill_in)
		remember(k);
	if (!f->failed)
		world_check_protect_now(f);
	for (size_t i = 0; i < FAKE_MAX && !f->failed; i++) {
		const struct fake_row *row = &f->resources.rows[i];
		const struct abi_resource *twin, *r = (const void *)row->value;
		uint32_t number;

		if (!row->used || !r->up || !r->twin)
			continue;
		memcpy(&number, row->key, sizeof(number));
		twin = fake_kernel_resource(f, r->twin);
		ck_assert_msg(twin && twin->twin == number, "%u is up without its twin %u", number,
			      r->twin);
	}
}

void walk_begin(struct walk *k)
{
	k->w = world_new();
	k->w->k->on_change = check_now;
	k->w->k->context = k;
	for (uint32_t i = 0; i < WALK_VFS; i++) {
		world_device(k->w, walk_pfs[i]);
		fake_kernel_vf(k->w->k, walk_pfs[i], i)->vf = fresh_vf(i);
	}
}

void walk_step(struct walk *k)
{
	step(k);
	if (getenv("WALK"))
		fprintf(stderr, "%u: %s\n", k->step, k->what);
	manager_settle(k->w->m);
	world_news(k->w);
	world_check(k->w);
	check_given_back(k);
	for (uint32_t i = 0; i < WALK_VFS; i++)
		check_vfs(k, i);
	world_forget_events(k->w);
	k->step++;
}

void walk_end(struct walk *k)
{
	world_done(k->w, manager_flush(k->w->m, &k->w->e));
	ck_assert(fake_kernel_is_clean(k->w->k));
	check_offloads(k->w->k);
	world_free(k->w);
}
