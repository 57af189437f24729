/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The commands, as tables. Parsing, help and completion all read them, so a new verb is one row
 * here and one function.
 */
#ifndef VNETCTL_COMMANDS_H
#define VNETCTL_COMMANDS_H

#include "ctl.h"
#include "keys.h"

#define COMMAND_NAMES_MAX 2

/* What a word after the verb names. */
enum command_name {
	NAME_NONE,
	NAME_NEW,
	NAME_VNET,
	NAME_RESOURCE,
	NAME_UPLINK,
	NAME_FLOW_OWNER,
	NAME_FLOW,
	NAME_MAC,
	NAME_OBJECT
};

struct verb;

/* A command line that has been understood. */
struct command {
	const struct verb *verb;
	const char *name[COMMAND_NAMES_MAX]; /* NULL where not given */
	struct vnet_setting settings[KEYS_MAX];
	size_t setting_count;
	char *joined; /* owned: what a setting is made of whose value is two words */
	int argc;     /* of a verb that takes its words as they are: those words */
	char *const *argv;
};

struct verb {
	const char *object;
	const char *name;  /* NULL: the object has no verbs */
	const char *usage; /* what follows */
	const char *help;  /* a few words */
	enum command_name names[COMMAND_NAMES_MAX];
	unsigned char names_needed;
	unsigned char keys_needed;
	const struct key *keys;
	enum ctl_status (*run)(struct ctl *ctl, const struct command *command);
	bool local; /* does not ask vnetd */
	bool once;  /* not in a batch: it never ends */
	bool raw;   /* takes its words as they are, and is not shown */
};

struct object {
	const char *name;
	const char *help;     /* about it, a few lines */
	const char *examples; /* a line each */
};

extern const struct verb commands_verbs[];     /* ends with a NULL object */
extern const struct object commands_objects[]; /* ends with a NULL name */

/* The objects, and the verbs of @object, that are shown. */
void commands_words(const char *object, struct words *ret);

/* The first verb of @object for a NULL @name or an object without verbs; NULL: none. */
const struct verb *commands_find(const char *object, const char *name);

/* Runs the command that the words make; @argc is at least 1. */
enum ctl_status commands_run(struct ctl *ctl, int argc, char *const *argv);

#endif
