// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flows and limits: what a frame says of itself, which flow takes it, and when it may go. Written
 * from what they mean, by looking at all flows one by one.
 */
#include <math.h>
#include <string.h>

#include "model_internal.h"

#define EXTENSIONS_MAX 8
#define FRAGMENT_NS    30000000000ULL

/* What is known of a packet. */
struct packet {
	bool ip; /* with a header that can be read */
	bool ipv4;
	uint8_t source[MODEL_IP_LEN], destination[MODEL_IP_LEN];
	uint8_t dsfield;
	bool has_proto;
	uint8_t proto;
	bool has_ports;
	uint16_t source_port, destination_port;
	bool fragment, later;
	uint32_t id;
	bool bad;     /* it does not reach as far as it should */
	uint8_t said; /* what the IPv4 header says it carries */
};

/* --- what it says --- */

static bool is_port_proto(uint8_t proto)
{
	return proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136;
}

static bool is_extension(uint8_t proto)
{
	static const uint8_t all[] = { 0, 43, 44, 51, 60, 135, 139, 140 };

	return memchr(all, proto, sizeof(all));
}

/* Whether the packet, which its header says ends at @end, and the frame have bytes @at to @at +
 * @count. */
static bool has(const struct model_frame *f, size_t at, size_t count, size_t end)
{
	return at + count <= f->len && at + count <= end;
}

static void read_ports(const struct model_frame *f, size_t at, size_t end, struct packet *p)
{
	if (p->later || p->bad || !is_port_proto(p->proto))
		return;
	if (!has(f, at, 4, end)) {
		p->bad = true;
		return;
	}
	p->has_ports = true;
	p->source_port = model_word(f, at);
	p->destination_port = model_word(f, at + 2);
}

static void map_ipv4(const struct model_frame *f, size_t at, uint8_t ret[MODEL_IP_LEN])
{
	ret[10] = ret[11] = 0xff;
	memcpy(ret + 12, f->bytes + at, 4);
}

static void read_ipv4(const struct model_frame *f, size_t at, struct packet *p)
{
	size_t words, length;
	uint16_t fragment;

	words = has(f, at, 20, SIZE_MAX) ? f->bytes[at] & 0x0f : 0;
	if (words < 5 || f->bytes[at] >> 4 != 4) {
		p->bad = true;
		return;
	}
	p->ip = p->ipv4 = p->has_proto = true;
	p->dsfield = f->bytes[at + 1];
	length = model_word(f, at + 2);
	fragment = model_word(f, at + 6);
	p->proto = p->said = f->bytes[at + 9];
	map_ipv4(f, at + 12, p->source);
	map_ipv4(f, at + 16, p->destination);
	p->later = fragment & 0x1fff;
	p->fragment = p->later || (fragment & 0x2000);
	p->id = model_word(f, at + 4);
	read_ports(f, at + words * 4, length ? at + length : SIZE_MAX, p);
}

/* A fragment header; a second one of a packet in pieces is nothing that anyone sends. */
static void read_fragment(const struct model_frame *f, size_t at, struct packet *p)
{
	uint16_t fragment = model_word(f, at + 2);

	if (p->fragment)
		p->bad = true;
	if (!p->fragment && !(fragment & 0xfff9))
		return; /* the whole packet */
	p->fragment = true;
	p->later = fragment & 0xfff8;
	p->id = model_long(f, at + 4);
}

/* Walks over the extension headers. Returns where the upper header is. */
static size_t walk(const struct model_frame *f, size_t at, size_t end, struct packet *p)
{
	int count = 0;

	while (is_extension(p->proto) && !p->later && !p->bad) {
		uint8_t kind = p->proto;

		if (count++ == EXTENSIONS_MAX || !has(f, at, 8, end)) {
			p->bad = true;
			break;
		}
		if (kind == 44)
			read_fragment(f, at, p);
		p->proto = f->bytes[at];
		at += kind == 44   ? 8
		      : kind == 51 ? (f->bytes[at + 1] + 2u) * 4
				   : (f->bytes[at + 1] + 1u) * 8;
	}
	return at;
}

static void read_ipv6(const struct model_frame *f, size_t at, struct packet *p)
{
	size_t length, end;

	if (!has(f, at, 40, SIZE_MAX) || f->bytes[at] >> 4 != 6) {
		p->bad = true;
		return;
	}
	p->ip = true;
	p->dsfield = (uint8_t)(model_word(f, at) >> 4);
	length = model_word(f, at + 4);
	p->proto = f->bytes[at + 6];
	memcpy(p->source, f->bytes + at + 8, MODEL_IP_LEN);
	memcpy(p->destination, f->bytes + at + 24, MODEL_IP_LEN);
	end = length ? at + 40 + length : SIZE_MAX;
	at = walk(f, at + 40, end, p);
	p->has_proto = !is_extension(p->proto); /* what is behind those nobody knows */
	read_ports(f, at, end, p);
}

static struct packet read_packet(const struct model_frame *f, const struct model_headers *h)
{
	struct packet p = { 0 };

	if (h->type == 0x0800)
		read_ipv4(f, h->payload, &p);
	else if (h->type == 0x86dd)
		read_ipv6(f, h->payload, &p);
	return p;
}

/* --- fragments --- */

static struct model_fragment fragment_of(const struct packet *p, uint32_t owner, uint16_t vlan,
					 bool out)
{
	struct model_fragment f = { .owner = owner,
				    .id = p->id,
				    .vlan = vlan,
				    .out = out,
				    .ipv4_proto = p->ipv4 ? p->said : 0 };

	memcpy(f.source, p->source, sizeof(f.source));
	memcpy(f.destination, p->destination, sizeof(f.destination));
	return f;
}

static bool same_packet(const struct model_fragment *a, const struct model_fragment *b)
{
	return a->owner == b->owner && a->id == b->id && a->vlan == b->vlan && a->out == b->out &&
	       a->ipv4_proto == b->ipv4_proto &&
	       memcmp(a->source, b->source, sizeof(a->source)) == 0 &&
	       memcmp(a->destination, b->destination, sizeof(a->destination)) == 0;
}

static void remember(struct model_state *s, struct model_fragment f, const struct packet *p)
{
	f.has_proto = p->has_proto;
	f.has_ports = p->has_ports;
	f.proto = p->proto;
	f.source_port = p->source_port;
	f.destination_port = p->destination_port;
	f.seen_ns = s->now_ns;
	if (s->fragment_count < s->fragment_max)
		s->fragments[s->fragment_count++] = f;
}

/* The newest counts. False: the first one was not seen, or too long ago. */
static bool recall(const struct model_state *s, const struct model_fragment *f, struct packet *p)
{
	for (size_t i = s->fragment_count; i-- > 0;) {
		const struct model_fragment *first = &s->fragments[i];

		if (!same_packet(first, f))
			continue;
		if (s->now_ns - first->seen_ns > FRAGMENT_NS)
			return false;
		p->has_proto |= first->has_proto;
		p->has_ports = first->has_ports;
		p->proto = first->proto;
		p->source_port = first->source_port;
		p->destination_port = first->destination_port;
		return true;
	}
	return false;
}

/* Later fragments follow their first. False: something could not be read. */
static bool complete(struct model_state *s, uint32_t owner, uint16_t vlan, bool out,
		     struct packet *p)
{
	struct model_fragment f;

	if (p->bad)
		return false;
	if (!p->fragment)
		return true;
	f = fragment_of(p, owner, vlan, out);
	if (p->later)
		return recall(s, &f, p);
	remember(s, f, p);
	return true;
}

/* --- which flow --- */

static bool prefix_fits(const struct model_prefix *prefix, bool ipv4, const struct packet *p,
			const uint8_t *address)
{
	if (!prefix->length)
		return true;
	if (!p->ip || p->ipv4 != ipv4)
		return false;
	for (unsigned int bit = 0; bit < prefix->length; bit++)
		if ((prefix->address[bit / 8] ^ address[bit / 8]) & (0x80 >> bit % 8))
			return false;
	return true;
}

static bool ports_fit(const struct model_ports *ports, const struct packet *p, uint16_t port)
{
	return !ports->set || (p->has_ports && port >= ports->first && port <= ports->last);
}

static bool fits(const struct model_flow *flow, const struct packet *p, uint16_t vlan, bool out)
{
	const struct model_match *m = &flow->match;
	const uint8_t *local = out ? p->source : p->destination;
	const uint8_t *remote = out ? p->destination : p->source;
	uint16_t lport = out ? p->source_port : p->destination_port;
	uint16_t rport = out ? p->destination_port : p->source_port;

	if (!(out ? flow->out : flow->in) || (m->vlan && m->vlan != vlan))
		return false;
	if (m->has_proto && !(p->has_proto && p->proto == m->proto))
		return false;
	if (m->dsfield_mask && !(p->ip && (p->dsfield & m->dsfield_mask) == m->dsfield))
		return false;
	return prefix_fits(&m->local, m->ipv4, p, local) &&
	       prefix_fits(&m->remote, m->ipv4, p, remote) && ports_fit(&m->lport, p, lport) &&
	       ports_fit(&m->rport, p, rport);
}

/* Which part of all values the range leaves. */
static double ports_width(const struct model_ports *ports)
{
	return ports->set ? (ports->last - ports->first + 1) / 65536.0 : 1;
}

/*
 * How often the match halves all frames, in 1/65536: the oftener, the more specific. Of two that do
 * so equally often, the one that names more ports.
 */
static double halvings(const struct model_match *m)
{
	const unsigned int zero = m->ipv4 ? 96 : 0;
	const double ports = ports_width(&m->lport) * ports_width(&m->rport);
	double bits = 0;

	bits += m->local.length ? m->local.length - zero : 0;
	bits += m->remote.length ? m->remote.length - zero : 0;
	bits += m->has_proto ? 8 : 0;
	bits += m->vlan ? 12 : 0;
	for (int i = 0; i < 8; i++)
		bits += m->dsfield_mask >> i & 1;
	return ceil((bits - log2(ports)) * 65536);
}

static int named_ports(const struct model_match *m)
{
	return m->lport.set + m->rport.set;
}

static bool wins(const struct model_flow *a, const struct model_flow *b)
{
	double halvings_a = halvings(&a->match), halvings_b = halvings(&b->match);
	int named_a = named_ports(&a->match), named_b = named_ports(&b->match);

	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (halvings_a != halvings_b)
		return halvings_a > halvings_b;
	return named_a != named_b ? named_a > named_b : a->number < b->number;
}

static bool has_flows(const struct model_config *c, uint32_t owner)
{
	for (size_t i = 0; i < c->flow_count; i++)
		if (c->flows[i].owner == owner)
			return true;
	return false;
}

static const struct model_flow *find(const struct model_config *c, uint32_t owner,
				     const struct packet *p, uint16_t vlan, bool out)
{
	const struct model_flow *best = NULL;

	for (size_t i = 0; i < c->flow_count; i++) {
		const struct model_flow *flow = &c->flows[i];

		if (flow->owner == owner && fits(flow, p, vlan, out) && (!best || wins(flow, best)))
			best = flow;
	}
	return best;
}

bool model_leads(const struct model_config *c, uint32_t owner, enum abi_flow_target kind)
{
	for (size_t i = 0; i < c->flow_count; i++)
		if (c->flows[i].owner == owner && c->flows[i].target_kind == kind)
			return true;
	return false;
}

const struct model_flow *model_flow_in(const struct model_config *c, struct model_state *s,
				       uint32_t owner, uint16_t vlan, const struct model_frame *f,
				       const struct model_headers *h)
{
	struct packet p = read_packet(f, h);

	complete(s, owner, vlan, false, &p);
	return find(c, owner, &p, vlan, false);
}

/* --- limits --- */

static bool is_limited(const struct model_limit *limit)
{
	return limit->byte_ns[ABI_RX] || limit->byte_ns[ABI_TX];
}

/* A limit that the frame goes through, and its clocks; NULL: there is none. */
struct gate {
	const struct model_limit *limit;
	struct model_clocks *clocks;
};

/* What all of them say. */
struct passage {
	uint64_t now_ns, bytes;
	enum abi_direction way;
	enum abi_flow_priority class;
	bool fq;
};

static bool opens(const struct gate *g, const struct passage *p)
{
	uint64_t ahead;

	if (!g->limit || !g->limit->byte_ns[p->way])
		return true;
	ahead = p->fq ? g->limit->horizon_ns[p->way] : g->limit->burst_ns[p->way];
	return g->clocks->due_ns[p->way][p->class] < p->now_ns + ahead;
}

/* When the frame is due. All that are no more urgent give way to it. */
static uint64_t go(const struct gate *g, const struct passage *p)
{
	uint64_t cost, start = p->now_ns;

	if (!g->limit || !g->limit->byte_ns[p->way])
		return start;
	cost = g->limit->byte_ns[p->way] * p->bytes >> ABI_LIMIT_SHIFT;
	for (int class = (int)p->class; class < ABI_PRIORITY_END; class ++) {
		uint64_t *due = &g->clocks->due_ns[p->way][class];

		if (*due < p->now_ns)
			*due = p->now_ns;
		if (class == (int)p->class)
			start = *due;
		*due += cost;
	}
	return start;
}

/* --- all of it --- */

bool model_is_metered(const struct model_config *c, const struct model_vnet *n,
		      const struct model_resource *r, uint32_t nic)
{
	return is_limited(&n->limit) || is_limited(&r->limit) || has_flows(c, n->number) ||
	       (nic && has_flows(c, ABI_OF_UPLINK | nic));
}

static bool all_open(const struct gate *gates, size_t count, const struct passage *p,
		     uint64_t *ret_start_ns)
{
	*ret_start_ns = p->now_ns;
	for (size_t i = 0; i < count; i++)
		if (!opens(&gates[i], p))
			return false;
	for (size_t i = 0; i < count; i++) {
		uint64_t start = go(&gates[i], p);

		*ret_start_ns = start > *ret_start_ns ? start : *ret_start_ns;
	}
	return true;
}

static uint32_t priority_of(enum abi_flow_priority priority)
{
	switch (priority) {
	case ABI_PRIORITY_HIGH:
		return 6;
	case ABI_PRIORITY_LOW:
		return 1;
	case ABI_PRIORITY_MEDIUM:
	case ABI_PRIORITY_END:
		break;
	}
	return 0;
}

/* What the frame is to one owner. */
struct view {
	const struct model_config *config;
	struct model_state *state;
	struct packet packet;
	bool out;
};

/* The owner's flow of the frame, which is in @vlan there, and that it has been looked at. */
static const struct model_flow *look(const struct view *v, uint32_t owner, uint16_t vlan,
				     struct model_output *out)
{
	struct model_metered *m = &out->metered[out->metered_count];
	struct packet p = v->packet;
	const struct model_flow *flow;

	if (!has_flows(v->config, owner))
		return NULL;
	out->metered_count++;
	*m = (struct model_metered) { .out = v->out };
	if (!complete(v->state, owner, vlan, v->out, &p))
		m->vnet = owner;
	flow = find(v->config, owner, &p, vlan, v->out);
	m->flow = flow ? flow->number : 0;
	return flow;
}

static struct gate flow_gate(const struct view *v, const struct model_flow *flow)
{
	if (!flow)
		return (struct gate) { NULL, NULL };
	return (struct gate) { &flow->limit, &v->state->flows[flow - v->config->flows] };
}

/* How urgent the frame is: the uplink has the last word. False: nobody says. */
static bool find_class(const struct model_flow *own, const struct model_flow *uplinks,
		       enum abi_flow_priority *ret)
{
	const struct model_flow *says = uplinks && uplinks->has_priority ? uplinks
					: own && own->has_priority	 ? own
									 : NULL;

	*ret = says ? says->priority : ABI_PRIORITY_MEDIUM;
	return says;
}

bool model_meter(const struct model_config *c, struct model_state *s, const struct model_way *way,
		 const struct model_headers *h, struct model_output *out)
{
	struct view v = { c, s, read_packet(&out->frame, h), way->out };
	size_t first = out->metered_count;
	const struct model_flow *own = look(&v, way->vnet->number, h->vlan, out);
	/* On the wire the member's own VLAN has no tag. */
	const uint16_t wire = h->vlan == way->resource->pvid ? 0 : h->vlan;
	const struct model_flow *uplinks =
		way->nic ? look(&v, ABI_OF_UPLINK | way->nic, wire, out) : NULL;
	const struct gate gates[] = {
		flow_gate(&v, own),
		flow_gate(&v, uplinks),
		{ &way->resource->limit, &s->resources[way->resource - c->resources] },
		{ &way->vnet->limit, &s->vnets[way->vnet - c->vnets] },
	};
	struct passage p = { .now_ns = s->now_ns,
			     .bytes = out->frame.len - h->payload,
			     .way = way->out ? ABI_TX : ABI_RX,
			     .fq = way->fq };
	bool has_class = find_class(own, uplinks, &p.class);
	uint64_t start;

	if (!all_open(gates, sizeof(gates) / sizeof(gates[0]), &p, &start)) {
		for (size_t i = first; i < out->metered_count; i++)
			out->metered[i].dropped = true;
		return false;
	}
	if (way->fq && way->late && start > s->now_ns && start > out->start_ns)
		out->start_ns = start;
	if (has_class)
		out->priority = priority_of(p.class);
	return true;
}
