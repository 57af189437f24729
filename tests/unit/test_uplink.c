/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uplinks: one device that many vnets have as their service. */
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>

#include "../../daemon/show.h"
#include "world_case.h"

#define MAC_A "02:00:00:00:00:0a"
#define MAC_B "02:00:00:00:00:0b"

static void nic(void)
{
	world_device(w, "n0");
	world_uplink(w, "u0", "device", "n0");
}

static void nic_with(void)
{
	nic();
	world_vnet_on(w, "u0", "a", "address", MAC_A);
	world_vnet_on(w, "u0", "b", "address", MAC_B);
}

static void states_are(const char *uplink, const char *a, const char *b)
{
	ck_assert_str_eq(world_uplink_state(w, "u0"), uplink);
	ck_assert_str_eq(world_state(w, "a", "u0"), a);
	ck_assert_str_eq(world_state(w, "b", "u0"), b);
	world_check(w);
	world_news(w);
}

static uint32_t owner_of(const char *mac, uint16_t vlan)
{
	return fake_kernel_fdb(w->k, ABI_OF_UPLINK | world_find_uplink(w, "u0")->number, vlan, mac);
}

static uint32_t number_of(const char *vnet)
{
	return world_find_resource(w, vnet, "u0")->number;
}

static const char *nic_mac(char text[MAC_TEXT_SIZE])
{
	return mac_format(device("n0")->address, text);
}

static void tell_address(const char *name, const char *address, bool there)
{
	struct address a = { .ifindex = device(name)->ifindex, .family = AF_INET };

	ck_assert_int_eq(inet_pton(AF_INET, address, a.bytes), 1);
	manager_on_address(w->m, &a, there);
}

static int64_t holder(const char *address)
{
	return fake_kernel_address(w->k, world_find_uplink(w, "u0")->number, 0, address);
}

/* --- coming and going --- */

START_TEST(test_made)
{
	nic_with();
	states_are("up", "up", "up");
	ck_assert_uint_eq(owner_of(MAC_A, 0), number_of("a"));
	ck_assert_uint_eq(owner_of(MAC_B, 0), number_of("b"));
	ck_assert(world_find(w, "a")->carrier);
	world_in_order(w->events, "uplink-added u0 waiting", "uplink-state u0 up");
	world_vnet_del(w, "a");
	ck_assert_uint_eq(owner_of(MAC_A, 0), 0);
	world_check(w);
	world_vnet_del(w, "b");
	world_done(w, manager_uplink_del(w->m, "u0", &w->e));
	ck_assert(fake_kernel_is_clean(w->k));
	ck_assert(!(device("n0")->flags & IFF_ALLMULTI));
}
END_TEST

START_TEST(test_late_device)
{
	world_uplink(w, "u0", "device", "n0");
	world_vnet_on(w, "u0", "a", "address", MAC_A);
	world_vnet_on(w, "u0", "b", "address", MAC_B);
	states_are("waiting: device n0 does not exist",
		   "waiting: device n0 of uplink u0 does not exist",
		   "waiting: device n0 of uplink u0 does not exist");
	world_device(w, "n0");
	states_are("up", "up", "up");
	world_delete(w, "n0");
	states_are("waiting: device n0 does not exist",
		   "waiting: device n0 of uplink u0 does not exist",
		   "waiting: device n0 of uplink u0 does not exist");
	world_device(w, "n0");
	states_are("up", "up", "up");
}
END_TEST

START_TEST(test_carrier)
{
	nic_with();
	world_carrier(w, "n0", false);
	states_are("down: device n0 has no carrier", "down: device n0 has no carrier",
		   "down: device n0 has no carrier");
	ck_assert(!world_find(w, "a")->carrier);
	world_carrier(w, "n0", true);
	states_are("up", "up", "up");
	world_up(w, "n0", false);
	states_are("down: device n0 is down", "down: device n0 is down", "down: device n0 is down");
	world_up(w, "n0", true);
	world_resource_set(w, "a", "u0", "admin", "down");
	states_are("up", "down: set down by the administrator", "up");
}
END_TEST

START_TEST(test_renamed)
{
	nic_with();
	world_rename(w, "n0", "wan");
	ck_assert_str_eq(world_find_uplink(w, "u0")->settings.device, "wan");
	states_are("up", "up", "up");
}
END_TEST

START_TEST(test_restart)
{
	char *before, *after;

	nic_with();
	world_vnet_on(w, "u0", "c", "share", "on", "addresses", "10.0.0.7");
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

START_TEST(test_restart_without_device)
{
	nic_with();
	world_stop(w);
	fake_kernel_remove(w->k, "n0");
	world_start(w);
	ck_assert_str_eq(world_uplink_state(w, "u0"), "waiting: device n0 does not exist");
	ck_assert_str_eq(world_state(w, "a", "u0"),
			 "waiting: device n0 of uplink u0 does not exist");
	world_check(w);
	world_device(w, "n0");
	states_are("up", "up", "up");
}
END_TEST

START_TEST(test_flush)
{
	nic_with();
	world_vnet_on(w, "u0", "c", "share", "on", "addresses", "10.0.0.7");
	world_done(w, manager_flush(w->m, &w->e));
	ck_assert_ptr_null(manager_uplinks(w->m));
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

START_TEST(test_beside_hybrid)
{
	nic_with();
	world_device(w, "h0");
	world_resource(w, "a", "h", "type", "hybrid", "device", "h0");
	ck_assert_str_eq(world_find(w, "a")->unicast->name, "h");
	world_carrier(w, "h0", false);
	ck_assert_str_eq(world_find(w, "a")->unicast->name, "u0");
}
END_TEST

/* --- VLANs --- */

START_TEST(test_vlans)
{
	nic();
	world_vnet_on(w, "u0", "a", "address", MAC_A, "pvid", "10", "vlans", "20-21");
	ck_assert_uint_eq(owner_of(MAC_A, 0), 0);
	ck_assert_uint_eq(owner_of(MAC_A, 10), number_of("a"));
	ck_assert_uint_eq(owner_of(MAC_A, 21), number_of("a"));
	world_resource_set(w, "a", "u0", "pvid", "10", "vlans", "21");
	ck_assert_uint_eq(owner_of(MAC_A, 0), number_of("a"));
	ck_assert_uint_eq(owner_of(MAC_A, 10), 0);
	ck_assert_uint_eq(owner_of(MAC_A, 20), 0);
	ck_assert_uint_eq(owner_of(MAC_A, 21), number_of("a"));
	world_set(w, "a", "vlans", "none");
	ck_assert_uint_eq(owner_of(MAC_A, 21), 0);
}
END_TEST

/* The same MAC is another station in another VLAN. */
START_TEST(test_same_mac)
{
	int err;

	nic();
	world_vnet_on(w, "u0", "a", "address", MAC_A);
	world_vnet_on(w, "u0", "b", "address", MAC_A, "pvid", "10");
	ck_assert_uint_eq(owner_of(MAC_A, 0), number_of("a"));
	ck_assert_uint_eq(owner_of(MAC_A, 10), number_of("b"));
	err = world_try_vnet_on(w, "u0", "c", "address", MAC_A, "pvid", "10", NULL);
	world_refused(w, err, ERROR_EXISTS, EEXIST, "c", "address",
		      "c: address " MAC_A " in VLAN 10 is vnet b's already on uplink u0");
	err = world_try_set(w, "b", "pvid", "1", NULL);
	world_refused(w, err, ERROR_EXISTS, EEXIST, "b", "address",
		      "b: address " MAC_A " untagged is vnet a's already on uplink u0");
	err = world_try_vnet(w, "d", "address", MAC_A, NULL);
	world_refused(w, err, ERROR_EXISTS, EEXIST, "d", "address",
		      "d: address " MAC_A " is vnet a's already");
	ck_assert_uint_eq(manager_vnet_count(w->m), 2);
	world_vnet_del(w, "a");
	ck_assert(filters("n0", MAC_A));
	world_check(w);
	world_set(w, "b", "address", MAC_B);
	ck_assert(filters("n0", MAC_B));
}
END_TEST

START_TEST(test_address_follows)
{
	nic_with();
	world_set(w, "a", "address", "02:00:00:00:00:0c");
	ck_assert_uint_eq(owner_of(MAC_A, 0), 0);
	ck_assert_uint_eq(owner_of("02:00:00:00:00:0c", 0), number_of("a"));
	ck_assert_int_ne(world_try_set(w, "a", "address", MAC_B, NULL), 0);
	ck_assert_uint_eq(owner_of("02:00:00:00:00:0c", 0), number_of("a"));
}
END_TEST

/* --- sharing --- */

START_TEST(test_share)
{
	char mac[MAC_TEXT_SIZE];

	nic();
	world_vnet_on(w, "u0", "a", "share", "on", "addresses", "10.0.0.7,2001:db8::7");
	world_vnet_on(w, "u0", "b", "share", "on");
	states_are("up", "up", "up");
	ck_assert(mac_same(world_find(w, "a")->settings.address, device("n0")->address));
	ck_assert_uint_eq(owner_of(nic_mac(mac), 0), 0);
	ck_assert_int_eq(holder("::ffff:10.0.0.7"), number_of("a"));
	ck_assert_int_eq(holder("2001:db8::7"), number_of("a"));
	world_set(w, "a", "addresses", "10.0.0.8");
	ck_assert_int_eq(holder("::ffff:10.0.0.7"), -1);
	ck_assert_int_eq(holder("::ffff:10.0.0.8"), number_of("a"));
	world_vnet_del(w, "a");
	ck_assert_int_eq(holder("::ffff:10.0.0.8"), -1);
}
END_TEST

/* What the host has is the host's, and what was given goes before what is seen. */
START_TEST(test_seen)
{
	nic();
	world_vnet_on(w, "u0", "a", "share", "on");
	world_vnet_on(w, "u0", "b", "share", "on", "addresses", "10.0.0.9");
	tell_address("a", "10.0.0.7", true);
	tell_address("a", "10.0.0.9", true);
	tell_address("n0", "10.0.0.1", true);
	ck_assert_int_eq(holder("::ffff:10.0.0.7"), number_of("a"));
	ck_assert_int_eq(holder("::ffff:10.0.0.9"), number_of("b"));
	ck_assert_int_eq(holder("::ffff:10.0.0.1"), 0);
	tell_address("b", "10.0.0.1", true);
	ck_assert_int_eq(holder("::ffff:10.0.0.1"), 0);
	tell_address("n0", "10.0.0.1", false);
	ck_assert_int_eq(holder("::ffff:10.0.0.1"), number_of("b"));
	tell_address("a", "10.0.0.7", false);
	ck_assert_int_eq(holder("::ffff:10.0.0.7"), -1);
	world_set(w, "b", "learn", "off");
	ck_assert_int_eq(holder("::ffff:10.0.0.1"), -1);
	ck_assert_int_eq(holder("::ffff:10.0.0.9"), number_of("b"));
	world_check(w);
}
END_TEST

START_TEST(test_steer)
{
	world_device(w, "n0");
	world_uplink(w, "u0", "device", "n0", "steer", "ip");
	world_vnet_on(w, "u0", "a", NULL);
	ck_assert(world_find(w, "a")->settings.share);
	world_vnet_on(w, "u0", "b", "address", MAC_B);
	ck_assert(!world_find(w, "b")->settings.share);
	states_are("up", "up", "up");
	world_done(w, world_try_uplink_set(w, "u0", "steer", "mac", NULL));
	world_vnet_on(w, "u0", "c", NULL);
	ck_assert(!world_find(w, "c")->settings.share);
}
END_TEST

START_TEST(test_nic_changes_mac)
{
	struct link *l;

	nic();
	world_vnet_on(w, "u0", "a", "share", "on", "addresses", "10.0.0.7");
	world_vnet_on(w, "u0", "b", "address", MAC_B);
	l = fake_kernel_find(w->k, "n0");
	ck_assert_int_eq(mac_parse(MAC_B, l->address), 0);
	fake_kernel_tell(w->k, w->m, "n0");
	ck_assert_str_eq(world_state(w, "b", "u0"),
			 "failed: address " MAC_B " is device n0's own, and share is off");
	ck_assert_int_eq(world_find_resource(w, "a", "u0")->state, RESOURCE_FAILED);
	world_check(w);
}
END_TEST

/* --- the device --- */

START_TEST(test_no_filter)
{
	nic();
	w->k->unfilterable[device("n0")->ifindex] = true;
	world_vnet_on(w, "u0", "a", "address", MAC_A);
	ck_assert(device("n0")->flags & IFF_PROMISC);
	world_check(w);
	world_vnet_del(w, "a");
	ck_assert(!(device("n0")->flags & IFF_PROMISC));
}
END_TEST

START_TEST(test_random)
{
	const uint8_t *mac;

	world_vnet(w, "a", "address", "random", "address_prefix", "02:aa:bb");
	mac = world_find(w, "a")->settings.address;
	ck_assert(mac[0] == 0x02 && mac[1] == 0xaa && mac[2] == 0xbb);
	for (int i = 0; i < 20; i++) {
		char name[8];

		snprintf(name, sizeof(name), "r%d", i);
		world_vnet(w, name, "address_prefix", "02:aa:bb:cc:dd");
	}
	world_refused(w, world_try_vnet(w, "x", "address", MAC_A, "address_prefix", "02:aa", NULL),
		      ERROR_INVALID, EINVAL, "x", "address",
		      "x: address " MAC_A " does not begin with address_prefix 02:aa, expected one "
		      "that does, or random");
}
END_TEST

/* --- refusals: nothing has changed --- */

static const struct refusal {
	const char *key, *value, *key2, *value2;
	enum error_kind kind;
	int number;
	const char *field, *message;
} vnet_refusals[] = {
	{ "share", "on", "address", MAC_B, ERROR_INVALID, EINVAL, "share",
	  "c: share on needs the address of device n0 and not " MAC_B },
	{ "address", MAC_A, "pvid", "1", ERROR_EXISTS, EEXIST, "address",
	  "c: address " MAC_A " untagged is vnet a's already on uplink u0" },
	{ "mtu", "9000", "pvid", "1", ERROR_INVALID, EINVAL, "mtu",
	  "c: mtu 9000 is more than uplink u0 can carry: its device n0 has 1500" },
	{ "addresses", "10.0.0.7", "pvid", "1", ERROR_INVALID, EINVAL, "addresses",
	  "c: addresses can only be given with share on, which tells vnets apart by them" },
	{ "share", "on", "learn", "off", ERROR_INVALID, EINVAL, "addresses",
	  "c: addresses are required with share on and learn off, expected those that are the "
	  "vnet's" },
	{ "share", "on", "addresses", "10.0.0.6", ERROR_EXISTS, EEXIST, "addresses",
	  "c: addresses 10.0.0.6 is vnet s's already on uplink u0" },
};

START_TEST(test_vnet_refused)
{
	const struct refusal *r = &vnet_refusals[_i];
	char *before, *after;
	int err;

	nic_with();
	world_vnet_on(w, "u0", "s", "share", "on", "addresses", "10.0.0.6");
	before = world_text(w);
	err = world_try_vnet_on(w, "u0", "c", r->key, r->value, r->key2, r->value2, NULL);
	world_refused(w, err, r->kind, r->number, "c", r->field, r->message);
	after = world_text(w);
	world_same("after a refusal", before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(test_own_mac_refused)
{
	char mac[MAC_TEXT_SIZE], message[128];
	int err;

	nic();
	err = world_try_vnet_on(w, "u0", "c", "address", nic_mac(mac), NULL);
	snprintf(message, sizeof(message),
		 "c: address %s is device n0's own, expected another one, or share on", mac);
	world_refused(w, err, ERROR_INVALID, EINVAL, "c", "address", message);
	ck_assert_uint_eq(manager_vnet_count(w->m), 0);
}
END_TEST

START_TEST(test_uplink_refused)
{
	int err;

	nic_with();
	world_device(w, "d0");
	world_resource(w, "a", "g", "type", "guest", "device", "d0", "peer", WORLD_PEER);
	world_refused(w, world_try_uplink(w, "u1", "device", "d0", NULL), ERROR_BUSY, EBUSY, "u1",
		      "device", "u1: device d0 is in use by resource g of vnet a already");
	world_refused(w, world_try_uplink(w, "u1", "device", "n0", NULL), ERROR_BUSY, EBUSY, "u1",
		      "device", "u1: device n0 is in use by uplink u0 already");
	world_refused(w, world_try_uplink(w, "u1", "device", "a-p", NULL), ERROR_BUSY, EBUSY, "u1",
		      "device", "u1: device a-p is the upper or the port of vnet a");
	world_refused(w, world_try_uplink(w, "u0", "device", "x0", NULL), ERROR_EXISTS, EEXIST,
		      "u0", "name", "u0: there is an uplink of that name already");
	world_refused(w, world_try_uplink(w, "a", "device", "x0", NULL), ERROR_EXISTS, EEXIST, "a",
		      "name",
		      "a: there is a vnet of that name already, and uplinks and vnets share their "
		      "names");
	world_refused(w, world_try_vnet(w, "u0", NULL), ERROR_EXISTS, EEXIST, "u0", "name",
		      "u0: there is an uplink of that name already, and uplinks and vnets share "
		      "their names");
	world_refused(w, world_try_resource(w, "a", "s", "type", "service", "device", "n0", NULL),
		      ERROR_EXISTS, EEXIST, "a/s", "type",
		      "a/s: vnet a has a service already, resource u0; a vnet takes one");
	world_refused(w, world_try_resource(w, "a", "h", "type", "hybrid", "device", "n0", NULL),
		      ERROR_BUSY, EBUSY, "a/h", "device",
		      "a/h: device n0 is in use by uplink u0 already");
	world_refused(w, world_try_vnet(w, "c", "upper", "n0", "address", WORLD_MAC, NULL),
		      ERROR_BUSY, EBUSY, "c", "upper", "c: upper n0 is the device of uplink u0");
	err = manager_uplink_del(w->m, "u0", &w->e);
	world_refused(w, err, ERROR_BUSY, EBUSY, "u0", "",
		      "u0: vnet a is on it, and more are; remove that first");
	err = manager_uplink_set(w->m, "u9", &world_find_uplink(w, "u0")->settings, &w->e);
	world_refused(w, err, ERROR_NOT_FOUND, ENOENT, "u9", "", "there is no uplink \"u9\"");
	world_refused(w, world_try_vnet_on(w, "u9", "c", NULL), ERROR_NOT_FOUND, ENOENT, "c",
		      "uplink", "c: uplink u9 does not exist, expected the name of one");
	world_refused(w, world_try_uplink(w, "u1", NULL), ERROR_INVALID, EINVAL, "u1", "device",
		      "u1: device is required, expected a device name of 1 to 15 printable "
		      "characters without '/' and ':'");
}
END_TEST

START_TEST(test_resource_refused)
{
	nic();
	world_vnet(w, "a", "address", MAC_A);
	world_refused(w,
		      world_try_resource(w, "a", "g", "type", "guest", "uplink", "u0", "peer",
					 WORLD_PEER, NULL),
		      ERROR_INVALID, EINVAL, "a/g", "uplink",
		      "a/g: uplink u0 cannot be given for type guest, expected it for type service "
		      "alone");
	world_refused(w,
		      world_try_resource(w, "a", "s", "type", "service", "uplink", "u0", "device",
					 "d0", NULL),
		      ERROR_INVALID, EINVAL, "a/s", "uplink",
		      "a/s: uplink u0 cannot be given together with device d0, expected one of "
		      "them");
	world_refused(w, world_try_resource(w, "a", "s", "type", "service", "uplink", "x", NULL),
		      ERROR_NOT_FOUND, ENOENT, "a/s", "uplink",
		      "a/s: uplink x does not exist, expected the name of one");
	world_resource(w, "a", "s", "type", "service", "uplink", "u0");
	ck_assert_str_eq(world_state(w, "a", "s"), "up");
}
END_TEST

/* --- faults: each call fails once, and nothing is left --- */

static const char *const fault_calls[] = {
	"uplink_write", "port_write", "device_write",	"attach",	 "link_set",
	"member_write", "fdb_write",  "resource_write", "learner_write", "address_write",
};

START_TEST(test_add_fails)
{
	const char *call = fault_calls[_i];
	char *before, *after;

	world_vnet(w, "other", "address", MAC_A);
	world_device(w, "n0");
	before = world_text(w);
	for (unsigned int n = 0;; n++) {
		fake_kernel_fail_once(w->k, call, EIO, n);
		if (!world_try_uplink(w, "u0", "device", "n0", NULL))
			break;
		fake_kernel_heal(w->k);
		manager_settle(w->m);
		after = world_text(w);
		world_same(call, before, after);
		free(after);
	}
	fake_kernel_heal(w->k);
	free(before);
	before = world_text(w);
	for (unsigned int n = 0;; n++) {
		fake_kernel_fail_once(w->k, call, EIO, n);
		if (!world_try_vnet_on(w, "u0", "s", "share", "on", "addresses", "10.0.0.7", NULL))
			break;
		fake_kernel_heal(w->k);
		manager_settle(w->m);
		after = world_text(w);
		world_same(call, before, after);
		free(after);
	}
	fake_kernel_heal(w->k);
	free(before);
}
END_TEST

START_TEST(test_save_fails)
{
	char *before, *after;

	nic_with();
	before = world_text(w);
	w->save_fails = true;
	ck_assert_int_eq(world_try_uplink(w, "u1", "device", "n1", NULL), -ENOSPC);
	ck_assert_int_eq(world_try_uplink_set(w, "u0", "steer", "ip", NULL), -ENOSPC);
	ck_assert_int_eq(world_try_vnet_on(w, "u0", "c", NULL), -ENOSPC);
	w->save_fails = false;
	after = world_text(w);
	world_same("after a failure", before, after);
	free(before);
	free(after);
}
END_TEST

/* --- XDP --- */

static bool has_xdp(const char *name)
{
	return w->k->attached[KERNEL_HOOK_XDP_UPLINK][device(name)->ifindex];
}

static const struct abi_resource *row_of(const char *vnet)
{
	return fake_kernel_resource(w->k, world_find_resource(w, vnet, "u0")->number);
}

/* One of the vnets wants it; then all may redirect to the NIC by it. */
START_TEST(test_xdp)
{
	nic_with();
	ck_assert(!has_xdp("n0"));
	world_set(w, "a", "mode", "xdp");
	ck_assert(has_xdp("n0"));
	ck_assert(row_of("b")->flags & ABI_RESOURCE_XDP);
	world_check(w);
	world_set(w, "b", "mode", "xdp");
	world_forget_journal(w);
	world_stop(w);
	world_start(w);
	ck_assert_ptr_null(strstr(w->k->journal, "detach"));
	ck_assert_ptr_null(strstr(w->k->journal, "resource "));
	ck_assert(has_xdp("n0"));
	world_vnet_del(w, "a");
	ck_assert(has_xdp("n0"));
	world_forget_journal(w);
	world_set(w, "b", "mode", "tc");
	ck_assert(!has_xdp("n0"));
	ck_assert(!(row_of("b")->flags & ABI_RESOURCE_XDP));
	ck_assert(w->k->offloads[device("n0")->ifindex].on == fake_kernel_nic_offloads.on);
}
END_TEST

START_TEST(test_xdp_refused)
{
	struct json_object *o;

	nic_with();
	w->k->xdp_refusal[device("n0")->ifindex] = EOPNOTSUPP;
	world_set(w, "a", "mode", "xdp");
	ck_assert(!has_xdp("n0"));
	o = show_uplink(world_find_uplink(w, "u0"));
	ck_assert_ptr_nonnull(strstr(
		json_object_get_string(json_object_object_get(o, "xdp_reason")), "device n0: "));
	json_object_put(o);
}
END_TEST

/* An earlier vnetd's, that nobody wants any more. */
START_TEST(test_xdp_left)
{
	nic_with();
	world_stop(w);
	w->k->attached[KERNEL_HOOK_XDP_UPLINK][device("n0")->ifindex] = true;
	world_start(w);
	ck_assert(!has_xdp("n0"));
}
END_TEST

START_TEST(test_xdp_nic_gone)
{
	nic_with();
	world_set(w, "a", "mode", "xdp");
	world_delete(w, "n0");
	world_check(w);
	world_device(w, "n0");
	ck_assert(has_xdp("n0"));
}
END_TEST

/* --- shown --- */

START_TEST(test_show)
{
	struct json_object *o;

	nic_with();
	o = show_uplink(world_find_uplink(w, "u0"));
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "device")), "n0");
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "state")), "up");
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "vnets")),
			 "[ \"a\", \"b\" ]");
	json_object_put(o);
	o = show_resource(world_find_resource(w, "a", "u0"));
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "uplink")), "u0");
	ck_assert_str_eq(json_object_get_string(json_object_object_get(o, "device")), "n0");
	json_object_put(o);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("uplink", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_made);
	tcase_add_test(t, test_late_device);
	tcase_add_test(t, test_carrier);
	tcase_add_test(t, test_renamed);
	tcase_add_test(t, test_restart);
	tcase_add_test(t, test_restart_without_device);
	tcase_add_test(t, test_flush);
	tcase_add_test(t, test_beside_hybrid);
	tcase_add_test(t, test_vlans);
	tcase_add_test(t, test_same_mac);
	tcase_add_test(t, test_address_follows);
	tcase_add_test(t, test_share);
	tcase_add_test(t, test_seen);
	tcase_add_test(t, test_steer);
	tcase_add_test(t, test_nic_changes_mac);
	tcase_add_test(t, test_no_filter);
	tcase_add_test(t, test_random);
	tcase_add_loop_test(t, test_vnet_refused, 0, UTIL_ARRAY_SIZE(vnet_refusals));
	tcase_add_test(t, test_own_mac_refused);
	tcase_add_test(t, test_uplink_refused);
	tcase_add_test(t, test_resource_refused);
	tcase_add_loop_test(t, test_add_fails, 0, UTIL_ARRAY_SIZE(fault_calls));
	tcase_add_test(t, test_save_fails);
	tcase_add_test(t, test_xdp);
	tcase_add_test(t, test_xdp_refused);
	tcase_add_test(t, test_xdp_left);
	tcase_add_test(t, test_xdp_nic_gone);
	tcase_add_test(t, test_show);
	return unit_run(s);
}
