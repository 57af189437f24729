/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys that a command takes, each followed by its value. */
#ifndef VNETCTL_KEYS_H
#define VNETCTL_KEYS_H

#include "ctl.h"
#include "words.h"

enum key_source { KEY_NOTHING, KEY_DEVICES, KEY_NETNS, KEY_VNETS, KEY_UPLINKS };

struct key {
	const char *name;	/* on the command line; NULL ends a table */
	const char *json;	/* in the API */
	const char *value;	/* choices in small letters, kinds in capitals: "on|off", "N" */
	const char *help;	/* a few words */
	bool fixed;		/* only when the object is made */
	enum key_source source; /* completion: of what values */
	const char *items;	/* completion: what a list with commas is made of, "a|b" */
	const char *second;	/* the key in the API of a second value, NULL: there is none */
	const char *more; /* values that are two words for one setting: the first of each, "a|b" */
	bool number;	  /* no setting, which libvnet knows, but a number from 0 */
};

#define KEYS_MAX 32

extern const struct key keys_vnet[];
extern const struct key keys_resource[];
extern const struct key keys_uplink[];
extern const struct key keys_flow[];
extern const struct key keys_path[];
extern const struct key keys_history[];
extern const struct key keys_top[];

/* Is @word one of them, in full? */
bool keys_has(const struct key *keys, const char *word);

/* How many words follow it; @first is the first of them, "" while there is none. */
int keys_values(const struct key *key, const char *first);

void keys_words(const struct key *keys, struct words *ret);

/*
 * Reads "KEY VALUE..." into @settings, which has room for KEYS_MAX and gets words that are borrowed
 * from @keys, @argv and @ret_joined, a value of two words that the caller frees after them; NULL:
 * there is none. @topic is for the hint in an error.
 */
enum ctl_status keys_parse(struct ctl *ctl, const char *topic, const struct key *keys, int argc,
			   char *const *argv, struct vnet_setting *settings, size_t *ret_count,
			   char **ret_joined);

#endif
