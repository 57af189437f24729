/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../daemon/ini.h"
#include "unit.h"

/* What the callbacks heard, one a line: "1[VNet]", "2 MTU=1500", "3! ..." */
struct heard {
	char text[8192];
	size_t used;
	unsigned int errors;
};

static void UTIL_PRINTF(2, 3) hear(struct heard *h, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	h->used += (size_t)vsnprintf(h->text + h->used, sizeof(h->text) - h->used, format, args);
	va_end(args);
	ck_assert_uint_lt(h->used, sizeof(h->text));
}

static void on_section(void *context, unsigned int line, const char *name)
{
	hear(context, "%u[%s]\n", line, name ? name : "?");
}

static void on_value(void *context, unsigned int line, const char *key, const char *value)
{
	hear(context, "%u %s=%s\n", line, key, value);
}

static void on_error(void *context, unsigned int line, const char *message)
{
	struct heard *h = context;

	ck_assert_uint_gt(strlen(message), 10);
	h->errors++;
	hear(h, "%u! %s\n", line, message);
}

static void parse(struct heard *h, const char *text, size_t len)
{
	static const struct ini_callbacks callbacks = { on_section, on_value, on_error };
	/* A copy of its very size, so that a sanitizer sees what is read behind the end. */
	char *copy = malloc(len ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	memset(h, 0, sizeof(*h));
	ini_parse(copy, len, &callbacks, h);
	free(copy);
}

static const struct {
	const char *text;
	const char *heard;
} good[] = {
	{ "", "" },
	{ "\n\n \t\n", "" },
	{ "[VNet]\nMTU=1500\n", "1[VNet]\n2 MTU=1500\n" },
	{ "[VNet]\nMTU=1500", "1[VNet]\n2 MTU=1500\n" },
	{ "  [ Resource g1 ]  \n", "1[Resource g1]\n" },
	{ "\tKey \t = \t a value \t\n", "1 Key=a value\n" },
	{ "Key=\n", "1 Key=\n" },
	{ "Key==a=b\n", "1 Key==a=b\n" },
	{ "Key=a # no comment\n", "1 Key=a # no comment\n" },
	{ "Key=\"quoted\"\n", "1 Key=\"quoted\"\n" },
	{ "Key=[x]\n", "1 Key=[x]\n" },
	{ "# a comment\n; another\n \t# a third\nK=v\n", "4 K=v\n" },
	{ "# a comment may end so \\\nK=v\n", "2 K=v\n" },
	{ "[A]\r\nK=v\r\n\r\n", "1[A]\n2 K=v\n" },
	{ "\xef\xbb\xbf[A]\nK=v\n", "1[A]\n2 K=v\n" },
	{ "K=gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\n",
	  "1 K=gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\n" },
	{ "[gr\xc3\xbc\xc3\x9f]\n", "1[gr\xc3\xbc\xc3\x9f]\n" },
};

START_TEST(reads_what_is_right)
{
	struct heard h;

	parse(&h, good[_i].text, strlen(good[_i].text));
	ck_assert_str_eq(h.text, good[_i].heard);
	ck_assert_uint_eq(h.errors, 0);
}
END_TEST

/* A sizeof() of the text, for there are NUL bytes in some of them. */
#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *text;
	size_t len;
	const char *heard; /* with this in front, ... */
	const char *word;  /* ... this in it ... */
	const char *rest;  /* ... and this at its end */
	unsigned int errors;
} wrong[] = {
	{ TEXT("[A]\nnothing\nK=v\n"), "1[A]\n2! ", "no '='", "\n3 K=v\n", 1 },
	{ TEXT("[A]\n=v\nK=v\n"), "1[A]\n2! ", "no key", "\n3 K=v\n", 1 },
	{ TEXT("[A\nK=v\n"), "1! ", "[NAME]", "\n1[?]\n2 K=v\n", 1 },
	{ TEXT("[A] x\nK=v\n"), "1! ", "[NAME]", "\n1[?]\n2 K=v\n", 1 },
	{ TEXT("[A]]\nK=v\n"), "1! ", "[NAME]", "\n1[?]\n2 K=v\n", 1 },
	{ TEXT("[[A]\nK=v\n"), "1! ", "[NAME]", "\n1[?]\n2 K=v\n", 1 },
	{ TEXT("[]\nK=v\n"), "1! ", "no name", "\n1[?]\n2 K=v\n", 1 },
	{ TEXT("[ \t ]\nK=v\n"), "1! ", "no name", "\n1[?]\n2 K=v\n", 1 },
	{ TEXT("a\nb\nc\n"), "1! ", "no '='", "\n", 3 },
	/* a continuation is one complaint, and ends where the lines end in no backslash */
	{ TEXT("K=a\\\nb\nL=v\n"), "1! ", "backslash", "\n3 L=v\n", 1 },
	{ TEXT("K=a\\\nb\\\nc\nL=v\n"), "1! ", "backslash", "\n4 L=v\n", 1 },
	{ TEXT("K=a\\\n\nL=v\n"), "1! ", "backslash", "\n3 L=v\n", 1 },
	{ TEXT("K=a\\\n[A]\nL=v\n"), "1! ", "backslash", "\n2[A]\n3 L=v\n", 1 },
	{ TEXT("K=a\\\n"), "1! ", "backslash", "\n", 1 },
	{ TEXT("K=a \\ \nL=v\n"), "1! ", "backslash", "\n", 1 },
	/* bytes that no text has */
	{ TEXT("K=\0v\nL=v\n"), "1! ", "NUL", "\n2 L=v\n", 1 },
	{ TEXT("\0"), "1! ", "NUL", "\n", 1 },
	{ TEXT("# \0\nL=v\n"), "1! ", "NUL", "\n2 L=v\n", 1 },
	{ TEXT("[A\0]\nL=v\n"), "1! ", "NUL", "\n1[?]\n2 L=v\n", 1 },
	{ TEXT("K=\x1b[31m\n"), "1! ", "control", "\n", 1 },
	{ TEXT("K=\x7f\n"), "1! ", "control", "\n", 1 },
	{ TEXT("K=a\rb\n"), "1! ", "control", "\n", 1 },
	{ TEXT("K=v\r\r\n"), "1! ", "control", "\n", 1 },
	/* not UTF-8: alone, cut short, too long a form, a surrogate, above the last character */
	{ TEXT("K=\x80\nL=v\n"), "1! ", "UTF-8", "\n2 L=v\n", 1 },
	{ TEXT("K=\xff\nL=v\n"), "1! ", "UTF-8", "\n2 L=v\n", 1 },
	{ TEXT("K=\xc3"), "1! ", "UTF-8", "\n", 1 },
	{ TEXT("K=\xc3\n\xbc=v\n"), "1! ", "UTF-8", "\n", 2 },
	{ TEXT("K=\xe2\x82\n"), "1! ", "UTF-8", "\n", 1 },
	{ TEXT("K=\xf0\x9f\x98\n"), "1! ", "UTF-8", "\n", 1 },
	{ TEXT("K=\xc0\xaf\n"), "1! ", "UTF-8", "\n", 1 },
	{ TEXT("K=\xe0\x80\xaf\n"), "1! ", "UTF-8", "\n", 1 },
	{ TEXT("K=\xf0\x80\x80\xaf\n"), "1! ", "UTF-8", "\n", 1 },
	{ TEXT("K=\xed\xa0\x80\n"), "1! ", "UTF-8", "\n", 1 },
	{ TEXT("K=\xf4\x90\x80\x80\n"), "1! ", "UTF-8", "\n", 1 },
	{ TEXT("K=\xf8\x88\x80\x80\x80\n"), "1! ", "UTF-8", "\n", 1 },
	{ TEXT("K=\xc3\x28\n"), "1! ", "UTF-8", "\n", 1 },
	{ TEXT("; \xff\nL=v\n"), "1! ", "UTF-8", "\n2 L=v\n", 1 },
};

START_TEST(complains_about_what_is_wrong)
{
	size_t front = strlen(wrong[_i].heard), rest = strlen(wrong[_i].rest);
	struct heard h;

	parse(&h, wrong[_i].text, wrong[_i].len);
	ck_assert_uint_eq(h.errors, wrong[_i].errors);
	ck_assert_msg(strncmp(h.text, wrong[_i].heard, front) == 0, "%s", h.text);
	ck_assert_msg(strstr(h.text, wrong[_i].word), "%s", h.text);
	ck_assert_uint_ge(h.used, rest);
	ck_assert_str_eq(h.text + h.used - rest, wrong[_i].rest);
}
END_TEST

START_TEST(long_lines_end_at_4096_bytes)
{
	static char text[INI_LINE_BYTES_MAX + 16];
	struct heard h;

	memset(text, 'v', sizeof(text));
	memcpy(text, "K=", 2);
	text[INI_LINE_BYTES_MAX] = '\n';
	memcpy(text + INI_LINE_BYTES_MAX + 1, "L=v\n", 4);
	parse(&h, text, INI_LINE_BYTES_MAX + 5);
	ck_assert_uint_eq(h.errors, 0);
	ck_assert_str_eq(h.text + h.used - 6, "2 L=v\n");

	text[INI_LINE_BYTES_MAX] = 'v';
	memcpy(text + INI_LINE_BYTES_MAX + 1, "\nL=v\n", 5);
	parse(&h, text, INI_LINE_BYTES_MAX + 6);
	ck_assert_uint_eq(h.errors, 1);
	ck_assert_ptr_nonnull(strstr(h.text, "4096"));
	ck_assert_str_eq(h.text + h.used - 6, "2 L=v\n");
}
END_TEST

/* Whatever the bytes are, the reader comes to their end, with line numbers in order. */
START_TEST(takes_any_bytes)
{
	static char text[4096];
	uint32_t seed = 1;

	for (int round = 0; round < 200; round++) {
		struct heard h;

		for (size_t i = 0; i < sizeof(text); i++) {
			seed = seed * 1664525 + 1013904223;
			text[i] = "[]=\n\\#; \ta\r\0\xc3\xbc\xff."[seed >> 28];
		}
		parse(&h, text, 256);
		ck_assert_uint_gt(h.used, 0);
	}
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("ini", &t);

	tcase_add_loop_test(t, reads_what_is_right, 0, UTIL_ARRAY_SIZE(good));
	tcase_add_loop_test(t, complains_about_what_is_wrong, 0, UTIL_ARRAY_SIZE(wrong));
	tcase_add_test(t, long_lines_end_at_4096_bytes);
	tcase_add_test(t, takes_any_bytes);
	return unit_run(s);
}
