/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keep.h"

#include <errno.h>
#include <limits.h>

#include "datapath.h"
#include "log.h"
#include "state.h"

static int seal_state(const struct manager *m, char **ret, size_t *ret_len)
{
	UTIL_CLEANUP(desired_clear) struct desired all = { 0 };
	int err = manager_snapshot(m, &all);

	return err ? err : state_seal(&all, ret, ret_len);
}

/* The file is what counts, so a change is not refused for its copy. */
static void write_copy(struct keep *k, const char *text, size_t len)
{
	int err = datapath_memory_write(k->datapath, text, len);
	char path[PATH_MAX];

	if (err)
		log_warning("%s, the copy of the state file, cannot be written: %s",
			    datapath_memory_path(k->datapath, path), strerror(-err));
}

int keep_save(struct keep *k, const struct manager *m, struct error *e)
{
	UTIL_FREE char *text = NULL;
	size_t len;
	int err = seal_state(m, &text, &len);

	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL,
				 "no memory to write the state file %s", k->path);
	err = state_put(k->path, text, len, e);
	if (!err)
		write_copy(k, text, len);
	util_give_back(len);
	return err;
}

static void write_copy_now(struct keep *k, const struct manager *m)
{
	UTIL_FREE char *text = NULL;
	size_t len;

	if (seal_state(m, &text, &len)) {
		log_warning("no memory to copy the state file");
		return;
	}
	write_copy(k, text, len);
	util_give_back(len);
}

void keep_check(struct keep *k, const struct manager *m)
{
	char path[PATH_MAX];

	if (datapath_is_open(k->datapath) &&
	    access(datapath_memory_path(k->datapath, path), F_OK) && errno == ENOENT)
		write_copy_now(k, m);
}

void keep_settle(struct keep *k, const struct manager *m)
{
	struct error e = { 0 };

	if (!k->rebuilt)
		write_copy_now(k, m);
	else if (keep_save(k, m, &e))
		log_err("%s", e.message);
}

/* 0: @ret is what was written last, or the change before. */
static int load_copy(struct keep *k, struct desired *ret, struct error *e)
{
	UTIL_FREE char *text = NULL;
	char path[PATH_MAX];
	size_t len;
	int err = datapath_memory_read(k->datapath, &text, &len);

	if (err)
		return error_set(e, ERROR_FAILED, -err, NULL, NULL, "it has no copy at %s: %s",
				 datapath_memory_path(k->datapath, path), strerror(-err));
	return state_open(datapath_memory_path(k->datapath, path), text, len, ret, e);
}

/* The file is not there. Where nothing is pinned either, that is as it should be. */
static void find_state(struct keep *k, struct desired *ret)
{
	struct error e = { 0 };

	if (load_copy(k, ret, &e) || (!ret->vnet_count && !ret->removed.count))
		return;
	k->rebuilt = true;
	log_warning("the state file %s is missing; rebuilt from the copy beside the pins", k->path);
}

/* A damaged file is put aside, where it can be looked at, and its place taken by a new one. */
void keep_load(struct keep *k, struct desired *ret)
{
	struct error e = { 0 }, why = { 0 };
	char aside[sizeof(k->path) + 4];
	int err = state_load(k->path, ret, &e);

	if (!err)
		return;
	if (err == -ENOENT) {
		find_state(k, ret);
		return;
	}
	snprintf(aside, sizeof(aside), "%s.bad", k->path);
	if (rename(k->path, aside))
		snprintf(aside, sizeof(aside), "%s", k->path);
	k->lost = load_copy(k, ret, &why) != 0;
	k->rebuilt = !k->lost;
	if (k->rebuilt)
		log_err("%s; rebuilt from the copy beside the pins; the file is kept as %s",
			e.message, aside);
	else
		log_err("%s; %s; going on with the configuration files alone, what else runs goes "
			"on unattended; the file is kept as %s",
			e.message, why.message, aside);
}
