/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows that are for an AF_XDP socket: by which device a frame leaves, and what becomes of it at
 * the far end of that. The scene: vnet A on an uplink, and vnet E with a device of its own. UDP to
 * port 53 is what the flows take.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../daemon/xsk.h"
#include "fixture.h"
#include "world_internal.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum { NOBODY, A, E, VNETS }; /* vnets, and their resources */

#define UPLINK	   3
#define NIC	   SCENE_DEVICE(SCENE_SERVICE)
#define PORT(v)	   SCENE_DEVICE(SCENE_SERVICE + (v))
#define E_DEV	   SCENE_DEVICE(SCENE_SERVICE + VNETS)
#define NEAR	   SCENE_DEVICE(SCENE_SERVICE + VNETS + 1)
#define OTHER_NEAR (NEAR + 1)
#define NO_PLACE   UINT32_MAX

enum flow_number { E_FLOW = 1, A_FLOW, U_FLOW, FLOWS };

#define OUTSIDE FRAME_MAC(2, 0, 0, 0, 0, 0x50)
#define UDP(port)                                                                                  \
	.type = 0x0800,                                                                            \
	.payload = "4500001c 00000000 40110000 0a000050 0a000001 1000" port "0008 0000"
#define DNS UDP("0035")
#define WEB UDP("0050")

struct xsk_case {
	const char *name;
	uint32_t vnet;		     /* that the frame is for */
	struct abi_flow rows[FLOWS]; /* by number: what counts of the target */
	uint32_t places[2];	     /* that have a socket; 0: none */
	uint32_t egress;	     /* 0: it is dropped */
	bool limited;		     /* E has a limit; one of the flow came before */
	bool peer;		     /* the other end of its port may be reached at once */
	bool web;		     /* the frame is of no flow, and one of the flow came before */
};

#define XSK(near, which)                                                                           \
	{                                                                                          \
		.target_kind = ABI_TARGET_XSK, .target = (near), .turn = (which)                   \
	}
#define TO(number, ...) .rows = { [number] = __VA_ARGS__ }
#define SOCKET_AT(...)	.places = { __VA_ARGS__ }

static const struct xsk_case cases[] = {
	{ "opened", E, TO(E_FLOW, XSK(NEAR, 0)), SOCKET_AT(2), NEAR },
	{ "opened again", E, TO(E_FLOW, XSK(NEAR, 1)), SOCKET_AT(3), NEAR },
	{ "the other turn's socket", E, TO(E_FLOW, XSK(NEAR, 1)), SOCKET_AT(2), PORT(E) },
	{ "another flow's socket", E, TO(E_FLOW, XSK(NEAR, 0)), SOCKET_AT(4), PORT(E) },
	{ "without a socket", E, TO(E_FLOW, XSK(NEAR, 0)), .egress = PORT(E) },
	{ "no near end", E, TO(E_FLOW, XSK(0, 0)), SOCKET_AT(2), PORT(E) },
	{ "for a CPU", E, TO(E_FLOW, { .target_kind = ABI_TARGET_CPU, .target = NEAR }),
	  SOCKET_AT(2), PORT(E) },
	{ "over a limit", E, TO(E_FLOW, XSK(NEAR, 0)), SOCKET_AT(2), .limited = true },
	{ "a port in another namespace", E, TO(E_FLOW, XSK(NEAR, 0)), SOCKET_AT(2), NEAR,
	  .peer = true },
	{ "the next frame is of no flow", E, TO(E_FLOW, XSK(NEAR, 0)), SOCKET_AT(2), PORT(E),
	  .web = true },
	{ "a member's", A, TO(A_FLOW, XSK(NEAR, 0)), SOCKET_AT(4), NEAR },
	{ "an uplink's", A, TO(U_FLOW, XSK(NEAR, 0)), SOCKET_AT(6), NEAR },
	{ "both: the uplink's", A,
	  .rows = { [A_FLOW] = XSK(NEAR, 0), [U_FLOW] = XSK(OTHER_NEAR, 1) }, SOCKET_AT(4, 7),
	  OTHER_NEAR },
	{ "both, and the uplink's has no socket", A,
	  .rows = { [A_FLOW] = XSK(NEAR, 0), [U_FLOW] = XSK(OTHER_NEAR, 1) }, SOCKET_AT(4), NEAR },
};

/* --- the scene --- */

static void add_vnet(struct model_config *c, uint32_t v)
{
	c->vnets[c->vnet_count++] = (struct model_vnet) {
		.number = v, .mac = { 2, 0, 0, 0, 0, (uint8_t)v }, .pvid = 1, .port = PORT(v)
	};
	c->resources[c->resource_count++] =
		(struct model_resource) { .number = v,
					  .vnet = v,
					  .type = ABI_SERVICE,
					  .ifindex = v == E ? E_DEV : NIC,
					  .up = true,
					  .pvid = 1,
					  .uplink = v == E ? 0 : UPLINK,
					  .member = v != E };
	c->ports[c->port_count++] = (struct model_port) { .ifindex = PORT(v), .vnet = v };
}

static void add_flow(struct model_config *c, uint32_t number, uint32_t owner)
{
	c->flows[c->flow_count++] = (struct model_flow) {
		.number = number,
		.owner = owner,
		.in = true,
		.match = { .has_proto = true, .proto = 17, .lport = { true, 53, 53 } },
	};
}

static void scene(struct model_config *c, const struct xsk_case *t)
{
	c->uplinks[c->uplink_count++] = (struct model_uplink) { .number = UPLINK,
								.ifindex = NIC,
								.mac = { 2, 0, 0, 0, 0, 0x99 } };
	for (uint32_t ifindex = NIC; ifindex <= OTHER_NEAR; ifindex++)
		c->devices[c->device_count++] =
			(struct model_device) { ifindex, true, true, true, true, false };
	c->ports[c->port_count++] = (struct model_port) { .ifindex = NIC, .uplink = UPLINK };
	c->ports[c->port_count++] =
		(struct model_port) { .ifindex = E_DEV, .vnet = E, .resource = E };
	add_vnet(c, A);
	add_vnet(c, E);
	c->vnets[E - 1].peer = t->peer;
	c->fdb[c->fdb_count++] =
		(struct model_fdb) { ABI_OF_UPLINK | UPLINK, 0, { 2, 0, 0, 0, 0, A }, A };
	add_flow(c, E_FLOW, E);
	add_flow(c, A_FLOW, A);
	add_flow(c, U_FLOW, ABI_OF_UPLINK | UPLINK);
	if (t->limited) /* a second for each byte, and no burst: the next frame is too much */
		c->vnets[E - 1].limit =
			(struct model_limit) { .byte_ns = { 1ULL << 50, 1ULL << 50 } };
}

static int map_of(const struct bpf_map *map)
{
	return bpf_map__fd(map);
}

static void lead(const struct model_config *c, const struct xsk_case *t)
{
	const int fd = map_of(fixture_world()->skel->maps.flows);

	for (uint32_t number = E_FLOW; number < FLOWS; number++) {
		struct abi_flow row = t->rows[number];

		row.owner = c->flows[number - 1].owner;
		ck_assert_int_eq(bpf_map_update_elem(fd, &number, &row, BPF_ANY), 0);
	}
}

/*
 * Such as vnetd makes; whose frames it gets is not what is asked here. The kernel takes its time to
 * let go of one, so there is one for all, made before any test is forked.
 */
static int socket_of_all = -1;

static void make_socket(void)
{
	struct kernel_xsk x;

	ck_assert_int_eq(world_device(fixture_world(), NEAR), 0);
	ck_assert_int_eq(xsk_open(NULL, NEAR, 64, &x), 0);
	close(x.memory);
	socket_of_all = x.socket;
}

static void close_socket(void)
{
	close(socket_of_all);
}

static void put(uint32_t place, bool there)
{
	const int fd = map_of(fixture_world()->skel->maps.xsks);

	if (there)
		ck_assert_int_eq(bpf_map_update_elem(fd, &place, &socket_of_all, BPF_ANY), 0);
	else
		bpf_map_delete_elem(fd, &place);
}

/* --- in TC --- */

static void run_frame(const struct xsk_case *t, bool web, struct world_seen *ret)
{
	const uint8_t to[] = { 2, 0, 0, 0, 0, (uint8_t)t->vnet };
	const struct frame_spec dns = { .dst = to, .src = OUTSIDE, DNS };
	const struct frame_spec other = { .dst = to, .src = OUTSIDE, WEB };
	struct model_frame *in = calloc(1, sizeof(*in));

	ck_assert_ptr_nonnull(in);
	frame_build(web ? &other : &dns, in);
	ck_assert_int_eq(world_test_run(fixture_world(), t->vnet == E ? MODEL_RX : MODEL_UPLINK,
					t->vnet == E ? E_DEV : NIC, in, ret),
			 0);
	free(in);
}

START_TEST(frames_leave)
{
	const struct xsk_case *t = &cases[_i];
	struct model_config *c = calloc(1, sizeof(*c));
	struct world_seen *seen = calloc(1, sizeof(*seen));

	ck_assert_ptr_nonnull(c);
	ck_assert_ptr_nonnull(seen);
	scene(c, t);
	ck_assert_int_eq(world_apply(fixture_world(), c), 0);
	lead(c, t);
	for (size_t i = 0; i < ARRAY_SIZE(t->places) && t->places[i]; i++)
		put(t->places[i], true);
	if (t->web || t->limited)
		run_frame(t, false, seen);
	run_frame(t, t->web, seen);
	ck_assert_msg(seen->verdict == (t->egress ? MODEL_REDIRECT : MODEL_DROP) &&
			      seen->egress == t->egress && !seen->told.into_peer,
		      "%s: %d, to device %u%s", t->name, seen->verdict, seen->egress,
		      seen->told.into_peer ? ", its peer" : "");
	/* It has been received all the same. */
	ck_assert_uint_eq(seen->told.received, t->egress ? t->vnet : 0);
	for (size_t i = 0; i < ARRAY_SIZE(t->places) && t->places[i]; i++)
		put(t->places[i], false);
	free(seen);
	free(c);
}
END_TEST

/* --- at the far end --- */

static const struct {
	const char *name;
	struct abi_port row;
	uint32_t place; /* of the socket; NO_PLACE: there is none */
	uint32_t verdict;
} ends[] = {
	{ "the first place", { .flags = ABI_PORT_XSK }, 0, XDP_REDIRECT },
	{ "another place", { .flags = ABI_PORT_XSK, .resource = 5 }, 5, XDP_REDIRECT },
	{ "another's socket", { .flags = ABI_PORT_XSK, .resource = 5 }, 0, XDP_DROP },
	{ "a socket that is gone", { .flags = ABI_PORT_XSK, .resource = 5 }, NO_PLACE, XDP_DROP },
	{ "another kind of port", { .vnet = E, .resource = 5 }, 5, XDP_PASS },
	{ "no port", { 0 }, 0, XDP_PASS },
};

START_TEST(frames_arrive)
{
	const struct world *w = fixture_world();
	const uint32_t ifindex = NEAR;
	struct xdp_md context = { .data_end = FRAME_LEN, .ingress_ifindex = ifindex };
	uint8_t frame[FRAME_LEN] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &context, .ctx_size_in = sizeof(context));
	const struct abi_port none = { 0 };
	const int ports = map_of(w->skel->maps.ports);

	ck_assert_int_eq(bpf_map_update_elem(ports, &ifindex, &ends[_i].row, BPF_ANY), 0);
	if (ends[_i].place != NO_PLACE)
		put(ends[_i].place, true);
	ck_assert_int_eq(bpf_prog_test_run_opts(bpf_program__fd(w->skel->progs.vnet_xdp_xsk), &run),
			 0);
	ck_assert_msg(run.retval == ends[_i].verdict, "%s: %u", ends[_i].name, run.retval);
	ck_assert_int_eq(bpf_map_update_elem(ports, &ifindex, &none, BPF_ANY), 0);
	if (ends[_i].place != NO_PLACE)
		put(ends[_i].place, false);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("xsk");
	TCase *tc = tcase_create("cases");

	tcase_add_unchecked_fixture(tc, make_socket, close_socket);
	tcase_add_loop_test(tc, frames_leave, 0, ARRAY_SIZE(cases));
	tcase_add_loop_test(tc, frames_arrive, 0, ARRAY_SIZE(ends));
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
