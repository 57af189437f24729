// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "words.h"

void words_add(struct words *w, const char *word)
{
	size_t i;

	for (i = 0; i < w->count; i++)
		if (strcmp(w->word[i], word) == 0)
			return;
	if (w->count < WORDS_MAX)
		w->word[w->count++] = word;
}

static bool words_begins(const char *word, const char *text)
{
	return strncmp(word, text, strlen(text)) == 0;
}

int words_find(const struct words *w, const char *text, size_t *ret)
{
	size_t i, found = 0, matches = 0;

	for (i = 0; i < w->count; i++) {
		if (!text[0] || !words_begins(w->word[i], text))
			continue;
		found = i;
		if (strcmp(w->word[i], text) == 0) {
			matches = 1;
			break;
		}
		matches++;
	}
	if (matches != 1)
		return matches == 0 ? -ENOENT : -ENOTUNIQ;
	*ret = found;
	return 0;
}

const char *words_list(const struct words *w, const char *text, char buffer[WORDS_LIST_SIZE])
{
	const char *last = NULL;
	size_t i, used = 0;

	buffer[0] = '\0';
	for (i = 0; i < w->count; i++) {
		if (!words_begins(w->word[i], text))
			continue;
		if (last && used < WORDS_LIST_SIZE)
			used += snprintf(buffer + used, WORDS_LIST_SIZE - used, "%s%s",
					 used ? ", " : "", last);
		last = w->word[i];
	}
	if (last && used < WORDS_LIST_SIZE)
		snprintf(buffer + used, WORDS_LIST_SIZE - used, "%s%s", used ? " or " : "", last);
	return buffer;
}
