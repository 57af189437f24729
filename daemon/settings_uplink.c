/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be set on an uplink. */
#include <errno.h>

#include "settings_value.h"

static const char *const steer_names[] = {
	[SETTINGS_STEER_MAC] = "mac",
	[SETTINGS_STEER_IP] = "ip",
};

static int parse_device(void *settings, const char *text)
{
	struct uplink_settings *s = settings;

	return settings_value_device(text, s->device);
}

static void format_device(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct uplink_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, s->device);
}

static int parse_steer(void *settings, const char *text)
{
	struct uplink_settings *s = settings;
	unsigned int index;
	int r = settings_value_choice(text, steer_names, UTIL_ARRAY_SIZE(steer_names), &index);

	if (r == 0)
		s->steer = index;
	return r;
}

static void format_steer(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct uplink_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, steer_names[s->steer]);
}

/* clang-format off */
const struct setting settings_uplink[] = {
	{ "device", "Device", SETTINGS_JSON_STRING, true,
	  SETTINGS_VALUE_DEVICE, parse_device, format_device },
	{ "steer", "Steer", SETTINGS_JSON_STRING, false,
	  "mac or ip", parse_steer, format_steer },
	{ .key = NULL },
};
/* clang-format on */

void settings_uplink_default(struct uplink_settings *ret)
{
	*ret = (struct uplink_settings) { .steer = SETTINGS_STEER_MAC };
}

int settings_uplink_check(const struct uplink_settings *s, const char *object, struct error *e)
{
	if (s->device[0])
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, object, "device",
			 "%s: device is required, expected " SETTINGS_VALUE_DEVICE, object);
}
