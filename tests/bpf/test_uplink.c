// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Uplinks: one frame at a time, and what must become of it, written by hand; asked of the model and
 * of the programs, XDP too where it decides. The scene: a NIC with a MAC and a stack of its own,
 * the vnets A to D on it, of which C and D have the NIC's MAC, and 10.0.0.3 and 10.0.0.4.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum { NOBODY, A, B, C, D, VNETS }; /* vnets, and the resources that they have on the uplink */

#define UPLINK 3
/* Devices that fixture_main() makes. */
#define NIC	SCENE_DEVICE(SCENE_SERVICE)
#define PORT(v) SCENE_DEVICE(SCENE_SERVICE + (v))
#define UPPER	SCENE_UPPER /* vnet A's, where the shortcut is */

#define MAC(last) FRAME_MAC(2, 0, 0, 0, 0, last)
#define MAC_A	  MAC(A)
#define MAC_B	  MAC(B)
#define MAC_NIC	  MAC(0x99)
#define OUTSIDE	  MAC(0x50)
#define ALL	  SCENE_MAC_BROADCAST
#define SOME	  SCENE_MAC_MULTICAST
#define TO(v)	  (1u << (v))
#define VLAN(v)	  .tags = { { FRAME_8021Q, v } }

/* IPv4 from and to 10.0.0.x; UDP from and to a port. */
#define IP(from, to)                                                                               \
	.type = 0x0800, .payload = "45000028 00000000 40060000 0a0000" from "0a0000" to            \
				   "1234 0050 00000000 00000000 50020000 00000000"
#define UDP(from, to, ports)                                                                       \
	.type = 0x0800, .payload = "4500001c 00000000 40110000 0a0000" from to ports "0008 0000"
#define IP6(to, next, rest)                                                                        \
	.type = 0x86dd,                                                                            \
	.payload = "60000000 0020" next "40 fd000000000000000000000000000009" to rest
#define ARP(from, to)                                                                              \
	.type = 0x0806, .payload = "0001 0800 06 04 0001 020000000099" from "000000000000" to

struct expected {
	enum model_verdict verdict;
	uint32_t egress;
	uint32_t sent, received, vnet;
	enum abi_reason reason;
	enum abi_drop drop;
	bool into_stack;
	bool stack_copy;
	uint32_t copies; /* TO()s */
};

struct uplink_case {
	const char *name;
	void (*change)(struct model_config *c);
	enum model_program program;
	uint32_t device;
	struct frame_spec frame;
	struct expected expect;
	bool xdp_passes;
};

/* --- the scene --- */

static void add_device(struct model_config *c, uint32_t ifindex)
{
	c->devices[c->device_count++] =
		(struct model_device) { ifindex, true, true, true, true, false };
}

static void add_fdb(struct model_config *c, uint32_t r, uint16_t vlan, const uint8_t *mac)
{
	struct model_fdb *entry = &c->fdb[c->fdb_count++];

	*entry = (struct model_fdb) { ABI_OF_UPLINK | UPLINK, vlan, { 0 }, r };
	memcpy(entry->mac, mac, MODEL_MAC_LEN);
}

static void add_vnet(struct model_config *c, uint32_t v)
{
	bool shared = v >= C;
	struct model_vnet *n = &c->vnets[c->vnet_count++];

	*n = (struct model_vnet) {
		.number = v, .pvid = 1, .port = PORT(v), .guard = true, .xdp = true
	};
	memcpy(n->mac, shared ? MAC_NIC : MAC((uint8_t)v), MODEL_MAC_LEN);
	c->resources[c->resource_count++] = (struct model_resource) {
		.number = v,
		.vnet = v,
		.type = ABI_SERVICE,
		.ifindex = NIC,
		.up = true,
		.xdp = true,
		.pvid = 1,
		.uplink = UPLINK,
		.member = true,
		.shared = shared,
		.learns = shared,
	};
	c->ports[c->port_count++] = (struct model_port) { .ifindex = PORT(v), .vnet = v };
	add_device(c, PORT(v));
	if (!shared)
		add_fdb(c, v, 0, n->mac);
}

static void hold(struct model_config *c, uint32_t r, uint8_t last)
{
	c->holders[c->holder_count++] = (struct model_holder) {
		.uplink = UPLINK, .resource = r, .address = { [10] = 0xff, 0xff, 10, 0, 0, last }
	};
}

static void hold6(struct model_config *c, uint32_t r, uint8_t last)
{
	c->holders[c->holder_count++] = (struct model_holder) { .uplink = UPLINK,
								.resource = r,
								.address = { 0xfd, [15] = last } };
}

static void scene(struct model_config *c)
{
	memset(c, 0, sizeof(*c));
	c->uplinks[c->uplink_count++] = (struct model_uplink) {
		.number = UPLINK, .ifindex = NIC, .mac = { 2, 0, 0, 0, 0, 0x99 }, .steer_ip = true
	};
	add_device(c, NIC);
	c->ports[c->port_count++] = (struct model_port) { .ifindex = NIC, .uplink = UPLINK };
	for (uint32_t v = A; v < VNETS; v++)
		add_vnet(c, v);
	c->ports[c->port_count++] =
		(struct model_port) { .ifindex = UPPER, .vnet = A, .egress = true };
	add_device(c, UPPER);
	hold(c, C, 3);
	hold(c, D, 4);
	hold(c, NOBODY, 1); /* the NIC's own stack */
	hold6(c, C, 3);
	hold6(c, D, 4);
}

/* B has VLAN 10 tagged, on the wire and inside. */
static void b_tagged(struct model_config *c)
{
	c->vnets[B - 1].vlans.vlan[0] = 10;
	add_fdb(c, B, 10, MAC_B);
}

/* B is in VLAN 10, untagged inside, tagged on the wire. */
static void b_access(struct model_config *c)
{
	c->vnets[B - 1].pvid = 10;
	c->fdb_count = 0;
	add_fdb(c, A, 0, MAC_A);
	add_fdb(c, B, 10, MAC_B);
}

static void both_access(struct model_config *c)
{
	b_access(c);
	c->vnets[A - 1].pvid = 10;
	add_fdb(c, A, 10, MAC_A);
}

static void steer_mac(struct model_config *c)
{
	c->uplinks[0].steer_ip = false;
}

/* C and D share a MAC that is not the NIC's. */
static void other_mac(struct model_config *c)
{
	c->uplinks[0].steer_ip = false;
	memcpy(c->vnets[C - 1].mac, MAC(0x77), MODEL_MAC_LEN);
	memcpy(c->vnets[D - 1].mac, MAC(0x77), MODEL_MAC_LEN);
	add_fdb(c, C, 0, MAC(0x77));
}

static void no_guard(struct model_config *c)
{
	c->vnets[A - 1].guard = false;
}

static void b_no_member(struct model_config *c)
{
	c->resources[B - 1].member = false;
}

static void b_storm(struct model_config *c)
{
	c->vnets[B - 1].storm = (struct model_storm) { true, 1000000000, 0 };
}

static void a_storm(struct model_config *c)
{
	c->vnets[A - 1].storm = (struct model_storm) { true, 1000000000, 0 };
}

static void a_is_hybrid(struct model_config *c)
{
	c->resources[A - 1].type = ABI_HYBRID;
}

static void nic_down(struct model_config *c)
{
	c->devices[0].carrier = false;
}

/* --- the cases --- */

#define WIRE		     .program = MODEL_UPLINK, .device = NIC
#define HOST		     .program = MODEL_UPLINK_TX, .device = NIC
#define FROM(v)		     .program = MODEL_TX, .device = (v) == A ? PORT(A) : PORT(v)
#define FRAME(to, from, ...) .frame = { .dst = (to), .src = (from), __VA_ARGS__ }
#define IN(v)		     .expect = { MODEL_REDIRECT, PORT(v), .received = (v) }
#define STAYS		     .expect = { MODEL_PASS }
#define COPIES(...)	     .expect = { MODEL_PASS, .copies = __VA_ARGS__ }
#define DROPS(v, why)	     .expect = { MODEL_DROP, .vnet = (v), .drop = ABI_DROP_##why }
#define ACROSS(from, to)                                                                           \
	.expect = { MODEL_REDIRECT, PORT(to), .sent = (from), .received = (to),                    \
		    .reason = ABI_REASON_SERVICE }
#define OUT(from) .expect = { MODEL_REDIRECT, NIC, .sent = (from), .reason = ABI_REASON_SERVICE }
#define TO_STACK(from)                                                                             \
	.expect = { MODEL_REDIRECT, NIC, .sent = (from), .reason = ABI_REASON_SERVICE,             \
		    .into_stack = true }
#define SPREADS(from, to)                                                                          \
	.expect = { MODEL_REDIRECT,	NIC,                                                       \
		    .sent = (from),	.reason = ABI_REASON_MULTICAST,                            \
		    .stack_copy = true, .copies = (to) }
#define XDP_PASSES .xdp_passes = true

#define EVERYBODY (TO(A) | TO(B) | TO(C) | TO(D))
#define ND_AT	  "fd000000000000000000000000000003"

static const struct uplink_case cases[] = {
	/* from the wire: by MAC */
	{ "to a vnet", NULL, WIRE, FRAME(MAC_A, OUTSIDE), IN(A) },
	{ "to another", NULL, WIRE, FRAME(MAC_B, OUTSIDE), IN(B) },
	{ "to nobody here", NULL, WIRE, FRAME(MAC(0x44), OUTSIDE), STAYS },
	{ "to the NIC", steer_mac, WIRE, FRAME(MAC_NIC, OUTSIDE, IP("50", "03")), STAYS },
	{ "in a VLAN that it is not in", NULL, WIRE, FRAME(MAC_B, OUTSIDE, VLAN(10)), STAYS },
	{ "in a VLAN that it has tagged", b_tagged, WIRE, FRAME(MAC_B, OUTSIDE, VLAN(10)), IN(B) },
	{ "with a priority alone", NULL, WIRE, FRAME(MAC_A, OUTSIDE, VLAN(5 << 13)), IN(A) },
	{ "tagged on the wire, untagged inside", b_access, WIRE, FRAME(MAC_B, OUTSIDE, VLAN(10)),
	  IN(B) },
	{ "untagged to who is tagged on the wire", b_access, WIRE, FRAME(MAC_B, OUTSIDE), STAYS },
	{ "tagged twice", NULL, WIRE,
	  FRAME(MAC_A, OUTSIDE, .tags = { { FRAME_8021Q, 1 }, { FRAME_8021Q, 2 } }), STAYS },
	{ "its own MAC comes back", NULL, WIRE, FRAME(MAC_A, MAC_A), DROPS(A, REFLECTED) },
	{ "from another vnet, by way of the wire", NULL, WIRE, FRAME(MAC_A, MAC_B), IN(A) },
	{ "the NIC's MAC comes back", NULL, WIRE, FRAME(MAC_A, MAC_NIC), STAYS },
	{ "from a group", NULL, WIRE, FRAME(MAC_A, SOME), DROPS(A, SPOOFED) },

	/* from the wire: by address */
	{ "to C's address", NULL, WIRE, FRAME(MAC_NIC, OUTSIDE, IP("50", "03")), IN(C) },
	{ "to D's address", NULL, WIRE, FRAME(MAC_NIC, OUTSIDE, IP("50", "04")), IN(D) },
	{ "to the NIC's own", NULL, WIRE, FRAME(MAC_NIC, OUTSIDE, IP("50", "01")), STAYS },
	{ "to nobody's", NULL, WIRE, FRAME(MAC_NIC, OUTSIDE, IP("50", "07")), STAYS },
	{ "in another VLAN", NULL, WIRE, FRAME(MAC_NIC, OUTSIDE, VLAN(10), IP("50", "03")), STAYS },
	{ "no IP", NULL, WIRE, FRAME(MAC_NIC, OUTSIDE), STAYS },
	{ "by ARP", NULL, WIRE, FRAME(MAC_NIC, OUTSIDE, ARP("0a000050", "0a000004")), IN(D) },
	{ "IPv6", NULL, WIRE, FRAME(MAC_NIC, OUTSIDE, IP6(ND_AT, "06", "1234")), IN(C) },
	{ "IPv6, not ours", NULL, WIRE,
	  FRAME(MAC_NIC, OUTSIDE, IP6("fd000000000000000000000000000007", "06", "1234")), STAYS },
	{ "another MAC that is shared", other_mac, WIRE, FRAME(MAC(0x77), OUTSIDE, IP("50", "04")),
	  IN(D) },
	{ "another MAC that is shared, nobody's address", other_mac, WIRE,
	  FRAME(MAC(0x77), OUTSIDE, IP("50", "07")), STAYS },

	/* answers of DHCP */
	{ "DHCP to who has no address yet", NULL, WIRE,
	  FRAME(MAC_NIC, OUTSIDE, UDP("01", "0a000063", "0043 0044")), COPIES(TO(C) | TO(D)),
	  XDP_PASSES },
	{ "DHCP to who has one", NULL, WIRE,
	  FRAME(MAC_NIC, OUTSIDE, UDP("01", "0a000003", "0043 0044")), IN(C) },
	{ "a question of DHCP is none", NULL, WIRE,
	  FRAME(MAC_NIC, OUTSIDE, UDP("01", "0a000063", "0044 0043")), STAYS },
	{ "DHCP from another port", NULL, WIRE,
	  FRAME(MAC_NIC, OUTSIDE, UDP("01", "0a000063", "0042 0044")), STAYS },
	{ "DHCP broadcast", NULL, WIRE, FRAME(ALL, OUTSIDE, UDP("01", "ffffffff", "0043 0044")),
	  COPIES(EVERYBODY), XDP_PASSES },
	{ "DHCPv6", NULL, WIRE,
	  FRAME(MAC_NIC, OUTSIDE,
		IP6("fe800000000000000000000000000007", "11", "0223 0222 0008 0000")),
	  COPIES(TO(C) | TO(D)), XDP_PASSES },
	{ "IPv4 with the ports of DHCPv6", NULL, WIRE,
	  FRAME(MAC_NIC, OUTSIDE, UDP("01", "0a000063", "0223 0222")), STAYS },
	{ "DHCP to another MAC that is shared", other_mac, WIRE,
	  FRAME(MAC(0x77), OUTSIDE, UDP("01", "0a000063", "0043 0044")), COPIES(TO(C) | TO(D)),
	  XDP_PASSES },

	/* for many */
	{ "broadcast", NULL, WIRE, FRAME(ALL, OUTSIDE), COPIES(EVERYBODY), XDP_PASSES },
	{ "multicast", NULL, WIRE, FRAME(SOME, OUTSIDE), COPIES(EVERYBODY), XDP_PASSES },
	{ "in the VLAN of one", b_tagged, WIRE, FRAME(ALL, OUTSIDE, VLAN(10)), COPIES(TO(B)),
	  XDP_PASSES },
	{ "in the VLAN of one, untagged inside", b_access, WIRE, FRAME(ALL, OUTSIDE, VLAN(10)),
	  COPIES(TO(B)), XDP_PASSES },
	{ "tagged, but untagged on every wire", NULL, WIRE, FRAME(ALL, OUTSIDE, VLAN(1)), STAYS,
	  XDP_PASSES },
	{ "who is no member gets none", b_no_member, WIRE, FRAME(ALL, OUTSIDE),
	  COPIES(TO(A) | TO(C) | TO(D)), XDP_PASSES },
	{ "a vnet's own, reflected", NULL, WIRE, FRAME(ALL, MAC_B), STAYS, XDP_PASSES },
	{ "the NIC's own, reflected", NULL, WIRE, FRAME(ALL, MAC_NIC), STAYS, XDP_PASSES },

	/* from a vnet */
	{ "vnet to vnet", NULL, FROM(A), FRAME(MAC_B, MAC_A), ACROSS(A, B) },
	{ "vnet to vnet, from the shortcut", NULL, .program = MODEL_TX, .device = UPPER,
	  FRAME(MAC_B, MAC_A), ACROSS(A, B) },
	{ "vnet to vnet in a VLAN of one", b_tagged, FROM(B), FRAME(MAC_A, MAC_B, VLAN(10)),
	  OUT(B) },
	{ "vnet to vnet in another's VLAN", both_access, FROM(A), FRAME(MAC_B, MAC_A),
	  ACROSS(A, B) },
	{ "to nobody here: out", NULL, FROM(A), FRAME(OUTSIDE, MAC_A), OUT(A) },
	{ "to itself: out", NULL, FROM(A), FRAME(MAC_A, MAC_A), OUT(A) },
	{ "to the NIC's stack", steer_mac, FROM(A), FRAME(MAC_NIC, MAC_A), TO_STACK(A),
	  XDP_PASSES },
	{ "to the NIC's stack, by address", NULL, FROM(A), FRAME(MAC_NIC, MAC_A, IP("02", "01")),
	  TO_STACK(A), XDP_PASSES },
	{ "to C by address", NULL, FROM(A), FRAME(MAC_NIC, MAC_A, IP("02", "03")), ACROSS(A, C) },
	{ "of two that share a MAC", NULL, FROM(C), FRAME(MAC_NIC, MAC_NIC, IP("03", "04")),
	  ACROSS(C, D) },
	{ "from C to the stack", NULL, FROM(C), FRAME(MAC_NIC, MAC_NIC, IP("03", "01")),
	  TO_STACK(C), XDP_PASSES },
	{ "from C to itself", NULL, FROM(C), FRAME(MAC_NIC, MAC_NIC, IP("03", "03")), OUT(C) },
	{ "from C to A", NULL, FROM(C), FRAME(MAC_A, MAC_NIC, IP("03", "02")), ACROSS(C, A) },
	{ "from C to the outside", NULL, FROM(C), FRAME(OUTSIDE, MAC_NIC, IP("03", "50")), OUT(C) },
	{ "broadcast of a vnet", NULL, FROM(A), FRAME(ALL, MAC_A),
	  SPREADS(A, TO(B) | TO(C) | TO(D)), XDP_PASSES },
	{ "broadcast of one that shares its MAC", NULL, FROM(C), FRAME(ALL, MAC_NIC),
	  SPREADS(C, TO(A) | TO(B) | TO(D)), XDP_PASSES },
	{ "broadcast in a VLAN of nobody else", b_tagged, FROM(B), FRAME(ALL, MAC_B, VLAN(10)),
	  SPREADS(B, 0), XDP_PASSES },
	{ "broadcast, tagged on the wire", both_access, FROM(A), FRAME(ALL, MAC_A),
	  SPREADS(A, TO(B)), XDP_PASSES },
	{ "an answer of DHCP by a vnet", NULL, FROM(A),
	  FRAME(MAC_NIC, MAC_A, UDP("02", "0a000063", "0043 0044")),
	  .expect = { MODEL_REDIRECT, NIC, .sent = A, .reason = ABI_REASON_SERVICE,
		      .into_stack = true, .copies = TO(C) | TO(D) },
	  XDP_PASSES },
	{ "the same for a MAC that is not the NIC's", other_mac, FROM(A),
	  FRAME(MAC(0x77), MAC_A, UDP("02", "0a000063", "0043 0044")),
	  .expect = { MODEL_REDIRECT, NIC, .sent = A, .reason = ABI_REASON_SERVICE,
		      .copies = TO(C) | TO(D) },
	  XDP_PASSES },
	{ "the guard holds", NULL, FROM(A), FRAME(MAC_B, OUTSIDE), DROPS(A, SPOOFED) },
	{ "no guard: another's MAC is reflected there", no_guard, FROM(A), FRAME(MAC_B, MAC_B),
	  .expect = { MODEL_DROP, .sent = A, .vnet = B, .drop = ABI_DROP_REFLECTED } },
	{ "an uplink as a hybrid", a_is_hybrid, FROM(A), FRAME(OUTSIDE, MAC_A),
	  .expect = { MODEL_REDIRECT, NIC, .sent = A, .reason = ABI_REASON_HYBRID } },
	{ "a hybrid gets broadcast where there is no service", a_is_hybrid, WIRE,
	  FRAME(ALL, OUTSIDE), COPIES(EVERYBODY), XDP_PASSES },

	/* from the NIC's own stack */
	{ "the stack to a vnet", NULL, HOST, FRAME(MAC_A, MAC_NIC), IN(A) },
	{ "the stack to C", NULL, HOST, FRAME(MAC_NIC, MAC_NIC, IP("01", "03")), IN(C) },
	{ "the stack to itself", NULL, HOST, FRAME(MAC_NIC, MAC_NIC, IP("01", "01")), STAYS },
	{ "the stack to the outside", NULL, HOST, FRAME(OUTSIDE, MAC_NIC), STAYS },
	{ "the stack's broadcast", NULL, HOST, FRAME(ALL, MAC_NIC), COPIES(EVERYBODY) },
	{ "the stack's broadcast in a VLAN", b_tagged, HOST, FRAME(ALL, MAC_NIC, VLAN(10)),
	  COPIES(TO(B)) },
	{ "a vnet's frame on its way out", NULL, HOST, FRAME(MAC_B, MAC_A), STAYS },
	{ "a vnet's broadcast on its way out", NULL, HOST, FRAME(ALL, MAC_A), STAYS },
};

/* Where the programs see that the NIC has no carrier, there is no path at all. */
static const struct uplink_case carrierless = { "the NIC has no carrier", nic_down, FROM(A),
						FRAME(MAC_B, MAC_A), DROPS(A, NO_PATH) };

/* --- running them --- */

struct bench {
	struct model_config config;
	struct model_state state;
	struct model_frame in;
	struct model_output output;
	struct world_seen seen;
};

static struct bench *bench_new(void (*change)(struct model_config *c))
{
	struct world_features features = world_features(fixture_world());
	struct bench *b = calloc(1, sizeof(*b));

	ck_assert_ptr_nonnull(b);
	scene(&b->config);
	if (change)
		change(&b->config);
	b->config.sees_state = features.device_state;
	b->config.sees_xdp = features.xdp_features;
	b->state.now_ns = 1;
	ck_assert_int_eq(world_apply(fixture_world(), &b->config), 0);
	return b;
}

static void check_model(const struct bench *b, const struct expected *e, const char *name)
{
	const struct model_output *o = &b->output;
	uint32_t copies = 0;

	for (size_t i = 0; i < o->copy_count; i++)
		if (!o->copies[i].drop)
			copies |= TO(o->copies[i].vnet);
	ck_assert_msg(o->verdict == e->verdict && o->egress == e->egress && o->sent == e->sent &&
			      o->received == e->received && o->reason == e->reason &&
			      o->drop == e->drop && o->into_stack == e->into_stack &&
			      o->stack_copy == e->stack_copy && copies == e->copies &&
			      (o->verdict != MODEL_DROP || o->vnet == e->vnet),
		      "%s: the model: verdict %d egress %u sent %u received %u reason %d drop %d "
		      "vnet %u stack %d %d copies %x",
		      name, o->verdict, o->egress, o->sent, o->received, o->reason, o->drop,
		      o->vnet, o->into_stack, o->stack_copy, copies);
}

static uint32_t bits(uint32_t word)
{
	uint32_t count = 0;

	for (; word; word &= word - 1)
		count++;
	return count;
}

static void check_program(const struct bench *b, const struct expected *e, const char *name)
{
	const struct world_seen *s = &b->seen;
	uint32_t copies = 0;

	/* Each vnet has one resource, and they are in the same order. */
	for (size_t i = 0; i < b->config.resource_count; i++)
		if (s->counted.resources[i].rx_packets &&
		    b->config.resources[i].number != e->received)
			copies |= TO(b->config.resources[i].vnet);
	ck_assert_msg(s->verdict == e->verdict && s->egress == e->egress &&
			      s->told.sent == e->sent && s->told.received == e->received &&
			      s->told.reason == e->reason && s->told.drop == e->drop &&
			      s->told.into_stack == e->into_stack &&
			      s->told.copies == bits(e->copies) + e->stack_copy &&
			      copies == e->copies && s->told.vnet == e->vnet,
		      "%s: the program: verdict %d egress %u sent %u received %u reason %d drop %d "
		      "vnet %u stack %d copies %x (%u)",
		      name, s->verdict, s->egress, s->told.sent, s->told.received, s->told.reason,
		      s->told.drop, s->told.vnet, s->told.into_stack, copies, s->told.copies);
}

static void run_with(const struct uplink_case *u, enum model_program program,
		     const struct expected *e)
{
	struct bench *b = bench_new(u->change);

	frame_build(&u->frame, &b->in);
	model_run(&b->config, &b->state, program, u->device, &b->in, &b->output);
	check_model(b, e, u->name);
	ck_assert_int_eq(world_test_run(fixture_world(), program, u->device, &b->in, &b->seen), 0);
	check_program(b, e, u->name);
	free(b);
}

static void run_case(const struct uplink_case *u)
{
	const struct expected passes = { MODEL_PASS };

	run_with(u, u->program, &u->expect);
	if (u->program == MODEL_UPLINK)
		run_with(u, MODEL_XDP_UPLINK, u->xdp_passes ? &passes : &u->expect);
	else if (u->program == MODEL_TX && u->device != UPPER)
		run_with(u, MODEL_XDP_TX, u->xdp_passes ? &passes : &u->expect);
}

START_TEST(run)
{
	run_case(&cases[_i]);
}
END_TEST

START_TEST(without_a_carrier)
{
	if (world_features(fixture_world()).device_state)
		run_case(&carrierless);
}
END_TEST

/* --- storms --- */

/* A broadcast from @device, the second one within the distance that the limit wants. */
static void storm(void (*change)(struct model_config *c), enum model_program program,
		  uint32_t device, const uint8_t *src, const struct expected *e)
{
	const struct frame_spec spec = { .dst = ALL, .src = src };
	struct bench *b = bench_new(change);

	frame_build(&spec, &b->in);
	for (int i = 0; i < 2; i++) {
		model_run(&b->config, &b->state, program, device, &b->in, &b->output);
		ck_assert_int_eq(world_test_run(fixture_world(), program, device, &b->in, &b->seen),
				 0);
	}
	check_model(b, e, "a storm");
	check_program(b, e, "a storm");
	free(b);
}

START_TEST(a_limit_is_of_one_vnet)
{
	const struct expected others = { MODEL_PASS, .copies = TO(A) | TO(C) | TO(D) };
	const struct expected dropped = { MODEL_DROP, .vnet = A, .drop = ABI_DROP_STORM };

	storm(b_storm, MODEL_UPLINK, NIC, OUTSIDE, &others);
	storm(a_storm, MODEL_TX, PORT(A), MAC_A, &dropped);
}
END_TEST

/* --- learning --- */

/* Sends ARP from vnet @v for 10.0.@high.@low, in the model and in the programs. */
static void claim(struct bench *b, uint32_t v, uint8_t high, uint8_t low)
{
	char payload[128];
	const struct frame_spec spec = {
		.dst = ALL, .src = MAC_NIC, .type = 0x0806, .payload = payload
	};

	snprintf(payload, sizeof(payload),
		 "0001 0800 06 04 0001 020000000099 0a00%02x%02x 000000000000 0a000050", high, low);
	frame_build(&spec, &b->in);
	model_run(&b->config, &b->state, MODEL_TX, PORT(v), &b->in, &b->output);
	ck_assert_int_eq(world_test_run(fixture_world(), MODEL_TX, PORT(v), &b->in, &b->seen), 0);
}

/* Whose is 10.0.@high.@low for a frame from the wire? NOBODY: the stack's. */
static uint32_t owner(struct bench *b, uint8_t high, uint8_t low)
{
	char payload[128];
	const struct frame_spec spec = {
		.dst = MAC_NIC, .src = OUTSIDE, .type = 0x0800, .payload = payload
	};

	snprintf(payload, sizeof(payload),
		 "45000028 00000000 40060000 0a000050 0a00%02x%02x 1234 0050", high, low);
	frame_build(&spec, &b->in);
	model_run(&b->config, &b->state, MODEL_UPLINK, NIC, &b->in, &b->output);
	ck_assert_int_eq(world_test_run(fixture_world(), MODEL_UPLINK, NIC, &b->in, &b->seen), 0);
	ck_assert_uint_eq(b->output.received, b->seen.told.received);
	return b->seen.told.received;
}

START_TEST(what_is_claimed_last_counts)
{
	struct bench *b = bench_new(NULL);

	ck_assert_uint_eq(owner(b, 1, 1), NOBODY);
	claim(b, C, 1, 1);
	ck_assert_uint_eq(owner(b, 1, 1), C);
	claim(b, D, 1, 1);
	ck_assert_uint_eq(owner(b, 1, 1), D);
	claim(b, C, 1, 1);
	ck_assert_uint_eq(owner(b, 1, 1), C);
	/* What is given is nobody's to claim: neither another vnet's, nor the NIC's. */
	claim(b, D, 0, 3);
	claim(b, D, 0, 1);
	ck_assert_uint_eq(owner(b, 0, 3), C);
	ck_assert_uint_eq(owner(b, 0, 1), NOBODY);
	free(b);
}
END_TEST

/* A frame of vnet C, and whether the address ADDRESS (IPv6, hex digits) is its own afterwards. */
static void check_claim(uint16_t type, const char *payload, const char *address, bool learned)
{
	char to[128];
	const struct frame_spec spec = {
		.dst = ALL, .src = MAC_NIC, .type = type, .payload = payload
	};
	const struct frame_spec probe = {
		.dst = MAC_NIC, .src = OUTSIDE, .type = 0x86dd, .payload = to
	};
	struct bench *b = bench_new(NULL);

	frame_build(&spec, &b->in);
	model_run(&b->config, &b->state, MODEL_TX, PORT(C), &b->in, &b->output);
	ck_assert_int_eq(world_test_run(fixture_world(), MODEL_TX, PORT(C), &b->in, &b->seen), 0);
	snprintf(to, sizeof(to), "60000000 0020 06 40 fd000000000000000000000000000009 %s",
		 address);
	frame_build(&probe, &b->in);
	model_run(&b->config, &b->state, MODEL_UPLINK, NIC, &b->in, &b->output);
	ck_assert_int_eq(world_test_run(fixture_world(), MODEL_UPLINK, NIC, &b->in, &b->seen), 0);
	ck_assert_uint_eq(b->output.received, learned ? C : NOBODY);
	ck_assert_uint_eq(b->seen.told.received, learned ? C : NOBODY);
	free(b);
}

#define OWN   "fd000000000000000000000000000077"
#define OTHER "fd000000000000000000000000000088"
#define NONE  "00000000000000000000000000000000"
#define ND(from, type, target)                                                                     \
	"60000000 0018 3a ff" from "ff020000000000000000000000000001" type "00 0000 "              \
	"00000000" target

START_TEST(neighbour_discovery_claims)
{
	check_claim(0x86dd, ND(OWN, "87", OTHER), OWN, true);	 /* asks from it */
	check_claim(0x86dd, ND(OWN, "87", OTHER), OTHER, false); /* and not for it */
	check_claim(0x86dd, ND(NONE, "87", OWN), OWN, true);	 /* is about to take it */
	check_claim(0x86dd, ND(OTHER, "88", OWN), OWN, true);	 /* advertises it */
	check_claim(0x86dd, ND(OTHER, "88", OWN), OTHER, false);
	check_claim(0x86dd, ND(OWN, "80", OTHER), OWN, false); /* no such message */
	check_claim(0x86dd, ND(NONE, "88", NONE), NONE, false);
	check_claim(0x86dd, ND(OWN, "88", "ff020000000000000000000000000005"),
		    "ff020000000000000000000000000005", false);
	check_claim(0x86dd, ND(OWN, "88", "00000000000000000000000000000001"),
		    "00000000000000000000000000000001", false);
}
END_TEST

/* As IPv6 they are ::ffff:a.b.c.d, and found in the same way. */
START_TEST(addresses_that_nobody_has)
{
	static const char *const bad[] = { "7f000001", "e0000001", "00000005", "ffffffff" };
	char payload[128], mapped[64];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(payload, sizeof(payload),
			 "0001 0800 06 04 0001 020000000099 %s 000000000000 0a000050", bad[i]);
		snprintf(mapped, sizeof(mapped), "00000000000000000000ffff%s", bad[i]);
		check_claim(0x0806, payload, mapped, false);
	}
	check_claim(0x0806, "0001 0800 06 04 0001 020000000099 0a000177 000000000000 0a000050",
		    "00000000000000000000ffff0a000177", true);
}
END_TEST

static void c_learns_nothing(struct model_config *c)
{
	c->resources[C - 1].learns = false;
}

START_TEST(who_does_not_learn)
{
	struct bench *b = bench_new(c_learns_nothing);

	claim(b, C, 1, 1);
	ck_assert_uint_eq(owner(b, 1, 1), NOBODY);
	claim(b, A, 1, 1); /* it has a MAC of its own */
	ck_assert_uint_eq(owner(b, 1, 1), NOBODY);
	free(b);
}
END_TEST

/* A vnet that claims all there is forgets its own, and nobody else's. */
START_TEST(the_newest_replaces_the_oldest)
{
	struct bench *b = bench_new(NULL);

	claim(b, D, 9, 9);
	for (uint32_t i = 0; i < ABI_LEARNED_MAX; i++)
		claim(b, C, 1, (uint8_t)(1 + i));
	for (uint32_t i = 0; i < ABI_LEARNED_MAX; i++)
		ck_assert_uint_eq(owner(b, 1, (uint8_t)(1 + i)), C);
	claim(b, C, 1, 1); /* it has that one */
	claim(b, D, 1, 2); /* and loses this one to another */
	claim(b, C, 2, 1); /* in place of the first */
	claim(b, C, 2, 2); /* of the second, which is not its any more */
	claim(b, C, 2, 3);
	ck_assert_uint_eq(owner(b, 1, 1), NOBODY);
	ck_assert_uint_eq(owner(b, 1, 2), D);
	ck_assert_uint_eq(owner(b, 1, 3), NOBODY);
	ck_assert_uint_eq(owner(b, 1, 4), C);
	ck_assert_uint_eq(owner(b, 2, 3), C);
	ck_assert_uint_eq(owner(b, 9, 9), D);
	free(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("uplink");
	TCase *tc = tcase_create("fixtures");

	tcase_add_loop_test(tc, run, 0, ARRAY_SIZE(cases));
	tcase_add_test(tc, without_a_carrier);
	tcase_add_test(tc, a_limit_is_of_one_vnet);
	tcase_add_test(tc, what_is_claimed_last_counts);
	tcase_add_test(tc, who_does_not_learn);
	tcase_add_test(tc, neighbour_discovery_claims);
	tcase_add_test(tc, addresses_that_nobody_has);
	tcase_add_test(tc, the_newest_replaces_the_oldest);
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
