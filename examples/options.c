// SPDX-License-Identifier: GPL-2.0-or-later
#include "options.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vnet/vio_net.h>

#define OPTIONS_FACTOR_MIN 1e-6
#define OPTIONS_FACTOR_MAX 1e6

uint64_t options_number(const char *what, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || n < min || n > max)
		errx(OPTIONS_USAGE, "%s %s is not a number from %" PRIu64 " to %" PRIu64, what,
		     text, min, max);
	return n;
}

static double options_factor(const char *name, const char *text)
{
	char *end;
	double factor = strtod(text, &end);

	if (end == text || *end || !(factor >= OPTIONS_FACTOR_MIN && factor <= OPTIONS_FACTOR_MAX))
		errx(OPTIONS_USAGE, "--%s %s is not a number from 0.000001 to 1000000", name, text);
	return factor;
}

bool options_mac(const char *text, uint8_t *ret)
{
	int end = 0;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &ret[0], &ret[1], &ret[2],
		      &ret[3], &ret[4], &ret[5], &end) == ETHERADDRL &&
	       end == 3 * ETHERADDRL - 1 && text[end] == '\0';
}

struct addrinfo *options_address(const char *option, const char *text, int family)
{
	const struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = SOCK_DGRAM,
		.ai_flags = AI_PASSIVE | AI_NUMERICSERV,
	};
	const char *colon = strrchr(text, ':'), *begin = text;
	struct addrinfo *found;
	char host[NI_MAXHOST];
	int length, r;

	if (!colon)
		errx(OPTIONS_USAGE, "%s %s has no port: expected HOST:PORT", option, text);
	length = (int)(colon - text);
	if (length > 1 && text[0] == '[' && colon[-1] == ']') {
		begin++;
		length -= 2;
	}
	snprintf(host, sizeof(host), "%.*s", length, begin);
	r = getaddrinfo(length ? host : NULL, colon + 1, &hints, &found);
	if (r)
		errx(OPTIONS_FAILED, "%s %s: %s", option, text, gai_strerror(r));
	return found;
}

static vio_net_res_type_t options_type(const char *name, const char *text)
{
	static const char *const types[] = {
		[VIO_NET_RES_LDC_SERVICE] = "service",
		[VIO_NET_RES_LDC_GUEST] = "guest",
		[VIO_NET_RES_HYBRID] = "hybrid",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (!strcmp(text, types[i]))
			return (vio_net_res_type_t)i;
	}
	errx(OPTIONS_USAGE, "--%s %s is not a type: expected service, guest or hybrid", name, text);
}

static void options_take(const struct option_row *row, const char *value)
{
	char what[64];

	switch (row->kind) {
	case OPTION_SWITCH:
		*(bool *)row->to = true;
		break;
	case OPTION_TEXT:
		*(const char **)row->to = value;
		break;
	case OPTION_NUMBER:
		snprintf(what, sizeof(what), "--%s", row->name);
		*(uint64_t *)row->to =
			options_number(what, value, row->min, row->max ?: UINT64_MAX);
		break;
	case OPTION_FACTOR:
		*(double *)row->to = options_factor(row->name, value);
		break;
	case OPTION_MAC:
		if (!options_mac(value, row->to))
			errx(OPTIONS_USAGE, "--%s %s is not a MAC such as 02:00:00:00:00:01",
			     row->name, value);
		break;
	case OPTION_TYPE:
		*(vio_net_res_type_t *)row->to = options_type(row->name, value);
		break;
	}
}

static void options_help(const struct options *o)
{
	printf("usage: %s\n\n", o->usage);
	for (size_t i = 0; i < o->count; i++) {
		const struct option_row *row = &o->rows[i];
		int n = printf("  --%s%s%s", row->name, row->value ? " " : "",
			       row->value ? row->value : "");

		printf("%*s%s\n", n < 24 ? 24 - n : 2, "", row->help);
	}
	exit(0);
}

static void options_version(void)
{
	printf("%s %s\n", program_invocation_short_name, VNET_VERSION);
	exit(0);
}

void options_add(struct options *o, const struct option_row *rows, size_t count)
{
	if (o->count + count > OPTIONS_MAX)
		errx(OPTIONS_FAILED, "more than %d options", OPTIONS_MAX);
	memcpy(o->rows + o->count, rows, count * sizeof(*rows));
	o->count += count;
}

int options_read(const struct options *o, int argc, char **argv)
{
	struct option table[OPTIONS_MAX + 3] = {};
	int c, help = (int)o->count, version = help + 1;

	for (int i = 0; i < help; i++) {
		table[i].name = o->rows[i].name;
		table[i].has_arg = o->rows[i].value ? required_argument : no_argument;
		table[i].val = i;
	}
	table[help] = (struct option) { "help", no_argument, NULL, help };
	table[version] = (struct option) { "version", no_argument, NULL, version };
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", table, NULL)) >= 0) {
		if (c == ':')
			errx(OPTIONS_USAGE, "%s has no value, see --help", argv[optind - 1]);
		if (c == '?')
			errx(OPTIONS_USAGE, "%s is not an option, see --help", argv[optind - 1]);
		if (c == help)
			options_help(o);
		else if (c == version)
			options_version();
		else
			options_take(&o->rows[c], optarg);
	}
	return optind;
}
