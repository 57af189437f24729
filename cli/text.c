// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

#define TEXT_COLUMNS	 79
#define TEXT_PHRASE_SIZE 512

/* Of the character at @c, 0: it is none. */
static size_t text_character_bytes(const unsigned char *c)
{
	/* The first byte: its leading bits, and the least that so many bytes are there for. */
	static const struct {
		unsigned char mask, bits;
		unsigned int least;
	} lengths[] = {
		{ 0x80, 0x00, 0 },
		{ 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 },
		{ 0xf8, 0xf0, 0x10000 },
	};
	unsigned int character;
	size_t n = 0, i;

	while (n < 4 && (*c & lengths[n].mask) != lengths[n].bits)
		n++;
	if (n == 4)
		return 0;
	character = *c & (unsigned char)~lengths[n].mask;
	for (i = 1; i <= n; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		character = character << 6 | (c[i] & 0x3f);
	}
	if (character < lengths[n].least || character > 0x10ffff ||
	    (character >= 0xd800 && character < 0xe000))
		return 0;
	return n + 1;
}

bool text_is_utf8(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t n;

	while (*c) {
		n = text_character_bytes(c);
		if (n == 0)
			return false;
		c += n;
	}
	return true;
}

/* Of control characters, those from U+0080 to U+009F mean something to some terminals as well. */
static bool text_is_clean(const unsigned char *c, size_t n)
{
	return n > 0 && *c >= 0x20 && *c != 0x7f && !(*c == 0xc2 && c[1] < 0xa0);
}

void text_print(FILE *out, const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t n;

	for (; *c; c += n ? n : 1) {
		n = text_character_bytes(c);
		if (text_is_clean(c, n))
			fwrite(c, 1, n, out);
		else
			fputc('?', out);
	}
}

void text_printf(FILE *out, const char *format, ...)
{
	size_t format_length = strlen(format);
	bool ends_line = format_length > 0 && format[format_length - 1] == '\n';
	char *text = NULL;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		text = NULL;
	if (length > 0 && ends_line)
		text[length - 1] = '\0';
	text_print(out, length < 0 ? "?" : text);
	if (ends_line)
		fputc('\n', out);
	free(text);
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
	if (line->column > line->lead && line->column + 2 + length + 1 > TEXT_COLUMNS) {
		fprintf(line->out, ",\n%*s", (int)line->indent, "");
		line->column = line->indent;
		line->lead = 0;
	} else if (line->column > line->lead) {
		fputs(", ", line->out);
		line->column += 2;
	}
	text_print(line->out, phrase);
	line->column += length;
}

void text_lead(struct text_line *line, const char *words)
{
	text_print(line->out, words);
	line->column = line->lead = strlen(words);
}

void text_end(struct text_line *line)
{
	fputc('\n', line->out);
	line->column = line->lead = 0;
}
