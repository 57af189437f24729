/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Either kind of settings together with its table, for the tests of the settings. */
#ifndef VNET_TESTS_UNIT_SETTINGS_SUBJECT_H
#define VNET_TESTS_UNIT_SETTINGS_SUBJECT_H

#include "../../daemon/settings.h"
#include "unit.h"

#define SUBJECT_DEVICE_EXPECTED "a device name of 1 to 15 printable characters without '/' and ':'"

struct subject {
	const struct setting *table;
	union {
		struct vnet_settings vnet;
		struct resource_settings resource;
	} s;
};

static inline struct subject subject_vnet(void)
{
	struct subject subject;

	memset(&subject, 0, sizeof(subject));
	subject.table = settings_vnet;
	settings_vnet_default(&subject.s.vnet);
	return subject;
}

static inline struct subject subject_resource(void)
{
	struct subject subject;

	memset(&subject, 0, sizeof(subject));
	subject.table = settings_resource;
	settings_resource_default(&subject.s.resource);
	return subject;
}

static inline void subject_set(struct subject *subject, const char *key, const char *text)
{
	struct error e = { 0 };
	int r = settings_set(subject->table, &subject->s, "vnet0", key, text, &e);

	ck_assert_msg(r == 0, "%s '%s': %s", key, text, e.message);
	ck_assert_int_eq(e.kind, ERROR_NONE);
}

static inline void subject_assert(const struct subject *subject, const char *key, const char *value)
{
	char text[SETTINGS_TEXT_SIZE];

	memset(text, 'x', sizeof(text));
	settings_find(subject->table, key)->format(&subject->s, text);
	ck_assert_msg(util_same(text, value), "%s is '%s' and not '%s'", key, text, value);
}

#endif
