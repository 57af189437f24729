// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * VLANs: which are admitted where, and which tag a frame leaves with. A frame that starts out with
 * a tag has it in its bytes in the test run, and beside them on the wire.
 */
#include "fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TX	      FIXTURE_TX(SCENE_PORT)
#define RX(from)      FIXTURE_RX(SCENE_##from)
#define SENT(by, ...) FIXTURE_SENT(SCENE_##by, __VA_ARGS__)
#define GOT(by, ...)  FIXTURE_DELIVERED(SCENE_##by, __VA_ARGS__)
#define DROPPED	      FIXTURE_DROPS(VLAN)

#define Q(tci)                                                                                     \
	{                                                                                          \
		FRAME_8021Q, tci                                                                   \
	}
#define AD(tci)                                                                                    \
	{                                                                                          \
		FRAME_8021AD, tci                                                                  \
	}
#define OUT(to, ...)  FIXTURE_FRAME(SCENE_MAC_##to, SCENE_MAC_VNET, .tags = { __VA_ARGS__ })
#define IN(from, ...) FIXTURE_FRAME(SCENE_MAC_VNET, SCENE_MAC_##from, .tags = { __VA_ARGS__ })
#define FLOOD(...)    FIXTURE_FRAME(SCENE_MAC_BROADCAST, SCENE_MAC_OUTSIDE, .tags = { __VA_ARGS__ })

#define UNTAGGED     .tag = FIXTURE_UNTAGGED
#define TAGGED(with) .tag = FIXTURE_TAGGED, .tci = (with)
#define PRIORITY(p)  ((p) << 13)
#define DEI	     0x1000

static const struct fixture cases[] = {
	/* TX 1: admitted by the vnet */
	{ "tx: untagged", NULL, TX, OUT(G1), SENT(G1, GUEST) },
	{ "tx: tagged with the pvid", NULL, TX, OUT(G1, Q(1)), SENT(G1, GUEST, UNTAGGED) },
	{ "tx: a VLAN of no one", NULL, TX, OUT(G1, Q(10)), DROPPED },
	{ "tx: a VLAN of the set", "vlans=10+20", TX, OUT(G1, Q(10)), SENT(G1, GUEST) },
	{ "tx: the other VLAN of the set", "vlans=10+20", TX, OUT(G1, Q(20)), SENT(G1, GUEST) },
	{ "tx: between two VLANs of the set", "vlans=10+20", TX, OUT(G1, Q(15)), DROPPED },
	{ "tx: the lowest VLAN", "pvid=7 vlans=1", TX, OUT(OUTSIDE, Q(1)), SENT(H1, HYBRID) },
	{ "tx: VLAN 63", "vlans=63", TX, OUT(OUTSIDE, Q(63)), SENT(H1, HYBRID) },
	{ "tx: VLAN 64", "vlans=64", TX, OUT(OUTSIDE, Q(64)), SENT(H1, HYBRID) },
	{ "tx: VLAN 64 while 63 is admitted", "vlans=63", TX, OUT(OUTSIDE, Q(64)), DROPPED },
	{ "tx: VLAN 127 while 63 is admitted", "vlans=63", TX, OUT(OUTSIDE, Q(127)), DROPPED },
	{ "tx: VLAN 2058 while 10 is admitted", "vlans=10", TX, OUT(OUTSIDE, Q(2058)), DROPPED },
	{ "tx: the highest VLAN", "vlans=4094", TX, OUT(OUTSIDE, Q(4094)), SENT(H1, HYBRID) },
	{ "tx: the reserved VLAN", "vlans=4094", TX, OUT(OUTSIDE, Q(4095)), DROPPED },
	{ "tx: untagged is of the pvid", "pvid=7", TX, OUT(OUTSIDE), SENT(H1, HYBRID) },
	{ "tx: VLAN 1 is nothing special", "pvid=7", TX, OUT(OUTSIDE, Q(1)), DROPPED },
	{ "tx: tagged with another pvid", "pvid=7", TX, OUT(OUTSIDE, Q(7)),
	  SENT(H1, HYBRID, UNTAGGED) },
	{ "tx: the set of vnet b does not matter", "b.vlans=10", TX, OUT(G1, Q(10)), DROPPED },
	{ "tx: the set of vnet a is not that of vnet b", "vlans=10", FIXTURE_TX(SCENE_B_PORT),
	  FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_B, .tags = { Q(10) }),
	  .expect = { MODEL_DROP, ABI_DROP_VLAN, .vnet = SCENE_B } },
	{ "tx: spoofed before vlan", NULL, TX,
	  FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_G2, .tags = { Q(10) }), FIXTURE_DROPS(SPOOFED) },
	{ "tx: vlan before no_service", "service=down", TX, OUT(BROADCAST, Q(10)), DROPPED },
	{ "tx: vlan before no_path", "service=down h1=down", TX, OUT(OUTSIDE, Q(10)), DROPPED },
	{ "tx: broadcast in a VLAN", "vlans=10", TX, OUT(BROADCAST, Q(10)),
	  SENT(SERVICE, MULTICAST) },
	{ "tx: multicast in a VLAN", "vlans=10", TX, OUT(MULTICAST, Q(10)),
	  SENT(SERVICE, MULTICAST) },
	{ "tx: broadcast in a VLAN, no service", "vlans=10 service=down", TX, OUT(BROADCAST, Q(10)),
	  FIXTURE_DROPS(NO_SERVICE) },
	{ "tx: the other bits of a tag are no VLAN", "vlans=10", TX,
	  OUT(G1, Q(PRIORITY(7) | DEI | 10)), SENT(G1, GUEST) },

	/* a tag that is a priority alone */
	{ "tx: priority tag", NULL, TX, OUT(G1, Q(PRIORITY(5))), SENT(G1, GUEST, UNTAGGED) },
	{ "tx: priority tag of zero", NULL, TX, OUT(G1, Q(0)), SENT(G1, GUEST, UNTAGGED) },
	{ "tx: priority tag, broadcast", NULL, TX, OUT(BROADCAST, Q(PRIORITY(5))),
	  SENT(SERVICE, MULTICAST, UNTAGGED) },
	{ "tx: priority tag is of the pvid", "pvid=7 vlans=10", TX, OUT(OUTSIDE, Q(PRIORITY(5))),
	  SENT(H1, HYBRID, UNTAGGED) },
	{ "tx: priority tag to where the pvid is another", "h1.pvid=5", TX,
	  OUT(OUTSIDE, Q(PRIORITY(5))), SENT(H1, HYBRID, TAGGED(PRIORITY(5) | 1)) },
	{ "tx: priority tag with DEI to where the pvid is another", "h1.pvid=5", TX,
	  OUT(OUTSIDE, Q(PRIORITY(3) | DEI)), SENT(H1, HYBRID, TAGGED(PRIORITY(3) | DEI | 1)) },
	{ "rx: priority tag", NULL, RX(G1), IN(G1, Q(PRIORITY(5))), GOT(G1, UNTAGGED) },
	{ "rx: priority tag from where the pvid is another", "vlans=5 h1.pvid=5", RX(H1),
	  IN(OUTSIDE, Q(PRIORITY(5))), GOT(H1, TAGGED(PRIORITY(5) | 5)) },
	{ "rx: priority tag where the pvid is not admitted", "h1.pvid=5", RX(H1),
	  IN(OUTSIDE, Q(PRIORITY(5))), DROPPED },

	/* more tags than one, and tags of providers */
	{ "tx: two tags", "vlans=10+20", TX, OUT(G1, Q(10), Q(20)), DROPPED },
	{ "tx: two tags, both the pvid", NULL, TX, OUT(G1, Q(1), Q(1)), DROPPED },
	{ "tx: a tag behind a priority", "vlans=10", TX, OUT(G1, Q(PRIORITY(5)), Q(10)), DROPPED },
	{ "tx: three tags", "vlans=10", TX, OUT(G1, Q(10), Q(10), Q(10)), DROPPED },
	{ "tx: 802.1ad", "vlans=10", TX, OUT(G1, AD(10)), DROPPED },
	{ "tx: 802.1ad with the pvid", NULL, TX, OUT(G1, AD(1)), DROPPED },
	{ "tx: 802.1ad with a priority alone", NULL, TX, OUT(G1, AD(PRIORITY(5))), DROPPED },
	{ "tx: QinQ", "vlans=10+20", TX, OUT(G1, AD(10), Q(20)), DROPPED },
	{ "tx: 802.1Q, then 802.1ad", "vlans=10+20", TX, OUT(G1, Q(10), AD(20)), DROPPED },
	{ "tx: two 802.1ad", "vlans=10+20", TX, OUT(G1, AD(10), AD(20)), DROPPED },
	{ "tx: QinQ, broadcast", "vlans=10", TX, OUT(BROADCAST, AD(10), Q(10)), DROPPED },
	{ "tx: QinQ, spoofed first", NULL, TX,
	  FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_G2, .tags = { AD(1), Q(1) }),
	  FIXTURE_DROPS(SPOOFED) },
	{ "rx: two tags", "vlans=10+20", RX(SERVICE), IN(OUTSIDE, Q(10), Q(20)), DROPPED },
	{ "rx: a tag behind a priority", "vlans=10", RX(SERVICE), IN(OUTSIDE, Q(0), Q(10)),
	  DROPPED },
	{ "rx: 802.1ad", "vlans=10", RX(H1), IN(OUTSIDE, AD(10)), DROPPED },
	{ "rx: 802.1ad with the pvid", NULL, RX(G1), IN(G1, AD(1)), DROPPED },
	{ "rx: QinQ", "vlans=10+20", RX(G1), IN(G1, AD(10), Q(20)), DROPPED },
	{ "rx: QinQ, broadcast", "vlans=10", RX(SERVICE), FLOOD(AD(10), Q(10)), DROPPED },
	{ "rx: QinQ, reflected first", NULL, RX(SERVICE), IN(VNET, AD(1), Q(1)),
	  FIXTURE_DROPS(REFLECTED) },

	/* the FDB has VLANs */
	{ "tx: a guest in another VLAN of its own", "vlans=10+20 g1.vlans=10", TX, OUT(G1, Q(10)),
	  SENT(G1, GUEST) },
	{ "tx: a guest's MAC in a VLAN it is not in", "vlans=10+20 g1.vlans=10", TX, OUT(G1, Q(20)),
	  SENT(H1, HYBRID) },
	{ "tx: one MAC, two guests: by VLAN 10",
	  "vlans=10+20 g1.pvid=10 g1.vlans=none g2.pvid=20 g2.vlans=none g2.mac=0x11", TX,
	  OUT(G1, Q(10)), SENT(G1, GUEST, UNTAGGED) },
	{ "tx: one MAC, two guests: by VLAN 20",
	  "vlans=10+20 g1.pvid=10 g1.vlans=none g2.pvid=20 g2.vlans=none g2.mac=0x11", TX,
	  OUT(G1, Q(20)), SENT(G2, GUEST, UNTAGGED) },
	{ "tx: one MAC, two guests: by neither",
	  "vlans=10+20 g1.pvid=10 g1.vlans=none g2.pvid=20 g2.vlans=none g2.mac=0x11", TX, OUT(G1),
	  SENT(H1, HYBRID) },
	{ "tx: a guest in VLAN 10 is down: over the service", "vlans=10 g1=down", TX,
	  OUT(G1, Q(10)), SENT(SERVICE, GUEST_OVER_SERVICE) },

	/* a resource has a set of its own */
	{ "tx: the hybrid has the VLAN", "vlans=10 h1.vlans=10", TX, OUT(OUTSIDE, Q(10)),
	  SENT(H1, HYBRID) },
	{ "tx: the hybrid has it not", "vlans=10+20 h1.vlans=20", TX, OUT(OUTSIDE, Q(10)),
	  DROPPED },
	{ "tx: the hybrid has its pvid alone", "vlans=10 h1.vlans=none", TX, OUT(OUTSIDE, Q(10)),
	  DROPPED },
	{ "tx: the hybrid's pvid is always in", "h1.vlans=none", TX, OUT(OUTSIDE),
	  SENT(H1, HYBRID) },
	{ "tx: the hybrid has it, the vnet has not", "h1.vlans=10", TX, OUT(OUTSIDE, Q(10)),
	  DROPPED },
	{ "tx: the service has it", "vlans=10 service.vlans=10", TX, OUT(BROADCAST, Q(10)),
	  SENT(SERVICE, MULTICAST) },
	{ "tx: the service has it not", "vlans=10 service.vlans=20", TX, OUT(BROADCAST, Q(10)),
	  DROPPED },
	{ "tx: no way around a hybrid that has it not", "vlans=10 h1.vlans=none h2=up", TX,
	  OUT(OUTSIDE, Q(10)), DROPPED },
	{ "tx: the second hybrid has it", "vlans=10 h1=down h1.vlans=none h2=up h2.vlans=10", TX,
	  OUT(OUTSIDE, Q(10)), SENT(H2, HYBRID) },
	{ "tx: the guest has it not, and the service is asked instead",
	  "vlans=10 h1=down g1.vlans=none service.vlans=10", TX, OUT(G1, Q(10)),
	  SENT(SERVICE, SERVICE) },
	{ "tx: no_path before the resource's set", "vlans=10 h1=down service=down h1.vlans=none",
	  TX, OUT(OUTSIDE, Q(10)), FIXTURE_DROPS(NO_PATH) },
	{ "tx: the set of another vnet's resource", "vlans=10 b.h1.vlans=10 h1.vlans=none", TX,
	  OUT(OUTSIDE, Q(10)), DROPPED },
	{ "rx: the hybrid has the VLAN", "vlans=10 h1.vlans=10", RX(H1), IN(OUTSIDE, Q(10)),
	  GOT(H1) },
	{ "rx: the hybrid has it not", "vlans=10 h1.vlans=20", RX(H1), IN(OUTSIDE, Q(10)),
	  DROPPED },
	{ "rx: the hybrid has it, the vnet has not", "h1.vlans=10", RX(H1), IN(OUTSIDE, Q(10)),
	  DROPPED },
	{ "rx: the hybrid's pvid is always in", "h1.vlans=none", RX(H1), IN(OUTSIDE), GOT(H1) },
	{ "rx: the hybrid's own pvid is in with its set", "vlans=5 h1.pvid=5 h1.vlans=none", RX(H1),
	  IN(OUTSIDE), GOT(H1, TAGGED(5)) },
	{ "rx: the vnet's pvid is not in with the hybrid's set", "h1.pvid=5 h1.vlans=none", RX(H1),
	  IN(OUTSIDE, Q(1)), DROPPED },
	{ "rx: a guest has it not", "vlans=10+20 g1.vlans=10", RX(G1), IN(G1, Q(20)), DROPPED },
	{ "rx: a guest has it", "vlans=10+20 g1.vlans=10", RX(G1), IN(G1, Q(10)), GOT(G1) },

	/* RX 3: admitted by the vnet */
	{ "rx: untagged", NULL, RX(SERVICE), IN(OUTSIDE), GOT(SERVICE) },
	{ "rx: tagged with the pvid", NULL, RX(SERVICE), IN(OUTSIDE, Q(1)),
	  GOT(SERVICE, UNTAGGED) },
	{ "rx: a VLAN of the set", "vlans=10", RX(SERVICE), IN(OUTSIDE, Q(10)), GOT(SERVICE) },
	{ "rx: a VLAN of no one", NULL, RX(SERVICE), IN(OUTSIDE, Q(10)), DROPPED },
	{ "rx: broadcast in a VLAN of no one", NULL, RX(SERVICE), FLOOD(Q(10)), DROPPED },
	{ "rx: broadcast in a VLAN of the set", "vlans=10", RX(SERVICE), FLOOD(Q(10)),
	  GOT(SERVICE) },
	{ "rx: promiscuous is not about VLANs", "promisc=on", RX(SERVICE),
	  FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_OUTSIDE, .tags = { Q(10) }), DROPPED },
	{ "rx: promiscuous, VLAN of the set", "promisc=on vlans=10", RX(SERVICE),
	  FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_OUTSIDE, .tags = { Q(10) }), GOT(SERVICE) },
	{ "rx: not_ours before vlan", NULL, RX(SERVICE),
	  FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_OUTSIDE, .tags = { Q(10) }),
	  FIXTURE_DROPS(NOT_OURS) },
	{ "rx: duplicate before vlan", NULL, RX(H1), FLOOD(Q(10)), FIXTURE_DROPS(DUPLICATE) },
	{ "rx: spoofed before vlan", NULL, RX(G1), IN(OUTSIDE, Q(10)), FIXTURE_DROPS(SPOOFED) },
	{ "rx: the other bits of a tag are no VLAN", "vlans=10", RX(H1),
	  IN(OUTSIDE, Q(PRIORITY(6) | DEI | 10)), GOT(H1) },

	/* TX: which tag a frame leaves with */
	{ "tx: untagged to where the pvid is another", "h1.pvid=5", TX, OUT(OUTSIDE),
	  SENT(H1, HYBRID, TAGGED(1)) },
	{ "tx: the vnet's pvid 7 to a hybrid of pvid 1", "pvid=7 h1.pvid=1", TX, OUT(OUTSIDE),
	  SENT(H1, HYBRID, TAGGED(7)) },
	{ "tx: tagged with the hybrid's pvid", "vlans=10 h1.pvid=10", TX, OUT(OUTSIDE, Q(10)),
	  SENT(H1, HYBRID, UNTAGGED) },
	{ "tx: tagged with the hybrid's pvid, priority and all", "vlans=10 h1.pvid=10", TX,
	  OUT(OUTSIDE, Q(PRIORITY(5) | 10)), SENT(H1, HYBRID, UNTAGGED) },
	{ "tx: tagged with the vnet's pvid to where it is another", "h1.pvid=5", TX,
	  OUT(OUTSIDE, Q(PRIORITY(5) | 1)), SENT(H1, HYBRID) },
	{ "tx: to a guest whose pvid it is", "vlans=10 g1.pvid=10", TX, OUT(G1, Q(10)),
	  SENT(G1, GUEST, UNTAGGED) },
	{ "tx: to a guest that gets it tagged", "g1.pvid=10 g1.vlans=1", TX, OUT(G1),
	  SENT(G1, GUEST, TAGGED(1)) },
	{ "tx: broadcast to a service of another pvid", "service.pvid=10", TX, OUT(BROADCAST),
	  SENT(SERVICE, MULTICAST, TAGGED(1)) },
	{ "tx: the service carries for a guest, with its own tag", "g1=down service.pvid=10", TX,
	  OUT(G1), SENT(SERVICE, GUEST_OVER_SERVICE, TAGGED(1)) },
	{ "tx: the shortest frame gets a tag", "h1.pvid=5", TX,
	  FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_VNET, .len = 14),
	  SENT(H1, HYBRID, TAGGED(1)) },
	{ "tx: GSO gets a tag", "h1.pvid=5", TX,
	  FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_VNET, .len = 2962, .segments = 2),
	  SENT(H1, HYBRID, TAGGED(1)) },
	{ "tx: GSO loses its tag", "vlans=10 h1.pvid=10", TX,
	  FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_VNET, .tags = { Q(10) }, .len = 2966,
			.segments = 2),
	  SENT(H1, HYBRID, UNTAGGED) },
	{ "tx: 9018 bytes lose their tag", "vlans=10 h1.pvid=10", TX,
	  FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_VNET, .tags = { Q(10) }, .len = 9018),
	  SENT(H1, HYBRID, UNTAGGED) },
	{ "tx: vnet b has pvids of its own", "pvid=7 b.pvid=9 b.h1.pvid=1",
	  FIXTURE_TX(SCENE_B_PORT), FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_B),
	  .expect = { MODEL_REDIRECT, .reason = ABI_REASON_HYBRID, .resource = SCENE_B_H1,
		      .egress = SCENE_DEVICE(SCENE_B_H1), TAGGED(9) } },

	/* RX: the same, the other way */
	{ "rx: untagged of another pvid, admitted", "vlans=5 h1.pvid=5", RX(H1), IN(OUTSIDE),
	  GOT(H1, TAGGED(5)) },
	{ "rx: untagged of another pvid, not admitted", "h1.pvid=5", RX(H1), IN(OUTSIDE), DROPPED },
	{ "rx: tagged with the vnet's pvid by a hybrid of another", "h1.pvid=5", RX(H1),
	  IN(OUTSIDE, Q(1)), GOT(H1, UNTAGGED) },
	{ "rx: the vnet's pvid 7 from a hybrid of pvid 1", "pvid=7 h1.pvid=1", RX(H1),
	  IN(OUTSIDE, Q(7)), GOT(H1, UNTAGGED) },
	{ "rx: untagged in VLAN 1 is not of pvid 7", "pvid=7 h1.pvid=1", RX(H1), IN(OUTSIDE),
	  DROPPED },
	{ "rx: tagged with the pvid of the device", "vlans=10 h1.pvid=10", RX(H1),
	  IN(OUTSIDE, Q(10)), GOT(H1) },
	{ "rx: a guest's untagged frame is of its pvid", "vlans=10 g1.pvid=10", RX(G1), IN(G1),
	  GOT(G1, TAGGED(10)) },
	{ "rx: broadcast of a service of another pvid", "vlans=10 service.pvid=10", RX(SERVICE),
	  FLOOD(), GOT(SERVICE, TAGGED(10)) },
	{ "rx: peer, untagged", "peer=on", RX(SERVICE), IN(OUTSIDE, Q(1)), GOT(SERVICE, UNTAGGED) },
	{ "rx: peer, tagged", "peer=on vlans=10 service.pvid=10", RX(SERVICE), IN(OUTSIDE),
	  GOT(SERVICE, TAGGED(10)) },
	{ "rx: GRO loses its tag", NULL, RX(H1),
	  FIXTURE_FRAME(SCENE_MAC_VNET, SCENE_MAC_OUTSIDE, .tags = { Q(1) }, .len = 2966,
			.segments = 2),
	  GOT(H1, UNTAGGED) },
};

START_TEST(run)
{
	fixture_check(&cases[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vlan");
	TCase *tc = tcase_create("fixtures");

	tcase_add_loop_test(tc, run, 0, ARRAY_SIZE(cases));
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
