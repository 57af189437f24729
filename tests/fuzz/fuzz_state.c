/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A state file, whole ("f" before it) or without its envelope, which is put around it with the
 * right checksum. What is read can be kept and is read again as the same; a manager takes it up
 * over devices of which some are those in it, and the kernel holds what follows.
 */
#include <inttypes.h>

#include "../../daemon/log.h"
#include "../../daemon/state.h"
#include "../../daemon/state_json.h"
#include "../unit/world.h"
#include "fuzz.h"

#define DEVICES 6

static char path[96];

static void put_whole(const char *state, size_t size)
{
	uint64_t sum = 0xcbf29ce484222325 ^ 1;
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	for (size_t i = 0; i < size; i++)
		sum = (sum ^ (unsigned char)state[i]) * 0x100000001b3;
	fprintf(out, "{\"version\":1,\"checksum\":\"%016" PRIx64 "\",\"state\":", sum);
	fwrite(state, 1, size, out);
	fputs("}\n", out);
	fclose(out);
	fuzz_file("state", text, length);
	free(text);
}

static char *text_of(const struct desired *d)
{
	struct json_object *o = state_json_new(d);
	char *text = strdup(json_object_to_json_string(o));

	json_object_put(o);
	return text;
}

static void check_kept(const struct desired *d)
{
	UTIL_CLEANUP(desired_clear) struct desired again = { 0 };
	char *before = text_of(d), *after;
	struct error e = { 0 };

	ck_assert_msg(!state_save(path, d, &e), "%s", e.message);
	ck_assert_msg(!state_load(path, &again, &e), "%s", e.message);
	after = text_of(&again);
	world_same("kept and read", before, after);
	free(before);
	free(after);
}

static void check_taken(const struct desired *d)
{
	struct world *w = world_new();

	for (char name[] = "d0"; name[1] < '0' + DEVICES; name[1]++)
		world_device(w, name);
	manager_restore(w->m, d, &w->e);
	ck_assert_int_eq(manager_sweep(w->m), 0);
	manager_settle(w->m);
	world_news(w);
	world_check(w);
	world_stop(w);
	world_start(w);
	world_check(w);
	manager_providers_expire(w->m);
	world_done(w, manager_flush(w->m, &w->e));
	ck_assert(fake_kernel_is_clean(w->k));
	world_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = { data, size };
	struct desired d = { 0 };
	struct error e = { 0 };

	log_open(-1);
	snprintf(path, sizeof(path), "%s/state", fuzz_folder());
	if (fuzz_byte(&f) == 'f')
		fuzz_file("state", f.data, f.size);
	else
		put_whole((const char *)f.data, f.size);
	if (state_load(path, &d, &e)) {
		ck_assert_uint_gt(strlen(e.message), 10);
		ck_assert(!d.vnet_count && !d.removed.count);
	} else {
		check_kept(&d);
		check_taken(&d);
	}
	desired_clear(&d);
	return 0;
}
