/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A command line, one word a line, then an empty line, what vnetd answers up to a byte 0xff, and
 * what is on standard input. What vnetctl asks is whole, what it prints cannot play tricks on a
 * terminal, and who failed has said so.
 */
/* wraps: wire_open */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include "../../cli/run.h"
#include "../../lib/wire.h"
#include "fuzz.h"

#define WORDS_MAX 40

int __wrap_wire_open(struct wire *w, const char *path, int64_t deadline_ns);

static struct fuzz answers;
static int other; /* vnetd's end of the socket, -1: none */

int __wrap_wire_open(struct wire *w, const char *path, int64_t deadline_ns)
{
	if (!path[0])
		return -ENOENT;
	*w = (struct wire) { .fd = fuzz_peer(answers.data, answers.size, &other) };
	return 0;
}

/* Of control characters only line feed and tab; in JSON, those that it does not have to escape. */
static void check_text(const char *what, const char *text, size_t size)
{
	bool json = size && strchr("[{\"", text[0]);

	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		ck_assert_msg(c >= ' ' || c == '\n' || c == '\t', "%s has the byte %#x: %s", what,
			      c, text);
		if (json)
			continue;
		ck_assert_msg(c != 0x7f, "%s has the byte %#x: %s", what, c, text);
		ck_assert_msg(!i || c < 0x80 || c >= 0xa0 || text[i - 1] != '\xc2',
			      "%s has U+00%x: %s", what, c, text);
	}
	ck_assert_msg(!size || text[size - 1] == '\n', "%s has no end: %s", what, text);
}

static void check(enum ctl_status status, const char *out, size_t out_size, const char *err,
		  size_t err_size)
{
	size_t asked;
	char *requests = other >= 0 ? fuzz_read(other, &asked) : NULL;

	if (requests)
		fuzz_check_messages(requests, asked);
	free(requests);
	ck_assert_int_ge(status, CTL_DONE);
	ck_assert_int_le(status, CTL_FAILED);
	if (status != CTL_DONE)
		ck_assert_uint_gt(err_size, 0);
	check_text("out", out, out_size);
	check_text("err", err, err_size);
}

static int read_words(struct fuzz *f, char **words)
{
	int count = 1;

	words[0] = strdup("vnetctl");
	while (count < WORDS_MAX && f->size) {
		words[count] = fuzz_text(f, '\n');
		if (!words[count][0])
			break;
		/* The one file that may be read is standard input. */
		if (strchr(words[count], '/') && !strstr(words[count], "//"))
			words[count][0] = '-';
		count++;
	}
	if (words[count])
		free(UTIL_TAKE_PTR(words[count]));
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *words[WORDS_MAX + 1] = { NULL }, *out = NULL, *err = NULL, *answer;
	FILE *usual = stdin, *to_out, *to_err;
	struct fuzz f = { data, size };
	size_t out_size, err_size;
	enum ctl_status status;
	int count = read_words(&f, words);
	sigset_t signals;

	other = -1;
	answer = fuzz_until(&f, '\xff', &answers.size);
	answers.data = (const uint8_t *)answer;
	stdin = f.size ? fmemopen((void *)f.data, f.size, "r") : fopen("/dev/null", "r");
	to_out = open_memstream(&out, &out_size);
	to_err = open_memstream(&err, &err_size);
	sigprocmask(SIG_BLOCK, NULL, &signals);
	status = run_main(count, words, to_out, to_err);
	sigprocmask(SIG_SETMASK, &signals, NULL);
	fclose(to_out);
	fclose(to_err);
	fclose(stdin);
	stdin = usual;
	check(status, out, out_size, err, err_size);
	if (other >= 0)
		close(other);
	while (count--)
		free(words[count]);
	free(answer);
	free(out);
	free(err);
	return 0;
}
