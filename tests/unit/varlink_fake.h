/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Varlink server that says what a script tells it, in a process of its own, and keeps what it was
 * asked. It serves one connection after another and ends with the test.
 */
#ifndef VNET_TESTS_VARLINK_FAKE_H
#define VNET_TESTS_VARLINK_FAKE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

enum varlink_fake_manner {
	FAKE_ANSWER,  /* the reply and its NUL byte */
	FAKE_PIECES,  /* the same, byte by byte */
	FAKE_SILENT,  /* nothing, and the connection stays */
	FAKE_HANG_UP, /* the reply without its NUL byte, then the connection is closed */
	FAKE_FLOOD,   /* more than any reply may have, without a NUL byte */
	FAKE_END,
};

/* One request's answer. A line feed in @reply separates several messages. */
struct varlink_fake_step {
	enum varlink_fake_manner manner;
	const char *reply;
};

struct varlink_fake {
	char folder[64];
	char path[96]; /* of the socket */
	pid_t pid;
	FILE *requests; /* one a line, as they came */
	char request[8192];
};

/* @steps ends with FAKE_END, after which requests are not answered. */
void varlink_fake_start(struct varlink_fake *f, const struct varlink_fake_step *steps);
void varlink_fake_stop(struct varlink_fake *f);

/* The next request that came, borrowed until the next one. Waits for it. */
const char *varlink_fake_request(struct varlink_fake *f);

#endif
