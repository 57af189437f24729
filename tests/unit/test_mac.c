/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "../../daemon/mac.h"
#include "unit.h"

static const struct {
	const char *text;
	uint8_t mac[MAC_LEN];
	const char *formatted;
} good[] = {
	{ "02:00:00:00:00:01", { 2, 0, 0, 0, 0, 1 }, "02:00:00:00:00:01" },
	{ "00:00:00:00:00:00", { 0 }, "00:00:00:00:00:00" },
	{ "FF:ff:Ff:fF:ff:FF", { 255, 255, 255, 255, 255, 255 }, "ff:ff:ff:ff:ff:ff" },
	{ "a0:1B:2c:3D:4e:5F", { 0xa0, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f }, "a0:1b:2c:3d:4e:5f" },
};

START_TEST(reads_and_writes)
{
	char text[MAC_TEXT_SIZE];
	uint8_t mac[MAC_LEN] = { 9 };

	ck_assert_int_eq(mac_parse(good[_i].text, mac), 0);
	ck_assert_mem_eq(mac, good[_i].mac, MAC_LEN);
	ck_assert_ptr_eq(mac_format(mac, text), text);
	ck_assert_str_eq(text, good[_i].formatted);

	memset(mac, 9, sizeof(mac));
	ck_assert_int_eq(mac_parse(text, mac), 0);
	ck_assert_mem_eq(mac, good[_i].mac, MAC_LEN);
}
END_TEST

static const char *const bad[] = {
	"",
	":",
	"0",
	"02",
	"02:00:00:00:00",
	"02:00:00:00:00:",
	"02:00:00:00:00:0",
	"02:00:00:00:00:01:",
	"02:00:00:00:00:01 ",
	" 02:00:00:00:00:01",
	"02:00:00:00:00:011",
	"02:00:00:00:00:01:02",
	"2:0:0:0:0:1",
	"02-00-00-00-00-01",
	"02:00:00:00:00:0g",
	"020:0:00:00:00:01",
	"+2:00:00:00:00:01",
	"0x:00:00:00:00:01",
	"020000000001",
	"02::00:00:00:00:1",
	"\xff\xff:00:00:00:00:01",
	"random",
};

START_TEST(refuses)
{
	uint8_t mac[MAC_LEN] = { 1, 2, 3, 4, 5, 6 };
	const uint8_t before[MAC_LEN] = { 1, 2, 3, 4, 5, 6 };

	ck_assert_int_eq(mac_parse(bad[_i], mac), -EINVAL);
	ck_assert_mem_eq(mac, before, MAC_LEN);
}
END_TEST

START_TEST(random_is_local_unicast)
{
	uint8_t previous[MAC_LEN] = { 0 };

	for (int i = 0; i < 1000; i++) {
		uint8_t mac[MAC_LEN] = { 0 };

		ck_assert_int_eq(mac_random(mac), 0);
		ck_assert_uint_eq(mac[0] & 3, 2);
		ck_assert(mac_is_unicast(mac));
		ck_assert_msg(!mac_same(mac, previous), "the same random address twice in a row");
		memcpy(previous, mac, MAC_LEN);
	}
}
END_TEST

static const struct {
	uint8_t mac[MAC_LEN];
	bool unicast;
} kinds[] = {
	{ { 2, 0, 0, 0, 0, 1 }, true },
	{ { 0, 0, 0, 0, 0, 1 }, true },
	{ { 0xfe, 255, 255, 255, 255, 255 }, true },
	{ { 0 }, false },
	{ { 1, 0, 0x5e, 0, 0, 1 }, false },
	{ { 0x33, 0x33, 0, 0, 0, 1 }, false },
	{ { 255, 255, 255, 255, 255, 255 }, false },
};

START_TEST(tells_unicast)
{
	ck_assert_int_eq(mac_is_unicast(kinds[_i].mac), kinds[_i].unicast);
}
END_TEST

START_TEST(compares)
{
	const uint8_t a[MAC_LEN] = { 2, 0, 0, 0, 0, 1 };

	ck_assert(mac_same(a, (const uint8_t[MAC_LEN]) { 2, 0, 0, 0, 0, 1 }));
	ck_assert(!mac_same(a, (const uint8_t[MAC_LEN]) { 2, 0, 0, 0, 0, 2 }));
	ck_assert(!mac_same(a, (const uint8_t[MAC_LEN]) { 3, 0, 0, 0, 0, 1 }));
}
END_TEST

int main(void)
{
	TCase *c;
	Suite *s = unit_suite("mac", &c);

	tcase_add_loop_test(c, reads_and_writes, 0, UTIL_ARRAY_SIZE(good));
	tcase_add_loop_test(c, refuses, 0, UTIL_ARRAY_SIZE(bad));
	tcase_add_test(c, random_is_local_unicast);
	tcase_add_loop_test(c, tells_unicast, 0, UTIL_ARRAY_SIZE(kinds));
	tcase_add_test(c, compares);
	return unit_run(s);
}
