/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <sys/stat.h>

#include "server_world.h"

struct world world;

static char world_root[] = "/tmp/vnet-server-XXXXXX";

static void world_note(struct server_call *call)
{
	size_t queued = server_call_queued_bytes(call);

	world.calls++;
	if (queued > world.queued_bytes_max)
		world.queued_bytes_max = queued;
}

static void world_echo(void *context, struct server_call *call, struct json_object *parameters)
{
	world_note(call);
	server_reply(call, json_object_get(parameters));
}

static void world_fail(void *context, struct server_call *call, struct json_object *parameters)
{
	struct error e = { 0 };
	char text[601];

	world_note(call);
	/* Two bytes a character, and 511 of them fit. */
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 2 ? '\xa4' : '\xc3';
	text[sizeof(text) - 1] = '\0';
	error_set(&e, ERROR_EXISTS, EEXIST, "vnet0", "mtu", "%s", text);
	server_fail(call, &e);
}

/* As many bytes as asked for. */
static void world_big(void *context, struct server_call *call, struct json_object *parameters)
{
	int bytes = json_object_get_int(json_object_object_get(parameters, "bytes"));
	struct json_object *reply = json_object_new_object();
	char *text = malloc(bytes);

	world_note(call);
	memset(text, 'x', bytes);
	json_object_object_add(reply, "text", json_object_new_string_len(text, bytes));
	free(text);
	server_reply(call, reply);
}

static void world_on_closed(void *context)
{
	world.closed++;
}

static void world_stream(void *context, struct server_call *call, struct json_object *parameters)
{
	world_note(call);
	if (!server_call_wants_more(call)) {
		server_fail_parameter(call, "more");
		return;
	}
	ck_assert_uint_lt(world.stream_count, WORLD_STREAMS);
	world.streams[world.stream_count++] = call;
	server_call_on_closed(call, world_on_closed, &world);
	server_reply_more(call, NULL);
}

static void world_lifeline(void *context, struct server_call *call, struct json_object *parameters)
{
	ck_assert_int_eq(server_call_lifeline(call), 0);
	world_stream(context, call, parameters);
}

static void world_on_note(void *context, struct server_call *call, struct json_object *parameters)
{
	world.notes++;
	world.noted = server_call_stream(call);
	world.may_change = server_call_may_change(call);
	server_reply(call, json_object_get(parameters));
}

static void world_keep(void *context, struct server_call *call, struct json_object *parameters)
{
	world.kept = call;
	server_call_on_closed(call, world_on_closed, &world);
}

static const struct server_method world_methods[] = {
	{ "test.world.Echo", SERVER_ANYONE, world_echo },
	{ "test.world.Fail", SERVER_ANYONE, world_fail },
	{ "test.world.Big", SERVER_ANYONE, world_big },
	{ "test.world.Stream", SERVER_ANYONE, world_stream },
	{ "test.world.Lifeline", SERVER_ANYONE, world_lifeline },
	{ "test.world.Note", SERVER_ANYONE, world_on_note },
	{ "test.world.Keep", SERVER_ANYONE, world_keep },
	{ "test.world.Read", SERVER_READ, world_echo },
	{ "test.world.Change", SERVER_CHANGE, world_echo },
	{ NULL },
};

/* A group that every machine has, by number: the tests may not make their own. */
static const char *world_group(gid_t gid, char buffer[64])
{
	struct group *g = getgrgid(gid);

	snprintf(buffer, 64, "%s", g ? g->gr_name : "no-such-group");
	return buffer;
}

int world_serve(const char *path, uint64_t request_limit_us, uint64_t stall_limit_us,
		struct server **ret, struct error *e)
{
	const struct server_options options = {
		.path = path,
		.vendor = "vendor",
		.product = "product",
		.version = "1.2.3",
		.url = "https://example.org/",
		.interface = "test.world",
		.description = "interface test.world\n\nmethod Echo() -> ()\n",
		.methods = world_methods,
		.context = &world,
		.read_group = world_group(1, world.read_group),
		.change_group = world_group(2, world.change_group),
		.request_limit_us = request_limit_us,
		.stall_limit_us = stall_limit_us,
	};

	return server_new(world.loop, &options, ret, e);
}

void world_folder_make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(world_root));
	/* Other users connect in some tests. */
	ck_assert_int_eq(chmod(world_root, 0755), 0);
}

static int world_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void world_folder_remove(void)
{
	nftw(world_root, world_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void world_setup(void)
{
	struct error e = { 0 };

	ck_assert_int_ge(sd_event_new(&world.loop), 0);
	snprintf(world.folder, sizeof(world.folder), "%s/%d", world_root, (int)getpid());
	snprintf(world.path, sizeof(world.path), "%s/socket", world.folder);
	ck_assert_msg(!world_serve(world.path, 0, 0, &world.server, &e), "%s", e.message);
}

void world_teardown(void)
{
	server_free(world.server);
	sd_event_unref(world.loop);
}

unsigned int world_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	unsigned int count = 0;

	ck_assert_ptr_nonnull(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static bool world_has_connections(void *context)
{
	return server_connections(world.server) == *(size_t *)context;
}

void world_wait_connections(size_t count)
{
	ck_assert_msg(talk_run_until(world.loop, world_has_connections, &count),
		      "%zu connections, not %zu", server_connections(world.server), count);
}
