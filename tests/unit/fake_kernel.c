/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <net/if_arp.h>

#include "fake_kernel_internal.h"

bool fake_fails(struct fake_kernel *k, const char *call)
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

void fake_note(struct fake_kernel *k, const char *format, ...)
{
	size_t used = strlen(k->journal);
	va_list args;

	va_start(args, format);
	vsnprintf(k->journal + used, sizeof(k->journal) - used, format, args);
	va_end(args);
	if (k->on_change)
		k->on_change(k->context);
}

/* --- devices --- */

struct link *fake_link(struct fake_kernel *k, uint32_t ifindex)
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

/* One address of a device is in `filter`, more of them are in `filters`. */
static struct fake_row *filter_row(struct fake_kernel *k, uint32_t ifindex, const uint8_t *address)
{
	for (size_t i = 0; i < FAKE_MAX; i++) {
		struct fake_row *row = &k->filters.rows[i];

		if (row->used && !memcmp(row->key, &ifindex, sizeof(ifindex)) &&
		    (!address || !memcmp(row->key + sizeof(ifindex), address, MAC_LEN)))
			return row;
	}
	return NULL;
}

static void remove_index(struct fake_kernel *k, uint32_t ifindex)
{
	struct link *l = fake_link(k, ifindex);

	if (!l)
		return;
	memset(k->filter[ifindex], 0, MAC_LEN);
	for (struct fake_row *row; (row = filter_row(k, ifindex, NULL));)
		row->used = false;
	memset(&k->offloads[ifindex], 0, sizeof(k->offloads[ifindex]));
	k->xdp_refusal[ifindex] = 0;
	k->fq[ifindex] = k->queued[ifindex] = false;
	fake_datapath_gone(k, ifindex);
	fake_ntuple_gone(k, ifindex);
	fake_tap_gone(k, ifindex);
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

	if (fake_fails(k, "veth_add"))
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
	fake_note(k, "veth_add %s\n", veth->name);
	return 0;
}

static int fake_veth_del(void *rtnl, const char *port)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, port);
	uint32_t peer, ifindex;

	if (fake_fails(k, "veth_del"))
		return -k->fail_error;
	if (!l)
		return -ENODEV;
	peer = l->peer;
	ifindex = l->ifindex;
	remove_index(k, ifindex);
	remove_index(k, peer);
	fake_note(k, "veth_del %s\n", port);
	return 0;
}

static int fake_link_get(void *rtnl, const char *name, struct link *ret)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, name);

	if (fake_fails(k, "link_get"))
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
	if (fields & KERNEL_LINK_PROMISC)
		l->flags = change->promisc ? l->flags | IFF_PROMISC
					   : l->flags & ~(unsigned int)IFF_PROMISC;
	if (fields & KERNEL_LINK_DORMANT)
		l->flags = change->dormant ? l->flags & ~(unsigned int)IFF_RUNNING
					   : l->flags | IFF_RUNNING;
}

/* In the kernel's order: the address first, and what was done before a failure stays. */
static int fake_link_set(void *rtnl, uint32_t ifindex, const struct kernel_link_change *change)
{
	struct fake_kernel *k = rtnl;
	struct link *l = fake_link(k, ifindex);
	bool busy;

	busy = l && k->busy[ifindex] && (l->flags & IFF_UP) &&
	       memcmp(change->address, l->address, MAC_LEN) != 0;
	if (fake_fails(k, "link_set")) {
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
	if ((change->set & KERNEL_LINK_FQ) && change->fq && k->queued[ifindex])
		return -EEXIST;
	apply(l, change, change->set);
	if ((change->set & KERNEL_LINK_FQ) && !k->queued[ifindex]) {
		k->fq[ifindex] = change->fq;
		util_copy(l->qdisc, sizeof(l->qdisc), change->fq ? "fq" : "noqueue");
	}
	fake_note(k, "link_set %s %x\n", l->name, change->set);
	return 0;
}

static bool fake_has_fq(void *rtnl)
{
	const struct fake_kernel *k = rtnl;

	return k->has_fq;
}

static int fake_link_del(void *rtnl, uint32_t ifindex)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_link(k, ifindex);
	char name[IFNAMSIZ];
	uint32_t peer;

	if (fake_fails(k, "link_del"))
		return -k->fail_error;
	if (!l)
		return -ENODEV;
	util_copy(name, sizeof(name), l->name);
	peer = l->peer;
	remove_index(k, ifindex);
	remove_index(k, peer);
	fake_note(k, "link_del %s\n", name);
	return 0;
}

static int fake_send_frame(void *rtnl, uint32_t ifindex, const void *frame, size_t length)
{
	struct fake_kernel *k = rtnl;
	struct fake_frame *f = &k->frames[k->frame_count];

	if (fake_fails(k, "send_frame"))
		return -k->fail_error;
	if (!fake_link(k, ifindex))
		return -ENXIO;
	if (k->frame_count == FAKE_MAX)
		return -ENOBUFS;
	k->frame_count++;
	*f = (struct fake_frame) { .ifindex = ifindex, .length = length, .sent_us = k->now_us };
	memcpy(f->bytes, frame, length < sizeof(f->bytes) ? length : sizeof(f->bytes));
	return 0;
}

static int fake_carries(void *rtnl, const struct link *l, bool *ret)
{
	struct fake_kernel *k = rtnl;
	const struct link *now = fake_kernel_find(k, l->name);

	if (fake_fails(k, "carries"))
		return -k->fail_error;
	if (!now || now->ifindex != l->ifindex)
		return -ENODEV;
	*ret = link_is_up(now);
	return 0;
}

static int fake_link_stats(void *rtnl, uint32_t ifindex, struct kernel_link_stats *ret)
{
	struct fake_kernel *k = rtnl;

	if (fake_fails(k, "link_stats"))
		return -k->fail_error;
	if (!fake_link(k, ifindex))
		return -ENODEV;
	*ret = k->stats;
	return 0;
}

static void filter_add(struct fake_kernel *k, uint32_t ifindex, const uint8_t address[MAC_LEN])
{
	static const uint8_t none[MAC_LEN];
	size_t i = 0;

	if (mac_same(k->filter[ifindex], none)) {
		memcpy(k->filter[ifindex], address, MAC_LEN);
		return;
	}
	if (mac_same(k->filter[ifindex], address) || filter_row(k, ifindex, address))
		return;
	while (k->filters.rows[i].used)
		i++;
	k->filters.rows[i].used = true;
	memcpy(k->filters.rows[i].key, &ifindex, sizeof(ifindex));
	memcpy(k->filters.rows[i].key + sizeof(ifindex), address, MAC_LEN);
}

static void filter_del(struct fake_kernel *k, uint32_t ifindex, const uint8_t address[MAC_LEN])
{
	struct fake_row *row = filter_row(k, ifindex, address);

	if (row)
		row->used = false;
	if (!mac_same(k->filter[ifindex], address))
		return;
	memset(k->filter[ifindex], 0, MAC_LEN);
	row = filter_row(k, ifindex, NULL);
	if (!row)
		return;
	memcpy(k->filter[ifindex], row->key + sizeof(ifindex), MAC_LEN);
	row->used = false;
}

static int fake_link_filter(void *rtnl, uint32_t ifindex, const uint8_t address[MAC_LEN], bool add)
{
	struct fake_kernel *k = rtnl;

	if (fake_fails(k, "link_filter"))
		return -k->fail_error;
	if (add && memcmp(k->filter[ifindex], address, MAC_LEN) == 0)
		return 0;
	if (add && k->unfilterable[ifindex])
		return -EOPNOTSUPP;
	if (add)
		filter_add(k, ifindex, address);
	else
		filter_del(k, ifindex, address);
	fake_note(k, "link_filter %u %s\n", ifindex, add ? "add" : "del");
	return 0;
}

static int fake_offloads_get(void *rtnl, const char *device, struct kernel_offloads *ret)
{
	struct fake_kernel *k = rtnl;
	const struct link *l = fake_kernel_find(k, device);

	if (fake_fails(k, "offloads_get"))
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

	if (fake_fails(k, "offloads_set"))
		return -k->fail_error;
	if (!l)
		return -ENODEV;
	set &= o->can;
	o->on = (o->on & ~set) | (on & set);
	fake_note(k, "offloads %s %x\n", l->name, o->on);
	return 0;
}

static uint64_t fake_now_us(void *rtnl)
{
	const struct fake_kernel *k = rtnl;

	return k->now_us;
}

static int fake_cpus_online(void *rtnl, char ret[KERNEL_CPUS_SIZE])
{
	struct fake_kernel *k = rtnl;

	if (fake_fails(k, "cpus_online"))
		return -k->fail_error;
	util_copy(ret, KERNEL_CPUS_SIZE, k->online ?: "0-3,6");
	return 0;
}

struct fake_kernel *fake_kernel_new(void)
{
	struct fake_kernel *k = calloc(1, sizeof(*k));

	if (!k)
		abort();
	k->ops = (struct kernel_ops) {
		.now_us = fake_now_us,
		.cpus_online = fake_cpus_online,
		.veth_add = fake_veth_add,
		.veth_del = fake_veth_del,
		.link_get = fake_link_get,
		.link_set = fake_link_set,
		.link_del = fake_link_del,
		.has_fq = fake_has_fq,
		.tap_add = fake_tap_add,
		.send_frame = fake_send_frame,
		.listen = fake_listen,
		.hear = fake_hear,
		.listen_end = fake_listen_end,
		.carries = fake_carries,
		.link_stats = fake_link_stats,
		.link_filter = fake_link_filter,
		.offloads_get = fake_offloads_get,
		.offloads_set = fake_offloads_set,
	};
	fake_datapath_ops(&k->ops);
	fake_vf_ops(&k->ops);
	fake_ntuple_ops(&k->ops);
	k->queues = 4;
	k->now_us = 5000000;
	k->kernel = (struct kernel) { &k->ops, k, k };
	return k;
}

void fake_kernel_free(struct fake_kernel *k)
{
	for (size_t i = 0; i < FAKE_MAX; i++)
		fake_tap_gone(k, k->taps[i].ifindex);
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
