// SPDX-License-Identifier: GPL-2.0-or-later
/* The ring of vnet-shm: frames come out as they went in, and nothing in the memory can hurt. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "unit.h"

#include "../../examples/ring.c"

#define FRAMES_THREADS 1000000

/* Both ends of one ring. */
struct ends {
	struct ring writer, reader;
	int to_reader, to_writer; /* eventfds */
};

static void ends_make(struct ends *e)
{
	void *memory = aligned_alloc(64, ring_memory(RING_SIZE_MIN));

	ck_assert_ptr_nonnull(memory);
	memset(memory, 0, ring_memory(RING_SIZE_MIN));
	e->writer = e->reader = (struct ring) { .shared = memory, .size = RING_SIZE_MIN };
	e->to_reader = eventfd(0, EFD_CLOEXEC);
	e->to_writer = eventfd(0, EFD_CLOEXEC);
	ck_assert_int_ge(e->to_writer, 0);
}

static void ends_free(struct ends *e)
{
	free(e->writer.shared);
	close(e->to_reader);
	close(e->to_writer);
}

/* Each byte depends on the frame's number and on its place. */
static unsigned char frame_byte(uint32_t number, size_t at)
{
	return (unsigned char)(number * 31 + at * 7 + (at >> 8));
}

static mblk_t *frame_make(uint32_t number, size_t length)
{
	mblk_t *mp = allocb(length, BPRI_MED);

	ck_assert_ptr_nonnull(mp);
	for (size_t i = 0; i < length; i++)
		*mp->b_wptr++ = frame_byte(number, i);
	return mp;
}

static void frame_check(const mblk_t *mp, uint32_t number, size_t length)
{
	ck_assert_uint_eq(msgdsize(mp), length);
	for (size_t i = 0; i < length; i++) {
		if (mp->b_rptr[i] != frame_byte(number, i))
			ck_abort_msg("frame %u of %zu bytes: byte %zu is wrong", number, length, i);
	}
}

/* --- one thread --- */

START_TEST(test_sizes)
{
	struct ends e;
	size_t length = 14;
	mblk_t *in, *out;

	ends_make(&e);
	ck_assert_int_eq(ring_get(&e.reader, &out), 0);
	/* Many times around the ring, so that the end of it is met at every place. */
	for (uint32_t n = 0; n < 5000; n++) {
		in = frame_make(n, length);
		ck_assert_int_eq(ring_put(&e.writer, in), 1);
		ck_assert_int_eq(ring_get(&e.reader, &out), 1);
		frame_check(out, n, length);
		freemsg(in);
		freemsg(out);
		length = n % 17 == 16 ? RING_FRAME_MAX - n % 100 : 14 + n * 13 % 3000;
	}
	ck_assert_int_eq(ring_get(&e.reader, &out), 0);
	ends_free(&e);
}
END_TEST

START_TEST(test_blocks)
{
	struct ends e;
	mblk_t *in, *out;

	ends_make(&e);
	in = frame_make(7, 300);
	/* The same frame in three blocks. */
	in->b_cont = dupb(in);
	in->b_cont->b_cont = dupb(in);
	in->b_wptr = in->b_rptr + 20;
	in->b_cont->b_rptr += 20;
	in->b_cont->b_wptr -= 100;
	in->b_cont->b_cont->b_rptr += 200;
	ck_assert_int_eq(ring_put(&e.writer, in), 1);
	ck_assert_int_eq(ring_get(&e.reader, &out), 1);
	frame_check(out, 7, 300);
	freemsg(in);
	freemsg(out);
	ends_free(&e);
}
END_TEST

START_TEST(test_offloads)
{
	uint32_t start, stuff, end, flags, mss;
	struct ends e;
	mblk_t *in, *out;

	ends_make(&e);
	in = frame_make(1, 9000);
	mac_hcksum_set(in, 20, 36, 8986, 0, HCK_PARTIALCKSUM | HCK_FULLCKSUM_OK);
	lso_info_set(in, 1448, HW_LSO);
	ck_assert_int_eq(ring_put(&e.writer, in), 1);
	ck_assert_int_eq(ring_get(&e.reader, &out), 1);
	mac_hcksum_get(out, &start, &stuff, &end, NULL, &flags);
	ck_assert_uint_eq(start, 20);
	ck_assert_uint_eq(stuff, 36);
	ck_assert_uint_eq(end, 8986);
	ck_assert_uint_eq(flags,
			  HCK_PARTIALCKSUM); /* that it is right is not for the other end to say */
	mac_lso_get(out, &mss, &flags);
	ck_assert_uint_eq(mss, 1448);
	ck_assert_uint_eq(flags, HW_LSO);
	freemsg(in);
	freemsg(out);
	ends_free(&e);
}
END_TEST

START_TEST(test_full)
{
	uint32_t n = 0, got = 0;
	mblk_t *in = frame_make(0, 1000), *out;
	struct ends e;

	ends_make(&e);
	while (ring_put(&e.writer, in) == 1)
		n++;
	ck_assert_uint_eq(n, RING_SIZE_MIN / 1016);
	ck_assert(!ring_wakes_reader(&e.writer)); /* it has never found the ring empty */
	ck_assert_int_eq(ring_get(&e.reader, &out), 1);
	freemsg(out);
	ck_assert(ring_wakes_writer(&e.reader));
	ck_assert(!ring_wakes_writer(&e.reader)); /* once */
	ck_assert_int_eq(ring_put(&e.writer, in), 1);
	for (; ring_get(&e.reader, &out) == 1; got++)
		freemsg(out);
	ck_assert_uint_eq(got, n);
	ck_assert_int_eq(ring_put(&e.writer, in), 1);
	ck_assert(ring_wakes_reader(&e.writer));
	ck_assert(!ring_wakes_reader(&e.writer));
	freemsg(in);
	ends_free(&e);
}
END_TEST

/* --- an other end that writes what it likes --- */

START_TEST(test_bad_tail)
{
	static const uint32_t tails[] = { 1, RING_SIZE_MIN, UINT32_MAX - RING_SIZE_MIN - 2000 };
	struct ends e;
	mblk_t *in = frame_make(0, 1000);

	ends_make(&e);
	atomic_store(&e.writer.shared->tail, tails[_i]);
	ck_assert_int_eq(ring_put(&e.writer, in), -EPROTO);
	freemsg(in);
	ends_free(&e);
}
END_TEST

START_TEST(test_bad_head)
{
	static const uint32_t heads[] = { 1, 15, RING_SIZE_MIN + 1, UINT32_MAX };
	struct ends e;
	mblk_t *out;

	ends_make(&e);
	atomic_store(&e.reader.shared->head, heads[_i]);
	ck_assert_int_eq(ring_get(&e.reader, &out), -EPROTO);
	ends_free(&e);
}
END_TEST

START_TEST(test_bad_length)
{
	static const uint32_t lengths[] = {
		0, 13, 1001, RING_FRAME_MAX + 1, INT32_MAX, UINT32_MAX
	};
	struct ends e;
	mblk_t *in = frame_make(0, 1000), *out;

	ends_make(&e);
	ck_assert_int_eq(ring_put(&e.writer, in), 1);
	memcpy(e.reader.shared->bytes, &lengths[_i], sizeof(lengths[_i]));
	ck_assert_int_eq(ring_get(&e.reader, &out), -EPROTO);
	freemsg(in);
	ends_free(&e);
}
END_TEST

/* Whatever is in the memory, what comes out is a frame, nothing, or an error. */
START_TEST(test_garbage)
{
	uint64_t x = 0x9e3779b97f4a7c15;
	unsigned int frames = 0, errors = 0;
	struct ends e;
	mblk_t *out;

	ends_make(&e);
	for (int round = 0; round < 200000; round++) {
		uint32_t at, head;
		int r;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		at = e.reader.own & (RING_SIZE_MIN - 1);
		head = e.reader.own + (uint32_t)(x >> 40) % (RING_SIZE_MIN + 64);
		memcpy(e.reader.shared->bytes + at, &(uint32_t) { (uint32_t)x & 0x1ffff }, 4);
		atomic_store(&e.reader.shared->head, head);
		r = ring_get(&e.reader, &out);
		if (r == 1) {
			ck_assert_uint_ge(msgdsize(out), 14);
			ck_assert_uint_le(msgdsize(out), RING_FRAME_MAX);
			freemsg(out);
		}
		frames += r == 1;
		errors += r == -EPROTO;
	}
	ck_assert_uint_gt(frames, 1000);
	ck_assert_uint_gt(errors, 1000);
	ends_free(&e);
}
END_TEST

/* --- two threads that sleep and wake each other --- */

static void wake(int fd)
{
	ck_assert_int_eq(eventfd_write(fd, 1), 0);
}

/* A wake-up that is lost shows as a wait without end. */
static void await(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	eventfd_t count;

	if (poll(&p, 1, 20000) != 1)
		ck_abort_msg("nobody has woken this end");
	ck_assert_int_eq(eventfd_read(fd, &count), 0);
}

static void *write_all(void *context)
{
	struct ends *e = context;

	for (uint32_t n = 0; n < FRAMES_THREADS; n++) {
		mblk_t *mp = frame_make(n, 14 + n % 50);

		while (ring_put(&e->writer, mp) != 1) {
			if (ring_wakes_reader(&e->writer))
				wake(e->to_reader);
			await(e->to_writer);
		}
		if (ring_wakes_reader(&e->writer))
			wake(e->to_reader);
		freemsg(mp);
	}
	return NULL;
}

START_TEST(test_threads)
{
	pthread_t writer;
	struct ends e;
	mblk_t *mp;

	ends_make(&e);
	ck_assert_int_eq(pthread_create(&writer, NULL, write_all, &e), 0);
	for (uint32_t n = 0; n < FRAMES_THREADS; n++) {
		while (ring_get(&e.reader, &mp) != 1)
			await(e.to_reader);
		frame_check(mp, n, 14 + n % 50);
		freemsg(mp);
		if (ring_wakes_writer(&e.reader))
			wake(e.to_writer);
	}
	pthread_join(writer, NULL);
	ck_assert_int_eq(ring_get(&e.reader, &mp), 0);
	ends_free(&e);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("ring", &t);

	tcase_set_timeout(t, 120);
	tcase_add_test(t, test_sizes);
	tcase_add_test(t, test_blocks);
	tcase_add_test(t, test_offloads);
	tcase_add_test(t, test_full);
	tcase_add_loop_test(t, test_bad_tail, 0, 3);
	tcase_add_loop_test(t, test_bad_head, 0, 4);
	tcase_add_loop_test(t, test_bad_length, 0, 6);
	tcase_add_test(t, test_garbage);
	tcase_add_test(t, test_threads);
	return unit_run(s);
}
