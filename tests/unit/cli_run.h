/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs vnetctl within a test and keeps what it printed. */
#ifndef VNET_TESTS_CLI_RUN_H
#define VNET_TESTS_CLI_RUN_H

#include <stdlib.h>
#include <string.h>

#include "../../cli/run.h"
#include "unit.h"
#include "varlink_fake.h"

#define CLI_WORDS_MAX 64

struct cli_result {
	enum ctl_status status;
	char *out, *err;
	size_t out_size, err_size;
};

/* @socket may be NULL. The words of @line have single blanks in between; '' is an empty word. */
static inline void cli_run(struct cli_result *r, const char *socket, const char *line)
{
	char *words[CLI_WORDS_MAX + 1] = { (char *)"vnetctl" }, *copy = strdup(line), *rest = copy;
	FILE *out = open_memstream(&r->out, &r->out_size);
	FILE *err = open_memstream(&r->err, &r->err_size);
	int count = 1;

	if (socket) {
		words[count++] = (char *)"-s";
		words[count++] = (char *)socket;
	}
	while (rest && *rest && count < CLI_WORDS_MAX) {
		words[count] = strsep(&rest, " ");
		if (strcmp(words[count], "''") == 0)
			words[count][0] = '\0';
		count++;
	}
	ck_assert_int_lt(count, CLI_WORDS_MAX);
	r->status = run_main(count, words, out, err);
	fclose(out);
	fclose(err);
	free(copy);
}

static inline void cli_free(struct cli_result *r)
{
	free(r->out);
	free(r->err);
}

/* Runs, and expects exactly this. */
static inline void cli_expect(const char *socket, const char *line, enum ctl_status status,
			      const char *out, const char *err)
{
	struct cli_result r;

	cli_run(&r, socket, line);
	ck_assert_msg(r.status == status && strcmp(r.out, out) == 0 && strcmp(r.err, err) == 0,
		      "vnetctl %s\nended with %d, expected %d\nprinted\n%s\nexpected\n%s\n"
		      "complained\n%s\nexpected\n%s",
		      line, r.status, status, r.out, out, r.err, err);
	cli_free(&r);
}

#endif
