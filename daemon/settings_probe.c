/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whom a hybrid asks whether its way is open. */
#include <arpa/inet.h>
#include <errno.h>

#include "settings_value.h"

/* One that a single neighbour can have, and answer for. */
static bool is_unicast4(const uint8_t address[4])
{
	return address[0] && address[0] != 127 && address[0] < 224;
}

static bool is_unicast6(const struct in6_addr *address)
{
	return !IN6_IS_ADDR_UNSPECIFIED(address) && !IN6_IS_ADDR_LOOPBACK(address) &&
	       !IN6_IS_ADDR_MULTICAST(address) && !IN6_IS_ADDR_V4MAPPED(address);
}

int settings_value_probe(const char *text, struct settings_probe *ret)
{
	struct settings_probe p = { .kind = SETTINGS_PROBE_NONE };
	struct in6_addr six;

	if (settings_value_mac(text, p.address) == 0) {
		p.kind = SETTINGS_PROBE_MAC;
	} else if (inet_pton(AF_INET, text, p.address) == 1) {
		p.kind = SETTINGS_PROBE_IPV4;
		if (!is_unicast4(p.address))
			return -EINVAL;
	} else if (inet_pton(AF_INET6, text, &six) == 1) {
		p.kind = SETTINGS_PROBE_IPV6;
		memcpy(p.address, &six, sizeof(six));
		if (!is_unicast6(&six))
			return -EINVAL;
	} else if (!util_same(text, "none")) {
		return -EINVAL;
	}
	*ret = p;
	return 0;
}

const char *settings_probe_format(const struct settings_probe *p,
				  char buffer[SETTINGS_PROBE_TEXT_SIZE])
{
	switch (p->kind) {
	case SETTINGS_PROBE_NONE:
		util_copy(buffer, SETTINGS_PROBE_TEXT_SIZE, "none");
		break;
	case SETTINGS_PROBE_IPV4:
		inet_ntop(AF_INET, p->address, buffer, SETTINGS_PROBE_TEXT_SIZE);
		break;
	case SETTINGS_PROBE_IPV6:
		inet_ntop(AF_INET6, p->address, buffer, SETTINGS_PROBE_TEXT_SIZE);
		break;
	case SETTINGS_PROBE_MAC:
		mac_format(p->address, buffer);
		break;
	}
	return buffer;
}

int settings_probe_check(const struct resource_settings *s, const char *object, struct error *e)
{
	struct resource_settings plain;
	char text[SETTINGS_PROBE_TEXT_SIZE];
	const char *field = NULL;

	settings_resource_default(&plain);
	settings_probe_format(&s->probe, text);
	if (s->type == SETTINGS_HYBRID)
		return 0;
	if (s->probe_interval_ms != plain.probe_interval_ms) {
		field = "probe_interval";
		snprintf(text, sizeof(text), "%u", s->probe_interval_ms);
	}
	if (s->probe_count != plain.probe_count) {
		field = "probe_count";
		snprintf(text, sizeof(text), "%u", s->probe_count);
	}
	if (s->probe.kind != SETTINGS_PROBE_NONE) {
		field = "probe";
		settings_probe_format(&s->probe, text);
	}
	if (!field)
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, object, field,
			 "%s: %s %s cannot be given for type %s, expected it for type hybrid alone",
			 object, field, text, settings_type_name(s->type));
}
