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

#include "client.h"

#define CLIENT_DEADLINE_US UINT64_C(10000000)
#define CLIENT_TURN_US	   UINT64_C(20000)

static uint64_t client_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void client_open(struct client *c, sd_event *loop, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	*c = (struct client) { .loop = loop };
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(c->fd, 0);
	ck_assert_msg(!connect(c->fd, (struct sockaddr *)&address, sizeof(address)), "connect: %s",
		      strerror(errno));
}

void client_close(struct client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	*c = (struct client) { .fd = -1 };
}

bool client_run_until(sd_event *loop, bool (*done)(void *context), void *context)
{
	uint64_t end_us = client_now_us() + CLIENT_DEADLINE_US;

	while (!done(context)) {
		if (client_now_us() > end_us)
			return false;
		ck_assert_int_ge(sd_event_run(loop, CLIENT_TURN_US), 0);
	}
	return true;
}

void client_run_for(sd_event *loop, uint64_t us)
{
	uint64_t end_us = client_now_us() + us, now_us;

	while ((now_us = client_now_us()) < end_us)
		ck_assert_int_ge(sd_event_run(loop, end_us - now_us), 0);
}

unsigned int client_settle(sd_event *loop)
{
	unsigned int turns = 0;
	int err;

	while ((err = sd_event_run(loop, 0)) > 0)
		turns++;
	ck_assert_int_eq(err, 0);
	return turns;
}

void client_read(struct client *c)
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
		c->in = realloc(c->in, c->in_bytes + n);
		ck_assert_ptr_nonnull(c->in);
		memcpy(c->in + c->in_bytes, bytes, n);
		c->in_bytes += n;
	}
}

bool client_send(struct client *c, const void *bytes, size_t count)
{
	uint64_t end_us = client_now_us() + CLIENT_DEADLINE_US;
	const char *from = bytes;

	while (count) {
		ssize_t n = send(c->fd, from, count, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return false;
		ck_assert_msg(n >= 0 || errno == EAGAIN, "send: %s", strerror(errno));
		ck_assert_msg(client_now_us() < end_us, "the server does not read");
		if (n < 0) {
			ck_assert_int_ge(sd_event_run(c->loop, CLIENT_TURN_US), 0);
			continue;
		}
		from += n;
		count -= n;
	}
	return true;
}

bool client_request(struct client *c, const char *text)
{
	return client_send(c, text, strlen(text) + 1);
}

bool client_has_message(struct client *c)
{
	client_read(c);
	return c->in_bytes && memchr(c->in, '\0', c->in_bytes);
}

static bool client_has_news(void *context)
{
	struct client *c = context;

	return client_has_message(c) || c->eof;
}

struct json_object *client_receive(struct client *c)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *message;
	size_t bytes;

	ck_assert_msg(client_run_until(c->loop, client_has_news, c), "no reply");
	ck_assert_msg(client_has_message(c), "the server closed instead of a reply");
	bytes = strlen(c->in) + 1;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	message = json_tokener_parse_ex(tokener, c->in, (int)bytes);
	ck_assert_msg(message && json_tokener_get_error(tokener) == json_tokener_success,
		      "not JSON: %s", c->in);
	json_tokener_free(tokener);
	c->in_bytes -= bytes;
	memmove(c->in, c->in + bytes, c->in_bytes);
	return message;
}

void client_expect_eof(struct client *c)
{
	ck_assert_msg(client_run_until(c->loop, client_has_news, c), "the server does not close");
	ck_assert_msg(!c->in_bytes, "a message instead of a close: %.*s", (int)c->in_bytes, c->in);
}

struct json_object *client_call(struct client *c, const char *method, const char *parameters)
{
	char *text;

	ck_assert_int_ge(asprintf(&text, "{\"method\":\"%s\",\"parameters\":%s}", method,
				  parameters ? parameters : "{}"),
			 0);
	ck_assert(client_request(c, text));
	free(text);
	return client_receive(c);
}

const char *client_error(struct json_object *reply)
{
	struct json_object *error;

	return json_object_object_get_ex(reply, "error", &error) ? json_object_get_string(error)
								 : "";
}

struct json_object *client_member(struct json_object *reply, const char *key)
{
	struct json_object *parameters = json_object_object_get(reply, "parameters");

	ck_assert_msg(json_object_is_type(parameters, json_type_object), "no parameters: %s",
		      json_object_to_json_string(reply));
	return json_object_object_get(parameters, key);
}

const char *client_text(struct json_object *reply, const char *key)
{
	struct json_object *value = client_member(reply, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

int64_t client_number(struct json_object *reply, const char *key)
{
	struct json_object *value = client_member(reply, key);

	ck_assert_msg(json_object_is_type(value, json_type_int), "%s is no number: %s", key,
		      json_object_to_json_string(reply));
	return json_object_get_int64(value);
}
