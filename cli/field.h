/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of JSON objects; one that is missing or null is empty. */
#ifndef VNETCTL_FIELD_H
#define VNETCTL_FIELD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

static inline struct json_object *field_find(struct json_object *json, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(json, json_type_object))
		json_object_object_get_ex(json, key, &value);
	return value;
}

/* Borrowed from @json. */
static inline const char *field_text(struct json_object *json, const char *key)
{
	struct json_object *value = field_find(json, key);

	return value ? json_object_get_string(value) : "";
}

static inline bool field_bool(struct json_object *json, const char *key)
{
	return json_object_get_boolean(field_find(json, key));
}

/* Counters are the only big numbers, and never negative. */
static inline uint64_t field_number(struct json_object *json, const char *key)
{
	return json_object_get_uint64(field_find(json, key));
}

/* How many elements @json has; 0 if it is no array. */
static inline size_t field_count(struct json_object *json)
{
	return json_object_is_type(json, json_type_array) ? json_object_array_length(json) : 0;
}

#endif
