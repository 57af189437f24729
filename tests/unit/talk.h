/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A Varlink client that lives in the same thread as the server under test: whatever it waits for,
 * it runs the server's loop meanwhile. Everything has a deadline, and everything asserts.
 */
#ifndef VNET_TESTS_TALK_H
#define VNET_TESTS_TALK_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct talk {
	sd_event *loop; /* borrowed */
	int fd;
	char *in; /* owned; received and not yet taken */
	size_t in_bytes;
	size_t in_size;
	size_t scanned_bytes; /* no NUL before here */
	bool eof;
};

void talk_open(struct talk *c, sd_event *loop, const char *path);
void talk_close(struct talk *c);

/* Runs the loop until @done says so; false: that took over half a minute. */
bool talk_run_until(sd_event *loop, bool (*done)(void *context), void *context);
/* Runs the loop for that long. */
void talk_run_for(sd_event *loop, uint64_t us);
/* Runs the loop until it has nothing to do at the moment. Returns the number of turns it took. */
unsigned int talk_settle(sd_event *loop);

/* Takes what is there now, without waiting. */
void talk_read(struct talk *c);
/* Sends all of it, while the server reads. Returns false if the server has closed. */
bool talk_send(struct talk *c, const void *bytes, size_t count);
/* A request and its NUL. */
bool talk_request(struct talk *c, const char *text);

/* Has a whole message arrived? */
bool talk_has_message(struct talk *c);
/* The next message, which has to come; the caller puts it. */
struct json_object *talk_receive(struct talk *c);
/* The server has to close now; nothing comes before that. */
void talk_expect_eof(struct talk *c);

/* A request, with @parameters as JSON (NULL: none), and its reply; the caller puts it. */
struct json_object *talk_call(struct talk *c, const char *method, const char *parameters);

/* The error's name and a member of its parameters, borrowed from @reply; "" if it is none. */
const char *talk_error(struct json_object *reply);
const char *talk_text(struct json_object *reply, const char *key);
int64_t talk_number(struct json_object *reply, const char *key);
struct json_object *talk_member(struct json_object *reply, const char *key);

#endif
