/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text for people: clean, in colour, in aligned columns. */
#ifndef VNETCTL_TEXT_H
#define VNETCTL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum text_colour { TEXT_PLAIN, TEXT_BOLD, TEXT_RED, TEXT_GREEN, TEXT_YELLOW };

bool text_is_utf8(const char *text);

/* Prints @text with control characters, and what is not UTF-8, replaced, so that no name can play
 * with the terminal. */
void text_print(FILE *out, const char *text);
/* The same of what is made of @format, whose last character may be the end of a line. */
void text_printf(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_print_colour(FILE *out, bool colour, enum text_colour which, const char *text);

/* Prints a line of phrases with commas in between, broken where 80 columns are full. */
struct text_line {
	FILE *out;
	size_t indent; /* of every line but the first */
	size_t column; /* 0: nothing is printed yet */
	size_t lead;   /* words of text_lead() end here */
};

void text_phrase(struct text_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Begins the line with words that the first phrase follows without a comma. */
void text_lead(struct text_line *line, const char *words);
void text_end(struct text_line *line);

#endif
