/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hybrids that have their carrier and carry nothing: by their counters and by their neighbour. */
#include <errno.h>

#include "../../daemon/probe.h"
#include "world_case.h"

#define MS	  1000
#define STUCK	  "failed: device h10 sends nothing of what it is given for 2000 ms; tried again in "
#define NEIGHBOUR "02:00:00:00:00:fe"
#define SILENT	  "failed: probe: 10.0.0.1 has not answered 3 times"
#define NOT_YET	  "failed: probe: 10.0.0.1 has not answered yet"
#define NEVER	  UINT64_MAX

static const char *unicast(void)
{
	return vnet0()->unicast ? vnet0()->unicast->name : "-";
}

static bool row_up(const char *name)
{
	return fake_kernel_resource(w->k, world_find_resource(w, "vnet0", name)->number)->up ==
	       ABI_UP;
}

/* --- the transmit watch --- */

/* Time in which the programs give frames to a device that sends or drops them. */
static void traffic(unsigned int ms, bool sends, bool drops)
{
	for (unsigned int i = 0; i < ms / 100; i++) {
		w->k->counters.tx_packets += 10;
		w->k->stats.tx_packets += sends ? 10 : 0;
		w->k->stats.tx_dropped += drops ? 10 : 0;
		world_pass(w, 100 * MS);
	}
}

static void working(void)
{
	world_usual(w);
	world_set(w, "vnet0", "announce_count", "0");
	traffic(5000, true, false);
	state_is("h1", "up");
	world_forget_events(w);
}

START_TEST(test_stuck)
{
	working();
	traffic(2000, false, false);
	state_is("h1", "up");
	traffic(1000, false, false);
	ck_assert(strncmp(world_state(w, "vnet0", "h1"), STUCK, strlen(STUCK)) == 0);
	ck_assert(!row_up("h1"));
	ck_assert_str_eq(unicast(), "h2");
	ck_assert_str_eq(w->events, "resource-state vnet0 h1 failed\n"
				    "path-switched vnet0 unicast h2 h1\n");
}
END_TEST

START_TEST(test_idle)
{
	working();
	world_pass(w, 60000 * MS);
	state_is("h1", "up");
	traffic(60000, true, true);
	state_is("h1", "up");
}
END_TEST

/* Nobody is woken for hybrids that carry nothing, nor for any if it is switched off. */
START_TEST(test_watched_only_in_use)
{
	world_usual(w);
	world_set(w, "vnet0", "announce_count", "0");
	world_pass(w, 10000 * MS);
	ck_assert(world_find_resource(w, "vnet0", "h1")->health.listed);
	ck_assert(!world_find_resource(w, "vnet0", "h2")->health.listed);
	world_set(w, "vnet0", "tx_timeout", "0");
	ck_assert_uint_eq(manager_due_us(w->m), NEVER);
	world_set(w, "vnet0", "tx_timeout", "400");
	ck_assert_uint_le(manager_due_us(w->m), w->k->now_us + 101 * MS);
	world_resource_set(w, "vnet0", "h1", "admin", "down");
	ck_assert(world_find_resource(w, "vnet0", "h2")->health.listed);
	world_resource_set(w, "vnet0", "h2", "admin", "down");
	ck_assert_uint_eq(manager_due_us(w->m), NEVER);
}
END_TEST

static void fail_by_tx(void)
{
	working();
	traffic(3000, false, false);
	ck_assert_str_eq(unicast(), "h2");
}

/* h2 sends what it is given; h1 gets another chance now and then, each time after twice as long. */
START_TEST(test_tried_again)
{
	uint64_t since_us, tried_us[5];
	unsigned int n = 0;

	fail_by_tx();
	since_us = w->k->now_us;
	for (unsigned int i = 0; i < 600 && n < 5; i++) {
		bool before = world_find_resource(w, "vnet0", "h1")->state == RESOURCE_UP;

		traffic(100, !before, false);
		if (!before && world_find_resource(w, "vnet0", "h1")->state == RESOURCE_UP)
			tried_us[n++] = w->k->now_us - since_us;
	}
	ck_assert_uint_eq(n, 5);
	for (unsigned int i = 2; i < n; i++)
		ck_assert_uint_ge(tried_us[i] - tried_us[i - 1],
				  (tried_us[i - 1] - tried_us[i - 2]) + 900 * MS);
}
END_TEST

START_TEST(test_well_again)
{
	fail_by_tx();
	traffic(5000, true, false);
	state_is("h1", "up");
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "h1")->health.tries, 0);
}
END_TEST

static void cleared(void)
{
	world_done(w, manager_resource_clear(w->m, "vnet0", "h1", &w->e));
}

static void reset_by_driver(void)
{
	world_carrier(w, "h10", false);
	world_carrier(w, "h10", true);
}

static void made_again(void)
{
	world_delete(w, "h10");
	world_device(w, "h10");
}

static void set_anew(void)
{
	world_resource_set(w, "vnet0", "h1", "priority", "11");
}

static void switched_off(void)
{
	world_set(w, "vnet0", "tx_timeout", "0");
}

static void restarted(void)
{
	world_stop(w);
	world_start(w);
}

static void (*const ends[])(void) = { cleared,	reset_by_driver, made_again,
				      set_anew, switched_off,	 restarted };

START_TEST(test_taken_back)
{
	fail_by_tx();
	ends[_i]();
	state_is("h1", "up");
	ck_assert_str_eq(unicast(), "h1");
	ck_assert(row_up("h1"));
}
END_TEST

START_TEST(test_returns_damped)
{
	working();
	world_set(w, "vnet0", "hold_down", "1000");
	traffic(3000, false, false);
	ck_assert_str_eq(unicast(), "h2");
	reset_by_driver();
	state_is("h1", "down: device h10 was lost and is back; returns in 1000 ms");
	traffic(1000, true, false);
	state_is("h1", "up");
}
END_TEST

/* A device that never counts is judged by what it drops. */
START_TEST(test_does_not_count)
{
	world_usual(w);
	traffic(30000, false, false);
	state_is("h1", "up");
	traffic(1000, false, true);
	ck_assert_str_eq(unicast(), "h2");
}
END_TEST

START_TEST(test_counters_that_cannot_be_read)
{
	working();
	fake_kernel_fail(w->k, "link_stats", EIO, 0);
	traffic(10000, false, true);
	state_is("h1", "up");
	fake_kernel_heal(w->k);
	traffic(3500, false, true);
	ck_assert_str_eq(unicast(), "h2");
}
END_TEST

START_TEST(test_clear_fails)
{
	fail_by_tx();
	w->save_fails = true;
	ck_assert_int_eq(manager_resource_clear(w->m, "vnet0", "h1", &w->e), -ENOSPC);
	w->save_fails = false;
	ck_assert(strncmp(world_state(w, "vnet0", "h1"), STUCK, strlen(STUCK)) == 0);
	ck_assert_str_eq(unicast(), "h2");
	ck_assert_int_eq(manager_resource_clear(w->m, "vnet0", "h2", &w->e), -EINVAL);
}
END_TEST

START_TEST(test_removed_while_stuck)
{
	fail_by_tx();
	if (_i == 0)
		world_resource_del(w, "vnet0", "h1");
	else
		world_vnet_del(w, "vnet0");
	if (_i == 0)
		world_resource_del(w, "vnet0", "h2");
	ck_assert_uint_eq(manager_due_us(w->m), NEVER);
	ck_assert_ptr_null(w->m->watched);
}
END_TEST

/* --- the probe --- */

static const struct fake_frame *last_sent(const char *name)
{
	for (size_t i = w->k->frame_count; i; i--)
		if (w->k->frames[i - 1].ifindex == device(name)->ifindex)
			return &w->k->frames[i - 1];
	return NULL;
}

static size_t sent_over(const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < w->k->frame_count; i++)
		n += w->k->frames[i].ifindex == device(name)->ifindex;
	return n;
}

/* An ARP reply from 10.0.0.1 to the vnet. */
static struct kernel_frame reply(void)
{
	static const uint8_t bytes[60] = {
		2, 0, 0, 0, 0, 1, 2, 0, 0,    0,  0, 0xfe, 8, 6, 0, 1, 8, 0, 6,
		4, 0, 2, 2, 0, 0, 0, 0, 0xfe, 10, 0, 0,	   1, 2, 0, 0, 0, 0, 1,
	};
	struct kernel_frame f = { .length = sizeof(bytes) };

	memcpy(f.bytes, bytes, sizeof(bytes));
	return f;
}

static void answer(const char *name)
{
	struct kernel_frame f = reply();

	fake_kernel_receive(w->k, name, &f);
}

/* So many seconds, in each of which the neighbour answers where it is asked. */
static void seconds(unsigned int n, const char *answers)
{
	for (unsigned int i = 0; i < n; i++) {
		w->k->frame_count = 0;
		world_pass(w, 500 * MS);
		if (answers)
			answer(answers);
		world_pass(w, 500 * MS);
	}
}

static void probed(void)
{
	world_usual(w);
	world_set(w, "vnet0", "tx_timeout", "0", "announce_count", "0");
	world_resource_set(w, "vnet0", "h1", "probe", "10.0.0.1");
	seconds(10, "h10");
	state_is("h1", "up");
	world_forget_events(w);
}

START_TEST(test_answers)
{
	probed();
	ck_assert_uint_eq(sent_over("h10"), 1);
	ck_assert_uint_eq(sent_over("h20"), 0);
	ck_assert_uint_eq(last_sent("h10")->length, 60);
	ck_assert_str_eq(w->events, "");
}
END_TEST

START_TEST(test_silence_and_return)
{
	probed();
	seconds(2, NULL);
	state_is("h1", "up");
	seconds(1, NULL);
	state_is("h1", SILENT);
	ck_assert(!row_up("h1"));
	ck_assert_str_eq(unicast(), "h2");
	seconds(5, NULL); /* it is asked all the same */
	ck_assert_uint_eq(sent_over("h10"), 1);
	/* and the way in use has the last word */
	ck_assert_uint_eq(sent_over("h20"), 1);
	ck_assert_uint_eq(w->k->frames[w->k->frame_count - 1].ifindex, device("h20")->ifindex);
	seconds(1, "h10");
	state_is("h1", "up");
	ck_assert_str_eq(unicast(), "h1");
	ck_assert_str_eq(w->events, "resource-state vnet0 h1 failed\n"
				    "path-switched vnet0 unicast h2 h1\n"
				    "resource-state vnet0 h1 up\n"
				    "path-switched vnet0 unicast h1 h2\n");
}
END_TEST

START_TEST(test_some_answers_are_enough)
{
	probed();
	for (unsigned int i = 0; i < 10; i++) {
		seconds(2, NULL);
		seconds(1, "h10");
		state_is("h1", "up");
	}
}
END_TEST

START_TEST(test_return_is_damped)
{
	probed();
	world_set(w, "vnet0", "hold_down", "3000");
	seconds(3, NULL);
	state_is("h1", SILENT);
	seconds(1, "h10");
	state_is("h1", "down: device h10 was lost and is back; returns in 3000 ms");
	seconds(2, "h10"); /* and it is asked meanwhile */
	ck_assert_uint_eq(sent_over("h10"), 1);
	seconds(1, "h10");
	state_is("h1", "up");
}
END_TEST

START_TEST(test_silent_again_while_held)
{
	probed();
	world_set(w, "vnet0", "hold_down", "30000");
	seconds(3, NULL);
	seconds(1, "h10");
	seconds(3, NULL);
	state_is("h1", SILENT);
}
END_TEST

static void other_device(struct kernel_frame *f)
{
	fake_kernel_receive(w->k, "h20", f);
	fake_kernel_receive(w->k, "s0", f);
	f->length = 0;
}

static void other_sender(struct kernel_frame *f)
{
	f->bytes[31] = 2;
}

static void other_receiver(struct kernel_frame *f)
{
	f->bytes[5] = 9;
}

static void for_somebody_else(struct kernel_frame *f)
{
	f->bytes[37] = 9;
}

static void a_request(struct kernel_frame *f)
{
	f->bytes[21] = 1;
}

static void in_another_vlan(struct kernel_frame *f)
{
	f->vlan = 7;
}

static void cut_off(struct kernel_frame *f)
{
	f->length = 41;
}

static void (*const spoofs[])(struct kernel_frame *f) = {
	other_device, other_sender,    other_receiver, for_somebody_else,
	a_request,    in_another_vlan, cut_off,
};

START_TEST(test_spoofed)
{
	probed();
	for (unsigned int i = 0; i < 3; i++) {
		struct kernel_frame f = reply();

		spoofs[_i](&f);
		world_pass(w, 500 * MS);
		fake_kernel_receive(w->k, "h10", &f);
		world_pass(w, 500 * MS);
	}
	state_is("h1", SILENT);
}
END_TEST

/* Nobody is asked over a hybrid that waits for its turn, and nobody listens there. */
START_TEST(test_only_in_use)
{
	probed();
	world_resource_set(w, "vnet0", "h2", "probe", "10.0.0.1");
	seconds(5, "h10");
	ck_assert_uint_eq(sent_over("h20"), 0);
	ck_assert_uint_eq(fake_kernel_listeners(w->k), 1);
	world_carrier(w, "h10", false);
	seconds(5, "h20");
	ck_assert_uint_eq(sent_over("h10"), 0);
	ck_assert_uint_eq(sent_over("h20"), 1);
	ck_assert_uint_eq(fake_kernel_listeners(w->k), 1);
	state_is("h2", "up");
	world_resource_set(w, "vnet0", "h2", "probe", "none");
	ck_assert_uint_eq(fake_kernel_listeners(w->k), 0);
	ck_assert_uint_eq(manager_due_us(w->m), NEVER);
}
END_TEST

START_TEST(test_probe_taken_back)
{
	probed();
	seconds(3, NULL);
	state_is("h1", SILENT);
	if (_i == 0)
		cleared();
	else if (_i == 1)
		world_resource_set(w, "vnet0", "h1", "probe", "none");
	else
		world_resource_set(w, "vnet0", "h1", "probe", "10.0.0.2");
	state_is("h1", "up");
	seconds(2, NULL);
	state_is("h1", "up");
	seconds(2, NULL);
	ck_assert_str_eq(world_state(w, "vnet0", "h1"),
			 _i == 0   ? SILENT
			 : _i == 1 ? "up"
				   : "failed: probe: 10.0.0.2 has not answered 3 times");
}
END_TEST

START_TEST(test_restart)
{
	probed();
	if (_i == 0)
		seconds(3, NULL);
	world_stop(w);
	ck_assert_uint_eq(fake_kernel_listeners(w->k), 0);
	world_start(w);
	state_is("h1", _i == 0 ? NOT_YET : "up");
	ck_assert_str_eq(unicast(), _i == 0 ? "h2" : "h1");
	seconds(2, "h10");
	state_is("h1", "up");
}
END_TEST

/* What cannot be asked has not failed. */
START_TEST(test_cannot_ask)
{
	static const char *const calls[] = { "listen", "send_frame" };

	probed();
	world_resource_set(w, "vnet0", "h1", "admin", "down");
	fake_kernel_fail(w->k, calls[_i], EPERM, 0);
	world_resource_set(w, "vnet0", "h1", "admin", "up");
	seconds(10, NULL);
	state_is("h1", "up");
	fake_kernel_heal(w->k);
	seconds(2, "h10");
	state_is("h1", "up");
	seconds(3, NULL);
	state_is("h1", SILENT);
}
END_TEST

/* A device that takes no frames answers none. */
START_TEST(test_question_not_taken)
{
	probed();
	fake_kernel_fail(w->k, "send_frame", ENOBUFS, 0);
	seconds(3, NULL);
	state_is("h1", SILENT);
}
END_TEST

START_TEST(test_carrier_ends_the_questions)
{
	probed();
	seconds(2, NULL);
	world_carrier(w, "h10", false);
	ck_assert_uint_eq(fake_kernel_listeners(w->k), 0);
	world_carrier(w, "h10", true);
	seconds(2, NULL); /* they are counted anew */
	state_is("h1", "up");
	seconds(2, NULL);
	state_is("h1", SILENT);
	world_delete(w, "h10");
	ck_assert_uint_eq(fake_kernel_listeners(w->k), 0);
	world_device(w, "h10");
	state_is("h1", "up");
}
END_TEST

START_TEST(test_no_xdp_beside_a_probe)
{
	probed();
	world_set(w, "vnet0", "mode", "xdp");
	ck_assert(!world_find_resource(w, "vnet0", "h1")->xdp.attached);
	ck_assert(world_find_resource(w, "vnet0", "h2")->xdp.attached);
	world_resource_set(w, "vnet0", "h1", "probe", "none");
	ck_assert(world_find_resource(w, "vnet0", "h1")->xdp.attached);
}
END_TEST

/* --- the other side is a vnet as well --- */

/* Swaps the addresses of what vnet0 has sent, and what it says of both sides. */
static struct kernel_frame mirrored(const struct fake_frame *f, uint32_t interval_ms)
{
	struct kernel_frame ret = { .length = f->length };

	memcpy(ret.bytes, f->bytes, f->length);
	memcpy(ret.bytes, f->bytes + 6, 6);
	memcpy(ret.bytes + 6, f->bytes, 6);
	ret.bytes[22] = 0;
	ret.bytes[23] = 0;
	ret.bytes[24] = (uint8_t)(interval_ms >> 8);
	ret.bytes[25] = (uint8_t)interval_ms;
	memcpy(ret.bytes + 42, f->bytes + 26, 16);
	memset(ret.bytes + 26, 0x55, 16);
	return ret;
}

static void probed_by_mac(void)
{
	world_usual(w);
	world_set(w, "vnet0", "tx_timeout", "0", "announce_count", "0");
	world_pass(w, 10000 * MS); /* what is still to be announced */
	world_resource_set(w, "vnet0", "h1", "probe", NEIGHBOUR);
}

START_TEST(test_mac)
{
	struct kernel_frame f, old;

	probed_by_mac();
	world_pass(w, 100 * MS);
	old = mirrored(last_sent("h10"), 1000);
	for (unsigned int i = 0; i < 10; i++) {
		w->k->frame_count = i ? 0 : w->k->frame_count;
		world_pass(w, i ? 1000 * MS : 400 * MS);
		f = mirrored(last_sent("h10"), 1000);
		ck_assert_uint_eq(fake_kernel_receive(w->k, "h10", &f), 1);
	}
	state_is("h1", "up");
	ck_assert_mem_eq(last_sent("h10")->bytes + 42, f.bytes + 26, 16); /* it answers as well */
	for (unsigned int i = 0; i < 5; i++) { /* an echo of what was asked long ago */
		fake_kernel_receive(w->k, "h10", &old);
		world_pass(w, 1000 * MS);
	}
	state_is("h1", "failed: probe: " NEIGHBOUR " has not answered 3 times");
}
END_TEST

/* Who asks every four seconds answers every four seconds. */
START_TEST(test_mac_slow_side)
{
	struct kernel_frame f;

	probed_by_mac();
	world_pass(w, 500 * MS);
	for (unsigned int i = 0; i < 10; i++) {
		f = mirrored(last_sent("h10"), 4000);
		fake_kernel_receive(w->k, "h10", &f);
		w->k->frame_count = 0;
		world_pass(w, 4000 * MS);
		state_is("h1", "up");
	}
	world_pass(w, 9000 * MS);
	state_is("h1", "failed: probe: " NEIGHBOUR " has not answered 12 times");
}
END_TEST

static void add_tx(Suite *s)
{
	TCase *t = tcase_create("tx");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_stuck);
	tcase_add_test(t, test_idle);
	tcase_add_test(t, test_watched_only_in_use);
	tcase_add_test(t, test_tried_again);
	tcase_add_test(t, test_well_again);
	tcase_add_loop_test(t, test_taken_back, 0, UTIL_ARRAY_SIZE(ends));
	tcase_add_test(t, test_returns_damped);
	tcase_add_test(t, test_does_not_count);
	tcase_add_test(t, test_counters_that_cannot_be_read);
	tcase_add_test(t, test_clear_fails);
	tcase_add_loop_test(t, test_removed_while_stuck, 0, 2);
	suite_add_tcase(s, t);
}

static void add_probe(Suite *s)
{
	TCase *t = tcase_create("probe");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_answers);
	tcase_add_test(t, test_silence_and_return);
	tcase_add_test(t, test_some_answers_are_enough);
	tcase_add_test(t, test_return_is_damped);
	tcase_add_test(t, test_silent_again_while_held);
	tcase_add_loop_test(t, test_spoofed, 0, UTIL_ARRAY_SIZE(spoofs));
	tcase_add_test(t, test_only_in_use);
	tcase_add_loop_test(t, test_probe_taken_back, 0, 3);
	tcase_add_loop_test(t, test_restart, 0, 2);
	tcase_add_loop_test(t, test_cannot_ask, 0, 2);
	tcase_add_test(t, test_question_not_taken);
	tcase_add_test(t, test_carrier_ends_the_questions);
	tcase_add_test(t, test_no_xdp_beside_a_probe);
	tcase_add_test(t, test_mac);
	tcase_add_test(t, test_mac_slow_side);
	suite_add_tcase(s, t);
}

int main(void)
{
	Suite *s = suite_create("health");

	add_tx(s);
	add_probe(s);
	return unit_run(s);
}
