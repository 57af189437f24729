// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Message blocks. Their memory is counted: each test ends with none in use, and each allocation can
 * be made to fail. The memory's lifetime itself is what the sanitizers watch.
 */
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static int live;	    /* allocations in use; atomic */
static int fail_after = -1; /* how many more succeed, negative: all */

static void *counted_malloc(size_t size)
{
	void *p;

	if (fail_after == 0)
		return NULL;
	if (fail_after > 0)
		fail_after--;
	p = malloc(size);
	if (p)
		__atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
	return p;
}

static void counted_free(void *p)
{
	if (p)
		__atomic_sub_fetch(&live, 1, __ATOMIC_RELAXED);
	free(p);
}

#define malloc counted_malloc
#define free   counted_free
#include "../../lib/mblk.c"
#undef malloc
#undef free

#define BLOCKS_MAX 6
#define END	   SIZE_MAX /* behind the last of some sizes */

/* For loops: libcheck's own assertions write a line for each that holds. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition))                                                                  \
			ck_abort_msg("not so: %s", #condition);                                    \
	} while (0)

static size_t sum_sizes(const size_t *sizes)
{
	size_t sum = 0;

	while (*sizes != END)
		sum += *sizes++;
	return sum;
}

/* Byte @i of every message here. */
static unsigned char pattern(size_t i)
{
	return (unsigned char)(i * 7 + i / 256 + 1);
}

/* A message of blocks with these sizes, each with some room before and behind. */
static mblk_t *message(const size_t *sizes)
{
	mblk_t *head = NULL, *mp;
	size_t i, at = 0;

	for (; *sizes != END; sizes++) {
		mp = allocb(*sizes + 8, BPRI_MED);
		ck_assert_ptr_nonnull(mp);
		mp->b_rptr += 5;
		mp->b_wptr = mp->b_rptr;
		for (i = 0; i < *sizes; i++)
			*mp->b_wptr++ = pattern(at++);
		if (head)
			linkb(head, mp);
		else
			head = mp;
	}
	return head;
}

/* @mp has blocks of @sizes, whose bytes are those of a message from @at on. */
static void assert_message(const mblk_t *mp, const size_t *sizes, size_t at)
{
	size_t i;

	ck_assert_uint_eq(msgdsize(mp), sum_sizes(sizes));
	for (; *sizes != END; sizes++, mp = mp->b_cont) {
		ck_assert_ptr_nonnull(mp);
		ck_assert_int_eq(MBLKL(mp), *sizes);
		for (i = 0; i < *sizes; i++)
			must(mp->b_rptr[i] == pattern(at++));
	}
	ck_assert_ptr_null(mp);
}

static void set_offload(mblk_t *mp)
{
	dblk_t *d = mp->b_datap;

	d->db_cksumstart = 14;
	d->db_cksumstuff = 30;
	d->db_cksumend = 1500;
	d->db_cksum16 = 0xabcd;
	d->db_cksumflags = 0x12;
	d->db_mss = 1448;
	d->db_type = 5;
	mp->b_band = 3;
	mp->b_flag = 0x40;
}

static void assert_offload(const mblk_t *mp)
{
	const dblk_t *d = mp->b_datap;

	ck_assert_uint_eq(d->db_cksumstart, 14);
	ck_assert_uint_eq(d->db_cksumstuff, 30);
	ck_assert_uint_eq(d->db_cksumend, 1500);
	ck_assert_uint_eq(d->db_cksum16, 0xabcd);
	ck_assert_uint_eq(d->db_cksumflags, 0x12);
	ck_assert_uint_eq(d->db_mss, 1448);
	ck_assert_uint_eq(d->db_type, 5);
	ck_assert_uint_eq(mp->b_band, 3);
	ck_assert_uint_eq(mp->b_flag, 0x40);
}

static void assert_nothing_left(void)
{
	ck_assert_int_eq(__atomic_load_n(&live, __ATOMIC_RELAXED), 0);
}

/* --- making and freeing --- */

static const size_t buffer_sizes[] = { 0, 1, 14, 60, 1514, 2048, 65550, 1 << 20 };

START_TEST(a_block_is_empty_and_has_room)
{
	size_t size = buffer_sizes[_i];
	mblk_t *mp = allocb(size, BPRI_HI);

	ck_assert_ptr_nonnull(mp);
	ck_assert_int_eq(live, 1);
	ck_assert_int_eq(MBLKL(mp), 0);
	ck_assert_int_eq(MBLKHEAD(mp), 0);
	ck_assert_int_eq(MBLKTAIL(mp), size);
	ck_assert_int_eq(MBLKSIZE(mp), size);
	ck_assert_ptr_eq(mp->b_rptr, DB_BASE(mp));
	ck_assert_ptr_eq(DB_LIM(mp), DB_BASE(mp) + size);
	ck_assert_uint_eq((uintptr_t)DB_BASE(mp) % 16, 0);
	ck_assert_uint_eq(DB_REF(mp), 1);
	ck_assert_uint_eq(DB_TYPE(mp), M_DATA);
	ck_assert_ptr_null(mp->b_next);
	ck_assert_ptr_null(mp->b_prev);
	ck_assert_ptr_null(mp->b_cont);
	ck_assert_uint_eq(mp->b_datap->db_cksumflags, 0);
	ck_assert_uint_eq(mp->b_datap->db_mss, 0);
	memset(mp->b_wptr, 0xa5, size);
	mp->b_wptr += size;
	ck_assert_uint_eq(msgdsize(mp), size);
	freeb(mp);
	assert_nothing_left();
}
END_TEST

static const size_t too_big[] = { SIZE_MAX, SIZE_MAX - 8, SIZE_MAX / 2, (size_t)PTRDIFF_MAX - 1 };

START_TEST(a_block_can_be_too_big)
{
	ck_assert_ptr_null(allocb(too_big[_i], BPRI_LO));
	assert_nothing_left();
}
END_TEST

START_TEST(nothing_is_no_message)
{
	freemsg(NULL);
	freemsgchain(NULL);
	ck_assert_uint_eq(msgdsize(NULL), 0);
}
END_TEST

START_TEST(each_free_frees_its_part)
{
	const size_t sizes[] = { 3, 4, 5, END };
	mblk_t *first = message(sizes), *rest, *chain = NULL;
	int i;

	rest = first->b_cont;
	freeb(first);
	ck_assert_int_eq(live, 2);
	assert_message(rest, sizes + 1, 3);
	freemsg(rest);
	assert_nothing_left();

	for (i = 0; i < 100; i++) {
		mblk_t *mp = message(sizes);

		mp->b_next = chain;
		chain = mp;
	}
	freemsg(unlinkb(chain));
	ck_assert_int_eq(live, 298);
	freemsgchain(chain);
	assert_nothing_left();
}
END_TEST

/* --- the caller's own buffers --- */

struct buffer {
	frtn_t rtn;
	int freed;
	unsigned char bytes[64];
};

static void on_free(char *arg)
{
	struct buffer *b = (struct buffer *)arg;

	b->freed++;
}

static mblk_t *(*const wrappers[])(unsigned char *, size_t, uint_t, frtn_t *) = { esballoc,
										  desballoc };

START_TEST(a_buffer_is_freed_once)
{
	struct buffer b = { .rtn = { on_free, (char *)&b } };
	mblk_t *mp = wrappers[_i](b.bytes, sizeof(b.bytes), BPRI_MED, &b.rtn), *second, *third;

	ck_assert_ptr_eq(DB_BASE(mp), b.bytes);
	ck_assert_ptr_eq(mp->b_rptr, b.bytes);
	ck_assert_ptr_eq(mp->b_wptr, b.bytes);
	ck_assert_ptr_eq(DB_LIM(mp), b.bytes + sizeof(b.bytes));
	mp->b_wptr += 10;
	second = dupb(mp);
	freeb(mp);
	third = dupb(second);
	freeb(third);
	ck_assert_int_eq(b.freed, 0);
	ck_assert_uint_eq(DB_REF(second), 1);
	freemsg(second);
	ck_assert_int_eq(b.freed, 1);
	assert_nothing_left();
}
END_TEST

/* The buffer and the routine are one allocation, which the routine frees. */
static void free_all(char *arg)
{
	free(arg);
}

START_TEST(a_buffer_may_hold_its_own_routine)
{
	struct buffer *b = malloc(sizeof(*b));
	mblk_t *mp;

	b->rtn = (frtn_t) { free_all, (char *)b };
	mp = wrappers[_i](b->bytes, sizeof(b->bytes), BPRI_MED, &b->rtn);
	freemsg(mp);
	assert_nothing_left();
}
END_TEST

START_TEST(a_buffer_that_is_none)
{
	struct buffer b = { .rtn = { on_free, (char *)&b } };
	frtn_t empty = { NULL, NULL };

	ck_assert_ptr_null(wrappers[_i](NULL, 10, BPRI_MED, &b.rtn));
	ck_assert_ptr_null(wrappers[_i](b.bytes, 10, BPRI_MED, NULL));
	ck_assert_ptr_null(wrappers[_i](b.bytes, 10, BPRI_MED, &empty));
	fail_after = 0;
	ck_assert_ptr_null(wrappers[_i](b.bytes, 10, BPRI_MED, &b.rtn));
	ck_assert_int_eq(b.freed, 0);
	assert_nothing_left();
}
END_TEST

/* pullupmsg() lets go of a buffer, and does not write into it. */
START_TEST(a_buffer_is_freed_when_it_is_pulled_up)
{
	const size_t sizes[] = { 20, END };
	struct buffer b = { .rtn = { on_free, (char *)&b } };
	mblk_t *mp = wrappers[_i](b.bytes, sizeof(b.bytes), BPRI_MED, &b.rtn);

	mp->b_wptr += 4;
	linkb(mp, message(sizes));
	ck_assert_int_eq(pullupmsg(mp, 10), 1);
	ck_assert_int_eq(b.freed, 1);
	ck_assert_uint_eq(b.bytes[4], 0);
	ck_assert_int_eq(MBLKL(mp), 10);
	freemsg(mp);
	ck_assert_int_eq(b.freed, 1);
	assert_nothing_left();
}
END_TEST

/* --- sharing and copying --- */

/* In each order that three references to one data block can be freed. */
static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
				 { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

START_TEST(shared_bytes_stay_until_the_last_block)
{
	const size_t sizes[] = { 9, END };
	mblk_t *mp[3];
	int i;

	mp[0] = message(sizes);
	set_offload(mp[0]);
	mp[0]->b_next = mp[0]->b_prev = mp[0];
	mp[1] = dupb(mp[0]);
	mp[2] = dupb(mp[1]);
	mp[0]->b_next = mp[0]->b_prev = NULL;
	for (i = 0; i < 3; i++) {
		ck_assert_uint_eq(DB_REF(mp[i]), 3);
		ck_assert_ptr_eq(mp[i]->b_datap, mp[0]->b_datap);
		ck_assert_ptr_null(mp[i]->b_next);
		ck_assert_ptr_null(mp[i]->b_prev);
		assert_offload(mp[i]);
	}
	for (i = 0; i < 3; i++) {
		assert_message(mp[orders[_i][i]], sizes, 0);
		ck_assert_uint_eq(DB_REF(mp[orders[_i][i]]), 3 - i);
		freeb(mp[orders[_i][i]]);
	}
	assert_nothing_left();
}
END_TEST

/* The first block lies beside a data block that it does not refer to any more. */
START_TEST(a_block_may_part_from_its_data)
{
	const size_t sizes[] = { 9, 3, END }, whole[] = { 12, END }, first[] = { 9, END };
	mblk_t *mp[3];
	int i;

	mp[0] = message(sizes);
	mp[1] = dupb(mp[0]);
	ck_assert_int_eq(pullupmsg(mp[0], -1), 1);
	mp[2] = dupb(mp[0]);
	ck_assert_uint_eq(DB_REF(mp[0]), 2);
	ck_assert_uint_eq(DB_REF(mp[1]), 1);
	for (i = 0; i < 3; i++) {
		int which = orders[_i][i];

		assert_message(mp[which], which == 1 ? first : whole, 0);
		freeb(mp[which]);
	}
	assert_nothing_left();
}
END_TEST

START_TEST(a_block_may_part_twice)
{
	const size_t sizes[] = { 9, 3, 4, END }, whole[] = { 16, END };
	mblk_t *mp = message(sizes);

	ck_assert_int_eq(pullupmsg(mp, 10), 1);
	ck_assert_int_eq(pullupmsg(mp, -1), 1);
	assert_message(mp, whole, 0);
	freemsg(mp);
	assert_nothing_left();

	mp = message(sizes);
	mp->b_cont->b_cont->b_cont = dupb(mp);
	ck_assert_int_eq(pullupmsg(mp, -1), 1);
	ck_assert_uint_eq(msgdsize(mp), 25);
	freemsg(mp);
	assert_nothing_left();
}
END_TEST

START_TEST(a_message_is_duplicated)
{
	const size_t sizes[] = { 1, 0, 700, 2, END };
	mblk_t *mp = message(sizes), *copy, *a, *b;

	set_offload(mp);
	mp->b_next = mp;
	copy = dupmsg(mp);
	mp->b_next = NULL;
	ck_assert_ptr_null(copy->b_next);
	for (a = mp, b = copy; a; a = a->b_cont, b = b->b_cont) {
		ck_assert_ptr_ne(a, b);
		ck_assert_ptr_eq(a->b_datap, b->b_datap);
		ck_assert_uint_eq(DB_REF(a), 2);
	}
	ck_assert_ptr_null(b);
	freemsg(mp);
	assert_message(copy, sizes, 0);
	assert_offload(copy);
	freemsg(copy);
	assert_nothing_left();
}
END_TEST

START_TEST(a_message_is_copied)
{
	const size_t sizes[] = { 1, 0, 700, 2, END };
	mblk_t *mp = message(sizes), *copy, *a, *b;

	set_offload(mp);
	mp->b_next = mp;
	copy = copymsg(mp);
	mp->b_next = NULL;
	ck_assert_ptr_null(copy->b_next);
	for (a = mp, b = copy; a; a = a->b_cont, b = b->b_cont) {
		ck_assert_ptr_ne(a->b_datap, b->b_datap);
		ck_assert_int_eq(MBLKHEAD(a), MBLKHEAD(b));
		ck_assert_int_eq(MBLKTAIL(a), MBLKTAIL(b));
		ck_assert_uint_eq(DB_REF(b), 1);
		memset(a->b_rptr, 0, (size_t)MBLKL(a));
	}
	ck_assert_ptr_null(b);
	freemsg(mp);
	assert_message(copy, sizes, 0);
	assert_offload(copy);
	freemsg(copy);
	assert_nothing_left();
}
END_TEST

/* A copy is the library's memory, wherever the original is. */
START_TEST(a_copy_of_a_buffer_is_not_the_buffer)
{
	struct buffer b = { .rtn = { on_free, (char *)&b } };
	mblk_t *mp = esballoc(b.bytes, sizeof(b.bytes), BPRI_MED, &b.rtn), *copy;

	mp->b_rptr += 60;
	mp->b_wptr += 64;
	copy = copyb(mp);
	freeb(mp);
	ck_assert_int_eq(b.freed, 1);
	ck_assert_int_eq(MBLKHEAD(copy), 60);
	ck_assert_int_eq(MBLKL(copy), 4);
	freeb(copy);
	ck_assert_int_eq(b.freed, 1);
	assert_nothing_left();
}
END_TEST

START_TEST(messages_are_joined_and_parted)
{
	const size_t one[] = { 2, 3, END }, two[] = { 4, END };
	mblk_t *mp = message(one), *tail = message(two), *rest;

	linkb(mp, tail);
	ck_assert_ptr_eq(mp->b_cont->b_cont, tail);
	ck_assert_uint_eq(msgdsize(mp), 9);
	rest = unlinkb(mp);
	ck_assert_ptr_null(mp->b_cont);
	ck_assert_uint_eq(msgdsize(mp), 2);
	ck_assert_uint_eq(msgdsize(rest), 7);
	ck_assert_ptr_null(unlinkb(mp));
	linkb(mp, NULL);
	ck_assert_ptr_null(mp->b_cont);
	freemsg(mp);
	freemsg(rest);
	assert_nothing_left();
}
END_TEST

START_TEST(pointers_the_wrong_way_round_are_no_bytes)
{
	const size_t sizes[] = { 5, 6, END }, second[] = { 6, END };
	mblk_t *mp = message(sizes), *copy;

	mp->b_wptr = mp->b_rptr - 3;
	ck_assert_uint_eq(msgdsize(mp), 6);
	copy = copymsg(mp);
	ck_assert_int_eq(MBLKL(copy), 0);
	freemsg(copy);
	ck_assert_int_eq(adjmsg(mp, 7), 0);
	ck_assert_int_eq(pullupmsg(mp, 7), 0);
	ck_assert_int_eq(pullupmsg(mp, 6), 1);
	assert_message(mp, second, 5);
	freemsg(mp);
	assert_nothing_left();
}
END_TEST

/* --- pullupmsg() and msgpullup() --- */

static const struct {
	size_t before[BLOCKS_MAX + 1];
	ssize_t len;
	int result;
	size_t after[BLOCKS_MAX + 1]; /* of pullupmsg() */
	size_t fresh[BLOCKS_MAX + 1]; /* of msgpullup() */
} pullups[] = {
	{ { 10, END }, 10, 1, { 10, END }, { 10, END } },
	{ { 10, END }, 4, 1, { 10, END }, { 4, 6, END } },
	{ { 10, END }, 0, 1, { 10, END }, { 0, 10, END } },
	{ { 10, END }, -1, 1, { 10, END }, { 10, END } },
	{ { 10, END }, 11, 0, { 10, END }, { END } },
	{ { 10, END }, -2, 0, { 10, END }, { END } },
	{ { 10, END }, SSIZE_MAX, 0, { 10, END }, { END } },
	{ { 10, END }, -SSIZE_MAX, 0, { 10, END }, { END } },
	{ { 0, END }, 0, 1, { 0, END }, { 0, END } },
	{ { 0, END }, -1, 1, { 0, END }, { 0, END } },
	{ { 0, END }, 1, 0, { 0, END }, { END } },
	{ { 4, 6, 8, END }, 4, 1, { 4, 6, 8, END }, { 4, 6, 8, END } },
	{ { 4, 6, 8, END }, 3, 1, { 4, 6, 8, END }, { 3, 1, 6, 8, END } },
	{ { 4, 6, 8, END }, 5, 1, { 5, 5, 8, END }, { 5, 5, 8, END } },
	{ { 4, 6, 8, END }, 9, 1, { 9, 1, 8, END }, { 9, 1, 8, END } },
	{ { 4, 6, 8, END }, 10, 1, { 10, 8, END }, { 10, 8, END } },
	{ { 4, 6, 8, END }, 11, 1, { 11, 7, END }, { 11, 7, END } },
	{ { 4, 6, 8, END }, 17, 1, { 17, 1, END }, { 17, 1, END } },
	{ { 4, 6, 8, END }, 18, 1, { 18, END }, { 18, END } },
	{ { 4, 6, 8, END }, -1, 1, { 18, END }, { 18, END } },
	{ { 4, 6, 8, END }, 19, 0, { 4, 6, 8, END }, { END } },
	{ { 0, 0, 5, 0, 3, 0, END }, 1, 1, { 1, 4, 0, 3, 0, END }, { 1, 4, 0, 3, 0, END } },
	{ { 0, 0, 5, 0, 3, 0, END }, 5, 1, { 5, 3, 0, END }, { 5, 3, 0, END } },
	{ { 0, 0, 5, 0, 3, 0, END }, 8, 1, { 8, END }, { 8, END } },
	{ { 0, 0, 5, 0, 3, 0, END }, -1, 1, { 8, END }, { 8, END } },
	{ { 0, 0, 5, 0, 3, 0, END }, 0, 1, { 0, 0, 5, 0, 3, 0, END }, { 0, 5, 0, 3, 0, END } },
	{ { 5, 0, 0, END }, -1, 1, { 5, END }, { 5, END } },
	{ { 5, 0, 0, END }, 5, 1, { 5, 0, 0, END }, { 5, END } },
	{ { 0, 0, END }, -1, 1, { 0, END }, { 0, END } },
	{ { 1400, 60000, END }, 50000, 1, { 50000, 11400, END }, { 50000, 11400, END } },
};

START_TEST(pulls_up_in_place)
{
	mblk_t *mp = message(pullups[_i].before), next;

	set_offload(mp);
	mp->b_next = mp->b_prev = &next;
	ck_assert_int_eq(pullupmsg(mp, pullups[_i].len), pullups[_i].result);
	assert_message(mp, pullups[_i].after, 0);
	assert_offload(mp);
	ck_assert_ptr_eq(mp->b_next, &next);
	ck_assert_ptr_eq(mp->b_prev, &next);
	ck_assert_uint_eq(DB_REF(mp), 1);
	freemsg(mp);
	assert_nothing_left();
}
END_TEST

/* What shares the data blocks keeps its bytes. */
START_TEST(pulls_up_one_of_two)
{
	mblk_t *mp = message(pullups[_i].before), *other = dupmsg(mp);

	ck_assert_int_eq(pullupmsg(mp, pullups[_i].len), pullups[_i].result);
	assert_message(mp, pullups[_i].after, 0);
	assert_message(other, pullups[_i].before, 0);
	freemsg(mp);
	assert_message(other, pullups[_i].before, 0);
	ck_assert_int_eq(pullupmsg(other, pullups[_i].len), pullups[_i].result);
	assert_message(other, pullups[_i].after, 0);
	freemsg(other);
	assert_nothing_left();
}
END_TEST

START_TEST(pulls_up_into_a_new_message)
{
	mblk_t *mp = message(pullups[_i].before), *copy, next;

	set_offload(mp);
	mp->b_next = &next;
	copy = msgpullup(mp, pullups[_i].len);
	mp->b_next = NULL;
	assert_message(mp, pullups[_i].before, 0);
	ck_assert_int_eq(copy != NULL, pullups[_i].result);
	freemsg(mp);
	if (copy) {
		assert_message(copy, pullups[_i].fresh, 0);
		assert_offload(copy);
		ck_assert_ptr_null(copy->b_next);
	}
	freemsg(copy);
	assert_nothing_left();
}
END_TEST

/* --- adjmsg() --- */

static const struct {
	size_t before[BLOCKS_MAX + 1];
	ssize_t len;
	int result;
	size_t after[BLOCKS_MAX + 1];
	size_t begin; /* first byte of what is left */
} adjusts[] = {
	{ { 10, END }, 0, 1, { 10, END }, 0 },
	{ { 10, END }, 3, 1, { 7, END }, 3 },
	{ { 10, END }, -3, 1, { 7, END }, 0 },
	{ { 10, END }, 10, 1, { 0, END }, 10 },
	{ { 10, END }, -10, 1, { 0, END }, 0 },
	{ { 10, END }, 11, 0, { 10, END }, 0 },
	{ { 10, END }, -11, 0, { 10, END }, 0 },
	{ { 10, END }, SSIZE_MAX, 0, { 10, END }, 0 },
	{ { 10, END }, -SSIZE_MAX, 0, { 10, END }, 0 },
	{ { 10, END }, -SSIZE_MAX - 1, 0, { 10, END }, 0 },
	{ { 4, 6, 8, END }, 3, 1, { 1, 6, 8, END }, 3 },
	{ { 4, 6, 8, END }, 4, 1, { 0, 6, 8, END }, 4 },
	{ { 4, 6, 8, END }, 5, 1, { 0, 5, 8, END }, 5 },
	{ { 4, 6, 8, END }, 17, 1, { 0, 0, 1, END }, 17 },
	{ { 4, 6, 8, END }, 18, 1, { 0, 0, 0, END }, 18 },
	{ { 4, 6, 8, END }, 19, 0, { 4, 6, 8, END }, 0 },
	{ { 4, 6, 8, END }, -7, 1, { 4, 6, 1, END }, 0 },
	{ { 4, 6, 8, END }, -8, 1, { 4, 6, 0, END }, 0 },
	{ { 4, 6, 8, END }, -9, 1, { 4, 5, 0, END }, 0 },
	{ { 4, 6, 8, END }, -14, 1, { 4, 0, 0, END }, 0 },
	{ { 4, 6, 8, END }, -15, 1, { 3, 0, 0, END }, 0 },
	{ { 4, 6, 8, END }, -18, 1, { 0, 0, 0, END }, 0 },
	{ { 4, 6, 8, END }, -19, 0, { 4, 6, 8, END }, 0 },
	{ { 0, 4, 0, 5, 0, END }, 6, 1, { 0, 0, 0, 3, 0, END }, 6 },
	{ { 0, 4, 0, 5, 0, END }, -6, 1, { 0, 3, 0, 0, 0, END }, 0 },
	{ { 0, END }, 1, 0, { 0, END }, 0 },
	{ { 0, END }, -1, 0, { 0, END }, 0 },
};

START_TEST(adjusts_both_ends)
{
	mblk_t *mp = message(adjusts[_i].before), *other = dupmsg(mp);

	ck_assert_int_eq(adjmsg(mp, adjusts[_i].len), adjusts[_i].result);
	assert_message(mp, adjusts[_i].after, adjusts[_i].begin);
	assert_message(other, adjusts[_i].before, 0);
	freemsg(mp);
	freemsg(other);
	assert_nothing_left();
}
END_TEST

/* --- no memory --- */

/* What needs memory, on a message of five blocks, and how many allocations that are. */
static bool try_dupmsg(mblk_t *mp, mblk_t **ret)
{
	*ret = dupmsg(mp);
	return *ret;
}

static bool try_copymsg(mblk_t *mp, mblk_t **ret)
{
	*ret = copymsg(mp);
	return *ret;
}

static bool try_msgpullup(mblk_t *mp, mblk_t **ret)
{
	*ret = msgpullup(mp, 5);
	return *ret;
}

static bool try_pullupmsg(mblk_t *mp, mblk_t **ret)
{
	*ret = NULL;
	return pullupmsg(mp, 5) == 1;
}

static bool try_dupb(mblk_t *mp, mblk_t **ret)
{
	*ret = dupb(mp);
	return *ret;
}

static bool try_copyb(mblk_t *mp, mblk_t **ret)
{
	*ret = copyb(mp);
	return *ret;
}

static const struct {
	bool (*call)(mblk_t *mp, mblk_t **ret);
	int allocations;
} needy[] = {
	{ try_dupmsg, 5 },    { try_copymsg, 5 }, { try_msgpullup, 5 },
	{ try_pullupmsg, 1 }, { try_dupb, 1 },	  { try_copyb, 1 },
};

START_TEST(without_memory_nothing_changes)
{
	const size_t sizes[] = { 4, 6, 0, 8, 1, END };
	mblk_t *mp = message(sizes), *got, *b;
	int before = live, n;

	for (n = 0; n < needy[_i].allocations; n++) {
		fail_after = n;
		ck_assert(!needy[_i].call(mp, &got));
		ck_assert_ptr_null(got);
		ck_assert_int_eq(live, before);
		assert_message(mp, sizes, 0);
		for (b = mp; b; b = b->b_cont)
			ck_assert_uint_eq(DB_REF(b), 1);
	}
	fail_after = n;
	ck_assert(needy[_i].call(mp, &got));
	ck_assert_int_eq(fail_after, 0);
	freemsg(got);
	freemsg(mp);
	assert_nothing_left();
}
END_TEST

/* --- anything, in any order, against plain arrays --- */

#define RANDOM_MESSAGES 8
#define RANDOM_BYTES	400

struct plain {
	mblk_t *mp;
	size_t size;
	unsigned char bytes[RANDOM_BYTES];
};

static void plain_check(const struct plain *p)
{
	const unsigned char *at = p->bytes;
	const mblk_t *mp;

	must(msgdsize(p->mp) == p->size);
	for (mp = p->mp; mp; at += MBLKL(mp), mp = mp->b_cont)
		must(memcmp(mp->b_rptr, at, (size_t)MBLKL(mp)) == 0);
}

static void plain_renew(struct plain *p, unsigned int *seed)
{
	size_t sizes[BLOCKS_MAX + 1], i, n = 1 + (size_t)rand_r(seed) % BLOCKS_MAX;

	freemsg(p->mp);
	for (i = 0; i < n; i++)
		sizes[i] = (size_t)rand_r(seed) % (RANDOM_BYTES / BLOCKS_MAX);
	sizes[n] = END;
	p->mp = message(sizes);
	p->size = sum_sizes(sizes);
	for (i = 0; i < p->size; i++)
		p->bytes[i] = pattern(i);
}

static void plain_replace(struct plain *p, const struct plain *from, mblk_t *mp)
{
	freemsg(p->mp);
	*p = *from;
	p->mp = mp;
}

static void plain_adjust(struct plain *p, ssize_t len)
{
	size_t n = (size_t)(len < 0 ? -len : len);

	ck_assert_int_eq(adjmsg(p->mp, len), n <= p->size);
	if (n > p->size)
		return;
	p->size -= n;
	if (len > 0)
		memmove(p->bytes, p->bytes + n, p->size);
}

static void plain_step(struct plain all[RANDOM_MESSAGES], unsigned int *seed)
{
	struct plain *p = &all[rand_r(seed) % RANDOM_MESSAGES];
	struct plain *q = &all[rand_r(seed) % RANDOM_MESSAGES];
	ssize_t len = rand_r(seed) % 100;
	mblk_t *mp;

	switch (rand_r(seed) % 8) {
	case 0:
		plain_renew(p, seed);
		break;
	case 1:
		if (p != q)
			plain_replace(q, p, dupmsg(p->mp));
		break;
	case 2:
		if (p != q)
			plain_replace(q, p, copymsg(p->mp));
		break;
	case 3:
		plain_adjust(p, len - 50);
		break;
	case 4:
		ck_assert_int_eq(pullupmsg(p->mp, len), (size_t)len <= p->size);
		break;
	case 5:
		ck_assert_int_eq(pullupmsg(p->mp, -1), 1);
		ck_assert_ptr_null(p->mp->b_cont);
		break;
	case 6:
		mp = msgpullup(p->mp, len);
		ck_assert_int_eq(mp != NULL, (size_t)len <= p->size);
		if (mp) {
			freemsg(p->mp);
			p->mp = mp;
		}
		break;
	default:
		mp = unlinkb(p->mp);
		if (mp)
			linkb(p->mp, mp);
	}
}

START_TEST(random_steps_agree_with_plain_arrays)
{
	struct plain all[RANDOM_MESSAGES] = { 0 };
	unsigned int seed = (unsigned int)_i;
	int i, n;

	for (i = 0; i < RANDOM_MESSAGES; i++)
		plain_renew(&all[i], &seed);
	for (n = 0; n < 4000; n++) {
		plain_step(all, &seed);
		for (i = 0; i < RANDOM_MESSAGES; i++)
			plain_check(&all[i]);
	}
	for (i = 0; i < RANDOM_MESSAGES; i++)
		freemsg(all[i].mp);
	assert_nothing_left();
}
END_TEST

/* --- threads --- */

#define THREADS	      6
#define THREAD_ROUNDS 5000

/* Each thread has a message of its own; the data blocks are everybody's. */
static void *share(void *arg)
{
	mblk_t *mp = arg, *copy;
	int i;

	for (i = 0; i < THREAD_ROUNDS; i++) {
		copy = dupmsg(mp);
		if (i % 3 == 0 && !pullupmsg(copy, -1))
			return "no memory";
		if (i % 3 == 1)
			freemsg(mp);
		else
			freemsg(copy);
		if (i % 3 == 1)
			mp = copy;
		if (msgdsize(mp) != 30)
			return "another size";
	}
	freemsg(mp);
	return NULL;
}

START_TEST(threads_share_data_blocks)
{
	const size_t sizes[] = { 7, 13, END };
	struct buffer b = { .rtn = { on_free, (char *)&b } };
	mblk_t *mp = message(sizes), *tail = esballoc(b.bytes, 10, BPRI_MED, &b.rtn);
	pthread_t threads[THREADS];
	void *why;
	int i;

	tail->b_wptr += 10;
	linkb(mp, tail);
	for (i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, share, dupmsg(mp)), 0);
	freemsg(mp);
	for (i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &why), 0);
		ck_assert_ptr_null(why);
	}
	ck_assert_int_eq(b.freed, 1);
	assert_nothing_left();
}
END_TEST

/* --- all of them --- */

#define add_rows(t, test, table)                                                                   \
	tcase_add_loop_test(t, test, 0, (int)(sizeof(table) / sizeof((table)[0])))

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("mblk", &t);

	tcase_set_timeout(t, 60);
	add_rows(t, a_block_is_empty_and_has_room, buffer_sizes);
	add_rows(t, a_block_can_be_too_big, too_big);
	tcase_add_test(t, nothing_is_no_message);
	tcase_add_test(t, each_free_frees_its_part);
	add_rows(t, a_buffer_is_freed_once, wrappers);
	add_rows(t, a_buffer_may_hold_its_own_routine, wrappers);
	add_rows(t, a_buffer_that_is_none, wrappers);
	add_rows(t, a_buffer_is_freed_when_it_is_pulled_up, wrappers);
	add_rows(t, shared_bytes_stay_until_the_last_block, orders);
	add_rows(t, a_block_may_part_from_its_data, orders);
	tcase_add_test(t, a_block_may_part_twice);
	tcase_add_test(t, a_message_is_duplicated);
	tcase_add_test(t, a_message_is_copied);
	tcase_add_test(t, a_copy_of_a_buffer_is_not_the_buffer);
	tcase_add_test(t, messages_are_joined_and_parted);
	tcase_add_test(t, pointers_the_wrong_way_round_are_no_bytes);
	add_rows(t, pulls_up_in_place, pullups);
	add_rows(t, pulls_up_one_of_two, pullups);
	add_rows(t, pulls_up_into_a_new_message, pullups);
	add_rows(t, adjusts_both_ends, adjusts);
	add_rows(t, without_memory_nothing_changes, needy);
	tcase_add_loop_test(t, random_steps_agree_with_plain_arrays, 1, 21);
	tcase_add_test(t, threads_share_data_blocks);
	return unit_run(s);
}
