/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of configuration files, each begun by a line "@etc/NAME" (or run, lib), read as --check and
 * a start read them. What was read can be written and is read again as the same; a manager takes
 * it, and the kernel holds what follows from it.
 */
#include "../../daemon/config.h"
#include "../../daemon/log.h"
#include "../../daemon/state_json.h"
#include "../unit/world.h"
#include "fuzz.h"

#define FOLDERS 3

static const char *const folders[] = { "etc", "run", "lib", "saved" };

/* A path of two or three parts that leads nowhere else. */
static bool is_path(const char *name)
{
	static const char known[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	unsigned int parts = 0;

	for (size_t len; (len = strspn(name, known)); name += len + 1) {
		if (name[0] == '.' || len > 40)
			return false;
		parts++;
		if (name[len] != '/')
			return !name[len] && parts > 1 && parts < 4;
	}
	return false;
}

static void put_files(struct fuzz *f)
{
	while (f->size) {
		char *name = fuzz_text(f, '\n'), *text;
		bool known = false;
		size_t size;

		text = fuzz_until(f, '@', &size);
		for (size_t i = 0; i < FOLDERS; i++)
			known |= strncmp(name, folders[i], 3) == 0 && name[3] == '/';
		if (known && is_path(name))
			fuzz_file(name, text, size);
		free(name);
		free(text);
	}
}

static void hear(void *context, const char *file, unsigned int line, const char *message)
{
	int *heard = context;

	ck_assert_msg(strlen(message) > 10 && !strchr(message, '\n'), "says \"%s\"", message);
	ck_assert_int_eq(strncmp(file, fuzz_folder(), strlen(fuzz_folder())), 0);
	++*heard;
}

static char *text_of(const struct desired *d)
{
	struct json_object *o = state_json_new(d);
	char *text = strdup(json_object_to_json_string(o));

	json_object_put(o);
	return text;
}

static void load(const char *const *dirs, struct desired *ret, struct config_refused *refused,
		 int *ret_complaints)
{
	int heard = 0;

	*ret_complaints = config_load(dirs, ret, refused, hear, &heard);
	ck_assert_int_eq(*ret_complaints, heard);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct desired_vnet *)a)->name,
		      ((const struct desired_vnet *)b)->name);
}

static void check_written(struct desired *d)
{
	UTIL_CLEANUP(desired_clear) struct desired again = { 0 };
	UTIL_CLEANUP(config_refused_clear) struct config_refused refused = { 0 };
	char dir[96], *before, *after;
	const char *const dirs[] = { dir, NULL };
	struct error e = { 0 };
	int complaints;

	snprintf(dir, sizeof(dir), "%s/saved", fuzz_folder());
	fuzz_file("saved/.keep", "", 0);
	for (size_t i = 0; i < d->vnet_count; i++)
		ck_assert_msg(!config_save(dir, &d->vnets[i], &e), "%s", e.message);
	load(dirs, &again, &refused, &complaints);
	ck_assert_int_eq(complaints, 0);
	/* By name, and not by file any more. */
	if (d->vnet_count) {
		qsort(d->vnets, d->vnet_count, sizeof(*d->vnets), by_name);
		qsort(again.vnets, again.vnet_count, sizeof(*again.vnets), by_name);
	}
	before = text_of(d);
	after = text_of(&again);
	world_same("written and read", before, after);
	free(before);
	free(after);
}

/* Taken up twice: the second time there is nothing to do. */
static void check_taken(const struct desired *d, const struct config_refused *refused)
{
	struct world *w = world_new();
	char *before, *after;

	for (char name[] = "d0"; name[1] < '4'; name[1]++)
		world_device(w, name);
	manager_configure(w->m, d, refused, &w->e);
	manager_settle(w->m);
	world_news(w);
	world_check(w);
	before = world_text(w);
	manager_configure(w->m, d, refused, &w->e);
	manager_settle(w->m);
	after = world_text(w);
	world_same("once more", before, after);
	world_done(w, manager_flush(w->m, &w->e));
	ck_assert(fake_kernel_is_clean(w->k));
	world_free(w);
	free(before);
	free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	UTIL_CLEANUP(config_refused_clear) struct config_refused refused = { 0 };
	char paths[FOLDERS][96];
	const char *const dirs[] = { paths[0], paths[1], paths[2], NULL };
	struct fuzz f = { data, size };
	int complaints;

	log_open(-1);
	free(fuzz_text(&f, '@'));
	put_files(&f);
	for (size_t i = 0; i < FOLDERS; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", fuzz_folder(), folders[i]);
	load(dirs, &d, &refused, &complaints);
	if (complaints >= 0) {
		check_taken(&d, &refused);
		check_written(&d);
	}
	fuzz_folder_empty();
	return 0;
}
