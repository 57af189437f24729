// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Uplinks: one NIC of many vnets. Written from what they mean: a frame for one MAC belongs to the
 * vnet that has it in this VLAN, or, where several have it, to the one that has the address; one
 * for many belongs to each that is in its VLAN, to the stack of the NIC, and to the wire.
 */
#include <stdlib.h>
#include <string.h>

#include "model_internal.h"

#define TYPE_IPV4 0x0800
#define TYPE_ARP  0x0806
#define TYPE_IPV6 0x86dd
#define UDP	  17
#define ICMPV6	  58

#define SOLICITATION  135
#define ADVERTISEMENT 136
#define RING	      64 /* addresses that are remembered of one vnet */
#define EXTENSIONS    8

/* --- the configuration --- */

static const struct model_uplink *uplink_find(const struct model_config *c, uint32_t number)
{
	for (size_t i = 0; i < c->uplink_count; i++)
		if (c->uplinks[i].number == number)
			return &c->uplinks[i];
	return NULL;
}

/* Who is registered there. */
static const struct model_resource *registered(const struct model_config *c,
					       const struct model_uplink *u, uint16_t vlan,
					       const uint8_t *mac)
{
	for (size_t i = 0; i < c->fdb_count; i++)
		if (c->fdb[i].vnet == (ABI_OF_UPLINK | u->number) && c->fdb[i].vlan == vlan &&
		    model_same_mac(c->fdb[i].mac, mac))
			return model_resource_find(c, c->fdb[i].resource);
	return NULL;
}

/* The VLAN of a frame as on the wire, 0: it has no tag, or one with a priority alone. */
static uint16_t wire_vlan(const struct model_frame *f)
{
	struct model_headers h;

	return model_headers_read(f, 0, &h) ? h.vlan : 0;
}

/* --- what IP says --- */

struct packet {
	bool ip; /* or ARP: addresses are known */
	uint8_t source[MODEL_IP_LEN];
	uint8_t target[MODEL_IP_LEN];
	bool dhcp_answer;
	bool claims; /* the sender says that an address is its own: this one */
	uint8_t claim[MODEL_IP_LEN];
};

static void map_ipv4(uint8_t ret[MODEL_IP_LEN], const uint8_t *address)
{
	memset(ret, 0, MODEL_IP_LEN);
	ret[10] = ret[11] = 0xff;
	memcpy(ret + 12, address, 4);
}

/* A UDP header at @at is in the frame, and in the packet, which ends at @end (0: not known). */
static bool is_dhcp_answer(const struct model_frame *f, size_t at, size_t end, uint16_t from,
			   uint16_t to)
{
	if (at + 4 > f->len || (end && at + 4 > end))
		return false;
	return model_word(f, at) == from && model_word(f, at + 2) == to;
}

static void read_arp(const struct model_frame *f, size_t at, struct packet *p)
{
	static const uint8_t start[] = { 0, 1, 8, 0, 6, 4 };
	const uint8_t *arp = f->bytes + at;

	if (at + 28 > f->len || memcmp(arp, start, sizeof(start)) != 0)
		return;
	p->ip = true;
	map_ipv4(p->source, arp + 14);
	map_ipv4(p->target, arp + 24);
	/* Not "this network", not this host, no group. */
	p->claims = arp[14] != 0 && arp[14] != 127 && arp[14] < 224;
	memcpy(p->claim, p->source, MODEL_IP_LEN);
}

static void read_ipv4(const struct model_frame *f, size_t at, struct packet *p)
{
	const uint8_t *ip = f->bytes + at;
	size_t words, end;

	if (at + 20 > f->len || ip[0] >> 4 != 4 || (ip[0] & 15) < 5)
		return;
	words = ip[0] & 15;
	end = model_word(f, at + 2) ? at + model_word(f, at + 2) : 0;
	p->ip = true;
	map_ipv4(p->source, ip + 12);
	map_ipv4(p->target, ip + 16);
	if (ip[9] == UDP && !(model_word(f, at + 6) & 0x1fff))
		p->dhcp_answer = is_dhcp_answer(f, at + words * 4, end, 67, 68);
}

/* What stands behind the IPv6 header. */
struct behind {
	uint8_t proto;
	size_t at;
	size_t end; /* of the packet, 0: not known */
	bool fragment;
	bool bad; /* or a fragment that is not the first: nothing can be known of it */
};

static bool is_extension(uint8_t proto)
{
	static const uint8_t all[] = { 0, 43, 44, 51, 60, 135, 139, 140 };

	return memchr(all, proto, sizeof(all));
}

static void skip_fragment(const struct model_frame *f, struct behind *b)
{
	uint16_t word = model_word(f, b->at + 2);

	if (b->fragment)
		b->bad = true;
	b->fragment = b->fragment || (word & 0xfff9);
	b->bad = b->bad || (word & 0xfff8);
}

static void skip_extensions(const struct model_frame *f, struct behind *b)
{
	for (int i = 0; i < EXTENSIONS && is_extension(b->proto) && !b->bad; i++) {
		uint8_t kind = b->proto;
		size_t eights;

		if (b->at + 8 > f->len || (b->end && b->at + 8 > b->end)) {
			b->bad = true;
			return;
		}
		if (kind == 44)
			skip_fragment(f, b);
		b->proto = f->bytes[b->at];
		eights = f->bytes[b->at + 1];
		b->at += kind == 44 ? 8 : kind == 51 ? (eights + 2) * 4 : (eights + 1) * 8;
	}
	b->bad = b->bad || is_extension(b->proto);
}

static bool is_unspecified(const uint8_t address[MODEL_IP_LEN])
{
	static const uint8_t none[MODEL_IP_LEN];

	return memcmp(address, none, sizeof(none)) == 0;
}

/* Neighbour discovery: an address is advertised, or somebody asks from it or for it. */
static void read_nd(const struct model_frame *f, const struct behind *b, struct packet *p)
{
	static const uint8_t zero[8];
	uint8_t type;

	if (b->fragment || b->at + 24 > f->len)
		return;
	type = f->bytes[b->at];
	if (type != SOLICITATION && type != ADVERTISEMENT)
		return;
	if (type == ADVERTISEMENT || is_unspecified(p->source))
		memcpy(p->claim, f->bytes + b->at + 8, MODEL_IP_LEN);
	else
		memcpy(p->claim, p->source, MODEL_IP_LEN);
	/* No group, and nothing special: no loopback, no IPv4. */
	p->claims = p->claim[0] != 0xff && memcmp(p->claim, zero, sizeof(zero)) != 0;
}

static void read_ipv6(const struct model_frame *f, size_t at, struct packet *p)
{
	struct behind b = { .at = at + 40 };

	if (at + 40 > f->len || f->bytes[at] >> 4 != 6)
		return;
	p->ip = true;
	memcpy(p->source, f->bytes + at + 8, MODEL_IP_LEN);
	memcpy(p->target, f->bytes + at + 24, MODEL_IP_LEN);
	b.proto = f->bytes[at + 6];
	b.end = model_word(f, at + 4) ? b.at + model_word(f, at + 4) : 0;
	skip_extensions(f, &b);
	if (b.bad)
		return;
	if (b.proto == UDP)
		p->dhcp_answer = is_dhcp_answer(f, b.at, b.end, 547, 546);
	else if (b.proto == ICMPV6)
		read_nd(f, &b, p);
}

static struct packet read_packet(const struct model_frame *f, const struct model_headers *h)
{
	struct packet p = { 0 };

	if (h->type == TYPE_ARP)
		read_arp(f, h->payload, &p);
	else if (h->type == TYPE_IPV4)
		read_ipv4(f, h->payload, &p);
	else if (h->type == TYPE_IPV6)
		read_ipv6(f, h->payload, &p);
	return p;
}

/* --- who has an address --- */

static bool same_place(const struct model_holder *a, uint32_t uplink, uint16_t vlan,
		       const uint8_t *address)
{
	return a->uplink == uplink && a->vlan == vlan &&
	       memcmp(a->address, address, MODEL_IP_LEN) == 0;
}

static const struct model_holder *given(const struct model_config *c, uint32_t uplink,
					uint16_t vlan, const uint8_t *address)
{
	for (size_t i = 0; i < c->holder_count; i++)
		if (same_place(&c->holders[i], uplink, vlan, address))
			return &c->holders[i];
	return NULL;
}

static struct model_learned *learned(struct model_state *s, uint32_t uplink, uint16_t vlan,
				     const uint8_t *address)
{
	for (size_t i = 0; i < s->learned_count; i++)
		if (same_place(&s->learned[i].holder, uplink, vlan, address))
			return &s->learned[i];
	return NULL;
}

/* The oldest makes room. */
static void forget_oldest(struct model_state *s, uint32_t resource, uint64_t claim)
{
	for (size_t i = 0; i < s->learned_count; i++)
		if (s->learned[i].holder.resource == resource &&
		    s->learned[i].claim + RING == claim) {
			s->learned[i] = s->learned[--s->learned_count];
			return;
		}
}

/* What is given is nobody's to claim; else the last one who did has it. */
static void learn(struct run *run, const struct model_resource *r, uint16_t vlan,
		  const struct packet *p)
{
	struct model_state *s = run->state;
	struct model_learned *l;
	uint64_t claim;

	if (!r->shared || !r->learns || !p->claims || given(run->config, r->uplink, vlan, p->claim))
		return;
	l = learned(s, r->uplink, vlan, p->claim);
	if (l && l->holder.resource == r->number)
		return;
	claim = ++s->claims[r - run->config->resources];
	forget_oldest(s, r->number, claim);
	l = learned(s, r->uplink, vlan, p->claim); /* it may have been moved */
	if (!l && s->learned_count == MODEL_LEARNED_MAX)
		abort(); /* a test that tries so many has to raise it */
	if (!l)
		l = &s->learned[s->learned_count++];
	l->claim = claim;
	l->holder =
		(struct model_holder) { .uplink = r->uplink, .vlan = vlan, .resource = r->number };
	memcpy(l->holder.address, p->claim, MODEL_IP_LEN);
}

/* --- where a frame for one MAC belongs --- */

enum place { OUTSIDE, STACK, MEMBER, SHARERS };

static enum place by_address(struct run *run, const struct model_uplink *u, uint16_t vlan,
			     const struct packet *p, bool nic, const struct model_resource **ret)
{
	const struct model_holder *holder = NULL;
	const struct model_learned *l;

	if (p->ip) {
		holder = given(run->config, u->number, vlan, p->target);
		l = learned(run->state, u->number, vlan, p->target);
		if (!holder && l)
			holder = &l->holder;
	}
	if (holder && holder->resource) {
		*ret = model_resource_find(run->config, holder->resource);
		return MEMBER;
	}
	if (holder)
		return STACK;
	/* Who asked for an address has none yet. */
	if (p->dhcp_answer)
		return SHARERS;
	return nic ? STACK : OUTSIDE;
}

static enum place find_place(struct run *run, const struct model_uplink *u,
			     const struct model_headers *h, uint16_t vlan, const struct packet *p,
			     const struct model_resource **ret)
{
	bool nic = model_same_mac(h->destination, u->mac);
	const struct model_resource *r;

	if (nic)
		return u->steer_ip ? by_address(run, u, vlan, p, true, ret) : STACK;
	r = registered(run->config, u, vlan, h->destination);
	if (!r || r->uplink != u->number)
		return OUTSIDE;
	if (r->shared)
		return by_address(run, u, vlan, p, false, ret);
	*ret = r;
	return MEMBER;
}

/* --- copies --- */

static bool is_for(const struct model_vnet *n, const struct model_resource *r,
		   const struct model_headers *h, uint16_t vlan)
{
	if (!model_is_multicast(h->destination) &&
	    (!r->shared || !model_same_mac(n->mac, h->destination)))
		return false;
	/* What is untagged on its wire never comes with a tag. */
	if (vlan && vlan == r->pvid)
		return false;
	return vnet_admits(n, h) && resource_admits(r, h);
}

static void copy_to(struct run *run, const struct model_vnet *n, const struct model_resource *r,
		    const struct model_headers *h)
{
	struct model_copy *copy = &run->out->copies[run->out->copy_count++];
	uint64_t frames = model_frames_in(run->in);
	bool all = model_is_broadcast(h->destination), many = model_is_multicast(h->destination);

	*copy = (struct model_copy) { .resource = r->number, .vnet = n->number };
	copy->drop = deliver_refused(run->config, n, r, h);
	if (!copy->drop && many && !deliver_storm_passes(run, n, r))
		copy->drop = ABI_DROP_STORM;
	if (copy->drop) {
		copy->dropped = frames;
		return;
	}
	copy->egress = n->port;
	copy->received = (struct abi_counters) {
		.rx_packets = frames,
		.rx_bytes = run->bytes,
		.rx_broadcast = all ? frames : 0,
		.rx_multicast = many && !all ? frames : 0,
	};
}

/* The frame in run->out is as on the wire. */
static void spread(struct run *run, const struct model_uplink *u, const struct model_resource *from)
{
	const struct model_config *c = run->config;
	uint16_t vlan = wire_vlan(&run->out->frame);
	const struct model_resource *r;
	const struct model_vnet *n;
	struct model_headers h;

	model_frame_copy(&run->out->wire, &run->out->frame);
	for (size_t i = 0; i < c->resource_count; i++) {
		r = &c->resources[i];
		n = model_vnet_find(c, r->vnet);
		if (!n || r->uplink != u->number || !r->member ||
		    (from && r->number == from->number))
			continue;
		model_headers_read(&run->out->wire, r->pvid, &h);
		if (is_for(n, r, &h, vlan))
			copy_to(run, n, r, &h);
	}
}

void model_copy_frame(const struct model_config *c, const struct model_output *out, size_t i,
		      struct model_frame *ret)
{
	const struct model_resource *r = model_resource_find(c, out->copies[i].resource);
	const struct model_vnet *n = model_vnet_find(c, out->copies[i].vnet);
	struct model_headers h;

	model_frame_copy(ret, &out->wire);
	model_headers_read(ret, r->pvid, &h);
	model_retag(&h, n->pvid, ret);
}

/* --- from a vnet --- */

static void into_stack(struct run *run, const struct model_uplink *u)
{
	run->out->verdict = MODEL_REDIRECT;
	run->out->egress = u->ifindex;
	run->out->into_stack = true;
}

/* The frame in run->out is as on the wire, and it is not for one member. */
static void send_on(struct run *run, const struct model_uplink *u, const struct model_resource *r,
		    const struct model_headers *h, enum place place)
{
	bool many = model_is_multicast(h->destination);

	if (many || place == SHARERS)
		spread(run, u, r);
	run->out->stack_copy = many;
	if (place == STACK || (place == SHARERS && model_same_mac(h->destination, u->mac)))
		return into_stack(run, u);
	leave(run, r->ifindex, false);
}

void model_uplink_send(struct run *run, const struct model_vnet *n, const struct model_resource *r,
		       const struct model_headers *h)
{
	const struct model_uplink *u = uplink_find(run->config, r->uplink);
	const struct packet p = read_packet(&run->out->frame, h);
	uint16_t vlan = h->vlan == r->pvid ? 0 : h->vlan;
	const struct model_resource *to = NULL;
	bool many = model_is_multicast(h->destination);
	struct model_output *out = run->out;
	enum place place = OUTSIDE;
	const struct model_vnet *other;
	bool metered, fq;
	uint32_t nic;

	/* Copies, and what is learned from, are TC's. */
	if (run->xdp && (many || (r->shared && (h->type == TYPE_ARP || h->type == TYPE_IPV6))))
		return pass(run);
	learn(run, r, vlan, &p);
	if (!many)
		place = find_place(run, u, h, vlan, &p, &to);
	if (place == MEMBER && to == r) /* to itself: that is nobody's here */
		place = OUTSIDE;
	if (run->xdp && (place == STACK || place == SHARERS))
		return pass(run);
	/* Flows of the uplink are of what goes over its NIC. */
	nic = many || place == SHARERS || place == OUTSIDE ? u->number : 0;
	other = place == MEMBER ? model_vnet_find(run->config, to->vnet) : NULL;
	metered = model_is_metered(run->config, n, r, nic);
	if (run->xdp && (metered || (other && model_is_metered(run->config, other, to, 0))))
		return pass(run);
	if (run->xdp && place == OUTSIDE && !takes(run, r->ifindex, r->xdp))
		return pass(run);
	if (many && !send_storm_passes(run, n, r))
		return drop(run, n, ABI_DROP_STORM);
	/* What is for many cannot wait: it goes different ways. */
	fq = other ? other->fq : !many && place == OUTSIDE && r->fq;
	if (metered && !meter(run, n, r, nic, true, fq, h))
		return drop(run, n, ABI_DROP_LIMITED);
	out->vnet = n->number;
	out->sent = r->number;
	count_sent(run, h->destination);
	model_retag(h, r->pvid, &out->frame);
	if (place == MEMBER)
		return receive(run, other, to);
	send_on(run, u, r, h, place);
}

/* --- where flows lead --- */

/* What the uplink's flows say of a frame from the wire, if one of them leads to a
 * vnet, or @cpus and to a CPU. */
static const struct model_flow *leading(struct run *run, const struct model_uplink *u,
					const struct model_headers *h, bool cpus)
{
	const uint32_t owner = ABI_OF_UPLINK | u->number;

	if (!model_leads(run->config, owner, ABI_TARGET_VNET) &&
	    !(cpus && model_leads(run->config, owner, ABI_TARGET_CPU)))
		return NULL;
	return model_flow_in(run->config, run->state, owner, h->vlan, run->in, h);
}

/* The member that the flow leads to, NULL: it is none of this uplink's. */
static const struct model_resource *led_to(struct run *run, const struct model_uplink *u,
					   const struct model_flow *flow)
{
	const struct model_resource *r = NULL;

	if (flow && flow->target_kind == ABI_TARGET_VNET)
		r = model_resource_find(run->config, flow->target);
	return r && r->uplink == u->number ? r : NULL;
}

/* The vnet gets it as if it had been for its MAC. */
static void lead(struct run *run, const struct model_resource *to)
{
	const struct model_vnet *n = model_vnet_find(run->config, to->vnet);

	memcpy(run->out->frame.bytes, n->mac, MODEL_MAC_LEN);
	receive(run, n, to);
}

/* The uplink's flows have the first word, then those of the vnet that gets the frame. */
void model_uplink_hand(struct run *run, uint32_t number)
{
	const struct model_uplink *u = uplink_find(run->config, number);
	const struct model_resource *to = NULL;
	const struct model_flow *flow;
	struct model_headers h;
	struct packet p;

	pass(run);
	if (!u || is_split(run) || !model_headers_read(run->in, 0, &h) || h.strange_tag ||
	    model_is_multicast(h.destination))
		return;
	flow = leading(run, u, &h, true);
	if (flow && flow->target_kind == ABI_TARGET_CPU)
		return hand_to(run, flow);
	to = led_to(run, u, flow);
	p = read_packet(run->in, &h);
	if (!to && find_place(run, u, &h, h.vlan, &p, &to) != MEMBER)
		return;
	if (!model_leads(run->config, to->vnet, ABI_TARGET_CPU))
		return;
	hand_to(run,
		model_flow_in(run->config, run->state, to->vnet, h.vlan ?: to->pvid, run->in, &h));
}

/* --- at the NIC --- */

/* The frame is for nobody here alone. */
static void stay(struct run *run, const struct model_uplink *u, bool copies)
{
	if (copies)
		spread(run, u, NULL);
}

void model_uplink_run(struct run *run, enum model_program program, uint32_t number)
{
	const struct model_uplink *u = uplink_find(run->config, number);
	const struct model_resource *to = NULL;
	struct model_frame *f = &run->out->frame;
	bool from_nic, many;
	struct model_headers h;
	struct packet p;
	enum place place;

	if (program == MODEL_XDP_CPU)
		return model_uplink_hand(run, number);
	run->at_egress = program == MODEL_UPLINK_TX;
	run->nic = run->at_egress ? 0 : number;
	if (!u || is_split(run) || !model_headers_read(f, 0, &h) || h.strange_tag)
		return;
	/* From the wire, the NIC's own MAC is one that came back; from the stack, it is its. */
	from_nic = model_same_mac(h.source, u->mac);
	if (from_nic != (program == MODEL_UPLINK_TX))
		return;
	many = model_is_multicast(h.destination);
	if (many &&
	    (run->xdp || (program == MODEL_UPLINK && registered(run->config, u, h.vlan, h.source))))
		return; /* copies are TC's; and our own that came back have been where they belong
			 */
	if (run->xdp && (model_leads(run->config, ABI_OF_UPLINK | number, ABI_TARGET_VNET) ||
			 model_leads(run->config, ABI_OF_UPLINK | number, ABI_TARGET_CPU)))
		return model_uplink_hand(run, number);
	if (program == MODEL_UPLINK && !many)
		to = led_to(run, u, leading(run, u, &h, false));
	if (to)
		return lead(run, to);
	p = read_packet(f, &h);
	place = many ? OUTSIDE : find_place(run, u, &h, h.vlan, &p, &to);
	if (place == MEMBER)
		return receive(run, model_vnet_find(run->config, to->vnet), to);
	stay(run, u, many || (place == SHARERS && !run->xdp));
}
