/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rates, as tc(8) writes them. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <strings.h>

#include "flow_limit.h"
#include "settings_value.h"

/* In bits; the largest first, as they are written. */
static const struct {
	const char *name;
	uint64_t bits;
} units[] = {
	{ "gbit", 1000000000 },
	{ "mbit", 1000000 },
	{ "kbit", 1000 },
	{ "bit", 1 },
	{ "gibit", 1ULL << 30 },
	{ "mibit", 1 << 20 },
	{ "kibit", 1 << 10 },
	{ "gbps", 8000000000ULL },
	{ "mbps", 8000000 },
	{ "kbps", 8000 },
	{ "bps", 8 },
};

#define UNITS_WRITTEN	 4
#define DECIMALS_MAX	 9
#define WHOLE_DIGITS_MAX 11

/* "1.5" to 1500000000 billionths; without a sign, and a digit on each side of the point. */
static const char *parse_decimal(const char *text, uint64_t *ret_whole, uint64_t *ret_billionths)
{
	uint64_t whole = 0, part = 0, scale = 1000000000;
	size_t digits = 0;

	for (; isdigit((unsigned char)*text); text++, digits++)
		whole = whole * 10 + (uint64_t)(*text - '0');
	if (!digits || digits > WHOLE_DIGITS_MAX)
		return NULL;
	if (*text == '.') {
		for (text++, digits = 0; isdigit((unsigned char)*text); text++, digits++) {
			scale /= 10;
			part += (uint64_t)(*text - '0') * scale;
		}
		if (!digits || digits > DECIMALS_MAX)
			return NULL;
	}
	*ret_whole = whole;
	*ret_billionths = part;
	return text;
}

/* A rate without a unit is in bits. */
static uint64_t find_unit(const char *text)
{
	if (!*text)
		return 1;
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(units); i++)
		if (strcasecmp(text, units[i].name) == 0)
			return units[i].bits;
	return 0;
}

int settings_value_rate(const char *text, uint64_t *ret_bits)
{
	uint64_t whole, billionths, unit, bits;

	if (util_same(text, "none")) {
		*ret_bits = 0;
		return 0;
	}
	text = parse_decimal(text, &whole, &billionths);
	unit = text ? find_unit(text) : 0;
	if (!unit || whole > FLOW_LIMIT_MAX_BITS / unit)
		return -EINVAL;
	bits = whole * unit + billionths * (unit / 1000) / 1000000;
	if (bits < FLOW_LIMIT_MIN_BITS || bits > FLOW_LIMIT_MAX_BITS)
		return -EINVAL;
	*ret_bits = bits;
	return 0;
}

void settings_value_format_rate(uint64_t bits, char buffer[SETTINGS_TEXT_SIZE])
{
	util_copy(buffer, SETTINGS_TEXT_SIZE, "none");
	for (size_t i = 0; bits && i < UNITS_WRITTEN; i++) {
		if (bits % units[i].bits)
			continue;
		snprintf(buffer, SETTINGS_TEXT_SIZE, "%" PRIu64 "%s", bits / units[i].bits,
			 units[i].name);
		return;
	}
}
