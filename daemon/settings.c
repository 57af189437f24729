/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>

#include "settings_value.h"

#define KEYS_SIZE 512 /* all keys of a table in one sentence */

/* The command line's "monitor-interval" is the JSON's "monitor_interval". */
static bool same_key(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		if ((*a == '-' ? '_' : *a) != (*b == '-' ? '_' : *b))
			return false;
	}
	return *a == *b;
}

const struct setting *settings_find(const struct setting *table, const char *key)
{
	for (; table->key; table++) {
		if (same_key(table->key, key))
			return table;
	}
	return NULL;
}

const struct setting *settings_find_config(const struct setting *table, const char *name)
{
	for (; table->key; table++) {
		if (util_same(table->config, name))
			return table;
	}
	return NULL;
}

static const char *list_keys(const struct setting *table, char buffer[KEYS_SIZE])
{
	size_t used = 0;

	buffer[0] = '\0';
	for (const struct setting *s = table; s->key && used < KEYS_SIZE; s++)
		used += (size_t)snprintf(buffer + used, KEYS_SIZE - used, "%s%s",
					 s == table ? "" : ", ", s->key);
	return buffer;
}

int settings_set(const struct setting *table, void *settings, const char *object, const char *key,
		 const char *text, struct error *e)
{
	const struct setting *s = settings_find(table, key);
	char shown[SETTINGS_VALUE_TEXT_SIZE], keys[KEYS_SIZE];
	const char *colon = object && object[0] ? ": " : "";

	if (!s) {
		settings_value_show(key, shown);
		return error_set(e, ERROR_INVALID, EINVAL, object, shown,
				 "%s%s%s is not a setting, expected one of %s",
				 object ? object : "", colon, shown, list_keys(table, keys));
	}
	if (s->parse(settings, text) == 0)
		return 0;
	return error_set(e, ERROR_INVALID, EINVAL, object, s->key, "%s%s%s %s is not %s",
			 object ? object : "", colon, s->key, settings_value_show(text, shown),
			 s->expected);
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

int settings_check_name(const char *what, const char *name, size_t max, struct error *e)
{
	char shown[SETTINGS_VALUE_TEXT_SIZE], bad[SETTINGS_VALUE_TEXT_SIZE];
	size_t len = strlen(name);

	if (!len)
		return error_set(e, ERROR_INVALID, EINVAL, NULL, "name",
				 "%s name '' is empty, expected 1 to %zu characters", what,
				 max - 1);

	settings_value_show(name, shown);
	if (name[0] == '-' || name[0] == '.')
		return error_set(e, ERROR_INVALID, EINVAL, shown, "name",
				 "%s name %s starts with '%c', expected a letter, a digit or '_'",
				 what, shown, name[0]);
	for (const char *c = name; *c; c++) {
		if (is_name_char(*c))
			continue;
		settings_value_show((const char[]) { *c, '\0' }, bad);
		return error_set(e, ERROR_INVALID, EINVAL, shown, "name",
				 "%s name %s has '%s' in it, expected letters, digits, '_', '-' "
				 "and '.'",
				 what, shown, bad);
	}
	if (len >= max)
		return error_set(e, ERROR_INVALID, EINVAL, shown, "name",
				 "%s name %s has %zu characters, expected at most %zu", what, shown,
				 len, max - 1);
	return 0;
}
