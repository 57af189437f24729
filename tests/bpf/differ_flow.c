// SPDX-License-Identifier: GPL-2.0-or-later
/* Random flows and limits, out of so few addresses and ports that frames meet them. */
#include <inttypes.h>
#include <string.h>

#include "differ.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct model_prefix ipv4_pool[] = {
	{ { [10] = 0xff, 0xff, 10, 0, 0, 5 }, 128 },	{ { [10] = 0xff, 0xff, 10 }, 104 },
	{ { [10] = 0xff, 0xff, 10, 0, 0, 0 }, 120 },	{ { [10] = 0xff, 0xff, 10, 0, 1, 0 }, 120 },
	{ { [10] = 0xff, 0xff, 10, 0, 0, 77 }, 128 },	{ { [10] = 0xff, 0xff, 8, 8, 8, 8 }, 127 },
	{ { [10] = 0xff, 0xff, 192, 168, 0, 0 }, 112 }, { { [10] = 0xff, 0xff }, 97 },
};

static const struct model_prefix ipv6_pool[] = {
	{ { 0xfd, [15] = 5 }, 128 },
	{ { 0xfd }, 8 },
	{ { 0xfd }, 64 },
	{ { 0xfd, [7] = 1 }, 64 },
	{ { 0xfe, 0x80 }, 10 },
	{ { 0x20, 1, 0xd, 0xb8, [15] = 1 }, 128 },
	{ { 0 }, 1 },
	{ { [15] = 0 }, 127 },
};

static const uint16_t port_pool[] = { 0, 53, 67, 68, 80, 546, 547, 1067, 1234, 65535 };

static struct model_prefix some_prefix(struct differ_random *r, bool ipv4)
{
	if (differ_chance(r, 55))
		return (struct model_prefix) { .length = 0 };
	return ipv4 ? ipv4_pool[differ_below(r, ARRAY_SIZE(ipv4_pool))]
		    : ipv6_pool[differ_below(r, ARRAY_SIZE(ipv6_pool))];
}

static struct model_ports some_ports(struct differ_random *r)
{
	uint16_t a = port_pool[differ_below(r, ARRAY_SIZE(port_pool))], b = a;

	if (differ_chance(r, 60))
		return (struct model_ports) { .set = false };
	if (differ_chance(r, 40))
		b = port_pool[differ_below(r, ARRAY_SIZE(port_pool))];
	return (struct model_ports) { true, a < b ? a : b, a < b ? b : a };
}

static void some_match(struct differ_random *r, const struct model_vnet *n, struct model_match *m)
{
	static const uint8_t protos[] = { 17, 17, 6, 6, 1, 58, 132, 50 };

	m->ipv4 = differ_chance(r, 50);
	m->local = some_prefix(r, m->ipv4);
	m->remote = some_prefix(r, m->ipv4);
	m->ipv4 &= m->local.length || m->remote.length;
	m->has_proto = differ_chance(r, 60);
	if (m->has_proto)
		m->proto = protos[differ_below(r, ARRAY_SIZE(protos))];
	if (m->proto == 17 || m->proto == 6 || m->proto == 132) {
		m->lport = some_ports(r);
		m->rport = some_ports(r);
	}
	if (differ_chance(r, 15)) {
		m->dsfield_mask = (uint8_t)(differ_chance(r, 50) ? 0xfc : 1 << differ_below(r, 8));
		m->dsfield = (uint8_t)differ_below(r, 256) & m->dsfield_mask;
	}
	if (differ_chance(r, 15))
		m->vlan = differ_chance(r, 50) ? n->pvid : n->vlans.vlan[0];
}

/* From so little that every other frame is dropped to so much that none ever waits. */
static void some_limit(struct differ_random *r, uint32_t percent, struct model_limit *ret)
{
	static const uint64_t bits[] = { 64000, 1000000, 100000000, 40000000000 };

	for (int way = 0; way < ABI_DIRECTION_END; way++) {
		if (!differ_chance(r, percent))
			continue;
		ret->byte_ns[way] = (8000000000ULL << ABI_LIMIT_SHIFT) /
				    bits[differ_below(r, ARRAY_SIZE(bits))];
		ret->burst_ns[way] = 1 + differ_below(r, 20000000);
		ret->horizon_ns[way] = 1 + differ_below(r, 200000000);
	}
}

static bool same_match(const struct model_flow *a, const struct model_flow *b)
{
	return a->owner == b->owner && a->rank == b->rank &&
	       ((a->in && b->in) || (a->out && b->out)) &&
	       memcmp(&a->match, &b->match, sizeof(a->match)) == 0;
}

/* No two flows of a vnet have the same match and rank: that is refused before anybody asks. */
static bool is_new(const struct model_config *c, const struct model_flow *flow)
{
	for (size_t i = 0; i < c->flow_count; i++)
		if (same_match(&c->flows[i], flow))
			return false;
	return true;
}

/* Of an uplink also to one of its vnets, or to one that is elsewhere; and to CPUs that are not. */
static void some_target(struct differ_random *r, const struct model_config *c,
			struct model_flow *flow)
{
	if (flow->owner & ABI_OF_UPLINK && differ_chance(r, 40)) {
		flow->target_kind = ABI_TARGET_VNET;
		flow->target = c->resources[differ_below(r, (uint32_t)c->resource_count)].number;
		for (size_t i = 0; i < c->resource_count; i++)
			if (c->resources[i].uplink == (flow->owner & ~ABI_OF_UPLINK) &&
			    differ_chance(r, 40))
				flow->target = c->resources[i].number;
	} else if (differ_chance(r, 30)) {
		flow->target_kind = ABI_TARGET_CPU;
		flow->target = differ_below(r, 2 * MODEL_CPUS);
	}
}

static void add_flow(struct differ_random *r, struct model_config *c, const struct model_vnet *n,
		     uint32_t owner, uint32_t number)
{
	struct model_flow *flow = &c->flows[c->flow_count];

	memset(flow, 0, sizeof(*flow)); /* as it is compared: to the last byte */
	flow->number = number;
	flow->owner = owner;
	flow->out = differ_chance(r, 65);
	flow->in = !flow->out || differ_chance(r, 50);
	flow->rank = (uint16_t)differ_below(r, 3);
	some_match(r, n, &flow->match);
	flow->has_priority = differ_chance(r, 40);
	flow->priority = (enum abi_flow_priority)differ_below(r, ABI_PRIORITY_END);
	some_limit(r, 25, &flow->limit);
	if (flow->in)
		some_target(r, c, flow);
	if (is_new(c, flow))
		c->flow_count++;
}

void differ_flows(struct differ_random *r, struct model_config *c)
{
	uint32_t number = differ_chance(r, 70) ? 1 : ABI_FLOW_COUNTERS_NEAR - 8, count;

	for (size_t i = 0; i < c->vnet_count; i++) {
		if (!differ_chance(r, 45))
			continue;
		count = differ_chance(r, 50) ? 1 : 1 + differ_below(r, MODEL_FLOWS_MAX / 2);
		while (count-- && c->flow_count < MODEL_FLOWS_MAX)
			add_flow(r, c, &c->vnets[i], c->vnets[i].number, number++);
	}
	for (size_t i = 0; i < c->uplink_count; i++) {
		if (!differ_chance(r, 45))
			continue;
		count = differ_chance(r, 50) ? 1 : 1 + differ_below(r, MODEL_FLOWS_MAX / 4);
		while (count-- && c->flow_count < MODEL_FLOWS_MAX)
			add_flow(r, c, &c->vnets[0], ABI_OF_UPLINK | c->uplinks[i].number,
				 number++);
	}
	for (size_t i = 0; i < c->vnet_count; i++) {
		some_limit(r, 10, &c->vnets[i].limit);
		c->vnets[i].fq = differ_chance(r, 40);
	}
	for (size_t i = 0; i < c->resource_count; i++) {
		some_limit(r, 10, &c->resources[i].limit);
		c->resources[i].fq = differ_chance(r, 40);
	}
}

/* --- printing --- */

static void print_prefix(FILE *to, const char *name, const struct model_prefix *p)
{
	if (!p->length)
		return;
	fprintf(to, " %s ", name);
	for (size_t i = 0; i < MODEL_IP_LEN; i++)
		fprintf(to, "%02x", p->address[i]);
	fprintf(to, "/%u", p->length);
}

static void print_ports(FILE *to, const char *name, const struct model_ports *p)
{
	if (p->set)
		fprintf(to, " %s %u-%u", name, p->first, p->last);
}

void differ_print_limit(FILE *to, const struct model_limit *limit)
{
	static const char *const ways[] = { [ABI_RX] = "in", [ABI_TX] = "out" };

	for (int way = 0; way < ABI_DIRECTION_END; way++)
		if (limit->byte_ns[way])
			fprintf(to, " limit-%s %" PRIu64 "/%" PRIu64 "/%" PRIu64, ways[way],
				limit->byte_ns[way], limit->burst_ns[way], limit->horizon_ns[way]);
}

void differ_print_flow(FILE *to, const struct model_flow *flow)
{
	const struct model_match *m = &flow->match;

	fprintf(to, "flow %u of owner %#x rank %u%s%s", flow->number, flow->owner, flow->rank,
		flow->in ? " in" : "", flow->out ? " out" : "");
	print_prefix(to, "local", &m->local);
	print_prefix(to, "remote", &m->remote);
	if (m->has_proto)
		fprintf(to, " proto %u", m->proto);
	print_ports(to, "lport", &m->lport);
	print_ports(to, "rport", &m->rport);
	if (m->dsfield_mask)
		fprintf(to, " dsfield %#x:%#x", m->dsfield, m->dsfield_mask);
	if (m->vlan)
		fprintf(to, " vlan %u", m->vlan);
	if (flow->has_priority)
		fprintf(to, " priority %d", (int)flow->priority);
	if (flow->target_kind == ABI_TARGET_VNET)
		fprintf(to, " to resource %u", flow->target);
	else if (flow->target_kind == ABI_TARGET_CPU)
		fprintf(to, " to cpu %u", flow->target);
	differ_print_limit(to, &flow->limit);
	fputc('\n', to);
}
