/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that is refused before anything is touched: the sentence, the error, and no trace. */
#include <errno.h>
#include <net/if_arp.h>

#include "world.h"

struct refusal {
	enum error_kind kind;
	int number;
	const char *object;
	const char *field;
	const char *message;
	/* what to do: "vnet", "set", "resource", "resource-set", and its names, keys and values */
	const char *verb;
	const char *name;
	const char *resource;
	const char *word[8];
};

/*
 * vnet0 as usual; vnet1 over tap1 with guest g (w0) and hybrid h that waits for late0; vnet2 over
 * tap9, which does not exist. Free: f0, l0 (no Ethernet), b0 (port of br0), small0 (MTU up to
 * 1400).
 */
static struct world *crowded(void)
{
	struct world *w = world_new();

	world_usual(w);
	world_device(w, "tap1");
	world_device(w, "w0");
	world_device(w, "f0");
	world_device(w, "br0");
	fake_kernel_add(w->k, "l0")->type = ARPHRD_LOOPBACK;
	fake_kernel_tell(w->k, w->m, "l0");
	fake_kernel_add(w->k, "b0")->master = fake_kernel_find(w->k, "br0")->ifindex;
	fake_kernel_tell(w->k, w->m, "b0");
	fake_kernel_add(w->k, "small0")->max_mtu = 1400;
	fake_kernel_find(w->k, "small0")->mtu = 1400;
	fake_kernel_tell(w->k, w->m, "small0");
	fake_kernel_add(w->k, "limit0")->max_mtu = 2000;
	fake_kernel_tell(w->k, w->m, "limit0");
	world_vnet(w, "vnet1", "address", "02:00:00:00:00:11", "upper", "tap1");
	world_resource(w, "vnet1", "g", "type", "guest", "device", "w0", "peer",
		       "02:00:00:00:00:12", "pvid", "7", "vlans", "20-22");
	world_resource(w, "vnet1", "h", "type", "hybrid", "device", "late0");
	world_resource(w, "vnet1", "i", "type", "hybrid", "device", "limit0");
	world_vnet(w, "vnet2", "address", "02:00:00:00:00:21", "upper", "tap9");
	world_check(w);
	return w;
}

/* clang-format off */
static const struct refusal refusals[] = {
	/* vnet add */
	{ ERROR_EXISTS, EEXIST, "vnet0", "name",
	  "vnet0: there is a vnet of that name already",
	  "vnet", "vnet0", NULL, { NULL } },
	{ ERROR_INVALID, EINVAL, "", "name",
	  "vnet name '' is empty, expected 1 to 13 characters",
	  "vnet", "", NULL, { NULL } },
	{ ERROR_INVALID, EINVAL, "a/b", "name",
	  "vnet name a/b has '/' in it, expected letters, digits, '_', '-' and '.'",
	  "vnet", "a/b", NULL, { NULL } },
	{ ERROR_INVALID, EINVAL, "a/b", "name",
	  "vnet name a/b has '/' in it, expected letters, digits, '_', '-' and '.'",
	  "vnet", "a/b", NULL, { "upper", "f0" } },
	{ ERROR_INVALID, EINVAL, "longer-than-13", "name",
	  "vnet name longer-than-13 has 14 characters, expected at most 13",
	  "vnet", "longer-than-13", NULL, { NULL } },
	{ ERROR_INVALID, EINVAL, "all", "name",
	  "all: name all is reserved by the kernel, expected one that a device can have",
	  "vnet", "all", NULL, { NULL } },
	{ ERROR_INVALID, EINVAL, "n", "mtu",
	  "n: mtu 20 is not a number from 68 to 65521",
	  "vnet", "n", NULL, { "mtu", "20" } },
	{ ERROR_EXISTS, EEXIST, "n", "address",
	  "n: address 02:00:00:00:00:01 is vnet vnet0's already",
	  "vnet", "n", NULL, { "address", "02:00:00:00:00:01" } },
	{ ERROR_INVALID, EINVAL, "n", "address",
	  "n: address is required with upper f0, expected the MAC that is used behind it",
	  "vnet", "n", NULL, { "upper", "f0" } },
	{ ERROR_INVALID, EINVAL, "n", "netns",
	  "n: netns there cannot be given together with upper f0, expected one of them",
	  "vnet", "n", NULL, { "upper", "f0", "netns", "there", "address", "02:00:00:00:00:31" } },
	{ ERROR_INVALID, EINVAL, "n", "upper",
	  "n: upper l0 is not an Ethernet device",
	  "vnet", "n", NULL, { "upper", "l0", "address", "02:00:00:00:00:31" } },
	{ ERROR_BUSY, EBUSY, "n", "upper",
	  "n: upper tap1 is in use by vnet vnet1 already",
	  "vnet", "n", NULL, { "upper", "tap1", "address", "02:00:00:00:00:31" } },
	{ ERROR_BUSY, EBUSY, "n", "upper",
	  "n: upper tap9 is in use by vnet vnet2 already",
	  "vnet", "n", NULL, { "upper", "tap9", "address", "02:00:00:00:00:31" } },
	{ ERROR_BUSY, EBUSY, "n", "upper",
	  "n: upper s0 is in use by vnet vnet0 already",
	  "vnet", "n", NULL, { "upper", "s0", "address", "02:00:00:00:00:31" } },
	{ ERROR_BUSY, EBUSY, "n", "upper",
	  "n: upper vnet0-p is in use by vnet vnet0 already",
	  "vnet", "n", NULL, { "upper", "vnet0-p", "address", "02:00:00:00:00:31" } },
	{ ERROR_BUSY, EBUSY, "n", "upper",
	  "n: upper late0 is what resource h of vnet vnet1 waits for",
	  "vnet", "n", NULL, { "upper", "late0", "address", "02:00:00:00:00:31" } },
	{ ERROR_NOT_FOUND, ENOENT, "n", "netns",
	  "n: network namespace /no/such/netns cannot be opened (/no/such/netns): No such file or "
	  "directory",
	  "vnet", "n", NULL, { "netns", "/no/such/netns" } },
	{ ERROR_EXISTS, EEXIST, "f0", "name",
	  "f0: there is a device f0 that vnetd did not make; choose another name, or use it with "
	  "\"upper f0\"",
	  "vnet", "f0", NULL, { NULL } },

	/* vnet set */
	{ ERROR_NOT_FOUND, ENOENT, "nope", "",
	  "there is no vnet \"nope\"",
	  "set", "nope", NULL, { NULL } },
	{ ERROR_INVALID, EINVAL, "vnet0", "upper",
	  "vnet0: upper and netns can only be given when the vnet is made",
	  "set", "vnet0", NULL, { "upper", "f0" } },
	{ ERROR_INVALID, EINVAL, "vnet0", "upper",
	  "vnet0: upper and netns can only be given when the vnet is made",
	  "set", "vnet0", NULL, { "netns", "there" } },
	{ ERROR_INVALID, EINVAL, "vnet1", "address",
	  "vnet1: address is required with upper tap1, expected the MAC that is used behind it",
	  "set", "vnet1", NULL, { "address", "random" } },
	{ ERROR_EXISTS, EEXIST, "vnet0", "address",
	  "vnet0: address 02:00:00:00:00:11 is vnet vnet1's already",
	  "set", "vnet0", NULL, { "address", "02:00:00:00:00:11" } },
	{ ERROR_INVALID, EINVAL, "vnet0", "address",
	  "vnet0: address 02:00:00:00:00:02 is the peer of its resource g",
	  "set", "vnet0", NULL, { "address", "02:00:00:00:00:02" } },
	{ ERROR_INVALID, EINVAL, "vnet1", "mtu",
	  "vnet1: mtu 2001 is more than resource i can carry: its device limit0 takes at most 2000",
	  "set", "vnet1", NULL, { "mtu", "2001" } },
	{ ERROR_INVALID, EINVAL, "vnet1", "mtu",
	  "vnet1: mtu 65522 is not a number from 68 to 65521",
	  "set", "vnet1", NULL, { "mtu", "65522" } },

	/* resource add */
	{ ERROR_NOT_FOUND, ENOENT, "nope", "",
	  "there is no vnet \"nope\"",
	  "resource", "nope", "x", { "type", "hybrid", "device", "f0" } },
	{ ERROR_INVALID, EINVAL, "x y", "name",
	  "resource name x y has ' ' in it, expected letters, digits, '_', '-' and '.'",
	  "resource", "vnet0", "x y", { "type", "hybrid", "device", "f0" } },
	{ ERROR_EXISTS, EEXIST, "vnet0/g", "name",
	  "vnet0/g: vnet vnet0 has a resource of that name already",
	  "resource", "vnet0", "g", { "type", "hybrid", "device", "f0" } },
	{ ERROR_INVALID, EINVAL, "vnet0/x", "type",
	  "vnet0/x: type is required, expected service, guest or hybrid",
	  "resource", "vnet0", "x", { "device", "f0" } },
	{ ERROR_INVALID, EINVAL, "vnet0/x", "device",
	  "vnet0/x: device is required, expected a device name of 1 to 15 printable characters "
	  "without '/' and ':'",
	  "resource", "vnet0", "x", { "type", "hybrid" } },
	{ ERROR_INVALID, EINVAL, "vnet0/x", "peer",
	  "vnet0/x: peer is required for type guest, expected a unicast MAC like 02:00:00:00:00:01",
	  "resource", "vnet0", "x", { "type", "guest", "device", "f0" } },
	{ ERROR_INVALID, EINVAL, "vnet0/x", "peer",
	  "vnet0/x: peer 02:00:00:00:00:09 cannot be given for type hybrid, expected it for type guest "
	  "alone",
	  "resource", "vnet0", "x", { "type", "hybrid", "device", "f0", "peer", "02:00:00:00:00:09" } },
	{ ERROR_INVALID, EINVAL, "vnet0/x", "priority",
	  "vnet0/x: priority 3 cannot be given for type service, expected it for type hybrid alone",
	  "resource", "vnet0", "x", { "type", "service", "device", "f0", "priority", "3" } },
	{ ERROR_EXISTS, EEXIST, "vnet0/x", "type",
	  "vnet0/x: vnet vnet0 has a service already, resource s; a vnet takes one",
	  "resource", "vnet0", "x", { "type", "service", "device", "f0" } },
	{ ERROR_EXISTS, EEXIST, "vnet0/x", "type",
	  "vnet0/x: vnet vnet0 has a service already, resource s; a vnet takes one",
	  "resource", "vnet0", "x", { "type", "service", "device", "not-there" } },
	{ ERROR_INVALID, EINVAL, "vnet0/x", "peer",
	  "vnet0/x: peer 02:00:00:00:00:01 is the address of vnet vnet0 itself; the peer's own MAC was "
	  "expected",
	  "resource", "vnet0", "x", { "type", "guest", "device", "f0", "peer", "02:00:00:00:00:01" } },
	{ ERROR_BUSY, EBUSY, "vnet0/x", "device",
	  "vnet0/x: device g0 is in use by resource g of vnet vnet0 already",
	  "resource", "vnet0", "x", { "type", "hybrid", "device", "g0" } },
	{ ERROR_BUSY, EBUSY, "vnet0/x", "device",
	  "vnet0/x: device w0 is in use by resource g of vnet vnet1 already",
	  "resource", "vnet0", "x", { "type", "hybrid", "device", "w0" } },
	{ ERROR_BUSY, EBUSY, "vnet0/x", "device",
	  "vnet0/x: device late0 is in use by resource h of vnet vnet1 already",
	  "resource", "vnet0", "x", { "type", "hybrid", "device", "late0" } },
	{ ERROR_BUSY, EBUSY, "vnet0/x", "device",
	  "vnet0/x: device vnet0 is the upper or the port of vnet vnet0",
	  "resource", "vnet0", "x", { "type", "hybrid", "device", "vnet0" } },
	{ ERROR_BUSY, EBUSY, "vnet1/x", "device",
	  "vnet1/x: device vnet0-p is the upper or the port of vnet vnet0",
	  "resource", "vnet1", "x", { "type", "hybrid", "device", "vnet0-p" } },
	{ ERROR_BUSY, EBUSY, "vnet0/x", "device",
	  "vnet0/x: device tap1 is the upper or the port of vnet vnet1",
	  "resource", "vnet0", "x", { "type", "hybrid", "device", "tap1" } },
	{ ERROR_BUSY, EBUSY, "vnet0/x", "device",
	  "vnet0/x: device tap9 is the upper or the port of vnet vnet2",
	  "resource", "vnet0", "x", { "type", "hybrid", "device", "tap9" } },
	{ ERROR_INVALID, EINVAL, "vnet0/x", "device",
	  "vnet0/x: device l0 is not an Ethernet device",
	  "resource", "vnet0", "x", { "type", "hybrid", "device", "l0" } },
	{ ERROR_BUSY, EBUSY, "vnet0/x", "device",
	  "vnet0/x: device b0 is a port of br0; take it out of there first",
	  "resource", "vnet0", "x", { "type", "hybrid", "device", "b0" } },
	{ ERROR_INVALID, EINVAL, "vnet0/x", "device",
	  "vnet0/x: device small0 takes an MTU of at most 1400, and vnet vnet0 has 1500",
	  "resource", "vnet0", "x", { "type", "hybrid", "device", "small0" } },
	{ ERROR_EXISTS, EEXIST, "vnet0/x", "peer",
	  "vnet0/x: peer 02:00:00:00:00:02 in VLAN 1 is already reached over resource g",
	  "resource", "vnet0", "x", { "type", "guest", "device", "f0", "peer", "02:00:00:00:00:02" } },
	{ ERROR_EXISTS, EEXIST, "vnet1/x", "peer",
	  "vnet1/x: peer 02:00:00:00:00:12 in VLAN 21 is already reached over resource g",
	  "resource", "vnet1", "x",
	  { "type", "guest", "device", "f0", "peer", "02:00:00:00:00:12", "vlans", "21,30" } },

	/* resource set */
	{ ERROR_NOT_FOUND, ENOENT, "vnet0/nope", "",
	  "vnet vnet0 has no resource \"nope\"",
	  "resource-set", "vnet0", "nope", { NULL } },
	{ ERROR_INVALID, EINVAL, "vnet0/g", "device",
	  "vnet0/g: type and device can only be given when the resource is added",
	  "resource-set", "vnet0", "g", { "device", "f0" } },
	{ ERROR_INVALID, EINVAL, "vnet0/s", "device",
	  "vnet0/s: type and device can only be given when the resource is added",
	  "resource-set", "vnet0", "s", { "type", "hybrid" } },
	{ ERROR_INVALID, EINVAL, "vnet0/g", "peer",
	  "vnet0/g: peer 02:00:00:00:00:01 is the address of vnet vnet0 itself; the peer's own MAC was "
	  "expected",
	  "resource-set", "vnet0", "g", { "peer", "02:00:00:00:00:01" } },
	{ ERROR_INVALID, EINVAL, "vnet0/s", "peer",
	  "vnet0/s: peer 02:00:00:00:00:09 cannot be given for type service, expected it for type "
	  "guest alone",
	  "resource-set", "vnet0", "s", { "peer", "02:00:00:00:00:09" } },
	{ ERROR_INVALID, EINVAL, "vnet0/h1", "priority",
	  "vnet0/h1: priority 65536 is not a number from 0 to 65535",
	  "resource-set", "vnet0", "h1", { "priority", "65536" } },

	/* del */
	{ ERROR_NOT_FOUND, ENOENT, "nope", "",
	  "there is no vnet \"nope\"",
	  "del", "nope", NULL, { NULL } },
	{ ERROR_NOT_FOUND, ENOENT, "nope", "",
	  "there is no vnet \"nope\"",
	  "resource-del", "nope", "g", { NULL } },
	{ ERROR_NOT_FOUND, ENOENT, "vnet0/nope", "",
	  "vnet vnet0 has no resource \"nope\"",
	  "resource-del", "vnet0", "nope", { NULL } },
};
/* clang-format on */

static int read_words(const struct setting *table, void *settings, const char *object,
		      const struct refusal *r, struct error *e)
{
	int err = 0;

	for (size_t i = 0; i + 1 < UTIL_ARRAY_SIZE(r->word) && r->word[i] && !err; i += 2)
		err = settings_set(table, settings, object, r->word[i], r->word[i + 1], e);
	return err;
}

static int try_vnet(struct world *w, const struct refusal *r, const struct vnet *v)
{
	struct vnet_settings s;
	int err;

	settings_vnet_default(&s);
	if (v)
		s = v->settings;
	err = read_words(settings_vnet, &s, r->name, r, &w->e);
	if (err)
		return err;
	return util_same(r->verb, "set") ? manager_vnet_set(w->m, r->name, &s, &w->e)
					 : manager_vnet_add(w->m, r->name, &s, &w->e);
}

static int try_resource(struct world *w, const struct refusal *r, const struct vnet *v)
{
	const struct resource *old = v ? manager_find_resource(v, r->resource, NULL) : NULL;
	bool set = util_same(r->verb, "resource-set");
	struct resource_settings s;
	char label[64];
	int err;

	snprintf(label, sizeof(label), "%s/%s", r->name, r->resource);
	settings_resource_default(&s);
	if (set && old)
		s = old->settings;
	err = read_words(settings_resource, &s, label, r, &w->e);
	if (err)
		return err;
	return set ? manager_resource_set(w->m, r->name, r->resource, &s, &w->e)
		   : manager_resource_add(w->m, r->name, r->resource, &s, &w->e);
}

static int try(struct world *w, const struct refusal *r)
{
	const struct vnet *v = manager_find_vnet(w->m, r->name, NULL);

	if (util_same(r->verb, "del"))
		return manager_vnet_del(w->m, r->name, &w->e);
	if (util_same(r->verb, "resource-del"))
		return manager_resource_del(w->m, r->name, r->resource, &w->e);
	return r->resource ? try_resource(w, r, v)
			   : try_vnet(w, r, util_same(r->verb, "set") ? v : NULL);
}

START_TEST(test_refusal)
{
	const struct refusal *r = &refusals[_i];
	struct world *w = crowded();
	char *before = world_text(w), *after;
	int err;

	world_forget_journal(w);
	world_forget_events(w);
	w->saves = 0;
	err = try(w, r);
	world_refused(w, err, r->kind, r->number, r->object, r->field, r->message);
	after = world_text(w);
	world_same(r->message, before, after);
	ck_assert_str_eq(w->k->journal, "");
	ck_assert_uint_eq(w->saves, 0);
	world_check(w);
	free(before);
	free(after);
	world_free(w);
}
END_TEST

/* A netns or a name that is taken is found out when the pair is made: that is undone and told of.
 */
START_TEST(test_refusal_is_not_told)
{
	struct world *w = crowded();

	world_forget_events(w);
	ck_assert_int_eq(
		world_try_resource(w, "vnet0", "x", "type", "hybrid", "device", "g0", NULL),
		-EBUSY);
	ck_assert_str_eq(w->events, "");
	ck_assert_int_eq(world_try_vnet(w, "f0", NULL), -EEXIST);
	ck_assert_str_eq(w->events, "vnet-added f0\nvnet-removed f0\n");
	world_free(w);
}
END_TEST

/* VLANs that are inherited, or are a guest's own, in all pairs of the two. */
START_TEST(test_overlap)
{
	struct world *w = world_new();
	char *before, *after;

	world_vnet(w, "v", "address", WORLD_MAC, "vlans", "10");
	world_resource(w, "v", "a", "type", "guest", "device", "a0", "peer", WORLD_PEER);
	/* own set against an inherited one: the pvid, then a tagged VLAN */
	world_refused(w,
		      world_try_resource(w, "v", "b", "type", "guest", "device", "b0", "peer",
					 WORLD_PEER, "vlans", "30", NULL),
		      ERROR_EXISTS, EEXIST, "v/b", "peer",
		      "v/b: peer 02:00:00:00:00:02 in VLAN 1 is already reached over resource a");
	world_refused(w,
		      world_try_resource(w, "v", "b", "type", "guest", "device", "b0", "peer",
					 WORLD_PEER, "pvid", "5", "vlans", "10", NULL),
		      ERROR_EXISTS, EEXIST, "v/b", "peer",
		      "v/b: peer 02:00:00:00:00:02 in VLAN 10 is already reached over resource a");
	/* its own pvid, and the inherited set */
	world_refused(w,
		      world_try_resource(w, "v", "b", "type", "guest", "device", "b0", "peer",
					 WORLD_PEER, "pvid", "5", NULL),
		      ERROR_EXISTS, EEXIST, "v/b", "peer",
		      "v/b: peer 02:00:00:00:00:02 in VLAN 10 is already reached over resource a");
	world_resource(w, "v", "b", "type", "guest", "device", "b0", "peer", WORLD_PEER, "pvid",
		       "5", "vlans", "20-22");
	world_check(w);
	/* both live: the guest's set, its pvid, its peer */
	before = world_text(w);
	world_refused(w, world_try_resource_set(w, "v", "b", "vlans", "none", "pvid", "10", NULL),
		      ERROR_EXISTS, EEXIST, "v/b", "peer",
		      "v/b: peer 02:00:00:00:00:02 in VLAN 10 is already reached over resource a");
	world_refused(w, world_try_resource_set(w, "v", "a", "vlans", "21", NULL), ERROR_EXISTS,
		      EEXIST, "v/a", "peer",
		      "v/a: peer 02:00:00:00:00:02 in VLAN 21 is already reached over resource b");
	/* the vnet's, which a inherits */
	world_refused(w, world_try_set(w, "v", "vlans", "10,22", NULL), ERROR_EXISTS, EEXIST, "v/a",
		      "peer",
		      "v/a: peer 02:00:00:00:00:02 in VLAN 22 is already reached over resource b");
	world_refused(w, world_try_set(w, "v", "pvid", "5", NULL), ERROR_EXISTS, EEXIST, "v/a",
		      "peer",
		      "v/a: peer 02:00:00:00:00:02 in VLAN 5 is already reached over resource b");
	after = world_text(w);
	world_same("overlaps", before, after);
	/* with another peer, or in another vnet, there is nothing in the way */
	world_resource(w, "v", "c", "type", "guest", "device", "c0", "peer", "02:00:00:00:00:03");
	world_refused(w, world_try_resource_set(w, "v", "c", "peer", WORLD_PEER, NULL),
		      ERROR_EXISTS, EEXIST, "v/c", "peer",
		      "v/c: peer 02:00:00:00:00:02 in VLAN 1 is already reached over resource a");
	world_vnet(w, "v2", "address", "02:00:00:00:00:22", "vlans", "10");
	world_resource(w, "v2", "a", "type", "guest", "device", "d0", "peer", WORLD_PEER);
	world_check(w);
	free(before);
	free(after);
	world_free(w);
}
END_TEST

START_TEST(test_hybrids_max)
{
	struct world *w = world_new();
	char name[8], device[8], message[128];
	int err;

	world_vnet(w, "v", "address", WORLD_MAC);
	for (int i = 0; i < ABI_HYBRIDS_MAX; i++) {
		snprintf(name, sizeof(name), "h%d", i);
		snprintf(device, sizeof(device), "d%d", i);
		world_device(w, device);
		world_resource(w, "v", name, "type", "hybrid", "device", device);
	}
	world_check(w);
	snprintf(message, sizeof(message),
		 "v/more: vnet v has %d hybrids already, the most it takes", ABI_HYBRIDS_MAX);
	err = world_try_resource(w, "v", "more", "type", "hybrid", "device", "f0", NULL);
	world_refused(w, err, ERROR_EXISTS, ENOSPC, "v/more", "type", message);
	world_resource_del(w, "v", "h3");
	world_resource(w, "v", "more", "type", "hybrid", "device", "f0");
	world_check(w);
	world_free(w);
}
END_TEST

START_TEST(test_out_of_reach)
{
	struct world *w = world_new();

	world_vnet(w, "v", "address", WORLD_MAC, "netns", "/proc/self/ns/net");
	world_refused(w, world_try_set(w, "v", "address", "02:00:00:00:00:05", NULL), ERROR_INVALID,
		      EINVAL, "v", "address",
		      "v: address and mtu can only be given when the vnet is made, for its device "
		      "is in another network namespace");
	world_refused(w, world_try_set(w, "v", "mtu", "1400", NULL), ERROR_INVALID, EINVAL, "v",
		      "mtu",
		      "v: address and mtu can only be given when the vnet is made, for its device "
		      "is in another network namespace");
	world_set(w, "v", "guard", "off", "pvid", "4");
	world_check(w);
	world_free(w);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("validate", &t);

	tcase_add_loop_test(t, test_refusal, 0, UTIL_ARRAY_SIZE(refusals));
	tcase_add_test(t, test_refusal_is_not_told);
	tcase_add_test(t, test_overlap);
	tcase_add_test(t, test_hybrids_max);
	tcase_add_test(t, test_out_of_reach);
	return unit_run(s);
}
