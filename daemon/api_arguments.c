/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a caller sends is checked here whole, before anything looks at an object. */
#include <errno.h>

#include "api_internal.h"
#include "settings_value.h"

#define API_ARGUMENT(bit, member, type)                                                            \
	{                                                                                          \
		bit, #member, json_type_##type, offsetof(struct api_arguments, member)             \
	}

static const struct api_field api_parameters[] = {
	API_ARGUMENT(API_NAME, name, string),
	API_ARGUMENT(API_VNET, vnet, string),
	API_ARGUMENT(API_MAC, mac, string),
	API_ARGUMENT(API_VLAN, vlan, int),
	API_ARGUMENT(API_SETTINGS, settings, object),
	API_ARGUMENT(API_PROVISION, provision, object),
	API_ARGUMENT(API_STATE, state, string),
	API_ARGUMENT(API_REASON, reason, string),
	API_ARGUMENT(API_IERRORS, ierrors, int),
	API_ARGUMENT(API_OERRORS, oerrors, int),
	API_ARGUMENT(API_NORCVBUF, norcvbuf, int),
	API_ARGUMENT(API_NOXMTBUF, noxmtbuf, int),
	API_ARGUMENT(API_MALFORMED, malformed, int),
	API_ARGUMENT(API_LATER, later, boolean),
	API_ARGUMENT(API_UPLINK, uplink, string),
	API_ARGUMENT(API_OWNER, owner, string),
	API_ARGUMENT(API_SINCE, since, int),
	API_ARGUMENT(API_INTERVAL, interval, int),
	API_ARGUMENT(API_SAMPLES, samples, int),
	API_ARGUMENT(API_FRAMES, frames, int),
	{ 0 },
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

static const struct api_field *api_field_find(const struct api_field *fields, const char *key,
					      unsigned int allowed)
{
	for (; fields->key; fields++) {
		if (fields->bit & allowed && util_same(fields->key, key))
			return fields;
	}
	return NULL;
}

static void api_field_set(const struct api_field *f, void *ret, struct json_object *value)
{
	void *to = (char *)ret + f->offset;

	switch (f->type) {
	case json_type_string:
		*(const char **)to = json_object_get_string(value);
		return;
	case json_type_int:
		*(int64_t *)to = json_object_get_int64(value);
		return;
	case json_type_boolean:
		*(bool *)to = json_object_get_boolean(value);
		return;
	case json_type_object:
		*(struct json_object **)to = value;
		return;
	case json_type_null:
	case json_type_double:
	case json_type_array:
		return;
	}
}

static int api_fail_missing(unsigned int missing, const char *what, const struct api_field *fields,
			    struct error *e)
{
	while (!(fields->bit & missing))
		fields++;
	return error_set(e, ERROR_INVALID, EINVAL, NULL, fields->key,
			 "%s needs the parameter %s, which is %s", what, fields->key,
			 api_type_text(fields->type));
}

int api_fields_read(struct json_object *object, const char *what, const struct api_field *fields,
		    unsigned int required, unsigned int optional, void *ret,
		    unsigned int *ret_given, struct error *e)
{
	unsigned int given = 0;
	char shown[SETTINGS_VALUE_TEXT_SIZE];

	json_object_object_foreach(object, key, value)
	{
		const struct api_field *f = api_field_find(fields, key, required | optional);

		if (!f) {
			settings_value_show(key, shown);
			return error_set(e, ERROR_INVALID, EINVAL, NULL, shown,
					 "%s has no parameter %s", what, shown);
		}
		/* In Varlink, null is the same as not given. */
		if (!value)
			continue;
		if (!api_is_type(value, f->type))
			return api_fail_type(NULL, key, f->type, value, e);
		api_field_set(f, ret, value);
		given |= f->bit;
	}
	if (required & ~given)
		return api_fail_missing(required & ~given, what, fields, e);
	*ret_given = given;
	return 0;
}

int api_arguments_read(struct json_object *parameters, const struct api_method *method,
		       struct api_arguments *ret, struct error *e)
{
	struct api_arguments args = { 0 };
	int err = api_fields_read(parameters, method->name, api_parameters, method->required,
				  method->optional, &args, &args.given, e);

	if (!err)
		*ret = args;
	return err;
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
