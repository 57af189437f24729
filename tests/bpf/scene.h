/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Configurations, written as one line in a table: what differs from the base scene. In the base
 * scene everything is up:
 *
 *	vnet a	02:..:01, guard on, with a service, the guests g1 (02:..:11) and g2 (02:..:12), the
 *		hybrid h1; h2 to h8, of falling priority, are known by name and absent
 *	vnet b	02:..:02, guard on, with a service, a guest b.g1 that has the MAC of g1, the hybrid
 *		b.h1
 *
 * All devices are taps that take frames which XDP redirects. The line is made of KEY=VALUE with
 * blanks between (of vnet b: b.KEY):
 *
 *	guard promisc peer needs-service xdp = on | off
 *	pvid = N		vlans = N+N+...
 *	storm = N		frames a second
 *	protect = mac+ip+dhcp+restricted	(any of them)
 *	allowed = PREFIX/LENGTH+...		IPv4 or IPv6
 *	service g1 g2 h1..h8 b.service b.g1 b.h1 = up | down | absent
 *	RESOURCE.pvid = N	(else the vnet's)
 *	RESOURCE.vlans = N+N+... | none
 *	RESOURCE.priority = N
 *	RESOURCE.mac = last byte of the peer's
 *	RESOURCE.storm = N
 *	RESOURCE.xdp = on | off
 *	RESOURCE.device = gone | down | carrierless | plain | veth	(plain: nothing of XDP)
 *	direct = on		g2 and b.g1 are direct peers
 *	port = IFINDEX:VNET:RESOURCE	(a row of its own)
 *	b = absent
 */
#ifndef VNET_TESTS_SCENE_H
#define VNET_TESTS_SCENE_H

#include "frame.h"

enum scene_vnet { SCENE_NOBODY, SCENE_A, SCENE_B };

enum scene_resource {
	SCENE_NONE,
	SCENE_SERVICE,
	SCENE_G1,
	SCENE_G2,
	SCENE_H1,
	SCENE_H2,
	SCENE_H3,
	SCENE_H4,
	SCENE_H5,
	SCENE_H6,
	SCENE_H7,
	SCENE_H8,
	SCENE_B_SERVICE,
	SCENE_B_G1,
	SCENE_B_H1,
	SCENE_RESOURCE_END
};

/* Interface indexes. */
#define SCENE_UPPER	       50 /* vnet a's vnet0, where the shortcut is */
#define SCENE_PORT	       51 /* ... and its port end */
#define SCENE_B_UPPER	       60
#define SCENE_B_PORT	       61
#define SCENE_STRANGER	       70 /* a device that is nobody's */
#define SCENE_DEVICE(resource) (100 + (resource))
#define SCENE_PLAIN(resource)  (200 + (resource)) /* with .device=plain */
#define SCENE_VETH(resource)   (300 + (resource)) /* with .device=veth */

#define SCENE_MAC_VNET	    FRAME_MAC(0x02, 0, 0, 0, 0, 0x01)
#define SCENE_MAC_B	    FRAME_MAC(0x02, 0, 0, 0, 0, 0x02)
#define SCENE_MAC_G1	    FRAME_MAC(0x02, 0, 0, 0, 0, 0x11)
#define SCENE_MAC_G2	    FRAME_MAC(0x02, 0, 0, 0, 0, 0x12)
#define SCENE_MAC_OUTSIDE   FRAME_MAC(0x02, 0, 0, 0, 0, 0x99)
#define SCENE_MAC_BROADCAST FRAME_MAC(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
#define SCENE_MAC_MULTICAST FRAME_MAC(0x33, 0x33, 0, 0, 0, 0x01)

/* 0, or -EINVAL for a line with a mistake, which is told on stderr. */
int scene_parse(const char *text, struct model_config *ret);

/* All devices of all scenes, the strangers too; @kinds: also those that can do more in XDP, or
 * less. */
int scene_everything(bool kinds, struct model_config *ret);

#endif
