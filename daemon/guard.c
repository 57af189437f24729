/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard.h"

#include <errno.h>

#include "datapath.h"
#include "keep.h"
#include "loader.h"
#include "lock.h"
#include "log.h"
#include "pinwatch.h"

#define GUARD_TRIES 10

int guard_check(struct guard *g, struct error *e)
{
	struct lock_programs known;

	lock_read(g->lock, &known);
	return datapath_check_strays(g->datapath, known.id, known.count, e);
}

static void write_programs(struct guard *g)
{
	_Static_assert(LOCK_PROGRAMS_MAX >= LOADER_PROGRAM_END, "each has its place");
	struct lock_programs now = { 0 };
	int err;

	now.count = datapath_programs(g->datapath, now.id, LOCK_PROGRAMS_MAX);
	err = lock_write(g->lock, &now);
	if (err)
		log_warning("the numbers of the programs cannot be written into the lock file: %s",
			    strerror(-err));
}

static void on_removed(void *context);

static void watch(struct guard *g)
{
	const char *folders[DATAPATH_FOLDERS];
	const size_t count = datapath_folders(g->datapath, folders);
	int err;

	pinwatch_free(UTIL_TAKE_PTR(g->watch));
	if (!datapath_is_open(g->datapath))
		return;
	err = pinwatch_new(g->loop, folders, count, on_removed, g, &g->watch);
	if (err)
		log_warning("the pins cannot be watched, so who removes them is not noticed: %s",
			    strerror(-err));
}

/*
 * Whoever removes pins may not be done yet and remove what we pin again, or the folder that we
 * would pin it in. So it is looked at again, for a while.
 */
static bool check_hooks(struct guard *g)
{
	if (!manager_check_hooks(g->manager, g->tries)) {
		g->tries = 0;
		return false;
	}
	g->tries = g->tries ? g->tries - 1 : GUARD_TRIES;
	return true;
}

/*
 * We ourselves unpin what we detach; then nothing is found to be missing. What is removed before we
 * watch is seen by the look after that; the look before it makes the folders to be watched.
 */
static void on_removed(void *context)
{
	struct guard *g = context;
	struct error e = { 0 };
	bool failed, lost;

	datapath_repin(g->datapath, NULL);
	watch(g);
	failed = datapath_repin(g->datapath, &e) != 0;
	if (failed && !g->failed)
		log_err("pins were removed: %s; trying again, and the data path goes on as long as "
			"vnetd lives",
			e.message);
	g->failed = failed;
	keep_check(g->keep, g->manager);
	lost = check_hooks(g);
	if ((failed || lost) && g->watch)
		pinwatch_again(g->watch);
}

void guard_settle(struct guard *g)
{
	const unsigned int now = datapath_generation(g->datapath);

	if (now == g->generation)
		return;
	g->generation = now;
	write_programs(g);
	watch(g);
}

void guard_clear(struct guard *g)
{
	pinwatch_free(UTIL_TAKE_PTR(g->watch));
	if (g->lock >= 0)
		close(UTIL_TAKE_FD(g->lock));
}
