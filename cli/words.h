/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of the command line, which any unique beginning stands for. */
#ifndef VNETCTL_WORDS_H
#define VNETCTL_WORDS_H

#include <stddef.h>

#define WORDS_MAX 64

struct words {
	const char *word[WORDS_MAX]; /* borrowed */
	size_t count;
};

/* Adds @word unless it is there already. */
void words_add(struct words *w, const char *word);

/* 0 with the index of the word that @text stands for, -ENOENT, or -ENOTUNIQ if there are several.
 */
int words_find(const struct words *w, const char *text, size_t *ret);

#define WORDS_LIST_SIZE 512

/* The words that begin with @text, as "add, set or del". Returns @buffer. */
const char *words_list(const struct words *w, const char *text, char buffer[WORDS_LIST_SIZE]);

#endif
