// SPDX-License-Identifier: GPL-2.0-or-later
/* libvnet's connection and its calls, against a server that says what a script tells it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"
#include "varlink_fake.h"
#include "vnet/vnet.h"

#define ERROR(name, parameters)                                                                    \
	"{\"error\":\"io.vnetd.Control." name "\",\"parameters\":" parameters "}"

static struct varlink_fake fake;
static struct vnet_client *client;

static void start_with_timeout(const struct varlink_fake_step *steps, int timeout_ms)
{
	varlink_fake_start(&fake, steps);
	ck_assert_int_eq(vnet_client_open(fake.path, timeout_ms, &client), 0);
}

static void start(const struct varlink_fake_step *steps)
{
	start_with_timeout(steps, 5000);
}

static void stop(void)
{
	vnet_client_close(client);
	varlink_fake_stop(&fake);
}

static void assert_error(enum vnet_error_kind kind, int number, const char *message,
			 const char *object, const char *field)
{
	const struct vnet_error *e = vnet_client_error(client);

	ck_assert_int_eq(e->kind, kind);
	ck_assert_int_eq(e->number, number);
	ck_assert_str_eq(e->message, message);
	ck_assert_str_eq(e->object, object);
	ck_assert_str_eq(e->field, field);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* --- opening --- */

/* Binds, and leaves behind a socket that nobody listens on, or one that listens. */
static int bound_socket(char path[64], int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(path, "/tmp/vnet-client.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(path));
	strcat(path, "/s");
	strcpy(address.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (backlog >= 0)
		ck_assert_int_eq(listen(fd, backlog), 0);
	return fd;
}

static void remove_socket(int fd, char path[64])
{
	close(fd);
	unlink(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

START_TEST(open_fails_for_each_reason)
{
	struct vnet_client *untouched = (struct vnet_client *)&fake;
	char path[64], long_path[200];
	int fd;

	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	client = untouched;
	ck_assert_int_eq(vnet_client_open("/nonexistent/socket", 100, &client), -ENOENT);
	ck_assert_int_eq(vnet_client_open("", 100, &client), -ENOENT);
	ck_assert_int_eq(vnet_client_open(long_path, 100, &client), -ENAMETOOLONG);
	ck_assert_int_eq(vnet_client_open("/nonexistent/socket", 100, NULL), -EINVAL);
	fd = bound_socket(path, -1);
	ck_assert_int_eq(vnet_client_open(path, 100, &client), -ECONNREFUSED);
	remove_socket(fd, path);
	ck_assert_ptr_eq(client, untouched);
}
END_TEST

START_TEST(open_needs_permission)
{
	char path[64];
	int fd = bound_socket(path, 1);

	ck_assert_int_eq(chmod(path, 0), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(vnet_client_open(path, 100, &client), -EACCES);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	remove_socket(fd, path);
}
END_TEST

/* Nobody accepts: connections wait in the backlog, and then for a place in it. */
START_TEST(open_times_out_with_a_full_backlog)
{
	struct vnet_client *waiting[4] = { NULL };
	char path[64];
	int fd = bound_socket(path, 0), r = 0, i;
	int64_t before_ms = 0;

	for (i = 0; r == 0 && i < 4; i++) {
		before_ms = now_ms();
		r = vnet_client_open(path, 50, &waiting[i]);
	}
	ck_assert_int_eq(r, -ETIMEDOUT);
	ck_assert_int_ge(now_ms() - before_ms, 49);
	for (i = 0; i < 4; i++)
		vnet_client_close(waiting[i]);
	remove_socket(fd, path);
}
END_TEST

START_TEST(close_and_free_take_null)
{
	vnet_client_close(NULL);
	vnet_free(NULL);
}
END_TEST

/* --- the calls --- */

START_TEST(many_changes_are_kept_together)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_END },
	};

	start(steps);
	ck_assert_int_eq(vnet_keep_later(client), 0);
	ck_assert_int_eq(vnet_keep(client), 0); /* there is nothing to ask for */
	ck_assert_int_eq(vnet_delete(client, "vnet0"), 0);
	ck_assert_int_eq(vnet_resource_delete(client, "vnet0", "g1"), 0);
	ck_assert_int_eq(vnet_keep(client), 0);
	ck_assert_int_eq(vnet_keep(client), 0);
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "\"later\":true"));
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "\"later\":true"));
	ck_assert_ptr_nonnull(strstr(varlink_fake_request(&fake), "io.vnetd.Control.Keep"));
}
END_TEST

START_TEST(changes_send_what_they_were_given)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{\"parameters\":{}}" },
		{ FAKE_ANSWER, "{\"parameters\":{},\"continues\":false}" },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_END },
	};
	static const struct vnet_setting add[] = {
		{ "address", "02:00:00:00:00:01" },
		{ "mtu", "9000" },
		{ "guard", "off" },
		{ "vlans", "10,20-29" },
		{ "pvid", "inherit" },
		{ "promiscuous", "on" },
		{ "hybrid_needs_service", "yes" },
		{ "monitor_interval", "0" },
		{ "storm_limit", "none" },
	};
	static const struct vnet_setting guest[] = {
		{ "type", "guest" },
		{ "device", "7" },
		{ "priority", "-1" },
		{ "new_key", "8" },
	};
	static const struct vnet_setting admin = { "admin", "down" };
	static const struct vnet_setting guard = { "guard", "true" };

	start(steps);
	ck_assert_int_eq(vnet_add(client, "vnet0", add, 9), 0);
	ck_assert_int_eq(vnet_add(client, "q\"\n", NULL, 0), 0);
	ck_assert_int_eq(vnet_set(client, "vnet0", &guard, 1), 0);
	ck_assert_int_eq(vnet_delete(client, "vnet0"), 0);
	ck_assert_int_eq(vnet_resource_add(client, "vnet0", "g1", guest, 4), 0);
	ck_assert_int_eq(vnet_resource_set(client, "vnet0", "g1", &admin, 1), 0);
	ck_assert_int_eq(vnet_resource_delete(client, "vnet0", "g1"), 0);
	ck_assert_int_eq(vnet_reload(client), 0);
	ck_assert_int_eq(vnet_flush(client), 0);
	assert_error(VNET_ERROR_NONE, 0, "", "", "");

#define ASSERT_REQUEST(method, parameters)                                                         \
	ck_assert_str_eq(varlink_fake_request(&fake), "{\"method\":\"io.vnetd.Control." method     \
						      "\",\"parameters\":" parameters "}")
	ASSERT_REQUEST("AddVnet",
		       "{\"name\":\"vnet0\",\"settings\":{\"address\":\"02:00:00:00:00:01\","
		       "\"mtu\":9000,\"guard\":false,\"vlans\":\"10,20-29\",\"pvid\":0,"
		       "\"promiscuous\":\"on\",\"hybrid_needs_service\":true,"
		       "\"monitor_interval\":0,\"storm_limit\":0}}");
	ASSERT_REQUEST("AddVnet", "{\"name\":\"q\\\"\\n\",\"settings\":{}}");
	ASSERT_REQUEST("SetVnet", "{\"name\":\"vnet0\",\"settings\":{\"guard\":true}}");
	ASSERT_REQUEST("DeleteVnet", "{\"name\":\"vnet0\"}");
	ASSERT_REQUEST("AddResource",
		       "{\"vnet\":\"vnet0\",\"name\":\"g1\",\"settings\":{\"type\":\"guest\","
		       "\"device\":\"7\",\"priority\":-1,\"new_key\":\"8\"}}");
	ASSERT_REQUEST("SetResource",
		       "{\"vnet\":\"vnet0\",\"name\":\"g1\",\"settings\":{\"admin\":\"down\"}}");
	ASSERT_REQUEST("DeleteResource", "{\"vnet\":\"vnet0\",\"name\":\"g1\"}");
	ASSERT_REQUEST("Reload", "{}");
	ASSERT_REQUEST("Flush", "{}");
	stop();
}
END_TEST

static void assert_text(int r, char **text, const char *expected)
{
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(*text, expected);
	vnet_free(*text);
	*text = NULL;
}

START_TEST(questions_give_the_answer_as_text)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"parameters\": {\"vnets\": [ {\"name\": \"a/b\"} ]}}" },
		{ FAKE_PIECES, "{\"parameters\":{\"vnets\":[]}}" },
		{ FAKE_ANSWER, "{\"parameters\":{\"resources\":[1]}}" },
		{ FAKE_ANSWER, "{\"parameters\":{\"entries\":[2]}}" },
		{ FAKE_ANSWER, "{\"parameters\":{\"vnet\":\"v\",\"resource\":null}}" },
		{ FAKE_ANSWER, "{\"parameters\":{\"vnet\":\"v\"}}" },
		{ FAKE_ANSWER, "{\"parameters\":{\"stats\":[18446744073709551615]}}" },
		{ FAKE_ANSWER, "{\"parameters\":{\"history\":[3]}}" },
		{ FAKE_ANSWER, "{\"parameters\":{\"history\":[]}}" },
		{ FAKE_ANSWER, "{\"parameters\":{\"version\":\"1\",\"new\":true}}" },
		{ FAKE_ANSWER, "{\"parameters\":{\"files\":[\"/etc/vnet/v.vnet\"]}}" },
		{ FAKE_END },
	};
	char *text = NULL;

	start(steps);
	assert_text(vnet_list(client, NULL, &text), &text, "[{\"name\":\"a/b\"}]");
	ck_assert_int_eq(vnet_list(client, "v", NULL), 0);
	assert_text(vnet_resource_list(client, "v", "r", &text), &text, "[1]");
	assert_text(vnet_fdb_list(client, "v", &text), &text, "[2]");
	assert_text(vnet_path(client, "v", "m", -1, &text), &text,
		    "{\"vnet\":\"v\",\"resource\":null}");
	assert_text(vnet_path(client, "v", "m", 0, &text), &text, "{\"vnet\":\"v\"}");
	assert_text(vnet_stats(client, NULL, NULL, &text), &text, "[18446744073709551615]");
	assert_text(vnet_history(client, NULL, NULL, NULL, &text), &text, "[3]");
	assert_text(vnet_history(client, "v", "f",
				 &(const struct vnet_history_query) {
					 .since_s = 60, .interval_s = 20, .samples = 3 },
				 &text),
		    &text, "[]");
	assert_text(vnet_status(client, &text), &text, "{\"version\":\"1\",\"new\":true}");
	assert_text(vnet_save(client, &text), &text, "{\"files\":[\"/etc/vnet/v.vnet\"]}");

	ASSERT_REQUEST("ListVnets", "{}");
	ASSERT_REQUEST("ListVnets", "{\"name\":\"v\"}");
	ASSERT_REQUEST("ListResources", "{\"vnet\":\"v\",\"name\":\"r\"}");
	ASSERT_REQUEST("ListFdb", "{\"vnet\":\"v\"}");
	ASSERT_REQUEST("GetPath", "{\"vnet\":\"v\",\"mac\":\"m\"}");
	ASSERT_REQUEST("GetPath", "{\"vnet\":\"v\",\"mac\":\"m\",\"vlan\":0}");
	ASSERT_REQUEST("GetStats", "{}");
	ASSERT_REQUEST("GetHistory", "{}");
	ASSERT_REQUEST("GetHistory", "{\"owner\":\"v\",\"name\":\"f\",\"since\":60,"
				     "\"interval\":20,\"samples\":3}");
	ASSERT_REQUEST("GetStatus", "{}");
	ASSERT_REQUEST("Save", "{}");
	stop();
}
END_TEST

START_TEST(any_method_can_be_called)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"parameters\":{\"a\":1}}" },
		{ FAKE_ANSWER, "{\"parameters\":{\"b\":2}}" },
		{ FAKE_END },
	};
	char *text = NULL;

	start(steps);
	ck_assert_int_eq(vnet_client_call(client, "ListVnets", "[1]", &text), -EINVAL);
	assert_error(VNET_ERROR_LOCAL, EINVAL, "the parameters of ListVnets are not a JSON object",
		     "", "");
	ck_assert_int_eq(vnet_client_call(client, "ListVnets", "{} x", &text), -EINVAL);
	ck_assert_int_eq(vnet_client_call(client, "ListVnets", "{\"a\":\"\xff\"}", &text), -EINVAL);
	ck_assert_int_eq(vnet_client_call(client, NULL, NULL, &text), -EINVAL);
	ck_assert_ptr_null(text);
	assert_text(vnet_client_call(client, "ListVnets", " {\"name\":\"v\"}", &text), &text,
		    "{\"a\":1}");
	assert_text(vnet_client_call(client, "org.varlink.service.GetInfo", NULL, &text), &text,
		    "{\"b\":2}");
	ASSERT_REQUEST("ListVnets", "{\"name\":\"v\"}");
	ck_assert_str_eq(varlink_fake_request(&fake),
			 "{\"method\":\"org.varlink.service.GetInfo\",\"parameters\":{}}");
	stop();
}
END_TEST

/* --- what the library refuses by itself --- */

START_TEST(settings_of_the_wrong_type_are_not_sent)
{
	static const struct {
		struct vnet_setting setting;
		const char *message;
	} wrong[] = {
		{ { "mtu", "1500x" }, "vnet0: mtu 1500x is not a whole number" },
		{ { "mtu", "" }, "vnet0: mtu  is not a whole number" },
		{ { "mtu", " 1" }, "vnet0: mtu  1 is not a whole number" },
		{ { "mtu", "+1" }, "vnet0: mtu +1 is not a whole number" },
		{ { "mtu", "-" }, "vnet0: mtu - is not a whole number" },
		{ { "pvid", "0x10" }, "vnet0: pvid 0x10 is not a whole number or inherit" },
		{ { "priority", "1.5" }, "vnet0: priority 1.5 is not a whole number" },
		{ { "monitor_interval", "99999999999999999999" },
		  "vnet0: monitor_interval 99999999999999999999 is not a whole number" },
		{ { "storm_limit", "None" },
		  "vnet0: storm_limit None is not a whole number or none" },
		{ { "guard", "1" }, "vnet0: guard 1 is not on or off" },
		{ { "guard", "ON" }, "vnet0: guard ON is not on or off" },
		{ { "hybrid_needs_service", "maybe" },
		  "vnet0: hybrid_needs_service maybe is not on or off" },
		{ { "mtu", NULL }, "vnet0: mtu has no value" },
	};
	static const struct varlink_fake_step steps[] = { { FAKE_ANSWER, "{}" }, { FAKE_END } };
	size_t i;

	start(steps);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_int_eq(vnet_set(client, "vnet0", &wrong[i].setting, 1), -EINVAL);
		assert_error(VNET_ERROR_LOCAL, EINVAL, wrong[i].message, "vnet0",
			     wrong[i].setting.key);
		ck_assert_int_eq(vnet_setting_check(&wrong[i].setting, NULL), -EINVAL);
	}
	/* The handle is as good as before, and nothing was sent. */
	ck_assert_int_eq(vnet_reload(client), 0);
	ASSERT_REQUEST("Reload", "{}");
	stop();
}
END_TEST

START_TEST(missing_parameters_are_refused)
{
	static const struct vnet_setting nothing = { NULL, "x" };
	static const struct vnet_setting twice[] = { { "mtu", "1" }, { "mtu", "2" } };
	static const struct varlink_fake_step steps[] = { { FAKE_END } };

	start(steps);
	ck_assert_int_eq(vnet_add(client, NULL, NULL, 0), -EINVAL);
	assert_error(VNET_ERROR_LOCAL, EINVAL, "the name is missing", "", "");
	ck_assert_int_eq(vnet_add(client, "v", NULL, 1), -EINVAL);
	assert_error(VNET_ERROR_LOCAL, EINVAL, "v: the settings are missing", "v", "");
	ck_assert_int_eq(vnet_add(client, "v", &nothing, 1), -EINVAL);
	assert_error(VNET_ERROR_LOCAL, EINVAL, "v: a setting has no key", "v", "");
	ck_assert_int_eq(vnet_resource_set(client, "v", "r", twice, 2), -EINVAL);
	assert_error(VNET_ERROR_LOCAL, EINVAL, "v/r: mtu is given twice", "v/r", "mtu");
	ck_assert_int_eq(vnet_resource_add(client, NULL, "r", NULL, 0), -EINVAL);
	assert_error(VNET_ERROR_LOCAL, EINVAL, "the vnet is missing", "", "");
	ck_assert_int_eq(vnet_resource_add(client, "v", NULL, NULL, 0), -EINVAL);
	ck_assert_int_eq(vnet_resource_delete(client, "v", NULL), -EINVAL);
	ck_assert_int_eq(vnet_resource_delete(client, NULL, "r"), -EINVAL);
	ck_assert_int_eq(vnet_delete(client, NULL), -EINVAL);
	ck_assert_int_eq(vnet_path(client, NULL, "m", -1, NULL), -EINVAL);
	ck_assert_int_eq(vnet_path(client, "v", NULL, -1, NULL), -EINVAL);
	assert_error(VNET_ERROR_LOCAL, EINVAL, "the MAC is missing", "", "");
	stop();
}
END_TEST

START_TEST(a_check_says_what_was_expected)
{
	const char *expected = NULL;

	ck_assert_int_eq(vnet_setting_check(&(struct vnet_setting) { "mtu", "x" }, &expected),
			 -EINVAL);
	ck_assert_str_eq(expected, "a whole number");
	ck_assert_int_eq(vnet_setting_check(&(struct vnet_setting) { "guard", "x" }, &expected),
			 -EINVAL);
	ck_assert_str_eq(expected, "on or off");
	ck_assert_int_eq(vnet_setting_check(&(struct vnet_setting) { NULL, "x" }, &expected),
			 -EINVAL);
	ck_assert_int_eq(vnet_setting_check(&(struct vnet_setting) { "mtu", "-5" }, NULL), 0);
	ck_assert_int_eq(vnet_setting_check(&(struct vnet_setting) { "guard", "no" }, NULL), 0);
	ck_assert_int_eq(vnet_setting_check(&(struct vnet_setting) { "upper", "" }, NULL), 0);
}
END_TEST

/* --- refusals --- */

struct refusal {
	const char *reply;
	enum vnet_error_kind kind;
	int number;
	const char *message, *object, *field;
};

static const struct refusal refusals[] = {
	{ ERROR("NotFound",
		"{\"message\":\"vnet0: no such vnet\",\"errno\":2,\"object\":\"vnet0\"}"),
	  VNET_ERROR_NOT_FOUND, ENOENT, "vnet0: no such vnet", "vnet0", "" },
	{ ERROR("Exists", "{\"message\":\"m\",\"errno\":17,\"object\":\"vnet0/g1\"}"),
	  VNET_ERROR_EXISTS, EEXIST, "m", "vnet0/g1", "" },
	{ ERROR("Invalid",
		"{\"message\":\"m\",\"errno\":22,\"object\":\"vnet0\",\"field\":\"mtu\"}"),
	  VNET_ERROR_INVALID, EINVAL, "m", "vnet0", "mtu" },
	{ ERROR("Busy", "{\"message\":\"m\",\"errno\":16,\"object\":null}"), VNET_ERROR_BUSY, EBUSY,
	  "m", "", "" },
	{ ERROR("Permission", "{\"message\":\"m\",\"errno\":13}"), VNET_ERROR_PERMISSION, EACCES,
	  "m", "", "" },
	{ ERROR("Failed", "{\"message\":\"m\",\"errno\":28}"), VNET_ERROR_FAILED, ENOSPC, "m", "",
	  "" },
	/* without errno, or with an impossible one */
	{ ERROR("NotFound", "{\"message\":\"m\"}"), VNET_ERROR_NOT_FOUND, ENOENT, "m", "", "" },
	{ ERROR("Exists", "{\"message\":\"m\",\"errno\":0}"), VNET_ERROR_EXISTS, EEXIST, "m", "",
	  "" },
	{ ERROR("Invalid", "{\"message\":\"m\",\"errno\":-22}"), VNET_ERROR_INVALID, EINVAL, "m",
	  "", "" },
	{ ERROR("Busy", "{\"message\":\"m\",\"errno\":99999}"), VNET_ERROR_BUSY, EBUSY, "m", "",
	  "" },
	{ ERROR("Permission", "{\"message\":\"m\",\"errno\":\"x\"}"), VNET_ERROR_PERMISSION, EPERM,
	  "m", "", "" },
	{ ERROR("Failed", "{\"message\":\"m\"}"), VNET_ERROR_FAILED, EIO, "m", "", "" },
	/* unknown ones */
	{ ERROR("Full", "{\"message\":\"m\"}"), VNET_ERROR_FAILED, EIO, "m", "", "" },
	{ ERROR("Invalid", "{}"), VNET_ERROR_INVALID, EINVAL,
	  "vnetd answered with the error io.vnetd.Control.Invalid", "", "" },
	{ "{\"error\":\"com.example.NotFound\"}", VNET_ERROR_FAILED, EIO,
	  "vnetd answered with the error com.example.NotFound", "", "" },
	/* those of any Varlink service */
	{ "{\"error\":\"org.varlink.service.InvalidParameter\","
	  "\"parameters\":{\"parameter\":\"settings.mtu\"}}",
	  VNET_ERROR_INVALID, EINVAL,
	  "settings.mtu: vnetd does not know this parameter, or not with such a value", "",
	  "settings.mtu" },
	{ "{\"error\":\"org.varlink.service.MethodNotFound\","
	  "\"parameters\":{\"method\":\"io.vnetd.Control.X\"}}",
	  VNET_ERROR_FAILED, EOPNOTSUPP, "io.vnetd.Control.X: vnetd has no method of this name", "",
	  "io.vnetd.Control.X" },
	{ "{\"error\":\"org.varlink.service.InterfaceNotFound\",\"parameters\":{}}",
	  VNET_ERROR_FAILED, EOPNOTSUPP, "vnetd has no interface of this name", "", "" },
	{ "{\"error\":\"org.varlink.service.PermissionDenied\"}", VNET_ERROR_PERMISSION, EPERM,
	  "vnetd does not permit this", "", "" },
	{ "{\"error\":\"org.varlink.service.New\"}", VNET_ERROR_FAILED, EIO,
	  "vnetd answered with the error org.varlink.service.New", "", "" },
};

START_TEST(refusals_are_told_whole)
{
	const struct refusal *x = &refusals[_i];
	const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, x->reply },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_END },
	};

	start(steps);
	ck_assert_int_eq(vnet_delete(client, "vnet0"), -x->number);
	assert_error(x->kind, x->number, x->message, x->object, x->field);
	/* The connection is as good as before, and the error is forgotten. */
	ck_assert_int_eq(vnet_delete(client, "vnet0"), 0);
	assert_error(VNET_ERROR_NONE, 0, "", "", "");
	stop();
}
END_TEST

/* --- answers that are none --- */

static const char *const nonsense[] = {
	"hello",
	"[]",
	"null",
	"{} {}",
	"{\"parameters\":[]}",
	"{\"parameters\":{\"a\":\"\xc3\x28\"}}",
	"{\"error\":7}",
	"{\"parameters\":{}",
	"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
	"]]]]]]",
};

START_TEST(nonsense_is_a_protocol_error)
{
	const struct varlink_fake_step steps[] = { { FAKE_ANSWER, nonsense[_i] }, { FAKE_END } };

	start(steps);
	ck_assert_int_eq(vnet_reload(client), -EPROTO);
	assert_error(VNET_ERROR_PROTOCOL, EPROTO, "the answer of vnetd is not a Varlink reply", "",
		     "");
	ck_assert_int_eq(vnet_reload(client), -ENOTCONN);
	assert_error(VNET_ERROR_CONNECTION, ENOTCONN,
		     "this connection is of no more use after an earlier failure", "", "");
	stop();
}
END_TEST

START_TEST(an_answer_without_its_field_is_a_protocol_error)
{
	static const struct varlink_fake_step steps[] = { { FAKE_ANSWER, "{}" }, { FAKE_END } };
	char *text = NULL;

	start(steps);
	ck_assert_int_eq(vnet_list(client, NULL, &text), -EPROTO);
	assert_error(VNET_ERROR_PROTOCOL, EPROTO, "the answer of vnetd to ListVnets has no vnets",
		     "", "");
	ck_assert_ptr_null(text);
	stop();
}
END_TEST

START_TEST(answers_that_go_on_unasked_are_a_protocol_error)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, "{\"continues\":true}" },
		{ FAKE_END },
	};

	start(steps);
	ck_assert_int_eq(vnet_flush(client), -EPROTO);
	ck_assert_int_eq(vnet_flush(client), -ENOTCONN);
	stop();
}
END_TEST

START_TEST(silence_times_out)
{
	static const struct varlink_fake_step steps[] = { { FAKE_SILENT }, { FAKE_END } };
	int64_t before_ms, spent_ms;

	start_with_timeout(steps, 100);
	before_ms = now_ms();
	ck_assert_int_eq(vnet_reload(client), -ETIMEDOUT);
	spent_ms = now_ms() - before_ms;
	ck_assert_int_ge(spent_ms, 99);
	ck_assert_int_lt(spent_ms, 3000);
	assert_error(VNET_ERROR_TIMEOUT, ETIMEDOUT, "vnetd did not answer within 0.1 seconds", "",
		     "");
	/* Its answer may still come: to whatever is asked next. */
	ck_assert_int_eq(vnet_reload(client), -ENOTCONN);
	stop();
}
END_TEST

static void on_alarm(int number)
{
}

/* Signals neither end a wait nor prolong it. */
START_TEST(signals_do_not_disturb)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_PIECES, "{\"parameters\":{\"vnets\":[]}}" },
		{ FAKE_SILENT },
		{ FAKE_END },
	};
	const struct itimerval every_ms = { { 0, 1000 }, { 0, 1000 } };
	const struct sigaction action = { .sa_handler = on_alarm };
	int64_t before_ms;

	start_with_timeout(steps, 150);
	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &every_ms, NULL), 0);
	ck_assert_int_eq(vnet_list(client, NULL, NULL), 0);
	before_ms = now_ms();
	ck_assert_int_eq(vnet_reload(client), -ETIMEDOUT);
	ck_assert_int_ge(now_ms() - before_ms, 149);
	ck_assert_int_lt(now_ms() - before_ms, 3000);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &(struct itimerval) { 0 }, NULL), 0);
	stop();
}
END_TEST

START_TEST(the_end_of_the_connection_is_told)
{
	const struct varlink_fake_step steps[] = {
		{ FAKE_HANG_UP, _i == 0 ? "" : "{\"parameters\":{}" },
		{ FAKE_END },
	};

	start(steps);
	ck_assert_int_eq(vnet_reload(client), -ENOTCONN);
	assert_error(VNET_ERROR_CONNECTION, ENOTCONN, "vnetd has closed the connection", "", "");
	ck_assert_int_eq(vnet_reload(client), -ENOTCONN);
	stop();
}
END_TEST

/* A SIGPIPE would end this test. */
START_TEST(writing_to_nobody_raises_no_signal)
{
	char path[64];
	int listener = bound_socket(path, 1), fd;

	ck_assert_ptr_ne(signal(SIGPIPE, SIG_DFL), SIG_ERR);
	ck_assert_int_eq(vnet_client_open(path, 1000, &client), 0);
	fd = accept(listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_eq(vnet_reload(client), -ENOTCONN);
	assert_error(VNET_ERROR_CONNECTION, ENOTCONN, "vnetd has closed the connection", "", "");
	vnet_client_close(client);
	remove_socket(listener, path);
}
END_TEST

START_TEST(an_endless_answer_is_cut_off)
{
	static const struct varlink_fake_step steps[] = { { FAKE_FLOOD }, { FAKE_END } };

	start_with_timeout(steps, 60000);
	ck_assert_int_eq(vnet_list(client, NULL, NULL), -EMSGSIZE);
	assert_error(VNET_ERROR_PROTOCOL, EMSGSIZE,
		     "the answer of vnetd is longer than 67108864 bytes", "", "");
	ck_assert_int_eq(vnet_reload(client), -ENOTCONN);
	stop();
}
END_TEST

START_TEST(a_long_answer_arrives_whole)
{
	enum { NAME = 3000000 };
	char *reply = malloc(NAME + 100), *text;
	const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, reply },
		{ FAKE_ANSWER, "{}" },
		{ FAKE_END },
	};
	size_t used = sprintf(reply, "{\"parameters\":{\"vnets\":[\"");

	memset(reply + used, 'x', NAME);
	strcpy(reply + used + NAME, "\"]}}");
	start(steps);
	ck_assert_int_eq(vnet_list(client, NULL, &text), 0);
	ck_assert_uint_eq(strlen(text), NAME + 4);
	ck_assert_int_eq(text[NAME / 2], 'x');
	vnet_free(text);
	ck_assert_int_eq(vnet_reload(client), 0);
	stop();
	free(reply);
}
END_TEST

/* --- events --- */

#define STARTED		 "{\"parameters\":{\"event\":null},\"continues\":true}"
#define EVENT(name)	 "{\"parameters\":{\"event\":{\"event\":\"" name "\"}},\"continues\":true}"
#define LAST_EVENT(name) "{\"parameters\":{\"event\":{\"event\":\"" name "\"}}}"

START_TEST(events_come_in_order)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, STARTED "\n" EVENT("a") "\n" EVENT("b") "\n" LAST_EVENT("c") },
		{ FAKE_END },
	};
	struct pollfd p;
	char *text;
	int i;

	start(steps);
	ck_assert_int_eq(vnet_monitor_next(client, 0, &text), -EINVAL);
	ck_assert_int_eq(vnet_monitor_start(client), 0);
	ck_assert_str_eq(varlink_fake_request(&fake),
			 "{\"method\":\"io.vnetd.Control.Monitor\",\"more\":true,"
			 "\"parameters\":{}}");
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(vnet_monitor_next(client, 5000, &text), 1);
		ck_assert_int_eq(text[10], "abc"[i]);
		vnet_free(text);
	}
	ck_assert_int_eq(vnet_monitor_next(client, 5000, &text), -ENOTCONN);
	assert_error(VNET_ERROR_CONNECTION, ENOTCONN, "vnetd sends no more events", "", "");
	p = (struct pollfd) { .fd = vnet_client_fd(client), .events = POLLIN };
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	stop();
}
END_TEST

START_TEST(waiting_for_an_event_can_go_on)
{
	static const struct varlink_fake_step steps[] = { { FAKE_ANSWER, STARTED }, { FAKE_END } };
	char *text;

	start_with_timeout(steps, 100);
	ck_assert_int_eq(vnet_monitor_start(client), 0);
	ck_assert_int_eq(vnet_monitor_next(client, 0, &text), 0);
	ck_assert_int_eq(vnet_monitor_next(client, 20, &text), 0);
	ck_assert_int_eq(vnet_monitor_start(client), -EBUSY);
	ck_assert_int_eq(vnet_reload(client), -EBUSY);
	assert_error(VNET_ERROR_LOCAL, EBUSY, "this connection is in use for events", "", "");
	ck_assert_int_eq(vnet_monitor_next(client, 0, &text), 0);
	kill(fake.pid, SIGKILL);
	ck_assert_int_eq(vnet_monitor_next(client, VNET_TIMEOUT_NONE, &text), -ENOTCONN);
	stop();
}
END_TEST

static const struct varlink_fake_step refusing_events[] = {
	{ FAKE_ANSWER, ERROR("Permission", "{\"message\":\"no\",\"errno\":1}") },
	{ FAKE_ANSWER, "{}" },
	{ FAKE_END },
};

START_TEST(events_can_be_refused)
{
	char *text;

	start(refusing_events);
	ck_assert_int_eq(vnet_monitor_start(client), -EPERM);
	ck_assert_int_eq(vnet_monitor_next(client, 0, &text), -EINVAL);
	ck_assert_int_eq(vnet_monitor_start(client), -EPROTO); /* one answer, none to follow */
	ck_assert_int_eq(vnet_monitor_next(client, 0, &text), -ENOTCONN);
	stop();
}
END_TEST

struct heard {
	int calls;
	int stop_after;
	char last[64];
};

static int on_event(void *context, const char *event)
{
	struct heard *h = context;

	h->calls++;
	snprintf(h->last, sizeof(h->last), "%s", event ? event : "started");
	return h->calls == h->stop_after ? 42 : 0;
}

START_TEST(monitor_runs_until_its_callback_stops_it)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_ANSWER, STARTED "\n" EVENT("a") "\n" EVENT("b") "\n" EVENT("c") },
		{ FAKE_END },
	};
	struct heard heard = { .stop_after = _i };

	start(steps);
	ck_assert_int_eq(vnet_monitor(client, on_event, &heard), 42);
	ck_assert_int_eq(heard.calls, _i);
	ck_assert_str_eq(heard.last, _i == 1 ? "started" : "{\"event\":\"b\"}");
	stop();
}
END_TEST

START_TEST(monitor_tells_the_end_of_the_connection)
{
	static const struct varlink_fake_step steps[] = {
		{ FAKE_HANG_UP, STARTED "\n" EVENT("a") "\n{\"param" },
		{ FAKE_END },
	};
	struct heard heard = { 0 };

	start(steps);
	ck_assert_int_eq(vnet_monitor(client, on_event, &heard), -ENOTCONN);
	ck_assert_int_eq(heard.calls, 2);
	stop();
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("client", &t);

	tcase_set_timeout(t, 60);
	tcase_add_test(t, open_fails_for_each_reason);
	tcase_add_test(t, open_needs_permission);
	tcase_add_test(t, open_times_out_with_a_full_backlog);
	tcase_add_test(t, close_and_free_take_null);
	tcase_add_test(t, many_changes_are_kept_together);
	tcase_add_test(t, changes_send_what_they_were_given);
	tcase_add_test(t, questions_give_the_answer_as_text);
	tcase_add_test(t, any_method_can_be_called);
	tcase_add_test(t, settings_of_the_wrong_type_are_not_sent);
	tcase_add_test(t, missing_parameters_are_refused);
	tcase_add_test(t, a_check_says_what_was_expected);
	tcase_add_loop_test(t, refusals_are_told_whole, 0, sizeof(refusals) / sizeof(refusals[0]));
	tcase_add_loop_test(t, nonsense_is_a_protocol_error, 0,
			    sizeof(nonsense) / sizeof(nonsense[0]));
	tcase_add_test(t, an_answer_without_its_field_is_a_protocol_error);
	tcase_add_test(t, answers_that_go_on_unasked_are_a_protocol_error);
	tcase_add_test(t, silence_times_out);
	tcase_add_test(t, signals_do_not_disturb);
	tcase_add_loop_test(t, the_end_of_the_connection_is_told, 0, 2);
	tcase_add_test(t, writing_to_nobody_raises_no_signal);
	tcase_add_test(t, an_endless_answer_is_cut_off);
	tcase_add_test(t, a_long_answer_arrives_whole);
	tcase_add_test(t, events_come_in_order);
	tcase_add_test(t, waiting_for_an_event_can_go_on);
	tcase_add_test(t, events_can_be_refused);
	tcase_add_loop_test(t, monitor_runs_until_its_callback_stops_it, 1, 2);
	tcase_add_loop_test(t, monitor_runs_until_its_callback_stops_it, 3, 4);
	tcase_add_test(t, monitor_tells_the_end_of_the_connection);
	return unit_run(s);
}
