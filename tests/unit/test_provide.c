/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registrations over a real socket: what begins, what is refused, what ends them. */
#include <errno.h>
#include <grp.h>
#include <sys/socket.h>

#include "provide_world.h"
#include "unit.h"

#define SERVICE	   "{\"type\":\"service\",\"local\":\"" MAC1 "\"}"
#define GUEST(mac) "{\"type\":\"guest\",\"local\":\"" MAC1 "\",\"peer\":\"" mac "\"}"
#define HYBRID	   "{\"type\":\"hybrid\",\"local\":\"" MAC1 "\"}"

static struct json_object *shown(const char *name)
{
	char parameters[64];
	struct json_object *reply, *one;

	snprintf(parameters, sizeof(parameters), "{\"vnet\":\"vnet0\",\"name\":\"%s\"}", name);
	reply = admin_done("ListResources", parameters);
	one = json_object_get(json_object_array_get_idx(talk_member(reply, "resources"), 0));
	json_object_put(reply);
	return one;
}

static void expect_provider(const char *name, const char *kind, bool present)
{
	struct json_object *o = shown(name);
	char expected[128];

	snprintf(expected, sizeof(expected),
		 "{\"kind\":\"%s\",\"uid\":%u,\"present\":%s,\"report\":\"up\"}", kind, geteuid(),
		 present ? "true" : "false");
	ck_assert_str_eq(json_object_to_json_string_ext(json_object_object_get(o, "provider"),
							JSON_C_TO_STRING_PLAIN),
			 expected);
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "origin")), "provider");
	/* Who knows the token is the provider. */
	ck_assert_ptr_null(strstr(json_object_to_json_string(o), "token"));
	json_object_put(o);
}

/* --- registration --- */

static const struct {
	const char *provision;
	enum settings_type type;
	unsigned int queues;
	bool checksums, segments4, segments6;
	const char *state;
} taps[] = {
	{ SERVICE, SETTINGS_SERVICE, 1, false, false, false, "started " MAC1 " 1500 []" },
	{ GUEST(MAC2), SETTINGS_GUEST, 1, false, false, false, "started " MAC1 " 1500 []" },
	{ HYBRID, SETTINGS_HYBRID, 1, false, false, false, "started " MAC1 " 1500 []" },
	{ "{\"type\":\"hybrid\",\"local\":\"" MAC1 "\",\"peer\":\"nonsense\",\"queues\":64,"
	  "\"checksums\":true,\"segments4\":true,\"max_sdu\":1500}",
	  SETTINGS_HYBRID, 64, true, true, false, "started " MAC1 " 1500 []" },
	{ "{\"type\":\"service\",\"local\":\"" MAC1 "\",\"name\":null,\"device\":null,\"queues\":2,"
	  "\"checksums\":true,\"segments6\":true,\"max_sdu\":0,\"report\":\"up\"}",
	  SETTINGS_SERVICE, 2, true, false, true, "started " MAC1 " 1500 []" },
};

/* What goes into one end of a queue comes out of the other one. */
static void expect_queue(int from, int to)
{
	char byte = 'x';

	ck_assert_int_eq(write(from, &byte, 1), 1);
	byte = 0;
	ck_assert_int_eq(read(to, &byte, 1), 1);
	ck_assert_int_eq(byte, 'x');
}

START_TEST(test_tap)
{
	const struct fake_tap *tap;
	struct provided p;

	provide_ask(&p, taps[_i].provision);
	json_object_put(provide_registered(&p));
	provide_expect_state(&p, taps[_i].state);
	ck_assert_str_eq(p.name, "p0");
	ck_assert_uint_eq(strspn(p.token, "0123456789abcdef"), 32);
	ck_assert_uint_eq(strlen(p.token), 32);
	ck_assert_int_eq(p.mtu, 1500);
	ck_assert_int_eq(p.queues, taps[_i].queues);
	ck_assert_uint_eq(p.fd_count, taps[_i].queues);
	tap = fake_kernel_tap(pw.fake, p.device);
	ck_assert_ptr_nonnull(tap);
	ck_assert_int_eq(tap->asked.checksums, taps[_i].checksums);
	ck_assert_int_eq(tap->asked.segments4, taps[_i].segments4);
	ck_assert_int_eq(tap->asked.segments6, taps[_i].segments6);
	for (unsigned int i = 0; i < p.fd_count; i++)
		expect_queue(p.fds[i], tap->fds[i]);
	ck_assert_int_eq(provide_resource("p0")->settings.type, taps[_i].type);
	ck_assert_int_eq(provide_resource("p0")->state, RESOURCE_UP);
	expect_provider("p0", "tap", true);
	provide_expect_silence(&p);
	provide_close(&p);
	talk_settle(pw.loop);
	ck_assert_ptr_null(provide_resource("p0"));
}
END_TEST

static const char *const netdevs[] = {
	"{\"type\":\"service\",\"local\":\"" MAC1 "\",\"name\":\"n\",\"device\":\"eth1\"}",
	"{\"type\":\"guest\",\"local\":\"" MAC1 "\",\"name\":\"n\",\"device\":\"eth1\","
	"\"peer\":\"" MAC2 "\",\"token\":\"of somebody else\"}",
	"{\"type\":\"hybrid\",\"local\":\"" MAC1 "\",\"name\":\"n\",\"device\":\"eth1\","
	"\"report\":\"up\"}",
};

START_TEST(test_netdev)
{
	struct provided p;

	provide_add_device("eth1");
	provide_ask(&p, netdevs[_i]);
	json_object_put(provide_registered(&p));
	provide_expect_state(&p, "started " MAC1 " 1500 []");
	ck_assert_str_eq(p.name, "n");
	ck_assert_str_eq(p.device, "eth1");
	ck_assert_int_eq(p.queues, 0);
	ck_assert_uint_eq(p.fd_count, 0);
	ck_assert_int_eq(provide_resource("n")->state, RESOURCE_UP);
	expect_provider("n", "netdev", true);
	provide_close(&p);
	talk_settle(pw.loop);
	ck_assert_ptr_null(provide_resource("n"));
	/* The device was not its own. */
	ck_assert_ptr_nonnull(fake_kernel_find(pw.fake, "eth1"));
}
END_TEST

START_TEST(test_registered_as_down)
{
	struct provided p;

	provide(&p, "{\"type\":\"service\",\"local\":\"" MAC1 "\",\"report\":\"failed\","
		    "\"reason\":\"no luck\"}");
	ck_assert_int_eq(provide_resource("p0")->state, RESOURCE_FAILED);
	ck_assert_str_eq(provide_resource("p0")->reason, "its provider reported: no luck");
	provide_close(&p);
}
END_TEST

/* The names go on, and each has its own. */
START_TEST(test_many)
{
	struct provided p[20];
	char provision[128], name[16];

	for (unsigned int i = 0; i < UTIL_ARRAY_SIZE(p); i++) {
		snprintf(provision, sizeof(provision),
			 "{\"type\":\"guest\",\"local\":\"" MAC1
			 "\",\"peer\":\"02:00:00:00:01:%02x\"}",
			 i);
		provide(&p[i], provision);
		snprintf(name, sizeof(name), "p%u", i);
		ck_assert_str_eq(p[i].name, name);
	}
	for (unsigned int i = 0; i < UTIL_ARRAY_SIZE(p); i++)
		provide_close(&p[i]);
	talk_settle(pw.loop);
	ck_assert_uint_eq(manager_resource_count(pw.manager), 0);
	ck_assert_ptr_null(pw.api->providers);
}
END_TEST

/* --- refusals --- */

#define WITH(more) "{\"type\":\"service\",\"local\":\"" MAC1 "\"," more "}"

static const struct {
	const char *provision;
	const char *error;
	int number;
	const char *field; /* NULL: of no interest */
	const char *message;
} refusals[] = {
	/* what is not there, and what is there already */
	{ "{\"type\":\"service\",\"local\":\"02:00:00:00:00:99\"}", "NotFound", ENXIO, NULL,
	  "no vnet has the address 02:00:00:00:00:99" },
	{ SERVICE, "Exists", EEXIST, NULL, "service" },
	{ GUEST(MAC2), "Exists", EEXIST, NULL, MAC2 },
	{ "{\"type\":\"hybrid\",\"local\":\"" MAC1 "\",\"name\":\"s\"}", "Exists", EEXIST, NULL,
	  "vnet0/s" },
	{ "{\"type\":\"hybrid\",\"local\":\"" MAC1 "\",\"device\":\"nothing\"}", "NotFound", ENODEV,
	  NULL, "nothing" },
	{ "{\"type\":\"hybrid\",\"local\":\"" MAC1 "\",\"device\":\"dev-s\"}", "Busy", EBUSY, NULL,
	  "dev-s" },
	{ "{\"type\":\"hybrid\",\"local\":\"" MAC1 "\",\"max_sdu\":1499}", "Invalid", EINVAL, NULL,
	  "1499" },
	/* form */
	{ "{}", "Invalid", EINVAL, "type",
	  "the provision needs the parameter type, which is a string" },
	{ "{\"type\":\"service\"}", "Invalid", EINVAL, "local", "needs the parameter local" },
	{ "{\"type\":null,\"local\":\"" MAC1 "\"}", "Invalid", EINVAL, "type", "needs" },
	{ "{\"type\":\"friend\",\"local\":\"" MAC1 "\"}", "Invalid", EINVAL, "type",
	  "type friend is not service, guest or hybrid" },
	{ "{\"type\":1,\"local\":\"" MAC1 "\"}", "Invalid", EINVAL, "type",
	  "type expects a string, not 1" },
	{ "{\"type\":\"service\",\"local\":\"01:00:5e:00:00:01\"}", "Invalid", EINVAL, "local",
	  "local 01:00:5e:00:00:01 is not a unicast MAC" },
	{ "{\"type\":\"guest\",\"local\":\"" MAC1 "\"}", "Invalid", EINVAL, "peer",
	  "peer is required for type guest" },
	{ GUEST("ff:ff:ff:ff:ff:ff"), "Invalid", EINVAL, "peer", "peer ff:ff:ff:ff:ff:ff is not" },
	{ WITH("\"other\":1"), "Invalid", EINVAL, "other", "the provision has no parameter other" },
	{ WITH("\"name\":\"a b\""), "Invalid", EINVAL, "name", "resource name a b" },
	{ WITH("\"name\":\"\""), "Invalid", EINVAL, "name", "resource name" },
	{ WITH("\"name\":\"a-name-far-too-long\""), "Invalid", EINVAL, "name", "at most 15" },
	{ WITH("\"device\":\"\""), "Invalid", EINVAL, "device", "device '' is not a device name" },
	{ WITH("\"device\":\"a/b\""), "Invalid", EINVAL, "device", "device a/b is not" },
	{ WITH("\"queues\":0"), "Invalid", EINVAL, "queues",
	  "queues 0 is not a number from 1 to 64" },
	{ WITH("\"queues\":65"), "Invalid", EINVAL, "queues", "queues 65 is not" },
	{ WITH("\"queues\":4294967297"), "Invalid", EINVAL, "queues", "queues 4294967297 is not" },
	{ WITH("\"queues\":\"1\""), "Invalid", EINVAL, "queues",
	  "queues expects an integer, not \"1\"" },
	{ WITH("\"checksums\":1"), "Invalid", EINVAL, "checksums", "expects true or false, not 1" },
	{ WITH("\"segments4\":true"), "Invalid", EINVAL, "checksums",
	  "checksums false does not go with segments4" },
	{ WITH("\"max_sdu\":67"), "Invalid", EINVAL, "max_sdu", "max_sdu 67 is not a number from" },
	{ WITH("\"max_sdu\":-1500"), "Invalid", EINVAL, "max_sdu", "max_sdu -1500 is not" },
	{ WITH("\"max_sdu\":65522"), "Invalid", EINVAL, "max_sdu", "max_sdu 65522 is not" },
	{ WITH("\"report\":\"gone\""), "Invalid", EINVAL, "report",
	  "report gone is not up, down or failed" },
	{ WITH("\"reason\":[]"), "Invalid", EINVAL, "reason", "reason expects a string, not []" },
};

/* A service and a guest of an administrator are in the way. */
static void add_others(void)
{
	provide_add_device("dev-s");
	provide_add_device("dev-g");
	admin_do("AddResource",
		 "{\"vnet\":\"vnet0\",\"name\":\"s\",\"settings\":{\"type\":\"service\","
		 "\"device\":\"dev-s\"}}");
	admin_do("AddResource",
		 "{\"vnet\":\"vnet0\",\"name\":\"g\",\"settings\":{\"type\":\"guest\","
		 "\"device\":\"dev-g\",\"peer\":\"" MAC2 "\"}}");
}

static void expect_refused(struct talk *c, const char *error, int number, const char *field,
			   const char *message)
{
	struct json_object *reply = talk_receive(c);
	char expected[64];

	snprintf(expected, sizeof(expected), CONTROL "%s", error);
	ck_assert_msg(util_same(talk_error(reply), expected), "%s",
		      json_object_to_json_string(reply));
	idl_check(&pw.idl, error, false, json_object_object_get(reply, "parameters"));
	ck_assert_int_eq(talk_number(reply, "errno"), number);
	ck_assert_msg(strstr(talk_text(reply, "message"), message), "%s",
		      talk_text(reply, "message"));
	if (field)
		ck_assert_str_eq(talk_text(reply, "field"), field);
	json_object_put(reply);
}

/* Nothing has changed, nothing is left over, and the connection may try again. */
START_TEST(test_refused)
{
	UTIL_FREE char *before = NULL;
	UTIL_FREE char *after = NULL;
	size_t links;
	struct provided p;

	add_others();
	before = admin_world();
	links = pw.fake->link_count;
	provide_ask(&p, refusals[_i].provision);
	expect_refused(&p.talk, refusals[_i].error, refusals[_i].number, refusals[_i].field,
		       refusals[_i].message);
	after = admin_world();
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(pw.fake->link_count, links);
	ck_assert_ptr_null(pw.api->providers);
	provide_send(&p, HYBRID);
	json_object_put(provide_registered(&p));
	ck_assert_str_eq(p.name, "p0");
	provide_close(&p);
}
END_TEST

START_TEST(test_tap_refused)
{
	struct provided p;

	fake_kernel_fail(pw.fake, "tap_add", EMFILE, 0);
	provide_ask(&p, SERVICE);
	expect_refused(&p.talk, "Failed", EMFILE, NULL, "vnet0/p0: a tap");
	provide_close(&p);
}
END_TEST

/* --- who may --- */

static void become(uid_t uid)
{
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setgroups(0, NULL), 0);
	ck_assert_int_eq(setegid(uid), 0);
	ck_assert_int_eq(seteuid(uid), 0);
}

static const struct {
	uid_t uid;
	const char *owner;
	bool allowed;
} people[] = {
	{ 0, "none", true },	   { 54321, "none", false }, { 54321, "54321", true },
	{ 54322, "54321", false }, { 54321, "root", false }, { 54321, "no-such-user", false },
	{ 0, "54321", true },
};

START_TEST(test_access)
{
	char settings[128];
	struct provided p;

	snprintf(settings, sizeof(settings), "{\"name\":\"vnet0\",\"settings\":{\"owner\":\"%s\"}}",
		 people[_i].owner);
	admin_do("SetVnet", settings);
	become(people[_i].uid);
	provide_ask(&p, SERVICE);
	become(0);
	if (people[_i].allowed) {
		json_object_put(provide_registered(&p));
		ck_assert_uint_eq(provide_resource("p0")->provider.uid, people[_i].uid);
		/* Its own is all that it may touch. */
		provide_say(&p, "DeleteVnet", "{\"name\":\"vnet0\"}");
		if (people[_i].uid)
			ck_assert_ptr_nonnull(provide_vnet0());
	} else {
		expect_refused(&p.talk, "Permission", EPERM, NULL, "vnet0");
		ck_assert_ptr_null(provide_resource("p0"));
	}
	provide_close(&p);
}
END_TEST

/* --- ends --- */

/* Another client has a lot to ask. */
static void others_wait(struct talk *other)
{
	talk_open(other, pw.loop, pw.path);
	talk_settle(pw.loop);
	for (int i = 0; i < 50; i++)
		ck_assert(talk_request(other, "{\"method\":\"" CONTROL "ListVnets\"}"));
}

/* The very next thing that the loop does is to take the traffic away, whatever else there is. */
static void expect_gone_first(struct talk *other)
{
	ck_assert_int_gt(sd_event_run(pw.loop, 0), 0);
	ck_assert_ptr_null(provide_resource("p0"));
	ck_assert(!talk_has_message(other));
	talk_settle(pw.loop);
	ck_assert_ptr_null(pw.api->providers);
	talk_close(other);
}

START_TEST(test_closed)
{
	struct provided p;
	struct talk other;

	provide(&p, SERVICE);
	others_wait(&other);
	provide_close(&p);
	expect_gone_first(&other);
}
END_TEST

START_TEST(test_half_closed)
{
	struct provided p;
	struct talk other;

	provide(&p, SERVICE);
	others_wait(&other);
	ck_assert_int_eq(shutdown(p.talk.fd, SHUT_WR), 0);
	expect_gone_first(&other);
	talk_expect_eof(&p.talk);
	provide_close(&p);
}
END_TEST

/* Behind a request that waits for the end of the stream, and is not even read. */
START_TEST(test_closed_with_requests_before)
{
	static char lots[100000];
	struct provided p;
	struct talk other;

	provide(&p, SERVICE);
	ck_assert(talk_request(&p.talk, "{\"method\":\"" CONTROL "ListVnets\"}"));
	talk_settle(pw.loop);
	memset(lots, ' ', sizeof(lots));
	ck_assert_int_gt(send(p.talk.fd, lots, sizeof(lots), MSG_DONTWAIT), 0);
	provide_expect_silence(&p);
	others_wait(&other);
	provide_close(&p);
	expect_gone_first(&other);
}
END_TEST

START_TEST(test_closed_at_once)
{
	struct provided p;

	provide_ask(&p, SERVICE);
	ck_assert_int_eq(shutdown(p.talk.fd, SHUT_WR), 0);
	talk_settle(pw.loop);
	ck_assert_ptr_null(provide_resource("p0"));
	provide_close(&p);
	provide_ask(&p, SERVICE);
	provide_close(&p);
	talk_settle(pw.loop);
	ck_assert_ptr_null(provide_resource("p0"));
	ck_assert_uint_eq(server_connections(pw.api->server), 1);
}
END_TEST

START_TEST(test_withdrawn)
{
	struct provided p;

	provide(&p, SERVICE);
	provide_say(&p, "Withdraw", "{}");
	ck_assert_ptr_null(provide_resource("p0"));
	provide_expect_removed(&p, "withdrawn");
	/* There is nothing to be withdrawn twice. */
	provide_say(&p, "Withdraw", "{}");
	provide_expect_silence(&p);
	/* And again, on the same connection. */
	provide_send(&p, SERVICE);
	json_object_put(provide_registered(&p));
	ck_assert_ptr_nonnull(provide_resource("p0"));
	provide_close(&p);
}
END_TEST

static const char *const removals[][2] = {
	{ "DeleteResource", "{\"vnet\":\"vnet0\",\"name\":\"p0\"}" },
	{ "DeleteVnet", "{\"name\":\"vnet0\"}" },
	{ "Flush", "{}" },
};

START_TEST(test_removed_by_others)
{
	struct provided p;

	provide(&p, SERVICE);
	admin_do(removals[_i][0], removals[_i][1]);
	provide_expect_removed(&p, "vnet0/p0 was removed");
	ck_assert_ptr_null(pw.api->providers);
	provide_close(&p);
}
END_TEST

/* A name's next owner has nothing to do with the one before. */
START_TEST(test_name_taken_over)
{
	struct provided first, second;
	struct resource *r;

	provide(&first, SERVICE);
	/* Without a turn of the loop in between. */
	ck_assert_int_eq(manager_resource_del(pw.manager, "vnet0", "p0", NULL), 0);
	provide(&second, SERVICE);
	ck_assert_str_eq(second.name, "p0");
	provide_say(&first, "Report", "{\"state\":\"failed\"}");
	r = provide_resource("p0");
	ck_assert_int_eq(r->state, RESOURCE_UP);
	provide_expect_removed(&first, "vnet0/p0 was removed");
	provide_close(&first);
	provide_expect_silence(&second);
	ck_assert_ptr_eq(provide_resource("p0"), r);
	provide_close(&second);
}
END_TEST

START_TEST(test_server_stops)
{
	struct provided p;
	char device[16];

	provide(&p, SERVICE);
	snprintf(device, sizeof(device), "%s", p.device);
	api_free(pw.api);
	pw.api = NULL;
	talk_expect_eof(&p.talk);
	ck_assert_ptr_nonnull(provide_resource("p0"));
	ck_assert_ptr_nonnull(fake_kernel_find(pw.fake, device));
	provide_close(&p);
}
END_TEST

/* The program has the descriptors already, and gets no others. */
START_TEST(test_restart)
{
	struct provided p, again;
	char provision[128];

	provide(&p, SERVICE);
	provide_restart();
	talk_expect_eof(&p.talk);
	expect_provider("p0", "tap", false);
	snprintf(provision, sizeof(provision),
		 "{\"type\":\"service\",\"local\":\"" MAC1 "\",\"token\":\"%s\"}", p.token);
	provide_ask(&again, provision);
	json_object_put(provide_registered(&again));
	provide_expect_state(&again, "started " MAC1 " 1500 []");
	ck_assert_uint_eq(again.fd_count, 0);
	ck_assert_str_eq(again.token, p.token);
	ck_assert_str_eq(again.device, p.device);
	ck_assert_str_eq(again.name, "p0");
	expect_provider("p0", "tap", true);
	/* The token is not for two. */
	provide_close(&p);
	provide_ask(&p, provision);
	expect_refused(&p.talk, "Exists", EEXIST, NULL, "vnet0/p0");
	provide_close(&p);
	talk_settle(pw.loop);
	ck_assert_ptr_nonnull(provide_resource("p0"));
	provide_close(&again);
	talk_settle(pw.loop);
	ck_assert_ptr_null(provide_resource("p0"));
}
END_TEST

int main(void)
{
	TCase *tc;
	Suite *s = unit_suite("provide", &tc);

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, provide_folder_make, provide_folder_remove);
	tcase_add_checked_fixture(tc, provide_setup, provide_teardown);
	tcase_add_loop_test(tc, test_tap, 0, UTIL_ARRAY_SIZE(taps));
	tcase_add_loop_test(tc, test_netdev, 0, UTIL_ARRAY_SIZE(netdevs));
	tcase_add_test(tc, test_registered_as_down);
	tcase_add_test(tc, test_many);
	tcase_add_loop_test(tc, test_refused, 0, UTIL_ARRAY_SIZE(refusals));
	tcase_add_test(tc, test_tap_refused);
	/* Nobody but root can be somebody else; make test runs them as root. */
	if (geteuid() == 0)
		tcase_add_loop_test(tc, test_access, 0, UTIL_ARRAY_SIZE(people));
	else
		puts("not root: permissions are left out");
	tcase_add_test(tc, test_closed);
	tcase_add_test(tc, test_half_closed);
	tcase_add_test(tc, test_closed_with_requests_before);
	tcase_add_test(tc, test_closed_at_once);
	tcase_add_test(tc, test_withdrawn);
	tcase_add_loop_test(tc, test_removed_by_others, 0, UTIL_ARRAY_SIZE(removals));
	tcase_add_test(tc, test_name_taken_over);
	tcase_add_test(tc, test_server_stops);
	tcase_add_test(tc, test_restart);
	return unit_run(s);
}
