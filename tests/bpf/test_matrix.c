// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every combination of states of a service, a guest and a hybrid, and where frames for the guest,
 * for a stranger and for all go then: TX 2 to TX 4 of the policy, and RX 2.
 */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* G: over the guest, S: the service, H: the hybrid, -: dropped. */
struct row {
	const char *service, *guest, *hybrid;
	char known, unknown, flood;
};

static const struct row rows[] = {
	{ "up", "up", "up", 'G', 'H', 'S' },
	{ "up", "up", "down", 'G', 'S', 'S' },
	{ "up", "up", "absent", 'G', 'S', 'S' },
	{ "up", "down", "up", 'S', 'H', 'S' },
	{ "up", "down", "down", 'S', 'S', 'S' },
	{ "up", "down", "absent", 'S', 'S', 'S' },
	{ "up", "absent", "up", 'H', 'H', 'S' },
	{ "up", "absent", "down", 'S', 'S', 'S' },
	{ "up", "absent", "absent", 'S', 'S', 'S' },

	{ "down", "up", "up", 'G', 'H', '-' },
	{ "down", "up", "down", 'G', '-', '-' },
	{ "down", "up", "absent", 'G', '-', '-' },
	{ "down", "down", "up", 'H', 'H', '-' },
	{ "down", "down", "down", '-', '-', '-' },
	{ "down", "down", "absent", '-', '-', '-' },
	{ "down", "absent", "up", 'H', 'H', '-' },
	{ "down", "absent", "down", '-', '-', '-' },
	{ "down", "absent", "absent", '-', '-', '-' },

	{ "absent", "up", "up", 'G', 'H', '-' },
	{ "absent", "up", "down", 'G', '-', '-' },
	{ "absent", "up", "absent", 'G', '-', '-' },
	{ "absent", "down", "up", 'H', 'H', '-' },
	{ "absent", "down", "down", '-', '-', '-' },
	{ "absent", "down", "absent", '-', '-', '-' },
	{ "absent", "absent", "up", 'H', 'H', '-' },
	{ "absent", "absent", "down", '-', '-', '-' },
	{ "absent", "absent", "absent", '-', '-', '-' },

	/* held down: for what nothing else carries */
	{ "up", "held", "held", 'S', 'S', 'S' },
	{ "up", "held", "up", 'S', 'H', 'S' },
	{ "up", "up", "held", 'G', 'S', 'S' },
	{ "up", "absent", "held", 'S', 'S', 'S' },
	{ "down", "held", "held", 'G', 'H', '-' },
	{ "down", "held", "up", 'H', 'H', '-' },
	{ "down", "held", "down", 'G', '-', '-' },
	{ "down", "up", "held", 'G', 'H', '-' },
	{ "down", "down", "held", 'H', 'H', '-' },
	{ "absent", "held", "held", 'G', 'H', '-' },
};

_Static_assert(ARRAY_SIZE(rows) == 3 * 3 * 3 + 10, "every combination, and those held down");

struct place {
	char scene[96];
	char name[160];
};

static void scene_of(const struct row *row, struct place *ret)
{
	snprintf(ret->scene, sizeof(ret->scene), "service=%s g1=%s h1=%s", row->service, row->guest,
		 row->hybrid);
}

static struct fixture_expect sent(char letter, enum abi_reason by_service, enum abi_drop none)
{
	struct fixture_expect e = { .verdict = MODEL_REDIRECT, .vnet = SCENE_A };

	switch (letter) {
	case 'G':
		e.resource = SCENE_G1;
		e.reason = ABI_REASON_GUEST;
		break;
	case 'S':
		e.resource = SCENE_SERVICE;
		e.reason = by_service;
		break;
	case 'H':
		e.resource = SCENE_H1;
		e.reason = ABI_REASON_HYBRID;
		break;
	default:
		return (struct fixture_expect) { .verdict = MODEL_DROP,
						 .vnet = SCENE_A,
						 .drop = none };
	}
	e.egress = SCENE_DEVICE(e.resource);
	return e;
}

static void check_tx(const struct row *row, const char *what, const uint8_t *dst,
		     struct fixture_expect e)
{
	struct place p;
	struct fixture f = { FIXTURE_TX(SCENE_PORT), FIXTURE_FRAME(dst, SCENE_MAC_VNET) };

	scene_of(row, &p);
	snprintf(p.name, sizeof(p.name), "%s with %s", what, p.scene);
	f.name = p.name;
	f.scene = p.scene;
	f.expect = e;
	fixture_check(&f);
}

START_TEST(known_guest)
{
	const struct row *row = &rows[_i];
	bool registered = strcmp(row->guest, "absent") != 0;

	check_tx(row, "known guest", SCENE_MAC_G1,
		 sent(row->known, registered ? ABI_REASON_GUEST_OVER_SERVICE : ABI_REASON_SERVICE,
		      ABI_DROP_NO_PATH));
}
END_TEST

START_TEST(unknown_unicast)
{
	check_tx(&rows[_i], "unknown unicast", SCENE_MAC_OUTSIDE,
		 sent(rows[_i].unknown, ABI_REASON_SERVICE, ABI_DROP_NO_PATH));
}
END_TEST

START_TEST(broadcast)
{
	check_tx(&rows[_i], "broadcast", SCENE_MAC_BROADCAST,
		 sent(rows[_i].flood, ABI_REASON_MULTICAST, ABI_DROP_NO_SERVICE));
}
END_TEST

START_TEST(multicast)
{
	check_tx(&rows[_i], "multicast", SCENE_MAC_MULTICAST,
		 sent(rows[_i].flood, ABI_REASON_MULTICAST, ABI_DROP_NO_SERVICE));
}
END_TEST

/* --- RX --- */

static void check_rx(const struct row *row, uint32_t from, const char *state, const uint8_t *dst,
		     bool duplicate)
{
	struct place p;
	struct fixture f = { FIXTURE_RX(from), FIXTURE_FRAME(dst, SCENE_MAC_G1),
			     FIXTURE_DELIVERED(from) };

	if (strcmp(state, "absent") == 0) /* its device is nobody's now */
		f.expect = (struct fixture_expect) { .verdict = MODEL_PASS };
	else if (duplicate)
		f.expect = (struct fixture_expect) { .verdict = MODEL_DROP,
						     .vnet = SCENE_A,
						     .drop = ABI_DROP_DUPLICATE };
	scene_of(row, &p);
	snprintf(p.name, sizeof(p.name), "from resource %u with %s", from, p.scene);
	f.name = p.name;
	f.scene = p.scene;
	fixture_check(&f);
}

static void check_rx_all(const struct row *row, const uint8_t *dst, bool flood)
{
	bool service_up = strcmp(row->service, "up") == 0;

	check_rx(row, SCENE_SERVICE, row->service, dst, false);
	check_rx(row, SCENE_G1, row->guest, dst, false);
	check_rx(row, SCENE_H1, row->hybrid, dst, flood && service_up);
}

/* A resource that is not up delivers all the same: what has arrived has arrived. */
START_TEST(rx_unicast)
{
	check_rx_all(&rows[_i], SCENE_MAC_VNET, false);
}
END_TEST

START_TEST(rx_broadcast)
{
	check_rx_all(&rows[_i], SCENE_MAC_BROADCAST, true);
}
END_TEST

START_TEST(rx_multicast)
{
	check_rx_all(&rows[_i], SCENE_MAC_MULTICAST, true);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("matrix");
	TCase *tc = tcase_create("states");
	const int count = ARRAY_SIZE(rows);

	tcase_add_loop_test(tc, known_guest, 0, count);
	tcase_add_loop_test(tc, unknown_unicast, 0, count);
	tcase_add_loop_test(tc, broadcast, 0, count);
	tcase_add_loop_test(tc, multicast, 0, count);
	tcase_add_loop_test(tc, rx_unicast, 0, count);
	tcase_add_loop_test(tc, rx_broadcast, 0, count);
	tcase_add_loop_test(tc, rx_multicast, 0, count);
	tcase_set_timeout(tc, FIXTURE_TIMEOUT_S);
	suite_add_tcase(suite, tc);
	return fixture_main(suite);
}
