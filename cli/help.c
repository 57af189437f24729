// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "help.h"

#define HELP_LEFT_COLUMNS 36

static const char help_options[] =
	"Options, before OBJECT:\n"
	"  -j, --json              print JSON, on one line\n"
	"  -p, --pretty            print JSON, indented\n"
	"  -s, --socket PATH       where vnetd listens, if not at " VNET_SOCKET_PATH "\n"
	"  -t, --timeout SECONDS   how long to wait for an answer: 5, or a fraction\n"
	"  -b, --batch FILE        commands from FILE, one a line ('-': standard input)\n"
	"  -h, --help              this text\n"
	"  -V, --version           the version\n"
	"\n"
	"Any beginning of a word will do that no other word has: 'vnetctl res sh' is\n"
	"'vnetctl resource show'. 'vnetctl help OBJECT' shows keys and examples.\n"
	"Exit status: 0 done, 1 usage, 2 refused by vnetd, 3 vnetd cannot be reached,\n"
	"4 timed out, 5 other failures.\n";

/* One command, and what it does in a column of its own; below it where the command is too long. */
static void help_verb(FILE *out, const struct verb *v)
{
	int n = fprintf(out, "  %s%s%s%s%s", v->object, v->name ? " " : "", v->name ? v->name : "",
			v->usage[0] ? " " : "", v->usage);

	if (n > HELP_LEFT_COLUMNS - 2) {
		fputc('\n', out);
		n = 0;
	}
	fprintf(out, "%*s%s\n", HELP_LEFT_COLUMNS - (n > 0 ? n : 0), "", v->help);
}

void help_print(FILE *out)
{
	const struct verb *v;

	fputs("Usage: vnetctl [OPTIONS] OBJECT VERB [ARGUMENTS]\n\n", out);
	for (v = commands_verbs; v->object; v++)
		if (!v->raw)
			help_verb(out, v);
	fputc('\n', out);
	fputs(help_options, out);
}

static void help_keys(FILE *out, const struct key *keys)
{
	const struct key *k;
	int n;

	fputs("\nKeys:\n", out);
	for (k = keys; k->name; k++) {
		n = fprintf(out, "  %s %s", k->name, k->value);
		fprintf(out, "%*s%s%s\n", n < 30 ? 30 - n : 1, "", k->help,
			k->fixed ? " (add only)" : "");
	}
}

enum ctl_status help_object(struct ctl *ctl, const char *object)
{
	const struct key *keys = NULL;
	const struct object *o = commands_objects;
	const char *line, *end;
	const struct verb *v;

	while (o->name && strcmp(o->name, object) != 0)
		o++;
	fputs("Commands:\n", ctl->out);
	for (v = commands_verbs; v->object; v++) {
		if (strcmp(v->object, object) != 0)
			continue;
		help_verb(ctl->out, v);
		keys = v->keys ? v->keys : keys;
	}
	if (!o->name)
		return CTL_DONE;
	fprintf(ctl->out, "\n%s", o->help);
	if (keys)
		help_keys(ctl->out, keys);
	fputs("\nExamples:\n", ctl->out);
	for (line = o->examples; *line; line = end + 1) {
		end = strchr(line, '\n');
		fprintf(ctl->out, "  %.*s\n", (int)(end - line), line);
	}
	return CTL_DONE;
}

enum ctl_status help_run(struct ctl *ctl, const struct command *command)
{
	char list[WORDS_LIST_SIZE];
	struct words objects = { .count = 0 };
	const char *text = command->name[0];
	size_t i;
	int r;

	if (!text) {
		help_print(ctl->out);
		return CTL_DONE;
	}
	commands_words(NULL, &objects);
	r = words_find(&objects, text, &i);
	if (r < 0)
		return ctl_usage(ctl, "",
				 r == -ENOTUNIQ ? "'%s' is ambiguous: %s"
						: "'%s' is not an object: expected %s",
				 text, words_list(&objects, r == -ENOTUNIQ ? text : "", list));
	return help_object(ctl, objects.word[i]);
}
