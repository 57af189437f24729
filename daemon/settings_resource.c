/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be set on a resource. */
#include <errno.h>

#include "settings_value.h"

#define PRIORITY_DEFAULT 100
#define PRIORITY_MAX	 65535

#define PROBE_INTERVAL_MS_DEFAULT 1000
#define PROBE_INTERVAL_MS_MIN	  10
#define PROBE_INTERVAL_MS_MAX	  60000
#define PROBE_COUNT_DEFAULT	  3
#define PROBE_COUNT_MAX		  100

static const char *const type_names[] = {
	[SETTINGS_SERVICE] = "service",
	[SETTINGS_GUEST] = "guest",
	[SETTINGS_HYBRID] = "hybrid",
	[SETTINGS_TYPE_NONE] = "none",
};

static const char *const admin_names[] = { "down", "up" };

static int parse_type(void *settings, const char *text)
{
	struct resource_settings *s = settings;
	unsigned int index;
	int r = settings_value_choice(text, type_names, SETTINGS_TYPE_NONE, &index);

	if (r == 0)
		s->type = index;
	return r;
}

static void format_type(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	buffer[0] = '\0';
	if (s->type != SETTINGS_TYPE_NONE)
		util_copy(buffer, SETTINGS_TEXT_SIZE, settings_type_name(s->type));
}

static int parse_device(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	return settings_value_device(text, s->device);
}

static void format_device(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, s->device);
}

static int parse_peer(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	return settings_value_mac(text, s->peer);
}

static void format_peer(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	settings_value_format_mac(s->peer, buffer);
}

static int parse_priority(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	return settings_value_number(text, 0, PRIORITY_MAX, &s->priority);
}

static void format_priority(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->priority);
}

static int parse_pvid(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	if (!util_same(text, "inherit"))
		return settings_value_pvid(text, &s->pvid);
	s->pvid = 0;
	return 0;
}

static void format_pvid(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	buffer[0] = '\0';
	if (s->pvid)
		snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->pvid);
}

static int parse_vlans(void *settings, const char *text)
{
	struct resource_settings *s = settings;
	int r;

	if (util_same(text, "inherit")) {
		s->vlans = (struct vlan_set) { 0 };
		s->has_vlans = false;
		return 0;
	}
	r = settings_value_vlans(text, &s->vlans);
	if (r == 0)
		s->has_vlans = true;
	return r;
}

static void format_vlans(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	buffer[0] = '\0';
	if (s->has_vlans)
		vlan_format(&s->vlans, buffer);
}

static int parse_admin(void *settings, const char *text)
{
	struct resource_settings *s = settings;
	unsigned int index;
	int r = settings_value_choice(text, admin_names, UTIL_ARRAY_SIZE(admin_names), &index);

	if (r == 0)
		s->admin_up = index;
	return r;
}

static void format_admin(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, admin_names[s->admin_up]);
}

static int parse_peer_vnet(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	if (settings_check_name("vnet", text, sizeof(s->peer_vnet), NULL) < 0)
		return -EINVAL;
	util_copy(s->peer_vnet, sizeof(s->peer_vnet), text);
	return 0;
}

static void format_peer_vnet(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, s->peer_vnet);
}

static int parse_pf(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	return settings_value_device(text, s->pf);
}

static void format_pf(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, s->pf);
}

static int parse_vf(void *settings, const char *text)
{
	struct resource_settings *s = settings;
	int r = settings_value_number(text, 0, SETTINGS_VF_MAX, &s->vf);

	if (r == 0)
		s->has_vf = true;
	return r;
}

static void format_vf(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	buffer[0] = '\0';
	if (s->has_vf)
		snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->vf);
}

static int parse_vf_vlan(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	if (!util_same(text, "none"))
		return settings_value_pvid(text, &s->vf_vlan);
	s->vf_vlan = 0;
	return 0;
}

static void format_vf_vlan(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	buffer[0] = '\0';
	if (s->vf_vlan)
		snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->vf_vlan);
}

static int parse_uplink(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	if (settings_check_name("uplink", text, sizeof(s->uplink), NULL) < 0)
		return -EINVAL;
	util_copy(s->uplink, sizeof(s->uplink), text);
	return 0;
}

static void format_uplink(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, s->uplink);
}

static int parse_storm_limit(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	return settings_value_storm_limit(text, &s->storm_limit);
}

static void format_storm_limit(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	settings_value_format_storm_limit(s->storm_limit, buffer);
}

static int parse_probe(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	return settings_value_probe(text, &s->probe);
}

static void format_probe(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	settings_probe_format(&s->probe, buffer);
}

static int parse_probe_interval(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	return settings_value_number(text, PROBE_INTERVAL_MS_MIN, PROBE_INTERVAL_MS_MAX,
				     &s->probe_interval_ms);
}

static void format_probe_interval(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->probe_interval_ms);
}

static int parse_probe_count(void *settings, const char *text)
{
	struct resource_settings *s = settings;

	return settings_value_number(text, 1, PROBE_COUNT_MAX, &s->probe_count);
}

static void format_probe_count(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct resource_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->probe_count);
}

SETTINGS_VALUE_LIMITS_FUNCTIONS(resource_settings)

/* clang-format off */
const struct setting settings_resource[] = {
	{ "type", "Type", SETTINGS_JSON_STRING, true,
	  "service, guest or hybrid", parse_type, format_type },
	{ "device", "Device", SETTINGS_JSON_STRING, true,
	  SETTINGS_VALUE_DEVICE, parse_device, format_device },
	{ "peer", "Peer", SETTINGS_JSON_STRING, false,
	  SETTINGS_VALUE_MAC, parse_peer, format_peer },
	{ "peer_vnet", "PeerVNet", SETTINGS_JSON_STRING, true,
	  "the name of a vnet, of 1 to 13 letters, digits, '_', '-' and '.'",
	  parse_peer_vnet, format_peer_vnet },
	{ "pf", "PF", SETTINGS_JSON_STRING, true,
	  SETTINGS_VALUE_DEVICE, parse_pf, format_pf },
	{ "vf", "VF", SETTINGS_JSON_INT, true,
	  "a number from 0 to 65534", parse_vf, format_vf },
	{ "vf_vlan", "VFVLAN", SETTINGS_JSON_INT, false,
	  SETTINGS_VALUE_PVID " or none", parse_vf_vlan, format_vf_vlan, "none" },
	{ "uplink", "Uplink", SETTINGS_JSON_STRING, true,
	  "the name of an uplink, of 1 to 13 letters, digits, '_', '-' and '.'",
	  parse_uplink, format_uplink },
	{ "priority", "Priority", SETTINGS_JSON_INT, false,
	  "a number from 0 to 65535", parse_priority, format_priority },
	{ "pvid", "PVID", SETTINGS_JSON_INT, false,
	  SETTINGS_VALUE_PVID " or inherit", parse_pvid, format_pvid, "inherit" },
	{ "vlans", "VLANs", SETTINGS_JSON_STRING, false,
	  "inherit, " SETTINGS_VALUE_VLANS, parse_vlans, format_vlans },
	{ "admin", "Admin", SETTINGS_JSON_STRING, false,
	  "up or down", parse_admin, format_admin },
	{ "storm_limit", "StormLimit", SETTINGS_JSON_INT, false,
	  SETTINGS_VALUE_STORM, parse_storm_limit, format_storm_limit, "none" },
	{ "probe", "Probe", SETTINGS_JSON_STRING, false,
	  "none, a unicast IP address or a unicast MAC like 02:00:00:00:00:01",
	  parse_probe, format_probe },
	{ "probe_interval", "ProbeInterval", SETTINGS_JSON_INT, false,
	  "a number of milliseconds from 10 to 60000",
	  parse_probe_interval, format_probe_interval },
	{ "probe_count", "ProbeCount", SETTINGS_JSON_INT, false,
	  "a number from 1 to 100", parse_probe_count, format_probe_count },
	SETTINGS_VALUE_LIMITS_ROWS,
	{ .key = NULL },
};
/* clang-format on */

void settings_resource_default(struct resource_settings *ret)
{
	*ret = (struct resource_settings) {
		.type = SETTINGS_TYPE_NONE,
		.priority = PRIORITY_DEFAULT,
		.admin_up = true,
		.probe_interval_ms = PROBE_INTERVAL_MS_DEFAULT,
		.probe_count = PROBE_COUNT_DEFAULT,
	};
}

static bool has_peer(const struct resource_settings *s)
{
	static const uint8_t zero[MAC_LEN];

	return !mac_same(s->peer, zero);
}

static int check_peer(const struct resource_settings *s, const char *object, struct error *e)
{
	char mac[MAC_TEXT_SIZE];

	mac_format(s->peer, mac);
	if (s->type != SETTINGS_GUEST) {
		if (!has_peer(s))
			return 0;
		return error_set(e, ERROR_INVALID, EINVAL, object, "peer",
				 "%s: peer %s cannot be given for type %s, expected it for type "
				 "guest alone",
				 object, mac, settings_type_name(s->type));
	}
	if (!has_peer(s))
		return error_set(
			e, ERROR_INVALID, EINVAL, object, "peer",
			"%s: peer is required for type guest, expected " SETTINGS_VALUE_MAC,
			object);
	if (!mac_is_unicast(s->peer))
		return error_set(e, ERROR_INVALID, EINVAL, object, "peer",
				 "%s: peer %s is not " SETTINGS_VALUE_MAC, object, mac);
	return 0;
}

/* A vnet of this host takes the place of a device and of a MAC. */
static int check_peer_vnet(const struct resource_settings *s, const char *object, struct error *e)
{
	char mac[MAC_TEXT_SIZE];

	if (s->type != SETTINGS_GUEST)
		return error_set(e, ERROR_INVALID, EINVAL, object, "peer_vnet",
				 "%s: peer_vnet %s cannot be given for type %s, expected it for "
				 "type guest alone",
				 object, s->peer_vnet, settings_type_name(s->type));
	if (s->device[0])
		return error_set(e, ERROR_INVALID, EINVAL, object, "peer_vnet",
				 "%s: peer_vnet %s cannot be given together with device %s, "
				 "expected one of them",
				 object, s->peer_vnet, s->device);
	if (has_peer(s))
		return error_set(e, ERROR_INVALID, EINVAL, object, "peer_vnet",
				 "%s: peer_vnet %s cannot be given together with peer %s, "
				 "expected one of them: the vnet's address is the peer",
				 object, s->peer_vnet, mac_format(s->peer, mac));
	return 0;
}

static int vf_without(const char *object, const char *given, const char *missing, struct error *e)
{
	return error_set(e, ERROR_INVALID, EINVAL, object, missing,
			 "%s: %s is given without %s, expected both: the NIC's device, and the "
			 "number of its virtual function",
			 object, given, missing);
}

/* A virtual function of a NIC takes the place of a device, which comes and goes with it. */
static int check_vf(const struct resource_settings *s, const char *object, struct error *e)
{
	if (!s->pf[0])
		return vf_without(object, s->has_vf ? "vf" : "vf_vlan", "pf", e);
	if (!s->has_vf)
		return vf_without(object, "pf", "vf", e);
	if (s->type != SETTINGS_HYBRID)
		return error_set(e, ERROR_INVALID, EINVAL, object, "vf",
				 "%s: vf %u of %s cannot be given for type %s, expected it for "
				 "type hybrid alone",
				 object, s->vf, s->pf, settings_type_name(s->type));
	if (s->device[0])
		return error_set(e, ERROR_INVALID, EINVAL, object, "vf",
				 "%s: vf %u of %s cannot be given together with device %s, "
				 "expected one of them",
				 object, s->vf, s->pf, s->device);
	return 0;
}

static int check_uplink(const struct resource_settings *s, const char *object, struct error *e)
{
	const char *other = s->device[0] ? "device" : "peer_vnet";

	if (s->type != SETTINGS_SERVICE)
		return error_set(e, ERROR_INVALID, EINVAL, object, "uplink",
				 "%s: uplink %s cannot be given for type %s, expected it for type "
				 "service alone",
				 object, s->uplink, settings_type_name(s->type));
	if (!s->device[0] && !s->peer_vnet[0])
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, object, "uplink",
			 "%s: uplink %s cannot be given together with %s %s, expected one of them",
			 object, s->uplink, other, s->device[0] ? s->device : s->peer_vnet);
}

int settings_resource_check(const struct resource_settings *s, const char *object, struct error *e)
{
	if (s->type == SETTINGS_TYPE_NONE)
		return error_set(e, ERROR_INVALID, EINVAL, object, "type",
				 "%s: type is required, expected service, guest or hybrid", object);
	if ((s->pf[0] || s->has_vf || s->vf_vlan) && check_vf(s, object, e))
		return -EINVAL;
	if (s->uplink[0] && check_uplink(s, object, e))
		return -EINVAL;
	if (!s->device[0] && !s->peer_vnet[0] && !s->pf[0] && !s->uplink[0])
		return error_set(e, ERROR_INVALID, EINVAL, object, "device",
				 "%s: device is required, expected " SETTINGS_VALUE_DEVICE, object);
	if (s->type != SETTINGS_HYBRID && s->priority != PRIORITY_DEFAULT)
		return error_set(e, ERROR_INVALID, EINVAL, object, "priority",
				 "%s: priority %u cannot be given for type %s, expected it for "
				 "type hybrid alone",
				 object, s->priority, settings_type_name(s->type));
	if (settings_probe_check(s, object, e))
		return -EINVAL;
	return s->peer_vnet[0] ? check_peer_vnet(s, object, e) : check_peer(s, object, e);
}

const char *settings_type_name(enum settings_type type)
{
	return type_names[type];
}
