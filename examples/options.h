/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program's options as a table, which is read by options_read() and is its --help as well. A
 * wrong option ends the program with a sentence that says what is expected.
 */
#ifndef EXAMPLES_OPTIONS_H
#define EXAMPLES_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses, beside 0. */
#define OPTIONS_FAILED 1
#define OPTIONS_USAGE  2

#define OPTIONS_MAX 32

struct addrinfo;

enum option_kind {
	OPTION_SWITCH, /* bool: given or not */
	OPTION_TEXT,   /* const char * */
	OPTION_NUMBER, /* uint64_t: from @min to @max; 0: to any */
	OPTION_FACTOR, /* double: from 0.000001 to 1000000 */
	OPTION_MAC,    /* ether_addr_t: not all zeroes */
	OPTION_TYPE,   /* vio_net_res_type_t */
};

struct option_row {
	const char *name, *value; /* value: what --help calls it; NULL for a switch */
	enum option_kind kind;
	void *to; /* has the default before, and what the kind says after */
	const char *help;
	uint64_t min, max;
};

struct options {
	const char *usage; /* what follows "usage: " and what the program does */
	size_t count;
	struct option_row rows[OPTIONS_MAX];
};

/* A number, or exits. @what: "--loop" */
uint64_t options_number(const char *what, const char *text, uint64_t min, uint64_t max);
bool options_mac(const char *text, uint8_t *ret);
/*
 * Of datagrams: "host:port", "[2001:db8::1]:port", or ":port" for any address; AF_UNSPEC, or of
 * that family. To be freed with freeaddrinfo().
 */
struct addrinfo *options_address(const char *option, const char *text, int family);
void options_add(struct options *o, const struct option_row *rows, size_t count);
/* Returns the index in @argv of the first word that is no option. --help and --version exit. */
int options_read(const struct options *o, int argc, char **argv);

#endif
