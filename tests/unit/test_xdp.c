/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where XDP is used, why not, and what is arranged for it and put back. */
#include <errno.h>

#include "world_case.h"

#define CSUM KERNEL_OFFLOAD_BIT(TX_CSUM)
#define TAGS KERNEL_OFFLOAD_BIT(TX_VLAN)
#define GRO  KERNEL_OFFLOAD_BIT(GRO)

/* "xdp", or "tcx: why not" if it is wanted, of a resource of vnet0 or (NULL) of its upper. */
static const char *use_of(const char *name)
{
	static char text[200];
	const struct resource *r = name ? world_find_resource(w, "vnet0", name) : NULL;
	const struct xdp_use *use = r ? &r->xdp : &vnet0()->xdp;

	snprintf(text, sizeof(text), "%s%s%s", use->attached ? "xdp" : "tcx",
		 use->reason[0] ? ": " : "", use->reason);
	return text;
}

static unsigned int on(const char *name)
{
	return w->k->offloads[device(name)->ifindex].on;
}

static bool has_xdp(const char *name)
{
	uint32_t ifindex = device(name)->ifindex;

	return w->k->attached[KERNEL_HOOK_XDP_RX][ifindex] ||
	       w->k->attached[KERNEL_HOOK_XDP_TX][ifindex];
}

static const struct abi_resource *row(const char *name)
{
	return fake_kernel_resource(w->k, world_find_resource(w, "vnet0", name)->number);
}

static void same_kernel(const char *what, const char *before)
{
	char *after = fake_kernel_text(w->k);

	world_same(what, before, after);
	free(after);
}

static struct link *add_kind(const char *name, const char *kind)
{
	struct link *l = fake_kernel_add(w->k, name);

	util_copy(l->kind, sizeof(l->kind), kind);
	util_copy(l->qdisc, sizeof(l->qdisc), "noqueue");
	return l;
}

static void add_tap(const char *name, bool vnet_hdr)
{
	add_kind(name, "tun")->vnet_hdr = vnet_hdr;
	fake_kernel_tell(w->k, w->m, name);
}

/* Both ends of a veth are here. */
static void add_pair(const char *a, const char *b)
{
	uint32_t first = add_kind(a, "veth")->ifindex, second = add_kind(b, "veth")->ifindex;

	fake_kernel_find(w->k, a)->peer = second;
	fake_kernel_find(w->k, b)->peer = first;
	w->k->offloads[first] = w->k->offloads[second] = fake_kernel_veth_offloads;
	fake_kernel_tell(w->k, w->m, a);
	fake_kernel_tell(w->k, w->m, b);
}

/* --- who gets it --- */

START_TEST(test_auto_leaves_a_stack_alone)
{
	world_usual(w);
	ck_assert_str_eq(use_of(NULL), "tcx");
	ck_assert_str_eq(use_of("h1"), "tcx");
	ck_assert(vnet0()->shortcut);
	ck_assert_uint_eq(on("vnet0"), fake_kernel_veth_offloads.on);
	ck_assert_uint_eq(on("h10"), fake_kernel_nic_offloads.on);
}
END_TEST

START_TEST(test_mode_xdp)
{
	world_usual(w);
	world_set(w, "vnet0", "mode", "xdp");
	world_check(w);
	ck_assert_str_eq(use_of(NULL), "xdp");
	ck_assert_str_eq(use_of("s"), "xdp");
	ck_assert(has_xdp("vnet0-p") && has_xdp("h10") && has_xdp("g0"));
	ck_assert(!has_xdp("vnet0") && !vnet0()->shortcut);
	ck_assert_uint_eq(on("vnet0") & (CSUM | TAGS | GRO), GRO);
	ck_assert_uint_eq(on("vnet0-p"), fake_kernel_veth_offloads.on);
	ck_assert_uint_eq(on("h10"), CSUM);
	ck_assert(row("h1")->flags & ABI_RESOURCE_XDP);
	/* TC comes first and goes last: no frame is without a program. */
	world_in_order(w->k->journal, "attach xdp-tx 1", "offloads vnet0 240");
}
END_TEST

START_TEST(test_back_to_tc)
{
	const char *modes[] = { "tc", "auto" };
	char *before;

	world_usual(w);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(modes); i++) {
		before = fake_kernel_text(w->k);
		world_set(w, "vnet0", "mode", "xdp");
		world_forget_journal(w);
		world_set(w, "vnet0", "mode", modes[i]);
		same_kernel(modes[i], before);
		/* Nobody is sent there any more when a NIC stops taking it. */
		world_in_order(w->k->journal, "resource 3 up 1 fallback 4", "detach xdp-rx 5");
		free(before);
		world_check(w);
	}
}
END_TEST

START_TEST(test_auto_on_a_tap)
{
	add_tap("t0", false);
	add_tap("t1", false);
	add_tap("t2", true);
	add_kind("v0", "veth");
	fake_kernel_tell(w->k, w->m, "v0");
	world_device(w, "h0");
	world_vnet(w, "vnet0", "address", WORLD_MAC, "upper", "t0");
	world_resource(w, "vnet0", "a", "type", "guest", "device", "t1", "peer", WORLD_PEER);
	world_resource(w, "vnet0", "b", "type", "guest", "device", "t2", "peer",
		       "02:00:00:00:00:03");
	world_resource(w, "vnet0", "c", "type", "service", "device", "v0");
	world_resource(w, "vnet0", "h", "type", "hybrid", "device", "h0");
	world_check(w);
	ck_assert_str_eq(use_of(NULL), "xdp");
	ck_assert_str_eq(use_of("a"), "xdp");
	ck_assert_str_eq(use_of("b"), "tcx");
	ck_assert_str_eq(use_of("c"), "tcx");
	ck_assert_str_eq(use_of("h"), "xdp");
	/* The upper alone decides: when its frames become half-made, nobody has XDP any more. */
	fake_kernel_find(w->k, "t0")->vnet_hdr = true;
	fake_kernel_tell(w->k, w->m, "t0");
	ck_assert(!has_xdp("t0") && !has_xdp("t1") && !has_xdp("h0"));
	ck_assert_uint_eq(on("h0"), fake_kernel_nic_offloads.on);
	world_check(w);
	fake_kernel_find(w->k, "t0")->vnet_hdr = false;
	fake_kernel_tell(w->k, w->m, "t0");
	ck_assert(has_xdp("t0") && has_xdp("t1") && has_xdp("h0"));
	world_delete(w, "t0");
	ck_assert(!has_xdp("t1") && !has_xdp("h0"));
}
END_TEST

/* --- who cannot have it --- */

START_TEST(test_refused_by_the_driver)
{
	world_usual(w);
	w->k->xdp_refusal[device("h10")->ifindex] = EOPNOTSUPP;
	world_set(w, "vnet0", "mode", "xdp");
	state_is("h1", "up");
	ck_assert_str_eq(use_of("h1"), "tcx: device h10: its driver has no native XDP");
	ck_assert(!(row("h1")->flags & ABI_RESOURCE_XDP));
	ck_assert_uint_eq(on("h10"), fake_kernel_nic_offloads.on);
	world_set(w, "vnet0", "mode", "tc");
	ck_assert_str_eq(use_of("h1"), "tcx");
}
END_TEST

START_TEST(test_program_of_others)
{
	world_usual(w);
	w->k->xdp_refusal[device("g0")->ifindex] = EBUSY;
	fake_kernel_find(w->k, "g0")->xdp = 17;
	fake_kernel_tell(w->k, w->m, "g0");
	world_set(w, "vnet0", "mode", "xdp");
	ck_assert_str_eq(use_of("g"), "tcx: device g0: another program has its XDP hook, and is "
				      "left alone");
	w->k->xdp_refusal[device("g0")->ifindex] = 0;
	fake_kernel_find(w->k, "g0")->xdp = 0;
	fake_kernel_tell(w->k, w->m, "g0");
	ck_assert_str_eq(use_of("g"), "xdp");
}
END_TEST

START_TEST(test_tap_with_vnet_hdr)
{
	world_usual(w);
	add_tap("t0", true);
	world_set(w, "vnet0", "mode", "xdp");
	world_resource(w, "vnet0", "t", "type", "hybrid", "device", "t0");
	ck_assert_str_eq(use_of("t"), "tcx: device t0: its frames may wait for checksums and "
				      "segmentation (vnet_hdr)");
	ck_assert(!has_xdp("t0"));
}
END_TEST

/* Programs that do not see devices are told, and not of a veth that nobody looks behind. */
START_TEST(test_blind_programs)
{
	w->k->blind = true;
	world_usual(w);
	add_pair("c0", "c1");
	add_kind("v0", "veth")->peer_elsewhere = true;
	fake_kernel_tell(w->k, w->m, "v0");
	add_tap("t0", false);
	world_resource(w, "vnet0", "c", "type", "guest", "device", "c0", "peer",
		       "02:00:00:00:00:05");
	world_resource(w, "vnet0", "v", "type", "guest", "device", "v0", "peer",
		       "02:00:00:00:00:06");
	world_resource(w, "vnet0", "t", "type", "guest", "device", "t0", "peer",
		       "02:00:00:00:00:07");
	ck_assert(!(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_XDP));
	world_set(w, "vnet0", "mode", "xdp");
	world_check(w);
	ck_assert_str_eq(use_of("c"), "tcx: device c0: this kernel does not show what frames of a "
				      "veth still wait for");
	ck_assert(row("c")->flags & ABI_RESOURCE_XDP);
	ck_assert(!(row("v")->flags & ABI_RESOURCE_XDP));
	ck_assert(row("t")->flags & ABI_RESOURCE_XDP);
	ck_assert(!(row("h1")->flags & ABI_RESOURCE_XDP));
	ck_assert(fake_kernel_vnet(w->k, 1)->flags & ABI_VNET_XDP);
	/* Its stack may go on as before, for TC is there. */
	ck_assert_uint_eq(on("vnet0"), fake_kernel_veth_offloads.on | GRO);
	ck_assert(vnet0()->shortcut);
	/* First nobody is sent there any more, then nobody looks. */
	world_forget_journal(w);
	world_set(w, "vnet0", "mode", "tc");
	world_in_order(w->k->journal, "vnet 1 service 1 hybrid 3", "offloads vnet0 59");
	ck_assert_uint_eq(on("c1"), fake_kernel_veth_offloads.on);
}
END_TEST

/* --- what is put back --- */

START_TEST(test_offloads_come_back)
{
	world_usual(w);
	add_pair("c0", "c1");
	w->k->offloads[device("c1")->ifindex].on &= ~TAGS;
	w->k->offloads[device("vnet0")->ifindex].on &= ~TAGS;
	world_set(w, "vnet0", "mode", "xdp");
	world_resource(w, "vnet0", "c", "type", "guest", "device", "c0", "peer",
		       "02:00:00:00:00:05");
	ck_assert_uint_eq(on("c1"), (fake_kernel_veth_offloads.on & ~TAGS) | GRO);
	manager_settle(w->m);
	world_stop(w);
	world_start(w);
	world_check(w);
	world_set(w, "vnet0", "mode", "tc");
	ck_assert_uint_eq(on("c1"), fake_kernel_veth_offloads.on & ~TAGS);
	ck_assert_uint_eq(on("vnet0"), fake_kernel_veth_offloads.on & ~TAGS);
	world_set(w, "vnet0", "mode", "xdp");
	world_resource_del(w, "vnet0", "c");
	ck_assert_uint_eq(on("c1"), fake_kernel_veth_offloads.on & ~TAGS);
	world_done(w, manager_flush(w->m, &w->e));
	ck_assert_uint_eq(on("h10"), fake_kernel_nic_offloads.on);
	ck_assert(fake_kernel_is_clean(w->k));
}
END_TEST

/* The mode was changed while vnetd was away. */
START_TEST(test_adopted_and_not_wanted)
{
	char *xdp;

	world_usual(w);
	world_set(w, "vnet0", "mode", "xdp");
	manager_settle(w->m);
	world_stop(w);
	xdp = strstr(w->kept, "\"mode\": \"xdp\"");
	ck_assert_ptr_nonnull(xdp);
	memcpy(xdp, "\"mode\": \"tc\" ", strlen("\"mode\": \"tc\" "));
	world_start(w);
	world_check(w);
	ck_assert(!has_xdp("h10") && !has_xdp("vnet0-p"));
	ck_assert_uint_eq(on("h10"), fake_kernel_nic_offloads.on);
	ck_assert_uint_eq(on("vnet0"), fake_kernel_veth_offloads.on);
}
END_TEST

START_TEST(test_restart_changes_nothing)
{
	char *before;

	world_usual(w);
	world_set(w, "vnet0", "mode", "xdp");
	manager_settle(w->m);
	before = fake_kernel_text(w->k);
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	ck_assert_str_eq(w->k->journal, "");
	same_kernel("a restart", before);
	free(before);
}
END_TEST

START_TEST(test_offloads_that_cannot_be_switched)
{
	world_usual(w);
	fake_kernel_fail(w->k, "offloads_set", EIO, 0);
	world_set(w, "vnet0", "mode", "xdp");
	fake_kernel_heal(w->k);
	ck_assert_str_eq(use_of(NULL), "xdp");
	ck_assert_uint_eq(on("vnet0"), fake_kernel_veth_offloads.on);
	world_set(w, "vnet0", "mtu", "1400");
	ck_assert_uint_eq(on("vnet0") & (CSUM | TAGS | GRO), GRO);
	world_set(w, "vnet0", "mode", "tc");
	ck_assert_uint_eq(on("vnet0"), fake_kernel_veth_offloads.on);
}
END_TEST

/* --- rows --- */

START_TEST(test_devices_have_rows)
{
	world_usual(w);
	ck_assert(fake_kernel_device(w->k, device("vnet0-p")->ifindex));
	ck_assert(fake_kernel_device(w->k, device("g0")->ifindex));
	ck_assert(!fake_kernel_device(w->k, device("vnet0")->ifindex));
	/* The row is there before frames are led to the device. */
	world_forget_journal(w);
	world_device(w, "g1");
	world_resource(w, "vnet0", "g1", "type", "guest", "device", "g1", "peer",
		       "02:00:00:00:00:08");
	ck_assert_uint_lt(strstr(w->k->journal, "device ") - w->k->journal,
			  strstr(w->k->journal, " up 1 ") - w->k->journal);
	/* Without room for it no frame may be led there. */
	fake_kernel_fail(w->k, "device_write", ENOSPC, 0);
	world_device(w, "g2");
	ck_assert_int_lt(world_try_resource(w, "vnet0", "g2", "type", "guest", "device", "g2",
					    "peer", "02:00:00:00:00:09", NULL),
			 0);
	fake_kernel_heal(w->k);
	ck_assert_str_eq(w->e.message,
			 "vnet0/g2: attaching the data path to device g2 failed: the maps have "
			 "room for 65536 devices, and all of it is taken");
}
END_TEST

/* Only of a veth whose other end is away, without a queue, and with nobody who captures. */
START_TEST(test_straight_to_the_other_end)
{
	struct link *l;

	world_usual(w);
	l = add_kind("v0", "veth");
	l->peer_elsewhere = true;
	fake_kernel_tell(w->k, w->m, "v0");
	world_resource(w, "vnet0", "v", "type", "guest", "device", "v0", "peer",
		       "02:00:00:00:00:05");
	ck_assert(row("v")->flags & ABI_RESOURCE_PEER);
	l = fake_kernel_find(w->k, "v0");
	util_copy(l->qdisc, sizeof(l->qdisc), "tbf");
	fake_kernel_tell(w->k, w->m, "v0");
	ck_assert(!(row("v")->flags & ABI_RESOURCE_PEER));
	util_copy(l->qdisc, sizeof(l->qdisc), "noqueue");
	l->promiscuity = 1; /* by our own filter */
	fake_kernel_tell(w->k, w->m, "v0");
	ck_assert(row("v")->flags & ABI_RESOURCE_PEER);
	l->promiscuity = 2;
	fake_kernel_tell(w->k, w->m, "v0");
	ck_assert(!(row("v")->flags & ABI_RESOURCE_PEER));
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("xdp", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_auto_leaves_a_stack_alone);
	tcase_add_test(t, test_mode_xdp);
	tcase_add_test(t, test_back_to_tc);
	tcase_add_test(t, test_auto_on_a_tap);
	tcase_add_test(t, test_refused_by_the_driver);
	tcase_add_test(t, test_program_of_others);
	tcase_add_test(t, test_tap_with_vnet_hdr);
	tcase_add_test(t, test_blind_programs);
	tcase_add_test(t, test_offloads_come_back);
	tcase_add_test(t, test_adopted_and_not_wanted);
	tcase_add_test(t, test_restart_changes_nothing);
	tcase_add_test(t, test_offloads_that_cannot_be_switched);
	tcase_add_test(t, test_devices_have_rows);
	tcase_add_test(t, test_straight_to_the_other_end);
	return unit_run(s);
}
