/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hybrids that are virtual functions of a NIC: what is set, found, lost, and given back. */
#include <errno.h>
#include <linux/if_ether.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../daemon/log.h"
#include "world_case.h"

#define OTHER_MAC  "02:00:00:00:00:aa"
#define ALL_FIELDS ((1u << KERNEL_VF_FIELDS) - 1)

static struct fake_vf *vf;
static struct fake_vf came; /* as it was at first */

/* A NIC pf0 with VF 3, which has nothing in sysfs yet, and vnet0 with a service. */
static void setup_nic(void)
{
	setup();
	world_device(w, "pf0");
	vf = fake_kernel_vf(w->k, "pf0", 3);
	vf->vf.vlan = 7;
	vf->vf.qos = 5;
	vf->vf.protocol = ETH_P_8021AD;
	came = *vf;
	world_device(w, "s0");
	world_vnet(w, "vnet0", "address", WORLD_MAC, "hold_down", "0");
	world_resource(w, "vnet0", "s", "type", "service", "device", "s0");
}

static void add(void)
{
	world_resource(w, "vnet0", "h", "type", "hybrid", "pf", "pf0", "vf", "3", "vf_vlan", "100");
}

/* Its driver makes the device. */
static void appear(const char *name)
{
	fake_kernel_add(w->k, name);
	fake_vf_netdev(vf, name);
	fake_kernel_tell(w->k, w->m, name);
}

static void disappear(const char *name)
{
	fake_vf_netdev(vf, NULL);
	world_delete(w, name);
}

static bool is_as_it_came(void)
{
	return memcmp(&vf->vf, &came.vf, sizeof(came.vf)) == 0;
}

static bool vf_has(const char *mac)
{
	char text[MAC_TEXT_SIZE];

	return util_same(mac_format(vf->vf.address, text), mac);
}

static struct resource *h(void)
{
	return world_find_resource(w, "vnet0", "h");
}

/* --- set, and given back --- */

START_TEST(test_set_and_given_back)
{
	appear("v3");
	fake_kernel_find(w->k, "v3")->flags &= ~(unsigned int)IFF_UP;
	fake_kernel_tell(w->k, w->m, "v3");
	add();
	state_is("h", "up");
	ck_assert(vf_has(WORLD_MAC) && has_mac("v3", WORLD_MAC));
	ck_assert_uint_eq(vf->vf.vlan, 100);
	ck_assert_uint_eq(vf->vf.qos, 0);
	ck_assert_uint_eq(vf->vf.protocol, ETH_P_8021Q);
	ck_assert(vf->vf.spoof_check && !vf->vf.trust);
	ck_assert_uint_eq(vf->vf.link_state, 0);
	ck_assert_ptr_eq(vnet0()->unicast, h());
	world_check(w);
	world_news(w);
	/* a VLAN can be changed at any time, and none be had */
	world_resource_set(w, "vnet0", "h", "vf_vlan", "none");
	ck_assert_uint_eq(vf->vf.vlan, 0);
	state_is("h", "up");
	world_forget_journal(w);
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
	ck_assert(!has_mac("v3", WORLD_MAC) && !(device("v3")->flags & IFF_UP));
	/* before its device: it takes no other MAC than the NIC gave it */
	world_in_order(w->k->journal, "vf_set pf0 3 1", "link_set v3 6");
}
END_TEST

START_TEST(test_follows_the_vnet)
{
	appear("v3");
	add();
	world_set(w, "vnet0", "address", OTHER_MAC);
	ck_assert(vf_has(OTHER_MAC) && has_mac("v3", OTHER_MAC));
	ck_assert(!vf->vf.trust);
	world_set(w, "vnet0", "promiscuous", "on");
	ck_assert(vf->vf.trust);
	world_set(w, "vnet0", "promiscuous", "off");
	ck_assert(!vf->vf.trust);
	/* as somebody who captures makes it */
	world_set(w, "vnet0", "promiscuous", "auto");
	fake_kernel_find(w->k, "vnet0")->promiscuity = 1;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert(vf->vf.trust);
	fake_kernel_find(w->k, "vnet0")->promiscuity = 0;
	fake_kernel_tell(w->k, w->m, "vnet0");
	ck_assert(!vf->vf.trust);
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
}
END_TEST

/* What the administrator trusts stays trusted. */
START_TEST(test_trusted_before)
{
	vf->vf.trust = came.vf.trust = true;
	add();
	ck_assert(vf->vf.trust);
	world_set(w, "vnet0", "promiscuous", "on");
	world_set(w, "vnet0", "promiscuous", "off");
	ck_assert(vf->vf.trust);
	world_vnet_del(w, "vnet0");
	ck_assert(is_as_it_came());
	world_vnet(w, "vnet0", "address", WORLD_MAC);
}
END_TEST

/* Not every NIC knows all of it; MAC and VLAN are what it cannot do without. */
START_TEST(test_poor_nic)
{
	vf->vf.set = came.vf.set = KERNEL_VF_ADDRESS | KERNEL_VF_VLAN;
	appear("v3");
	add();
	state_is("h", "up");
	ck_assert(vf_has(WORLD_MAC) && !vf->vf.spoof_check);
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
	vf->vf.set = came.vf.set = KERNEL_VF_ADDRESS;
	vf->vf.vlan = came.vf.vlan = 0;
	world_refused(w,
		      world_try_resource(w, "vnet0", "h", "type", "hybrid", "pf", "pf0", "vf", "3",
					 "vf_vlan", "100", NULL),
		      ERROR_FAILED, EOPNOTSUPP, "vnet0/h", "vf",
		      "vnet0/h: the VLAN of VF 3 cannot be set at pf0: Operation not supported");
	ck_assert(is_as_it_came());
	world_resource(w, "vnet0", "h", "type", "hybrid", "pf", "pf0", "vf", "3");
	state_is("h", "up");
}
END_TEST

/* Whatever fails on the way, all of it is as it was. */
START_TEST(test_fails_half_way)
{
	static const char *const calls[] = {
		"vf_get", "vf_set",	"vf_look",	  "link_set",
		"attach", "port_write", "resource_write", "vnet_write"
	};
	unsigned int failures = 0;

	appear("v3");
	for (size_t i = 0; i < UTIL_ARRAY_SIZE(calls); i++) {
		for (unsigned int after = 0; after < 16; after++) {
			char *before = fake_kernel_text(w->k), *now;

			fake_kernel_fail_once(w->k, calls[i], EPERM, after);
			if (world_try_resource(w, "vnet0", "h", "type", "hybrid", "pf", "pf0", "vf",
					       "3", "vf_vlan", "100", NULL) == 0)
				world_resource_del(w, "vnet0", "h");
			else
				failures++;
			fake_kernel_heal(w->k);
			manager_settle(w->m);
			now = fake_kernel_text(w->k);
			/* What fails once while it lets go is told, and tried no more. */
			if (w->e.message[0])
				world_same(calls[i], before, now);
			free(before);
			free(now);
			w->e = (struct error) { 0 };
			vf->vf = came.vf;
			world_forget_journal(w);
		}
	}
	ck_assert_uint_gt(failures, 12);
	w->save_fails = true;
	ck_assert_int_eq(
		world_try_resource(w, "vnet0", "h", "type", "hybrid", "pf", "pf0", "vf", "3", NULL),
		-ENOSPC);
	w->save_fails = false;
	ck_assert(is_as_it_came());
}
END_TEST

START_TEST(test_refused_later)
{
	appear("v3");
	add();
	fake_kernel_fail(w->k, "vf_set", EPERM, 0);
	world_refused(w, world_try_set(w, "vnet0", "address", OTHER_MAC, NULL), ERROR_FAILED, EPERM,
		      "vnet0/h", "vf",
		      "vnet0/h: the MAC of VF 3 cannot be set at pf0: Operation not permitted");
	ck_assert(vf_has(WORLD_MAC) && has_mac("v3", WORLD_MAC));
	fake_kernel_heal(w->k);
	state_is("h", "up");
	/* one thing is taken, the next is not: then the first is put back as well */
	fake_kernel_fail_once(w->k, "link_set", EPERM, 1);
	ck_assert_int_eq(world_try_set(w, "vnet0", "address", OTHER_MAC, NULL), -EPERM);
	fake_kernel_heal(w->k);
	manager_settle(w->m);
	ck_assert(vf_has(WORLD_MAC) && has_mac("v3", WORLD_MAC));
	state_is("h", "up");
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
}
END_TEST

/* --- words --- */

START_TEST(test_refusals)
{
	world_device(w, "d0");
	world_refused(
		w,
		world_try_resource(w, "vnet0", "h", "type", "hybrid", "pf", "d0", "vf", "0", NULL),
		ERROR_INVALID, EINVAL, "vnet0/h", "pf",
		"vnet0/h: device d0 has no virtual functions; a NIC with SR-IOV was "
		"expected, by its physical function");
	fake_kernel_vf(w->k, "pf0", 8)->there = false;
	world_refused(
		w,
		world_try_resource(w, "vnet0", "h", "type", "hybrid", "pf", "pf0", "vf", "8", NULL),
		ERROR_INVALID, EINVAL, "vnet0/h", "vf",
		"vnet0/h: vf 8 is not a number from 0 to 7: pf0 can have 8 virtual functions");
	world_refused(w,
		      world_try_resource(w, "vnet0", "h", "type", "service", "pf", "pf0", "vf", "3",
					 NULL),
		      ERROR_INVALID, EINVAL, "vnet0/h", "vf",
		      "vnet0/h: vf 3 of pf0 cannot be given for type service, expected it for type "
		      "hybrid alone");
	world_refused(w,
		      world_try_resource(w, "vnet0", "h", "type", "hybrid", "pf", "pf0", "vf", "3",
					 "device", "d0", NULL),
		      ERROR_INVALID, EINVAL, "vnet0/h", "vf",
		      "vnet0/h: vf 3 of pf0 cannot be given together with device d0, expected one "
		      "of them");
	world_refused(w, world_try_resource(w, "vnet0", "h", "type", "hybrid", "pf", "pf0", NULL),
		      ERROR_INVALID, EINVAL, "vnet0/h", "vf",
		      "vnet0/h: pf is given without vf, expected both: the NIC's device, and the "
		      "number of its virtual function");
	world_refused(w, world_try_resource(w, "vnet0", "h", "type", "hybrid", "vf", "3", NULL),
		      ERROR_INVALID, EINVAL, "vnet0/h", "pf",
		      "vnet0/h: vf is given without pf, expected both: the NIC's device, and the "
		      "number of its virtual function");
	world_refused(w,
		      world_try_resource(w, "vnet0", "h", "type", "hybrid", "device", "d0",
					 "vf_vlan", "5", NULL),
		      ERROR_INVALID, EINVAL, "vnet0/h", "pf",
		      "vnet0/h: vf_vlan is given without pf, expected both: the NIC's device, and "
		      "the number of its virtual function");
	add();
	world_refused(
		w,
		world_try_resource(w, "vnet0", "i", "type", "hybrid", "pf", "pf0", "vf", "3", NULL),
		ERROR_BUSY, EBUSY, "vnet0/i", "vf",
		"vnet0/i: vf 3 of pf0 is in use by resource h of vnet vnet0 already");
	world_refused(w, world_try_resource_set(w, "vnet0", "h", "vf", "4", NULL), ERROR_INVALID,
		      EINVAL, "vnet0/h", "vf",
		      "vnet0/h: pf and vf can only be given when the resource is added");
}
END_TEST

/* The device of a VF that is in use is nobody else's. */
START_TEST(test_device_is_taken)
{
	appear("v3");
	add();
	world_refused(w,
		      world_try_resource(w, "vnet0", "g", "type", "guest", "device", "v3", "peer",
					 WORLD_PEER, NULL),
		      ERROR_BUSY, EBUSY, "vnet0/g", "device",
		      "vnet0/g: device v3 is in use by resource h of vnet vnet0 already");
	world_resource_del(w, "vnet0", "h");
	world_resource(w, "vnet0", "g", "type", "guest", "device", "v3", "peer", WORLD_PEER);
	fake_kernel_fail_once(w->k, "link_get", EPERM, 0);
	ck_assert_int_eq(
		world_try_resource(w, "vnet0", "h", "type", "hybrid", "pf", "pf0", "vf", "3", NULL),
		-EBUSY);
	ck_assert(is_as_it_came());
}
END_TEST

/* --- what is missing is said, and comes --- */

START_TEST(test_step_by_step)
{
	struct link pf;

	vf->there = false;
	fake_kernel_remove(w->k, "pf0");
	manager_on_gone(w->m, 1);
	add();
	state_is("h", "waiting: PF pf0 does not exist");
	world_device(w, "pf0");
	state_is("h", "waiting: PF pf0 has no VF 3 now; its sriov_numvfs says how many");
	ck_assert(is_as_it_came());
	/* nobody tells that it has VFs now: it is found out within a second */
	vf->there = true;
	world_pass(w, 1000000);
	state_is("h", "waiting: VF 3 of PF pf0 is not in sysfs: there is no virtfn3");
	ck_assert(vf_has(WORLD_MAC));
	world_check(w);
	fake_vf_netdev(vf, NULL);
	world_pass(w, 1000000);
	state_is("h", "waiting: VF 3 of PF pf0 (0000:01:10.3) has no driver");
	vf->place.missing = KERNEL_VF_NO_NETDEV;
	util_copy(vf->place.driver, sizeof(vf->place.driver), "vfio-pci");
	world_pass(w, 1000000);
	state_is("h", "waiting: VF 3 of PF pf0 (0000:01:10.3) has no network device; its driver is "
		      "vfio-pci");
	/* sysfs has the device before the news of it comes */
	fake_vf_netdev(vf, "v3");
	world_pass(w, 1000000);
	state_is("h", "waiting: device v3 of VF 3 of PF pf0 is not there yet");
	appear("v3");
	state_is("h", "up");
	/* what has a device is looked for no more */
	world_pass(w, 1000000);
	ck_assert_uint_eq(w->m->vfs_due_us, 0);
	pf = *device("pf0");
	ck_assert_uint_eq(pf.ifindex, h()->vf_saved.pf);
}
END_TEST

START_TEST(test_renamed)
{
	appear("eth0");
	add();
	state_is("h", "up");
	world_rename(w, "eth0", "enp1s0v3");
	util_copy(vf->place.netdev, IFNAMSIZ, "enp1s0v3");
	util_copy(vf->pf, IFNAMSIZ, "enp1s0");
	world_rename(w, "pf0", "enp1s0");
	state_is("h", "up");
	ck_assert_str_eq(resource_device(h()), "enp1s0v3");
	ck_assert_str_eq(h()->settings.pf, "enp1s0");
	ck_assert_str_eq(h()->settings.device, "");
	world_set(w, "vnet0", "address", OTHER_MAC);
	ck_assert(vf_has(OTHER_MAC));
	world_resource_del(w, "vnet0", "h");
	ck_assert(memcmp(&vf->vf, &came.vf, sizeof(came.vf)) == 0);
}
END_TEST

/* fault 26: the driver is unbound, and another one bound */
START_TEST(test_driver_unbound)
{
	appear("v3");
	add();
	ck_assert_ptr_eq(vnet0()->unicast, h());
	disappear("v3");
	ck_assert_str_eq(vnet0()->unicast->name, "s");
	state_is("h", "waiting: VF 3 of PF pf0 (0000:01:10.3) has no driver");
	ck_assert(vf_has(WORLD_MAC)); /* it is still ours */
	world_check(w);
	appear("other3");
	state_is("h", "up");
	ck_assert(has_mac("other3", WORLD_MAC));
	ck_assert_ptr_eq(vnet0()->unicast, h());
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
}
END_TEST

/* fault 26: the number of VFs is set to 0 and back: another VF, with a MAC of its own */
START_TEST(test_numvfs_toggled)
{
	struct kernel_vf made = came.vf;

	appear("v3");
	add();
	vf->there = false;
	disappear("v3");
	state_is("h", "waiting: PF pf0 has no VF 3 now; its sriov_numvfs says how many");
	/* some NICs keep it */
	vf->there = true;
	appear("v3");
	state_is("h", "up");
	ck_assert(vf_has(WORLD_MAC));
	vf->there = false;
	disappear("v3");
	made.address[5] = 0x77;
	made.trust = true;
	vf->vf = made;
	vf->there = true;
	appear("v3");
	state_is("h", "up");
	ck_assert(vf_has(WORLD_MAC) && vf->vf.trust);
	/* and so fast that nobody saw it gone */
	disappear("v3");
	made.address[5] = 0x78;
	vf->vf = made;
	appear("v3");
	state_is("h", "up");
	ck_assert(vf_has(WORLD_MAC));
	world_resource_del(w, "vnet0", "h");
	ck_assert(memcmp(&vf->vf, &made, sizeof(made)) == 0);
}
END_TEST

/* A PF that resets forgets what it was told; its news looks the same as before. */
START_TEST(test_pf_resets)
{
	appear("v3");
	add();
	vf->vf = came.vf;
	fake_kernel_tell(w->k, w->m, "pf0");
	ck_assert(vf_has(WORLD_MAC) && vf->vf.vlan == 100);
	vf->vf = came.vf;
	world_carrier(w, "pf0", false);
	ck_assert(vf_has(WORLD_MAC) && vf->vf.vlan == 100);
	world_carrier(w, "pf0", true);
	state_is("h", "up");
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
}
END_TEST

/* A NIC that takes what it is asked for and shows something else is not asked over and over. */
START_TEST(test_obstinate_nic)
{
	appear("v3");
	add();
	vf->vf.link_state = 2;
	fake_kernel_tell(w->k, w->m, "pf0");
	ck_assert_uint_eq(vf->vf.link_state, 0); /* somebody else did that */
	vf->obstinate = true;
	vf->vf.link_state = 2;
	world_forget_journal(w);
	fake_kernel_tell(w->k, w->m, "pf0");
	ck_assert_str_eq(w->k->journal, "vf_set pf0 3 10\n");
	fake_kernel_tell(w->k, w->m, "pf0");
	world_pass(w, 5000000);
	ck_assert_str_eq(w->k->journal, "vf_set pf0 3 10\n");
	vf->obstinate = false;
	vf->vf.link_state = 1;
	fake_kernel_tell(w->k, w->m, "pf0");
	ck_assert_uint_eq(vf->vf.link_state, 0);
}
END_TEST

START_TEST(test_pf_gone)
{
	appear("v3");
	add();
	vf->there = false;
	fake_vf_netdev(vf, NULL);
	world_delete(w, "pf0");
	world_delete(w, "v3");
	state_is("h", "waiting: PF pf0 does not exist");
	ck_assert_uint_eq(h()->vf_saved.pf, 0);
	ck_assert_str_eq(vnet0()->unicast->name, "s");
	world_check(w);
	vf->vf = came.vf;
	vf->there = true;
	world_device(w, "pf0");
	appear("v3");
	state_is("h", "up");
	/* fails while it is in use: it says so, and gets over it */
	vf->vf = came.vf;
	fake_kernel_fail(w->k, "vf_set", EIO, 0);
	fake_kernel_tell(w->k, w->m, "pf0");
	state_is("h", "failed: vnet0/h: the MAC of VF 3 cannot be set at pf0: Input/output error");
	ck_assert_str_eq(vnet0()->unicast->name, "s");
	fake_kernel_heal(w->k);
	fake_kernel_tell(w->k, w->m, "pf0");
	state_is("h", "up");
}
END_TEST

/* Its own attempts make news, and must not lead to the next attempt. */
START_TEST(test_unfit_device)
{
	add();
	world_device(w, "br0");
	fake_kernel_add(w->k, "v3")->master = device("br0")->ifindex;
	fake_vf_netdev(vf, "v3");
	fake_kernel_tell(w->k, w->m, "v3");
	state_is("h", "failed: vnet0/h: device v3 is a port of br0; take it out of there first");
	world_forget_journal(w);
	world_carrier(w, "v3", false);
	world_carrier(w, "v3", true);
	world_device(w, "another0");
	ck_assert_str_eq(w->k->journal, "");
	fake_kernel_find(w->k, "v3")->master = 0;
	fake_kernel_tell(w->k, w->m, "v3");
	state_is("h", "up");
}
END_TEST

/* What the NIC keeps is put back over the PF, be the VF's device there or not; if there is no VF,
 * the log says that it is not. */
START_TEST(test_removed_while_away)
{
	static const char words[] =
		"vnet0/h: pf0 cannot be given back what it kept of VF 3 before: "
		"the PF does not have this VF now";
	char log[4096] = "";
	int caught;

	appear("v3");
	add();
	disappear("v3");
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
	add();
	vf->there = false;
	fake_kernel_tell(w->k, w->m, "pf0");
	ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	log_open(LOG_WARNING);
	caught = memfd_create("stderr", 0);
	ck_assert_int_eq(dup2(caught, STDERR_FILENO), STDERR_FILENO);
	world_resource_del(w, "vnet0", "h");
	fflush(stderr);
	ck_assert_int_gt(pread(caught, log, sizeof(log) - 1, 0), 0);
	close(caught);
	ck_assert_msg(strstr(log, words), "%s", log);
}
END_TEST

/* --- the switch in the NIC --- */

START_TEST(test_bridge_entry)
{
	w->k->bridge = FAKE_BRIDGE_VEB;
	add();
	ck_assert(filters("pf0", WORLD_MAC)); /* nothing is received there yet */
	world_check(w);
	appear("v3");
	ck_assert(!filters("pf0", WORLD_MAC));
	world_carrier(w, "v3", false);
	ck_assert(filters("pf0", WORLD_MAC));
	world_set(w, "vnet0", "address", OTHER_MAC);
	ck_assert(filters("pf0", OTHER_MAC));
	world_carrier(w, "v3", true);
	ck_assert(!filters("pf0", OTHER_MAC));
	/* refused: that is said, and the rest goes on */
	fake_kernel_fail(w->k, "link_filter", EOPNOTSUPP, 0);
	world_carrier(w, "v3", false);
	state_is("h", "down: device v3 has no carrier");
	ck_assert_uint_eq(h()->vf_saved.entry, 0);
	fake_kernel_heal(w->k);
	world_up(w, "v3", false);
	ck_assert(filters("pf0", OTHER_MAC));
	world_resource_del(w, "vnet0", "h");
	ck_assert(filters("pf0", "00:00:00:00:00:00"));
	ck_assert(is_as_it_came());
}
END_TEST

START_TEST(test_no_bridge_entry)
{
	w->k->bridge = FAKE_BRIDGE_VEPA; /* the switch outside hands it back */
	add();
	ck_assert(filters("pf0", "00:00:00:00:00:00"));
}
END_TEST

/* --- migrations --- */

#define OUT "down: taken out for a migration"

static void prepare(void)
{
	world_done(w, manager_migration_prepare(w->m, "vnet0", &w->e));
}

static void finish(void)
{
	world_done(w, manager_migration_finish(w->m, "vnet0", &w->e));
}

/* One switch; received until the end of the moment; then the NIC has it back. */
START_TEST(test_migration)
{
	w->k->bridge = FAKE_BRIDGE_VEB;
	world_device(w, "h20");
	appear("v3");
	add();
	world_resource(w, "vnet0", "h2", "type", "hybrid", "device", "h20", "priority", "200");
	world_forget_events(w);
	prepare();
	ck_assert_ptr_null(strstr(w->events, "unicast h2"));
	ck_assert_ptr_nonnull(strstr(w->events, "path-switched vnet0 unicast s h\n"));
	state_is("h", OUT);
	state_is("h2", OUT);
	world_check(w);
	ck_assert(!manager_migration_is_ready(vnet0()));
	ck_assert(h()->ifindex && w->k->attached[KERNEL_HOOK_RX][h()->ifindex]);
	prepare(); /* again changes nothing */
	world_pass(w, 200000);
	ck_assert(manager_migration_is_ready(vnet0()));
	ck_assert(is_as_it_came() && !has_mac("v3", WORLD_MAC) && !h()->ifindex);
	ck_assert(filters("pf0", WORLD_MAC)); /* other functions reach the vnet yet */
	state_is("h", OUT);
	world_check(w);
	world_news(w);
	/* nothing brings them back, */
	disappear("v3");
	appear("v3");
	world_resource_set(w, "vnet0", "h2", "admin", "up");
	world_resource_set(w, "vnet0", "h", "vf_vlan", "101");
	world_set(w, "vnet0", "mtu", "1400");
	world_pass(w, 3000000);
	state_is("h", OUT);
	state_is("h2", OUT);
	ck_assert(is_as_it_came());
	/* and one that is added waits as well */
	world_device(w, "h30");
	world_resource(w, "vnet0", "h3", "type", "hybrid", "device", "h30", "priority", "300");
	state_is("h3", OUT);
	world_check(w);
	world_forget_events(w);
	finish();
	state_is("h", "up"); /* at once: no device has failed */
	state_is("h2", "up");
	state_is("h3", "up");
	ck_assert_ptr_nonnull(strstr(w->events, "path-switched vnet0 unicast h s\n"));
	ck_assert_uint_eq(vf->vf.vlan, 101);
	finish();
	world_check(w);
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
}
END_TEST

/* In the moment in which it still receives, and after. */
START_TEST(test_migration_and_restart)
{
	appear("v3");
	add();
	prepare();
	manager_settle(w->m);
	world_stop(w);
	world_start(w);
	vf = fake_kernel_vf(w->k, "pf0", 3);
	state_is("h", OUT);
	ck_assert(h()->ifindex);
	world_check(w);
	world_pass(w, 200000);
	ck_assert(is_as_it_came() && !h()->ifindex && !has_mac("v3", WORLD_MAC));
	manager_settle(w->m);
	world_stop(w);
	world_start(w);
	state_is("h", OUT);
	ck_assert(is_as_it_came() && !h()->ifindex && vnet0()->migrating);
	world_pass(w, 200000);
	ck_assert(is_as_it_came());
	finish();
	state_is("h", "up");
	manager_settle(w->m);
	world_stop(w);
	world_start(w);
	ck_assert(!vnet0()->migrating);
	state_is("h", "up");
}
END_TEST

/* The switch in the NIC has the same to know, whether the VF was there before or comes now. */
START_TEST(test_vf_of_a_migration)
{
	w->k->bridge = FAKE_BRIDGE_VEB;
	appear("v3");
	prepare();
	add();
	state_is("h", OUT);
	ck_assert(is_as_it_came() && !h()->ifindex);
	ck_assert(filters("pf0", WORLD_MAC));
	world_check(w);
	world_news(w);
	finish();
	state_is("h", "up");
	ck_assert(!filters("pf0", WORLD_MAC));
	world_check(w);
	/* refused: nothing of it comes back, and nothing leaves */
	w->save_fails = true;
	ck_assert_int_lt(manager_migration_prepare(w->m, "vnet0", &w->e), 0);
	w->save_fails = false;
	state_is("h", "up");
	prepare();
	world_pass(w, 200000);
	fake_kernel_fail_once(w->k, "vnet_write", EIO, 0);
	ck_assert_int_lt(manager_migration_finish(w->m, "vnet0", &w->e), 0);
	state_is("h", OUT);
	ck_assert(is_as_it_came() && !h()->ifindex && manager_migration_is_ready(vnet0()));
	world_check(w);
	world_resource_del(w, "vnet0", "h");
	ck_assert(!filters("pf0", WORLD_MAC));
}
END_TEST

/* What is trusted for a change that is refused is as it came, and then the administrator's. */
START_TEST(test_trust_of_refused_change)
{
	appear("v3");
	add();
	w->save_fails = true;
	ck_assert_int_lt(world_try_set(w, "vnet0", "promiscuous", "on", NULL), 0);
	w->save_fails = false;
	ck_assert(!vf->vf.trust);
	vf->vf.trust = came.vf.trust = true;
	world_news(w);
	ck_assert(vf->vf.trust);
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
}
END_TEST

START_TEST(test_migration_changes_its_mind)
{
	appear("v3");
	add();
	prepare();
	finish(); /* in the moment */
	state_is("h", "up");
	world_pass(w, 1000000);
	state_is("h", "up");
	ck_assert(vf_has(WORLD_MAC));
	/* the device goes meanwhile, as QEMU takes it away */
	prepare();
	disappear("v3");
	state_is("h", OUT);
	world_pass(w, 200000);
	ck_assert(is_as_it_came());
	finish();
	state_is("h", "waiting: VF 3 of PF pf0 (0000:01:10.3) has no driver");
	appear("v4");
	world_pass(w, 3000000);
	state_is("h", "up");
	/* removed while it is out */
	prepare();
	world_pass(w, 200000);
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
	finish();
}
END_TEST

START_TEST(test_migration_not_kept)
{
	appear("v3");
	add();
	w->save_fails = true;
	ck_assert_int_eq(manager_migration_prepare(w->m, "vnet0", &w->e), -ENOSPC);
	w->save_fails = false;
	state_is("h", "up");
	ck_assert(!vnet0()->migrating);
	ck_assert_ptr_eq(vnet0()->unicast, h());
	ck_assert_int_eq(manager_migration_prepare(w->m, "vnet9", &w->e), -ENOENT);
	ck_assert_int_eq(manager_migration_finish(w->m, "vnet9", &w->e), -ENOENT);
}
END_TEST

/* --- across a restart --- */

START_TEST(test_restart)
{
	appear("v3");
	add();
	manager_settle(w->m);
	world_stop(w);
	world_forget_journal(w);
	world_start(w);
	vf = fake_kernel_vf(w->k, "pf0", 3);
	state_is("h", "up");
	ck_assert_ptr_null(strstr(w->k->journal, "vf_set"));
	world_resource_del(w, "vnet0", "h");
	ck_assert(is_as_it_came());
	ck_assert(!has_mac("v3", WORLD_MAC));
}
END_TEST

/* Everything moved while nobody looked. */
START_TEST(test_restart_moved)
{
	struct kernel_vf made = came.vf;

	w->k->bridge = FAKE_BRIDGE_VEB;
	add();
	manager_settle(w->m);
	world_stop(w);
	made.address[5] = 0x77;
	vf->vf = made;
	fake_kernel_add(w->k, "v3");
	fake_vf_netdev(vf, "v3");
	world_start(w);
	state_is("h", "up");
	ck_assert(vf_has(WORLD_MAC));
	ck_assert(filters("pf0", "00:00:00:00:00:00"));
	/* its PF goes by another name */
	manager_settle(w->m);
	world_stop(w);
	util_copy(fake_kernel_find(w->k, "pf0")->name, IFNAMSIZ, "pf1");
	util_copy(vf->pf, IFNAMSIZ, "pf1");
	world_start(w);
	state_is("h", "up");
	ck_assert_str_eq(h()->settings.pf, "pf1");
	world_resource_del(w, "vnet0", "h");
	ck_assert(memcmp(&vf->vf, &made, sizeof(made)) == 0);
}
END_TEST

int main(void)
{
	TCase *t;
	Suite *s = unit_suite("vf", &t);

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup_nic, teardown);
	tcase_add_test(t, test_set_and_given_back);
	tcase_add_test(t, test_follows_the_vnet);
	tcase_add_test(t, test_trusted_before);
	tcase_add_test(t, test_poor_nic);
	tcase_add_test(t, test_fails_half_way);
	tcase_add_test(t, test_refused_later);
	tcase_add_test(t, test_refusals);
	tcase_add_test(t, test_device_is_taken);
	tcase_add_test(t, test_step_by_step);
	tcase_add_test(t, test_renamed);
	tcase_add_test(t, test_driver_unbound);
	tcase_add_test(t, test_numvfs_toggled);
	tcase_add_test(t, test_pf_resets);
	tcase_add_test(t, test_obstinate_nic);
	tcase_add_test(t, test_pf_gone);
	tcase_add_test(t, test_unfit_device);
	tcase_add_test(t, test_removed_while_away);
	tcase_add_test(t, test_bridge_entry);
	tcase_add_test(t, test_no_bridge_entry);
	tcase_add_test(t, test_migration);
	tcase_add_test(t, test_migration_and_restart);
	tcase_add_test(t, test_vf_of_a_migration);
	tcase_add_test(t, test_trust_of_refused_change);
	tcase_add_test(t, test_migration_changes_its_mind);
	tcase_add_test(t, test_migration_not_kept);
	tcase_add_test(t, test_restart);
	tcase_add_test(t, test_restart_moved);
	return unit_run(s);
}
