// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames from the upper: what the matrix of states does not show. */
#include <linux/if_ether.h>

#include "fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define OURS	      SCENE_MAC_VNET
#define TX	      FIXTURE_TX(SCENE_PORT)
#define SENT(by, ...) FIXTURE_SENT(SCENE_##by, __VA_ARGS__)
#define FROM_OURS(to) FIXTURE_FRAME(to, OURS)
#define FROM(...)     FIXTURE_FRAME(SCENE_MAC_OUTSIDE, FRAME_MAC(__VA_ARGS__))
#define TO(...)	      FIXTURE_FRAME(FRAME_MAC(__VA_ARGS__), OURS)
#define ALL_HYBRIDS   "h2=up h3=up h4=up h5=up h6=up h7=up h8=up "

static const struct fixture cases[] = {
	/* TX 1: the guard; each byte of a MAC counts */
	{ "source differs in byte 0", NULL, TX, FROM(0x06, 0, 0, 0, 0, 1), FIXTURE_DROPS(SPOOFED) },
	{ "source differs in byte 1", NULL, TX, FROM(2, 1, 0, 0, 0, 1), FIXTURE_DROPS(SPOOFED) },
	{ "source differs in byte 2", NULL, TX, FROM(2, 0, 1, 0, 0, 1), FIXTURE_DROPS(SPOOFED) },
	{ "source differs in byte 3", NULL, TX, FROM(2, 0, 0, 1, 0, 1), FIXTURE_DROPS(SPOOFED) },
	{ "source differs in byte 4", NULL, TX, FROM(2, 0, 0, 0, 1, 1), FIXTURE_DROPS(SPOOFED) },
	{ "source differs in byte 5", NULL, TX, FROM(2, 0, 0, 0, 0, 0x81), FIXTURE_DROPS(SPOOFED) },
	{ "source is broadcast", NULL, TX, FROM(0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
	  FIXTURE_DROPS(SPOOFED) },
	{ "source is multicast", NULL, TX, FROM(3, 0, 0, 0, 0, 1), FIXTURE_DROPS(SPOOFED) },
	{ "source is zero", NULL, TX, FROM(0, 0, 0, 0, 0, 0), FIXTURE_DROPS(SPOOFED) },
	{ "source is a guest's", NULL, TX, FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_G1),
	  FIXTURE_DROPS(SPOOFED) },
	{ "source is another vnet's", NULL, TX, FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_B),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guard off: any source", "guard=off", TX, FROM(0x06, 0, 0, 0, 0, 1), SENT(H1, HYBRID) },
	/* fault 43: a group is nobody's address */
	{ "guard off: broadcast source", "guard=off", TX, FROM(0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guard off: multicast source", "guard=off", TX, FROM(3, 0, 0, 0, 0, 1),
	  FIXTURE_DROPS(SPOOFED) },
	{ "guard off to a guest", "guard=off", TX, FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_OUTSIDE),
	  SENT(G1, GUEST) },
	{ "the guard of vnet b does not matter", "b.guard=off", TX, FROM(6, 0, 0, 0, 0, 1),
	  FIXTURE_DROPS(SPOOFED) },
	{ "spoofed before no_path", "service=absent h1=absent", TX, FROM(6, 0, 0, 0, 0, 1),
	  FIXTURE_DROPS(SPOOFED) },
	{ "spoofed before no_service", "service=down", TX,
	  FIXTURE_FRAME(SCENE_MAC_BROADCAST, SCENE_MAC_G1), FIXTURE_DROPS(SPOOFED) },

	/* TX 2: broadcast and multicast */
	{ "broadcast", NULL, TX, FROM_OURS(SCENE_MAC_BROADCAST), SENT(SERVICE, MULTICAST) },
	{ "IPv6 multicast", NULL, TX, FROM_OURS(SCENE_MAC_MULTICAST), SENT(SERVICE, MULTICAST) },
	{ "IPv4 multicast", NULL, TX, TO(1, 0, 0x5e, 0, 0, 1), SENT(SERVICE, MULTICAST) },
	{ "link-local control multicast", NULL, TX, TO(1, 0x80, 0xc2, 0, 0, 0x0e),
	  SENT(SERVICE, MULTICAST) },
	{ "almost broadcast in byte 0", NULL, TX, TO(0xfd, 0xff, 0xff, 0xff, 0xff, 0xff),
	  SENT(SERVICE, MULTICAST) },
	{ "almost broadcast, unicast", NULL, TX, TO(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff),
	  SENT(H1, HYBRID) },
	{ "almost broadcast in byte 1", NULL, TX, TO(0xff, 0xfe, 0xff, 0xff, 0xff, 0xff),
	  SENT(SERVICE, MULTICAST) },
	{ "almost broadcast in byte 2", NULL, TX, TO(0xff, 0xff, 0xfe, 0xff, 0xff, 0xff),
	  SENT(SERVICE, MULTICAST) },
	{ "almost broadcast in byte 3", NULL, TX, TO(0xff, 0xff, 0xff, 0xfe, 0xff, 0xff),
	  SENT(SERVICE, MULTICAST) },
	{ "almost broadcast in byte 4", NULL, TX, TO(0xff, 0xff, 0xff, 0xff, 0xfe, 0xff),
	  SENT(SERVICE, MULTICAST) },
	{ "almost broadcast in byte 5", NULL, TX, TO(0xff, 0xff, 0xff, 0xff, 0xff, 0x7f),
	  SENT(SERVICE, MULTICAST) },
	{ "multicast that is a guest's MAC but for the bit", NULL, TX, TO(3, 0, 0, 0, 0, 0x11),
	  SENT(SERVICE, MULTICAST) },
	{ "broadcast never takes the hybrid", "service=down", TX, FROM_OURS(SCENE_MAC_BROADCAST),
	  FIXTURE_DROPS(NO_SERVICE) },
	{ "multicast never takes the hybrid", "service=absent", TX, FROM_OURS(SCENE_MAC_MULTICAST),
	  FIXTURE_DROPS(NO_SERVICE) },

	/* TX 3: registered MACs */
	{ "guest 1", NULL, TX, FROM_OURS(SCENE_MAC_G1), SENT(G1, GUEST) },
	{ "guest 2", NULL, TX, FROM_OURS(SCENE_MAC_G2), SENT(G2, GUEST) },
	{ "guest 2 while guest 1 is down", "g1=down", TX, FROM_OURS(SCENE_MAC_G2),
	  SENT(G2, GUEST) },
	{ "guest down, service up, hybrid up", "g1=down", TX, FROM_OURS(SCENE_MAC_G1),
	  SENT(SERVICE, GUEST_OVER_SERVICE) },
	{ "guest's MAC, byte 0 differs", NULL, TX, TO(6, 0, 0, 0, 0, 0x11), SENT(H1, HYBRID) },
	{ "guest's MAC, byte 1 differs", NULL, TX, TO(2, 1, 0, 0, 0, 0x11), SENT(H1, HYBRID) },
	{ "guest's MAC, byte 2 differs", NULL, TX, TO(2, 0, 1, 0, 0, 0x11), SENT(H1, HYBRID) },
	{ "guest's MAC, byte 3 differs", NULL, TX, TO(2, 0, 0, 1, 0, 0x11), SENT(H1, HYBRID) },
	{ "guest's MAC, byte 4 differs", NULL, TX, TO(2, 0, 0, 0, 1, 0x11), SENT(H1, HYBRID) },
	{ "guest's MAC, byte 5 differs", NULL, TX, TO(2, 0, 0, 0, 0, 0x91), SENT(H1, HYBRID) },

	/* TX 4: unknown unicast */
	{ "the vnet's own MAC is a stranger", NULL, TX, FROM_OURS(OURS), SENT(H1, HYBRID) },
	{ "a MAC of zeroes is a stranger", NULL, TX, TO(0, 0, 0, 0, 0, 0), SENT(H1, HYBRID) },

	/* held down: after all that is up, and then by priority */
	{ "held hybrid, service", "h1=held", TX, FROM_OURS(SCENE_MAC_OUTSIDE),
	  SENT(SERVICE, SERVICE) },
	{ "held hybrid alone", "h1=held service=down", TX, FROM_OURS(SCENE_MAC_OUTSIDE),
	  SENT(H1, HYBRID) },
	{ "held hybrid, another one up", "h1=held h3=up service=down", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H3, HYBRID) },
	{ "held hybrids", "h1=down h2=held h3=held service=down", TX, FROM_OURS(SCENE_MAC_OUTSIDE),
	  SENT(H2, HYBRID) },
	{ "held guest, service", "g1=held", TX, FROM_OURS(SCENE_MAC_G1),
	  SENT(SERVICE, GUEST_OVER_SERVICE) },
	{ "held guest, hybrid", "g1=held service=down", TX, FROM_OURS(SCENE_MAC_G1),
	  SENT(H1, HYBRID) },
	{ "held guest and hybrid", "g1=held h1=held service=down", TX, FROM_OURS(SCENE_MAC_G1),
	  SENT(G1, GUEST) },
	{ "held hybrid carries no broadcast", "h1=held service=down", TX,
	  TO(0xff, 0xff, 0xff, 0xff, 0xff, 0xff), FIXTURE_DROPS(NO_SERVICE) },

	/* several hybrids: the best that is up */
	{ "8 hybrids, the first", ALL_HYBRIDS, TX, FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H1, HYBRID) },
	{ "8 hybrids, the second", ALL_HYBRIDS "h1=down", TX, FROM_OURS(SCENE_MAC_OUTSIDE),
	  SENT(H2, HYBRID) },
	{ "8 hybrids, the third", ALL_HYBRIDS "h1=down h2=down", TX, FROM_OURS(SCENE_MAC_OUTSIDE),
	  SENT(H3, HYBRID) },
	{ "8 hybrids, the fourth", ALL_HYBRIDS "h1=down h2=down h3=down", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H4, HYBRID) },
	{ "8 hybrids, the fifth", ALL_HYBRIDS "h1=down h2=down h3=down h4=down", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H5, HYBRID) },
	{ "8 hybrids, the sixth", ALL_HYBRIDS "h1=down h2=down h3=down h4=down h5=down", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H6, HYBRID) },
	{ "8 hybrids, the seventh", ALL_HYBRIDS "h1=down h2=down h3=down h4=down h5=down h6=down",
	  TX, FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H7, HYBRID) },
	{ "8 hybrids, the eighth",
	  ALL_HYBRIDS "h1=down h2=down h3=down h4=down h5=down h6=down h7=down", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H8, HYBRID) },
	{ "8 hybrids, none up", "h1=down h2=down h3=down h4=down h5=down h6=down h7=down h8=down",
	  TX, FROM_OURS(SCENE_MAC_OUTSIDE), SENT(SERVICE, SERVICE) },
	{ "8 hybrids, nothing up",
	  "h1=down h2=down h3=down h4=down h5=down h6=down h7=down h8=down service=down", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), FIXTURE_DROPS(NO_PATH) },
	{ "an up one between two that are down", "h1=down h2=up h3=down", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H2, HYBRID) },
	{ "the best of the priorities, not of the numbers",
	  "h1.priority=30 h2=up h2.priority=20 h3=up h3.priority=10", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H3, HYBRID) },
	{ "the next best of the priorities",
	  "h1.priority=30 h2=up h2.priority=20 h3=down h3.priority=10", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H2, HYBRID) },
	{ "equal priorities: the older", "h1.priority=10 h2=up h2.priority=10", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H1, HYBRID) },
	{ "a guest that is down, no service, the second hybrid",
	  "g1=down service=down h1=down h2=up", TX, FROM_OURS(SCENE_MAC_G1), SENT(H2, HYBRID) },

	/* the original's way */
	{ "hybrid needs the service: it is up", "needs-service=on", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H1, HYBRID) },
	{ "hybrid needs the service: it is down", "needs-service=on service=down", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), FIXTURE_DROPS(NO_PATH) },
	{ "hybrid needs the service: there is none", "needs-service=on service=absent", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), FIXTURE_DROPS(NO_PATH) },
	{ "hybrid needs the service, guest down: nothing carries",
	  "needs-service=on service=down g1=down", TX, FROM_OURS(SCENE_MAC_G1),
	  FIXTURE_DROPS(NO_PATH) },
	{ "hybrid needs the service, a guest does not", "needs-service=on service=down", TX,
	  FROM_OURS(SCENE_MAC_G1), SENT(G1, GUEST) },
	{ "that vnet b needs its service does not matter", "b.needs-service=on service=down", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H1, HYBRID) },

	/* where the programs are */
	{ "at the egress of vnet0", NULL, FIXTURE_TX(SCENE_UPPER), FROM_OURS(SCENE_MAC_G1),
	  SENT(G1, GUEST) },
	{ "promiscuous makes no difference", "promisc=on", TX, FROM_OURS(SCENE_MAC_OUTSIDE),
	  SENT(H1, HYBRID) },
	{ "a peer in another namespace makes no difference", "peer=on", TX,
	  FROM_OURS(SCENE_MAC_OUTSIDE), SENT(H1, HYBRID) },
	{ "a device that is nobody's", NULL, FIXTURE_TX(SCENE_STRANGER), FROM_OURS(SCENE_MAC_G1),
	  FIXTURE_PASSES },
	{ "a device of a vnet that does not exist", "port=70:9:0", FIXTURE_TX(SCENE_STRANGER),
	  FROM_OURS(SCENE_MAC_G1), FIXTURE_PASSES },
	{ "a vnet that is gone", "b=absent port=60:2:0", FIXTURE_TX(SCENE_B_UPPER),
	  FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_B), FIXTURE_PASSES },

	/* two vnets */
	{ "vnet b has its own service", NULL, FIXTURE_TX(SCENE_B_PORT),
	  FIXTURE_FRAME(SCENE_MAC_BROADCAST, SCENE_MAC_B), SENT(B_SERVICE, MULTICAST) },
	{ "vnet b has its own guest of the same MAC", NULL, FIXTURE_TX(SCENE_B_PORT),
	  FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_B), SENT(B_G1, GUEST) },
	{ "vnet b does not know the guests of vnet a", NULL, FIXTURE_TX(SCENE_B_PORT),
	  FIXTURE_FRAME(SCENE_MAC_G2, SCENE_MAC_B), SENT(B_H1, HYBRID) },
	{ "vnet b does not take the service of vnet a", "b.service=down", FIXTURE_TX(SCENE_B_UPPER),
	  FIXTURE_FRAME(SCENE_MAC_BROADCAST, SCENE_MAC_B),
	  .expect = { MODEL_DROP, ABI_DROP_NO_SERVICE, .vnet = SCENE_B } },
	{ "vnet b does not take the hybrid of vnet a", "b.service=absent b.h1=down",
	  FIXTURE_TX(SCENE_B_PORT), FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_B),
	  .expect = { MODEL_DROP, ABI_DROP_NO_PATH, .vnet = SCENE_B } },
	{ "vnet b has a guard of its own", NULL, FIXTURE_TX(SCENE_B_PORT),
	  FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_VNET),
	  .expect = { MODEL_DROP, ABI_DROP_SPOOFED, .vnet = SCENE_B } },
	{ "the MAC of vnet b is a stranger to vnet a", NULL, TX, FROM_OURS(SCENE_MAC_B),
	  SENT(H1, HYBRID) },
	{ "vnet a while vnet b is not there", "b=absent", TX, FROM_OURS(SCENE_MAC_G1),
	  SENT(G1, GUEST) },

	/* frames of all sizes; the type of the payload is nothing to us */
	{ "the shortest frame", NULL, TX, FIXTURE_FRAME(SCENE_MAC_G1, OURS, .len = 14),
	  SENT(G1, GUEST) },
	{ "1514 bytes", NULL, TX, FIXTURE_FRAME(SCENE_MAC_G1, OURS, .len = 1514), SENT(G1, GUEST) },
	{ "3000 bytes", NULL, TX, FIXTURE_FRAME(SCENE_MAC_OUTSIDE, OURS, .len = 3000),
	  SENT(H1, HYBRID) },
	{ "9014 bytes", NULL, TX, FIXTURE_FRAME(SCENE_MAC_G1, OURS, .len = 9014), SENT(G1, GUEST) },
	{ "65535 bytes", NULL, TX, FIXTURE_FRAME(SCENE_MAC_OUTSIDE, OURS, .len = 65535),
	  SENT(H1, HYBRID) },
	{ "9014 bytes of broadcast and no service", "service=down", TX,
	  FIXTURE_FRAME(SCENE_MAC_BROADCAST, OURS, .len = 9014), FIXTURE_DROPS(NO_SERVICE) },
	{ "ARP", NULL, TX, FIXTURE_FRAME(SCENE_MAC_BROADCAST, OURS, .type = ETH_P_ARP),
	  SENT(SERVICE, MULTICAST) },
	{ "IPv4", NULL, TX, FIXTURE_FRAME(SCENE_MAC_G1, OURS, .type = ETH_P_IP), SENT(G1, GUEST) },
	{ "IPv6", NULL, TX, FIXTURE_FRAME(SCENE_MAC_OUTSIDE, OURS, .type = ETH_P_IPV6),
	  SENT(H1, HYBRID) },
	{ "802.3 with a length", NULL, TX, FIXTURE_FRAME(SCENE_MAC_G1, OURS, .type = 46),
	  SENT(G1, GUEST) },

	/* GSO: one frame in the stack, several on the wire */
	{ "GSO of 2 to a guest", NULL, TX,
	  FIXTURE_FRAME(SCENE_MAC_G1, OURS, .len = 2962, .segments = 2), SENT(G1, GUEST) },
	{ "GSO of 45 to the hybrid", NULL, TX,
	  FIXTURE_FRAME(SCENE_MAC_OUTSIDE, OURS, .len = 3000, .segments = 45), SENT(H1, HYBRID) },
	{ "GSO of 7, multicast", NULL, TX, FIXTURE_FRAME(SCENE_MAC_MULTICAST, OURS, .segments = 7),
	  SENT(SERVICE, MULTICAST) },
	{ "GSO of 5, broadcast", NULL, TX, FIXTURE_FRAME(SCENE_MAC_BROADCAST, OURS, .segments = 5),
	  SENT(SERVICE, MULTICAST) },
	{ "GSO of 1", NULL, TX, FIXTURE_FRAME(SCENE_MAC_G1, OURS, .segments = 1), SENT(G1, GUEST) },
	{ "GSO of 45 that is dropped", "service=down h1=down", TX,
	  FIXTURE_FRAME(SCENE_MAC_OUTSIDE, OURS, .segments = 45), FIXTURE_DROPS(NO_PATH) },
	{ "GSO of 3 that is spoofed", NULL, TX,
	  FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_G2, .segments = 3), FIXTURE_DROPS(SPOOFED) },
};

START_TEST(run)
{
	fixture_check(&cases[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tx");
	TCase *tc = tcase_create("fixtures");

	tcase_add_loop_test(tc, run, 0, ARRAY_SIZE(cases));
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
