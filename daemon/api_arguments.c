/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a caller sends is checked here whole, before anything looks at an object. */
#include <errno.h>

#include "api_internal.h"
#include "settings_value.h"

static const struct api_parameter {
	enum api_argument bit;
	const char *key;
	enum json_type type;
} api_parameters[] = {
	{ API_NAME, "name", json_type_string },		{ API_VNET, "vnet", json_type_string },
	{ API_MAC, "mac", json_type_string },		{ API_VLAN, "vlan", json_type_int },
	{ API_SETTINGS, "settings", json_type_object },
};

static const char *api_type_text(enum json_type type)
{
	switch (type) {
	case json_type_string:
		return "a string";
	case json_type_int:
		return "an integer";
	case json_type_boolean:
		return "true or false";
	case json_type_object:
		return "an object";
	case json_type_null:
	case json_type_double:
	case json_type_array:
		break;
	}
	return "something else";
}

/* What was given, as JSON and short enough for a sentence. */
static const char *api_value_text(struct json_object *value, char buffer[SETTINGS_VALUE_TEXT_SIZE])
{
	return settings_value_show(
		json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE),
		buffer);
}

/* "vnet0: mtu expects an integer, not "abc"". @object may be NULL. */
static int api_fail_type(const char *object, const char *key, enum json_type expected,
			 struct json_object *value, struct error *e)
{
	char shown[SETTINGS_VALUE_TEXT_SIZE];

	return error_set(e, ERROR_INVALID, EINVAL, object, key, "%s%s%s expects %s, not %s",
			 object ?: "", object ? ": " : "", key, api_type_text(expected),
			 api_value_text(value, shown));
}

/* A NUL inside would hide the rest of the string from everything behind the API. */
static bool api_is_text(struct json_object *value)
{
	return strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value);
}

static bool api_is_type(struct json_object *value, enum json_type type)
{
	return json_object_is_type(value, type) && (type != json_type_string || api_is_text(value));
}

static const struct api_parameter *api_parameter_find(const char *key, unsigned int allowed)
{
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(api_parameters); i++) {
		if (api_parameters[i].bit & allowed && util_same(api_parameters[i].key, key))
			return &api_parameters[i];
	}
	return NULL;
}

static void api_arguments_set(struct api_arguments *args, enum api_argument bit,
			      struct json_object *value)
{
	switch (bit) {
	case API_NAME:
		args->name = json_object_get_string(value);
		return;
	case API_VNET:
		args->vnet = json_object_get_string(value);
		return;
	case API_MAC:
		args->mac = json_object_get_string(value);
		return;
	case API_VLAN:
		args->vlan = json_object_get_int64(value);
		args->has_vlan = true;
		return;
	case API_SETTINGS:
		args->settings = value;
		return;
	}
}

static int api_fail_missing(unsigned int missing, const struct api_method *method, struct error *e)
{
	const struct api_parameter *p = api_parameters;

	while (!(p->bit & missing))
		p++;
	return error_set(e, ERROR_INVALID, EINVAL, NULL, p->key,
			 "%s needs the parameter %s, which is %s", method->name, p->key,
			 api_type_text(p->type));
}

int api_arguments_read(struct json_object *parameters, const struct api_method *method,
		       struct api_arguments *ret, struct error *e)
{
	struct api_arguments args = { 0 };
	char shown[SETTINGS_VALUE_TEXT_SIZE];
	unsigned int given = 0;

	json_object_object_foreach(parameters, key, value)
	{
		const struct api_parameter *p =
			api_parameter_find(key, method->required | method->optional);

		if (!p) {
			settings_value_show(key, shown);
			return error_set(e, ERROR_INVALID, EINVAL, NULL, shown,
					 "%s has no parameter %s", method->name, shown);
		}
		/* In Varlink, null is the same as not given. */
		if (!value)
			continue;
		if (!api_is_type(value, p->type))
			return api_fail_type(NULL, key, p->type, value, e);
		api_arguments_set(&args, p->bit, value);
		given |= p->bit;
	}
	if (method->required & ~given)
		return api_fail_missing(method->required & ~given, method, e);
	*ret = args;
	return 0;
}

static enum json_type api_setting_type(const struct setting *s)
{
	switch (s->json) {
	case SETTINGS_JSON_INT:
		return json_type_int;
	case SETTINGS_JSON_BOOL:
		return json_type_boolean;
	case SETTINGS_JSON_STRING:
		break;
	}
	return json_type_string;
}

static int api_setting_apply(const struct setting *table, void *settings, const char *object,
			     const char *key, struct json_object *value, struct error *e)
{
	const struct setting *s = settings_find(table, key);
	const char *text;

	if (s && !api_is_type(value, api_setting_type(s)))
		return api_fail_type(object, s->key, api_setting_type(s), value, e);
	text = json_object_get_string(value);
	if (s && s->zero && util_same(text, "0"))
		text = s->zero;
	return settings_set(table, settings, object, key, text, e);
}

static int api_settings_check_fixed(const struct setting *table, const void *settings,
				    const void *present, const char *object, struct error *e)
{
	char wanted[SETTINGS_TEXT_SIZE], now[SETTINGS_TEXT_SIZE];

	for (const struct setting *s = table; s->key; s++) {
		if (!s->fixed)
			continue;
		s->format(settings, wanted);
		s->format(present, now);
		if (util_same(wanted, now))
			continue;
		return error_set(e, ERROR_INVALID, EINVAL, object, s->key,
				 "%s: %s is %s and cannot become %s, it can only be given when %s "
				 "is made",
				 object, s->key, now[0] ? now : "not set",
				 wanted[0] ? wanted : "unset", object);
	}
	return 0;
}

int api_settings_apply(const struct setting *table, void *settings, const void *present,
		       const char *object, struct json_object *given, struct error *e)
{
	if (given) {
		json_object_object_foreach(given, key, value)
		{
			int err = value ? api_setting_apply(table, settings, object, key, value, e)
					: 0;

			if (err)
				return err;
		}
	}
	return present ? api_settings_check_fixed(table, settings, present, object, e) : 0;
}
