/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an upper that is not trusted may send: the words of it, and the addresses that are its own.
 */
#include <arpa/inet.h>
#include <errno.h>

#include "settings_value.h"

#define ADDRESS_BITS   128
#define IPV4_BITS      32
#define IPV4_BITS_FROM (ADDRESS_BITS - IPV4_BITS) /* where an IPv4 address begins */

/* ::ffff:0:0/96, what IPv4 is written as. */
static const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff };

static const struct {
	const char *word;
	enum settings_protection bit;
} protections[] = {
	{ "mac-nospoof", SETTINGS_MAC_NOSPOOF },
	{ "ip-nospoof", SETTINGS_IP_NOSPOOF },
	{ "dhcp-nospoof", SETTINGS_DHCP_NOSPOOF },
	{ "restricted", SETTINGS_RESTRICTED },
};

/* Calls @take for each part of a list with commas, which may not be empty. */
static int each_part(const char *text, int (*take)(void *context, const char *part), void *context)
{
	char part[SETTINGS_PREFIX_TEXT_SIZE];
	size_t len;
	int err = 0;

	do {
		len = strcspn(text, ",");
		if (!len || len >= sizeof(part))
			return -EINVAL;
		memcpy(part, text, len);
		part[len] = '\0';
		err = take(context, part);
		text += len;
	} while (!err && *text++);
	return err;
}

static int take_protection(void *context, const char *part)
{
	unsigned int *bits = context;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(protections); i++) {
		if (!util_same(part, protections[i].word))
			continue;
		*bits |= protections[i].bit;
		return 0;
	}
	return -EINVAL;
}

int settings_value_protection(const char *text, unsigned int *ret)
{
	unsigned int bits = 0;

	if (!util_same(text, "none") && each_part(text, take_protection, &bits) < 0)
		return -EINVAL;
	*ret = bits;
	return 0;
}

void settings_value_format_protection(unsigned int bits, char buffer[SETTINGS_TEXT_SIZE])
{
	size_t used = 0;

	util_copy(buffer, SETTINGS_TEXT_SIZE, "none");
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(protections); i++)
		if (bits & protections[i].bit)
			used += (size_t)snprintf(buffer + used, SETTINGS_TEXT_SIZE - used, "%s%s",
						 used ? "," : "", protections[i].word);
}

/* --- addresses --- */

static bool is_ipv4(const struct settings_prefix *p)
{
	return p->length >= IPV4_BITS_FROM && !memcmp(p->address, mapped, IPV4_BITS_FROM / 8);
}

/* The first @length bits are the same. */
static bool shares(const uint8_t a[16], const uint8_t b[16], unsigned int length)
{
	unsigned int bytes = length / 8, bits = length % 8;

	return !memcmp(a, b, bytes) && (!bits || !((a[bytes] ^ b[bytes]) >> (8 - bits)));
}

/* 10.0.0.7/8 could be meant as an address or as a network, and these allow very different things.
 */
static bool has_bits_behind(const struct settings_prefix *p)
{
	for (unsigned int bit = p->length; bit < ADDRESS_BITS; bit++)
		if (p->address[bit / 8] & (0x80 >> (bit % 8)))
			return true;
	return false;
}

const uint8_t *settings_prefix_ipv4(const struct settings_prefix *p)
{
	return is_ipv4(p) ? p->address + IPV4_BITS_FROM / 8 : NULL;
}

bool settings_prefix_takes_in_ipv4(const struct settings_prefix *p)
{
	return p->length < IPV4_BITS_FROM && shares(p->address, mapped, p->length);
}

static int parse_prefix(const char *part, struct settings_prefix *ret)
{
	char address[SETTINGS_PREFIX_TEXT_SIZE];
	size_t len = strcspn(part, "/");
	struct settings_prefix p = { 0 };
	bool ipv4 = !strchr(part, ':');
	uint32_t bits = ipv4 ? IPV4_BITS : ADDRESS_BITS;

	memcpy(address, part, len);
	address[len] = '\0';
	memcpy(p.address, mapped, ipv4 ? IPV4_BITS_FROM / 8 : 0);
	if (inet_pton(ipv4 ? AF_INET : AF_INET6, address,
		      p.address + (ipv4 ? IPV4_BITS_FROM / 8 : 0)) != 1)
		return -EINVAL;
	if (part[len] && settings_value_number(part + len + 1, 0, bits, &bits) < 0)
		return -EINVAL;
	p.length = (uint8_t)(bits + (ipv4 ? IPV4_BITS_FROM : 0));
	/* The same in IPv6's writing would be another name for an IPv4 address. */
	if ((!ipv4 && is_ipv4(&p)) || has_bits_behind(&p))
		return -EINVAL;
	*ret = p;
	return 0;
}

static int compare(const struct settings_prefix *a, const struct settings_prefix *b)
{
	int order = memcmp(a->address, b->address, sizeof(a->address));

	return order ? order : a->length - b->length;
}

static int take_prefix(void *context, const char *part)
{
	struct settings_prefixes *list = context;
	struct settings_prefix p;
	size_t at = 0;

	if (parse_prefix(part, &p) < 0)
		return -EINVAL;
	while (at < list->count && compare(&list->prefix[at], &p) < 0)
		at++;
	if (at < list->count && !compare(&list->prefix[at], &p))
		return 0;
	if (list->count == SETTINGS_ALLOWED_MAX)
		return -EINVAL;
	memmove(&list->prefix[at + 1], &list->prefix[at], (list->count - at) * sizeof(p));
	list->prefix[at] = p;
	list->count++;
	return 0;
}

bool settings_prefixes_have(const struct settings_prefixes *list, const struct settings_prefix *p)
{
	for (size_t i = 0; i < list->count; i++)
		if (!compare(&list->prefix[i], p))
			return true;
	return false;
}

int settings_value_prefixes(const char *text, struct settings_prefixes *ret)
{
	struct settings_prefixes list = { 0 };

	if (!util_same(text, "none") && each_part(text, take_prefix, &list) < 0)
		return -EINVAL;
	*ret = list;
	return 0;
}

/* The same list, of single addresses alone. */
int settings_value_addresses(const char *text, struct settings_prefixes *ret)
{
	struct settings_prefixes list;

	if (settings_value_prefixes(text, &list) < 0)
		return -EINVAL;
	for (size_t i = 0; i < list.count; i++)
		if (list.prefix[i].length != ADDRESS_BITS)
			return -EINVAL;
	*ret = list;
	return 0;
}

const char *settings_prefix_format(const struct settings_prefix *p,
				   char buffer[SETTINGS_PREFIX_TEXT_SIZE])
{
	unsigned int from = is_ipv4(p) ? IPV4_BITS_FROM : 0;
	size_t used;

	inet_ntop(from ? AF_INET : AF_INET6, p->address + from / 8, buffer,
		  SETTINGS_PREFIX_TEXT_SIZE);
	used = strlen(buffer);
	if (p->length < ADDRESS_BITS)
		snprintf(buffer + used, SETTINGS_PREFIX_TEXT_SIZE - used, "/%u", p->length - from);
	return buffer;
}

void settings_value_format_prefixes(const struct settings_prefixes *list,
				    char buffer[SETTINGS_TEXT_SIZE])
{
	char text[SETTINGS_PREFIX_TEXT_SIZE];
	size_t used = 0;

	util_copy(buffer, SETTINGS_TEXT_SIZE, "none");
	for (size_t i = 0; i < list->count; i++)
		used += (size_t)snprintf(buffer + used, SETTINGS_TEXT_SIZE - used, "%s%s",
					 used ? "," : "",
					 settings_prefix_format(&list->prefix[i], text));
}
