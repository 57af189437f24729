/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vnetd is killed after any write that a virtual function leads to: what its NIC kept is known to
 * the next one, and given back. */
#include <errno.h>
#include <linux/if_ether.h>

#include "world_case.h"

#define OTHER_MAC "02:00:00:00:00:aa"
#define NO_MAC	  "00:00:00:00:00:00"

static struct kernel_vf came; /* as it was at first */
static unsigned int kill_in;
static struct fake_kernel *killed;
static char *killed_kept;

static void remember(void)
{
	killed = malloc(sizeof(*killed));
	ck_assert_ptr_nonnull(killed);
	*killed = *w->k;
	killed_kept = w->kept ? strdup(w->kept) : NULL;
}

static void on_change(void *context)
{
	(void)context;
	if (kill_in && !--kill_in)
		remember();
}

static void setup_nic(void)
{
	struct fake_vf *vf;

	setup();
	w->k->on_change = on_change;
	w->k->bridge = FAKE_BRIDGE_VEB;
	world_device(w, "pf0");
	vf = fake_kernel_vf(w->k, "pf0", 3);
	vf->vf.vlan = 7;
	vf->vf.qos = 5;
	vf->vf.protocol = ETH_P_8021AD;
	came = vf->vf;
	world_device(w, "s0");
	world_vnet(w, "vnet0", "address", WORLD_MAC, "hold_down", "0");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
}

static void add(void)
{
	world_resource(w, "vnet0", "h", "type", "hybrid", "pf", "pf0", "vf", "3", "vf_vlan", "100");
}

static void del(void)
{
	world_resource_del(w, "vnet0", "h");
}

static void set_address(void)
{
	world_set(w, "vnet0", "address", OTHER_MAC, "promiscuous", "on");
}

static void set_vlan(void)
{
	world_resource_set(w, "vnet0", "h", "vf_vlan", "200");
}

static void appear(void)
{
	fake_kernel_add(w->k, "v3");
	fake_vf_netdev(fake_kernel_vf(w->k, "pf0", 3), "v3");
	fake_kernel_tell(w->k, w->m, "v3");
}

static void migrate(void)
{
	world_done(w, manager_migration_prepare(w->m, "vnet0", &w->e));
	world_pass(w, 1000000);
}

static void nothing(void)
{
}

static const struct {
	const char *what;
	void (*before)(void), (*step)(void);
} scenarios[] = {
	{ "add", nothing, add },	  { "remove", add, del },
	{ "set vf_vlan", add, set_vlan }, { "set address", add, set_address },
	{ "appear", add, appear },	  { "migrate", add, migrate },
};

static bool is_as_it_came(void)
{
	return memcmp(&fake_kernel_vf(w->k, "pf0", 3)->vf, &came, sizeof(came)) == 0 &&
	       filters("pf0", NO_MAC);
}

/* True: it came to that. */
static bool killed_after(unsigned int writes, void (*step)(void))
{
	kill_in = writes;
	step();
	kill_in = 0;
	if (!killed)
		return false;
	fake_kernel_back(w->k, killed);
	free(w->kept);
	w->kept = UTIL_TAKE_PTR(killed_kept);
	free(UTIL_TAKE_PTR(killed));
	manager_free(w->m);
	world_start(w);
	return true;
}

START_TEST(test_killed)
{
	bool came_to_that = true;

	for (unsigned int writes = 1; came_to_that; writes++) {
		const struct resource *h;

		setup_nic();
		scenarios[_i].before();
		manager_settle(w->m);
		came_to_that = killed_after(writes, scenarios[_i].step);
		ck_assert(came_to_that || writes > 2);
		manager_settle(w->m);
		world_check(w);
		h = manager_find_resource(world_find(w, "vnet0"), "h", NULL);
		ck_assert_msg(h || is_as_it_came(), "%s, killed after write %u: it is nobody's",
			      scenarios[_i].what, writes);
		if (h)
			del();
		ck_assert_msg(is_as_it_came(), "%s, killed after write %u: not as it came",
			      scenarios[_i].what, writes);
		teardown();
	}
}
END_TEST

/* The file or the administrator adds it again, and it has what the one before had noted. */
START_TEST(test_added_again)
{
	for (unsigned int writes = 1; writes < 20; writes++) {
		setup_nic();
		world_vnet_del(w, "vnet0");
		world_vnet(w, "vnet0", "address", WORLD_MAC, "hold_down", "0");
		killed_after(writes, add);
		if (!manager_find_resource(world_find(w, "vnet0"), "h", NULL))
			add();
		world_check(w);
		del();
		ck_assert(is_as_it_came());
		teardown();
	}
}
END_TEST

/* Another PF, or one that is not there any more: what is noted says nothing about it. */
START_TEST(test_another_pf)
{
	struct kernel_vf other;

	setup_nic();
	ck_assert(killed_after(8, add));
	add();
	world_stop(w);
	free(w->kept);
	w->kept = NULL;
	util_copy(fake_kernel_find(w->k, "pf0")->name, IFNAMSIZ, "eth7");
	util_copy(fake_kernel_vf(w->k, "pf0", 3)->pf, IFNAMSIZ, "eth7");
	fake_kernel_find(w->k, "eth7")->address[5] ^= 0x80;
	other = fake_kernel_vf(w->k, "eth7", 3)->vf;
	world_start(w);
	ck_assert(memcmp(&fake_kernel_vf(w->k, "eth7", 3)->vf, &other, sizeof(other)) == 0);
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(w->k->vf_marks); i++)
		ck_assert_str_eq(w->k->vf_marks[i].text, "");
	manager_free(w->m);
	fake_kernel_free(w->k);
	free(w);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("vf_kill", &t);

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, test_killed, 0, UTIL_ARRAY_SIZE(scenarios));
	tcase_add_test(t, test_added_again);
	tcase_add_test(t, test_another_pf);
	return unit_run(s);
}
