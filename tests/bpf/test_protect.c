// SPDX-License-Identifier: GPL-2.0-or-later
/* What the upper of a protected vnet may send. */
#include <linux/if_ether.h>

#include "fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define TX	   FIXTURE_TX(SCENE_PORT)
#define FINE	   FIXTURE_SENT(SCENE_H1, HYBRID)
#define SPOOFED	   FIXTURE_DROPS(SPOOFED)
#define RESTRICTED FIXTURE_DROPS(RESTRICTED)

/* Frames from the vnet's own MAC to the outside. */
#define FRAME(proto, ...)                                                                          \
	FIXTURE_FRAME(SCENE_MAC_OUTSIDE, SCENE_MAC_VNET, .type = (proto), __VA_ARGS__)
#define ARP(...)  FRAME(ETH_P_ARP, .payload = __VA_ARGS__)
#define RARP(...) FRAME(ETH_P_RARP, .payload = __VA_ARGS__)
#define IP4(...)  FRAME(ETH_P_IP, .payload = __VA_ARGS__)
#define IP6(...)  FRAME(ETH_P_IPV6, .payload = __VA_ARGS__)

#define OWN   "020000000001 "
#define OTHER "020000000099 "

/* --- ARP --- */

#define ARP_START "0001 0800 06 04 0001 "
#define ARP_END	  "000000000000 0a0000fe "
#define OUR_IP	  "0a000005 "
#define NO_IP	  "00000000 "
#define BAD_IP	  "0a000006 "

/* --- IPv4: header with protocol, fragment field and source --- */

#define V4(proto, fragment, from) "45000000 0000 " fragment " 40" proto " 0000 " from "0a0000fe "
#define TCP			  "06"
#define UDP			  "11"
#define WHOLE			  "4000"
#define FIRST			  "2000"
#define LATER			  "0001"
#define PORTS_BOOTP		  "0044 0043 0000 0000 "
#define PORTS_ANSWER		  "0043 0044 0000 0000 "
#define PORTS_RELAY		  "0043 0043 0000 0000 "
#define PORTS_OTHER		  "1234 0035 0000 0000 "

#define ZERO8	"0000000000000000"
#define ZERO16	ZERO8 ZERO8
#define ZERO64	ZERO16 ZERO16 ZERO16 ZERO16
#define ZERO192 ZERO64 ZERO64 ZERO64
#define BOOTP(htype, hlen, mac)                                                                    \
	"01 " htype hlen "00" ZERO16 "0000000000000000 " mac "00000000000000000000" ZERO192        \
	"63825363 "
#define END	   "ff"
#define ASK	   "350101 "
#define CLIENT(id) "3d07 01 " id

/* --- IPv6: header with length, next header and source; what follows it --- */

#define V6(length, next, from)                                                                     \
	"60000000 " length next "ff " from "ff020000000000000000000000000001 "
#define V6_OUR	       "fd000000000000000000000000000005 "
#define V6_OTHER       "fd000000000000000000000000000006 "
#define V6_LINK	       "fe8000000000000000 0000fffe000001 "
#define V6_LINK_OTHER  "fe8000000000000000 0000fffe000002 "
#define V6_LINK_PREFIX "fe8000000000000100 0000fffe000001 "
#define V6_MAPPED      "00000000000000000000ffff0a000005 "
#define NOBODY	       "00000000000000000000000000000000 "
#define ICMP	       "3a"
#define HOP	       "00"
#define ROUTING	       "2b"
#define FRAGMENT       "2c"
#define AH	       "33"
#define DESTINATION    "3c"
#define NS	       "87 00 0000 00000000 "
#define NA	       "88 00 0000 60000000 "
#define RS	       "85 00 0000 00000000 "
#define MLD	       "8f 00 0000 00000000 "
#define ECHO	       "80 00 0000 00000000 "
#define SOURCE(mac)    "01 01 " mac
#define TARGET(mac)    "02 01 " mac
#define EXT(next)      next "00 000000000000 "

#define ADDRESSES " allowed=10.0.0.5/32+fd00::5/128"
#define MAC	  "protect=mac"
#define IP	  "protect=ip" ADDRESSES
#define DHCP	  "protect=dhcp"

static const struct fixture cases[] = {
	/* nothing is protected that nobody protects */
	{ "ARP with any sender", NULL, TX, ARP(ARP_START OTHER BAD_IP ARP_END), FINE },
	{ "any IPv4", NULL, TX, IP4(V4(TCP, WHOLE, BAD_IP)), FINE },
	{ "any IPv6", NULL, TX, IP6(V6("0000", "3b", V6_OTHER)), FINE },
	{ "any type", NULL, TX, FRAME(0x88b5), FINE },
	{ "that vnet b is protected does not matter", "b.protect=mac+ip+dhcp+restricted", TX,
	  ARP(ARP_START OTHER BAD_IP ARP_END), FINE },
	{ "what is received is not judged", "protect=mac+ip+dhcp+restricted", FIXTURE_RX(SCENE_H1),
	  FIXTURE_FRAME(SCENE_MAC_VNET, SCENE_MAC_OUTSIDE, .type = ETH_P_ARP,
			.payload = ARP_START OTHER BAD_IP ARP_END),
	  FIXTURE_DELIVERED(SCENE_H1) },

	/* mac-nospoof */
	{ "mac: its own", MAC " guard=off", TX, FRAME(0x88b5), FINE },
	{ "mac: another's, guard off", MAC " guard=off", TX,
	  FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_OUTSIDE), SPOOFED },
	{ "mac: before the VLAN", MAC " guard=off", TX,
	  FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_OUTSIDE, .tags = { { FRAME_8021Q, 9 } }), SPOOFED },
	{ "mac: ARP from itself", MAC, TX, ARP(ARP_START OWN BAD_IP ARP_END), FINE },
	{ "mac: ARP from another", MAC, TX, ARP(ARP_START OTHER OUR_IP ARP_END), SPOOFED },
	{ "mac: ARP of another hardware", MAC, TX, ARP("0006 0800 06 04 0001 " OWN OUR_IP ARP_END),
	  SPOOFED },
	{ "mac: ARP of another protocol", MAC, TX, ARP("0001 86dd 06 04 0001 " OWN OUR_IP ARP_END),
	  SPOOFED },
	{ "mac: ARP with long addresses", MAC, TX, ARP("0001 0800 08 04 0001 " OWN OUR_IP ARP_END),
	  SPOOFED },
	{ "mac: ARP that is cut", MAC, TX, ARP(ARP_START OWN OUR_IP, .len = 41), SPOOFED },
	{ "mac: ARP that is just whole", MAC, TX, ARP(ARP_START OWN OUR_IP ARP_END, .len = 42),
	  FINE },
	{ "mac: ARP behind a tag", MAC " vlans=10", TX,
	  ARP(ARP_START OTHER OUR_IP ARP_END, .tags = { { FRAME_8021Q, 10 } }), SPOOFED },
	{ "mac: ARP behind a tag, from itself", MAC " vlans=10", TX,
	  ARP(ARP_START OWN OUR_IP ARP_END, .tags = { { FRAME_8021Q, 10 } }), FINE },
	{ "mac: ARP behind two tags is vlan", MAC, TX,
	  ARP(ARP_START OTHER OUR_IP ARP_END, .tags = { { FRAME_8021Q, 1 }, { FRAME_8021Q, 1 } }),
	  FIXTURE_DROPS(VLAN) },
	{ "mac: spoofed before vlan", MAC, TX,
	  ARP(ARP_START OTHER OUR_IP ARP_END, .tags = { { FRAME_8021Q, 10 } }), SPOOFED },
	{ "mac: RARP from another", MAC, TX, RARP(ARP_START OTHER NO_IP ARP_END), SPOOFED },
	{ "mac: RARP from itself", MAC, TX, RARP(ARP_START OWN NO_IP ARP_END), FINE },
	{ "mac: any IPv4", MAC, TX, IP4(V4(TCP, WHOLE, BAD_IP)), FINE },
	{ "mac: solicitation from its MAC", MAC, TX,
	  IP6(V6("0020", ICMP, V6_OTHER) NS V6_OTHER SOURCE(OWN)), FINE },
	{ "mac: solicitation from another", MAC, TX,
	  IP6(V6("0020", ICMP, V6_OUR) NS V6_OTHER SOURCE(OTHER)), SPOOFED },
	{ "mac: solicitation without a MAC", MAC, TX, IP6(V6("0018", ICMP, V6_OUR) NS V6_OTHER),
	  FINE },
	{ "mac: the second option", MAC, TX,
	  IP6(V6("0028", ICMP, V6_OUR) NS V6_OTHER "0e 01 000000000000 " SOURCE(OTHER)), SPOOFED },
	{ "mac: what stands behind the packet is no option", MAC, TX,
	  IP6(V6("0018", ICMP, V6_OUR) NS V6_OTHER SOURCE(OTHER)), FINE },
	{ "mac: an option without a length", MAC, TX,
	  IP6(V6("0020", ICMP, V6_OUR) NS V6_OTHER "0e 00 000000000000 "), SPOOFED },
	{ "mac: an option that is cut", MAC, TX,
	  IP6(V6("001c", ICMP, V6_OUR) NS V6_OTHER "0e 01 0000 "), SPOOFED },
	{ "mac: advertisement of its MAC", MAC, TX,
	  IP6(V6("0020", ICMP, V6_OUR) NA V6_OUR TARGET(OWN)), FINE },
	{ "mac: advertisement of another", MAC, TX,
	  IP6(V6("0020", ICMP, V6_OUR) NA V6_OUR TARGET(OTHER)), SPOOFED },
	{ "mac: router solicitation from its MAC", MAC, TX,
	  IP6(V6("0010", ICMP, V6_OUR) RS SOURCE(OWN)), FINE },
	{ "mac: router solicitation from another", MAC, TX,
	  IP6(V6("0010", ICMP, V6_OUR) RS SOURCE(OTHER)), SPOOFED },
	{ "mac: solicitation behind a header", MAC, TX,
	  IP6(V6("0028", DESTINATION, V6_OUR) EXT(ICMP) NS V6_OTHER SOURCE(OTHER)), SPOOFED },
	{ "mac: solicitation in a fragment", MAC, TX,
	  IP6(V6("0028", FRAGMENT, V6_OUR) ICMP "00 0001 00000000 " NS V6_OTHER SOURCE(OWN)),
	  SPOOFED },
	{ "mac: echo", MAC, TX, IP6(V6("0008", ICMP, V6_OTHER) ECHO), FINE },

	/* ip-nospoof: IPv4 */
	{ "ip: its address", IP, TX, IP4(V4(TCP, WHOLE, OUR_IP)), FINE },
	{ "ip: another", IP, TX, IP4(V4(TCP, WHOLE, BAD_IP)), SPOOFED },
	{ "ip: none is allowed", "protect=ip", TX, IP4(V4(TCP, WHOLE, OUR_IP)), SPOOFED },
	{ "ip: that of vnet b", "protect=ip b.allowed=10.0.0.5/32", TX, IP4(V4(TCP, WHOLE, OUR_IP)),
	  SPOOFED },
	{ "ip: in a prefix", "protect=ip allowed=10.0.0.4/31", TX, IP4(V4(TCP, WHOLE, OUR_IP)),
	  FINE },
	{ "ip: just outside a prefix", "protect=ip allowed=10.0.0.4/31", TX,
	  IP4(V4(TCP, WHOLE, BAD_IP)), SPOOFED },
	{ "ip: everything is allowed", "protect=ip allowed=0.0.0.0/0", TX,
	  IP4(V4(TCP, WHOLE, BAD_IP)), FINE },
	{ "ip: everything is not zero", "protect=ip allowed=0.0.0.0/0", TX,
	  IP4(V4(TCP, WHOLE, NO_IP)), SPOOFED },
	{ "ip: a later fragment", IP, TX, IP4(V4(UDP, LATER, OUR_IP)), FINE },
	{ "ip: a later fragment from another", IP, TX, IP4(V4(UDP, LATER, BAD_IP)), SPOOFED },
	{ "ip: DHCP from nobody", IP, TX, IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP), FINE },
	{ "ip: UDP from nobody", IP, TX, IP4(V4(UDP, WHOLE, NO_IP) PORTS_OTHER), SPOOFED },
	{ "ip: TCP from nobody", IP, TX, IP4(V4(TCP, WHOLE, NO_IP) PORTS_BOOTP), SPOOFED },
	{ "ip: a later fragment from nobody", IP, TX, IP4(V4(UDP, LATER, NO_IP) PORTS_BOOTP),
	  SPOOFED },
	{ "ip: behind options", IP, TX,
	  IP4("46000000 0000 4000 4011 0000 " NO_IP "0a0000fe 01010100 " PORTS_BOOTP), FINE },
	{ "ip: a header that is too short", IP, TX,
	  IP4("44000000 0000 4000 4006 0000 " OUR_IP "0a0000fe "), SPOOFED },
	{ "ip: another version", IP, TX, IP4("65000000 0000 4000 4006 0000 " OUR_IP "0a0000fe "),
	  SPOOFED },
	{ "ip: a packet that is cut", IP, TX, IP4(V4(TCP, WHOLE, OUR_IP), .len = 34), FINE },
	{ "ip: ARP for its address", IP, TX, ARP(ARP_START OTHER OUR_IP ARP_END), FINE },
	{ "ip: ARP for another", IP, TX, ARP(ARP_START OWN BAD_IP ARP_END), SPOOFED },
	{ "ip: ARP that probes", IP, TX, ARP(ARP_START OWN NO_IP ARP_END), FINE },
	{ "ip: RARP", IP, TX, RARP(ARP_START OWN OUR_IP ARP_END), SPOOFED },
	{ "ip: any other type", IP, TX, FRAME(0x88b5), FINE },

	/* ip-nospoof: IPv6 */
	{ "ip: its IPv6 address", IP, TX, IP6(V6("0000", "3b", V6_OUR)), FINE },
	{ "ip: another IPv6 address", IP, TX, IP6(V6("0000", "3b", V6_OTHER)), SPOOFED },
	{ "ip: its link-local address", IP, TX, IP6(V6("0000", "3b", V6_LINK)), FINE },
	{ "ip: another's link-local address", IP, TX, IP6(V6("0000", "3b", V6_LINK_OTHER)),
	  SPOOFED },
	{ "ip: link-local of another prefix", IP, TX, IP6(V6("0000", "3b", V6_LINK_PREFIX)),
	  SPOOFED },
	{ "ip: its IPv4 address in IPv6", IP, TX, IP6(V6("0000", "3b", V6_MAPPED)), SPOOFED },
	{ "ip: IPv6 from nobody", IP, TX, IP6(V6("0000", "3b", NOBODY)), SPOOFED },
	{ "ip: echo from nobody", IP, TX, IP6(V6("0008", ICMP, NOBODY) ECHO), SPOOFED },
	{ "ip: is my address free?", IP, TX, IP6(V6("0018", ICMP, NOBODY) NS V6_OUR), FINE },
	{ "ip: is my link-local address free?", IP, TX, IP6(V6("0018", ICMP, NOBODY) NS V6_LINK),
	  FINE },
	{ "ip: is another's address free?", IP, TX, IP6(V6("0018", ICMP, NOBODY) NS V6_OTHER),
	  SPOOFED },
	{ "ip: who has another's address?", IP, TX, IP6(V6("0018", ICMP, V6_OUR) NS V6_OTHER),
	  FINE },
	{ "ip: router solicitation from nobody", IP, TX, IP6(V6("0008", ICMP, NOBODY) RS), FINE },
	{ "ip: report of groups from nobody", IP, TX, IP6(V6("0008", ICMP, NOBODY) MLD), FINE },
	{ "ip: report of groups behind a header", IP, TX,
	  IP6(V6("0010", HOP, NOBODY) EXT(ICMP) MLD), FINE },
	{ "ip: advertisement of its address", IP, TX, IP6(V6("0018", ICMP, V6_LINK) NA V6_OUR),
	  FINE },
	{ "ip: advertisement of another", IP, TX, IP6(V6("0018", ICMP, V6_OUR) NA V6_OTHER),
	  SPOOFED },
	{ "ip: six headers", IP, TX,
	  IP6(V6("0038", HOP, V6_OUR) EXT(DESTINATION) EXT(ROUTING) EXT(DESTINATION)
		      EXT(DESTINATION) EXT(DESTINATION) EXT(ICMP) ECHO),
	  FINE },
	{ "ip: seven headers", IP, TX,
	  IP6(V6("0040", HOP, V6_OUR) EXT(DESTINATION) EXT(ROUTING) EXT(DESTINATION)
		      EXT(DESTINATION) EXT(DESTINATION) EXT(DESTINATION) EXT(ICMP) ECHO),
	  SPOOFED },
	{ "ip: behind AH", IP, TX,
	  IP6(V6("0020", AH, NOBODY) ICMP "01 0000 00000000 00000000 " MLD), FINE },
	{ "ip: a header that is cut", IP, TX, IP6(V6("0008", HOP, V6_OUR) "3b"), SPOOFED },
	{ "ip: a later fragment of IPv6", IP, TX,
	  IP6(V6("0010", FRAGMENT, V6_OUR) ICMP "00 0008 00000000 " NA), FINE },
	{ "ip: another version of IPv6", IP, TX,
	  IP6("50000000 0000 3b ff " V6_OUR "ff020000000000000000000000000001 "), SPOOFED },

	/* dhcp-nospoof: IPv4 */
	{ "dhcp: a request", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "06", OWN) ASK END), FINE },
	{ "dhcp: for another MAC", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "06", OTHER) ASK END), SPOOFED },
	{ "dhcp: of another hardware", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("06", "06", OWN) ASK END), SPOOFED },
	{ "dhcp: with a longer address", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "08", OWN) ASK END), SPOOFED },
	{ "dhcp: identified by its MAC", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "06", OWN) ASK CLIENT(OWN) END), FINE },
	{ "dhcp: identified by another MAC", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "06", OWN) ASK CLIENT(OTHER) END),
	  SPOOFED },
	{ "dhcp: behind an empty option", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "06", OWN) "00" CLIENT(OTHER) END),
	  SPOOFED },
	{ "dhcp: identified otherwise", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "06", OWN) "3d07 ff " OWN END),
	  SPOOFED },
	{ "dhcp: with a longer identifier", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "06", OWN) "3d08 01 " OWN "00" END),
	  SPOOFED },
	{ "dhcp: options that go on elsewhere", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "06", OWN) "340101" END), SPOOFED },
	{ "dhcp: options without an end", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "06", OWN) ASK), SPOOFED },
	{ "dhcp: behind the end is nothing", DHCP, TX,
	  IP4(V4(UDP, WHOLE, NO_IP) PORTS_BOOTP BOOTP("01", "06", OWN) ASK END CLIENT(OTHER)),
	  FINE },
	{ "dhcp: in fragments", DHCP, TX,
	  IP4(V4(UDP, FIRST, NO_IP) PORTS_BOOTP BOOTP("01", "06", OWN) ASK END), SPOOFED },
	{ "dhcp: a later fragment", DHCP, TX, IP4(V4(UDP, LATER, NO_IP) PORTS_ANSWER), FINE },
	{ "dhcp: a server's answer", DHCP, TX,
	  IP4(V4(UDP, WHOLE, OUR_IP) PORTS_ANSWER BOOTP("01", "06", OWN) ASK END), SPOOFED },
	{ "dhcp: a relay's", DHCP, TX,
	  IP4(V4(UDP, WHOLE, OUR_IP) PORTS_RELAY BOOTP("01", "06", OTHER) ASK END), SPOOFED },
	{ "dhcp: other UDP", DHCP, TX, IP4(V4(UDP, WHOLE, BAD_IP) PORTS_OTHER), FINE },
	{ "dhcp: UDP that is cut", DHCP, TX, IP4(V4(UDP, WHOLE, BAD_IP) "1234 0035 00"), SPOOFED },
	{ "dhcp: TCP to that port", DHCP, TX, IP4(V4(TCP, WHOLE, BAD_IP) PORTS_ANSWER), FINE },
	{ "dhcp: any ARP", DHCP, TX, ARP(ARP_START OTHER BAD_IP ARP_END), FINE },

	/* dhcp-nospoof: IPv6 */
	{ "dhcp: a request of IPv6", DHCP, TX,
	  IP6(V6("001a", UDP, V6_LINK) "0222 0223 001a 0000 01 000000 0001 000a 0003 0001 " OWN),
	  FINE },
	{ "dhcp: of another MAC in IPv6", DHCP, TX,
	  IP6(V6("001a", UDP, V6_LINK) "0222 0223 001a 0000 01 000000 0001 000a 0003 0001 " OTHER),
	  SPOOFED },
	{ "dhcp: identified by MAC and time", DHCP, TX,
	  IP6(V6("001e", UDP,
		 V6_LINK) "0222 0223 001e 0000 01 000000 0001 000e 0001 0001 12345678 " OWN),
	  FINE },
	{ "dhcp: by another MAC and time", DHCP, TX,
	  IP6(V6("001e", UDP,
		 V6_LINK) "0222 0223 001e 0000 01 000000 0001 000e 0001 0001 12345678 " OTHER),
	  SPOOFED },
	{ "dhcp: identified otherwise in IPv6", DHCP, TX,
	  IP6(V6("001a", UDP, V6_LINK) "0222 0223 001a 0000 01 000000 0001 000a 0002 0001 " OWN),
	  SPOOFED },
	{ "dhcp: of other hardware in IPv6", DHCP, TX,
	  IP6(V6("001a", UDP, V6_LINK) "0222 0223 001a 0000 01 000000 0001 000a 0003 0006 " OWN),
	  SPOOFED },
	{ "dhcp: not identified", DHCP, TX,
	  IP6(V6("0010", UDP, V6_LINK) "0222 0223 0010 0000 0b 000000 0008 0000 "), FINE },
	{ "dhcp: identified by the second option", DHCP, TX,
	  IP6(V6("001e", UDP,
		 V6_LINK) "0222 0223 001e 0000 01 000000 000e 0000 0001 000a 0003 0001 " OTHER),
	  SPOOFED },
	{ "dhcp: an option that is too long", DHCP, TX,
	  IP6(V6("0010", UDP, V6_LINK) "0222 0223 0010 0000 0b 000000 0008 0001 "), SPOOFED },
	{ "dhcp: a relay's of IPv6", DHCP, TX,
	  IP6(V6("000c", UDP, V6_LINK) "0223 0223 000c 0000 0c 000000 "), SPOOFED },
	{ "dhcp: a server's answer of IPv6", DHCP, TX,
	  IP6(V6("000c", UDP, V6_LINK) "0223 0222 000c 0000 07 000000 "), SPOOFED },
	{ "dhcp: a fragment of IPv6", DHCP, TX,
	  IP6(V6("0014", FRAGMENT, V6_LINK) UDP "00 0001 00000000 0222 0223 000c 0000 0b 000000 "),
	  SPOOFED },

	/* restricted */
	{ "restricted: IPv4", "protect=restricted", TX, IP4(V4(TCP, WHOLE, BAD_IP)), FINE },
	{ "restricted: IPv6", "protect=restricted", TX, IP6(V6("0000", "3b", V6_OTHER)), FINE },
	{ "restricted: ARP", "protect=restricted", TX, ARP(ARP_START OTHER BAD_IP ARP_END), FINE },
	{ "restricted: RARP", "protect=restricted", TX, RARP(ARP_START OWN NO_IP ARP_END),
	  RESTRICTED },
	{ "restricted: another type", "protect=restricted", TX, FRAME(0x88b5), RESTRICTED },
	{ "restricted: a length", "protect=restricted", TX, FRAME(46), RESTRICTED },
	{ "restricted: before vlan", "protect=restricted", TX,
	  FRAME(0x88b5, .tags = { { FRAME_8021Q, 10 } }), RESTRICTED },
	{ "restricted: two tags are vlan", "protect=restricted", TX,
	  FRAME(0x88b5, .tags = { { FRAME_8021Q, 10 }, { FRAME_8021Q, 10 } }),
	  FIXTURE_DROPS(VLAN) },
	{ "restricted: spoofed first", "protect=restricted", TX,
	  FIXTURE_FRAME(SCENE_MAC_G1, SCENE_MAC_G2), SPOOFED },
};

START_TEST(run)
{
	fixture_check(&cases[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("protect");
	TCase *tc = tcase_create("fixtures");

	tcase_add_loop_test(tc, run, 0, ARRAY_SIZE(cases));
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
