// SPDX-License-Identifier: GPL-2.0-or-later
/* libvnet's table of handles. Each test runs in a process, and so with a table, of its own. */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "unit.h"

static bool no_memory;

static void *maybe_calloc(size_t count, size_t size)
{
	return no_memory ? NULL : calloc(count, size);
}

#define calloc maybe_calloc
#include "../../lib/handle.c"
#undef calloc

static int held; /* how often ignore() was called */

static void ignore(void *object)
{
	held++;
}

/* For loops: libcheck's own assertions write a line for each that holds. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			ck_abort_msg("not so: %s", #condition);                                    \
	} while (0)

/* For threads, which may not share a count. */
static void do_nothing(void *object)
{
}

static vio_net_handle_t handle_for(void *object)
{
	vio_net_handle_t h = NULL;

	ck_assert_int_eq(handle_new(object, &h), 0);
	ck_assert_ptr_nonnull(h);
	return h;
}

START_TEST(a_handle_finds_its_object)
{
	int a, b;
	vio_net_handle_t ha = handle_for(&a), hb = handle_for(&b);

	ck_assert_ptr_ne(ha, hb);
	ck_assert_ptr_eq(handle_get(ha, ignore), &a);
	ck_assert_ptr_eq(handle_get(hb, ignore), &b);
	ck_assert_int_eq(held, 2);
	ck_assert_ptr_eq(handle_take(ha), &a);
	ck_assert_ptr_null(handle_get(ha, ignore));
	ck_assert_ptr_null(handle_take(ha));
	ck_assert_int_eq(held, 2);
	ck_assert_ptr_eq(handle_get(hb, ignore), &b);
	ck_assert_ptr_eq(handle_take(hb), &b);
}
END_TEST

static void remember(void *object)
{
	*(void **)object = object;
}

START_TEST(hold_gets_the_object)
{
	void *object = NULL;

	ck_assert_ptr_eq(handle_get(handle_for(&object), remember), &object);
	ck_assert_ptr_eq(object, &object);
}
END_TEST

START_TEST(an_object_may_have_two_handles)
{
	int a;
	vio_net_handle_t first = handle_for(&a), second = handle_for(&a);

	ck_assert_ptr_ne(first, second);
	ck_assert_ptr_eq(handle_take(first), &a);
	ck_assert_ptr_eq(handle_get(second, ignore), &a);
}
END_TEST

/* Whatever a program may pass by mistake. */
START_TEST(a_wrong_handle_finds_nothing)
{
	int object, i;
	void *heap = malloc(16);
	vio_net_handle_t good = handle_for(&object);
	const uintptr_t wrong[] = {
		0,
		1,
		(uintptr_t)good - 1,
		(uintptr_t)good + 1,
		(uintptr_t)good ^ HANDLE_MAX,
		(uintptr_t)good + HANDLE_MAX,
		(uintptr_t)good | (uintptr_t)1 << (sizeof(uintptr_t) * 8 - 1),
		HANDLE_MAX - 1,
		HANDLE_MAX + HANDLE_CHUNK_SLOTS,
		UINTPTR_MAX,
		UINTPTR_MAX / 2,
		(uintptr_t)&object,
		(uintptr_t)heap,
		(uintptr_t)do_nothing,
	};

	for (i = 0; i < (int)(sizeof(wrong) / sizeof(wrong[0])); i++) {
		ck_assert_ptr_null(handle_get((vio_net_handle_t)wrong[i], ignore));
		ck_assert_ptr_null(handle_take((vio_net_handle_t)wrong[i]));
	}
	ck_assert_int_eq(held, 0);
	ck_assert_ptr_eq(handle_take(good), &object);
	free(heap);
}
END_TEST

START_TEST(before_the_first_handle_all_are_wrong)
{
	ck_assert_ptr_null(handle_get(NULL, ignore));
	ck_assert_ptr_null(handle_get((vio_net_handle_t)(uintptr_t)HANDLE_MAX, ignore));
	ck_assert_ptr_null(handle_take((vio_net_handle_t)(uintptr_t)HANDLE_MAX));
}
END_TEST

START_TEST(random_handles_find_nothing)
{
	unsigned int seed = 4;
	int object, i;

	for (i = 0; i < 1000; i++)
		handle_for(&object);
	for (i = 0; i < 1000000; i++) {
		uintptr_t value = (uintptr_t)rand_r(&seed) << 33 ^ (uintptr_t)rand_r(&seed) << 18 ^
				  (uintptr_t)rand_r(&seed);

		/* Generation 1 is that of all the good ones. */
		if (value >> HANDLE_SLOT_BITS != 1)
			must(!handle_get((vio_net_handle_t)value, ignore));
	}
}
END_TEST

/* One after the other through one registration: none of a million comes twice. */
START_TEST(no_handle_comes_again_soon)
{
	int object, i;
	vio_net_handle_t old[4] = { NULL }, h;

	for (i = 0; i < 1000000; i++) {
		must(handle_new(&object, &h) == 0);
		must(handle_take(h) == &object);
		must(!handle_get(old[i % 4], ignore));
		if (i % 1000 < 4)
			old[i % 4] = h;
	}
	ck_assert_uint_eq(table.chunk_count, 1);
}
END_TEST

START_TEST(a_generation_is_never_zero)
{
	int object, i;

	handle_take(handle_for(&object));
	for (i = 0; i < HANDLE_CHUNK_SLOTS; i++)
		table.chunks[0][i].generation = HANDLE_GENERATION_MAX;
	for (i = 0; i < HANDLE_CHUNK_SLOTS; i++) {
		vio_net_handle_t last = handle_for(&object);

		ck_assert_uint_eq((uintptr_t)last >> HANDLE_SLOT_BITS, HANDLE_GENERATION_MAX);
		ck_assert_ptr_eq(handle_get(last, ignore), &object);
		ck_assert_ptr_eq(handle_take(last), &object);
	}
	for (i = 0; i < HANDLE_CHUNK_SLOTS; i++)
		ck_assert_uint_eq((uintptr_t)handle_for(&object) >> HANDLE_SLOT_BITS, 1);
}
END_TEST

START_TEST(the_table_can_be_full)
{
	static int objects[HANDLE_MAX];
	static vio_net_handle_t handles[HANDLE_MAX];
	vio_net_handle_t untouched = &objects, h = untouched;
	int i;

	for (i = 0; i < HANDLE_MAX; i++)
		must(handle_new(&objects[i], &handles[i]) == 0);
	ck_assert_int_eq(handle_new(&objects, &h), -ENOSPC);
	ck_assert_ptr_eq(h, untouched);
	for (i = 0; i < HANDLE_MAX; i++)
		must(handle_get(handles[i], ignore) == &objects[i]);

	ck_assert_ptr_eq(handle_take(handles[777]), &objects[777]);
	h = handle_for(&objects[1]);
	ck_assert_ptr_null(handle_get(handles[777], ignore));
	ck_assert_ptr_eq(handle_get(h, ignore), &objects[1]);
	ck_assert_int_eq(handle_new(&objects, &h), -ENOSPC);
	ck_assert_ptr_eq(handle_take(h), &objects[1]);
	for (i = 0; i < HANDLE_MAX; i++)
		must(handle_take(handles[i]) == (i == 777 ? NULL : &objects[i]));
}
END_TEST

START_TEST(without_memory_nothing_changes)
{
	int object;
	vio_net_handle_t untouched = &object, h = untouched;

	no_memory = true;
	ck_assert_int_eq(handle_new(&object, &h), -ENOMEM);
	ck_assert_ptr_eq(h, untouched);
	ck_assert_uint_eq(table.chunk_count, 0);
	no_memory = false;
	ck_assert_ptr_eq(handle_take(handle_for(&object)), &object);
}
END_TEST

/* --- threads --- */

#define THREADS	     4
#define SHARED_COUNT 300

/* An object that is freed with its last reference; `registered` is one of them. */
struct counted {
	int references;
	bool *freed;
};

static void counted_hold(void *object)
{
	struct counted *c = object;

	__atomic_add_fetch(&c->references, 1, __ATOMIC_RELAXED);
}

static void counted_put(struct counted *c)
{
	if (__atomic_sub_fetch(&c->references, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	*c->freed = true;
	free(c);
}

struct shared {
	vio_net_handle_t handles[SHARED_COUNT]; /* written before the threads begin */
	int taken, stop;			/* atomic */
};

/* Uses objects all the time, without a pause in which nobody holds the lock. */
static void *use(void *arg)
{
	struct shared *s = arg;
	struct counted *c;
	int i = 0;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		c = handle_get(s->handles[i++ % SHARED_COUNT], counted_hold);
		if (c)
			counted_put(c);
	}
	return NULL;
}

/* Takes every one of them, as all the other takers do. */
static void *take(void *arg)
{
	struct shared *s = arg;
	struct counted *c;
	int i;

	for (i = 0; i < SHARED_COUNT; i++) {
		c = handle_take(s->handles[i]);
		if (!c)
			continue;
		__atomic_add_fetch(&s->taken, 1, __ATOMIC_RELAXED);
		counted_put(c);
	}
	return NULL;
}

START_TEST(of_two_takers_one_gets_it)
{
	static struct shared s;
	static bool freed[SHARED_COUNT];
	pthread_t users[THREADS], takers[THREADS];
	int i;

	for (i = 0; i < SHARED_COUNT; i++) {
		struct counted *c = malloc(sizeof(*c));

		*c = (struct counted) { .references = 1, .freed = &freed[i] };
		s.handles[i] = handle_for(c);
	}
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&users[i], NULL, use, &s), 0);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&takers[i], NULL, take, &s), 0);
	/* Those who use them go on until all takers have come through. */
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(takers[i], NULL), 0);
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELEASE);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(users[i], NULL), 0);
	ck_assert_int_eq(s.taken, SHARED_COUNT);
	for (i = 0; i < SHARED_COUNT; i++)
		ck_assert(freed[i]);
}
END_TEST

#define CHURN_ROUNDS 20000

/* Its own handles are good, and what it has given back is not, whatever the others do. */
static void *churn(void *arg)
{
	vio_net_handle_t h, old = NULL;
	int object, i;

	for (i = 0; i < CHURN_ROUNDS; i++) {
		if (handle_new(&object, &h) < 0)
			return "no handle";
		if (h == old || handle_get(old, do_nothing))
			return "an old handle is good";
		if (handle_get(h, do_nothing) != &object)
			return "a handle finds another object";
		if (handle_take(h) != &object || handle_take(h))
			return "a handle is taken twice";
		old = h;
	}
	return NULL;
}

START_TEST(threads_register_and_unregister)
{
	pthread_t threads[THREADS];
	void *why;
	int i;

	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, churn, NULL), 0);
	for (i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &why), 0);
		ck_assert_msg(!why, "%s", (const char *)why);
	}
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("handle", &t);

	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_handle_finds_its_object);
	tcase_add_test(t, hold_gets_the_object);
	tcase_add_test(t, an_object_may_have_two_handles);
	tcase_add_test(t, a_wrong_handle_finds_nothing);
	tcase_add_test(t, before_the_first_handle_all_are_wrong);
	tcase_add_test(t, random_handles_find_nothing);
	tcase_add_test(t, no_handle_comes_again_soon);
	tcase_add_test(t, a_generation_is_never_zero);
	tcase_add_test(t, the_table_can_be_full);
	tcase_add_test(t, without_memory_nothing_changes);
	tcase_add_test(t, of_two_takers_one_gets_it);
	tcase_add_test(t, threads_register_and_unregister);
	return unit_run(s);
}
