/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Providers and the daemon's restarts: who comes back, who does not, and who takes whose place. */
#include <errno.h>

#include "../../daemon/config.h"
#include "world_case.h"
#include "world_provide.h"

static struct provider service(void)
{
	return world_provider(SETTINGS_SERVICE, NULL);
}

static struct provider guest(void)
{
	return world_provider(SETTINGS_GUEST, WORLD_PEER);
}

static struct provider hybrid(void)
{
	return world_provider(SETTINGS_HYBRID, NULL);
}

static void make_vnet(void)
{
	world_vnet(w, "vnet0", "address", WORLD_MAC);
}

/* Comes back with its token, and finds what it had. */
static void come_back(struct provider *p)
{
	char before[DESIRED_TOKEN_SIZE];
	unsigned int count = p->count;

	util_copy(before, sizeof(before), p->token);
	p->ask.token = before;
	world_provide(w, p);
	p->ask.token = NULL;
	ck_assert_str_eq(p->token, before);
	ck_assert_uint_eq(p->count, count);
}

static size_t resources(void)
{
	return manager_resource_count(w->m);
}

START_TEST(test_comes_back)
{
	struct provider s = service(), g = guest(), h = hybrid();
	char *before, *after;

	make_vnet();
	world_device(w, "eth7");
	g.ask.tap.queues = 3;
	h.ask.device = "eth7";
	h.ask.max_sdu = 1500;
	world_provide(w, &s);
	world_provide(w, &g);
	world_provide(w, &h);
	manager_provider_report(w->m, h.r, DESIRED_REPORT_FAILED, "hot");
	ck_assert(!manager_providers_missing(w->m));
	world_restart(w);
	ck_assert(manager_providers_missing(w->m));
	ck_assert(!world_find_resource(w, "vnet0", "p0")->present);
	state_is("p2", "failed: its provider reported: hot");
	w->e = (struct error) { 0 };
	ck_assert_int_eq(world_try_set(w, "vnet0", "mtu", "1501", NULL), -EINVAL);
	world_news(w);
	before = fake_kernel_text(w->k);
	come_back(&s);
	come_back(&g);
	h.ask.report = DESIRED_REPORT_FAILED;
	h.ask.reason = "hot";
	come_back(&h);
	after = fake_kernel_text(w->k);
	world_same("all are back", before, after);
	ck_assert(!manager_providers_missing(w->m));
	world_forget_journal(w);
	manager_providers_expire(w->m);
	ck_assert_str_eq(w->k->journal, "");
	state_is("p2", "failed: its provider reported: hot");
	/* Without the report it is registered anew. */
	world_restart(w);
	h.ask.report = DESIRED_REPORT_UP;
	come_back(&h);
	state_is("p2", "up");
	come_back(&s);
	come_back(&g);
	world_provider_exit(w, &s);
	world_provider_exit(w, &g);
	world_provider_exit(w, &h);
	ck_assert_uint_eq(resources(), 0);
	free(before);
	free(after);
}
END_TEST

START_TEST(test_comes_back_after_changes)
{
	struct provider h = hybrid();

	make_vnet();
	world_provide(w, &h);
	world_set(w, "vnet0", "address", "02:00:00:00:00:aa");
	world_resource_set(w, "vnet0", "p0", "priority", "7", "vlans", "10");
	world_rename(w, "vntap0", "ring0");
	world_restart(w);
	/* It asks for the MAC that it knew, and its token says more. */
	come_back(&h);
	ck_assert_uint_eq(h.r->settings.priority, 7);
	ck_assert_str_eq(h.r->settings.device, "ring0");
	world_provider_exit(w, &h);
}
END_TEST

START_TEST(test_wrong_token)
{
	struct provider s = service(), other = service();
	char *before, *after;

	make_vnet();
	s.ask.uid = 12345;
	s.ask.privileged = false;
	world_set(w, "vnet0", "owner", "12345");
	world_provide(w, &s);
	before = world_text(w);
	other.ask = s.ask;
	other.ask.token = s.token;
	world_refused(w, world_try_provide(w, &other), ERROR_EXISTS, EEXIST, "vnet0/p0", "token",
		      "vnet0/p0: its provider is connected already");
	after = world_text(w);
	world_same("refused", before, after);
	world_restart(w);
	/* of another user */
	other.ask.uid = 12346;
	world_refused(w, world_try_provide(w, &other), ERROR_PERMISSION, EPERM, "vnet0/p0", "token",
		      "vnet0/p0: it was registered by another user than 12346");
	/* not known: a new registration */
	other.ask.token = "00000000000000000000000000000000";
	ck_assert_int_eq(world_try_provide(w, &other), -EPERM);
	other.ask.privileged = true;
	world_refused(w, world_try_provide(w, &other), ERROR_EXISTS, EEXIST, "vnet0/p1", "type",
		      "vnet0/p1: vnet vnet0 has a service already, resource p0; a vnet takes one");
	other.ask.token = "";
	ck_assert_int_eq(world_try_provide(w, &other), -EEXIST);
	/* it takes too little by now */
	s.ask.token = s.token;
	s.ask.max_sdu = 1499;
	ck_assert_int_eq(world_try_provide(w, &s), -EINVAL);
	ck_assert(!world_find_resource(w, "vnet0", "p0")->present);
	s.ask.max_sdu = 0;
	w->save_fails = true;
	ck_assert_int_eq(world_try_provide(w, &s), -ENOSPC);
	ck_assert(!world_find_resource(w, "vnet0", "p0")->present);
	w->save_fails = false;
	/* root may take the place of anybody who has its token */
	other.ask.token = s.token;
	world_provide(w, &other);
	ck_assert_uint_eq(other.count, 0);
	ck_assert_uint_eq(other.r->provider.uid, 12346);
	world_provider_exit(w, &other);
	world_provider_close(&s);
	free(before);
	free(after);
}
END_TEST

/* While the daemon was away the tap was deleted, and the program lives on. */
START_TEST(test_new_tap)
{
	struct provider g = guest(), other = hybrid();
	char *before, *after;

	make_vnet();
	world_provide(w, &g);
	g.ask.token = g.token;
	manager_settle(w->m);
	world_stop(w);
	fake_kernel_remove(w->k, "vntap0");
	world_start(w);
	state_is("p0", "waiting: device vntap0 does not exist");
	/* The name is another one's by now. */
	world_provide(w, &other);
	ck_assert_str_eq(other.r->settings.device, "vntap0");
	state_is("p0", "waiting: device vntap0 does not exist");
	world_news(w);
	manager_settle(w->m);
	before = world_text(w);
	fake_kernel_fail_once(w->k, "tap_add", ENFILE, 0);
	ck_assert_int_eq(world_try_provide(w, &g), -ENFILE);
	fake_kernel_heal(w->k);
	fake_kernel_fail_once(w->k, "attach", EIO, 0);
	ck_assert_int_eq(world_try_provide(w, &g), -EIO);
	fake_kernel_heal(w->k);
	fake_kernel_fail_once(w->k, "link_set", EIO, 0);
	ck_assert_int_eq(world_try_provide(w, &g), -EIO);
	fake_kernel_heal(w->k);
	w->save_fails = true;
	ck_assert_int_eq(world_try_provide(w, &g), -ENOSPC);
	w->save_fails = false;
	after = world_text(w);
	world_same("refused", before, after);
	world_provide(w, &g);
	ck_assert_uint_eq(g.count, 1);
	ck_assert_str_eq(g.r->name, "p0");
	ck_assert_str_eq(g.r->settings.device, "vntap1");
	state_is("p0", "up");
	world_provider_exit(w, &g);
	world_provider_exit(w, &other);
	free(before);
	free(after);
}
END_TEST

START_TEST(test_expire)
{
	struct provider s = service(), g = guest(), h = hybrid();

	make_vnet();
	world_device(w, "s1");
	world_provide(w, &s);
	world_provide(w, &g);
	world_provide(w, &h);
	world_device(w, "h0");
	world_resource(w, "vnet0", "mine", "type", "hybrid", "device", "h0");
	world_restart(w);
	come_back(&g);
	world_forget_events(w);
	manager_providers_expire(w->m);
	ck_assert(!manager_providers_missing(w->m));
	ck_assert_uint_eq(resources(), 2);
	ck_assert_ptr_nonnull(strstr(w->events, "resource-removed vnet0 p0\n"));
	ck_assert_ptr_nonnull(strstr(w->events, "resource-removed vnet0 p2\n"));
	/* Held open, the taps are no more. */
	ck_assert_ptr_null(fake_kernel_find(w->k, "vntap0"));
	manager_settle(w->m);
	ck_assert_ptr_null(strstr(w->kept, s.token));
	ck_assert_ptr_nonnull(strstr(w->kept, g.token));
	world_provider_close(&s);
	world_provider_close(&h);
	world_provider_exit(w, &g);
}
END_TEST

/* --- ghosts --- */

/* The program was started anew and does not know its token. */
START_TEST(test_own_ghost)
{
	struct provider s = service(), g = guest(), h = hybrid(), n = hybrid();

	make_vnet();
	world_device(w, "eth7");
	h.ask.name = "ring";
	n.ask.device = "eth7";
	world_provide(w, &s);
	world_provide(w, &g);
	world_provide(w, &h);
	world_provide(w, &n);
	world_restart(w);
	world_provider_close(&s);
	s = service();
	world_provide(w, &s);
	ck_assert_str_eq(s.r->settings.device, "vntap0");
	world_provide(w, &g);
	world_provide(w, &h);
	ck_assert_str_eq(h.r->name, "ring");
	world_provide(w, &n);
	ck_assert_uint_eq(resources(), 4);
	ck_assert(!manager_providers_missing(w->m));
	/* Those that are there do not give way. */
	ck_assert_int_eq(world_try_provide(w, &s), -EEXIST);
	ck_assert_int_eq(world_try_provide(w, &g), -EEXIST);
	ck_assert_int_eq(world_try_provide(w, &h), -EEXIST);
	ck_assert_int_eq(world_try_provide(w, &n), -EBUSY);
	world_provider_exit(w, &s);
	world_provider_exit(w, &g);
	world_provider_exit(w, &h);
	world_provider_exit(w, &n);
}
END_TEST

START_TEST(test_others_ghost)
{
	struct provider s = service(), g = guest(), other = service();

	make_vnet();
	s.ask.uid = g.ask.uid = 1001;
	other.ask.uid = 1002;
	world_provide(w, &s);
	world_provide(w, &g);
	manager_settle(w->m);
	world_stop(w);
	fake_kernel_remove(w->k, "vntap1");
	world_start(w);
	/* It may be alive, and on its way back; */
	ck_assert_int_eq(world_try_provide(w, &other), -EEXIST);
	ck_assert_uint_eq(resources(), 2);
	/* what has lost its tap is not. */
	other = guest();
	other.ask.uid = 1002;
	world_provide(w, &other);
	ck_assert_uint_eq(other.r->provider.uid, 1002);
	/* What is wrong for other reasons costs nobody anything. */
	s.ask.max_sdu = 70;
	ck_assert_int_eq(world_try_provide(w, &s), -EINVAL);
	ck_assert_uint_eq(resources(), 2);
	manager_providers_expire(w->m);
	ck_assert_uint_eq(resources(), 1);
	world_provider_exit(w, &other);
	world_provider_close(&s);
	world_provider_close(&g);
}
END_TEST

/* --- files --- */

static void configure(struct desired *files)
{
	manager_configure(w->m, files, NULL, &w->e);
	w->e.message[0] = '\0';
	manager_configure(w->m, files, NULL, &w->e);
}

static struct desired_resource *section(struct desired_vnet *v, const char *name,
					const char *device)
{
	struct desired_resource *r = desired_add_resource(v);

	util_copy(r->name, sizeof(r->name), name);
	r->from_config = true;
	settings_resource_default(&r->settings);
	r->settings.type = SETTINGS_HYBRID;
	util_copy(r->settings.device, sizeof(r->settings.device), device);
	r->base = r->settings;
	return r;
}

START_TEST(test_files)
{
	UTIL_CLEANUP(desired_clear) struct desired files = { 0 };
	struct provider h = hybrid(), late = hybrid();
	struct desired_vnet *v = desired_add_vnet(&files);

	util_copy(v->name, sizeof(v->name), "vnet0");
	v->from_config = true;
	settings_vnet_default(&v->settings);
	mac_parse(WORLD_MAC, v->settings.address);
	v->base = v->settings;
	world_device(w, "h0");
	world_device(w, "h1");
	section(v, "mine", "h0");
	configure(&files);
	world_provide(w, &h);
	/* A reload leaves alone what no file knows of, */
	configure(&files);
	ck_assert_ptr_eq(world_find_resource(w, "vnet0", "p0"), h.r);
	manager_mark_saved(w->m, "vnet0");
	ck_assert(!h.r->from_config);
	configure(&files);
	ck_assert_ptr_eq(world_find_resource(w, "vnet0", "p0"), h.r);
	/* and a file does not take its name. */
	section(v, "p0", "h1");
	configure(&files);
	ck_assert_str_eq(w->e.message,
			 "vnet0/p0: a provider has registered a resource of this name; the one of "
			 "the file can be added by a reload when that is gone");
	state_is("p0", "up");
	ck_assert_str_eq(h.r->settings.device, "vntap0");
	world_provider_exit(w, &h);
	configure(&files);
	ck_assert_str_eq(world_find_resource(w, "vnet0", "p0")->settings.device, "h1");
	/* Nor the other way. */
	late.ask.name = "p0";
	ck_assert_int_eq(world_try_provide(w, &late), -EEXIST);
	late.ask.name = NULL;
	world_provide(w, &late);
	ck_assert_str_eq(late.r->name, "p1");
	world_provider_exit(w, &late);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("provider restart", &t);

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_comes_back);
	tcase_add_test(t, test_comes_back_after_changes);
	tcase_add_test(t, test_wrong_token);
	tcase_add_test(t, test_new_tap);
	tcase_add_test(t, test_expire);
	tcase_add_test(t, test_own_ghost);
	tcase_add_test(t, test_others_ghost);
	tcase_add_test(t, test_files);
	return unit_run(s);
}
