// SPDX-License-Identifier: GPL-2.0-or-later
/* Providers: frames from the vnet to mc_tx(), what it does not take, and what is made of that. */
#include <semaphore.h>
#include <string.h>

#include "unit.h"
#include "vio_probe.h"

#define QUEUES	    4
#define FRAME_BYTES 60
#define FRAME_MAX   (14 + 65535)

/* Under a sanitizer frames are some ten times slower. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define FRAMES_MANY 200000
#else
#define FRAMES_MANY 1000000
#endif

/* A frame carries the queue that it is written to and its number there. */
struct numbered {
	uint8_t header[14];
	uint8_t queue;
	uint8_t pad;
	uint32_t number;
	uint8_t rest[FRAME_BYTES - 20];
};
_Static_assert(sizeof(struct numbered) == FRAME_BYTES, "a frame");

/* What mc_tx() does with what it is given. */
struct taker {
	atomic_uint room; /* frames that it takes before it refuses */
	bool random;	  /* refuses when it likes */
	uint64_t seed[QUEUES];
	atomic_uint within[QUEUES]; /* threads in it, for a queue */
	atomic_uint taken[QUEUES];  /* the next frame's number */
	atomic_uint longest;	    /* chain */
	sem_t entered, go_on;	    /* with @gated: each call posts and waits */
	atomic_bool gated;
	atomic_bool update_within, drives;
};

static struct probe_bed bed;
static struct taker taker;
static int taps[QUEUES];
static uint32_t written[QUEUES];

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static const struct numbered *numbered_of(const mblk_t *mp)
{
	must(MBLKL(mp) == FRAME_BYTES && !mp->b_cont);
	return (const struct numbered *)mp->b_rptr;
}

static bool takes_one_more(struct taker *t, uint8_t queue)
{
	if (t->random)
		return next_random(&t->seed[queue]) % 16 != 0;
	if (!atomic_load(&t->room))
		return false;
	atomic_fetch_sub(&t->room, 1);
	return true;
}

/* Each frame has to be the next of its queue. */
static mblk_t *take(struct taker *t, uint8_t queue, mblk_t *chain)
{
	unsigned int n = 0;

	while (chain && takes_one_more(t, queue)) {
		const struct numbered *f = numbered_of(chain);
		mblk_t *next = chain->b_next;

		must(f->queue == queue && f->number == atomic_load(&t->taken[queue]));
		freemsg(chain);
		chain = next;
		n++;
		atomic_fetch_add(&t->taken[queue], 1);
	}
	return chain;
}

static mblk_t *on_chain(struct probe *p, mblk_t *chain)
{
	uint8_t queue = numbered_of(chain)->queue;
	struct taker *t = p->context;
	unsigned int length = 0;

	must(atomic_fetch_add(&t->within[queue], 1) == 0);
	for (const mblk_t *mp = chain; mp; mp = mp->b_next)
		length++;
	if (length > atomic_load(&t->longest))
		atomic_store(&t->longest, length);
	if (atomic_load(&t->gated)) {
		sem_post(&t->entered);
		sem_wait(&t->go_on);
	}
	if (atomic_exchange(&t->update_within, false)) {
		atomic_store(&t->room, 1000);
		p->vnet.vio_net_tx_update(p->handle);
		length = 0;
	}
	if (atomic_exchange(&t->drives, false))
		while (vnet_dispatch(bed.loop, 0) > 0)
			;
	if (length)
		chain = take(t, queue, chain);
	atomic_fetch_sub(&t->within[queue], 1);
	return chain;
}

static void prepare(unsigned int threads, unsigned int queues)
{
	probe_bed_make(&bed, threads);
	memset(&taker, 0, sizeof(taker));
	atomic_store(&taker.room, UINT32_MAX);
	sem_init(&taker.entered, 0, 0);
	sem_init(&taker.go_on, 0, 0);
	for (unsigned int i = 0; i < QUEUES; i++)
		taker.seed[i] = 88172645463325252u + i;
	bed.probe.tx = on_chain;
	bed.probe.context = &taker;
	bed.probe.mac.m_queues = queues;
}

/* From here on frames come. */
static void begin(void)
{
	must(probe_register(&bed.probe, VIO_NET_RES_HYBRID) == 0);
	vio_world_state(bed.world, 0, (struct vio_state) { 0 });
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	for (unsigned int i = 0; i < bed.probe.mac.m_queues; i++)
		taps[i] = vio_world_tap(bed.world, 0, i);
}

static void setup(void)
{
	prepare(1, 2);
	begin();
}

static void teardown(void)
{
	probe_bed_clear(&bed);
	sem_destroy(&taker.entered);
	sem_destroy(&taker.go_on);
}

static void write_frames(unsigned int queue, unsigned int count)
{
	struct numbered f = { .header = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 } };

	while (count--) {
		f.queue = (uint8_t)queue;
		f.number = written[queue]++;
		vio_world_write(taps[queue], NULL, &f, sizeof(f));
	}
}

static void await_taken(unsigned int queue, unsigned int count)
{
	probe_until(atomic_load(&taker.taken[queue]) == count);
}

static void update(void)
{
	bed.probe.vnet.vio_net_tx_update(bed.probe.handle);
}

/* A message from vnetd has been handled, and with one thread all that was ready before it. */
static void round_trip(bool stopped)
{
	static unsigned int mtu = 2000;
	unsigned int expected = ++mtu;

	vio_world_state(bed.world, 0, (struct vio_state) { .stopped = stopped, .mtu = expected });
	probe_until(probe_status(&bed.probe).mtu == expected);
}

/* --- frames as they are --- */

static _Atomic(mblk_t *) held;
static sem_t holds;

static mblk_t *hold(struct probe *p, mblk_t *chain)
{
	must(!atomic_load(&held) && !chain->b_next);
	atomic_store(&held, chain);
	sem_post(&holds);
	return NULL;
}

/* Takes frames apart, one at a time. */
static mblk_t *pass(const struct virtio_net_hdr *h, const void *frame, size_t n)
{
	atomic_store(&held, NULL);
	vio_world_write(taps[0], h, frame, n);
	sem_wait(&holds);
	return atomic_load(&held);
}

static void setup_hold(void)
{
	prepare(1, 1);
	sem_init(&holds, 0, 0);
	bed.probe.tx = hold;
	begin();
}

START_TEST(a_frame_comes_as_it_is)
{
	uint8_t frame[1514];
	uint32_t flags = 1, lso = 1;
	mblk_t *mp;

	for (size_t i = 0; i < sizeof(frame); i++)
		frame[i] = (uint8_t)(i * 7);
	for (size_t n = 14; n <= sizeof(frame); n += 100) {
		mp = pass(NULL, frame, n);
		must(msgdsize(mp) == n && !mp->b_cont && !memcmp(mp->b_rptr, frame, n));
		mac_hcksum_get(mp, NULL, NULL, NULL, NULL, &flags);
		mac_lso_get(mp, NULL, &lso);
		must(!flags && !lso);
		freemsg(mp);
	}
	ck_assert_uint_eq(probe_status(&bed.probe).tx_frames, 16);
}
END_TEST

START_TEST(a_long_frame_comes_in_two_blocks)
{
	static const size_t lengths[] = { 2047, 2048, 2049, 9014, FRAME_MAX - 1, FRAME_MAX };
	uint8_t *frame = malloc(FRAME_MAX);
	mblk_t *mp;

	for (size_t i = 0; i < FRAME_MAX; i++)
		frame[i] = (uint8_t)(i * 31 >> 3);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		mp = pass(NULL, frame, lengths[i]);
		ck_assert_uint_eq(msgdsize(mp), lengths[i]);
		ck_assert(!mp->b_cont == (lengths[i] <= 2048));
		ck_assert_int_eq(pullupmsg(mp, -1), 1);
		ck_assert(!memcmp(mp->b_rptr, frame, lengths[i]));
		freemsg(mp);
	}
	free(frame);
}
END_TEST

struct offload {
	struct virtio_net_hdr h;
	uint16_t type, inner; /* EtherTypes */
	uint32_t start, stuff, end, flags, mss, lso;
};

#define CSUM VIRTIO_NET_HDR_F_NEEDS_CSUM
#define TCP4 VIRTIO_NET_HDR_GSO_TCPV4
#define TCP6 VIRTIO_NET_HDR_GSO_TCPV6

static const struct offload offloads[] = {
	{ { .flags = CSUM, .csum_start = 34, .csum_offset = 16 },
	  0x0800,
	  0,
	  20,
	  36,
	  3000 - 14,
	  HCK_PARTIALCKSUM,
	  0,
	  0 },
	{ { CSUM, TCP4, 54, 1448, 34, 16 },
	  0x0800,
	  0,
	  20,
	  36,
	  3000 - 14,
	  HCK_PARTIALCKSUM,
	  1448,
	  HW_LSO },
	{ { CSUM, TCP6 | VIRTIO_NET_HDR_GSO_ECN, 74, 1428, 54, 16 },
	  0x86dd,
	  0,
	  40,
	  56,
	  3000 - 14,
	  HCK_PARTIALCKSUM,
	  1428,
	  HW_LSO },
	{ { CSUM, TCP4, 58, 1448, 38, 16 },
	  0x8100,
	  0x0800,
	  20,
	  36,
	  3000 - 18,
	  HCK_PARTIALCKSUM,
	  1448,
	  HW_LSO },
	{ { CSUM, TCP4, 58, 1448, 38, 16 },
	  0x88a8,
	  0x0800,
	  20,
	  36,
	  3000 - 18,
	  HCK_PARTIALCKSUM,
	  1448,
	  HW_LSO },
	{ { .flags = VIRTIO_NET_HDR_F_DATA_VALID }, 0x0800, 0, 0, 0, 0, HCK_FULLCKSUM_OK, 0, 0 },
	/* In the Ethernet header there is nothing to sum. */
	{ { .flags = CSUM, .csum_start = 13, .csum_offset = 16 }, 0x0800, 0, 0, 0, 0, 0, 0, 0 },
};

START_TEST(an_offload_is_told)
{
	const struct offload *o = &offloads[_i];
	uint32_t start, stuff, end, value, flags, mss, lso;
	uint8_t frame[3000] = { [12] = o->type >> 8, o->type & 0xff };
	mblk_t *mp;

	frame[16] = o->inner >> 8;
	frame[17] = o->inner & 0xff;
	mp = pass(&o->h, frame, sizeof(frame));
	mac_hcksum_get(mp, &start, &stuff, &end, &value, &flags);
	mac_lso_get(mp, &mss, &lso);
	ck_assert_uint_eq(flags, o->flags);
	ck_assert_uint_eq(start, o->start);
	ck_assert_uint_eq(stuff, o->stuff);
	ck_assert_uint_eq(end, o->end);
	ck_assert_uint_eq(mss, o->mss);
	ck_assert_uint_eq(lso, o->lso);
	freemsg(mp);
}
END_TEST

START_TEST(frames_come_in_chains_of_64)
{
	atomic_store(&taker.gated, true);
	write_frames(0, 1);
	sem_wait(&taker.entered);
	write_frames(0, 100);
	atomic_store(&taker.gated, false);
	sem_post(&taker.go_on);
	await_taken(0, 101);
	ck_assert_uint_eq(atomic_load(&taker.longest), 64);
	ck_assert_uint_eq(probe_status(&bed.probe).tx_frames, 101);
	ck_assert_uint_eq(probe_status(&bed.probe).tx_stops, 0);
}
END_TEST

START_TEST(frames_before_the_start_are_not_for_it)
{
	vio_world_state(bed.world, 0, (struct vio_state) { .stopped = true });
	probe_await_state(&bed.probe, VIO_NET_STATE_REGISTERED);
	write_frames(0, 10);
	round_trip(true);
	round_trip(false);
	written[0] = 0;
	write_frames(0, 1);
	await_taken(0, 1);
	ck_assert_uint_eq(probe_status(&bed.probe).tx_frames, 1);
}
END_TEST

/* --- what it does not take --- */

START_TEST(what_is_not_taken_comes_again_after_an_update)
{
	atomic_store(&taker.room, _i);
	write_frames(0, 5);
	probe_until(probe_status(&bed.probe).tx_stops == 1);
	write_frames(0, 5);
	round_trip(false);
	ck_assert_uint_eq(atomic_load(&taker.taken[0]), _i);
	ck_assert_uint_eq(probe_status(&bed.probe).tx_frames, _i);
	atomic_store(&taker.room, UINT32_MAX);
	update();
	await_taken(0, 10);
	ck_assert_uint_eq(probe_status(&bed.probe).tx_frames, 10);
	ck_assert_uint_eq(probe_status(&bed.probe).tx_stops, 1);
}
END_TEST

START_TEST(a_queue_that_rests_keeps_no_other_from_going_on)
{
	atomic_store(&taker.room, 0);
	write_frames(0, 5);
	probe_until(probe_status(&bed.probe).tx_stops == 1);
	atomic_store(&taker.room, UINT32_MAX);
	write_frames(1, 200);
	await_taken(1, 200);
	ck_assert_uint_eq(atomic_load(&taker.taken[0]), 0);
	update();
	await_taken(0, 5);
}
END_TEST

START_TEST(an_update_without_effect_stops_again)
{
	atomic_store(&taker.room, 0);
	write_frames(0, 3);
	for (unsigned int i = 1; i < 50; i++) {
		probe_until(probe_status(&bed.probe).tx_stops == i);
		update();
	}
	atomic_store(&taker.room, UINT32_MAX);
	update();
	await_taken(0, 3);
}
END_TEST

START_TEST(an_update_before_is_not_one_after)
{
	atomic_store(&taker.room, 0);
	update();
	round_trip(false);
	write_frames(0, 1);
	probe_until(probe_status(&bed.probe).tx_stops == 1);
	round_trip(false);
	ck_assert_uint_eq(atomic_load(&bed.probe.calls[PROBE_TX]), 1);
	atomic_store(&taker.room, 1);
	update();
	await_taken(0, 1);
}
END_TEST

START_TEST(an_update_while_it_refuses_counts)
{
	atomic_store(&taker.room, 0);
	atomic_store(&taker.gated, true);
	write_frames(0, 3);
	sem_wait(&taker.entered);
	update();
	atomic_store(&taker.gated, false);
	/* It looks at its room before it returns, and then there is some. */
	sem_post(&taker.go_on);
	probe_until(probe_status(&bed.probe).tx_stops == 2);
	atomic_store(&taker.room, UINT32_MAX);
	update();
	await_taken(0, 3);
}
END_TEST

START_TEST(an_update_from_inside_it_counts)
{
	atomic_store(&taker.room, 0);
	atomic_store(&taker.update_within, true);
	write_frames(0, 3);
	await_taken(0, 3);
	ck_assert_uint_eq(probe_status(&bed.probe).tx_stops, 1);
}
END_TEST

START_TEST(after_a_stop_it_begins_anew)
{
	atomic_store(&taker.room, 0);
	write_frames(0, 3);
	probe_until(probe_status(&bed.probe).tx_stops == 1);
	round_trip(true);
	round_trip(true);
	round_trip(false);
	/* With no update: those three are gone, and what comes now is taken. */
	atomic_store(&taker.room, UINT32_MAX);
	atomic_store(&taker.taken[0], 3);
	write_frames(0, 3);
	await_taken(0, 6);
}
END_TEST

/* It may call everything, also what drives the loop, and so the other queue that rests. */
START_TEST(it_may_drive_the_loop_itself)
{
	atomic_store(&taker.room, 0);
	write_frames(1, 3);
	probe_until(probe_status(&bed.probe).tx_stops == 1);
	atomic_store(&taker.drives, true);
	atomic_store(&taker.update_within, true);
	write_frames(0, 3);
	await_taken(1, 3);
	await_taken(0, 3);
	write_frames(0, 300);
	await_taken(0, 303);
}
END_TEST

/* --- many --- */

static atomic_bool all_there;

static void *update_at_random(void *context)
{
	uint64_t seed = 4711;

	while (!atomic_load(&all_there)) {
		for (uint64_t n = next_random(&seed) % 64; n; n--)
			sched_yield();
		update();
	}
	return NULL;
}

static const struct {
	unsigned int threads, queues;
} many[] = { { 1, 1 }, { 4, 1 }, { 4, QUEUES } };

START_TEST(many_frames_come_once_each_in_order)
{
	unsigned int queues = many[_i].queues, each = FRAMES_MANY / queues;
	pthread_t updater;

	prepare(many[_i].threads, queues);
	taker.random = true;
	begin();
	must(!pthread_create(&updater, NULL, update_at_random, NULL));
	for (unsigned int i = 0; i < each; i++)
		for (unsigned int q = 0; q < queues; q++)
			write_frames(q, 1);
	for (unsigned int q = 0; q < queues; q++)
		await_taken(q, each);
	atomic_store(&all_there, true);
	pthread_join(updater, NULL);
	ck_assert_uint_eq(probe_status(&bed.probe).tx_frames, each * queues);
	ck_assert_uint_gt(probe_status(&bed.probe).tx_stops, each / 100);
	teardown();
}
END_TEST

static void add_taking(TCase *t)
{
	tcase_add_test(t, frames_come_in_chains_of_64);
	tcase_add_test(t, frames_before_the_start_are_not_for_it);
	tcase_add_loop_test(t, what_is_not_taken_comes_again_after_an_update, 0, 5);
	tcase_add_test(t, a_queue_that_rests_keeps_no_other_from_going_on);
	tcase_add_test(t, an_update_without_effect_stops_again);
	tcase_add_test(t, an_update_before_is_not_one_after);
	tcase_add_test(t, an_update_while_it_refuses_counts);
	tcase_add_test(t, an_update_from_inside_it_counts);
	tcase_add_test(t, after_a_stop_it_begins_anew);
	tcase_add_test(t, it_may_drive_the_loop_itself);
}

int main(void)
{
	TCase *taking, *frames = tcase_create("frames"), *load = tcase_create("load");
	Suite *s = unit_suite("vio_queue", &taking);

	suite_add_tcase(s, frames);
	suite_add_tcase(s, load);
	tcase_set_timeout(taking, 60);
	tcase_set_timeout(frames, 60);
	tcase_set_timeout(load, 250);
	tcase_add_checked_fixture(taking, setup, teardown);
	add_taking(taking);
	tcase_add_checked_fixture(frames, setup_hold, teardown);
	tcase_add_test(frames, a_frame_comes_as_it_is);
	tcase_add_test(frames, a_long_frame_comes_in_two_blocks);
	tcase_add_loop_test(frames, an_offload_is_told, 0, sizeof(offloads) / sizeof(offloads[0]));
	tcase_add_loop_test(load, many_frames_come_once_each_in_order, 0,
			    sizeof(many) / sizeof(many[0]));
	return unit_run(s);
}
