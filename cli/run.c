// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch.h"
#include "commands.h"
#include "help.h"
#include "run.h"

#define RUN_TIMEOUT_S_MAX 86400

static const struct option run_options[] = {
	{ "json", no_argument, NULL, 'j' },	    { "pretty", no_argument, NULL, 'p' },
	{ "socket", required_argument, NULL, 's' }, { "timeout", required_argument, NULL, 't' },
	{ "batch", required_argument, NULL, 'b' },  { "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },	    {},
};

struct run {
	struct ctl ctl;
	const char *batch;
	bool help, version;
};

static enum ctl_status run_set_timeout(struct ctl *ctl, const char *text)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	if (end == text || *end != '\0' || !(seconds > 0) || seconds > RUN_TIMEOUT_S_MAX)
		return ctl_usage(ctl, "",
				 "-t '%s' is not a time: expected seconds, more than 0 and at most "
				 "%d",
				 text, RUN_TIMEOUT_S_MAX);
	ctl->timeout_ms = (int)(seconds * 1000 + 0.999);
	return CTL_DONE;
}

/* What getopt_long() did not understand, as the user wrote it. */
static enum ctl_status run_bad_option(struct ctl *ctl, int c, char **argv)
{
	const char *word = argv[optind - 1];
	char letter[] = { '-', (char)optopt, '\0' };

	if (c == ':')
		return ctl_usage(ctl, "", "'%s' has no value: expected one word after it",
				 strncmp(word, "--", 2) == 0 ? word : letter);
	if (optopt && strncmp(word, "--", 2) != 0)
		word = letter;
	return ctl_usage(ctl, "", "'%s' is not an option: expected -j, -p, -s, -t, -b, -h or -V",
			 word);
}

static enum ctl_status run_read_options(struct run *run, int argc, char **argv)
{
	struct ctl *ctl = &run->ctl;
	int c;

	optind = 0; /* start anew, whatever was read before */
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:jps:t:b:hV", run_options, NULL)) != -1) {
		switch (c) {
		case 'j':
			ctl->json = true;
			break;
		case 'p':
			ctl->json = ctl->pretty = true;
			break;
		case 's':
			ctl->socket = optarg;
			break;
		case 't':
			if (run_set_timeout(ctl, optarg) != CTL_DONE)
				return CTL_USAGE;
			break;
		case 'b':
			run->batch = optarg;
			break;
		case 'h':
			run->help = true;
			break;
		case 'V':
			run->version = true;
			break;
		default:
			return run_bad_option(ctl, c, argv);
		}
	}
	return CTL_DONE;
}

static enum ctl_status run_command(struct run *run, int argc, char **argv)
{
	static char *const version[] = { (char *)"version" };
	struct ctl *ctl = &run->ctl;
	enum ctl_status status = run_read_options(run, argc, argv);

	argc -= optind;
	argv += optind;
	if (status != CTL_DONE)
		return status;
	if (run->help) {
		help_print(ctl->out);
		return CTL_DONE;
	}
	if (run->version)
		return commands_run(ctl, 1, version);
	if (run->batch && argc > 0)
		return ctl_usage(ctl, "", "'%s' is a word too many: expected none beside -b",
				 argv[0]);
	if (run->batch)
		return batch_run(ctl, run->batch);
	if (argc == 0) {
		help_print(ctl->err);
		return CTL_USAGE;
	}
	return commands_run(ctl, argc, argv);
}

/* Colour is for people who look at it and did not ask for none. */
static bool run_has_colour(FILE *out)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_colour && no_colour[0])
		return false;
	return term && strcmp(term, "dumb") != 0 && fileno(out) >= 0 && isatty(fileno(out));
}

/* Output that did not reach its end is a failure, as for a full disk or a reader that has left. */
static enum ctl_status run_finish(struct ctl *ctl, enum ctl_status status)
{
	bool failed = ferror(ctl->out);

	errno = 0;
	failed = fflush(ctl->out) == EOF || failed;
	if (!failed)
		return status;
	if (status == CTL_DONE || status == CTL_FAILED)
		return ctl_fail(ctl, CTL_FAILED, "cannot write the output%s%s", errno ? ": " : "",
				errno ? strerror(errno) : "");
	return status;
}

enum ctl_status run_main(int argc, char **argv, FILE *out, FILE *err)
{
	struct run run = {
		.ctl = {
			.out = out,
			.err = err,
			.colour = run_has_colour(out),
			.socket = VNET_SOCKET_PATH,
			.timeout_ms = CTL_TIMEOUT_MS_DEFAULT,
			.where = "",
		},
	};
	enum ctl_status status = run_command(&run, argc, argv);

	status = run_finish(&run.ctl, status);
	ctl_close(&run.ctl);
	return status;
}
