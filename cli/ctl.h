/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of vnetctl: its options, its streams, its connection, and how it tells of failures. */
#ifndef VNETCTL_CTL_H
#define VNETCTL_CTL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>

#include "vnet/vnet.h"

/* The exit status. */
enum ctl_status {
	CTL_DONE,
	CTL_USAGE,	 /* the words on the command line make no sense */
	CTL_REFUSED,	 /* by the daemon */
	CTL_UNREACHABLE, /* the daemon */
	CTL_TIMED_OUT,
	CTL_FAILED, /* anything else: output, memory, an answer that is not understood */
};

#define CTL_TIMEOUT_MS_DEFAULT 5000

struct ctl {
	FILE *out, *err; /* borrowed */
	bool json, pretty, colour;
	const char *socket; /* borrowed */
	int timeout_ms;
	bool batch;		    /* many changes: kept together at the end */
	const char *where;	    /* "FILE:LINE: " of a batch, else empty */
	struct vnet_client *client; /* NULL until it is needed */
};

void ctl_close(struct ctl *ctl);

/* One line on the error stream: "vnetctl: ...". Returns @status. */
enum ctl_status ctl_fail(struct ctl *ctl, enum ctl_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for CTL_USAGE, with a hint at 'vnetctl help TOPIC'; @topic may be NULL. */
enum ctl_status ctl_usage(struct ctl *ctl, const char *topic, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

enum ctl_status ctl_no_memory(struct ctl *ctl);

/* Connects if there is no connection yet. */
enum ctl_status ctl_connect(struct ctl *ctl);

/* What a call of libvnet on the connection came to; complains if @r is negative. */
enum ctl_status ctl_result(struct ctl *ctl, int r);

/*
 * Gives the answer of a call out: as JSON, or through @print, which returns 0 or -ENOMEM. Takes
 * over
 * @text, which is only there if @r is not negative.
 */
enum ctl_status ctl_answer(struct ctl *ctl, int r, char *text,
			   int (*print)(struct ctl *ctl, struct json_object *json));

/* Prints a JSON text as the options say, on one line or indented. */
enum ctl_status ctl_print_json(struct ctl *ctl, const char *text);

#endif
