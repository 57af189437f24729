/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all connections of one uid may take together: requests a second, and bytes that they have
 * not read. It needs root, to be others.
 */
#include <errno.h>
#include <grp.h>
#include <time.h>

#include "server_world.h"
#include "unit.h"

#define SOMEBODY 54321
#define ECHO	 "{\"method\":\"test.world.Echo\"}"
#define BIG	 "{\"method\":\"test.world.Big\",\"parameters\":{\"bytes\":700000}}"
#define MANY	 (4 * SERVER_REQUESTS_USER_BURST)

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void open_as(struct talk *c, uid_t uid)
{
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setegid(uid), 0);
	ck_assert_int_eq(seteuid(uid), 0);
	talk_open(c, world.loop, world.path);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
}

/* Sends without letting the server run. */
static void ask(struct talk *c, const char *request, unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		ck_assert(talk_request(c, request));
}

static void answered(struct talk *c, unsigned int times)
{
	for (unsigned int i = 0; i < times; i++)
		json_object_put(talk_receive(c));
}

struct readers {
	struct talk *clients;
	unsigned int count, answered;
};

static unsigned int messages(const struct talk *c)
{
	const char *at = c->in, *end = c->in + c->in_bytes;
	unsigned int count = 0;

	while (at && at < end && (at = memchr(at, '\0', end - at))) {
		at++;
		count++;
	}
	return count;
}

/* All of them read, whoever is served first. */
static bool have_read(void *context)
{
	struct readers *r = context;
	unsigned int have = 0;

	for (unsigned int i = 0; i < r->count; i++) {
		struct talk *c = &r->clients[i];

		talk_read(c);
		have += messages(c);
	}
	return have >= r->answered;
}

static void all_answered(struct talk *clients, unsigned int count, unsigned int times)
{
	struct readers r = { clients, count, count * times };

	ck_assert(talk_run_until(world.loop, have_read, &r));
}

/* As many as the rate allows from @since_us on. */
static unsigned int calls_allowed(uint64_t since_us)
{
	return SERVER_REQUESTS_USER_BURST + 1 +
	       (unsigned int)((now_us() - since_us) * SERVER_REQUESTS_USER_PER_S / 1000000);
}

/* fault 48: who asks without end has to wait, and with him nobody but his other connections. */
START_TEST(test_requests)
{
	struct talk flood, same, other, root;
	uint64_t begin_us;

	open_as(&flood, SOMEBODY);
	open_as(&same, SOMEBODY);
	open_as(&other, SOMEBODY + 1);
	talk_open(&root, world.loop, world.path);
	begin_us = now_us();
	ask(&flood, ECHO, MANY);
	talk_settle(world.loop);
	ck_assert_uint_ge(world.calls, SERVER_REQUESTS_USER_BURST);
	ck_assert_uint_le(world.calls, calls_allowed(begin_us));
	ask(&same, ECHO, 1);
	ask(&other, ECHO, 1);
	ask(&root, ECHO, 1);
	answered(&other, 1);
	answered(&root, 1);
	ck_assert_uint_le(world.calls, calls_allowed(begin_us) + 2);
	/* All of it is answered in the end, and no faster than allowed. */
	answered(&same, 1);
	answered(&flood, MANY);
	ck_assert_uint_eq(world.calls, MANY + 3);
	ck_assert_uint_le(MANY + 1, calls_allowed(begin_us));
	talk_close(&flood);
	talk_close(&same);
	talk_close(&other);
	talk_close(&root);
}
END_TEST

/* To come back is no way round it. */
START_TEST(test_requests_of_new_connections)
{
	uint64_t begin_us = now_us();
	struct talk c;

	for (unsigned int i = 0; i < 4; i++) {
		open_as(&c, SOMEBODY);
		ask(&c, ECHO, SERVER_REQUESTS_USER_BURST);
		answered(&c, SERVER_REQUESTS_USER_BURST);
		talk_close(&c);
		world_wait_connections(0);
		ck_assert_uint_le(world.calls, calls_allowed(begin_us));
	}
	ck_assert_uint_eq(world.calls, 4 * SERVER_REQUESTS_USER_BURST);
}
END_TEST

START_TEST(test_administrator_is_free)
{
	unsigned int turns;
	struct talk c;

	talk_open(&c, world.loop, world.path);
	ask(&c, ECHO, MANY);
	turns = talk_settle(world.loop);
	/* No time passes: what can be done is done. */
	ck_assert_msg(world.calls == MANY, "%u calls in %u turns", world.calls, turns);
	talk_close(&c);
}
END_TEST

/* An administrator's request is taken before those of all others that came earlier. */
START_TEST(test_administrator_first)
{
	enum { OTHERS = 20 };
	struct talk others[OTHERS], root;

	for (int i = 0; i < OTHERS; i++)
		open_as(&others[i], SOMEBODY + i);
	talk_open(&root, world.loop, world.path);
	world_wait_connections(OTHERS + 1);
	for (int i = 0; i < OTHERS; i++)
		ask(&others[i], ECHO, 1);
	ask(&root, ECHO, 1);
	while (!world.calls)
		ck_assert_int_ge(sd_event_run(world.loop, 0), 0);
	ck_assert_uint_eq(world.calls, 1);
	ck_assert(talk_has_message(&root));
	for (int i = 0; i < OTHERS; i++)
		ck_assert(!talk_has_message(&others[i]));
	for (int i = 0; i < OTHERS; i++) {
		answered(&others[i], 1);
		talk_close(&others[i]);
	}
	talk_close(&root);
}
END_TEST

/* fault 50: many connections that do not read cost no more memory than one. */
START_TEST(test_unread_of_a_user)
{
	enum { CLIENTS = 20 };
	struct talk clients[CLIENTS], other;
	unsigned int calls;

	for (int i = 0; i < CLIENTS; i++) {
		open_as(&clients[i], SOMEBODY);
		ask(&clients[i], BIG, 1);
	}
	talk_settle(world.loop);
	calls = world.calls;
	/* Part of each reply is in its socket. */
	ck_assert_uint_ge(calls, 2);
	ck_assert_uint_le(calls, 2 + SERVER_QUEUE_BYTES_USER_MAX / 350000);
	open_as(&other, SOMEBODY + 1);
	ask(&other, BIG, 1);
	answered(&other, 1);
	ck_assert_uint_eq(world.calls, calls + 1);
	/* Each that reads, or goes, makes room for the next. */
	talk_close(&clients[0]);
	all_answered(clients + 1, CLIENTS - 1, 1);
	ck_assert_uint_ge(world.calls, CLIENTS);
	for (int i = 1; i < CLIENTS; i++)
		talk_close(&clients[i]);
	talk_close(&other);
	world_wait_connections(0);
}
END_TEST

/* Many users together: each gets one reply after the other. */
START_TEST(test_unread_of_many_users)
{
	enum { USERS = 24, EACH = 2 };
	static struct talk clients[USERS * EACH];
	unsigned int most = SERVER_QUEUE_BYTES_USERS_MAX / 350000 + USERS + 1;

	for (int i = 0; i < USERS * EACH; i++) {
		open_as(&clients[i], SOMEBODY + i / EACH);
		ask(&clients[i], BIG, EACH);
	}
	talk_settle(world.loop);
	ck_assert_uint_ge(world.calls, USERS);
	ck_assert_uint_lt(world.calls, most < EACH * USERS ? most : EACH * USERS);
	/* Nobody waits for ever. */
	all_answered(clients, USERS * EACH, EACH);
	ck_assert_uint_eq(world.calls, EACH * EACH * USERS);
	for (int i = 0; i < USERS * EACH; i++)
		talk_close(&clients[i]);
	world_wait_connections(0);
}
END_TEST

/* Events that nobody reads leave room for replies. */
START_TEST(test_room_for_streams)
{
	struct talk stream, replies;

	open_as(&stream, SOMEBODY);
	ask(&stream, "{\"method\":\"test.world.Stream\",\"more\":true}", 1);
	answered(&stream, 1);
	ck_assert(server_call_has_room(world.streams[0]));
	open_as(&replies, SOMEBODY);
	ask(&replies, "{\"method\":\"test.world.Big\",\"parameters\":{\"bytes\":1500000}}", 1);
	talk_settle(world.loop);
	/* Its own first event always has a place. */
	ck_assert(server_call_has_room(world.streams[0]));
	while (!server_call_queued_bytes(world.streams[0]))
		server_reply_more(world.streams[0], NULL);
	ck_assert(!server_call_has_room(world.streams[0]));
	answered(&replies, 1);
	ck_assert(server_call_has_room(world.streams[0]));
	talk_close(&replies);
	talk_close(&stream);
	world_wait_connections(0);
}
END_TEST

int main(void)
{
	TCase *tc;
	Suite *s = unit_suite("server user", &tc);

	if (geteuid() != 0)
		return unit_skip("nobody but root can be somebody else");
	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, world_folder_make, world_folder_remove);
	tcase_add_checked_fixture(tc, world_setup, world_teardown);
	tcase_add_test(tc, test_requests);
	tcase_add_test(tc, test_requests_of_new_connections);
	tcase_add_test(tc, test_administrator_is_free);
	tcase_add_test(tc, test_administrator_first);
	tcase_add_test(tc, test_unread_of_a_user);
	tcase_add_test(tc, test_unread_of_many_users);
	tcase_add_test(tc, test_room_for_streams);
	return unit_run(s);
}
