/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer to "which way would a frame go": every row of the policy's TX side, and that it is
 * read from the maps in the kernel and from nowhere else. (Every test that calls world_check() asks
 * as well, and compares with the words of the design.)
 */
#include <errno.h>

#include "../../daemon/path.h"
#include "world.h"

#define UNKNOWN	  "02:77:00:00:00:77"
#define BROADCAST "ff:ff:ff:ff:ff:ff"
#define MULTICAST "33:33:00:00:00:01"

static struct world *w;

static void setup(void)
{
	w = world_new();
	world_usual(w);
}

static void teardown(void)
{
	world_free(w);
}

static struct path_answer ask(const char *mac, uint16_t vlan)
{
	struct path_answer answer;
	uint8_t bytes[MAC_LEN];

	ck_assert_int_eq(mac_parse(mac, bytes), 0);
	ck_assert_int_eq(path_find(world_find(w, "vnet0"), bytes, vlan, &answer), 0);
	return answer;
}

static void goes(const char *mac, uint16_t vlan, const char *resource, const char *reason)
{
	struct path_answer a = ask(mac, vlan);

	ck_assert_str_eq(a.resource ? a.resource->name : "-", resource);
	ck_assert_str_eq(a.reason, reason);
}

/* Up: bit 0 the service, 1 the guest, 2 h1, 3 h2. */
static void set_up(unsigned int up)
{
	world_carrier(w, "s0", up & 1);
	world_carrier(w, "g0", up & 2);
	world_carrier(w, "h10", up & 4);
	world_carrier(w, "h20", up & 8);
}

START_TEST(test_policy)
{
	static const struct {
		unsigned int up;
		const char *unicast, *why_unicast, *guest, *why_guest, *multicast, *why_multicast;
	} rows[] = {
		{ 15, "h1", "hybrid", "g", "guest", "s", "multicast" },
		{ 14, "h1", "hybrid", "g", "guest", "-", "no_service" },
		{ 13, "h1", "hybrid", "s", "guest-over-service", "s", "multicast" },
		{ 12, "h1", "hybrid", "h1", "hybrid", "-", "no_service" },
		{ 11, "h2", "hybrid", "g", "guest", "s", "multicast" },
		{ 8, "h2", "hybrid", "h2", "hybrid", "-", "no_service" },
		{ 3, "s", "service", "g", "guest", "s", "multicast" },
		{ 2, "-", "no_path", "g", "guest", "-", "no_service" },
		{ 1, "s", "service", "s", "guest-over-service", "s", "multicast" },
		{ 0, "-", "no_path", "-", "no_path", "-", "no_service" },
	};

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(rows); i++) {
		set_up(rows[i].up);
		goes(UNKNOWN, 0, rows[i].unicast, rows[i].why_unicast);
		goes(WORLD_PEER, 0, rows[i].guest, rows[i].why_guest);
		goes(BROADCAST, 0, rows[i].multicast, rows[i].why_multicast);
		goes(MULTICAST, 0, rows[i].multicast, rows[i].why_multicast);
		goes(UNKNOWN, 1, rows[i].unicast, rows[i].why_unicast); /* the pvid, said aloud */
		goes(UNKNOWN, 99, "-", "vlan");
	}
}
END_TEST

START_TEST(test_why)
{
	ck_assert_str_eq(ask(WORLD_PEER, 0).why,
			 "the MAC is registered and its guest resource is up");
	ck_assert_str_eq(ask(UNKNOWN, 5).why, "the VLAN is not admitted");
	set_up(0);
	ck_assert_str_eq(ask(BROADCAST, 0).why,
			 "broadcast or multicast, and no service resource is up");
	ck_assert_str_eq(ask(UNKNOWN, 0).why, "no resource that could carry the frame is up");
}
END_TEST

START_TEST(test_vlans)
{
	world_set(w, "vnet0", "vlans", "10,4094");
	goes(WORLD_PEER, 10, "g", "guest");
	goes(UNKNOWN, 4094, "h1", "hybrid");
	goes(UNKNOWN, 11, "-", "vlan");
	/* the resource that was chosen has to admit it as well */
	world_resource_set(w, "vnet0", "h1", "vlans", "10");
	goes(UNKNOWN, 10, "h1", "hybrid");
	goes(UNKNOWN, 4094, "-", "vlan");
	/* the guest is no member there: its MAC is like any other */
	world_resource_set(w, "vnet0", "g", "vlans", "4094");
	goes(WORLD_PEER, 10, "h1", "hybrid");
	goes(WORLD_PEER, 4094, "g", "guest");
}
END_TEST

START_TEST(test_hybrid_needs_service)
{
	world_set(w, "vnet0", "hybrid_needs_service", "on");
	goes(UNKNOWN, 0, "h1", "hybrid");
	set_up(14);
	goes(UNKNOWN, 0, "-", "no_path");
	goes(WORLD_PEER, 0, "g", "guest");
}
END_TEST

static void put(const char *name, uint8_t up, uint32_t fallback)
{
	const struct resource *r = world_find_resource(w, "vnet0", name);
	struct abi_resource row = *fake_kernel_resource(w->k, r->number);

	row.up = up;
	row.fallback = fallback;
	w->k->kernel.ops->resource_write(w->k, r->number, &row);
}

/* Whatever the manager believes: the rows count. */
START_TEST(test_maps_count)
{
	struct abi_fdb_key key = { .vnet = 1, .vlan = 1 };
	uint32_t guest = world_find_resource(w, "vnet0", "g")->number;
	uint32_t h1 = world_find_resource(w, "vnet0", "h1")->number;
	uint32_t h2 = world_find_resource(w, "vnet0", "h2")->number;
	const struct kernel_ops *ops = w->k->kernel.ops;

	put("h1", 0, h2);
	goes(UNKNOWN, 0, "h2", "hybrid");
	put("h1", 0, 0);
	goes(UNKNOWN, 0, "s", "service");
	/* a loop is walked a bounded number of times */
	put("h1", 0, h2);
	put("h2", 0, h1);
	goes(UNKNOWN, 0, "s", "service");
	mac_parse(UNKNOWN, key.mac);
	ops->fdb_write(w->k, &key, guest);
	goes(UNKNOWN, 0, "g", "guest");
	/* an entry that leads to nothing */
	ops->fdb_write(w->k, &key, 4711);
	goes(UNKNOWN, 0, "s", "guest-over-service");
	ops->resource_write(w->k, guest, NULL);
	goes(WORLD_PEER, 0, "s", "guest-over-service");
}
END_TEST

/* A device that is of no use is passed over, as the program does, before its row says so. */
START_TEST(test_devices_count)
{
	static const char *const devices[] = { "h10", "h20" };

	for (size_t i = 0; i < UTIL_ARRAY_SIZE(devices); i++) {
		goes(UNKNOWN, 0, i ? "h2" : "h1", "hybrid");
		world_carrier(w, devices[i], false);
		put("h1", 1, world_find_resource(w, "vnet0", "h2")->number);
		put("h2", 1, 0);
		goes(UNKNOWN, 0, i ? "s" : "h2", i ? "service" : "hybrid");
	}
	world_carrier(w, "g0", false);
	put("g", 1, 0);
	goes(WORLD_PEER, 0, "s", "guest-over-service");
	fake_kernel_find(w->k, "s0")->flags &= ~(uint32_t)IFF_UP;
	fake_kernel_tell(w->k, w->m, "s0");
	put("s", 1, 0);
	goes(BROADCAST, 0, "-", "no_service");
	world_carrier(w, "h10", true);
	goes(WORLD_PEER, 0, "h1", "hybrid");
}
END_TEST

START_TEST(test_no_row)
{
	static const uint8_t mac[MAC_LEN] = { 2 };
	struct path_answer answer = { .reason = "untouched" };

	w->k->kernel.ops->vnet_write(w->k, 1, NULL);
	ck_assert_int_eq(path_find(world_find(w, "vnet0"), mac, 0, &answer), -ENOENT);
	ck_assert_str_eq(answer.reason, "untouched");
}
END_TEST

/* As many hybrids as there can be, the last of them alone up. */
START_TEST(test_long_chain)
{
	char name[8], device[8], priority[8];

	for (int i = 2; i < ABI_HYBRIDS_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		snprintf(device, sizeof(device), "n%d0", i);
		snprintf(priority, sizeof(priority), "%d", 100 + i);
		world_device(w, device);
		world_resource(w, "vnet0", name, "type", "hybrid", "device", device, "priority",
			       priority);
		if (i < ABI_HYBRIDS_MAX - 1)
			world_carrier(w, device, false);
	}
	set_up(3);
	goes(UNKNOWN, 0, name, "hybrid");
	goes(WORLD_PEER, 0, "g", "guest");
	set_up(0);
	goes(WORLD_PEER, 0, name, "hybrid");
	world_check(w);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("path", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_policy);
	tcase_add_test(t, test_why);
	tcase_add_test(t, test_vlans);
	tcase_add_test(t, test_hybrid_needs_service);
	tcase_add_test(t, test_maps_count);
	tcase_add_test(t, test_devices_count);
	tcase_add_test(t, test_no_row);
	tcase_add_test(t, test_long_chain);
	return unit_run(s);
}
