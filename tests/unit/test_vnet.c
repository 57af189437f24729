/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects by themselves: names, VLANs, and who is registered as what. */
#include "../../daemon/kinds.h"
#include "unit.h"

START_TEST(test_names)
{
	struct vnet v = { .name = "vnet0" };
	struct resource r = { .vnet = &v, .name = "g1" };
	char label[RESOURCE_LABEL_SIZE];

	ck_assert_str_eq(resource_state_name(RESOURCE_WAITING), "waiting");
	ck_assert_str_eq(resource_state_name(RESOURCE_DOWN), "down");
	ck_assert_str_eq(resource_state_name(RESOURCE_UP), "up");
	ck_assert_str_eq(resource_state_name(RESOURCE_FAILED), "failed");
	ck_assert_str_eq(resource_label(&r, label), "vnet0/g1");
	memset(v.name, 'v', sizeof(v.name) - 1);
	memset(r.name, 'r', sizeof(r.name) - 1);
	ck_assert_uint_eq(strlen(resource_label(&r, label)),
			  sizeof(v.name) - 1 + 1 + sizeof(r.name) - 1);
}
END_TEST

START_TEST(test_pvid)
{
	struct vnet v = { .settings = { .pvid = 5 } };
	struct resource r = { .vnet = &v };

	r.settings.type = SETTINGS_SERVICE;
	ck_assert_uint_eq(resource_pvid(&r), 5);
	r.settings.type = SETTINGS_GUEST;
	ck_assert_uint_eq(resource_pvid(&r), 5);
	r.settings.type = SETTINGS_HYBRID;
	ck_assert_uint_eq(resource_pvid(&r), 1); /* the wire's, not the vnet's */
	r.settings.pvid = 9;
	ck_assert_uint_eq(resource_pvid(&r), 9);
}
END_TEST

static void order_is(const struct vnet *v, const char *names)
{
	char text[32] = "";

	for (size_t i = 0; i < v->hybrid_count; i++)
		strcat(text, v->hybrids[i]->name);
	ck_assert_str_eq(text, names);
}

START_TEST(test_enlist)
{
	struct vnet v = { .name = "v" };
	struct resource s = { .vnet = &v, .settings.type = SETTINGS_SERVICE };
	struct resource g = { .vnet = &v, .settings.type = SETTINGS_GUEST };
	struct resource h[ABI_HYBRIDS_MAX];

	vnet_enlist(&g);
	vnet_delist(&g);
	ck_assert_ptr_null(v.service);
	vnet_enlist(&s);
	vnet_enlist(&s);
	ck_assert_ptr_eq(v.service, &s);
	for (int i = 0; i < ABI_HYBRIDS_MAX; i++) {
		h[i] = (struct resource) { .vnet = &v, .order = i };
		h[i].settings.type = SETTINGS_HYBRID;
		h[i].settings.priority = 100 - (i & 1);
		snprintf(h[i].name, sizeof(h[i].name), "%c", 'a' + i);
		vnet_enlist(&h[i]);
	}
	order_is(&v, "bdfhaceg");
	/* again changes nothing, in whatever order */
	for (int i = ABI_HYBRIDS_MAX - 1; i >= 0; i--)
		vnet_enlist(&h[i]);
	order_is(&v, "bdfhaceg");
	h[4].settings.priority = 1;
	vnet_enlist(&h[4]);
	order_is(&v, "ebdfhacg");
	vnet_delist(&h[4]);
	vnet_delist(&h[4]);
	vnet_delist(&h[6]);
	order_is(&v, "bdfhac");
	vnet_delist(&s);
	ck_assert_ptr_null(v.service);
	ck_assert_uint_eq(v.hybrid_count, ABI_HYBRIDS_MAX - 2);
}
END_TEST

START_TEST(test_owns_upper)
{
	struct vnet v = { .name = "v" };

	ck_assert(vnet_owns_upper(&v));
	strcpy(v.settings.upper, "tap0");
	ck_assert(!vnet_owns_upper(&v));
}
END_TEST

/* What each type asks of its device, and how it is known to the program. */
START_TEST(test_kinds)
{
	struct vnet v = { .settings.address = { 2, 0, 0, 0, 0, 1 } };
	struct resource r = { .vnet = &v };
	struct kernel_link_change want = { 0 };
	const struct kind *k;

	r.settings.type = SETTINGS_SERVICE;
	k = kind_of(&r);
	ck_assert(k->abi == ABI_SERVICE && k->max == 1 && !k->fdb && k->filter);
	k->wants(&r, &want);
	ck_assert(want.set == KERNEL_LINK_ALLMULTI && want.allmulti);
	r.settings.type = SETTINGS_GUEST;
	k = kind_of(&r);
	ck_assert(k->abi == ABI_GUEST && !k->max && k->fdb && k->filter && !k->wants);
	r.settings.type = SETTINGS_HYBRID;
	k = kind_of(&r);
	ck_assert(k->abi == ABI_HYBRID && k->max == ABI_HYBRIDS_MAX && !k->fdb && !k->filter);
	want = (struct kernel_link_change) { 0 };
	k->wants(&r, &want);
	ck_assert(want.set == KERNEL_LINK_ADDRESS && mac_same(want.address, v.settings.address));
	ck_assert_str_eq(kernel_attach_name(KERNEL_ATTACH_TCX), "tcx");
	ck_assert_str_eq(kernel_attach_name(KERNEL_ATTACH_CLSACT), "clsact");
	ck_assert_str_eq(kernel_attach_name(KERNEL_ATTACH_NONE), "none");
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("vnet", &t);

	tcase_add_test(t, test_names);
	tcase_add_test(t, test_pvid);
	tcase_add_test(t, test_enlist);
	tcase_add_test(t, test_owns_upper);
	tcase_add_test(t, test_kinds);
	return unit_run(s);
}
