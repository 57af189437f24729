/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be set on a vnet. */
#include <errno.h>

#include "settings_value.h"

#define MONITOR_INTERVAL_MS_DEFAULT 10
#define MONITOR_INTERVAL_MS_MAX	    10000
#define HOLD_DOWN_MS_DEFAULT	    1000
#define HOLD_DOWN_MS_MAX	    600000
#define TX_TIMEOUT_MS_DEFAULT	    2000
#define TX_TIMEOUT_MS_MAX	    60000
/* As RFC 4861, 7.2.6, bounds unsolicited advertisements: three, a second apart. */
#define ANNOUNCE_COUNT_DEFAULT	     3
#define ANNOUNCE_COUNT_MAX	     100
#define ANNOUNCE_INTERVAL_MS_DEFAULT 1000
#define ANNOUNCE_INTERVAL_MS_MIN     10
#define ANNOUNCE_INTERVAL_MS_MAX     60000

static const char *const mode_names[] = {
	[SETTINGS_MODE_AUTO] = "auto",
	[SETTINGS_MODE_TC] = "tc",
	[SETTINGS_MODE_XDP] = "xdp",
};

static const char *const promisc_names[] = {
	[SETTINGS_PROMISC_AUTO] = "auto",
	[SETTINGS_PROMISC_ON] = "on",
	[SETTINGS_PROMISC_OFF] = "off",
};

static const char *const on_delete_names[] = {
	[SETTINGS_ON_DELETE_RECREATE] = "recreate",
	[SETTINGS_ON_DELETE_REMOVE] = "remove",
};

static int parse_address(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	if (!util_same(text, "random"))
		return settings_value_mac(text, s->address);
	memset(s->address, 0, MAC_LEN);
	return 0;
}

static void format_address(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	settings_value_format_mac(s->address, buffer);
}

static int parse_mtu(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_number(text, SETTINGS_MTU_MIN, SETTINGS_MTU_MAX, &s->mtu);
}

static void format_mtu(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->mtu);
}

static int parse_upper(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_device(text, s->upper);
}

static void format_upper(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, s->upper);
}

static int parse_netns(void *settings, const char *text)
{
	struct vnet_settings *s = settings;
	size_t len;

	/* A relative path would depend on where the daemon was started. */
	if (text[0] != '/' && strchr(text, '/'))
		return -EINVAL;
	if (util_same(text, ".") || util_same(text, ".."))
		return -EINVAL;
	for (len = 0; text[len]; len++) {
		if (len == SETTINGS_NETNS_SIZE - 1 || text[len] < ' ' || text[len] > '~')
			return -EINVAL;
	}
	if (!len)
		return -EINVAL;
	util_copy(s->netns, sizeof(s->netns), text);
	return 0;
}

static void format_netns(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, s->netns);
}

static int parse_mode(void *settings, const char *text)
{
	struct vnet_settings *s = settings;
	unsigned int index;
	int r = settings_value_choice(text, mode_names, UTIL_ARRAY_SIZE(mode_names), &index);

	if (r == 0)
		s->mode = index;
	return r;
}

static void format_mode(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, settings_mode_name(s->mode));
}

static int parse_guard(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_bool(text, &s->guard);
}

static void format_guard(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, settings_value_bool_name(s->guard));
}

static int parse_pvid(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_pvid(text, &s->pvid);
}

static void format_pvid(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->pvid);
}

static int parse_vlans(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_vlans(text, &s->vlans);
}

static void format_vlans(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	vlan_format(&s->vlans, buffer);
}

static int parse_promiscuous(void *settings, const char *text)
{
	struct vnet_settings *s = settings;
	unsigned int index;
	int r = settings_value_choice(text, promisc_names, UTIL_ARRAY_SIZE(promisc_names), &index);

	if (r == 0)
		s->promiscuous = index;
	return r;
}

static void format_promiscuous(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, promisc_names[s->promiscuous]);
}

static int parse_on_delete(void *settings, const char *text)
{
	struct vnet_settings *s = settings;
	unsigned int index;
	int r = settings_value_choice(text, on_delete_names, UTIL_ARRAY_SIZE(on_delete_names),
				      &index);

	if (r == 0)
		s->on_delete = index;
	return r;
}

static void format_on_delete(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, on_delete_names[s->on_delete]);
}

static int parse_hybrid_needs_service(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_bool(text, &s->hybrid_needs_service);
}

static void format_hybrid_needs_service(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, settings_value_bool_name(s->hybrid_needs_service));
}

static int parse_monitor_interval(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_number(text, 0, MONITOR_INTERVAL_MS_MAX, &s->monitor_interval_ms);
}

static void format_monitor_interval(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->monitor_interval_ms);
}

static int parse_hold_down(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_number(text, 0, HOLD_DOWN_MS_MAX, &s->hold_down_ms);
}

static void format_hold_down(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->hold_down_ms);
}

static int parse_tx_timeout(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_number(text, 0, TX_TIMEOUT_MS_MAX, &s->tx_timeout_ms);
}

static void format_tx_timeout(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->tx_timeout_ms);
}

static int parse_announce_count(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_number(text, 0, ANNOUNCE_COUNT_MAX, &s->announce_count);
}

static void format_announce_count(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->announce_count);
}

static int parse_announce_interval(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_number(text, ANNOUNCE_INTERVAL_MS_MIN, ANNOUNCE_INTERVAL_MS_MAX,
				     &s->announce_interval_ms);
}

static void format_announce_interval(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->announce_interval_ms);
}

static int parse_announce_addresses(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_addresses(text, &s->announced);
}

static void format_announce_addresses(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	settings_value_format_prefixes(&s->announced, buffer);
}

static int parse_protection(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_protection(text, &s->protection);
}

static void format_protection(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	settings_value_format_protection(s->protection, buffer);
}

static int parse_allowed_ips(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_prefixes(text, &s->allowed);
}

static void format_allowed_ips(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	settings_value_format_prefixes(&s->allowed, buffer);
}

static int parse_storm_limit(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_storm_limit(text, &s->storm_limit);
}

static void format_storm_limit(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	settings_value_format_storm_limit(s->storm_limit, buffer);
}

static int parse_owner(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_owner(text, s->owner);
}

static void format_owner(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	settings_value_format_owner(s->owner, buffer);
}

static int parse_address_prefix(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_mac_prefix(text, s->prefix, &s->prefix_length);
}

static void format_address_prefix(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	settings_value_format_mac_prefix(s->prefix, s->prefix_length, buffer);
}

static int parse_share(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_bool(text, &s->share);
}

static void format_share(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, settings_value_bool_name(s->share));
}

static int parse_addresses(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_addresses(text, &s->local);
}

static void format_addresses(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	settings_value_format_prefixes(&s->local, buffer);
}

static int parse_learn(void *settings, const char *text)
{
	struct vnet_settings *s = settings;

	return settings_value_bool(text, &s->learn);
}

static void format_learn(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct vnet_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, settings_value_bool_name(s->learn));
}

SETTINGS_VALUE_LIMITS_FUNCTIONS(vnet_settings)

/* clang-format off */
const struct setting settings_vnet[] = {
	{ "address", "Address", SETTINGS_JSON_STRING, false,
	  SETTINGS_VALUE_MAC " or random", parse_address, format_address },
	{ "mtu", "MTU", SETTINGS_JSON_INT, false,
	  "a number from 68 to 65521", parse_mtu, format_mtu },
	{ "upper", "Upper", SETTINGS_JSON_STRING, true,
	  SETTINGS_VALUE_DEVICE, parse_upper, format_upper },
	{ "netns", "NetNS", SETTINGS_JSON_STRING, true,
	  "a name under /run/netns or an absolute path, of at most 63 printable characters",
	  parse_netns, format_netns },
	{ "mode", "Mode", SETTINGS_JSON_STRING, false,
	  "auto, tc or xdp", parse_mode, format_mode },
	{ "guard", "Guard", SETTINGS_JSON_BOOL, false,
	  SETTINGS_VALUE_BOOL, parse_guard, format_guard },
	{ "pvid", "PVID", SETTINGS_JSON_INT, false,
	  SETTINGS_VALUE_PVID, parse_pvid, format_pvid },
	{ "vlans", "VLANs", SETTINGS_JSON_STRING, false,
	  SETTINGS_VALUE_VLANS, parse_vlans, format_vlans },
	{ "promiscuous", "Promiscuous", SETTINGS_JSON_STRING, false,
	  "auto, on or off", parse_promiscuous, format_promiscuous },
	{ "on_delete", "OnDelete", SETTINGS_JSON_STRING, false,
	  "recreate or remove", parse_on_delete, format_on_delete },
	{ "hybrid_needs_service", "HybridNeedsService", SETTINGS_JSON_BOOL, false,
	  SETTINGS_VALUE_BOOL, parse_hybrid_needs_service, format_hybrid_needs_service },
	{ "monitor_interval", "MonitorInterval", SETTINGS_JSON_INT, false,
	  "a number of milliseconds from 0 to 10000",
	  parse_monitor_interval, format_monitor_interval },
	{ "hold_down", "HoldDown", SETTINGS_JSON_INT, false,
	  "a number of milliseconds from 0 to 600000", parse_hold_down, format_hold_down },
	{ "tx_timeout", "TxTimeout", SETTINGS_JSON_INT, false,
	  "a number of milliseconds from 0 to 60000", parse_tx_timeout, format_tx_timeout },
	{ "announce_count", "AnnounceCount", SETTINGS_JSON_INT, false,
	  "a number from 0 to 100", parse_announce_count, format_announce_count },
	{ "announce_interval", "AnnounceInterval", SETTINGS_JSON_INT, false,
	  "a number of milliseconds from 10 to 60000",
	  parse_announce_interval, format_announce_interval },
	{ "announce_addresses", "AnnounceAddresses", SETTINGS_JSON_STRING, false,
	  "none, or at most 32 IP addresses like 10.0.0.7,2001:db8::7",
	  parse_announce_addresses, format_announce_addresses },
	{ "protection", "Protection", SETTINGS_JSON_STRING, false,
	  "none, or mac-nospoof, ip-nospoof, dhcp-nospoof and restricted as a list with commas",
	  parse_protection, format_protection },
	{ "allowed_ips", "AllowedIPs", SETTINGS_JSON_STRING, false,
	  "none, or at most 32 IP addresses and prefixes like 10.0.0.7,10.1.0.0/16,2001:db8::/64 "
	  "with zeros behind the prefix", parse_allowed_ips, format_allowed_ips },
	{ "storm_limit", "StormLimit", SETTINGS_JSON_INT, false,
	  SETTINGS_VALUE_STORM, parse_storm_limit, format_storm_limit, "none" },
	{ "owner", "Owner", SETTINGS_JSON_STRING, false,
	  "none, a user name of 1 to 32 characters, or a uid", parse_owner, format_owner },
	{ "address_prefix", "AddressPrefix", SETTINGS_JSON_STRING, false,
	  "none, or the first 1 to 5 bytes of a unicast MAC like 02:aa:bb",
	  parse_address_prefix, format_address_prefix },
	{ "share", "Share", SETTINGS_JSON_BOOL, false,
	  SETTINGS_VALUE_BOOL, parse_share, format_share },
	{ "addresses", "Addresses", SETTINGS_JSON_STRING, false,
	  "none, or at most 32 IP addresses like 10.0.0.7,2001:db8::7",
	  parse_addresses, format_addresses },
	{ "learn", "Learn", SETTINGS_JSON_BOOL, false,
	  SETTINGS_VALUE_BOOL, parse_learn, format_learn },
	SETTINGS_VALUE_LIMITS_ROWS,
	{ .key = NULL },
};
/* clang-format on */

void settings_vnet_default(struct vnet_settings *ret)
{
	*ret = (struct vnet_settings) {
		.mtu = SETTINGS_MTU_DEFAULT,
		.mode = SETTINGS_MODE_AUTO,
		.guard = true,
		.pvid = VLAN_FIRST,
		.promiscuous = SETTINGS_PROMISC_AUTO,
		.on_delete = SETTINGS_ON_DELETE_RECREATE,
		.monitor_interval_ms = MONITOR_INTERVAL_MS_DEFAULT,
		.hold_down_ms = HOLD_DOWN_MS_DEFAULT,
		.tx_timeout_ms = TX_TIMEOUT_MS_DEFAULT,
		.announce_count = ANNOUNCE_COUNT_DEFAULT,
		.announce_interval_ms = ANNOUNCE_INTERVAL_MS_DEFAULT,
		.learn = true,
	};
}

/* The kernel refuses these names, for their sysctls would have to be two things at once. */
static bool is_reserved(const char *name)
{
	return util_same(name, "all") || util_same(name, "default");
}

static int check_allowed(const struct vnet_settings *s, const char *object, struct error *e)
{
	char text[SETTINGS_PREFIX_TEXT_SIZE];

	if ((s->protection & SETTINGS_IP_NOSPOOF) && !s->allowed.count)
		return error_set(e, ERROR_INVALID, EINVAL, object, "allowed_ips",
				 "%s: allowed_ips is required with protection ip-nospoof, expected "
				 "the addresses that the upper may use",
				 object);
	for (size_t i = 0; i < s->allowed.count; i++)
		if (settings_prefix_takes_in_ipv4(&s->allowed.prefix[i]))
			return error_set(e, ERROR_INVALID, EINVAL, object, "allowed_ips",
					 "%s: allowed_ips %s would take in every IPv4 address as "
					 "well, expected longer IPv6 prefixes like 2000::/3",
					 object,
					 settings_prefix_format(&s->allowed.prefix[i], text));
	return 0;
}

static int check_prefix(const struct vnet_settings *s, const char *object, struct error *e)
{
	char mac[MAC_TEXT_SIZE], prefix[SETTINGS_TEXT_SIZE];

	if (!mac_is_unicast(s->address) || !memcmp(s->address, s->prefix, s->prefix_length))
		return 0;
	settings_value_format_mac_prefix(s->prefix, s->prefix_length, prefix);
	return error_set(e, ERROR_INVALID, EINVAL, object, "address",
			 "%s: address %s does not begin with address_prefix %s, expected one that "
			 "does, or random",
			 object, mac_format(s->address, mac), prefix);
}

static int check_sharing(const struct vnet_settings *s, const char *object, struct error *e)
{
	if (s->local.count && !s->share)
		return error_set(e, ERROR_INVALID, EINVAL, object, "addresses",
				 "%s: addresses can only be given with share on, which tells vnets "
				 "apart by them",
				 object);
	if (s->share && !s->learn && !s->local.count)
		return error_set(e, ERROR_INVALID, EINVAL, object, "addresses",
				 "%s: addresses are required with share on and learn off, expected "
				 "those that are the vnet's",
				 object);
	return 0;
}

int settings_vnet_check(const struct vnet_settings *s, const char *object, struct error *e)
{
	int err = check_prefix(s, object, e) ?: check_sharing(s, object, e);

	if (err)
		return err;
	if (!s->upper[0] && is_reserved(object))
		return error_set(e, ERROR_INVALID, EINVAL, object, "name",
				 "%s: name %s is reserved by the kernel, expected one that a "
				 "device can have",
				 object, object);
	if (!s->upper[0])
		return check_allowed(s, object, e);
	if (s->netns[0])
		return error_set(e, ERROR_INVALID, EINVAL, object, "netns",
				 "%s: netns %s cannot be given together with upper %s, expected "
				 "one of them",
				 object, s->netns, s->upper);
	/* Nobody but the user knows the MAC of what is behind a tap. */
	if (!mac_is_unicast(s->address))
		return error_set(e, ERROR_INVALID, EINVAL, object, "address",
				 "%s: address is required with upper %s, expected the MAC that is "
				 "used behind it",
				 object, s->upper);
	return check_allowed(s, object, e);
}

const char *settings_mode_name(enum settings_mode mode)
{
	return mode_names[mode];
}
