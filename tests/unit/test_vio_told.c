// SPDX-License-Identifier: GPL-2.0-or-later
/* Providers: what they are told of their vnet, by their entry points. */
#include <errno.h>

#include "unit.h"
#include "vio_probe.h"

static struct probe_bed bed;

static void setup(void)
{
	probe_bed_make(&bed, 1);
}

static void teardown(void)
{
	probe_bed_clear(&bed);
}

#define GROUP_A "\"01:00:5e:00:00:0a\""
#define GROUP_B "\"01:00:5e:00:00:0b\""
#define GROUP_C "\"01:00:5e:00:00:0c\""

static void say(struct vio_state s)
{
	vio_world_state(bed.world, 0, s);
}

static void begin(void)
{
	must(probe_register(&bed.probe, VIO_NET_RES_LDC_SERVICE) == 0);
}

START_TEST(a_start_tells_all_in_order)
{
	begin();
	say((struct vio_state) { .groups = "[" GROUP_A "," GROUP_B "]", .promiscuous = true });
	probe_await(&bed.probe, "start unicst:0201 promisc:1 +010a +010b ");
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
}
END_TEST

START_TEST(a_change_is_told_once)
{
	begin();
	say((struct vio_state) { 0 });
	probe_await(&bed.probe, "start unicst:0201 ");
	probe_clear(&bed.probe);
	say((struct vio_state) { 0 });
	say((struct vio_state) { .promiscuous = true });
	say((struct vio_state) { .promiscuous = true });
	say((struct vio_state) { .address = "02:00:00:00:00:09", .mtu = 9000 });
	probe_await(&bed.probe, "promisc:1 unicst:0209 promisc:0 ");
	ck_assert_uint_eq(probe_status(&bed.probe).address[5], 9);
	ck_assert_uint_eq(probe_status(&bed.probe).mtu, 9000);
}
END_TEST

START_TEST(groups_are_told_by_their_difference)
{
	begin();
	say((struct vio_state) { .groups = "[" GROUP_A "," GROUP_B "]" });
	say((struct vio_state) { .groups = "[" GROUP_C "," GROUP_B "]" });
	say((struct vio_state) { .groups = "null", .promiscuous = true });
	probe_await(&bed.probe, "start unicst:0201 +010a +010b -010a +010c promisc:1 -010b -010c ");
}
END_TEST

START_TEST(the_next_start_tells_all_again)
{
	begin();
	say((struct vio_state) { .groups = "[" GROUP_A "]", .promiscuous = true });
	say((struct vio_state) { .stopped = true, .groups = "[" GROUP_A "]", .promiscuous = true });
	say((struct vio_state) { .groups = "[" GROUP_A "]", .promiscuous = true });
	probe_await(&bed.probe, "start unicst:0201 promisc:1 +010a stop "
				"start unicst:0201 promisc:1 +010a ");
}
END_TEST

START_TEST(nothing_is_told_before_the_start)
{
	begin();
	say((struct vio_state) { .stopped = true, .groups = "[" GROUP_A "]", .promiscuous = true });
	say((struct vio_state) { 0 });
	probe_await(&bed.probe, "start unicst:0201 ");
}
END_TEST

START_TEST(what_is_refused_is_told_again)
{
	begin();
	atomic_store(&bed.probe.answers[PROBE_UNICST], EIO);
	atomic_store(&bed.probe.answers[PROBE_SETPROMISC], EIO);
	atomic_store(&bed.probe.answers[PROBE_MULTICST], EIO);
	say((struct vio_state) { .groups = "[" GROUP_A "]", .promiscuous = true });
	probe_await(&bed.probe, "start unicst:0201 promisc:1 +010a ");
	probe_clear(&bed.probe);
	probe_await_calls(&bed.probe, PROBE_MULTICST, 1);
	for (int i = 0; i < PROBE_ENTRIES; i++)
		atomic_store(&bed.probe.answers[i], 0);
	say((struct vio_state) { .groups = "[" GROUP_A "]", .promiscuous = true });
	say((struct vio_state) { .groups = "[" GROUP_A "]", .promiscuous = true });
	say((struct vio_state) { .groups = "[" GROUP_A "]" });
	probe_await(&bed.probe, "unicst:0201 promisc:1 +010a promisc:0 ");
	/* Each refusal is an error of the resource. */
	vio_world_send(bed.world, 0, "\"count\":true");
	vio_world_await_text(bed.world, SEEN_COUNT, "{\"ierrors\":103,");
}
END_TEST

START_TEST(entry_points_may_be_missing)
{
	bed.probe.callbacks = (mac_callbacks_t) { .mc_tx = bed.probe.callbacks.mc_tx };
	begin();
	say((struct vio_state) { .groups = "[" GROUP_A "]", .promiscuous = true });
	probe_await_state(&bed.probe, VIO_NET_STATE_STARTED);
	vio_world_send(bed.world, 0, "\"count\":true");
	vio_world_await_text(bed.world, SEEN_COUNT,
			     "{\"ierrors\":0,\"oerrors\":0,\"norcvbuf\":0,"
			     "\"noxmtbuf\":0,\"malformed\":0}");
	say((struct vio_state) { .stopped = true });
	probe_await_state(&bed.probe, VIO_NET_STATE_REGISTERED);
}
END_TEST

/* --- a start that fails --- */

START_TEST(a_start_that_fails_is_reported_and_tried_after_a_clear)
{
	begin();
	atomic_store(&bed.probe.answers[PROBE_START], ENXIO);
	say((struct vio_state) { .report = "up" });
	vio_world_await(bed.world, SEEN_REPORT, 1);
	vio_world_await_text(bed.world, SEEN_REPORT,
			     "{\"state\":\"failed\",\"reason\":\"it cannot be started: "
			     "No such device or address\"}");
	atomic_store(&bed.probe.answers[PROBE_START], 0);
	say((struct vio_state) { .stopped = true, .report = "failed", .reports = 1 });
	probe_await(&bed.probe, "start ");
	say((struct vio_state) { .report = "up", .reports = 1 });
	probe_await(&bed.probe, "start start unicst:0201 ");
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_REPORT), 1);
}
END_TEST

/* vnetd may say something else before it has read the report. */
START_TEST(a_start_that_failed_is_not_tried_before_a_clear)
{
	begin();
	atomic_store(&bed.probe.answers[PROBE_START], ENXIO);
	say((struct vio_state) { .report = "up" });
	vio_world_await(bed.world, SEEN_REPORT, 1);
	say((struct vio_state) { .report = "up", .mtu = 1400 });
	say((struct vio_state) { .report = "up", .mtu = 1300 });
	probe_until(probe_status(&bed.probe).mtu == 1300);
	probe_await(&bed.probe, "start ");
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_REPORT), 1);
}
END_TEST

START_TEST(an_error_that_is_cleared_starts_again)
{
	begin();
	say((struct vio_state) { .report = "up" });
	probe_await(&bed.probe, "start unicst:0201 ");
	bed.probe.vnet.vio_net_report_err(bed.probe.handle, VIO_VNET_RES_ERR);
	vio_world_await_text(bed.world, SEEN_REPORT, "\"failed\"");
	say((struct vio_state) { .stopped = true, .report = "failed", .reports = 1 });
	probe_await(&bed.probe, "start unicst:0201 stop ");
	/* It stays so for whatever the provider says itself ... */
	bed.probe.vnet.vio_net_tx_update(bed.probe.handle);
	bed.probe.vnet.vio_net_report_err(bed.probe.handle, VIO_NET_RES_DOWN);
	say((struct vio_state) { .report = "up", .reports = 1 });
	probe_await(&bed.probe, "start unicst:0201 stop start unicst:0201 ");
	ck_assert_uint_eq(vio_world_seen(bed.world, SEEN_REPORT), 1);
	/* ... and after that, what it says counts again. */
	bed.probe.vnet.vio_net_report_err(bed.probe.handle, VIO_NET_RES_DOWN);
	vio_world_await(bed.world, SEEN_REPORT, 2);
	vio_world_await_text(bed.world, SEEN_REPORT, "\"down\"");
}
END_TEST

static void add_telling(TCase *t)
{
	tcase_add_test(t, a_start_tells_all_in_order);
	tcase_add_test(t, a_change_is_told_once);
	tcase_add_test(t, groups_are_told_by_their_difference);
	tcase_add_test(t, the_next_start_tells_all_again);
	tcase_add_test(t, nothing_is_told_before_the_start);
	tcase_add_test(t, what_is_refused_is_told_again);
	tcase_add_test(t, entry_points_may_be_missing);
	tcase_add_test(t, a_start_that_fails_is_reported_and_tried_after_a_clear);
	tcase_add_test(t, a_start_that_failed_is_not_tried_before_a_clear);
	tcase_add_test(t, an_error_that_is_cleared_starts_again);
}

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("vio_told", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	add_telling(t);
	return unit_run(s);
}
