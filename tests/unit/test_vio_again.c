// SPDX-License-Identifier: GPL-2.0-or-later
/* Providers: vnetd goes and comes back, says odd things, removes them; and how a loop is driven. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "unit.h"
#include "vio_probe.h"

static struct probe_bed bed;

static void setup(void)
{
	probe_bed_make(&bed, 2);
}

static void teardown(void)
{
	probe_bed_clear(&bed);
}

static void begin(void)
{
	must(probe_register(&bed.probe, VIO_NET_RES_LDC_SERVICE) == 0);
	vio_world_state(bed.world, 0, (struct vio_state) { .report = "up" });
	probe_await(&bed.probe, "start unicst:0201 ");
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
}

/* Frames go both ways through these taps. */
static void expect_traffic(unsigned int queues)
{
	unsigned int before = atomic_load(&bed.probe.calls[PROBE_TX]), arrived = 0;
	uint8_t frame[100] = { 2 };

	bed.probe.vnet.vio_net_rx_cb(bed.probe.handle, probe_frame(77));
	for (unsigned int i = 0; i < queues; i++) {
		int tap = vio_world_tap(bed.world, 0, i);

		arrived += vio_world_has_frame(tap);
		if (vio_world_has_frame(tap))
			ck_assert_uint_eq(vio_world_read(tap, NULL, frame, sizeof(frame)), 77);
		vio_world_write(tap, NULL, frame, 60);
		probe_await_calls(&bed.probe, PROBE_TX, before + i + 1);
	}
	ck_assert_uint_eq(arrived, 1);
}

static void leave(void)
{
	vio_world_leave(bed.world);
	probe_await_state(&bed.probe, VIO_NET_STATE_AWAY);
}

/* --- vnetd goes and comes back --- */

START_TEST(it_registers_again_and_goes_on)
{
	int tap;

	begin();
	tap = vio_world_tap(bed.world, 0, 0);
	leave();
	expect_traffic(1);
	vio_world_return(bed.world);
	vio_world_await_text(bed.world, SEEN_PROVIDE, "\"token\":\"token-1\"");
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	ck_assert_int_eq(vio_world_tap(bed.world, 0, 0), tap);
	expect_traffic(1);
	vio_world_state(bed.world, 0, (struct vio_state) { .promiscuous = true });
	probe_await(&bed.probe, "start unicst:0201 promisc:1 ");
}
END_TEST

START_TEST(it_comes_back_again_and_again)
{
	begin();
	for (unsigned int i = 2; i < 12; i++) {
		vio_world_hang_up(bed.world, 0);
		vio_world_await(bed.world, SEEN_PROVIDE, i);
		probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
		expect_traffic(1);
	}
}
END_TEST

START_TEST(a_change_meanwhile_is_told)
{
	begin();
	leave();
	vio_world_return(bed.world);
	vio_world_await(bed.world, SEEN_PROVIDE, 2);
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	vio_world_state(bed.world, 0, (struct vio_state) { .stopped = true });
	probe_await(&bed.probe, "start unicst:0201 stop ");
}
END_TEST

/* The vnet was given another MAC: it is that one that is asked for. */
START_TEST(it_is_found_where_it_was_last)
{
	begin();
	vio_world_state(bed.world, 0, (struct vio_state) { .address = "02:00:00:00:00:07" });
	probe_await(&bed.probe, "start unicst:0201 unicst:0207 ");
	vio_world_hang_up(bed.world, 0);
	vio_world_await_text(bed.world, SEEN_PROVIDE, "\"local\":\"02:00:00:00:00:07\"");
}
END_TEST

START_TEST(new_taps_are_taken_over)
{
	struct vio_answer answer = vio_world_usual;

	bed.probe.mac.m_queues = 4;
	begin();
	leave();
	answer.new_taps = true;
	vio_world_answer(bed.world, answer);
	vio_world_return(bed.world);
	vio_world_await(bed.world, SEEN_PROVIDE, 2);
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	expect_traffic(4);
}
END_TEST

/* vnetd knows nothing any more, and so the tap is another one. */
START_TEST(vnetd_that_forgot_it_makes_it_anew)
{
	begin();
	vio_world_forget(bed.world);
	vio_world_await(bed.world, SEEN_PROVIDE, 2);
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	probe_until(bed.world->tokens == 2);
	expect_traffic(1);
}
END_TEST

START_TEST(a_refusal_is_told_and_tried_again)
{
	struct vio_net_status s;

	begin();
	leave();
	vio_world_answer(
		bed.world,
		(struct vio_answer) { .raw = "{\"error\":\"io.vnetd.Control.NotFound\","
					     "\"parameters\":{\"message\":\"no such vnet\"}}" });
	vio_world_return(bed.world);
	vio_world_await(bed.world, SEEN_PROVIDE, 5);
	s = probe_status(&bed.probe);
	ck_assert_str_eq(s.error, "no such vnet");
	ck_assert_int_eq(s.state, VIO_NET_STATE_AWAY);
	vio_world_answer(bed.world, vio_world_usual);
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	ck_assert_str_eq(probe_status(&bed.probe).error, "");
	expect_traffic(1);
}
END_TEST

START_TEST(a_report_meanwhile_is_told)
{
	begin();
	leave();
	bed.probe.vnet.vio_net_report_err(bed.probe.handle, VIO_NET_RES_DOWN);
	vio_world_return(bed.world);
	vio_world_await_text(bed.world, SEEN_PROVIDE,
			     "\"report\":\"down\",\"reason\":\"the link is lost\"");
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_REPORT), 0);
	bed.probe.vnet.vio_net_tx_update(bed.probe.handle);
	vio_world_await_text(bed.world, SEEN_REPORT, "{\"state\":\"up\"}");
}
END_TEST

/* vnetd has read the question, and not answered. */
START_TEST(a_report_before_the_answer_is_told)
{
	static const char registered[] =
		"{\"parameters\":{\"registered\":{\"vnet\":\"v\",\"name\":\"n\",\"device\":\"d\","
		"\"token\":\"t\",\"queues\":1,\"mtu\":1500}},\"continues\":true}";
	struct vio_answer answer = { .silent = true };

	bed.probe.mac.m_device = "eth7";
	begin();
	leave();
	vio_world_answer(bed.world, answer);
	vio_world_return(bed.world);
	vio_world_await(bed.world, SEEN_PROVIDE, 2);
	bed.probe.vnet.vio_net_report_err(bed.probe.handle, VIO_NET_RES_DOWN);
	/* The first port has been left behind, and this is the second one. */
	vio_world_send_bytes(bed.world, 1, registered, 20);
	vio_world_send_bytes(bed.world, 1, registered + 20, sizeof(registered) - 20);
	vio_world_await_text(bed.world, SEEN_REPORT, "down");
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	ck_assert_str_eq(probe_status(&bed.probe).vnet, "v");
}
END_TEST

/* Half an answer has come, and it is the rest that has to be waited for, not room for the report.
 */
START_TEST(a_report_before_the_answer_is_no_work)
{
	struct vio_answer answer = { .raw = "{\"parameters\":", .half = true };
	struct vnet_loop *loop;
	struct probe p;

	must(vnet_loop_new(bed.world->path, &loop) == 0);
	probe_init(&p, loop);
	p.mac.m_device = "eth7";
	must(probe_register(&p, VIO_NET_RES_HYBRID) == 0);
	vio_world_answer(bed.world, answer);
	vio_world_hang_up(bed.world, 0);
	while (vio_world_seen(bed.world, SEEN_PROVIDE) < 2)
		must(vnet_dispatch(loop, 10) >= 0);
	p.vnet.vio_net_report_err(p.handle, VIO_NET_RES_DOWN);
	vio_world_send_bytes(bed.world, 0, " ", 1);
	/* Whatever has come is read, and then it is quiet. */
	for (int i = 0; i < 100 && vnet_dispatch(loop, 100); i++)
		;
	ck_assert_int_eq(vnet_dispatch(loop, 0), 0);
	vnet_loop_free(loop);
	probe_done(&p);
}
END_TEST

/* --- what it says --- */

START_TEST(what_was_removed_stays_so)
{
	struct vio_net_status s;

	begin();
	vio_world_send(bed.world, 0, "\"removed\":\"by an administrator\"");
	probe_await(&bed.probe, "start unicst:0201 stop ");
	probe_await_state(&bed.probe, VIO_NET_STATE_REMOVED);
	vio_world_await(bed.world, SEEN_CLOSE, 1);
	/* Nothing brings it back. */
	bed.probe.vnet.vio_net_report_err(bed.probe.handle, VIO_NET_RES_DOWN);
	bed.probe.vnet.vio_net_tx_update(bed.probe.handle);
	bed.probe.vnet.vio_net_rx_cb(bed.probe.handle, probe_frame(60));
	s = probe_status(&bed.probe);
	ck_assert_int_eq(s.state, VIO_NET_STATE_REMOVED);
	ck_assert_uint_eq(s.rx_frames, 0);
	vio_net_resource_unreg(bed.probe.handle);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_CONNECT), 1);
	probe_await(&bed.probe, "start unicst:0201 stop ");
}
END_TEST

START_TEST(a_tap_that_is_gone_is_asked_for_again)
{
	bed.probe.mac.m_queues = 3;
	begin();
	vio_world_delete_tap(bed.world, 0);
	vio_world_await(bed.world, SEEN_PROVIDE, 2);
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	expect_traffic(3);
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_PROVIDE), 2);
}
END_TEST

static mblk_t *refuse(struct probe *p, mblk_t *chain)
{
	return chain;
}

START_TEST(a_tap_of_a_resting_queue_is_missed_too)
{
	uint8_t frame[60] = { 2 };

	bed.probe.tx = refuse;
	begin();
	vio_world_write(vio_world_tap(bed.world, 0, 0), NULL, frame, sizeof(frame));
	probe_until(probe_status(&bed.probe).tx_stops == 1);
	vio_world_delete_tap(bed.world, 0);
	vio_world_await(bed.world, SEEN_PROVIDE, 2);
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
}
END_TEST

static const char *const nonsense[] = {
	"\"state\":{}",
	"\"state\":7",
	"\"state\":{\"started\":1,\"address\":\"02:00:00:00:00:01\",\"mtu\":1500,"
	"\"promiscuous\":false}",
	"\"state\":{\"started\":true,\"address\":\"02:00:00:00:00\",\"mtu\":1500,"
	"\"promiscuous\":false}",
	"\"state\":{\"started\":true,\"address\":\"02:00:00:00:00:01:02\",\"mtu\":1500,"
	"\"promiscuous\":false}",
	"\"state\":{\"started\":true,\"address\":\"02:00:00:00:00:01\",\"mtu\":67,"
	"\"promiscuous\":false}",
	"\"state\":{\"started\":true,\"address\":\"02:00:00:00:00:01\",\"mtu\":1500,"
	"\"promiscuous\":false,\"multicast\":[7]}",
	"\"state\":{\"started\":true,\"address\":\"02:00:00:00:00:01\",\"mtu\":1500,"
	"\"promiscuous\":false,\"multicast\":[\"01:00:5e:00:00:01\",\"x\"]}",
	"\"registered\":{}",
	"]",
};

/* It begins again, and the provider notices nothing. */
START_TEST(nonsense_is_answered_by_a_new_beginning)
{
	begin();
	vio_world_send(bed.world, 0, "%s", nonsense[_i]);
	vio_world_await(bed.world, SEEN_PROVIDE, 2);
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	probe_await(&bed.probe, "start unicst:0201 ");
}
END_TEST

START_TEST(what_a_newer_vnetd_says_is_left_alone)
{
	begin();
	vio_world_send(bed.world, 0, "\"weather\":{\"sunny\":true},\"state\":null");
	vio_world_state(bed.world, 0, (struct vio_state) { .promiscuous = true });
	probe_await(&bed.probe, "start unicst:0201 promisc:1 ");
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_PROVIDE), 1);
}
END_TEST

START_TEST(messages_may_come_in_pieces)
{
	static const char text[] =
		"{\"parameters\":{\"state\":{\"started\":true,\"address\":\"02:00:00:00:00:01\","
		"\"mtu\":1500,\"promiscuous\":true}},\"continues\":true}";

	begin();
	for (size_t i = 0; i < sizeof(text); i++)
		vio_world_send_bytes(bed.world, 0, text + i, 1);
	probe_await(&bed.probe, "start unicst:0201 promisc:1 ");
}
END_TEST

/* --- whose loop it is --- */

START_TEST(a_loop_can_be_part_of_another)
{
	struct vnet_loop *loop;
	struct probe p;

	must(vnet_loop_new(bed.world->path, &loop) == 0);
	ck_assert_int_eq(vnet_dispatch(loop, 0), 0);
	probe_init(&p, loop);
	must(probe_register(&p, VIO_NET_RES_HYBRID) == 0);
	vio_world_state(bed.world, 0, (struct vio_state) { 0 });
	while (!atomic_load(&p.calls[PROBE_UNICST])) {
		struct pollfd fd = { .fd = vnet_loop_fd(loop), .events = POLLIN };

		must(poll(&fd, 1, VIO_WORLD_DEADLINE_MS) == 1);
		while (vnet_dispatch(loop, 0) > 0)
			;
	}
	/* Nothing is to be done, so it waits as long as it may. */
	ck_assert_int_eq(vnet_dispatch(loop, 1), 0);
	vnet_loop_free(loop);
	ck_assert_uint_eq(atomic_load(&p.calls[PROBE_STOP]), 1);
	probe_done(&p);
}
END_TEST

START_TEST(a_loop_that_is_none_is_einval)
{
	ck_assert_int_eq(vnet_dispatch(NULL, 0), -EINVAL);
	ck_assert_int_eq(vnet_run(NULL), -EINVAL);
	vnet_stop(NULL);
	vnet_loop_free(NULL);
}
END_TEST

static struct vnet_loop *stopped_by_signal;

static void on_signal(int number)
{
	vnet_stop(stopped_by_signal);
}

static void *signal_thread(void *context)
{
	pthread_kill(*(pthread_t *)context, SIGUSR1);
	return NULL;
}

START_TEST(a_signal_handler_may_stop_it)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t self = pthread_self(), thread;

	must(vnet_loop_new(bed.world->path, &stopped_by_signal) == 0);
	must(!sigaction(SIGUSR1, &action, NULL));
	must(!pthread_create(&thread, NULL, signal_thread, &self));
	ck_assert_int_eq(vnet_run(stopped_by_signal), 0);
	/* For good. */
	ck_assert_int_eq(vnet_run(stopped_by_signal), 0);
	pthread_join(thread, NULL);
	vnet_loop_free(stopped_by_signal);
}
END_TEST

static void on_nothing(int number)
{
}

static void *interrupt_thread(void *context)
{
	pthread_t *target = context;

	while (!atomic_load(&bed.probe.over)) {
		pthread_kill(*target, SIGUSR2);
		usleep(100);
	}
	return NULL;
}

START_TEST(a_wait_can_be_interrupted)
{
	struct sigaction action = { .sa_handler = on_nothing };
	pthread_t self = pthread_self(), thread;
	struct vnet_loop *loop;

	must(vnet_loop_new(bed.world->path, &loop) == 0);
	must(!sigaction(SIGUSR2, &action, NULL));
	must(!pthread_create(&thread, NULL, interrupt_thread, &self));
	ck_assert_int_eq(vnet_dispatch(loop, VIO_WORLD_DEADLINE_MS), -EINTR);
	atomic_store(&bed.probe.over, true);
	pthread_join(thread, NULL);
	atomic_store(&bed.probe.over, false);
	vnet_loop_free(loop);
}
END_TEST

static void add_again(TCase *t)
{
	tcase_add_test(t, it_registers_again_and_goes_on);
	tcase_add_test(t, it_comes_back_again_and_again);
	tcase_add_test(t, a_change_meanwhile_is_told);
	tcase_add_test(t, it_is_found_where_it_was_last);
	tcase_add_test(t, new_taps_are_taken_over);
	tcase_add_test(t, vnetd_that_forgot_it_makes_it_anew);
	tcase_add_test(t, a_refusal_is_told_and_tried_again);
	tcase_add_test(t, a_report_meanwhile_is_told);
	tcase_add_test(t, a_report_before_the_answer_is_told);
	tcase_add_test(t, a_report_before_the_answer_is_no_work);
	tcase_add_test(t, what_was_removed_stays_so);
	tcase_add_test(t, a_tap_that_is_gone_is_asked_for_again);
	tcase_add_test(t, a_tap_of_a_resting_queue_is_missed_too);
	tcase_add_loop_test(t, nonsense_is_answered_by_a_new_beginning, 0,
			    sizeof(nonsense) / sizeof(nonsense[0]));
	tcase_add_test(t, what_a_newer_vnetd_says_is_left_alone);
	tcase_add_test(t, messages_may_come_in_pieces);
}

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("vio_again", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	add_again(t);
	tcase_add_test(t, a_loop_can_be_part_of_another);
	tcase_add_test(t, a_loop_that_is_none_is_einval);
	tcase_add_test(t, a_signal_handler_may_stop_it);
	tcase_add_test(t, a_wait_can_be_interrupted);
	return unit_run(s);
}
