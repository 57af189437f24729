/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <strings.h>

#include "settings_value.h"

#define SHOWN_MAX 64

const char *settings_value_show(const char *text, char buffer[SETTINGS_VALUE_TEXT_SIZE])
{
	size_t i;

	if (!text[0]) {
		util_copy(buffer, SETTINGS_VALUE_TEXT_SIZE, "''");
		return buffer;
	}
	for (i = 0; i < SHOWN_MAX && text[i]; i++) {
		buffer[i] = '?';
		if (text[i] >= ' ' && text[i] <= '~')
			buffer[i] = text[i];
	}
	util_copy(buffer + i, SETTINGS_VALUE_TEXT_SIZE - i, text[i] ? "..." : "");
	return buffer;
}

int settings_value_number(const char *text, uint32_t min, uint32_t max, uint32_t *ret)
{
	unsigned long value;
	char *end;

	/* strtoul() itself would take " 7", "+7" and "-7". */
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value < min || value > max)
		return -EINVAL;
	*ret = (uint32_t)value;
	return 0;
}

static const struct {
	const char *word;
	bool value;
} bool_words[] = {
	{ "on", true },	  { "off", false },   { "yes", true }, { "no", false },
	{ "true", true }, { "false", false }, { "1", true },   { "0", false },
};

int settings_value_bool(const char *text, bool *ret)
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(bool_words); i++) {
		if (strcasecmp(text, bool_words[i].word) == 0) {
			*ret = bool_words[i].value;
			return 0;
		}
	}
	return -EINVAL;
}

const char *settings_value_bool_name(bool value)
{
	return value ? "on" : "off";
}

int settings_value_choice(const char *text, const char *const *names, size_t count,
			  unsigned int *ret)
{
	for (size_t i = 0; i < count; i++) {
		if (util_same(text, names[i])) {
			*ret = (unsigned int)i;
			return 0;
		}
	}
	return -EINVAL;
}

int settings_value_pvid(const char *text, uint16_t *ret)
{
	uint32_t value;
	int r = settings_value_number(text, VLAN_FIRST, VLAN_LAST, &value);

	if (r == 0)
		*ret = (uint16_t)value;
	return r;
}

int settings_value_vlans(const char *text, struct vlan_set *ret)
{
	/* That there are too many ranges is told by what is expected. */
	return vlan_parse(text, ret) < 0 ? -EINVAL : 0;
}

int settings_value_mac(const char *text, uint8_t ret[MAC_LEN])
{
	uint8_t mac[MAC_LEN];

	if (mac_parse(text, mac) < 0 || !mac_is_unicast(mac))
		return -EINVAL;
	memcpy(ret, mac, MAC_LEN);
	return 0;
}

void settings_value_format_mac(const uint8_t mac[MAC_LEN], char buffer[SETTINGS_TEXT_SIZE])
{
	buffer[0] = '\0';
	if (mac_is_unicast(mac))
		mac_format(mac, buffer);
}

int settings_value_mac_prefix(const char *text, uint8_t ret[MAC_LEN], uint8_t *ret_length)
{
	uint8_t prefix[MAC_LEN] = { 0 };
	size_t length = 0;

	for (const char *at = text; !util_same(text, "none"); at += 3) {
		if (length == MAC_LEN - 1 || !isxdigit((unsigned char)at[0]) ||
		    !isxdigit((unsigned char)at[1]))
			return -EINVAL;
		prefix[length++] =
			(uint8_t)strtoul((const char[]) { at[0], at[1], '\0' }, NULL, 16);
		if (!at[2])
			break;
		if (at[2] != ':')
			return -EINVAL;
	}
	if (prefix[0] & 1)
		return -EINVAL;
	memcpy(ret, prefix, MAC_LEN);
	*ret_length = (uint8_t)length;
	return 0;
}

void settings_value_format_mac_prefix(const uint8_t prefix[MAC_LEN], uint8_t length,
				      char buffer[SETTINGS_TEXT_SIZE])
{
	char mac[MAC_TEXT_SIZE];

	util_copy(buffer, SETTINGS_TEXT_SIZE, "none");
	if (length)
		snprintf(buffer, SETTINGS_TEXT_SIZE, "%.*s", length * 3 - 1,
			 mac_format(prefix, mac));
}

/* As the kernel has it (dev_valid_name), and nothing that would spoil a terminal. */
int settings_value_device(const char *text, char ret[IFNAMSIZ])
{
	size_t len;

	for (len = 0; text[len]; len++) {
		if (len == IFNAMSIZ - 1 || text[len] <= ' ' || text[len] > '~' ||
		    text[len] == '/' || text[len] == ':')
			return -EINVAL;
	}
	if (!len || util_same(text, ".") || util_same(text, ".."))
		return -EINVAL;
	util_copy(ret, IFNAMSIZ, text);
	return 0;
}

int settings_value_storm_limit(const char *text, uint32_t *ret)
{
	if (!util_same(text, "none"))
		return settings_value_number(text, 1, SETTINGS_STORM_LIMIT_MAX, ret);
	*ret = 0;
	return 0;
}

void settings_value_format_storm_limit(uint32_t limit, char buffer[SETTINGS_TEXT_SIZE])
{
	util_copy(buffer, SETTINGS_TEXT_SIZE, "none");
	if (limit)
		snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", limit);
}
