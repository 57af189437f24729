// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "commands.h"

#define BATCH_WORDS_MAX (2 * KEYS_MAX + 8)
#define BATCH_BLANKS	" \t\r\n"

/* Runs one line, which is changed by that. */
static enum ctl_status batch_line(struct ctl *ctl, char *line)
{
	char *words[BATCH_WORDS_MAX], *rest = line, *word;
	enum ctl_status status;
	int count = 0;

	while ((word = strtok_r(rest, BATCH_BLANKS, &rest)) && word[0] != '#') {
		if (count == BATCH_WORDS_MAX)
			return ctl_usage(ctl, "", "'%s' is a word too many: expected at most %d",
					 word, BATCH_WORDS_MAX);
		words[count++] = word;
	}
	if (count == 0)
		return CTL_DONE;
	status = commands_run(ctl, count, words);
	/* What the line printed comes before what the next one may complain of. */
	if (status == CTL_DONE && (fflush(ctl->out) == EOF || ferror(ctl->out)))
		return CTL_FAILED;
	return status;
}

static enum ctl_status batch_lines(struct ctl *ctl, FILE *file, const char *name)
{
	enum ctl_status status = CTL_DONE;
	char *line = NULL, *where = NULL;
	size_t size = 0, number = 0;
	ssize_t length;

	while (status == CTL_DONE && (length = getline(&line, &size, file)) >= 0) {
		if (asprintf(&where, "%s:%zu: ", name, ++number) < 0) {
			where = NULL;
			status = ctl_no_memory(ctl);
			break;
		}
		ctl->where = where;
		if (strlen(line) != (size_t)length)
			status = ctl_usage(ctl, "",
					   "there is a NUL byte in the line: expected text");
		else
			status = batch_line(ctl, line);
		ctl->where = "";
		free(where);
	}
	free(line);
	if (status == CTL_DONE && ferror(file))
		status = ctl_fail(ctl, CTL_FAILED, "cannot read %s: %s", name, strerror(errno));
	return status;
}

/* What was changed before a line that failed stays changed. */
static enum ctl_status batch_keep(struct ctl *ctl, enum ctl_status status)
{
	enum ctl_status kept = CTL_DONE;

	if (ctl->client && status <= CTL_REFUSED)
		kept = ctl_result(ctl, vnet_keep(ctl->client));
	return status == CTL_DONE ? kept : status;
}

enum ctl_status batch_run(struct ctl *ctl, const char *path)
{
	enum ctl_status status;
	FILE *file;

	ctl->batch = true;
	if (strcmp(path, "-") == 0)
		return batch_keep(ctl, batch_lines(ctl, stdin, "standard input"));
	file = fopen(path, "re");
	if (!file)
		return ctl_fail(ctl, CTL_USAGE, "cannot read %s: %s", path, strerror(errno));
	status = batch_keep(ctl, batch_lines(ctl, file, path));
	fclose(file);
	return status;
}
