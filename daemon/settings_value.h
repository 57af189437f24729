/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of values that the rows of the settings tables share. All functions that read return 0,
 * or -EINVAL with nothing changed; an empty text is never a value. For settings*.c, and for show.c,
 * which types them.
 */
#ifndef VNETD_SETTINGS_VALUE_H
#define VNETD_SETTINGS_VALUE_H

#include "settings.h"

#define SETTINGS_VALUE_TEXT_SIZE 72

/* What the texts of the error messages say; both tables have such rows. */
#define SETTINGS_VALUE_BOOL  "on or off"
#define SETTINGS_VALUE_MAC   "a unicast MAC like 02:00:00:00:00:01"
#define SETTINGS_VALUE_PVID  "a number from 1 to 4094"
#define SETTINGS_VALUE_VLANS "none, all, or VLANs from 1 to 4094 like 10,20-29 in at most 32 ranges"
#define SETTINGS_VALUE_RATE  "none, or a rate from 64kbit to 40gbit like 64kbit, 1.5mbit or 1gbit"
#define SETTINGS_VALUE_STORM "a number of frames a second from 1 to 10000000, or none"

/* The user's @text fit for one line of an error message: nothing unprintable, not too long. */
const char *settings_value_show(const char *text, char buffer[SETTINGS_VALUE_TEXT_SIZE]);

/* Decimal digits and nothing else. */
int settings_value_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret);

/* on, yes, true, 1 and their opposites, in any case, as in systemd's files. */
int settings_value_bool(const char *text, bool *ret);
const char *settings_value_bool_name(bool value);

/* One of @names, of which there are @count; @ret is its index. */
int settings_value_choice(const char *text, const char *const *names, size_t count,
			  unsigned int *ret);

int settings_value_pvid(const char *text, uint16_t *ret);
int settings_value_vlans(const char *text, struct vlan_set *ret);
int settings_value_mac(const char *text, uint8_t ret[MAC_LEN]);

/* Empty for the MAC of zeros. */
void settings_value_format_mac(const uint8_t mac[MAC_LEN], char buffer[SETTINGS_TEXT_SIZE]);

/* The first bytes of a MAC, the rest of @ret becomes zeros; "none" for none. */
int settings_value_mac_prefix(const char *text, uint8_t ret[MAC_LEN], uint8_t *ret_length);
void settings_value_format_mac_prefix(const uint8_t prefix[MAC_LEN], uint8_t length,
				      char buffer[SETTINGS_TEXT_SIZE]);

/* What can be the name of a network device. */
int settings_value_device(const char *text, char ret[IFNAMSIZ]);
#define SETTINGS_VALUE_DEVICE "a device name of 1 to 15 printable characters without '/' and ':'"

/* "none" for 0. */
int settings_value_storm_limit(const char *text, uint32_t *ret);
void settings_value_format_storm_limit(uint32_t limit, char buffer[SETTINGS_TEXT_SIZE]);

/* Bits a second, with the units of tc(8): "1mbit"; "none" for 0; settings_rate.c. */
int settings_value_rate(const char *text, uint64_t *ret_bits);
void settings_value_format_rate(uint64_t bits, char buffer[SETTINGS_TEXT_SIZE]);
/* Of a struct with `limits` in it: the functions of the rows of its table that are about them. */
#define SETTINGS_VALUE_LIMITS_FUNCTIONS(type)                                                      \
	static int parse_maxbw(void *settings, const char *text)                                   \
	{                                                                                          \
		return settings_value_rate(text, &((struct type *)settings)->limits.bits);         \
	}                                                                                          \
	static void format_maxbw(const void *settings, char buffer[SETTINGS_TEXT_SIZE])            \
	{                                                                                          \
		settings_value_format_rate(((const struct type *)settings)->limits.bits, buffer);  \
	}                                                                                          \
	static int parse_maxbw_in(void *settings, const char *text)                                \
	{                                                                                          \
		return settings_value_rate(text, &((struct type *)settings)->limits.in_bits);      \
	}                                                                                          \
	static void format_maxbw_in(const void *settings, char buffer[SETTINGS_TEXT_SIZE])         \
	{                                                                                          \
		settings_value_format_rate(((const struct type *)settings)->limits.in_bits,        \
					   buffer);                                                \
	}                                                                                          \
	static int parse_maxbw_out(void *settings, const char *text)                               \
	{                                                                                          \
		return settings_value_rate(text, &((struct type *)settings)->limits.out_bits);     \
	}                                                                                          \
	static void format_maxbw_out(const void *settings, char buffer[SETTINGS_TEXT_SIZE])        \
	{                                                                                          \
		settings_value_format_rate(((const struct type *)settings)->limits.out_bits,       \
					   buffer);                                                \
	}

#define SETTINGS_VALUE_LIMITS_ROWS                                                                 \
	{ "maxbw",     "MaxBandwidth", SETTINGS_JSON_STRING, false, SETTINGS_VALUE_RATE,           \
	  parse_maxbw, format_maxbw },                                                             \
		{ "maxbw_in",	       "MaxBandwidthIn", SETTINGS_JSON_STRING, false,              \
		  SETTINGS_VALUE_RATE, parse_maxbw_in,	 format_maxbw_in },                        \
	{                                                                                          \
		"maxbw_out", "MaxBandwidthOut", SETTINGS_JSON_STRING, false, SETTINGS_VALUE_RATE,  \
			parse_maxbw_out, format_maxbw_out                                          \
	}

/* Of enum settings_protection, and the addresses that go with it; settings_protection.c. */
int settings_value_protection(const char *text, unsigned int *ret);
void settings_value_format_protection(unsigned int bits, char buffer[SETTINGS_TEXT_SIZE]);
int settings_value_addresses(const char *text, struct settings_prefixes *ret);
int settings_value_prefixes(const char *text, struct settings_prefixes *ret);
void settings_value_format_prefixes(const struct settings_prefixes *list,
				    char buffer[SETTINGS_TEXT_SIZE]);

/* "10.1.0.0/16", or just the address if the prefix is all of it. Returns @buffer. */
const char *settings_prefix_format(const struct settings_prefix *p,
				   char buffer[SETTINGS_PREFIX_TEXT_SIZE]);

/* An IPv6 prefix so short that the IPv4 addresses, which are written as ::ffff:a.b.c.d, are in it.
 */
bool settings_prefix_takes_in_ipv4(const struct settings_prefix *p);

/* The neighbour that is asked, and that only a hybrid has one; settings_probe.c. */
int settings_value_probe(const char *text, struct settings_probe *ret);
int settings_probe_check(const struct resource_settings *s, const char *object, struct error *e);

/* "none" for nobody; settings_owner.c. */
int settings_value_owner(const char *text, char ret[SETTINGS_OWNER_SIZE]);
void settings_value_format_owner(const char *owner, char buffer[SETTINGS_TEXT_SIZE]);

#endif
