// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"

/* clang-format off */
const struct key keys_vnet[] = {
	{ "address", "address", "MAC|random",
	  "MAC of the vnet; a random one if not given" },
	{ "prefix", "address_prefix", "XX:XX:XX|none",
	  "what a random MAC begins with" },
	{ "mtu", "mtu", "N",
	  "bytes, 1500 if not given" },
	{ "upper", "upper", "DEV",
	  "an existing device, in place of a new veth pair", true, KEY_DEVICES },
	{ "netns", "netns", "NS",
	  "network namespace that the vnet goes to", true, KEY_NETNS },
	{ "mode", "mode", "auto|tc|xdp",
	  "how frames are taken" },
	{ "guard", "guard", "on|off",
	  "drop frames with a wrong source MAC" },
	{ "pvid", "pvid", "N",
	  "VLAN of untagged frames" },
	{ "vlans", "vlans", "LIST|all|none",
	  "tagged VLANs, like 10,20-29" },
	{ "promiscuous", "promiscuous", "auto|on|off",
	  "take frames for other MACs; auto: as the device" },
	{ "on-delete", "on_delete", "recreate|remove",
	  "what to do when somebody deletes the vnet's device" },
	{ "hybrid-needs-service", "hybrid_needs_service", "on|off",
	  "no hybrid without a service that is up" },
	{ "monitor-interval", "monitor_interval", "MS",
	  "milliseconds between looks at a hybrid's carrier" },
	{ "hold-down", "hold_down", "MS",
	  "milliseconds that a lost resource is well before it returns" },
	{ "tx-timeout", "tx_timeout", "MS",
	  "milliseconds without a frame sent, and a hybrid has failed" },
	{ "announce-count", "announce_count", "N",
	  "how often the vnet announces itself after a switch" },
	{ "announce-interval", "announce_interval", "MS",
	  "milliseconds from one announcement to the next" },
	{ "announce-addresses", "announce_addresses", "LIST|none",
	  "addresses announced beside those of the upper" },
	{ "protection", "protection", "LIST|none",
	  "what the upper may not do, like mac-nospoof,restricted",
	  .items = "mac-nospoof|ip-nospoof|dhcp-nospoof|restricted" },
	{ "allowed-ips", "allowed_ips", "LIST|none",
	  "addresses and prefixes that ip-nospoof lets pass" },
	{ "storm-limit", "storm_limit", "PPS|none",
	  "broadcast and multicast frames a second each way" },
	{ "owner", "owner", "USER|none",
	  "user whose programs may provide resources" },
	{ "uplink", "uplink", "UPLINK",
	  "with a service on that uplink", true, KEY_UPLINKS },
	{ "share", "share", "on|off",
	  "have the uplink's own MAC; frames go by addresses" },
	{ "addresses", "addresses", "LIST|none",
	  "of a vnet that shares its MAC: the IP addresses that are its" },
	{ "learn", "learn", "on|off",
	  "of a vnet that shares its MAC: those it is seen to use as well" },
	{ "maxbw", "maxbw", "RATE|none",
	  "bandwidth, like 1.5mbit, in each direction" },
	{ "maxbw-in", "maxbw_in", "RATE|none",
	  "bandwidth to the vnet alone" },
	{ "maxbw-out", "maxbw_out", "RATE|none",
	  "bandwidth from the vnet alone" },
	{ NULL },
};

const struct key keys_resource[] = {
	{ "type", "type", "service|guest|hybrid",
	  "to a vswitch, to one peer, or a function of a NIC", true },
	{ "dev", "device", "DEV",
	  "lower device; it may appear later", true, KEY_DEVICES },
	{ "peer", "peer", "MAC",
	  "MAC behind a guest" },
	{ "peer-vnet", "peer_vnet", "VNET",
	  "a vnet of this host as a guest, in place of dev", true, KEY_VNETS },
	{ "vf", "pf", "PF INDEX",
	  "a virtual function of a NIC as a hybrid, in place of dev", true, KEY_DEVICES,
	  .second = "vf" },
	{ "vlan", "vf_vlan", "N|none",
	  "of vf: the NIC itself puts its frames into that VLAN" },
	{ "uplink", "uplink", "UPLINK",
	  "a shared device as the service, in place of dev", true, KEY_UPLINKS },
	{ "priority", "priority", "N",
	  "of a hybrid: the lowest number is the best" },
	{ "pvid", "pvid", "N|inherit",
	  "VLAN of untagged frames; the vnet's if not given" },
	{ "vlans", "vlans", "LIST|inherit",
	  "tagged VLANs; the vnet's if not given" },
	{ "admin", "admin", "up|down",
	  "down takes the resource out of use" },
	{ "storm-limit", "storm_limit", "PPS|none",
	  "broadcast and multicast frames a second each way" },
	{ "probe", "probe", "ADDRESS|none",
	  "the neighbour of a hybrid that is asked: an IP address or a MAC" },
	{ "probe-interval", "probe_interval", "MS",
	  "milliseconds from one probe to the next" },
	{ "probe-count", "probe_count", "N",
	  "how many are unanswered when the hybrid has failed" },
	{ "maxbw", "maxbw", "RATE|none",
	  "bandwidth, like 1.5mbit, in each direction" },
	{ "maxbw-in", "maxbw_in", "RATE|none",
	  "bandwidth to the vnet over it alone" },
	{ "maxbw-out", "maxbw_out", "RATE|none",
	  "bandwidth from the vnet over it alone" },
	{ NULL },
};

const struct key keys_uplink[] = {
	{ "dev", "device", "DEV",
	  "device that vnets share; it may appear later", true, KEY_DEVICES },
	{ "steer", "steer", "mac|ip",
	  "each vnet has its own MAC; ip: those made without one share it" },
	{ NULL },
};

const struct key keys_flow[] = {
	{ "rank", "rank", "N",
	  "the lowest number has the frame; 100 if not given" },
	{ "dir", "dir", "in|out|both",
	  "to the owner, from the owner" },
	{ "local", "local", "PREFIX|any",
	  "address of the owner's end" },
	{ "remote", "remote", "PREFIX|any",
	  "address of the other end" },
	{ "proto", "proto", "tcp|udp|icmp|icmpv6|sctp|N|any",
	  "protocol above IP" },
	{ "lport", "lport", "N|N-M|any",
	  "port of the owner's end" },
	{ "rport", "rport", "N|N-M|any",
	  "port of the other end" },
	{ "dsfield", "dsfield", "V|V:MASK|any",
	  "DS field, like 0x2e or 0xb8:0xfc" },
	{ "vlan", "vlan", "N|any",
	  "VLAN of the frame" },
	{ "maxbw", "maxbw", "RATE|none",
	  "bandwidth, like 1.5mbit, in each direction" },
	{ "maxbw-in", "maxbw_in", "RATE|none",
	  "bandwidth to the owner alone" },
	{ "maxbw-out", "maxbw_out", "RATE|none",
	  "bandwidth from the owner alone" },
	{ "priority", "priority", "none|low|medium|high",
	  "before frames of a lower one" },
	{ "to", "to", "vnet VNET|cpu N|xsk|none",
	  "where the frames that come go, with dir in", .source = KEY_VNETS, .more = "vnet|cpu" },
	{ NULL },
};

const struct key keys_path[] = {
	{ "vlan", "vlan", "N",
	  "VLAN of the frame; untagged if not given", .number = true },
	{ NULL },
};

const struct key keys_history[] = {
	{ "since", "since", "SECONDS",
	  "not older than that", .number = true },
	{ "interval", "interval", "SECONDS",
	  "so far apart", .number = true },
	{ "samples", "samples", "N",
	  "the last so many", .number = true },
	{ NULL },
};

const struct key keys_top[] = {
	{ "interval", "interval", "SECONDS",
	  "from one table to the next, 1 if not given", .number = true },
	{ "samples", "samples", "N",
	  "so many tables, and then the end", .number = true },
	{ NULL },
};
/* clang-format on */

bool keys_has(const struct key *keys, const char *word)
{
	while (keys->name && strcmp(keys->name, word) != 0)
		keys++;
	return keys->name;
}

void keys_words(const struct key *keys, struct words *ret)
{
	for (; keys->name; keys++)
		words_add(ret, keys->name);
}

/* NULL after a complaint. */
static const struct key *keys_find(struct ctl *ctl, const char *topic, const struct key *keys,
				   const char *text)
{
	char list[WORDS_LIST_SIZE];
	struct words words = { .count = 0 };
	size_t i;
	int r;

	keys_words(keys, &words);
	r = words_find(&words, text, &i);
	if (r == 0)
		return &keys[i];
	if (r == -ENOTUNIQ)
		ctl_usage(ctl, topic, "'%s' is ambiguous: %s", text,
			  words_list(&words, text, list));
	else
		ctl_usage(ctl, topic, "'%s' is not a key: expected %s", text,
			  words_list(&words, "", list));
	return NULL;
}

static bool keys_given(const struct vnet_setting *settings, size_t count, const char *key)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strcmp(settings[i].key, key) == 0)
			return true;
	return false;
}

static bool keys_check(const struct key *key, const struct vnet_setting *s,
		       const char **ret_expected)
{
	char *end;
	long number;

	if (!key->number)
		return vnet_setting_check(s, ret_expected) == 0;
	*ret_expected = "a whole number";
	errno = 0;
	number = strtol(s->value, &end, 10);
	return isdigit((unsigned char)s->value[0]) && *end == '\0' && !errno && number <= INT_MAX;
}

static bool keys_takes_more(const struct key *key, const char *first)
{
	size_t length;

	for (const char *word = key->more; word; word += length + 1) {
		length = strcspn(word, "|");
		if (strlen(first) == length && strncmp(word, first, length) == 0)
			return true;
		if (!word[length])
			return false;
	}
	return false;
}

int keys_values(const struct key *key, const char *first)
{
	return key->second || keys_takes_more(key, first) ? 2 : 1;
}

/* "vnet" and "web" are one value, "vnet web". */
static enum ctl_status keys_join(struct ctl *ctl, char *const *words, struct vnet_setting *s,
				 char **ret_joined)
{
	if (asprintf(ret_joined, "%s %s", words[0], words[1]) < 0)
		return ctl_fail(ctl, CTL_FAILED, "there is no memory left");
	s->value = *ret_joined;
	return CTL_DONE;
}

/* The values of one key; @ret_count settings more. */
static enum ctl_status keys_take(struct ctl *ctl, const char *topic, const struct key *key,
				 char *const *words, struct vnet_setting *settings,
				 size_t *ret_count, char **ret_joined)
{
	int values = keys_values(key, words[0]);
	const char *expected;
	int i;

	*ret_count = 1;
	if (values == 2 && !key->second) {
		settings[0].key = key->json;
		return keys_join(ctl, words, settings, ret_joined);
	}
	for (i = 0; i < values; i++) {
		settings[i] = (struct vnet_setting) { i ? key->second : key->json, words[i] };
		if (!keys_check(key, &settings[i], &expected))
			return ctl_usage(ctl, topic, "%s '%s' is not %s: expected %s %s", key->name,
					 words[i], expected, key->name, key->value);
	}
	*ret_count = (size_t)values;
	return CTL_DONE;
}

enum ctl_status keys_parse(struct ctl *ctl, const char *topic, const struct key *keys, int argc,
			   char *const *argv, struct vnet_setting *settings, size_t *ret_count,
			   char **ret_joined)
{
	const struct key *key;
	enum ctl_status status;
	size_t count = 0, more;
	int i, values;

	for (i = 0; i < argc; i += 1 + values) {
		key = keys_find(ctl, topic, keys, argv[i]);
		if (!key)
			return CTL_USAGE;
		if (keys_given(settings, count, key->json))
			return ctl_usage(ctl, topic, "'%s' is given twice: expected each key once",
					 key->name);
		values = keys_values(key, i + 1 < argc ? argv[i + 1] : "");
		if (i + values >= argc)
			return ctl_usage(ctl, topic, "'%s' has %s: expected %s %s", argv[i],
					 i + 1 == argc ? "no value" : "only one value", key->name,
					 key->value);
		status = keys_take(ctl, topic, key, argv + i + 1, settings + count, &more,
				   ret_joined);
		if (status != CTL_DONE)
			return status;
		count += more;
	}
	*ret_count = count;
	return CTL_DONE;
}
