// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where flows lead: one frame at a time, and what must become of it, written by hand; asked of the
 * model and of the programs. The scene: a NIC with the vnets A and B on it, and vnet E with a
 * device of its own. UDP to port 53 is what the flow takes.
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum { NOBODY, A, B, E, VNETS }; /* vnets, and their resources */

#define UPLINK	3
#define FLOW	1
#define E_CPU	2 /* a flow of E */
#define NIC	SCENE_DEVICE(SCENE_SERVICE)
#define PORT(v) SCENE_DEVICE(SCENE_SERVICE + (v))
#define E_DEV	SCENE_DEVICE(SCENE_SERVICE + VNETS)

#define MAC(last) FRAME_MAC(2, 0, 0, 0, 0, last)
#define MAC_A	  MAC(A)
#define MAC_B	  MAC(B)
#define MAC_E	  MAC(E)
#define MAC_NIC	  MAC(0x99)
#define NOT_HERE  MAC(0x44)
#define OUTSIDE	  MAC(0x50)
#define ALL	  SCENE_MAC_BROADCAST

#define UDP(port)                                                                                  \
	.type = 0x0800,                                                                            \
	.payload = "4500001c 00000000 40110000 0a000050 0a000001 1000" port "0008 0000"
#define DNS	UDP("0035")
#define WEB	UDP("0050")
#define VLAN(v) .tags = { { FRAME_8021Q, v } }

struct target_case {
	const char *name;
	void (*change)(struct model_config *c);
	enum model_program program;
	uint32_t device;
	struct frame_spec frame;
	struct {
		enum model_verdict verdict;
		uint32_t egress;
		uint32_t received, vnet; /* who counts it, or the drop */
		uint32_t sent;		 /* the member that sent it */
		enum abi_drop drop;
		bool into_cpu;
		const uint8_t *dst; /* NULL: as it came */
		uint16_t tci;	    /* in the frame */
		uint32_t flow;	    /* counts it, 0: none */
	} expect;
};

/* --- the scene --- */

static void add_device(struct model_config *c, uint32_t ifindex)
{
	c->devices[c->device_count++] =
		(struct model_device) { ifindex, true, true, true, true, false };
}

static void add_fdb(struct model_config *c, uint32_t r, uint16_t vlan)
{
	c->fdb[c->fdb_count++] = (struct model_fdb) {
		ABI_OF_UPLINK | UPLINK, vlan, { 2, 0, 0, 0, 0, (uint8_t)r }, r
	};
}

static void add_vnet(struct model_config *c, uint32_t v)
{
	c->vnets[c->vnet_count++] = (struct model_vnet) { .number = v,
							  .mac = { 2, 0, 0, 0, 0, (uint8_t)v },
							  .pvid = 1,
							  .port = PORT(v),
							  .guard = true,
							  .xdp = true };
	c->resources[c->resource_count++] =
		(struct model_resource) { .number = v,
					  .vnet = v,
					  .type = ABI_SERVICE,
					  .ifindex = v == E ? E_DEV : NIC,
					  .up = true,
					  .xdp = true,
					  .pvid = 1,
					  .uplink = v == E ? 0 : UPLINK,
					  .member = v != E };
	c->ports[c->port_count++] = (struct model_port) { .ifindex = PORT(v), .vnet = v };
	add_device(c, PORT(v));
	if (v != E)
		add_fdb(c, v, 0);
}

static struct model_flow *add_flow(struct model_config *c, uint32_t number, uint32_t owner,
				   enum abi_flow_target kind, uint32_t target)
{
	struct model_flow *flow = &c->flows[c->flow_count++];

	*flow = (struct model_flow) {
		.number = number,
		.owner = owner,
		.in = true,
		.match = { .has_proto = true, .proto = 17, .lport = { true, 53, 53 } },
		.target_kind = kind,
		.target = target,
	};
	return flow;
}

/* A flow of the uplink leads to B. */
static void scene(struct model_config *c)
{
	memset(c, 0, sizeof(*c));
	c->uplinks[c->uplink_count++] = (struct model_uplink) { .number = UPLINK,
								.ifindex = NIC,
								.mac = { 2, 0, 0, 0, 0, 0x99 } };
	add_device(c, NIC);
	add_device(c, E_DEV);
	c->ports[c->port_count++] = (struct model_port) { .ifindex = NIC, .uplink = UPLINK };
	c->ports[c->port_count++] =
		(struct model_port) { .ifindex = E_DEV, .vnet = E, .resource = E };
	for (uint32_t v = A; v < VNETS; v++)
		add_vnet(c, v);
	add_flow(c, FLOW, ABI_OF_UPLINK | UPLINK, ABI_TARGET_VNET, B);
}

static void b_tagged(struct model_config *c)
{
	c->vnets[B - 1].vlans.vlan[0] = 10;
}

/* Inside, B's VLAN is another one than on its wire. */
static void b_inside(struct model_config *c)
{
	c->vnets[B - 1].vlans.vlan[0] = 10;
	c->resources[B - 1].pvid = 10;
}

static void in_vlan(struct model_config *c)
{
	b_tagged(c);
	c->flows[0].match.vlan = 10;
}

/* VLAN 1 is the members' own, and nothing on the wire. */
static void in_own_vlan(struct model_config *c)
{
	c->flows[0].match.vlan = 1;
}

static void to_stranger(struct model_config *c)
{
	c->flows[0].target = E;
}

static void to_none(struct model_config *c)
{
	c->flows[0].target = 40;
}

static void to_cpu(struct model_config *c)
{
	c->flows[0].target_kind = ABI_TARGET_CPU;
	c->flows[0].target = 0;
}

/* A number that a member has as well. */
static void to_cpu_and_vnet(struct model_config *c)
{
	to_cpu(c);
	c->flows[0].target = A;
	add_flow(c, E_CPU, ABI_OF_UPLINK | UPLINK, ABI_TARGET_VNET, B)->match.lport =
		(struct model_ports) { true, 99, 99 };
}

static void b_inside_alone(struct model_config *c)
{
	b_inside(c);
	c->flow_count = 0;
}

static void to_no_cpu(struct model_config *c)
{
	to_cpu(c);
	c->flows[0].target = MODEL_CPUS;
}

static void b_to_cpu(struct model_config *c)
{
	add_flow(c, E_CPU, B, ABI_TARGET_CPU, 0);
}

static void e_to_cpu(struct model_config *c)
{
	add_flow(c, E_CPU, E, ABI_TARGET_CPU, 0);
}

static void e_to_no_cpu(struct model_config *c)
{
	add_flow(c, E_CPU, E, ABI_TARGET_CPU, MODEL_CPUS);
}

static void e_in_vlan_to_cpu(struct model_config *c)
{
	e_to_cpu(c);
	c->flows[1].match.vlan = 10;
}

/* Untagged is its own VLAN inside. */
static void e_in_own_vlan_to_cpu(struct model_config *c)
{
	e_to_cpu(c);
	c->flows[1].match.vlan = 1;
}

static void e_all_to_cpu(struct model_config *c)
{
	e_to_cpu(c);
	c->flows[1].match = (struct model_match) { 0 };
}

static void all_to_cpu(struct model_config *c)
{
	to_cpu(c);
	c->flows[0].match = (struct model_match) { 0 };
}

static void in_vlan_to_cpu(struct model_config *c)
{
	to_cpu(c);
	c->flows[0].match.vlan = 10;
}

static void in_own_vlan_to_cpu(struct model_config *c)
{
	to_cpu(c);
	c->flows[0].match.vlan = 1;
}

/* The uplink has no flows. */
static void b_alone_to_cpu(struct model_config *c)
{
	c->flow_count = 0;
	b_to_cpu(c);
}

static void b_alone_in_own_vlan_to_cpu(struct model_config *c)
{
	b_alone_to_cpu(c);
	c->flows[0].match.vlan = 1;
}

static void e_sends_to_cpu(struct model_config *c)
{
	struct model_flow *flow = add_flow(c, E_CPU, E, ABI_TARGET_CPU, 0);

	flow->in = false;
	flow->out = true;
}

/* --- the cases --- */

#define WIRE		     .program = MODEL_UPLINK, .device = NIC
#define HOST		     .program = MODEL_UPLINK_TX, .device = NIC
#define NIC_XDP		     .program = MODEL_XDP_UPLINK, .device = NIC
#define NIC_CPU		     .program = MODEL_XDP_CPU, .device = NIC
#define OVER_E		     .program = MODEL_RX, .device = E_DEV
#define E_XDP		     .program = MODEL_XDP_RX, .device = E_DEV
#define E_CPU_XDP	     .program = MODEL_XDP_CPU, .device = E_DEV
#define FRAME(to, from, ...) .frame = { .dst = (to), .src = (from), __VA_ARGS__ }
#define IN(v, ...)	     .expect = { MODEL_REDIRECT, PORT(v), .received = (v), .vnet = (v), __VA_ARGS__ }
#define LED(...)	     IN(B, .dst = MAC_B, .flow = FLOW, __VA_ARGS__)
#define STAYS		     .expect = { MODEL_PASS }
#define DROPS(v, why, ...)                                                                         \
	.expect = { MODEL_DROP, .vnet = (v), .drop = ABI_DROP_##why, __VA_ARGS__ }
#define CPU .expect = { MODEL_REDIRECT, 0, .into_cpu = true }

static const struct target_case cases[] = {
	/* to a vnet */
	{ "to A", NULL, WIRE, FRAME(MAC_A, OUTSIDE, DNS), LED() },
	{ "to B itself", NULL, WIRE, FRAME(MAC_B, OUTSIDE, DNS), LED() },
	{ "to the NIC", NULL, WIRE, FRAME(MAC_NIC, OUTSIDE, DNS), LED() },
	{ "to nobody here", NULL, WIRE, FRAME(NOT_HERE, OUTSIDE, DNS), LED() },
	{ "from A, by way of the wire", NULL, WIRE, FRAME(MAC_A, MAC_A, DNS), LED() },
	{ "another port", NULL, WIRE, FRAME(MAC_A, OUTSIDE, WEB), IN(A) },
	{ "another port, to nobody here", NULL, WIRE, FRAME(NOT_HERE, OUTSIDE, WEB), STAYS },
	{ "from the NIC's stack", NULL, HOST, FRAME(MAC_A, MAC_NIC, DNS), IN(A) },
	{ "the NIC's MAC comes back", NULL, WIRE, FRAME(MAC_A, MAC_NIC, DNS), STAYS },
	{ "B's MAC comes back", NULL, WIRE, FRAME(MAC_A, MAC_B, DNS), DROPS(B, REFLECTED) },
	{ "from a group", NULL, WIRE, FRAME(MAC_A, ALL, DNS), DROPS(B, SPOOFED) },
	{ "with a priority alone", NULL, WIRE, FRAME(MAC_A, OUTSIDE, VLAN(5 << 13), DNS), LED() },
	{ "in a VLAN that B is not in", NULL, WIRE, FRAME(MAC_A, OUTSIDE, VLAN(10), DNS),
	  DROPS(B, VLAN) },
	{ "in a VLAN that B has tagged", b_tagged, WIRE, FRAME(MAC_A, OUTSIDE, VLAN(10), DNS),
	  LED(.tci = 10) },
	{ "into another VLAN", b_inside, WIRE, FRAME(MAC_A, OUTSIDE, DNS), LED(.tci = 10) },
	{ "into another VLAN, with its priority", b_inside, WIRE,
	  FRAME(MAC_A, OUTSIDE, VLAN(5 << 13), DNS), LED(.tci = 5 << 13 | 10) },
	{ "tagged twice", b_tagged, WIRE,
	  FRAME(MAC_A, OUTSIDE, .tags = { { FRAME_8021Q, 10 }, { FRAME_8021Q, 2 } }, DNS), STAYS },
	{ "in the flow's VLAN", in_vlan, WIRE, FRAME(MAC_A, OUTSIDE, VLAN(10), DNS),
	  LED(.tci = 10) },
	{ "not in the flow's VLAN", in_vlan, WIRE, FRAME(MAC_A, OUTSIDE, DNS), IN(A) },
	{ "the VLAN is that on the wire", in_own_vlan, WIRE, FRAME(MAC_A, OUTSIDE, DNS), IN(A) },
	{ "a member of nothing", to_stranger, WIRE, FRAME(MAC_A, OUTSIDE, DNS),
	  IN(A, .flow = FLOW) },
	{ "a member that is gone", to_none, WIRE, FRAME(MAC_A, OUTSIDE, DNS), IN(A, .flow = FLOW) },
	{ "XDP leaves it to TC", NULL, NIC_XDP, FRAME(MAC_A, OUTSIDE, DNS), STAYS },
	{ "XDP drops nothing that is led away", NULL, NIC_XDP, FRAME(MAC_A, MAC_A, DNS), STAYS },

	{ "between members a priority ends with its tag", b_inside, .program = MODEL_TX,
	  .device = PORT(A), FRAME(MAC_B, MAC_A, VLAN(5 << 13), WEB), IN(B, .sent = A, .tci = 10) },

	{ "between members, by XDP", b_inside_alone, .program = MODEL_XDP_TX, .device = PORT(A),
	  FRAME(MAC_B, MAC_A, VLAN(5 << 13), WEB), IN(B, .sent = A, .tci = 10) },
	{ "from the wire, by XDP", b_inside_alone, NIC_XDP,
	  FRAME(MAC_B, OUTSIDE, VLAN(5 << 13), WEB), IN(B, .tci = 5 << 13 | 10) },
	{ "a CPU is no member", to_cpu_and_vnet, WIRE, FRAME(MAC_B, OUTSIDE, DNS),
	  IN(B, .flow = FLOW) },

	/* to a CPU: TC knows nothing of it */
	{ "a CPU, in TC", e_to_cpu, OVER_E, FRAME(MAC_E, OUTSIDE, DNS), IN(E, .flow = E_CPU) },
	{ "a CPU", e_to_cpu, E_CPU_XDP, FRAME(MAC_E, OUTSIDE, DNS), CPU },
	{ "a CPU, tagged", e_to_cpu, E_CPU_XDP, FRAME(MAC_E, OUTSIDE, VLAN(10), DNS), CPU },
	{ "a CPU, tagged twice", e_to_cpu, E_CPU_XDP,
	  FRAME(MAC_E, OUTSIDE, .tags = { { FRAME_8021Q, 10 }, { FRAME_8021Q, 2 } }, DNS), STAYS },
	{ "a CPU, of all, tagged twice", e_all_to_cpu, E_CPU_XDP,
	  FRAME(MAC_E, OUTSIDE, .tags = { { FRAME_8021Q, 10 }, { FRAME_8021Q, 2 } }, DNS), STAYS },
	{ "a CPU, of all", e_all_to_cpu, E_CPU_XDP, FRAME(MAC_E, OUTSIDE), CPU },
	{ "a CPU, in the flow's VLAN", e_in_vlan_to_cpu, E_CPU_XDP,
	  FRAME(MAC_E, OUTSIDE, VLAN(10), DNS), CPU },
	{ "a CPU, not in the flow's VLAN", e_in_vlan_to_cpu, E_CPU_XDP, FRAME(MAC_E, OUTSIDE, DNS),
	  STAYS },
	{ "a CPU, in its own VLAN", e_in_own_vlan_to_cpu, E_CPU_XDP, FRAME(MAC_E, OUTSIDE, DNS),
	  CPU },
	{ "a CPU, for many", e_to_cpu, E_CPU_XDP, FRAME(ALL, OUTSIDE, DNS), CPU },
	{ "a CPU, another port", e_to_cpu, E_CPU_XDP, FRAME(MAC_E, OUTSIDE, WEB), STAYS },
	{ "a CPU that takes none", e_to_no_cpu, E_CPU_XDP, FRAME(MAC_E, OUTSIDE, DNS), STAYS },
	{ "a CPU, of what is sent", e_sends_to_cpu, E_CPU_XDP, FRAME(MAC_E, OUTSIDE, DNS), STAYS },
	{ "no flow", NULL, E_CPU_XDP, FRAME(MAC_E, OUTSIDE, DNS), STAYS },
	{ "a CPU, by the vnet's XDP", e_to_cpu, E_XDP, FRAME(MAC_E, OUTSIDE, DNS), CPU },
	{ "a CPU, what XDP drops", e_to_cpu, E_XDP, FRAME(MAC_A, OUTSIDE, DNS),
	  DROPS(E, NOT_OURS) },
	{ "no CPU, by the vnet's XDP", e_to_cpu, E_XDP, FRAME(MAC_E, OUTSIDE, WEB), STAYS },

	/* at the NIC: the uplink's flows first */
	{ "a CPU, of the uplink", to_cpu, NIC_CPU, FRAME(MAC_A, OUTSIDE, DNS), CPU },
	{ "a CPU, of the uplink, to the NIC", to_cpu, NIC_CPU, FRAME(MAC_NIC, OUTSIDE, DNS), CPU },
	{ "a CPU, of the uplink, for many", to_cpu, NIC_CPU, FRAME(ALL, OUTSIDE, DNS), STAYS },
	{ "a CPU, of the uplink, another port", to_cpu, NIC_CPU, FRAME(MAC_A, OUTSIDE, WEB),
	  STAYS },
	{ "a CPU that takes none, of the uplink", to_no_cpu, NIC_CPU, FRAME(MAC_A, OUTSIDE, DNS),
	  STAYS },
	{ "a CPU, of the uplink, of all, tagged twice", all_to_cpu, NIC_CPU,
	  FRAME(MAC_A, OUTSIDE, .tags = { { FRAME_8021Q, 10 }, { FRAME_8021Q, 2 } }, DNS), STAYS },
	{ "a CPU, of the uplink, in its VLAN", in_vlan_to_cpu, NIC_CPU,
	  FRAME(MAC_A, OUTSIDE, VLAN(10), DNS), CPU },
	{ "a CPU, of the uplink, on whose wire no VLAN is 1", in_own_vlan_to_cpu, NIC_CPU,
	  FRAME(MAC_A, OUTSIDE, DNS), STAYS },
	{ "a CPU, by the uplink's XDP", to_cpu, NIC_XDP, FRAME(MAC_A, OUTSIDE, DNS), CPU },
	{ "a CPU, by the uplink's XDP, to the NIC", to_cpu, NIC_XDP, FRAME(MAC_NIC, OUTSIDE, DNS),
	  CPU },
	{ "a CPU, in TC at the NIC", to_cpu, WIRE, FRAME(MAC_A, OUTSIDE, DNS),
	  IN(A, .flow = FLOW) },
	{ "led to a vnet, and there to a CPU", b_to_cpu, NIC_CPU, FRAME(MAC_A, OUTSIDE, DNS), CPU },
	{ "led to a vnet without", NULL, NIC_CPU, FRAME(MAC_A, OUTSIDE, DNS), STAYS },
	{ "a vnet's, at the NIC", b_to_cpu, NIC_CPU, FRAME(MAC_B, OUTSIDE, DNS), CPU },
	{ "a vnet's alone", b_alone_to_cpu, NIC_CPU, FRAME(MAC_B, OUTSIDE, DNS), CPU },
	{ "a vnet's alone, to another", b_alone_to_cpu, NIC_CPU, FRAME(MAC_A, OUTSIDE, DNS),
	  STAYS },
	{ "a vnet's alone, in its own VLAN", b_alone_in_own_vlan_to_cpu, NIC_CPU,
	  FRAME(MAC_B, OUTSIDE, DNS), CPU },
	{ "a vnet's, another port", b_to_cpu, NIC_CPU, FRAME(MAC_B, OUTSIDE, WEB), STAYS },
	{ "a vnet's, by the uplink's XDP", b_to_cpu, NIC_XDP, FRAME(MAC_B, OUTSIDE, DNS), CPU },
};

/* --- running them --- */

struct bench {
	struct model_config config;
	struct model_state state;
	struct model_frame in;
	struct model_output output;
	struct world_seen want, model, seen;
	struct world_counts counts;
	char why[FIXTURE_WHY_SIZE];
};

static void expect_frame(const struct target_case *t, struct model_frame *ret)
{
	struct frame_spec spec = t->frame;

	if (t->expect.verdict == MODEL_REDIRECT && !t->expect.into_cpu) {
		spec = frame_without_tags(&t->frame);
		if (t->expect.dst)
			spec.dst = t->expect.dst;
	}
	frame_build(&spec, ret);
	if (t->expect.tci)
		ret->tag = (struct model_tag) { true, FRAME_8021Q, t->expect.tci };
	model_frame_flatten(ret);
}

static void expect(const struct bench *b, const struct target_case *t, struct world_seen *ret)
{
	expect_frame(t, &ret->frame);
	ret->verdict = t->expect.verdict;
	ret->egress = t->expect.egress;
	ret->told.received = t->expect.received;
	ret->told.sent = t->expect.sent;
	ret->told.reason = t->expect.sent ? ABI_REASON_SERVICE : ABI_REASON_NONE;
	ret->told.drop = t->expect.drop;
	ret->told.vnet = t->expect.drop ? t->expect.vnet : 0;
	for (size_t i = 0; i < b->config.resource_count; i++)
		if (b->config.resources[i].number == t->expect.received)
			ret->counted.resources[i] =
				(struct abi_counters) { .rx_packets = 1, .rx_bytes = b->in.len };
	for (size_t i = 0; t->expect.sent && i < b->config.resource_count; i++)
		if (b->config.resources[i].number == t->expect.sent)
			ret->counted.resources[i] =
				(struct abi_counters) { .tx_packets = 1, .tx_bytes = b->in.len };
	for (size_t i = 0; i < b->config.vnet_count; i++)
		if (t->expect.drop && b->config.vnets[i].number == t->expect.vnet)
			ret->counted.vnets[i].count[t->expect.drop] = 1;
}

static void compare(struct bench *b, const struct target_case *t, const char *who,
		    const struct world_seen *got)
{
	ck_assert_msg(fixture_compare(&b->config, who, &b->want, got, b->why) == 0, "%s: %s",
		      t->name, b->why);
}

static void check_flows(struct bench *b, const struct target_case *t)
{
	const bool dropped = t->expect.drop;
	bool counts;

	ck_assert_int_eq(world_count(fixture_world(), &b->counts), 0);
	for (size_t i = 0; i < b->config.flow_count; i++) {
		counts = b->config.flows[i].number == t->expect.flow;
		ck_assert_msg(b->counts.flows[i].rx_packets == (counts && !dropped) &&
				      b->counts.flows[i].rx_dropped == (counts && dropped),
			      "%s: flow %zu has %llu frames, %llu dropped", t->name, i,
			      b->counts.flows[i].rx_packets, b->counts.flows[i].rx_dropped);
	}
}

static void run_case(struct bench *b, const struct target_case *t)
{
	model_run(&b->config, &b->state, t->program, t->device, &b->in, &b->output);
	fixture_seen_by_model(&b->config, &b->output, &b->model);
	model_frame_flatten(&b->model.frame);
	compare(b, t, "the model", &b->model);
	ck_assert_int_eq(b->output.into_cpu, t->expect.into_cpu);
	ck_assert_int_eq(world_test_run(fixture_world(), t->program, t->device, &b->in, &b->seen),
			 0);
	/* A tag that a program of TC adds stands beside the frame, and is not seen. */
	if (t->expect.tci && !b->in.tag.present && b->seen.frame.len + 4 == b->want.frame.len) {
		b->seen.frame.tag = (struct model_tag) { true, FRAME_8021Q, t->expect.tci };
		model_frame_flatten(&b->seen.frame);
	}
	compare(b, t, "the program", &b->seen);
	ck_assert_int_eq(b->seen.told.into_cpu, t->expect.into_cpu);
	check_flows(b, t);
}

START_TEST(run)
{
	struct world_features features = world_features(fixture_world());
	const struct target_case *t = &cases[_i];
	struct bench *b = calloc(1, sizeof(*b));

	ck_assert_ptr_nonnull(b);
	scene(&b->config);
	if (t->change)
		t->change(&b->config);
	b->config.sees_state = features.device_state;
	b->config.sees_xdp = features.xdp_features;
	b->state.now_ns = 1;
	frame_build(&t->frame, &b->in);
	expect(b, t, &b->want);
	ck_assert_int_eq(world_apply(fixture_world(), &b->config), 0);
	run_case(b, t);
	free(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("target");
	TCase *tc = tcase_create("cases");

	tcase_add_loop_test(tc, run, 0, ARRAY_SIZE(cases));
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
