// SPDX-License-Identifier: GPL-2.0-or-later
/* Providers: unregistering, from wherever and whenever. After it no entry point runs. */
#include <errno.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

#include "unit.h"
#include "vio_probe.h"

#define GROUP "[\"01:00:5e:00:00:0a\"]"

static struct probe_bed bed;
static struct {
	enum probe_entry where; /* the entry point that it is about */
	atomic_bool once;	/* it has happened there */
	atomic_bool returned;	/* unregistered */
	sem_t entered, go_on;
} scene;

static void setup(void)
{
	must(!setenv("VNET_SOCKET", "/nonexistent", 1));
	memset(&scene, 0, sizeof(scene));
	sem_init(&scene.entered, 0, 0);
	sem_init(&scene.go_on, 0, 0);
	probe_bed_make(&bed, 2);
	must(!setenv("VNET_SOCKET", bed.world->path, 1));
}

static void teardown(void)
{
	probe_bed_clear(&bed);
}

static void unregister(void)
{
	vio_net_resource_unreg(bed.probe.handle);
	atomic_store(&scene.returned, true);
}

static void begin(void)
{
	must(probe_register(&bed.probe, VIO_NET_RES_LDC_SERVICE) == 0);
}

static void start(void)
{
	vio_world_state(bed.world, 0, (struct vio_state) { .groups = GROUP, .promiscuous = true });
	probe_await(&bed.probe, "start unicst:0201 promisc:1 +010a ");
}

/* Makes each of the entry points be called. */
static void provoke(enum probe_entry entry)
{
	mblk_t *mp = probe_frame(60);

	vio_world_state(bed.world, 0, (struct vio_state) { .groups = GROUP, .promiscuous = true });
	if (entry == PROBE_TX) {
		probe_await(&bed.probe, "start unicst:0201 promisc:1 +010a ");
		probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
		vio_world_try_write(bed.world, 0, mp->b_rptr, 60);
	}
	if (entry == PROBE_GETSTAT)
		vio_world_send(bed.world, 0, "\"count\":true");
	if (entry == PROBE_STOP)
		vio_world_state(bed.world, 0, (struct vio_state) { .stopped = true });
	freemsg(mp);
}

/* --- from outside --- */

START_TEST(it_is_stopped_and_withdrawn)
{
	begin();
	start();
	unregister();
	probe_await(&bed.probe, "start unicst:0201 promisc:1 +010a stop ");
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_WITHDRAW), 1);
	vio_world_await(bed.world, SEEN_CLOSE, 1);
}
END_TEST

START_TEST(what_was_not_started_is_not_stopped)
{
	begin();
	unregister();
	probe_await(&bed.probe, "");
}
END_TEST

static mblk_t *refuse(struct probe *p, mblk_t *chain)
{
	return chain;
}

/* The sanitizers tell whether they are. */
START_TEST(frames_that_were_not_taken_are_freed)
{
	static const uint8_t frame[60] = { 2 };

	bed.probe.tx = refuse;
	begin();
	start();
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	vio_world_try_write(bed.world, 0, frame, sizeof(frame));
	probe_until(probe_status(&bed.probe).tx_stops == 1);
	unregister();
	ck_assert_uint_eq(atomic_load(&bed.probe.calls[PROBE_TX]), 1);
}
END_TEST

START_TEST(wrong_handles_are_ignored)
{
	struct vio_net_status s;
	vio_net_handle_t old;

	vio_net_resource_unreg(NULL);
	vio_net_resource_unreg(&scene);
	vio_net_resource_unreg((vio_net_handle_t)UINTPTR_MAX);
	begin();
	old = bed.probe.handle;
	unregister();
	unregister();
	begin();
	ck_assert_ptr_ne(bed.probe.handle, old);
	vio_net_resource_unreg(old);
	bed.probe.vnet.vio_net_tx_update(old);
	bed.probe.vnet.vio_net_report_err(old, VIO_NET_RES_DOWN);
	ck_assert_int_ne(vio_net_resource_status(old, &s), 0);
	ck_assert_int_eq(probe_status(&bed.probe).state, VIO_NET_STATE_REGISTERED);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_WITHDRAW), 1);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_REPORT), 0);
}
END_TEST

static void *unregister_in_thread(void *context)
{
	unregister();
	return NULL;
}

START_TEST(of_two_at_once_one_does_it)
{
	pthread_t threads[2];

	for (unsigned int round = 1; round <= 100; round++) {
		begin();
		vio_world_state(bed.world, 0, (struct vio_state) { 0 });
		for (int i = 0; i < 2; i++)
			must(!pthread_create(&threads[i], NULL, unregister_in_thread, NULL));
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		vio_world_await(bed.world, SEEN_CLOSE, round);
		must(vio_world_seen(bed.world, SEEN_WITHDRAW) == round);
		must(atomic_load(&bed.probe.calls[PROBE_START]) ==
		     atomic_load(&bed.probe.calls[PROBE_STOP]));
	}
}
END_TEST

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

START_TEST(vnetd_that_is_away_is_not_waited_for)
{
	begin();
	start();
	vio_world_leave(bed.world);
	probe_await_state(&bed.probe, VIO_NET_STATE_AWAY);
	unregister();
	probe_await(&bed.probe, "start unicst:0201 promisc:1 +010a stop ");
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_WITHDRAW), 0);
}
END_TEST

/* It went just now, and nobody has noticed. */
START_TEST(vnetd_that_goes_is_not_waited_for)
{
	int64_t begun_ms;

	begin();
	start();
	vio_world_set_deaf(bed.world, true);
	begun_ms = now_ms();
	vio_world_leave(bed.world);
	unregister();
	ck_assert_int_lt(now_ms() - begun_ms, 4000);
	probe_await(&bed.probe, "start unicst:0201 promisc:1 +010a stop ");
}
END_TEST

START_TEST(vnetd_that_is_silent_is_waited_for_five_seconds)
{
	int64_t begun_ms;

	begin();
	start();
	vio_world_set_deaf(bed.world, true);
	begun_ms = now_ms();
	unregister();
	ck_assert_int_ge(now_ms() - begun_ms, 4990);
	ck_assert_int_lt(now_ms() - begun_ms, 9000);
	vio_world_set_deaf(bed.world, false);
	vio_world_await(bed.world, SEEN_CLOSE, 1);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_WITHDRAW), 1);
}
END_TEST

START_TEST(vnetd_that_never_answers_is_a_timeout)
{
	int64_t begun_ms = now_ms();

	vio_world_answer(bed.world, (struct vio_answer) { .silent = true });
	ck_assert_int_eq(probe_register(&bed.probe, VIO_NET_RES_HYBRID), ETIMEDOUT);
	ck_assert_int_ge(now_ms() - begun_ms, 4990);
	ck_assert_int_lt(now_ms() - begun_ms, 9000);
	ck_assert_ptr_nonnull(strstr(bed.probe.mac.m_error, "did not answer"));
}
END_TEST

/* --- from inside --- */

static void unregister_within(struct probe *p, enum probe_entry entry)
{
	if (entry == scene.where && !atomic_exchange(&scene.once, true)) {
		vio_net_resource_unreg(p->handle);
		/* Any other one from here on would be one too many. */
		atomic_store(&p->over, true);
		atomic_store(&scene.returned, true);
	}
}

/* What was told before it, and the mc_stop() that it makes. */
static const char *const told_within[PROBE_ENTRIES] = {
	[PROBE_START] = "start ",
	[PROBE_STOP] = "start unicst:0201 promisc:1 +010a stop ",
	[PROBE_SETPROMISC] = "start unicst:0201 promisc:1 stop ",
	[PROBE_MULTICST] = "start unicst:0201 promisc:1 +010a stop ",
	[PROBE_UNICST] = "start unicst:0201 stop ",
	[PROBE_TX] = "start unicst:0201 promisc:1 +010a stop ",
	[PROBE_GETSTAT] = "start unicst:0201 promisc:1 +010a stop ",
};

static void unregister_inside(enum probe_entry entry)
{
	scene.where = entry;
	bed.probe.inside = unregister_within;
	bed.probe.tx = entry == PROBE_TX ? refuse : NULL;
	begin();
	provoke(entry);
	probe_until(atomic_load(&scene.returned) && !atomic_load(&bed.probe.within));
	probe_await(&bed.probe, told_within[entry]);
	vio_world_await(bed.world, SEEN_CLOSE, 1);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_WITHDRAW), 1);
}

START_TEST(from_inside_an_entry_point)
{
	unregister_inside(_i);
}
END_TEST

START_TEST(from_inside_an_entry_point_of_its_own_thread)
{
	bed.probe.mac.m_loop = NULL;
	unregister_inside(_i);
}
END_TEST

static void await_stop_and_unregister(struct probe *p, enum probe_entry entry)
{
	if (entry != PROBE_TX)
		return;
	vio_world_state(bed.world, 0, (struct vio_state) { .stopped = true });
	probe_await_state(p, VIO_NET_STATE_REGISTERED);
	unregister_within(p, entry);
}

/* Who stops it waits for the end of mc_tx(), which unregisters and so waits for who stops it. */
START_TEST(from_inside_mc_tx_while_it_is_being_stopped)
{
	scene.where = PROBE_TX;
	bed.probe.inside = await_stop_and_unregister;
	begin();
	provoke(PROBE_TX);
	probe_until(atomic_load(&scene.returned) && !atomic_load(&bed.probe.within));
	probe_await(&bed.probe, "start unicst:0201 promisc:1 +010a stop ");
}
END_TEST

static void free_and_unregister(char *arg)
{
	unregister();
}

START_TEST(from_inside_a_free_routine)
{
	static unsigned char memory[100];
	frtn_t routine = { free_and_unregister, NULL };
	mblk_t *chain = desballoc(memory, sizeof(memory), BPRI_MED, &routine);

	chain->b_wptr += 60;
	chain->b_next = probe_frame(60);
	begin();
	start();
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	bed.probe.vnet.vio_net_rx_cb(bed.probe.handle, chain);
	ck_assert(atomic_load(&scene.returned));
	probe_await(&bed.probe, "start unicst:0201 promisc:1 +010a stop ");
}
END_TEST

static void unregister_second(struct probe *p, enum probe_entry entry)
{
	if (entry == PROBE_START)
		vio_net_resource_unreg(((struct probe *)p->context)->handle);
}

START_TEST(of_another_from_inside_an_entry_point)
{
	struct probe second;

	probe_init(&second, bed.loop);
	must(probe_register(&second, VIO_NET_RES_HYBRID) == 0);
	vio_world_state(bed.world, 0, (struct vio_state) { 0 });
	probe_await(&second, "start unicst:0201 ");
	bed.probe.context = &second;
	bed.probe.inside = unregister_second;
	begin();
	vio_world_state(bed.world, 1, (struct vio_state) { 0 });
	probe_await(&bed.probe, "start unicst:0201 ");
	probe_await(&second, "start unicst:0201 stop ");
	probe_done(&second);
}
END_TEST

/* --- while another thread is inside --- */

static void wait_within(struct probe *p, enum probe_entry entry)
{
	if (entry != scene.where || atomic_exchange(&scene.once, true))
		return;
	sem_post(&scene.entered);
	sem_wait(&scene.go_on);
	for (int i = 0; i < 1000; i++)
		sched_yield();
	must(!atomic_load(&scene.returned));
}

static void unregister_beside(enum probe_entry entry)
{
	pthread_t thread;

	scene.where = entry;
	bed.probe.inside = wait_within;
	begin();
	provoke(entry);
	sem_wait(&scene.entered);
	must(!pthread_create(&thread, NULL, unregister_in_thread, NULL));
	sem_post(&scene.go_on);
	pthread_join(thread, NULL);
	atomic_store(&bed.probe.over, true);
	ck_assert_uint_eq(atomic_load(&bed.probe.within), 0);
}

START_TEST(while_an_entry_point_runs)
{
	unregister_beside(_i);
	ck_assert_uint_eq(atomic_load(&bed.probe.calls[PROBE_START]), 1);
	ck_assert_uint_eq(atomic_load(&bed.probe.calls[PROBE_STOP]), 1);
}
END_TEST

START_TEST(while_an_entry_point_of_its_own_thread_runs)
{
	bed.probe.mac.m_loop = NULL;
	unregister_beside(_i);
	ck_assert_uint_eq(atomic_load(&bed.probe.calls[PROBE_START]), 1);
	ck_assert_uint_eq(atomic_load(&bed.probe.calls[PROBE_STOP]), 1);
}
END_TEST

/* --- with their loop --- */

START_TEST(a_loop_takes_its_registrations_along)
{
	struct vnet_loop *loop;
	struct probe probes[3];

	must(vnet_loop_new(bed.world->path, &loop) == 0);
	for (int i = 0; i < 3; i++) {
		probe_init(&probes[i], loop);
		must(probe_register(&probes[i], VIO_NET_RES_HYBRID) == 0);
	}
	vio_world_state(bed.world, 1, (struct vio_state) { 0 });
	while (!atomic_load(&probes[1].calls[PROBE_UNICST]))
		must(vnet_dispatch(loop, 1000) >= 0);
	vnet_loop_free(loop);
	probe_await(&probes[0], "");
	probe_await(&probes[1], "start unicst:0201 stop ");
	vio_world_await(bed.world, SEEN_WITHDRAW, 3);
	for (int i = 0; i < 3; i++)
		probe_done(&probes[i]);
}
END_TEST

#define PROBES 8

static void *unregister_all(void *context)
{
	struct probe *probes = context;

	for (int i = 0; i < PROBES; i++)
		vio_net_resource_unreg(probes[i].handle);
	return NULL;
}

START_TEST(a_loop_is_freed_beside_another_thread)
{
	struct probe probes[PROBES];
	struct vnet_loop *loop;
	pthread_t thread;

	for (int round = 0; round < 100; round++) {
		must(vnet_loop_new(bed.world->path, &loop) == 0);
		for (int i = 0; i < PROBES; i++) {
			probe_init(&probes[i], loop);
			must(probe_register(&probes[i], VIO_NET_RES_HYBRID) == 0);
		}
		must(!pthread_create(&thread, NULL, unregister_all, probes));
		vnet_loop_free(loop);
		pthread_join(thread, NULL);
		for (int i = 0; i < PROBES; i++)
			probe_done(&probes[i]);
	}
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_WITHDRAW), 100 * PROBES);
}
END_TEST

START_TEST(its_own_thread_ends_with_it)
{
	bed.probe.mac.m_loop = NULL;
	for (unsigned int i = 1; i <= 50; i++) {
		probe_clear(&bed.probe);
		begin();
		vio_world_state(bed.world, 0, (struct vio_state) { 0 });
		probe_await(&bed.probe, "start unicst:0201 ");
		unregister();
		probe_await(&bed.probe, "start unicst:0201 stop ");
		vio_world_await(bed.world, SEEN_CLOSE, i);
	}
}
END_TEST

START_TEST(a_thread_of_its_own_has_no_place_without_vnetd)
{
	bed.probe.mac.m_loop = NULL;
	vio_world_leave(bed.world);
	for (int i = 0; i < 50; i++)
		must(probe_register(&bed.probe, VIO_NET_RES_HYBRID) == ENOTCONN);
}
END_TEST

static void add_outside(TCase *t)
{
	tcase_add_test(t, it_is_stopped_and_withdrawn);
	tcase_add_test(t, what_was_not_started_is_not_stopped);
	tcase_add_test(t, frames_that_were_not_taken_are_freed);
	tcase_add_test(t, wrong_handles_are_ignored);
	tcase_add_test(t, of_two_at_once_one_does_it);
	tcase_add_test(t, vnetd_that_is_away_is_not_waited_for);
	tcase_add_test(t, vnetd_that_goes_is_not_waited_for);
	tcase_add_test(t, vnetd_that_is_silent_is_waited_for_five_seconds);
	tcase_add_test(t, vnetd_that_never_answers_is_a_timeout);
}

static void add_inside(TCase *t)
{
	tcase_add_loop_test(t, from_inside_an_entry_point, 0, PROBE_ENTRIES);
	tcase_add_loop_test(t, from_inside_an_entry_point_of_its_own_thread, 0, PROBE_ENTRIES);
	tcase_add_test(t, from_inside_mc_tx_while_it_is_being_stopped);
	tcase_add_test(t, from_inside_a_free_routine);
	tcase_add_test(t, of_another_from_inside_an_entry_point);
	tcase_add_loop_test(t, while_an_entry_point_runs, 0, PROBE_ENTRIES);
	tcase_add_loop_test(t, while_an_entry_point_of_its_own_thread_runs, 0, PROBE_ENTRIES);
	tcase_add_test(t, a_loop_takes_its_registrations_along);
	tcase_add_test(t, a_loop_is_freed_beside_another_thread);
	tcase_add_test(t, its_own_thread_ends_with_it);
	tcase_add_test(t, a_thread_of_its_own_has_no_place_without_vnetd);
}

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("vio_unreg", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	add_outside(t);
	add_inside(t);
	return unit_run(s);
}
