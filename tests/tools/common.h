/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the test tools share. Each tool is one file and one program, so all of it is here, inline.
 */
#ifndef TOOLS_COMMON_H
#define TOOLS_COMMON_H

#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COMMON_MAC_LEN	 6
#define COMMON_FRAME_MAX 65600

/* Exit status as of vnetctl: 1 something failed, 2 usage. */
#define COMMON_FAILED 1
#define COMMON_USAGE  2

extern volatile sig_atomic_t common_stop;

static inline uint64_t common_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static inline void common_on_stop(int signal)
{
	common_stop = 1;
}

/* SIGTERM and SIGINT ask for the report; what blocks returns with EINTR. */
static inline void common_catch_stop(void)
{
	const struct sigaction action = { .sa_handler = common_on_stop };

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Tests wait for this line before they send anything. */
static inline void common_ready(void)
{
	fputs("ready\n", stderr);
}

static inline uint64_t common_number(const char *what, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || n < min || n > max)
		errx(COMMON_USAGE, "%s %s is not a number from %" PRIu64 " to %" PRIu64, what, text,
		     min, max);
	return n;
}

static inline void common_mac(const char *what, const char *text, uint8_t ret[COMMON_MAC_LEN])
{
	unsigned int b[COMMON_MAC_LEN];
	char rest;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &rest) != COMMON_MAC_LEN)
		errx(COMMON_USAGE, "%s %s is not a MAC such as 02:00:00:00:00:01", what, text);
	for (int i = 0; i < COMMON_MAC_LEN; i++)
		ret[i] = (uint8_t)b[i];
}

static inline int common_ifindex(const char *device)
{
	unsigned int index = if_nametoindex(device);

	if (!index)
		err(COMMON_FAILED, "%s", device);
	return (int)index;
}

static inline int common_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/*
 * Bytes from "0200 00:01"; blanks and colons are skipped. With @mask, ".." is a byte that may be
 * anything (0 in @mask, where the others are 0xff). Returns how many.
 */
static inline size_t common_hex(const char *text, uint8_t *ret, uint8_t *mask, size_t max)
{
	size_t n = 0;

	while (*text) {
		int high, low;

		if (*text == ' ' || *text == ':') {
			text++;
			continue;
		}
		if (n == max)
			errx(COMMON_USAGE, "more than %zu bytes", max);
		if (mask && text[0] == '.' && text[1] == '.') {
			ret[n] = 0;
			mask[n++] = 0;
			text += 2;
			continue;
		}
		high = common_hex_digit(text[0]);
		low = high < 0 ? -1 : common_hex_digit(text[1]);
		if (low < 0)
			errx(COMMON_USAGE, "not bytes in hexadecimal: %s", text);
		if (mask)
			mask[n] = 0xff;
		ret[n++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return n;
}

static inline void common_print_hex(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("%02x", bytes[i]);
	putchar('\n');
	fflush(stdout);
}

/* A report that is told at the end, and every 100 ms in a file that never is half a report. */
struct common_status {
	const char *path; /* NULL: no file */
	uint64_t due_ns;
	void (*print)(void *context, FILE *f);
	void *context;
};

static inline void common_status_write(struct common_status *s)
{
	char part[4096];
	FILE *f;

	if (!s->path)
		return;
	if (snprintf(part, sizeof(part), "%s.part", s->path) >= (int)sizeof(part))
		errx(COMMON_USAGE, "%s: too long", s->path);
	f = fopen(part, "we");
	if (!f)
		err(COMMON_FAILED, "%s", part);
	s->print(s->context, f);
	if (fclose(f) || rename(part, s->path))
		err(COMMON_FAILED, "%s", s->path);
}

static inline void common_status_tick(struct common_status *s, uint64_t now_ns)
{
	if (!s->path || now_ns < s->due_ns)
		return;
	s->due_ns = now_ns + 100000000;
	common_status_write(s);
}

static inline void common_status_end(struct common_status *s)
{
	common_status_write(s);
	s->print(s->context, stdout);
	fflush(stdout);
}

#endif
