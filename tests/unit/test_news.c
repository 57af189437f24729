/* SPDX-License-Identifier: GPL-2.0-or-later */
/* News that comes together: acted upon once, by where it ends. */
#include <sys/socket.h>

#include "world_case.h"

/* The monitor tells of what @change does as it happens, in one batch. */
static void batch(void (*change)(void))
{
	world_usual(w);
	world_forget_events(w);
	world_forget_journal(w);
	manager_on_batch_begin(w->m);
	change();
	ck_assert_str_eq(w->events, "");
	ck_assert_str_eq(w->k->journal, "");
	manager_on_batch_end(w->m);
}

static void lost_and_found(void)
{
	for (unsigned int i = 0; i < 20; i++) {
		world_carrier(w, "h10", false);
		world_carrier(w, "s0", false);
		world_carrier(w, "h10", true);
		world_carrier(w, "s0", true);
	}
}

/* A vnetd that slept through it all: nothing of it is still so, and nothing is switched. */
START_TEST(test_stale_news_is_passed_over)
{
	batch(lost_and_found);
	ck_assert_str_eq(w->events, "");
	ck_assert_str_eq(w->k->journal, "");
	ck_assert_ptr_eq(vnet0()->unicast, world_find_resource(w, "vnet0", "h1"));
}
END_TEST

/* But it is not forgotten either. */
START_TEST(test_damped_all_the_same)
{
	world_usual(w);
	world_set(w, "vnet0", "hold_down", "1000");
	manager_on_batch_begin(w->m);
	lost_and_found();
	manager_on_batch_end(w->m);
	state_is("h1", "down: device h10 was lost and is back; returns in 1000 ms");
	state_is("s", "up");
	world_pass(w, 1000000);
}
END_TEST

static void other_way_round(void)
{
	world_carrier(w, "s0", false);
	world_carrier(w, "h10", false);
	world_carrier(w, "s0", true);
}

START_TEST(test_the_end_counts)
{
	batch(other_way_round);
	ck_assert_str_eq(w->events, "resource-state vnet0 h1 down\n"
				    "path-switched vnet0 unicast h2 h1\n");
}
END_TEST

static void swap_names(void)
{
	world_rename(w, "h10", "tmp");
	world_rename(w, "h20", "h10");
	world_rename(w, "tmp", "h20");
}

START_TEST(test_renames)
{
	batch(swap_names);
	ck_assert_str_eq(world_find_resource(w, "vnet0", "h1")->settings.device, "h20");
	ck_assert_str_eq(world_find_resource(w, "vnet0", "h2")->settings.device, "h10");
	ck_assert_str_eq(w->events, "");
}
END_TEST

static void deleted_and_made(void)
{
	world_delete(w, "h10");
	world_device(w, "h10");
}

START_TEST(test_deleted_and_made_again)
{
	batch(deleted_and_made);
	state_is("h1", "up");
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "h1")->ifindex, device("h10")->ifindex);
	ck_assert_ptr_nonnull(strstr(w->events, "resource-state vnet0 h1 waiting\n"));
}
END_TEST

static void came_and_went(void)
{
	world_device(w, "x0");
	world_rename(w, "x0", "x1");
	world_delete(w, "x1");
}

START_TEST(test_came_and_went)
{
	batch(came_and_went);
	ck_assert_str_eq(w->events, "");
	ck_assert_ptr_null(link_find_name(w->m->links, "x1"));
}
END_TEST

static void name_taken_over(void)
{
	world_device(w, "x0");
	world_delete(w, "h10");
	world_rename(w, "x0", "h10");
}

START_TEST(test_name_taken_over)
{
	batch(name_taken_over);
	state_is("h1", "up");
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "h1")->ifindex, device("h10")->ifindex);
}
END_TEST

/* fault 28: the number of a device that is gone is given to the next one within the batch. */
START_TEST(test_number_given_again)
{
	uint32_t ifindex;

	world_usual(w);
	ifindex = device("h10")->ifindex;
	world_forget_journal(w);
	manager_on_batch_begin(w->m);
	world_delete(w, "h10");
	w->k->next_ifindex = ifindex - 1;
	world_device(w, "other");
	w->k->next_ifindex = 1000;
	manager_on_batch_end(w->m);
	ck_assert_uint_eq(device("other")->ifindex, ifindex);
	state_is("h1", "waiting: device h10 does not exist");
	ck_assert_ptr_null(strstr(w->k->journal, "link_set other"));
	ck_assert_ptr_null(fake_kernel_port(w->k, ifindex));
}
END_TEST

/* News is lost in the middle: the dump counts, and what was gone before it is gone. */
START_TEST(test_dump_within)
{
	world_usual(w);
	manager_on_batch_begin(w->m);
	world_carrier(w, "s0", false);
	world_delete(w, "h10");
	manager_on_overrun(w->m);
	manager_on_dump_begin(w->m);
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "h1")->ifindex, 0);
	fake_kernel_find(w->k, "s0")->carrier = true;
	for (size_t i = 0; i < w->k->link_count; i++)
		manager_on_link(w->m, &w->k->links[i]);
	if (_i == 0)
		manager_on_dump_end(w->m);
	manager_on_batch_end(w->m);
	if (_i == 1)
		manager_on_dump_end(w->m);
	state_is("h1", "waiting: device h10 does not exist");
	state_is("s", "up");
}
END_TEST

static void upper_changes(void)
{
	struct link *l = fake_kernel_find(w->k, "vnet0");

	l->mtu = 1400;
	fake_kernel_tell(w->k, w->m, "vnet0");
	l->mtu = 1300;
	fake_kernel_tell(w->k, w->m, "vnet0");
	l->promiscuity = 1;
	fake_kernel_tell(w->k, w->m, "vnet0");
}

START_TEST(test_upper)
{
	batch(upper_changes);
	ck_assert_uint_eq(vnet0()->settings.mtu, 1300);
	ck_assert(vnet0()->promiscuous);
}
END_TEST

/* --- the table of addresses --- */

static struct address address(uint32_t ifindex, uint8_t last)
{
	return (struct address) { ifindex, AF_INET, { 10, 0, 0, last } };
}

static size_t count_of(const struct address_table *t, uint32_t ifindex)
{
	size_t count;

	address_of(t, ifindex, &count);
	return count;
}

START_TEST(test_address_table)
{
	struct address_table *t = address_table_new();
	struct address a;

	for (uint8_t i = 0; i < 40; i++) {
		a = address(1 + i % 2, i);
		ck_assert_int_eq(address_put(t, &a), 0);
		ck_assert_int_eq(address_put(t, &a), 0);
	}
	ck_assert_uint_eq(count_of(t, 1), 20);
	ck_assert_uint_eq(count_of(t, 3), 0);
	a = address(1, 77);
	address_remove(t, &a);
	address_mark(t);
	for (uint8_t i = 0; i < 20; i += 4) { /* five of the first device are seen again, */
		a = address(1, i);
		ck_assert_int_eq(address_put(t, &a), 0);
	}
	a = address(1, 0); /* one of them goes, and one of those that were not seen */
	address_remove(t, &a);
	a = address(1, 2);
	address_remove(t, &a);
	a = address(1, 200); /* and a new one comes */
	ck_assert_int_eq(address_put(t, &a), 0);
	address_sweep(t);
	ck_assert_uint_eq(count_of(t, 1), 5);
	ck_assert_uint_eq(count_of(t, 2), 0);
	for (size_t i = 0; i < 5; i++)
		ck_assert_uint_eq(address_of(t, 1, &(size_t) { 0 })[i].bytes[3] % 4, 0);
	address_remove_device(t, 1);
	ck_assert_uint_eq(count_of(t, 1), 0);
	address_table_free(t);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("news", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_stale_news_is_passed_over);
	tcase_add_test(t, test_damped_all_the_same);
	tcase_add_test(t, test_the_end_counts);
	tcase_add_test(t, test_renames);
	tcase_add_test(t, test_deleted_and_made_again);
	tcase_add_test(t, test_came_and_went);
	tcase_add_test(t, test_name_taken_over);
	tcase_add_test(t, test_number_given_again);
	tcase_add_loop_test(t, test_dump_within, 0, 2);
	tcase_add_test(t, test_upper);
	tcase_add_test(t, test_address_table);
	return unit_run(s);
}
