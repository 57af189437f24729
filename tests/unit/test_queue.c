/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queues in which frames under limits wait: there while they are needed, and given back. */
#include <errno.h>

#include "../../daemon/show.h"
#include "world_case.h"

/* All that is noted of s0, a service's device: it takes all multicast, and has our queue. */
#define MARK                                                                                       \
	"device_mark 3 1 set 48 mtu 0 mac 00:00:00:00:00:00 up 0 allmulti 0 filtered 1 offloads "  \
	"0 "                                                                                       \
	"on 0 came 02:ee:00:00:00:03 vnet 02:00:00:00:00:01 before 00:00:00:00:00:00"

static bool has_queue(const char *name)
{
	return w->k->fq[device(name)->ifindex];
}

static const struct abi_resource *row(const char *name)
{
	return fake_kernel_resource(w->k, world_find_resource(w, "vnet0", name)->number);
}

static uint32_t flags(void)
{
	return fake_kernel_vnet(w->k, vnet0()->number)->flags;
}

static void shows(struct json_object *o, const char *pacing, const char *reason)
{
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "pacing")), pacing);
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "pacing_reason")),
			 reason);
	json_object_put(o);
}

static void usual(void)
{
	w->k->has_fq = true;
	world_usual(w);
}

START_TEST(test_resource)
{
	usual();
	ck_assert(!has_queue("s0"));
	world_forget_journal(w);
	world_resource_set(w, "vnet0", "s", "maxbw_out", "1mbit");
	ck_assert(has_queue("s0") && !has_queue("g0") && !has_queue("h10"));
	ck_assert(row("s")->flags & ABI_RESOURCE_FQ);
	ck_assert(!(flags() & ABI_VNET_FQ));
	world_in_order(w->k->journal, MARK, "link_set s0 40");
	world_in_order(w->k->journal, "link_set s0 40", "resource 1 up 1 fallback 0");
	shows(show_resource(world_find_resource(w, "vnet0", "s")), "fq", "");
	shows(show_resource(world_find_resource(w, "vnet0", "g")), "none", "");
	world_check(w);
	world_resource_set(w, "vnet0", "s", "maxbw_out", "none");
	ck_assert(!has_queue("s0"));
	ck_assert(!(row("s")->flags & ABI_RESOURCE_FQ));
}
END_TEST

/* What comes in waits at the port, whoever it came by. */
START_TEST(test_port)
{
	usual();
	world_resource_set(w, "vnet0", "h1", "maxbw_in", "1mbit");
	ck_assert(has_queue("vnet0-p") && !has_queue("h10"));
	ck_assert(flags() & ABI_VNET_FQ);
	shows(show_vnet(vnet0()), "fq", "");
	world_check(w);
	world_set(w, "vnet0", "maxbw_in", "2mbit");
	world_resource_set(w, "vnet0", "h1", "maxbw_in", "none");
	ck_assert(flags() & ABI_VNET_FQ);
	world_set(w, "vnet0", "maxbw_in", "none");
	ck_assert(!has_queue("vnet0-p") && !(flags() & ABI_VNET_FQ));
	world_resource_set(w, "vnet0", "h1", "maxbw_in", "1mbit");
	world_resource_del(w, "vnet0", "h1");
	ck_assert(!has_queue("vnet0-p"));
}
END_TEST

START_TEST(test_vnet)
{
	usual();
	world_set(w, "vnet0", "maxbw", "1mbit");
	ck_assert(has_queue("s0") && has_queue("g0") && has_queue("h10") && has_queue("h20"));
	ck_assert(has_queue("vnet0-p"));
	world_check(w);
	world_vnet_del(w, "vnet0");
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

START_TEST(test_flows)
{
	usual();
	world_flow(w, "vnet0", "a", "proto", "udp");
	ck_assert(!has_queue("s0") && !has_queue("vnet0-p"));
	world_flow_set(w, "vnet0", "a", "maxbw", "1mbit", "dir", "out");
	ck_assert(has_queue("s0") && has_queue("h20") && !has_queue("vnet0-p"));
	world_check(w);
	world_flow_set(w, "vnet0", "a", "dir", "in");
	ck_assert(!has_queue("s0") && has_queue("vnet0-p"));
	world_check(w);
	world_flow_set(w, "vnet0", "a", "maxbw", "none");
	ck_assert(!has_queue("vnet0-p"));
	world_flow_set(w, "vnet0", "a", "maxbw", "1mbit", "dir", "both");
	world_done(w, manager_flow_del(w->m, "vnet0", "a", &w->e));
	ck_assert(!has_queue("s0") && !has_queue("vnet0-p"));
}
END_TEST

/* One queue for all on the NIC, while one of them needs it. */
START_TEST(test_uplink)
{
	w->k->has_fq = true;
	world_device(w, "n0");
	world_uplink(w, "u0", "device", "n0");
	world_vnet_on(w, "u0", "a", "address", "02:00:00:00:00:0a");
	world_vnet_on(w, "u0", "b", "address", "02:00:00:00:00:0b");
	world_set(w, "a", "maxbw_out", "1mbit");
	world_resource_set(w, "b", "u0", "maxbw_out", "1mbit");
	ck_assert(has_queue("n0"));
	shows(show_uplink(world_find_uplink(w, "u0")), "fq", "");
	world_check(w);
	world_set(w, "a", "maxbw_out", "none");
	ck_assert(has_queue("n0"));
	world_vnet_del(w, "b");
	ck_assert(!has_queue("n0"));
	world_flow(w, "u0", "f", "maxbw", "1mbit");
	ck_assert(has_queue("n0"));
	world_check(w);
	world_delete(w, "n0");
	world_device(w, "n0");
	ck_assert(has_queue("n0"));
	world_done(w, manager_flow_del(w->m, "u0", "f", &w->e));
	ck_assert(!has_queue("n0"));
}
END_TEST

START_TEST(test_kernel_has_none)
{
	world_usual(w);
	world_forget_journal(w);
	world_resource_set(w, "vnet0", "s", "maxbw", "1mbit");
	ck_assert_ptr_null(strstr(w->k->journal, "device_mark"));
	shows(show_resource(world_find_resource(w, "vnet0", "s")), "token bucket",
	      "this kernel has no fq");
	shows(show_vnet(vnet0()), "token bucket", "this kernel has no fq");
}
END_TEST

START_TEST(test_somebody_has_one)
{
	usual();
	w->k->queued[device("s0")->ifindex] = true;
	world_resource_set(w, "vnet0", "s", "maxbw_out", "1mbit");
	ck_assert(!has_queue("s0"));
	shows(show_resource(world_find_resource(w, "vnet0", "s")), "token bucket",
	      "device s0 has a queue that somebody gave it");
	world_check(w);
	world_resource_set(w, "vnet0", "s", "maxbw_out", "none");
	util_copy(fake_kernel_find(w->k, "s0")->qdisc, 16, "fq");
	fake_kernel_tell(w->k, w->m, "s0");
	world_resource_set(w, "vnet0", "s", "maxbw_out", "1mbit");
	shows(show_resource(world_find_resource(w, "vnet0", "s")), "fq", "");
	ck_assert(!has_queue("s0"));
}
END_TEST

START_TEST(test_restart)
{
	usual();
	world_set(w, "vnet0", "maxbw", "1mbit");
	world_stop(w);
	world_start(w);
	ck_assert(has_queue("s0") && has_queue("vnet0-p"));
	world_check(w);
	world_set(w, "vnet0", "maxbw", "none");
	ck_assert(!has_queue("s0") && !has_queue("vnet0-p"));
}
END_TEST

/* Of an upper that is not ours as well, though nothing of that is in the state file. */
START_TEST(test_restart_upper)
{
	w->k->has_fq = true;
	world_device(w, "t0");
	world_vnet(w, "vnet1", "upper", "t0", "address", WORLD_MAC, "maxbw_in", "1mbit");
	ck_assert(has_queue("t0"));
	world_stop(w);
	world_start(w);
	world_check(w);
	world_vnet_del(w, "vnet1");
	ck_assert(!has_queue("t0"));
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

START_TEST(test_refused_once)
{
	usual();
	fake_kernel_fail_once(w->k, "link_set", ENOMEM, 0);
	world_resource_set(w, "vnet0", "s", "maxbw_out", "1mbit");
	ck_assert(!has_queue("s0"));
	shows(show_resource(world_find_resource(w, "vnet0", "s")), "token bucket",
	      "device s0 does not take fq: Cannot allocate memory");
	world_resource_set(w, "vnet0", "s", "maxbw_out", "2mbit");
	ck_assert(has_queue("s0"));
}
END_TEST

/* Somebody gives the device another queue, or none. */
static void give(const char *name, const char *qdisc)
{
	struct link *l = fake_kernel_find(w->k, name);

	w->k->fq[l->ifindex] = false;
	w->k->queued[l->ifindex] = !util_same(qdisc, "noqueue");
	util_copy(l->qdisc, sizeof(l->qdisc), qdisc);
	fake_kernel_tell(w->k, w->m, name);
	manager_settle(w->m);
}

START_TEST(test_taken_away)
{
	usual();
	world_set(w, "vnet0", "maxbw", "1mbit");
	ck_assert(has_queue("s0") && has_queue("vnet0-p"));
	give("s0", "noqueue");
	give("vnet0-p", "noqueue");
	ck_assert(has_queue("s0") && has_queue("vnet0-p"));
	world_check(w);
	give("s0", "pfifo");
	ck_assert(!has_queue("s0"));
	ck_assert(!(row("s")->flags & ABI_RESOURCE_FQ));
	shows(show_resource(world_find_resource(w, "vnet0", "s")), "token bucket",
	      "device s0 has a queue that somebody gave it");
	give("s0", "noqueue");
	ck_assert(has_queue("s0"));
	ck_assert(row("s")->flags & ABI_RESOURCE_FQ);
	world_check(w);
	world_forget_journal(w);
	fake_kernel_tell(w->k, w->m, "s0");
	ck_assert_str_eq(w->k->journal, "");
	world_set(w, "vnet0", "maxbw", "none");
	ck_assert(!has_queue("s0") && !has_queue("vnet0-p"));
}
END_TEST

START_TEST(test_taken_from_uplink)
{
	w->k->has_fq = true;
	world_device(w, "n0");
	world_uplink(w, "u0", "device", "n0");
	world_vnet_on(w, "u0", "a");
	world_set(w, "a", "maxbw", "1mbit");
	ck_assert(has_queue("n0"));
	give("n0", "noqueue");
	ck_assert(has_queue("n0"));
	world_check(w);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("queue", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_resource);
	tcase_add_test(t, test_port);
	tcase_add_test(t, test_vnet);
	tcase_add_test(t, test_flows);
	tcase_add_test(t, test_uplink);
	tcase_add_test(t, test_kernel_has_none);
	tcase_add_test(t, test_somebody_has_one);
	tcase_add_test(t, test_restart);
	tcase_add_test(t, test_restart_upper);
	tcase_add_test(t, test_refused_once);
	tcase_add_test(t, test_taken_away);
	tcase_add_test(t, test_taken_from_uplink);
	return unit_run(s);
}
