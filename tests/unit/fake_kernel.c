/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_kernel.h"

#include <errno.h>
#include <net/if_arp.h>

static bool fails(struct fake_kernel *k, const char *call)
{
	if (!k->fail_call || strcmp(k->fail_call, call) != 0)
		return false;
	if (k->fail_after) {
		k->fail_after--;
		return false;
	}
	if (!k->fail_times)
		return false;
	k->fail_times--;
	k->failed = true;
	return true;
}

static void note(struct fake_kernel *k, const char *format, ...) UTIL_PRINTF(2, 3);

static void note(struct fake_kernel *k, const char *format, ...)
{
	size_t used = strlen(k->journal);
	va_list args;

	va_start(args, format);
	vsnprintf(k->journal + used, sizeof(k->journal) - used, format, args);
	va_end(args);
	if (k->on_change)
		k->on_change(k->context);
}

/* --- maps --- */

static struct fake_row *row_find(struct fake_map *map, const void *key, size_t size)
{
	for (size_t i = 0; i < FAKE_MAX; i++)
		if (map->rows[i].used && memcmp(map->rows[i].key, key, size) == 0)
			return &map->rows[i];
	return NULL;
}

static bool row_same(struct fake_map *map, const void *key, size_t key_size, const void *value,
		     size_t value_size)
{
	const struct fake_row *row = row_find(map, key, key_size);

	return row && value ? memcmp(row->value, value, value_size) == 0 : !row && !value;
}

static int row_write(struct fake_map *map, const void *key, size_t key_size, const void *value,
		     size_t value_size)
{
	struct fake_row *row = row_find(map, key, key_size);

	if (!value) {
		if (row)
			row->used = false;
		return 0;
	}
	for (size_t i = 0; !row && i < FAKE_MAX; i++)
		if (!map->rows[i].used)
			row = &map->rows[i];
	if (!row)
		return -E2BIG;
	row->used = true;
	memcpy(row->key, key, key_size);
	memcpy(row->value, value, value_size);
	return 0;
}

static int row_read(struct fake_map *map, const void *key, size_t key_size, void *ret, size_t size)
{
	const struct fake_row *row = row_find(map, key, key_size);

	if (!row)
		return -ENOENT;
	memcpy(ret, row->value, size);
	return 0;
}

/* --- devices --- */

static struct link *by_index(struct fake_kernel *k, uint32_t ifindex)
{
	for (size_t i = 0; i < k->link_count; i++)
		if (k->links[i].ifindex == ifindex)
			return &k->links[i];
	return NULL;
}

struct link *fake_kernel_find(struct fake_kernel *k, const char *name)
{
	for (size_t i = 0; i < k->link_count; i++)
		if (util_same(k->links[i].name, name))
			return &k->links[i];
	return NULL;
}

const struct kernel_offloads fake_kernel_nic_offloads = {
	.can = KERNEL_OFFLOAD_BIT(TX_CSUM) | KERNEL_OFFLOAD_BIT(RX_VLAN) | KERNEL_OFFLOAD_BIT(LRO),
	.on = KERNEL_OFFLOAD_BIT(TX_CSUM) | KERNEL_OFFLOAD_BIT(RX_VLAN) | KERNEL_OFFLOAD_BIT(LRO),
};

struct link *fake_kernel_add(struct fake_kernel *k, const char *name)
{
	struct link *l = &k->links[k->link_count++];

	*l = (struct link) {
		.ifindex = ++k->next_ifindex,
		.type = ARPHRD_ETHER,
		.address = { 0x02, 0xee, 0, 0, 0, (uint8_t)k->next_ifindex },
		.mtu = 1500,
		.min_mtu = 68,
		.max_mtu = 65535,
		.flags = IFF_UP | IFF_RUNNING,
		.carrier = true,
	};
	util_copy(l->name, sizeof(l->name), name);
	k->offloads[l->ifindex] = fake_kernel_nic_offloads;
	return l;
}

static void remove_index(struct fake_kernel *k, uint32_t ifindex)
{
	struct link *l = by_index(k, ifindex);

	if (!l)
		return;
	for (size_t hook = 0; hook < KERNEL_HOOK_END; hook++)
		k->attached[hook][ifindex] = false;
	memset(k->filter[ifindex], 0, MAC_LEN);
	memset(&k->offloads[ifindex], 0, sizeof(k->offloads[ifindex]));
	k->xdp_refusal[ifindex] = 0;
	row_write(&k->devices, &ifindex, sizeof(ifindex), NULL, 0);
	*l = k->links[--k->link_count];
}

void fake_kernel_remove(struct fake_kernel *k, const char *name)
{
	remove_index(k, fake_kernel_find(k, name)->ifindex);
}

void fake_kernel_tell(struct fake_kernel *k, struct manager *m, const char *name)
{
	manager_on_link(m, fake_kernel_find(k, name));
}

void fake_kernel_tell_gone(struct fake_kernel *k, struct manager *m, const char *name)
{
	uint32_t ifindex = fake_kernel_find(k, name)->ifindex;

	remove_index(k, ifindex);
	manager_on_gone(m, ifindex);
}

const struct kernel_offloads fake_kernel_veth_offloads = {
	.can = KERNEL_OFFLOAD_BIT(TX_CSUM) | KERNEL_OFFLOAD_BIT(TX_CSUM_SCTP) |
	       KERNEL_OFFLOAD_BIT(TX_VLAN) | KERNEL_OFFLOAD_BIT(RX_VLAN) | KERNEL_OFFLOAD_BIT(GRO),
	.on = KERNEL_OFFLOAD_BIT(TX_CSUM) | KERNEL_OFFLOAD_BIT(TX_CSUM_SCTP) |
	      KERNEL_OFFLOAD_BIT(TX_VLAN) | KERNEL_OFFLOAD_BIT(RX_VLAN),
};

static int fake_veth_add(void *rtnl, const struct kernel_veth *veth)
{
	struct fake_kernel *k = rtnl;
	struct link *name, *port;

	if (fails(k, "veth_add"))
		return -k->fail_error;
	if (fake_kernel_find(k, veth->name) || fake_kernel_find(k, veth->port))
		return -EEXIST;
	port = fake_kernel_add(k, veth->port);
	port->mtu = veth->mtu;
	port->peer_elsewhere = veth->netns_fd >= 0;
	util_copy(port->kind, sizeof(port->kind), "veth");
	k->offloads[port->ifindex] = fake_kernel_veth_offloads;
	if (veth->netns_fd < 0) {
		name = fake_kernel_add(k, veth->name);
		name->mtu = veth->mtu;
		memcpy(name->address, veth->address, MAC_LEN);
		name->peer = port->ifindex;
		port->peer = name->ifindex;
		util_copy(name->kind, sizeof(name->kind), "veth");
		k->offloads[name->ifindex] = fake_kernel_veth_offloads;
	}
	note(k, "veth_add %s\n", veth->name);
	return 0;
}

static int fake_veth_del(void *rtnl, const char *port)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, port);
	uint32_t peer, ifindex;

	if (fails(k, "veth_del"))
		return -k->fail_error;
	if (!l)
		return -ENODEV;
	peer = l->peer;
	ifindex = l->ifindex;
	remove_index(k, ifindex);
	remove_index(k, peer);
	note(k, "veth_del %s\n", port);
	return 0;
}

static int fake_link_get(void *rtnl, const char *name, struct link *ret)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, name);

	if (fails(k, "link_get"))
		return -k->fail_error;
	if (!l)
		return -ENODEV;
	*ret = *l;
	return 0;
}

static void apply(struct link *l, const struct kernel_link_change *change, unsigned int fields)
{
	fields &= change->set;
	if (fields & KERNEL_LINK_ADDRESS)
		memcpy(l->address, change->address, MAC_LEN);
	if (fields & KERNEL_LINK_MTU)
		l->mtu = change->mtu;
	if (fields & KERNEL_LINK_UP)
		l->flags = change->up ? l->flags | IFF_UP : l->flags & ~(unsigned int)IFF_UP;
	if (fields & KERNEL_LINK_ALLMULTI)
		l->flags = change->allmulti ? l->flags | IFF_ALLMULTI
					    : l->flags & ~(unsigned int)IFF_ALLMULTI;
	if (fields & KERNEL_LINK_DORMANT)
		l->flags = change->dormant ? l->flags & ~(unsigned int)IFF_RUNNING
					   : l->flags | IFF_RUNNING;
}

/* In the kernel's order: the address first, and what was done before a failure stays. */
static int fake_link_set(void *rtnl, uint32_t ifindex, const struct kernel_link_change *change)
{
	struct fake_kernel *k = rtnl;
	struct link *l = by_index(k, ifindex);
	bool busy;

	busy = l && k->busy[ifindex] && (l->flags & IFF_UP) &&
	       memcmp(change->address, l->address, MAC_LEN) != 0;
	if (fails(k, "link_set")) {
		if (k->fail_halfway && l && !busy)
			apply(l, change, KERNEL_LINK_ADDRESS);
		return -k->fail_error;
	}
	if (!l)
		return -ENODEV;
	if ((change->set & KERNEL_LINK_ADDRESS) && busy)
		return -EBUSY;
	apply(l, change, KERNEL_LINK_ADDRESS);
	if ((change->set & KERNEL_LINK_MTU) && l->max_mtu && change->mtu > l->max_mtu)
		return -EINVAL;
	apply(l, change, change->set);
	note(k, "link_set %s %x\n", l->name, change->set);
	return 0;
}

static int fake_link_del(void *rtnl, uint32_t ifindex)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = by_index(k, ifindex);
	char name[IFNAMSIZ];
	uint32_t peer;

	if (fails(k, "link_del"))
		return -k->fail_error;
	if (!l)
		return -ENODEV;
	util_copy(name, sizeof(name), l->name);
	peer = l->peer;
	remove_index(k, ifindex);
	remove_index(k, peer);
	note(k, "link_del %s\n", name);
	return 0;
}

static int fake_link_stats(void *rtnl, uint32_t ifindex, struct kernel_link_stats *ret)
{
	struct fake_kernel *k = rtnl;

	if (!by_index(k, ifindex))
		return -ENODEV;
	*ret = k->stats;
	return 0;
}

static int fake_link_filter(void *rtnl, uint32_t ifindex, const uint8_t address[MAC_LEN], bool add)
{
	struct fake_kernel *k = rtnl;

	if (fails(k, "link_filter"))
		return -k->fail_error;
	if (add)
		memcpy(k->filter[ifindex], address, MAC_LEN);
	else if (memcmp(k->filter[ifindex], address, MAC_LEN) == 0)
		memset(k->filter[ifindex], 0, MAC_LEN);
	note(k, "link_filter %u %s\n", ifindex, add ? "add" : "del");
	return 0;
}

static int fake_offloads_get(void *rtnl, const char *device, struct kernel_offloads *ret)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, device);

	if (fails(k, "offloads_get"))
		return -k->fail_error;
	if (!l)
		return -ENODEV;
	*ret = k->offloads[l->ifindex];
	return 0;
}

static int fake_offloads_set(void *rtnl, const char *device, unsigned int set, unsigned int on)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, device);
	struct kernel_offloads *o = l ? &k->offloads[l->ifindex] : NULL;

	if (fails(k, "offloads_set"))
		return -k->fail_error;
	if (!l)
		return -ENODEV;
	set &= o->can;
	o->on = (o->on & ~set) | (on & set);
	note(k, "offloads %s %x\n", l->name, o->on);
	return 0;
}

/* --- the data path --- */

static bool fake_sees_devices(void *datapath)
{
	const struct fake_kernel *k = datapath;

	return !k->blind;
}

static bool is_xdp(enum kernel_hook hook)
{
	return hook == KERNEL_HOOK_XDP_TX || hook == KERNEL_HOOK_XDP_RX;
}

static const char *const hook_names[KERNEL_HOOK_END] = { "tx-egress", "tx-ingress", "rx", "xdp-tx",
							 "xdp-rx" };

static int fake_attach(void *datapath, enum kernel_hook hook, uint32_t ifindex,
		       enum kernel_attach *ret)
{
	struct fake_kernel *k = datapath;

	if (fails(k, "attach"))
		return -k->fail_error;
	if (!by_index(k, ifindex))
		return -ENODEV;
	if (is_xdp(hook) && k->xdp_refusal[ifindex])
		return -k->xdp_refusal[ifindex];
	*ret = is_xdp(hook) ? KERNEL_ATTACH_XDP : KERNEL_ATTACH_TCX;
	if (k->attached[hook][ifindex])
		return 0;
	k->attached[hook][ifindex] = true;
	note(k, "attach %s %u\n", hook_names[hook], ifindex);
	return 0;
}

static bool fake_attached(void *datapath, enum kernel_hook hook, uint32_t ifindex)
{
	const struct fake_kernel *k = datapath;

	return k->attached[hook][ifindex];
}

static int fake_detach(void *datapath, enum kernel_hook hook, uint32_t ifindex)
{
	struct fake_kernel *k = datapath;

	if (fails(k, "detach"))
		return -k->fail_error;
	if (!k->attached[hook][ifindex])
		return 0;
	k->attached[hook][ifindex] = false;
	note(k, "detach %s %u\n", hook_names[hook], ifindex);
	return 0;
}

static int fake_port_write(void *datapath, uint32_t ifindex, const struct abi_port *port)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fails(k, "port_write"))
		return -k->fail_error;
	if (row_same(&k->ports, &ifindex, sizeof(ifindex), port, sizeof(*port)))
		return 0;
	err = row_write(&k->ports, &ifindex, sizeof(ifindex), port, sizeof(*port));
	if (!err)
		note(k, "port %u %s\n", ifindex, port ? "" : "gone");
	return err;
}

static int fake_vnet_write(void *datapath, uint32_t number, const struct abi_vnet *row)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fails(k, "vnet_write"))
		return -k->fail_error;
	if (row_same(&k->vnets, &number, sizeof(number), row, sizeof(*row)))
		return 0;
	err = row_write(&k->vnets, &number, sizeof(number), row, sizeof(*row));
	if (!err && row)
		note(k, "vnet %u service %u hybrid %u\n", number, row->service, row->hybrid);
	else if (!err)
		note(k, "vnet %u gone\n", number);
	return err;
}

static int fake_resource_write(void *datapath, uint32_t number, const struct abi_resource *row)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fails(k, "resource_write"))
		return -k->fail_error;
	if (row_same(&k->resources, &number, sizeof(number), row, sizeof(*row)))
		return 0;
	err = row_write(&k->resources, &number, sizeof(number), row, sizeof(*row));
	if (!err && row)
		note(k, "resource %u up %u fallback %u\n", number, row->up, row->fallback);
	else if (!err)
		note(k, "resource %u gone\n", number);
	return err;
}

static int fake_fdb_write(void *datapath, const struct abi_fdb_key *key, uint32_t resource)
{
	struct fake_kernel *k = datapath;
	const uint32_t *value = resource ? &resource : NULL;
	int err;

	if (fails(k, "fdb_write"))
		return -k->fail_error;
	if (row_same(&k->fdb, key, sizeof(*key), value, sizeof(*value)))
		return 0;
	err = row_write(&k->fdb, key, sizeof(*key), value, sizeof(*value));
	if (!err)
		note(k, "fdb %u resource %u\n", key->vlan, resource);
	return err;
}

static int fake_vlans_write(void *datapath, const struct abi_vlans_key *key,
			    const struct abi_vlans *row)
{
	struct fake_kernel *k = datapath;
	int err;

	if (fails(k, "vlans_write"))
		return -k->fail_error;
	if (row_same(&k->vlans, key, sizeof(*key), row, sizeof(*row)))
		return 0;
	err = row_write(&k->vlans, key, sizeof(*key), row, sizeof(*row));
	if (!err)
		note(k, "vlans %u resource %u %s\n", key->vnet, key->resource, row ? "" : "gone");
	return err;
}

static int fake_device_write(void *datapath, uint32_t ifindex, bool there)
{
	const struct abi_device row = { ifindex };
	struct fake_kernel *k = datapath;
	const void *value = there ? &row : NULL;
	int err;

	if (fails(k, "device_write"))
		return -k->fail_error;
	if (there && !by_index(k, ifindex))
		return -ENODEV;
	if (row_same(&k->devices, &ifindex, sizeof(ifindex), value, sizeof(row)))
		return 0;
	err = row_write(&k->devices, &ifindex, sizeof(ifindex), value, sizeof(row));
	if (!err)
		note(k, "device %u %s\n", ifindex, there ? "" : "gone");
	return err;
}

static int fake_storm_write(void *datapath, const struct abi_storm_key *key,
			    const struct abi_storm *row)
{
	/* The rest of the row is the program's own. */
	const size_t given = offsetof(struct abi_storm, due_ns);
	struct fake_kernel *k = datapath;
	int err;

	if (fails(k, "storm_write"))
		return -k->fail_error;
	if (row_same(&k->storms, key, sizeof(*key), row, given))
		return 0;
	err = row_write(&k->storms, key, sizeof(*key), row, sizeof(*row));
	if (!err)
		note(k, "storm %u resource %u %s\n", key->vnet, key->resource, row ? "" : "gone");
	return err;
}

static int fake_allowed_write(void *datapath, const struct abi_allowed_key *key, bool there)
{
	struct fake_kernel *k = datapath;
	const void *value = there ? "" : NULL;
	int err;

	if (fails(k, "allowed_write"))
		return -k->fail_error;
	if (row_same(&k->allowed, key, sizeof(*key), value, 0))
		return 0;
	err = row_write(&k->allowed, key, sizeof(*key), value, 0);
	if (!err)
		note(k, "allowed %u /%u %s\n", key->vnet, key->prefixlen, there ? "" : "gone");
	return err;
}

static int fake_vnet_read(void *datapath, uint32_t number, struct abi_vnet *ret)
{
	struct fake_kernel *k = datapath;

	return row_read(&k->vnets, &number, sizeof(number), ret, sizeof(*ret));
}

static int fake_resource_read(void *datapath, uint32_t number, struct abi_resource *ret)
{
	struct fake_kernel *k = datapath;

	return row_read(&k->resources, &number, sizeof(number), ret, sizeof(*ret));
}

static int fake_fdb_read(void *datapath, const struct abi_fdb_key *key, uint32_t *ret)
{
	struct fake_kernel *k = datapath;

	return row_read(&k->fdb, key, sizeof(*key), ret, sizeof(*ret));
}

static int fake_vlans_read(void *datapath, const struct abi_vlans_key *key, struct abi_vlans *ret)
{
	struct fake_kernel *k = datapath;

	return row_read(&k->vlans, key, sizeof(*key), ret, sizeof(*ret));
}

static int fake_counters(void *datapath, uint32_t resource, struct abi_counters *ret)
{
	*ret = ((struct fake_kernel *)datapath)->counters;
	return 0;
}

static int fake_drops(void *datapath, uint32_t vnet, struct abi_drops *ret)
{
	*ret = ((struct fake_kernel *)datapath)->drops;
	return 0;
}

static void sweep_numbers(struct fake_map *map, bool (*wanted)(void *, uint32_t), void *context)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		uint32_t number;

		memcpy(&number, map->rows[i].key, sizeof(number));
		if (map->rows[i].used && !wanted(context, number))
			map->rows[i].used = false;
	}
}

static bool wanted_fdb(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct abi_fdb_key key;
	uint32_t number;

	memcpy(&key, row->key, sizeof(key));
	memcpy(&number, row->value, sizeof(number));
	return w->fdb(w->context, &key, number);
}

static bool wanted_vlans(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct abi_vlans_key key;

	memcpy(&key, row->key, sizeof(key));
	return w->vlans(w->context, &key);
}

static bool wanted_storm(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct abi_storm_key key;

	memcpy(&key, row->key, sizeof(key));
	return w->storm(w->context, &key);
}

static bool wanted_allowed(const struct kernel_wanted *w, const struct fake_row *row)
{
	struct abi_allowed_key key;

	memcpy(&key, row->key, sizeof(key));
	return w->allowed(w->context, &key);
}

static void sweep_keys(struct fake_map *map, const struct kernel_wanted *w,
		       bool (*wanted)(const struct kernel_wanted *w, const struct fake_row *row))
{
	for (size_t i = 0; i < FAKE_MAX; i++)
		if (map->rows[i].used && !wanted(w, &map->rows[i]))
			map->rows[i].used = false;
}

static int fake_sweep(void *datapath, const struct kernel_wanted *w)
{
	struct fake_kernel *k = datapath;

	if (fails(k, "sweep"))
		return -k->fail_error;
	for (uint32_t hook = 0; hook < KERNEL_HOOK_END; hook++)
		for (uint32_t i = 0; i < FAKE_IFINDEX_MAX; i++)
			if (k->attached[hook][i] && !w->hook(w->context, hook, i))
				k->attached[hook][i] = false;
	sweep_numbers(&k->ports, w->port, w->context);
	sweep_numbers(&k->vnets, w->vnet, w->context);
	sweep_numbers(&k->resources, w->resource, w->context);
	sweep_numbers(&k->devices, w->device, w->context);
	sweep_keys(&k->fdb, w, wanted_fdb);
	sweep_keys(&k->vlans, w, wanted_vlans);
	sweep_keys(&k->storms, w, wanted_storm);
	sweep_keys(&k->allowed, w, wanted_allowed);
	return 0;
}

static int fake_flush(void *datapath)
{
	struct fake_kernel *k = datapath;

	if (fails(k, "flush"))
		return -k->fail_error;
	k->flushed = true;
	return 0;
}

static const struct kernel_ops fake_ops = {
	.veth_add = fake_veth_add,
	.veth_del = fake_veth_del,
	.link_get = fake_link_get,
	.link_set = fake_link_set,
	.link_del = fake_link_del,
	.link_stats = fake_link_stats,
	.link_filter = fake_link_filter,
	.offloads_get = fake_offloads_get,
	.offloads_set = fake_offloads_set,
	.sees_devices = fake_sees_devices,
	.attach = fake_attach,
	.attached = fake_attached,
	.detach = fake_detach,
	.port_write = fake_port_write,
	.vnet_write = fake_vnet_write,
	.resource_write = fake_resource_write,
	.fdb_write = fake_fdb_write,
	.vlans_write = fake_vlans_write,
	.device_write = fake_device_write,
	.storm_write = fake_storm_write,
	.allowed_write = fake_allowed_write,
	.resource_read = fake_resource_read,
	.fdb_read = fake_fdb_read,
	.vlans_read = fake_vlans_read,
	.vnet_read = fake_vnet_read,
	.counters = fake_counters,
	.drops = fake_drops,
	.sweep = fake_sweep,
	.flush = fake_flush,
};

struct fake_kernel *fake_kernel_new(void)
{
	struct fake_kernel *k = calloc(1, sizeof(*k));

	if (!k)
		abort();
	k->kernel = (struct kernel) { &fake_ops, k, k };
	return k;
}

void fake_kernel_free(struct fake_kernel *k)
{
	free(k);
}

void fake_kernel_fail(struct fake_kernel *k, const char *call, int error, unsigned int after)
{
	k->fail_call = call;
	k->fail_error = error;
	k->fail_after = after;
	k->fail_times = UINT32_MAX;
	k->failed = k->fail_halfway = false;
}

void fake_kernel_fail_once(struct fake_kernel *k, const char *call, int error, unsigned int after)
{
	fake_kernel_fail(k, call, error, after);
	k->fail_times = 1;
}

void fake_kernel_heal(struct fake_kernel *k)
{
	k->fail_call = NULL;
}
