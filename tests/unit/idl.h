/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads an interface description in Varlink's language, all of it, for comparison with the code. */
#ifndef VNET_TESTS_IDL_H
#define VNET_TESTS_IDL_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define IDL_FIELDS_MAX	512
#define IDL_MEMBERS_MAX 128
#define IDL_NAME_SIZE	64

enum idl_kind { IDL_TYPE, IDL_METHOD, IDL_ERROR };

struct idl_member {
	enum idl_kind kind;
	char name[IDL_NAME_SIZE];
};

struct idl_field {
	size_t member; /* whose it is */
	bool output;   /* of a method: in its reply */
	char name[IDL_NAME_SIZE];
	char type[IDL_NAME_SIZE]; /* without the "?": "string", "[]Vnet", "[string]int" */
	bool optional;
};

struct idl {
	char interface[IDL_NAME_SIZE];
	struct idl_member members[IDL_MEMBERS_MAX];
	size_t member_count;
	struct idl_field fields[IDL_FIELDS_MAX];
	size_t field_count;
};

/* Asserts that it is right by Varlink's grammar and names no type that it does not have. */
void idl_parse(struct idl *ret, const char *text);

/* Borrowed; NULL: there is none. */
const struct idl_field *idl_field(const struct idl *i, const char *member, bool output,
				  const char *name);
const struct idl_member *idl_member(const struct idl *i, enum idl_kind kind, const char *name);

/* Asserts that @object is one of the type, or the reply of the method, @member. */
void idl_check(const struct idl *i, const char *member, bool output, struct json_object *object);

#endif
