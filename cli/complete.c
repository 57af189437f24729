// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "complete.h"
#include "field.h"
#include "text.h"

/* Nobody wants to wait for a proposal. */
#define COMPLETE_TIMEOUT_MS 500

struct complete {
	struct ctl *ctl;
	const char *partial; /* the word to complete */
	int argc;	     /* the words before it ... */
	char *const *argv;   /* ... from the object on */
};

static void complete_offer(const struct complete *c, const char *word, const char *help)
{
	if (strncmp(word, c->partial, strlen(c->partial)) != 0)
		return;
	text_print(c->ctl->out, word);
	fputc('\t', c->ctl->out);
	text_print(c->ctl->out, help);
	fputc('\n', c->ctl->out);
}

static void complete_options(const struct complete *c)
{
	static const char *const options[][2] = {
		{ "-j", "print JSON, on one line" },
		{ "-p", "print JSON, indented" },
		{ "-s", "where vnetd listens" },
		{ "-t", "seconds that vnetd may take to answer" },
		{ "-b", "read commands from a file" },
		{ "-h", "help" },
		{ "-V", "version" },
		{ "--json", "print JSON, on one line" },
		{ "--pretty", "print JSON, indented" },
		{ "--socket", "where vnetd listens" },
		{ "--timeout", "seconds that vnetd may take to answer" },
		{ "--batch", "read commands from a file" },
		{ "--help", "help" },
		{ "--version", "version" },
	};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		complete_offer(c, options[i][0], options[i][1]);
}

static void complete_objects(const struct complete *c)
{
	struct words objects = { .count = 0 };
	const struct verb *v;
	size_t i;

	commands_words(NULL, &objects);
	for (i = 0; i < objects.count; i++) {
		v = commands_find(objects.word[i], NULL);
		complete_offer(c, objects.word[i], v->name ? "add, change, show" : v->help);
	}
}

static void complete_verbs(const struct complete *c, const char *object)
{
	const struct verb *v;

	for (v = commands_verbs; v->object; v++)
		if (v->name && strcmp(v->object, object) == 0)
			complete_offer(c, v->name, v->help);
}

/* The names in a folder but those of type @except: of devices, of network namespaces. */
static void complete_folder(const struct complete *c, const char *path, unsigned char except,
			    const char *help)
{
	struct dirent *entry;
	DIR *folder = opendir(path);

	if (!folder)
		return;
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.' && entry->d_type != except)
			complete_offer(c, entry->d_name, help);
	closedir(folder);
}

/* Field @key of every object in @text, an array that is freed. */
static void complete_fields(const struct complete *c, int r, char *text, const char *key,
			    const char *help)
{
	struct json_object *array = r < 0 ? NULL : json_tokener_parse(text);
	size_t i;

	for (i = 0; i < field_count(array); i++)
		complete_offer(c, field_text(json_object_array_get_idx(array, i), key),
			       help ? help
				    : field_text(json_object_array_get_idx(array, i), "type"));
	json_object_put(array);
	vnet_free(text);
}

/* Names that vnetd knows; @vnet is the word before, if there is one. */
static void complete_name(const struct complete *c, enum command_name what, const char *vnet)
{
	struct ctl *ctl = c->ctl;
	char *text = NULL;
	int r;

	if (what == NAME_OBJECT)
		complete_objects(c);
	if (what == NAME_NONE || what == NAME_NEW || what == NAME_OBJECT)
		return;
	if (!ctl->client && vnet_client_open(ctl->socket, COMPLETE_TIMEOUT_MS, &ctl->client) < 0)
		return;
	if (what == NAME_FLOW_OWNER) {
		complete_name(c, NAME_VNET, NULL);
		complete_name(c, NAME_UPLINK, NULL);
	} else if (what == NAME_FLOW) {
		r = vnet_flow_list(ctl->client, vnet, NULL, &text);
		complete_fields(c, r, text, "name", "flow");
	} else if (what == NAME_VNET) {
		r = vnet_list(ctl->client, NULL, &text);
		complete_fields(c, r, text, "name", "vnet");
	} else if (what == NAME_UPLINK) {
		r = vnet_uplink_list(ctl->client, NULL, &text);
		complete_fields(c, r, text, "name", "uplink");
	} else if (what == NAME_RESOURCE) {
		r = vnet_resource_list(ctl->client, vnet, NULL, &text);
		complete_fields(c, r, text, "name", NULL);
	} else {
		r = vnet_fdb_list(ctl->client, vnet, &text);
		complete_fields(c, r, text, "mac", "registered MAC");
	}
}

static void complete_choices(const struct complete *c, const struct key *key)
{
	char choices[128], *rest = choices, *word;

	if (strlen(key->value) >= sizeof(choices))
		return;
	memcpy(choices, key->value, strlen(key->value) + 1);
	while ((word = strsep(&rest, "|"))) {
		word[strcspn(word, " ")] = '\0'; /* what follows is the next word */
		if (islower((unsigned char)word[0]))
			complete_offer(c, word, key->help);
	}
}

static bool complete_has_item(const char *list, size_t list_length, const char *item)
{
	const char *end = list + list_length;
	size_t length;

	for (; list < end; list += length + 1) {
		length = strcspn(list, ",");
		if (strlen(item) == length && strncmp(list, item, length) == 0)
			return true;
	}
	return false;
}

/* What is there of the list stays, and each item can follow once. */
static void complete_items(const struct complete *c, const struct key *key)
{
	const char *comma = strrchr(c->partial, ',');
	size_t before = comma ? (size_t)(comma - c->partial) + 1 : 0;
	char items[128], list[256], *rest = items, *item;

	if (strlen(key->items) >= sizeof(items) || before + sizeof(items) > sizeof(list))
		return;
	memcpy(items, key->items, strlen(key->items) + 1);
	memcpy(list, c->partial, before);
	while ((item = strsep(&rest, "|"))) {
		memcpy(list + before, item, strlen(item) + 1);
		if (!complete_has_item(c->partial, before, item))
			complete_offer(c, list, key->help);
	}
}

static void complete_source(const struct complete *c, const struct key *key)
{
	if (key->source == KEY_VNETS)
		complete_name(c, NAME_VNET, NULL);
	if (key->source == KEY_UPLINKS)
		complete_name(c, NAME_UPLINK, NULL);
	if (key->source == KEY_DEVICES)
		complete_folder(c, "/sys/class/net", DT_REG, "device"); /* bonding_masters */
	if (key->source == KEY_NETNS)
		complete_folder(c, "/run/netns", DT_DIR, "network namespace");
}

static void complete_value(const struct complete *c, const struct key *key)
{
	complete_choices(c, key);
	if (key->items)
		complete_items(c, key);
	if (!key->more)
		complete_source(c, key);
}

/* A name behind the first of the choices that take a word more; else it is a number. */
static void complete_second(const struct complete *c, const struct key *key, const char *first)
{
	if (key->more && strcspn(key->more, "|") == strlen(first) &&
	    strncmp(key->more, first, strlen(first)) == 0)
		complete_source(c, key);
}

/* @done words of "KEY VALUE..." are there already. */
static void complete_key(const struct complete *c, const struct verb *v, char *const *done,
			 int done_count)
{
	bool given[KEYS_MAX] = { false };
	struct words words = { .count = 0 };
	const char *first = NULL;
	size_t i, last = 0;
	int n;

	keys_words(v->keys, &words);
	for (n = 0; n < done_count; n += 1 + keys_values(&v->keys[last], first ? first : "")) {
		if (words_find(&words, done[n], &last) < 0)
			return;
		given[last] = true;
		first = n + 1 < done_count ? done[n + 1] : NULL;
	}
	if (n == done_count) {
		for (i = 0; i < words.count; i++)
			if (!given[i] && !(v->keys_needed && v->keys[i].fixed))
				complete_offer(c, v->keys[i].name, v->keys[i].help);
		return;
	}
	if (first)
		complete_second(c, &v->keys[last], first);
	else
		complete_value(c, &v->keys[last]);
}

static void complete_arguments(const struct complete *c, const struct verb *v, int used)
{
	int given = c->argc - used, names = 0;

	while (names < COMMAND_NAMES_MAX && v->names[names])
		names++;
	for (int i = v->names_needed; v->keys && i < names && i < given; i++)
		if (keys_has(v->keys, c->argv[used + i]))
			names = i;
	if (given < names && given >= v->names_needed && v->keys)
		complete_key(c, v, NULL, 0);
	if (given < names)
		complete_name(c, v->names[given], given > 0 ? c->argv[used + given - 1] : NULL);
	else if (v->keys)
		complete_key(c, v, c->argv + used + names, given - names);
}

static void complete_words(const struct complete *c)
{
	struct words words = { .count = 0 };
	const struct verb *v;
	size_t i;

	if (c->argc == 0) {
		complete_objects(c);
		return;
	}
	commands_words(NULL, &words);
	if (words_find(&words, c->argv[0], &i) < 0)
		return;
	v = commands_find(words.word[i], NULL);
	if (!v->name) {
		complete_arguments(c, v, 1);
		return;
	}
	if (c->argc == 1) {
		complete_verbs(c, v->object);
		return;
	}
	words.count = 0;
	commands_words(v->object, &words);
	if (words_find(&words, c->argv[1], &i) == 0)
		complete_arguments(c, commands_find(v->object, words.word[i]), 2);
}

/* Does the option take the next word? */
static bool complete_takes_word(const char *option)
{
	static const char *const options[] = { "--socket", "--timeout", "--batch" };
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(options[i], option) == 0)
			return true;
	return option[1] != '-' && strchr("stb", option[strlen(option) - 1]);
}

/* Skips the options, but for the socket: that is where to ask for names. */
static int complete_skip_options(struct ctl *ctl, int argc, char *const *argv)
{
	int i = 0;

	while (i < argc && argv[i][0] == '-' && argv[i][1] != '\0') {
		if (strncmp(argv[i], "--socket=", 9) == 0)
			ctl->socket = argv[i] + 9;
		if (!complete_takes_word(argv[i++]))
			continue;
		if (i < argc && (strcmp(argv[i - 1], "--socket") == 0 ||
				 argv[i - 1][strlen(argv[i - 1]) - 1] == 's'))
			ctl->socket = argv[i];
		i++;
	}
	return i;
}

enum ctl_status complete_run(struct ctl *ctl, const struct command *command)
{
	struct complete c = { .ctl = ctl };
	int before = command->argc - 1, skipped;

	if (before < 0)
		return CTL_DONE;
	c.partial = command->argv[before];
	skipped = complete_skip_options(ctl, before, command->argv);
	if (skipped > before) /* the word belongs to an option */
		return CTL_DONE;
	c.argc = before - skipped;
	c.argv = command->argv + skipped;
	if (c.argc == 0 && c.partial[0] == '-')
		complete_options(&c);
	else
		complete_words(&c);
	return CTL_DONE;
}
