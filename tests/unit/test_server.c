/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server: framing, requests that are none, limits of time and memory, streams. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "server_world.h"
#include "unit.h"

#define ECHO "{\"method\":\"test.world.Echo\",\"parameters\":{\"a\":1}}"

/* The C library's, with an error of our choice: to run out for real would hurt the test as well. */
static int accept_error;
static unsigned int accepts;

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name): theirs are reserved */
int accept4(int fd, struct sockaddr *address, socklen_t *size, int flags)
{
	accepts++;
	errno = accept_error;
	return accept_error ? -1 : (int)syscall(SYS_accept4, fd, address, size, flags);
}

static void expect_echo(struct talk *c)
{
	struct json_object *reply = talk_receive(c);

	ck_assert_str_eq(talk_error(reply), "");
	ck_assert_int_eq(talk_number(reply, "a"), 1);
	json_object_put(reply);
}

static void expect_error(struct talk *c, const char *error, const char *key, const char *value)
{
	struct json_object *reply = talk_receive(c);

	ck_assert_str_eq(talk_error(reply), error);
	if (key)
		ck_assert_str_eq(talk_text(reply, key), value);
	json_object_put(reply);
}

static void expect_refusal(struct talk *c, int number, const char *message)
{
	struct json_object *reply = talk_receive(c);

	ck_assert_str_eq(talk_error(reply), "test.world.Invalid");
	ck_assert_int_eq(talk_number(reply, "errno"), number);
	ck_assert_msg(strstr(talk_text(reply, "message"), message), "%s",
		      talk_text(reply, "message"));
	json_object_put(reply);
	talk_expect_eof(c);
}

/* --- framing --- */

START_TEST(test_one_byte_at_a_time)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	for (size_t i = 0; i < sizeof(ECHO); i++) {
		ck_assert(!talk_has_message(&c));
		ck_assert_uint_eq(world.calls, 0);
		ck_assert(talk_send(&c, &ECHO[i], 1));
		talk_settle(world.loop);
	}
	expect_echo(&c);
	ck_assert_uint_eq(world.calls, 1);
	talk_close(&c);
}
END_TEST

/* Two requests, cut in two at every place. */
START_TEST(test_every_boundary)
{
	static const char both[] = ECHO "\0" ECHO;
	struct talk c;

	talk_open(&c, world.loop, world.path);
	for (size_t i = 1; i < sizeof(both); i++) {
		ck_assert(talk_send(&c, both, i));
		talk_settle(world.loop);
		ck_assert(talk_send(&c, both + i, sizeof(both) - i));
		expect_echo(&c);
		expect_echo(&c);
	}
	ck_assert_uint_eq(world.calls, 2 * (sizeof(both) - 1));
	talk_close(&c);
}
END_TEST

START_TEST(test_pipelined_in_order)
{
	enum { COUNT = 500 };
	char text[COUNT * 64];
	size_t used = 0;
	struct talk c;

	for (int i = 0; i < COUNT; i++)
		used += sprintf(text + used,
				"{\"method\":\"test.world.Echo\",\"parameters\":{\"a\":%d}}", i) +
			1;
	talk_open(&c, world.loop, world.path);
	ck_assert(talk_send(&c, text, used));
	for (int i = 0; i < COUNT; i++) {
		struct json_object *reply = talk_receive(&c);

		ck_assert_int_eq(talk_number(reply, "a"), i);
		json_object_put(reply);
	}
	talk_close(&c);
}
END_TEST

/* A long pipeline of one client does not keep another one waiting. */
START_TEST(test_fair)
{
	enum { COUNT = 1000 };
	char text[COUNT * sizeof(ECHO)];
	struct talk busy, other;

	talk_open(&busy, world.loop, world.path);
	talk_open(&other, world.loop, world.path);
	world_wait_connections(2);
	for (int i = 0; i < COUNT; i++)
		memcpy(text + i * sizeof(ECHO), ECHO, sizeof(ECHO));
	ck_assert(talk_send(&busy, text, sizeof(text)));
	ck_assert(talk_request(&other, ECHO));
	expect_echo(&other);
	ck_assert_uint_lt(world.calls, COUNT / 10);
	for (int i = 0; i < COUNT; i++)
		expect_echo(&busy);
	talk_close(&busy);
	talk_close(&other);
}
END_TEST

static void send_of_length(struct talk *c, size_t len)
{
	static const char head[] =
		"{\"method\":\"test.world.Echo\",\"parameters\":{\"a\":1,\"b\":\"";
	static const char tail[] = "\"}}";
	char *text = malloc(len + 1);

	memset(text, 'x', len);
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + len - (sizeof(tail) - 1), tail, sizeof(tail));
	talk_send(c, text, len + 1);
	free(text);
}

START_TEST(test_longest)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	for (int i = 0; i < 3; i++) {
		send_of_length(&c, SERVER_MESSAGE_BYTES_MAX);
		expect_echo(&c);
	}
	talk_close(&c);
}
END_TEST

/* fault 52: a message that is too long. */
START_TEST(test_too_long)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	ck_assert(talk_request(&c, ECHO));
	expect_echo(&c);
	send_of_length(&c, SERVER_MESSAGE_BYTES_MAX + 1);
	expect_refusal(&c, EMSGSIZE, "a request is longer than 65536 bytes");
	ck_assert_uint_eq(world.calls, 1);
	talk_close(&c);
	world_wait_connections(0);
}
END_TEST

/* fault 51: half a message does nothing. */
START_TEST(test_half_message)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	ck_assert(talk_send(&c, ECHO, sizeof(ECHO) - 1));
	world_wait_connections(1);
	talk_settle(world.loop);
	talk_close(&c);
	world_wait_connections(0);
	ck_assert_uint_eq(world.calls, 0);
}
END_TEST

/* --- requests that are none --- */

static const char *const not_json[] = {
	"",
	" ",
	"{",
	"nope",
	"{}{}",
	"{} x",
	"{'method':'test.world.Echo'}",
	"{\"method\":\"test.world.Echo\",}",
	"{\"method\":\"test.world.Echo\"",
	"{\"method\" \"test.world.Echo\"}",
	"{\"method\":\"test.world.Echo",
	"{\"method\":\"test.world.\xff\"}",
	"{\"method\":\"test.world.Echo\",\"parameters\":{\"a\":\"\xc3\"}}",
	"/* */ {\"method\":\"test.world.Echo\"}",
	"\"\\ud800",
};

/* fault 52: what is not JSON, or more than one value. */
START_TEST(test_not_json)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	/* A good request right behind it is not carried out any more. */
	ck_assert(talk_request(&c, not_json[_i]));
	talk_request(&c, ECHO);
	expect_refusal(&c, EBADMSG, "a request is not JSON: ");
	ck_assert_uint_eq(world.calls, 0);
	talk_close(&c);
	world_wait_connections(0);
}
END_TEST

START_TEST(test_too_deep)
{
	static const char deep[] = "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
	char text[256];
	struct talk c;

	snprintf(text, sizeof(text), "{\"method\":\"test.world.Echo\",\"parameters\":{\"a\":%s}}",
		 deep);
	talk_open(&c, world.loop, world.path);
	ck_assert(talk_request(&c, text));
	expect_refusal(&c, EBADMSG, "a request is not JSON: ");
	talk_close(&c);
}
END_TEST

static const struct {
	const char *text;
	const char *parameter;
} not_requests[] = {
	{ "[]", "method" },
	{ "null", "method" },
	{ "3", "method" },
	{ "true", "method" },
	{ "\"test.world.Echo\"", "method" },
	{ "{}", "method" },
	{ "{\"parameters\":{}}", "method" },
	{ "{\"method\":null}", "method" },
	{ "{\"method\":5}", "method" },
	{ "{\"method\":\"\"}", "method" },
	{ "{\"method\":\"Echo\"}", "method" },
	{ "{\"method\":\"test.world.Echo\\u0000\"}", "method" },
	{ "{\"method\":\"test.world.Echo\",\"parameters\":[]}", "parameters" },
	{ "{\"method\":\"test.world.Echo\",\"parameters\":\"\"}", "parameters" },
	{ "{\"method\":\"test.world.Echo\",\"more\":1}", "more" },
	{ "{\"method\":\"test.world.Echo\",\"upgrade\":true}", "upgrade" },
	{ "{\"method\":\"test.world.Echo\",\"upgrade\":\"x\"}", "upgrade" },
	{ "{\"method\":\"test.world.Echo\",\"unknown\":1}", "unknown" },
};

START_TEST(test_not_request)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	ck_assert(talk_request(&c, not_requests[_i].text));
	expect_error(&c, "org.varlink.service.InvalidParameter", "parameter",
		     not_requests[_i].parameter);
	ck_assert_uint_eq(world.calls, 0);
	/* The stream is still whole. */
	ck_assert(talk_request(&c, ECHO));
	expect_echo(&c);
	talk_close(&c);
}
END_TEST

static const char *const good_requests[] = {
	ECHO,
	" " ECHO "\r\n",
	"{\"parameters\":{\"a\":1},\"method\":\"test.world.Echo\"}",
	"{\"method\":\"test.world.Echo\",\"parameters\":{\"a\":1},\"more\":false,\"oneway\":false,"
	"\"upgrade\":false}",
	"{\"method\":\"test.world.Echo\",\"parameters\":{\"a\":1},\"more\":true}",
};

START_TEST(test_good_request)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	ck_assert(talk_request(&c, good_requests[_i]));
	expect_echo(&c);
	talk_close(&c);
}
END_TEST

START_TEST(test_no_parameters)
{
	struct json_object *reply;
	struct talk c;

	talk_open(&c, world.loop, world.path);
	ck_assert(talk_request(&c, "{\"method\":\"test.world.Echo\"}"));
	ck_assert(talk_request(&c, "{\"method\":\"test.world.Echo\",\"parameters\":null}"));
	for (int i = 0; i < 2; i++) {
		reply = talk_receive(&c);
		ck_assert_str_eq(json_object_to_json_string_ext(reply, JSON_C_TO_STRING_PLAIN),
				 "{\"parameters\":{}}");
		json_object_put(reply);
	}
	talk_close(&c);
}
END_TEST

/* fault 52: methods that do not exist. */
START_TEST(test_unknown)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	ck_assert(talk_request(&c, "{\"method\":\"test.worlds.Echo\"}"));
	expect_error(&c, "org.varlink.service.InterfaceNotFound", "interface", "test.worlds");
	ck_assert(talk_request(&c, "{\"method\":\"test.world.Echo.Echo\"}"));
	expect_error(&c, "org.varlink.service.InterfaceNotFound", "interface", "test.world.Echo");
	ck_assert(talk_request(&c, "{\"method\":\"test.world.echo\"}"));
	expect_error(&c, "org.varlink.service.MethodNotFound", "method", "test.world.echo");
	ck_assert(talk_request(&c, "{\"method\":\"org.varlink.service.Echo\"}"));
	expect_error(&c, "org.varlink.service.MethodNotFound", "method",
		     "org.varlink.service.Echo");
	ck_assert_uint_eq(world.calls, 0);
	talk_close(&c);
}
END_TEST

/* --- replies --- */

START_TEST(test_oneway)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	ck_assert(talk_request(&c, "{\"method\":\"test.world.Fail\",\"oneway\":true}"));
	ck_assert(talk_request(&c, "{\"method\":\"test.world.Big\",\"oneway\":true}"));
	ck_assert(talk_request(&c, "{\"method\":\"test.world.None\",\"oneway\":true}"));
	ck_assert(talk_request(&c, "{\"method\":\"test.world.Stream\",\"oneway\":true,"
				   "\"more\":true}"));
	ck_assert(talk_request(&c, ECHO));
	expect_echo(&c);
	ck_assert_uint_eq(world.calls, 4);
	ck_assert_uint_eq(world.stream_count, 0);
	talk_close(&c);
}
END_TEST

/* Whoever says "oneway" does not have to stay. */
START_TEST(test_oneway_and_gone)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	for (int i = 0; i < 20; i++)
		ck_assert(talk_request(&c, "{\"method\":\"test.world.Echo\",\"oneway\":true}"));
	talk_close(&c);
	talk_settle(world.loop);
	ck_assert_uint_eq(server_connections(world.server), 0);
	ck_assert_uint_eq(world.calls, 20);
}
END_TEST

/* `printf ... | socat - UNIX:...` closes one direction first. */
START_TEST(test_half_closed)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	for (int i = 0; i < 20; i++)
		ck_assert(talk_request(&c, ECHO));
	ck_assert_int_eq(shutdown(c.fd, SHUT_WR), 0);
	for (int i = 0; i < 20; i++)
		expect_echo(&c);
	talk_expect_eof(&c);
	talk_close(&c);
}
END_TEST

/* The message is cut within a character of two bytes; talk_receive() wants UTF-8. */
START_TEST(test_error)
{
	struct json_object *reply;
	struct talk c;

	talk_open(&c, world.loop, world.path);
	reply = talk_call(&c, "test.world.Fail", NULL);
	ck_assert_str_eq(talk_error(reply), "test.world.Exists");
	ck_assert_int_eq(talk_number(reply, "errno"), EEXIST);
	ck_assert_str_eq(talk_text(reply, "object"), "vnet0");
	ck_assert_str_eq(talk_text(reply, "field"), "mtu");
	ck_assert_uint_gt(strlen(talk_text(reply, "message")), 500);
	json_object_put(reply);
	talk_close(&c);
}
END_TEST

START_TEST(test_get_info)
{
	struct json_object *reply, *interfaces;
	struct talk c;

	talk_open(&c, world.loop, world.path);
	reply = talk_call(&c, "org.varlink.service.GetInfo", NULL);
	ck_assert_str_eq(talk_text(reply, "vendor"), "vendor");
	ck_assert_str_eq(talk_text(reply, "product"), "product");
	ck_assert_str_eq(talk_text(reply, "version"), "1.2.3");
	ck_assert_str_eq(talk_text(reply, "url"), "https://example.org/");
	interfaces = talk_member(reply, "interfaces");
	ck_assert_str_eq(json_object_to_json_string_ext(interfaces, JSON_C_TO_STRING_PLAIN),
			 "[\"org.varlink.service\",\"test.world\"]");
	json_object_put(reply);
	reply = talk_call(&c, "org.varlink.service.GetInfo", "{\"x\":1}");
	ck_assert_str_eq(talk_text(reply, "parameter"), "x");
	json_object_put(reply);
	talk_close(&c);
}
END_TEST

START_TEST(test_get_description)
{
	static const char method[] = "org.varlink.service.GetInterfaceDescription";
	struct json_object *reply;
	struct talk c;

	talk_open(&c, world.loop, world.path);
	reply = talk_call(&c, method, "{\"interface\":\"test.world\"}");
	ck_assert_str_eq(talk_text(reply, "description"),
			 "interface test.world\n\nmethod Echo() -> ()\n");
	json_object_put(reply);
	reply = talk_call(&c, method, "{\"interface\":\"org.varlink.service\"}");
	ck_assert_ptr_nonnull(
		strstr(talk_text(reply, "description"), "interface org.varlink.service\n"));
	json_object_put(reply);
	reply = talk_call(&c, method, "{\"interface\":\"test\"}");
	ck_assert_str_eq(talk_error(reply), "org.varlink.service.InterfaceNotFound");
	json_object_put(reply);
	reply = talk_call(&c, method, "{}");
	ck_assert_str_eq(talk_error(reply), "org.varlink.service.InvalidParameter");
	json_object_put(reply);
	reply = talk_call(&c, method, "{\"interface\":3}");
	ck_assert_str_eq(talk_text(reply, "parameter"), "interface");
	json_object_put(reply);
	talk_close(&c);
}
END_TEST

/* --- streams --- */

static void open_stream(struct talk *c)
{
	struct json_object *reply;

	talk_open(c, world.loop, world.path);
	ck_assert(talk_request(c, "{\"method\":\"test.world.Stream\",\"more\":true}"));
	reply = talk_receive(c);
	ck_assert(json_object_get_boolean(json_object_object_get(reply, "continues")));
	json_object_put(reply);
}

START_TEST(test_stream)
{
	struct json_object *reply;
	struct talk c;

	open_stream(&c);
	/* The next request waits for the end of this one. */
	ck_assert(talk_request(&c, ECHO));
	talk_settle(world.loop);
	ck_assert(!talk_has_message(&c));
	server_reply_more(world.streams[0], NULL);
	reply = talk_receive(&c);
	ck_assert(json_object_get_boolean(json_object_object_get(reply, "continues")));
	json_object_put(reply);
	server_reply(world.streams[0], NULL);
	reply = talk_receive(&c);
	ck_assert(!json_object_object_get_ex(reply, "continues", NULL));
	json_object_put(reply);
	expect_echo(&c);
	ck_assert_uint_eq(world.closed, 0);
	talk_close(&c);
}
END_TEST

START_TEST(test_stream_without_more)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	ck_assert(talk_request(&c, "{\"method\":\"test.world.Stream\"}"));
	expect_error(&c, "org.varlink.service.InvalidParameter", "parameter", "more");
	talk_close(&c);
}
END_TEST

START_TEST(test_stream_client_gone)
{
	struct talk c;

	open_stream(&c);
	talk_close(&c);
	world_wait_connections(0);
	ck_assert_uint_eq(world.closed, 1);
}
END_TEST

/* The reply finds out first: the connection still is closed from the loop alone. */
START_TEST(test_stream_client_gone_in_reply)
{
	struct talk c;

	open_stream(&c);
	talk_close(&c);
	for (int i = 0; i < 3; i++)
		server_reply_more(world.streams[0], NULL);
	ck_assert_uint_eq(world.closed, 0);
	world_wait_connections(0);
	ck_assert_uint_eq(world.closed, 1);
}
END_TEST

START_TEST(test_stream_server_gone)
{
	struct talk c;

	open_stream(&c);
	server_free(world.server);
	world.server = NULL;
	ck_assert_uint_eq(world.closed, 1);
	talk_expect_eof(&c);
	talk_close(&c);
}
END_TEST

/* fault 50: a stream that nobody reads is cut. */
START_TEST(test_stream_unread)
{
	struct json_object *text = json_object_new_object();
	char kib[1024];
	struct talk c;
	size_t sent = 0;

	memset(kib, 'x', sizeof(kib));
	json_object_object_add(text, "text", json_object_new_string_len(kib, sizeof(kib)));
	open_stream(&c);
	while (!world.closed && sent < 100 * 1024) {
		server_reply_more(world.streams[0], json_object_get(text));
		ck_assert_uint_le(server_call_queued_bytes(world.streams[0]),
				  SERVER_QUEUE_BYTES_MAX + 2048);
		talk_settle(world.loop);
		sent++;
	}
	ck_assert_uint_eq(world.closed, 1);
	ck_assert_uint_ge(sent, SERVER_QUEUE_BYTES_MAX / 1100);
	ck_assert_uint_eq(server_connections(world.server), 0);
	json_object_put(text);
	talk_close(&c);
}
END_TEST

/* --- time and memory --- */

static void serve_with_limits(uint64_t request_limit_us, uint64_t stall_limit_us)
{
	struct error e = { 0 };

	server_free(world.server);
	ck_assert_msg(!world_serve(world.path, request_limit_us, stall_limit_us, &world.server, &e),
		      "%s", e.message);
}

START_TEST(test_slow_request)
{
	struct talk c;

	serve_with_limits(50000, 0);
	talk_open(&c, world.loop, world.path);
	ck_assert(talk_send(&c, ECHO, 5));
	expect_refusal(&c, ETIMEDOUT, "a request was not complete within 0.05 seconds");
	talk_close(&c);
	world_wait_connections(0);
}
END_TEST

/* fault 49: one byte now and then does not buy more time. */
START_TEST(test_dripping_request)
{
	struct talk c;

	serve_with_limits(100000, 0);
	talk_open(&c, world.loop, world.path);
	while (!talk_has_message(&c)) {
		ck_assert(talk_send(&c, "{", 1));
		talk_run_for(world.loop, 10000);
	}
	expect_refusal(&c, ETIMEDOUT, "a request was not complete");
	talk_close(&c);
}
END_TEST

/* Only a request that has begun has to end; between requests, nothing runs at all. */
START_TEST(test_idle)
{
	struct talk c;

	serve_with_limits(50000, 50000);
	talk_open(&c, world.loop, world.path);
	for (int i = 0; i < 3; i++) {
		ck_assert(talk_send(&c, ECHO, 10));
		talk_settle(world.loop);
		ck_assert(talk_send(&c, &ECHO[10], sizeof(ECHO) - 10));
		expect_echo(&c);
		talk_settle(world.loop);
		ck_assert_int_eq(sd_event_run(world.loop, 150000), 0);
	}
	ck_assert_uint_eq(server_connections(world.server), 1);
	talk_close(&c);
}
END_TEST

START_TEST(test_stream_idle)
{
	struct talk c;

	serve_with_limits(50000, 50000);
	open_stream(&c);
	talk_settle(world.loop);
	/* The beginning of the next request waits as well; that is not the client's fault. */
	ck_assert(talk_send(&c, ECHO, 10));
	talk_run_for(world.loop, 150000);
	ck_assert_uint_eq(world.closed, 0);
	ck_assert_uint_eq(server_connections(world.server), 1);
	talk_close(&c);
}
END_TEST

/* One answer may be long: there are a million entries in a full FDB. */
START_TEST(test_giant_reply)
{
	struct json_object *reply;
	struct talk c;

	talk_open(&c, world.loop, world.path);
	for (int i = 0; i < 2; i++)
		ck_assert(talk_request(&c, "{\"method\":\"test.world.Big\",\"parameters\":"
					   "{\"bytes\":5000000}}"));
	for (int i = 0; i < 2; i++) {
		reply = talk_receive(&c);
		ck_assert_uint_eq(strlen(talk_text(reply, "text")), 5000000);
		json_object_put(reply);
	}
	talk_close(&c);
}
END_TEST

/* fault 50: asks and asks and never reads: the memory for that is bounded. */
START_TEST(test_unread_replies)
{
	static const char request[] =
		"{\"method\":\"test.world.Big\",\"parameters\":{\"bytes\":60000}}";
	unsigned int calls;
	struct talk c;

	talk_open(&c, world.loop, world.path);
	do {
		calls = world.calls;
		for (int i = 0; i < 50; i++)
			send(c.fd, request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT);
		talk_settle(world.loop);
	} while (world.calls != calls);
	ck_assert_uint_gt(world.calls, SERVER_QUEUE_BYTES_MAX / 61000);
	ck_assert_uint_le(world.queued_bytes_max, SERVER_QUEUE_BYTES_MAX);
	ck_assert_uint_eq(server_connections(world.server), 1);
	talk_close(&c);
	world_wait_connections(0);
}
END_TEST

/* And so is our patience. */
START_TEST(test_reply_never_read)
{
	struct talk c;

	serve_with_limits(0, 50000);
	talk_open(&c, world.loop, world.path);
	ck_assert(talk_request(
		&c, "{\"method\":\"test.world.Big\",\"parameters\":{\"bytes\":5000000}}"));
	world_wait_connections(1);
	world_wait_connections(0);
	ck_assert_uint_eq(world.calls, 1);
	talk_close(&c);
}
END_TEST

/* fault 53: the descriptors that a client sends along never become ours. */
START_TEST(test_descriptors_sent)
{
	union {
		char bytes[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec part = { .iov_base = (char *)ECHO, .iov_len = sizeof(ECHO) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	unsigned int before;
	struct talk c;

	talk_open(&c, world.loop, world.path);
	world_wait_connections(1);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(16 * sizeof(int));
	for (int i = 0; i < 16; i++)
		memcpy(CMSG_DATA(header) + i * sizeof(int), &c.fd, sizeof(int));
	before = world_descriptors();
	ck_assert_int_eq(sendmsg(c.fd, &message, 0), sizeof(ECHO));
	expect_echo(&c);
	ck_assert_uint_eq(world_descriptors(), before);
	talk_close(&c);
}
END_TEST

START_TEST(test_connections_leave_nothing)
{
	unsigned int before = world_descriptors();

	for (int i = 0; i < 200; i++) {
		struct talk c;

		talk_open(&c, world.loop, world.path);
		ck_assert(talk_request(&c, ECHO));
		expect_echo(&c);
		talk_close(&c);
	}
	world_wait_connections(0);
	ck_assert_uint_eq(world_descriptors(), before);
}
END_TEST

/* No descriptor is left: nobody spins, and as soon as there is one, the client is served. */
START_TEST(test_no_descriptors)
{
	struct talk c;

	talk_open(&c, world.loop, world.path);
	ck_assert(talk_request(&c, ECHO));
	accept_error = EMFILE;
	ck_assert_uint_lt(talk_settle(world.loop), 5);
	ck_assert_uint_eq(accepts, 1);
	ck_assert_uint_eq(server_connections(world.server), 0);
	accept_error = 0;
	expect_echo(&c);
	talk_close(&c);
}
END_TEST

/* One of ours that is closed is what the next client needs: nobody waits for the timer then. */
START_TEST(test_descriptor_freed)
{
	struct talk first, second;

	talk_open(&first, world.loop, world.path);
	world_wait_connections(1);
	accept_error = ENFILE;
	talk_open(&second, world.loop, world.path);
	ck_assert(talk_request(&second, ECHO));
	talk_settle(world.loop);
	ck_assert_uint_eq(server_connections(world.server), 1);
	accept_error = 0;
	talk_close(&first);
	talk_settle(world.loop);
	ck_assert(talk_has_message(&second));
	talk_close(&second);
}
END_TEST

int main(void)
{
	TCase *tc;
	Suite *s = unit_suite("server", &tc);

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, world_folder_make, world_folder_remove);
	tcase_add_checked_fixture(tc, world_setup, world_teardown);
	tcase_add_test(tc, test_one_byte_at_a_time);
	tcase_add_test(tc, test_every_boundary);
	tcase_add_test(tc, test_pipelined_in_order);
	tcase_add_test(tc, test_fair);
	tcase_add_test(tc, test_longest);
	tcase_add_test(tc, test_too_long);
	tcase_add_test(tc, test_half_message);
	tcase_add_loop_test(tc, test_not_json, 0, UTIL_ARRAY_SIZE(not_json));
	tcase_add_test(tc, test_too_deep);
	tcase_add_loop_test(tc, test_not_request, 0, UTIL_ARRAY_SIZE(not_requests));
	tcase_add_loop_test(tc, test_good_request, 0, UTIL_ARRAY_SIZE(good_requests));
	tcase_add_test(tc, test_no_parameters);
	tcase_add_test(tc, test_unknown);
	tcase_add_test(tc, test_oneway);
	tcase_add_test(tc, test_oneway_and_gone);
	tcase_add_test(tc, test_half_closed);
	tcase_add_test(tc, test_error);
	tcase_add_test(tc, test_get_info);
	tcase_add_test(tc, test_get_description);
	tcase_add_test(tc, test_stream);
	tcase_add_test(tc, test_stream_without_more);
	tcase_add_test(tc, test_stream_client_gone);
	tcase_add_test(tc, test_stream_client_gone_in_reply);
	tcase_add_test(tc, test_stream_server_gone);
	tcase_add_test(tc, test_stream_unread);
	tcase_add_test(tc, test_slow_request);
	tcase_add_test(tc, test_dripping_request);
	tcase_add_test(tc, test_idle);
	tcase_add_test(tc, test_stream_idle);
	tcase_add_test(tc, test_giant_reply);
	tcase_add_test(tc, test_unread_replies);
	tcase_add_test(tc, test_reply_never_read);
	tcase_add_test(tc, test_descriptors_sent);
	tcase_add_test(tc, test_connections_leave_nothing);
	tcase_add_test(tc, test_no_descriptors);
	tcase_add_test(tc, test_descriptor_freed);
	return unit_run(s);
}
