/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <netinet/ether.h>
#include <sys/random.h>

#include "mac.h"

#define MULTICAST 0x01 /* of the first byte */
#define LOCAL	  0x02

/* ether_aton_r() takes "2:0:0:0:0:1", and with anything behind it, for an address. */
static bool is_whole(const char *text)
{
	size_t i;

	for (i = 0; i < MAC_TEXT_SIZE && text[i]; i++) {
		if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return i == MAC_TEXT_SIZE - 1;
}

int mac_parse(const char *text, uint8_t ret[MAC_LEN])
{
	struct ether_addr address;

	if (!is_whole(text) || !ether_aton_r(text, &address))
		return -EINVAL;
	memcpy(ret, address.ether_addr_octet, MAC_LEN);
	return 0;
}

const char *mac_format(const uint8_t mac[MAC_LEN], char buffer[MAC_TEXT_SIZE])
{
	snprintf(buffer, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return buffer;
}

int mac_random(uint8_t ret[MAC_LEN])
{
	uint8_t mac[MAC_LEN];
	ssize_t n;

	/* So few bytes come whole or not at all. */
	do {
		n = getrandom(mac, sizeof(mac), 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;

	mac[0] = (mac[0] & ~MULTICAST) | LOCAL;
	memcpy(ret, mac, MAC_LEN);
	return 0;
}

bool mac_is_unicast(const uint8_t mac[MAC_LEN])
{
	static const uint8_t zero[MAC_LEN];

	return !(mac[0] & MULTICAST) && !mac_same(mac, zero);
}
