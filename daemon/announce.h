/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames by which a station tells the network where it is. Nothing here but bytes. */
#ifndef VNETD_ANNOUNCE_H
#define VNETD_ANNOUNCE_H

#include "mac.h"

#define ANNOUNCE_IPV4_SIZE  4
#define ANNOUNCE_IPV6_SIZE  16
#define ANNOUNCE_FRAME_SIZE 90 /* a tagged neighbour advertisement */

struct announce_frame {
	size_t length;
	uint8_t bytes[ANNOUNCE_FRAME_SIZE];
};

/* @vlan: of the frame's tag, 0: it has none. */

/* For switches, which learn the MAC: it needs no address. */
void announce_rarp(const uint8_t mac[MAC_LEN], uint16_t vlan, struct announce_frame *ret);
/* For neighbours as well: a gratuitous ARP request. */
void announce_arp(const uint8_t mac[MAC_LEN], uint16_t vlan,
		  const uint8_t address[ANNOUNCE_IPV4_SIZE], struct announce_frame *ret);
/* An unsolicited neighbour advertisement that overrides; @router: the station forwards. */
void announce_na(const uint8_t mac[MAC_LEN], uint16_t vlan,
		 const uint8_t address[ANNOUNCE_IPV6_SIZE], bool router,
		 struct announce_frame *ret);

#endif
