/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "talk.h"

#define TALK_DEADLINE_US UINT64_C(30000000)
#define TALK_TURN_US	 UINT64_C(20000)

static uint64_t talk_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void talk_close(struct talk *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	*c = (struct talk) { .fd = -1 };
}

bool talk_run_until(sd_event *loop, bool (*done)(void *context), void *context)
{
	uint64_t end_us = talk_now_us() + TALK_DEADLINE_US;

	while (!done(context)) {
		if (talk_now_us() > end_us)
			return false;
		ck_assert_int_ge(sd_event_run(loop, TALK_TURN_US), 0);
	}
	return true;
}

struct talk_connecting {
	int fd;
	struct sockaddr_un address;
	int err;
};

/* The queue of new connections is short: who finds it full comes again. */
static bool talk_connected(void *context)
{
	struct talk_connecting *to = context;
	const struct sockaddr *address = (const struct sockaddr *)&to->address;

	to->err = connect(to->fd, address, sizeof(to->address)) ? errno : 0;
	return to->err != EAGAIN;
}

void talk_open(struct talk *c, sd_event *loop, const char *path)
{
	struct talk_connecting to = { .address.sun_family = AF_UNIX };
	char *socket_path = to.address.sun_path;

	ck_assert_int_lt(snprintf(socket_path, sizeof(to.address.sun_path), "%s", path),
			 (int)sizeof(to.address.sun_path));
	*c = (struct talk) { .loop = loop };
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(c->fd, 0);
	to.fd = c->fd;
	ck_assert(talk_run_until(loop, talk_connected, &to));
	ck_assert_msg(!to.err, "connect: %s", strerror(to.err));
}

void talk_run_for(sd_event *loop, uint64_t us)
{
	uint64_t end_us = talk_now_us() + us, now_us;

	while ((now_us = talk_now_us()) < end_us)
		ck_assert_int_ge(sd_event_run(loop, end_us - now_us), 0);
}

unsigned int talk_settle(sd_event *loop)
{
	unsigned int turns = 0;
	int err;

	while ((err = sd_event_run(loop, 0)) > 0)
		turns++;
	ck_assert_int_eq(err, 0);
	return turns;
}

void talk_read(struct talk *c)
{
	char bytes[65536];
	ssize_t n;

	while (!c->eof) {
		n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* A server that closes with unread bytes resets; all that it sent came before. */
		if (n <= 0) {
			c->eof = true;
			return;
		}
		if (c->in_bytes + n > c->in_size) {
			c->in_size = 2 * (c->in_bytes + n);
			c->in = realloc(c->in, c->in_size);
		}
		ck_assert_ptr_nonnull(c->in);
		memcpy(c->in + c->in_bytes, bytes, n);
		c->in_bytes += n;
	}
}

bool talk_send(struct talk *c, const void *bytes, size_t count)
{
	uint64_t end_us = talk_now_us() + TALK_DEADLINE_US;
	const char *from = bytes;

	while (count) {
		ssize_t n = send(c->fd, from, count, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return false;
		ck_assert_msg(n >= 0 || errno == EAGAIN, "send: %s", strerror(errno));
		ck_assert_msg(talk_now_us() < end_us, "the server does not read");
		if (n < 0) {
			ck_assert_int_ge(sd_event_run(c->loop, TALK_TURN_US), 0);
			continue;
		}
		from += n;
		count -= n;
	}
	return true;
}

bool talk_request(struct talk *c, const char *text)
{
	return talk_send(c, text, strlen(text) + 1);
}

bool talk_has_message(struct talk *c)
{
	talk_read(c);
	while (c->scanned_bytes < c->in_bytes && c->in[c->scanned_bytes])
		c->scanned_bytes++;
	return c->scanned_bytes < c->in_bytes;
}

static bool talk_has_news(void *context)
{
	struct talk *c = context;

	return talk_has_message(c) || c->eof;
}

struct json_object *talk_receive(struct talk *c)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *message;
	size_t bytes;

	ck_assert_msg(talk_run_until(c->loop, talk_has_news, c), "no reply");
	ck_assert_msg(talk_has_message(c), "the server closed instead of a reply");
	bytes = strlen(c->in) + 1;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	message = json_tokener_parse_ex(tokener, c->in, (int)bytes);
	ck_assert_msg(message && json_tokener_get_error(tokener) == json_tokener_success,
		      "not JSON: %s", c->in);
	json_tokener_free(tokener);
	c->in_bytes -= bytes;
	c->scanned_bytes = 0;
	memmove(c->in, c->in + bytes, c->in_bytes);
	return message;
}

void talk_expect_eof(struct talk *c)
{
	ck_assert_msg(talk_run_until(c->loop, talk_has_news, c), "the server does not close");
	ck_assert_msg(!c->in_bytes, "a message instead of a close: %.*s", (int)c->in_bytes, c->in);
}

struct json_object *talk_call(struct talk *c, const char *method, const char *parameters)
{
	char *text;

	ck_assert_int_ge(asprintf(&text, "{\"method\":\"%s\",\"parameters\":%s}", method,
				  parameters ? parameters : "{}"),
			 0);
	ck_assert(talk_request(c, text));
	free(text);
	return talk_receive(c);
}

const char *talk_error(struct json_object *reply)
{
	struct json_object *error;

	return json_object_object_get_ex(reply, "error", &error) ? json_object_get_string(error)
								 : "";
}

struct json_object *talk_member(struct json_object *reply, const char *key)
{
	struct json_object *parameters = json_object_object_get(reply, "parameters");

	ck_assert_msg(json_object_is_type(parameters, json_type_object), "no parameters: %s",
		      json_object_to_json_string(reply));
	return json_object_object_get(parameters, key);
}

const char *talk_text(struct json_object *reply, const char *key)
{
	struct json_object *value = talk_member(reply, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

int64_t talk_number(struct json_object *reply, const char *key)
{
	struct json_object *value = talk_member(reply, key);

	ck_assert_msg(json_object_is_type(value, json_type_int), "%s is no number: %s", key,
		      json_object_to_json_string(reply));
	return json_object_get_int64(value);
}
