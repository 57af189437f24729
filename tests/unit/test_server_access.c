/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who gets in: the socket's place in the file system, permissions, numbers of connections. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../../daemon/peer.h"
#include "server_world.h"
#include "unit.h"

#define SOMEBODY 54321 /* a uid and gid that nobody has */
#define READERS	 1     /* see world_serve() */
#define CHANGERS 2

/* --- the socket's place --- */

static void expect_refused(const char *path, enum error_kind kind, const char *message)
{
	struct server *server = NULL;
	struct error e = { 0 };
	int err = world_serve(path, 0, 0, &server, &e);

	ck_assert_int_lt(err, 0);
	ck_assert_ptr_null(server);
	ck_assert_int_eq(e.kind, kind);
	ck_assert_int_eq(e.number, -err);
	ck_assert_msg(strstr(e.message, message) && strstr(e.message, path), "%s", e.message);
}

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", world.folder, name);
	return path;
}

static void expect_served(const char *path)
{
	struct server *server;
	struct error e = { 0 };
	struct stat st;

	ck_assert_msg(!world_serve(path, 0, 0, &server, &e), "%s", e.message);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0666);
	server_free(server);
	ck_assert_int_eq(lstat(path, &st), -1);
	ck_assert_int_eq(errno, ENOENT);
}

START_TEST(test_new_socket)
{
	char path[128];
	struct stat st;

	/* Neither the folder nor the socket is closed to others by our umask. */
	umask(077);
	snprintf(path, sizeof(path), "%s", path_of("folder/socket"));
	expect_served(path);
	ck_assert_int_eq(stat(path_of("folder"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_uint_eq(umask(0), 077);
}
END_TEST

START_TEST(test_folder_too_far)
{
	expect_refused(path_of("a/b/socket"), ERROR_FAILED, "cannot make the folder");
}
END_TEST

static void make_stale(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert(util_copy(address.sun_path, sizeof(address.sun_path), path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

/* fault 56: a stale socket is replaced. */
START_TEST(test_stale_socket)
{
	make_stale(path_of("stale"));
	expect_served(path_of("stale"));
}
END_TEST

START_TEST(test_live_socket)
{
	struct talk c;

	expect_refused(world.path, ERROR_BUSY, "another vnetd listens on ");
	talk_open(&c, world.loop, world.path);
	json_object_put(talk_call(&c, "test.world.Echo", NULL));
	talk_close(&c);
}
END_TEST

/* A daemon that is busy for a long time is alive as well. */
START_TEST(test_live_socket_with_full_queue)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct talk first;

	ck_assert(util_copy(address.sun_path, sizeof(address.sun_path), path_of("full")));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 0), 0);
	talk_open(&first, world.loop, address.sun_path);
	expect_refused(address.sun_path, ERROR_BUSY, "another vnetd listens on ");
	talk_close(&first);
	close(fd);
}
END_TEST

/* fault 56: a symbolic link is refused, and what it leads to is left alone. */
START_TEST(test_symlink)
{
	char stale[128];

	snprintf(stale, sizeof(stale), "%s", path_of("stale"));
	make_stale(stale);
	ck_assert_int_eq(symlink(stale, path_of("link")), 0);
	expect_refused(path_of("link"), ERROR_EXISTS, "a symbolic link is there");
	ck_assert_int_eq(access(stale, F_OK), 0);
	ck_assert_int_eq(symlink("nowhere", path_of("dangling")), 0);
	expect_refused(path_of("dangling"), ERROR_EXISTS, "a symbolic link is there");
	ck_assert_int_eq(access(path_of("nowhere"), F_OK), -1);
}
END_TEST

START_TEST(test_other_file)
{
	int fd = open(path_of("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_eq(write(fd, "kept", 4), 4);
	close(fd);
	expect_refused(path_of("file"), ERROR_EXISTS, "a file of another kind is there");
	ck_assert_int_eq(access(path_of("file"), F_OK), 0);
	expect_refused(world.folder, ERROR_EXISTS, "a file of another kind is there");
}
END_TEST

START_TEST(test_path_too_long)
{
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	expect_refused(path, ERROR_INVALID, "the path of a socket has from 1 to 107 bytes");
	expect_refused("", ERROR_INVALID, "the path of a socket");
}
END_TEST

/* What somebody else put there in the meantime is not ours to remove. */
START_TEST(test_replaced_socket)
{
	ck_assert_int_eq(rename(world.path, path_of("ours")), 0);
	make_stale(world.path);
	server_free(world.server);
	world.server = NULL;
	ck_assert_int_eq(access(world.path, F_OK), 0);
}
END_TEST

/* --- permissions; these need root, to be others --- */

/* From here on, connections are made as @uid with @group beside its own gid; (gid_t)-1: none. */
static void become(uid_t uid, gid_t gid, gid_t group)
{
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setgroups(group == (gid_t)-1 ? 0 : 1, &group), 0);
	ck_assert_int_eq(setegid(gid), 0);
	ck_assert_int_eq(seteuid(uid), 0);
}

static void become_root(void)
{
	become(0, 0, (gid_t)-1);
}

static const struct {
	uid_t uid;
	gid_t gid;
	gid_t group;
	bool reads, changes;
} people[] = {
	{ 0, 0, -1, true, true },
	{ SOMEBODY, SOMEBODY, -1, false, false },
	{ SOMEBODY, SOMEBODY, READERS, true, false },
	{ SOMEBODY, READERS, -1, true, false },
	{ SOMEBODY, SOMEBODY, CHANGERS, true, true },
	{ SOMEBODY, CHANGERS, -1, true, true },
	{ SOMEBODY, 0, -1, false, false },
	{ 0, SOMEBODY, -1, true, true },
};

static void expect_access(struct talk *c, const char *method, bool allowed, const char *group)
{
	struct json_object *reply = talk_call(c, method, "{\"a\":1}");
	char expected[256];

	if (allowed) {
		ck_assert_str_eq(talk_error(reply), "");
	} else {
		snprintf(expected, sizeof(expected),
			 "uid %d is not allowed to call %s: that needs root or group %s", SOMEBODY,
			 method, group);
		ck_assert_str_eq(talk_error(reply), "test.world.Permission");
		ck_assert_int_eq(talk_number(reply, "errno"), EACCES);
		ck_assert_str_eq(talk_text(reply, "message"), expected);
	}
	json_object_put(reply);
}

/* fault 47: each caller gets what their groups allow. */
START_TEST(test_permission)
{
	struct talk c;

	become(people[_i].uid, people[_i].gid, people[_i].group);
	talk_open(&c, world.loop, world.path);
	become_root();
	expect_access(&c, "test.world.Echo", true, NULL);
	expect_access(&c, "test.world.Read", people[_i].reads, world.read_group);
	expect_access(&c, "test.world.Change", people[_i].changes, world.change_group);
	ck_assert_uint_eq(world.calls, 1U + people[_i].reads + people[_i].changes);
	json_object_put(talk_call(&c, "test.world.Note", NULL));
	ck_assert(world.may_change == people[_i].changes);
	json_object_put(talk_call(&c, "org.varlink.service.GetInfo", NULL));
	talk_close(&c);
}
END_TEST

/* The last of a thousand groups counts as well. */
START_TEST(test_many_groups)
{
	enum { COUNT = 1000 };
	gid_t groups[COUNT];
	struct talk c;

	for (int i = 0; i < COUNT; i++)
		groups[i] = SOMEBODY + i;
	ck_assert_int_eq(setgroups(COUNT, groups), 0);
	ck_assert_int_eq(seteuid(SOMEBODY), 0);
	talk_open(&c, world.loop, world.path);
	become_root();
	expect_access(&c, "test.world.Read", false, world.read_group);
	talk_close(&c);
	/* The kernel sorts them, so this one is the last. */
	groups[0] = READERS;
	for (int i = 1; i < COUNT; i++)
		groups[i] = 0;
	ck_assert_int_eq(setgroups(COUNT, groups), 0);
	ck_assert_int_eq(seteuid(SOMEBODY), 0);
	talk_open(&c, world.loop, world.path);
	become_root();
	expect_access(&c, "test.world.Read", true, world.read_group);
	talk_close(&c);
}
END_TEST

START_TEST(test_peer)
{
	struct json_object *reply;
	struct talk c;

	become(SOMEBODY, SOMEBODY + 1, (gid_t)-1);
	talk_open(&c, world.loop, world.path);
	become_root();
	ck_assert(talk_request(&c, "{\"method\":\"test.world.Stream\",\"more\":true}"));
	reply = talk_receive(&c);
	json_object_put(reply);
	ck_assert_uint_eq(server_call_peer(world.streams[0])->uid, SOMEBODY);
	ck_assert_uint_eq(server_call_peer(world.streams[0])->gid, SOMEBODY + 1);
	ck_assert_int_eq(server_call_peer(world.streams[0])->pid, getpid());
	talk_close(&c);
}
END_TEST

/* --- numbers of connections --- */

struct opening {
	struct talk *client;
	size_t before; /* connections */
};

static bool is_decided(void *context)
{
	struct opening *o = context;

	talk_read(o->client);
	return o->client->eof || server_connections(world.server) > o->before;
}

/* Those who come fast wait for a moment before they are let in or refused. */
static bool is_let_in(struct talk *c, size_t before)
{
	struct opening o = { c, before };

	ck_assert(talk_run_until(world.loop, is_decided, &o));
	return !c->eof;
}

static size_t open_many(struct talk *clients, size_t count)
{
	size_t open = 0;

	for (size_t i = 0; i < count; i++) {
		size_t before = server_connections(world.server);

		talk_open(&clients[i], world.loop, world.path);
		open += is_let_in(&clients[i], before);
	}
	return open;
}

/* fault 48: one user cannot take all connections. */
START_TEST(test_connections_of_a_user)
{
	static struct talk clients[SERVER_CONNECTIONS_USER_MAX + 3], more[2];

	become(SOMEBODY, SOMEBODY, (gid_t)-1);
	ck_assert_uint_eq(open_many(clients, UTIL_ARRAY_SIZE(clients)),
			  SERVER_CONNECTIONS_USER_MAX);
	/* Others are not concerned. */
	become_root();
	become(SOMEBODY + 1, SOMEBODY, (gid_t)-1);
	ck_assert_uint_eq(open_many(more, 1), 1);
	/* One that goes makes room. */
	talk_close(&clients[0]);
	talk_settle(world.loop);
	become_root();
	become(SOMEBODY, SOMEBODY, (gid_t)-1);
	ck_assert_uint_eq(open_many(more, 2), 1);
	become_root();
}
END_TEST

/* fault 48: nor can many, for some are kept for administrators. */
START_TEST(test_connections_in_all)
{
	enum { USERS = SERVER_CONNECTIONS_MAX / SERVER_CONNECTIONS_USER_MAX };
	static struct talk clients[USERS][SERVER_CONNECTIONS_USER_MAX];
	static struct talk roots[SERVER_CONNECTIONS_ADMIN + 2];
	size_t open = 0;
	struct rlimit limit;

	/* Both ends are ours. */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 3 * SERVER_CONNECTIONS_MAX;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 0; i < USERS; i++) {
		become(SOMEBODY + i, SOMEBODY, (gid_t)-1);
		open += open_many(clients[i], SERVER_CONNECTIONS_USER_MAX);
		become_root();
	}
	ck_assert_uint_eq(open, SERVER_CONNECTIONS_MAX - SERVER_CONNECTIONS_ADMIN);
	ck_assert_uint_eq(open_many(roots, UTIL_ARRAY_SIZE(roots)), SERVER_CONNECTIONS_ADMIN);
	ck_assert_uint_eq(server_connections(world.server), SERVER_CONNECTIONS_MAX);
}
END_TEST

/* --- groups --- */

START_TEST(test_find_group)
{
	gid_t gid = 77;

	ck_assert_int_eq(peer_find_group("no-such-group-here", &gid), -ENOENT);
	ck_assert_uint_eq(gid, 77);
	ck_assert_int_eq(peer_find_group(getgrgid(0)->gr_name, &gid), 0);
	ck_assert_uint_eq(gid, 0);
}
END_TEST

START_TEST(test_peer_of_no_socket)
{
	struct server_peer peer = { .gid = SOMEBODY };
	int pipes[2];

	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(peer_read(pipes[0], &peer), -ENOTSOCK);
	ck_assert(peer_in_group(pipes[0], &peer, SOMEBODY));
	ck_assert(!peer_in_group(pipes[0], &peer, READERS));
}
END_TEST

int main(void)
{
	TCase *tc;
	Suite *s = unit_suite("server access", &tc);

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, world_folder_make, world_folder_remove);
	tcase_add_checked_fixture(tc, world_setup, world_teardown);
	tcase_add_test(tc, test_new_socket);
	tcase_add_test(tc, test_folder_too_far);
	tcase_add_test(tc, test_stale_socket);
	tcase_add_test(tc, test_live_socket);
	tcase_add_test(tc, test_live_socket_with_full_queue);
	tcase_add_test(tc, test_symlink);
	tcase_add_test(tc, test_other_file);
	tcase_add_test(tc, test_path_too_long);
	tcase_add_test(tc, test_replaced_socket);
	tcase_add_test(tc, test_find_group);
	tcase_add_test(tc, test_peer_of_no_socket);
	/* Nobody but root can be somebody else; make test runs them as root. */
	if (geteuid() == 0) {
		tcase_add_loop_test(tc, test_permission, 0, UTIL_ARRAY_SIZE(people));
		tcase_add_test(tc, test_many_groups);
		tcase_add_test(tc, test_peer);
		tcase_add_test(tc, test_connections_of_a_user);
		tcase_add_test(tc, test_connections_in_all);
	} else {
		puts("not root: permissions and numbers of connections are left out");
	}
	return unit_run(s);
}
