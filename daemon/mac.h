/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ethernet addresses: bytes in network order, text as "02:00:00:00:00:01". */
#ifndef VNETD_MAC_H
#define VNETD_MAC_H

#include "util.h"

#define MAC_LEN	      6
#define MAC_TEXT_SIZE 18

/* Six pairs of hex digits with colons, nothing else; -EINVAL leaves @ret as it was. */
int mac_parse(const char *text, uint8_t ret[MAC_LEN]);

/* Writes lower-case text into @buffer and returns it. */
const char *mac_format(const uint8_t mac[MAC_LEN], char buffer[MAC_TEXT_SIZE]);

/* A random locally administered unicast address; -errno if the kernel has no random bytes. */
int mac_random(uint8_t ret[MAC_LEN]);

/* Neither multicast nor all zero: what a device may have. */
bool mac_is_unicast(const uint8_t mac[MAC_LEN]);

static inline bool mac_same(const uint8_t a[MAC_LEN], const uint8_t b[MAC_LEN])
{
	return memcmp(a, b, MAC_LEN) == 0;
}

#endif
