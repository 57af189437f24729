/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vnetd answers, to libvnet: the first byte chooses what was asked, the rest is what arrives,
 * after which vnetd is gone. A provider's registration takes what it is told as well.
 */
#include <sys/socket.h>

#include "../../lib/client.h"
#include "../../lib/reply.h"
#include "../../lib/session_json.h"
#include "../../lib/vio.h"
#include "fuzz.h"

#define EVENTS_MAX 100

static void check_json(char *text)
{
	if (!text)
		return;
	fuzz_check_messages("{}", 3);
	ck_assert_ptr_nonnull(text);
	json_object_put(json_tokener_parse(text));
	vnet_free(text);
}

static int on_event(void *context, const char *event)
{
	unsigned int *events = context;

	if (event)
		ck_assert_int_eq(event[0], '{');
	return ++*events == EVENTS_MAX;
}

static int ask(struct vnet_client *c, uint8_t what)
{
	struct vnet_setting settings[] = { { "mtu", "1500" }, { "vlans", "10,20" } };
	unsigned int events = 0;
	char *text = NULL;
	int r = 0;

	switch (what % 12) {
	case 0:
		r = vnet_add(c, "vnet0", settings, 2);
		break;
	case 1:
		r = vnet_resource_set(c, "vnet0", "g1", settings, 1);
		break;
	case 2:
		r = vnet_list(c, NULL, &text);
		break;
	case 3:
		r = vnet_path(c, "vnet0", "02:00:00:00:00:01", 10, &text);
		break;
	case 4:
		r = vnet_stats(c, "vnet0", NULL, &text);
		break;
	case 5:
		r = vnet_status(c, &text);
		break;
	case 6:
		r = vnet_save(c, &text);
		break;
	case 7:
		r = vnet_monitor(c, on_event, &events);
		break;
	case 8:
		r = vnet_client_call(c, "org.varlink.service.GetInfo", NULL, &text);
		break;
	case 9:
		r = vnet_fdb_list(c, "vnet0", &text);
		break;
	case 10:
		r = vnet_flush(c);
		break;
	case 11:
		r = vnet_resource_list(c, "vnet0", "g1", &text);
		break;
	}
	if (r >= 0)
		check_json(text);
	return r;
}

static void check_error(const struct vnet_client *c, int r)
{
	const struct vnet_error *e = vnet_client_error(c);

	if (r >= 0)
		return;
	ck_assert_int_ne(e->kind, VNET_ERROR_NONE);
	ck_assert_int_eq(e->number, -r);
	ck_assert(e->object && e->field && e->message);
}

static struct json_object *member(struct json_object *o, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(o, key, &value);
	return value;
}

/* As a session does with each reply of Provide. */
static void tell_provider(const char *text, size_t size)
{
	struct vio v = { .session.connected = true };
	struct json_object *reply = reply_parse(text, size),
			   *parameters = member(reply, "parameters");

	if (session_json_registered(&v, member(parameters, "registered")) == 0) {
		ck_assert_uint_lt(strnlen(v.token, sizeof(v.token)), sizeof(v.token));
		json_object_put(session_json_provision(&v));
	}
	for (int i = 0; i < 2; i++)
		if (session_json_state(&v, member(parameters, "state")) == 0)
			ck_assert_ptr_nonnull(v.says.groups);
	free(v.says.groups);
	json_object_put(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	uint8_t what = fuzz_byte(&f);
	struct vnet_client *c = calloc(1, sizeof(*c));
	char *text = fuzz_string(f.data, f.size);
	int other;

	ck_assert(c && text);
	client_init(c, 10000);
	c->wire.fd = fuzz_peer(f.data, f.size, &other);
	for (int i = 0; i < 3; i++)
		check_error(c, ask(c, (uint8_t)(what + i)));
	vnet_client_close(c);
	close(other);
	tell_provider(text, strlen(text));
	free(text);
	return 0;
}
