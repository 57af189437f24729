/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows and bandwidth limits: what users say becomes rules, rows and flags, in this order. */
#include <errno.h>
#include <netinet/in.h>

#include "../../daemon/flow_limit.h"
#include "../../daemon/show.h"
#include "world_case.h"

static uint32_t number_of(const char *owner, const char *name)
{
	return world_find_flow(w, owner, name)->number;
}

static const struct flow_rule *rule(const char *owner, const char *name)
{
	return fake_kernel_flow_rule(w->k, number_of(owner, name));
}

static const struct abi_flow *row(const char *owner, const char *name)
{
	return fake_kernel_flow(w->k, number_of(owner, name));
}

static uint32_t flags(void)
{
	return fake_kernel_vnet(w->k, vnet0()->number)->flags;
}

static bool limit_is(enum abi_limit_kind kind, uint32_t number, uint64_t in_bits, uint64_t out_bits)
{
	const struct abi_limit *l = fake_kernel_limit(w->k, kind, number);
	struct abi_limit wanted;

	if (!in_bits && !out_bits)
		return !l;
	flow_limit_row(in_bits, out_bits, &wanted);
	return l && !memcmp(l, &wanted, offsetof(struct abi_limit, due_ns));
}

START_TEST(test_made)
{
	world_usual(w);
	world_flow(w, "vnet0", "web", "proto", "tcp", "lport", "80-443", "remote", "10.1.0.0/16",
		   "dir", "in", "rank", "7", "priority", "high", "maxbw_in", "1mbit");
	ck_assert_uint_eq(rule("vnet0", "web")->owner, vnet0()->number);
	ck_assert(rule("vnet0", "web")->in && !rule("vnet0", "web")->out);
	ck_assert_uint_eq(rule("vnet0", "web")->rank, 7);
	ck_assert_uint_eq(rule("vnet0", "web")->match.proto, IPPROTO_TCP);
	ck_assert_uint_eq(rule("vnet0", "web")->match.lport.last, 443);
	ck_assert_uint_eq(rule("vnet0", "web")->match.remote.length, 112);
	ck_assert_uint_eq(row("vnet0", "web")->flags, ABI_FLOW_LIMIT | ABI_FLOW_PRIORITY);
	ck_assert_uint_eq(row("vnet0", "web")->priority, ABI_PRIORITY_HIGH);
	ck_assert(limit_is(ABI_LIMIT_FLOW, number_of("vnet0", "web"), 1000000, 0));
	ck_assert(flags() & ABI_VNET_FLOWS);
	world_flow_set(w, "vnet0", "web", "maxbw_in", "none", "priority", "none", "lport", "any");
	ck_assert_uint_eq(row("vnet0", "web")->flags, 0);
	ck_assert(!rule("vnet0", "web")->match.lport.set);
	ck_assert(limit_is(ABI_LIMIT_FLOW, number_of("vnet0", "web"), 0, 0));
	world_done(w, manager_flow_del(w->m, "vnet0", "web", &w->e));
	ck_assert(!(flags() & ABI_VNET_FLOWS));
	ck_assert_uint_eq(fake_kernel_count(&w->k->flows), 0);
}
END_TEST

START_TEST(test_order)
{
	world_usual(w);
	world_forget_journal(w);
	world_flow(w, "vnet0", "a", "maxbw", "64kbit");
	world_in_order(w->k->journal, "limit 2 1 ", "flow 1 ");
	world_in_order(w->k->journal, "flow 1 ", "vnet 1 service 1 hybrid 3");
	world_forget_journal(w);
	world_done(w, manager_flow_del(w->m, "vnet0", "a", &w->e));
	world_in_order(w->k->journal, "vnet 1 service 1 hybrid 3", "flow 1 gone");
	world_in_order(w->k->journal, "flow 1 gone", "limit 2 1 gone");
}
END_TEST

START_TEST(test_uplink_owner)
{
	world_device(w, "n0");
	world_uplink(w, "u0", "device", "n0");
	world_flow(w, "u0", "guests", "local", "2001:db8::/64");
	ck_assert_uint_eq(rule("u0", "guests")->owner,
			  ABI_OF_UPLINK | world_find_uplink(w, "u0")->number);
	world_check(w);
	world_done(w, manager_uplink_del(w->m, "u0", &w->e));
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

START_TEST(test_limits)
{
	uint32_t s;

	world_usual(w);
	s = world_find_resource(w, "vnet0", "s")->number;
	world_set(w, "vnet0", "maxbw", "100mbit");
	ck_assert(limit_is(ABI_LIMIT_VNET, vnet0()->number, 100000000, 100000000));
	world_resource_set(w, "vnet0", "s", "maxbw_out", "1.5mbit");
	ck_assert(limit_is(ABI_LIMIT_RESOURCE, s, 0, 1500000));
	world_check(w);
	world_set(w, "vnet0", "maxbw_in", "1gbit");
	ck_assert(limit_is(ABI_LIMIT_VNET, vnet0()->number, 1000000000, 100000000));
	world_set(w, "vnet0", "maxbw", "none");
	ck_assert(limit_is(ABI_LIMIT_VNET, vnet0()->number, 1000000000, 0));
	world_set(w, "vnet0", "maxbw_in", "none");
	world_resource_set(w, "vnet0", "s", "maxbw_out", "none");
	ck_assert_uint_eq(fake_kernel_count(&w->k->limits), 0);
}
END_TEST

START_TEST(test_restart)
{
	char *before, *after;

	world_usual(w);
	world_set(w, "vnet0", "maxbw", "100mbit");
	world_flow(w, "vnet0", "a", "proto", "udp", "rport", "53", "maxbw", "64kbit");
	world_flow(w, "vnet0", "b", "dsfield", "0xb8:0xfc", "priority", "low");
	before = world_text(w);
	world_forget_journal(w);
	world_stop(w);
	world_start(w);
	ck_assert_str_eq(w->k->journal, "");
	after = world_text(w);
	world_same("after a restart", before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(test_goes_with_owner)
{
	world_usual(w);
	world_flow(w, "vnet0", "a", "maxbw", "64kbit");
	world_vnet_del(w, "vnet0");
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

static const struct {
	const char *key, *value, *key2, *value2;
	enum error_kind kind;
	int number;
	const char *object, *field, *message;
} refusals[] = {
	{ "lport", "80", "proto", "any", ERROR_INVALID, EINVAL, "vnet0/x", "lport",
	  "vnet0/x: lport 80 cannot be given with proto any, expected a proto that has ports: tcp, "
	  "udp, sctp, dccp or udplite" },
	{ "rport", "1-2", "proto", "icmp", ERROR_INVALID, EINVAL, "vnet0/x", "rport",
	  "vnet0/x: rport 1-2 cannot be given with proto icmp, expected a proto that has ports: "
	  "tcp, udp, sctp, dccp or udplite" },
	{ "local", "10.0.0.7", "remote", "2001:db8::/64", ERROR_INVALID, EINVAL, "vnet0/x",
	  "remote",
	  "vnet0/x: remote and local are of different families, expected both IPv4 or both IPv6" },
	{ "to", "cpu 3", "dir", "both", ERROR_INVALID, EINVAL, "vnet0/x", "to",
	  "vnet0/x: to cpu 3 cannot be given with dir both, expected dir in, for only what comes "
	  "can "
	  "go elsewhere" },
	{ "to", "xsk", "dir", "out", ERROR_INVALID, EINVAL, "vnet0/x", "to",
	  "vnet0/x: to xsk cannot be given with dir out, expected dir in, for only what comes can "
	  "go "
	  "elsewhere" },
	{ "to", "vnet vnet0", "dir", "in", ERROR_INVALID, EINVAL, "vnet0/x", "to",
	  "vnet0/x: to vnet vnet0 is for flows of an uplink, and vnet0 is a vnet, expected another "
	  "target" },
	{ "to", "cpu 5", "dir", "in", ERROR_INVALID, EINVAL, "vnet0/x", "to",
	  "vnet0/x: to cpu 5 is not online, expected one of 0-3,6" },
	{ "proto", "udp", "rank", "100", ERROR_EXISTS, EALREADY, "vnet0/x", "rank",
	  "vnet0/x: flow dns takes the same frames at the same rank 100 already, expected another "
	  "rank or other frames" },
};

START_TEST(test_refused)
{
	char *before, *after;
	int err;

	world_usual(w);
	world_flow(w, "vnet0", "dns", "proto", "udp");
	before = world_text(w);
	err = world_try_flow(w, "vnet0", "x", refusals[_i].key, refusals[_i].value,
			     refusals[_i].key2, refusals[_i].value2, NULL);
	world_refused(w, err, refusals[_i].kind, refusals[_i].number, refusals[_i].object,
		      refusals[_i].field, refusals[_i].message);
	after = world_text(w);
	world_same("after a refusal", before, after);
	free(before);
	free(after);
}
END_TEST

static const struct {
	const char *key, *value;
} bad_values[] = {
	{ "local", "0.0.0.0/0" },
	{ "local", "::/0" },
	{ "remote", "10.0.0.7/8" },
	{ "local", "10.0.0.7,10.0.0.8" },
	{ "remote", "" },
	{ "lport", "443-80" },
	{ "lport", "65536" },
	{ "rport", "1-" },
	{ "rport", "-5" },
	{ "proto", "256" },
	{ "proto", "TCP" },
	{ "dsfield", "0x100" },
	{ "dsfield", "0xff:0x0f" },
	{ "dsfield", "0:0" },
	{ "vlan", "0" },
	{ "vlan", "4095" },
	{ "rank", "65536" },
	{ "dir", "up" },
	{ "maxbw", "63999" },
	{ "maxbw", "41gbit" },
	{ "maxbw", "1.mbit" },
	{ "maxbw", "1mb" },
	{ "maxbw", "-1mbit" },
	{ "maxbw", "0" },
	{ "maxbw_in", "99999999999999999999" },
	{ "priority", "urgent" },
	{ "to", "" },
	{ "to", "vnet" },
	{ "to", "vnet " },
	{ "to", "vnet a b" },
	{ "to", "vnet abcdefghijklmn" },
	{ "to", "vnets" },
	{ "to", "cpu" },
	{ "to", "cpu3" },
	{ "to", "cpu -1" },
	{ "to", "cpu 65536" },
	{ "to", "xsk 1" },
};

START_TEST(test_bad_value)
{
	world_usual(w);
	ck_assert_int_eq(
		world_try_flow(w, "vnet0", "x", bad_values[_i].key, bad_values[_i].value, NULL),
		-EINVAL);
	ck_assert_str_eq(w->e.field, bad_values[_i].key);
	ck_assert_ptr_null(world_find_flow(w, "vnet0", "x"));
}
END_TEST

START_TEST(test_not_there)
{
	int err;

	world_usual(w);
	world_flow(w, "vnet0", "a", NULL);
	err = world_try_flow(w, "vnet0", "a", "proto", "udp", NULL);
	world_refused(w, err, ERROR_EXISTS, EEXIST, "vnet0/a", "name",
		      "vnet0/a: vnet0 has a flow of that name already");
	err = world_try_flow(w, "nobody", "a", NULL);
	world_refused(w, err, ERROR_NOT_FOUND, ENOENT, "nobody", "",
		      "there is no vnet or uplink \"nobody\"");
	err = manager_flow_del(w->m, "vnet0", "b", &w->e);
	world_refused(w, err, ERROR_NOT_FOUND, ENOENT, "vnet0/b", "",
		      "vnet vnet0 has no flow \"b\"");
}
END_TEST

static const char *const fault_calls[] = { "limit_write", "flow_write", "vnet_write" };

START_TEST(test_fails)
{
	char *before, *after;

	world_usual(w);
	world_flow(w, "vnet0", "a", "proto", "udp", "maxbw", "64kbit");
	manager_flow_del(w->m, "vnet0", "a", &w->e);
	before = world_text(w);
	fake_kernel_fail_once(w->k, fault_calls[_i], EIO, 0);
	ck_assert_int_eq(world_try_flow(w, "vnet0", "x", "maxbw", "1mbit", NULL), -EIO);
	fake_kernel_heal(w->k);
	manager_settle(w->m);
	after = world_text(w);
	world_same(fault_calls[_i], before, after);
	free(before);
	free(after);
	w->save_fails = true;
	ck_assert_int_eq(world_try_flow(w, "vnet0", "x", "maxbw", "1mbit", NULL), -ENOSPC);
	w->save_fails = false;
	ck_assert_uint_eq(fake_kernel_count(&w->k->flows), 0);
	ck_assert_uint_eq(fake_kernel_count(&w->k->limits), 0);
}
END_TEST

static const struct {
	const char *key, *value, *formatted;
} texts[] = {
	{ "maxbw", "64kbit", "64kbit" },
	{ "maxbw", "1.5mbit", "1500kbit" },
	{ "maxbw", "40gbit", "40gbit" },
	{ "maxbw", "1000000", "1mbit" },
	{ "maxbw", "100kbps", "800kbit" },
	{ "maxbw", "64001", "64001bit" },
	{ "maxbw", "1MBIT", "1mbit" },
	{ "maxbw", "none", "none" },
	{ "local", "10.1.0.0/16", "10.1.0.0/16" },
	{ "remote", "2001:DB8::1", "2001:db8::1" },
	{ "dsfield", "46", "0x2e" },
	{ "dsfield", "0xb8:0xfc", "0xb8:0xfc" },
	{ "proto", "6", "tcp" },
	{ "proto", "99", "99" },
	{ "lport", "80-80", "80" },
	{ "rport", "8000-8999", "8000-8999" },
	{ "dir", "out", "out" },
	{ "dir", "both", "both" },
	{ "vlan", "any", "any" },
	{ "rank", "0", "0" },
	{ "priority", "medium", "medium" },
	{ "to", "none", "none" },
	{ "to", "xsk", "xsk" },
	{ "to", "vnet  web", "vnet web" },
	{ "to", "cpu 0", "cpu 0" },
};

START_TEST(test_text)
{
	const struct setting *s = settings_find(settings_flow, texts[_i].key);
	char text[SETTINGS_TEXT_SIZE];
	struct flow_settings settings;

	settings_flow_default(&settings);
	ck_assert_int_eq(s->parse(&settings, texts[_i].value), 0);
	s->format(&settings, text);
	ck_assert_str_eq(text, texts[_i].formatted);
	settings_flow_default(&settings);
	ck_assert_int_eq(s->parse(&settings, texts[_i].formatted), 0);
	s->format(&settings, text);
	ck_assert_str_eq(text, texts[_i].formatted);
}
END_TEST

START_TEST(test_show)
{
	struct json_object *o;

	world_usual(w);
	world_flow(w, "vnet0", "a", "proto", "udp", "maxbw_in", "64kbit");
	o = show_flow(manager_kernel(w->m), world_find_flow(w, "vnet0", "a"));
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "owner")), "vnet0");
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "maxbw")), "none");
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "maxbw_in")), "64kbit");
	ck_assert_int_eq(json_object_get_int(json_object_object_get(o, "obytes")), 1000);
	json_object_put(o);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("flow", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_made);
	tcase_add_test(t, test_order);
	tcase_add_test(t, test_uplink_owner);
	tcase_add_test(t, test_limits);
	tcase_add_test(t, test_restart);
	tcase_add_test(t, test_goes_with_owner);
	tcase_add_loop_test(t, test_refused, 0, UTIL_ARRAY_SIZE(refusals));
	tcase_add_loop_test(t, test_bad_value, 0, UTIL_ARRAY_SIZE(bad_values));
	tcase_add_test(t, test_not_there);
	tcase_add_loop_test(t, test_fails, 0, UTIL_ARRAY_SIZE(fault_calls));
	tcase_add_loop_test(t, test_text, 0, UTIL_ARRAY_SIZE(texts));
	tcase_add_test(t, test_show);
	return unit_run(s);
}
