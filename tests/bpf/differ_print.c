// SPDX-License-Identifier: GPL-2.0-or-later
/* What somebody needs who wants to understand why two answers differ. */
#include <inttypes.h>

#include "differ.h"

static const char *const program_names[] = { [MODEL_TX] = "vnet_tx",
					     [MODEL_RX] = "vnet_rx",
					     [MODEL_UPLINK] = "vnet_uplink",
					     [MODEL_UPLINK_TX] = "vnet_uplink_tx",
					     [MODEL_XDP_TX] = "vnet_xdp_tx",
					     [MODEL_XDP_RX] = "vnet_xdp_rx",
					     [MODEL_XDP_UPLINK] = "vnet_xdp_uplink",
					     [MODEL_XDP_CPU] = "vnet_xdp_cpu" };
static const char *const verdict_names[] = {
	[MODEL_PASS] = "pass", [MODEL_DROP] = "drop", [MODEL_REDIRECT] = "redirect"
};
static const char *const type_names[] = {
	[ABI_SERVICE] = "service", [ABI_GUEST] = "guest", [ABI_HYBRID] = "hybrid"
};
static const char *const drop_names[] = { [ABI_DROP_NONE] = "none",
#define X(name, text, why) [ABI_DROP_##name] = text,
					  ABI_DROPS(X)
#undef X
};
static const char *const reason_names[] = { [ABI_REASON_NONE] = "none",
#define X(name, text, why) [ABI_REASON_##name] = text,
					    ABI_REASONS(X)
#undef X
};

static void print_hex(FILE *to, const uint8_t *bytes, size_t count, const char *between)
{
	for (size_t i = 0; i < count; i++)
		fprintf(to, "%s%02x", i ? between : "", bytes[i]);
}

static void print_vlans(FILE *to, uint16_t pvid, const struct model_vlans *set)
{
	fprintf(to, " pvid %u vlans", pvid);
	for (size_t i = 0; i < MODEL_VLANS_MAX && set->vlan[i]; i++)
		fprintf(to, " %u", set->vlan[i]);
}

static void print_storm(FILE *to, const struct model_storm *s)
{
	if (s->on)
		fprintf(to, " storm %" PRIu64 "/%" PRIu64, s->interval_ns, s->burst_ns);
}

static void print_protection(FILE *to, const struct model_protection *p)
{
	fprintf(to, "%s%s%s%s", p->mac_nospoof ? " mac-nospoof" : "",
		p->ip_nospoof ? " ip-nospoof" : "", p->dhcp_nospoof ? " dhcp-nospoof" : "",
		p->restricted ? " restricted" : "");
	for (size_t i = 0; i < p->allowed_count; i++) {
		fputs(" allowed ", to);
		print_hex(to, p->allowed[i].address, MODEL_IP_LEN, "");
		fprintf(to, "/%u", p->allowed[i].length);
	}
}

static void print_vnet(FILE *to, const struct model_vnet *n)
{
	fprintf(to, "vnet %u ", n->number);
	print_hex(to, n->mac, MODEL_MAC_LEN, ":");
	print_vlans(to, n->pvid, &n->vlans);
	fprintf(to, " port %u%s%s%s%s%s", n->port, n->guard ? " guard" : "",
		n->promiscuous ? " promiscuous" : "", n->peer ? " peer" : "",
		n->hybrid_needs_service ? " needs-service" : "", n->xdp ? " xdp" : "");
	print_storm(to, &n->storm);
	differ_print_limit(to, &n->limit);
	fputs(n->fq ? " fq" : "", to);
	print_protection(to, &n->protection);
	fputc('\n', to);
}

static void print_resource(FILE *to, const struct model_config *c, const struct model_resource *r)
{
	const struct model_device *d = model_device_find(c, r->ifindex);

	fprintf(to, "resource %u of vnet %u %s device %u%s%s%s%s%s%s%s%s", r->number, r->vnet,
		type_names[r->type], r->ifindex,
		!r->up	  ? " down"
		: r->held ? " held"
			  : " up",
		r->xdp ? " xdp" : "", r->peer_else ? " peer-elsewhere" : "",
		d && !d->present ? " gone" : "", d && !d->up ? " device-down" : "",
		d && !d->carrier ? " no-carrier" : "", d && d->takes_xdp ? " takes-xdp" : "",
		d && d->takes_fragments ? " takes-fragments" : "");
	if (r->type == ABI_GUEST) {
		fputs(" peer ", to);
		print_hex(to, r->peer, MODEL_MAC_LEN, ":");
	}
	if (r->twin)
		fprintf(to, " twin %u", r->twin);
	if (r->type == ABI_HYBRID)
		fprintf(to, " priority %u", r->priority);
	if (r->own_vlans)
		print_vlans(to, r->pvid, &r->vlans);
	else
		fprintf(to, " pvid %u", r->pvid);
	if (r->uplink)
		fprintf(to, " uplink %u%s%s%s", r->uplink, r->member ? " member" : "",
			r->shared ? " shared" : "", r->learns ? " learns" : "");
	print_storm(to, &r->storm);
	differ_print_limit(to, &r->limit);
	fputs(r->fq ? " fq" : "", to);
	fputc('\n', to);
}

static void print_uplinks(FILE *to, const struct model_config *c)
{
	for (size_t i = 0; i < c->uplink_count; i++) {
		fprintf(to, "uplink %u device %u ", c->uplinks[i].number, c->uplinks[i].ifindex);
		print_hex(to, c->uplinks[i].mac, MODEL_MAC_LEN, ":");
		fputs(c->uplinks[i].steer_ip ? " steers by IP\n" : "\n", to);
	}
	for (size_t i = 0; i < c->holder_count; i++) {
		fprintf(to, "address of uplink %u vlan %u ", c->holders[i].uplink,
			c->holders[i].vlan);
		print_hex(to, c->holders[i].address, MODEL_IP_LEN, "");
		fprintf(to, " resource %u\n", c->holders[i].resource);
	}
}

void differ_print_config(FILE *to, const struct model_config *c)
{
	fprintf(to, "programs see%s%s\n", c->sees_state ? " states" : " nothing",
		c->sees_xdp ? " xdp-features" : "");
	for (size_t i = 0; i < c->vnet_count; i++)
		print_vnet(to, &c->vnets[i]);
	for (size_t i = 0; i < c->resource_count; i++)
		print_resource(to, c, &c->resources[i]);
	for (size_t i = 0; i < c->port_count; i++)
		fprintf(to, "port %u of vnet %u resource %u uplink %u%s\n", c->ports[i].ifindex,
			c->ports[i].vnet, c->ports[i].resource, c->ports[i].uplink,
			c->ports[i].egress ? " egress" : "");
	print_uplinks(to, c);
	for (size_t i = 0; i < c->fdb_count; i++) {
		fprintf(to, "fdb vnet %u vlan %u ", c->fdb[i].vnet, c->fdb[i].vlan);
		print_hex(to, c->fdb[i].mac, MODEL_MAC_LEN, ":");
		fprintf(to, " resource %u\n", c->fdb[i].resource);
	}
	for (size_t i = 0; i < c->flow_count; i++)
		differ_print_flow(to, &c->flows[i]);
}

static void print_frame(FILE *to, const struct model_frame *f)
{
	fprintf(to, "%zu bytes", f->len);
	if (f->linear)
		fprintf(to, ", %zu of them in the first buffer", f->linear);
	if (f->segments)
		fprintf(to, ", %u segments", f->segments);
	if (f->segment)
		fprintf(to, ", in segments of %u bytes", f->segment);
	if (f->tag.present)
		fprintf(to, ", tag %04x %04x beside", f->tag.proto, f->tag.tci);
	fputs(": ", to);
	print_hex(to, f->bytes, f->len, "");
	fputc('\n', to);
}

void differ_print_case(FILE *to, const struct differ_case *in, enum model_program program,
		       const struct model_state *state)
{
	fprintf(to, "%s on device %u at %" PRIu64 " ns: ", program_names[program], in->ifindex,
		state->now_ns);
	print_frame(to, &in->frame);
}

void differ_print_answer(FILE *to, const char *who, enum model_verdict verdict, uint32_t egress,
			 const struct world_told *told, const struct model_frame *frame)
{
	fprintf(to, "%s: %s", who, verdict_names[verdict]);
	if (egress)
		fprintf(to, " to device %u%s", egress, told->into_peer ? ", its peer" : "");
	if (told->into_cpu)
		fputs(" (a CPU)", to);
	if (told->into_stack)
		fputs(", into its stack", to);
	if (told->copies)
		fprintf(to, ", %u copies", told->copies);
	if (told->sent)
		fprintf(to, ", sent over resource %u (%s)", told->sent, reason_names[told->reason]);
	if (told->received)
		fprintf(to, ", received on resource %u", told->received);
	if (told->drop)
		fprintf(to, ", dropped by vnet %u (%s)", told->vnet, drop_names[told->drop]);
	fprintf(to, ", priority %u, at %" PRIu64 ", ", told->priority, told->start_ns);
	print_frame(to, frame);
}
