/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be set on a flow: which frames are its, and what is done with them. */
#include <errno.h>
#include <netinet/in.h>

#include "settings_value.h"

#define RANK_DEFAULT 100

static const char *const direction_names[] = { "both", "in", "out" };

static const char *const priority_names[] = {
	[SETTINGS_PRIORITY_NONE] = "none",
	[SETTINGS_PRIORITY_LOW] = "low",
	[SETTINGS_PRIORITY_MEDIUM] = "medium",
	[SETTINGS_PRIORITY_HIGH] = "high",
};

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "tcp", IPPROTO_TCP },	  { "udp", IPPROTO_UDP },	{ "icmp", IPPROTO_ICMP },
	{ "sctp", IPPROTO_SCTP }, { "icmpv6", IPPROTO_ICMPV6 }, { "dccp", IPPROTO_DCCP },
	{ "gre", IPPROTO_GRE },	  { "esp", IPPROTO_ESP },	{ "udplite", IPPROTO_UDPLITE },
};

static bool is_any(const char *text)
{
	return util_same(text, "any");
}

static int parse_rank(void *settings, const char *text)
{
	struct flow_settings *s = settings;
	uint32_t rank;
	int r = settings_value_number(text, 0, UINT16_MAX, &rank);

	if (r == 0)
		s->rank = (uint16_t)rank;
	return r;
}

static void format_rank(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct flow_settings *s = settings;

	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->rank);
}

static int parse_dir(void *settings, const char *text)
{
	struct flow_settings *s = settings;
	unsigned int index;
	int r = settings_value_choice(text, direction_names, UTIL_ARRAY_SIZE(direction_names),
				      &index);

	if (r)
		return r;
	s->in = index != 2;
	s->out = index != 1;
	return 0;
}

static void format_dir(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct flow_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, direction_names[s->in && s->out ? 0 : s->in ? 1 : 2]);
}

/* --- addresses and ports --- */

static int parse_prefix(struct flow_prefix *ret, const char *text)
{
	struct settings_prefixes list;
	struct flow_prefix p = { 0 };

	if (!is_any(text)) {
		if (util_same(text, "none") || settings_value_prefixes(text, &list) < 0 ||
		    list.count != 1)
			return -EINVAL;
		memcpy(p.address, list.prefix[0].address, sizeof(p.address));
		p.length = list.prefix[0].length;
		p.ipv4 = settings_prefix_ipv4(&list.prefix[0]);
		/* All addresses of a family are no prefix. */
		if (p.length <= (p.ipv4 ? FLOW_MAPPED_BITS : 0))
			return -EINVAL;
	}
	*ret = p;
	return 0;
}

static void format_prefix(const struct flow_prefix *p, char buffer[SETTINGS_TEXT_SIZE])
{
	struct settings_prefix prefix = { .length = p->length };
	char text[SETTINGS_PREFIX_TEXT_SIZE];

	memcpy(prefix.address, p->address, sizeof(prefix.address));
	util_copy(buffer, SETTINGS_TEXT_SIZE,
		  p->length ? settings_prefix_format(&prefix, text) : "any");
}

static int parse_port(const char *text, size_t length, uint16_t *ret)
{
	char digits[8];
	uint32_t port;

	if (length >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, text, length);
	digits[length] = '\0';
	if (settings_value_number(digits, 0, UINT16_MAX, &port) < 0)
		return -EINVAL;
	*ret = (uint16_t)port;
	return 0;
}

static int parse_ports(struct flow_ports *ret, const char *text)
{
	struct flow_ports p = { .set = !is_any(text) };
	size_t length = strcspn(text, "-");
	const char *last = text[length] ? text + length + 1 : text;

	if (p.set && (parse_port(text, length, &p.first) < 0 ||
		      parse_port(last, strlen(last), &p.last) < 0 || p.first > p.last))
		return -EINVAL;
	*ret = p;
	return 0;
}

static void format_ports(const struct flow_ports *p, char buffer[SETTINGS_TEXT_SIZE])
{
	util_copy(buffer, SETTINGS_TEXT_SIZE, "any");
	if (p->set && p->first == p->last)
		snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", p->first);
	else if (p->set)
		snprintf(buffer, SETTINGS_TEXT_SIZE, "%u-%u", p->first, p->last);
}

static int parse_local(void *settings, const char *text)
{
	struct flow_settings *s = settings;

	return parse_prefix(&s->match.local, text);
}

static void format_local(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct flow_settings *s = settings;

	format_prefix(&s->match.local, buffer);
}

static int parse_remote(void *settings, const char *text)
{
	struct flow_settings *s = settings;

	return parse_prefix(&s->match.remote, text);
}

static void format_remote(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct flow_settings *s = settings;

	format_prefix(&s->match.remote, buffer);
}

static int parse_lport(void *settings, const char *text)
{
	struct flow_settings *s = settings;

	return parse_ports(&s->match.lport, text);
}

static void format_lport(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct flow_settings *s = settings;

	format_ports(&s->match.lport, buffer);
}

static int parse_rport(void *settings, const char *text)
{
	struct flow_settings *s = settings;

	return parse_ports(&s->match.rport, text);
}

static void format_rport(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct flow_settings *s = settings;

	format_ports(&s->match.rport, buffer);
}

/* --- the rest of a frame --- */

static int parse_proto(void *settings, const char *text)
{
	struct flow_settings *s = settings;
	uint32_t number = 0;
	size_t i = 0;

	while (i < UTIL_ARRAY_SIZE(protocols) && !util_same(text, protocols[i].name))
		i++;
	if (i < UTIL_ARRAY_SIZE(protocols))
		number = protocols[i].number;
	else if (!is_any(text) && settings_value_number(text, 0, UINT8_MAX, &number) < 0)
		return -EINVAL;
	s->match.has_proto = !is_any(text);
	s->match.proto = (uint8_t)number;
	return 0;
}

static void format_proto(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct flow_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, "any");
	if (!s->match.has_proto)
		return;
	snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->match.proto);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == s->match.proto)
			util_copy(buffer, SETTINGS_TEXT_SIZE, protocols[i].name);
}

/* Decimal, or hexadecimal with 0x. */
static int parse_byte(const char *text, size_t length, uint8_t *ret)
{
	char digits[8], *end;
	unsigned long value;

	if (!length || length >= sizeof(digits) || !strchr("0123456789", text[0]))
		return -EINVAL;
	memcpy(digits, text, length);
	digits[length] = '\0';
	value = strtoul(digits, &end, strncmp(digits, "0x", 2) ? 10 : 16);
	if (*end || value > UINT8_MAX)
		return -EINVAL;
	*ret = (uint8_t)value;
	return 0;
}

static int parse_dsfield(void *settings, const char *text)
{
	struct flow_settings *s = settings;
	size_t length = strcspn(text, ":");
	uint8_t value = 0, mask = 0;

	if (!is_any(text)) {
		mask = UINT8_MAX;
		if (parse_byte(text, length, &value) < 0 ||
		    (text[length] &&
		     parse_byte(text + length + 1, strlen(text + length + 1), &mask) < 0))
			return -EINVAL;
		/* A bit that the mask leaves out could never be meant. */
		if (!mask || (value & ~mask))
			return -EINVAL;
	}
	s->match.dsfield = value;
	s->match.dsfield_mask = mask;
	return 0;
}

static void format_dsfield(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct flow_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, "any");
	if (s->match.dsfield_mask == UINT8_MAX)
		snprintf(buffer, SETTINGS_TEXT_SIZE, "0x%02x", s->match.dsfield);
	else if (s->match.dsfield_mask)
		snprintf(buffer, SETTINGS_TEXT_SIZE, "0x%02x:0x%02x", s->match.dsfield,
			 s->match.dsfield_mask);
}

static int parse_vlan(void *settings, const char *text)
{
	struct flow_settings *s = settings;

	if (!is_any(text))
		return settings_value_pvid(text, &s->match.vlan);
	s->match.vlan = 0;
	return 0;
}

static void format_vlan(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct flow_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, "any");
	if (s->match.vlan)
		snprintf(buffer, SETTINGS_TEXT_SIZE, "%u", s->match.vlan);
}

/* --- what is done with it --- */

SETTINGS_VALUE_LIMITS_FUNCTIONS(flow_settings)

static int parse_priority(void *settings, const char *text)
{
	struct flow_settings *s = settings;
	unsigned int index;
	int r = settings_value_choice(text, priority_names, UTIL_ARRAY_SIZE(priority_names),
				      &index);

	if (r == 0)
		s->priority = index;
	return r;
}

static void format_priority(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct flow_settings *s = settings;

	util_copy(buffer, SETTINGS_TEXT_SIZE, priority_names[s->priority]);
}

/* The word behind @word and blanks; NULL: @text does not begin so, or has no more. */
static const char *word_behind(const char *text, const char *word)
{
	size_t length = strlen(word), blanks;

	if (strncmp(text, word, length) != 0)
		return NULL;
	blanks = strspn(text + length, " \t");
	return blanks && text[length + blanks] ? text + length + blanks : NULL;
}

static int parse_to(void *settings, const char *text)
{
	const char *vnet = word_behind(text, "vnet"), *cpu = word_behind(text, "cpu");
	struct flow_settings *s = settings;
	struct settings_target t = { .to = SETTINGS_TO_NONE };
	struct error unused = { 0 };

	if (vnet)
		t.to = SETTINGS_TO_VNET;
	else if (cpu)
		t.to = SETTINGS_TO_CPU;
	else if (util_same(text, "xsk"))
		t.to = SETTINGS_TO_XSK;
	else if (!util_same(text, "none"))
		return -EINVAL;
	if (vnet && settings_check_name("vnet", vnet, SETTINGS_NAME_SIZE, &unused))
		return -EINVAL;
	if (vnet)
		util_copy(t.vnet, sizeof(t.vnet), vnet);
	if (cpu && settings_value_number(cpu, 0, SETTINGS_CPU_MAX, &t.cpu) < 0)
		return -EINVAL;
	s->target = t;
	return 0;
}

static void format_to(const void *settings, char buffer[SETTINGS_TEXT_SIZE])
{
	const struct settings_target *t = &((const struct flow_settings *)settings)->target;

	switch (t->to) {
	case SETTINGS_TO_NONE:
		util_copy(buffer, SETTINGS_TEXT_SIZE, "none");
		return;
	case SETTINGS_TO_VNET:
		snprintf(buffer, SETTINGS_TEXT_SIZE, "vnet %s", t->vnet);
		return;
	case SETTINGS_TO_CPU:
		snprintf(buffer, SETTINGS_TEXT_SIZE, "cpu %u", t->cpu);
		return;
	case SETTINGS_TO_XSK:
		util_copy(buffer, SETTINGS_TEXT_SIZE, "xsk");
		return;
	}
}

bool settings_target_same(const struct settings_target *a, const struct settings_target *b)
{
	return a->to == b->to && util_same(a->vnet, b->vnet) && a->cpu == b->cpu;
}

#define PREFIX_EXPECTED                                                                            \
	"any, or an IP address or prefix like 10.1.0.0/16 or 2001:db8::/64 with zeros behind the " \
	"prefix, which is not 0"
#define PORTS_EXPECTED "any, or a port from 0 to 65535 or a range like 8000-8999"

/* clang-format off */
const struct setting settings_flow[] = {
	{ "rank", "Rank", SETTINGS_JSON_INT, false,
	  "a number from 0 to 65535", parse_rank, format_rank },
	{ "dir", "Direction", SETTINGS_JSON_STRING, false,
	  "in, out or both", parse_dir, format_dir },
	{ "local", "Local", SETTINGS_JSON_STRING, false, PREFIX_EXPECTED, parse_local, format_local },
	{ "remote", "Remote", SETTINGS_JSON_STRING, false,
	  PREFIX_EXPECTED, parse_remote, format_remote },
	{ "proto", "Protocol", SETTINGS_JSON_STRING, false,
	  "any, a number from 0 to 255, or one of tcp, udp, icmp, icmpv6, sctp, dccp, udplite, gre and "
	  "esp", parse_proto, format_proto },
	{ "lport", "LocalPort", SETTINGS_JSON_STRING, false, PORTS_EXPECTED, parse_lport, format_lport },
	{ "rport", "RemotePort", SETTINGS_JSON_STRING, false,
	  PORTS_EXPECTED, parse_rport, format_rport },
	{ "dsfield", "DSField", SETTINGS_JSON_STRING, false,
	  "any, or a value from 0 to 255 like 0x2e, with a mask like 0xb8:0xfc that is not 0 and has all "
	  "bits of the value", parse_dsfield, format_dsfield },
	{ "vlan", "VLAN", SETTINGS_JSON_STRING, false,
	  "any, or a number from 1 to 4094", parse_vlan, format_vlan },
	SETTINGS_VALUE_LIMITS_ROWS,
	{ "priority", "Priority", SETTINGS_JSON_STRING, false,
	  "none, low, medium or high", parse_priority, format_priority },
	{ "to", "To", SETTINGS_JSON_STRING, false,
	  "none, \"vnet NAME\", \"cpu NUMBER\" or xsk", parse_to, format_to },
	{ .key = NULL },
};
/* clang-format on */

void settings_flow_default(struct flow_settings *ret)
{
	*ret = (struct flow_settings) { .rank = RANK_DEFAULT, .in = true, .out = true };
}

static bool has_ports(const struct flow_match *m)
{
	static const uint8_t with_ports[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_DCCP,
					      IPPROTO_UDPLITE };

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(with_ports); i++)
		if (m->has_proto && m->proto == with_ports[i])
			return true;
	return false;
}

int settings_flow_check(const struct flow_settings *s, const char *object, struct error *e)
{
	const struct flow_match *m = &s->match;
	const char *port = m->lport.set ? "lport" : "rport";
	char proto[SETTINGS_TEXT_SIZE], value[SETTINGS_TEXT_SIZE];

	format_to(s, value);
	if (s->target.to != SETTINGS_TO_NONE && s->out)
		return error_set(e, ERROR_INVALID, EINVAL, object, "to",
				 "%s: to %s cannot be given with dir %s, expected dir in, for only "
				 "what comes can go elsewhere",
				 object, value, direction_names[s->in ? 0 : 2]);
	format_proto(s, proto);
	format_ports(m->lport.set ? &m->lport : &m->rport, value);
	if ((m->lport.set || m->rport.set) && !has_ports(m))
		return error_set(
			e, ERROR_INVALID, EINVAL, object, port,
			"%s: %s %s cannot be given with proto %s, expected a proto that has "
			"ports: tcp, udp, sctp, dccp or udplite",
			object, port, value, proto);
	if (m->local.length && m->remote.length && m->local.ipv4 != m->remote.ipv4)
		return error_set(e, ERROR_INVALID, EINVAL, object, "remote",
				 "%s: remote and local are of different families, expected both "
				 "IPv4 or both IPv6",
				 object);
	if (flow_match_is_valid(m))
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, object, "proto",
			 "%s: no frame can be all that is given, expected what goes together",
			 object);
}
