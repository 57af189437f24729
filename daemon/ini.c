/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ini.h"

struct ini {
	const struct ini_callbacks *callbacks;
	void *context;
	unsigned int line;
	bool continued; /* the line before ended in a backslash and was complained about */
};

static void complain(const struct ini *ini, const char *message)
{
	ini->callbacks->on_error(ini->context, ini->line, message);
}

/* The length of the UTF-8 character at @s, of which @len bytes are there; 0: it is none. */
static size_t utf8_len(const unsigned char *s, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : 4;
	uint32_t c = s[0];

	if (n == 1)
		return 1;
	if (n > len || (n == 4 && s[0] >> 3 != 30))
		return 0;
	c &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : n;
}

/* What no line may contain, comments included: NULL if there is nothing of it. */
static const char *bad_bytes(const char *line, size_t len)
{
	const unsigned char *s = (const unsigned char *)line;
	size_t n;

	if (len > INI_LINE_BYTES_MAX)
		return "the line is longer than 4096 bytes";
	for (size_t i = 0; i < len; i += n) {
		if (s[i] == '\0')
			return "the line has a NUL byte in it, expected text";
		if ((s[i] < ' ' && s[i] != '\t') || s[i] == 0x7f)
			return "the line has a control character in it, expected text";
		n = utf8_len(s + i, len - i);
		if (!n)
			return "the line is not valid UTF-8";
	}
	return NULL;
}

/* Cuts white space off both ends, in place. */
static char *trim(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		len--;
	s[len] = '\0';
	return s;
}

static void parse_section(const struct ini *ini, char *s)
{
	char *name = s + 1, *end = strpbrk(name, "[]");

	if (!end || *end != ']' || end[1]) {
		complain(ini, "the section's header is not whole, expected [NAME] and nothing "
			      "else in the line");
		name = NULL;
	} else {
		*end = '\0';
		name = trim(name);
		if (!*name) {
			complain(ini, "the section has no name, expected [NAME]");
			name = NULL;
		}
	}
	ini->callbacks->on_section(ini->context, ini->line, name);
}

static void parse_value(const struct ini *ini, char *s)
{
	char *equals = strchr(s, '='), *key;

	if (!equals) {
		complain(ini, "the line has no '=', expected KEY=VALUE, [SECTION] or a comment "
			      "that begins with '#' or ';'");
		return;
	}
	*equals = '\0';
	key = trim(s);
	if (!*key)
		complain(ini, "there is no key before the '=', expected KEY=VALUE");
	else
		ini->callbacks->on_value(ini->context, ini->line, key, trim(equals + 1));
}

/*
 * A line that continues a refused one is passed over, so that one mistake makes one complaint; but
 * never a section's header, without which every key below would look misplaced.
 */
static void parse_text(struct ini *ini, char *s)
{
	bool continued = ini->continued;
	size_t len = strlen(s);

	ini->continued = false;
	if (!len || *s == '#' || *s == ';')
		return;
	if (*s == '[') {
		parse_section(ini, s);
		return;
	}
	ini->continued = s[len - 1] == '\\';
	if (continued)
		return;
	if (ini->continued)
		complain(ini, "a backslash at the end does not continue the line, expected the "
			      "whole value in one line");
	else
		parse_value(ini, s);
}

static void parse_line(struct ini *ini, const char *line, size_t len)
{
	char buffer[INI_LINE_BYTES_MAX + 1];
	const char *bad;

	if (len && line[len - 1] == '\r') /* written by an editor that ends lines so */
		len--;
	bad = bad_bytes(line, len);
	if (bad) {
		ini->continued = false;
		complain(ini, bad);
		if (len && line[0] == '[')
			ini->callbacks->on_section(ini->context, ini->line, NULL);
		return;
	}
	memcpy(buffer, line, len);
	buffer[len] = '\0';
	parse_text(ini, trim(buffer));
}

void ini_parse(const char *text, size_t len_bytes, const struct ini_callbacks *callbacks,
	       void *context)
{
	struct ini ini = { .callbacks = callbacks, .context = context };
	const char *end = text + len_bytes;

	if (len_bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
		text += 3;
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		ini.line++;
		parse_line(&ini, text, (size_t)(line_end - text));
		text = newline ? newline + 1 : end;
	}
}
