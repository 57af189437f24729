// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each call for memory of a change fails, one after the other: the change is refused in words, or
 * it is done; nothing is half done, and the process goes on. Fault 9.
 */
#include <errno.h>

#include "world.h"

#define PLACES_MAX 100

void *__libc_malloc(size_t size);

/* The sanitizers have a malloc of their own, which cannot be told to fail. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAN_FAIL 0
#else
#define CAN_FAIL 1
#endif

static long until_failure = -1; /* calls; negative: none fails */
static unsigned int failures;

#if CAN_FAIL
/* libcheck's own calls would end the test. */
static bool is_table(size_t size)
{
	return size == sizeof(UT_hash_table) ||
	       size == HASH_INITIAL_NUM_BUCKETS * sizeof(struct UT_hash_bucket);
}

void *malloc(size_t size)
{
	if (until_failure < 0 || !is_table(size) || until_failure-- > 0)
		return __libc_malloc(size);
	failures++;
	errno = ENOMEM;
	return NULL;
}
#endif

/* The tables of uthash are there already, or not yet. */
static struct world *prepared(bool with_others)
{
	struct world *w = world_new();

	world_device(w, "d0");
	if (!with_others)
		return w;
	world_device(w, "d1");
	world_vnet(w, "other", "address", "02:00:00:00:00:99");
	world_resource(w, "other", "s", "type", "service", "device", "d1");
	return w;
}

static int add_vnet(struct world *w)
{
	return world_try_vnet(w, "vnet0", "address", WORLD_MAC, NULL);
}

static int add_bound(struct world *w)
{
	return world_try_resource(w, "vnet0", "g", "type", "guest", "device", "d0", "peer",
				  WORLD_PEER, NULL);
}

static int add_waiting(struct world *w)
{
	return world_try_resource(w, "vnet0", "h", "type", "hybrid", "device", "late", NULL);
}

/* Returns how many places there were. */
static unsigned int fail_everywhere(struct world *w, int (*change)(struct world *w),
				    const char *vnet, const char *name)
{
	unsigned int place;
	int err;

	for (place = 0; place < PLACES_MAX; place++) {
		failures = 0;
		until_failure = (long)place;
		err = change(w);
		until_failure = -1;
		if (err) {
			ck_assert_msg(failures == 1, "refused without a reason: %s", w->e.message);
			ck_assert(w->e.message[0]);
		}
		/* It is as it was, and works when there is memory. */
		if (name ? !manager_find_resource(world_find(w, vnet), name, NULL)
			 : !manager_find_vnet(w->m, vnet, NULL)) {
			ck_assert_int_ne(err, 0);
			ck_assert_int_eq(change(w), 0);
		} else {
			ck_assert_int_eq(err, 0);
		}
		if (name)
			world_resource_del(w, vnet, name);
		else
			world_vnet_del(w, vnet);
		if (!failures)
			return place;
	}
	ck_abort_msg("it needs memory without end");
	return 0;
}

START_TEST(changes_are_refused)
{
	struct world *w = prepared(_i);

	/* The table of owned devices; those of resources and of waiting ones. */
	ck_assert_uint_ge(fail_everywhere(w, add_vnet, "vnet0", NULL), _i ? 0 : 2);
	ck_assert_int_eq(add_vnet(w), 0);
	ck_assert_uint_ge(fail_everywhere(w, add_bound, "vnet0", "g"), 2);
	ck_assert_uint_ge(fail_everywhere(w, add_waiting, "vnet0", "h"), 2);
	world_free(w);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("memory", &t);

	if (!CAN_FAIL)
		return unit_skip("the sanitizer's malloc() cannot be told to fail");
	tcase_add_loop_test(t, changes_are_refused, 0, 2);
	return unit_run(s);
}
