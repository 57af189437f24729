// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * usage: test_differ [--frames N] [--jobs N] [--seed N] [--rounds N] [--round-frames N]
 *                    [--features all|none|both]
 *
 * The differential tester. Without options a million frames go through the programs and the model,
 * from a new seed each time; the seed of a round that failed is printed and repeats it:
 *
 *	test_differ --seed N --rounds 1 --jobs 1 --features F
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "differ.h"

#define EXIT_SKIPPED 77
#define JOBS_MAX     64
#define FAILURES_MAX 3 /* of one job: then it gives up */

enum features { FEATURES_ALL, FEATURES_NONE, FEATURES_BOTH, FEATURES_END };

static const char *const feature_names[] = { "all", "none", "both" };

struct options {
	uint64_t frames;
	uint64_t rounds; /* 0: as many as the frames need */
	uint64_t seed;
	uint32_t round_frames;
	uint32_t jobs;
	enum features features;
};

/* What one process says to the one that started it. */
struct result {
	uint64_t frames;
	uint64_t runs;
	uint64_t rounds;
	uint64_t failures;
	int err; /* that kept it from starting */
};

static int open_world(struct world_features features, struct differ *d)
{
	static struct model_config everything;
	struct differ_random random = { 1 };
	int err = world_new(&features, &d->world);

	differ_config(&random, &features, &everything);
	if (!err)
		err = world_apply(d->world, &everything);
	if (!err)
		err = world_device(d->world, DIFFER_STRANGER);
	return err ? err : world_device(d->world, DIFFER_STRANGER + 1);
}

/* Whether the kernel takes a short frame in two pieces for XDP (Linux 6.18). */
static bool takes_pieces(struct differ *d)
{
	struct model_frame *f = &d->input.frame;

	f->len = 60;
	f->linear = 20;
	memset(f->bytes, 0, f->len);
	return world_run(d->world, MODEL_XDP_TX, DIFFER_STRANGER, f, 1, &d->seen) == 0;
}

static void run_rounds(struct differ *d, const struct options *o, uint32_t job,
		       const char *features, uint64_t rounds, struct result *ret)
{
	for (uint64_t i = job; i < rounds && ret->failures < FAILURES_MAX; i += o->jobs) {
		int err = differ_round(d, o->seed + i, o->round_frames, stdout);

		ret->rounds++;
		if (!err)
			continue;
		ret->failures++;
		printf("repeat with: test_differ --jobs 1 --rounds 1 --round-frames %u --seed "
		       "%" PRIu64 " --features %s\n",
		       o->round_frames, o->seed + i, features);
		fflush(stdout);
	}
	ret->frames += d->frames;
	ret->runs += d->runs;
}

static int run_features(const struct options *o, uint32_t job, enum features which, uint64_t rounds,
			struct result *ret)
{
	struct world_features features = { 0 };
	struct differ *d = calloc(1, sizeof(*d));
	int err;

	if (!d)
		return -ENOMEM;
	if (which == FEATURES_ALL)
		features = world_features_probe();
	err = world_enter(); /* what was made before stays in the namespace before */
	if (!err)
		err = open_world(features, d);
	if (!err) {
		d->pieces = takes_pieces(d);
		run_rounds(d, o, job, feature_names[which], rounds, ret);
	}
	world_free(d->world);
	free(d);
	return err;
}

/* Of both, a quarter goes through programs that see nothing: they have fewer ways to be wrong. */
static void run_job(const struct options *o, uint32_t job, struct result *ret)
{
	uint64_t rounds = o->rounds ? o->rounds : o->frames / o->round_frames + 1;
	uint64_t blind = o->features == FEATURES_BOTH ? rounds / 4 : rounds;

	if (o->features != FEATURES_NONE)
		ret->err =
			run_features(o, job, FEATURES_ALL,
				     o->features == FEATURES_BOTH ? rounds - blind : rounds, ret);
	if (!ret->err && o->features != FEATURES_ALL)
		ret->err = run_features(o, job, FEATURES_NONE, blind, ret);
}

static int run_jobs(const struct options *o, struct result *results)
{
	pid_t pids[JOBS_MAX];
	int status, worst = 0;

	for (uint32_t i = 0; i < o->jobs; i++) {
		fflush(stdout);
		pids[i] = fork();
		if (pids[i] < 0)
			return -errno;
		if (pids[i] == 0) {
			run_job(o, i, &results[i]);
			fflush(stdout);
			_exit(EXIT_SUCCESS);
		}
	}
	for (uint32_t i = 0; i < o->jobs; i++) {
		if (waitpid(pids[i], &status, 0) < 0)
			worst = -errno;
		else if (!WIFEXITED(status) || WEXITSTATUS(status))
			worst = -ECHILD;
	}
	return worst;
}

static int summarise(const struct options *o, const struct result *results)
{
	struct result sum = { 0 };

	for (uint32_t i = 0; i < o->jobs; i++) {
		sum.frames += results[i].frames;
		sum.runs += results[i].runs;
		sum.rounds += results[i].rounds;
		sum.failures += results[i].failures;
		if (results[i].err)
			sum.err = results[i].err;
	}
	if (sum.err == -EPERM) {
		printf("skipped: it needs root\n");
		return EXIT_SKIPPED;
	}
	if (sum.err) {
		printf("the world cannot be made: %s\n", strerror(-sum.err));
		return EXIT_FAILURE;
	}
	printf("%s 1 - %" PRIu64 " frames (%" PRIu64 " runs of a program) in %" PRIu64
	       " configurations, seed %" PRIu64 "\n",
	       sum.failures || !sum.frames ? "not ok" : "ok", sum.frames, sum.runs, sum.rounds,
	       o->seed);
	return sum.failures || !sum.frames ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- options --- */

static int usage(void)
{
	fprintf(stderr, "usage: test_differ [--frames N] [--jobs N] [--seed N] [--rounds N] "
			"[--round-frames N] [--features all|none|both]\n");
	return 2;
}

static int parse_number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || value > max)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int parse_features(const char *text, enum features *ret)
{
	for (int i = 0; i < FEATURES_END; i++)
		if (strcmp(text, feature_names[i]) == 0) {
			*ret = (enum features)i;
			return 0;
		}
	return -EINVAL;
}

static int parse(int argc, char **argv, struct options *o)
{
	static const struct option names[] = {
		{ "frames", required_argument, NULL, 'f' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "seed", required_argument, NULL, 's' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "round-frames", required_argument, NULL, 'n' },
		{ "features", required_argument, NULL, 'F' },
		{ 0 },
	};
	uint64_t jobs = o->jobs, round_frames = o->round_frames;
	int c, err = 0;

	while (!err && (c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'f')
			err = parse_number(optarg, UINT64_MAX, &o->frames);
		else if (c == 'j')
			err = parse_number(optarg, JOBS_MAX, &jobs);
		else if (c == 's')
			err = parse_number(optarg, UINT64_MAX, &o->seed);
		else if (c == 'r')
			err = parse_number(optarg, UINT64_MAX, &o->rounds);
		else if (c == 'n')
			err = parse_number(optarg, UINT32_MAX, &round_frames);
		else if (c == 'F')
			err = parse_features(optarg, &o->features);
		else
			err = -EINVAL;
	}
	if (err || optind != argc || !jobs || !round_frames)
		return -EINVAL;
	o->jobs = (uint32_t)jobs;
	o->round_frames = (uint32_t)round_frames;
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { .frames = 1000000,
			     .round_frames = 1000,
			     .jobs = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN),
			     .features = FEATURES_BOTH };
	struct result *results;
	int err;

	if (getrandom(&o.seed, sizeof(o.seed), 0) != sizeof(o.seed))
		return EXIT_FAILURE;
	o.seed >>= 16; /* shorter to write */
	if (o.jobs > JOBS_MAX)
		o.jobs = JOBS_MAX;
	if (parse(argc, argv, &o))
		return usage();
	results = mmap(NULL, JOBS_MAX * sizeof(*results), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED)
		return EXIT_FAILURE;
	printf("1..1\n");
	err = run_jobs(&o, results);
	if (err) {
		printf("not ok 1 - a job ended early: %s\n", strerror(-err));
		return EXIT_FAILURE;
	}
	return summarise(&o, results);
}
