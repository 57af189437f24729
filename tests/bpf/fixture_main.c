// SPDX-License-Identifier: GPL-2.0-or-later
/* What the main() of each test program does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#define EXIT_SKIPPED 77

/*
 * libcheck gives tests no argument of ours, so this one pointer is shared. It is set once, before
 * any test is forked.
 */
static struct world *shared_world;

struct world *fixture_world(void)
{
	return shared_world;
}

void fixture_check(const struct fixture *f)
{
	char why[FIXTURE_WHY_SIZE] = "";
	int err = fixture_run(shared_world, f, why);

	ck_assert_msg(err == 0, "%s: %s", f->name, why);
}

/* Making and deleting devices is slow, so all of them are made before the tests fork. */
static int make_world(struct model_config *everything)
{
	struct world_features features = world_features_probe();
	int err = scene_everything(features.xdp_features, everything);

	if (!err)
		err = world_new(&features, &shared_world);
	if (!err)
		err = world_apply(shared_world, everything);
	if (!err)
		err = world_device(shared_world, SCENE_STRANGER);
	return err;
}

static int skip(const char *what, int err)
{
	printf("skipped: %s: %s\n", what, strerror(-err));
	return EXIT_SKIPPED;
}

static int run_suite(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int run, failed;

	srunner_run_all(runner, CK_NORMAL);
	run = srunner_ntests_run(runner);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return run > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int fixture_main(Suite *suite)
{
	struct model_config everything;
	int err = world_enter(), status;

	if (err == -EPERM)
		return skip("a network namespace of its own needs root", err);
	if (!err)
		err = make_world(&everything);
	if (err == -EPERM)
		return skip("loading programs needs root", err);
	if (err) {
		fprintf(stderr, "the world cannot be made: %s\n", strerror(-err));
		status = EXIT_FAILURE;
	} else {
		status = run_suite(suite);
	}
	world_free(shared_world);
	shared_world = NULL;
	return status;
}
