// SPDX-License-Identifier: LGPL-2.1-or-later
#include "session_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vio.h"

#define MAC_TEXT_SIZE 18

/* --- writing --- */

static void add_text(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static void add_mac(struct json_object *o, const char *key, const uint8_t *mac)
{
	char text[MAC_TEXT_SIZE];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	add_text(o, key, text);
}

static void add_number(struct json_object *o, const char *key, uint64_t number)
{
	json_object_object_add(o, key, json_object_new_uint64(number));
}

static void add_bool(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

static const char *const type_names[] = {
	[VIO_NET_RES_LDC_SERVICE] = "service",
	[VIO_NET_RES_LDC_GUEST] = "guest",
	[VIO_NET_RES_HYBRID] = "hybrid",
};

static const char *const report_names[] = {
	[VIO_UP] = "up",
	[VIO_DOWN] = "down",
	[VIO_FAILED] = "failed",
};

static void add_kind(struct json_object *o, const struct vio *v)
{
	if (v->netdev[0]) {
		add_text(o, "device", v->netdev);
		return;
	}
	add_number(o, "queues", v->queue_count);
	add_bool(o, "checksums", v->checksums);
	add_bool(o, "segments4", v->segments4);
	add_bool(o, "segments6", v->segments6);
}

static void add_report(struct json_object *o, const char *key, const struct vio *v)
{
	add_text(o, key, report_names[v->report]);
	if (v->report != VIO_UP)
		add_text(o, "reason", v->reason);
}

struct json_object *session_json_provision(const struct vio *v)
{
	struct json_object *o = json_object_new_object(), *parameters = json_object_new_object();

	add_text(o, "type", type_names[v->type]);
	add_mac(o, "local", v->local);
	if (v->type == VIO_NET_RES_LDC_GUEST)
		add_mac(o, "peer", v->peer);
	if (v->wanted_name[0])
		add_text(o, "name", v->wanted_name);
	add_kind(o, v);
	if (v->max_sdu)
		add_number(o, "max_sdu", v->max_sdu);
	if (v->token[0])
		add_text(o, "token", v->token);
	add_report(o, "report", v);
	json_object_object_add(parameters, "provision", o);
	return parameters;
}

struct json_object *session_json_report(const struct vio *v)
{
	struct json_object *o = json_object_new_object();

	add_report(o, "state", v);
	return o;
}

struct json_object *session_json_counts(const struct entry_counts *c)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "ierrors", c->ierrors);
	add_number(o, "oerrors", c->oerrors);
	add_number(o, "norcvbuf", c->norcvbuf);
	add_number(o, "noxmtbuf", c->noxmtbuf);
	add_number(o, "malformed", c->malformed);
	return o;
}

/* --- reading --- */

static struct json_object *member(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *value;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

/* 0, or -EPROTO: there is no such text, or it is too long. */
static int read_text(struct json_object *o, const char *key, char *ret, size_t size)
{
	struct json_object *value = member(o, key, json_type_string);

	if (!value || (size_t)json_object_get_string_len(value) >= size)
		return -EPROTO;
	memcpy(ret, json_object_get_string(value), (size_t)json_object_get_string_len(value) + 1);
	return 0;
}

static int read_mac(struct json_object *value, uint8_t ret[ETHERADDRL])
{
	const char *text =
		json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
	unsigned int b[ETHERADDRL];
	char more;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &more) != ETHERADDRL)
		return -EPROTO;
	for (int i = 0; i < ETHERADDRL; i++)
		ret[i] = (uint8_t)b[i];
	return 0;
}

static int read_mtu(struct json_object *o, uint32_t *ret)
{
	struct json_object *value = member(o, "mtu", json_type_int);
	int64_t mtu = value ? json_object_get_int64(value) : 0;

	if (mtu < MAC_SDU_MIN || mtu > MAC_SDU_MAX)
		return -EPROTO;
	*ret = (uint32_t)mtu;
	return 0;
}

int session_json_registered(struct vio *v, struct json_object *registered)
{
	char vnet[sizeof(v->vnet)], name[sizeof(v->name)], device[sizeof(v->device)];
	char token[sizeof(v->token)];
	uint32_t mtu;

	if (read_text(registered, "vnet", vnet, sizeof(vnet)) ||
	    read_text(registered, "name", name, sizeof(name)) ||
	    read_text(registered, "device", device, sizeof(device)) ||
	    read_text(registered, "token", token, sizeof(token)) || read_mtu(registered, &mtu))
		return -EPROTO;
	memcpy(v->vnet, vnet, sizeof(vnet));
	memcpy(v->name, name, sizeof(name));
	memcpy(v->device, device, sizeof(device));
	memcpy(v->token, token, sizeof(token));
	v->says.mtu = mtu;
	return 0;
}

static int compare_groups(const void *a, const void *b)
{
	return memcmp(a, b, ETHERADDRL);
}

/* null and what is missing: none that we could tell. */
static int read_groups(struct json_object *state, struct vio_vnet *ret)
{
	struct json_object *array = member(state, "multicast", json_type_array);
	size_t count = array ? json_object_array_length(array) : 0;

	ret->groups = calloc(count ? count : 1, sizeof(*ret->groups));
	if (!ret->groups)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (read_mac(json_object_array_get_idx(array, i), ret->groups[i]))
			return -EPROTO;
	ret->group_count = count;
	qsort(ret->groups, count, sizeof(*ret->groups), compare_groups);
	return 0;
}

/* What vnetd goes by, once it has heard all that was reported. */
static void read_report(struct vio *v, struct json_object *state)
{
	struct json_object *report = member(state, "report", json_type_string);
	struct json_object *heard = member(state, "reports", json_type_int);

	if (!report || v->session.report_waits || json_object_get_uint64(heard) != v->reports)
		return;
	for (int i = VIO_UP; i <= VIO_FAILED; i++)
		if (!strcmp(report_names[i], json_object_get_string(report)))
			vio_adopt_report(v, i);
}

int session_json_state(struct vio *v, struct json_object *state)
{
	struct json_object *started = member(state, "started", json_type_boolean);
	struct json_object *promiscuous = member(state, "promiscuous", json_type_boolean);
	struct json_object *address = member(state, "address", json_type_string);
	struct vio_vnet says = {
		.started = json_object_get_boolean(started),
		.promiscuous = json_object_get_boolean(promiscuous),
	};
	int r = -EPROTO;

	if (started && promiscuous && !read_mac(address, says.address) &&
	    !read_mtu(state, &says.mtu))
		r = read_groups(state, &says);
	if (r < 0) {
		free(says.groups);
		return r;
	}
	free(v->says.groups);
	v->says = says;
	/* Where the vnet is found again is where it is now. */
	memcpy(v->local, says.address, ETHERADDRL);
	read_report(v, state);
	return 0;
}
