// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Direct peers: g2 of vnet a and b.g1 of vnet b are the two ends of a wire that is not there. The
 * MAC of vnet b is that of g2, and the other way round.
 */
#include "fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TX	FIXTURE_TX(SCENE_PORT)
#define TO_B	FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_VNET)
#define IN(...) FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_VNET, .tags = { __VA_ARGS__ })
#define Q(tci)                                                                                     \
	{                                                                                          \
		FRAME_8021Q, tci                                                                   \
	}
#define PRIORITY(p) ((p) << 13)

#define ARRIVES(...)                                                                               \
	.expect = { .verdict = MODEL_REDIRECT,                                                     \
		    .vnet = SCENE_B,                                                               \
		    .resource = SCENE_G2,                                                          \
		    .received = SCENE_B_G1,                                                        \
		    .egress = SCENE_B_PORT,                                                        \
		    .reason = ABI_REASON_GUEST,                                                    \
		    __VA_ARGS__ }
#define DROPPED_BY_B(why)                                                                          \
	.expect = { .verdict = MODEL_DROP,                                                         \
		    .vnet = SCENE_B,                                                               \
		    .resource = SCENE_G2,                                                          \
		    .drop = ABI_DROP_##why }
#define UNTAGGED     .tag = FIXTURE_UNTAGGED
#define TAGGED(with) .tag = FIXTURE_TAGGED, .tci = (with)

static const struct fixture cases[] = {
	{ "to the other vnet", "direct=on", TX, TO_B, ARRIVES() },
	{ "from the shortcut", "direct=on", FIXTURE_TX(SCENE_UPPER), TO_B, ARRIVES() },
	{ "the other way", "direct=on", FIXTURE_TX(SCENE_B_PORT),
	  FIXTURE_FRAME(SCENE_MAC_VNET, SCENE_MAC_B),
	  .expect = { MODEL_REDIRECT, .vnet = SCENE_A, .resource = SCENE_B_G1, .received = SCENE_G2,
		      .egress = SCENE_PORT, .reason = ABI_REASON_GUEST } },
	{ "no wire", NULL, TX, TO_B, FIXTURE_SENT(SCENE_H1, HYBRID) },
	{ "broadcast goes over the service alone", "direct=on", TX,
	  FIXTURE_FRAME(SCENE_MAC_BROADCAST, SCENE_MAC_VNET),
	  FIXTURE_SENT(SCENE_SERVICE, MULTICAST) },
	{ "while it is down, over the service", "direct=on g2=down", TX, TO_B,
	  FIXTURE_SENT(SCENE_SERVICE, GUEST_OVER_SERVICE) },
	{ "the far end's state is not asked", "direct=on b.g1=down", TX, TO_B, ARRIVES() },

	/* the guards of both */
	{ "spoofed by the sender", "direct=on", TX, FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_G1),
	  FIXTURE_DROPS(SPOOFED) },
	{ "spoofed for the receiver", "direct=on guard=off", TX,
	  FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_OUTSIDE), DROPPED_BY_B(SPOOFED) },
	{ "reflected to the receiver", "direct=on guard=off", TX,
	  FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_B), DROPPED_BY_B(REFLECTED) },
	{ "no guard anywhere", "direct=on guard=off b.guard=off", TX,
	  FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_OUTSIDE), ARRIVES() },
	{ "the receiver's protection is about what it sends",
	  "direct=on b.protect=mac+ip+dhcp+restricted", TX, TO_B, ARRIVES() },
	{ "the sender's protection holds", "direct=on protect=restricted", TX, TO_B,
	  FIXTURE_DROPS(RESTRICTED) },

	/* VLANs as on a wire */
	{ "a VLAN of both", "direct=on vlans=10 b.vlans=10", TX, IN(Q(10)), ARRIVES() },
	{ "a VLAN of the sender alone", "direct=on vlans=10", TX, IN(Q(10)), DROPPED_BY_B(VLAN) },
	{ "a VLAN of the receiver alone", "direct=on b.vlans=10", TX, IN(Q(10)),
	  FIXTURE_DROPS(VLAN) },
	{ "a priority stays with its VLAN", "direct=on vlans=10 b.vlans=10", TX,
	  IN(Q(PRIORITY(5) | 10)), ARRIVES() },
	{ "untagged is of the pvid at each end", "direct=on pvid=7 b.pvid=9", TX, TO_B, ARRIVES() },
	{ "tagged with the sender's pvid", "direct=on pvid=7 b.pvid=9", TX, IN(Q(7)),
	  ARRIVES(UNTAGGED) },
	{ "a priority alone is lost", "direct=on", TX, IN(Q(PRIORITY(5))), ARRIVES(UNTAGGED) },
	{ "the near end's pvid is another than the vnet's", "direct=on g2.pvid=5 g2.vlans=1", TX,
	  TO_B, ARRIVES() },
	{ "the near end untags", "direct=on vlans=10 g2.pvid=10", TX, IN(Q(10)),
	  ARRIVES(UNTAGGED) },
	{ "the near end untags, the far end's pvid is another",
	  "direct=on vlans=10 g2.pvid=10 b.vlans=20 b.g1.pvid=20", TX, IN(Q(PRIORITY(5) | 10)),
	  ARRIVES(TAGGED(20)) },
	{ "the far end's pvid is not the vnet's", "direct=on b.vlans=5 b.g1.pvid=5", TX, TO_B,
	  ARRIVES(TAGGED(5)) },
	{ "the far end's pvid is not admitted", "direct=on b.g1.pvid=5", TX, TO_B,
	  DROPPED_BY_B(VLAN) },
	{ "the far end has a set of its own", "direct=on vlans=10 b.vlans=10 b.g1.vlans=none", TX,
	  IN(Q(10)), DROPPED_BY_B(VLAN) },

	/* XDP */
	{ "the other port takes no XDP", "direct=on b.xdp=off", TX, TO_B, ARRIVES(),
	  .xdp_passes = true },
	{ "its own port does not matter", "direct=on xdp=off", TX, TO_B, ARRIVES() },
	{ "the ends' own flags do not matter", "direct=on g2.xdp=off b.g1.xdp=off", TX, TO_B,
	  ARRIVES() },
	{ "GSO counts at both ends", "direct=on", TX,
	  FIXTURE_FRAME(SCENE_MAC_B, SCENE_MAC_VNET, .len = 2962, .segments = 2), ARRIVES() },
};

START_TEST(run)
{
	fixture_check(&cases[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("direct");
	TCase *tc = tcase_create("fixtures");

	tcase_add_loop_test(tc, run, 0, ARRAY_SIZE(cases));
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
