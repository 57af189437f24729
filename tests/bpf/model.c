// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Read this beside section "Forwarding policy" of the design: "TX 2" in a comment is line 2 there.
 * Nothing is shared with bpf/policy.h on purpose; what is the same in both was thought twice.
 */
#include <string.h>

#include "model_internal.h"

/* --- the configuration --- */

const struct model_vnet *model_vnet_find(const struct model_config *c, uint32_t number)
{
	for (size_t i = 0; i < c->vnet_count; i++)
		if (c->vnets[i].number == number)
			return &c->vnets[i];
	return NULL;
}

const struct model_resource *model_resource_find(const struct model_config *c, uint32_t number)
{
	for (size_t i = 0; i < c->resource_count; i++)
		if (c->resources[i].number == number)
			return &c->resources[i];
	return NULL;
}

const struct model_device *model_device_find(const struct model_config *c, uint32_t ifindex)
{
	for (size_t i = 0; i < c->device_count; i++)
		if (c->devices[i].ifindex == ifindex)
			return &c->devices[i];
	return NULL;
}

bool model_is_xdp(enum model_program program)
{
	return program == MODEL_XDP_TX || program == MODEL_XDP_RX || program == MODEL_XDP_UPLINK ||
	       program == MODEL_XDP_CPU;
}

static const struct model_port *port_find(const struct model_config *c, uint32_t ifindex)
{
	for (size_t i = 0; i < c->port_count; i++)
		if (c->ports[i].ifindex == ifindex)
			return &c->ports[i];
	return NULL;
}

static const struct model_fdb *fdb_find(const struct model_config *c, const struct model_vnet *n,
					uint16_t vlan, const uint8_t *mac)
{
	for (size_t i = 0; i < c->fdb_count; i++) {
		const struct model_fdb *entry = &c->fdb[i];

		if (entry->vnet == n->number && entry->vlan == vlan &&
		    model_same_mac(entry->mac, mac))
			return entry;
	}
	return NULL;
}

/* There, not taken down, and with a carrier; what cannot be seen is taken to be. */
static bool device_works(const struct model_config *c, uint32_t ifindex)
{
	const struct model_device *d = model_device_find(c, ifindex);

	return !c->sees_state || (d && d->present && d->up && d->carrier);
}

static bool could_work(const struct model_config *c, const struct model_resource *r)
{
	const struct model_resource *twin = r->twin ? model_resource_find(c, r->twin) : NULL;
	const struct model_vnet *other = twin ? model_vnet_find(c, twin->vnet) : NULL;

	if (r->twin) /* it leads to the port of the other vnet */
		return r->up && other && device_works(c, other->port);
	return r->up && device_works(c, r->ifindex);
}

/* "Up" in the policy's text. */
static bool works(const struct model_config *c, const struct model_resource *r)
{
	return could_work(c, r) && !r->held;
}

/* The service of @n if it is up. */
static const struct model_resource *service_up(const struct model_config *c,
					       const struct model_vnet *n)
{
	for (size_t i = 0; i < c->resource_count; i++) {
		const struct model_resource *r = &c->resources[i];

		if (r->vnet == n->number && r->type == ABI_SERVICE && works(c, r))
			return r;
	}
	return NULL;
}

/* "The up one with the best priority carries." And the same among those that are held down. */
static const struct model_resource *hybrid_best(const struct model_config *c,
						const struct model_vnet *n, bool held)
{
	const struct model_resource *best = NULL;

	/* The original's way, by option: the service's domain owns the hybrids. */
	if (n->hybrid_needs_service && !service_up(c, n))
		return NULL;
	for (size_t i = 0; i < c->resource_count; i++) {
		const struct model_resource *r = &c->resources[i];

		if (r->vnet != n->number || r->type != ABI_HYBRID || !could_work(c, r) ||
		    r->held != held)
			continue;
		if (!best || r->priority < best->priority ||
		    (r->priority == best->priority && r->number < best->number))
			best = r;
	}
	return best;
}

static bool set_has(const struct model_vlans *set, uint16_t vlan)
{
	for (size_t i = 0; i < MODEL_VLANS_MAX && set->vlan[i]; i++)
		if (set->vlan[i] == vlan)
			return true;
	return false;
}

bool vnet_admits(const struct model_vnet *n, const struct model_headers *h)
{
	return !h->strange_tag && (h->vlan == n->pvid || set_has(&n->vlans, h->vlan));
}

bool resource_admits(const struct model_resource *r, const struct model_headers *h)
{
	if (!r->own_vlans)
		return true; /* it takes what its vnet takes */
	return !h->strange_tag && (h->vlan == r->pvid || set_has(&r->vlans, h->vlan));
}

/* --- what becomes of it --- */

/* "Every drop counts under its reason." */
void drop(struct run *run, const struct model_vnet *n, enum abi_drop why)
{
	run->out->verdict = MODEL_DROP;
	run->out->reason = ABI_REASON_NONE;
	run->out->vnet = n->number;
	run->out->drop = why;
	run->out->dropped = model_frames_in(&run->out->frame);
	run->out->priority = 0;
	run->out->start_ns = 0;
}

/* "... every carried frame under its resource and direction." */
void count_sent(struct run *run, const uint8_t *destination)
{
	uint64_t frames = model_frames_in(&run->out->frame);
	bool all = model_is_broadcast(destination), many = model_is_multicast(destination);

	run->out->sent_counters = (struct abi_counters) {
		.tx_packets = frames,
		.tx_bytes = run->bytes,
		.tx_broadcast = all ? frames : 0,
		.tx_multicast = many && !all ? frames : 0,
	};
}

static void count_received(struct run *run, const uint8_t *destination)
{
	uint64_t frames = model_frames_in(&run->out->frame);
	bool all = model_is_broadcast(destination), many = model_is_multicast(destination);

	run->out->received_counters = (struct abi_counters) {
		.rx_packets = frames,
		.rx_bytes = run->bytes,
		.rx_broadcast = all ? frames : 0,
		.rx_multicast = many && !all ? frames : 0,
	};
}

/* Of XDP: can the device take the frame as it is? If not, TC will do it, as if we had not looked.
 */
bool takes(const struct run *run, uint32_t ifindex, bool known)
{
	const struct model_device *d = model_device_find(run->config, ifindex);

	if (!run->xdp)
		return true;
	if (!known || !d || !d->present)
		return false;
	if (!run->config->sees_xdp)
		return !run->fragments;
	return d->takes_xdp && (d->takes_fragments || !run->fragments);
}

/* As if the frame had never been seen. */
void pass(struct run *run)
{
	memset(run->out, 0, offsetof(struct model_output, frame));
	run->out->priority = MODEL_PRIORITY;
	model_frame_copy(&run->out->frame, run->in);
}

void leave(struct run *run, uint32_t egress, bool into_peer)
{
	run->out->verdict = MODEL_REDIRECT;
	run->out->egress = egress;
	run->out->into_peer = into_peer && !run->at_egress && !run->xdp;
	if (run->xdp)
		model_frame_flatten(&run->out->frame);
}

void hand_to(struct run *run, const struct model_flow *flow)
{
	pass(run);
	if (!flow || flow->target_kind != ABI_TARGET_CPU || flow->target >= MODEL_CPUS)
		return;
	run->out->verdict = MODEL_REDIRECT;
	run->out->into_cpu = true;
	run->out->egress = flow->target;
	model_frame_flatten(&run->out->frame);
}

/* The frame, in run->in, comes in on @r of @n, whose flows are looked at if one is for a CPU. */
static void hand_over(struct run *run, const struct model_vnet *n, const struct model_resource *r)
{
	const struct model_flow *flow = NULL;
	struct model_headers h;

	if (model_leads(run->config, n->number, ABI_TARGET_CPU) && !is_split(run) &&
	    model_headers_read(run->in, r->pvid, &h) && !h.strange_tag)
		flow = model_flow_in(run->config, run->state, n->number, h.vlan, run->in, &h);
	hand_to(run, flow);
}

/* Of XDP: where the tag is not in the first buffer, TC has to look. */
bool is_split(const struct run *run)
{
	uint16_t type = model_word(run->in, 12);

	return run->fragments && run->in->linear < 18 && (type == 0x8100 || type == 0x88a8);
}

/* --- the storm limit --- */

/* A vnet's own clock, or a resource's. */
static uint64_t *vnet_due(struct run *run, const struct model_vnet *n, enum abi_direction way)
{
	return &run->state->vnet_due_ns[n - run->config->vnets][way];
}

static uint64_t *resource_due(struct run *run, const struct model_resource *r,
			      enum abi_direction way)
{
	return &run->state->resource_due_ns[r - run->config->resources][way];
}

static bool vnet_storm_passes(struct run *run, const struct model_vnet *n, enum abi_direction way)
{
	return model_storm_passes(&n->storm, run->state->now_ns, model_frames_in(&run->out->frame),
				  vnet_due(run, n, way));
}

static bool resource_storm_passes(struct run *run, const struct model_resource *r,
				  enum abi_direction way)
{
	return model_storm_passes(&r->storm, run->state->now_ns, model_frames_in(&run->out->frame),
				  resource_due(run, r, way));
}

/* On the way out the vnet's limit comes first, on the way in the resource's. */
bool send_storm_passes(struct run *run, const struct model_vnet *n, const struct model_resource *r)
{
	return vnet_storm_passes(run, n, ABI_TX) && resource_storm_passes(run, r, ABI_TX);
}

bool deliver_storm_passes(struct run *run, const struct model_vnet *n,
			  const struct model_resource *r)
{
	return resource_storm_passes(run, r, ABI_RX) && vnet_storm_passes(run, n, ABI_RX);
}

/* --- the policy --- */

/* Which resource takes the frame, with the reason; or NULL, with the reason for the drop. */
static const struct model_resource *choose(const struct model_config *c, const struct model_vnet *n,
					   const struct model_headers *h, struct model_output *out)
{
	const struct model_resource *service = service_up(c, n);
	const struct model_resource *hybrid = hybrid_best(c, n, false);
	const struct model_fdb *entry = fdb_find(c, n, h->vlan, h->destination);
	const struct model_resource *guest = entry ? model_resource_find(c, entry->resource) : NULL;

	/* TX 2: D broadcast or multicast: the service if up. Never hybrid, never guest. */
	if (model_is_multicast(h->destination)) {
		out->reason = service ? ABI_REASON_MULTICAST : ABI_REASON_NONE;
		out->drop = ABI_DROP_NO_SERVICE;
		return service;
	}
	out->drop = ABI_DROP_NO_PATH;
	/* TX 3: D in the FDB: that guest if up; */
	if (guest && works(c, guest)) {
		out->reason = ABI_REASON_GUEST;
		return guest;
	}
	/* TX 3: a guest that is not up is reached over the service; */
	if (entry && service) {
		out->reason = ABI_REASON_GUEST_OVER_SERVICE;
		return service;
	}
	/* TX 3: no service up: hybrid. TX 4: D unknown unicast: hybrid if up, */
	if (hybrid) {
		out->reason = ABI_REASON_HYBRID;
		return hybrid;
	}
	/* TX 4: else service if up, */
	if (service) {
		out->reason = ABI_REASON_SERVICE;
		return service;
	}
	/* None, but what is held down: the guest, or the best hybrid. */
	if (guest && could_work(c, guest)) {
		out->reason = ABI_REASON_GUEST;
		return guest;
	}
	hybrid = hybrid_best(c, n, true);
	if (hybrid) {
		out->reason = ABI_REASON_HYBRID;
		return hybrid;
	}
	/* TX 3, TX 4: none: drop `no_path`. */
	return NULL;
}

/* Whether the upper may send the frame at all, and in this VLAN. */
static enum abi_drop refuse(const struct model_vnet *n, const struct model_frame *f,
			    const struct model_headers *h)
{
	enum abi_drop why;

	/* A group is nobody's own address (IEEE 802.3, 3.2.3): `spoofed`, guard or not. */
	if (model_is_multicast(h->source))
		return ABI_DROP_SPOOFED;
	/* TX 1: source MAC not this vnet's, with the guard on: `spoofed` */
	if ((n->guard || n->protection.mac_nospoof) && !model_same_mac(h->source, n->mac))
		return ABI_DROP_SPOOFED;
	/* Nothing can be known of what is behind two tags. */
	if (h->strange_tag)
		return ABI_DROP_VLAN;
	why = model_protect(n, f, h);
	if (why)
		return why;
	/* TX 1: VLAN not admitted: `vlan` */
	return vnet_admits(n, h) ? ABI_DROP_NONE : ABI_DROP_VLAN;
}

/* Before the upper gets it: RX 1 to RX 3. */
enum abi_drop deliver_refused(const struct model_config *c, const struct model_vnet *n,
			      const struct model_resource *r, const struct model_headers *h)
{
	/* RX 1: S is the vnet's own MAC: `reflected`. */
	if (model_same_mac(h->source, n->mac) && !r->shared)
		return ABI_DROP_REFLECTED;
	/* A group is nobody's own address: `spoofed`. */
	if (model_is_multicast(h->source))
		return ABI_DROP_SPOOFED;
	/* RX 1: a guest's S is not its registered MAC, guard on: `spoofed`. */
	if (r->type == ABI_GUEST && n->guard && !model_same_mac(h->source, r->peer))
		return ABI_DROP_SPOOFED;
	/* RX 2: broadcast or multicast from the hybrid while a service is up: `duplicate`. */
	if (model_is_multicast(h->destination) && r->type == ABI_HYBRID && service_up(c, n))
		return ABI_DROP_DUPLICATE;
	/* RX 3: unicast D that is not the vnet's, vnet not promiscuous: `not_ours`. */
	if (!model_is_multicast(h->destination) && !model_same_mac(h->destination, n->mac) &&
	    !n->promiscuous)
		return ABI_DROP_NOT_OURS;
	/* RX 3: VLAN not admitted, by the vnet or by where it came from: `vlan`. */
	return vnet_admits(n, h) && resource_admits(r, h) ? ABI_DROP_NONE : ABI_DROP_VLAN;
}

bool meter(struct run *run, const struct model_vnet *n, const struct model_resource *r,
	   uint32_t nic, bool out, bool fq, const struct model_headers *h)
{
	uint16_t type = model_word(run->in, 12);
	const struct model_way way = { n, r, nic, out, fq, type == 0x0800 || type == 0x86dd };

	return model_meter(run->config, run->state, &way, h, run->out);
}

/* The frame is in run->out, as it came. */
void receive(struct run *run, const struct model_vnet *n, const struct model_resource *r)
{
	struct model_frame *f = &run->out->frame;
	bool into_peer = n->peer;
	struct model_headers h;
	enum abi_drop why;

	if (is_split(run))
		return pass(run);
	/* RX 1: malformed: drop. */
	if (!model_headers_read(f, r->pvid, &h))
		return drop(run, n, ABI_DROP_MALFORMED);
	why = deliver_refused(run->config, n, r, &h);
	if (why)
		return drop(run, n, why);
	/* XDP can neither delay a frame nor say how urgent it is. */
	if (run->xdp && model_is_metered(run->config, n, r, run->nic))
		return run->nic ? model_uplink_hand(run, run->nic) : hand_over(run, n, r);
	if (!takes(run, n->port, n->xdp))
		return pass(run);
	if (model_is_multicast(h.destination) && !deliver_storm_passes(run, n, r))
		return drop(run, n, ABI_DROP_STORM);
	if (model_is_metered(run->config, n, r, run->nic)) {
		if (!meter(run, n, r, run->nic, false, n->fq, &h))
			return drop(run, n, ABI_DROP_LIMITED);
		into_peer &= !n->fq; /* it goes through the queue */
	}
	/* RX 4: deliver to the upper: a frame never goes from one resource to another. */
	run->out->vnet = n->number;
	run->out->received = r->number;
	count_received(run, h.destination);
	model_retag(&h, n->pvid, f);
	leave(run, n->port, into_peer);
}

/* Where a frame that leaves over @r comes in again, NULL: it leaves over a device. */
static const struct model_resource *twin_of(const struct model_config *c,
					    const struct model_resource *r)
{
	return r->twin ? model_resource_find(c, r->twin) : NULL;
}

static void transmit(struct run *run, const struct model_vnet *n)
{
	const struct model_resource *r, *twin;
	struct model_output *out = run->out;
	const struct model_vnet *other;
	struct model_headers h;
	enum abi_drop why;
	bool metered;

	if (is_split(run))
		return pass(run);
	/* TX 1: shorter than an Ethernet header (or its tag): `malformed` */
	if (!model_headers_read(&out->frame, n->pvid, &h))
		return drop(run, n, ABI_DROP_MALFORMED);
	why = refuse(n, &out->frame, &h);
	if (why)
		return drop(run, n, why);
	/* TX 2 to TX 4 */
	r = choose(run->config, n, &h, out);
	if (!r)
		return drop(run, n, out->drop);
	out->drop = ABI_DROP_NONE;
	/* VLANs are checked on both sides. */
	if (!resource_admits(r, &h))
		return drop(run, n, ABI_DROP_VLAN);
	if (r->uplink)
		return model_uplink_send(run, n, r, &h);
	twin = twin_of(run->config, r);
	other = twin ? model_vnet_find(run->config, twin->vnet) : NULL;
	metered = model_is_metered(run->config, n, r, 0);
	/* XDP can neither delay a frame nor say how urgent it is. */
	if (run->xdp && (metered || (other && model_is_metered(run->config, other, twin, 0))))
		return pass(run);
	if (!twin && !takes(run, r->ifindex, r->xdp))
		return pass(run);
	/* The limits come last: what is dropped for another reason uses nothing up. */
	if (model_is_multicast(h.destination) && !send_storm_passes(run, n, r))
		return drop(run, n, ABI_DROP_STORM);
	if (metered && !meter(run, n, r, 0, true, other ? other->fq : r->fq, &h))
		return drop(run, n, ABI_DROP_LIMITED);
	out->vnet = n->number;
	out->sent = r->number;
	count_sent(run, h.destination);
	model_retag(&h, r->pvid, &out->frame);
	if (!twin)
		return leave(run, r->ifindex,
			     r->peer_else && r->type == ABI_GUEST && !(metered && r->fq) &&
				     model_same_mac(h.destination, r->peer));
	receive(run, other, twin);
}

void model_run(const struct model_config *c, struct model_state *s, enum model_program program,
	       uint32_t ifindex, const struct model_frame *in, struct model_output *ret)
{
	const struct model_port *port = port_find(c, ifindex);
	const struct model_vnet *n = port ? model_vnet_find(c, port->vnet) : NULL;
	const struct model_resource *r = port ? model_resource_find(c, port->resource) : NULL;
	struct run run = { .config = c,
			   .state = s,
			   .xdp = model_is_xdp(program),
			   .at_egress = port && port->egress,
			   .bytes = in->len,
			   .fragments = in->linear,
			   .in = in,
			   .out = ret };

	pass(&run);
	if (port && port->uplink)
		return model_uplink_run(&run, program, port->uplink);
	if (!n)
		return; /* a device that is nobody's */
	switch (program) {
	case MODEL_TX:
	case MODEL_XDP_TX:
		return transmit(&run, n);
	case MODEL_RX:
	case MODEL_XDP_RX:
		if (r && r->vnet == n->number)
			receive(&run, n, r);
		return;
	case MODEL_XDP_CPU:
		if (r && r->vnet == n->number)
			hand_over(&run, n, r);
		return;
	case MODEL_UPLINK:
	case MODEL_UPLINK_TX:
	case MODEL_XDP_UPLINK:
	case MODEL_PROGRAM_END:
		return;
	}
}
