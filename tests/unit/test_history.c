/* SPDX-License-Identifier: GPL-2.0-or-later */
/* History: samples by the clock, with a bound on all of them, and nobody woken for nothing. */
#include <errno.h>

#include "../../daemon/history.h"
#include "world_case.h"

#define SECOND UINT64_C(1000000)

static struct history_sample sample(uint64_t n)
{
	return (struct history_sample) { .time_us = n, .counts.rx_packets = n };
}

START_TEST(test_ring)
{
	struct history h = { 0 };

	for (uint64_t i = 1; i <= 100; i++) {
		struct history_sample s = sample(i);

		ck_assert_int_eq(history_add(&h, &s, 10), 0);
		ck_assert_uint_eq(h.count, i < 10 ? i : 10);
		ck_assert_uint_le(h.room, 10);
		for (uint32_t k = 0; k < h.count; k++)
			ck_assert_uint_eq(h.sample[k].time_us, i - h.count + 1 + k);
	}
	history_clear(&h);
	ck_assert_uint_eq(h.count, 0);
}
END_TEST

/* There are more objects, and then fewer: what each may keep follows, and its memory with it. */
START_TEST(test_less_and_more)
{
	struct history h = { 0 };
	uint64_t i = 1;

	for (; i <= 60; i++)
		history_add(&h, &(struct history_sample) { .time_us = i }, 60);
	ck_assert_uint_eq(h.count, 60);
	history_add(&h, &(struct history_sample) { .time_us = i++ }, 2);
	ck_assert_uint_eq(h.count, 2);
	ck_assert_uint_eq(h.room, 2);
	ck_assert_uint_eq(h.sample[0].time_us, 60);
	ck_assert_uint_eq(h.sample[1].time_us, 61);
	for (; i <= 80; i++)
		history_add(&h, &(struct history_sample) { .time_us = i }, 20);
	ck_assert_uint_eq(h.count, 20);
	ck_assert_uint_eq(h.sample[0].time_us, 61);
	history_clear(&h);
}
END_TEST

START_TEST(test_bound)
{
	static const size_t counts[] = { 1, 10, 1000, 5000, 30000 };

	ck_assert_uint_eq(history_keep(0, 60), 60);
	ck_assert_uint_eq(history_keep(1000, 60), 60);
	ck_assert_uint_eq(history_keep(1000000, 60), HISTORY_SAMPLES_LEAST);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(counts); i++)
		ck_assert_uint_le(history_keep(counts[i], 100000) * counts[i] *
					  sizeof(struct history_sample),
				  (size_t)4 << 20);
}
END_TEST

/* --- by the clock --- */

static void resources_have(uint64_t n)
{
	w->k->counters = (struct abi_counters) {
		.rx_packets = n,
		.rx_bytes = 100 * n,
		.tx_packets = 2 * n,
		.tx_bytes = 200 * n,
	};
}

static const struct history_counts *last(const struct history *h)
{
	ck_assert_uint_gt(h->count, 0);
	return &h->sample[h->count - 1].counts;
}

START_TEST(test_off)
{
	world_usual(w);
	world_pass(w, 100 * SECOND);
	ck_assert_uint_eq(manager_history_due_us(w->m), UINT64_MAX);
	ck_assert_uint_eq(vnet0()->history.count, 0);
	manager_history_set(w->m, 10, 60);
	ck_assert_uint_lt(manager_history_due_us(w->m), UINT64_MAX);
	world_vnet_del(w, "vnet0");
	ck_assert_uint_eq(manager_history_due_us(w->m), UINT64_MAX); /* nothing is to be counted */
}
END_TEST

START_TEST(test_vnet)
{
	world_usual(w);
	manager_history_set(w->m, 10, 60);
	resources_have(5);
	w->k->drops.count[ABI_DROP_SPOOFED] = 3;
	w->k->drops.count[ABI_DROPS_UNPARSED] = 1000;
	world_pass(w, 1);
	ck_assert_uint_eq(vnet0()->history.count, 1);
	ck_assert_uint_eq(last(&vnet0()->history)->rx_packets, 4 * 5);
	ck_assert_uint_eq(last(&vnet0()->history)->rx_bytes, 4 * 500);
	ck_assert_uint_eq(last(&vnet0()->history)->tx_packets, 4 * 10);
	ck_assert_uint_eq(last(&vnet0()->history)->tx_bytes, 4 * 1000);
	ck_assert_uint_eq(last(&vnet0()->history)->drops, 3);
	world_pass(w, 95 * SECOND);
	ck_assert_uint_eq(vnet0()->history.count, 10);
	for (uint32_t i = 1; i < 10; i++)
		ck_assert_uint_eq(vnet0()->history.sample[i].time_us -
					  vnet0()->history.sample[i - 1].time_us,
				  10 * SECOND);
}
END_TEST

/* What was carried stays carried. */
START_TEST(test_gone)
{
	world_usual(w);
	manager_history_set(w->m, 10, 60);
	resources_have(7);
	world_pass(w, 1);
	world_resource_del(w, "vnet0", "h1");
	world_resource_del(w, "vnet0", "g");
	world_pass(w, 10 * SECOND);
	ck_assert_uint_eq(last(&vnet0()->history)->rx_packets, 4 * 7);
	resources_have(8);
	world_pass(w, 10 * SECOND);
	ck_assert_uint_eq(last(&vnet0()->history)->rx_packets, 4 * 7 + 2);
}
END_TEST

START_TEST(test_uplink)
{
	world_device(w, "n0");
	world_uplink(w, "u0", "device", "n0");
	world_vnet_on(w, "u0", "a", "address", "02:00:00:00:00:0a");
	world_vnet_on(w, "u0", "b", "address", "02:00:00:00:00:0b");
	manager_history_set(w->m, 10, 60);
	resources_have(3);
	world_pass(w, 1);
	ck_assert_uint_eq(last(&world_find_uplink(w, "u0")->history)->tx_packets, 12);
	world_vnet_del(w, "b");
	world_pass(w, 10 * SECOND);
	ck_assert_uint_eq(last(&world_find_uplink(w, "u0")->history)->tx_packets, 12);
	ck_assert_uint_eq(last(&world_find(w, "a")->history)->tx_packets, 6);
}
END_TEST

START_TEST(test_flow)
{
	const struct flow *f;

	world_usual(w);
	world_flow(w, "vnet0", "web", "proto", "tcp");
	manager_history_set(w->m, 1, 3);
	world_pass(w, 10 * SECOND);
	f = world_find_flow(w, "vnet0", "web");
	ck_assert_uint_eq(f->history.count, 3);
	ck_assert_uint_eq(last(&f->history)->rx_packets, f->number);
	ck_assert_uint_eq(last(&f->history)->tx_bytes, 1000);
}
END_TEST

static int no_counters(void *datapath, uint32_t resource, struct abi_counters *ret)
{
	return -ENODEV;
}

static int no_drops(void *datapath, uint32_t vnet, struct abi_drops *ret)
{
	return -ENODEV;
}

static int no_flow_counters(void *datapath, uint32_t flow, struct abi_flow_counters *ret)
{
	return -ENODEV;
}

/* Without the programs there is nothing to ask, and nothing has been counted. */
START_TEST(test_no_counters)
{
	struct kernel_ops ops = w->k->ops;

	ops.counters = no_counters;
	ops.drops = no_drops;
	ops.flow_counters = no_flow_counters;
	world_usual(w);
	world_flow(w, "vnet0", "web", "proto", "tcp");
	manager_history_set(w->m, 10, 60);
	resources_have(7);
	w->m->kernel.ops = &ops;
	world_pass(w, 1);
	ck_assert_uint_eq(last(&vnet0()->history)->rx_packets, 0);
	ck_assert_uint_eq(last(&vnet0()->history)->drops, 0);
	ck_assert_uint_eq(last(&world_find_flow(w, "vnet0", "web")->history)->tx_bytes, 0);
	w->m->kernel.ops = &w->k->ops;
}
END_TEST

/* Many are asked in slices; each of them once in a round. */
START_TEST(test_slices)
{
	char name[16];
	unsigned int turns = 0;

	world_usual(w);
	for (unsigned int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		world_flow(w, "vnet0", name, "rank", name + 1, "proto", "tcp");
	}
	manager_history_set(w->m, 10, 60);
	w->m->history.slice = 100;
	while (manager_history_due_us(w->m) <= w->k->now_us + 10) {
		w->k->now_us += 10;
		manager_on_time(w->m, w->k->now_us);
		turns++;
	}
	ck_assert_uint_ge(turns, 3);
	ck_assert_uint_eq(vnet0()->history.count, 1);
	for (const struct flow *f = vnet0()->flows; f; f = f->hh.next)
		ck_assert_uint_eq(f->history.count, 1);
	world_pass(w, 10 * SECOND);
	ck_assert_uint_eq(vnet0()->history.count, 2);
	for (const struct flow *f = vnet0()->flows; f; f = f->hh.next)
		ck_assert_uint_eq(f->history.count, 2);
}
END_TEST

START_TEST(test_restart)
{
	world_usual(w);
	manager_history_set(w->m, 10, 60);
	world_pass(w, 20 * SECOND);
	ck_assert_uint_eq(vnet0()->history.count, 3);
	world_restart(w);
	ck_assert_uint_eq(vnet0()->history.count, 0);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("history", &t);

	tcase_add_test(t, test_ring);
	tcase_add_test(t, test_less_and_more);
	tcase_add_test(t, test_bound);
	t = tcase_create("clock");
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_off);
	tcase_add_test(t, test_vnet);
	tcase_add_test(t, test_gone);
	tcase_add_test(t, test_uplink);
	tcase_add_test(t, test_flow);
	tcase_add_test(t, test_no_counters);
	tcase_add_test(t, test_slices);
	tcase_add_test(t, test_restart);
	return unit_run(s);
}
