// SPDX-License-Identifier: GPL-2.0-or-later
/* libvnet: vnets on uplinks as programs make, steer and remove them. */
#include <errno.h>

#include "unit.h"
#include "varlink_fake.h"
#include "vnet/vnet.h"

#define ASK(method, parameters)                                                                    \
	"{\"method\":\"io.vnetd.Control." method "\",\"parameters\":" parameters "}"
#define OK "{\"parameters\":{}}"
#define NOT_FOUND                                                                                  \
	"{\"error\":\"io.vnetd.Control.NotFound\",\"parameters\":{\"message\":\"there is none\","  \
	"\"errno\":2}}"

static struct varlink_fake fake;
static struct vnet_client *client;

static void start(const struct varlink_fake_step *steps)
{
	varlink_fake_start(&fake, steps);
	ck_assert_int_eq(vnet_client_open(fake.path, 5000, &client), 0);
}

static void stop(void)
{
	vnet_client_close(client);
	varlink_fake_stop(&fake);
}

static void asked(const char *request)
{
	ck_assert_str_eq(varlink_fake_request(&fake), request);
}

START_TEST(creates)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, OK }, { FAKE_ANSWER, OK }, { FAKE_ANSWER, NOT_FOUND }, { FAKE_END }
	};

	start(steps);
	ck_assert_int_eq(vnet_create(client, "up0", "a", "02:00:00:00:00:0a"), 0);
	asked(ASK("AddVnet", "{\"name\":\"a\",\"uplink\":\"up0\",\"settings\":{\"address\":"
			     "\"02:00:00:00:00:0a\"}}"));
	ck_assert_int_eq(vnet_create(client, "up0", "b", NULL), 0);
	asked(ASK("AddVnet", "{\"name\":\"b\",\"uplink\":\"up0\",\"settings\":{}}"));
	ck_assert_int_eq(vnet_create(client, "up9", "b", NULL), -ENOENT);
	ck_assert_str_eq(vnet_client_error(client)->message, "there is none");
	ck_assert_int_eq(vnet_create(client, NULL, "b", NULL), -EINVAL);
	ck_assert_str_eq(vnet_client_error(client)->message, "the uplink is missing");
	ck_assert_int_eq(vnet_create(client, "up0", NULL, NULL), -EINVAL);
	stop();
}
END_TEST

#define FLOWS                                                                                      \
	"{\"parameters\":{\"flows\":["                                                             \
	"{\"owner\":\"up0\",\"name\":\"web\",\"to\":\"vnet a\"},"                                  \
	"{\"owner\":\"up0\",\"name\":\"other\",\"to\":\"vnet ab\"},"                               \
	"{\"owner\":\"v\",\"name\":\"none\",\"to\":\"none\"},"                                     \
	"{\"owner\":\"up1\",\"name\":\"gone\",\"to\":\"vnet a\"}]}}"

/* Its flows go with it, no others; one that has gone meanwhile is no failure. */
START_TEST(destroys)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"parameters\":{\"vnets\":[{}]}}" },
		{ FAKE_ANSWER, FLOWS },
		{ FAKE_ANSWER, OK },
		{ FAKE_ANSWER, NOT_FOUND },
		{ FAKE_ANSWER, OK },
		{ FAKE_ANSWER, NOT_FOUND },
		{ FAKE_END },
	};

	start(steps);
	ck_assert_int_eq(vnet_destroy(client, "a"), 0);
	asked(ASK("ListVnets", "{\"name\":\"a\"}"));
	asked(ASK("ListFlows", "{}"));
	asked(ASK("DeleteFlow", "{\"owner\":\"up0\",\"name\":\"web\"}"));
	asked(ASK("DeleteFlow", "{\"owner\":\"up1\",\"name\":\"gone\"}"));
	asked(ASK("DeleteVnet", "{\"name\":\"a\"}"));
	ck_assert_int_eq(vnet_destroy(client, "none"), -ENOENT);
	asked(ASK("ListVnets", "{\"name\":\"none\"}"));
	ck_assert_int_eq(vnet_destroy(client, NULL), -EINVAL);
	stop();
}
END_TEST

/* A flow that cannot be removed keeps the vnet. */
START_TEST(destroys_in_order)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"parameters\":{\"vnets\":[{}]}}" },
		{ FAKE_ANSWER, FLOWS },
		{ FAKE_ANSWER, "{\"error\":\"io.vnetd.Control.Failed\",\"parameters\":{\"message\":"
			       "\"no\",\"errno\":5}}" },
		{ FAKE_END },
	};

	start(steps);
	ck_assert_int_eq(vnet_destroy(client, "a"), -EIO);
	ck_assert_str_eq(vnet_client_error(client)->message, "no");
	stop();
}
END_TEST

START_TEST(steers)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"parameters\":{\"resources\":[{\"uplink\":null},"
			       "{\"uplink\":\"up0\"},{}]}}" },
		{ FAKE_ANSWER, OK },
		{ FAKE_ANSWER, OK },
		{ FAKE_ANSWER, "{\"parameters\":{\"resources\":[{\"uplink\":null}]}}" },
		{ FAKE_ANSWER,
		  "{\"parameters\":{\"resources\":[{\"uplink\":\"a\"},{\"uplink\":\"b\"}]}}" },
		{ FAKE_END },
	};
	static const struct vnet_setting web[] = { { "proto", "tcp" }, { "rank", "7" } };
	static const struct vnet_setting mac[] = { { "address", "02:00:00:00:00:0c" } };
	static const struct vnet_setting to[] = { { "to", "xsk" } };

	start(steps);
	ck_assert_int_eq(vnet_steer(client, "a", "web", web, 2), 0);
	asked(ASK("ListResources", "{\"vnet\":\"a\"}"));
	asked(ASK("AddFlow", "{\"owner\":\"up0\",\"name\":\"web\",\"settings\":{\"proto\":\"tcp\","
			     "\"rank\":7,\"dir\":\"in\",\"to\":\"vnet a\"}}"));
	ck_assert_int_eq(vnet_steer(client, "a", NULL, mac, 1), 0);
	asked(ASK("SetVnet", "{\"name\":\"a\",\"settings\":{\"address\":\"02:00:00:00:00:0c\"}}"));
	ck_assert_int_eq(vnet_steer(client, "a", "web", web, 2), -ENODEV);
	ck_assert_str_eq(vnet_client_error(client)->message, "a: it is on no uplink: expected one");
	ck_assert_int_eq(vnet_steer(client, "a", "web", web, 2), -ENODEV);
	ck_assert_str_eq(vnet_client_error(client)->message,
			 "a: it is on more than one uplink: expected one");
	/* What is wrong by itself is not asked about. */
	ck_assert_int_eq(vnet_steer(client, "a", "web", to, 1), -EINVAL);
	ck_assert_str_eq(vnet_client_error(client)->field, "to");
	ck_assert_int_eq(vnet_steer(client, "a", NULL, web, 2), -EINVAL);
	ck_assert_str_eq(vnet_client_error(client)->field, "address");
	ck_assert_int_eq(vnet_steer(client, "a", NULL, NULL, 0), -EINVAL);
	ck_assert_int_eq(vnet_steer(client, "a", "web", NULL, 1), -EINVAL);
	ck_assert_int_eq(vnet_steer(client, NULL, "web", web, 2), -EINVAL);
	stop();
}
END_TEST

START_TEST(answers_that_are_none)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"parameters\":{\"resources\":7}}" },
		{ FAKE_END },
	};

	start(steps);
	ck_assert_int_eq(vnet_steer(client, "a", "web", NULL, 0), -EPROTO);
	stop();
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("vnic", &t);

	tcase_add_test(t, creates);
	tcase_add_test(t, destroys);
	tcase_add_test(t, destroys_in_order);
	tcase_add_test(t, steers);
	tcase_add_test(t, answers_that_are_none);
	return unit_run(s);
}
