/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Direct peers: two vnets of one daemon that lead to each other with no device between. */
#include <errno.h>

#include "../../daemon/path.h"
#include "../../daemon/show.h"
#include "world_case.h"

#define MAC_A	  "02:00:00:00:00:0a"
#define MAC_B	  "02:00:00:00:00:0b"
#define MAC_OTHER "02:00:00:00:00:0c"

#define NO_TWIN	    "down: vnet a has no guest resource with peer-vnet b"
#define NO_VNET	    "waiting: vnet b does not exist"
#define DOWN	    "down: set down by the administrator"
#define OTHER_DOWN  "down: its other end b/h is set down by the administrator"
#define UPPER_GONE  "down: upper tap0 of vnet b is missing"
#define ADD_PEER(v) "type", "guest", "peer_vnet", v

static void ends_are(const char *g, const char *h)
{
	ck_assert_str_eq(world_state(w, "a", "g"), g);
	ck_assert_str_eq(world_state(w, "b", "h"), h);
	world_check(w);
	world_news(w);
}

static void make_vnets(void)
{
	world_vnet(w, "a", "address", MAC_A);
	world_vnet(w, "b", "address", MAC_B);
}

static void make_ends(void)
{
	make_vnets();
	world_resource(w, "a", "g", ADD_PEER("b"));
	world_resource(w, "b", "h", ADD_PEER("a"));
	ends_are("up", "up");
}

static const struct abi_resource *row(const char *vnet, const char *name)
{
	const struct abi_resource *r =
		fake_kernel_resource(w->k, world_find_resource(w, vnet, name)->number);

	ck_assert_msg(r, "%s/%s has no row", vnet, name);
	return r;
}

static void way_is(const char *vnet, const char *mac, uint16_t vlan, const char *reason)
{
	struct path_answer answer;
	uint8_t address[MAC_LEN];

	ck_assert_int_eq(mac_parse(mac, address), 0);
	ck_assert_int_eq(path_find(world_find(w, vnet), address, vlan, &answer), 0);
	ck_assert_str_eq(answer.reason, reason);
}

/* --- coming and going --- */

START_TEST(test_ends)
{
	uint32_t g, h;

	make_vnets();
	world_resource(w, "a", "g", ADD_PEER("b"));
	ck_assert_str_eq(world_state(w, "a", "g"),
			 "down: vnet b has no guest resource with peer-vnet a");
	ck_assert(!row("a", "g")->up && !row("a", "g")->twin);
	world_check(w);
	world_resource(w, "b", "h", ADD_PEER("a"));
	ends_are("up", "up");
	g = world_find_resource(w, "a", "g")->number;
	h = world_find_resource(w, "b", "h")->number;
	ck_assert_uint_eq(row("a", "g")->twin, h);
	ck_assert_uint_eq(row("b", "h")->twin, g);
	ck_assert_uint_eq(row("a", "g")->ifindex, 0);
	ck_assert_uint_eq(row("a", "g")->type, ABI_GUEST);
	way_is("a", MAC_B, 0, "guest");
	way_is("b", MAC_A, 0, "guest");
	ck_assert(world_find(w, "a")->carrier && world_find(w, "b")->carrier);
	world_resource_del(w, "a", "g");
	ck_assert_str_eq(world_state(w, "b", "h"), NO_TWIN);
	ck_assert(!row("b", "h")->up && !row("b", "h")->twin);
	way_is("b", MAC_A, 0, "no_path");
	ck_assert(!world_find(w, "a")->carrier && !world_find(w, "b")->carrier);
	world_check(w);
	world_resource(w, "a", "g", ADD_PEER("b"));
	ends_are("up", "up");
}
END_TEST

/* The vnets may come in any order, too, and one of them may go and come. */
START_TEST(test_vnets)
{
	world_vnet(w, "a", "address", MAC_A);
	world_resource(w, "a", "g", ADD_PEER("b"));
	ck_assert_str_eq(world_state(w, "a", "g"), NO_VNET);
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), 0);
	world_check(w);
	world_vnet(w, "b", "address", MAC_B);
	ck_assert_str_eq(world_state(w, "a", "g"),
			 "down: vnet b has no guest resource with peer-vnet a");
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), 1);
	world_resource(w, "b", "h", ADD_PEER("a"));
	ends_are("up", "up");
	world_vnet_del(w, "b");
	ck_assert_str_eq(world_state(w, "a", "g"), NO_VNET);
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), 0);
	world_check(w);
	world_vnet(w, "b", "address", MAC_OTHER);
	world_resource(w, "b", "h", ADD_PEER("a"));
	ends_are("up", "up");
	way_is("a", MAC_OTHER, 0, "guest");
	world_vnet_del(w, "a");
	world_vnet_del(w, "b");
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

START_TEST(test_admin)
{
	make_ends();
	world_forget_events(w);
	world_resource_set(w, "b", "h", "admin", "down");
	ends_are(OTHER_DOWN, DOWN);
	world_resource_set(w, "a", "g", "admin", "down");
	ends_are(DOWN, DOWN);
	world_resource_set(w, "b", "h", "admin", "up");
	ck_assert_str_eq(world_state(w, "a", "g"), DOWN);
	world_resource_set(w, "a", "g", "admin", "up");
	ends_are("up", "up");
	ck_assert_str_eq(w->events, "resource-state b h down\nresource-state a g down\n"
				    "resource-state a g up\nresource-state b h up\n");
}
END_TEST

/* Frames for b have nowhere to go while its upper is missing. */
START_TEST(test_upper)
{
	world_device(w, "tap0");
	world_vnet(w, "a", "address", MAC_A);
	world_vnet(w, "b", "address", MAC_B, "upper", "tap0");
	world_resource(w, "a", "g", ADD_PEER("b"));
	world_resource(w, "b", "h", ADD_PEER("a"));
	ends_are("up", "up");
	world_delete(w, "tap0");
	ends_are(UPPER_GONE, "up");
	ck_assert(!row("a", "g")->up);
	world_device(w, "tap0");
	ends_are("up", "up");
	/* a pair is made again at once */
	world_forget_events(w);
	world_delete(w, "a-p");
	ends_are("up", "up");
	ck_assert_str_eq(w->events, "");
}
END_TEST

/* Each knows the other before either is up, and neither is up when the first of them goes. */
START_TEST(test_order)
{
	make_vnets();
	world_resource(w, "a", "g", ADD_PEER("b"));
	world_forget_journal(w);
	world_resource(w, "b", "h", ADD_PEER("a"));
	world_in_order(w->k->journal, "resource 2 up 0 fallback 0", "resource 1 up 0 fallback 0");
	world_in_order(w->k->journal, "resource 1 up 0 fallback 0", "resource 2 up 1 fallback 0");
	world_in_order(w->k->journal, "resource 1 up 0 fallback 0", "resource 1 up 1 fallback 0");
	world_forget_journal(w);
	world_resource_del(w, "b", "h");
	world_in_order(w->k->journal, "resource 1 up 0 fallback 0", "resource 2 up 0 fallback 0");
	world_in_order(w->k->journal, "resource 2 up 0 fallback 0", "fdb 1 resource 0");
	world_in_order(w->k->journal, "fdb 1 resource 0", "resource 2 gone");
}
END_TEST

/* --- what follows it --- */

START_TEST(test_address)
{
	make_ends();
	world_set(w, "b", "address", MAC_OTHER);
	ends_are("up", "up");
	way_is("a", MAC_OTHER, 0, "guest");
	way_is("a", MAC_B, 0, "no_path");
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), 2);
	ck_assert_int_eq(row("a", "g")->peer[5], 0x0c);
	/* by hand: ip link set b address ... */
	mac_parse(MAC_B, fake_kernel_find(w->k, "b")->address);
	fake_kernel_tell(w->k, w->m, "b");
	ends_are("up", "up");
	way_is("a", MAC_B, 0, "guest");
	/* also while it is not up */
	world_resource_set(w, "b", "h", "admin", "down");
	world_set(w, "b", "address", MAC_OTHER);
	ck_assert(fake_kernel_fdb(w->k, world_find(w, "a")->number, 1, MAC_OTHER));
}
END_TEST

START_TEST(test_vlans)
{
	make_ends();
	world_set(w, "a", "vlans", "10-12");
	world_check(w);
	ck_assert_uint_eq(fake_kernel_fdb_count(w->k), 5);
	way_is("a", MAC_B, 11, "guest");
	world_resource_set(w, "a", "g", "vlans", "11", "pvid", "12");
	world_check(w);
	ck_assert_uint_eq(row("a", "g")->pvid, 12);
	ck_assert_uint_eq(row("a", "g")->flags & ABI_RESOURCE_VLANS, ABI_RESOURCE_VLANS);
	way_is("a", MAC_B, 12, "guest");
	way_is("a", MAC_B, 10, "no_path");
	world_resource_set(w, "a", "g", "vlans", "inherit", "pvid", "inherit");
	world_check(w);
}
END_TEST

/* While it is down traffic goes over the service, as for any guest. */
START_TEST(test_service)
{
	make_ends();
	world_device(w, "s0");
	world_resource(w, "a", "s", "type", "service", "device", "s0");
	way_is("a", MAC_B, 0, "guest");
	world_resource_set(w, "b", "h", "admin", "down");
	way_is("a", MAC_B, 0, "guest-over-service");
	world_resource_del(w, "b", "h");
	way_is("a", MAC_B, 0, "guest-over-service");
	world_vnet_del(w, "b");
	way_is("a", MAC_B, 0, "service");
	world_check(w);
}
END_TEST

/* --- refused --- */

START_TEST(test_itself)
{
	make_vnets();
	world_refused(w, world_try_resource(w, "a", "g", ADD_PEER("a"), NULL), ERROR_INVALID,
		      EINVAL, "a/g", "peer_vnet",
		      "a/g: peer_vnet a is the vnet itself; another vnet was expected");
}
END_TEST

START_TEST(test_twice)
{
	make_ends();
	world_refused(w, world_try_resource(w, "a", "x", ADD_PEER("b"), NULL), ERROR_EXISTS, EEXIST,
		      "a/x", "peer_vnet", "a/x: peer_vnet b is where resource g leads already");
	ends_are("up", "up");
}
END_TEST

START_TEST(test_fixed)
{
	make_ends();
	world_vnet(w, "c", "address", MAC_OTHER);
	world_refused(w, world_try_resource_set(w, "a", "g", "peer_vnet", "c", NULL), ERROR_INVALID,
		      EINVAL, "a/g", "peer_vnet",
		      "a/g: peer_vnet can only be given when the resource is added");
	ends_are("up", "up");
}
END_TEST

START_TEST(test_mac_is_a_guests)
{
	make_vnets();
	world_device(w, "d0");
	world_resource(w, "a", "d", "type", "guest", "device", "d0", "peer", MAC_B);
	world_refused(w, world_try_resource(w, "a", "g", ADD_PEER("b"), NULL), ERROR_EXISTS, EEXIST,
		      "a/g", "peer",
		      "a/g: peer 02:00:00:00:00:0b in VLAN 1 is already reached over resource d");
	world_resource_set(w, "a", "d", "peer", MAC_OTHER);
	world_resource(w, "a", "g", ADD_PEER("b"));
	world_refused(w, world_try_resource_set(w, "a", "d", "peer", MAC_B, NULL), ERROR_EXISTS,
		      EEXIST, "a/d", "peer",
		      "a/d: peer 02:00:00:00:00:0b in VLAN 1 is already reached over resource g");
	world_refused(w, world_try_set(w, "b", "address", MAC_OTHER, NULL), ERROR_EXISTS, EEXIST,
		      "b", "address",
		      "b: address 02:00:00:00:00:0c is another guest's already in vnet a, whose "
		      "resource g leads here");
	world_vnet_del(w, "b");
	world_refused(w, world_try_vnet(w, "b", "address", MAC_OTHER, NULL), ERROR_EXISTS, EEXIST,
		      "b", "address",
		      "b: address 02:00:00:00:00:0c is another guest's already in vnet a, whose "
		      "resource g leads here");
	world_vnet(w, "b", "address", MAC_B);
	world_check(w);
}
END_TEST

/* The kernel refuses: nothing has changed, on neither side. */
static const struct {
	const char *call;
	unsigned int after;
} refusals[] = {
	{ "resource_write", 0 }, { "resource_write", 1 }, { "resource_write", 2 },
	{ "resource_write", 3 }, { "fdb_write", 0 },	  { "vnet_write", 0 },
};

static void refused_changes_nothing(int (*change)(void), const char *call, unsigned int after)
{
	char *before, *now;
	int err;

	manager_settle(w->m);
	before = world_text(w);
	fake_kernel_fail_once(w->k, call, EIO, after);
	err = change();
	fake_kernel_heal(w->k);
	if (w->k->failed) {
		ck_assert_int_eq(err, -EIO);
		now = world_text(w);
		world_same(call, before, now);
		free(now);
	} else {
		ck_assert_int_eq(err, 0);
	}
	free(before);
	world_check(w);
}

static int add_end(void)
{
	return world_try_resource(w, "b", "h", ADD_PEER("a"), NULL);
}

START_TEST(test_end_refused)
{
	make_vnets();
	world_resource(w, "a", "g", ADD_PEER("b"));
	refused_changes_nothing(add_end, refusals[_i].call, refusals[_i].after);
}
END_TEST

static int add_vnet(void)
{
	return world_try_vnet(w, "b", "address", MAC_B, NULL);
}

START_TEST(test_vnet_refused)
{
	world_vnet(w, "a", "address", MAC_A);
	world_resource(w, "a", "g", ADD_PEER("b"));
	refused_changes_nothing(add_vnet, refusals[_i].call, refusals[_i].after);
}
END_TEST

static int set_address(void)
{
	return world_try_set(w, "b", "address", MAC_OTHER, NULL);
}

START_TEST(test_address_refused)
{
	make_ends();
	refused_changes_nothing(set_address, refusals[_i].call, refusals[_i].after);
}
END_TEST

/* --- a restart, and the end --- */

START_TEST(test_restart)
{
	make_ends();
	world_restart(w);
	ends_are("up", "up");
	world_set(w, "b", "vlans", "7", "address", MAC_OTHER);
	world_resource_set(w, "a", "g", "vlans", "1,7", "pvid", "7");
	world_restart(w);
	world_resource_set(w, "b", "h", "admin", "down");
	world_restart(w);
	world_vnet(w, "c", "address", "02:00:00:00:00:0d");
	world_resource(w, "c", "i", ADD_PEER("a"));
	world_resource(w, "b", "i", ADD_PEER("nobody"));
	world_restart(w);
	world_resource_set(w, "b", "h", "admin", "up");
	ends_are("up", "up");
}
END_TEST

/* What happened to one of the vnets meanwhile is seen from the other. */
START_TEST(test_restart_without_upper)
{
	world_device(w, "tap0");
	world_vnet(w, "a", "address", MAC_A);
	world_vnet(w, "b", "address", MAC_B, "upper", "tap0");
	world_resource(w, "a", "g", ADD_PEER("b"));
	world_resource(w, "b", "h", ADD_PEER("a"));
	world_stop(w);
	fake_kernel_remove(w->k, "tap0");
	world_start(w);
	ends_are(UPPER_GONE, "up");
	world_device(w, "tap0");
	ends_are("up", "up");
}
END_TEST

START_TEST(test_flush)
{
	make_ends();
	world_resource(w, "a", "i", ADD_PEER("c"));
	world_done(w, manager_flush(w->m, &w->e));
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

/* --- seen by users --- */

static const char *text_of(struct json_object *o, const char *key)
{
	return json_object_get_string(json_object_object_get(o, key));
}

START_TEST(test_show)
{
	struct json_object *o;

	make_ends();
	o = show_resource(world_find_resource(w, "a", "g"));
	ck_assert_str_eq(text_of(o, "peer_vnet"), "b");
	ck_assert_str_eq(text_of(o, "device"), "");
	ck_assert_str_eq(text_of(o, "peer"), MAC_B);
	ck_assert_str_eq(text_of(o, "state"), "up");
	ck_assert_str_eq(text_of(o, "attached"), "none");
	ck_assert_str_eq(text_of(o, "ifindex"), "0");
	ck_assert_str_eq(text_of(o, "active"), "true");
	json_object_put(o);
	world_vnet_del(w, "b");
	o = show_resource(world_find_resource(w, "a", "g"));
	ck_assert(json_object_object_get_ex(o, "peer", NULL));
	ck_assert_ptr_null(json_object_object_get(o, "peer"));
	ck_assert_str_eq(text_of(o, "reason"), "vnet b does not exist");
	json_object_put(o);
}
END_TEST

START_TEST(test_many)
{
	char name[16], mac[MAC_TEXT_SIZE];

	world_vnet(w, "hub", "address", MAC_A);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		snprintf(mac, sizeof(mac), "02:00:00:00:01:%02x", i);
		world_vnet(w, name, "address", mac);
		world_resource(w, "hub", name, ADD_PEER(name));
		world_resource(w, name, "up", ADD_PEER("hub"));
	}
	ck_assert_uint_eq(world_find(w, "hub")->up_count, 20);
	world_set(w, "hub", "address", MAC_B);
	world_check(w);
	way_is("v7", MAC_B, 0, "guest");
	world_restart(w);
	world_vnet_del(w, "hub");
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		ck_assert_str_eq(world_state(w, name, "up"), "waiting: vnet hub does not exist");
	}
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("peer", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_ends);
	tcase_add_test(t, test_vnets);
	tcase_add_test(t, test_admin);
	tcase_add_test(t, test_upper);
	tcase_add_test(t, test_order);
	tcase_add_test(t, test_address);
	tcase_add_test(t, test_vlans);
	tcase_add_test(t, test_service);
	tcase_add_test(t, test_itself);
	tcase_add_test(t, test_twice);
	tcase_add_test(t, test_fixed);
	tcase_add_test(t, test_mac_is_a_guests);
	tcase_add_loop_test(t, test_end_refused, 0, UTIL_ARRAY_SIZE(refusals));
	tcase_add_loop_test(t, test_vnet_refused, 0, UTIL_ARRAY_SIZE(refusals));
	tcase_add_loop_test(t, test_address_refused, 0, UTIL_ARRAY_SIZE(refusals));
	tcase_add_test(t, test_restart);
	tcase_add_test(t, test_restart_without_upper);
	tcase_add_test(t, test_flush);
	tcase_add_test(t, test_show);
	tcase_add_test(t, test_many);
	return unit_run(s);
}
