/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said while a registration is open, both ways, and by those who do not keep to the rules.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sys/socket.h>

#include "provide_world.h"
#include "unit.h"

#define MAC9	"02:00:00:00:00:09"
#define SERVICE "{\"type\":\"service\",\"local\":\"" MAC1 "\"}"
#define GUEST	"{\"type\":\"guest\",\"local\":\"" MAC1 "\",\"peer\":\"" MAC2 "\"}"
#define COUNTS(text)                                                                               \
	"{\"ierrors\":" text ",\"oerrors\":" text ",\"norcvbuf\":" text ",\"noxmtbuf\":" text      \
	",\"malformed\":" text "}"

static void set_vnet(const char *settings)
{
	UTIL_FREE char *parameters = NULL;

	ck_assert_int_ge(asprintf(&parameters, "{\"name\":\"vnet0\",\"settings\":{%s}}", settings),
			 0);
	admin_do("SetVnet", parameters);
}

static void set_flags(const char *device, uint32_t set, uint32_t clear)
{
	struct link *l = fake_kernel_find(pw.fake, device);

	l->flags = (l->flags | set) & ~clear;
	fake_kernel_tell(pw.fake, pw.manager, device);
	admin_do("GetStatus", "{}"); /* a turn of the loop */
}

/* --- state --- */

/* Each change is told once, and what is no change is not. */
START_TEST(test_state)
{
	struct provided p;

	provide(&p, GUEST);
	set_vnet("\"mtu\":1400");
	provide_expect_state(&p, "started " MAC1 " 1400 []");
	set_vnet("\"mtu\":1400");
	set_vnet("\"guard\":false");
	provide_expect_silence(&p);
	set_vnet("\"address\":\"" MAC9 "\",\"guard\":true");
	provide_expect_state(&p, "started " MAC9 " 1400 []");
	set_vnet("\"promiscuous\":\"on\"");
	provide_expect_state(&p, "started " MAC9 " 1400 promisc []");
	set_vnet("\"promiscuous\":\"off\"");
	provide_expect_state(&p, "started " MAC9 " 1400 []");
	provide_expect_silence(&p);
	provide_close(&p);
}
END_TEST

START_TEST(test_started)
{
	struct provided p;

	provide(&p, GUEST);
	set_flags("vnet0", 0, IFF_UP);
	provide_expect_state(&p, "stopped " MAC1 " 1500 []");
	set_flags("vnet0", IFF_UP, 0);
	provide_expect_state(&p, "started " MAC1 " 1500 []");
	admin_do("SetResource",
		 "{\"vnet\":\"vnet0\",\"name\":\"p0\",\"settings\":{\"admin\":\"down\"}}");
	provide_expect_state(&p, "stopped " MAC1 " 1500 []");
	admin_do("SetResource",
		 "{\"vnet\":\"vnet0\",\"name\":\"p0\",\"settings\":{\"admin\":\"up\"}}");
	provide_expect_state(&p, "started " MAC1 " 1500 []");
	provide_expect_silence(&p);
	provide_close(&p);
}
END_TEST

static void look_again(void)
{
	api_groups_changed(pw.api);
	admin_do("GetStatus", "{}");
}

START_TEST(test_groups)
{
	uint32_t vnet0 = fake_kernel_find(pw.fake, "vnet0")->ifindex;
	struct provided p;

	provide_set_groups(vnet0, "3333ff000001 01005e000001");
	provide_ask(&p, SERVICE);
	json_object_put(provide_registered(&p));
	provide_expect_state(&p, "started " MAC1 " 1500 [01:00:5e:00:00:01 33:33:ff:00:00:01]");
	look_again();
	provide_expect_silence(&p);
	/* Joined on several sockets, or of several kinds: one is enough. */
	provide_set_groups(vnet0, "3333ff000001 01005e000001 3333ff000001 01005e000001");
	look_again();
	provide_expect_silence(&p);
	provide_set_groups(vnet0, "01005e000001");
	look_again();
	provide_expect_state(&p, "started " MAC1 " 1500 [01:00:5e:00:00:01]");
	/* As many as before, and others. */
	provide_set_groups(vnet0, "01005e000002");
	look_again();
	provide_expect_state(&p, "started " MAC1 " 1500 [01:00:5e:00:00:02]");
	/* Of another device. */
	provide_set_groups(vnet0 + 100, "01005e000002");
	look_again();
	provide_expect_state(&p, "started " MAC1 " 1500 []");
	/* It takes all groups. */
	set_flags("vnet0", IFF_ALLMULTI, 0);
	provide_expect_state(&p, "started " MAC1 " 1500 promisc any");
	set_flags("vnet0", 0, IFF_ALLMULTI);
	provide_expect_state(&p, "started " MAC1 " 1500 []");
	/* They cannot be read for a while. */
	ck_assert_int_eq(remove(pw.groups), 0);
	look_again();
	provide_expect_state(&p, "started " MAC1 " 1500 promisc any");
	provide_set_groups(vnet0, "01005e000001");
	admin_do("GetStatus", "{}");
	provide_expect_state(&p, "started " MAC1 " 1500 [01:00:5e:00:00:01]");
	provide_expect_silence(&p);
	provide_close(&p);
}
END_TEST

static bool has_message(void *context)
{
	return talk_has_message(context);
}

/* Nothing tells of some memberships, so they are looked for as long as somebody has to know. */
START_TEST(test_groups_without_news)
{
	uint32_t vnet0 = fake_kernel_find(pw.fake, "vnet0")->ifindex;
	struct provided p;

	provide(&p, GUEST);
	talk_settle(pw.loop);
	ck_assert(!pw.api->looks);
	provide_close(&p);
	provide(&p, SERVICE);
	provide_expect_silence(&p);
	ck_assert(pw.api->looks);
	provide_set_groups(vnet0, "01005e000001");
	ck_assert(talk_run_until(pw.loop, has_message, &p.talk));
	provide_expect_state(&p, "started " MAC1 " 1500 [01:00:5e:00:00:01]");
	provide_close(&p);
	talk_settle(pw.loop);
	ck_assert(!pw.api->looks);
}
END_TEST

START_TEST(test_upper_elsewhere)
{
	struct provided p;

	provide_add_device("tap9");
	admin_do("AddVnet", "{\"name\":\"vm\",\"settings\":{\"address\":\"02:00:00:00:00:09\","
			    "\"upper\":\"tap9\"}}");
	provide_ask(&p, "{\"type\":\"service\",\"local\":\"02:00:00:00:00:09\"}");
	json_object_put(provide_registered(&p));
	provide_expect_state(&p, "started 02:00:00:00:00:09 1500 promisc any");
	provide_expect_silence(&p);
	ck_assert(!pw.api->looks);
	provide_close(&p);
}
END_TEST

/* Who does not read costs itself alone, and has the newest state when it reads again. */
START_TEST(test_slow_reader)
{
	enum { CHANGES = 6000 };
	char settings[32], expected[64];
	struct json_object *reply, *state;
	unsigned int seen = 0;
	struct provided p;
	int mtu = 0;

	provide(&p, GUEST);
	for (int i = 0; i < CHANGES; i++) {
		snprintf(settings, sizeof(settings), "\"mtu\":%d", 1400 - i % 2);
		set_vnet(settings);
		ck_assert_uint_lt(server_call_queued_bytes(pw.api->providers->call), 1024);
	}
	set_vnet("\"mtu\":1333");
	while (mtu != 1333) {
		state = provide_next(&p, "state", &reply);
		mtu = json_object_get_int(json_object_object_get(state, "mtu"));
		json_object_put(reply);
		seen++;
	}
	ck_assert_uint_lt(seen, CHANGES);
	provide_expect_silence(&p);
	/* All is well again. */
	set_vnet("\"mtu\":1300");
	snprintf(expected, sizeof(expected), "started %s 1300 []", MAC1);
	provide_expect_state(&p, expected);
	provide_close(&p);
}
END_TEST

/* --- reports --- */

static void expect_state_of(enum resource_state state, const char *reason)
{
	const struct resource *r = provide_resource("p0");

	ck_assert_int_eq(r->state, state);
	ck_assert_msg(strstr(r->reason, reason), "%s", r->reason);
}

START_TEST(test_report)
{
	struct provided p;

	provide(&p, SERVICE);
	provide_say(&p, "Report", "{\"state\":\"down\",\"reason\":\"cable\"}");
	expect_state_of(RESOURCE_DOWN, "its provider reported: cable");
	provide_say(&p, "Report", "{\"state\":\"up\"}");
	expect_state_of(RESOURCE_UP, "");
	provide_say(&p, "Report", "{\"state\":\"failed\",\"reason\":null}");
	expect_state_of(RESOURCE_FAILED, "its provider reported: ");
	provide_say(&p, "Report", "{\"state\":\"up\"}");
	expect_state_of(RESOURCE_FAILED, "its provider reported: ");
	admin_do("ClearResource", "{\"vnet\":\"vnet0\",\"name\":\"p0\"}");
	expect_state_of(RESOURCE_UP, "");
	provide_close(&p);
}
END_TEST

/* The next reply is a state; of those, this is what it says of reports. */
static void expect_report_told(struct provided *p, const char *report, int reports, bool started)
{
	struct json_object *reply, *o = provide_next(p, "state", &reply);

	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "report")), report);
	ck_assert_int_eq(json_object_get_int(json_object_object_get(o, "reports")), reports);
	ck_assert_int_eq(json_object_get_boolean(json_object_object_get(o, "started")), started);
	json_object_put(reply);
}

/* What counts can differ from what was said last: it may have been cleared. */
START_TEST(test_report_told)
{
	struct provided p;

	provide(&p, SERVICE);
	provide_say(&p, "Report", "{\"state\":\"up\"}");
	provide_expect_silence(&p);
	provide_say(&p, "Report", "{\"state\":\"down\"}");
	expect_report_told(&p, "down", 2, true);
	provide_say(&p, "Report", "{\"state\":\"failed\"}");
	expect_report_told(&p, "failed", 3, false);
	admin_do("ClearResource", "{\"vnet\":\"vnet0\",\"name\":\"p0\"}");
	expect_report_told(&p, "up", 3, true);
	provide_expect_silence(&p);
	provide_close(&p);
}
END_TEST

static const char *const bad_reports[][2] = {
	{ "Report", "{}" },
	{ "Report", "{\"state\":\"gone\"}" },
	{ "Report", "{\"state\":1}" },
	{ "Report", "{\"state\":\"failed\",\"more\":1}" },
	{ "Report", "{\"state\":\"failed\\u0000\"}" },
	{ "Count", "{\"ierrors\":1}" },
	{ "Count", COUNTS("-1") },
	{ "Count", COUNTS("\"1\"") },
	{ "Count", COUNTS("1.5") },
	{ "Withdraw", "{\"now\":true}" },
	{ "NoSuchMethod", "{}" },
};

/* A oneway request has no reply: what is wrong does nothing, and the next one counts. */
START_TEST(test_bad_report)
{
	struct provided p;

	provide(&p, SERVICE);
	provide_say(&p, bad_reports[_i][0], bad_reports[_i][1]);
	expect_state_of(RESOURCE_UP, "");
	provide_expect_silence(&p);
	provide_say(&p, "Report", "{\"state\":\"down\"}");
	expect_state_of(RESOURCE_DOWN, "its provider reported: ");
	provide_close(&p);
}
END_TEST

/* --- counters --- */

static struct json_object *stats_of(struct talk *c, const char *name)
{
	struct json_object *reply = talk_receive(c), *all, *found = NULL;

	ck_assert_str_eq(talk_error(reply), "");
	idl_check(&pw.idl, "GetStats", true, json_object_object_get(reply, "parameters"));
	all = json_object_object_get(json_object_array_get_idx(talk_member(reply, "stats"), 0),
				     "resources");
	for (size_t i = 0; i < json_object_array_length(all); i++) {
		struct json_object *one = json_object_array_get_idx(all, i);

		if (util_same(json_object_get_string(json_object_object_get(one, "name")), name))
			found = json_object_get(one);
	}
	ck_assert_ptr_nonnull(found);
	json_object_put(reply);
	return found;
}

static void ask_stats(const char *parameters)
{
	char *text;

	ck_assert_int_ge(asprintf(&text, "{\"method\":\"" CONTROL "GetStats\",\"parameters\":%s}",
				  parameters),
			 0);
	ck_assert(talk_request(&pw.admin, text));
	free(text);
	talk_settle(pw.loop);
}

static void expect_asked(struct provided *p)
{
	struct json_object *reply;

	ck_assert(json_object_get_boolean(provide_next(p, "count", &reply)));
	json_object_put(reply);
}

static void expect_stats(const char *name, int ierrors)
{
	struct json_object *o = stats_of(&pw.admin, name);

	ck_assert_int_eq(json_object_get_int(json_object_object_get(o, "ierrors")), ierrors);
	json_object_put(o);
}

START_TEST(test_count)
{
	struct provided p;

	provide(&p, SERVICE);
	ask_stats("{}");
	ck_assert(!talk_has_message(&pw.admin));
	expect_asked(&p);
	provide_say(&p, "Count", COUNTS("7"));
	/* No time has to pass for it. */
	ck_assert(talk_has_message(&pw.admin));
	expect_stats("p0", 7);
	ck_assert_ptr_null(pw.api->questions);
	ck_assert_uint_eq(provide_vnet0()->malformed, 7);
	/* What was not asked for counts as well. */
	provide_say(&p, "Count", COUNTS("9"));
	ck_assert_uint_eq(provide_resource("p0")->counts.noxmtbuf, 9);
	ck_assert_uint_eq(provide_vnet0()->malformed, 9);
	provide_close(&p);
}
END_TEST

/* Only those that are asked for, and only providers, keep the answer waiting. */
START_TEST(test_count_of_others)
{
	struct provided p;

	provide(&p, GUEST);
	provide_add_device("dev-s");
	admin_do("AddResource",
		 "{\"vnet\":\"vnet0\",\"name\":\"s\",\"settings\":{\"type\":\"service\","
		 "\"device\":\"dev-s\"}}");
	ask_stats("{\"vnet\":\"vnet0\",\"name\":\"s\"}");
	ck_assert(talk_has_message(&pw.admin));
	expect_stats("s", 0);
	provide_expect_silence(&p);
	ask_stats("{\"vnet\":\"vnet0\",\"name\":\"p0\"}");
	ck_assert(!talk_has_message(&pw.admin));
	expect_asked(&p);
	provide_say(&p, "Count", COUNTS("2"));
	expect_stats("p0", 2);
	provide_close(&p);
}
END_TEST

/* It is asked once, however often others ask, and its answer is for all of them. */
START_TEST(test_count_silent)
{
	struct provided p;
	struct talk other;
	struct json_object *o;

	provide(&p, SERVICE);
	provide_say(&p, "Count", COUNTS("3"));
	for (int i = 0; i < 3; i++) {
		ask_stats("{}");
		expect_stats("p0", 3); /* in the end, as last known */
	}
	expect_asked(&p);
	provide_expect_silence(&p);
	ask_stats("{}");
	talk_open(&other, pw.loop, pw.path);
	ck_assert(talk_request(&other, "{\"method\":\"" CONTROL "GetStats\"}"));
	talk_settle(pw.loop);
	provide_say(&p, "Count", COUNTS("4"));
	expect_stats("p0", 4);
	o = stats_of(&other, "p0");
	ck_assert_int_eq(json_object_get_int(json_object_object_get(o, "oerrors")), 4);
	json_object_put(o);
	talk_close(&other);
	provide_close(&p);
}
END_TEST

/* One goes in place of an answer, the other one answers. */
START_TEST(test_count_dying)
{
	struct json_object *o;
	struct provided dies, lives;

	provide(&dies, SERVICE);
	provide(&lives, GUEST);
	ask_stats("{}");
	provide_close(&dies);
	talk_settle(pw.loop);
	ck_assert(!talk_has_message(&pw.admin));
	expect_asked(&lives);
	provide_say(&lives, "Count", COUNTS("1"));
	ck_assert(talk_has_message(&pw.admin));
	o = stats_of(&pw.admin, "p1");
	json_object_put(o);
	ask_stats("{}");
	provide_close(&lives);
	talk_settle(pw.loop);
	ck_assert(talk_has_message(&pw.admin));
	json_object_put(talk_receive(&pw.admin));
	ck_assert_ptr_null(pw.api->questions);
}
END_TEST

START_TEST(test_asker_gone)
{
	struct provided p;
	struct talk other;

	provide(&p, SERVICE);
	talk_open(&other, pw.loop, pw.path);
	ck_assert(talk_request(&other, "{\"method\":\"" CONTROL "GetStats\"}"));
	talk_settle(pw.loop);
	ck_assert_ptr_nonnull(pw.api->questions);
	talk_close(&other);
	talk_settle(pw.loop);
	ck_assert_ptr_null(pw.api->questions);
	expect_asked(&p);
	provide_say(&p, "Count", COUNTS("5"));
	ck_assert_uint_eq(provide_resource("p0")->counts.ierrors, 5);
	provide_close(&p);
}
END_TEST

START_TEST(test_subject_gone)
{
	struct json_object *reply;
	struct provided p;

	provide(&p, SERVICE);
	ask_stats("{\"vnet\":\"vnet0\"}");
	ck_assert_int_eq(manager_vnet_del(pw.manager, "vnet0", NULL), 0);
	reply = talk_receive(&pw.admin);
	ck_assert_str_eq(talk_error(reply), CONTROL "NotFound");
	json_object_put(reply);
	provide_close(&p);
}
END_TEST

/* The question goes with the API, and before it the one who was asked. */
START_TEST(test_stop_while_asking)
{
	struct provided p;

	provide(&p, SERVICE);
	ask_stats("{}");
	api_free(pw.api);
	pw.api = NULL;
	talk_expect_eof(&pw.admin);
	ck_assert_ptr_nonnull(provide_resource("p0"));
	provide_close(&p);
}
END_TEST

/* --- who does not keep to the rules --- */

static void expect_cut(struct provided *p)
{
	talk_settle(pw.loop);
	ck_assert_ptr_null(provide_resource("p0"));
	ck_assert_ptr_null(pw.api->providers);
	talk_expect_eof(&p->talk);
	provide_close(p);
	admin_do("GetStatus", "{}");
}

START_TEST(test_garbage)
{
	struct provided p;

	provide(&p, SERVICE);
	ck_assert(talk_request(&p.talk, "what is this"));
	expect_cut(&p);
}
END_TEST

START_TEST(test_too_long)
{
	static char lots[2 * SERVER_MESSAGE_BYTES_MAX];
	struct provided p;

	provide(&p, SERVICE);
	memset(lots, ' ', sizeof(lots));
	talk_send(&p.talk, lots, sizeof(lots));
	expect_cut(&p);
}
END_TEST

START_TEST(test_half_message)
{
	static const char report[] = "{\"method\":\"" CONTROL "Report\",\"oneway\":true,"
				     "\"parameters\":{\"state\":\"down\"}}";
	struct provided p;

	provide(&p, SERVICE);
	for (size_t i = 0; i < sizeof(report); i++) {
		expect_state_of(RESOURCE_UP, "");
		ck_assert(talk_send(&p.talk, &report[i], 1));
		talk_settle(pw.loop);
	}
	expect_state_of(RESOURCE_DOWN, "");
	provide_close(&p);
}
END_TEST

static unsigned int descriptors(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Descriptors that a client sends along are nobody's. */
START_TEST(test_fds_of_its_own)
{
	static const char report[] = "{\"method\":\"" CONTROL "Report\",\"oneway\":true,"
				     "\"parameters\":{\"state\":\"down\"}}";
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec part = { (char *)report, sizeof(report) };
	struct msghdr m = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes };
	unsigned int before;
	struct provided p;
	int fd = 0;

	provide(&p, SERVICE);
	talk_settle(pw.loop);
	before = descriptors();
	m.msg_controllen = sizeof(control.bytes);
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	ck_assert_int_eq(sendmsg(p.talk.fd, &m, 0), sizeof(report));
	talk_settle(pw.loop);
	expect_state_of(RESOURCE_DOWN, "");
	ck_assert_uint_eq(descriptors(), before);
	provide_close(&p);
}
END_TEST

/* A request that wants an answer waits for the end of the stream, and what follows it as well. */
START_TEST(test_other_requests_wait)
{
	struct json_object *reply;
	struct provided p;

	provide(&p, SERVICE);
	ck_assert(talk_request(&p.talk, "{\"method\":\"" CONTROL "GetStatus\"}"));
	provide_say(&p, "Report", "{\"state\":\"down\"}");
	provide_expect_silence(&p);
	expect_state_of(RESOURCE_UP, "");
	admin_do("DeleteResource", "{\"vnet\":\"vnet0\",\"name\":\"p0\"}");
	provide_next(&p, "removed", &reply);
	json_object_put(reply);
	reply = talk_receive(&p.talk);
	ck_assert_int_eq(talk_number(reply, "resources"), 0);
	json_object_put(reply);
	provide_close(&p);
}
END_TEST

/* On the connection of another stream there is nothing to be reported. */
START_TEST(test_not_a_provider)
{
	struct provided p, monitor = { .fd_count = 0 };

	provide(&p, SERVICE);
	talk_open(&monitor.talk, pw.loop, pw.path);
	ck_assert(talk_request(&monitor.talk, "{\"method\":\"" CONTROL "Monitor\",\"more\":true}"));
	json_object_put(talk_receive(&monitor.talk));
	provide_say(&monitor, "Report", "{\"state\":\"failed\"}");
	provide_say(&monitor, "Withdraw", "{}");
	provide_say(&monitor, "Count", COUNTS("1"));
	provide_expect_silence(&monitor);
	expect_state_of(RESOURCE_UP, "");
	ck_assert_uint_eq(provide_resource("p0")->counts.ierrors, 0);
	talk_close(&monitor.talk);
	provide_close(&p);
}
END_TEST

/* Who leaves replies unread cannot be handed descriptors. */
START_TEST(test_socket_full)
{
	struct provided p = { .fd_count = 0 };
	size_t links = pw.fake->link_count;

	talk_open(&p.talk, pw.loop, pw.path);
	for (int i = 0; i < 60; i++)
		ck_assert(talk_request(&p.talk, "{\"method\":"
						"\"org.varlink.service.GetInterfaceDescription\","
						"\"parameters\":{\"interface\":"
						"\"io.vnetd.Control\"}}"));
	provide_send(&p, SERVICE);
	talk_settle(pw.loop);
	ck_assert_ptr_null(provide_resource("p0"));
	ck_assert_ptr_null(pw.api->providers);
	ck_assert_uint_eq(server_connections(pw.api->server), 1);
	/* What was made for it is gone. */
	ck_assert_uint_eq(pw.fake->link_count, links);
	provide_close(&p);
}
END_TEST

/* Who says much and reads nothing: its reports count, and others are served meanwhile. */
START_TEST(test_flood)
{
	static const char report[] = "{\"method\":\"" CONTROL "Report\",\"oneway\":true,"
				     "\"parameters\":{\"state\":\"down\"}}";
	struct provided p;

	provide(&p, SERVICE);
	for (int i = 0; i < 1000; i++)
		send(p.talk.fd, report, sizeof(report), MSG_DONTWAIT);
	admin_do("GetStatus", "{}");
	ck_assert_ptr_nonnull(provide_resource("p0"));
	talk_settle(pw.loop);
	expect_state_of(RESOURCE_DOWN, "");
	provide_close(&p);
}
END_TEST

int main(void)
{
	TCase *tc;
	Suite *s = unit_suite("provide stream", &tc);

	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, provide_folder_make, provide_folder_remove);
	tcase_add_checked_fixture(tc, provide_setup, provide_teardown);
	tcase_add_test(tc, test_state);
	tcase_add_test(tc, test_started);
	tcase_add_test(tc, test_groups);
	tcase_add_test(tc, test_groups_without_news);
	tcase_add_test(tc, test_upper_elsewhere);
	tcase_add_test(tc, test_slow_reader);
	tcase_add_test(tc, test_report);
	tcase_add_test(tc, test_report_told);
	tcase_add_loop_test(tc, test_bad_report, 0, UTIL_ARRAY_SIZE(bad_reports));
	tcase_add_test(tc, test_count);
	tcase_add_test(tc, test_count_of_others);
	tcase_add_test(tc, test_count_silent);
	tcase_add_test(tc, test_count_dying);
	tcase_add_test(tc, test_asker_gone);
	tcase_add_test(tc, test_subject_gone);
	tcase_add_test(tc, test_stop_while_asking);
	tcase_add_test(tc, test_garbage);
	tcase_add_test(tc, test_too_long);
	tcase_add_test(tc, test_half_message);
	tcase_add_test(tc, test_fds_of_its_own);
	tcase_add_test(tc, test_other_requests_wait);
	tcase_add_test(tc, test_not_a_provider);
	tcase_add_test(tc, test_socket_full);
	tcase_add_test(tc, test_flood);
	return unit_run(s);
}
