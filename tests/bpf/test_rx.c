// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames from resources: what the matrix of states does not show. */
#include "fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define OURS		SCENE_MAC_VNET
#define RX(from)	FIXTURE_RX(SCENE_##from)
#define DELIVERED(by)	FIXTURE_DELIVERED(SCENE_##by)
#define TO_US(from)	FIXTURE_FRAME(OURS, from)
#define FROM(...)	FIXTURE_FRAME(OURS, FRAME_MAC(__VA_ARGS__))
#define TO(...)		FIXTURE_FRAME(FRAME_MAC(__VA_ARGS__), SCENE_MAC_OUTSIDE)
#define BROADCAST(from) FIXTURE_FRAME(SCENE_MAC_BROADCAST, from)
#define MULTICAST(from) FIXTURE_FRAME(SCENE_MAC_MULTICAST, from)

static const struct fixture cases[] = {
	/* RX 1: the vnet's own frame comes back, whatever brings it and wherever it goes */
	{ "own frame from the service", NULL, RX(SERVICE), TO_US(OURS), FIXTURE_DROPS(REFLECTED) },
	{ "own broadcast from the service", NULL, RX(SERVICE), BROADCAST(OURS),
	  FIXTURE_DROPS(REFLECTED) },
	{ "own multicast from the service", NULL, RX(SERVICE), MULTICAST(OURS),
	  FIXTURE_DROPS(REFLECTED) },
	{ "own frame from the hybrid", NULL, RX(H1), FIXTURE_FRAME(SCENE_MAC_OUTSIDE, OURS),
	  FIXTURE_DROPS(REFLECTED) },
	{ "own broadcast from the hybrid: before duplicate", NULL, RX(H1), BROADCAST(OURS),
	  FIXTURE_DROPS(REFLECTED) },
	{ "own frame from a guest: before spoofed", NULL, RX(G1), TO_US(OURS),
	  FIXTURE_DROPS(REFLECTED) },
	{ "own frame, guard off", "guard=off", RX(G1), TO_US(OURS), FIXTURE_DROPS(REFLECTED) },
	{ "own frame, promiscuous", "promisc=on", RX(SERVICE),
	  FIXTURE_FRAME(SCENE_MAC_OUTSIDE, OURS), FIXTURE_DROPS(REFLECTED) },
	{ "the MAC of vnet b is a stranger's to vnet a", NULL, RX(SERVICE), TO_US(SCENE_MAC_B),
	  DELIVERED(SERVICE) },
	{ "source differs from our own in byte 0", NULL, RX(SERVICE), FROM(6, 0, 0, 0, 0, 1),
	  DELIVERED(SERVICE) },
	{ "source differs from our own in byte 3", NULL, RX(SERVICE), FROM(2, 0, 0, 1, 0, 1),
	  DELIVERED(SERVICE) },
	{ "source differs from our own in byte 5", NULL, RX(SERVICE), FROM(2, 0, 0, 0, 0, 3),
	  DELIVERED(SERVICE) },

	/* fault 43: a group is nobody's address, whoever claims it */
	{ "source is broadcast, from the hybrid", NULL, RX(H1),
	  FROM(0xff, 0xff, 0xff, 0xff, 0xff, 0xff), FIXTURE_DROPS(SPOOFED) },
	{ "source is multicast, guard off, promiscuous", "guard=off promisc=on", RX(G1),
	  FROM(1, 0, 0x5e, 0, 0, 5), FIXTURE_DROPS(SPOOFED) },

	/* RX 1: the guard on guests; each byte of a MAC counts */
	{ "guest with its MAC", NULL, RX(G1), TO_US(SCENE_MAC_G1), DELIVERED(G1) },
	{ "guest 2 with its MAC", NULL, RX(G2), TO_US(SCENE_MAC_G2), DELIVERED(G2) },
	{ "guest with another guest's MAC", NULL, RX(G1), TO_US(SCENE_MAC_G2),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guest's source differs in byte 0", NULL, RX(G1), FROM(6, 0, 0, 0, 0, 0x11),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guest's source differs in byte 1", NULL, RX(G1), FROM(2, 1, 0, 0, 0, 0x11),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guest's source differs in byte 2", NULL, RX(G1), FROM(2, 0, 1, 0, 0, 0x11),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guest's source differs in byte 3", NULL, RX(G1), FROM(2, 0, 0, 1, 0, 0x11),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guest's source differs in byte 4", NULL, RX(G1), FROM(2, 0, 0, 0, 1, 0x11),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guest's source differs in byte 5", NULL, RX(G1), FROM(2, 0, 0, 0, 0, 0x91),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guest's source is broadcast", NULL, RX(G1), FROM(0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guest's source is multicast", NULL, RX(G1), FROM(3, 0, 0, 0, 0, 0x11),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guest spoofs a broadcast", NULL, RX(G1), BROADCAST(SCENE_MAC_OUTSIDE),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guest spoofs a frame that is not ours: before not_ours", NULL, RX(G1),
	  FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_OUTSIDE), FIXTURE_DROPS(SPOOFED) },
	{ "guest spoofs, promiscuous", "promisc=on", RX(G1),
	  FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_OUTSIDE), FIXTURE_DROPS(SPOOFED) },
	{ "guest with any MAC, guard off", "guard=off", RX(G1), TO_US(SCENE_MAC_OUTSIDE),
	  DELIVERED(G1) },
	{ "guest's broadcast with any MAC, guard off", "guard=off", RX(G1), BROADCAST(SCENE_MAC_G2),
	  DELIVERED(G1) },
	{ "the guard does not bind the service", NULL, RX(SERVICE), TO_US(SCENE_MAC_G1),
	  DELIVERED(SERVICE) },
	{ "the guard does not bind the hybrid", NULL, RX(H1), TO_US(SCENE_MAC_G1), DELIVERED(H1) },
	{ "the service brings a multicast source", NULL, RX(SERVICE), FROM(3, 0, 0, 0, 0, 9),
	  FIXTURE_DROPS(SPOOFED) },
	{ "the service brings a broadcast source", NULL, RX(SERVICE),
	  FROM(0xff, 0xff, 0xff, 0xff, 0xff, 0xff), FIXTURE_DROPS(SPOOFED) },

	/* RX 2: duplicates */
	{ "broadcast from the hybrid, service up", NULL, RX(H1), BROADCAST(SCENE_MAC_OUTSIDE),
	  FIXTURE_DROPS(DUPLICATE) },
	{ "multicast from the hybrid, service up", NULL, RX(H1), MULTICAST(SCENE_MAC_OUTSIDE),
	  FIXTURE_DROPS(DUPLICATE) },
	{ "broadcast from the second hybrid, service up", "h2=up", RX(H2),
	  BROADCAST(SCENE_MAC_OUTSIDE), FIXTURE_DROPS(DUPLICATE) },
	{ "broadcast from the hybrid, service down", "service=down", RX(H1),
	  BROADCAST(SCENE_MAC_OUTSIDE), DELIVERED(H1) },
	{ "multicast from the hybrid, no service", "service=absent", RX(H1),
	  MULTICAST(SCENE_MAC_OUTSIDE), DELIVERED(H1) },
	{ "multicast from the second hybrid, no service", "service=absent h2=up", RX(H2),
	  MULTICAST(SCENE_MAC_OUTSIDE), DELIVERED(H2) },
	{ "the service of vnet b makes no duplicates", "service=down", RX(H1),
	  MULTICAST(SCENE_MAC_OUTSIDE), DELIVERED(H1) },
	{ "promiscuous, and still a duplicate", "promisc=on", RX(H1), BROADCAST(SCENE_MAC_OUTSIDE),
	  FIXTURE_DROPS(DUPLICATE) },
	{ "broadcast from a guest, service up", NULL, RX(G1), BROADCAST(SCENE_MAC_G1),
	  DELIVERED(G1) },
	{ "multicast from a guest, service up", NULL, RX(G1), MULTICAST(SCENE_MAC_G1),
	  DELIVERED(G1) },
	{ "broadcast from the service", NULL, RX(SERVICE), BROADCAST(SCENE_MAC_OUTSIDE),
	  DELIVERED(SERVICE) },
	{ "multicast from the service", NULL, RX(SERVICE), MULTICAST(SCENE_MAC_OUTSIDE),
	  DELIVERED(SERVICE) },
	{ "broadcast from a service that is down", "service=down", RX(SERVICE),
	  BROADCAST(SCENE_MAC_OUTSIDE), DELIVERED(SERVICE) },

	/* RX 3: unicast for others; each byte of a MAC counts */
	{ "for us, from the hybrid", NULL, RX(H1), TO_US(SCENE_MAC_OUTSIDE), DELIVERED(H1) },
	{ "destination differs in byte 0", NULL, RX(SERVICE), TO(6, 0, 0, 0, 0, 1),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "destination differs in byte 1", NULL, RX(SERVICE), TO(2, 1, 0, 0, 0, 1),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "destination differs in byte 2", NULL, RX(SERVICE), TO(2, 0, 1, 0, 0, 1),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "destination differs in byte 3", NULL, RX(SERVICE), TO(2, 0, 0, 1, 0, 1),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "destination differs in byte 4", NULL, RX(SERVICE), TO(2, 0, 0, 0, 1, 1),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "destination differs in byte 5", NULL, RX(SERVICE), TO(2, 0, 0, 0, 0, 0x81),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "for others, from the hybrid", NULL, RX(H1), TO(2, 0, 0, 0, 0, 0x55),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "for others, from a guest", NULL, RX(G1), FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_G1),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "for another guest: never from resource to resource", NULL, RX(G1),
	  FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_G1), FIXTURE_DROPS(NOT_OURS) },
	{ "for a guest, from the service: never from resource to resource", NULL, RX(SERVICE),
	  FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_OUTSIDE), FIXTURE_DROPS(NOT_OURS) },
	{ "for a guest, promiscuous: to the upper", "promisc=on", RX(SERVICE),
	  FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_OUTSIDE), DELIVERED(SERVICE) },
	{ "for others, from a guest, promiscuous", "promisc=on", RX(G1),
	  FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_G1), DELIVERED(G1) },
	{ "for others, from the hybrid, promiscuous", "promisc=on", RX(H1), TO(2, 0, 0, 0, 0, 0x55),
	  DELIVERED(H1) },
	{ "for a MAC of zeroes", NULL, RX(SERVICE), TO(0, 0, 0, 0, 0, 0), FIXTURE_DROPS(NOT_OURS) },
	{ "for vnet b", NULL, RX(SERVICE), FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_OUTSIDE),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "that vnet b is promiscuous does not matter", "b.promisc=on", RX(SERVICE),
	  TO(2, 0, 0, 0, 0, 0x55), FIXTURE_DROPS(NOT_OURS) },

	/* the state of a resource steers what is sent, not what has arrived */
	{ "from a guest that is down", "g1=down", RX(G1), TO_US(SCENE_MAC_G1), DELIVERED(G1) },
	{ "from a hybrid that is down", "h1=down", RX(H1), TO_US(SCENE_MAC_OUTSIDE),
	  DELIVERED(H1) },
	{ "from a hybrid that needs the service, which is down", "needs-service=on service=down",
	  RX(H1), TO_US(SCENE_MAC_OUTSIDE), DELIVERED(H1) },
	{ "from a hybrid that is not the best", "h2=up", RX(H2), TO_US(SCENE_MAC_OUTSIDE),
	  DELIVERED(H2) },

	/* the peer in another namespace */
	{ "peer: for us", "peer=on", RX(SERVICE), TO_US(SCENE_MAC_OUTSIDE), DELIVERED(SERVICE) },
	{ "peer: broadcast", "peer=on", RX(SERVICE), BROADCAST(SCENE_MAC_OUTSIDE),
	  DELIVERED(SERVICE) },
	{ "peer: for others, promiscuous", "peer=on promisc=on", RX(SERVICE),
	  TO(2, 0, 0, 0, 0, 0x55), DELIVERED(SERVICE) },
	{ "peer: for others", "peer=on", RX(SERVICE), TO(2, 0, 0, 0, 0, 0x55),
	  FIXTURE_DROPS(NOT_OURS) },

	/* where the programs are */
	{ "a device that is nobody's", NULL, .program = MODEL_RX, .device = SCENE_STRANGER,
	  TO_US(SCENE_MAC_OUTSIDE), FIXTURE_PASSES },
	{ "a device of a vnet that does not exist", "port=70:9:4", .program = MODEL_RX,
	  .device = SCENE_STRANGER, TO_US(SCENE_MAC_OUTSIDE), FIXTURE_PASSES },
	{ "a device of a resource that does not exist", "port=70:1:40", .program = MODEL_RX,
	  .device = SCENE_STRANGER, TO_US(SCENE_MAC_OUTSIDE), FIXTURE_PASSES },
	{ "a device of another vnet's resource", "port=70:2:1", .program = MODEL_RX,
	  .device = SCENE_STRANGER, FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_OUTSIDE), FIXTURE_PASSES },
	{ "the upper's device is no resource", NULL, .program = MODEL_RX, .device = SCENE_PORT,
	  TO_US(SCENE_MAC_OUTSIDE), FIXTURE_PASSES },

	/* two vnets */
	{ "vnet b: for it", NULL, RX(B_SERVICE), FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_OUTSIDE),
	  .expect = { MODEL_REDIRECT, .resource = SCENE_B_SERVICE, .egress = SCENE_B_PORT } },
	{ "vnet b: from its guest", NULL, RX(B_G1), FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_G1),
	  .expect = { MODEL_REDIRECT, .resource = SCENE_B_G1, .egress = SCENE_B_PORT } },
	{ "vnet b: for vnet a", NULL, RX(B_SERVICE), TO_US(SCENE_MAC_OUTSIDE),
	  .expect = { MODEL_DROP, ABI_DROP_NOT_OURS, .vnet = SCENE_B } },
	{ "vnet b: reflected", NULL, RX(B_H1), FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_B),
	  .expect = { MODEL_DROP, ABI_DROP_REFLECTED, .vnet = SCENE_B } },
	{ "vnet b: duplicate while vnet a has no service", "service=absent", RX(B_H1),
	  BROADCAST(SCENE_MAC_OUTSIDE),
	  .expect = { MODEL_DROP, ABI_DROP_DUPLICATE, .vnet = SCENE_B } },
	{ "vnet b: no duplicate while vnet a has a service", "b.service=down", RX(B_H1),
	  BROADCAST(SCENE_MAC_OUTSIDE),
	  .expect = { MODEL_REDIRECT, .resource = SCENE_B_H1, .egress = SCENE_B_PORT } },

	/* frames of all sizes, and GSO (here: GRO) */
	{ "the shortest frame", NULL, RX(G1), FIXTURE_FRAME(OURS, SCENE_MAC_G1, .len = 14),
	  DELIVERED(G1) },
	{ "1514 bytes", NULL, RX(H1), FIXTURE_FRAME(OURS, SCENE_MAC_OUTSIDE, .len = 1514),
	  DELIVERED(H1) },
	{ "9014 bytes", NULL, RX(H1), FIXTURE_FRAME(OURS, SCENE_MAC_OUTSIDE, .len = 9014),
	  DELIVERED(H1) },
	{ "65535 bytes", NULL, RX(SERVICE), FIXTURE_FRAME(OURS, SCENE_MAC_OUTSIDE, .len = 65535),
	  DELIVERED(SERVICE) },
	{ "GRO of 2", NULL, RX(H1),
	  FIXTURE_FRAME(OURS, SCENE_MAC_OUTSIDE, .len = 2962, .segments = 2), DELIVERED(H1) },
	{ "GRO of 45 from a guest", NULL, RX(G1),
	  FIXTURE_FRAME(OURS, SCENE_MAC_G1, .len = 3000, .segments = 45), DELIVERED(G1) },
	{ "GRO of 5, multicast", NULL, RX(SERVICE),
	  FIXTURE_FRAME(SCENE_MAC_MULTICAST, SCENE_MAC_OUTSIDE, .segments = 5),
	  DELIVERED(SERVICE) },
	{ "GRO of 45 that is not ours", NULL, RX(H1),
	  FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_OUTSIDE, .segments = 45), FIXTURE_DROPS(NOT_OURS) },
	/* 14 + 20 + 32 bytes of headers */
	{ "a tap's long frame, TCP over IPv4, one byte over three segments", NULL, RX(H1),
	  FIXTURE_FRAME(OURS, SCENE_MAC_OUTSIDE, .type = 0x0800, .len = 66 + 3 * 500 + 1,
			.segment = 500, .counts_as = 4,
			.payload = "45 00 0000 0000 0000 40 06 0000 c0000201 c0000202"
				   "0050 0050 00000000 00000000 80 10 0000 0000 0000"),
	  DELIVERED(H1) },
	{ "a tap's long frame, TCP over IPv4, three segments", NULL, RX(H1),
	  FIXTURE_FRAME(OURS, SCENE_MAC_OUTSIDE, .type = 0x0800, .len = 66 + 3 * 500,
			.segment = 500, .counts_as = 3,
			.payload = "45 00 0000 0000 0000 40 06 0000 c0000201 c0000202"
				   "0050 0050 00000000 00000000 80 10 0000 0000 0000"),
	  DELIVERED(H1) },
	/* 14 + 40 + 20 */
	{ "a tap's long frame, TCP over IPv6, dropped", NULL, RX(H1),
	  FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_OUTSIDE, .type = 0x86dd, .len = 74 + 2 * 1000,
			.segment = 1000, .counts_as = 2,
			.payload = "60000000 0000 06 40"
				   "20010db8000000000000000000000001"
				   "20010db8000000000000000000000002"
				   "0050 0050 00000000 00000000 50 10 0000 0000 0000"),
	  FIXTURE_DROPS(NOT_OURS) },
	/* 14 + 24 + 8 */
	{ "a tap's long frame, UDP over IPv4 with options", NULL, RX(H1),
	  FIXTURE_FRAME(OURS, SCENE_MAC_OUTSIDE, .type = 0x0800, .len = 46 + 22 * 64, .segment = 22,
			.counts_as = 64,
			.payload = "46 00 0000 0000 0000 40 11 0000 c0000201 c0000202 01010101"
				   "0050 0050 0000 0000"),
	  DELIVERED(H1) },
	{ "a tap's long frame that is shorter than its headers say", NULL, RX(H1),
	  FIXTURE_FRAME(OURS, SCENE_MAC_OUTSIDE, .type = 0x0800, .len = 60, .segment = 100,
			.counts_as = 1,
			.payload = "4f 00 0000 0000 0000 40 11 0000 c0000201 c0000202"),
	  DELIVERED(H1) },
};

START_TEST(run)
{
	fixture_check(&cases[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rx");
	TCase *tc = tcase_create("fixtures");

	tcase_add_loop_test(tc, run, 0, ARRAY_SIZE(cases));
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
