/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that come, go and change, and what follows from it. */
#include <errno.h>

#include "../../daemon/path.h"
#include "world.h"

static struct world *w;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_check(w);
	world_news(w);
	world_free(w);
}

static const struct link *device(const char *name)
{
	const struct link *l = fake_kernel_find(w->k, name);

	ck_assert_msg(l, "no device %s", name);
	return l;
}

static bool has_mac(const char *name, const char *mac)
{
	char text[MAC_TEXT_SIZE];

	return util_same(mac_format(device(name)->address, text), mac);
}

static bool filters(const char *name, const char *mac)
{
	char text[MAC_TEXT_SIZE];

	return util_same(mac_format(w->k->filter[device(name)->ifindex], text), mac);
}

static void state_is(const char *name, const char *state)
{
	ck_assert_str_eq(world_state(w, "vnet0", name), state);
}

static struct vnet *vnet0(void)
{
	return world_find(w, "vnet0");
}

/* --- devices come and go --- */

START_TEST(test_late_device)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_resource(w, "vnet0", "g", "type", "guest", "device", "late0", "peer", WORLD_PEER);
	state_is("g", "waiting: device late0 does not exist");
	ck_assert_uint_eq(fake_kernel_fdb(w->k, 1, 1, WORLD_PEER), 1);
	world_check(w);
	world_forget_events(w);
	world_device(w, "other0");
	ck_assert_str_eq(w->events, "");
	world_device(w, "late0");
	state_is("g", "up");
	ck_assert_str_eq(w->events, "resource-state vnet0 g up\n");
	ck_assert(filters("late0", WORLD_MAC));
	/* what was changed on it is kept for the day of its return */
	manager_settle(w->m);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"filter\": \"" WORLD_MAC "\""));
}
END_TEST

/* It comes as what cannot be taken: the state says why, and a change of that is noticed. */
START_TEST(test_late_and_unfit)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "late0");
	world_device(w, "br0");
	fake_kernel_add(w->k, "late0")->master = device("br0")->ifindex;
	fake_kernel_tell(w->k, w->m, "late0");
	state_is("h", "failed: vnet0/h: device late0 is a port of br0; take it out of there first");
	world_check(w);
	/* other news of it is no reason to try again */
	world_forget_journal(w);
	world_carrier(w, "late0", false);
	world_carrier(w, "late0", true);
	ck_assert_str_eq(w->k->journal, "");
	fake_kernel_find(w->k, "late0")->master = 0;
	fake_kernel_tell(w->k, w->m, "late0");
	state_is("h", "up");
	world_delete(w, "late0");
	fake_kernel_add(w->k, "late0")->max_mtu = 1000;
	fake_kernel_tell(w->k, w->m, "late0");
	state_is("h",
		 "failed: vnet0/h: device late0 takes an MTU of at most 1000, and vnet vnet0 has "
		 "1500");
	/* gone again, or renamed away: then it waits */
	world_rename(w, "late0", "away0");
	state_is("h", "waiting: device late0 does not exist");
	world_rename(w, "away0", "late0");
	ck_assert_int_eq(world_find_resource(w, "vnet0", "h")->state, RESOURCE_FAILED);
	world_delete(w, "late0");
	state_is("h", "waiting: device late0 does not exist");
}
END_TEST

static void made_again(const char *name, const char *resource, uint32_t ifindex)
{
	world_forget_events(w);
	world_delete(w, name);
	ck_assert_int_eq(world_find_resource(w, "vnet0", resource)->state, RESOURCE_WAITING);
	ck_assert_ptr_nonnull(strstr(w->events, " waiting\n"));
	world_check(w);
	if (ifindex)
		w->k->next_ifindex = ifindex - 1;
	world_device(w, name);
	state_is(resource, "up");
	world_check(w);
}

START_TEST(test_made_again)
{
	static const char *const rows[][2] = {
		{ "s0", "s" }, { "g0", "g" }, { "h10", "h1" }, { "h20", "h2" }
	};

	world_usual(w);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(rows); i++) {
		uint32_t ifindex = device(rows[i][0])->ifindex, next = w->k->next_ifindex;

		made_again(rows[i][0], rows[i][1], ifindex);
		ck_assert_uint_eq(device(rows[i][0])->ifindex, ifindex);
		w->k->next_ifindex = next;
		made_again(rows[i][0], rows[i][1], 0);
		ck_assert_uint_ne(device(rows[i][0])->ifindex, ifindex);
	}
}
END_TEST

/* The device that is made again is a new one: down is how it came, and what it goes back to. */
START_TEST(test_made_again_is_another)
{
	world_usual(w);
	world_delete(w, "h10");
	fake_kernel_add(w->k, "h10")->mtu = 1300;
	fake_kernel_find(w->k, "h10")->flags = 0;
	fake_kernel_tell(w->k, w->m, "h10");
	state_is("h1", "up");
	world_resource_del(w, "vnet0", "h1");
	ck_assert_uint_eq(device("h10")->mtu, 1300);
	ck_assert_uint_eq(device("h10")->flags, 0);
	ck_assert(!has_mac("h10", WORLD_MAC));
}
END_TEST

START_TEST(test_rename)
{
	world_usual(w);
	world_rename(w, "g0", "tap7");
	ck_assert_str_eq(world_find_resource(w, "vnet0", "g")->settings.device, "tap7");
	state_is("g", "up");
	manager_settle(w->m);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"device\": \"tap7\""));
	ck_assert_ptr_null(strstr(w->kept, "\"device\": \"g0\""));
	/* the old name is nobody's any more */
	world_device(w, "g0");
	ck_assert_uint_ne(world_find_resource(w, "vnet0", "g")->ifindex, device("g0")->ifindex);
	world_check(w);
	world_delete(w, "tap7");
	state_is("g", "waiting: device tap7 does not exist");
}
END_TEST

/* A name that two resources end up with is the one's who has the device; then the other's. */
START_TEST(test_rename_to_a_name_waited_for)
{
	world_usual(w);
	world_resource(w, "vnet0", "w", "type", "hybrid", "device", "wanted0", "priority", "30");
	world_rename(w, "g0", "wanted0");
	state_is("g", "up");
	state_is("w",
		 "failed: vnet0/w: device wanted0 is in use by resource g of vnet vnet0 already");
	world_check(w);
	world_stop(w);
	world_start(w);
	state_is("g", "up");
	ck_assert_int_eq(world_find_resource(w, "vnet0", "w")->state, RESOURCE_FAILED);
	world_check(w);
	world_resource_del(w, "vnet0", "g");
	state_is("w", "up");
}
END_TEST

/* --- what is done to a device, and undone --- */

START_TEST(test_mtu)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "mtu", "4000");
	world_device(w, "a0");
	world_device(w, "b0")->mtu = 9000;
	fake_kernel_tell(w->k, w->m, "b0");
	world_resource(w, "vnet0", "a", "type", "service", "device", "a0");
	world_resource(w, "vnet0", "b", "type", "hybrid", "device", "b0");
	ck_assert_uint_eq(device("a0")->mtu, 4000);
	ck_assert_uint_eq(device("b0")->mtu, 9000); /* never below what it came with */
	world_set(w, "vnet0", "mtu", "9500");
	ck_assert_uint_eq(device("vnet0")->mtu, 9500);
	ck_assert_uint_eq(device("vnet0-p")->mtu, 9500);
	ck_assert_uint_eq(device("a0")->mtu, 9500);
	ck_assert_uint_eq(device("b0")->mtu, 9500);
	world_check(w);
	world_set(w, "vnet0", "mtu", "2000");
	ck_assert_uint_eq(device("a0")->mtu, 2000);
	ck_assert_uint_eq(device("b0")->mtu, 9000);
	world_check(w);
	/* by somebody else: back to what the vnet needs */
	fake_kernel_find(w->k, "a0")->mtu = 1280;
	fake_kernel_tell(w->k, w->m, "a0");
	ck_assert_uint_eq(device("a0")->mtu, 2000);
	state_is("a", "up");
	world_resource_del(w, "vnet0", "a");
	world_resource_del(w, "vnet0", "b");
	ck_assert_uint_eq(device("a0")->mtu, 1500);
	ck_assert_uint_eq(device("b0")->mtu, 9000);
}
END_TEST

/* A planned MTU moves no path: nothing leaves it on the way. */
START_TEST(test_mtu_moves_nothing)
{
	world_usual(w);
	world_forget_journal(w);
	world_forget_events(w);
	world_set(w, "vnet0", "mtu", "9000");
	ck_assert_ptr_null(strstr(w->k->journal, "resource"));
	ck_assert_ptr_null(strstr(w->k->journal, "vnet 1"));
	ck_assert_ptr_null(strstr(w->k->journal, "tach"));
	ck_assert_str_eq(w->events, "");
}
END_TEST

START_TEST(test_address)
{
	world_usual(w);
	ck_assert(has_mac("h10", WORLD_MAC) && has_mac("h20", WORLD_MAC));
	ck_assert(filters("s0", WORLD_MAC) && filters("g0", WORLD_MAC));
	world_set(w, "vnet0", "address", "02:00:00:00:00:aa");
	ck_assert(has_mac("vnet0", "02:00:00:00:00:aa"));
	ck_assert(has_mac("h10", "02:00:00:00:00:aa") && has_mac("h20", "02:00:00:00:00:aa"));
	ck_assert(filters("s0", "02:00:00:00:00:aa") && filters("g0", "02:00:00:00:00:aa"));
	ck_assert_int_eq(fake_kernel_vnet(w->k, 1)->mac[5], 0xaa);
	world_check(w);
	/* by somebody else: back */
	mac_parse("02:99:00:00:00:99", fake_kernel_find(w->k, "h10")->address);
	fake_kernel_tell(w->k, w->m, "h10");
	ck_assert(has_mac("h10", "02:00:00:00:00:aa"));
	world_check(w);
	world_resource_del(w, "vnet0", "h1");
	ck_assert(has_mac("h10", "02:ee:00:00:00:05"));
	world_resource_del(w, "vnet0", "s");
	ck_assert(filters("s0", "00:00:00:00:00:00"));
	world_set(w, "vnet0", "address", "random");
	ck_assert_int_eq(vnet0()->settings.address[0] & 3, 2);
	ck_assert(!has_mac("vnet0", "02:00:00:00:00:aa"));
}
END_TEST

/* A driver that takes another MAC only while the device is down. */
START_TEST(test_busy_address)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "a0");
	world_device(w, "b0");
	w->k->busy[device("a0")->ifindex] = w->k->busy[device("b0")->ifindex] = true;
	world_up(w, "b0", false);
	world_resource(w, "vnet0", "a", "type", "hybrid", "device", "a0");
	world_resource(w, "vnet0", "b", "type", "hybrid", "device", "b0");
	state_is("a", "up");
	state_is("b", "up");
	world_set(w, "vnet0", "address", "02:00:00:00:00:aa");
	ck_assert(has_mac("a0", "02:00:00:00:00:aa") && has_mac("b0", "02:00:00:00:00:aa"));
	world_check(w);
	world_resource_del(w, "vnet0", "a");
	world_resource_del(w, "vnet0", "b");
	ck_assert(has_mac("a0", "02:ee:00:00:00:03") && has_mac("b0", "02:ee:00:00:00:04"));
	ck_assert(device("a0")->flags & IFF_UP);
	ck_assert(!(device("b0")->flags & IFF_UP)); /* as it came */
}
END_TEST

START_TEST(test_allmulti)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "a0");
	world_device(w, "b0")->flags |= IFF_ALLMULTI;
	fake_kernel_tell(w->k, w->m, "b0");
	world_resource(w, "vnet0", "a", "type", "service", "device", "a0");
	ck_assert(device("a0")->flags & IFF_ALLMULTI);
	world_resource_del(w, "vnet0", "a");
	ck_assert(!(device("a0")->flags & IFF_ALLMULTI));
	world_resource(w, "vnet0", "b", "type", "service", "device", "b0");
	world_check(w);
	world_resource_del(w, "vnet0", "b");
	ck_assert(device("b0")->flags & IFF_ALLMULTI); /* it was somebody else's wish */
}
END_TEST

/* Brought up when it is taken in; the administrator's own down stays. */
START_TEST(test_up)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "a0");
	world_up(w, "a0", false);
	world_resource(w, "vnet0", "a", "type", "hybrid", "device", "a0");
	state_is("a", "up");
	ck_assert(device("a0")->flags & IFF_UP);
	world_up(w, "a0", false);
	state_is("a", "down: device a0 is down");
	world_news(w);
	ck_assert(!(device("a0")->flags & IFF_UP));
	world_set(w, "vnet0", "mtu", "2000", "address", "02:00:00:00:00:aa");
	ck_assert(!(device("a0")->flags & IFF_UP));
	world_stop(w);
	world_start(w);
	ck_assert(!(device("a0")->flags & IFF_UP));
	state_is("a", "down: device a0 is down");
	world_up(w, "a0", true);
	state_is("a", "up");
	world_resource_del(w, "vnet0", "a");
	ck_assert(!(device("a0")->flags & IFF_UP));
}
END_TEST

/* A device that does not take back what it had stays so; that is no reason to keep the resource. */
START_TEST(test_not_given_back)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "a0");
	world_resource(w, "vnet0", "a", "type", "hybrid", "device", "a0");
	world_device(w, "b0"); /* the port stays up, so that the next request is the device's */
	world_resource(w, "vnet0", "b", "type", "guest", "device", "b0", "peer", WORLD_PEER);
	fake_kernel_fail_once(w->k, "link_set", EPERM, 0);
	world_resource_del(w, "vnet0", "a");
	ck_assert(w->k->failed);
	ck_assert(has_mac("a0", WORLD_MAC));
}
END_TEST

/* --- up and down --- */

START_TEST(test_states)
{
	world_usual(w);
	world_forget_events(w);
	world_carrier(w, "g0", false);
	state_is("g", "down: device g0 has no carrier");
	world_carrier(w, "g0", true);
	state_is("g", "up");
	world_up(w, "g0", false);
	state_is("g", "down: device g0 is down");
	world_up(w, "g0", true);
	world_resource_set(w, "vnet0", "g", "admin", "down");
	state_is("g", "down: set down by the administrator");
	ck_assert(device("g0")->flags & IFF_UP); /* that is not asked for */
	world_carrier(w, "g0", false);
	state_is("g", "down: set down by the administrator");
	world_carrier(w, "g0", true);
	world_resource_set(w, "vnet0", "g", "admin", "up");
	state_is("g", "up");
	ck_assert_str_eq(w->events, "resource-state vnet0 g down\nresource-state vnet0 g up\n"
				    "resource-state vnet0 g down\nresource-state vnet0 g up\n"
				    "resource-state vnet0 g down\nresource-state vnet0 g up\n");
}
END_TEST

/* The vnet's carrier, its port and the dormancy of its upper: every row of the table. */
START_TEST(test_carrier)
{
	static const struct {
		bool service, guest, hybrid; /* registered */
		bool service_up, guest_up, hybrid_up;
		bool carrier, port, dormant;
	} rows[] = {
		{ 0, 0, 0, 0, 0, 0, 0, 0, 0 }, { 1, 0, 0, 1, 0, 0, 1, 1, 0 },
		{ 1, 0, 0, 0, 0, 0, 0, 0, 0 }, { 0, 1, 0, 0, 1, 0, 1, 1, 0 },
		{ 0, 1, 0, 0, 0, 0, 0, 0, 0 }, { 0, 0, 1, 0, 0, 1, 1, 1, 0 },
		{ 0, 0, 1, 0, 0, 0, 0, 0, 0 }, { 1, 0, 1, 1, 0, 0, 1, 1, 0 },
		{ 1, 0, 1, 0, 0, 1, 0, 1, 1 }, { 1, 1, 0, 0, 1, 0, 0, 1, 1 },
		{ 1, 1, 1, 0, 1, 1, 0, 1, 1 }, { 1, 1, 1, 1, 0, 0, 1, 1, 0 },
		{ 0, 1, 1, 0, 1, 0, 1, 1, 0 }, { 0, 1, 1, 0, 0, 1, 1, 1, 0 },
		{ 1, 1, 1, 0, 0, 0, 0, 0, 0 },
	};

	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "s0");
	world_device(w, "g0");
	world_device(w, "h0");
	if (rows[_i].service)
		world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	if (rows[_i].guest)
		world_resource(w, "vnet0", "g", "type", "guest", "device", "g0", "peer",
			       WORLD_PEER);
	if (rows[_i].hybrid)
		world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h0");
	world_carrier(w, "s0", rows[_i].service_up);
	world_carrier(w, "g0", rows[_i].guest_up);
	world_carrier(w, "h0", rows[_i].hybrid_up);
	ck_assert_int_eq(vnet0()->carrier, rows[_i].carrier);
	ck_assert_int_eq(!!(device("vnet0-p")->flags & IFF_UP), rows[_i].port);
	ck_assert_int_eq(!(device("vnet0")->flags & IFF_RUNNING), rows[_i].dormant);
	ck_assert_int_eq(vnet0()->dormant, rows[_i].dormant);
	/* somebody meddles with the port: put right */
	world_up(w, "vnet0-p", !rows[_i].port);
	ck_assert_int_eq(!!(device("vnet0-p")->flags & IFF_UP), rows[_i].port);
	/* the service goes for good: then it is any resource's, and nothing stays dormant */
	if (rows[_i].service)
		world_resource_del(w, "vnet0", "s");
	ck_assert(device("vnet0")->flags & IFF_RUNNING);
	ck_assert_int_eq(vnet0()->carrier, rows[_i].guest_up || rows[_i].hybrid_up);
}
END_TEST

/* --- the upper --- */

START_TEST(test_promiscuous)
{
	uint32_t upper, port;

	world_usual(w);
	upper = device("vnet0")->ifindex;
	port = device("vnet0-p")->ifindex;
	ck_assert_ptr_nonnull(fake_kernel_port(w->k, upper));
	fake_kernel_find(w->k, "vnet0")->promiscuity = 2;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert_ptr_null(fake_kernel_port(w->k, upper));
	ck_assert(w->k->attached[KERNEL_HOOK_TX_INGRESS][port]);
	ck_assert(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PROMISC);
	world_check(w);
	/* off: frames for others are not delivered, and what is captured is all the same complete
	 */
	world_set(w, "vnet0", "promiscuous", "off");
	ck_assert(!(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PROMISC));
	ck_assert_ptr_null(fake_kernel_port(w->k, upper));
	fake_kernel_find(w->k, "vnet0")->promiscuity = 0;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert_ptr_nonnull(fake_kernel_port(w->k, upper));
	world_set(w, "vnet0", "promiscuous", "on");
	ck_assert(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PROMISC);
	ck_assert_ptr_nonnull(fake_kernel_port(w->k, upper));
	world_set(w, "vnet0", "promiscuous", "auto");
	ck_assert(!(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PROMISC));
}
END_TEST

START_TEST(test_netns)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "netns", "/proc/self/ns/net");
	ck_assert_ptr_null(fake_kernel_find(w->k, "vnet0"));
	ck_assert(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PEER);
	ck_assert_uint_eq(vnet0()->upper_ifindex, 0);
	ck_assert(w->k->attached[KERNEL_HOOK_TX_INGRESS][device("vnet0-p")->ifindex]);
	world_device(w, "s0");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	world_check(w);
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	ck_assert_str_eq(w->k->journal, "");
	world_check(w);
	/* its namespace ends, and another is at the same place */
	world_delete(w, "vnet0-p");
	ck_assert_ptr_nonnull(fake_kernel_find(w->k, "vnet0-p"));
	world_check(w);
	world_vnet_del(w, "vnet0");
	ck_assert_ptr_null(fake_kernel_find(w->k, "vnet0-p"));
}
END_TEST

/* Not deleted, but taken into another namespace by hand: the other end goes on. */
START_TEST(test_upper_moved)
{
	uint32_t ifindex;

	world_usual(w);
	ifindex = device("vnet0")->ifindex;
	fake_kernel_remove(w->k, "vnet0");
	manager_on_gone(w->m, ifindex);
	fake_kernel_find(w->k, "vnet0-p")->peer_elsewhere = true;
	fake_kernel_tell(w->k, w->m, "vnet0-p");
	ck_assert(w->k->attached[KERNEL_HOOK_TX_INGRESS][device("vnet0-p")->ifindex]);
	ck_assert(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PEER);
	world_check(w);
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	ck_assert_str_eq(w->k->journal, "");
}
END_TEST

START_TEST(test_upper_deleted)
{
	uint32_t port;

	world_usual(w);
	port = device("vnet0-p")->ifindex;
	for (int i = 0; i < 2; i++) { /* either end is heard of first */
		world_delete(w, i ? "vnet0-p" : "vnet0");
		ck_assert_uint_ne(device("vnet0-p")->ifindex, port);
		ck_assert(has_mac("vnet0", WORLD_MAC));
		ck_assert_uint_eq(fake_kernel_vnet(w->k, 1)->port, device("vnet0-p")->ifindex);
		world_check(w);
		world_news(w);
	}
	ck_assert_uint_eq(w->m->uppers_missing, 0);
}
END_TEST

/* Its name is taken at that moment; it is made when the name is free. */
START_TEST(test_upper_deleted_and_name_taken)
{
	uint32_t ifindexes[2];

	world_usual(w);
	ifindexes[0] = device("vnet0")->ifindex;
	ifindexes[1] = device("vnet0-p")->ifindex;
	fake_kernel_remove(w->k, "vnet0");
	fake_kernel_remove(w->k, "vnet0-p");
	world_device(w, "vnet0");
	manager_on_gone(w->m, ifindexes[0]);
	manager_on_gone(w->m, ifindexes[1]);
	ck_assert_uint_eq(vnet0()->port_ifindex, 0);
	ck_assert(!vnet0()->carrier);
	/* that is no reason to refuse other changes */
	world_set(w, "vnet0", "guard", "off");
	ck_assert_uint_eq(fake_kernel_vnet(w->k, 1)->port, 0);
	world_rename(w, "vnet0", "elsewhere0");
	ck_assert_uint_ne(vnet0()->port_ifindex, 0);
	world_check(w);
}
END_TEST

START_TEST(test_upper_changed)
{
	world_usual(w);
	mac_parse("02:00:00:00:00:bb", fake_kernel_find(w->k, "vnet0")->address);
	fake_kernel_find(w->k, "vnet0")->mtu = 3000;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert_uint_eq(vnet0()->settings.mtu, 3000);
	ck_assert(has_mac("h10", "02:00:00:00:00:bb"));
	ck_assert_uint_eq(device("s0")->mtu, 3000);
	ck_assert_uint_eq(device("vnet0-p")->mtu, 3000);
	ck_assert_ptr_nonnull(strstr(w->kept, "02:00:00:00:00:bb"));
	world_check(w);
	/* what cannot be: put back */
	fake_kernel_find(w->k, "h10")->max_mtu = 4000;
	fake_kernel_tell(w->k, w->m, "h10");
	fake_kernel_find(w->k, "vnet0")->mtu = 5000;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert_uint_eq(device("vnet0")->mtu, 3000);
	mac_parse(WORLD_PEER, fake_kernel_find(w->k, "vnet0")->address);
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert(has_mac("vnet0", "02:00:00:00:00:bb"));
}
END_TEST

/* News of the upper that is older than our own change of it must not undo that. */
START_TEST(test_old_news)
{
	struct link old, between;

	world_usual(w);
	old = *device("vnet0");
	world_set(w, "vnet0", "mtu", "9000", "address", "02:00:00:00:00:aa");
	between = *device("vnet0");
	between.mtu = old.mtu; /* the kernel tells of each field by itself */
	world_forget_journal(w);
	manager_on_link(w->m, &old);
	manager_on_link(w->m, &between);
	manager_on_link(w->m, device("vnet0"));
	ck_assert_str_eq(w->k->journal, "");
	ck_assert_uint_eq(vnet0()->settings.mtu, 9000);
	ck_assert(has_mac("vnet0", "02:00:00:00:00:aa"));
}
END_TEST

START_TEST(test_existing_upper)
{
	world_device(w, "tap0");
	world_vnet(w, "vnet0", "address", WORLD_MAC, "upper", "tap0", "mtu", "3000");
	ck_assert_ptr_null(fake_kernel_find(w->k, "vnet0"));
	ck_assert_uint_eq(device("tap0")->mtu, 1500); /* it is somebody else's */
	ck_assert(w->k->attached[KERNEL_HOOK_TX_INGRESS][device("tap0")->ifindex]);
	ck_assert_uint_eq(fake_kernel_vnet(w->k, 1)->port, device("tap0")->ifindex);
	ck_assert(!(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_PEER));
	world_device(w, "s0");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
	world_check(w);
	world_rename(w, "tap0", "tap1");
	ck_assert_str_eq(vnet0()->settings.upper, "tap1");
	world_stop(w);
	world_start(w);
	world_check(w);
	world_delete(w, "tap1");
	ck_assert_uint_eq(fake_kernel_vnet(w->k, 1)->port, 0);
	ck_assert(!vnet0()->carrier);
	world_check(w);
	world_device(w, "tap1");
	ck_assert(vnet0()->carrier);
	world_vnet_del(w, "vnet0");
	ck_assert_ptr_nonnull(fake_kernel_find(w->k, "tap1"));
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

START_TEST(test_existing_upper_later)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "upper", "tap0");
	world_check(w);
	fake_kernel_add(w->k, "tap0")->type = 0xfffe; /* without Ethernet headers */
	fake_kernel_tell(w->k, w->m, "tap0");
	ck_assert_uint_eq(vnet0()->port_ifindex, 0);
	fake_kernel_tell_gone(w->k, w->m, "tap0");
	world_device(w, "tap0");
	ck_assert_uint_eq(vnet0()->port_ifindex, device("tap0")->ifindex);
}
END_TEST

/* --- hybrids --- */

static void chain_is(const char *names)
{
	char text[64] = "";

	for (size_t i = 0; i < vnet0()->hybrid_count; i++)
		strcat(strcat(text, text[0] ? " " : ""), vnet0()->hybrids[i]->name);
	ck_assert_str_eq(text, names);
	world_check(w);
}

static void unicast_is(const char *name)
{
	static const uint8_t unknown[] = { 0x02, 0x77, 0, 0, 0, 0x77 };
	struct path_answer a;

	ck_assert_int_eq(path_find(vnet0(), unknown, 0, &a), 0);
	ck_assert_str_eq(a.resource ? a.resource->name : a.reason, name);
	ck_assert_str_eq(vnet0()->unicast ? vnet0()->unicast->name : "no_path", name);
}

START_TEST(test_hybrids)
{
	world_usual(w);
	chain_is("h1 h2");
	unicast_is("h1");
	world_forget_events(w);
	world_carrier(w, "h10", false);
	unicast_is("h2");
	world_carrier(w, "h20", false);
	unicast_is("s");
	world_carrier(w, "s0", false);
	unicast_is("no_path");
	world_carrier(w, "h20", true);
	unicast_is("h2");
	world_carrier(w, "h10", true);
	unicast_is("h1");
	ck_assert_str_eq(w->events, "resource-state vnet0 h1 down\n"
				    "path-switched vnet0 unicast h2 h1\n"
				    "resource-state vnet0 h2 down\n"
				    "path-switched vnet0 unicast s h2\n"
				    "resource-state vnet0 s down\n"
				    "path-switched vnet0 unicast - s\n"
				    "resource-state vnet0 h2 up\n"
				    "path-switched vnet0 unicast h2 -\n"
				    "resource-state vnet0 h1 up\n"
				    "path-switched vnet0 unicast h1 h2\n");
	world_forget_events(w);
	world_carrier(w, "s0", true);
	ck_assert_str_eq(w->events,
			 "resource-state vnet0 s up\npath-switched vnet0 multicast s -\n");
	/* in the chain they are, active is the one that carries */
	ck_assert(world_find_resource(w, "vnet0", "h1")->active);
	ck_assert(!world_find_resource(w, "vnet0", "h2")->active);
	ck_assert(world_find_resource(w, "vnet0", "s")->active);
}
END_TEST

START_TEST(test_priority)
{
	world_usual(w);
	world_resource(w, "vnet0", "h3", "type", "hybrid", "device", "h30", "priority", "20");
	world_resource(w, "vnet0", "h4", "type", "hybrid", "device", "h40", "priority", "15");
	world_device(w, "h30");
	world_device(w, "h40");
	chain_is("h1 h4 h2 h3");
	world_resource_set(w, "vnet0", "h2", "priority", "0");
	chain_is("h2 h1 h4 h3");
	unicast_is("h2");
	world_resource_set(w, "vnet0", "h2", "priority", "17");
	chain_is("h1 h4 h2 h3");
	/* equal ones are in the order of their making, whatever else is set on them */
	world_resource_set(w, "vnet0", "h2", "priority", "20");
	chain_is("h1 h4 h2 h3");
	world_resource_set(w, "vnet0", "h2", "admin", "down");
	world_resource_set(w, "vnet0", "h2", "admin", "up");
	chain_is("h1 h4 h2 h3");
	world_stop(w);
	world_start(w);
	chain_is("h1 h4 h2 h3");
	world_resource_del(w, "vnet0", "h1");
	chain_is("h4 h2 h3");
	unicast_is("h4");
}
END_TEST

/* At each moment of each change unknown unicast goes over what carried before, or will after. */
static void on_change(void *context)
{
	static const uint8_t unknown[] = { 0x02, 0x77, 0, 0, 0, 0x77 };
	const char *const *allowed = context;
	struct path_answer a;

	ck_assert_int_eq(path_find(vnet0(), unknown, 0, &a), 0);
	for (size_t i = 0; i < 2; i++)
		if (a.resource && util_same(a.resource->name, allowed[i]))
			return;
	ck_abort_msg("for a moment it goes over %s, not over %s or %s",
		     a.resource ? a.resource->name : a.reason, allowed[0], allowed[1]);
}

static void watch(const char *before, const char *after)
{
	static const char *allowed[2];

	allowed[0] = before;
	allowed[1] = after;
	w->k->on_change = on_change;
	w->k->context = allowed;
	unicast_is(before);
}

static void watched(const char *after)
{
	w->k->on_change = NULL;
	unicast_is(after);
	world_check(w);
}

/* Four hybrids, of which some are down: priorities and members change, every which way. */
START_TEST(test_chain_in_motion)
{
	static const char *const names[] = { "a", "b", "c", "d" };
	char device_name[8];

	world_vnet(w, "vnet0", "address", WORLD_MAC);
	for (int i = 0; i < 4; i++) {
		char priority[8];

		snprintf(device_name, sizeof(device_name), "%s0", names[i]);
		snprintf(priority, sizeof(priority), "%d", (i + 1) * 10);
		world_device(w, device_name);
		world_resource(w, "vnet0", names[i], "type", "hybrid", "device", device_name,
			       "priority", priority);
	}
	/* one of them alone is up; wherever the others go, it is reached */
	for (int up = 0; up < 4; up++) {
		for (int i = 0; i < 4; i++) {
			snprintf(device_name, sizeof(device_name), "%s0", names[i]);
			if (i == up)
				world_carrier(w, device_name, true);
		}
		for (int i = 0; i < 4; i++) {
			snprintf(device_name, sizeof(device_name), "%s0", names[i]);
			if (i != up)
				world_carrier(w, device_name, false);
		}
		for (int moved = 0; moved < 4; moved++)
			for (int to = 5; to <= 45; to += 10) {
				char priority[8], back[8];

				snprintf(priority, sizeof(priority), "%d", to);
				snprintf(back, sizeof(back), "%d", (moved + 1) * 10);
				watch(names[up], names[up]);
				world_resource_set(w, "vnet0", names[moved], "priority", priority);
				watched(names[up]);
				watch(names[up], names[up]);
				world_resource_set(w, "vnet0", names[moved], "priority", back);
				watched(names[up]);
			}
	}
}
END_TEST

START_TEST(test_planned_changes_lose_nothing)
{
	world_usual(w);
	world_device(w, "n0");
	watch("h1", "h1");
	world_resource(w, "vnet0", "n", "type", "hybrid", "device", "n0", "priority", "15");
	watched("h1");
	watch("h1", "n");
	world_resource_set(w, "vnet0", "n", "priority", "5");
	watched("n");
	watch("n", "h1");
	world_resource_set(w, "vnet0", "n", "admin", "down");
	watched("h1");
	watch("h1", "h1");
	world_resource_del(w, "vnet0", "n");
	watched("h1");
	watch("h1", "h2");
	world_resource_del(w, "vnet0", "h1");
	watched("h2");
	watch("h2", "s");
	world_resource_del(w, "vnet0", "h2");
	watched("s");
	world_device(w, "h30");
	watch("s", "h");
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h30");
	watched("h");
	watch("h", "h");
	world_resource_del(w, "vnet0", "s");
	world_set(w, "vnet0", "mtu", "2000", "address", "02:00:00:00:00:cc", "vlans", "10", "guard",
		  "off");
	watched("h");
}
END_TEST

START_TEST(test_order)
{
	const char *journal = w->k->journal;

	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_device(w, "h0");
	world_device(w, "k0");
	world_forget_journal(w);
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h0", "vlans", "7");
	world_in_order(journal, "resource 1 up 0 fallback 0", "port 3 ");
	world_in_order(journal, "port 3 ", "attach rx 3");
	world_in_order(journal, "attach rx 3", "resource 1 up 1 fallback 0");
	world_in_order(journal, "resource 1 up 1 fallback 0", "vnet 1 service 0 hybrid 1");
	world_in_order(journal, "vlans 1 resource 1 ", "resource 1 up 0 fallback 0");
	world_resource(w, "vnet0", "k", "type", "hybrid", "device", "k0", "priority", "200");
	world_forget_journal(w);
	world_resource_del(w, "vnet0", "h");
	world_in_order(journal, "resource 1 up 0 fallback 2", "vnet 1 service 0 hybrid 2");
	world_in_order(journal, "vnet 1 service 0 hybrid 2", "detach rx 3");
	world_in_order(journal, "detach rx 3", "port 3 gone");
	world_in_order(journal, "port 3 gone", "resource 1 gone");
	world_in_order(journal, "resource 1 gone", "vlans 1 resource 1 gone");
	world_forget_journal(w);
	world_resource_set(w, "vnet0", "k", "vlans", "9");
	world_in_order(journal, "vlans 1 resource 2 ", "resource 2 up 1 fallback 0");
	world_forget_journal(w);
	world_resource_set(w, "vnet0", "k", "vlans", "inherit");
	world_in_order(journal, "resource 2 up 1 fallback 0", "vlans 1 resource 2 gone");
}
END_TEST

START_TEST(test_hybrid_needs_service)
{
	world_usual(w);
	world_set(w, "vnet0", "hybrid_needs_service", "on");
	unicast_is("h1");
	world_carrier(w, "s0", false);
	unicast_is("no_path");
	world_check(w);
	world_carrier(w, "s0", true);
	unicast_is("h1");
	world_resource_del(w, "vnet0", "s");
	unicast_is("no_path");
	world_set(w, "vnet0", "hybrid_needs_service", "off");
	unicast_is("h1");
}
END_TEST

/* --- guests --- */

static void entries_are(const char *mac, const char *vlans)
{
	struct vlan_set set;
	size_t n = 0;

	ck_assert_int_eq(vlan_parse(vlans, &set), 0);
	for (uint16_t id = VLAN_FIRST; id <= VLAN_LAST; id++) {
		n += vlan_has(&set, id);
		ck_assert_msg(!fake_kernel_fdb(w->k, 1, id, mac) == !vlan_has(&set, id), "VLAN %u",
			      id);
	}
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), n);
	world_check(w);
}

START_TEST(test_fdb)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_resource(w, "vnet0", "g", "type", "guest", "device", "g0", "peer", WORLD_PEER);
	entries_are(WORLD_PEER, "1");
	world_set(w, "vnet0", "vlans", "10,20-29");
	entries_are(WORLD_PEER, "1,10,20-29");
	world_set(w, "vnet0", "pvid", "10");
	entries_are(WORLD_PEER, "10,20-29");
	world_set(w, "vnet0", "pvid", "25", "vlans", "20-29");
	entries_are(WORLD_PEER, "20-29");
	world_resource_set(w, "vnet0", "g", "pvid", "50");
	entries_are(WORLD_PEER, "20-29,50");
	world_resource_set(w, "vnet0", "g", "vlans", "none");
	entries_are(WORLD_PEER, "50");
	world_resource_set(w, "vnet0", "g", "vlans", "40-60");
	entries_are(WORLD_PEER, "40-60");
	world_set(w, "vnet0", "vlans", "1-5");
	entries_are(WORLD_PEER, "40-60");
	world_device(w, "g0");
	world_resource_set(w, "vnet0", "g", "vlans", "41");
	entries_are(WORLD_PEER, "41,50");
	world_resource_set(w, "vnet0", "g", "peer", "02:00:00:00:00:0c");
	entries_are("02:00:00:00:00:0c", "41,50");
	world_resource_set(w, "vnet0", "g", "vlans", "inherit", "pvid", "inherit");
	entries_are("02:00:00:00:00:0c", "1-5,25");
	world_set(w, "vnet0", "vlans", "none");
	world_resource_del(w, "vnet0", "g");
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), 0);
}
END_TEST

/* One peer by two guests, in VLANs that are not the same. */
START_TEST(test_fdb_shared_peer)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "vlans", "10-12");
	world_device(w, "a0");
	world_resource(w, "vnet0", "a", "type", "guest", "device", "a0", "peer", WORLD_PEER);
	world_resource(w, "vnet0", "b", "type", "guest", "device", "b0", "peer", WORLD_PEER, "pvid",
		       "20", "vlans", "21");
	ck_assert_uint_eq(fake_kernel_fdb(w->k, 1, 11, WORLD_PEER), 1);
	ck_assert_uint_eq(fake_kernel_fdb(w->k, 1, 21, WORLD_PEER), 2);
	world_check(w);
	world_resource_del(w, "vnet0", "a");
	ck_assert_uint_eq(fake_kernel_fdb(w->k, 1, 11, WORLD_PEER), 0);
	ck_assert_uint_eq(fake_kernel_fdb(w->k, 1, 20, WORLD_PEER), 2);
	world_set(w, "vnet0", "vlans", "20-21"); /* nothing in the way any more */
	world_resource_set(w, "vnet0", "b", "vlans", "inherit", "pvid", "inherit");
}
END_TEST

START_TEST(test_fdb_full)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
	world_refused(w,
		      world_try_resource(w, "vnet0", "g", "type", "guest", "device", "g0", "peer",
					 WORLD_PEER, "vlans", "all", NULL),
		      ERROR_FAILED, E2BIG, "vnet0/g", "peer",
		      "vnet0/g: writing its FDB entry in VLAN 513 failed: the FDB is full");
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), 0);
}
END_TEST

/* --- a restart --- */

static void restart_quietly(void)
{
	char *before, *after;

	manager_settle(w->m);
	before = fake_kernel_text(w->k);
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	after = fake_kernel_text(w->k);
	ck_assert_str_eq(w->k->journal, "");
	world_same("restart", before, after);
	free(before);
	free(after);
	world_check(w);
}

START_TEST(test_restart)
{
	world_usual(w);
	restart_quietly();
	world_set(w, "vnet0", "vlans", "10-12", "guard", "off", "mtu", "4000");
	world_resource_set(w, "vnet0", "g", "vlans", "11", "pvid", "9");
	world_resource_set(w, "vnet0", "h1", "admin", "down");
	world_device(w, "late0");
	world_resource(w, "vnet0", "l", "type", "guest", "device", "late1", "peer",
		       "02:00:00:00:00:0d");
	world_vnet(w, "vnet1", "address", "02:00:00:00:00:11");
	world_resource(w, "vnet1", "s", "type", "service", "device", "late0");
	restart_quietly();
	/* an upper that is dormant, one with its port down */
	world_carrier(w, "s0", false);
	world_carrier(w, "late0", false);
	restart_quietly();
	ck_assert(world_find(w, "vnet0")->dormant);
	/* renamed, all of them */
	world_rename(w, "g0", "g1");
	world_rename(w, "vnet0", "lan0");
	world_rename(w, "vnet1-p", "port1");
	restart_quietly();
	fake_kernel_find(w->k, "lan0")->promiscuity = 1;
	fake_kernel_tell(w->k, w->m, "lan0");
	restart_quietly();
	/* what was taken is given back, after all of that */
	world_vnet_del(w, "vnet0");
	world_vnet_del(w, "vnet1");
	ck_assert_uint_eq(device("g1")->mtu, 1500);
	ck_assert(has_mac("h10", "02:ee:00:00:00:05"));
	ck_assert(fake_kernel_is_clean(w->k));
	ck_assert_ptr_null(fake_kernel_find(w->k, "port1"));
}
END_TEST

/* A late device came: what was changed on it was kept, although nobody changed anything. */
START_TEST(test_restart_after_late_device)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC, "mtu", "4000");
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "late0");
	world_device(w, "late0");
	restart_quietly();
	world_resource_del(w, "vnet0", "h");
	ck_assert_uint_eq(device("late0")->mtu, 1500);
	ck_assert(has_mac("late0", "02:ee:00:00:00:03"));
}
END_TEST

START_TEST(test_restart_and_much_has_happened)
{
	world_usual(w);
	world_vnet(w, "vnet1", "address", "02:00:00:00:00:11", "upper", "h20x");
	world_device(w, "br0");
	world_stop(w);
	/* gone; made again; renamed; enslaved; down; another MTU; a new one in its name */
	fake_kernel_remove(w->k, "s0");
	fake_kernel_remove(w->k, "h10");
	fake_kernel_add(w->k, "h10");
	fake_kernel_find(w->k, "g0")->mtu = 1000;
	util_copy(fake_kernel_find(w->k, "g0")->name, IFNAMSIZ, "g9");
	fake_kernel_find(w->k, "h20")->master = device("br0")->ifindex;
	fake_kernel_find(w->k, "vnet0")->mtu = 1600;
	world_start(w);
	state_is("s", "waiting: device s0 does not exist");
	state_is("h1", "up");
	state_is("g", "up");
	ck_assert_str_eq(world_find_resource(w, "vnet0", "g")->settings.device, "g9");
	state_is("h2", "failed: vnet0/h2: device h20 is a port of br0; take it out of there first");
	ck_assert_uint_eq(device("vnet0")->mtu, 1500);
	ck_assert_uint_eq(device("g9")->mtu, 1500);
	world_check(w);
	fake_kernel_find(w->k, "h20")->master = 0;
	fake_kernel_tell(w->k, w->m, "h20");
	state_is("h2", "up");
	world_device(w, "s0");
	state_is("s", "up");
}
END_TEST

/* What nobody answers for goes, whoever left it. */
START_TEST(test_sweep)
{
	struct abi_port port = { .vnet = 77, .resource = 78 };
	struct abi_resource resource = { .ifindex = 99, .type = ABI_GUEST, .vnet = 77 };
	struct abi_vnet vnet = { .pvid = 1 };
	struct abi_fdb_key fdb = { .vnet = 77, .vlan = 1 }, ours = { .vnet = 1, .vlan = 999 };
	struct abi_vlans_key vlans = { .vnet = 77 }, of_ours = { .vnet = 1, .resource = 1 };
	struct abi_vlans bits = { 0 };
	const struct kernel_ops *ops = w->k->kernel.ops;
	enum kernel_attach attached;
	char *before, *after;

	world_usual(w);
	before = fake_kernel_text(w->k);
	ops->port_write(w->k, 99, &port);
	ops->resource_write(w->k, 78, &resource);
	ops->vnet_write(w->k, 77, &vnet);
	ops->fdb_write(w->k, &fdb, 78);
	ops->fdb_write(w->k, &ours, 1);
	ops->vlans_write(w->k, &vlans, &bits);
	ops->vlans_write(w->k, &of_ours, &bits);
	fake_kernel_add(w->k, "left0");
	ops->attach(w->k, KERNEL_HOOK_RX, device("left0")->ifindex, &attached);
	ops->attach(w->k, KERNEL_HOOK_RX, device("vnet0")->ifindex, &attached);
	ops->attach(w->k, KERNEL_HOOK_TX_INGRESS, device("s0")->ifindex, &attached);
	ck_assert_int_eq(manager_sweep(w->m), 0);
	fake_kernel_remove(w->k, "left0");
	after = fake_kernel_text(w->k);
	world_same("sweep", before, after);
	free(before);
	free(after);
}
END_TEST

/* --- news was lost --- */

static void dump(void)
{
	manager_on_overrun(w->m);
	manager_on_dump_begin(w->m);
	for (size_t i = 0; i < w->k->link_count; i++)
		manager_on_link(w->m, &w->k->links[i]);
	manager_on_dump_end(w->m);
}

START_TEST(test_resync)
{
	uint32_t old;

	world_usual(w);
	world_resource(w, "vnet0", "l", "type", "guest", "device", "late0", "peer",
		       "02:00:00:00:00:0d");
	world_forget_events(w);
	dump();
	ck_assert_str_eq(w->events, "overrun -\n");
	old = device("s0")->ifindex;
	fake_kernel_remove(w->k, "s0");
	fake_kernel_add(w->k, "s0");
	fake_kernel_remove(w->k, "h10");
	fake_kernel_add(w->k, "late0");
	fake_kernel_find(w->k, "h20")->carrier = false;
	util_copy(fake_kernel_find(w->k, "g0")->name, IFNAMSIZ, "g9");
	/* half a dump, and another one begins */
	manager_on_dump_begin(w->m);
	manager_on_link(w->m, device("late0"));
	state_is("l", "waiting: device late0 does not exist");
	dump();
	ck_assert_uint_ne(device("s0")->ifindex, old);
	state_is("s", "up");
	state_is("h1", "waiting: device h10 does not exist");
	state_is("h2", "down: device h20 has no carrier");
	state_is("g", "up");
	state_is("l", "up");
	ck_assert_str_eq(world_find_resource(w, "vnet0", "g")->settings.device, "g9");
	manager_settle(w->m);
	ck_assert_ptr_nonnull(strstr(w->kept, "\"g9\""));
	world_check(w);
	/* the upper is gone, and nobody told */
	fake_kernel_remove(w->k, "vnet0");
	fake_kernel_remove(w->k, "vnet0-p");
	dump();
	ck_assert_ptr_nonnull(fake_kernel_find(w->k, "vnet0"));
}
END_TEST

/* Deleted and made again with the number it had: the news of that tells nothing but what it is
 * like. */
START_TEST(test_resync_same_ifindex)
{
	uint32_t ifindex;

	world_usual(w);
	ifindex = device("h10")->ifindex;
	fake_kernel_remove(w->k, "h10");
	w->k->next_ifindex = ifindex - 1;
	fake_kernel_add(w->k, "h10");
	w->k->next_ifindex = 50;
	dump();
	ck_assert_uint_eq(device("h10")->ifindex, ifindex);
	ck_assert(w->k->attached[KERNEL_HOOK_RX][ifindex]);
	ck_assert(has_mac("h10", WORLD_MAC));
	state_is("h1", "up");
}
END_TEST

/* Somebody took our program away: news of the device puts it back. */
START_TEST(test_attachment_vanished)
{
	uint32_t ifindex;

	world_usual(w);
	ifindex = device("g0")->ifindex;
	w->k->attached[KERNEL_HOOK_RX][ifindex] = false;
	world_carrier(w, "g0", false);
	ck_assert(w->k->attached[KERNEL_HOOK_RX][ifindex]);
	w->k->attached[KERNEL_HOOK_TX_INGRESS][device("vnet0-p")->ifindex] = false;
	dump();
	ck_assert(w->k->attached[KERNEL_HOOK_TX_INGRESS][device("vnet0-p")->ifindex]);
}
END_TEST

static const TTest *const *const tests[] = {
	&test_late_device,
	&test_late_and_unfit,
	&test_made_again,
	&test_made_again_is_another,
	&test_rename,
	&test_rename_to_a_name_waited_for,
	&test_mtu,
	&test_mtu_moves_nothing,
	&test_address,
	&test_busy_address,
	&test_allmulti,
	&test_up,
	&test_not_given_back,
	&test_states,
	&test_promiscuous,
	&test_netns,
	&test_upper_moved,
	&test_upper_deleted,
	&test_upper_deleted_and_name_taken,
	&test_upper_changed,
	&test_old_news,
	&test_existing_upper,
	&test_existing_upper_later,
	&test_hybrids,
	&test_priority,
	&test_chain_in_motion,
	&test_planned_changes_lose_nothing,
	&test_order,
	&test_hybrid_needs_service,
	&test_fdb,
	&test_fdb_shared_peer,
	&test_fdb_full,
	&test_restart,
	&test_restart_after_late_device,
	&test_restart_and_much_has_happened,
	&test_sweep,
	&test_resync,
	&test_resync_same_ifindex,
	&test_attachment_vanished,
};

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("reconcile", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(tests); i++)
		tcase_add_test(t, *tests[i]);
	tcase_add_loop_test(t, test_carrier, 0, 15);
	return unit_run(s);
}
