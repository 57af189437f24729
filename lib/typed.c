// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "typed.h"

struct typed_kind {
	const char *expected;
	/* A new value, or NULL. */
	struct json_object *(*parse)(const char *text);
};

static struct json_object *typed_parse_text(const char *text)
{
	return json_object_new_string(text);
}

static struct json_object *typed_parse_int(const char *text)
{
	const char *digits = text + (text[0] == '-');
	long long number;
	char *end;

	if (!isdigit((unsigned char)digits[0]))
		return NULL;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || *end != '\0')
		return NULL;
	return json_object_new_int64(number);
}

/* Nobody has VLAN 0, so in JSON it stands for the word. */
static struct json_object *typed_parse_pvid(const char *text)
{
	return strcmp(text, "inherit") == 0 ? json_object_new_int64(0) : typed_parse_int(text);
}

static struct json_object *typed_parse_limit(const char *text)
{
	return strcmp(text, "none") == 0 ? json_object_new_int64(0) : typed_parse_int(text);
}

static struct json_object *typed_parse_bool(const char *text)
{
	static const char *const words[][2] = { { "off", "on" },
						{ "no", "yes" },
						{ "false", "true" } };
	size_t i, value;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (value = 0; value < 2; value++)
			if (strcmp(words[i][value], text) == 0)
				return json_object_new_boolean((int)value);
	return NULL;
}

/* A hybrid's is a number, a flow's a word. */
static struct json_object *typed_parse_priority(const char *text)
{
	static const char *const words[] = { "none", "low", "medium", "high" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], text) == 0)
			return json_object_new_string(text);
	return typed_parse_int(text);
}

static const struct typed_kind typed_text = { "a text", typed_parse_text };
static const struct typed_kind typed_int = { "a whole number", typed_parse_int };
static const struct typed_kind typed_priority = { "a whole number", typed_parse_priority };
static const struct typed_kind typed_pvid = { "a whole number or inherit", typed_parse_pvid };
static const struct typed_kind typed_limit = { "a whole number or none", typed_parse_limit };
static const struct typed_kind typed_bool = { "on or off", typed_parse_bool };

/* The settings that are no texts. */
static const struct {
	const char *key;
	const struct typed_kind *kind;
} typed_keys[] = {
	{ "mtu", &typed_int },
	{ "pvid", &typed_pvid },
	{ "priority", &typed_priority },
	{ "rank", &typed_int },
	{ "vf", &typed_int },
	{ "vf_vlan", &typed_limit },
	{ "monitor_interval", &typed_int },
	{ "hold_down", &typed_int },
	{ "tx_timeout", &typed_int },
	{ "probe_interval", &typed_int },
	{ "probe_count", &typed_int },
	{ "announce_count", &typed_int },
	{ "announce_interval", &typed_int },
	{ "guard", &typed_bool },
	{ "storm_limit", &typed_limit },
	{ "hybrid_needs_service", &typed_bool },
	{ "share", &typed_bool },
	{ "learn", &typed_bool },
};

static const struct typed_kind *typed_find(const char *key)
{
	size_t i;

	for (i = 0; i < sizeof(typed_keys) / sizeof(typed_keys[0]); i++)
		if (strcmp(typed_keys[i].key, key) == 0)
			return typed_keys[i].kind;
	return &typed_text;
}

int vnet_setting_check(const struct vnet_setting *setting, const char **ret_expected)
{
	const struct typed_kind *kind = &typed_text;
	struct json_object *value = NULL;

	if (setting->key)
		kind = typed_find(setting->key);
	if (setting->key && setting->value)
		value = kind->parse(setting->value);
	if (!value && ret_expected)
		*ret_expected = kind->expected;
	json_object_put(value);
	return value ? 0 : -EINVAL;
}

static int typed_add(struct vnet_client *c, const char *object, struct json_object *json,
		     const struct vnet_setting *s)
{
	const char *expected;
	struct json_object *value;

	if (!s->key)
		return client_fail(c, VNET_ERROR_LOCAL, EINVAL, object, NULL,
				   "%s: a setting has no key", object);
	if (!s->value)
		return client_fail(c, VNET_ERROR_LOCAL, EINVAL, object, s->key,
				   "%s: %s has no value", object, s->key);
	if (json_object_object_get_ex(json, s->key, NULL))
		return client_fail(c, VNET_ERROR_LOCAL, EINVAL, object, s->key,
				   "%s: %s is given twice", object, s->key);
	if (vnet_setting_check(s, &expected) < 0)
		return client_fail(c, VNET_ERROR_LOCAL, EINVAL, object, s->key,
				   "%s: %s %s is not %s", object, s->key, s->value, expected);
	value = typed_find(s->key)->parse(s->value);
	if (!value || json_object_object_add(json, s->key, value) < 0)
		return client_fail(c, VNET_ERROR_LOCAL, ENOMEM, object, s->key,
				   "there is no memory left");
	return 0;
}

int typed_settings(struct vnet_client *c, const char *object, const struct vnet_setting *settings,
		   size_t count, struct json_object **ret)
{
	struct json_object *json = json_object_new_object();
	size_t i;
	int r;

	if (!json)
		return client_fail(c, VNET_ERROR_LOCAL, ENOMEM, object, NULL,
				   "there is no memory left");
	for (i = 0; i < count; i++) {
		r = typed_add(c, object, json, &settings[i]);
		if (r < 0) {
			json_object_put(json);
			return r;
		}
	}
	*ret = json;
	return 0;
}
