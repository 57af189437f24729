// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told of removals: once for many, also if they were before anybody looked. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/pinwatch.h"
#include "unit.h"

#define FOLDERS	    2
#define PATIENCE_US 5000000
#define QUIET_US    700000 /* longer than what is between two looks */

struct world {
	char root[32], first[48], second[48];
	sd_event *loop;
	struct pinwatch *watch;
	int told;
};

static void on_removed(void *context)
{
	struct world *w = context;

	w->told++;
	pinwatch_free(UTIL_TAKE_PTR(w->watch));
}

static void look(struct world *w)
{
	const char *folders[FOLDERS] = { w->first, w->second };

	ck_assert_int_eq(pinwatch_new(w->loop, folders, FOLDERS, on_removed, w, &w->watch), 0);
}

static void world_open(struct world *w)
{
	*w = (struct world) { .root = "/tmp/vnet-pinwatch.XXXXXX" };
	ck_assert_ptr_nonnull(mkdtemp(w->root));
	snprintf(w->first, sizeof(w->first), "%s/first", w->root);
	snprintf(w->second, sizeof(w->second), "%s/second", w->root);
	ck_assert_int_eq(mkdir(w->first, 0700), 0);
	ck_assert_int_eq(mkdir(w->second, 0700), 0);
	ck_assert_int_ge(sd_event_new(&w->loop), 0);
}

static void world_close(struct world *w)
{
	pinwatch_free(w->watch);
	sd_event_unref(w->loop);
	rmdir(w->first);
	rmdir(w->second);
	ck_assert_int_eq(rmdir(w->root), 0);
}

static uint64_t now_us(struct world *w)
{
	uint64_t at_us;

	sd_event_now(w->loop, CLOCK_MONOTONIC, &at_us);
	return at_us;
}

/* Runs the loop until it is told so often, or for that long. */
static void run(struct world *w, int told, uint64_t for_us)
{
	const uint64_t end_us = now_us(w) + for_us;

	while (w->told < told && now_us(w) < end_us)
		ck_assert_int_ge(sd_event_run(w->loop, end_us - now_us(w)), 0);
}

static void make(const char *folder, const char *name, char ret[64])
{
	int fd;

	snprintf(ret, 64, "%s/%s", folder, name);
	fd = open(ret, O_CREAT | O_WRONLY, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

START_TEST(nothing_is_told_of_nothing)
{
	struct world w;

	world_open(&w);
	look(&w);
	run(&w, 1, QUIET_US);
	ck_assert_int_eq(w.told, 0);
	world_close(&w);
}
END_TEST

START_TEST(many_are_told_once)
{
	char one[64], other[64];
	struct world w;

	world_open(&w);
	make(w.first, "one", one);
	make(w.second, "other", other);
	look(&w);
	unlink(one);
	unlink(other);
	rmdir(w.second);
	run(&w, 1, PATIENCE_US);
	ck_assert_int_eq(w.told, 1);
	run(&w, 2, QUIET_US);
	ck_assert_int_eq(w.told, 1);
	world_close(&w);
}
END_TEST

START_TEST(a_folder_that_was_removed_before_is_told)
{
	struct world w;

	world_open(&w);
	rmdir(w.second);
	look(&w);
	run(&w, 1, PATIENCE_US);
	ck_assert_int_eq(w.told, 1);
	world_close(&w);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("pinwatch", &t);

	tcase_add_test(t, nothing_is_told_of_nothing);
	tcase_add_test(t, many_are_told_once);
	tcase_add_test(t, a_folder_that_was_removed_before_is_told);
	return unit_run(s);
}
