// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Flows in the programs' table: what is found there by way of masks is what a look at all rules,
 * one by one, finds.
 */
#include <errno.h>

#include "../../daemon/flow_limit.h"
#include "flow_maps.h"
#include "unit.h"

#define OWNERS	   3
#define NUMBERS	   60
#define STEPS	   4000
#define FRAMES	   6
#define PORTS_END  65536u
#define RANGES_MAX 20000

/* --- random rules and frames, of a world that is small enough for them to meet --- */

static uint64_t random_state;

static uint32_t below(uint32_t end)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)((random_state >> 33) % end);
}

static bool chance(uint32_t percent)
{
	return below(100) < percent;
}

static void some_address(bool ipv4, uint8_t ret[FLOW_ADDRESS_LEN])
{
	static const uint8_t v4[] = { [10] = 0xff, 0xff, 10, 0, 0, 0 };
	static const uint8_t v6[FLOW_ADDRESS_LEN] = { 0xfd };

	memcpy(ret, ipv4 ? v4 : v6, FLOW_ADDRESS_LEN);
	ret[13] = (uint8_t)below(2);
	ret[15] = (uint8_t)below(4);
	if (!ipv4)
		ret[1] = (uint8_t)below(2);
}

static struct flow_prefix some_prefix(bool ipv4)
{
	static const uint8_t v4[] = { 97, 104, 120, 126, 127, 128 };
	static const uint8_t v6[] = { 1, 8, 15, 16, 64, 111, 126, 127, 128 };
	struct flow_prefix p = { .ipv4 = ipv4 };

	if (chance(40))
		return (struct flow_prefix) { 0 };
	p.length = ipv4 ? v4[below(sizeof(v4))] : v6[below(sizeof(v6))];
	some_address(ipv4, p.address);
	for (size_t i = p.length; i < FLOW_ADDRESS_BITS; i++)
		p.address[i / 8] &= (uint8_t) ~(0x80u >> (i % 8));
	return p;
}

static uint16_t some_port(void)
{
	static const uint16_t ports[] = { 0, 1, 22, 79, 80, 81, 1023, 1024, 65534, 65535 };

	return ports[below(UTIL_ARRAY_SIZE(ports))];
}

static struct flow_ports some_ports(void)
{
	uint16_t a = some_port(), b = chance(80) ? a : some_port();

	if (chance(50))
		return (struct flow_ports) { 0 };
	return (struct flow_ports) { true, a < b ? a : b, a < b ? b : a };
}

static struct flow_rule some_rule(void)
{
	const bool ipv4 = chance(50), out = chance(60);
	struct flow_rule r = { .owner = below(OWNERS) ? 1 + below(2) : ABI_OF_UPLINK | 1,
			       .number = 1 + below(NUMBERS),
			       .out = out,
			       .in = !out || chance(50),
			       .rank = (uint16_t)below(3) };
	struct flow_match *m = &r.match;

	m->local = some_prefix(ipv4);
	m->remote = some_prefix(ipv4);
	m->has_proto = chance(60);
	m->proto = m->has_proto ? (uint8_t)(chance(50) ? 6 : 17) : 0;
	if (m->has_proto) {
		m->lport = some_ports();
		m->rport = some_ports();
	}
	m->dsfield_mask = chance(20) ? (uint8_t)(chance(50) ? 0xfc : 0x80) : 0;
	m->dsfield = (uint8_t)below(256) & m->dsfield_mask;
	m->vlan = chance(20) ? (uint16_t)(1 + below(2)) : 0;
	return r;
}

static struct abi_flow_key some_frame(void)
{
	struct abi_flow_key f = { .owner = below(OWNERS) ? 1 + below(2) : ABI_OF_UPLINK | 1,
				  .direction = (uint8_t)below(ABI_DIRECTION_END),
				  .vlan = (uint16_t)(1 + below(3)) };
	const bool ipv4 = chance(50);

	if (chance(5))
		return f;
	f.known = ABI_FLOW_IP | (ipv4 ? ABI_FLOW_V4 : ABI_FLOW_V6);
	some_address(ipv4, f.local);
	some_address(ipv4, f.remote);
	f.dsfield = (uint8_t)below(256);
	if (chance(5))
		return f;
	f.known |= ABI_FLOW_PROTO;
	f.proto = chance(45) ? 6 : chance(80) ? 17 : 1;
	if (f.proto == 1 || chance(10))
		return f;
	f.known |= ABI_FLOW_PORTS;
	f.lport = some_port();
	f.rport = some_port();
	return f;
}

static void compare(const struct flow_maps *m, const struct flow_table *t, int step)
{
	for (int i = 0; i < FRAMES; i++) {
		struct abi_flow_key f = some_frame();
		uint32_t want = flow_maps_search(t, NUMBERS, &f), got = flow_maps_look(m, &f);

		ck_assert_msg(want == got, "step %d: flow %u is found, not %u", step, got, want);
	}
}

/* --- the tests --- */

static const struct abi_flow_shape no_shape;

static struct flow_table *table_new(struct flow_maps *m)
{
	struct flow_table *t;

	ck_assert_int_eq(flow_table_new(&flow_maps_ops, m, &t), 0);
	return t;
}

static void finish(struct flow_maps *m, struct flow_table *t)
{
	for (uint32_t number = 1; number <= NUMBERS; number++)
		ck_assert_int_eq(flow_table_remove(t, number), 0);
	ck_assert(flow_maps_are_empty(m));
	flow_table_free(t);
	free(m);
}

START_TEST(finds_what_a_search_finds)
{
	struct flow_maps *m = flow_maps_new();
	struct flow_table *t = table_new(m);
	int r, refused = 0;

	random_state = (uint64_t)_i + 1;
	for (int step = 0; step < STEPS; step++) {
		struct flow_rule rule = some_rule();

		if (chance(40)) {
			ck_assert_int_eq(flow_table_remove(t, rule.number), 0);
			ck_assert_ptr_null(flow_table_find(t, rule.number));
		} else {
			r = flow_table_set(t, &rule);
			ck_assert(r == 0 || r == -EALREADY || r == -ENOSPC);
			refused += r != 0;
		}
		compare(m, t, step);
	}
	ck_assert_int_lt(refused, STEPS / 10);
	finish(m, t);
}
END_TEST

/* A write that fails leaves the frames with what they had. */
START_TEST(a_failure_changes_nothing)
{
	struct flow_maps *m = flow_maps_new();
	struct flow_table *t = table_new(m);

	random_state = 77;
	for (int step = 0; step < STEPS / 4; step++) {
		struct flow_rule rule = some_rule();
		const struct flow_rule *old = flow_table_find(t, rule.number);
		struct flow_rule before = old ? *old : (struct flow_rule) { 0 };

		m->fail_after = (int)below(6);
		m->added = rule.number;
		if (flow_table_set(t, &rule) == -EIO) {
			old = flow_table_find(t, rule.number);
			ck_assert(before.number ? old && memcmp(old, &before, sizeof(before)) == 0
						: !old);
		}
		m->fail_after = -1;
		compare(m, t, step);
	}
	finish(m, t);
}
END_TEST

/* As after a restart: the same rules in another order, over maps that are there. */
START_TEST(a_restart_writes_nothing)
{
	struct flow_maps *m = flow_maps_new();
	struct flow_table *t = table_new(m), *again;

	random_state = 5;
	for (int i = 0; i < 2 * NUMBERS; i++) {
		struct flow_rule rule = some_rule();

		if (flow_table_set(t, &rule) == 0 && chance(20))
			ck_assert_int_eq(flow_table_remove(t, rule.number), 0);
	}
	again = table_new(m);
	for (uint16_t number = 1; number < ABI_FLOW_SHAPES_MAX; number++)
		if (memcmp(&m->shapes[number], &no_shape, sizeof(no_shape)) != 0)
			ck_assert_int_eq(flow_table_adopt(again, number, &m->shapes[number]), 0);
	flow_table_hold(again);
	m->writes = 0;
	for (uint32_t number = NUMBERS; number; number--)
		if (flow_table_find(t, number))
			ck_assert_int_eq(flow_table_set(again, flow_table_find(t, number)), 0);
	ck_assert_int_eq(flow_table_release(again), 0);
	for (struct flow_maps_list *l = m->lists; l; l = l->hh.next)
		ck_assert(flow_table_has_list(again, &l->key));
	for (struct flow_maps_row *row = m->rows; row; row = row->hh.next)
		ck_assert(flow_table_has_row(again, &row->key));
	flow_table_free(t);
	compare(m, again, 0);
	finish(m, again);
}
END_TEST

/* Shapes of an earlier life that nobody uses go at the end, and their numbers are not taken before.
 */
START_TEST(what_nobody_wants_goes)
{
	struct flow_rule rule = { .owner = 1, .number = 1, .out = true, .match.vlan = 5 };
	struct flow_maps *m = flow_maps_new();
	struct flow_table *t = table_new(m);

	m->shapes[1].mask[0] = m->shapes[2].mask[0] = UINT64_MAX;
	m->shapes[1].mask[5] = 1;
	ck_assert_int_eq(flow_table_adopt(t, 1, &m->shapes[1]), 0);
	ck_assert_int_eq(flow_table_adopt(t, 2, &m->shapes[2]), 0);
	ck_assert_int_eq(flow_table_adopt(t, 2, &m->shapes[2]), -EINVAL);
	flow_table_hold(t);
	ck_assert_int_eq(flow_table_set(t, &rule), 0);
	ck_assert_uint_eq(m->writes, 0);
	ck_assert(flow_table_has_shape(t, 1) && flow_table_has_shape(t, 3));
	ck_assert_int_eq(flow_table_release(t), 0);
	ck_assert(!flow_table_has_shape(t, 1) && !flow_table_has_shape(t, 2));
	ck_assert_uint_eq(m->shapes[1].mask[0], 0);
	finish(m, t);
}
END_TEST

START_TEST(the_same_twice)
{
	struct flow_rule a = { .owner = 1, .number = 1, .out = true, .match.vlan = 5 }, b = a;
	struct flow_maps *m = flow_maps_new();
	struct flow_table *t = table_new(m);

	ck_assert_int_eq(flow_table_set(t, &a), 0);
	m->writes = 0;
	ck_assert_int_eq(flow_table_set(t, &a), 0);
	ck_assert_uint_eq(m->writes, 0);
	b.number = 2;
	ck_assert_int_eq(flow_table_set(t, &b), -EALREADY);
	b.in = true;
	ck_assert_int_eq(flow_table_set(t, &b), -EALREADY);
	b.out = false;
	ck_assert_int_eq(flow_table_set(t, &b), 0);
	a.in = true;
	ck_assert_int_eq(flow_table_set(t, &a), -EALREADY);
	a.rank = 1;
	ck_assert_int_eq(flow_table_set(t, &a), 0);
	b.owner = 2;
	b.number = 3;
	b.out = true;
	ck_assert_int_eq(flow_table_set(t, &b), 0);
	finish(m, t);
}
END_TEST

/* As many shapes as a list takes, and one more. */
START_TEST(too_many_shapes)
{
	struct flow_rule rule = { .owner = 1, .out = true };
	struct flow_maps *m = flow_maps_new();
	struct flow_table *t = table_new(m);
	size_t writes;

	for (uint32_t i = 1; i <= ABI_FLOW_LIST_MAX + 1u; i++) {
		rule.number = i;
		rule.match.dsfield_mask = (uint8_t)i;
		rule.match.vlan = i > 255 ? 1 : 0;
		writes = m->writes;
		ck_assert_int_eq(flow_table_set(t, &rule), i > ABI_FLOW_LIST_MAX ? -ENOSPC : 0);
	}
	ck_assert_ptr_null(flow_table_find(t, rule.number));
	ck_assert_uint_eq(m->writes, writes + 2); /* the shape came and went */
	rule.owner = 2;
	ck_assert_int_eq(flow_table_set(t, &rule), 0);
	for (uint32_t i = NUMBERS + 1; i <= ABI_FLOW_LIST_MAX + 1u; i++)
		ck_assert_int_eq(flow_table_remove(t, i), 0);
	finish(m, t);
}
END_TEST

/* Each port of the range is in exactly one row, and no other port in any. */
START_TEST(ranges_of_ports)
{
	static const struct {
		uint16_t first, last;
		size_t rows;
	} ranges[] = { { 80, 80, 1 },	    { 0, 65535, 1 },	 { 1, 65534, 30 },
		       { 1024, 65535, 6 },  { 5000, 5999, 9 },	 { 0, 0, 1 },
		       { 65535, 65535, 1 }, { 32768, 65535, 1 }, { 0, 1022, 10 } };
	struct flow_match m = { .has_proto = true, .proto = 6 };
	struct flow_row *rows;
	size_t count, in;

	m.rport = (struct flow_ports) { true, ranges[_i].first, ranges[_i].last };
	ck_assert_int_eq(flow_match_rows(&m, &rows, &count), 0);
	ck_assert_uint_eq(count, ranges[_i].rows);
	for (uint32_t port = 0; port < PORTS_END; port++) {
		in = 0;
		for (size_t i = 0; i < count; i++) {
			struct abi_flow_key mask;

			memcpy(&mask, &rows[i].shape, sizeof(mask));
			in += (port & mask.rport) == rows[i].key.rport;
		}
		ck_assert_uint_eq(in, port >= ranges[_i].first && port <= ranges[_i].last);
	}
	free(rows);
}
END_TEST

/* What leaves equally many frames is equal, however it is said; unless it names more ports. */
START_TEST(as_specific_in_other_words)
{
	const struct flow_ports one = { true, 67, 67 }, six = { true, 10, 15 },
				thirty_six = { true, 500, 535 };
	struct flow_match a = { .has_proto = true, .proto = 17 }, b = a;

	a.lport = a.rport = six;
	b.lport = one;
	b.rport = thirty_six;
	ck_assert_uint_eq(flow_match_bits(&a), flow_match_bits(&b));
	ck_assert_uint_lt(flow_match_order(&a, 3, 1), flow_match_order(&b, 3, 2));
	b.rport.set = false;
	a = (struct flow_match) { .remote = { .ipv4 = true, .length = 96 + 24 } };
	ck_assert_uint_gt(flow_match_bits(&b), flow_match_bits(&a));
	a.remote.length++;
	ck_assert_uint_lt(flow_match_bits(&b), flow_match_bits(&a));
}
END_TEST

/* Who takes fewer of the same frames goes first. */
START_TEST(the_more_specific_first)
{
	random_state = 9;
	for (int i = 0; i < RANGES_MAX; i++) {
		struct flow_match wide = some_rule().match, narrow;

		wide.has_proto = true;
		wide.proto = 6;
		wide.lport = (struct flow_ports) { true, (uint16_t)below(1000),
						   (uint16_t)(1000 + below(64536)) };
		narrow = wide;
		narrow.lport.last--;
		ck_assert_uint_gt(flow_match_bits(&narrow), flow_match_bits(&wide));
		narrow = wide;
		wide.lport.set = false;
		ck_assert_uint_gt(flow_match_bits(&narrow), flow_match_bits(&wide));
		wide.rport.set = narrow.rport.set = false;
		narrow.lport = (struct flow_ports) { true, 0, 65535 };
		ck_assert_uint_gt(flow_match_bits(&narrow), flow_match_bits(&wide));
		wide.lport.set = narrow.lport.set = wide.has_proto = false;
		ck_assert_uint_gt(flow_match_bits(&narrow), flow_match_bits(&wide));
		ck_assert_uint_lt(flow_match_order(&narrow, 3, 9), flow_match_order(&wide, 3, 1));
		ck_assert_uint_lt(flow_match_order(&wide, 2, 9), flow_match_order(&narrow, 3, 1));
	}
}
END_TEST

START_TEST(what_is_valid)
{
	static const struct {
		struct flow_match match;
		bool valid;
	} rows[] = {
		{ { .vlan = 0 }, true },
		{ { .vlan = 4095 }, true },
		{ { .vlan = 4096 }, false },
		{ { .dsfield = 0xb8, .dsfield_mask = 0xfc }, true },
		{ { .dsfield = 0xb8, .dsfield_mask = 0x30 }, false },
		{ { .lport = { true, 80, 80 } }, false },
		{ { .lport = { true, 80, 80 }, .has_proto = true, .proto = 6 }, true },
		{ { .lport = { true, 80, 80 }, .has_proto = true, .proto = 1 }, false },
		{ { .rport = { true, 81, 80 }, .has_proto = true, .proto = 17 }, false },
		{ { .local = { .length = 8, .address = { 0xfd } } }, true },
		{ { .local = { .length = 7, .address = { 0xfd } } }, false },
		{ { .local = { .length = 129 } }, false },
		{ { .local = { .length = 96, .ipv4 = true } }, false },
		{ { .local = { .length = 104,
			       .ipv4 = true,
			       .address = { [10] = 0xff, 0xff, 10 } } },
		  true },
		{ { .local = { .length = 104, .ipv4 = true, .address = { [10] = 0xff, 0xff, 10 } },
		    .remote = { .length = 8, .address = { 0xfd } } },
		  false },
	};

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(rows); i++)
		ck_assert_msg(flow_match_is_valid(&rows[i].match) == rows[i].valid, "row %zu", i);
}
END_TEST

/* From the slowest to the fastest, a second's worth of bytes takes a second. */
START_TEST(limits)
{
	static const uint64_t rates[] = { FLOW_LIMIT_MIN_BITS, 1000000,	    100000000,
					  1000000000,	       10000000000, FLOW_LIMIT_MAX_BITS };
	struct abi_limit row;
	double second;

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(rates); i++) {
		flow_limit_row(0, rates[i], &row);
		second =
			(double)row.byte_ns[ABI_TX] / (1 << ABI_LIMIT_SHIFT) * (double)rates[i] / 8;
		ck_assert_double_eq_tol(second, 1e9, 1e5);
		ck_assert_uint_gt(row.burst_ns[ABI_TX], 0);
		ck_assert_uint_le(row.horizon_ns[ABI_TX], 2000000000);
		/* the longest frame is not too much for the arithmetic */
		ck_assert_uint_lt(row.byte_ns[ABI_TX], UINT64_MAX / 1000000);
		ck_assert_uint_eq(row.byte_ns[ABI_RX], 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flow_table");
	TCase *tc = tcase_create("table");

	tcase_add_loop_test(tc, finds_what_a_search_finds, 0, 8);
	tcase_add_test(tc, a_failure_changes_nothing);
	tcase_add_test(tc, a_restart_writes_nothing);
	tcase_add_test(tc, what_nobody_wants_goes);
	tcase_add_test(tc, the_same_twice);
	tcase_add_test(tc, too_many_shapes);
	tcase_add_loop_test(tc, ranges_of_ports, 0, 9);
	tcase_add_test(tc, the_more_specific_first);
	tcase_add_test(tc, as_specific_in_other_words);
	tcase_add_test(tc, what_is_valid);
	tcase_add_test(tc, limits);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
