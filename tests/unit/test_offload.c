/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/offload.c against the kernel, in a namespace of the test's own. */
#include "../../daemon/offload.h"
#include "unit.h"
#include "unit_net.h"

static void enter(void)
{
	ck_assert_int_eq(unit_net_enter(), 0);
	unit_net_run("ip link add v0 type veth peer name v1");
}

static struct kernel_offloads get(const char *device)
{
	struct kernel_offloads o;

	ck_assert_int_eq(offload_get(NULL, device, &o), 0);
	return o;
}

START_TEST(test_veth)
{
	const unsigned int can = KERNEL_OFFLOAD_BIT(TX_CSUM) | KERNEL_OFFLOAD_BIT(TX_CSUM_SCTP) |
				 KERNEL_OFFLOAD_BIT(TX_VLAN) | KERNEL_OFFLOAD_BIT(GRO);

	ck_assert_uint_eq(get("v0").can & can, can);
	ck_assert_uint_eq(get("v0").on & can, can & ~KERNEL_OFFLOAD_BIT(GRO));
	ck_assert(!(get("v0").can & KERNEL_OFFLOAD_BIT(LRO)));
}
END_TEST

/* What is not named stays, and what the device does not have is passed over. */
START_TEST(test_set)
{
	const unsigned int before = get("v0").on;
	const unsigned int off = KERNEL_OFFLOAD_BIT(TX_CSUM) | KERNEL_OFFLOAD_BIT(TX_VLAN);
	const unsigned int set = off | KERNEL_OFFLOAD_BIT(GRO) | KERNEL_OFFLOAD_BIT(LRO);

	ck_assert_int_eq(offload_set(NULL, "v0", set, KERNEL_OFFLOAD_BIT(GRO)), 0);
	ck_assert_uint_eq(get("v0").on, (before & ~off) | KERNEL_OFFLOAD_BIT(GRO));
	ck_assert(unit_net_says("ethtool -k v0", "tx-checksum-ip-generic: off"));
	ck_assert(unit_net_says("ethtool -k v0", "tx-vlan-offload: off"));
	ck_assert(unit_net_says("ethtool -k v0", "generic-receive-offload: on"));
	ck_assert(unit_net_says("ethtool -k v1", "tx-checksum-ip-generic: on"));
	ck_assert_int_eq(offload_set(NULL, "v0", set, before), 0);
	ck_assert_uint_eq(get("v0").on, before);
	ck_assert_int_eq(offload_set(NULL, "v0", 0, 0), 0);
	ck_assert_uint_eq(get("v0").on, before);
}
END_TEST

/* Without checksums there is no segmentation, but that nobody has asked for. */
START_TEST(test_what_hangs_on_it_comes_back)
{
	const unsigned int csum = KERNEL_OFFLOAD_BIT(TX_CSUM) | KERNEL_OFFLOAD_BIT(TX_CSUM_SCTP);

	ck_assert(unit_net_says("ethtool -k v0", "tx-tcp-segmentation: on"));
	ck_assert_int_eq(offload_set(NULL, "v0", csum, 0), 0);
	ck_assert(unit_net_says("ethtool -k v0", "tx-tcp-segmentation: off"));
	ck_assert_int_eq(offload_set(NULL, "v0", csum, csum), 0);
	ck_assert(unit_net_says("ethtool -k v0", "tx-tcp-segmentation: on"));
}
END_TEST

START_TEST(test_no_device)
{
	struct kernel_offloads o = { .can = 77, .on = 77 };

	ck_assert_int_eq(offload_get(NULL, "nobody", &o), -ENODEV);
	ck_assert_int_eq(offload_get(NULL, "a-name-of-16-let", &o), -ENODEV);
	ck_assert_int_eq(offload_get(NULL, "", &o), -ENODEV);
	ck_assert_uint_eq(o.can, 77);
	ck_assert_uint_eq(o.on, 77);
	ck_assert_int_eq(offload_set(NULL, "nobody", 1, 1), -ENODEV);
}
END_TEST

START_TEST(test_names)
{
	for (int i = 0; i < KERNEL_OFFLOAD_END; i++)
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(kernel_offload_name((enum kernel_offload)i),
					 kernel_offload_name((enum kernel_offload)j));
	ck_assert_str_eq(kernel_offload_name(KERNEL_OFFLOAD_GRO), "rx-gro");
}
END_TEST

int main(void)
{
	int refused = unit_net_refused();
	TCase *t;
	Suite *s = unit_suite("offload", &t);

	if (refused)
		return unit_skip("no network namespace can be made here: %s", strerror(-refused));
	tcase_add_checked_fixture(t, enter, NULL);
	tcase_add_test(t, test_veth);
	tcase_add_test(t, test_set);
	tcase_add_test(t, test_what_hangs_on_it_comes_back);
	tcase_add_test(t, test_no_device);
	tcase_add_test(t, test_names);
	return unit_run(s);
}
