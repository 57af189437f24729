/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../daemon/desired.h"
#include "unit.h"

START_TEST(appends_zeroed_and_keeps_order)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	const int count = 1000;
	char name[SETTINGS_NAME_SIZE];

	for (int i = 0; i < count; i++) {
		struct desired_vnet *v = desired_add_vnet(&d);

		ck_assert_ptr_nonnull(v);
		ck_assert_str_eq(v->name, "");
		ck_assert_uint_eq(v->number, 0);
		ck_assert(!v->from_config);
		ck_assert_uint_eq(v->resource_count, 0);
		ck_assert_ptr_null(v->resources);
		snprintf(v->name, sizeof(v->name), "v%d", i);
	}
	ck_assert_uint_eq(d.vnet_count, count);
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "v%d", i);
		ck_assert_str_eq(d.vnets[i].name, name);
		ck_assert_ptr_eq(desired_find(&d, name), &d.vnets[i]);
	}
	ck_assert_ptr_null(desired_find(&d, "v1000"));
	ck_assert_ptr_null(desired_find(&d, ""));
}
END_TEST

START_TEST(resources_belong_to_their_vnet)
{
	UTIL_CLEANUP(desired_clear) struct desired d = { 0 };
	struct desired_vnet *a, *b;
	char name[DESIRED_RESOURCE_NAME_SIZE];

	ck_assert_ptr_nonnull(desired_add_vnet(&d));
	ck_assert_ptr_nonnull(desired_add_vnet(&d));
	a = &d.vnets[0];
	b = &d.vnets[1];
	for (int i = 0; i < 70; i++) {
		struct desired_resource *r = desired_add_resource(a);

		ck_assert_ptr_nonnull(r);
		ck_assert_uint_eq(r->number, 0);
		ck_assert_uint_eq(r->saved.ifindex, 0);
		ck_assert_uint_eq(r->settings.vlans.count, 0);
		memset(r, 0xff, sizeof(*r));
		snprintf(r->name, sizeof(r->name), "g%d", i);
	}
	ck_assert_uint_eq(a->resource_count, 70);
	ck_assert_uint_eq(b->resource_count, 0);
	for (int i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		ck_assert_ptr_eq(desired_find_resource(a, name), &a->resources[i]);
		ck_assert_ptr_null(desired_find_resource(b, name));
	}
}
END_TEST

START_TEST(clear_leaves_it_empty_and_usable)
{
	struct desired d = { 0 };

	desired_clear(&d);
	ck_assert_ptr_null(d.vnets);
	ck_assert_ptr_nonnull(desired_add_resource(desired_add_vnet(&d)));
	desired_clear(&d);
	ck_assert_uint_eq(d.vnet_count, 0);
	ck_assert_ptr_null(d.vnets);
	ck_assert_ptr_nonnull(desired_add_vnet(&d));
	ck_assert_uint_eq(d.vnet_count, 1);
	ck_assert_ptr_null(d.vnets[0].resources);
	desired_clear(&d);
}
END_TEST

START_TEST(names_are_a_set)
{
	struct desired_names a = { 0 }, b = { 0 };
	char name[DESIRED_RESOURCE_NAME_SIZE];

	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		ck_assert_int_eq(desired_names_add(&a, name), 0);
		ck_assert_int_eq(desired_names_add(&a, name), 0);
	}
	ck_assert_uint_eq(a.count, 20);
	desired_names_drop(&a, "g0");
	desired_names_drop(&a, "g19");
	desired_names_drop(&a, "g7");
	desired_names_drop(&a, "g7");
	ck_assert_uint_eq(a.count, 17);
	ck_assert(!desired_names_has(&a, "g7") && !desired_names_has(&a, "g19"));
	ck_assert(desired_names_has(&a, "g1") && desired_names_has(&a, "g18"));
	ck_assert_int_eq(desired_names_add(&b, "other"), 0);
	ck_assert_int_eq(desired_names_copy(&b, &a), 0);
	ck_assert_uint_eq(b.count, 18);
	ck_assert_str_eq(b.name[17], "g18");
	desired_names_clear(&a);
	ck_assert(!desired_names_has(&a, "g1"));
	ck_assert_int_eq(desired_names_add(&a, "again"), 0);
	desired_names_clear(&a);
	desired_names_clear(&b);
}
END_TEST

START_TEST(drops_what_is_provided)
{
	struct desired d = { 0 };
	struct desired_vnet *v = desired_add_vnet(&d);

	for (int i = 0; i < 9; i++) {
		struct desired_resource *r = desired_add_resource(v);

		r->number = (uint32_t)i;
		r->provider.kind = i % 3 ? i % 3 : DESIRED_PROVIDER_NONE;
	}
	desired_drop_provided(v);
	ck_assert_uint_eq(v->resource_count, 3);
	for (uint32_t i = 0; i < 3; i++)
		ck_assert_uint_eq(v->resources[i].number, 3 * i);
	for (uint32_t i = 0; i < 20; i++)
		ck_assert_ptr_nonnull(desired_add_resource(v));
	ck_assert_uint_eq(v->resources[2].number, 6);
	desired_clear(&d);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("desired", &t);

	tcase_add_test(t, appends_zeroed_and_keeps_order);
	tcase_add_test(t, resources_belong_to_their_vnet);
	tcase_add_test(t, clear_leaves_it_empty_and_usable);
	tcase_add_test(t, names_are_a_set);
	tcase_add_test(t, drops_what_is_provided);
	return unit_run(s);
}
