/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a vnet may send: flags and rows, in the right order, live, and across restarts. */
#include <errno.h>

#include "world_case.h"

#define ROW "vnet 1 service 1 hybrid 3"
#define OURS                                                                                       \
	(ABI_VNET_STORM | ABI_VNET_MAC_NOSPOOF | ABI_VNET_IP_NOSPOOF | ABI_VNET_DHCP_NOSPOOF |     \
	 ABI_VNET_RESTRICTED)

static void on_change(void *context)
{
	world_check_protect_now(context);
}

static void begin(void)
{
	setup();
	w->k->on_change = on_change;
	w->k->context = w->k;
	world_usual(w);
	world_forget_journal(w);
}

static uint32_t flags(void)
{
	return fake_kernel_vnet(w->k, vnet0()->number)->flags & OURS;
}

/* @prefix: IPv4 as ::ffff:a.b.c.d, and the length of that. */
static bool allows(const char *address, uint32_t length)
{
	struct abi_allowed_key key = { .prefixlen = 32 + length, .vnet = vnet0()->number };
	struct vnet_settings s = { 0 };

	ck_assert_int_eq(settings_set(settings_vnet, &s, "t", "allowed_ips", address, NULL), 0);
	memcpy(key.address, s.allowed.prefix[0].address, sizeof(key.address));
	return fake_kernel_allowed(w->k, &key);
}

static const struct {
	const char *text;
	uint32_t flags;
} protections[] = {
	{ "mac-nospoof", ABI_VNET_MAC_NOSPOOF },
	{ "ip-nospoof", ABI_VNET_IP_NOSPOOF },
	{ "dhcp-nospoof", ABI_VNET_DHCP_NOSPOOF },
	{ "restricted", ABI_VNET_RESTRICTED },
	{ "restricted,mac-nospoof", ABI_VNET_RESTRICTED | ABI_VNET_MAC_NOSPOOF },
	{ "mac-nospoof,ip-nospoof,dhcp-nospoof,restricted",
	  ABI_VNET_RESTRICTED | ABI_VNET_MAC_NOSPOOF | ABI_VNET_IP_NOSPOOF |
		  ABI_VNET_DHCP_NOSPOOF },
};

START_TEST(words_are_flags)
{
	world_set(w, "vnet0", "protection", protections[_i].text, "allowed_ips", "10.0.0.7");
	ck_assert_uint_eq(flags(), protections[_i].flags);
	world_check(w);
	world_set(w, "vnet0", "protection", "none");
	ck_assert_uint_eq(flags(), 0);
	ck_assert_uint_eq(fake_kernel_count(&w->k->allowed), 0);
}
END_TEST

START_TEST(at_the_making)
{
	world_vnet(w, "vnet1", "address", "02:00:00:00:00:11", "protection", "ip-nospoof",
		   "allowed_ips", "10.0.0.7,2001:db8::/64", "storm_limit", "1");
	world_device(w, "late0");
	world_resource(w, "vnet1", "s", "type", "service", "device", "late0", "storm_limit", "11");
	ck_assert_uint_eq(fake_kernel_count(&w->k->allowed), 2);
	ck_assert_uint_eq(fake_kernel_count(&w->k->storms), 2);
	world_check(w);
	world_vnet_del(w, "vnet1");
	ck_assert_uint_eq(fake_kernel_count(&w->k->allowed), 0);
	ck_assert_uint_eq(fake_kernel_count(&w->k->storms), 0);
}
END_TEST

/* --- addresses --- */

START_TEST(addresses_need_the_word)
{
	struct error *e = &w->e;

	world_set(w, "vnet0", "allowed_ips", "10.0.0.7");
	ck_assert_uint_eq(fake_kernel_count(&w->k->allowed), 0);
	ck_assert_str_eq(w->k->journal, "");
	world_set(w, "vnet0", "protection", "ip-nospoof");
	ck_assert(allows("10.0.0.7", 128));
	ck_assert_int_eq(world_try_set(w, "vnet0", "allowed_ips", "none", NULL), -EINVAL);
	ck_assert_str_eq(e->field, "allowed_ips");
	ck_assert(allows("10.0.0.7", 128));
	world_set(w, "vnet0", "allowed_ips", "none", "protection", "restricted");
	ck_assert_uint_eq(fake_kernel_count(&w->k->allowed), 0);
}
END_TEST

/* An address that stays is allowed all the time. */
START_TEST(addresses_change_live)
{
	world_set(w, "vnet0", "protection", "ip-nospoof", "allowed_ips", "10.0.0.7,10.1.0.0/16");
	world_in_order(w->k->journal, "allowed 1 /160 ", ROW);
	world_in_order(w->k->journal, "allowed 1 /144 ", ROW);
	ck_assert(allows("10.1.0.0/16", 112));
	world_forget_journal(w);
	world_set(w, "vnet0", "allowed_ips", "10.0.0.7,fe80::/10");
	ck_assert_str_eq(w->k->journal, "allowed 1 /42 \nallowed 1 /144 gone\n");
	ck_assert(allows("fe80::/10", 10));
	world_forget_journal(w);
	world_set(w, "vnet0", "allowed_ips", "10.0.0.7,fe80::/10");
	ck_assert_str_eq(w->k->journal, "");
	world_set(w, "vnet0", "protection", "none");
	world_in_order(w->k->journal, ROW, "allowed 1 /42 gone");
	world_in_order(w->k->journal, ROW, "allowed 1 /160 gone");
}
END_TEST

START_TEST(all_32_can_be_others)
{
	char first[SETTINGS_TEXT_SIZE] = "", second[SETTINGS_TEXT_SIZE] = "";

	for (int i = 0; i < SETTINGS_ALLOWED_MAX; i++) {
		snprintf(first + strlen(first), sizeof(first) - strlen(first), "%s10.0.0.%d",
			 i ? "," : "", i);
		snprintf(second + strlen(second), sizeof(second) - strlen(second), "%s2001:db8::%d",
			 i ? "," : "", i);
	}
	world_set(w, "vnet0", "protection", "ip-nospoof", "allowed_ips", first);
	ck_assert_uint_eq(fake_kernel_count(&w->k->allowed), SETTINGS_ALLOWED_MAX);
	world_set(w, "vnet0", "allowed_ips", second);
	ck_assert_uint_eq(fake_kernel_count(&w->k->allowed), SETTINGS_ALLOWED_MAX);
	world_check(w);
}
END_TEST

/* What was added before the kernel refused is not left behind, where it would let pass. */
START_TEST(refused_addresses_are_not_allowed)
{
	static const struct {
		const char *call;
		unsigned int after;
	} failures[] = { { "allowed_write", 0 }, { "allowed_write", 1 }, { "vnet_write", 0 } };

	world_set(w, "vnet0", "protection", "ip-nospoof", "allowed_ips", "10.0.0.7");
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(failures); i++) {
		fake_kernel_fail_once(w->k, failures[i].call, ENOSPC, failures[i].after);
		ck_assert_int_eq(world_try_set(w, "vnet0", "guard", "off", "allowed_ips",
					       "10.0.0.8,10.0.0.9", NULL),
				 -ENOSPC);
		ck_assert(w->k->failed);
		fake_kernel_heal(w->k);
		ck_assert(allows("10.0.0.7", 128));
		manager_settle(w->m);
		ck_assert(!allows("10.0.0.8", 128));
		ck_assert(!allows("10.0.0.9", 128));
		world_check(w);
	}
}
END_TEST

START_TEST(addresses_that_stay_behind_are_taken_later)
{
	world_set(w, "vnet0", "protection", "ip-nospoof", "allowed_ips", "10.0.0.7,10.0.0.8");
	fake_kernel_fail_once(w->k, "allowed_write", EIO, 0);
	world_set(w, "vnet0", "allowed_ips", "10.0.0.8");
	ck_assert(allows("10.0.0.7", 128));
	fake_kernel_heal(w->k);
	manager_settle(w->m);
	ck_assert(!allows("10.0.0.7", 128));
}
END_TEST

/* --- storm limits --- */

START_TEST(limits_change_live)
{
	uint32_t s = world_find_resource(w, "vnet0", "s")->number;

	world_set(w, "vnet0", "storm_limit", "2000");
	world_in_order(w->k->journal, "storm 1 resource 0 ", ROW);
	world_check(w);
	world_forget_journal(w);
	world_set(w, "vnet0", "storm_limit", "3");
	ck_assert_str_eq(w->k->journal, "storm 1 resource 0 \n");
	ck_assert_uint_eq(fake_kernel_storm(w->k, 1, 0)->interval_ns, 333333333);
	ck_assert_uint_eq(fake_kernel_storm(w->k, 1, 0)->burst_ns, 333333333);
	world_check(w);
	world_forget_journal(w);
	world_set(w, "vnet0", "storm_limit", "none");
	world_in_order(w->k->journal, ROW, "storm 1 resource 0 gone");

	world_resource_set(w, "vnet0", "s", "storm_limit", "10000000");
	ck_assert_uint_eq(fake_kernel_storm(w->k, 1, s)->interval_ns, 100);
	ck_assert_uint_eq(fake_kernel_storm(w->k, 1, s)->burst_ns, 100000000);
	world_check(w);
	world_resource_set(w, "vnet0", "s", "storm_limit", "none");
	ck_assert_uint_eq(fake_kernel_count(&w->k->storms), 0);
}
END_TEST

START_TEST(limits_go_and_come_with_the_device)
{
	world_resource_set(w, "vnet0", "g", "storm_limit", "50");
	world_delete(w, "g0");
	ck_assert_uint_eq(fake_kernel_count(&w->k->storms), 0);
	world_resource_set(w, "vnet0", "g", "storm_limit", "60");
	ck_assert_uint_eq(fake_kernel_count(&w->k->storms), 0);
	world_device(w, "g0");
	ck_assert_uint_eq(fake_kernel_count(&w->k->storms), 1);
	world_check(w);
	world_resource_del(w, "vnet0", "g");
	ck_assert_uint_eq(fake_kernel_count(&w->k->storms), 0);
}
END_TEST

START_TEST(refused_limits_are_put_back)
{
	world_set(w, "vnet0", "storm_limit", "2000");
	world_resource_set(w, "vnet0", "s", "storm_limit", "5");
	fake_kernel_fail_once(w->k, "vnet_write", EIO, 0);
	ck_assert_int_eq(world_try_set(w, "vnet0", "guard", "off", "storm_limit", "9", NULL), -EIO);
	fake_kernel_heal(w->k);
	world_check(w);
	fake_kernel_fail_once(w->k, "storm_write", EIO, 0);
	ck_assert_int_eq(world_try_resource_set(w, "vnet0", "s", "storm_limit", "9", NULL), -EIO);
	fake_kernel_heal(w->k);
	ck_assert_uint_eq(world_find_resource(w, "vnet0", "s")->settings.storm_limit, 5);
	world_check(w);
	fake_kernel_fail_once(w->k, "storm_write", EIO, 0);
	ck_assert_int_eq(world_try_set(w, "vnet0", "storm_limit", "none", NULL), -EIO);
	fake_kernel_heal(w->k);
	ck_assert_uint_eq(vnet0()->settings.storm_limit, 2000);
	world_check(w);
}
END_TEST

/* --- restarts --- */

static void protect(void)
{
	world_set(w, "vnet0", "protection", "ip-nospoof,restricted", "allowed_ips",
		  "10.0.0.7,2001:db8::/64", "storm_limit", "2000");
	world_resource_set(w, "vnet0", "s", "storm_limit", "5");
}

static struct abi_storm *storm_of_vnet(void)
{
	return (struct abi_storm *)fake_kernel_storm(w->k, vnet0()->number, 0);
}

/* Not even what the programs have counted is touched. */
START_TEST(a_restart_changes_nothing)
{
	protect();
	storm_of_vnet()->due_ns[ABI_TX] = 12345;
	manager_settle(w->m);
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	ck_assert_str_eq(w->k->journal, "");
	ck_assert_uint_eq(storm_of_vnet()->due_ns[ABI_TX], 12345);
	ck_assert_uint_eq(vnet0()->settings.allowed.count, 2);
	world_check(w);
}
END_TEST

/* An earlier daemon, or one that was killed halfway, may have left anything. */
START_TEST(what_nobody_wants_goes)
{
	const struct kernel_ops *ops = w->k->kernel.ops;
	struct abi_storm storm = { .interval_ns = 7 };
	struct abi_storm_key of_none = { .vnet = 77 }, of_vnet = { .vnet = 1 },
			     of_resource = { .vnet = 1, .resource = 2 };
	struct abi_allowed_key stranger = { .prefixlen = 32, .vnet = 77 },
			       wide = { .prefixlen = 32, .vnet = 1 };
	char *before, *after;

	world_set(w, "vnet0", "protection", "ip-nospoof", "allowed_ips", "10.0.0.7");
	world_stop(w);
	before = fake_kernel_text(w->k);
	ops->storm_write(w->k, &of_none, &storm);
	ops->storm_write(w->k, &of_vnet, &storm);
	ops->storm_write(w->k, &of_resource, &storm);
	ops->allowed_write(w->k, &stranger, true);
	ops->allowed_write(w->k, &wide, true);
	world_start(w);
	after = fake_kernel_text(w->k);
	world_same("sweep", before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(a_flush_leaves_nothing)
{
	struct error e = { 0 };

	protect();
	ck_assert_int_eq(manager_flush(w->m, &e), 0);
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

int main(void)
{
	TCase *c;
	Suite *s = unit_suite("protect", &c);

	tcase_add_checked_fixture(c, begin, teardown);
	tcase_add_loop_test(c, words_are_flags, 0, UTIL_ARRAY_SIZE(protections));
	tcase_add_test(c, at_the_making);
	tcase_add_test(c, addresses_need_the_word);
	tcase_add_test(c, addresses_change_live);
	tcase_add_test(c, all_32_can_be_others);
	tcase_add_test(c, refused_addresses_are_not_allowed);
	tcase_add_test(c, addresses_that_stay_behind_are_taken_later);
	tcase_add_test(c, limits_change_live);
	tcase_add_test(c, limits_go_and_come_with_the_device);
	tcase_add_test(c, refused_limits_are_put_back);
	tcase_add_test(c, a_restart_changes_nothing);
	tcase_add_test(c, what_nobody_wants_goes);
	tcase_add_test(c, a_flush_leaves_nothing);
	return unit_run(s);
}
