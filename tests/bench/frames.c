// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Frames that are made, forwarded and counted in the kernel.
 *
 *	frames attach --program sink|fixed_tc|fixed_xdp --dev DEV [--to DEV] --pin FOLDER
 *		leaves the program at the ingress of DEV, where it redirects to --to, or counts
 *	frames forward --dev DEV --pin FOLDER --dst MAC --src MAC --seconds S
 *		[--choice same|cycle|random --count N] [--batch N]
 *		offers frames to DEV's other end and tells how many came to the sinks
 *	frames time --program PIN|NAME --against PIN|NAME [--to DEV]
 *		--dev DEV --dst MAC --src MAC | --targets FILE
 *		[--choice same|cycle|random --count N] [--vary mac|port] [--repeat N]
 *		nanoseconds that a program takes for a frame, and by how much that is more than
 *another frames fill --map PIN --count N copies the FDB's row of destination 0 for N destinations
 *
 * A choice other than "same" replaces the destination, or the source port (--vary port): "cycle"
 * goes round 64 of N, or all if there are fewer, "random" takes any of N. Answers are JSON.
 */
#include <getopt.h>

#include "frames_tool.h"

#define FRAMES_HOT   64 /* destinations in the hot set */
#define FRAMES_BATCH 64
#define FRAMES_TIMES 20000

volatile sig_atomic_t common_stop;

struct verb {
	const char *name;
	int (*run)(const struct frames_options *o);
	bool (*complete)(const struct frames_options *o);
};

static bool attach_complete(const struct frames_options *o)
{
	return o->program && o->dev && o->pin;
}

static bool forward_complete(const struct frames_options *o)
{
	return o->dev && o->pin && o->duration_ns;
}

static bool time_complete(const struct frames_options *o)
{
	return o->program && o->against && !o->dev != !o->targets;
}

static bool fill_complete(const struct frames_options *o)
{
	return o->map && o->config.count;
}

static const struct verb verbs[] = {
	{ "attach", frames_attach, attach_complete },
	{ "forward", frames_forward, forward_complete },
	{ "time", frames_time, time_complete },
	{ "fill", frames_fill, fill_complete },
};

static const char *const choices[] = {
	[FRAMES_SAME] = "same",
	[FRAMES_CYCLE] = "cycle",
	[FRAMES_RANDOM] = "random",
};

enum frames_option {
	OPTION_DEV,
	OPTION_TO,
	OPTION_PIN,
	OPTION_PROGRAM,
	OPTION_AGAINST,
	OPTION_MAP,
	OPTION_TARGETS,
	OPTION_DST,
	OPTION_SRC,
	OPTION_CHOICE,
	OPTION_VARY,
	OPTION_COUNT,
	OPTION_SECONDS,
	OPTION_REPEAT,
	OPTION_BATCH,
};

static const struct option options[] = {
	{ "dev", required_argument, NULL, OPTION_DEV },
	{ "to", required_argument, NULL, OPTION_TO },
	{ "pin", required_argument, NULL, OPTION_PIN },
	{ "program", required_argument, NULL, OPTION_PROGRAM },
	{ "against", required_argument, NULL, OPTION_AGAINST },
	{ "map", required_argument, NULL, OPTION_MAP },
	{ "targets", required_argument, NULL, OPTION_TARGETS },
	{ "dst", required_argument, NULL, OPTION_DST },
	{ "src", required_argument, NULL, OPTION_SRC },
	{ "choice", required_argument, NULL, OPTION_CHOICE },
	{ "vary", required_argument, NULL, OPTION_VARY },
	{ "count", required_argument, NULL, OPTION_COUNT },
	{ "seconds", required_argument, NULL, OPTION_SECONDS },
	{ "repeat", required_argument, NULL, OPTION_REPEAT },
	{ "batch", required_argument, NULL, OPTION_BATCH },
	{},
};

static uint32_t choice_of(const char *name)
{
	for (uint32_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		if (!strcmp(choices[i], name))
			return i;
	}
	errx(COMMON_USAGE, "--choice %s is not one of same, cycle, random", name);
}

static bool varies_port(const char *name)
{
	if (strcmp(name, "mac") != 0 && strcmp(name, "port") != 0)
		errx(COMMON_USAGE, "--vary %s is not mac or port", name);
	return strcmp(name, "port") == 0;
}

static void option_take(struct frames_options *o, enum frames_option option, const char *value)
{
	switch (option) {
	case OPTION_DEV:
		o->dev = value;
		break;
	case OPTION_TO:
		o->to = value;
		break;
	case OPTION_PIN:
		o->pin = value;
		break;
	case OPTION_PROGRAM:
		o->program = value;
		break;
	case OPTION_AGAINST:
		o->against = value;
		break;
	case OPTION_MAP:
		o->map = value;
		break;
	case OPTION_TARGETS:
		o->targets = value;
		break;
	case OPTION_DST:
		common_mac("--dst", value, o->dst);
		break;
	case OPTION_SRC:
		common_mac("--src", value, o->src);
		break;
	case OPTION_CHOICE:
		o->config.choice = choice_of(value);
		break;
	case OPTION_VARY:
		o->config.ports = varies_port(value);
		break;
	case OPTION_COUNT:
		o->config.count = (uint32_t)common_number("--count", value, 1, UINT32_MAX);
		break;
	case OPTION_SECONDS:
		o->duration_ns = common_number("--seconds", value, 1, 3600) * 1000000000;
		break;
	case OPTION_REPEAT:
		o->repeat = (uint32_t)common_number("--repeat", value, 1, 100000000);
		break;
	case OPTION_BATCH:
		o->batch = (uint32_t)common_number("--batch", value, 1, 256);
		break;
	}
}

static int usage(void)
{
	fputs("usage: frames attach|forward|time|fill OPTIONS; the head of frames.c has them\n",
	      stderr);
	return COMMON_USAGE;
}

/* libbpf's own words help when a program cannot be loaded, and only then. */
static int print_warnings(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

int main(int argc, char **argv)
{
	struct frames_options o = { .repeat = FRAMES_TIMES, .batch = FRAMES_BATCH };
	int option;

	if (argc < 2)
		return usage();
	while ((option = getopt_long(argc - 1, argv + 1, "", options, NULL)) >= 0) {
		if (option == '?')
			return usage();
		option_take(&o, (enum frames_option)option, optarg);
	}
	if (optind != argc - 1 || (o.config.choice != FRAMES_SAME && !o.config.count))
		return usage();
	o.config.step = o.config.count > FRAMES_HOT ? o.config.count / FRAMES_HOT : 1;
	libbpf_set_print(print_warnings);
	common_catch_stop();
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (!strcmp(argv[1], verbs[i].name) && verbs[i].complete(&o))
			return verbs[i].run(&o);
	}
	return usage();
}
