/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Streams: what runs beside them, how their end is noticed, and descriptors that go with them. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "server_world.h"
#include "unit.h"

#define ECHO "{\"method\":\"test.world.Echo\",\"parameters\":{\"a\":1}}"
#define NOTE "{\"method\":\"test.world.Note\",\"oneway\":true}"
#define KEEP "{\"method\":\"test.world.Keep\",\"oneway\":true}"

static void open_one(struct talk *c, const char *method)
{
	char text[128];

	snprintf(text, sizeof(text), "{\"method\":\"test.world.%s\",\"more\":true}", method);
	talk_open(c, world.loop, world.path);
	ck_assert(talk_request(c, text));
	json_object_put(talk_receive(c));
}

static void expect_message(struct talk *c, const char *expected)
{
	struct json_object *reply = talk_receive(c);

	ck_assert_str_eq(json_object_to_json_string_ext(reply, JSON_C_TO_STRING_PLAIN), expected);
	json_object_put(reply);
}

#define ECHOED "{\"parameters\":{\"a\":1}}"
#define ENDED  "{\"parameters\":{}}"

static void say(struct talk *c, const char *text)
{
	ck_assert(talk_request(c, text));
	talk_settle(world.loop);
}

/* --- beside a stream --- */

START_TEST(test_oneway_at_once)
{
	struct talk c;

	open_one(&c, "Stream");
	for (unsigned int i = 1; i <= 3; i++) {
		say(&c, NOTE);
		ck_assert_uint_eq(world.notes, i);
		ck_assert_ptr_eq(world.noted, world.streams[0]);
	}
	ck_assert(!talk_has_message(&c));
	/* It is still a stream. */
	server_reply_more(world.streams[0], NULL);
	expect_message(&c, "{\"parameters\":{},\"continues\":true}");
	server_reply(world.streams[0], NULL);
	expect_message(&c, ENDED);
	say(&c, NOTE);
	ck_assert_uint_eq(world.notes, 4);
	ck_assert_ptr_null(world.noted);
	talk_close(&c);
}
END_TEST

/* What wants a reply waits, and whatever comes behind it: order is kept. */
START_TEST(test_others_wait)
{
	struct talk c;

	open_one(&c, "Stream");
	say(&c, ECHO);
	say(&c, NOTE);
	ck_assert_uint_eq(world.notes, 0);
	ck_assert(!talk_has_message(&c));
	server_reply(world.streams[0], NULL);
	expect_message(&c, ENDED);
	expect_message(&c, ECHOED);
	talk_settle(world.loop);
	ck_assert_uint_eq(world.notes, 1);
	ck_assert_ptr_null(world.noted);
	talk_close(&c);
}
END_TEST

/* Not even looked at: who pipelines without end fills its own socket. */
START_TEST(test_no_reading_ahead)
{
	ssize_t sent = 0, n;
	struct talk c;

	open_one(&c, "Stream");
	for (int i = 0; i < 100000; i++) {
		n = send(c.fd, ECHO, sizeof(ECHO), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			break;
		sent += n;
		if (i % 100 == 0)
			ck_assert_uint_lt(talk_settle(world.loop), 100);
	}
	ck_assert_int_lt(n, 0);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_lt(sent, 2000000);
	ck_assert_uint_eq(world.calls, 1);
	talk_close(&c);
	world_wait_connections(0);
}
END_TEST

/* One aside at a time; what follows waits for it. */
START_TEST(test_oneway_that_lasts)
{
	struct talk c;

	open_one(&c, "Stream");
	say(&c, KEEP);
	say(&c, NOTE);
	ck_assert_uint_eq(world.notes, 0);
	server_reply(world.kept, NULL);
	talk_settle(world.loop);
	ck_assert_uint_eq(world.notes, 1);
	ck_assert(!talk_has_message(&c));
	say(&c, KEEP);
	talk_close(&c);
	world_wait_connections(0);
	ck_assert_uint_eq(world.closed, 2);
}
END_TEST

/* A stream that has ended meanwhile. */
START_TEST(test_oneway_outlives_stream)
{
	struct talk c;

	open_one(&c, "Stream");
	say(&c, KEEP);
	server_reply(world.streams[0], NULL);
	expect_message(&c, ENDED);
	ck_assert(talk_request(&c, ECHO));
	talk_settle(world.loop);
	ck_assert_ptr_null(server_call_stream(world.kept));
	ck_assert(!talk_has_message(&c));
	server_reply(world.kept, NULL);
	expect_message(&c, ECHOED);
	talk_close(&c);
}
END_TEST

static const char *const garbage[] = { "nonsense", "{", "" };

START_TEST(test_garbage)
{
	struct talk c;

	open_one(&c, "Stream");
	say(&c, garbage[_i]);
	talk_expect_eof(&c);
	ck_assert_uint_eq(world.closed, 1);
	ck_assert_uint_eq(server_connections(world.server), 0);
	talk_close(&c);
}
END_TEST

/* --- the end --- */

START_TEST(test_half_closed)
{
	struct talk c;

	open_one(&c, "Stream");
	ck_assert_int_eq(shutdown(c.fd, SHUT_WR), 0);
	talk_settle(world.loop);
	ck_assert_uint_eq(world.closed, 0);
	server_reply(world.streams[0], NULL);
	expect_message(&c, ENDED);
	talk_expect_eof(&c);
	talk_close(&c);
}
END_TEST

START_TEST(test_lifeline)
{
	unsigned int before = world_descriptors();
	struct talk c;

	open_one(&c, "Lifeline");
	talk_settle(world.loop);
	ck_assert_uint_eq(world.closed, 0);
	ck_assert_int_eq(shutdown(c.fd, SHUT_WR), 0);
	talk_settle(world.loop);
	ck_assert_uint_eq(world.closed, 1);
	talk_expect_eof(&c);
	talk_close(&c);
	ck_assert_uint_eq(world_descriptors(), before);
}
END_TEST

/* Before everything that other clients want, and without a look at what it has said last. */
START_TEST(test_lifeline_first)
{
	struct talk c, other;

	open_one(&c, "Lifeline");
	talk_open(&other, world.loop, world.path);
	talk_settle(world.loop);
	ck_assert(talk_request(&other, ECHO));
	ck_assert(talk_request(&c, NOTE));
	talk_close(&c);
	ck_assert_int_gt(sd_event_run(world.loop, 0), 0);
	ck_assert_uint_eq(world.closed, 1);
	ck_assert_uint_eq(world.notes, 0);
	expect_message(&other, ECHOED);
	talk_close(&other);
}
END_TEST

/* With the call's end it is a connection as all others. */
START_TEST(test_lifeline_ends)
{
	struct talk c;
	unsigned int before;

	open_one(&c, "Stream");
	before = world_descriptors();
	talk_close(&c);
	world_wait_connections(0);
	open_one(&c, "Lifeline");
	server_reply(world.streams[1], NULL);
	expect_message(&c, ENDED);
	ck_assert_uint_eq(world_descriptors(), before);
	ck_assert(talk_request(&c, ECHO));
	ck_assert_int_eq(shutdown(c.fd, SHUT_WR), 0);
	expect_message(&c, ECHOED);
	talk_expect_eof(&c);
	talk_close(&c);
}
END_TEST

/* --- descriptors --- */

#define FDS 3

/* The next byte from the server; the descriptors with it. */
static unsigned int receive_byte(struct talk *c, char *ret, int fds[SERVER_FDS_MAX])
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(SERVER_FDS_MAX * sizeof(int))];
	} control;
	struct iovec part = { ret, 1 };
	struct msghdr m = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *h;

	talk_settle(world.loop);
	ck_assert_int_eq(recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), 1);
	ck_assert_int_eq(m.msg_flags & MSG_CTRUNC, 0);
	h = CMSG_FIRSTHDR(&m);
	if (!h)
		return 0;
	ck_assert_int_eq(h->cmsg_type, SCM_RIGHTS);
	memcpy(fds, CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
	return (unsigned int)((h->cmsg_len - CMSG_LEN(0)) / sizeof(int));
}

static bool same_file(int a, int b)
{
	struct stat sa, sb;

	return !fstat(a, &sa) && !fstat(b, &sb) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* They come with the first byte of the one message, and are not the server's to close. */
START_TEST(test_fds)
{
	int mine[SERVER_FDS_MAX], pipes[2], got[SERVER_FDS_MAX];
	const unsigned int count = _i;
	struct talk c;
	char byte;

	ck_assert_int_eq(pipe(pipes), 0);
	for (unsigned int i = 0; i < count; i++)
		mine[i] = pipes[i % 2];
	open_one(&c, "Stream");
	server_reply_more_fds(world.streams[0], NULL, mine, count);
	server_reply_more(world.streams[0], NULL);
	ck_assert_uint_eq(receive_byte(&c, &byte, got), count);
	ck_assert_int_eq(byte, '{');
	for (unsigned int i = 0; i < count; i++) {
		ck_assert(same_file(got[i], mine[i]));
		ck_assert_int_ne(got[i], mine[i]);
	}
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(receive_byte(&c, &byte, got), 0);
	ck_assert_int_ge(fcntl(pipes[0], F_GETFD), 0);
	talk_close(&c);
}
END_TEST

START_TEST(test_too_many_fds)
{
	int fds[SERVER_FDS_MAX + 1] = { 0 };
	struct talk c;

	open_one(&c, "Stream");
	server_reply_more_fds(world.streams[0], NULL, fds, SERVER_FDS_MAX + 1);
	talk_expect_eof(&c);
	ck_assert_uint_eq(world.closed, 1);
	talk_close(&c);
}
END_TEST

/* Who has not read what came before is cut, and gets none of it. */
START_TEST(test_fds_unread)
{
	struct json_object *text = json_object_new_object();
	unsigned int before;
	char kib[1024];
	struct talk c;
	int fd = 0;

	memset(kib, 'x', sizeof(kib));
	json_object_object_add(text, "text", json_object_new_string_len(kib, sizeof(kib)));
	open_one(&c, "Stream");
	before = world_descriptors();
	while (!server_call_queued_bytes(world.streams[0]))
		server_reply_more(world.streams[0], json_object_get(text));
	json_object_put(text);
	server_reply_more_fds(world.streams[0], NULL, &fd, 1);
	ck_assert_uint_eq(world.closed, 0); /* not from within a reply */
	talk_settle(world.loop);
	ck_assert_uint_eq(world.closed, 1);
	ck_assert_uint_eq(world_descriptors(), before - 1); /* the connection's */
	talk_close(&c);
}
END_TEST

int main(void)
{
	TCase *tc;
	Suite *s = unit_suite("server stream", &tc);

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, world_folder_make, world_folder_remove);
	tcase_add_checked_fixture(tc, world_setup, world_teardown);
	tcase_add_test(tc, test_oneway_at_once);
	tcase_add_test(tc, test_others_wait);
	tcase_add_test(tc, test_no_reading_ahead);
	tcase_add_test(tc, test_oneway_that_lasts);
	tcase_add_test(tc, test_oneway_outlives_stream);
	tcase_add_loop_test(tc, test_garbage, 0, UTIL_ARRAY_SIZE(garbage));
	tcase_add_test(tc, test_half_closed);
	tcase_add_test(tc, test_lifeline);
	tcase_add_test(tc, test_lifeline_first);
	tcase_add_test(tc, test_lifeline_ends);
	tcase_add_loop_test(tc, test_fds, 0, FDS + 1);
	tcase_add_loop_test(tc, test_fds, SERVER_FDS_MAX, SERVER_FDS_MAX + 1);
	tcase_add_test(tc, test_too_many_fds);
	tcase_add_test(tc, test_fds_unread);
	return unit_run(s);
}
