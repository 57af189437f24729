/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON in and out, in one line each, for the files that are the state's. */
#ifndef VNETD_STATE_JSON_INTERNAL_H
#define VNETD_STATE_JSON_INTERNAL_H

#include <errno.h>

#include "state_json.h"

static inline void put_json(struct json_object **o)
{
	json_object_put(*o);
}

/* Takes over @child, which may be NULL for want of memory: so calls can be nested. */
static inline bool put(struct json_object *object, const char *key, struct json_object *child)
{
	if (child && json_object_object_add(object, key, child) == 0)
		return true;
	json_object_put(child);
	return false;
}

static inline struct json_object *text(const char *s)
{
	return json_object_new_string(s);
}

static inline struct json_object *number(uint32_t n)
{
	return json_object_new_int64(n);
}

static inline struct json_object *boolean(bool b)
{
	return json_object_new_boolean(b);
}

static inline struct json_object *mac_text(const uint8_t mac[MAC_LEN])
{
	char buffer[MAC_TEXT_SIZE];

	return text(mac_format(mac, buffer));
}

static inline int wrong(struct error *e, const char *key, const char *expected)
{
	return error_set(e, ERROR_FAILED, EBADMSG, NULL, key, "%s is not %s", key, expected);
}

/* The member @key of @o if it has @type, else NULL. */
static inline struct json_object *member(struct json_object *o, const char *key,
					 enum json_type type)
{
	struct json_object *child = NULL;

	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, key, &child) || !json_object_is_type(child, type))
		return NULL;
	return child;
}

static inline bool has(struct json_object *o, const char *key)
{
	return json_object_is_type(o, json_type_object) && json_object_object_get_ex(o, key, NULL);
}

static inline int read_number(struct json_object *o, const char *key, uint32_t *ret,
			      struct error *e)
{
	struct json_object *child = member(o, key, json_type_int);
	int64_t n = child ? json_object_get_int64(child) : -1;

	if (n < 0 || n > UINT32_MAX)
		return wrong(e, key, "a number from 0 to 4294967295");
	*ret = (uint32_t)n;
	return 0;
}

static inline int read_bool(struct json_object *o, const char *key, bool *ret, struct error *e)
{
	struct json_object *child = member(o, key, json_type_boolean);

	if (!child)
		return wrong(e, key, "true or false");
	*ret = json_object_get_boolean(child);
	return 0;
}

static inline int read_mac(struct json_object *o, const char *key, uint8_t ret[MAC_LEN],
			   struct error *e)
{
	struct json_object *child = member(o, key, json_type_string);

	if (!child || mac_parse(json_object_get_string(child), ret) < 0)
		return wrong(e, key, "a MAC");
	return 0;
}

/* state_vf.c; NULL: no memory. */
struct json_object *state_vf_new(const struct desired_vf *vf);
/* What @resource has of it, if anything. 0 or -errno. */
int state_vf_read(struct json_object *resource, struct desired_vf *ret, struct error *e);

#endif
