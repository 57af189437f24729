// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Providers: registrations that end under load. Four threads bring frames in, write frames to it,
 * report and ask, two drive the loop, and vnetd comes and goes; after each
 * vio_net_resource_unreg() no entry point may run, and the next registration is as good as the
 * first.
 */
#include <string.h>

#include "unit.h"
#include "vio_probe.h"

#define LOADS 4

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define ROUNDS 300
#else
#define ROUNDS 1000
#endif

static struct probe_bed bed;
static atomic_uintptr_t handle; /* of the registration of this round */
static atomic_bool ended;
static atomic_bool disturbed; /* vnetd hangs up now and then */

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static vio_net_handle_t current(void)
{
	return (vio_net_handle_t)atomic_load(&handle);
}

/* --- the load; the callbacks are the same for every registration --- */

static vio_net_callbacks_t vnet;

static void bring_frames(uint64_t random)
{
	mblk_t *mp = probe_frame(60);

	mp->b_next = probe_frame(1514);
	vnet.vio_net_rx_cb(current(), mp);
}

static void write_frames(uint64_t random)
{
	static const uint8_t frame[60] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 };

	vio_world_try_write(bed.world, 0, frame, sizeof(frame));
	vnet.vio_net_tx_update(current());
}

static void report(uint64_t random)
{
	if (random % 64 == 0)
		vnet.vio_net_report_err(current(), VIO_VNET_RES_ERR);
	else if (random % 2)
		vnet.vio_net_report_err(current(), VIO_NET_RES_DOWN);
	else
		vnet.vio_net_tx_update(current());
}

static void ask(uint64_t random)
{
	struct vio_net_status s;

	vio_net_resource_status(current(), &s);
	if (random % 8 == 0)
		vio_world_send(bed.world, 0, "\"count\":true");
	if (random % 8 == 1)
		vio_world_state(bed.world, 0, (struct vio_state) { .stopped = random & 64 });
	if (random % 32 == 2 && atomic_load(&disturbed))
		vio_world_hang_up(bed.world, 0);
}

static void (*const loads[LOADS])(uint64_t random) = { bring_frames, write_frames, report, ask };

static void *run_load(void *context)
{
	uintptr_t number = (uintptr_t)context;
	uint64_t seed = 1234567 + number;

	while (!atomic_load(&ended)) {
		uint64_t random = next_random(&seed);

		loads[number](random >> 8);
		for (uint64_t n = random % 4; n; n--)
			sched_yield();
	}
	return NULL;
}

static mblk_t *take_some(struct probe *p, mblk_t *chain)
{
	mblk_t *rest = chain->b_next;

	if (atomic_load(&p->calls[PROBE_TX]) % 3 == 0)
		return chain;
	freemsg(chain);
	return rest;
}

/* --- rounds --- */

static void setup(void)
{
	probe_bed_make(&bed, 2);
	must(!setenv("VNET_SOCKET", bed.world->path, 1));
	vio_world_answer(bed.world, (struct vio_answer) {
					    .fds = VIO_WORLD_FDS_ASKED,
					    .mtu = 1500,
					    .start = true,
				    });
	bed.probe.tx = take_some;
}

static void teardown(void)
{
	probe_bed_clear(&bed);
}

/* Ends the round of a registration that has lived for a little while, and looks what is left. */
static void end_round(uint64_t random)
{
	for (uint64_t n = random % 256; n; n--)
		sched_yield();
	vio_net_resource_unreg(bed.probe.handle);
	must(atomic_load(&bed.probe.within) == 0);
	atomic_store(&bed.probe.over, true);
	must(atomic_load(&bed.probe.calls[PROBE_START]) ==
	     atomic_load(&bed.probe.calls[PROBE_STOP]));
	for (int n = 0; n < 20; n++)
		sched_yield();
	vio_world_forget(bed.world);
	probe_clear(&bed.probe);
}

static void run_rounds(void)
{
	pthread_t threads[LOADS];
	uint64_t seed = 99;

	/* The callbacks have to be known before. */
	must(probe_register(&bed.probe, VIO_NET_RES_HYBRID) == 0);
	vnet = bed.probe.vnet;
	end_round(0);
	for (uintptr_t i = 0; i < LOADS; i++)
		must(!pthread_create(&threads[i], NULL, run_load, (void *)i));
	for (int round = 0; round < ROUNDS; round++) {
		atomic_store(&bed.probe.over, false);
		must(probe_register(&bed.probe, VIO_NET_RES_LDC_SERVICE) == 0);
		atomic_store(&handle, (uintptr_t)bed.probe.handle);
		end_round(next_random(&seed));
	}
	atomic_store(&ended, true);
	for (int i = 0; i < LOADS; i++)
		pthread_join(threads[i], NULL);
	/* It was no idle load. */
	ck_assert_uint_gt(atomic_load(&bed.probe.calls[PROBE_START]), ROUNDS / 10);
	ck_assert_uint_gt(atomic_load(&bed.probe.calls[PROBE_TX]), ROUNDS / 10);
	ck_assert_uint_gt(atomic_load(&bed.probe.calls[PROBE_GETSTAT]), ROUNDS / 10);
}

START_TEST(on_a_shared_loop)
{
	atomic_store(&disturbed, _i);
	run_rounds();
}
END_TEST

START_TEST(on_a_thread_of_its_own)
{
	atomic_store(&disturbed, _i);
	bed.probe.mac.m_loop = NULL;
	run_rounds();
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("vio_race", &t);

	tcase_set_timeout(t, 250);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, on_a_shared_loop, 0, 2);
	tcase_add_loop_test(t, on_a_thread_of_its_own, 0, 2);
	return unit_run(s);
}
