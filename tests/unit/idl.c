/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "idl.h"

struct idl_reader {
	struct idl *idl;
	const char *at;
	bool output;
};

static void idl_fail(const struct idl_reader *r, const char *expected)
{
	ck_abort_msg("the description wants %s at: %.60s", expected, r->at);
}

static void idl_skip(struct idl_reader *r)
{
	for (;;) {
		while (isspace((unsigned char)*r->at))
			r->at++;
		if (*r->at != '#')
			return;
		r->at += strcspn(r->at, "\n");
	}
}

static bool idl_accept(struct idl_reader *r, const char *token)
{
	idl_skip(r);
	if (strncmp(r->at, token, strlen(token)) != 0)
		return false;
	r->at += strlen(token);
	return true;
}

static void idl_expect(struct idl_reader *r, const char *token)
{
	if (!idl_accept(r, token))
		idl_fail(r, token);
}

/* A letter, then letters, digits and single underscores; @more: those as well. */
static void idl_name(struct idl_reader *r, const char *more, char ret[IDL_NAME_SIZE])
{
	size_t len = 0;

	idl_skip(r);
	if (!isalpha((unsigned char)*r->at))
		idl_fail(r, "a name");
	while (isalnum((unsigned char)*r->at) || (*r->at && strchr(more, *r->at))) {
		if (len == IDL_NAME_SIZE - 1 || (r->at[0] == '_' && r->at[1] == '_'))
			idl_fail(r, "a shorter name");
		ret[len++] = *r->at++;
	}
	ret[len] = '\0';
}

static void idl_read_type(struct idl_reader *r, struct idl_field *f)
{
	const char *from;

	f->optional = idl_accept(r, "?");
	idl_skip(r);
	from = r->at;
	if (!idl_accept(r, "[]"))
		idl_accept(r, "[string]");
	snprintf(f->type, sizeof(f->type), "%.*s", (int)(r->at - from), from);
	idl_name(r, "", f->type + strlen(f->type));
}

static void idl_read_fields(struct idl_reader *r)
{
	idl_expect(r, "(");
	if (idl_accept(r, ")"))
		return;
	do {
		struct idl_field *f = &r->idl->fields[r->idl->field_count++];

		ck_assert_uint_lt(r->idl->field_count, IDL_FIELDS_MAX);
		f->member = r->idl->member_count - 1;
		f->output = r->output;
		idl_name(r, "_", f->name);
		idl_expect(r, ":");
		idl_read_type(r, f);
	} while (idl_accept(r, ","));
	idl_expect(r, ")");
}

static void idl_read_member(struct idl_reader *r)
{
	static const char *const words[] = { "type ", "method ", "error " };
	struct idl_member *m = &r->idl->members[r->idl->member_count++];

	ck_assert_uint_lt(r->idl->member_count, IDL_MEMBERS_MAX);
	for (m->kind = IDL_TYPE; !idl_accept(r, words[m->kind]); m->kind++) {
		if (m->kind == IDL_ERROR)
			idl_fail(r, "type, method or error");
	}
	idl_name(r, "", m->name);
	if (!isupper((unsigned char)m->name[0]))
		idl_fail(r, "a name that begins with a capital, before this");
	r->output = false;
	idl_read_fields(r);
	if (m->kind != IDL_METHOD)
		return;
	idl_expect(r, "->");
	r->output = true;
	idl_read_fields(r);
}

static const char *idl_element(const char *type)
{
	const char *bracket = strchr(type, ']');

	return bracket ? bracket + 1 : type;
}

static bool idl_is_builtin(const char *type)
{
	return !strcmp(type, "string") || !strcmp(type, "int") || !strcmp(type, "bool");
}

void idl_parse(struct idl *ret, const char *text)
{
	struct idl_reader r = { .idl = ret, .at = text };

	*ret = (struct idl) { 0 };
	idl_expect(&r, "interface ");
	idl_name(&r, ".-", ret->interface);
	while (idl_skip(&r), *r.at)
		idl_read_member(&r);
	for (size_t i = 0; i < ret->field_count; i++) {
		const char *type = idl_element(ret->fields[i].type);

		ck_assert_msg(idl_is_builtin(type) || idl_member(ret, IDL_TYPE, type),
			      "%s has the unknown type %s", ret->fields[i].name, type);
	}
}

const struct idl_member *idl_member(const struct idl *i, enum idl_kind kind, const char *name)
{
	for (size_t m = 0; m < i->member_count; m++) {
		if (i->members[m].kind == kind && !strcmp(i->members[m].name, name))
			return &i->members[m];
	}
	return NULL;
}

const struct idl_field *idl_field(const struct idl *i, const char *member, bool output,
				  const char *name)
{
	for (size_t f = 0; f < i->field_count; f++) {
		const struct idl_field *field = &i->fields[f];

		if (!strcmp(i->members[field->member].name, member) && field->output == output &&
		    !strcmp(field->name, name))
			return field;
	}
	return NULL;
}

static void idl_check_value(const struct idl *i, const struct idl_field *f, const char *type,
			    struct json_object *value)
{
	const char *element = idl_element(type);
	enum json_type expected = json_type_object;

	if (!strncmp(type, "[]", 2)) {
		ck_assert_msg(json_object_is_type(value, json_type_array), "%s", f->name);
		for (size_t n = 0; n < json_object_array_length(value); n++)
			idl_check_value(i, f, element, json_object_array_get_idx(value, n));
		return;
	}
	if (type[0] == '[') {
		ck_assert_msg(json_object_is_type(value, json_type_object), "%s", f->name);
		json_object_object_foreach(value, key, member)
		{
			(void)key;
			idl_check_value(i, f, element, member);
		}
		return;
	}
	if (!idl_is_builtin(type)) {
		idl_check(i, type, false, value);
		return;
	}
	expected = type[0] == 's'   ? json_type_string
		   : type[0] == 'i' ? json_type_int
				    : json_type_boolean;
	ck_assert_msg(json_object_is_type(value, expected), "%s is not %s but %s", f->name, type,
		      json_object_to_json_string(value));
}

void idl_check(const struct idl *i, const char *member, bool output, struct json_object *object)
{
	ck_assert_msg(json_object_is_type(object, json_type_object), "%s is no object: %s", member,
		      json_object_to_json_string(object));
	json_object_object_foreach(object, key, unused)
	{
		(void)unused;
		ck_assert_msg(idl_field(i, member, output, key), "%s has the undescribed %s",
			      member, key);
	}
	for (size_t n = 0; n < i->field_count; n++) {
		const struct idl_field *f = &i->fields[n];
		struct json_object *value = NULL;

		if (strcmp(i->members[f->member].name, member) != 0 || f->output != output)
			continue;
		json_object_object_get_ex(object, f->name, &value);
		ck_assert_msg(value || f->optional, "%s has no %s: %s", member, f->name,
			      json_object_to_json_string(object));
		if (value)
			idl_check_value(i, f, f->type, value);
	}
}
