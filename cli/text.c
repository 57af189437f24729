// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>

#include "text.h"

#define TEXT_COLUMNS	 79
#define TEXT_PHRASE_SIZE 512

void text_print(FILE *out, const char *text)
{
	const unsigned char *c;

	for (c = (const unsigned char *)text; *c; c++)
		fputc(*c < 0x20 || *c == 0x7f ? '?' : *c, out);
}

void text_print_colour(FILE *out, bool colour, enum text_colour which, const char *text)
{
	static const char *const codes[] = {
		[TEXT_PLAIN] = "0",  [TEXT_BOLD] = "1",	   [TEXT_RED] = "31",
		[TEXT_GREEN] = "32", [TEXT_YELLOW] = "33",
	};

	if (!colour || which == TEXT_PLAIN) {
		text_print(out, text);
		return;
	}
	fprintf(out, "\033[%sm", codes[which]);
	text_print(out, text);
	fputs("\033[0m", out);
}

void text_phrase(struct text_line *line, const char *format, ...)
{
	char phrase[TEXT_PHRASE_SIZE];
	size_t length;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(phrase, sizeof(phrase), format, args);
	va_end(args);
	if (n < 0)
		return;
	length = (size_t)n < sizeof(phrase) ? (size_t)n : sizeof(phrase) - 1;

	/* One column is for the comma that may follow. */
	if (line->column && line->column + 2 + length + 1 > TEXT_COLUMNS) {
		fprintf(line->out, ",\n%*s", (int)line->indent, "");
		line->column = line->indent;
	} else if (line->column) {
		fputs(", ", line->out);
		line->column += 2;
	}
	text_print(line->out, phrase);
	line->column += length;
}

void text_end(struct text_line *line)
{
	fputc('\n', line->out);
	line->column = 0;
}
